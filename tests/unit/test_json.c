/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "common/json.h"

#define MEBIBYTE (1024u * 1024u)

static const struct json_limits message = {JSON_MAX_MESSAGE, JSON_DEPTH_MESSAGE, JSON_STRICT};
static const struct json_limits fhir = {MEBIBYTE, JSON_DEPTH_FHIR, JSON_ALLOW_FRACTIONS};

static enum err scan(const char *text)
{
    struct reason r = {""};
    enum err e = json_scan(text, strlen(text), &message, &r);

    assert_true((e == ERR_OK) == (r.text[0] == '\0'));
    return e;
}

static cJSON *parse(const char *text)
{
    struct reason r = {""};
    cJSON *tree = NULL;
    enum err e = json_parse(&tree, text, strlen(text), &message, &r);

    assert_string_equal(r.text, "");
    assert_int_equal(e, ERR_OK);
    assert_non_null(tree);
    return tree;
}

/* ------------------------------------------------- what cJSON 1.7.15 takes and we do not */

static void trailing_bytes_are_refused(void **state)
{
    (void)state;
    assert_int_equal(scan("{\"a\":1} x"), ERR_SYNTAX);
    assert_int_equal(scan("{\"a\":1}{\"b\":2}"), ERR_SYNTAX);
    assert_int_equal(scan("1 2"), ERR_SYNTAX);
    assert_int_equal(json_scan("{}\0", 3, &message, NULL), ERR_SYNTAX);
    assert_int_equal(scan("{\"a\":1} \r\n\t"), ERR_OK);
}

static void duplicate_keys_are_refused(void **state)
{
    (void)state;
    assert_int_equal(scan("{\"door\":7,\"door\":8}"), ERR_DUPLICATE);
    assert_int_equal(scan("{\"\":7,\"\":8}"), ERR_DUPLICATE);
    assert_int_equal(scan("{\"x\":{\"b\":1,\"a\":2,\"b\":3}}"), ERR_DUPLICATE);
    assert_int_equal(scan("{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":1}]}"), ERR_OK);
}

static void keys_that_differ_in_case_only_are_refused(void **state)
{
    (void)state;
    assert_int_equal(scan("{\"DOOR\":7,\"door\":8}"), ERR_DUPLICATE);
    assert_int_equal(scan("{\"dOoR\":7,\"x\":0,\"DoOr\":8}"), ERR_DUPLICATE);
    assert_int_equal(scan("{\"a\":1,\"ab\":2,\"A_\":3,\"[\":4,\"{\":5}"), ERR_OK);
}

static void keys_spelt_with_escapes_are_compared_by_their_meaning(void **state)
{
    (void)state;
    assert_int_equal(scan("{\"door\":7,\"d\\u006for\":8}"), ERR_DUPLICATE);
    assert_int_equal(scan("{\"door\":7,\"\\u0044oor\":8}"), ERR_DUPLICATE);
    assert_int_equal(scan("{\"a/b\":7,\"a\\/b\":8}"), ERR_DUPLICATE);
    assert_int_equal(scan("{\"\\n\":7,\"\\u000A\":8}"), ERR_DUPLICATE);
    assert_int_equal(scan("{\"\\\"\":7,\"\\u0022\":8}"), ERR_DUPLICATE);
    assert_int_equal(scan("{\"\xC3\xA9\":7,\"\\u00e9\":8}"), ERR_DUPLICATE);
    assert_int_equal(scan("{\"\xE2\x82\xAC\":7,\"\\u20AC\":8}"), ERR_DUPLICATE);
    assert_int_equal(scan("{\"\xF0\x9F\x98\x80\":7,\"\\uD83D\\ude00\":8}"), ERR_DUPLICATE);
    assert_int_equal(scan("{\"n\":7,\"\\n\":8,\"\\\\n\":9}"), ERR_OK);
}

static void look_up_respects_case(void **state)
{
    cJSON *tree = parse("{\"DOOR\":7}");
    int64_t value = 99;

    (void)state;
    assert_int_equal(json_get_int(tree, "door", 0, 10, &value, NULL), ERR_MISSING);
    assert_true(value == 99);
    cJSON_Delete(tree);
}

