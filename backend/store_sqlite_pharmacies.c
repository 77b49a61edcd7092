/* SPDX-License-Identifier: Apache-2.0 */
/* Pharmacies that share the lockers, in SQLite. */
#include "backend/store_sqlite_part.h"

#define P(kind, member) ROW_MEMBER(kind, struct store_pharmacy, member)
static const struct row_col pharmacy_cols[] = {P(ROW_TEXT, ura), P(ROW_TEXT, name), P(ROW_TEXT, telephone)};
#define PHARMACY_N ROW_COUNT(pharmacy_cols)

static enum err bind_ura(struct db *db, sqlite3_stmt *q, const char *ura, struct reason *r)
{
    return sqlite3_bind_text(q, 1, ura, -1, SQLITE_STATIC) == SQLITE_OK ? ERR_OK : db_error(db, r);
}

static enum err pharmacy_put(struct store *s, const struct store_pharmacy *p, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);

    return store_sqlite_put(db, db_stmt(db, "INSERT OR REPLACE INTO pharmacies(ura,name,telephone) VALUES(?,?,?)"),
                            pharmacy_cols, PHARMACY_N, p, r);
}

static enum err pharmacy_get(struct store *s, const char *ura, struct store_pharmacy *p, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT ura,name,telephone FROM pharmacies WHERE ura=?");
    enum err e = bind_ura(db, q, ura, r);

    return e != ERR_OK ? e : store_sqlite_one(db, q, pharmacy_cols, PHARMACY_N, p, "pharmacy", r);
}

static enum err pharmacy_delete(struct store *s, const char *ura, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "DELETE FROM pharmacies WHERE ura=?");
    enum err e = bind_ura(db, q, ura, r);

    return e != ERR_OK ? e : store_sqlite_change(db, q, "pharmacy", r);
}

static enum err pharmacy_list(struct store *s, bool (*each)(void *arg, const struct store_pharmacy *p), void *arg,
                              struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT ura,name,telephone FROM pharmacies ORDER BY name,ura");
    struct store_pharmacy p;
    bool more = true;
    enum err e = ERR_OK;

    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, pharmacy_cols, PHARMACY_N, &p, &more, r);
        if (e != ERR_OK || !more || !each(arg, &p)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

void store_sqlite_pharmacies(struct store_ops *ops)
{
    ops->pharmacy_put = pharmacy_put;
    ops->pharmacy_get = pharmacy_get;
    ops->pharmacy_delete = pharmacy_delete;
    ops->pharmacy_list = pharmacy_list;
}
