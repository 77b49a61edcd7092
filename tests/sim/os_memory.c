/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/os_memory.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/process.h"

static bool refused(void)
{
    const struct process *p = process_current();
    if (p == NULL || process_is_dead(p) || process_may(OS_MEMORY))
        return false;
    errno = ENOMEM;
    return true;
}

void *os_malloc(size_t n)
{
    return refused() ? NULL : malloc(n);
}

void *os_calloc(size_t count, size_t size)
{
    return refused() ? NULL : calloc(count, size);
}

void *os_realloc(void *p, size_t n)
{
    return refused() ? NULL : realloc(p, n);
}

void *os_reallocarray(void *p, size_t count, size_t size)
{
    return refused() ? NULL : reallocarray(p, count, size);
}

char *os_strdup(const char *text)
{
    return refused() ? NULL : strdup(text);
}

char *os_strndup(const char *text, size_t n)
{
    return refused() ? NULL : strndup(text, n);
}

int os_asprintf(char **out, const char *fmt, ...)
{
    va_list list;
    if (refused()) {
        *out = NULL;
        return -1;
    }
    va_start(list, fmt);
    int n = vasprintf(out, fmt, list);
    va_end(list);
    return n;
}

FILE *os_open_memstream(char **out, size_t *len)
{
    return refused() ? NULL : open_memstream(out, len);
}

FILE *os_fmemopen(void *buf, size_t len, const char *mode)
{
    return refused() ? NULL : fmemopen(buf, len, mode);
}

/* ---------------------------------------------------------------- SQLite */

/* SQLite asks for the size of what it has, and decides by it: so it is kept before the block, and is what was asked
 * for, not what the allocator of this run had at hand. */
#define HEAD 16

static void *with_size(uint8_t *block, int n)
{
    if (block == NULL)
        return NULL;
    memcpy(block, &n, sizeof n);
    return block + HEAD;
}

static void *sqlite_malloc(int n)
{
    return with_size(os_malloc((size_t)n + HEAD), n);
}

static void sqlite_free(void *p)
{
    if (p != NULL)
        free((uint8_t *)p - HEAD);
}

static void *sqlite_realloc(void *p, int n)
{
    return with_size(os_realloc((uint8_t *)p - HEAD, (size_t)n + HEAD), n);
}

static int sqlite_size(void *p)
{
    int n = 0;
    if (p != NULL)
        memcpy(&n, (uint8_t *)p - HEAD, sizeof n);
    return n;
}

static int sqlite_round_up(int n)
{
    return (n + 7) & ~7;
}

static int sqlite_init(void *arg)
{
    (void)arg;
    return SQLITE_OK;
}

static void sqlite_shutdown(void *arg)
{
    (void)arg;
}

int memory_install(void)
{
    static const sqlite3_mem_methods methods = {
        .xMalloc = sqlite_malloc,
        .xFree = sqlite_free,
        .xRealloc = sqlite_realloc,
        .xSize = sqlite_size,
        .xRoundup = sqlite_round_up,
        .xInit = sqlite_init,
        .xShutdown = sqlite_shutdown,
    };
    cJSON_Hooks hooks = {.malloc_fn = os_malloc, .free_fn = free};
    cJSON_InitHooks(&hooks);
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}
