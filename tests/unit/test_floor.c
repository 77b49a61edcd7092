/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "controller/floor.h"

#define T0 INT64_C(1800000000000)
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static struct clock_now clock_at(int64_t boot_ms, int64_t wall_ms, enum clock_quality quality)
{
    return (struct clock_now){.boot = 1, .boot_ms = boot_ms, .wall_ms = wall_ms, .quality = quality};
}

static struct floor begin(int64_t wall_ms, enum clock_quality quality)
{
    struct floor f;
    const struct clock_now now = clock_at(1000, wall_ms, quality);
    floor_init(&f, T0, &now);
    return f;
}

static void advance(struct floor *f, int64_t boot_ms, int64_t wall_ms, enum clock_quality quality)
{
    const struct clock_now now = clock_at(boot_ms, wall_ms, quality);
    floor_advance(f, &now);
}

static void elapsed_boot_time_raises_the_floor(void **state)
{
    (void)state;
    struct floor f = begin(0, CLOCK_UNSURE);
    advance(&f, 1000 + HOUR, 0, CLOCK_UNSURE);
    assert_int_equal(floor_now_ms(&f), T0 + HOUR);
    assert_false(floor_is_sure(&f));
    advance(&f, 1000, 0, CLOCK_UNSURE);
    assert_int_equal(floor_now_ms(&f), T0 + HOUR);
}

static void wall_clock_is_believed_within_fifteen_minutes(void **state)
{
    (void)state;
    struct floor f = begin(T0 + 15 * MINUTE, CLOCK_RTC);
    assert_true(floor_is_sure(&f));
    assert_int_equal(floor_now_ms(&f), T0 + 15 * MINUTE);
    assert_int_equal(f.floor_ms, T0); /* an RTC is believed, but lifts nothing */
    f = begin(T0 + 15 * MINUTE + 1, CLOCK_RTC);
    assert_false(floor_is_sure(&f));
    assert_int_equal(floor_now_ms(&f), T0);
    f = begin(T0 - 15 * MINUTE, CLOCK_RTC);
    assert_true(floor_is_sure(&f));
    assert_int_equal(floor_now_ms(&f), T0);
    assert_int_equal(floor_stamp_ms(&f), T0 - 15 * MINUTE);
    f = begin(T0 - 15 * MINUTE - 1, CLOCK_RTC);
    assert_false(floor_is_sure(&f));
    assert_int_equal(floor_stamp_ms(&f), T0);
    f = begin(T0 + 1, CLOCK_UNSURE);
    assert_false(floor_is_sure(&f));
}

static void ntp_lifts_the_floor_but_cannot_pull_it_along(void **state)
{
    (void)state;
    struct floor f = begin(T0 + 10 * MINUTE, CLOCK_NTP);
    assert_int_equal(f.floor_ms, T0 + 10 * MINUTE);
    /* A liar who adds ten minutes each second. */
    for (int i = 1; i <= 1000; i++)
        advance(&f, 1000 + i * 1000, T0 + (10 + 10 * (int64_t)i) * MINUTE, CLOCK_NTP);
    assert_true(f.floor_ms <= T0 + 1000 * 1000 + 2 * FLOOR_BELIEF_MS);
}

static void signed_time_raises_and_never_lowers(void **state)
{
    (void)state;
    struct floor f = begin(0, CLOCK_UNSURE);
    floor_contact(&f, T0 + DAY);
    assert_int_equal(floor_now_ms(&f), T0 + DAY);
    assert_true(floor_is_sure(&f));
    floor_contact(&f, T0 - DAY);
    assert_int_equal(floor_now_ms(&f), T0 + DAY);
    assert_int_equal(f.contact_ms, T0 + DAY);
    advance(&f, 1000, T0 + DAY + MINUTE, CLOCK_RTC);
    assert_int_equal(floor_now_ms(&f), T0 + DAY + MINUTE);
}

static void setting_the_clock_back_revives_nothing(void **state)
{
    (void)state;
    struct floor f = begin(T0 + MINUTE, CLOCK_NTP);
    assert_true(floor_is_expired(&f, T0 / 1000 + 30));
    advance(&f, 2000, T0 - 10 * DAY, CLOCK_NTP);
    assert_true(floor_is_expired(&f, T0 / 1000 + 30));
    assert_false(floor_is_expired(&f, T0 / 1000 + 61));
}

static void setting_the_clock_forward_expires_nothing(void **state)
{
    (void)state;
    struct floor f = begin(T0 + MINUTE, CLOCK_NTP);
    advance(&f, 2000, T0 + 400 * DAY, CLOCK_NTP);
    assert_false(floor_is_expired(&f, (T0 + DAY) / 1000));
    assert_false(floor_is_past_lease(&f, TOKEN_CLASS_CONTROLLED, T0));
}

