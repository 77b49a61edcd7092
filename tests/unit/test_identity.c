/* SPDX-License-Identifier: Apache-2.0 */
/* The hub's side is played here from docs/enrolment.md, with its own few lines of libsodium. */
#include "controller/enrol.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/file.h"
#include "common/json.h"
#include "common/num.h"
#include "controller/identity.h"

#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define SECRET "0a1b-2c3d-4e5f-6071 8293-a4b5-c6d7-e8f9"

struct fixture {
    char dir[40], state[64], hub_key[64], grant[64];
    uint8_t hub_public[32], hub_secret[64];
    uint8_t sign_key[32];
    struct reason reason;
    char fingerprint[ENROL_FINGERPRINT_CAP];
    char id[17], name[41];
    struct identity identity;
};

static void write_text(const char *path, const char *text)
{
    struct reason r;
    assert_int_equal(file_replace(path, text, strlen(text), 0600, &r), ERR_OK);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    (void)snprintf(f->dir, sizeof f->dir, "/tmp/test_enrol.XXXXXX");
    if (sodium_init() < 0 || mkdtemp(f->dir) == NULL) {
        return -1;
    }
    (void)snprintf(f->state, sizeof f->state, "%s/state", f->dir);
    (void)snprintf(f->hub_key, sizeof f->hub_key, "%s/hub-key.json", f->dir);
    (void)snprintf(f->grant, sizeof f->grant, "%s/grant.json", f->dir);
    (void)crypto_sign_keypair(f->hub_public, f->hub_secret);
    char hex[65], text[128];
    num_to_hex(f->hub_public, 32, hex);
    (void)snprintf(text, sizeof text, "{\"v\": 1, \"cmd_key\": \"%s\"}", hex);
    write_text(f->hub_key, text);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[80];
    (void)snprintf(command, sizeof command, "rm -r %s", f->dir);
    int rc = system(command);
    free(f);
    return rc;
}

static char *make_request(struct fixture *f)
{
    char *text = NULL;
    f->reason.text[0] = '\0';
    enum err e = enrol_request(f->state, SECRET, f->hub_key, &text, f->fingerprint, &f->reason);
    assert_string_equal(f->reason.text, "");
    assert_int_equal(e, ERR_OK);
    return text;
}

/* Opens the request as the hub does. */
static cJSON *open_request(struct fixture *f, const char *request)
{
    const struct json_limits limits = {.max_len = 8192, .max_depth = 2, .flags = JSON_STRICT};
    cJSON *outer, *inner;
    const char *sealed;
    uint8_t bytes[2048], plain[2048], box_public[32], box_secret[32];
    size_t len;
    assert_int_equal(json_parse(&outer, request, strlen(request), &limits, &f->reason), ERR_OK);
    assert_int_equal(json_get_text(outer, "sealed", 1, 4096, &sealed, &f->reason), ERR_OK);
    assert_int_equal(sodium_base642bin(bytes, sizeof bytes, sealed, strlen(sealed), NULL, &len, NULL, BASE64), 0);
    assert_int_equal(crypto_sign_ed25519_pk_to_curve25519(box_public, f->hub_public), 0);
    assert_int_equal(crypto_sign_ed25519_sk_to_curve25519(box_secret, f->hub_secret), 0);
    assert_int_equal(crypto_box_seal_open(plain, bytes, len, box_public, box_secret), 0);
    assert_int_equal(json_parse(&inner, (char *)plain, len - crypto_box_SEALBYTES, &limits, &f->reason), ERR_OK);
    cJSON_Delete(outer);
    return inner;
}

struct changes {
    const char *member; /* replaced or added in the payload */
    cJSON *value;
    bool other_signer, damaged, foreign_letters;
};

static void put_sealed_key(cJSON *p, const uint8_t sign_key[32])
{
    uint8_t k[32], sealed[32 + crypto_box_SEALBYTES], box[32];
    char text[128];
    memset(k, 0x5a, sizeof k);
    assert_int_equal(crypto_sign_ed25519_pk_to_curve25519(box, sign_key), 0);
    (void)crypto_box_seal(sealed, k, sizeof k, box);
    json_put_text(p, "key_sealed", sodium_bin2base64(text, sizeof text, sealed, sizeof sealed, BASE64));
}

