/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/post.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "tests/sim/os.h"
#include "tests/sim/os_fd.h"

struct post {
    post_fn fn;
    void *arg;
    int fd;
    bool rung;
    bool left;   /* by its owner */
    bool closed; /* its process has ended */
    sd_event_source *source;
};

static short is_ready(void *it)
{
    const struct post *p = it;
    return p->rung ? POLLIN : 0;
}

static void closed(void *it)
{
    struct post *p = it;
    p->closed = true;
    if (p->left) {
        free(p);
    }
}

static const struct os_fd_kind kind = {.name = "bell", .ready = is_ready, .close = closed};

static int on_ring(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
    (void)s;
    (void)fd;
    (void)revents;
    struct post *p = arg;
    p->rung = false;
    p->fn(p->arg);
    return 0;
}

struct post *post_new(sd_event *loop, const char *name, post_fn fn, void *arg)
{
    struct post *p = calloc(1, sizeof *p);
    if (p == NULL) {
        abort();
    }
    p->fn = fn;
    p->arg = arg;
    p->fd = os_fd_new(&kind, p);
    if (p->fd < 0) {
        free(p);
        return NULL;
    }
    if (os_sd_event_add_io(loop, &p->source, p->fd, EPOLLIN, on_ring, p) < 0) {
        post_free(p);
        return NULL;
    }
    (void)os_sd_event_source_set_description(p->source, name);
    return p;
}

void post_ring(struct post *p)
{
    if (!p->rung && !p->closed) {
        p->rung = true;
        os_fd_changed(p);
    }
}

bool post_is_closed(const struct post *p)
{
    return p->closed;
}

void post_free(struct post *p)
{
    if (p == NULL) {
        return;
    }
    if (!p->closed) { /* else the process is over, and its sources with it */
        p->source = os_sd_event_source_disable_unref(p->source);
    }
    p->left = true;
    if (p->closed) {
        free(p);
    } else {
        (void)os_close(p->fd); /* of a dead process: has no effect until it has ended */
    }
}
