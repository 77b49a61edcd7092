/* SPDX-License-Identifier: Apache-2.0 */
/* Several bags of one person in one visit. */
#include "controller/handover.h"
#include "tests/unit/locker_bed.h"

#define ANNA 0xA1
#define BERT 0xB2

/* Bags 1 to n, of the persons named. */
static void load_bags(struct bed *b, const uint8_t *persons, unsigned n)
{
    bed_login(b);
    for (unsigned i = 0; i < n; i++)
        (void)bed_load_token(b, bed_voucher_of(b, i + 1, persons[i]), i + 1);
    bed_logout(b);
    bed_wait(b, 2000);
}

static void load_two_of_anna(struct bed *b)
{
    static const uint8_t persons[] = {ANNA, ANNA};
    load_bags(b, persons, 2);
}

static void collect_open_one(struct bed *b)
{
    bed_opens(b);
    bed_take_and_close(b, b->pulse_door);
}

/* The first bag was collected, the screen says what comes now. */
static void collect_first(struct bed *b)
{
    bed_enter_code(b, 1);
    collect_open_one(b);
}

static void assert_bag(const struct bed *b, unsigned bag, unsigned bags)
{
    assert_int_equal(locker_screen(b->l)->bag, bag);
    assert_int_equal(locker_screen(b->l)->bags, bags);
}

static void one_code_leads_through_all_bags_of_a_person(void **state)
{
    struct bed *b = *state;
    static const uint8_t persons[] = {ANNA, BERT, ANNA, ANNA};
    static const char *const doors[] = {"A1", "A3", "A4"};
    load_bags(b, persons, 4);
    bed_enter_code(b, 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(bed_screen(b), SCREEN_OPENING);
        assert_string_equal(locker_screen(b->l)->door, doors[i]);
        assert_bag(b, i + 1, 3);
        assert_int_equal(b->last[RECORD_PULSED].actor.kind, RECORD_ACTOR_CODE);
        assert_int_equal(b->last[RECORD_PULSED].try, 1);
        collect_open_one(b);
        if (i == 2)
            break;
        assert_int_equal(bed_screen(b), SCREEN_NEXT);
        assert_string_equal(locker_screen(b->l)->door, doors[i + 1]);
        assert_bag(b, i + 2, 3);
        bed_key(b, EVENT_KEY_OK);
    }
    assert_int_equal(bed_screen(b), SCREEN_DONE);
    assert_bag(b, 3, 3);
    assert_int_equal(b->seen[RECORD_COLLECTED], 3);
    assert_int_equal(bed_order(b, 2)->state, ORDER_READY);
    assert_int_equal(limiter_wrong_1h(&b->l->limiter), 0);
}

static void the_lowest_door_comes_first_whatever_was_loaded_first(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    for (unsigned n = 1; n <= 3; n++) {
        struct token t = bed_voucher_of(b, n, ANNA);
        t.u.voucher.size = n == 2 ? TOKEN_SIZE_M : TOKEN_SIZE_S;
        (void)bed_load_token(b, t, n);
    }
    bed_logout(b);
    bed_wait(b, 2000);
    collect_first(b);
    assert_string_equal(locker_screen(b->l)->door, "A2");
    bed_key(b, EVENT_KEY_OK);
    collect_open_one(b);
    assert_string_equal(locker_screen(b->l)->door, "B1");
}

static void a_bag_on_its_own_is_followed_by_none(void **state)
{
    struct bed *b = *state;
    static const uint8_t persons[] = {0, 0, ANNA};
    load_bags(b, persons, 3);
    collect_first(b);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
    assert_bag(b, 0, 0);
}

