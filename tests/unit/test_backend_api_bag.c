/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses for one bag: who else may collect it, its code, its door. */
#include "backend/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/policy.h"
#include "tests/unit/api_bed.h"

#define P STORE_ROLE_PHARMACIST

static const uint8_t LOCKER[STORE_LOCKER_LEN] = {0xAA, 1};

/* The fixture of api_bed, with a locker that has doors. */
static int set_up_locker(void **state)
{
    static const uint8_t key[32] = {1};
    struct fixture *f;
    struct store *s;
    int code = set_up(state);

    f = *state;
    s = f->bed.hub.store;
    bed_add_locker(&f->bed, "Dorpsrand", LOCKER, key);
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    for (uint16_t i = 1; i <= 3; i++) {
        struct store_compartment c = {.number = i, .row = 1, .column = i, .size = TOKEN_SIZE_L, .state = "FREE"};

        memcpy(c.locker, LOCKER, sizeof(c.locker));
        (void)snprintf(c.door, sizeof(c.door), "A%u", i % 10u);
        assert_int_equal(s->ops->compartment_put(s, &c, NULL), ERR_OK);
    }
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
    return code;
}

static int call(struct fixture *f, const char *method, const char *what, const char *body)
{
    char path[120];

    (void)snprintf(path, sizeof(path), "/api/orders/%s%s", f->order, what);
    return strcmp(method, "GET") == 0 ? get(f, path, P) : post(f, path, P, body);
}

/* The text member of the last answer. */
static void member(const struct fixture *f, const char *key, char *out, size_t cap)
{
    char mark[40];
    const char *at;

    (void)snprintf(mark, sizeof(mark), "\"%s\":\"", key);
    at = strstr(f->answer, mark);
    assert_non_null(at);
    at += strlen(mark);
    (void)snprintf(out, cap, "%.*s", (int)strcspn(at, "\""), at);
}

