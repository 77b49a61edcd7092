/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hw/frame.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static void requests_are_six_bytes_in_wire_order(void **state)
{
    static const struct {
        struct frame f;
        uint8_t bytes[FRAME_REQUEST_LEN];
    } row[] = {
        {{1, FRAME_READ_COILS, 0, 8}, {1, 1, 0, 0, 0, 8}},
        {{4, FRAME_READ_INPUTS, 0x0100, 2000}, {4, 2, 1, 0, 7, 0xd0}},
        {{2, FRAME_READ_HOLDING, 0x4000, 1}, {2, 3, 0x40, 0, 0, 1}},
        {{5, FRAME_READ_REGISTERS, 1, 2}, {5, 4, 0, 1, 0, 2}},
        {{1, FRAME_WRITE_COIL, 0x0203, 5}, {1, 5, 2, 3, 0, 5}},
        {{247, FRAME_WRITE_REGISTER, 3, 0x0500}, {247, 6, 0, 3, 5, 0}},
    };
    (void)state;
    for (size_t i = 0; i < LEN(row); i++) {
        uint8_t bytes[FRAME_REQUEST_LEN] = {0};
        assert_int_equal(frame_encode(&row[i].f, bytes), ERR_OK);
        assert_memory_equal(bytes, row[i].bytes, sizeof bytes);
    }
}

static void requests_outside_the_protocol_are_refused(void **state)
{
    static const struct frame row[] = {
        {0, FRAME_WRITE_COIL, 0, 0},
        {248, FRAME_READ_COILS, 0, 1},
        {255, FRAME_READ_COILS, 0, 1},
        {1, 0, 0, 1},
        {1, 7, 0, 1},
        {1, 15, 0, 1},
        {1, 16, 0, 1},
        {1, 0x81, 0, 1},
        {1, FRAME_READ_COILS, 0, 0},
        {1, FRAME_READ_INPUTS, 0, 2001},
        {1, FRAME_READ_HOLDING, 0, 126},
        {1, FRAME_READ_REGISTERS, 0, 0},
        {1, FRAME_READ_COILS, 0xffff, 2},
        {1, FRAME_READ_HOLDING, 0xfff0, 17},
    };
    (void)state;
    for (size_t i = 0; i < LEN(row); i++) {
        uint8_t bytes[FRAME_REQUEST_LEN];
        assert_int_equal(frame_encode(&row[i], bytes), ERR_RANGE);
    }
}

static void fitting_answers_give_their_data(void **state)
{
    const struct frame bits = {4, FRAME_READ_INPUTS, 0, 10}, registers = {5, FRAME_READ_REGISTERS, 1, 2};
    const struct frame write = {1, FRAME_WRITE_COIL, 0x0200, 5};
    const uint8_t bits_answer[] = {4, 2, 2, 0x81, 0x02}, registers_answer[] = {5, 4, 4, 0xff, 0xd8, 0x02, 0x58};
    const uint8_t write_answer[] = {1, 5, 2, 0, 0, 5};
    struct frame_answer a;
    (void)state;
    assert_int_equal(frame_judge(&bits, bits_answer, sizeof bits_answer, &a), FRAME_FITS);
    assert_true(frame_bit(&a, 0) && frame_bit(&a, 7) && frame_bit(&a, 9));
    assert_false(frame_bit(&a, 1) || frame_bit(&a, 8) || frame_bit(&a, 16) || frame_bit(&a, 4000));
    assert_int_equal(frame_judge(&registers, registers_answer, sizeof registers_answer, &a), FRAME_FITS);
    assert_int_equal((int16_t)frame_register(&a, 0), -40);
    assert_int_equal(frame_register(&a, 1), 600);
    assert_int_equal(frame_register(&a, 2), 0);
    assert_int_equal(frame_judge(&write, write_answer, sizeof write_answer, &a), FRAME_FITS);
    assert_int_equal(a.data_len, 0);
}

