/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lockerd: the daemon on the board of a locker. This file puts the parts together: it starts them in the order of the
 * table below, runs the loop, and stops them in reverse.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "common/db.h"
#include "common/file.h"
#include "common/http.h"
#include "common/log.h"
#include "common/mqtt.h"
#include "common/option.h"
#include "common/version.h"
#include "common/work.h"
#include "controller/act.h"
#include "controller/boot.h"
#include "controller/config.h"
#include "controller/control.h"
#include "controller/identity.h"
#include "controller/input.h"
#include "controller/kiosk/kiosk.h"
#include "controller/link.h"
#include "controller/locker.h"
#include "controller/seal.h"
#include "controller/store.h"
#include "controller/watchdog.h"
#include "controller/wiring.h"
#include "hw/hw.h"

#define DEFAULT_CONFIG "/etc/medlocker/lockerd.conf"
#define STORE_MAX_BYTES (256LL * 1024 * 1024)
#define KEEPALIVE_S 20
#define RECONNECT_MAX_MS 30000    /* a hub that is back hears from us within a minute */
#define FAREWELL_US (1500 * 1000) /* how long the screen says "out of service" before the process ends */
#define EXIT_CONFIG 2

struct lockerd {
    struct config config;
    struct identity id;
    sd_event *loop;
    struct seal seal;
    struct store *store;
    struct locker *locker;
    struct act *act;
    struct work *work;
    struct kiosk *kiosk;
    struct hw *hw;
    struct lamps *lamps; /* NULL: none */
    struct link *link;
    struct mqtt *mqtt;
    struct input *input;
    struct control *control;
    struct watchdog *watchdog;
    sd_event_source *farewell;
};

/* ---------------------------------------------------------------- what the parts tell each other */

static void on_screen(void *arg)
{
    struct lockerd *d = arg;
    const struct screen *s = act_screen(d->act);
    if (d->kiosk != NULL) {
        kiosk_show(d->kiosk, s);
    }
    if (d->lamps != NULL) {
        bool on = screen_leads_to_door(s);
        lamps_show(d->lamps, on ? s->row : 0, on ? s->column : 0);
    }
}

static void on_sound(void *arg, enum screen_sound sound)
{
    struct lockerd *d = arg;
    if (d->kiosk != NULL) {
        kiosk_sound(d->kiosk, sound);
    }
}

static void on_committed(void *arg)
{
    struct lockerd *d = arg;
    if (d->link != NULL) {
        link_wake(d->link);
    }
}

static void on_say(void *arg, const struct remote_word *w)
{
    struct lockerd *d = arg;
    if (d->link != NULL) {
        link_say(d->link, w);
    }
}

static int on_farewell(sd_event_source *s, uint64_t usec, void *arg)
{
    (void)s;
    (void)usec;
    struct lockerd *d = arg;
    return sd_event_exit(d->loop, EXIT_FAILURE);
}

static void on_fatal(void *arg, const struct reason *why)
{
    struct lockerd *d = arg;
    (void)sd_notifyf(0, "STATUS=out of service: %s", why->text);
    if (sd_event_add_time_relative(d->loop, &d->farewell, CLOCK_MONOTONIC, FAREWELL_US, 0, on_farewell, d) < 0) {
        (void)sd_event_exit(d->loop, EXIT_FAILURE);
    }
}

static void on_key(void *arg, enum event_key key)
{
    act_key(((struct lockerd *)arg)->act, key);
}

static void on_scan(void *arg, const char *text)
{
    act_scan(((struct lockerd *)arg)->act, text);
}

static bool transport_is_up(void *arg)
{
    struct lockerd *d = arg;
    return d->mqtt != NULL && mqtt_is_up(d->mqtt);
}

static enum err transport_publish(void *arg, const char *topic, const char *text, size_t len)
{
    return mqtt_publish(((struct lockerd *)arg)->mqtt, topic, text, len, NULL);
}

static void on_mqtt_up(void *arg)
{
    link_on_up(((struct lockerd *)arg)->link);
}