/* As if the locker had told that the bag lies in A1. */
static void lay_ready(struct fixture *f)
{
    struct store *s = f->bed.hub.store;
    uint8_t id[ORDER_ID_LEN];
    struct order o;

    assert_int_equal(num_from_hex(f->order, id, sizeof(id)), ERR_OK);
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->order_get(s, id, &o, NULL), ERR_OK);
    o.state = ORDER_READY;
    memcpy(o.door, "A1", 3);
    assert_int_equal(s->ops->order_update(s, &o, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
}

static void the_code_of_a_carer_is_shown_once(void **state)
{
    struct fixture *f = *state;
    char card[120], carer[40], path[140];

    assert_int_equal(call(f, "POST", "/carers", "{\"name\":\"Bea\",\"kind\":\"once\"}"), 409); /* not packed */
    assert_int_equal(call(f, "POST", "/pack", "{}"), 200);
    assert_int_equal(call(f, "POST", "/carers", "{\"name\":\"Bea\",\"kind\":\"standing\",\"with_code\":true}"), 201);
    assert_non_null(strstr(f->answer, "\"code\":\"pending\""));
    member(f, "card", card, sizeof(card));
    member(f, "id", carer, sizeof(carer));
    assert_int_equal(get(f, card, STORE_ROLE_LOGISTICS), 403);
    assert_int_equal(get(f, card, P), 200);
    assert_non_null(strstr(f->answer, "class=\"code\""));
    assert_non_null(strstr(f->answer, "Bea"));
    assert_null(strstr(f->answer, CANARY)); /* not whose medicine it is */
    assert_int_equal(get(f, card, P), 200);
    assert_null(strstr(f->answer, "class=\"code\""));
    (void)snprintf(path, sizeof(path), "%s&language=uk", card);
    assert_int_equal(get(f, path, P), 200);
    assert_non_null(strstr(f->answer, "Картка для того, хто забирає"));
    (void)snprintf(path, sizeof(path), "%s&language=xx", card);
    assert_int_equal(get(f, path, P), 400);
    assert_int_equal(call(f, "GET", "/carers", ""), 200);
    assert_non_null(strstr(f->answer, "\"state\":\"valid\""));
    (void)snprintf(path, sizeof(path), "/api/carers/%s/revoke", carer);
    assert_int_equal(post(f, path, P, "{}"), 200);
    assert_int_equal(post(f, path, P, "{}"), 409);
    assert_int_equal(get(f, card, P), 409);
    assert_int_equal(call(f, "GET", "/carers", ""), 200);
    assert_non_null(strstr(f->answer, "\"state\":\"revoking\""));
}

/* The strip on the slip; false: there is none. */
static bool print_strip(struct fixture *f, char out[TOKEN_TEXT_CAP])
{
    const char *at;

    assert_int_equal(call(f, "GET", "/slip", ""), 200);
    at = strstr(f->answer, "data-token=\"4D4331");
    if (at != NULL)
        (void)snprintf(out, TOKEN_TEXT_CAP, "%.*s", (int)strcspn(at + 12, "\""), at + 12);
    return at != NULL;
}

static void a_slip_has_the_strip_that_was_chosen_until_it_is_revoked(void **state)
{
    struct fixture *f = *state;
    char first[TOKEN_TEXT_CAP], again[TOKEN_TEXT_CAP], carer[40], path[80];

    assert_int_equal(call(f, "POST", "/pack", "{\"strip\":1}"), 400);
    assert_int_equal(call(f, "POST", "/pack", "{\"strip\":true}"), 200);
    assert_true(print_strip(f, first));
    assert_true(print_strip(f, again));
    assert_string_equal(first, again);
    assert_int_equal(call(f, "GET", "/carers", ""), 200);
    assert_non_null(strstr(f->answer, "\"kind\":\"strip\""));
    member(f, "id", carer, sizeof(carer));
    (void)snprintf(path, sizeof(path), "/api/carers/%s/card", carer);
    assert_int_equal(get(f, path, P), 409);
    (void)snprintf(path, sizeof(path), "/api/carers/%s/revoke", carer);
    assert_int_equal(post(f, path, P, "{}"), 200);
    assert_false(print_strip(f, first));
}

static void the_policy_says_whether_slips_have_strips(void **state)
{
    struct fixture *f = *state;
    char strip[TOKEN_TEXT_CAP];
    struct act_who who;

    act_who_named("hubctl", &who);
    assert_int_equal(policy_set(&f->bed.hub, &who, policy_find("strip"), "1", NULL), ERR_OK);
    assert_int_equal(get(f, "/api/me", P), 200);
    assert_non_null(strstr(f->answer, "\"strip\":true"));
    assert_int_equal(call(f, "POST", "/pack", "{}"), 200);
    assert_true(print_strip(f, strip));
}

static void a_slip_has_the_hours_of_its_locker_or_those_of_all(void **state)
{
    struct fixture *f = *state;
    struct store *s = f->bed.hub.store;
    struct store_locker l;
    struct act_who who;

    act_who_named("hubctl", &who);
    assert_int_equal(policy_set(&f->bed.hub, &who, policy_find("hours"), "dag en nacht", NULL), ERR_OK);
    assert_int_equal(call(f, "POST", "/pack", "{}"), 200);
    assert_int_equal(call(f, "GET", "/slip", ""), 200);
    assert_non_null(strstr(f->answer, "<dd>dag en nacht</dd>"));
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->locker_get(s, LOCKER, &l, NULL), ERR_OK);
    (void)snprintf(l.hours, sizeof(l.hours), "07:00-22:00 <hal>");
    assert_int_equal(s->ops->locker_update(s, &l, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
    assert_int_equal(call(f, "GET", "/slip", ""), 200);
    assert_non_null(strstr(f->answer, "<dd>07:00-22:00 &lt;hal&gt;</dd>"));
    assert_null(strstr(f->answer, "dag en nacht"));
}

static void wrong_rights_are_refused_with_a_reason(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {"{}", 422},
        {"{\"name\":\"Bea\"}", 422},
        {"{\"name\":\"Bea\",\"kind\":\"twice\"}", 422},
        {"{\"name\":\"  \",\"kind\":\"once\"}", 400},
        {"{\"name\":\"B\\u0001\",\"kind\":\"once\"}", 400},
        {"{\"name\":\"Bea\",\"kind\":\"once\",\"not_after_s\":1}", 422},
        {"{\"name\":\"Bea\",\"kind\":\"once\",\"with_code\":1}", 400},
        {"{\"name\":\"Bea\",\"kind\":\"once\",\"more\":1}", 422},
    };

    assert_int_equal(call(f, "POST", "/pack", "{\"alone\":true}"), 200);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = call(f, "POST", "/carers", cases[i].body);

        if (status != cases[i].status)
            fail_msg("%s: %d %s", cases[i].body, status, strstr(f->answer, "\r\n\r\n"));
    }
    assert_int_equal(call(f, "POST", "/carers", "{\"name\":\"Bea\",\"kind\":\"standing\"}"), 409); /* on its own */
    assert_int_equal(call(f, "POST", "/carers", "{\"name\":\"Bea\",\"kind\":\"once\"}"), 201);
}

