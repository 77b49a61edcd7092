/* SPDX-License-Identifier: Apache-2.0 */
/* The language at the kiosk: by key, and by the order. */
#include "tests/unit/locker_bed.h"

static enum language language(const struct bed *b)
{
    return locker_screen(b->l)->language;
}

static uint16_t load_polish(struct bed *b)
{
    struct token t = bed_voucher(b, 1, 1);
    t.u.voucher.language = LANGUAGE_PL;
    bed_login(b);
    uint16_t door = bed_load_token(b, t, 1);
    bed_logout(b);
    bed_wait(b, 2000);
    return door;
}

static void a_digit_chooses_and_goes_back(void **state)
{
    struct bed *b = *state;
    for (unsigned i = 0; i < LANGUAGE_N; i++) {
        bed_key(b, EVENT_KEY_LANGUAGE);
        assert_int_equal(bed_screen(b), SCREEN_LANGUAGES);
        bed_key(b, (enum event_key)(EVENT_KEY_1 + i));
        assert_int_equal(bed_screen(b), SCREEN_START);
        assert_int_equal(language(b), i);
    }
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_type(b, "0789");
    bed_key(b, EVENT_KEY_SHOW); /* there is nothing to show */
    assert_int_equal(bed_screen(b), SCREEN_LANGUAGES);
    assert_int_equal(language(b), LANGUAGE_UK);
}

static void each_further_press_asks_in_the_next_language(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_LANGUAGE);
    for (unsigned i = 0; i < LANGUAGE_N; i++) {
        assert_int_equal(bed_screen(b), SCREEN_LANGUAGES);
        assert_int_equal(language(b), i);
        bed_key(b, EVENT_KEY_LANGUAGE);
    }
    assert_int_equal(language(b), LANGUAGE_NL);
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_START);
    assert_int_equal(language(b), LANGUAGE_EN);
}

static void clear_goes_back_without_a_choice(void **state)
{
    struct bed *b = *state;
    (void)load_polish(b);
    bed_type(b, "123");
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    assert_int_equal(locker_screen(b->l)->entry_len, 3); /* nothing typed is lost */
    assert_int_equal(language(b), LANGUAGE_NL);
    bed_key(b, EVENT_KEY_CLEAR);
    bed_enter_code(b, 1);
    assert_int_equal(language(b), LANGUAGE_PL);
}

static void clear_on_the_start_screen_leaves_all_as_it_was(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(bed_screen(b), SCREEN_START);
    assert_int_equal(b->l->pickup.until_ms, 0);
}

static void time_takes_what_is_shown_and_the_next_person_gets_the_lockers_own(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_wait(b, PICKUP_IDLE_MS - 1000);
    assert_int_equal(b->sounds[SCREEN_SOUND_WARN], 1);
    bed_wait(b, 1000);
    assert_int_equal(bed_screen(b), SCREEN_START);
    assert_int_equal(language(b), LANGUAGE_EN);
    bed_wait(b, PICKUP_IDLE_MS);
    assert_int_equal(language(b), LANGUAGE_NL);
    assert_int_equal(b->sounds[SCREEN_SOUND_WARN], 1); /* nobody is at the start screen */
}

static void a_right_code_speaks_the_language_of_its_order(void **state)
{
    struct bed *b = *state;
    uint16_t door = load_polish(b);
    bed_enter_code(b, 1);
    assert_int_equal(language(b), LANGUAGE_PL);
    bed_opens(b);
    bed_take_and_close(b, door);
    assert_int_equal(language(b), LANGUAGE_PL);
    bed_wait(b, PICKUP_DONE_MS);
    assert_int_equal(language(b), LANGUAGE_NL);
}

static void a_wrong_code_keeps_the_language(void **state)
{
    struct bed *b = *state;
    (void)load_polish(b);
    bed_wrong_code(b);
    assert_int_equal(language(b), LANGUAGE_NL);
}

static void a_key_counts_more_than_the_order(void **state)
{
    struct bed *b = *state;
    (void)load_polish(b);
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_key(b, EVENT_KEY_3);
    bed_scan(b, bed_qr(b, 1, 1));
    assert_int_equal(language(b), LANGUAGE_TR);
}

static void a_token_that_also_needs_a_code_speaks_its_language_at_once(void **state)
{
    struct bed *b = *state;
    struct token t = bed_voucher(b, 1, 1);
    t.u.voucher.language = LANGUAGE_AR;
    t.u.voucher.has_v1 = false;
    bed_login(b);
    (void)bed_load_token(b, t, 1);
    bed_logout(b);
    bed_wait(b, 2000);
    bed_scan(b, bed_qr(b, 1, 1));
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    assert_int_equal(language(b), LANGUAGE_AR);
}

static void the_choice_is_there_on_every_screen(void **state)
{
    struct bed *b = *state;
    uint16_t door = load_polish(b);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_LANGUAGE);
    assert_int_equal(bed_screen(b), SCREEN_LANGUAGES);
    bed_key(b, EVENT_KEY_2);
    assert_int_equal(bed_screen(b), SCREEN_REPORT); /* as before */
    assert_int_equal(language(b), LANGUAGE_EN);
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_take_and_close(b, door); /* the door is more urgent */
    assert_int_equal(bed_screen(b), SCREEN_DONE);
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_screen(b), SCREEN_REPORT);
}

