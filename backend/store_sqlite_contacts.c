/* SPDX-License-Identifier: Apache-2.0 */
/* Contacts with patients, in SQLite. */
#include "backend/store_sqlite_part.h"

#define C(kind, member) ROW_MEMBER(kind, struct store_contact, member)
static const struct row_col contact_cols[] = {
    C(ROW_BLOB, order),
    C(ROW_I64, at_ms),
    C(ROW_TEXT, by),
    ROW_MEMBER_ENUM(struct store_contact, how, STORE_CONTACT_HOW_N),
    ROW_MEMBER_ENUM(struct store_contact, outcome, STORE_CONTACT_OUTCOME_N),
    C(ROW_TEXT, note),
    C(ROW_I64, id), /* last: read only */
};
#define CONTACT_N ROW_COUNT(contact_cols)
#define CONTACT_NAMES "ord,at_ms,by,how,outcome,note"

static enum err contact_append(struct store *s, struct store_contact *c, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "INSERT INTO contacts(" CONTACT_NAMES ") VALUES(?,?,?,?,?,?)");
    enum err e = store_sqlite_put(db, q, contact_cols, CONTACT_N - 1, c, r);

    if (e == ERR_OK)
        c->id = sqlite3_last_insert_rowid(db_handle(db));
    return e;
}

static enum err contact_list(struct store *s, const uint8_t order[ORDER_ID_LEN], unsigned limit,
                             bool (*each)(void *arg, const struct store_contact *c), void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " CONTACT_NAMES ",id FROM contacts WHERE ord=?1 ORDER BY id LIMIT ?2");
    struct store_contact c;
    bool more = true;
    enum err e = ERR_OK;

    if (sqlite3_bind_blob(q, 1, order, ORDER_ID_LEN, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(q, 2, limit) != SQLITE_OK)
        e = db_error(db, r);
    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, contact_cols, CONTACT_N, &c, &more, r);
        if (e != ERR_OK || !more || !each(arg, &c))
            break;
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err contact_last(struct store *s, const uint8_t order[ORDER_ID_LEN], bool told_only,
                             struct store_contact *c, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " CONTACT_NAMES ",id FROM contacts WHERE ord=?1 AND (?2=0 OR outcome=?3) "
                                  "ORDER BY id DESC LIMIT 1");

    if (sqlite3_bind_blob(q, 1, order, ORDER_ID_LEN, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int(q, 2, told_only ? 1 : 0) != SQLITE_OK ||
        sqlite3_bind_int(q, 3, STORE_CONTACT_TOLD) != SQLITE_OK)
        return db_error(db, r);
    return store_sqlite_one(db, q, contact_cols, CONTACT_N, c, "contact", r);
}

void store_sqlite_contacts(struct store_ops *ops)
{
    ops->contact_append = contact_append;
    ops->contact_list = contact_list;
    ops->contact_last = contact_last;
}
