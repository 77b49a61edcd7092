/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/locker.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "controller/cabinet_events.h"
#include "controller/commission.h"
#include "controller/ledger.h"
#include "controller/offer.h"
#include "controller/pickup_screen.h"

#define NEARLY_FULL_PERCENT 95u

_Static_assert(EVENT_KEY_N == TOKEN_KEYS, "every key has its card");

/* ---------------------------------------------------------------- for the modules */

static uint32_t rows_max(const struct locker *l)
{
    return l->cabinet.outbox_rows_max == 0 ? CABINET_OUTBOX_ROWS_DEFAULT : l->cabinet.outbox_rows_max;
}

unsigned locker_live_orders(const struct locker *l)
{
    return order_live_count(&l->orders);
}

bool locker_outbox_has_room(const struct locker *l, unsigned percent, unsigned more_orders)
{
    uint64_t reserved = (uint64_t)(locker_live_orders(l) + more_orders) * LOCKER_ROWS_FOR_ORDER;
    return (l->outbox_rows + reserved) * 100 <= (uint64_t)rows_max(l) * percent;
}

struct record *locker_note(const struct locker *l, enum record_kind kind, struct effects *fx)
{
    if (record_is_droppable(kind) && !locker_outbox_has_room(l, NEARLY_FULL_PERCENT, 0))
        return NULL;
    return effects_record(fx, kind, CABINET_NO_DOOR);
}

void locker_count_wrong(struct locker *l, bool suspicious, struct effects *fx)
{
    bool alarm = limiter_alarm(&l->limiter);
    fx->limiter = true;
    struct record *rec = alarm || suspicious ? locker_note(l, RECORD_GUESS_ALARM, fx) : NULL;
    if (rec == NULL)
        return;
    rec->u.guess.wrong_1h = limiter_wrong_1h(&l->limiter);
    rec->u.guess.wrong_24h = limiter_wrong_24h(&l->limiter);
    rec->u.guess.wrong_7d = limiter_wrong_7d(&l->limiter);
    rec->u.guess.mode = limiter_mode(&l->limiter);
}

void locker_name_door(const struct locker *l, uint16_t door, struct screen *out)
{
    if (door >= l->cabinet.doors)
        return;
    const struct cabinet_door *d = &l->cabinet.door[door];
    memcpy(out->door, d->name, sizeof out->door);
    out->number = d->number;
    out->row = d->row;
    out->rows = l->cabinet.rows;
    out->column = d->column;
    out->columns = l->cabinet.columns;
}

/* ---------------------------------------------------------------- reading */

const struct screen *locker_screen(const struct locker *l)
{
    return &l->screen;
}

enum hw_door_state locker_contact(const struct locker *l, uint16_t door)
{
    assert(door < l->cabinet.doors);
    enum hw_board_state b = l->board[l->cabinet.door[door].sense_board].state;
    return b == HW_BOARD_OK || b == HW_BOARD_STOPPED ? l->door[door].sensor : HW_DOOR_UNKNOWN;
}

bool locker_is_given_up(const struct locker *l, uint16_t door)
{
    return l->compartment[door].state == COMPARTMENT_OUT && locker_contact(l, door) == HW_DOOR_UNKNOWN &&
           l->door[door].seen && l->door[door].open_ms == 0 && l->door[door].pulsed_ms == 0;
}

bool locker_is_idle(const struct locker *l)
{
    if (pickup_is_active(&l->pickup) || staff_is_active(&l->staff) || l->pulse_pending != 0)
        return false;
    for (uint16_t i = 0; i < l->cabinet.doors; i++) {
        if (l->door[i].sensor == HW_DOOR_OPEN)
            return false;
    }
    return true;
}

bool locker_has_keys(const struct locker *l)
{
    return l->cabinet.key.epoch != 0;
}

/* ---------------------------------------------------------------- start */

