/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/locker_bed.h"

/* ---------------------------------------------------------------- badge and PIN */

static void badge_and_pin_open_a_session(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_MENU);
    assert_int_equal(b->seen[RECORD_STAFF_ENTERED], 1);
    assert_int_equal(b->last[RECORD_STAFF_ENTERED].actor.staff[0], 7);
    assert_int_equal(limiter_wrong_1h(&b->l->limiter), 0);
    bed_logout(b);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void wrong_pin_is_refused_and_counted(void **state)
{
    struct bed *b = *state;
    bed_scan(b, bed_badge(b, 7, "246813"));
    bed_type(b, "1111");
    assert_string_equal(locker_screen(b->l)->digits, "");
    assert_int_equal(locker_screen(b->l)->entry_len, 4);
    bed_key(b, EVENT_KEY_OK);
    bed_verdict(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_REFUSED);
    assert_int_equal(limiter_wrong_1h(&b->l->limiter), 1);
    assert_true(b->fx->badges);
    bed_type(b, "1");
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void ten_wrong_pins_in_a_row_block_the_badge_only(void **state)
{
    struct bed *b = *state;
    for (unsigned i = 0; i < BADGE_PIN_TRIES_MAX; i++) {
        bed_scan(b, bed_badge(b, 7, "246813"));
        bed_type(b, "1111");
        bed_key(b, EVENT_KEY_OK);
        bed_verdict(b);
    }
    bed_wait(b, 60000);
    bed_scan(b, bed_badge(b, 7, "246813"));
    assert_int_equal(bed_screen(b), SCREEN_STAFF_REFUSED);
    bed_scan(b, bed_badge(b, 8, "246813"));
    assert_int_equal(bed_screen(b), SCREEN_STAFF_PIN);
    bed_type(b, "246813");
    bed_key(b, EVENT_KEY_OK);
    bed_verdict(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_MENU);
}

static void right_pin_clears_the_wrong_ones(void **state)
{
    struct bed *b = *state;
    bed_scan(b, bed_badge(b, 7, "246813"));
    bed_type(b, "1111");
    bed_key(b, EVENT_KEY_OK);
    bed_verdict(b);
    assert_true(b->l->badges.slot[0].used);
    bed_login(b);
    assert_false(b->l->badges.slot[0].used);
}

static void short_pin_is_not_tried(void **state)
{
    struct bed *b = *state;
    bed_scan(b, bed_badge(b, 7, "246813"));
    bed_type(b, "123");
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(b->try_id, 0);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_PIN);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(locker_screen(b->l)->entry_len, 0);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void pins_wait_for_the_limiter(void **state)
{
    struct bed *b = *state;
    b->l->limiter.credit_ms[LIMITER_BOTH] = 0;
    bed_scan(b, bed_badge(b, 7, "246813"));
    bed_type(b, "246813");
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_TRY_LATER);
    assert_int_equal(locker_screen(b->l)->seconds, 30);
    bed_type(b, "");
    bed_wait(b, 20000);
    bed_key(b, EVENT_KEY_HELP); /* keeps the session */
    bed_wait(b, 10000);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
    bed_key(b, EVENT_KEY_OK);
    bed_verdict(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_MENU);
}

static void badge_of_another_locker_key_or_time_is_refused(void **state)
{
    struct bed *b = *state;
    struct token t = bed_badge(b, 7, "246813");
    t.u.badge.locker[0] ^= 1;
    bed_scan(b, t);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_REFUSED);
    t = bed_badge(b, 7, "246813");
    t.u.badge.key_epoch = 2;
    bed_scan(b, t);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_REFUSED);
    t = bed_badge(b, 7, "246813");
    t.u.badge.not_after_s = BED_NOW_MS / 1000 - 1;
    bed_scan(b, t);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_REFUSED);
    bed_wait(b, STAFF_MESSAGE_MS);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void revoked_badge_is_refused_and_ends_its_session(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    struct event ev = {.kind = EVENT_BADGE_REVOKE, .command = 9};
    memset(ev.u.badge, 50, sizeof ev.u.badge);
    bed_send(b, &ev);
    assert_int_equal(b->l->staff.state, STAFF_MENU);
    memset(ev.u.badge, 107, sizeof ev.u.badge);
    bed_send(b, &ev);
    assert_int_equal(b->l->staff.state, STAFF_IDLE);
    assert_int_equal(b->last[RECORD_COMMAND_DONE].u.command.seq, 9);
    assert_false(b->last[RECORD_COMMAND_DONE].u.command.refused);
    bed_scan(b, bed_badge(b, 7, "246813"));
    assert_int_equal(bed_screen(b), SCREEN_STAFF_REFUSED);
    bed_reboot(b, 0);
    bed_start(b);
    bed_scan(b, bed_badge(b, 7, "246813"));
    assert_int_equal(bed_screen(b), SCREEN_STAFF_REFUSED);
}

static void revocation_is_refused_when_the_table_is_full(void **state)
{
    struct bed *b = *state;
    struct event ev = {.kind = EVENT_BADGE_REVOKE};
    for (unsigned i = 0; i <= BADGE_SLOTS; i++) {
        ev.u.badge[0] = (uint8_t)i;
        ev.u.badge[1] = (uint8_t)(i >> 8);
        bed_send(b, &ev);
    }
    assert_true(b->last[RECORD_COMMAND_DONE].u.command.refused);
    assert_string_equal(b->last[RECORD_COMMAND_DONE].u.command.cause, "full");
}

