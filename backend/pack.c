/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/pack.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/allot.h"
#include "backend/carer.h"
#include "backend/outbox.h"
#include "backend/person.h"
#include "backend/policy.h"
#include "backend/recode.h"
#include "common/num.h"

#define CANDIDATES_MAX 256

/* ---------------------------------------------------------------- choosing a locker */

struct choosing {
    struct store_locker locker[CANDIDATES_MAX];
    struct allot_candidate candidate[CANDIDATES_MAX];
    unsigned count;
};

static bool take_candidate(void *arg, const struct store_locker *l)
{
    struct choosing *c = arg;

    if (l->state == STORE_LOCKER_ACTIVE) {
        c->locker[c->count] = *l;
        c->candidate[c->count].locker = &c->locker[c->count];
        c->count++;
    }
    return c->count < CANDIDATES_MAX;
}

static enum err choose_among(struct hub *hub, struct choosing *c, const struct request *ask, struct store_locker *out,
                             struct reason *r)
{
    struct store *s = hub->store;
    enum err e = s->ops->locker_list(s, take_candidate, c, r);
    int best;

    for (unsigned i = 0; i < c->count && e == ERR_OK; i++)
        e = s->ops->locker_capacity(s, c->locker[i].id, &c->candidate[i].capacity, r);
    if (e != ERR_OK)
        return e;
    best = allot_pick(c->candidate, c->count, ask, r);
    if (best < 0)
        return ERR_BUSY; /* not ERR_FULL, which is the disk's */
    *out = c->locker[best];
    return ERR_OK;
}

static enum err choose(struct hub *hub, const struct request *ask, struct store_locker *out, struct reason *r)
{
    struct choosing *c = calloc(1, sizeof(*c));
    enum err e;

    if (c == NULL)
        return err_because(r, ERR_MEMORY, "no memory");
    e = choose_among(hub, c, ask, out, r);
    sodium_memzero(c, sizeof(*c)); /* has keys of lockers, sealed though */
    free(c);
    return e;
}

/* The locker that was asked for can promise a door for this bag. */
static enum err check_room(struct hub *hub, const struct store_locker *l, const struct request *ask, struct reason *r)
{
    struct store *s = hub->store;
    struct allot_need need = allot_need_of(ask);
    struct store_capacity capacity;
    enum err e;

    if (l->state != STORE_LOCKER_ACTIVE)
        return err_because(r, ERR_STATE, "locker %s is %s", l->name, store_locker_state_name(l->state));
    e = s->ops->locker_capacity(s, l->id, &capacity, r);
    if (e != ERR_OK)
        return e;
    if (!allot_fits(&capacity, &need))
        return err_because(r, ERR_BUSY, "locker %s has no free door of size %s or larger, %s%s, that is not promised",
                           l->name, token_size_name(ask->size), token_zone_name(ask->zone),
                           ask->low_door ? ", low" : "");
    return ERR_OK;
}

static void apply_choice(const struct pack *p, struct request *ask)
{
    if (p->has_size) {
        ask->size = p->size;
        ask->size_given = true;
    }
    if (p->has_low)
        ask->low_door = p->low_door;
}

/* The same locker, where a door is promised to this bag already. */
static enum err begin_again(struct hub *hub, struct pack *p, const struct order *o, struct store_locker *l,
                            struct reason *r)
{
    enum err e = recode_check_caps(hub, &p->who, o->id, &p->capped, r);

    if (e == ERR_OK)
        e = hub->store->ops->locker_get(hub->store, o->locker, l, r);
    if (e == ERR_OK && l->state != STORE_LOCKER_ACTIVE)
        e = err_because(r, ERR_STATE, "locker %s is %s", l->name, store_locker_state_name(l->state));
    p->alone = !person_is_known(o->person);
    return e;
}

enum err pack_begin(struct hub *hub, struct pack *p, struct reason *r)
{
    struct store *s = hub->store;
    struct store_locker l;
    struct order o;
    enum err e = s->ops->order_get(s, p->order, &o, r);

    if (e != ERR_OK)
        return hub_judge(hub, e, r);
    if (!order_may(o.state, p->repack ? ORDER_EVENT_REPACK : ORDER_EVENT_PACK))
        return err_because(r, ERR_STATE, "order %lld is %s: it cannot be packed now", (long long)o.number,
                           order_state_name(o.state));
    apply_choice(p, &o.ask);
    if (p->repack) {
        e = begin_again(hub, p, &o, &l, r);
    } else if (p->any_locker) {
        e = choose(hub, &o.ask, &l, r);
    } else {
        e = s->ops->locker_get(s, p->locker, &l, r);
        if (e == ERR_OK)
            e = check_room(hub, &l, &o.ask, r);
    }
    if (e == ERR_OK) {
        memcpy(p->locker, l.id, sizeof(p->locker));
        e = mint_draw(&hub->mint, s, &l, &p->job, r);
        if (e == ERR_FULL)
            e = ERR_BUSY; /* no free code; ERR_FULL is the disk's */
    }
    sodium_memzero(&l, sizeof(l));
    return hub_judge(hub, e, r);
}