static void unsure_clock_cancels_no_pickup_for_being_early(void **state)
{
    (void)state;
    struct floor f = begin(T0, CLOCK_NTP);
    assert_true(floor_is_early(&f, T0 / 1000 + 60));
    assert_false(floor_is_early(&f, T0 / 1000));
    f = begin(0, CLOCK_UNSURE);
    assert_false(floor_is_early(&f, T0 / 1000 + 60));
    floor_contact(&f, T0);
    assert_true(floor_is_early(&f, T0 / 1000 + 60));
}

static void lease_runs_from_the_last_word_or_the_loading(void **state)
{
    (void)state;
    static const int64_t lease[TOKEN_CLASS_N] = {7 * DAY, DAY, 4 * HOUR};
    for (unsigned c = 0; c < TOKEN_CLASS_N; c++) {
        struct floor f = begin(0, CLOCK_UNSURE);
        advance(&f, 1000 + lease[c], 0, CLOCK_UNSURE);
        assert_false(floor_is_past_lease(&f, (enum token_class)c, 0));
        advance(&f, 1000 + lease[c] + 1, 0, CLOCK_UNSURE);
        assert_true(floor_is_past_lease(&f, (enum token_class)c, 0));
        assert_false(floor_is_past_lease(&f, (enum token_class)c, T0 + HOUR));
        floor_contact(&f, T0 + HOUR); /* an old message proves an old life only */
        advance(&f, 1000 + lease[c] + HOUR, 0, CLOCK_UNSURE);
        assert_false(floor_is_past_lease(&f, (enum token_class)c, 0));
        advance(&f, 1000 + lease[c] + HOUR + 1, 0, CLOCK_UNSURE);
        assert_true(floor_is_past_lease(&f, (enum token_class)c, 0));
    }
}

static void a_boot_credits_nothing_but_keeps_the_floor(void **state)
{
    (void)state;
    struct floor f = begin(T0, CLOCK_NTP);
    advance(&f, 1000 + DAY, T0 + DAY, CLOCK_NTP);
    floor_contact(&f, T0 + DAY);
    struct clock_now now = {.boot = 2, .boot_ms = 50 * DAY, .wall_ms = T0 + 3 * DAY, .quality = CLOCK_RTC};
    floor_start(&f, &now);
    assert_int_equal(floor_now_ms(&f), T0 + DAY);
    assert_false(floor_is_sure(&f));
    now.boot = 3; /* advance without a start: another boot's clock counts for nothing */
    now.boot_ms += DAY;
    floor_advance(&f, &now);
    assert_int_equal(floor_now_ms(&f), T0 + DAY);
}

static void saving_is_due_every_five_minutes(void **state)
{
    (void)state;
    struct floor f = begin(0, CLOCK_UNSURE);
    assert_false(floor_is_due(&f));
    advance(&f, 1000 + FLOOR_SAVE_MS, 0, CLOCK_UNSURE);
    assert_true(floor_is_due(&f));
    floor_saved(&f);
    assert_false(floor_is_due(&f));
}

static void floor_never_falls_whatever_the_clocks_do(void **state)
{
    (void)state;
    const char *text = getenv("MEDLOCKER_SEED");
    uint64_t rng = text == NULL ? 7 : strtoull(text, NULL, 10);
    fprintf(stderr, "seed %llu\n", (unsigned long long)rng);
    struct clock_now now = clock_at(1000, T0, CLOCK_NTP);
    struct floor f;
    floor_init(&f, T0, &now);
    int64_t before = f.floor_ms, hub_ms = T0;
    for (unsigned i = 0; i < 100000; i++) {
        rng = rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint32_t r = (uint32_t)(rng >> 33);
        now.quality = (enum clock_quality)(r % CLOCK_QUALITY_N);
        now.wall_ms = T0 + (int64_t)(r % 2000000) * 1000 - 1000000000;
        if (r % 50 == 0) {
            now.boot++;
            now.boot_ms = r;
            floor_start(&f, &now);
        } else if (r % 50 == 1) {
            hub_ms += r % 1000;
            floor_contact(&f, hub_ms - (int64_t)(r % 100000));
        } else {
            now.boot_ms += r % 1000;
            floor_advance(&f, &now);
        }
        assert_true(f.floor_ms >= before);
        assert_true(floor_now_ms(&f) >= f.floor_ms);
        assert_true(f.floor_ms - f.signed_ms <= FLOOR_BELIEF_MS);
        before = f.floor_ms;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elapsed_boot_time_raises_the_floor),
        cmocka_unit_test(wall_clock_is_believed_within_fifteen_minutes),
        cmocka_unit_test(ntp_lifts_the_floor_but_cannot_pull_it_along),
        cmocka_unit_test(signed_time_raises_and_never_lowers),
        cmocka_unit_test(setting_the_clock_back_revives_nothing),
        cmocka_unit_test(setting_the_clock_forward_expires_nothing),
        cmocka_unit_test(unsure_clock_cancels_no_pickup_for_being_early),
        cmocka_unit_test(lease_runs_from_the_last_word_or_the_loading),
        cmocka_unit_test(a_boot_credits_nothing_but_keeps_the_floor),
        cmocka_unit_test(saving_is_due_every_five_minutes),
        cmocka_unit_test(floor_never_falls_whatever_the_clocks_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