static void on_mqtt_down(void *arg)
{
    (void)arg; /* the link asks before it sends, and starts again when it is up */
}

static void on_mqtt_message(void *arg, const char *topic, const void *payload, size_t len, bool retained)
{
    link_on_message(((struct lockerd *)arg)->link, topic, payload, len, retained);
}

static void on_mqtt_published(void *arg, int mid)
{
    (void)arg; /* proves nothing */
    (void)mid;
}

/* ---------------------------------------------------------------- starting and stopping the parts */

static enum err start_loop(struct lockerd *d, struct reason *r)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    (void)signal(SIGPIPE, SIG_IGN);
    int rc = sigprocmask(SIG_BLOCK, &signals, NULL) < 0 ? -errno : sd_event_new(&d->loop);
    if (rc >= 0) {
        rc = sd_event_add_signal(d->loop, NULL, SIGTERM, NULL, NULL); /* without a handler: ends the loop with 0 */
    }
    if (rc >= 0) {
        rc = sd_event_add_signal(d->loop, NULL, SIGINT, NULL, NULL);
    }
    return rc >= 0 ? ERR_OK : err_because(r, ERR_IO, "event loop: %s", strerror(-rc));
}

static void stop_loop(struct lockerd *d)
{
    sd_event_source_disable_unref(d->farewell);
    sd_event_unref(d->loop);
}

static enum err start_identity(struct lockerd *d, struct reason *r)
{
    enum err e = identity_load(&d->id, d->config.state, r);
    if (e == ERR_OK) {
        d->seal.id = &d->id;
        log_info("lockerd", "locker %s \"%s\", epoch %" PRIu32, d->id.terms.id, d->id.terms.name, d->id.terms.epoch);
    }
    return e;
}

static void stop_identity(struct lockerd *d)
{
    identity_wipe(&d->id);
}

static void fill_cabinet(const struct lockerd *d, struct cabinet *cab)
{
    config_to_cabinet(&d->config, cab);
    memcpy(cab->id, d->id.terms.locker, sizeof cab->id);
    cab->key = d->id.key;
    cab->issued_ms = d->id.terms.issued_ms;
    (void)snprintf(cab->version, sizeof cab->version, "%s", MEDLOCKER_VERSION);
    cab->restarted = boot_is_same(d->config.state);
    cab->schema = STORE_SCHEMA;
}

/* Opens the store and a locker as it was left. */
static enum err load_locker(struct lockerd *d, const char *path, bool doors_unknown, const struct cabinet *cab,
                            struct reason *r)
{
    struct store_cfg cfg = {.path = path,
                            .epoch = d->id.terms.epoch,
                            .max_bytes = STORE_MAX_BYTES,
                            .doors_unknown = doors_unknown,
                            .seal = seal_numbered,
                            .seal_arg = &d->seal};
    enum err e = store_open(&d->store, &cfg, r);
    if (e != ERR_OK) {
        return e;
    }
    struct clock_now now = {.boot = store_boot(d->store),
                            .boot_ms = clock_boot_ms(),
                            .wall_ms = clock_wall_ms(),
                            .quality = clock_system_quality()};
    memset(d->locker, 0, sizeof *d->locker);
    locker_init(d->locker, cab, &now);
    e = store_load(d->store, d->locker, r);
    if (e != ERR_OK) {
        store_close(d->store);
        d->store = NULL;
    }
    return e;
}

/* A damaged database is put aside, never deleted; then nobody knows what is behind the doors. */
static enum err load_or_start_over(struct lockerd *d, const struct cabinet *cab, struct reason *r)
{
    char path[FILE_PATH_CAP];
    enum err e = file_path(path, d->config.state, STORE_FILE, r);
    if (e == ERR_OK) {
        e = load_locker(d, path, false, cab, r);
    }
    if (e != ERR_CORRUPT) {
        return e;
    }
    log_error("lockerd", "the database is damaged (%s): it is put aside, every compartment must be inspected", r->text);
    e = db_move_aside(path, clock_wall_ms() / 1000, r);
    return e == ERR_OK ? load_locker(d, path, true, cab, r) : e;
}

