/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/web.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/http.h"
#include "common/json.h"
#include "common/num.h"
#include "common/route.h"
#include "tests/sim/post.h"
#include "tests/sim/process_part.h"

#define TARGET_MAX 2048
#define BODY_MAX (1024u * 1024u)
#define DEFERRED_MAX 32
#define VALUES_MAX 64
#define VALUE_CAP 4096
#define ANY_PORT 18080
#define REQUESTS_PER_TURN 8

enum phase { PHASE_NEW, PHASE_BODY, PHASE_DEFERRED, PHASE_DONE };

/* "name=value" of the query, of a header or of a cookie. */
struct value {
    char *name, *value;
};

struct http_request {
    struct http_request *next; /* waiting for their turn, or deferred */
    struct http *http;
    enum phase phase;
    bool left; /* nobody waits for the answer any more */
    struct world *world;
    struct fiber *asker;
    char *method, *target, *body;
    size_t body_len;
    struct value header[VALUES_MAX], query[VALUES_MAX], cookie[VALUES_MAX];
    unsigned headers, queries, cookies;
    const struct http_route *route;
    struct route_segments segments;
    uint64_t ticket;
    struct web_answer answer;
};

struct http {
    struct http *next;
    struct process *process;
    unsigned run;
    struct http_cfg cfg;
    uint16_t port;
    struct post *bell;
    struct http_request *waiting, *deferred;
    unsigned deferred_count;
    uint64_t tickets;
};

static struct http *servers; /* common/http.h has no context of ours */

static void *allot(size_t len)
{
    void *p = calloc(1, len);
    if (p == NULL) {
        abort();
    }
    return p;
}

static char *copy_of(const char *text, size_t len)
{
    char *copy = allot(len + 1);
    memcpy(copy, text, len);
    return copy;
}

/* ---------------------------------------------------------------- values by name */

static void add_value(struct value *list, unsigned *n, const char *name, size_t name_len, const char *value,
                      size_t value_len)
{
    if (*n < VALUES_MAX) {
        list[*n].name = copy_of(name, name_len);
        list[*n].value = copy_of(value, value_len);
        (*n)++;
    }
}

static const char *find_value(const struct value *list, unsigned n, const char *name, bool any_case)
{
    for (unsigned i = 0; i < n; i++) {
        if ((any_case ? strcasecmp(list[i].name, name) : strcmp(list[i].name, name)) == 0) {
            return list[i].value;
        }
    }
    return NULL;
}

static void free_values(struct value *list, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        free(list[i].name);
        free(list[i].value);
    }
}

static int hex_of(char c)
{
    const char *digits = "0123456789abcdef", *at = c != '\0' ? strchr(digits, c | 0x20) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* As the library decodes: "+" is a space, a wrong escape stays as it is. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *at = text; *at != '\0'; at++) {
        int high = *at == '%' ? hex_of(at[1]) : -1;
        int low = high >= 0 ? hex_of(at[2]) : -1;
        if (low >= 0) {
            *to++ = (char)(high * 16 + low);
            at += 2;
        } else {
            *to++ = *at == '+' ? ' ' : *at;
        }
    }
    *to = '\0';
}

static void read_query(struct http_request *q)
{
    const char *at = strchr(q->target, '?');
    while (at != NULL && *++at != '\0') {
        size_t len = strcspn(at, "&"), name = strcspn(at, "=&");
        size_t from = name < len ? name + 1 : len;
        add_value(q->query, &q->queries, at, name, at + from, len - from);
        at = at[len] == '&' ? at + len : NULL;
    }
    for (unsigned i = 0; i < q->queries; i++) {
        unescape(q->query[i].name);
        unescape(q->query[i].value);
    }
}

static void read_cookies(struct http_request *q)
{
    const char *at = find_value(q->header, q->headers, "Cookie", true);
    while (at != NULL && *at != '\0') {
        at += strspn(at, "; ");
        size_t len = strcspn(at, ";"), name = strcspn(at, "=;");
        if (name < len) {
            add_value(q->cookie, &q->cookies, at, name, at + name + 1, len - name - 1);
        }
        at += len;
    }
}

static void add_header(struct http_request *q, const char *line)
{
    size_t name = strcspn(line, ":"), from = line[name] == ':' ? name + 1 : name;
    from += strspn(line + from, " ");
    add_value(q->header, &q->headers, line, name, line + from, strlen(line + from));
}

/* ---------------------------------------------------------------- the refusals of common/http.c */

static const char *header_mistake(const struct http_request *q, char *text, size_t cap)
{
    static const char *const once[] = {"Content-Length", "Host", "Authorization", "Cookie"};
    if (find_value(q->header, q->headers, "Transfer-Encoding", true) != NULL) {
        return "Transfer-Encoding is not accepted, send Content-Length";
    }
    for (size_t k = 0; k < sizeof once / sizeof once[0]; k++) {
        unsigned count = 0;
        for (unsigned i = 0; i < q->headers; i++) {
            count += strcasecmp(q->header[i].name, once[k]) == 0 ? 1 : 0;
        }
        if (count > 1) {
            (void)snprintf(text, cap, "more than one %s header", once[k]);
            return text;
        }
    }
    return NULL;
}

