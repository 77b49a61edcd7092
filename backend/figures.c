/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/figures.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/act.h"
#include "backend/allot.h"
#include "backend/climate.h"
#include "backend/round.h"
#include "backend/ticket.h"
#include "backend/view.h"
#include "common/json.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define LOOK_BACK_MS (31 * DAY_MS) /* the longest window of climate, and where an excursion began */
#define NAMES_MS (3600 * 1000)
#define SENSORS_MAX 32
#define FAULTS_MAX STORE_PAGE_MAX

static void put_time(cJSON *into, const char *key, int64_t ms)
{
    if (ms != 0)
        json_put_int(into, key, ms);
    else
        json_put_text(into, key, NULL);
}

static void put_number(cJSON *into, const char *key, bool has, int64_t n)
{
    if (has)
        json_put_int(into, key, n);
    else
        json_put_text(into, key, NULL);
}

/* ---------------------------------------------------------------- climate: points */

/* The lowest and the highest of a stretch are kept until the stretch is over. */
struct thin {
    cJSON *points;
    int64_t step_ms, start_ms;
    struct store_sample low, high;
    bool any;
};

static void add_point(cJSON *points, const struct store_sample *t)
{
    cJSON *point = json_put_array(points, NULL);

    json_put_int(point, NULL, t->at_ms);
    json_put_text(point, NULL, t->state);
    put_number(point, NULL, t->has_milli_c, t->milli_c);
    put_number(point, NULL, t->has_permille, t->permille);
}

static void thin_flush(struct thin *t)
{
    bool low_first = t->low.at_ms <= t->high.at_ms;

    if (!t->any)
        return;
    add_point(t->points, low_first ? &t->low : &t->high);
    if (t->low.at_ms != t->high.at_ms)
        add_point(t->points, low_first ? &t->high : &t->low);
    t->any = false;
}

static void thin_point(struct thin *t, const struct store_sample *x)
{
    if (t->any && (x->at_ms - t->start_ms >= t->step_ms || strcmp(x->state, t->low.state) != 0))
        thin_flush(t);
    if (!t->any) {
        t->any = true;
        t->start_ms = x->at_ms;
        t->low = t->high = *x;
        return;
    }
    if (x->has_milli_c && x->milli_c < t->low.milli_c)
        t->low = *x;
    if (x->has_milli_c && x->milli_c > t->high.milli_c)
        t->high = *x;
}

/* ---------------------------------------------------------------- climate: one sensor */

struct sensor_view {
    struct hub *hub;
    const uint8_t *locker;
    const char *sensor;
    int64_t from_ms;
    struct thin thin;
    struct climate_walk walk;    /* everything: where a stretch began */
    struct climate_walk verdict; /* the window of the zone */
    cJSON *spans;
    const struct climate_span *span; /* whose notes are being read */
    cJSON *notes;
    enum err e;
    struct reason *r;
};

static bool add_note(void *arg, const struct store_excursion_note *x)
{
    struct sensor_view *v = arg;
    cJSON *row;

    if (x->start_ms > v->span->end_ms)
        return false;
    if (strcmp(x->sensor, v->sensor) != 0)
        return true;
    row = json_put_object(v->notes, NULL);
    json_put_int(row, "at_ms", x->at_ms);
    json_put_text(row, "actor", x->actor);
    json_put_text(row, "role", store_role_name(x->role));
    json_put_text(row, "text", x->text);
    return true;
}

static void add_span(void *arg, const struct climate_span *s)
{
    struct sensor_view *v = arg;
    cJSON *row;

    if (s->end_ms <= v->from_ms || v->e != ERR_OK)
        return;
    row = json_put_object(v->spans, NULL);
    json_put_text(row, "state", climate_state_name(s->state));
    json_put_int(row, "start_ms", s->start_ms);
    json_put_int(row, "end_ms", s->end_ms);
    json_put_bool(row, "open", s->open);
    put_number(row, "min_milli_c", s->has_range, s->min_milli_c);
    put_number(row, "max_milli_c", s->has_range, s->max_milli_c);
    v->span = s;
    v->notes = json_put_array(row, "notes");
    v->e = v->hub->store->ops->excursion_note_list(v->hub->store, v->locker, s->start_ms, add_note, v, v->r);
}

static bool add_sample(void *arg, const struct store_sample *t)
{
    struct sensor_view *v = arg;
    struct climate_point p = {
        .at_ms = t->at_ms, .state = climate_state_of(t->state), .has_milli_c = t->has_milli_c, .milli_c = t->milli_c};

    climate_walk_point(&v->walk, &p);
    if (t->at_ms >= v->verdict.from_ms)
        climate_walk_point(&v->verdict, &p);
    if (t->at_ms >= v->from_ms)
        thin_point(&v->thin, t);
    return v->e == ERR_OK;
}

