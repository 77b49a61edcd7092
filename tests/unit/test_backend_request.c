/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "backend/request.h"

static struct request good(void)
{
    struct request q;

    request_init(&q, REQUEST_JSON);
    memcpy(q.patient, "J. Bree", sizeof("J. Bree"));
    memcpy(q.birth_date, "1984-02-29", sizeof("1984-02-29"));
    return q;
}

static void text_with_control_or_direction_characters_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum err want;
    } row[] = {
        {"Jörg-Ænne Öst", ERR_OK},
        {"a\nb", ERR_SYNTAX},
        {"a\x7f", ERR_SYNTAX},
        {"\xC2\x85", ERR_SYNTAX},
        {"\xE2\x80\xAE", ERR_SYNTAX},
        {"\xC0\xAF", ERR_SYNTAX},
        {"\xED\xA0\x80", ERR_SYNTAX},
        {"\xF4\x90\x80\x80", ERR_SYNTAX},
        {"\xE2\x82", ERR_SYNTAX},
        {"\xF0\x9F\x92\x8A", ERR_OK},
        {"0123456789012345678901234567890123456789", ERR_TOO_LONG},
    };
    char out[32];

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        assert_int_equal(request_text(out, sizeof(out), row[i].text, strlen(row[i].text)), row[i].want);
    }
    assert_int_equal(request_text(out, sizeof(out), "a\0b", 3), ERR_SYNTAX);
}

static void dates_are_days_of_the_calendar(void **state)
{
    (void)state;
    assert_true(request_is_date("1985-11-09"));
    assert_true(request_is_date("2000-02-29"));
    assert_false(request_is_date("1900-02-29"));
    assert_false(request_is_date("1985-11"));
    assert_false(request_is_date("1985-13-01"));
    assert_false(request_is_date("1985-11-31"));
    assert_false(request_is_date("1985-11-00"));
    assert_false(request_is_date("1985-11-091"));
    assert_false(request_is_date(""));
}

static void times_need_an_offset(void **state)
{
    static const struct {
        const char *text;
        int64_t want; /* -1: refused */
    } row[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-20T12:07:00+02:00", 1795169220},
        {"2026-11-20T10:07:00.123Z", 1795169220},
        {"2026-11-20T05:07:00-05:00", 1795169220},
        {"2000-03-01T00:00:00Z", 951868800},
        {"2026-11-20T12:07:00", -1},
        {"2026-11-20 12:07:00Z", -1},
        {"2026-11-20T24:07:00Z", -1},
        {"2026-11-20T12:07Z", -1},
        {"2026-11-20", -1},
        {"2026-11-20T12:07:00.Z", -1},
        {"2026-11-20T12:07:00+2:00", -1},
        {"2026-11-20T12:07:00+02:00x", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        int64_t t = -1;
        assert_int_equal(request_time(row[i].text, &t), row[i].want < 0 ? ERR_SYNTAX : ERR_OK);
        assert_int_equal(t, row[i].want);
    }
}

static void classes_that_ask_the_birthday_need_one(void **state)
{
    struct request q = good();
    const char *field = NULL;
    struct reason r;

    (void)state;
    q.cls = TOKEN_CLASS_SENSITIVE;
    assert_int_equal(request_check(&q, &field, &r), ERR_OK);
    q.birth_date[0] = '\0';
    assert_int_equal(request_check(&q, &field, &r), ERR_MISSING);
    assert_string_equal(field, "birth_date");
    q.cls = TOKEN_CLASS_ORDINARY;
    assert_int_equal(request_check(&q, &field, &r), ERR_OK);
}

static void wrong_requests_name_their_field(void **state)
{
    struct request q = good();
    const char *field = NULL;

    (void)state;
    memcpy(q.patient, "  ", sizeof("  "));
    assert_int_equal(request_check(&q, &field, NULL), ERR_MISSING);
    assert_string_equal(field, "patient");
    q = good();
    memcpy(q.birth_date, "1985-11-39", sizeof("1985-11-39"));
    assert_int_equal(request_check(&q, &field, NULL), ERR_SYNTAX);
    q = good();
    memcpy(q.language, "fr", sizeof("fr"));
    assert_int_equal(request_check(&q, &field, NULL), ERR_UNKNOWN);
    assert_string_equal(field, "language");
    q = good();
    q.not_before_s = 1000;
    q.not_after_s = 1000;
    assert_int_equal(request_check(&q, &field, NULL), ERR_RANGE);
    q.not_after_s = 1000 + REQUEST_WINDOW_MAX_S + 1;
    assert_int_equal(request_check(&q, &field, NULL), ERR_RANGE);
    q.not_after_s = 1000 + REQUEST_WINDOW_MAX_S;
    assert_int_equal(request_check(&q, NULL, NULL), ERR_OK);
}

static void window_without_a_start_is_counted_from_now(void **state)
{
    const int64_t now_s = 1795305600;
    const struct request_now now = {.s = now_s, .today = "2026-11-22"};
    struct request q = good();

    (void)state;
    assert_int_equal(request_check_new(&q, &now, NULL, NULL), ERR_OK);
    q.not_after_s = now_s + REQUEST_WINDOW_MAX_S;
    assert_int_equal(request_check_new(&q, &now, NULL, NULL), ERR_OK);
    q.not_after_s++;
    assert_int_equal(request_check_new(&q, &now, NULL, NULL), ERR_RANGE);
    q.not_before_s = now_s + 1;
    assert_int_equal(request_check_new(&q, &now, NULL, NULL), ERR_OK);
}

static void nobody_is_born_before_1900_or_after_today(void **state)
{
    static const struct {
        const char *day;
        enum err old, new; /* by the rules of every order, by those of a new one */
    } row[] = {
        {"1899-12-31", ERR_RANGE, ERR_OK}, {"1900-01-01", ERR_OK, ERR_OK},    {"2026-11-22", ERR_OK, ERR_OK},
        {"2026-11-23", ERR_OK, ERR_RANGE}, {"2030-01-01", ERR_OK, ERR_RANGE}, {"", ERR_OK, ERR_OK},
    };
    const struct request_now now = {.s = 1795305600, .today = "2026-11-22"};

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct request q = good();
        const char *field = "";
        struct reason r = {""};
        bool wrong = row[i].old != ERR_OK || row[i].new != ERR_OK;

        q.cls = TOKEN_CLASS_ORDINARY;
        (void)snprintf(q.birth_date, sizeof(q.birth_date), "%s", row[i].day);
        assert_int_equal(request_check(&q, &field, &r), row[i].old);
        assert_int_equal(request_check_new(&q, &now, &field, &r), row[i].new);
        assert_string_equal(field, wrong ? "birth_date" : "");
        assert_int_equal(strstr(r.text, "birth_date: ") != NULL, wrong);
    }
}

static void birthday_is_day_before_month(void **state)
{
    struct request q = good();
    char ddmm[5];

    (void)state;
    assert_true(request_birthday(&q, ddmm));
    assert_string_equal(ddmm, "2902");
    q.birth_date[0] = '\0';
    assert_false(request_birthday(&q, ddmm));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_with_control_or_direction_characters_is_refused),
        cmocka_unit_test(dates_are_days_of_the_calendar),
        cmocka_unit_test(times_need_an_offset),
        cmocka_unit_test(classes_that_ask_the_birthday_need_one),
        cmocka_unit_test(wrong_requests_name_their_field),
        cmocka_unit_test(window_without_a_start_is_counted_from_now),
        cmocka_unit_test(nobody_is_born_before_1900_or_after_today),
        cmocka_unit_test(birthday_is_day_before_month),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
