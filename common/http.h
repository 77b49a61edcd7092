/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: an HTTP/1.1 server (libmicrohttpd) inside our loop, without threads, with the framing checks that libmicrohttpd
 * 0.9.75 lacks: more than one Content-Length, Host, Authorization or Cookie, any Transfer-Encoding on a request, a
 * missing Host, a path with %00, "..", or bytes outside ASCII, a body over max_body: 400 / 413 with a reason and
 * Connection: close. Exact routes only, compared with the raw target: a path here needs no %-escape, so one is refused.
 *
 * One thread. Deferred answers are the one use of libmicrohttpd's suspend and resume: at most 32 at a time, and while
 * one is open the server takes a turn at least once a second, because libmicrohttpd before 1.0.3 may leave a ready
 * connection aside while another one is suspended.
 */
#ifndef MEDLOCKER_HTTP_H
#define MEDLOCKER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/err.h"

struct http;
struct http_request; /* valid during the handler only */

#define HTTP_SEGMENT_CAP 80

/* One route. Path segments that are "*" match one segment of [A-Za-z0-9._-]{1,79}, given to the handler by
 * http_segment(). */
struct http_route {
    const char *method; /* "GET", "POST", "PUT", "DELETE" */
    const char *path;   /* "/api/orders/STAR" with STAR written as one asterisk */
    void (*handle)(void *arg, struct http_request *q);
};

struct http_cfg {
    /* "127.0.0.1" or "::1": the server is meant for loopback behind one strict proxy, or a kiosk */
    const char *address;
    uint16_t port;                   /* 0: any; see http_port */
    size_t max_body;                 /* bytes, at most 1 MiB */
    const struct http_route *routes; /* not copied: lives as long as the server */
    unsigned route_count;
    void *arg;
};

/* Errors: ERR_BUSY (address in use), ERR_IO. */
enum err http_open(struct http **out, const struct http_cfg *cfg, sd_event *loop, struct reason *r) ERR_MUST_CHECK;
void http_free(struct http *h); /* NULL is fine */
uint16_t http_port(const struct http *h);

/* Of the request; NULL when absent. Query values and headers are NUL-terminated and live as long as the handler runs.
 */
const struct http_route *http_matched(const struct http_request *q); /* the row of cfg.routes; never NULL */
const char *http_segment(const struct http_request *q, unsigned i);
const char *http_query(const struct http_request *q, const char *name);
const char *http_header(const struct http_request *q, const char *name);
const char *http_cookie(const struct http_request *q, const char *name);
const char *http_body(const struct http_request *q, size_t *len);

/* The answer: exactly one of these in each handler, or http_defer. Every answer carries nosniff, no-referrer, a CSP of
 * default-src 'self', frame-ancestors 'none' and Cache-Control: no-store unless an extra header replaces it.
 * extra: "Name: value" lines, NULL-terminated list, may be NULL. The body is copied. */
void http_answer(struct http_request *q, unsigned status, const char *content_type, const void *body, size_t len,
                 const char *const *extra);
/* {"error": reason} with the status. */
void http_refuse(struct http_request *q, unsigned status, const char *reason);

/* Keeps the request open for an answer after this handler has returned (an Argon2id job): returns a ticket; the request
 * is suspended, its strings are gone. 0: too many are waiting, 503 has been answered, start nothing. http_resume
 * answers it, never from inside this request's handler; when the client has left meanwhile, the answer is dropped. */
uint64_t http_defer(struct http_request *q);
void http_resume(struct http *h, uint64_t ticket, unsigned status, const char *content_type, const void *body,
                 size_t len, const char *const *extra);

/* "libmicrohttpd 0.9.75", for the start-up log. */
void http_library(char *out, size_t cap);

#endif
