/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/opening.h"

#include <string.h>

void opening_reset(struct opening *o)
{
    memset(o, 0, sizeof *o);
}

void opening_pulse(struct opening *o, uint16_t door, uint64_t serial, int64_t boot_ms, int64_t stamp_ms)
{
    o->phase = OPENING_PULSED;
    o->door = door;
    o->serial = serial;
    o->pulses++;
    o->completed = false;
    o->deadline_ms = boot_ms + OPENING_COMPLETE_MS;
    o->pulsed_ms = stamp_ms;
}

void opening_already_open(struct opening *o, uint16_t door, int64_t stamp_ms)
{
    opening_reset(o);
    o->phase = OPENING_OPEN;
    o->door = door;
    o->opened_ms = stamp_ms;
}

static enum opening_news jam(struct opening *o)
{
    o->phase = OPENING_JAMMED;
    return OPENING_HAS_JAMMED;
}

enum opening_news opening_on_completion(struct opening *o, uint64_t serial, enum hw_status status, int64_t boot_ms)
{
    if (o->phase != OPENING_PULSED || o->serial != serial || o->completed)
        return OPENING_NO_NEWS;
    o->completed = true;
    o->deadline_ms = boot_ms + OPENING_OBSERVE_MS;
    switch (status) {
    case HW_DONE:
    case HW_FAILED: /* the lock may have moved: look at the door */
        return OPENING_NO_NEWS;
    case HW_REFUSED:
    case HW_FLUSHED:
        break;
    }
    return jam(o);
}

/* The wall clock may be set back in between: what came later is not told as earlier. */
static int64_t not_before(int64_t stamp_ms, int64_t earlier_ms)
{
    return stamp_ms > earlier_ms ? stamp_ms : earlier_ms;
}

enum opening_news opening_on_door(struct opening *o, uint16_t door, enum hw_door_state state, int64_t stamp_ms)
{
    if (o->phase == OPENING_IDLE || o->phase == OPENING_CLOSED || o->door != door)
        return OPENING_NO_NEWS;
    if (state == HW_DOOR_OPEN && o->phase != OPENING_OPEN) {
        o->phase = OPENING_OPEN;
        o->opened_ms = not_before(stamp_ms, o->pulsed_ms);
        return OPENING_HAS_OPENED;
    }
    if (state == HW_DOOR_CLOSED && o->phase == OPENING_OPEN) {
        o->phase = OPENING_CLOSED;
        o->closed_ms = not_before(stamp_ms, o->opened_ms);
        return OPENING_HAS_CLOSED;
    }
    return OPENING_NO_NEWS;
}

enum opening_news opening_on_tick(struct opening *o, int64_t boot_ms)
{
    if (o->phase != OPENING_PULSED || boot_ms < o->deadline_ms)
        return OPENING_NO_NEWS;
    return jam(o);
}

bool opening_expects(const struct opening *o, uint16_t door)
{
    return o->door == door && (o->phase == OPENING_PULSED || o->phase == OPENING_JAMMED || o->phase == OPENING_OPEN);
}

bool opening_may_retry(const struct opening *o)
{
    return o->phase == OPENING_JAMMED && o->pulses < OPENING_PULSES_MAX;
}
