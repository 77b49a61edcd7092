/* SPDX-License-Identifier: Apache-2.0 */
/* The audit in SQLite: a chain of rows that stay, and the words in them (FTS5), by which they are found. */
#include <stdio.h>
#include <string.h>

#include "backend/audit.h"
#include "backend/store_sqlite_part.h"

#define MATCH_CAP 1024 /* holds both names and the longest search that api lets in, whatever is in them */

#define A(kind, member) ROW_MEMBER(kind, struct store_audit, member)
static const struct row_col audit_cols[] = {
    A(ROW_I64, seq),     A(ROW_I64, at_ms),      A(ROW_TEXT, actor), A(ROW_TEXT, responsible),
    A(ROW_TEXT, action), A(ROW_BOOL, has_order), A(ROW_BLOB, order), A(ROW_TEXT, subject),
    A(ROW_TEXT, detail), A(ROW_BLOB, prev),      A(ROW_BLOB, hash),
};
#define AUDIT_N ROW_COUNT(audit_cols)
#define AUDIT_NAMES "seq,at_ms,actor,responsible,action,has_order,ord,subject,detail,prev,hash"

static enum err add_words(struct db *db, int64_t seq, struct reason *r)
{
    sqlite3_stmt *q =
        db_stmt(db, "INSERT INTO audit_words(rowid,who,what,words) SELECT * FROM audit_texts WHERE seq=?");

    return sqlite3_bind_int64(q, 1, seq) == SQLITE_OK ? db_run(db, q, r) : db_error(db, r);
}

static enum err audit_append(struct store *s, struct store_audit *a, struct reason *r)
{
    struct db *db = store_sqlite_writing(s);
    struct store_audit last = {0}, row = *a;
    sqlite3_stmt *q = db_stmt(db, "SELECT " AUDIT_NAMES " FROM audit ORDER BY seq DESC LIMIT 1");
    enum err e = store_sqlite_one(db, q, audit_cols, AUDIT_N, &last, "audit row", r);

    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    row.seq = last.seq + 1;
    memcpy(row.prev, last.hash, sizeof(row.prev));
    audit_hash(&row, row.hash);
    e = store_sqlite_put(db, db_stmt(db, "INSERT INTO audit(" AUDIT_NAMES ") VALUES(?,?,?,?,?,?,?,?,?,?,?)"),
                         audit_cols, AUDIT_N, &row, r);
    if (e == ERR_OK)
        e = add_words(db, row.seq, r);
    if (e == ERR_OK) {
        *a = row;
    }
    return e;
}

static enum err audit_list(struct store *s, const uint8_t *order, int64_t above_seq, unsigned limit,
                           bool (*each)(void *arg, const struct store_audit *a), void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q;
    struct store_audit a;
    bool more = true;
    enum err e = ERR_OK;

    if (order != NULL) {
        q = db_stmt(db,
                    "SELECT " AUDIT_NAMES " FROM audit WHERE has_order=1 AND ord=?1 AND seq>?2 ORDER BY seq LIMIT ?3");
        if (sqlite3_bind_blob(q, 1, order, ORDER_ID_LEN, SQLITE_STATIC) != SQLITE_OK) {
            e = db_error(db, r);
        }
    } else {
        q = db_stmt(db, "SELECT " AUDIT_NAMES " FROM audit WHERE seq>?2 ORDER BY seq LIMIT ?3");
    }
    if (e == ERR_OK &&
        (sqlite3_bind_int64(q, 2, above_seq) != SQLITE_OK || sqlite3_bind_int64(q, 3, limit) != SQLITE_OK)) {
        e = db_error(db, r);
    }
    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, audit_cols, AUDIT_N, &a, &more, r);
        if (e != ERR_OK || !more || !each(arg, &a)) {
            break;
        }
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err audit_count(struct store *s, const char *action, const char *actor, const uint8_t *order,
                            int64_t since_ms, uint32_t *n, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q =
        db_stmt(db, "SELECT count(*) FROM audit WHERE action=?1 AND at_ms>=?2 AND (?3 IS NULL OR actor=?3)"
                    " AND (?4 IS NULL OR (has_order=1 AND ord=?4))");
    int code = sqlite3_bind_text(q, 1, action, -1, SQLITE_STATIC) | sqlite3_bind_int64(q, 2, since_ms);
    bool more = false;

    if (actor != NULL)
        code |= sqlite3_bind_text(q, 3, actor, -1, SQLITE_STATIC);
    if (order != NULL)
        code |= sqlite3_bind_blob(q, 4, order, ORDER_ID_LEN, SQLITE_STATIC);
    enum err e = code == SQLITE_OK ? db_step(db, q, &more, r) : db_error(db, r);
    if (e == ERR_OK)
        *n = (uint32_t)sqlite3_column_int64(q, 0);
    (void)sqlite3_reset(q);
    return e;
}

