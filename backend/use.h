/* SPDX-License-Identifier: Apache-2.0 */
/*
 * use: how the lockers are used, by local time: a heat map of weekday by hour, and figures for each day. Local time is
 * that of the process (TZ, /etc/localtime), with its summer time: a day has 23, 24 or 25 hours, and none is lost or
 * counted twice.
 */
#ifndef MEDLOCKER_USE_H
#define MEDLOCKER_USE_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/store.h"
#include "common/err.h"

#define USE_DAYS_MAX 366
#define USE_HOURS 24
#define USE_WEEKDAYS 7
#define USE_DATE_CAP 11
/* In a view that others see, a count from 1 to USE_FEW - 1 is not told: it could be one person. */
#define USE_FEW 5

/* What a bag costs and saves, in minutes of staff: the assumptions behind "minutes saved". */
struct use_minutes {
    int64_t counter; /* a hand-over at the counter that did not happen */
    int64_t load;    /* bringing one bag to a door */
    int64_t back;    /* taking back one that nobody collected */
};
#define USE_MINUTES_DEFAULT                                                                                            \
    {                                                                                                                  \
        .counter = 5, .load = 1, .back = 3                                                                             \
    }

struct use_day {
    int64_t start_ms;
    char date[USE_DATE_CAP]; /* "2026-11-22" */
    uint32_t n[STORE_USE_N];
    bool has_wait;
    int64_t wait_min; /* median of the minutes from ready to collected, of the bags collected that day */
};

struct use_report {
    unsigned days;
    struct use_day day[USE_DAYS_MAX];
    int64_t end_ms;                                      /* end of the last day */
    uint32_t heat[STORE_USE_N][USE_WEEKDAYS][USE_HOURS]; /* Monday first */
    int64_t *wait;                                       /* of the day that is being read; freed by use_finish */
    unsigned waits, wait_cap, wait_day;
};

/* The first moment of the local day that is `back` days before the day of ms (below zero: after it); where a night has
 * no midnight, the first moment after it. */
int64_t use_day_start(int64_t ms, int back);

/* The days up to and with the one of now_ms: 1 to USE_DAYS_MAX. Feed from day[0].start_ms to end_ms. */
void use_begin(struct use_report *u, unsigned days, int64_t now_ms);
/* A row of the store's use_list, in any order; outside of the days: left out. */
void use_count(struct use_report *u, const struct store_use_row *x);
/* A bag of collected_list, rising by opened_ms. False: no memory. */
bool use_wait(struct use_report *u, int64_t ready_ms, int64_t opened_ms);
void use_finish(struct use_report *u);

/* collected x counter - loaded x load - expired x back; below zero when the locker cost more than it saved. */
int64_t use_minutes_saved(const struct use_day *d, const struct use_minutes *m);

/* A count that a shared view does not tell. */
bool use_is_few(uint32_t n);

#endif
