/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/enrol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/json.h"
#include "common/num.h"

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* A locker that asks, and what it can get wrong. */
struct asking {
    struct keyring hub;
    uint8_t secret[ENROL_SECRET_LEN];
    uint8_t sign_public[32], sign_secret[64], box_public[32], box_secret[32], tls_public[32];
};

static int set_up(void **state)
{
    static struct asking a;
    static const uint8_t seeds[4][32] = {{1}, {2}, {3}, {4}};
    uint8_t seed[32] = {9}, lost[64];

    if (sodium_init() < 0)
        return -1;
    keyring_from_seeds(seeds[0], seeds[1], seeds[2], seeds[3], &a.hub);
    memset(a.secret, 0x5a, sizeof(a.secret));
    (void)crypto_sign_seed_keypair(a.sign_public, a.sign_secret, seed);
    (void)crypto_sign_ed25519_sk_to_curve25519(a.box_secret, a.sign_secret);
    if (crypto_sign_ed25519_pk_to_curve25519(a.box_public, a.sign_public) != 0)
        return -1;
    seed[0] = 10;
    (void)crypto_sign_seed_keypair(a.tls_public, lost, seed);
    *state = &a;
    return 0;
}

static void hex(char *out, size_t cap, const char *key, const uint8_t *bytes, const char *after)
{
    char text[65];

    num_to_hex(bytes, 32, text);
    (void)snprintf(out + strlen(out), cap - strlen(out), "\"%s\":\"%s\"%s", key, text, after);
}

/* The inner text of a request with these keys. */
static void inner(const struct asking *a, const uint8_t *sign, const uint8_t *box, const uint8_t *tls, char *out,
                  size_t cap)
{
    uint8_t keys[17 + 96], mac[32];

    memcpy(keys, "medlocker-enrol-1", 17);
    memcpy(keys + 17, sign, 32);
    memcpy(keys + 49, box, 32);
    memcpy(keys + 81, tls, 32);
    (void)crypto_generichash(mac, sizeof(mac), keys, sizeof(keys), a->secret, sizeof(a->secret));
    (void)snprintf(out, cap, "{\"v\":1,");
    hex(out, cap, "sign_key", sign, ",");
    hex(out, cap, "box_key", box, ",");
    hex(out, cap, "tls_key", tls, ",");
    hex(out, cap, "mac", mac, "}");
}

/* Seals a text to a hub; free with free(). */
static char *seal(const uint8_t to[32], const char *text)
{
    uint8_t sealed[4096];
    char encoded[6000];
    size_t len = strlen(text);
    char *out = NULL;

    assert_true(len + crypto_box_SEALBYTES < sizeof(sealed));
    assert_int_equal(crypto_box_seal(sealed, (const uint8_t *)text, len, to), 0);
    (void)sodium_bin2base64(encoded, sizeof(encoded), sealed, len + crypto_box_SEALBYTES, BASE64);
    assert_true(asprintf(&out, "{\"v\":1,\"sealed\":\"%s\"}", encoded) > 0);
    return out;
}

static enum err open_text(const struct asking *a, const char *text, struct enrol_request *out)
{
    struct reason r = {.text = ""};
    enum err e = enrol_open_request(&a->hub, a->secret, text, strlen(text), out, &r);

    if (e != ERR_OK)
        assert_true(r.text[0] != '\0');
    return e;
}

static enum err open_inner(const struct asking *a, const char *text, struct enrol_request *out)
{
    char *request = seal(a->hub.box_public, text);
    enum err e = open_text(a, request, out);

    free(request);
    return e;
}

static void good_request_is_opened(void **state)
{
    const struct asking *a = *state;
    struct enrol_request q;
    char text[1024];

    inner(a, a->sign_public, a->box_public, a->tls_public, text, sizeof(text));
    assert_int_equal(open_inner(a, text, &q), ERR_OK);
    assert_memory_equal(q.sign_key, a->sign_public, 32);
    assert_memory_equal(q.tls_key, a->tls_public, 32);
    assert_int_equal(strlen(q.fingerprint), 19);
}

static void other_secret_is_refused(void **state)
{
    struct asking a = *(const struct asking *)*state;
    struct enrol_request q;
    char text[1024];

    inner(&a, a.sign_public, a.box_public, a.tls_public, text, sizeof(text));
    a.secret[15] ^= 1;
    assert_int_equal(open_inner(&a, text, &q), ERR_SIGNATURE);
}

static void request_to_another_hub_is_refused(void **state)
{
    const struct asking *a = *state;
    struct enrol_request q;
    char text[1024];
    char *request;

    inner(a, a->sign_public, a->box_public, a->tls_public, text, sizeof(text));
    request = seal(a->box_public, text);
    assert_int_equal(open_text(a, request, &q), ERR_SIGNATURE);
    free(request);
}

static void keys_that_do_not_belong_together_are_refused(void **state)
{
    const struct asking *a = *state;
    struct enrol_request q;
    char text[1024];

    inner(a, a->sign_public, a->tls_public, a->tls_public, text, sizeof(text));
    assert_int_equal(open_inner(a, text, &q), ERR_FOREIGN);
    inner(a, a->sign_public, a->box_public, a->sign_public, text, sizeof(text));
    assert_int_equal(open_inner(a, text, &q), ERR_FOREIGN);
}

