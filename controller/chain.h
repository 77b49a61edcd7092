/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain: the journal rows in the database of the store, each holding the hash over its fields and the hash before it,
 * so that no row can be changed, dropped, added or moved unseen. The head is kept apart, so that the end cannot be cut
 * off either. Old rows leave by a checkpoint that carries the hash of the last one dropped.
 *
 * One thread; used by the store only, inside its transactions. Errors: those of db, ERR_CORRUPT.
 */
#ifndef MEDLOCKER_CHAIN_H
#define MEDLOCKER_CHAIN_H

#include <stdint.h>

#include "common/clock.h"
#include "common/db.h"
#include "controller/store.h"

struct chain {
    int64_t last_id;
    uint8_t head[MSG_HASH_LEN];
};

struct chain_row {
    int64_t seq;
    struct clock_now now;
    const char *typ, *body;
};

enum err chain_load(struct chain *c, struct db *db, struct reason *r) ERR_MUST_CHECK;
/* Adds a row and the new head; *c moves on only here, the caller puts it back when the transaction fails. */
enum err chain_append(struct chain *c, struct db *db, const struct chain_row *row, struct reason *r) ERR_MUST_CHECK;
enum err chain_read(struct db *db, int64_t after, unsigned limit, store_journal_fn fn, void *arg,
                    struct reason *r) ERR_MUST_CHECK;
/* See store_verify_begin and store_verify_some. */
enum err chain_verify_begin(struct db *db, struct store_verification *v, struct reason *r) ERR_MUST_CHECK;
enum err chain_verify_some(struct db *db, struct store_verification *v, bool *done, struct reason *r) ERR_MUST_CHECK;
/* Drops at most `rows` rows with an id below keep_from and older than before_ms, in a transaction of its own. */
enum err chain_compact(struct db *db, int64_t keep_from, int64_t before_ms, unsigned rows,
                       struct reason *r) ERR_MUST_CHECK;

#endif
