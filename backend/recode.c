/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/recode.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "backend/carer.h"
#include "backend/outbox.h"
#include "backend/policy.h"
#include "common/json.h"

#define ACTION "order.recode"
#define HOUR_MS (INT64_C(60) * 60 * 1000)

/* ---------------------------------------------------------------- caps */

enum err recode_left(struct hub *hub, const uint8_t order[ORDER_ID_LEN], uint32_t *left, struct reason *r)
{
    int64_t cap = policy_int(hub, "cap.recode_order");
    uint32_t made = 0;
    enum err e = hub->store->ops->audit_count(hub->store, ACTION, NULL, order, 0, &made, r);

    if (e == ERR_OK)
        *left = made < cap ? (uint32_t)(cap - made) : 0;
    return e;
}

enum err recode_check_caps(struct hub *hub, const struct act_who *who, const uint8_t order[ORDER_ID_LEN], bool *capped,
                           struct reason *r)
{
    int64_t cap = policy_int(hub, "cap.recode_hour");
    uint32_t left = 0, made = 0;
    enum err e = recode_left(hub, order, &left, r);

    if (e == ERR_OK && left == 0)
        return err_because(r, ERR_STATE, "this order has had all the new codes it may have: take the bag back instead");
    if (e == ERR_OK)
        e = hub->store->ops->audit_count(hub->store, ACTION, who->name, NULL, clock_wall_ms() - HOUR_MS, &made, r);
    if (e != ERR_OK)
        return e;
    *capped = made >= cap;
    return *capped ? err_because(r, ERR_BUSY, "you made %u new codes within the hour: ask a colleague, or wait", made)
                   : ERR_OK;
}

/* ---------------------------------------------------------------- a new code */

static bool note_pending(void *arg, const struct store_recode *x)
{
    bool *pending = arg;

    *pending = *pending || x->reply == STORE_REPLY_PENDING;
    return true;
}

static enum err check(struct hub *hub, struct recode *x, struct order *o, struct reason *r)
{
    struct store *s = hub->store;
    bool pending = false;
    enum err e = s->ops->order_get(s, x->order, o, r);

    if (e == ERR_OK && o->state != ORDER_READY)
        e = err_because(r, ERR_STATE, "order %lld is %s: only a bag that lies ready gets a new code",
                        (long long)o->number, order_state_name(o->state));
    if (e == ERR_OK)
        e = s->ops->recode_list(s, o->id, note_pending, &pending, r);
    if (e == ERR_OK && pending)
        e = err_because(r, ERR_STATE, "the locker has not confirmed the last new code yet");
    return e == ERR_OK ? recode_check_caps(hub, &x->who, x->order, &x->capped, r) : e;
}

enum err recode_begin(struct hub *hub, struct recode *x, struct reason *r)
{
    struct store *s = hub->store;
    struct store_locker l;
    struct order o;
    enum err e = check(hub, x, &o, r);

    if (e != ERR_OK)
        return hub_judge(hub, e, r);
    e = s->ops->locker_get(s, o.locker, &l, r);
    if (e == ERR_OK && l.state != STORE_LOCKER_ACTIVE)
        e = err_because(r, ERR_STATE, "locker %s is %s", l.name, store_locker_state_name(l.state));
    if (e == ERR_OK)
        e = mint_draw(&hub->mint, s, &l, &x->job, r);
    if (e == ERR_FULL)
        e = ERR_BUSY; /* no free code; ERR_FULL is the disk's */
    sodium_memzero(&l, sizeof(l));
    return hub_judge(hub, e, r);
}

static enum err send(struct hub *hub, const struct order *o, const struct mint_verifiers *v, struct store_recode *row,
                     struct reason *r)
{
    cJSON *dat = json_new_object();
    enum err e;

    json_put_hex(dat, "ord", o->id, sizeof(o->id));
    json_put_int(dat, "lod", o->load);
    json_put_int(dat, "key_epoch", row->key_epoch);
    if (v->has_v1)
        json_put_hex(dat, "v1", v->v1, sizeof(v->v1));
    json_put_hex(dat, "v2", v->v2, sizeof(v->v2));
    json_put_hex(dat, "token", v->token, sizeof(v->token));
    e = outbox_append(hub, o->locker, "order.recode.v1", dat, &row->seq, r);
    cJSON_Delete(dat);
    return e;
}

static enum err finish_inside(struct hub *hub, struct recode *x, struct reason *r)
{
    struct mint_verifiers v = {.has_v1 = false};
    struct order o;
    enum err e = check(hub, x, &o, r);

    if (e == ERR_OK)
        e = mint_recode(&hub->mint, &x->job, &o, &v, &x->row, r);
    if (e == ERR_OK)
        e = send(hub, &o, &v, &x->row, r);
    sodium_memzero(&v, sizeof(v));
    if (e != ERR_OK)
        return e;
    x->row.reply = STORE_REPLY_PENDING;
    x->row.made_ms = clock_wall_ms();
    (void)snprintf(x->row.reason, sizeof(x->row.reason), "%s", x->reason);     /* same capacity */
    (void)snprintf(x->row.made_by, sizeof(x->row.made_by), "%s", x->who.name); /* same capacity */
    e = hub->store->ops->recode_insert(hub->store, &x->row, r);
    if (e == ERR_OK)
        e = carer_renew_strip(hub, &x->who, &o, r);
    return e == ERR_OK ? act_audit(hub, &x->who, ACTION, x->order, NULL, x->reason, r) : e;
}

enum err recode_finish(struct hub *hub, struct recode *x, struct reason *r)
{
    enum err e = hub_judge(hub, hub->store->ops->begin(hub->store, r), r);

    if (e == ERR_OK)
        e = hub_end(hub, finish_inside(hub, x, r), r);
    if (e == ERR_OK)
        act_tell_commands(hub);
    return e;
}

enum err recode_tidy(struct hub *hub, struct reason *r)
{
    enum err e = hub_judge(hub, hub->store->ops->begin(hub->store, r), r);

    if (e != ERR_OK)
        return e;
    return hub_end(hub, hub->store->ops->packing_forget_recoded(hub->store, clock_wall_ms() - RECODE_KEEP_MS, r), r);
}
