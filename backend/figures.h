/* SPDX-License-Identifier: Apache-2.0 */
/*
 * figures: what logistics sees, as JSON: temperature with its excursions, tickets with their history, the round of
 * tomorrow, use over days and hours. Nothing here names a patient.
 *
 * One thread. Only reads. Errors: those of the store.
 */
#ifndef MEDLOCKER_FIGURES_H
#define MEDLOCKER_FIGURES_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/hub.h"
#include "backend/use.h"
#include "common/err.h"

/* "sensors": for each its band, "points": [[at_ms, state, milli_c, permille], ...] thinned to about FIGURES_POINTS (the
 * lowest and the highest of each stretch stay, and every change of state), "spans" that were not fine and end after
 * from_ms, with what people said, and the "judgement" over the window of its zone up to now_ms. */
#define FIGURES_POINTS 500
enum err figures_climate(struct hub *hub, const uint8_t locker[STORE_LOCKER_LEN], int64_t from_ms, int64_t now_ms,
                         cJSON *into, struct reason *r) ERR_MUST_CHECK;

/* One fault with "notes" and whether people may close it. ERR_NOT_FOUND. */
enum err figures_ticket(struct hub *hub, int64_t id, cJSON *into, struct reason *r) ERR_MUST_CHECK;

/* "stops" in their order, "quiet": lockers without a reason to go there; until the end of tomorrow. */
enum err figures_round(struct hub *hub, int64_t now_ms, cJSON *into, struct reason *r) ERR_MUST_CHECK;

struct figures_use_ask {
    const uint8_t *locker; /* NULL: all */
    unsigned days;
    bool shared; /* for other eyes: counts below USE_FEW are null */
    struct use_minutes minutes;
};
/* "days" and "heat" (weekday, Monday first, by hour). */
enum err figures_use(struct hub *hub, const struct figures_use_ask *ask, int64_t now_ms, cJSON *into,
                     struct reason *r) ERR_MUST_CHECK;

#endif
