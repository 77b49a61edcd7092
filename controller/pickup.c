/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/pickup.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "controller/gate.h"
#include "controller/ledger.h"
#include "controller/locker.h"

#define DDMM_DIGITS 4u
#define LAST_SECONDS_MS 20000 /* the screen counts down from here */

static void enter(struct pickup *p, enum pickup_state state, const struct event *ev, int64_t for_ms)
{
    p->state = state;
    p->until_ms = for_ms == 0 ? 0 : ev->now.boot_ms + for_ms;
}

static void sound(struct effects *fx, enum screen_sound s)
{
    effects_add(fx, EFFECT_SOUND)->u.sound = s;
}

static void wipe_entry(struct pickup *p)
{
    sodium_memzero(p->code, sizeof p->code);
    sodium_memzero(p->ddmm, sizeof p->ddmm);
    p->show = false;
}

static void go_home(struct locker *l)
{
    struct pickup *p = &l->pickup;
    wipe_entry(p);
    memset(p, 0, sizeof *p);
    p->state = PICKUP_IDLE;
    l->language = l->cabinet.language;
}

static void ask_for_code(struct pickup *p, enum screen_notice notice, const struct event *ev)
{
    wipe_entry(p);
    p->notice = notice;
    enter(p, PICKUP_CODE, ev, PICKUP_IDLE_MS);
}

static void show_message(struct pickup *p, enum screen_id message, const struct event *ev)
{
    wipe_entry(p);
    p->has_token = false;
    p->notice = SCREEN_NOTICE_NONE;
    p->message = message;
    enter(p, PICKUP_MESSAGE, ev, PICKUP_MESSAGE_MS);
}

/* The one refusal there is, whatever was wrong. */
static void refuse(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    wipe_entry(p);
    p->after_refusal = true;
    p->has_token = false;
    p->notice = SCREEN_NOTICE_NONE;
    l->refused++;
    enter(p, PICKUP_REFUSED, ev, PICKUP_IDLE_MS);
    sound(fx, SCREEN_SOUND_REFUSED);
}

bool pickup_is_active(const struct pickup *p)
{
    return p->state != PICKUP_IDLE;
}

/* ---------------------------------------------------------------- typing */

static bool wants_birthday(const struct locker *l)
{
    return l->pickup.after_refusal || l->pickup.has_token || limiter_mode(&l->limiter) != LIMITER_NORMAL;
}

/* Code, and birthday if it was asked for, are complete: take the try, then compute. */
static void submit(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    enum limiter_bucket bucket = p->ddmm[0] != '\0' ? LIMITER_BOTH : LIMITER_CODE;
    if (!limiter_take(&l->limiter, bucket)) {
        enter(p, PICKUP_WAIT, ev, PICKUP_IDLE_MS);
        return;
    }
    fx->limiter = true;
    p->with_birthday = bucket == LIMITER_BOTH;
    p->try_id = ++l->try_serial;
    struct effect *e = effects_add(fx, EFFECT_STRETCH);
    e->u.stretch.try_id = p->try_id;
    e->u.stretch.key_epoch = l->cabinet.key.epoch;
    memcpy(e->u.stretch.secret, p->code, sizeof p->code);
    sodium_memzero(p->code, sizeof p->code);
    enter(p, PICKUP_CHECKING, ev, PICKUP_STRETCH_MS);
}

static void append(char *entry, size_t cap, enum event_key key)
{
    size_t len = strlen(entry);
    if (len < cap) {
        entry[len] = (char)('0' + (int)(key - EVENT_KEY_0));
        entry[len + 1] = '\0';
    }
}

static void type_code(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    p->notice = SCREEN_NOTICE_NONE;
    append(p->code, CODE_DIGITS, key);
    if (strlen(p->code) < CODE_DIGITS)
        return;
    if (!code_is_well_formed(p->code)) {
        ask_for_code(p, SCREEN_NOTICE_TYPO, ev);
        sound(fx, SCREEN_SOUND_REFUSED);
    } else if (wants_birthday(l)) {
        enter(p, PICKUP_BIRTHDAY, ev, PICKUP_IDLE_MS);
    } else {
        submit(l, ev, fx);
    }
}

