/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/sim/line.h"

static const uint8_t read_request[] = {0x01, 0x02, 0x00, 0x00, 0x00, 0x08};

/* Answer of unit 1: FC05 echo of coil 3. */
static struct line_reply echo_reply(void)
{
    return (struct line_reply){.answered = true, .unit = 1, .pdu = {.bytes = {0x05, 0x00, 0x03, 0xff, 0x00}, .len = 5}};
}

/* Answer of unit 1: FC02, one byte of inputs. */
static struct line_reply read_reply(void)
{
    return (struct line_reply){.answered = true, .unit = 1, .pdu = {.bytes = {0x02, 0x01, 0x81}, .len = 3}};
}

static struct line_reply bent(enum line_fault fault, uint32_t amount, bool is_write)
{
    struct line l;
    struct line_plan plan;
    const struct line_rule rule = {
        .fault = fault, .bus = LINE_ANY, .board = LINE_ANY, .permille = 1000, .amount = amount};
    struct line_reply reply = is_write ? echo_reply() : read_reply();
    line_init(&l, 1);
    assert_int_equal(line_add(&l, &rule), ERR_OK);
    line_judge(&l, 0, 0, is_write, &plan);
    line_bend(&l, &plan, &reply);
    return reply;
}

/* A frame with its right check sum. */
static size_t frame(const uint8_t *bytes, size_t len, uint8_t *out)
{
    uint16_t crc = line_crc(bytes, len);
    memcpy(out, bytes, len);
    out[len] = (uint8_t)(crc & 0xffu);
    out[len + 1] = (uint8_t)(crc >> 8);
    return len + 2;
}

static void expect_wire(const struct line_reply *reply, const uint8_t *body, size_t body_len)
{
    uint8_t want[LINE_RTU_MAX], got[LINE_FRAME_MAX];
    size_t want_len = frame(body, body_len, want);
    assert_int_equal(line_write_rtu(reply, read_request, sizeof read_request, got), want_len);
    assert_memory_equal(got, want, want_len);
}

static void check_sum_is_that_of_the_standard(void **state)
{
    (void)state;
    /* Example of the serial line specification: 02 07 gives 41 12 on the wire. */
    assert_int_equal(line_crc((const uint8_t[]){0x02, 0x07}, 2), 0x1241);
    assert_int_equal(line_crc((const uint8_t[]){0}, 0), 0xffff);
}

static void good_frame_is_read_and_damaged_ones_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[16], unit = 0;
    struct board_pdu pdu = {.len = 0};
    size_t len = frame(read_request, sizeof read_request, bytes);
    assert_int_equal(line_read_rtu(bytes, len, &unit, &pdu), ERR_OK);
    assert_int_equal(unit, 1);
    assert_int_equal(pdu.len, 5);
    assert_memory_equal(pdu.bytes, read_request + 1, 5);
    for (size_t bit = 0; bit < len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(line_read_rtu(bytes, len, &unit, &pdu), ERR_SIGNATURE);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 1; cut < len; cut++) {
        assert_int_not_equal(line_read_rtu(bytes, len - cut, &unit, &pdu), ERR_OK);
    }
    uint8_t large[LINE_RTU_MAX + 1] = {0};
    assert_int_equal(line_read_rtu(large, sizeof large, &unit, &pdu), ERR_TOO_LONG);
}

static void reply_without_fault_is_a_plain_frame(void **state)
{
    (void)state;
    struct line_reply reply = read_reply();
    expect_wire(&reply, (const uint8_t[]){1, 2, 1, 0x81}, 4);
}

static void silent_and_deaf_say_nothing(void **state)
{
    (void)state;
    uint8_t out[LINE_FRAME_MAX];
    struct line_reply reply = bent(LINE_SILENT, 0, false);
    assert_int_equal(line_write_rtu(&reply, read_request, sizeof read_request, out), 0);
    assert_int_equal(line_write_tcp(&reply, 1, out), 0);
    reply = bent(LINE_DEAF, 0, false);
    assert_int_equal(line_write_rtu(&reply, read_request, sizeof read_request, out), 0);
}

static void late_reply_is_whole_and_late(void **state)
{
    (void)state;
    struct line_reply reply = bent(LINE_LATE, 250, false);
    assert_int_equal(reply.late_us, 250000);
    expect_wire(&reply, (const uint8_t[]){1, 2, 1, 0x81}, 4);
}

static void wrong_unit_function_count_and_address_show_in_a_good_frame(void **state)
{
    (void)state;
    struct line_reply reply = bent(LINE_UNIT, 0, false);
    expect_wire(&reply, (const uint8_t[]){2, 2, 1, 0x81}, 4);
    reply = bent(LINE_FUNCTION, 0, false);
    expect_wire(&reply, (const uint8_t[]){1, 3, 1, 0x81}, 4);
    reply = bent(LINE_COUNT, 0, false);
    expect_wire(&reply, (const uint8_t[]){1, 2, 2, 0x81, 0}, 5);
    reply = bent(LINE_COUNT, 0, true);
    expect_wire(&reply, (const uint8_t[]){1, 5, 0, 3, 0xff, 1}, 6);
    reply = bent(LINE_ADDRESS, 0, true);
    expect_wire(&reply, (const uint8_t[]){1, 5, 0, 2, 0xff, 0}, 6);
}

