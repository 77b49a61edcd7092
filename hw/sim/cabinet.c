/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/sim/cabinet.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct layout_door *place_of(const struct cabinet *c, uint16_t door)
{
    return &c->layout.door[door];
}

void cabinet_init(struct cabinet *c, const struct layout *layout, uint64_t seed)
{
    struct dice dice;
    dice_seed(&dice, seed);
    memset(c, 0, sizeof *c);
    c->layout = *layout;
    line_init(&c->line, dice_next(&dice));
    for (uint8_t i = 0; i < layout->buses; i++) {
        c->bus[i].min_gap_us = -1;
        c->bus[i].clients = layout->bus[i].clients;
    }
    for (uint8_t i = 0; i < layout->boards; i++) {
        const struct layout_board *b = &layout->board[i];
        board_init(&c->board[i].board, b->kind, b->unit);
        climate_init(&c->board[i].climate, dice_next(&dice), b->deci_c, b->deci_rh);
    }
    for (uint16_t i = 0; i < layout->doors; i++) {
        lock_init(&c->door[i].lock, dice_next(&dice));
        person_init(&c->door[i].person, PERSON_NONE, 0, false);
        c->door[i].strike_to = i;
        c->door[i].contact_from = i;
    }
}

/* ---------------------------------------------------------------- events */

static void tell(struct cabinet *c, enum cabinet_event_kind kind, uint16_t door, bool on, int64_t at_us)
{
    c->event[c->events_made % CABINET_EVENTS] =
        (struct cabinet_event){.at_us = at_us, .kind = kind, .door = door, .on = on, .cause = c->door[door].lock.cause};
    c->events_made++;
    if (c->events_made - c->events_taken > CABINET_EVENTS) {
        c->events_taken = c->events_made - CABINET_EVENTS;
    }
}

bool cabinet_take_event(struct cabinet *c, struct cabinet_event *out)
{
    if (c->events_taken == c->events_made) {
        return false;
    }
    *out = c->event[c->events_taken++ % CABINET_EVENTS];
    return true;
}

static void door_moved(struct cabinet *c, uint16_t door, int64_t at_us)
{
    struct cabinet_door *d = &c->door[door];
    tell(c, CABINET_DOOR, door, d->lock.open, at_us);
    if (d->lock.open) {
        person_door_opened(&d->person, at_us);
    }
}

/* ---------------------------------------------------------------- relays to strikes */

static void sync_strikes(struct cabinet *c, int64_t now_us)
{
    for (uint16_t i = 0; i < c->layout.doors; i++) {
        const struct layout_door *place = place_of(c, i);
        uint16_t target = c->door[i].strike_to;
        struct lock *lock = &c->door[target].lock;
        bool on = c->board[place->board].board.on[place->channel];
        if (on == lock->energised) {
            continue;
        }
        lock_energise(lock, on, now_us);
        c->coils_now = on ? c->coils_now + 1 : c->coils_now - 1;
        c->coils_peak = c->coils_now > c->coils_peak ? c->coils_now : c->coils_peak;
        tell(c, CABINET_STRIKE, target, on, now_us);
    }
}

void cabinet_board_changed(struct cabinet *c, int64_t now_us)
{
    sync_strikes(c, now_us);
}

bool cabinet_contact_open(const struct cabinet *c, uint16_t door, int64_t now_us)
{
    return lock_contact_open(&c->door[door].lock, now_us);
}

bool cabinet_input_open(const struct cabinet *c, uint16_t door, int64_t now_us)
{
    return cabinet_contact_open(c, c->door[door].contact_from, now_us);
}

static void sense(struct cabinet *c, uint8_t board, int64_t now_us)
{
    struct cabinet_board *b = &c->board[board];
    for (uint16_t i = 0; i < c->layout.doors; i++) {
        const struct layout_door *place = place_of(c, i);
        if (place->contact_board == board) {
            b->board.input[place->contact_input] = cabinet_input_open(c, i, now_us) == place->open_is_one;
        }
    }
    climate_step(&b->climate, now_us);
    bool missing = b->climate.mode == CLIMATE_MISSING;
    b->board.deci_c = missing ? BOARD_NO_PROBE : b->climate.shown_dc;
    b->board.deci_rh = missing ? UINT16_MAX : b->climate.shown_drh;
}

/* ---------------------------------------------------------------- time */

int64_t cabinet_next(const struct cabinet *c)
{
    int64_t next_us = BOARD_NEVER;
    for (uint8_t i = 0; i < c->layout.boards; i++) {
        int64_t t = board_next(&c->board[i].board);
        next_us = t < next_us ? t : next_us;
    }
    for (uint16_t i = 0; i < c->layout.doors; i++) {
        int64_t lock_us = lock_next(&c->door[i].lock);
        int64_t person_us = c->door[i].person.act_us;
        next_us = lock_us < next_us ? lock_us : next_us;
        next_us = person_us < next_us ? person_us : next_us;
    }
    return next_us;
}

