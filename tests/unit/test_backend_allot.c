/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/allot.h"

static void sizes_are_proposed_from_the_quantity(void **state)
{
    static const struct {
        const char *quantity;
        enum token_size want;
    } row[] = {
        {"30 stuk", TOKEN_SIZE_S},
        {"150 stuks", TOKEN_SIZE_M},
        {"400 tabletten", TOKEN_SIZE_L},
        {"300 milliliter", TOKEN_SIZE_M},
        {"4000 milliliter", TOKEN_SIZE_L},
        {"50 ml", TOKEN_SIZE_S},
        {"100 gram", TOKEN_SIZE_S},
        {"850 g", TOKEN_SIZE_L},
        {"850 glazen", TOKEN_SIZE_S},
        {"1,5 liter", TOKEN_SIZE_M},
        {"", TOKEN_SIZE_S},
        {"veel", TOKEN_SIZE_S},
        {"99999999999999 stuk", TOKEN_SIZE_L},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        assert_int_equal(allot_size(row[i].quantity), row[i].want);
}

/* The slow truth: which sets of doors can be in use after each bag, bag by bag, as bit masks. */
static bool can_all_be_placed(const struct store_capacity *c, unsigned zone)
{
    struct {
        unsigned size, low;
    } door[12], bag[12];
    unsigned doors = 0, bags = 0;
    static bool reach[2][1u << 12];

    for (unsigned s = 0; s < TOKEN_SIZE_N; s++) {
        for (unsigned low = 0; low < 2; low++) {
            for (uint32_t i = 0; i < c->doors[zone][s][low]; i++) {
                door[doors].size = s;
                door[doors++].low = low;
            }
            for (uint32_t i = 0; i < c->promised[zone][s][low]; i++) {
                bag[bags].size = s;
                bag[bags++].low = low;
            }
        }
    }
    memset(reach, 0, sizeof(reach));
    reach[0][0] = true;
    for (unsigned b = 0; b < bags; b++) {
        memset(reach[(b + 1) % 2], 0, sizeof(reach[0]));
        for (unsigned m = 0; m < 1u << doors; m++) {
            for (unsigned d = 0; reach[b % 2][m] && d < doors; d++) {
                if ((m >> d & 1u) == 0 && door[d].size >= bag[b].size && door[d].low >= bag[b].low)
                    reach[(b + 1) % 2][m | 1u << d] = true;
            }
        }
    }
    for (unsigned m = 0; m < 1u << doors; m++) {
        if (reach[bags % 2][m])
            return true;
    }
    return false;
}

static void promises_are_kept_exactly_when_every_bag_finds_a_door(void **state)
{
    unsigned seed = (unsigned)time(NULL), fits = 0;

    (void)state;
    print_message("seed %u\n", seed);
    srandom(seed);
    for (int round = 0; round < 3000; round++) {
        struct store_capacity c = {.total = 1};
        for (unsigned s = 0; s < TOKEN_SIZE_N; s++) {
            for (unsigned low = 0; low < 2; low++) {
                c.doors[0][s][low] = (uint32_t)random() % 3;
                c.promised[0][s][low] = (uint32_t)random() % 2;
            }
        }
        bool want = can_all_be_placed(&c, 0);
        fits += want;
        assert_int_equal(allot_fits(&c, NULL), want);
    }
    assert_true(fits > 100 && fits < 2900);
}

static void one_more_promise_is_counted_in(void **state)
{
    struct store_capacity c = {.total = 2};
    struct allot_need need = {.zone = TOKEN_ZONE_ROOM, .size = TOKEN_SIZE_S};

    (void)state;
    assert_true(allot_fits(&c, NULL));
    assert_false(allot_fits(&c, &need));
    c.doors[TOKEN_ZONE_COLD][TOKEN_SIZE_L][1] = 5;
    assert_false(allot_fits(&c, &need)); /* never in another zone */
    c.doors[TOKEN_ZONE_ROOM][TOKEN_SIZE_L][1] = 1;
    assert_true(allot_fits(&c, &need));
    c.promised[TOKEN_ZONE_ROOM][TOKEN_SIZE_M][1] = 1;
    assert_false(allot_fits(&c, &need));
    c.doors[TOKEN_ZONE_ROOM][TOKEN_SIZE_S][0] = 1;
    assert_true(allot_fits(&c, &need));
    need.low = true;
    assert_false(allot_fits(&c, &need));
}

static void the_locker_that_was_asked_for_wins_or_nobody(void **state)
{
    struct store_locker a = {.name = "Dorpsrand", .address = "Dorpsrand 200, Ons Dorp", .id = {1}};
    struct store_locker b = {.name = "Centrum", .id = {2}};
    struct allot_candidate c[2] = {{.locker = &a, .capacity = {.total = 4}}, {.locker = &b, .capacity = {.total = 4}}};
    struct request q;
    struct reason why;

    (void)state;
    request_init(&q, REQUEST_JSON);
    c[0].capacity.doors[0][0][0] = 1;
    c[1].capacity.doors[0][0][0] = 4;
    assert_int_equal(allot_pick(c, 2, &q, &why), 1); /* more room */
    (void)snprintf(q.destination, sizeof(q.destination), "DORPSRAND");
    assert_int_equal(allot_pick(c, 2, &q, &why), 0);
    (void)snprintf(q.destination, sizeof(q.destination), "Kluis Dorpsrand 200,1256ZZ Ons Dorp");
    assert_int_equal(allot_pick(c, 2, &q, &why), 0);
    q.low_door = true;
    assert_int_equal(allot_pick(c, 2, &q, &why), -1);
    assert_non_null(strstr(why.text, "low"));
    q.low_door = false;
    a.state = STORE_LOCKER_FROZEN;
    assert_int_equal(allot_pick(c, 2, &q, &why), -1);
    (void)snprintf(q.destination, sizeof(q.destination), "bij de buren");
    assert_int_equal(allot_pick(c, 2, &q, &why), 1); /* names no locker: binds nobody */
    assert_int_equal(allot_pick(c, 0, &q, &why), -1);
}

static void a_promise_takes_the_next_size_when_its_own_is_full(void **state)
{
    struct store_capacity c = {.total = 9};
    uint32_t left[TOKEN_SIZE_N];

    (void)state;
    c.doors[TOKEN_ZONE_ROOM][TOKEN_SIZE_S][0] = 1;
    c.doors[TOKEN_ZONE_ROOM][TOKEN_SIZE_M][1] = 3;
    c.doors[TOKEN_ZONE_COLD][TOKEN_SIZE_M][0] = 2;
    c.promised[TOKEN_ZONE_ROOM][TOKEN_SIZE_S][0] = 2;
    c.promised[TOKEN_ZONE_ROOM][TOKEN_SIZE_M][1] = 1;
    c.promised[TOKEN_ZONE_ROOM][TOKEN_SIZE_L][0] = 1; /* no such door is left: none of another size goes for it */
    allot_free(&c, TOKEN_ZONE_ROOM, left);
    assert_int_equal(left[TOKEN_SIZE_S], 0);
    assert_int_equal(left[TOKEN_SIZE_M], 1);
    assert_int_equal(left[TOKEN_SIZE_L], 0);
    assert_int_equal(allot_free_sum(&c), 3); /* the cold ones are nobody's */
}

static void equal_room_goes_to_the_lower_id(void **state)
{
    struct store_locker a = {.name = "A", .id = {9}}, b = {.name = "B", .id = {3}};
    struct allot_candidate c[2] = {{.locker = &a, .capacity = {.total = 2}}, {.locker = &b, .capacity = {.total = 4}}};
    struct request q;

    (void)state;
    request_init(&q, REQUEST_JSON);
    c[0].capacity.doors[0][0][0] = 1;
    c[1].capacity.doors[0][0][0] = 2;
    assert_int_equal(allot_pick(c, 2, &q, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_proposed_from_the_quantity),
        cmocka_unit_test(promises_are_kept_exactly_when_every_bag_finds_a_door),
        cmocka_unit_test(one_more_promise_is_counted_in),
        cmocka_unit_test(the_locker_that_was_asked_for_wins_or_nobody),
        cmocka_unit_test(a_promise_takes_the_next_size_when_its_own_is_full),
        cmocka_unit_test(equal_room_goes_to_the_lower_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
