/* SPDX-License-Identifier: Apache-2.0 */
/* api: people: log in and out, badges for lockers, the audit. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/label.h"
#include "backend/pack.h"
#include "backend/view.h"
#include "common/json.h"
#include "common/log.h"
#include "common/num.h"

/* Log-ins that wait at the same time: of all, with one name, from one address. */
#define LOGINS_MAX 8
#define LOGINS_NAME_MAX 2
#define LOGINS_REMOTE_MAX 4
#define COOKIE_CAP 160
#define REMOTE_CAP 46 /* an IPv6 address */
#define PIN_MAX CODE_PIN_MAX

/* ---------------------------------------------------------------- log in */

struct login {
    struct api *api;
    struct login *next; /* of those that wait */
    uint64_t ticket;
    char remote[REMOTE_CAP]; /* "" when the proxy does not tell */
    char name[STORE_NAME_CAP], password[USER_PASSWORD_MAX + 1];
    char hash[STORE_PASSWORD_CAP]; /* "" when there is no such user */
    bool right;
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

    l->right = user_password_is(l->hash, l->password);
}

static void set_cookie(const struct api *a, const char *token, int64_t age_s, char *out)
{
    (void)snprintf(out, COOKIE_CAP, "Set-Cookie: " API_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
                   token, (long long)age_s, a->hub->cfg.secure_cookie ? "; Secure" : "");
}

static void put_user(const struct store_user *u, cJSON *into)
{
    json_put_text(into, "name", u->name);
    json_put_text(into, "full_name", u->full_name);
    json_put_text(into, "role", store_role_name(u->role));
}

static enum err login_count_wrong(struct login *l, struct store_user *u, bool exists, struct reason *r)
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
    return e == ERR_OK ? act_audit(l->api->hub, &who, "user.login_refused", NULL, u->name, NULL, r) : e;
}

/* Inside a transaction: counts a wrong password, or opens a session. Of tries at the same time each sees the brake of
 * those before. */
static enum err login_decide(struct login *l, struct store_user *u, char *token, struct reason *r)
{
    struct store *s = l->api->hub->store;
    int64_t now_ms = clock_wall_ms();
    struct store_session session;
    struct act_who who;
    enum err e = s->ops->user_get(s, l->name, u, r);
    bool exists = e == ERR_OK;

    if (e == ERR_NOT_FOUND)
        user_stranger_get(&l->api->strangers, l->name, u);
    else if (e != ERR_OK)
        return e;
    l->wait_ms = user_wait_ms(u, now_ms);
    if (l->wait_ms > 0)
        return ERR_OK;
    if (!l->right || !exists || u->disabled)
        return login_count_wrong(l, u, exists, r);
    act_who_user(u, &who);
    user_note_right(u);
    e = s->ops->user_update(s, u, r);
    if (e == ERR_OK)
        e = user_session_open(s, u, now_ms, token, &session, r);
    return e == ERR_OK ? act_audit(l->api->hub, &who, "user.login", NULL, u->name, NULL, r) : e;
}

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
        tree = json_new_object();
        json_put_text(tree, "error", "name or password is wrong");
        api_resume(l->api, l->ticket, 401, tree, NULL);
    }
}

static void login_done(void *arg)
{
    struct login *l = arg;
    struct api *a = l->api;
    struct store *s = a->hub->store;
    struct store_user u = {.name = ""};
    char token[USER_TOKEN_CAP] = "";
    char cookie[COOKIE_CAP];
    const char *const extra[] = {cookie, NULL};
    struct reason r = {.text = ""};
    cJSON *tree;
    enum err e = hub_judge(a->hub, s->ops->begin(s, &r), &r);

    login_forget(l);
    if (e == ERR_OK)
        e = hub_end(a->hub, login_decide(l, &u, token, &r), &r);
    if (e == ERR_OK && token[0] != '\0') {
        tree = json_new_object();
        put_user(&u, tree);
        set_cookie(a, token, USER_ABSOLUTE_MS / 1000, cookie);
        api_resume(a, l->ticket, 200, tree, extra);
    } else {
        login_resume_refused(l, e, &r);
    }
    sodium_memzero(token, sizeof(token));
    sodium_memzero(cookie, sizeof(cookie));
    sodium_memzero(&u, sizeof(u));
    login_free(l);
}

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

