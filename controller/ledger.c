/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/ledger.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* How long a withdrawal is remembered of an order that was never here: longer than any voucher lives. */
#define TOMBSTONE_S (180LL * 24 * 3600)

void ledger_name_order(const struct order *o, struct record_order *out)
{
    out->present = true;
    memcpy(out->id, o->id, CODE_ORDER_LEN);
    out->load = o->load;
}

uint16_t ledger_order_at(const struct locker *l, uint16_t door)
{
    const struct compartment *c = &l->compartment[door];
    return c->bound ? order_find(&l->orders, c->order) : ORDER_NONE;
}

void ledger_name_order_at(const struct locker *l, uint16_t door, struct record_order *out)
{
    uint16_t slot = ledger_order_at(l, door);
    if (slot != ORDER_NONE)
        ledger_name_order(&l->orders.slot[slot], out);
}

void ledger_tell(const struct locker *l, enum record_kind kind, const struct opening *o, struct effects *fx)
{
    struct record *rec = effects_record(fx, kind, o->door);
    ledger_name_order_at(l, o->door, &rec->order);
    rec->pulse = o->serial;
    rec->try = o->pulses;
}

static struct record *record_of(struct effects *fx, enum record_kind kind, const struct order *o)
{
    struct record *rec = effects_record(fx, kind, o->door);
    ledger_name_order(o, &rec->order);
    return rec;
}

static void place(struct locker *l, struct order *o, uint16_t door)
{
    o->door = door;
    memcpy(o->door_name, l->cabinet.door[door].name, sizeof o->door_name);
}

static void displace(struct order *o)
{
    o->door = CABINET_NO_DOOR;
    memset(o->door_name, 0, sizeof o->door_name);
}

static void unbind(struct locker *l, uint16_t door, struct effects *fx)
{
    compartment_unbind(&l->compartment[door]);
    effects_touch_compartment(fx, door);
}

/* What was granted for this bag alone ends with it. */
static void end_carers(struct locker *l, const struct order *o, struct effects *fx)
{
    for (uint16_t i = 0; i < CARER_SLOTS; i++) {
        if (carer_end_order(&l->carers.slot[i], o))
            effects_touch_carer(fx, i);
    }
}

static void take_order_step(struct locker *l, uint16_t slot, enum order_step step, struct effects *fx)
{
    bool changed = order_step(&l->orders.slot[slot], step);
    assert(changed);
    (void)changed;
    effects_touch_order(fx, slot);
    if (order_has_ended(&l->orders.slot[slot]))
        end_carers(l, &l->orders.slot[slot], fx);
}

bool ledger_step(struct locker *l, uint16_t door, enum compartment_cause cause, struct effects *fx)
{
    if (!compartment_step(&l->compartment[door], cause))
        return false;
    effects_touch_compartment(fx, door);
    struct record *rec = effects_record(fx, RECORD_COMPARTMENT_CHANGED, door);
    rec->u.changed.state = l->compartment[door].state;
    rec->u.changed.cause = cause;
    return true;
}

static void must_step(struct locker *l, uint16_t door, enum compartment_cause cause, struct effects *fx)
{
    bool changed = ledger_step(l, door, cause, fx);
    assert(changed);
    (void)changed;
}

void ledger_load(struct locker *l, uint16_t slot, uint16_t door, struct effects *fx)
{
    struct order *o = &l->orders.slot[slot];
    assert(o->used && o->state == ORDER_KNOWN);
    struct compartment *c = &l->compartment[door];
    must_step(l, door, COMPARTMENT_LOAD, fx);
    c->serial++;
    compartment_bind(c, o->id, o->load);
    place(l, o, door);
    effects_touch_order(fx, slot);
}

void ledger_confirm(struct locker *l, uint16_t slot, const uint8_t staff[RECORD_STAFF_LEN], struct effects *fx)
{
    struct order *o = &l->orders.slot[slot];
    must_step(l, o->door, COMPARTMENT_CONFIRM, fx);
    o->loaded_ms = floor_now_ms(&l->floor);
    o->end = ORDER_END_NONE;
    take_order_step(l, slot, ORDER_LOAD, fx);
    struct record *rec = record_of(fx, RECORD_LOADED, o);
    rec->actor = record_by_staff(staff);
}

