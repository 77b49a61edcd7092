/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows: the durable members of struct locker as rows of the store's database. One thread; used by the store only,
 * inside its transactions. Errors: those of db; ERR_CORRUPT for a row that makes no sense, the reason names it.
 */
#ifndef MEDLOCKER_ROWS_H
#define MEDLOCKER_ROWS_H

#include "common/db.h"
#include "controller/effect.h"
#include "controller/locker.h"
#include "controller/store.h"

/* The numbered migrations of the whole database. */
extern const char *const rows_migration[];

/* Writes the rows that fx marks. */
enum err rows_save(struct db *db, const struct locker *l, const struct effects *fx, struct reason *r) ERR_MUST_CHECK;

/* Fills l. A door without a row is FREE in a database that never held a locker, unless doors_unknown; else CHECK: it is
 * new, renamed, or its row was lost. What is bound to a door or order that does not exist any more
 * is put into CHECK. */
enum err rows_load(struct db *db, struct locker *l, bool doors_unknown, struct reason *r) ERR_MUST_CHECK;

#endif
