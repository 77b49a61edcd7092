/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debounce: when a contact is believed (rule R3): after two agreeing reads far enough apart and no other read between
 * them. Opening is believed sooner than closing. Pure, any thread.
 */
#ifndef MEDLOCKER_DEBOUNCE_H
#define MEDLOCKER_DEBOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#define DEBOUNCE_OPEN_US 50000
#define DEBOUNCE_CLOSE_US 300000

enum debounce_level { DEBOUNCE_UNKNOWN, DEBOUNCE_OFF, DEBOUNCE_ON };

struct debounce_rule {
    int64_t on_us;  /* how far apart two reads must be to believe "on" (door open) */
    int64_t off_us; /* and "off" (door closed) */
};

struct debounce {
    enum debounce_level level; /* what is believed */
    bool seen;                 /* at least one read since the start or the last loss */
    bool last;                 /* what the latest read said */
    int64_t since_us;          /* first of the agreeing reads */
};

/* Unknown, as at the start. */
void debounce_lose(struct debounce *d);

/* Takes one read; true when level changed. now_us never goes back. */
bool debounce_read(struct debounce *d, const struct debounce_rule *rule, bool on, int64_t now_us);

/* A read said something else than what is believed, or nothing is believed yet: read again soon. */
bool debounce_is_pending(const struct debounce *d);

#endif
