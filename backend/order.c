/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/order.h"

#include <stddef.h>
#include <string.h>

enum effect {
    NOTHING = 0,
    SEND_WITHDRAW = 1,
    TELL_READY = 2,
    FORGET_CODE = 4,
    END_CODE = 8,
    SAME = 16 /* expected, but the order stays as it is */
};

struct step {
    enum order_state from;
    enum order_event_kind on;
    enum order_state to;
    unsigned effects;
};

/* The whole life of a bag. What is not here does not happen. */
static const struct step steps[] = {
    {ORDER_REGISTERED, ORDER_EVENT_PACK, ORDER_PACKED, NOTHING},
    {ORDER_REGISTERED, ORDER_EVENT_CANCEL, ORDER_CANCELLED, NOTHING},

    {ORDER_PACKED, ORDER_EVENT_REPACK, ORDER_PACKED, NOTHING},
    {ORDER_PACKED, ORDER_EVENT_DEPART, ORDER_IN_TRANSIT, NOTHING},
    {ORDER_PACKED, ORDER_EVENT_WITHDRAW, ORDER_WITHDRAWING, SEND_WITHDRAW},
    {ORDER_PACKED, ORDER_EVENT_EXPIRE, ORDER_WITHDRAWING, SEND_WITHDRAW},
    {ORDER_PACKED, ORDER_EVENT_COUNTER, ORDER_COLLECTED, SEND_WITHDRAW | FORGET_CODE},
    {ORDER_PACKED, ORDER_EVENT_DEVICE_LOST, ORDER_RECALLED, FORGET_CODE | END_CODE},
    {ORDER_PACKED, ORDER_EVENT_LOADED, ORDER_READY, TELL_READY | FORGET_CODE},
    {ORDER_PACKED, ORDER_EVENT_VOIDED_OUT, ORDER_RECALLED, FORGET_CODE | END_CODE},

    {ORDER_IN_TRANSIT, ORDER_EVENT_ARRIVE_BACK, ORDER_PACKED, NOTHING},
    {ORDER_IN_TRANSIT, ORDER_EVENT_WITHDRAW, ORDER_WITHDRAWING, SEND_WITHDRAW},
    {ORDER_IN_TRANSIT, ORDER_EVENT_EXPIRE, ORDER_WITHDRAWING, SEND_WITHDRAW},
    {ORDER_IN_TRANSIT, ORDER_EVENT_DEVICE_LOST, ORDER_RECALLED, FORGET_CODE | END_CODE},
    {ORDER_IN_TRANSIT, ORDER_EVENT_LOADED, ORDER_READY, TELL_READY | FORGET_CODE},
    {ORDER_IN_TRANSIT, ORDER_EVENT_VOIDED_OUT, ORDER_RECALLED, FORGET_CODE | END_CODE},

    {ORDER_READY, ORDER_EVENT_WITHDRAW, ORDER_WITHDRAWING, SEND_WITHDRAW},
    {ORDER_READY, ORDER_EVENT_EXPIRE, ORDER_WITHDRAWING, SEND_WITHDRAW},
    {ORDER_READY, ORDER_EVENT_TAKE_BACK, ORDER_RETURNED, SEND_WITHDRAW},
    {ORDER_READY, ORDER_EVENT_DEVICE_LOST, ORDER_LOST, END_CODE},
    {ORDER_READY, ORDER_EVENT_NOT_CONFIRMED, ORDER_UNCONFIRMED, NOTHING},
    {ORDER_READY, ORDER_EVENT_DOOR_COLLECTED, ORDER_COLLECTED, END_CODE},
    {ORDER_READY, ORDER_EVENT_VOIDED_IN, ORDER_WITHDRAWN, END_CODE},
    {ORDER_READY, ORDER_EVENT_LAPSED_IN, ORDER_EXPIRED, END_CODE},
    {ORDER_READY, ORDER_EVENT_REMOVED, ORDER_RETURNED, END_CODE},

    {ORDER_UNCONFIRMED, ORDER_EVENT_WITHDRAW, ORDER_WITHDRAWING, SEND_WITHDRAW},
    {ORDER_UNCONFIRMED, ORDER_EVENT_EXPIRE, ORDER_WITHDRAWING, SEND_WITHDRAW},
    {ORDER_UNCONFIRMED, ORDER_EVENT_TAKE_BACK, ORDER_RETURNED, SEND_WITHDRAW},
    {ORDER_UNCONFIRMED, ORDER_EVENT_DEVICE_LOST, ORDER_LOST, END_CODE},
    {ORDER_UNCONFIRMED, ORDER_EVENT_LOADED, ORDER_READY, NOTHING},
    {ORDER_UNCONFIRMED, ORDER_EVENT_NOT_CONFIRMED, ORDER_UNCONFIRMED, SAME},
    {ORDER_UNCONFIRMED, ORDER_EVENT_DOOR_COLLECTED, ORDER_COLLECTED, END_CODE},
    {ORDER_UNCONFIRMED, ORDER_EVENT_VOIDED_IN, ORDER_WITHDRAWN, END_CODE},
    {ORDER_UNCONFIRMED, ORDER_EVENT_LAPSED_IN, ORDER_EXPIRED, END_CODE},
    {ORDER_UNCONFIRMED, ORDER_EVENT_REMOVED, ORDER_RETURNED, END_CODE},

    /* Until the locker confirms, everything that can happen at a door may still happen. */
    {ORDER_WITHDRAWING, ORDER_EVENT_WITHDRAW, ORDER_WITHDRAWING, SAME},
    {ORDER_WITHDRAWING, ORDER_EVENT_EXPIRE, ORDER_WITHDRAWING, SAME},
    {ORDER_WITHDRAWING, ORDER_EVENT_TAKE_BACK, ORDER_RETURNED, FORGET_CODE},
    {ORDER_WITHDRAWING, ORDER_EVENT_DEVICE_LOST, ORDER_LOST, FORGET_CODE | END_CODE},
    {ORDER_WITHDRAWING, ORDER_EVENT_LOADED, ORDER_WITHDRAWING, FORGET_CODE},
    {ORDER_WITHDRAWING, ORDER_EVENT_NOT_CONFIRMED, ORDER_WITHDRAWING, SAME},
    {ORDER_WITHDRAWING, ORDER_EVENT_DOOR_COLLECTED, ORDER_COLLECTED, END_CODE},
    {ORDER_WITHDRAWING, ORDER_EVENT_VOIDED_IN, ORDER_WITHDRAWN, END_CODE},
    {ORDER_WITHDRAWING, ORDER_EVENT_LAPSED_IN, ORDER_EXPIRED, END_CODE},
    {ORDER_WITHDRAWING, ORDER_EVENT_VOIDED_OUT, ORDER_RECALLED, FORGET_CODE | END_CODE},
    {ORDER_WITHDRAWING, ORDER_EVENT_REMOVED, ORDER_RETURNED, END_CODE},

    {ORDER_WITHDRAWN, ORDER_EVENT_TAKE_BACK, ORDER_RETURNED, NOTHING},
    {ORDER_WITHDRAWN, ORDER_EVENT_DEVICE_LOST, ORDER_LOST, NOTHING},
    {ORDER_WITHDRAWN, ORDER_EVENT_VOIDED_IN, ORDER_WITHDRAWN, SAME},
    {ORDER_WITHDRAWN, ORDER_EVENT_LAPSED_IN, ORDER_WITHDRAWN, SAME},
    {ORDER_WITHDRAWN, ORDER_EVENT_REMOVED, ORDER_RETURNED, NOTHING},

    {ORDER_EXPIRED, ORDER_EVENT_TAKE_BACK, ORDER_RETURNED, NOTHING},
    {ORDER_EXPIRED, ORDER_EVENT_DEVICE_LOST, ORDER_LOST, NOTHING},
    {ORDER_EXPIRED, ORDER_EVENT_VOIDED_IN, ORDER_EXPIRED, SAME},
    {ORDER_EXPIRED, ORDER_EVENT_LAPSED_IN, ORDER_EXPIRED, SAME},
    {ORDER_EXPIRED, ORDER_EVENT_REMOVED, ORDER_RETURNED, NOTHING},

    {ORDER_RECALLED, ORDER_EVENT_TAKE_BACK, ORDER_RETURNED, NOTHING},
    {ORDER_RECALLED, ORDER_EVENT_COUNTER, ORDER_COLLECTED, NOTHING},
    {ORDER_RECALLED, ORDER_EVENT_VOIDED_OUT, ORDER_RECALLED, SAME},

    {ORDER_RETURNED, ORDER_EVENT_PACK, ORDER_PACKED, NOTHING},
    {ORDER_RETURNED, ORDER_EVENT_COUNTER, ORDER_COLLECTED, NOTHING},
    {ORDER_RETURNED, ORDER_EVENT_RESTOCK, ORDER_RESTOCKED, NOTHING},
    {ORDER_RETURNED, ORDER_EVENT_DESTROY, ORDER_DESTROYED, NOTHING},
    {ORDER_RETURNED, ORDER_EVENT_VOIDED_IN, ORDER_RETURNED, SAME | END_CODE},
    {ORDER_RETURNED, ORDER_EVENT_LAPSED_IN, ORDER_RETURNED, SAME | END_CODE},
    {ORDER_RETURNED, ORDER_EVENT_VOIDED_OUT, ORDER_RETURNED, SAME | END_CODE},
    {ORDER_RETURNED, ORDER_EVENT_TOO_LATE, ORDER_RETURNED, SAME | END_CODE},
    {ORDER_RETURNED, ORDER_EVENT_REMOVED, ORDER_RETURNED, SAME | END_CODE},

    {ORDER_COLLECTED, ORDER_EVENT_VOIDED_OUT, ORDER_COLLECTED, SAME | END_CODE},
    {ORDER_COLLECTED, ORDER_EVENT_TOO_LATE, ORDER_COLLECTED, SAME | END_CODE},

    {ORDER_RESTOCKED, ORDER_EVENT_VOIDED_IN, ORDER_RESTOCKED, SAME | END_CODE},
    {ORDER_RESTOCKED, ORDER_EVENT_LAPSED_IN, ORDER_RESTOCKED, SAME | END_CODE},
    {ORDER_RESTOCKED, ORDER_EVENT_VOIDED_OUT, ORDER_RESTOCKED, SAME | END_CODE},
    {ORDER_RESTOCKED, ORDER_EVENT_TOO_LATE, ORDER_RESTOCKED, SAME | END_CODE},
    {ORDER_RESTOCKED, ORDER_EVENT_REMOVED, ORDER_RESTOCKED, SAME | END_CODE},
    {ORDER_DESTROYED, ORDER_EVENT_VOIDED_IN, ORDER_DESTROYED, SAME | END_CODE},
    {ORDER_DESTROYED, ORDER_EVENT_LAPSED_IN, ORDER_DESTROYED, SAME | END_CODE},
    {ORDER_DESTROYED, ORDER_EVENT_VOIDED_OUT, ORDER_DESTROYED, SAME | END_CODE},
    {ORDER_DESTROYED, ORDER_EVENT_TOO_LATE, ORDER_DESTROYED, SAME | END_CODE},
    {ORDER_DESTROYED, ORDER_EVENT_REMOVED, ORDER_DESTROYED, SAME | END_CODE},

    {ORDER_LOST, ORDER_EVENT_TAKE_BACK, ORDER_RETURNED, NOTHING},
};