static void badge_revoked_while_its_pin_is_checked_does_not_enter(void **state)
{
    struct bed *b = *state;
    bed_scan(b, bed_badge(b, 7, "246813"));
    bed_type(b, "246813");
    bed_key(b, EVENT_KEY_OK);
    /* Expired meanwhile: a signed time far ahead arrives. */
    bed_contact(b, BED_NOW_MS + INT64_C(400) * BED_DAY_S * 1000);
    bed_verdict(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_REFUSED);
    assert_int_equal(b->seen[RECORD_STAFF_ENTERED], 0);
}

static void pin_that_could_not_be_computed_is_asked_again(void **state)
{
    struct bed *b = *state;
    bed_scan(b, bed_badge(b, 7, "246813"));
    bed_type(b, "246813");
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_CHECKING);
    bed_key(b, EVENT_KEY_OK);
    bed_scan(b, bed_voucher(b, 1, 1));
    bed_scan(b, bed_label(b, 1));
    struct event ev = {.kind = EVENT_VERDICT, .u.verdict.try_id = b->try_id + 1, .u.verdict.result = ERR_MEMORY};
    bed_send(b, &ev);
    assert_int_equal(bed_screen(b), SCREEN_CHECKING);
    ev.u.verdict.try_id = b->try_id;
    bed_send(b, &ev);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_PIN);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_TRY_LATER);
    assert_int_equal(limiter_wrong_1h(&b->l->limiter), 0);
}

static void missing_pin_verdict_ends_the_session(void **state)
{
    struct bed *b = *state;
    bed_scan(b, bed_badge(b, 7, "246813"));
    bed_type(b, "246813");
    bed_key(b, EVENT_KEY_OK);
    bed_wait(b, STAFF_STRETCH_MS);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void session_ends_after_two_minutes_idle(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_wait(b, STAFF_IDLE_MS - 1000);
    bed_type(b, "1");
    bed_wait(b, STAFF_IDLE_MS - 1000);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_MENU);
    bed_wait(b, 1000);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void a_late_tick_prolongs_no_session(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    b->now.boot_ms += STAFF_IDLE_MS;
    bed_scan(b, bed_label(b, 1));
    assert_int_equal(b->l->staff.state, STAFF_IDLE);
    assert_int_equal(b->seen[RECORD_PULSED], 0);
    bed_key(b, EVENT_KEY_CLEAR);
    bed_type(b, "12");
    b->now.boot_ms += PICKUP_IDLE_MS;
    bed_type(b, "3");
    assert_int_equal(locker_screen(b->l)->entry_len, 1);
}

static void badge_takes_the_kiosk_from_a_typing_patient(void **state)
{
    struct bed *b = *state;
    bed_type(b, "12345");
    bed_scan(b, bed_badge(b, 7, "246813"));
    assert_int_equal(bed_screen(b), SCREEN_STAFF_PIN);
    assert_string_equal(b->l->pickup.code, "");
}

static void badge_during_a_check_drops_the_verdict(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    bed_scan(b, bed_badge(b, 7, "246813"));
    bed_verdict(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_PIN);
    assert_int_equal(b->seen[RECORD_PULSED], 1);
    assert_int_equal(limiter_wrong_1h(&b->l->limiter), 1);
}

static void second_badge_logs_in_anew(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_scan(b, bed_badge(b, 8, "246813"));
    assert_int_equal(bed_screen(b), SCREEN_STAFF_PIN);
}

static void patient_tokens_mean_nothing_in_a_staff_session(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_login(b);
    bed_scan(b, bed_qr(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_BAD_SCAN);
    bed_simple(b, EVENT_BAD_SCAN);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_BAD_SCAN);
    assert_int_equal(b->seen[RECORD_PULSED], 1);
}

/* ---------------------------------------------------------------- loading */

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
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    bed_opens(b);
    bed_put_bag(b, 0, 1, 1);
    bed_sense(b, 0, HW_DOOR_CLOSED);
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
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    bed_opens(b);
    bed_put_bag(b, 0, 1, 1);
    bed_sense(b, 0, HW_DOOR_CLOSED);
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
        bed_complete(b, HW_DONE);
        bed_wait(b, OPENING_OBSERVE_MS);
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
    bed_complete(b, HW_DONE);
    bed_wait(b, OPENING_OBSERVE_MS);
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

/* ---------------------------------------------------------------- inspection */

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
        bed_complete(b, HW_DONE);
        bed_wait(b, OPENING_OBSERVE_MS);
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
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_BOARD);
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
        BED_TEST(badge_and_pin_open_a_session),
        BED_TEST(wrong_pin_is_refused_and_counted),
        BED_TEST(ten_wrong_pins_in_a_row_block_the_badge_only),
        BED_TEST(right_pin_clears_the_wrong_ones),
        BED_TEST(short_pin_is_not_tried),
        BED_TEST(pins_wait_for_the_limiter),
        BED_TEST(badge_of_another_locker_key_or_time_is_refused),
        BED_TEST(revoked_badge_is_refused_and_ends_its_session),
        BED_TEST(revocation_is_refused_when_the_table_is_full),
        BED_TEST(badge_revoked_while_its_pin_is_checked_does_not_enter),
        BED_TEST(pin_that_could_not_be_computed_is_asked_again),
        BED_TEST(missing_pin_verdict_ends_the_session),
        BED_TEST(session_ends_after_two_minutes_idle),
        BED_TEST(a_late_tick_prolongs_no_session),
        BED_TEST(badge_takes_the_kiosk_from_a_typing_patient),
        BED_TEST(badge_during_a_check_drops_the_verdict),
        BED_TEST(second_badge_logs_in_anew),
        BED_TEST(patient_tokens_mean_nothing_in_a_staff_session),
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
