/* SPDX-License-Identifier: Apache-2.0 */
#include "common/db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "common/num.h"

#define OLDEST_SQLITE 3040001 /* what Debian 12 ships and our tests ran with */
#define LENGTH_MAX (4 * 1024 * 1024)
#define SQL_LENGTH_MAX (256 * 1024)
#define EXPRESSION_DEPTH_MAX 100
#define WAL_KEEP_BYTES (INT64_C(4) * 1024 * 1024)
#define PATH_CAP 4096

struct cached {
    const char *sql;
    sqlite3_stmt *stmt;
};

struct db {
    sqlite3 *handle;
    int64_t page_bytes;
    int64_t wal_pages; /* after the last commit */
    struct cached *cached;
    size_t cached_count, cached_cap;
};

struct mapped {
    int sqlite;
    enum err err;
};

static enum err map_code(int code)
{
    static const struct mapped map[] = {
        {SQLITE_FULL, ERR_FULL},
        {SQLITE_IOERR, ERR_IO},
        {SQLITE_CORRUPT, ERR_CORRUPT},
        {SQLITE_NOTADB, ERR_CORRUPT},
        {SQLITE_BUSY, ERR_BUSY},
        {SQLITE_LOCKED, ERR_BUSY},
        {SQLITE_CONSTRAINT, ERR_DUPLICATE},
        {SQLITE_NOMEM, ERR_MEMORY},
        {SQLITE_TOOBIG, ERR_TOO_LONG},
        {SQLITE_CANTOPEN, ERR_IO},
        {SQLITE_READONLY, ERR_IO},
        {SQLITE_PERM, ERR_IO},
        {SQLITE_RANGE, ERR_RANGE},
        {SQLITE_MISMATCH, ERR_RANGE},
    };

    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
        if (map[i].sqlite == (code & 0xFF))
            return map[i].err;
    }
    return ERR_IO;
}

/* SQLite's sentence names tables and columns, never values. */
static enum err because_code(struct db *db, int code, struct reason *r)
{
    int system_error = sqlite3_system_errno(db->handle);

    if ((code & 0xFF) == SQLITE_IOERR && system_error != 0)
        return err_because(r, map_code(code), "database: %s (%d): %s", sqlite3_errmsg(db->handle), code,
                           strerror(system_error));
    return err_because(r, map_code(code), "database: %s (%d)", sqlite3_errmsg(db->handle), code);
}

enum err db_error(struct db *db, struct reason *r)
{
    return because_code(db, sqlite3_extended_errcode(db->handle), r);
}

static enum err run_script(struct db *db, const char *sql, struct reason *r)
{
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        return db_error(db, r);
    return ERR_OK;
}

/* The single integer that a query gives. */
static enum err query_int(struct db *db, const char *sql, int64_t *out, struct reason *r)
{
    sqlite3_stmt *s = NULL;
    enum err e = ERR_OK;

