/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/control.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/json.h"
#include "common/log.h"
#include "controller/answer.h"
#include "controller/commission.h"

/* A client reads its answer before its next request is looked at. */
struct client {
    struct control *control;
    int fd; /* -1: free */
    sd_event_source *io;
    char in[CONTROL_REQUEST_MAX];
    size_t in_len;
    char *out;
    size_t out_len, out_at;
};

struct control {
    struct control_cfg cfg;
    sd_event *loop;
    int fd;
    sd_event_source *io;
    struct client client[CONTROL_CLIENTS_MAX];
    struct client *verifying; /* waits for the end of the verification; NULL: none runs */
    struct store_verification verification;
    sd_event_source *slice;
};

/* ---------------------------------------------------------------- answers */

static enum err answer_status(struct control *c, const cJSON *request, cJSON **out, struct reason *r)
{
    static const char *const members[] = {"do", NULL};
    struct link_status link;
    enum err e = json_only(request, members, r);
    if (e != ERR_OK) {
        return e;
    }
    cJSON *a = json_new_object();
    link_status(c->cfg.link, &link);
    json_put_text(a, "locker", c->cfg.id->terms.id);
    json_put_text(a, "name", c->cfg.id->terms.name);
    json_put_text(a, "site", c->cfg.site);
    json_put_int(a, "boot", store_boot(c->cfg.store));
    json_put_bool(a, "ready", c->cfg.locker->ready);
    json_put_bool(a, "connected", link.up);
    json_put_bool(a, "frozen", link.frozen);
    json_put_int(a, "orders", locker_live_orders(c->cfg.locker));
    json_put_text(a, "screen", screen_id_name(act_screen(c->cfg.act)->id));
    link_describe(c->cfg.link, a);
    *out = a;
    return ERR_OK;
}

static enum err answer_doors(struct control *c, const cJSON *request, cJSON **out, struct reason *r)
{
    static const char *const members[] = {"do", NULL};
    const struct locker *k = c->cfg.locker;
    enum err e = json_only(request, members, r);
    if (e != ERR_OK) {
        return e;
    }
    cJSON *a = json_new_object();
    cJSON *list = json_put_array(a, "doors");
    for (uint16_t i = 0; i < k->cabinet.doors; i++) {
        const struct cabinet_door *d = &k->cabinet.door[i];
        const struct compartment *p = &k->compartment[i];
        cJSON *one = json_put_object(list, NULL);
        json_put_text(one, "door", d->name);
        json_put_int(one, "number", d->number);
        json_put_text(one, "state", compartment_state_name(p->state));
        json_put_text(one, "contact", record_door_state_name(locker_contact(k, i)));
        json_put_text(one, "size", token_size_name(d->size));
        json_put_text(one, "zone", token_zone_name(d->zone));
        json_put_text(one, "board", k->cabinet.board[d->board]);
        json_put_text(one, "commissioned", commission_is_done(k, i) ? "yes" : k->cabinet.waived ? "waived" : "no");
        if (p->bound) {
            json_put_hex(one, "ord", p->order, CODE_ORDER_LEN);
            json_put_int(one, "lod", p->load);
        }
    }
    *out = a;
    return ERR_OK;
}

static enum err answer_tail(struct control *c, const cJSON *request, cJSON **out, struct reason *r)
{
    static const char *const members[] = {"do", "limit", NULL};
    int64_t limit = CONTROL_JOURNAL_DEFAULT;
    enum err e = json_only(request, members, r);
    if (e == ERR_OK && cJSON_HasObjectItem(request, "limit")) {
        e = json_get_int(request, "limit", 1, CONTROL_JOURNAL_MAX, &limit, r);
    }
    return e == ERR_OK ? answer_journal(out, c->cfg.store, (unsigned)limit, r) : e;
}

/* Answered by on_slice, when the end is reached. */
static enum err begin_verify(struct control *c, const cJSON *request, cJSON **out, struct reason *r)
{
    static const char *const members[] = {"do", NULL};
    enum err e = json_only(request, members, r);
    if (e == ERR_OK && c->verifying != NULL) {
        e = err_because(r, ERR_BUSY, "the journal is being verified for another client already");
    }
    *out = NULL;
    return e == ERR_OK ? store_verify_begin(c->cfg.store, &c->verification, r) : e;
}

