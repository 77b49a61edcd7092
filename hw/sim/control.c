/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/sim/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/json.h"
#include "common/log.h"
#include "common/num.h"
#include "hw/sim/command.h"

/* gcc's analyzer loses memory that hangs on an element of client[] with an index known only at run time. */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"

#define CLIENTS 34 /* the last two: standard input and the script */
#define SOCKET_CLIENTS 32
#define INPUT 32
#define SCRIPT 33
#define IN_CAP 8192
#define OUT_MAX ((size_t)8 << 20)
#define SCRIPT_MAX ((size_t)1 << 20)
#define RETRY_US 20000 /* until output that did not fit is tried again */
#define AT_MAX_MS INT64_C(2592000000)

struct client {
    struct control *owner;
    bool used, is_socket, scripted;
    bool ended;   /* no more input comes */
    bool events;  /* is sent every event */
    bool waiting; /* the answer of `wait` is due */
    int in, out;
    sd_event_source *source;
    struct command_wait wait;
    int64_t due_us; /* of the next scripted line */
    char *text;     /* input not carried out yet */
    size_t len;
    char *answer; /* output not taken yet */
    size_t answer_len;
};

struct control {
    struct control_cfg cfg;
    int fd;
    sd_event_source *source;
    bool quit;
    int64_t stepped_us;
    struct client client[CLIENTS];
};

static void drop(struct client *k)
{
    if (!k->used) {
        return;
    }
    struct control *owner = k->owner;
    sd_event_source_disable_unref(k->source);
    if (k->is_socket) {
        (void)close(k->in);
    }
    free(k->text);
    free(k->answer);
    *k = (struct client){.owner = owner, .in = -1, .out = -1};
}

/* ---------------------------------------------------------------- output */

