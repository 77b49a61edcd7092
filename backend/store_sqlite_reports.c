/* SPDX-License-Identifier: Apache-2.0 */
/* What lockers reported, in SQLite: compartments, boards, samples, events, faults. */
#include <string.h>

#include "backend/store_sqlite_part.h"

#define C(kind, member) ROW_MEMBER(kind, struct store_compartment, member)
static const struct row_col compartment_cols[] = {
    C(ROW_BLOB, locker),
    C(ROW_TEXT, door),
    C(ROW_U16, number),
    ROW_MEMBER_ENUM(struct store_compartment, size, TOKEN_SIZE_N),
    ROW_MEMBER_ENUM(struct store_compartment, zone, TOKEN_ZONE_N),
    C(ROW_U16, row),
    C(ROW_U16, column),
    C(ROW_BOOL, low),
    C(ROW_TEXT, state),
    C(ROW_TEXT, cause),
    C(ROW_TEXT, contact),
    C(ROW_BOOL, tested),
    C(ROW_I64, told_ms),
    C(ROW_I64, told_at),
    C(ROW_BOOL, has_order),
    C(ROW_BLOB, order),
    C(ROW_U32, load),
};
#define COMPARTMENT_N ROW_COUNT(compartment_cols)
#define COMPARTMENT_NAMES                                                                                              \
    "locker,door,number,size,zone,row,col,low,state,cause,contact,tested,told_ms,told_at,has_order,ord,load"

#define B(kind, member) ROW_MEMBER(kind, struct store_board, member)
static const struct row_col board_cols[] = {B(ROW_BLOB, locker), B(ROW_TEXT, board), B(ROW_TEXT, state),
                                            B(ROW_I64, told_ms), B(ROW_I64, told_at)};
#define BOARD_NAMES "locker,board,state,told_ms,told_at"

#define S(kind, member) ROW_MEMBER(kind, struct store_sample, member)
static const struct row_col sample_cols[] = {
    S(ROW_BLOB, locker),      S(ROW_TEXT, sensor),       S(ROW_TEXT, state),  S(ROW_I64, at_ms),
    S(ROW_BOOL, has_milli_c), S(ROW_BOOL, has_permille), S(ROW_I32, milli_c), S(ROW_I32, permille),
};
#define SAMPLE_NAMES "locker,sensor,state,at_ms,has_milli_c,has_permille,milli_c,permille"

#define E(kind, member) ROW_MEMBER(kind, struct store_event, member)
static const struct row_col event_cols[] = {
    E(ROW_BLOB, locker), E(ROW_U32, epoch),   E(ROW_I64, seq),         E(ROW_TEXT, typ), E(ROW_BOOL, has_order),
    E(ROW_BLOB, order),  E(ROW_I64, told_ms), E(ROW_I64, received_ms), E(ROW_I64, id), /* last: read only */
};
#define EVENT_N ROW_COUNT(event_cols)
#define EVENT_NAMES "locker,epoch,seq,typ,has_order,ord,told_ms,received_ms"

#define F(kind, member) ROW_MEMBER(kind, struct store_fault, member)
static const struct row_col fault_cols[] = {
    F(ROW_BLOB, locker),    ROW_MEMBER_ENUM(struct store_fault, kind, STORE_FAULT_KIND_N),
    F(ROW_TEXT, subject),   F(ROW_TEXT, detail),
    F(ROW_I64, opened_ms),  F(ROW_I64, last_ms),
    F(ROW_U32, times),      F(ROW_I64, closed_ms),
    F(ROW_TEXT, closed_by), F(ROW_TEXT, comment),
    F(ROW_TEXT, taken_by),  F(ROW_U32, flaps),
    F(ROW_I64, id), /* last: the condition of UPDATE */
};
#define FAULT_N ROW_COUNT(fault_cols)
#define FAULT_NAMES "locker,kind,subject,detail,opened_ms,last_ms,times,closed_ms,closed_by,comment,taken_by,flaps"

static enum err bind_locker(struct db *db, sqlite3_stmt *q, int at, const uint8_t *locker, struct reason *r)
{
    if (locker == NULL) {
        return ERR_OK;
    }
    return sqlite3_bind_blob(q, at, locker, STORE_LOCKER_LEN, SQLITE_STATIC) == SQLITE_OK ? ERR_OK : db_error(db, r);
}

