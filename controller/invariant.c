/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/invariant.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "controller/commission.h"
#include "controller/gate.h"
#include "controller/ledger.h"

/* ---------------------------------------------------------------- questions */

static const struct effect *pulse_in(const struct world *w)
{
    for (unsigned i = 0; w->effects != NULL && i < w->effects->effects; i++) {
        if (w->effects->effect[i].kind == EFFECT_PULSE)
            return &w->effects->effect[i];
    }
    return NULL;
}

static const struct record *record_in(const struct world *w, enum record_kind kind)
{
    for (unsigned i = 0; w->effects != NULL && i < w->effects->records; i++) {
        if (w->effects->record[i].kind == kind)
            return &w->effects->record[i];
    }
    return NULL;
}

/* Somebody who collects, not staff at the locker. */
static bool is_patient(const struct record *pulsed)
{
    return pulsed->actor.kind == RECORD_ACTOR_CODE || pulsed->actor.kind == RECORD_ACTOR_TOKEN ||
           pulsed->actor.kind == RECORD_ACTOR_CARER || pulsed->actor.kind == RECORD_ACTOR_REMOTE;
}

/* The intent of a patient's pulse in this decision, NULL when there is none. */
static const struct record *patient_pulse(const struct world *w)
{
    const struct record *rec = pulse_in(w) != NULL ? record_in(w, RECORD_PULSED) : NULL;
    return rec != NULL && is_patient(rec) ? rec : NULL;
}

static const struct order *order_of(const struct world *w, const struct record *rec)
{
    uint16_t slot = rec->order.present ? order_find(&w->locker->orders, rec->order.id) : ORDER_NONE;
    return slot == ORDER_NONE ? NULL : &w->locker->orders.slot[slot];
}

static const struct invariant_history *history_of(const struct ghost *g, const uint8_t order[CODE_ORDER_LEN],
                                                  uint32_t load)
{
    for (unsigned i = 0; i < g->histories; i++) {
        if (g->history[i].load == load && memcmp(g->history[i].order, order, CODE_ORDER_LEN) == 0)
            return &g->history[i];
    }
    return NULL;
}

static bool binds(const struct compartment *c, const struct order *o)
{
    return c->bound && c->load == o->load && memcmp(c->order, o->id, CODE_ORDER_LEN) == 0;
}

/* ---------------------------------------------------------------- authorisation */

static int inv_01(const struct world *w)
{
    const struct effect *pulse = pulse_in(w);
    if (pulse == NULL)
        return 1;
    const struct record *rec = record_in(w, RECORD_PULSED);
    if (rec == NULL || rec->pulse != pulse->u.pulse.serial || rec->door != pulse->u.pulse.door ||
        rec->actor.kind == RECORD_ACTOR_NONE || !w->effects->meta)
        return 0;
    enum compartment_state s = w->locker->compartment[rec->door].state;
    return s == COMPARTMENT_OPENING || s == COMPARTMENT_LOADING || s == COMPARTMENT_CHECK;
}

/* Not by a code or token of its own: the same door again, or the next bag of the same person in the same visit. */
static bool follows(const struct world *w, const struct order *o)
{
    const struct ghost *g = w->ghost;
    bool by_key = w->event->kind == EVENT_KEY || (w->event->kind == EVENT_SCAN && w->event->u.scan.kind == TOKEN_KEY);
    if (g == NULL || !by_key)
        return true;
    if (!g->visited.present)
        return false;
    if (g->visited.load == o->load && memcmp(g->visited.id, o->id, CODE_ORDER_LEN) == 0)
        return true;
    return o->pulses == 1 && sodium_is_zero(g->person, sizeof g->person) == 0 &&
           memcmp(g->person, o->person, sizeof g->person) == 0;
}

static int inv_02(const struct world *w)
{
    const struct record *rec = patient_pulse(w);
    if (rec == NULL)
        return 1;
    const struct order *o = order_of(w, rec);
    return o != NULL && o->state == ORDER_OPENING && o->load == rec->order.load && o->door == rec->door &&
           w->locker->compartment[rec->door].state == COMPARTMENT_OPENING &&
           binds(&w->locker->compartment[rec->door], o) && follows(w, o);
}