static enum err answer_release(struct control *c, const cJSON *request, cJSON **out, struct reason *r)
{
    static const char *const members[] = {"do", "board", NULL};
    const struct cabinet *cab = &c->cfg.locker->cabinet;
    const char *name;
    enum err e = json_only(request, members, r);
    if (e == ERR_OK) {
        e = json_get_text(request, "board", 1, HW_NAME_CAP - 1, &name, r);
    }
    if (e != ERR_OK) {
        return e;
    }
    uint8_t board = 0;
    while (board < cab->boards && strcmp(cab->board[board], name) != 0) {
        board++;
    }
    if (board == cab->boards) {
        return err_because(r, ERR_NOT_FOUND, "there is no board \"%s\"", name);
    }
    e = act_release_board(c->cfg.act, board, r);
    if (e == ERR_OK) {
        *out = json_new_object();
        json_put_text(*out, "board", name);
    }
    return e;
}

static const struct {
    const char *name;
    enum err (*answer)(struct control *c, const cJSON *request, cJSON **out, struct reason *r);
} requests[] = {
    {"status", answer_status}, {"doors", answer_doors},     {"journal", answer_tail},
    {"verify", begin_verify},  {"release", answer_release},
};

static enum err answer(struct control *c, const char *line, size_t len, cJSON **out, struct reason *r)
{
    const struct json_limits limits = {.max_len = CONTROL_REQUEST_MAX, .max_depth = 1, .flags = JSON_STRICT};
    cJSON *request = NULL;
    const char *name = NULL;
    enum err e = json_parse(&request, line, len, &limits, r);
    if (e == ERR_OK) {
        e = json_get_text(request, "do", 1, 16, &name, r);
    }
    if (e == ERR_OK) {
        e = err_because(r, ERR_UNKNOWN, "there is no request \"%s\"", name);
        for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
            if (strcmp(requests[i].name, name) == 0) {
                e = requests[i].answer(c, request, out, r);
                break;
            }
        }
    }
    cJSON_Delete(request);
    return e;
}

/* ---------------------------------------------------------------- clients */

static void end_verify(struct control *c)
{
    c->verifying = NULL;
    (void)sd_event_source_set_enabled(c->slice, SD_EVENT_OFF);
}

static void drop(struct client *k)
{
    if (k->control->verifying == k) {
        end_verify(k->control);
    }
    k->io = sd_event_source_disable_unref(k->io);
    if (k->fd >= 0) {
        close(k->fd);
    }
    free(k->out);
    k->out = NULL;
    k->fd = -1;
    k->in_len = k->out_len = k->out_at = 0;
}

/* Takes a; it may be NULL on an error. */
static void put_answer(struct client *k, enum err e, cJSON *a, const struct reason *r)
{
    if (e != ERR_OK) {
        a = json_new_object();
        json_put_text(a, "error", r->text);
    }
    k->out = json_print(a);
    cJSON_Delete(a);
    k->out_len = strlen(k->out);
    k->out[k->out_len++] = '\n'; /* in place of the NUL */
    k->out_at = 0;
}

static void take_line(struct client *k, size_t len)
{
    struct reason r = {""};
    cJSON *a = NULL;
    enum err e = answer(k->control, k->in, len, &a, &r);
    if (e == ERR_OK && a == NULL) {
        k->control->verifying = k;
        (void)sd_event_source_set_enabled(k->control->slice, SD_EVENT_ON);
    } else {
        put_answer(k, e, a, &r);
    }
    k->in_len -= len + 1;
    memmove(k->in, k->in + len + 1, k->in_len);
}

