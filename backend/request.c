/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/request.h"

#include <stdio.h>
#include <string.h>

#include "common/language.h"

#define FIRST_YEAR 1880

static const char *const source_names[REQUEST_SOURCE_N] = {"fhir", "csv", "json"};

void request_init(struct request *q, enum request_source source)
{
    memset(q, 0, sizeof(*q));
    q->source = source;
    q->cls = TOKEN_CLASS_ORDINARY;
    q->size = TOKEN_SIZE_S;
    q->zone = TOKEN_ZONE_ROOM;
    memcpy(q->language, "nl", sizeof("nl"));
}

/* Length of the UTF-8 sequence at p (at most left bytes), 0 when it is none. Control characters count as none: C0, DEL,
 * C1, and those that turn the direction of text round. */
static size_t character_len(const unsigned char *p, size_t left)
{
    static const struct {
        unsigned char mask, mark;
        size_t len;
        uint32_t least;
    } form[] = {{0x80, 0x00, 1, 0x20}, {0xE0, 0xC0, 2, 0xA0}, {0xF0, 0xE0, 3, 0x800}, {0xF8, 0xF0, 4, 0x10000}};

    for (size_t f = 0; f < sizeof(form) / sizeof(form[0]); f++) {
        if ((p[0] & form[f].mask) != form[f].mark) {
            continue;
        }
        if (form[f].len > left) {
            return 0;
        }
        uint32_t c = p[0] & (unsigned char)~form[f].mask;
        for (size_t i = 1; i < form[f].len; i++) {
            if ((p[i] & 0xC0) != 0x80) {
                return 0;
            }
            c = (c << 6) | (p[i] & 0x3Fu);
        }
        bool turns = (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F;
        bool fine = c >= form[f].least && c != 0x7F && c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF) && !turns;
        return fine ? form[f].len : 0;
    }
    return 0;
}

enum err request_text(char *dst, size_t cap, const char *src, size_t len)
{
    const unsigned char *p = (const unsigned char *)src;

    if (len >= cap) {
        return ERR_TOO_LONG;
    }
    for (size_t i = 0; i < len;) {
        size_t n = character_len(p + i, len - i);
        if (n == 0) {
            return ERR_SYNTAX;
        }
        i += n;
    }
    memcpy(dst, src, len);
    dst[len] = '\0';
    return ERR_OK;
}