static void clear_or_time_ends_the_visit(void **state)
{
    struct bed *b = *state;
    load_two_of_anna(b);
    collect_first(b);
    bed_type(b, "7"); /* nothing to type */
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(bed_screen(b), SCREEN_START);
    assert_int_equal(bed_order(b, 2)->state, ORDER_READY);
    bed_enter_code(b, 2); /* its own code still works */
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void nobody_there_ends_the_visit(void **state)
{
    struct bed *b = *state;
    load_two_of_anna(b);
    collect_first(b);
    bed_wait(b, PICKUP_IDLE_MS);
    assert_int_equal(bed_screen(b), SCREEN_START);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    assert_int_equal(b->seen[RECORD_PULSED], 3);
}

static void a_strict_bag_follows_only_code_and_birthday(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    for (unsigned n = 1; n <= 3; n++) {
        struct token t = bed_voucher_of(b, n, ANNA);
        t.u.voucher.has_v1 = n == 1;
        (void)bed_load_token(b, t, n);
    }
    bed_logout(b);
    bed_wait(b, 2000);
    collect_first(b);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
    bed_wait(b, PICKUP_DONE_MS);
    bed_enter_code(b, 2); /* refused: the birthday is asked for */
    bed_enter_code(b, 2);
    collect_open_one(b);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void a_token_with_code_and_birthday_reaches_strict_bags_too(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    for (unsigned n = 1; n <= 2; n++) {
        struct token t = bed_voucher_of(b, n, ANNA);
        t.u.voucher.has_v1 = false;
        (void)bed_load_token(b, t, n);
    }
    bed_logout(b);
    bed_wait(b, 2000);
    bed_scan(b, bed_qr(b, 1, 1));
    bed_enter_code(b, 1);
    collect_open_one(b);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(b->last[RECORD_PULSED].actor.kind, RECORD_ACTOR_TOKEN);
}

static void bags_outside_their_time_do_not_follow(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    (void)bed_load_token(b, bed_voucher_of(b, 1, ANNA), 1);
    struct token early = bed_voucher_of(b, 2, ANNA);
    early.u.voucher.not_before_s = BED_NOW_MS / 1000 + 7200;
    (void)bed_load_token(b, early, 2);
    struct token late = bed_voucher_of(b, 3, ANNA);
    late.u.voucher.not_after_s = BED_NOW_MS / 1000 + 60;
    (void)bed_load_token(b, late, 3);
    bed_logout(b);
    bed_wait(b, 60000);
    collect_first(b);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
}

static void what_is_unconfirmed_or_in_check_does_not_follow(void **state)
{
    struct bed *b = *state;
    static const uint8_t persons[] = {ANNA, ANNA, ANNA};
    load_bags(b, persons, 3);
    bed_enter_code(b, 2);
    bed_jams(b);
    bed_key(b, EVENT_KEY_HELP); /* UNCONFIRMED */
    bed_key(b, EVENT_KEY_OK);
    bed_sense(b, 2, HW_DOOR_OPEN); /* FORCED */
    bed_sense(b, 2, HW_DOOR_CLOSED);
    bed_wait(b, LOCKER_DOUBT_MS);
    collect_first(b);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
}

static void a_bag_withdrawn_while_it_is_offered_is_not_opened(void **state)
{
    struct bed *b = *state;
    load_two_of_anna(b);
    collect_first(b);
    bed_withdraw(b, 2, 1, false);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(b->seen[RECORD_PULSED], 3);
    assert_int_not_equal(bed_screen(b), SCREEN_NEXT);
}

static void the_offer_goes_when_its_bag_goes(void **state)
{
    struct bed *b = *state;
    static const uint8_t persons[] = {ANNA, ANNA, ANNA};
    load_bags(b, persons, 3);
    collect_first(b);
    assert_string_equal(locker_screen(b->l)->door, "A2");
    bed_withdraw(b, 2, 1, false);
    bed_wait(b, 250);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    assert_string_equal(locker_screen(b->l)->door, "A3");
    assert_bag(b, 2, 2);
    bed_withdraw(b, 3, 1, false);
    bed_wait(b, 250);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
}

/* A key comes at once after the news, before any tick. */
static void only_the_door_that_was_shown_is_opened(void **state)
{
    struct bed *b = *state;
    static const uint8_t persons[] = {ANNA, ANNA, ANNA};
    load_bags(b, persons, 3);
    collect_first(b);
    bed_withdraw(b, 2, 1, false);
    struct effects *fx = b->fx;
    const struct event ev = {.kind = EVENT_KEY, .now = b->now, .u.key = EVENT_KEY_OK};
    effects_clear(fx);
    b->l->pickup.over = PICKUP_OVER_REPORT; /* what stood in the way of the tick */
    handover_next(b->l, &ev, fx);
    assert_int_equal(fx->records, 0);
    assert_int_equal(b->l->pickup.state, PICKUP_NEXT);
    bed_wait(b, 250);
    assert_string_equal(locker_screen(b->l)->door, "A3");
}

static void another_open_door_stops_the_next_one(void **state)
{
    struct bed *b = *state;
    load_two_of_anna(b);
    collect_first(b);
    bed_sense(b, 5, HW_DOOR_OPEN);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_DOORS);
    assert_string_equal(locker_screen(b->l)->door, "B2");
    assert_int_equal(bed_order(b, 2)->state, ORDER_READY);
    bed_sense(b, 5, HW_DOOR_CLOSED);
    bed_key(b, EVENT_KEY_OK); /* back to the offer */
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void a_coil_that_must_rest_leaves_the_offer(void **state)
{
    struct bed *b = *state;
    load_two_of_anna(b);
    bed_enter_code(b, 1);
    bed_complete(b, HW_FAILED);
    bed_sense(b, b->pulse_door, HW_DOOR_OPEN);
    bed_take_bag(b, b->pulse_door);
    bed_sense(b, b->pulse_door, HW_DOOR_CLOSED);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_TRY_LATER);
    bed_wait(b, 2000);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
}

static void a_jam_of_one_bag_does_not_hide_the_next(void **state)
{
    struct bed *b = *state;
    static const uint8_t persons[] = {ANNA, ANNA, ANNA};
    load_bags(b, persons, 3);
    collect_first(b);
    bed_key(b, EVENT_KEY_OK);
    bed_jams(b);
    assert_int_equal(bed_screen(b), SCREEN_JAM);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    assert_int_equal(bed_order(b, 2)->state, ORDER_UNCONFIRMED);
    bed_wait(b, LOCKER_DOUBT_MS);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    assert_string_equal(locker_screen(b->l)->door, "A3");
    bed_key(b, EVENT_KEY_OK);
    collect_open_one(b);
    assert_int_equal(bed_order(b, 3)->state, ORDER_DONE);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
}

static void a_first_bag_that_jams_is_followed_by_none(void **state)
{
    struct bed *b = *state;
    load_two_of_anna(b);
    bed_enter_code(b, 1);
    bed_jams(b);
    bed_key(b, EVENT_KEY_HELP);
    bed_wait(b, LOCKER_DOUBT_MS);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void a_door_that_is_taken_away_ends_the_visit(void **state)
{
    struct bed *b = *state;
    static const uint8_t persons[] = {ANNA, ANNA, ANNA};
    load_bags(b, persons, 3);
    collect_first(b);
    bed_key(b, EVENT_KEY_OK);
    bed_board(b, 0, HW_BOARD_STOPPED, 3);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    bed_board(b, 0, HW_BOARD_OK, 0);
    bed_wait(b, LOCKER_DOUBT_MS);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_START);
}

static void the_right_for_one_bag_ends_with_it(void **state)
{
    struct bed *b = *state;
    load_two_of_anna(b);
    bed_enter_code(b, 1);
    b->l->pickup.visit.one_bag = true;
    collect_open_one(b);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
}

static void a_scan_on_the_offer_begins_anew_in_the_same_language(void **state)
{
    struct bed *b = *state;
    load_two_of_anna(b);
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_key(b, EVENT_KEY_5);
    collect_first(b);
    bed_simple(b, EVENT_BAD_SCAN);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_BAD_SCAN);
    bed_scan(b, bed_qr(b, 2, 1));
    assert_int_equal(bed_screen(b), SCREEN_OPENING);
    assert_int_equal(locker_screen(b->l)->language, LANGUAGE_PL);
    assert_int_equal(b->last[RECORD_PULSED].actor.kind, RECORD_ACTOR_TOKEN);
    collect_open_one(b);
    bed_wait(b, PICKUP_DONE_MS);
    assert_int_equal(locker_screen(b->l)->language, LANGUAGE_NL);
}

