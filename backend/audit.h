/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: the chain of the hub's business record (NEN 7513). Each row carries the hash of the one before, so that a
 * changed, missing, moved or inserted row shows. Pure but for audit_verify, which reads the store.
 */
#ifndef MEDLOCKER_AUDIT_H
#define MEDLOCKER_AUDIT_H

#include "backend/store.h"

/* BLAKE2b-256 over prev, seq and every other field with its length. a->hash is not used. */
void audit_hash(const struct store_audit *a, uint8_t out[STORE_HASH_LEN]);

/* Walks the whole chain. *rows: how many; *head: hash of the last (zeros when there is none), to be kept elsewhere.
 * Error: ERR_CORRUPT, the reason names the first row that does not fit. */
enum err audit_verify(struct store *s, int64_t *rows, uint8_t head[STORE_HASH_LEN], struct reason *r) ERR_MUST_CHECK;

#endif
