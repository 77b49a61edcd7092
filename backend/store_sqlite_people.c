/* SPDX-License-Identifier: Apache-2.0 */
/* Users, sessions, badges and settings in SQLite. */
#include <string.h>

#include "backend/store_sqlite_part.h"

#define U(kind, member) ROW_MEMBER(kind, struct store_user, member)
static const struct row_col user_cols[] = {
    U(ROW_TEXT, full_name),      U(ROW_BLOB, staff),    ROW_MEMBER_ENUM(struct store_user, role, STORE_ROLE_N),
    U(ROW_TEXT, password),       U(ROW_BOOL, disabled), U(ROW_I64, created_ms),
    U(ROW_I64, locked_until_ms), U(ROW_U32, wrong),     U(ROW_BOOL, must_change),
    U(ROW_TEXT, name), /* last: the condition of UPDATE */
};
#define USER_N ROW_COUNT(user_cols)
#define USER_NAMES "full_name,staff,role,password,disabled,created_ms,locked_until_ms,wrong,must_change"

#define X(kind, member) ROW_MEMBER(kind, struct store_session, member)
static const struct row_col session_cols[] = {
    X(ROW_BLOB, token_hash), X(ROW_TEXT, user),      X(ROW_I64, created_ms),
    X(ROW_I64, used_ms),     X(ROW_I64, expires_ms), X(ROW_I64, fresh_ms),
};
#define SESSION_NAMES "token_hash,user,created_ms,used_ms,expires_ms,fresh_ms"

#define B(kind, member) ROW_MEMBER(kind, struct store_badge, member)
static const struct row_col badge_cols[] = {
    B(ROW_BLOB, locker),     B(ROW_BLOB, staff),     ROW_MEMBER_ENUM(struct store_badge, role, TOKEN_ROLE_N),
    B(ROW_I64, not_after_s), B(ROW_I64, created_ms), B(ROW_I64, revoked_ms),
    B(ROW_I64, revoked_seq), B(ROW_BLOB, badge), /* last: the condition of UPDATE */
};
#define BADGE_N ROW_COUNT(badge_cols)
#define BADGE_NAMES "locker,staff,role,not_after_s,created_ms,revoked_ms,revoked_seq"

/* ---------------------------------------------------------------- users */

static enum err user_insert(struct store *s, const struct store_user *u, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);

    return store_sqlite_put(db, db_stmt(db, "INSERT INTO users(" USER_NAMES ",name) VALUES(?,?,?,?,?,?,?,?,?,?)"),
                            user_cols, USER_N, u, r);
}

static enum err user_update(struct store *s, const struct store_user *u, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "UPDATE users SET (" USER_NAMES ")=(?,?,?,?,?,?,?,?,?) WHERE name=?");

    if (row_bind(q, 1, user_cols, USER_N, u) != ERR_OK) {
        return db_error(db, r);
    }
    return store_sqlite_change(db, q, "user", r);
}

static enum err user_get(struct store *s, const char *name, struct store_user *u, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " USER_NAMES ",name FROM users WHERE name=?");

    if (sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    return store_sqlite_one(db, q, user_cols, USER_N, u, "user", r);
}

static enum err user_find_staff(struct store *s, const uint8_t staff[ORDER_STAFF_LEN], struct store_user *u,
                                struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " USER_NAMES ",name FROM users WHERE staff=?");

    if (sqlite3_bind_blob(q, 1, staff, ORDER_STAFF_LEN, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    return store_sqlite_one(db, q, user_cols, USER_N, u, "user", r);
}

static enum err user_list(struct store *s, bool (*each)(void *arg, const struct store_user *u), void *arg,
                          struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " USER_NAMES ",name FROM users ORDER BY name");
    struct store_user u;
    bool more = true;
    enum err e = ERR_OK;

    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, user_cols, USER_N, &u, &more, r);
        if (e != ERR_OK || !more || !each(arg, &u)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

/* ---------------------------------------------------------------- sessions */

static enum err bind_token(struct db *db, sqlite3_stmt *q, int at, const uint8_t token_hash[STORE_HASH_LEN],
                           struct reason *r)
{
    return sqlite3_bind_blob(q, at, token_hash, STORE_HASH_LEN, SQLITE_STATIC) == SQLITE_OK ? ERR_OK : db_error(db, r);
}

static enum err session_insert(struct store *s, const struct store_session *x, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);

    return store_sqlite_put(db, db_stmt(db, "INSERT INTO sessions(" SESSION_NAMES ") VALUES(?,?,?,?,?,?)"),
                            session_cols, ROW_COUNT(session_cols), x, r);
}

static enum err session_get(struct store *s, const uint8_t token_hash[STORE_HASH_LEN], struct store_session *x,
                            struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " SESSION_NAMES " FROM sessions WHERE token_hash=?");
    enum err e = bind_token(db, q, 1, token_hash, r);

    return e != ERR_OK ? e : store_sqlite_one(db, q, session_cols, ROW_COUNT(session_cols), x, "session", r);
}

static enum err session_touch(struct store *s, const uint8_t token_hash[STORE_HASH_LEN], int64_t used_ms,
                              struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "UPDATE sessions SET used_ms=max(used_ms,?2) WHERE token_hash=?1");
    enum err e = bind_token(db, q, 1, token_hash, r);

    if (e == ERR_OK && sqlite3_bind_int64(q, 2, used_ms) != SQLITE_OK) {
        e = db_error(db, r);
    }
    return e != ERR_OK ? e : store_sqlite_change(db, q, "session", r);
}

static enum err session_freshen(struct store *s, const uint8_t token_hash[STORE_HASH_LEN], int64_t fresh_ms,
                                struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "UPDATE sessions SET fresh_ms=?2 WHERE token_hash=?1");
    enum err e = bind_token(db, q, 1, token_hash, r);

    if (e == ERR_OK && sqlite3_bind_int64(q, 2, fresh_ms) != SQLITE_OK) {
        e = db_error(db, r);
    }
    return e != ERR_OK ? e : store_sqlite_change(db, q, "session", r);
}

static enum err session_delete(struct store *s, const uint8_t token_hash[STORE_HASH_LEN], struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "DELETE FROM sessions WHERE token_hash=?");
    enum err e = bind_token(db, q, 1, token_hash, r);

    return e != ERR_OK ? e : db_run(db, q, r);
}