static char *make_payload(struct fixture *f, const struct changes *c)
{
    cJSON *p = json_new_object();
    json_put_int(p, "v", 1);
    json_put_text(p, "locker", "00112233445566ff");
    json_put_text(p, "name", "Hal");
    json_put_hex(p, "sign_key", f->sign_key, 32);
    json_put_int(p, "epoch", 1);
    json_put_int(p, "key_epoch", 7);
    put_sealed_key(p, f->sign_key);
    cJSON *part = json_put_object(p, "cost");
    json_put_int(part, "passes", 2);
    json_put_int(part, "mem_kib", 1024);
    part = json_put_array(p, "cmd_keys");
    char hex[65];
    num_to_hex(f->hub_public, 32, hex);
    json_put_text(part, NULL, hex);
    json_put_hex(p, "token_key", f->hub_public, 32);
    part = json_put_object(p, "broker");
    json_put_text(part, "host", "broker.example");
    json_put_int(part, "port", 8883);
    json_put_text(p, "ca_pem", "CA");
    json_put_text(p, "cert_pem", "CERT");
    json_put_int(p, "issued_ms", 1800000000000);
    if (c->member != NULL) {
        cJSON_DeleteItemFromObjectCaseSensitive(p, c->member);
        if (c->value != NULL) {
            json_put_tree(p, c->member, c->value);
        }
    }
    char *text = json_print(p);
    cJSON_Delete(p);
    return text;
}

static void write_grant(struct fixture *f, const struct changes *c)
{
    uint8_t other_public[32], other_secret[64], sig[64];
    char encoded[8192], signed_text[8300], sig_text[100];
    char *payload = make_payload(f, c);
    (void)sodium_bin2base64(encoded, sizeof encoded, (uint8_t *)payload, strlen(payload), BASE64);
    free(payload);
    (void)snprintf(signed_text, sizeof signed_text, "medlocker-grant-1.%s", encoded);
    (void)crypto_sign_keypair(other_public, other_secret);
    (void)crypto_sign_detached(sig, NULL, (uint8_t *)signed_text, strlen(signed_text),
                               c->other_signer ? other_secret : f->hub_secret);
    struct msg_key key;
    msg_key_init(&key, f->hub_public);
    if (c->damaged) {
        encoded[20] = encoded[20] == 'A' ? 'B' : 'A';
    }
    cJSON *g = json_new_object();
    json_put_text(g, "payload", encoded);
    json_put_text(g, "kid", key.kid);
    (void)sodium_bin2base64(sig_text, sizeof sig_text, sig, sizeof sig, BASE64);
    if (c->foreign_letters) {
        memcpy(sig_text, "\xc3\xa9", 2);
    }
    json_put_text(g, "sig", sig_text);
    char *text = json_print(g);
    write_text(f->grant, text);
    free(text);
    cJSON_Delete(g);
}

static void request(struct fixture *f)
{
    char *text = make_request(f);
    cJSON *inner = open_request(f, text);
    assert_int_equal(json_get_hex(inner, "sign_key", f->sign_key, 32, &f->reason), ERR_OK);
    cJSON_Delete(inner);
    free(text);
}

static enum err accept(struct fixture *f, const struct changes *c)
{
    write_grant(f, c);
    return enrol_accept(f->state, f->grant, f->id, f->name, &f->reason);
}

static void request_has_the_keys_and_a_mac_under_the_secret(void **state)
{
    struct fixture *f = *state;
    char *text = make_request(f);
    cJSON *inner = open_request(f, text);
    uint8_t keys[17 + 96], mac[32], want[32], hash[32];
    const uint8_t secret[16] = {0x0a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f, 0x60, 0x71,
                                0x82, 0x93, 0xa4, 0xb5, 0xc6, 0xd7, 0xe8, 0xf9};
    memcpy(keys, "medlocker-enrol-1", 17);
    assert_int_equal(json_get_hex(inner, "sign_key", keys + 17, 32, NULL), ERR_OK);
    assert_int_equal(json_get_hex(inner, "box_key", keys + 49, 32, NULL), ERR_OK);
    assert_int_equal(json_get_hex(inner, "tls_key", keys + 81, 32, NULL), ERR_OK);
    assert_int_equal(json_get_hex(inner, "mac", mac, 32, NULL), ERR_OK);
    (void)crypto_generichash(want, 32, keys, sizeof keys, secret, sizeof secret);
    assert_memory_equal(mac, want, 32);
    (void)crypto_generichash(hash, 32, keys, sizeof keys, NULL, 0);
    char hex[17];
    num_to_hex(hash, 8, hex);
    assert_int_equal(strncmp(f->fingerprint, hex, 4), 0);
    assert_int_equal(strlen(f->fingerprint), 19);
    char again[ENROL_FINGERPRINT_CAP];
    assert_int_equal(enrol_fingerprint(f->state, again, &f->reason), ERR_OK);
    assert_string_equal(again, f->fingerprint);
    cJSON_Delete(inner);
    free(text);
}

static void bad_secret_makes_no_keys(void **state)
{
    struct fixture *f = *state;
    static const char *const secrets[] = {"", "0a1b", "0a1b-2c3d-4e5f-6071-8293-a4b5-c6d7-e8fg",
                                          "0a1b-2c3d-4e5f-6071-8293-a4b5-c6d7-e8f9-0"};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        char *text = NULL;
        assert_int_equal(enrol_request(f->state, secrets[i], f->hub_key, &text, f->fingerprint, &f->reason),
                         ERR_SYNTAX);
        assert_int_equal(access(f->state, F_OK), -1);
    }
}

