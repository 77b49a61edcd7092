/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exception: what needs a decision of a pharmacist now, derived from what the hub knows and kept nowhere: an entry
 * leaves the list when the evidence is there (the bag came out, the patient was told, the fault was settled), never
 * because somebody ticked it off. At most one entry for each order: the worst.
 *
 * Pure: no I/O, no clock, no allocation.
 */
#ifndef MEDLOCKER_EXCEPTION_H
#define MEDLOCKER_EXCEPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/order.h"
#include "backend/store.h"

/* Worst first: the order of the list. */
enum exception_kind {
    EXCEPTION_FORCED,        /* a door with a bag was broken open */
    EXCEPTION_REPORTED,      /* somebody at the door says empty, or the wrong bag */
    EXCEPTION_LOST,          /* the bag was in a locker that was declared lost */
    EXCEPTION_CONTRADICTION, /* a locker told what cannot be */
    EXCEPTION_UNCONFIRMED,   /* a door was opened, the outcome is unknown */
    EXCEPTION_CHECK,         /* nobody knows what is in the door that should have the bag */
    EXCEPTION_JAM,           /* the door with the bag does not open */
    EXCEPTION_WITHDRAWING,   /* asked back, the locker has not confirmed: the code may still work */
    EXCEPTION_RECALLED,      /* label dead, the bag lies in no door: to be found */
    EXCEPTION_EXPIRED,       /* window over, the bag lies in a door */
    EXCEPTION_WITHDRAWN,     /* code dead, the bag lies in a door */
    EXCEPTION_ENDING,        /* not collected, the window ends soon, nobody told the patient lately */
    EXCEPTION_RETURNED,      /* bag in hand: back on the shelf, away, or packed again */
    EXCEPTION_KIND_N
};

/* What resolves it; the page turns each into a button or a link. */
enum exception_act {
    EXCEPTION_ACT_CALL,      /* talk to the patient and write it down */
    EXCEPTION_ACT_RETRY,     /* open the door once more, together with who stands before it */
    EXCEPTION_ACT_WITHDRAW,  /* kill the code */
    EXCEPTION_ACT_TOUR,      /* fetch the bag: the return tour of the locker */
    EXCEPTION_ACT_TAKE_BACK, /* the bag is in hand: scan it */
    EXCEPTION_ACT_PACK,      /* pack it again */
    EXCEPTION_ACT_COUNTER,   /* hand it over at the counter */
    EXCEPTION_ACT_RESTOCK,
    EXCEPTION_ACT_SETTLE, /* close the fault, with what was found */
    EXCEPTION_ACT_ORDER,  /* make a new order: this bag is gone */
    EXCEPTION_ACT_N
};
#define EXCEPTION_ACTS_MAX 3

/* A bag that nobody collected is an exception in its last hours, unless the patient was told in as many hours before.
 */
#define EXCEPTION_ENDING_H 24

/* All that is known about one order. */
struct exception_facts {
    const struct order *order;
    const struct store_compartment *door; /* that has the bag; NULL: none */
    const struct store_fault *reported;   /* open fault REPORTED of this order; NULL: none */
    const struct store_fault *jam;        /* open fault JAM of its door; NULL: none */
    int64_t contact_ms;                   /* last contact of any outcome; 0: never */
    int64_t told_ms;                      /* last time the patient was told; 0: never */
};

struct exception {
    enum exception_kind kind;
    int64_t since_ms;
    enum exception_act act[EXCEPTION_ACTS_MAX];
    unsigned acts;
};

/* False: there is nothing to decide about this order; *out is untouched. */
bool exception_of_order(const struct exception_facts *f, int64_t now_ms, struct exception *out);
/* The same for a fault that is about no order in the list: CONTRADICTION, and REPORTED of an order that is done. */
bool exception_of_fault(const struct store_fault *f, struct exception *out);

/* The states of orders that can be an exception, as bits of store_order_filter. */
uint32_t exception_states(void);

const char *exception_kind_name(enum exception_kind k);
const char *exception_act_name(enum exception_act a);

#endif
