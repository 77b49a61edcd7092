/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "controller/wiring.h"

static void describe(struct hw_cfg *c)
{
    memset(c, 0, sizeof *c);
    c->profile_dir = "hw/profiles";
    c->buses = 1;
    c->boards = 3;
    c->doors = 2;
    c->bus[0] = (struct hw_bus_cfg){.name = "b", .kind = HW_BUS_RTU, .device = "/dev/ttyRS485", .baud = 9600};
    c->board[0] = (struct hw_board_cfg){.name = "one", .unit = 1, .profile = "waveshare-d"};
    c->board[1] = (struct hw_board_cfg){.name = "two", .unit = 2, .profile = "waveshare-d"};
    c->board[2] = (struct hw_board_cfg){.name = "three", .unit = 3, .profile = "r4d-fc06"};
    c->door[0] = (struct hw_door_cfg){.name = "A1", .open_is_one = true, .pulse_ms = 500};
    c->door[1] = (struct hw_door_cfg){.name = "A2", .channel = 1, .input = 1, .open_is_one = true, .pulse_ms = 500};
}

static void read_wiring(const struct hw_cfg *c, struct cabinet *cab)
{
    struct reason r = {""};
    if (wiring_read(c, cab, &r) != ERR_OK)
        fail_msg("%s", r.text);
}

typedef void (*change_fn)(struct hw_cfg *c);

static void other_channel(struct hw_cfg *c)
{
    c->door[0].channel = 5;
}
static void other_input(struct hw_cfg *c)
{
    c->door[0].input = 5;
}
static void other_sense(struct hw_cfg *c)
{
    c->door[0].open_is_one = false;
}
static void other_unit(struct hw_cfg *c)
{
    c->board[0].unit = 9;
}
static void other_board(struct hw_cfg *c)
{
    c->door[0].board = 1;
}
static void other_contact_board(struct hw_cfg *c)
{
    c->door[0].sense_board = 1;
}
static void other_profile(struct hw_cfg *c)
{
    c->door[0].board = 2;
    c->board[2].unit = 1;
}
static void other_device(struct hw_cfg *c)
{
    (void)snprintf(c->bus[0].device, sizeof c->bus[0].device, "/dev/ttyUSB0");
}

static void whatever_reaches_another_lock_or_contact_is_other_wiring(void **state)
{
    static const change_fn changes[] = {other_channel, other_input,         other_sense,   other_unit,
                                        other_board,   other_contact_board, other_profile, other_device};
    struct hw_cfg *c = calloc(1, sizeof *c);
    struct cabinet *was = calloc(1, sizeof *was), *is = calloc(1, sizeof *is);
    (void)state;
    assert_true(c != NULL && was != NULL && is != NULL);
    describe(c);
    read_wiring(c, was);
    assert_memory_not_equal(was->wiring[0], was->wiring[1], CABINET_WIRING_LEN);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        describe(c);
        changes[i](c);
        read_wiring(c, is);
        assert_memory_not_equal(was->wiring[0], is->wiring[0], CABINET_WIRING_LEN);
    }
    free(is);
    free(was);
    free(c);
}

static void names_order_and_timing_are_not_in_it(void **state)
{
    struct hw_cfg *c = calloc(1, sizeof *c);
    struct cabinet *was = calloc(1, sizeof *was), *is = calloc(1, sizeof *is);
    (void)state;
    assert_true(c != NULL && was != NULL && is != NULL);
    describe(c);
    read_wiring(c, was);
    (void)snprintf(c->board[0].name, sizeof c->board[0].name, "other");
    (void)snprintf(c->bus[0].name, sizeof c->bus[0].name, "other");
    c->bus[0].baud = 19200;
    c->bus[0].timeout_ms = 300;
    c->board[0].timeout_ms = 99;
    c->door[0].pulse_ms = 700;
    read_wiring(c, is);
    assert_memory_equal(was->wiring[0], is->wiring[0], CABINET_WIRING_LEN);
    free(is);
    free(was);
    free(c);
}

static void what_cannot_be_read_is_named(void **state)
{
    struct reason r = {""};
    struct hw_cfg *c = calloc(1, sizeof *c);
    struct cabinet *cab = calloc(1, sizeof *cab);
    (void)state;
    assert_true(c != NULL && cab != NULL);
    describe(c);
    (void)snprintf(c->board[1].profile, sizeof c->board[1].profile, "nothing");
    assert_int_equal(wiring_read(c, cab, &r), ERR_NOT_FOUND);
    assert_non_null(strstr(r.text, "board two"));
    describe(c);
    c->door[1].channel = 8;
    assert_int_equal(wiring_read(c, cab, &r), ERR_RANGE);
    assert_non_null(strstr(r.text, "door A2"));
    describe(c);
    c->door[1].input = 8;
    assert_int_equal(wiring_read(c, cab, &r), ERR_RANGE);
    free(cab);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_reaches_another_lock_or_contact_is_other_wiring),
        cmocka_unit_test(names_order_and_timing_are_not_in_it),
        cmocka_unit_test(what_cannot_be_read_is_named),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
