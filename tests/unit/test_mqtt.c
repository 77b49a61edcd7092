/* SPDX-License-Identifier: Apache-2.0 */
/* Against the real broker, started on loopback without TLS; skipped where mosquitto is not installed. */
#include "common/mqtt.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/log.h"
#include "tests/unit/free_port.h"

#define BROKER "/usr/sbin/mosquitto"
#define DEADLINE_MS 60000

struct fixture {
    sd_event *loop;
    char dir[32], conf[64];
    uint16_t port;
    pid_t broker;
    struct mqtt *mqtt;
    unsigned ups, downs, pubacks, messages;
    char last[256];
    bool retained;
    bool publish_when_up;
};

static void start_broker(struct fixture *f)
{
    f->broker = fork();
    assert_true(f->broker >= 0);
    if (f->broker == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL) {
            _exit(126);
        }
        (void)execl(BROKER, BROKER, "-c", f->conf, (char *)NULL);
        _exit(127);
    }
}

static void stop_broker(struct fixture *f, int sig)
{
    if (f->broker > 0) {
        kill(f->broker, sig);
        waitpid(f->broker, NULL, 0);
        f->broker = 0;
    }
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    (void)snprintf(f->dir, sizeof f->dir, "/tmp/test_mqtt.XXXXXX");
    if (mkdtemp(f->dir) == NULL || sd_event_new(&f->loop) < 0) {
        return -1;
    }
    f->port = free_port();
    (void)snprintf(f->conf, sizeof f->conf, "%s/mosquitto.conf", f->dir);
    FILE *conf = fopen(f->conf, "w");
    fprintf(conf, "listener %u 127.0.0.1\nallow_anonymous true\nlog_dest none\nuser root\nmax_packet_size 2000\n",
            (unsigned)f->port);
    fclose(conf);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    mqtt_free(f->mqtt);
    stop_broker(f, SIGKILL);
    unlink(f->conf);
    rmdir(f->dir);
    sd_event_unref(f->loop);
    free(f);
    return 0;
}

static void on_up(void *arg)
{
    struct fixture *f = arg;
    f->ups++;
    if (f->publish_when_up) {
        assert_int_equal(mqtt_publish(f->mqtt, "test/up", "at once", 7, NULL), ERR_OK);
    }
}

static void on_down(void *arg)
{
    struct fixture *f = arg;
    f->downs++;
    assert_int_equal(mqtt_publish(f->mqtt, "test/up", "x", 1, NULL), ERR_STATE);
}

static void on_message(void *arg, const char *topic, const void *payload, size_t len, bool retained)
{
    struct fixture *f = arg;
    f->messages++;
    f->retained = retained;
    (void)snprintf(f->last, sizeof f->last, "%s=%.*s", topic, (int)len, (const char *)payload);
}

static void on_published(void *arg, int mid)
{
    struct fixture *f = arg;
    assert_true(mid > 0);
    f->pubacks++;
}

static void open_client(struct fixture *f, uint32_t session_expiry_s)
{
    static const char *const topics[] = {"test/up", "test/other/#", NULL};
    struct mqtt_cfg cfg = {.host = "127.0.0.1",
                           .port = f->port,
                           .client_id = "t1",
                           .keepalive_s = 10,
                           .reconnect_max_ms = 1000,
                           .session_expiry_s = session_expiry_s,
                           .receive_maximum = 1,
                           .will_topic = "test/will",
                           .will_text = "gone",
                           .subscribe = topics};
    struct mqtt_callbacks cb = {on_up, on_down, on_message, on_published, f};
    struct reason r;
    assert_int_equal(mqtt_open(&f->mqtt, &cfg, &cb, f->loop, &r), ERR_OK);
}

static void need_broker(void)
{
    if (access(BROKER, X_OK) != 0) {
        skip();
    }
}

static void wait_for(struct fixture *f, const unsigned *count, unsigned wanted)
{
    int64_t end = clock_boot_ms() + DEADLINE_MS;
    while (*count < wanted) {
        assert_true(clock_boot_ms() < end);
        assert_true(sd_event_run(f->loop, 100 * 1000) >= 0);
    }
}