static void put_judgement(const struct climate_judgement *j, const struct climate_limits *limits, cJSON *into)
{
    into = json_put_object(into, "judgement");
    json_put_text(into, "verdict", climate_verdict_name(j->verdict));
    json_put_int(into, "window_ms", limits->window_ms);
    json_put_int(into, "mkt_max_milli_c", limits->mkt_max_milli_c);
    put_number(into, "mkt_milli_c", j->has_mkt, j->mkt_milli_c);
    json_put_int(into, "known_ms", j->known_ms);
    json_put_int(into, "unknown_ms", j->unknown_ms);
    json_put_int(into, "spike_ms", j->longest_spike_ms);
    json_put_int(into, "spike_milli_c", limits->spike_milli_c);
}

/* band NULL: the locker has not told it, so nothing can be judged. */
static enum err put_sensor(struct sensor_view *v, const struct store_sensor *band, int64_t now_ms, cJSON *row)
{
    struct climate_limits limits = climate_limits_of(band != NULL ? band->zone : TOKEN_ZONE_ROOM);
    struct climate_judgement j;
    enum err e;

    json_put_text(row, "sensor", v->sensor);
    json_put_text(row, "zone", band != NULL ? token_zone_name(band->zone) : NULL);
    put_number(row, "min_milli_c", band != NULL, band != NULL ? band->min_milli_c : 0);
    put_number(row, "max_milli_c", band != NULL, band != NULL ? band->max_milli_c : 0);
    v->thin = (struct thin){.points = json_put_array(row, "points"), .step_ms = (now_ms - v->from_ms) / FIGURES_POINTS};
    v->spans = json_put_array(row, "spans");
    climate_walk_init(&v->walk, TOKEN_ZONE_ROOM, v->from_ms, add_span, v);
    climate_walk_init(&v->verdict, band != NULL ? band->zone : TOKEN_ZONE_ROOM, now_ms - limits.window_ms, NULL, NULL);
    v->walk.from_ms = v->walk.last.at_ms = now_ms - LOOK_BACK_MS;
    e = v->hub->store->ops->sample_list(v->hub->store, v->locker, v->sensor, now_ms - LOOK_BACK_MS, now_ms + 1,
                                        add_sample, v, v->r);
    if (e != ERR_OK)
        return e;
    thin_flush(&v->thin);
    climate_walk_end(&v->walk, now_ms, &j);
    climate_walk_end(&v->verdict, now_ms, &j);
    if (band != NULL)
        put_judgement(&j, &limits, row);
    else
        json_put_text(row, "judgement", NULL);
    return v->e;
}

/* ---------------------------------------------------------------- climate: which sensors there are */

struct sensors {
    struct store_sensor band[SENSORS_MAX];
    bool has_band[SENSORS_MAX];
    unsigned count;
};

static bool keep_sensor(void *arg, const struct store_sensor *x)
{
    struct sensors *s = arg;

    s->has_band[s->count] = true;
    s->band[s->count++] = *x;
    return s->count < SENSORS_MAX;
}

static bool keep_name(void *arg, const struct store_sample *t)
{
    struct sensors *s = arg;
    unsigned i = 0;

    while (i < s->count && strcmp(s->band[i].sensor, t->sensor) != 0)
        i++;
    if (i == s->count && i < SENSORS_MAX)
        memcpy(s->band[s->count++].sensor, t->sensor, sizeof(t->sensor));
    return true;
}

enum err figures_climate(struct hub *hub, const uint8_t locker[STORE_LOCKER_LEN], int64_t from_ms, int64_t now_ms,
                         cJSON *into, struct reason *r)
{
    struct store *s = hub->store;
    cJSON *array = json_put_array(into, "sensors");
    struct sensors *found = calloc(1, sizeof(*found));
    enum err e;

    if (found == NULL)
        return err_because(r, ERR_MEMORY, "figures: no memory");
    e = s->ops->sensor_list(s, locker, keep_sensor, found, r);
    if (e == ERR_OK)
        e = s->ops->sample_list(s, locker, NULL, now_ms - NAMES_MS, now_ms + 1, keep_name, found, r);
    for (unsigned i = 0; e == ERR_OK && i < found->count; i++) {
        struct sensor_view v = {
            .hub = hub, .locker = locker, .sensor = found->band[i].sensor, .from_ms = from_ms, .r = r};

        e = put_sensor(&v, found->has_band[i] ? &found->band[i] : NULL, now_ms, json_put_object(array, NULL));
    }
    free(found);
    return e;
}