static void nul_escapes_are_refused(void **state)
{
    (void)state;
    assert_int_equal(scan("\"x\\u0000y\""), ERR_SYNTAX);
    assert_int_equal(scan("{\"x\\u0000y\":1}"), ERR_SYNTAX);
    assert_int_equal(scan("\"x\\u0001y\""), ERR_OK);
}

static void nul_bytes_are_refused(void **state)
{
    (void)state;
    assert_int_equal(json_scan("\"x\0y\"", 5, &message, NULL), ERR_SYNTAX);
    assert_int_equal(json_scan("\0", 1, &message, NULL), ERR_SYNTAX);
    assert_int_equal(json_scan("[1\0]", 4, &message, NULL), ERR_SYNTAX);
    assert_int_equal(json_scan("\"\\\0\"", 4, &message, NULL), ERR_SYNTAX);
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
    static const char *const bad[] = {
        "\x80",         "\xBF",         "\xC3",         "\xC3\x28",         "\xFF",    "\xFE", "\xE2\x82",
        "\xE2\x28\xA1", "\xF0\x9F\x98", "\xF8\x88\x80", "\xF0\x28\x8C\xBC", "\xC3\xC3"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[16];

        (void)snprintf(text, sizeof(text), "\"%s\"", bad[i]);
        assert_int_equal(scan(text), ERR_SYNTAX);
        (void)snprintf(text, sizeof(text), "{\"%s\":1}", bad[i]);
        assert_int_equal(scan(text), ERR_SYNTAX);
        (void)snprintf(text, sizeof(text), "\"%s", bad[i]);
        assert_int_equal(scan(text), ERR_SYNTAX);
    }
    assert_int_equal(scan("\"\x7F \xC2\x80 \xDF\xBF \xE0\xA0\x80 \xEF\xBF\xBF \xF0\x90\x80\x80 \xF4\x8F\xBF\xBF\""),
                     ERR_OK);
}

static void overlong_utf8_is_refused(void **state)
{
    (void)state;
    assert_int_equal(scan("\"\xC0\x80\""), ERR_SYNTAX);
    assert_int_equal(scan("\"\xC1\xBF\""), ERR_SYNTAX);
    assert_int_equal(scan("\"\xE0\x9F\xBF\""), ERR_SYNTAX);
    assert_int_equal(scan("\"\xF0\x8F\xBF\xBF\""), ERR_SYNTAX);
}

static void surrogates_and_beyond_unicode_in_utf8_are_refused(void **state)
{
    (void)state;
    assert_int_equal(scan("\"\xED\xA0\x80\""), ERR_SYNTAX);
    assert_int_equal(scan("\"\xED\xBF\xBF\""), ERR_SYNTAX);
    assert_int_equal(scan("\"\xED\x9F\xBF\xEE\x80\x80\""), ERR_OK);
    assert_int_equal(scan("\"\xF4\x90\x80\x80\""), ERR_SYNTAX);
    assert_int_equal(scan("\"\xF5\x80\x80\x80\""), ERR_SYNTAX);
}

static void lone_surrogate_escapes_are_refused(void **state)
{
    (void)state;
    assert_int_equal(scan("\"\\uD800\""), ERR_SYNTAX);
    assert_int_equal(scan("\"\\uDC00\""), ERR_SYNTAX);
    assert_int_equal(scan("\"\\uD800\\uD800\""), ERR_SYNTAX);
    assert_int_equal(scan("\"\\uD800x\\uDC00\""), ERR_SYNTAX);
    assert_int_equal(scan("\"\\uD800\\u0041\""), ERR_SYNTAX);
    assert_int_equal(scan("\"\\uD83D\\uDE00\""), ERR_OK);
}

static void raw_control_characters_are_refused(void **state)
{
    (void)state;
    for (char c = 1; c < 0x20; c++) {
        const char text[] = {'"', c, '"', '\0'};

        assert_int_equal(scan(text), ERR_SYNTAX);
    }
}

