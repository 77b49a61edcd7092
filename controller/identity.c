/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/identity.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/key.h"
#include "common/num.h"

#define FILE_MAX ((size_t)16 * 1024)
#define KEY_FILE_LEN (4 + CODE_KEY_LEN)

static enum err read_u32(const cJSON *obj, const char *key, int64_t min, int64_t max, uint32_t *out, struct reason *r)
{
    int64_t n;
    enum err e = json_get_int(obj, key, min, max, &n, r);
    if (e == ERR_OK) {
        *out = (uint32_t)n;
    }
    return e;
}

static enum err read_copy(const cJSON *obj, const char *key, char *out, size_t cap, struct reason *r)
{
    const char *text;
    enum err e = json_get_text(obj, key, 1, cap - 1, &text, r);
    if (e == ERR_OK) {
        memcpy(out, text, strlen(text) + 1);
    }
    return e;
}

static enum err read_hub_keys(const cJSON *tree, struct msg_keys *out, struct reason *r)
{
    const cJSON *list;
    enum err e = json_get_array(tree, "cmd_keys", &list, r);
    if (e != ERR_OK) {
        return e;
    }
    int count = cJSON_GetArraySize(list);
    if (count < 1 || count > MSG_KEYS_MAX) {
        return err_because(r, ERR_RANGE, "cmd_keys: 1 to %d keys", MSG_KEYS_MAX);
    }
    for (int i = 0; i < count; i++) {
        const char *hex = cJSON_GetStringValue(cJSON_GetArrayItem(list, i));
        uint8_t key[32];
        if (hex == NULL || num_from_hex(hex, key, sizeof key) != ERR_OK) {
            return err_because(r, ERR_SYNTAX, "cmd_keys: entry %d is no key of 64 hex digits", i + 1);
        }
        msg_key_init(&out->key[i], key);
    }
    out->count = (unsigned)count;
    return ERR_OK;
}

static enum err read_cost(const cJSON *tree, struct code_cost *out, struct reason *r)
{
    static const char *const members[] = {"passes", "mem_kib", NULL};
    const cJSON *cost;
    enum err e = json_get_object(tree, "cost", &cost, r);
    if (e == ERR_OK) {
        e = json_only(cost, members, r);
    }
    if (e == ERR_OK) {
        e = read_u32(cost, "passes", 1, 16, &out->passes, r);
    }
    return e == ERR_OK ? read_u32(cost, "mem_kib", 8, 1048576, &out->mem_kib, r) : e;
}

static enum err read_broker(const cJSON *tree, struct identity_terms *t, struct reason *r)
{
    static const char *const members[] = {"host", "port", NULL};
    const cJSON *broker;
    uint32_t port = 0;
    enum err e = json_get_object(tree, "broker", &broker, r);
    if (e == ERR_OK) {
        e = json_only(broker, members, r);
    }
    if (e == ERR_OK) {
        e = read_copy(broker, "host", t->broker_host, sizeof t->broker_host, r);
    }
    if (e == ERR_OK) {
        e = read_u32(broker, "port", 1, UINT16_MAX, &port, r);
    }
    t->broker_port = (uint16_t)port;
    return e;
}

enum err identity_read_terms(const cJSON *tree, struct identity_terms *out, struct reason *r)
{
    struct identity_terms t = {.epoch = 0};
    int64_t v;
    enum err e = json_get_int(tree, "v", 1, 1, &v, r);
    if (e == ERR_OK) {
        e = json_get_hex(tree, "locker", t.locker, sizeof t.locker, r);
    }
    if (e == ERR_OK) {
        e = read_copy(tree, "name", t.name, sizeof t.name, r);
    }
    if (e == ERR_OK) {
        e = json_get_hex(tree, "sign_key", t.sign_key, sizeof t.sign_key, r);
    }
    if (e == ERR_OK) {
        e = read_u32(tree, "epoch", 1, UINT32_MAX, &t.epoch, r);
    }
    if (e == ERR_OK) {
        e = read_u32(tree, "key_epoch", 1, UINT32_MAX, &t.key_epoch, r);
    }
    if (e == ERR_OK) {
        e = read_cost(tree, &t.cost, r);
    }
    if (e == ERR_OK) {
        e = read_hub_keys(tree, &t.hub, r);
    }
    if (e == ERR_OK) {
        e = json_get_hex(tree, "token_key", t.token_key, sizeof t.token_key, r);
    }
    if (e == ERR_OK) {
        e = read_broker(tree, &t, r);
    }
    if (e == ERR_OK) {
        e = json_get_int(tree, "issued_ms", 1, 253402300799999, &t.issued_ms, r);
    }
    if (e == ERR_OK) {
        num_to_hex(t.locker, sizeof t.locker, t.id);
        *out = t;
    }
    return e;
}

