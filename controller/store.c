/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/store.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/db.h"
#include "controller/chain.h"
#include "controller/invariant.h"
#include "controller/rows.h"

struct store {
    struct db *db;
    struct store_cfg cfg;
    bool doors_unknown;
    uint32_t boot;
    struct chain chain;
    struct stream_cursor evt; /* last message written */
    int64_t acked;
    struct stream_cursor cmd; /* last command applied */
    uint32_t outbox_rows;
};

/* ---------------------------------------------------------------- cursors */

static enum err read_cursor(struct db *db, const char *stream, struct stream_cursor *c, int64_t *acked,
                            struct reason *r)
{
    bool row;
    sqlite3_stmt *s = db_stmt(db, "SELECT epoch, seq, acked, hash FROM cursor WHERE stream = ?1");
    (void)sqlite3_bind_text(s, 1, stream, -1, SQLITE_STATIC);
    enum err e = db_step(db, s, &row, r);
    if (e == ERR_OK && (!row || sqlite3_column_bytes(s, 3) != MSG_HASH_LEN))
        e = err_because(r, ERR_CORRUPT, "the cursor of stream %s makes no sense", stream);
    if (e == ERR_OK) {
        c->epoch = (uint32_t)sqlite3_column_int64(s, 0);
        c->seq = sqlite3_column_int64(s, 1);
        *acked = sqlite3_column_int64(s, 2);
        memcpy(c->hash, sqlite3_column_blob(s, 3), MSG_HASH_LEN);
    }
    (void)sqlite3_reset(s);
    return e;
}

