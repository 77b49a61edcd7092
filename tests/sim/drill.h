/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drill: what chance alone brings too seldom, done on purpose when everything is well again: a patient who comes too
 * late while the locker hears nothing of the hub, a lock that jams again and again, a withdrawal before a jammed door,
 * one code for two orders, somebody who tries codes and turns the clock, wires of two locks swapped, a board that is
 * another one or falls silent, old messages that come again. Each run does one of them, by its seed.
 */
#ifndef MEDLOCKER_SIM_DRILL_H
#define MEDLOCKER_SIM_DRILL_H

#include "tests/sim/site.h"

/* For a fiber, after oracle_liveness and before the daemons end. */
void drill_run(struct site *s);

#endif
