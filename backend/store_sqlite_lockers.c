/* SPDX-License-Identifier: Apache-2.0 */
/* Lockers, invitations and the outbox of commands in SQLite. */
#include <string.h>

#include "backend/store_sqlite_part.h"

#define L(kind, member) ROW_MEMBER(kind, struct store_locker, member)
static const struct row_col locker_cols[] = {
    L(ROW_TEXT, name),       L(ROW_TEXT, address),
    L(ROW_TEXT, hours),      ROW_MEMBER_ENUM(struct store_locker, state, STORE_LOCKER_STATE_N),
    L(ROW_BLOB, sign_key),   L(ROW_BLOB, box_key),
    L(ROW_BLOB, tls_key),    L(ROW_TEXT, certificate),
    L(ROW_U32, key_epoch),   L(ROW_BLOB, key_box),
    L(ROW_U32, cost.passes), L(ROW_U32, cost.mem_kib),
    L(ROW_U32, evt.epoch),   L(ROW_I64, evt.seq),
    L(ROW_BLOB, evt.hash),   L(ROW_U32, cmd.epoch),
    L(ROW_I64, cmd.seq),     L(ROW_BLOB, cmd.hash),
    L(ROW_I64, cmd_acked),   L(ROW_I64, created_ms),
    L(ROW_I64, seen_ms),     L(ROW_I64, tel_seq),
    L(ROW_TEXT, version),    L(ROW_TEXT, guess_mode),
    L(ROW_I64, outbox),      L(ROW_BLOB, id), /* last: the condition of UPDATE */
};
#define LOCKER_N ROW_COUNT(locker_cols)
#define LOCKER_NAMES                                                                                                   \
    "name,address,hours,state,sign_key,box_key,tls_key,certificate,key_epoch,key_box,cost_passes,cost_mem_kib,"        \
    "evt_epoch,evt_seq,evt_hash,cmd_epoch,cmd_seq,cmd_hash,cmd_acked,created_ms,seen_ms,tel_seq,version,guess_mode,"   \
    "outbox"
#define LOCKER_MARKS "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?"

#define I(kind, member) ROW_MEMBER(kind, struct store_invite, member)
static const struct row_col invite_cols[] = {I(ROW_TEXT, name), I(ROW_BLOB, secret), I(ROW_I64, expires_ms)};

static enum err locker_insert(struct store *s, const struct store_locker *l, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);

    return store_sqlite_put(db, db_stmt(db, "INSERT INTO lockers(" LOCKER_NAMES ",id) VALUES(" LOCKER_MARKS ",?)"),
                            locker_cols, LOCKER_N, l, r);
}

static enum err locker_update(struct store *s, const struct store_locker *l, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "UPDATE lockers SET (" LOCKER_NAMES ")=(" LOCKER_MARKS ") WHERE id=?");

    if (row_bind(q, 1, locker_cols, LOCKER_N, l) != ERR_OK) {
        return db_error(db, r);
    }
    return store_sqlite_change(db, q, "locker", r);
}

