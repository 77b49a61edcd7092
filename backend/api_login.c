/* SPDX-License-Identifier: Apache-2.0 */
/* api: who somebody is: log in and out, prove it again before a dangerous act, choose an own password. All of them
 * check a password on the worker and decide in one transaction. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/factor.h"
#include "backend/policy.h"
#include "backend/view.h"
#include "common/json.h"
#include "common/log.h"

/* Log-ins that wait at the same time: of all, with one name, from one address. */
#define LOGINS_MAX 8
#define LOGINS_NAME_MAX 2
#define LOGINS_REMOTE_MAX 4
#define COOKIE_CAP 160
#define REMOTE_CAP 46 /* an IPv6 address */
#define CODE_MAX 24   /* of a second factor, as typed */
#define HOUR_MS (INT64_C(3600) * 1000)

enum login_kind {
    LOGIN_ENTER,    /* a new session */
    LOGIN_AGAIN,    /* the user of a session is still there */
    LOGIN_PASSWORD, /* the user of a session chooses a new password */
};

struct login {
    struct api *api;
    struct login *next; /* of those that wait */
    enum login_kind kind;
    uint64_t ticket;
    char remote[REMOTE_CAP]; /* "" when the proxy does not tell */
    char name[STORE_NAME_CAP], password[USER_PASSWORD_MAX + 1];
    char code[CODE_MAX + 1];            /* of the second factor; "" none given */
    char chosen[USER_PASSWORD_MAX + 1]; /* LOGIN_PASSWORD */
    char chosen_hash[STORE_PASSWORD_CAP];
    enum err hashed;
    uint8_t session[STORE_HASH_LEN]; /* LOGIN_AGAIN */
    char hash[STORE_PASSWORD_CAP];   /* "" when there is no such user */
    bool right;
    bool granted;
    int64_t wait_ms; /* the brake came on while the password was looked at */
};

static void login_free(struct login *l)
{
    sodium_memzero(l, sizeof(*l));
    free(l);
}

static void login_forget(struct login *l)
{
    struct login **at = &l->api->logins;

    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
}

static void login_run(void *arg)
{
    struct login *l = arg;

    l->right = l->password[0] != '\0' && user_password_is(l->hash, l->password);
    if (l->right && l->chosen[0] != '\0')
        l->hashed = user_hash_password(l->chosen, l->chosen_hash);
}

static int64_t day_ms(struct hub *hub)
{
    return policy_int(hub, "session.day") * HOUR_MS;
}

static void set_cookie(const struct api *a, const char *token, int64_t age_s, char *out)
{
    (void)snprintf(out, COOKIE_CAP, "Set-Cookie: " API_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
                   token, (long long)age_s, a->hub->cfg.secure_cookie ? "; Secure" : "");
}

enum err api_must(struct hub *hub, const struct store_user *u, const char **must, struct reason *r)
{
    struct factor_state f = {.confirmed = false};
    char name[STORE_NAME_CAP];
    enum err e;

    *must = u->must_change ? "password" : NULL;
    (void)snprintf(name, sizeof(name), "totp.required.%s", store_role_name(u->role)); /* roles are short */
    if (u->must_change || !policy_flag(hub, name))
        return ERR_OK;
    e = hub_judge(hub, factor_get_state(hub, u->name, &f, r), r);
    if (e == ERR_OK && !f.confirmed)
        *must = "factor";
    return e;
}

static enum err put_user(struct hub *hub, const struct store_user *u, cJSON *into, struct reason *r)
{
    const char *must = NULL;
    enum err e = api_must(hub, u, &must, r);

    json_put_text(into, "name", u->name);
    json_put_text(into, "full_name", u->full_name);
    json_put_text(into, "role", store_role_name(u->role));
    json_put_text(into, "must", must);
    return e;
}

/* ---------------------------------------------------------------- deciding, inside a transaction */

static enum err count_wrong(struct login *l, struct store_user *u, bool exists, const char *action, struct reason *r)
{
    struct store *s = l->api->hub->store;
    struct act_who who;
    enum err e;

