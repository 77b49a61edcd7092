/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/json.h"

#define COLUMNS_MAX 9u
#define CELL_CAP 64

struct column {
    const char *title, *member;
};

/* ---------------------------------------------------------------- values */

static void print_text(const char *text, FILE *to)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool c1 = c == 0xc2 && (unsigned char)text[1] < 0xa0; /* U+0080 to U+009F */
        (void)fputc(c < 0x20 || c == 0x7f || c1 ? '?' : c, to);
        text += c1 && text[1] != '\0' ? 1 : 0;
    }
}

/* A member as text; "-" when there is nothing that can be shown in a cell. */
static const char *cell(const cJSON *obj, const char *member, char buffer[CELL_CAP])
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(obj, member);
    if (cJSON_IsString(item) && item->valuestring[0] != '\0') {
        return item->valuestring;
    }
    if (cJSON_IsBool(item)) {
        return cJSON_IsTrue(item) ? "yes" : "no";
    }
    if (cJSON_IsNumber(item)) {
        (void)snprintf(buffer, CELL_CAP, "%.0f", item->valuedouble);
        return buffer;
    }
    return "-";
}

/* Cells of a terminal: characters, not bytes. */
static size_t width(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++) {
        n += ((unsigned char)*text & 0xc0) != 0x80 ? 1 : 0;
    }
    return n;
}

static void pad(size_t n, FILE *to)
{
    for (; n > 0; n--) {
        (void)fputc(' ', to);
    }
}

/* ---------------------------------------------------------------- tables */

static void print_row(const struct column *column, size_t columns, const size_t *wide, const cJSON *row, FILE *to)
{
    char buffer[CELL_CAP];
    for (size_t i = 0; i < columns; i++) {
        const char *text = row == NULL ? column[i].title : cell(row, column[i].member, buffer);
        print_text(text, to);
        if (i + 1 < columns) {
            pad(wide[i] + 2 - width(text), to);
        }
    }
    (void)fputc('\n', to);
}

static void print_table(const struct column *column, size_t columns, const cJSON *rows, FILE *to)
{
    size_t wide[COLUMNS_MAX];
    char buffer[CELL_CAP];
    const cJSON *row;
    for (size_t i = 0; i < columns; i++) {
        wide[i] = width(column[i].title);
        cJSON_ArrayForEach(row, rows)
        {
            size_t w = width(cell(row, column[i].member, buffer));
            wide[i] = w > wide[i] ? w : wide[i];
        }
    }
    print_row(column, columns, wide, NULL, to);
    cJSON_ArrayForEach(row, rows)
    {
        print_row(column, columns, wide, row, to);
    }
}

/* ---------------------------------------------------------------- status */

static void print_line(const char *title, const char *value, FILE *to)
{
    (void)fprintf(to, "%-14s ", title);
    print_text(value, to);
    (void)fputc('\n', to);
}

static void print_uptime(const cJSON *answer, FILE *to)
{
    int64_t s;
    char text[CELL_CAP] = "-";
    if (json_get_int(answer, "uptime_s", 0, INT32_MAX, &s, NULL) == ERR_OK) {
        (void)snprintf(text, sizeof text, "%" PRId64 " d %02" PRId64 ":%02" PRId64 ":%02" PRId64, s / 86400,
                       s / 3600 % 24, s / 60 % 60, s % 60);
    }
    print_line("up", text, to);
}

static void print_wrong(const cJSON *answer, FILE *to)
{
    char hour[CELL_CAP], day[CELL_CAP], week[CELL_CAP], text[4 * CELL_CAP];
    (void)snprintf(text, sizeof text, "%.20s in 1 h, %.20s in 24 h, %.20s in 7 d", cell(answer, "wrong_1h", hour),
                   cell(answer, "wrong_24h", day), cell(answer, "wrong_7d", week));
    print_line("wrong codes", text, to);
}

/* Thousandths with one decimal. */
static void print_thousandths(int64_t n, const char *unit, FILE *to)
{
    int64_t tenths = (n < 0 ? -n : n) / 100;
    (void)fprintf(to, " %s%" PRId64 ".%" PRId64 " %s", n < 0 && tenths > 0 ? "-" : "", tenths / 10, tenths % 10, unit);
}

