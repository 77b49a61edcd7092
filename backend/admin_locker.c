/* SPDX-License-Identifier: Apache-2.0 */
/* admin: lockers: invite, enrol, revoke, declare lost. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/admin_part.h"
#include "backend/enrol.h"
#include "backend/view.h"
#include "common/file.h"
#include "common/json.h"
#include "common/num.h"

#define REVOKED_MAX 4096
#define ORDERS_MAX STORE_PAGE_MAX
#define MEM_KIB_MAX 1048576
#define SHORT_ID 2 /* bytes of the id behind the name of a locker that is no more */

enum err admin_find_locker(struct admin_call *c, const char *key, struct store_locker *l)
{
    struct store *s = c->hub->store;
    uint8_t id[STORE_LOCKER_LEN];
    const char *name;
    enum err e = json_get_text(c->q, key, 1, STORE_NAME_CAP - 1, &name, c->r);

    if (e != ERR_OK)
        return e;
    e = s->ops->locker_find(s, name, l, c->r);
    if (e == ERR_NOT_FOUND && num_from_hex(name, id, sizeof(id)) == ERR_OK)
        e = s->ops->locker_get(s, id, l, c->r);
    if (e == ERR_NOT_FOUND)
        return err_because(c->r, e, "no locker has the name or id \"%.60s\"", name);
    return hub_judge(c->hub, e, c->r);
}

static enum err begin(struct admin_call *c)
{
    return hub_judge(c->hub, c->hub->store->ops->begin(c->hub->store, c->r), c->r);
}

static void tell_change(const struct hub *hub)
{
    if (hub->lockers_changed != NULL)
        hub->lockers_changed(hub->arg);
}

/* ---------------------------------------------------------------- invite */

/* A name is free when nobody has it, or only a locker that is revoked or lost. */
static enum err check_free(struct admin_call *c, const char *name, struct store_locker *old, bool *had)
{
    enum err e = hub_judge(c->hub, c->hub->store->ops->locker_find(c->hub->store, name, old, c->r), c->r);

    *had = e == ERR_OK;
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    if (e != ERR_OK)
        return e;
    switch (old->state) {
    case STORE_LOCKER_REVOKED:
    case STORE_LOCKER_LOST:
        return ERR_OK;
    case STORE_LOCKER_ACTIVE:
    case STORE_LOCKER_FROZEN:
    case STORE_LOCKER_STATE_N:
        break;
    }
    return err_because(c->r, ERR_DUPLICATE, "locker %s exists; revoke it first", name);
}

static enum err put_invite(struct admin_call *c, const struct store_invite *i)
{
    enum err e = begin(c);

    if (e != ERR_OK)
        return e;
    e = c->hub->store->ops->invite_put(c->hub->store, i, c->r);
    if (e == ERR_OK)
        e = act_audit(c->hub, &c->who, "locker.invited", NULL, i->name, NULL, c->r);
    return hub_end(c->hub, e, c->r);
}

enum err admin_invite(struct admin_call *c)
{
    struct store_invite i = {.expires_ms = clock_wall_ms() + ENROL_SECRET_TTL_MS};
    char secret[ENROL_SECRET_TEXT_CAP];
    struct store_locker old;
    const char *name;
    char *key;
    bool had;
    enum err e = json_get_text(c->q, "name", 1, ENROL_NAME_MAX, &name, c->r);

    if (e == ERR_OK)
        e = enrol_check_name(name, c->r);
    if (e == ERR_OK)
        e = check_free(c, name, &old, &had);
    if (e != ERR_OK)
        return e;
    (void)snprintf(i.name, sizeof(i.name), "%s", name); /* length was checked */
    enrol_draw_secret(i.secret, secret);
    e = put_invite(c, &i);
    if (e == ERR_OK) {
        key = enrol_hub_key(&c->hub->keys);
        json_put_text(c->a, "name", name);
        json_put_text(c->a, "secret", secret);
        json_put_int(c->a, "expires_ms", i.expires_ms);
        json_put_text(c->a, "hub_key", key);
        free(key);
    }
    sodium_memzero(&i, sizeof(i));
    sodium_memzero(secret, sizeof(secret));
    return e;
}

