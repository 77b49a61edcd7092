/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/enrol.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/json.h"
#include "common/key.h"
#include "common/num.h"
#include "controller/identity.h"

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define REQUEST_LABEL "medlocker-enrol-1"
#define GRANT_LABEL "medlocker-grant-1."
#define KEYS_LEN (sizeof REQUEST_LABEL - 1 + 3 * 32)
#define SECRET_LEN 16
#define FILE_MAX ((size_t)48 * 1024)
#define HUB_KEY_FILE "hub-key.json"
#define FINGERPRINT_FILE "fingerprint"

struct device_keys {
    uint8_t sign_public[32], sign_secret[64], sign_seed[32];
    uint8_t tls_public[32], tls_seed[32];
    uint8_t box_public[32];
};

/* ---------------------------------------------------------------- small steps */

static enum err parse_secret(const char *text, uint8_t out[SECRET_LEN], struct reason *r)
{
    char hex[2 * SECRET_LEN + 1];
    size_t n = 0;
    bool fits = true;
    for (; *text != '\0'; text++) {
        if (*text == '-' || *text == ' ') {
            continue;
        }
        if (n == 2 * SECRET_LEN) {
            fits = false;
            break;
        }
        hex[n++] = *text;
    }
    hex[n] = '\0';
    enum err e = fits && n == 2 * SECRET_LEN ? num_from_hex(hex, out, SECRET_LEN) : ERR_SYNTAX;
    sodium_memzero(hex, sizeof hex);
    return e == ERR_OK ? ERR_OK : err_because(r, e, "the secret of the invitation has 32 hex digits");
}

static enum err read_hub_key(const char *path, uint8_t out[32], struct reason *r)
{
    static const char *const members[] = {"v", "cmd_key", NULL};
    const struct json_limits limits = {.max_len = FILE_MAX, .max_depth = 2, .flags = JSON_STRICT};
    char *text;
    size_t len;
    enum err e = file_read(path, FILE_MAX, &text, &len, r);
    if (e != ERR_OK) {
        return e;
    }
    cJSON *tree = NULL;
    int64_t v;
    e = json_parse(&tree, text, len, &limits, r);
    free(text);
    if (e == ERR_OK) {
        e = json_only(tree, members, r);
    }
    if (e == ERR_OK) {
        e = json_get_int(tree, "v", 1, 1, &v, r);
    }
    if (e == ERR_OK) {
        e = json_get_hex(tree, "cmd_key", out, 32, r);
    }
    cJSON_Delete(tree);
    return e == ERR_OK ? ERR_OK : err_prefix(r, e, "%s", path);
}

static void gather_keys(const struct device_keys *k, uint8_t out[KEYS_LEN])
{
    size_t label = sizeof REQUEST_LABEL - 1;
    memcpy(out, REQUEST_LABEL, label);
    memcpy(out + label, k->sign_public, 32);
    memcpy(out + label + 32, k->box_public, 32);
    memcpy(out + label + 64, k->tls_public, 32);
}

/* Of a signing key of our own, which is always valid. */
static void to_box_key(const uint8_t sign_public[32], uint8_t out[32])
{
    int wrong = crypto_sign_ed25519_pk_to_curve25519(out, sign_public);
    assert(wrong == 0);
    (void)wrong;
}

static void draw_keys(struct device_keys *k)
{
    uint8_t tls_secret[64];
    randombytes_buf(k->sign_seed, sizeof k->sign_seed);
    randombytes_buf(k->tls_seed, sizeof k->tls_seed);
    (void)crypto_sign_seed_keypair(k->sign_public, k->sign_secret, k->sign_seed); /* always 0 */
    (void)crypto_sign_seed_keypair(k->tls_public, tls_secret, k->tls_seed);
    to_box_key(k->sign_public, k->box_public);
    sodium_memzero(tls_secret, sizeof tls_secret);
}

static void make_fingerprint(const struct device_keys *k, char out[ENROL_FINGERPRINT_CAP])
{
    uint8_t keys[KEYS_LEN], hash[32];
    char hex[17];
    gather_keys(k, keys);
    (void)crypto_generichash(hash, sizeof hash, keys, sizeof keys, NULL, 0);
    num_to_hex(hash, 8, hex);
    (void)snprintf(out, ENROL_FINGERPRINT_CAP, "%.4s-%.4s-%.4s-%.4s", hex, hex + 4, hex + 8, hex + 12);
}

/* ---------------------------------------------------------------- request */

