/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/admin.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/account.h"
#include "backend/admin_part.h"
#include "backend/audit.h"
#include "backend/csv.h"
#include "backend/fhir.h"
#include "backend/label.h"
#include "backend/orderjson.h"
#include "backend/pack.h"
#include "backend/text.h"
#include "backend/user.h"
#include "backend/view.h"
#include "common/file.h"
#include "common/json.h"
#include "common/num.h"
#include "common/version.h"

#define HASH_LEN STORE_HASH_LEN

/* ---------------------------------------------------------------- people */

static enum err read_hash(struct admin_call *c, char out[STORE_PASSWORD_CAP])
{
    static const char mark[] = "$argon2id$";
    const char *hash;
    enum err e = json_get_text(c->q, "password_hash", sizeof(mark), STORE_PASSWORD_CAP - 1, &hash, c->r);

    if (e == ERR_OK && strncmp(hash, mark, sizeof(mark) - 1) != 0)
        e = err_because(c->r, ERR_SYNTAX, "password_hash: not an Argon2id string");
    if (e == ERR_OK)
        (void)snprintf(out, STORE_PASSWORD_CAP, "%s", hash); /* length was checked */
    return e;
}

static enum err read_user(struct admin_call *c, struct store_user *u)
{
    const char *name, *full_name, *role;
    enum err e = json_get_text(c->q, "name", 1, STORE_NAME_CAP - 1, &name, c->r);

    if (e == ERR_OK)
        e = json_get_text(c->q, "full_name", 1, STORE_NAME_CAP - 1, &full_name, c->r);
    if (e == ERR_OK)
        e = json_get_text(c->q, "role", 1, STORE_TOKEN_CAP - 1, &role, c->r);
    if (e == ERR_OK)
        e = account_read(u, name, full_name, role, c->r);
    return e == ERR_OK ? read_hash(c, u->password) : e;
}

enum err admin_user_add(struct admin_call *c)
{
    struct store_user u = {.created_ms = clock_wall_ms()};
    enum err e = read_user(c, &u);

    if (e == ERR_OK)
        e = account_add(c->hub, &c->who, &u, c->r);
    if (e == ERR_OK) {
        json_put_text(c->a, "name", u.name);
        json_put_text(c->a, "role", store_role_name(u.role));
        json_put_hex(c->a, "staff", u.staff, sizeof(u.staff));
    }
    sodium_memzero(&u, sizeof(u));
    return e;
}

enum err admin_user_list(struct admin_call *c)
{
    return hub_judge(c->hub, view_users(c->hub, c->a, c->r), c->r);
}

/* Whoever is root here may also take away the last administrator. */
static enum err change_user(struct admin_call *c, const struct account_change *x)
{
    const char *name;
    enum err e = json_get_text(c->q, "name", 1, STORE_NAME_CAP - 1, &name, c->r);

    if (e == ERR_OK)
        e = account_change(c->hub, &c->who, name, x, c->r);
    if (e == ERR_OK)
        json_put_text(c->a, "name", name);
    return e;
}

enum err admin_user_disable(struct admin_call *c)
{
    const struct account_change x = {.step = ACCOUNT_DISABLE};

    return change_user(c, &x);
}

enum err admin_user_password(struct admin_call *c)
{
    char hash[STORE_PASSWORD_CAP];
    const struct account_change x = {.step = ACCOUNT_PASSWORD, .hash = hash};
    enum err e = read_hash(c, hash);

    return e == ERR_OK ? change_user(c, &x) : e;
}

/* The telephone with the codes is lost, and nobody else may administer. */
enum err admin_user_forget(struct admin_call *c)
{
    const struct account_change x = {.step = ACCOUNT_FORGET};

    return change_user(c, &x);
}

/* ---------------------------------------------------------------- orders */

static void add_registered(void *rows, const struct order *o, bool existed)
{
    cJSON *row = json_put_object(rows, NULL);

    json_put_hex(row, "id", o->id, sizeof(o->id));
    json_put_int(row, "number", o->number);
    json_put_bool(row, "existed", existed);
}

static enum err register_one(struct admin_call *c, cJSON *rows, const struct request *q, const char *kept)
{
    struct order o;
    bool existed;
    enum err e = act_register(c->hub, &c->who, q, kept, &o, &existed, c->r);

    if (e == ERR_OK)
        add_registered(rows, &o, existed);
    return e;
}

static enum err import_fhir(struct admin_call *c, cJSON *rows, const char *text)
{
    struct fhir_cfg cfg = {.accept_any_ura = c->hub->cfg.accept_any_ura};
    struct fhir_issue issue = {.code = "exception", .expression = "Bundle"};
    struct request q;
    char *kept = NULL;
    enum err e;

    memcpy(cfg.ura, c->hub->cfg.pharmacy_ura, sizeof(cfg.ura));
    e = fhir_read(text, strlen(text), &cfg, &q, &kept, &issue, c->r);
    if (e != ERR_OK)
        return err_prefix(c->r, e, "%s", issue.expression);
    e = register_one(c, rows, &q, kept);
    sodium_memzero(&q, sizeof(q));
    free(kept);
    return e;
}

