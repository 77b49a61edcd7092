/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/sim/climate.h"

#define MINUTE_US 60000000

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    if (value < low) {
        return low;
    }
    return value > high ? high : value;
}

void climate_init(struct climate *c, uint64_t seed, int16_t deci_c, uint16_t deci_rh)
{
    *c = (struct climate){.shown_dc = deci_c, .shown_drh = deci_rh};
    dice_seed(&c->dice, seed);
    climate_set(c, deci_c, deci_rh, 0);
}

void climate_set(struct climate *c, int16_t deci_c, uint16_t deci_rh, int64_t now_us)
{
    c->mode = CLIMATE_LIVE;
    c->target_dc = deci_c;
    c->target_drh = deci_rh;
    c->drift_dc_min = 0;
    c->since_us = now_us;
    c->flicker_us = now_us;
}

void climate_drift(struct climate *c, int32_t drift_dc_min, int64_t now_us)
{
    climate_set(c, c->shown_dc, c->shown_drh, now_us);
    c->drift_dc_min = drift_dc_min;
}

void climate_step(struct climate *c, int64_t now_us)
{
    if (c->mode != CLIMATE_LIVE || now_us < c->flicker_us) {
        return;
    }
    c->flicker_us = now_us + CLIMATE_FLICKER_US;
    int64_t seconds = (now_us - c->since_us) / 1000000;
    int64_t drifted = clamp(c->drift_dc_min * seconds / (MINUTE_US / 1000000), -2000, 2000);
    int64_t flicker = (int64_t)dice_below(&c->dice, 3) - 1;
    c->shown_dc = (int16_t)clamp(c->target_dc + drifted + flicker, -400, 1250);
    c->shown_drh = (uint16_t)clamp(c->target_drh + (int64_t)dice_below(&c->dice, 7) - 3, 0, 1000);
}
