/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/keyring.h"

#include <sodium.h>
#include <string.h>

#include "common/file.h"
#include "common/key.h"

enum { COMMAND, TOKEN, CA, STORE, SEEDS };

static const char *const names[SEEDS] = {"command.seed", "token.seed", "ca.seed", "store.key"};

enum err keyring_make(const char *folder, struct reason *r)
{
    uint8_t seed[KEYRING_SEED_LEN];
    char path[FILE_PATH_CAP];
    enum err e = ERR_OK;

    for (unsigned i = 0; i < SEEDS && e == ERR_OK; i++) {
        randombytes_buf(seed, sizeof(seed));
        e = file_path(path, folder, names[i], r);
        if (e == ERR_OK)
            e = key_write_new(path, seed, sizeof(seed), r);
    }
    sodium_memzero(seed, sizeof(seed));
    return e;
}

void keyring_from_seeds(const uint8_t command[KEYRING_SEED_LEN], const uint8_t token[KEYRING_SEED_LEN],
                        const uint8_t ca[KEYRING_SEED_LEN], const uint8_t store[KEYRING_SEED_LEN], struct keyring *out)
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];

    (void)crypto_sign_seed_keypair(out->command_public, secret, command); /* always 0 */
    msg_signer_init(&out->command, secret);
    (void)crypto_sign_ed25519_sk_to_curve25519(out->box_secret, secret); /* always 0 */
    (void)crypto_scalarmult_curve25519_base(out->box_public, out->box_secret);
    (void)crypto_sign_seed_keypair(out->token_public, out->token_secret, token);
    memcpy(out->ca_seed, ca, KEYRING_SEED_LEN);
    memcpy(out->store_key, store, KEYRING_SEED_LEN);
    sodium_memzero(secret, sizeof(secret));
}

enum err keyring_load(const char *folder, struct keyring *out, struct reason *r)
{
    uint8_t seed[SEEDS][KEYRING_SEED_LEN];
    char path[FILE_PATH_CAP];
    enum err e = ERR_OK;

    for (unsigned i = 0; i < SEEDS && e == ERR_OK; i++) {
        e = file_path(path, folder, names[i], r);
        if (e == ERR_OK)
            e = key_read(path, seed[i], KEYRING_SEED_LEN, r);
    }
    if (e == ERR_OK)
        keyring_from_seeds(seed[COMMAND], seed[TOKEN], seed[CA], seed[STORE], out);
    sodium_memzero(seed, sizeof(seed));
    return e;
}

void keyring_wipe(struct keyring *k)
{
    sodium_memzero(k, sizeof(*k));
}