static void other_white_space_is_refused(void **state)
{
    (void)state;
    assert_int_equal(scan("\v1"), ERR_SYNTAX);
    assert_int_equal(scan("[1,\f2]"), ERR_SYNTAX);
    assert_int_equal(scan("\xC2\xA0"
                          "1"),
                     ERR_SYNTAX);
    assert_int_equal(scan("{\x01\"a\":1}"), ERR_SYNTAX);
}

static void byte_order_mark_is_refused(void **state)
{
    (void)state;
    assert_int_equal(scan("\xEF\xBB\xBF{}"), ERR_SYNTAX);
}

static void leading_zeros_are_refused(void **state)
{
    (void)state;
    assert_int_equal(scan("0123"), ERR_SYNTAX);
    assert_int_equal(scan("-01"), ERR_SYNTAX);
    assert_int_equal(scan("00"), ERR_SYNTAX);
    assert_int_equal(scan("[0,-0,10]"), ERR_OK);
}

static void numbers_without_integer_part_are_refused(void **state)
{
    (void)state;
    assert_int_equal(json_scan("-.5", 3, &fhir, NULL), ERR_SYNTAX);
    assert_int_equal(json_scan(".5", 2, &fhir, NULL), ERR_SYNTAX);
    assert_int_equal(json_scan("-", 1, &fhir, NULL), ERR_SYNTAX);
    assert_int_equal(json_scan("+1", 2, &fhir, NULL), ERR_SYNTAX);
}

static void numbers_that_end_in_a_point_or_exponent_are_refused(void **state)
{
    static const char *const bad[] = {"1.", "1.e3", "1e", "1e+", "1E-", "1.5e", "1ee3", "1.5.5", "1e3.5"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(json_scan(bad[i], strlen(bad[i]), &fhir, NULL), ERR_SYNTAX);
}

static void numbers_that_overflow_a_double_are_refused(void **state)
{
    (void)state;
    assert_int_equal(json_scan("1e999", 5, &fhir, NULL), ERR_RANGE);
    assert_int_equal(json_scan("-1e99999999999", 14, &fhir, NULL), ERR_RANGE);
    assert_int_equal(json_scan("1e-999", 6, &fhir, NULL), ERR_RANGE);
    assert_int_equal(json_scan("1e100", 5, &fhir, NULL), ERR_OK);
}

static void integers_beyond_53_bits_are_refused(void **state)
{
    (void)state;
    assert_int_equal(scan("9007199254740991"), ERR_OK);
    assert_int_equal(scan("-9007199254740991"), ERR_OK);
    assert_int_equal(scan("9007199254740992"), ERR_RANGE);
    assert_int_equal(scan("-9007199254740992"), ERR_RANGE);
    assert_int_equal(scan("9007199254740993"), ERR_RANGE);
    assert_int_equal(scan("18446744073709551616"), ERR_RANGE);
}

static void integers_beyond_32_bits_are_not_saturated(void **state)
{
    cJSON *tree = parse("{\"a\":1767225600123,\"b\":-9007199254740991}");
    int64_t value;

    (void)state;
    assert_int_equal(json_get_int(tree, "a", 0, INT64_MAX, &value, NULL), ERR_OK);
    assert_true(value == INT64_C(1767225600123));
    assert_int_equal(json_get_int(tree, "b", INT64_MIN, 0, &value, NULL), ERR_OK);
    assert_true(value == INT64_C(-9007199254740991));
    cJSON_Delete(tree);
}

static void large_integers_are_printed_exactly(void **state)
{
    cJSON *tree = parse("{\"a\":9007199254740991,\"b\":[1000000000000000,-1000000000000000],\"c\":999999999999999}");
    char *text = json_print(tree);

    (void)state;
    assert_string_equal(text,
                        "{\"a\":9007199254740991,\"b\":[1000000000000000,-1000000000000000],\"c\":999999999999999}");
    free(text);
    cJSON_Delete(tree);
}

static void very_long_numbers_are_refused(void **state)
{
    char digits[200];

    (void)state;
    memset(digits, '1', sizeof(digits));
    digits[1] = '.';
    assert_int_equal(json_scan(digits, 40, &fhir, NULL), ERR_OK);
    assert_int_equal(json_scan(digits, 41, &fhir, NULL), ERR_RANGE);
    assert_int_equal(json_scan(digits, sizeof(digits), &fhir, NULL), ERR_RANGE);
}

static void deep_nesting_is_refused(void **state)
{
    char *text = malloc(MEBIBYTE);

    (void)state;
    assert_non_null(text);
    assert_int_equal(scan("[[[[[[[[1]]]]]]]]"), ERR_OK);
    assert_int_equal(scan("[[[[[[[[[1]]]]]]]]]"), ERR_TOO_LONG);
    assert_int_equal(scan("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}"), ERR_TOO_LONG);
    memset(text, '[', MEBIBYTE);
    assert_int_equal(json_scan(text, MEBIBYTE, &fhir, NULL), ERR_TOO_LONG);
    free(text);
}

static void bytes_behind_the_length_are_never_read(void **state)
{
    static const char *const text[] = {"{\"a\":1}", "[\"\\u12", "[\"\\", "\"\xE2\x82", "tru", "[1.", "\"\\uD800\\u"};

    (void)state;
    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
        for (size_t len = 0; len <= strlen(text[i]); len++) {
            char *exact = malloc(len + (len == 0)); /* the address sanitizer sees a read past it */
            cJSON *tree = NULL;

            assert_non_null(exact);
            memcpy(exact, text[i], len);
            assert_int_equal(json_parse(&tree, exact, len, &message, NULL), i == 0 && len == 7 ? ERR_OK : ERR_SYNTAX);
            cJSON_Delete(tree);
            free(exact);
        }
    }
}

