/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/locker_bed.h"

static void loading_makes_the_order_ready(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    uint16_t door = b->pulse_door;
    assert_int_equal(bed_screen(b), SCREEN_STAFF_LOAD_OPENING);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_LOADING);
    assert_int_equal(bed_order(b, 1)->state, ORDER_KNOWN);
    bed_opens(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_LOAD_OPEN);
    bed_put_bag(b, door, 1, 1);
    bed_sense(b, door, HW_DOOR_CLOSED);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_LOAD_LABEL);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_LOAD_LABEL);
    bed_scan(b, bed_label(b, door));
    assert_int_equal(bed_screen(b), SCREEN_STAFF_MENU);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_LOADED);
    assert_int_equal(bed_order(b, 1)->state, ORDER_READY);
    assert_int_equal(b->seen[RECORD_LOADED], 1);
    assert_int_equal(b->last[RECORD_LOADED].actor.staff[0], 7);
}

static void smallest_fitting_least_used_door_is_chosen(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    static const uint16_t small[] = {0, 1, 2, 3, 4};
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(bed_load_token(b, bed_voucher(b, i + 1, 1), i + 1), small[i]);
    /* No small door is left: the ordinary medium one, the low one stays for those who need it. */
    assert_int_equal(bed_load_token(b, bed_voucher(b, 5, 1), 5), 4);
    struct token low = bed_voucher(b, 6, 1);
    low.u.voucher.low_door = true;
    assert_int_equal(bed_load_token(b, low, 6), 5);
    struct token cold = bed_voucher(b, 7, 1);
    cold.u.voucher.zone = TOKEN_ZONE_COLD;
    assert_int_equal(bed_load_token(b, cold, 7), 6);
    struct token large = bed_voucher(b, 8, 1);
    large.u.voucher.size = TOKEN_SIZE_L;
    assert_int_equal(bed_load_token(b, large, 8), 7);
    bed_wait(b, 2000);
    bed_scan(b, bed_voucher(b, 9, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NO_DOOR);
    assert_null(bed_order(b, 9));
}

static void cold_bag_needs_a_cold_zone_that_works(void **state)
{
    struct bed *b = *state;
    struct token cold = bed_voucher(b, 7, 1);
    cold.u.voucher.zone = TOKEN_ZONE_COLD;
    bed_climate(b, HW_CLIMATE_OK, 9000);
    bed_login(b);
    bed_scan(b, cold);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NO_DOOR);
    bed_climate(b, HW_CLIMATE_OK, 5000);
    assert_int_equal(bed_load_token(b, cold, 7), 6);
}

static void wrong_label_is_refused_and_right_one_still_counts(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    bed_opens(b);
    bed_scan(b, bed_label(b, 0));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_FINISH_FIRST);
    bed_put_bag(b, 0, 1, 1);
    bed_sense(b, 0, HW_DOOR_CLOSED);
    bed_scan(b, bed_label(b, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_WRONG_LABEL);
    struct token foreign = bed_label(b, 0);
    foreign.u.door.locker[0] ^= 1;
    bed_scan(b, foreign);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_WRONG_LOCKER);
    assert_int_equal(bed_order(b, 1)->state, ORDER_KNOWN);
    bed_scan(b, bed_voucher(b, 2, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_FINISH_FIRST);
    bed_scan(b, bed_badge(b, 8, "246813"));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_FINISH_FIRST);
    bed_scan(b, bed_label(b, 0));
    assert_int_equal(bed_order(b, 1)->state, ORDER_READY);
}

static void label_counts_only_while_the_door_is_known_closed(void **state)
{
    struct bed *b = *state;
    bed_load_until_label(b);
    bed_sense(b, 0, HW_DOOR_UNKNOWN);
    bed_scan(b, bed_label(b, 0));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_BOARD);
    assert_int_equal(bed_order(b, 1)->state, ORDER_KNOWN);
    bed_sense(b, 0, HW_DOOR_CLOSED);
    bed_scan(b, bed_label(b, 0));
    assert_int_equal(bed_order(b, 1)->state, ORDER_READY);
}

