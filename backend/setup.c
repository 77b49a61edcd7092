/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/setup.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "backend/broker.h"
#include "backend/ca.h"
#include "backend/enrol.h"
#include "backend/hub.h"
#include "backend/store_sqlite.h"
#include "common/key.h"

#define SERVER_DAYS 3650
#define LINK_DAYS 3650
#define NAMES_CAP (SETUP_NAMES_MAX + 5)

struct making {
    const struct setup *x;
    struct keyring keys;
    struct ca *ca;
    char *ca_pem;
    int64_t now_s;
    struct reason *r;
};

static enum err put_file(struct making *m, const char *part, const char *text, unsigned mode)
{
    char path[FILE_PATH_CAP];
    enum err e = hub_path(&m->x->cfg, part, path, m->r);

    return e == ERR_OK ? file_replace(path, text, strlen(text), mode, m->r) : e;
}

static enum err make_folders(struct making *m)
{
    static const char *const parts[] = {HUB_KEYS, HUB_BROKER};
    char path[FILE_PATH_CAP];
    enum err e = file_make_folder(m->x->cfg.state, m->r);

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && e == ERR_OK; i++) {
        e = hub_path(&m->x->cfg, parts[i], path, m->r);
        if (e == ERR_OK)
            e = file_make_folder(path, m->r);
    }
    return e;
}

static enum err make_keys(struct making *m)
{
    char path[FILE_PATH_CAP];
    enum err e = hub_path(&m->x->cfg, HUB_KEYS, path, m->r);

    if (e == ERR_OK)
        e = keyring_make(path, m->r);
    if (e == ERR_OK)
        e = keyring_load(path, &m->keys, m->r);
    return e;
}

static enum err make_ca(struct making *m)
{
    enum err e = ca_make_root(m->keys.ca_seed, "medlocker hub", m->now_s, &m->ca_pem, m->r);
    char *crl;

    if (e == ERR_OK)
        e = put_file(m, HUB_CA_PEM, m->ca_pem, 0644);
    if (e == ERR_OK)
        e = ca_open(&m->ca, m->keys.ca_seed, m->ca_pem, m->r);
    if (e == ERR_OK)
        e = ca_revocation_list(m->ca, NULL, 0, m->now_s, m->now_s, &crl, m->r);
    if (e != ERR_OK)
        return e;
    e = put_file(m, HUB_CRL_PEM, crl, 0644);
    free(crl);
    return e;
}

/* A new key and its certificate. */
static enum err make_pair(struct making *m, struct ca_subject *s, const char *cert_part, const char *key_part)
{
    uint8_t seed[CA_SEED_LEN], serial[CA_SERIAL_LEN];
    char path[FILE_PATH_CAP];
    char *pem;
    enum err e = hub_path(&m->x->cfg, key_part, path, m->r);

    if (e != ERR_OK)
        return e;
    randombytes_buf(seed, sizeof(seed));
    ca_public_key(seed, s->public_key);
    s->now_s = m->now_s;
    e = key_write_pem(path, seed, m->r);
    sodium_memzero(seed, sizeof(seed));
    if (e == ERR_OK)
        e = ca_issue(m->ca, s, &pem, serial, m->r);
    if (e != ERR_OK)
        return e;
    e = put_file(m, cert_part, pem, 0644);
    free(pem);
    return e;
}

static void add_name(const char **names, size_t *n, const char *name)
{
    for (size_t i = 0; i < *n; i++) {
        if (strcmp(names[i], name) == 0)
            return;
    }
    names[(*n)++] = name;
}

static enum err make_certificates(struct making *m)
{
    const char *names[NAMES_CAP + 1] = {"localhost", "127.0.0.1", "::1"};
    struct ca_subject server = {.cn = m->x->cfg.broker_host, .purpose = CA_SERVER, .names = names, .days = SERVER_DAYS};
    struct ca_subject client = {.cn = "backend", .purpose = CA_CLIENT, .days = LINK_DAYS};
    size_t n = 3;
    enum err e;

    add_name(names, &n, m->x->cfg.broker_host);
    for (size_t i = 0; i < SETUP_NAMES_MAX && m->x->broker_name[i] != NULL; i++)
        add_name(names, &n, m->x->broker_name[i]);
    names[n] = NULL;
    if (strlen(server.cn) > 64)
        server.cn = "broker"; /* longer names stand in subjectAltName only */
    e = make_pair(m, &server, HUB_BROKER "/server.pem", HUB_BROKER "/server.key.pem");
    return e == ERR_OK ? make_pair(m, &client, HUB_LINK_PEM, HUB_LINK_KEY) : e;
}

static enum err make_broker(struct making *m)
{
    char path[FILE_PATH_CAP];
    struct broker_cfg b = {
        .folder = path, .address = m->x->broker_address, .port = m->x->cfg.broker_port, .user = m->x->broker_user};
    enum err e = hub_path(&m->x->cfg, HUB_BROKER, path, m->r);

    return e == ERR_OK ? broker_write(&b, m->r) : e;
}

static enum err make_database(struct making *m)
{
    char path[FILE_PATH_CAP];
    struct store *s;
    enum err e = hub_path(&m->x->cfg, HUB_DATABASE, path, m->r);

    if (e == ERR_OK)
        e = store_sqlite_open(&s, path, m->r);
    if (e == ERR_OK)
        s->ops->free(s);
    return e;
}

static enum err make_texts(struct making *m)
{
    char path[FILE_PATH_CAP];
    char *key = enrol_hub_key(&m->keys);
    enum err e = put_file(m, "hub-key.json", key, 0644);

    free(key);
    if (e == ERR_OK)
        e = hub_path(&m->x->cfg, "hubd.conf", path, m->r);
    return e == ERR_OK ? config_write(&m->x->cfg, path, m->r) : e;
}

enum err setup_run(const struct setup *x, struct reason *r)
{
    static enum err (*const steps[])(struct making *) = {make_folders, make_keys,     make_ca,   make_certificates,
                                                         make_broker,  make_database, make_texts};
    struct making m = {.x = x, .now_s = clock_wall_ms() / 1000, .r = r};
    enum err e = ERR_OK;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && e == ERR_OK; i++)
        e = steps[i](&m);
    ca_free(m.ca);
    free(m.ca_pem);
    keyring_wipe(&m.keys);
    return e;
}