    if (sqlite3_prepare_v2(db->handle, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
        e = db_error(db, r);
    else
        *out = sqlite3_column_int64(s, 0);
    (void)sqlite3_finalize(s);
    return e;
}

/* Runs a pragma and compares the text that it answers. */
static enum err expect_text(struct db *db, const char *sql, const char *expected, enum err otherwise, struct reason *r)
{
    sqlite3_stmt *s = NULL;
    const unsigned char *text;
    enum err e = ERR_OK;

    if (sqlite3_prepare_v2(db->handle, sql, -1, &s, NULL) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW) {
        e = db_error(db, r);
        goto done;
    }
    text = sqlite3_column_text(s, 0);
    if (text == NULL && sqlite3_errcode(db->handle) == SQLITE_NOMEM)
        e = db_error(db, r); /* no damage */
    else if (text == NULL || strcmp((const char *)text, expected) != 0)
        e = err_because(r, otherwise, "database: %s answers \"%.100s\"", sql, text != NULL ? (const char *)text : "");
done:
    (void)sqlite3_finalize(s);
    return e;
}

/* Why a check could not read a page, as a code of SQLite; SQLITE_OK: it read them all, and what it found is damage. */
static int unread_in(const char *text)
{
    static const char word[] = "error code=";
    const char *at = strstr(text, word);
    int64_t code = SQLITE_OK;
    char digits[8];

    if (at == NULL)
        return strstr(text, "failed to get page") != NULL ? SQLITE_IOERR : SQLITE_OK;
    at += sizeof(word) - 1;
    (void)snprintf(digits, sizeof(digits), "%.*s", (int)strspn(at, "0123456789"), at);
    return num_parse(digits, 0, INT32_MAX, &code) == ERR_OK ? (int)code : SQLITE_CORRUPT;
}

/* A disk that does not answer is no damage: what is on it may be well, and is not put aside. The check itself calls
 * both damage, and tells them apart in its text only. */
static enum err check_pages(struct db *db, struct reason *r)
{
    struct reason why = {.text = ""};
    enum err e = expect_text(db, "PRAGMA quick_check(1)", "ok", ERR_CORRUPT, &why);
    int code = e == ERR_CORRUPT ? unread_in(why.text) : SQLITE_OK;

    if (e == ERR_OK)
        return ERR_OK;
    return err_because(r, code == SQLITE_OK ? e : map_code(code), "%s", why.text);
}

/* Called by SQLite after each commit in WAL mode; replaces its automatic checkpoint. */
static int note_wal(void *arg, sqlite3 *handle, const char *name, int pages)
{
    struct db *db = arg;

    (void)handle;
    (void)name;
    db->wal_pages = pages;
    return SQLITE_OK;
}

static enum err check_library(struct reason *r)
{
    if (sqlite3_libversion_number() < OLDEST_SQLITE)
        return err_because(r, ERR_RANGE, "SQLite %s is older than 3.40.1", sqlite3_libversion());
    if (sqlite3_compileoption_used("THREADSAFE=1") == 0)
        return err_because(r, ERR_RANGE, "SQLite was built without THREADSAFE=1");
    return ERR_OK;
}

/* SQLite would make a file that others may read; its WAL takes the mode of the file. Never opens an existing file:
 * closing that would drop the locks that a connection of this process holds on it. */
static enum err create_private(const char *path, struct reason *r)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0)
        (void)close(fd);
    else if (errno != EEXIST)
        return err_because(r, errno == ENOSPC ? ERR_FULL : ERR_IO, "database: cannot be created: %s", strerror(errno));
    return ERR_OK;
}

static enum err open_handle(struct db *db, const struct db_cfg *cfg, struct reason *r)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

    if (sqlite3_open_v2(cfg->path, &db->handle, flags, cfg->vfs) != SQLITE_OK) {
        if (db->handle == NULL)
            return err_because(r, ERR_MEMORY, "database: no memory");
        return db_error(db, r);
    }
    (void)sqlite3_extended_result_codes(db->handle, 1);
    (void)sqlite3_limit(db->handle, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    (void)sqlite3_limit(db->handle, SQLITE_LIMIT_SQL_LENGTH, SQL_LENGTH_MAX);
    (void)sqlite3_limit(db->handle, SQLITE_LIMIT_EXPR_DEPTH, EXPRESSION_DEPTH_MAX);
    if (sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK ||
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL) != SQLITE_OK ||
        sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL) != SQLITE_OK)
        return db_error(db, r);
    return ERR_OK;
}

static enum err set_pragmas(struct db *db, struct reason *r)
{
    /* Exclusive locking comes before WAL: then SQLite uses no shared memory file and nobody else gets in. */
    enum err e = expect_text(db, "PRAGMA locking_mode=EXCLUSIVE", "exclusive", ERR_STATE, r);

    if (e == ERR_OK)
        e = run_script(db, "PRAGMA mmap_size=0; PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF;", r);
    if (e == ERR_OK)
        e = expect_text(db, "PRAGMA journal_mode=WAL", "wal", ERR_STATE, r);
    if (e == ERR_OK)
        e = run_script(db,
                       "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;"
                       "PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;",
                       r);
    if (e == ERR_OK)
        e = query_int(db, "PRAGMA page_size", &db->page_bytes, r);
    (void)sqlite3_wal_hook(db->handle, note_wal, db);
    return e;
}

