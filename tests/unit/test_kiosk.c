/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/kiosk/kiosk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/json.h"

#define SHARE "controller/kiosk"

struct fixture {
    sd_event *loop;
    struct kiosk *kiosk;
    struct cabinet *cabinet;
    unsigned keys, scans;
    enum event_key key;
    char scan[600];
    char origin[64];
    char answer[65536];
};

static void on_key(void *arg, enum event_key key)
{
    struct fixture *f = arg;
    f->keys++;
    f->key = key;
}

static void on_scan(void *arg, const char *text)
{
    struct fixture *f = arg;
    f->scans++;
    (void)snprintf(f->scan, sizeof f->scan, "%s", text);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->cabinet = calloc(1, sizeof *f->cabinet);
    f->cabinet->doors = 1;
    f->cabinet->door[0] = (struct cabinet_door){.name = "A3", .row = 1, .column = 3};
    struct kiosk_cfg cfg = {
        .address = "127.0.0.1", .share = SHARE, .site = "Hal", .telephone = "0800 1234", .cabinet = f->cabinet};
    struct kiosk_callbacks cb = {on_key, on_scan, f};
    struct reason r = {""};
    if (sd_event_new(&f->loop) < 0 || kiosk_open(&f->kiosk, &cfg, &cb, f->loop, &r) != ERR_OK) {
        print_error("%s\n", r.text);
        return -1;
    }
    (void)snprintf(f->origin, sizeof f->origin, "http://127.0.0.1:%u", (unsigned)kiosk_port(f->kiosk));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    kiosk_free(f->kiosk);
    sd_event_unref(f->loop);
    free(f->cabinet);
    free(f);
    return 0;
}

static unsigned ask(struct fixture *f, const char *request)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(kiosk_port(f->kiosk)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t len = 0;
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    memset(f->answer, 0, sizeof f->answer);
    for (unsigned i = 0; i < 500; i++) {
        ssize_t n = recv(fd, f->answer + len, sizeof f->answer - 1 - len, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            break;
        }
        len += n > 0 ? (size_t)n : 0;
        assert_true(sd_event_run(f->loop, 20 * 1000) >= 0);
    }
    close(fd);
    assert_int_equal(strncmp(f->answer, "HTTP/1.1 ", 9), 0);
    return (unsigned)strtoul(f->answer + 9, NULL, 10);
}

/* GET with this Host (NULL: the right one). */
static unsigned get(struct fixture *f, const char *path, const char *host, const char *more)
{
    char request[512];
    (void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", path,
                   host != NULL ? host : f->origin + 7, more);
    return ask(f, request);
}

static unsigned post(struct fixture *f, const char *path, const char *origin, const char *type, const char *body)
{
    char request[2048], line[128] = "";
    if (origin != NULL) {
        (void)snprintf(line, sizeof line, "Origin: %s\r\n", origin);
    }
    (void)snprintf(
        request, sizeof request,
        "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%sContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
        path, f->origin + 7, line, type, strlen(body), body);
    return ask(f, request);
}

static unsigned post_json(struct fixture *f, const char *path, const char *body)
{
    return post(f, path, f->origin, "application/json", body);
}

static void page_script_style_and_catalogues_are_served(void **state)
{
    struct fixture *f = *state;
    static const char *const path[] = {"/", "/index.html", "/kiosk.mjs", "/kiosk.css", "/nl.json", "/en.json"};
    static const char *const type[] = {"text/html", "text/html",        "text/javascript",
                                       "text/css",  "application/json", "application/json"};
    for (size_t i = 0; i < 6; i++) {
        char line[64];
        assert_int_equal(get(f, path[i], NULL, ""), 200);
        (void)snprintf(line, sizeof line, "Content-Type: %s", type[i]);
        assert_non_null(strstr(f->answer, line));
        assert_non_null(strstr(f->answer, "default-src 'self'"));
    }
}

static void nothing_else_is_served(void **state)
{
    struct fixture *f = *state;
    static const char *const path[] = {"/kiosk.c", "/screen/", "/../etc/passwd", "/key", "/lockerd.conf"};
    for (size_t i = 0; i < sizeof path / sizeof path[0]; i++) {
        assert_true(get(f, path[i], NULL, "") >= 400);
    }
}

static void other_host_name_sees_nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(get(f, "/screen", "evil.example", ""), 403);
    assert_int_equal(get(f, "/", "127.0.0.1", ""), 403);
    assert_int_equal(get(f, "/screen", "127.0.0.1:1", ""), 403);
    assert_int_equal(get(f, "/screen", NULL, "Origin: http://evil.example\r\n"), 403);
    assert_int_equal(get(f, "/screen", NULL, "Origin: null\r\n"), 403);
}

