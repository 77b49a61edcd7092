/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/err.h"

static void every_error_has_its_own_name(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_N; i++) {
        assert_non_null(err_name((enum err)i));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(err_name((enum err)i), err_name((enum err)k));
    }
    assert_string_equal(err_name(ERR_N), "invalid");
}

static void the_sentence_is_written_and_the_error_returned(void **state)
{
    struct reason r;

    (void)state;
    assert_int_equal(err_because(&r, ERR_RANGE, "line %d: %s", 3, "too much"), ERR_RANGE);
    assert_string_equal(r.text, "line 3: too much");
    assert_int_equal(err_prefix(&r, ERR_SYNTAX, "file %s", "a.conf"), ERR_SYNTAX);
    assert_string_equal(r.text, "file a.conf: line 3: too much");
}

static void no_reason_wanted_is_fine(void **state)
{
    (void)state;
    assert_int_equal(err_because(NULL, ERR_IO, "%s", "x"), ERR_IO);
    assert_int_equal(err_prefix(NULL, ERR_IO, "%s", "x"), ERR_IO);
}

static void long_sentences_are_cut(void **state)
{
    char longer[2 * REASON_CAP];
    struct reason r;

    (void)state;
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    (void)err_because(&r, ERR_IO, "%s", longer);
    assert_int_equal(strlen(r.text), REASON_CAP - 1);
    (void)err_prefix(&r, ERR_IO, "front");
    assert_int_equal(strlen(r.text), REASON_CAP - 1);
    assert_int_equal(strncmp(r.text, "front: xxx", 10), 0);
}

static void a_cut_leaves_no_part_of_a_character(void **state)
{
    static const char *const character[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};

    (void)state;
    for (size_t c = 0; c < 3; c++) {
        for (size_t shift = 0; shift < 4; shift++) {
            size_t len = strlen(character[c]);
            char text[REASON_CAP + 16] = "";
            struct reason r;

            memset(text, 'x', shift);
            for (size_t at = shift; at + len < sizeof(text); at += len)
                memcpy(text + at, character[c], len + 1);
            (void)err_because(&r, ERR_IO, "%s", text);
            assert_int_equal((strlen(r.text) - shift) % len, 0);
            assert_true(strlen(r.text) + len >= REASON_CAP);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_its_own_name),
        cmocka_unit_test(the_sentence_is_written_and_the_error_returned),
        cmocka_unit_test(no_reason_wanted_is_fine),
        cmocka_unit_test(long_sentences_are_cut),
        cmocka_unit_test(a_cut_leaves_no_part_of_a_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