static void wrong_unit_is_always_another_one(void **state)
{
    (void)state;
    for (unsigned unit = 1; unit <= 247; unit++) {
        struct line_reply reply = read_reply();
        struct line_plan plan = {.faults = 1u << LINE_UNIT};
        struct line l;
        line_init(&l, 1);
        reply.unit = (uint8_t)unit;
        line_bend(&l, &plan, &reply);
        assert_int_not_equal(reply.unit, unit);
        assert_in_range(reply.unit, 1, 247);
    }
}

static void wrong_check_sum_is_refused_by_a_reader(void **state)
{
    (void)state;
    uint8_t out[LINE_FRAME_MAX], unit = 0;
    struct board_pdu pdu;
    struct line_reply reply = bent(LINE_CRC, 0, false);
    size_t len = line_write_rtu(&reply, read_request, sizeof read_request, out);
    assert_int_equal(len, 6);
    assert_int_equal(line_read_rtu(out, len, &unit, &pdu), ERR_SIGNATURE);
}

static void short_glued_echo_and_noise_change_the_bytes_around(void **state)
{
    (void)state;
    uint8_t good[LINE_FRAME_MAX], out[LINE_FRAME_MAX];
    struct line_reply reply = read_reply();
    size_t len = line_write_rtu(&reply, read_request, sizeof read_request, good);

    reply = bent(LINE_SHORT, 2, false);
    assert_int_equal(line_write_rtu(&reply, read_request, sizeof read_request, out), len - 2);
    assert_memory_equal(out, good, len - 2);
    reply = bent(LINE_SHORT, 200, false);
    assert_int_equal(line_write_rtu(&reply, read_request, sizeof read_request, out), 1);

    reply = bent(LINE_GLUED, 0, false);
    assert_int_equal(line_write_rtu(&reply, read_request, sizeof read_request, out), 2 * len);
    assert_memory_equal(out, good, len);
    assert_memory_equal(out + len, good, len);

    reply = bent(LINE_ECHO, 0, false);
    assert_int_equal(line_write_rtu(&reply, read_request, sizeof read_request, out), sizeof read_request + len);
    assert_memory_equal(out, read_request, sizeof read_request);
    assert_memory_equal(out + sizeof read_request, good, len);

    reply = bent(LINE_NOISE, 5, false);
    assert_int_equal(line_write_rtu(&reply, read_request, sizeof read_request, out), 5 + len);
    assert_memory_equal(out + 5, good, len);
}

static void address_fault_waits_for_a_write(void **state)
{
    (void)state;
    struct line l;
    struct line_plan plan;
    const struct line_rule rule = {
        .fault = LINE_ADDRESS, .bus = LINE_ANY, .board = LINE_ANY, .permille = 1000, .left = 1};
    line_init(&l, 1);
    assert_int_equal(line_add(&l, &rule), ERR_OK);
    line_judge(&l, 0, 0, false, &plan);
    assert_int_equal(plan.faults, 0);
    line_judge(&l, 0, 0, true, &plan);
    assert_int_equal(plan.faults, 1u << LINE_ADDRESS);
    line_judge(&l, 0, 0, true, &plan);
    assert_int_equal(plan.faults, 0);
    assert_int_equal(l.hits[LINE_ADDRESS], 1);
}

static void rule_hits_its_board_or_bus_only_and_as_often_as_asked(void **state)
{
    (void)state;
    struct line l;
    struct line_plan plan;
    struct line_rule rule = {.fault = LINE_SILENT, .bus = LINE_ANY, .board = 2, .permille = 1000, .left = 3};
    unsigned hits = 0;
    line_init(&l, 1);
    assert_int_equal(line_add(&l, &rule), ERR_OK);
    for (unsigned i = 0; i < 10; i++) {
        line_judge(&l, 0, 1, false, &plan);
        assert_int_equal(plan.faults, 0);
        line_judge(&l, 0, 2, false, &plan);
        hits += plan.faults != 0 ? 1 : 0;
    }
    assert_int_equal(hits, 3);
    rule = (struct line_rule){.fault = LINE_LATE, .bus = 1, .board = LINE_ANY, .permille = 1000, .amount = 9};
    assert_int_equal(line_add(&l, &rule), ERR_OK);
    line_judge(&l, 0, 2, false, &plan);
    assert_int_equal(plan.faults, 0);
    line_judge(&l, 1, 5, false, &plan);
    assert_int_equal(plan.faults, 1u << LINE_LATE);
    assert_int_equal(plan.amount[LINE_LATE], 9);
    line_clear(&l);
    line_judge(&l, 1, 5, false, &plan);
    assert_int_equal(plan.faults, 0);
}