/* Digits only, exactly n of them; -1 otherwise. */
static int digits(const char *p, int n)
{
    int v = 0;

    for (int i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return -1;
        }
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

static int days_in(int year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

static bool read_date(const char *text, int *year, int *month, int *day)
{
    if (strnlen(text, 10) < 10 || text[4] != '-' || text[7] != '-') {
        return false;
    }
    *year = digits(text, 4);
    *month = digits(text + 5, 2);
    *day = digits(text + 8, 2);
    return *year >= FIRST_YEAR && *month >= 1 && *month <= 12 && *day >= 1 && *day <= days_in(*year, *month);
}

bool request_is_date(const char *text)
{
    int y, m, d;

    return strlen(text) == 10 && read_date(text, &y, &m, &d);
}

/* Days since 1970-01-01 of a day of the Gregorian calendar, by counting the days of whole years and months. */
static int64_t days_since_epoch(int year, int month, int day)
{
    int64_t before = (int64_t)(year - 1) * 365 + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    int64_t to_1970 = (int64_t)1969 * 365 + 1969 / 4 - 1969 / 100 + 1969 / 400;

    for (int m = 1; m < month; m++) {
        before += days_in(year, m);
    }
    return before - to_1970 + day - 1;
}

/* Offset "Z", "+hh:mm" or "-hh:mm" in seconds. */
static bool read_offset(const char *p, int *seconds)
{
    if (strcmp(p, "Z") == 0) {
        *seconds = 0;
        return true;
    }
    if (strlen(p) != 6 || (p[0] != '+' && p[0] != '-') || p[3] != ':') {
        return false;
    }
    int h = digits(p + 1, 2), m = digits(p + 4, 2);
    if (h < 0 || h > 14 || m < 0 || m > 59) {
        return false;
    }
    *seconds = (h * 60 + m) * 60 * (p[0] == '-' ? -1 : 1);
    return true;
}

enum err request_time(const char *text, int64_t *out_s)
{
    int y, mo, d, offset;

    if (!read_date(text, &y, &mo, &d) || strnlen(text, 20) < 20 || text[10] != 'T' || text[13] != ':' ||
        text[16] != ':') {
        return ERR_SYNTAX;
    }
    int h = digits(text + 11, 2), mi = digits(text + 14, 2), s = digits(text + 17, 2);
    if (h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60) {
        return ERR_SYNTAX;
    }
    const char *p = text + 19;
    if (*p == '.') {
        size_t n = strspn(p + 1, "0123456789");
        if (n == 0 || n > 9) {
            return ERR_SYNTAX;
        }
        p += 1 + n;
    }
    if (!read_offset(p, &offset)) {
        return ERR_SYNTAX;
    }
    *out_s = days_since_epoch(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - offset;
    return ERR_OK;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " ")] == '\0';
}

static enum err wrong(const char **field, const char *name, enum err e, struct reason *r, const char *why)
{
    if (field != NULL) {
        *field = name;
    }
    return err_because(r, e, "%s: %s", name, why);
}

static enum err check_window(const struct request *q, const char **field, struct reason *r)
{
    const int64_t far = (int64_t)1 << 40;

    if (q->not_before_s == 0 && q->not_after_s == 0) {
        return ERR_OK;
    }
    if (q->not_before_s < 0 || q->not_before_s >= far) {
        return wrong(field, "not_before", ERR_RANGE, r, "not a time");
    }
    if (q->not_after_s <= q->not_before_s || q->not_after_s >= far) {
        return wrong(field, "not_after", ERR_RANGE, r, "must be later than the start of the pickup window");
    }
    if (q->not_before_s != 0 && q->not_after_s - q->not_before_s > REQUEST_WINDOW_MAX_S) {
        return wrong(field, "not_after", ERR_RANGE, r, "the pickup window is longer than 30 days");
    }
    return ERR_OK;
}

enum err request_check(const struct request *q, const char **field, struct reason *r)
{
    if (is_blank(q->patient)) {
        return wrong(field, "patient", ERR_MISSING, r, "a name is needed for the slip");
    }
    if (q->birth_date[0] != '\0' && !request_is_date(q->birth_date)) {
        return wrong(field, "birth_date", ERR_SYNTAX, r, "must be a day such as 1985-11-09");
    }
    if (q->birth_date[0] != '\0' && strcmp(q->birth_date, REQUEST_BIRTH_FIRST) < 0) {
        return wrong(field, "birth_date", ERR_RANGE, r, "must be " REQUEST_BIRTH_FIRST " or later");
    }
    if (q->birth_date[0] == '\0' && q->cls != TOKEN_CLASS_ORDINARY) {
        return wrong(field, "birth_date", ERR_MISSING, r,
                     "this class always asks day and month of birth at the locker");
    }
    enum language language;
    if (language_parse(q->language, &language) != ERR_OK) {
        return wrong(field, "language", ERR_UNKNOWN, r, "must be " LANGUAGE_LIST);
    }
    return check_window(q, field, r);
}

enum err request_check_new(const struct request *q, const struct request_now *now, const char **field, struct reason *r)
{
    if (strcmp(q->birth_date, now->today) > 0) { /* years have four digits: the order of text is that of days */
        return wrong(field, "birth_date", ERR_RANGE, r, "is after today");
    }
    if (q->not_before_s == 0 && q->not_after_s - now->s > REQUEST_WINDOW_MAX_S) {
        return wrong(field, "not_after", ERR_RANGE, r, "the pickup window, counted from now, is longer than 30 days");
    }
    return ERR_OK;
}

bool request_is_ura(const char *text)
{
    return strlen(text) == REQUEST_URA_CAP - 1 && strspn(text, "0123456789") == REQUEST_URA_CAP - 1;
}

bool request_birthday(const struct request *q, char *out)
{
    if (!request_is_date(q->birth_date)) {
        return false;
    }
    memcpy(out, q->birth_date + 8, 2);
    memcpy(out + 2, q->birth_date + 5, 2);
    out[4] = '\0';
    return true;
}

const char *request_source_name(enum request_source s)
{
    return source_names[s];
}

enum err request_source_parse(const char *text, enum request_source *out)
{
    for (unsigned i = 0; i < REQUEST_SOURCE_N; i++) {
        if (strcmp(text, source_names[i]) == 0) {
            *out = (enum request_source)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}
