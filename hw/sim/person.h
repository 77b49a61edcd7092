/* SPDX-License-Identifier: Apache-2.0 */
/*
 * person: who stands before a door and what they do once it opens: take the content, put a bag in, only close it, or
 * nothing. Decides when; the cabinet moves bag and door. Pure; time is an argument in microseconds.
 */
#ifndef MEDLOCKER_SIM_PERSON_H
#define MEDLOCKER_SIM_PERSON_H

#include <stdbool.h>
#include <stdint.h>

#define PERSON_NEVER INT64_MAX
#define PERSON_BAG_CAP 64

enum person_kind { PERSON_NONE, PERSON_COLLECT, PERSON_LOAD, PERSON_CLOSE, PERSON_KIND_N };

struct person {
    enum person_kind kind;
    bool once;                /* goes away after the door is closed and latched */
    bool again;               /* it did not latch: they only close it once more */
    int64_t after_us;         /* from door open to door closed */
    char bag[PERSON_BAG_CAP]; /* PERSON_LOAD: "" makes a new name each time */
    int64_t act_us;           /* when they act, or PERSON_NEVER */
};

void person_init(struct person *p, enum person_kind kind, int64_t after_us, bool once);

/* The door before them opened. */
void person_door_opened(struct person *p, int64_t now_us);

/* true once when it is time to act; *kind says what they do before they close the door. */
bool person_acts(struct person *p, int64_t now_us, enum person_kind *kind);

/* They closed the door, and it latched or not. */
void person_door_closed(struct person *p, bool latched);

const char *person_kind_name(enum person_kind kind);

#endif
