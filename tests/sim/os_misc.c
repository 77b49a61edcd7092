/* SPDX-License-Identifier: Apache-2.0 */
/* os_misc: what the daemons tell their supervisor, and small things that have no effect here. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/os.h"
#include "tests/sim/process_part.h"

#define WATCHDOG_US 20000000

/* ---------------------------------------------------------------- systemd */

static void take_line(struct process *p, const char *line, size_t len)
{
    static const char status[] = "STATUS=";
    if (len == strlen("READY=1") && memcmp(line, "READY=1", len) == 0) {
        p->ready = true;
        process_feed(p);
        world_tell(p->world, p->cfg.name, "is ready");
    } else if (len == strlen("WATCHDOG=1") && memcmp(line, "WATCHDOG=1", len) == 0) {
        process_feed(p);
    } else if (len >= strlen(status) && memcmp(line, status, strlen(status)) == 0) {
        (void)snprintf(p->status, sizeof p->status, "%.*s", (int)(len - strlen(status)), line + strlen(status));
    }
}

int os_sd_notify(int unset, const char *state)
{
    struct process *p = process_current();
    (void)unset;
    if (p == NULL || p->dead) {
        return 0;
    }
    for (const char *end; *state != '\0'; state = *end == '\0' ? end : end + 1) {
        end = strchrnul(state, '\n');
        take_line(p, state, (size_t)(end - state));
    }
    return 1;
}

int os_sd_notifyf(int unset, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return os_sd_notify(unset, text);
}

int os_sd_watchdog_enabled(int unset, uint64_t *us)
{
    (void)unset;
    if (us != NULL) {
        *us = WATCHDOG_US;
    }
    return 1;
}

int os_sd_id128_get_boot(sd_id128_t *to)
{
    struct process *p = process_current();
    if (p == NULL || !process_may(OS_CLOCK)) {
        return -ENOENT;
    }
    for (unsigned i = 0; i < sizeof to->bytes; i++) {
        char digits[3] = {p->cfg.machine->boot_id[2 * i], p->cfg.machine->boot_id[2 * i + 1], '\0'};
        to->bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return 0;
}

char *os_sd_id128_to_string(sd_id128_t id, char text[SD_ID128_STRING_MAX])
{
    for (unsigned i = 0; i < sizeof id.bytes; i++) {
        (void)snprintf(text + 2 * (size_t)i, 3, "%02x", id.bytes[i]);
    }
    return text;
}

/* ---------------------------------------------------------------- without effect */

int os_prctl(int option, ...)
{
    (void)option;
    return 0;
}

int os_sigprocmask(int how, const sigset_t *set, sigset_t *before)
{
    return os_pthread_sigmask(how, set, before);
}

sighandler_t os_signal(int sig, sighandler_t handler)
{
    (void)sig;
    (void)handler;
    return SIG_DFL;
}

int os_setrlimit(int what, const struct rlimit *limit)
{
    (void)what;
    (void)limit;
    return 0;
}

mode_t os_umask(mode_t mask)
{
    (void)mask;
    return 077;
}

int os_printf(const char *fmt, ...)
{
    (void)fmt;
    return 0;
}

int os_fprintf(FILE *to, const char *fmt, ...)
{
    struct process *p = process_current();
    char text[200];
    va_list args;
    va_start(args, fmt);
    int n = p != NULL && to == stderr ? vsnprintf(text, sizeof text, fmt, args) : vfprintf(to, fmt, args);
    va_end(args);
    if (p != NULL && to == stderr) {
        world_tell(p->world, p->cfg.name, "%s", text);
    }
    return n;
}

int os_puts(const char *text)
{
    (void)text;
    return 0;
}

int os_putchar(int c)
{
    return c;
}

/* ---------------------------------------------------------------- what must not happen */

void os_abort(void)
{
    process_abort(PROCESS_ABORT);
    abort();
}

void os___assert_fail(const char *what, const char *file, unsigned line, const char *function)
{
    char text[200];
    (void)snprintf(text, sizeof text, "assertion %s failed in %s, %s:%u", what, function, file, line);
    process_abort(text);
    abort();
}
