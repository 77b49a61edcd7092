/* SPDX-License-Identifier: Apache-2.0 */
/*
 * climate: from raw registers of a temperature (and humidity) probe to "so many degrees", "no probe" or "stuck".
 *
 * A missing probe never becomes a number: listed raw values and values outside what the sensor can measure are MISSING.
 * A probe whose raw values have all stood still for stuck_us is STUCK. A digital sensor of 0.1 degree may well repeat
 * itself for an hour in a still room, while a refrigerator's compressor moves it several times an hour; the shipped
 * profiles say 6 hours. Pure, any thread.
 */
#ifndef MEDLOCKER_CLIMATE_H
#define MEDLOCKER_CLIMATE_H

#include <stdbool.h>
#include <stdint.h>

#define CLIMATE_MISSING_MAX 4
#define CLIMATE_REPEAT_US 60000000 /* an unchanged value is told again after this long */

enum climate_state { CLIMATE_NEVER, CLIMATE_FINE, CLIMATE_GONE, CLIMATE_STUCK };

struct climate_rule {
    int32_t milli_c;  /* one count of the temperature register */
    int32_t permille; /* one count of the humidity register; 0: no humidity */
    int32_t min_milli_c, max_milli_c;
    uint16_t missing[CLIMATE_MISSING_MAX]; /* raw temperatures that mean "no probe" */
    uint8_t missings;
    int64_t stuck_us; /* 0: never */
};

struct climate {
    enum climate_state state;
    int32_t milli_c;
    int32_t permille; /* -1: none */
    uint16_t raw_temperature, raw_humidity;
    bool has_raw;
    int64_t moved_us; /* when a raw value changed last */
    int64_t told_us;
};

/* Takes one reading; true when it should be told: state or value changed, or CLIMATE_REPEAT_US went by. */
bool climate_read(struct climate *c, const struct climate_rule *rule, uint16_t temperature, uint16_t humidity,
                  int64_t now_us);

/* The board is lost; true when that should be told. */
bool climate_lose(struct climate *c, int64_t now_us);

#endif
