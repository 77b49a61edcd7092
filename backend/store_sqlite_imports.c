/* SPDX-License-Identifier: Apache-2.0 */
/* How far tables of orders are read in, in SQLite. */
#include "backend/store_sqlite_part.h"

#define I(kind, member) ROW_MEMBER(kind, struct store_import, member)
static const struct row_col import_cols[] = {
    I(ROW_BLOB, hash), I(ROW_I64, at_ms), I(ROW_TEXT, by), I(ROW_U32, rows), I(ROW_U32, done), I(ROW_U32, made),
};
#define IMPORT_N ROW_COUNT(import_cols)
#define IMPORT_NAMES "hash,at_ms,by,rows,done,made"

static enum err import_put(struct store *s, const struct store_import *x, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "INSERT OR REPLACE INTO imports(" IMPORT_NAMES ") VALUES(?,?,?,?,?,?)");

    return store_sqlite_put(db, q, import_cols, IMPORT_N, x, r);
}

static enum err import_get(struct store *s, const uint8_t hash[STORE_HASH_LEN], struct store_import *x,
                           struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " IMPORT_NAMES " FROM imports WHERE hash=?");

    if (sqlite3_bind_blob(q, 1, hash, STORE_HASH_LEN, SQLITE_STATIC) != SQLITE_OK)
        return db_error(db, r);
    return store_sqlite_one(db, q, import_cols, IMPORT_N, x, "import", r);
}

static enum err import_purge(struct store *s, int64_t before_ms, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "DELETE FROM imports WHERE at_ms<?");

    return sqlite3_bind_int64(q, 1, before_ms) == SQLITE_OK ? db_run(db, q, r) : db_error(db, r);
}

void store_sqlite_imports(struct store_ops *ops)
{
    ops->import_put = import_put;
    ops->import_get = import_get;
    ops->import_purge = import_purge;
}