static void second_request_does_not_replace_the_keys(void **state)
{
    struct fixture *f = *state;
    free(make_request(f));
    char *text = NULL;
    assert_int_equal(enrol_request(f->state, SECRET, f->hub_key, &text, f->fingerprint, &f->reason), ERR_DUPLICATE);
    assert_null(text);
}

static void state_without_enrolment_says_what_to_do(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(identity_load(&f->identity, f->dir, &f->reason), ERR_STATE);
    assert_non_null(strstr(f->reason.text, "enrol-request"));
    request(f);
    assert_int_equal(identity_load(&f->identity, f->state, &f->reason), ERR_STATE);
}

static void accepted_grant_is_the_identity(void **state)
{
    struct fixture *f = *state;
    request(f);
    enum err e = accept(f, &(struct changes){.member = NULL});
    assert_string_equal(f->reason.text, "");
    assert_int_equal(e, ERR_OK);
    assert_string_equal(f->id, "00112233445566ff");
    assert_string_equal(f->name, "Hal");
    assert_int_equal(identity_load(&f->identity, f->state, &f->reason), ERR_OK);
    const struct identity *id = &f->identity;
    assert_int_equal(id->key.epoch, 7);
    assert_int_equal(id->key.bytes[31], 0x5a);
    assert_int_equal(id->terms.cost.mem_kib, 1024);
    assert_string_equal(id->terms.broker_host, "broker.example");
    assert_int_equal(id->terms.hub.count, 1);
    assert_memory_equal(id->terms.token_key, f->hub_public, 32);
    assert_memory_equal(id->signer.secret + 32, f->sign_key, 32);
    static const char *const files[] = {IDENTITY_FILE, IDENTITY_SEED,     IDENTITY_KEY,
                                        IDENTITY_CA,   IDENTITY_TLS_CERT, IDENTITY_TLS_KEY};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[128];
        struct stat st;
        (void)snprintf(path, sizeof path, "%s/%s", f->state, files[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    assert_int_equal(accept(f, &(struct changes){.member = NULL}), ERR_STATE);
}

static void wrong_grants_are_refused_and_leave_the_locker_unenrolled(void **state)
{
    struct fixture *f = *state;
    request(f);
    uint8_t other[32] = {9};
    char hex[65];
    num_to_hex(other, 32, hex);
    const struct {
        struct changes change;
        enum err e;
    } row[] = {
        {{.other_signer = true}, ERR_SIGNATURE},
        {{.damaged = true}, ERR_SIGNATURE},
        {{.foreign_letters = true}, ERR_SYNTAX},
        {{.member = "locker"}, ERR_MISSING},
        {{.member = "extra", .value = cJSON_CreateTrue()}, ERR_UNKNOWN},
        {{.member = "v", .value = cJSON_CreateNumber(2)}, ERR_RANGE},
        {{.member = "sign_key", .value = cJSON_CreateString(hex)}, ERR_FOREIGN},
        {{.member = "key_sealed", .value = cJSON_CreateString("AAAA")}, ERR_SYNTAX},
        {{.member = "cmd_keys", .value = cJSON_CreateArray()}, ERR_RANGE},
        {{.member = "epoch", .value = cJSON_CreateNumber(0)}, ERR_RANGE},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        f->reason.text[0] = '\0';
        enum err e = accept(f, &row[i].change);
        if (e != row[i].e) {
            fail_msg("row %zu: %s: %s", i, err_name(e), f->reason.text);
        }
        assert_int_equal(identity_load(&f->identity, f->state, NULL), ERR_STATE);
    }
    assert_int_equal(accept(f, &(struct changes){.member = NULL}), ERR_OK);
}

static void grant_of_another_hub_is_refused(void **state)
{
    struct fixture *f = *state;
    request(f);
    (void)crypto_sign_keypair(f->hub_public, f->hub_secret);
    assert_int_equal(accept(f, &(struct changes){.member = NULL}), ERR_FOREIGN);
}

static void files_that_do_not_belong_together_are_refused(void **state)
{
    struct fixture *f = *state;
    request(f);
    assert_int_equal(accept(f, &(struct changes){.member = NULL}), ERR_OK);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", f->state, IDENTITY_KEY);
    FILE *key = fopen(path, "r+");
    fputc(1, key);
    fclose(key);
    assert_int_equal(identity_load(&f->identity, f->state, &f->reason), ERR_FOREIGN);
    (void)snprintf(path, sizeof path, "%s/%s", f->state, IDENTITY_SEED);
    chmod(path, 0644);
    assert_int_equal(identity_load(&f->identity, f->state, &f->reason), ERR_DENIED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(request_has_the_keys_and_a_mac_under_the_secret),
        T(bad_secret_makes_no_keys),
        T(second_request_does_not_replace_the_keys),
        T(state_without_enrolment_says_what_to_do),
        T(accepted_grant_is_the_identity),
        T(wrong_grants_are_refused_and_leave_the_locker_unenrolled),
        T(grant_of_another_hub_is_refused),
        T(files_that_do_not_belong_together_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
