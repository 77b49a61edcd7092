/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/carer.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "backend/outbox.h"
#include "backend/person.h"
#include "common/json.h"
#include "common/num.h"

#define DAY_S 86400
#define PLACES_MAX 64 /* lockers that one right reaches: taking it back reaches them all */

void carer_holder(const struct hub *hub, const struct order *o, uint8_t holder[TOKEN_PERSON_LEN])
{
    static const uint8_t everywhere[PERSON_LOCKER_LEN];

    person_tag(hub->mint.person_key, everywhere, &o->ask, holder);
}

/* ---------------------------------------------------------------- giving a right */

static enum err check_end(struct carer_grant *g, const struct order *o, int64_t now_s, struct reason *r)
{
    int64_t most = g->standing ? now_s + (int64_t)CARER_DAYS_MAX * DAY_S : o->ask.not_after_s;

    if (g->not_after_s == 0)
        g->not_after_s = g->standing ? now_s + (int64_t)CARER_DAYS_DEFAULT * DAY_S : o->ask.not_after_s;
    if (g->not_after_s > now_s && g->not_after_s <= most)
        return ERR_OK;
    return err_because(r, ERR_RANGE,
                       g->standing ? "not_after_s: in the future, at most %d days from now"
                                   : "not_after_s: in the future, not after the pickup window",
                       CARER_DAYS_MAX);
}

static enum err check_order(const struct carer_grant *g, const struct order *o, struct reason *r)
{
    switch (o->state) {
    case ORDER_PACKED:
    case ORDER_IN_TRANSIT:
    case ORDER_READY:
    case ORDER_UNCONFIRMED:
        break;
    case ORDER_REGISTERED:
    case ORDER_WITHDRAWING:
    case ORDER_WITHDRAWN:
    case ORDER_EXPIRED:
    case ORDER_RECALLED:
    case ORDER_RETURNED:
    case ORDER_COLLECTED:
    case ORDER_RESTOCKED:
    case ORDER_DESTROYED:
    case ORDER_LOST:
    case ORDER_CANCELLED:
    case ORDER_STATE_N:
        return err_because(r, ERR_STATE, "order %lld is %s: there is no bag to collect", (long long)o->number,
                           order_state_name(o->state));
    }
    if (g->standing && !person_is_known(o->person))
        return err_because(r, ERR_STATE,
                           "this bag is on its own (no birth date, or packed so): a standing right needs "
                           "a person");
    return ERR_OK;
}

static enum err check(struct hub *hub, struct carer_grant *g, struct order *o, struct reason *r)
{
    enum err e = hub->store->ops->order_get(hub->store, g->order, o, r);

    if (e == ERR_OK)
        e = check_order(g, o, r);
    return e == ERR_OK ? check_end(g, o, clock_wall_ms() / 1000, r) : e;
}

enum err carer_begin(struct hub *hub, struct carer_grant *g, struct reason *r)
{
    struct store *s = hub->store;
    struct store_locker l;
    struct order o;
    enum err e;

    if (g->name[strspn(g->name, " ")] == '\0')
        return err_because(r, ERR_SYNTAX, "name: who is it?");
    e = check(hub, g, &o, r);
    if (e == ERR_OK && g->with_code) {
        e = s->ops->locker_get(s, o.locker, &l, r);
        if (e == ERR_OK)
            e = mint_draw(&hub->mint, s, &l, &g->job, r);
        if (e == ERR_FULL)
            e = ERR_BUSY; /* no free code; ERR_FULL is the disk's */
        sodium_memzero(&l, sizeof(l));
    }
    return hub_judge(hub, e, r);
}

static void put_verifiers(cJSON *dat, uint32_t key_epoch, const struct mint_verifiers *v)
{
    json_put_int(dat, "key_epoch", key_epoch);
    if (v->has_v1)
        json_put_hex(dat, "v1", v->v1, sizeof(v->v1));
    json_put_hex(dat, "v2", v->v2, sizeof(v->v2));
}

/* The carer's own code goes to the locker; it works when the locker says so. */
static enum err send_code(struct hub *hub, struct carer_grant *g, const struct order *o, struct reason *r)
{
    struct mint_verifiers v;
    enum err e = mint_carer(&hub->mint, &g->job, o, &g->carer, &v, g->place.code_index, r);
    cJSON *dat;

