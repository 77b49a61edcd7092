/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_outbox: how events leave a locker. Store, act, link and mqtt put together as in lockerd, without hardware.
 *
 * drain: a filled outbox goes through a broker to a child that acknowledges with the hub's signature but checks and
 * stores nothing, so that only the locker is measured: rows read, published, and deleted durably once acknowledged. In
 * turns with the same texts published by libmosquitto alone from memory, with the same window of unanswered messages.
 * Plain TCP both.
 *
 * event: an enrolled locker whose lockerd does not run commits one event after the other, and waits for the real hub's
 * acknowledgement of each.
 *
 * bench_outbox drain FOLDER BROKER_PORT | event LOCKERD_CONF
 */
#include <mosquitto.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "common/mqtt.h"
#include "common/num.h"
#include "controller/config.h"
#include "controller/link.h"
#include "tests/bench/bench.h"

#define EVENTS 8000
#define ROWS_IN_COMMIT 100
#define RUNS 5
#define LONELY 200
#define WINDOW 64
#define HUB_COMMIT_US 500 /* what arrives within this is acknowledged together: less than a commit of the hub takes */
#define LOCKER "00000000000000b1"
#define UP_TOPIC "mdl/v1/" LOCKER "/up/evt"
#define MEMORY_TOPIC "memory/up/evt"

static const uint8_t locker_seed[32] = {1}, hub_seed[32] = {2};

