/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/enrol.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/request.h"
#include "common/json.h"
#include "common/num.h"

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define REQUEST_LABEL "medlocker-enrol-1"
#define GRANT_LABEL "medlocker-grant-1."
#define KEYS_LEN (sizeof(REQUEST_LABEL) - 1 + 3 * 32)
#define INNER_MAX 2048
#define SEALED_MAX (INNER_MAX + crypto_box_SEALBYTES)

enum err enrol_check_name(const char *name, struct reason *r)
{
    char copy[ENROL_NAME_MAX + 1];
    size_t len = strlen(name);

    if (len == 0 || len > ENROL_NAME_MAX || strpbrk(name, "\"'\\") != NULL ||
        request_text(copy, sizeof(copy), name, len) != ERR_OK)
        return err_because(r, ERR_SYNTAX, "name of a locker: 1 to %d bytes of text without quotes", ENROL_NAME_MAX);
    return ERR_OK;
}

/* Hex in groups of four. */
static void group(const uint8_t *bytes, size_t len, char *out)
{
    char hex[2 * ENROL_SECRET_LEN + 1];
    size_t at = 0;

    assert(len <= ENROL_SECRET_LEN);
    num_to_hex(bytes, len, hex);
    for (size_t i = 0; hex[i] != '\0'; i++) {
        if (i > 0 && i % 4 == 0)
            out[at++] = '-';
        out[at++] = hex[i];
    }
    out[at] = '\0';
    sodium_memzero(hex, sizeof(hex));
}

void enrol_draw_secret(uint8_t secret[ENROL_SECRET_LEN], char *text)
{
    randombytes_buf(secret, ENROL_SECRET_LEN);
    group(secret, ENROL_SECRET_LEN, text);
}

char *enrol_hub_key(const struct keyring *k)
{
    cJSON *tree = json_new_object();
    char *text;

    json_put_int(tree, "v", 1);
    json_put_hex(tree, "cmd_key", k->command_public, sizeof(k->command_public));
    text = json_print(tree);
    cJSON_Delete(tree);
    return text;
}

/* ---------------------------------------------------------------- request */

static void gather_keys(const struct enrol_request *q, uint8_t out[KEYS_LEN])
{
    size_t label = sizeof(REQUEST_LABEL) - 1;

    memcpy(out, REQUEST_LABEL, label);
    memcpy(out + label, q->sign_key, 32);
    memcpy(out + label + 32, q->box_key, 32);
    memcpy(out + label + 64, q->tls_key, 32);
}

/* The MAC proves that the keys come from whoever has the secret; the rest that they are what they claim. */
static enum err check_keys(struct enrol_request *q, const uint8_t mac[32], const uint8_t secret[ENROL_SECRET_LEN],
                           struct reason *r)
{
    uint8_t keys[KEYS_LEN], want[32], box[32], print[32];

    gather_keys(q, keys);
    (void)crypto_generichash(want, sizeof(want), keys, sizeof(keys), secret, ENROL_SECRET_LEN); /* lengths are fixed */
    if (sodium_memcmp(want, mac, sizeof(want)) != 0)
        return err_because(r, ERR_SIGNATURE, "request: made with another invitation");
    if (crypto_sign_ed25519_pk_to_curve25519(box, q->sign_key) != 0 || memcmp(box, q->box_key, sizeof(box)) != 0)
        return err_because(r, ERR_FOREIGN, "request: box_key does not follow from sign_key");
    if (memcmp(q->sign_key, q->tls_key, 32) == 0)
        return err_because(r, ERR_FOREIGN, "request: tls_key and sign_key must differ");
    (void)crypto_generichash(print, sizeof(print), keys, sizeof(keys), NULL, 0);
    group(print, 8, q->fingerprint);
    return ERR_OK;
}

static enum err read_inner(const char *text, size_t len, const uint8_t secret[ENROL_SECRET_LEN],
                           struct enrol_request *q, struct reason *r)
{
    static const char *const members[] = {"v", "sign_key", "box_key", "tls_key", "mac", NULL};
    const struct json_limits limits = {.max_len = INNER_MAX, .max_depth = 2, .flags = JSON_STRICT};
    uint8_t mac[32];
    cJSON *tree;
    int64_t v;
    enum err e = json_parse(&tree, text, len, &limits, r);

    if (e != ERR_OK)
        return err_prefix(r, e, "sealed request");
    e = json_only(tree, members, r);
    if (e == ERR_OK)
        e = json_get_int(tree, "v", 1, 1, &v, r);
    if (e == ERR_OK)
        e = json_get_hex(tree, "sign_key", q->sign_key, sizeof(q->sign_key), r);
    if (e == ERR_OK)
        e = json_get_hex(tree, "box_key", q->box_key, sizeof(q->box_key), r);
    if (e == ERR_OK)
        e = json_get_hex(tree, "tls_key", q->tls_key, sizeof(q->tls_key), r);
    if (e == ERR_OK)
        e = json_get_hex(tree, "mac", mac, sizeof(mac), r);
    cJSON_Delete(tree);
    if (e != ERR_OK)
        return err_prefix(r, e, "sealed request");
    return check_keys(q, mac, secret, r);
}

