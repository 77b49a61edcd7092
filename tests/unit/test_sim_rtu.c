/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/sim/rtu.h"

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

/* 9600 baud, 10 bits: 1041.666 us a byte, t3.5 3645 us. An 8-byte request takes 8334 us. */
#define REQUEST_US 8334
#define GAP_US 3645
#define TURN_US 5000

struct rig {
    struct cabinet *cabinet;
    struct rtu line;
};

static struct rig new_rig(void)
{
    struct rig r = {.cabinet = malloc(sizeof *r.cabinet)};
    const struct layout l = small_layout();
    assert_non_null(r.cabinet);
    cabinet_init(r.cabinet, &l, 11);
    rtu_init(&r.line, 0, &l.bus[0]);
    return r;
}

static void say(struct rig *r, const uint8_t body[6], int64_t now_us)
{
    uint8_t frame[8];
    uint16_t crc = line_crc(body, 6);
    memcpy(frame, body, 6);
    frame[6] = (uint8_t)(crc & 0xffu);
    frame[7] = (uint8_t)(crc >> 8);
    rtu_receive(&r->line, r->cabinet, frame, sizeof frame, now_us);
}

/* Everything that is handed over until until_us, with the times of the first and the last byte. */
static size_t hear(struct rig *r, uint8_t *out, int64_t until_us, int64_t *first_us, int64_t *last_us)
{
    size_t n = 0;
    for (int64_t t = rtu_next(&r->line); t <= until_us; t = rtu_next(&r->line)) {
        rtu_step(&r->line, r->cabinet, t);
        size_t got = rtu_due(&r->line, out + n, LINE_FRAME_MAX - n, t);
        *first_us = n == 0 && got > 0 ? t : *first_us;
        *last_us = got > 0 ? t : *last_us;
        n += got;
    }
    return n;
}

static const uint8_t read_inputs[6] = {1, 2, 0, 0, 0, 8};
static const uint8_t read_other[6] = {2, 2, 0, 0, 0, 8};

static void reply_takes_the_time_of_the_line(void **state)
{
    (void)state;
    struct rig r = new_rig();
    uint8_t out[LINE_FRAME_MAX];
    int64_t first_us = 0, last_us = 0;
    say(&r, read_inputs, 1000);
    assert_int_equal(rtu_next(&r.line), 1000 + REQUEST_US + GAP_US);
    assert_int_equal(hear(&r, out, 1000000, &first_us, &last_us), 6);
    int64_t start_us = 1000 + REQUEST_US + GAP_US + TURN_US;
    assert_int_equal(first_us, start_us + 1042);
    assert_int_equal(last_us, start_us + 6250);
    assert_true(rtu_next(&r.line) == BOARD_NEVER);
    free(r.cabinet);
}

static void gap_arithmetic_is_that_of_the_specification(void **state)
{
    (void)state;
    static const struct {
        uint32_t baud;
        bool parity_bit;
        int64_t t15_us, t35_us, eight_us;
    } rows[] = {{9600, false, 1562, 3645, 8334}, {9600, true, 1718, 4010, 9167},  {19200, false, 781, 1822, 4167},
                {19200, true, 859, 2005, 4584},  {38400, false, 750, 1750, 2084}, {115200, false, 750, 1750, 695}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rtu l;
        const struct layout_bus cfg = {.baud = rows[i].baud, .parity_bit = rows[i].parity_bit};
        rtu_init(&l, 0, &cfg);
        assert_int_equal(l.t15_us, rows[i].t15_us);
        assert_int_equal(l.t35_us, rows[i].t35_us);
        assert_int_equal(rtu_span_us(&l, 8), rows[i].eight_us);
    }
}

