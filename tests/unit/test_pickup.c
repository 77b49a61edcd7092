/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/locker_bed.h"

static void right_code_opens_its_door(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    assert_int_equal(b->pulse_door, door);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
    assert_string_equal(locker_screen(b->l)->door, "A1");
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_OPENING);
    assert_int_equal(b->last[RECORD_PULSED].actor.kind, RECORD_ACTOR_CODE);
    assert_int_equal(b->last[RECORD_PULSED].try, 1);
}

static void opened_then_closed_is_collected(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_opens(b);
    assert_int_equal(bed_screen(b), SCREEN_OPEN);
    bed_take_and_close(b, door);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
    assert_int_equal(b->seen[RECORD_COLLECTED], 1);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_TAKEN);
    assert_int_equal(bed_order(b, 1)->state, ORDER_DONE);
    const struct record *rec = &b->last[RECORD_COLLECTED];
    assert_true(rec->u.collected.pulsed_ms < rec->u.collected.opened_ms);
    assert_true(rec->u.collected.opened_ms < rec->u.collected.closed_ms);
    assert_int_equal(rec->u.collected.pulses, 1);
    bed_wait(b, PICKUP_DONE_MS);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void code_is_dead_after_collection(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_take_and_close(b, door);
    bed_wait(b, 10000);
    uint64_t pulse = b->pulse;
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    bed_scan(b, bed_qr(b, 1, 1));
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    assert_int_equal(b->pulse, pulse);
}

static void typing_mistake_costs_no_try(void **state)
{
    struct bed *b = *state;
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    code[9] = code[9] == '9' ? '0' : (char)(code[9] + 1);
    bed_type(b, code);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_TYPO);
    assert_int_equal(locker_screen(b->l)->entry_len, 0);
    assert_int_equal(limiter_wrong_1h(&b->l->limiter), 0);
    assert_int_equal(b->try_id, 0);
}

static void wrong_code_is_refused_and_birthday_asked_next(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_wrong_code(b);
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    assert_int_equal(limiter_wrong_1h(&b->l->limiter), 1);
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    assert_int_equal(bed_screen(b), SCREEN_BIRTHDAY);
    assert_int_equal(b->try_id, 0);
    bed_type(b, "0201");
    bed_verdict(b);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
    assert_int_equal(b->pulse_door, door);
}

static void wrong_birthday_is_refused(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_wrong_code(b);
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_key(b, EVENT_KEY_OK);
    bed_type(b, code);
    bed_type(b, "0301");
    bed_verdict(b);
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    assert_int_equal(bed_order(b, 1)->state, ORDER_READY);
}

static void impossible_date_is_asked_again(void **state)
{
    struct bed *b = *state;
    bed_wrong_code(b);
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    bed_type(b, "3002");
    assert_int_equal(bed_screen(b), SCREEN_BIRTHDAY);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_DATE);
    assert_int_equal(locker_screen(b->l)->entry_len, 0);
}

static void every_refusal_reads_the_same(void **state)
{
    struct bed *b = *state;
    struct token expired = bed_voucher(b, 1, 1);
    expired.u.voucher.not_after_s = BED_NOW_MS / 1000 + 3600;
    bed_login(b);
    (void)bed_load_token(b, expired, 1);
    (void)bed_load_token(b, bed_voucher(b, 2, 1), 2);
    bed_logout(b);
    bed_withdraw(b, 2, 1, false);
    bed_wait(b, 3700 * 1000);
    struct screen shown[3];
    const unsigned orders[3] = {1, 2, 40000};
    for (unsigned i = 0; i < 3; i++) {
        bed_enter_code(b, orders[i]);
        shown[i] = *locker_screen(b->l);
        assert_int_equal(shown[i].reference, screen_reference(b->now.wall_ms)); /* tells the time and nothing else */
        shown[i].reference = 0;
        bed_wait(b, PICKUP_IDLE_MS);
    }
    assert_int_equal(shown[0].id, SCREEN_REFUSED);
    assert_true(screen_equal(&shown[0], &shown[1]));
    assert_true(screen_equal(&shown[0], &shown[2]));
    assert_int_equal(limiter_wrong_1h(&b->l->limiter), 3);
}

static void token_is_taken_before_the_verdict_and_given_back_after_success(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    int64_t before = b->l->limiter.credit_ms[LIMITER_CODE];
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    assert_true(b->fx->limiter);
    assert_true(b->l->limiter.credit_ms[LIMITER_CODE] <= before - LIMITER_CODE_MS);
    bed_verdict(b);
    assert_true(b->fx->limiter);
    assert_true(b->l->limiter.credit_ms[LIMITER_CODE] >= before);
    assert_int_equal(limiter_wrong_1h(&b->l->limiter), 0);
}

