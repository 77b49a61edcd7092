/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "backend/order.h"

static const uint8_t HERE[ORDER_LOCKER_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t ELSEWHERE[ORDER_LOCKER_LEN] = {9};

static struct order in_state(enum order_state s)
{
    struct order o;
    struct request ask;
    uint8_t id[ORDER_ID_LEN] = {7};

    request_init(&ask, REQUEST_JSON);
    order_init(&o, id, &ask, 1000);
    o.state = s;
    o.load = 2;
    memcpy(o.locker, HERE, sizeof(HERE));
    return o;
}

static struct order_event event(enum order_event_kind kind)
{
    struct order_event ev = {.kind = kind, .at_ms = 5000, .load = 2, .cause = ORDER_CAUSE_WITHDRAWN};

    memcpy(ev.locker, HERE, sizeof(HERE));
    memcpy(ev.door, "A3", sizeof("A3"));
    return ev;
}

#define NONE ORDER_STATE_N /* no such step */

/* Every pair of state and event, row by row: the second copy of the truth. Columns in the order of the enum. */
static void every_pair_ends_where_the_table_says(void **state)
{
    enum {
        REG = ORDER_REGISTERED,
        PAC = ORDER_PACKED,
        TRA = ORDER_IN_TRANSIT,
        REA = ORDER_READY,
        UNC = ORDER_UNCONFIRMED,
        WNG = ORDER_WITHDRAWING,
        WDN = ORDER_WITHDRAWN,
        EXP = ORDER_EXPIRED,
        REC = ORDER_RECALLED,
        RET = ORDER_RETURNED,
        COL = ORDER_COLLECTED,
        RES = ORDER_RESTOCKED,
        DES = ORDER_DESTROYED,
        LOS = ORDER_LOST,
        CAN = ORDER_CANCELLED,
        ___ = ORDER_STATE_N
    };
    /* clang-format off */
    static const int want[ORDER_STATE_N][ORDER_EVENT_KIND_N] = {
        /*       pack repa canc depa arri with take coun rest dest lost expi load notc coll voii lapi voio late remo */
        [REG] = {PAC, ___, CAN, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___},
        [PAC] = {___, PAC, ___, TRA, ___, WNG, ___, COL, ___, ___, REC, WNG, REA, ___, ___, ___, ___, REC, ___, ___},
        [TRA] = {___, ___, ___, ___, PAC, WNG, ___, ___, ___, ___, REC, WNG, REA, ___, ___, ___, ___, REC, ___, ___},
        [REA] = {___, ___, ___, ___, ___, WNG, RET, ___, ___, ___, LOS, WNG, ___, UNC, COL, WDN, EXP, ___, ___, RET},
        [UNC] = {___, ___, ___, ___, ___, WNG, RET, ___, ___, ___, LOS, WNG, REA, UNC, COL, WDN, EXP, ___, ___, RET},
        [WNG] = {___, ___, ___, ___, ___, WNG, RET, ___, ___, ___, LOS, WNG, WNG, WNG, COL, WDN, EXP, REC, ___, RET},
        [WDN] = {___, ___, ___, ___, ___, ___, RET, ___, ___, ___, LOS, ___, ___, ___, ___, WDN, WDN, ___, ___, RET},
        [EXP] = {___, ___, ___, ___, ___, ___, RET, ___, ___, ___, LOS, ___, ___, ___, ___, EXP, EXP, ___, ___, RET},
        [REC] = {___, ___, ___, ___, ___, ___, RET, COL, ___, ___, ___, ___, ___, ___, ___, ___, ___, REC, ___, ___},
        [RET] = {PAC, ___, ___, ___, ___, ___, ___, COL, RES, DES, ___, ___, ___, ___, ___, RET, RET, RET, RET, RET},
        [COL] = {___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, COL, COL, ___},
        [RES] = {___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, RES, RES, RES, RES, RES},
        [DES] = {___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, DES, DES, DES, DES, DES},
        [LOS] = {___, ___, ___, ___, ___, ___, RET, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___},
        [CAN] = {___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___, ___},
    };
    /* clang-format on */
    (void)state;
    for (int s = 0; s < ORDER_STATE_N; s++) {
        for (int k = 0; k < ORDER_EVENT_KIND_N; k++) {
            struct order o = in_state((enum order_state)s), before = o;
            struct order_event ev = event((enum order_event_kind)k);
            struct order_effects fx;
            struct reason r;
            enum err e = order_step(&o, &ev, &fx, &r);
            if (want[s][k] == NONE) {
                assert_int_equal(e, ERR_STATE);
                assert_memory_equal(&o, &before, sizeof(o));
                assert_false(order_may((enum order_state)s, (enum order_event_kind)k));
            } else {
                assert_int_equal(e, ERR_OK);
                assert_int_equal(o.state, want[s][k]);
                assert_true(fx.changed || memcmp(&o, &before, sizeof(o)) == 0);
            }
        }
    }
}

static void withdrawing_stays_pending_until_the_locker_says_so(void **state)
{
    struct order o = in_state(ORDER_READY);
    struct order_event ev = event(ORDER_EVENT_WITHDRAW);
    struct order_effects fx;

    (void)state;
    assert_int_equal(order_step(&o, &ev, &fx, NULL), ERR_OK);
    assert_true(fx.send_withdraw);
    assert_false(fx.end_code);
    assert_true(order_has_live_code(o.state));
    assert_false(order_may(o.state, ORDER_EVENT_PACK));
    assert_false(order_may(o.state, ORDER_EVENT_COUNTER));
    ev = event(ORDER_EVENT_VOIDED_IN);
    assert_int_equal(order_step(&o, &ev, &fx, NULL), ERR_OK);
    assert_int_equal(o.state, ORDER_WITHDRAWN);
    assert_true(fx.end_code);
    assert_false(order_may(o.state, ORDER_EVENT_PACK));
}

static void withdrawal_that_comes_too_late_ends_collected(void **state)
{
    struct order o = in_state(ORDER_WITHDRAWING);
    struct order_event ev = event(ORDER_EVENT_DOOR_COLLECTED);
    struct order_effects fx;

    (void)state;
    ev.proof = (struct order_proof){.actor = ORDER_ACTOR_CODE, .opened_ms = 77, .pulses = 1};
    assert_int_equal(order_step(&o, &ev, &fx, NULL), ERR_OK);
    assert_int_equal(o.state, ORDER_COLLECTED);
    assert_int_equal(o.proof.opened_ms, 77);
    ev = event(ORDER_EVENT_TOO_LATE);
    assert_int_equal(order_step(&o, &ev, &fx, NULL), ERR_OK);
    assert_false(fx.changed);
}

static void packing_raises_the_load_and_sets_the_window(void **state)
{
    struct order o = in_state(ORDER_RETURNED);
    struct order_event ev = event(ORDER_EVENT_PACK);
    struct order_effects fx;

    (void)state;
    memcpy(ev.locker, ELSEWHERE, sizeof(ELSEWHERE));
    ev.not_before_s = 10;
    ev.not_after_s = 20;
    assert_int_equal(order_step(&o, &ev, &fx, NULL), ERR_OK);
    assert_int_equal(o.load, 3);
    assert_memory_equal(o.locker, ELSEWHERE, sizeof(ELSEWHERE));
    assert_int_equal(o.ask.not_after_s, 20);
    assert_int_equal(o.packed_ms, 5000);
    assert_string_equal(o.door, "");
}

static void loading_by_another_locker_is_refused(void **state)
{
    struct order o = in_state(ORDER_PACKED);
    struct order_event ev = event(ORDER_EVENT_LOADED);
    struct order_effects fx;

    (void)state;
    memcpy(ev.locker, ELSEWHERE, sizeof(ELSEWHERE));
    assert_int_equal(order_step(&o, &ev, &fx, NULL), ERR_FOREIGN);
    assert_int_equal(o.state, ORDER_PACKED);
}

static void loading_of_an_older_load_is_refused(void **state)
{
    struct order o = in_state(ORDER_PACKED);
    struct order_event ev = event(ORDER_EVENT_LOADED);
    struct order_effects fx;

    (void)state;
    ev.load = 1;
    assert_int_equal(order_step(&o, &ev, &fx, NULL), ERR_REPLAY);
    ev.load = 3;
    assert_int_equal(order_step(&o, &ev, &fx, NULL), ERR_GAP);
}

static void late_confirmation_of_an_older_load_only_ends_its_code(void **state)
{
    struct order o = in_state(ORDER_READY), before = o;
    struct order_event ev = event(ORDER_EVENT_VOIDED_IN);
    struct order_effects fx;

    (void)state;
    ev.load = 1;
    assert_int_equal(order_step(&o, &ev, &fx, NULL), ERR_OK);
    assert_false(fx.changed);
    assert_true(fx.end_code);
    assert_memory_equal(&o, &before, sizeof(o));
}

static void loading_tells_the_patient_once_and_forgets_the_code(void **state)
{
    struct order o = in_state(ORDER_IN_TRANSIT);
    struct order_event ev = event(ORDER_EVENT_LOADED);
    struct order_effects fx;

    (void)state;
    assert_int_equal(order_step(&o, &ev, &fx, NULL), ERR_OK);
    assert_true(fx.tell_ready && fx.forget_code && !fx.end_code);
    assert_string_equal(o.door, "A3");
    assert_true(order_is_in_locker(&o));
    o.state = ORDER_UNCONFIRMED;
    assert_int_equal(order_step(&o, &ev, &fx, NULL), ERR_OK);
    assert_false(fx.tell_ready);
}

static void counter_hand_over_kills_the_label(void **state)
{
    struct order o = in_state(ORDER_PACKED);
    struct order_event ev = event(ORDER_EVENT_COUNTER);
    struct order_effects fx;

    (void)state;
    ev.proof = (struct order_proof){.actor = ORDER_ACTOR_COUNTER, .opened_ms = 5000};
    assert_int_equal(order_step(&o, &ev, &fx, NULL), ERR_OK);
    assert_int_equal(o.state, ORDER_COLLECTED);
    assert_true(fx.send_withdraw);
    assert_int_equal(o.cause, ORDER_CAUSE_WITHDRAWN);
    /* should the label be loaded all the same, people hear of it */
    ev = event(ORDER_EVENT_LOADED);
    assert_int_equal(order_step(&o, &ev, &fx, NULL), ERR_STATE);
}

static void every_state_has_one_name_and_one_fhir_status(void **state)
{
    static const char *const known[] = {"preparation",      "in-progress", "cancelled", "on-hold", "completed",
                                        "entered-in-error", "stopped",     "declined",  "unknown"};
    (void)state;
    for (unsigned s = 0; s < ORDER_STATE_N; s++) {
        enum order_state back;
        assert_int_equal(order_state_parse(order_state_name((enum order_state)s), &back), ERR_OK);
        assert_int_equal(back, s);
        unsigned hits = 0;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            hits += strcmp(known[i], order_fhir_status((enum order_state)s)) == 0;
        }
        assert_int_equal(hits, 1);
        assert_true((strcmp(order_fhir_status((enum order_state)s), "completed") == 0) == (s == ORDER_COLLECTED));
    }
    for (unsigned k = 0; k < ORDER_EVENT_KIND_N; k++) {
        assert_non_null(order_event_name((enum order_event_kind)k));
    }
}

static void no_state_is_a_dead_end_but_the_final_ones(void **state)
{
    (void)state;
    for (unsigned s = 0; s < ORDER_STATE_N; s++) {
        bool leaves = false;
        for (unsigned k = 0; k < ORDER_EVENT_KIND_N; k++) {
            leaves = leaves || order_may((enum order_state)s, (enum order_event_kind)k);
        }
        assert_int_equal(leaves, !order_is_final((enum order_state)s));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_ends_where_the_table_says),
        cmocka_unit_test(withdrawing_stays_pending_until_the_locker_says_so),
        cmocka_unit_test(withdrawal_that_comes_too_late_ends_collected),
        cmocka_unit_test(packing_raises_the_load_and_sets_the_window),
        cmocka_unit_test(loading_by_another_locker_is_refused),
        cmocka_unit_test(loading_of_an_older_load_is_refused),
        cmocka_unit_test(late_confirmation_of_an_older_load_only_ends_its_code),
        cmocka_unit_test(loading_tells_the_patient_once_and_forgets_the_code),
        cmocka_unit_test(counter_hand_over_kills_the_label),
        cmocka_unit_test(every_state_has_one_name_and_one_fhir_status),
        cmocka_unit_test(no_state_is_a_dead_end_but_the_final_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