/* ------------------------------------------------- grammar */

static void every_kind_of_value_is_accepted(void **state)
{
    static const char *const good[] = {"null",
                                       "true",
                                       "false",
                                       "0",
                                       "-0",
                                       "-12",
                                       "\"\"",
                                       "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
                                       "[]",
                                       "{}",
                                       " [ ] ",
                                       "{ }",
                                       "[1,\"a\",null,true,false,[],{}]",
                                       "\r\n\t {\"a\" : {\"b\" : [ 1 , 2 ] } , \"c\" : -5 }\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(scan(good[i]), ERR_OK);
}

static void other_text_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "nul",
                                      "True",
                                      "NaN",
                                      "Infinity",
                                      "'a'",
                                      "a",
                                      "[",
                                      "]",
                                      "{",
                                      "}",
                                      "[1",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\" 1}",
                                      "{\"a\":1,}",
                                      "{,\"a\":1}",
                                      "{a:1}",
                                      "{1:1}",
                                      "{\"a\":1 \"b\":2}",
                                      "[1}",
                                      "{\"a\":1]",
                                      "\"",
                                      "\"a",
                                      "\"\\\"",
                                      "\"\\x\"",
                                      "\"\\u12g4\"",
                                      "\"\\u12\"",
                                      "// c\n1",
                                      "/* c */1",
                                      "0x10",
                                      "1_000",
                                      "tru",
                                      "truefalse",
                                      "[true false]",
                                      "\"a\" \"b\"",
                                      "{\"a\":1",
                                      "{\"a\":",
                                      "{\"a\"",
                                      "[[]",
                                      "[]]",
                                      "{}}",
                                      "--1",
                                      "1-"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(scan(bad[i]), ERR_SYNTAX);
}

static void fractions_are_refused_in_messages(void **state)
{
    (void)state;
    assert_int_equal(scan("1.0"), ERR_SYNTAX);
    assert_int_equal(scan("1e3"), ERR_SYNTAX);
    assert_int_equal(scan("[1,2.5]"), ERR_SYNTAX);
}