static void a_try_that_could_not_be_computed_is_given_back(void **state)
{
    struct bed *b = *state;
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    struct event ev = {.kind = EVENT_VERDICT, .u.verdict.try_id = b->try_id, .u.verdict.result = ERR_MEMORY};
    bed_send(b, &ev);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_TRY_LATER);
    assert_int_equal(limiter_wrong_1h(&b->l->limiter), 0);
}

static void verdict_of_another_try_is_ignored(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    uint64_t real = b->try_id;
    b->try_id = real + 1;
    bed_verdict(b);
    assert_int_equal(bed_screen(b), SCREEN_CHECKING);
    b->try_id = real;
    bed_verdict(b);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
    b->try_id = real;
    bed_verdict(b);
    assert_int_equal(b->seen[RECORD_PULSED], 2); /* loading, pickup */
}

static void missing_verdict_asks_to_try_later(void **state)
{
    struct bed *b = *state;
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    bed_key(b, EVENT_KEY_CLEAR);
    bed_key(b, EVENT_KEY_HELP);
    bed_scan(b, bed_qr(b, 1, 1));
    bed_simple(b, EVENT_BAD_SCAN);
    assert_int_equal(bed_screen(b), SCREEN_CHECKING);
    bed_wait(b, PICKUP_STRETCH_MS);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_TRY_LATER);
    bed_verdict(b);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
}

static void empty_first_bucket_steps_up_and_empty_second_makes_wait(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    for (unsigned i = 0; i < LIMITER_TOKENS; i++) {
        bed_wrong_code(b);
        bed_key(b, EVENT_KEY_CLEAR);
    }
    assert_int_equal(limiter_mode(&b->l->limiter), LIMITER_STEP_UP);
    for (unsigned i = 0; i < LIMITER_TOKENS; i++) {
        bed_wrong_code(b);
        bed_key(b, EVENT_KEY_CLEAR);
    }
    assert_int_equal(limiter_mode(&b->l->limiter), LIMITER_WAIT);
    assert_true(b->seen[RECORD_GUESS_ALARM] >= 1);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_WAIT);
    assert_in_range(locker_screen(b->l)->seconds, 1, 30);
    bed_type(b, "1"); /* nothing to type here */
    bed_wait(b, 30000);
    assert_int_not_equal(b->try_id, 0); /* what was typed is tried by itself */
    bed_verdict(b);
    assert_int_equal(b->pulse_door, door);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void class_without_v1_needs_code_and_birthday(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    struct token t = bed_voucher(b, 1, 1);
    t.u.voucher.has_v1 = false;
    t.u.voucher.cls = TOKEN_CLASS_SENSITIVE;
    (void)bed_load_token(b, t, 1);
    bed_logout(b);
    bed_wait(b, 2000);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void qr_opens_without_the_limiter(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    for (unsigned i = 0; i < 2 * LIMITER_TOKENS; i++) {
        bed_wrong_code(b);
        bed_key(b, EVENT_KEY_CLEAR);
    }
    bed_scan(b, bed_qr(b, 1, 1));
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
    assert_int_equal(b->pulse_door, door);
    assert_int_equal(b->last[RECORD_PULSED].actor.kind, RECORD_ACTOR_TOKEN);
}

static void qr_of_another_locker_load_or_time_is_refused(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 2);
    struct token t = bed_qr(b, 1, 1);
    bed_scan(b, t);
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    t = bed_qr(b, 1, 2);
    t.u.pickup.bind.locker[0] ^= 1;
    bed_scan(b, t);
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    t = bed_qr(b, 1, 2);
    t.u.pickup.not_after_s = BED_NOW_MS / 1000 - 1;
    bed_scan(b, t);
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    bed_scan(b, bed_qr(b, 99, 1));
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    assert_int_equal(b->seen[RECORD_PULSED], 1);
    assert_int_equal(limiter_wrong_1h(&b->l->limiter), 0);
    bed_scan(b, bed_qr(b, 1, 2));
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void qr_of_a_class_without_v1_needs_the_same_orders_code_too(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    struct token t = bed_voucher(b, 1, 1);
    t.u.voucher.has_v1 = false;
    (void)bed_load_token(b, t, 1);
    (void)bed_load_token(b, bed_voucher(b, 2, 1), 2);
    bed_logout(b);
    bed_wait(b, 2000);
    bed_scan(b, bed_qr(b, 1, 1));
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    bed_enter_code(b, 2);
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    bed_scan(b, bed_qr(b, 1, 1));
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
    assert_int_equal(b->last[RECORD_PULSED].actor.kind, RECORD_ACTOR_TOKEN);
}

static void same_code_for_two_orders_opens_nothing_and_alarms(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    (void)bed_load_token(b, bed_voucher(b, 1, 1), 1);
    struct token t = bed_voucher(b, 2, 1);
    char code[CODE_DIGITS + 1];
    uint8_t a[CODE_STRETCHED_LEN];
    bed_code(1, code);
    bed_stretch_secret(code, a);
    code_mac1(&b->cabinet.key, &t.u.voucher.bind, a, t.u.voucher.v1);
    (void)bed_load_token(b, t, 2);
    bed_logout(b);
    bed_wait(b, 2000);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    assert_int_equal(b->seen[RECORD_GUESS_ALARM], 1);
    assert_int_equal(b->seen[RECORD_PULSED], 2);
}

static void door_that_does_not_open_is_tried_three_times_only(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(b->last[RECORD_PULSED].try, i);
        assert_int_equal(b->pulse_door, door);
        bed_jams(b);
        assert_int_equal(b->seen[RECORD_JAMMED], i);
        if (i < 3) {
            assert_int_equal(bed_screen(b), SCREEN_JAM);
            assert_int_equal(locker_screen(b->l)->step, i);
            bed_key(b, EVENT_KEY_OK);
        }
    }
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    assert_int_equal(locker_screen(b->l)->reference, b->pulse);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_CHECK);
    assert_int_equal(bed_order(b, 1)->state, ORDER_UNCONFIRMED);
    bed_key(b, EVENT_KEY_OK);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_ASK);
    assert_int_equal(b->seen[RECORD_PULSED], 4);
}