static enum err load_terms(struct identity_terms *out, const char *dir, struct reason *r)
{
    static const char *const members[] = {"v",    "locker",   "name",      "sign_key", "epoch",     "key_epoch",
                                          "cost", "cmd_keys", "token_key", "broker",   "issued_ms", NULL};
    const struct json_limits limits = {.max_len = FILE_MAX, .max_depth = 4, .flags = JSON_STRICT};
    char path[FILE_PATH_CAP];
    char *text;
    size_t len;
    enum err e = file_path(path, dir, IDENTITY_FILE, r);
    if (e == ERR_OK) {
        e = file_read(path, FILE_MAX, &text, &len, r);
    }
    if (e == ERR_NOT_FOUND) {
        return err_because(r, ERR_STATE,
                           "this locker is not enrolled: there is no %s; make a request with \"lockerctl "
                           "enrol-request\" and bring in the answer with \"lockerctl enrol-accept\"",
                           path);
    }
    if (e != ERR_OK) {
        return e;
    }
    cJSON *tree = NULL;
    e = json_parse(&tree, text, len, &limits, r);
    free(text);
    if (e == ERR_OK) {
        e = json_only(tree, members, r);
    }
    if (e == ERR_OK) {
        e = identity_read_terms(tree, out, r);
    }
    cJSON_Delete(tree);
    return e == ERR_OK ? ERR_OK : err_prefix(r, e, "%s", path);
}

static enum err load_seed(struct identity *id, const char *dir, struct reason *r)
{
    char path[FILE_PATH_CAP];
    uint8_t seed[32], public_key[32], secret[64];
    enum err e = file_path(path, dir, IDENTITY_SEED, r);
    if (e == ERR_OK) {
        e = key_read(path, seed, sizeof seed, r);
    }
    if (e != ERR_OK) {
        return e;
    }
    (void)crypto_sign_seed_keypair(public_key, secret, seed); /* always 0 */
    msg_signer_init(&id->signer, secret);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(secret, sizeof secret);
    if (memcmp(public_key, id->terms.sign_key, sizeof public_key) != 0) {
        return err_because(r, ERR_FOREIGN, "%s: %s was granted for another device key", path, IDENTITY_FILE);
    }
    return ERR_OK;
}

static enum err load_key(struct identity *id, const char *dir, struct reason *r)
{
    char path[FILE_PATH_CAP];
    uint8_t bytes[KEY_FILE_LEN];
    enum err e = file_path(path, dir, IDENTITY_KEY, r);
    if (e == ERR_OK) {
        e = key_read(path, bytes, sizeof bytes, r);
    }
    if (e != ERR_OK) {
        return e;
    }
    id->key.epoch = (uint32_t)num_get_be(bytes, 4);
    memcpy(id->key.bytes, bytes + 4, CODE_KEY_LEN);
    sodium_memzero(bytes, sizeof bytes);
    if (id->key.epoch != id->terms.key_epoch) {
        return err_because(r, ERR_FOREIGN, "%s: key number %u, but %s names %u", path, id->key.epoch, IDENTITY_FILE,
                           id->terms.key_epoch);
    }
    return ERR_OK;
}

enum err identity_load(struct identity *out, const char *dir, struct reason *r)
{
    struct identity id;
    memset(&id, 0, sizeof id);
    enum err e = load_terms(&id.terms, dir, r);
    if (e == ERR_OK) {
        e = load_seed(&id, dir, r);
    }
    if (e == ERR_OK) {
        e = load_key(&id, dir, r);
    }
    if (e == ERR_OK) {
        *out = id;
    }
    identity_wipe(&id);
    return e;
}

void identity_wipe(struct identity *id)
{
    sodium_memzero(id, sizeof *id);
}
