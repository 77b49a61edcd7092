/* SPDX-License-Identifier: Apache-2.0 */
#include "common/code.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <sodium.h>
#include <string.h>

#include "common/num.h"

#define LABEL_LEN 5       /* "pick1", "pick2", "badge": fixed widths throughout keep the hashed bytes unambiguous */
#define CARER_LABEL_LEN 6 /* "carer1", "carer2": no label begins another */
#define SECRET_CAP 64
#define POLICY_CHANCE_MAX 1e-3
#define POLICY_BITS_MIN 20.0

/* The totally anti-symmetric quasigroup of order 10 given by Damm (2004), rows: sum so far, columns: next digit. */
static const uint8_t damm[10][10] = {
    {0, 3, 1, 7, 5, 9, 8, 6, 4, 2}, {7, 0, 9, 2, 1, 5, 4, 8, 6, 3}, {4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
    {1, 7, 5, 0, 9, 8, 3, 4, 2, 6}, {6, 1, 2, 3, 0, 4, 5, 9, 7, 8}, {3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
    {5, 8, 6, 9, 7, 2, 0, 1, 3, 4}, {8, 9, 4, 5, 3, 6, 2, 0, 1, 7}, {9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
    {2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static unsigned damm_sum(const char *digits, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        assert(is_digit(digits[i]));
        sum = damm[sum][digits[i] - '0'];
    }
    return sum;
}

char code_check_digit(const char *digits, size_t n)
{
    /* The diagonal of the table is zero, so the sum itself is the digit that leads to zero. */
    return (char)('0' + damm_sum(digits, n));
}

bool code_is_well_formed(const char *text)
{
    for (size_t i = 0; i < CODE_DIGITS; i++) {
        if (!is_digit(text[i])) {
            return false;
        }
    }
    return text[CODE_DIGITS] == '\0' && damm_sum(text, CODE_DIGITS) == 0;
}

/* True when each digit differs from the one before by the same step of -1, 0 or 1. */
static bool is_even_run(const char *digits, size_t n)
{
    int step = digits[1] - digits[0];
    if (step < -1 || step > 1) {
        return false;
    }
    for (size_t i = 2; i < n; i++) {
        if (digits[i] - digits[i - 1] != step) {
            return false;
        }
    }
    return true;
}

void code_draw(char *out)
{
    do {
        for (size_t i = 0; i < CODE_RANDOM_DIGITS; i++) {
            out[i] = (char)('0' + randombytes_uniform(10));
        }
    } while (is_even_run(out, CODE_RANDOM_DIGITS));
    out[CODE_RANDOM_DIGITS] = code_check_digit(out, CODE_RANDOM_DIGITS);
    out[CODE_DIGITS] = '\0';
}

void code_format(const char *code, char *out)
{
    assert(code_is_well_formed(code));
    memcpy(out, code, 3);
    out[3] = ' ';
    memcpy(out + 4, code + 3, 3);
    out[7] = ' ';
    memcpy(out + 8, code + 6, 4);
    out[12] = '\0';
}

static void mac_start(crypto_generichash_state *st, const struct code_key *key, size_t out_len)
{
    int rc = crypto_generichash_init(st, key->bytes, sizeof key->bytes, out_len);
    assert(rc == 0);
    (void)rc;
}

static void mac_add(crypto_generichash_state *st, const void *bytes, size_t len)
{
    int rc = crypto_generichash_update(st, bytes, len);
    assert(rc == 0);
    (void)rc;
}

static void mac_end(crypto_generichash_state *st, uint8_t *out, size_t out_len)
{
    int rc = crypto_generichash_final(st, out, out_len);
    assert(rc == 0);
    (void)rc;
    sodium_memzero(st, sizeof *st);
}

enum err code_stretch(const struct code_key *key, const uint8_t locker[CODE_LOCKER_LEN], const struct code_cost *cost,
                      const char *secret, uint8_t out[CODE_STRETCHED_LEN])
{
    _Static_assert(crypto_pwhash_SALTBYTES == 16, "the salt is a BLAKE2b-128");
    uint8_t salt[crypto_pwhash_SALTBYTES];
    uint8_t stretched[CODE_STRETCHED_LEN];
    crypto_generichash_state st;
    size_t len = strnlen(secret, SECRET_CAP);
    assert(len > 0 && len < SECRET_CAP);

    mac_start(&st, key, sizeof salt);
    mac_add(&st, "salt", 4);
    mac_add(&st, locker, CODE_LOCKER_LEN);
    mac_end(&st, salt, sizeof salt);

    errno = 0;
    /* The terminating zero is part of the password. */
    int rc = crypto_pwhash(stretched, sizeof stretched, secret, len + 1, salt, cost->passes,
                           (size_t)cost->mem_kib * 1024u, crypto_pwhash_ALG_ARGON2ID13);
    enum err e = rc == 0 ? ERR_OK : errno == EINVAL ? ERR_RANGE : ERR_MEMORY;
    if (e == ERR_OK) {
        memcpy(out, stretched, sizeof stretched);
    }
    sodium_memzero(salt, sizeof salt);
    sodium_memzero(stretched, sizeof stretched);
    return e;
}

static void mac_binding(crypto_generichash_state *st, const struct code_binding *b)
{
    uint8_t load[4];
    num_put_be(load, b->load, sizeof load);
    mac_add(st, b->locker, sizeof b->locker);
    mac_add(st, b->order, sizeof b->order);
    mac_add(st, load, sizeof load);
}

void code_mac1(const struct code_key *key, const struct code_binding *b, const uint8_t a[CODE_STRETCHED_LEN],
               uint8_t out[CODE_MAC_LEN])
{
    crypto_generichash_state st;
    mac_start(&st, key, CODE_MAC_LEN);
    mac_add(&st, "pick1", LABEL_LEN);
    mac_binding(&st, b);
    mac_add(&st, a, CODE_STRETCHED_LEN);
    mac_end(&st, out, CODE_MAC_LEN);
}

void code_mac2(const struct code_key *key, const struct code_binding *b, const uint8_t a[CODE_STRETCHED_LEN],
               const char *ddmm, uint8_t out[CODE_MAC_LEN])
{
    crypto_generichash_state st;
    assert(strnlen(ddmm, 5) == 4);
    mac_start(&st, key, CODE_MAC_LEN);
    mac_add(&st, "pick2", LABEL_LEN);
    mac_binding(&st, b);
    mac_add(&st, a, CODE_STRETCHED_LEN);
    mac_add(&st, ddmm, 4);
    mac_end(&st, out, CODE_MAC_LEN);
}

static void mac_carer(crypto_generichash_state *st, const struct code_key *key, const char *label,
                      const uint8_t locker[CODE_LOCKER_LEN], const uint8_t carer[CODE_CARER_LEN],
                      const uint8_t a[CODE_STRETCHED_LEN])
{
    mac_start(st, key, CODE_MAC_LEN);
    mac_add(st, label, CARER_LABEL_LEN);
    mac_add(st, locker, CODE_LOCKER_LEN);
    mac_add(st, carer, CODE_CARER_LEN);
    mac_add(st, a, CODE_STRETCHED_LEN);
}

void code_mac_carer1(const struct code_key *key, const uint8_t locker[CODE_LOCKER_LEN],
                     const uint8_t carer[CODE_CARER_LEN], const uint8_t a[CODE_STRETCHED_LEN],
                     uint8_t out[CODE_MAC_LEN])
{
    crypto_generichash_state st;
    mac_carer(&st, key, "carer1", locker, carer, a);
    mac_end(&st, out, CODE_MAC_LEN);
}

void code_mac_carer2(const struct code_key *key, const uint8_t locker[CODE_LOCKER_LEN],
                     const uint8_t carer[CODE_CARER_LEN], const uint8_t a[CODE_STRETCHED_LEN], const char *ddmm,
                     uint8_t out[CODE_MAC_LEN])
{
    crypto_generichash_state st;
    assert(strnlen(ddmm, 5) == 4);
    mac_carer(&st, key, "carer2", locker, carer, a);
    mac_add(&st, ddmm, 4);
    mac_end(&st, out, CODE_MAC_LEN);
}

void code_mac_badge(const struct code_key *key, const uint8_t locker[CODE_LOCKER_LEN], const uint8_t staff[8],
                    const uint8_t badge[8], const uint8_t a[CODE_STRETCHED_LEN], uint8_t out[CODE_MAC_LEN])
{
    crypto_generichash_state st;
    mac_start(&st, key, CODE_MAC_LEN);
    mac_add(&st, "badge", LABEL_LEN);
    mac_add(&st, locker, CODE_LOCKER_LEN);
    mac_add(&st, staff, 8);
    mac_add(&st, badge, 8);
    mac_add(&st, a, CODE_STRETCHED_LEN);
    mac_end(&st, out, CODE_MAC_LEN);
}

bool code_is_birthday(const char *ddmm)
{
    static const int days[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (size_t i = 0; i < 4; i++) {
        if (!is_digit(ddmm[i])) {
            return false;
        }
    }
    if (ddmm[4] != '\0') {
        return false;
    }
    int day = (ddmm[0] - '0') * 10 + (ddmm[1] - '0');
    int month = (ddmm[2] - '0') * 10 + (ddmm[3] - '0');
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

enum err code_policy_check(unsigned random_digits, unsigned orders_max, unsigned wrong_in_30_days, struct reason *r)
{
    double orders = orders_max > 0 ? orders_max : 1;
    double space = pow(10, random_digits);
    double hit = orders / space; /* one guess is tested against every open order */
    double chance = hit >= 1 ? 1 : -expm1(wrong_in_30_days * log1p(-hit));
    double bits = log2(space) - log2(orders);
    if (chance > POLICY_CHANCE_MAX || bits < POLICY_BITS_MIN) {
        return err_because(r, ERR_RANGE,
                           "codes of %u random digits are too weak for %u open orders and %u wrong tries in 30 days: "
                           "chance of any opening %.2g (at most %.2g), %.1f bits for each guess (at least %.0f)",
                           random_digits, orders_max, wrong_in_30_days, chance, POLICY_CHANCE_MAX, bits,
                           POLICY_BITS_MIN);
    }
    return ERR_OK;
}