static void a_refused_pulse_is_a_jam_at_once(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_complete(b, HW_REFUSED);
    assert_int_equal(bed_screen(b), SCREEN_JAM);
    bed_key(b, EVENT_KEY_OK); /* it was never sent, so no coil has to rest */
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
    bed_opens(b);
    assert_int_equal(bed_screen(b), SCREEN_OPEN);
}

static void a_failed_pulse_may_have_opened_the_door(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_complete(b, HW_FAILED);
    bed_wait(b, 1000);
    bed_sense(b, door, HW_DOOR_OPEN);
    assert_int_equal(bed_screen(b), SCREEN_OPEN);
}

static void a_pulse_without_completion_is_a_jam(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_wait(b, OPENING_COMPLETE_MS);
    assert_int_equal(bed_screen(b), SCREEN_JAM);
    bed_key(b, EVENT_KEY_OK); /* still pending in the driver */
    assert_int_equal(bed_screen(b), SCREEN_JAM);
    bed_wait(b, OPENING_COMPLETE_MS);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void a_door_that_opens_late_is_still_his(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_complete(b, HW_DONE);
    bed_wait(b, 2500);
    assert_int_equal(bed_screen(b), SCREEN_JAM);
    bed_sense(b, door, HW_DOOR_OPEN);
    assert_int_equal(bed_screen(b), SCREEN_OPEN);
    bed_take_and_close(b, door);
    assert_int_equal(bed_order(b, 1)->state, ORDER_DONE);
}

static void walking_off_from_a_jam_leaves_it_unconfirmed_and_the_same_code_may_return(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_complete(b, HW_DONE);
    bed_wait(b, OPENING_OBSERVE_MS + PICKUP_IDLE_MS + 1000);
    assert_int_equal(bed_order(b, 1)->state, ORDER_UNCONFIRMED);
    assert_int_equal(b->seen[RECORD_UNCONFIRMED], 1);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_LOADED);
    bed_wait(b, PICKUP_MESSAGE_MS);
    assert_int_equal(bed_screen(b), SCREEN_START);
    bed_enter_code(b, 1);
    assert_int_equal(b->pulse_door, door);
    assert_int_equal(bed_order(b, 1)->pulses, 2);
}

static void after_ten_minutes_the_grace_is_over(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_complete(b, HW_DONE);
    bed_wait(b, ORDER_GRACE_MS + 1000);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_ASK);
    assert_int_equal(bed_order(b, 1)->pulses, 1);
}

static void help_gives_up_a_jam(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_CLEAR);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
    bed_jams(b);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    assert_int_equal(bed_order(b, 1)->state, ORDER_UNCONFIRMED);
}

static void retry_is_refused_when_another_door_opened_meanwhile(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_jams(b);
    bed_sense(b, 5, HW_DOOR_OPEN);
    assert_int_equal(b->seen[RECORD_FORCED], 1);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    assert_int_equal(b->seen[RECORD_PULSED], 2);
}

static void retry_is_refused_after_a_withdrawal(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_jams(b);
    bed_withdraw(b, 1, 1, false);
    assert_int_equal(b->seen[RECORD_VOIDED], 0);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    assert_int_equal(b->seen[RECORD_VOIDED], 1);
    assert_int_equal(b->seen[RECORD_PULSED], 2);
}

