/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/sim/cabinet.h"

#define MS INT64_C(1000)

/* Two boards of two doors each: A1, A2 on "relay1" (unit 1, serial), B1, B2 on "relay2" (unit 2, serial), a sensor. */
static struct layout small_layout(void)
{
    struct layout l = {.buses = 1, .boards = 3, .doors = 4};
    l.bus[0] = (struct layout_bus){.name = "rtu", .kind = LAYOUT_RTU, .baud = 9600, .turnaround_us = 5000};
    l.board[0] = (struct layout_board){.name = "relay1", .kind = BOARD_WAVESHARE_D, .unit = 1};
    l.board[1] = (struct layout_board){.name = "relay2", .kind = BOARD_WAVESHARE_D, .unit = 2};
    l.board[2] =
        (struct layout_board){.name = "climate5", .kind = BOARD_XY_MD02, .unit = 5, .deci_c = 45, .deci_rh = 600};
    for (uint8_t i = 0; i < 4; i++) {
        l.door[i] = (struct layout_door){
            .board = i / 2, .channel = i % 2, .contact_board = i / 2, .contact_input = i % 2, .open_is_one = true};
        (void)snprintf(l.door[i].name, sizeof l.door[i].name, "%c%d", i < 2 ? (char)65 : (char)66, i % 2 + 1);
    }
    return l;
}

static struct cabinet *new_cabinet(void)
{
    struct cabinet *c = malloc(sizeof *c);
    const struct layout l = small_layout();
    assert_non_null(c);
    cabinet_init(c, &l, 11);
    return c;
}

static struct line_reply ask(struct cabinet *c, uint8_t unit, const uint8_t pdu[5], int64_t now_us)
{
    struct board_pdu q = {.len = 5};
    struct line_reply reply;
    memcpy(q.bytes, pdu, 5);
    (void)cabinet_exchange(c, 0, unit, &q, now_us, &reply);
    return reply;
}

static const uint8_t flash_first[] = {5, 2, 0, 0, 5};
static const uint8_t read_inputs[] = {2, 0, 0, 0, 8};

static unsigned inputs(struct cabinet *c, uint8_t unit, int64_t now_us)
{
    struct line_reply reply = ask(c, unit, read_inputs, now_us);
    assert_true(reply.answered);
    return reply.pdu.bytes[2];
}

static void pulse_opens_exactly_its_door_and_the_input_tells(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    struct cabinet_event e;
    assert_int_equal(inputs(c, 1, 0), 0);
    assert_true(ask(c, 1, flash_first, 0).answered);
    assert_int_equal(inputs(c, 1, 1000 * MS), 1);
    assert_int_equal(inputs(c, 2, 1000 * MS), 0);
    assert_true(cabinet_take_event(c, &e) && e.kind == CABINET_STRIKE && e.on && e.at_us == 0);
    assert_true(cabinet_take_event(c, &e) && e.kind == CABINET_DOOR && e.on && e.door == 0);
    assert_true(cabinet_take_event(c, &e) && e.kind == CABINET_STRIKE && !e.on && e.at_us == 500 * MS);
    assert_false(cabinet_take_event(c, &e));
    assert_int_equal(c->coils_peak, 1);
    free(c);
}

static void person_collects_and_closes(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    struct person p;
    cabinet_open_door(c, 0, LOCK_BY_KEY, 0);
    assert_int_equal(cabinet_put(c, 0, "bag"), ERR_OK);
    cabinet_close_door(c, 0, 0);
    person_init(&p, PERSON_COLLECT, 1500 * MS, false);
    cabinet_place(c, 0, &p, 0);
    (void)ask(c, 1, flash_first, 1000 * MS);
    cabinet_step(c, 1400 * MS);
    assert_true(c->door[0].lock.open);
    assert_int_equal(c->door[0].bags, 1);
    int64_t opened_us = c->door[0].lock.moved_us;
    cabinet_step(c, opened_us + 1500 * MS - 1);
    assert_true(c->door[0].lock.open);
    cabinet_step(c, opened_us + 1500 * MS);
    assert_false(c->door[0].lock.open);
    assert_int_equal(c->door[0].bags, 0);
    free(c);
}