static void must_mosquitto(int rc)
{
    if (rc != MOSQ_ERR_SUCCESS) {
        (void)fprintf(stderr, "bench_outbox: libmosquitto: %s\n", mosquitto_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

static void signer_from(const uint8_t seed[32], struct msg_signer *s, uint8_t pk[32])
{
    uint8_t secret[64];
    (void)crypto_sign_seed_keypair(pk, secret, seed);
    msg_signer_init(s, secret);
}

static struct mqtt *connect_mqtt(struct mqtt_cfg cfg, const struct mqtt_callbacks *cb, sd_event *loop)
{
    struct reason r;
    struct mqtt *m = NULL;
    cfg.keepalive_s = 30;
    cfg.reconnect_max_ms = 1000;
    cfg.receive_maximum = 1000;
    bench_must(mqtt_open(&m, &cfg, cb, loop, &r), &r);
    return m;
}

static void ignore_published(void *arg, int mid)
{
    (void)arg;
    (void)mid;
}

static void ignore(void *arg)
{
    (void)arg;
}

/* ---------------------------------------------------------------- the hub: a child process */

struct hub {
    struct mqtt *mqtt;
    struct msg_signer signer;
    sd_event_source *timer;
    bool due;
    int64_t events, acks;
};

static int acknowledge(sd_event_source *source, uint64_t usec, void *arg)
{
    (void)source;
    (void)usec;
    struct hub *h = arg;
    struct msg_head head = {.iss = "hub", .aud = LOCKER, .stm = MSG_ACK, .typ = "ack.v1", .epo = 1, .ack = h->events};
    char topic[64], *text = NULL;
    uint8_t id[16];
    struct reason r;
    cJSON *dat = json_new_object();
    randombytes_buf(id, sizeof id);
    num_to_hex(id, sizeof id, head.jti);
    head.seq = ((int64_t)1 << 32) + ++h->acks;
    head.iat_ms = clock_wall_ms();
    head.clk = (struct clock_now){.boot = 1, .boot_ms = clock_boot_ms(), .wall_ms = head.iat_ms};
    json_put_int(dat, "evt", h->events);
    h->due = false;
    bench_must(msg_seal(&head, MSG_DOWN, dat, &h->signer, &text, NULL, &r), &r);
    msg_topic(topic, LOCKER, MSG_DOWN, MSG_ACK);
    bench_must(mqtt_publish(h->mqtt, topic, text, strlen(text), NULL), &(struct reason){"the hub cannot acknowledge"});
    free(text);
    cJSON_Delete(dat);
    return 0;
}

static void hub_message(void *arg, const char *topic, const void *payload, size_t len, bool retained)
{
    (void)payload;
    (void)len;
    (void)retained;
    struct hub *h = arg;
    if (strcmp(topic, UP_TOPIC) != 0)
        return;
    h->events++;
    if (h->due)
        return;
    h->due = true;
    (void)sd_event_source_set_time_relative(h->timer, HUB_COMMIT_US);
    (void)sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
}

static _Noreturn void run_hub(uint16_t port)
{
    static const char *const topics[] = {UP_TOPIC, MEMORY_TOPIC, NULL};
    struct hub h = {.mqtt = NULL};
    uint8_t pk[32];
    sd_event *loop = NULL;
    signer_from(hub_seed, &h.signer, pk);
    if (sd_event_new(&loop) < 0 ||
        sd_event_add_time_relative(loop, &h.timer, CLOCK_MONOTONIC, 0, 1, acknowledge, &h) < 0 ||
        sd_event_source_set_enabled(h.timer, SD_EVENT_OFF) < 0)
        exit(EXIT_FAILURE);
    const struct mqtt_callbacks cb = {
        .up = ignore, .down = ignore, .message = hub_message, .published = ignore_published, .arg = &h};
    const struct mqtt_cfg cfg = {.host = "127.0.0.1", .port = port, .client_id = "hub", .subscribe = topics};
    h.mqtt = connect_mqtt(cfg, &cb, loop);
    exit(sd_event_loop(loop));
}

/* ---------------------------------------------------------------- the locker */

struct bench {
    sd_event *loop;
    struct config config;
    struct identity id;
    struct seal seal;
    struct locker locker;
    struct effects fx;
    struct store *store;
    struct act *act;
    struct link *link;
    struct mqtt *mqtt;
    char *text[EVENTS];
};

static bool locker_is_up(void *arg)
{
    const struct bench *b = arg;
    return mqtt_is_up(b->mqtt);
}

static enum err locker_publish(void *arg, const char *topic, const char *text, size_t len)
{
    const struct bench *b = arg;
    return mqtt_publish(b->mqtt, topic, text, len, NULL);
}

static void locker_message(void *arg, const char *topic, const void *payload, size_t len, bool retained)
{
    const struct bench *b = arg;
    link_on_message(b->link, topic, payload, len, retained);
}

static void ignore_sound(void *arg, enum screen_sound sound)
{
    (void)arg;
    (void)sound;
}

static void ignore_word(void *arg, const struct remote_word *w)
{
    (void)arg;
    (void)w;
}

static void ignore_fatal(void *arg, const struct reason *why)
{
    (void)arg;
    bench_must(ERR_STATE, why);
}

static void turn_loop(const struct bench *b)
{
    if (sd_event_run(b->loop, 1000000) < 0) {
        (void)fprintf(stderr, "bench_outbox: event loop\n");
        exit(EXIT_FAILURE);
    }
}

/* Needs b->id and b->locker.cabinet. */
static void open_locker(struct bench *b, const char *folder, struct mqtt_cfg mqtt)
{
    char path[FILE_PATH_CAP], topic[64];
    const char *const topics[] = {topic, NULL};
    struct reason r;
    struct clock_now now;
    b->seal.id = &b->id;
    bench_must(file_path(path, folder, STORE_FILE, &r), &r);
    const struct store_cfg sc = {.path = path, .epoch = b->id.terms.epoch, .seal = seal_numbered, .seal_arg = &b->seal};
    bench_must(store_open(&b->store, &sc, &r), &r);
    const struct act_cfg ac = {.locker = &b->locker, .store = b->store, .id = &b->id, .state_dir = folder};
    const struct act_callbacks none = {.screen = ignore,
                                       .sound = ignore_sound,
                                       .committed = ignore,
                                       .fatal = ignore_fatal,
                                       .say = ignore_word,
                                       .arg = b};
    bench_must(act_open(&b->act, &ac, &none, b->loop, &r), &r);
    act_now(b->act, &now);
    struct cabinet cabinet = b->locker.cabinet;
    locker_init(&b->locker, &cabinet, &now);
    const struct link_cfg lc = {.id = &b->id,
                                .seal = &b->seal,
                                .store = b->store,
                                .act = b->act,
                                .locker = &b->locker,
                                .window = WINDOW,
                                .heartbeat_s = 30};
    bench_must(link_open(&b->link, &lc, b->loop, &r), &r);
    const struct link_transport lt = {.is_up = locker_is_up, .publish = locker_publish, .arg = b};
    link_set_transport(b->link, &lt);
    (void)snprintf(topic, sizeof topic, "mdl/v1/%s/dn/ack", b->id.terms.id);
    mqtt.client_id = b->id.terms.id;
    mqtt.subscribe = topics;
    const struct mqtt_callbacks cb = {
        .up = ignore, .down = ignore, .message = locker_message, .published = ignore_published, .arg = b};
    b->mqtt = connect_mqtt(mqtt, &cb, b->loop);
    while (!mqtt_is_up(b->mqtt))
        turn_loop(b);
}

static void commit(struct bench *b, int rows)
{
    struct reason r;
    struct clock_now now;
    act_now(b->act, &now);
    effects_clear(&b->fx);
    for (int i = 0; i < rows; i++)
        (void)effects_record(&b->fx, RECORD_CLOSED, 0);
    bench_must(store_commit(b->store, &b->locker, &b->fx, NULL, &now, &r), &r);
}

static void fill(struct bench *b)
{
    for (int done = 0; done < EVENTS; done += ROWS_IN_COMMIT)
        commit(b, ROWS_IN_COMMIT);
}

static double drain(struct bench *b)
{
    int64_t start_us = clock_mono_us();
    link_on_up(b->link);
    while (store_outbox_rows(b->store) > 0 && clock_mono_us() - start_us < 60000000)
        turn_loop(b);
    if (store_outbox_rows(b->store) > 0) {
        (void)fprintf(stderr, "bench_outbox: %u events were never acknowledged\n", store_outbox_rows(b->store));
        exit(EXIT_FAILURE);
    }
    return EVENTS * 1e6 / (double)(clock_mono_us() - start_us);
}

/* ---------------------------------------------------------------- libmosquitto alone */

static void count_published(struct mosquitto *m, void *arg, int mid)
{
    (void)m;
    (void)mid;
    (*(int *)arg)++;
}

static double publish_from_memory(struct bench *b, uint16_t port)
{
    int published = 0, sent = 0;
    struct mosquitto *m = mosquitto_new("memory", true, &published);
    mosquitto_publish_callback_set(m, count_published);
    (void)mosquitto_int_option(m, MOSQ_OPT_SEND_MAXIMUM, WINDOW);
    (void)mosquitto_int_option(m, MOSQ_OPT_TCP_NODELAY, 1);
    must_mosquitto(mosquitto_connect(m, "127.0.0.1", port, 30));
    for (int i = 0; i < 10; i++)
        must_mosquitto(mosquitto_loop(m, 10, 1));
    int64_t start_us = clock_mono_us();
    while (published < EVENTS) {
        for (; sent < EVENTS && sent - published < WINDOW; sent++)
            must_mosquitto(
                mosquitto_publish(m, NULL, MEMORY_TOPIC, (int)strlen(b->text[sent]), b->text[sent], 1, false));
        must_mosquitto(mosquitto_loop(m, 1000, 1));
    }
    double rate = EVENTS * 1e6 / (double)(clock_mono_us() - start_us);
    (void)mosquitto_disconnect(m);
    mosquitto_destroy(m);
    return rate;
}

static void copy_texts(struct bench *b)
{
    struct reason r;
    struct store_row row;
    bool found = true;
    int64_t after = store_outbox_acked(b->store);
    for (int i = 0; i < EVENTS && found; i++) {
        bench_must(store_outbox_next(b->store, after, &row, &found, &r), &r);
        free(b->text[i]);
        b->text[i] = row.text;
        after = row.seq;
    }
}

/* ---------------------------------------------------------------- figures */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(double *values, size_t n, size_t share)
{
    qsort(values, n, sizeof *values, compare);
    return values[n * share / 100];
}

static void close_locker(struct bench *b)
{
    mqtt_free(b->mqtt);
    link_free(b->link);
    act_free(b->act);
    store_close(b->store);
    sd_event_unref(b->loop);
    identity_wipe(&b->id);
    for (int i = 0; i < EVENTS; i++)
        free(b->text[i]);
}

/* A locker that only the child knows. */
static void invent(struct bench *b)
{
    struct identity_terms *t = &b->id.terms;
    struct msg_signer hub;
    uint8_t pk[32];
    signer_from(locker_seed, &b->id.signer, pk);
    signer_from(hub_seed, &hub, pk);
    msg_key_init(&t->hub.key[0], pk);
    t->hub.count = 1;
    t->epoch = 1;
    (void)snprintf(t->id, sizeof t->id, "%s", LOCKER);
    b->locker.cabinet.doors = 1;
    (void)snprintf(b->locker.cabinet.door[0].name, sizeof b->locker.cabinet.door[0].name, "A1");
}

static void measure_drain(struct bench *b, const char *folder, uint16_t port)
{
    double durable[RUNS], memory[RUNS];
    const struct mqtt_cfg cfg = {.host = "127.0.0.1", .port = port};
    invent(b);
    open_locker(b, folder, cfg);
    for (int run = 0; run < RUNS; run++) {
        fill(b);
        copy_texts(b);
        memory[run] = publish_from_memory(b, port);
        durable[run] = drain(b);
    }
    (void)printf("drain %.0f events/s\ndrain_memory %.0f events/s\n", percentile(durable, RUNS, 50),
                 percentile(memory, RUNS, 50));
}

static void run_drain(struct bench *b, const char *folder, uint16_t port)
{
    pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        run_hub(port);
    }
    (void)mosquitto_lib_init();
    measure_drain(b, folder, port);
    (void)kill(child, SIGTERM);
    (void)waitpid(child, NULL, 0);
}

static void open_enrolled(struct bench *b, const char *conf)
{
    char ca[FILE_PATH_CAP], cert[FILE_PATH_CAP], key[FILE_PATH_CAP];
    struct reason r;
    bench_must(config_load(conf, &b->config, &r), &r);
    bench_must(identity_load(&b->id, b->config.state, &r), &r);
    bench_must(file_path(ca, b->config.state, IDENTITY_CA, &r), &r);
    bench_must(file_path(cert, b->config.state, IDENTITY_TLS_CERT, &r), &r);
    bench_must(file_path(key, b->config.state, IDENTITY_TLS_KEY, &r), &r);
    config_to_cabinet(&b->config, &b->locker.cabinet);
    const struct mqtt_cfg cfg = {.host = b->id.terms.broker_host,
                                 .port = b->id.terms.broker_port,
                                 .cafile = ca,
                                 .certfile = cert,
                                 .keyfile = key};
    open_locker(b, b->config.state, cfg);
}

static void await_acknowledgement(const struct bench *b)
{
    struct link_status status;
    do {
        turn_loop(b);
        link_status(b->link, &status);
    } while (status.acked < store_outbox_last(b->store));
}

static void run_event(struct bench *b, const char *conf)
{
    double ms[LONELY], commits[LONELY];
    open_enrolled(b, conf);
    commit(b, 1);
    link_on_up(b->link);
    await_acknowledgement(b);
    for (int i = 0; i < LONELY; i++) {
        int64_t start_us = clock_mono_us();
        commit(b, 1);
        commits[i] = (double)(clock_mono_us() - start_us) / 1000;
        link_wake(b->link);
        await_acknowledgement(b);
        ms[i] = (double)(clock_mono_us() - start_us) / 1000;
    }
    (void)printf("event_acked_p50 %.3f ms\nevent_acked_p99 %.3f ms\nevent_commit %.3f ms\n", percentile(ms, LONELY, 50),
                 percentile(ms, LONELY, 99), percentile(commits, LONELY, 50));
}

int main(int argc, char **argv)
{
    int64_t port = 0;
    struct bench *b = calloc(1, sizeof *b);
    bool is_drain = argc == 4 && strcmp(argv[1], "drain") == 0 && num_parse(argv[3], 1, 65535, &port) == ERR_OK;
    bool is_event = argc == 3 && strcmp(argv[1], "event") == 0;
    if (b == NULL || sodium_init() < 0 || sd_event_default(&b->loop) < 0 || (!is_drain && !is_event)) {
        (void)fprintf(stderr, "usage: bench_outbox drain FOLDER BROKER_PORT | event LOCKERD_CONF\n");
        return EXIT_FAILURE;
    }
    log_set_level(LOG_LEVEL_WARNING);
    if (is_drain)
        run_drain(b, argv[2], (uint16_t)port);
    else
        run_event(b, argv[2]);
    close_locker(b);
    free(b);
    return EXIT_SUCCESS;
}