static void no_pickup_starts_while_a_door_is_open(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_sense(b, 4, HW_DOOR_OPEN);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_DOORS);
    assert_string_equal(locker_screen(b->l)->door, "B1");
    assert_int_equal(bed_order(b, 1)->state, ORDER_READY);
    bed_sense(b, 4, HW_DOOR_CLOSED);
    bed_wait(b, PICKUP_MESSAGE_MS);
    assert_int_equal(bed_screen(b), SCREEN_START);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void no_pickup_starts_while_a_door_is_unknown(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_sense(b, 4, HW_DOOR_UNKNOWN);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_DOORS);
    assert_string_equal(locker_screen(b->l)->door, "");
    assert_int_equal(b->seen[RECORD_PULSED], 1);
}

static void no_pickup_with_a_low_battery_or_a_lost_board(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_input(b, HW_INPUT_BATTERY, true, true);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_ASK);
    bed_input(b, HW_INPUT_BATTERY, true, false);
    bed_key(b, EVENT_KEY_OK);
    bed_board(b, 0, HW_BOARD_LOST, 0);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_ASK);
    assert_int_equal(b->seen[RECORD_PULSED], 1);
}

/* Two bags; the first is collected by a pulse that ended with `status`; the second is asked for at once. */
static void ask_for_second(struct bed *b, enum hw_status status)
{
    bed_login(b);
    (void)bed_load_token(b, bed_voucher(b, 1, 1), 1);
    (void)bed_load_token(b, bed_voucher(b, 2, 1), 2);
    bed_logout(b);
    bed_wait(b, 2000);
    bed_enter_code(b, 1);
    bed_complete(b, status);
    bed_sense(b, b->pulse_door, HW_DOOR_OPEN);
    bed_take_bag(b, b->pulse_door);
    bed_sense(b, b->pulse_door, HW_DOOR_CLOSED);
    bed_scan(b, bed_qr(b, 2, 1));
}

static void a_second_pulse_waits_for_a_coil_of_unknown_state(void **state)
{
    struct bed *b = *state;
    ask_for_second(b, HW_FAILED);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_TRY_LATER);
    bed_wait(b, 2000);
    bed_scan(b, bed_qr(b, 2, 1));
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void a_second_pulse_follows_a_coil_seen_off_at_once(void **state)
{
    struct bed *b = *state;
    ask_for_second(b, HW_DONE);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void too_early_and_past_the_lease_ask_the_pharmacy(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    struct token early = bed_voucher(b, 1, 1);
    early.u.voucher.not_before_s = BED_NOW_MS / 1000 + 7200;
    (void)bed_load_token(b, early, 1);
    struct token controlled = bed_voucher(b, 2, 1);
    controlled.u.voucher.cls = TOKEN_CLASS_CONTROLLED;
    (void)bed_load_token(b, controlled, 2);
    bed_logout(b);
    bed_wait(b, 2000);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_ASK);
    bed_wait(b, 4 * 3600 * 1000 + 60000);
    bed_enter_code(b, 2);
    assert_int_equal(bed_screen(b), SCREEN_ASK);
    bed_key(b, EVENT_KEY_OK);
    bed_contact(b, b->now.wall_ms);
    bed_enter_code(b, 2);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void left_open_door_buzzes_and_is_told(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_wait(b, OPENING_BUZZER_MS + 1000);
    assert_int_equal(bed_screen(b), SCREEN_CLOSE);
    assert_int_equal(b->sounds[SCREEN_SOUND_BUZZER_ON], 1);
    bed_scan(b, bed_badge(b, 7, "246813"));
    assert_int_equal(bed_screen(b), SCREEN_CLOSE);
    bed_wait(b, OPENING_LEFT_OPEN_MS);
    assert_int_equal(b->seen[RECORD_LEFT_OPEN], 1);
    bed_take_and_close(b, door);
    bed_wait(b, 1000);
    assert_int_equal(b->sounds[SCREEN_SOUND_BUZZER_OFF], 1);
    assert_int_equal(bed_order(b, 1)->state, ORDER_DONE);
}

static void staff_may_take_over_a_door_left_open(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_take_bag(b, door);
    bed_wait(b, OPENING_LEFT_OPEN_MS + 1000);
    bed_login(b);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_CHECK);
    assert_int_equal(bed_order(b, 1)->state, ORDER_UNCONFIRMED);
    bed_scan(b, bed_label(b, door));
    assert_int_equal(bed_screen(b), SCREEN_STAFF_INSPECT_OPEN);
    bed_sense(b, door, HW_DOOR_CLOSED);
    bed_key(b, EVENT_KEY_1);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_FREE);
    assert_int_equal(b->seen[RECORD_REMOVED], 1);
}

static void session_ends_after_a_minute_without_a_key(void **state)
{
    struct bed *b = *state;
    bed_type(b, "123");
    bed_wait(b, PICKUP_IDLE_MS - 10000);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    assert_in_range(locker_screen(b->l)->seconds, 9, 10);
    bed_type(b, "4");
    assert_int_equal(locker_screen(b->l)->seconds, 0);
    bed_wait(b, PICKUP_IDLE_MS);
    assert_int_equal(bed_screen(b), SCREEN_START);
    assert_string_equal(b->l->pickup.code, "");
}