static void type_birthday(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    p->notice = SCREEN_NOTICE_NONE;
    append(p->ddmm, DDMM_DIGITS, key);
    if (strlen(p->ddmm) < DDMM_DIGITS)
        return;
    if (code_is_birthday(p->ddmm)) {
        submit(l, ev, fx);
        return;
    }
    sodium_memzero(p->ddmm, sizeof p->ddmm);
    p->notice = SCREEN_NOTICE_DATE;
    sound(fx, SCREEN_SOUND_REFUSED);
}

static void type_digit(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    switch (p->state) {
    case PICKUP_DONE:
        go_home(l);
        ask_for_code(p, SCREEN_NOTICE_NONE, ev);
        type_code(l, key, ev, fx);
        break;
    case PICKUP_IDLE:
    case PICKUP_REFUSED:
        ask_for_code(p, SCREEN_NOTICE_NONE, ev);
        type_code(l, key, ev, fx);
        break;
    case PICKUP_CODE:
        type_code(l, key, ev, fx);
        break;
    case PICKUP_BIRTHDAY:
        type_birthday(l, key, ev, fx);
        break;
    case PICKUP_CHECKING:
    case PICKUP_WAIT:
    case PICKUP_MESSAGE:
    case PICKUP_DOOR:
    case PICKUP_STATE_N:
        break;
    }
}

static void clear(struct locker *l, const struct event *ev)
{
    struct pickup *p = &l->pickup;
    if (p->state == PICKUP_CODE && p->code[0] != '\0') {
        ask_for_code(p, SCREEN_NOTICE_NONE, ev);
    } else if (p->state == PICKUP_BIRTHDAY && p->ddmm[0] != '\0') {
        sodium_memzero(p->ddmm, sizeof p->ddmm);
        p->notice = SCREEN_NOTICE_NONE;
    } else if (p->state == PICKUP_BIRTHDAY) {
        ask_for_code(p, SCREEN_NOTICE_NONE, ev);
    } else if (p->state != PICKUP_CHECKING && p->state != PICKUP_DOOR) {
        go_home(l);
    }
}

/* ---------------------------------------------------------------- the door */

static struct record_actor actor_of(const struct pickup *p)
{
    struct record_actor actor = {.kind = p->by_token ? RECORD_ACTOR_TOKEN : RECORD_ACTOR_CODE};
    return actor;
}

static void refuse_by_gate(struct locker *l, enum gate gate, uint16_t blocker, const struct event *ev)
{
    struct pickup *p = &l->pickup;
    switch (gate) {
    case GATE_DOORS:
        show_message(p, SCREEN_DOORS, ev);
        p->blocker = blocker;
        break;
    case GATE_BUSY:
        ask_for_code(p, SCREEN_NOTICE_TRY_LATER, ev);
        break;
    case GATE_SUPPLY:
    case GATE_BOARD:
    case GATE_OPEN:
    case GATE_N:
        show_message(p, SCREEN_ASK, ev);
        break;
    }
}

/* The order that a right code or token names: may it be collected now? */
static bool lies_ready(const struct locker *l, const struct order *o, const struct event *ev)
{
    if (o->door == CABINET_NO_DOOR || !order_is_collectable(o) || floor_is_early(&l->floor, o->not_before_s) ||
        floor_is_past_lease(&l->floor, o->cls, o->loaded_ms) || !order_may_pulse(o, &ev->now, &l->floor))
        return false;
    const struct compartment *c = &l->compartment[o->door];
    return c->state == COMPARTMENT_LOADED && c->bound && c->load == o->load &&
           memcmp(c->order, o->id, CODE_ORDER_LEN) == 0;
}

static void hand_over(struct locker *l, uint16_t slot, bool by_token, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    struct order *o = &l->orders.slot[slot];
    if (!lies_ready(l, o, ev)) {
        show_message(p, SCREEN_ASK, ev);
        return;
    }
    uint16_t blocker;
    enum gate gate = gate_check(l, o->door, GATE_FOR_PICKUP, ev->now.boot_ms, &blocker);
    if (gate != GATE_OPEN) {
        refuse_by_gate(l, gate, blocker, ev);
        return;
    }
    wipe_entry(p);
    p->has_token = false;
    p->notice = SCREEN_NOTICE_NONE;
    p->order = slot;
    p->by_token = by_token;
    opening_reset(&p->opening);
    ledger_pickup_begin(l, slot, ev, fx);
    const struct record_actor actor = actor_of(p);
    gate_pulse(l, o->door, &p->opening, &actor, o, ev, fx);
    p->reference = p->opening.serial;
    enter(p, PICKUP_DOOR, ev, 0);
    sound(fx, SCREEN_SOUND_OK);
}