static enum err locker_get(struct store *s, const uint8_t id[STORE_LOCKER_LEN], struct store_locker *l,
                           struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " LOCKER_NAMES ",id FROM lockers WHERE id=?");

    if (sqlite3_bind_blob(q, 1, id, STORE_LOCKER_LEN, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    return store_sqlite_one(db, q, locker_cols, LOCKER_N, l, "locker", r);
}

static enum err locker_find(struct store *s, const char *name, struct store_locker *l, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " LOCKER_NAMES ",id FROM lockers WHERE name=?");

    if (sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    return store_sqlite_one(db, q, locker_cols, LOCKER_N, l, "locker", r);
}

static enum err locker_list(struct store *s, bool (*each)(void *arg, const struct store_locker *l), void *arg,
                            struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " LOCKER_NAMES ",id FROM lockers ORDER BY name");
    struct store_locker l;
    bool more = true;
    enum err e = ERR_OK;

    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, locker_cols, LOCKER_N, &l, &more, r);
        if (e != ERR_OK || !more || !each(arg, &l)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err locker_mark(struct store *s, const uint8_t id[STORE_LOCKER_LEN], const struct stream_cursor *evt,
                            int64_t seen_ms, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q =
        db_stmt(db, "UPDATE lockers SET evt_epoch=?,evt_seq=?,evt_hash=?,seen_ms=max(seen_ms,?) WHERE id=?");

    if (sqlite3_bind_int64(q, 1, evt->epoch) != SQLITE_OK || sqlite3_bind_int64(q, 2, evt->seq) != SQLITE_OK ||
        sqlite3_bind_blob(q, 3, evt->hash, MSG_HASH_LEN, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(q, 4, seen_ms) != SQLITE_OK ||
        sqlite3_bind_blob(q, 5, id, STORE_LOCKER_LEN, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    return store_sqlite_change(db, q, "locker", r);
}

/* Adds the rows (zone, size, low, count) of q to the table. */
static enum err count_doors(struct db *db, sqlite3_stmt *q, const uint8_t id[STORE_LOCKER_LEN],
                            uint32_t table[TOKEN_ZONE_N][TOKEN_SIZE_N][2], struct reason *r)
{
    bool more = true;
    enum err e = ERR_OK;

    if (sqlite3_bind_blob(q, 1, id, STORE_LOCKER_LEN, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    while (e == ERR_OK) {
        e = db_step(db, q, &more, r);
        if (e != ERR_OK || !more) {
            break;
        }
        int64_t zone = sqlite3_column_int64(q, 0), size = sqlite3_column_int64(q, 1), low = sqlite3_column_int64(q, 2);
        if (zone < 0 || zone >= TOKEN_ZONE_N || size < 0 || size >= TOKEN_SIZE_N || low < 0 || low > 1) {
            e = err_because(r, ERR_CORRUPT, "database: a door of no known kind");
            break;
        }
        table[zone][size][low] = (uint32_t)sqlite3_column_int64(q, 3);
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err locker_capacity(struct store *s, const uint8_t id[STORE_LOCKER_LEN], struct store_capacity *c,
                                struct reason *r)
{
    _Static_assert(ORDER_PACKED == 1 && ORDER_IN_TRANSIT == 2, "the states that reserve a door, as numbers below");
    struct db *db = store_sqlite_db(s);
    struct store_capacity found = {0};
    bool more = false;

    enum err e = count_doors(db,
                             db_stmt(db, "SELECT zone,size,low,count(*) FROM compartments WHERE locker=? AND "
                                         "has_order=0 AND state IN ('FREE','TAKEN') GROUP BY zone,size,low"),
                             id, found.doors, r);
    if (e == ERR_OK) {
        e = count_doors(db,
                        db_stmt(db, "SELECT zone,size,low_door,count(*) FROM orders WHERE locker=? AND state IN (1,2) "
                                    "GROUP BY zone,size,low_door"),
                        id, found.promised, r);
    }
    if (e != ERR_OK) {
        return e;
    }
    sqlite3_stmt *q = db_stmt(db, "SELECT count(*),coalesce(sum(has_order),0) FROM compartments WHERE locker=?");
    if (sqlite3_bind_blob(q, 1, id, STORE_LOCKER_LEN, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    e = db_step(db, q, &more, r);
    if (e == ERR_OK && more) {
        found.total = (uint32_t)sqlite3_column_int64(q, 0);
        found.loaded = (uint32_t)sqlite3_column_int64(q, 1);
        *c = found;
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err invite_put(struct store *s, const struct store_invite *i, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);

    return store_sqlite_put(db, db_stmt(db, "INSERT OR REPLACE INTO invites(name,secret,expires_ms) VALUES(?,?,?)"),
                            invite_cols, ROW_COUNT(invite_cols), i, r);
}

static enum err invite_get(struct store *s, const char *name, struct store_invite *i, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT name,secret,expires_ms FROM invites WHERE name=?");

    if (sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    return store_sqlite_one(db, q, invite_cols, ROW_COUNT(invite_cols), i, "invitation", r);
}

static enum err invite_delete(struct store *s, const char *name, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "DELETE FROM invites WHERE name=?");

    if (sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    return db_run(db, q, r);
}

static enum err command_append(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], const struct stream_cursor *cmd,
                               const struct store_command *c, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q =
        db_stmt(db, "UPDATE lockers SET cmd_epoch=?1,cmd_seq=?2,cmd_hash=?3 WHERE id=?4 AND cmd_seq=?2-1");
    if (sqlite3_bind_int64(q, 1, cmd->epoch) != SQLITE_OK || sqlite3_bind_int64(q, 2, cmd->seq) != SQLITE_OK ||
        sqlite3_bind_blob(q, 3, cmd->hash, MSG_HASH_LEN, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_blob(q, 4, locker, STORE_LOCKER_LEN, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    enum err e = store_sqlite_change(db, q, "locker with this command as its next", r);
    if (e == ERR_NOT_FOUND) {
        return ERR_GAP;
    }
    if (e != ERR_OK) {
        return e;
    }
    q = db_stmt(db, "INSERT INTO commands(locker,seq,typ,text,created_ms) VALUES(?,?,?,?,?)");
    if (sqlite3_bind_blob(q, 1, locker, STORE_LOCKER_LEN, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(q, 2, cmd->seq) != SQLITE_OK ||
        sqlite3_bind_text(q, 3, c->typ, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_text(q, 4, c->text, (int)c->len, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(q, 5, c->created_ms) != SQLITE_OK) {
        return db_error(db, r);
    }
    return db_run(db, q, r);
}

static enum err command_list(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], int64_t first_seq, unsigned limit,
                             bool (*each)(void *arg, const struct store_command *c), void *arg, struct reason *r)
{
    static const struct row_col cols[] = {
        ROW_MEMBER(ROW_I64, struct store_command, seq),
        ROW_MEMBER(ROW_TEXT, struct store_command, typ),
        ROW_MEMBER(ROW_I64, struct store_command, created_ms),
    };
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q =
        db_stmt(db, "SELECT seq,typ,created_ms,text FROM commands WHERE locker=? AND seq>=? ORDER BY seq LIMIT ?");
    struct store_command c;
    bool more = true;
    enum err e = ERR_OK;

    if (sqlite3_bind_blob(q, 1, locker, STORE_LOCKER_LEN, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(q, 2, first_seq) != SQLITE_OK || sqlite3_bind_int64(q, 3, limit) != SQLITE_OK) {
        return db_error(db, r);
    }
    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, cols, ROW_COUNT(cols), &c, &more, r);
        if (e != ERR_OK || !more) {
            break;
        }
        c.text = (const char *)sqlite3_column_text(q, 3);
        c.len = (size_t)sqlite3_column_bytes(q, 3);
        if (c.text == NULL) {
            e = err_because(r, ERR_MEMORY, "store: out of memory");
        } else if (!each(arg, &c)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err command_ack(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], int64_t seq, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q =
        db_stmt(db, "UPDATE lockers SET cmd_acked=max(cmd_acked,?1) WHERE id=?2 AND cmd_seq>=?1 AND ?1>=0");

    if (sqlite3_bind_int64(q, 1, seq) != SQLITE_OK ||
        sqlite3_bind_blob(q, 2, locker, STORE_LOCKER_LEN, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    enum err e = store_sqlite_change(db, q, "command sent to this locker", r);
    if (e == ERR_NOT_FOUND) {
        return ERR_RANGE;
    }
    if (e != ERR_OK) {
        return e;
    }
    q = db_stmt(db, "DELETE FROM commands WHERE locker=? AND seq<=?");
    if (sqlite3_bind_blob(q, 1, locker, STORE_LOCKER_LEN, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_int64(q, 2, seq) != SQLITE_OK) {
        return db_error(db, r);
    }
    return db_run(db, q, r);
}

void store_sqlite_lockers(struct store_ops *ops)
{
    ops->locker_insert = locker_insert;
    ops->locker_update = locker_update;
    ops->locker_get = locker_get;
    ops->locker_find = locker_find;
    ops->locker_list = locker_list;
    ops->locker_mark = locker_mark;
    ops->locker_capacity = locker_capacity;
    ops->invite_put = invite_put;
    ops->invite_get = invite_get;
    ops->invite_delete = invite_delete;
    ops->command_append = command_append;
    ops->command_list = command_list;
    ops->command_ack = command_ack;
}
