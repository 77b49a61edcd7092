/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/offer.h"

#include <assert.h>
#include <string.h>

#include "controller/gate.h"
#include "controller/handover.h"
#include "controller/locker.h"

static void tell_refused(const struct remote_offer *offer, enum remote_cause cause, struct effects *fx)
{
    struct remote_word *w = &effects_add(fx, EFFECT_RPC)->u.rpc;
    w->offer = *offer;
    w->cause = cause;
}

/* The offer is over: the hub is told why. */
static void refuse(struct locker *l, enum remote_cause cause, struct effects *fx)
{
    tell_refused(&l->remote.offer, cause, fx);
    remote_end(&l->remote);
}

static uint16_t find_bag(const struct locker *l, const struct remote_offer *offer)
{
    uint16_t slot = order_find(&l->orders, offer->order);
    const struct order *o = slot == ORDER_NONE ? NULL : &l->orders.slot[slot];
    bool is_here = o != NULL && o->load == offer->load && o->door == offer->door && order_is_collectable(o);
    return is_here ? slot : ORDER_NONE;
}

static bool gate_allows(const struct locker *l, uint16_t door, const struct event *ev, enum remote_cause *cause)
{
    uint16_t blocker;
    switch (gate_check(l, door, GATE_FOR_PICKUP, ev->now.boot_ms, &blocker)) {
    case GATE_OPEN:
        return true;
    case GATE_SUPPLY:
        *cause = REMOTE_SUPPLY;
        break;
    case GATE_DOORS:
        *cause = REMOTE_DOORS;
        break;
    case GATE_BUSY:
        *cause = REMOTE_BUSY;
        break;
    case GATE_BOARD:
    case GATE_N:
        *cause = REMOTE_BOARD;
        break;
    }
    return false;
}

/* The door could be opened now for whoever stands there; else *cause. */
static bool is_possible(const struct locker *l, const struct remote_offer *offer, const struct event *ev,
                        enum remote_cause *cause)
{
    uint16_t slot = find_bag(l, offer);
    const struct order *o = slot == ORDER_NONE ? NULL : &l->orders.slot[slot];
    *cause = REMOTE_UNKNOWN;
    if (o == NULL)
        return false;
    if (o->cls == TOKEN_CLASS_CONTROLLED)
        *cause = REMOTE_CLASS;
    else if (floor_is_expired(&l->floor, o->not_after_s) || floor_is_early(&l->floor, o->not_before_s) ||
             floor_is_past_lease(&l->floor, o->cls, o->loaded_ms))
        *cause = REMOTE_EXPIRED;
    else if (!order_may_pulse(o, &ev->now, &l->floor))
        *cause = REMOTE_TRIES;
    else if (handover_is_ready(l, o, ev))
        return gate_allows(l, o->door, ev, cause);
    return false;
}

/* Nobody at the kiosk is in the middle of something that may not be interrupted. */
static bool may_interrupt(const struct pickup *p)
{
    return p->over == PICKUP_OVER_NONE &&
           (p->state == PICKUP_IDLE || p->state == PICKUP_CODE || p->state == PICKUP_BIRTHDAY ||
            p->state == PICKUP_REFUSED || p->state == PICKUP_MESSAGE || p->state == PICKUP_DONE);
}

void offer_on_ask(struct locker *l, const struct event *ev, struct effects *fx)
{
    const struct remote_offer *ask = &ev->u.ask;
    enum remote_cause cause;
    if (l->remote.state != REMOTE_NONE && remote_offer_equal(&l->remote.offer, ask))
        return; /* it is before the person already */
    if (staff_is_active(&l->staff)) {
        tell_refused(ask, REMOTE_STAFF, fx);
    } else if (!may_interrupt(&l->pickup)) {
        tell_refused(ask, REMOTE_BUSY, fx);
    } else if (!is_possible(l, ask, ev, &cause)) {
        tell_refused(ask, cause, fx);
    } else {
        remote_offer(&l->remote, ask, ev->now.boot_ms);
        pickup_forget_entry(&l->pickup);
        pickup_enter(&l->pickup, PICKUP_REMOTE, ev);
        effects_add(fx, EFFECT_SOUND)->u.sound = SCREEN_SOUND_OK;
    }
}

void offer_accept(struct locker *l, const struct event *ev, struct effects *fx)
{
    assert(l->pickup.state == PICKUP_REMOTE);
    if (!remote_is_read(&l->remote, ev->now.boot_ms))
        return; /* OK meant something on the screen before, too */
    remote_challenge(&l->remote, ev->random, ev->now.boot_ms);
    struct remote_word *w = &effects_add(fx, EFFECT_RPC)->u.rpc;
    w->is_challenge = true;
    w->offer = l->remote.offer;
    memcpy(w->nonce, l->remote.nonce, REMOTE_NONCE_LEN);
    pickup_enter(&l->pickup, PICKUP_AWAIT, ev);
}

void offer_on_answer(struct locker *l, const struct event *ev, struct effects *fx)
{
    const struct remote_answer *a = &ev->u.answer;
    enum remote_cause cause = REMOTE_LATE;
    bool taken = remote_take_answer(&l->remote, a, ev->now.boot_ms);
    if (taken && is_possible(l, &a->offer, ev, &cause)) {
        struct visit visit = {.actor.kind = RECORD_ACTOR_REMOTE, .one_bag = true};
        memcpy(visit.actor.staff, a->staff, REMOTE_STAFF_LEN);
        handover_begin(l, find_bag(l, &a->offer), &visit, ev, fx);
        return;
    }
    tell_refused(&a->offer, cause, fx);
    if (l->pickup.state == PICKUP_AWAIT && l->remote.state == REMOTE_NONE)
        pickup_show(&l->pickup, SCREEN_ASK, ev);
}

void offer_time_is_up(struct locker *l, const struct event *ev, struct effects *fx)
{
    if (l->pickup.state == PICKUP_AWAIT) {
        refuse(l, REMOTE_LATE, fx);
        pickup_show(&l->pickup, SCREEN_ASK, ev);
    } else {
        refuse(l, REMOTE_TIME, fx);
        pickup_go_home(l);
    }
}

void offer_settle(struct locker *l, struct effects *fx)
{
    static const enum pickup_state shown[REMOTE_STATE_N] = {
        [REMOTE_OFFERED] = PICKUP_REMOTE,
        [REMOTE_CHALLENGED] = PICKUP_AWAIT,
    };
    if (l->remote.state != REMOTE_NONE && l->pickup.state != shown[l->remote.state])
        refuse(l, staff_is_active(&l->staff) ? REMOTE_STAFF : REMOTE_DECLINED, fx);
}
