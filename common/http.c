/* SPDX-License-Identifier: Apache-2.0 */
#include "common/http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/json.h"
#include "common/log.h"
#include "common/num.h"
#include "common/route.h"

#define TARGET_MAX 2048
#define BODY_MAX (1024u * 1024u)
#define DEFERRED_MAX 32
#define STALL_MS 1000 /* longest time between two turns while a request is deferred */

enum phase { PHASE_NEW, PHASE_BODY, PHASE_DEFERRED, PHASE_RESUMED, PHASE_ANSWERED };

struct http_request {
    struct http *http;
    struct MHD_Connection *connection;
    enum phase phase;
    bool too_long; /* the target did not fit */
    char target[TARGET_MAX];
    const struct http_route *route;
    struct route_segments segments;
    char *body;
    size_t body_len, body_expected;
    struct MHD_Response *response; /* owned until queued */
    unsigned status;
    uint64_t ticket;
    struct http_request *next_deferred;
};

struct http {
    struct MHD_Daemon *daemon;
    struct http_cfg cfg;
    uint16_t port;
    sd_event_source *ready, *timer;
    struct http_request *deferred;
    unsigned deferred_count;
    uint64_t tickets;
};

/* ---------------------------------------------------------------- answers */

static const char *const default_header[] = {
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: no-referrer",
    "Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control: no-store",
    NULL,
};

static bool same_header(const char *a, const char *b)
{
    size_t n = strcspn(a, ":");
    return n == strcspn(b, ":") && strncasecmp(a, b, n) == 0;
}

static bool is_replaced(const char *line, const char *const *extra)
{
    for (; extra != NULL && *extra != NULL; extra++) {
        if (same_header(line, *extra)) {
            return true;
        }
    }
    return false;
}

static void add_header_line(struct MHD_Response *response, const char *line)
{
    char name[64];
    const char *colon = strstr(line, ": ");
    assert(colon != NULL && (size_t)(colon - line) < sizeof name);
    size_t n = (size_t)(colon - line);
    memcpy(name, line, n);
    name[n] = '\0';
    if (MHD_add_response_header(response, name, colon + 2) != MHD_YES) {
        log_error("http", "header %s was not accepted and is left out", name);
    }
}

static void set_response(struct http_request *q, unsigned status, const char *content_type, const void *body,
                         size_t len, const char *const *extra)
{
    assert(q->response == NULL);
    union {
        const void *from;
        void *to;
    } copied = {.from = body}; /* MHD copies and does not write */
    q->response = MHD_create_response_from_buffer(len, copied.to, MHD_RESPMEM_MUST_COPY);
    q->status = status;
    if (q->response == NULL) {
        return; /* no memory: the connection is closed without an answer */
    }
    for (const char *const *line = default_header; *line != NULL; line++) {
        if (!is_replaced(*line, extra)) {
            add_header_line(q->response, *line);
        }
    }
    for (; extra != NULL && *extra != NULL; extra++) {
        add_header_line(q->response, *extra);
    }
    if (content_type != NULL && MHD_add_response_header(q->response, "Content-Type", content_type) != MHD_YES) {
        log_error("http", "content type was not accepted");
    }
}

void http_answer(struct http_request *q, unsigned status, const char *content_type, const void *body, size_t len,
                 const char *const *extra)
{
    assert(q->phase == PHASE_BODY);
    set_response(q, status, content_type, body, len, extra);
}

static void set_refusal(struct http_request *q, unsigned status, const char *reason, const char *const *extra)
{
    cJSON *obj = json_new_object();
    json_put_text(obj, "error", reason);
    char *text = json_print(obj);
    set_response(q, status, "application/json", text, strlen(text), extra);
    free(text);
    cJSON_Delete(obj);
}

void http_refuse(struct http_request *q, unsigned status, const char *reason)
{
    assert(q->phase == PHASE_BODY);
    set_refusal(q, status, reason, NULL);
}

/* A FIN that came with the request is behind the short read after which libmicrohttpd 0.9.75 waits for the next edge,
 * and no other will come: it would keep the connection until the time-out. Shutting what the client has shut already
 * changes nothing but makes a new edge. */
