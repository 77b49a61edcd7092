/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hw/pulse.h"

#define MS 1000
#define LENGTH_US (500 * MS)
#define READ_US (25 * MS)

/* A relay and its line, as far as a pulse sees them. */
struct relay {
    struct pulse pulse;
    int64_t now_us;
    int64_t off_us; /* energised until then */
    bool welded, dead;
    bool deaf; /* reads and off frames are not answered */
    unsigned sent, reads, offs;
};

static bool is_on(const struct relay *r)
{
    return r->welded || (!r->dead && r->now_us < r->off_us);
}

static void begin(struct relay *r, bool by_board)
{
    *r = (struct relay){.now_us = 1000 * MS};
    pulse_begin(&r->pulse, by_board, LENGTH_US);
}

/* Goes on until the pulse is over; what: how sending ends. */
static enum pulse_end finish(struct relay *r, enum pulse_sent what, int64_t lasts_us)
{
    for (unsigned i = 0; i < 1000; i++) {
        int64_t until_us = 0;
        switch (pulse_next(&r->pulse, r->now_us, &until_us)) {
        case PULSE_SEND:
            r->sent++;
            r->off_us = r->now_us + lasts_us;
            pulse_was_sent(&r->pulse, what, r->now_us);
            break;
        case PULSE_READ: {
            int64_t start_us = r->now_us;
            bool on = is_on(r);
            r->reads++;
            r->now_us += READ_US;
            pulse_was_read(&r->pulse, !r->deaf, on, start_us, r->now_us);
            break;
        }
        case PULSE_OFF:
            r->offs++;
            if (!r->deaf)
                r->off_us = 0;
            r->now_us += READ_US;
            pulse_was_switched_off(&r->pulse, !r->deaf, r->now_us);
            break;
        case PULSE_WAIT:
            assert_true(until_us > r->now_us);
            r->now_us = until_us;
            break;
        case PULSE_OVER:
            return r->pulse.end;
        }
    }
    fail_msg("the pulse never ends");
    return PULSE_FAILED;
}

static void pulse_timed_by_the_board_is_done_when_the_coil_is_off_again(void **state)
{
    struct relay r;
    (void)state;
    begin(&r, true);
    assert_int_equal(finish(&r, PULSE_ECHOED, LENGTH_US), PULSE_DONE);
    assert_true(r.now_us >= 1000 * MS + LENGTH_US && r.now_us <= 1000 * MS + LENGTH_US + 200 * MS);
    assert_int_equal(r.sent, 1);
    assert_int_equal(r.offs, 0);
    assert_true(r.pulse.seen_on);
    assert_false(r.pulse.stuck);
}

static void coil_that_is_never_energised_is_a_failure(void **state)
{
    struct relay r;
    (void)state;
    begin(&r, true);
    r.dead = true;
    assert_int_equal(finish(&r, PULSE_ECHOED, LENGTH_US), PULSE_FAILED);
}

static void pulse_without_an_echo_is_a_failure_and_still_read_back(void **state)
{
    struct relay r;
    (void)state;
    begin(&r, true);
    assert_int_equal(finish(&r, PULSE_UNSURE, LENGTH_US), PULSE_FAILED);
    assert_true(r.reads > 0);
    assert_true(r.now_us >= 1000 * MS + LENGTH_US); /* no other lock before this one is off */
    assert_int_equal(r.sent, 1);
}

static void refused_pulse_is_over_at_once(void **state)
{
    struct relay r;
    (void)state;
    begin(&r, true);
    assert_int_equal(finish(&r, PULSE_DENIED, 0), PULSE_REFUSED);
    assert_int_equal(r.reads, 0);
    assert_true(r.now_us == 1000 * MS);
}

static void coil_that_stays_on_is_switched_off(void **state)
{
    struct relay r;
    (void)state;
    begin(&r, true);
    assert_int_equal(finish(&r, PULSE_ECHOED, 3600000 * (int64_t)MS), PULSE_DONE);
    assert_int_equal(r.offs, 1);
    assert_true(r.now_us <= 1000 * MS + LENGTH_US + 600 * MS);
}

