/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ingest: what the hub does with the signed words of lockers. ingest_decide() is pure: one event and the rows that it
 * is about give the changes. ingest_batch() applies many messages in one transaction: each (locker, epoch, seq) at most
 * once and in order, effect and watermark together (INV-23). The caller sends acknowledgements after it returned
 * ERR_OK, and only then (INV-22).
 *
 * An event that is in sequence but cannot be true, or cannot be read, is stored as evidence, moves the watermark,
 * changes nothing else and raises a fault CONTRADICTION: it must not block those behind it.
 */
#ifndef MEDLOCKER_INGEST_H
#define MEDLOCKER_INGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/order.h"
#include "backend/store.h"
#include "common/msg.h"

#define INGEST_BATCH_MAX 1024
#define INGEST_FAULTS_MAX 6

/* ---------------------------------------------------------------- deciding */

/* The rows that an event may be about; has_x false: there is no such row. */
struct ingest_rows {
    const struct store_locker *locker;
    bool has_order, has_compartment;
    struct order order;
    struct store_compartment compartment;
    /* of the command that command.done.v1 answers */
    bool has_place, has_recode;
    struct store_carer_place place;
    struct store_recode recode;
};

struct ingest_fault {
    bool close; /* settle instead of raise; subject "" then means all subjects */
    enum store_fault_kind kind;
    char subject[STORE_NAME_CAP];
    char detail[STORE_TEXT_CAP];
};

struct ingest_changes {
    bool contradiction;
    bool order, compartment, board, sample, describe;
    struct order order_row;
    struct order_effects fx; /* send_withdraw is for the caller of the batch: see ingest_effects */
    struct store_compartment compartment_row;
    bool place;  /* compartment_row now holds the order: take it out of any other first */
    bool vacate; /* take the order out of whatever compartment has it */
    struct store_board board_row;
    struct store_sample sample_row;
    bool place_answered, recode_answered;
    struct store_carer_place place_row;
    struct store_recode recode_row;
    bool new_code; /* the code of rows.recode is the one of its bag now */
    bool audited;
    struct store_audit audit; /* action, order, subject, detail; the locker is the actor */
    struct ingest_fault fault[INGEST_FAULTS_MAX];
    unsigned faults;
};

/* Reads e->typ and e->dat and says what follows; describe: the caller of decide (batch) puts the doors of
 * cabinet.described.v1. Pure but for reading the cJSON tree. Never fails: what cannot be read is a CONTRADICTION, told
 * by out->contradiction and a fault. */
void ingest_decide(const struct msg *m, const struct ingest_rows *rows, int64_t now_ms, struct ingest_changes *out);

/* One door of cabinet.described.v1 into the fields of c that it describes. Errors: as json_get_*, ERR_UNKNOWN. */
enum err ingest_read_door(const cJSON *item, struct store_compartment *c, struct reason *r) ERR_MUST_CHECK;

/* The clock of the locker as one rising number, for told_at. */
int64_t ingest_told_at(const struct msg *m);

/* The order and door that dat names; false when it names none (or not readable). door has ORDER_DOOR_CAP bytes. */
bool ingest_order_of(const struct msg *m, uint8_t id[ORDER_ID_LEN]);
bool ingest_door_of(const struct msg *m, char *door);

/* ---------------------------------------------------------------- applying */

/* A message of stream evt that msg_open accepted, with its text. */
struct ingest_item {
    uint8_t locker[STORE_LOCKER_LEN];
    const struct msg *msg;
    const char *text;
    size_t len;
};

enum ingest_outcome {
    INGEST_APPLIED,
    INGEST_DUPLICATE, /* acknowledge again */
    INGEST_GAP,       /* acknowledge the cursor: the locker resends */
    INGEST_FORKED,    /* the locker is frozen now; no acknowledgement */
    INGEST_FOREIGN,   /* other epoch; no acknowledgement */
    INGEST_REFUSED,   /* unknown, frozen, revoked or lost locker; no acknowledgement */
    INGEST_OUTCOME_N
};

struct ingest_result {
    enum ingest_outcome outcome;
    bool acknowledge;
    int64_t ack;        /* sequence to acknowledge: after the whole batch, the watermark of this locker */
    bool contradiction; /* a fault was raised because the event does not fit */
    bool order_changed; /* order holds which one */
    bool tell_ready;    /* the order became READY */
    uint8_t order[ORDER_ID_LEN];
};

/* Effects that need more than the store, inside the transaction of the batch: they happen with the event or not at all.
 */
struct ingest_effects {
    /* Writes the command that withdraws this order at the locker that told of it. */
    enum err (*withdraw)(void *arg, const uint8_t order[ORDER_ID_LEN], struct reason *r);
    void *arg;
};

/* One transaction for n <= INGEST_BATCH_MAX items, in the given order. On an error nothing happened at all: the same
 * batch can be given again after the cause is gone. */
enum err ingest_batch(struct store *s, const struct ingest_item *items, unsigned n, int64_t now_ms,
                      const struct ingest_effects *fx, struct ingest_result *results, struct reason *r) ERR_MUST_CHECK;

/* A heartbeat (stream tel), its own transaction: when newer than the last one, keeps what it says about doors, boards,
 * climate and the locker itself, and settles SILENT. *applied false: older, or not for this epoch. Errors besides the
 * store's: ERR_SYNTAX and the like (not readable), ERR_DENIED (frozen, revoked, lost). */
enum err ingest_heartbeat(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], const struct msg *m, int64_t now_ms,
                          bool *applied, struct reason *r) ERR_MUST_CHECK;

/* Raises SILENT for every active locker without a signed word for longer than after_ms; own transaction. */
enum err ingest_watch_silence(struct store *s, int64_t now_ms, int64_t after_ms, struct reason *r) ERR_MUST_CHECK;

#endif