static int inv_03(const struct world *w)
{
    const struct record *rec = patient_pulse(w);
    if (rec == NULL || w->ghost == NULL)
        return 1;
    const struct invariant_history *h = history_of(w->ghost, rec->order.id, rec->order.load);
    return h == NULL || h->door == CABINET_NO_DOOR || h->door == rec->door;
}

static int inv_04(const struct world *w)
{
    for (unsigned i = 0; i < ORDER_SLOTS; i++) {
        if (w->locker->orders.slot[i].pulses > ORDER_PULSES_MAX)
            return 0;
    }
    const struct record *rec = patient_pulse(w);
    const struct order *o = rec == NULL ? NULL : order_of(w, rec);
    if (o == NULL)
        return rec == NULL;
    int64_t elapsed_ms = o->first_pulse_boot == w->event->now.boot
                             ? w->event->now.boot_ms - o->first_pulse_boot_ms
                             : floor_now_ms(&w->locker->floor) - o->first_pulse_ms;
    const struct invariant_history *h = w->ghost == NULL ? NULL : history_of(w->ghost, rec->order.id, rec->order.load);
    return o->pulses >= 1 && elapsed_ms <= ORDER_GRACE_MS && (h == NULL || (h->pulses + 1 == o->pulses && !h->ended));
}

static int inv_05(const struct world *w)
{
    unsigned pulses = 0;
    for (unsigned i = 0; w->effects != NULL && i < w->effects->effects; i++)
        pulses += w->effects->effect[i].kind == EFFECT_PULSE ? 1u : 0u;
    if (pulses == 0)
        return 1;
    const struct locker *l = w->locker;
    uint16_t door = pulse_in(w)->u.pulse.door;
    bool inspection = l->compartment[door].state == COMPARTMENT_CHECK;
    for (uint16_t i = 0; i < l->cabinet.doors && !inspection; i++) {
        if (locker_contact(l, i) != HW_DOOR_CLOSED && !locker_is_given_up(l, i))
            return 0;
    }
    return pulses == 1 && (w->ghost == NULL || w->event->now.boot != w->ghost->boot ||
                           w->event->now.boot_ms >= w->ghost->coil_until_ms);
}

static int inv_07(const struct world *w)
{
    const struct record *rec = patient_pulse(w);
    if (rec == NULL)
        return 1;
    const struct locker *l = w->locker;
    const struct order *o = order_of(w, rec);
    return o != NULL && o->end == ORDER_END_NONE && !floor_is_expired(&l->floor, o->not_after_s) &&
           !floor_is_early(&l->floor, o->not_before_s) && !floor_is_past_lease(&l->floor, o->cls, o->loaded_ms);
}

/* A try is counted before it is computed: whoever cuts the power in between has used it up. */
static bool is_try_counted(const struct world *w)
{
    bool computes = false;
    for (unsigned i = 0; w->effects != NULL && i < w->effects->effects; i++)
        computes = computes || w->effects->effect[i].kind == EFFECT_STRETCH;
    return !computes || w->effects->limiter;
}

static int inv_08(const struct world *w)
{
    if (!is_try_counted(w))
        return 0;
    if (w->ghost == NULL)
        return 1;
    /* A try is taken some seconds before it is noted; time may have been credited since. */
    if (w->ghost->spent_ms[LIMITER_CODE] > LIMITER_TOKENS * LIMITER_CODE_MS + PICKUP_STRETCH_MS ||
        w->ghost->spent_ms[LIMITER_BOTH] > LIMITER_TOKENS * LIMITER_BOTH_MS + PICKUP_STRETCH_MS)
        return 0;
    uint64_t run_ms = (uint64_t)w->ghost->run_ms;
    return w->ghost->evaluated[LIMITER_CODE] <= LIMITER_TOKENS + run_ms / LIMITER_CODE_MS &&
           w->ghost->evaluated[LIMITER_BOTH] <= LIMITER_TOKENS + run_ms / LIMITER_BOTH_MS;
}