/* ---------------------------------------------------------------- enrol */

struct enrolling {
    struct store_locker row;
    struct enrol_terms terms;
    char *certificate;
};

static enum err read_cost(struct admin_call *c, struct code_cost *cost)
{
    int64_t n;
    enum err e = ERR_OK;

    *cost = CODE_COST_DEFAULT;
    if (cJSON_GetObjectItemCaseSensitive(c->q, "mem_kib") != NULL) {
        e = json_get_int(c->q, "mem_kib", 8, MEM_KIB_MAX, &n, c->r);
        if (e == ERR_OK)
            cost->mem_kib = (uint32_t)n;
    }
    if (e == ERR_OK && cJSON_GetObjectItemCaseSensitive(c->q, "passes") != NULL) {
        e = json_get_int(c->q, "passes", 1, 16, &n, c->r);
        if (e == ERR_OK)
            cost->passes = (uint32_t)n;
    }
    return e;
}

static enum err read_request(struct admin_call *c, const char *name, struct enrol_request *out)
{
    struct store_invite i;
    const char *text;
    enum err e = json_get_text(c->q, "request", 1, ENROL_REQUEST_MAX, &text, c->r);

    if (e != ERR_OK)
        return e;
    e = hub_judge(c->hub, c->hub->store->ops->invite_get(c->hub->store, name, &i, c->r), c->r);
    if (e == ERR_NOT_FOUND)
        return err_because(c->r, e, "locker %s was not invited", name);
    if (e != ERR_OK)
        return e;
    if (clock_wall_ms() >= i.expires_ms)
        e = err_because(c->r, ERR_EXPIRED, "the invitation of locker %s is older than 24 hours", name);
    else
        e = enrol_open_request(&c->hub->keys, i.secret, text, strlen(text), out, c->r);
    sodium_memzero(&i, sizeof(i));
    return e;
}

static enum err check_fingerprint(struct admin_call *c, const struct enrol_request *q)
{
    const char *wanted;
    enum err e;

    if (cJSON_GetObjectItemCaseSensitive(c->q, "fingerprint") == NULL)
        return ERR_OK;
    e = json_get_text(c->q, "fingerprint", 1, ENROL_FINGERPRINT_CAP - 1, &wanted, c->r);
    if (e == ERR_OK && strcmp(wanted, q->fingerprint) != 0)
        e = err_because(c->r, ERR_FOREIGN, "the request has the fingerprint %s", q->fingerprint);
    return e;
}

/* Everything of the new locker that needs no database. */
static enum err make_locker(struct admin_call *c, const char *name, struct enrolling *x)
{
    const struct config *cfg = &c->hub->cfg;
    struct store_locker *row = &x->row;
    struct enrol_terms *t = &x->terms;
    struct ca_subject subject = {.purpose = CA_CLIENT, .days = ENROL_CERTIFICATE_DAYS};
    uint8_t serial[CA_SERIAL_LEN];
    char hex[2 * STORE_LOCKER_LEN + 1];
    enum err e;

