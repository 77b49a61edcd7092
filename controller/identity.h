/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity: who this locker is, as enrolled: id, epoch, keys, broker. Read from the state folder once at start; the
 * files are those of docs/enrolment.md, each 0600. Made by controller/enrol.c.
 *
 * One thread; blocks on the disk.
 */
#ifndef MEDLOCKER_IDENTITY_H
#define MEDLOCKER_IDENTITY_H

#include <stdint.h>

#include "common/code.h"
#include "common/err.h"
#include "common/json.h"
#include "common/msg.h"
#include "common/token.h"

#define IDENTITY_NAME_CAP 41
#define IDENTITY_HOST_CAP 254
#define IDENTITY_FILE "identity.json"
#define IDENTITY_SEED "device.seed"
#define IDENTITY_TLS_KEY "tls.key.pem"
#define IDENTITY_TLS_CERT "tls.cert.pem"
#define IDENTITY_CA "ca.pem"
#define IDENTITY_KEY "kepoch"

/* What the hub granted. */
struct identity_terms {
    uint8_t locker[CODE_LOCKER_LEN];
    char id[2 * CODE_LOCKER_LEN + 1]; /* the same as hex */
    char name[IDENTITY_NAME_CAP];
    uint8_t sign_key[32]; /* public device key */
    uint32_t epoch, key_epoch;
    struct code_cost cost;
    struct msg_keys hub; /* may sign messages to this locker */
    uint8_t token_key[TOKEN_PUBLIC_KEY_LEN];
    char broker_host[IDENTITY_HOST_CAP];
    uint16_t broker_port;
    int64_t issued_ms;
};

struct identity {
    struct identity_terms terms;
    struct code_key key; /* K_epoch */
    struct msg_signer signer;
};

/* The members of grant and identity.json that both have. tree may have others. Errors: those of the getters. */
enum err identity_read_terms(const cJSON *tree, struct identity_terms *out, struct reason *r) ERR_MUST_CHECK;

/* Reads and cross-checks the files in dir. Errors: ERR_STATE (not enrolled: the reason says what to do), ERR_DENIED
 * (readable by others), ERR_FOREIGN (files that do not belong together), ERR_SYNTAX, ERR_IO. */
enum err identity_load(struct identity *out, const char *dir, struct reason *r) ERR_MUST_CHECK;
void identity_wipe(struct identity *id);

#endif
