/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer: what is answered to "journal" and "verify" (controller/control.h): by lockerd from its store, and by
 * lockerctl itself from the store of a locker whose lockerd does not run.
 *
 * One thread; blocks on the disk. The caller deletes *out. Errors: those of the store.
 */
#ifndef MEDLOCKER_ANSWER_H
#define MEDLOCKER_ANSWER_H

#include "common/err.h"
#include "common/json.h"
#include "controller/store.h"

/* The newest rows, oldest first. */
enum err answer_journal(cJSON **out, struct store *s, unsigned limit, struct reason *r) ERR_MUST_CHECK;

/* What a verification found; the caller deletes it. */
cJSON *answer_chain(const struct store_chain *chain);
/* All of it at once. */
enum err answer_verify(cJSON **out, struct store *s, struct reason *r) ERR_MUST_CHECK;

#endif
