/* SPDX-License-Identifier: Apache-2.0 */
/* Users, second factors and dangerous acts, over the hub's addresses. */
#include "backend/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/factor.h"
#include "backend/policy.h"
#include "tests/unit/api_bed.h"

#define OK(call) assert_int_equal(call, ERR_OK)
#define MARK "X-Medlocker: 1\r\n"
#define RIGHT "a right password"

/* A text member of the last answer. */
static void member(struct fixture *f, const char *key, char *out, size_t cap)
{
    char mark[40];
    const char *at, *end;

    (void)snprintf(mark, sizeof(mark), "\"%s\":\"", key);
    at = strstr(f->answer, mark);
    if (at == NULL)
        fail_msg("no %s in %s", key, f->answer);
    at += strlen(mark);
    end = strchr(at, '"');
    assert_non_null(end);
    (void)snprintf(out, cap, "%.*s", (int)(end - at), at);
}

static int log_in(struct fixture *f, const char *name, const char *password, const char *code,
                  char token[USER_TOKEN_CAP])
{
    char body[200];
    const char *at;
    int status;

    (void)snprintf(body, sizeof(body), "{\"name\":\"%s\",\"password\":\"%s\"%s%s%s}", name, password,
                   code != NULL ? ",\"totp\":\"" : "", code != NULL ? code : "", code != NULL ? "\"" : "");
    status = ask(f, "POST", "/api/login", NULL, MARK, body);
    at = strstr(f->answer, "Set-Cookie: medlocker=");
    if (status == 200)
        assert_non_null(at);
    if (at != NULL)
        (void)snprintf(token, USER_TOKEN_CAP, "%s", at + strlen("Set-Cookie: medlocker="));
    return status;
}

static int post_as(struct fixture *f, const char *path, const char *token, const char *body)
{
    return ask(f, "POST", path, token, MARK, body);
}

static int post_admin(struct fixture *f, const char *path, const char *body)
{
    return post(f, path, STORE_ROLE_ADMIN, body);
}

static void require(struct fixture *f, const char *policy)
{
    struct act_who who;

    act_who_named("test", &who);
    OK(policy_set(&f->bed.hub, &who, policy_find(policy), "1", NULL));
}

static bool keep_action(void *arg, const struct store_audit *a)
{
    (void)snprintf(arg, STORE_NAME_CAP, "%s", a->action);
    return true;
}

static void last_action(struct fixture *f, const char *want)
{
    char action[STORE_NAME_CAP] = "";

    OK(f->bed.hub.store->ops->audit_list(f->bed.hub.store, NULL, 0, STORE_PAGE_MAX, keep_action, action, NULL));
    assert_string_equal(action, want);
}

/* ---------------------------------------------------------------- users */

static void a_new_user_chooses_a_password_before_anything_else(void **state)
{
    struct fixture *f = *state;
    char password[40], token[USER_TOKEN_CAP], body[200];

    assert_int_equal(post_admin(f, "/api/users", "{\"name\":\"nora\",\"full_name\":\"Nora\",\"role\":\"logistics\"}"),
                     201);
    member(f, "password", password, sizeof(password));
    last_action(f, "user.added");
    assert_int_equal(post_admin(f, "/api/users", "{\"name\":\"nora\",\"full_name\":\"N\",\"role\":\"admin\"}"), 409);
    assert_int_equal(log_in(f, "nora", password, NULL, token), 200);
    assert_non_null(strstr(f->answer, "\"must\":\"password\""));
    assert_int_equal(ask(f, "GET", "/api/board", token, "", ""), 403);
    assert_non_null(strstr(f->answer, "\"need\":\"password\""));
    (void)snprintf(body, sizeof(body), "{\"password\":\"%s\",\"new_password\":\"%s\"}", password, password);
    assert_int_equal(post_as(f, "/api/me/password", token, body), 422);
    assert_int_equal(post_as(f, "/api/me/password", token, "{\"password\":\"x\",\"new_password\":\"short\"}"), 422);
    (void)snprintf(body, sizeof(body), "{\"password\":\"no\",\"new_password\":\"a chosen password\"}");
    assert_int_equal(post_as(f, "/api/me/password", token, body), 401);
    last_action(f, "user.password_refused");
    (void)snprintf(body, sizeof(body), "{\"password\":\"%s\",\"new_password\":\"a chosen password\"}", password);
    assert_int_equal(post_as(f, "/api/me/password", token, body), 200);
    assert_int_equal(ask(f, "GET", "/api/me", token, "", ""), 401); /* the session before is over */
    assert_int_equal(log_in(f, "nora", "a chosen password", NULL, token), 200);
    assert_non_null(strstr(f->answer, "\"must\":null"));
    assert_int_equal(ask(f, "GET", "/api/board", token, "", ""), 200);
}