static void wake_if_half_closed(const struct http_request *q)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(q->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == NULL) {
        return;
    }
    struct pollfd p = {.fd = info->connect_fd, .events = POLLRDHUP};
    if (poll(&p, 1, 0) == 1 && (p.revents & POLLRDHUP) != 0) {
        (void)shutdown(p.fd, SHUT_RD); /* failing: gone altogether, which wakes as well */
    }
}

static enum MHD_Result send_response(struct http_request *q)
{
    if (q->response == NULL) {
        return MHD_NO;
    }
    enum MHD_Result ok = MHD_queue_response(q->connection, q->status, q->response);
    MHD_destroy_response(q->response);
    q->response = NULL;
    q->phase = PHASE_ANSWERED;
    wake_if_half_closed(q);
    return ok;
}

/* A request whose framing is in doubt: whatever follows on this connection is not read. */
static enum MHD_Result refuse_and_close(struct http_request *q, unsigned status, const char *reason)
{
    log_debug("http", "refused: %s", reason);
    set_refusal(q, status, reason, (const char *const[]){"Connection: close", NULL});
    return send_response(q);
}

/* ---------------------------------------------------------------- framing */

static bool is_token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static const char *const once_header[] = {"Content-Length", "Host", "Authorization", "Cookie"};
enum { ONCE_N = sizeof once_header / sizeof once_header[0], ONCE_HOST = 1 };

struct header_check {
    unsigned count[ONCE_N];
    const char *wrong;
    char text[80];
};

static enum MHD_Result check_header(void *arg, enum MHD_ValueKind kind, const char *key, size_t key_len,
                                    const char *value, size_t value_len)
{
    (void)kind;
    struct header_check *check = arg;
    for (size_t i = 0; i < key_len; i++) {
        if (!is_token_char((unsigned char)key[i])) {
            check->wrong = "a header name has a character that is not allowed";
            return MHD_NO;
        }
    }
    if (value != NULL && strlen(value) != value_len) {
        check->wrong = "a header has a NUL byte";
        return MHD_NO;
    }
    if (strcasecmp(key, "Transfer-Encoding") == 0) {
        check->wrong = "Transfer-Encoding is not accepted, send Content-Length";
        return MHD_NO;
    }
    for (unsigned i = 0; i < ONCE_N; i++) {
        if (strcasecmp(key, once_header[i]) == 0 && ++check->count[i] > 1) {
            (void)snprintf(check->text, sizeof check->text, "more than one %s header", once_header[i]);
            check->wrong = check->text;
            return MHD_NO;
        }
    }
    return MHD_YES;
}

static enum MHD_Result check_body_len(struct http_request *q, unsigned *status, const char **wrong)
{
    const char *text = MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, "Content-Length");
    int64_t len = 0;
    enum err e = text == NULL ? ERR_OK : num_parse(text, 0, INT64_MAX, &len);
    if (e == ERR_SYNTAX) {
        *status = 400;
        *wrong = "Content-Length is not a number";
        return MHD_NO;
    }
    if (e != ERR_OK || (uint64_t)len > q->http->cfg.max_body) {
        *status = 413;
        *wrong = "the body is longer than allowed here";
        return MHD_NO;
    }
    q->body_expected = (size_t)len;
    return MHD_YES;
}

/* ---------------------------------------------------------------- routes */

/* "Allow: GET, POST" for the path of the request. */
static void allowed_methods(struct http_request *q, char *out, size_t cap)
{
    int used = snprintf(out, cap, "Allow: ");
    const char *comma = "";
    for (unsigned i = 0; i < q->http->cfg.route_count && used > 0 && (size_t)used < cap; i++) {
        if (route_fits(q->http->cfg.routes[i].path, q->target, &q->segments)) {
            used += snprintf(out + used, cap - (size_t)used, "%s%s", comma, q->http->cfg.routes[i].method);
            comma = ", ";
        }
    }
}

/* ---------------------------------------------------------------- one request */

