/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what a scanner typed. When the first byte is 'S', the rest is signed and typed as hex, so that the
 * fields behind the signature are reached too. What is accepted must come out of token_encode as it went in.
 */
#include <assert.h>
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"
#include "common/token.h"

#define SIGNED_CAP 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void decode(const char *text, const uint8_t *public_key, const uint8_t *secret)
{
    struct token t;
    struct reason r;
    char again[TOKEN_TEXT_CAP];
    if (token_decode(text, public_key, &t, &r) != ERR_OK) {
        return;
    }
    token_encode(&t, secret, again);
    assert(strcasecmp(again, text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t seed[crypto_sign_SEEDBYTES], public_key[TOKEN_PUBLIC_KEY_LEN], secret[TOKEN_SECRET_KEY_LEN];
    memset(seed, 1, sizeof seed);
    if (sodium_init() < 0 || crypto_sign_seed_keypair(public_key, secret, seed) != 0) {
        abort();
    }
    if (len > 0 && data[0] == 'S' && len <= SIGNED_CAP) {
        uint8_t bytes[SIGNED_CAP + crypto_sign_BYTES];
        char text[2 * sizeof bytes + 1];
        memcpy(bytes, data + 1, len - 1);
        (void)crypto_sign_detached(bytes + len - 1, NULL, bytes, len - 1, secret);
        num_to_hex(bytes, len - 1 + crypto_sign_BYTES, text);
        decode(text, public_key, secret);
        return 0;
    }
    char *text = malloc(len + 1);
    assert(text != NULL);
    memcpy(text, data, len);
    text[len] = '\0';
    decode(text, public_key, secret);
    free(text);
    return 0;
}
