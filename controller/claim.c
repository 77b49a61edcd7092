/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/claim.h"

#include <string.h>

#include "controller/handover.h"
#include "controller/locker.h"

static bool is_due(const struct locker *l, const struct order *o)
{
    return order_is_collectable(o) && !floor_is_expired(&l->floor, o->not_after_s);
}

static bool is_good(const struct locker *l, const struct carer_right *r)
{
    return carer_allows(&l->carers, r) && !floor_is_expired(&l->floor, r->not_after_s);
}

/* How far a bag is from being handed over to a carer; 0: not his, or not to be had. */
static unsigned nearness(const struct locker *l, const struct order *o, const struct carer_right *r, bool both,
                         const struct event *ev)
{
    if (!is_due(l, o) || !carer_covers(r, o))
        return 0;
    if (!o->has_v1 && !both)
        return 1;
    if (!handover_is_ready(l, o, ev))
        return 2;
    return o->state == ORDER_READY ? 4 : 3; /* an unconfirmed one after those that certainly lie there */
}

/* The bag that is handed over first: the nearest, and of these the one behind the lowest door. */
static enum claim_verdict claim_of_right(const struct locker *l, const struct carer_right *r, bool both,
                                         const struct event *ev, struct claim *out)
{
    unsigned best = 0;
    for (uint16_t i = 0; i < ORDER_SLOTS; i++) {
        const struct order *o = &l->orders.slot[i];
        unsigned near = nearness(l, o, r, both, ev);
        if (near > best || (best != 0 && near == best && o->door < l->orders.slot[out->slot].door)) {
            best = near;
            out->slot = i;
        }
    }
    if (best < 2)
        return best == 0 ? CLAIM_NOTHING : CLAIM_WANTS_BOTH;
    out->visit = (struct visit){
        .actor.kind = RECORD_ACTOR_CARER,
        .both = both,
        .one_bag = !carer_is_standing(r),
        .not_after_s = r->not_after_s,
    };
    memcpy(out->visit.actor.carer, r->id, CODE_CARER_LEN);
    return CLAIM_YES;
}

/* The patient's own code fitted order o, alone or after a paper was scanned. */
static enum claim_verdict claim_of_order(const struct locker *l, uint16_t slot, bool both,
                                         const struct claim_paper *paper, const struct event *ev, struct claim *out)
{
    const struct order *o = &l->orders.slot[slot];
    if (!is_due(l, o))
        return CLAIM_NO;
    if (paper->is_there && paper->is_card) {
        if (!carer_covers(&paper->card, o) || !is_good(l, &paper->card))
            return CLAIM_NO;
        struct carer_right this_bag = paper->card;
        memcpy(this_bag.order, o->id, CODE_ORDER_LEN);
        this_bag.load = o->load;
        enum claim_verdict v = claim_of_right(l, &this_bag, both, ev, out);
        out->visit.one_bag = !carer_is_standing(&paper->card);
        return v;
    }
    if (paper->is_there && (memcmp(o->id, paper->token.order, CODE_ORDER_LEN) != 0 || o->load != paper->token.load))
        return CLAIM_NO;
    out->slot = slot;
    out->visit = (struct visit){
        .actor.kind = paper->is_there ? RECORD_ACTOR_TOKEN : RECORD_ACTOR_CODE,
        .both = both,
    };
    return CLAIM_YES;
}

/* A carer's own code fitted: good alone, or after the same carer's card. */
static enum claim_verdict claim_of_carer(const struct locker *l, const struct carer *c, bool both,
                                         const struct claim_paper *paper, const struct event *ev, struct claim *out)
{
    const struct carer_right *right = paper->is_there ? &paper->card : &c->right;
    if (paper->is_there && (!paper->is_card || memcmp(paper->card.id, c->right.id, CODE_CARER_LEN) != 0))
        return CLAIM_NO;
    if (!is_good(l, &c->right) || !is_good(l, right)) /* the card may end before the code does */
        return CLAIM_NO;
    enum claim_verdict v = claim_of_right(l, right, both, ev, out);
    return v == CLAIM_WANTS_BOTH ? CLAIM_NO : v; /* as for the patient: the one refusal asks for both */
}

enum claim_verdict claim_by_code(const struct locker *l, const uint8_t a[CODE_STRETCHED_LEN], const char *ddmm,
                                 const struct claim_paper *paper, const struct event *ev, struct claim *out)
{
    uint16_t order = ORDER_NONE, carer = CARER_NONE;
    memset(out, 0, sizeof *out);
    unsigned matches = order_match(&l->orders, &l->cabinet.key, l->cabinet.id, a, ddmm, &order);
    matches += carer_match(&l->carers, &l->cabinet.key, l->cabinet.id, a, ddmm, &carer);
    out->suspicious = matches > 1;
    if (matches != 1)
        return CLAIM_NO;
    return order != ORDER_NONE ? claim_of_order(l, order, ddmm != NULL, paper, ev, out)
                               : claim_of_carer(l, &l->carers.slot[carer], ddmm != NULL, paper, ev, out);
}

enum claim_verdict claim_by_token(const struct locker *l, const struct token_pickup *t, struct claim *out,
                                  struct claim_paper *paper)
{
    memset(out, 0, sizeof *out);
    out->slot = order_find(&l->orders, t->bind.order);
    const struct order *o = out->slot == ORDER_NONE ? NULL : &l->orders.slot[out->slot];
    if (o == NULL || memcmp(t->bind.locker, l->cabinet.id, CODE_LOCKER_LEN) != 0 || !is_due(l, o) ||
        o->load != t->bind.load || floor_is_expired(&l->floor, t->not_after_s) || !order_takes_token(o, t->id))
        return CLAIM_NO;
    if (!o->has_v1) {
        *paper = (struct claim_paper){.is_there = true, .token = t->bind};
        return CLAIM_WANTS_BOTH;
    }
    out->visit.actor.kind = RECORD_ACTOR_TOKEN;
    return CLAIM_YES;
}

enum claim_verdict claim_by_card(const struct locker *l, const struct token_carer *t, const struct event *ev,
                                 struct claim *out, struct claim_paper *paper)
{
    struct carer_right right;
    memset(out, 0, sizeof *out);
    carer_right_of_card(&right, t);
    if (memcmp(t->bind.locker, l->cabinet.id, CODE_LOCKER_LEN) != 0 || !is_good(l, &right))
        return CLAIM_NO;
    enum claim_verdict v = claim_of_right(l, &right, false, ev, out);
    if (v == CLAIM_WANTS_BOTH)
        *paper = (struct claim_paper){.is_there = true, .is_card = true, .card = right};
    return v;
}

bool claim_still_holds(const struct locker *l, const struct visit *v)
{
    return v->actor.kind != RECORD_ACTOR_CARER ||
           (!floor_is_expired(&l->floor, v->not_after_s) && !carer_is_revoked(&l->carers, v->actor.carer));
}
