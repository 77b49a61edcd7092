/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/account.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/factor.h"
#include "backend/request.h"
#include "backend/user.h"

static const char *const actions[ACCOUNT_STEP_N] = {
    [ACCOUNT_DISABLE] = "user.disabled",      [ACCOUNT_ENABLE] = "user.enabled",
    [ACCOUNT_ROLE] = "user.role_set",         [ACCOUNT_UNLOCK] = "user.unlocked",
    [ACCOUNT_RESET] = "user.password_reset",  [ACCOUNT_PASSWORD] = "user.password_set",
    [ACCOUNT_FORGET] = "user.factor_removed",
};

enum err account_read(struct store_user *u, const char *name, const char *full_name, const char *role, struct reason *r)
{
    enum err e = user_check_login(name, r);

    if (e == ERR_OK && request_text(u->full_name, sizeof(u->full_name), full_name, strlen(full_name)) != ERR_OK)
        e = err_because(r, ERR_SYNTAX, "full_name: not a line of text");
    if (e != ERR_OK)
        return e;
    (void)snprintf(u->name, sizeof(u->name), "%s", name); /* login names are shorter */
    if (store_role_parse(role, &u->role) != ERR_OK)
        return err_because(r, ERR_UNKNOWN, "role: must be pharmacist, logistics or admin");
    return ERR_OK;
}

enum err account_add(struct hub *hub, const struct act_who *who, struct store_user *u, struct reason *r)
{
    struct store *s = hub->store;
    enum err e = hub_judge(hub, s->ops->begin(s, r), r);

    if (e != ERR_OK)
        return e;
    randombytes_buf(u->staff, sizeof(u->staff));
    e = s->ops->user_insert(s, u, r);
    if (e == ERR_DUPLICATE)
        e = err_because(r, e, "user %s exists already", u->name);
    if (e == ERR_OK)
        e = act_audit(hub, who, "user.added", NULL, u->name, store_role_name(u->role), r);
    return hub_end(hub, e, r);
}

/* ---------------------------------------------------------------- badges */

struct live_badges {
    uint8_t (*id)[8];
    size_t count, cap;
    int64_t now_s;
};

static bool gather_live(void *arg, const struct store_badge *b)
{
    struct live_badges *x = arg;

    if (b->revoked_ms != 0 || b->not_after_s < x->now_s)
        return true;
    if (x->count == x->cap) {
        size_t cap = x->cap == 0 ? 16 : 2 * x->cap;
        uint8_t(*bigger)[8] = reallocarray(x->id, cap, sizeof(*bigger));

        if (bigger == NULL)
            abort(); /* out of memory: restart */
        x->id = bigger;
        x->cap = cap;
    }
    memcpy(x->id[x->count++], b->badge, sizeof(*x->id));
    return true;
}

/* Who may not work at the hub, or not as before, may not open doors either. Inside a transaction. */
static enum err revoke_badges(struct hub *hub, const struct act_who *who, const struct store_user *u, struct reason *r)
{
    struct live_badges x = {.now_s = clock_wall_ms() / 1000};
    enum err e = hub->store->ops->badge_list(hub->store, u->staff, gather_live, &x, r);

    for (size_t i = 0; i < x.count && e == ERR_OK; i++) {
        e = act_revoke_inside(hub, who, x.id[i], r);
        if (e == ERR_STATE) /* its locker is revoked or lost, and with it all badges */
            e = ERR_OK;
    }
    free(x.id);
    return e;
}

/* ---------------------------------------------------------------- the last administrator */

static bool can_administer(const struct store_user *u)
{
    return u->role == STORE_ROLE_ADMIN && !u->disabled;
}

struct counting {
    const char *but; /* this one */
    unsigned count;
};

static bool count_admin(void *arg, const struct store_user *u)
{
    struct counting *x = arg;

    x->count += can_administer(u) && strcmp(u->name, x->but) != 0;
    return x->count == 0; /* one is enough */
}

static enum err check_last(struct hub *hub, const struct store_user *before, const struct store_user *after,
                           struct reason *r)
{
    struct counting x = {.but = after->name};
    enum err e;

    if (!can_administer(before) || can_administer(after))
        return ERR_OK;
    e = hub->store->ops->user_list(hub->store, count_admin, &x, r);
    if (e == ERR_OK && x.count == 0)
        e = err_because(r, ERR_STATE, "%s is the last administrator", after->name);
    return e;
}

/* ---------------------------------------------------------------- changes */

static void apply(const struct account_change *x, struct store_user *u)
{
    switch (x->step) {
    case ACCOUNT_DISABLE:
        u->disabled = true;
        break;
    case ACCOUNT_ENABLE:
        u->disabled = false;
        break;
    case ACCOUNT_ROLE:
        u->role = x->role;
        break;
    case ACCOUNT_UNLOCK:
        user_note_right(u);
        break;
    case ACCOUNT_RESET:
    case ACCOUNT_PASSWORD:
        u->disabled = false;
        u->must_change = x->step == ACCOUNT_RESET;
        user_note_right(u);
        (void)snprintf(u->password, sizeof(u->password), "%s", x->hash); /* an Argon2id string fits */
        break;
    case ACCOUNT_FORGET:
    case ACCOUNT_STEP_N:
        break;
    }
}

static bool ends_sessions(enum account_step step)
{
    return step != ACCOUNT_UNLOCK && step != ACCOUNT_ENABLE;
}

static enum err change_inside(struct hub *hub, const struct act_who *who, struct store_user *u,
                              const struct account_change *x, struct reason *r)
{
    struct store *s = hub->store;
    struct store_user before = *u;
    enum err e = ERR_OK;

    assert(x->step < ACCOUNT_STEP_N);
    apply(x, u);
    if (x->keeps_last_admin)
        e = check_last(hub, &before, u, r);
    if (e == ERR_OK)
        e = s->ops->user_update(s, u, r);
    if (e == ERR_OK && x->step == ACCOUNT_FORGET)
        e = factor_remove(hub, u->name, r);
    if (e == ERR_OK && ends_sessions(x->step))
        e = s->ops->session_purge(s, u->name, INT64_MAX, r);
    if (e == ERR_OK && (u->disabled || u->role != before.role))
        e = revoke_badges(hub, who, u, r);
    if (e == ERR_OK)
        e = act_audit(hub, who, actions[x->step], NULL, u->name,
                      x->step == ACCOUNT_ROLE ? store_role_name(u->role) : NULL, r);
    sodium_memzero(&before, sizeof(before));
    return e;
}

enum err account_change(struct hub *hub, const struct act_who *who, const char *name, const struct account_change *x,
                        struct reason *r)
{
    struct store *s = hub->store;
    struct store_user u;
    enum err e = hub_judge(hub, s->ops->begin(s, r), r);

    if (e != ERR_OK)
        return e;
    e = s->ops->user_get(s, name, &u, r);
    if (e == ERR_NOT_FOUND)
        e = err_because(r, e, "no user %.40s", name);
    if (e == ERR_OK)
        e = change_inside(hub, who, &u, x, r);
    e = hub_end(hub, e, r);
    if (e == ERR_OK)
        act_tell_commands(hub);
    sodium_memzero(&u, sizeof(u));
    return e;
}