static enum err import_csv(struct admin_call *c, cJSON *rows, const char *text)
{
    struct csv_place where = {.line = 0};
    struct request *list = NULL;
    size_t n = 0;
    const struct request_now now = act_now();
    enum err e = csv_read(text, strlen(text), &now, &list, &n, &where, c->r);

    if (e == ERR_OK)
        e = act_register_all(c->hub, &c->who, list, n, add_registered, rows, c->r);
    csv_free(list, n);
    return e;
}

static enum err import_json(struct admin_call *c, cJSON *rows, const char *text)
{
    struct request q;
    enum err e = orderjson_read(text, strlen(text), &q, c->r);

    if (e == ERR_OK)
        e = register_one(c, rows, &q, NULL);
    sodium_memzero(&q, sizeof(q));
    return e;
}

static enum err import(struct admin_call *c)
{
    static const struct {
        const char *format;
        enum err (*read)(struct admin_call *c, cJSON *rows, const char *text);
    } formats[] = {{"fhir", import_fhir}, {"csv", import_csv}, {"json", import_json}};
    const char *format, *text;
    enum err e = json_get_text(c->q, "format", 1, 8, &format, c->r);

    if (e == ERR_OK)
        e = json_get_text(c->q, "text", 1, CSV_MAX_LEN, &text, c->r);
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]) && e == ERR_OK; i++) {
        if (strcmp(formats[i].format, format) == 0)
            return formats[i].read(c, json_put_array(c->a, "orders"), text);
    }
    return e != ERR_OK ? e : err_because(c->r, ERR_UNKNOWN, "format: must be fhir, csv or json");
}

static enum err orders(struct admin_call *c)
{
    struct store_order_filter f = {.limit = STORE_PAGE_MAX};

    /* without patients: the command line prints into scroll-back buffers */
    return hub_judge(c->hub, view_orders(c->hub, STORE_ROLE_ADMIN, &f, c->a, c->r), c->r);
}

/* ---------------------------------------------------------------- badge */

static enum err badge_page(struct admin_call *c, const struct pack_badge *b, const struct store_locker *l)
{
    struct label_badge x = {.full_name = b->full_name, .locker_name = l->name, .badge = &b->badge, .token = b->text};
    char path[FILE_PATH_CAP];
    char name[16];
    struct text *t;
    char *html;
    enum err e;

    (void)snprintf(name, sizeof(name), "%s.json", c->hub->cfg.language); /* two letters */
    e = file_path(path, c->hub->cfg.share, name, c->r);
    if (e == ERR_OK)
        e = text_load(&t, path, c->r);
    if (e != ERR_OK)
        return e;
    e = label_badge(t, &x, &html, c->r);
    if (e == ERR_OK) {
        json_put_text(c->a, "page", html);
        print_free(html);
    }
    text_free(t);
    return e;
}

static enum err make_badge(struct admin_call *c, struct pack_badge *b, const char *pin)
{
    enum err e = pack_badge_begin(c->hub, b, pin, c->r);

    if (e != ERR_OK)
        return e;
    mint_stretch(&b->job);
    return pack_badge_finish(c->hub, b, c->r);
}

static enum err badge(struct admin_call *c)
{
    struct pack_badge b = {.who = c->who};
    struct store_locker l;
    const char *user, *pin;
    enum err e = json_get_text(c->q, "user", 1, STORE_NAME_CAP - 1, &user, c->r);

    if (e == ERR_OK)
        e = json_get_text(c->q, "pin", CODE_PIN_MIN, CODE_PIN_MAX, &pin, c->r);
    if (e == ERR_OK)
        e = json_get_int(c->q, "days", 1, PACK_BADGE_DAYS_MAX, &b.days, c->r);
    if (e == ERR_OK)
        e = admin_find_locker(c, "locker", &l);
    if (e != ERR_OK)
        return e;
    (void)snprintf(b.user, sizeof(b.user), "%s", user); /* length was checked */
    memcpy(b.locker, l.id, sizeof(b.locker));
    e = make_badge(c, &b, pin);
    if (e == ERR_OK) {
        json_put_hex(c->a, "badge", b.badge.badge, sizeof(b.badge.badge));
        json_put_text(c->a, "token", b.text);
        json_put_int(c->a, "not_after_s", b.badge.not_after_s);
        e = badge_page(c, &b, &l);
    }
    mint_wipe(&b.job);
    sodium_memzero(&b, sizeof(b));
    sodium_memzero(&l, sizeof(l));
    return e;
}

/* ---------------------------------------------------------------- the rest */

static enum err verify(struct admin_call *c)
{
    uint8_t head[HASH_LEN];
    int64_t rows;
    enum err e = audit_verify(c->hub->store, &rows, head, c->r);

    if (e != ERR_OK)
        return e;
    json_put_int(c->a, "rows", rows);
    json_put_hex(c->a, "head", head, sizeof(head));
    return ERR_OK;
}

