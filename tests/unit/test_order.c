/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "controller/order.h"

#define NOW_MS INT64_C(1800000000000)

/* Rows: states, columns: load pickup collect unconfirm withdraw remove; '-': ignored. */
static const char *const rows[ORDER_STATE_N] = {
    /* KNOWN       */ "R---V-",
    /* READY       */ "-O--VV",
    /* OPENING     */ "--DU--",
    /* DONE        */ "------",
    /* UNCONFIRMED */ "-O--VV",
    /* VOID        */ "------",
};

static enum order_state from_letter(char letter, enum order_state otherwise)
{
    switch (letter) {
    case 'R':
        return ORDER_READY;
    case 'O':
        return ORDER_OPENING;
    case 'D':
        return ORDER_DONE;
    case 'U':
        return ORDER_UNCONFIRMED;
    case 'V':
        return ORDER_VOID;
    default:
        return otherwise;
    }
}

static void every_pair_leads_where_the_table_says(void **state)
{
    (void)state;
    for (unsigned s = 0; s < ORDER_STATE_N; s++) {
        assert_int_equal(strlen(rows[s]), ORDER_STEP_N);
        for (unsigned p = 0; p < ORDER_STEP_N; p++) {
            struct order o = {.used = true, .state = (enum order_state)s, .load = 3, .v1 = {1}, .v2 = {2}};
            enum order_state expected = from_letter(rows[s][p], o.state);
            assert_int_equal(order_step(&o, (enum order_step)p), rows[s][p] != '-');
            assert_int_equal(o.state, expected);
            bool ended = rows[s][p] == 'D' || rows[s][p] == 'V';
            assert_int_equal(o.v1[0] == 0 && o.v2[0] == 0, ended);
            assert_int_equal(o.newest, ended ? 3 : 0);
        }
    }
}

static void dead_orders_are_neither_live_nor_collectable(void **state)
{
    (void)state;
    static const bool live[ORDER_STATE_N] = {true, true, true, false, true, false};
    static const bool collectable[ORDER_STATE_N] = {false, true, false, false, true, false};
    for (unsigned s = 0; s < ORDER_STATE_N; s++) {
        struct order o = {.used = true, .state = (enum order_state)s};
        assert_int_equal(order_is_live(&o), live[s]);
        assert_int_equal(order_is_collectable(&o), collectable[s]);
        o.used = false;
        assert_false(order_is_live(&o));
        assert_false(order_is_collectable(&o));
    }
}

static struct floor floor_at(const struct clock_now *now)
{
    struct floor f;
    floor_init(&f, NOW_MS, now);
    return f;
}

static void pulses_end_after_three_or_ten_minutes(void **state)
{
    (void)state;
    struct clock_now now = {.boot = 1, .boot_ms = 1000};
    struct floor f = floor_at(&now);
    struct order o = {.used = true};
    for (unsigned i = 0; i < ORDER_PULSES_MAX; i++) {
        assert_true(order_may_pulse(&o, &now, &f));
        order_count_pulse(&o, &now, &f);
    }
    assert_false(order_may_pulse(&o, &now, &f));
    o = (struct order){.used = true};
    order_count_pulse(&o, &now, &f);
    now.boot_ms += ORDER_GRACE_MS;
    assert_true(order_may_pulse(&o, &now, &f));
    now.boot_ms++;
    assert_false(order_may_pulse(&o, &now, &f));
}

static void grace_is_counted_by_the_floor_after_a_boot(void **state)
{
    (void)state;
    struct clock_now now = {.boot = 1, .boot_ms = 1000};
    struct floor f = floor_at(&now);
    struct order o = {.used = true};
    order_count_pulse(&o, &now, &f);
    now = (struct clock_now){.boot = 2, .boot_ms = 500};
    floor_start(&f, &now);
    now.boot_ms += ORDER_GRACE_MS;
    floor_advance(&f, &now);
    assert_true(order_may_pulse(&o, &now, &f));
    now.boot_ms += 1;
    floor_advance(&f, &now);
    assert_false(order_may_pulse(&o, &now, &f));
}

static void slots_are_found_taken_and_forgotten_by_signed_time_only(void **state)
{
    (void)state;
    struct clock_now now = {.boot = 1, .boot_ms = 1000};
    struct floor f = floor_at(&now);
    struct order_table *t = calloc(1, sizeof *t);
    assert_non_null(t);
    uint8_t id[CODE_ORDER_LEN] = {0};
    assert_int_equal(order_find(t, id), ORDER_NONE);
    for (unsigned i = 0; i < ORDER_SLOTS; i++) {
        struct order *o = &t->slot[i];
        assert_int_equal(order_take_slot(t, &f, false), i);
        o->used = true;
        o->state = i % 2 == 0 ? ORDER_VOID : ORDER_DONE;
        o->id[0] = (uint8_t)i;
        o->id[1] = (uint8_t)(i >> 8);
        o->not_after_s = NOW_MS / 1000 + 1000 + (int64_t)i;
    }
    t->slot[0].door_name[0] = 'A'; /* its bag is here still */
    t->slot[1].state = ORDER_READY;
    assert_int_equal(order_live_count(t), 1);
    assert_int_equal(order_take_slot(t, &f, false), ORDER_NONE);
    /* A wall clock, however sure, makes nothing forgotten; the hub's time does. */
    now.wall_ms = NOW_MS + 14 * 60 * 1000;
    now.quality = CLOCK_NTP;
    floor_advance(&f, &now);
    f.floor_ms = NOW_MS + INT64_C(5000000);
    assert_int_equal(order_take_slot(t, &f, false), ORDER_NONE);
    floor_contact(&f, NOW_MS + 1002000 + 1);
    assert_int_equal(order_take_slot(t, &f, false), 2);
    t->slot[2].used = true;
    t->slot[2].state = ORDER_READY;
    assert_int_equal(order_take_slot(t, &f, false), ORDER_NONE);
    assert_int_equal(order_take_slot(t, &f, true), 3);
    id[0] = 7;
    assert_int_equal(order_find(t, id), 7);
    free(t);
}

