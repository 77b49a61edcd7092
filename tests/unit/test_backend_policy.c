/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/backend_bed.h"

#define OK(call) assert_int_equal(call, ERR_OK)

static int set_up(void **state)
{
    struct bed *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    bed_open(b);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    bed_close(*state);
    free(*state);
    return 0;
}

static enum err set(struct bed *b, const char *name, const char *value)
{
    struct act_who who;

    act_who_named("boss", &who);
    return policy_set(&b->hub, &who, policy_find(name), value, NULL);
}

static void every_policy_has_a_name_of_its_own_and_a_default_in_its_range(void **state)
{
    struct bed *b = *state;
    char text[POLICY_TEXT_CAP];
    bool is_set;

    for (unsigned i = 0; policy_at(i) != NULL; i++) {
        const struct policy *p = policy_at(i);

        assert_ptr_equal(policy_find(p->name), p);
        OK(policy_value(&b->hub, p, text, &is_set, NULL));
        assert_false(is_set);
        OK(set(b, p->name, text)); /* the default may be set */
    }
    assert_null(policy_find("colour"));
}

static void defaults_come_from_the_table_or_from_the_settings(void **state)
{
    struct bed *b = *state;
    char text[POLICY_TEXT_CAP];

    assert_int_equal(policy_int(&b->hub, "cap.open_hour"), 10);
    assert_int_equal(policy_int(&b->hub, "window.ordinary"), 72);
    b->hub.cfg.window_h = 720;
    assert_int_equal(policy_int(&b->hub, "window.ordinary"), 240);
    assert_false(policy_flag(&b->hub, "totp.required.admin"));
    policy_text(&b->hub, "telephone", text);
    assert_string_equal(text, "0800");
}

static void what_is_set_is_in_force_until_it_is_taken_back(void **state)
{
    struct bed *b = *state;
    char text[POLICY_TEXT_CAP];

    OK(set(b, "window.ordinary", "48"));
    assert_int_equal(policy_int(&b->hub, "window.ordinary"), 48);
    assert_int_equal(policy_int(&b->hub, "window.sensitive"), 72);
    OK(set(b, "totp.required.admin", "1"));
    assert_true(policy_flag(&b->hub, "totp.required.admin"));
    OK(set(b, "telephone", "0900 4321"));
    policy_text(&b->hub, "telephone", text);
    assert_string_equal(text, "0900 4321");
    OK(set(b, "window.ordinary", ""));
    assert_int_equal(policy_int(&b->hub, "window.ordinary"), 72);
}

static void values_outside_the_range_are_refused(void **state)
{
    static const struct {
        const char *name, *value;
        enum err e;
    } cases[] = {
        {"window.ordinary", "0", ERR_RANGE},     {"window.ordinary", "241", ERR_RANGE},
        {"window.ordinary", "1.5", ERR_SYNTAX},  {"cap.open_hour", "11", ERR_RANGE},
        {"totp.required.admin", "2", ERR_RANGE}, {"telephone", "12", ERR_RANGE},
        {"telephone", "0800\n1234", ERR_SYNTAX},
    };
    struct bed *b = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(set(b, cases[i].name, cases[i].value), cases[i].e);
    assert_int_equal(policy_int(&b->hub, "window.ordinary"), 72);
}

static void a_kept_value_that_is_no_longer_allowed_is_not_in_force(void **state)
{
    struct bed *b = *state;
    struct store *s = b->hub.store;

    OK(s->ops->begin(s, NULL));
    OK(s->ops->setting_put(s, "policy.cap.open_hour", "500", NULL));
    OK(s->ops->commit(s, NULL));
    assert_int_equal(policy_int(&b->hub, "cap.open_hour"), 10);
}

static bool keep_row(void *arg, const struct store_audit *a)
{
    *(struct store_audit *)arg = *a;
    return true;
}

static void a_change_is_audited_with_the_old_and_the_new_value(void **state)
{
    struct bed *b = *state;
    struct store_audit a = {.seq = 0};

    OK(set(b, "cap.open_hour", "4"));
    OK(b->hub.store->ops->audit_list(b->hub.store, NULL, 0, 10, keep_row, &a, NULL));
    assert_string_equal(a.action, "policy.changed");
    assert_string_equal(a.actor, "boss");
    assert_string_equal(a.subject, "cap.open_hour");
    assert_string_equal(a.detail, "10 -> 4");
    OK(set(b, "cap.open_hour", ""));
    OK(b->hub.store->ops->audit_list(b->hub.store, NULL, 0, 10, keep_row, &a, NULL));
    assert_string_equal(a.detail, "4 -> 10 (default)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_policy_has_a_name_of_its_own_and_a_default_in_its_range, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(defaults_come_from_the_table_or_from_the_settings, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_set_is_in_force_until_it_is_taken_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_outside_the_range_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kept_value_that_is_no_longer_allowed_is_not_in_force, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_is_audited_with_the_old_and_the_new_value, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