    user_note_wrong(u, clock_wall_ms());
    if (!exists) {
        user_stranger_put(&l->api->strangers, u);
        return ERR_OK;
    }
    act_who_user(u, &who);
    e = s->ops->user_update(s, u, r);
    return e == ERR_OK ? act_audit(l->api->hub, &who, action, NULL, u->name, NULL, r) : e;
}

/* *right: the code that was given is good, or this user has no second factor. */
static enum err check_code(struct login *l, const struct store_user *u, bool *right, struct reason *r)
{
    struct factor_state f = {.confirmed = false};
    enum err e = factor_get_state(l->api->hub, u->name, &f, r);

    *right = e == ERR_OK && !f.confirmed;
    if (e != ERR_OK || !f.confirmed || l->code[0] == '\0')
        return e;
    return factor_check(l->api->hub, u->name, l->code, clock_wall_ms(), right, r);
}

static enum err grant(struct login *l, struct store_user *u, const char *action, struct reason *r)
{
    struct store *s = l->api->hub->store;
    struct act_who who;
    enum err e;

    act_who_user(u, &who);
    user_note_right(u);
    e = s->ops->user_update(s, u, r);
    if (e == ERR_OK)
        e = act_audit(l->api->hub, &who, action, NULL, u->name, NULL, r);
    l->granted = e == ERR_OK;
    return e;
}

static enum err open_session(struct login *l, const struct store_user *u, char *token, struct reason *r)
{
    struct store_session x;

    return user_session_open(l->api->hub->store, u, clock_wall_ms(), day_ms(l->api->hub), token, &x, r);
}

static enum err enter(struct login *l, struct store_user *u, bool exists, char *token, struct reason *r)
{
    bool known = l->right && exists && !u->disabled;
    bool code = false;
    enum err e = known ? check_code(l, u, &code, r) : ERR_OK;

    if (e == ERR_OK && !(known && code))
        return count_wrong(l, u, exists, known && l->code[0] == '\0' ? "user.code_asked" : "user.login_refused", r);
    if (e == ERR_OK)
        e = open_session(l, u, token, r);
    return e == ERR_OK ? grant(l, u, "user.login", r) : e;
}

static enum err again(struct login *l, struct store_user *u, struct reason *r)
{
    struct store *s = l->api->hub->store;
    bool right = l->right;
    enum err e = ERR_OK;

    if (l->password[0] == '\0')
        e = factor_check(l->api->hub, u->name, l->code, clock_wall_ms(), &right, r);
    if (e != ERR_OK && e != ERR_STATE) /* no second factor: like a wrong code */
        return e;
    if (!right)
        return count_wrong(l, u, true, "user.again_refused", r);
    e = s->ops->session_freshen(s, l->session, clock_wall_ms(), r);
    return e == ERR_OK ? grant(l, u, "user.again", r) : e;
}

static enum err choose(struct login *l, struct store_user *u, char *token, struct reason *r)
{
    struct store *s = l->api->hub->store;
    enum err e = l->right ? l->hashed : ERR_OK;

    if (!l->right)
        return count_wrong(l, u, true, "user.password_refused", r);
    if (e != ERR_OK)
        return err_because(r, e, "no memory for the new password");
    memcpy(u->password, l->chosen_hash, sizeof(u->password));
    u->must_change = false;
    e = s->ops->session_purge(s, u->name, INT64_MAX, r); /* whoever else knew the old one is out */
    if (e == ERR_OK)
        e = open_session(l, u, token, r);
    return e == ERR_OK ? grant(l, u, "user.password_changed", r) : e;
}

/* The session that asks may have ended while the password was looked at: nothing follows from it any more. */
static enum err is_still_in(struct login *l, const struct store_user *u, bool *in, struct reason *r)
{
    struct store_session x;
    enum err e =
        l->kind == LOGIN_ENTER ? ERR_OK : l->api->hub->store->ops->session_get(l->api->hub->store, l->session, &x, r);

    *in = e == ERR_OK && (l->kind == LOGIN_ENTER || !u->disabled);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Of tries at the same time each sees the brake of those before, and whether its password is still the one in force. */
static enum err login_decide(struct login *l, struct store_user *u, char *token, struct reason *r)
{
    struct store *s = l->api->hub->store;
    enum err e = s->ops->user_get(s, l->name, u, r);
    bool exists = e == ERR_OK, in = false;

