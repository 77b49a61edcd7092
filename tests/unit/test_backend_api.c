/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/api.h"

#include <errno.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/account.h"
#include "backend/import.h"
#include "tests/unit/api_bed.h"

/* ---------------------------------------------------------------- the role matrix */

/* Pharmacist, logistics, administrator; "-" may not, "*" is for everybody without logging in. */
static const struct {
    const char *method, *path, *roles;
} matrix[] = {
    {"POST", "/api/login", "*"},
    {"POST", "/api/logout", "PLA"},
    {"POST", "/api/again", "PLA"},
    {"GET", "/api/me", "PLA"},
    {"POST", "/api/me/password", "PLA"},
    {"POST", "/api/me/factor", "PLA"},
    {"POST", "/api/me/factor/confirm", "PLA"},
    {"POST", "/api/me/factor/remove", "PLA"},
    {"GET", "/api/board", "PLA"},
    {"GET", "/api/lockers", "PLA"},
    {"POST", "/api/lockers/*/address", "--A"},
    {"POST", "/api/lockers/*/hours", "--A"},
    {"POST", "/api/lockers/*/revoke", "--A"},
    {"GET", "/api/lockers/*/climate", "PLA"},
    {"GET", "/api/lockers/*/door-labels", "PLA"},
    {"POST", "/api/lockers/*/climate/seen", "PL-"},
    {"GET", "/api/round", "PLA"},
    {"GET", "/api/use", "PLA"},
    {"GET", "/api/faults", "PLA"},
    {"GET", "/api/faults/*", "PLA"},
    {"POST", "/api/faults/*/comment", "PL-"},
    {"POST", "/api/faults/*/acknowledge", "PL-"},
    {"POST", "/api/faults/*/close", "PL-"},
    {"POST", "/fhir/Bundle", "P--"},
    {"GET", "/fhir/MedicationDispense/*", "P--"},
    {"GET", "/api/orders", "PL-"},
    {"POST", "/api/orders", "P--"},
    {"POST", "/api/orders/csv", "P--"},
    {"GET", "/api/orders/*", "PL-"},
    {"POST", "/api/orders/*/pack", "P--"},
    {"POST", "/api/orders/*/withdraw", "P--"},
    {"POST", "/api/orders/*/step", "PL-"},
    {"GET", "/api/orders/*/trail", "P--"},
    {"GET", "/api/orders/*/label", "P--"},
    {"GET", "/api/orders/*/slip", "P--"},
    {"GET", "/api/orders/*/carers", "P--"},
    {"POST", "/api/orders/*/carers", "P--"},
    {"GET", "/api/carers/*/card", "P--"},
    {"POST", "/api/carers/*/revoke", "P--"},
    {"GET", "/api/orders/*/recode", "P--"},
    {"POST", "/api/orders/*/recode", "P--"},
    {"GET", "/api/orders/*/open", "P--"},
    {"POST", "/api/orders/*/open", "P--"},
    {"GET", "/api/key-card", "PLA"},
    {"GET", "/api/sheet", "P--"},
    {"GET", "/api/exceptions", "P--"},
    {"GET", "/api/lockers/*/events", "PL-"},
    {"GET", "/api/lockers/*/tour", "PL-"},
    {"POST", "/api/lockers/*/tour/start", "PL-"},
    {"POST", "/api/lockers/*/tour/scan", "PL-"},
    {"POST", "/api/lockers/*/tour/explain", "PL-"},
    {"POST", "/api/lockers/*/tour/end", "PL-"},
    {"POST", "/api/orders/*/contacts", "P--"},
    {"GET", "/api/users", "P-A"},
    {"POST", "/api/users", "--A"},
    {"POST", "/api/users/*/disable", "--A"},
    {"POST", "/api/users/*/enable", "--A"},
    {"POST", "/api/users/*/role", "--A"},
    {"POST", "/api/users/*/unlock", "--A"},
    {"POST", "/api/users/*/reset", "--A"},
    {"POST", "/api/users/*/forget-factor", "--A"},
    {"GET", "/api/badges", "P-A"},
    {"POST", "/api/badges", "P-A"},
    {"GET", "/api/badges/*/page", "P-A"},
    {"POST", "/api/badges/*/revoke", "P-A"},
    {"GET", "/api/audit", "P-A"},
    {"GET", "/api/policies", "P-A"},
    {"POST", "/api/policies/*", "--A"},
    {"GET", "/api/pharmacies", "P-A"},
    {"POST", "/api/pharmacies", "--A"},
    {"POST", "/api/pharmacies/*/remove", "--A"},
    {"GET", "/", "*"},
    {"GET", "/*", "*"},
    {"GET", "/vendor/*", "*"},
};
#define ROWS (sizeof(matrix) / sizeof(matrix[0]))

/* The path with an id that nothing has. */
static void fill_path(const char *pattern, char out[160])
{
    size_t at = 0;

    for (; *pattern != '\0'; pattern++)
        at += (size_t)snprintf(out + at, 160 - at, *pattern == '*' ? "0123456789abcdef" : "%c", *pattern);
    out[at] = '\0';
}

static void every_address_is_in_the_matrix(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROWS; i++) {
        const struct api_entry *e = api_entry_at(i);

        assert_non_null(e);
        assert_string_equal(e->method, matrix[i].method);
        assert_string_equal(e->path, matrix[i].path);
    }
    assert_null(api_entry_at(ROWS));
}

static void every_role_may_what_the_matrix_says_and_no_more(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < ROWS; i++) {
        bool is_post = strcmp(matrix[i].method, "POST") == 0;
        char path[160];

        fill_path(matrix[i].path, path);
        for (unsigned role = 0; role < STORE_ROLE_N; role++) {
            bool may = matrix[i].roles[0] == '*' || matrix[i].roles[role] != '-';
            int status;

            if (strcmp(matrix[i].path, "/api/logout") == 0)
                continue; /* ends the session: has a test of its own */
            status = is_post ? post(f, path, (enum store_role)role, "{}") : get(f, path, (enum store_role)role);
            if (may ? status == 401 || status == 403 : status != 403)
                fail_msg("%s %s as %s: %d", matrix[i].method, matrix[i].path, store_role_name((enum store_role)role),
                         status);
        }
    }
}

static void nobody_gets_anything_without_logging_in(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < ROWS; i++) {
        char path[160];
        int status;

        if (matrix[i].roles[0] == '*')
            continue;
        fill_path(matrix[i].path, path);
        status = ask(f, matrix[i].method, path, NULL, "X-Medlocker: 1\r\n", "{}");
        if (status != 401)
            fail_msg("%s %s: %d", matrix[i].method, matrix[i].path, status);
    }
}

