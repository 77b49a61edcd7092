/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token: what is printed as a QR code or barcode and read by a keyboard-type scanner. Each is a three-letter mark and
 * fixed-width big-endian fields, all but the last two signed with Ed25519 by the hub's token key; printed as
 * upper-case hex, which survives every keyboard layout and fits the alphanumeric mode of QR.
 *
 *   MQ1  pickup token of a patient: locker order load not_after token_id
 *
 *   ML1  load voucher of a bag: locker order load not_before not_after class size zone flags key_epoch v1 v2 person
 *        language
 *
 *   MS1  badge of a member of staff: locker staff badge role not_after key_epoch pin_mac
 *
 *   MC1  card of a carer: locker carer person order load not_after. With an order: for that bag, once; without (zeros):
 *        for every bag of that person in that locker, until not_after
 *
 *   MD1  label on a door: locker door (not signed: it is proof of a place, not of a right)
 *
 *   MK1  a key of the keypad, on a card beside the scanner (not signed: anybody may press a key)
 *
 * token.c has the offsets.
 *
 * Decoding checks the mark, the exact length, every field's range and the signature, before anything is stored. Pure.
 */
#ifndef MEDLOCKER_TOKEN_H
#define MEDLOCKER_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/code.h"
#include "common/err.h"
#include "common/language.h"

#define TOKEN_TEXT_CAP 512 /* hex text of the longest kind, with NUL */
#define TOKEN_PUBLIC_KEY_LEN 32
#define TOKEN_PERSON_LEN 8
#define TOKEN_CARER_LEN 8
#define TOKEN_KEYS 16           /* of the keypad, numbered as enum event_key of the locker */
#define TOKEN_SECRET_KEY_LEN 64 /* libsodium's Ed25519 secret key: seed and public key */

enum token_kind { TOKEN_PICKUP, TOKEN_VOUCHER, TOKEN_BADGE, TOKEN_DOOR, TOKEN_CARER, TOKEN_KEY, TOKEN_KIND_N };

/* Handling class of a bag: how long a locker may go without word from the hub, and what a patient must show.
 * Ordinary 7 days, sensitive 24 h, controlled 4 h. */
enum token_class { TOKEN_CLASS_ORDINARY, TOKEN_CLASS_SENSITIVE, TOKEN_CLASS_CONTROLLED, TOKEN_CLASS_N };
enum token_size { TOKEN_SIZE_S, TOKEN_SIZE_M, TOKEN_SIZE_L, TOKEN_SIZE_N };
enum token_zone { TOKEN_ZONE_ROOM, TOKEN_ZONE_COLD, TOKEN_ZONE_N };
enum token_role { TOKEN_ROLE_PHARMACIST, TOKEN_ROLE_LOGISTICS, TOKEN_ROLE_N };

struct token_pickup {
    struct code_binding bind;
    int64_t not_after_s; /* Unix time, s; 0 < t < 2^40 */
    uint8_t id[16];
};

struct token_voucher {
    struct code_binding bind;
    int64_t not_before_s, not_after_s; /* pickup window */
    enum token_class cls;
    enum token_size size;
    enum token_zone zone;
    bool low_door;      /* reach: a door that a wheelchair user or short person can reach */
    bool has_v1;        /* false: code alone is never enough, day and month of birth are always asked */
    uint32_t key_epoch; /* of K_epoch in v1 and v2 */
    uint8_t v1[CODE_MAC_LEN], v2[CODE_MAC_LEN];
    uint8_t person[TOKEN_PERSON_LEN]; /* pseudonym: bags of one person at one locker have the same; zeros: on its own */
    enum language language;           /* of the screen, once the bag is being collected */
};

/* order all zeros: standing, load is 0 then. */
struct token_carer {
    struct code_binding bind;
    uint8_t carer[TOKEN_CARER_LEN];
    uint8_t person[TOKEN_PERSON_LEN]; /* not zeros when standing */
    int64_t not_after_s;
};

struct token_badge {
    uint8_t locker[CODE_LOCKER_LEN];
    uint8_t staff[8], badge[8];
    enum token_role role;
    int64_t not_after_s;
    uint32_t key_epoch;
    uint8_t pin_mac[CODE_MAC_LEN];
};

struct token_door {
    uint8_t locker[CODE_LOCKER_LEN];
    uint16_t door; /* 1..999, the compartment's number */
};

struct token_key {
    uint8_t key; /* < TOKEN_KEYS */
};

struct token {
    enum token_kind kind;
    union {
        struct token_pickup pickup;
        struct token_voucher voucher;
        struct token_badge badge;
        struct token_door door;
        struct token_carer carer;
        struct token_key key;
    } u;
};

/* Writes the text of t to out (TOKEN_TEXT_CAP bytes), signed with secret (unused for a door and a key). Fields must be
 * in range: a bug of ours otherwise. */
void token_encode(const struct token *t, const uint8_t secret[TOKEN_SECRET_KEY_LEN], char *out);

/* Reads what a scanner typed. Errors: ERR_UNKNOWN (no mark of ours), ERR_SYNTAX, ERR_TOO_LONG, ERR_RANGE,
 * ERR_SIGNATURE. Expiry, locker and role are for the caller to judge. */
enum err token_decode(const char *text, const uint8_t public_key[TOKEN_PUBLIC_KEY_LEN], struct token *out,
                      struct reason *r) ERR_MUST_CHECK;

/* Longest time without a signed word from the hub for which codes of this class work, in seconds. */
int64_t token_class_lease_s(enum token_class c);

/* "ordinary", "S", "room", "pharmacist" and back; the parsers give ERR_UNKNOWN. */
const char *token_class_name(enum token_class c);
const char *token_size_name(enum token_size s);
const char *token_zone_name(enum token_zone z);
const char *token_role_name(enum token_role r);
enum err token_class_parse(const char *text, enum token_class *out) ERR_MUST_CHECK;
enum err token_size_parse(const char *text, enum token_size *out) ERR_MUST_CHECK;
enum err token_zone_parse(const char *text, enum token_zone *out) ERR_MUST_CHECK;
enum err token_role_parse(const char *text, enum token_role *out) ERR_MUST_CHECK;

#endif
