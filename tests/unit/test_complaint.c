/* SPDX-License-Identifier: Apache-2.0 */
/* Something is wrong with what lies behind the door. */
#include "controller/cabinet_events.h"
#include "tests/unit/locker_bed.h"

static uint16_t stand_before_open_door(struct bed *b)
{
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_opens(b);
    return door;
}

static void an_empty_compartment_is_told_and_set_aside_at_once(void **state)
{
    struct bed *b = *state;
    uint16_t door = stand_before_open_door(b);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_screen(b), SCREEN_REPORT);
    assert_string_equal(locker_screen(b->l)->door, "A1");
    assert_int_not_equal(locker_screen(b->l)->reference, 0);
    bed_key(b, EVENT_KEY_1);
    assert_int_equal(b->seen[RECORD_REPORTED], 1);
    assert_int_equal(b->last[RECORD_REPORTED].u.report, RECORD_REPORT_EMPTY);
    assert_int_equal(b->last[RECORD_REPORTED].door, door);
    assert_int_equal(b->last[RECORD_REPORTED].order.load, 1);
    assert_int_equal(bed_screen(b), SCREEN_CLOSE); /* it must be closed first, and a wrong bag stays */
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_TOLD);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_CHECK);
    assert_true(b->fx->compartment[door]);
    assert_true(b->fx->orders);
    assert_int_equal(bed_order(b, 1)->state, ORDER_UNCONFIRMED);
    bed_sense(b, door, HW_DOOR_CLOSED);
    assert_int_equal(bed_screen(b), SCREEN_REPORTED);
    assert_int_equal(locker_screen(b->l)->reference, b->pulse);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_CHECK);
    assert_int_equal(b->seen[RECORD_CLOSED], 2); /* loading, collecting */
    assert_int_equal(b->last[RECORD_COMPARTMENT_CHANGED].u.changed.cause, COMPARTMENT_REPORT);
    assert_int_equal(bed_order(b, 1)->state, ORDER_UNCONFIRMED);
    assert_int_equal(b->seen[RECORD_COLLECTED], 0);
    assert_int_equal(b->seen[RECORD_UNCONFIRMED], 1);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_START);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_ASK);
}

static void a_wrong_bag_is_told_after_closing_too(void **state)
{
    struct bed *b = *state;
    uint16_t door = stand_before_open_door(b);
    bed_take_and_close(b, door);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_screen(b), SCREEN_REPORT);
    bed_key(b, EVENT_KEY_2);
    assert_int_equal(b->last[RECORD_REPORTED].u.report, RECORD_REPORT_WRONG);
    assert_int_equal(b->last[RECORD_REPORTED].door, door);
    assert_int_equal(bed_screen(b), SCREEN_REPORTED);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_CHECK);
    assert_int_equal(bed_order(b, 1)->state, ORDER_DONE);
    bed_wait(b, PICKUP_MESSAGE_MS);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void all_is_well_changes_nothing(void **state)
{
    struct bed *b = *state;
    static const enum event_key back[] = {EVENT_KEY_OK, EVENT_KEY_CLEAR};
    uint16_t door = stand_before_open_door(b);
    for (unsigned i = 0; i < 2; i++) {
        bed_key(b, EVENT_KEY_HELP);
        bed_key(b, EVENT_KEY_HELP); /* there is no more help before an open door */
        bed_type(b, "0459");
        bed_key(b, EVENT_KEY_SHOW);
        assert_int_equal(bed_screen(b), SCREEN_REPORT);
        bed_key(b, back[i]);
        assert_int_equal(bed_screen(b), SCREEN_OPEN);
    }
    bed_take_and_close(b, door);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
    assert_int_equal(b->seen[RECORD_REPORTED], 0);
    assert_int_equal(bed_order(b, 1)->state, ORDER_DONE);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_TAKEN);
}

static void the_question_goes_by_itself(void **state)
{
    struct bed *b = *state;
    uint16_t door = stand_before_open_door(b);
    bed_key(b, EVENT_KEY_HELP);
    bed_wait(b, 10000);
    bed_key(b, EVENT_KEY_REPEAT);
    bed_wait(b, PICKUP_IDLE_MS - 1000);
    assert_int_equal(bed_screen(b), SCREEN_REPORT);
    assert_true(locker_screen(b->l)->more);
    bed_key(b, EVENT_KEY_OK); /* more time, before it means that all is well */
    assert_int_equal(bed_screen(b), SCREEN_REPORT);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_EXTENDED);
    bed_wait(b, PICKUP_IDLE_MS);
    assert_int_equal(bed_screen(b), SCREEN_CLOSE);
    bed_key(b, EVENT_KEY_HELP);
    bed_take_and_close(b, door); /* while it is asked: the bag was taken */
    assert_int_equal(bed_screen(b), SCREEN_DONE);
}

static void one_bag_is_told_of_once(void **state)
{
    struct bed *b = *state;
    uint16_t door = stand_before_open_door(b);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_3);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_screen(b), SCREEN_REPORTED); /* whom to call, while the door is open */
    bed_key(b, EVENT_KEY_1);
    assert_int_equal(bed_screen(b), SCREEN_REPORTED);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_CLOSE);
    bed_take_and_close(b, door);
    assert_int_equal(b->seen[RECORD_REPORTED], 1);
    assert_int_equal(b->last[RECORD_REPORTED].u.report, RECORD_REPORT_OTHER);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
}

