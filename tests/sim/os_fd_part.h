/* SPDX-License-Identifier: Apache-2.0 */
/* os_fd_part: waiting for a descriptor, for poll and the event loop. */
#ifndef MEDLOCKER_SIM_OS_FD_PART_H
#define MEDLOCKER_SIM_OS_FD_PART_H

#include <stdbool.h>

struct os_fd;

/* changed is called when it may have become ready; level triggered: ask os_fd_ready. */
struct os_fd_watch {
    void (*changed)(void *arg);
    void *arg;
    struct os_fd *fd; /* NULL: closed, or a real one, which is never ready */
    struct os_fd_watch *next, **at;
};

bool os_fd_watch(int fd, struct os_fd_watch *w); /* of the running process; false: not in the table */
void os_fd_unwatch(struct os_fd_watch *w);
short os_fd_ready(const struct os_fd_watch *w);

#endif
