/* SPDX-License-Identifier: Apache-2.0 */
/* api: users: what administrators do to them, and the second factor of the own account. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/account.h"
#include "backend/api_part.h"
#include "backend/factor.h"
#include "backend/qr.h"
#include "backend/view.h"
#include "common/json.h"

#define CODE_MAX 24

void api_users(struct api_call *c)
{
    cJSON *tree = json_new_object();
    struct reason r;
    enum err e = hub_judge(c->hub, view_users(c->hub, tree, &r), &r);

    api_give(c, e, tree, &r);
}

/* ---------------------------------------------------------------- a one-time password: new user, or a reset */

struct making {
    struct api *api;
    uint64_t ticket;
    struct act_who who;
    bool is_new;
    struct store_user user; /* of a reset: the name only */
    char password[USER_PASSWORD_DRAWN];
    enum err hashed;
};

static void making_free(struct making *m)
{
    sodium_memzero(m, sizeof(*m));
    free(m);
}

static void making_run(void *arg)
{
    struct making *m = arg;

    m->hashed = user_hash_password(m->password, m->user.password);
}

static enum err making_finish(struct making *m, struct reason *r)
{
    const struct account_change reset = {.step = ACCOUNT_RESET, .hash = m->user.password, .keeps_last_admin = true};

    if (m->hashed != ERR_OK)
        return err_because(r, m->hashed, "no memory for the password");
    return m->is_new ? account_add(m->api->hub, &m->who, &m->user, r)
                     : account_change(m->api->hub, &m->who, m->user.name, &reset, r);
}

static void making_done(void *arg)
{
    struct making *m = arg;
    struct reason r = {.text = ""};
    cJSON *tree = json_new_object();
    enum err e = making_finish(m, &r);

    json_put_text(tree, "name", m->user.name);
    json_put_text(tree, "password", m->password);
    if (e == ERR_OK) {
        api_resume(m->api, m->ticket, m->is_new ? 201 : 200, tree, NULL);
    } else {
        cJSON_Delete(tree);
        api_resume_refused(m->api, m->ticket, e, &r);
    }
    making_free(m);
}

static struct making *making_new(struct api_call *c)
{
    struct making *m = calloc(1, sizeof(*m));

    if (m == NULL)
        abort(); /* out of memory: restart */
    m->api = c->api;
    m->who = c->who;
    user_draw_password(m->password);
    return m;
}

/* Takes m. e: what came of reading the request. */
static void making_start(struct api_call *c, struct making *m, enum err e, struct reason *r)
{
    const struct work_job job = {.run = making_run, .done = making_done, .arg = m};

    if (e == ERR_OK && work_submit(c->hub->work, &job) != ERR_OK)
        e = err_because(r, ERR_BUSY, "too much is waiting; try again");
    if (e == ERR_OK) {
        m->ticket = http_defer(c->q);
        return;
    }
    api_refuse(c, e, r);
    making_free(m);
}

void api_new_user(struct api_call *c)
{
    static const char *const members[] = {"name", "full_name", "role", NULL};
    const char *name, *full_name, *role;
    struct making *m;
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_body(c, members, &body))
        return;
    m = making_new(c);
    m->is_new = true;
    m->user.must_change = true;
    m->user.created_ms = clock_wall_ms();
    e = json_get_text(body, "name", 1, STORE_NAME_CAP - 1, &name, &r);
    if (e == ERR_OK)
        e = json_get_text(body, "full_name", 1, STORE_NAME_CAP - 1, &full_name, &r);
    if (e == ERR_OK)
        e = json_get_text(body, "role", 1, STORE_TOKEN_CAP - 1, &role, &r);
    if (e == ERR_OK)
        e = account_read(&m->user, name, full_name, role, &r);
    cJSON_Delete(body);
    making_start(c, m, e, &r);
}

/* The user in segment 0. On false the refusal has been answered. */
static bool find_user(struct api_call *c, struct store_user *u)
{
    const char *name = http_segment(c->q, 0);
    struct reason r;
    enum err e = name == NULL ? ERR_NOT_FOUND : c->hub->store->ops->user_get(c->hub->store, name, u, &r);

    if (e == ERR_OK)
        return true;
    if (e == ERR_NOT_FOUND)
        http_refuse(c->q, 404, "no such user");
    else
        api_refuse(c, hub_judge(c->hub, e, &r), &r);
    return false;
}

void api_reset_user(struct api_call *c)
{
    struct store_user u;
    struct making *m;
    struct reason r;

    if (!find_user(c, &u))
        return;
    if (strcmp(u.name, c->user.name) == 0) { /* the answer would come to a session that has ended */
        http_refuse(c->q, 409, "change your own password with the one before: /api/me/password");
        sodium_memzero(&u, sizeof(u));
        return;
    }
    m = making_new(c);
    memcpy(m->user.name, u.name, sizeof(m->user.name));
    sodium_memzero(&u, sizeof(u));
    making_start(c, m, ERR_OK, &r);
}

/* ---------------------------------------------------------------- changes */

