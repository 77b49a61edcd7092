/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: a table of orders read in by portions, so that whoever waits sees how far it is. Every row is looked at
 * before the first is kept. Each portion is one transaction with its place in the table: cut anywhere, the same table
 * goes on where it stopped and makes no order twice. A table that was read to its end is not read again by mistake.
 *
 * One thread. Errors besides the named: those of the store.
 */
#ifndef MEDLOCKER_IMPORT_H
#define MEDLOCKER_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/act.h"
#include "backend/request.h"

/* So long a table is known, as a locker's journal is kept. */
#define IMPORT_KEEP_MS (INT64_C(90) * 24 * 60 * 60 * 1000)

struct import {
    const char *text; /* the table as it came: what it is known by */
    size_t len;
    const struct request *rows; /* the same, read */
    size_t n;
    size_t portion;   /* rows at most, 1 or more */
    int64_t again_ms; /* of a reading that came to its end: read it once more; 0: no */
};

/* The next portion. *out: how far it is now; *before: it was at its end already and nothing happened. ERR_RANGE,
 * ERR_UNKNOWN (with the number of the row): see act_register; nothing of this portion is kept, and nothing at all when
 * it is the first. */
enum err import_next(struct hub *hub, const struct act_who *who, const struct import *x, struct store_import *out,
                     bool *before, struct reason *r) ERR_MUST_CHECK;

/* Forgets tables whose reading began longer ago than IMPORT_KEEP_MS; for every minute. */
enum err import_tidy(struct hub *hub, struct reason *r) ERR_MUST_CHECK;

#endif
