/* SPDX-License-Identifier: Apache-2.0 */
#include "common/msg.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"

#define HUB "hub"
#define DEVICE_LEN 16 /* hex digits of a locker id */
#define TOPIC_ROOT "mdl/v1/"
#define TOPIC_CAP 64
#define KID_LEN 16
#define HEADER_CAP 256
#define SIGNATURE_LEN crypto_sign_BYTES
#define INT_MAX_EXACT INT64_C(9007199254740991) /* 2^53 - 1 */
#define WALL_MAX_MS INT64_C(253402300799999)    /* the end of the year 9999 */
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

static const char *const stream_names[MSG_STREAM_N] = {"evt", "cmd", "ack", "tel", "rpc"};
static const char *const direction_names[] = {"up", "dn"};

/* Each row has its schema in docs/schema/<typ>.json. */
static const struct type_row {
    enum msg_direction dir;
    enum msg_stream stream;
    const char *typ;
} types[] = {
    {MSG_UP, MSG_EVT, "locker.started.v1"},
    {MSG_UP, MSG_EVT, "cabinet.described.v1"},
    {MSG_UP, MSG_EVT, "door.pulsed.v1"},
    {MSG_UP, MSG_EVT, "door.opened.v1"},
    {MSG_UP, MSG_EVT, "door.closed.v1"},
    {MSG_UP, MSG_EVT, "door.jammed.v1"},
    {MSG_UP, MSG_EVT, "door.left_open.v1"},
    {MSG_UP, MSG_EVT, "door.forced.v1"},
    {MSG_UP, MSG_EVT, "door.mismatch.v1"},
    {MSG_UP, MSG_EVT, "door.commissioned.v1"},
    {MSG_UP, MSG_EVT, "compartment.changed.v1"},
    {MSG_UP, MSG_EVT, "order.loaded.v1"},
    {MSG_UP, MSG_EVT, "order.collected.v1"},
    {MSG_UP, MSG_EVT, "order.unconfirmed.v1"},
    {MSG_UP, MSG_EVT, "order.voided.v1"},
    {MSG_UP, MSG_EVT, "order.refused.v1"},
    {MSG_UP, MSG_EVT, "order.removed.v1"},
    {MSG_UP, MSG_EVT, "order.reported.v1"},
    {MSG_UP, MSG_EVT, "staff.entered.v1"},
    {MSG_UP, MSG_EVT, "scan.refused.v1"},
    {MSG_UP, MSG_EVT, "guess.alarm.v1"},
    {MSG_UP, MSG_EVT, "board.changed.v1"},
    {MSG_UP, MSG_EVT, "climate.changed.v1"},
    {MSG_UP, MSG_EVT, "input.changed.v1"},
    {MSG_UP, MSG_EVT, "store.alarm.v1"},
    {MSG_UP, MSG_EVT, "command.done.v1"},
    {MSG_UP, MSG_TEL, "locker.heartbeat.v1"},
    {MSG_UP, MSG_ACK, "ack.v1"},
    {MSG_DOWN, MSG_ACK, "ack.v1"},
    {MSG_DOWN, MSG_CMD, "order.withdraw.v1"},
    {MSG_DOWN, MSG_CMD, "badge.revoke.v1"},
    {MSG_DOWN, MSG_CMD, "guess.reset.v1"},
    {MSG_DOWN, MSG_CMD, "order.recode.v1"},
    {MSG_DOWN, MSG_CMD, "carer.grant.v1"},
    {MSG_DOWN, MSG_CMD, "carer.revoke.v1"},
    {MSG_DOWN, MSG_RPC, "open.ask.v1"},
    {MSG_UP, MSG_RPC, "open.challenge.v1"},
    {MSG_UP, MSG_RPC, "open.refused.v1"},
    {MSG_DOWN, MSG_RPC, "open.answer.v1"},
};

static const char *const claim_names[] = {"iss", "aud", "stm", "typ", "epo", "seq", "prv", "jti",
                                          "iat", "exp", "bct", "bms", "clk", "ack", "dat", NULL};

/* ---------------------------------------------------------------- names and keys */

const char *msg_stream_name(enum msg_stream s)
{
    assert((unsigned)s < MSG_STREAM_N);
    return stream_names[s];
}