static void a_user_is_changed_by_administrators_only_as_they_say(void **state)
{
    struct fixture *f = *state;
    char password[40], token[USER_TOKEN_CAP];

    assert_int_equal(post_admin(f, "/api/users/nobody/disable", "{}"), 404);
    assert_int_equal(log_in(f, "pharm", RIGHT, NULL, token), 200);
    assert_int_equal(post_admin(f, "/api/users/pharm/disable", "{}"), 200);
    assert_int_equal(ask(f, "GET", "/api/me", token, "", ""), 401);
    assert_int_equal(log_in(f, "pharm", RIGHT, NULL, token), 401);
    assert_int_equal(post_admin(f, "/api/users/pharm/enable", "{}"), 200);
    assert_int_equal(log_in(f, "pharm", RIGHT, NULL, token), 200);
    assert_int_equal(post_admin(f, "/api/users/pharm/role", "{\"role\":\"boss\"}"), 422);
    assert_int_equal(post_admin(f, "/api/users/pharm/role", "{\"role\":\"logistics\"}"), 200);
    assert_int_equal(log_in(f, "pharm", RIGHT, NULL, token), 200);
    assert_non_null(strstr(f->answer, "\"role\":\"logistics\""));
    assert_int_equal(post_admin(f, "/api/users/admin/reset", "{}"), 409); /* that is for others */
    assert_int_equal(post_admin(f, "/api/users/pharm/reset", "{}"), 200);
    member(f, "password", password, sizeof(password));
    assert_int_equal(log_in(f, "pharm", RIGHT, NULL, token), 401);
    assert_int_equal(log_in(f, "pharm", password, NULL, token), 200);
    assert_non_null(strstr(f->answer, "\"must\":\"password\""));
}

static void who_is_locked_out_by_the_brake_is_let_in_again(void **state)
{
    struct fixture *f = *state;
    char token[USER_TOKEN_CAP];

    for (unsigned i = 0; i < USER_FREE_TRIES; i++)
        assert_int_equal(log_in(f, "pharm", "x", NULL, token), 401);
    assert_int_equal(log_in(f, "pharm", RIGHT, NULL, token), 429);
    assert_int_equal(get(f, "/api/users", STORE_ROLE_ADMIN), 200);
    assert_non_null(strstr(f->answer, "\"locked\":true"));
    assert_int_equal(post_admin(f, "/api/users/pharm/unlock", "{}"), 200);
    assert_int_equal(log_in(f, "pharm", RIGHT, NULL, token), 200);
}

static void the_last_administrator_stays(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(post_admin(f, "/api/users/admin/disable", "{}"), 409);
    assert_non_null(strstr(f->answer, "last administrator"));
    assert_int_equal(post_admin(f, "/api/users/admin/role", "{\"role\":\"pharmacist\"}"), 409);
    bed_add_user(&f->bed, "second", STORE_ROLE_ADMIN, "");
    assert_int_equal(post_admin(f, "/api/users/second/disable", "{}"), 200);
    assert_int_equal(post_admin(f, "/api/users/admin/disable", "{}"), 409); /* a disabled one does not count */
    assert_int_equal(post_admin(f, "/api/users/second/enable", "{}"), 200);
    assert_int_equal(post_admin(f, "/api/users/admin/role", "{\"role\":\"pharmacist\"}"), 200);
}

/* ---------------------------------------------------------------- the second factor */

static void code_now(const char *base32, int64_t steps, char code[TOTP_CODE_CAP])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint8_t secret[TOTP_SECRET_LEN];
    uint32_t bits = 0, have = 0;
    size_t n = 0;

    for (; *base32 != '\0'; base32++) {
        bits = (bits << 5) | (uint32_t)(strchr(letters, *base32) - letters);
        have += 5;
        if (have >= 8) {
            have -= 8;
            secret[n++] = (uint8_t)(bits >> have);
        }
    }
    OK(totp_code(secret, sizeof(secret), clock_wall_ms() / 1000 / TOTP_STEP_S + steps, TOTP_DIGITS, code, NULL));
}

