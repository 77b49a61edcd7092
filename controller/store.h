/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: the durable side of lockerd in one SQLite file: state, journal (hash chained), outbox, inbox cursor. One
 * transaction for each decision: state + journal rows + sealed messages + inbox cursor, all or nothing, synced when
 * store_commit returns ERR_OK. Owner of the evt stream's sequence and hash.
 *
 * One thread; blocks for a disk sync. After any error but those named harmless the caller must stop acting: say "out of
 * service" and end the process; nothing is retried.
 */
#ifndef MEDLOCKER_STORE_H
#define MEDLOCKER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/json.h"
#include "common/msg.h"
#include "common/stream.h"
#include "controller/effect.h"
#include "controller/locker.h"

#define STORE_FILE "locker.db" /* in the state folder */
#define STORE_SCHEMA 3         /* user_version after the newest migration */
#define STORE_KEEP_MS (90LL * 24 * 3600 * 1000)
#define STORE_COMPACT_ROWS 100
#define STORE_VERIFY_ROWS 500 /* of a slice: some 10 ms on a small board */

struct store;

/* One message to be sealed: fill struct msg_head with typ, seq, prv, epo = epoch, call msg_seal with MSG_UP. */
struct store_out {
    const char *typ;
    uint32_t epoch;
    int64_t seq;
    const uint8_t *prv; /* MSG_HASH_LEN */
    const cJSON *dat;
    struct clock_now now; /* of the decision */
    int64_t inbox_seq;    /* last command applied, with the one in this transaction: claim "ack" */
};

/* Gives the sealed text (freed by the store with free()) and its hash. Called inside store_commit; must not call the
 * store. */
typedef enum err (*store_seal_fn)(void *arg, const struct store_out *out, char **text, uint8_t hash[MSG_HASH_LEN],
                                  struct reason *r);

struct store_cfg {
    const char *path;
    uint32_t epoch;     /* of the enrolment */
    int64_t max_bytes;  /* 0: no limit */
    const char *vfs;    /* NULL: the default */
    bool doors_unknown; /* the old database was lost: doors without a row are CHECK, not FREE; so it
                            is too while a file PATH.bad-* lies beside it */
    store_seal_fn seal;
    void *seal_arg;
};

/* Opens or creates, migrates, raises the boot counter durably. An epoch other than the stored one (a new grant)
 * renumbers and seals again what waits in the outbox. Errors: as db_open; ERR_CORRUPT also for rows that make no sense.
 */
enum err store_open(struct store **out, const struct store_cfg *cfg, struct reason *r) ERR_MUST_CHECK;
void store_close(struct store *s); /* NULL is fine */

/* For looking while lockerd does not run: counts no boot, begins no epoch; makes no new file. Only the journal,
 * store_verify and store_close may follow. Errors: ERR_NOT_FOUND, ERR_BUSY (lockerd runs), as db_open. */
enum err store_open_to_read(struct store **out, const char *path, struct reason *r) ERR_MUST_CHECK;

uint32_t store_boot(const struct store *s); /* counter of this start */

/* Fills the durable members of l, which was made by locker_init. Doors are matched by name: a door that the database
 * does not know is FREE in a new database, else CHECK. Errors: ERR_CORRUPT, ERR_IO. */
enum err store_load(struct store *s, struct locker *l, struct reason *r) ERR_MUST_CHECK;

/* Writes what fx says and, when inbox is not NULL, moves the inbox cursor with it. Writes nothing at all when there is
 * nothing durable. Errors: ERR_FULL, ERR_IO, ERR_CORRUPT, those of the seal. */
enum err store_commit(struct store *s, const struct locker *l, const struct effects *fx,
                      const struct stream_cursor *inbox, const struct clock_now *now, struct reason *r) ERR_MUST_CHECK;

/* Outbox. */
struct store_row {
    int64_t seq;
    char *text; /* freed by the caller with free() */
};
/* The first row with a sequence above after; *found is false when there is none. */
enum err store_outbox_next(struct store *s, int64_t after, struct store_row *row, bool *found,
                           struct reason *r) ERR_MUST_CHECK;
/* Deletes the rows at or below seq: only for a signed acknowledgement of the hub. ERR_RANGE (harmless): seq was never
 * written. */
enum err store_outbox_ack(struct store *s, int64_t seq, struct reason *r) ERR_MUST_CHECK;
uint32_t store_outbox_rows(const struct store *s);
int64_t store_outbox_last(const struct store *s);  /* last sequence written, 0: none */
int64_t store_outbox_acked(const struct store *s); /* highest acknowledged */

/* The command stream's cursor as last committed. store_inbox_set is for commands that decide nothing. */
void store_inbox(const struct store *s, struct stream_cursor *out);
enum err store_inbox_set(struct store *s, const struct stream_cursor *c, struct reason *r) ERR_MUST_CHECK;

/* Journal. */
struct store_journal_row {
    int64_t id, seq; /* seq: of the message that told it */
    uint32_t boot;
    int64_t boot_ms, wall_ms;
    const char *typ, *body; /* valid during the call */
    uint8_t hash[MSG_HASH_LEN];
};
typedef void (*store_journal_fn)(void *arg, const struct store_journal_row *row);
/* The newest `limit` rows, oldest first. */
enum err store_journal_tail(struct store *s, unsigned limit, store_journal_fn fn, void *arg,
                            struct reason *r) ERR_MUST_CHECK;
/* Rows with id > after, oldest first, at most limit. */
enum err store_journal_read(struct store *s, int64_t after, unsigned limit, store_journal_fn fn, void *arg,
                            struct reason *r) ERR_MUST_CHECK;

struct store_chain {
    int64_t first_id, last_id; /* 0: empty */
    int64_t rows;
    uint8_t head[MSG_HASH_LEN];
};
/* Recomputes the whole chain from its checkpoint, and that every outbox row has its journal row. ERR_CORRUPT: the
 * reason names the first row that does not fit. */
enum err store_verify(struct store *s, struct store_chain *out, struct reason *r) ERR_MUST_CHECK;

/* The same in slices, for a loop that has other work: STORE_VERIFY_ROWS rows each, up to the row that was the last at
 * the start. The store may be written between two slices. *done: `found` is the result. */
struct store_verification {
    struct store_chain found;
    int64_t at_id, end_id, outbox_seq;
    uint8_t at[MSG_HASH_LEN], end[MSG_HASH_LEN];
    bool rows_are_done; /* the outbox is next */
};
enum err store_verify_begin(struct store *s, struct store_verification *v, struct reason *r) ERR_MUST_CHECK;
enum err store_verify_some(struct store *s, struct store_verification *v, bool *done, struct reason *r) ERR_MUST_CHECK;

/* Idle work: drops at most STORE_COMPACT_ROWS journal rows that are acknowledged by the hub and older than
 * STORE_KEEP_MS before now_ms (the time floor), moving the chain's checkpoint; then moves the WAL into the file. */
enum err store_compact(struct store *s, int64_t now_ms, struct reason *r) ERR_MUST_CHECK;

#endif
