/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/commission.h"
#include "tests/unit/locker_bed.h"

#define WIRING 0x11

/* A new cabinet in which nothing was proved, and a member of staff in the menu. */
static int setup(void **state)
{
    struct bed *b = bed_ready();
    b->l->cabinet.waived = false;
    memset(b->l->cabinet.wiring, WIRING, sizeof b->l->cabinet.wiring);
    bed_login(b);
    *state = b;
    return 0;
}

static void choose(struct bed *b, uint16_t door)
{
    bed_wait(b, 2000);
    bed_scan(b, bed_label(b, door));
}

/* Chosen, pulsed, open: the label of the door that stands open is wanted. */
static void open_door(struct bed *b, uint16_t door)
{
    choose(b, door);
    assert_int_equal(b->l->staff.state, STAFF_INSPECT);
    assert_int_equal(b->pulse_door, door);
    bed_opens(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_TEST_OPEN);
}

static void commission(struct bed *b, uint16_t door)
{
    open_door(b, door);
    bed_scan(b, bed_label(b, door));
    assert_int_equal(bed_screen(b), SCREEN_STAFF_INSPECT_OPEN);
    assert_false(commission_is_done(b->l, door));
    bed_sense(b, door, HW_DOOR_CLOSED);
    assert_true(commission_is_done(b->l, door));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_TESTED);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_INSPECT_ASK);
    bed_type(b, "1");
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_FREE);
}

static void a_door_that_was_never_proved_takes_no_bag(void **state)
{
    struct bed *b = *state;
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(b->l->staff.state, STAFF_MENU);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_UNTESTED);
    assert_string_equal(locker_screen(b->l)->door, "A1"); /* the one to test for it */
    assert_int_equal(b->seen[RECORD_PULSED], 0);
}

static void a_proved_door_takes_a_bag_and_only_it(void **state)
{
    struct bed *b = *state;
    commission(b, 2);
    assert_int_equal(b->seen[RECORD_COMMISSIONED], 1);
    assert_int_equal(b->last[RECORD_COMMISSIONED].door, 2);
    assert_int_equal(b->last[RECORD_COMMISSIONED].pulse, b->pulse);
    assert_int_equal(b->last[RECORD_COMMISSIONED].actor.kind, RECORD_ACTOR_STAFF);
    assert_int_equal(bed_load_token(b, bed_voucher(b, 1, 1), 1), 2);
    bed_scan(b, bed_voucher(b, 2, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_UNTESTED);
}

static void what_does_not_suit_anyway_is_not_blamed_on_commissioning(void **state)
{
    struct bed *b = *state;
    struct token t = bed_voucher(b, 1, 1);
    for (uint16_t i = 0; i < BED_DOORS; i++)
        b->l->compartment[i].state = COMPARTMENT_CHECK;
    bed_scan(b, t);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NO_DOOR);
}

static void a_waived_locker_asks_for_nothing(void **state)
{
    struct bed *b = *state;
    b->l->cabinet.waived = true;
    choose(b, 0);
    bed_opens(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_INSPECT_OPEN);
    bed_sense(b, 0, HW_DOOR_CLOSED);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
    bed_type(b, "1");
    assert_false(commission_is_done(b->l, 0));
    assert_int_equal(bed_load_token(b, bed_voucher(b, 1, 1), 1), 0);
}

static void the_label_of_another_door_is_a_wiring_fault(void **state)
{
    struct bed *b = *state;
    commission(b, 3);
    (void)bed_load_token(b, bed_voucher(b, 1, 1), 1);
    assert_int_equal(b->l->compartment[3].state, COMPARTMENT_LOADED);
    open_door(b, 2);
    bed_scan(b, bed_label(b, 3));
    assert_int_equal(b->l->staff.state, STAFF_MENU);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_WRONG_DOOR);
    assert_int_equal(b->seen[RECORD_MISMATCH], 1);
    assert_int_equal(b->last[RECORD_MISMATCH].door, 2);
    assert_int_equal(b->last[RECORD_MISMATCH].u.mismatch.moved, 3);
    assert_false(commission_is_done(b->l, 3)); /* it cannot be right either */
    assert_int_equal(b->l->compartment[2].state, COMPARTMENT_CHECK);
    assert_int_equal(b->l->compartment[3].state, COMPARTMENT_CHECK);
    bed_sense(b, 2, HW_DOOR_CLOSED);
    assert_false(commission_is_done(b->l, 2));
}