/* pharm gets one; the code of now is used up, that of the next step is left, also when the step is over meanwhile. */
static void enrol(struct fixture *f, const char *token, char base32[TOTP_BASE32_CAP], char spare[FACTOR_SPARE_CAP])
{
    char code[TOTP_CODE_CAP], body[80];
    const char *at;

    assert_int_equal(post_as(f, "/api/me/factor", token, "{}"), 200);
    member(f, "secret", base32, TOTP_BASE32_CAP);
    assert_non_null(strstr(f->answer, "otpauth://totp/Apotheek:"));
    assert_non_null(strstr(f->answer, "<svg"));
    code_now(base32, 0, code);
    (void)snprintf(body, sizeof(body), "{\"code\":\"%s\"}", code);
    assert_int_equal(post_as(f, "/api/me/factor/confirm", token, "{\"code\":\"abc\"}"), 422);
    assert_int_equal(post_as(f, "/api/me/factor/confirm", token, body), 200);
    at = strstr(f->answer, "\"spares\":[\"");
    assert_non_null(at);
    (void)snprintf(spare, FACTOR_SPARE_CAP, "%s", at + strlen("\"spares\":[\""));
}

static void a_missing_code_looks_like_a_wrong_password(void **state)
{
    struct fixture *f = *state;
    char base32[TOTP_BASE32_CAP], spare[FACTOR_SPARE_CAP], code[TOTP_CODE_CAP], token[USER_TOKEN_CAP];
    char first[400];

    enrol(f, f->token[STORE_ROLE_PHARMACIST], base32, spare);
    assert_int_equal(log_in(f, "pharm", RIGHT, NULL, token), 401);
    assert_non_null(strstr(f->answer, "\"need\":\"totp\""));
    (void)snprintf(first, sizeof(first), "%s", strstr(f->answer, "\r\n\r\n"));
    last_action(f, "user.code_asked");
    assert_int_equal(log_in(f, "pharm", "wrong", NULL, token), 401);
    assert_string_equal(strstr(f->answer, "\r\n\r\n"), first);
    assert_int_equal(log_in(f, "nobody", "wrong", NULL, token), 401);
    assert_string_equal(strstr(f->answer, "\r\n\r\n"), first);
    code_now(base32, 1, code);
    assert_int_equal(log_in(f, "pharm", "wrong", code, token), 401);
    assert_null(strstr(f->answer, "\"need\""));
    assert_int_equal(log_in(f, "pharm", RIGHT, code, token), 200);
    assert_int_equal(log_in(f, "pharm", RIGHT, code, token), 401); /* used */
    assert_int_equal(log_in(f, "pharm", RIGHT, spare, token), 200);
    assert_int_equal(log_in(f, "pharm", RIGHT, spare, token), 401);
}

static void a_right_password_without_code_brakes_too(void **state)
{
    struct fixture *f = *state;
    char base32[TOTP_BASE32_CAP], spare[FACTOR_SPARE_CAP], token[USER_TOKEN_CAP];

    enrol(f, f->token[STORE_ROLE_PHARMACIST], base32, spare);
    for (unsigned i = 0; i < USER_FREE_TRIES; i++)
        assert_int_equal(log_in(f, "pharm", RIGHT, i % 2 == 0 ? NULL : "000000", token), 401);
    assert_int_equal(log_in(f, "pharm", RIGHT, spare, token), 429);
}

static void a_role_that_needs_a_factor_sets_one_up_first(void **state)
{
    struct fixture *f = *state;
    char base32[TOTP_BASE32_CAP], spare[FACTOR_SPARE_CAP];
    const char *token = f->token[STORE_ROLE_PHARMACIST];

    require(f, "totp.required.pharmacist");
    assert_int_equal(get(f, "/api/board", STORE_ROLE_LOGISTICS), 200);
    assert_int_equal(get(f, "/api/board", STORE_ROLE_PHARMACIST), 403);
    assert_non_null(strstr(f->answer, "\"need\":\"factor\""));
    assert_int_equal(get(f, "/api/me", STORE_ROLE_PHARMACIST), 200);
    assert_non_null(strstr(f->answer, "\"must\":\"factor\""));
    enrol(f, token, base32, spare);
    assert_int_equal(get(f, "/api/board", STORE_ROLE_PHARMACIST), 200);
    assert_int_equal(get(f, "/api/me", STORE_ROLE_PHARMACIST), 200);
    assert_non_null(strstr(f->answer, "\"factor\":true,\"spares\":10"));
    assert_int_equal(post_as(f, "/api/me/factor/remove", token, "{}"), 200);
    assert_int_equal(get(f, "/api/board", STORE_ROLE_PHARMACIST), 403);
}

