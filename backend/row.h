/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row: one C struct as the columns of one SQLite row, by a table of columns instead of a bind call for each. For the
 * files of store_sqlite only.
 */
#ifndef MEDLOCKER_ROW_H
#define MEDLOCKER_ROW_H

#include <sqlite3.h>
#include <stddef.h>

#include "common/err.h"

enum row_kind { ROW_I64, ROW_I32, ROW_U32, ROW_U16, ROW_BOOL, ROW_ENUM, ROW_TEXT, ROW_BLOB };

struct row_col {
    enum row_kind kind;
    size_t offset;
    size_t len; /* ROW_TEXT: capacity with NUL; ROW_BLOB: exact length; ROW_ENUM: number of values */
};

#define ROW_MEMBER(kind, type, member)                                                                                 \
    {                                                                                                                  \
        kind, offsetof(type, member), sizeof(((type *)0)->member)                                                      \
    }
#define ROW_MEMBER_ENUM(type, member, count)                                                                           \
    {                                                                                                                  \
        ROW_ENUM, offsetof(type, member), (count)                                                                      \
    }
#define ROW_COUNT(cols) (sizeof(cols) / sizeof((cols)[0]))

/* Binds the members of *row to the parameters first, first + 1, ... without copying: *row outlives the step. */
enum err row_bind(sqlite3_stmt *s, int first, const struct row_col *cols, size_t n, const void *row) ERR_MUST_CHECK;

/* Reads the columns first (0 is the left one), first + 1, ... into *row. Errors: ERR_CORRUPT (a value that the struct
 * cannot hold; the reason names the column), ERR_MEMORY. */
enum err row_read(sqlite3_stmt *s, int first, const struct row_col *cols, size_t n, void *row,
                  struct reason *r) ERR_MUST_CHECK;

#endif
