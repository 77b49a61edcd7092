/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox: commands of the hub to lockers: numbered, chained and signed in the transaction of the change that they
 * belong to; link sends them until the locker has confirmed them with its own signature.
 */
#ifndef MEDLOCKER_OUTBOX_H
#define MEDLOCKER_OUTBOX_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "backend/hub.h"
#include "common/err.h"

/* Appends a command inside the open transaction; *seq (may be NULL) is its number. dat stays the caller's. Lost or
 * revoked lockers get none: ERR_STATE. Errors besides: those of the store. */
enum err outbox_append(struct hub *hub, const uint8_t locker[STORE_LOCKER_LEN], const char *typ, const cJSON *dat,
                       int64_t *seq, struct reason *r) ERR_MUST_CHECK;

enum err outbox_withdraw(struct hub *hub, const struct order *o, struct reason *r) ERR_MUST_CHECK;
enum err outbox_revoke_badge(struct hub *hub, const struct store_badge *b, int64_t *seq,
                             struct reason *r) ERR_MUST_CHECK;
enum err outbox_reset_guesses(struct hub *hub, const uint8_t locker[STORE_LOCKER_LEN],
                              const uint8_t staff[ORDER_STAFF_LEN], struct reason *r) ERR_MUST_CHECK;

#endif