static enum err write_cursor(struct db *db, const char *stream, const struct stream_cursor *c, int64_t acked,
                             struct reason *r)
{
    sqlite3_stmt *s = db_stmt(db, "UPDATE cursor SET epoch = ?2, seq = ?3, acked = ?4, hash = ?5 WHERE stream = ?1");
    (void)sqlite3_bind_text(s, 1, stream, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(s, 2, c->epoch);
    (void)sqlite3_bind_int64(s, 3, c->seq);
    (void)sqlite3_bind_int64(s, 4, acked);
    (void)sqlite3_bind_blob(s, 5, c->hash, MSG_HASH_LEN, SQLITE_STATIC);
    return db_run(db, s, r);
}

/* ---------------------------------------------------------------- outbox */

/* Seals one message as the next of the stream, and moves *evt on. */
static enum err seal(struct store *s, struct stream_cursor *evt, int64_t inbox_seq, const char *typ, const cJSON *dat,
                     const struct clock_now *now, char **text, struct reason *r)
{
    struct store_out out = {
        .typ = typ,
        .epoch = evt->epoch,
        .seq = evt->seq + 1,
        .prv = evt->hash,
        .dat = dat,
        .now = *now,
        .inbox_seq = inbox_seq,
    };
    uint8_t hash[MSG_HASH_LEN];
    enum err e = s->cfg.seal(s->cfg.seal_arg, &out, text, hash, r);
    if (e != ERR_OK)
        return err_prefix(r, e, "%s", typ);
    evt->seq++;
    memcpy(evt->hash, hash, MSG_HASH_LEN);
    return ERR_OK;
}

static enum err put_outbox(struct store *s, int64_t seq, int64_t journal, const char *text, struct reason *r)
{
    sqlite3_stmt *q = db_stmt(s->db, "INSERT INTO outbox (seq, journal, message) VALUES (?1, ?2, ?3)");
    (void)sqlite3_bind_int64(q, 1, seq);
    (void)sqlite3_bind_int64(q, 2, journal);
    (void)sqlite3_bind_text(q, 3, text, -1, SQLITE_STATIC);
    return db_run(s->db, q, r);
}

static enum err count_outbox(struct store *s, struct reason *r)
{
    bool row;
    sqlite3_stmt *q = db_stmt(s->db, "SELECT count(*) FROM outbox");
    enum err e = db_step(s->db, q, &row, r);
    if (e == ERR_OK && row)
        s->outbox_rows = (uint32_t)sqlite3_column_int64(q, 0);
    (void)sqlite3_reset(q);
    return e;
}

enum err store_outbox_next(struct store *s, int64_t after, struct store_row *row, bool *found, struct reason *r)
{
    bool more;
    sqlite3_stmt *q = db_stmt(s->db, "SELECT seq, message FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT 1");
    (void)sqlite3_bind_int64(q, 1, after);
    enum err e = db_step(s->db, q, &more, r);
    if (e == ERR_OK && more) {
        char *text = strdup((const char *)sqlite3_column_text(q, 1));
        if (text == NULL)
            abort();
        row->seq = sqlite3_column_int64(q, 0);
        row->text = text;
    }
    (void)sqlite3_reset(q);
    if (e == ERR_OK)
        *found = more;
    return e;
}

enum err store_outbox_ack(struct store *s, int64_t seq, struct reason *r)
{
    if (seq > s->evt.seq || seq < 0)
        return err_because(r, ERR_RANGE, "event %" PRId64 " was acknowledged, but the last one is %" PRId64, seq,
                           s->evt.seq);
    if (seq <= s->acked)
        return ERR_OK;
    enum err e = db_begin(s->db, r);
    if (e != ERR_OK)
        return e;
    sqlite3_stmt *q = db_stmt(s->db, "DELETE FROM outbox WHERE seq <= ?1");
    (void)sqlite3_bind_int64(q, 1, seq);
    e = db_run(s->db, q, r);
    uint32_t gone = (uint32_t)sqlite3_changes(db_handle(s->db));
    if (e == ERR_OK)
        e = write_cursor(s->db, "evt", &s->evt, seq, r);
    if (e == ERR_OK)
        e = db_commit(s->db, r);
    if (e != ERR_OK) {
        db_rollback(s->db);
        return e;
    }
    s->acked = seq;
    s->outbox_rows -= gone;
    return ERR_OK;
}

uint32_t store_outbox_rows(const struct store *s)
{
    return s->outbox_rows;
}

int64_t store_outbox_last(const struct store *s)
{
    return s->evt.seq;
}

int64_t store_outbox_acked(const struct store *s)
{
    return s->acked;
}

/* ---------------------------------------------------------------- a new epoch */

/* One waiting message, told again in the new epoch. */
static enum err move_one(struct store *s, struct stream_cursor *evt, sqlite3_stmt *q, struct reason *r)
{
    const char *typ = (const char *)sqlite3_column_text(q, 1);
    const char *body = (const char *)sqlite3_column_text(q, 2);
    const struct clock_now now = {
        .boot = (uint32_t)sqlite3_column_int64(q, 3),
        .boot_ms = sqlite3_column_int64(q, 4),
        .wall_ms = sqlite3_column_int64(q, 5),
        .quality = CLOCK_UNSURE,
    };
    const struct json_limits limits = {.max_len = JSON_MAX_MESSAGE, .max_depth = JSON_DEPTH_MESSAGE};
    cJSON *dat = NULL;
    char *text = NULL;
    enum err e = json_parse(&dat, body, strlen(body), &limits, r);
    if (e == ERR_OK)
        e = seal(s, evt, 0, typ, dat, &now, &text, r);
    /* Negative until all old rows are gone, so that old and new numbers do not meet. */
    if (e == ERR_OK)
        e = put_outbox(s, -evt->seq, sqlite3_column_int64(q, 0), text, r);
    free(text);
    cJSON_Delete(dat);
    return e;
}

static enum err move_all(struct store *s, struct stream_cursor *evt, struct reason *r)
{
    bool more;
    sqlite3_stmt *q = db_stmt(s->db, "SELECT j.id, j.typ, j.body, j.boot, j.boot_ms, j.wall_ms FROM journal j"
                                     " WHERE j.id IN (SELECT journal FROM outbox WHERE seq > 0) ORDER BY j.id");
    enum err e;
    while ((e = db_step(s->db, q, &more, r)) == ERR_OK && more) {
        e = move_one(s, evt, q, r);
        if (e != ERR_OK)
            break;
    }
    (void)sqlite3_reset(q);
    if (e == ERR_OK)
        e = db_run(s->db, db_stmt(s->db, "DELETE FROM outbox WHERE seq > 0"), r);
    if (e == ERR_OK)
        e = db_run(s->db, db_stmt(s->db, "UPDATE outbox SET seq = -seq"), r);
    return e;
}

static enum err begin_epoch(struct store *s, struct reason *r)
{
    struct stream_cursor evt = {.epoch = s->cfg.epoch};
    const struct stream_cursor cmd = {.epoch = s->cfg.epoch};
    enum err e = s->evt.seq > s->acked ? move_all(s, &evt, r) : ERR_OK;
    if (e == ERR_OK)
        e = write_cursor(s->db, "evt", &evt, 0, r);
    if (e == ERR_OK)
        e = write_cursor(s->db, "cmd", &cmd, 0, r);
    if (e != ERR_OK)
        return err_prefix(r, e, "new epoch");
    s->evt = evt;
    s->cmd = cmd;
    s->acked = 0;
    return ERR_OK;
}

/* ---------------------------------------------------------------- open */

static enum err read_boot(struct store *s, struct reason *r)
{
    bool row;
    sqlite3_stmt *q = db_stmt(s->db, "SELECT boot FROM meta WHERE one = 1");
    enum err e = db_step(s->db, q, &row, r);
    if (e == ERR_OK && (!row || sqlite3_column_int64(q, 0) < 0 || sqlite3_column_int64(q, 0) >= UINT32_MAX))
        e = err_because(r, ERR_CORRUPT, "the boot counter makes no sense");
    if (e == ERR_OK)
        s->boot = (uint32_t)sqlite3_column_int64(q, 0);
    (void)sqlite3_reset(q);
    return e;
}

static enum err raise_boot(struct store *s, struct reason *r)
{
    enum err e = db_begin(s->db, r);
    if (e != ERR_OK)
        return e;
    sqlite3_stmt *q = db_stmt(s->db, "UPDATE meta SET boot = ?1, epoch = ?2 WHERE one = 1");
    (void)sqlite3_bind_int64(q, 1, s->boot + 1);
    (void)sqlite3_bind_int64(q, 2, s->cfg.epoch);
    e = db_run(s->db, q, r);
    if (e == ERR_OK && s->evt.epoch != s->cfg.epoch)
        e = begin_epoch(s, r);
    if (e == ERR_OK)
        e = db_commit(s->db, r);
    if (e != ERR_OK) {
        db_rollback(s->db);
        return e;
    }
    s->boot++;
    return ERR_OK;
}

/* A database that was moved aside lies beside this one: what stood in it is lost, also when the start that made this
 * new one did not get far enough to write it down. */
static bool has_lost_predecessor(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[4096] = ".", prefix[256];
    int len = snprintf(prefix, sizeof prefix, "%s.bad-", slash == NULL ? path : slash + 1);
    if (slash != NULL && slash - path < (ptrdiff_t)sizeof folder && slash != path)
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    DIR *dir = (size_t)len < sizeof prefix ? opendir(folder) : NULL;
    if (dir == NULL)
        return false;
    bool found = false;
    for (const struct dirent *d = readdir(dir); d != NULL && !found; d = readdir(dir))
        found = strncmp(d->d_name, prefix, (size_t)len) == 0;
    (void)closedir(dir);
    return found;
}

enum err store_open(struct store **out, const struct store_cfg *cfg, struct reason *r)
{
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL)
        abort();
    s->cfg = *cfg;
    s->doors_unknown = cfg->doors_unknown || has_lost_predecessor(cfg->path);
    const struct db_cfg db = {
        .path = cfg->path,
        .migration = rows_migration,
        .migrations = STORE_SCHEMA,
        .max_bytes = cfg->max_bytes,
        .vfs = cfg->vfs,
    };
    int64_t unused;
    enum err e = db_open(&s->db, &db, r);
    if (e == ERR_OK)
        e = chain_load(&s->chain, s->db, r);
    if (e == ERR_OK)
        e = read_cursor(s->db, "evt", &s->evt, &s->acked, r);
    if (e == ERR_OK)
        e = read_cursor(s->db, "cmd", &s->cmd, &unused, r);
    if (e == ERR_OK)
        e = read_boot(s, r);
    if (e == ERR_OK)
        e = raise_boot(s, r);
    if (e == ERR_OK)
        e = count_outbox(s, r);
    if (e != ERR_OK) {
        store_close(s);
        return err_prefix(r, e, "store");
    }
    *out = s;
    return ERR_OK;
}