/* ---------------------------------------------------------------- time */

/* Lets the screen come into its last 20 s, and sees that it warns once. */
static void await_warning(struct bed *b, int64_t stays_ms)
{
    enum screen_id id = bed_screen(b);
    unsigned warnings = b->sounds[SCREEN_SOUND_WARN];
    bed_wait(b, stays_ms - PICKUP_WARN_MS - 1000);
    assert_false(locker_screen(b->l)->more);
    assert_int_equal(b->sounds[SCREEN_SOUND_WARN], warnings);
    bed_wait(b, 6000);
    assert_int_equal(bed_screen(b), id);
    assert_true(locker_screen(b->l)->more);
    assert_in_range(locker_screen(b->l)->seconds, 14, 16);
    assert_int_equal(b->sounds[SCREEN_SOUND_WARN], warnings + 1);
}

/* The key gives the full time again, and the screen is the same. */
static void assert_extends(struct bed *b, enum event_key key, int64_t stays_ms)
{
    enum screen_id id = bed_screen(b);
    await_warning(b, stays_ms);
    bed_key(b, key);
    assert_int_equal(bed_screen(b), id);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_EXTENDED);
    assert_false(locker_screen(b->l)->more);
    assert_int_equal(locker_screen(b->l)->seconds, 0);
}

static void ok_and_repeat_give_more_time_as_often_as_wanted(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_OK);
    for (unsigned i = 0; i < 10; i++)
        assert_extends(b, i % 2 == 0 ? EVENT_KEY_OK : EVENT_KEY_REPEAT, PICKUP_IDLE_MS);
    bed_type(b, "1");
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
    await_warning(b, PICKUP_IDLE_MS);
    bed_wait(b, PICKUP_WARN_MS);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void a_digit_gives_more_time_and_is_not_lost(void **state)
{
    struct bed *b = *state;
    bed_type(b, "1");
    assert_extends(b, EVENT_KEY_2, PICKUP_IDLE_MS);
    assert_int_equal(locker_screen(b->l)->entry_len, 2);
    await_warning(b, PICKUP_IDLE_MS); /* the notice goes when it is not true any more */
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
}

static void a_birthday_may_take_its_time(void **state)
{
    struct bed *b = *state;
    bed_wrong_code(b);
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    assert_int_equal(bed_screen(b), SCREEN_BIRTHDAY);
    assert_extends(b, EVENT_KEY_OK, PICKUP_IDLE_MS);
    assert_extends(b, EVENT_KEY_3, PICKUP_IDLE_MS);
    assert_int_equal(locker_screen(b->l)->entry_len, 1);
}

static void what_is_to_be_read_stays_a_minute_and_longer(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_HELP);
    assert_extends(b, EVENT_KEY_OK, PICKUP_MESSAGE_MS);
    assert_extends(b, EVENT_KEY_REPEAT, PICKUP_MESSAGE_MS);
    bed_key(b, EVENT_KEY_OK); /* not in the last seconds: read */
    assert_int_equal(bed_screen(b), SCREEN_START);
    bed_key(b, EVENT_KEY_HELP);
    await_warning(b, PICKUP_MESSAGE_MS);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void ok_keeps_its_meaning_after_a_refusal(void **state)
{
    struct bed *b = *state;
    bed_wrong_code(b);
    assert_extends(b, EVENT_KEY_REPEAT, PICKUP_IDLE_MS);
    await_warning(b, PICKUP_IDLE_MS);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
}

static void ok_keeps_its_meaning_at_a_jam(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_jams(b);
    assert_int_equal(bed_screen(b), SCREEN_JAM);
    assert_extends(b, EVENT_KEY_REPEAT, PICKUP_IDLE_MS);
    await_warning(b, PICKUP_IDLE_MS);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
    assert_int_equal(b->last[RECORD_PULSED].try, 2);
}

static void what_was_said_is_not_covered_by_more_time(void **state)
{
    struct bed *b = *state;
    bed_simple(b, EVENT_BAD_SCAN);
    await_warning(b, PICKUP_IDLE_MS);
    bed_key(b, EVENT_KEY_REPEAT);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_BAD_SCAN);
    assert_false(locker_screen(b->l)->more);
}

static void the_choice_of_a_language_in_the_last_seconds_is_no_news_of_time(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_HELP);
    await_warning(b, PICKUP_MESSAGE_MS);
    bed_key(b, EVENT_KEY_LANGUAGE);
    assert_int_equal(bed_screen(b), SCREEN_LANGUAGES);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
}

static void a_late_tick_shows_no_time_left(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_HELP);
    await_warning(b, PICKUP_MESSAGE_MS);
    b->now.boot_ms += PICKUP_WARN_MS;
    bed_climate(b, HW_CLIMATE_OK, 5000); /* before the tick */
    assert_true(locker_screen(b->l)->more);
    assert_int_equal(locker_screen(b->l)->seconds, 0);
}