static void every_damaged_byte_is_noticed(void **state)
{
    const struct asking *a = *state;
    struct enrol_request q;
    char text[1024];
    char *request;

    inner(a, a->sign_public, a->box_public, a->tls_public, text, sizeof(text));
    request = seal(a->hub.box_public, text);
    for (size_t i = 0; i < strlen(request); i++) {
        char kept = request[i];

        request[i] = kept == 'A' ? 'B' : 'A';
        assert_int_not_equal(open_text(a, request, &q), ERR_OK);
        request[i] = kept;
    }
    assert_int_equal(open_text(a, request, &q), ERR_OK);
    free(request);
}

static void odd_texts_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "{\"v\":2,\"sealed\":\"AA\"}",
        "{\"v\":1,\"sealed\":\"AA\",\"x\":1}",
        "{\"v\":1,\"sealed\":\"****\"}",
        "{\"v\":1,\"sealed\":\"AA\"} x",
    };
    static const char *const inners[] = {"", "{}", "{\"v\":1}", "{\"v\":1,\"sign_key\":\"zz\"}"};
    const struct asking *a = *state;
    struct enrol_request q;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_not_equal(open_text(a, texts[i], &q), ERR_OK);
    for (size_t i = 0; i < sizeof(inners) / sizeof(inners[0]); i++)
        assert_int_not_equal(open_inner(a, inners[i], &q), ERR_OK);
}

static void grant_is_signed_and_only_the_locker_can_read_its_key(void **state)
{
    const struct asking *a = *state;
    struct enrol_terms t = {.name = "Noord",
                            .locker = {1, 2, 3, 4, 5, 6, 7, 8},
                            .key = {.epoch = 1, .bytes = {7, 7, 7}},
                            .cost = CODE_COST_DEFAULT,
                            .broker_host = "localhost",
                            .broker_port = 8883,
                            .ca_pem = "ca",
                            .cert_pem = "cert",
                            .now_ms = 5};
    char *text, *signed_text = NULL;
    uint8_t sig[64], payload[4096], sealed[80], opened[32];
    size_t len;
    cJSON *tree, *inside;

    memcpy(t.request.sign_key, a->sign_public, 32);
    memcpy(t.request.box_key, a->box_public, 32);
    text = enrol_grant(&a->hub, &t);
    tree = cJSON_Parse(text);
    const char *encoded = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "payload"));
    const char *mark = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "sig"));

    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tree, "kid")), a->hub.command.kid);
    assert_int_equal(sodium_base642bin(sig, sizeof(sig), mark, strlen(mark), NULL, &len, NULL, BASE64), 0);
    assert_true(asprintf(&signed_text, "medlocker-grant-1.%s", encoded) > 0);
    assert_int_equal(
        crypto_sign_verify_detached(sig, (const uint8_t *)signed_text, strlen(signed_text), a->hub.command_public), 0);
    assert_int_equal(
        sodium_base642bin(payload, sizeof(payload) - 1, encoded, strlen(encoded), NULL, &len, NULL, BASE64), 0);
    payload[len] = '\0';
    inside = cJSON_Parse((const char *)payload);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(inside, "locker")), "0102030405060708");
    const char *box = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(inside, "key_sealed"));

    assert_int_equal(sodium_base642bin(sealed, sizeof(sealed), box, strlen(box), NULL, &len, NULL, BASE64), 0);
    assert_int_equal(crypto_box_seal_open(opened, sealed, len, a->box_public, a->box_secret), 0);
    assert_memory_equal(opened, t.key.bytes, 32);
    cJSON_Delete(inside);
    cJSON_Delete(tree);
    free(signed_text);
    free(text);
}

static void secret_text_says_the_secret_in_groups(void **state)
{
    uint8_t secret[ENROL_SECRET_LEN], back[ENROL_SECRET_LEN];
    char text[ENROL_SECRET_TEXT_CAP], plain[33];
    size_t at = 0;

    (void)state;
    enrol_draw_secret(secret, text);
    assert_int_equal(strlen(text), 39);
    for (size_t i = 0; i < strlen(text); i++) {
        if (text[i] != '-')
            plain[at++] = text[i];
    }
    plain[at] = '\0';
    assert_int_equal(num_from_hex(plain, back, sizeof(back)), ERR_OK);
    assert_memory_equal(back, secret, sizeof(back));
}

static void names_are_one_line_without_quotes(void **state)
{
    (void)state;
    assert_int_equal(enrol_check_name("Servicepunt Noord \xe2\x80\x93 2", NULL), ERR_OK);
    assert_int_equal(enrol_check_name("", NULL), ERR_SYNTAX);
    assert_int_equal(enrol_check_name("a\nb", NULL), ERR_SYNTAX);
    assert_int_equal(enrol_check_name("a\"b", NULL), ERR_SYNTAX);
    assert_int_equal(enrol_check_name("0123456789012345678901234567890123456789x", NULL), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_request_is_opened),
        cmocka_unit_test(other_secret_is_refused),
        cmocka_unit_test(request_to_another_hub_is_refused),
        cmocka_unit_test(keys_that_do_not_belong_together_are_refused),
        cmocka_unit_test(every_damaged_byte_is_noticed),
        cmocka_unit_test(odd_texts_are_refused),
        cmocka_unit_test(grant_is_signed_and_only_the_locker_can_read_its_key),
        cmocka_unit_test(secret_text_says_the_secret_in_groups),
        cmocka_unit_test(names_are_one_line_without_quotes),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