static enum err limit_size(struct db *db, int64_t max_bytes, struct reason *r)
{
    char sql[64];

    if (max_bytes == 0)
        return ERR_OK;
    assert(max_bytes > 0);
    (void)snprintf(sql, sizeof(sql), "PRAGMA max_page_count=%" PRId64,
                   max_bytes < db->page_bytes ? 1 : max_bytes / db->page_bytes);
    return run_script(db, sql, r);
}

static enum err apply_migration(struct db *db, const char *script, int number, struct reason *r)
{
    char version[48];
    enum err e = db_begin(db, r);

    if (e != ERR_OK)
        return e;
    (void)snprintf(version, sizeof(version), "PRAGMA user_version=%d", number);
    e = run_script(db, script, r);
    if (e == ERR_OK)
        e = run_script(db, version, r);
    if (e == ERR_OK && sqlite3_get_autocommit(db->handle) != 0)
        e = err_because(r, ERR_STATE, "the script ended its transaction by itself");
    if (e == ERR_OK)
        e = db_commit(db, r);
    if (e != ERR_OK) {
        db_rollback(db);
        return err_prefix(r, e, "migration %d", number);
    }
    log_info("db", "migration %d applied", number);
    return ERR_OK;
}

static enum err migrate(struct db *db, const struct db_cfg *cfg, struct reason *r)
{
    int64_t version = 0;
    enum err e = query_int(db, "PRAGMA user_version", &version, r);

    if (e != ERR_OK)
        return e;
    if (version < 0 || version > cfg->migrations)
        return err_because(r, ERR_RANGE, "database: schema %" PRId64 " was made by a newer version; this one knows %d",
                           version, cfg->migrations);
    for (int i = (int)version; e == ERR_OK && i < cfg->migrations; i++)
        e = apply_migration(db, cfg->migration[i], i + 1, r);
    return e;
}

enum err db_open(struct db **out, const struct db_cfg *cfg, struct reason *r)
{
    struct db *db;
    enum err e = check_library(r);

    if (e != ERR_OK)
        return e;
    db = calloc(1, sizeof(*db));
    if (db == NULL)
        return err_because(r, ERR_MEMORY, "database: no memory");
    if (cfg->vfs == NULL)
        e = create_private(cfg->path, r);
    if (e == ERR_OK)
        e = open_handle(db, cfg, r);
    if (e == ERR_OK)
        e = set_pragmas(db, r);
    if (e == ERR_OK)
        e = check_pages(db, r);
    if (e == ERR_OK)
        e = limit_size(db, cfg->max_bytes, r);
    if (e == ERR_OK)
        e = migrate(db, cfg, r);
    /* SQLite syncs the name of a new WAL once and passes over an error: then every commit in it could be lost. */
    if (e == ERR_OK && cfg->vfs == NULL)
        e = file_sync_folder(cfg->path, r);
    if (e != ERR_OK) {
        db_close(db);
        return err_prefix(r, e, "%s", cfg->path);
    }
    *out = db;
    return ERR_OK;
}

void db_close(struct db *db)
{
    int code;

    if (db == NULL)
        return;
    for (size_t i = 0; i < db->cached_count; i++)
        (void)sqlite3_finalize(db->cached[i].stmt);
    free(db->cached);
    /* Closing the only connection checkpoints and removes the WAL. */
    code = sqlite3_close(db->handle);
    if (code != SQLITE_OK) {
        log_error("db", "close: %s: a statement was not finalised", sqlite3_errstr(code));
        (void)sqlite3_close_v2(db->handle);
    }
    free(db);
}

sqlite3 *db_handle(struct db *db)
{
    return db->handle;
}

static _Noreturn void bad_sql(struct db *db, const char *sql)
{
    log_error("db", "cannot compile: %s: %s", sqlite3_errmsg(db->handle), sql);
    abort();
}