static void a_scan_before_an_open_door_does_nothing(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_scan(b, bed_qr(b, 1, 1));
    bed_simple(b, EVENT_BAD_SCAN);
    assert_int_equal(bed_screen(b), SCREEN_OPEN);
}

static void the_birthday_can_be_shown_too(void **state)
{
    struct bed *b = *state;
    bed_wrong_code(b);
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    bed_type(b, "04");
    assert_string_equal(locker_screen(b->l)->digits, "");
    bed_key(b, EVENT_KEY_SHOW);
    assert_string_equal(locker_screen(b->l)->digits, "04");
}

static void thanks_go_without_a_warning_and_stay_when_said_again(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_take_and_close(b, door);
    bed_wait(b, PICKUP_DONE_MS - 1000);
    bed_key(b, EVENT_KEY_REPEAT);
    assert_int_equal(b->sounds[SCREEN_SOUND_SAY], 1);
    bed_wait(b, PICKUP_DONE_MS - 1000);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
    assert_int_equal(b->sounds[SCREEN_SOUND_WARN], 0);
    bed_wait(b, 1000);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void repeat_changes_nothing_where_no_time_runs(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_key(b, EVENT_KEY_REPEAT);
    assert_int_equal(bed_screen(b), SCREEN_START);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_key(b, EVENT_KEY_REPEAT);
    assert_int_equal(bed_screen(b), SCREEN_OPEN);
    assert_int_equal(b->sounds[SCREEN_SOUND_SAY], 2);
}

/* ---------------------------------------------------------------- ways in and out */

static void a_card_is_its_key(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    for (unsigned i = 0; i < CODE_DIGITS; i++)
        bed_scan(b, bed_key_card((enum event_key)(EVENT_KEY_0 + (code[i] - '0'))));
    bed_verdict(b);
    assert_int_equal(b->pulse_door, door);
    bed_jams(b);
    bed_scan(b, bed_key_card(EVENT_KEY_OK)); /* again */
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
    bed_opens(b);
    bed_scan(b, bed_key_card(EVENT_KEY_HELP));
    assert_int_equal(bed_screen(b), SCREEN_REPORT);
    bed_scan(b, bed_key_card(EVENT_KEY_REPEAT));
    assert_int_equal(b->sounds[SCREEN_SOUND_SAY], 1);
}

static void staff_may_use_the_cards_too(void **state)
{
    struct bed *b = *state;
    bed_scan(b, bed_badge(b, 7, "246813"));
    for (const char *pin = "246813"; *pin != '\0'; pin++)
        bed_scan(b, bed_key_card((enum event_key)(EVENT_KEY_0 + (*pin - '0'))));
    bed_scan(b, bed_key_card(EVENT_KEY_OK));
    bed_verdict(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_MENU);
}

static void whoever_cannot_go_on_has_something_to_tell(void **state)
{
    struct bed *b = *state;
    bed_wrong_code(b);
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    uint64_t reference = locker_screen(b->l)->reference;
    assert_int_equal(reference, screen_reference(b->now.wall_ms));
    bed_wait(b, 30000);
    bed_key(b, EVENT_KEY_HELP); /* the same visit, the same number */
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    assert_int_equal(locker_screen(b->l)->reference, reference);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(locker_screen(b->l)->reference, 0);
    bed_sense(b, 4, HW_DOOR_OPEN);
    bed_wait(b, 60000);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_not_equal(locker_screen(b->l)->reference, 0);
    b->l->limiter.credit_ms[LIMITER_CODE] = b->l->limiter.credit_ms[LIMITER_BOTH] = 0;
    bed_key(b, EVENT_KEY_OK);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_WAIT);
    assert_int_not_equal(locker_screen(b->l)->reference, 0);
}

static void a_reference_without_a_pulse_is_day_hour_and_minute(void **state)
{
    (void)state;
    assert_int_equal(screen_reference(INT64_C(1795344420000)), 1221047); /* 22 November 2026, 10:47 */
    assert_int_equal(screen_reference(0), 1010000);
    assert_int_equal(screen_reference(INT64_MAX), screen_reference(INT64_MAX));
    assert_in_range(screen_reference(INT64_MIN), 1000000, 1312359);
}

static void digits_are_shown_only_on_request(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_SHOW);
    assert_false(locker_screen(b->l)->show);
    bed_type(b, "123");
    assert_string_equal(locker_screen(b->l)->digits, "");
    assert_int_equal(locker_screen(b->l)->entry_len, 3);
    assert_int_equal(locker_screen(b->l)->entry_cap, CODE_DIGITS);
    bed_key(b, EVENT_KEY_SHOW);
    assert_string_equal(locker_screen(b->l)->digits, "123");
    bed_key(b, EVENT_KEY_SHOW);
    assert_string_equal(locker_screen(b->l)->digits, "");
}