bool msg_type_is_known(enum msg_direction dir, enum msg_stream stream, const char *typ)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].dir == dir && types[i].stream == stream && strcmp(types[i].typ, typ) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_lower_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))) {
            return false;
        }
    }
    return true;
}

void msg_topic(char *out, const char *device, enum msg_direction dir, enum msg_stream stream)
{
    int n =
        snprintf(out, TOPIC_CAP, TOPIC_ROOT "%s/%s/%s", device, direction_names[dir == MSG_DOWN], stream_names[stream]);
    assert(n > 0 && n < TOPIC_CAP);
    (void)n;
}

enum err msg_topic_parse(const char *topic, char *device, enum msg_direction *dir, enum msg_stream *stream)
{
    /* There are ten topics for a device: compare with each instead of cutting the text apart. */
    size_t root = strlen(TOPIC_ROOT);
    if (strnlen(topic, TOPIC_CAP) < root + DEVICE_LEN || strncmp(topic, TOPIC_ROOT, root) != 0 ||
        !is_lower_hex(topic + root, DEVICE_LEN)) {
        return ERR_SYNTAX;
    }
    char id[DEVICE_LEN + 1];
    memcpy(id, topic + root, DEVICE_LEN);
    id[DEVICE_LEN] = '\0';
    for (unsigned i = 0; i < 2u * MSG_STREAM_N; i++) {
        enum msg_direction d = i % 2u == 0 ? MSG_UP : MSG_DOWN;
        enum msg_stream s = (enum msg_stream)(i / 2u);
        char known[TOPIC_CAP];
        msg_topic(known, id, d, s);
        if (strcmp(topic, known) == 0) {
            memcpy(device, id, sizeof id);
            *dir = d;
            *stream = s;
            return ERR_OK;
        }
    }
    return ERR_SYNTAX;
}

static void hash_of(const void *bytes, size_t len, uint8_t out[MSG_HASH_LEN])
{
    int rc = crypto_generichash(out, MSG_HASH_LEN, bytes, len, NULL, 0);
    assert(rc == 0);
    (void)rc;
}

static void kid_of(const uint8_t public_key[32], char kid[KID_LEN + 1])
{
    uint8_t hash[MSG_HASH_LEN];
    hash_of(public_key, 32, hash);
    num_to_hex(hash, KID_LEN / 2, kid);
}

void msg_signer_init(struct msg_signer *s, const uint8_t secret[64])
{
    uint8_t public_key[32];
    memcpy(s->secret, secret, sizeof s->secret);
    int rc = crypto_sign_ed25519_sk_to_pk(public_key, secret);
    assert(rc == 0);
    (void)rc;
    kid_of(public_key, s->kid);
}

void msg_key_init(struct msg_key *k, const uint8_t public_key[32])
{
    memcpy(k->public_key, public_key, sizeof k->public_key);
    kid_of(public_key, k->kid);
    k->revoked = false;
}

/* ---------------------------------------------------------------- sealing */

static bool head_is_in_range(const struct msg_head *h, enum msg_direction dir)
{
    const char *device = dir == MSG_UP ? h->iss : h->aud;
    const char *hub = dir == MSG_UP ? h->aud : h->iss;
    return strlen(device) == DEVICE_LEN && is_lower_hex(device, DEVICE_LEN) && strcmp(hub, HUB) == 0 && h->epo >= 1 &&
           h->seq >= 1 && h->seq <= INT_MAX_EXACT && strlen(h->jti) == 32 && is_lower_hex(h->jti, 32) &&
           h->iat_ms >= 0 && h->iat_ms <= WALL_MAX_MS && h->exp_ms >= 0 && h->exp_ms <= WALL_MAX_MS &&
           h->clk.boot_ms >= 0 && h->clk.boot_ms <= INT_MAX_EXACT && (unsigned)h->clk.quality < CLOCK_QUALITY_N &&
           h->ack >= 0 && h->ack <= INT_MAX_EXACT;
}