/* What is true of each state. */
static const struct {
    const char *name;
    const char *fhir; /* MedicationDispense.status: one for each state */
    bool in_door, reserving, live, final;
} states[ORDER_STATE_N] = {
    [ORDER_REGISTERED] = {"registered", "preparation", false, false, false, false},
    [ORDER_PACKED] = {"packed", "preparation", false, true, true, false},
    [ORDER_IN_TRANSIT] = {"in_transit", "preparation", false, true, true, false},
    [ORDER_READY] = {"ready", "in-progress", true, false, true, false},
    [ORDER_UNCONFIRMED] = {"unconfirmed", "unknown", true, false, true, false},
    [ORDER_WITHDRAWING] = {"withdrawing", "on-hold", false, false, true, false},
    [ORDER_WITHDRAWN] = {"withdrawn", "on-hold", true, false, false, false},
    [ORDER_EXPIRED] = {"expired", "on-hold", true, false, false, false},
    [ORDER_RECALLED] = {"recalled", "on-hold", false, false, false, false},
    [ORDER_RETURNED] = {"returned", "on-hold", false, false, false, false},
    [ORDER_COLLECTED] = {"collected", "completed", false, false, false, true},
    [ORDER_RESTOCKED] = {"restocked", "stopped", false, false, false, true},
    [ORDER_DESTROYED] = {"destroyed", "stopped", false, false, false, true},
    [ORDER_LOST] = {"lost", "stopped", false, false, false, false},
    [ORDER_CANCELLED] = {"cancelled", "cancelled", false, false, false, true},
};

