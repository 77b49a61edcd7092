/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order: the life of a bag at the hub. One table says what each event does in each state; one function changes the
 * state. Locker events count only when they name the present load and the locker that it was packed for; everything
 * else that does not fit is a contradiction, which changes nothing and which people must see.
 *
 * Pure: no I/O, no clock, no allocation.
 */
#ifndef MEDLOCKER_BACKEND_ORDER_H
#define MEDLOCKER_BACKEND_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/request.h"
#include "common/err.h"

#define ORDER_ID_LEN 16
#define ORDER_LOCKER_LEN 8
#define ORDER_STAFF_LEN 8
#define ORDER_DOOR_CAP 9

enum order_state {
    ORDER_REGISTERED,  /* asked for; no bag yet, or none with a valid label */
    ORDER_PACKED,      /* bag and label exist, in the pharmacy */
    ORDER_IN_TRANSIT,  /* given to a courier (optional step) */
    ORDER_READY,       /* loaded; the code works */
    ORDER_UNCONFIRMED, /* a door was pulsed, the outcome is unknown; the same code still opens the same door */
    ORDER_WITHDRAWING, /* asked back; the locker has NOT confirmed yet: the code may still work (INV-20) */
    ORDER_WITHDRAWN,   /* code dead, confirmed; the bag lies in a door */
    ORDER_EXPIRED,     /* the same, because the window is over */
    ORDER_RECALLED,    /* code and label dead, confirmed; the bag lies in no door: to be found and scanned */
    ORDER_RETURNED,    /* bag in the hands of the pharmacy, code dead; may be packed again */
    ORDER_COLLECTED,   /* handed over: at a door, or at the counter */
    ORDER_RESTOCKED,
    ORDER_DESTROYED,
    ORDER_LOST,      /* in a locker that two persons declared lost */
    ORDER_CANCELLED, /* never packed */
    ORDER_STATE_N
};

enum order_event_kind {
    /* people at the pharmacy */
    ORDER_EVENT_PACK,   /* label made: load + 1, locker set */
    ORDER_EVENT_REPACK, /* another label for the same bag before it left: load + 1; the caller withdraws the old one */
    ORDER_EVENT_CANCEL,
    ORDER_EVENT_DEPART,      /* courier takes the bag */
    ORDER_EVENT_ARRIVE_BACK, /* courier brings the bag back, label still valid */
    ORDER_EVENT_WITHDRAW,
    ORDER_EVENT_TAKE_BACK, /* bag in hand: its label was scanned at the pharmacy */
    ORDER_EVENT_COUNTER,   /* same bag handed over at the counter; the label dies */
    ORDER_EVENT_RESTOCK,
    ORDER_EVENT_DESTROY,
    ORDER_EVENT_DEVICE_LOST, /* two persons; the caller sees to that */
    /* time */
    ORDER_EVENT_EXPIRE,
    /* the locker */
    ORDER_EVENT_LOADED,
    ORDER_EVENT_NOT_CONFIRMED,
    ORDER_EVENT_DOOR_COLLECTED,
    ORDER_EVENT_VOIDED_IN,  /* code dead, bag in a door; withdrawn or taken out of use by staff */
    ORDER_EVENT_LAPSED_IN,  /* code dead, bag in a door; window over */
    ORDER_EVENT_VOIDED_OUT, /* code and label dead, no bag in a door */
    ORDER_EVENT_TOO_LATE,   /* answer to a withdrawal: collected or removed before (told by its own event) */
    ORDER_EVENT_REMOVED,    /* staff took the bag out of the door */
    ORDER_EVENT_KIND_N
};

/* Why an order is being or was withdrawn. */
enum order_cause { ORDER_CAUSE_NONE, ORDER_CAUSE_WITHDRAWN, ORDER_CAUSE_EXPIRED, ORDER_CAUSE_STAFF, ORDER_CAUSE_N };

enum order_actor {
    ORDER_ACTOR_NONE,
    ORDER_ACTOR_CODE,
    ORDER_ACTOR_TOKEN,
    ORDER_ACTOR_STAFF,
    ORDER_ACTOR_COUNTER,
    ORDER_ACTOR_CARER,
    ORDER_ACTOR_REMOTE, /* staff at a distance, with somebody at the kiosk */
    ORDER_ACTOR_N
};