/* The answer to the one challenge that is open: of this start, in time, about the same thing. */
static bool answers_the_challenge(const struct world *w, const struct record *rec)
{
    const struct remote_answer *a = &w->event->u.answer;
    bool same = rec->actor.kind == RECORD_ACTOR_REMOTE && rec->try == 1 && rec->door == a->offer.door &&
                memcmp(rec->actor.staff, a->staff, RECORD_STAFF_LEN) == 0 &&
                memcmp(rec->order.id, a->offer.order, CODE_ORDER_LEN) == 0 && rec->order.load == a->offer.load;
    if (!same || w->ghost == NULL)
        return same;
    const struct remote *c = &w->ghost->challenge;
    return c->state == REMOTE_CHALLENGED && w->ghost->boot == w->event->now.boot &&
           memcmp(c->nonce, a->nonce, REMOTE_NONCE_LEN) == 0 && remote_offer_equal(&c->offer, &a->offer) &&
           w->event->now.boot_ms - c->challenged_ms <= REMOTE_ANSWER_MS;
}

/* Somebody who stands there pressed a key, or scanned the card of one. */
static bool is_key(const struct event *ev, enum event_key key)
{
    return (ev->kind == EVENT_KEY && ev->u.key == key) ||
           (ev->kind == EVENT_SCAN && ev->u.scan.kind == TOKEN_KEY && ev->u.scan.u.key.key == key);
}

static bool challenges(const struct world *w)
{
    for (unsigned i = 0; w->effects != NULL && i < w->effects->effects; i++) {
        if (w->effects->effect[i].kind == EFFECT_RPC && w->effects->effect[i].u.rpc.is_challenge)
            return true;
    }
    return false;
}

/* Of the order whose door was opened last in the visit that goes on. */
static bool is_visited(const struct world *w, const struct record *rec)
{
    const struct ghost *g = w->ghost;
    return g == NULL || (g->visited.present && g->visited.load == rec->order.load &&
                         memcmp(g->visited.id, rec->order.id, CODE_ORDER_LEN) == 0);
}

static int inv_09(const struct world *w)
{
    const struct record *rec = pulse_in(w) != NULL ? record_in(w, RECORD_PULSED) : NULL;
    if (challenges(w) && !is_key(w->event, EVENT_KEY_OK))
        return 0;
    if (rec == NULL)
        return pulse_in(w) == NULL;
    if (w->event->kind == EVENT_OPEN_ANSWER)
        return answers_the_challenge(w, rec);
    if (rec->actor.kind == RECORD_ACTOR_REMOTE) /* a jam: the person who stands there tries the same door again */
        return is_key(w->event, EVENT_KEY_OK) && rec->try > 1 && is_visited(w, rec);
    return w->event->kind == EVENT_KEY || w->event->kind == EVENT_SCAN || w->event->kind == EVENT_VERDICT;
}

static int inv_10(const struct world *w)
{
    const struct record *rec = pulse_in(w) != NULL ? record_in(w, RECORD_PULSED) : NULL;
    if (rec == NULL || is_patient(rec))
        return 1;
    const struct staff *s = &w->locker->staff;
    return rec->actor.kind == RECORD_ACTOR_STAFF && staff_is_entered(s) &&
           memcmp(rec->actor.staff, s->badge.staff, RECORD_STAFF_LEN) == 0 && s->until_ms > w->event->now.boot_ms &&
           s->until_ms - w->event->now.boot_ms <= STAFF_IDLE_MS &&
           !badge_is_refused(&w->locker->badges, s->badge.badge);
}

/* A failed commit stops the caller before it acts; here: the pulse is in a list that must be committed. */
static int inv_11(const struct world *w)
{
    return pulse_in(w) == NULL || (effects_are_durable(w->effects) && w->effects->records > 0);
}

