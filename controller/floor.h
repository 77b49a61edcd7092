/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor: what time it is for expiry, when nobody can be believed. The floor is a lower bound of the true time: raised
 * by signed time of the hub, by elapsed boot time, and by NTP within 15 minutes of the estimate; it never falls. A wall
 * clock further ahead is not believed: then the clock is unsure, and only elapsed boot time since the last signed time
 * lets things expire. Pure; durable as a whole.
 */
#ifndef MEDLOCKER_FLOOR_H
#define MEDLOCKER_FLOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/token.h"

#define FLOOR_BELIEF_MS (15 * 60 * 1000)
#define FLOOR_SAVE_MS (5 * 60 * 1000) /* written at least this often; with every other change anyway */

struct floor {
    int64_t floor_ms;   /* durable. Unix ms */
    int64_t signed_ms;  /* durable. Last signed time plus the boot time since */
    int64_t contact_ms; /* durable. Newest signed time of the hub as it was sent: proof of life for leases */
    uint32_t boot;      /* of last_ms */
    int64_t last_ms;
    int64_t saved_ms; /* floor_ms as last written */
    int64_t wall_ms;  /* as last given, 0 when of no quality */
    bool contacted;   /* the hub has spoken in this boot */
};

/* A new locker knows one thing: the hub signed its enrolment at issued_ms. */
void floor_init(struct floor *f, int64_t issued_ms, const struct clock_now *now);

/* After loading the three durable members: begins a boot. */
void floor_start(struct floor *f, const struct clock_now *now);

void floor_advance(struct floor *f, const struct clock_now *now);
/* A signed message of the hub, made at hub_ms. */
void floor_contact(struct floor *f, int64_t hub_ms);

/* The time for expiry, never before floor_ms. */
int64_t floor_now_ms(const struct floor *f);
/* The wall clock agrees with the estimate. */
bool floor_is_sure(const struct floor *f);

/* now in [not_before_s, not_after_s]: the end by floor_now_ms; the beginning only while the clock is sure, since an
 * unsure clock cancels no pickup. */
bool floor_is_expired(const struct floor *f, int64_t not_after_s);
bool floor_is_early(const struct floor *f, int64_t not_before_s);
/* The class's time without a word from the hub is over, counted from the later of the last contact and base_ms. */
bool floor_is_past_lease(const struct floor *f, enum token_class cls, int64_t base_ms);

/* Wall time to put into a record: the wall clock when it is believed, else the floor. */
int64_t floor_stamp_ms(const struct floor *f);

bool floor_is_due(const struct floor *f); /* should be written though nothing else changed */
void floor_saved(struct floor *f);

#endif
