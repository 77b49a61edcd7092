/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code: pickup codes. Nine random digits and one Damm check digit, shown 3-3-4; on the locker only as keyed BLAKE2b-256
 * over an Argon2id result, so that neither the database nor the board's key alone gives a code away. Staff PINs use the
 * same verifier.
 *
 * Pure but for code_draw (randomness) and code_stretch (33 to 120 ms and cost->mem_kib of memory: run it on a worker
 * thread).
 */
#ifndef MEDLOCKER_CODE_H
#define MEDLOCKER_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define CODE_RANDOM_DIGITS 9
#define CODE_DIGITS 10 /* with the check digit */
#define CODE_KEY_LEN 32
#define CODE_STRETCHED_LEN 32
#define CODE_MAC_LEN 32
#define CODE_LOCKER_LEN 8
#define CODE_ORDER_LEN 16
#define CODE_CARER_LEN 8
#define CODE_PIN_MIN 4
#define CODE_PIN_MAX 8

/* Argon2id version 1.3 (RFC 9106), one lane. The hub and the locker must use the same cost for one locker; it is set at
 * enrolment. Default: 2 passes over 32 MiB. */
struct code_cost {
    uint32_t passes;
    uint32_t mem_kib;
};
#define CODE_COST_DEFAULT ((struct code_cost){.passes = 2, .mem_kib = 32 * 1024})

/* K_epoch with the number of its epoch. Wipe with sodium_memzero. */
struct code_key {
    uint32_t epoch;
    uint8_t bytes[CODE_KEY_LEN];
};

/* What a verifier is bound to. */
struct code_binding {
    uint8_t locker[CODE_LOCKER_LEN];
    uint8_t order[CODE_ORDER_LEN];
    uint32_t load; /* 1 for the first time that the order is packed, then one more each time */
};

/* The Damm digit (quasigroup of order 10, H. M. Damm 2004) that makes digits[0..n-1] + it check; digits are '0'..'9'.
 */
char code_check_digit(const char *digits, size_t n);

/* True when text is exactly CODE_DIGITS digits whose Damm sum is 0. Costs nothing and says nothing about secrets. */
bool code_is_well_formed(const char *text);

/* Draws a code: uniform by rejection, not all digits equal, not a straight run up or down. out has CODE_DIGITS + 1
 * bytes. The caller sees to it that it differs from every live code of the same locker, and wipes it. */
void code_draw(char *out);

/* "123 456 7890": 3-3-4 with spaces; out has 13 bytes. code is well formed. */
void code_format(const char *code, char *out);

/* A = Argon2id(code || 0x00, salt = BLAKE2b-128(K, "salt" || locker)). One for each try, whatever the number of orders.
 * secret: 1 to 63 digits, NUL-terminated. Errors: ERR_MEMORY, ERR_RANGE (a cost that Argon2id does not know). */
enum err code_stretch(const struct code_key *key, const uint8_t locker[CODE_LOCKER_LEN], const struct code_cost *cost,
                      const char *secret, uint8_t out[CODE_STRETCHED_LEN]) ERR_MUST_CHECK;

/* v1 = BLAKE2b-256(K, "pick1" || locker || order || load || A): code alone. */
void code_mac1(const struct code_key *key, const struct code_binding *b, const uint8_t a[CODE_STRETCHED_LEN],
               uint8_t out[CODE_MAC_LEN]);

/* v2 = BLAKE2b-256(K, "pick2" || locker || order || load || A || "DDMM"): code and day and month of birth.
 * ddmm: exactly four digits. */
void code_mac2(const struct code_key *key, const struct code_binding *b, const uint8_t a[CODE_STRETCHED_LEN],
               const char *ddmm, uint8_t out[CODE_MAC_LEN]);

/* BLAKE2b-256(K, "carer1" || locker || carer || A): a carer's own code; and "carer2" with day and month of birth of the
 * person who is cared for. Not bound to an order: the right of the carer says what for. */
void code_mac_carer1(const struct code_key *key, const uint8_t locker[CODE_LOCKER_LEN],
                     const uint8_t carer[CODE_CARER_LEN], const uint8_t a[CODE_STRETCHED_LEN],
                     uint8_t out[CODE_MAC_LEN]);
void code_mac_carer2(const struct code_key *key, const uint8_t locker[CODE_LOCKER_LEN],
                     const uint8_t carer[CODE_CARER_LEN], const uint8_t a[CODE_STRETCHED_LEN], const char *ddmm,
                     uint8_t out[CODE_MAC_LEN]);

/* BLAKE2b-256(K, "badge" || locker || staff || badge || A): PIN of a staff badge. staff and badge: 8 bytes each. */
void code_mac_badge(const struct code_key *key, const uint8_t locker[CODE_LOCKER_LEN], const uint8_t staff[8],
                    const uint8_t badge[8], const uint8_t a[CODE_STRETCHED_LEN], uint8_t out[CODE_MAC_LEN]);

/* True for a calendar day as "DDMM" (0101..3112, 2902 allowed). */
bool code_is_birthday(const char *ddmm);

/* Refuses a code length too weak for the number of open orders and the limiter: chance of any opening in 30 days at the
 * full rate <= 1e-3 and >= 20 bits for each guess. The reason gives the figures. Error: ERR_RANGE. */
enum err code_policy_check(unsigned random_digits, unsigned orders_max, unsigned wrong_in_30_days,
                           struct reason *r) ERR_MUST_CHECK;

#endif