static void a_label_that_does_not_exist_proves_nothing(void **state)
{
    struct bed *b = *state;
    open_door(b, 2);
    struct token t = bed_label(b, 2);
    t.u.door.door = 99;
    bed_scan(b, t);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_UNKNOWN_DOOR);
    memset(t.u.door.locker, 1, sizeof t.u.door.locker);
    t.u.door.door = b->cabinet.door[2].number;
    bed_scan(b, t);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_WRONG_LOCKER);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_TEST_OPEN);
    bed_sense(b, 2, HW_DOOR_CLOSED);
    assert_false(commission_is_done(b->l, 2));
}

static void closing_before_the_label_was_scanned_proves_nothing(void **state)
{
    struct bed *b = *state;
    open_door(b, 2);
    bed_sense(b, 2, HW_DOOR_CLOSED);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NOT_TESTED);
    bed_scan(b, bed_label(b, 2));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_FINISH_FIRST);
    bed_type(b, "1");
    assert_false(commission_is_done(b->l, 2));
    commission(b, 2); /* and again */
}

static void a_door_that_opened_by_hand_proves_nothing(void **state)
{
    struct bed *b = *state;
    bed_sense(b, 2, HW_DOOR_OPEN);
    choose(b, 2);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_INSPECT_OPEN);
    bed_sense(b, 2, HW_DOOR_CLOSED);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NOT_TESTED);
    bed_type(b, "1");
    assert_false(commission_is_done(b->l, 2));
    choose(b, 2);
    bed_complete(b, HW_DONE);
    bed_wait(b, 2500);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_JAM);
    bed_sense(b, 2, HW_DOOR_OPEN); /* with a key, right after the pulse */
    assert_int_equal(bed_screen(b), SCREEN_STAFF_INSPECT_OPEN);
    bed_scan(b, bed_label(b, 2));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_FINISH_FIRST);
    bed_sense(b, 2, HW_DOOR_CLOSED);
    assert_false(commission_is_done(b->l, 2));
}

static void a_jammed_door_is_proved_by_a_later_pulse(void **state)
{
    struct bed *b = *state;
    choose(b, 2);
    bed_complete(b, HW_DONE);
    bed_wait(b, 3000);
    bed_key(b, EVENT_KEY_OK);
    bed_opens(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_TEST_OPEN);
    bed_scan(b, bed_label(b, 2));
    bed_sense(b, 2, HW_DOOR_CLOSED);
    assert_true(commission_is_done(b->l, 2));
}

static void no_other_door_may_stand_open_meanwhile(void **state)
{
    struct bed *b = *state;
    bed_sense(b, 4, HW_DOOR_OPEN);
    choose(b, 2);
    assert_int_equal(b->l->staff.state, STAFF_MENU);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_CLOSE_DOORS);
    assert_string_equal(locker_screen(b->l)->door, "B1");
    bed_sense(b, 4, HW_DOOR_CLOSED);
    bed_board(b, 1, HW_BOARD_LOST, 0);
    choose(b, 2);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_BOARD);
    assert_string_equal(locker_screen(b->l)->door, "B1");
    bed_board(b, 1, HW_BOARD_OK, 0);
    commission(b, 2);
}

static void another_contact_that_moves_ends_it(void **state)
{
    struct bed *b = *state;
    choose(b, 2);
    bed_sense(b, 1, HW_DOOR_OPEN);
    bed_board(b, 0, HW_BOARD_STOPPED, 1);
    assert_int_equal(b->l->staff.state, STAFF_MENU);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_WRONG_DOOR);
    assert_false(commission_is_done(b->l, 2));
}