static void every_post_needs_the_mark_and_the_own_origin(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < ROWS; i++) {
        const char *token = f->token[STORE_ROLE_PHARMACIST];
        char path[160];

        if (strcmp(matrix[i].method, "POST") != 0)
            continue;
        fill_path(matrix[i].path, path);
        assert_int_equal(ask(f, "POST", path, token, "", "{}"), 403);
        assert_int_equal(ask(f, "POST", path, token, "X-Medlocker: 1\r\nOrigin: http://evil.example\r\n", "{}"), 403);
        assert_int_equal(ask(f, "POST", path, token, "X-Medlocker: 1\r\nOrigin: null\r\n", "{}"), 403);
    }
    assert_int_not_equal(ask(f, "POST", "/api/orders", f->token[STORE_ROLE_PHARMACIST],
                             "X-Medlocker: 1\r\nOrigin: https://hub.example\r\n", "{}"),
                         403);
}

/* ---------------------------------------------------------------- patients */

static void patients_are_shown_to_pharmacists_only(void **state)
{
    struct fixture *f = *state;
    char path[120];

    for (unsigned role = STORE_ROLE_LOGISTICS; role < STORE_ROLE_N; role++) {
        for (size_t i = 0; i < ROWS; i++) {
            size_t at = 0;

            if (strcmp(matrix[i].method, "GET") != 0)
                continue;
            for (const char *p = matrix[i].path; *p != '\0'; p++)
                at += (size_t)snprintf(path + at, sizeof(path) - at, "%c%s", *p == '*' ? f->order[0] : *p,
                                       *p == '*' ? f->order + 1 : "");
            (void)get(f, path, (enum store_role)role);
            if (strstr(f->answer, CANARY) != NULL || strstr(f->answer, "1937") != NULL)
                fail_msg("GET %s as %s shows a patient", path, store_role_name((enum store_role)role));
        }
    }
    assert_int_equal(get(f, "/api/orders?search=Zilver", STORE_ROLE_LOGISTICS), 403);
    (void)snprintf(path, sizeof(path), "/api/orders/%s", f->order);
    assert_int_equal(get(f, path, STORE_ROLE_PHARMACIST), 200);
    assert_non_null(strstr(f->answer, CANARY));
    assert_int_equal(get(f, "/api/audit?limit=5", STORE_ROLE_ADMIN), 200);
    assert_non_null(strstr(f->answer, "order.viewed"));
}

static void words_of_an_act_are_for_pharmacists_only(void **state)
{
    struct fixture *f = *state;
    char path[120];

    (void)snprintf(path, sizeof(path), "/api/orders/%s/step", f->order);
    assert_int_equal(
        post(f, path, STORE_ROLE_PHARMACIST, "{\"event\":\"cancel\",\"comment\":\"" CANARY " moved house\"}"), 200);
    (void)snprintf(path, sizeof(path), "/api/orders/%s", f->order);
    assert_int_equal(get(f, path, STORE_ROLE_PHARMACIST), 200);
    assert_non_null(strstr(f->answer, "moved house"));
    assert_int_equal(get(f, path, STORE_ROLE_LOGISTICS), 200);
    assert_non_null(strstr(f->answer, "order.cancel"));
    assert_null(strstr(f->answer, "moved house"));
}

static void a_page_of_orders_says_how_many_there_are(void **state)
{
    static const char more[] = "patient\nA. One\nB. Two\nC. Three\n";
    struct fixture *f = *state;
    static const struct {
        const char *query;
        enum store_role role;
        int status;
        const char *holds;
    } cases[] = {
        {"limit=2", STORE_ROLE_PHARMACIST, 200, "\"count\":4"},
        {"limit=2&offset=3", STORE_ROLE_PHARMACIST, 200, "\"count\":4"},
        {"limit=2&offset=9", STORE_ROLE_LOGISTICS, 200, "\"orders\":[],\"count\":4"},
        {"search=b.", STORE_ROLE_PHARMACIST, 200, "\"count\":1"},
        {"search=3", STORE_ROLE_LOGISTICS, 200, "\"count\":1"},
        {"search=&state=&locker=&sort=", STORE_ROLE_LOGISTICS, 200, "\"count\":4"},
        {"state=registered,packed&sort=-until", STORE_ROLE_LOGISTICS, 200, "\"count\":4"},
        {"from_ms=1&to_ms=2", STORE_ROLE_LOGISTICS, 200, "\"count\":0"},
        {"from_ms=1", STORE_ROLE_LOGISTICS, 200, "\"count\":4"},
        {"sort=patient&limit=1", STORE_ROLE_PHARMACIST, 200, "A. One"},
        {"sort=-number&limit=1", STORE_ROLE_PHARMACIST, 200, "C. Three"},
        {"sort=-patient", STORE_ROLE_LOGISTICS, 403, "pharmacists"},
        {"search=b.", STORE_ROLE_LOGISTICS, 403, "pharmacists"},
        {"sort=medicine", STORE_ROLE_PHARMACIST, 422, "sort:"},
        {"offset=-1", STORE_ROLE_PHARMACIST, 422, "offset"},
        {"locker=12", STORE_ROLE_PHARMACIST, 400, "locker:"},
        {"state=lost,,ready", STORE_ROLE_PHARMACIST, 422, "state:"},
        {"to_ms=x", STORE_ROLE_PHARMACIST, 400, "to_ms"},
    };

    assert_int_equal(post(f, "/api/orders/csv", STORE_ROLE_PHARMACIST, more), 200);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[120];

        (void)snprintf(path, sizeof(path), "/api/orders?%s", cases[i].query);
        if (get(f, path, cases[i].role) != cases[i].status || strstr(f->answer, cases[i].holds) == NULL)
            fail_msg("%s: %s", path, f->answer);
    }
    assert_int_equal(get(f, "/api/orders?below=3&limit=1", STORE_ROLE_PHARMACIST), 200);
    assert_null(strstr(f->answer, "\"count\"")); /* who goes on from a number has been told */
}

static void logistics_takes_only_its_own_steps(void **state)
{
    struct fixture *f = *state;
    char path[120], body[64];
    static const struct {
        const char *event;
        int pharmacist, logistics;
    } cases[] = {
        {"withdraw", 409, 403}, {"counter", 409, 403},     {"restock", 409, 403},   {"destroy", 409, 403},
        {"depart", 409, 409},   {"arrive_back", 409, 409}, {"take_back", 409, 409}, {"loaded", 422, 422},
        {"pack", 422, 422},     {"device_lost", 422, 422}, {"nonsense", 422, 422},  {"cancel", 200, 403},
    };

    (void)snprintf(path, sizeof(path), "/api/orders/%s/step", f->order);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)snprintf(body, sizeof(body), "{\"event\":\"%s\"}", cases[i].event);
        assert_int_equal(post(f, path, STORE_ROLE_LOGISTICS, body), cases[i].logistics);
        assert_int_equal(post(f, path, STORE_ROLE_PHARMACIST, body), cases[i].pharmacist);
    }
}

/* ---------------------------------------------------------------- contacts, exceptions, tours, sheets */

