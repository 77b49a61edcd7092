/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/pickup.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "controller/choice.h"
#include "controller/complaint.h"
#include "controller/handover.h"
#include "controller/ledger.h"
#include "controller/locker.h"
#include "controller/offer.h"

#define DDMM_DIGITS 4u

/* How long this screen stays without a key; 0: until something happens. */
static int64_t stay_ms(const struct pickup *p)
{
    static const int64_t stays_ms[PICKUP_STATE_N] = {
        [PICKUP_CODE] = PICKUP_IDLE_MS,    [PICKUP_BIRTHDAY] = PICKUP_IDLE_MS, [PICKUP_CHECKING] = PICKUP_STRETCH_MS,
        [PICKUP_REFUSED] = PICKUP_IDLE_MS, [PICKUP_WAIT] = PICKUP_IDLE_MS,     [PICKUP_MESSAGE] = PICKUP_MESSAGE_MS,
        [PICKUP_DONE] = PICKUP_DONE_MS,    [PICKUP_NEXT] = PICKUP_IDLE_MS,     [PICKUP_REMOTE] = PICKUP_IDLE_MS,
        [PICKUP_AWAIT] = REMOTE_ANSWER_MS,
    };
    bool waits = p->over != PICKUP_OVER_NONE || (p->state == PICKUP_DOOR && p->opening.phase == OPENING_JAMMED) ||
                 (p->state == PICKUP_IDLE && p->chose_language);
    return waits ? PICKUP_IDLE_MS : stays_ms[p->state];
}

/* The time is that of a person, who may want more of it. */
static bool is_of_person(const struct pickup *p)
{
    return p->over != PICKUP_OVER_NONE || p->state == PICKUP_CODE || p->state == PICKUP_BIRTHDAY ||
           p->state == PICKUP_REFUSED || p->state == PICKUP_MESSAGE || p->state == PICKUP_DONE ||
           p->state == PICKUP_NEXT || p->state == PICKUP_REMOTE ||
           (p->state == PICKUP_DOOR && p->opening.phase == OPENING_JAMMED);
}

bool pickup_answers_key(const struct pickup *p)
{
    return p->notice == SCREEN_NOTICE_EXTENDED || p->notice == SCREEN_NOTICE_NO_DIGIT;
}

static void restart_time(struct pickup *p, const struct event *ev)
{
    int64_t for_ms = stay_ms(p);
    p->until_ms = for_ms == 0 ? 0 : ev->now.boot_ms + for_ms;
    p->warned = false;
    if (pickup_answers_key(p))
        p->notice = SCREEN_NOTICE_NONE;
}

void pickup_enter(struct pickup *p, enum pickup_state state, const struct event *ev)
{
    p->state = state;
    pickup_lay_over(p, PICKUP_OVER_NONE, ev);
}

