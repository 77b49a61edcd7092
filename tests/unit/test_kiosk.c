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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/json.h"

#define SHARE "controller/kiosk"
#define PAGES 10 /* more than may wait */

struct fixture {
    sd_event *loop;
    struct kiosk *kiosk;
    struct cabinet *cabinet;
    unsigned keys, scans;
    unsigned idle; /* times that the loop had nothing to do for 20 ms while an answer was awaited */
    enum event_key key;
    char scan[600];
    char origin[64];
    char answer[65536];
    char share[64]; /* with speech in Dutch; "" while it is not made */
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
        int turned = sd_event_run(f->loop, 20 * 1000);
        assert_true(turned >= 0);
        f->idle += turned == 0;
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
    static const struct {
        const char *path, *type;
    } rows[] = {{"/", "text/html"},
                {"/index.html", "text/html"},
                {"/kiosk.mjs", "text/javascript"},
                {"/speech.mjs", "text/javascript"},
                {"/picture.mjs", "text/javascript"},
                {"/player.mjs", "text/javascript"},
                {"/kiosk.css", "text/css"},
                {"/nl.json", "application/json"},
                {"/en.json", "application/json"},
                {"/tr.json", "application/json"},
                {"/ar.json", "application/json"},
                {"/pl.json", "application/json"},
                {"/uk.json", "application/json"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[64];
        assert_int_equal(get(f, rows[i].path, NULL, ""), 200);
        (void)snprintf(line, sizeof line, "Content-Type: %s", rows[i].type);
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
    static const char *const member[] = {
        "screen", "notice",    "language",  "door", "number", "row",     "rows",      "column",    "columns", "step",
        "steps",  "entry_len", "entry_cap", "show", "digits", "seconds", "reference", "telephone", "site",    "sound",
        "sounds", "buzzer",    "doors",     "more", "bag",    "bags",    "said",      "speech",    NULL};
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

static void asking_to_hear_it_again_is_counted_and_is_no_sound(void **state)
{
    struct fixture *f = *state;
    int64_t n;
    kiosk_sound(f->kiosk, SCREEN_SOUND_SAY);
    kiosk_sound(f->kiosk, SCREEN_SOUND_SAY);
    cJSON *tree = screen_json(f);
    assert_int_equal(json_get_int(tree, "said", 2, 2, &n, NULL), ERR_OK);
    assert_int_equal(json_get_int(tree, "sounds", 0, 0, &n, NULL), ERR_OK);
    cJSON_Delete(tree);
}

static void bags_and_the_end_of_the_time_are_told(void **state)
{
    struct fixture *f = *state;
    const struct screen shown = {.id = SCREEN_NEXT, .more = true, .bag = 2, .bags = 3};
    bool more = false;
    int64_t n;
    kiosk_show(f->kiosk, &shown);
    cJSON *tree = screen_json(f);
    assert_int_equal(json_get_bool(tree, "more", &more, NULL), ERR_OK);
    assert_true(more);
    assert_int_equal(json_get_int(tree, "bag", 2, 2, &n, NULL), ERR_OK);
    assert_int_equal(json_get_int(tree, "bags", 3, 3, &n, NULL), ERR_OK);
    cJSON_Delete(tree);
}

/* ---------------------------------------------------------------- waiting for a change */

static int send_to(struct fixture *f, const char *request)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(kiosk_port(f->kiosk)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    return fd;
}

/* Turns the loop until an answer came or it had nothing to do for this many ms in all: its status, or 0. Time in which
 * this program did not run is not counted. */
static unsigned answer_within(struct fixture *f, int fd, unsigned ms)
{
    for (unsigned idle_ms = 0;;) {
        ssize_t n = recv(fd, f->answer, sizeof f->answer - 1, MSG_DONTWAIT);
        if (n > 0) {
            f->answer[n] = '\0';
            return (unsigned)strtoul(f->answer + 9, NULL, 10);
        }
        if (idle_ms >= ms)
            return 0;
        int turned = sd_event_run(f->loop, 5 * 1000);
        assert_true(turned >= 0);
        idle_ms += turned == 0 ? 5 : 0;
    }
}

/* A page that waits for what follows the present screen. */
static int wait_for_news(struct fixture *f)
{
    char request[256], tag[64];
    assert_int_equal(get(f, "/screen", NULL, ""), 200);
    const char *at = strstr(f->answer, "ETag: \"") + 7;
    (void)snprintf(tag, sizeof tag, "%.*s", (int)strcspn(at, "\""), at);
    (void)snprintf(request, sizeof request, "GET /screen?after=%s HTTP/1.1\r\nHost: %s\r\n\r\n", tag, f->origin + 7);
    return send_to(f, request);
}

static void waiting_page_hears_of_a_change_at_once(void **state)
{
    struct fixture *f = *state;
    const struct screen s = {.id = SCREEN_HELP};
    int fd = wait_for_news(f);
    assert_int_equal(answer_within(f, fd, 100), 0);
    kiosk_show(f->kiosk, &s);
    assert_int_equal(answer_within(f, fd, 500), 200);
    assert_non_null(strstr(f->answer, "\"help\""));
    close(fd);
}

static void what_changes_together_is_told_together(void **state)
{
    struct fixture *f = *state;
    const struct screen s = {.id = SCREEN_HELP};
    int fd = wait_for_news(f);
    assert_int_equal(answer_within(f, fd, 50), 0);
    kiosk_sound(f->kiosk, SCREEN_SOUND_REFUSED);
    kiosk_show(f->kiosk, &s);
    assert_int_equal(answer_within(f, fd, 500), 200);
    assert_non_null(strstr(f->answer, "\"help\""));
    assert_non_null(strstr(f->answer, "\"refused\""));
    assert_int_equal(answer_within(f, fd, 50), 0);
    close(fd);
}

static void other_tag_does_not_wait(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(get(f, "/screen?after=00000000-1", NULL, ""), 200);
    assert_int_equal(get(f, "/screen?after=", NULL, ""), 200);
    assert_int_equal(get(f, "/screen?wait=1", NULL, ""), 200);
    assert_int_equal(get(f, "/screen?wait=1", NULL, "If-None-Match: \"\r\n"), 200);
}

static void header_with_wait_waits_as_well(void **state)
{
    struct fixture *f = *state;
    char request[256];
    assert_int_equal(get(f, "/screen", NULL, ""), 200);
    const char *tag = strstr(f->answer, "ETag: ") + 6;
    (void)snprintf(request, sizeof request, "GET /screen?wait=1 HTTP/1.1\r\nHost: %s\r\nIf-None-Match: %.*s\r\n\r\n",
                   f->origin + 7, (int)strcspn(tag, "\r"), tag);
    int fd = send_to(f, request);
    assert_int_equal(answer_within(f, fd, 50), 0);
    kiosk_sound(f->kiosk, SCREEN_SOUND_OK);
    assert_int_equal(answer_within(f, fd, 500), 200);
    close(fd);
}

static void pages_that_were_closed_are_no_burden(void **state)
{
    struct fixture *f = *state;
    int first = wait_for_news(f), fd[PAGES];
    assert_int_equal(answer_within(f, first, 50), 0);
    for (unsigned i = 0; i < PAGES; i++) {
        fd[i] = wait_for_news(f);
        assert_int_equal(answer_within(f, fd[i], 20), 0);
    }
    assert_int_equal(answer_within(f, first, 100), 304); /* its place was needed */
    close(first);
    for (unsigned i = 0; i + 1 < PAGES; i++) {
        close(fd[i]);
    }
    kiosk_sound(f->kiosk, SCREEN_SOUND_OK);
    assert_int_equal(answer_within(f, fd[PAGES - 1], 500), 200);
    close(fd[PAGES - 1]);
    assert_int_equal(get(f, "/screen", NULL, ""), 200);
}

static void key_is_taken_at_once_while_a_page_waits(void **state)
{
    struct fixture *f = *state;
    int fd = wait_for_news(f);
    assert_int_equal(answer_within(f, fd, 50), 0);
    for (unsigned i = 0; i < 20; i++) {
        f->idle = 0;
        assert_int_equal(post_json(f, "/key", "{\"key\":\"7\"}"), 204);
        assert_true(f->idle < 10); /* less than 200 ms; not the second at which a stalled server is woken */
    }
    close(fd);
}

static void nobody_waits_when_the_kiosk_ends(void **state)
{
    struct fixture *f = *state;
    int fd = wait_for_news(f);
    assert_int_equal(answer_within(f, fd, 50), 0);
    kiosk_free(f->kiosk);
    f->kiosk = NULL;
    close(fd);
}

/* ---------------------------------------------------------------- speech */

static void write_file(const struct fixture *f, const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", f->share, name);
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    assert_true(fputs(text, to) >= 0);
    assert_int_equal(fclose(to), 0);
}

static void make_folder(const struct fixture *f, const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", f->share, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void run_command(const char *what, const struct fixture *f, const char *of)
{
    char line[256];
    (void)snprintf(line, sizeof line, "%s %s/%s", what, f->share, of);
    assert_int_equal(system(line), 0); /* NOLINT(cert-env33-c): a folder of the test's own */
}

static enum err reopen(struct fixture *f, bool speech, struct reason *r)
{
    struct kiosk_cfg cfg = {.address = "127.0.0.1", .share = f->share, .speech = speech, .cabinet = f->cabinet};
    struct kiosk_callbacks cb = {on_key, on_scan, f};
    kiosk_free(f->kiosk);
    f->kiosk = NULL;
    enum err e = kiosk_open(&f->kiosk, &cfg, &cb, f->loop, r);
    if (e == ERR_OK) {
        (void)snprintf(f->origin, sizeof f->origin, "http://127.0.0.1:%u", (unsigned)kiosk_port(f->kiosk));
    }
    return e;
}

/* A copy of the page with two clips in Dutch; only one of them is in the list. */
static int set_up_speech(void **state)
{
    struct fixture *f;
    struct reason r = {""};
    if (set_up(state) != 0) {
        return -1;
    }
    f = *state;
    (void)snprintf(f->share, sizeof f->share, "/tmp/medlocker-kiosk-XXXXXX");
    assert_non_null(mkdtemp(f->share));
    run_command("cp " SHARE "/*.json " SHARE "/*.mjs " SHARE "/*.css " SHARE "/*.html", f, "");
    make_folder(f, "speech");
    make_folder(f, "speech/nl");
    write_file(f, "speech/nl.json", "{\"open.title-0\":\"Deur\",\"lost\":\"weg\",\"n.1\":\"1\"}");
    write_file(f, "speech/nl/open.title-0.opus", "OggS sound");
    write_file(f, "speech/nl/secret.opus", "not in the list");
    assert_int_equal(reopen(f, true, &r), ERR_OK);
    return 0;
}

static int tear_down_speech(void **state)
{
    run_command("rm -rf", *state, "");
    return tear_down(state);
}

static bool says_speech(struct fixture *f)
{
    bool speech = false;
    cJSON *tree = screen_json(f);
    assert_int_equal(json_get_bool(tree, "speech", &speech, NULL), ERR_OK);
    cJSON_Delete(tree);
    return speech;
}

static void clip_is_served_and_kept_by_the_browser(void **state)
{
    struct fixture *f = *state;
    char more[128];
    assert_int_equal(get(f, "/speech/nl/open.title-0.opus", NULL, ""), 200);
    assert_non_null(strstr(f->answer, "Content-Type: audio/ogg"));
    assert_non_null(strstr(f->answer, "Cache-Control: no-cache"));
    assert_non_null(strstr(f->answer, "OggS sound"));
    const char *tag = strstr(f->answer, "ETag: ") + 6;
    (void)snprintf(more, sizeof more, "If-None-Match: %.*s\r\n", (int)strcspn(tag, "\r"), tag);
    assert_int_equal(get(f, "/speech/nl/open.title-0.opus", NULL, more), 304);
    write_file(f, "speech/nl/open.title-0.opus", "OggS other");
    assert_int_equal(get(f, "/speech/nl/open.title-0.opus", NULL, more), 200);
}

static void only_names_of_the_list_are_served(void **state)
{
    struct fixture *f = *state;
    static const char *const path[] = {"/speech/nl/secret.opus",
                                       "/speech/nl/open.title-0",
                                       "/speech/nl/open.title-0.wav",
                                       "/speech/nl/..opus",
                                       "/speech/nl/.opus",
                                       "/speech/nl/../nl.json",
                                       "/speech/en/open.title-0.opus",
                                       "/speech/xx/open.title-0.opus",
                                       "/speech/nl.json/open.title-0.opus",
                                       "/speech/nl/open.title-0.OPUS",
                                       "/speech/../nl.json",
                                       "/speech/en.json",
                                       "/speech/nl",
                                       "/speech/nl.jso",
                                       "/speech/nederlands.json",
                                       "/speech/.json"};
    for (size_t i = 0; i < sizeof path / sizeof path[0]; i++) {
        unsigned status = get(f, path[i], NULL, "");
        assert_true(status == 404 || status == 400);
    }
    assert_int_equal(get(f, "/speech/nl/n.1.opus", "evil.example", ""), 403);
    assert_int_equal(get(f, "/speech/nl.json", "evil.example", ""), 403);
}

static void clip_that_is_gone_is_an_error_of_the_server(void **state)
{
    assert_int_equal(get(*state, "/speech/nl/lost.opus", NULL, ""), 500);
}

static void list_of_clips_is_served_as_it_is(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(get(f, "/speech/nl.json", NULL, ""), 200);
    assert_non_null(strstr(f->answer, "Content-Type: application/json"));
    assert_non_null(strstr(f->answer, "{\"open.title-0\":\"Deur\""));
}

static void page_is_told_whether_its_language_can_be_heard(void **state)
{
    struct fixture *f = *state;
    struct reason r;
    assert_true(says_speech(f));
    const struct screen english = {.id = SCREEN_START, .language = LANGUAGE_EN};
    kiosk_show(f->kiosk, &english);
    assert_false(says_speech(f));
    assert_int_equal(reopen(f, false, &r), ERR_OK);
    assert_false(says_speech(f));
    assert_int_equal(get(f, "/speech/nl.json", NULL, ""), 404);
}

static void broken_list_of_clips_is_named_at_start(void **state)
{
    struct fixture *f = *state;
    static const char *const list[] = {"[",
                                       "{\"../x\":\"a\"}",
                                       "{\".x\":\"a\"}",
                                       "{\"\":\"a\"}",
                                       "{\"a\":1}",
                                       "[\"a\"]",
                                       "{\"a234567890123456789012345678901234567890123456789012345678901\":\"a\"}"};
    struct reason r;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        write_file(f, "speech/nl.json", list[i]);
        assert_int_equal(reopen(f, true, &r), ERR_SYNTAX);
        assert_non_null(strstr(r.text, "speech/nl.json"));
    }
}

static void missing_catalogue_is_named_at_start(void **state)
{
    struct fixture *f = *state;
    struct reason r;
    run_command("rm", f, "uk.json");
    assert_int_equal(reopen(f, true, &r), ERR_NOT_FOUND);
    assert_non_null(strstr(r.text, "uk.json"));
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
#define S(name) cmocka_unit_test_setup_teardown(name, set_up_speech, tear_down_speech)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(asking_to_hear_it_again_is_counted_and_is_no_sound),
        T(bags_and_the_end_of_the_time_are_told),
        T(waiting_page_hears_of_a_change_at_once),
        T(what_changes_together_is_told_together),
        T(other_tag_does_not_wait),
        T(header_with_wait_waits_as_well),
        T(pages_that_were_closed_are_no_burden),
        T(key_is_taken_at_once_while_a_page_waits),
        T(nobody_waits_when_the_kiosk_ends),
        S(clip_is_served_and_kept_by_the_browser),
        S(only_names_of_the_list_are_served),
        S(clip_that_is_gone_is_an_error_of_the_server),
        S(list_of_clips_is_served_as_it_is),
        S(page_is_told_whether_its_language_can_be_heard),
        S(broken_list_of_clips_is_named_at_start),
        S(missing_catalogue_is_named_at_start),
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