    if (e != ERR_OK)
        return e;
    dat = json_new_object();
    json_put_hex(dat, "carer", g->carer.carer, sizeof(g->carer.carer));
    if (g->standing) {
        json_put_hex(dat, "person", g->place.person, sizeof(g->place.person));
    } else {
        json_put_hex(dat, "ord", o->id, sizeof(o->id));
        json_put_int(dat, "lod", o->load);
    }
    json_put_int(dat, "not_after_s", g->carer.not_after_s);
    put_verifiers(dat, g->job.key.epoch, &v);
    sodium_memzero(&v, sizeof(v));
    e = outbox_append(hub, o->locker, "carer.grant.v1", dat, &g->place.grant_seq, r);
    cJSON_Delete(dat);
    g->place.code_live = true;
    g->place.grant = STORE_REPLY_PENDING;
    return e;
}

static void fill(struct hub *hub, struct carer_grant *g, const struct order *o)
{
    struct store_carer *c = &g->carer;
    struct store_carer_place *p = &g->place;

    memset(c, 0, sizeof(*c));
    memset(p, 0, sizeof(*p));
    randombytes_buf(c->carer, sizeof(c->carer));
    memcpy(c->name, g->name, sizeof(c->name));
    c->strip = g->strip;
    c->standing = g->standing;
    memcpy(c->order, o->id, sizeof(c->order));
    carer_holder(hub, o, c->holder);
    c->not_after_s = g->not_after_s;
    c->created_ms = clock_wall_ms();
    (void)snprintf(c->created_by, sizeof(c->created_by), "%s", g->who.name); /* same capacity */
    memcpy(p->carer, c->carer, sizeof(p->carer));
    memcpy(p->locker, o->locker, sizeof(p->locker));
    memcpy(p->person, o->person, sizeof(p->person));
    p->load = g->standing ? 0 : o->load;
    p->changed_ms = c->created_ms;
}

static enum err audit(struct hub *hub, const struct act_who *who, const char *action, const struct store_carer *c,
                      const char *detail, struct reason *r)
{
    char hex[2 * TOKEN_CARER_LEN + 1];

    num_to_hex(c->carer, sizeof(c->carer), hex);
    return act_audit(hub, who, action, c->order, hex, detail, r);
}

static enum err put_right(struct hub *hub, struct carer_grant *g, const struct order *o, struct reason *r)
{
    struct store *s = hub->store;
    const char *what = g->with_code ? "card and code" : g->strip ? "strip" : "card";
    char detail[STORE_TEXT_CAP];
    enum err e;

    fill(hub, g, o);
    e = s->ops->carer_insert(s, &g->carer, r);
    if (e == ERR_OK && g->with_code)
        e = send_code(hub, g, o, r);
    if (e == ERR_OK)
        e = s->ops->carer_place_put(s, &g->place, r);
    if (e != ERR_OK)
        return e;
    (void)snprintf(detail, sizeof(detail), "%s, %s", g->standing ? "standing" : "once", what);
    return audit(hub, &g->who, "carer.granted", &g->carer, detail, r);
}

static enum err finish_inside(struct hub *hub, struct carer_grant *g, struct reason *r)
{
    struct order o;
    enum err e = check(hub, g, &o, r);

    if (e == ERR_OK && g->with_code && memcmp(o.locker, g->job.locker, sizeof(o.locker)) != 0)
        e = err_because(r, ERR_STATE, "the bag was packed for another locker meanwhile");
    return e == ERR_OK ? put_right(hub, g, &o, r) : e;
}

enum err carer_finish(struct hub *hub, struct carer_grant *g, struct reason *r)
{
    enum err e = hub_judge(hub, hub->store->ops->begin(hub->store, r), r);

    if (e == ERR_OK)
        e = hub_end(hub, finish_inside(hub, g, r), r);
    if (e == ERR_OK && g->with_code)
        act_tell_commands(hub);
    return e;
}

/* ---------------------------------------------------------------- taking it back */

struct places {
    struct store_carer_place place[PLACES_MAX];
    unsigned count;
};

static bool gather_place(void *arg, const struct store_carer_place *p)
{
    struct places *to = arg;

    to->place[to->count++] = *p;
    return to->count < PLACES_MAX;
}

static enum err revoke_at(struct hub *hub, const struct store_carer *c, struct store_carer_place *p, struct reason *r)
{
    cJSON *dat = json_new_object();
    enum err e;

