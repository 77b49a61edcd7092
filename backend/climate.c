/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/climate.h"

#include <math.h>
#include <string.h>

#define DELTA_H_BY_R 10000.0 /* K: 83.144 kJ/mol by 8.3144 J/(mol K) */
#define KELVIN_MILLI 273150
#define HOUR_MS (INT64_C(3600) * 1000)
/* More unknown than this, and nobody says that it was fine: a hundredth of the window, or an hour at a stretch. */
#define UNKNOWN_SHARE 100
#define UNKNOWN_RUN_MS HOUR_MS

static const char *const state_names[CLIMATE_STATE_N] = {"ok", "excursion", "missing", "stuck", "unknown"};
static const char *const verdict_names[CLIMATE_VERDICT_N] = {"fine", "look", "breach", "unknown"};

const char *climate_state_name(enum climate_state s)
{
    return state_names[s];
}

enum climate_state climate_state_of(const char *word)
{
    for (unsigned i = 0; i < CLIMATE_STATE_N; i++) {
        if (strcmp(word, state_names[i]) == 0)
            return (enum climate_state)i;
    }
    return CLIMATE_UNKNOWN;
}

const char *climate_verdict_name(enum climate_verdict v)
{
    return verdict_names[v];
}

struct climate_limits climate_limits_of(enum token_zone zone)
{
    static const struct climate_limits cold = {24 * HOUR_MS, 8000, 0, 15000, 15000, 24 * HOUR_MS};
    static const struct climate_limits room = {30 * 24 * HOUR_MS, 25000, 15000, 40000, 30000, 24 * HOUR_MS};

    return zone == TOKEN_ZONE_COLD ? cold : room;
}

void climate_walk_init(struct climate_walk *w, enum token_zone zone, int64_t from_ms,
                       void (*each)(void *arg, const struct climate_span *s), void *arg)
{
    *w = (struct climate_walk){.from_ms = from_ms,
                               .each = each,
                               .arg = arg,
                               .limits = climate_limits_of(zone),
                               .last = {.at_ms = from_ms, .state = CLIMATE_UNKNOWN}};
}

/* ---------------------------------------------------------------- spans */

static void end_span(struct climate_walk *w, int64_t at_ms, bool open)
{
    /* One hot value before a silence is an excursion too. */
    if (w->span.state == CLIMATE_EXCURSION || (w->span.state != CLIMATE_OK && at_ms > w->span.start_ms)) {
        w->span.end_ms = at_ms;
        w->span.open = open;
        if (w->each != NULL)
            w->each(w->arg, &w->span);
    }
    w->span = (struct climate_span){.state = CLIMATE_OK};
}

/* From at_ms on it is `state`. */
static void turn_span(struct climate_walk *w, enum climate_state state, int64_t at_ms)
{
    if (w->span.state == state)
        return;
    end_span(w, at_ms, false);
    w->span = (struct climate_span){.state = state, .start_ms = at_ms};
}

static void widen_span(struct climate_span *s, const struct climate_point *p)
{
    if (s->state == CLIMATE_OK || !p->has_milli_c)
        return;
    s->min_milli_c = s->has_range && s->min_milli_c < p->milli_c ? s->min_milli_c : p->milli_c;
    s->max_milli_c = s->has_range && s->max_milli_c > p->milli_c ? s->max_milli_c : p->milli_c;
    s->has_range = true;
}

/* ---------------------------------------------------------------- time that passes */

static bool is_measured(const struct climate_point *p)
{
    return p->has_milli_c && (p->state == CLIMATE_OK || p->state == CLIMATE_EXCURSION);
}

static void pass_unknown(struct climate_walk *w, int64_t ms)
{
    w->unknown_ms += ms;
    w->unknown_run_ms += ms;
    if (w->unknown_run_ms > w->longest_unknown_ms)
        w->longest_unknown_ms = w->unknown_run_ms;
    if (w->hot)
        w->spike_ms += ms; /* nobody saw it cool down */
}

static void pass_known(struct climate_walk *w, const struct climate_point *p, int64_t ms)
{
    w->known_ms += ms;
    w->unknown_run_ms = 0;
    w->weighted += (double)ms * exp(-DELTA_H_BY_R * 1000.0 / (double)(p->milli_c + KELVIN_MILLI));
    if (w->hot)
        w->spike_ms += ms;
    if (w->spike_ms > w->longest_spike_ms)
        w->longest_spike_ms = w->spike_ms;
}

static void see_value(struct climate_walk *w, const struct climate_point *p)
{
    if (w->hot && w->spike_ms > w->longest_spike_ms)
        w->longest_spike_ms = w->spike_ms;
    w->hot = p->milli_c > w->limits.spike_milli_c;
    if (!w->hot)
        w->spike_ms = 0;
    w->outside = w->outside || p->milli_c < w->limits.floor_milli_c || p->milli_c > w->limits.ceiling_milli_c;
}

/* The time from the last point to at_ms. */
static void pass(struct climate_walk *w, int64_t at_ms)
{
    int64_t ms = at_ms - w->last.at_ms;

    if (ms > CLIMATE_GAP_MS) {
        turn_span(w, w->any && !is_measured(&w->last) ? w->last.state : CLIMATE_UNKNOWN, w->last.at_ms);
        pass_unknown(w, ms);
    } else if (!w->any || !is_measured(&w->last)) {
        pass_unknown(w, ms);
    } else {
        pass_known(w, &w->last, ms);
    }
}

void climate_walk_point(struct climate_walk *w, const struct climate_point *p)
{
    if (p->at_ms < w->last.at_ms || (w->any && p->at_ms == w->last.at_ms))
        return;
    pass(w, p->at_ms);
    turn_span(w, p->state, p->at_ms);
    widen_span(&w->span, p);
    w->excursion = w->excursion || p->state == CLIMATE_EXCURSION;
    if (is_measured(p))
        see_value(w, p);
    w->last = *p;
    w->any = true;
}

/* ---------------------------------------------------------------- the judgement */

static bool is_unknown(const struct climate_judgement *j)
{
    return j->known_ms == 0 || j->longest_unknown_ms > UNKNOWN_RUN_MS ||
           j->unknown_ms > (j->known_ms + j->unknown_ms) / UNKNOWN_SHARE;
}

static enum climate_verdict judge(const struct climate_walk *w, const struct climate_judgement *j)
{
    if (w->outside || j->longest_spike_ms >= w->limits.spike_ms ||
        (j->has_mkt && j->mkt_milli_c > w->limits.mkt_max_milli_c))
        return CLIMATE_BREACH;
    if (is_unknown(j))
        return CLIMATE_NO_WORD;
    return w->excursion ? CLIMATE_LOOK : CLIMATE_FINE;
}

void climate_walk_end(struct climate_walk *w, int64_t to_ms, struct climate_judgement *out)
{
    struct climate_judgement j = {.verdict = CLIMATE_NO_WORD};

    if (to_ms > w->last.at_ms)
        pass(w, to_ms);
    end_span(w, to_ms, true);
    j.known_ms = w->known_ms;
    j.unknown_ms = w->unknown_ms;
    j.longest_unknown_ms = w->longest_unknown_ms;
    j.longest_spike_ms = w->spike_ms > w->longest_spike_ms ? w->spike_ms : w->longest_spike_ms;
    j.has_mkt = w->known_ms > 0;
    if (j.has_mkt)
        j.mkt_milli_c = (int32_t)lround(DELTA_H_BY_R * 1000.0 / -log(w->weighted / (double)w->known_ms)) - KELVIN_MILLI;
    j.verdict = judge(w, &j);
    *out = j;
}
