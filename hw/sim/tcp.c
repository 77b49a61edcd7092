/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/sim/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

#define CLIENTS 16
#define PENDING 8

struct reply {
    bool used;
    int64_t due_us;
    size_t len;
    uint8_t bytes[LINE_FRAME_MAX];
};

struct client {
    struct tcp *owner;
    int fd; /* -1: free */
    sd_event_source *source;
    size_t rx_len;
    uint8_t rx[2 * LINE_TCP_MAX];
    struct reply reply[PENDING];
};

struct tcp {
    struct tcp_cfg cfg;
    int fd;
    uint16_t port;
    sd_event_source *source;
    uint32_t drops_done;
    struct client client[CLIENTS];
};

static struct cabinet_bus *bus_of(struct tcp *t)
{
    return &t->cfg.cabinet->bus[t->cfg.bus];
}

static void drop(struct client *k)
{
    if (k->fd < 0) {
        return;
    }
    k->source = sd_event_source_disable_unref(k->source);
    (void)close(k->fd);
    k->fd = -1;
    k->rx_len = 0;
    memset(k->reply, 0, sizeof k->reply);
}

/* ---------------------------------------------------------------- requests */

static void plan_reply(struct client *k, const uint8_t *bytes, size_t len, int64_t due_us)
{
    for (size_t i = 0; i < PENDING; i++) {
        struct reply *slot = &k->reply[i];
        if (!slot->used) {
            slot->used = true;
            slot->due_us = due_us;
            slot->len = len;
            memcpy(slot->bytes, bytes, len);
            return;
        }
    }
}

static void answer(struct client *k, const struct line_mbap *head, const struct board_pdu *pdu, int64_t now_us)
{
    struct tcp *t = k->owner;
    struct line_reply reply;
    uint8_t frame[LINE_FRAME_MAX];
    struct trace_entry *e = cabinet_exchange(t->cfg.cabinet, t->cfg.bus, head->unit, pdu, now_us, &reply);
    size_t len = line_write_tcp(&reply, head->transaction, frame);
    trace_put_reply(e, frame, len);
    if (len > 0) {
        int64_t turnaround_us = t->cfg.cabinet->layout.bus[t->cfg.bus].turnaround_us;
        plan_reply(k, frame, len, now_us + turnaround_us + reply.late_us);
    }
}

static void serve(struct client *k, int64_t now_us)
{
    struct line_mbap head;
    struct board_pdu pdu;
    enum err e = line_read_tcp(k->rx, k->rx_len, &head, &pdu);
    for (; e == ERR_OK; e = line_read_tcp(k->rx, k->rx_len, &head, &pdu)) {
        answer(k, &head, &pdu, now_us);
        k->rx_len -= head.len;
        memmove(k->rx, k->rx + head.len, k->rx_len);
    }
    if (e == ERR_SYNTAX) {
        cabinet_garbage(k->owner->cfg.cabinet, k->owner->cfg.bus, TRACE_GARBAGE, k->rx, k->rx_len, now_us);
        drop(k);
    }
}

static int on_client(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
    (void)source;
    (void)revents;
    struct client *k = arg;
    struct tcp *t = k->owner;
    ssize_t n = recv(fd, k->rx + k->rx_len, sizeof k->rx - k->rx_len, MSG_DONTWAIT);
    if (n > 0) {
        k->rx_len += (size_t)n;
        serve(k, clock_mono_us());
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        drop(k);
    }
    t->cfg.fn(t->cfg.arg);
    return 0;
}

/* ---------------------------------------------------------------- connections */

static struct client *free_client(struct tcp *t)
{
    struct client *found = NULL;
    unsigned used = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        if (t->client[i].fd >= 0) {
            used++;
        } else if (found == NULL) {
            found = &t->client[i];
        }
    }
    return bus_of(t)->refuse || used >= bus_of(t)->clients ? NULL : found;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
    (void)source;
    (void)revents;
    struct tcp *t = arg;
    int connection = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection < 0) {
        return 0; /* it went away again */
    }
    struct client *k = free_client(t);
    if (k == NULL) {
        bus_of(t)->turned_away++;
        (void)close(connection);
        return 0;
    }
    const int on = 1;
    if (setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        sd_event_add_io(t->cfg.loop, &k->source, connection, EPOLLIN, on_client, k) < 0) {
        (void)close(connection);
        return 0;
    }
    k->fd = connection;
    bus_of(t)->connections++;
    return 0;
}

/* ---------------------------------------------------------------- life */

static enum err listen_on(struct tcp *t, struct reason *r)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(t->cfg.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t len = sizeof address;
    const int on = 1;
    t->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (t->fd < 0 || setsockopt(t->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(t->fd, (struct sockaddr *)&address, len) != 0 || listen(t->fd, CLIENTS) != 0 ||
        getsockname(t->fd, (struct sockaddr *)&address, &len) != 0) {
        return err_because(r, ERR_IO, "127.0.0.1 port %u: %s", t->cfg.port, strerror(errno));
    }
    t->port = ntohs(address.sin_port);
    int rc = sd_event_add_io(t->cfg.loop, &t->source, t->fd, EPOLLIN, on_connection, t);
    return rc < 0 ? err_because(r, ERR_IO, "event loop: %s", strerror(-rc)) : ERR_OK;
}

enum err tcp_open(struct tcp **out, const struct tcp_cfg *cfg, struct reason *r)
{
    struct tcp *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return err_because(r, ERR_MEMORY, "TCP bus");
    }
    t->cfg = *cfg;
    t->fd = -1;
    for (size_t i = 0; i < CLIENTS; i++) {
        t->client[i].owner = t;
        t->client[i].fd = -1;
    }
    enum err e = listen_on(t, r);
    if (e != ERR_OK) {
        tcp_free(t);
        return e;
    }
    *out = t;
    return ERR_OK;
}

uint16_t tcp_port(const struct tcp *t)
{
    return t->port;
}

static void send_due(struct client *k, int64_t now_us)
{
    for (size_t i = 0; i < PENDING && k->fd >= 0; i++) {
        struct reply *reply = &k->reply[i];
        if (!reply->used || reply->due_us > now_us) {
            continue;
        }
        reply->used = false;
        if (send(k->fd, reply->bytes, reply->len, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)reply->len) {
            log_notice("tcp", "connection does not take its answer: closed");
            drop(k);
        }
    }
}

void tcp_step(struct tcp *t, int64_t now_us)
{
    bool drop_all = t->drops_done != bus_of(t)->drops;
    t->drops_done = bus_of(t)->drops;
    for (size_t i = 0; i < CLIENTS; i++) {
        if (drop_all) {
            drop(&t->client[i]);
        }
        send_due(&t->client[i], now_us);
    }
}

int64_t tcp_next(const struct tcp *t)
{
    int64_t next_us = BOARD_NEVER;
    for (size_t i = 0; i < CLIENTS; i++) {
        for (size_t j = 0; j < PENDING; j++) {
            const struct reply *reply = &t->client[i].reply[j];
            next_us = reply->used && reply->due_us < next_us ? reply->due_us : next_us;
        }
    }
    return next_us;
}

void tcp_free(struct tcp *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        drop(&t->client[i]);
    }
    sd_event_source_disable_unref(t->source);
    if (t->fd >= 0) {
        (void)close(t->fd);
    }
    free(t);
}