/* The pickup is over for this person; what the door did is not known. */
static void give_up(struct locker *l, enum compartment_cause cause, const struct event *ev, struct effects *fx)
{
    ledger_pickup_end(l, l->pickup.order, cause, fx);
    show_message(&l->pickup, SCREEN_HELP, ev);
}

static void retry(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    const struct order *o = &l->orders.slot[p->order];
    uint16_t blocker;
    if (o->end != ORDER_END_NONE || floor_is_expired(&l->floor, o->not_after_s) ||
        floor_is_past_lease(&l->floor, o->cls, o->loaded_ms) || !order_may_pulse(o, &ev->now, &l->floor)) {
        give_up(l, COMPARTMENT_UNCONFIRM, ev, fx);
        return;
    }
    enum gate gate = gate_check(l, o->door, GATE_FOR_PICKUP, ev->now.boot_ms, &blocker);
    if (gate == GATE_BUSY)
        return;
    if (gate != GATE_OPEN) {
        give_up(l, COMPARTMENT_UNCONFIRM, ev, fx);
        return;
    }
    ledger_pickup_again(l, p->order, ev, fx);
    const struct record_actor actor = actor_of(p);
    gate_pulse(l, o->door, &p->opening, &actor, o, ev, fx);
    p->reference = p->opening.serial;
    enter(p, PICKUP_DOOR, ev, 0);
}

static struct record *tell(const struct locker *l, enum record_kind kind, struct effects *fx)
{
    const struct pickup *p = &l->pickup;
    struct record *rec = effects_record(fx, kind, p->opening.door);
    ledger_name_order(&l->orders.slot[p->order], &rec->order);
    rec->pulse = p->opening.serial;
    rec->try = p->opening.pulses;
    return rec;
}

void pickup_on_news(struct locker *l, enum opening_news news, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    assert(p->state == PICKUP_DOOR);
    const struct record_actor actor = actor_of(p);
    switch (news) {
    case OPENING_NO_NEWS:
        break;
    case OPENING_HAS_OPENED:
        (void)tell(l, RECORD_OPENED, fx);
        enter(p, PICKUP_DOOR, ev, 0);
        sound(fx, SCREEN_SOUND_OPEN);
        break;
    case OPENING_HAS_CLOSED:
        (void)tell(l, RECORD_CLOSED, fx);
        ledger_collect(l, p->order, &p->opening, &actor, fx);
        enter(p, PICKUP_DONE, ev, PICKUP_DONE_MS);
        sound(fx, SCREEN_SOUND_OK);
        break;
    case OPENING_HAS_JAMMED:
        (void)tell(l, RECORD_JAMMED, fx);
        if (opening_may_retry(&p->opening) && l->orders.slot[p->order].pulses < ORDER_PULSES_MAX)
            enter(p, PICKUP_DOOR, ev, PICKUP_IDLE_MS);
        else
            give_up(l, COMPARTMENT_JAM, ev, fx);
        sound(fx, SCREEN_SOUND_REFUSED);
        break;
    }
}

void pickup_end(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    (void)ev;
    if (p->state == PICKUP_DOOR) {
        assert(p->opening.phase == OPENING_OPEN);
        ledger_pickup_end(l, p->order, COMPARTMENT_LEAVE, fx);
    }
    if (p->state == PICKUP_CHECKING)
        p->try_id = 0; /* its verdict finds nobody; the try stays counted */
    go_home(l);
}

void pickup_lose_door(struct locker *l, const struct event *ev, struct effects *fx)
{
    assert(l->pickup.state == PICKUP_DOOR);
    show_message(&l->pickup, SCREEN_HELP, ev);
    sound(fx, SCREEN_SOUND_REFUSED);
}

/* ---------------------------------------------------------------- events */

