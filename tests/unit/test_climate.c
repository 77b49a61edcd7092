/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hw/climate.h"

#define S INT64_C(1000000)
#define HOUR (3600 * S)

static const struct climate_rule rule = {.milli_c = 100,
                                         .permille = 1,
                                         .min_milli_c = -40000,
                                         .max_milli_c = 80000,
                                         .missing = {0x8000, 0x0352},
                                         .missings = 2,
                                         .stuck_us = 6 * HOUR};

static void raw_counts_become_thousandths_of_a_degree(void **state)
{
    struct climate c = {.state = CLIMATE_NEVER};
    (void)state;
    assert_true(climate_read(&c, &rule, 45, 601, 0));
    assert_int_equal(c.state, CLIMATE_FINE);
    assert_int_equal(c.milli_c, 4500);
    assert_int_equal(c.permille, 601);
    assert_true(climate_read(&c, &rule, (uint16_t)-55, 601, S));
    assert_int_equal(c.milli_c, -5500);
}

static void unchanged_value_is_told_once_a_minute(void **state)
{
    struct climate c = {.state = CLIMATE_NEVER};
    unsigned told = 0;
    (void)state;
    for (int64_t t = 0; t < 600; t += 5)
        told += climate_read(&c, &rule, 45, 600, t * S);
    assert_int_equal(told, 10);
}

static void missing_probe_never_becomes_a_number(void **state)
{
    static const uint16_t raw[] = {0x8000, 0x0352, 801, (uint16_t)-401, 0x7fff};
    (void)state;
    for (unsigned i = 0; i < sizeof raw / sizeof raw[0]; i++) {
        struct climate c = {.state = CLIMATE_NEVER};
        assert_true(climate_read(&c, &rule, raw[i], 600, 0));
        assert_int_equal(c.state, CLIMATE_GONE);
        assert_int_equal(c.milli_c, 0);
        assert_int_equal(c.permille, -1);
    }
}

static void impossible_humidity_is_left_out(void **state)
{
    struct climate c = {.state = CLIMATE_NEVER};
    (void)state;
    assert_true(climate_read(&c, &rule, 45, 1001, 0));
    assert_int_equal(c.state, CLIMATE_FINE);
    assert_int_equal(c.permille, -1);
}

static void probe_without_humidity_has_none(void **state)
{
    struct climate_rule dry = rule;
    struct climate c = {.state = CLIMATE_NEVER};
    (void)state;
    dry.permille = 0;
    assert_true(climate_read(&c, &dry, 45, 0, 0));
    assert_int_equal(c.permille, -1);
}

static void value_that_stands_still_for_six_hours_is_stuck(void **state)
{
    struct climate c = {.state = CLIMATE_NEVER};
    (void)state;
    for (int64_t t = 0; t < 6 * HOUR; t += 60 * S) {
        (void)climate_read(&c, &rule, 45, 600, t);
        assert_int_equal(c.state, CLIMATE_FINE);
    }
    assert_true(climate_read(&c, &rule, 45, 600, 6 * HOUR));
    assert_int_equal(c.state, CLIMATE_STUCK);
    assert_true(climate_read(&c, &rule, 46, 600, 6 * HOUR + S));
    assert_int_equal(c.state, CLIMATE_FINE);
}

static void moving_humidity_shows_that_the_sensor_lives(void **state)
{
    struct climate c = {.state = CLIMATE_NEVER};
    (void)state;
    for (int64_t t = 0; t < 24 * HOUR; t += 60 * S)
        (void)climate_read(&c, &rule, 45, (uint16_t)(600 + t / HOUR % 2), t);
    assert_int_equal(c.state, CLIMATE_FINE);
}

static void lost_board_makes_it_missing_and_restarts_the_clock(void **state)
{
    struct climate c = {.state = CLIMATE_NEVER};
    (void)state;
    (void)climate_read(&c, &rule, 45, 600, 0);
    assert_true(climate_lose(&c, 3 * HOUR));
    assert_int_equal(c.state, CLIMATE_GONE);
    assert_false(climate_lose(&c, 3 * HOUR + S));
    assert_true(climate_read(&c, &rule, 45, 600, 5 * HOUR));
    assert_true(climate_read(&c, &rule, 45, 600, 10 * HOUR));
    assert_int_equal(c.state, CLIMATE_FINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_counts_become_thousandths_of_a_degree),
        cmocka_unit_test(unchanged_value_is_told_once_a_minute),
        cmocka_unit_test(missing_probe_never_becomes_a_number),
        cmocka_unit_test(impossible_humidity_is_left_out),
        cmocka_unit_test(probe_without_humidity_has_none),
        cmocka_unit_test(value_that_stands_still_for_six_hours_is_stuck),
        cmocka_unit_test(moving_humidity_shows_that_the_sensor_lives),
        cmocka_unit_test(lost_board_makes_it_missing_and_restarts_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