/* ---------------------------------------------------------------- found by what is in them */

/* One phrase of FTS5, in which nothing has a meaning: a quotation mark is two. */
static bool put_phrase(char *out, size_t *at, const char *column, const char *text, size_t len, const char *end)
{
    int n = snprintf(out + *at, MATCH_CAP - *at, "%s%s\"", *at > 0 ? " AND " : "", column);

    *at += n > 0 ? (size_t)n : 0;
    if (*at + 2 * len + 3 > MATCH_CAP)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            out[(*at)++] = '"';
        out[(*at)++] = text[i];
    }
    n = snprintf(out + *at, MATCH_CAP - *at, "\"%s", end);
    *at += n > 0 ? (size_t)n : 0;
    return *at < MATCH_CAP;
}

/* Signs alone are in no index. */
static bool has_letters(const char *word, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((word[i] & 0x80) != 0 || (word[i] >= '0' && word[i] <= '9') ||
            ((word[i] | 0x20) >= 'a' && (word[i] | 0x20) <= 'z'))
            return true;
    return false;
}

/* What FTS5 is asked: the beginnings of all words of the search, and the names. "" when there is nothing to ask for. */
static enum err match_of(const struct store_audit_filter *f, char out[MATCH_CAP], struct reason *r)
{
    size_t at = 0;
    bool fits = true;

    out[0] = '\0';
    for (const char *word = f->search; word != NULL && *word != '\0' && fits;) {
        size_t len = strcspn(word, " \t\r\n");

        if (has_letters(word, len))
            fits = put_phrase(out, &at, "", word, len, "*");
        word += len;
        word += strspn(word, " \t\r\n");
    }
    if (f->search != NULL && at == 0)
        fits = put_phrase(out, &at, "", "", 0, ""); /* finds nothing */
    if (f->actor != NULL && fits)
        fits = put_phrase(out, &at, "who:", f->actor, strlen(f->actor), "");
    if (f->action != NULL && fits)
        fits = put_phrase(out, &at, "what:", f->action, strlen(f->action), "");
    return fits ? ERR_OK : err_because(r, ERR_TOO_LONG, "search: too long");
}

/* Parameters: 1 below this number, 2 actor, 3 action, 4 from, 5 before, 6 limit, 7 offset, 8 match. The words of a name
 * are found by FTS5, the name itself is compared here. A page is read along the numbers: +at_ms keeps the index of
 * times out of it. */
#define AUDIT_NAMED " a.seq<?1 AND (?2 IS NULL OR a.actor=?2) AND (?3 IS NULL OR a.action=?3) AND"
#define AUDIT_FOUND " FROM audit_words w JOIN audit a ON a.seq=w.rowid WHERE w.rowid<?1 AND audit_words MATCH ?8 AND"
#define AUDIT_TIMES " +a.at_ms>=?4 AND +a.at_ms<?5"
#define AUDIT_PAGE " LIMIT ?6 OFFSET ?7"

static const char *const audit_finds[2][2] = {
    {"SELECT " AUDIT_NAMES " FROM audit a WHERE" AUDIT_NAMED AUDIT_TIMES " ORDER BY a.seq DESC" AUDIT_PAGE,
     "SELECT " AUDIT_NAMES " FROM audit a WHERE" AUDIT_NAMED AUDIT_TIMES " ORDER BY a.seq" AUDIT_PAGE},
    {"SELECT " AUDIT_NAMES AUDIT_FOUND AUDIT_NAMED AUDIT_TIMES " ORDER BY w.rowid DESC" AUDIT_PAGE,
     "SELECT " AUDIT_NAMES AUDIT_FOUND AUDIT_NAMED AUDIT_TIMES " ORDER BY w.rowid" AUDIT_PAGE},
};
static const char *const audit_counts[2] = {
    "SELECT count(*) FROM audit a WHERE" AUDIT_NAMED " a.at_ms>=?4 AND a.at_ms<?5",
    "SELECT count(*)" AUDIT_FOUND AUDIT_NAMED AUDIT_TIMES,
};

