/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/os_fd.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/os.h"
#include "tests/sim/os_fd_part.h"
#include "tests/sim/process_part.h"

/* What one or more numbers stand for. */
struct os_fd {
    const struct os_fd_kind *kind;
    void *it;
    unsigned numbers;
    struct os_fd_watch *first; /* who waits for it */
};

struct counter {
    uint64_t count;
};

/* ---------------------------------------------------------------- the table */

static struct os_fd *look(const struct process *p, int fd)
{
    return p == NULL || fd < OS_FD_FIRST || fd > OS_FD_LAST ? NULL : p->fd[fd - OS_FD_FIRST];
}

static int give_number(struct process *p, struct os_fd *d)
{
    for (unsigned i = p->fd_from; i < OS_FDS; i++) {
        if (p->fd[i] == NULL) {
            p->fd[i] = d;
            p->fd_from = i + 1;
            p->fd_end = p->fd_end < i + 1 ? i + 1 : p->fd_end;
            d->numbers++;
            return OS_FD_FIRST + (int)i;
        }
    }
    errno = EMFILE;
    return -1;
}

int os_fd_new(const struct os_fd_kind *kind, void *it)
{
    struct process *p = process_current();
    assert(p != NULL);
    struct os_fd *d = calloc(1, sizeof *d);
    if (d == NULL) {
        abort();
    }
    d->kind = kind;
    d->it = it;
    int fd = give_number(p, d);
    if (fd < 0) {
        free(d);
    }
    return fd;
}

void *os_fd_it(int fd, const struct os_fd_kind *kind)
{
    struct os_fd *d = look(process_current(), fd);
    if (d == NULL || d->kind != kind) {
        errno = EBADF;
        return NULL;
    }
    return d->it;
}

static void tell_watchers(struct os_fd *d)
{
    for (struct os_fd_watch *w = d->first; w != NULL; w = w->next) {
        w->changed(w->arg);
    }
}

void os_fd_changed(const void *it)
{
    for (struct process *p = process_first(); p != NULL; p = p->next) {
        for (unsigned i = 0; i < p->fd_end; i++) {
            if (p->fd[i] != NULL && p->fd[i]->it == it) {
                tell_watchers(p->fd[i]);
                return;
            }
        }
    }
}

static void let_go(struct process *p, unsigned i)
{
    struct os_fd *d = p->fd[i];
    p->fd[i] = NULL;
    if (i < p->fd_from) {
        p->fd_from = i;
    }
    if (--d->numbers > 0) {
        return;
    }
    while (d->first != NULL) {
        os_fd_unwatch(d->first);
    }
    if (d->kind->close != NULL) {
        d->kind->close(d->it);
    }
    free(d);
}

void os_fd_close_all(const struct process *cp)
{
    for (struct process *p = process_first(); p != NULL; p = p->next) {
        for (unsigned i = 0; p == cp && i < OS_FDS; i++) {
            if (p->fd[i] != NULL) {
                let_go(p, i);
            }
        }
    }
}

/* ---------------------------------------------------------------- waiting for them */

bool os_fd_watch(int fd, struct os_fd_watch *w)
{
    struct os_fd *d = look(process_current(), fd);
    w->fd = d;
    if (d == NULL) {
        return false;
    }
    w->next = d->first;
    w->at = &d->first;
    if (w->next != NULL) {
        w->next->at = &w->next;
    }
    d->first = w;
    return true;
}

void os_fd_unwatch(struct os_fd_watch *w)
{
    if (w->fd != NULL) {
        *w->at = w->next;
        if (w->next != NULL) {
            w->next->at = w->at;
        }
        w->fd = NULL;
    }
}

short os_fd_ready(const struct os_fd_watch *w)
{
    const struct os_fd *d = w->fd;
    if (d == NULL) {
        return 0; /* closed, or real: nothing comes */
    }
    return d->kind->ready == NULL ? POLLIN | POLLOUT : d->kind->ready(d->it);
}

/* ---------------------------------------------------------------- calls on any of them */

