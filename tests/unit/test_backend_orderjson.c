/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "backend/orderjson.h"

static enum err read_json(const char *text, struct request *q, struct reason *r)
{
    return orderjson_read(text, strlen(text), q, r);
}

static void a_name_is_enough(void **state)
{
    struct request q;

    (void)state;
    assert_int_equal(read_json("{\"patient\":\"J. Bree\"}", &q, NULL), ERR_OK);
    assert_string_equal(q.patient, "J. Bree");
    assert_int_equal(q.source, REQUEST_JSON);
    assert_false(q.size_given || q.low_door);
}

static void members_reach_their_fields(void **state)
{
    struct request q;

    (void)state;
    assert_int_equal(read_json("{\"patient\":\"J\",\"low_door\":true,\"size\":\"M\",\"zone\":\"cold\",\"class\":"
                               "\"controlled\",\"birth_date\":\"1984-02-29\",\"medicine\":\"\",\"not_after\":"
                               "\"2026-11-20T12:07:00+02:00\"}",
                               &q, NULL),
                     ERR_OK);
    assert_true(q.low_door && q.size_given);
    assert_int_equal(q.cls, TOKEN_CLASS_CONTROLLED);
    assert_int_equal(q.not_after_s, 1795169220);
}

static void wrong_members_are_named(void **state)
{
    static const struct {
        const char *text, *named;
        enum err want;
    } row[] = {
        {"{}", "patient", ERR_MISSING},
        {"[]", "object", ERR_SYNTAX},
        {"{\"patient\":5}", "patient", ERR_SYNTAX},
        {"{\"patient\":\"A\",\"bsn\":\"1\"}", "bsn", ERR_UNKNOWN},
        {"{\"patient\":\"A\",\"low_door\":\"yes\"}", "low_door", ERR_SYNTAX},
        {"{\"patient\":\"A\",\"size\":\"XL\"}", "size", ERR_UNKNOWN},
        {"{\"patient\":\"A\",\"zone\":\"warm\"}", "zone", ERR_UNKNOWN},
        {"{\"patient\":\"A\",\"class\":\"sensitive\"}", "birth_date", ERR_MISSING},
        {"{\"patient\":\"A\",\"not_before\":\"2026-11-21T00:00:00Z\",\"not_after\":\"2026-11-20T00:00:00Z\"}",
         "not_after", ERR_RANGE},
        {"{\"patient\":\"A\",\"patient\":\"B\"}", "twice", ERR_DUPLICATE},
        {"{\"patient\":\"a\\u202eb\"}", "patient", ERR_SYNTAX},
    };
    struct request q;

    (void)state;
    memset(&q, 0x5A, sizeof(q));
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct reason r = {""};
        enum err e = read_json(row[i].text, &q, &r);
        if (e != row[i].want || strstr(r.text, row[i].named) == NULL)
            fail_msg("row %zu: %s: %s", i, err_name(e), r.text);
    }
    assert_int_equal(q.patient[0], 0x5A);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_enough),
        cmocka_unit_test(members_reach_their_fields),
        cmocka_unit_test(wrong_members_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
