/* SPDX-License-Identifier: Apache-2.0 */
/* Carers, where they may collect, and codes made anew, in SQLite. */
#include <string.h>

#include "backend/store_sqlite_part.h"

#define C(kind, member) ROW_MEMBER(kind, struct store_carer, member)
static const struct row_col carer_cols[] = {
    C(ROW_TEXT, name),      C(ROW_BOOL, strip),      C(ROW_BOOL, standing),  C(ROW_BLOB, order),
    C(ROW_BLOB, holder),    C(ROW_I64, not_after_s), C(ROW_I64, created_ms), C(ROW_TEXT, created_by),
    C(ROW_I64, revoked_ms), C(ROW_TEXT, revoked_by), C(ROW_BLOB, carer), /* last: the condition of UPDATE */
};
#define CARER_NAMES "name,strip,standing,ord,holder,not_after_s,created_ms,created_by,revoked_ms,revoked_by"

#define P(kind, member) ROW_MEMBER(kind, struct store_carer_place, member)
#define PE(member) ROW_MEMBER_ENUM(struct store_carer_place, member, STORE_REPLY_N)
static const struct row_col place_cols[] = {
    P(ROW_BLOB, carer),      P(ROW_BLOB, locker),   P(ROW_BLOB, person),    P(ROW_U32, load), P(ROW_BOOL, code_live),
    P(ROW_BLOB, code_index), P(ROW_I64, grant_seq), P(ROW_I64, revoke_seq), PE(grant),        PE(revoke),
    P(ROW_I64, changed_ms),
};
#define PLACE_NAMES "carer,locker,person,load,code_live,code_index,grant_seq,revoke_seq,granted,revoked,changed_ms"

#define R(kind, member) ROW_MEMBER(kind, struct store_recode, member)
static const struct row_col recode_cols[] = {
    R(ROW_BLOB, order),
    R(ROW_U32, load),
    R(ROW_BLOB, locker),
    R(ROW_I64, seq),
    ROW_MEMBER_ENUM(struct store_recode, reply, STORE_REPLY_N),
    R(ROW_TEXT, cause),
    R(ROW_TEXT, reason),
    R(ROW_TEXT, made_by),
    R(ROW_I64, made_ms),
    R(ROW_I64, settled_ms),
    R(ROW_U32, key_epoch),
    R(ROW_BOOL, code_live),
    R(ROW_BLOB, code_index),
    R(ROW_BLOB, code_box),
    R(ROW_TEXT, pickup),
    R(ROW_I64, id), /* last: the condition of UPDATE */
};
#define RECODE_N ROW_COUNT(recode_cols)
#define RECODE_NAMES                                                                                                   \
    "ord,load,locker,seq,reply,cause,reason,made_by,made_ms,settled_ms,key_epoch,code_live,code_index,code_box,pickup"

/* ---------------------------------------------------------------- carers */

static enum err carer_insert(struct store *s, const struct store_carer *c, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);

    return store_sqlite_put(db, db_stmt(db, "INSERT INTO carers(" CARER_NAMES ",carer) VALUES(?,?,?,?,?,?,?,?,?,?,?)"),
                            carer_cols, ROW_COUNT(carer_cols), c, r);
}

static enum err carer_update(struct store *s, const struct store_carer *c, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "UPDATE carers SET (" CARER_NAMES ")=(?,?,?,?,?,?,?,?,?,?) WHERE carer=?");

    if (row_bind(q, 1, carer_cols, ROW_COUNT(carer_cols), c) != ERR_OK)
        return db_error(db, r);
    return store_sqlite_change(db, q, "carer", r);
}

static enum err carer_get(struct store *s, const uint8_t carer[TOKEN_CARER_LEN], struct store_carer *c,
                          struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " CARER_NAMES ",carer FROM carers WHERE carer=?");

    if (sqlite3_bind_blob(q, 1, carer, TOKEN_CARER_LEN, SQLITE_STATIC) != SQLITE_OK)
        return db_error(db, r);
    return store_sqlite_one(db, q, carer_cols, ROW_COUNT(carer_cols), c, "carer", r);
}

