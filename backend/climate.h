/* SPDX-License-Identifier: Apache-2.0 */
/*
 * climate: what a row of measured temperatures means: the stretches that were not fine, and whether what was stored
 * there may be trusted over the window that counts for its zone. Pure.
 *
 * A value holds until the next one. Where the next one comes later than CLIMATE_GAP_MS, or the sensor was missing or
 * stuck, nothing is known, and unknown is never fine.
 *
 * The rules (USP <659>, <1079.2>): the mean kinetic temperature with Delta-H/R = 10,000 K over 24 hours in the cold and
 * 30 days at room temperature, excursions included; and the spike rule, because a mean forgives a short heat that
 * medicine does not. They judge an excursion; they do not widen the band of the label.
 */
#ifndef MEDLOCKER_BACKEND_CLIMATE_H
#define MEDLOCKER_BACKEND_CLIMATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/token.h"

#define CLIMATE_GAP_MS (5 * 60 * 1000)

/* As lockers tell it; UNKNOWN is also every time without a word. */
enum climate_state { CLIMATE_OK, CLIMATE_EXCURSION, CLIMATE_MISSING, CLIMATE_STUCK, CLIMATE_UNKNOWN, CLIMATE_STATE_N };

struct climate_point {
    int64_t at_ms;
    enum climate_state state;
    bool has_milli_c;
    int32_t milli_c;
};

/* A stretch in one state that is not OK. */
struct climate_span {
    enum climate_state state;
    int64_t start_ms, end_ms;
    bool open; /* still so at the end of what was walked */
    bool has_range;
    int32_t min_milli_c, max_milli_c; /* of what was measured in it */
};

enum climate_verdict {
    CLIMATE_FINE,    /* always inside the band of the sensor, and known */
    CLIMATE_LOOK,    /* there were excursions; by these rules what lay there may still be good */
    CLIMATE_BREACH,  /* by these rules it may not */
    CLIMATE_NO_WORD, /* too much is unknown to say that it was fine */
    CLIMATE_VERDICT_N
};

struct climate_limits {
    int64_t window_ms;
    int32_t mkt_max_milli_c;
    int32_t floor_milli_c, ceiling_milli_c; /* a single value outside is a breach */
    int32_t spike_milli_c;                  /* so long above this is a breach: the spike rule */
    int64_t spike_ms;
};

/* Room: 30 days, 25 C; 15 to 40 C, never 24 hours above 30 C. Cold: 24 hours, 8 C; 0 to 15 C. */
struct climate_limits climate_limits_of(enum token_zone zone);

struct climate_judgement {
    enum climate_verdict verdict;
    int64_t known_ms, unknown_ms, longest_unknown_ms;
    bool has_mkt;
    int32_t mkt_milli_c;      /* of the known time; has_mkt: there is some */
    int64_t longest_spike_ms; /* unknown time between two hot values counts as hot */
};

/* Walks over points that rise in time: first init, then every point, then end. Spans come in order, by `each` (may be
 * NULL), while walking; points at or before an earlier one are left out. */
struct climate_walk {
    int64_t from_ms;
    void (*each)(void *arg, const struct climate_span *s);
    void *arg;
    struct climate_limits limits;
    struct climate_point last;
    bool any;
    struct climate_span span; /* the one that is growing; state OK: none */
    double weighted;          /* sum of e^(-10000 K / T) times ms */
    int64_t known_ms, unknown_ms, unknown_run_ms, longest_unknown_ms;
    int64_t spike_ms, longest_spike_ms;
    bool hot, outside, excursion;
};

void climate_walk_init(struct climate_walk *w, enum token_zone zone, int64_t from_ms,
                       void (*each)(void *arg, const struct climate_span *s), void *arg);
void climate_walk_point(struct climate_walk *w, const struct climate_point *p);
/* Everything up to to_ms; the verdict is about from_ms to to_ms. */
void climate_walk_end(struct climate_walk *w, int64_t to_ms, struct climate_judgement *out);

/* "ok" ...; a word that is none of them is CLIMATE_UNKNOWN. */
const char *climate_state_name(enum climate_state s);
enum climate_state climate_state_of(const char *word);
/* "fine", "look", "breach", "unknown" */
const char *climate_verdict_name(enum climate_verdict v);

#endif
