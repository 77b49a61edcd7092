/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/store_sqlite.h"
#include "common/log.h"
#include "common/num.h"

#define BOOT_SETTING "boot"
#define BOOT_MAX 1000000 /* so that boot * 2^32 + count stays an exact JSON integer */

enum err hub_path(const struct config *cfg, const char *part, char *out, struct reason *r)
{
    return file_path(out, cfg->state, part, r);
}

static enum err open_store(struct hub *hub, struct reason *r)
{
    char path[FILE_PATH_CAP];
    enum err e = hub_path(&hub->cfg, HUB_DATABASE, path, r);

    if (e != ERR_OK)
        return e;
    return store_sqlite_open(&hub->store, path, r);
}

static enum err open_ca(struct hub *hub, struct reason *r)
{
    char path[FILE_PATH_CAP];
    enum err e = hub_path(&hub->cfg, HUB_CA_PEM, path, r);

    if (e == ERR_OK)
        e = file_read(path, CA_PEM_MAX - 1, &hub->ca_pem, NULL, r);
    if (e == ERR_OK)
        e = ca_open(&hub->ca, hub->keys.ca_seed, hub->ca_pem, r);
    return e;
}

static enum err count_boot(struct hub *hub, struct reason *r)
{
    struct store *s = hub->store;
    char text[24];
    int64_t boot = 0;
    enum err e = s->ops->begin(s, r);

    if (e != ERR_OK)
        return e;
    e = s->ops->setting_get(s, BOOT_SETTING, text, sizeof(text), r);
    if (e == ERR_OK)
        e = num_parse(text, 0, BOOT_MAX - 1, &boot);
    else if (e == ERR_NOT_FOUND)
        e = ERR_OK;
    (void)snprintf(text, sizeof(text), "%lld", (long long)boot + 1); /* at most 7 digits */
    if (e == ERR_OK)
        e = s->ops->setting_put(s, BOOT_SETTING, text, r);
    if (e == ERR_OK)
        hub->boot = (uint32_t)(boot + 1);
    return hub_end(hub, e, r);
}

enum err hub_open(struct hub *hub, const struct config *cfg, struct reason *r)
{
    struct hub fresh = {.cfg = *cfg, .revision = 1};
    char path[FILE_PATH_CAP];
    enum err e = hub_path(cfg, HUB_KEYS, path, r);

    if (e == ERR_OK)
        e = keyring_load(path, &fresh.keys, r);
    if (e == ERR_OK)
        mint_keys_init(&fresh.mint, fresh.keys.token_secret, fresh.keys.store_key);
    if (e == ERR_OK)
        e = open_store(&fresh, r);
    if (e == ERR_OK)
        e = open_ca(&fresh, r);
    if (e == ERR_OK)
        e = count_boot(&fresh, r);
    if (e != ERR_OK) {
        hub_close(&fresh);
        return e;
    }
    *hub = fresh;
    keyring_wipe(&fresh.keys);
    mint_keys_wipe(&fresh.mint);
    return ERR_OK;
}

void hub_close(struct hub *hub)
{
    ca_free(hub->ca);
    free(hub->ca_pem);
    if (hub->store != NULL)
        hub->store->ops->free(hub->store);
    keyring_wipe(&hub->keys);
    mint_keys_wipe(&hub->mint);
    hub->ca = NULL;
    hub->ca_pem = NULL;
    hub->store = NULL;
}

struct clock_now hub_now(const struct hub *hub)
{
    return (struct clock_now){
        .boot = hub->boot, .boot_ms = clock_boot_ms(), .wall_ms = clock_wall_ms(), .quality = clock_system_quality()};
}

enum err hub_judge(struct hub *hub, enum err e, const struct reason *r)
{
    if (e != ERR_IO && e != ERR_FULL && e != ERR_CORRUPT)
        return e;
    log_error("hub", "the store failed: %s", r != NULL ? r->text : err_name(e));
    hub->broken = true;
    if (hub->loop != NULL)
        (void)sd_event_exit(hub->loop, 1);
    return e;
}

enum err hub_end(struct hub *hub, enum err e, struct reason *r)
{
    struct store *s = hub->store;

    if (e == ERR_OK)
        e = s->ops->commit(s, r);
    else
        s->ops->rollback(s);
    if (e == ERR_OK)
        hub_touch(hub);
    return hub_judge(hub, e, r);
}

void hub_touch(struct hub *hub)
{
    hub->revision++;
}