static void person_for_one_door_does_not_come_back(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    struct person p;
    person_init(&p, PERSON_LOAD, 100 * MS, true);
    cabinet_place(c, 0, &p, 0);
    (void)ask(c, 1, flash_first, 0);
    cabinet_step(c, 2000 * MS);
    assert_false(c->door[0].lock.open);
    assert_int_equal(c->door[0].bags, 1);
    assert_string_equal(c->door[0].bag[0], "bag-1");
    (void)ask(c, 1, flash_first, 3000 * MS);
    cabinet_step(c, 9000 * MS);
    assert_true(c->door[0].lock.open);
    free(c);
}

static void person_closes_again_what_did_not_latch_and_puts_one_bag(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    struct person p;
    person_init(&p, PERSON_LOAD, 50 * MS, true); /* closed while the strike still has current */
    cabinet_place(c, 0, &p, 0);
    (void)ask(c, 1, flash_first, 0);
    cabinet_step(c, 5000 * MS);
    assert_false(c->door[0].lock.open);
    assert_true(c->door[0].lock.latched);
    assert_int_equal(c->door[0].bags, 1);
    assert_int_equal(c->door[0].person.kind, PERSON_NONE);
    free(c);
}

static void person_before_an_open_door_acts_from_now(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    struct person p;
    cabinet_open_door(c, 1, LOCK_BY_KEY, 0);
    person_init(&p, PERSON_CLOSE, 200 * MS, false);
    cabinet_place(c, 1, &p, 5000 * MS);
    assert_int_equal(cabinet_next(c), 5200 * MS);
    cabinet_step(c, 5200 * MS);
    assert_false(c->door[1].lock.open);
    free(c);
}

static void content_moves_only_through_an_open_door(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    assert_int_equal(cabinet_put(c, 0, "x"), ERR_STATE);
    cabinet_open_door(c, 0, LOCK_BY_KEY, 0);
    assert_int_equal(cabinet_take(c, 0, "x"), ERR_NOT_FOUND);
    for (unsigned i = 0; i < CABINET_BAGS_MAX; i++) {
        assert_int_equal(cabinet_put(c, 0, i == 1 ? "x" : ""), ERR_OK);
    }
    assert_int_equal(cabinet_put(c, 0, "y"), ERR_FULL);
    assert_int_equal(cabinet_take(c, 0, "x"), ERR_OK);
    assert_int_equal(c->door[0].bags, CABINET_BAGS_MAX - 1);
    assert_int_equal(cabinet_take(c, 0, "x"), ERR_NOT_FOUND);
    cabinet_close_door(c, 0, 0);
    assert_int_equal(cabinet_take(c, 0, ""), ERR_STATE);
    free(c);
}

static void swapped_contacts_report_the_other_door(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    cabinet_swap_contacts(c, 0, 2);
    cabinet_open_door(c, 0, LOCK_BY_KEY, 0);
    assert_int_equal(inputs(c, 1, 0), 0);
    assert_int_equal(inputs(c, 2, 0), 1);
    cabinet_swap_contacts(c, 0, 2);
    assert_int_equal(inputs(c, 1, 0), 1);
    free(c);
}

static void swapped_strikes_open_the_other_door(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    cabinet_swap_strikes(c, 0, 1, 0);
    (void)ask(c, 1, flash_first, 0);
    assert_int_equal(inputs(c, 1, 1000 * MS), 2);
    free(c);
}

