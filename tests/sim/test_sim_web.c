/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/http.h"
#include "tests/sim/os.h"
#include "tests/sim/web.h"

#define SECOND INT64_C(1000000)

static struct rec {
    struct world *w;
    struct machine machine;
    struct process *p;
    sd_event *loop;
    struct http *http;
    sd_event_source *timer;
    uint64_t ticket;
    const char *method, *target, *body;
    const char *const *headers;
    struct web_answer answer;
    int64_t took_us;
} rec;

static void on_echo(void *arg, struct http_request *q)
{
    char text[400];
    size_t len = 0;
    const char *body = http_body(q, &len);
    const char *name = http_query(q, "name"), *cookie = http_cookie(q, "session"), *kind = http_header(q, "x-kind");
    assert_ptr_equal(arg, &rec);
    assert_ptr_equal(process_current(), rec.p);
    int n = snprintf(text, sizeof text, "%s|%s|%s|%s|%.*s", http_segment(q, 0), name != NULL ? name : "-",
                     cookie != NULL ? cookie : "-", kind != NULL ? kind : "-", (int)len, body);
    http_answer(q, 200, "text/plain", text, (size_t)n,
                (const char *const[]){"Set-Cookie: session=abc; HttpOnly; Path=/", NULL});
}

static int on_timer(sd_event_source *s, uint64_t us, void *arg)
{
    (void)s;
    (void)us;
    (void)arg;
    http_resume(rec.http, rec.ticket, 201, "text/plain", "late", 4, NULL);
    return 0;
}

static void on_slow(void *arg, struct http_request *q)
{
    (void)arg;
    rec.ticket = http_defer(q);
    (void)os_sd_event_add_time_relative(rec.loop, &rec.timer, CLOCK_MONOTONIC, SECOND, 1, on_timer, NULL);
}

static void on_crash(void *arg, struct http_request *q)
{
    (void)arg;
    process_crash(rec.p, "test");
    http_answer(q, 200, "text/plain", "no", 2, NULL);
}

static const struct http_route routes[] = {
    {"POST", "/echo/*", on_echo}, {"GET", "/slow", on_slow}, {"GET", "/crash", on_crash}};

static int server_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct http_cfg cfg = {.address = "127.0.0.1", .max_body = 20, .routes = routes, .route_count = 3, .arg = &rec};
    struct reason r;
    (void)os_sd_event_default(&rec.loop);
    assert_int_equal(http_open(&rec.http, &cfg, rec.loop, &r), ERR_OK);
    (void)os_sd_event_loop(rec.loop);
    http_free(rec.http);
    (void)os_sd_event_source_disable_unref(rec.timer);
    rec.timer = NULL;
    (void)os_sd_event_unref(rec.loop);
    return 0;
}

static void asker(void *arg)
{
    (void)arg;
    int64_t began_us = world_now_us(rec.w);
    web_ask(rec.p, rec.method, rec.target, rec.headers, rec.body, 5 * SECOND, &rec.answer);
    rec.took_us = world_now_us(rec.w) - began_us;
}

static void begin(void)
{
    memset(&rec, 0, sizeof rec);
    rec.w = world_new(1);
    rec.machine = (struct machine){.name = "server", .ntp = true};
    struct process_cfg cfg = {.name = "server", .machine = &rec.machine, .main = server_main, .arg = {"server"}};
    rec.p = process_new(rec.w, &cfg);
    process_start(rec.p);
    (void)world_run(rec.w, SECOND);
}

static void end(void)
{
    web_answer_free(&rec.answer);
    process_free(rec.p);
    world_free(rec.w);
}

static void ask(const char *method, const char *target, const char *const *headers, const char *body)
{
    web_answer_free(&rec.answer);
    rec.method = method;
    rec.target = target;
    rec.headers = headers;
    rec.body = body;
    struct fiber *f = fiber_new(rec.w, "asker", asker, NULL, 0);
    (void)world_run(rec.w, world_now_us(rec.w) + 10 * SECOND);
    assert_true(fiber_is_done(f));
    fiber_free(f);
}

static void a_handler_sees_what_was_asked(void **state)
{
    (void)state;
    begin();
    ask("POST", "/echo/A3?x=1&name=a%20b+c", (const char *const[]){"Cookie: other=1; session=s1", "X-Kind: k", NULL},
        "body");
    assert_int_equal(rec.answer.status, 200);
    assert_string_equal(rec.answer.body, "A3|a b c|s1|k|body");
    assert_string_equal(rec.answer.cookie, "session=abc");
    assert_true(web_port(rec.p) != 0);
    end();
}

static void what_the_real_server_refuses_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target, *header, *body;
        unsigned status;
    } cases[] = {{"GET", "/nowhere", NULL, NULL, 404},
                 {"GET", "/echo/A3", NULL, NULL, 405},
                 {"POST", "/echo/A%33", NULL, NULL, 400},
                 {"POST", "/echo/../x", NULL, NULL, 400},
                 {"POST", "/echo/A3?n=%00", NULL, NULL, 400},
                 {"POST", "/echo/a,b", NULL, NULL, 404},
                 {"POST", "/echo/A3", NULL, "more than twenty bytes", 413},
                 {"POST", "/echo/A3", "Transfer-Encoding: chunked", NULL, 400},
                 {"POST", "/echo/A3", "Content-Length: 1x", NULL, 400}};
    begin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ask(cases[i].method, cases[i].target, (const char *const[]){cases[i].header, NULL}, cases[i].body);
        assert_int_equal(rec.answer.status, cases[i].status);
    }
    end();
}

static void a_deferred_answer_comes_later(void **state)
{
    (void)state;
    begin();
    ask("GET", "/slow", NULL, NULL);
    assert_int_equal(rec.answer.status, 201);
    assert_string_equal(rec.answer.body, "late");
    assert_in_range(rec.took_us, SECOND, SECOND + 10000);
    end();
}

static void a_server_that_dies_answers_nothing(void **state)
{
    (void)state;
    begin();
    ask("GET", "/crash", NULL, NULL);
    assert_int_equal(rec.answer.status, 0);
    ask("GET", "/slow", NULL, NULL);
    assert_int_equal(rec.answer.status, 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handler_sees_what_was_asked),
        cmocka_unit_test(what_the_real_server_refuses_is_refused),
        cmocka_unit_test(a_deferred_answer_comes_later),
        cmocka_unit_test(a_server_that_dies_answers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
