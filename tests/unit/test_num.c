/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/num.h"

static void integers_are_read_in_their_one_spelling(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
    } row[] = {{"0", 0},
               {"7", 7},
               {"-7", -7},
               {"10", 10},
               {"9223372036854775807", INT64_MAX},
               {"-9223372036854775807", -INT64_MAX},
               {"-9223372036854775808", INT64_MIN}};

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        int64_t value = 99;

        assert_int_equal(num_parse(row[i].text, INT64_MIN, INT64_MAX, &value), ERR_OK);
        assert_true(value == row[i].value);
    }
}

static void other_spellings_are_refused(void **state)
{
    static const char *const text[] = {"",    "-",   "+1",  " 1",  "1 ", "01", "-01", "-0",  "00",
                                       "0x1", "1e3", "1.0", "--1", "1-", "a",  "1a",  "\t1", "9223372036854775807x"};

    (void)state;
    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
        int64_t value = 99;

        assert_int_equal(num_parse(text[i], INT64_MIN, INT64_MAX, &value), ERR_SYNTAX);
        assert_true(value == 99);
    }
}

static void integers_outside_the_range_are_refused(void **state)
{
    int64_t value = 99;

    (void)state;
    assert_int_equal(num_parse("9223372036854775808", INT64_MIN, INT64_MAX, &value), ERR_RANGE);
    assert_int_equal(num_parse("-9223372036854775809", INT64_MIN, INT64_MAX, &value), ERR_RANGE);
    assert_int_equal(num_parse("100000000000000000000000000000", INT64_MIN, INT64_MAX, &value), ERR_RANGE);
    assert_int_equal(num_parse("0", 1, 247, &value), ERR_RANGE);
    assert_int_equal(num_parse("248", 1, 247, &value), ERR_RANGE);
    assert_true(value == 99);
    assert_int_equal(num_parse("247", 1, 247, &value), ERR_OK);
    assert_true(value == 247);
}

static void hex_goes_there_and_back(void **state)
{
    const uint8_t bytes[4] = {0x00, 0x9A, 0xbc, 0xFF};
    uint8_t back[4];
    char text[9];

    (void)state;
    num_to_hex(bytes, sizeof(bytes), text);
    assert_string_equal(text, "009abcff");
    assert_int_equal(num_from_hex(text, back, sizeof(back)), ERR_OK);
    assert_memory_equal(bytes, back, sizeof(bytes));
    assert_int_equal(num_from_hex("009ABCFF", back, sizeof(back)), ERR_OK);
    assert_memory_equal(bytes, back, sizeof(bytes));
}

static void hex_of_another_length_or_with_other_digits_is_refused(void **state)
{
    static const char *const text[] = {"", "00", "0011223", "001122334", "00112g33", "0x112233", " 0112233"};

    (void)state;
    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
        uint8_t out[4] = {1, 2, 3, 4};
        const uint8_t untouched[4] = {1, 2, 3, 4};

        assert_int_equal(num_from_hex(text[i], out, sizeof(out)), ERR_SYNTAX);
        assert_memory_equal(out, untouched, sizeof(out));
    }
}

static void base64url_has_one_spelling(void **state)
{
    static const struct {
        const char *text;
        size_t want;
    } good[] = {{"", 0}, {"_-8A", 3}, {"AAECAw", 4}, {"AAEC", 3}};
    static const char *const bad[] = {"A",      "AAECAx", "AAECA",   "AAECAw=",          "AAECAw==", "AA EC",
                                      "AAEC\n", "AA+/",   "AA\x80=", "\xC1\x81\x81\x81", "AAE\xFF",  "AAECAwQF"};
    uint8_t out[4];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(num_from_base64url(good[i].text, strlen(good[i].text), out, sizeof(out), &len), ERR_OK);
        assert_int_equal(len, good[i].want);
    }
    assert_memory_equal(out, "\0\1\2", 3);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(num_from_base64url(bad[i], strlen(bad[i]), out, sizeof(out), &len), ERR_SYNTAX);
    assert_int_equal(num_from_base64url("AAEC\0AAA", 8, out, sizeof(out), &len), ERR_SYNTAX);
    /* Every byte that is not a letter, in every place. */
    for (unsigned c = 1; c < 256; c++) {
        const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for (unsigned at = 0; at < 4; at++) {
            char text[5] = "AAAA";
            text[at] = (char)c;
            assert_int_equal(num_from_base64url(text, 4, out, sizeof(out), &len),
                             strchr(letters, (char)c) != NULL ? ERR_OK : ERR_SYNTAX);
        }
    }
}

static void big_endian_goes_there_and_back(void **state)
{
    uint8_t bytes[8];

    (void)state;
    num_put_be(bytes, UINT64_C(0x0102030405), 5);
    assert_memory_equal(bytes, "\1\2\3\4\5", 5);
    assert_true(num_get_be(bytes, 5) == UINT64_C(0x0102030405));
    num_put_be(bytes, UINT64_MAX - 1, 8);
    assert_true(num_get_be(bytes, 8) == UINT64_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_read_in_their_one_spelling),
        cmocka_unit_test(other_spellings_are_refused),
        cmocka_unit_test(integers_outside_the_range_are_refused),
        cmocka_unit_test(hex_goes_there_and_back),
        cmocka_unit_test(hex_of_another_length_or_with_other_digits_is_refused),
        cmocka_unit_test(base64url_has_one_spelling),
        cmocka_unit_test(big_endian_goes_there_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