static enum MHD_Result begin_request(struct http_request *q, const char *method)
{
    struct header_check check = {.wrong = NULL};
    (void)MHD_get_connection_values_n(q->connection, MHD_HEADER_KIND, check_header, &check);
    const char *wrong = check.wrong;
    if (wrong == NULL && check.count[ONCE_HOST] == 0) {
        wrong = "the Host header is missing";
    }
    if (wrong == NULL) {
        wrong = q->too_long ? "the request target is too long" : route_target_mistake(q->target);
    }
    unsigned status = 400;
    if (wrong != NULL || check_body_len(q, &status, &wrong) != MHD_YES) {
        return refuse_and_close(q, status, wrong);
    }
    q->route = route_find(&q->http->cfg, method, q->target, &q->segments, &status);
    if (q->route != NULL) {
        q->phase = PHASE_BODY;
        return MHD_YES;
    }
    if (status == 405) {
        char allow[80];
        allowed_methods(q, allow, sizeof allow);
        set_refusal(q, 405, "this address does not take that method", (const char *const[]){allow, NULL});
    } else {
        set_refusal(q, 404, "no such address", NULL);
    }
    return send_response(q);
}

static enum MHD_Result take_body(struct http_request *q, const char *part, size_t *len)
{
    if (q->body == NULL) {
        q->body = malloc(q->body_expected + 1);
    }
    if (q->body == NULL || *len > q->body_expected - q->body_len) {
        return MHD_NO;
    }
    memcpy(q->body + q->body_len, part, *len);
    q->body_len += *len;
    *len = 0;
    return MHD_YES;
}

static enum MHD_Result run_handler(struct http_request *q)
{
    if (q->body != NULL) {
        q->body[q->body_len] = '\0';
    }
    q->route->handle(q->http->cfg.arg, q);
    if (q->phase == PHASE_DEFERRED) {
        MHD_suspend_connection(q->connection);
        return MHD_YES;
    }
    return send_response(q);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_len, void **context)
{
    (void)arg;
    (void)url;
    (void)version;
    struct http_request *q = *context;
    if (q == NULL) {
        return MHD_NO; /* no memory in on_target */
    }
    q->connection = connection;
    switch (q->phase) {
    case PHASE_NEW:
        return begin_request(q, method);
    case PHASE_BODY:
        return *upload_len > 0 ? take_body(q, upload, upload_len) : run_handler(q);
    case PHASE_DEFERRED:
        return MHD_YES;
    case PHASE_RESUMED:
        return send_response(q);
    case PHASE_ANSWERED:
        break;
    }
    return MHD_NO;
}

static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
    struct http_request *q = calloc(1, sizeof *q);
    if (q == NULL) {
        return NULL;
    }
    q->http = arg;
    q->connection = connection;
    size_t n = strlen(target);
    q->too_long = n >= sizeof q->target;
    memcpy(q->target, target, q->too_long ? 0 : n);
    return q;
}

static void forget_deferred(struct http_request *q)
{
    struct http_request **at = &q->http->deferred;
    while (*at != NULL && *at != q) {
        at = &(*at)->next_deferred;
    }
    if (*at == q) {
        *at = q->next_deferred;
        q->http->deferred_count--;
    }
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode how)
{
    (void)arg;
    (void)connection;
    (void)how;
    struct http_request *q = *context;
    if (q == NULL) {
        return;
    }
    forget_deferred(q);
    if (q->response != NULL) {
        MHD_destroy_response(q->response);
    }
    if (q->body != NULL) {
        explicit_bzero(q->body, q->body_len); /* may have been a password */
    }
    free(q->body);
    free(q);
    *context = NULL;
}

const struct http_route *http_matched(const struct http_request *q)
{
    return q->route;
}

const char *http_segment(const struct http_request *q, unsigned i)
{
    return i < q->segments.count ? q->segments.text[i] : NULL;
}

