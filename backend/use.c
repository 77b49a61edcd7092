/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/use.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MINUTE_MS (60 * 1000)

static struct tm local_time(int64_t ms)
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;

    memset(&tm, 0, sizeof(tm));
    (void)localtime_r(&t, &tm);
    return tm;
}

int64_t use_day_start(int64_t ms, int back)
{
    struct tm tm = local_time(ms);

    tm.tm_mday -= back;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_isdst = -1;
    return (int64_t)mktime(&tm) * 1000;
}

void use_begin(struct use_report *u, unsigned days, int64_t now_ms)
{
    memset(u, 0, sizeof(*u));
    u->days = days < 1 ? 1 : days > USE_DAYS_MAX ? USE_DAYS_MAX : days;
    for (unsigned i = 0; i < u->days; i++) {
        struct use_day *d = &u->day[i];
        struct tm tm;

        d->start_ms = use_day_start(now_ms, (int)(u->days - 1 - i));
        tm = local_time(d->start_ms);
        (void)strftime(d->date, sizeof(d->date), "%Y-%m-%d", &tm);
    }
    u->end_ms = use_day_start(now_ms, -1);
}

/* Index of the day of ms, -1: none of these. */
static int find_day(const struct use_report *u, int64_t ms)
{
    unsigned low = 0, high = u->days;

    if (ms < u->day[0].start_ms || ms >= u->end_ms)
        return -1;
    while (high - low > 1) {
        unsigned middle = low + (high - low) / 2;

        if (u->day[middle].start_ms <= ms)
            low = middle;
        else
            high = middle;
    }
    return (int)low;
}

void use_count(struct use_report *u, const struct store_use_row *x)
{
    int64_t at_ms = x->slot * STORE_SLOT_MS;
    struct tm tm = local_time(at_ms);
    int day = find_day(u, at_ms);

    if (day < 0)
        return;
    u->day[day].n[x->kind] += x->n;
    u->heat[x->kind][(tm.tm_wday + 6) % USE_WEEKDAYS][tm.tm_hour] += x->n;
}

/* ---------------------------------------------------------------- medians */

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void close_day(struct use_report *u)
{
    struct use_day *d = &u->day[u->wait_day];
    unsigned n = u->waits;

    if (n == 0)
        return;
    qsort(u->wait, n, sizeof(*u->wait), by_size);
    d->has_wait = true;
    d->wait_min = (n % 2 == 1 ? u->wait[n / 2] : (u->wait[n / 2 - 1] + u->wait[n / 2]) / 2) / MINUTE_MS;
    u->waits = 0;
}

bool use_wait(struct use_report *u, int64_t ready_ms, int64_t opened_ms)
{
    int day = find_day(u, opened_ms);

    if (day < 0 || opened_ms < ready_ms) /* a clock that was wrong says nothing about waiting */
        return true;
    if ((unsigned)day != u->wait_day)
        close_day(u);
    u->wait_day = (unsigned)day;
    if (u->waits == u->wait_cap) {
        unsigned cap = u->wait_cap == 0 ? 256 : 2 * u->wait_cap;
        int64_t *bigger = reallocarray(u->wait, cap, sizeof(*bigger));

        if (bigger == NULL)
            return false;
        u->wait = bigger;
        u->wait_cap = cap;
    }
    u->wait[u->waits++] = opened_ms - ready_ms;
    return true;
}

void use_finish(struct use_report *u)
{
    close_day(u);
    free(u->wait);
    u->wait = NULL;
    u->waits = u->wait_cap = 0;
}

int64_t use_minutes_saved(const struct use_day *d, const struct use_minutes *m)
{
    return d->n[STORE_USE_COLLECTED] * m->counter - d->n[STORE_USE_LOADED] * m->load -
           d->n[STORE_USE_EXPIRED] * m->back;
}

bool use_is_few(uint32_t n)
{
    return n > 0 && n < USE_FEW;
}