/* The wrong answers that the library was seen to accept, and the rest of their kind. */
static void wrong_answers_to_a_write_are_found(void **state)
{
    static const struct {
        enum frame_verdict verdict;
        size_t len;
        uint8_t bytes[8];
    } row[] = {
        {FRAME_WRONG_UNIT, 6, {9, 5, 0, 77, 0, 0}},        /* coil 77 off from unit 9 */
        {FRAME_WRONG_UNIT, 6, {0, 5, 0, 5, 0xff, 0}},      /* broadcast */
        {FRAME_WRONG_FUNCTION, 6, {1, 6, 0, 5, 0xff, 0}},  /* the other write */
        {FRAME_WRONG_FUNCTION, 5, {1, 1, 1, 0, 0}},        /* a late read */
        {FRAME_WRONG_ECHO, 6, {1, 5, 0, 4, 0xff, 0}},      /* another address */
        {FRAME_WRONG_ECHO, 6, {1, 5, 1, 5, 0xff, 0}},      /* high byte of the address */
        {FRAME_WRONG_ECHO, 6, {1, 5, 0, 5, 0, 0}},         /* another value */
        {FRAME_WRONG_ECHO, 6, {1, 5, 0, 5, 0xff, 1}},      /* low byte of the value */
        {FRAME_WRONG_LENGTH, 5, {1, 5, 0, 5, 0xff}},       /* cut off */
        {FRAME_WRONG_LENGTH, 7, {1, 5, 0, 5, 0xff, 0, 0}}, /* glued */
        {FRAME_WRONG_LENGTH, 2, {1, 5}},
        {FRAME_WRONG_LENGTH, 1, {1}},
        {FRAME_WRONG_LENGTH, 0, {0}},
        {FRAME_WRONG_FUNCTION, 3, {1, 0x86, 2}}, /* exception to another function */
        {FRAME_WRONG_UNIT, 3, {2, 0x85, 2}},     /* exception of another unit */
        {FRAME_WRONG_LENGTH, 4, {1, 0x85, 2, 0}},
        {FRAME_WRONG_LENGTH, 2, {1, 0x85}},
        {FRAME_WRONG_COUNT, 3, {1, 0x85, 0}}, /* no exception has code 0 */
    };
    const struct frame f = {1, FRAME_WRITE_COIL, 5, 0xff00};
    (void)state;
    for (size_t i = 0; i < LEN(row); i++) {
        struct frame_answer a = {.exception = 99, .data_len = 99};
        assert_int_equal(frame_judge(&f, row[i].bytes, row[i].len, &a), row[i].verdict);
        assert_true(a.exception == 99 && a.data_len == 99);
    }
}

static void wrong_answers_to_a_read_are_found(void **state)
{
    static const struct {
        enum frame_verdict verdict;
        size_t len;
        uint8_t bytes[10];
    } row[] = {
        {FRAME_WRONG_UNIT, 4, {3, 2, 1, 0}},
        {FRAME_WRONG_FUNCTION, 4, {4, 1, 1, 0}},
        {FRAME_WRONG_COUNT, 5, {4, 2, 2, 0, 0}},
        {FRAME_WRONG_COUNT, 3, {4, 2, 0}},
        {FRAME_WRONG_LENGTH, 5, {4, 2, 1, 0, 0}}, /* longer than it says */
        {FRAME_WRONG_LENGTH, 3, {4, 2, 1}},       /* cut off */
        {FRAME_WRONG_LENGTH, 2, {4, 2}},
        {FRAME_WRONG_LENGTH, 8, {4, 2, 1, 0, 4, 2, 1, 0}}, /* two frames */
        {FRAME_WRONG_COUNT, 6, {4, 2, 0, 0, 0, 8}},        /* the request itself, come back */
    };
    const struct frame f = {4, FRAME_READ_INPUTS, 0, 8};
    (void)state;
    for (size_t i = 0; i < LEN(row); i++) {
        struct frame_answer a;
        assert_int_equal(frame_judge(&f, row[i].bytes, row[i].len, &a), row[i].verdict);
    }
}

static void exceptions_carry_their_code(void **state)
{
    const struct frame f = {1, FRAME_READ_COILS, 0, 8};
    (void)state;
    for (unsigned code = 1; code <= 11; code++) {
        const uint8_t bytes[] = {1, 0x81, (uint8_t)code};
        struct frame_answer a;
        assert_int_equal(frame_judge(&f, bytes, sizeof bytes, &a), FRAME_EXCEPTION);
        assert_int_equal(a.exception, code);
        assert_int_equal(a.data_len, 0);
    }
}

