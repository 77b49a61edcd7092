/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/db.h"

/* ------------------------------------------------- a file system that fails on command */

static struct {
    int write_code, sync_code; /* SQLITE_OK: the real thing */
    unsigned syncs;
} fault;

struct fault_file {
    sqlite3_file base;
    sqlite3_file *real; /* in the bytes behind this struct */
};

static sqlite3_vfs *real_vfs(void)
{
    return sqlite3_vfs_find("unix");
}

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct fault_file *)f)->real;
}

static int fault_close(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int fault_read(sqlite3_file *f, void *bytes, int len, sqlite3_int64 at)
{
    return real_of(f)->pMethods->xRead(real_of(f), bytes, len, at);
}

static int fault_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at)
{
    if (fault.write_code != SQLITE_OK)
        return fault.write_code;
    return real_of(f)->pMethods->xWrite(real_of(f), bytes, len, at);
}

static int fault_truncate(sqlite3_file *f, sqlite3_int64 len)
{
    return real_of(f)->pMethods->xTruncate(real_of(f), len);
}

static int fault_sync(sqlite3_file *f, int flags)
{
    (void)f;
    (void)flags;
    fault.syncs++;
    return fault.sync_code; /* no power is lost in this test, so nothing needs the disk */
}

static int fault_size(sqlite3_file *f, sqlite3_int64 *len)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), len);
}

static int fault_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int fault_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int fault_reserved(sqlite3_file *f, int *reserved)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), reserved);
}

static int fault_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int fault_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int fault_traits(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

/* Version 1 has no shared memory: WAL works on it in exclusive mode only. */
static const sqlite3_io_methods fault_methods = {
    .iVersion = 1,
    .xClose = fault_close,
    .xRead = fault_read,
    .xWrite = fault_write,
    .xTruncate = fault_truncate,
    .xSync = fault_sync,
    .xFileSize = fault_size,
    .xLock = fault_lock,
    .xUnlock = fault_unlock,
    .xCheckReservedLock = fault_reserved,
    .xFileControl = fault_control,
    .xSectorSize = fault_sector,
    .xDeviceCharacteristics = fault_traits,
};

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
    struct fault_file *own = (struct fault_file *)f;
    int code;

    (void)vfs;
    own->real = (sqlite3_file *)(own + 1);
    code = real_vfs()->xOpen(real_vfs(), name, own->real, flags, out_flags);
    own->base.pMethods = code == SQLITE_OK ? &fault_methods : NULL;
    return code;
}

static sqlite3_vfs fault_vfs;

static int set_up(void **state)
{
    (void)state;
    if (sqlite3_initialize() != SQLITE_OK)
        return -1;
    fault_vfs = *real_vfs();
    fault_vfs.iVersion = 1;
    fault_vfs.pNext = NULL;
    fault_vfs.zName = "fault";
    fault_vfs.szOsFile = (int)sizeof(struct fault_file) + real_vfs()->szOsFile;
    fault_vfs.xOpen = fault_open;
    return sqlite3_vfs_register(&fault_vfs, 0) == SQLITE_OK ? 0 : -1;
}

/* ------------------------------------------------- a folder for each test */

struct place {
    char folder[64];
    char path[80];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    memset(&fault, 0, sizeof(fault));
    if (p == NULL)
        return -1;
    (void)snprintf(p->folder, sizeof(p->folder), "/tmp/medlocker-db-XXXXXX");
    if (mkdtemp(p->folder) == NULL)
        return -1;
    (void)snprintf(p->path, sizeof(p->path), "%s/t.db", p->folder);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;
    DIR *d = opendir(p->folder);
    struct dirent *entry;

    while (d != NULL && (entry = readdir(d)) != NULL) {
        char path[400];

        (void)snprintf(path, sizeof(path), "%s/%s", p->folder, entry->d_name);
        (void)unlink(path);
    }
    if (d != NULL)
        (void)closedir(d);
    (void)rmdir(p->folder);
    free(p);
    return 0;
}

static const char *const migrations[] = {
    "CREATE TABLE door (id INTEGER PRIMARY KEY, state TEXT NOT NULL) STRICT;",
    "CREATE TABLE bag (id INTEGER PRIMARY KEY, door INTEGER NOT NULL REFERENCES door (id), note BLOB) STRICT;"
    "INSERT INTO door (id, state) VALUES (1, 'FREE');",
};