static char *claims_text(const struct msg_head *h, const cJSON *dat)
{
    cJSON *claims = json_new_object();
    json_put_text(claims, "iss", h->iss);
    json_put_text(claims, "aud", h->aud);
    json_put_text(claims, "stm", stream_names[h->stm]);
    json_put_text(claims, "typ", h->typ);
    json_put_int(claims, "epo", h->epo);
    json_put_int(claims, "seq", h->seq);
    json_put_hex(claims, "prv", h->prv, sizeof h->prv);
    json_put_text(claims, "jti", h->jti);
    json_put_int(claims, "iat", h->iat_ms);
    if (h->exp_ms > 0) {
        json_put_int(claims, "exp", h->exp_ms);
    }
    json_put_int(claims, "bct", h->clk.boot);
    json_put_int(claims, "bms", h->clk.boot_ms);
    json_put_text(claims, "clk", clock_quality_name(h->clk.quality));
    json_put_int(claims, "ack", h->ack);
    char *body = json_print(dat);
    json_put_tree(claims, "dat", cJSON_CreateRaw(body)); /* dat stays the caller's */
    char *text = json_print(claims);
    free(body);
    cJSON_Delete(claims);
    return text;
}

/* Appends the base64url of bytes at text[at]; returns the new length. The caller made room. */
static size_t append_base64(char *text, size_t at, size_t cap, const void *bytes, size_t len)
{
    size_t need = sodium_base64_encoded_len(len, BASE64); /* with NUL */
    assert(at + need <= cap);
    sodium_bin2base64(text + at, cap - at, bytes, len, BASE64);
    return at + need - 1;
}

enum err msg_seal(const struct msg_head *head, enum msg_direction dir, const cJSON *dat, const struct msg_signer *s,
                  char **text, uint8_t hash[MSG_HASH_LEN], struct reason *r)
{
    assert((unsigned)head->stm < MSG_STREAM_N && msg_type_is_known(dir, head->stm, head->typ));
    assert(cJSON_IsObject(dat));
    if (!head_is_in_range(head, dir)) {
        return err_because(r, ERR_RANGE, "%s: its header is out of range", head->typ);
    }
    char header[HEADER_CAP];
    int n = snprintf(header, sizeof header, "{\"alg\":\"EdDSA\",\"typ\":\"%s\",\"kid\":\"%s\"}", head->typ, s->kid);
    assert(n > 0 && (size_t)n < sizeof header);

    char *claims = claims_text(head, dat);
    size_t claims_len = strlen(claims);
    size_t cap = sodium_base64_encoded_len((size_t)n, BASE64) + sodium_base64_encoded_len(claims_len, BASE64) +
                 sodium_base64_encoded_len(SIGNATURE_LEN, BASE64); /* three NULs: two dots and the end */
    _Static_assert(MSG_TEXT_CAP <= JSON_MAX_MESSAGE / 3 * 4, "a text that fits has claims that fit");
    if (cap - 1 > MSG_TEXT_CAP) {
        free(claims);
        return err_because(r, ERR_TOO_LONG, "%s: %zu bytes; at most %u are allowed as text", head->typ, cap - 1,
                           MSG_TEXT_CAP);
    }
    char *out = malloc(cap);
    if (out == NULL) {
        free(claims);
        return err_because(r, ERR_MEMORY, "%s: no memory for %zu bytes", head->typ, cap);
    }
    size_t at = append_base64(out, 0, cap, header, (size_t)n);
    out[at++] = '.';
    at = append_base64(out, at, cap, claims, claims_len);
    uint8_t signature[SIGNATURE_LEN];
    int rc = crypto_sign_detached(signature, NULL, (const uint8_t *)out, at, s->secret);
    assert(rc == 0);
    (void)rc;
    out[at++] = '.';
    at = append_base64(out, at, cap, signature, sizeof signature);
    free(claims);
    if (hash != NULL) {
        hash_of(out, at, hash);
    }
    *text = out;
    return ERR_OK;
}

/* ---------------------------------------------------------------- opening */

/* The three parts of a compact JWS, inside the text. */
struct parts {
    const char *header, *payload, *signature;
    size_t header_len, payload_len, signature_len, signed_len;
};

/* What the header says; strings by value because its tree is gone before the payload is looked at. */
struct header {
    char typ[MSG_TYPE_CAP];
    char kid[KID_LEN + 1];
};