/* ---------------------------------------------------------------- compartments */

static enum err compartment_put(struct store *s, const struct store_compartment *c, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q =
        db_stmt(db, "INSERT INTO compartments(" COMPARTMENT_NAMES
                    ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(locker,door) DO UPDATE SET "
                    "(number,size,zone,row,col,low,state,cause,contact,tested,told_ms,told_at,has_order,ord,load)"
                    "=(?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)");

    return store_sqlite_put(db, q, compartment_cols, COMPARTMENT_N, c, r);
}

static enum err compartment_get(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], const char *door,
                                struct store_compartment *c, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " COMPARTMENT_NAMES " FROM compartments WHERE locker=? AND door=?");
    enum err e = bind_locker(db, q, 1, locker, r);

    if (e == ERR_OK && sqlite3_bind_text(q, 2, door, -1, SQLITE_STATIC) != SQLITE_OK) {
        e = db_error(db, r);
    }
    return e != ERR_OK ? e : store_sqlite_one(db, q, compartment_cols, COMPARTMENT_N, c, "compartment", r);
}

static enum err compartment_delete(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], const char *door,
                                   struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "DELETE FROM compartments WHERE locker=? AND door=?");
    enum err e = bind_locker(db, q, 1, locker, r);

    if (e == ERR_OK && sqlite3_bind_text(q, 2, door, -1, SQLITE_STATIC) != SQLITE_OK) {
        e = db_error(db, r);
    }
    return e != ERR_OK ? e : store_sqlite_change(db, q, "compartment", r);
}

static enum err compartment_list(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                                 bool (*each)(void *arg, const struct store_compartment *c), void *arg,
                                 struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " COMPARTMENT_NAMES " FROM compartments WHERE locker=? ORDER BY number,door");
    struct store_compartment c;
    bool more = true;
    enum err e = bind_locker(db, q, 1, locker, r);

    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, compartment_cols, COMPARTMENT_N, &c, &more, r);
        if (e != ERR_OK || !more || !each(arg, &c)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err compartment_empty(struct store *s, const uint8_t order[ORDER_ID_LEN], struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q =
        db_stmt(db, "UPDATE compartments SET has_order=0,ord=zeroblob(length(ord)),load=0 WHERE ord=? AND has_order=1");

    if (sqlite3_bind_blob(q, 1, order, ORDER_ID_LEN, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    return db_run(db, q, r);
}

/* ---------------------------------------------------------------- boards and samples */

static enum err board_put(struct store *s, const struct store_board *b, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "INSERT INTO boards(" BOARD_NAMES ") VALUES(?,?,?,?,?) ON CONFLICT(locker,board) "
                                  "DO UPDATE SET (state,told_ms,told_at)=(?3,?4,?5)");

    return store_sqlite_put(db, q, board_cols, ROW_COUNT(board_cols), b, r);
}

static enum err board_list(struct store *s, const uint8_t locker[STORE_LOCKER_LEN],
                           bool (*each)(void *arg, const struct store_board *b), void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " BOARD_NAMES " FROM boards WHERE locker=? ORDER BY board");
    struct store_board b;
    bool more = true;
    enum err e = bind_locker(db, q, 1, locker, r);

    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, board_cols, ROW_COUNT(board_cols), &b, &more, r);
        if (e != ERR_OK || !more || !each(arg, &b)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err sample_append(struct store *s, const struct store_sample *t, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);

    return store_sqlite_put(db, db_stmt(db, "INSERT INTO samples(" SAMPLE_NAMES ") VALUES(?,?,?,?,?,?,?,?)"),
                            sample_cols, ROW_COUNT(sample_cols), t, r);
}

static enum err sample_last(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], const char *sensor,
                            struct store_sample *t, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " SAMPLE_NAMES
                                  " FROM samples WHERE locker=? AND sensor=? ORDER BY at_ms DESC,rowid DESC LIMIT 1");
    enum err e = bind_locker(db, q, 1, locker, r);

    if (e == ERR_OK && sqlite3_bind_text(q, 2, sensor, -1, SQLITE_STATIC) != SQLITE_OK) {
        e = db_error(db, r);
    }
    return e != ERR_OK ? e : store_sqlite_one(db, q, sample_cols, ROW_COUNT(sample_cols), t, "sample", r);
}

