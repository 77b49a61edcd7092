/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/num.h"
#include "common/token.h"

struct keys {
    uint8_t public_key[TOKEN_PUBLIC_KEY_LEN];
    uint8_t secret[TOKEN_SECRET_KEY_LEN];
};

static const struct code_binding bind = {
    .locker = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef},
    .order = {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf},
    .load = 3,
};

static void keys_from(struct keys *k, uint8_t fill)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    memset(seed, fill, sizeof seed);
    assert_int_equal(crypto_sign_seed_keypair(k->public_key, k->secret, seed), 0);
}

static struct token sample(enum token_kind kind)
{
    struct token t;
    memset(&t, 0, sizeof t);
    t.kind = kind;
    switch (kind) {
    case TOKEN_PICKUP:
        t.u.pickup.bind = bind;
        t.u.pickup.not_after_s = 1900000000;
        memset(t.u.pickup.id, 0x77, sizeof t.u.pickup.id);
        break;
    case TOKEN_VOUCHER:
        t.u.voucher = (struct token_voucher){
            .bind = bind,
            .not_before_s = 1800000000,
            .not_after_s = 1900000000,
            .cls = TOKEN_CLASS_SENSITIVE,
            .size = TOKEN_SIZE_L,
            .zone = TOKEN_ZONE_COLD,
            .low_door = true,
            .has_v1 = true,
            .key_epoch = 2,
        };
        memset(t.u.voucher.v1, 0x11, CODE_MAC_LEN);
        memset(t.u.voucher.v2, 0x22, CODE_MAC_LEN);
        memset(t.u.voucher.person, 0x44, TOKEN_PERSON_LEN);
        t.u.voucher.language = LANGUAGE_AR;
        break;
    case TOKEN_BADGE:
        t.u.badge = (struct token_badge){
            .staff = {1, 2, 3, 4, 5, 6, 7, 8},
            .badge = {9, 10, 11, 12, 13, 14, 15, 16},
            .role = TOKEN_ROLE_LOGISTICS,
            .not_after_s = 1900000000,
            .key_epoch = 2,
        };
        memcpy(t.u.badge.locker, bind.locker, sizeof bind.locker);
        memset(t.u.badge.pin_mac, 0x33, CODE_MAC_LEN);
        break;
    case TOKEN_DOOR:
        memcpy(t.u.door.locker, bind.locker, sizeof bind.locker);
        t.u.door.door = 24;
        break;
    case TOKEN_CARER:
        t.u.carer.bind = bind;
        t.u.carer.not_after_s = 1900000000;
        memset(t.u.carer.carer, 0x55, TOKEN_CARER_LEN);
        memset(t.u.carer.person, 0x44, TOKEN_PERSON_LEN);
        break;
    case TOKEN_KEY:
        t.u.key.key = 12;
        break;
    case TOKEN_KIND_N:
        fail();
    }
    return t;
}

static bool is_signed(enum token_kind kind)
{
    return kind != TOKEN_DOOR && kind != TOKEN_KEY;
}

/* Signs a hand-made body, as a hub with a bug would. */
static void sign_body(const struct keys *k, const char *body_hex, char *out)
{
    uint8_t bytes[256];
    size_t len = strlen(body_hex) / 2;
    assert_int_equal(num_from_hex(body_hex, bytes, len), ERR_OK);
    assert_int_equal(crypto_sign_detached(bytes + len, NULL, bytes, len, k->secret), 0);
    num_to_hex(bytes, len + crypto_sign_BYTES, out);
}