static const char *const event_names[ORDER_EVENT_KIND_N] = {
    [ORDER_EVENT_PACK] = "pack",
    [ORDER_EVENT_REPACK] = "repack",
    [ORDER_EVENT_CANCEL] = "cancel",
    [ORDER_EVENT_DEPART] = "depart",
    [ORDER_EVENT_ARRIVE_BACK] = "arrive_back",
    [ORDER_EVENT_WITHDRAW] = "withdraw",
    [ORDER_EVENT_TAKE_BACK] = "take_back",
    [ORDER_EVENT_COUNTER] = "counter",
    [ORDER_EVENT_RESTOCK] = "restock",
    [ORDER_EVENT_DESTROY] = "destroy",
    [ORDER_EVENT_DEVICE_LOST] = "device_lost",
    [ORDER_EVENT_EXPIRE] = "expire",
    [ORDER_EVENT_LOADED] = "loaded",
    [ORDER_EVENT_NOT_CONFIRMED] = "not_confirmed",
    [ORDER_EVENT_DOOR_COLLECTED] = "door_collected",
    [ORDER_EVENT_VOIDED_IN] = "voided_in",
    [ORDER_EVENT_LAPSED_IN] = "lapsed_in",
    [ORDER_EVENT_VOIDED_OUT] = "voided_out",
    [ORDER_EVENT_TOO_LATE] = "too_late",
    [ORDER_EVENT_REMOVED] = "removed",
};