void api_login(struct api_call *c)
{
    static const char *const members[] = {"name", "password", NULL};
    const char *name, *password;
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
    e = json_get_text(body, "name", 1, sizeof(l->name) - 1, &name, &r);
    if (e == ERR_OK)
        e = json_get_text(body, "password", 1, USER_PASSWORD_MAX, &password, &r);
    if (e == ERR_OK) {
        (void)snprintf(l->name, sizeof(l->name), "%s", name); /* lengths were checked */
        (void)snprintf(l->password, sizeof(l->password), "%s", password);
    }
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

    put_user(&c->user, tree);
    json_put_bool(tree, "knows_patients", view_role_knows_patients(c->user.role));
    json_put_text(tree, "pharmacy", cfg->pharmacy_name);
    json_put_text(tree, "language", cfg->language);
    json_put_int(tree, "silent_after_s", cfg->silent_after_s);
    json_put_int(tree, "expires_ms", c->session.expires_ms);
    api_answer(c, 200, tree, NULL);
}

void api_users(struct api_call *c)
{
    cJSON *tree = json_new_object();
    struct reason r;
    enum err e = hub_judge(c->hub, view_users(c->hub, tree, &r), &r);

    if (e == ERR_OK) {
        api_answer(c, 200, tree, NULL);
        return;
    }
    cJSON_Delete(tree);
    api_refuse(c, e, &r);
}

void api_audit(struct api_call *c)
{
    cJSON *tree = json_new_object();
    int64_t above = 0, limit = 0, newest = 0;
    struct reason r;
    enum err e = api_query_int(c, "above", 0, INT64_MAX, 0, &above, &r);

    if (e == ERR_OK)
        e = api_query_int(c, "limit", 1, STORE_PAGE_MAX, 200, &limit, &r);
    if (e == ERR_OK)
        e = api_query_int(c, "newest", 1, STORE_PAGE_MAX, 0, &newest, &r);
    if (e == ERR_OK && newest > 0)
        e = hub_judge(c->hub, view_audit_newest(c->hub, (unsigned)newest, tree, &r), &r);
    else if (e == ERR_OK)
        e = hub_judge(c->hub, view_audit(c->hub, above, (unsigned)limit, tree, &r), &r);
    if (e == ERR_OK) {
        api_answer(c, 200, tree, NULL);
        return;
    }
    cJSON_Delete(tree);
    api_refuse(c, e, &r);
}

/* ---------------------------------------------------------------- badges */

void api_badges(struct api_call *c)
{
    cJSON *tree = json_new_object();
    struct reason r;
    enum err e = hub_judge(c->hub, view_badges(c->hub, tree, &r), &r);

    if (e == ERR_OK) {
        api_answer(c, 200, tree, NULL);
        return;
    }
    cJSON_Delete(tree);
    api_refuse(c, e, &r);
}

struct badging {
    struct api *api;
    uint64_t ticket;
    struct pack_badge pack;
};

static void badging_free(struct badging *b)
{
    mint_wipe(&b->pack.job);
    sodium_memzero(b, sizeof(*b));
    free(b);
}

static void badging_run(void *arg)
{
    struct badging *b = arg;

    mint_stretch(&b->pack.job);
}

/* Keeps the page for one look; the oldest makes room. */
static void keep_page(struct api *a, const struct store_badge *badge, char *html)
{
    struct api_badge_page *at = &a->badge_page[0];

    for (unsigned i = 1; i < API_BADGE_PAGES; i++) {
        if (a->badge_page[i].until_ms < at->until_ms)
            at = &a->badge_page[i];
    }
    label_free(at->html);
    memcpy(at->badge, badge->badge, sizeof(at->badge));
    at->until_ms = clock_boot_ms() + API_BADGE_PAGE_MS;
    at->html = html;
}

static enum err make_page(struct api *a, const struct pack_badge *p, struct reason *r)
{
    struct store *s = a->hub->store;
    struct store_locker l;
    struct label_badge x = {.full_name = p->full_name, .badge = &p->badge, .token = p->text};
    char *html;
    enum err e = s->ops->locker_get(s, p->locker, &l, r);

