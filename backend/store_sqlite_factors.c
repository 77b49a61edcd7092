/* SPDX-License-Identifier: Apache-2.0 */
/* Second factors and their spare codes in SQLite. */
#include "backend/store_sqlite_part.h"

#define F(kind, member) ROW_MEMBER(kind, struct store_factor, member)
static const struct row_col factor_cols[] = {
    F(ROW_TEXT, user), F(ROW_BLOB, box), F(ROW_BOOL, confirmed), F(ROW_I64, last_step), F(ROW_I64, created_ms),
};
#define FACTOR_NAMES "user,box,confirmed,last_step,created_ms"

static enum err bind_user(struct db *db, sqlite3_stmt *q, const char *user, struct reason *r)
{
    return sqlite3_bind_text(q, 1, user, -1, SQLITE_STATIC) == SQLITE_OK ? ERR_OK : db_error(db, r);
}

static enum err bind_spare(struct db *db, sqlite3_stmt *q, const char *user, const uint8_t hash[STORE_HASH_LEN],
                           struct reason *r)
{
    enum err e = bind_user(db, q, user, r);

    if (e == ERR_OK && sqlite3_bind_blob(q, 2, hash, STORE_HASH_LEN, SQLITE_STATIC) != SQLITE_OK) {
        e = db_error(db, r);
    }
    return e;
}

static enum err factor_put(struct store *s, const struct store_factor *f, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);

    return store_sqlite_put(db, db_stmt(db, "INSERT OR REPLACE INTO factors(" FACTOR_NAMES ") VALUES(?,?,?,?,?)"),
                            factor_cols, ROW_COUNT(factor_cols), f, r);
}

static enum err factor_get(struct store *s, const char *user, struct store_factor *f, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " FACTOR_NAMES " FROM factors WHERE user=?");
    enum err e = bind_user(db, q, user, r);

    return e != ERR_OK ? e : store_sqlite_one(db, q, factor_cols, ROW_COUNT(factor_cols), f, "second factor", r);
}

static enum err factor_delete(struct store *s, const char *user, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "DELETE FROM factors WHERE user=?");
    enum err e = bind_user(db, q, user, r);

    if (e == ERR_OK) {
        e = db_run(db, q, r);
    }
    if (e != ERR_OK) {
        return e;
    }
    q = db_stmt(db, "DELETE FROM spares WHERE user=?");
    e = bind_user(db, q, user, r);
    return e != ERR_OK ? e : db_run(db, q, r);
}

static enum err spare_add(struct store *s, const char *user, const uint8_t hash[STORE_HASH_LEN], struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "INSERT INTO spares(user,hash) VALUES(?,?)");
    enum err e = bind_spare(db, q, user, hash, r);

    return e != ERR_OK ? e : db_run(db, q, r);
}

static enum err spare_use(struct store *s, const char *user, const uint8_t hash[STORE_HASH_LEN], struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "DELETE FROM spares WHERE user=? AND hash=?");
    enum err e = bind_spare(db, q, user, hash, r);

    return e != ERR_OK ? e : store_sqlite_change(db, q, "spare code", r);
}

static enum err spare_count(struct store *s, const char *user, unsigned *count, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT count(*) FROM spares WHERE user=?");
    bool more = false;
    enum err e = bind_user(db, q, user, r);

    if (e == ERR_OK) {
        e = db_step(db, q, &more, r);
    }
    if (e == ERR_OK && more) {
        *count = (unsigned)sqlite3_column_int64(q, 0);
    }
    (void)sqlite3_reset(q);
    return e;
}

void store_sqlite_factors(struct store_ops *ops)
{
    ops->factor_put = factor_put;
    ops->factor_get = factor_get;
    ops->factor_delete = factor_delete;
    ops->spare_add = spare_add;
    ops->spare_use = spare_use;
    ops->spare_count = spare_count;
}