static void help_on_the_question_after_closing_shows_whom_to_call(void **state)
{
    struct bed *b = *state;
    uint16_t door = stand_before_open_door(b);
    bed_take_and_close(b, door);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    assert_int_equal(locker_screen(b->l)->reference, b->pulse);
}

static void the_next_bag_is_offered_after_a_report(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    for (unsigned n = 1; n <= 3; n++)
        (void)bed_load_token(b, bed_voucher_of(b, n, 9), n);
    bed_logout(b);
    bed_wait(b, 2000);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_2);
    bed_take_and_close(b, b->pulse_door);
    assert_int_equal(bed_screen(b), SCREEN_REPORTED);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    bed_key(b, EVENT_KEY_OK);
    bed_opens(b);
    bed_take_and_close(b, b->pulse_door);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    bed_key(b, EVENT_KEY_HELP); /* about the bag in hand, not the one offered */
    bed_key(b, EVENT_KEY_2);
    assert_string_equal(b->cabinet.door[b->last[RECORD_REPORTED].door].name, "A2");
    assert_int_equal(b->last[RECORD_REPORTED].order.id[15], 2);
    assert_int_equal(b->l->compartment[1].state, COMPARTMENT_CHECK);
    assert_int_equal(b->l->compartment[2].state, COMPARTMENT_LOADED);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_screen(b), SCREEN_HELP); /* that one was told of already */
}

static void a_withdrawal_during_a_reported_pickup_is_answered(void **state)
{
    struct bed *b = *state;
    uint16_t door = stand_before_open_door(b);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_1);
    bed_withdraw(b, 1, 1, false);
    assert_int_equal(b->seen[RECORD_VOIDED], 1);
    bed_take_and_close(b, door);
    assert_int_equal(b->seen[RECORD_VOIDED], 1);
    assert_int_equal(bed_screen(b), SCREEN_REPORTED);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_CHECK);
}

static void a_withdrawal_that_waits_is_answered_with_the_report(void **state)
{
    struct bed *b = *state;
    uint16_t door = stand_before_open_door(b);
    bed_withdraw(b, 1, 1, false);
    assert_int_equal(b->seen[RECORD_VOIDED], 0);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_1);
    assert_int_equal(b->seen[RECORD_VOIDED], 1);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_CHECK);
    bed_take_and_close(b, door);
    assert_int_equal(b->seen[RECORD_COLLECTED], 0);
}

static void staff_takes_over_a_reported_door_that_stays_open(void **state)
{
    struct bed *b = *state;
    uint16_t door = stand_before_open_door(b);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_1);
    bed_wait(b, OPENING_LEFT_OPEN_MS + 1000);
    bed_login(b);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_CHECK);
    assert_int_equal(b->seen[RECORD_UNCONFIRMED], 1);
}

static void a_door_forced_before_the_report_stays_forced(void **state)
{
    struct bed *b = *state;
    uint16_t door = stand_before_open_door(b);
    bed_take_and_close(b, door);
    bed_wait(b, CABINET_PULSE_OPENS_MS + 1000);
    bed_sense(b, door, HW_DOOR_OPEN);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_FORCED);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_3);
    assert_int_equal(b->seen[RECORD_REPORTED], 1);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_FORCED);
}

/* What is durable once the report was answered, and what it says after a power cut; the contact as it is then. */
static void assert_cut(struct bed *b, enum hw_door_state contact)
{
    uint16_t door = stand_before_open_door(b);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_1);
    b->pulse = b->acked_pulse = b->l->pulse_serial;
    b->physical[door] = contact;
    bed_reboot(b, 1000);
    bed_start(b);
    bed_wait(b, 5000);
    bed_sense(b, door, HW_DOOR_CLOSED);
    assert_int_equal(bed_order(b, 1)->state, ORDER_UNCONFIRMED);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_CHECK);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_ASK);
}

static void a_power_cut_after_the_report_leaves_it_set_aside(void **state)
{
    assert_cut(*state, HW_DOOR_CLOSED);
}

static void a_power_cut_before_the_reported_door_is_closed_leaves_it_set_aside(void **state)
{
    assert_cut(*state, HW_DOOR_OPEN);
}

static void a_board_that_falls_silent_ends_a_reported_visit(void **state)
{
    struct bed *b = *state;
    uint16_t door = stand_before_open_door(b);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_1);
    bed_board(b, 0, HW_BOARD_LOST, 0);
    bed_wait(b, LOCKER_BOARD_LOST_MS + 1000);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_OUT);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    assert_int_equal(b->seen[RECORD_UNCONFIRMED], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(an_empty_compartment_is_told_and_set_aside_at_once),
        BED_TEST(a_wrong_bag_is_told_after_closing_too),
        BED_TEST(all_is_well_changes_nothing),
        BED_TEST(the_question_goes_by_itself),
        BED_TEST(one_bag_is_told_of_once),
        BED_TEST(help_on_the_question_after_closing_shows_whom_to_call),
        BED_TEST(the_next_bag_is_offered_after_a_report),
        BED_TEST(a_withdrawal_during_a_reported_pickup_is_answered),
        BED_TEST(a_withdrawal_that_waits_is_answered_with_the_report),
        BED_TEST(staff_takes_over_a_reported_door_that_stays_open),
        BED_TEST(a_door_forced_before_the_report_stays_forced),
        BED_TEST(a_power_cut_after_the_report_leaves_it_set_aside),
        BED_TEST(a_power_cut_before_the_reported_door_is_closed_leaves_it_set_aside),
        BED_TEST(a_board_that_falls_silent_ends_a_reported_visit),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