/* What an opened text must agree with. */
struct expected {
    const char *iss, *aud;
    enum msg_direction dir;
    enum msg_stream stream;
    const char *typ;
    int64_t now_ms;
};

static enum err split(struct parts *p, const char *text, size_t len, struct reason *r)
{
    const char *end = text + len;
    const char *dot1 = memchr(text, '.', len);
    const char *dot2 = dot1 != NULL ? memchr(dot1 + 1, '.', (size_t)(end - dot1 - 1)) : NULL;
    if (dot2 == NULL || memchr(dot2 + 1, '.', (size_t)(end - dot2 - 1)) != NULL) {
        return err_because(r, ERR_SYNTAX, "JWS: not three parts with dots between");
    }
    *p = (struct parts){
        .header = text,
        .payload = dot1 + 1,
        .signature = dot2 + 1,
        .header_len = (size_t)(dot1 - text),
        .payload_len = (size_t)(dot2 - dot1 - 1),
        .signature_len = (size_t)(end - dot2 - 1),
        .signed_len = (size_t)(dot2 - text),
    };
    return ERR_OK;
}

static enum err take_header(const cJSON *tree, struct header *h, struct reason *r)
{
    static const char *const allowed[] = {"alg", "typ", "kid", NULL};
    const char *alg = NULL, *typ = NULL, *kid = NULL;
    enum err e = json_only(tree, allowed, r);
    if (e != ERR_OK || (e = json_get_text(tree, "alg", 1, 16, &alg, r)) != ERR_OK ||
        (e = json_get_text(tree, "typ", 1, MSG_TYPE_CAP - 1, &typ, r)) != ERR_OK ||
        (e = json_get_text(tree, "kid", KID_LEN, KID_LEN, &kid, r)) != ERR_OK) {
        return e;
    }
    if (strcmp(alg, "EdDSA") != 0) {
        return err_because(r, ERR_UNKNOWN, "alg: only EdDSA is accepted");
    }
    memcpy(h->typ, typ, strlen(typ) + 1);
    memcpy(h->kid, kid, KID_LEN + 1);
    return ERR_OK;
}

static enum err read_header(const struct parts *p, struct header *h, struct reason *r)
{
    static const struct json_limits limits = {.max_len = HEADER_CAP, .max_depth = 1, .flags = JSON_STRICT};
    char text[HEADER_CAP];
    size_t len = 0;
    cJSON *tree = NULL;
    if (num_from_base64url(p->header, p->header_len, text, sizeof text, &len) != ERR_OK) {
        return err_because(r, ERR_SYNTAX, "JWS header: not base64url of at most %d bytes", HEADER_CAP);
    }
    enum err e = json_parse(&tree, text, len, &limits, r);
    if (e == ERR_OK) {
        e = take_header(tree, h, r);
        cJSON_Delete(tree);
    }
    return e == ERR_OK ? ERR_OK : err_prefix(r, e, "JWS header");
}

static const struct msg_key *key_find(const struct msg_keys *keys, const char *kid)
{
    assert(keys->count <= MSG_KEYS_MAX);
    for (unsigned i = 0; i < keys->count; i++) {
        if (strcmp(keys->key[i].kid, kid) == 0) {
            return &keys->key[i];
        }
    }
    return NULL;
}

static enum err verify(const char *text, const struct parts *p, const char *kid, const struct msg_keys *keys,
                       struct reason *r)
{
    uint8_t signature[SIGNATURE_LEN];
    size_t len = 0;
    const struct msg_key *key = key_find(keys, kid);
    if (key == NULL) {
        return err_because(r, ERR_SIGNATURE, "kid: no such key of this sender");
    }
    if (key->revoked) {
        return err_because(r, ERR_SIGNATURE, "kid %s: the key is revoked", key->kid);
    }
    if (num_from_base64url(p->signature, p->signature_len, signature, sizeof signature, &len) != ERR_OK ||
        len != SIGNATURE_LEN) {
        return err_because(r, ERR_SYNTAX, "JWS signature: not base64url of %u bytes", SIGNATURE_LEN);
    }
    if (crypto_sign_verify_detached(signature, (const uint8_t *)text, p->signed_len, key->public_key) != 0) {
        return err_because(r, ERR_SIGNATURE, "the signature does not fit");
    }
    return ERR_OK;
}

