/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "hw/sim/lock.h"

#define MS INT64_C(1000)

static struct lock new_lock(void)
{
    struct lock l;
    lock_init(&l, 7);
    return l;
}

static void pulse(struct lock *l, int64_t from_us, int64_t span_us)
{
    lock_energise(l, true, from_us);
    for (int64_t t = lock_next(l); t <= from_us + span_us; t = lock_next(l)) {
        lock_step(l, t);
    }
    lock_energise(l, false, from_us + span_us);
}

static void settle(struct lock *l, int64_t until_us)
{
    for (int64_t t = lock_next(l); t <= until_us; t = lock_next(l)) {
        lock_step(l, t);
    }
}

static void pulse_lets_the_spring_open_the_door(void **state)
{
    (void)state;
    struct lock l = new_lock();
    pulse(&l, 0, 500 * MS);
    assert_true(l.open);
    assert_false(l.latched);
    assert_int_equal(l.cause, LOCK_BY_PULSE);
    assert_true(l.moved_us >= LOCK_RELEASE_US + LOCK_SPRING_US);
    assert_true(l.moved_us < LOCK_RELEASE_US + LOCK_SPRING_US + LOCK_SPRING_SPREAD_US);
    assert_int_equal(l.pulses, 1);
    assert_int_equal(l.longest_us, 500 * MS);
}

static void pulse_shorter_than_the_strike_needs_does_nothing(void **state)
{
    (void)state;
    struct lock l = new_lock();
    pulse(&l, 0, LOCK_RELEASE_US - 1);
    settle(&l, 5000 * MS);
    assert_false(l.open);
    assert_true(l.latched);
}

static void same_seed_gives_the_same_moment_and_another_seed_another(void **state)
{
    (void)state;
    struct lock a = new_lock(), b = new_lock(), c;
    lock_init(&c, 8);
    pulse(&a, 0, 300 * MS);
    pulse(&b, 0, 300 * MS);
    pulse(&c, 0, 300 * MS);
    assert_int_equal(a.moved_us, b.moved_us);
    assert_int_not_equal(a.moved_us, c.moved_us);
}

static void jammed_door_stays_shut(void **state)
{
    (void)state;
    struct lock l = new_lock();
    l.jammed = true;
    pulse(&l, 0, 500 * MS);
    pulse(&l, 1000 * MS, 500 * MS);
    settle(&l, 5000 * MS);
    assert_false(l.open);
    assert_int_equal(l.pulses, 2);
}

static void jam_next_holds_one_pulse_only(void **state)
{
    (void)state;
    struct lock l = new_lock();
    l.jam_next = true;
    pulse(&l, 0, 500 * MS);
    settle(&l, 900 * MS);
    assert_false(l.open);
    pulse(&l, 1000 * MS, 500 * MS);
    assert_true(l.open);
}

static void closed_door_is_latched_again(void **state)
{
    (void)state;
    struct lock l = new_lock();
    pulse(&l, 0, 500 * MS);
    lock_close(&l, 2000 * MS);
    settle(&l, 9000 * MS);
    assert_false(l.open);
    assert_true(l.latched);
    assert_int_equal(l.cause, LOCK_BY_PERSON);
}

static void door_closed_against_current_opens_again(void **state)
{
    (void)state;
    struct lock l = new_lock();
    lock_energise(&l, true, 0);
    settle(&l, 400 * MS);
    assert_true(l.open);
    lock_close(&l, 400 * MS);
    assert_false(l.open);
    settle(&l, 800 * MS);
    assert_true(l.open);
}

static void weak_latch_lets_the_door_open_again(void **state)
{
    (void)state;
    struct lock l = new_lock();
    l.weak = true;
    lock_open(&l, LOCK_BY_KEY, 0);
    lock_close(&l, 100 * MS);
    settle(&l, 100 * MS + LOCK_WEAK_US - 1);
    assert_false(l.open);
    settle(&l, 100 * MS + LOCK_WEAK_US);
    assert_true(l.open);
    assert_int_equal(l.cause, LOCK_BY_WEAKNESS);
}

static void forced_door_is_open_without_current(void **state)
{
    (void)state;
    struct lock l = new_lock();
    lock_open(&l, LOCK_BY_FORCE, 5 * MS);
    assert_true(l.open);
    assert_int_equal(l.pulses, 0);
    assert_int_equal(l.cause, LOCK_BY_FORCE);
    assert_true(lock_contact_open(&l, 6 * MS));
}

static void stuck_contact_says_the_same_whatever_the_door_does(void **state)
{
    (void)state;
    struct lock l = new_lock();
    l.stick = LOCK_STICK_OPEN;
    assert_true(lock_contact_open(&l, 0));
    l.stick = LOCK_STICK_CLOSED;
    lock_open(&l, LOCK_BY_KEY, 0);
    assert_false(lock_contact_open(&l, 0));
    l.stick = LOCK_STICK_OFF;
    assert_true(lock_contact_open(&l, 0));
}

static void bouncing_contact_chatters_and_then_rests(void **state)
{
    (void)state;
    struct lock l = new_lock();
    unsigned changes = 0;
    l.bounce_us = 100 * MS;
    lock_open(&l, LOCK_BY_KEY, 0);
    bool before = lock_contact_open(&l, 0);
    for (int64_t t = 0; t < 100 * MS; t += MS) {
        bool now = lock_contact_open(&l, t);
        changes += now != before ? 1 : 0;
        before = now;
    }
    assert_true(changes >= 5);
    for (int64_t t = 100 * MS; t < 200 * MS; t += MS) {
        assert_true(lock_contact_open(&l, t));
    }
}

static void longest_pulse_counts_the_present_one(void **state)
{
    (void)state;
    struct lock l = new_lock();
    pulse(&l, 0, 200 * MS);
    lock_energise(&l, true, 1000 * MS);
    assert_int_equal(lock_longest_us(&l, 1100 * MS), 200 * MS);
    assert_int_equal(lock_longest_us(&l, 1900 * MS), 900 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pulse_lets_the_spring_open_the_door),
        cmocka_unit_test(pulse_shorter_than_the_strike_needs_does_nothing),
        cmocka_unit_test(same_seed_gives_the_same_moment_and_another_seed_another),
        cmocka_unit_test(jammed_door_stays_shut),
        cmocka_unit_test(jam_next_holds_one_pulse_only),
        cmocka_unit_test(closed_door_is_latched_again),
        cmocka_unit_test(door_closed_against_current_opens_again),
        cmocka_unit_test(weak_latch_lets_the_door_open_again),
        cmocka_unit_test(forced_door_is_open_without_current),
        cmocka_unit_test(stuck_contact_says_the_same_whatever_the_door_does),
        cmocka_unit_test(bouncing_contact_chatters_and_then_rests),
        cmocka_unit_test(longest_pulse_counts_the_present_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
