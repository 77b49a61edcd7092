/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/order.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define TO(state) (ORDER_##state + 1) /* 0, the default, means: ignore */

static const uint8_t table[ORDER_STATE_N][ORDER_STEP_N] = {
    [ORDER_KNOWN] = {[ORDER_LOAD] = TO(READY), [ORDER_WITHDRAW] = TO(VOID)},
    [ORDER_READY] = {[ORDER_PICKUP] = TO(OPENING), [ORDER_WITHDRAW] = TO(VOID), [ORDER_REMOVE] = TO(VOID)},
    [ORDER_OPENING] = {[ORDER_COLLECT] = TO(DONE), [ORDER_UNCONFIRM] = TO(UNCONFIRMED)},
    [ORDER_UNCONFIRMED] = {[ORDER_PICKUP] = TO(OPENING), [ORDER_WITHDRAW] = TO(VOID), [ORDER_REMOVE] = TO(VOID)},
};

static const char *const state_names[ORDER_STATE_N] = {
    "KNOWN", "READY", "OPENING", "DONE", "UNCONFIRMED", "VOID",
};

enum order_state order_next(enum order_state state, enum order_step step)
{
    assert(state < ORDER_STATE_N && step < ORDER_STEP_N);
    unsigned next = table[state][step];
    return next == 0 ? state : (enum order_state)(next - 1);
}

bool order_has_ended(const struct order *o)
{
    return o->state == ORDER_DONE || o->state == ORDER_VOID;
}

bool order_step(struct order *o, enum order_step step)
{
    enum order_state next = order_next(o->state, step);
    if (next == o->state)
        return false;
    o->state = next;
    if (order_has_ended(o)) {
        sodium_memzero(o->v1, sizeof o->v1);
        sodium_memzero(o->v2, sizeof o->v2);
        if (o->newest < o->load)
            o->newest = o->load;
    }
    return true;
}

bool order_is_live(const struct order *o)
{
    return o->used && !order_has_ended(o);
}

bool order_is_collectable(const struct order *o)
{
    return o->used && (o->state == ORDER_READY || o->state == ORDER_UNCONFIRMED);
}

bool order_may_pulse(const struct order *o, const struct clock_now *now, const struct floor *f)
{
    if (o->pulses == 0)
        return true;
    if (o->pulses >= ORDER_PULSES_MAX)
        return false;
    int64_t elapsed_ms =
        o->first_pulse_boot == now->boot ? now->boot_ms - o->first_pulse_boot_ms : floor_now_ms(f) - o->first_pulse_ms;
    return elapsed_ms <= ORDER_GRACE_MS;
}

void order_count_pulse(struct order *o, const struct clock_now *now, const struct floor *f)
{
    assert(o->pulses < ORDER_PULSES_MAX);
    if (o->pulses == 0) {
        o->first_pulse_ms = floor_now_ms(f);
        o->first_pulse_boot = now->boot;
        o->first_pulse_boot_ms = now->boot_ms;
    }
    o->pulses++;
}

uint16_t order_find(const struct order_table *t, const uint8_t id[CODE_ORDER_LEN])
{
    for (uint16_t i = 0; i < ORDER_SLOTS; i++) {
        if (t->slot[i].used && memcmp(t->slot[i].id, id, CODE_ORDER_LEN) == 0)
            return i;
    }
    return ORDER_NONE;
}

unsigned order_live_count(const struct order_table *t)
{
    unsigned n = 0;
    for (unsigned i = 0; i < ORDER_SLOTS; i++)
        n += order_is_live(&t->slot[i]) ? 1u : 0u;
    return n;
}

/* The tombstone whose voucher expires first. */
static uint16_t oldest_tombstone(const struct order_table *t)
{
    uint16_t best = ORDER_NONE;
    for (uint16_t i = 0; i < ORDER_SLOTS; i++) {
        const struct order *o = &t->slot[i];
        if (!order_has_ended(o) || o->door_name[0] != '\0') /* every slot is used */
            continue;
        if (best == ORDER_NONE || o->not_after_s < t->slot[best].not_after_s)
            best = i;
    }
    return best;
}

uint16_t order_take_slot(struct order_table *t, const struct floor *f, bool force)
{
    uint16_t found = ORDER_NONE;
    for (uint16_t i = 0; i < ORDER_SLOTS && found == ORDER_NONE; i++) {
        if (!t->slot[i].used)
            found = i;
    }
    if (found == ORDER_NONE) {
        found = oldest_tombstone(t);
        /* Forgetting cannot be undone, so it rests on signed time only (INV-27). */
        if (found != ORDER_NONE && !force && t->slot[found].not_after_s * 1000 >= f->signed_ms)
            found = ORDER_NONE;
    }
    if (found != ORDER_NONE)
        memset(&t->slot[found], 0, sizeof t->slot[found]);
    return found;
}

void order_begin(struct order *o, const struct token_voucher *v)
{
    uint32_t newest = o->used ? o->newest : 0;
    enum order_end end = o->used && o->state == ORDER_VOID ? o->end : ORDER_END_NONE;
    memset(o, 0, sizeof *o);
    o->used = true;
    o->state = ORDER_KNOWN;
    memcpy(o->id, v->bind.order, CODE_ORDER_LEN);
    o->load = v->bind.load;
    o->newest = newest;
    o->end = end;
    o->door = CABINET_NO_DOOR;
    o->cls = v->cls;
    o->not_before_s = v->not_before_s;
    o->not_after_s = v->not_after_s;
    o->key_epoch = v->key_epoch;
    o->has_v1 = v->has_v1;
    memcpy(o->v1, v->v1, CODE_MAC_LEN);
    memcpy(o->v2, v->v2, CODE_MAC_LEN);
    memcpy(o->person, v->person, TOKEN_PERSON_LEN);
    o->language = v->language;
}

void order_forget(struct order *o)
{
    assert(o->used && o->state == ORDER_KNOWN);
    sodium_memzero(o->v1, sizeof o->v1);
    sodium_memzero(o->v2, sizeof o->v2);
    o->door = CABINET_NO_DOOR;
    o->door_name[0] = '\0';
    if (o->newest == 0) {
        o->used = false;
        return;
    }
    o->state = o->end == ORDER_END_NONE ? ORDER_DONE : ORDER_VOID;
    o->load = o->newest;
}

unsigned order_match(const struct order_table *t, const struct code_key *key, const uint8_t locker[CODE_LOCKER_LEN],
                     const uint8_t a[CODE_STRETCHED_LEN], const char *ddmm, uint16_t *slot)
{
    unsigned matches = 0;
    for (uint16_t i = 0; i < ORDER_SLOTS; i++) {
        const struct order *o = &t->slot[i];
        if (!order_is_collectable(o))
            continue;
        struct code_binding bind = {.load = o->load};
        memcpy(bind.locker, locker, CODE_LOCKER_LEN);
        memcpy(bind.order, o->id, CODE_ORDER_LEN);
        uint8_t mac[CODE_MAC_LEN];
        if (ddmm != NULL)
            code_mac2(key, &bind, a, ddmm, mac);
        else
            code_mac1(key, &bind, a, mac);
        bool fits = sodium_memcmp(mac, ddmm != NULL ? o->v2 : o->v1, CODE_MAC_LEN) == 0;
        sodium_memzero(mac, sizeof mac);
        if (fits && (ddmm != NULL || o->has_v1)) {
            matches++;
            *slot = i;
        }
    }
    return matches;
}

void order_recode(struct order *o, const struct order_codes *codes)
{
    assert(o->used && o->state == ORDER_READY && o->load == codes->load);
    o->key_epoch = codes->key_epoch;
    o->has_v1 = codes->has_v1;
    memcpy(o->v1, codes->v1, CODE_MAC_LEN);
    memcpy(o->v2, codes->v2, CODE_MAC_LEN);
    o->recoded = true;
    memcpy(o->token, codes->token, sizeof o->token);
}

bool order_takes_token(const struct order *o, const uint8_t id[16])
{
    return !o->recoded ||
           (sodium_is_zero(o->token, sizeof o->token) == 0 && memcmp(o->token, id, sizeof o->token) == 0);
}

const char *order_state_name(enum order_state s)
{
    assert(s < ORDER_STATE_N);
    return state_names[s];
}

enum err order_state_parse(const char *text, enum order_state *out)
{
    for (unsigned i = 0; i < ORDER_STATE_N; i++) {
        if (strcmp(text, state_names[i]) == 0) {
            *out = (enum order_state)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}
