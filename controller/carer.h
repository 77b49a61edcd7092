/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carer: people who collect for somebody else. A right is worth its scope and nothing more: one bag once, or every bag
 * of one person at this locker, until a time; it never widens, cannot be handed on, and a revoked id stays dead for as
 * long as a card of it could live. A right comes as a signed card, which needs no row here, or as a code of the carer's
 * own, which has one. The table is durable. Pure.
 */
#ifndef MEDLOCKER_CARER_H
#define MEDLOCKER_CARER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/code.h"
#include "common/token.h"
#include "controller/floor.h"
#include "controller/order.h"

#define CARER_SLOTS 512u
#define CARER_GRANTS_MAX 256u /* the rest is kept for revocations, which must not find the table full */
#define CARER_NONE UINT16_MAX

/* load 0: standing, for every bag of person; else for that load of that order. */
struct carer_right {
    uint8_t id[CODE_CARER_LEN];
    uint8_t order[CODE_ORDER_LEN];
    uint32_t load;
    uint8_t person[TOKEN_PERSON_LEN];
    int64_t not_after_s;
};

enum carer_state {
    CARER_GRANTED,
    CARER_USED,    /* its bag was collected or the order ended otherwise; wiped verifiers */
    CARER_REVOKED, /* for ever; wiped verifiers */
    CARER_STATE_N
};

struct carer {
    bool used; /* the slot */
    enum carer_state state;
    struct carer_right right; /* REVOKED: not_after_s 0 when nobody said how long a card of it may live */
    uint32_t key_epoch;
    bool has_v1;
    uint8_t v1[CODE_MAC_LEN], v2[CODE_MAC_LEN];
};

struct carer_table {
    struct carer slot[CARER_SLOTS];
};

enum carer_answer { CARER_DONE, CARER_IS_REVOKED, CARER_IS_USED, CARER_OTHER_SCOPE, CARER_FULL };

/* Command carer.grant.v1; grant: a GRANTED row. The same id and scope again: a new code and time. *slot: the row that
 * changed, CARER_NONE for any answer but CARER_DONE. */
enum carer_answer carer_grant(struct carer_table *t, const struct carer *grant, const struct floor *f, uint16_t *slot);

/* Command carer.revoke.v1, also of an id that is not known. not_after_s: when a card of it would have ended; 0: never.
 * CARER_DONE or CARER_FULL. *slot: the row that changed, CARER_NONE when nothing had to. */
enum carer_answer carer_revoke(struct carer_table *t, const uint8_t id[CODE_CARER_LEN], int64_t not_after_s,
                               const struct floor *f, uint16_t *slot);

/* The order was collected or ended otherwise: true when c was a right for that load or an older one, and is used now.
 */
bool carer_end_order(struct carer *c, const struct order *o);

/* By signed time nothing of it can be accepted any more: the slot is empty now. False: it is kept. */
bool carer_forget(struct carer *c, const struct floor *f);

/* The row of an id; NULL: none. */
const struct carer *carer_find(const struct carer_table *t, const uint8_t id[CODE_CARER_LEN]);
/* Nothing that is known of this id speaks against the right: revoked, used up, granted for something else. */
bool carer_allows(const struct carer_table *t, const struct carer_right *r);
bool carer_is_revoked(const struct carer_table *t, const uint8_t id[CODE_CARER_LEN]);

void carer_right_of_card(struct carer_right *out, const struct token_carer *card);
bool carer_is_standing(const struct carer_right *r);
/* The right is for this load of this order; says nothing about time, revocation and the state of the order. */
bool carer_covers(const struct carer_right *r, const struct order *o);

/* Compares a stretched code (with ddmm: code and birthday) with every granted right, without early exit. Returns how
 * many fit, and in *slot the last of them. */
unsigned carer_match(const struct carer_table *t, const struct code_key *key, const uint8_t locker[CODE_LOCKER_LEN],
                     const uint8_t a[CODE_STRETCHED_LEN], const char *ddmm, uint16_t *slot);

#endif
