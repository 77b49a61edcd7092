/* SPDX-License-Identifier: Apache-2.0 */
/* crash_script: the stories that are cut off everywhere. Each is a fiber's work at a site with one locker. */
#ifndef MEDLOCKER_SIM_CRASH_SCRIPT_H
#define MEDLOCKER_SIM_CRASH_SCRIPT_H

#include <stdbool.h>

#include "tests/sim/site.h"

#define CRASH_ORDERS_MAX 2
#define CRASH_DOORS 4

/* How a story ends well. */
enum crash_goal {
    CRASH_GOAL_NONE,   /* all invariants hold, every door can be brought back */
    CRASH_GOAL_SERVED, /* the patient has the bag, or staff has it and the hub says so */
    CRASH_GOAL_BACK    /* the bag is back at the pharmacy, or the patient was faster */
};

struct crash_story {
    struct site *s;
    struct ghost_order *order[CRASH_ORDERS_MAX];
    unsigned orders;
    unsigned told; /* orders that staff gave by hand */
};

struct crash_script {
    const char *name;
    void (*prepare)(struct crash_story *t); /* not cut; may be NULL */
    void (*act)(struct crash_story *t);     /* cut everywhere */
    enum crash_goal goal;
    bool from_start;                      /* cut from the first start of the daemons on */
    bool two_deep;                        /* also cut again in the recovery */
    void (*after)(struct crash_story *t); /* what people do first when everything is up again; may be NULL */
};

/* The n-th script; NULL: no more. */
const struct crash_script *crash_script(unsigned n);

/* What people do after it, until the story has ended. Fails the world when it does not. */
void crash_complete(struct crash_story *t, const struct crash_script *script);

#endif
