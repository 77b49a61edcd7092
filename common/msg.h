/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg: one signed message between a locker and the hub: JWS in compact form (RFC 7515), EdDSA with Ed25519 (RFC 8037),
 * over one strict JSON object. The signature is checked before a byte of the payload is parsed; exactly one alg, one
 * typ per stream and a known kid are accepted, and no other header. Topics: mdl/v1/<locker>/up|dn/<stream>.
 *
 * Pure, one thread (cJSON). Sequence, chain and replay are the business of common/stream.h.
 */
#ifndef MEDLOCKER_MSG_H
#define MEDLOCKER_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/json.h"

#define MSG_ID_CAP 33   /* a locker is 16 hex digits, the hub "hub" */
#define MSG_TYPE_CAP 40 /* "order.collected.v1" */
#define MSG_HASH_LEN 32 /* BLAKE2b-256 of the whole compact text */
#define MSG_TEXT_CAP (JSON_MAX_MESSAGE + 16384u)
#define MSG_KEYS_MAX 4

enum msg_stream { MSG_EVT, MSG_CMD, MSG_ACK, MSG_TEL, MSG_RPC, MSG_STREAM_N };
enum msg_direction { MSG_UP, MSG_DOWN };

/* A key that may sign: kid is the first 16 hex digits of BLAKE2b-256 of the public key. */
struct msg_signer {
    uint8_t secret[64]; /* libsodium Ed25519 secret key */
    char kid[17];
};
struct msg_key {
    uint8_t public_key[32];
    char kid[17];
    bool revoked;
};
/* The keys that a receiver accepts for one sender. */
struct msg_keys {
    struct msg_key key[MSG_KEYS_MAX];
    unsigned count;
};

struct msg_head {
    char iss[MSG_ID_CAP], aud[MSG_ID_CAP];
    enum msg_stream stm;
    char typ[MSG_TYPE_CAP];
    uint32_t epo;
    int64_t seq; /* evt, cmd: 1, 2, ...; others: boot counter * 2^32 + count, newest wins; at most 2^53 - 1 */
    uint8_t
        prv[MSG_HASH_LEN];  /* of the previous message of this stream; zeros before the first and for ack, tel, rpc */
    char jti[33];           /* 16 random bytes, hex */
    int64_t iat_ms, exp_ms; /* Unix ms; exp_ms 0: none */
    struct clock_now clk;   /* claims bct, bms, clk (wall_ms repeats iat_ms) */
    int64_t ack;            /* last sequence applied of the other direction's evt or cmd */
};

/* A message as received; free with msg_fini. */
struct msg {
    struct msg_head head;
    cJSON *dat;                 /* owned */
    uint8_t hash[MSG_HASH_LEN]; /* of the text */
};

/* Public key and kid from a secret key / from a public key. */
void msg_signer_init(struct msg_signer *s, const uint8_t secret[64]);
void msg_key_init(struct msg_key *k, const uint8_t public_key[32]);

/* The signed text of head + dat; the caller frees it with free(). hash (may be NULL) gets the hash for the next prv.
 * dat stays the caller's. The typ must be in the table for the direction and stream, and the claims in the ranges of
 * docs/contract.md: a bug of ours otherwise. Errors: ERR_RANGE (a field of head), ERR_TOO_LONG (> MSG_TEXT_CAP),
 * ERR_MEMORY. */
enum err msg_seal(const struct msg_head *head, enum msg_direction dir, const cJSON *dat, const struct msg_signer *s,
                  char **text, uint8_t hash[MSG_HASH_LEN], struct reason *r) ERR_MUST_CHECK;

/* Checks and opens a text that arrived on the topic of (dir, device, stream): length, JWS form, header {alg, typ, kid}
 * exactly, key known and not revoked, signature, strict JSON, every claim present, in range and no other, iss and aud
 * as the topic and dir say, stm as the topic says, typ in the table for (dir, stream), no expiry passed (exp_ms against
 * now_ms; 0 skips). The members of dat are checked by the receiver of the typ. Out untouched on failure. Errors:
 * ERR_TOO_LONG, ERR_SYNTAX, ERR_SIGNATURE, ERR_UNKNOWN, ERR_FOREIGN, ERR_EXPIRED, ERR_RANGE, ERR_MISSING ... */
enum err msg_open(struct msg *out, const char *text, size_t len, enum msg_direction dir, const char *device,
                  enum msg_stream stream, const struct msg_keys *keys, int64_t now_ms, struct reason *r) ERR_MUST_CHECK;
void msg_fini(struct msg *m);

/* "mdl/v1/<device>/up/evt"; out has 64 bytes. */
void msg_topic(char *out, const char *device, enum msg_direction dir, enum msg_stream stream);
/* Parses such a topic; device gets MSG_ID_CAP bytes. Error: ERR_SYNTAX. */
enum err msg_topic_parse(const char *topic, char *device, enum msg_direction *dir,
                         enum msg_stream *stream) ERR_MUST_CHECK;

/* "evt" ... */
const char *msg_stream_name(enum msg_stream s);
/* True when typ may travel on (dir, stream): the table that docs/schema/ mirrors file by file. */
bool msg_type_is_known(enum msg_direction dir, enum msg_stream stream, const char *typ);

#endif