static void a_contact_is_kept_for_pharmacists_and_leaves_no_note_in_the_trail(void **state)
{
    struct fixture *f = *state;
    char path[120];

    (void)snprintf(path, sizeof(path), "/api/orders/%s/contacts", f->order);
    assert_int_equal(post(f, path, STORE_ROLE_PHARMACIST, "{}"), 422);
    assert_int_equal(post(f, path, STORE_ROLE_PHARMACIST, "{\"how\":\"pigeon\",\"outcome\":\"told\"}"), 422);
    assert_int_equal(post(f, path, STORE_ROLE_PHARMACIST, "{\"how\":\"letter\",\"outcome\":\"done\"}"), 422);
    assert_int_equal(
        post(f, path, STORE_ROLE_PHARMACIST, "{\"how\":\"letter\",\"outcome\":\"told\",\"note\":\"a\\u0007\"}"), 400);
    assert_int_equal(
        post(f, path, STORE_ROLE_PHARMACIST, "{\"how\":\"letter\",\"outcome\":\"told\",\"note\":\"" CANARY "\"}"), 201);
    assert_non_null(strstr(f->answer, CANARY));
    (void)snprintf(path, sizeof(path), "/api/orders/%s", f->order);
    assert_int_equal(get(f, path, STORE_ROLE_PHARMACIST), 200);
    assert_non_null(strstr(f->answer, "\"outcome\":\"told\""));
    assert_int_equal(get(f, path, STORE_ROLE_LOGISTICS), 200);
    assert_null(strstr(f->answer, "contacts"));
    assert_int_equal(get(f, "/api/audit?limit=10", STORE_ROLE_ADMIN), 200);
    assert_non_null(strstr(f->answer, "order.contact"));
    assert_null(strstr(f->answer, CANARY));
}

static void the_audit_is_searched_and_cut_into_pages_here(void **state)
{
    struct fixture *f = *state;
    struct act_who who;
    struct reason r;

    act_who_named("nora", &who);
    for (unsigned i = 0; i < 3; i++) {
        char subject[8];

        (void)snprintf(subject, sizeof(subject), "door%u", i);
        assert_int_equal(act_note(&f->bed.hub, &who, "test.done", NULL, subject, NULL, &r), ERR_OK);
    }
    assert_int_equal(get(f, "/api/audit?search=door1", STORE_ROLE_ADMIN), 200);
    assert_non_null(strstr(f->answer, "\"count\":1"));
    assert_non_null(strstr(f->answer, "door1"));
    assert_null(strstr(f->answer, "door0"));
    assert_int_equal(get(f, "/api/audit?actor=nora&limit=1&offset=2", STORE_ROLE_PHARMACIST), 200);
    assert_non_null(strstr(f->answer, "\"count\":3"));
    assert_non_null(strstr(f->answer, "door0"));    /* the newest come first */
    assert_non_null(strstr(f->answer, "\"nora\"")); /* to choose from */
    assert_int_equal(get(f, "/api/audit?action=test.done&sort=seq&limit=1", STORE_ROLE_ADMIN), 200);
    assert_non_null(strstr(f->answer, "door0"));
    assert_int_equal(get(f, "/api/audit?action=test.done&below=1000&limit=1", STORE_ROLE_ADMIN), 200);
    assert_non_null(strstr(f->answer, "door2"));
    assert_null(strstr(f->answer, "count"));
    assert_null(strstr(f->answer, "order_number")); /* it is about none */
    assert_int_equal(get(f, "/api/audit?action=order.registered", STORE_ROLE_ADMIN), 200);
    assert_non_null(strstr(f->answer, "\"order_number\":1"));
    assert_int_equal(get(f, "/api/audit?to_ms=5", STORE_ROLE_ADMIN), 200);
    assert_non_null(strstr(f->answer, "\"count\":0"));
    assert_int_equal(get(f, "/api/audit?sort=actor", STORE_ROLE_ADMIN), 422);
    assert_int_equal(get(f, "/api/audit?limit=0", STORE_ROLE_ADMIN), 422);
}