static enum err sample_list(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], const char *sensor,
                            int64_t from_ms, int64_t to_ms, bool (*each)(void *arg, const struct store_sample *t),
                            void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q =
        db_stmt(db, "SELECT " SAMPLE_NAMES " FROM samples WHERE locker=?1 AND (?2 IS NULL OR sensor=?2) AND "
                    "at_ms>=?3 AND at_ms<?4 ORDER BY at_ms,rowid");
    struct store_sample t;
    bool more = true;
    enum err e = bind_locker(db, q, 1, locker, r);

    if (e == ERR_OK &&
        ((sensor != NULL && sqlite3_bind_text(q, 2, sensor, -1, SQLITE_STATIC) != SQLITE_OK) ||
         sqlite3_bind_int64(q, 3, from_ms) != SQLITE_OK || sqlite3_bind_int64(q, 4, to_ms) != SQLITE_OK)) {
        e = db_error(db, r);
    }
    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, sample_cols, ROW_COUNT(sample_cols), &t, &more, r);
        if (e != ERR_OK || !more || !each(arg, &t)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

/* ---------------------------------------------------------------- events */

static enum err event_append(struct store *s, struct store_event *x, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "INSERT INTO events(" EVENT_NAMES ",text) VALUES(?,?,?,?,?,?,?,?,?)");

    if (row_bind(q, 1, event_cols, EVENT_N - 1, x) != ERR_OK ||
        sqlite3_bind_text(q, (int)EVENT_N, x->text, (int)x->len, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    enum err e = db_run(db, q, r);
    if (e == ERR_OK) {
        x->id = sqlite3_last_insert_rowid(db_handle(db));
    }
    return e;
}

/* Gives the rows of a bound SELECT and resets it. */
static enum err give_events(struct db *db, sqlite3_stmt *q, bool (*each)(void *arg, const struct store_event *e),
                            void *arg, struct reason *r)
{
    struct store_event x;
    bool more = true;
    enum err e = ERR_OK;

    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, event_cols, EVENT_N, &x, &more, r);
        if (e != ERR_OK || !more) {
            break;
        }
        x.text = (const char *)sqlite3_column_text(q, (int)EVENT_N);
        x.len = (size_t)sqlite3_column_bytes(q, (int)EVENT_N);
        if (x.text == NULL) {
            e = err_because(r, ERR_MEMORY, "store: out of memory");
        } else if (!each(arg, &x)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err event_list(struct store *s, const uint8_t *locker, const uint8_t *order, int64_t above_id,
                           unsigned limit, bool (*each)(void *arg, const struct store_event *e), void *arg,
                           struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q;
    enum err e = ERR_OK;

    if (order != NULL) {
        q = db_stmt(db, "SELECT " EVENT_NAMES ",id,text FROM events WHERE has_order=1 AND ord=?1 AND id>?2 "
                        "ORDER BY id LIMIT ?3");
        if (sqlite3_bind_blob(q, 1, order, ORDER_ID_LEN, SQLITE_STATIC) != SQLITE_OK) {
            e = db_error(db, r);
        }
    } else {
        q = db_stmt(db, "SELECT " EVENT_NAMES ",id,text FROM events WHERE (?1 IS NULL OR locker=?1) AND id>?2 "
                        "ORDER BY id LIMIT ?3");
        e = bind_locker(db, q, 1, locker, r);
    }
    if (e == ERR_OK &&
        (sqlite3_bind_int64(q, 2, above_id) != SQLITE_OK || sqlite3_bind_int64(q, 3, limit) != SQLITE_OK)) {
        e = db_error(db, r);
    }
    return e == ERR_OK ? give_events(db, q, each, arg, r) : e;
}

static enum err event_newest(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], unsigned limit,
                             bool (*each)(void *arg, const struct store_event *e), void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " EVENT_NAMES ",id,text FROM events WHERE locker=?1 AND id>(SELECT max(id) "
                                  "FROM events)-?2 ORDER BY id DESC LIMIT ?3");
    enum err e = bind_locker(db, q, 1, locker, r);

    if (e == ERR_OK &&
        (sqlite3_bind_int64(q, 2, STORE_RECENT_EVENTS) != SQLITE_OK || sqlite3_bind_int64(q, 3, limit) != SQLITE_OK)) {
        e = db_error(db, r);
    }
    return e == ERR_OK ? give_events(db, q, each, arg, r) : e;
}

/* ---------------------------------------------------------------- faults */

/* Binds ?1 at_ms, ?2 locker, ?3 kind, ?4 subject (NULL: any), runs, and tells how many rows changed. */
static enum err fault_run(struct db *db, sqlite3_stmt *q, const struct store_fault *f, const char *subject,
                          int *changed, struct reason *r)
{
    enum err e = bind_locker(db, q, 2, f->locker, r);

    if (e == ERR_OK &&
        (sqlite3_bind_int64(q, 1, f->opened_ms) != SQLITE_OK || sqlite3_bind_int64(q, 3, f->kind) != SQLITE_OK ||
         (subject != NULL && sqlite3_bind_text(q, 4, subject, -1, SQLITE_STATIC) != SQLITE_OK))) {
        e = db_error(db, r);
    }
    if (e == ERR_OK) {
        e = db_run(db, q, r);
    }
    if (e == ERR_OK) {
        *changed = sqlite3_changes(db_handle(db));
    }
    return e;
}

/* Runs q, which has the detail as ?5. */
static enum err fault_tell(struct db *db, sqlite3_stmt *q, const struct store_fault *f, int *changed, struct reason *r)
{
    if (sqlite3_bind_text(q, 5, f->detail, -1, SQLITE_STATIC) != SQLITE_OK) {
        return db_error(db, r);
    }
    return fault_run(db, q, f, f->subject, changed, r);
}

static enum err fault_insert(struct db *db, const struct store_fault *f, struct reason *r)
{
    struct store_fault row = *f;
    sqlite3_stmt *q = db_stmt(db, "INSERT INTO faults(" FAULT_NAMES ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");

    row.last_ms = f->opened_ms;
    row.times = 1;
    row.closed_ms = 0;
    row.flaps = 0;
    row.closed_by[0] = row.comment[0] = row.taken_by[0] = '\0';
    return store_sqlite_put(db, q, fault_cols, FAULT_N - 1, &row, r);
}

static enum err fault_raise(struct store *s, const struct store_fault *f, bool *fresh, struct reason *r)
{
    _Static_assert(STORE_NOTE_OPENED == 0 && STORE_NOTE_AGAIN == 1, "the notes, as numbers below");
    _Static_assert(STORE_FLAP_MS == 1800000 && STORE_FLAP_NOTES == 20, "as numbers below");
    struct db *db = store_sqlite_writing(s);
    int changed = 0;
    enum err e = fault_tell(db,
                            db_stmt(db, "UPDATE faults SET last_ms=max(last_ms,?1),times=times+1,detail=?5 WHERE "
                                        "locker=?2 AND kind=?3 AND subject=?4 AND closed_ms=0"),
                            f, &changed, r);

    if (e != ERR_OK || changed > 0) {
        *fresh = e == ERR_OK ? false : *fresh;
        return e;
    }
    e = fault_tell(db,
                   db_stmt(db, "UPDATE faults SET closed_ms=0,closed_by='',last_ms=max(last_ms,?1),times=times+1,"
                               "flaps=flaps+1,detail=?5 WHERE closed_by='evidence' AND closed_ms>=?1-1800000 AND "
                               "id=(SELECT max(id) FROM faults WHERE locker=?2 AND kind=?3 AND subject=?4)"),
                   f, &changed, r);
    if (e == ERR_OK && changed == 0) {
        e = fault_insert(db, f, r);
    }
    if (e != ERR_OK) {
        return e;
    }
    *fresh = changed == 0;
    return fault_tell(db,
                      db_stmt(db, "INSERT INTO fault_notes(fault,at_ms,what,actor,text) SELECT id,?1,flaps>0,"
                                  "'evidence',?5 FROM faults WHERE locker=?2 AND kind=?3 AND subject=?4 AND "
                                  "closed_ms=0 AND flaps<=20"),
                      f, &changed, r);
}

static enum err fault_settle(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], enum store_fault_kind kind,
                             const char *subject, int64_t at_ms, unsigned *closed, struct reason *r)
{
    _Static_assert(STORE_NOTE_CLOSED == 4, "the note, as a number below");
    struct db *db = store_sqlite_writing(s);
    struct store_fault f = {.kind = kind, .opened_ms = at_ms};
    int changed = 0, noted;

    memcpy(f.locker, locker, sizeof(f.locker));
    enum err e =
        fault_run(db,
                  db_stmt(db, "UPDATE faults SET closed_ms=?1,closed_by='evidence' WHERE locker=?2 AND kind=?3 "
                              "AND (?4 IS NULL OR subject=?4) AND closed_ms=0"),
                  &f, subject, &changed, r);
    if (e == ERR_OK && changed > 0) {
        e = fault_run(db,
                      db_stmt(db, "INSERT INTO fault_notes(fault,at_ms,what,actor,text) SELECT id,?1,4,'evidence','' "
                                  "FROM faults WHERE locker=?2 AND kind=?3 AND (?4 IS NULL OR subject=?4) AND "
                                  "closed_ms=?1 AND closed_by='evidence' AND flaps<=20"),
                      &f, subject, &noted, r);
    }
    if (e == ERR_OK && closed != NULL) {
        *closed = (unsigned)changed;
    }
    return e;
}

static enum err fault_get(struct store *s, int64_t id, struct store_fault *f, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "SELECT " FAULT_NAMES ",id FROM faults WHERE id=?");

    if (sqlite3_bind_int64(q, 1, id) != SQLITE_OK) {
        return db_error(db, r);
    }
    return store_sqlite_one(db, q, fault_cols, FAULT_N, f, "fault", r);
}

static enum err fault_update(struct store *s, const struct store_fault *f, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    sqlite3_stmt *q = db_stmt(db, "UPDATE faults SET (" FAULT_NAMES ")=(?,?,?,?,?,?,?,?,?,?,?,?) WHERE id=?");

    if (row_bind(q, 1, fault_cols, FAULT_N, f) != ERR_OK) {
        return db_error(db, r);
    }
    return store_sqlite_change(db, q, "fault", r);
}

static enum err fault_list(struct store *s, const struct store_fault_filter *f,
                           bool (*each)(void *arg, const struct store_fault *x), void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q;
    struct store_fault x;
    bool more = true;
    enum err e;

    if (f->open_only) {
        q = db_stmt(db, "SELECT " FAULT_NAMES ",id FROM faults WHERE closed_ms=0 AND (?1 IS NULL OR locker=?1) AND "
                        "(?2=0 OR id<?2) ORDER BY id DESC LIMIT ?3");
    } else {
        q = db_stmt(db, "SELECT " FAULT_NAMES ",id FROM faults WHERE (?1 IS NULL OR locker=?1) AND (?2=0 OR id<?2) "
                        "ORDER BY id DESC LIMIT ?3");
    }
    e = bind_locker(db, q, 1, f->has_locker ? f->locker : NULL, r);
    if (e == ERR_OK &&
        (sqlite3_bind_int64(q, 2, f->below_id) != SQLITE_OK || sqlite3_bind_int64(q, 3, f->limit) != SQLITE_OK)) {
        e = db_error(db, r);
    }
    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, fault_cols, FAULT_N, &x, &more, r);
        if (e != ERR_OK || !more || !each(arg, &x)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

void store_sqlite_reports(struct store_ops *ops)
{
    ops->compartment_put = compartment_put;
    ops->compartment_get = compartment_get;
    ops->compartment_delete = compartment_delete;
    ops->compartment_list = compartment_list;
    ops->compartment_empty = compartment_empty;
    ops->board_put = board_put;
    ops->board_list = board_list;
    ops->sample_append = sample_append;
    ops->sample_last = sample_last;
    ops->sample_list = sample_list;
    ops->event_append = event_append;
    ops->event_list = event_list;
    ops->event_newest = event_newest;
    ops->fault_raise = fault_raise;
    ops->fault_settle = fault_settle;
    ops->fault_get = fault_get;
    ops->fault_update = fault_update;
    ops->fault_list = fault_list;
}