static void not_empty_makes_check_and_the_bag_may_go_elsewhere(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    bed_opens(b);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_CHECK);
    assert_int_equal(b->l->compartment[0].state, COMPARTMENT_CHECK);
    assert_null(bed_order(b, 1));
    bed_wait(b, 2000);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_CLOSE_DOORS);
    assert_string_equal(locker_screen(b->l)->door, "A1");
    bed_sense(b, 0, HW_DOOR_CLOSED);
    assert_int_equal(bed_load_token(b, bed_voucher(b, 1, 1), 1), 1);
}

static void session_that_ends_while_loading_leaves_check(void **state)
{
    struct bed *b = *state;
    bed_load_until_label(b);
    bed_wait(b, STAFF_IDLE_MS);
    assert_int_equal(bed_screen(b), SCREEN_START);
    assert_int_equal(b->l->compartment[0].state, COMPARTMENT_CHECK);
    assert_null(bed_order(b, 1));
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
}

static void clear_twice_while_loading_leaves_check(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(b->l->staff.state, STAFF_LOAD);
    bed_type(b, "1"); /* anything else in between */
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(b->l->staff.state, STAFF_LOAD);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(b->l->staff.state, STAFF_IDLE);
    assert_int_equal(b->l->compartment[0].state, COMPARTMENT_CHECK);
}

static void jam_while_loading_is_tried_three_times(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    bed_key(b, EVENT_KEY_OK); /* nothing to retry yet */
    for (unsigned i = 1; i <= 3; i++) {
        bed_jams(b);
        assert_int_equal(b->seen[RECORD_JAMMED], i);
        if (i < 3) {
            assert_int_equal(bed_screen(b), SCREEN_STAFF_JAM);
            bed_key(b, EVENT_KEY_OK);
            assert_int_equal(b->seen[RECORD_PULSED], i + 1);
        }
    }
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_DID_NOT_OPEN);
    assert_int_equal(b->l->compartment[0].state, COMPARTMENT_CHECK);
    assert_int_equal(b->last[RECORD_COMPARTMENT_CHANGED].u.changed.cause, COMPARTMENT_JAM);
    assert_null(bed_order(b, 1));
}

static void retry_while_loading_needs_all_doors_closed(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    bed_jams(b);
    bed_sense(b, 4, HW_DOOR_OPEN);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_CLOSE_DOORS);
    assert_int_equal(b->seen[RECORD_PULSED], 1);
}

static void vouchers_not_for_here_are_refused(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    struct token t = bed_voucher(b, 1, 1);
    t.u.voucher.bind.locker[3] ^= 1;
    bed_scan(b, t);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_WRONG_LOCKER);
    t = bed_voucher(b, 1, 1);
    t.u.voucher.key_epoch = 2;
    bed_scan(b, t);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_WRONG_KEY);
    t = bed_voucher(b, 1, 1);
    t.u.voucher.not_after_s = BED_NOW_MS / 1000 - 1;
    bed_scan(b, t);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_EXPIRED);
    assert_int_equal(b->seen[RECORD_PULSED], 0);
}

static void replayed_vouchers_are_refused(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 2);
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 2));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_IN_LOCKER);
    assert_string_equal(locker_screen(b->l)->door, "A1");
    bed_scan(b, bed_voucher(b, 1, 3));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_IN_LOCKER);
    bed_logout(b);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_take_and_close(b, door);
    bed_wait(b, 10000);
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 2));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_COLLECTED);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_OLD_LABEL);
    (void)bed_load_token(b, bed_voucher(b, 1, 3), 1);
}

static void withdrawn_voucher_is_refused_also_when_it_was_never_here(void **state)
{
    struct bed *b = *state;
    bed_withdraw(b, 1, 1, false);
    assert_int_equal(b->last[RECORD_VOIDED].door, CABINET_NO_DOOR);
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_WITHDRAWN);
    (void)bed_load_token(b, bed_voucher(b, 1, 2), 1);
}

static void loading_cut_short_falls_back_to_what_was_known(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_take_and_close(b, door);
    bed_wait(b, 10000);
    bed_withdraw(b, 2, 1, true);
    bed_login(b);
    for (unsigned n = 1; n <= 2; n++) {
        bed_wait(b, 2000);
        bed_scan(b, bed_voucher(b, n, 2));
        bed_opens(b);
        bed_key(b, EVENT_KEY_HELP);
        bed_sense(b, b->pulse_door, HW_DOOR_CLOSED);
    }
    assert_int_equal(bed_order(b, 1)->state, ORDER_DONE);
    assert_int_equal(bed_order(b, 2)->state, ORDER_VOID);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_COLLECTED);
    bed_scan(b, bed_voucher(b, 2, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_WITHDRAWN);
    (void)bed_load_token(b, bed_voucher(b, 1, 2), 1);
}

