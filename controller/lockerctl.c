/* SPDX-License-Identifier: Apache-2.0 */
/* lockerctl: look at and enrol the locker of this board. See lockerctl(1). */
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/err.h"
#include "common/file.h"
#include "common/json.h"
#include "common/num.h"
#include "common/option.h"
#include "common/version.h"
#include "controller/answer.h"
#include "controller/control.h"
#include "controller/enrol.h"
#include "controller/report.h"
#include "controller/store.h"
#include "hw/hw.h"

#define ANSWER_S 60
#define ANSWER_DEPTH 12
#define SECRET_TEXT_MAX 80
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

struct command;

struct options {
    const char *control, *state, *secret, *hub_key;
    bool json;
    const struct command *command;
    char **arg;
    int args;
    int64_t limit; /* of journal */
};

typedef void (*report_fn)(const cJSON *answer, FILE *to);

struct command {
    const char *name;
    int min_args, max_args;
    enum err (*check)(struct options *o, struct reason *r); /* does the command line make sense? */
    enum err (*run)(const struct options *o, struct reason *r);
    report_fn report; /* NULL: run prints by itself */
};

/* ---------------------------------------------------------------- the socket of lockerd */

static enum err reach(int *out, const char *path, struct reason *r)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = ANSWER_S};
    if (strlen(path) >= sizeof at.sun_path) {
        return err_because(r, ERR_TOO_LONG, "%.40s...: too long for a socket", path);
    }
    memcpy(at.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return err_because(r, ERR_IO, "socket: %s", strerror(errno));
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        connect(fd, (const struct sockaddr *)&at, sizeof at) != 0) {
        enum err e = err_because(r, ERR_IO, "%s: %s%s", path, strerror(errno),
                                 errno == ENOENT || errno == ECONNREFUSED ? "; lockerd does not run here" : "");
        (void)close(fd);
        return e;
    }
    *out = fd;
    return ERR_OK;
}

static enum err send_line(int fd, const char *line, size_t len, struct reason *r)
{
    while (len > 0) {
        ssize_t n = send(fd, line, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return err_because(r, ERR_IO, "lockerd: %s", strerror(errno));
        }
        line += n;
        len -= (size_t)n;
    }
    return ERR_OK;
}

/* One line into text (CONTROL_ANSWER_MAX bytes); *len is without the line feed. */
static enum err receive_line(int fd, char *text, size_t *len, struct reason *r)
{
    size_t have = 0;
    for (;;) {
        if (have == CONTROL_ANSWER_MAX) {
            return err_because(r, ERR_TOO_LONG, "lockerd: the answer is too long");
        }
        ssize_t n = recv(fd, text + have, CONTROL_ANSWER_MAX - have, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return err_because(r, ERR_TIMEOUT, "lockerd: no answer within %d s", ANSWER_S);
        }
        if (n <= 0) {
            return err_because(r, ERR_IO, "lockerd: %s", n < 0 ? strerror(errno) : "hung up without an answer");
        }
        const char *end = memchr(text + have, '\n', (size_t)n);
        have += (size_t)n;
        if (end != NULL) {
            *len = (size_t)(end - text);
            return ERR_OK;
        }
    }
}

static enum err read_answer(cJSON **out, const char *text, size_t len, struct reason *r)
{
    const struct json_limits limits = {.max_len = CONTROL_ANSWER_MAX, .max_depth = ANSWER_DEPTH, .flags = JSON_STRICT};
    const char *refusal;
    cJSON *tree;
    enum err e = json_parse(&tree, text, len, &limits, r);
    if (e == ERR_OK && !cJSON_IsObject(tree)) {
        cJSON_Delete(tree);
        e = err_because(r, ERR_SYNTAX, "not an object");
    }
    if (e != ERR_OK) {
        return err_prefix(r, e, "answer of lockerd");
    }
    if (json_get_text(tree, "error", 0, REASON_CAP - 1, &refusal, NULL) == ERR_OK) {
        e = err_because(r, ERR_DENIED, "%s", refusal);
        cJSON_Delete(tree);
        return e;
    }
    *out = tree;
    return ERR_OK;
}