static void assert_same(const struct token *a, const struct token *b)
{
    assert_int_equal(a->kind, b->kind);
    switch (a->kind) {
    case TOKEN_PICKUP:
        assert_memory_equal(&a->u.pickup.bind, &b->u.pickup.bind, sizeof a->u.pickup.bind);
        assert_int_equal(a->u.pickup.not_after_s, b->u.pickup.not_after_s);
        assert_memory_equal(a->u.pickup.id, b->u.pickup.id, sizeof a->u.pickup.id);
        break;
    case TOKEN_VOUCHER:
        assert_memory_equal(&a->u.voucher.bind, &b->u.voucher.bind, sizeof a->u.voucher.bind);
        assert_int_equal(a->u.voucher.not_before_s, b->u.voucher.not_before_s);
        assert_int_equal(a->u.voucher.not_after_s, b->u.voucher.not_after_s);
        assert_int_equal(a->u.voucher.cls, b->u.voucher.cls);
        assert_int_equal(a->u.voucher.size, b->u.voucher.size);
        assert_int_equal(a->u.voucher.zone, b->u.voucher.zone);
        assert_int_equal(a->u.voucher.low_door, b->u.voucher.low_door);
        assert_int_equal(a->u.voucher.has_v1, b->u.voucher.has_v1);
        assert_int_equal(a->u.voucher.key_epoch, b->u.voucher.key_epoch);
        assert_memory_equal(a->u.voucher.v1, b->u.voucher.v1, CODE_MAC_LEN);
        assert_memory_equal(a->u.voucher.v2, b->u.voucher.v2, CODE_MAC_LEN);
        assert_memory_equal(a->u.voucher.person, b->u.voucher.person, TOKEN_PERSON_LEN);
        assert_int_equal(a->u.voucher.language, b->u.voucher.language);
        break;
    case TOKEN_BADGE:
        assert_memory_equal(a->u.badge.locker, b->u.badge.locker, CODE_LOCKER_LEN);
        assert_memory_equal(a->u.badge.staff, b->u.badge.staff, 8);
        assert_memory_equal(a->u.badge.badge, b->u.badge.badge, 8);
        assert_int_equal(a->u.badge.role, b->u.badge.role);
        assert_int_equal(a->u.badge.not_after_s, b->u.badge.not_after_s);
        assert_int_equal(a->u.badge.key_epoch, b->u.badge.key_epoch);
        assert_memory_equal(a->u.badge.pin_mac, b->u.badge.pin_mac, CODE_MAC_LEN);
        break;
    case TOKEN_DOOR:
        assert_memory_equal(a->u.door.locker, b->u.door.locker, CODE_LOCKER_LEN);
        assert_int_equal(a->u.door.door, b->u.door.door);
        break;
    case TOKEN_CARER:
        assert_memory_equal(&a->u.carer.bind, &b->u.carer.bind, sizeof a->u.carer.bind);
        assert_memory_equal(a->u.carer.carer, b->u.carer.carer, TOKEN_CARER_LEN);
        assert_memory_equal(a->u.carer.person, b->u.carer.person, TOKEN_PERSON_LEN);
        assert_int_equal(a->u.carer.not_after_s, b->u.carer.not_after_s);
        break;
    case TOKEN_KEY:
        assert_int_equal(a->u.key.key, b->u.key.key);
        break;
    case TOKEN_KIND_N:
        fail();
    }
}

static void every_kind_comes_back_as_it_was_in_either_case(void **state)
{
    (void)state;
    struct keys k;
    keys_from(&k, 1);
    for (unsigned kind = 0; kind < TOKEN_KIND_N; kind++) {
        char text[TOKEN_TEXT_CAP];
        struct token t = sample((enum token_kind)kind), back;
        token_encode(&t, k.secret, text);
        for (size_t i = 0; text[i] != '\0'; i++) {
            assert_true((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'A' && text[i] <= 'F'));
        }
        assert_int_equal(token_decode(text, k.public_key, &back, NULL), ERR_OK);
        assert_same(&t, &back);
        for (size_t i = 0; text[i] != '\0'; i++) {
            text[i] = (char)tolower(text[i]);
        }
        assert_int_equal(token_decode(text, k.public_key, &back, NULL), ERR_OK);
        assert_same(&t, &back);
    }
}

/* The bodies are written out by hand from the layout; the signature is checked with libsodium over just these bytes. */
static void bytes_stand_where_the_layout_says(void **state)
{
    (void)state;
    static const char *const body[TOKEN_KIND_N] = {
        [TOKEN_PICKUP] = "4d5131"
                         "0123456789abcdef"
                         "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
                         "00000003"
                         "00713fb300"
                         "77777777777777777777777777777777",
        [TOKEN_VOUCHER] = "4d4c31"
                          "0123456789abcdef"
                          "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
                          "00000003"
                          "006b49d200"
                          "00713fb300"
                          "01"
                          "02"
                          "01"
                          "03"
                          "00000002"
                          "1111111111111111111111111111111111111111111111111111111111111111"
                          "2222222222222222222222222222222222222222222222222222222222222222"
                          "4444444444444444"
                          "03",
        [TOKEN_BADGE] = "4d5331"
                        "0123456789abcdef"
                        "0102030405060708"
                        "090a0b0c0d0e0f10"
                        "01"
                        "00713fb300"
                        "00000002"
                        "3333333333333333333333333333333333333333333333333333333333333333",
        [TOKEN_DOOR] = "4d4431"
                       "0123456789abcdef"
                       "0018",
        [TOKEN_CARER] = "4d4331"
                        "0123456789abcdef"
                        "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
                        "00000003"
                        "5555555555555555"
                        "4444444444444444"
                        "00713fb300",
        [TOKEN_KEY] = "4d4b310c",
    };
    struct keys k;
    keys_from(&k, 1);
    for (unsigned kind = 0; kind < TOKEN_KIND_N; kind++) {
        char text[TOKEN_TEXT_CAP], want[TOKEN_TEXT_CAP];
        struct token t = sample((enum token_kind)kind);
        token_encode(&t, k.secret, text);
        if (is_signed((enum token_kind)kind)) {
            sign_body(&k, body[kind], want);
        } else {
            assert_int_equal(snprintf(want, sizeof want, "%s", body[kind]), strlen(body[kind]));
        }
        assert_int_equal(strcasecmp(text, want), 0);
    }
}

