/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enrol: how a locker that knows nothing becomes one of this hub: invitation secret, sealed request, signed grant. The
 * exact formats are in docs/enrolment.md. What is stored and who may ask is the caller's business.
 *
 * One thread (cJSON). No I/O but randomness. Texts are freed with free().
 */
#ifndef MEDLOCKER_BACKEND_ENROL_H
#define MEDLOCKER_BACKEND_ENROL_H

#include <stddef.h>
#include <stdint.h>

#include "backend/keyring.h"
#include "common/code.h"
#include "common/err.h"

#define ENROL_SECRET_LEN 16
#define ENROL_SECRET_TEXT_CAP 40 /* eight groups of four */
#define ENROL_SECRET_TTL_MS (24 * 3600 * 1000)
#define ENROL_FINGERPRINT_CAP 20
#define ENROL_CERTIFICATE_DAYS 1095 /* the life of a device key; a new enrolment makes a new one */
#define ENROL_NAME_MAX 40
#define ENROL_REQUEST_MAX 8192

/* The public keys of a new locker. */
struct enrol_request {
    uint8_t sign_key[32], box_key[32], tls_key[32];
    char fingerprint[ENROL_FINGERPRINT_CAP];
};

/* What the hub grants. */
struct enrol_terms {
    const char *name;
    uint8_t locker[CODE_LOCKER_LEN];
    struct enrol_request request;
    struct code_key key; /* K_epoch */
    struct code_cost cost;
    const char *broker_host;
    uint16_t broker_port;
    const char *ca_pem, *cert_pem;
    int64_t now_ms;
};

/* 1 to ENROL_NAME_MAX bytes of UTF-8 without control characters, quotes or backslash. Error: ERR_SYNTAX. */
enum err enrol_check_name(const char *name, struct reason *r) ERR_MUST_CHECK;

/* A new secret and its text for people (ENROL_SECRET_TEXT_CAP). The caller wipes both. */
void enrol_draw_secret(uint8_t secret[ENROL_SECRET_LEN], char *text);

/* hub-key.json. */
char *enrol_hub_key(const struct keyring *k);

/* Opens request.json and checks the seal, every member, and the MAC under the secret. Errors: ERR_SYNTAX and others of
 * json, ERR_SIGNATURE (seal or MAC: other hub or other secret), ERR_FOREIGN (keys that do not belong together). */
enum err enrol_open_request(const struct keyring *k, const uint8_t secret[ENROL_SECRET_LEN], const char *text,
                            size_t len, struct enrol_request *out, struct reason *r) ERR_MUST_CHECK;

/* grant.json. */
char *enrol_grant(const struct keyring *k, const struct enrol_terms *t);

#endif