/* Two locks on one relay: the right door opens, and another one a little later. */
static void another_contact_that_moves_later_ends_it_too(void **state)
{
    struct bed *b = *state;
    commission(b, 1);
    open_door(b, 2);
    bed_scan(b, bed_label(b, 2));
    bed_sense(b, 1, HW_DOOR_OPEN);
    bed_board(b, 0, HW_BOARD_STOPPED, 1);
    assert_int_equal(b->l->staff.state, STAFF_MENU);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_WRONG_DOOR);
    bed_sense(b, 2, HW_DOOR_CLOSED);
    bed_sense(b, 1, HW_DOOR_CLOSED);
    assert_false(commission_is_done(b->l, 2));
    assert_false(commission_is_done(b->l, 1));
}

static void another_contact_that_moves_while_a_bag_is_put_in_ends_the_loading(void **state)
{
    struct bed *b = *state;
    commission(b, 0);
    bed_wait(b, 2000);
    bed_scan(b, bed_voucher(b, 1, 1));
    bed_opens(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_LOAD_OPEN);
    bed_board(b, 0, HW_BOARD_STOPPED, 1);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_WRONG_DOOR);
    assert_int_equal(b->l->compartment[0].state, COMPARTMENT_CHECK);
    assert_false(commission_is_done(b->l, 0));
}

static void a_wiring_fault_in_service_asks_for_proof_again(void **state)
{
    struct bed *b = *state;
    commission(b, 0);
    commission(b, 1);
    uint16_t door = bed_load_token(b, bed_voucher(b, 1, 1), 1);
    assert_true(door < 2);
    bed_logout(b);
    bed_wait(b, 2000);
    bed_enter_code(b, 1);
    bed_sense(b, (uint16_t)(1 - door), HW_DOOR_OPEN);
    bed_board(b, 0, HW_BOARD_STOPPED, (uint16_t)(1 - door));
    assert_false(commission_is_done(b->l, 0));
    assert_false(commission_is_done(b->l, 1));
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_CHECK); /* its code opens nothing meanwhile */
    assert_int_equal(bed_order(b, 1)->state, ORDER_UNCONFIRMED);
}

static void a_stuck_relay_alone_does_not(void **state)
{
    struct bed *b = *state;
    commission(b, 0);
    bed_board(b, 0, HW_BOARD_STOPPED, 0);
    assert_true(commission_is_done(b->l, 0));
    bed_board(b, 0, HW_BOARD_OK, 0);
    bed_wait(b, 2000);
    bed_scan(b, bed_voucher(b, 1, 1));
    bed_opens(b);
    bed_board(b, 0, HW_BOARD_STOPPED, 0);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_LOAD_OPEN); /* it is the right door */
}

static void a_stuck_relay_says_nothing_of_the_door_that_was_pulsed_last(void **state)
{
    struct bed *b = *state;
    commission(b, 1);
    commission(b, 0);
    assert_int_equal(bed_load_token(b, bed_voucher(b, 1, 1), 1), 0);
    bed_wait(b, OPENING_WATCH_MS + 1000);
    bed_board(b, 0, HW_BOARD_STOPPED, 1);
    assert_int_equal(b->last[RECORD_MISMATCH].door, 1);
    assert_int_equal(b->last[RECORD_MISMATCH].u.mismatch.moved, 1);
    assert_true(commission_is_done(b->l, 0));
    assert_true(commission_is_done(b->l, 1));
    assert_int_equal(b->l->compartment[0].state, COMPARTMENT_LOADED);
}

static void a_bag_stays_only_behind_a_door_that_was_proved(void **state)
{
    struct bed *b = *state;
    commission(b, 3);
    assert_int_equal(bed_load_token(b, bed_voucher(b, 1, 1), 1), 3);
    open_door(b, 2);
    bed_scan(b, bed_label(b, 3)); /* of the wrong door, by mistake */
    bed_sense(b, 2, HW_DOOR_CLOSED);
    open_door(b, 3);
    bed_sense(b, 3, HW_DOOR_CLOSED);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NOT_TESTED);
    assert_int_equal(b->l->compartment[3].state, COMPARTMENT_CHECK);
    open_door(b, 3);
    bed_scan(b, bed_label(b, 3));
    bed_sense(b, 3, HW_DOOR_CLOSED);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_KEPT);
    assert_int_equal(b->l->compartment[3].state, COMPARTMENT_LOADED);
}