void ledger_abandon(struct locker *l, uint16_t door, enum compartment_cause cause, struct effects *fx)
{
    uint16_t slot = ledger_order_at(l, door);
    assert(slot != ORDER_NONE);
    must_step(l, door, cause, fx);
    unbind(l, door, fx);
    order_forget(&l->orders.slot[slot]);
    effects_touch_order(fx, slot);
}

void ledger_pickup_begin(struct locker *l, uint16_t slot, const struct event *ev, struct effects *fx)
{
    struct order *o = &l->orders.slot[slot];
    assert(l->compartment[o->door].bound && l->compartment[o->door].load == o->load);
    must_step(l, o->door, COMPARTMENT_PICKUP, fx);
    take_order_step(l, slot, ORDER_PICKUP, fx);
    order_count_pulse(o, &ev->now, &l->floor);
}

void ledger_pickup_again(struct locker *l, uint16_t slot, const struct event *ev, struct effects *fx)
{
    struct order *o = &l->orders.slot[slot];
    assert(o->state == ORDER_OPENING);
    order_count_pulse(o, &ev->now, &l->floor);
    effects_touch_order(fx, slot);
}

static enum record_void void_cause(enum order_end end)
{
    return end == ORDER_END_EXPIRED ? RECORD_VOID_EXPIRED : RECORD_VOID_WITHDRAWN;
}

/* load: the one that the hub named, which may be newer than the one that was here. */
static void tell_voided(const struct order *o, uint32_t load, enum order_end end, struct effects *fx)
{
    struct record *rec = record_of(fx, RECORD_VOIDED, o);
    if (load < o->load)
        rec->door = CABINET_NO_DOOR; /* the bag that is here is another one */
    rec->order.load = load;
    rec->u.voided = void_cause(end);
}

void ledger_pickup_end(struct locker *l, uint16_t slot, enum compartment_cause cause, struct effects *fx)
{
    struct order *o = &l->orders.slot[slot];
    bool withdrawn = o->end != ORDER_END_NONE;
    uint32_t named = o->newest > o->load ? o->newest : o->load;
    must_step(l, o->door, cause, fx);
    take_order_step(l, slot, ORDER_UNCONFIRM, fx);
    (void)record_of(fx, RECORD_UNCONFIRMED, o);
    if (!withdrawn)
        return;
    (void)ledger_step(l, o->door, COMPARTMENT_WITHDRAW, fx);
    take_order_step(l, slot, ORDER_WITHDRAW, fx);
    tell_voided(o, named, o->end, fx);
}

static void tell_late(const struct order *o, uint32_t load, enum record_late late, struct effects *fx)
{
    struct record *rec = record_of(fx, RECORD_REFUSED, o);
    rec->order.load = load;
    rec->u.late = late;
}

void ledger_collect(struct locker *l, uint16_t slot, const struct opening *opening, const struct record_actor *actor,
                    struct effects *fx)
{
    struct order *o = &l->orders.slot[slot];
    uint16_t door = o->door;
    bool withdrawn = o->end != ORDER_END_NONE;
    uint32_t named = o->newest > o->load ? o->newest : o->load;
    must_step(l, door, COMPARTMENT_COLLECT, fx);
    unbind(l, door, fx);
    take_order_step(l, slot, ORDER_COLLECT, fx);
    struct record *rec = record_of(fx, RECORD_COLLECTED, o);
    rec->actor = *actor;
    rec->u.collected.pulses = o->pulses;
    rec->u.collected.pulsed_ms = opening->pulsed_ms;
    rec->u.collected.opened_ms = opening->opened_ms;
    rec->u.collected.closed_ms = opening->closed_ms;
    displace(o);
    if (withdrawn) {
        tell_late(o, named, RECORD_LATE_COLLECTED, fx);
        o->end = ORDER_END_NONE;
    }
}

void ledger_inspect(struct locker *l, uint16_t door, struct effects *fx)
{
    if (l->compartment[door].state != COMPARTMENT_CHECK)
        must_step(l, door, COMPARTMENT_INSPECT, fx);
}