static void tcp_header_must_belong_to_the_request(void **state)
{
    static const struct {
        enum frame_verdict verdict;
        size_t len;
        uint8_t bytes[12];
    } row[] = {
        {FRAME_FITS, 10, {0, 7, 0, 0, 0, 4, 2, 1, 1, 0x55}},
        {FRAME_WRONG_HEADER, 10, {0, 8, 0, 0, 0, 4, 2, 1, 1, 0x55}}, /* transaction */
        {FRAME_WRONG_HEADER, 10, {0, 7, 0, 1, 0, 4, 2, 1, 1, 0x55}}, /* protocol */
        {FRAME_WRONG_HEADER, 10, {0, 7, 0, 0, 0, 5, 2, 1, 1, 0x55}}, /* length */
        {FRAME_WRONG_HEADER, 10, {0, 7, 0, 0, 1, 4, 2, 1, 1, 0x55}},
        {FRAME_WRONG_UNIT, 10, {0, 7, 0, 0, 0, 4, 9, 1, 1, 0x55}},
        {FRAME_WRONG_LENGTH, 6, {0, 7, 0, 0, 0, 0}},
        {FRAME_WRONG_LENGTH, 0, {0}},
    };
    const struct frame f = {2, FRAME_READ_COILS, 0, 8};
    (void)state;
    for (size_t i = 0; i < LEN(row); i++) {
        struct frame_answer a;
        assert_int_equal(frame_judge_tcp(&f, 7, row[i].bytes, row[i].len, &a), row[i].verdict);
    }
}

/* Any one changed bit of a write's echo is found. */
static void every_flipped_bit_of_an_echo_is_found(void **state)
{
    const struct frame f = {3, FRAME_WRITE_REGISTER, 4, 0x0500};
    uint8_t bytes[FRAME_REQUEST_LEN];
    struct frame_answer a;
    (void)state;
    assert_int_equal(frame_encode(&f, bytes), ERR_OK);
    for (unsigned bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        enum frame_verdict v = frame_judge(&f, bytes, sizeof bytes, &a);
        assert_true(v != FRAME_FITS && v != FRAME_EXCEPTION);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void answer_length_is_known_before_it_comes(void **state)
{
    const struct frame row[] = {{1, 1, 0, 8}, {1, 2, 0, 9}, {1, 3, 0, 1}, {1, 4, 0, 125}, {1, 5, 0, 0}, {1, 9, 0, 1}};
    const size_t len[] = {4, 5, 5, 253, 6, 0};
    (void)state;
    for (size_t i = 0; i < LEN(row); i++)
        assert_int_equal(frame_answer_len(&row[i]), len[i]);
}

static void every_verdict_has_a_name(void **state)
{
    (void)state;
    for (unsigned v = 0; v < FRAME_VERDICT_N; v++)
        assert_non_null(frame_verdict_name((enum frame_verdict)v));
    assert_string_equal(frame_verdict_name(FRAME_VERDICT_N), "?");
}

static void answer_to_what_is_no_request_never_fits(void **state)
{
    static const uint8_t bytes[] = {1, FRAME_READ_COILS, 0, 0, 0};
    const struct frame none = {1, FRAME_READ_COILS, 0, 0}, beyond = {1, FRAME_READ_COILS, 0xffff, 8};
    struct frame_answer a;
    (void)state;
    assert_int_equal(frame_judge(&none, bytes, sizeof bytes, &a), FRAME_WRONG_LENGTH);
    assert_int_equal(frame_judge(&beyond, bytes, sizeof bytes, &a), FRAME_WRONG_LENGTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_six_bytes_in_wire_order),
        cmocka_unit_test(requests_outside_the_protocol_are_refused),
        cmocka_unit_test(fitting_answers_give_their_data),
        cmocka_unit_test(wrong_answers_to_a_write_are_found),
        cmocka_unit_test(wrong_answers_to_a_read_are_found),
        cmocka_unit_test(exceptions_carry_their_code),
        cmocka_unit_test(tcp_header_must_belong_to_the_request),
        cmocka_unit_test(every_flipped_bit_of_an_echo_is_found),
        cmocka_unit_test(answer_length_is_known_before_it_comes),
        cmocka_unit_test(every_verdict_has_a_name),
        cmocka_unit_test(answer_to_what_is_no_request_never_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