static enum err bind_audit(struct db *db, sqlite3_stmt *q, const struct store_audit_filter *f, const char *match,
                           struct reason *r)
{
    int code = sqlite3_bind_int64(q, 1, f->below_seq > 0 ? f->below_seq : INT64_MAX);

    if (f->actor != NULL)
        code |= sqlite3_bind_text(q, 2, f->actor, -1, SQLITE_STATIC);
    if (f->action != NULL)
        code |= sqlite3_bind_text(q, 3, f->action, -1, SQLITE_STATIC);
    code |= sqlite3_bind_int64(q, 4, f->from_ms);
    code |= sqlite3_bind_int64(q, 5, f->before_ms > 0 ? f->before_ms : INT64_MAX);
    if (*match != '\0')
        code |= sqlite3_bind_text(q, 8, match, -1, SQLITE_STATIC);
    return code == SQLITE_OK ? ERR_OK : db_error(db, r);
}

static enum err audit_find(struct store *s, const struct store_audit_filter *f,
                           bool (*each)(void *arg, const struct store_audit *a), void *arg, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    char match[MATCH_CAP];
    struct store_audit a;
    bool more = true;
    enum err e = match_of(f, match, r);

    if (e != ERR_OK)
        return e;
    sqlite3_stmt *q = db_stmt(db, audit_finds[*match != '\0'][f->oldest_first]);
    e = bind_audit(db, q, f, match, r);
    if (e == ERR_OK && (sqlite3_bind_int64(q, 6, f->limit) | sqlite3_bind_int64(q, 7, f->offset)) != SQLITE_OK)
        e = db_error(db, r);
    while (e == ERR_OK) {
        e = store_sqlite_next(db, q, audit_cols, AUDIT_N, &a, &more, r);
        if (e != ERR_OK || !more || !each(arg, &a))
            break;
    }
    (void)sqlite3_reset(q);
    return e;
}

static enum err audit_matches(struct store *s, const struct store_audit_filter *f, int64_t *n, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    struct store_audit_filter all = *f;
    char match[MATCH_CAP];
    bool more = false;
    enum err e = match_of(f, match, r);

    if (e != ERR_OK)
        return e;
    all.below_seq = 0;
    sqlite3_stmt *q = db_stmt(db, audit_counts[*match != '\0']);
    e = bind_audit(db, q, &all, match, r);
    if (e == ERR_OK)
        e = db_step(db, q, &more, r);
    if (e == ERR_OK)
        *n = more ? sqlite3_column_int64(q, 0) : 0;
    (void)sqlite3_reset(q);
    return e;
}

/* From one name to the next along an index: as many steps as there are names, not rows. */
#define NAMES_OF(column)                                                                                               \
    "WITH RECURSIVE n(x) AS (SELECT min(" column ") FROM audit UNION ALL SELECT (SELECT min(" column                   \
    ") FROM audit WHERE " column ">x) FROM n WHERE x IS NOT NULL) SELECT x FROM n WHERE x IS NOT NULL"

static enum err audit_names(struct store *s, enum store_audit_name which, void (*each)(void *arg, const char *name),
                            void *arg, struct reason *r)
{
    static const char *const lists[] = {
        [STORE_AUDIT_ACTORS] = NAMES_OF("actor"), [STORE_AUDIT_ACTIONS] = NAMES_OF("action")};
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, lists[which]);
    bool more = true;
    enum err e = db_step(db, q, &more, r);

    for (; e == ERR_OK && more; e = db_step(db, q, &more, r))
        each(arg, (const char *)sqlite3_column_text(q, 0));
    (void)sqlite3_reset(q);
    return e;
}

void store_sqlite_audit(struct store_ops *ops)
{
    ops->audit_append = audit_append;
    ops->audit_list = audit_list;
    ops->audit_count = audit_count;
    ops->audit_find = audit_find;
    ops->audit_matches = audit_matches;
    ops->audit_names = audit_names;
}