static void every_other_length_is_refused(void **state)
{
    (void)state;
    struct keys k;
    keys_from(&k, 1);
    for (unsigned kind = 0; kind < TOKEN_KIND_N; kind++) {
        char text[TOKEN_TEXT_CAP + 2], cut[TOKEN_TEXT_CAP];
        struct token t = sample((enum token_kind)kind), back;
        token_encode(&t, k.secret, text);
        size_t len = strlen(text);
        for (size_t n = 0; n < len; n++) {
            memcpy(cut, text, n);
            cut[n] = '\0';
            assert_int_equal(token_decode(cut, k.public_key, &back, NULL), n < 6 ? ERR_UNKNOWN : ERR_SYNTAX);
        }
        memcpy(text + len, "0", 2);
        assert_int_equal(token_decode(text, k.public_key, &back, NULL), ERR_TOO_LONG);
        memcpy(text + len, "00", 3);
        assert_int_equal(token_decode(text, k.public_key, &back, NULL), ERR_TOO_LONG);
    }
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    struct keys k;
    keys_from(&k, 1);
    for (unsigned kind = TOKEN_PICKUP; kind < TOKEN_KIND_N; kind++) {
        if (!is_signed((enum token_kind)kind)) {
            continue;
        }
        char text[TOKEN_TEXT_CAP];
        uint8_t bytes[TOKEN_TEXT_CAP / 2];
        struct token t = sample((enum token_kind)kind), back;
        token_encode(&t, k.secret, text);
        size_t len = strlen(text) / 2;
        assert_int_equal(num_from_hex(text, bytes, len), ERR_OK);
        for (size_t bit = 0; bit < len * 8; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            num_to_hex(bytes, len, text);
            enum err e = token_decode(text, k.public_key, &back, NULL);
            /* A changed mark may be another kind's, of another length. */
            assert_true(bit < 24 ? e != ERR_OK : e == ERR_SIGNATURE);
            bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
    }
}

static void foreign_key_is_refused_and_output_untouched(void **state)
{
    (void)state;
    struct keys k, other;
    keys_from(&k, 1);
    keys_from(&other, 2);
    for (unsigned kind = TOKEN_PICKUP; kind < TOKEN_KIND_N; kind++) {
        if (!is_signed((enum token_kind)kind)) {
            continue;
        }
        char text[TOKEN_TEXT_CAP];
        struct reason r;
        struct token t = sample((enum token_kind)kind), back, before;
        memset(&back, 0x5a, sizeof back);
        before = back;
        token_encode(&t, other.secret, text);
        assert_int_equal(token_decode(text, k.public_key, &back, &r), ERR_SIGNATURE);
        assert_memory_equal(&back, &before, sizeof back);
        assert_non_null(strstr(r.text, "signature"));
    }
}

static void text_without_a_mark_of_ours_is_unknown(void **state)
{
    (void)state;
    static const char *const texts[] = {"",       "8712345678906", "https://example.org/",
                                        "4D5A31", "MQ1",           "\xff\xff\xff\xff"};
    struct keys k;
    struct token back;
    keys_from(&k, 1);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(token_decode(texts[i], k.public_key, &back, NULL), ERR_UNKNOWN);
    }
}

static void characters_other_than_hex_are_refused(void **state)
{
    (void)state;
    struct keys k;
    struct token back, t = sample(TOKEN_DOOR);
    char text[TOKEN_TEXT_CAP];
    keys_from(&k, 1);
    token_encode(&t, k.secret, text);
    for (size_t i = 6; i < 26; i++) {
        static const char bad[] = "gG/:@` -\x80";
        char right = text[i];
        for (size_t b = 0; b < sizeof bad - 1; b++) {
            text[i] = bad[b];
            assert_int_equal(token_decode(text, k.public_key, &back, NULL), ERR_SYNTAX);
        }
        text[i] = right;
    }
}