static enum err carer_list(struct store *s, const uint8_t order[ORDER_ID_LEN], const uint8_t holder[TOKEN_PERSON_LEN],
                           bool (*each)(void *arg, const struct store_carer *c), void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q =
        db_stmt(db, "SELECT " CARER_NAMES ",carer FROM carers WHERE ord=?1 OR"
                    " (standing=1 AND holder=?2 AND ?2<>zeroblob(8)) ORDER BY created_ms DESC, rowid DESC");
    struct store_carer c;
    bool more = true;
    enum err e = ERR_OK;

    if (sqlite3_bind_blob(q, 1, order, ORDER_ID_LEN, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_blob(q, 2, holder, TOKEN_PERSON_LEN, SQLITE_STATIC) != SQLITE_OK)
        return db_error(db, r);
    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, carer_cols, ROW_COUNT(carer_cols), &c, &more, r);
        if (e != ERR_OK || !more || !each(arg, &c))
            break;
    }
    (void)sqlite3_reset(q);
    return e;
}

/* ---------------------------------------------------------------- places */

static enum err carer_place_get(struct store *s, const uint8_t carer[TOKEN_CARER_LEN],
                                const uint8_t locker[STORE_LOCKER_LEN], struct store_carer_place *p, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " PLACE_NAMES " FROM carer_places WHERE carer=? AND locker=?");

    if (sqlite3_bind_blob(q, 1, carer, TOKEN_CARER_LEN, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_blob(q, 2, locker, STORE_LOCKER_LEN, SQLITE_STATIC) != SQLITE_OK)
        return db_error(db, r);
    return store_sqlite_one(db, q, place_cols, ROW_COUNT(place_cols), p, "place of this carer", r);
}

/* The code of the row that is being replaced does not stand in its own way. */
static enum err check_code(struct store *s, const struct store_carer_place *p, struct reason *r)
{
    struct store_carer_place old;
    enum err e = carer_place_get(s, p->carer, p->locker, &old, r);

    if (!p->code_live)
        return ERR_OK;
    if (e == ERR_OK && old.code_live && memcmp(old.code_index, p->code_index, sizeof(old.code_index)) == 0)
        return ERR_OK;
    return e == ERR_OK || e == ERR_NOT_FOUND ? store_sqlite_code_free(s, p->locker, p->code_index, r) : e;
}

static enum err carer_place_put(struct store *s, const struct store_carer_place *p, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q =
        db_stmt(db, "INSERT INTO carer_places(" PLACE_NAMES ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11) "
                    "ON CONFLICT(carer,locker) DO UPDATE SET person=?3,load=?4,code_live=?5,code_index=?6,grant_seq=?7,"
                    "revoke_seq=?8,granted=?9,revoked=?10,changed_ms=?11");
    enum err e = check_code(s, p, r);

    return e != ERR_OK ? e : store_sqlite_put(db, q, place_cols, ROW_COUNT(place_cols), p, r);
}

static enum err bind_command(struct db *db, sqlite3_stmt *q, const uint8_t locker[STORE_LOCKER_LEN], int64_t seq,
                             struct reason *r)
{
    if (sqlite3_bind_blob(q, 1, locker, STORE_LOCKER_LEN, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(q, 2, seq) != SQLITE_OK)
        return db_error(db, r);
    return ERR_OK;
}

static enum err carer_place_find(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], int64_t seq,
                                 struct store_carer_place *p, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q =
        db_stmt(db, "SELECT " PLACE_NAMES " FROM carer_places WHERE locker=?1 AND ?2>0 AND grant_seq=?2 AND grant_seq>0"
                    " UNION ALL SELECT " PLACE_NAMES
                    " FROM carer_places WHERE locker=?1 AND ?2>0 AND revoke_seq=?2 AND revoke_seq>0");
    enum err e = bind_command(db, q, locker, seq, r);

    return e != ERR_OK ? e : store_sqlite_one(db, q, place_cols, ROW_COUNT(place_cols), p, "command for a carer", r);
}

static enum err carer_places(struct store *s, const uint8_t carer[TOKEN_CARER_LEN],
                             bool (*each)(void *arg, const struct store_carer_place *p), void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " PLACE_NAMES " FROM carer_places WHERE carer=? ORDER BY locker");
    struct store_carer_place p;
    bool more = true;
    enum err e = ERR_OK;

    if (sqlite3_bind_blob(q, 1, carer, TOKEN_CARER_LEN, SQLITE_STATIC) != SQLITE_OK)
        return db_error(db, r);
    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, place_cols, ROW_COUNT(place_cols), &p, &more, r);
        if (e != ERR_OK || !more || !each(arg, &p))
            break;
    }
    (void)sqlite3_reset(q);
    return e;
}

