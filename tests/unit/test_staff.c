/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/locker_bed.h"

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
    bed_key(b, EVENT_KEY_SHOW); /* keeps the session */
    bed_wait(b, 10000);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
    bed_key(b, EVENT_KEY_OK);
    bed_verdict(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_MENU);
}

static void a_session_warns_and_any_key_gives_more_time(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    for (unsigned i = 1; i <= 3; i++) {
        bed_wait(b, STAFF_IDLE_MS - PICKUP_WARN_MS - 1000);
        assert_false(locker_screen(b->l)->more);
        bed_wait(b, 6000);
        assert_true(locker_screen(b->l)->more);
        assert_in_range(locker_screen(b->l)->seconds, 14, 16);
        assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
        assert_int_equal(b->sounds[SCREEN_SOUND_WARN], i);
        bed_key(b, i == 1 ? EVENT_KEY_REPEAT : EVENT_KEY_OK);
        assert_int_equal(bed_notice(b), SCREEN_NOTICE_EXTENDED);
        assert_int_equal(bed_screen(b), SCREEN_STAFF_MENU);
    }
    bed_key(b, EVENT_KEY_1);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
    bed_wait(b, STAFF_IDLE_MS);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void more_digits_than_a_pin_has_are_ignored(void **state)
{
    struct bed *b = *state;
    bed_scan(b, bed_badge(b, 7, "246813"));
    bed_type(b, "123456789012345");
    assert_int_equal(locker_screen(b->l)->entry_len, CODE_PIN_MAX);
}

static void a_second_pulse_in_the_last_seconds_says_nothing_of_time(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_key(b, EVENT_KEY_HELP); /* nothing to help with */
    assert_int_equal(bed_screen(b), SCREEN_STAFF_MENU);
    bed_scan(b, bed_voucher(b, 1, 1));
    bed_jams(b);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_JAM);
    bed_wait(b, STAFF_IDLE_MS - 10000);
    assert_true(locker_screen(b->l)->more);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_LOAD_OPENING);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
}

static void leaving_in_the_last_seconds_leaves(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_wait(b, STAFF_IDLE_MS - 10000);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(bed_screen(b), SCREEN_START);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NONE);
}

static void help_at_the_label_and_the_question_sets_the_door_aside(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    uint16_t door = b->pulse_door;
    bed_opens(b);
    bed_sense(b, door, HW_DOOR_CLOSED);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_CHECK);
    bed_wait(b, 2000);
    bed_scan(b, bed_label(b, door));
    bed_opens(b);
    bed_sense(b, door, HW_DOOR_CLOSED);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_INSPECT_ASK);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_CHECK);
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_CHECK);
}

static void what_was_told_is_not_covered_by_more_time(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    (void)bed_load_token(b, bed_voucher(b, 1, 1), 1);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_LOADED);
    bed_wait(b, STAFF_IDLE_MS - 10000);
    bed_key(b, EVENT_KEY_REPEAT);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_LOADED);
    assert_false(locker_screen(b->l)->more);
}

static void help_before_the_session_shows_whom_to_call(void **state)
{
    struct bed *b = *state;
    struct token t = bed_badge(b, 7, "246813");
    bed_scan(b, t);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    bed_key(b, EVENT_KEY_OK);
    t.u.badge.key_epoch = 2;
    bed_scan(b, t);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_REFUSED);
    assert_int_not_equal(locker_screen(b->l)->reference, 0);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    assert_int_not_equal(locker_screen(b->l)->reference, 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(badge_and_pin_open_a_session),
        BED_TEST(wrong_pin_is_refused_and_counted),
        BED_TEST(ten_wrong_pins_in_a_row_block_the_badge_only),
        BED_TEST(right_pin_clears_the_wrong_ones),
        BED_TEST(short_pin_is_not_tried),
        BED_TEST(pins_wait_for_the_limiter),
        BED_TEST(a_session_warns_and_any_key_gives_more_time),
        BED_TEST(more_digits_than_a_pin_has_are_ignored),
        BED_TEST(a_second_pulse_in_the_last_seconds_says_nothing_of_time),
        BED_TEST(leaving_in_the_last_seconds_leaves),
        BED_TEST(help_at_the_label_and_the_question_sets_the_door_aside),
        BED_TEST(what_was_told_is_not_covered_by_more_time),
        BED_TEST(help_before_the_session_shows_whom_to_call),
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
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
