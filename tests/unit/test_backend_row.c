/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <string.h>

#include "backend/row.h"

struct thing {
    int64_t number;
};

static const struct row_col number_col[] = {ROW_MEMBER(ROW_I64, struct thing, number)};

static sqlite3_stmt *one_row(sqlite3 **db)
{
    sqlite3_stmt *q = NULL;
    assert_int_equal(sqlite3_open(":memory:", db), SQLITE_OK);
    assert_int_equal(sqlite3_db_config(*db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 0, 0), SQLITE_OK);
    assert_int_equal(sqlite3_exec(*db,
                                  "CREATE TABLE t (n INTEGER, x TEXT) STRICT;"
                                  "INSERT INTO t VALUES (1234567890, 'some words that need a copy of their own')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(*db, "SELECT n, x FROM t", -1, &q, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(q), SQLITE_ROW);
    return q;
}

/* Reads one column while SQLite gets no memory, and tells what came of it. */
static enum err read_without_memory(const struct row_col *col, int at, struct thing *out, int *after)
{
    sqlite3 *db;
    sqlite3_stmt *q = one_row(&db);
    struct reason r;
    (void)sqlite3_hard_heap_limit64(1);
    enum err e = row_read(q, at, col, 1, out, &r);
    (void)sqlite3_hard_heap_limit64(0);
    *after = sqlite3_reset(q);
    (void)sqlite3_finalize(q);
    (void)sqlite3_close(db);
    return e;
}

/* It was made a text of before, which took memory; without it the transaction was rolled back, and nobody was told. */
static void a_number_is_read_without_memory(void **state)
{
    (void)state;
    struct thing t = {.number = 0};
    int after;
    assert_int_equal(read_without_memory(number_col, 0, &t, &after), ERR_OK);
    assert_int_equal(t.number, 1234567890);
    assert_int_equal(after, SQLITE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_read_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
