/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/climate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define START INT64_C(1760000000000)

/* ---------------------------------------------------------------- a sensor that says a value every minute */

struct run {
    struct climate_walk w;
    int64_t now_ms;
    struct climate_span span[32];
    unsigned spans;
};

static void keep(void *arg, const struct climate_span *s)
{
    struct run *x = arg;

    assert_true(x->spans < 32);
    x->span[x->spans++] = *s;
}

static void begin(struct run *x, enum token_zone zone)
{
    memset(x, 0, sizeof(*x));
    x->now_ms = START;
    climate_walk_init(&x->w, zone, START, keep, x);
}

static void say(struct run *x, enum climate_state state, int32_t milli_c)
{
    struct climate_point p = {.at_ms = x->now_ms,
                              .state = state,
                              .has_milli_c = state == CLIMATE_OK || state == CLIMATE_EXCURSION,
                              .milli_c = milli_c};

    climate_walk_point(&x->w, &p);
}

static void stay(struct run *x, enum climate_state state, int32_t milli_c, int64_t ms)
{
    for (int64_t end = x->now_ms + ms; x->now_ms < end; x->now_ms += MINUTE)
        say(x, state, milli_c);
}

static struct climate_judgement finish(struct run *x)
{
    struct climate_judgement j;

    climate_walk_end(&x->w, x->now_ms, &j);
    return j;
}

/* ---------------------------------------------------------------- mean kinetic temperature */

static void the_mean_kinetic_temperature_is_that_of_the_vectors(void **state)
{
    static const struct {
        enum token_zone zone;
        int64_t first_ms, second_ms;
        int32_t first, second, mkt;
        enum climate_verdict verdict;
    } row[] = {
        {TOKEN_ZONE_ROOM, 15 * DAY, 15 * DAY, 25000, 25000, 25000, CLIMATE_FINE},
        {TOKEN_ZONE_ROOM, 15 * DAY, 15 * DAY, 20000, 30000, 26260, CLIMATE_BREACH},
        {TOKEN_ZONE_COLD, 12 * HOUR, 12 * HOUR, 2000, 8000, 5536, CLIMATE_FINE},
        {TOKEN_ZONE_COLD, 23 * HOUR, 1 * HOUR, 5000, 15000, 5764, CLIMATE_FINE},
        {TOKEN_ZONE_ROOM, 27 * DAY, 3 * DAY, 24000, 32000, 25174, CLIMATE_BREACH},
        {TOKEN_ZONE_ROOM, 29 * DAY, 1 * DAY, 20000, 40000, 22008, CLIMATE_BREACH}, /* the spike rule */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct climate_judgement j;
        struct run x;

        begin(&x, row[i].zone);
        stay(&x, CLIMATE_OK, row[i].first, row[i].first_ms);
        stay(&x, CLIMATE_OK, row[i].second, row[i].second_ms);
        j = finish(&x);
        assert_true(j.has_mkt);
        assert_int_equal(j.mkt_milli_c, row[i].mkt);
        assert_int_equal(j.verdict, row[i].verdict);
        assert_int_equal(j.known_ms, row[i].first_ms + row[i].second_ms);
        assert_int_equal(j.unknown_ms, 0);
    }
}

static void a_spike_of_less_than_a_day_is_to_be_looked_at_and_a_day_is_a_breach(void **state)
{
    struct climate_judgement j;
    struct run x;

    (void)state;
    begin(&x, TOKEN_ZONE_ROOM);
    stay(&x, CLIMATE_OK, 20000, 29 * DAY);
    stay(&x, CLIMATE_EXCURSION, 40000, DAY - MINUTE);
    stay(&x, CLIMATE_OK, 20000, MINUTE);
    j = finish(&x);
    assert_int_equal(j.verdict, CLIMATE_LOOK);
    assert_int_equal(j.longest_spike_ms, DAY - MINUTE);
    assert_int_equal(x.spans, 1);
    begin(&x, TOKEN_ZONE_ROOM);
    stay(&x, CLIMATE_EXCURSION, 30001, DAY);
    assert_int_equal(finish(&x).verdict, CLIMATE_BREACH);
}