static ssize_t write_some(const struct client *k, const char *bytes, size_t len)
{
    if (k->is_socket) {
        return send(k->out, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    struct pollfd ready = {.fd = k->out, .events = POLLOUT};
    if (poll(&ready, 1, 0) != 1) {
        errno = EAGAIN;
        return -1;
    }
    return write(k->out, bytes, len < 4096 ? len : 4096); /* a ready pipe takes this much without blocking */
}

static void flush(struct client *k)
{
    size_t sent = 0;
    while (k->used && sent < k->answer_len) {
        ssize_t n = write_some(k, k->answer + sent, k->answer_len - sent);
        if (n > 0) {
            sent += (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            break;
        } else {
            drop(k);
            return;
        }
    }
    if (k->used && sent > 0) {
        memmove(k->answer, k->answer + sent, k->answer_len - sent);
        k->answer_len -= sent;
    }
}

static bool make_room(struct client *k, size_t more)
{
    if (k->answer_len + more > OUT_MAX) {
        return false;
    }
    char *grown = realloc(k->answer, k->answer_len + more);
    if (grown == NULL) {
        return false;
    }
    k->answer = grown;
    return true;
}

/* Takes ownership of tree; NULL is fine. */
static void say(struct client *k, cJSON *tree)
{
    if (tree == NULL) {
        return;
    }
    char *line = json_print(tree);
    size_t len = strlen(line);
    cJSON_Delete(tree);
    if (make_room(k, len + 1)) {
        line[len] = '\n'; /* the line end takes the place of the NUL */
        memcpy(k->answer + k->answer_len, line, len + 1);
        k->answer_len += len + 1;
    } else {
        log_warning("control", "a client does not read its answers: cut off");
        drop(k);
    }
    free(line);
}

/* ---------------------------------------------------------------- lines */

/* Splits `at MS rest`: *line becomes rest. */
static enum err read_at(char **line, int64_t *ms)
{
    *ms = 0;
    if (strncmp(*line, "at ", 3) != 0) {
        return ERR_OK;
    }
    char *number = *line + 3;
    char *end = number + strcspn(number, " ");
    if (*end != ' ') {
        return ERR_SYNTAX;
    }
    *end = '\0';
    enum err e = num_parse(number, 0, AT_MAX_MS, ms);
    *end = ' ';
    *line = end + 1;
    return e;
}

static void remove_line(struct client *k, size_t used)
{
    k->len -= used;
    memmove(k->text, k->text + used, k->len + 1);
}

static void carry_out(struct client *k, const char *line, int64_t now_us)
{
    cJSON *answer = NULL;
    enum command_then then = command_run(k->owner->cfg.cabinet, line, now_us, &answer, &k->wait);
    k->waiting = then == COMMAND_WAITS;
    k->events = k->events || then == COMMAND_EVENTS;
    k->owner->quit = k->owner->quit || then == COMMAND_QUIT;
    say(k, answer);
}

/* Carries out the next whole line; false: there is none, or its time has not come. */
static bool next_line(struct client *k, int64_t now_us)
{
    k->due_us = BOARD_NEVER;
    char *end = k->text != NULL ? memchr(k->text, '\n', k->len) : NULL;
    if (end == NULL) {
        return false;
    }
    char *line = k->text;
    int64_t at_ms = 0;
    if (k->scripted && read_at(&line, &at_ms) == ERR_OK && now_us < k->owner->cfg.start_us + at_ms * 1000) {
        k->due_us = k->owner->cfg.start_us + at_ms * 1000;
        return false;
    }
    *end = '\0';
    size_t used = (size_t)(end - k->text) + 1;
    if (strlen(line) + 1 < (size_t)(end - line) + 1) {
        say(k, command_error((unsigned)strlen(line) + 1, "a NUL byte"));
    } else {
        carry_out(k, line, now_us);
    }
    if (k->used) {
        remove_line(k, used);
    }
    return k->used;
}

static void step_client(struct client *k, int64_t now_us)
{
    bool more = true;
    while (k->used && more && !k->owner->quit) {
        if (k->waiting) {
            cJSON *answer = command_waited(k->owner->cfg.cabinet, &k->wait, now_us);
            k->waiting = answer == NULL;
            say(k, answer);
        }
        more = k->used && !k->waiting && next_line(k, now_us);
    }
    flush(k);
}

static void finish_client(struct client *k)
{
    bool idle = k->used && k->ended && !k->waiting && k->due_us == BOARD_NEVER && k->answer_len == 0;
    if (!idle) {
        return;
    }
    if (k == &k->owner->client[INPUT]) {
        k->owner->quit = true;
    }
    if (!k->events) {
        drop(k);
    }
}

static void spread_events(struct control *k)
{
    struct cabinet_event event;
    while (cabinet_take_event(k->cfg.cabinet, &event)) {
        for (size_t i = 0; i < CLIENTS; i++) {
            if (k->client[i].used && k->client[i].events) {
                say(&k->client[i], command_event(k->cfg.cabinet, &event));
            }
        }
    }
}

bool control_step(struct control *k, int64_t now_us)
{
    k->stepped_us = now_us;
    spread_events(k);
    for (size_t i = 0; i < CLIENTS; i++) {
        step_client(&k->client[i], now_us);
    }
    spread_events(k);
    for (size_t i = 0; i < CLIENTS; i++) {
        flush(&k->client[i]);
        finish_client(&k->client[i]);
    }
    return !k->quit;
}

int64_t control_next(const struct control *k)
{
    int64_t next_us = BOARD_NEVER;
    for (size_t i = 0; i < CLIENTS; i++) {
        const struct client *client = &k->client[i];
        if (!client->used) {
            continue;
        }
        int64_t wait_us = client->waiting ? client->wait.deadline_us : client->due_us;
        int64_t retry_us = client->answer_len > 0 ? k->stepped_us + RETRY_US : BOARD_NEVER;
        next_us = wait_us < next_us ? wait_us : next_us;
        next_us = retry_us < next_us ? retry_us : next_us;
    }
    return next_us;
}

/* ---------------------------------------------------------------- input */

static int on_input(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
    (void)revents;
    struct client *k = arg;
    struct control *owner = k->owner;
    if (k->len >= IN_CAP) { /* no line is this long, or too many were sent ahead */
        say(k, command_error(COMMAND_LINE_CAP, "the line is too long, or too many at once"));
        flush(k);
        drop(k);
        return 0;
    }
    ssize_t n = read(fd, k->text + k->len, IN_CAP - k->len);
    if (n > 0) {
        k->len += (size_t)n;
        k->text[k->len] = '\0';
    } else if (n == 0) {
        k->ended = true;
        if (k->len > 0 && k->text[k->len - 1] != '\n') {
            k->text[k->len++] = '\n'; /* len is below IN_CAP */
            k->text[k->len] = '\0';
        }
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF); /* else the loop would spin on the end of input */
    } else if (errno != EAGAIN && errno != EINTR) {
        drop(k);
    }
    owner->cfg.fn(owner->cfg.arg);
    return 0;
}

static enum err start_client(struct control *owner, struct client *k, int in, int out, bool is_socket)
{
    *k = (struct client){
        .owner = owner, .used = true, .is_socket = is_socket, .in = in, .out = out, .due_us = BOARD_NEVER};
    k->text = calloc(1, IN_CAP + 1);
    int rc = k->text != NULL ? sd_event_add_io(owner->cfg.loop, &k->source, in, EPOLLIN, on_input, k) : -ENOMEM;
    if (rc < 0) {
        drop(k);
        errno = -rc;
        return ERR_IO;
    }
    return ERR_OK;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
    (void)source;
    (void)revents;
    struct control *k = arg;
    int connection = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection < 0) {
        return 0; /* it went away again */
    }
    for (size_t i = 0; i < SOCKET_CLIENTS; i++) {
        if (!k->client[i].used) {
            if (start_client(k, &k->client[i], connection, connection, true) != ERR_OK) {
                log_warning("control", "client: %s", strerror(errno));
            }
            return 0;
        }
    }
    log_warning("control", "too many clients");
    (void)close(connection);
    return 0;
}

/* ---------------------------------------------------------------- life */

static enum err open_socket(struct control *k, struct reason *r)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat found;
    const char *path = k->cfg.socket;
    if (strlen(path) >= sizeof address.sun_path) {
        return err_because(r, ERR_TOO_LONG, "control socket \"%s\"", path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (lstat(path, &found) == 0 && S_ISSOCK(found.st_mode) && unlink(path) != 0) {
        return err_because(r, ERR_IO, "%s: %s", path, strerror(errno));
    }
    k->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (k->fd < 0 || bind(k->fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(k->fd, 16) != 0) {
        return err_because(r, ERR_IO, "%s: %s", path, strerror(errno));
    }
    int rc = sd_event_add_io(k->cfg.loop, &k->source, k->fd, EPOLLIN, on_connection, k);
    return rc < 0 ? err_because(r, ERR_IO, "event loop: %s", strerror(-rc)) : ERR_OK;
}

static enum err read_script(const char *path, char **text, size_t *len, struct reason *r)
{
    FILE *f = fopen(path, "re");
    char *bytes = calloc(1, SCRIPT_MAX + 2);
    if (f == NULL || bytes == NULL) {
        err_because(r, ERR_IO, "%s: %s", path, strerror(errno));
        free(bytes);
        if (f != NULL) {
            (void)fclose(f);
        }
        return ERR_IO;
    }
    size_t n = fread(bytes, 1, SCRIPT_MAX + 1, f);
    bool failed = ferror(f) != 0;
    (void)fclose(f);
    if (failed || n > SCRIPT_MAX || memchr(bytes, '\0', n) != NULL) {
        free(bytes);
        return err_because(r, ERR_TOO_LONG, "%s: unreadable, longer than %zu bytes, or not text", path, SCRIPT_MAX);
    }
    if (n > 0 && bytes[n - 1] != '\n') {
        bytes[n++] = '\n';
    }
    *text = bytes;
    *len = n;
    return ERR_OK;
}

static enum err check_times(const char *path, char *text, struct reason *r)
{
    int64_t latest_ms = 0;
    unsigned number = 1;
    char *line = text;
    for (char *end = strchr(line, '\n'); end != NULL; end = strchr(line, '\n'), number++) {
        int64_t ms = 0;
        char *rest = line;
        *end = '\0';
        bool timed = strncmp(line, "at ", 3) == 0;
        enum err e = read_at(&rest, &ms);
        *end = '\n';
        if (e != ERR_OK || (timed && ms < latest_ms)) {
            return err_because(r, ERR_SYNTAX, "%s:%u: \"at MS COMMAND\" is expected, with times that do not go back",
                               path, number);
        }
        latest_ms = timed ? ms : latest_ms;
        line = end + 1;
    }
    return ERR_OK;
}

static enum err open_script(struct control *k, struct reason *r)
{
    struct client *client = &k->client[SCRIPT];
    char *text = NULL;
    size_t len = 0;
    enum err e = read_script(k->cfg.script, &text, &len, r);
    if (e != ERR_OK) {
        return e;
    }
    *client = (struct client){.owner = k,
                              .used = true,
                              .scripted = true,
                              .ended = true,
                              .in = -1,
                              .out = STDOUT_FILENO,
                              .due_us = BOARD_NEVER,
                              .text = text,
                              .len = len};
    return check_times(k->cfg.script, text, r);
}

enum err control_open(struct control **out, const struct control_cfg *cfg, struct reason *r)
{
    struct control *k = calloc(1, sizeof *k);
    if (k == NULL) {
        return err_because(r, ERR_MEMORY, "control");
    }
    k->cfg = *cfg;
    k->fd = -1;
    for (size_t i = 0; i < CLIENTS; i++) {
        k->client[i] = (struct client){.owner = k, .in = -1, .out = -1};
    }
    enum err e = cfg->socket != NULL ? open_socket(k, r) : ERR_OK;
    if (e == ERR_OK && cfg->script != NULL) {
        e = open_script(k, r);
    }
    if (e == ERR_OK && cfg->standard_input &&
        start_client(k, &k->client[INPUT], STDIN_FILENO, STDOUT_FILENO, false) != ERR_OK) {
        e = err_because(r, ERR_IO, "standard input: %s (a file? use --script)", strerror(errno));
    }
    if (e != ERR_OK) {
        control_free(k);
        return e;
    }
    *out = k;
    return ERR_OK;
}

void control_free(struct control *k)
{
    if (k == NULL) {
        return;
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        drop(&k->client[i]);
    }
    if (k->source != NULL) {
        sd_event_source_disable_unref(k->source);
        (void)unlink(k->cfg.socket);
    }
    if (k->fd >= 0) {
        (void)close(k->fd);
    }
    free(k);
}
