/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an MQTT payload. The first byte chooses: 'P' signs the rest as the claims of a message, 'H' as its
 * header, so that what lies behind the signature is reached too; anything else is taken whole as a text from the wire.
 */
#include <assert.h>
#include <sodium.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/msg.h"

#define DEVICE "0123456789abcdef"
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define HEADER "{\"alg\":\"EdDSA\",\"typ\":\"order.loaded.v1\",\"kid\":\"c5e21ab1c9f6022d\"}"
#define CLAIMS                                                                                                         \
    "{\"iss\":\"" DEVICE "\",\"aud\":\"hub\",\"stm\":\"evt\",\"typ\":\"order.loaded.v1\",\"epo\":1,\"seq\":1,"         \
    "\"prv\":\"0000000000000000000000000000000000000000000000000000000000000000\","                                    \
    "\"jti\":\"00112233445566778899aabbccddeeff\",\"iat\":0,\"bct\":0,\"bms\":0,\"clk\":\"rtc\",\"ack\":0,\"dat\":{}}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t append(char *text, size_t at, size_t cap, const void *bytes, size_t len)
{
    sodium_bin2base64(text + at, cap - at, bytes, len, BASE64);
    return strlen(text);
}

static char *sign(const struct msg_signer *s, const void *header, size_t header_len, const void *claims,
                  size_t claims_len, size_t *len)
{
    size_t cap = 2 * (header_len + claims_len) + 128;
    uint8_t signature[crypto_sign_BYTES];
    char *text = malloc(cap);
    assert(text != NULL);
    size_t at = append(text, 0, cap, header, header_len);
    text[at++] = '.';
    at = append(text, at, cap, claims, claims_len);
    (void)crypto_sign_detached(signature, NULL, (const uint8_t *)text, at, s->secret);
    text[at++] = '.';
    *len = append(text, at, cap, signature, sizeof signature);
    return text;
}

static void open_everywhere(const char *text, size_t len, const struct msg_keys *keys)
{
    for (unsigned i = 0; i < 2u * MSG_STREAM_N; i++) {
        struct msg m;
        struct reason r;
        enum msg_direction dir = i % 2u == 0 ? MSG_UP : MSG_DOWN;
        enum msg_stream stream = (enum msg_stream)(i / 2u);
        if (msg_open(&m, text, len, dir, DEVICE, stream, keys, 1, &r) != ERR_OK) {
            continue;
        }
        assert(cJSON_IsObject(m.dat) && m.head.seq >= 1 && m.head.epo >= 1);
        assert(msg_type_is_known(dir, stream, m.head.typ));
        msg_fini(&m);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t seed[crypto_sign_SEEDBYTES], public_key[32], secret[64];
    struct msg_signer signer;
    struct msg_keys keys = {.count = 1};
    memset(seed, 1, sizeof seed);
    if (sodium_init() < 0 || crypto_sign_seed_keypair(public_key, secret, seed) != 0) {
        abort();
    }
    msg_signer_init(&signer, secret);
    msg_key_init(&keys.key[0], public_key);

    char *text = NULL;
    size_t text_len = 0;
    if (len > 0 && data[0] == 'P') {
        text = sign(&signer, HEADER, strlen(HEADER), data + 1, len - 1, &text_len);
    } else if (len > 0 && data[0] == 'H') {
        text = sign(&signer, data + 1, len - 1, CLAIMS, strlen(CLAIMS), &text_len);
    } else {
        text = malloc(len + 1);
        assert(text != NULL);
        memcpy(text, data, len);
        text_len = len;
    }
    open_everywhere(text, text_len, &keys);
    free(text);
    return 0;
}
