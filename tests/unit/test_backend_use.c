/* SPDX-License-Identifier: Apache-2.0 */
/* Use over days and hours, in Dutch time. */
#include "backend/use.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HOUR INT64_C(3600000)
/* 2026: summer time from 29 March 01:00 UTC to 25 October 01:00 UTC. */
#define SPRING INT64_C(1774746000000) /* 29 March 2026, 01:00 UTC = 03:00 local, just after the jump */
#define AUTUMN INT64_C(1792890000000) /* 25 October 2026, 01:00 UTC = 02:00 local for the second time */

static int in_amsterdam(void **state)
{
    (void)state;
    (void)setenv("TZ", "Europe/Amsterdam", 1);
    tzset();
    return 0;
}

static struct store_use_row at(int64_t ms, enum store_use kind, uint32_t n)
{
    return (struct store_use_row){.slot = ms / STORE_SLOT_MS, .kind = kind, .n = n};
}

static struct use_report *report(unsigned days, int64_t now_ms)
{
    struct use_report *u = calloc(1, sizeof(*u));

    assert_non_null(u);
    use_begin(u, days, now_ms);
    return u;
}

static void drop(struct use_report *u)
{
    use_finish(u);
    free(u);
}

static void days_are_those_of_the_local_calendar(void **state)
{
    struct use_report *u = report(3, SPRING);

    (void)state;
    assert_string_equal(u->day[0].date, "2026-03-27");
    assert_string_equal(u->day[2].date, "2026-03-29");
    assert_int_equal(u->day[2].start_ms - u->day[1].start_ms, 24 * HOUR);
    assert_int_equal(u->end_ms - u->day[2].start_ms, 23 * HOUR);
    drop(u);
    u = report(1, AUTUMN);
    assert_int_equal(u->end_ms - u->day[0].start_ms, 25 * HOUR);
    drop(u);
    u = report(0, AUTUMN);
    assert_int_equal(u->days, 1);
    drop(u);
    u = report(5000, AUTUMN);
    assert_int_equal(u->days, USE_DAYS_MAX);
    for (unsigned i = 1; i < u->days; i++)
        assert_true(u->day[i].start_ms > u->day[i - 1].start_ms);
    drop(u);
}

static void no_hour_is_lost_or_counted_twice_when_the_clock_changes(void **state)
{
    static const int64_t nights[] = {SPRING, AUTUMN};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct use_report *u = report(3, nights[i] + 10 * HOUR);
        uint32_t put = 0, days = 0, heat = 0;

        for (int64_t ms = u->day[0].start_ms; ms < u->end_ms; ms += STORE_SLOT_MS, put++) {
            struct store_use_row x = at(ms, STORE_USE_COLLECTED, 1);

            use_count(u, &x);
        }
        for (unsigned d = 0; d < u->days; d++)
            days += u->day[d].n[STORE_USE_COLLECTED];
        for (unsigned d = 0; d < USE_WEEKDAYS; d++) {
            for (unsigned h = 0; h < USE_HOURS; h++)
                heat += u->heat[STORE_USE_COLLECTED][d][h];
        }
        assert_int_equal(days, put);
        assert_int_equal(heat, put);
        assert_int_equal(u->heat[STORE_USE_COLLECTED][6][2], i == 0 ? 0 : 8); /* Sunday, two o'clock: never, twice */
        drop(u);
    }
}

static void a_pickup_counts_at_its_weekday_and_hour(void **state)
{
    struct use_report *u = report(7, SPRING);
    struct store_use_row before = at(SPRING - HOUR, STORE_USE_OPENED, 2), after = at(SPRING, STORE_USE_OPENED, 3);
    struct store_use_row outside = at(u->end_ms, STORE_USE_OPENED, 9),
                         old = at(u->day[0].start_ms - 1, STORE_USE_OPENED, 9);

    (void)state;
    use_count(u, &before);
    use_count(u, &after);
    use_count(u, &outside);
    use_count(u, &old);
    assert_int_equal(u->heat[STORE_USE_OPENED][6][1], 2);
    assert_int_equal(u->heat[STORE_USE_OPENED][6][3], 3);
    assert_int_equal(u->day[6].n[STORE_USE_OPENED], 5);
    assert_int_equal(u->day[0].n[STORE_USE_OPENED], 0);
    drop(u);
}

static void waiting_is_the_median_of_each_day(void **state)
{
    struct use_report *u = report(3, SPRING + 10 * HOUR);
    int64_t first = u->day[0].start_ms + HOUR, last = u->day[2].start_ms + HOUR;

    (void)state;
    assert_true(use_wait(u, first - 10 * 60000, first));
    assert_true(use_wait(u, first - 500 * 60000, first));
    assert_true(use_wait(u, first - 30 * 60000, first + 60000)); /* 31 minutes */
    assert_true(use_wait(u, last - 20 * 60000, last));
    assert_true(use_wait(u, last - 40 * 60000, last));
    assert_true(use_wait(u, last + HOUR, last)); /* before it was ready: a clock was wrong */
    assert_true(use_wait(u, 1, u->end_ms));      /* not one of these days */
    use_finish(u);
    assert_true(u->day[0].has_wait);
    assert_int_equal(u->day[0].wait_min, 31);
    assert_false(u->day[1].has_wait);
    assert_int_equal(u->day[2].wait_min, 30);
    free(u);
}

static void many_bags_of_a_day_fit(void **state)
{
    struct use_report *u = report(1, SPRING);

    (void)state;
    for (int i = 0; i < 1001; i++)
        assert_true(use_wait(u, u->day[0].start_ms, u->day[0].start_ms + i * 60000));
    use_finish(u);
    assert_int_equal(u->day[0].wait_min, 500);
    free(u);
}

static void minutes_saved_are_the_formula(void **state)
{
    const struct use_minutes m = USE_MINUTES_DEFAULT;
    struct use_day d = {.n = {[STORE_USE_COLLECTED] = 10, [STORE_USE_LOADED] = 12, [STORE_USE_EXPIRED] = 2}};

    (void)state;
    assert_int_equal(use_minutes_saved(&d, &m), 10 * 5 - 12 * 1 - 2 * 3);
    d.n[STORE_USE_COLLECTED] = 0;
    assert_int_equal(use_minutes_saved(&d, &m), -18);
}

static void one_to_four_are_few(void **state)
{
    (void)state;
    assert_false(use_is_few(0));
    assert_true(use_is_few(1) && use_is_few(4));
    assert_false(use_is_few(5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_those_of_the_local_calendar),
        cmocka_unit_test(no_hour_is_lost_or_counted_twice_when_the_clock_changes),
        cmocka_unit_test(a_pickup_counts_at_its_weekday_and_hour),
        cmocka_unit_test(waiting_is_the_median_of_each_day),
        cmocka_unit_test(many_bags_of_a_day_fit),
        cmocka_unit_test(minutes_saved_are_the_formula),
        cmocka_unit_test(one_to_four_are_few),
    };

    return cmocka_run_group_tests(tests, in_amsterdam, NULL);
}