void pickup_on_key(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    sound(fx, SCREEN_SOUND_KEY);
    if (p->state == PICKUP_CODE || p->state == PICKUP_BIRTHDAY || p->state == PICKUP_REFUSED)
        enter(p, p->state, ev, PICKUP_IDLE_MS);
    if (key <= EVENT_KEY_9) {
        type_digit(l, key, ev, fx);
    } else if (key == EVENT_KEY_CLEAR) {
        clear(l, ev);
    } else if (key == EVENT_KEY_SHOW) {
        p->show = !p->show && (p->state == PICKUP_CODE || p->state == PICKUP_BIRTHDAY);
    } else if (key == EVENT_KEY_HELP) {
        if (p->state == PICKUP_DOOR && p->opening.phase == OPENING_JAMMED)
            give_up(l, COMPARTMENT_UNCONFIRM, ev, fx);
        else if (p->state != PICKUP_DOOR && p->state != PICKUP_CHECKING)
            show_message(p, SCREEN_HELP, ev);
    } else if (key == EVENT_KEY_OK) {
        if (p->state == PICKUP_IDLE || p->state == PICKUP_REFUSED)
            ask_for_code(p, SCREEN_NOTICE_NONE, ev);
        else if (p->state == PICKUP_MESSAGE || p->state == PICKUP_DONE)
            go_home(l);
        else if (p->state == PICKUP_DOOR && p->opening.phase == OPENING_JAMMED)
            retry(l, ev, fx);
    }
}

/* While a door is his or a try is running, a person cannot begin anew. */
static bool may_begin(struct locker *l)
{
    if (l->pickup.state == PICKUP_DONE)
        go_home(l);
    return l->pickup.state != PICKUP_DOOR && l->pickup.state != PICKUP_CHECKING;
}

void pickup_on_token(struct locker *l, const struct token_pickup *t, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    if (!may_begin(l))
        return;
    uint16_t slot = order_find(&l->orders, t->bind.order);
    const struct order *o = slot == ORDER_NONE ? NULL : &l->orders.slot[slot];
    if (o == NULL || memcmp(t->bind.locker, l->cabinet.id, CODE_LOCKER_LEN) != 0 || !order_is_collectable(o) ||
        o->load != t->bind.load || floor_is_expired(&l->floor, t->not_after_s) ||
        floor_is_expired(&l->floor, o->not_after_s)) {
        refuse(l, ev, fx);
    } else if (o->has_v1) {
        hand_over(l, slot, true, ev, fx);
    } else {
        p->has_token = true;
        p->token = t->bind;
        ask_for_code(p, SCREEN_NOTICE_NONE, ev);
    }
}

void pickup_on_bad_scan(struct locker *l, const struct event *ev, struct effects *fx)
{
    if (!may_begin(l))
        return;
    ask_for_code(&l->pickup, SCREEN_NOTICE_BAD_SCAN, ev);
    sound(fx, SCREEN_SOUND_REFUSED);
}

void pickup_on_verdict(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    if (p->state != PICKUP_CHECKING || ev->u.verdict.try_id != p->try_id)
        return;
    enum limiter_bucket bucket = p->with_birthday ? LIMITER_BOTH : LIMITER_CODE;
    if (ev->u.verdict.result != ERR_OK) {
        limiter_give_back(&l->limiter, bucket);
        fx->limiter = true;
        ask_for_code(p, SCREEN_NOTICE_TRY_LATER, ev);
        return;
    }
    uint16_t slot = ORDER_NONE;
    unsigned matches = order_match(&l->orders, &l->cabinet.key, l->cabinet.id, ev->u.verdict.a,
                                   p->with_birthday ? p->ddmm : NULL, &slot);
    sodium_memzero(p->ddmm, sizeof p->ddmm);
    const struct order *o = matches == 1 ? &l->orders.slot[slot] : NULL;
    bool other =
        o != NULL && p->has_token && (memcmp(o->id, p->token.order, CODE_ORDER_LEN) != 0 || o->load != p->token.load);
    if (o == NULL || other || floor_is_expired(&l->floor, o->not_after_s)) {
        refuse(l, ev, fx);
        locker_count_wrong(l, matches > 1, fx);
        return;
    }
    limiter_give_back(&l->limiter, bucket);
    fx->limiter = true;
    hand_over(l, slot, p->has_token, ev, fx);
}

