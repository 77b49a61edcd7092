/* SPDX-License-Identifier: Apache-2.0 */
/* What logistics asks, in SQLite: sensors and excursions, histories of tickets, counts of use, what waits at a locker.
 */
#include <string.h>

#include "backend/store_sqlite_part.h"

#define S(kind, member) ROW_MEMBER(kind, struct store_sensor, member)
static const struct row_col sensor_cols[] = {
    S(ROW_BLOB, locker),     S(ROW_TEXT, sensor),     ROW_MEMBER_ENUM(struct store_sensor, zone, TOKEN_ZONE_N),
    S(ROW_I32, min_milli_c), S(ROW_I32, max_milli_c), S(ROW_I64, told_ms),
};
#define SENSOR_NAMES "locker,sensor,zone,min_milli_c,max_milli_c,told_ms"

#define X(kind, member) ROW_MEMBER(kind, struct store_excursion_note, member)
static const struct row_col excursion_cols[] = {
    X(ROW_BLOB, locker), X(ROW_TEXT, sensor), X(ROW_I64, start_ms),
    X(ROW_I64, at_ms),   X(ROW_TEXT, actor),  ROW_MEMBER_ENUM(struct store_excursion_note, role, STORE_ROLE_N),
    X(ROW_TEXT, text),
};
#define EXCURSION_NAMES "locker,sensor,start_ms,at_ms,actor,role,text"

#define N(kind, member) ROW_MEMBER(kind, struct store_fault_note, member)
static const struct row_col note_cols[] = {
    N(ROW_I64, fault),  N(ROW_I64, at_ms), ROW_MEMBER_ENUM(struct store_fault_note, what, STORE_NOTE_N),
    N(ROW_TEXT, actor), N(ROW_TEXT, text),
};
#define NOTE_NAMES "fault,at_ms,what,actor,text"

#define U(kind, member) ROW_MEMBER(kind, struct store_use_row, member)
static const struct row_col use_cols[] = {
    U(ROW_I64, slot),
    U(ROW_BLOB, locker),
    ROW_MEMBER_ENUM(struct store_use_row, kind, STORE_USE_N),
    U(ROW_U32, n),
};

static enum err bind_id(struct db *db, sqlite3_stmt *q, const uint8_t *locker, struct reason *r)
{
    if (locker == NULL) {
        return ERR_OK;
    }
    return sqlite3_bind_blob(q, 1, locker, STORE_LOCKER_LEN, SQLITE_STATIC) == SQLITE_OK ? ERR_OK : db_error(db, r);
}

/* ---------------------------------------------------------------- sensors and excursions */

static enum err sensor_put(struct store *s, const struct store_sensor *x, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);

    return store_sqlite_put(db, db_stmt(db, "INSERT OR REPLACE INTO sensors(" SENSOR_NAMES ") VALUES(?,?,?,?,?,?)"),
                            sensor_cols, ROW_COUNT(sensor_cols), x, r);
}

static enum err sensor_get(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], const char *sensor,
                           struct store_sensor *x, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " SENSOR_NAMES " FROM sensors WHERE locker=? AND sensor=?");
    enum err e = bind_id(db, q, locker, r);

    if (e == ERR_OK && sqlite3_bind_text(q, 2, sensor, -1, SQLITE_STATIC) != SQLITE_OK) {
        e = db_error(db, r);
    }
    return e != ERR_OK ? e : store_sqlite_one(db, q, sensor_cols, ROW_COUNT(sensor_cols), x, "sensor", r);
}

static enum err sensor_list(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                            bool (*each)(void *arg, const struct store_sensor *x), void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " SENSOR_NAMES " FROM sensors WHERE locker=? ORDER BY sensor");
    struct store_sensor x;
    bool more = true;
    enum err e = bind_id(db, q, locker, r);

    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, sensor_cols, ROW_COUNT(sensor_cols), &x, &more, r);
        if (e != ERR_OK || !more || !each(arg, &x)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err excursion_note_append(struct store *s, const struct store_excursion_note *x, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);

    return store_sqlite_put(db, db_stmt(db, "INSERT INTO excursion_notes(" EXCURSION_NAMES ") VALUES(?,?,?,?,?,?,?)"),
                            excursion_cols, ROW_COUNT(excursion_cols), x, r);
}