static void act(struct cabinet *c, uint16_t door, enum person_kind kind, int64_t now_us)
{
    struct cabinet_door *d = &c->door[door];
    if (!d->lock.open) {
        return;
    }
    if (kind == PERSON_COLLECT) {
        d->bags = 0;
    } else if (kind == PERSON_LOAD && cabinet_put(c, door, d->person.bag) != ERR_OK) {
        c->bags_left_over++;
    }
    cabinet_close_door(c, door, now_us);
    person_door_closed(&d->person, d->lock.latched);
}

static void step_door(struct cabinet *c, uint16_t door, int64_t now_us)
{
    struct cabinet_door *d = &c->door[door];
    bool was_open = d->lock.open;
    lock_step(&d->lock, now_us);
    if (d->lock.open != was_open) {
        door_moved(c, door, now_us);
    }
    enum person_kind kind = PERSON_NONE;
    if (person_acts(&d->person, now_us, &kind)) {
        act(c, door, kind, now_us);
    }
}

static void step_to(struct cabinet *c, int64_t now_us)
{
    for (uint8_t i = 0; i < c->layout.boards; i++) {
        board_step(&c->board[i].board, now_us);
    }
    sync_strikes(c, now_us);
    for (uint16_t i = 0; i < c->layout.doors; i++) {
        step_door(c, i, now_us);
    }
}

void cabinet_step(struct cabinet *c, int64_t now_us)
{
    for (int64_t t = cabinet_next(c); t <= now_us; t = cabinet_next(c)) {
        step_to(c, t);
    }
}

/* ---------------------------------------------------------------- requests */

static bool is_write(const struct board_pdu *request)
{
    return request->bytes[0] == 0x05 || request->bytes[0] == 0x06 || request->bytes[0] == 0x0f;
}

static enum board_danger classify(const struct cabinet *c, uint8_t bus, uint8_t unit, const struct board_pdu *request)
{
    if (unit == 0) {
        return BOARD_DANGER_BROADCAST;
    }
    for (uint8_t i = 0; i < c->layout.boards; i++) {
        const struct board *b = &c->board[i].board;
        if (c->layout.board[i].bus == bus && b->unit == unit) {
            return board_danger(b, request);
        }
    }
    return BOARD_DANGER_NONE;
}

/* Two boards with one address talk at the same time: a line that either pulls low carries the bits both send. */
static void merge(struct line_reply *reply, const struct board_pdu *other)
{
    if (!reply->answered) {
        return;
    }
    size_t len = reply->pdu.len > other->len ? reply->pdu.len : other->len;
    for (size_t i = 0; i < len; i++) {
        uint8_t mine = i < reply->pdu.len ? reply->pdu.bytes[i] : 0xff;
        uint8_t theirs = i < other->len ? other->bytes[i] : 0xff;
        reply->bad_crc = reply->bad_crc || mine != theirs;
        reply->pdu.bytes[i] = mine & theirs;
    }
    reply->pdu.len = len;
}

static void ask_board(struct cabinet *c, uint8_t board, const struct board_pdu *request, const struct line_plan *plan,
                      struct line_reply *reply, int64_t now_us)
{
    struct board *b = &c->board[board].board;
    struct board_pdu answer = {.len = 0};
    bool refused = (plan->faults >> LINE_EXCEPTION & 1u) != 0;
    if (b->power != BOARD_ON || (plan->faults >> LINE_DEAF & 1u) != 0) {
        return;
    }
    if (refused) {
        answer.bytes[0] = (uint8_t)(request->bytes[0] | 0x80u);
        answer.bytes[1] = (uint8_t)plan->amount[LINE_EXCEPTION];
        answer.len = 2;
    } else {
        sense(c, board, now_us);
        (void)board_request(b, request, now_us, &answer); /* power is on: it answers */
    }
    reply->answered = true;
    reply->pdu = answer;
}

static void ask_boards(struct cabinet *c, uint8_t bus, uint8_t unit, const struct board_pdu *request,
                       struct line_reply *reply, int64_t now_us)
{
    for (uint8_t i = 0; i < c->layout.boards; i++) {
        const struct board *b = &c->board[i].board;
        if (c->layout.board[i].bus != bus || (unit != 0 && b->unit != unit)) {
            continue;
        }
        struct line_plan plan;
        struct line_reply own = {.unit = unit};
        line_judge(&c->line, bus, i, is_write(request), &plan);
        ask_board(c, i, request, &plan, &own, now_us);
        reply->faults |= plan.faults;
        if (!own.answered) {
            continue;
        }
        line_bend(&c->line, &plan, &own);
        if (reply->answered && own.answered) {
            merge(reply, &own.pdu);
        } else if (own.answered) {
            own.faults |= reply->faults;
            *reply = own;
        }
    }
    reply->answered = reply->answered && unit != 0;
}

