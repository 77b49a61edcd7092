/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/kiosk/kiosk.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/file.h"
#include "common/http.h"
#include "common/json.h"
#include "common/token.h"

#define FILE_MAX ((size_t)256 * 1024)
#define BODY_MAX 1024
#define HOST_CAP 64
#define TAG_CAP 40
#define SCHEME "http://"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *path, *name, *type;
} files[] = {
    {"/", "index.html", "text/html; charset=utf-8"},
    {"/index.html", "index.html", "text/html; charset=utf-8"},
    {"/kiosk.mjs", "kiosk.mjs", "text/javascript; charset=utf-8"},
    {"/kiosk.css", "kiosk.css", "text/css; charset=utf-8"},
    {"/nl.json", "nl.json", "application/json"},
    {"/en.json", "en.json", "application/json"},
};

static const char *const key_names[EVENT_KEY_N] = {
    [EVENT_KEY_0] = "0",       [EVENT_KEY_1] = "1",
    [EVENT_KEY_2] = "2",       [EVENT_KEY_3] = "3",
    [EVENT_KEY_4] = "4",       [EVENT_KEY_5] = "5",
    [EVENT_KEY_6] = "6",       [EVENT_KEY_7] = "7",
    [EVENT_KEY_8] = "8",       [EVENT_KEY_9] = "9",
    [EVENT_KEY_OK] = "ok",     [EVENT_KEY_CLEAR] = "clear",
    [EVENT_KEY_HELP] = "help", [EVENT_KEY_LANGUAGE] = "language",
    [EVENT_KEY_SHOW] = "show", [EVENT_KEY_REPEAT] = "repeat",
};

struct kiosk {
    struct kiosk_cfg cfg;
    struct kiosk_callbacks cb;
    struct http *http;
    char *file[COUNT(files)];
    size_t file_len[COUNT(files)];
    char host[HOST_CAP]; /* "127.0.0.1:8080" */
    uint32_t run;        /* random: an ETag of an earlier run never fits */
    uint32_t revision;
    struct screen screen;
    enum screen_sound sound; /* the newest */
    uint32_t sounds;         /* so far: the page plays when it rises */
    bool buzzer;
};

/* ---------------------------------------------------------------- whose request it is */

/* Answers and returns false when the request is for another server (a name that was made to point here) or sent by
 * the page of another. */
static bool is_ours(const struct kiosk *k, struct http_request *q)
{
    const char *host = http_header(q, "Host");
    const char *origin = http_header(q, "Origin");
    if (host == NULL || strcasecmp(host, k->host) != 0) {
        http_refuse(q, 403, "Host: not the address of this server");
        return false;
    }
    if (origin != NULL &&
        (strncmp(origin, SCHEME, sizeof SCHEME - 1) != 0 || strcasecmp(origin + sizeof SCHEME - 1, k->host) != 0)) {
        http_refuse(q, 403, "Origin: not the page of this server");
        return false;
    }
    return true;
}

static bool is_json(struct http_request *q)
{
    static const char wanted[] = "application/json";
    const char *type = http_header(q, "Content-Type");
    if (type != NULL && strncasecmp(type, wanted, sizeof wanted - 1) == 0) {
        const char *rest = type + sizeof wanted - 1;
        if (*rest == '\0' || strcasecmp(rest, "; charset=utf-8") == 0 || strcasecmp(rest, ";charset=utf-8") == 0) {
            return true;
        }
    }
    http_refuse(q, 415, "Content-Type: application/json is expected");
    return false;
}

/* ---------------------------------------------------------------- answers */

static void get_file(void *arg, struct http_request *q)
{
    struct kiosk *k = arg;
    /* The empty icon of the page is a data: address. */
    static const char *const extra[] = {"Content-Security-Policy: default-src 'self'; img-src 'self' data:; "
                                        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
                                        NULL};
    size_t i = 0;
    while (strcmp(files[i].path, http_matched(q)->path) != 0) {
        i++; /* every route to here is a row of files */
    }
    if (is_ours(k, q)) {
        http_answer(q, 200, files[i].type, k->file[i], k->file_len[i], extra);
    }
}

static void put_doors(cJSON *answer, const struct cabinet *cab)
{
    cJSON *list = json_put_array(answer, "doors");
    for (uint16_t i = 0; i < cab->doors; i++) {
        cJSON *one = json_put_object(list, NULL);
        json_put_text(one, "name", cab->door[i].name);
        json_put_int(one, "row", cab->door[i].row);
        json_put_int(one, "column", cab->door[i].column);
    }
}