#define BODY_HEAD "0123456789abcdefa0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define NOBODY16 "00000000000000000000000000000000"
#define MAC32 "2222222222222222222222222222222222222222222222222222222222222222"

/* Bodies as they should be: fields by their offsets in docs/contract.md. */
static const char PICKUP[] = "4d5131" BODY_HEAD "00000001"
                             "00713fb300"
                             "77777777777777777777777777777777";
static const char VOUCHER[] = "4d4c31" BODY_HEAD "00000001"
                              "0000000001"
                              "0000000002"
                              "02"
                              "02"
                              "01"
                              "03"
                              "00000001" MAC32 MAC32 "4444444444444444"
                              "00";
static const char ONCE[] = "4d4331" BODY_HEAD "00000001"
                           "5555555555555555"
                           "4444444444444444"
                           "0000000001";
static const char STANDING[] = "4d4331"
                               "0123456789abcdef" NOBODY16 "00000000"
                               "5555555555555555"
                               "4444444444444444"
                               "0000000001";
static const char BADGE[] = "4d5331"
                            "0123456789abcdef01020304050607080102030405060708"
                            "01"
                            "0000000001"
                            "00000001" MAC32;

/* Rightly signed, but with a field out of range: the hub's mistake must not reach the state of the locker. */
static void signed_fields_out_of_range_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *good;
        unsigned at; /* from this byte on these stand instead */
        const char *bytes;
        enum err e;
    } rows[] = {
        {PICKUP, 0, "", ERR_OK},
        {PICKUP, 27,
         "ffffffff"
         "ffffffffff",
         ERR_OK},
        {PICKUP, 27, "00000000", ERR_RANGE},   /* load */
        {PICKUP, 31, "0000000000", ERR_RANGE}, /* not_after */
        {VOUCHER, 0, "", ERR_OK},
        {VOUCHER, 27, "00000000", ERR_RANGE},   /* load */
        {VOUCHER, 31, "0000000002", ERR_RANGE}, /* window: empty */
        {VOUCHER, 31, "0000000000", ERR_RANGE}, /* window: no begin */
        {VOUCHER, 41, "03", ERR_RANGE},         /* class */
        {VOUCHER, 41, "ff", ERR_RANGE},
        {VOUCHER, 42, "03", ERR_RANGE},       /* size */
        {VOUCHER, 43, "02", ERR_RANGE},       /* zone */
        {VOUCHER, 44, "04", ERR_RANGE},       /* flags */
        {VOUCHER, 45, "00000000", ERR_RANGE}, /* key epoch */
        {VOUCHER, 44, "01", ERR_RANGE},       /* a v1 that should not be there */
        {VOUCHER, 44,
         "01"
         "00000001" NOBODY16 NOBODY16,
         ERR_OK},                        /* no v1 */
        {VOUCHER, 121, "06", ERR_RANGE}, /* a language that there is not */
        {ONCE, 0, "", ERR_OK},
        {ONCE, 39, "0000000000000000", ERR_OK}, /* for a bag: it may name nobody */
        {ONCE, 27, "00000000", ERR_RANGE},      /* load */
        {ONCE, 47, "0000000000", ERR_RANGE},    /* not_after */
        {STANDING, 0, "", ERR_OK},
        {STANDING, 27, "00000001", ERR_RANGE},         /* a load without an order */
        {STANDING, 39, "0000000000000000", ERR_RANGE}, /* for nobody */
        {BADGE, 0, "", ERR_OK},
        {BADGE, 27, "02", ERR_RANGE},         /* role */
        {BADGE, 28, "0000000000", ERR_RANGE}, /* not_after */
        {BADGE, 33, "00000000", ERR_RANGE},   /* key epoch */
    };
    struct keys k;
    keys_from(&k, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char body[TOKEN_TEXT_CAP], text[TOKEN_TEXT_CAP];
        struct token back;
        (void)snprintf(body, sizeof body, "%s", rows[i].good);
        memcpy(body + 2 * (size_t)rows[i].at, rows[i].bytes, strlen(rows[i].bytes));
        sign_body(&k, body, text);
        enum err e = token_decode(text, k.public_key, &back, NULL);
        if (e != rows[i].e) {
            fail_msg("row %zu: %s instead of %s", i, err_name(e), err_name(rows[i].e));
        }
    }
}

