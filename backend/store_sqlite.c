/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/store_sqlite.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/store_sqlite_part.h"

static const char *const migrations[] = {
#include "backend/schema/sqlite_0001.inc"
    ,
#include "backend/schema/sqlite_0002.inc"
};

struct db *store_sqlite_db(struct store *s)
{
    return ((struct store_sqlite *)(void *)s)->db;
}

struct db *store_sqlite_writing(struct store *s)
{
    struct db *db = store_sqlite_db(s);

    assert(sqlite3_get_autocommit(db_handle(db)) == 0);
    return db;
}

enum err store_sqlite_put(struct db *db, sqlite3_stmt *q, const struct row_col *cols, size_t n, const void *row,
                          struct reason *r)
{
    if (row_bind(q, 1, cols, n, row) != ERR_OK) {
        return db_error(db, r);
    }
    return db_run(db, q, r);
}

enum err store_sqlite_next(struct db *db, sqlite3_stmt *q, const struct row_col *cols, size_t n, void *row, bool *more,
                           struct reason *r)
{
    enum err e = db_step(db, q, more, r);

    if (e == ERR_OK && *more) {
        e = row_read(q, 0, cols, n, row, r);
    }
    return e;
}

enum err store_sqlite_one(struct db *db, sqlite3_stmt *q, const struct row_col *cols, size_t n, void *row,
                          const char *what, struct reason *r)
{
    bool more = false;
    enum err e = db_step(db, q, &more, r);

    if (e == ERR_OK && !more) {
        e = err_because(r, ERR_NOT_FOUND, "no such %s", what);
    } else if (e == ERR_OK) {
        e = row_read(q, 0, cols, n, row, r);
    }
    (void)sqlite3_reset(q);
    return e;
}

enum err store_sqlite_change(struct db *db, sqlite3_stmt *q, const char *what, struct reason *r)
{
    enum err e = db_run(db, q, r);

    if (e == ERR_OK && sqlite3_changes(db_handle(db)) != 1) {
        e = err_because(r, ERR_NOT_FOUND, "no such %s", what);
    }
    return e;
}

static void free_store(struct store *s)
{
    struct store_sqlite *q = (struct store_sqlite *)(void *)s;

    db_close(q->db);
    free(q);
}

static enum err begin(struct store *s, struct reason *r)
{
    return db_begin(store_sqlite_db(s), r);
}

static enum err commit(struct store *s, struct reason *r)
{
    return db_commit(store_sqlite_db(s), r);
}

static void rollback(struct store *s)
{
    db_rollback(store_sqlite_db(s));
}

/* An empty file of the right mode first: SQLite fills it. */
static enum err backup(struct store *s, const char *path, struct reason *r)
{
    struct db *db = store_sqlite_db(s);
    sqlite3_stmt *q = db_stmt(db, "VACUUM INTO ?1");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum err e;

    if (fd < 0)
        return err_because(r, errno == EEXIST ? ERR_DUPLICATE : ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
    (void)sqlite3_bind_text(q, 1, path, -1, SQLITE_STATIC);
    e = db_run(db, q, r);
    if (e == ERR_OK && fsync(fd) != 0)
        e = err_because(r, ERR_IO, "%s: %s", path, strerror(errno));
    (void)close(fd);
    if (e != ERR_OK)
        (void)unlink(path);
    return e;
}

static enum err idle(struct store *s, struct reason *r)
{
    return db_checkpoint(store_sqlite_db(s), false, r);
}

enum err store_sqlite_open(struct store **out, const char *path, struct reason *r)
{
    struct db_cfg cfg = {.path = path, .migration = migrations, .migrations = (int)ROW_COUNT(migrations)};
    struct store_sqlite *q = calloc(1, sizeof(*q));

    if (q == NULL) {
        return err_because(r, ERR_MEMORY, "store: out of memory");
    }
    enum err e = db_open(&q->db, &cfg, r);
    if (e != ERR_OK) {
        free(q);
        return e;
    }
    q->ops.free = free_store;
    q->ops.begin = begin;
    q->ops.commit = commit;
    q->ops.rollback = rollback;
    q->ops.idle = idle;
    q->ops.backup = backup;
    store_sqlite_orders(&q->ops);
    store_sqlite_lockers(&q->ops);
    store_sqlite_reports(&q->ops);
    store_sqlite_logistics(&q->ops);
    store_sqlite_people(&q->ops);
    store_sqlite_audit(&q->ops);
    store_sqlite_factors(&q->ops);
    store_sqlite_pharmacies(&q->ops);
    store_sqlite_contacts(&q->ops);
    store_sqlite_imports(&q->ops);
    store_sqlite_tours(&q->ops);
    store_sqlite_carers(&q->ops);
    q->base.ops = &q->ops;
    *out = &q->base;
    return ERR_OK;
}
