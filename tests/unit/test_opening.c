/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controller/opening.h"

#define DOOR 3
#define SERIAL 7

static struct opening in_phase(enum opening_phase phase)
{
    struct opening o;
    opening_reset(&o);
    if (phase == OPENING_IDLE)
        return o;
    opening_pulse(&o, DOOR, SERIAL, 1000, 5000);
    if (phase == OPENING_JAMMED)
        (void)opening_on_tick(&o, 1000 + OPENING_COMPLETE_MS);
    if (phase == OPENING_OPEN || phase == OPENING_CLOSED)
        (void)opening_on_door(&o, DOOR, HW_DOOR_OPEN, 6000);
    if (phase == OPENING_CLOSED)
        (void)opening_on_door(&o, DOOR, HW_DOOR_CLOSED, 7000);
    assert_int_equal(o.phase, phase);
    return o;
}

struct door_row {
    enum hw_door_state door;
    enum opening_news news[OPENING_PHASE_N];
    enum opening_phase next[OPENING_PHASE_N];
};

static void door_reports_lead_where_the_table_says(void **state)
{
    (void)state;
    static const struct door_row rows[] = {
        {HW_DOOR_OPEN,
         {OPENING_NO_NEWS, OPENING_HAS_OPENED, OPENING_HAS_OPENED, OPENING_NO_NEWS, OPENING_NO_NEWS},
         {OPENING_IDLE, OPENING_OPEN, OPENING_OPEN, OPENING_OPEN, OPENING_CLOSED}},
        {HW_DOOR_CLOSED,
         {OPENING_NO_NEWS, OPENING_NO_NEWS, OPENING_NO_NEWS, OPENING_HAS_CLOSED, OPENING_NO_NEWS},
         {OPENING_IDLE, OPENING_PULSED, OPENING_JAMMED, OPENING_CLOSED, OPENING_CLOSED}},
        {HW_DOOR_UNKNOWN,
         {OPENING_NO_NEWS, OPENING_NO_NEWS, OPENING_NO_NEWS, OPENING_NO_NEWS, OPENING_NO_NEWS},
         {OPENING_IDLE, OPENING_PULSED, OPENING_JAMMED, OPENING_OPEN, OPENING_CLOSED}},
    };
    for (unsigned r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        for (unsigned p = 0; p < OPENING_PHASE_N; p++) {
            struct opening o = in_phase((enum opening_phase)p);
            assert_int_equal(opening_on_door(&o, DOOR, rows[r].door, 8000), rows[r].news[p]);
            assert_int_equal(o.phase, rows[r].next[p]);
            o = in_phase((enum opening_phase)p);
            assert_int_equal(opening_on_door(&o, DOOR + 1, rows[r].door, 8000), OPENING_NO_NEWS);
            assert_int_equal(o.phase, p);
        }
    }
}

static void completions_lead_where_the_table_says(void **state)
{
    (void)state;
    static const enum opening_news pulsed[] = {
        [HW_DONE] = OPENING_NO_NEWS,
        [HW_FAILED] = OPENING_NO_NEWS,
        [HW_REFUSED] = OPENING_HAS_JAMMED,
        [HW_FLUSHED] = OPENING_HAS_JAMMED,
    };
    for (unsigned s = HW_DONE; s <= HW_FLUSHED; s++) {
        for (unsigned p = 0; p < OPENING_PHASE_N; p++) {
            struct opening o = in_phase((enum opening_phase)p);
            assert_int_equal(opening_on_completion(&o, SERIAL, (enum hw_status)s, 2000),
                             p == OPENING_PULSED ? pulsed[s] : OPENING_NO_NEWS);
            o = in_phase((enum opening_phase)p);
            assert_int_equal(opening_on_completion(&o, SERIAL + 1, (enum hw_status)s, 2000), OPENING_NO_NEWS);
        }
    }
}

