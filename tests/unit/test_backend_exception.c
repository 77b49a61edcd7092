/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "backend/exception.h"

#define HOUR INT64_C(3600000)
#define NOW (1000 * HOUR)

static struct order an_order(enum order_state state)
{
    struct request ask;
    struct order o;
    uint8_t id[ORDER_ID_LEN] = {1};

    request_init(&ask, REQUEST_JSON);
    ask.not_after_s = (NOW + 100 * HOUR) / 1000;
    order_init(&o, id, &ask, 1);
    o.state = state;
    o.changed_ms = NOW - HOUR;
    o.ready_ms = NOW - 50 * HOUR;
    memcpy(o.door, "A3", sizeof("A3"));
    return o;
}

static bool offers(const struct exception *x, enum exception_act a)
{
    for (unsigned i = 0; i < x->acts; i++) {
        if (x->act[i] == a)
            return true;
    }
    return false;
}

static void each_state_that_waits_for_people_is_listed(void **state)
{
    static const struct {
        enum order_state state;
        bool listed;
        enum exception_kind kind;
        enum exception_act first;
    } row[] = {
        {ORDER_REGISTERED, false, EXCEPTION_KIND_N, EXCEPTION_ACT_N},
        {ORDER_PACKED, false, EXCEPTION_KIND_N, EXCEPTION_ACT_N},
        {ORDER_IN_TRANSIT, false, EXCEPTION_KIND_N, EXCEPTION_ACT_N},
        {ORDER_READY, false, EXCEPTION_KIND_N, EXCEPTION_ACT_N},
        {ORDER_UNCONFIRMED, true, EXCEPTION_UNCONFIRMED, EXCEPTION_ACT_CALL},
        {ORDER_WITHDRAWING, true, EXCEPTION_WITHDRAWING, EXCEPTION_ACT_TOUR},
        {ORDER_WITHDRAWN, true, EXCEPTION_WITHDRAWN, EXCEPTION_ACT_TOUR},
        {ORDER_EXPIRED, true, EXCEPTION_EXPIRED, EXCEPTION_ACT_TOUR},
        {ORDER_RECALLED, true, EXCEPTION_RECALLED, EXCEPTION_ACT_TAKE_BACK},
        {ORDER_RETURNED, true, EXCEPTION_RETURNED, EXCEPTION_ACT_PACK},
        {ORDER_COLLECTED, false, EXCEPTION_KIND_N, EXCEPTION_ACT_N},
        {ORDER_RESTOCKED, false, EXCEPTION_KIND_N, EXCEPTION_ACT_N},
        {ORDER_DESTROYED, false, EXCEPTION_KIND_N, EXCEPTION_ACT_N},
        {ORDER_LOST, true, EXCEPTION_LOST, EXCEPTION_ACT_CALL},
        {ORDER_CANCELLED, false, EXCEPTION_KIND_N, EXCEPTION_ACT_N},
    };

    (void)state;
    assert_int_equal(sizeof(row) / sizeof(row[0]), ORDER_STATE_N);
    for (size_t i = 0; i < ORDER_STATE_N; i++) {
        struct order o = an_order(row[i].state);
        struct exception_facts f = {.order = &o};
        struct exception x = {.kind = EXCEPTION_KIND_N};

        assert_int_equal(exception_of_order(&f, NOW, &x), row[i].listed);
        assert_int_equal(x.kind, row[i].kind);
        if (!row[i].listed)
            continue;
        assert_int_equal(x.act[0], row[i].first);
        assert_int_equal(x.since_ms, o.changed_ms);
        assert_true((exception_states() & 1u << row[i].state) != 0);
    }
}