static void silence_before_a_request_is_measured(void **state)
{
    (void)state;
    struct rig r = new_rig();
    uint8_t out[LINE_FRAME_MAX];
    int64_t first_us = 0, last_us = 0;
    const struct cabinet_bus *count = &r.cabinet->bus[0];
    say(&r, read_inputs, 0);
    (void)hear(&r, out, 100000, &first_us, &last_us);
    assert_int_equal(count->min_gap_us, -1);
    say(&r, read_inputs, last_us + GAP_US);
    assert_int_equal(count->gap_violations, 0);
    assert_int_equal(count->min_gap_us, GAP_US);
    (void)hear(&r, out, 200000, &first_us, &last_us);
    say(&r, read_inputs, last_us + GAP_US - 1);
    assert_int_equal(count->gap_violations, 1);
    assert_int_equal(count->min_gap_us, GAP_US - 1);
    free(r.cabinet);
}

static void request_that_follows_too_closely_spoils_both(void **state)
{
    (void)state;
    struct rig r = new_rig();
    uint8_t out[LINE_FRAME_MAX];
    int64_t first_us = 0, last_us = 0;
    say(&r, read_inputs, 0);
    say(&r, read_other, REQUEST_US + 2000);
    assert_int_equal(hear(&r, out, 1000000, &first_us, &last_us), 0);
    assert_int_equal(r.cabinet->bus[0].garbage, 1);
    assert_int_equal(r.cabinet->bus[0].split_frames, 1);
    assert_int_equal(r.cabinet->bus[0].requests, 0);
    free(r.cabinet);
}

static void request_during_a_reply_is_not_heard(void **state)
{
    (void)state;
    struct rig r = new_rig();
    uint8_t out[LINE_FRAME_MAX];
    int64_t first_us = 0, last_us = 0;
    say(&r, read_inputs, 0);
    size_t n = hear(&r, out, REQUEST_US + GAP_US + TURN_US + 2000, &first_us, &last_us);
    say(&r, read_other, REQUEST_US + GAP_US + TURN_US + 2500);
    n += hear(&r, out + n, 1000000, &first_us, &last_us);
    assert_int_equal(n, 6);
    assert_int_equal(r.cabinet->bus[0].collisions, 1);
    assert_int_equal(r.cabinet->bus[0].gap_violations, 1);
    assert_int_equal(r.cabinet->bus[0].requests, 1);
    assert_int_equal(trace_get(&r.cabinet->trace, 2)->kind, TRACE_COLLISION);
    free(r.cabinet);
}

/* A busy machine may wake the simulator late: the line was silent, and nobody could know that more was to come. */
static void answer_that_the_simulator_sends_late_is_not_blamed_on_the_request(void **state)
{
    (void)state;
    struct rig r = new_rig();
    uint8_t out[LINE_FRAME_MAX];
    int64_t first_us = 0, last_us = 0;
    const struct cabinet_bus *count = &r.cabinet->bus[0];
    say(&r, read_inputs, 0);
    size_t n = hear(&r, out, REQUEST_US + GAP_US + TURN_US + 2500, &first_us, &last_us);
    assert_int_equal(n, 2);
    int64_t next_us = rtu_next(&r.line);
    say(&r, read_other, next_us + GAP_US + 1);
    assert_int_equal(count->stalls, 1);
    assert_int_equal(count->gap_violations, 0);
    say(&r, read_other, next_us + GAP_US);
    assert_int_equal(count->stalls, 1);
    assert_int_equal(count->gap_violations, 1);
    assert_int_equal(count->collisions, 2);
    assert_int_equal(count->requests, 1);
    free(r.cabinet);
}

static void frame_in_pieces_is_one_frame(void **state)
{
    (void)state;
    struct rig r = new_rig();
    uint8_t out[LINE_FRAME_MAX], frame[8];
    int64_t first_us = 0, last_us = 0;
    uint16_t crc = line_crc(read_inputs, 6);
    memcpy(frame, read_inputs, 6);
    frame[6] = (uint8_t)(crc & 0xffu);
    frame[7] = (uint8_t)(crc >> 8);
    for (int64_t i = 0; i < 8; i++) {
        rtu_receive(&r.line, r.cabinet, frame + i, 1, i * 1042);
    }
    assert_int_equal(hear(&r, out, 1000000, &first_us, &last_us), 6);
    assert_int_equal(r.cabinet->bus[0].split_frames, 0);
    free(r.cabinet);
}