    t->now_ms = row->created_ms = clock_wall_ms();
    t->name = name;
    randombytes_buf(row->id, sizeof(row->id));
    memcpy(t->locker, row->id, sizeof(t->locker));
    t->key.epoch = row->key_epoch = 1;
    randombytes_buf(t->key.bytes, sizeof(t->key.bytes));
    mint_key_seal(&c->hub->mint, row->id, &t->key, row->key_box);
    t->broker_host = cfg->broker_host;
    t->broker_port = cfg->broker_port;
    t->ca_pem = c->hub->ca_pem;
    num_to_hex(row->id, sizeof(row->id), hex);
    subject.cn = hex;
    subject.now_s = t->now_ms / 1000;
    memcpy(subject.public_key, t->request.tls_key, sizeof(subject.public_key));
    e = ca_issue(c->hub->ca, &subject, &x->certificate, serial, c->r);
    if (e != ERR_OK)
        return e == ERR_IO ? ERR_SIGNATURE : e; /* the disk has nothing to do with it */
    t->cert_pem = x->certificate;
    num_to_hex(serial, sizeof(serial), row->certificate);
    (void)snprintf(row->name, sizeof(row->name), "%s", name); /* length was checked */
    row->cost = t->cost;
    memcpy(row->sign_key, t->request.sign_key, sizeof(row->sign_key));
    memcpy(row->box_key, t->request.box_key, sizeof(row->box_key));
    memcpy(row->tls_key, t->request.tls_key, sizeof(row->tls_key));
    row->evt.epoch = row->cmd.epoch = 1;
    return ERR_OK;
}

/* A locker that is no more gives its name to the new one. */
static enum err rename_old(struct admin_call *c, struct store_locker *old)
{
    char hex[2 * SHORT_ID + 1];
    char name[STORE_NAME_CAP];

    num_to_hex(old->id, SHORT_ID, hex);
    (void)snprintf(name, sizeof(name), "%.*s #%s", ENROL_NAME_MAX, old->name, hex);
    (void)snprintf(old->name, sizeof(old->name), "%s", name); /* same capacity */
    return c->hub->store->ops->locker_update(c->hub->store, old, c->r);
}

static enum err insert_locker(struct admin_call *c, const struct enrolling *x)
{
    struct store *s = c->hub->store;
    struct store_locker old;
    bool had = false;
    enum err e = begin(c);

    if (e != ERR_OK)
        return e;
    e = check_free(c, x->row.name, &old, &had);
    if (e == ERR_OK && had)
        e = rename_old(c, &old);
    if (e == ERR_OK)
        e = s->ops->locker_insert(s, &x->row, c->r);
    if (e == ERR_OK)
        e = s->ops->invite_delete(s, x->row.name, c->r);
    if (e == ERR_OK)
        e = act_audit(c->hub, &c->who, "locker.enrolled", NULL, x->row.name, x->terms.request.fingerprint, c->r);
    sodium_memzero(&old, sizeof(old));
    return hub_end(c->hub, e, c->r);
}

enum err admin_enrol(struct admin_call *c)
{
    struct enrolling x = {.certificate = NULL};
    const char *name;
    char *grant;
    enum err e = json_get_text(c->q, "name", 1, ENROL_NAME_MAX, &name, c->r);

    if (e == ERR_OK)
        e = read_cost(c, &x.terms.cost);
    if (e == ERR_OK)
        e = read_request(c, name, &x.terms.request);
    if (e == ERR_OK)
        e = check_fingerprint(c, &x.terms.request);
    if (e == ERR_OK)
        e = make_locker(c, name, &x);
    if (e == ERR_OK)
        e = insert_locker(c, &x);
    if (e == ERR_OK) {
        grant = enrol_grant(&c->hub->keys, &x.terms);
        json_put_text(c->a, "grant", grant);
        json_put_hex(c->a, "locker", x.row.id, sizeof(x.row.id));
        json_put_text(c->a, "name", name);
        json_put_text(c->a, "fingerprint", x.terms.request.fingerprint);
        free(grant);
        tell_change(c->hub);
    }
    free(x.certificate);
    sodium_memzero(&x, sizeof(x));
    return e;
}

/* ---------------------------------------------------------------- revoke */

struct revoking {
    struct ca_revoked *list;
    size_t count;
    int64_t at_s;
};

static bool gather_revoked(void *arg, const struct store_locker *l)
{
    struct revoking *x = arg;

    if ((l->state == STORE_LOCKER_REVOKED || l->state == STORE_LOCKER_LOST) &&
        num_from_hex(l->certificate, x->list[x->count].serial, CA_SERIAL_LEN) == ERR_OK)
        x->list[x->count++].at_s = x->at_s;
    return x->count < REVOKED_MAX;
}

