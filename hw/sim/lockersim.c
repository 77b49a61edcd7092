/* SPDX-License-Identifier: Apache-2.0 */
/* lockersim: a cabinet in software. See lockersim(1). */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/num.h"
#include "common/option.h"
#include "common/version.h"
#include "hw/sim/cabinet.h"
#include "hw/sim/command.h"
#include "hw/sim/control.h"
#include "hw/sim/pty.h"
#include "hw/sim/rtu.h"
#include "hw/sim/tcp.h"

#define WAKE_MAX_US 1000000

struct options {
    const char *config, *control, *script, *trace, *link;
    uint64_t seed;
    uint32_t baud;
    uint16_t port;
};

struct sim;

/* One bus: serial (rtu and pty) or TCP. */
struct bus {
    struct sim *sim;
    uint8_t index;
    const char *link;
    struct rtu rtu;
    struct pty *pty;
    struct tcp *tcp;
};

struct sim {
    sd_event *loop;
    sd_event_source *timer;
    FILE *trace;
    uint64_t traced;
    struct control *control;
    struct bus bus[LAYOUT_BUSES_MAX];
    struct cabinet cabinet;
};

/* ---------------------------------------------------------------- time */

static int64_t next_of(const struct sim *s)
{
    int64_t next_us = cabinet_next(&s->cabinet);
    int64_t control_us = control_next(s->control);
    next_us = control_us < next_us ? control_us : next_us;
    for (uint8_t i = 0; i < s->cabinet.layout.buses; i++) {
        const struct bus *b = &s->bus[i];
        int64_t t = b->tcp != NULL ? tcp_next(b->tcp) : rtu_next(&b->rtu);
        next_us = t < next_us ? t : next_us;
    }
    return next_us;
}

static void write_trace(struct sim *s)
{
    const struct trace *t = &s->cabinet.trace;
    while (s->trace != NULL && s->traced < t->last) {
        s->traced = s->traced + 1 < trace_oldest(t) ? trace_oldest(t) : s->traced + 1;
        cJSON *frame = command_frame(&s->cabinet, trace_get(t, s->traced));
        char *line = json_print(frame);
        (void)fprintf(s->trace, "%s\n", line);
        free(line);
        cJSON_Delete(frame);
    }
}

static void send_due(struct bus *b, int64_t now_us)
{
    uint8_t bytes[LINE_FRAME_MAX];
    size_t n = rtu_due(&b->rtu, bytes, sizeof bytes, now_us);
    if (n > 0 && b->pty != NULL) {
        pty_write(b->pty, bytes, n);
    }
}

static void on_bytes(void *arg, const uint8_t *bytes, size_t len);

static void plug(struct bus *b)
{
    bool out = b->sim->cabinet.bus[b->index].unplugged;
    struct reason r = {.text = ""};
    if (out && b->pty != NULL) {
        pty_free(b->pty);
        b->pty = NULL;
    } else if (!out && b->pty == NULL &&
               pty_open(&b->pty, b->link, b->sim->cabinet.layout.bus[b->index].baud, b->sim->loop, on_bytes, b, &r) !=
                   ERR_OK) {
        log_error("lockersim", "%s", r.text);
        b->sim->cabinet.bus[b->index].unplugged = true;
    }
}

/* One turn: everything that is due happens, then the timer is set for what comes next. */
static void turn(struct sim *s)
{
    int64_t now_us = clock_mono_us();
    cabinet_step(&s->cabinet, now_us);
    for (uint8_t i = 0; i < s->cabinet.layout.buses; i++) {
        struct bus *b = &s->bus[i];
        if (b->tcp != NULL) {
            tcp_step(b->tcp, now_us);
        } else {
            rtu_step(&b->rtu, &s->cabinet, now_us);
            send_due(b, now_us);
        }
    }
    bool more = control_step(s->control, now_us);
    for (uint8_t i = 0; i < s->cabinet.layout.buses; i++) {
        if (s->bus[i].tcp == NULL) {
            plug(&s->bus[i]);
        }
    }
    write_trace(s);
    int64_t next_us = next_of(s);
    int64_t latest_us = now_us + WAKE_MAX_US;
    (void)sd_event_source_set_time(s->timer, (uint64_t)(next_us < latest_us ? next_us : latest_us));
    (void)sd_event_source_set_enabled(s->timer, SD_EVENT_ONESHOT);
    if (!more) {
        (void)sd_event_exit(s->loop, 0);
    }
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
    (void)source;
    (void)usec;
    turn(arg);
    return 0;
}

