/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/exception.h"

#include <string.h>

#define HOUR_MS INT64_C(3600000)

/* What resolves each kind, in the order in which it is offered. */
static const struct {
    const char *name;
    enum exception_act act[EXCEPTION_ACTS_MAX];
    unsigned acts;
} kinds[EXCEPTION_KIND_N] = {
    [EXCEPTION_FORCED] = {"forced", {EXCEPTION_ACT_WITHDRAW, EXCEPTION_ACT_CALL, EXCEPTION_ACT_TOUR}, 3},
    [EXCEPTION_REPORTED] = {"reported", {EXCEPTION_ACT_CALL, EXCEPTION_ACT_WITHDRAW, EXCEPTION_ACT_SETTLE}, 3},
    [EXCEPTION_LOST] = {"lost", {EXCEPTION_ACT_CALL, EXCEPTION_ACT_ORDER, EXCEPTION_ACT_TAKE_BACK}, 3},
    [EXCEPTION_CONTRADICTION] = {"contradiction", {EXCEPTION_ACT_SETTLE}, 1},
    [EXCEPTION_UNCONFIRMED] = {"unconfirmed", {EXCEPTION_ACT_CALL, EXCEPTION_ACT_RETRY, EXCEPTION_ACT_WITHDRAW}, 3},
    [EXCEPTION_CHECK] = {"check", {EXCEPTION_ACT_TOUR, EXCEPTION_ACT_CALL, EXCEPTION_ACT_WITHDRAW}, 3},
    [EXCEPTION_JAM] = {"jam", {EXCEPTION_ACT_RETRY, EXCEPTION_ACT_CALL, EXCEPTION_ACT_WITHDRAW}, 3},
    [EXCEPTION_WITHDRAWING] = {"withdrawing", {EXCEPTION_ACT_TOUR, EXCEPTION_ACT_TAKE_BACK}, 2},
    [EXCEPTION_RECALLED] = {"recalled", {EXCEPTION_ACT_TAKE_BACK, EXCEPTION_ACT_COUNTER}, 2},
    [EXCEPTION_EXPIRED] = {"expired", {EXCEPTION_ACT_TOUR, EXCEPTION_ACT_TAKE_BACK, EXCEPTION_ACT_CALL}, 3},
    [EXCEPTION_WITHDRAWN] = {"withdrawn", {EXCEPTION_ACT_TOUR, EXCEPTION_ACT_TAKE_BACK}, 2},
    [EXCEPTION_ENDING] = {"ending", {EXCEPTION_ACT_CALL, EXCEPTION_ACT_WITHDRAW}, 2},
    [EXCEPTION_RETURNED] = {"returned", {EXCEPTION_ACT_PACK, EXCEPTION_ACT_COUNTER, EXCEPTION_ACT_RESTOCK}, 3},
};

static const char *const act_names[EXCEPTION_ACT_N] = {
    [EXCEPTION_ACT_CALL] = "call",       [EXCEPTION_ACT_RETRY] = "retry",         [EXCEPTION_ACT_WITHDRAW] = "withdraw",
    [EXCEPTION_ACT_TOUR] = "tour",       [EXCEPTION_ACT_TAKE_BACK] = "take_back", [EXCEPTION_ACT_PACK] = "pack",
    [EXCEPTION_ACT_COUNTER] = "counter", [EXCEPTION_ACT_RESTOCK] = "restock",     [EXCEPTION_ACT_SETTLE] = "settle",
    [EXCEPTION_ACT_ORDER] = "order",
};

/* The step of an order that an act takes; KIND_N: none. */
static enum order_event_kind step_of(enum exception_act a)
{
    switch (a) {
    case EXCEPTION_ACT_WITHDRAW:
        return ORDER_EVENT_WITHDRAW;
    case EXCEPTION_ACT_TAKE_BACK:
        return ORDER_EVENT_TAKE_BACK;
    case EXCEPTION_ACT_PACK:
        return ORDER_EVENT_PACK;
    case EXCEPTION_ACT_COUNTER:
        return ORDER_EVENT_COUNTER;
    case EXCEPTION_ACT_RESTOCK:
        return ORDER_EVENT_RESTOCK;
    case EXCEPTION_ACT_CALL:
    case EXCEPTION_ACT_RETRY:
    case EXCEPTION_ACT_TOUR:
    case EXCEPTION_ACT_SETTLE:
    case EXCEPTION_ACT_ORDER:
    case EXCEPTION_ACT_N:
        break;
    }
    return ORDER_EVENT_KIND_N;
}

/* Offers only what is possible now: o NULL: about no order, so no step of one. */
static bool give(enum exception_kind kind, int64_t since_ms, const struct order *o, bool has_fault,
                 struct exception *out)
{
    struct exception x = {.kind = kind, .since_ms = since_ms};