static void a_second_completion_moves_no_deadline(void **state)
{
    (void)state;
    struct opening o = in_phase(OPENING_PULSED);
    (void)opening_on_completion(&o, SERIAL, HW_DONE, 2000);
    (void)opening_on_completion(&o, SERIAL, HW_DONE, 3000);
    assert_int_equal(o.deadline_ms, 2000 + OPENING_OBSERVE_MS);
    assert_int_equal(opening_on_tick(&o, 2000 + OPENING_OBSERVE_MS - 1), OPENING_NO_NEWS);
    assert_int_equal(opening_on_tick(&o, 2000 + OPENING_OBSERVE_MS), OPENING_HAS_JAMMED);
    assert_int_equal(opening_on_tick(&o, 900000), OPENING_NO_NEWS);
}

static void three_pulses_and_no_more(void **state)
{
    (void)state;
    struct opening o = in_phase(OPENING_JAMMED);
    for (uint8_t i = 1; i < OPENING_PULSES_MAX; i++) {
        assert_true(opening_may_retry(&o));
        opening_pulse(&o, DOOR, SERIAL + i, 9000, 9000);
        assert_false(opening_may_retry(&o));
        (void)opening_on_tick(&o, 99000);
    }
    assert_int_equal(o.phase, OPENING_JAMMED);
    assert_int_equal(o.pulses, OPENING_PULSES_MAX);
    assert_false(opening_may_retry(&o));
}

static void times_of_the_proof_are_kept(void **state)
{
    (void)state;
    const struct opening o = in_phase(OPENING_CLOSED);
    assert_int_equal(o.pulsed_ms, 5000);
    assert_int_equal(o.opened_ms, 6000);
    assert_int_equal(o.closed_ms, 7000);
}

static void an_open_door_needs_no_pulse(void **state)
{
    (void)state;
    struct opening o;
    opening_already_open(&o, DOOR, 100);
    assert_int_equal(o.phase, OPENING_OPEN);
    assert_int_equal(o.pulses, 0);
    assert_int_equal(opening_on_door(&o, DOOR, HW_DOOR_CLOSED, 200), OPENING_HAS_CLOSED);
}

static void only_the_door_of_a_running_opening_is_expected(void **state)
{
    (void)state;
    static const bool expected[OPENING_PHASE_N] = {false, true, true, true, false};
    for (unsigned p = 0; p < OPENING_PHASE_N; p++) {
        const struct opening o = in_phase((enum opening_phase)p);
        assert_int_equal(opening_expects(&o, DOOR), expected[p]);
        assert_false(opening_expects(&o, DOOR + 1));
    }
}

/* Found by a seed of the simulator: a bag was collected before its door had opened. */
static void a_clock_set_back_does_not_turn_the_proof_around(void **state)
{
    (void)state;
    struct opening o;
    opening_reset(&o);
    opening_pulse(&o, DOOR, SERIAL, 1000, 5000);
    assert_int_equal(opening_on_door(&o, DOOR, HW_DOOR_OPEN, 4000), OPENING_HAS_OPENED);
    assert_int_equal(opening_on_door(&o, DOOR, HW_DOOR_CLOSED, 3000), OPENING_HAS_CLOSED);
    assert_int_equal(o.pulsed_ms, 5000);
    assert_int_equal(o.opened_ms, 5000);
    assert_int_equal(o.closed_ms, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(door_reports_lead_where_the_table_says),
        cmocka_unit_test(completions_lead_where_the_table_says),
        cmocka_unit_test(a_second_completion_moves_no_deadline),
        cmocka_unit_test(three_pulses_and_no_more),
        cmocka_unit_test(times_of_the_proof_are_kept),
        cmocka_unit_test(a_clock_set_back_does_not_turn_the_proof_around),
        cmocka_unit_test(an_open_door_needs_no_pulse),
        cmocka_unit_test(only_the_door_of_a_running_opening_is_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
