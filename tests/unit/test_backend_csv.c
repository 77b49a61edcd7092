/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/csv.h"

static const struct request_now now = {.s = 1795305600, .today = "2026-11-22"};

static enum err read_csv(const char *text, struct request **rows, size_t *n, struct csv_place *where, struct reason *r)
{
    *rows = NULL;
    return csv_read(text, strlen(text), &now, rows, n, where, r);
}

static void every_column_reaches_its_field(void **state)
{
    const char *text =
        "\xEF\xBB\xBFpatient,birth_date,reference,medicine,quantity,destination,class,size,zone,low_door,"
        "language,not_before,not_after\r\n"
        "\"Berg, M. van de\",1985-11-09,R1,\"Zalf \"\"10%\"\"\",100 gram,Dorpsrand,sensitive,L,cold,yes,"
        "en,2026-11-20T09:00:00+01:00,2026-11-22T09:00:00+01:00\r\n";
    struct request *q;
    size_t n = 0;
    struct csv_place where;
    struct reason r = {""};

    (void)state;
    if (read_csv(text, &q, &n, &where, &r) != ERR_OK)
        fail_msg("%s", r.text);
    assert_int_equal(n, 1);
    assert_string_equal(q->patient, "Berg, M. van de");
    assert_string_equal(q->birth_date, "1985-11-09");
    assert_string_equal(q->reference, "R1");
    assert_string_equal(q->medicine, "Zalf \"10%\"");
    assert_string_equal(q->quantity, "100 gram");
    assert_string_equal(q->destination, "Dorpsrand");
    assert_int_equal(q->cls, TOKEN_CLASS_SENSITIVE);
    assert_int_equal(q->size, TOKEN_SIZE_L);
    assert_true(q->size_given && q->low_door);
    assert_int_equal(q->zone, TOKEN_ZONE_COLD);
    assert_string_equal(q->language, "en");
    assert_int_equal(q->not_after_s - q->not_before_s, 2 * 86400);
    assert_int_equal(q->source, REQUEST_CSV);
    csv_free(q, n);
}

static void few_columns_and_empty_cells_take_defaults(void **state)
{
    struct request *q;
    size_t n = 0;
    struct csv_place where;

    (void)state;
    assert_int_equal(read_csv("patient;quantity;size\nJ. Bree;300 ml;\nA. Wit;;", &q, &n, &where, NULL), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(q[0].size, TOKEN_SIZE_M); /* proposed */
    assert_false(q[0].size_given);
    assert_int_equal(q[0].cls, TOKEN_CLASS_ORDINARY);
    assert_string_equal(q[1].patient, "A. Wit");
    assert_string_equal(q[1].language, "nl");
    csv_free(q, n);
}

static void one_wrong_cell_refuses_the_file_with_its_place(void **state)
{
    static const struct {
        const char *text;
        enum err want;
        unsigned line, column;
    } row[] = {
        {"", ERR_UNKNOWN, 1, 1},
        {"patient\n", ERR_MISSING, 2, 0},
        {"reference\nR1\n", ERR_MISSING, 1, 0},
        {"patient,Patient\n", ERR_UNKNOWN, 1, 2},
        {"patient,patient\n", ERR_DUPLICATE, 1, 2},
        {"patient,size\nA,S\nB,XL\n", ERR_UNKNOWN, 3, 2},
        {"patient,size\nA,S\nB\n", ERR_MISSING, 3, 2},
        {"patient,size\nA,S,x\n", ERR_SYNTAX, 2, 3},
        {"patient,size\nA,\"S\n", ERR_SYNTAX, 2, 2},
        {"patient,size\nA,\"S\"x\n", ERR_SYNTAX, 2, 2},
        {"patient,size\nA,S\"\n", ERR_SYNTAX, 2, 2},
        {"patient,size\nA\rB,S\n", ERR_SYNTAX, 2, 1},
        {"patient,birth_date\nA,9-11-1985\n", ERR_SYNTAX, 2, 2},
        {"patient,birth_date\nA,2026-11-22\nB,2026-11-23\n", ERR_RANGE, 3, 2},
        {"patient,birth_date\nA,1900-01-01\nB,1899-12-31\n", ERR_RANGE, 3, 2},
        {"patient,not_after\nA,2190-01-01T00:00:00Z\n", ERR_RANGE, 2, 2},
        {"patient,class,birth_date\nA,sensitive,\n", ERR_MISSING, 2, 3},
        {"patient,class\nA,controlled\n", ERR_MISSING, 2, 0},
        {"patient,low_door\nA,ja\n", ERR_UNKNOWN, 2, 2},
        {"patient,language\nA,fr\n", ERR_UNKNOWN, 2, 2},
        {"patient,not_after\nA,morgen\n", ERR_SYNTAX, 2, 2},
        {"patient,reference\nA,R1\nB,R2\nC,R1\n", ERR_DUPLICATE, 4, 2},
        {"patient,medicine\n\"A\",\"line one\nline two\"\n", ERR_SYNTAX, 2, 2},
        {"patient,medicine\nA,x\n\nB,y\n", ERR_MISSING, 3, 2},
        {"patient\n\xFF\n", ERR_SYNTAX, 2, 1},
        {"patient\n   \n", ERR_MISSING, 2, 1},
    };
    struct request *q;
    size_t n = 7;
    struct csv_place where;

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct reason r = {""};
        enum err e = read_csv(row[i].text, &q, &n, &where, &r);
        if (e != row[i].want || where.line != row[i].line || where.column != row[i].column)
            fail_msg("row %zu: %s at %u,%u: %s", i, err_name(e), where.line, where.column, r.text);
        assert_null(q);
        assert_int_equal(n, 7);
        assert_true(r.text[0] != '\0');
    }
}

static void a_nul_byte_is_refused(void **state)
{
    struct request *q = NULL;
    size_t n;
    struct csv_place where;

    (void)state;
    assert_int_equal(csv_read("patient\nA\0B\n", 12, &now, &q, &n, &where, NULL), ERR_SYNTAX);
    assert_int_equal(where.line, 2);
}

static void too_many_rows_or_bytes_are_refused(void **state)
{
    size_t cap = 16 + 4 * (CSV_MAX_ROWS + 1), n, len;
    char *text = calloc(1, cap);
    struct request *q = NULL;
    struct csv_place where;

    (void)state;
    assert_non_null(text);
    len = (size_t)snprintf(text, cap, "patient\n");
    for (unsigned i = 0; i < CSV_MAX_ROWS; i++, len += 2)
        memcpy(text + len, "A\n", 2);
    assert_int_equal(csv_read(text, len, &now, &q, &n, &where, NULL), ERR_OK);
    assert_int_equal(n, CSV_MAX_ROWS);
    csv_free(q, n);
    q = NULL;
    memcpy(text + len, "A\n", 2);
    assert_int_equal(csv_read(text, len + 2, &now, &q, &n, &where, NULL), ERR_TOO_LONG);
    assert_int_equal(where.line, CSV_MAX_ROWS + 2);
    assert_int_equal(csv_read(text, CSV_MAX_LEN + 1, &now, &q, &n, &where, NULL), ERR_TOO_LONG);
    assert_null(q);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_column_reaches_its_field),
        cmocka_unit_test(few_columns_and_empty_cells_take_defaults),
        cmocka_unit_test(one_wrong_cell_refuses_the_file_with_its_place),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(too_many_rows_or_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