/* The order in another state, as if all had happened. */
static void set_order_state(struct fixture *f, enum order_state order_state)
{
    struct store *s = f->bed.hub.store;
    uint8_t id[ORDER_ID_LEN];
    struct order o;

    assert_int_equal(num_from_hex(f->order, id, sizeof(id)), ERR_OK);
    assert_int_equal(s->ops->order_get(s, id, &o, NULL), ERR_OK);
    o.state = order_state;
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->order_update(s, &o, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
    hub_touch(&f->bed.hub);
}

static void the_list_to_decide_empties_by_evidence(void **state)
{
    struct fixture *f = *state;
    const struct store_fault fault = {.kind = STORE_FAULT_CONTRADICTION, .subject = "door.opened.v1", .opened_ms = 5};
    struct store *s = f->bed.hub.store;
    bool fresh;

    assert_int_equal(get(f, "/api/exceptions", STORE_ROLE_PHARMACIST), 200);
    assert_non_null(strstr(f->answer, "\"exceptions\":[]"));
    set_order_state(f, ORDER_RETURNED);
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->fault_raise(s, &fault, &fresh, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
    assert_int_equal(get(f, "/api/exceptions", STORE_ROLE_PHARMACIST), 200);
    assert_non_null(strstr(f->answer, "\"acts\":[\"pack\",\"counter\",\"restock\"]"));
    assert_non_null(strstr(f->answer, "\"kind\":\"contradiction\""));
    assert_true(strstr(f->answer, "contradiction") < strstr(f->answer, "\"returned\""));
    set_order_state(f, ORDER_RESTOCKED);
    assert_int_equal(get(f, "/api/exceptions", STORE_ROLE_PHARMACIST), 200);
    assert_null(strstr(f->answer, "\"returned\""));
}

static void a_tour_and_its_acts_answer_for_one_locker(void **state)
{
    static const uint8_t locker[STORE_LOCKER_LEN] = {0xAB}, key[32] = {1};
    struct fixture *f = *state;

    bed_add_locker(&f->bed, "Noord", locker, key);
    assert_int_equal(get(f, "/api/lockers/ab00000000000000/tour", STORE_ROLE_LOGISTICS), 200);
    assert_non_null(strstr(f->answer, "\"open\":false"));
    assert_int_equal(get(f, "/api/lockers/ab00000000000000/events", STORE_ROLE_LOGISTICS), 200);
    assert_int_equal(get(f, "/api/lockers/ab00000000000000/events?limit=101", STORE_ROLE_LOGISTICS), 422);
    assert_int_equal(get(f, "/api/lockers/ac00000000000000/tour", STORE_ROLE_LOGISTICS), 404);
    assert_int_equal(post(f, "/api/lockers/ab00000000000000/tour/start", STORE_ROLE_LOGISTICS, "{}"), 409);
    assert_int_equal(post(f, "/api/lockers/ab00000000000000/tour/end", STORE_ROLE_LOGISTICS, "{}"), 409);
    assert_int_equal(post(f, "/api/lockers/ab00000000000000/tour/scan", STORE_ROLE_LOGISTICS, "{\"label\":\"1\"}"),
                     409);
    assert_int_equal(
        post(f, "/api/lockers/ab00000000000000/tour/explain", STORE_ROLE_LOGISTICS, "{\"place\":1,\"note\":\"x\"}"),
        409);
    assert_int_equal(
        post(f, "/api/lockers/ab00000000000000/tour/explain", STORE_ROLE_LOGISTICS, "{\"place\":0,\"note\":\"x\"}"),
        422);
}

static void a_sheet_needs_numbers_of_bags_that_are_packed(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(get(f, "/api/sheet", STORE_ROLE_PHARMACIST), 422);
    assert_int_equal(get(f, "/api/sheet?orders=1,x", STORE_ROLE_PHARMACIST), 409); /* the first is not packed */
    assert_int_equal(get(f, "/api/sheet?orders=x", STORE_ROLE_PHARMACIST), 400);
    assert_int_equal(get(f, "/api/sheet?orders=,", STORE_ROLE_PHARMACIST), 400);
    assert_int_equal(get(f, "/api/sheet?orders=99", STORE_ROLE_PHARMACIST), 404);
}

/* ---------------------------------------------------------------- logging in and out */

static void right_password_gives_a_strict_cookie(void **state)
{
    struct fixture *f = *state;
    char token[USER_TOKEN_CAP];
    const char *at;

    assert_int_equal(ask(f, "POST", "/api/login", NULL, "X-Medlocker: 1\r\n",
                         "{\"name\":\"pharm\",\"password\":\"a right password\"}"),
                     200);
    at = strstr(f->answer, "Set-Cookie: medlocker=");
    assert_non_null(at);
    assert_non_null(strstr(at, "; HttpOnly; SameSite=Strict; Max-Age=43200"));
    memcpy(token, at + strlen("Set-Cookie: medlocker="), sizeof(token) - 1);
    token[sizeof(token) - 1] = '\0';
    assert_int_equal(ask(f, "GET", "/api/me", token, "", ""), 200);
    assert_int_equal(ask(f, "POST", "/api/logout", token, "X-Medlocker: 1\r\n", ""), 200);
    assert_int_equal(ask(f, "GET", "/api/me", token, "", ""), 401);
}

static int log_in(struct fixture *f, const char *name, const char *password)
{
    char body[120];

    (void)snprintf(body, sizeof(body), "{\"name\":\"%s\",\"password\":\"%s\"}", name, password);
    return ask(f, "POST", "/api/login", NULL, "X-Medlocker: 1\r\n", body);
}

static void wrong_passwords_and_names_look_the_same_until_the_brake(void **state)
{
    struct fixture *f = *state;
    char first[ANSWER_CAP];
    char *body;

    assert_int_equal(ask(f, "POST", "/api/login", NULL, "X-Medlocker: 1\r\n", "{\"name\":\"no\",\"password\":\"x\"}"),
                     401);
    body = strstr(f->answer, "\r\n\r\n");
    assert_non_null(body);
    (void)snprintf(first, sizeof(first), "%s", body);
    for (unsigned i = 0; i < USER_FREE_TRIES; i++) {
        assert_int_equal(
            ask(f, "POST", "/api/login", NULL, "X-Medlocker: 1\r\n", "{\"name\":\"pharm\",\"password\":\"x\"}"), 401);
        assert_string_equal(strstr(f->answer, "\r\n\r\n"), first);
    }
    assert_int_equal(ask(f, "POST", "/api/login", NULL, "X-Medlocker: 1\r\n",
                         "{\"name\":\"pharm\",\"password\":\"a right password\"}"),
                     429);
    assert_non_null(strstr(f->answer, "Retry-After: "));
}

static void the_brake_does_not_tell_who_exists(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < USER_FREE_TRIES; i++)
        assert_int_equal(log_in(f, "nobody", "x"), 401);
    assert_int_equal(log_in(f, "nobody", "x"), 429);
    assert_non_null(strstr(f->answer, "Retry-After: 5\r\n"));
    assert_int_equal(log_in(f, "somebody", "x"), 401);
    assert_int_equal(log_in(f, "pharm", "a right password"), 200);
}

/* Sends a log-in and leaves the answer for later. */
static int begin_log_in(struct fixture *f, const char *name, const char *password, const char *remote)
{
    char body[120];
    int fd = connect_to(api_port(f->api));

    (void)snprintf(body, sizeof(body), "{\"name\":\"%s\",\"password\":\"%s\"}", name, password);
    assert_true(dprintf(fd,
                        "POST /api/login HTTP/1.1\r\nHost: hub.example\r\nConnection: close\r\nX-Medlocker: 1\r\n"
                        "X-Forwarded-For: 198.51.100.7, %s\r\nContent-Length: %zu\r\n\r\n%s",
                        remote, strlen(body), body) > 0);
    arrive(fd);
    return fd;
}

static int end_log_in(struct fixture *f, int fd)
{
    char head[16] = "";
    int status = 0;

    while (recv(fd, head, sizeof(head) - 1, MSG_DONTWAIT) < 0)
        assert_true(errno == EAGAIN && sd_event_run(f->bed.hub.loop, 10000) >= 0);
    assert_int_equal(sscanf(head, "HTTP/1.1 %d", &status), 1);
    (void)close(fd);
    return status;
}

static void tries_at_the_same_time_do_not_get_round_the_brake(void **state)
{
    struct fixture *f = *state;
    int wrong, right;

    for (unsigned i = 1; i < USER_FREE_TRIES; i++)
        assert_int_equal(log_in(f, "pharm", "x"), 401);
    wrong = begin_log_in(f, "pharm", "x", "192.0.2.1");
    assert_true(sd_event_run(f->bed.hub.loop, 10000) >= 0);
    right = begin_log_in(f, "pharm", "a right password", "192.0.2.1");
    assert_int_equal(end_log_in(f, wrong), 401);
    assert_int_equal(end_log_in(f, right), 429);
}

static void hold_worker(void *arg)
{
    (void)!sem_wait(arg);
}

static void let_worker_go(void *arg)
{
    (void)arg;
}

/* A client with many names, and many clients with one name, while the worker is busy. */
static void one_client_or_one_name_leaves_room_for_other_log_ins(void **state)
{
    static const struct {
        const char *name, *remote;
        int status;
    } row[] = {
        {"a", "192.0.2.1", 401}, {"b", "192.0.2.1", 401}, {"c", "192.0.2.1", 401},
        {"d", "192.0.2.1", 401}, {"e", "192.0.2.1", 429}, {"f", "192.0.2.2", 401},
        {"f", "192.0.2.3", 401}, {"f", "192.0.2.4", 429}, {"pharm", "192.0.2.4", 200},
    };
    struct fixture *f = *state;
    sem_t go;
    const struct work_job job = {.run = hold_worker, .done = let_worker_go, .arg = &go};
    int fd[sizeof(row) / sizeof(row[0])];

    assert_int_equal(sem_init(&go, 0, 0), 0);
    assert_int_equal(work_submit(f->bed.hub.work, &job), ERR_OK);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        fd[i] = begin_log_in(f, row[i].name, "a right password", row[i].remote);
        while (sd_event_run(f->bed.hub.loop, 20000) > 0)
            continue;
    }
    assert_int_equal(sem_post(&go), 0);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        assert_int_equal(end_log_in(f, fd[i]), row[i].status);
    assert_int_equal(log_in(f, "e", "x"), 401);
    (void)sem_destroy(&go);
}

