/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/msg.h"
#include "common/num.h"

#define DEVICE "0123456789abcdef"
#define NOW_MS INT64_C(1790000000123)
#define PRV "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
#define PRV_0 "0000000000000000000000000000000000000000000000000000000000000000"
#define JTI "00112233445566778899aabbccddeeff"

/* Made with the Ed25519 of Node.js and the BLAKE2b of Python, from a seed of 32 times 0x01. */
static const char golden[] =
    "eyJhbGciOiJFZERTQSIsInR5cCI6Im9yZGVyLmxvYWRlZC52MSIsImtpZCI6ImM1ZTIxYWIxYzlmNjAyMmQifQ.eyJpc3MiOiIwM"
    "TIzNDU2Nzg5YWJjZGVmIiwiYXVkIjoiaHViIiwic3RtIjoiZXZ0IiwidHlwIjoib3JkZXIubG9hZGVkLnYxIiwiZXBvIjoxLCJzZ"
    "XEiOjcsInBydiI6IjVhNWE1YTVhNWE1YTVhNWE1YTVhNWE1YTVhNWE1YTVhNWE1YTVhNWE1YTVhNWE1YTVhNWE1YTVhNWE1YTVhN"
    "WEiLCJqdGkiOiIwMDExMjIzMzQ0NTU2Njc3ODg5OWFhYmJjY2RkZWVmZiIsImlhdCI6MTc5MDAwMDAwMDEyMywiYmN0Ijo0LCJib"
    "XMiOjk4NzY1LCJjbGsiOiJudHAiLCJhY2siOjMsImRhdCI6eyJvcmQiOiJhMGExYTJhM2E0YTVhNmE3YThhOWFhYWJhY2FkYWVhZ"
    "iIsImxvZCI6MSwiZG9vciI6IkEzIiwic3RhZmYiOiIwMTAyMDMwNDA1MDYwNzA4In19.UzVVUZ--M1dl5UB9MneP6ET6y3NhY8yH"
    "w0StlfpG7bgT7ocd-_aijNDgnupvdMgxlHabcuXreWo1IBHzRG8NDw";
static const char golden_hash[] = "7539adea6b2e7407ec9bf9678943329d7fada6ae730ca569a90abe847174e49e";
static const char golden_kid[] = "c5e21ab1c9f6022d";

struct pair {
    struct msg_signer signer;
    struct msg_key key;
};

static void pair_from(struct pair *p, uint8_t fill)
{
    uint8_t seed[crypto_sign_SEEDBYTES], public_key[32], secret[64];
    memset(seed, fill, sizeof seed);
    assert_int_equal(crypto_sign_seed_keypair(public_key, secret, seed), 0);
    msg_signer_init(&p->signer, secret);
    msg_key_init(&p->key, public_key);
    assert_string_equal(p->signer.kid, p->key.kid);
}

static struct msg_keys only(const struct pair *p)
{
    struct msg_keys keys = {.key = {p->key}, .count = 1};
    return keys;
}

static struct msg_head sample_head(void)
{
    struct msg_head h = {
        .iss = DEVICE,
        .aud = "hub",
        .stm = MSG_EVT,
        .typ = "order.loaded.v1",
        .epo = 1,
        .seq = 7,
        .jti = JTI,
        .iat_ms = NOW_MS,
        .clk = {.boot = 4, .boot_ms = 98765, .wall_ms = NOW_MS, .quality = CLOCK_NTP},
        .ack = 3,
    };
    memset(h.prv, 0x5a, sizeof h.prv);
    return h;
}