static void clear_wipes_then_leaves(void **state)
{
    struct bed *b = *state;
    bed_type(b, "123");
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    assert_int_equal(locker_screen(b->l)->entry_len, 0);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(bed_screen(b), SCREEN_START);
    bed_wrong_code(b);
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    bed_type(b, "01");
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(bed_screen(b), SCREEN_BIRTHDAY);
    assert_int_equal(locker_screen(b->l)->entry_len, 0);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
}

static void help_shows_and_goes(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    bed_type(b, "1");
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_START);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

/* Whoever waits for a key gets an answer to each; none of them is a digit of a code. */
static void assert_no_digits(struct bed *b, const char *digits)
{
    const enum screen_id id = bed_screen(b);
    for (; *digits != '\0'; digits++) {
        const unsigned refused = b->sounds[SCREEN_SOUND_REFUSED];
        bed_key(b, (enum event_key)(EVENT_KEY_0 + (*digits - '0')));
        assert_int_equal(bed_screen(b), id);
        assert_int_equal(bed_notice(b), SCREEN_NOTICE_NO_DIGIT);
        assert_int_equal(b->sounds[SCREEN_SOUND_REFUSED], refused + 1);
    }
    assert_string_equal(b->l->pickup.code, "");
}

static void a_digit_on_a_screen_to_read_is_refused_and_part_of_nothing(void **state)
{
    struct bed *b = *state;
    char code[CODE_DIGITS + 1];
    (void)bed_load(b, 1, 1);
    bed_code(1, code);
    bed_key(b, EVENT_KEY_HELP);
    assert_no_digits(b, code);
    bed_key(b, EVENT_KEY_REPEAT);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE); /* the next key forgets it */
    assert_no_digits(b, "7");
    await_warning(b, PICKUP_MESSAGE_MS);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE); /* long ago by now */
    assert_no_digits(b, "7");
    assert_false(locker_screen(b->l)->more);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_START);
    bed_type(b, "27");
    assert_int_equal(locker_screen(b->l)->entry_len, 2);
    assert_int_equal(b->try_id, 0);
}

static void a_digit_is_refused_where_somebody_is_to_ask_or_has_reported(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_type(b, "1"); /* nobody is asked for anything: the door leads */
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
    bed_key(b, EVENT_KEY_HELP);
    assert_no_digits(b, "0456789");
    bed_key(b, EVENT_KEY_1);
    assert_int_equal(bed_screen(b), SCREEN_CLOSE);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_TOLD);
    bed_key(b, EVENT_KEY_HELP); /* said already */
    assert_no_digits(b, "123");
    bed_take_and_close(b, door);
    assert_int_equal(bed_screen(b), SCREEN_REPORTED);
    assert_no_digits(b, "0123456789");
    bed_key(b, EVENT_KEY_OK);
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_ASK);
    assert_no_digits(b, "0123456789");
}

static void a_digit_is_refused_at_a_jam_and_where_one_waits(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_jams(b);
    assert_int_equal(bed_screen(b), SCREEN_JAM);
    assert_no_digits(b, "19");
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
    bed_type(b, "1");
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
}

static void a_digit_is_refused_while_too_many_codes_were_wrong(void **state)
{
    struct bed *b = *state;
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    b->l->limiter.credit_ms[LIMITER_CODE] = b->l->limiter.credit_ms[LIMITER_BOTH] = 0;
    bed_enter_code(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_WAIT);
    bed_type(b, "1");
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NO_DIGIT);
    assert_string_equal(b->l->pickup.code, code); /* what waits to be tried */
    bed_wait(b, 30000);
    assert_int_equal(bed_screen(b), SCREEN_CHECKING);
    assert_string_equal(b->secret, code);
    bed_type(b, "1"); /* it may be one finger too many */
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
}

static void digits_without_a_language_are_refused(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_LANGUAGE);
    assert_no_digits(b, "0789");
    bed_key(b, EVENT_KEY_1);
    assert_int_equal(bed_screen(b), SCREEN_START);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
}

static void unreadable_scan_says_so(void **state)
{
    struct bed *b = *state;
    bed_simple(b, EVENT_BAD_SCAN);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_BAD_SCAN);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_BAD_SCAN);
    bed_scan(b, bed_label(b, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_BAD_SCAN);
    assert_int_equal(b->seen[RECORD_PULSED], 0);
}