static enum err ask(cJSON **answer, const char *path, const cJSON *request, struct reason *r)
{
    int fd;
    size_t len;
    enum err e = reach(&fd, path, r);
    if (e != ERR_OK) {
        return e;
    }
    char *line = json_print(request);
    size_t line_len = strlen(line);
    line[line_len] = '\n'; /* in place of the NUL */
    char *text = malloc(CONTROL_ANSWER_MAX);
    e = text == NULL ? err_because(r, ERR_MEMORY, "no memory") : send_line(fd, line, line_len + 1, r);
    if (e == ERR_OK) {
        e = receive_line(fd, text, &len, r);
    }
    if (e == ERR_OK) {
        e = read_answer(answer, text, len, r);
    }
    free(text);
    free(line);
    (void)close(fd);
    return e;
}

/* ---------------------------------------------------------------- output */

static enum err flush(struct reason *r)
{
    if (fflush(stdout) != 0 || ferror(stdout) != 0) {
        return err_because(r, ERR_IO, "standard output: %s", strerror(errno));
    }
    return ERR_OK;
}

static void print_json(const cJSON *tree)
{
    char *text = json_print(tree);
    (void)puts(text); /* flush tells */
    free(text);
}

/* Prints and deletes the answer. */
static enum err show(const struct options *o, cJSON *answer, struct reason *r)
{
    if (o->json) {
        print_json(answer);
    } else {
        o->command->report(answer, stdout);
    }
    cJSON_Delete(answer);
    return flush(r);
}

static int fail(const struct options *o, const struct reason *r, int code)
{
    if (o->json && code == EXIT_FAILURE) {
        cJSON *tree = json_new_object();
        json_put_text(tree, "error", r->text);
        print_json(tree);
        cJSON_Delete(tree);
    }
    (void)fprintf(stderr, "lockerctl: %s\n", r->text);
    return code;
}

/* ---------------------------------------------------------------- commands for lockerd */

/* Completes, sends and deletes line. */
static enum err request(const struct options *o, cJSON *line, struct reason *r)
{
    cJSON *answer;
    json_put_text(line, "do", o->command->name);
    enum err e = ask(&answer, o->control, line, r);
    cJSON_Delete(line);
    return e == ERR_OK ? show(o, answer, r) : e;
}

static enum err open_store(struct store **out, const struct options *o, struct reason *r)
{
    char path[FILE_PATH_CAP];
    enum err e = file_path(path, o->state, STORE_FILE, r);
    if (e == ERR_OK) {
        e = store_open_to_read(out, path, r);
    }
    return e == ERR_BUSY ? err_because(r, e, "%s: lockerd runs; ask it, without --state", path) : e;
}

static enum err check_nothing(struct options *o, struct reason *r)
{
    (void)o;
    (void)r;
    return ERR_OK;
}

static enum err check_daemon(struct options *o, struct reason *r)
{
    return o->state == NULL ? ERR_OK
                            : err_because(r, ERR_RANGE, "%s: only lockerd can; leave --state out", o->command->name);
}

static enum err check_journal(struct options *o, struct reason *r)
{
    o->limit = CONTROL_JOURNAL_DEFAULT;
    if (o->args > 0 && num_parse(o->arg[0], 1, CONTROL_JOURNAL_MAX, &o->limit) != ERR_OK) {
        return err_because(r, ERR_RANGE, "journal: a number from 1 to %d is expected, not \"%.40s\"",
                           CONTROL_JOURNAL_MAX, o->arg[0]);
    }
    return ERR_OK;
}

static enum err check_release(struct options *o, struct reason *r)
{
    const char *board = o->arg[0];
    size_t len = strlen(board);
    if (len == 0 || len >= HW_NAME_CAP || board[strspn(board, NAME_CHARS)] != '\0') {
        return err_because(r, ERR_SYNTAX, "release: \"%.40s\" is no name of a board", board);
    }
    return check_daemon(o, r);
}

