/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/web/asset.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/num.h"

#define FILE_MAX (1024 * 1024)
#define TAG_BYTES 16

#define SCRIPT "text/javascript; charset=utf-8"
#define JSON "application/json"

static const struct {
    const char *name, *type;
} list[] = {
    {"index.html", "text/html; charset=utf-8"},
    {"style.css", "text/css; charset=utf-8"},
    {"app.mjs", SCRIPT},
    {"parts.mjs", SCRIPT},
    {"table.mjs", SCRIPT},
    {"far.mjs", SCRIPT},
    {"file.mjs", SCRIPT},
    {"fleet.mjs", SCRIPT},
    {"locker.mjs", SCRIPT},
    {"doors.mjs", SCRIPT},
    {"curve.mjs", SCRIPT},
    {"climate.mjs", SCRIPT},
    {"tickets.mjs", SCRIPT},
    {"round.mjs", SCRIPT},
    {"use.mjs", SCRIPT},
    {"orders.mjs", SCRIPT},
    {"order.mjs", SCRIPT},
    {"new.mjs", SCRIPT},
    {"bag.mjs", SCRIPT},
    {"today.mjs", SCRIPT},
    {"exceptions.mjs", SCRIPT},
    {"contact.mjs", SCRIPT},
    {"load.mjs", SCRIPT},
    {"tour.mjs", SCRIPT},
    {"service.mjs", SCRIPT},
    {"again.mjs", SCRIPT},
    {"audit.mjs", SCRIPT},
    {"lockers.mjs", SCRIPT},
    {"me.mjs", SCRIPT},
    {"policies.mjs", SCRIPT},
    {"users.mjs", SCRIPT},
    {"nl.json", JSON},
    {"en.json", JSON},
    {"vendor/preact.mjs", SCRIPT},
    {"vendor/htm.mjs", SCRIPT},
    {"vendor/uplot.mjs", SCRIPT},
    {"vendor/uplot.css", "text/css; charset=utf-8"},
};
#define ASSETS (sizeof(list) / sizeof(list[0]))

struct asset_set {
    struct asset asset[ASSETS];
};

static enum err load_one(struct asset *a, const char *folder, struct reason *r)
{
    char path[FILE_PATH_CAP];
    uint8_t hash[TAG_BYTES];
    char hex[2 * TAG_BYTES + 1];
    enum err e = file_path(path, folder, a->name, r);

    if (e == ERR_OK)
        e = file_read(path, FILE_MAX, &a->bytes, &a->len, r);
    if (e != ERR_OK)
        return e;
    (void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)a->bytes, a->len, NULL, 0); /* lengths are fixed */
    num_to_hex(hash, sizeof(hash), hex);
    (void)snprintf(a->tag, sizeof(a->tag), "\"%s\"", hex);
    return ERR_OK;
}

enum err asset_load(struct asset_set **out, const char *folder, struct reason *r)
{
    struct asset_set *s = calloc(1, sizeof(*s));
    enum err e = ERR_OK;

    if (s == NULL)
        return err_because(r, ERR_MEMORY, "pages: no memory");
    for (size_t i = 0; i < ASSETS && e == ERR_OK; i++) {
        s->asset[i].name = list[i].name;
        s->asset[i].type = list[i].type;
        e = load_one(&s->asset[i], folder, r);
    }
    if (e != ERR_OK) {
        asset_free(s);
        return e;
    }
    *out = s;
    return ERR_OK;
}

void asset_free(struct asset_set *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < ASSETS; i++)
        free(s->asset[i].bytes);
    free(s);
}

const char *asset_name_at(size_t i)
{
    return i < ASSETS ? list[i].name : NULL;
}

const struct asset *asset_find(const struct asset_set *s, const char *name)
{
    for (size_t i = 0; i < ASSETS; i++) {
        if (strcmp(s->asset[i].name, name) == 0)
            return &s->asset[i];
    }
    return NULL;
}