static const char *const cause_names[ORDER_CAUSE_N] = {"none", "withdrawn", "expired", "staff"};
static const char *const actor_names[ORDER_ACTOR_N] = {"none", "code", "token", "staff", "counter", "carer", "remote"};

void order_init(struct order *o, const uint8_t id[ORDER_ID_LEN], const struct request *ask, int64_t now_ms)
{
    memset(o, 0, sizeof(*o));
    memcpy(o->id, id, ORDER_ID_LEN);
    o->state = ORDER_REGISTERED;
    o->created_ms = now_ms;
    o->changed_ms = now_ms;
    o->ask = *ask;
}

static const struct step *find_step(enum order_state s, enum order_event_kind kind)
{
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (steps[i].from == s && steps[i].on == kind) {
            return &steps[i];
        }
    }
    return NULL;
}

static bool is_of_locker(enum order_event_kind k)
{
    return k >= ORDER_EVENT_LOADED;
}

/* Late words about a load that is history: nothing can follow from them. A loading or a collection would be news. */
static bool is_harmless_when_late(enum order_event_kind k)
{
    return k == ORDER_EVENT_VOIDED_IN || k == ORDER_EVENT_LAPSED_IN || k == ORDER_EVENT_VOIDED_OUT ||
           k == ORDER_EVENT_TOO_LATE || k == ORDER_EVENT_REMOVED || k == ORDER_EVENT_NOT_CONFIRMED;
}

static enum err check_source(const struct order *o, const struct order_event *ev, struct reason *r)
{
    if (ev->load > o->load) {
        return err_because(r, ERR_GAP, "%s: load %u, but packed %u times", event_names[ev->kind], ev->load, o->load);
    }
    if (ev->load < o->load) {
        return err_because(r, ERR_REPLAY, "%s: load %u is over, now %u", event_names[ev->kind], ev->load, o->load);
    }
    if (memcmp(ev->locker, o->locker, ORDER_LOCKER_LEN) != 0) {
        return err_because(r, ERR_FOREIGN, "%s: packed for another locker", event_names[ev->kind]);
    }
    return ERR_OK;
}

static void set_packed(struct order *o, const struct order_event *ev)
{
    o->load++;
    memcpy(o->locker, ev->locker, ORDER_LOCKER_LEN);
    o->door[0] = '\0';
    o->cause = ORDER_CAUSE_NONE;
    memset(&o->proof, 0, sizeof(o->proof));
    o->packed_ms = ev->at_ms;
    o->ready_ms = 0;
    o->ask.not_before_s = ev->not_before_s;
    o->ask.not_after_s = ev->not_after_s;
}

/* The facts that come with an event, besides the state. */
static void set_facts(struct order *o, const struct order_event *ev)
{
    switch (ev->kind) {
    case ORDER_EVENT_PACK:
    case ORDER_EVENT_REPACK:
        set_packed(o, ev);
        break;
    case ORDER_EVENT_WITHDRAW:
        o->cause = ORDER_CAUSE_WITHDRAWN;
        break;
    case ORDER_EVENT_EXPIRE:
        o->cause = ORDER_CAUSE_EXPIRED;
        break;
    case ORDER_EVENT_LOADED:
        if (o->ready_ms == 0) {
            o->ready_ms = ev->at_ms;
        }
        memcpy(o->door, ev->door, sizeof(o->door));
        break;
    case ORDER_EVENT_VOIDED_IN:
        o->cause = ev->cause;
        memcpy(o->door, ev->door, sizeof(o->door));
        break;
    case ORDER_EVENT_LAPSED_IN:
        o->cause = ORDER_CAUSE_EXPIRED;
        memcpy(o->door, ev->door, sizeof(o->door));
        break;
    case ORDER_EVENT_DOOR_COLLECTED:
    case ORDER_EVENT_COUNTER:
        o->proof = ev->proof;
        o->door[0] = '\0';
        break;
    case ORDER_EVENT_TAKE_BACK:
    case ORDER_EVENT_DEVICE_LOST:
    case ORDER_EVENT_VOIDED_OUT:
    case ORDER_EVENT_REMOVED:
        o->door[0] = '\0';
        break;
    case ORDER_EVENT_CANCEL:
    case ORDER_EVENT_DEPART:
    case ORDER_EVENT_ARRIVE_BACK:
    case ORDER_EVENT_RESTOCK:
    case ORDER_EVENT_DESTROY:
    case ORDER_EVENT_NOT_CONFIRMED:
    case ORDER_EVENT_TOO_LATE:
    case ORDER_EVENT_KIND_N:
        break;
    }
}