static void publishing_without_a_connection_is_refused_and_forgotten(void **state)
{
    struct fixture *f = *state;
    need_broker();
    open_client(f, 0);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(mqtt_publish(f->mqtt, "test/up", "x", 1, NULL), ERR_STATE);
    }
    assert_false(mqtt_is_up(f->mqtt));
    start_broker(f);
    wait_for(f, &f->ups, 1);
    assert_int_equal(mqtt_publish(f->mqtt, "test/up", "real", 4, NULL), ERR_OK);
    wait_for(f, &f->messages, 1);
    assert_string_equal(f->last, "test/up=real");
    wait_for(f, &f->pubacks, 1);
    assert_int_equal(f->messages, 1);
}

static void up_means_subscribed_and_publishing_from_up_works(void **state)
{
    struct fixture *f = *state;
    need_broker();
    start_broker(f);
    f->publish_when_up = true;
    open_client(f, 60);
    wait_for(f, &f->messages, 1);
    assert_string_equal(f->last, "test/up=at once");
    assert_false(f->retained);
    wait_for(f, &f->pubacks, 1);
}

static void hundred_messages_arrive_in_order_through_a_receive_maximum_of_one(void **state)
{
    struct fixture *f = *state;
    need_broker();
    start_broker(f);
    open_client(f, 60);
    wait_for(f, &f->ups, 1);
    for (unsigned i = 1; i <= 100; i++) {
        char text[16];
        int n = snprintf(text, sizeof text, "%u", i);
        assert_int_equal(mqtt_publish(f->mqtt, "test/other/a", text, (size_t)n, NULL), ERR_OK);
    }
    wait_for(f, &f->pubacks, 100);
    wait_for(f, &f->messages, 100);
    assert_string_equal(f->last, "test/other/a=100");
}

static void killed_broker_means_down_then_up_again_without_doubles(void **state)
{
    struct fixture *f = *state;
    need_broker();
    start_broker(f);
    open_client(f, 60);
    wait_for(f, &f->ups, 1);
    stop_broker(f, SIGKILL);
    wait_for(f, &f->downs, 1);
    assert_false(mqtt_is_up(f->mqtt));
    start_broker(f);
    wait_for(f, &f->ups, 2);
    assert_int_equal(f->messages, 0);
    assert_int_equal(mqtt_publish(f->mqtt, "test/up", "again", 5, NULL), ERR_OK);
    wait_for(f, &f->messages, 1);
    assert_int_equal(f->downs, 1);
}

static void unacknowledged_message_is_not_resent_by_the_library(void **state)
{
    struct fixture *f = *state;
    need_broker();
    start_broker(f);
    open_client(f, 60);
    wait_for(f, &f->ups, 1);
    kill(f->broker, SIGSTOP);
    assert_int_equal(mqtt_publish(f->mqtt, "test/up", "lost", 4, NULL), ERR_OK);
    stop_broker(f, SIGKILL);
    wait_for(f, &f->downs, 1);
    start_broker(f);
    wait_for(f, &f->ups, 2);
    assert_int_equal(mqtt_publish(f->mqtt, "test/up", "new", 3, NULL), ERR_OK);
    wait_for(f, &f->messages, 1);
    assert_string_equal(f->last, "test/up=new");
    assert_int_equal(f->messages, 1);
}

static void message_over_the_brokers_limit_is_too_long(void **state)
{
    struct fixture *f = *state;
    need_broker();
    start_broker(f);
    open_client(f, 0);
    wait_for(f, &f->ups, 1);
    static char text[3000];
    memset(text, 'a', sizeof text);
    assert_int_equal(mqtt_publish(f->mqtt, "test/up", text, sizeof text, NULL), ERR_TOO_LONG);
    assert_true(mqtt_is_up(f->mqtt));
}

static void free_while_connecting_returns(void **state)
{
    struct fixture *f = *state;
    open_client(f, 0);
    assert_true(sd_event_run(f->loop, 100 * 1000) >= 0);
    mqtt_free(f->mqtt);
    f->mqtt = NULL;
    mqtt_free(NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    log_set_level(LOG_LEVEL_WARNING);
    const struct CMUnitTest tests[] = {
        T(publishing_without_a_connection_is_refused_and_forgotten),
        T(up_means_subscribed_and_publishing_from_up_works),
        T(hundred_messages_arrive_in_order_through_a_receive_maximum_of_one),
        T(killed_broker_means_down_then_up_again_without_doubles),
        T(unacknowledged_message_is_not_resent_by_the_library),
        T(message_over_the_brokers_limit_is_too_long),
        T(free_while_connecting_returns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
