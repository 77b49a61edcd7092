/* SPDX-License-Identifier: Apache-2.0 */
/* hubd: the pharmacy's daemon. Reads its settings, opens its parts in order, runs the loop, closes them in reverse. */
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "backend/act.h"
#include "backend/api.h"
#include "backend/config.h"
#include "backend/control.h"
#include "backend/hub.h"
#include "backend/import.h"
#include "backend/link.h"
#include "backend/recode.h"
#include "common/log.h"
#include "common/num.h"
#include "common/option.h"
#include "common/version.h"

#define SECOND_US UINT64_C(1000000)
#define EXPIRE_US (60 * SECOND_US)
#define IDLE_US (5 * SECOND_US)

struct hubd {
    struct hub hub;
    struct link *link;
    struct api *api;
    struct control *control;
    sd_event_source *expire_timer, *idle_timer;
};

struct options {
    const char *config;
    int64_t port; /* -1: as configured */
    bool check;
};

static void usage(void)
{
    (void)fputs("usage: hubd [--config FILE] [--port N] [--check]\n"
                "  --config FILE  settings (default /etc/medlocker/hubd.conf)\n"
                "  --port N       of the pages, instead of the configured one; 0: any\n"
                "  --check        read the settings, print the effective values, end\n"
                "  --version, --help\n",
                stdout);
}