static enum err session_purge(struct store *s, const char *user, int64_t before_ms, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "DELETE FROM sessions WHERE (?1 IS NULL OR user=?1) AND expires_ms<=?2");

    if ((user != NULL && sqlite3_bind_text(q, 1, user, -1, SQLITE_STATIC) != SQLITE_OK) ||
        sqlite3_bind_int64(q, 2, before_ms) != SQLITE_OK) {
        return db_error(db, r);
    }
    return db_run(db, q, r);
}

/* ---------------------------------------------------------------- badges */

static enum err badge_insert(struct store *s, const struct store_badge *b, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);

    return store_sqlite_put(db, db_stmt(db, "INSERT INTO badges(" BADGE_NAMES ",badge) VALUES(?,?,?,?,?,?,?,?)"),
                            badge_cols, BADGE_N, b, r);
}

static enum err badge_update(struct store *s, const struct store_badge *b, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "UPDATE badges SET (" BADGE_NAMES ")=(?,?,?,?,?,?,?) WHERE badge=?");

    if (row_bind(q, 1, badge_cols, BADGE_N, b) != ERR_OK) {
        return db_error(db, r);
    }
    return store_sqlite_change(db, q, "badge", r);
}

static enum err badge_get(struct store *s, const uint8_t badge[8], struct store_badge *b, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " BADGE_NAMES ",badge FROM badges WHERE badge=?");

    if (sqlite3_bind_blob(q, 1, badge, 8, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    return store_sqlite_one(db, q, badge_cols, BADGE_N, b, "badge", r);
}

static enum err badge_list(struct store *s, const uint8_t *staff, bool (*each)(void *arg, const struct store_badge *b),
                           void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " BADGE_NAMES
                                  ",badge FROM badges WHERE ?1 IS NULL OR staff=?1 ORDER BY created_ms DESC,badge");
    struct store_badge b;
    bool more = true;
    enum err e = ERR_OK;

    if (staff != NULL && sqlite3_bind_blob(q, 1, staff, ORDER_STAFF_LEN, SQLITE_STATIC) != SQLITE_OK) {
        e = db_error(db, r);
    }
    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, badge_cols, BADGE_N, &b, &more, r);
        if (e != ERR_OK || !more || !each(arg, &b)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

/* ---------------------------------------------------------------- settings */

static enum err setting_put(struct store *s, const char *name, const char *value, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "INSERT OR REPLACE INTO settings(name,value) VALUES(?,?)");

    if (sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC) != SQLITE_OK ||
        sqlite3_bind_text(q, 2, value, -1, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    return db_run(db, q, r);
}

static enum err setting_get(struct store *s, const char *name, char *out, size_t cap, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT value FROM settings WHERE name=?");
    bool more = false;

    if (sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    enum err e = db_step(db, q, &more, r);
    if (e == ERR_OK && !more) {
        e = err_because(r, ERR_NOT_FOUND, "no such setting: %s", name);
    } else if (e == ERR_OK) {
        const unsigned char *text = sqlite3_column_text(q, 0);
        size_t len = (size_t)sqlite3_column_bytes(q, 0);
        if (text == NULL || len >= cap) {
            e = err_because(r, ERR_TOO_LONG, "setting %s is longer than %zu bytes", name, cap - 1);
        } else {
            memcpy(out, text, len);
            out[len] = '\0';
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

void store_sqlite_people(struct store_ops *ops)
{
    ops->user_insert = user_insert;
    ops->user_update = user_update;
    ops->user_get = user_get;
    ops->user_find_staff = user_find_staff;
    ops->user_list = user_list;
    ops->session_insert = session_insert;
    ops->session_get = session_get;
    ops->session_touch = session_touch;
    ops->session_freshen = session_freshen;
    ops->session_delete = session_delete;
    ops->session_purge = session_purge;
    ops->badge_insert = badge_insert;
    ops->badge_update = badge_update;
    ops->badge_get = badge_get;
    ops->badge_list = badge_list;
    ops->setting_put = setting_put;
    ops->setting_get = setting_get;
}
