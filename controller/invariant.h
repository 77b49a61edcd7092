/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invariant: the numbered safety invariants as functions over one world: the state of a locker, the decision just
 * taken, and in tests the ghost: what is true of the cabinet and has happened, which the locker itself cannot know. The
 * same functions serve the property tests, the simulator after every event, and the start-up check of the daemon (state
 * only). Those about wires, broker and hub are tested where these live.
 *
 * Pure. Each function returns 1 when the invariant holds or cannot be judged from what the world has, else 0.
 */
#ifndef MEDLOCKER_INVARIANT_H
#define MEDLOCKER_INVARIANT_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/effect.h"
#include "controller/event.h"
#include "controller/locker.h"

#define INVARIANT_HISTORY 4096u

/* What the code of one (order, load) has done so far. */
struct invariant_history {
    uint8_t order[CODE_ORDER_LEN];
    uint32_t load;
    uint16_t door; /* the first that its code pulsed; CABINET_NO_DOOR: none yet */
    unsigned pulses;
    bool ended;
};

struct invariant_content {
    bool full;
    uint8_t order[CODE_ORDER_LEN];
    uint32_t load;
};

struct ghost {
    /* Kept by the test: */
    struct invariant_content content[HW_DOORS_MAX];
    bool excused[HW_DOORS_MAX]; /* people put or left something there against what they told the locker */
    /* Kept by invariant_note: */
    enum compartment_state before[HW_DOORS_MAX];
    bool opened[HW_DOORS_MAX];   /* seen open since its last pulse or inspection began */
    bool reported[HW_DOORS_MAX]; /* somebody said that it is wrong, and staff has not looked since */
    struct invariant_history history[INVARIANT_HISTORY];
    unsigned histories;
    int64_t floor_ms;
    uint32_t boot;
    int64_t last_ms, run_ms; /* boot time over all boots */
    uint64_t evaluated[2];   /* wrong tries answered, by limiter bucket */
    int64_t spent_ms[2];     /* boot time that they have cost and that has not passed since */
    int64_t coil_until_ms;   /* boot ms */
    /* The visit of a patient: the order last opened, and whose; zeros: nobody's. */
    struct record_order visited;
    uint8_t person[TOKEN_PERSON_LEN];
    struct remote challenge; /* the last that was sent and not answered */
    uint32_t challenge_boot;
};

struct world {
    const struct locker *locker;
    const struct event *event;     /* that was decided; NULL: look at the state alone */
    const struct effects *effects; /* of it; NULL with event */
    const struct ghost *ghost;     /* as before the event, but for content and excused; NULL: not in a test */
};

typedef int (*invariant_fn)(const struct world *w);
struct invariant {
    unsigned number;
    const char *name;
    invariant_fn holds;
};
extern const struct invariant invariants[];
extern const unsigned invariants_count;

/* The first that does not hold; NULL: all hold. */
const struct invariant *invariant_check(const struct world *w);

/* Brings the ghost's history up to date after the check. w->ghost is not used. */
void invariant_ghost_init(struct ghost *g, const struct locker *l);
void invariant_note(struct ghost *g, const struct world *w);

#endif
