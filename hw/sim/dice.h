/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dice: the only source of chance in the simulated cabinet. The same seed gives the same cabinet. Pure, any thread;
 * the owner of a struct dice is its only user.
 */
#ifndef MEDLOCKER_SIM_DICE_H
#define MEDLOCKER_SIM_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

void dice_seed(struct dice *d, uint64_t seed);

uint64_t dice_next(struct dice *d);

/* 0 .. n - 1; n is not 0. */
uint32_t dice_below(struct dice *d, uint32_t n);

/* true in `permille` of 1000 throws. */
bool dice_chance(struct dice *d, uint32_t permille);

/* A fixed scramble of a number, for values that depend on a moment only. */
uint64_t dice_mix(uint64_t value);

#endif