static void fractions_are_never_read_as_integers(void **state)
{
    static const char text[] = "{\"q\":[1,{\"x\":2.5}],\"a\":1.0,\"b\":1e3,\"c\":-0.0,\"d\":[[]],\"e\":7}";
    int64_t value = 99;
    cJSON *tree;

    (void)state;
    assert_int_equal(json_parse(&tree, text, strlen(text), &fhir, NULL), ERR_OK);
    assert_int_equal(json_get_int(tree, "a", 0, 2000, &value, NULL), ERR_SYNTAX);
    assert_int_equal(json_get_int(tree, "b", 0, 2000, &value, NULL), ERR_SYNTAX);
    assert_int_equal(json_get_int(tree, "c", 0, 2000, &value, NULL), ERR_SYNTAX);
    assert_true(value == 99);
    assert_int_equal(json_get_int(tree, "e", 0, 2000, &value, NULL), ERR_OK);
    assert_true(value == 7);
    cJSON_Delete(tree);
}

static void texts_over_the_limit_are_refused(void **state)
{
    const struct json_limits ten = {10, 4, JSON_STRICT};

    (void)state;
    assert_int_equal(json_scan("[1,2,3,45]", 10, &ten, NULL), ERR_OK);
    assert_int_equal(json_scan("[1,2,3,456]", 11, &ten, NULL), ERR_TOO_LONG);
}

static void the_reason_names_line_and_column(void **state)
{
    static const char text[] = "{\n  \"\xC3\xA9\": 1,\n  \"\xC3\xA9\xC3\xA9\" 2\n}";
    static const char twice[] = "{\"a\":1,\n \"b\":2,\n \"a\":3}";
    struct reason r;

    (void)state;
    assert_int_equal(json_scan(text, strlen(text), &message, &r), ERR_SYNTAX);
    assert_string_equal(r.text, "line 3, column 8: ':' expected");
    assert_int_equal(json_scan(twice, strlen(twice), &message, &r), ERR_DUPLICATE);
    assert_string_equal(r.text, "line 3, column 2: key occurs twice in one object");
}

static void the_reason_quotes_nothing_of_the_text(void **state)
{
    struct reason r;

    (void)state;
    assert_int_equal(json_scan("{\"Jansen\":1,\"jansen\":2}", 23, &message, &r), ERR_DUPLICATE);
    assert_null(strcasestr(r.text, "jansen"));
}

static void failed_parse_leaves_the_output_alone(void **state)
{
    cJSON *tree = (cJSON *)(uintptr_t)16;

    (void)state;
    assert_int_equal(json_parse(&tree, "[1", 2, &message, NULL), ERR_SYNTAX);
    assert_ptr_equal(tree, (void *)16);
}

/* ------------------------------------------------- hostile size */

/* Each is a mebibyte; a quadratic scan would take minutes. The bound is wide, for slow machines with sanitizers; the
 * time is that of the processor, whatever else runs. */
static void assert_quick(char *text, size_t len, enum err expected)
{
    clock_t start = clock();

    assert_int_equal(json_scan(text, len, &fhir, NULL), expected);
    assert_in_range(clock() - start, 0, 20 * CLOCKS_PER_SEC);
    free(text);
}

/* {"<prefix><number>":0,...} with count keys. */
static char *many_keys(const char *prefix, size_t *len, size_t cap)
{
    char *text = malloc(cap + 64 + strlen(prefix));
    size_t used = 1;

    assert_non_null(text);
    text[0] = '{';
    for (unsigned i = 0; used < cap - 2; i++)
        used += (size_t)sprintf(text + used, "%s\"%s%x\":0", i == 0 ? "" : ",", prefix, (i * 2654435761u) & 0xFFFFFFu);
    text[used++] = '}';
    *len = used;
    return text;
}

static void an_object_of_very_many_keys_is_scanned_quickly(void **state)
{
    const struct json_limits *limits = &fhir;
    size_t len;
    char *text = many_keys("", &len, limits->max_len - 64);

    (void)state;
    assert_quick(text, len, ERR_OK);
}

static void very_many_keys_with_a_long_common_start_are_scanned_quickly(void **state)
{
    char prefix[1024];
    size_t len;
    char *text;

    (void)state;
    memset(prefix, 'x', sizeof(prefix) - 1);
    prefix[sizeof(prefix) - 1] = '\0';
    text = many_keys(prefix, &len, MEBIBYTE - 4096);
    assert_quick(text, len, ERR_OK);
}