void locker_init(struct locker *l, const struct cabinet *cabinet, const struct clock_now *now)
{
    assert(cabinet->doors <= HW_DOORS_MAX && cabinet->boards <= HW_BOARDS_MAX);
    memset(l, 0, sizeof *l);
    l->cabinet = *cabinet;
    l->language = cabinet->language;
    limiter_init(&l->limiter, now);
    floor_init(&l->floor, cabinet->issued_ms, now);
    for (unsigned i = 0; i < HW_CLIMATES_MAX; i++)
        l->climate[i].permille = -1;
    for (unsigned i = 0; i < HW_BOARDS_MAX; i++)
        l->board[i].silent_ms = now->boot_ms;
    for (unsigned i = 0; i < ORDER_SLOTS; i++)
        l->orders.slot[i].door = CABINET_NO_DOOR;
}

static void settle_door(struct locker *l, uint16_t door, struct effects *fx)
{
    uint16_t slot = ledger_order_at(l, door);
    switch (l->compartment[door].state) {
    case COMPARTMENT_LOADING:
        ledger_abandon(l, door, COMPARTMENT_RESTART, fx);
        break;
    case COMPARTMENT_OPENING:
        ledger_pickup_end(l, slot, COMPARTMENT_RESTART, fx);
        break;
    case COMPARTMENT_FREE:
    case COMPARTMENT_LOADED:
    case COMPARTMENT_TAKEN:
    case COMPARTMENT_CHECK:
    case COMPARTMENT_FORCED:
    case COMPARTMENT_OUT:
    case COMPARTMENT_STATE_N:
        break;
    }
}

static void describe(struct locker *l, struct effects *fx)
{
    uint8_t hash[sizeof l->described];
    crypto_generichash_state h;
    (void)crypto_generichash_init(&h, NULL, 0, sizeof hash);
    for (uint16_t i = 0; i < l->cabinet.doors; i++) {
        const struct cabinet_door *d = &l->cabinet.door[i];
        uint8_t fields[CABINET_NAME_CAP + 8] = {0};
        memcpy(fields, d->name, CABINET_NAME_CAP);
        fields[CABINET_NAME_CAP] = (uint8_t)(d->number >> 8);
        fields[CABINET_NAME_CAP + 1] = (uint8_t)(d->number & 0xff);
        fields[CABINET_NAME_CAP + 2] = (uint8_t)d->size;
        fields[CABINET_NAME_CAP + 3] = (uint8_t)d->zone;
        fields[CABINET_NAME_CAP + 4] = d->row;
        fields[CABINET_NAME_CAP + 5] = d->column;
        fields[CABINET_NAME_CAP + 6] = d->low ? 1 : 0;
        (void)crypto_generichash_update(&h, fields, sizeof fields);
    }
    (void)crypto_generichash_final(&h, hash, sizeof hash);
    if (memcmp(hash, l->described, sizeof hash) == 0)
        return;
    memcpy(l->described, hash, sizeof hash);
    fx->meta = true;
    for (uint16_t i = 0; i < l->cabinet.doors; i++)
        effects_touch_compartment(fx, i); /* each door has its row from now on */
    (void)effects_record(fx, RECORD_DESCRIBED, CABINET_NO_DOOR);
}

static void on_start(struct locker *l, const struct event *ev, struct effects *fx)
{
    (void)effects_record(fx, RECORD_STARTED, CABINET_NO_DOOR);
    describe(l, fx);
    for (uint16_t i = 0; i < l->cabinet.doors; i++)
        settle_door(l, i, fx);
    commission_on_start(l, fx);
    for (unsigned i = 0; i < l->cabinet.boards; i++)
        l->board[i].silent_ms = ev->now.boot_ms;
}

/* ---------------------------------------------------------------- people */

static void press(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx)
{
    if (key == EVENT_KEY_REPEAT)
        effects_add(fx, EFFECT_SOUND)->u.sound = SCREEN_SOUND_SAY;
    if (staff_is_active(&l->staff))
        staff_on_key(l, key, ev, fx);
    else
        pickup_on_key(l, key, ev, fx);
}

