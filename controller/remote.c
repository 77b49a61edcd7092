/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/remote.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

bool remote_offer_equal(const struct remote_offer *a, const struct remote_offer *b)
{
    return a->load == b->load && a->door == b->door && memcmp(a->order, b->order, CODE_ORDER_LEN) == 0;
}

void remote_offer(struct remote *r, const struct remote_offer *offer, int64_t boot_ms)
{
    assert(r->state == REMOTE_NONE);
    r->state = REMOTE_OFFERED;
    r->offer = *offer;
    r->offered_ms = boot_ms;
}

bool remote_is_read(const struct remote *r, int64_t boot_ms)
{
    assert(r->state == REMOTE_OFFERED);
    return boot_ms - r->offered_ms >= REMOTE_READ_MS;
}

void remote_challenge(struct remote *r, const uint8_t random[REMOTE_NONCE_LEN], int64_t boot_ms)
{
    assert(r->state == REMOTE_OFFERED);
    r->state = REMOTE_CHALLENGED;
    memcpy(r->nonce, random, REMOTE_NONCE_LEN);
    r->challenged_ms = boot_ms;
}

bool remote_take_answer(struct remote *r, const struct remote_answer *a, int64_t boot_ms)
{
    if (r->state != REMOTE_CHALLENGED || sodium_memcmp(r->nonce, a->nonce, REMOTE_NONCE_LEN) != 0)
        return false;
    bool fits = boot_ms - r->challenged_ms <= REMOTE_ANSWER_MS && remote_offer_equal(&r->offer, &a->offer);
    remote_end(r);
    return fits;
}

void remote_end(struct remote *r)
{
    sodium_memzero(r, sizeof *r);
}

const char *remote_cause_name(enum remote_cause c)
{
    static const char *const names[REMOTE_CAUSE_N] = {
        "staff", "busy", "doors", "unknown", "class", "expired", "tries", "supply", "board", "declined", "time", "late",
    };
    assert(c < REMOTE_CAUSE_N);
    return names[c];
}