static void a_lost_telephone_is_forgotten_by_an_administrator(void **state)
{
    struct fixture *f = *state;
    char base32[TOTP_BASE32_CAP], spare[FACTOR_SPARE_CAP], token[USER_TOKEN_CAP];

    enrol(f, f->token[STORE_ROLE_PHARMACIST], base32, spare);
    assert_int_equal(log_in(f, "pharm", RIGHT, NULL, token), 401);
    assert_int_equal(post_admin(f, "/api/users/pharm/forget-factor", "{}"), 200);
    last_action(f, "user.factor_removed");
    assert_int_equal(log_in(f, "pharm", RIGHT, NULL, token), 200);
}

/* ---------------------------------------------------------------- dangerous acts */

static void a_dangerous_act_needs_a_fresh_proof(void **state)
{
    struct fixture *f = *state;
    char base32[TOTP_BASE32_CAP], spare[FACTOR_SPARE_CAP], body[80];
    const char *token = f->token[STORE_ROLE_PHARMACIST];

    enrol(f, token, base32, spare);
    bed_age_session(&f->bed, token, 6);
    assert_int_equal(get(f, "/api/board", STORE_ROLE_PHARMACIST), 200);
    assert_int_equal(post_as(f, "/api/me/factor/remove", token, "{}"), 401);
    assert_non_null(strstr(f->answer, "\"need\":\"again\""));
    assert_int_equal(post_as(f, "/api/again", token, "{}"), 422);
    assert_int_equal(post_as(f, "/api/again", token, "{\"password\":\"x\",\"totp\":\"1\"}"), 422);
    assert_int_equal(post_as(f, "/api/again", token, "{\"password\":\"x\"}"), 401);
    last_action(f, "user.again_refused");
    assert_int_equal(post_as(f, "/api/again", token, "{\"totp\":\"000000\"}"), 401);
    assert_int_equal(post_as(f, "/api/me/factor/remove", token, "{}"), 401);
    (void)snprintf(body, sizeof(body), "{\"totp\":\"%s\"}", spare);
    assert_int_equal(post_as(f, "/api/again", token, body), 200);
    assert_null(strstr(f->answer, "Set-Cookie"));
    assert_int_equal(post_as(f, "/api/me/factor/remove", token, "{}"), 200);
    bed_age_session(&f->bed, token, 6);
    assert_int_equal(post_as(f, "/api/again", token, body), 401); /* no second factor any more */
    assert_int_equal(post_as(f, "/api/again", token, "{\"password\":\"" RIGHT "\"}"), 200);
    assert_int_equal(post_as(f, "/api/me/factor", token, "{}"), 200);
}

static void every_dangerous_address_asks_again(void **state)
{
    static const struct {
        enum store_role role;
        const char *path;
    } row[] = {
        {STORE_ROLE_ADMIN, "/api/users"},
        {STORE_ROLE_ADMIN, "/api/users/pharm/disable"},
        {STORE_ROLE_ADMIN, "/api/users/pharm/role"},
        {STORE_ROLE_ADMIN, "/api/users/pharm/reset"},
        {STORE_ROLE_ADMIN, "/api/users/pharm/forget-factor"},
        {STORE_ROLE_ADMIN, "/api/policies/cap.open_hour"},
        {STORE_ROLE_PHARMACIST, "/api/badges"},
        {STORE_ROLE_LOGISTICS, "/api/me/factor"},
    };
    struct fixture *f = *state;

    for (unsigned i = 0; i < STORE_ROLE_N; i++)
        bed_age_session(&f->bed, f->token[i], i == 0 ? -2 : 6); /* a clock that was set back makes nothing fresh */
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        if (post(f, row[i].path, row[i].role, "{}") != 401 || strstr(f->answer, "\"need\":\"again\"") == NULL)
            fail_msg("%s: %s", row[i].path, f->answer);
    }
}

