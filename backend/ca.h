/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca: the hub's own certificate authority: one root that signs the broker's certificate, the backend's and those of the
 * lockers, and nothing else; and the list of revoked ones (GnuTLS). Every key is Ed25519 and given as its 32 bytes, so
 * that key.h alone touches key files. Certificates have one purpose: a locker's can never serve as the broker's.
 *
 * One thread. No files, no clock: texts in and out. PEM texts are freed with free().
 */
#ifndef MEDLOCKER_CA_H
#define MEDLOCKER_CA_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define CA_SEED_LEN 32
#define CA_PUBLIC_LEN 32
#define CA_SERIAL_LEN 16
#define CA_PEM_MAX 16384
#define CA_NAMES_MAX 16

struct ca;

enum ca_purpose { CA_SERVER, CA_CLIENT };

/* What a certificate says. */
struct ca_subject {
    const char *cn; /* 1..64 bytes: locker id, "backend", or the broker's host */
    enum ca_purpose purpose;
    const char *const *names; /* CA_SERVER: NULL-terminated DNS names or IP addresses for subjectAltName; else NULL */
    uint8_t public_key[CA_PUBLIC_LEN];
    int64_t now_s;
    int64_t days; /* 1..7300 */
};

struct ca_revoked {
    uint8_t serial[CA_SERIAL_LEN];
    int64_t at_s;
};

/* Makes the root certificate (20 years) of the key in seed. Errors: ERR_IO (GnuTLS said no). */
enum err ca_make_root(const uint8_t seed[CA_SEED_LEN], const char *name, int64_t now_s, char **pem,
                      struct reason *r) ERR_MUST_CHECK;

/* The authority of a seed and its root certificate. Errors: ERR_SYNTAX (not a certificate), ERR_SIGNATURE (of another
 * key). Free with ca_free, which wipes the key. */
enum err ca_open(struct ca **out, const uint8_t seed[CA_SEED_LEN], const char *root_pem,
                 struct reason *r) ERR_MUST_CHECK;
void ca_free(struct ca *ca); /* NULL is fine */

/* Signs a certificate with a random serial number. Errors: ERR_RANGE (name, days), ERR_TOO_LONG (names), ERR_IO. */
enum err ca_issue(const struct ca *ca, const struct ca_subject *s, char **pem, uint8_t serial[CA_SERIAL_LEN],
                  struct reason *r) ERR_MUST_CHECK;

/* The list of all revoked certificates, in force until the root ends: a broker that missed an update must not lock out
 * every locker. number rises with every list. Errors: ERR_IO. */
enum err ca_revocation_list(const struct ca *ca, const struct ca_revoked *list, size_t count, int64_t number,
                            int64_t now_s, char **pem, struct reason *r) ERR_MUST_CHECK;

/* The Ed25519 public key that belongs to a seed. */
void ca_public_key(const uint8_t seed[CA_SEED_LEN], uint8_t out[CA_PUBLIC_LEN]);

#endif
