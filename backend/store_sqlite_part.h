/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_sqlite_part: what the files of store_sqlite share; nobody else includes it. Each part fills in its own
 * functions of the table.
 */
#ifndef MEDLOCKER_STORE_SQLITE_PART_H
#define MEDLOCKER_STORE_SQLITE_PART_H

#include "backend/row.h"
#include "backend/store.h"
#include "common/db.h"

struct store_sqlite {
    struct store base; /* first: a struct store * is a struct store_sqlite * */
    struct store_ops ops;
    struct db *db;
};

struct db *store_sqlite_db(struct store *s);
/* For functions that write: a call outside a transaction is a bug of ours. */
struct db *store_sqlite_writing(struct store *s);

/* Binds *row from parameter 1 on and runs. */
enum err store_sqlite_put(struct db *db, sqlite3_stmt *q, const struct row_col *cols, size_t n, const void *row,
                          struct reason *r) ERR_MUST_CHECK;
/* Steps: *more tells whether *row was filled. The caller resets. */
enum err store_sqlite_next(struct db *db, sqlite3_stmt *q, const struct row_col *cols, size_t n, void *row, bool *more,
                           struct reason *r) ERR_MUST_CHECK;
/* Steps once and resets. ERR_NOT_FOUND with "no such <what>" when there is no row. */
enum err store_sqlite_one(struct db *db, sqlite3_stmt *q, const struct row_col *cols, size_t n, void *row,
                          const char *what, struct reason *r) ERR_MUST_CHECK;
/* Runs a statement that must change exactly one row, else ERR_NOT_FOUND. */
enum err store_sqlite_change(struct db *db, sqlite3_stmt *q, const char *what, struct reason *r) ERR_MUST_CHECK;

/* ERR_DUPLICATE when some live code of this locker has the index: codes of bags, of carers, and those on their way. */
enum err store_sqlite_code_free(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                                const uint8_t index[STORE_HASH_LEN], struct reason *r) ERR_MUST_CHECK;

void store_sqlite_orders(struct store_ops *ops);
void store_sqlite_lockers(struct store_ops *ops);
void store_sqlite_reports(struct store_ops *ops);
void store_sqlite_logistics(struct store_ops *ops);
void store_sqlite_people(struct store_ops *ops);
void store_sqlite_audit(struct store_ops *ops);
void store_sqlite_factors(struct store_ops *ops);
void store_sqlite_pharmacies(struct store_ops *ops);
void store_sqlite_contacts(struct store_ops *ops);
void store_sqlite_imports(struct store_ops *ops);
void store_sqlite_tours(struct store_ops *ops);
void store_sqlite_carers(struct store_ops *ops);

#endif
