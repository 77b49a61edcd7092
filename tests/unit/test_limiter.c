/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controller/limiter.h"

#define SEED_DEFAULT UINT64_C(20260131)
#define PROPERTY_STEPS 100000u

static struct clock_now at(int64_t boot_ms)
{
    return (struct clock_now){.boot = 1, .boot_ms = boot_ms};
}

static struct limiter fresh(void)
{
    struct limiter l;
    const struct clock_now now = at(1000);
    limiter_init(&l, &now);
    return l;
}

static void advance(struct limiter *l, int64_t boot_ms)
{
    const struct clock_now now = at(boot_ms);
    limiter_advance(l, &now);
}

static void ten_tries_then_step_up_then_wait(void **state)
{
    (void)state;
    struct limiter l = fresh();
    for (unsigned i = 0; i < LIMITER_TOKENS; i++) {
        assert_int_equal(limiter_mode(&l), LIMITER_NORMAL);
        assert_true(limiter_take(&l, LIMITER_CODE));
    }
    assert_false(limiter_take(&l, LIMITER_CODE));
    assert_int_equal(limiter_mode(&l), LIMITER_STEP_UP);
    for (unsigned i = 0; i < LIMITER_TOKENS; i++)
        assert_true(limiter_take(&l, LIMITER_BOTH));
    assert_int_equal(limiter_mode(&l), LIMITER_WAIT);
    assert_int_equal(limiter_wait_s(&l, LIMITER_BOTH), 30);
    assert_int_equal(limiter_wait_s(&l, LIMITER_CODE), 600);
    assert_int_equal(limiter_wrong_1h(&l), 2 * LIMITER_TOKENS);
}

static void tokens_come_back_by_boot_time(void **state)
{
    (void)state;
    struct limiter l = fresh();
    while (limiter_take(&l, LIMITER_CODE) || limiter_take(&l, LIMITER_BOTH))
        ;
    advance(&l, 1000 + LIMITER_BOTH_MS - 1);
    assert_int_equal(limiter_mode(&l), LIMITER_WAIT);
    assert_int_equal(limiter_wait_s(&l, LIMITER_BOTH), 1);
    advance(&l, 1000 + LIMITER_BOTH_MS);
    assert_int_equal(limiter_wait_s(&l, LIMITER_BOTH), 0);
    assert_int_equal(limiter_mode(&l), LIMITER_STEP_UP);
    advance(&l, 1000 + LIMITER_CODE_MS);
    assert_int_equal(limiter_mode(&l), LIMITER_NORMAL);
    advance(&l, 1000 + INT64_C(1000) * LIMITER_CODE_MS);
    assert_int_equal(l.credit_ms[LIMITER_CODE], (int64_t)LIMITER_TOKENS * LIMITER_CODE_MS);
}

static void nothing_is_credited_across_a_boot_or_backwards(void **state)
{
    (void)state;
    struct limiter l = fresh();
    while (limiter_take(&l, LIMITER_CODE))
        ;
    struct clock_now now = {.boot = 2, .boot_ms = INT64_C(1) << 40};
    limiter_advance(&l, &now);
    assert_int_equal(l.credit_ms[LIMITER_CODE], 0);
    now.boot_ms -= 5000;
    limiter_advance(&l, &now);
    assert_int_equal(l.credit_ms[LIMITER_CODE], 0);
    now.boot_ms += 4000;
    limiter_advance(&l, &now);
    assert_int_equal(l.credit_ms[LIMITER_CODE], 0);
    now.boot_ms += 3000;
    limiter_advance(&l, &now);
    assert_int_equal(l.credit_ms[LIMITER_CODE], 2000);
}

static void giving_back_undoes_a_take(void **state)
{
    (void)state;
    struct limiter l = fresh();
    const struct limiter before = l;
    assert_true(limiter_take(&l, LIMITER_CODE));
    limiter_give_back(&l, LIMITER_CODE);
    assert_memory_equal(&l, &before, sizeof l);
    /* Counted in one slot, given back in the next. */
    assert_true(limiter_take(&l, LIMITER_CODE));
    advance(&l, 1000 + LIMITER_SLOT_MS);
    limiter_give_back(&l, LIMITER_CODE);
    assert_int_equal(limiter_wrong_1h(&l), 0);
    limiter_give_back(&l, LIMITER_CODE); /* never above the capacity nor below zero */
    assert_int_equal(limiter_wrong_1h(&l), 0);
    assert_int_equal(l.credit_ms[LIMITER_CODE], (int64_t)LIMITER_TOKENS * LIMITER_CODE_MS);
}

