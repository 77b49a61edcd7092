/* SPDX-License-Identifier: Apache-2.0 */
/* The round of tomorrow, and the rules of tickets that it counts. */
#include "backend/round.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "backend/ticket.h"

static struct round_locker stop(uint8_t id, const char *name, uint32_t urgent, uint32_t load, uint32_t expired,
                                uint32_t repairs)
{
    struct round_locker l = {.id = {id}, .urgent = urgent, .repairs = repairs, .room = 2};

    memcpy(l.name, name, strlen(name) + 1);
    l.tasks.to_load = load;
    l.tasks.expired = expired;
    return l;
}

static void the_round_has_one_order_whatever_order_it_came_in(void **state)
{
    const struct round_locker right[] = {
        stop(1, "Urgent", 2, 0, 0, 2), stop(2, "Urgent too", 1, 9, 9, 1), stop(3, "Bring", 0, 5, 0, 0),
        stop(4, "Bring", 0, 4, 9, 0),  stop(5, "Take", 0, 0, 3, 0),       stop(6, "Repair", 0, 0, 0, 7),
        stop(7, "Abe", 0, 0, 0, 1),    stop(8, "Abe", 0, 0, 0, 1),        stop(9, "Bea", 0, 0, 0, 1),
    };
    struct round_locker l[9];

    (void)state;
    for (unsigned turn = 0; turn < 9; turn++) {
        for (unsigned i = 0; i < 9; i++)
            l[i] = right[(i * 4 + turn) % 9];
        round_sort(l, 9);
        for (unsigned i = 0; i < 9; i++)
            assert_int_equal(l[i].id[0], right[i].id[0]);
    }
    round_sort(l, 0);
}

static void a_locker_without_a_reason_is_no_stop(void **state)
{
    struct round_locker l = stop(1, "Quiet", 0, 0, 0, 0);

    (void)state;
    l.tasks.ready = 5;
    l.tasks.withdrawing = 1; /* may still be collected: nobody drives for it */
    assert_false(round_is_stop(&l));
    l.tasks.withdrawn = 1;
    l.tasks.unconfirmed = 1;
    assert_true(round_is_stop(&l));
    assert_int_equal(round_reasons_of(&l).empty, 2);
}

static void more_bags_than_free_doors_are_told(void **state)
{
    struct round_locker l = stop(1, "Full", 0, 5, 0, 0);

    (void)state;
    assert_int_equal(round_short_of(&l), 3);
    l.room = 5;
    assert_int_equal(round_short_of(&l), 0);
}

static void every_kind_of_fault_has_its_rule(void **state)
{
    (void)state;
    for (unsigned k = 0; k < STORE_FAULT_KIND_N; k++) {
        if (ticket_is_urgent((enum store_fault_kind)k))
            assert_true(ticket_needs_visit((enum store_fault_kind)k));
    }
    assert_true(ticket_closes_on_evidence(STORE_FAULT_JAM));
    assert_false(ticket_closes_on_evidence(STORE_FAULT_WIRING));
    assert_int_equal(ticket_subject_of(STORE_FAULT_CLIMATE), TICKET_SENSOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_round_has_one_order_whatever_order_it_came_in),
        cmocka_unit_test(a_locker_without_a_reason_is_no_stop),
        cmocka_unit_test(more_bags_than_free_doors_are_told),
        cmocka_unit_test(every_kind_of_fault_has_its_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