    if (e != ERR_OK)
        return e;
    x.locker_name = l.name;
    e = label_badge(api_text(a, a->hub->cfg.language), &x, &html, r);
    if (e == ERR_OK)
        keep_page(a, &p->badge, html);
    sodium_memzero(&l, sizeof(l));
    return e;
}

static void badging_done(void *arg)
{
    struct badging *b = arg;
    struct api *a = b->api;
    char hex[2 * sizeof(b->pack.badge.badge) + 1], page[64];
    struct reason r = {.text = ""};
    enum err e = pack_badge_finish(a->hub, &b->pack, &r);
    cJSON *tree;

    if (e == ERR_OK)
        e = hub_judge(a->hub, make_page(a, &b->pack, &r), &r);
    if (e != ERR_OK) {
        api_resume_refused(a, b->ticket, e, &r);
        badging_free(b);
        return;
    }
    num_to_hex(b->pack.badge.badge, sizeof(b->pack.badge.badge), hex);
    (void)snprintf(page, sizeof(page), "/api/badges/%s/page", hex);
    tree = json_new_object();
    json_put_text(tree, "badge", hex);
    json_put_text(tree, "page", page);
    json_put_text(tree, "token", b->pack.text);
    json_put_int(tree, "not_after_s", b->pack.badge.not_after_s);
    api_resume(a, b->ticket, 201, tree, NULL);
    badging_free(b);
}

static enum err badging_read(struct api_call *c, const cJSON *body, struct badging *b, struct reason *r)
{
    const char *user, *pin;
    enum err e = json_get_text(body, "user", 1, STORE_NAME_CAP - 1, &user, r);

    if (e == ERR_OK)
        e = json_get_hex(body, "locker", b->pack.locker, sizeof(b->pack.locker), r);
    if (e == ERR_OK)
        e = json_get_text(body, "pin", CODE_PIN_MIN, PIN_MAX, &pin, r);
    if (e == ERR_OK)
        e = json_get_int(body, "days", 1, PACK_BADGE_DAYS_MAX, &b->pack.days, r);
    if (e != ERR_OK)
        return e;
    (void)snprintf(b->pack.user, sizeof(b->pack.user), "%s", user); /* length was checked */
    b->pack.who = c->who;
    return pack_badge_begin(c->hub, &b->pack, pin, r);
}

void api_make_badge(struct api_call *c)
{
    static const char *const members[] = {"user", "locker", "pin", "days", NULL};
    struct badging *b;
    struct work_job job = {.run = badging_run, .done = badging_done};
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_body(c, members, &body))
        return;
    b = calloc(1, sizeof(*b));
    if (b == NULL)
        abort(); /* out of memory: restart */
    b->api = c->api;
    job.arg = b;
    e = badging_read(c, body, b, &r);
    cJSON_Delete(body);
    if (e == ERR_OK && work_submit(c->hub->work, &job) != ERR_OK)
        e = err_because(&r, ERR_BUSY, "too much is waiting; try again");
    if (e != ERR_OK) {
        api_refuse(c, e, &r);
        badging_free(b);
        return;
    }
    b->ticket = http_defer(c->q);
}

/* Only once: the page holds what opens staff sessions at the locker, together with the PIN. */
void api_badge_page(struct api_call *c)
{
    static const char *const extra[] = {
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'", NULL};
    uint8_t badge[8];

    if (!api_id(c, 0, badge, sizeof(badge)))
        return;
    for (unsigned i = 0; i < API_BADGE_PAGES; i++) {
        struct api_badge_page *at = &c->api->badge_page[i];

        if (at->html == NULL || memcmp(at->badge, badge, sizeof(badge)) != 0 || at->until_ms < clock_boot_ms())
            continue;
        http_answer(c->q, 200, API_HTML, at->html, strlen(at->html), extra);
        label_free(at->html);
        *at = (struct api_badge_page){.html = NULL};
        return;
    }
    http_refuse(c->q, 404, "this badge was printed already, or too long ago; make a new one");
}

void api_revoke_badge(struct api_call *c)
{
    uint8_t badge[8];
    struct reason r;
    enum err e;

    if (!api_id(c, 0, badge, sizeof(badge)))
        return;
    e = act_revoke_badge(c->hub, &c->who, badge, &r);
    if (e == ERR_OK)
        api_answer(c, 200, json_new_object(), NULL);
    else
        api_refuse(c, e, &r);
}