static enum err start_store(struct lockerd *d, struct reason *r)
{
    struct cabinet *cab = calloc(1, sizeof *cab);
    d->locker = calloc(1, sizeof *d->locker);
    if (cab == NULL || d->locker == NULL) {
        free(cab);
        return err_because(r, ERR_MEMORY, "no memory");
    }
    fill_cabinet(d, cab);
    enum err e = wiring_read(&d->config.hw, cab, r);
    if (e == ERR_OK) {
        e = load_or_start_over(d, cab, r);
    }
    sodium_memzero(cab, sizeof *cab);
    free(cab);
    return e;
}

static void stop_store(struct lockerd *d)
{
    store_close(d->store);
    if (d->locker != NULL) {
        sodium_memzero(d->locker, sizeof *d->locker);
    }
    free(d->locker);
}

static enum err start_act(struct lockerd *d, struct reason *r)
{
    struct act_cfg cfg = {.locker = d->locker, .store = d->store, .id = &d->id, .state_dir = d->config.state};
    struct act_callbacks cb = {on_screen, on_sound, on_committed, on_fatal, on_say, d};
    return act_open(&d->act, &cfg, &cb, d->loop, r);
}

static void stop_act(struct lockerd *d)
{
    act_free(d->act);
}

static enum err start_work(struct lockerd *d, struct reason *r)
{
    enum err e = work_open(&d->work, d->loop, r);
    if (e == ERR_OK) {
        act_set_work(d->act, d->work);
    }
    return e;
}

static void stop_work(struct lockerd *d)
{
    work_free(d->work);
    if (d->act != NULL) {
        act_set_work(d->act, NULL);
    }
}

static enum err start_kiosk(struct lockerd *d, struct reason *r)
{
    const struct config *c = &d->config;
    struct kiosk_cfg cfg = {.share = c->share,
                            .speech = c->speech,
                            .address = c->kiosk_address,
                            .port = c->kiosk_port,
                            .telephone = c->telephone,
                            .site = c->site[0] != '\0' ? c->site : d->id.terms.name,
                            .cabinet = &d->locker->cabinet};
    struct kiosk_callbacks cb = {on_key, on_scan, d};
    return kiosk_open(&d->kiosk, &cfg, &cb, d->loop, r);
}

static void stop_kiosk(struct lockerd *d)
{
    struct kiosk *k = d->kiosk;
    d->kiosk = NULL;
    kiosk_free(k);
}

static enum err start_hw(struct lockerd *d, struct reason *r)
{
    enum err e = hw_open(&d->hw, &d->config.hw, d->loop, act_on_hw, d->act, r);
    if (e == ERR_OK) {
        act_set_hw(d->act, d->hw);
    }
    return e;
}

static enum err start_lamps(struct lockerd *d, struct reason *r)
{
    return d->config.lamps == 0 ? ERR_OK : lamps_open(&d->lamps, d->config.lamp, d->config.lamps, r);
}

static void stop_lamps(struct lockerd *d)
{
    struct lamps *l = d->lamps;
    d->lamps = NULL;
    lamps_free(l);
}

static void stop_hw(struct lockerd *d)
{
    if (d->act != NULL) {
        act_set_hw(d->act, NULL);
    }
    hw_free(d->hw);
}

static enum err start_link(struct lockerd *d, struct reason *r)
{
    struct link_cfg cfg = {.id = &d->id,
                           .seal = &d->seal,
                           .store = d->store,
                           .act = d->act,
                           .locker = d->locker,
                           .window = d->config.window,
                           .heartbeat_s = d->config.heartbeat_s};
    struct link_transport transport = {transport_is_up, transport_publish, d};
    enum err e = link_open(&d->link, &cfg, d->loop, r);
    if (e == ERR_OK) {
        link_set_transport(d->link, &transport);
    }
    return e;
}

static void stop_link(struct lockerd *d)
{
    struct link *l = d->link;
    d->link = NULL;
    link_free(l);
}