static void on_bytes(void *arg, const uint8_t *bytes, size_t len)
{
    struct bus *b = arg;
    struct cabinet *c = &b->sim->cabinet;
    int64_t now_us = clock_mono_us();
    if (pty_speed_is(b->pty, c->layout.bus[b->index].baud)) {
        rtu_receive(&b->rtu, c, bytes, len, now_us);
    } else {
        cabinet_garbage(c, b->index, TRACE_GARBAGE, bytes, len, now_us);
    }
    turn(b->sim);
}

static void on_wake(void *arg)
{
    turn(arg);
}

/* ---------------------------------------------------------------- start */

static enum err start_bus(struct sim *s, uint8_t index, uint16_t port, const char *link, struct reason *r)
{
    struct bus *b = &s->bus[index];
    *b = (struct bus){.sim = s, .index = index, .link = link};
    const struct layout_bus *cfg = &s->cabinet.layout.bus[index];
    if (cfg->kind == LAYOUT_TCP) {
        const struct tcp_cfg tcp = {
            .cabinet = &s->cabinet, .bus = index, .port = port, .loop = s->loop, .fn = on_wake, .arg = s};
        return tcp_open(&b->tcp, &tcp, r);
    }
    rtu_init(&b->rtu, index, cfg);
    return pty_open(&b->pty, link, cfg->baud, s->loop, on_bytes, b, r);
}

/* --port is for the first TCP bus, --link for the first serial bus. */
static enum err start_buses(struct sim *s, const struct options *o, struct reason *r)
{
    bool tcp_seen = false, rtu_seen = false;
    enum err e = ERR_OK;
    for (uint8_t i = 0; e == ERR_OK && i < s->cabinet.layout.buses; i++) {
        bool is_tcp = s->cabinet.layout.bus[i].kind == LAYOUT_TCP;
        e = start_bus(s, i, is_tcp && !tcp_seen ? o->port : 0, !is_tcp && !rtu_seen ? o->link : NULL, r);
        tcp_seen = tcp_seen || is_tcp;
        rtu_seen = rtu_seen || !is_tcp;
    }
    return e;
}

static void announce(const struct sim *s, const struct options *o)
{
    cJSON *line = json_new_object();
    for (uint8_t i = 0; i < s->cabinet.layout.buses; i++) {
        const char *name = s->cabinet.layout.bus[i].name;
        if (s->bus[i].tcp != NULL) {
            json_put_int(line, name, tcp_port(s->bus[i].tcp));
        } else {
            json_put_text(line, name, pty_path(s->bus[i].pty));
        }
    }
    json_put_text(line, "control", o->control);
    char *text = json_print(line);
    (void)printf("%s\n", text);
    (void)fflush(stdout);
    free(text);
    cJSON_Delete(line);
}

static enum err start_loop(struct sim *s, struct reason *r)
{
    sigset_t stop;
    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, SIGINT);
    (void)sigaddset(&stop, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &stop, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        return err_because(r, ERR_IO, "signals: %s", strerror(errno));
    }
    int rc = sd_event_default(&s->loop);
    if (rc >= 0) {
        rc = sd_event_add_signal(s->loop, NULL, SIGINT, NULL, NULL);
    }
    if (rc >= 0) {
        rc = sd_event_add_signal(s->loop, NULL, SIGTERM, NULL, NULL);
    }
    if (rc >= 0) {
        rc = sd_event_add_time(s->loop, &s->timer, CLOCK_MONOTONIC, 0, 1, on_timer, s);
    }
    return rc < 0 ? err_because(r, ERR_IO, "event loop: %s", strerror(-rc)) : ERR_OK;
}

static enum err start_control(struct sim *s, const struct options *o, struct reason *r)
{
    bool input = o->control != NULL && strcmp(o->control, "-") == 0;
    const struct control_cfg cfg = {.cabinet = &s->cabinet,
                                    .socket = input ? NULL : o->control,
                                    .script = o->script,
                                    .standard_input = input,
                                    .start_us = clock_mono_us(),
                                    .loop = s->loop,
                                    .fn = on_wake,
                                    .arg = s};
    return control_open(&s->control, &cfg, r);
}

static enum err start_cabinet(struct sim *s, const struct options *o, struct reason *r)
{
    struct layout layout;
    enum err e = layout_read(&layout, o->config, r);
    if (e != ERR_OK) {
        return e;
    }
    for (uint8_t i = 0; i < layout.buses && o->baud > 0; i++) {
        layout.bus[i].baud = o->baud;
    }
    cabinet_init(&s->cabinet, &layout, o->seed);
    if (o->trace != NULL) {
        s->trace = fopen(o->trace, "we");
        if (s->trace == NULL) {
            return err_because(r, ERR_IO, "%s: %s", o->trace, strerror(errno));
        }
        (void)setvbuf(s->trace, NULL, _IOLBF, 0);
    }
    return ERR_OK;
}

