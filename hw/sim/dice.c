/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/sim/dice.h"

#include <assert.h>

#define STEP UINT64_C(0x9e3779b97f4a7c15) /* 2^64 divided by the golden ratio: visits every state */

uint64_t dice_mix(uint64_t value)
{
    value ^= value >> 30;
    value *= UINT64_C(0xbf58476d1ce4e5b9);
    value ^= value >> 27;
    value *= UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

void dice_seed(struct dice *d, uint64_t seed)
{
    d->state = dice_mix(seed + STEP);
}

uint64_t dice_next(struct dice *d)
{
    d->state += STEP;
    return dice_mix(d->state);
}

uint32_t dice_below(struct dice *d, uint32_t n)
{
    assert(n > 0);
    return (uint32_t)(((dice_next(d) >> 32) * n) >> 32);
}

bool dice_chance(struct dice *d, uint32_t permille)
{
    return dice_below(d, 1000) < permille;
}