/* The worker is busy until *go. */
static void hold(struct fixture *f, sem_t *go)
{
    const struct work_job job = {.run = hold_worker, .done = let_worker_go, .arg = go};

    assert_int_equal(sem_init(go, 0, 0), 0);
    assert_int_equal(work_submit(f->bed.hub.work, &job), ERR_OK);
}

/* Begins a request of the pharmacist. */
static int begin_post(struct fixture *f, const char *path, const char *body)
{
    char request[600];
    int fd = connect_to(api_port(f->api));

    (void)snprintf(request, sizeof(request),
                   "POST %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Medlocker: 1\r\nCookie: medlocker=%s\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   path, f->token[STORE_ROLE_PHARMACIST], strlen(body), body);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    arrive(fd);
    while (sd_event_run(f->bed.hub.loop, 20000) > 0)
        continue;
    return fd;
}

static int begin_held(struct fixture *f, sem_t *go, const char *path, const char *body)
{
    hold(f, go);
    return begin_post(f, path, body);
}

static int end_held(struct fixture *f, sem_t *go, int fd)
{
    int status;

    assert_int_equal(sem_post(go), 0);
    status = end_log_in(f, fd);
    (void)sem_destroy(go);
    return status;
}

/* What an administrator does to the pharmacist. */
static void change_pharmacist(struct fixture *f, enum account_step step, const char *password)
{
    char hash[STORE_PASSWORD_CAP];
    const struct account_change x = {.step = step, .hash = hash};
    struct act_who who;

    act_who_named("test", &who);
    assert_int_equal(user_hash_password(password, hash), ERR_OK);
    assert_int_equal(account_change(&f->bed.hub, &who, "pharm", &x, NULL), ERR_OK);
}

/* A new password is in force at once: also for whoever typed the old one just before. */
static void a_password_that_was_replaced_meanwhile_lets_nobody_in(void **state)
{
    struct fixture *f = *state;
    sem_t go;
    int fd = begin_held(f, &go, "/api/login", "{\"name\":\"pharm\",\"password\":\"a right password\"}");

    change_pharmacist(f, ACCOUNT_PASSWORD, "another password");
    assert_int_equal(end_held(f, &go, fd), 401);
    assert_int_equal(log_in(f, "pharm", "another password"), 200);
}

static void a_session_that_was_ended_meanwhile_chooses_no_password(void **state)
{
    static const char body[] = "{\"password\":\"a right password\",\"new_password\":\"another password\"}";
    struct fixture *f = *state;
    sem_t go;
    int fd = begin_held(f, &go, "/api/me/password", body);

    change_pharmacist(f, ACCOUNT_FORGET, "");
    assert_int_equal(end_held(f, &go, fd), 401);
    assert_int_equal(log_in(f, "pharm", "another password"), 401);
    assert_int_equal(log_in(f, "pharm", "a right password"), 200);
}

/* ---------------------------------------------------------------- badges */

#define BADGE_OF(user) "{\"user\":\"" user "\",\"locker\":\"aa01000000000000\",\"pin\":\"2580\",\"days\":30"

static void put_locker(struct fixture *f)
{
    static const uint8_t id[STORE_LOCKER_LEN] = {0xAA, 1}, key[32];

    bed_add_locker(&f->bed, "Dorpsrand", id, key);
}

static bool count_live(void *arg, const struct store_badge *b)
{
    *(unsigned *)arg += b->revoked_ms == 0;
    return true;
}

static void somebody_who_was_sent_away_meanwhile_gets_no_badge(void **state)
{
    struct fixture *f = *state;
    struct store *s = f->bed.hub.store;
    unsigned live = 0;
    sem_t go;
    int fd;

    put_locker(f);
    fd = begin_held(f, &go, "/api/badges", BADGE_OF("pharm") "}");
    change_pharmacist(f, ACCOUNT_DISABLE, "");
    assert_int_equal(end_held(f, &go, fd), 409);
    assert_int_equal(s->ops->badge_list(s, NULL, count_live, &live, NULL), ERR_OK);
    assert_int_equal(live, 0);
}

static void guesses_at_a_colleague_at_the_same_time_do_not_get_round_the_brake(void **state)
{
    struct fixture *f = *state;
    int fd[USER_FREE_TRIES + 1];
    unsigned looked_at = 0;
    sem_t go;

    put_locker(f);
    hold(f, &go);
    for (unsigned i = 0; i <= USER_FREE_TRIES; i++)
        fd[i] = begin_post(f, "/api/badges", BADGE_OF("logi") ",\"password\":\"a guess\"}");
    assert_int_equal(sem_post(&go), 0);
    for (unsigned i = 0; i <= USER_FREE_TRIES; i++)
        looked_at += end_log_in(f, fd[i]) == 422;
    assert_int_equal(looked_at, USER_FREE_TRIES);
    (void)sem_destroy(&go);
}

/* ---------------------------------------------------------------- tables */

static bool count_order(void *arg, const struct order *o)
{
    (void)o;
    (*(unsigned *)arg)++;
    return true;
}

static unsigned orders(struct fixture *f)
{
    const struct store_order_filter all = {.limit = STORE_PAGE_MAX};
    struct store *s = f->bed.hub.store;
    unsigned n = 0;

    assert_int_equal(s->ops->order_list(s, &all, count_order, &n, NULL), ERR_OK);
    return n;
}

static enum err (*right_insert)(struct store *s, struct order *o, const char *kept, struct reason *r);

static enum err insert_but_one(struct store *s, struct order *o, const char *kept, struct reason *r)
{
    return strcmp(o->ask.patient, "Third") == 0 ? err_because(r, ERR_BUSY, "not now") : right_insert(s, o, kept, r);
}

static void a_table_is_taken_whole_or_not_at_all(void **state)
{
    static const char table[] = "patient,reference\nFirst,1\nSecond,\nThird,3\n";
    struct fixture *f = *state;
    struct store *s = f->bed.hub.store;
    struct store_ops ops = *s->ops;
    const struct store_ops *right = s->ops;

    right_insert = ops.order_insert;
    ops.order_insert = insert_but_one;
    s->ops = &ops;
    assert_int_equal(post(f, "/api/orders/csv", STORE_ROLE_PHARMACIST, table), 409);
    s->ops = right;
    assert_int_equal(orders(f), 1);
    assert_int_equal(post(f, "/api/orders/csv", STORE_ROLE_PHARMACIST, table), 200);
    assert_non_null(strstr(f->answer, "\"created\":3"));
    assert_int_equal(orders(f), 4);
    assert_int_equal(post(f, "/api/orders/csv", STORE_ROLE_PHARMACIST, table), 200);
    assert_non_null(strstr(f->answer, "\"created\":1"));
}

static void a_table_in_portions_goes_on_after_a_cut_and_is_not_read_twice(void **state)
{
    static const char table[] = "patient,reference\nFirst,1\nSecond,\nThird,\nFourth,4\n";
    static const char address[] = "/api/orders/csv?portion=2";
    struct fixture *f = *state;
    struct store *s = f->bed.hub.store;
    struct store_ops ops = *s->ops;
    const struct store_ops *right = s->ops;
    const char *at;
    char again[80];

    assert_int_equal(post(f, address, STORE_ROLE_PHARMACIST, "patient,size\nA,S\nB,M\nC,XL\n"), 422);
    assert_non_null(strstr(f->answer, "\"line\":4,\"column\":2"));
    assert_int_equal(post(f, address, STORE_ROLE_PHARMACIST, "patient,pharmacy\nA,\nB,\nC,00000123\n"),
                     422); /* known only here: looked at first too */
    assert_non_null(strstr(f->answer, "order 3 of the table"));
    assert_int_equal(orders(f), 1);
    assert_int_equal(post(f, "/api/orders/csv?portion=0", STORE_ROLE_PHARMACIST, table), 422);
    assert_int_equal(post(f, address, STORE_ROLE_PHARMACIST, table), 200);
    assert_non_null(strstr(f->answer, "\"rows\":4,\"done\":2,\"created\":2"));
    right_insert = ops.order_insert;
    ops.order_insert = insert_but_one;
    s->ops = &ops;
    assert_int_equal(post(f, address, STORE_ROLE_PHARMACIST, table), 409);
    s->ops = right;
    assert_int_equal(orders(f), 3);
    assert_int_equal(post(f, address, STORE_ROLE_PHARMACIST, table), 200);
    assert_non_null(strstr(f->answer, "\"rows\":4,\"done\":4,\"created\":4"));
    assert_non_null(strstr(f->answer, "\"before\":false"));
    assert_int_equal(orders(f), 5);
    assert_int_equal(post(f, address, STORE_ROLE_PHARMACIST, table), 200);
    assert_non_null(strstr(f->answer, "\"before\":true"));
    assert_int_equal(orders(f), 5);
    at = strstr(f->answer, "\"at_ms\":");
    assert_non_null(at);
    (void)snprintf(again, sizeof(again), "/api/orders/csv?portion=9&again=%lld", strtoll(at + 8, NULL, 10));
    assert_int_equal(post(f, again, STORE_ROLE_PHARMACIST, table), 200);
    assert_non_null(strstr(f->answer, "\"done\":4,\"created\":2"));
    assert_int_equal(orders(f), 7);
    assert_int_equal(post(f, again, STORE_ROLE_PHARMACIST, table), 200); /* the answer was lost, say */
    assert_non_null(strstr(f->answer, "\"before\":true"));
    assert_int_equal(orders(f), 7);
}

static void a_table_is_forgotten_after_a_quarter(void **state)
{
    struct fixture *f = *state;
    struct store *s = f->bed.hub.store;
    struct store_import old = {.hash = {1}, .at_ms = clock_wall_ms() - IMPORT_KEEP_MS - 1, .by = "pharm"};
    struct store_import young = {.hash = {2}, .at_ms = old.at_ms + 60000, .by = "pharm"}, x;
    struct reason r;

    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->import_put(s, &old, NULL), ERR_OK);
    assert_int_equal(s->ops->import_put(s, &young, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
    assert_int_equal(import_tidy(&f->bed.hub, &r), ERR_OK);
    assert_int_equal(s->ops->import_get(s, old.hash, &x, &r), ERR_NOT_FOUND);
    assert_int_equal(s->ops->import_get(s, young.hash, &x, &r), ERR_OK);
}

/* ---------------------------------------------------------------- logistics */

static const uint8_t WALL[STORE_LOCKER_LEN] = {0xAB, 1, 2, 3, 4, 5, 6, 7};
#define WALL_HEX "ab01020304050607"

static void raise_fault(struct fixture *f, enum store_fault_kind kind, const char *subject)
{
    struct store *s = f->bed.hub.store;
    struct store_fault x = {.kind = kind, .opened_ms = clock_wall_ms()};
    bool fresh = false;

    memcpy(x.locker, WALL, sizeof(WALL));
    (void)snprintf(x.subject, sizeof(x.subject), "%s", subject);
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->fault_raise(s, &x, &fresh, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
    assert_true(fresh);
}

static void put_wall(struct fixture *f, const char *door)
{
    static const uint8_t key[32] = {9};
    struct store *s = f->bed.hub.store;
    struct store_compartment c = {.number = 1, .row = 1, .column = 1, .state = "FREE", .contact = "closed"};

    bed_add_locker(&f->bed, "Wall", WALL, key);
    memcpy(c.locker, WALL, sizeof(WALL));
    (void)snprintf(c.door, sizeof(c.door), "%s", door);
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->compartment_put(s, &c, NULL), ERR_OK);
    assert_int_equal(s->ops->locker_mark(s, WALL, &(struct stream_cursor){.epoch = 1}, clock_wall_ms(), NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
}

static void a_ticket_that_evidence_closes_is_not_closed_by_people(void **state)
{
    static const char body[] = "{\"comment\":\"I think so\"}";
    struct fixture *f = *state;

    put_wall(f, "A1");
    raise_fault(f, STORE_FAULT_JAM, "A1");     /* 1: the door is there */
    raise_fault(f, STORE_FAULT_JAM, "Z9");     /* 2: the door is not there any more */
    raise_fault(f, STORE_FAULT_WIRING, "r1");  /* 3: no evidence can come */
    raise_fault(f, STORE_FAULT_BOARD, "gone"); /* 4: a board that the locker does not name */
    assert_int_equal(post(f, "/api/faults/1/close", STORE_ROLE_LOGISTICS, body), 409);
    assert_non_null(strstr(f->answer, "closes it itself"));
    assert_int_equal(post(f, "/api/faults/2/close", STORE_ROLE_LOGISTICS, body), 200);
    assert_int_equal(post(f, "/api/faults/3/close", STORE_ROLE_LOGISTICS, body), 200);
    assert_int_equal(post(f, "/api/faults/4/close", STORE_ROLE_LOGISTICS, body), 200);
    assert_int_equal(post(f, "/api/faults/4/close", STORE_ROLE_LOGISTICS, body), 409); /* closed already */
    assert_int_equal(post(f, "/api/faults/9/close", STORE_ROLE_LOGISTICS, body), 404);
}

static void a_ticket_tells_its_history(void **state)
{
    struct fixture *f = *state;

    put_wall(f, "A1");
    raise_fault(f, STORE_FAULT_JAM, "A1");
    assert_int_equal(post(f, "/api/faults/1/acknowledge", STORE_ROLE_LOGISTICS, ""), 200);
    assert_int_equal(post(f, "/api/faults/1/comment", STORE_ROLE_PHARMACIST, "{\"comment\":\"bent latch\"}"), 200);
    assert_int_equal(post(f, "/api/faults/1/comment", STORE_ROLE_PHARMACIST, "{\"comment\":\"\"}"), 422);
    assert_int_equal(get(f, "/api/faults/1", STORE_ROLE_ADMIN), 200);
    assert_non_null(strstr(f->answer, "\"taken_by\":\"logi\""));
    assert_non_null(strstr(f->answer, "\"what\":\"opened\""));
    assert_non_null(strstr(f->answer, "\"what\":\"taken\",\"actor\":\"logi\""));
    assert_non_null(strstr(f->answer, "\"what\":\"comment\",\"actor\":\"pharm\",\"text\":\"bent latch\""));
    assert_non_null(strstr(f->answer, "\"may_close\":false"));
    assert_int_equal(get(f, "/api/faults/2", STORE_ROLE_ADMIN), 404);
}

static void the_round_names_what_waits_and_nobody(void **state)
{
    struct fixture *f = *state;

    put_wall(f, "A1");
    assert_int_equal(get(f, "/api/round", STORE_ROLE_LOGISTICS), 200);
    assert_non_null(strstr(f->answer, "\"stops\":[]"));
    assert_non_null(strstr(f->answer, "\"quiet\":[{\"locker\":\"" WALL_HEX "\",\"name\":\"Wall\""));
    raise_fault(f, STORE_FAULT_GUESSING, ""); /* nobody drives for it */
    raise_fault(f, STORE_FAULT_BOARD, "r1");
    assert_int_equal(get(f, "/api/round", STORE_ROLE_LOGISTICS), 200);
    assert_non_null(strstr(f->answer, "\"repair\":1,\"urgent\":1"));
    assert_null(strstr(f->answer, CANARY));
}

static void a_promised_door_is_free_on_no_page(void **state)
{
    struct fixture *f = *state;
    struct store *s = f->bed.hub.store;
    const uint8_t id[ORDER_ID_LEN] = {7};
    struct request ask_for;
    struct order o;

    put_wall(f, "A1");
    assert_int_equal(get(f, "/api/round", STORE_ROLE_LOGISTICS), 200);
    assert_non_null(strstr(f->answer, "\"free\":1"));
    request_init(&ask_for, REQUEST_JSON);
    order_init(&o, id, &ask_for, 1);
    o.state = ORDER_PACKED;
    o.load = 1;
    memcpy(o.locker, WALL, sizeof(WALL));
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->order_insert(s, &o, NULL, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
    assert_int_equal(get(f, "/api/round", STORE_ROLE_LOGISTICS), 200);
    assert_non_null(strstr(f->answer, "\"free\":0,\"short\":0"));
    hub_touch(&f->bed.hub);
    assert_int_equal(get(f, "/api/board", STORE_ROLE_LOGISTICS), 200);
    assert_non_null(strstr(f->answer, "\"size\":\"S\",\"free\":0,\"empty\":1,\"empty_low\":0,\"promised\":1"));
}

static void small_counts_are_not_told_in_a_shared_view(void **state)
{
    struct fixture *f = *state;
    struct store *s = f->bed.hub.store;

    put_wall(f, "A1");
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    for (int i = 0; i < 9; i++)
        assert_int_equal(
            s->ops->use_add(s, WALL, i < 4 ? STORE_USE_COLLECTED : STORE_USE_OPENED, clock_wall_ms(), NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
    assert_int_equal(get(f, "/api/use?days=1", STORE_ROLE_LOGISTICS), 200);
    assert_non_null(strstr(f->answer, "\"opened\":5,\"loaded\":0,\"collected\":4,"));
    assert_non_null(strstr(f->answer, "\"saved_min\":20"));
    assert_int_equal(get(f, "/api/use?days=1&shared=1&locker=" WALL_HEX, STORE_ROLE_LOGISTICS), 200);
    assert_non_null(strstr(f->answer, "\"opened\":5,\"loaded\":0,\"collected\":null,"));
    assert_non_null(strstr(f->answer, "\"saved_min\":null"));
    assert_int_equal(get(f, "/api/use?days=1&locker=0000000000000001&counter=9", STORE_ROLE_ADMIN), 200);
    assert_non_null(strstr(f->answer, "\"collected\":0,"));
    assert_int_equal(get(f, "/api/use?days=367", STORE_ROLE_ADMIN), 422);
    assert_int_equal(get(f, "/api/use?locker=x", STORE_ROLE_ADMIN), 400);
}

static void put_samples(struct fixture *f)
{
    struct store *s = f->bed.hub.store;
    struct store_sensor band = {.sensor = "fridge", .zone = TOKEN_ZONE_COLD, .min_milli_c = 2000, .max_milli_c = 8000};
    int64_t now_ms = clock_wall_ms();

    memcpy(band.locker, WALL, sizeof(WALL));
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->sensor_put(s, &band, NULL), ERR_OK);
    for (int i = 0; i < 26 * 60; i++) {
        bool hot = i >= 1000 && i < 1030;
        struct store_sample t = {.sensor = "fridge",
                                 .at_ms = now_ms - (26 * 60 - i) * INT64_C(60000),
                                 .has_milli_c = true,
                                 .milli_c = hot ? 9500 : 5000};

        memcpy(t.locker, WALL, sizeof(WALL));
        (void)snprintf(t.state, sizeof(t.state), "%s", hot ? "excursion" : "ok");
        assert_int_equal(s->ops->sample_append(s, &t, NULL), ERR_OK);
    }
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
}

static void an_excursion_is_told_with_what_people_said(void **state)
{
    struct fixture *f = *state;
    long long start_ms = 0;
    const char *at;
    char body[120];

    put_wall(f, "A1");
    put_samples(f);
    assert_int_equal(get(f, "/api/lockers/" WALL_HEX "/climate?hours=24", STORE_ROLE_LOGISTICS), 200);
    assert_non_null(strstr(f->answer, "\"zone\":\"cold\",\"min_milli_c\":2000,\"max_milli_c\":8000"));
    assert_non_null(strstr(f->answer, "\"verdict\":\"look\",\"window_ms\":86400000"));
    at = strstr(f->answer, "\"state\":\"excursion\",\"start_ms\":");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"state\":\"excursion\",\"start_ms\":%lld", &start_ms), 1);
    assert_non_null(strstr(f->answer, "\"min_milli_c\":9500,\"max_milli_c\":9500,\"notes\":[]"));
    (void)snprintf(body, sizeof(body), "{\"sensor\":\"fridge\",\"start_ms\":%lld,\"comment\":\"door was open\"}",
                   start_ms);
    assert_int_equal(post(f, "/api/lockers/" WALL_HEX "/climate/seen", STORE_ROLE_LOGISTICS, body), 200);
    assert_int_equal(get(f, "/api/lockers/" WALL_HEX "/climate?hours=24", STORE_ROLE_PHARMACIST), 200);
    assert_non_null(strstr(f->answer, "\"actor\":\"logi\",\"role\":\"logistics\",\"text\":\"door was open\""));
    assert_int_equal(get(f, "/api/lockers/" WALL_HEX "/climate?hours=1", STORE_ROLE_PHARMACIST), 200);
    assert_null(strstr(f->answer, "\"state\":\"excursion\""));
    assert_int_equal(post(f, "/api/lockers/" WALL_HEX "/climate/seen", STORE_ROLE_LOGISTICS,
                          "{\"sensor\":\"fridge\",\"start_ms\":5,\"comment\":\"x\"}"),
                     404);
}

/* ---------------------------------------------------------------- shapes of requests and answers */

static void wrong_requests_are_refused_with_a_reason(void **state)
{
    struct fixture *f = *state;
    char pack[120];
    const struct {
        const char *path, *body;
        int status;
        const char *says;
    } cases[] = {
        {"/api/orders", "{", 400, "line 1"},
        {"/api/orders", "{\"patient\":\"A\",\"colour\":\"red\"}", 422, "colour"},
        {"/api/orders", "{\"patient\":\"A\",\"patient\":\"B\"}", 400, "twice"},
        {"/api/orders", "{\"patient\":\"A\",\"birth_date\":\"1985-02-30\"}", 400, "birth_date"},
        {"/api/orders", "{\"patient\":\"A\",\"birth_date\":\"2190-01-01\"}", 422, "birth_date: is after today"},
        {"/api/orders", "{\"patient\":\"A\",\"birth_date\":\"1899-12-31\"}", 422, "birth_date: must be 1900-01-01"},
        {"/api/orders/csv", "patient,birth_date\nA,\nB,2190-01-01\n", 422, "line 3, column 2: birth_date: is after"},
        {"/api/orders", "{\"patient\":\"A\",\"not_after\":\"2190-01-01T00:00:00Z\"}", 422, "30 days"},
        {"/api/orders/csv", "patient,not_after\nA,\nB,2190-01-01T00:00:00Z\n", 422, "line 3, column 2: not_after"},
        {"/api/orders/csv", "patient,colour\nA,red\n", 422, "line 1, column 2"},
        {"/api/orders/00/step", "{\"event\":\"cancel\"}", 404, "id"},
        {"/api/faults/1/close", "{}", 422, "comment"},
        {"/api/badges", "{\"user\":\"x\",\"locker\":\"0011223344556677\",\"pin\":\"1\",\"days\":1}", 422, "pin"},
        {pack, "{\"size\":\"XL\"}", 413, "size"},
        {pack, "{\"locker\":\"0011223344556677\"}", 404, "locker"},
        {"/fhir/Bundle", "{\"resourceType\":\"Patient\"}", 400, "OperationOutcome"},
    };

    (void)snprintf(pack, sizeof(pack), "/api/orders/%s/pack", f->order);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = post(f, cases[i].path, STORE_ROLE_PHARMACIST, cases[i].body);

        if (status != cases[i].status || strstr(f->answer, cases[i].says) == NULL)
            fail_msg("%s %s: %s", cases[i].path, cases[i].body, f->answer);
    }
}

static void board_is_sent_once_for_each_change(void **state)
{
    struct fixture *f = *state;
    char tag[64] = "", header[96];
    const char *at;

    assert_int_equal(get(f, "/api/board", STORE_ROLE_LOGISTICS), 200);
    at = strstr(f->answer, "ETag: ");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "ETag: %60[^\r]", tag), 1);
    (void)snprintf(header, sizeof(header), "If-None-Match: %s\r\n", tag);
    assert_int_equal(ask(f, "GET", "/api/board", f->token[STORE_ROLE_LOGISTICS], header, ""), 304);
    assert_int_equal(ask(f, "GET", "/api/board", f->token[STORE_ROLE_PHARMACIST], header, ""), 200);
    hub_touch(&f->bed.hub);
    assert_int_equal(ask(f, "GET", "/api/board", f->token[STORE_ROLE_LOGISTICS], header, ""), 200);
}

static void same_reference_is_the_same_order(void **state)
{
    static const char body[] = "{\"patient\":\"A\",\"reference\":\"r-1\"}";
    struct fixture *f = *state;
    char first[ANSWER_CAP];

    assert_int_equal(post(f, "/api/orders", STORE_ROLE_PHARMACIST, body), 201);
    (void)snprintf(first, sizeof(first), "%s", strstr(f->answer, "\r\n\r\n"));
    assert_int_equal(post(f, "/api/orders", STORE_ROLE_PHARMACIST, body), 200);
    assert_string_equal(strstr(f->answer, "\r\n\r\n"), first);
}

static void pages_come_from_the_list_only(void **state)
{
    static const char *const absent[] = {"/hub.sqlite", "/vendor/app.mjs", "/nl.txt", "/keys"};
    struct fixture *f = *state;

    assert_int_equal(ask(f, "GET", "/", NULL, "", ""), 200);
    assert_non_null(strstr(f->answer, "Content-Security-Policy: default-src 'self'"));
    assert_int_equal(ask(f, "GET", "/app.mjs", NULL, "", ""), 200);
    assert_int_equal(ask(f, "GET", "/vendor/htm.mjs", NULL, "", ""), 200);
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        assert_int_equal(ask(f, "GET", absent[i], NULL, "", ""), 404);
}

static void error_names_have_a_status(void **state)
{
    (void)state;
    for (unsigned e = 0; e < ERR_N; e++)
        assert_true(e == ERR_OK ? api_status((enum err)e) == 200 : api_status((enum err)e) >= 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_address_is_in_the_matrix),
        cmocka_unit_test_setup_teardown(every_role_may_what_the_matrix_says_and_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_gets_anything_without_logging_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_post_needs_the_mark_and_the_own_origin, set_up, tear_down),
        cmocka_unit_test_setup_teardown(patients_are_shown_to_pharmacists_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(words_of_an_act_are_for_pharmacists_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_audit_is_searched_and_cut_into_pages_here, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_page_of_orders_says_how_many_there_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(logistics_takes_only_its_own_steps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_contact_is_kept_for_pharmacists_and_leaves_no_note_in_the_trail, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_list_to_decide_empties_by_evidence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_tour_and_its_acts_answer_for_one_locker, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sheet_needs_numbers_of_bags_that_are_packed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(right_password_gives_a_strict_cookie, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_passwords_and_names_look_the_same_until_the_brake, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_brake_does_not_tell_who_exists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tries_at_the_same_time_do_not_get_round_the_brake, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_client_or_one_name_leaves_room_for_other_log_ins, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_password_that_was_replaced_meanwhile_lets_nobody_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_session_that_was_ended_meanwhile_chooses_no_password, set_up, tear_down),
        cmocka_unit_test_setup_teardown(somebody_who_was_sent_away_meanwhile_gets_no_badge, set_up, tear_down),
        cmocka_unit_test_setup_teardown(guesses_at_a_colleague_at_the_same_time_do_not_get_round_the_brake, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_table_is_taken_whole_or_not_at_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_table_in_portions_goes_on_after_a_cut_and_is_not_read_twice, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(wrong_requests_are_refused_with_a_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(board_is_sent_once_for_each_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(same_reference_is_the_same_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pages_come_from_the_list_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_table_is_forgotten_after_a_quarter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_ticket_that_evidence_closes_is_not_closed_by_people, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_ticket_tells_its_history, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_round_names_what_waits_and_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_promised_door_is_free_on_no_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(small_counts_are_not_told_in_a_shared_view, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_excursion_is_told_with_what_people_said, set_up, tear_down),
        cmocka_unit_test(error_names_have_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