static enum err parse_payload(const struct parts *p, cJSON **claims, struct reason *r)
{
    static const struct json_limits limits = {
        .max_len = JSON_MAX_MESSAGE, .max_depth = JSON_DEPTH_MESSAGE, .flags = JSON_STRICT};
    size_t len = 0;
    char *text = malloc(JSON_MAX_MESSAGE);
    if (text == NULL) {
        return err_because(r, ERR_MEMORY, "no memory for a message");
    }
    enum err e;
    if (num_from_base64url(p->payload, p->payload_len, text, JSON_MAX_MESSAGE, &len) != ERR_OK) {
        e = err_because(r, ERR_SYNTAX, "JWS payload: not base64url of at most %u bytes", JSON_MAX_MESSAGE);
    } else {
        e = json_parse(claims, text, len, &limits, r);
    }
    free(text);
    return e;
}

static enum err take_match(const cJSON *claims, const char *key, const char *want, struct reason *r)
{
    const char *text = NULL;
    enum err e = json_get_text(claims, key, 1, MSG_TYPE_CAP - 1, &text, r);
    if (e == ERR_OK && strcmp(text, want) != 0) {
        return err_because(r, ERR_FOREIGN, "%s: not \"%s\"", key, want);
    }
    return e;
}

/* Lower case only, so that equal bytes have one spelling. */
static enum err take_hex(const cJSON *claims, const char *key, size_t len, const char **out, struct reason *r)
{
    const char *text = NULL;
    enum err e = json_get_text(claims, key, 2 * len, 2 * len, &text, r);
    if (e == ERR_OK && !is_lower_hex(text, 2 * len)) {
        return err_because(r, ERR_SYNTAX, "%s: not lower-case hex digits", key);
    }
    if (e == ERR_OK) {
        *out = text;
    }
    return e;
}

static enum err take_addresses(const cJSON *claims, const struct expected *x, struct msg_head *h, struct reason *r)
{
    enum err e = take_match(claims, "iss", x->iss, r);
    if (e != ERR_OK || (e = take_match(claims, "aud", x->aud, r)) != ERR_OK ||
        (e = take_match(claims, "stm", stream_names[x->stream], r)) != ERR_OK ||
        (e = take_match(claims, "typ", x->typ, r)) != ERR_OK) {
        return e;
    }
    if (!msg_type_is_known(x->dir, x->stream, x->typ)) {
        return err_because(r, ERR_UNKNOWN, "typ: none of the types of this stream");
    }
    h->stm = x->stream;
    memcpy(h->iss, x->iss, strlen(x->iss) + 1);
    memcpy(h->aud, x->aud, strlen(x->aud) + 1);
    memcpy(h->typ, x->typ, strlen(x->typ) + 1);
    return ERR_OK;
}

static enum err take_place(const cJSON *claims, const struct expected *x, struct msg_head *h, struct reason *r)
{
    bool is_numbered = x->stream == MSG_EVT || x->stream == MSG_CMD;
    int64_t epo = 0;
    const char *prv = NULL, *jti = NULL;
    enum err e = json_get_int(claims, "epo", 1, UINT32_MAX, &epo, r);
    if (e != ERR_OK || (e = json_get_int(claims, "seq", 1, INT_MAX_EXACT, &h->seq, r)) != ERR_OK ||
        (e = take_hex(claims, "prv", MSG_HASH_LEN, &prv, r)) != ERR_OK ||
        (e = take_hex(claims, "jti", 16, &jti, r)) != ERR_OK ||
        (e = json_get_int(claims, "ack", 0, INT_MAX_EXACT, &h->ack, r)) != ERR_OK) {
        return e;
    }
    h->epo = (uint32_t)epo;
    memcpy(h->jti, jti, sizeof h->jti);
    enum err decoded = num_from_hex(prv, h->prv, sizeof h->prv);
    assert(decoded == ERR_OK); /* take_hex looked */
    (void)decoded;
    if (!is_numbered && sodium_is_zero(h->prv, sizeof h->prv) != 1) {
        return err_because(r, ERR_RANGE, "prv: must be zeros on stream %s", stream_names[x->stream]);
    }
    return ERR_OK;
}

