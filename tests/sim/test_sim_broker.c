/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/mqtt.h"
#include "tests/sim/broker.h"
#include "tests/sim/os.h"
#include "tests/sim/process.h"

#define SECOND INT64_C(1000000)
#define HUB "backend"
#define LOCKER "00000000000000a1"
#define OTHER "00000000000000b2"
#define UP(id) "mdl/v1/" id "/up/evt"
#define DOWN(id) "mdl/v1/" id "/dn/cmd"

/* Three daemons that only keep what they hear. */
struct client {
    const char *id, *topic;
    struct machine machine;
    struct process *p;
    sd_event *loop;
    struct mqtt *mqtt;
    unsigned ups, downs, messages, acks, retained;
    uint16_t window;
    char heard[400];
    bool die_at_message;
};

static struct rec {
    struct world *w;
    struct broker *b;
    struct client hub, locker, other;
} rec;

static struct client *mine(void)
{
    struct process *p = process_current();
    return p == rec.hub.p ? &rec.hub : p == rec.locker.p ? &rec.locker : &rec.other;
}

static void on_up(void *arg)
{
    ((struct client *)arg)->ups++;
}

static void on_down(void *arg)
{
    ((struct client *)arg)->downs++;
}

static void on_message(void *arg, const char *topic, const void *payload, size_t len, bool retained)
{
    struct client *c = arg;
    size_t used = strlen(c->heard);
    (void)topic;
    assert_ptr_equal(c, mine());
    c->messages++;
    c->retained += retained;
    (void)snprintf(c->heard + used, sizeof c->heard - used, "%.*s ", (int)len, (const char *)payload);
    if (c->die_at_message) {
        process_crash(c->p, "test");
    }
}

static void on_published(void *arg, int mid)
{
    (void)mid;
    ((struct client *)arg)->acks++;
}

static int client_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct client *c = mine();
    struct reason r;
    const char *const topics[] = {c->topic, NULL};
    struct mqtt_cfg cfg = {.host = "localhost",
                           .port = 8883,
                           .client_id = c->id,
                           .keepalive_s = 30,
                           .reconnect_max_ms = 4000,
                           .receive_maximum = c->window,
                           .subscribe = topics};
    struct mqtt_callbacks cb = {
        .up = on_up, .down = on_down, .message = on_message, .published = on_published, .arg = c};
    (void)os_sd_event_default(&c->loop);
    assert_int_equal(mqtt_open(&c->mqtt, &cfg, &cb, c->loop, &r), ERR_OK);
    (void)os_sd_event_loop(c->loop);
    mqtt_free(c->mqtt);
    c->mqtt = NULL;
    (void)os_sd_event_unref(c->loop);
    return 0;
}

static void join(struct client *c, const char *id, const char *topic)
{
    c->id = id;
    c->topic = topic;
    c->window = 16;
    c->machine = (struct machine){.name = id, .ntp = true};
    struct process_cfg cfg = {
        .name = id, .machine = &c->machine, .main = client_main, .arg = {"client"}, .restart_us = SECOND};
    c->p = process_new(rec.w, &cfg);
    process_start(c->p);
}

static void run(int64_t span_us)
{
    assert_int_equal(world_run(rec.w, world_now_us(rec.w) + span_us), WORLD_RUNNING);
}

static void begin(void)
{
    memset(&rec, 0, sizeof rec);
    rec.w = world_new(7);
    rec.b = broker_new(rec.w);
    broker_faults(rec.b)->latency_us = 1000;
    join(&rec.hub, HUB, "mdl/v1/+/up/#");
    join(&rec.locker, LOCKER, DOWN(LOCKER));
    join(&rec.other, OTHER, DOWN(OTHER));
    run(SECOND);
}

static void end(void)
{
    process_free(rec.hub.p);
    process_free(rec.locker.p);
    process_free(rec.other.p);
    broker_free(rec.b);
    world_free(rec.w);
}

static enum err say(struct client *c, const char *topic, const char *text)
{
    return mqtt_publish(c->mqtt, topic, text, strlen(text), NULL);
}

static void a_message_reaches_those_who_may_read_it(void **state)
{
    (void)state;
    begin();
    assert_int_equal(rec.hub.ups + rec.locker.ups + rec.other.ups, 3);
    assert_int_equal(say(&rec.locker, UP(LOCKER), "one"), ERR_OK);
    assert_int_equal(say(&rec.locker, UP(LOCKER), "two"), ERR_OK);
    assert_int_equal(say(&rec.hub, DOWN(LOCKER), "do"), ERR_OK);
    run(SECOND);
    assert_string_equal(rec.hub.heard, "one two ");
    assert_string_equal(rec.locker.heard, "do ");
    assert_string_equal(rec.other.heard, "");
    assert_int_equal(rec.locker.acks, 2);
    assert_int_equal(broker_seen(rec.b), 3);
    end();
}

static void a_locker_cannot_write_where_it_has_no_right(void **state)
{
    (void)state;
    begin();
    assert_int_equal(say(&rec.other, UP(LOCKER), "lie"), ERR_OK);
    assert_int_equal(say(&rec.other, DOWN(LOCKER), "lie"), ERR_OK);
    run(SECOND);
    assert_int_equal(rec.other.acks, 2); /* and is told nothing of it */
    assert_string_equal(rec.hub.heard, "");
    assert_string_equal(rec.locker.heard, "");
    end();
}