static int inv_12(const struct world *w)
{
    for (unsigned i = 0; i < ORDER_SLOTS; i++) {
        const struct order *o = &w->locker->orders.slot[i];
        if (!o->used)
            continue;
        bool ended = o->state == ORDER_DONE || o->state == ORDER_VOID;
        if (ended && (sodium_is_zero(o->v1, CODE_MAC_LEN) != 1 || sodium_is_zero(o->v2, CODE_MAC_LEN) != 1))
            return 0;
        if (!ended && w->ghost != NULL) {
            const struct invariant_history *h = history_of(w->ghost, o->id, o->load);
            if (h != NULL && h->ended)
                return 0;
        }
    }
    for (unsigned i = 0; i < CARER_SLOTS; i++) {
        const struct carer *c = &w->locker->carers.slot[i];
        if (c->used && c->state != CARER_GRANTED &&
            (sodium_is_zero(c->v1, CODE_MAC_LEN) != 1 || sodium_is_zero(c->v2, CODE_MAC_LEN) != 1))
            return 0;
    }
    return 1;
}

/* After the one that fitted began to open, nothing else fits the same code. */
static int inv_13(const struct world *w)
{
    const struct locker *l = w->locker;
    const struct record *rec = patient_pulse(w);
    uint16_t slot;
    if (rec == NULL || w->event->kind != EVENT_VERDICT || l->pickup.with_birthday)
        return 1;
    unsigned own = rec->actor.kind == RECORD_ACTOR_CARER ? 1 : 0; /* a standing right fits on */
    return order_match(&l->orders, &l->cabinet.key, l->cabinet.id, w->event->u.verdict.a, NULL, &slot) == 0 &&
           carer_match(&l->carers, &l->cabinet.key, l->cabinet.id, w->event->u.verdict.a, NULL, &slot) == own;
}

static int inv_31(const struct world *w)
{
    const struct record *rec = patient_pulse(w);
    if (rec == NULL || rec->actor.kind != RECORD_ACTOR_CARER)
        return 1;
    const struct floor *f = &w->locker->floor;
    const struct order *o = order_of(w, rec);
    const struct carer *c = carer_find(&w->locker->carers, rec->actor.carer);
    if (o == NULL || floor_is_expired(f, w->locker->pickup.visit.not_after_s) ||
        (c != NULL && (c->state != CARER_GRANTED || !carer_covers(&c->right, o))))
        return 0;
    if (w->event->kind == EVENT_VERDICT && !w->locker->pickup.with_birthday) /* no card was scanned before */
        return c != NULL && !floor_is_expired(f, c->right.not_after_s);
    if (w->event->kind != EVENT_SCAN || is_key(w->event, EVENT_KEY_OK))
        return 1;
    struct carer_right card;
    carer_right_of_card(&card, &w->event->u.scan.u.carer);
    return w->event->u.scan.kind == TOKEN_CARER && carer_covers(&card, o) && !floor_is_expired(f, card.not_after_s) &&
           memcmp(card.id, rec->actor.carer, CODE_CARER_LEN) == 0;
}

/* ---------------------------------------------------------------- content */

/* An inspection that left the bag where it was. */
static const struct record *kept_in(const struct world *w)
{
    const struct record *rec = record_in(w, RECORD_COMPARTMENT_CHANGED);
    return rec != NULL && rec->u.changed.cause == COMPARTMENT_KEEP ? rec : NULL;
}

/* rec made its compartment LOADED: what lies there is what it is bound to. */
static bool holds_its_bag(const struct world *w, const struct record *rec)
{
    if (rec == NULL || w->ghost == NULL || w->ghost->excused[rec->door])
        return true;
    const struct invariant_content *is = &w->ghost->content[rec->door];
    const struct compartment *c = &w->locker->compartment[rec->door];
    return is->full && c->bound && is->load == c->load && memcmp(is->order, c->order, CODE_ORDER_LEN) == 0;
}

static int inv_14(const struct world *w)
{
    for (uint16_t i = 0; i < w->locker->cabinet.doors; i++) {
        if (compartment_is_offered(&w->locker->compartment[i]) && w->locker->compartment[i].bound)
            return 0;
        if (w->ghost != NULL && compartment_is_offered(&w->locker->compartment[i]) && w->ghost->content[i].full &&
            !w->ghost->excused[i])
            return 0;
    }
    return holds_its_bag(w, record_in(w, RECORD_LOADED)) && holds_its_bag(w, kept_in(w));
}

