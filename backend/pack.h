/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack: an order gets its bag: a locker that can promise it a door, a code, and what is printed. In three steps,
 * because the middle one takes Argon2id's time; the same for the badge of a member of staff.
 *
 * begin and finish on the loop, stretch on the worker or wherever waiting is allowed. Whoever began wipes with
 * mint_wipe(&x->job), also after an error.
 */
#ifndef MEDLOCKER_PACK_H
#define MEDLOCKER_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/act.h"
#include "backend/hub.h"
#include "backend/mint.h"
#include "common/err.h"

struct pack {
    struct act_who who;
    uint8_t order[ORDER_ID_LEN];
    bool any_locker; /* choose one */
    uint8_t locker[STORE_LOCKER_LEN];
    bool has_size, has_low;
    enum token_size size;
    bool low_door;
    bool alone;  /* not tied to other bags of the same person */
    bool strip;  /* the slip has a strip for who collects instead; repack: as the slip that is called back */
    bool repack; /* a new code and label for a bag that did not leave yet, same locker; the old ones are called back */
    char reason[STORE_TEXT_CAP]; /* repack */
    bool capped;                 /* repack: see recode_check_caps */
    struct mint_job job;
};

/* Chooses and checks the locker and draws a code. repack: errors also as recode_check_caps. Errors: ERR_NOT_FOUND,
 * ERR_STATE (this order cannot be packed now, or the locker takes none), ERR_BUSY (no door can be promised),
 * ERR_MISSING (birth date). */
enum err pack_begin(struct hub *hub, struct pack *p, struct reason *r) ERR_MUST_CHECK;
/* The transaction. ERR_DUPLICATE: the code was taken meanwhile; begin again. */
enum err pack_finish(struct hub *hub, struct pack *p, struct order *out, struct reason *r) ERR_MUST_CHECK;

#define PACK_BADGE_DAYS_MAX 365

struct pack_badge {
    struct act_who who;
    char user[STORE_NAME_CAP]; /* login of the member of staff */
    uint8_t locker[STORE_LOCKER_LEN];
    int64_t days;                   /* 1..PACK_BADGE_DAYS_MAX */
    struct store_badge badge;       /* by finish */
    char text[TOKEN_TEXT_CAP];      /* by finish */
    char full_name[STORE_NAME_CAP]; /* by begin */
    struct mint_job job;
};

/* Errors: ERR_NOT_FOUND (user, locker), ERR_STATE (disabled, revoked), ERR_RANGE (PIN, days), ERR_DENIED (a role
 * without work at lockers). */
enum err pack_badge_begin(struct hub *hub, struct pack_badge *b, const char *pin, struct reason *r) ERR_MUST_CHECK;
enum err pack_badge_finish(struct hub *hub, struct pack_badge *b, struct reason *r) ERR_MUST_CHECK;

#endif
