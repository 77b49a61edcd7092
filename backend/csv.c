/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/csv.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/field.h"

#define COLUMNS_MAX FIELD_N
#define CELL_CAP 1024

struct scanner {
    const char *at, *end;
    char separator;
    unsigned line;
    const struct request_now *now;
    struct csv_place *where;
    struct reason *r;
};

static enum err wrong(struct scanner *s, unsigned line, unsigned column, enum err e, const char *name, const char *why)
{
    s->where->line = line;
    s->where->column = column;
    return err_because(s->r, e, "line %u, column %u%s%s: %s", line, column, name[0] == '\0' ? "" : " ", name, why);
}

/* ---------------------------------------------------------------- the grammar */

enum after { AFTER_CELL, AFTER_RECORD };

/* What ends a cell: a separator, or the end of the record. Nothing else may follow a closing quote. */
static enum err end_cell(struct scanner *s, enum after *after)
{
    if (s->at == s->end) {
        *after = AFTER_RECORD;
        return ERR_OK;
    }
    if (*s->at == s->separator) {
        s->at++;
        *after = AFTER_CELL;
        return ERR_OK;
    }
    if (*s->at == '\r' && s->at + 1 < s->end && s->at[1] == '\n') {
        s->at++;
    }
    if (*s->at != '\n') {
        return ERR_SYNTAX;
    }
    s->at++;
    s->line++;
    *after = AFTER_RECORD;
    return ERR_OK;
}

/* Inside quotes; the opening one is passed. */
static enum err read_quoted(struct scanner *s, char *cell, size_t *len)
{
    while (s->at < s->end) {
        char c = *s->at++;
        if (c == '"' && (s->at == s->end || *s->at != '"')) {
            return ERR_OK;
        }
        if (c == '"') {
            s->at++;
        }
        s->line += c == '\n';
        if (*len + 1 >= CELL_CAP) {
            return ERR_TOO_LONG;
        }
        cell[(*len)++] = c;
    }
    return ERR_SYNTAX;
}

static enum err read_plain(struct scanner *s, char *cell, size_t *len)
{
    while (s->at < s->end && *s->at != s->separator && *s->at != '\n' && *s->at != '\r') {
        if (*s->at == '"') {
            return ERR_SYNTAX;
        }
        if (*len + 1 >= CELL_CAP) {
            return ERR_TOO_LONG;
        }
        cell[(*len)++] = *s->at++;
    }
    return ERR_OK;
}

/* One cell into cell (CELL_CAP). */
static enum err read_cell(struct scanner *s, unsigned column, char *cell, size_t *len, enum after *after)
{
    unsigned line = s->line;
    enum err e;

    *len = 0;
    if (s->at < s->end && *s->at == '"') {
        s->at++;
        e = read_quoted(s, cell, len);
    } else {
        e = read_plain(s, cell, len);
    }
    if (e == ERR_OK) {
        e = end_cell(s, after);
    }
    if (e != ERR_OK) {
        return wrong(s, line, column, e, "",
                     e == ERR_TOO_LONG ? "longer than 1023 bytes" : "quotes that do not open, close or double");
    }
    cell[*len] = '\0';
    return strlen(cell) == *len ? ERR_OK : wrong(s, line, column, ERR_SYNTAX, "", "holds a NUL byte");
}

/* ---------------------------------------------------------------- header and records */

struct header {
    enum field column[COLUMNS_MAX];
    unsigned count;
};

/* The header decides: spreadsheets of this country write semicolons. */
static char guess_separator(const char *at, const char *end)
{
    while (at < end && *at != '\n' && *at != ',' && *at != ';') {
        at++;
    }
    return at < end && *at == ';' ? ';' : ',';
}

static enum err read_header(struct scanner *s, struct header *h)
{
    bool seen[FIELD_N] = {false};
    char cell[CELL_CAP];
    enum after after = AFTER_CELL;
    size_t len;

    for (h->count = 0; after == AFTER_CELL; h->count++) {
        enum field f;
        enum err e = read_cell(s, h->count + 1, cell, &len, &after);
        if (e != ERR_OK) {
            return e;
        }
        if (field_parse(cell, &f) != ERR_OK) {
            return wrong(s, 1, h->count + 1, ERR_UNKNOWN, "", "no such column");
        }
        if (seen[f]) {
            return wrong(s, 1, h->count + 1, ERR_DUPLICATE, field_name(f), "the column stands there twice");
        }
        seen[f] = true;
        h->column[h->count] = f; /* each once, so never more than COLUMNS_MAX */
    }
    return seen[FIELD_PATIENT] ? ERR_OK
                               : wrong(s, 1, 0, ERR_MISSING, field_name(FIELD_PATIENT), "this column is needed");
}

