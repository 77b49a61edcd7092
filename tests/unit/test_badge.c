/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controller/badge.h"

static const uint8_t mine[BADGE_ID_LEN] = {1}, other[BADGE_ID_LEN] = {2};

static void revoked_badge_is_refused_for_ever(void **state)
{
    (void)state;
    struct badge_table t = {0};
    assert_false(badge_is_refused(&t, mine));
    assert_int_equal(badge_revoke(&t, mine), 0);
    assert_int_equal(badge_revoke(&t, mine), BADGE_NONE);
    assert_true(badge_is_refused(&t, mine));
    assert_false(badge_is_refused(&t, other));
    assert_int_equal(badge_count_wrong(&t, mine), 0);
    assert_int_equal(badge_clear_wrong(&t, mine), 0);
    assert_true(t.slot[0].used);
    assert_true(badge_is_refused(&t, mine));
}

static void ten_wrong_pins_block(void **state)
{
    (void)state;
    struct badge_table t = {0};
    for (unsigned i = 0; i < BADGE_PIN_TRIES_MAX; i++) {
        assert_false(badge_is_refused(&t, mine));
        assert_int_equal(badge_count_wrong(&t, mine), 0);
    }
    assert_true(badge_is_refused(&t, mine));
    assert_int_equal(badge_count_wrong(&t, mine), BADGE_NONE);
    assert_int_equal(badge_clear_wrong(&t, other), BADGE_NONE);
    assert_int_equal(badge_clear_wrong(&t, mine), 0);
    assert_false(t.slot[0].used);
    assert_int_equal(badge_clear_wrong(&t, mine), BADGE_NONE);
}

static void a_full_table_gives_up_wrong_pins_before_revocations(void **state)
{
    (void)state;
    struct badge_table t = {0};
    for (unsigned i = 0; i < BADGE_SLOTS; i++) {
        uint8_t id[BADGE_ID_LEN] = {9, (uint8_t)i, (uint8_t)(i >> 8)};
        assert_int_equal(i == 5 ? badge_count_wrong(&t, id) : badge_revoke(&t, id), i);
    }
    assert_int_equal(badge_revoke(&t, mine), 5);
    assert_int_equal(badge_revoke(&t, other), BADGE_NONE);
    assert_int_equal(badge_count_wrong(&t, other), BADGE_NONE);
    assert_false(badge_is_refused(&t, other));
    assert_true(badge_is_refused(&t, mine));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(revoked_badge_is_refused_for_ever),
        cmocka_unit_test(ten_wrong_pins_block),
        cmocka_unit_test(a_full_table_gives_up_wrong_pins_before_revocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
