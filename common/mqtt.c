/* SPDX-License-Identifier: Apache-2.0 */
#include "common/mqtt.h"

#include <assert.h>
#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netdb.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/work.h"

#define PROBE_MS 5000      /* longest wait for the broker's TCP answer */
#define HANDSHAKE_MS 15000 /* from the TCP connection to the last SUBACK */
#define MISC_MS 1000
#define BACKOFF_FIRST_MS 1000u
#define SUBSCRIBE_MAX 8
#define TEXTS_MAX (7 + SUBSCRIBE_MAX)
#define TEXT_CAP 1024
#define SEND_MAXIMUM 1000 /* more than any window of ours: the library never has to queue */

/* The library's instance is made new for each connection, so that it never resends on its own. */
enum stage {
    STAGE_WAITING,    /* for the retry timer */
    STAGE_CONNECTING, /* lib belongs to the worker */
    STAGE_HANDSHAKE,  /* TLS, CONNECT, SUBSCRIBE under way */
    STAGE_UP
};

struct mqtt {
    struct mqtt_cfg cfg; /* strings are copies */
    char *subscribe[SUBSCRIBE_MAX];
    int subscribe_count;
    char text[TEXTS_MAX][TEXT_CAP]; /* the copies */
    int texts;
    struct mqtt_callbacks cb;
    sd_event *loop;
    struct work *work;
    struct mosquitto *lib;
    enum stage stage;
    int64_t stage_since_ms;
    unsigned attempt;
    int fd; /* a duplicate: the library closes its own at any time */
    sd_event_source *io, *misc, *retry;
    bool broken;         /* found where lose() may not be called */
    struct reason wrong; /* by the worker; empty: connected */
};

/* ---------------------------------------------------------------- on the worker */

static enum err wait_connected(int fd, struct reason *r)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int rc = poll(&p, 1, PROBE_MS);
    if (rc == 0) {
        return err_because(r, ERR_TIMEOUT, "no answer within %d ms", PROBE_MS);
    }
    int error = 0;
    socklen_t len = sizeof error;
    if (rc < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0) {
        error = errno;
    }
    return error == 0 ? ERR_OK : err_because(r, ERR_IO, "%s", strerror(error));
}

/* The library's own connect can block for two minutes when the network swallows packets; this one cannot. */
static enum err probe(const char *host, uint16_t port, struct reason *r)
{
    char service[8];
    (void)snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    int rc = getaddrinfo(host, service, &hints, &list);
    if (rc != 0) {
        return err_because(r, ERR_NOT_FOUND, "%s: %s", host, gai_strerror(rc));
    }
    enum err e = ERR_NOT_FOUND;
    for (const struct addrinfo *a = list; a != NULL && e != ERR_OK; a = a->ai_next) {
        int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
        if (fd < 0) {
            e = err_because(r, ERR_IO, "socket: %s", strerror(errno));
            continue;
        }
        if (connect(fd, a->ai_addr, a->ai_addrlen) < 0 && errno != EINPROGRESS) {
            e = err_because(r, ERR_IO, "%s", strerror(errno));
        } else {
            e = wait_connected(fd, r);
        }
        close(fd);
    }
    freeaddrinfo(list);
    return e == ERR_OK ? ERR_OK : err_prefix(r, e, "%s port %u", host, (unsigned)port);
}

static void on_connect(struct mosquitto *lib, void *arg, int code, int flags, const mosquitto_property *props);
static void on_subscribe(struct mosquitto *lib, void *arg, int mid, int count, const int *granted,
                         const mosquitto_property *props);
static void on_message(struct mosquitto *lib, void *arg, const struct mosquitto_message *message,
                       const mosquitto_property *props);
static void on_publish(struct mosquitto *lib, void *arg, int mid, int code, const mosquitto_property *props);