static void only_what_is_possible_is_offered(void **state)
{
    (void)state;
    for (unsigned s = 0; s < ORDER_STATE_N; s++) {
        struct order o = an_order((enum order_state)s);
        struct exception_facts f = {.order = &o};
        struct exception x;

        if (!exception_of_order(&f, NOW, &x))
            continue;
        assert_true(x.acts > 0);
        assert_true(!offers(&x, EXCEPTION_ACT_WITHDRAW) || order_may(o.state, ORDER_EVENT_WITHDRAW));
        assert_true(!offers(&x, EXCEPTION_ACT_TAKE_BACK) || order_may(o.state, ORDER_EVENT_TAKE_BACK));
        assert_true(!offers(&x, EXCEPTION_ACT_PACK) || order_may(o.state, ORDER_EVENT_PACK));
        assert_true(!offers(&x, EXCEPTION_ACT_COUNTER) || order_may(o.state, ORDER_EVENT_COUNTER));
        assert_true(!offers(&x, EXCEPTION_ACT_RESTOCK) || order_may(o.state, ORDER_EVENT_RESTOCK));
        assert_false(offers(&x, EXCEPTION_ACT_SETTLE)); /* no fault to settle */
    }
}

static void a_door_that_is_not_in_order_comes_before_the_state(void **state)
{
    static const struct {
        const char *door;
        enum order_state state;
        bool jam;
        enum exception_kind kind; /* KIND_N: nothing */
    } row[] = {
        {"LOADED", ORDER_READY, false, EXCEPTION_KIND_N},
        {"LOADED", ORDER_READY, true, EXCEPTION_JAM},
        {"CHECK", ORDER_READY, false, EXCEPTION_CHECK},
        {"CHECK", ORDER_READY, true, EXCEPTION_CHECK},
        {"OUT", ORDER_READY, false, EXCEPTION_CHECK},
        {"CHECK", ORDER_UNCONFIRMED, false, EXCEPTION_UNCONFIRMED},
        {"LOADED", ORDER_UNCONFIRMED, true, EXCEPTION_JAM},
        {"FORCED", ORDER_READY, false, EXCEPTION_FORCED},
        {"FORCED", ORDER_UNCONFIRMED, false, EXCEPTION_FORCED},
        {"FORCED", ORDER_EXPIRED, false, EXCEPTION_FORCED},
        {"FORCED", ORDER_RETURNED, false, EXCEPTION_RETURNED}, /* the bag is out */
        {"LOADED", ORDER_EXPIRED, true, EXCEPTION_EXPIRED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct order o = an_order(row[i].state);
        struct store_compartment door = {.door = "A3", .told_ms = NOW - 2 * HOUR};
        struct store_fault jam = {.kind = STORE_FAULT_JAM, .opened_ms = NOW - 3 * HOUR};
        struct exception_facts f = {.order = &o, .door = &door, .jam = row[i].jam ? &jam : NULL};
        struct exception x = {.kind = EXCEPTION_KIND_N};

        (void)snprintf(door.state, sizeof(door.state), "%s", row[i].door);
        assert_int_equal(exception_of_order(&f, NOW, &x), row[i].kind != EXCEPTION_KIND_N);
        if (x.kind != row[i].kind)
            fail_msg("%s, %s: %u", row[i].door, order_state_name(row[i].state), x.kind);
        if (x.kind == EXCEPTION_JAM)
            assert_int_equal(x.since_ms, jam.opened_ms);
        if (x.kind == EXCEPTION_FORCED || x.kind == EXCEPTION_CHECK)
            assert_int_equal(x.since_ms, door.told_ms);
    }
}

static void a_controlled_bag_is_not_opened_at_a_distance(void **state)
{
    struct order o = an_order(ORDER_UNCONFIRMED);
    struct exception_facts f = {.order = &o};
    struct exception x;

    (void)state;
    assert_true(exception_of_order(&f, NOW, &x));
    assert_true(offers(&x, EXCEPTION_ACT_RETRY));
    o.ask.cls = TOKEN_CLASS_CONTROLLED;
    assert_true(exception_of_order(&f, NOW, &x));
    assert_false(offers(&x, EXCEPTION_ACT_RETRY));
}

static void a_report_is_listed_until_its_fault_is_settled(void **state)
{
    struct store_fault report = {.kind = STORE_FAULT_REPORTED, .opened_ms = NOW - 5 * HOUR};
    struct store_compartment door = {.door = "A3", .state = "CHECK"};
    struct order o = an_order(ORDER_UNCONFIRMED);
    struct exception_facts f = {.order = &o, .door = &door, .reported = &report};
    struct exception x;

    (void)state;
    assert_true(exception_of_order(&f, NOW, &x));
    assert_int_equal(x.kind, EXCEPTION_REPORTED);
    assert_int_equal(x.since_ms, report.opened_ms);
    assert_true(offers(&x, EXCEPTION_ACT_SETTLE));
    assert_true(offers(&x, EXCEPTION_ACT_WITHDRAW));

    assert_true(exception_of_fault(&report, &x)); /* the order may be collected */
    assert_int_equal(x.kind, EXCEPTION_REPORTED);
    assert_false(offers(&x, EXCEPTION_ACT_WITHDRAW));
    report.closed_ms = NOW;
    assert_false(exception_of_fault(&report, &x));
}

static void contradictions_are_listed_other_faults_are_not(void **state)
{
    struct store_fault fault = {.opened_ms = 7};
    struct exception x;

    (void)state;
    for (unsigned k = 0; k < STORE_FAULT_KIND_N; k++) {
        fault.kind = (enum store_fault_kind)k;
        assert_int_equal(exception_of_fault(&fault, &x), k == STORE_FAULT_CONTRADICTION || k == STORE_FAULT_REPORTED);
    }
    fault.kind = STORE_FAULT_CONTRADICTION;
    assert_true(exception_of_fault(&fault, &x));
    assert_int_equal(x.kind, EXCEPTION_CONTRADICTION);
    assert_int_equal(x.act[0], EXCEPTION_ACT_SETTLE);
}

static void a_bag_whose_end_is_near_is_listed_unless_the_patient_was_spoken_to(void **state)
{
    static const struct {
        int64_t left_h, waited_h, contact_h; /* until the end, since ready, since the contact; 0: none */
        bool listed;
    } row[] = {
        {30, 48, 0, false}, {24, 48, 0, true},  {1, 48, 0, true},    {1, 23, 0, false}, /* young: had no day yet */
        {1, 24, 0, true},   {20, 48, 2, false}, {20, 48, 27, false}, {20, 48, 30, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct order o = an_order(ORDER_READY);
        struct exception_facts f = {.order = &o};
        struct exception x = {.kind = EXCEPTION_KIND_N};

        o.ask.not_after_s = (NOW + row[i].left_h * HOUR) / 1000;
        o.ready_ms = NOW - row[i].waited_h * HOUR;
        f.contact_ms = row[i].contact_h != 0 ? NOW - row[i].contact_h * HOUR : 0;
        if (exception_of_order(&f, NOW, &x) != row[i].listed)
            fail_msg("row %zu", i);
        if (row[i].listed)
            assert_int_equal(x.kind, EXCEPTION_ENDING);
    }
}

static void a_lost_bag_leaves_when_the_patient_was_told(void **state)
{
    struct order o = an_order(ORDER_LOST);
    struct exception_facts f = {.order = &o, .contact_ms = NOW, .told_ms = o.changed_ms - 1};
    struct exception x;

    (void)state;
    assert_true(exception_of_order(&f, NOW, &x));
    f.told_ms = o.changed_ms;
    assert_false(exception_of_order(&f, NOW, &x));
}

static void every_kind_and_act_has_a_name(void **state)
{
    (void)state;
    for (unsigned k = 0; k < EXCEPTION_KIND_N; k++)
        assert_non_null(exception_kind_name((enum exception_kind)k));
    for (unsigned a = 0; a < EXCEPTION_ACT_N; a++)
        assert_non_null(exception_act_name((enum exception_act)a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_that_waits_for_people_is_listed),
        cmocka_unit_test(only_what_is_possible_is_offered),
        cmocka_unit_test(a_door_that_is_not_in_order_comes_before_the_state),
        cmocka_unit_test(a_controlled_bag_is_not_opened_at_a_distance),
        cmocka_unit_test(a_report_is_listed_until_its_fault_is_settled),
        cmocka_unit_test(contradictions_are_listed_other_faults_are_not),
        cmocka_unit_test(a_bag_whose_end_is_near_is_listed_unless_the_patient_was_spoken_to),
        cmocka_unit_test(a_lost_bag_leaves_when_the_patient_was_told),
        cmocka_unit_test(every_kind_and_act_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
