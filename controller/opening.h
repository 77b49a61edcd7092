/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opening: one door from pulse to closed again: pulsed, seen open within two seconds or jammed, up to three pulses, and
 * closed. The same for patients, loading and inspection; who may pulse what is gate's business, what it means the
 * session's. Volatile; pure.
 */
#ifndef MEDLOCKER_OPENING_H
#define MEDLOCKER_OPENING_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/hw.h"

#define OPENING_OBSERVE_MS 2000  /* from the completion of the pulse to the door seen open */
#define OPENING_COMPLETE_MS 5000 /* a pulse without completion is taken as failed */
#define OPENING_PULSES_MAX 3u
#define OPENING_BUZZER_MS 45000
#define OPENING_LEFT_OPEN_MS 300000
#define OPENING_WATCH_MS 10000 /* how long the door's board is polled first */

enum opening_phase {
    OPENING_IDLE,
    OPENING_PULSED, /* waiting for the door */
    OPENING_JAMMED, /* it did not open */
    OPENING_OPEN,
    OPENING_CLOSED, /* after having been open: the end */
    OPENING_PHASE_N
};

struct opening {
    enum opening_phase phase;
    uint16_t door;
    uint64_t serial; /* of the last pulse */
    uint8_t pulses;
    bool completed;                          /* the last pulse's completion has come */
    int64_t deadline_ms;                     /* boot ms: PULSED: when it counts as jammed */
    int64_t pulsed_ms, opened_ms, closed_ms; /* stamps for the record, Unix ms; 0: not yet */
};

enum opening_news { OPENING_NO_NEWS, OPENING_HAS_OPENED, OPENING_HAS_CLOSED, OPENING_HAS_JAMMED };

void opening_reset(struct opening *o);
/* A pulse was intended on door; the first or the next one. */
void opening_pulse(struct opening *o, uint16_t door, uint64_t serial, int64_t boot_ms, int64_t stamp_ms);
/* The door is open already (inspection of a forced door). */
void opening_already_open(struct opening *o, uint16_t door, int64_t stamp_ms);

enum opening_news opening_on_completion(struct opening *o, uint64_t serial, enum hw_status status, int64_t boot_ms);
enum opening_news opening_on_door(struct opening *o, uint16_t door, enum hw_door_state state, int64_t stamp_ms);
enum opening_news opening_on_tick(struct opening *o, int64_t boot_ms);

/* The door may legitimately open now. */
bool opening_expects(const struct opening *o, uint16_t door);
bool opening_may_retry(const struct opening *o);

#endif