static void chance_is_about_what_was_asked_and_repeats_with_the_seed(void **state)
{
    (void)state;
    struct line a, b;
    struct line_plan pa, pb;
    const struct line_rule rule = {.fault = LINE_CRC, .bus = LINE_ANY, .board = LINE_ANY, .permille = 200};
    unsigned hits = 0;
    line_init(&a, 42);
    line_init(&b, 42);
    assert_int_equal(line_add(&a, &rule), ERR_OK);
    assert_int_equal(line_add(&b, &rule), ERR_OK);
    for (unsigned i = 0; i < 10000; i++) {
        line_judge(&a, 0, 0, false, &pa);
        line_judge(&b, 0, 0, false, &pb);
        assert_int_equal(pa.faults, pb.faults);
        hits += pa.faults != 0 ? 1 : 0;
    }
    assert_in_range(hits, 1800, 2200);
}

static void rules_beyond_the_table_are_refused(void **state)
{
    (void)state;
    struct line l;
    const struct line_rule rule = {.fault = LINE_CRC, .permille = 1000};
    line_init(&l, 1);
    for (unsigned i = 0; i < LINE_RULES_MAX; i++) {
        assert_int_equal(line_add(&l, &rule), ERR_OK);
    }
    assert_int_equal(line_add(&l, &rule), ERR_FULL);
}

static void tcp_frames_are_read_one_by_one(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x12, 0x34, 0, 0, 0, 6, 2, 0x02, 0, 0, 0, 8, 0x12, 0x35, 0, 0, 0, 2, 2, 0x07};
    struct line_mbap head = {0};
    struct board_pdu pdu = {.len = 0};
    assert_int_equal(line_read_tcp(bytes, sizeof bytes, &head, &pdu), ERR_OK);
    assert_int_equal(head.transaction, 0x1234);
    assert_int_equal(head.unit, 2);
    assert_int_equal(head.len, 12);
    assert_int_equal(pdu.len, 5);
    assert_int_equal(line_read_tcp(bytes + 12, sizeof bytes - 12, &head, &pdu), ERR_OK);
    assert_int_equal(head.transaction, 0x1235);
    assert_int_equal(pdu.len, 1);
    for (size_t len = 0; len < 12; len++) {
        assert_int_equal(line_read_tcp(bytes, len, &head, &pdu), ERR_BUSY);
    }
}

static void tcp_bytes_that_are_not_modbus_are_refused(void **state)
{
    (void)state;
    static const uint8_t rows[][8] = {{0, 1, 0, 1, 0, 6, 2, 2},
                                      {0, 1, 0, 0, 0, 1, 2, 2},
                                      {0, 1, 0, 0, 0, 255, 2, 2},
                                      {0, 1, 0, 0, 1, 6, 2, 2},
                                      {'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'}};
    struct line_mbap head;
    struct board_pdu pdu;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(line_read_tcp(rows[i], sizeof rows[i], &head, &pdu), ERR_SYNTAX);
    }
}

static void tcp_reply_carries_the_transaction(void **state)
{
    (void)state;
    uint8_t out[LINE_FRAME_MAX];
    struct line_reply reply = read_reply();
    const uint8_t want[] = {0xab, 0xcd, 0, 0, 0, 4, 1, 2, 1, 0x81};
    assert_int_equal(line_write_tcp(&reply, 0xabcd, out), sizeof want);
    assert_memory_equal(out, want, sizeof want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_sum_is_that_of_the_standard),
        cmocka_unit_test(good_frame_is_read_and_damaged_ones_are_refused),
        cmocka_unit_test(reply_without_fault_is_a_plain_frame),
        cmocka_unit_test(silent_and_deaf_say_nothing),
        cmocka_unit_test(late_reply_is_whole_and_late),
        cmocka_unit_test(wrong_unit_function_count_and_address_show_in_a_good_frame),
        cmocka_unit_test(wrong_unit_is_always_another_one),
        cmocka_unit_test(wrong_check_sum_is_refused_by_a_reader),
        cmocka_unit_test(short_glued_echo_and_noise_change_the_bytes_around),
        cmocka_unit_test(address_fault_waits_for_a_write),
        cmocka_unit_test(rule_hits_its_board_or_bus_only_and_as_often_as_asked),
        cmocka_unit_test(chance_is_about_what_was_asked_and_repeats_with_the_seed),
        cmocka_unit_test(rules_beyond_the_table_are_refused),
        cmocka_unit_test(tcp_frames_are_read_one_by_one),
        cmocka_unit_test(tcp_bytes_that_are_not_modbus_are_refused),
        cmocka_unit_test(tcp_reply_carries_the_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