static void other_wiring_is_another_door(void **state)
{
    struct bed *b = *state;
    commission(b, 2);
    b->l->cabinet.wiring[2][5] ^= 1;
    assert_false(commission_is_done(b->l, 2));
    assert_true(commission_is_needed(b->l, 2));
    b->l->cabinet.waived = true;
    assert_false(commission_is_needed(b->l, 2));
}

/* The configuration was changed while a bag lay behind the door: its code would open another one. */
static void a_bag_behind_other_wiring_waits_for_people(void **state)
{
    struct bed *b = *state;
    commission(b, 2);
    assert_int_equal(bed_load_token(b, bed_voucher(b, 1, 1), 1), 2);
    commission(b, 3);
    b->cabinet = b->l->cabinet;
    bed_reboot(b, 1000);
    bed_start(b);
    assert_int_equal(b->l->compartment[2].state, COMPARTMENT_LOADED);
    b->cabinet.wiring[2][5] ^= 1;
    b->cabinet.wiring[3][5] ^= 1;
    bed_reboot(b, 1000);
    bed_start(b);
    assert_int_equal(b->l->compartment[2].state, COMPARTMENT_CHECK);
    assert_int_equal(b->last[RECORD_COMPARTMENT_CHANGED].u.changed.cause, COMPARTMENT_DISAGREE);
    assert_int_equal(b->l->compartment[3].state, COMPARTMENT_FREE); /* takes no bag, and that is enough */
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_ASK);
}

static void it_is_kept_over_a_restart_but_not_half_done(void **state)
{
    struct bed *b = *state;
    commission(b, 2);
    open_door(b, 3);
    bed_scan(b, bed_label(b, 3));
    b->cabinet = b->l->cabinet;
    bed_reboot(b, 1000);
    b->physical[3] = HW_DOOR_CLOSED;
    bed_start(b);
    assert_true(commission_is_done(b->l, 2));
    assert_false(commission_is_done(b->l, 3));
    assert_int_equal(b->l->compartment[3].state, COMPARTMENT_CHECK);
}

static void the_session_that_ends_in_between_proves_nothing(void **state)
{
    struct bed *b = *state;
    open_door(b, 2);
    bed_scan(b, bed_label(b, 2));
    bed_wait(b, STAFF_IDLE_MS + 1000);
    assert_int_equal(b->l->staff.state, STAFF_IDLE);
    bed_sense(b, 2, HW_DOOR_CLOSED);
    assert_false(commission_is_done(b->l, 2));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, bed_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_door_that_was_never_proved_takes_no_bag),
        T(a_proved_door_takes_a_bag_and_only_it),
        T(what_does_not_suit_anyway_is_not_blamed_on_commissioning),
        T(a_waived_locker_asks_for_nothing),
        T(the_label_of_another_door_is_a_wiring_fault),
        T(a_label_that_does_not_exist_proves_nothing),
        T(closing_before_the_label_was_scanned_proves_nothing),
        T(a_door_that_opened_by_hand_proves_nothing),
        T(a_jammed_door_is_proved_by_a_later_pulse),
        T(no_other_door_may_stand_open_meanwhile),
        T(another_contact_that_moves_ends_it),
        T(another_contact_that_moves_later_ends_it_too),
        T(another_contact_that_moves_while_a_bag_is_put_in_ends_the_loading),
        T(a_wiring_fault_in_service_asks_for_proof_again),
        T(a_stuck_relay_alone_does_not),
        T(a_stuck_relay_says_nothing_of_the_door_that_was_pulsed_last),
        T(a_bag_stays_only_behind_a_door_that_was_proved),
        T(a_bag_behind_other_wiring_waits_for_people),
        T(other_wiring_is_another_door),
        T(it_is_kept_over_a_restart_but_not_half_done),
        T(the_session_that_ends_in_between_proves_nothing),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