static void print_sensors(const cJSON *answer, FILE *to)
{
    char name[CELL_CAP], state[CELL_CAP];
    const cJSON *row;
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(answer, "climate"))
    {
        int64_t n;
        (void)fprintf(to, "%-14s ", "climate");
        print_text(cell(row, "sensor", name), to);
        (void)fputc(' ', to);
        print_text(cell(row, "state", state), to);
        if (json_get_int(row, "milli_c", -300000, 300000, &n, NULL) == ERR_OK) {
            print_thousandths(n, "C", to);
        }
        if (json_get_int(row, "permille", 0, 1000, &n, NULL) == ERR_OK) {
            print_thousandths(100 * n, "% humidity", to);
        }
        (void)fputc('\n', to);
    }
}

static void print_boards(const cJSON *answer, FILE *to)
{
    char name[CELL_CAP], state[CELL_CAP];
    const cJSON *row;
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(answer, "boards"))
    {
        (void)fprintf(to, "%-14s ", "board");
        print_text(cell(row, "board", name), to);
        (void)fputc(' ', to);
        print_text(cell(row, "state", state), to);
        (void)fputc('\n', to);
    }
}

void report_status(const cJSON *answer, FILE *to)
{
    static const struct column head[] = {
        {"locker", "locker"}, {"name", "name"}, {"site", "site"}, {"version", "version"}, {"boot", "boot"}};
    static const struct column now[] = {{"boards known", "ready"}, {"hub connected", "connected"}, {"frozen", "frozen"},
                                        {"unsent", "outbox"},      {"orders", "orders"},           {"screen", "screen"},
                                        {"mode", "mode"}};
    char buffer[CELL_CAP];
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        print_line(head[i].title, cell(answer, head[i].member, buffer), to);
    }
    print_uptime(answer, to);
    for (size_t i = 0; i < sizeof now / sizeof now[0]; i++) {
        print_line(now[i].title, cell(answer, now[i].member, buffer), to);
    }
    print_wrong(answer, to);
    print_boards(answer, to);
    print_sensors(answer, to);
}

/* ---------------------------------------------------------------- the others */

void report_doors(const cJSON *answer, FILE *to)
{
    static const struct column column[] = {
        {"DOOR", "door"}, {"NUMBER", "number"}, {"STATE", "state"}, {"CONTACT", "contact"},
        {"SIZE", "size"}, {"ZONE", "zone"},     {"BOARD", "board"}, {"COMMISSIONED", "commissioned"},
        {"ORDER", "ord"}};
    print_table(column, sizeof column / sizeof column[0], cJSON_GetObjectItemCaseSensitive(answer, "doors"), to);
}

static void print_time(const cJSON *row, FILE *to)
{
    int64_t ms;
    struct tm tm;
    char text[CELL_CAP];
    if (json_get_int(row, "wall_ms", 0, 253402300799999, &ms, NULL) != ERR_OK) {
        (void)fprintf(to, "%-24s", "-");
        return;
    }
    time_t s = (time_t)(ms / 1000);
    (void)gmtime_r(&s, &tm); /* years up to 9999 */
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)fprintf(to, "%s.%03" PRId64 "Z", text, ms % 1000);
}

void report_journal(const cJSON *answer, FILE *to)
{
    char buffer[CELL_CAP];
    const cJSON *row;
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(answer, "rows"))
    {
        (void)fprintf(to, "%6s  ", cell(row, "id", buffer));
        print_time(row, to);
        (void)fputs("  ", to);
        print_text(cell(row, "typ", buffer), to);
        const cJSON *dat = cJSON_GetObjectItemCaseSensitive(row, "dat");
        if (cJSON_IsObject(dat)) {
            char *text = json_print(dat);
            (void)fputc(' ', to);
            print_text(text, to);
            free(text);
        }
        (void)fputc('\n', to);
    }
}

void report_verify(const cJSON *answer, FILE *to)
{
    char rows[CELL_CAP], first[CELL_CAP], last[CELL_CAP], head[CELL_CAP];
    (void)fprintf(to, "The journal is whole: %s rows (%s to %s), head %s\n", cell(answer, "rows", rows),
                  cell(answer, "first_id", first), cell(answer, "last_id", last), cell(answer, "head", head));
}

void report_release(const cJSON *answer, FILE *to)
{
    char board[CELL_CAP];
    (void)fputs("Board ", to);
    print_text(cell(answer, "board", board), to);
    (void)fputs(" is released. Open one of its doors and watch which one moves.\n", to);
}
