/* SPDX-License-Identifier: Apache-2.0 */
/* view: bags of one person at one locker, and who else may collect them. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "backend/carer.h"
#include "backend/person.h"
#include "backend/recode.h"
#include "backend/view.h"
#include "common/json.h"
#include "common/num.h"

#define TOGETHER_MAX 50

struct together {
    const struct order *self;
    cJSON *array;
};

static bool add_together(void *arg, const struct order *o)
{
    struct together *t = arg;
    cJSON *row;

    if (memcmp(o->id, t->self->id, sizeof(o->id)) == 0)
        return true;
    row = json_put_object(t->array, NULL);
    json_put_hex(row, "id", o->id, sizeof(o->id));
    json_put_int(row, "number", o->number);
    json_put_text(row, "state", order_state_name(o->state));
    json_put_text(row, "door", o->door[0] != '\0' ? o->door : NULL);
    return true;
}

enum err view_together(struct hub *hub, const struct order *o, cJSON *into, struct reason *r)
{
    struct store_order_filter f = {.has_locker = true, .has_person = true, .limit = TOGETHER_MAX};
    struct together t = {.self = o, .array = json_put_array(into, "with")};

    if (!person_is_known(o->person) || !order_has_live_code(o->state))
        return ERR_OK;
    for (unsigned i = 0; i < ORDER_STATE_N; i++)
        f.states |= order_has_live_code((enum order_state)i) ? 1u << i : 0;
    memcpy(f.locker, o->locker, sizeof(f.locker));
    memcpy(f.person, o->person, sizeof(f.person));
    return hub->store->ops->order_list(hub->store, &f, add_together, &t, r);
}

/* ---------------------------------------------------------------- carers */

struct viewing_carers {
    struct hub *hub;
    const struct order *order;
    cJSON *array, *places;
    const struct store_carer *carer;
    int64_t now_ms;
    enum err e;
    struct reason *r;
};

/* What matters of all places of one right. */
struct reach {
    bool unconfirmed;
    uint32_t load; /* once, which has one place */
};

/* What the right is worth, said as the lockers have confirmed it. */
static const char *right_state(const struct store_carer *c, const struct order *o, const struct reach *at,
                               int64_t now_ms)
{
    bool once = !c->standing && memcmp(c->order, o->id, sizeof(o->id)) == 0;

    if (c->revoked_ms != 0)
        return at->unconfirmed ? "revoking" : "revoked";
    if (once && at->load != o->load) /* packed again: that bag is no more */
        return "replaced";
    if (c->not_after_s * 1000 <= now_ms)
        return "expired";
    return once && !order_has_live_code(o->state) ? "used" : "valid";
}

static bool add_place(void *arg, const struct store_carer_place *p)
{
    struct viewing_carers *v = arg;
    struct store_locker l;
    char carer[2 * TOKEN_CARER_LEN + 1], locker[2 * STORE_LOCKER_LEN + 1], card[96];
    cJSON *row = json_put_object(v->places, NULL);

    v->e = v->hub->store->ops->locker_get(v->hub->store, p->locker, &l, v->r);
    if (v->e != ERR_OK)
        return false;
    num_to_hex(p->locker, sizeof(p->locker), locker);
    num_to_hex(p->carer, sizeof(p->carer), carer);
    (void)snprintf(card, sizeof(card), "/api/carers/%s/card?locker=%s", carer, locker);
    json_put_text(row, "locker", locker);
    json_put_text(row, "name", l.name);
    json_put_text(row, "code", store_reply_name(p->grant));
    json_put_text(row, "revoke", store_reply_name(p->revoke));
    json_put_text(row, "card", v->carer->revoked_ms == 0 && !v->carer->strip ? card : NULL);
    sodium_memzero(&l, sizeof(l));
    return true;
}

static bool note_place(void *arg, const struct store_carer_place *p)
{
    struct reach *at = arg;

    at->load = p->load;
    at->unconfirmed = at->unconfirmed || p->revoke == STORE_REPLY_PENDING || p->revoke == STORE_REPLY_REFUSED;
    return true;
}

static bool add_carer(void *arg, const struct store_carer *c)
{
    struct viewing_carers *v = arg;
    struct store *s = v->hub->store;
    struct reach at = {.unconfirmed = false};
    cJSON *row = json_put_object(v->array, NULL);
    enum err e;

    v->e = s->ops->carer_places(s, c->carer, note_place, &at, v->r);
    if (v->e != ERR_OK)
        return false;
    json_put_hex(row, "id", c->carer, sizeof(c->carer));
    json_put_text(row, "name", c->strip ? NULL : c->name);
    json_put_text(row, "kind", c->strip ? "strip" : c->standing ? "standing" : "once");
    json_put_text(row, "state", right_state(c, v->order, &at, v->now_ms));
    json_put_int(row, "not_after_s", c->not_after_s);
    json_put_int(row, "created_ms", c->created_ms);
    json_put_text(row, "created_by", c->created_by);
    json_put_text(row, "revoked_by", c->revoked_by[0] != '\0' ? c->revoked_by : NULL);
    v->carer = c;
    v->places = json_put_array(row, "places");
    e = s->ops->carer_places(s, c->carer, add_place, v, v->r);
    if (e != ERR_OK)
        v->e = e;
    return v->e == ERR_OK;
}

enum err view_carers(struct hub *hub, const struct order *o, cJSON *into, struct reason *r)
{
    struct viewing_carers v = {.hub = hub, .order = o, .array = json_put_array(into, "carers"), .r = r};
    uint8_t holder[TOKEN_PERSON_LEN];
    enum err e;

    v.now_ms = clock_wall_ms();
    carer_holder(hub, o, holder);
    e = hub->store->ops->carer_list(hub->store, o->id, holder, add_carer, &v, r);
    return e != ERR_OK ? e : v.e;
}

/* ---------------------------------------------------------------- codes made anew */

static bool add_recode(void *arg, const struct store_recode *x)
{
    cJSON *row = json_put_object(arg, NULL);

    json_put_int(row, "at_ms", x->made_ms);
    json_put_text(row, "by", x->made_by);
    json_put_text(row, "reason", x->reason);
    json_put_text(row, "state", store_reply_name(x->reply));
    json_put_text(row, "cause", x->cause[0] != '\0' ? x->cause : NULL);
    if (x->settled_ms != 0)
        json_put_int(row, "settled_ms", x->settled_ms);
    else
        json_put_text(row, "settled_ms", NULL);
    return true;
}

enum err view_recodes(struct hub *hub, const struct order *o, cJSON *into, struct reason *r)
{
    struct store_packing p = {.code_kept = false};
    char hex[2 * ORDER_ID_LEN + 1], slip[80];
    uint32_t left = 0;
    enum err e = hub->store->ops->recode_list(hub->store, o->id, add_recode, json_put_array(into, "recodes"), r);

    if (e == ERR_OK)
        e = recode_left(hub, o->id, &left, r);
    if (e == ERR_OK && o->load > 0)
        e = hub->store->ops->packing_get(hub->store, o->id, o->load, &p, r);
    if (e != ERR_OK)
        return e;
    num_to_hex(o->id, sizeof(o->id), hex);
    (void)snprintf(slip, sizeof(slip), "/api/orders/%s/slip", hex);
    json_put_int(into, "left", left);
    json_put_text(into, "slip", p.code_kept && order_has_live_code(o->state) ? slip : NULL);
    sodium_memzero(&p, sizeof(p));
    return ERR_OK;
}