static enum err run_plain(const struct options *o, struct reason *r)
{
    return request(o, json_new_object(), r);
}

static enum err run_journal(const struct options *o, struct reason *r)
{
    if (o->state == NULL) {
        cJSON *line = json_new_object();
        json_put_int(line, "limit", o->limit);
        return request(o, line, r);
    }
    struct store *s;
    cJSON *answer = NULL;
    enum err e = open_store(&s, o, r);
    if (e != ERR_OK) {
        return e;
    }
    e = answer_journal(&answer, s, (unsigned)o->limit, r);
    store_close(s);
    return e == ERR_OK ? show(o, answer, r) : e;
}

static enum err run_verify(const struct options *o, struct reason *r)
{
    if (o->state == NULL) {
        return run_plain(o, r);
    }
    struct store *s;
    cJSON *answer = NULL;
    enum err e = open_store(&s, o, r);
    if (e != ERR_OK) {
        return e;
    }
    e = answer_verify(&answer, s, r);
    store_close(s);
    return e == ERR_OK ? show(o, answer, r) : e;
}

static enum err run_release(const struct options *o, struct reason *r)
{
    cJSON *line = json_new_object();
    json_put_text(line, "board", o->arg[0]);
    return request(o, line, r);
}

/* ---------------------------------------------------------------- enrolment */

static enum err check_state(struct options *o, struct reason *r)
{
    return o->state != NULL ? ERR_OK : err_because(r, ERR_MISSING, "%s: --state is needed", o->command->name);
}

static enum err check_request(struct options *o, struct reason *r)
{
    if (o->secret == NULL || o->hub_key == NULL) {
        return err_because(r, ERR_MISSING, "%s: --secret and --hub-key are needed", o->command->name);
    }
    return check_state(o, r);
}

/* The secret of the invitation: as given, or with "-" the line on standard input, which leaves no trace in the list of
 * processes. */
static enum err take_secret(const struct options *o, char out[SECRET_TEXT_MAX + 1], struct reason *r)
{
    const char *from = o->secret;
    char *text = NULL;
    size_t len;
    if (strcmp(from, "-") == 0) {
        enum err e = file_read("-", SECRET_TEXT_MAX, &text, NULL, r);
        if (e != ERR_OK) {
            return err_prefix(r, e, "secret");
        }
        from = text;
    }
    len = strcspn(from, "\r\n");
    enum err e = len <= SECRET_TEXT_MAX ? ERR_OK : err_because(r, ERR_TOO_LONG, "secret: 32 hex digits are expected");
    if (e == ERR_OK) {
        memcpy(out, from, len);
        out[len] = '\0';
    }
    if (text != NULL) {
        sodium_memzero(text, strlen(text));
        free(text);
    }
    return e;
}

static enum err run_enrol_request(const struct options *o, struct reason *r)
{
    char secret[SECRET_TEXT_MAX + 1], fingerprint[ENROL_FINGERPRINT_CAP];
    char *text;
    enum err e = take_secret(o, secret, r);
    if (e == ERR_OK) {
        e = enrol_request(o->state, secret, o->hub_key, &text, fingerprint, r);
    }
    sodium_memzero(secret, sizeof secret);
    if (e != ERR_OK) {
        return e;
    }
    (void)puts(text); /* flush tells */
    free(text);
    (void)fprintf(stderr, "fingerprint %s: the hub must show the same\n", fingerprint);
    return flush(r);
}

static void report_enrolled(const cJSON *answer, FILE *to)
{
    (void)fprintf(to, "This locker is now %s, \"%s\".\n",
                  cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "locker")),
                  cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "name")));
}

static enum err run_enrol_accept(const struct options *o, struct reason *r)
{
    char id[17], name[41];
    enum err e = enrol_accept(o->state, o->arg[0], id, name, r);
    if (e != ERR_OK) {
        return e;
    }
    cJSON *answer = json_new_object();
    json_put_text(answer, "locker", id);
    json_put_text(answer, "name", name);
    return show(o, answer, r);
}