static enum err write_list(struct admin_call *c)
{
    struct revoking x = {.at_s = clock_wall_ms() / 1000};
    char path[FILE_PATH_CAP];
    char *pem = NULL;
    enum err e = hub_path(&c->hub->cfg, HUB_CRL_PEM, path, c->r);

    if (e != ERR_OK)
        return e;
    x.list = calloc(REVOKED_MAX, sizeof(*x.list));
    if (x.list == NULL)
        return err_because(c->r, ERR_MEMORY, "no memory");
    e = hub_judge(c->hub, c->hub->store->ops->locker_list(c->hub->store, gather_revoked, &x, c->r), c->r);
    if (e == ERR_OK)
        e = ca_revocation_list(c->hub->ca, x.list, x.count, x.at_s, x.at_s, &pem, c->r);
    if (e == ERR_OK)
        e = file_replace(path, pem, strlen(pem), 0644, c->r);
    json_put_text(c->a, "crl", path);
    free(pem);
    free(x.list);
    return e;
}

static enum err set_state(struct admin_call *c, struct store_locker *l, enum store_locker_state state,
                          const char *action, const char *detail)
{
    enum err e = begin(c);

    if (e != ERR_OK)
        return e;
    l->state = state;
    e = c->hub->store->ops->locker_update(c->hub->store, l, c->r);
    if (e == ERR_OK)
        e = act_audit(c->hub, &c->who, action, NULL, l->name, detail, c->r);
    return hub_end(c->hub, e, c->r);
}

/* A locker that counts no more: who asked, the link and the broker hear of it. Wipes l. */
static enum err tell_gone(struct admin_call *c, struct store_locker *l, enum err e)
{
    if (e == ERR_OK) {
        json_put_text(c->a, "name", l->name);
        tell_change(c->hub);
        e = write_list(c);
    }
    sodium_memzero(l, sizeof(*l));
    return e;
}

enum err admin_revoke(struct admin_call *c)
{
    struct store_locker l;
    enum err e = admin_find_locker(c, "name", &l);

    if (e != ERR_OK)
        return e;
    if (l.state == STORE_LOCKER_REVOKED || l.state == STORE_LOCKER_LOST)
        e = err_because(c->r, ERR_STATE, "locker %s is %s already", l.name, store_locker_state_name(l.state));
    else
        e = set_state(c, &l, STORE_LOCKER_REVOKED, "locker.revoked", NULL);
    return tell_gone(c, &l, e);
}

/* ---------------------------------------------------------------- lost */

struct lost_orders {
    uint8_t id[ORDERS_MAX][ORDER_ID_LEN];
    unsigned count;
};

static bool gather_lost(void *arg, const struct order *o)
{
    struct lost_orders *x = arg;

    memcpy(x->id[x->count++], o->id, ORDER_ID_LEN);
    return x->count < ORDERS_MAX;
}

static enum err lose_order(struct admin_call *c, const uint8_t *id)
{
    struct order_event ev = {.kind = ORDER_EVENT_DEVICE_LOST, .at_ms = clock_wall_ms()};
    struct order o;
    enum err e = c->hub->store->ops->order_get(c->hub->store, id, &o, c->r);

    if (e != ERR_OK)
        return e;
    ev.load = o.load;
    memcpy(ev.locker, o.locker, sizeof(ev.locker));
    e = act_apply(c->hub, &o, &ev, c->r);
    return e == ERR_OK ? act_audit(c->hub, &c->who, "order.device_lost", id, order_state_name(o.state), NULL, c->r) : e;
}

static enum err lose_orders(struct admin_call *c, const struct store_locker *l)
{
    struct store_order_filter f = {
        .states = order_states_that_may(ORDER_EVENT_DEVICE_LOST), .has_locker = true, .limit = ORDERS_MAX};
    struct lost_orders *x = calloc(1, sizeof(*x));
    enum err e;

