/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/plant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/plant_in.h"

#define GPIO_BUS "gpio"
#define INPUT_BOARD "inputs"
#define WAVESHARE_FLASH 0x0200u
#define R4D_MOMENTARY 0x0500u
#define R4D_ON 0x0100u

static struct plant *plants; /* the library that we stand in for has no context of ours */

struct plant *plant_mine(void)
{
    const struct process *mine = process_current();
    for (struct plant *p = plants; mine != NULL && p != NULL; p = p->next) {
        if (p->daemon == mine) {
            return p;
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- what is due */

static void tick(void *arg);

void plant_due(struct plant *p, int64_t at_us)
{
    if (at_us >= p->tick_us) {
        return;
    }
    if (p->ticket != 0) {
        world_cancel(p->world, p->ticket);
    }
    p->tick_us = at_us;
    p->ticket = world_at(p->world, at_us, tick, p);
}

static int64_t cabinet_due(struct plant *p)
{
    if (p->cabinet_us == 0) {
        p->cabinet_us = cabinet_next(p->cabinet);
    }
    return p->cabinet_us;
}

/* ---------------------------------------------------------------- what happened */

static void mark(struct plant *p, uint64_t since, bool own)
{
    struct cabinet *c = p->cabinet;
    if (c->events_made == since) {
        return;
    }
    p->cabinet_us = 0;
    for (uint64_t i = since; i < c->events_made; i++) {
        const struct cabinet_event *ev = &c->event[i % CABINET_EVENTS];
        if (ev->kind == CABINET_STRIKE && ev->on) {
            p->foreign[ev->door] = !own;
        }
    }
    for (uint8_t i = 0; i < c->layout.boards; i++) {
        if (p->lose_us[i] != 0 && c->board[i].board.lose_us == 0) {
            p->lose_us[i] = 0;
            world_count(p->world, "board-lost-mid-pulse");
        }
    }
    plant_due(p, world_now_us(p->world));
}

void plant_settle(struct plant *p)
{
    int64_t now_us = world_now_us(p->world);
    uint64_t since = p->cabinet->events_made;
    if (cabinet_due(p) <= now_us) {
        cabinet_step(p->cabinet, now_us);
        p->cabinet_us = 0;
        mark(p, since, false);
    }
    p->settled = p->cabinet->events_made;
}

static bool is_write(const struct trace_entry *e)
{
    return e == NULL || e->kind != TRACE_EXCHANGE || e->request[1] > 4;
}

void plant_carried_out(struct plant *p, bool own)
{
    struct cabinet *c = p->cabinet;
    const struct trace_entry *e = trace_get(&c->trace, c->trace.last);
    for (unsigned i = 0; i < LINE_FAULT_N; i++) {
        for (; p->hits[i] < c->line.hits[i]; p->hits[i]++) {
            world_count(p->world, plant_fault_name((enum line_fault)i));
        }
    }
    if (is_write(e)) {
        p->cabinet_us = 0;
        plant_due(p, cabinet_due(p));
    }
    if (e != NULL && e->danger != BOARD_DANGER_NONE && !own) {
        p->rogue_dangers++;
    }
    mark(p, p->settled, own);
    p->settled = c->events_made;
}

static void tell(struct plant *p)
{
    struct cabinet_event ev;
    if (p->telling) {
        return;
    }
    p->telling = true;
    while (cabinet_take_event(p->cabinet, &ev)) {
        if (p->gpio.held != NULL && ev.kind == CABINET_DOOR) {
            gpio_changed(p->gpio.held);
        }
        if (p->watch != NULL) {
            p->watch(p->watch_arg, &ev);
        }
    }
    p->telling = false;
}

static void tick(void *arg)
{
    struct plant *p = arg;
    int64_t now_us = world_now_us(p->world), next_us = WORLD_NEVER;
    p->ticket = 0;
    p->tick_us = WORLD_NEVER;
    for (uint8_t i = 0; i < p->cabinet->layout.buses; i++) {
        int64_t us = wire_step(&p->wire[i], now_us);
        next_us = us < next_us ? us : next_us;
    }
    plant_settle(p);
    tell(p);
    int64_t us = cabinet_due(p);
    plant_due(p, us < next_us ? us : next_us);
}

struct cabinet *plant_cabinet(struct plant *p)
{
    plant_settle(p);
    return p->cabinet;
}

void plant_changed(struct plant *p)
{
    p->cabinet_us = 0;
    mark(p, p->settled, false);
    p->settled = p->cabinet->events_made;
    if (p->gpio.held != NULL) {
        gpio_changed(p->gpio.held);
    }
    plant_due(p, world_now_us(p->world));
}

void plant_set_watcher(struct plant *p, plant_fn fn, void *arg)
{
    p->watch = fn;
    p->watch_arg = arg;
}

uint64_t plant_frames(const struct plant *p)
{
    uint64_t sum = 0;
    for (uint8_t i = 0; i < p->cabinet->layout.buses; i++) {
        sum += p->cabinet->bus[i].requests;
    }
    return sum;
}

uint64_t plant_dangers(const struct plant *p)
{
    uint64_t sum = 0;
    for (unsigned i = BOARD_DANGER_NONE + 1; i < BOARD_DANGER_N; i++) {
        sum += p->cabinet->danger[i];
    }
    return sum - p->rogue_dangers;
}

bool plant_is_foreign(const struct plant *p, uint16_t door)
{
    return p->foreign[door];
}

/* ---------------------------------------------------------------- life */

static bool read_layout(struct layout *out, const char *text)
{
    char path[] = "/tmp/medlocker-layout-XXXXXX";
    struct reason r = {.text = ""};
    int fd = mkstemp(path);
    if (fd < 0) {
        return false;
    }
    size_t len = strlen(text);
    bool ok = write(fd, text, len) == (ssize_t)len;
    (void)close(fd);
    ok = ok && layout_read(out, path, &r) == ERR_OK;
    (void)unlink(path);
    if (!ok) {
        fprintf(stderr, "plant: %s\n", r.text);
    }
    return ok;
}

static void find_places(struct plant *p)
{
    const struct layout *l = &p->cabinet->layout;
    uint8_t board = 0;
    for (uint8_t i = 0; i < l->boards; i++) {
        if (strcmp(l->bus[l->board[i].bus].name, GPIO_BUS) == 0) {
            p->gpio.is_there = true;
            p->gpio.bus = l->board[i].bus;
            p->gpio.board = i;
        }
    }
    bool has_inputs = cabinet_find_board(p->cabinet, INPUT_BOARD, &board);
    for (unsigned i = 0; i < HW_INPUT_N; i++) {
        p->input[i].is_there = has_inputs || p->gpio.is_there;
        p->input[i].board = has_inputs ? board : p->gpio.board;
        p->input[i].input = (uint8_t)(has_inputs ? i : BOARD_CHANNELS - HW_INPUT_N + i);
    }
}

struct plant *plant_new(struct world *w, const char *name, const char *layout_text, uint64_t seed)
{
    struct layout *layout = calloc(1, sizeof *layout);
    struct plant *p = calloc(1, sizeof *p);
    struct cabinet *c = calloc(1, sizeof *c);
    if (layout == NULL || p == NULL || c == NULL) {
        abort();
    }
    if (!read_layout(layout, layout_text)) {
        free(c);
        free(p);
        free(layout);
        return NULL;
    }
    cabinet_init(c, layout, seed);
    free(layout);
    p->world = w;
    p->name = name;
    p->cabinet = c;
    p->tick_us = WORLD_NEVER;
    p->powered = true;
    for (uint8_t i = 0; i < c->layout.buses; i++) {
        wire_init(&p->wire[i], p, i);
    }
    find_places(p);
    p->next = plants;
    plants = p;
    return p;
}

void plant_free(struct plant *p)
{
    if (p == NULL) {
        return;
    }
    struct plant **at = &plants;
    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
    if (p->ticket != 0) {
        world_cancel(p->world, p->ticket);
    }
    free(p->cabinet);
    free(p);
}

void plant_connect(struct plant *p, struct process *daemon)
{
    p->daemon = daemon;
}

/* ---------------------------------------------------------------- inputs and power */

void plant_set_input(struct plant *p, enum hw_input_kind kind, bool active)
{
    if (p->input[kind].is_there) {
        plant_cabinet(p)->board[p->input[kind].board].board.input[p->input[kind].input] = active;
        plant_changed(p);
    }
}

static void board_changed(struct plant *p)
{
    cabinet_board_changed(p->cabinet, world_now_us(p->world));
    plant_changed(p);
}

void plant_power(struct plant *p, bool on)
{
    struct cabinet *c = plant_cabinet(p);
    if (p->powered == on) {
        return;
    }
    p->powered = on;
    for (uint8_t i = 0; i < c->layout.boards; i++) {
        if (on) {
            board_reboot(&c->board[i].board, false, world_now_us(p->world));
        } else {
            board_set_power(&c->board[i].board, BOARD_OFF);
        }
    }
    if (!on) {
        world_count(p->world, "board-off");
    }
    world_tell(p->world, p->name, "the boards %s power", on ? "have" : "lose");
    board_changed(p);
}

void plant_unplug(struct plant *p, uint8_t bus, bool out)
{
    struct wire *w = &p->wire[bus];
    if (w->unplugged == out) {
        return;
    }
    p->cabinet->bus[bus].unplugged = out;
    wire_unplug(w, out);
    if (out) {
        world_count(p->world, "bus-unplugged");
    }
    world_tell(p->world, p->name, "bus %s is %s", p->cabinet->layout.bus[bus].name, out ? "unplugged" : "plugged in");
}

/* ---------------------------------------------------------------- faults of the line */

const char *plant_fault_name(enum line_fault fault)
{
    static const char *const names[LINE_FAULT_N] = {[LINE_DEAF] = "bus-deaf",
                                                    [LINE_SILENT] = "bus-no-answer",
                                                    [LINE_LATE] = "bus-late",
                                                    [LINE_UNIT] = "bus-wrong-unit",
                                                    [LINE_FUNCTION] = "bus-wrong-function",
                                                    [LINE_COUNT] = "bus-wrong-count",
                                                    [LINE_ADDRESS] = "bus-wrong-address",
                                                    [LINE_EXCEPTION] = "bus-exception",
                                                    [LINE_CRC] = "bus-crc",
                                                    [LINE_SHORT] = "bus-truncated",
                                                    [LINE_GLUED] = "bus-glued",
                                                    [LINE_ECHO] = "bus-echo",
                                                    [LINE_NOISE] = "bus-noise"};
    return names[fault];
}

bool plant_line_fault(struct plant *p, enum line_fault fault, uint8_t bus, uint8_t board, uint32_t left,
                      uint32_t permille, uint32_t amount)
{
    uint32_t usual = 0, min = 0, max = 0;
    line_fault_amount(fault, &usual, &min, &max);
    if (amount == 0) {
        amount = usual;
    }
    amount = amount < min ? min : amount > max ? max : amount;
    struct line_rule rule = {.fault = fault, .bus = bus, .board = board, .left = left, .permille = permille};
    rule.amount = amount;
    return line_add(&p->cabinet->line, &rule) == ERR_OK;
}

void plant_calm(struct plant *p)
{
    line_clear(&p->cabinet->line);
}

/* ---------------------------------------------------------------- faults of boards */

static bool is_gpio(const struct plant *p, uint8_t board)
{
    return p->gpio.is_there && p->gpio.board == board;
}

static const char *board_name(const struct plant *p, uint8_t board)
{
    return p->cabinet->layout.board[board].name;
}

static const char *door_name(const struct plant *p, uint16_t door)
{
    return p->cabinet->layout.door[door].name;
}

bool plant_reboot(struct plant *p, uint8_t board, bool coils)
{
    struct board *b = &plant_cabinet(p)->board[board].board;
    if (is_gpio(p, board) || !p->powered || (coils && board_outputs(b->kind) == 0)) {
        return false;
    }
    board_reboot(b, coils, world_now_us(p->world));
    world_count(p->world, coils ? "board-reboot-coils-on" : "board-reboot");
    world_tell(p->world, p->name, "board %s reboots%s", board_name(p, board), coils ? ", all outputs come on" : "");
    board_changed(p);
    return true;
}

bool plant_hang(struct plant *p, uint8_t board)
{
    struct board *b = &plant_cabinet(p)->board[board].board;
    if (is_gpio(p, board) || b->power != BOARD_ON) {
        return false;
    }
    board_set_power(b, BOARD_HUNG);
    world_count(p->world, "board-hung");
    world_tell(p->world, p->name, "board %s hangs", board_name(p, board));
    board_changed(p);
    return true;
}

bool plant_stick_coil(struct plant *p, uint16_t door, enum board_stuck how)
{
    const struct layout_door *d = &p->cabinet->layout.door[door];
    struct board *b = &plant_cabinet(p)->board[d->board].board;
    board_stick(b, d->channel, how);
    if (how != BOARD_STUCK_FREE) {
        world_count(p->world, how == BOARD_STUCK_ON ? "coil-stuck-on" : "coil-stuck-off");
        world_tell(p->world, p->name, "the relay of %s is stuck %s", d->name, how == BOARD_STUCK_ON ? "on" : "off");
    }
    board_changed(p);
    return true;
}

void plant_stick_sensor(struct plant *p, uint16_t door, enum lock_stick how)
{
    static const char *const words[] = {"well", "stuck open", "stuck closed"};
    plant_cabinet(p)->door[door].lock.stick = how;
    if (how != LOCK_STICK_OFF) {
        world_count(p->world, how == LOCK_STICK_OPEN ? "sensor-stuck-open" : "sensor-stuck-closed");
    }
    world_tell(p->world, p->name, "the contact of %s is %s", door_name(p, door), words[how]);
    plant_changed(p);
}

void plant_bounce(struct plant *p, uint16_t door, uint32_t us)
{
    plant_cabinet(p)->door[door].lock.bounce_us = us;
    if (us != 0) {
        world_count(p->world, "sensor-bounces");
        world_tell(p->world, p->name, "the contact of %s bounces for %u us", door_name(p, door), us);
    }
    plant_changed(p);
}

bool plant_swap_address(struct plant *p, uint8_t a, uint8_t b)
{
    struct cabinet *c = plant_cabinet(p);
    if (a == b || c->layout.board[a].bus != c->layout.board[b].bus || is_gpio(p, a)) {
        return false;
    }
    uint8_t kept = c->board[a].board.unit;
    c->board[a].board.unit = c->board[b].board.unit;
    c->board[b].board.unit = kept;
    world_count(p->world, "board-address-swapped");
    world_tell(p->world, p->name, "boards %s and %s swap addresses", board_name(p, a), board_name(p, b));
    plant_changed(p);
    return true;
}

bool plant_exchange(struct plant *p, uint8_t board, bool another)
{
    struct board *b = &plant_cabinet(p)->board[board].board;
    if (is_gpio(p, board)) {
        return false;
    }
    b->told_unit = another ? (uint8_t)(b->unit + 1) : 0;
    world_tell(p->world, p->name, "board %s is %s", board_name(p, board), another ? "another one" : "itself again");
    board_changed(p);
    return true;
}

bool plant_lose_mid_pulse(struct plant *p, uint8_t board, uint32_t us, bool keeps)
{
    struct board *b = &plant_cabinet(p)->board[board].board;
    if (is_gpio(p, board) || board_outputs(b->kind) == 0 || us == 0) {
        return false;
    }
    b->lose_us = us;
    b->lost_keeps = keeps;
    p->lose_us[board] = us;
    return true;
}

static struct board_pdu rogue_request(const struct board *b, uint8_t channel, bool timed)
{
    bool r4d = b->kind == BOARD_R4D_FC06;
    unsigned at = r4d ? channel + 1u : timed ? WAVESHARE_FLASH + channel : channel;
    unsigned value = r4d ? (timed ? R4D_MOMENTARY : R4D_ON) : timed ? 5u : 0xff00u;
    const uint8_t bytes[5] = {r4d ? 0x06 : 0x05, (uint8_t)(at >> 8), (uint8_t)(at & 0xffu), (uint8_t)(value >> 8),
                              (uint8_t)(value & 0xffu)};
    struct board_pdu q = {.len = sizeof bytes};
    memcpy(q.bytes, bytes, sizeof bytes);
    return q;
}

bool plant_rogue(struct plant *p, uint16_t door, bool timed)
{
    const struct layout_door *d = &p->cabinet->layout.door[door];
    if (is_gpio(p, d->board)) {
        return false;
    }
    const struct board *b = &plant_cabinet(p)->board[d->board].board;
    struct board_pdu request = rogue_request(b, d->channel, timed);
    if (!wire_rogue(&p->wire[p->cabinet->layout.board[d->board].bus], b->unit, &request)) {
        return false;
    }
    world_count(p->world, "bus-rogue-master");
    world_tell(p->world, p->name, "another master on the bus switches the lock of %s on", d->name);
    return true;
}

/* ---------------------------------------------------------------- GPIO chip, and all well again */

bool plant_gpio(struct plant *p, enum plant_gpio how)
{
    if (!p->gpio.is_there) {
        return false;
    }
    if (how == PLANT_GPIO_GONE && p->gpio.state != PLANT_GPIO_GONE) {
        world_count(p->world, "gpio-gone");
        world_tell(p->world, p->name, "the GPIO chip is gone");
    }
    p->gpio.state = how;
    plant_changed(p);
    return true;
}

static void heal_board(struct plant *p, uint8_t i)
{
    struct board *b = &p->cabinet->board[i].board;
    b->unit = p->cabinet->layout.board[i].unit;
    b->lose_us = 0;
    p->lose_us[i] = 0;
    for (unsigned k = 0; k < BOARD_CHANNELS; k++) {
        /* A relay behind a line falls with it; one of a board waits for the frame that switches it off. */
        b->on[k] = b->on[k] && !(is_gpio(p, i) && b->stuck[k] == BOARD_STUCK_ON);
        board_stick(b, k, BOARD_STUCK_FREE);
    }
    if (b->power != BOARD_ON && b->boot_us == BOARD_NEVER) {
        board_reboot(b, false, world_now_us(p->world));
    }
}

void plant_heal(struct plant *p)
{
    struct cabinet *c = plant_cabinet(p);
    plant_calm(p);
    p->powered = true;
    for (uint8_t i = 0; i < c->layout.boards; i++) {
        heal_board(p, i);
    }
    for (uint16_t i = 0; i < c->layout.doors; i++) {
        c->door[i].lock.stick = LOCK_STICK_OFF;
        c->door[i].lock.bounce_us = 0;
    }
    for (uint8_t i = 0; i < c->layout.buses; i++) {
        plant_unplug(p, i, false);
        c->bus[i].refuse = false;
    }
    p->gpio.state = PLANT_GPIO_WELL;
    board_changed(p);
}