static void a_single_value_outside_of_all_bounds_is_a_breach(void **state)
{
    static const struct {
        enum token_zone zone;
        int32_t milli_c;
        enum climate_verdict verdict;
    } row[] = {
        {TOKEN_ZONE_ROOM, 40001, CLIMATE_BREACH}, {TOKEN_ZONE_ROOM, 14999, CLIMATE_BREACH},
        {TOKEN_ZONE_ROOM, 15000, CLIMATE_LOOK},   {TOKEN_ZONE_COLD, -1, CLIMATE_BREACH},
        {TOKEN_ZONE_COLD, 0, CLIMATE_LOOK},       {TOKEN_ZONE_COLD, 15001, CLIMATE_BREACH},
        {TOKEN_ZONE_COLD, 15000, CLIMATE_LOOK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        int32_t usual = row[i].zone == TOKEN_ZONE_COLD ? 5000 : 20000;
        struct run x;

        begin(&x, row[i].zone);
        stay(&x, CLIMATE_OK, usual, DAY);
        stay(&x, CLIMATE_EXCURSION, row[i].milli_c, MINUTE);
        stay(&x, CLIMATE_OK, usual, HOUR);
        assert_int_equal(finish(&x).verdict, row[i].verdict);
    }
}

/* ---------------------------------------------------------------- unknown is never fine */

static void nothing_heard_is_not_fine(void **state)
{
    struct climate_judgement j;
    struct run x;

    (void)state;
    begin(&x, TOKEN_ZONE_COLD);
    x.now_ms += DAY;
    j = finish(&x);
    assert_int_equal(j.verdict, CLIMATE_NO_WORD);
    assert_false(j.has_mkt);
    assert_int_equal(j.unknown_ms, DAY);
    assert_int_equal(x.spans, 1);
    assert_int_equal(x.span[0].state, CLIMATE_UNKNOWN);
    assert_true(x.span[0].open && !x.span[0].has_range);
    begin(&x, TOKEN_ZONE_COLD);
    assert_int_equal(finish(&x).verdict, CLIMATE_NO_WORD); /* no time at all */
}

static void a_sensor_that_is_missing_or_stuck_is_unknown_time(void **state)
{
    static const enum climate_state bad[] = {CLIMATE_MISSING, CLIMATE_STUCK, CLIMATE_UNKNOWN};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct climate_judgement j;
        struct run x;

        begin(&x, TOKEN_ZONE_COLD);
        stay(&x, CLIMATE_OK, 5000, 23 * HOUR);
        stay(&x, bad[i], 0, 50 * MINUTE);
        stay(&x, CLIMATE_OK, 5000, 10 * MINUTE);
        j = finish(&x);
        assert_int_equal(j.verdict, CLIMATE_NO_WORD);
        assert_int_equal(j.unknown_ms, 50 * MINUTE);
        assert_int_equal(x.spans, 1);
        assert_int_equal(x.span[0].state, bad[i]);
        assert_int_equal(x.span[0].end_ms - x.span[0].start_ms, 50 * MINUTE);
    }
}

static void silence_is_a_gap_that_begins_with_the_last_word(void **state)
{
    struct climate_judgement j;
    struct run x;

    (void)state;
    begin(&x, TOKEN_ZONE_ROOM);
    stay(&x, CLIMATE_OK, 20000, 20 * DAY);
    x.now_ms += 2 * HOUR;
    stay(&x, CLIMATE_OK, 20000, 9 * DAY);
    j = finish(&x);
    assert_int_equal(x.spans, 1);
    assert_int_equal(x.span[0].state, CLIMATE_UNKNOWN);
    assert_int_equal(x.span[0].start_ms, START + 20 * DAY - MINUTE);
    assert_int_equal(x.span[0].end_ms, START + 20 * DAY + 2 * HOUR);
    assert_int_equal(j.verdict, CLIMATE_NO_WORD); /* longer than an hour */
    assert_int_equal(j.longest_unknown_ms, 2 * HOUR + MINUTE);
}

static void a_restart_of_some_minutes_spoils_nothing(void **state)
{
    struct run x;

    (void)state;
    begin(&x, TOKEN_ZONE_COLD);
    stay(&x, CLIMATE_OK, 5000, 12 * HOUR);
    x.now_ms += 4 * MINUTE;
    stay(&x, CLIMATE_OK, 5000, 12 * HOUR);
    assert_int_equal(finish(&x).verdict, CLIMATE_FINE);
    assert_int_equal(x.spans, 0);
}

static void many_small_gaps_are_too_many(void **state)
{
    struct run x;

    (void)state;
    begin(&x, TOKEN_ZONE_COLD);
    for (int i = 0; i < 24; i++) {
        stay(&x, CLIMATE_OK, 5000, 54 * MINUTE);
        x.now_ms += 6 * MINUTE;
    }
    assert_int_equal(finish(&x).verdict, CLIMATE_NO_WORD);
}

static void silence_between_two_hot_values_is_hot(void **state)
{
    struct run x;

    (void)state;
    begin(&x, TOKEN_ZONE_ROOM);
    stay(&x, CLIMATE_OK, 20000, 20 * DAY);
    stay(&x, CLIMATE_EXCURSION, 31000, HOUR);
    x.now_ms += 23 * HOUR;
    stay(&x, CLIMATE_EXCURSION, 31000, HOUR);
    assert_int_equal(finish(&x).verdict, CLIMATE_BREACH);
}