/* ---------------------------------------------------------------- tickets */

static bool add_history(void *arg, const struct store_fault_note *x)
{
    cJSON *row = json_put_object(arg, NULL);

    json_put_int(row, "at_ms", x->at_ms);
    json_put_text(row, "what", store_note_name(x->what));
    json_put_text(row, "actor", x->actor);
    json_put_text(row, "text", x->text[0] != '\0' ? x->text : NULL);
    return true;
}

enum err figures_ticket(struct hub *hub, int64_t id, cJSON *into, struct reason *r)
{
    struct store_fault f;
    bool may = false;
    enum err e = hub->store->ops->fault_get(hub->store, id, &f, r);

    if (e == ERR_OK)
        e = act_may_close_fault(hub, &f, &may, r);
    if (e != ERR_OK)
        return e;
    view_fault(&f, into);
    json_put_bool(into, "may_close", may && f.closed_ms == 0);
    return hub->store->ops->fault_note_list(hub->store, id, add_history, json_put_array(into, "notes"), r);
}

/* ---------------------------------------------------------------- the round */

struct round_view {
    struct hub *hub;
    int64_t now_ms, until_s;
    struct round_locker *stop;
    unsigned count, cap;
    enum err e;
    struct reason *r;
};

/* Empty doors, promised or not: those that bags are brought to. */
static uint32_t sum_empty(const struct store_capacity *c)
{
    uint32_t n = 0;

    for (unsigned z = 0; z < TOKEN_ZONE_N; z++) {
        for (unsigned i = 0; i < TOKEN_SIZE_N; i++)
            n += c->doors[z][i][0] + c->doors[z][i][1];
    }
    return n;
}

static bool add_stop(void *arg, const struct store_locker *l)
{
    struct round_view *v = arg;
    struct store *s = v->hub->store;
    struct store_capacity c;
    struct round_locker *x;

    if (l->state == STORE_LOCKER_REVOKED || l->state == STORE_LOCKER_LOST)
        return true;
    if (v->count == v->cap) {
        unsigned cap = v->cap == 0 ? 64 : 2 * v->cap;
        struct round_locker *bigger = reallocarray(v->stop, cap, sizeof(*bigger));

        if (bigger == NULL) {
            v->e = err_because(v->r, ERR_MEMORY, "figures: no memory");
            return false;
        }
        v->stop = bigger;
        v->cap = cap;
    }
    x = &v->stop[v->count++];
    memset(x, 0, sizeof(*x));
    memcpy(x->id, l->id, sizeof(x->id));
    memcpy(x->name, l->name, sizeof(x->name));
    memcpy(x->address, l->address, sizeof(x->address));
    x->seen_ms = l->seen_ms;
    x->silent = l->seen_ms == 0 || v->now_ms - l->seen_ms > v->hub->cfg.silent_after_s * 1000;
    v->e = s->ops->locker_tasks(s, l->id, v->until_s, &x->tasks, v->r);
    if (v->e == ERR_OK)
        v->e = s->ops->locker_capacity(s, l->id, &c, v->r);
    if (v->e == ERR_OK)
        x->room = sum_empty(&c);
    if (v->e == ERR_OK)
        x->free = allot_free_sum(&c);
    return v->e == ERR_OK;
}

static bool count_ticket(void *arg, const struct store_fault *f)
{
    struct round_view *v = arg;

    for (unsigned i = 0; i < v->count; i++) {
        if (memcmp(v->stop[i].id, f->locker, sizeof(f->locker)) != 0)
            continue;
        v->stop[i].repairs += ticket_needs_visit(f->kind);
        v->stop[i].urgent += ticket_needs_visit(f->kind) && ticket_is_urgent(f->kind);
    }
    return true;
}

static void put_stop(const struct round_locker *l, cJSON *row)
{
    struct round_reasons why = round_reasons_of(l);
    const struct store_tasks *t = &l->tasks;

    json_put_hex(row, "locker", l->id, sizeof(l->id));
    json_put_text(row, "name", l->name);
    json_put_text(row, "address", l->address[0] != '\0' ? l->address : NULL);
    put_time(row, "seen_ms", l->seen_ms);
    json_put_bool(row, "silent", l->silent);
    json_put_int(row, "load", why.load);
    json_put_int(row, "empty", why.empty);
    json_put_int(row, "repair", why.repair);
    json_put_int(row, "urgent", l->urgent);
    json_put_int(row, "free", l->free);
    json_put_int(row, "short", round_short_of(l));
    json_put_int(row, "expired", t->expired);
    json_put_int(row, "withdrawn", t->withdrawn);
    json_put_int(row, "withdrawing", t->withdrawing);
    json_put_int(row, "unconfirmed", t->unconfirmed);
    json_put_int(row, "ending", t->ending);
    json_put_int(row, "ready", t->ready);
    json_put_int(row, "doors_out", t->doors_out + t->doors_check + t->doors_forced);
}

