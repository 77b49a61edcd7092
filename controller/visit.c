/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/visit.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "controller/claim.h"
#include "controller/handover.h"
#include "controller/locker.h"

/* Somebody was verified for this, and the right reaches further than one bag. */
static bool may_follow(const struct locker *l)
{
    const struct visit *v = &l->pickup.visit;
    return !v->one_bag && claim_still_holds(l, v) && sodium_is_zero(v->person, sizeof v->person) == 0;
}

static bool belongs(const struct locker *l, const struct order *o, const struct event *ev)
{
    const struct visit *v = &l->pickup.visit;
    return o->used && o->state == ORDER_READY && memcmp(o->person, v->person, sizeof v->person) == 0 &&
           (o->has_v1 || v->both) && !floor_is_expired(&l->floor, o->not_after_s) && handover_is_ready(l, o, ev);
}

/* The one behind the lowest door; how many there are in *left. but: the slot of the one being opened. */
static uint16_t find(const struct locker *l, uint16_t but, const struct event *ev, uint16_t *left)
{
    uint16_t found = ORDER_NONE;
    bool may = may_follow(l);
    *left = 0;
    for (uint16_t i = 0; may && i < ORDER_SLOTS; i++) {
        const struct order *o = &l->orders.slot[i];
        if (i == but || !belongs(l, o, ev))
            continue;
        *left = (uint16_t)(*left + 1);
        if (found == ORDER_NONE || o->door < l->orders.slot[found].door)
            found = i;
    }
    return found;
}

void visit_begin(struct locker *l, const struct visit *right, uint16_t slot, const struct event *ev)
{
    struct visit *v = &l->pickup.visit;
    uint16_t left;
    *v = *right;
    memcpy(v->person, l->orders.slot[slot].person, sizeof v->person);
    v->handed = 0;
    (void)find(l, slot, ev, &left);
    v->bag = 1;
    v->bags = (uint16_t)(1 + left);
}

uint16_t visit_go_on(struct locker *l, const struct event *ev)
{
    struct visit *v = &l->pickup.visit;
    uint16_t left = 0;
    uint16_t next = v->handed == 0 ? ORDER_NONE : find(l, ORDER_NONE, ev, &left);
    v->bag = (uint16_t)(v->handed + (next == ORDER_NONE ? 0 : 1));
    v->bags = (uint16_t)(v->handed + left);
    return next;
}

bool visit_covers(const struct locker *l, uint16_t slot, const struct event *ev)
{
    assert(l->pickup.visit.handed > 0);
    return may_follow(l) && belongs(l, &l->orders.slot[slot], ev);
}
