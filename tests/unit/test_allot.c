/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/locker_bed.h"

#include "controller/allot.h"

#define A1 0u
#define A2 1u
#define B1 4u
#define B2 5u
#define C1 6u
#define C2 7u

static uint16_t choose(const struct bed *b, enum token_size size, enum token_zone zone, bool low_door)
{
    const struct token_voucher v = {.size = size, .zone = zone, .low_door = low_door};
    return allot_choose(b->l, &v);
}

static void fill(struct bed *b, uint16_t door)
{
    b->l->compartment[door].state = COMPARTMENT_LOADED;
}

/* The doors of the bed: A1-A4 S, B1 M, B2 M low, C1 L cold low, C2 L low. */
static void smallest_size_first_then_a_door_that_is_not_low(void **state)
{
    static const struct {
        enum token_size size;
        enum token_zone zone;
        bool low_door, m_is_low_only;
        uint16_t want;
    } row[] = {
        {TOKEN_SIZE_S, TOKEN_ZONE_ROOM, false, false, A1}, {TOKEN_SIZE_S, TOKEN_ZONE_ROOM, true, false, B2},
        {TOKEN_SIZE_M, TOKEN_ZONE_ROOM, false, false, B1}, {TOKEN_SIZE_M, TOKEN_ZONE_ROOM, true, false, B2},
        {TOKEN_SIZE_M, TOKEN_ZONE_ROOM, false, true, B2}, /* the size comes first: not the large one */
        {TOKEN_SIZE_L, TOKEN_ZONE_ROOM, false, false, C2}, {TOKEN_SIZE_S, TOKEN_ZONE_COLD, false, false, C1},
    };
    struct bed *b = *state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        b->l->compartment[B1].state = row[i].m_is_low_only ? COMPARTMENT_LOADED : COMPARTMENT_FREE;
        assert_int_equal(choose(b, row[i].size, row[i].zone, row[i].low_door), row[i].want);
    }
}

/* The hub counts on it: a low door stays free as long as another one of that size is. */
static void low_door_that_comes_first_or_is_used_less_is_still_kept(void **state)
{
    struct bed *b = *state;
    b->l->cabinet.door[A1].low = true;
    b->l->compartment[A1].serial = 1;
    for (uint16_t i = A2; i < B1; i++)
        b->l->compartment[i].serial = 100u + i;
    assert_int_equal(choose(b, TOKEN_SIZE_S, TOKEN_ZONE_ROOM, false), A2);
    assert_int_equal(choose(b, TOKEN_SIZE_S, TOKEN_ZONE_ROOM, true), A1);
    for (uint16_t i = A2; i < B1; i++)
        fill(b, i);
    assert_int_equal(choose(b, TOKEN_SIZE_S, TOKEN_ZONE_ROOM, false), A1);
}

static void of_equal_doors_the_least_used_one_is_chosen(void **state)
{
    struct bed *b = *state;
    b->l->compartment[A1].serial = 9;
    assert_int_equal(choose(b, TOKEN_SIZE_S, TOKEN_ZONE_ROOM, false), A2);
}

static void door_that_is_open_full_unheard_or_too_warm_is_not_chosen(void **state)
{
    struct bed *b = *state;
    bed_sense(b, A1, HW_DOOR_OPEN);
    assert_int_equal(choose(b, TOKEN_SIZE_S, TOKEN_ZONE_ROOM, false), A2);
    bed_sense(b, A1, HW_DOOR_CLOSED);
    bed_board(b, 0, HW_BOARD_LOST, 0);
    assert_int_equal(choose(b, TOKEN_SIZE_S, TOKEN_ZONE_ROOM, false), B1);
    bed_climate(b, HW_CLIMATE_OK, 12000);
    assert_int_equal(choose(b, TOKEN_SIZE_S, TOKEN_ZONE_COLD, false), CABINET_NO_DOOR);
    fill(b, C2);
    assert_int_equal(choose(b, TOKEN_SIZE_L, TOKEN_ZONE_ROOM, false), CABINET_NO_DOOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(smallest_size_first_then_a_door_that_is_not_low),
        BED_TEST(low_door_that_comes_first_or_is_used_less_is_still_kept),
        BED_TEST(of_equal_doors_the_least_used_one_is_chosen),
        BED_TEST(door_that_is_open_full_unheard_or_too_warm_is_not_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