/* Writes what it can; false when the client is gone. */
static bool flush(struct client *k)
{
    while (k->out_at < k->out_len) {
        ssize_t n = send(k->fd, k->out + k->out_at, k->out_len - k->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        k->out_at += (size_t)n;
    }
    free(k->out);
    k->out = NULL;
    k->out_len = k->out_at = 0;
    return true;
}

/* Answers line by line; false when the client is to be dropped. */
static bool serve(struct client *k)
{
    for (;;) {
        if (!flush(k)) {
            return false;
        }
        if (k->out != NULL) {
            (void)sd_event_source_set_io_events(k->io, EPOLLOUT);
            return true;
        }
        if (k->control->verifying == k) {
            (void)sd_event_source_set_io_events(k->io, 0); /* still told when it is gone */
            return true;
        }
        const char *end = memchr(k->in, '\n', k->in_len);
        if (end == NULL) {
            (void)sd_event_source_set_io_events(k->io, EPOLLIN);
            return k->in_len < sizeof k->in;
        }
        take_line(k, (size_t)(end - k->in));
    }
}

static int on_client(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
    (void)s;
    struct client *k = arg;
    bool keep = true;
    if ((revents & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && k->out == NULL) {
        ssize_t n = recv(fd, k->in + k->in_len, sizeof k->in - k->in_len, MSG_DONTWAIT);
        keep = n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
        k->in_len += n > 0 ? (size_t)n : 0;
    }
    if (!keep || !serve(k)) {
        drop(k);
    }
    return 0;
}

/* A slice each time nothing else is to be done. */
static int on_slice(sd_event_source *s, void *arg)
{
    (void)s;
    struct control *c = arg;
    struct client *k = c->verifying;
    struct reason r = {""};
    bool done = false;
    enum err e = store_verify_some(c->cfg.store, &c->verification, &done, &r);
    if (e == ERR_OK && !done) {
        return 0;
    }
    end_verify(c);
    put_answer(k, e, e == ERR_OK ? answer_chain(&c->verification.found) : NULL, &r);
    if (!serve(k)) {
        drop(k);
    }
    return 0;
}

static int on_connection(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
    (void)s;
    (void)revents;
    struct control *c = arg;
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) {
        return 0;
    }
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *k = &c->client[i];
        if (k->fd < 0) {
            k->fd = client;
            if (sd_event_add_io(c->loop, &k->io, client, EPOLLIN, on_client, k) < 0) {
                drop(k);
            }
            return 0;
        }
    }
    log_warning("control", "more than %d clients: refused", CONTROL_CLIENTS_MAX);
    close(client);
    return 0;
}

/* ---------------------------------------------------------------- the socket */

/* A socket nobody listens on is left of a run that was killed. */
static bool is_abandoned(const struct sockaddr_un *addr)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return false;
    }
    bool refused = connect(fd, (const struct sockaddr *)addr, sizeof *addr) < 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static enum err listen_at(const char *path, int *out, struct reason *r)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof addr.sun_path) {
        return err_because(r, ERR_TOO_LONG, "control: path longer than %zu bytes", sizeof addr.sun_path - 1);
    }
    memcpy(addr.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return err_because(r, ERR_IO, "control: socket: %s", strerror(errno));
    }
    if (is_abandoned(&addr)) {
        (void)unlink(path);
    }
    mode_t before = umask(0177);
    int rc = bind(fd, (struct sockaddr *)&addr, sizeof addr);
    int error = errno;
    (void)umask(before);
    if (rc == 0) {
        rc = listen(fd, CONTROL_CLIENTS_MAX);
        error = errno;
    }
    if (rc < 0) {
        close(fd);
        return err_because(r, error == EADDRINUSE ? ERR_BUSY : ERR_IO, "control: %s: %s", path, strerror(error));
    }
    *out = fd;
    return ERR_OK;
}

static int add_slices(struct control *c)
{
    int rc = sd_event_add_defer(c->loop, &c->slice, on_slice, c);
    if (rc >= 0) {
        rc = sd_event_source_set_priority(c->slice, SD_EVENT_PRIORITY_IDLE);
    }
    return rc >= 0 ? sd_event_source_set_enabled(c->slice, SD_EVENT_OFF) : rc;
}

enum err control_open(struct control **out, const struct control_cfg *cfg, sd_event *loop, struct reason *r)
{
    struct control *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return err_because(r, ERR_MEMORY, "control: no memory");
    }
    c->cfg = *cfg;
    c->loop = loop;
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        c->client[i].control = c;
        c->client[i].fd = -1;
    }
    enum err e = listen_at(cfg->path, &c->fd, r);
    if (e != ERR_OK) {
        free(c);
        return e;
    }
    int rc = sd_event_add_io(loop, &c->io, c->fd, EPOLLIN, on_connection, c);
    if (rc >= 0) {
        rc = add_slices(c);
    }
    if (rc < 0) {
        control_free(c);
        return err_because(r, ERR_IO, "control: event source: %s", strerror(-rc));
    }
    (void)sd_event_source_set_description(c->io, "control");
    *out = c;
    return ERR_OK;
}

void control_free(struct control *c)
{
    if (c == NULL) {
        return;
    }
    for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        drop(&c->client[i]);
    }
    sd_event_source_disable_unref(c->slice);
    sd_event_source_disable_unref(c->io);
    close(c->fd);
    (void)unlink(c->cfg.path);
    free(c);
}