static enum err excursion_note_list(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], int64_t start_ms,
                                    bool (*each)(void *arg, const struct store_excursion_note *x), void *arg,
                                    struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " EXCURSION_NAMES " FROM excursion_notes WHERE locker=? AND start_ms>=? "
                                  "ORDER BY start_ms,at_ms,rowid");
    struct store_excursion_note x;
    bool more = true;
    enum err e = bind_id(db, q, locker, r);

    if (e == ERR_OK && sqlite3_bind_int64(q, 2, start_ms) != SQLITE_OK) {
        e = db_error(db, r);
    }
    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, excursion_cols, ROW_COUNT(excursion_cols), &x, &more, r);
        if (e != ERR_OK || !more || !each(arg, &x)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

/* ---------------------------------------------------------------- histories of tickets */

static enum err fault_note_append(struct store *s, const struct store_fault_note *x, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);

    return store_sqlite_put(db, db_stmt(db, "INSERT INTO fault_notes(" NOTE_NAMES ") VALUES(?,?,?,?,?)"), note_cols,
                            ROW_COUNT(note_cols), x, r);
}

static enum err fault_note_list(struct store *s, int64_t fault,
                                bool (*each)(void *arg, const struct store_fault_note *x), void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " NOTE_NAMES " FROM fault_notes WHERE fault=? ORDER BY rowid");
    struct store_fault_note x;
    bool more = true;
    enum err e = sqlite3_bind_int64(q, 1, fault) == SQLITE_OK ? ERR_OK : db_error(db, r);

    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, note_cols, ROW_COUNT(note_cols), &x, &more, r);
        if (e != ERR_OK || !more || !each(arg, &x)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

/* ---------------------------------------------------------------- use */

static enum err use_add(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], enum store_use kind, int64_t at_ms,
                        struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q =
        db_stmt(db, "INSERT INTO uses(locker,slot,kind,n) VALUES(?1,?2,?3,1) ON CONFLICT(slot,locker,kind) "
                    "DO UPDATE SET n=n+1");
    enum err e = bind_id(db, q, locker, r);

    if (e == ERR_OK &&
        (sqlite3_bind_int64(q, 2, at_ms / STORE_SLOT_MS) != SQLITE_OK || sqlite3_bind_int64(q, 3, kind) != SQLITE_OK)) {
        e = db_error(db, r);
    }
    return e != ERR_OK ? e : db_run(db, q, r);
}

/* Binds ?1 locker (may be NULL), ?2 and ?3. */
static enum err bind_span(struct db *db, sqlite3_stmt *q, const uint8_t *locker, int64_t from, int64_t to,
                          struct reason *r)
{
    enum err e = bind_id(db, q, locker, r);

    if (e == ERR_OK && (sqlite3_bind_int64(q, 2, from) != SQLITE_OK || sqlite3_bind_int64(q, 3, to) != SQLITE_OK)) {
        e = db_error(db, r);
    }
    return e;
}