static cJSON *sample_dat(void)
{
    cJSON *dat = json_new_object();
    json_put_text(dat, "ord", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
    json_put_int(dat, "lod", 1);
    json_put_text(dat, "door", "A3");
    json_put_text(dat, "staff", "0102030405060708");
    return dat;
}

/* A JWS with this header and payload, signed by p; freed by the caller. */
static char *sign_parts(const struct pair *p, const char *header, const char *payload)
{
    size_t cap = 2 * (strlen(header) + strlen(payload)) + 128;
    char *text = malloc(cap);
    uint8_t signature[crypto_sign_BYTES];
    assert_non_null(text);
    sodium_bin2base64(text, cap, (const uint8_t *)header, strlen(header), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    strncat(text, ".", cap - strlen(text) - 1);
    size_t at = strlen(text);
    sodium_bin2base64(text + at, cap - at, (const uint8_t *)payload, strlen(payload),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    at = strlen(text);
    assert_int_equal(crypto_sign_detached(signature, NULL, (const uint8_t *)text, at, p->signer.secret), 0);
    text[at++] = '.';
    sodium_bin2base64(text + at, cap - at, signature, sizeof signature, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return text;
}

static enum err open_up(const char *text, const struct pair *p, struct msg *m, struct reason *r)
{
    struct msg_keys keys = only(p);
    return msg_open(m, text, strlen(text), MSG_UP, DEVICE, MSG_EVT, &keys, NOW_MS, r);
}

static void sealed_text_equals_the_golden_one(void **state)
{
    (void)state;
    struct pair p;
    struct msg_head h = sample_head();
    cJSON *dat = sample_dat();
    char *text = NULL, hex[2 * MSG_HASH_LEN + 1];
    uint8_t hash[MSG_HASH_LEN];
    pair_from(&p, 1);
    assert_string_equal(p.key.kid, golden_kid);
    assert_int_equal(msg_seal(&h, MSG_UP, dat, &p.signer, &text, hash, NULL), ERR_OK);
    assert_string_equal(text, golden);
    num_to_hex(hash, sizeof hash, hex);
    assert_string_equal(hex, golden_hash);
    assert_int_equal(cJSON_GetArraySize(dat), 4);
    free(text);
    cJSON_Delete(dat);
}

static void golden_text_is_opened_claim_by_claim(void **state)
{
    (void)state;
    struct pair p;
    struct msg m;
    struct msg_head want = sample_head();
    char hex[2 * MSG_HASH_LEN + 1];
    const char *door = NULL;
    pair_from(&p, 1);
    assert_int_equal(open_up(golden, &p, &m, NULL), ERR_OK);
    assert_string_equal(m.head.iss, want.iss);
    assert_string_equal(m.head.aud, want.aud);
    assert_int_equal(m.head.stm, want.stm);
    assert_string_equal(m.head.typ, want.typ);
    assert_int_equal(m.head.epo, want.epo);
    assert_int_equal(m.head.seq, want.seq);
    assert_memory_equal(m.head.prv, want.prv, sizeof want.prv);
    assert_string_equal(m.head.jti, want.jti);
    assert_int_equal(m.head.iat_ms, want.iat_ms);
    assert_int_equal(m.head.exp_ms, 0);
    assert_int_equal(m.head.clk.boot, want.clk.boot);
    assert_int_equal(m.head.clk.boot_ms, want.clk.boot_ms);
    assert_int_equal(m.head.clk.wall_ms, want.iat_ms);
    assert_int_equal(m.head.clk.quality, want.clk.quality);
    assert_int_equal(m.head.ack, want.ack);
    num_to_hex(m.hash, sizeof m.hash, hex);
    assert_string_equal(hex, golden_hash);
    assert_int_equal(json_get_text(m.dat, "door", 1, 8, &door, NULL), ERR_OK);
    assert_string_equal(door, "A3");
    msg_fini(&m);
    msg_fini(&m);
}

static void downward_command_with_expiry_comes_back(void **state)
{
    (void)state;
    struct pair p;
    struct msg m;
    struct msg_head h = sample_head();
    char *text = NULL;
    cJSON *dat = json_new_object();
    pair_from(&p, 1);
    struct msg_keys keys = only(&p);
    memcpy(h.iss, "hub", 4);
    memcpy(h.aud, DEVICE, sizeof DEVICE);
    h.stm = MSG_CMD;
    memcpy(h.typ, "guess.reset.v1", sizeof "guess.reset.v1");
    h.exp_ms = NOW_MS + 1000;
    json_put_text(dat, "staff", "0102030405060708");
    assert_int_equal(msg_seal(&h, MSG_DOWN, dat, &p.signer, &text, NULL, NULL), ERR_OK);
    size_t len = strlen(text);
    assert_int_equal(msg_open(&m, text, len, MSG_DOWN, DEVICE, MSG_CMD, &keys, h.exp_ms, NULL), ERR_OK);
    assert_int_equal(m.head.exp_ms, h.exp_ms);
    msg_fini(&m);
    assert_int_equal(msg_open(&m, text, len, MSG_DOWN, DEVICE, MSG_CMD, &keys, h.exp_ms + 1, NULL), ERR_EXPIRED);
    assert_int_equal(msg_open(&m, text, len, MSG_DOWN, DEVICE, MSG_CMD, &keys, 0, NULL), ERR_OK);
    msg_fini(&m);
    assert_int_equal(msg_open(&m, text, len, MSG_UP, DEVICE, MSG_CMD, &keys, 0, NULL), ERR_FOREIGN);
    assert_int_equal(msg_open(&m, text, len, MSG_DOWN, "0123456789abcdee", MSG_CMD, &keys, 0, NULL), ERR_FOREIGN);
    assert_int_equal(msg_open(&m, text, len, MSG_DOWN, DEVICE, MSG_RPC, &keys, 0, NULL), ERR_FOREIGN);
    free(text);
    cJSON_Delete(dat);
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    struct pair p;
    pair_from(&p, 1);
    struct msg_keys keys = only(&p);
    char text[sizeof golden];
    memcpy(text, golden, sizeof text);
    for (size_t bit = 0; bit < (sizeof golden - 1) * 8; bit++) {
        struct msg m;
        text[bit / 8] = (char)((unsigned char)text[bit / 8] ^ (1u << (bit % 8)));
        assert_int_not_equal(msg_open(&m, text, sizeof golden - 1, MSG_UP, DEVICE, MSG_EVT, &keys, NOW_MS, NULL),
                             ERR_OK);
        text[bit / 8] = golden[bit / 8];
    }
}

static void every_other_length_is_refused(void **state)
{
    (void)state;
    struct pair p;
    struct msg m;
    char text[sizeof golden + 1];
    pair_from(&p, 1);
    struct msg_keys keys = only(&p);
    for (size_t len = 0; len < sizeof golden - 1; len++) {
        assert_int_not_equal(msg_open(&m, golden, len, MSG_UP, DEVICE, MSG_EVT, &keys, NOW_MS, NULL), ERR_OK);
    }
    static const char tails[] = "A=.\n \0";
    for (size_t i = 0; i < sizeof tails - 1; i++) {
        memcpy(text, golden, sizeof golden - 1);
        text[sizeof golden - 1] = tails[i];
        assert_int_not_equal(msg_open(&m, text, sizeof golden, MSG_UP, DEVICE, MSG_EVT, &keys, NOW_MS, NULL), ERR_OK);
    }
}

static void text_over_the_limit_is_refused_unread(void **state)
{
    (void)state;
    struct pair p;
    struct msg m;
    pair_from(&p, 1);
    struct msg_keys keys = only(&p);
    char *text = malloc(MSG_TEXT_CAP + 1);
    assert_non_null(text);
    memset(text, 'A', MSG_TEXT_CAP + 1);
    assert_int_equal(msg_open(&m, text, MSG_TEXT_CAP + 1, MSG_UP, DEVICE, MSG_EVT, &keys, 0, NULL), ERR_TOO_LONG);
    assert_int_equal(msg_open(&m, text, MSG_TEXT_CAP, MSG_UP, DEVICE, MSG_EVT, &keys, 0, NULL), ERR_SYNTAX);
    free(text);
}

static void longest_message_that_can_be_sealed_can_be_opened(void **state)
{
    (void)state;
    struct pair p;
    struct msg m;
    struct msg_head h = sample_head();
    struct reason r;
    char *text = NULL;
    pair_from(&p, 1);
    memcpy(h.typ, "cabinet.described.v1", sizeof "cabinet.described.v1");
    size_t fits = 0;
    for (size_t len = JSON_MAX_MESSAGE - 800; len < JSON_MAX_MESSAGE; len++) {
        cJSON *dat = json_new_object();
        char *pad = malloc(len + 1);
        assert_non_null(pad);
        memset(pad, 'x', len);
        pad[len] = '\0';
        json_put_text(dat, "pad", pad);
        enum err e = msg_seal(&h, MSG_UP, dat, &p.signer, &text, NULL, &r);
        if (e == ERR_OK) {
            fits = len;
            assert_true(strlen(text) <= MSG_TEXT_CAP);
            assert_int_equal(open_up(text, &p, &m, NULL), ERR_OK);
            msg_fini(&m);
            free(text);
        } else {
            assert_int_equal(e, ERR_TOO_LONG);
            assert_non_null(strstr(r.text, "cabinet.described.v1"));
        }
        free(pad);
        cJSON_Delete(dat);
        if (e != ERR_OK) {
            break;
        }
    }
    assert_in_range(fits, JSON_MAX_MESSAGE - 800, JSON_MAX_MESSAGE - 2);
}

static void foreign_revoked_or_no_key_is_refused(void **state)
{
    (void)state;
    struct pair p, other;
    struct msg m;
    struct reason r;
    size_t len = sizeof golden - 1;
    pair_from(&p, 1);
    pair_from(&other, 2);
    assert_int_equal(open_up(golden, &other, &m, NULL), ERR_SIGNATURE);

    struct msg_keys keys = {.count = 0};
    assert_int_equal(msg_open(&m, golden, len, MSG_UP, DEVICE, MSG_EVT, &keys, 0, NULL), ERR_SIGNATURE);
    keys = (struct msg_keys){.key = {other.key, p.key}, .count = 2};
    assert_int_equal(msg_open(&m, golden, len, MSG_UP, DEVICE, MSG_EVT, &keys, 0, NULL), ERR_OK);
    msg_fini(&m);
    keys.key[1].revoked = true;
    assert_int_equal(msg_open(&m, golden, len, MSG_UP, DEVICE, MSG_EVT, &keys, 0, &r), ERR_SIGNATURE);
    assert_non_null(strstr(r.text, "revoked"));

    /* The right kid on the wrong key. */
    keys = only(&other);
    memcpy(keys.key[0].kid, golden_kid, sizeof golden_kid);
    assert_int_equal(msg_open(&m, golden, len, MSG_UP, DEVICE, MSG_EVT, &keys, 0, NULL), ERR_SIGNATURE);
}

#define HEADER "{\"alg\":\"EdDSA\",\"typ\":\"order.loaded.v1\",\"kid\":\"c5e21ab1c9f6022d\"}"
#define CLAIMS_TO(iss, aud, stm, typ)                                                                                  \
    "{\"iss\":\"" iss "\",\"aud\":\"" aud "\",\"stm\":\"" stm "\",\"typ\":\"" typ "\","
#define PLACE(epo, seq, prv, jti) "\"epo\":" epo ",\"seq\":" seq ",\"prv\":\"" prv "\",\"jti\":\"" jti "\","
#define TIMES(iat, bct, bms, clk, ack)                                                                                 \
    "\"iat\":" iat ",\"bct\":" bct ",\"bms\":" bms ",\"clk\":\"" clk "\",\"ack\":" ack ","
#define GOOD_TO CLAIMS_TO(DEVICE, "hub", "evt", "order.loaded.v1")
#define GOOD_PLACE PLACE("1", "7", PRV, JTI)
#define GOOD_TIMES TIMES("1790000000123", "4", "98765", "ntp", "3")
#define DAT "\"dat\":{}}"

static void header_must_be_exactly_alg_typ_kid(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum err e;
    } rows[] = {
        {HEADER, ERR_OK},
        {"{\"kid\":\"c5e21ab1c9f6022d\", \"typ\":\"order.loaded.v1\", \"alg\":\"EdDSA\"}", ERR_OK},
        {"{\"alg\":\"none\",\"typ\":\"order.loaded.v1\",\"kid\":\"c5e21ab1c9f6022d\"}", ERR_UNKNOWN},
        {"{\"alg\":\"HS256\",\"typ\":\"order.loaded.v1\",\"kid\":\"c5e21ab1c9f6022d\"}", ERR_UNKNOWN},
        {"{\"alg\":\"eddsa\",\"typ\":\"order.loaded.v1\",\"kid\":\"c5e21ab1c9f6022d\"}", ERR_UNKNOWN},
        {"{\"alg\":\"Ed25519\",\"typ\":\"order.loaded.v1\",\"kid\":\"c5e21ab1c9f6022d\"}", ERR_UNKNOWN},
        {"{\"typ\":\"order.loaded.v1\",\"kid\":\"c5e21ab1c9f6022d\"}", ERR_MISSING},
        {"{\"alg\":\"EdDSA\",\"kid\":\"c5e21ab1c9f6022d\"}", ERR_MISSING},
        {"{\"alg\":\"EdDSA\",\"typ\":\"order.loaded.v1\"}", ERR_MISSING},
        {"{\"alg\":\"EdDSA\",\"typ\":\"order.loaded.v1\",\"kid\":\"c5e21ab1c9f6022\"}", ERR_RANGE},
        {"{\"alg\":\"EdDSA\",\"typ\":\"order.loaded.v1\",\"kid\":\"C5E21AB1C9F6022D\"}", ERR_SIGNATURE},
        {"{\"alg\":\"EdDSA\",\"typ\":\"order.loaded.v1\",\"kid\":\"0000000000000000\"}", ERR_SIGNATURE},
        {"{\"alg\":\"EdDSA\",\"typ\":7,\"kid\":\"c5e21ab1c9f6022d\"}", ERR_SYNTAX},
        {"{\"alg\":[\"EdDSA\"],\"typ\":\"order.loaded.v1\",\"kid\":\"c5e21ab1c9f6022d\"}", ERR_TOO_LONG},
        {"{\"alg\":\"EdDSA\",\"typ\":\"order.loaded.v1\",\"kid\":\"c5e21ab1c9f6022d\",\"crit\":\"x\"}", ERR_UNKNOWN},
        {"{\"alg\":\"EdDSA\",\"typ\":\"order.loaded.v1\",\"kid\":\"c5e21ab1c9f6022d\",\"b64\":false}", ERR_UNKNOWN},
        {"{\"alg\":\"EdDSA\",\"typ\":\"order.loaded.v1\",\"kid\":\"c5e21ab1c9f6022d\",\"alg\":\"EdDSA\"}",
         ERR_DUPLICATE},
        {"{\"alg\":\"EdDSA\",\"typ\":\"order.loaded.v1\",\"kid\":\"c5e21ab1c9f6022d\"}}", ERR_SYNTAX},
        {"[]", ERR_SYNTAX},
        {"", ERR_SYNTAX},
        {"{}", ERR_MISSING},
        /* Rightly signed, but for another type than the claims say. */
        {"{\"alg\":\"EdDSA\",\"typ\":\"order.removed.v1\",\"kid\":\"c5e21ab1c9f6022d\"}", ERR_FOREIGN},
    };
    struct pair p;
    pair_from(&p, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct msg m;
        struct reason r = {""};
        char *text = sign_parts(&p, rows[i].header, GOOD_TO GOOD_PLACE GOOD_TIMES DAT);
        enum err e = open_up(text, &p, &m, &r);
        free(text);
        if (e == ERR_OK) {
            msg_fini(&m);
        }
        if (e != rows[i].e) {
            fail_msg("%s: %s (%s) instead of %s", rows[i].header, err_name(e), r.text, err_name(rows[i].e));
        }
    }
}

static void header_over_256_bytes_is_refused(void **state)
{
    (void)state;
    struct pair p;
    struct msg m;
    char header[300];
    pair_from(&p, 1);
    for (size_t len = 256; len <= 257; len++) {
        memset(header, ' ', sizeof header);
        memcpy(header, HEADER, sizeof HEADER - 1);
        header[len] = '\0';
        char *text = sign_parts(&p, header, GOOD_TO GOOD_PLACE GOOD_TIMES DAT);
        assert_int_equal(open_up(text, &p, &m, NULL), len == 256 ? ERR_OK : ERR_SYNTAX);
        if (len == 256) {
            msg_fini(&m);
        }
        free(text);
    }
}

static void claims_must_be_complete_in_range_and_no_others(void **state)
{
    (void)state;
    static const struct {
        const char *claims;
        enum err e;
    } rows[] = {
        {GOOD_TO GOOD_PLACE GOOD_TIMES DAT, ERR_OK},
        {GOOD_TO GOOD_PLACE GOOD_TIMES "\"exp\":1790000000123," DAT, ERR_OK},
        {GOOD_TO GOOD_PLACE GOOD_TIMES "\"exp\":1790000000122," DAT, ERR_EXPIRED},
        {GOOD_TO GOOD_PLACE GOOD_TIMES "\"exp\":0," DAT, ERR_RANGE},
        {GOOD_TO GOOD_PLACE GOOD_TIMES "\"exp\":null," DAT, ERR_SYNTAX},
        {GOOD_TO GOOD_PLACE GOOD_TIMES "\"nbf\":1," DAT, ERR_UNKNOWN},
        {GOOD_TO GOOD_PLACE GOOD_TIMES "\"Seq\":7," DAT, ERR_DUPLICATE},
        {GOOD_TO GOOD_PLACE GOOD_TIMES DAT " x", ERR_SYNTAX},
        {GOOD_TO GOOD_PLACE GOOD_TIMES "\"dat\":[]}", ERR_SYNTAX},
        {GOOD_TO GOOD_PLACE GOOD_TIMES "\"dat\":{\"a\":1.5}}", ERR_SYNTAX},
        {GOOD_TO GOOD_PLACE GOOD_TIMES "\"dat\":{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{}}}}}}}}", ERR_OK},
        {GOOD_TO GOOD_PLACE GOOD_TIMES "\"dat\":{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"g\":{}}}}}}}}}",
         ERR_TOO_LONG},
        {GOOD_PLACE "}", ERR_SYNTAX},
        {"{}", ERR_MISSING},
        {"[]", ERR_SYNTAX},
        {"", ERR_SYNTAX},
        {CLAIMS_TO("0123456789abcdee", "hub", "evt", "order.loaded.v1") GOOD_PLACE GOOD_TIMES DAT, ERR_FOREIGN},
        {CLAIMS_TO("0123456789ABCDEF", "hub", "evt", "order.loaded.v1") GOOD_PLACE GOOD_TIMES DAT, ERR_FOREIGN},
        {CLAIMS_TO(DEVICE, "hub2", "evt", "order.loaded.v1") GOOD_PLACE GOOD_TIMES DAT, ERR_FOREIGN},
        {CLAIMS_TO("hub", DEVICE, "evt", "order.loaded.v1") GOOD_PLACE GOOD_TIMES DAT, ERR_FOREIGN},
        {CLAIMS_TO(DEVICE, "hub", "tel", "order.loaded.v1") GOOD_PLACE GOOD_TIMES DAT, ERR_FOREIGN},
        {CLAIMS_TO(DEVICE, "hub", "evt", "order.removed.v1") GOOD_PLACE GOOD_TIMES DAT, ERR_FOREIGN},
        {GOOD_TO PLACE("0", "7", PRV, JTI) GOOD_TIMES DAT, ERR_RANGE},
        {GOOD_TO PLACE("4294967295", "9007199254740991", PRV, JTI) GOOD_TIMES DAT, ERR_OK},
        {GOOD_TO PLACE("4294967296", "7", PRV, JTI) GOOD_TIMES DAT, ERR_RANGE},
        {GOOD_TO PLACE("1", "0", PRV, JTI) GOOD_TIMES DAT, ERR_RANGE},
        {GOOD_TO PLACE("1", "-1", PRV, JTI) GOOD_TIMES DAT, ERR_RANGE},
        {GOOD_TO PLACE("1", "\"7\"", PRV, JTI) GOOD_TIMES DAT, ERR_SYNTAX},
        {GOOD_TO PLACE("1", "7", PRV "00", JTI) GOOD_TIMES DAT, ERR_TOO_LONG},
        {GOOD_TO PLACE("1", "7", "5a", JTI) GOOD_TIMES DAT, ERR_RANGE},
        {GOOD_TO PLACE("1", "7", "5A5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", JTI)
             GOOD_TIMES DAT,
         ERR_SYNTAX},
        {GOOD_TO PLACE("1", "7", PRV, "00112233445566778899aabbccddeefg") GOOD_TIMES DAT, ERR_SYNTAX},
        {GOOD_TO GOOD_PLACE TIMES("-1", "4", "98765", "ntp", "3") DAT, ERR_RANGE},
        {GOOD_TO GOOD_PLACE TIMES("253402300800000", "4", "98765", "ntp", "3") DAT, ERR_RANGE},
        {GOOD_TO GOOD_PLACE TIMES("0", "0", "0", "unsure", "0") DAT, ERR_OK},
        {GOOD_TO GOOD_PLACE TIMES("0", "-1", "0", "unsure", "0") DAT, ERR_RANGE},
        {GOOD_TO GOOD_PLACE TIMES("0", "0", "-1", "unsure", "0") DAT, ERR_RANGE},
        {GOOD_TO GOOD_PLACE TIMES("0", "0", "0", "gps", "0") DAT, ERR_UNKNOWN},
        {GOOD_TO GOOD_PLACE TIMES("0", "0", "0", "a quality that is too long", "0") DAT, ERR_TOO_LONG},
        {GOOD_TO GOOD_PLACE TIMES("0", "0", "0", "rtc", "-1") DAT, ERR_RANGE},
        {GOOD_TO GOOD_TIMES DAT, ERR_MISSING},
        {GOOD_TO GOOD_PLACE DAT, ERR_MISSING},
        {GOOD_TO GOOD_PLACE GOOD_TIMES "\"exp\":1790000000123}", ERR_MISSING},
    };
    struct pair p;
    pair_from(&p, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct msg m;
        struct reason r = {""};
        char *text = sign_parts(&p, HEADER, rows[i].claims);
        enum err e = open_up(text, &p, &m, &r);
        free(text);
        if (e == ERR_OK) {
            msg_fini(&m);
        }
        if (e != rows[i].e) {
            fail_msg("%s: %s (%s) instead of %s", rows[i].claims, err_name(e), r.text, err_name(rows[i].e));
        }
    }
}

static void output_is_untouched_on_failure(void **state)
{
    (void)state;
    struct pair p;
    struct msg m, before;
    pair_from(&p, 1);
    memset(&m, 0x5a, sizeof m);
    before = m;
    char *text = sign_parts(&p, HEADER, GOOD_TO GOOD_PLACE GOOD_TIMES "\"dat\":7}");
    assert_int_equal(open_up(text, &p, &m, NULL), ERR_SYNTAX);
    assert_memory_equal(&m, &before, sizeof m);
    free(text);
}

/* The payload is not JSON at all: with a bad signature that must not matter, because nobody looks. */
static void signature_is_checked_before_the_payload_is_parsed(void **state)
{
    (void)state;
    struct pair p, other;
    struct msg m;
    pair_from(&p, 1);
    pair_from(&other, 2);
    char *text = sign_parts(&other, HEADER, "{\"iss\":");
    assert_int_equal(open_up(text, &p, &m, NULL), ERR_SIGNATURE);
    free(text);
}

/* Signed by the right key, and still no base64url. */
static void signed_payload_that_is_no_base64_is_refused(void **state)
{
    (void)state;
    struct pair p;
    struct msg m;
    uint8_t signature[crypto_sign_BYTES];
    pair_from(&p, 1);
    char *text = sign_parts(&p, HEADER, "{}");
    char *payload = strchr(text, '.') + 1, *end = strchr(payload, '.');
    *payload = '!';
    assert_int_equal(
        crypto_sign_detached(signature, NULL, (const uint8_t *)text, (size_t)(end - text), p.signer.secret), 0);
    sodium_bin2base64(end + 1, strlen(end + 1) + 1, signature, sizeof signature,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    assert_int_equal(open_up(text, &p, &m, NULL), ERR_SYNTAX);
    free(text);
}

/* How a head of ours could be wrong; nothing is made of it. */
enum wrong {
    DEVICE_SHORT,
    DEVICE_UPPER,
    NOT_THE_HUB,
    EPOCH_0,
    SEQ_0,
    SEQ_BIG,
    JTI_SHORT,
    JTI_UPPER,
    IAT_BEFORE,
    IAT_BIG,
    EXP_BEFORE,
    EXP_BIG,
    BOOT_BEFORE,
    BOOT_BIG,
    NO_QUALITY,
    ACK_BEFORE,
    ACK_BIG,
    WRONG_N
};

static struct msg_head wrong_head(enum wrong what)
{
    struct msg_head h = sample_head();
    const int64_t big = INT64_C(1) << 60;
    char *const texts[WRONG_N] = {[DEVICE_SHORT] = h.iss + 8, [JTI_SHORT] = h.jti + 8};
    char *const letters[WRONG_N] = {[DEVICE_UPPER] = h.iss + 12, [NOT_THE_HUB] = h.aud, [JTI_UPPER] = h.jti + 2};
    int64_t *const numbers[WRONG_N] = {
        [SEQ_0] = &h.seq,         [SEQ_BIG] = &h.seq,    [IAT_BEFORE] = &h.iat_ms,       [IAT_BIG] = &h.iat_ms,
        [EXP_BEFORE] = &h.exp_ms, [EXP_BIG] = &h.exp_ms, [BOOT_BEFORE] = &h.clk.boot_ms, [BOOT_BIG] = &h.clk.boot_ms,
        [ACK_BEFORE] = &h.ack,    [ACK_BIG] = &h.ack,
    };
    static const bool is_big[WRONG_N] = {
        [SEQ_BIG] = true, [IAT_BIG] = true, [EXP_BIG] = true, [BOOT_BIG] = true, [ACK_BIG] = true};
    if (texts[what] != NULL)
        texts[what][0] = '\0';
    if (letters[what] != NULL)
        letters[what][0] = 'X';
    if (numbers[what] != NULL)
        *numbers[what] = is_big[what] ? big : what == SEQ_0 ? 0 : -1;
    if (what == EPOCH_0)
        h.epo = 0;
    if (what == NO_QUALITY)
        h.clk.quality = CLOCK_QUALITY_N;
    return h;
}

static void head_out_of_range_is_not_sealed(void **state)
{
    (void)state;
    struct pair p;
    cJSON *dat = sample_dat();
    pair_from(&p, 1);
    for (unsigned i = 0; i < WRONG_N; i++) {
        struct msg_head h = wrong_head((enum wrong)i);
        struct reason r = {""};
        char *text = NULL;
        if (msg_seal(&h, MSG_UP, dat, &p.signer, &text, NULL, &r) != ERR_RANGE || text != NULL)
            fail_msg("wrong head %u was sealed", i);
    }
    cJSON_Delete(dat);
}

static void chain_hash_must_be_zero_on_unnumbered_streams(void **state)
{
    (void)state;
    static const char header[] = "{\"alg\":\"EdDSA\",\"typ\":\"ack.v1\",\"kid\":\"c5e21ab1c9f6022d\"}";
    struct pair p;
    struct msg m;
    pair_from(&p, 1);
    struct msg_keys keys = only(&p);
    char *text = sign_parts(&p, header, CLAIMS_TO(DEVICE, "hub", "ack", "ack.v1") GOOD_PLACE GOOD_TIMES DAT);
    assert_int_equal(msg_open(&m, text, strlen(text), MSG_UP, DEVICE, MSG_ACK, &keys, 0, NULL), ERR_RANGE);
    free(text);
    text = sign_parts(&p, header,
                      CLAIMS_TO(DEVICE, "hub", "ack", "ack.v1") PLACE("1", "4294967296", PRV_0, JTI) GOOD_TIMES DAT);
    assert_int_equal(msg_open(&m, text, strlen(text), MSG_UP, DEVICE, MSG_ACK, &keys, 0, NULL), ERR_OK);
    msg_fini(&m);
    free(text);
}

static void type_of_another_stream_is_unknown_there(void **state)
{
    (void)state;
    static const char header[] = "{\"alg\":\"EdDSA\",\"typ\":\"order.withdraw.v1\",\"kid\":\"c5e21ab1c9f6022d\"}";
    struct pair p;
    struct msg m;
    pair_from(&p, 1);
    char *text = sign_parts(&p, header, CLAIMS_TO(DEVICE, "hub", "evt", "order.withdraw.v1") GOOD_PLACE GOOD_TIMES DAT);
    assert_int_equal(open_up(text, &p, &m, NULL), ERR_UNKNOWN);
    free(text);
    assert_true(msg_type_is_known(MSG_DOWN, MSG_CMD, "order.withdraw.v1"));
    assert_false(msg_type_is_known(MSG_UP, MSG_CMD, "order.withdraw.v1"));
    assert_false(msg_type_is_known(MSG_UP, MSG_EVT, "order.withdraw.v1"));
    assert_true(msg_type_is_known(MSG_UP, MSG_ACK, "ack.v1"));
    assert_true(msg_type_is_known(MSG_DOWN, MSG_ACK, "ack.v1"));
    assert_false(msg_type_is_known(MSG_UP, MSG_RPC, ""));
}

static void topics_are_made_and_parsed_back(void **state)
{
    (void)state;
    char topic[64], device[MSG_ID_CAP];
    msg_topic(topic, DEVICE, MSG_UP, MSG_EVT);
    assert_string_equal(topic, "mdl/v1/0123456789abcdef/up/evt");
    for (unsigned s = 0; s < MSG_STREAM_N; s++) {
        for (unsigned d = MSG_UP; d <= MSG_DOWN; d++) {
            enum msg_direction dir = MSG_UP;
            enum msg_stream stream = MSG_STREAM_N;
            msg_topic(topic, DEVICE, (enum msg_direction)d, (enum msg_stream)s);
            assert_int_equal(msg_topic_parse(topic, device, &dir, &stream), ERR_OK);
            assert_string_equal(device, DEVICE);
            assert_int_equal(dir, d);
            assert_int_equal(stream, s);
        }
    }
}

static void other_topics_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "mdl/v1/",
        "mdl/v1/0123456789abcdef",
        "mdl/v1/0123456789abcdef/up",
        "mdl/v1/0123456789abcdef/up/",
        "mdl/v1/0123456789abcdef/up/evt/",
        "mdl/v1/0123456789abcdef/up/evtx",
        "mdl/v1/0123456789abcdef/UP/evt",
        "mdl/v1/0123456789ABCDEF/up/evt",
        "mdl/v1/0123456789abcde/up/evt",
        "mdl/v1/0123456789abcdef0/up/evt",
        "mdl/v2/0123456789abcdef/up/evt",
        "/mdl/v1/0123456789abcdef/up/evt",
        "mdl/v1/+/up/evt",
        "$SYS/broker/uptime",
        "mdl/v1/0123456789abcdef/up/evtevtevtevtevtevtevtevtevtevtevtevtevtevtevtevtevtevtevtevt",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char device[MSG_ID_CAP];
        enum msg_direction dir;
        enum msg_stream stream;
        if (msg_topic_parse(bad[i], device, &dir, &stream) != ERR_SYNTAX) {
            fail_msg("%s", bad[i]);
        }
    }
}

static int set_up(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_text_equals_the_golden_one),
        cmocka_unit_test(golden_text_is_opened_claim_by_claim),
        cmocka_unit_test(downward_command_with_expiry_comes_back),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(text_over_the_limit_is_refused_unread),
        cmocka_unit_test(longest_message_that_can_be_sealed_can_be_opened),
        cmocka_unit_test(foreign_revoked_or_no_key_is_refused),
        cmocka_unit_test(header_must_be_exactly_alg_typ_kid),
        cmocka_unit_test(header_over_256_bytes_is_refused),
        cmocka_unit_test(claims_must_be_complete_in_range_and_no_others),
        cmocka_unit_test(output_is_untouched_on_failure),
        cmocka_unit_test(signature_is_checked_before_the_payload_is_parsed),
        cmocka_unit_test(signed_payload_that_is_no_base64_is_refused),
        cmocka_unit_test(head_out_of_range_is_not_sealed),
        cmocka_unit_test(chain_hash_must_be_zero_on_unnumbered_streams),
        cmocka_unit_test(type_of_another_stream_is_unknown_there),
        cmocka_unit_test(topics_are_made_and_parsed_back),
        cmocka_unit_test(other_topics_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
