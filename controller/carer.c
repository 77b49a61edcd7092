/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/carer.h"

#include <sodium.h>
#include <string.h>

static uint16_t find(const struct carer_table *t, const uint8_t id[CODE_CARER_LEN])
{
    for (uint16_t i = 0; i < CARER_SLOTS; i++) {
        if (t->slot[i].used && memcmp(t->slot[i].right.id, id, CODE_CARER_LEN) == 0)
            return i;
    }
    return CARER_NONE;
}

static unsigned count_grants(const struct carer_table *t)
{
    unsigned n = 0;
    for (uint16_t i = 0; i < CARER_SLOTS; i++)
        n += t->slot[i].used && t->slot[i].state == CARER_GRANTED ? 1u : 0u;
    return n;
}

static bool is_expired(const struct carer *c, const struct floor *f)
{
    return c->right.not_after_s != 0 && c->right.not_after_s * 1000 < f->signed_ms;
}

/* How willingly a slot is given to somebody else; 0: never. Nothing is lost with a right that is used: its order is a
 * tombstone of its own. */
static unsigned willingness(const struct carer *c, const struct floor *f)
{
    if (!c->used)
        return 3;
    if (is_expired(c, f))
        return 2;
    return c->state == CARER_USED ? 1 : 0;
}

static uint16_t take(struct carer_table *t, const struct floor *f)
{
    uint16_t best = CARER_NONE;
    unsigned most = 0;
    for (uint16_t i = 0; i < CARER_SLOTS; i++) {
        unsigned w = willingness(&t->slot[i], f);
        if (w > most) {
            most = w;
            best = i;
        }
    }
    if (best != CARER_NONE)
        sodium_memzero(&t->slot[best], sizeof t->slot[best]);
    return best;
}

static bool is_same_scope(const struct carer_right *a, const struct carer_right *b)
{
    return a->load == b->load && memcmp(a->order, b->order, CODE_ORDER_LEN) == 0 &&
           memcmp(a->person, b->person, TOKEN_PERSON_LEN) == 0;
}

enum carer_answer carer_grant(struct carer_table *t, const struct carer *grant, const struct floor *f, uint16_t *slot)
{
    *slot = CARER_NONE;
    uint16_t i = find(t, grant->right.id);
    if (i != CARER_NONE) {
        const struct carer *c = &t->slot[i];
        if (c->state != CARER_GRANTED)
            return c->state == CARER_REVOKED ? CARER_IS_REVOKED : CARER_IS_USED;
        if (!is_same_scope(&c->right, &grant->right))
            return CARER_OTHER_SCOPE;
    } else {
        i = count_grants(t) < CARER_GRANTS_MAX ? take(t, f) : CARER_NONE;
        if (i == CARER_NONE)
            return CARER_FULL;
    }
    t->slot[i] = *grant;
    t->slot[i].used = true;
    t->slot[i].state = CARER_GRANTED;
    *slot = i;
    return CARER_DONE;
}

static void end(struct carer *c, enum carer_state state)
{
    c->state = state;
    c->has_v1 = false;
    sodium_memzero(c->v1, sizeof c->v1);
    sodium_memzero(c->v2, sizeof c->v2);
}

enum carer_answer carer_revoke(struct carer_table *t, const uint8_t id[CODE_CARER_LEN], int64_t not_after_s,
                               const struct floor *f, uint16_t *slot)
{
    *slot = CARER_NONE;
    uint16_t i = find(t, id);
    if (i == CARER_NONE) {
        i = take(t, f);
        if (i == CARER_NONE)
            return CARER_FULL;
        t->slot[i].used = true;
        memcpy(t->slot[i].right.id, id, CODE_CARER_LEN);
        t->slot[i].right.not_after_s = not_after_s;
    }
    struct carer *c = &t->slot[i];
    /* Kept for the longest time that anybody ever named; 0 is longer than any. */
    if (not_after_s == 0 || (c->right.not_after_s != 0 && c->right.not_after_s < not_after_s))
        c->right.not_after_s = not_after_s;
    end(c, CARER_REVOKED);
    *slot = i;
    return CARER_DONE;
}

bool carer_end_order(struct carer *c, const struct order *o)
{
    if (!c->used || c->state != CARER_GRANTED || carer_is_standing(&c->right) || c->right.load > o->newest ||
        memcmp(c->right.order, o->id, CODE_ORDER_LEN) != 0)
        return false;
    end(c, CARER_USED);
    return true;
}

bool carer_forget(struct carer *c, const struct floor *f)
{
    if (!c->used || !is_expired(c, f))
        return false;
    sodium_memzero(c, sizeof *c);
    return true;
}

const struct carer *carer_find(const struct carer_table *t, const uint8_t id[CODE_CARER_LEN])
{
    uint16_t i = find(t, id);
    return i == CARER_NONE ? NULL : &t->slot[i];
}

bool carer_is_revoked(const struct carer_table *t, const uint8_t id[CODE_CARER_LEN])
{
    const struct carer *c = carer_find(t, id);
    return c != NULL && c->state == CARER_REVOKED;
}

bool carer_allows(const struct carer_table *t, const struct carer_right *r)
{
    const struct carer *c = carer_find(t, r->id);
    return c == NULL || (c->state == CARER_GRANTED && is_same_scope(&c->right, r));
}

void carer_right_of_card(struct carer_right *out, const struct token_carer *card)
{
    memset(out, 0, sizeof *out);
    memcpy(out->id, card->carer, CODE_CARER_LEN);
    memcpy(out->order, card->bind.order, CODE_ORDER_LEN);
    out->load = card->bind.load;
    if (card->bind.load == 0) /* a card for one bag names its person too, but that is not what it is for */
        memcpy(out->person, card->person, TOKEN_PERSON_LEN);
    out->not_after_s = card->not_after_s;
}

bool carer_is_standing(const struct carer_right *r)
{
    return r->load == 0;
}

bool carer_covers(const struct carer_right *r, const struct order *o)
{
    if (!carer_is_standing(r))
        return o->load == r->load && memcmp(o->id, r->order, CODE_ORDER_LEN) == 0;
    return sodium_is_zero(r->person, TOKEN_PERSON_LEN) == 0 && memcmp(o->person, r->person, TOKEN_PERSON_LEN) == 0;
}

unsigned carer_match(const struct carer_table *t, const struct code_key *key, const uint8_t locker[CODE_LOCKER_LEN],
                     const uint8_t a[CODE_STRETCHED_LEN], const char *ddmm, uint16_t *slot)
{
    unsigned matches = 0;
    for (uint16_t i = 0; i < CARER_SLOTS; i++) {
        const struct carer *c = &t->slot[i];
        if (!c->used || c->state != CARER_GRANTED)
            continue;
        uint8_t mac[CODE_MAC_LEN];
        if (ddmm != NULL)
            code_mac_carer2(key, locker, c->right.id, a, ddmm, mac);
        else
            code_mac_carer1(key, locker, c->right.id, a, mac);
        bool fits = sodium_memcmp(mac, ddmm != NULL ? c->v2 : c->v1, CODE_MAC_LEN) == 0;
        sodium_memzero(mac, sizeof mac);
        if (fits && (ddmm != NULL || c->has_v1)) {
            matches++;
            *slot = i;
        }
    }
    return matches;
}