static enum err start_mqtt(struct lockerd *d, struct reason *r)
{
    char ca[FILE_PATH_CAP], cert[FILE_PATH_CAP], key[FILE_PATH_CAP], commands[64], acks[64], calls[64];
    enum err e = file_path(ca, d->config.state, IDENTITY_CA, r);
    if (e == ERR_OK) {
        e = file_path(cert, d->config.state, IDENTITY_TLS_CERT, r);
    }
    if (e == ERR_OK) {
        e = file_path(key, d->config.state, IDENTITY_TLS_KEY, r);
    }
    if (e != ERR_OK) {
        return e;
    }
    msg_topic(commands, d->id.terms.id, MSG_DOWN, MSG_CMD);
    msg_topic(acks, d->id.terms.id, MSG_DOWN, MSG_ACK);
    msg_topic(calls, d->id.terms.id, MSG_DOWN, MSG_RPC);
    const char *const topics[] = {commands, acks, calls, NULL};
    struct mqtt_cfg cfg = {.host = d->id.terms.broker_host,
                           .port = d->id.terms.broker_port,
                           .client_id = d->id.terms.id,
                           .cafile = ca,
                           .certfile = cert,
                           .keyfile = key,
                           .keepalive_s = KEEPALIVE_S,
                           .reconnect_max_ms = RECONNECT_MAX_MS,
                           .receive_maximum = 16,
                           .subscribe = topics};
    struct mqtt_callbacks cb = {on_mqtt_up, on_mqtt_down, on_mqtt_message, on_mqtt_published, d};
    return mqtt_open(&d->mqtt, &cfg, &cb, d->loop, r);
}

static void stop_mqtt(struct lockerd *d)
{
    struct mqtt *m = d->mqtt;
    d->mqtt = NULL;
    mqtt_free(m);
}

static enum err start_input(struct lockerd *d, struct reason *r)
{
    struct input_cfg cfg = {.keypad = d->config.keypad, .scanner = d->config.scanner};
    struct input_callbacks cb = {on_key, on_scan, d};
    return input_open(&d->input, &cfg, &cb, d->loop, r);
}

static void stop_input(struct lockerd *d)
{
    input_free(d->input);
}

static enum err start_control(struct lockerd *d, struct reason *r)
{
    const struct config *c = &d->config;
    struct control_cfg cfg = {.path = c->control,
                              .site = c->site[0] != '\0' ? c->site : d->id.terms.name,
                              .id = &d->id,
                              .locker = d->locker,
                              .store = d->store,
                              .act = d->act,
                              .link = d->link};
    return control_open(&d->control, &cfg, d->loop, r);
}

static void stop_control(struct lockerd *d)
{
    control_free(d->control);
}

static enum err start_watchdog(struct lockerd *d, struct reason *r)
{
    return watchdog_open(&d->watchdog, d->act, d->hw, d->config.hw.buses, d->loop, r);
}

static void stop_watchdog(struct lockerd *d)
{
    watchdog_free(d->watchdog);
}

static const struct part {
    const char *name;
    enum err (*start)(struct lockerd *d, struct reason *r);
    void (*stop)(struct lockerd *d);
} parts[] = {
    {"loop", start_loop, stop_loop},
    {"identity", start_identity, stop_identity},
    {"store", start_store, stop_store},
    {"act", start_act, stop_act},
    {"work", start_work, stop_work},
    {"kiosk", start_kiosk, stop_kiosk},
    {"hardware", start_hw, stop_hw},
    {"lamps", start_lamps, stop_lamps},
    {"link", start_link, stop_link},
    {"broker", start_mqtt, stop_mqtt},
    {"input", start_input, stop_input},
    {"control", start_control, stop_control},
    {"watchdog", start_watchdog, stop_watchdog},
};
#define PARTS (sizeof parts / sizeof parts[0])

/* ---------------------------------------------------------------- running */

