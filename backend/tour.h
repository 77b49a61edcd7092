/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tour: the return tour of one locker: every door that must be looked into and every bag that must come back, why, and
 * where it goes then. What was put on a tour stays on it until evidence or words explain it: the tour cannot end
 * before.
 *
 * tour_due, tour_mark and tour_goes_to are pure; the rest is one transaction each, in the one thread of the hub.
 * Errors besides the named: those of the store.
 */
#ifndef MEDLOCKER_TOUR_H
#define MEDLOCKER_TOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/act.h"
#include "backend/hub.h"
#include "backend/order.h"
#include "backend/store.h"

#define TOUR_STOPS_MAX 500

/* How far a stop is. */
enum tour_mark {
    TOUR_OPEN,
    TOUR_REMOVED,   /* the bag is out and in hand: told by the locker, or its label was scanned */
    TOUR_COLLECTED, /* the patient was faster */
    TOUR_CLEARED,   /* the door was looked into and is in order again */
    TOUR_EXPLAINED, /* in words */
    TOUR_MARK_N
};

/* A proposal: people decide. */
enum tour_goal {
    TOUR_RESTOCK,
    TOUR_DESTROY, /* cold: nobody vouches for it any more */
    TOUR_CALL,    /* not fetched, or something is wrong: talk to the patient first */
    TOUR_LOOK,    /* no bag is known to be there */
    TOUR_GOAL_N
};

/* What is known of a door and its bag; either may be NULL, not both. */
struct tour_facts {
    const struct store_compartment *door;
    const struct order *order;
};

/* Whether it belongs on a tour, and why. */
bool tour_due(const struct tour_facts *f, enum store_tour_reason *reason);
/* How far a stop is, by what is known of its door and its order now. */
enum tour_mark tour_mark(const struct store_tour_stop *s, const struct tour_facts *now);
enum tour_goal tour_goes_to(enum store_tour_reason reason, const struct order *o);

const char *tour_mark_name(enum tour_mark m);
const char *tour_goal_name(enum tour_goal g);

/* A stop with what is known now. */
struct tour_step {
    struct store_tour_stop stop;
    bool has_door, has_order;
    struct store_compartment door;
    struct order order;
    enum tour_mark mark;
    enum tour_goal goal;
};

struct tour_plan {
    bool open; /* tour is under way; else the steps are what a tour would have now */
    struct store_tour tour;
    struct tour_step *step;
    unsigned steps, left; /* left: not explained yet */
};

/* The tour under way with what became due since, or the one that could start. *out is freed with tour_free. Errors:
 * ERR_NOT_FOUND (no such locker), ERR_TOO_LONG (more than TOUR_STOPS_MAX stops). */
enum err tour_look(struct hub *hub, const uint8_t locker[STORE_LOCKER_LEN], struct tour_plan *out,
                   struct reason *r) ERR_MUST_CHECK;
void tour_free(struct tour_plan *p);

/* Errors: ERR_STATE (nothing to fetch), ERR_DUPLICATE (under way already). */
enum err tour_start(struct hub *hub, const struct act_who *who, const uint8_t locker[STORE_LOCKER_LEN],
                    struct reason *r) ERR_MUST_CHECK;
/* A bag in hand: the text of its label, or the number of its order. It must be on the tour: ERR_FOREIGN. ERR_STATE: no
 * tour, or the bag is back already. */
enum err tour_scan(struct hub *hub, const struct act_who *who, const uint8_t locker[STORE_LOCKER_LEN], const char *text,
                   struct order *out, struct reason *r) ERR_MUST_CHECK;
/* Words for a stop that no evidence settles. ERR_MISSING: no words. ERR_NOT_FOUND: no such place. */
enum err tour_explain(struct hub *hub, const struct act_who *who, const uint8_t locker[STORE_LOCKER_LEN],
                      unsigned place, const char *note, struct reason *r) ERR_MUST_CHECK;
/* ERR_STATE: a stop is not explained; the reason names it. */
enum err tour_finish(struct hub *hub, const struct act_who *who, const uint8_t locker[STORE_LOCKER_LEN],
                     struct reason *r) ERR_MUST_CHECK;

#endif