static cJSON *screen_json(struct fixture *f)
{
    const struct json_limits limits = {.max_len = 65536, .max_depth = 4, .flags = JSON_STRICT};
    cJSON *tree = NULL;
    struct reason r;
    assert_int_equal(get(f, "/screen", NULL, ""), 200);
    const char *body = strstr(f->answer, "\r\n\r\n") + 4;
    assert_int_equal(json_parse(&tree, body, strlen(body), &limits, &r), ERR_OK);
    return tree;
}

static void screen_tells_what_the_page_needs(void **state)
{
    struct fixture *f = *state;
    const struct screen shown = {
        .id = SCREEN_OPEN, .door = "A3", .number = 3, .row = 1, .rows = 3, .column = 3, .columns = 8, .reference = 77};
    kiosk_show(f->kiosk, &shown);
    cJSON *tree = screen_json(f);
    const char *text;
    int64_t n;
    assert_int_equal(json_get_text(tree, "screen", 1, 40, &text, NULL), ERR_OK);
    assert_string_equal(text, "open");
    assert_int_equal(json_get_text(tree, "door", 1, 8, &text, NULL), ERR_OK);
    assert_string_equal(text, "A3");
    assert_int_equal(json_get_text(tree, "telephone", 1, 40, &text, NULL), ERR_OK);
    assert_string_equal(text, "0800 1234");
    assert_int_equal(json_get_int(tree, "reference", 77, 77, &n, NULL), ERR_OK);
    cJSON_Delete(tree);
}

static void unchanged_screen_is_304_and_a_changed_one_is_not(void **state)
{
    struct fixture *f = *state;
    char more[128];
    assert_int_equal(get(f, "/screen", NULL, ""), 200);
    const char *tag = strstr(f->answer, "ETag: ") + 6;
    (void)snprintf(more, sizeof more, "If-None-Match: %.*s\r\n", (int)strcspn(tag, "\r"), tag);
    assert_int_equal(get(f, "/screen", NULL, more), 304);
    struct screen s = {.id = SCREEN_START};
    kiosk_show(f->kiosk, &s);
    assert_int_equal(get(f, "/screen", NULL, more), 200);
    tag = strstr(f->answer, "ETag: ") + 6;
    (void)snprintf(more, sizeof more, "If-None-Match: %.*s\r\n", (int)strcspn(tag, "\r"), tag);
    kiosk_show(f->kiosk, &s);
    assert_int_equal(get(f, "/screen", NULL, more), 304);
    assert_int_equal(get(f, "/screen", NULL, "If-None-Match: \"x\"\r\n"), 200);
}

static void out_of_service_is_shown_until_there_is_a_screen(void **state)
{
    struct fixture *f = *state;
    cJSON *tree = screen_json(f);
    const char *text;
    assert_int_equal(json_get_text(tree, "screen", 1, 40, &text, NULL), ERR_OK);
    assert_string_equal(text, "out-of-service");
    cJSON_Delete(tree);
}

static void screen_has_exactly_the_members_of_the_page(void **state)
{
    static const char *const member[] = {"screen",    "notice", "language", "door",    "number",    "row",
                                         "rows",      "column", "columns",  "step",    "steps",     "entry_len",
                                         "entry_cap", "show",   "digits",   "seconds", "reference", "telephone",
                                         "site",      "sound",  "sounds",   "buzzer",  "doors",     NULL};
    static const char *const of_door[] = {"name", "row", "column", NULL};
    cJSON *tree = screen_json(*state);
    const cJSON *doors;
    struct reason r;
    assert_int_equal(json_only(tree, member, &r), ERR_OK);
    for (unsigned i = 0; member[i] != NULL; i++) {
        assert_non_null(cJSON_GetObjectItemCaseSensitive(tree, member[i]));
    }
    assert_int_equal(json_get_array(tree, "doors", &doors, &r), ERR_OK);
    assert_int_equal(cJSON_GetArraySize(doors), 1);
    assert_int_equal(json_only(cJSON_GetArrayItem(doors, 0), of_door, &r), ERR_OK);
    cJSON_Delete(tree);
}

static void sounds_are_counted_and_the_buzzer_is_a_state(void **state)
{
    struct fixture *f = *state;
    const char *text;
    bool buzzer = false;
    int64_t n;
    kiosk_sound(f->kiosk, SCREEN_SOUND_OPEN);
    kiosk_sound(f->kiosk, SCREEN_SOUND_BUZZER_ON);
    cJSON *tree = screen_json(f);
    assert_int_equal(json_get_text(tree, "sound", 1, 40, &text, NULL), ERR_OK);
    assert_string_equal(text, "open");
    assert_int_equal(json_get_int(tree, "sounds", 1, 1, &n, NULL), ERR_OK);
    assert_int_equal(json_get_bool(tree, "buzzer", &buzzer, NULL), ERR_OK);
    assert_true(buzzer);
    cJSON_Delete(tree);
    kiosk_sound(f->kiosk, SCREEN_SOUND_BUZZER_OFF);
    tree = screen_json(f);
    assert_int_equal(json_get_bool(tree, "buzzer", &buzzer, NULL), ERR_OK);
    assert_false(buzzer);
    cJSON_Delete(tree);
}

