/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mint: makes what is printed when a bag is packed: the code, its verifiers, the load voucher and the pickup token. In
 * three steps, because the middle one takes Argon2id's time:
 *
 *   mint_draw()     on the loop: a code that differs from every live code of that locker
 *   mint_stretch()  on the worker: one job, shares nothing
 *   mint_finish()   on the loop: verifiers, voucher, token, and the code sealed for printing the slip again
 *
 * The plain code lives in the job and on paper only: the register of live codes is a keyed hash. Whoever owns a job
 * wipes it with mint_wipe, also after an error.
 */
#ifndef MEDLOCKER_MINT_H
#define MEDLOCKER_MINT_H

#include <stdint.h>

#include "backend/store.h"
#include "common/code.h"
#include "common/err.h"
#include "common/token.h"

struct mint_keys {
    uint8_t token_secret[TOKEN_SECRET_KEY_LEN]; /* signs vouchers, pickup tokens and badges */
    uint8_t index_key[32];                      /* register of live codes */
    uint8_t code_key[32];                       /* codes kept for printing again */
    uint8_t locker_key[32];                     /* K_epoch of lockers at rest */
    uint8_t person_key[32];                     /* pseudonyms of patients */
};

/* Derives the storage keys from the hub's store key. */
void mint_keys_init(struct mint_keys *k, const uint8_t token_secret[TOKEN_SECRET_KEY_LEN], const uint8_t store_key[32]);
void mint_keys_wipe(struct mint_keys *k);

/* K_epoch of a locker at rest, bound to the locker's id and the epoch number. Error: ERR_SIGNATURE (wrong key, moved or
 * damaged). */
void mint_key_seal(const struct mint_keys *k, const uint8_t locker[STORE_LOCKER_LEN], const struct code_key *key,
                   uint8_t box[STORE_KEY_BOX_LEN]);
enum err mint_key_open(const struct mint_keys *k, const struct store_locker *l, struct code_key *out,
                       struct reason *r) ERR_MUST_CHECK;

struct mint_job {
    uint8_t locker[STORE_LOCKER_LEN];
    struct code_key key;
    struct code_cost cost;
    char secret[CODE_DIGITS + 1]; /* the code, or the PIN of a badge */
    uint8_t a[CODE_STRETCHED_LEN];
    enum err result; /* of mint_stretch */
};

/* Draws a code for this locker. Errors: ERR_SIGNATURE (key_box), ERR_FULL (no free code found), those of the store. */
enum err mint_draw(const struct mint_keys *k, struct store *s, const struct store_locker *l, struct mint_job *job,
                   struct reason *r) ERR_MUST_CHECK;
/* The same for a badge: the PIN is given (CODE_PIN_MIN..CODE_PIN_MAX digits, not all equal, no run: ERR_RANGE). */
enum err mint_pin(const struct mint_keys *k, const struct store_locker *l, const char *pin, struct mint_job *job,
                  struct reason *r) ERR_MUST_CHECK;

/* run of a work_job with arg = struct mint_job *. */
void mint_stretch(void *job);

/* After ORDER_EVENT_PACK was applied to o: everything for store packing_insert, whose ERR_DUPLICATE (the same code was
 * drawn twice at the same time) means: begin again with mint_draw. packed_by is the caller's to set. Verifier v1 is
 * left out for classes that always ask the birthday; without a birth date v2 is random, so that it can never match.
 * Errors: job->result, ERR_MISSING (birth date needed by the class), ERR_STATE (o is not packed for this locker). */
enum err mint_finish(const struct mint_keys *k, const struct mint_job *job, const struct order *o,
                     struct store_packing *out, struct reason *r) ERR_MUST_CHECK;

/* What a locker needs to check a code that reaches it by a command and not on a bag. Wipe with sodium_memzero. */
struct mint_verifiers {
    bool has_v1;
    uint8_t v1[CODE_MAC_LEN], v2[CODE_MAC_LEN];
    uint8_t token[16]; /* mint_recode: id of the new pickup token */
};

/* A new code for o, which lies READY in the locker of the job: verifiers for the locker, and what the hub keeps (order,
 * load, locker, key_epoch, code and pickup token; the rest is zeros). Errors: job->result, ERR_MISSING, ERR_STATE. */
enum err mint_recode(const struct mint_keys *k, const struct mint_job *job, const struct order *o,
                     struct mint_verifiers *v, struct store_recode *out, struct reason *r) ERR_MUST_CHECK;

/* A carer's own code at the locker of the job, for the bags of o's patient: verifiers, and the index for p->code_index.
 * v1 is there when the code may be enough for some bag: always when standing, else by the class of o. Errors:
 * job->result, ERR_MISSING (birth date needed by the class). */
enum err mint_carer(const struct mint_keys *k, const struct mint_job *job, const struct order *o,
                    const struct store_carer *c, struct mint_verifiers *v, uint8_t index[STORE_HASH_LEN],
                    struct reason *r) ERR_MUST_CHECK;
/* The text of a carer's card for one locker: the same each time. */
void mint_card(const struct mint_keys *k, const struct store_carer *c, const struct store_carer_place *p,
               char text[TOKEN_TEXT_CAP]);

/* The text of a badge; its pin_mac, key_epoch and locker come from the job. */
enum err mint_badge(const struct mint_keys *k, const struct mint_job *job, const struct store_badge *b,
                    char text[TOKEN_TEXT_CAP], struct reason *r) ERR_MUST_CHECK;

/* The code again, to print a slip that was lost before loading; out has CODE_DIGITS + 1 bytes, wiped by the caller.
 * Errors: ERR_NOT_FOUND (not kept any more), ERR_SIGNATURE. */
enum err mint_open_code(const struct mint_keys *k, const struct store_packing *p, char *out,
                        struct reason *r) ERR_MUST_CHECK;

void mint_wipe(struct mint_job *job);

#endif
