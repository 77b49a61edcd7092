/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controller/remote.h"

static const uint8_t nonce[REMOTE_NONCE_LEN] = {1, 2, 3}, other[REMOTE_NONCE_LEN] = {1, 2, 4};

static struct remote_offer sample(void)
{
    struct remote_offer o = {.load = 3, .door = 5};
    memset(o.order, 0xAB, sizeof o.order);
    return o;
}

static struct remote challenged(void)
{
    struct remote r = {0};
    const struct remote_offer o = sample();
    remote_offer(&r, &o, 0);
    remote_challenge(&r, nonce, 100000);
    return r;
}

static struct remote_answer answer(const uint8_t n[REMOTE_NONCE_LEN])
{
    struct remote_answer a = {.offer = sample(), .staff = {9}};
    memcpy(a.nonce, n, REMOTE_NONCE_LEN);
    return a;
}

static void answer_in_time_is_taken_once(void **state)
{
    (void)state;
    struct remote r = challenged();
    const struct remote_answer a = answer(nonce);
    assert_true(remote_take_answer(&r, &a, 100000 + REMOTE_ANSWER_MS));
    assert_int_equal(r.state, REMOTE_NONE);
    assert_false(remote_take_answer(&r, &a, 100000));
}

static void answer_after_thirty_seconds_is_worth_nothing(void **state)
{
    (void)state;
    struct remote r = challenged();
    const struct remote_answer a = answer(nonce);
    assert_false(remote_take_answer(&r, &a, 100000 + REMOTE_ANSWER_MS + 1));
    assert_false(remote_take_answer(&r, &a, 100000));
}

static void answer_to_another_challenge_changes_nothing(void **state)
{
    (void)state;
    struct remote r = challenged();
    const struct remote_answer old = answer(other), right = answer(nonce);
    assert_false(remote_take_answer(&r, &old, 100001));
    assert_int_equal(r.state, REMOTE_CHALLENGED);
    assert_true(remote_take_answer(&r, &right, 100002));
}

static void answer_about_something_else_ends_the_challenge(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct remote r = challenged();
        struct remote_answer a = answer(nonce);
        if (i == 0)
            a.offer.order[0] ^= 1;
        else if (i == 1)
            a.offer.load++;
        else
            a.offer.door++;
        assert_false(remote_take_answer(&r, &a, 100001));
        assert_int_equal(r.state, REMOTE_NONE);
    }
}

static void answer_without_a_challenge_is_worth_nothing(void **state)
{
    (void)state;
    struct remote r = {0};
    struct remote_answer a = answer((const uint8_t[REMOTE_NONCE_LEN]){0});
    const struct remote_offer o = sample();
    assert_false(remote_take_answer(&r, &a, 0)); /* zeros are no nonce */
    remote_offer(&r, &o, 0);
    assert_false(remote_take_answer(&r, &a, 0)); /* offered, but nobody pressed OK */
    assert_int_equal(r.state, REMOTE_OFFERED);
    remote_end(&r);
    assert_int_equal(r.state, REMOTE_NONE);
}

static void every_cause_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < REMOTE_CAUSE_N; i++) {
        assert_non_null(remote_cause_name((enum remote_cause)i));
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(remote_cause_name((enum remote_cause)i), remote_cause_name((enum remote_cause)k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_in_time_is_taken_once),
        cmocka_unit_test(answer_after_thirty_seconds_is_worth_nothing),
        cmocka_unit_test(answer_to_another_challenge_changes_nothing),
        cmocka_unit_test(answer_about_something_else_ends_the_challenge),
        cmocka_unit_test(answer_without_a_challenge_is_worth_nothing),
        cmocka_unit_test(every_cause_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