static const char *body_mistake(const struct http_request *q, unsigned *status)
{
    const char *text = find_value(q->header, q->headers, "Content-Length", true);
    int64_t len = (int64_t)q->body_len;
    enum err e = text == NULL ? ERR_OK : num_parse(text, 0, INT64_MAX, &len);
    if (e == ERR_SYNTAX) {
        *status = 400;
        return "Content-Length is not a number";
    }
    if (e != ERR_OK || (uint64_t)len > q->http->cfg.max_body) {
        *status = 413;
        return "the body is longer than allowed here";
    }
    return NULL;
}

/* ---------------------------------------------------------------- answers */

static void set_answer(struct http_request *q, unsigned status, const void *body, size_t len, const char *const *extra)
{
    static const char set_cookie[] = "Set-Cookie: ";
    struct web_answer *a = &q->answer;
    assert(a->status == 0);
    a->status = status;
    a->body = copy_of(body != NULL ? body : "", body != NULL ? len : 0);
    a->len = len;
    for (; extra != NULL && *extra != NULL; extra++) {
        if (strncasecmp(*extra, set_cookie, sizeof set_cookie - 1) == 0) {
            const char *value = *extra + sizeof set_cookie - 1;
            (void)snprintf(a->cookie, sizeof a->cookie, "%.*s", (int)strcspn(value, ";"), value);
        }
    }
}

void http_answer(struct http_request *q, unsigned status, const char *content_type, const void *body, size_t len,
                 const char *const *extra)
{
    (void)content_type;
    assert(q->phase == PHASE_BODY);
    set_answer(q, status, body, len, extra);
}

static void set_refusal(struct http_request *q, unsigned status, const char *reason)
{
    cJSON *obj = json_new_object();
    json_put_text(obj, "error", reason);
    char *text = json_print(obj);
    set_answer(q, status, text, strlen(text), NULL);
    free(text);
    cJSON_Delete(obj);
}

void http_refuse(struct http_request *q, unsigned status, const char *reason)
{
    assert(q->phase == PHASE_BODY);
    set_refusal(q, status, reason);
}

static void request_free(struct http_request *q)
{
    free_values(q->header, q->headers);
    free_values(q->query, q->queries);
    free_values(q->cookie, q->cookies);
    web_answer_free(&q->answer);
    free(q->method);
    free(q->target);
    free(q->body);
    free(q);
}

/* The answer is there, or there will be none: whoever asked goes on. */
static void finish(struct http_request *q)
{
    if (process_is_dead(q->http->process)) {
        web_answer_free(&q->answer);
        q->answer = (struct web_answer){.status = 0};
    }
    q->phase = PHASE_DONE;
    q->http = NULL;
    if (q->left) {
        request_free(q);
    } else {
        fiber_wake(q->world, q->asker);
    }
}

/* ---------------------------------------------------------------- of the request */

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
    return find_value(q->query, q->queries, name, true);
}

const char *http_header(const struct http_request *q, const char *name)
{
    return find_value(q->header, q->headers, name, true);
}

const char *http_cookie(const struct http_request *q, const char *name)
{
    return find_value(q->cookie, q->cookies, name, true);
}

const char *http_body(const struct http_request *q, size_t *len)
{
    *len = q->body_len;
    return q->body != NULL ? q->body : "";
}

/* ---------------------------------------------------------------- deferred answers */

uint64_t http_defer(struct http_request *q)
{
    assert(q->phase == PHASE_BODY && q->answer.status == 0);
    struct http *h = q->http;
    if (h->deferred_count == DEFERRED_MAX) {
        set_refusal(q, 503, "too many requests are waiting");
        return 0;
    }
    q->phase = PHASE_DEFERRED;
    q->ticket = ++h->tickets;
    q->next = h->deferred;
    h->deferred = q;
    h->deferred_count++;
    return q->ticket;
}

void http_resume(struct http *h, uint64_t ticket, unsigned status, const char *content_type, const void *body,
                 size_t len, const char *const *extra)
{
    (void)content_type;
    for (struct http_request **at = &h->deferred; *at != NULL; at = &(*at)->next) {
        struct http_request *q = *at;
        if (q->ticket == ticket) {
            *at = q->next;
            h->deferred_count--;
            set_answer(q, status, body, len, extra);
            finish(q);
            return;
        }
    }
}

/* ---------------------------------------------------------------- the loop */