/* Seen empty, or seen to hold what belongs there. */
static bool is_looked_into(const struct record *rec)
{
    return rec->kind == RECORD_COMPARTMENT_CHANGED &&
           (rec->u.changed.cause == COMPARTMENT_EMPTY || rec->u.changed.cause == COMPARTMENT_KEEP);
}

/* What somebody said is wrong is for people to look at, from that word on and over every start. */
static bool is_set_aside(const struct world *w, uint16_t door)
{
    const struct compartment before = {.state = w->ghost->before[door]};
    return !w->ghost->reported[door] || compartment_needs_people(&before) ||
           compartment_needs_people(&w->locker->compartment[door]);
}

static int inv_15(const struct world *w)
{
    for (unsigned i = 0; w->effects != NULL && w->ghost != NULL && i < w->effects->records; i++) {
        const struct record *rec = &w->effects->record[i];
        if (rec->kind != RECORD_COMPARTMENT_CHANGED)
            continue;
        const struct compartment c = {.state = rec->u.changed.state};
        struct compartment before = {.state = w->ghost->before[rec->door]};
        if (!compartment_needs_people(&before) || compartment_needs_people(&c))
            continue;
        if (!is_looked_into(rec) || before.state != COMPARTMENT_CHECK || !w->ghost->opened[rec->door])
            return 0;
    }
    for (uint16_t i = 0; w->ghost != NULL && i < w->locker->cabinet.doors; i++) {
        if (!is_set_aside(w, i))
            return 0;
    }
    return 1;
}

static int inv_16(const struct world *w)
{
    for (uint16_t i = 0; i < w->locker->cabinet.doors; i++) {
        if (locker_contact(w->locker, i) == HW_DOOR_OPEN && compartment_is_at_rest(&w->locker->compartment[i]))
            return 0;
    }
    return 1;
}

static int inv_17(const struct world *w)
{
    const struct effect *pulse = pulse_in(w);
    return pulse == NULL || (gate_boards_are_fine(w->locker, pulse->u.pulse.door) &&
                             locker_contact(w->locker, pulse->u.pulse.door) == HW_DOOR_CLOSED);
}

static int bound_fits(const struct world *w, uint16_t door)
{
    const struct compartment *c = &w->locker->compartment[door];
    bool needs = c->state == COMPARTMENT_LOADING || c->state == COMPARTMENT_LOADED || c->state == COMPARTMENT_OPENING;
    if (!c->bound)
        return !needs;
    uint16_t slot = ledger_order_at(w->locker, door);
    if (slot == ORDER_NONE)
        return 0;
    const struct order *o = &w->locker->orders.slot[slot];
    if (o->door != door || !binds(c, o) || o->state == ORDER_DONE)
        return 0;
    return (o->state == ORDER_OPENING) == (c->state == COMPARTMENT_OPENING) &&
           (o->state == ORDER_KNOWN) == (c->state == COMPARTMENT_LOADING);
}

static int inv_18(const struct world *w)
{
    for (uint16_t i = 0; i < w->locker->cabinet.doors; i++) {
        if (!bound_fits(w, i))
            return 0;
    }
    for (unsigned i = 0; i < ORDER_SLOTS; i++) {
        const struct order *o = &w->locker->orders.slot[i];
        if (o->used && o->door != CABINET_NO_DOOR && !binds(&w->locker->compartment[o->door], o))
            return 0;
    }
    return 1;
}

static int inv_19(const struct world *w)
{
    const struct record *rec = record_in(w, RECORD_COLLECTED);
    if (rec == NULL)
        return 1;
    return rec->u.collected.opened_ms >= rec->u.collected.pulsed_ms &&
           rec->u.collected.closed_ms >= rec->u.collected.opened_ms && rec->u.collected.pulses >= 1 &&
           (w->ghost == NULL || w->ghost->opened[rec->door]);
}

static int inv_27(const struct world *w)
{
    return w->ghost == NULL || w->locker->floor.floor_ms >= w->ghost->floor_ms;
}