static enum err take_quality(const cJSON *claims, enum clock_quality *out, struct reason *r)
{
    const char *text = NULL;
    enum err e = json_get_text(claims, "clk", 1, 16, &text, r);
    if (e != ERR_OK) {
        return e;
    }
    for (unsigned q = 0; q < CLOCK_QUALITY_N; q++) {
        if (strcmp(text, clock_quality_name((enum clock_quality)q)) == 0) {
            *out = (enum clock_quality)q;
            return ERR_OK;
        }
    }
    return err_because(r, ERR_UNKNOWN, "clk: no such quality of a clock");
}

static enum err take_times(const cJSON *claims, const struct expected *x, struct msg_head *h, struct reason *r)
{
    int64_t boot = 0;
    enum err e = json_get_int(claims, "iat", 0, WALL_MAX_MS, &h->iat_ms, r);
    if (e != ERR_OK || (e = json_get_int(claims, "bct", 0, UINT32_MAX, &boot, r)) != ERR_OK ||
        (e = json_get_int(claims, "bms", 0, INT_MAX_EXACT, &h->clk.boot_ms, r)) != ERR_OK ||
        (e = take_quality(claims, &h->clk.quality, r)) != ERR_OK) {
        return e;
    }
    h->clk.boot = (uint32_t)boot;
    h->clk.wall_ms = h->iat_ms;
    if (cJSON_GetObjectItemCaseSensitive(claims, "exp") == NULL) {
        return ERR_OK;
    }
    e = json_get_int(claims, "exp", 1, WALL_MAX_MS, &h->exp_ms, r);
    if (e == ERR_OK && x->now_ms != 0 && x->now_ms > h->exp_ms) {
        return err_because(r, ERR_EXPIRED, "exp: the message has expired");
    }
    return e;
}

static enum err take_claims(cJSON *claims, const struct expected *x, struct msg *m, struct reason *r)
{
    const cJSON *dat = NULL;
    enum err e = json_only(claims, claim_names, r);
    if (e != ERR_OK || (e = take_addresses(claims, x, &m->head, r)) != ERR_OK ||
        (e = take_place(claims, x, &m->head, r)) != ERR_OK || (e = take_times(claims, x, &m->head, r)) != ERR_OK ||
        (e = json_get_object(claims, "dat", &dat, r)) != ERR_OK) {
        return e;
    }
    m->dat = cJSON_DetachItemFromObjectCaseSensitive(claims, "dat");
    return ERR_OK;
}

enum err msg_open(struct msg *out, const char *text, size_t len, enum msg_direction dir, const char *device,
                  enum msg_stream stream, const struct msg_keys *keys, int64_t now_ms, struct reason *r)
{
    assert(strnlen(device, MSG_ID_CAP) < MSG_ID_CAP && (unsigned)stream < MSG_STREAM_N);
    struct parts parts = {.header = NULL};
    struct header header = {.kid = ""};
    struct msg m;
    cJSON *claims = NULL;
    memset(&m, 0, sizeof m);
    if (len > MSG_TEXT_CAP) {
        return err_because(r, ERR_TOO_LONG, "%zu bytes; at most %u are allowed", len, MSG_TEXT_CAP);
    }
    enum err e = split(&parts, text, len, r);
    if (e != ERR_OK || (e = read_header(&parts, &header, r)) != ERR_OK ||
        (e = verify(text, &parts, header.kid, keys, r)) != ERR_OK ||
        (e = parse_payload(&parts, &claims, r)) != ERR_OK) {
        return e;
    }
    const struct expected x = {
        .iss = dir == MSG_UP ? device : HUB,
        .aud = dir == MSG_UP ? HUB : device,
        .dir = dir,
        .stream = stream,
        .typ = header.typ,
        .now_ms = now_ms,
    };
    e = take_claims(claims, &x, &m, r);
    cJSON_Delete(claims);
    if (e != ERR_OK) {
        return e;
    }
    hash_of(text, len, m.hash);
    *out = m;
    return ERR_OK;
}

void msg_fini(struct msg *m)
{
    cJSON_Delete(m->dat);
    m->dat = NULL;
}
