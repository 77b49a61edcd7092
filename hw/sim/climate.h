/* SPDX-License-Identifier: Apache-2.0 */
/*
 * climate: what a temperature and humidity sensor measures: a target that flickers by a tenth as real sensors do, may
 * drift slowly, be stuck at one value, or be missing. Pure; time is an argument in microseconds and never goes back.
 */
#ifndef MEDLOCKER_SIM_CLIMATE_H
#define MEDLOCKER_SIM_CLIMATE_H

#include <stdint.h>

#include "hw/sim/dice.h"

#define CLIMATE_FLICKER_US 1000000

enum climate_mode { CLIMATE_LIVE, CLIMATE_STUCK, CLIMATE_MISSING };

struct climate {
    struct dice dice;
    enum climate_mode mode;
    int64_t since_us;  /* when target and drift were set */
    int32_t target_dc; /* tenths of a degree Celsius */
    int32_t drift_dc_min;
    uint16_t target_drh; /* tenths of a percent */
    int64_t flicker_us;
    int16_t shown_dc;
    uint16_t shown_drh;
};

void climate_init(struct climate *c, uint64_t seed, int16_t deci_c, uint16_t deci_rh);

/* A new target, without drift; live. */
void climate_set(struct climate *c, int16_t deci_c, uint16_t deci_rh, int64_t now_us);

/* Drift from what is shown now, in tenths of a degree per minute; live. */
void climate_drift(struct climate *c, int32_t drift_dc_min, int64_t now_us);

/* Brings shown_dc and shown_drh up to date. */
void climate_step(struct climate *c, int64_t now_us);

#endif
