/* SPDX-License-Identifier: Apache-2.0 */
/* Return tours and their stops, in SQLite. */
#include "backend/store_sqlite_part.h"

#define T(kind, member) ROW_MEMBER(kind, struct store_tour, member)
static const struct row_col tour_cols[] = {
    T(ROW_BLOB, locker),  T(ROW_I64, started_ms), T(ROW_TEXT, started_by),
    T(ROW_I64, ended_ms), T(ROW_TEXT, ended_by),  T(ROW_I64, id), /* last: read only */
};
#define TOUR_N ROW_COUNT(tour_cols)
#define TOUR_NAMES "locker,started_ms,started_by,ended_ms,ended_by"

#define S(kind, member) ROW_MEMBER(kind, struct store_tour_stop, member)
static const struct row_col stop_cols[] = {
    S(ROW_I64, tour),          S(ROW_U32, place),
    S(ROW_TEXT, door),         ROW_MEMBER_ENUM(struct store_tour_stop, reason, STORE_TOUR_REASON_N),
    S(ROW_BOOL, has_order),    S(ROW_BLOB, order),
    S(ROW_U32, load),          S(ROW_I64, explained_ms),
    S(ROW_TEXT, explained_by), S(ROW_TEXT, note),
};
#define STOP_N ROW_COUNT(stop_cols)
#define STOP_NAMES "tour,place,door,reason,has_order,ord,load,explained_ms,explained_by,note"

static enum err tour_open(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], struct store_tour *t,
                          struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " TOUR_NAMES ",id FROM tours WHERE locker=? AND ended_ms=0");

    if (sqlite3_bind_blob(q, 1, locker, STORE_LOCKER_LEN, SQLITE_STATIC) != SQLITE_OK)
        return db_error(db, r);
    return store_sqlite_one(db, q, tour_cols, TOUR_N, t, "tour", r);
}

static enum err tour_insert(struct store *s, struct store_tour *t, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q;
    struct store_tour other;
    enum err e = tour_open(s, t->locker, &other, r);

    if (e == ERR_OK)
        return err_because(r, ERR_DUPLICATE, "a tour is open at this locker");
    if (e != ERR_NOT_FOUND)
        return e;
    q = db_stmt(db, "INSERT INTO tours(" TOUR_NAMES ") VALUES(?,?,?,?,?)");
    e = store_sqlite_put(db, q, tour_cols, TOUR_N - 1, t, r);
    if (e == ERR_OK)
        t->id = sqlite3_last_insert_rowid(db_handle(db));
    return e;
}

static enum err tour_end(struct store *s, const struct store_tour *t, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "UPDATE tours SET (" TOUR_NAMES ")=(?,?,?,?,?) WHERE id=?");

    if (row_bind(q, 1, tour_cols, TOUR_N, t) != ERR_OK)
        return db_error(db, r);
    return store_sqlite_change(db, q, "tour", r);
}

static enum err tour_stop_put(struct store *s, const struct store_tour_stop *x, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "INSERT OR REPLACE INTO tour_stops(" STOP_NAMES ") VALUES(?,?,?,?,?,?,?,?,?,?)");

    return store_sqlite_put(db, q, stop_cols, STOP_N, x, r);
}

static enum err tour_stop_list(struct store *s, int64_t tour, unsigned limit,
                               bool (*each)(void *arg, const struct store_tour_stop *x), void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " STOP_NAMES " FROM tour_stops WHERE tour=?1 ORDER BY place LIMIT ?2");
    struct store_tour_stop x;
    bool more = true;
    enum err e = ERR_OK;

    if (sqlite3_bind_int64(q, 1, tour) != SQLITE_OK || sqlite3_bind_int64(q, 2, limit) != SQLITE_OK)
        e = db_error(db, r);
    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, stop_cols, STOP_N, &x, &more, r);
        if (e != ERR_OK || !more || !each(arg, &x))
            break;
    }
    (void)sqlite3_reset(q);
    return e;
}

void store_sqlite_tours(struct store_ops *ops)
{
    ops->tour_insert = tour_insert;
    ops->tour_open = tour_open;
    ops->tour_end = tour_end;
    ops->tour_stop_put = tour_stop_put;
    ops->tour_stop_list = tour_stop_list;
}