static void sim_free(struct sim *s)
{
    control_free(s->control);
    for (size_t i = 0; i < LAYOUT_BUSES_MAX; i++) {
        pty_free(s->bus[i].pty);
        tcp_free(s->bus[i].tcp);
    }
    if (s->trace != NULL) {
        (void)fclose(s->trace);
    }
    sd_event_source_unref(s->timer);
    sd_event_unref(s->loop);
    free(s);
}

static enum err run(const struct options *o, struct reason *r)
{
    struct sim *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return err_because(r, ERR_MEMORY, "cabinet");
    }
    enum err e = start_cabinet(s, o, r);
    if (e == ERR_OK) {
        e = start_loop(s, r);
    }
    if (e == ERR_OK) {
        e = start_buses(s, o, r);
    }
    if (e == ERR_OK) {
        e = start_control(s, o, r);
    }
    if (e == ERR_OK) {
        announce(s, o);
        int rc = sd_event_loop(s->loop);
        e = rc < 0 ? err_because(r, ERR_IO, "event loop: %s", strerror(-rc)) : ERR_OK;
    }
    sim_free(s);
    return e;
}

/* ---------------------------------------------------------------- options */

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"control", required_argument, NULL, 'C'},
    {"seed", required_argument, NULL, 's'},
    {"baud", required_argument, NULL, 'b'},
    {"link", required_argument, NULL, 'l'},
    {"port", required_argument, NULL, 'p'},
    {"script", required_argument, NULL, 'S'},
    {"trace", required_argument, NULL, 't'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static void usage(void)
{
    (void)fputs("usage: lockersim --config FILE [--control PATH|-] [--script FILE] [--seed N] [--baud N]\n"
                "                 [--link PATH] [--port N] [--trace FILE]\n"
                "A locker cabinet in software that speaks Modbus RTU and TCP. See lockersim(1).\n",
                stdout);
}

static bool read_number(const char *name, const char *text, int64_t min, int64_t max, int64_t *out)
{
    if (num_parse(text, min, max, out) == ERR_OK) {
        return true;
    }
    (void)fprintf(stderr, "lockersim: --%s: a number from %" PRId64 " to %" PRId64 " is expected, not \"%s\"\n", name,
                  min, max, text);
    return false;
}

static bool read_baud(const char *text, int64_t *out)
{
    if (!read_number("baud", text, 1200, 115200, out)) {
        return false;
    }
    if (layout_baud_is_known((uint32_t)*out)) {
        return true;
    }
    (void)fprintf(stderr, "lockersim: --baud: %s is no speed of a serial line\n", text);
    return false;
}

/* -1: go on; otherwise the exit code. */
static int read_options(int argc, char **argv, struct options *o)
{
    int64_t seed = 1, baud = 0, port = 0;
    bool good = true;
    for (int c; good && (c = option_next("lockersim", argc, argv, ":h", long_options)) >= 0;) {
        switch (c) {
        case 'c':
            o->config = optarg;
            break;
        case 'C':
            o->control = optarg;
            break;
        case 's':
            good = read_number("seed", optarg, 0, INT64_MAX, &seed);
            break;
        case 'b':
            good = read_baud(optarg, &baud);
            break;
        case 'l':
            o->link = optarg;
            break;
        case 'p':
            good = read_number("port", optarg, 0, 65535, &port);
            break;
        case 'S':
            o->script = optarg;
            break;
        case 't':
            o->trace = optarg;
            break;
        case 'h':
            usage();
            return EXIT_SUCCESS;
        case 'V':
            (void)puts("lockersim " MEDLOCKER_VERSION);
            return EXIT_SUCCESS;
        default:
            good = false;
            break;
        }
    }
    o->seed = (uint64_t)seed;
    o->baud = (uint32_t)baud;
    o->port = (uint16_t)port;
    if (!good) {
        return OPTION_EXIT;
    }
    if (optind < argc) {
        return option_refuse_argument("lockersim", argv[optind]);
    }
    return o->config == NULL ? option_refuse("lockersim", "--config is needed") : -1;
}

int main(int argc, char **argv)
{
    struct options o = {.config = NULL};
    struct reason r = {.text = ""};
    int code = read_options(argc, argv, &o);
    if (code >= 0) {
        return code;
    }
    if (run(&o, &r) != ERR_OK) {
        log_error("lockersim", "%s", r.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