static unsigned column_of(const struct header *h, const char *name)
{
    for (unsigned i = 0; i < h->count; i++) {
        if (name != NULL && strcmp(field_name(h->column[i]), name) == 0) {
            return i + 1;
        }
    }
    return 0;
}

static enum err read_record(struct scanner *s, const struct header *h, struct request *q)
{
    unsigned line = s->line;
    enum after after = AFTER_CELL;
    struct reason why = {""};
    char cell[CELL_CAP];
    const char *field = NULL;
    size_t len;
    enum err e = ERR_OK;

    request_init(q, REQUEST_CSV);
    for (unsigned i = 0; e == ERR_OK && after == AFTER_CELL; i++) {
        e = read_cell(s, i + 1, cell, &len, &after);
        if (e == ERR_OK && i >= h->count) {
            e = wrong(s, line, i + 1, ERR_SYNTAX, "", "more cells than the header has");
        } else if (e == ERR_OK && after == AFTER_RECORD && i + 1 < h->count) {
            e = wrong(s, line, i + 2, ERR_MISSING, field_name(h->column[i + 1]), "the record ends too early");
        } else if (e == ERR_OK && len > 0) {
            e = field_set(q, h->column[i], cell, &why);
            e = e == ERR_OK ? ERR_OK : wrong(s, line, i + 1, e, field_name(h->column[i]), why.text);
        }
    }
    sodium_memzero(cell, sizeof(cell));
    if (e != ERR_OK) {
        return e;
    }
    field_finish(q);
    e = request_check(q, &field, &why);
    if (e == ERR_OK) {
        e = request_check_new(q, s->now, &field, &why);
    }
    return e == ERR_OK ? ERR_OK : wrong(s, line, column_of(h, field), e, "", why.text);
}

static bool has_reference(const struct request *rows, size_t n, const char *reference)
{
    for (size_t i = 0; i < n && reference[0] != '\0'; i++) {
        if (strcmp(rows[i].reference, reference) == 0) {
            return true;
        }
    }
    return false;
}

static enum err read_records(struct scanner *s, const struct header *h, struct request *rows, size_t *n)
{
    enum err e = ERR_OK;

    while (e == ERR_OK && s->at < s->end) {
        unsigned line = s->line;
        if (*n == CSV_MAX_ROWS) {
            return wrong(s, line, 0, ERR_TOO_LONG, "", "more than 1000 rows");
        }
        struct request *q = &rows[*n];
        e = read_record(s, h, q);
        if (e == ERR_OK && has_reference(rows, *n, q->reference)) {
            e = wrong(s, line, column_of(h, field_name(FIELD_REFERENCE)), ERR_DUPLICATE, field_name(FIELD_REFERENCE),
                      "the same as in an earlier row");
        }
        *n += e == ERR_OK;
    }
    return e;
}

enum err csv_read(const char *text, size_t len, const struct request_now *now, struct request **out, size_t *n,
                  struct csv_place *where, struct reason *r)
{
    struct scanner s = {.at = text, .end = text + len, .line = 1, .now = now, .where = where, .r = r};
    struct header h;
    size_t count = 0;

    *where = (struct csv_place){.line = 1, .column = 0};
    if (len > CSV_MAX_LEN) {
        return err_because(r, ERR_TOO_LONG, "the file is larger than 1 MiB");
    }
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        s.at += 3;
    }
    s.separator = guess_separator(s.at, s.end);
    enum err e = read_header(&s, &h);
    if (e != ERR_OK) {
        return e;
    }
    struct request *rows = calloc(CSV_MAX_ROWS, sizeof(*rows));
    if (rows == NULL) {
        return err_because(r, ERR_MEMORY, "out of memory");
    }
    e = read_records(&s, &h, rows, &count);
    if (e == ERR_OK && count == 0) {
        e = wrong(&s, s.line, 0, ERR_MISSING, "", "no rows below the header");
    }
    if (e != ERR_OK) {
        csv_free(rows, CSV_MAX_ROWS);
        return e;
    }
    *out = rows;
    *n = count;
    return ERR_OK;
}

void csv_free(struct request *rows, size_t n)
{
    if (rows != NULL) {
        sodium_memzero(rows, n * sizeof(*rows));
        free(rows);
    }
}