static void very_many_equal_keys_are_refused_quickly(void **state)
{
    size_t count = MEBIBYTE / 5 - 2;
    char *text = malloc(5 * count + 8);
    size_t used = 0;

    (void)state;
    assert_non_null(text);
    text[used++] = '{';
    for (size_t i = 0; i < count; i++) {
        memcpy(text + used, "\"\":0,", 5);
        used += 5;
    }
    text[used - 1] = '}';
    assert_quick(text, used, ERR_DUPLICATE);
}

static void very_many_small_objects_are_scanned_quickly(void **state)
{
    size_t count = MEBIBYTE / 14 - 2;
    char *text = malloc(14 * count + 8);
    size_t used = 0;

    (void)state;
    assert_non_null(text);
    text[used++] = '[';
    for (size_t i = 0; i < count; i++) {
        memcpy(text + used, "{\"a\":0,\"b\":0},", 14);
        used += 14;
    }
    text[used - 1] = ']';
    assert_quick(text, used, ERR_OK);
}

/* ------------------------------------------------- getters */

static void getters_fetch_what_is_there(void **state)
{
    cJSON *tree = parse("{\"i\":-3,\"t\":\"\xC3\xA9\xC3\xA9\",\"b\":true,\"o\":{\"x\":1},\"a\":[1],\"h\":\"00fFa1\"}");
    const cJSON *item;
    const char *text;
    uint8_t hex[3];
    int64_t number;
    bool truth;

    (void)state;
    assert_int_equal(json_get_int(tree, "i", -3, -3, &number, NULL), ERR_OK);
    assert_true(number == -3);
    assert_int_equal(json_get_text(tree, "t", 4, 4, &text, NULL), ERR_OK);
    assert_string_equal(text, "\xC3\xA9\xC3\xA9");
    assert_int_equal(json_get_bool(tree, "b", &truth, NULL), ERR_OK);
    assert_true(truth);
    assert_int_equal(json_get_object(tree, "o", &item, NULL), ERR_OK);
    assert_int_equal(json_get_int(item, "x", 0, 1, &number, NULL), ERR_OK);
    assert_int_equal(json_get_array(tree, "a", &item, NULL), ERR_OK);
    assert_int_equal(cJSON_GetArraySize(item), 1);
    assert_int_equal(json_get_hex(tree, "h", hex, sizeof(hex), NULL), ERR_OK);
    assert_memory_equal(hex, "\x00\xFF\xA1", 3);
    cJSON_Delete(tree);
}

static void getters_name_the_missing_member(void **state)
{
    cJSON *tree = parse("{}");
    const cJSON *item;
    const char *text;
    struct reason r;
    uint8_t hex[1];
    int64_t number;
    bool truth;

    (void)state;
    assert_int_equal(json_get_int(tree, "door", 0, 1, &number, &r), ERR_MISSING);
    assert_string_equal(r.text, "door: missing");
    assert_int_equal(json_get_text(tree, "x", 0, 1, &text, NULL), ERR_MISSING);
    assert_int_equal(json_get_bool(tree, "x", &truth, NULL), ERR_MISSING);
    assert_int_equal(json_get_object(tree, "x", &item, NULL), ERR_MISSING);
    assert_int_equal(json_get_array(tree, "x", &item, NULL), ERR_MISSING);
    assert_int_equal(json_get_hex(tree, "x", hex, 1, NULL), ERR_MISSING);
    cJSON_Delete(tree);
}