static void broadcast_is_carried_out_by_all_boards_and_answered_by_none(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    assert_false(ask(c, 0, flash_first, 0).answered);
    assert_int_equal(inputs(c, 1, 1000 * MS), 1);
    assert_int_equal(inputs(c, 2, 1000 * MS), 1);
    assert_int_equal(c->danger[BOARD_DANGER_BROADCAST], 1);
    assert_int_equal(c->coils_peak, 2);
    free(c);
}

static void dangerous_frames_are_counted_and_marked_in_the_trace(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    (void)ask(c, 1, (const uint8_t[]){5, 0, 0xff, 0, 0}, 0);
    (void)ask(c, 1, (const uint8_t[]){5, 0, 1, 0x55, 0}, 0);
    (void)ask(c, 1, (const uint8_t[]){6, 0x40, 0, 0, 9}, 0);
    assert_int_equal(c->danger[BOARD_DANGER_ALL], 1);
    assert_int_equal(c->danger[BOARD_DANGER_TOGGLE], 1);
    assert_int_equal(c->danger[BOARD_DANGER_ADDRESS], 1);
    assert_int_equal(trace_get(&c->trace, 2)->danger, BOARD_DANGER_TOGGLE);
    assert_false(ask(c, 1, read_inputs, 0).answered);
    assert_true(ask(c, 9, read_inputs, 0).answered);
    free(c);
}

static void two_boards_with_one_address_garble_each_other(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    c->board[1].board.unit = 1;
    struct line_reply reply = ask(c, 1, read_inputs, 0);
    assert_true(reply.answered && !reply.bad_crc); /* both say the same */
    cabinet_open_door(c, 0, LOCK_BY_KEY, 0);
    reply = ask(c, 1, read_inputs, 0);
    assert_true(reply.answered && reply.bad_crc);
    free(c);
}

static void fault_on_one_board_leaves_the_other_alone(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    const struct line_rule silent = {.fault = LINE_SILENT, .bus = LINE_ANY, .board = 0, .permille = 1000, .left = 1};
    const struct line_rule deaf = {.fault = LINE_DEAF, .bus = LINE_ANY, .board = 1, .permille = 1000, .left = 1};
    const struct line_rule exception = {
        .fault = LINE_EXCEPTION, .bus = LINE_ANY, .board = 2, .permille = 1000, .left = 1, .amount = 6};
    assert_int_equal(line_add(&c->line, &silent), ERR_OK);
    assert_int_equal(line_add(&c->line, &deaf), ERR_OK);
    assert_int_equal(line_add(&c->line, &exception), ERR_OK);
    assert_false(ask(c, 1, flash_first, 0).answered);
    assert_true(c->board[0].board.on[0]); /* silent: carried out all the same */
    assert_false(ask(c, 2, flash_first, 0).answered);
    assert_false(c->board[1].board.on[0]); /* deaf: not */
    struct line_reply reply = ask(c, 5, (const uint8_t[]){4, 0, 1, 0, 2}, 0);
    assert_int_equal(reply.pdu.bytes[0], 0x84);
    assert_int_equal(reply.pdu.bytes[1], 6);
    assert_int_equal(trace_get(&c->trace, 3)->faults, 1u << LINE_EXCEPTION);
    assert_int_equal(c->bus[0].unheard, 2);
    free(c);
}

static void climate_flickers_sticks_drifts_and_goes_missing(void **state)
{
    (void)state;
    static const uint8_t read_climate[] = {4, 0, 1, 0, 2};
    struct cabinet *c = new_cabinet();
    struct climate *climate = &c->board[2].climate;
    unsigned different = 0;
    for (int64_t s = 1; s <= 50; s++) {
        struct line_reply reply = ask(c, 5, read_climate, s * 1000 * MS);
        assert_in_range(reply.pdu.bytes[3], 44, 46);
        different += reply.pdu.bytes[3] != 45 ? 1 : 0;
    }
    assert_true(different > 5);
    climate->mode = CLIMATE_STUCK;
    uint8_t stuck = ask(c, 5, read_climate, 60000 * MS).pdu.bytes[3];
    for (int64_t s = 61; s <= 80; s++) {
        assert_int_equal(ask(c, 5, read_climate, s * 1000 * MS).pdu.bytes[3], stuck);
    }
    climate_drift(climate, 10, 100000 * MS);
    struct line_reply reply = ask(c, 5, read_climate, 100000 * MS + 10 * INT64_C(60000) * MS);
    assert_in_range(reply.pdu.bytes[3], stuck + 99, stuck + 101);
    climate->mode = CLIMATE_MISSING;
    reply = ask(c, 5, read_climate, 900000 * MS);
    assert_int_equal(reply.pdu.bytes[2], 0x80);
    assert_int_equal(reply.pdu.bytes[3], 0x00);
    free(c);
}