struct trace_entry *cabinet_exchange(struct cabinet *c, uint8_t bus, uint8_t unit, const struct board_pdu *request,
                                     int64_t now_us, struct line_reply *reply)
{
    assert(bus < c->layout.buses && request->len > 0 && request->len <= BOARD_PDU_MAX);
    cabinet_step(c, now_us);
    enum board_danger danger = classify(c, bus, unit, request);
    c->danger[danger]++;
    *reply = (struct line_reply){.unit = unit};
    ask_boards(c, bus, unit, request, reply, now_us);
    sync_strikes(c, now_us);
    c->bus[bus].requests++;
    c->bus[bus].replies += reply->answered ? 1 : 0;
    c->bus[bus].unheard += reply->answered ? 0 : 1;
    struct trace_entry *e = trace_new(&c->trace);
    e->at_us = now_us;
    e->bus = bus;
    e->danger = danger;
    e->faults = reply->faults;
    uint8_t frame[1 + BOARD_PDU_MAX];
    frame[0] = unit;
    memcpy(frame + 1, request->bytes, request->len);
    trace_put_request(e, frame, 1 + request->len);
    return e;
}

void cabinet_garbage(struct cabinet *c, uint8_t bus, enum trace_kind kind, const uint8_t *bytes, size_t len,
                     int64_t now_us)
{
    if (kind == TRACE_COLLISION) {
        c->bus[bus].collisions++;
    } else {
        c->bus[bus].garbage++;
    }
    struct trace_entry *e = trace_new(&c->trace);
    e->at_us = now_us;
    e->bus = bus;
    e->kind = kind;
    trace_put_request(e, bytes, len);
}

/* ---------------------------------------------------------------- acts */

void cabinet_close_door(struct cabinet *c, uint16_t door, int64_t now_us)
{
    struct cabinet_door *d = &c->door[door];
    if (d->lock.open) {
        lock_close(&d->lock, now_us);
        d->person.act_us = PERSON_NEVER;
        door_moved(c, door, now_us);
    }
}

void cabinet_open_door(struct cabinet *c, uint16_t door, enum lock_cause cause, int64_t now_us)
{
    if (!c->door[door].lock.open) {
        lock_open(&c->door[door].lock, cause, now_us);
        door_moved(c, door, now_us);
    }
}

enum err cabinet_put(struct cabinet *c, uint16_t door, const char *bag)
{
    struct cabinet_door *d = &c->door[door];
    if (!d->lock.open) {
        return ERR_STATE;
    }
    if (d->bags == CABINET_BAGS_MAX) {
        return ERR_FULL;
    }
    char *to = d->bag[d->bags];
    if (bag[0] == '\0') {
        c->bags_made++;
        (void)snprintf(to, PERSON_BAG_CAP, "bag-%u", (unsigned)c->bags_made);
    } else {
        (void)snprintf(to, PERSON_BAG_CAP, "%s", bag);
    }
    d->bags++;
    return ERR_OK;
}

enum err cabinet_take(struct cabinet *c, uint16_t door, const char *bag)
{
    struct cabinet_door *d = &c->door[door];
    if (!d->lock.open) {
        return ERR_STATE;
    }
    if (bag[0] == '\0') {
        d->bags = 0;
        return ERR_OK;
    }
    for (uint8_t i = 0; i < d->bags; i++) {
        if (strcmp(d->bag[i], bag) == 0) {
            memmove(d->bag[i], d->bag[i + 1], (size_t)(d->bags - i - 1) * PERSON_BAG_CAP);
            d->bags--;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

void cabinet_place(struct cabinet *c, uint16_t door, const struct person *person, int64_t now_us)
{
    c->door[door].person = *person;
    if (c->door[door].lock.open) {
        person_door_opened(&c->door[door].person, now_us);
    }
}

void cabinet_swap_contacts(struct cabinet *c, uint16_t a, uint16_t b)
{
    uint16_t kept = c->door[a].contact_from;
    c->door[a].contact_from = c->door[b].contact_from;
    c->door[b].contact_from = kept;
}

void cabinet_swap_strikes(struct cabinet *c, uint16_t a, uint16_t b, int64_t now_us)
{
    uint16_t kept = c->door[a].strike_to;
    c->door[a].strike_to = c->door[b].strike_to;
    c->door[b].strike_to = kept;
    sync_strikes(c, now_us);
}

/* ---------------------------------------------------------------- names */

bool cabinet_find_door(const struct cabinet *c, const char *name, uint16_t *out)
{
    for (uint16_t i = 0; i < c->layout.doors; i++) {
        if (strcmp(c->layout.door[i].name, name) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool cabinet_find_board(const struct cabinet *c, const char *name, uint8_t *out)
{
    for (uint8_t i = 0; i < c->layout.boards; i++) {
        if (strcmp(c->layout.board[i].name, name) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

bool cabinet_find_bus(const struct cabinet *c, const char *name, uint8_t *out)
{
    for (uint8_t i = 0; i < c->layout.buses; i++) {
        if (strcmp(c->layout.bus[i].name, name) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}