enum err store_open_to_read(struct store **out, const char *path, struct reason *r)
{
    const struct db_cfg db = {.path = path, .migration = rows_migration, .migrations = STORE_SCHEMA};
    if (access(path, F_OK) != 0)
        return err_because(r, ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL)
        abort();
    enum err e = db_open(&s->db, &db, r);
    if (e == ERR_OK)
        e = chain_load(&s->chain, s->db, r);
    if (e != ERR_OK) {
        store_close(s);
        return err_prefix(r, e, "%s", path);
    }
    *out = s;
    return ERR_OK;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    db_close(s->db);
    free(s);
}

uint32_t store_boot(const struct store *s)
{
    return s->boot;
}

enum err store_load(struct store *s, struct locker *l, struct reason *r)
{
    enum err e = rows_load(s->db, l, s->doors_unknown, r);
    if (e != ERR_OK)
        return e;
    const struct invariant *broken = invariant_check(&(struct world){.locker = l});
    if (broken != NULL)
        return err_because(r, ERR_CORRUPT, "the stored state breaks invariant %u: %s", broken->number, broken->name);
    return ERR_OK;
}

/* ---------------------------------------------------------------- commit */

/* What a transaction moves in memory; put into the store once it is durable. */
struct moved {
    struct chain chain;
    struct stream_cursor evt;
};