    if (e == ERR_NOT_FOUND)
        user_stranger_get(&l->api->strangers, l->name, u);
    else if (e != ERR_OK)
        return e;
    l->right = l->right && strcmp(l->hash, u->password) == 0;
    l->wait_ms = user_wait_ms(u, clock_wall_ms());
    if (l->wait_ms > 0)
        return ERR_OK;
    e = is_still_in(l, u, &in, r);
    if (e != ERR_OK || !in)
        return e;
    switch (l->kind) {
    case LOGIN_ENTER:
        return enter(l, u, exists, token, r);
    case LOGIN_AGAIN:
        return again(l, u, r);
    case LOGIN_PASSWORD:
        return choose(l, u, token, r);
    }
    return ERR_UNKNOWN;
}

/* ---------------------------------------------------------------- answering */

#define RETRY_CAP 40

static cJSON *tell_wait(int64_t wait_ms, char line[RETRY_CAP])
{
    int64_t wait_s = (wait_ms + 999) / 1000;
    cJSON *tree = json_new_object();
    char text[80];

    (void)snprintf(line, RETRY_CAP, "Retry-After: %lld", (long long)wait_s);
    (void)snprintf(text, sizeof(text), "too many wrong passwords; wait %lld seconds", (long long)wait_s);
    json_put_text(tree, "error", text);
    json_put_int(tree, "wait_s", wait_s);
    return tree;
}

/* What was wrong is not told: name, password, or a code that is missing. */
static cJSON *tell_wrong(const struct login *l)
{
    cJSON *tree = json_new_object();

    if (l->kind != LOGIN_ENTER) {
        json_put_text(tree, "error", "the password or code is wrong");
    } else if (l->code[0] != '\0') {
        json_put_text(tree, "error", "name, password or code is wrong");
    } else {
        json_put_text(tree, "error", "name or password is wrong, or the code of the second factor is missing");
        json_put_text(tree, "need", "totp");
    }
    return tree;
}

static void login_resume_refused(struct login *l, enum err e, const struct reason *r)
{
    char line[RETRY_CAP];
    const char *const extra[] = {line, NULL};
    cJSON *tree;

    if (e != ERR_OK) {
        api_resume_refused(l->api, l->ticket, e, r);
    } else if (l->wait_ms > 0) {
        tree = tell_wait(l->wait_ms, line);
        api_resume(l->api, l->ticket, 429, tree, extra);
    } else {
        api_resume(l->api, l->ticket, 401, tell_wrong(l), NULL);
    }
}

/* token "": no new session. */
static void login_resume_granted(struct login *l, const struct store_user *u, const char *token)
{
    char cookie[COOKIE_CAP];
    const char *const extra[] = {cookie, NULL};
    cJSON *tree = json_new_object();
    struct reason r;
    enum err e = put_user(l->api->hub, u, tree, &r);

    if (e == ERR_OK) {
        set_cookie(l->api, token, day_ms(l->api->hub) / 1000, cookie);
        api_resume(l->api, l->ticket, 200, tree, token[0] != '\0' ? extra : NULL);
    } else {
        cJSON_Delete(tree);
        api_resume_refused(l->api, l->ticket, e, &r);
    }
    sodium_memzero(cookie, sizeof(cookie));
}

static void login_done(void *arg)
{
    struct login *l = arg;
    struct api *a = l->api;
    struct store_user u = {.name = ""};
    char token[USER_TOKEN_CAP] = "";
    struct reason r = {.text = ""};
    enum err e = hub_judge(a->hub, a->hub->store->ops->begin(a->hub->store, &r), &r);

    login_forget(l);
    if (e == ERR_OK)
        e = hub_end(a->hub, login_decide(l, &u, token, &r), &r);
    if (e == ERR_OK && l->granted)
        login_resume_granted(l, &u, token);
    else
        login_resume_refused(l, e, &r);
    sodium_memzero(token, sizeof(token));
    sodium_memzero(&u, sizeof(u));
    login_free(l);
}

/* ---------------------------------------------------------------- starting */

/* A user who was wrong too often waits before the next password is even looked at. False: answered. */
static bool login_may_try(struct api_call *c, struct login *l)
{
    struct store *s = c->hub->store;
    struct store_user u;
    char line[RETRY_CAP];
    const char *const extra[] = {line, NULL};
    int64_t wait_ms;
    struct reason r;
    enum err e = s->ops->user_get(s, l->name, &u, &r);

    if (e == ERR_NOT_FOUND) {
        user_stranger_get(&c->api->strangers, l->name, &u);
    } else if (e != ERR_OK) {
        api_refuse(c, hub_judge(c->hub, e, &r), &r);
        return false;
    }
    wait_ms = user_wait_ms(&u, clock_wall_ms());
    memcpy(l->hash, u.password, sizeof(l->hash));
    sodium_memzero(&u, sizeof(u));
    if (wait_ms == 0)
        return true;
    api_answer(c, 429, tell_wait(wait_ms, line), extra);
    return false;
}

/* The address that the proxy added, the last of the list: those before it are what the client says. */
static void login_read_remote(const struct api_call *c, struct login *l)
{
    const char *list = http_header(c->q, "X-Forwarded-For");

    if (list == NULL)
        return;
    const char *comma = strrchr(list, ',');
    const char *last = comma != NULL ? comma + 1 : list;
    (void)snprintf(l->remote, sizeof(l->remote), "%s", last + strspn(last, " ")); /* cut: still one client's */
}

/* One client, or whoever tries one name, leaves room for the others. False: answered. */
static bool login_has_room(struct api_call *c, const struct login *l)
{
    static const char text[] = "too many are logging in at once with this name or from this address; try again";
    static const char *const extra[] = {"Retry-After: 2", NULL};
    unsigned all = 0, of_name = 0, of_remote = 0;

    for (const struct login *w = c->api->logins; w != NULL; w = w->next) {
        all++;
        of_name += strcmp(w->name, l->name) == 0;
        of_remote += l->remote[0] != '\0' && strcmp(w->remote, l->remote) == 0;
    }
    if (of_name >= LOGINS_NAME_MAX || of_remote >= LOGINS_REMOTE_MAX) {
        cJSON *tree = json_new_object();
        json_put_text(tree, "error", text);
        json_put_int(tree, "wait_s", 2);
        json_put_bool(tree, "at_once", true);
        api_answer(c, 429, tree, extra);
        return false;
    }
    if (all >= LOGINS_MAX)
        http_refuse(c->q, 503, "too many people are logging in; try again");
    return all < LOGINS_MAX;
}

static void login_start(struct api_call *c, struct login *l)
{
    const struct work_job job = {.run = login_run, .done = login_done, .arg = l};

    if (work_submit(c->hub->work, &job) != ERR_OK) {
        http_refuse(c->q, 503, "too many people are logging in; try again");
        login_free(l);
        return;
    }
    l->next = c->api->logins;
    c->api->logins = l;
    l->ticket = http_defer(c->q);
}

static enum err take_text(const cJSON *body, const char *key, size_t min, char *out, size_t cap, struct reason *r)
{
    const char *text;
    enum err e = json_get_text(body, key, min, cap - 1, &text, r);