static void change(struct api_call *c, const struct account_change *x)
{
    struct store_user u;
    struct reason r;
    enum err e;

    if (!find_user(c, &u))
        return;
    e = account_change(c->hub, &c->who, u.name, x, &r);
    api_give(c, e, json_new_object(), &r);
    sodium_memzero(&u, sizeof(u));
}

void api_disable_user(struct api_call *c)
{
    const struct account_change x = {.step = ACCOUNT_DISABLE, .keeps_last_admin = true};

    change(c, &x);
}

void api_enable_user(struct api_call *c)
{
    const struct account_change x = {.step = ACCOUNT_ENABLE};

    change(c, &x);
}

void api_unlock_user(struct api_call *c)
{
    const struct account_change x = {.step = ACCOUNT_UNLOCK};

    change(c, &x);
}

void api_forget_factor(struct api_call *c)
{
    const struct account_change x = {.step = ACCOUNT_FORGET};

    change(c, &x);
}

void api_set_role(struct api_call *c)
{
    static const char *const members[] = {"role", NULL};
    struct account_change x = {.step = ACCOUNT_ROLE, .keeps_last_admin = true};
    const char *role;
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_body(c, members, &body))
        return;
    e = json_get_text(body, "role", 1, STORE_TOKEN_CAP - 1, &role, &r);
    if (e == ERR_OK && store_role_parse(role, &x.role) != ERR_OK)
        e = err_because(&r, ERR_UNKNOWN, "role: must be pharmacist, logistics or admin");
    cJSON_Delete(body);
    if (e == ERR_OK)
        change(c, &x);
    else
        api_refuse(c, e, &r);
}

/* ---------------------------------------------------------------- the own second factor */

/* Shown once: the secret is nowhere to be read again. */
static enum err put_secret(struct api_call *c, const char *base32, cJSON *tree, struct reason *r)
{
    char address[TOTP_ADDRESS_CAP];
    char *svg = NULL;
    enum err e = totp_address(c->hub->cfg.pharmacy_name, c->user.name, base32, address, r);

    if (e == ERR_OK)
        e = qr_svg_address(address, "QR", &svg, r);
    if (e == ERR_OK) {
        json_put_text(tree, "secret", base32);
        json_put_text(tree, "address", address);
        json_put_text(tree, "qr", svg);
        sodium_memzero(svg, strlen(svg));
    }
    free(svg);
    sodium_memzero(address, sizeof(address));
    return e;
}

static enum err note(struct api_call *c, const char *action, struct reason *r)
{
    return act_audit(c->hub, &c->who, action, NULL, c->user.name, NULL, r);
}

static enum err begin(struct api_call *c, struct reason *r)
{
    return hub_judge(c->hub, c->hub->store->ops->begin(c->hub->store, r), r);
}

void api_begin_factor(struct api_call *c)
{
    char base32[TOTP_BASE32_CAP];
    cJSON *tree = json_new_object();
    struct reason r;
    enum err e = begin(c, &r);

    if (e == ERR_OK) {
        e = factor_begin(c->hub, c->user.name, clock_wall_ms(), base32, &r);
        if (e == ERR_OK)
            e = note(c, "user.factor_begun", &r);
        e = hub_end(c->hub, e, &r);
    }
    if (e == ERR_OK)
        e = put_secret(c, base32, tree, &r);
    sodium_memzero(base32, sizeof(base32));
    api_give(c, e, tree, &r);
}

static enum err confirm_inside(struct api_call *c, const char *code, cJSON *tree, struct reason *r)
{
    char spares[FACTOR_SPARES][FACTOR_SPARE_CAP];
    cJSON *list = json_put_array(tree, "spares");
    enum err e = factor_confirm(c->hub, c->user.name, code, clock_wall_ms(), spares, r);

    for (unsigned i = 0; i < FACTOR_SPARES && e == ERR_OK; i++)
        json_put_text(list, NULL, spares[i]);
    sodium_memzero(spares, sizeof(spares));
    return e == ERR_OK ? note(c, "user.factor_confirmed", r) : e;
}

void api_confirm_factor(struct api_call *c)
{
    static const char *const members[] = {"code", NULL};
    cJSON *tree = json_new_object();
    const char *code;
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_body(c, members, &body)) {
        cJSON_Delete(tree);
        return;
    }
    e = json_get_text(body, "code", 1, CODE_MAX, &code, &r);
    if (e == ERR_OK)
        e = begin(c, &r);
    if (e == ERR_OK)
        e = hub_end(c->hub, confirm_inside(c, code, tree, &r), &r);
    cJSON_Delete(body);
    api_give(c, e, tree, &r);
}

void api_remove_factor(struct api_call *c)
{
    struct reason r;
    enum err e = begin(c, &r);

    if (e == ERR_OK) {
        e = factor_remove(c->hub, c->user.name, &r);
        if (e == ERR_OK)
            e = note(c, "user.factor_removed", &r);
        e = hub_end(c->hub, e, &r);
    }
    api_give(c, e, json_new_object(), &r);
}