static enum err unseal(const struct keyring *k, const char *sealed_text, const uint8_t secret[ENROL_SECRET_LEN],
                       struct enrol_request *q, struct reason *r)
{
    uint8_t sealed[SEALED_MAX];
    char inner[INNER_MAX];
    size_t len;

    if (num_from_base64url(sealed_text, strlen(sealed_text), sealed, sizeof(sealed), &len) != ERR_OK ||
        len < crypto_box_SEALBYTES)
        return err_because(r, ERR_SYNTAX, "request: sealed: not base64url of %zu to %zu bytes",
                           (size_t)crypto_box_SEALBYTES, (size_t)SEALED_MAX);
    if (crypto_box_seal_open((uint8_t *)inner, sealed, len, k->box_public, k->box_secret) != 0)
        return err_because(r, ERR_SIGNATURE, "request: not sealed to this hub, or damaged");
    return read_inner(inner, len - crypto_box_SEALBYTES, secret, q, r);
}

enum err enrol_open_request(const struct keyring *k, const uint8_t secret[ENROL_SECRET_LEN], const char *text,
                            size_t len, struct enrol_request *out, struct reason *r)
{
    static const char *const members[] = {"v", "sealed", NULL};
    const struct json_limits limits = {.max_len = ENROL_REQUEST_MAX, .max_depth = 2, .flags = JSON_STRICT};
    struct enrol_request q = {.fingerprint = ""};
    const char *sealed;
    cJSON *tree;
    int64_t v;
    enum err e = json_parse(&tree, text, len, &limits, r);

    if (e != ERR_OK)
        return err_prefix(r, e, "request");
    e = json_only(tree, members, r);
    if (e == ERR_OK)
        e = json_get_int(tree, "v", 1, 1, &v, r);
    if (e == ERR_OK)
        e = json_get_text(tree, "sealed", 1, ENROL_REQUEST_MAX, &sealed, r);
    if (e == ERR_OK)
        e = unseal(k, sealed, secret, &q, r);
    else
        e = err_prefix(r, e, "request");
    cJSON_Delete(tree);
    if (e == ERR_OK)
        *out = q;
    return e;
}

/* ---------------------------------------------------------------- grant */

static void put_base64(cJSON *tree, const char *key, const void *bytes, size_t len)
{
    size_t cap = sodium_base64_encoded_len(len, BASE64);
    char *text = malloc(cap);

    if (text == NULL)
        abort(); /* as json_put_text */
    json_put_text(tree, key, sodium_bin2base64(text, cap, bytes, len, BASE64));
    free(text);
}

static char *grant_payload(const struct keyring *k, const struct enrol_terms *t)
{
    uint8_t sealed[CODE_KEY_LEN + crypto_box_SEALBYTES];
    cJSON *tree = json_new_object();
    cJSON *part;
    char hex[65];
    char *text;

    (void)crypto_box_seal(sealed, t->key.bytes, CODE_KEY_LEN, t->request.box_key); /* the key was checked */
    json_put_int(tree, "v", 1);
    json_put_hex(tree, "locker", t->locker, sizeof(t->locker));
    json_put_text(tree, "name", t->name);
    json_put_hex(tree, "sign_key", t->request.sign_key, 32);
    json_put_int(tree, "epoch", 1);
    json_put_int(tree, "key_epoch", t->key.epoch);
    put_base64(tree, "key_sealed", sealed, sizeof(sealed));
    part = json_put_object(tree, "cost");
    json_put_int(part, "passes", t->cost.passes);
    json_put_int(part, "mem_kib", t->cost.mem_kib);
    part = json_put_array(tree, "cmd_keys");
    num_to_hex(k->command_public, sizeof(k->command_public), hex);
    json_put_text(part, NULL, hex);
    json_put_hex(tree, "token_key", k->token_public, sizeof(k->token_public));
    part = json_put_object(tree, "broker");
    json_put_text(part, "host", t->broker_host);
    json_put_int(part, "port", t->broker_port);
    json_put_text(tree, "ca_pem", t->ca_pem);
    json_put_text(tree, "cert_pem", t->cert_pem);
    json_put_int(tree, "issued_ms", t->now_ms);
    text = json_print(tree);
    cJSON_Delete(tree);
    return text;
}

char *enrol_grant(const struct keyring *k, const struct enrol_terms *t)
{
    cJSON *tree = json_new_object();
    char *payload = grant_payload(k, t);
    uint8_t sig[crypto_sign_BYTES];
    const cJSON *encoded;
    char *signed_text = NULL;
    int n;
    char *text;

    put_base64(tree, "payload", payload, strlen(payload));
    free(payload);
    encoded = cJSON_GetObjectItemCaseSensitive(tree, "payload");
    n = asprintf(&signed_text, GRANT_LABEL "%s", cJSON_GetStringValue(encoded));
    if (n < 0)
        abort(); /* as json_put_text */
    (void)crypto_sign_detached(sig, NULL, (const uint8_t *)signed_text, strlen(signed_text),
                               k->command.secret); /* always 0 */
    free(signed_text);
    json_put_text(tree, "kid", k->command.kid);
    put_base64(tree, "sig", sig, sizeof(sig));
    text = json_print(tree);
    cJSON_Delete(tree);
    return text;
}