static enum err backup(struct admin_call *c)
{
    const char *path;
    enum err e = json_get_text(c->q, "path", 2, FILE_PATH_CAP - 1, &path, c->r);

    if (e == ERR_OK && path[0] != '/')
        e = err_because(c->r, ERR_SYNTAX, "path: must begin with /");
    if (e == ERR_OK)
        e = c->hub->store->ops->backup(c->hub->store, path, c->r);
    if (e == ERR_OK)
        e = act_note(c->hub, &c->who, "hub.backup", NULL, path, NULL, c->r);
    if (e == ERR_OK)
        json_put_text(c->a, "path", path);
    return e;
}

static enum err status(struct admin_call *c)
{
    json_put_text(c->a, "version", MEDLOCKER_VERSION);
    json_put_int(c->a, "boot", c->hub->boot);
    json_put_bool(c->a, "running", c->hub->loop != NULL);
    json_put_text(c->a, "pharmacy", c->hub->cfg.pharmacy_name);
    return hub_judge(c->hub, view_lockers(c->hub, c->a, c->r), c->r);
}

/* ---------------------------------------------------------------- dispatch */

static const struct {
    const char *name;
    enum err (*run)(struct admin_call *c);
    const char *members[8]; /* besides "do" */
} commands[] = {
    {"status", status, {NULL}},
    {"locker.invite", admin_invite, {"name", NULL}},
    {"locker.enrol", admin_enrol, {"name", "request", "mem_kib", "passes", "fingerprint", NULL}},
    {"locker.revoke", admin_revoke, {"name", NULL}},
    {"locker.lost", admin_lost, {"name", "user", "witness", NULL}},
    {"locker.address", admin_address, {"name", "address", NULL}},
    {"locker.hours", admin_hours, {"name", "hours", NULL}},
    {"locker.list", admin_lockers, {NULL}},
    {"user.add", admin_user_add, {"name", "full_name", "role", "password_hash", NULL}},
    {"user.list", admin_user_list, {NULL}},
    {"user.disable", admin_user_disable, {"name", NULL}},
    {"user.password", admin_user_password, {"name", "password_hash", NULL}},
    {"user.forget_factor", admin_user_forget, {"name", NULL}},
    {"import", import, {"format", "text", NULL}},
    {"orders", orders, {NULL}},
    {"badge", badge, {"user", "locker", "pin", "days", NULL}},
    {"verify", verify, {NULL}},
    {"backup", backup, {"path", NULL}},
};

static enum err check_members(const cJSON *q, const char *const members[8], struct reason *r)
{
    const char *allowed[10] = {"do"};
    size_t n = 1;

    for (size_t i = 0; i < 8 && members[i] != NULL; i++)
        allowed[n++] = members[i];
    return json_only(q, allowed, r);
}

static enum err dispatch(struct admin_call *c)
{
    const char *name;
    enum err e;

    if (!cJSON_IsObject(c->q))
        return err_because(c->r, ERR_SYNTAX, "not a JSON object");
    if (c->hub->broken)
        return err_because(c->r, ERR_IO, "the database failed");
    e = json_get_text(c->q, "do", 1, 32, &name, c->r);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && e == ERR_OK; i++) {
        if (strcmp(commands[i].name, name) != 0)
            continue;
        e = check_members(c->q, commands[i].members, c->r);
        return e == ERR_OK ? commands[i].run(c) : e;
    }
    return e != ERR_OK ? e : err_because(c->r, ERR_UNKNOWN, "unknown command");
}

enum err admin_run_as(struct hub *hub, const struct act_who *who, const cJSON *request, cJSON **answer,
                      struct reason *r)
{
    struct admin_call c = {.hub = hub, .q = request, .a = json_new_object(), .who = *who, .r = r};
    enum err e = dispatch(&c);

    if (e == ERR_OK)
        *answer = c.a;
    else
        cJSON_Delete(c.a);
    return e;
}

cJSON *admin_run(struct hub *hub, const cJSON *request)
{
    struct reason r = {.text = ""};
    struct act_who who;
    cJSON *answer = NULL;
    enum err e;

    act_who_named("hubctl", &who);
    e = admin_run_as(hub, &who, request, &answer, &r);
    if (e == ERR_OK)
        return answer;
    answer = json_new_object();
    json_put_text(answer, "error", r.text[0] != '\0' ? r.text : err_name(e));
    json_put_text(answer, "code", err_name(e));
    return answer;
}

char *admin_run_text(struct hub *hub, const char *text, size_t len)
{
    const struct json_limits limits = {.max_len = ADMIN_REQUEST_MAX, .max_depth = 4, .flags = JSON_STRICT};
    cJSON *request = NULL;
    cJSON *answer;
    struct reason r;
    char *out;
    enum err e = json_parse(&request, text, len, &limits, &r);

    if (e == ERR_OK) {
        answer = admin_run(hub, request);
    } else {
        answer = json_new_object();
        json_put_text(answer, "error", r.text);
        json_put_text(answer, "code", err_name(e));
    }
    out = json_print(answer);
    cJSON_Delete(answer);
    cJSON_Delete(request);
    return out;
}
