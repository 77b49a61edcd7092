/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/chain.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "common/num.h"

static void hash_row(const uint8_t prev[MSG_HASH_LEN], int64_t id, const struct chain_row *row,
                     uint8_t out[MSG_HASH_LEN])
{
    uint8_t fixed[MSG_HASH_LEN + 5 * 8];
    uint8_t *p = fixed;
    memcpy(p, prev, MSG_HASH_LEN);
    p += MSG_HASH_LEN;
    const int64_t numbers[5] = {id, row->seq, row->now.boot, row->now.boot_ms, row->now.wall_ms};
    for (unsigned i = 0; i < 5; i++, p += 8)
        num_put_be(p, (uint64_t)numbers[i], 8);
    crypto_generichash_state h;
    (void)crypto_generichash_init(&h, NULL, 0, MSG_HASH_LEN);
    (void)crypto_generichash_update(&h, fixed, sizeof fixed);
    /* With its NUL, so that no byte can move from typ to body. */
    (void)crypto_generichash_update(&h, (const uint8_t *)row->typ, strlen(row->typ) + 1);
    (void)crypto_generichash_update(&h, (const uint8_t *)row->body, strlen(row->body));
    (void)crypto_generichash_final(&h, out, MSG_HASH_LEN);
}

static enum err read_hash(sqlite3_stmt *s, int column, uint8_t out[MSG_HASH_LEN], const char *what, struct reason *r)
{
    if (sqlite3_column_bytes(s, column) != MSG_HASH_LEN)
        return err_because(r, ERR_CORRUPT, "journal: %s has a hash of a wrong length", what);
    memcpy(out, sqlite3_column_blob(s, column), MSG_HASH_LEN);
    return ERR_OK;
}

enum err chain_load(struct chain *c, struct db *db, struct reason *r)
{
    bool row;
    sqlite3_stmt *s = db_stmt(db, "SELECT last_id, head FROM journal_end WHERE one = 1");
    enum err e = db_step(db, s, &row, r);
    if (e == ERR_OK && !row)
        e = err_because(r, ERR_CORRUPT, "journal: its end is not recorded");
    struct chain read = {0};
    if (e == ERR_OK) {
        read.last_id = sqlite3_column_int64(s, 0);
        e = read_hash(s, 1, read.head, "the end", r);
    }
    (void)sqlite3_reset(s);
    if (e == ERR_OK)
        *c = read;
    return e;
}

static enum err write_end(struct db *db, const struct chain *c, struct reason *r)
{
    sqlite3_stmt *s = db_stmt(db, "UPDATE journal_end SET last_id = ?1, head = ?2 WHERE one = 1");
    (void)sqlite3_bind_int64(s, 1, c->last_id);
    (void)sqlite3_bind_blob(s, 2, c->head, MSG_HASH_LEN, SQLITE_STATIC);
    return db_run(db, s, r);
}