ssize_t os_read(int fd, void *to, size_t len)
{
    struct process *p = process_current();
    struct os_fd *d = look(p, fd);
    if (d == NULL) {
        return read(fd, to, len);
    }
    if (p->dead || d->kind->read == NULL) {
        errno = p->dead ? EIO : EINVAL;
        return -1;
    }
    return d->kind->read(d->it, to, len);
}

ssize_t os_write(int fd, const void *from, size_t len)
{
    struct process *p = process_current();
    struct os_fd *d = look(p, fd);
    if (d == NULL) {
        return p != NULL && fd <= STDERR_FILENO ? (ssize_t)len : write(fd, from, len);
    }
    if (p->dead || d->kind->write == NULL) {
        errno = p->dead ? EIO : EINVAL;
        return -1;
    }
    ssize_t n = d->kind->write(d->it, from, len);
    tell_watchers(d);
    return n;
}

int os_close(int fd)
{
    struct process *p = process_current();
    if (look(p, fd) == NULL) {
        return fd >= OS_FD_FIRST ? (errno = EBADF, -1) : close(fd);
    }
    if (!p->dead) { /* else when the process has ended */
        let_go(p, (unsigned)(fd - OS_FD_FIRST));
    }
    return 0;
}

int os_dup(int fd)
{
    struct process *p = process_current();
    struct os_fd *d = look(p, fd);
    if (d == NULL) {
        return dup(fd);
    }
    return process_may(OS_DESCRIPTOR) ? give_number(p, d) : (errno = EMFILE, -1);
}

/* ---------------------------------------------------------------- poll */

static void wake_fiber(void *arg)
{
    struct process *p = fiber_owner(arg);
    fiber_wake(p->world, arg);
}

static int count_ready(struct pollfd *fds, const struct os_fd_watch *watch, nfds_t n)
{
    int ready = 0;
    for (nfds_t i = 0; i < n; i++) {
        fds[i].revents = fds[i].fd < 0 ? 0 : os_fd_ready(&watch[i]) & (fds[i].events | POLLERR | POLLHUP);
        ready += fds[i].revents != 0;
    }
    return ready;
}

#define POLL_MAX 16
#define POLL_US 20 /* a call takes time: who polls again and again what is ready does not stop the world */

static int poll_until(struct pollfd *fds, nfds_t n, int64_t clock_us)
{
    struct process *p = process_current();
    struct os_fd_watch watch[POLL_MAX];
    assert(p != NULL && n <= POLL_MAX);
    for (nfds_t i = 0; i < n; i++) {
        watch[i] = (struct os_fd_watch){.changed = wake_fiber, .arg = fiber_self(p->world)};
        (void)os_fd_watch(fds[i].fd, &watch[i]);
    }
    int ready = count_ready(fds, watch, n);
    if (ready > 0) {
        (void)process_wait(p, world_now_us(p->world) + POLL_US);
    }
    while (ready == 0 && !p->dead && process_clock_us(p, CLOCK_MONOTONIC) < clock_us) {
        (void)process_wait(p, clock_us == INT64_MAX ? WORLD_NEVER : process_when_us(p, CLOCK_MONOTONIC, clock_us));
        ready = count_ready(fds, watch, n);
    }
    for (nfds_t i = 0; i < n; i++) {
        os_fd_unwatch(&watch[i]);
    }
    if (p->dead) {
        (void)process_wait(p, 0);
        return 0;
    }
    return ready;
}

int os_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    int64_t now_us = process_clock_us(process_current(), CLOCK_MONOTONIC);
    return poll_until(fds, n, timeout_ms < 0 ? INT64_MAX : now_us + (int64_t)timeout_ms * 1000);
}

int os_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    (void)mask;
    int64_t until_us = INT64_MAX;
    if (timeout != NULL) {
        until_us = process_clock_us(process_current(), CLOCK_MONOTONIC) + (int64_t)timeout->tv_sec * 1000000 +
                   (timeout->tv_nsec + 999) / 1000;
    }
    return poll_until(fds, n, until_us);
}

/* ---------------------------------------------------------------- eventfd */