/* Seals to the hub's box key, which follows from its command key. */
static enum err seal_request(const struct device_keys *k, const uint8_t secret[SECRET_LEN], const uint8_t hub_key[32],
                             char **out, struct reason *r)
{
    uint8_t keys[KEYS_LEN], mac[32], hub_box[32];
    if (crypto_sign_ed25519_pk_to_curve25519(hub_box, hub_key) != 0) {
        return err_because(r, ERR_RANGE, "cmd_key: is no Ed25519 key");
    }
    gather_keys(k, keys);
    (void)crypto_generichash(mac, sizeof mac, keys, sizeof keys, secret, SECRET_LEN);
    cJSON *inner = json_new_object();
    json_put_int(inner, "v", 1);
    json_put_hex(inner, "sign_key", k->sign_public, 32);
    json_put_hex(inner, "box_key", k->box_public, 32);
    json_put_hex(inner, "tls_key", k->tls_public, 32);
    json_put_hex(inner, "mac", mac, sizeof mac);
    char *plain = json_print(inner);
    cJSON_Delete(inner);

    uint8_t sealed[2048 + crypto_box_SEALBYTES];
    char encoded[sodium_base64_ENCODED_LEN(sizeof sealed, BASE64)];
    size_t len = strlen(plain);
    (void)crypto_box_seal(sealed, (const uint8_t *)plain, len, hub_box); /* 0 for a valid key */
    free(plain);
    (void)sodium_bin2base64(encoded, sizeof encoded, sealed, len + crypto_box_SEALBYTES, BASE64);
    cJSON *outer = json_new_object();
    json_put_int(outer, "v", 1);
    json_put_text(outer, "sealed", encoded);
    *out = json_print(outer);
    cJSON_Delete(outer);
    return ERR_OK;
}

static enum err write_request_files(const char *dir, const struct device_keys *k, const uint8_t hub_key[32],
                                    const char *fingerprint, struct reason *r)
{
    char path[FILE_PATH_CAP], hub[128], hex[65];
    enum err e = file_path(path, dir, IDENTITY_SEED, r);
    if (e == ERR_OK) {
        e = key_write_new(path, k->sign_seed, sizeof k->sign_seed, r);
    }
    if (e == ERR_DUPLICATE) {
        return err_because(r, e, "%s exists: this folder has the keys of a request already; use a new folder", path);
    }
    if (e == ERR_OK) {
        e = file_path(path, dir, IDENTITY_TLS_KEY, r);
    }
    if (e == ERR_OK) {
        e = key_write_pem(path, k->tls_seed, r);
    }
    if (e == ERR_OK) {
        e = file_path(path, dir, HUB_KEY_FILE, r);
    }
    if (e == ERR_OK) {
        num_to_hex(hub_key, 32, hex);
        (void)snprintf(hub, sizeof hub, "{\"v\":1,\"cmd_key\":\"%s\"}\n", hex);
        e = file_replace(path, hub, strlen(hub), 0600, r);
    }
    if (e == ERR_OK) {
        e = file_path(path, dir, FINGERPRINT_FILE, r);
    }
    return e == ERR_OK ? file_replace(path, fingerprint, strlen(fingerprint), 0600, r) : e;
}

enum err enrol_request(const char *dir, const char *secret, const char *hub_key, char **text,
                       char fingerprint[ENROL_FINGERPRINT_CAP], struct reason *r)
{
    uint8_t secret_bytes[SECRET_LEN], hub[32];
    struct device_keys k;
    char print[ENROL_FINGERPRINT_CAP];
    char *request = NULL;
    enum err e = parse_secret(secret, secret_bytes, r);
    if (e == ERR_OK) {
        e = read_hub_key(hub_key, hub, r);
    }
    if (e != ERR_OK) {
        sodium_memzero(secret_bytes, sizeof secret_bytes);
        return e;
    }
    draw_keys(&k);
    make_fingerprint(&k, print);
    e = seal_request(&k, secret_bytes, hub, &request, r);
    sodium_memzero(secret_bytes, sizeof secret_bytes);
    if (e == ERR_OK) {
        e = file_make_folder(dir, r);
    }
    if (e == ERR_OK) {
        e = write_request_files(dir, &k, hub, print, r);
    }
    sodium_memzero(&k, sizeof k);
    if (e != ERR_OK) {
        free(request);
        return e;
    }
    memcpy(fingerprint, print, sizeof print);
    *text = request;
    return ERR_OK;
}