    json_put_hex(dat, "carer", c->carer, sizeof(c->carer));
    json_put_int(dat, "not_after_s", c->not_after_s);
    e = outbox_append(hub, p->locker, "carer.revoke.v1", dat, &p->revoke_seq, r);
    cJSON_Delete(dat);
    p->revoke = STORE_REPLY_PENDING;
    if (e == ERR_STATE) { /* a revoked or lost locker hears nothing, and nobody confirms: said as it is */
        p->revoke = STORE_REPLY_REFUSED;
        e = ERR_OK;
    }
    p->changed_ms = clock_wall_ms();
    return e == ERR_OK ? hub->store->ops->carer_place_put(hub->store, p, r) : e;
}

static enum err revoke_inside(struct hub *hub, const struct act_who *who, const uint8_t *id, struct reason *r)
{
    struct store *s = hub->store;
    struct places all = {.count = 0};
    struct store_carer c;
    enum err e = s->ops->carer_get(s, id, &c, r);

    if (e == ERR_OK && c.revoked_ms != 0)
        e = err_because(r, ERR_STATE, "this right was revoked already");
    if (e == ERR_OK)
        e = s->ops->carer_places(s, id, gather_place, &all, r);
    for (unsigned i = 0; i < all.count && e == ERR_OK; i++)
        e = revoke_at(hub, &c, &all.place[i], r);
    if (e != ERR_OK)
        return e;
    c.revoked_ms = clock_wall_ms();
    (void)snprintf(c.revoked_by, sizeof(c.revoked_by), "%s", who->name); /* same capacity */
    e = s->ops->carer_update(s, &c, r);
    return e == ERR_OK ? audit(hub, who, "carer.revoked", &c, NULL, r) : e;
}

enum err carer_revoke(struct hub *hub, const struct act_who *who, const uint8_t carer[TOKEN_CARER_LEN],
                      struct reason *r)
{
    enum err e = hub_judge(hub, hub->store->ops->begin(hub->store, r), r);

    if (e == ERR_OK)
        e = hub_end(hub, revoke_inside(hub, who, carer, r), r);
    if (e == ERR_OK)
        act_tell_commands(hub);
    return e;
}

/* ---------------------------------------------------------------- following the person */

#define RIGHTS_MAX 32

struct rights {
    struct store_carer carer[RIGHTS_MAX];
    unsigned count;
    int64_t now_s;
};

static bool gather_standing(void *arg, const struct store_carer *c)
{
    struct rights *to = arg;

    if (c->standing && c->revoked_ms == 0 && c->not_after_s > to->now_s)
        to->carer[to->count++] = *c;
    return to->count < RIGHTS_MAX;
}

static enum err follow_one(struct hub *hub, const struct act_who *who, const struct store_carer *c,
                           const struct order *o, struct reason *r)
{
    struct store *s = hub->store;
    struct store_carer_place p;
    struct places all = {.count = 0};
    char hex[2 * TOKEN_CARER_LEN + 1];
    enum err e = s->ops->carer_place_get(s, c->carer, o->locker, &p, r);

    if (e != ERR_NOT_FOUND)
        return e;
    e = s->ops->carer_places(s, c->carer, gather_place, &all, r);
    if (e != ERR_OK)
        return e;
    num_to_hex(c->carer, sizeof(c->carer), hex);
    if (all.count == PLACES_MAX)
        return act_audit(hub, who, "carer.not_followed", o->id, hex, "this right reaches as many lockers as one can",
                         r);
    memset(&p, 0, sizeof(p));
    memcpy(p.carer, c->carer, sizeof(p.carer));
    memcpy(p.locker, o->locker, sizeof(p.locker));
    memcpy(p.person, o->person, sizeof(p.person));
    p.changed_ms = clock_wall_ms();
    e = s->ops->carer_place_put(s, &p, r);
    return e == ERR_OK ? act_audit(hub, who, "carer.followed", o->id, hex, "a new card is needed for this locker", r)
                       : e;
}

enum err carer_follow(struct hub *hub, const struct act_who *who, const struct order *o, struct reason *r)
{
    struct rights all = {.now_s = clock_wall_ms() / 1000};
    uint8_t holder[TOKEN_PERSON_LEN];
    enum err e;