static bool refused(struct http_request *q)
{
    char text[80];
    unsigned status = 400;
    const char *wrong = header_mistake(q, text, sizeof text);
    if (wrong == NULL) {
        wrong = strlen(q->target) >= TARGET_MAX ? "the request target is too long" : route_target_mistake(q->target);
    }
    wrong = wrong != NULL ? wrong : body_mistake(q, &status);
    if (wrong != NULL) {
        set_refusal(q, status, wrong);
        return true;
    }
    q->route = route_find(&q->http->cfg, q->method, q->target, &q->segments, &status);
    if (q->route == NULL) {
        set_refusal(q, status, status == 405 ? "this address does not take that method" : "no such address");
        return true;
    }
    return false;
}

static void serve(struct http_request *q)
{
    if (!refused(q)) {
        q->phase = PHASE_BODY;
        q->route->handle(q->http->cfg.arg, q);
    }
    if (q->phase != PHASE_DEFERRED) {
        finish(q);
    }
}

static void on_bell(void *arg)
{
    struct http *h = arg;
    for (unsigned i = 0; i < REQUESTS_PER_TURN && h->waiting != NULL; i++) {
        struct http_request *q = h->waiting;
        h->waiting = q->next;
        serve(q);
    }
    if (h->waiting != NULL) {
        post_ring(h->bell);
    }
}

static void drop_all(struct http_request *list)
{
    while (list != NULL) {
        struct http_request *q = list;
        list = q->next;
        finish(q); /* without an answer: the connection is closed */
    }
}

void http_free(struct http *h)
{
    if (h == NULL) {
        return;
    }
    struct http **at = &servers;
    while (*at != h) {
        at = &(*at)->next;
    }
    *at = h->next;
    drop_all(h->waiting);
    drop_all(h->deferred);
    post_free(h->bell);
    free(h);
}

/* Servers of processes that ended without their own clean-up. */
static void sweep(void)
{
    for (struct http *h = servers, *next; h != NULL; h = next) {
        next = h->next;
        if (post_is_closed(h->bell)) {
            http_free(h);
        }
    }
}

enum err http_open(struct http **out, const struct http_cfg *cfg, sd_event *loop, struct reason *r)
{
    assert(cfg->max_body <= BODY_MAX);
    if (!process_may(OS_MEMORY)) {
        return err_because(r, ERR_MEMORY, "http: no memory");
    }
    sweep();
    struct http *h = allot(sizeof *h);
    h->cfg = *cfg;
    h->process = process_current();
    h->run = process_starts(h->process);
    h->port = cfg->port != 0 ? cfg->port : ANY_PORT;
    h->bell = post_new(loop, "http", on_bell, h);
    if (h->bell == NULL) {
        free(h);
        return err_because(r, ERR_IO, "http: no event source");
    }
    h->next = servers;
    servers = h;
    *out = h;
    return ERR_OK;
}

uint16_t http_port(const struct http *h)
{
    return h->port;
}

void http_library(char *out, size_t cap)
{
    (void)snprintf(out, cap, "simulated web");
}

/* ---------------------------------------------------------------- asking */

static struct http *server_of(const struct process *p)
{
    for (struct http *h = servers; h != NULL; h = h->next) {
        if (h->process == p && h->run == process_starts(p) && !process_is_dead(p) && !post_is_closed(h->bell)) {
            return h;
        }
    }
    return NULL;
}

uint16_t web_port(const struct process *p)
{
    const struct http *h = server_of(p);
    return h != NULL ? h->port : 0;
}

static struct http_request *request_new(const char *method, const char *target, const char *const *headers,
                                        const char *body)
{
    struct http_request *q = allot(sizeof *q);
    q->method = copy_of(method, strlen(method));
    q->target = copy_of(target, strlen(target));
    q->body_len = body != NULL ? strlen(body) : 0;
    q->body = body != NULL ? copy_of(body, q->body_len) : NULL;
    for (; headers != NULL && *headers != NULL; headers++) {
        add_header(q, *headers);
    }
    if (find_value(q->header, q->headers, "Host", true) == NULL) {
        add_header(q, "Host: localhost");
    }
    read_query(q);
    read_cookies(q);
    return q;
}

void web_ask(struct process *p, const char *method, const char *target, const char *const *headers, const char *body,
             int64_t timeout_us, struct web_answer *out)
{
    struct http *h = server_of(p);
    struct world *w = p->world;
    *out = (struct web_answer){.status = 0};
    assert(process_current() == NULL);
    if (h == NULL) {
        return; /* nobody listens */
    }
    struct http_request *q = request_new(method, target, headers, body), **at = &h->waiting;
    int64_t until_us = world_now_us(w) + timeout_us;
    q->http = h;
    q->world = w;
    q->asker = fiber_self(w);
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = q;
    post_ring(h->bell);
    while (q->phase != PHASE_DONE && world_now_us(w) < until_us && !world_is_ending(w) && !process_is_dead(p)) {
        (void)fiber_wait(w, until_us);
    }
    if (q->phase == PHASE_DONE) {
        *out = q->answer;
        q->answer = (struct web_answer){.status = 0};
        request_free(q);
    } else {
        q->left = true;
    }
}

void web_answer_free(struct web_answer *a)
{
    free(a->body);
    a->body = NULL;
}