const char *http_query(const struct http_request *q, const char *name)
{
    return MHD_lookup_connection_value(q->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_header(const struct http_request *q, const char *name)
{
    return MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, name);
}

const char *http_cookie(const struct http_request *q, const char *name)
{
    return MHD_lookup_connection_value(q->connection, MHD_COOKIE_KIND, name);
}

const char *http_body(const struct http_request *q, size_t *len)
{
    *len = q->body_len;
    return q->body != NULL ? q->body : "";
}

/* ---------------------------------------------------------------- deferred answers */

uint64_t http_defer(struct http_request *q)
{
    assert(q->phase == PHASE_BODY && q->response == NULL);
    struct http *h = q->http;
    if (h->deferred_count == DEFERRED_MAX) {
        set_refusal(q, 503, "too many requests are waiting", (const char *const[]){"Retry-After: 2", NULL});
        return 0;
    }
    q->phase = PHASE_DEFERRED;
    q->ticket = ++h->tickets;
    q->next_deferred = h->deferred;
    h->deferred = q;
    h->deferred_count++;
    return q->ticket;
}

void http_resume(struct http *h, uint64_t ticket, unsigned status, const char *content_type, const void *body,
                 size_t len, const char *const *extra)
{
    for (struct http_request *q = h->deferred; q != NULL; q = q->next_deferred) {
        if (q->ticket == ticket) {
            forget_deferred(q);
            set_response(q, status, content_type, body, len, extra);
            q->phase = PHASE_RESUMED;
            MHD_resume_connection(q->connection);
            /* The library looks at it in its next turn only, which nothing else would bring about now. */
            (void)sd_event_source_set_time_relative(h->timer, 0);
            (void)sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
            return;
        }
    }
}

/* ---------------------------------------------------------------- the loop */

static void arm_timer(struct http *h)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    bool timed = MHD_get_timeout(h->daemon, &wait_ms) == MHD_YES;
    /* libmicrohttpd before 1.0.3 may leave a ready connection aside while another one is suspended. */
    if (h->deferred != NULL && (!timed || wait_ms > STALL_MS)) {
        timed = true;
        wait_ms = STALL_MS;
    }
    if (timed) {
        (void)sd_event_source_set_time_relative(h->timer, wait_ms * 1000);
    }
    (void)sd_event_source_set_enabled(h->timer, timed ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int turn(struct http *h)
{
    if (MHD_run(h->daemon) != MHD_YES) {
        log_error("http", "the server could not run");
    }
    arm_timer(h);
    return 0;
}

static int on_ready(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
    (void)s;
    (void)fd;
    (void)revents;
    return turn(arg);
}

static int on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
    (void)s;
    (void)usec;
    return turn(arg);
}

static void __attribute__((format(printf, 2, 0))) on_library_log(void *arg, const char *fmt, va_list ap)
{
    (void)arg;
    char line[256];
    int n = vsnprintf(line, sizeof line, fmt, ap);
    while (n > 0 && (size_t)n < sizeof line && line[n - 1] == '\n') {
        line[--n] = '\0';
    }
    log_debug("http", "%s", line);
}

/* ---------------------------------------------------------------- opening */

static enum err parse_address(const struct http_cfg *cfg, struct sockaddr_storage *addr, socklen_t *len,
                              struct reason *r)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(cfg->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(cfg->port)};
    memset(addr, 0, sizeof *addr);
    if (inet_pton(AF_INET, cfg->address, &v4.sin_addr) == 1) {
        memcpy(addr, &v4, sizeof v4);
        *len = sizeof v4;
        return ERR_OK;
    }
    if (inet_pton(AF_INET6, cfg->address, &v6.sin6_addr) == 1) {
        memcpy(addr, &v6, sizeof v6);
        *len = sizeof v6;
        return ERR_OK;
    }
    return err_because(r, ERR_SYNTAX, "http: \"%s\" is no IP address", cfg->address);
}