/* ---------------------------------------------------------------- command line */

static const struct command commands[] = {
    {"status", 0, 0, check_daemon, run_plain, report_status},
    {"doors", 0, 0, check_daemon, run_plain, report_doors},
    {"journal", 0, 1, check_journal, run_journal, report_journal},
    {"verify", 0, 0, check_nothing, run_verify, report_verify},
    {"release", 1, 1, check_release, run_release, report_release},
    {"enrol-request", 0, 0, check_request, run_enrol_request, NULL},
    {"enrol-accept", 1, 1, check_state, run_enrol_accept, report_enrolled},
};

static const struct option long_options[] = {
    {"control", required_argument, NULL, 'c'}, {"state", required_argument, NULL, 's'},
    {"secret", required_argument, NULL, 'S'},  {"hub-key", required_argument, NULL, 'k'},
    {"json", no_argument, NULL, 'j'},          {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},       {NULL, 0, NULL, 0},
};

static void usage(void)
{
    (void)fputs("usage: lockerctl [--control PATH] [--json] COMMAND\n"
                "  status                  how the locker is\n"
                "  doors                   every door: state, contact, order\n"
                "  journal [N]             the newest N records\n"
                "  verify                  recompute the hash chain of the journal\n"
                "  release BOARD           let a stopped board open doors again\n"
                "  journal and verify with --state DIR: from the store of a locker that does not run\n"
                "  enrol-request --state DIR --secret SECRET|- --hub-key FILE > request.json\n"
                "  enrol-accept --state DIR GRANT\n"
                "See lockerctl(1).\n",
                stdout);
}

/* False: stop with *code. */
static bool read_options(int argc, char **argv, struct options *o, int *code)
{
    *code = OPTION_EXIT;
    for (int c; (c = option_next("lockerctl", argc, argv, ":h", long_options)) >= 0;) {
        switch (c) {
        case 'c':
            o->control = optarg;
            break;
        case 's':
            o->state = optarg;
            break;
        case 'S':
            o->secret = optarg;
            break;
        case 'k':
            o->hub_key = optarg;
            break;
        case 'j':
            o->json = true;
            break;
        case 'h':
            usage();
            *code = EXIT_SUCCESS;
            return false;
        case 'V':
            (void)puts("lockerctl " MEDLOCKER_VERSION);
            *code = EXIT_SUCCESS;
            return false;
        default:
            return false;
        }
    }
    o->arg = argv + optind;
    o->args = argc - optind;
    return true;
}

static enum err choose(struct options *o, struct reason *r)
{
    if (o->args == 0) {
        return err_because(r, ERR_MISSING, "a command is needed; see lockerctl --help");
    }
    const char *name = o->arg[0];
    for (size_t i = 0; i < sizeof commands / sizeof commands[0] && o->command == NULL; i++) {
        o->command = strcmp(commands[i].name, name) == 0 ? &commands[i] : NULL;
    }
    o->arg++;
    o->args--;
    if (o->command == NULL) {
        return err_because(r, ERR_UNKNOWN, "%.40s: no such command; see lockerctl --help", name);
    }
    if (o->args < o->command->min_args || o->args > o->command->max_args) {
        return err_because(r, ERR_RANGE, "%s: too %s arguments; see lockerctl --help", name,
                           o->args < o->command->min_args ? "few" : "many");
    }
    return o->command->check(o, r);
}

int main(int argc, char **argv)
{
    struct options o = {.control = CONTROL_PATH};
    struct reason r = {.text = ""};
    int code;
    if (!read_options(argc, argv, &o, &code)) {
        return code;
    }
    if (sodium_init() < 0) {
        (void)fputs("lockerctl: libsodium does not start\n", stderr);
        return EXIT_FAILURE;
    }
    if (choose(&o, &r) != ERR_OK) {
        return fail(&o, &r, OPTION_EXIT);
    }
    return o.command->run(&o, &r) == ERR_OK ? EXIT_SUCCESS : fail(&o, &r, EXIT_FAILURE);
}