/* What proves the hand-over. Times of the locker's clock, Unix ms; 0: not known. At the counter: opened_ms is the time
 * of the record. */
struct order_proof {
    enum order_actor actor;
    uint8_t staff[ORDER_STAFF_LEN];
    uint8_t carer[TOKEN_CARER_LEN];
    int64_t pulsed_ms, opened_ms, closed_ms;
    uint32_t pulses;
};

struct order {
    uint8_t id[ORDER_ID_LEN]; /* random; the only name of the order outside the hub */
    int64_t number;           /* counted by the store; what people read and say */
    enum order_state state;
    uint32_t load;                    /* times packed */
    uint8_t locker[ORDER_LOCKER_LEN]; /* of the present load; zeros: none */
    char door[ORDER_DOOR_CAP];        /* where the bag lies; "" when in no door */
    enum order_cause cause;
    struct order_proof proof;
    uint8_t person[TOKEN_PERSON_LEN]; /* of the present load at its locker (see person.h); zeros: a bag on its own */
    int64_t created_ms, changed_ms, packed_ms, ready_ms;
    struct request ask;
};

struct order_event {
    enum order_event_kind kind;
    int64_t at_ms;                     /* of the hub */
    uint32_t load;                     /* locker events */
    uint8_t locker[ORDER_LOCKER_LEN];  /* locker events and PACK */
    char door[ORDER_DOOR_CAP];         /* LOADED, VOIDED_IN, LAPSED_IN, NOT_CONFIRMED */
    enum order_cause cause;            /* VOIDED_IN */
    struct order_proof proof;          /* DOOR_COLLECTED, COUNTER */
    int64_t not_before_s, not_after_s; /* PACK: the window printed on the slip */
};

/* What the caller must do in the same transaction. */
struct order_effects {
    bool changed;       /* the row must be written */
    bool send_withdraw; /* order.withdraw.v1 for (order, load) to its locker, cause as in the order */
    bool tell_ready;    /* the patient may be told */
    bool forget_code;   /* wipe the sealed code kept for printing */
    bool end_code; /* the code of this load (locker events: ev->load) is dead: free its place among the live codes */
};

/* A new order, ORDER_REGISTERED; the store gives its number. */
void order_init(struct order *o, const uint8_t id[ORDER_ID_LEN], const struct request *ask, int64_t now_ms);

/* Applies ev. On any error o is untouched. What a locker says late about an older load, and that changes nothing any
 * more, is no error. Errors: ERR_STATE (the table has no such step), ERR_FOREIGN (another locker than packed for),
 * ERR_REPLAY (an older load), ERR_GAP (a load that the hub never packed). The reason names states, not people. */
enum err order_step(struct order *o, const struct order_event *ev, struct order_effects *fx,
                    struct reason *r) ERR_MUST_CHECK;

/* Whether the table has a step for (state, kind), without the checks of load and locker: for the staff pages. */
bool order_may(enum order_state s, enum order_event_kind kind);
uint32_t order_states_that_may(enum order_event_kind kind); /* bit 1 << state */

/* A door with this order in it holds the bag (READY, UNCONFIRMED, WITHDRAWN, EXPIRED, or WITHDRAWING with a door). */
bool order_is_in_locker(const struct order *o);
/* The label could still be loaded, so that it needs a door: PACKED, IN_TRANSIT. */
bool order_is_reserving(enum order_state s);
/* The code may still open a door. */
bool order_has_live_code(enum order_state s);
bool order_is_final(enum order_state s);

/* "in_transit" ... and back (ERR_UNKNOWN). */
const char *order_state_name(enum order_state s);
enum err order_state_parse(const char *text, enum order_state *out) ERR_MUST_CHECK;
const char *order_event_name(enum order_event_kind k);
const char *order_cause_name(enum order_cause c);
enum err order_cause_parse(const char *text, enum order_cause *out) ERR_MUST_CHECK;
const char *order_actor_name(enum order_actor a);
enum err order_actor_parse(const char *text, enum order_actor *out) ERR_MUST_CHECK;

/* The one FHIR R4 MedicationDispense.status of each state. */
const char *order_fhir_status(enum order_state s);

#endif
