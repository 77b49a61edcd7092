/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_fd: the descriptors of the simulated processes: one table of numbers for everything that is not real: files on a
 * machine's disk (os_file.c), eventfds (os_fd.c), buses, sockets. Numbers below OS_FD_FIRST are real and go to the real
 * calls. os_read, os_write, os_close, os_dup and os_ppoll find the kind here.
 */
#ifndef MEDLOCKER_SIM_OS_FD_H
#define MEDLOCKER_SIM_OS_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tests/sim/process.h"

#define OS_FD_FIRST 500 /* below FD_SETSIZE: the product refuses more */
#define OS_FD_LAST 1023

/* What a descriptor stands for. The calls answer as the system does: -1 and errno. */
struct os_fd_kind {
    const char *name;
    ssize_t (*read)(void *it, void *to, size_t len);          /* NULL: EINVAL */
    ssize_t (*write)(void *it, const void *from, size_t len); /* NULL: EINVAL */
    short (*ready)(void *it);                                 /* POLLIN and POLLOUT; NULL: always both */
    void (*close)(void *it); /* when the last number of it is closed, or its process has ended */
};

/* The lowest free number for a thing of the process whose fiber runs. -1: EMFILE, and nothing was taken over. */
int os_fd_new(const struct os_fd_kind *kind, void *it);
/* NULL: no descriptor of the running process, or of another kind. */
void *os_fd_it(int fd, const struct os_fd_kind *kind);
/* It became ready: whoever polls it looks again. */
void os_fd_changed(const void *it);
/* What a process left open when it ended. */
void os_fd_close_all(const struct process *p);

#endif