enum err chain_append(struct chain *c, struct db *db, const struct chain_row *row, struct reason *r)
{
    struct chain next = {.last_id = c->last_id + 1};
    hash_row(c->head, next.last_id, row, next.head);
    sqlite3_stmt *s = db_stmt(db, "INSERT INTO journal (id, seq, boot, boot_ms, wall_ms, typ, body, prev, hash)"
                                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    (void)sqlite3_bind_int64(s, 1, next.last_id);
    (void)sqlite3_bind_int64(s, 2, row->seq);
    (void)sqlite3_bind_int64(s, 3, row->now.boot);
    (void)sqlite3_bind_int64(s, 4, row->now.boot_ms);
    (void)sqlite3_bind_int64(s, 5, row->now.wall_ms);
    (void)sqlite3_bind_text(s, 6, row->typ, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(s, 7, row->body, -1, SQLITE_STATIC);
    (void)sqlite3_bind_blob(s, 8, c->head, MSG_HASH_LEN, SQLITE_STATIC);
    (void)sqlite3_bind_blob(s, 9, next.head, MSG_HASH_LEN, SQLITE_STATIC);
    enum err e = db_run(db, s, r);
    if (e == ERR_OK)
        e = write_end(db, &next, r);
    if (e == ERR_OK)
        *c = next;
    return e;
}

static void read_fields(sqlite3_stmt *s, struct chain_row *row)
{
    row->seq = sqlite3_column_int64(s, 1);
    row->now.boot = (uint32_t)sqlite3_column_int64(s, 2);
    row->now.boot_ms = sqlite3_column_int64(s, 3);
    row->now.wall_ms = sqlite3_column_int64(s, 4);
    row->typ = (const char *)sqlite3_column_text(s, 5);
    row->body = (const char *)sqlite3_column_text(s, 6);
}

enum err chain_read(struct db *db, int64_t after, unsigned limit, store_journal_fn fn, void *arg, struct reason *r)
{
    bool more;
    sqlite3_stmt *s = db_stmt(db, "SELECT id, seq, boot, boot_ms, wall_ms, typ, body, hash FROM journal"
                                  " WHERE id > ?1 ORDER BY id LIMIT ?2");
    (void)sqlite3_bind_int64(s, 1, after);
    (void)sqlite3_bind_int64(s, 2, limit);
    enum err e;
    while ((e = db_step(db, s, &more, r)) == ERR_OK && more) {
        struct chain_row fields = {0};
        read_fields(s, &fields);
        struct store_journal_row row = {
            .id = sqlite3_column_int64(s, 0),
            .seq = fields.seq,
            .boot = fields.now.boot,
            .boot_ms = fields.now.boot_ms,
            .wall_ms = fields.now.wall_ms,
            .typ = fields.typ,
            .body = fields.body,
        };
        e = read_hash(s, 7, row.hash, "a row", r);
        if (e != ERR_OK)
            break;
        fn(arg, &row);
    }
    (void)sqlite3_reset(s);
    return e;
}

static enum err load_checkpoint(struct db *db, struct chain *base, struct reason *r)
{
    bool row;
    sqlite3_stmt *s = db_stmt(db, "SELECT base_id, base FROM journal_end WHERE one = 1");
    enum err e = db_step(db, s, &row, r);
    if (e == ERR_OK && !row)
        e = err_because(r, ERR_CORRUPT, "journal: its checkpoint is not recorded");
    if (e == ERR_OK) {
        base->last_id = sqlite3_column_int64(s, 0);
        e = read_hash(s, 1, base->head, "the checkpoint", r);
    }
    (void)sqlite3_reset(s);
    return e;
}

static enum err verify_row(sqlite3_stmt *s, struct store_verification *v, struct reason *r)
{
    struct chain_row row = {0};
    uint8_t prev[MSG_HASH_LEN], stored[MSG_HASH_LEN], computed[MSG_HASH_LEN];
    int64_t id = sqlite3_column_int64(s, 0);
    if (id != v->at_id + 1)
        return err_because(r, ERR_CORRUPT, "journal: row %" PRId64 " is missing", v->at_id + 1);
    read_fields(s, &row);
    enum err e = read_hash(s, 7, prev, "a row", r);
    if (e == ERR_OK)
        e = read_hash(s, 8, stored, "a row", r);
    if (e != ERR_OK)
        return e;
    if (memcmp(prev, v->at, MSG_HASH_LEN) != 0)
        return err_because(r, ERR_CORRUPT, "journal: row %" PRId64 " does not follow the one before", id);
    hash_row(v->at, id, &row, computed);
    if (memcmp(computed, stored, MSG_HASH_LEN) != 0)
        return err_because(r, ERR_CORRUPT, "journal: row %" PRId64 " was changed", id);
    v->at_id = id;
    memcpy(v->at, stored, MSG_HASH_LEN);
    v->found.first_id = v->found.rows == 0 ? id : v->found.first_id;
    v->found.rows++;
    return ERR_OK;
}

static enum err verify_rows(struct db *db, struct store_verification *v, struct reason *r)
{
    enum err e = ERR_OK;
    bool more = true;
    unsigned rows = 0;
    sqlite3_stmt *s = db_stmt(db, "SELECT id, seq, boot, boot_ms, wall_ms, typ, body, prev, hash FROM journal"
                                  " WHERE id > ?1 ORDER BY id LIMIT ?2");
    /* At first also what is left below the checkpoint. */
    (void)sqlite3_bind_int64(s, 1, v->found.rows == 0 ? INT64_MIN : v->at_id);
    (void)sqlite3_bind_int64(s, 2, STORE_VERIFY_ROWS);
    while (e == ERR_OK && more && v->at_id != v->end_id) {
        e = db_step(db, s, &more, r);
        if (e == ERR_OK && more)
            e = verify_row(s, v, r);
        rows += more;
    }
    (void)sqlite3_reset(s);
    if (e != ERR_OK)
        return e;
    bool at_end = v->at_id == v->end_id;
    if (at_end ? memcmp(v->at, v->end, MSG_HASH_LEN) != 0 : rows == 0)
        e = err_because(r, ERR_CORRUPT, "journal: ends at row %" PRId64 " instead of %" PRId64, v->at_id, v->end_id);
    return e;
}

/* Nothing after the recorded end, which has moved on since the start. */
static enum err verify_end(struct db *db, struct reason *r)
{
    struct chain end;
    bool row;
    enum err e = chain_load(&end, db, r);
    if (e != ERR_OK)
        return e;
    sqlite3_stmt *s = db_stmt(db, "SELECT max(id) FROM journal");
    e = db_step(db, s, &row, r);
    if (e == ERR_OK && row && sqlite3_column_type(s, 0) != SQLITE_NULL && sqlite3_column_int64(s, 0) != end.last_id)
        e = err_because(r, ERR_CORRUPT, "journal: ends at row %" PRId64 " instead of %" PRId64,
                        (int64_t)sqlite3_column_int64(s, 0), end.last_id);
    (void)sqlite3_reset(s);
    return e;
}

static enum err verify_outbox(struct db *db, struct store_verification *v, bool *done, struct reason *r)
{
    enum err e;
    bool more;
    unsigned rows = 0;
    sqlite3_stmt *s = db_stmt(db, "SELECT o.seq, j.id FROM outbox o LEFT JOIN journal j ON j.id = o.journal"
                                  " WHERE o.seq > ?1 ORDER BY o.seq LIMIT ?2");
    (void)sqlite3_bind_int64(s, 1, v->outbox_seq);
    (void)sqlite3_bind_int64(s, 2, STORE_VERIFY_ROWS);
    while ((e = db_step(db, s, &more, r)) == ERR_OK && more) {
        v->outbox_seq = sqlite3_column_int64(s, 0);
        rows++;
        if (sqlite3_column_type(s, 1) == SQLITE_NULL) {
            e = err_because(r, ERR_CORRUPT, "outbox: message %" PRId64 " has no journal row", v->outbox_seq);
            break;
        }
    }
    (void)sqlite3_reset(s);
    *done = rows < STORE_VERIFY_ROWS;
    return e;
}

enum err chain_verify_begin(struct db *db, struct store_verification *v, struct reason *r)
{
    struct chain base, end;
    enum err e = load_checkpoint(db, &base, r);
    if (e == ERR_OK)
        e = chain_load(&end, db, r);
    if (e != ERR_OK)
        return e;
    *v = (struct store_verification){.at_id = base.last_id, .end_id = end.last_id, .outbox_seq = INT64_MIN};
    memcpy(v->at, base.head, MSG_HASH_LEN);
    memcpy(v->end, end.head, MSG_HASH_LEN);
    return ERR_OK;
}

enum err chain_verify_some(struct db *db, struct store_verification *v, bool *done, struct reason *r)
{
    struct chain base;
    *done = false;
    enum err e = load_checkpoint(db, &base, r);
    if (e == ERR_OK && base.last_id > v->at_id)
        return chain_verify_begin(db, v, r); /* compaction went past the row we were at */
    if (e != ERR_OK || v->rows_are_done)
        return e == ERR_OK ? verify_outbox(db, v, done, r) : e;
    e = verify_rows(db, v, r);
    if (e != ERR_OK || v->at_id != v->end_id)
        return e;
    v->rows_are_done = true;
    v->found.last_id = v->found.rows == 0 ? 0 : v->at_id;
    memcpy(v->found.head, v->at, MSG_HASH_LEN);
    return verify_end(db, r);
}

/* The last of the rows that may go; 0: none. */
static enum err find_cut(struct db *db, int64_t keep_from, int64_t before_ms, unsigned rows, struct chain *cut,
                         struct reason *r)
{
    bool more;
    sqlite3_stmt *s = db_stmt(db, "SELECT id, wall_ms, hash FROM journal WHERE id < ?1 ORDER BY id LIMIT ?2");
    (void)sqlite3_bind_int64(s, 1, keep_from);
    (void)sqlite3_bind_int64(s, 2, rows);
    enum err e;
    cut->last_id = 0;
    while ((e = db_step(db, s, &more, r)) == ERR_OK && more && sqlite3_column_int64(s, 1) < before_ms) {
        cut->last_id = sqlite3_column_int64(s, 0);
        e = read_hash(s, 2, cut->head, "a row", r);
        if (e != ERR_OK)
            break;
    }
    (void)sqlite3_reset(s);
    return e;
}

enum err chain_compact(struct db *db, int64_t keep_from, int64_t before_ms, unsigned rows, struct reason *r)
{
    struct chain cut;
    enum err e = find_cut(db, keep_from, before_ms, rows, &cut, r);
    if (e != ERR_OK || cut.last_id == 0)
        return e;
    e = db_begin(db, r);
    if (e != ERR_OK)
        return e;
    sqlite3_stmt *s = db_stmt(db, "DELETE FROM journal WHERE id <= ?1");
    (void)sqlite3_bind_int64(s, 1, cut.last_id);
    e = db_run(db, s, r);
    if (e == ERR_OK) {
        s = db_stmt(db, "UPDATE journal_end SET base_id = ?1, base = ?2 WHERE one = 1");
        (void)sqlite3_bind_int64(s, 1, cut.last_id);
        (void)sqlite3_bind_blob(s, 2, cut.head, MSG_HASH_LEN, SQLITE_STATIC);
        e = db_run(db, s, r);
    }
    if (e == ERR_OK)
        return db_commit(db, r);
    db_rollback(db);
    return e;
}
