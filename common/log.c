/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_CAP 1024

static atomic_int highest_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level highest)
{
    atomic_store(&highest_level, (int)highest);
}

static void mask_control_characters(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20u || c == 0x7Fu)
            *text = '?';
    }
}

void log_write(enum log_level level, const char *module, const char *fmt, ...)
{
    int saved_errno = errno;
    char line[LINE_CAP];
    va_list args;
    size_t len;
    int n;

    if ((int)level > atomic_load(&highest_level))
        return;
    n = snprintf(line, sizeof(line), "<%d>%s: ", (int)level, module);
    if (n < 0 || (size_t)n >= sizeof(line) - 1)
        return;
    va_start(args, fmt);
    /* One byte is kept for the line end. */
    if (vsnprintf(line + n, sizeof(line) - 1 - (size_t)n, fmt, args) < 0)
        line[n] = '\0';
    va_end(args);
    mask_control_characters(line);
    len = strlen(line);
    line[len++] = '\n';
    /* One write for one line, so that lines of different threads do not mix. A lost line must not stop the work. */
    while (write(STDERR_FILENO, line, len) < 0 && errno == EINTR)
        ;
    errno = saved_errno;
}