static void getters_refuse_another_type(void **state)
{
    static const char *const keys[] = {"i", "t", "b", "o", "a", "n"};
    cJSON *tree = parse("{\"i\":1,\"t\":\"1\",\"b\":true,\"o\":{},\"a\":[],\"n\":null}");
    const cJSON *item;
    const char *text;
    int64_t number;
    bool truth;

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *k = keys[i];

        assert_int_equal(json_get_int(tree, k, 0, 9, &number, NULL), *k == 'i' ? ERR_OK : ERR_SYNTAX);
        assert_int_equal(json_get_text(tree, k, 0, 9, &text, NULL), *k == 't' ? ERR_OK : ERR_SYNTAX);
        assert_int_equal(json_get_bool(tree, k, &truth, NULL), *k == 'b' ? ERR_OK : ERR_SYNTAX);
        assert_int_equal(json_get_object(tree, k, &item, NULL), *k == 'o' ? ERR_OK : ERR_SYNTAX);
        assert_int_equal(json_get_array(tree, k, &item, NULL), *k == 'a' ? ERR_OK : ERR_SYNTAX);
    }
    cJSON_Delete(tree);
}

static void getters_refuse_to_look_into_what_is_no_object(void **state)
{
    cJSON *tree = parse("[{\"a\":1}]");
    int64_t number;

    (void)state;
    assert_int_equal(json_get_int(tree, "a", 0, 9, &number, NULL), ERR_SYNTAX);
    assert_int_equal(json_get_int(NULL, "a", 0, 9, &number, NULL), ERR_SYNTAX);
    cJSON_Delete(tree);
}

static void getters_refuse_values_outside_the_range(void **state)
{
    cJSON *tree = parse("{\"i\":300,\"t\":\"abc\",\"h\":\"zz\",\"g\":\"0011\"}");
    struct reason r;
    const char *text;
    uint8_t hex[1];
    int64_t number;

    (void)state;
    assert_int_equal(json_get_int(tree, "i", 1, 247, &number, &r), ERR_RANGE);
    assert_string_equal(r.text, "i: 300 is outside 1..247");
    assert_int_equal(json_get_int(tree, "i", 301, 400, &number, NULL), ERR_RANGE);
    assert_int_equal(json_get_text(tree, "t", 4, 9, &text, NULL), ERR_RANGE);
    assert_int_equal(json_get_text(tree, "t", 0, 2, &text, NULL), ERR_TOO_LONG);
    assert_int_equal(json_get_hex(tree, "h", hex, 1, NULL), ERR_SYNTAX);
    assert_int_equal(json_get_hex(tree, "g", hex, 1, NULL), ERR_TOO_LONG);
    cJSON_Delete(tree);
}

static void unknown_members_are_refused(void **state)
{
    static const char *const some[] = {"a", "b", NULL};
    static const char *const all[] = {"a", "c", "b", NULL};
    cJSON *tree = parse("{\"a\":1,\"c\":2}");
    struct reason r;

    (void)state;
    assert_int_equal(json_only(tree, all, &r), ERR_OK);
    assert_int_equal(json_only(tree, some, &r), ERR_UNKNOWN);
    assert_string_equal(r.text, "c: unknown member");
    cJSON_Delete(tree);
}

/* ------------------------------------------------- building */

static void a_built_tree_is_printed_as_strict_json(void **state)
{
    const uint8_t id[2] = {0xAB, 0x01};
    cJSON *tree = json_new_object();
    cJSON *list = json_put_array(tree, "list");
    cJSON *child = json_new_object();
    int64_t number;
    char *text;

    (void)state;
    json_put_int(list, NULL, INT64_C(9007199254740991));
    json_put_int(list, NULL, INT64_C(-1000000000000000));
    json_put_int(json_put_object(list, NULL), "t", INT64_C(1767225600123));
    json_put_text(tree, "text", "a\"\n\x01\xC3\xA9");
    json_put_text(tree, "none", NULL);
    json_put_bool(tree, "yes", true);
    json_put_hex(tree, "id", id, sizeof(id));
    json_put_int(child, "large", INT64_C(9007199254740991));
    assert_int_equal(json_get_int(child, "large", 0, INT64_MAX, &number, NULL), ERR_OK);
    assert_true(number == INT64_C(9007199254740991));
    json_put_tree(tree, "child", child);
    text = json_print(tree);
    assert_string_equal(text, "{\"list\":[9007199254740991,-1000000000000000,{\"t\":1767225600123}],"
                              "\"text\":\"a\\\"\\n\\u0001\xC3\xA9\",\"none\":null,\"yes\":true,\"id\":\"ab01\","
                              "\"child\":{\"large\":9007199254740991}}");
    assert_int_equal(scan(text), ERR_OK);
    free(text);
    cJSON_Delete(tree);
}

