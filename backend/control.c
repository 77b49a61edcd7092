/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/control.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/admin.h"
#include "common/log.h"

#define CLIENTS_MAX 8
#define PIECE 65536
#define ASK_TIMEOUT_MS 60000
#define ANSWER_MAX (16u * 1024 * 1024)

struct client {
    struct control *control;
    sd_event_source *source; /* NULL: free */
    int fd;
    char *in, *out;
    size_t in_len, out_len, out_at;
};

struct control {
    struct hub *hub;
    int fd;
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    sd_event_source *source;
    struct client client[CLIENTS_MAX];
};

/* ---------------------------------------------------------------- one client */

static void drop(struct client *c)
{
    (void)sd_event_source_disable_unref(c->source);
    c->source = NULL;
    if (c->fd >= 0)
        (void)close(c->fd);
    c->fd = -1;
    if (c->in != NULL)
        explicit_bzero(c->in, c->in_len); /* may hold a PIN */
    free(c->in);
    free(c->out);
    c->in = c->out = NULL;
    c->in_len = c->out_len = c->out_at = 0;
}

static void run_line(struct client *c, size_t len)
{
    c->out = admin_run_text(c->control->hub, c->in, len);
    c->out_len = strlen(c->out);
    c->out[c->out_len++] = '\n'; /* in place of the NUL */
    (void)sd_event_source_set_io_events(c->source, EPOLLOUT);
}

/* False: the client is gone. */
static bool read_more(struct client *c)
{
    char *bigger = realloc(c->in, c->in_len + PIECE);
    const char *end;
    ssize_t n;

    if (bigger == NULL)
        return false;
    c->in = bigger;
    n = recv(c->fd, c->in + c->in_len, PIECE, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    end = memchr(c->in + c->in_len, '\n', (size_t)n);
    c->in_len += (size_t)n;
    if (end != NULL)
        run_line(c, (size_t)(end - c->in));
    return end != NULL || c->in_len <= ADMIN_REQUEST_MAX;
}

static bool write_more(struct client *c)
{
    ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->out_at += (size_t)n;
    return c->out_at < c->out_len; /* all is said: goodbye */
}

static int on_client(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
    struct client *c = arg;

    (void)source;
    (void)fd;
    if ((revents & EPOLLOUT) != 0 ? !write_more(c) : !read_more(c))
        drop(c);
    return 0;
}

static bool is_administrator(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
    struct control *k = arg;
    struct client *free_one = NULL;
    int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)source;
    (void)revents;
    if (peer < 0)
        return 0;
    for (unsigned i = 0; i < CLIENTS_MAX && free_one == NULL; i++) {
        if (k->client[i].source == NULL)
            free_one = &k->client[i];
    }
    if (free_one == NULL || !is_administrator(peer)) {
        (void)close(peer);
        return 0;
    }
    free_one->fd = peer;
    if (sd_event_add_io(k->hub->loop, &free_one->source, peer, EPOLLIN, on_client, free_one) < 0)
        drop(free_one);
    return 0;
}

/* ---------------------------------------------------------------- life */

static enum err fill_address(const char *path, struct sockaddr_un *a, struct reason *r)
{
    memset(a, 0, sizeof(*a));
    a->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof(a->sun_path))
        return err_because(r, ERR_TOO_LONG, "control socket: a path of at most %zu bytes", sizeof(a->sun_path) - 1);
    memcpy(a->sun_path, path, strlen(path) + 1);
    return ERR_OK;
}

static bool is_alive(const struct sockaddr_un *a)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool alive = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0;

    if (fd >= 0)
        (void)close(fd);
    return alive;
}

static enum err listen_at(struct control *k, const struct sockaddr_un *a, struct reason *r)
{
    mode_t mask;
    int rc;