static sqlite3_stmt *add_statement(struct db *db, const char *sql)
{
    sqlite3_stmt *s = NULL;
    const char *tail = NULL;

    if (db->cached_count == db->cached_cap) {
        size_t cap = db->cached_cap == 0 ? 32 : 2 * db->cached_cap;
        struct cached *bigger = reallocarray(db->cached, cap, sizeof(*bigger));

        if (bigger == NULL) {
            log_error("db", "out of memory");
            abort();
        }
        db->cached = bigger;
        db->cached_cap = cap;
    }
    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, &tail) != SQLITE_OK || s == NULL)
        bad_sql(db, sql);
    if (tail[strspn(tail, " \t\n;")] != '\0') {
        log_error("db", "more than one statement: %s", sql);
        abort();
    }
    db->cached[db->cached_count++] = (struct cached){.sql = sql, .stmt = s};
    return s;
}

sqlite3_stmt *db_stmt(struct db *db, const char *sql)
{
    for (size_t i = 0; i < db->cached_count; i++) {
        if (db->cached[i].sql == sql) {
            (void)sqlite3_reset(db->cached[i].stmt);
            (void)sqlite3_clear_bindings(db->cached[i].stmt);
            return db->cached[i].stmt;
        }
    }
    return add_statement(db, sql);
}

enum err db_begin(struct db *db, struct reason *r)
{
    return db_run(db, db_stmt(db, "BEGIN IMMEDIATE"), r);
}

enum err db_commit(struct db *db, struct reason *r)
{
    enum err e = db_run(db, db_stmt(db, "COMMIT"), r);

    if (e != ERR_OK)
        db_rollback(db);
    return e;
}

void db_rollback(struct db *db)
{
    /* SQLite rolls back by itself after some errors; then there is nothing left to undo. */
    if (sqlite3_get_autocommit(db->handle) != 0)
        return;
    if (sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
        log_error("db", "rollback: %s", sqlite3_errmsg(db->handle));
}

enum err db_run(struct db *db, sqlite3_stmt *s, struct reason *r)
{
    int code = sqlite3_step(s);
    enum err e = ERR_OK;

    if (code == SQLITE_ROW)
        e = err_because(r, ERR_STATE, "database: a row where none was expected: %s", sqlite3_sql(s));
    else if (code != SQLITE_DONE)
        e = because_code(db, code, r);
    (void)sqlite3_reset(s); /* repeats the error of the step */
    return e;
}

enum err db_step(struct db *db, sqlite3_stmt *s, bool *row, struct reason *r)
{
    int code = sqlite3_step(s);

    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return because_code(db, code, r);
    *row = code == SQLITE_ROW;
    return ERR_OK;
}

enum err db_checkpoint(struct db *db, bool force, struct reason *r)
{
    int code;

    if (!force && db->wal_pages * db->page_bytes <= WAL_KEEP_BYTES)
        return ERR_OK;
    code = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (code != SQLITE_OK)
        return because_code(db, code, r);
    db->wal_pages = 0;
    return ERR_OK;
}

/* A missing file is fine: not every database has a WAL beside it. */
static enum err move_file(const char *path, const char *suffix, int64_t now_s, struct reason *r)
{
    char from[PATH_CAP];
    char to[PATH_CAP];
    int n = snprintf(from, sizeof(from), "%s%s", path, suffix);
    int m = snprintf(to, sizeof(to), "%s.bad-%" PRId64 "%s", path, now_s, suffix);

    if (n < 0 || m < 0 || (size_t)n >= sizeof(from) || (size_t)m >= sizeof(to))
        return err_because(r, ERR_TOO_LONG, "%.100s...: path too long", path);
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 || errno == ENOENT)
        return ERR_OK;
    return err_because(r, ERR_IO, "%s: cannot be moved to %s: %s", from, to, strerror(errno));
}

enum err db_move_aside(const char *path, int64_t now_s, struct reason *r)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    enum err e = ERR_OK;

    /* The database goes first: without its WAL it would be an older state that looks whole. A WAL left alone is not
     * played into a new database, which is empty when it is opened. */
    for (size_t i = 0; e == ERR_OK && i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        e = move_file(path, suffixes[i], now_s, r);
    return e;
}
