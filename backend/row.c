/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/row.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static int64_t load_int(enum row_kind kind, const unsigned char *p)
{
    int64_t i64 = 0;
    int32_t i32;
    uint32_t u32;
    uint16_t u16;
    bool b;

    switch (kind) {
    case ROW_I64:
        memcpy(&i64, p, sizeof(i64));
        break;
    case ROW_I32:
        memcpy(&i32, p, sizeof(i32));
        i64 = i32;
        break;
    case ROW_U32:
    case ROW_ENUM:
        memcpy(&u32, p, sizeof(u32));
        i64 = u32;
        break;
    case ROW_U16:
        memcpy(&u16, p, sizeof(u16));
        i64 = u16;
        break;
    case ROW_BOOL:
        memcpy(&b, p, sizeof(b));
        i64 = b;
        break;
    case ROW_TEXT:
    case ROW_BLOB:
        break;
    }
    return i64;
}

static void save_int(enum row_kind kind, unsigned char *p, int64_t v)
{
    int32_t i32 = (int32_t)v;
    uint32_t u32 = (uint32_t)v;
    uint16_t u16 = (uint16_t)v;
    bool b = v != 0;

    switch (kind) {
    case ROW_I64:
        memcpy(p, &v, sizeof(v));
        break;
    case ROW_I32:
        memcpy(p, &i32, sizeof(i32));
        break;
    case ROW_U32:
    case ROW_ENUM:
        memcpy(p, &u32, sizeof(u32));
        break;
    case ROW_U16:
        memcpy(p, &u16, sizeof(u16));
        break;
    case ROW_BOOL:
        memcpy(p, &b, sizeof(b));
        break;
    case ROW_TEXT:
    case ROW_BLOB:
        break;
    }
}

static bool fits(const struct row_col *c, int64_t v)
{
    switch (c->kind) {
    case ROW_I64:
        return true;
    case ROW_I32:
        return v >= INT32_MIN && v <= INT32_MAX;
    case ROW_U32:
        return v >= 0 && v <= UINT32_MAX;
    case ROW_U16:
        return v >= 0 && v <= UINT16_MAX;
    case ROW_BOOL:
        return v == 0 || v == 1;
    case ROW_ENUM:
        return v >= 0 && v < (int64_t)c->len;
    case ROW_TEXT:
    case ROW_BLOB:
        break;
    }
    return false;
}

enum err row_bind(sqlite3_stmt *s, int first, const struct row_col *cols, size_t n, const void *row)
{
    static_assert(sizeof(enum row_kind) == sizeof(uint32_t), "enums are stored as 32-bit numbers");

    for (size_t i = 0; i < n; i++) {
        const unsigned char *p = (const unsigned char *)row + cols[i].offset;
        int at = first + (int)i, code;
        if (cols[i].kind == ROW_TEXT) {
            code = sqlite3_bind_text(s, at, (const char *)p, (int)strnlen((const char *)p, cols[i].len), SQLITE_STATIC);
        } else if (cols[i].kind == ROW_BLOB) {
            code = sqlite3_bind_blob(s, at, p, (int)cols[i].len, SQLITE_STATIC);
        } else {
            code = sqlite3_bind_int64(s, at, load_int(cols[i].kind, p));
        }
        if (code != SQLITE_OK) {
            return ERR_MEMORY;
        }
    }
    return ERR_OK;
}

static bool read_one(sqlite3_stmt *s, int at, const struct row_col *c, unsigned char *p)
{
    const unsigned char *text;
    const void *blob;
    size_t len;
    int64_t v;

    switch (c->kind) {
    case ROW_TEXT:
        text = sqlite3_column_text(s, at);
        len = (size_t)sqlite3_column_bytes(s, at); /* of a number it would make a text first */
        if (text == NULL || len >= c->len) {
            return false;
        }
        memset(p, 0, c->len);
        memcpy(p, text, len);
        return true;
    case ROW_BLOB:
        blob = sqlite3_column_blob(s, at);
        len = (size_t)sqlite3_column_bytes(s, at);
        if (blob == NULL || len != c->len) {
            return false;
        }
        memcpy(p, blob, len);
        return true;
    case ROW_I64:
    case ROW_I32:
    case ROW_U32:
    case ROW_U16:
    case ROW_BOOL:
    case ROW_ENUM:
        v = sqlite3_column_int64(s, at);
        if (!fits(c, v)) {
            return false;
        }
        save_int(c->kind, p, v);
        return true;
    }
    return false;
}

enum err row_read(sqlite3_stmt *s, int first, const struct row_col *cols, size_t n, void *row, struct reason *r)
{
    for (size_t i = 0; i < n; i++) {
        int at = first + (int)i;
        if (!read_one(s, at, &cols[i], (unsigned char *)row + cols[i].offset)) {
            if (sqlite3_errcode(sqlite3_db_handle(s)) == SQLITE_NOMEM) {
                return err_because(r, ERR_MEMORY, "database: no memory");
            }
            return err_because(r, ERR_CORRUPT, "database: column %s holds a value that cannot be",
                               sqlite3_column_name(s, at));
        }
    }
    return ERR_OK;
}