static void on_key(struct locker *l, const struct event *ev, struct effects *fx)
{
    if (ev->u.key < EVENT_KEY_N)
        press(l, ev->u.key, ev, fx);
}

/* A badge ends whatever a patient was doing; an open door of a patient only once it has stood open so long that staff
 * was called. */
static void on_badge(struct locker *l, const struct event *ev, struct effects *fx)
{
    const struct pickup *p = &l->pickup;
    if (p->state == PICKUP_DOOR && !(p->opening.phase == OPENING_OPEN && l->door[p->opening.door].told_left_open)) {
        effects_add(fx, EFFECT_SOUND)->u.sound = SCREEN_SOUND_REFUSED;
        return;
    }
    bool keeps = !pickup_is_active(p); /* whoever chose a language and typed nothing chose it for this */
    enum language language = l->language;
    pickup_end(l, ev, fx);
    if (keeps)
        l->language = language;
    staff_on_badge(l, &ev->u.scan.u.badge, ev, fx);
}

static void on_scan(struct locker *l, const struct event *ev, struct effects *fx)
{
    const struct token *t = &ev->u.scan;
    bool entered = staff_is_entered(&l->staff);
    switch (t->kind) {
    case TOKEN_PICKUP:
        if (staff_is_active(&l->staff))
            staff_on_bad_scan(l, SCREEN_NOTICE_BAD_SCAN, ev, fx);
        else
            pickup_on_token(l, &t->u.pickup, ev, fx);
        break;
    case TOKEN_VOUCHER:
        if (entered)
            staff_on_voucher(l, &t->u.voucher, ev, fx);
        else if (!staff_is_active(&l->staff))
            pickup_on_bad_scan(l, ev, fx);
        break;
    case TOKEN_DOOR:
        if (entered)
            staff_on_label(l, &t->u.door, ev, fx);
        else if (!staff_is_active(&l->staff))
            pickup_on_bad_scan(l, ev, fx);
        break;
    case TOKEN_BADGE:
        on_badge(l, ev, fx);
        break;
    case TOKEN_KEY:
        press(l, (enum event_key)t->u.key.key, ev, fx);
        break;
    case TOKEN_CARER:
        if (staff_is_active(&l->staff))
            staff_on_bad_scan(l, SCREEN_NOTICE_BAD_SCAN, ev, fx);
        else
            pickup_on_card(l, &t->u.carer, ev, fx);
        break;
    case TOKEN_KIND_N:
        break;
    }
}

static void on_bad_scan(struct locker *l, const struct event *ev, struct effects *fx)
{
    if (staff_is_active(&l->staff))
        staff_on_bad_scan(l, SCREEN_NOTICE_BAD_SCAN, ev, fx);
    else
        pickup_on_bad_scan(l, ev, fx);
}

static void on_verdict(struct locker *l, const struct event *ev, struct effects *fx)
{
    if (staff_is_active(&l->staff))
        staff_on_verdict(l, ev, fx);
    else
        pickup_on_verdict(l, ev, fx);
}

/* ---------------------------------------------------------------- commands of the hub */

static void on_withdraw(struct locker *l, const struct event *ev, struct effects *fx)
{
    uint16_t cut = ledger_withdraw(l, ev->u.withdraw.order, ev->u.withdraw.load, ev->u.withdraw.expired, fx);
    if (cut != CABINET_NO_DOOR)
        staff_lose_door(l, SCREEN_NOTICE_WITHDRAWN, ev, fx);
}

static void tell_done(const struct event *ev, const char *refused_because, struct effects *fx)
{
    struct record *rec = effects_record(fx, RECORD_COMMAND_DONE, CABINET_NO_DOOR);
    rec->u.command.seq = ev->command;
    rec->u.command.refused = refused_because != NULL;
    rec->u.command.cause = refused_because;
}

