/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db: one SQLite file, one connection, opened the one safe way: WAL with synchronous=FULL, exclusive locking
 * (SQLite 3.40.1 can damage a WAL that two connections write), foreign keys, no trusted schema, secure delete, no mmap,
 * own checkpoints; quick_check at start; numbered migrations. Included by the stores only, which prepare their own
 * statements on db_handle().
 *
 * One thread. Blocks for the length of a disk sync. An I/O error, full disk or damage is final: the caller stops
 * acting, says so, and ends the process; nothing retries a sync.
 */
#ifndef MEDLOCKER_DB_H
#define MEDLOCKER_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct db;

struct db_cfg {
    const char *path;
    const char *const *migration; /* SQL scripts; number i + 1 is applied when user_version is i; STRICT tables */
    int migrations;
    int64_t max_bytes; /* max_page_count; 0: SQLite's own limit */
    const char *vfs;   /* NULL: the default */
};

/* Opens or creates, checks and migrates. Errors: ERR_CORRUPT (quick_check failed, or not a database), ERR_BUSY (another
 * process has it), ERR_FULL, ERR_IO, ERR_RANGE (made by a newer version). Free with db_close. */
enum err db_open(struct db **out, const struct db_cfg *cfg, struct reason *r) ERR_MUST_CHECK;
void db_close(struct db *db); /* NULL is fine; finalises the cached statements, checkpoints */

sqlite3 *db_handle(struct db *db);

/* A prepared statement for this SQL text (compared by address: pass a literal), kept and reused until db_close; reset
 * and with cleared bindings. SQL that does not compile is a bug of ours. */
sqlite3_stmt *db_stmt(struct db *db, const char *sql);

enum err db_begin(struct db *db, struct reason *r) ERR_MUST_CHECK; /* BEGIN IMMEDIATE */
/* Durable when this returns ERR_OK. Else rolled back; but after an I/O error of the sync itself a restart may find it
 * committed all the same (whole, never in part): do not act on it, and let the start decide from what is there. */
enum err db_commit(struct db *db, struct reason *r) ERR_MUST_CHECK;
void db_rollback(struct db *db);

/* Steps a statement that returns no row, then resets it. Errors as db_error. */
enum err db_run(struct db *db, sqlite3_stmt *s, struct reason *r) ERR_MUST_CHECK;
/* Steps once: *row tells whether there is a row. The caller resets. */
enum err db_step(struct db *db, sqlite3_stmt *s, bool *row, struct reason *r) ERR_MUST_CHECK;
/* The last result code of SQLite as an enum err with its sentence: FULL, IO, CORRUPT, DUPLICATE (any
 * constraint), BUSY, TOO_LONG, MEMORY. */
enum err db_error(struct db *db, struct reason *r);

/* Moves the WAL into the file when it is larger than 4 MiB or force is set; for idle moments. */
enum err db_checkpoint(struct db *db, bool force, struct reason *r) ERR_MUST_CHECK;

/* Moves a damaged database and its WAL aside as PATH.bad-<unix seconds> (nothing is deleted). */
enum err db_move_aside(const char *path, int64_t now_s, struct reason *r) ERR_MUST_CHECK;

#endif
