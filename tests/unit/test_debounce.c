/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hw/debounce.h"

#define MS 1000

static const struct debounce_rule door = {DEBOUNCE_OPEN_US, DEBOUNCE_CLOSE_US};

/* Closed and believed at time 300 ms. */
static struct debounce closed_door(void)
{
    struct debounce d = {.level = DEBOUNCE_UNKNOWN};
    assert_false(debounce_read(&d, &door, false, 0));
    assert_true(debounce_read(&d, &door, false, 300 * MS));
    assert_int_equal(d.level, DEBOUNCE_OFF);
    return d;
}

static void one_read_is_never_believed(void **state)
{
    struct debounce d = {.level = DEBOUNCE_UNKNOWN};
    (void)state;
    assert_false(debounce_read(&d, &door, true, 0));
    assert_int_equal(d.level, DEBOUNCE_UNKNOWN);
    assert_true(debounce_is_pending(&d));
}

static void opening_is_believed_after_50_ms(void **state)
{
    struct debounce d = closed_door();
    (void)state;
    assert_false(debounce_read(&d, &door, true, 1000 * MS));
    assert_true(debounce_is_pending(&d));
    assert_false(debounce_read(&d, &door, true, 1049 * MS));
    assert_int_equal(d.level, DEBOUNCE_OFF);
    assert_true(debounce_read(&d, &door, true, 1050 * MS));
    assert_int_equal(d.level, DEBOUNCE_ON);
    assert_false(debounce_is_pending(&d));
}

static void closing_is_believed_after_300_ms(void **state)
{
    struct debounce d = closed_door();
    (void)state;
    (void)debounce_read(&d, &door, true, 1000 * MS);
    assert_true(debounce_read(&d, &door, true, 1100 * MS));
    assert_false(debounce_read(&d, &door, false, 2000 * MS));
    assert_false(debounce_read(&d, &door, false, 2299 * MS));
    assert_int_equal(d.level, DEBOUNCE_ON);
    assert_true(debounce_read(&d, &door, false, 2300 * MS));
    assert_int_equal(d.level, DEBOUNCE_OFF);
}

static void disagreeing_read_starts_the_wait_again(void **state)
{
    struct debounce d = closed_door();
    (void)state;
    (void)debounce_read(&d, &door, true, 1000 * MS);
    assert_false(debounce_read(&d, &door, false, 1040 * MS));
    assert_false(debounce_read(&d, &door, true, 1060 * MS));
    assert_false(debounce_read(&d, &door, true, 1100 * MS));
    assert_true(debounce_read(&d, &door, true, 1110 * MS));
}

static void change_is_told_once(void **state)
{
    struct debounce d = closed_door();
    unsigned told = 0;
    (void)state;
    for (int64_t t = 400; t < 5000; t += 10)
        told += debounce_read(&d, &door, true, t * MS);
    assert_int_equal(told, 1);
}

static void contact_that_chatters_is_never_believed_open(void **state)
{
    struct debounce d = closed_door();
    (void)state;
    for (int64_t t = 1000; t < 9000; t += 20)
        assert_false(debounce_read(&d, &door, t / 20 % 2 == 0, t * MS));
    assert_int_equal(d.level, DEBOUNCE_OFF);
}

static void lost_board_makes_it_unknown_and_needs_two_new_reads(void **state)
{
    struct debounce d = closed_door();
    (void)state;
    debounce_lose(&d);
    assert_int_equal(d.level, DEBOUNCE_UNKNOWN);
    assert_false(debounce_read(&d, &door, false, 9000 * MS));
    assert_int_equal(d.level, DEBOUNCE_UNKNOWN);
    assert_true(debounce_read(&d, &door, false, 9300 * MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_read_is_never_believed),
        cmocka_unit_test(opening_is_believed_after_50_ms),
        cmocka_unit_test(closing_is_believed_after_300_ms),
        cmocka_unit_test(disagreeing_read_starts_the_wait_again),
        cmocka_unit_test(change_is_told_once),
        cmocka_unit_test(contact_that_chatters_is_never_believed_open),
        cmocka_unit_test(lost_board_makes_it_unknown_and_needs_two_new_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
