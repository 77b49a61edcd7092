/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/handover.h"

#include <assert.h>
#include <string.h>

#include "controller/choice.h"
#include "controller/claim.h"
#include "controller/gate.h"
#include "controller/ledger.h"
#include "controller/locker.h"

static void sound(struct effects *fx, enum screen_sound s)
{
    effects_add(fx, EFFECT_SOUND)->u.sound = s;
}

static void refuse_by_gate(struct locker *l, enum gate gate, uint16_t blocker, const struct event *ev)
{
    struct pickup *p = &l->pickup;
    switch (gate) {
    case GATE_DOORS:
        pickup_show(p, SCREEN_DOORS, ev);
        p->blocker = blocker;
        break;
    case GATE_BUSY:
        pickup_ask(p, SCREEN_NOTICE_TRY_LATER, ev);
        break;
    case GATE_SUPPLY:
    case GATE_BOARD:
    case GATE_OPEN:
    case GATE_N:
        pickup_show(p, SCREEN_ASK, ev);
        break;
    }
}

bool handover_is_ready(const struct locker *l, const struct order *o, const struct event *ev)
{
    if (o->door == CABINET_NO_DOOR || !order_is_collectable(o) || floor_is_early(&l->floor, o->not_before_s) ||
        floor_is_past_lease(&l->floor, o->cls, o->loaded_ms) || !order_may_pulse(o, &ev->now, &l->floor))
        return false;
    const struct compartment *c = &l->compartment[o->door];
    return c->state == COMPARTMENT_LOADED && c->bound && c->load == o->load &&
           memcmp(c->order, o->id, CODE_ORDER_LEN) == 0;
}

static void open_door(struct locker *l, uint16_t slot, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    struct order *o = &l->orders.slot[slot];
    pickup_forget_entry(p);
    p->order = slot;
    ledger_name_order(o, &p->named);
    p->complained = false;
    opening_reset(&p->opening);
    ledger_pickup_begin(l, slot, ev, fx);
    gate_pulse(l, o->door, &p->opening, &p->visit.actor, o, ev, fx);
    p->reference = p->opening.serial;
    pickup_enter(p, PICKUP_DOOR, ev);
    sound(fx, SCREEN_SOUND_OK);
}

void handover_begin(struct locker *l, uint16_t slot, const struct visit *right, const struct event *ev,
                    struct effects *fx)
{
    const struct order *o = &l->orders.slot[slot];
    choice_offer(l, o->language);
    visit_begin(l, right, slot, ev);
    if (!handover_is_ready(l, o, ev)) {
        pickup_show(&l->pickup, SCREEN_ASK, ev);
        return;
    }
    uint16_t blocker;
    enum gate gate = gate_check(l, o->door, GATE_FOR_PICKUP, ev->now.boot_ms, &blocker);
    if (gate == GATE_OPEN)
        open_door(l, slot, ev, fx);
    else
        refuse_by_gate(l, gate, blocker, ev);
}

void handover_next(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    assert(p->state == PICKUP_NEXT);
    if (!visit_covers(l, p->next, ev)) {
        pickup_go_on(l, ev); /* another one, or none: not a door that was not shown */
        return;
    }
    uint16_t blocker;
    enum gate gate = gate_check(l, l->orders.slot[p->next].door, GATE_FOR_PICKUP, ev->now.boot_ms, &blocker);
    if (gate == GATE_OPEN)
        open_door(l, p->next, ev, fx);
    else if (gate == GATE_BUSY)
        p->notice = SCREEN_NOTICE_TRY_LATER;
    else
        refuse_by_gate(l, gate, blocker, ev);
}

/* The pickup is over for this person; what the door did is not known. */
void handover_give_up(struct locker *l, enum compartment_cause cause, const struct event *ev, struct effects *fx)
{
    ledger_pickup_end(l, l->pickup.order, cause, fx);
    pickup_show(&l->pickup, SCREEN_HELP, ev);
}

void handover_retry(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    const struct order *o = &l->orders.slot[p->order];
    uint16_t blocker;
    if (!claim_still_holds(l, &p->visit) || o->end != ORDER_END_NONE || floor_is_expired(&l->floor, o->not_after_s) ||
        floor_is_past_lease(&l->floor, o->cls, o->loaded_ms) || !order_may_pulse(o, &ev->now, &l->floor)) {
        handover_give_up(l, COMPARTMENT_UNCONFIRM, ev, fx);
        return;
    }
    enum gate gate = gate_check(l, o->door, GATE_FOR_PICKUP, ev->now.boot_ms, &blocker);
    if (gate == GATE_BUSY)
        return;
    if (gate != GATE_OPEN) {
        handover_give_up(l, COMPARTMENT_UNCONFIRM, ev, fx);
        return;
    }
    ledger_pickup_again(l, p->order, ev, fx);
    gate_pulse(l, o->door, &p->opening, &p->visit.actor, o, ev, fx);
    p->reference = p->opening.serial;
    pickup_enter(p, PICKUP_DOOR, ev);
}

static void on_closed(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    p->visit.handed++;
    if (p->complained) {
        pickup_show(p, SCREEN_REPORTED, ev);
    } else {
        ledger_collect(l, p->order, &p->opening, &p->visit.actor, fx);
        pickup_go_on(l, ev);
    }
}

void handover_on_news(struct locker *l, enum opening_news news, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    assert(p->state == PICKUP_DOOR);
    switch (news) {
    case OPENING_NO_NEWS:
        break;
    case OPENING_HAS_OPENED:
        ledger_tell(l, RECORD_OPENED, &p->opening, fx);
        pickup_enter(p, PICKUP_DOOR, ev);
        sound(fx, SCREEN_SOUND_OPEN);
        break;
    case OPENING_HAS_CLOSED:
        ledger_tell(l, RECORD_CLOSED, &p->opening, fx);
        on_closed(l, ev, fx);
        sound(fx, SCREEN_SOUND_OK);
        break;
    case OPENING_HAS_JAMMED:
        ledger_tell(l, RECORD_JAMMED, &p->opening, fx);
        if (opening_may_retry(&p->opening) && l->orders.slot[p->order].pulses < ORDER_PULSES_MAX)
            pickup_enter(p, PICKUP_DOOR, ev);
        else
            handover_give_up(l, COMPARTMENT_JAM, ev, fx);
        sound(fx, SCREEN_SOUND_REFUSED);
        break;
    }
}

void handover_lose_door(struct locker *l, const struct event *ev, struct effects *fx)
{
    assert(l->pickup.state == PICKUP_DOOR);
    memset(&l->pickup.visit, 0, sizeof l->pickup.visit); /* nothing more is opened now */
    pickup_show(&l->pickup, SCREEN_HELP, ev);
    sound(fx, SCREEN_SOUND_REFUSED);
}