static void time_is_up(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    if (p->state == PICKUP_CHECKING)
        ask_for_code(p, SCREEN_NOTICE_TRY_LATER, ev);
    else if (p->state == PICKUP_DOOR)
        give_up(l, COMPARTMENT_UNCONFIRM, ev, fx);
    else
        pickup_end(l, ev, fx);
}

void pickup_on_tick(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    if (p->state == PICKUP_WAIT && limiter_may(&l->limiter, LIMITER_BOTH))
        submit(l, ev, fx);
    if (p->state == PICKUP_DOOR)
        pickup_on_news(l, opening_on_tick(&p->opening, ev->now.boot_ms), ev, fx);
    if (p->until_ms != 0 && ev->now.boot_ms >= p->until_ms)
        time_is_up(l, ev, fx);
}

/* ---------------------------------------------------------------- screen */

static uint16_t seconds_left(int64_t until_ms, int64_t boot_ms)
{
    int64_t left_ms = until_ms > boot_ms ? until_ms - boot_ms : 0;
    return (uint16_t)((left_ms + 999) / 1000);
}

static void show_entry(const struct pickup *p, const char *entry, unsigned cap, struct screen *out)
{
    size_t len = strlen(entry);
    out->entry_len = (uint8_t)len;
    out->entry_cap = (uint8_t)cap;
    out->show = p->show;
    if (p->show)
        memcpy(out->digits, entry, len + 1);
}

static void show_opening(const struct locker *l, int64_t boot_ms, struct screen *out)
{
    const struct opening *o = &l->pickup.opening;
    static const enum screen_id ids[OPENING_PHASE_N] = {
        [OPENING_IDLE] = SCREEN_OPENING, [OPENING_PULSED] = SCREEN_OPENING, [OPENING_JAMMED] = SCREEN_JAM,
        [OPENING_OPEN] = SCREEN_OPEN,    [OPENING_CLOSED] = SCREEN_DONE,
    };
    out->id = ids[o->phase];
    if (o->phase == OPENING_OPEN && l->door[o->door].open_ms != 0 &&
        boot_ms - l->door[o->door].open_ms >= OPENING_BUZZER_MS)
        out->id = SCREEN_CLOSE;
    out->step = o->pulses;
    out->steps = OPENING_PULSES_MAX;
    locker_name_door(l, o->door, out);
}

void pickup_screen(const struct locker *l, int64_t boot_ms, struct screen *out)
{
    static const enum screen_id ids[PICKUP_STATE_N] = {
        [PICKUP_IDLE] = SCREEN_START,
        [PICKUP_CODE] = SCREEN_CODE,
        [PICKUP_BIRTHDAY] = SCREEN_BIRTHDAY,
        [PICKUP_CHECKING] = SCREEN_CHECKING,
        [PICKUP_REFUSED] = SCREEN_REFUSED,
        [PICKUP_WAIT] = SCREEN_WAIT,
        [PICKUP_MESSAGE] = SCREEN_OUT_OF_SERVICE,
        [PICKUP_DOOR] = SCREEN_OPENING,
        [PICKUP_DONE] = SCREEN_DONE,
    };
    const struct pickup *p = &l->pickup;
    out->id = ids[p->state];
    out->notice = p->notice;
    if (p->state != PICKUP_IDLE && p->state != PICKUP_REFUSED)
        out->reference = p->reference;
    if (p->state == PICKUP_CODE)
        show_entry(p, p->code, CODE_DIGITS, out);
    if (p->state == PICKUP_BIRTHDAY)
        show_entry(p, p->ddmm, DDMM_DIGITS, out);
    if (p->until_ms != 0 && p->until_ms - boot_ms <= LAST_SECONDS_MS &&
        (p->state == PICKUP_CODE || p->state == PICKUP_BIRTHDAY || p->state == PICKUP_REFUSED))
        out->seconds = seconds_left(p->until_ms, boot_ms);
    if (p->state == PICKUP_WAIT)
        out->seconds = (uint16_t)limiter_wait_s(&l->limiter, LIMITER_BOTH);
    if (p->state == PICKUP_MESSAGE) {
        out->id = p->message;
        if (p->message == SCREEN_DOORS)
            locker_name_door(l, p->blocker, out);
    }
    if (p->state == PICKUP_DOOR)
        show_opening(l, boot_ms, out);
}