static void keys_and_scans_reach_the_locker(void **state)
{
    struct fixture *f = *state;
    static const char *const name[EVENT_KEY_N] = {"0", "1", "2",  "3",     "4",    "5",        "6",    "7",
                                                  "8", "9", "ok", "clear", "help", "language", "show", "repeat"};
    for (unsigned key = 0; key < EVENT_KEY_N; key++) {
        char body[40];
        (void)snprintf(body, sizeof body, "{\"key\":\"%s\"}", name[key]);
        assert_int_equal(post_json(f, "/key", body), 204);
        assert_int_equal(f->key, key);
    }
    assert_int_equal(f->keys, EVENT_KEY_N);
    assert_int_equal(post_json(f, "/scan", "{\"text\":\"4D4C31\"}"), 204);
    assert_string_equal(f->scan, "4D4C31");
    assert_int_equal(post(f, "/key", NULL, "application/json; charset=utf-8", "{\"key\":\"7\"}"), 204);
    assert_int_equal(f->key, EVENT_KEY_7);
}

static void post_from_elsewhere_does_nothing(void **state)
{
    struct fixture *f = *state;
    const char *body = "{\"key\":\"1\"}";
    assert_int_equal(post(f, "/key", "http://evil.example", "application/json", body), 403);
    assert_int_equal(post(f, "/key", "null", "application/json", body), 403);
    assert_int_equal(post(f, "/key", "https://127.0.0.1", "application/json", body), 403);
    assert_int_equal(post(f, "/scan", "http://127.0.0.1", "application/json", "{\"text\":\"1\"}"), 403);
    assert_int_equal(post(f, "/key", f->origin, "text/plain", body), 415);
    assert_int_equal(post(f, "/key", f->origin, "application/jsonx", body), 415);
    assert_int_equal(post(f, "/key", f->origin, "application/x-www-form-urlencoded", "key=1"), 415);
    assert_int_equal(f->keys + f->scans, 0);
}

static void malformed_posts_do_nothing(void **state)
{
    struct fixture *f = *state;
    static const char *const body[] = {"",
                                       "{}",
                                       "[]",
                                       "{\"key\":1}",
                                       "{\"key\":\"\"}",
                                       "{\"key\":\"10\"}",
                                       "{\"key\":\"OK\"}",
                                       "{\"key\":\"1\",\"key\":\"2\"}",
                                       "{\"key\":\"1\",\"more\":1}",
                                       "{\"key\":\"1\"} x",
                                       "{\"Key\":\"1\"}"};
    for (size_t i = 0; i < sizeof body / sizeof body[0]; i++) {
        assert_int_equal(post_json(f, "/key", body[i]), 400);
    }
    char text[900];
    int n = snprintf(text, sizeof text, "{\"text\":\"");
    memset(text + n, 'A', 512);
    (void)snprintf(text + n + 512, sizeof text - (size_t)n - 512, "\"}");
    assert_int_equal(post_json(f, "/scan", text), 400);
    assert_int_equal(f->keys + f->scans, 0);
}

static void missing_page_is_named_at_start(void **state)
{
    struct fixture *f = *state;
    struct kiosk_cfg cfg = {.address = "127.0.0.1", .share = "/nonexistent", .cabinet = f->cabinet};
    struct kiosk_callbacks cb = {on_key, on_scan, f};
    struct kiosk *k = NULL;
    struct reason r;
    assert_int_equal(kiosk_open(&k, &cfg, &cb, f->loop, &r), ERR_NOT_FOUND);
    assert_non_null(strstr(r.text, "/nonexistent/index.html"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(page_script_style_and_catalogues_are_served),
        T(nothing_else_is_served),
        T(other_host_name_sees_nothing),
        T(screen_tells_what_the_page_needs),
        T(unchanged_screen_is_304_and_a_changed_one_is_not),
        T(out_of_service_is_shown_until_there_is_a_screen),
        T(screen_has_exactly_the_members_of_the_page),
        T(sounds_are_counted_and_the_buzzer_is_a_state),
        T(keys_and_scans_reach_the_locker),
        T(post_from_elsewhere_does_nothing),
        T(malformed_posts_do_nothing),
        T(missing_page_is_named_at_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