    if (e == ERR_OK)
        (void)snprintf(out, cap, "%s", text); /* length was checked */
    return e;
}

static enum err take_optional(const cJSON *body, const char *key, char *out, size_t cap, struct reason *r)
{
    return cJSON_GetObjectItemCaseSensitive(body, key) == NULL ? ERR_OK : take_text(body, key, 1, out, cap, r);
}

static enum err read_enter(const cJSON *body, struct login *l, struct reason *r)
{
    enum err e = take_text(body, "name", 1, l->name, sizeof(l->name), r);

    if (e == ERR_OK)
        e = take_text(body, "password", 1, l->password, sizeof(l->password), r);
    return e == ERR_OK ? take_optional(body, "totp", l->code, sizeof(l->code), r) : e;
}

static enum err read_again(const cJSON *body, struct login *l, struct reason *r)
{
    enum err e = take_optional(body, "password", l->password, sizeof(l->password), r);

    if (e == ERR_OK)
        e = take_optional(body, "totp", l->code, sizeof(l->code), r);
    if (e == ERR_OK && (l->password[0] == '\0') == (l->code[0] == '\0'))
        e = err_because(r, ERR_MISSING, "either password or totp");
    return e;
}

static enum err read_choice(const cJSON *body, struct login *l, struct reason *r)
{
    enum err e = take_text(body, "password", 1, l->password, sizeof(l->password), r);

