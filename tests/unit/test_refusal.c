/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/locker_bed.h"

#define TOLD(b) ((b)->seen[RECORD_SCAN_REFUSED])

static void assert_told(const struct bed *b, const char *cause, uint16_t door, unsigned order)
{
    const struct record *rec = &b->last[RECORD_SCAN_REFUSED];
    assert_string_equal(rec->u.cause, cause);
    assert_int_equal(rec->door, door);
    assert_int_equal(rec->actor.kind, RECORD_ACTOR_STAFF);
    assert_int_equal(rec->actor.staff[0], 7);
    assert_int_equal(rec->order.present, order != 0);
    assert_int_equal(rec->order.id[15], order);
}

static void wrong_label_at_the_rescan_is_told_with_the_door_that_was_meant(void **state)
{
    struct bed *b = *state;
    bed_load_until_label(b);
    bed_scan(b, bed_label(b, 1));
    assert_int_equal(TOLD(b), 1);
    assert_told(b, "wrong-label", 0, 0);
    bed_scan(b, bed_label(b, 0));
    assert_int_equal(bed_order(b, 1)->state, ORDER_READY);
    assert_int_equal(TOLD(b), 1);
}

static void refused_bag_is_told_with_its_order(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    (void)bed_load_token(b, bed_voucher(b, 1, 1), 1);
    bed_wait(b, 2000);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_told(b, "in-locker", 0, 1);
    struct token elsewhere = bed_voucher(b, 2, 1);
    elsewhere.u.voucher.bind.locker[0] ^= 1;
    bed_scan(b, elsewhere);
    assert_told(b, "wrong-locker", CABINET_NO_DOOR, 2);
    struct token late = bed_voucher(b, 3, 1);
    late.u.voucher.not_after_s = BED_NOW_MS / 1000 - 60;
    bed_scan(b, late);
    assert_told(b, "expired", CABINET_NO_DOOR, 3);
    struct token cold = bed_voucher(b, 4, 1);
    cold.u.voucher.zone = TOKEN_ZONE_COLD;
    bed_climate(b, HW_CLIMATE_OK, 9000);
    bed_scan(b, cold);
    assert_told(b, "no-door", CABINET_NO_DOOR, 4);
    assert_int_equal(TOLD(b), 4);
}

static void what_is_not_ours_is_told_without_anything_of_it(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_simple(b, EVENT_BAD_SCAN);
    assert_told(b, "bad-scan", CABINET_NO_DOOR, 0);
    (void)bed_load_token(b, bed_voucher(b, 1, 1), 1);
    bed_scan(b, bed_qr(b, 1, 1)); /* a pickup token names its order, but is nothing to load */
    assert_int_equal(TOLD(b), 2);
    assert_told(b, "bad-scan", CABINET_NO_DOOR, 0);
}

static void bag_that_does_not_belong_behind_the_door_is_told(void **state)
{
    struct bed *b = *state;
    bed_load_until_label(b);
    bed_key(b, EVENT_KEY_HELP); /* not this door */
    bed_wait(b, 2000);
    bed_scan(b, bed_label(b, 0));
    bed_opens(b);
    bed_sense(b, 0, HW_DOOR_CLOSED);
    assert_int_equal(bed_screen(b), SCREEN_STAFF_INSPECT_ASK);
    assert_int_equal(TOLD(b), 0);
    bed_scan(b, bed_voucher(b, 2, 1));
    assert_told(b, "wrong-bag", 0, 2);
}

static void label_below_the_scanner_is_told_once_in_a_minute(void **state)
{
    struct bed *b = *state;
    bed_load_until_label(b);
    for (unsigned i = 0; i < 10; i++)
        bed_scan(b, bed_label(b, 1));
    assert_int_equal(TOLD(b), 1);
    bed_wait(b, REFUSAL_AGAIN_MS - 1000);
    bed_scan(b, bed_label(b, 1));
    assert_int_equal(TOLD(b), 1);
    bed_wait(b, 1000);
    bed_scan(b, bed_label(b, 1));
    assert_int_equal(TOLD(b), 2);
}

static void another_refusal_or_the_same_after_a_good_scan_is_told(void **state)
{
    struct bed *b = *state;
    bed_load_until_label(b);
    bed_scan(b, bed_label(b, 1));
    bed_scan(b, bed_voucher(b, 2, 1));
    assert_told(b, "finish-first", 0, 2);
    bed_scan(b, bed_voucher(b, 3, 1));
    bed_scan(b, bed_voucher(b, 3, 2));
    assert_int_equal(b->last[RECORD_SCAN_REFUSED].order.load, 2);
    bed_simple(b, EVENT_BAD_SCAN);
    assert_int_equal(TOLD(b), 5);
    bed_scan(b, bed_label(b, 0));
    bed_wait(b, 2000);
    bed_simple(b, EVENT_BAD_SCAN); /* before no door now */
    assert_told(b, "bad-scan", CABINET_NO_DOOR, 0);
    bed_scan(b, bed_voucher(b, 2, 1));
    bed_opens(b);
    bed_put_bag(b, 1, 2, 1);
    bed_sense(b, 1, HW_DOOR_CLOSED);
    bed_scan(b, bed_label(b, 1));
    bed_wait(b, 2000);
    bed_simple(b, EVENT_BAD_SCAN); /* to the letter the last one, but a bag came between */
    assert_int_equal(TOLD(b), 7);
    bed_scan(b, bed_label(b, 0));
    assert_told(b, "not-for-look", 0, 0);
    bed_scan(b, bed_label(b, 1));
    assert_told(b, "not-for-look", 1, 0);
}

static void nobody_or_a_badge_without_pin_is_not_told(void **state)
{
    struct bed *b = *state;
    bed_scan(b, bed_voucher(b, 1, 1));
    bed_simple(b, EVENT_BAD_SCAN);
    bed_scan(b, bed_badge(b, 7, "246813"));
    bed_simple(b, EVENT_BAD_SCAN);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(bed_screen(b), SCREEN_STAFF_PIN);
    assert_int_equal(TOLD(b), 0);
}

static void refusals_leave_the_outbox_to_bags(void **state)
{
    struct bed *b = *state;
    bed_load_until_label(b);
    b->l->cabinet.outbox_rows_max = 1000;
    b->outbox = 1000 * REFUSAL_ROOM_PERCENT / 100;
    bed_scan(b, bed_label(b, 1));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_WRONG_LABEL);
    assert_int_equal(TOLD(b), 0);
    b->outbox = 0;
    bed_scan(b, bed_label(b, 1));
    assert_int_equal(TOLD(b), 1);
}

static void a_press_that_is_refused_is_no_scan(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_type(b, "999");
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_UNKNOWN_DOOR);
    assert_int_equal(TOLD(b), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(wrong_label_at_the_rescan_is_told_with_the_door_that_was_meant),
        BED_TEST(refused_bag_is_told_with_its_order),
        BED_TEST(what_is_not_ours_is_told_without_anything_of_it),
        BED_TEST(bag_that_does_not_belong_behind_the_door_is_told),
        BED_TEST(label_below_the_scanner_is_told_once_in_a_minute),
        BED_TEST(another_refusal_or_the_same_after_a_good_scan_is_told),
        BED_TEST(nobody_or_a_badge_without_pin_is_not_told),
        BED_TEST(refusals_leave_the_outbox_to_bags),
        BED_TEST(a_press_that_is_refused_is_no_scan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