/* -1: go on; else the exit status. */
static int read_options(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {
        {"config", required_argument, NULL, 'c'}, {"port", required_argument, NULL, 'p'},
        {"check", no_argument, NULL, 'k'},        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int c;

    while ((c = option_next("hubd", argc, argv, ":", longs)) != -1) {
        switch (c) {
        case 'c':
            o->config = optarg;
            break;
        case 'p':
            if (num_parse(optarg, 0, 65535, &o->port) != ERR_OK)
                return option_refuse("hubd", "--port: a number of 0 to 65535");
            break;
        case 'k':
            o->check = true;
            break;
        case 'v':
            (void)puts("hubd " MEDLOCKER_VERSION);
            return 0;
        case 'h':
            usage();
            return 0;
        default:
            return OPTION_EXIT;
        }
    }
    return optind < argc ? option_refuse_argument("hubd", argv[optind]) : -1;
}

/* ---------------------------------------------------------------- what the loop does by itself */

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
    (void)arg;
    log_notice("hubd", "signal %u: ending", info->ssi_signo);
    return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int on_expire(sd_event_source *source, uint64_t usec, void *arg)
{
    struct hubd *d = arg;
    unsigned count = 0;
    struct reason r = {.text = ""};

    (void)usec;
    if (!d->hub.broken && recode_tidy(&d->hub, &r) != ERR_OK)
        log_warning("hubd", "codes for printing cannot be forgotten: %s", r.text);
    if (!d->hub.broken && import_tidy(&d->hub, &r) != ERR_OK)
        log_warning("hubd", "tables that were read long ago cannot be forgotten: %s", r.text);
    if (!d->hub.broken && act_expire_due(&d->hub, &count, &r) != ERR_OK)
        log_warning("hubd", "windows that are over: %s", r.text);
    if (count > 0)
        log_info("hubd", "%u windows are over", count);
    return sd_event_source_set_time_relative(source, EXPIRE_US);
}

static int on_idle(sd_event_source *source, uint64_t usec, void *arg)
{
    struct hubd *d = arg;
    struct reason r;

    (void)usec;
    if (!d->hub.broken && hub_judge(&d->hub, d->hub.store->ops->idle(d->hub.store, &r), &r) != ERR_OK)
        log_warning("hubd", "housekeeping: %s", r.text);
    return sd_event_source_set_time_relative(source, IDLE_US);
}

static void on_commands(void *arg)
{
    struct hubd *d = arg;

    if (d->link != NULL)
        link_kick(d->link);
}

static void on_lockers(void *arg)
{
    struct hubd *d = arg;

    if (d->link != NULL)
        link_reload(d->link);
}

/* ---------------------------------------------------------------- opening */

static enum err add_sources(struct hubd *d, struct reason *r)
{
    sd_event *loop = d->hub.loop;
    int rc = sd_event_add_signal(loop, NULL, SIGTERM, on_signal, d);

    if (rc >= 0)
        rc = sd_event_add_signal(loop, NULL, SIGINT, on_signal, d);
    if (rc >= 0)
        rc = sd_event_set_watchdog(loop, true);
    if (rc >= 0)
        rc = sd_event_add_time_relative(loop, &d->expire_timer, CLOCK_MONOTONIC, SECOND_US, SECOND_US, on_expire, d);
    if (rc >= 0)
        rc = sd_event_source_set_enabled(d->expire_timer, SD_EVENT_ON);
    if (rc >= 0)
        rc = sd_event_add_time_relative(loop, &d->idle_timer, CLOCK_MONOTONIC, IDLE_US, SECOND_US, on_idle, d);
    if (rc >= 0)
        rc = sd_event_source_set_enabled(d->idle_timer, SD_EVENT_ON);
    return rc < 0 ? err_because(r, ERR_IO, "event loop: %s", strerror(-rc)) : ERR_OK;
}

static enum err open_parts(struct hubd *d, const struct config *cfg, struct reason *r)
{
    sd_event *loop = d->hub.loop;
    enum err e = hub_open(&d->hub, cfg, r);

    d->hub.loop = loop;
    d->hub.commands_waiting = on_commands;
    d->hub.lockers_changed = on_lockers;
    d->hub.arg = d;
    if (e == ERR_OK)
        e = add_sources(d, r);
    if (e == ERR_OK)
        e = work_open(&d->hub.work, loop, r);
    if (e == ERR_OK)
        e = link_open(&d->link, &d->hub, NULL, r);
    if (e == ERR_OK)
        e = api_open(&d->api, &d->hub, d->link, r);
    if (e == ERR_OK)
        e = control_open(&d->control, &d->hub, r);
    if (e == ERR_OK && cfg->broker_port != 0)
        e = link_connect(d->link, r);
    return e;
}

static void close_parts(struct hubd *d)
{
    control_free(d->control);
    work_free(d->hub.work); /* nothing comes back after this */
    link_free(d->link);
    api_free(d->api);
    (void)sd_event_source_disable_unref(d->expire_timer);
    (void)sd_event_source_disable_unref(d->idle_timer);
    hub_close(&d->hub);
    (void)sd_event_unref(d->hub.loop);
}

static void say_ready(const struct hubd *d)
{
    const char *colon = strchr(d->hub.cfg.address, ':');

    (void)printf("{\"http\":\"http://%s%s%s:%u\"}\n", colon != NULL ? "[" : "", d->hub.cfg.address,
                 colon != NULL ? "]" : "", (unsigned)api_port(d->api));
    (void)fflush(stdout);
    (void)sd_notify(0, "READY=1");
    log_notice("hubd", "version %s, pages at %s port %u", MEDLOCKER_VERSION, d->hub.cfg.address,
               (unsigned)api_port(d->api));
}

static int run(const struct config *cfg)
{
    struct hubd d = {.link = NULL};
    struct reason r = {.text = ""};
    int status = EXIT_FAILURE;
    sigset_t mask;
    enum err e;

    (void)sigemptyset(&mask);
    (void)sigaddset(&mask, SIGTERM);
    (void)sigaddset(&mask, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &mask, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    if (sd_event_default(&d.hub.loop) < 0) {
        log_error("hubd", "no event loop");
        return EXIT_FAILURE;
    }
    e = open_parts(&d, cfg, &r);
    if (e == ERR_OK) {
        say_ready(&d);
        status = sd_event_loop(d.hub.loop);
        (void)sd_notify(0, "STOPPING=1");
    } else {
        log_error("hubd", "%s", r.text[0] != '\0' ? r.text : err_name(e));
    }
    close_parts(&d);
    return status < 0 ? EXIT_FAILURE : status;
}

int main(int argc, char **argv)
{
    static const struct rlimit no_core = {0, 0};
    struct options o = {.config = "/etc/medlocker/hubd.conf", .port = -1};
    struct config cfg;
    struct reason r;
    int status = read_options(argc, argv, &o);

    if (status >= 0)
        return status;
    if (sodium_init() < 0) {
        log_error("hubd", "libsodium does not start");
        return EXIT_FAILURE;
    }
    (void)setrlimit(RLIMIT_CORE, &no_core); /* a core dump would hold keys */
    if (config_load(o.config, &cfg, &r) != ERR_OK) {
        (void)fprintf(stderr, "hubd: %s\n", r.text);
        return OPTION_EXIT;
    }
    if (o.port >= 0)
        cfg.port = (uint16_t)o.port;
    if (o.check) {
        config_print(&cfg, stdout);
        return EXIT_SUCCESS;
    }
    return run(&cfg);
}