static enum err use_list(struct store *s, const uint8_t *locker, int64_t from_ms, int64_t to_ms,
                         bool (*each)(void *arg, const struct store_use_row *x), void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q =
        db_stmt(db, "SELECT slot,locker,kind,n FROM uses WHERE (?1 IS NULL OR locker=?1) AND slot>=?2 AND "
                    "slot<?3 ORDER BY slot,locker,kind");
    struct store_use_row x;
    bool more = true;
    enum err e = bind_span(db, q, locker, from_ms / STORE_SLOT_MS, to_ms / STORE_SLOT_MS, r);

    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, use_cols, ROW_COUNT(use_cols), &x, &more, r);
        if (e != ERR_OK || !more || !each(arg, &x)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err collected_list(struct store *s, const uint8_t *locker, int64_t from_ms, int64_t to_ms,
                               bool (*each)(void *arg, int64_t ready_ms, int64_t opened_ms), void *arg,
                               struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q =
        db_stmt(db, "SELECT ready_ms,opened_ms FROM orders WHERE (?1 IS NULL OR locker=?1) AND opened_ms>0 "
                    "AND opened_ms>=?2 AND opened_ms<?3 AND ready_ms>0 AND state=?4 ORDER BY opened_ms");
    bool more = true;
    enum err e = bind_span(db, q, locker, from_ms, to_ms, r);

    if (e == ERR_OK && sqlite3_bind_int64(q, 4, ORDER_COLLECTED) != SQLITE_OK) {
        e = db_error(db, r);
    }
    while (e == ERR_OK) {
        e = db_step(db, q, &more, r);
        if (e != ERR_OK || !more || !each(arg, sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1))) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

/* ---------------------------------------------------------------- what waits at a locker */

static void count_bag(struct store_tasks *t, enum order_state state, uint32_t n, uint32_t ending)
{
    if (state == ORDER_EXPIRED) {
        t->expired += n;
    } else if (state == ORDER_WITHDRAWN) {
        t->withdrawn += n;
    } else if (state == ORDER_WITHDRAWING) {
        t->withdrawing += n;
    } else if (state == ORDER_UNCONFIRMED) {
        t->unconfirmed += n;
    } else if (state == ORDER_READY) {
        t->ready += n;
        t->ending += ending;
    }
}

static enum err count_bags(struct db *db, const uint8_t *locker, int64_t until_s, struct store_tasks *t,
                           struct reason *r)
{
    sqlite3_stmt *q =
        db_stmt(db, "SELECT o.state,count(*),sum(o.not_after_s>0 AND o.not_after_s<?2) FROM compartments c "
                    "JOIN orders o ON o.id=c.ord WHERE c.locker=?1 AND c.has_order=1 GROUP BY o.state");
    bool more = true;
    enum err e = bind_id(db, q, locker, r);

    if (e == ERR_OK && sqlite3_bind_int64(q, 2, until_s) != SQLITE_OK) {
        e = db_error(db, r);
    }
    while (e == ERR_OK) {
        e = db_step(db, q, &more, r);
        if (e != ERR_OK || !more) {
            break;
        }
        count_bag(t, (enum order_state)sqlite3_column_int(q, 0), (uint32_t)sqlite3_column_int64(q, 1),
                  (uint32_t)sqlite3_column_int64(q, 2));
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err locker_tasks(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], int64_t until_s,
                             struct store_tasks *out, struct reason *r)
{
    _Static_assert(ORDER_PACKED == 1 && ORDER_IN_TRANSIT == 2, "the states that wait for loading, as numbers below");
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(
        db, "SELECT coalesce(sum(state='CHECK'),0),coalesce(sum(state='FORCED'),0),coalesce(sum(state='OUT'),0),"
            "(SELECT count(*) FROM orders WHERE locker=?1 AND state IN (1,2)) FROM compartments WHERE locker=?1");
    struct store_tasks t = {0};
    bool more = false;
    enum err e = bind_id(db, q, locker, r);

    if (e == ERR_OK) {
        e = db_step(db, q, &more, r);
    }
    if (e == ERR_OK && more) {
        t.doors_check = (uint32_t)sqlite3_column_int64(q, 0);
        t.doors_forced = (uint32_t)sqlite3_column_int64(q, 1);
        t.doors_out = (uint32_t)sqlite3_column_int64(q, 2);
        t.to_load = (uint32_t)sqlite3_column_int64(q, 3);
    }
    (void)sqlite3_reset(q);
    if (e == ERR_OK) {
        e = count_bags(db, locker, until_s, &t, r);
    }
    if (e == ERR_OK) {
        *out = t;
    }
    return e;
}

void store_sqlite_logistics(struct store_ops *ops)
{
    ops->sensor_put = sensor_put;
    ops->sensor_get = sensor_get;
    ops->sensor_list = sensor_list;
    ops->excursion_note_append = excursion_note_append;
    ops->excursion_note_list = excursion_note_list;
    ops->fault_note_append = fault_note_append;
    ops->fault_note_list = fault_note_list;
    ops->use_add = use_add;
    ops->use_list = use_list;
    ops->collected_list = collected_list;
    ops->locker_tasks = locker_tasks;
}