static void on_badge_revoke(struct locker *l, const struct event *ev, struct effects *fx)
{
    uint16_t slot = badge_revoke(&l->badges, ev->u.badge);
    if (slot != BADGE_NONE)
        effects_touch_badge(fx, slot);
    bool refused = badge_is_refused(&l->badges, ev->u.badge);
    if (staff_is_active(&l->staff) && refused && memcmp(l->staff.badge.badge, ev->u.badge, BADGE_ID_LEN) == 0)
        staff_end(l, ev, fx);
    tell_done(ev, refused ? NULL : "full", fx);
}

static void on_guess_reset(struct locker *l, const struct event *ev, struct effects *fx)
{
    limiter_reset_counts(&l->limiter);
    fx->limiter = true;
    tell_done(ev, NULL, fx);
}

static void on_recode(struct locker *l, const struct event *ev, struct effects *fx)
{
    const struct order_codes *codes = &ev->u.recode;
    uint16_t slot = order_find(&l->orders, codes->order);
    struct order *o = slot == ORDER_NONE ? NULL : &l->orders.slot[slot];
    if (o == NULL || o->load != codes->load) {
        tell_done(ev, "unknown", fx);
    } else if (o->state != ORDER_READY) {
        tell_done(ev, "state", fx);
    } else if (codes->key_epoch != l->cabinet.key.epoch) {
        tell_done(ev, "key", fx);
    } else {
        order_recode(o, codes);
        effects_touch_order(fx, slot);
        tell_done(ev, NULL, fx);
    }
}

static void on_carer_grant(struct locker *l, const struct event *ev, struct effects *fx)
{
    static const char *const causes[] = {[CARER_DONE] = NULL,
                                         [CARER_IS_REVOKED] = "revoked",
                                         [CARER_IS_USED] = "used",
                                         [CARER_OTHER_SCOPE] = "scope",
                                         [CARER_FULL] = "full"};
    const struct carer *grant = &ev->u.grant;
    uint16_t slot = CARER_NONE;
    if (grant->key_epoch != l->cabinet.key.epoch) {
        tell_done(ev, "key", fx);
        return;
    }
    if (floor_is_expired(&l->floor, grant->right.not_after_s)) {
        tell_done(ev, "expired", fx);
        return;
    }
    enum carer_answer answer = carer_grant(&l->carers, grant, &l->floor, &slot);
    if (slot != CARER_NONE)
        effects_touch_carer(fx, slot);
    tell_done(ev, causes[answer], fx);
}

static void on_carer_revoke(struct locker *l, const struct event *ev, struct effects *fx)
{
    uint16_t slot;
    enum carer_answer answer = carer_revoke(&l->carers, ev->u.revoke.carer, ev->u.revoke.not_after_s, &l->floor, &slot);
    if (slot != CARER_NONE)
        effects_touch_carer(fx, slot);
    tell_done(ev, answer == CARER_FULL ? "full" : NULL, fx);
}

static void on_contact(struct locker *l, const struct event *ev, struct effects *fx)
{
    (void)fx;
    floor_contact(&l->floor, ev->u.hub_wall_ms);
}

static void on_store(struct locker *l, const struct event *ev, struct effects *fx)
{
    (void)l;
    effects_record(fx, RECORD_STORE_ALARM, CABINET_NO_DOOR)->u.store =
        ev->u.store == EVENT_STORE_FULL ? RECORD_STORE_FULL : RECORD_STORE_BALLAST;
}

/* Rights that can never be used again go: their verifiers with them. */
static void forget_carers(struct locker *l, struct effects *fx)
{
    for (uint16_t i = 0; i < CARER_SLOTS; i++) {
        if (carer_forget(&l->carers.slot[i], &l->floor))
            effects_touch_carer(fx, i);
    }
}

static void on_tick(struct locker *l, const struct event *ev, struct effects *fx)
{
    forget_carers(l, fx);
    cabinet_on_tick(l, ev, fx);
    pickup_on_tick(l, ev, fx);
    staff_on_tick(l, ev, fx);
}

/* ---------------------------------------------------------------- the decision */

typedef void (*handler_fn)(struct locker *l, const struct event *ev, struct effects *fx);

