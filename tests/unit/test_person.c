/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/person.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

static const uint8_t KEY[PERSON_KEY_LEN] = {1}, OTHER_KEY[PERSON_KEY_LEN] = {2};
static const uint8_t HERE[PERSON_LOCKER_LEN] = {3}, THERE[PERSON_LOCKER_LEN] = {4};

static struct request somebody(const char *name, const char *birth_date)
{
    struct request q;

    request_init(&q, REQUEST_JSON);
    (void)snprintf(q.patient, sizeof(q.patient), "%s", name);
    (void)snprintf(q.birth_date, sizeof(q.birth_date), "%s", birth_date);
    return q;
}

static bool same(const uint8_t *key_a, const uint8_t *locker_a, struct request a, const uint8_t *key_b,
                 const uint8_t *locker_b, struct request b)
{
    uint8_t x[TOKEN_PERSON_LEN], y[TOKEN_PERSON_LEN];

    person_tag(key_a, locker_a, &a, x);
    person_tag(key_b, locker_b, &b, y);
    return memcmp(x, y, sizeof(x)) == 0;
}

static void one_person_at_one_locker_has_one_tag(void **state)
{
    const struct request q = somebody("J. de Wit", "1937-07-13");

    (void)state;
    assert_true(same(KEY, HERE, q, KEY, HERE, somebody("  j.  DE wit ", "1937-07-13")));
    assert_false(same(KEY, HERE, q, KEY, HERE, somebody("J. de Wit", "1937-07-14")));
    assert_false(same(KEY, HERE, q, KEY, HERE, somebody("K. de Wit", "1937-07-13")));
    assert_false(same(KEY, HERE, q, KEY, THERE, q));
    assert_false(same(KEY, HERE, q, OTHER_KEY, HERE, q));
}

static void a_name_without_birth_date_is_nobody(void **state)
{
    struct request q = somebody("J. de Wit", "");
    uint8_t tag[TOKEN_PERSON_LEN] = {9};

    (void)state;
    person_tag(KEY, HERE, &q, tag);
    assert_false(person_is_known(tag));
    q = somebody("J. de Wit", "1937-07-13");
    person_tag(KEY, HERE, &q, tag);
    assert_true(person_is_known(tag));
}

static void names_fold_in_the_languages_of_the_door(void **state)
{
    static const struct {
        const char *name, *folded;
    } cases[] = {
        {"", ""},
        {"   ", ""},
        {"A  B ", "a b"},
        {"\u00C9va \u00D6ZG\u00DCR", "\u00E9va \u00F6zg\u00FCr"},
        {"\u0141UKASZ \u015ALIWI\u0143SKI", "\u0142ukasz \u015Bliwi\u0144ski"},
        {"\u011EA\u015E", "\u011Fa\u015F"},
        {"\u017BAK", "\u017Cak"},
        {"\u0178", "\u00FF"},
        {"\u00D7\u00DF", "\u00D7\u00DF"},
        {"\u0130\u0131", "\u0130\u0131"}, /* Turkish i: the same letter has two forms there, left as they are */
        {"\u0106\u0147", "\u0107\u0148"},
        {"\u041E\u043B\u0435\u043D\u0430", "\u041E\u043B\u0435\u043D\u0430"}, /* other scripts: as they are */
    };
    char out[REQUEST_PATIENT_CAP];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        person_fold(cases[i].name, out);
        assert_string_equal(out, cases[i].folded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_person_at_one_locker_has_one_tag),
        cmocka_unit_test(a_name_without_birth_date_is_nobody),
        cmocka_unit_test(names_fold_in_the_languages_of_the_door),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