static struct db_cfg config(const struct place *p)
{
    return (struct db_cfg){.path = p->path, .migration = migrations, .migrations = 2};
}

static struct db *open_db(const struct db_cfg *cfg)
{
    struct reason r = {""};
    struct db *db = NULL;
    enum err e = db_open(&db, cfg, &r);

    assert_string_equal(r.text, "");
    assert_int_equal(e, ERR_OK);
    assert_non_null(db);
    return db;
}

static int64_t ask(struct db *db, const char *sql)
{
    sqlite3_stmt *s = NULL;
    int64_t value;

    assert_int_equal(sqlite3_prepare_v2(db_handle(db), sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    value = sqlite3_column_int64(s, 0);
    assert_int_equal(sqlite3_finalize(s), SQLITE_OK);
    return value;
}

static enum err add_door(struct db *db, int64_t id, struct reason *r)
{
    sqlite3_stmt *s = db_stmt(db, "INSERT INTO door (id, state) VALUES (?, 'FREE')");

    assert_int_equal(sqlite3_bind_int64(s, 1, id), SQLITE_OK);
    return db_run(db, s, r);
}

static enum err add_note(struct db *db, int len, struct reason *r)
{
    sqlite3_stmt *s = db_stmt(db, "INSERT INTO bag (door, note) VALUES (1, zeroblob(?))");

    assert_int_equal(sqlite3_bind_int(s, 1, len), SQLITE_OK);
    return db_run(db, s, r);
}

static int64_t size_of(const struct place *p, const char *suffix)
{
    char path[120];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s%s", p->path, suffix);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

/* ------------------------------------------------- opening */

static void a_new_database_gets_the_safe_settings(void **state)
{
    const struct db_cfg cfg = config(*state);
    struct db *db = open_db(&cfg);
    struct stat st;

    assert_int_equal(ask(db, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
    assert_int_equal(ask(db, "PRAGMA synchronous"), 2);
    assert_int_equal(ask(db, "SELECT count(*) FROM pragma_locking_mode WHERE locking_mode = 'exclusive'"), 1);
    assert_int_equal(ask(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(ask(db, "PRAGMA trusted_schema"), 0);
    assert_int_equal(ask(db, "PRAGMA cell_size_check"), 1);
    assert_int_equal(ask(db, "PRAGMA secure_delete"), 1);
    assert_int_equal(ask(db, "PRAGMA wal_autocheckpoint"), 0);
    assert_int_equal(ask(db, "PRAGMA user_version"), 2);
    assert_int_equal(stat(cfg.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(size_of(*state, "-shm"), -1);
    db_close(db);
    assert_int_equal(size_of(*state, "-wal"), -1);
}

static void what_was_committed_is_there_after_reopening(void **state)
{
    const struct db_cfg cfg = config(*state);
    struct db *db = open_db(&cfg);

    assert_int_equal(db_begin(db, NULL), ERR_OK);
    assert_int_equal(add_door(db, 7, NULL), ERR_OK);
    assert_int_equal(db_commit(db, NULL), ERR_OK);
    db_close(db);
    db = open_db(&cfg);
    assert_int_equal(ask(db, "SELECT count(*) FROM door"), 2);
    db_close(db);
}

static void what_was_committed_survives_a_process_that_dies(void **state)
{
    const struct db_cfg cfg = config(*state);
    struct db *db;
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        bool good = db_open(&db, &cfg, NULL) == ERR_OK && db_begin(db, NULL) == ERR_OK &&
                    add_door(db, 7, NULL) == ERR_OK && db_commit(db, NULL) == ERR_OK && db_begin(db, NULL) == ERR_OK &&
                    add_door(db, 8, NULL) == ERR_OK;
        _exit(good ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(size_of(*state, "-wal") > 0);
    db = open_db(&cfg);
    assert_int_equal(ask(db, "SELECT max(id) FROM door"), 7);
    db_close(db);
}

static void a_second_connection_is_kept_out(void **state)
{
    const struct db_cfg cfg = config(*state);
    struct db *db = open_db(&cfg);
    struct db *second = NULL;
    struct reason r;
    int status;
    pid_t child;

    assert_int_equal(db_open(&second, &cfg, &r), ERR_BUSY);
    assert_null(second);
    assert_non_null(strstr(r.text, cfg.path));
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit((int)db_open(&second, &cfg, NULL));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), ERR_BUSY);
    assert_int_equal(add_door(db, 7, NULL), ERR_OK);
    db_close(db);
}

static void a_database_of_a_newer_version_is_refused(void **state)
{
    struct db_cfg cfg = config(*state);
    struct db *db = open_db(&cfg);
    struct reason r;

    db_close(db);
    cfg.migrations = 1;
    assert_int_equal(db_open(&db, &cfg, &r), ERR_RANGE);
    assert_non_null(strstr(r.text, "schema 2"));
}

static void migrations_that_are_missing_are_applied(void **state)
{
    struct db_cfg cfg = config(*state);
    struct db *db;

    cfg.migrations = 1;
    db = open_db(&cfg);
    assert_int_equal(ask(db, "PRAGMA user_version"), 1);
    assert_int_equal(add_door(db, 9, NULL), ERR_OK);
    db_close(db);
    cfg.migrations = 2;
    db = open_db(&cfg);
    assert_int_equal(ask(db, "PRAGMA user_version"), 2);
    assert_int_equal(ask(db, "SELECT count(*) FROM door"), 2);
    db_close(db);
}

static void a_failed_migration_leaves_the_version_before_it(void **state)
{
    static const char *const broken[] = {
        "CREATE TABLE door (id INTEGER PRIMARY KEY, state TEXT NOT NULL) STRICT;",
        "CREATE TABLE bag (id INTEGER PRIMARY KEY) STRICT; INSERT INTO nowhere VALUES (1);",
    };
    struct db_cfg cfg = config(*state);
    struct db *db = NULL;
    struct reason r;

    cfg.migration = broken;
    assert_int_not_equal(db_open(&db, &cfg, &r), ERR_OK);
    assert_null(db);
    assert_non_null(strstr(r.text, "migration 2: "));
    assert_non_null(strstr(r.text, "nowhere"));
    cfg.migrations = 1;
    db = open_db(&cfg);
    assert_int_equal(ask(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'bag'"), 0);
    db_close(db);
}

static void a_file_that_is_no_database_is_corrupt(void **state)
{
    const struct db_cfg cfg = config(*state);
    FILE *f = fopen(cfg.path, "w");
    struct db *db = NULL;

    assert_non_null(f);
    for (int i = 0; i < 1000; i++)
        assert_true(fputs("this is no database ", f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(db_open(&db, &cfg, NULL), ERR_CORRUPT);
}

static void a_damaged_page_is_corrupt_and_can_be_moved_aside(void **state)
{
    const struct place *p = *state;
    const struct db_cfg cfg = config(p);
    struct db *db = open_db(&cfg);
    int64_t len;
    FILE *f;

    for (int i = 0; i < 200; i++)
        assert_int_equal(add_note(db, 500, NULL), ERR_OK);
    db_close(db);
    len = size_of(p, "");
    f = fopen(cfg.path, "r+");
    assert_non_null(f);
    assert_int_equal(fseek(f, 4096 * 3, SEEK_SET), 0);
    for (int64_t i = 4096 * 3; i < len; i++)
        assert_int_equal(fputc(0x55, f), 0x55);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(db_open(&db, &cfg, NULL), ERR_CORRUPT);
    assert_int_equal(db_move_aside(cfg.path, 1767225600, NULL), ERR_OK);
    assert_int_equal(size_of(p, ".bad-1767225600"), len);
    assert_int_equal(size_of(p, ""), -1);
    db = open_db(&cfg);
    assert_int_equal(ask(db, "SELECT count(*) FROM bag"), 0);
    db_close(db);
}

static void moving_aside_takes_the_wal_along_and_overwrites_nothing(void **state)
{
    static const char *const names[] = {"", "-wal"};
    const struct place *p = *state;
    char path[120];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2; i++) {
            FILE *f;

            (void)snprintf(path, sizeof(path), "%s%s", p->path, names[i]);
            f = fopen(path, "w");
            assert_non_null(f);
            assert_int_equal(fclose(f), 0);
        }
        assert_int_equal(db_move_aside(p->path, 5, NULL), round == 0 ? ERR_OK : ERR_IO);
    }
    assert_int_equal(size_of(p, ".bad-5"), 0);
    assert_int_equal(size_of(p, ".bad-5-wal"), 0);
    assert_int_equal(size_of(p, ""), 0);
}

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "r");
    FILE *out = fopen(to, "w");

    assert_true(in != NULL && out != NULL);
    for (int c = fgetc(in); c != EOF; c = fgetc(in))
        assert_int_equal(fputc(c, out), c);
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

/* The state of the last checkpoint must not come back as if it were the newest. */
static void moving_aside_that_stops_half_way_revives_nothing_old(void **state)
{
    const struct place *p = *state;
    struct db_cfg cfg = config(p);
    struct db *db = open_db(&cfg);
    char wal[100], killed[100], killed_wal[120], kept_wal[100], in_the_way[120];

    (void)snprintf(wal, sizeof(wal), "%s-wal", p->path);
    (void)snprintf(kept_wal, sizeof(kept_wal), "%s-kept", p->path);
    (void)snprintf(killed, sizeof(killed), "%s.killed", p->path);
    (void)snprintf(killed_wal, sizeof(killed_wal), "%s-wal", killed);
    (void)snprintf(in_the_way, sizeof(in_the_way), "%s.bad-5", killed);
    assert_int_equal(add_note(db, 1, NULL), ERR_OK);
    assert_int_equal(db_checkpoint(db, true, NULL), ERR_OK);
    assert_int_equal(add_note(db, 1, NULL), ERR_OK);
    copy_file(p->path, killed);
    copy_file(wal, killed_wal);
    copy_file(wal, kept_wal);
    db_close(db);

    copy_file(killed, in_the_way); /* of the database, not of its WAL */
    assert_int_equal(db_move_aside(killed, 5, NULL), ERR_IO);
    cfg.path = killed;
    db = open_db(&cfg);
    assert_int_equal(ask(db, "SELECT count(*) FROM bag"), 2);
    db_close(db);
    assert_int_equal(unlink(killed), 0);

    /* The other half: only the WAL is left. */
    copy_file(kept_wal, killed_wal);
    db = open_db(&cfg);
    assert_int_equal(ask(db, "SELECT count(*) FROM bag"), 0);
    db_close(db);
}

static void a_folder_that_is_missing_is_an_io_error(void **state)
{
    struct db_cfg cfg = config(*state);
    struct db *db = NULL;

    cfg.path = "/nonexistent/t.db";
    assert_int_equal(db_open(&db, &cfg, NULL), ERR_IO);
    cfg.vfs = "fault";
    assert_int_equal(db_open(&db, &cfg, NULL), ERR_IO);
}

static void closing_nothing_is_fine(void **state)
{
    (void)state;
    db_close(NULL);
}

/* ------------------------------------------------- statements and transactions */

static void a_statement_is_kept_and_comes_back_clean(void **state)
{
    static const char sql[] = "SELECT id, ? FROM door";
    const struct db_cfg cfg = config(*state);
    struct db *db = open_db(&cfg);
    sqlite3_stmt *s = db_stmt(db, sql);
    bool row = false;

    assert_int_equal(sqlite3_bind_int(s, 1, 5), SQLITE_OK);
    assert_int_equal(db_step(db, s, &row, NULL), ERR_OK);
    assert_true(row);
    assert_int_equal(sqlite3_column_int(s, 1), 5);
    assert_ptr_equal(db_stmt(db, sql), s);
    assert_int_equal(db_step(db, s, &row, NULL), ERR_OK);
    assert_int_equal(sqlite3_column_type(s, 1), SQLITE_NULL);
    assert_int_equal(db_step(db, s, &row, NULL), ERR_OK);
    assert_false(row);
    db_close(db);
}

static void many_statements_are_kept_apart(void **state)
{
    static char sql[200][40];
    const struct db_cfg cfg = config(*state);
    struct db *db = open_db(&cfg);

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 200; i++) {
            bool row;
            sqlite3_stmt *s;

            (void)snprintf(sql[i], sizeof(sql[i]), "SELECT %d", i);
            s = db_stmt(db, sql[i]);
            assert_int_equal(db_step(db, s, &row, NULL), ERR_OK);
            assert_int_equal(sqlite3_column_int(s, 0), i);
        }
    }
    db_close(db);
}

static void a_row_where_none_is_expected_is_reported(void **state)
{
    const struct db_cfg cfg = config(*state);
    struct db *db = open_db(&cfg);
    struct reason r;

    assert_int_equal(db_run(db, db_stmt(db, "SELECT 1"), &r), ERR_STATE);
    db_close(db);
}

static void a_constraint_is_a_duplicate_and_ends_nothing(void **state)
{
    const struct db_cfg cfg = config(*state);
    struct db *db = open_db(&cfg);
    struct reason r;

    assert_int_equal(db_begin(db, NULL), ERR_OK);
    assert_int_equal(add_door(db, 7, NULL), ERR_OK);
    assert_int_equal(add_door(db, 7, &r), ERR_DUPLICATE);
    assert_non_null(strstr(r.text, "door.id"));
    assert_int_equal(db_run(db, db_stmt(db, "INSERT INTO bag (door) VALUES (99)"), NULL), ERR_DUPLICATE);
    assert_int_equal(db_commit(db, NULL), ERR_OK);
    assert_int_equal(ask(db, "SELECT count(*) FROM door"), 2);
    db_close(db);
}

static void what_is_rolled_back_is_gone(void **state)
{
    const struct db_cfg cfg = config(*state);
    struct db *db = open_db(&cfg);

    assert_int_equal(db_begin(db, NULL), ERR_OK);
    assert_int_equal(add_door(db, 7, NULL), ERR_OK);
    db_rollback(db);
    db_rollback(db);
    assert_int_equal(ask(db, "SELECT count(*) FROM door"), 1);
    assert_int_equal(db_begin(db, NULL), ERR_OK);
    assert_int_equal(db_commit(db, NULL), ERR_OK);
    db_close(db);
}

/* ------------------------------------------------- failing disks */

static void a_full_database_is_full_and_the_rest_stays(void **state)
{
    struct db_cfg cfg = config(*state);
    enum err e = ERR_OK;
    struct db *db;
    int64_t kept;

    cfg.max_bytes = 256 * 1024;
    db = open_db(&cfg);
    for (int i = 0; e == ERR_OK && i < 1000; i++)
        e = add_note(db, 4000, NULL);
    assert_int_equal(e, ERR_FULL);
    kept = ask(db, "SELECT count(*) FROM bag");
    assert_in_range(kept, 40, 64);
    db_close(db);
    db = open_db(&cfg);
    assert_int_equal(ask(db, "SELECT count(*) FROM bag"), kept);
    db_close(db);
}

/* The error that a write or sync of SQLite's gives, and what becomes of the transaction. */
static void assert_commit_fails(const struct place *p, int write_code, int sync_code, enum err expected)
{
    struct db_cfg cfg = config(p);
    struct db *db;
    struct reason r = {""};

    cfg.vfs = "fault";
    memset(&fault, 0, sizeof(fault));
    db = open_db(&cfg);
    assert_int_equal(db_begin(db, NULL), ERR_OK);
    assert_int_equal(add_door(db, 7, NULL), ERR_OK);
    fault.write_code = write_code;
    fault.sync_code = sync_code;
    assert_int_equal(db_commit(db, &r), expected);
    assert_int_not_equal(r.text[0], '\0');
    assert_int_not_equal(sqlite3_get_autocommit(db_handle(db)), 0);
    memset(&fault, 0, sizeof(fault));
    db_close(db);
    db = open_db(&cfg);
    assert_int_equal(ask(db, "SELECT count(*) FROM door"), 1);
    db_close(db);
}

static void a_failed_write_is_an_io_error_and_rolled_back(void **state)
{
    assert_commit_fails(*state, SQLITE_IOERR_WRITE, SQLITE_OK, ERR_IO);
}

static void a_failed_sync_is_an_io_error_and_rolled_back(void **state)
{
    assert_commit_fails(*state, SQLITE_OK, SQLITE_IOERR_FSYNC, ERR_IO);
}

/* The frames may have reached the file although the sync failed: the caller must not take an error for "did not
 * happen". */
static void a_commit_whose_sync_failed_is_whole_or_absent_after_a_crash(void **state)
{
    struct db_cfg cfg = config(*state);
    struct db *db;
    int status;
    pid_t child = fork();
    int64_t doors;

    cfg.vfs = "fault";
    assert_true(child >= 0);
    if (child == 0) {
        if (db_open(&db, &cfg, NULL) != ERR_OK || db_begin(db, NULL) != ERR_OK || add_door(db, 7, NULL) != ERR_OK ||
            add_door(db, 8, NULL) != ERR_OK)
            _exit(99);
        fault.sync_code = SQLITE_IOERR_FSYNC;
        _exit((int)db_commit(db, NULL));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), ERR_IO);
    db = open_db(&cfg);
    doors = ask(db, "SELECT count(*) FROM door");
    assert_true(doors == 1 || doors == 3);
    db_close(db);
}

static void a_full_disk_is_full_and_rolled_back(void **state)
{
    assert_commit_fails(*state, SQLITE_FULL, SQLITE_OK, ERR_FULL);
}

static void every_commit_is_synced(void **state)
{
    struct db_cfg cfg = config(*state);
    struct db *db;

    cfg.vfs = "fault";
    db = open_db(&cfg);
    for (int i = 0; i < 10; i++) {
        unsigned before = fault.syncs;

        assert_int_equal(db_begin(db, NULL), ERR_OK);
        assert_int_equal(add_door(db, 10 + i, NULL), ERR_OK);
        assert_int_equal(db_commit(db, NULL), ERR_OK);
        assert_true(fault.syncs > before);
    }
    db_close(db);
}

static void the_wal_is_moved_when_large_or_forced(void **state)
{
    const struct place *p = *state;
    struct db_cfg cfg = config(p);
    struct db *db;

    cfg.vfs = "fault";
    db = open_db(&cfg);
    assert_int_equal(add_note(db, 3 * 1024 * 1024, NULL), ERR_OK);
    assert_int_equal(db_checkpoint(db, false, NULL), ERR_OK);
    assert_true(size_of(p, "-wal") > 3 * 1024 * 1024);
    assert_int_equal(add_note(db, 2 * 1024 * 1024, NULL), ERR_OK);
    assert_true(size_of(p, "-wal") > 5 * 1024 * 1024);
    assert_int_equal(db_checkpoint(db, false, NULL), ERR_OK);
    assert_int_equal(size_of(p, "-wal"), 0);
    assert_int_equal(add_note(db, 10, NULL), ERR_OK);
    assert_int_equal(db_checkpoint(db, true, NULL), ERR_OK);
    assert_int_equal(size_of(p, "-wal"), 0);
    assert_int_equal(ask(db, "SELECT count(*) FROM bag"), 3);
    db_close(db);
}

#define WITH_PLACE(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PLACE(a_new_database_gets_the_safe_settings),
        WITH_PLACE(what_was_committed_is_there_after_reopening),
        WITH_PLACE(what_was_committed_survives_a_process_that_dies),
        WITH_PLACE(a_second_connection_is_kept_out),
        WITH_PLACE(a_database_of_a_newer_version_is_refused),
        WITH_PLACE(migrations_that_are_missing_are_applied),
        WITH_PLACE(a_failed_migration_leaves_the_version_before_it),
        WITH_PLACE(a_file_that_is_no_database_is_corrupt),
        WITH_PLACE(a_damaged_page_is_corrupt_and_can_be_moved_aside),
        WITH_PLACE(moving_aside_takes_the_wal_along_and_overwrites_nothing),
        WITH_PLACE(moving_aside_that_stops_half_way_revives_nothing_old),
        WITH_PLACE(a_folder_that_is_missing_is_an_io_error),
        WITH_PLACE(closing_nothing_is_fine),
        WITH_PLACE(a_statement_is_kept_and_comes_back_clean),
        WITH_PLACE(many_statements_are_kept_apart),
        WITH_PLACE(a_row_where_none_is_expected_is_reported),
        WITH_PLACE(a_constraint_is_a_duplicate_and_ends_nothing),
        WITH_PLACE(what_is_rolled_back_is_gone),
        WITH_PLACE(a_full_database_is_full_and_the_rest_stays),
        WITH_PLACE(a_failed_write_is_an_io_error_and_rolled_back),
        WITH_PLACE(a_failed_sync_is_an_io_error_and_rolled_back),
        WITH_PLACE(a_commit_whose_sync_failed_is_whole_or_absent_after_a_crash),
        WITH_PLACE(a_full_disk_is_full_and_rolled_back),
        WITH_PLACE(every_commit_is_synced),
        WITH_PLACE(the_wal_is_moved_when_large_or_forced),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