static int set_will(struct mqtt *m)
{
    const struct mqtt_cfg *cfg = &m->cfg;
    if (cfg->will_topic == NULL) {
        return MOSQ_ERR_SUCCESS;
    }
    return mosquitto_will_set_v5(m->lib, cfg->will_topic, (int)strlen(cfg->will_text), cfg->will_text, 1, false, NULL);
}

static int set_tls(struct mqtt *m)
{
    const struct mqtt_cfg *cfg = &m->cfg;
    if (cfg->cafile == NULL) {
        return MOSQ_ERR_SUCCESS;
    }
    int rc = mosquitto_tls_set(m->lib, cfg->cafile, NULL, cfg->certfile, cfg->keyfile, NULL);
    return rc != MOSQ_ERR_SUCCESS ? rc : mosquitto_tls_opts_set(m->lib, 1, "tlsv1.3", NULL);
}

static int make_instance(struct mqtt *m)
{
    m->lib = mosquitto_new(m->cfg.client_id, m->cfg.session_expiry_s == 0, m);
    if (m->lib == NULL) {
        return MOSQ_ERR_NOMEM;
    }
    mosquitto_connect_v5_callback_set(m->lib, on_connect);
    mosquitto_subscribe_v5_callback_set(m->lib, on_subscribe);
    mosquitto_message_v5_callback_set(m->lib, on_message);
    mosquitto_publish_v5_callback_set(m->lib, on_publish);
    int rc = mosquitto_int_option(m->lib, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    if (rc == MOSQ_ERR_SUCCESS) {
        rc = mosquitto_int_option(m->lib, MOSQ_OPT_RECEIVE_MAXIMUM, m->cfg.receive_maximum);
    }
    if (rc == MOSQ_ERR_SUCCESS) {
        rc = mosquitto_int_option(m->lib, MOSQ_OPT_SEND_MAXIMUM, SEND_MAXIMUM);
    }
    if (rc == MOSQ_ERR_SUCCESS) {
        rc = mosquitto_int_option(m->lib, MOSQ_OPT_TCP_NODELAY, 1);
    }
    if (rc == MOSQ_ERR_SUCCESS) {
        rc = set_will(m);
    }
    return rc == MOSQ_ERR_SUCCESS ? set_tls(m) : rc;
}

static int connect_instance(struct mqtt *m)
{
    mosquitto_property *props = NULL;
    int rc = MOSQ_ERR_SUCCESS;
    if (m->cfg.session_expiry_s > 0) {
        rc = mosquitto_property_add_int32(&props, MQTT_PROP_SESSION_EXPIRY_INTERVAL, m->cfg.session_expiry_s);
    }
    if (rc == MOSQ_ERR_SUCCESS) {
        rc = mosquitto_connect_bind_v5(m->lib, m->cfg.host, m->cfg.port, m->cfg.keepalive_s, NULL, props);
    }
    mosquitto_property_free_all(&props);
    return rc;
}

static void run_connect(void *arg)
{
    struct mqtt *m = arg;
    m->wrong.text[0] = '\0';
    if (probe(m->cfg.host, m->cfg.port, &m->wrong) != ERR_OK) {
        return;
    }
    int rc = make_instance(m);
    if (rc == MOSQ_ERR_SUCCESS) {
        rc = connect_instance(m);
    }
    if (rc != MOSQ_ERR_SUCCESS) {
        const char *text = rc == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(rc);
        (void)err_because(&m->wrong, ERR_IO, "%s port %u: %s", m->cfg.host, (unsigned)m->cfg.port, text);
    }
}

/* ---------------------------------------------------------------- on the loop */

static void enter(struct mqtt *m, enum stage stage)
{
    m->stage = stage;
    m->stage_since_ms = clock_boot_ms();
}

static void schedule(sd_event_source *timer, uint64_t delay_ms)
{
    (void)sd_event_source_set_time_relative(timer, delay_ms * 1000);
    (void)sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static void drop_instance(struct mqtt *m)
{
    (void)sd_event_source_set_enabled(m->misc, SD_EVENT_OFF);
    m->io = sd_event_source_disable_unref(m->io);
    if (m->lib != NULL) {
        mosquitto_destroy(m->lib);
        m->lib = NULL;
    }
    if (m->fd >= 0) {
        close(m->fd);
        m->fd = -1;
    }
    m->broken = false;
}

/* Full jitter: anything between nothing and the cap, so that a thousand lockers do not come back at once. */
static uint32_t next_delay_ms(struct mqtt *m)
{
    uint64_t cap = (uint64_t)BACKOFF_FIRST_MS << (m->attempt < 16 ? m->attempt : 16);
    if (cap > m->cfg.reconnect_max_ms) {
        cap = m->cfg.reconnect_max_ms;
    }
    m->attempt++;
    return 1 + randombytes_uniform((uint32_t)cap);
}

static void lose(struct mqtt *m, const char *why)
{
    bool was_up = m->stage == STAGE_UP;
    drop_instance(m);
    uint32_t delay_ms = next_delay_ms(m);
    enter(m, STAGE_WAITING);
    schedule(m->retry, delay_ms);
    log_write(was_up || m->attempt == 1 ? LOG_LEVEL_NOTICE : LOG_LEVEL_INFO, "mqtt",
              "no connection (%s), next try in %u ms", why, delay_ms);
    if (was_up) {
        m->cb.down(m->cb.arg);
    }
}

static void watch_writable(struct mqtt *m)
{
    uint32_t events = EPOLLIN | (mosquitto_want_write(m->lib) ? EPOLLOUT : 0u);
    (void)sd_event_source_set_io_events(m->io, events);
}

/* After any call into the library that may have failed. */
static void settle(struct mqtt *m, int rc)
{
    if (rc != MOSQ_ERR_SUCCESS) {
        lose(m, rc == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(rc));
    } else if (m->broken) {
        lose(m, "refused by the broker");
    } else {
        watch_writable(m);
    }
}

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
    (void)s;
    (void)fd;
    struct mqtt *m = arg;
    int rc = MOSQ_ERR_SUCCESS;
    if ((revents & EPOLLOUT) != 0) {
        rc = mosquitto_loop_write(m->lib, 1);
    }
    if (rc == MOSQ_ERR_SUCCESS && (revents & ~(uint32_t)EPOLLOUT) != 0) {
        rc = mosquitto_loop_read(m->lib, 1);
    }
    settle(m, rc);
    return 0;
}

static int on_misc(sd_event_source *s, uint64_t usec, void *arg)
{
    (void)usec;
    struct mqtt *m = arg;
    schedule(s, MISC_MS);
    if (m->stage == STAGE_HANDSHAKE && clock_boot_ms() - m->stage_since_ms > HANDSHAKE_MS) {
        lose(m, "the broker does not finish the handshake");
    } else {
        settle(m, mosquitto_loop_misc(m->lib));
    }
    return 0;
}

static void take_connection(void *arg)
{
    struct mqtt *m = arg;
    if (m->wrong.text[0] != '\0') {
        lose(m, m->wrong.text);
        return;
    }
    m->fd = dup(mosquitto_socket(m->lib));
    if (m->fd < 0 || sd_event_add_io(m->loop, &m->io, m->fd, EPOLLIN, on_io, m) < 0) {
        lose(m, "no descriptor for the connection");
        return;
    }
    (void)sd_event_source_set_description(m->io, "mqtt");
    enter(m, STAGE_HANDSHAKE);
    schedule(m->misc, MISC_MS);
    watch_writable(m);
}

static int on_retry(sd_event_source *s, uint64_t usec, void *arg)
{
    (void)usec;
    struct mqtt *m = arg;
    struct work_job job = {.run = run_connect, .done = take_connection, .arg = m};
    if (work_submit(m->work, &job) == ERR_OK) {
        enter(m, STAGE_CONNECTING);
    } else {
        schedule(s, BACKOFF_FIRST_MS);
    }
    return 0;
}

/* ---------------------------------------------------------------- called by the library */

static void come_up(struct mqtt *m)
{
    enter(m, STAGE_UP);
    m->attempt = 0;
    log_notice("mqtt", "connected to %s port %u", m->cfg.host, (unsigned)m->cfg.port);
    m->cb.up(m->cb.arg);
}

static void on_connect(struct mosquitto *lib, void *arg, int code, int flags, const mosquitto_property *props)
{
    (void)flags;
    (void)props;
    struct mqtt *m = arg;
    if (code != 0) {
        log_warning("mqtt", "the broker refused the connection: %s", mosquitto_reason_string(code));
        m->broken = true;
    } else if (m->subscribe_count == 0) {
        come_up(m);
    } else if (mosquitto_subscribe_multiple(lib, NULL, m->subscribe_count, m->subscribe, 1, 0, NULL) !=
               MOSQ_ERR_SUCCESS) {
        m->broken = true;
    }
}

static void on_subscribe(struct mosquitto *lib, void *arg, int mid, int count, const int *granted,
                         const mosquitto_property *props)
{
    (void)lib;
    (void)mid;
    (void)props;
    struct mqtt *m = arg;
    for (int i = 0; i < count; i++) {
        if (granted[i] >= 0x80) {
            log_warning("mqtt", "the broker refused subscription %d: %s", i + 1, mosquitto_reason_string(granted[i]));
            m->broken = true;
        }
    }
    if (!m->broken && m->stage == STAGE_HANDSHAKE) {
        come_up(m);
    }
}

static void on_message(struct mosquitto *lib, void *arg, const struct mosquitto_message *message,
                       const mosquitto_property *props)
{
    (void)lib;
    (void)props;
    struct mqtt *m = arg;
    m->cb.message(m->cb.arg, message->topic, message->payload, (size_t)message->payloadlen, message->retain);
}

static void on_publish(struct mosquitto *lib, void *arg, int mid, int code, const mosquitto_property *props)
{
    (void)lib;
    (void)props;
    struct mqtt *m = arg;
    if (code >= 0x80) {
        log_warning("mqtt", "the broker refused a message: %s", mosquitto_reason_string(code));
    }
    m->cb.published(m->cb.arg, mid);
}

/* ---------------------------------------------------------------- the public functions */

bool mqtt_is_up(const struct mqtt *m)
{
    return m->stage == STAGE_UP && !m->broken;
}

enum err mqtt_publish(struct mqtt *m, const char *topic, const char *text, size_t len, int *mid)
{
    if (!mqtt_is_up(m)) {
        return ERR_STATE;
    }
    if (len > INT32_MAX) {
        return ERR_TOO_LONG;
    }
    int id = 0;
    int rc = mosquitto_publish_v5(m->lib, &id, topic, (int)len, text, 1, false, NULL);
    if (rc == MOSQ_ERR_PAYLOAD_SIZE || rc == MOSQ_ERR_OVERSIZE_PACKET) {
        return ERR_TOO_LONG;
    }
    if (rc != MOSQ_ERR_SUCCESS) {
        m->broken = true; /* what the library may have queued goes with its instance */
        schedule(m->misc, 0);
        return rc == MOSQ_ERR_NO_CONN ? ERR_STATE : ERR_IO;
    }
    watch_writable(m);
    if (mid != NULL) {
        *mid = id;
    }
    return ERR_OK;
}

/* A copy that lives as long as m; NULL stays NULL. */
static char *own(struct mqtt *m, const char *text, bool *ok)
{
    if (text == NULL) {
        return NULL;
    }
    assert(m->texts < TEXTS_MAX);
    size_t n = strlen(text);
    if (n >= TEXT_CAP) {
        *ok = false;
        return NULL;
    }
    char *copy = m->text[m->texts++];
    memcpy(copy, text, n + 1);
    return copy;
}

static bool copy_cfg(struct mqtt *m, const struct mqtt_cfg *cfg)
{
    bool ok = true;
    m->cfg = *cfg;
    m->cfg.host = own(m, cfg->host, &ok);
    m->cfg.client_id = own(m, cfg->client_id, &ok);
    m->cfg.cafile = own(m, cfg->cafile, &ok);
    m->cfg.certfile = own(m, cfg->certfile, &ok);
    m->cfg.keyfile = own(m, cfg->keyfile, &ok);
    m->cfg.will_topic = own(m, cfg->will_topic, &ok);
    m->cfg.will_text = own(m, cfg->will_text, &ok);
    m->cfg.subscribe = NULL;
    for (int i = 0; cfg->subscribe != NULL && cfg->subscribe[i] != NULL; i++) {
        assert(i < SUBSCRIBE_MAX);
        m->subscribe[i] = own(m, cfg->subscribe[i], &ok);
        m->subscribe_count = i + 1;
    }
    return ok;
}

static enum err add_timer(struct mqtt *m, sd_event_source **out, sd_event_time_handler_t fn, struct reason *r)
{
    int rc = sd_event_add_time_relative(m->loop, out, CLOCK_BOOTTIME, 0, 1000, fn, m);
    if (rc < 0) {
        return err_because(r, ERR_IO, "mqtt: timer: %s", strerror(-rc));
    }
    (void)sd_event_source_set_enabled(*out, SD_EVENT_OFF);
    return ERR_OK;
}

enum err mqtt_open(struct mqtt **out, const struct mqtt_cfg *cfg, const struct mqtt_callbacks *cb, sd_event *loop,
                   struct reason *r)
{
    assert(cfg->keepalive_s >= 5 && cfg->receive_maximum >= 1 && cfg->reconnect_max_ms >= BACKOFF_FIRST_MS);
    assert(cb->up != NULL && cb->down != NULL && cb->message != NULL && cb->published != NULL);
    struct mqtt *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return err_because(r, ERR_MEMORY, "mqtt: no memory");
    }
    m->fd = -1;
    m->cb = *cb;
    m->loop = loop;
    enum err e = ERR_OK;
    if (mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
        free(m);
        return err_because(r, ERR_IO, "mqtt: libmosquitto does not start");
    }
    if (!copy_cfg(m, cfg)) {
        e = err_because(r, ERR_TOO_LONG, "mqtt: a text of the configuration is longer than %d bytes", TEXT_CAP - 1);
        goto fail_cfg;
    }
    e = work_open(&m->work, loop, r);
    if (e != ERR_OK) {
        goto fail_cfg;
    }
    e = add_timer(m, &m->misc, on_misc, r);
    if (e == ERR_OK) {
        e = add_timer(m, &m->retry, on_retry, r);
    }
    if (e != ERR_OK) {
        goto fail_timers;
    }
    schedule(m->retry, 0);
    *out = m;
    return ERR_OK;

fail_timers:
    sd_event_source_disable_unref(m->misc);
    work_free(m->work);
fail_cfg:
    mosquitto_lib_cleanup();
    free(m);
    return e;
}

void mqtt_free(struct mqtt *m)
{
    if (m == NULL) {
        return;
    }
    work_free(m->work);
    if (m->stage == STAGE_UP) {
        (void)mosquitto_disconnect_v5(m->lib, 0, NULL);
    }
    drop_instance(m);
    sd_event_source_disable_unref(m->misc);
    sd_event_source_disable_unref(m->retry);
    mosquitto_lib_cleanup();
    free(m);
}

void mqtt_library(char *out, size_t cap)
{
    int major, minor, revision;
    (void)mosquitto_lib_version(&major, &minor, &revision);
    (void)snprintf(out, cap, "libmosquitto %d.%d.%d", major, minor, revision);
}