static enum err listen_on(const struct http_cfg *cfg, int *out, uint16_t *port, struct reason *r)
{
    struct sockaddr_storage addr;
    socklen_t len = 0;
    enum err e = parse_address(cfg, &addr, &len, r);
    if (e != ERR_OK) {
        return e;
    }
    int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return err_because(r, ERR_IO, "http: socket: %s", strerror(errno));
    }
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr *name = (struct sockaddr *)&addr;
    if (bind(fd, name, len) < 0 || listen(fd, 128) < 0 || getsockname(fd, name, &len) < 0) {
        e = err_because(r, errno == EADDRINUSE ? ERR_BUSY : ERR_IO, "http: listen on %s port %u: %s", cfg->address,
                        (unsigned)cfg->port, strerror(errno));
        close(fd);
        return e;
    }
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    memcpy(&v4, &addr, sizeof v4);
    memcpy(&v6, &addr, sizeof v6);
    *port = ntohs(addr.ss_family == AF_INET ? v4.sin_port : v6.sin6_port);
    *out = fd;
    return ERR_OK;
}

static struct MHD_Daemon *start_daemon(struct http *h, int fd)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, h,                                        /**/
                            MHD_OPTION_EXTERNAL_LOGGER, on_library_log, (void *)NULL,                   /**/
                            MHD_OPTION_LISTEN_SOCKET, fd,                                               /**/
                            MHD_OPTION_URI_LOG_CALLBACK, on_target, h,                                  /**/
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,                               /**/
                            MHD_OPTION_STRICT_FOR_CLIENT, 1,                                            /**/
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32 * 1024,                      /**/
                            MHD_OPTION_CONNECTION_TIMEOUT, 15u,                                         /**/
                            MHD_OPTION_CONNECTION_LIMIT, 256u, MHD_OPTION_PER_IP_CONNECTION_LIMIT, 32u, /**/
                            MHD_OPTION_END);
}

static enum err add_sources(struct http *h, sd_event *loop, struct reason *r)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL) {
        return err_because(r, ERR_IO, "http: libmicrohttpd has no epoll");
    }
    int rc = sd_event_add_io(loop, &h->ready, info->epoll_fd, EPOLLIN, on_ready, h);
    if (rc >= 0) {
        rc = sd_event_add_time_relative(loop, &h->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, h);
    }
    if (rc < 0) {
        return err_because(r, ERR_IO, "http: event source: %s", strerror(-rc));
    }
    (void)sd_event_source_set_description(h->ready, "http");
    (void)sd_event_source_set_description(h->timer, "http-timer");
    return ERR_OK;
}

enum err http_open(struct http **out, const struct http_cfg *cfg, sd_event *loop, struct reason *r)
{
    assert(cfg->max_body <= BODY_MAX);
    struct http *h = calloc(1, sizeof *h);
    if (h == NULL) {
        return err_because(r, ERR_MEMORY, "http: no memory");
    }
    h->cfg = *cfg;
    int fd = -1;
    enum err e = listen_on(cfg, &fd, &h->port, r);
    if (e != ERR_OK) {
        goto fail_listen;
    }
    h->daemon = start_daemon(h, fd);
    if (h->daemon == NULL) {
        e = err_because(r, ERR_IO, "http: libmicrohttpd does not start");
        goto fail_listen; /* libmicrohttpd may have closed fd */
    }
    e = add_sources(h, loop, r);
    if (e != ERR_OK) {
        goto fail_sources;
    }
    *out = h;
    return ERR_OK;

fail_sources:
    sd_event_source_disable_unref(h->timer);
    sd_event_source_disable_unref(h->ready);
    MHD_stop_daemon(h->daemon);
fail_listen:
    free(h);
    return e;
}

void http_free(struct http *h)
{
    if (h == NULL) {
        return;
    }
    while (h->deferred != NULL) {
        struct http_request *q = h->deferred;
        forget_deferred(q);
        q->phase = PHASE_RESUMED; /* without a response: closed */
        MHD_resume_connection(q->connection);
    }
    sd_event_source_disable_unref(h->timer);
    sd_event_source_disable_unref(h->ready);
    MHD_stop_daemon(h->daemon);
    free(h);
}

uint16_t http_port(const struct http *h)
{
    return h->port;
}

void http_library(char *out, size_t cap)
{
    (void)snprintf(out, cap, "libmicrohttpd %s", MHD_get_version());
}