static void trace_keeps_the_newest_and_knows_the_oldest(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    for (unsigned i = 0; i < TRACE_CAP + 10; i++) {
        (void)ask(c, 1, read_inputs, i);
    }
    assert_int_equal(trace_oldest(&c->trace), 11);
    assert_null(trace_get(&c->trace, 10));
    assert_int_equal(trace_get(&c->trace, 11)->at_us, 10);
    assert_null(trace_get(&c->trace, 0));
    assert_null(trace_get(&c->trace, TRACE_CAP + 11));
    const uint8_t junk[300] = {1};
    cabinet_garbage(c, 0, TRACE_GARBAGE, junk, sizeof junk, 1000 * MS);
    assert_int_equal(trace_get(&c->trace, c->trace.last)->request_len, 300);
    assert_int_equal(c->bus[0].garbage, 1);
    free(c);
}

static void events_nobody_takes_are_lost_oldest_first(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    struct cabinet_event e;
    for (unsigned i = 0; i < CABINET_EVENTS; i++) {
        cabinet_open_door(c, 0, LOCK_BY_KEY, i);
        cabinet_close_door(c, 0, i);
    }
    assert_true(cabinet_take_event(c, &e));
    assert_int_equal(e.at_us, CABINET_EVENTS / 2);
    free(c);
}

static void reboot_with_coils_on_opens_every_door_of_the_board(void **state)
{
    (void)state;
    struct cabinet *c = new_cabinet();
    board_reboot(&c->board[0].board, true, 0);
    cabinet_board_changed(c, 0);
    cabinet_step(c, 2000 * MS);
    assert_true(c->door[0].lock.open && c->door[1].lock.open);
    assert_false(c->door[2].lock.open);
    assert_int_equal(c->coils_now, 2);
    board_set_power(&c->board[0].board, BOARD_OFF);
    cabinet_board_changed(c, 2000 * MS);
    assert_int_equal(c->coils_now, 0);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pulse_opens_exactly_its_door_and_the_input_tells),
        cmocka_unit_test(person_collects_and_closes),
        cmocka_unit_test(person_for_one_door_does_not_come_back),
        cmocka_unit_test(person_closes_again_what_did_not_latch_and_puts_one_bag),
        cmocka_unit_test(person_before_an_open_door_acts_from_now),
        cmocka_unit_test(content_moves_only_through_an_open_door),
        cmocka_unit_test(swapped_contacts_report_the_other_door),
        cmocka_unit_test(swapped_strikes_open_the_other_door),
        cmocka_unit_test(broadcast_is_carried_out_by_all_boards_and_answered_by_none),
        cmocka_unit_test(dangerous_frames_are_counted_and_marked_in_the_trace),
        cmocka_unit_test(two_boards_with_one_address_garble_each_other),
        cmocka_unit_test(fault_on_one_board_leaves_the_other_alone),
        cmocka_unit_test(climate_flickers_sticks_drifts_and_goes_missing),
        cmocka_unit_test(trace_keeps_the_newest_and_knows_the_oldest),
        cmocka_unit_test(events_nobody_takes_are_lost_oldest_first),
        cmocka_unit_test(reboot_with_coils_on_opens_every_door_of_the_board),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