static void counts_fall_out_of_their_windows(void **state)
{
    (void)state;
    struct limiter l = fresh();
    assert_true(limiter_take(&l, LIMITER_CODE));
    advance(&l, 1000 + INT64_C(59) * 60 * 1000);
    assert_int_equal(limiter_wrong_1h(&l), 1);
    advance(&l, 1000 + INT64_C(71) * 60 * 1000);
    assert_int_equal(limiter_wrong_1h(&l), 0);
    assert_int_equal(limiter_wrong_24h(&l), 1);
    advance(&l, 1000 + INT64_C(25) * 3600 * 1000);
    assert_int_equal(limiter_wrong_24h(&l), 0);
    assert_int_equal(limiter_wrong_7d(&l), 1);
    advance(&l, 1000 + INT64_C(7) * 24 * 3600 * 1000);
    assert_int_equal(limiter_wrong_7d(&l), 0);
    assert_true(limiter_take(&l, LIMITER_CODE));
    advance(&l, 1000 + INT64_C(70) * 24 * 3600 * 1000);
    assert_int_equal(limiter_wrong_7d(&l), 0);
}

static void alarms_are_raised_once_for_each_crossing(void **state)
{
    (void)state;
    struct limiter l = fresh();
    l.wrong[0] = LIMITER_ALARM_1H - 1;
    assert_false(limiter_alarm(&l));
    l.wrong[0] = LIMITER_ALARM_1H;
    assert_true(limiter_alarm(&l));
    assert_false(limiter_alarm(&l));
    l.wrong[0] = LIMITER_ALARM_24H;
    assert_true(limiter_alarm(&l));
    l.wrong[0] = LIMITER_ALARM_7D;
    assert_false(limiter_alarm(&l));
    assert_int_equal(limiter_mode(&l), LIMITER_NORMAL);
    l.wrong[0] = LIMITER_ALARM_7D + 1;
    assert_int_equal(limiter_mode(&l), LIMITER_STEP_UP);
    assert_true(limiter_alarm(&l));
    advance(&l, 1000 + INT64_C(8) * 24 * 3600 * 1000);
    assert_false(limiter_alarm(&l));
    assert_int_equal(limiter_mode(&l), LIMITER_STEP_UP); /* until staff acknowledges */
    limiter_reset_counts(&l);
    assert_int_equal(limiter_mode(&l), LIMITER_NORMAL);
    l.wrong[0] = LIMITER_ALARM_1H;
    advance(&l, 1000 + INT64_C(8) * 24 * 3600 * 1000 + 1);
    l.wrong[(l.age_ms / LIMITER_SLOT_MS) % LIMITER_SLOTS] = LIMITER_ALARM_1H;
    assert_true(limiter_alarm(&l));
}

static void a_slot_does_not_overflow(void **state)
{
    (void)state;
    struct limiter l = fresh();
    l.wrong[0] = UINT16_MAX;
    assert_true(limiter_take(&l, LIMITER_CODE));
    assert_int_equal(l.wrong[0], UINT16_MAX);
}

static void packing_keeps_everything(void **state)
{
    (void)state;
    struct limiter l = fresh();
    uint8_t packed[LIMITER_PACKED_LEN];
    (void)limiter_take(&l, LIMITER_CODE);
    advance(&l, INT64_C(123456789));
    (void)limiter_take(&l, LIMITER_BOTH);
    l.latched = true;
    l.alarms = 5;
    limiter_pack(&l, packed);
    struct limiter read = {0};
    assert_int_equal(limiter_unpack(&read, packed, sizeof packed), ERR_OK);
    uint8_t again[LIMITER_PACKED_LEN];
    limiter_pack(&read, again);
    assert_memory_equal(packed, again, sizeof packed);
    assert_int_equal(read.credit_ms[LIMITER_CODE], l.credit_ms[LIMITER_CODE]);
    assert_int_equal(read.boot, l.boot);
    assert_true(read.latched);
}

static void damaged_form_is_refused(void **state)
{
    (void)state;
    const struct limiter l = fresh();
    struct limiter out = {.age_ms = 77};
    uint8_t packed[LIMITER_PACKED_LEN];
    limiter_pack(&l, packed);
    assert_int_equal(limiter_unpack(&out, packed, sizeof packed - 1), ERR_CORRUPT);
    static const unsigned bad_bytes[] = {0, 1, 8, 9, 16, 24, 36, 37};
    for (unsigned i = 0; i < sizeof bad_bytes / sizeof bad_bytes[0]; i++) {
        limiter_pack(&l, packed);
        packed[bad_bytes[i]] = 0xF0;
        assert_int_equal(limiter_unpack(&out, packed, sizeof packed), ERR_CORRUPT);
    }
    assert_int_equal(out.age_ms, 77);
}