static void a_badge_for_a_colleague_needs_the_colleague(void **state)
{
    static const uint8_t id[STORE_LOCKER_LEN] = {0xAA, 1}, key[32];
    static const char form[] = "{\"user\":\"%s\",\"locker\":\"aa01000000000000\",\"pin\":\"2580\",\"days\":30%s}";
    struct fixture *f = *state;
    char body[200];

    bed_add_locker(&f->bed, "Dorpsrand", id, key);
    (void)snprintf(body, sizeof(body), form, "logi", "");
    assert_int_equal(post(f, "/api/badges", STORE_ROLE_LOGISTICS, body), 403);
    assert_int_equal(post(f, "/api/badges", STORE_ROLE_PHARMACIST, body), 422);
    assert_non_null(strstr(f->answer, "colleague"));
    (void)snprintf(body, sizeof(body), form, "pharm", ",\"password\":\"wrong\"");
    assert_int_equal(post_admin(f, "/api/badges", body), 422);
    last_action(f, "badge.refused");
    (void)snprintf(body, sizeof(body), form, "pharm", ",\"password\":\"" RIGHT "\"");
    assert_int_equal(post_admin(f, "/api/badges", body), 201);
    (void)snprintf(body, sizeof(body), form, "pharm", "");
    assert_int_equal(post(f, "/api/badges", STORE_ROLE_PHARMACIST, body), 201);
    (void)snprintf(body, sizeof(body), form, "pharm", ",\"password\":\"wrong\"");
    for (unsigned i = 1; i < USER_FREE_TRIES; i++)
        assert_int_equal(post_admin(f, "/api/badges", body), 422);
    assert_int_equal(post_admin(f, "/api/badges", body), 409); /* guessing at a colleague's password brakes */
}

static void a_locker_is_revoked_by_an_administrator_with_a_fresh_proof(void **state)
{
    static const uint8_t id[STORE_LOCKER_LEN] = {0xAA, 1}, key[32];
    struct fixture *f = *state;

    bed_add_locker(&f->bed, "Dorpsrand", id, key);
    assert_int_equal(post_admin(f, "/api/lockers/aa01000000000000/address", "{\"address\":\"Plein 1\"}"), 200);
    assert_int_equal(post_admin(f, "/api/lockers/aa01000000000000/hours", "{\"hours\":\"07:00-22:00\"}"), 200);
    assert_int_equal(post_admin(f, "/api/lockers/aa01000000000000/hours", "{\"hours\":\"a\\nb\"}"), 400);
    assert_int_equal(post_admin(f, "/api/lockers/bb01000000000000/address", "{\"address\":\"Plein 1\"}"), 404);
    assert_int_equal(post_admin(f, "/api/lockers/aa01000000000000/address", "{\"address\":\"a\\nb\"}"), 400);
    assert_int_equal(get(f, "/api/lockers", STORE_ROLE_ADMIN), 200);
    assert_non_null(strstr(f->answer, "\"address\":\"Plein 1\",\"hours\":\"07:00-22:00\",\"state\":\"active\""));
    assert_non_null(strstr(f->answer, "\"certificate\":\"4000"));
    bed_age_session(&f->bed, f->token[STORE_ROLE_ADMIN], 6);
    assert_int_equal(post_admin(f, "/api/lockers/aa01000000000000/revoke", "{}"), 401);
    bed_age_session(&f->bed, f->token[STORE_ROLE_ADMIN], 0);
    assert_int_equal(post_admin(f, "/api/lockers/aa01000000000000/revoke", "{}"), 200);
    last_action(f, "locker.revoked");
    assert_int_equal(post_admin(f, "/api/lockers/aa01000000000000/revoke", "{}"), 409);
}

static void reading_an_order_by_fhir_is_written_down(void **state)
{
    static const char *const unknown[] = {"xx", "tr", "", "NL"}; /* the trail is in the languages of staff only */
    struct fixture *f = *state;
    char path[120];

    (void)snprintf(path, sizeof(path), "/fhir/MedicationDispense/%s", f->order);
    assert_int_equal(get(f, path, STORE_ROLE_PHARMACIST), 200);
    last_action(f, "order.fhir_read");
    (void)snprintf(path, sizeof(path), "/api/orders/%s/trail?language=en", f->order);
    assert_int_equal(get(f, path, STORE_ROLE_PHARMACIST), 200);
    assert_non_null(strstr(f->answer, "Mx pharm (pharmacy) read the order with another program."));
    last_action(f, "order.trail");
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        (void)snprintf(path, sizeof(path), "/api/orders/%s/trail?language=%s", f->order, unknown[i]);
        assert_int_equal(get(f, path, STORE_ROLE_PHARMACIST), 400);
        assert_non_null(strstr(f->answer, "language: must be nl or en"));
    }
}