static void text_that_is_not_utf8_is_repaired_when_put(void **state)
{
    cJSON *tree = json_new_object();
    char *text;

    (void)state;
    json_put_text(tree, "a", "x\xFFy\xE2\x82");
    text = json_print(tree);
    assert_string_equal(text, "{\"a\":\"x?y??\"}");
    free(text);
    cJSON_Delete(tree);
}

static void parsing_and_printing_give_the_same_text(void **state)
{
    static const char text[] = "{\"a\":[1,-2,null,true,\"x\"],\"b\":{\"c\":{}},\"d\":\"\xE2\x82\xAC\"}";
    cJSON *tree = parse(text);
    char *printed = json_print(tree);

    (void)state;
    assert_string_equal(printed, text);
    free(printed);
    cJSON_Delete(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trailing_bytes_are_refused),
        cmocka_unit_test(duplicate_keys_are_refused),
        cmocka_unit_test(keys_that_differ_in_case_only_are_refused),
        cmocka_unit_test(keys_spelt_with_escapes_are_compared_by_their_meaning),
        cmocka_unit_test(look_up_respects_case),
        cmocka_unit_test(nul_escapes_are_refused),
        cmocka_unit_test(nul_bytes_are_refused),
        cmocka_unit_test(bytes_that_are_not_utf8_are_refused),
        cmocka_unit_test(overlong_utf8_is_refused),
        cmocka_unit_test(surrogates_and_beyond_unicode_in_utf8_are_refused),
        cmocka_unit_test(lone_surrogate_escapes_are_refused),
        cmocka_unit_test(raw_control_characters_are_refused),
        cmocka_unit_test(other_white_space_is_refused),
        cmocka_unit_test(byte_order_mark_is_refused),
        cmocka_unit_test(leading_zeros_are_refused),
        cmocka_unit_test(numbers_without_integer_part_are_refused),
        cmocka_unit_test(numbers_that_end_in_a_point_or_exponent_are_refused),
        cmocka_unit_test(numbers_that_overflow_a_double_are_refused),
        cmocka_unit_test(integers_beyond_53_bits_are_refused),
        cmocka_unit_test(integers_beyond_32_bits_are_not_saturated),
        cmocka_unit_test(large_integers_are_printed_exactly),
        cmocka_unit_test(very_long_numbers_are_refused),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(bytes_behind_the_length_are_never_read),
        cmocka_unit_test(every_kind_of_value_is_accepted),
        cmocka_unit_test(other_text_is_refused),
        cmocka_unit_test(fractions_are_refused_in_messages),
        cmocka_unit_test(fractions_are_never_read_as_integers),
        cmocka_unit_test(texts_over_the_limit_are_refused),
        cmocka_unit_test(the_reason_names_line_and_column),
        cmocka_unit_test(the_reason_quotes_nothing_of_the_text),
        cmocka_unit_test(failed_parse_leaves_the_output_alone),
        cmocka_unit_test(an_object_of_very_many_keys_is_scanned_quickly),
        cmocka_unit_test(very_many_keys_with_a_long_common_start_are_scanned_quickly),
        cmocka_unit_test(very_many_equal_keys_are_refused_quickly),
        cmocka_unit_test(very_many_small_objects_are_scanned_quickly),
        cmocka_unit_test(getters_fetch_what_is_there),
        cmocka_unit_test(getters_name_the_missing_member),
        cmocka_unit_test(getters_refuse_another_type),
        cmocka_unit_test(getters_refuse_to_look_into_what_is_no_object),
        cmocka_unit_test(getters_refuse_values_outside_the_range),
        cmocka_unit_test(unknown_members_are_refused),
        cmocka_unit_test(a_built_tree_is_printed_as_strict_json),
        cmocka_unit_test(text_that_is_not_utf8_is_repaired_when_put),
        cmocka_unit_test(parsing_and_printing_give_the_same_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