static void log_libraries(void)
{
    char mqtt[48], http[48];
    mqtt_library(mqtt, sizeof mqtt);
    http_library(http, sizeof http);
    log_info("lockerd", "lockerd %s with %s, %s, SQLite %s, libsodium %s, cJSON %s", MEDLOCKER_VERSION, mqtt, http,
             sqlite3_libversion(), sodium_version_string(), cJSON_Version());
}

/* For whoever started us: where the page and the socket are. */
static void announce(const struct lockerd *d)
{
    bool v6 = strchr(d->config.kiosk_address, ':') != NULL;
    printf("{\"locker\":\"%s\",\"kiosk\":\"http://%s%s%s:%u\"}\n", d->id.terms.id, v6 ? "[" : "",
           d->config.kiosk_address, v6 ? "]" : "", (unsigned)kiosk_port(d->kiosk));
    (void)fflush(stdout);
    (void)sd_notify(0, "READY=1\nSTATUS=in service");
    log_notice("lockerd", "in service: %u doors, kiosk on port %u", (unsigned)d->config.hw.doors,
               (unsigned)kiosk_port(d->kiosk));
}

static int run(struct lockerd *d)
{
    struct reason r = {""};
    size_t started = 0;
    int code = EXIT_FAILURE;
    enum err e = ERR_OK;
    while (started < PARTS && e == ERR_OK) {
        e = parts[started].start(d, &r);
        started++; /* stop takes what start may have left half way */
    }
    if (e == ERR_OK) {
        act_start(d->act);
        on_screen(d);
        announce(d);
        code = sd_event_loop(d->loop);
        (void)sd_notify(0, "STOPPING=1");
        log_notice("lockerd", "ends with %d", code);
    } else {
        log_error("lockerd", "cannot start (%s): %s", parts[started - 1].name, r.text);
    }
    while (started > 0) {
        parts[--started].stop(d);
    }
    return code < 0 ? EXIT_FAILURE : code;
}

/* ---------------------------------------------------------------- command line */

static const char usage[] = "usage: lockerd [--config FILE] [--check]\n"
                            "\n"
                            "The daemon of one medicine locker. See lockerd(8) and lockerd.conf(5).\n"
                            "\n"
                            "  -c, --config FILE  configuration (" DEFAULT_CONFIG ")\n"
                            "  -n, --check        check the configuration, print what is in effect, and end\n"
                            "  -d, --debug        log more\n"
                            "  -h, --help         this text\n"
                            "  -V, --version      the version\n";

struct options {
    const char *config;
    bool check;
};

/* -1: go on; otherwise the exit code. */
static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option names[] = {{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'n'},
                                          {"debug", no_argument, NULL, 'd'},        {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0}};
    *o = (struct options){.config = DEFAULT_CONFIG};
    for (int c; (c = option_next("lockerd", argc, argv, ":c:ndhV", names)) != -1;) {
        switch (c) {
        case 'c':
            o->config = optarg;
            break;
        case 'n':
            o->check = true;
            break;
        case 'd':
            log_set_level(LOG_LEVEL_DEBUG);
            break;
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'V':
            puts("lockerd " MEDLOCKER_VERSION);
            return EXIT_SUCCESS;
        default:
            return OPTION_EXIT;
        }
    }
    return optind < argc ? option_refuse_argument("lockerd", argv[optind]) : -1;
}

int main(int argc, char **argv)
{
    struct options options;
    struct reason r;
    int code = parse_options(argc, argv, &options);
    if (code >= 0) {
        return code;
    }
    (void)umask(0077);
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* keys are in memory */
    if (sodium_init() < 0) {
        log_error("lockerd", "libsodium does not start");
        return EXIT_FAILURE;
    }
    struct lockerd *d = calloc(1, sizeof *d);
    if (d == NULL || config_load(options.config, &d->config, &r) != ERR_OK) {
        log_error("lockerd", "%s", d == NULL ? "no memory" : r.text);
        free(d);
        return EXIT_CONFIG;
    }
    if (options.check) {
        config_print(&d->config, stdout);
        code = EXIT_SUCCESS;
    } else {
        log_libraries();
        code = run(d);
    }
    free(d);
    return code;
}