/* Whatever the schedule of tries, waits, power cuts and clock jumps: never more wrong tries than the budget. */
static void budget_is_never_exceeded(void **state)
{
    (void)state;
    const char *text = getenv("MEDLOCKER_SEED");
    uint64_t rng = text == NULL ? SEED_DEFAULT : strtoull(text, NULL, 10);
    fprintf(stderr, "seed %llu\n", (unsigned long long)rng);
    struct clock_now now = {.boot = 1, .boot_ms = 1000, .wall_ms = 0};
    struct limiter l;
    uint8_t synced[LIMITER_PACKED_LEN];
    int64_t run_ms = 0;
    uint64_t tries[2] = {0, 0};
    limiter_init(&l, &now);
    limiter_pack(&l, synced);
    for (unsigned i = 0; i < PROPERTY_STEPS; i++) {
        rng = rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint32_t r = (uint32_t)(rng >> 33);
        enum limiter_bucket b = r & 0x10000 ? LIMITER_CODE : LIMITER_BOTH;
        if (r % 100 < 70) {
            limiter_advance(&l, &now);
            if (limiter_take(&l, b)) {
                limiter_pack(&l, synced); /* made durable before the verdict */
                tries[b]++;
                if (r % 7 == 0) { /* it was right */
                    limiter_give_back(&l, b);
                    limiter_pack(&l, synced);
                    tries[b]--;
                }
            }
        } else if (r % 100 < 90) {
            int64_t pass_ms = (int64_t)((r >> 8) % 60000);
            now.boot_ms += pass_ms;
            run_ms += pass_ms;
        } else if (r % 100 < 95) {
            now.boot++;
            now.boot_ms = (int64_t)(r >> 4); /* the boot clock starts anywhere */
            assert_int_equal(limiter_unpack(&l, synced, sizeof synced), ERR_OK);
        } else {
            now.wall_ms = (int64_t)(rng >> 20) - (INT64_C(1) << 42);
            limiter_advance(&l, &now);
        }
        assert_true(tries[LIMITER_CODE] <= LIMITER_TOKENS + (uint64_t)(run_ms / LIMITER_CODE_MS));
        assert_true(tries[LIMITER_BOTH] <= LIMITER_TOKENS + (uint64_t)(run_ms / LIMITER_BOTH_MS));
    }
    assert_true(tries[LIMITER_CODE] > 0 && tries[LIMITER_BOTH] > 0);
}

static void a_patient_is_served_within_35_seconds_whatever_came_before(void **state)
{
    (void)state;
    struct limiter l = fresh();
    int64_t ms = 1000;
    for (unsigned i = 0; i < 2000; i++) {
        while (limiter_take(&l, LIMITER_CODE) || limiter_take(&l, LIMITER_BOTH))
            ;
        assert_true(limiter_wait_s(&l, LIMITER_BOTH) <= 30);
        ms += 1 + (int64_t)(i * 37 % 3000);
        advance(&l, ms);
    }
}

static void modes_have_names(void **state)
{
    (void)state;
    assert_string_equal(limiter_mode_name(LIMITER_NORMAL), "normal");
    assert_string_equal(limiter_mode_name(LIMITER_STEP_UP), "step-up");
    assert_string_equal(limiter_mode_name(LIMITER_WAIT), "wait");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_tries_then_step_up_then_wait),
        cmocka_unit_test(tokens_come_back_by_boot_time),
        cmocka_unit_test(nothing_is_credited_across_a_boot_or_backwards),
        cmocka_unit_test(giving_back_undoes_a_take),
        cmocka_unit_test(counts_fall_out_of_their_windows),
        cmocka_unit_test(alarms_are_raised_once_for_each_crossing),
        cmocka_unit_test(a_slot_does_not_overflow),
        cmocka_unit_test(packing_keeps_everything),
        cmocka_unit_test(damaged_form_is_refused),
        cmocka_unit_test(budget_is_never_exceeded),
        cmocka_unit_test(a_patient_is_served_within_35_seconds_whatever_came_before),
        cmocka_unit_test(modes_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