static void an_order_may_be_of_a_pharmacy_that_shares_the_lockers(void **state)
{
    static const char order[] = "{\"patient\":\"A\",\"pharmacy\":\"87654321\"}";
    struct fixture *f = *state;

    assert_int_equal(post(f, "/api/orders", STORE_ROLE_PHARMACIST, order), 422);
    assert_non_null(strstr(f->answer, "does not share"));
    assert_int_equal(post_admin(f, "/api/pharmacies", "{\"ura\":\"8765432\",\"name\":\"B\",\"telephone\":\"1\"}"), 400);
    assert_int_equal(
        post_admin(f, "/api/pharmacies", "{\"ura\":\"87654321\",\"name\":\"Apotheek Zuid\",\"telephone\":\"0900 5\"}"),
        200);
    last_action(f, "pharmacy.set");
    assert_int_equal(get(f, "/api/pharmacies", STORE_ROLE_PHARMACIST), 200);
    assert_non_null(strstr(f->answer, "{\"ura\":\"87654321\",\"name\":\"Apotheek Zuid\",\"telephone\":\"0900 5\"}"));
    assert_int_equal(post(f, "/api/orders", STORE_ROLE_PHARMACIST, order), 201);
    assert_int_equal(get(f, "/api/orders", STORE_ROLE_PHARMACIST), 200);
    assert_non_null(strstr(f->answer, "\"pharmacy\":\"87654321\""));
    assert_int_equal(post_admin(f, "/api/pharmacies/87654321/remove", "{}"), 200);
    assert_int_equal(post_admin(f, "/api/pharmacies/87654321/remove", "{}"), 404);
    assert_int_equal(post_admin(f, "/api/pharmacies/x/remove", "{}"), 404);
}

static void policies_are_shown_and_set_in_their_range(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(get(f, "/api/policies", STORE_ROLE_PHARMACIST), 200);
    assert_non_null(strstr(f->answer, "{\"name\":\"cap.open_hour\",\"kind\":\"number\",\"value\":10,\"set\":false,"
                                      "\"min\":0,\"max\":10}"));
    assert_int_equal(post_admin(f, "/api/policies/cap.open_hour", "{\"value\":4}"), 200);
    assert_non_null(strstr(f->answer, "\"value\":4,\"set\":true"));
    assert_int_equal(post_admin(f, "/api/policies/cap.open_hour", "{\"value\":11}"), 422);
    assert_int_equal(post_admin(f, "/api/policies/cap.open_hour", "{\"value\":\"4\"}"), 400);
    assert_int_equal(post_admin(f, "/api/policies/cap.open_hour", "{\"value\":null}"), 200);
    assert_non_null(strstr(f->answer, "\"value\":10,\"set\":false"));
    assert_int_equal(post_admin(f, "/api/policies/totp.required.admin", "{\"value\":false}"), 200);
    assert_int_equal(post_admin(f, "/api/policies/telephone", "{\"value\":\"0900 1\"}"), 200);
    assert_int_equal(post_admin(f, "/api/policies/colour", "{\"value\":1}"), 404);
}

static void sessions_end_when_the_policy_says(void **state)
{
    struct fixture *f = *state;
    char token[USER_TOKEN_CAP];

    assert_int_equal(post_admin(f, "/api/policies/session.day", "{\"value\":2}"), 200);
    assert_int_equal(log_in(f, "pharm", RIGHT, NULL, token), 200);
    assert_non_null(strstr(f->answer, "Max-Age=7200"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_new_user_chooses_a_password_before_anything_else),
        CASE(a_user_is_changed_by_administrators_only_as_they_say),
        CASE(who_is_locked_out_by_the_brake_is_let_in_again),
        CASE(the_last_administrator_stays),
        CASE(a_missing_code_looks_like_a_wrong_password),
        CASE(a_right_password_without_code_brakes_too),
        CASE(a_role_that_needs_a_factor_sets_one_up_first),
        CASE(a_lost_telephone_is_forgotten_by_an_administrator),
        CASE(a_dangerous_act_needs_a_fresh_proof),
        CASE(every_dangerous_address_asks_again),
        CASE(a_badge_for_a_colleague_needs_the_colleague),
        CASE(a_locker_is_revoked_by_an_administrator_with_a_fresh_proof),
        CASE(reading_an_order_by_fhir_is_written_down),
        CASE(an_order_may_be_of_a_pharmacy_that_shares_the_lockers),
        CASE(policies_are_shown_and_set_in_their_range),
        CASE(sessions_end_when_the_policy_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