/* ---------------------------------------------------------------- codes made anew */

static enum err recode_insert(struct store *s, struct store_recode *x, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "INSERT INTO recodes(" RECODE_NAMES ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    enum err e = x->code_live ? store_sqlite_code_free(s, x->locker, x->code_index, r) : ERR_OK;

    if (e == ERR_OK)
        e = store_sqlite_put(db, q, recode_cols, RECODE_N - 1, x, r);
    if (e == ERR_OK)
        x->id = sqlite3_last_insert_rowid(db_handle(db));
    return e;
}

static enum err recode_update(struct store *s, const struct store_recode *x, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "UPDATE recodes SET (" RECODE_NAMES ")=(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) WHERE id=?");

    if (row_bind(q, 1, recode_cols, RECODE_N, x) != ERR_OK)
        return db_error(db, r);
    return store_sqlite_change(db, q, "new code", r);
}

static enum err recode_find(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], int64_t seq,
                            struct store_recode *x, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " RECODE_NAMES ",id FROM recodes WHERE locker=?1 AND seq=?2");
    enum err e = bind_command(db, q, locker, seq, r);

    return e != ERR_OK ? e : store_sqlite_one(db, q, recode_cols, RECODE_N, x, "new code", r);
}

static enum err recode_list(struct store *s, const uint8_t order[ORDER_ID_LEN],
                            bool (*each)(void *arg, const struct store_recode *x), void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " RECODE_NAMES ",id FROM recodes WHERE ord=? ORDER BY id DESC");
    struct store_recode x;
    bool more = true;
    enum err e = ERR_OK;

    if (sqlite3_bind_blob(q, 1, order, ORDER_ID_LEN, SQLITE_STATIC) != SQLITE_OK)
        return db_error(db, r);
    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, recode_cols, RECODE_N, &x, &more, r);
        if (e != ERR_OK || !more || !each(arg, &x))
            break;
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err packing_recode(struct store *s, const struct store_recode *x, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q =
        db_stmt(db, "UPDATE packings SET key_epoch=?1,pickup=?2,code_index=?3,code_live=1,code_kept=1,code_box=?4"
                    " WHERE ord=?5 AND load=?6 AND code_live=1");
    int code = sqlite3_bind_int64(q, 1, x->key_epoch) | sqlite3_bind_text(q, 2, x->pickup, -1, SQLITE_STATIC) |
               sqlite3_bind_blob(q, 3, x->code_index, STORE_HASH_LEN, SQLITE_STATIC) |
               sqlite3_bind_blob(q, 4, x->code_box, STORE_CODE_BOX_LEN, SQLITE_STATIC) |
               sqlite3_bind_blob(q, 5, x->order, ORDER_ID_LEN, SQLITE_STATIC) | sqlite3_bind_int64(q, 6, x->load);

    return code != SQLITE_OK ? db_error(db, r) : store_sqlite_change(db, q, "packing with a live code", r);
}

static enum err packing_forget_recoded(struct store *s, int64_t before_ms, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q =
        db_stmt(db, "UPDATE packings SET code_kept=0,code_box=zeroblob(length(code_box)) WHERE code_kept=1 AND EXISTS"
                    "(SELECT 1 FROM recodes WHERE recodes.ord=packings.ord AND recodes.load=packings.load AND"
                    " reply=?2 AND settled_ms<?1) AND NOT EXISTS(SELECT 1 FROM recodes WHERE recodes.ord=packings.ord"
                    " AND recodes.load=packings.load AND reply=?2 AND settled_ms>=?1)");
    int code = sqlite3_bind_int64(q, 1, before_ms) | sqlite3_bind_int64(q, 2, STORE_REPLY_DONE);

    return code == SQLITE_OK ? db_run(db, q, r) : db_error(db, r);
}

void store_sqlite_carers(struct store_ops *ops)
{
    ops->carer_insert = carer_insert;
    ops->carer_update = carer_update;
    ops->carer_get = carer_get;
    ops->carer_list = carer_list;
    ops->carer_place_put = carer_place_put;
    ops->carer_place_get = carer_place_get;
    ops->carer_place_find = carer_place_find;
    ops->carer_places = carer_places;
    ops->recode_insert = recode_insert;
    ops->recode_update = recode_update;
    ops->recode_find = recode_find;
    ops->recode_list = recode_list;
    ops->packing_recode = packing_recode;
    ops->packing_forget_recoded = packing_forget_recoded;
}