void pickup_lay_over(struct pickup *p, enum pickup_over over, const struct event *ev)
{
    p->over = over;
    restart_time(p, ev);
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

void pickup_go_home(struct locker *l)
{
    struct pickup *p = &l->pickup;
    wipe_entry(p);
    memset(p, 0, sizeof *p);
    p->state = PICKUP_IDLE;
    l->language = l->cabinet.language;
}

void pickup_go_back(struct locker *l, const struct event *ev)
{
    enum language language = l->language;
    bool chosen = l->pickup.chose_language;
    pickup_go_home(l);
    if (chosen)
        choice_keep(l, language, ev);
}

void pickup_ask(struct pickup *p, enum screen_notice notice, const struct event *ev)
{
    wipe_entry(p);
    p->notice = notice;
    pickup_enter(p, PICKUP_CODE, ev);
}

/* Whoever cannot go on has something to tell on the telephone, also when no lock was pulsed. */
static void refer(struct pickup *p, const struct event *ev)
{
    if (p->reference == 0)
        p->reference = screen_reference(ev->now.wall_ms);
}

void pickup_forget_entry(struct pickup *p)
{
    wipe_entry(p);
    memset(&p->paper, 0, sizeof p->paper);
    p->notice = SCREEN_NOTICE_NONE;
}

void pickup_show(struct pickup *p, enum screen_id message, const struct event *ev)
{
    pickup_forget_entry(p);
    refer(p, ev);
    p->message = message;
    pickup_enter(p, PICKUP_MESSAGE, ev);
}

/* The one refusal there is, whatever was wrong. */
static void refuse(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    pickup_forget_entry(p);
    refer(p, ev);
    memset(&p->visit, 0, sizeof p->visit);
    p->after_refusal = true;
    l->refused++;
    pickup_enter(p, PICKUP_REFUSED, ev);
    sound(fx, SCREEN_SOUND_REFUSED);
}

bool pickup_is_active(const struct pickup *p)
{
    return p->state != PICKUP_IDLE || p->over != PICKUP_OVER_NONE;
}

void pickup_go_on(struct locker *l, const struct event *ev)
{
    struct pickup *p = &l->pickup;
    p->next = visit_go_on(l, ev);
    if (p->next != ORDER_NONE)
        pickup_enter(p, PICKUP_NEXT, ev);
    else if (p->state == PICKUP_MESSAGE && p->message == SCREEN_REPORTED)
        pickup_go_home(l); /* that was the last word */
    else if (p->state == PICKUP_MESSAGE)
        pickup_go_back(l, ev);
    else
        pickup_enter(p, PICKUP_DONE, ev);
}

/* ---------------------------------------------------------------- typing */

static bool wants_birthday(const struct locker *l)
{
    return l->pickup.after_refusal || l->pickup.paper.is_there || limiter_mode(&l->limiter) != LIMITER_NORMAL;
}

/* Code, and birthday if it was asked for, are complete: take the try, then compute. */
static void submit(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    enum limiter_bucket bucket = p->ddmm[0] != '\0' ? LIMITER_BOTH : LIMITER_CODE;
    if (!limiter_take(&l->limiter, bucket)) {
        refer(p, ev);
        pickup_enter(p, PICKUP_WAIT, ev);
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
    pickup_enter(p, PICKUP_CHECKING, ev);
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
        pickup_ask(p, SCREEN_NOTICE_TYPO, ev);
        sound(fx, SCREEN_SOUND_REFUSED);
    } else if (wants_birthday(l)) {
        pickup_enter(p, PICKUP_BIRTHDAY, ev);
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
    if (p->state == PICKUP_BIRTHDAY) {
        type_birthday(l, key, ev, fx);
        return;
    }
    if (p->state == PICKUP_DONE)
        pickup_go_home(l);
    if (p->state != PICKUP_CODE)
        pickup_ask(p, SCREEN_NOTICE_NONE, ev);
    type_code(l, key, ev, fx);
}

/* This digit is typed, or chooses something, on what is shown now. */
static bool takes_digit(const struct pickup *p, enum event_key key)
{
    static const bool types[PICKUP_STATE_N] = {
        [PICKUP_IDLE] = true,    [PICKUP_CODE] = true, [PICKUP_BIRTHDAY] = true,
        [PICKUP_REFUSED] = true, [PICKUP_DONE] = true,
    };
    if (p->over == PICKUP_OVER_LANGUAGES)
        return choice_takes(key);
    return p->over == PICKUP_OVER_NONE ? types[p->state] : complaint_takes(p, key);
}

/* It is part of nothing. Whoever waits for a key hears so; what the locker does by itself is not talked over. */
static void refuse_digit(struct pickup *p, struct effects *fx)
{
    if (!is_of_person(p) && p->state != PICKUP_WAIT)
        return;
    p->notice = SCREEN_NOTICE_NO_DIGIT;
    sound(fx, SCREEN_SOUND_REFUSED);
}

static void clear(struct locker *l, const struct event *ev)
{
    struct pickup *p = &l->pickup;
    if (p->state == PICKUP_CODE && p->code[0] != '\0') {
        pickup_ask(p, SCREEN_NOTICE_NONE, ev);
    } else if (p->state == PICKUP_BIRTHDAY && p->ddmm[0] != '\0') {
        sodium_memzero(p->ddmm, sizeof p->ddmm);
        p->notice = SCREEN_NOTICE_NONE;
    } else if (p->state == PICKUP_BIRTHDAY) {
        pickup_ask(p, SCREEN_NOTICE_NONE, ev);
    } else if (p->state == PICKUP_REMOTE) {
        pickup_go_back(l, ev); /* no to the offer, not to the kiosk */
    } else if (p->state != PICKUP_CHECKING && p->state != PICKUP_DOOR) {
        pickup_go_home(l);
    }
}

/* ---------------------------------------------------------------- the end */

void pickup_end(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    (void)ev;
    if (p->state == PICKUP_DOOR) {
        assert(p->opening.phase == OPENING_OPEN);
        if (!p->complained) /* else it ended with the report */
            ledger_pickup_end(l, p->order, COMPARTMENT_LEAVE, fx);
    }
    if (p->state == PICKUP_CHECKING)
        p->try_id = 0; /* its verdict finds nobody; the try stays counted */
    pickup_go_home(l);
}

/* ---------------------------------------------------------------- events */

static bool is_jammed(const struct pickup *p)
{
    return p->state == PICKUP_DOOR && p->opening.phase == OPENING_JAMMED;
}

static void on_help(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    if (complaint_is_possible(p))
        complaint_ask(l, ev);
    else if (is_jammed(p))
        handover_give_up(l, COMPARTMENT_UNCONFIRM, ev, fx);
    else if (p->state != PICKUP_DOOR && p->state != PICKUP_CHECKING)
        pickup_show(p, SCREEN_HELP, ev);
}

static void on_ok(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    if (p->state == PICKUP_IDLE || p->state == PICKUP_REFUSED)
        pickup_ask(p, SCREEN_NOTICE_NONE, ev);
    else if (p->state == PICKUP_MESSAGE)
        pickup_go_on(l, ev);
    else if (p->state == PICKUP_DONE)
        pickup_go_home(l);
    else if (p->state == PICKUP_NEXT)
        handover_next(l, ev, fx);
    else if (p->state == PICKUP_REMOTE)
        offer_accept(l, ev, fx);
    else if (is_jammed(p))
        handover_retry(l, ev, fx);
}

static void on_own_key(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    if (key <= EVENT_KEY_9)
        type_digit(l, key, ev, fx);
    else if (key == EVENT_KEY_CLEAR)
        clear(l, ev);
    else if (key == EVENT_KEY_SHOW)
        p->show = !p->show && (p->state == PICKUP_CODE || p->state == PICKUP_BIRTHDAY);
    else if (key == EVENT_KEY_HELP)
        on_help(l, ev, fx);
    else if (key == EVENT_KEY_OK)
        on_ok(l, ev, fx);
    else
        choice_ask(l, ev); /* LANGUAGE; REPEAT does not come here */
}

/* In the last seconds of a screen OK means more time, unless it is how people go on there. */
static bool wants_time(const struct pickup *p, enum event_key key)
{
    bool is_free = p->over != PICKUP_OVER_NONE || p->state == PICKUP_CODE || p->state == PICKUP_BIRTHDAY ||
                   p->state == PICKUP_MESSAGE;
    return key == EVENT_KEY_REPEAT || (key == EVENT_KEY_OK && p->warned && is_free);
}

void pickup_on_key(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    const enum pickup_state state = p->state;
    const enum pickup_over over = p->over;
    const enum opening_phase phase = p->opening.phase;
    const bool warned = p->warned;
    bool more = wants_time(p, key);
    sound(fx, SCREEN_SOUND_KEY);
    if (is_of_person(p))
        restart_time(p, ev);
    if (key <= EVENT_KEY_9 && !takes_digit(p, key)) {
        refuse_digit(p, fx);
    } else if (!more && p->over == PICKUP_OVER_LANGUAGES && key != EVENT_KEY_HELP) {
        choice_on_key(l, key, ev);
    } else if (!more && p->over != PICKUP_OVER_NONE && p->over != PICKUP_OVER_LANGUAGES && key != EVENT_KEY_LANGUAGE) {
        complaint_on_key(l, key, ev, fx);
    } else if (!more) {
        on_own_key(l, key, ev, fx);
    }
    if (warned && p->state == state && p->over == over && p->opening.phase == phase && p->notice == SCREEN_NOTICE_NONE)
        p->notice = SCREEN_NOTICE_EXTENDED;
}

/* While a door is his or a try is running, a person cannot begin anew. */
static bool may_begin(struct locker *l, const struct event *ev)
{
    const struct pickup *p = &l->pickup;
    if (p->state == PICKUP_DONE)
        pickup_go_home(l);
    else if (p->state == PICKUP_NEXT)
        pickup_go_back(l, ev);
    return p->state != PICKUP_DOOR && p->state != PICKUP_CHECKING && p->state != PICKUP_AWAIT;
}

/* What a paper or a right code is worth. */
static void on_claim(struct locker *l, enum claim_verdict verdict, const struct claim *claim, const struct event *ev,
                     struct effects *fx)
{
    struct pickup *p = &l->pickup;
    switch (verdict) {
    case CLAIM_YES:
        handover_begin(l, claim->slot, &claim->visit, ev, fx);
        break;
    case CLAIM_NOTHING:
        pickup_forget_entry(p);
        pickup_ask(p, SCREEN_NOTICE_NOTHING, ev);
        sound(fx, SCREEN_SOUND_REFUSED);
        break;
    case CLAIM_WANTS_BOTH:
        choice_offer(l, l->orders.slot[claim->slot].language);
        pickup_ask(p, SCREEN_NOTICE_NONE, ev);
        break;
    case CLAIM_NO:
    case CLAIM_VERDICT_N:
        refuse(l, ev, fx);
        break;
    }
}

void pickup_on_token(struct locker *l, const struct token_pickup *t, const struct event *ev, struct effects *fx)
{
    struct claim claim;
    if (!may_begin(l, ev))
        return;
    enum claim_verdict v = claim_by_token(l, t, &claim, &l->pickup.paper);
    on_claim(l, v, &claim, ev, fx);
}

void pickup_on_card(struct locker *l, const struct token_carer *t, const struct event *ev, struct effects *fx)
{
    struct claim claim;
    if (!may_begin(l, ev))
        return;
    enum claim_verdict v = claim_by_card(l, t, ev, &claim, &l->pickup.paper);
    on_claim(l, v, &claim, ev, fx);
}

void pickup_on_bad_scan(struct locker *l, const struct event *ev, struct effects *fx)
{
    if (l->pickup.state == PICKUP_NEXT || l->pickup.state == PICKUP_REMOTE) {
        pickup_enter(&l->pickup, l->pickup.state, ev);
        l->pickup.notice = SCREEN_NOTICE_BAD_SCAN; /* the next bag, or the offer, is not lost for it */
        sound(fx, SCREEN_SOUND_REFUSED);
        return;
    }
    if (!may_begin(l, ev))
        return;
    pickup_ask(&l->pickup, SCREEN_NOTICE_BAD_SCAN, ev);
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
        pickup_ask(p, SCREEN_NOTICE_TRY_LATER, ev);
        return;
    }
    struct claim claim;
    enum claim_verdict v = claim_by_code(l, ev->u.verdict.a, p->with_birthday ? p->ddmm : NULL, &p->paper, ev, &claim);
    sodium_memzero(p->ddmm, sizeof p->ddmm);
    if (v != CLAIM_YES && v != CLAIM_NOTHING) {
        refuse(l, ev, fx);
        locker_count_wrong(l, claim.suspicious, fx);
        return;
    }
    limiter_give_back(&l->limiter, bucket);
    fx->limiter = true;
    on_claim(l, v, &claim, ev, fx);
}

static void time_is_up(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    if (p->over == PICKUP_OVER_LANGUAGES)
        choice_on_key(l, EVENT_KEY_OK, ev);
    else if (p->over != PICKUP_OVER_NONE)
        pickup_lay_over(p, PICKUP_OVER_NONE, ev);
    else if (p->state == PICKUP_CHECKING)
        pickup_ask(p, SCREEN_NOTICE_TRY_LATER, ev);
    else if (p->state == PICKUP_DOOR)
        handover_give_up(l, COMPARTMENT_UNCONFIRM, ev, fx);
    else if (p->state == PICKUP_REMOTE || p->state == PICKUP_AWAIT)
        offer_time_is_up(l, ev, fx);
    else
        pickup_end(l, ev, fx);
}

static void warn(struct pickup *p, const struct event *ev, struct effects *fx)
{
    if (p->warned || !is_of_person(p) || (p->state == PICKUP_DONE && p->over == PICKUP_OVER_NONE) ||
        p->until_ms - ev->now.boot_ms > PICKUP_WARN_MS)
        return;
    p->warned = true;
    if (pickup_answers_key(p))
        p->notice = SCREEN_NOTICE_NONE;
    sound(fx, SCREEN_SOUND_WARN);
}

void pickup_on_tick(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    if (p->state == PICKUP_WAIT && limiter_may(&l->limiter, LIMITER_BOTH))
        submit(l, ev, fx);
    if (p->state == PICKUP_DOOR)
        handover_on_news(l, opening_on_tick(&p->opening, ev->now.boot_ms), ev, fx);
    if (p->state == PICKUP_NEXT && p->over == PICKUP_OVER_NONE && !visit_covers(l, p->next, ev))
        pickup_go_on(l, ev); /* withdrawn meanwhile, or its time is over */
    if (p->until_ms != 0 && ev->now.boot_ms >= p->until_ms)
        time_is_up(l, ev, fx);
    else
        warn(p, ev, fx);
}