static cJSON *describe(const struct kiosk *k)
{
    const struct screen *s = &k->screen;
    cJSON *answer = json_new_object();
    json_put_text(answer, "screen", screen_id_name(s->id));
    json_put_text(answer, "notice", screen_notice_name(s->notice));
    json_put_text(answer, "language", language_code(s->language));
    json_put_text(answer, "door", s->door);
    json_put_int(answer, "number", s->number);
    json_put_int(answer, "row", s->row);
    json_put_int(answer, "rows", s->rows);
    json_put_int(answer, "column", s->column);
    json_put_int(answer, "columns", s->columns);
    json_put_int(answer, "step", s->step);
    json_put_int(answer, "steps", s->steps);
    json_put_int(answer, "entry_len", s->entry_len);
    json_put_int(answer, "entry_cap", s->entry_cap);
    json_put_bool(answer, "show", s->show);
    json_put_text(answer, "digits", s->digits);
    json_put_int(answer, "seconds", s->seconds);
    json_put_int(answer, "reference", (int64_t)s->reference);
    json_put_text(answer, "telephone", k->cfg.telephone);
    json_put_text(answer, "site", k->cfg.site);
    json_put_text(answer, "sound", k->sounds == 0 ? "" : screen_sound_name(k->sound));
    json_put_int(answer, "sounds", k->sounds);
    json_put_bool(answer, "buzzer", k->buzzer);
    put_doors(answer, k->cfg.cabinet);
    return answer;
}

static void get_screen(void *arg, struct http_request *q)
{
    struct kiosk *k = arg;
    char tag[TAG_CAP], line[TAG_CAP + 8];
    if (!is_ours(k, q)) {
        return;
    }
    (void)snprintf(tag, sizeof tag, "\"%08x-%u\"", k->run, k->revision);
    (void)snprintf(line, sizeof line, "ETag: %s", tag);
    const char *const extra[] = {line, NULL};
    const char *known = http_header(q, "If-None-Match");
    if (known != NULL && strcmp(known, tag) == 0) {
        http_answer(q, 304, NULL, NULL, 0, extra);
        return;
    }
    cJSON *answer = describe(k);
    char *text = json_print(answer);
    cJSON_Delete(answer);
    size_t len = strlen(text);
    http_answer(q, 200, "application/json", text, len, extra);
    sodium_memzero(text, len); /* may show the digits that somebody types */
    free(text);
}

/* The one text member of the body; answers and returns NULL when it is anything else. The caller deletes *tree. */
static const char *posted_text(struct http_request *q, const char *member, size_t max_len, cJSON **tree)
{
    const struct json_limits limits = {.max_len = BODY_MAX, .max_depth = 1, .flags = JSON_STRICT};
    const char *const members[] = {member, NULL};
    const char *text = NULL;
    struct reason r;
    size_t len;
    const char *body = http_body(q, &len);
    *tree = NULL;
    enum err e = json_parse(tree, body, len, &limits, &r);
    if (e == ERR_OK) {
        e = json_only(*tree, members, &r);
    }
    if (e == ERR_OK) {
        e = json_get_text(*tree, member, 1, max_len, &text, &r);
    }
    if (e != ERR_OK) {
        http_refuse(q, 400, r.text);
        return NULL;
    }
    return text;
}

static void post_key(void *arg, struct http_request *q)
{
    struct kiosk *k = arg;
    cJSON *tree = NULL;
    if (!is_ours(k, q) || !is_json(q)) {
        return;
    }
    const char *name = posted_text(q, "key", 16, &tree);
    unsigned key = 0;
    while (name != NULL && key < EVENT_KEY_N && strcmp(name, key_names[key]) != 0) {
        key++;
    }
    if (name != NULL && key == EVENT_KEY_N) {
        http_refuse(q, 400, "no such key");
    } else if (name != NULL) {
        k->cb.key(k->cb.arg, (enum event_key)key);
        http_answer(q, 204, NULL, NULL, 0, NULL);
    }
    cJSON_Delete(tree);
}

static void post_scan(void *arg, struct http_request *q)
{
    struct kiosk *k = arg;
    cJSON *tree = NULL;
    if (!is_ours(k, q) || !is_json(q)) {
        return;
    }
    const char *text = posted_text(q, "text", TOKEN_TEXT_CAP - 1, &tree);
    if (text != NULL) {
        k->cb.scan(k->cb.arg, text);
        http_answer(q, 204, NULL, NULL, 0, NULL);
    }
    cJSON_Delete(tree);
}