/* ---------------------------------------------------------------- the transaction */

static int64_t window_s(struct hub *hub, enum token_class cls)
{
    static const char *const names[TOKEN_CLASS_N] = {[TOKEN_CLASS_ORDINARY] = "window.ordinary",
                                                     [TOKEN_CLASS_SENSITIVE] = "window.sensitive",
                                                     [TOKEN_CLASS_CONTROLLED] = "window.controlled"};

    return policy_int(hub, names[cls]) * 3600;
}

static void set_window(struct hub *hub, const struct order *o, struct order_event *ev)
{
    int64_t now_s = ev->at_ms / 1000;
    bool asked = o->ask.not_after_s > now_s; /* a window that is over was of an earlier packing */

    ev->not_before_s = asked && o->ask.not_before_s != 0 ? o->ask.not_before_s : now_s;
    ev->not_after_s = asked ? o->ask.not_after_s : now_s + window_s(hub, o->ask.cls);
}

static enum err check_again(struct hub *hub, const struct pack *p, const struct request *ask, char *name,
                            struct reason *r)
{
    struct store_locker l;
    enum err e = hub->store->ops->locker_get(hub->store, p->locker, &l, r);

    if (e == ERR_OK && !p->repack)
        e = check_room(hub, &l, ask, r);
    if (e == ERR_OK)
        (void)snprintf(name, STORE_NAME_CAP, "%s", l.name); /* same capacity */
    sodium_memzero(&l, sizeof(l));
    return e;
}

/* The label that exists is dead at its locker, should somebody load it. */
static enum err call_back(struct hub *hub, struct pack *p, const struct order *o, struct reason *r)
{
    char strip[TOKEN_TEXT_CAP] = "";
    enum err e = recode_check_caps(hub, &p->who, o->id, &p->capped, r);

    if (e == ERR_OK)
        e = carer_strip(hub, o, strip, r);
    p->strip = e == ERR_OK && strip[0] != '\0';
    sodium_memzero(strip, sizeof(strip)); /* it opens a door */
    if (e == ERR_OK && o->state == ORDER_PACKED)
        e = outbox_withdraw(hub, o, r);
    if (e == ERR_OK)
        e = hub->store->ops->packing_end_code(hub->store, o->id, o->load, r);
    return e == ERR_OK ? act_audit(hub, &p->who, "order.recode", o->id, NULL, p->reason, r) : e;
}

static enum err finish_inside(struct hub *hub, struct pack *p, struct order *o, struct reason *r)
{
    struct order_event ev = {.kind = p->repack ? ORDER_EVENT_REPACK : ORDER_EVENT_PACK, .at_ms = clock_wall_ms()};
    struct store *s = hub->store;
    struct store_packing packing;
    char name[STORE_NAME_CAP];
    enum err e = s->ops->order_get(s, p->order, o, r);

    if (e != ERR_OK)
        return e;
    apply_choice(p, &o->ask);
    e = check_again(hub, p, &o->ask, name, r);
    if (e == ERR_OK && p->repack)
        e = call_back(hub, p, o, r);
    if (e != ERR_OK)
        return e;
    set_window(hub, o, &ev);
    ev.load = o->load;
    memcpy(ev.locker, p->locker, sizeof(ev.locker));
    memset(o->person, 0, sizeof(o->person));
    if (!p->alone)
        person_tag(hub->mint.person_key, p->locker, &o->ask, o->person);
    e = act_apply(hub, o, &ev, r);
    if (e == ERR_OK)
        e = mint_finish(&hub->mint, &p->job, o, &packing, r);
    if (e == ERR_OK) {
        (void)snprintf(packing.packed_by, sizeof(packing.packed_by), "%s", p->who.name); /* same capacity */
        e = s->ops->packing_insert(s, &packing, r);
        sodium_memzero(&packing, sizeof(packing));
    }
    if (e == ERR_OK)
        e = act_audit(hub, &p->who, "order.packed", p->order, name, NULL, r);
    if (e == ERR_OK)
        e = carer_follow(hub, &p->who, o, r);
    if (e == ERR_OK && p->strip)
        e = carer_give_strip(hub, &p->who, o, r);
    return e;
}