    for (unsigned i = 0; i < kinds[kind].acts; i++) {
        enum exception_act a = kinds[kind].act[i];
        enum order_event_kind step = step_of(a);
        bool may = step == ORDER_EVENT_KIND_N || (o != NULL && order_may(o->state, step));

        if (a == EXCEPTION_ACT_SETTLE)
            may = has_fault;
        if (a == EXCEPTION_ACT_RETRY) /* the locker opens no controlled bag at a distance */
            may = o != NULL && o->ask.cls != TOKEN_CLASS_CONTROLLED;
        if (may)
            x.act[x.acts++] = a;
    }
    *out = x;
    return true;
}

static bool door_is(const struct exception_facts *f, const char *state)
{
    return f->door != NULL && strcmp(f->door->state, state) == 0;
}

/* The bag lies where it can be collected. */
static bool is_waiting(const struct order *o)
{
    return o->state == ORDER_READY || o->state == ORDER_UNCONFIRMED;
}

static bool of_door(const struct exception_facts *f, struct exception *out)
{
    const struct order *o = f->order;

    if (f->door == NULL || !order_is_in_locker(o))
        return false;
    if (door_is(f, "FORCED"))
        return give(EXCEPTION_FORCED, f->door->told_ms, o, false, out);
    if (f->reported != NULL)
        return false; /* worse than what follows */
    if (o->state == ORDER_READY && (door_is(f, "CHECK") || door_is(f, "OUT")))
        return give(EXCEPTION_CHECK, f->door->told_ms, o, false, out);
    if (is_waiting(o) && f->jam != NULL)
        return give(EXCEPTION_JAM, f->jam->opened_ms, o, true, out);
    return false;
}

/* Not collected for a day, and the end is near; a talk with the patient in the day before keeps it off the list. */
static bool is_ending(const struct exception_facts *f, int64_t now_ms, int64_t *since_ms)
{
    const int64_t day_ms = EXCEPTION_ENDING_H * HOUR_MS;
    int64_t last_ms = f->order->ask.not_after_s * 1000 - day_ms, waited_ms = f->order->ready_ms + day_ms;

    *since_ms = last_ms > waited_ms ? last_ms : waited_ms;
    return now_ms >= *since_ms && f->contact_ms < *since_ms - day_ms;
}

static bool of_state(const struct exception_facts *f, int64_t now_ms, struct exception *out)
{
    const struct order *o = f->order;
    int64_t since_ms = o->changed_ms;

    switch (o->state) {
    case ORDER_READY:
        return is_ending(f, now_ms, &since_ms) && give(EXCEPTION_ENDING, since_ms, o, false, out);
    case ORDER_UNCONFIRMED:
        return give(EXCEPTION_UNCONFIRMED, since_ms, o, false, out);
    case ORDER_WITHDRAWING:
        return give(EXCEPTION_WITHDRAWING, since_ms, o, false, out);
    case ORDER_WITHDRAWN:
        return give(EXCEPTION_WITHDRAWN, since_ms, o, false, out);
    case ORDER_EXPIRED:
        return give(EXCEPTION_EXPIRED, since_ms, o, false, out);
    case ORDER_RECALLED:
        return give(EXCEPTION_RECALLED, since_ms, o, false, out);
    case ORDER_RETURNED:
        return give(EXCEPTION_RETURNED, since_ms, o, false, out);
    case ORDER_LOST: /* gone: what is left to do is to tell the patient */
        return f->told_ms < o->changed_ms && give(EXCEPTION_LOST, since_ms, o, false, out);
    case ORDER_REGISTERED:
    case ORDER_PACKED:
    case ORDER_IN_TRANSIT:
    case ORDER_COLLECTED:
    case ORDER_RESTOCKED:
    case ORDER_DESTROYED:
    case ORDER_CANCELLED:
    case ORDER_STATE_N:
        break;
    }
    return false;
}

bool exception_of_order(const struct exception_facts *f, int64_t now_ms, struct exception *out)
{
    if (of_door(f, out))
        return true;
    if (f->reported != NULL)
        return give(EXCEPTION_REPORTED, f->reported->opened_ms, f->order, true, out);
    return of_state(f, now_ms, out);
}

bool exception_of_fault(const struct store_fault *f, struct exception *out)
{
    if (f->closed_ms != 0)
        return false;
    if (f->kind == STORE_FAULT_CONTRADICTION)
        return give(EXCEPTION_CONTRADICTION, f->opened_ms, NULL, true, out);
    if (f->kind == STORE_FAULT_REPORTED)
        return give(EXCEPTION_REPORTED, f->opened_ms, NULL, true, out);
    return false;
}

uint32_t exception_states(void)
{
    return 1u << ORDER_READY | 1u << ORDER_UNCONFIRMED | 1u << ORDER_WITHDRAWING | 1u << ORDER_WITHDRAWN |
           1u << ORDER_EXPIRED | 1u << ORDER_RECALLED | 1u << ORDER_RETURNED | 1u << ORDER_LOST;
}

const char *exception_kind_name(enum exception_kind k)
{
    return kinds[k].name;
}

const char *exception_act_name(enum exception_act a)
{
    return act_names[a];
}