static void door_numbers_run_from_1_to_999(void **state)
{
    (void)state;
    struct keys k;
    struct token back;
    keys_from(&k, 1);
    assert_int_equal(token_decode("4D44310123456789ABCDEF0000", k.public_key, &back, NULL), ERR_RANGE);
    assert_int_equal(token_decode("4D44310123456789ABCDEF0001", k.public_key, &back, NULL), ERR_OK);
    assert_int_equal(token_decode("4D44310123456789ABCDEF03E7", k.public_key, &back, NULL), ERR_OK);
    assert_int_equal(back.u.door.door, 999);
    assert_int_equal(token_decode("4D44310123456789ABCDEF03E8", k.public_key, &back, NULL), ERR_RANGE);
}

static void keys_run_as_far_as_the_keypad(void **state)
{
    (void)state;
    struct keys k;
    struct token back;
    keys_from(&k, 1);
    assert_int_equal(token_decode("4D4B3100", k.public_key, &back, NULL), ERR_OK);
    assert_int_equal(token_decode("4D4B310F", k.public_key, &back, NULL), ERR_OK);
    assert_int_equal(back.u.key.key, TOKEN_KEYS - 1);
    assert_int_equal(token_decode("4D4B3110", k.public_key, &back, NULL), ERR_RANGE);
}

static void voucher_without_v1_says_so(void **state)
{
    (void)state;
    struct keys k;
    char text[TOKEN_TEXT_CAP];
    struct token back, t = sample(TOKEN_VOUCHER);
    keys_from(&k, 1);
    t.u.voucher.has_v1 = false;
    t.u.voucher.low_door = false;
    memset(t.u.voucher.v1, 0, CODE_MAC_LEN);
    token_encode(&t, k.secret, text);
    assert_int_equal(token_decode(text, k.public_key, &back, NULL), ERR_OK);
    assert_same(&t, &back);
}

static void names_are_parsed_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TOKEN_CLASS_N; i++) {
        enum token_class c = TOKEN_CLASS_N;
        assert_int_equal(token_class_parse(token_class_name((enum token_class)i), &c), ERR_OK);
        assert_int_equal(c, i);
    }
    for (unsigned i = 0; i < TOKEN_SIZE_N; i++) {
        enum token_size s = TOKEN_SIZE_N;
        assert_int_equal(token_size_parse(token_size_name((enum token_size)i), &s), ERR_OK);
        assert_int_equal(s, i);
    }
    for (unsigned i = 0; i < TOKEN_ZONE_N; i++) {
        enum token_zone z = TOKEN_ZONE_N;
        assert_int_equal(token_zone_parse(token_zone_name((enum token_zone)i), &z), ERR_OK);
        assert_int_equal(z, i);
    }
    for (unsigned i = 0; i < TOKEN_ROLE_N; i++) {
        enum token_role r = TOKEN_ROLE_N;
        assert_int_equal(token_role_parse(token_role_name((enum token_role)i), &r), ERR_OK);
        assert_int_equal(r, i);
    }
    enum token_size s = TOKEN_SIZE_M;
    assert_int_equal(token_size_parse("XL", &s), ERR_UNKNOWN);
    assert_int_equal(s, TOKEN_SIZE_M);
    enum token_class c = TOKEN_CLASS_ORDINARY;
    enum token_zone z = TOKEN_ZONE_ROOM;
    enum token_role r = TOKEN_ROLE_PHARMACIST;
    assert_int_equal(token_class_parse("", &c), ERR_UNKNOWN);
    assert_int_equal(token_zone_parse("ROOM", &z), ERR_UNKNOWN);
    assert_int_equal(token_role_parse("thief", &r), ERR_UNKNOWN);
}

static void leases_shorten_with_the_class(void **state)
{
    (void)state;
    assert_int_equal(token_class_lease_s(TOKEN_CLASS_ORDINARY), 604800);
    assert_int_equal(token_class_lease_s(TOKEN_CLASS_SENSITIVE), 86400);
    assert_int_equal(token_class_lease_s(TOKEN_CLASS_CONTROLLED), 14400);
}

static int set_up(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_comes_back_as_it_was_in_either_case),
        cmocka_unit_test(bytes_stand_where_the_layout_says),
        cmocka_unit_test(every_other_length_is_refused),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(foreign_key_is_refused_and_output_untouched),
        cmocka_unit_test(text_without_a_mark_of_ours_is_unknown),
        cmocka_unit_test(characters_other_than_hex_are_refused),
        cmocka_unit_test(signed_fields_out_of_range_are_refused),
        cmocka_unit_test(door_numbers_run_from_1_to_999),
        cmocka_unit_test(keys_run_as_far_as_the_keypad),
        cmocka_unit_test(voucher_without_v1_says_so),
        cmocka_unit_test(names_are_parsed_back),
        cmocka_unit_test(leases_shorten_with_the_class),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
