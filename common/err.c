/* SPDX-License-Identifier: Apache-2.0 */
#include "common/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[ERR_N] = {
    [ERR_OK] = "ok",
    [ERR_SYNTAX] = "syntax",
    [ERR_RANGE] = "range",
    [ERR_TOO_LONG] = "too long",
    [ERR_UNKNOWN] = "unknown",
    [ERR_DUPLICATE] = "duplicate",
    [ERR_MISSING] = "missing",
    [ERR_NOT_FOUND] = "not found",
    [ERR_SIGNATURE] = "signature",
    [ERR_FOREIGN] = "foreign",
    [ERR_REPLAY] = "replay",
    [ERR_GAP] = "gap",
    [ERR_FORKED] = "forked",
    [ERR_EXPIRED] = "expired",
    [ERR_DENIED] = "denied",
    [ERR_STATE] = "state",
    [ERR_BUSY] = "busy",
    [ERR_FULL] = "full",
    [ERR_TIMEOUT] = "timeout",
    [ERR_IO] = "i/o",
    [ERR_CORRUPT] = "corrupt",
    [ERR_MEMORY] = "memory",
};

const char *err_name(enum err e)
{
    unsigned i = (unsigned)e;

    return i < ERR_N ? names[i] : "invalid";
}

/* A text that was cut in the middle of a UTF-8 character would make every JSON document that quotes it invalid. */
static void drop_partial_character(char *text)
{
    size_t len = strlen(text);
    size_t start = len;
    size_t need = 1;

    if (len < REASON_CAP - 1)
        return;
    while (start > 0 && len - start < 4 && ((unsigned char)text[start - 1] & 0xC0u) == 0x80u)
        start--;
    if (start == 0)
        return;
    start--;
    if (((unsigned char)text[start] & 0xE0u) == 0xC0u)
        need = 2;
    else if (((unsigned char)text[start] & 0xF0u) == 0xE0u)
        need = 3;
    else if (((unsigned char)text[start] & 0xF8u) == 0xF0u)
        need = 4;
    if (len - start < need)
        text[start] = '\0';
}

static ERR_PRINTF(2, 0) void write_text(char text[REASON_CAP], const char *fmt, va_list args)
{
    int saved_errno = errno;

    if (vsnprintf(text, REASON_CAP, fmt, args) < 0)
        text[0] = '\0';
    drop_partial_character(text);
    errno = saved_errno;
}

void err_write(struct reason *r, const char *fmt, ...)
{
    va_list args;

    if (r == NULL)
        return;
    va_start(args, fmt);
    write_text(r->text, fmt, args);
    va_end(args);
}

void err_write_before(struct reason *r, const char *fmt, ...)
{
    char prefix[REASON_CAP] = "";
    struct reason old;
    va_list args;

    if (r == NULL)
        return;
    old = *r;
    va_start(args, fmt);
    write_text(prefix, fmt, args);
    va_end(args);
    err_write(r, "%s: %s", prefix, old.text);
}
