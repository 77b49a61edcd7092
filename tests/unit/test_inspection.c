/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/locker_bed.h"

static void looks_into(struct bed *b, uint16_t door)
{
    bed_wait(b, 2000);
    bed_scan(b, bed_label(b, door));
    assert_int_equal(b->l->staff.state, STAFF_INSPECT);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_CHECK);
    bed_opens(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_INSPECT_OPEN);
}

static void inspection_frees_an_empty_door(void **state)
{
    struct bed *b = *state;
    bed_sense(b, 2, HW_DOOR_OPEN);
    assert_int_equal(b->l->compartment[2].state, COMPARTMENT_FORCED);
    bed_sense(b, 2, HW_DOOR_CLOSED);
    assert_int_equal(b->l->compartment[2].state, COMPARTMENT_FORCED);
    bed_login(b);
    looks_into(b, 2);
    bed_scan(b, bed_label(b, 2));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_FINISH_FIRST);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_FINISH_FIRST);
    bed_sense(b, 2, HW_DOOR_CLOSED);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_INSPECT_ASK);
    bed_type(b, "2");
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_INSPECT_ASK);
    bed_type(b, "1");
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_FREED);
    assert_int_equal(b->l->compartment[2].state, COMPARTMENT_FREE);
}

static void number_and_ok_select_a_door_too(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_MENU);
    bed_type(b, "99");
    assert_string_equal(locker_screen(b->l)->digits, "99");
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_UNKNOWN_DOOR);
    bed_type(b, "0");
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_UNKNOWN_DOOR);
    bed_type(b, "1");
    bed_key(b, EVENT_KEY_CLEAR);
    bed_type(b, "5");
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(b->pulse_door, 4);
    assert_int_equal(b->l->compartment[4].state, COMPARTMENT_CHECK);
}

static void ready_bag_is_not_for_looking_but_an_expired_one_is(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    struct token t = bed_voucher(b, 1, 1);
    t.u.voucher.not_after_s = BED_NOW_MS / 1000 + 3600;
    uint16_t door = bed_load_token(b, t, 1);
    bed_scan(b, bed_label(b, door));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NOT_FOR_LOOK);
    assert_int_equal(b->seen[RECORD_PULSED], 1);
    bed_logout(b);
    bed_wait(b, 3700 * 1000);
    bed_login(b);
    looks_into(b, door);
    bed_take_bag(b, door);
    bed_sense(b, door, HW_DOOR_CLOSED);
    bed_type(b, "1");
    assert_int_equal(b->seen[RECORD_REMOVED], 1);
    assert_int_equal(bed_order(b, 1)->state, ORDER_VOID);
    bed_withdraw(b, 1, 1, true);
    assert_int_equal(b->last[RECORD_REFUSED].u.late, RECORD_LATE_REMOVED);
    bed_scan(b, t);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_EXPIRED);
}

static void withdrawn_bag_goes_back(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_withdraw(b, 1, 1, false);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_LOADED);
    bed_login(b);
    looks_into(b, door);
    bed_sense(b, door, HW_DOOR_CLOSED);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_TAKE_OUT);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_CHECK);
    looks_into(b, door);
    bed_take_bag(b, door);
    bed_sense(b, door, HW_DOOR_CLOSED);
    bed_type(b, "1");
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_FREE);
    assert_int_equal(b->seen[RECORD_REMOVED], 1);
    bed_withdraw(b, 1, 1, false); /* asked again: the same answer */
    assert_int_equal(b->seen[RECORD_VOIDED], 2);
}

static void bag_seen_in_a_forced_door_may_stay(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_sense(b, door, HW_DOOR_OPEN);
    assert_int_equal(b->seen[RECORD_FORCED], 1);
    assert_true(b->last[RECORD_FORCED].order.present);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_ASK);
    bed_login(b);
    bed_scan(b, bed_label(b, door)); /* it stands open: no pulse */
    assert_int_equal(bed_screen(b), SCREEN_STAFF_INSPECT_OPEN);
    assert_int_equal(b->seen[RECORD_PULSED], 1);
    bed_sense(b, door, HW_DOOR_CLOSED);
    bed_scan(b, bed_voucher(b, 2, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_CHECK);
    looks_into(b, door);
    bed_sense(b, door, HW_DOOR_CLOSED);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_KEPT);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_LOADED);
    bed_logout(b);
    bed_wait(b, 2000);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void inspection_left_open_ended_stays_check(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    looks_into(b, 1);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_CHECK);
    assert_int_equal(b->l->compartment[1].state, COMPARTMENT_CHECK);
    bed_sense(b, 1, HW_DOOR_CLOSED);
    assert_int_equal(b->last[RECORD_CLOSED].door, 1);
    looks_into(b, 1);
    bed_sense(b, 1, HW_DOOR_CLOSED);
    bed_wait(b, STAFF_IDLE_MS);
    assert_int_equal(b->l->compartment[1].state, COMPARTMENT_CHECK);
}