static const struct http_route routes[] = {
    {"GET", "/", get_file},          {"GET", "/index.html", get_file}, {"GET", "/kiosk.mjs", get_file},
    {"GET", "/kiosk.css", get_file}, {"GET", "/nl.json", get_file},    {"GET", "/en.json", get_file},
    {"GET", "/screen", get_screen},  {"POST", "/key", post_key},       {"POST", "/scan", post_scan},
};

/* ---------------------------------------------------------------- life */

void kiosk_show(struct kiosk *k, const struct screen *s)
{
    if (!screen_equal(&k->screen, s)) {
        k->screen = *s;
        k->revision++;
    }
}

void kiosk_sound(struct kiosk *k, enum screen_sound sound)
{
    if (sound == SCREEN_SOUND_BUZZER_ON || sound == SCREEN_SOUND_BUZZER_OFF) {
        k->buzzer = sound == SCREEN_SOUND_BUZZER_ON;
    } else {
        k->sound = sound;
        k->sounds++;
    }
    k->revision++;
}

uint16_t kiosk_port(const struct kiosk *k)
{
    return http_port(k->http);
}

/* A broken catalogue would leave the page without words, at a door, at night. */
static enum err check_catalogue(const struct kiosk *k, size_t i, struct reason *r)
{
    const struct json_limits limits = {.max_len = FILE_MAX, .max_depth = 2, .flags = JSON_STRICT};
    if (strcmp(files[i].type, "application/json") != 0) {
        return ERR_OK;
    }
    enum err e = json_scan(k->file[i], k->file_len[i], &limits, r);
    return e == ERR_OK ? ERR_OK : err_prefix(r, e, "%s", files[i].name);
}

static enum err read_files(struct kiosk *k, struct reason *r)
{
    for (size_t i = 0; i < COUNT(files); i++) {
        char path[FILE_PATH_CAP];
        enum err e = file_path(path, k->cfg.share, files[i].name, r);
        if (e == ERR_OK) {
            e = file_read(path, FILE_MAX, &k->file[i], &k->file_len[i], r);
        }
        if (e == ERR_OK) {
            e = check_catalogue(k, i, r);
        }
        if (e != ERR_OK) {
            return err_prefix(r, e, "kiosk");
        }
    }
    return ERR_OK;
}

enum err kiosk_open(struct kiosk **out, const struct kiosk_cfg *cfg, const struct kiosk_callbacks *cb, sd_event *loop,
                    struct reason *r)
{
    assert(cb->key != NULL && cb->scan != NULL);
    struct kiosk *k = calloc(1, sizeof *k);
    if (k == NULL) {
        return err_because(r, ERR_MEMORY, "kiosk: no memory");
    }
    k->cfg = *cfg;
    k->cb = *cb;
    k->run = randombytes_random();
    k->screen = (struct screen){.id = SCREEN_OUT_OF_SERVICE, .language = cfg->cabinet->language};
    struct http_cfg http = {.address = cfg->address,
                            .port = cfg->port,
                            .max_body = BODY_MAX,
                            .routes = routes,
                            .route_count = COUNT(routes),
                            .arg = k};
    enum err e = read_files(k, r);
    if (e == ERR_OK) {
        e = http_open(&k->http, &http, loop, r);
    }
    if (e != ERR_OK) {
        kiosk_free(k);
        return e;
    }
    bool v6 = strchr(cfg->address, ':') != NULL;
    int n = snprintf(k->host, sizeof k->host, v6 ? "[%s]" : "%s", cfg->address);
    assert(n > 0 && (size_t)n + sizeof ":65535" <= sizeof k->host); /* http_open took the address */
    if (kiosk_port(k) != 80) {                                      /* which browsers leave out */
        (void)snprintf(k->host + n, sizeof k->host - (size_t)n, ":%u", (unsigned)kiosk_port(k));
    }
    *out = k;
    return ERR_OK;
}

void kiosk_free(struct kiosk *k)
{
    if (k == NULL) {
        return;
    }
    http_free(k->http);
    for (size_t i = 0; i < COUNT(files); i++) {
        free(k->file[i]);
    }
    sodium_memzero(&k->screen, sizeof k->screen);
    free(k);
}