static void welded_relay_is_stuck(void **state)
{
    struct relay r;
    (void)state;
    begin(&r, true);
    r.welded = true;
    assert_int_equal(finish(&r, PULSE_ECHOED, LENGTH_US), PULSE_FAILED);
    assert_true(r.pulse.stuck);
    assert_int_equal(r.offs, PULSE_OFF_TRIES);
    assert_true(r.now_us <= 1000 * MS + LENGTH_US + PULSE_GIVE_UP_US + 200 * MS);
}

static void board_that_falls_silent_ends_in_failure_not_in_waiting(void **state)
{
    struct relay r;
    (void)state;
    begin(&r, true);
    r.deaf = true;
    assert_int_equal(finish(&r, PULSE_ECHOED, LENGTH_US), PULSE_FAILED);
    assert_true(r.now_us <= 1000 * MS + LENGTH_US + PULSE_GIVE_UP_US + 200 * MS);
}

static void coil_without_a_timer_is_switched_off_by_us_at_the_end(void **state)
{
    struct relay r;
    (void)state;
    begin(&r, false);
    assert_int_equal(finish(&r, PULSE_ECHOED, 3600000 * (int64_t)MS), PULSE_DONE);
    assert_int_equal(r.offs, 1);
    assert_true(r.now_us >= 1000 * MS + LENGTH_US && r.now_us <= 1000 * MS + LENGTH_US + 200 * MS);
}

static void off_frame_is_repeated_when_nobody_answers(void **state)
{
    struct relay r;
    (void)state;
    begin(&r, false);
    r.deaf = true;
    assert_int_equal(finish(&r, PULSE_ECHOED, LENGTH_US), PULSE_FAILED);
    assert_int_equal(r.offs, PULSE_OFF_TRIES);
}

static void coil_on_after_its_end_only_is_stuck_and_was_no_pulse(void **state)
{
    struct relay r;
    (void)state;
    begin(&r, true);
    pulse_was_sent(&r.pulse, PULSE_ECHOED, r.now_us);
    pulse_was_read(&r.pulse, true, true, r.now_us + 2 * LENGTH_US, r.now_us + 2 * LENGTH_US + READ_US);
    assert_true(r.pulse.stuck);
    assert_false(r.pulse.seen_on);
}

/* A board without a timer: off is believed once our off frame was answered, or could not be sent any more often. */
static void off_is_believed_after_our_off_frame_only(void **state)
{
    struct relay r;
    (void)state;
    begin(&r, false);
    pulse_was_sent(&r.pulse, PULSE_ECHOED, r.now_us);
    int64_t after_us = r.now_us + LENGTH_US + READ_US;
    pulse_was_read(&r.pulse, true, false, after_us, after_us + READ_US);
    assert_false(r.pulse.finally_off);
    for (unsigned i = 0; i < PULSE_OFF_TRIES; i++)
        pulse_was_switched_off(&r.pulse, false, after_us);
    pulse_was_read(&r.pulse, true, false, after_us, after_us + READ_US);
    assert_true(r.pulse.finally_off);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pulse_timed_by_the_board_is_done_when_the_coil_is_off_again),
        cmocka_unit_test(coil_that_is_never_energised_is_a_failure),
        cmocka_unit_test(pulse_without_an_echo_is_a_failure_and_still_read_back),
        cmocka_unit_test(refused_pulse_is_over_at_once),
        cmocka_unit_test(coil_that_stays_on_is_switched_off),
        cmocka_unit_test(welded_relay_is_stuck),
        cmocka_unit_test(board_that_falls_silent_ends_in_failure_not_in_waiting),
        cmocka_unit_test(coil_without_a_timer_is_switched_off_by_us_at_the_end),
        cmocka_unit_test(off_frame_is_repeated_when_nobody_answers),
        cmocka_unit_test(coil_on_after_its_end_only_is_stuck_and_was_no_pulse),
        cmocka_unit_test(off_is_believed_after_our_off_frame_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