static int inv_30(const struct world *w)
{
    for (unsigned i = 0; w->effects != NULL && i < w->effects->records; i++) {
        const struct record *rec = &w->effects->record[i];
        bool bag = rec->kind == RECORD_COMPARTMENT_CHANGED &&
                   (rec->u.changed.cause == COMPARTMENT_LOAD || rec->u.changed.cause == COMPARTMENT_KEEP);
        if (bag && commission_is_needed(w->locker, rec->door))
            return 0;
    }
    return 1;
}

const struct invariant invariants[] = {
    {1, "a pulse has a durable intent naming the actor", inv_01},
    {2, "a patient's pulse is for the compartment bound to his order", inv_02},
    {3, "one code pulses one door", inv_03},
    {4, "at most three pulses of a patient, within ten minutes", inv_04},
    {5, "one coil at a time, no second door", inv_05},
    {7, "no pulse for what is expired, withdrawn or past its lease", inv_07},
    {8, "wrong tries stay within the budget", inv_08},
    {9, "no stored message opens a door", inv_09},
    {10, "a staff pulse needs a session", inv_10},
    {11, "no pulse without a commit", inv_11},
    {12, "after the end of an order its code is dead", inv_12},
    {13, "exactly one order or carer fits", inv_13},
    {14, "what is offered is empty, what is loaded is right", inv_14},
    {15, "CHECK, FORCED and OUT leave by inspection", inv_15},
    {16, "an open door is never at rest", inv_16},
    {17, "unknown is treated as open", inv_17},
    {18, "one order, one compartment", inv_18},
    {19, "collected means seen open and closed", inv_19},
    {27, "the time floor never falls", inv_27},
    {30, "only a commissioned door takes or keeps a bag", inv_30},
    {31, "a carer opens what the right is for and nothing else", inv_31},
};
const unsigned invariants_count = sizeof invariants / sizeof invariants[0];

const struct invariant *invariant_check(const struct world *w)
{
    assert(w->effects == NULL || w->event != NULL);
    for (unsigned i = 0; i < invariants_count; i++) {
        if (!invariants[i].holds(w))
            return &invariants[i];
    }
    return NULL;
}

/* ---------------------------------------------------------------- ghost */

void invariant_ghost_init(struct ghost *g, const struct locker *l)
{
    memset(g, 0, sizeof *g);
    for (uint16_t i = 0; i < l->cabinet.doors; i++)
        g->before[i] = l->compartment[i].state;
    g->floor_ms = l->floor.floor_ms;
}

static struct invariant_history *remember(struct ghost *g, const struct record_order *o)
{
    for (unsigned i = 0; i < g->histories; i++) {
        if (g->history[i].load == o->load && memcmp(g->history[i].order, o->id, CODE_ORDER_LEN) == 0)
            return &g->history[i];
    }
    assert(g->histories < INVARIANT_HISTORY);
    struct invariant_history *h = &g->history[g->histories++];
    memcpy(h->order, o->id, CODE_ORDER_LEN);
    h->load = o->load;
    h->door = CABINET_NO_DOOR;
    return h;
}

static void note_record(struct ghost *g, const struct record *rec, const struct event *ev)
{
    if (rec->kind == RECORD_PULSED) {
        g->opened[rec->door] = false;
        g->coil_until_ms = ev->now.boot_ms + 1500;
        if (is_patient(rec)) {
            struct invariant_history *h = remember(g, &rec->order);
            h->door = rec->door;
            h->pulses++;
        }
    } else if (rec->kind == RECORD_OPENED) {
        g->opened[rec->door] = true;
    } else if (rec->kind == RECORD_COMPARTMENT_CHANGED && rec->u.changed.cause == COMPARTMENT_INSPECT) {
        g->opened[rec->door] = false;
    } else if (rec->kind == RECORD_REPORTED) {
        g->reported[rec->door] = true;
    } else if (is_looked_into(rec)) {
        g->reported[rec->door] = false;
    } else if (rec->kind == RECORD_COLLECTED || rec->kind == RECORD_VOIDED || rec->kind == RECORD_REMOVED) {
        remember(g, &rec->order)->ended = true;
    }
}