enum err enrol_fingerprint(const char *dir, char fingerprint[ENROL_FINGERPRINT_CAP], struct reason *r)
{
    char path[FILE_PATH_CAP];
    char *text;
    size_t len;
    enum err e = file_path(path, dir, FINGERPRINT_FILE, r);
    if (e == ERR_OK) {
        e = file_read(path, ENROL_FINGERPRINT_CAP - 1, &text, &len, r);
    }
    if (e == ERR_OK) {
        memcpy(fingerprint, text, len + 1);
        free(text);
    }
    return e;
}

/* ---------------------------------------------------------------- grant */

/* The payload's text of a grant that the hub signed. */
static enum err open_grant(const cJSON *tree, const uint8_t hub_key[32], uint8_t *payload, size_t cap, size_t *len,
                           struct reason *r)
{
    static const char *const members[] = {"payload", "kid", "sig", NULL};
    const char *encoded, *kid, *sig_text;
    enum err e = json_only(tree, members, r);
    if (e == ERR_OK) {
        e = json_get_text(tree, "payload", 1, FILE_MAX, &encoded, r);
    }
    if (e == ERR_OK) {
        e = json_get_text(tree, "kid", 16, 16, &kid, r);
    }
    if (e == ERR_OK) {
        e = json_get_text(tree, "sig", 1, 128, &sig_text, r);
    }
    if (e != ERR_OK) {
        return e;
    }
    struct msg_key key;
    msg_key_init(&key, hub_key);
    if (strcmp(kid, key.kid) != 0) {
        return err_because(r, ERR_FOREIGN, "was signed by key %s, not by %s of the hub that was asked", kid, key.kid);
    }
    uint8_t sig[crypto_sign_BYTES];
    size_t sig_len;
    if (num_from_base64url(sig_text, strlen(sig_text), sig, sizeof sig, &sig_len) != ERR_OK || sig_len != sizeof sig) {
        return err_because(r, ERR_SYNTAX, "sig: is no signature");
    }
    char *signed_text = NULL;
    int n = asprintf(&signed_text, GRANT_LABEL "%s", encoded);
    if (n < 0) {
        return err_because(r, ERR_MEMORY, "no memory");
    }
    int wrong = crypto_sign_verify_detached(sig, (const uint8_t *)signed_text, (unsigned long long)n, hub_key);
    free(signed_text);
    if (wrong != 0) {
        return err_because(r, ERR_SIGNATURE, "the signature is wrong");
    }
    if (num_from_base64url(encoded, strlen(encoded), payload, cap, len) != ERR_OK) {
        return err_because(r, ERR_SYNTAX, "payload: is no base64url");
    }
    return ERR_OK;
}

static enum err open_key(const cJSON *payload, const struct identity_terms *t, const uint8_t seed[32],
                         uint8_t out[4 + CODE_KEY_LEN], struct reason *r)
{
    const char *text;
    enum err e = json_get_text(payload, "key_sealed", 1, 256, &text, r);
    if (e != ERR_OK) {
        return e;
    }
    uint8_t sealed[CODE_KEY_LEN + crypto_box_SEALBYTES], public_key[32], secret[64], box_public[32], box_secret[32];
    size_t len;
    if (num_from_base64url(text, strlen(text), sealed, sizeof sealed, &len) != ERR_OK || len != sizeof sealed) {
        return err_because(r, ERR_SYNTAX, "key_sealed: has a wrong length");
    }
    (void)crypto_sign_seed_keypair(public_key, secret, seed); /* always 0 */
    if (memcmp(public_key, t->sign_key, sizeof public_key) != 0) {
        e = err_because(r, ERR_FOREIGN, "is for another locker: sign_key is not the key of this one");
    } else {
        to_box_key(public_key, box_public);
        (void)crypto_sign_ed25519_sk_to_curve25519(box_secret, secret);
        num_put_be(out, t->key_epoch, 4);
        if (crypto_box_seal_open(out + 4, sealed, sizeof sealed, box_public, box_secret) != 0) {
            e = err_because(r, ERR_SIGNATURE, "key_sealed: cannot be opened");
        }
    }
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(box_secret, sizeof box_secret);
    return e;
}

static enum err write_text(const char *dir, const char *name, const char *text, struct reason *r)
{
    char path[FILE_PATH_CAP];
    enum err e = file_path(path, dir, name, r);
    return e == ERR_OK ? file_replace(path, text, strlen(text), 0600, r) : e;
}