/* A card for one bag is no more than its slip; one for every bag to come is more than any code. */
static void a_standing_right_needs_a_fresh_proof(void **state)
{
    static const char standing[] = "{\"name\":\"Bea\",\"kind\":\"standing\"}";
    struct fixture *f = *state;

    assert_int_equal(call(f, "POST", "/pack", "{}"), 200);
    bed_age_session(&f->bed, f->token[P], 6);
    assert_int_equal(call(f, "POST", "/carers", standing), 401);
    assert_non_null(strstr(f->answer, "\"need\":\"again\""));
    assert_int_equal(call(f, "GET", "/carers", ""), 200);
    assert_null(strstr(f->answer, "Bea"));
    assert_int_equal(call(f, "POST", "/carers", "{\"name\":\"Cor\",\"kind\":\"once\"}"), 201);
    assert_int_equal(post(f, "/api/again", P, "{\"password\":\"a right password\"}"), 200);
    assert_int_equal(call(f, "POST", "/carers", standing), 201);
}

static void a_new_code_is_pending_and_capped(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, "POST", "/recode", "{\"reason\":\"lost\"}"), 409); /* not packed */
    assert_int_equal(call(f, "POST", "/pack", "{}"), 200);
    assert_int_equal(call(f, "POST", "/recode", "{}"), 422);
    assert_int_equal(call(f, "POST", "/recode", "{\"reason\":\"  \"}"), 422);
    assert_int_equal(call(f, "POST", "/recode", "{\"reason\":\"lost\"}"), 200); /* a new label */
    assert_non_null(strstr(f->answer, "\"load\":2"));
    lay_ready(f);
    assert_int_equal(call(f, "POST", "/recode", "{\"reason\":\"lost\"}"), 202);
    assert_non_null(strstr(f->answer, "pending"));
    assert_int_equal(call(f, "POST", "/recode", "{\"reason\":\"lost\"}"), 409); /* one at a time */
    assert_int_equal(call(f, "GET", "/recode", ""), 200);
    assert_non_null(strstr(f->answer, "\"left\":1"));
    assert_int_equal(post(f, "/api/policies/cap.recode_hour", STORE_ROLE_ADMIN, "{\"value\":2}"), 200);
    lay_ready(f);
}

static void who_made_too_many_codes_is_told_so(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(post(f, "/api/policies/cap.recode_hour", STORE_ROLE_ADMIN, "{\"value\":1}"), 200);
    assert_int_equal(call(f, "POST", "/pack", "{}"), 200);
    assert_int_equal(call(f, "POST", "/recode", "{\"reason\":\"lost\"}"), 200);
    assert_int_equal(call(f, "POST", "/recode", "{\"reason\":\"lost\"}"), 429);
    assert_non_null(strstr(f->answer, "within the hour"));
    lay_ready(f);
    assert_int_equal(call(f, "POST", "/recode", "{\"reason\":\"lost\"}"), 429);
}

static void a_door_opens_at_a_distance_only_over_a_connection(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(call(f, "POST", "/pack", "{}"), 200);
    lay_ready(f);
    assert_int_equal(call(f, "GET", "/open", ""), 200);
    assert_non_null(strstr(f->answer, "\"state\":null"));
    assert_int_equal(call(f, "POST", "/open", "{}"), 422);
    assert_int_equal(call(f, "POST", "/open", "{\"reason\":\" \"}"), 422);
    assert_int_equal(call(f, "POST", "/open", "{\"reason\":\"hands full\"}"), 409);
    assert_int_equal(get(f, "/api/key-card", STORE_ROLE_LOGISTICS), 200);
    assert_non_null(strstr(f->answer, "data-token=\"4D4B310F\""));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up_locker, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(the_code_of_a_carer_is_shown_once),
        CASE(a_slip_has_the_strip_that_was_chosen_until_it_is_revoked),
        CASE(the_policy_says_whether_slips_have_strips),
        CASE(a_slip_has_the_hours_of_its_locker_or_those_of_all),
        CASE(wrong_rights_are_refused_with_a_reason),
        CASE(a_new_code_is_pending_and_capped),
        CASE(a_standing_right_needs_a_fresh_proof),
        CASE(who_made_too_many_codes_is_told_so),
        CASE(a_door_opens_at_a_distance_only_over_a_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
