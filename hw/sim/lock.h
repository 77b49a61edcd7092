/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock: the physics of one door: an electric strike, a latch, a spring that pushes the door open, a contact that
 * reports it, and what can be wrong with each. Knows nothing of boards, wires or people.
 *
 * Pure; time is an argument in microseconds and never goes back.
 */
#ifndef MEDLOCKER_SIM_LOCK_H
#define MEDLOCKER_SIM_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/sim/dice.h"

#define LOCK_NEVER INT64_MAX
#define LOCK_RELEASE_US 30000 /* current needed before the strike lets go; a shorter pulse does nothing */
#define LOCK_SPRING_US 60000  /* shortest time from release to a door that stands open */
#define LOCK_SPRING_SPREAD_US 80000
#define LOCK_WEAK_US 800000 /* a latch that did not catch holds the door this long */
#define LOCK_CHATTER_US 2000

enum lock_stick { LOCK_STICK_OFF, LOCK_STICK_OPEN, LOCK_STICK_CLOSED };

/* Why the door stands as it does. */
enum lock_cause { LOCK_BY_START, LOCK_BY_PULSE, LOCK_BY_PERSON, LOCK_BY_KEY, LOCK_BY_FORCE, LOCK_BY_WEAKNESS };

struct lock {
    struct dice dice;
    bool energised; /* current in the strike */
    bool latched;   /* the latch holds the door */
    bool open;      /* the door stands open */
    enum lock_cause cause;
    int64_t moved_us;     /* when `open` changed last */
    int64_t energised_us; /* when the current began */
    int64_t release_us;   /* when the strike lets go, or LOCK_NEVER */
    int64_t spring_us;    /* when the door moves, or LOCK_NEVER */
    enum lock_cause spring_cause;
    int64_t longest_us; /* longest time with current */
    uint32_t pulses;    /* times that current began */

    bool jammed;   /* no pulse releases the latch */
    bool jam_next; /* the next pulse does not */
    bool weak;     /* the latch does not catch when the door is closed */
    enum lock_stick stick;
    uint32_t bounce_us; /* contact chatters this long after each movement */
};

/* Closed, latched, without faults. */
void lock_init(struct lock *l, uint64_t seed);

/* Current on or off. */
void lock_energise(struct lock *l, bool on, int64_t now_us);

/* A hand closes the door. With current in the strike, or with a weak latch, it opens again. */
void lock_close(struct lock *l, int64_t now_us);

/* Somebody opens the door without current. */
void lock_open(struct lock *l, enum lock_cause cause, int64_t now_us);

/* The next moment at which something happens by itself, or LOCK_NEVER. */
int64_t lock_next(const struct lock *l);

/* Lets happen what is due. */
void lock_step(struct lock *l, int64_t now_us);

/* What the contact says: with bounce and sticking. */
bool lock_contact_open(const struct lock *l, int64_t now_us);

/* How long the strike has current in its longest pulse, the present one included. */
int64_t lock_longest_us(const struct lock *l, int64_t now_us);

const char *lock_cause_name(enum lock_cause cause);

#endif
