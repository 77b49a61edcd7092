/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/kiosk/kiosk.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/http.h"
#include "common/json.h"
#include "common/log.h"
#include "common/token.h"
#include "controller/kiosk/clip.h"

#define FILE_MAX ((size_t)256 * 1024)
#define BODY_MAX 1024
#define HOST_CAP 64
#define TAG_CAP 40
#define SCHEME "http://"
#define WAITING_MAX 8 /* pages: one, and what is left of those that were closed */
#define WAIT_US ((uint64_t)20 * 1000 * 1000)
#define CLIP_EXT ".opus"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *path, *name, *type;
} files[] = {
    {"/", "index.html", "text/html; charset=utf-8"},
    {"/index.html", "index.html", "text/html; charset=utf-8"},
    {"/kiosk.mjs", "kiosk.mjs", "text/javascript; charset=utf-8"},
    {"/speech.mjs", "speech.mjs", "text/javascript; charset=utf-8"},
    {"/picture.mjs", "picture.mjs", "text/javascript; charset=utf-8"},
    {"/player.mjs", "player.mjs", "text/javascript; charset=utf-8"},
    {"/kiosk.css", "kiosk.css", "text/css; charset=utf-8"},
    {"/nl.json", "nl.json", "application/json"},
    {"/en.json", "en.json", "application/json"},
    {"/tr.json", "tr.json", "application/json"},
    {"/ar.json", "ar.json", "application/json"},
    {"/pl.json", "pl.json", "application/json"},
    {"/uk.json", "uk.json", "application/json"},
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

/* A request for the next screen, until there is one or its time is up. */
struct waiting {
    uint64_t ticket;
    uint64_t until_us; /* CLOCK_MONOTONIC */
};

struct kiosk {
    struct kiosk_cfg cfg;
    struct kiosk_callbacks cb;
    struct http *http;
    sd_event_source *news;               /* armed while the screen is newer than what those who wait have seen */
    sd_event_source *timeout;            /* armed for the first of waiting */
    struct waiting waiting[WAITING_MAX]; /* the oldest first */
    unsigned waiting_count;
    struct clips *clips[LANGUAGE_N]; /* NULL: no speech in this language */
    char *file[COUNT(files)];
    size_t file_len[COUNT(files)];
    char host[HOST_CAP]; /* "127.0.0.1:8080" */
    uint32_t run;        /* random: an ETag of an earlier run never fits */
    uint32_t revision;
    struct screen screen;
    enum screen_sound sound; /* the newest */
    uint32_t sounds;         /* so far: the page plays when it rises */
    uint32_t said;           /* how often somebody asked to hear the screen again */
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
    json_put_bool(answer, "more", s->more);
    json_put_int(answer, "bag", s->bag);
    json_put_int(answer, "bags", s->bags);
    json_put_int(answer, "reference", (int64_t)s->reference);
    json_put_text(answer, "telephone", k->cfg.telephone);
    json_put_text(answer, "site", k->cfg.site);
    json_put_text(answer, "sound", k->sounds == 0 ? "" : screen_sound_name(k->sound));
    json_put_int(answer, "sounds", k->sounds);
    json_put_bool(answer, "buzzer", k->buzzer);
    json_put_int(answer, "said", k->said);
    json_put_bool(answer, "speech", k->clips[s->language] != NULL);
    put_doors(answer, k->cfg.cabinet);
    return answer;
}

/* ---------------------------------------------------------------- the screen, now or when it changes */

static void put_tag(const struct kiosk *k, char tag[TAG_CAP])
{
    (void)snprintf(tag, TAG_CAP, "%08x-%u", k->run, k->revision);
}

/* Answers a request (q), or one that waited (ticket); with the screen, or 304 when it is the one that the page has. */
static void tell(struct kiosk *k, struct http_request *q, uint64_t ticket, bool is_known)
{
    char tag[TAG_CAP], line[TAG_CAP + 10];
    put_tag(k, tag);
    (void)snprintf(line, sizeof line, "ETag: \"%s\"", tag);
    const char *const extra[] = {line, NULL};
    cJSON *answer = is_known ? NULL : describe(k);
    char *text = is_known ? NULL : json_print(answer);
    size_t len = is_known ? 0 : strlen(text);
    unsigned status = is_known ? 304 : 200;
    const char *type = is_known ? NULL : "application/json";
    cJSON_Delete(answer);
    if (q != NULL) {
        http_answer(q, status, type, text, len, extra);
    } else {
        http_resume(k->http, ticket, status, type, text, len, extra);
    }
    if (text != NULL) {
        sodium_memzero(text, len); /* may show the digits that somebody types */
    }
    free(text);
}

static void arm_timeout(struct kiosk *k)
{
    int rc = sd_event_source_set_enabled(k->timeout, k->waiting_count > 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
    if (rc >= 0 && k->waiting_count > 0) {
        rc = sd_event_source_set_time(k->timeout, k->waiting[0].until_us);
    }
    if (rc < 0) {
        log_error("kiosk", "the timer could not be set: %s", strerror(-rc));
    }
}

/* Answers the first n that wait. */
static void answer_waiting(struct kiosk *k, unsigned n, bool is_known)
{
    for (unsigned i = 0; i < n; i++) {
        tell(k, NULL, k->waiting[i].ticket, is_known);
    }
    k->waiting_count -= n;
    memmove(k->waiting, k->waiting + n, k->waiting_count * sizeof *k->waiting);
    arm_timeout(k);
}

static int on_news(sd_event_source *source, void *arg)
{
    struct kiosk *k = arg;
    (void)source;
    answer_waiting(k, k->waiting_count, false);
    return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *arg)
{
    struct kiosk *k = arg;
    unsigned n = 0;
    (void)source;
    while (n < k->waiting_count && k->waiting[n].until_us <= usec) {
        n++;
    }
    answer_waiting(k, n, true);
    return 0;
}

/* Those who wait hear of it when this turn of the loop is over: what changes together is told together. */
static void changed(struct kiosk *k)
{
    k->revision++;
    if (k->waiting_count > 0 && sd_event_source_set_enabled(k->news, SD_EVENT_ONESHOT) < 0) {
        log_error("kiosk", "the page could not be told of a change");
    }
}

/* A page that was closed cannot be told from one that waits: when there are too many, the oldest is told to ask again.
 */
static void wait_for_change(struct kiosk *k, struct http_request *q)
{
    if (k->waiting_count == WAITING_MAX) {
        answer_waiting(k, 1, true);
    }
    uint64_t ticket = http_defer(q);
    if (ticket == 0) {
        return; /* has been answered */
    }
    k->waiting[k->waiting_count++] =
        (struct waiting){.ticket = ticket, .until_us = (uint64_t)clock_mono_us() + WAIT_US};
    arm_timeout(k);
}

static bool is_tag(const char *text, const char *tag)
{
    size_t len = strlen(tag);
    return text != NULL && (strcmp(text, tag) == 0 ||
                            (text[0] == '"' && strncmp(text + 1, tag, len) == 0 && strcmp(text + 1 + len, "\"") == 0));
}

static void get_screen(void *arg, struct http_request *q)
{
    struct kiosk *k = arg;
    char tag[TAG_CAP];
    if (!is_ours(k, q)) {
        return;
    }
    put_tag(k, tag);
    const char *after = http_query(q, "after");
    bool is_known = is_tag(http_header(q, "If-None-Match"), tag) || is_tag(after, tag);
    if (is_known && (after != NULL || http_query(q, "wait") != NULL)) {
        wait_for_change(k, q);
    } else {
        tell(k, q, 0, is_known);
    }
}

/* ---------------------------------------------------------------- speech */

/* "nl" of "nl", or of "nl.json" with ext ".json". */
static const struct clips *clips_of(const struct kiosk *k, const char *segment, const char *ext)
{
    char code[8];
    enum language l;
    size_t len = strlen(segment), tail = strlen(ext);
    if (len < tail || len - tail >= sizeof code || strcmp(segment + len - tail, ext) != 0) {
        return NULL;
    }
    memcpy(code, segment, len - tail);
    code[len - tail] = '\0';
    return language_parse(code, &l) == ERR_OK ? k->clips[l] : NULL;
}

static void get_speech(void *arg, struct http_request *q)
{
    struct kiosk *k = arg;
    size_t len;
    if (!is_ours(k, q)) {
        return;
    }
    const struct clips *clips = clips_of(k, http_segment(q, 0), ".json");
    if (clips == NULL) {
        http_refuse(q, 404, "no speech in this language");
        return;
    }
    const char *list = clips_list(clips, &len);
    http_answer(q, 200, "application/json", list, len, NULL);
}

/* A sound is kept by the browser, and asked for by its content: an update of the recordings is heard at once. */
static void answer_clip(struct http_request *q, const char *bytes, size_t len)
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    char hex[2 * sizeof hash + 1], tag[sizeof hex + 2], line[sizeof tag + 8];
    (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)bytes, len, NULL, 0);
    (void)snprintf(tag, sizeof tag, "\"%s\"", sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
    (void)snprintf(line, sizeof line, "ETag: %s", tag);
    const char *const extra[] = {line, "Cache-Control: no-cache", NULL};
    const char *known = http_header(q, "If-None-Match");
    if (known != NULL && strcmp(known, tag) == 0) {
        http_answer(q, 304, NULL, NULL, 0, extra);
    } else {
        http_answer(q, 200, "audio/ogg", bytes, len, extra);
    }
}

static void get_clip(void *arg, struct http_request *q)
{
    struct kiosk *k = arg;
    char name[HTTP_SEGMENT_CAP], *bytes = NULL;
    struct reason r;
    size_t len;
    if (!is_ours(k, q)) {
        return;
    }
    (void)snprintf(name, sizeof name, "%s", http_segment(q, 1));
    char *ext = strrchr(name, '.');
    const struct clips *clips = clips_of(k, http_segment(q, 0), "");
    if (clips == NULL || ext == NULL || strcmp(ext, CLIP_EXT) != 0) {
        http_refuse(q, 404, "no such clip");
        return;
    }
    *ext = '\0';
    enum err e = clips_read(clips, name, &bytes, &len, &r);
    if (e == ERR_OK) {
        answer_clip(q, bytes, len);
    } else if (e == ERR_UNKNOWN) {
        http_refuse(q, 404, r.text);
    } else {
        log_error("kiosk", "speech: %s", r.text);
        http_refuse(q, 500, "the clip cannot be read");
    }
    free(bytes);
}

/* ---------------------------------------------------------------- keys and scans */

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
    {"GET", "/", get_file},           {"GET", "/index.html", get_file},  {"GET", "/kiosk.mjs", get_file},
    {"GET", "/speech.mjs", get_file}, {"GET", "/picture.mjs", get_file}, {"GET", "/player.mjs", get_file},
    {"GET", "/kiosk.css", get_file},  {"GET", "/nl.json", get_file},     {"GET", "/en.json", get_file},
    {"GET", "/tr.json", get_file},    {"GET", "/ar.json", get_file},     {"GET", "/pl.json", get_file},
    {"GET", "/uk.json", get_file},    {"GET", "/screen", get_screen},    {"GET", "/speech/*", get_speech},
    {"GET", "/speech/*/*", get_clip}, {"POST", "/key", post_key},        {"POST", "/scan", post_scan},
};

