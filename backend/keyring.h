/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyring: the secret keys of the hub, each 32 random bytes in an own file of mode 0600: command.seed (signs everything
 * sent to lockers and their grants), token.seed (signs what is printed), ca.seed (signs certificates), store.key (locks
 * the keys of lockers and the codes inside the database).
 *
 * Blocks on the disk. The owner wipes it with keyring_wipe.
 */
#ifndef MEDLOCKER_KEYRING_H
#define MEDLOCKER_KEYRING_H

#include <stdint.h>

#include "common/err.h"
#include "common/msg.h"

#define KEYRING_SEED_LEN 32

struct keyring {
    struct msg_signer command;
    uint8_t command_public[32];
    uint8_t box_public[32], box_secret[32]; /* X25519 of the command key: requests of new lockers are sealed to it */
    uint8_t token_public[32], token_secret[64];
    uint8_t ca_seed[KEYRING_SEED_LEN];
    uint8_t store_key[KEYRING_SEED_LEN];
};

/* Draws and writes all keys into the folder, which exists; never replaces one. Errors: ERR_DUPLICATE, ERR_IO. */
enum err keyring_make(const char *folder, struct reason *r) ERR_MUST_CHECK;

/* Reads them. Errors: as key_read. */
enum err keyring_load(const char *folder, struct keyring *out, struct reason *r) ERR_MUST_CHECK;
void keyring_from_seeds(const uint8_t command[KEYRING_SEED_LEN], const uint8_t token[KEYRING_SEED_LEN],
                        const uint8_t ca[KEYRING_SEED_LEN], const uint8_t store[KEYRING_SEED_LEN], struct keyring *out);
void keyring_wipe(struct keyring *k);

#endif