static const handler_fn handlers[EVENT_KIND_N] = {
    [EVENT_START] = on_start,
    [EVENT_TICK] = on_tick,
    [EVENT_HW] = cabinet_on_hw,
    [EVENT_KEY] = on_key,
    [EVENT_SCAN] = on_scan,
    [EVENT_BAD_SCAN] = on_bad_scan,
    [EVENT_VERDICT] = on_verdict,
    [EVENT_WITHDRAW] = on_withdraw,
    [EVENT_BADGE_REVOKE] = on_badge_revoke,
    [EVENT_GUESS_RESET] = on_guess_reset,
    [EVENT_RECODE] = on_recode,
    [EVENT_CARER_GRANT] = on_carer_grant,
    [EVENT_CARER_REVOKE] = on_carer_revoke,
    [EVENT_OPEN_ASK] = offer_on_ask,
    [EVENT_OPEN_ANSWER] = offer_on_answer,
    [EVENT_CONTACT] = on_contact,
    [EVENT_STORE] = on_store,
};

/* A locker that is not enrolled does nothing for anyone. */
static bool is_of_people(enum event_kind kind)
{
    return kind == EVENT_KEY || kind == EVENT_SCAN || kind == EVENT_BAD_SCAN || kind == EVENT_VERDICT;
}

static void show_out_of_service(struct locker *l, int64_t wall_ms, struct screen *out)
{
    if (l->reference == 0)
        l->reference = screen_reference(wall_ms);
    out->id = SCREEN_OUT_OF_SERVICE;
    out->reference = l->reference;
}

static void draw_screen(struct locker *l, const struct clock_now *at, struct effects *fx)
{
    struct screen now;
    memset(&now, 0, sizeof now);
    if (!locker_has_keys(l))
        show_out_of_service(l, at->wall_ms, &now);
    else if (staff_is_active(&l->staff))
        staff_screen(l, at->boot_ms, &now);
    else
        pickup_screen(l, at->boot_ms, &now);
    now.language = l->language;
    if (!screen_equal(&now, &l->screen)) {
        sodium_memzero(&l->screen, sizeof l->screen);
        l->screen = now;
        (void)effects_add(fx, EFFECT_SCREEN);
    }
    sodium_memzero(&now, sizeof now);
}

static int64_t sooner(int64_t a, int64_t b)
{
    if (a == 0 || b == 0)
        return a == 0 ? b : a;
    return a < b ? a : b;
}

static int64_t next_wake(const struct locker *l)
{
    const struct opening *p = &l->pickup.opening;
    const struct opening *s = &l->staff.opening;
    int64_t at = sooner(pickup_is_active(&l->pickup) ? l->pickup.until_ms : 0,
                        staff_is_active(&l->staff) ? l->staff.until_ms : 0);
    at = sooner(at, l->pickup.state == PICKUP_DOOR && p->phase == OPENING_PULSED ? p->deadline_ms : 0);
    return sooner(at, s->phase == OPENING_PULSED ? s->deadline_ms : 0);
}

void locker_decide(struct locker *l, const struct event *ev, struct effects *fx)
{
    assert(ev->kind < EVENT_KIND_N && !effects_are_durable(fx) && fx->effects == 0);
    limiter_advance(&l->limiter, &ev->now);
    floor_advance(&l->floor, &ev->now);
    l->outbox_rows = ev->outbox;
    if (l->told_quota && locker_outbox_has_room(l, 80, 1))
        l->told_quota = false;
    bool people = is_of_people(ev->kind);
    if (people)
        on_tick(l, ev, fx); /* a session whose time is up takes no more keys, however late the tick is */
    if (locker_has_keys(l) || !people)
        handlers[ev->kind](l, ev, fx);
    offer_settle(l, fx);
    draw_screen(l, &ev->now, fx);
    if (effects_are_durable(fx) || floor_is_due(&l->floor)) {
        fx->floor = true;
        floor_saved(&l->floor);
    }
    fx->wake_boot_ms = next_wake(l);
}