/* ---------------------------------------------------------------- spans */

static void an_excursion_has_a_start_an_end_and_its_extremes(void **state)
{
    struct run x;

    (void)state;
    begin(&x, TOKEN_ZONE_COLD);
    stay(&x, CLIMATE_OK, 5000, HOUR);
    stay(&x, CLIMATE_EXCURSION, 9000, 10 * MINUTE);
    stay(&x, CLIMATE_EXCURSION, 10500, 10 * MINUTE);
    stay(&x, CLIMATE_EXCURSION, 8500, 10 * MINUTE);
    stay(&x, CLIMATE_OK, 5000, HOUR);
    assert_int_equal(finish(&x).verdict, CLIMATE_LOOK);
    assert_int_equal(x.spans, 1);
    assert_int_equal(x.span[0].state, CLIMATE_EXCURSION);
    assert_int_equal(x.span[0].start_ms, START + HOUR);
    assert_int_equal(x.span[0].end_ms, START + HOUR + 30 * MINUTE);
    assert_false(x.span[0].open);
    assert_true(x.span[0].has_range);
    assert_int_equal(x.span[0].min_milli_c, 8500);
    assert_int_equal(x.span[0].max_milli_c, 10500);
}

static void one_hot_value_before_a_silence_is_an_excursion(void **state)
{
    struct run x;

    (void)state;
    begin(&x, TOKEN_ZONE_COLD);
    stay(&x, CLIMATE_OK, 5000, HOUR);
    say(&x, CLIMATE_EXCURSION, 9000);
    x.now_ms += HOUR;
    (void)finish(&x);
    assert_int_equal(x.spans, 2);
    assert_int_equal(x.span[0].state, CLIMATE_EXCURSION);
    assert_int_equal(x.span[0].max_milli_c, 9000);
    assert_int_equal(x.span[1].state, CLIMATE_UNKNOWN);
    assert_true(x.span[1].open);
}

static void a_missing_sensor_stays_missing_while_nothing_is_heard(void **state)
{
    struct run x;

    (void)state;
    begin(&x, TOKEN_ZONE_COLD);
    say(&x, CLIMATE_MISSING, 0);
    x.now_ms += 3 * HOUR;
    say(&x, CLIMATE_OK, 5000);
    x.now_ms += MINUTE;
    (void)finish(&x);
    assert_int_equal(x.spans, 1);
    assert_int_equal(x.span[0].state, CLIMATE_MISSING);
    assert_int_equal(x.span[0].end_ms - x.span[0].start_ms, 3 * HOUR);
}

static void points_of_the_past_change_nothing(void **state)
{
    struct climate_point old = {.at_ms = START, .state = CLIMATE_EXCURSION, .has_milli_c = true, .milli_c = 30000};
    struct run x;

    (void)state;
    begin(&x, TOKEN_ZONE_COLD);
    stay(&x, CLIMATE_OK, 5000, 10 * MINUTE);
    climate_walk_point(&x.w, &old);
    old.at_ms = x.now_ms - MINUTE; /* the time of the last one */
    climate_walk_point(&x.w, &old);
    assert_int_equal(finish(&x).verdict, CLIMATE_FINE);
}

static void words_and_states_are_the_same(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CLIMATE_STATE_N; i++)
        assert_int_equal(climate_state_of(climate_state_name((enum climate_state)i)), i);
    assert_int_equal(climate_state_of("purple"), CLIMATE_UNKNOWN);
    assert_string_equal(climate_verdict_name(CLIMATE_NO_WORD), "unknown");
    assert_string_equal(climate_verdict_name(CLIMATE_FINE), "fine");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_kinetic_temperature_is_that_of_the_vectors),
        cmocka_unit_test(a_spike_of_less_than_a_day_is_to_be_looked_at_and_a_day_is_a_breach),
        cmocka_unit_test(a_single_value_outside_of_all_bounds_is_a_breach),
        cmocka_unit_test(nothing_heard_is_not_fine),
        cmocka_unit_test(a_sensor_that_is_missing_or_stuck_is_unknown_time),
        cmocka_unit_test(silence_is_a_gap_that_begins_with_the_last_word),
        cmocka_unit_test(a_restart_of_some_minutes_spoils_nothing),
        cmocka_unit_test(many_small_gaps_are_too_many),
        cmocka_unit_test(silence_between_two_hot_values_is_hot),
        cmocka_unit_test(an_excursion_has_a_start_an_end_and_its_extremes),
        cmocka_unit_test(one_hot_value_before_a_silence_is_an_excursion),
        cmocka_unit_test(a_missing_sensor_stays_missing_while_nothing_is_heard),
        cmocka_unit_test(points_of_the_past_change_nothing),
        cmocka_unit_test(words_and_states_are_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