enum err figures_round(struct hub *hub, int64_t now_ms, cJSON *into, struct reason *r)
{
    const struct store_fault_filter open = {.open_only = true, .limit = FAULTS_MAX};
    struct round_view v = {.hub = hub, .now_ms = now_ms, .until_s = use_day_start(now_ms, -2) / 1000, .r = r};
    cJSON *stops = json_put_array(into, "stops"), *quiet = json_put_array(into, "quiet");
    enum err e = hub->store->ops->locker_list(hub->store, add_stop, &v, r);

    json_put_int(into, "day_ms", use_day_start(now_ms, -1));
    json_put_int(into, "now_ms", now_ms);
    if (e == ERR_OK)
        e = v.e;
    if (e == ERR_OK)
        e = hub->store->ops->fault_list(hub->store, &open, count_ticket, &v, r);
    if (e == ERR_OK)
        round_sort(v.stop, v.count);
    for (unsigned i = 0; e == ERR_OK && i < v.count; i++)
        put_stop(&v.stop[i], json_put_object(round_is_stop(&v.stop[i]) ? stops : quiet, NULL));
    free(v.stop);
    return e;
}

/* ---------------------------------------------------------------- use */

static bool add_use(void *arg, const struct store_use_row *x)
{
    use_count(arg, x);
    return true;
}

struct waits {
    struct use_report *u;
    bool full;
};

static bool add_wait(void *arg, int64_t ready_ms, int64_t opened_ms)
{
    struct waits *w = arg;

    w->full = !use_wait(w->u, ready_ms, opened_ms);
    return !w->full;
}

static void put_day(const struct use_day *d, const struct figures_use_ask *ask, cJSON *row)
{
    bool few = false;

    json_put_text(row, "date", d->date);
    json_put_int(row, "start_ms", d->start_ms);
    for (unsigned k = 0; k < STORE_USE_N; k++) {
        bool hide = ask->shared && use_is_few(d->n[k]);

        few = few || hide;
        put_number(row, store_use_name((enum store_use)k), !hide, d->n[k]);
    }
    put_number(row, "wait_min", d->has_wait && !few, d->wait_min);
    put_number(row, "saved_min", !few, use_minutes_saved(d, &ask->minutes));
}

static void put_heat(const struct use_report *u, enum store_use k, bool shared, cJSON *into)
{
    into = json_put_array(into, store_use_name(k));
    for (unsigned d = 0; d < USE_WEEKDAYS; d++) {
        cJSON *row = json_put_array(into, NULL);

        for (unsigned h = 0; h < USE_HOURS; h++)
            put_number(row, NULL, !(shared && use_is_few(u->heat[k][d][h])), u->heat[k][d][h]);
    }
}

static void put_use(const struct use_report *u, const struct figures_use_ask *ask, cJSON *into)
{
    cJSON *part = json_put_array(into, "days");

    for (unsigned i = 0; i < u->days; i++)
        put_day(&u->day[i], ask, json_put_object(part, NULL));
    part = json_put_object(into, "heat");
    put_heat(u, STORE_USE_OPENED, ask->shared, part);
    put_heat(u, STORE_USE_COLLECTED, ask->shared, part);
    part = json_put_object(into, "minutes");
    json_put_int(part, "counter", ask->minutes.counter);
    json_put_int(part, "load", ask->minutes.load);
    json_put_int(part, "back", ask->minutes.back);
    json_put_bool(into, "shared", ask->shared);
    json_put_int(into, "few", USE_FEW);
}

enum err figures_use(struct hub *hub, const struct figures_use_ask *ask, int64_t now_ms, cJSON *into, struct reason *r)
{
    struct store *s = hub->store;
    struct use_report *u = calloc(1, sizeof(*u));
    struct waits w = {.u = u};
    enum err e;

    if (u == NULL)
        return err_because(r, ERR_MEMORY, "figures: no memory");
    use_begin(u, ask->days, now_ms);
    e = s->ops->use_list(s, ask->locker, u->day[0].start_ms, u->end_ms, add_use, u, r);
    if (e == ERR_OK)
        e = s->ops->collected_list(s, ask->locker, u->day[0].start_ms, u->end_ms, add_wait, &w, r);
    if (e == ERR_OK && w.full)
        e = err_because(r, ERR_MEMORY, "figures: no memory");
    use_finish(u);
    if (e == ERR_OK)
        put_use(u, ask, into);
    free(u);
    return e;
}