static void inspection_of_a_door_that_stays_shut_ends(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_scan(b, bed_label(b, 1));
    bed_key(b, EVENT_KEY_OK);
    for (unsigned i = 1; i <= 3; i++) {
        bed_jams(b);
        bed_key(b, EVENT_KEY_OK);
    }
    assert_int_equal(b->seen[RECORD_PULSED], 3);
    assert_int_equal(b->seen[RECORD_JAMMED], 3);
    assert_int_equal(b->l->staff.state, STAFF_MENU);
    assert_int_equal(b->l->compartment[1].state, COMPARTMENT_CHECK);
}

static void inspection_needs_a_door_that_can_be_read(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_sense(b, 1, HW_DOOR_UNKNOWN);
    bed_scan(b, bed_label(b, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_BOARD);
    bed_input(b, HW_INPUT_BATTERY, true, true);
    bed_scan(b, bed_label(b, 2));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_SUPPLY);
    bed_input(b, HW_INPUT_BATTERY, false, false);
    bed_scan(b, bed_label(b, 2));
    assert_int_equal(b->l->staff.state, STAFF_INSPECT);
    bed_complete(b, HW_FAILED);
    bed_wait(b, 2100);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_JAM);
}

static void inspection_is_allowed_while_another_door_stands_open(void **state)
{
    struct bed *b = *state;
    bed_sense(b, 5, HW_DOOR_OPEN);
    bed_login(b);
    looks_into(b, 1);
    bed_sense(b, 1, HW_DOOR_CLOSED);
    bed_type(b, "1");
    assert_int_equal(b->l->compartment[1].state, COMPARTMENT_FREE);
}

static void answer_needs_the_door_closed(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_scan(b, bed_label(b, 1));
    bed_complete(b, HW_DONE);
    bed_sense(b, 1, HW_DOOR_OPEN);
    bed_sense(b, 1, HW_DOOR_CLOSED);
    bed_sense(b, 1, HW_DOOR_OPEN); /* within five seconds of the pulse: still his doing */
    assert_int_equal(b->seen[RECORD_OPENED], 2);
    bed_type(b, "1");
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_CLOSE_DOORS);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_CLOSE_DOORS);
    assert_int_equal(b->l->compartment[1].state, COMPARTMENT_CHECK);
    bed_sense(b, 1, HW_DOOR_CLOSED);
    bed_type(b, "1");
    assert_int_equal(b->l->compartment[1].state, COMPARTMENT_FREE);
}

static void stopped_board_is_released_by_staff_at_the_door(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_complete(b, HW_FAILED);
    bed_sense(b, 3, HW_DOOR_OPEN);
    bed_board(b, 0, HW_BOARD_STOPPED, 3);
    assert_int_equal(b->seen[RECORD_MISMATCH], 1);
    assert_int_equal(b->last[RECORD_MISMATCH].u.mismatch.moved, 3);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    assert_int_equal(b->l->compartment[0].state, COMPARTMENT_LOADED);
    assert_int_equal(bed_order(b, 1)->state, ORDER_UNCONFIRMED);
    assert_int_equal(b->l->compartment[3].state, COMPARTMENT_FORCED);
    bed_sense(b, 3, HW_DOOR_CLOSED);
    bed_wait(b, 2000);
    bed_login(b);
    bed_scan(b, bed_label(b, 3));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_RELEASED);
    assert_int_equal(b->releases, 1);
    assert_int_equal(b->seen[RECORD_PULSED], 2);
    bed_board(b, 0, HW_BOARD_OK, 0);
    looks_into(b, 3);
}

static void wrong_door_while_loading_or_inspecting_ends_it(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    bed_board(b, 0, HW_BOARD_STOPPED, 3);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_WRONG_DOOR);
    assert_int_equal(b->l->compartment[0].state, COMPARTMENT_CHECK);
    bed_board(b, 0, HW_BOARD_OK, 0);
    bed_complete(b, HW_DONE);
    bed_wait(b, 2000);
    bed_scan(b, bed_label(b, 4));
    bed_board(b, 1, HW_BOARD_STOPPED, 5);
    assert_int_equal(b->l->staff.state, STAFF_MENU);
    assert_int_equal(b->l->compartment[4].state, COMPARTMENT_CHECK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(inspection_frees_an_empty_door),
        BED_TEST(number_and_ok_select_a_door_too),
        BED_TEST(ready_bag_is_not_for_looking_but_an_expired_one_is),
        BED_TEST(withdrawn_bag_goes_back),
        BED_TEST(bag_seen_in_a_forced_door_may_stay),
        BED_TEST(inspection_left_open_ended_stays_check),
        BED_TEST(inspection_of_a_door_that_stays_shut_ends),
        BED_TEST(inspection_needs_a_door_that_can_be_read),
        BED_TEST(inspection_is_allowed_while_another_door_stands_open),
        BED_TEST(answer_needs_the_door_closed),
        BED_TEST(stopped_board_is_released_by_staff_at_the_door),
        BED_TEST(wrong_door_while_loading_or_inspecting_ends_it),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
