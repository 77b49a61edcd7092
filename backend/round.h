/* SPDX-License-Identifier: Apache-2.0 */
/*
 * round: which lockers somebody must drive to, why, and in which order. Pure and deterministic: the same facts give the
 * same list, whatever order they come in.
 */
#ifndef MEDLOCKER_ROUND_H
#define MEDLOCKER_ROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/store.h"

/* What is known of one locker. */
struct round_locker {
    uint8_t id[STORE_LOCKER_LEN];
    char name[STORE_NAME_CAP];
    char address[STORE_TEXT_CAP];
    int64_t seen_ms;
    bool silent; /* no word for too long: the counts may be old */
    struct store_tasks tasks;
    uint32_t room;    /* doors that could take a bag now */
    uint32_t free;    /* of them: not promised to one that waits */
    uint32_t repairs; /* open tickets that need hands there */
    uint32_t urgent;  /* of them: first */
};

/* How many reasons of each kind there are to go there. */
struct round_reasons {
    uint32_t load;   /* bags to bring */
    uint32_t empty;  /* bags to take out: expired, called back, outcome unknown */
    uint32_t repair; /* tickets */
};
struct round_reasons round_reasons_of(const struct round_locker *l);
/* There is a reason. */
bool round_is_stop(const struct round_locker *l);
/* More bags to bring than doors that could take one now, and how many: emptying comes first there. */
uint32_t round_short_of(const struct round_locker *l);

/* Sorts: urgent tickets, then bags to bring, then to take out, then tickets, then name, then id. */
void round_sort(struct round_locker *l, unsigned n);

#endif