/* ---------------------------------------------------------------- life */

void kiosk_show(struct kiosk *k, const struct screen *s)
{
    if (!screen_equal(&k->screen, s)) {
        k->screen = *s;
        changed(k);
    }
}

void kiosk_sound(struct kiosk *k, enum screen_sound sound)
{
    if (sound == SCREEN_SOUND_BUZZER_ON || sound == SCREEN_SOUND_BUZZER_OFF) {
        k->buzzer = sound == SCREEN_SOUND_BUZZER_ON;
    } else if (sound == SCREEN_SOUND_SAY) {
        k->said++;
    } else {
        k->sound = sound;
        k->sounds++;
    }
    changed(k);
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

/* A language without its clips is silent, which is told: the page goes on. */
static enum err read_speech(struct kiosk *k, struct reason *r)
{
    for (unsigned l = 0; k->cfg.speech && l < LANGUAGE_N; l++) {
        enum err e = clips_open(&k->clips[l], k->cfg.share, (enum language)l, r);
        if (e == ERR_NOT_FOUND) {
            log_warning("kiosk", "no speech in language %s: %s", language_code((enum language)l), r->text);
        } else if (e != ERR_OK) {
            return err_prefix(r, e, "kiosk");
        }
    }
    return ERR_OK;
}

static enum err add_sources(struct kiosk *k, sd_event *loop, struct reason *r)
{
    int rc = sd_event_add_defer(loop, &k->news, on_news, k);
    if (rc >= 0) {
        rc = sd_event_source_set_enabled(k->news, SD_EVENT_OFF);
    }
    if (rc >= 0) {
        rc = sd_event_add_time_relative(loop, &k->timeout, CLOCK_MONOTONIC, WAIT_US, 0, on_timeout, k);
    }
    if (rc >= 0) {
        rc = sd_event_source_set_enabled(k->timeout, SD_EVENT_OFF);
    }
    return rc >= 0 ? ERR_OK : err_because(r, ERR_IO, "kiosk: event loop: %s", strerror(-rc));
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
        e = read_speech(k, r);
    }
    if (e == ERR_OK) {
        e = add_sources(k, loop, r);
    }
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
    (void)sd_event_source_disable_unref(k->news);
    (void)sd_event_source_disable_unref(k->timeout);
    for (size_t i = 0; i < COUNT(files); i++) {
        free(k->file[i]);
    }
    for (unsigned l = 0; l < LANGUAGE_N; l++) {
        clips_free(k->clips[l]);
    }
    sodium_memzero(&k->screen, sizeof k->screen);
    free(k);
}