/* identity.json comes last: its presence means enrolled. */
static enum err write_identity(const char *dir, cJSON *payload, const uint8_t key[4 + CODE_KEY_LEN], struct reason *r)
{
    const char *ca, *cert;
    char path[FILE_PATH_CAP];
    enum err e = json_get_text(payload, "ca_pem", 1, FILE_MAX, &ca, r);
    if (e == ERR_OK) {
        e = json_get_text(payload, "cert_pem", 1, FILE_MAX, &cert, r);
    }
    if (e == ERR_OK) {
        e = write_text(dir, IDENTITY_CA, ca, r);
    }
    if (e == ERR_OK) {
        e = write_text(dir, IDENTITY_TLS_CERT, cert, r);
    }
    if (e == ERR_OK) {
        e = file_path(path, dir, IDENTITY_KEY, r);
    }
    if (e == ERR_OK) {
        (void)unlink(path); /* left by an attempt that was cut off */
        e = key_write_new(path, key, 4 + CODE_KEY_LEN, r);
    }
    if (e != ERR_OK) {
        return e;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(payload, "key_sealed");
    cJSON_DeleteItemFromObjectCaseSensitive(payload, "ca_pem");
    cJSON_DeleteItemFromObjectCaseSensitive(payload, "cert_pem");
    char *text = json_print(payload);
    e = write_text(dir, IDENTITY_FILE, text, r);
    free(text);
    return e;
}

static enum err accept_payload(const char *dir, const uint8_t *text, size_t len, struct identity_terms *t,
                               struct reason *r)
{
    static const char *const members[] = {"v",         "locker",     "name",     "sign_key",  "epoch",
                                          "key_epoch", "key_sealed", "cost",     "cmd_keys",  "token_key",
                                          "broker",    "ca_pem",     "cert_pem", "issued_ms", NULL};
    const struct json_limits limits = {.max_len = FILE_MAX, .max_depth = 4, .flags = JSON_STRICT};
    uint8_t key[4 + CODE_KEY_LEN], seed[32];
    char path[FILE_PATH_CAP];
    cJSON *payload = NULL;
    enum err e = json_parse(&payload, (const char *)text, len, &limits, r);
    if (e == ERR_OK) {
        e = json_only(payload, members, r);
    }
    if (e == ERR_OK) {
        e = identity_read_terms(payload, t, r);
    }
    if (e == ERR_OK) {
        e = file_path(path, dir, IDENTITY_SEED, r);
    }
    if (e == ERR_OK) {
        e = key_read(path, seed, sizeof seed, r);
    }
    if (e == ERR_OK) {
        e = open_key(payload, t, seed, key, r);
        sodium_memzero(seed, sizeof seed);
    }
    if (e == ERR_OK) {
        e = write_identity(dir, payload, key, r);
        sodium_memzero(key, sizeof key);
    }
    cJSON_Delete(payload);
    return e;
}

static enum err check_ready(const char *dir, uint8_t hub_key[32], struct reason *r)
{
    char path[FILE_PATH_CAP];
    enum err e = file_path(path, dir, IDENTITY_FILE, r);
    if (e == ERR_OK && access(path, F_OK) == 0) {
        return err_because(r, ERR_STATE, "%s exists: this locker is enrolled already", path);
    }
    if (e == ERR_OK) {
        e = file_path(path, dir, HUB_KEY_FILE, r);
    }
    if (e == ERR_OK) {
        e = read_hub_key(path, hub_key, r);
    }
    return e == ERR_NOT_FOUND ? err_because(r, ERR_STATE, "%s: no request was made here", dir) : e;
}

enum err enrol_accept(const char *dir, const char *grant, char id[17], char name[41], struct reason *r)
{
    const struct json_limits limits = {.max_len = FILE_MAX, .max_depth = 2, .flags = JSON_STRICT};
    uint8_t hub_key[32];
    char *text = NULL;
    size_t len, payload_len;
    enum err e = check_ready(dir, hub_key, r);
    if (e == ERR_OK) {
        e = file_read(grant, FILE_MAX, &text, &len, r);
    }
    if (e != ERR_OK) {
        return e;
    }
    cJSON *tree = NULL;
    uint8_t *payload = malloc(FILE_MAX);
    struct identity_terms t;
    e = payload == NULL ? err_because(r, ERR_MEMORY, "no memory") : json_parse(&tree, text, len, &limits, r);
    if (e == ERR_OK) {
        e = open_grant(tree, hub_key, payload, FILE_MAX, &payload_len, r);
    }
    if (e == ERR_OK) {
        e = accept_payload(dir, payload, payload_len, &t, r);
    }
    cJSON_Delete(tree);
    free(payload);
    free(text);
    if (e != ERR_OK) {
        return err_prefix(r, e, "%s", strcmp(grant, "-") == 0 ? "grant" : grant);
    }
    memcpy(id, t.id, sizeof t.id);
    memcpy(name, t.name, sizeof t.name);
    return ERR_OK;
}
