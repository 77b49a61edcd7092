/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv: orders from a spreadsheet: RFC 4180, UTF-8 (a BOM is skipped), a header row, comma or semicolon as the header
 * has it. All or nothing: one wrong cell refuses the file, with its line and column.
 *
 *   patient      name, needed
 *   birth_date   1985-11-09
 *   reference    own number, different in every row
 *   medicine     for the staff pages
 *   quantity     "30 stuk"
 *   destination  name of a locker
 *   class        ordinary, sensitive or controlled; empty: ordinary
 *   size         S, M or L; empty: proposed from the quantity
 *   zone         room or cold; empty: room
 *   low_door     yes or no; empty: no
 *   language     nl or en; empty: nl
 *   pharmacy     URA of a pharmacy that shares the lockers; empty: ours
 *   not_before, not_after   pickup window, 2026-11-20T17:30:00+01:00; empty: the hub's
 *
 * Columns in any order; unknown or repeated columns are refused. Pure but for allocation.
 */
#ifndef MEDLOCKER_CSV_H
#define MEDLOCKER_CSV_H

#include <stddef.h>

#include "backend/request.h"
#include "common/err.h"

#define CSV_MAX_LEN (1024u * 1024u)
#define CSV_MAX_ROWS 1000u

struct csv_place {
    unsigned line;   /* 1 is the header; of the start of the record */
    unsigned column; /* 1 is the left one; 0: the whole record */
};

/* *out: n requests that are in order as new ones at now, freed with csv_free. Errors (with *where and the column's name
 * in the reason): ERR_SYNTAX, ERR_MISSING, ERR_UNKNOWN, ERR_DUPLICATE, ERR_RANGE, ERR_TOO_LONG, ERR_MEMORY. */
enum err csv_read(const char *text, size_t len, const struct request_now *now, struct request **out, size_t *n,
                  struct csv_place *where, struct reason *r) ERR_MUST_CHECK;
void csv_free(struct request *rows, size_t n); /* wipes; NULL is fine */

#endif
