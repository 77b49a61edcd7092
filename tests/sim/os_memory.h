/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_memory: the memory calls of the daemons, of SQLite and of cJSON on their behalf: real memory, counted as
 * OS_MEMORY, so that the n-th can fail. A dead process gets memory all the same, for its clean-up.
 */
#ifndef MEDLOCKER_SIM_OS_MEMORY_H
#define MEDLOCKER_SIM_OS_MEMORY_H

#include <stddef.h>
#include <stdio.h>

void *os_malloc(size_t n);
void *os_calloc(size_t count, size_t size);
void *os_realloc(void *p, size_t n);
void *os_reallocarray(void *p, size_t count, size_t size);
char *os_strdup(const char *text);
char *os_strndup(const char *text, size_t n);
int os_asprintf(char **out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
FILE *os_open_memstream(char **out, size_t *len);
FILE *os_fmemopen(void *buf, size_t len, const char *mode);

/* For vfs_register: before sqlite3_initialize. The result of SQLite. Also gives cJSON its functions. */
int memory_install(void);

#endif