static void a_scan_on_the_offer_without_a_choice_speaks_the_orders_language(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    (void)bed_load_token(b, bed_voucher_of(b, 1, ANNA), 1);
    struct token t = bed_voucher_of(b, 2, ANNA);
    t.u.voucher.language = LANGUAGE_TR;
    (void)bed_load_token(b, t, 2);
    bed_logout(b);
    bed_wait(b, 2000);
    collect_first(b);
    bed_scan(b, bed_qr(b, 2, 1));
    assert_int_equal(locker_screen(b->l)->language, LANGUAGE_TR);
}

static void a_restart_forgets_the_visit(void **state)
{
    struct bed *b = *state;
    load_two_of_anna(b);
    collect_first(b);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    b->pulse = b->acked_pulse = b->l->pulse_serial;
    bed_reboot(b, 1000);
    bed_start(b);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    assert_int_equal(bed_order(b, 2)->state, ORDER_READY);
}

static void staff_ends_the_visit(void **state)
{
    struct bed *b = *state;
    load_two_of_anna(b);
    collect_first(b);
    bed_login(b);
    bed_logout(b);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(one_code_leads_through_all_bags_of_a_person),
        BED_TEST(the_lowest_door_comes_first_whatever_was_loaded_first),
        BED_TEST(a_scan_on_the_offer_without_a_choice_speaks_the_orders_language),
        BED_TEST(a_bag_on_its_own_is_followed_by_none),
        BED_TEST(clear_or_time_ends_the_visit),
        BED_TEST(nobody_there_ends_the_visit),
        BED_TEST(a_strict_bag_follows_only_code_and_birthday),
        BED_TEST(a_token_with_code_and_birthday_reaches_strict_bags_too),
        BED_TEST(bags_outside_their_time_do_not_follow),
        BED_TEST(what_is_unconfirmed_or_in_check_does_not_follow),
        BED_TEST(a_bag_withdrawn_while_it_is_offered_is_not_opened),
        BED_TEST(the_offer_goes_when_its_bag_goes),
        BED_TEST(only_the_door_that_was_shown_is_opened),
        BED_TEST(another_open_door_stops_the_next_one),
        BED_TEST(a_coil_that_must_rest_leaves_the_offer),
        BED_TEST(a_jam_of_one_bag_does_not_hide_the_next),
        BED_TEST(a_first_bag_that_jams_is_followed_by_none),
        BED_TEST(a_door_that_is_taken_away_ends_the_visit),
        BED_TEST(the_right_for_one_bag_ends_with_it),
        BED_TEST(a_scan_on_the_offer_begins_anew_in_the_same_language),
        BED_TEST(a_restart_forgets_the_visit),
        BED_TEST(staff_ends_the_visit),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