/* Help, read, and back: the person is still there. */
static void the_choice_outlives_help_and_ends_with_the_visit(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_key(b, EVENT_KEY_4);
    for (unsigned i = 0; i < 2; i++) {
        bed_key(b, EVENT_KEY_HELP);
        assert_int_equal(language(b), LANGUAGE_AR);
        bed_key(b, EVENT_KEY_OK);
        assert_int_equal(bed_screen(b), SCREEN_START);
        assert_int_equal(language(b), LANGUAGE_AR);
        bed_wait(b, PICKUP_IDLE_MS - 1000);
    }
    bed_wait(b, 1000);
    assert_int_equal(language(b), LANGUAGE_NL); /* nobody is there any more */
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(language(b), LANGUAGE_NL);
    assert_int_equal(b->l->pickup.until_ms, 0);
}

static void clear_and_time_on_help_end_the_choice(void **state)
{
    struct bed *b = *state;
    for (unsigned i = 0; i < 2; i++) {
        bed_key(b, EVENT_KEY_LANGUAGE);
        bed_key(b, EVENT_KEY_4);
        bed_key(b, EVENT_KEY_HELP);
        if (i == 0)
            bed_key(b, EVENT_KEY_CLEAR);
        else
            bed_wait(b, PICKUP_MESSAGE_MS);
        assert_int_equal(bed_screen(b), SCREEN_START);
        assert_int_equal(language(b), LANGUAGE_NL);
    }
}

static void the_choice_outlives_help_on_the_way_to_a_bag(void **state)
{
    struct bed *b = *state;
    (void)load_polish(b);
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_key(b, EVENT_KEY_3);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_OK);
    bed_enter_code(b, 1);
    assert_int_equal(language(b), LANGUAGE_TR); /* chosen: not that of the order */
}

static void who_has_reported_is_done_and_so_is_the_choice(void **state)
{
    struct bed *b = *state;
    uint16_t door = load_polish(b);
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_key(b, EVENT_KEY_3);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_key(b, EVENT_KEY_HELP);
    bed_key(b, EVENT_KEY_1);
    bed_take_and_close(b, door);
    assert_int_equal(bed_screen(b), SCREEN_REPORTED);
    assert_int_equal(language(b), LANGUAGE_TR);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_START);
    assert_int_equal(language(b), LANGUAGE_NL);
}

static void staff_may_choose_before_the_badge_and_keeps_it(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_key(b, EVENT_KEY_2);
    bed_login(b);
    assert_int_equal(language(b), LANGUAGE_EN);
    bed_wait(b, PICKUP_IDLE_MS); /* the time of a patient who is not there */
    assert_int_equal(bed_screen(b), SCREEN_STAFF_MENU);
    assert_int_equal(language(b), LANGUAGE_EN);
    bed_logout(b);
    assert_int_equal(language(b), LANGUAGE_NL);
}

static void staff_that_asks_for_help_instead_of_the_pin_keeps_the_language(void **state)
{
    struct bed *b = *state;
    bed_scan(b, bed_badge(b, 1, "2580"));
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    assert_int_equal(language(b), LANGUAGE_EN);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(language(b), LANGUAGE_EN);
    bed_wait(b, PICKUP_IDLE_MS);
    assert_int_equal(language(b), LANGUAGE_NL);
}

static void what_goes_on_behind_the_choice_is_not_stopped(void **state)
{
    struct bed *b = *state;
    (void)load_polish(b);
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    bed_key(b, EVENT_KEY_LANGUAGE);
    assert_int_equal(bed_screen(b), SCREEN_LANGUAGES);
    bed_key(b, EVENT_KEY_HELP); /* no help while a code is checked */
    assert_int_equal(bed_screen(b), SCREEN_LANGUAGES);
    bed_verdict(b);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void a_badge_ends_the_choice(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_LANGUAGE);
    assert_false(locker_is_idle(b->l));
    bed_login(b);
    bed_logout(b);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void staff_steps_through_the_languages(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_key(b, EVENT_KEY_LANGUAGE);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_MENU);
    assert_int_equal(language(b), LANGUAGE_EN);
    for (unsigned i = 1; i < LANGUAGE_N; i++)
        bed_key(b, EVENT_KEY_LANGUAGE);
    assert_int_equal(language(b), LANGUAGE_NL);
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_logout(b);
    assert_int_equal(language(b), LANGUAGE_NL);
}

static void a_bad_scan_is_heard_on_the_choice(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_simple(b, EVENT_BAD_SCAN);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_BAD_SCAN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(a_digit_chooses_and_goes_back),
        BED_TEST(each_further_press_asks_in_the_next_language),
        BED_TEST(clear_goes_back_without_a_choice),
        BED_TEST(clear_on_the_start_screen_leaves_all_as_it_was),
        BED_TEST(time_takes_what_is_shown_and_the_next_person_gets_the_lockers_own),
        BED_TEST(a_right_code_speaks_the_language_of_its_order),
        BED_TEST(a_wrong_code_keeps_the_language),
        BED_TEST(a_key_counts_more_than_the_order),
        BED_TEST(a_token_that_also_needs_a_code_speaks_its_language_at_once),
        BED_TEST(the_choice_is_there_on_every_screen),
        BED_TEST(the_choice_outlives_help_and_ends_with_the_visit),
        BED_TEST(clear_and_time_on_help_end_the_choice),
        BED_TEST(the_choice_outlives_help_on_the_way_to_a_bag),
        BED_TEST(who_has_reported_is_done_and_so_is_the_choice),
        BED_TEST(staff_may_choose_before_the_badge_and_keeps_it),
        BED_TEST(staff_that_asks_for_help_instead_of_the_pin_keeps_the_language),
        BED_TEST(what_goes_on_behind_the_choice_is_not_stopped),
        BED_TEST(a_badge_ends_the_choice),
        BED_TEST(staff_steps_through_the_languages),
        BED_TEST(a_bad_scan_is_heard_on_the_choice),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