static ssize_t counter_read(void *it, void *to, size_t len)
{
    struct counter *c = it;
    if (len < sizeof c->count) {
        errno = EINVAL;
        return -1;
    }
    if (c->count == 0) {
        errno = EAGAIN;
        return -1;
    }
    memcpy(to, &c->count, sizeof c->count);
    c->count = 0;
    return (ssize_t)sizeof c->count;
}

static ssize_t counter_write(void *it, const void *from, size_t len)
{
    struct counter *c = it;
    uint64_t n;
    if (len < sizeof n) {
        errno = EINVAL;
        return -1;
    }
    memcpy(&n, from, sizeof n);
    if (n > UINT64_MAX - 1 - c->count) {
        errno = EAGAIN;
        return -1;
    }
    c->count += n;
    return (ssize_t)sizeof n;
}

static short counter_ready(void *it)
{
    const struct counter *c = it;
    return c->count > 0 ? POLLIN | POLLOUT : POLLOUT;
}

static void counter_close(void *it)
{
    free(it);
}

static const struct os_fd_kind counter_kind = {
    .name = "eventfd", .read = counter_read, .write = counter_write, .ready = counter_ready, .close = counter_close};

int os_eventfd(unsigned count, int flags)
{
    assert((flags & EFD_NONBLOCK) != 0 && (flags & EFD_SEMAPHORE) == 0);
    if (!process_may(OS_DESCRIPTOR)) {
        errno = EMFILE;
        return -1;
    }
    struct counter *c = calloc(1, sizeof *c);
    if (c == NULL) {
        abort();
    }
    c->count = count;
    int fd = os_fd_new(&counter_kind, c);
    if (fd < 0) {
        free(c);
    }
    return fd;
}

int os_eventfd_read(int fd, eventfd_t *to)
{
    return os_read(fd, to, sizeof *to) == (ssize_t)sizeof *to ? 0 : -1;
}

int os_eventfd_write(int fd, eventfd_t n)
{
    return os_write(fd, &n, sizeof n) == (ssize_t)sizeof n ? 0 : -1;
}

/* ---------------------------------------------------------------- sockets: of the command lines; nobody calls */

static short socket_ready(void *it)
{
    (void)it;
    return 0;
}

static const struct os_fd_kind socket_kind = {.name = "socket", .ready = socket_ready};

int os_socket(int domain, int type, int protocol)
{
    (void)domain;
    (void)type;
    (void)protocol;
    if (!process_may(OS_DESCRIPTOR)) {
        errno = EMFILE;
        return -1;
    }
    return os_fd_new(&socket_kind, NULL);
}

static int on_socket(int error)
{
    struct process *p = process_current();
    errno = p != NULL && p->dead ? EIO : error;
    return errno == 0 ? 0 : -1;
}

int os_bind(int fd, const struct sockaddr *a, socklen_t len)
{
    (void)fd;
    (void)a;
    (void)len;
    return on_socket(0);
}

int os_listen(int fd, int backlog)
{
    (void)fd;
    (void)backlog;
    return on_socket(0);
}

int os_connect(int fd, const struct sockaddr *a, socklen_t len)
{
    (void)fd;
    (void)a;
    (void)len;
    return on_socket(ECONNREFUSED);
}

int os_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags)
{
    (void)fd;
    (void)a;
    (void)len;
    (void)flags;
    return on_socket(EAGAIN);
}

ssize_t os_recv(int fd, void *to, size_t len, int flags)
{
    (void)fd;
    (void)to;
    (void)len;
    (void)flags;
    return on_socket(EAGAIN);
}

ssize_t os_send(int fd, const void *from, size_t len, int flags)
{
    (void)fd;
    (void)from;
    (void)len;
    (void)flags;
    return on_socket(EPIPE);
}

int os_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
    (void)fd;
    (void)level;
    (void)name;
    (void)value;
    (void)len;
    return on_socket(0);
}

int os_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    (void)fd;
    (void)level;
    (void)name;
    (void)value;
    (void)len;
    return on_socket(ENOPROTOOPT);
}

int os_shutdown(int fd, int how)
{
    (void)fd;
    (void)how;
    return on_socket(0);
}