    if (x == NULL)
        return err_because(c->r, ERR_MEMORY, "no memory");
    memcpy(f.locker, l->id, sizeof(f.locker));
    e = c->hub->store->ops->order_list(c->hub->store, &f, gather_lost, x, c->r);
    for (unsigned i = 0; i < x->count && e == ERR_OK; i++)
        e = lose_order(c, x->id[i]);
    if (e == ERR_OK && x->count == ORDERS_MAX)
        e = err_because(c->r, ERR_TOO_LONG, "more than %d bags in one locker", ORDERS_MAX);
    json_put_int(c->a, "orders", x->count);
    free(x);
    return e;
}

/* Two different members of staff who may see patients answer for it. */
static enum err check_two(struct admin_call *c, char *both, size_t cap)
{
    static const char *const keys[] = {"user", "witness"};
    const char *name[2];
    struct store_user u;
    enum err e = ERR_OK;

    for (unsigned i = 0; i < 2 && e == ERR_OK; i++) {
        e = json_get_text(c->q, keys[i], 1, STORE_NAME_CAP - 1, &name[i], c->r);
        if (e == ERR_OK)
            e = hub_judge(c->hub, c->hub->store->ops->user_get(c->hub->store, name[i], &u, c->r), c->r);
        if (e == ERR_OK && (u.disabled || !view_role_knows_patients(u.role)))
            e = err_because(c->r, ERR_DENIED, "%s: must be a pharmacist", keys[i]);
    }
    if (e == ERR_OK && strcmp(name[0], name[1]) == 0)
        e = err_because(c->r, ERR_DENIED, "two different persons must say so");
    if (e == ERR_OK)
        (void)snprintf(both, cap, "%.60s and %.60s", name[0], name[1]);
    sodium_memzero(&u, sizeof(u));
    return e;
}

enum err admin_lost(struct admin_call *c)
{
    char both[STORE_TEXT_CAP];
    struct store_locker l;
    enum err e = check_two(c, both, sizeof(both));

    if (e == ERR_OK)
        e = admin_find_locker(c, "name", &l);
    if (e != ERR_OK)
        return e;
    e = begin(c);
    if (e == ERR_OK) {
        l.state = STORE_LOCKER_LOST;
        e = c->hub->store->ops->locker_update(c->hub->store, &l, c->r);
        if (e == ERR_OK)
            e = lose_orders(c, &l);
        if (e == ERR_OK)
            e = act_audit(c->hub, &c->who, "locker.lost", NULL, l.name, both, c->r);
        e = hub_end(c->hub, e, c->r);
    }
    return tell_gone(c, &l, e);
}

/* ---------------------------------------------------------------- list, address */

enum err admin_lockers(struct admin_call *c)
{
    return hub_judge(c->hub, view_lockers(c->hub, c->a, c->r), c->r);
}

/* One line of text about a locker, which its slips tell: a member of l, which is read here. */
static enum err set_line(struct admin_call *c, struct store_locker *l, char *member, size_t cap, const char *key,
                         const char *action)
{
    const char *line;
    enum err e = json_get_text(c->q, key, 0, cap - 1, &line, c->r);

    if (e == ERR_OK)
        e = admin_find_locker(c, "name", l);
    if (e != ERR_OK)
        return e;
    e = request_text(member, cap, line, strlen(line));
    if (e != ERR_OK)
        e = err_because(c->r, e, "%s: not a line of text", key);
    else
        e = set_state(c, l, l->state, action, NULL);
    sodium_memzero(l, sizeof(*l));
    return e;
}

enum err admin_address(struct admin_call *c)
{
    struct store_locker l;

    return set_line(c, &l, l.address, sizeof(l.address), "address", "locker.address");
}

enum err admin_hours(struct admin_call *c)
{
    struct store_locker l;

    return set_line(c, &l, l.hours, sizeof(l.hours), "hours", "locker.hours");
}