static void late_reply_comes_after_the_next_one(void **state)
{
    (void)state;
    struct rig r = new_rig();
    uint8_t out[LINE_FRAME_MAX];
    int64_t first_us = 0, last_us = 0;
    const struct line_rule late = {
        .fault = LINE_LATE, .bus = LINE_ANY, .board = 0, .permille = 1000, .left = 1, .amount = 120};
    assert_int_equal(line_add(&r.cabinet->line, &late), ERR_OK);
    say(&r, read_inputs, 0);
    assert_int_equal(hear(&r, out, 50000, &first_us, &last_us), 0);
    say(&r, read_other, 50000);
    assert_int_equal(hear(&r, out, 1000000, &first_us, &last_us), 12);
    assert_int_equal(out[0], 2);
    assert_int_equal(out[6], 1);
    assert_true(last_us > REQUEST_US + GAP_US + 120000);
    free(r.cabinet);
}

static void replies_never_overlap_on_the_line(void **state)
{
    (void)state;
    struct rig r = new_rig();
    uint8_t out[LINE_FRAME_MAX], unit = 0;
    struct board_pdu pdu;
    int64_t first_us = 0, last_us = 0;
    /* Late so that it would begin in the middle of the other's reply. */
    const struct line_rule late = {
        .fault = LINE_LATE, .bus = LINE_ANY, .board = 0, .permille = 1000, .left = 1, .amount = 32};
    assert_int_equal(line_add(&r.cabinet->line, &late), ERR_OK);
    say(&r, read_inputs, 0);
    (void)hear(&r, out, 30000, &first_us, &last_us);
    say(&r, read_other, 30000);
    assert_int_equal(hear(&r, out, 1000000, &first_us, &last_us), 12);
    assert_int_equal(line_read_rtu(out, 6, &unit, &pdu), ERR_OK);
    assert_int_equal(line_read_rtu(out + 6, 6, &unit, &pdu), ERR_OK);
    free(r.cabinet);
}

static void noise_and_overlong_frames_are_ignored(void **state)
{
    (void)state;
    struct rig r = new_rig();
    uint8_t out[LINE_FRAME_MAX], junk[2000];
    int64_t first_us = 0, last_us = 0;
    memset(junk, 0xa5, sizeof junk);
    rtu_receive(&r.line, r.cabinet, junk, sizeof junk, 0);
    assert_int_equal(hear(&r, out, 10000000, &first_us, &last_us), 0);
    rtu_receive(&r.line, r.cabinet, junk, 3, 20000000);
    assert_int_equal(hear(&r, out, 30000000, &first_us, &last_us), 0);
    assert_int_equal(r.cabinet->bus[0].garbage, 2);
    say(&r, read_inputs, 40000000);
    assert_int_equal(hear(&r, out, 50000000, &first_us, &last_us), 6);
    free(r.cabinet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reply_takes_the_time_of_the_line),
        cmocka_unit_test(gap_arithmetic_is_that_of_the_specification),
        cmocka_unit_test(silence_before_a_request_is_measured),
        cmocka_unit_test(request_that_follows_too_closely_spoils_both),
        cmocka_unit_test(request_during_a_reply_is_not_heard),
        cmocka_unit_test(answer_that_the_simulator_sends_late_is_not_blamed_on_the_request),
        cmocka_unit_test(frame_in_pieces_is_one_frame),
        cmocka_unit_test(late_reply_comes_after_the_next_one),
        cmocka_unit_test(replies_never_overlap_on_the_line),
        cmocka_unit_test(noise_and_overlong_frames_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