static void loading_is_refused_when_the_outbox_could_not_hold_its_life(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    b->outbox = CABINET_OUTBOX_ROWS_DEFAULT * 9 / 10;
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_FULL);
    assert_int_equal(b->seen[RECORD_STORE_ALARM], 1);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(b->seen[RECORD_STORE_ALARM], 1);
    b->outbox = 0;
    (void)bed_load_token(b, bed_voucher(b, 1, 1), 1);
    b->outbox = CABINET_OUTBOX_ROWS_DEFAULT;
    bed_logout(b);
    bed_wait(b, 2000);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void loading_is_refused_at_the_maximum_of_orders(void **state)
{
    struct bed *b = *state;
    for (unsigned i = 0; i < ORDER_LIVE_MAX; i++) {
        struct order *o = &b->l->orders.slot[i];
        o->used = true;
        o->state = ORDER_READY;
        o->id[0] = 0xEE;
        o->id[1] = (uint8_t)i;
    }
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_FULL);
}

static void loading_is_refused_when_every_slot_remembers_something(void **state)
{
    struct bed *b = *state;
    for (unsigned i = 0; i < ORDER_SLOTS; i++) {
        struct order *o = &b->l->orders.slot[i];
        o->used = true;
        o->state = ORDER_VOID;
        o->id[0] = 0xEE;
        o->id[1] = (uint8_t)i;
        o->id[2] = (uint8_t)(i >> 8);
        o->not_after_s = BED_NOW_MS / 1000 + 3600;
    }
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_FULL);
    b->l->orders.slot[77].not_after_s = BED_NOW_MS / 1000 - 3600;
    (void)bed_load_token(b, bed_voucher(b, 1, 1), 1);
    assert_ptr_equal(bed_order(b, 1), &b->l->orders.slot[77]);
}

static void loading_needs_power_and_boards(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_input(b, HW_INPUT_BATTERY, true, true);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_SUPPLY);
    bed_input(b, HW_INPUT_BATTERY, true, false);
    bed_sense(b, 6, HW_DOOR_UNKNOWN);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_CLOSE_DOORS);
    bed_sense(b, 6, HW_DOOR_CLOSED);
    bed_board(b, 0, HW_BOARD_FOREIGN, 0);
    bed_board(b, 1, HW_BOARD_LOST, 0);
    bed_scan(b, bed_voucher(b, 1, 1)); /* C2 is left, but the others are unknown now */
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_CLOSE_DOORS);
    bed_board(b, 2, HW_BOARD_STOPPED, 99);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NO_DOOR);
    assert_int_equal(b->seen[RECORD_PULSED], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(loading_makes_the_order_ready),
        BED_TEST(smallest_fitting_least_used_door_is_chosen),
        BED_TEST(cold_bag_needs_a_cold_zone_that_works),
        BED_TEST(wrong_label_is_refused_and_right_one_still_counts),
        BED_TEST(label_counts_only_while_the_door_is_known_closed),
        BED_TEST(not_empty_makes_check_and_the_bag_may_go_elsewhere),
        BED_TEST(session_that_ends_while_loading_leaves_check),
        BED_TEST(clear_twice_while_loading_leaves_check),
        BED_TEST(jam_while_loading_is_tried_three_times),
        BED_TEST(retry_while_loading_needs_all_doors_closed),
        BED_TEST(vouchers_not_for_here_are_refused),
        BED_TEST(replayed_vouchers_are_refused),
        BED_TEST(withdrawn_voucher_is_refused_also_when_it_was_never_here),
        BED_TEST(loading_cut_short_falls_back_to_what_was_known),
        BED_TEST(loading_is_refused_when_the_outbox_could_not_hold_its_life),
        BED_TEST(loading_is_refused_at_the_maximum_of_orders),
        BED_TEST(loading_is_refused_when_every_slot_remembers_something),
        BED_TEST(loading_needs_power_and_boards),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
