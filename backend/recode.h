/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recode: a new code for a bag that lies ready, when the slip was lost or somebody else may know the code. The locker
 * changes from the old code and slip to the new ones in one step; until it has confirmed that, the old ones work, the
 * new ones do not, and nothing can be printed. A strip was part of the old slip: it is revoked.
 *
 * begin and finish on the loop, mint_stretch(&x->job) between them on the worker. Whoever began wipes with
 * mint_wipe(&x->job), also after an error. Errors besides the named: those of the store.
 */
#ifndef MEDLOCKER_RECODE_H
#define MEDLOCKER_RECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/act.h"
#include "backend/hub.h"
#include "backend/mint.h"
#include "common/err.h"

/* How long the new code is kept for printing after the locker confirmed. */
#define RECODE_KEEP_MS (INT64_C(24) * 60 * 60 * 1000)

struct recode {
    struct act_who who;
    uint8_t order[ORDER_ID_LEN];
    char reason[STORE_TEXT_CAP];
    bool capped;             /* refused because this user made too many within the hour */
    struct store_recode row; /* by finish */
    struct mint_job job;
};

/* What the policies cap.recode_order and cap.recode_hour leave. Errors: ERR_STATE (no more for this order), ERR_BUSY
 * and *capped (no more for this user within the hour). */
enum err recode_check_caps(struct hub *hub, const struct act_who *who, const uint8_t order[ORDER_ID_LEN], bool *capped,
                           struct reason *r) ERR_MUST_CHECK;
/* How many more for this order. */
enum err recode_left(struct hub *hub, const uint8_t order[ORDER_ID_LEN], uint32_t *left,
                     struct reason *r) ERR_MUST_CHECK;

/* Errors: ERR_NOT_FOUND, ERR_STATE (not READY; one is on its way already; cap of the order), ERR_BUSY (cap of the hour;
 * no free code). */
enum err recode_begin(struct hub *hub, struct recode *x, struct reason *r) ERR_MUST_CHECK;
/* The transaction with its command and audit row. ERR_DUPLICATE: the code was taken meanwhile; begin again. */
enum err recode_finish(struct hub *hub, struct recode *x, struct reason *r) ERR_MUST_CHECK;

/* Forgets codes that could be printed for RECODE_KEEP_MS; for every minute. */
enum err recode_tidy(struct hub *hub, struct reason *r) ERR_MUST_CHECK;

#endif