void ledger_empty(struct locker *l, uint16_t door, const uint8_t staff[RECORD_STAFF_LEN], struct effects *fx)
{
    uint16_t slot = ledger_order_at(l, door);
    must_step(l, door, COMPARTMENT_EMPTY, fx);
    if (slot != ORDER_NONE) {
        struct order *o = &l->orders.slot[slot];
        struct record *rec = record_of(fx, RECORD_REMOVED, o);
        rec->actor = record_by_staff(staff);
        if (order_step(o, ORDER_REMOVE))
            o->end = ORDER_END_REMOVED;
        end_carers(l, o, fx);
        displace(o);
        effects_touch_order(fx, slot);
    }
    unbind(l, door, fx);
}

void ledger_keep(struct locker *l, uint16_t door, struct effects *fx)
{
    must_step(l, door, COMPARTMENT_KEEP, fx);
}

/* An order that was never here: remember it, so that its voucher is refused when it comes. */
static void bury(struct locker *l, const uint8_t order[CODE_ORDER_LEN], uint32_t load, enum order_end end,
                 struct effects *fx)
{
    uint16_t slot = order_take_slot(&l->orders, &l->floor, true);
    assert(slot != ORDER_NONE); /* live and bound orders are far fewer than slots */
    struct order *o = &l->orders.slot[slot];
    o->used = true;
    o->state = ORDER_VOID;
    memcpy(o->id, order, CODE_ORDER_LEN);
    o->load = load;
    o->newest = load;
    o->end = end;
    o->not_after_s = floor_now_ms(&l->floor) / 1000 + TOMBSTONE_S;
    displace(o);
    end_carers(l, o, fx);
    effects_touch_order(fx, slot);
    tell_voided(o, load, end, fx);
}

/* The order is over already, or the hub names a load before the present one. */
static void withdraw_ended(struct locker *l, struct order *o, uint32_t load, enum order_end end, struct effects *fx)
{
    if (load == o->load && o->state == ORDER_DONE) {
        tell_late(o, load, RECORD_LATE_COLLECTED, fx);
    } else if (load == o->load && o->end == ORDER_END_REMOVED) {
        tell_late(o, load, RECORD_LATE_REMOVED, fx);
    } else {
        if (load > o->newest)
            o->newest = load;
        if (!order_is_live(o) && load > o->load && o->door_name[0] == '\0') {
            o->state = ORDER_VOID;
            o->load = load;
            o->end = end;
            end_carers(l, o, fx);
        }
        tell_voided(o, load, end, fx);
    }
}

static uint16_t withdraw_live(struct locker *l, uint16_t slot, uint32_t load, enum order_end end, struct effects *fx)
{
    struct order *o = &l->orders.slot[slot];
    uint16_t cut = CABINET_NO_DOOR;
    bool unconfirmed = o->state == ORDER_UNCONFIRMED;
    o->end = end;
    if (o->newest < load)
        o->newest = load;
    if (!order_step(o, ORDER_WITHDRAW))
        return cut; /* OPENING: answered when the pickup ends */
    end_carers(l, o, fx);
    tell_voided(o, load, end, fx);
    if (o->door != CABINET_NO_DOOR && l->compartment[o->door].state == COMPARTMENT_LOADING) {
        cut = o->door;
        must_step(l, cut, COMPARTMENT_WITHDRAW, fx);
        unbind(l, cut, fx);
        displace(o);
    } else if (unconfirmed && o->door != CABINET_NO_DOOR) {
        (void)ledger_step(l, o->door, COMPARTMENT_WITHDRAW, fx);
    }
    return cut;
}

uint16_t ledger_withdraw(struct locker *l, const uint8_t order[CODE_ORDER_LEN], uint32_t load, bool expired,
                         struct effects *fx)
{
    enum order_end end = expired ? ORDER_END_EXPIRED : ORDER_END_WITHDRAWN;
    uint16_t slot = order_find(&l->orders, order);
    if (slot == ORDER_NONE) {
        bury(l, order, load, end, fx);
        return CABINET_NO_DOOR;
    }
    struct order *o = &l->orders.slot[slot];
    effects_touch_order(fx, slot);
    if (order_is_live(o) && load >= o->load)
        return withdraw_live(l, slot, load, end, fx);
    withdraw_ended(l, o, load, end, fx);
    return CABINET_NO_DOOR;
}