static void the_receive_window_is_kept_and_everything_comes_in_order(void **state)
{
    (void)state;
    begin();
    char expected[400] = "";
    for (int i = 0; i < 60; i++) {
        char text[8];
        (void)snprintf(text, sizeof text, "%d", i);
        assert_int_equal(say(&rec.hub, DOWN(LOCKER), text), ERR_OK);
        (void)snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%d ", i);
    }
    run(SECOND);
    assert_string_equal(rec.locker.heard, expected);
    end();
}

static void a_cut_link_holds_back_and_then_ends_the_connection(void **state)
{
    (void)state;
    begin();
    broker_partition(rec.b, LOCKER, true);
    assert_int_equal(say(&rec.locker, UP(LOCKER), "a"), ERR_OK);
    run(10 * SECOND);
    assert_string_equal(rec.hub.heard, "");
    broker_partition(rec.b, LOCKER, false);
    run(SECOND);
    assert_string_equal(rec.hub.heard, "a ");
    broker_partition(rec.b, NULL, true);
    run(44 * SECOND);
    assert_int_equal(rec.locker.downs, 0);
    run(2 * SECOND);
    assert_int_equal(rec.locker.downs, 1);
    assert_int_equal(rec.hub.downs, 1);
    assert_int_equal(say(&rec.locker, UP(LOCKER), "b"), ERR_STATE);
    broker_partition(rec.b, NULL, false);
    run(20 * SECOND);
    assert_int_equal(rec.locker.ups, 2);
    assert_true(broker_has(rec.b, LOCKER));
    end();
}

static void a_restart_and_a_take_over_end_connections_that_come_back(void **state)
{
    (void)state;
    begin();
    broker_restart(rec.b, true, 3 * SECOND);
    run(2 * SECOND);
    assert_int_equal(rec.hub.downs, 1);
    run(20 * SECOND);
    assert_int_equal(rec.hub.ups, 2);
    broker_take_over(rec.b, LOCKER);
    run(20 * SECOND);
    assert_int_equal(rec.locker.downs, 2);
    assert_int_equal(rec.locker.ups, 3);
    assert_int_equal(say(&rec.hub, DOWN(LOCKER), "still"), ERR_OK);
    run(SECOND);
    assert_string_equal(rec.locker.heard, "still ");
    end();
}

static void a_crash_loses_what_was_handed_over_but_not_looked_at(void **state)
{
    (void)state;
    begin();
    rec.locker.die_at_message = true;
    assert_int_equal(say(&rec.hub, DOWN(LOCKER), "x"), ERR_OK);
    assert_int_equal(say(&rec.hub, DOWN(LOCKER), "y"), ERR_OK);
    run(SECOND / 2);
    assert_false(broker_has(rec.b, LOCKER));
    rec.locker.die_at_message = false;
    run(10 * SECOND);
    assert_string_equal(rec.locker.heard, "x ");
    assert_int_equal(rec.locker.ups, 2);
    end();
}

static void every_kind_of_lie_is_told_and_counted(void **state)
{
    (void)state;
    static const char *const names[] = {"net-drop",   "net-duplicate", "net-reorder",        "net-delay",
                                        "net-retain", "net-replay",    "net-cross-delivery", "net-forgery"};
    for (unsigned k = 0; k < 8; k++) {
        begin();
        struct broker_faults *f = broker_faults(rec.b);
        uint32_t *const ppm[] = {&f->drop_ppm,   &f->double_ppm, &f->reorder_ppm, &f->delay_ppm,
                                 &f->retain_ppm, &f->replay_ppm, &f->cross_ppm,   &f->forge_ppm};
        const char *name = NULL;
        uint64_t n = 0;
        *ppm[k] = 1000000;
        f->delay_max_us = 5 * SECOND;
        for (int i = 0; i < 10; i++) {
            assert_int_equal(say(&rec.hub, DOWN(LOCKER), "abc.def.ghi"), ERR_OK);
        }
        run(10 * SECOND);
        assert_true(world_counted(rec.w, 0, &name, &n));
        assert_string_equal(name, names[k]);
        assert_int_equal(n, 10);
        unsigned heard = k == 0 ? 0 : k == 1 || k == 5 || k == 7 ? 20 : 10;
        assert_int_equal(rec.locker.messages, heard);
        assert_int_equal(rec.locker.retained, k == 4 ? 10 : 0);
        assert_int_equal(rec.other.messages, k == 6 ? 10 : 0);
        broker_heal(rec.b);
        end();
    }
}

static void old_messages_are_still_known(void **state)
{
    (void)state;
    begin();
    const char *topic, *text;
    size_t len;
    for (unsigned i = 0; i < 30000; i++) {
        assert_int_equal(say(&rec.locker, UP(LOCKER), "x"), ERR_OK);
        run(1100);
    }
    run(SECOND);
    assert_int_equal(broker_seen(rec.b), 30000);
    assert_true(broker_message(rec.b, 29999, &topic, &text, &len));
    unsigned old = 0;
    for (uint64_t n = 0; n < 10000; n++) {
        old += broker_message(rec.b, n, &topic, &text, &len) ? 1 : 0;
    }
    assert_int_equal(old, 2000);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_reaches_those_who_may_read_it),
        cmocka_unit_test(a_locker_cannot_write_where_it_has_no_right),
        cmocka_unit_test(the_receive_window_is_kept_and_everything_comes_in_order),
        cmocka_unit_test(a_cut_link_holds_back_and_then_ends_the_connection),
        cmocka_unit_test(a_restart_and_a_take_over_end_connections_that_come_back),
        cmocka_unit_test(a_crash_loses_what_was_handed_over_but_not_looked_at),
        cmocka_unit_test(every_kind_of_lie_is_told_and_counted),
        cmocka_unit_test(old_messages_are_still_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
