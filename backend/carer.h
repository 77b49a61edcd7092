/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carer: somebody who collects for a patient with a right of their own: for one bag, once, or standing for every bag of
 * that person. The right is a card (nothing need reach the locker) and, when asked for, a code of the carer's own,
 * which works when the locker has confirmed it. It can be revoked: card and code are dead at a locker when that locker
 * has confirmed it, and not before. Lockers know a number only.
 *
 * A standing right follows its person: when a bag of theirs is packed for a locker that the right does not reach yet,
 * it is made to reach it, by card (a code is made for one locker).
 *
 * A strip is the patient's own way to do this: a part of the slip to tear off, with a card for that one bag. Nobody is
 * named; it is a right like the others in all else.
 *
 * begin and finish on the loop, mint_stretch(&g->job) between them on the worker when with_code. Whoever began wipes
 * with mint_wipe(&g->job), also after an error. Errors besides the named: those of the store.
 */
#ifndef MEDLOCKER_CARER_H
#define MEDLOCKER_CARER_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/act.h"
#include "backend/hub.h"
#include "backend/mint.h"
#include "common/err.h"

#define CARER_DAYS_MAX 366     /* longest standing right */
#define CARER_DAYS_DEFAULT 365 /* when no end was given */

struct carer_grant {
    struct act_who who;
    uint8_t order[ORDER_ID_LEN];
    char name[STORE_NAME_CAP];
    bool strip, standing, with_code;
    int64_t not_after_s;            /* 0: the window of the bag, or CARER_DAYS_DEFAULT */
    struct store_carer carer;       /* by finish */
    struct store_carer_place place; /* by finish */
    struct mint_job job;            /* with_code */
};

/* Checks, and draws a code. The order must have a label or lie in a locker. Errors: ERR_NOT_FOUND, ERR_STATE (no bag to
 * collect now; standing, but the bag is on its own), ERR_RANGE (end), ERR_SYNTAX (name), ERR_BUSY (no free code). */
enum err carer_begin(struct hub *hub, struct carer_grant *g, struct reason *r) ERR_MUST_CHECK;
/* The transaction. ERR_DUPLICATE: the code was taken meanwhile; begin again. */
enum err carer_finish(struct hub *hub, struct carer_grant *g, struct reason *r) ERR_MUST_CHECK;

/* Ends the right: no more cards from now on; commands to every locker that it reaches. Errors: ERR_NOT_FOUND, ERR_STATE
 * (revoked already). */
enum err carer_revoke(struct hub *hub, const struct act_who *who, const uint8_t carer[TOKEN_CARER_LEN],
                      struct reason *r) ERR_MUST_CHECK;

/* Standing rights of the person whose bag o was just packed reach its locker too; inside the transaction. */
enum err carer_follow(struct hub *hub, const struct act_who *who, const struct order *o,
                      struct reason *r) ERR_MUST_CHECK;

/* The card for one locker (zeros: the one of the order that the right was given for). Errors: ERR_NOT_FOUND, ERR_STATE
 * (revoked; a strip, which is printed with its slip), ERR_EXPIRED. */
enum err carer_card(struct hub *hub, const uint8_t carer[TOKEN_CARER_LEN], const uint8_t locker[STORE_LOCKER_LEN],
                    struct store_carer *c, struct store_carer_place *p, char text[TOKEN_TEXT_CAP],
                    struct reason *r) ERR_MUST_CHECK;

/* The strip of the slip of o, which was just packed; inside the transaction. */
enum err carer_give_strip(struct hub *hub, const struct act_who *who, const struct order *o,
                          struct reason *r) ERR_MUST_CHECK;
/* The text of that card, the same each time: "" when o was packed without, or when it is good no longer. */
enum err carer_strip(struct hub *hub, const struct order *o, char text[TOKEN_TEXT_CAP],
                     struct reason *r) ERR_MUST_CHECK;
/* The slip of o may be in wrong hands, and the strip with it: it is revoked, and the next slip has another. Nothing
 * when it has none. Inside the transaction. */
enum err carer_renew_strip(struct hub *hub, const struct act_who *who, const struct order *o,
                           struct reason *r) ERR_MUST_CHECK;

/* Whose bags: the pseudonym of the patient over all lockers; zeros without a birth date. */
void carer_holder(const struct hub *hub, const struct order *o, uint8_t holder[TOKEN_PERSON_LEN]);

#endif
