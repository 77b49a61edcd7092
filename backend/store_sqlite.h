/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_sqlite: the hub's store in one SQLite file with one connection (common/db.h). Schema: backend/schema/.
 */
#ifndef MEDLOCKER_STORE_SQLITE_H
#define MEDLOCKER_STORE_SQLITE_H

#include "backend/store.h"

/* Opens or creates the file and migrates it. Errors as db_open. Free with (*out)->ops->free(*out). */
enum err store_sqlite_open(struct store **out, const char *path, struct reason *r) ERR_MUST_CHECK;

#endif