static void note_time(struct ghost *g, const struct clock_now *now)
{
    int64_t elapsed_ms = now->boot == g->boot && now->boot_ms > g->last_ms ? now->boot_ms - g->last_ms : 0;
    g->run_ms += elapsed_ms;
    for (unsigned b = 0; b < 2; b++)
        g->spent_ms[b] = g->spent_ms[b] > elapsed_ms ? g->spent_ms[b] - elapsed_ms : 0;
    if (now->boot != g->boot)
        g->coil_until_ms = 0; /* the driver switches every output off before it reports */
    g->boot = now->boot;
    g->last_ms = now->boot_ms;
}

/* The driver reports DONE only when it has read the coil as off, REFUSED and FLUSHED only when it never sent. */
static void note_completion(struct ghost *g, const struct event *ev)
{
    if (ev->kind == EVENT_HW && ev->u.hw.kind == HW_EVENT_COMPLETION && ev->u.hw.u.completion.status != HW_FAILED)
        g->coil_until_ms = ev->now.boot_ms;
}

static void note_wrong(struct ghost *g, enum limiter_bucket b)
{
    g->evaluated[b]++;
    g->spent_ms[b] += b == LIMITER_BOTH ? LIMITER_BOTH_MS : LIMITER_CODE_MS;
}

/* A challenge lives until an answer that bears its nonce; a start forgets it. */
static void note_challenge(struct ghost *g, const struct world *w)
{
    const struct event *ev = w->event;
    if (ev->now.boot != g->challenge_boot ||
        (ev->kind == EVENT_OPEN_ANSWER && memcmp(ev->u.answer.nonce, g->challenge.nonce, REMOTE_NONCE_LEN) == 0))
        memset(&g->challenge, 0, sizeof g->challenge);
    g->challenge_boot = ev->now.boot;
    for (unsigned i = 0; i < w->effects->effects; i++) {
        const struct effect *e = &w->effects->effect[i];
        if (e->kind != EFFECT_RPC || !e->u.rpc.is_challenge)
            continue;
        g->challenge.state = REMOTE_CHALLENGED;
        g->challenge.offer = e->u.rpc.offer;
        memcpy(g->challenge.nonce, e->u.rpc.nonce, REMOTE_NONCE_LEN);
        g->challenge.challenged_ms = ev->now.boot_ms;
    }
}

static void note_verdict(struct ghost *g, const struct world *w)
{
    const struct locker *l = w->locker;
    if (w->event->kind != EVENT_VERDICT || w->event->u.verdict.result != ERR_OK || !w->effects->limiter)
        return;
    if (l->staff.state == STAFF_REFUSED)
        note_wrong(g, LIMITER_BOTH);
    else if (l->pickup.state == PICKUP_REFUSED)
        note_wrong(g, l->pickup.with_birthday ? LIMITER_BOTH : LIMITER_CODE);
}

static void note_visit(struct ghost *g, const struct world *w)
{
    const struct record *rec = patient_pulse(w);
    const struct order *o = rec == NULL ? NULL : order_of(w, rec);
    if (o != NULL) {
        g->visited = rec->order;
        memcpy(g->person, o->person, sizeof g->person);
    } else if (!pickup_is_active(&w->locker->pickup)) {
        memset(&g->visited, 0, sizeof g->visited);
        memset(g->person, 0, sizeof g->person);
    }
}

void invariant_note(struct ghost *g, const struct world *w)
{
    note_visit(g, w);
    note_time(g, &w->event->now);
    note_verdict(g, w);
    note_completion(g, w->event);
    note_challenge(g, w);
    for (unsigned i = 0; i < w->effects->records; i++)
        note_record(g, &w->effects->record[i], w->event);
    for (uint16_t i = 0; i < w->locker->cabinet.doors; i++) {
        g->before[i] = w->locker->compartment[i].state;
        /* A forced door that staff finds open needs no pulse to be seen open. */
        if (locker_contact(w->locker, i) == HW_DOOR_OPEN)
            g->opened[i] = true;
    }
    g->floor_ms = w->locker->floor.floor_ms;
}
