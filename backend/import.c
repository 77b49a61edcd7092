/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/import.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"

static enum err at_row(enum err e, size_t i, struct reason *r)
{
    return e == ERR_RANGE || e == ERR_UNKNOWN ? err_prefix(r, e, "order %zu of the table", i + 1) : e;
}

static enum err check_all(struct hub *hub, const struct import *x, struct reason *r)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < x->n && e == ERR_OK; i++)
        e = at_row(act_check(hub, &x->rows[i], r), i, r);
    return e;
}

static void begin_reading(const struct act_who *who, const struct import *x, const uint8_t hash[STORE_HASH_LEN],
                          struct store_import *out)
{
    int64_t now = clock_wall_ms();

    *out = (struct store_import){.at_ms = now > x->again_ms ? now : x->again_ms + 1, .rows = (uint32_t)x->n};
    memcpy(out->hash, hash, STORE_HASH_LEN);
    (void)snprintf(out->by, sizeof(out->by), "%s", who->name);
}

/* Inside a transaction. */
static enum err take_portion(struct hub *hub, const struct act_who *who, const struct import *x,
                             struct store_import *out, struct reason *r)
{
    enum err e = ERR_OK;

    for (size_t taken = 0; taken < x->portion && out->done < x->n && e == ERR_OK; taken++) {
        struct order o;
        bool existed;

        e = at_row(act_register_inside(hub, who, &x->rows[out->done], &o, &existed, r), out->done, r);
        if (e == ERR_OK) {
            out->done++;
            out->made += existed ? 0 : 1;
        }
    }
    return e == ERR_OK ? hub->store->ops->import_put(hub->store, out, r) : e;
}

enum err import_next(struct hub *hub, const struct act_who *who, const struct import *x, struct store_import *out,
                     bool *before, struct reason *r)
{
    struct store *s = hub->store;
    uint8_t hash[STORE_HASH_LEN];
    enum err e;

    (void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)x->text, x->len, NULL, 0); /* lengths are fixed */
    e = s->ops->import_get(s, hash, out, r);
    *before = e == ERR_OK && out->done == out->rows && out->at_ms != x->again_ms;
    if (*before)
        return ERR_OK;
    if (e == ERR_NOT_FOUND || (e == ERR_OK && out->done == out->rows)) {
        begin_reading(who, x, hash, out);
        e = check_all(hub, x, r);
    }
    e = hub_judge(hub, e, r);
    if (e == ERR_OK)
        e = hub_judge(hub, s->ops->begin(s, r), r);
    if (e != ERR_OK)
        return e;
    return hub_end(hub, take_portion(hub, who, x, out, r), r);
}

enum err import_tidy(struct hub *hub, struct reason *r)
{
    enum err e = hub_judge(hub, hub->store->ops->begin(hub->store, r), r);

    return e == ERR_OK ? hub_end(hub, hub->store->ops->import_purge(hub->store, clock_wall_ms() - IMPORT_KEEP_MS, r), r)
                       : e;
}