    if (e == ERR_OK)
        e = take_text(body, "new_password", 1, l->chosen, sizeof(l->chosen), r);
    if (e == ERR_OK)
        e = user_check_password(l->name, l->chosen, r);
    if (e == ERR_OK && strcmp(l->password, l->chosen) == 0)
        e = err_because(r, ERR_RANGE, "new_password: must differ from the one before");
    return e;
}

static void login_begin(struct api_call *c, enum login_kind kind, const char *const *members,
                        enum err (*read)(const cJSON *body, struct login *l, struct reason *r))
{
    struct login *l;
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_body(c, members, &body))
        return;
    l = calloc(1, sizeof(*l));
    if (l == NULL)
        abort(); /* out of memory: restart */
    l->api = c->api;
    l->kind = kind;
    memcpy(l->name, c->user.name, sizeof(l->name));
    memcpy(l->session, c->session.token_hash, sizeof(l->session));
    e = read(body, l, &r);
    cJSON_Delete(body);
    login_read_remote(c, l);
    if (e != ERR_OK) {
        api_refuse(c, e, &r);
        login_free(l);
    } else if (login_may_try(c, l) && login_has_room(c, l)) {
        login_start(c, l);
    } else {
        login_free(l);
    }
}

void api_login(struct api_call *c)
{
    static const char *const members[] = {"name", "password", "totp", NULL};

    login_begin(c, LOGIN_ENTER, members, read_enter);
}

void api_again(struct api_call *c)
{
    static const char *const members[] = {"password", "totp", NULL};

    login_begin(c, LOGIN_AGAIN, members, read_again);
}

void api_choose_password(struct api_call *c)
{
    static const char *const members[] = {"password", "new_password", NULL};

    login_begin(c, LOGIN_PASSWORD, members, read_choice);
}

/* ---------------------------------------------------------------- the session */

void api_logout(struct api_call *c)
{
    struct store *s = c->hub->store;
    char cookie[COOKIE_CAP];
    const char *const extra[] = {cookie, NULL};
    struct reason r;
    enum err e = hub_judge(c->hub, s->ops->begin(s, &r), &r);

    if (e == ERR_OK) {
        e = s->ops->session_delete(s, c->session.token_hash, &r);
        if (e == ERR_OK)
            e = act_audit(c->hub, &c->who, "user.logout", NULL, c->user.name, NULL, &r);
        e = hub_end(c->hub, e, &r);
    }
    if (e != ERR_OK) {
        api_refuse(c, e, &r);
        return;
    }
    set_cookie(c->api, "", 0, cookie);
    api_answer(c, 200, json_new_object(), extra);
}

void api_me(struct api_call *c)
{
    const struct config *cfg = &c->hub->cfg;
    cJSON *tree = json_new_object();
    struct factor_state f = {.confirmed = false};
    struct reason r;
    enum err e = put_user(c->hub, &c->user, tree, &r);

    if (e == ERR_OK)
        e = hub_judge(c->hub, factor_get_state(c->hub, c->user.name, &f, &r), &r);
    if (e != ERR_OK) {
        cJSON_Delete(tree);
        api_refuse(c, e, &r);
        return;
    }
    json_put_bool(tree, "factor", f.confirmed);
    json_put_int(tree, "spares", f.spares);
    json_put_bool(tree, "knows_patients", view_role_knows_patients(c->user.role));
    json_put_text(tree, "pharmacy", cfg->pharmacy_name);
    json_put_text(tree, "language", cfg->language);
    json_put_bool(tree, "strip", policy_flag(c->hub, "strip"));
    json_put_int(tree, "silent_after_s", cfg->silent_after_s);
    json_put_int(tree, "expires_ms", c->session.expires_ms);
    api_answer(c, 200, tree, NULL);
}