enum err pack_finish(struct hub *hub, struct pack *p, struct order *out, struct reason *r)
{
    struct order o;
    enum err e = hub_judge(hub, hub->store->ops->begin(hub->store, r), r);

    if (e != ERR_OK)
        return e;
    e = hub_end(hub, finish_inside(hub, p, &o, r), r);
    if (e == ERR_OK)
        *out = o;
    if (e == ERR_OK && p->repack)
        act_tell_commands(hub);
    return e;
}

/* ---------------------------------------------------------------- badges */

static enum err badge_role(enum store_role role, enum token_role *out, struct reason *r)
{
    switch (role) {
    case STORE_ROLE_PHARMACIST:
        *out = TOKEN_ROLE_PHARMACIST;
        return ERR_OK;
    case STORE_ROLE_LOGISTICS:
        *out = TOKEN_ROLE_LOGISTICS;
        return ERR_OK;
    case STORE_ROLE_ADMIN:
    case STORE_ROLE_N:
        break;
    }
    return err_because(r, ERR_DENIED, "this role has no work at lockers");
}

static enum err begin_for(struct hub *hub, struct pack_badge *b, const struct store_user *u, const char *pin,
                          struct reason *r)
{
    struct store_locker l;
    enum err e;

    if (u->disabled)
        return err_because(r, ERR_STATE, "user %s is disabled", u->name);
    e = badge_role(u->role, &b->badge.role, r);
    if (e != ERR_OK)
        return e;
    memcpy(b->badge.staff, u->staff, sizeof(b->badge.staff));
    (void)snprintf(b->full_name, sizeof(b->full_name), "%s", u->full_name); /* same capacity */
    e = hub->store->ops->locker_get(hub->store, b->locker, &l, r);
    if (e != ERR_OK)
        return e;
    if (l.state != STORE_LOCKER_ACTIVE)
        e = err_because(r, ERR_STATE, "locker %s is %s", l.name, store_locker_state_name(l.state));
    else
        e = mint_pin(&hub->mint, &l, pin, &b->job, r);
    sodium_memzero(&l, sizeof(l));
    return e;
}

enum err pack_badge_begin(struct hub *hub, struct pack_badge *b, const char *pin, struct reason *r)
{
    struct store_user u;
    enum err e;

    if (b->days < 1 || b->days > PACK_BADGE_DAYS_MAX)
        return err_because(r, ERR_RANGE, "days: 1 to %d", PACK_BADGE_DAYS_MAX);
    e = hub->store->ops->user_get(hub->store, b->user, &u, r);
    if (e == ERR_OK)
        e = begin_for(hub, b, &u, pin, r);
    sodium_memzero(&u, sizeof(u));
    return hub_judge(hub, e, r);
}

/* Whoever was sent away, or given other work, while the PIN was stretched gets no badge after all: nobody would revoke
 * it. */
static enum err check_holder(struct hub *hub, const struct pack_badge *b, struct reason *r)
{
    enum token_role role = TOKEN_ROLE_PHARMACIST;
    struct store_user u;
    enum err e = hub->store->ops->user_get(hub->store, b->user, &u, r);

    if (e == ERR_OK && u.disabled)
        e = err_because(r, ERR_STATE, "user %s is disabled", u.name);
    if (e == ERR_OK)
        e = badge_role(u.role, &role, r);
    if (e == ERR_OK && role != b->badge.role)
        e = err_because(r, ERR_STATE, "user %s has another role now", u.name);
    sodium_memzero(&u, sizeof(u));
    return e;
}

static enum err badge_inside(struct hub *hub, struct pack_badge *b, struct reason *r)
{
    char hex[2 * sizeof(b->badge.badge) + 1];
    enum err e = check_holder(hub, b, r);

    if (e != ERR_OK)
        return e;
    randombytes_buf(b->badge.badge, sizeof(b->badge.badge));
    memcpy(b->badge.locker, b->locker, sizeof(b->badge.locker));
    b->badge.created_ms = clock_wall_ms();
    b->badge.not_after_s = b->badge.created_ms / 1000 + b->days * 86400;
    e = mint_badge(&hub->mint, &b->job, &b->badge, b->text, r);
    if (e == ERR_OK)
        e = hub->store->ops->badge_insert(hub->store, &b->badge, r);
    if (e != ERR_OK)
        return e;
    num_to_hex(b->badge.badge, sizeof(b->badge.badge), hex);
    return act_audit(hub, &b->who, "badge.made", NULL, b->user, hex, r);
}

enum err pack_badge_finish(struct hub *hub, struct pack_badge *b, struct reason *r)
{
    enum err e = hub_judge(hub, hub->store->ops->begin(hub->store, r), r);

    return e != ERR_OK ? e : hub_end(hub, badge_inside(hub, b, r), r);
}