    if (is_alive(a))
        return err_because(r, ERR_BUSY, "%s: another hubd listens there", a->sun_path);
    (void)unlink(a->sun_path);
    mask = umask(0177);
    rc = bind(k->fd, (const struct sockaddr *)a, sizeof(*a));
    (void)umask(mask);
    if (rc != 0 || listen(k->fd, CLIENTS_MAX) != 0)
        return err_because(r, ERR_IO, "%s: %s", a->sun_path, strerror(errno));
    memcpy(k->path, a->sun_path, sizeof(k->path));
    rc = sd_event_add_io(k->hub->loop, &k->source, k->fd, EPOLLIN, on_connection, k);
    return rc < 0 ? err_because(r, ERR_IO, "control socket: %s", strerror(-rc)) : ERR_OK;
}

enum err control_open(struct control **out, struct hub *hub, struct reason *r)
{
    struct control *k = calloc(1, sizeof(*k));
    struct sockaddr_un a;
    enum err e;

    if (k == NULL)
        return err_because(r, ERR_MEMORY, "control socket: no memory");
    k->hub = hub;
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        k->client[i] = (struct client){.control = k, .fd = -1};
    k->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (k->fd < 0)
        e = err_because(r, ERR_IO, "control socket: %s", strerror(errno));
    else
        e = fill_address(hub->cfg.control, &a, r);
    if (e == ERR_OK)
        e = listen_at(k, &a, r);
    if (e != ERR_OK) {
        control_free(k);
        return e;
    }
    *out = k;
    return ERR_OK;
}

void control_free(struct control *k)
{
    if (k == NULL)
        return;
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        drop(&k->client[i]);
    (void)sd_event_source_disable_unref(k->source);
    if (k->fd >= 0)
        (void)close(k->fd);
    if (k->path[0] != '\0')
        (void)unlink(k->path);
    free(k);
}

/* ---------------------------------------------------------------- asking */

static enum err connect_to(const char *path, int *out, struct reason *r)
{
    struct sockaddr_un a;
    enum err e = fill_address(path, &a, r);
    int code;

    if (e != ERR_OK)
        return e;
    *out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*out < 0)
        return err_because(r, ERR_IO, "control socket: %s", strerror(errno));
    if (connect(*out, (const struct sockaddr *)&a, sizeof(a)) == 0)
        return ERR_OK;
    code = errno;
    (void)close(*out);
    if (code == ENOENT || code == ECONNREFUSED || code == ENOTDIR)
        return err_because(r, ERR_NOT_FOUND, "%s: nobody listens", path);
    return err_because(r, code == EACCES ? ERR_DENIED : ERR_IO, "%s: %s", path, strerror(code));
}

static enum err say(int fd, const char *text, size_t len, struct reason *r)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR)
            return err_because(r, ERR_IO, "control socket: %s", strerror(errno));
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
    return ERR_OK;
}

/* Until the newline, which becomes the NUL. */
static enum err hear(int fd, char **answer, struct reason *r)
{
    char *text = NULL;
    size_t len = 0;
    enum err e = ERR_OK;

    while (e == ERR_OK && (len == 0 || text[len - 1] != '\n')) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        char *bigger = realloc(text, len + PIECE);
        ssize_t n;

        if (bigger == NULL)
            abort(); /* out of memory */
        text = bigger;
        if (poll(&p, 1, ASK_TIMEOUT_MS) <= 0) {
            e = err_because(r, ERR_TIMEOUT, "hubd gives no answer");
            break;
        }
        n = recv(fd, text + len, PIECE, 0);
        if (n <= 0)
            e = err_because(r, ERR_IO, "hubd hung up");
        else
            len += (size_t)n;
        if (len > ANSWER_MAX)
            e = err_because(r, ERR_TOO_LONG, "the answer of hubd is too long");
    }
    if (e != ERR_OK) {
        free(text);
        return e;
    }
    text[len - 1] = '\0';
    *answer = text;
    return ERR_OK;
}

enum err control_ask(const char *path, const char *line, char **answer, struct reason *r)
{
    int fd;
    enum err e = connect_to(path, &fd, r);

    if (e != ERR_OK)
        return e;
    e = say(fd, line, strlen(line), r);
    if (e == ERR_OK)
        e = say(fd, "\n", 1, r);
    if (e == ERR_OK)
        e = hear(fd, answer, r);
    (void)close(fd);
    return e;
}