static enum err tell(struct store *s, struct moved *m, const struct record *rec, const struct cabinet *cab,
                     int64_t inbox_seq, const struct clock_now *now, struct reason *r)
{
    cJSON *dat = record_to_json(rec, cab);
    char *body = json_print(dat);
    char *text = NULL;
    const struct chain_row row = {.seq = m->evt.seq + 1, .now = *now, .typ = record_type(rec->kind), .body = body};
    enum err e = seal(s, &m->evt, inbox_seq, row.typ, dat, now, &text, r);
    if (e == ERR_OK)
        e = chain_append(&m->chain, s->db, &row, r);
    if (e == ERR_OK)
        e = put_outbox(s, m->evt.seq, m->chain.last_id, text, r);
    free(text);
    free(body);
    cJSON_Delete(dat);
    return e;
}

static enum err write_all(struct store *s, struct moved *m, const struct locker *l, const struct effects *fx,
                          const struct stream_cursor *inbox, const struct clock_now *now, struct reason *r)
{
    int64_t inbox_seq = inbox != NULL ? inbox->seq : s->cmd.seq;
    enum err e = rows_save(s->db, l, fx, r);
    for (unsigned i = 0; i < fx->records && e == ERR_OK; i++)
        e = tell(s, m, &fx->record[i], &l->cabinet, inbox_seq, now, r);
    if (e == ERR_OK && fx->records > 0)
        e = write_cursor(s->db, "evt", &m->evt, s->acked, r);
    if (e == ERR_OK && inbox != NULL)
        e = write_cursor(s->db, "cmd", inbox, 0, r);
    return e;
}

enum err store_commit(struct store *s, const struct locker *l, const struct effects *fx,
                      const struct stream_cursor *inbox, const struct clock_now *now, struct reason *r)
{
    if (!effects_are_durable(fx) && inbox == NULL)
        return ERR_OK;
    struct moved m = {.chain = s->chain, .evt = s->evt};
    enum err e = db_begin(s->db, r);
    if (e != ERR_OK)
        return err_prefix(r, e, "commit");
    e = write_all(s, &m, l, fx, inbox, now, r);
    if (e == ERR_OK)
        e = db_commit(s->db, r);
    if (e != ERR_OK) {
        db_rollback(s->db);
        return err_prefix(r, e, "commit");
    }
    s->chain = m.chain;
    s->evt = m.evt;
    s->outbox_rows += fx->records;
    if (inbox != NULL)
        s->cmd = *inbox;
    return ERR_OK;
}

void store_inbox(const struct store *s, struct stream_cursor *out)
{
    *out = s->cmd;
}

enum err store_inbox_set(struct store *s, const struct stream_cursor *c, struct reason *r)
{
    enum err e = write_cursor(s->db, "cmd", c, 0, r); /* one statement: its own transaction */
    if (e == ERR_OK)
        s->cmd = *c;
    return e;
}

/* ---------------------------------------------------------------- journal */

enum err store_journal_read(struct store *s, int64_t after, unsigned limit, store_journal_fn fn, void *arg,
                            struct reason *r)
{
    return chain_read(s->db, after, limit, fn, arg, r);
}

enum err store_journal_tail(struct store *s, unsigned limit, store_journal_fn fn, void *arg, struct reason *r)
{
    return chain_read(s->db, s->chain.last_id - (int64_t)limit, limit, fn, arg, r);
}

enum err store_verify(struct store *s, struct store_chain *out, struct reason *r)
{
    struct store_verification v;
    bool done = false;
    enum err e = chain_verify_begin(s->db, &v, r);
    while (e == ERR_OK && !done)
        e = chain_verify_some(s->db, &v, &done, r);
    if (e == ERR_OK)
        *out = v.found;
    return e;
}

enum err store_verify_begin(struct store *s, struct store_verification *v, struct reason *r)
{
    return chain_verify_begin(s->db, v, r);
}

enum err store_verify_some(struct store *s, struct store_verification *v, bool *done, struct reason *r)
{
    return chain_verify_some(s->db, v, done, r);
}

/* The first journal row that the hub has not acknowledged. */
static enum err first_waiting(struct store *s, int64_t *id, struct reason *r)
{
    bool row;
    sqlite3_stmt *q = db_stmt(s->db, "SELECT coalesce(min(journal), ?1) FROM outbox");
    (void)sqlite3_bind_int64(q, 1, s->chain.last_id + 1);
    enum err e = db_step(s->db, q, &row, r);
    if (e == ERR_OK && row)
        *id = sqlite3_column_int64(q, 0);
    (void)sqlite3_reset(q);
    return e;
}

enum err store_compact(struct store *s, int64_t now_ms, struct reason *r)
{
    int64_t keep_from = 0;
    enum err e = first_waiting(s, &keep_from, r);
    if (e == ERR_OK)
        e = chain_compact(s->db, keep_from, now_ms - STORE_KEEP_MS, STORE_COMPACT_ROWS, r);
    if (e == ERR_OK)
        e = db_checkpoint(s->db, false, r);
    return e == ERR_OK ? ERR_OK : err_prefix(r, e, "compaction");
}
