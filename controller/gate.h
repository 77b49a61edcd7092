/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate: the one place that lets a lock move. Asked before a state is changed for a pulse, and used after it, within the
 * same decision: every pulse is the last effect of a list that holds its durable intent. Pure.
 */
#ifndef MEDLOCKER_GATE_H
#define MEDLOCKER_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/locker.h"
#include "controller/opening.h"

enum gate {
    GATE_OPEN,   /* the pulse may go */
    GATE_BUSY,   /* another coil may still be energised */
    GATE_SUPPLY, /* battery low */
    GATE_BOARD,  /* the door's boards do not answer as they should */
    GATE_DOORS,  /* a door is open or unknown (for an inspection: this one is unknown) */
    GATE_N
};

enum gate_why { GATE_FOR_PICKUP, GATE_FOR_LOADING, GATE_FOR_INSPECTION };

/* *blocker: for GATE_DOORS the door that stands open, CABINET_NO_DOOR when one is unknown only. */
enum gate gate_check(const struct locker *l, uint16_t door, enum gate_why why, int64_t boot_ms, uint16_t *blocker);

/* Writes the intent and asks for the pulse. gate_check said GATE_OPEN in this decision; the compartment is in the state
 * that allows it. order may be NULL. */
void gate_pulse(struct locker *l, uint16_t door, struct opening *opening, const struct record_actor *actor,
                const struct order *order, const struct event *ev, struct effects *fx);

/* A completion came. HW_DONE: the coil was read as off again; HW_REFUSED, HW_FLUSHED: it was never on. After HW_FAILED
 * nobody knows, and the coil is given LOCKER_COIL_MS to rest. */
void gate_on_completion(struct locker *l, uint64_t serial, enum hw_status status, int64_t boot_ms);
void gate_on_tick(struct locker *l, int64_t boot_ms);

/* The boards of a door answer and are what they should be. */
bool gate_boards_are_fine(const struct locker *l, uint16_t door);

#endif