static struct token_voucher voucher(uint8_t n, uint32_t load, const char *code, const char *ddmm)
{
    const struct code_key key = {.epoch = 1, .bytes = {9}};
    struct token_voucher v = {.bind.load = load, .has_v1 = true, .key_epoch = 1, .not_after_s = NOW_MS / 1000};
    uint8_t a[CODE_STRETCHED_LEN] = {0};
    memcpy(a, code, strlen(code));
    v.bind.order[0] = n;
    code_mac1(&key, &v.bind, a, v.v1);
    code_mac2(&key, &v.bind, a, ddmm, v.v2);
    return v;
}

static unsigned match(const struct order_table *t, const char *code, const char *ddmm, uint16_t *slot)
{
    const struct code_key key = {.epoch = 1, .bytes = {9}};
    const uint8_t locker[CODE_LOCKER_LEN] = {0};
    uint8_t a[CODE_STRETCHED_LEN] = {0};
    memcpy(a, code, strlen(code));
    return order_match(t, &key, locker, a, ddmm, slot);
}

static void match_counts_every_fitting_order(void **state)
{
    (void)state;
    struct order_table *t = calloc(1, sizeof *t);
    assert_non_null(t);
    uint16_t slot = ORDER_NONE;
    struct token_voucher v = voucher(1, 1, "one", "0101");
    order_begin(&t->slot[4], &v);
    assert_int_equal(match(t, "one", NULL, &slot), 0); /* KNOWN only */
    t->slot[4].state = ORDER_READY;
    assert_int_equal(match(t, "one", NULL, &slot), 1);
    assert_int_equal(slot, 4);
    assert_int_equal(match(t, "one", "0101", &slot), 1);
    assert_int_equal(match(t, "one", "0201", &slot), 0);
    assert_int_equal(match(t, "two", NULL, &slot), 0);
    v = voucher(2, 1, "one", "0101");
    order_begin(&t->slot[9], &v);
    t->slot[9].state = ORDER_UNCONFIRMED;
    assert_int_equal(match(t, "one", NULL, &slot), 2);
    t->slot[9].has_v1 = false;
    assert_int_equal(match(t, "one", NULL, &slot), 1);
    assert_int_equal(match(t, "one", "0101", &slot), 2);
    /* load_id is in the MAC: the same code of another load fits nothing. */
    t->slot[4].load = 2;
    assert_int_equal(match(t, "one", NULL, &slot), 0);
    free(t);
}

static void beginning_and_forgetting_keep_the_tombstone(void **state)
{
    (void)state;
    struct order o = {0};
    struct token_voucher v = voucher(1, 1, "one", "0101");
    order_begin(&o, &v);
    assert_int_equal(o.state, ORDER_KNOWN);
    assert_int_equal(o.newest, 0);
    order_forget(&o);
    assert_false(o.used);
    order_begin(&o, &v);
    (void)order_step(&o, ORDER_LOAD);
    (void)order_step(&o, ORDER_WITHDRAW);
    o.end = ORDER_END_WITHDRAWN;
    v = voucher(1, 2, "two", "0101");
    order_begin(&o, &v);
    assert_int_equal(o.newest, 1);
    order_forget(&o);
    assert_int_equal(o.state, ORDER_VOID);
    assert_int_equal(o.load, 1);
    assert_int_equal(o.end, ORDER_END_WITHDRAWN);
    assert_int_equal(o.v1[0] | o.v2[0], 0);
    o.state = ORDER_DONE;
    o.end = ORDER_END_NONE;
    order_begin(&o, &v);
    order_forget(&o);
    assert_int_equal(o.state, ORDER_DONE);
}

static void names_go_both_ways(void **state)
{
    (void)state;
    enum order_state read;
    for (unsigned s = 0; s < ORDER_STATE_N; s++) {
        assert_int_equal(order_state_parse(order_state_name((enum order_state)s), &read), ERR_OK);
        assert_int_equal(read, s);
    }
    assert_int_equal(order_state_parse("", &read), ERR_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_leads_where_the_table_says),
        cmocka_unit_test(dead_orders_are_neither_live_nor_collectable),
        cmocka_unit_test(pulses_end_after_three_or_ten_minutes),
        cmocka_unit_test(grace_is_counted_by_the_floor_after_a_boot),
        cmocka_unit_test(slots_are_found_taken_and_forgotten_by_signed_time_only),
        cmocka_unit_test(match_counts_every_fitting_order),
        cmocka_unit_test(beginning_and_forgetting_keep_the_tombstone),
        cmocka_unit_test(names_go_both_ways),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