    carer_holder(hub, o, holder);
    if (!person_is_known(o->person) || !person_is_known(holder))
        return ERR_OK;
    e = hub->store->ops->carer_list(hub->store, o->id, holder, gather_standing, &all, r);
    for (unsigned i = 0; i < all.count && e == ERR_OK; i++)
        e = follow_one(hub, who, &all.carer[i], o, r);
    sodium_memzero(&all, sizeof(all));
    return e;
}

/* ---------------------------------------------------------------- the card */

static enum err find_place(struct store *s, const struct store_carer *c, const uint8_t *locker,
                           struct store_carer_place *p, struct reason *r)
{
    struct places all = {.count = 0};
    struct order o;
    enum err e;

    if (sodium_is_zero(locker, STORE_LOCKER_LEN) == 0)
        return s->ops->carer_place_get(s, c->carer, locker, p, r);
    e = s->ops->order_get(s, c->order, &o, r);
    if (e == ERR_OK)
        e = s->ops->carer_place_get(s, c->carer, o.locker, p, r);
    if (e != ERR_NOT_FOUND)
        return e;
    e = s->ops->carer_places(s, c->carer, gather_place, &all, r); /* the order moved on: any */
    if (e == ERR_OK && all.count == 0)
        e = ERR_NOT_FOUND;
    if (e == ERR_OK)
        *p = all.place[0];
    return e;
}

enum err carer_card(struct hub *hub, const uint8_t carer[TOKEN_CARER_LEN], const uint8_t locker[STORE_LOCKER_LEN],
                    struct store_carer *c, struct store_carer_place *p, char text[TOKEN_TEXT_CAP], struct reason *r)
{
    struct store *s = hub->store;
    enum err e = s->ops->carer_get(s, carer, c, r);

    if (e == ERR_OK && c->revoked_ms != 0)
        e = err_because(r, ERR_STATE, "this right was revoked");
    if (e == ERR_OK && c->strip)
        e = err_because(r, ERR_STATE, "this right is the strip of a slip: print the slip");
    if (e == ERR_OK && c->not_after_s * 1000 <= clock_wall_ms())
        e = err_because(r, ERR_EXPIRED, "this right is over");
    if (e == ERR_OK)
        e = find_place(s, c, locker, p, r);
    if (e == ERR_OK)
        mint_card(&hub->mint, c, p, text);
    return hub_judge(hub, e, r);
}

/* ---------------------------------------------------------------- the strip of a slip */

enum err carer_give_strip(struct hub *hub, const struct act_who *who, const struct order *o, struct reason *r)
{
    struct carer_grant g = {.who = *who, .strip = true, .not_after_s = o->ask.not_after_s};

    return put_right(hub, &g, o, r);
}

/* The newest comes first. */
static bool note_strip(void *arg, const struct store_carer *c)
{
    if (!c->strip || c->revoked_ms != 0)
        return true;
    *(struct store_carer *)arg = *c;
    return false;
}

/* The strip of the slip that is out now; ERR_NOT_FOUND. One of an earlier packing is for a load that opens nothing. */
static enum err find_strip(struct hub *hub, const struct order *o, struct store_carer *c, struct store_carer_place *p,
                           struct reason *r)
{
    static const uint8_t nobody[TOKEN_PERSON_LEN];
    struct store *s = hub->store;
    enum err e;

    memset(c, 0, sizeof(*c));
    e = s->ops->carer_list(s, o->id, nobody, note_strip, c, r);
    if (e == ERR_OK && !c->strip)
        return ERR_NOT_FOUND;
    if (e == ERR_OK)
        e = s->ops->carer_place_get(s, c->carer, o->locker, p, r);
    return e == ERR_OK && p->load != o->load ? ERR_NOT_FOUND : e;
}

enum err carer_strip(struct hub *hub, const struct order *o, char text[TOKEN_TEXT_CAP], struct reason *r)
{
    struct store_carer c;
    struct store_carer_place p;
    enum err e = find_strip(hub, o, &c, &p, r);

    text[0] = '\0';
    if (e == ERR_OK && c.not_after_s * 1000 > clock_wall_ms())
        mint_card(&hub->mint, &c, &p, text);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err carer_renew_strip(struct hub *hub, const struct act_who *who, const struct order *o, struct reason *r)
{
    struct store_carer c;
    struct store_carer_place p;
    enum err e = find_strip(hub, o, &c, &p, r);

    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    if (e == ERR_OK)
        e = revoke_inside(hub, who, c.carer, r);
    return e == ERR_OK ? carer_give_strip(hub, who, o, r) : e;
}