/* The only place where the state of an order changes. */
static void change(struct order *o, const struct order_event *ev, const struct step *s, struct order_effects *fx)
{
    bool same = (s->effects & SAME) != 0;

    if (!same) {
        set_facts(o, ev);
        o->state = s->to;
        o->changed_ms = ev->at_ms;
        /* A counter hand-over kills the label without a withdrawal asked for by people before. */
        if ((s->effects & SEND_WITHDRAW) != 0 && o->cause == ORDER_CAUSE_NONE) {
            o->cause = ORDER_CAUSE_WITHDRAWN;
        }
    }
    fx->changed = !same;
    fx->send_withdraw = (s->effects & SEND_WITHDRAW) != 0;
    fx->tell_ready = (s->effects & TELL_READY) != 0;
    fx->forget_code = (s->effects & FORGET_CODE) != 0;
    fx->end_code = (s->effects & END_CODE) != 0;
}

enum err order_step(struct order *o, const struct order_event *ev, struct order_effects *fx, struct reason *r)
{
    struct order_effects none = {0};

    if (is_of_locker(ev->kind)) {
        enum err e = check_source(o, ev, r);
        if (e == ERR_REPLAY && is_harmless_when_late(ev->kind)) {
            *fx = none;
            fx->end_code = ev->kind != ORDER_EVENT_NOT_CONFIRMED;
            return ERR_OK;
        }
        if (e != ERR_OK) {
            return e;
        }
    }
    const struct step *s = find_step(o->state, ev->kind);
    if (s == NULL) {
        return err_because(r, ERR_STATE, "%s is not possible while %s", event_names[ev->kind], states[o->state].name);
    }
    *fx = none;
    change(o, ev, s, fx);
    return ERR_OK;
}

bool order_may(enum order_state s, enum order_event_kind kind)
{
    const struct step *x = find_step(s, kind);

    return x != NULL && (x->effects & SAME) == 0;
}

uint32_t order_states_that_may(enum order_event_kind kind)
{
    uint32_t all = 0;

    for (unsigned i = 0; i < ORDER_STATE_N; i++) {
        if (order_may((enum order_state)i, kind)) {
            all |= 1u << i;
        }
    }
    return all;
}

bool order_is_in_locker(const struct order *o)
{
    return states[o->state].in_door || (o->state == ORDER_WITHDRAWING && o->door[0] != '\0');
}

bool order_is_reserving(enum order_state s)
{
    return states[s].reserving;
}

bool order_has_live_code(enum order_state s)
{
    return states[s].live;
}

bool order_is_final(enum order_state s)
{
    return states[s].final;
}

const char *order_state_name(enum order_state s)
{
    return states[s].name;
}

enum err order_state_parse(const char *text, enum order_state *out)
{
    for (unsigned i = 0; i < ORDER_STATE_N; i++) {
        if (strcmp(text, states[i].name) == 0) {
            *out = (enum order_state)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

const char *order_event_name(enum order_event_kind k)
{
    return event_names[k];
}

static enum err find_name(const char *const *names, unsigned n, const char *text, unsigned *out)
{
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

const char *order_cause_name(enum order_cause c)
{
    return cause_names[c];
}

enum err order_cause_parse(const char *text, enum order_cause *out)
{
    unsigned i;
    enum err e = find_name(cause_names, ORDER_CAUSE_N, text, &i);

    if (e == ERR_OK) {
        *out = (enum order_cause)i;
    }
    return e;
}

const char *order_actor_name(enum order_actor a)
{
    return actor_names[a];
}

enum err order_actor_parse(const char *text, enum order_actor *out)
{
    unsigned i;
    enum err e = find_name(actor_names, ORDER_ACTOR_N, text, &i);

    if (e == ERR_OK) {
        *out = (enum order_actor)i;
    }
    return e;
}

const char *order_fhir_status(enum order_state s)
{
    return states[s].fhir;
}