static void next_patient_may_type_over_the_thanks(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    uint16_t first = bed_load_token(b, bed_voucher(b, 1, 1), 1);
    (void)bed_load_token(b, bed_voucher(b, 2, 1), 2);
    bed_logout(b);
    bed_wait(b, 2000);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_take_and_close(b, first);
    bed_enter_code(b, 2);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
    assert_int_equal(bed_order(b, 2)->state, ORDER_OPENING);
    bed_complete(b, HW_DONE);
    bed_sense(b, b->pulse_door, HW_DOOR_OPEN);
    bed_take_and_close(b, b->pulse_door);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(right_code_opens_its_door),
        BED_TEST(opened_then_closed_is_collected),
        BED_TEST(code_is_dead_after_collection),
        BED_TEST(typing_mistake_costs_no_try),
        BED_TEST(wrong_code_is_refused_and_birthday_asked_next),
        BED_TEST(wrong_birthday_is_refused),
        BED_TEST(impossible_date_is_asked_again),
        BED_TEST(every_refusal_reads_the_same),
        BED_TEST(token_is_taken_before_the_verdict_and_given_back_after_success),
        BED_TEST(a_try_that_could_not_be_computed_is_given_back),
        BED_TEST(verdict_of_another_try_is_ignored),
        BED_TEST(missing_verdict_asks_to_try_later),
        BED_TEST(empty_first_bucket_steps_up_and_empty_second_makes_wait),
        BED_TEST(class_without_v1_needs_code_and_birthday),
        BED_TEST(qr_opens_without_the_limiter),
        BED_TEST(qr_of_another_locker_load_or_time_is_refused),
        BED_TEST(qr_of_a_class_without_v1_needs_the_same_orders_code_too),
        BED_TEST(same_code_for_two_orders_opens_nothing_and_alarms),
        BED_TEST(door_that_does_not_open_is_tried_three_times_only),
        BED_TEST(a_refused_pulse_is_a_jam_at_once),
        BED_TEST(a_failed_pulse_may_have_opened_the_door),
        BED_TEST(a_pulse_without_completion_is_a_jam),
        BED_TEST(a_door_that_opens_late_is_still_his),
        BED_TEST(walking_off_from_a_jam_leaves_it_unconfirmed_and_the_same_code_may_return),
        BED_TEST(after_ten_minutes_the_grace_is_over),
        BED_TEST(help_gives_up_a_jam),
        BED_TEST(retry_is_refused_when_another_door_opened_meanwhile),
        BED_TEST(retry_is_refused_after_a_withdrawal),
        BED_TEST(no_pickup_starts_while_a_door_is_open),
        BED_TEST(no_pickup_starts_while_a_door_is_unknown),
        BED_TEST(no_pickup_with_a_low_battery_or_a_lost_board),
        BED_TEST(a_second_pulse_waits_for_a_coil_of_unknown_state),
        BED_TEST(a_second_pulse_follows_a_coil_seen_off_at_once),
        BED_TEST(too_early_and_past_the_lease_ask_the_pharmacy),
        BED_TEST(left_open_door_buzzes_and_is_told),
        BED_TEST(staff_may_take_over_a_door_left_open),
        BED_TEST(session_ends_after_a_minute_without_a_key),
        BED_TEST(ok_and_repeat_give_more_time_as_often_as_wanted),
        BED_TEST(a_digit_gives_more_time_and_is_not_lost),
        BED_TEST(a_birthday_may_take_its_time),
        BED_TEST(what_is_to_be_read_stays_a_minute_and_longer),
        BED_TEST(ok_keeps_its_meaning_after_a_refusal),
        BED_TEST(ok_keeps_its_meaning_at_a_jam),
        BED_TEST(what_was_said_is_not_covered_by_more_time),
        BED_TEST(the_choice_of_a_language_in_the_last_seconds_is_no_news_of_time),
        BED_TEST(a_late_tick_shows_no_time_left),
        BED_TEST(a_scan_before_an_open_door_does_nothing),
        BED_TEST(the_birthday_can_be_shown_too),
        BED_TEST(thanks_go_without_a_warning_and_stay_when_said_again),
        BED_TEST(repeat_changes_nothing_where_no_time_runs),
        BED_TEST(a_card_is_its_key),
        BED_TEST(staff_may_use_the_cards_too),
        BED_TEST(whoever_cannot_go_on_has_something_to_tell),
        BED_TEST(a_reference_without_a_pulse_is_day_hour_and_minute),
        BED_TEST(digits_are_shown_only_on_request),
        BED_TEST(clear_wipes_then_leaves),
        BED_TEST(help_shows_and_goes),
        BED_TEST(a_digit_on_a_screen_to_read_is_refused_and_part_of_nothing),
        BED_TEST(a_digit_is_refused_where_somebody_is_to_ask_or_has_reported),
        BED_TEST(a_digit_is_refused_at_a_jam_and_where_one_waits),
        BED_TEST(a_digit_is_refused_while_too_many_codes_were_wrong),
        BED_TEST(digits_without_a_language_are_refused),
        BED_TEST(unreadable_scan_says_so),
        BED_TEST(next_patient_may_type_over_the_thanks),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
