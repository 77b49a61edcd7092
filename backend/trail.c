/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/trail.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/policy.h"
#include "backend/print.h"
#include "common/json.h"
#include "common/num.h"

#define ROWS_MAX (2 * STORE_PAGE_MAX)
#define PAYLOAD_MAX 8192
#define KEY_CAP (STORE_NAME_CAP + 16)

/* One line of the page. */
struct row {
    int64_t at_ms;
    unsigned place; /* as it was found: the order of rows of one moment */
    char key[KEY_CAP];
    char fallback[KEY_CAP]; /* the words when the catalogue does not know key */
    char who[STORE_NAME_CAP];
    char role[STORE_TOKEN_CAP]; /* "" not of staff */
    char door[ORDER_DOOR_CAP];
    char locker[STORE_NAME_CAP];
};

struct trail {
    struct hub *hub;
    struct reason *r;
    enum err e; /* of a question inside a list */
    struct row *row;
    unsigned count;
    char actor[STORE_TOKEN_CAP]; /* of the last pulse: whose right opens the next door; "strip" for that of a slip */
    uint8_t staff[ORDER_STAFF_LEN];
    bool has_staff;
};

static struct row *add_row(struct trail *t, int64_t at_ms)
{
    struct row *row = &t->row[t->count];

    memset(row, 0, sizeof(*row));
    row->at_ms = at_ms;
    row->place = t->count++;
    return row;
}

/* ---------------------------------------------------------------- who */

static void put_user(struct row *row, const struct store_user *u)
{
    (void)snprintf(row->who, sizeof(row->who), "%s", u->full_name); /* same capacity */
    (void)snprintf(row->role, sizeof(row->role), "%s", store_role_name(u->role));
}

static enum err put_staff(struct trail *t, const uint8_t staff[ORDER_STAFF_LEN], struct row *row)
{
    struct store_user u;
    enum err e = t->hub->store->ops->user_find_staff(t->hub->store, staff, &u, t->r);

    if (e == ERR_OK)
        put_user(row, &u);
    sodium_memzero(&u, sizeof(u));
    return e == ERR_NOT_FOUND ? ERR_OK : e; /* a badge that the hub does not know: nobody is named */
}

static enum err put_actor(struct trail *t, const char *actor, struct row *row)
{
    struct store_user u;
    enum err e = t->hub->store->ops->user_get(t->hub->store, actor, &u, t->r);

    if (e == ERR_OK)
        put_user(row, &u);
    else if (e == ERR_NOT_FOUND)
        (void)snprintf(row->who, sizeof(row->who), "%s", actor); /* same capacity */
    sodium_memzero(&u, sizeof(u));
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* ---------------------------------------------------------------- what lockers told */

/* The payload of a compact JWS whose signature was looked at when it came; NULL when it cannot be read. */
static cJSON *read_payload(const struct store_event *ev)
{
    const struct json_limits limits = {.max_len = PAYLOAD_MAX, .max_depth = JSON_DEPTH_MESSAGE, .flags = JSON_STRICT};
    const char *from = memchr(ev->text, '.', ev->len);
    const char *to = from == NULL ? NULL : memchr(from + 1, '.', ev->len - (size_t)(from + 1 - ev->text));
    char payload[PAYLOAD_MAX];
    cJSON *tree = NULL;
    size_t len;

    if (to == NULL || num_from_base64url(from + 1, (size_t)(to - from - 1), payload, sizeof(payload), &len) != ERR_OK)
        return NULL;
    return json_parse(&tree, payload, len, &limits, NULL) == ERR_OK ? tree : NULL;
}

/* Whether this carer is nobody by name, but whoever had the strip of the slip. */
static enum err find_strip(struct trail *t, const uint8_t carer[TOKEN_CARER_LEN], bool *strip)
{
    struct store_carer c = {.strip = false};
    enum err e = t->hub->store->ops->carer_get(t->hub->store, carer, &c, t->r);

    *strip = e == ERR_OK && c.strip;
    sodium_memzero(&c, sizeof(c));
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Whose right a pulse has: said again when its door opens. */
static enum err note_pulse(struct trail *t, const cJSON *dat)
{
    uint8_t carer[TOKEN_CARER_LEN];
    const cJSON *actor = NULL;
    bool strip = false;
    enum err e = ERR_OK;
    const char *kind;

    t->actor[0] = '\0';
    t->has_staff = false;
    if (json_get_object(dat, "actor", &actor, NULL) != ERR_OK ||
        json_get_text(actor, "kind", 1, sizeof(t->actor) - 1, &kind, NULL) != ERR_OK)
        return ERR_OK;
    if (json_get_hex(actor, "carer", carer, sizeof(carer), NULL) == ERR_OK)
        e = find_strip(t, carer, &strip);
    (void)snprintf(t->actor, sizeof(t->actor), "%s", strip ? "strip" : kind); /* length was checked */
    t->has_staff = json_get_hex(actor, "staff", t->staff, sizeof(t->staff), NULL) == ERR_OK;
    return e;
}

static void put_door(const cJSON *dat, struct row *row)
{
    const char *door;

    if (json_get_text(dat, "door", 1, sizeof(row->door) - 1, &door, NULL) == ERR_OK)
        (void)snprintf(row->door, sizeof(row->door), "%s", door); /* length was checked */
}

/* "door.opened.v1" without its version. */
static void put_event_key(const struct trail *t, const struct store_event *ev, const cJSON *dat, struct row *row)
{
    const char *what;
    size_t len = strlen(ev->typ);

    len -= len > 3 && strcmp(ev->typ + len - 3, ".v1") == 0 ? 3 : 0;
    (void)snprintf(row->fallback, sizeof(row->fallback), "trail.event.other");
    if (strcmp(ev->typ, "door.opened.v1") == 0)
        (void)snprintf(row->key, sizeof(row->key), "trail.opened.%.30s", t->actor);
    else if (strcmp(ev->typ, "order.reported.v1") == 0 && json_get_text(dat, "what", 1, 20, &what, NULL) == ERR_OK)
        (void)snprintf(row->key, sizeof(row->key), "trail.reported.%s", what);
    else
        (void)snprintf(row->key, sizeof(row->key), "trail.event.%.*s", (int)len, ev->typ);
}

static enum err put_event_who(struct trail *t, const struct store_event *ev, const cJSON *dat, struct row *row)
{
    uint8_t staff[ORDER_STAFF_LEN];

    if (json_get_hex(dat, "staff", staff, sizeof(staff), NULL) == ERR_OK)
        return put_staff(t, staff, row);
    return strcmp(ev->typ, "door.opened.v1") == 0 && t->has_staff ? put_staff(t, t->staff, row) : ERR_OK;
}

static enum err put_place(struct trail *t, const struct store_event *ev, struct row *row)
{
    struct store_locker l;
    enum err e = t->hub->store->ops->locker_get(t->hub->store, ev->locker, &l, t->r);

    if (e == ERR_OK)
        (void)snprintf(row->locker, sizeof(row->locker), "%s", l.name); /* same capacity */
    sodium_memzero(&l, sizeof(l));
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static bool add_event(void *arg, const struct store_event *ev)
{
    struct trail *t = arg;
    cJSON *payload = read_payload(ev);
    const cJSON *dat = cJSON_GetObjectItemCaseSensitive(payload, "dat");
    struct row *row;

    if (strcmp(ev->typ, "door.pulsed.v1") == 0) {
        t->e = note_pulse(t, dat);
    } else {
        row = add_row(t, ev->told_ms != 0 ? ev->told_ms : ev->received_ms);
        put_event_key(t, ev, dat, row);
        put_door(dat, row);
        t->e = put_event_who(t, ev, dat, row);
        if (t->e == ERR_OK)
            t->e = put_place(t, ev, row);
    }
    cJSON_Delete(payload);
    return t->e == ERR_OK;
}

/* ---------------------------------------------------------------- what people did at the hub */

static bool add_act(void *arg, const struct store_audit *a)
{
    struct trail *t = arg;
    struct row *row = add_row(t, a->at_ms);
    uint8_t carer[TOKEN_CARER_LEN];
    bool strip = false;

    t->e = put_actor(t, a->actor, row);
    if (t->e == ERR_OK && num_from_hex(a->subject, carer, sizeof(carer)) == ERR_OK)
        t->e = find_strip(t, carer, &strip);
    (void)snprintf(row->key, sizeof(row->key), "trail.%s.%s", strip ? "strip" : "act", a->action); /* KEY_CAP for it */
    (void)snprintf(row->fallback, sizeof(row->fallback), "trail.act.other");
    return t->e == ERR_OK;
}

/* ---------------------------------------------------------------- the page */

static int by_time(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return x->place < y->place ? -1 : 1;
}

static enum err gather(struct trail *t, const struct order *o)
{
    struct store *s = t->hub->store;
    enum err e = s->ops->event_list(s, NULL, o->id, 0, STORE_PAGE_MAX, add_event, t, t->r);

    if (e == ERR_OK)
        e = t->e;
    if (e == ERR_OK)
        e = s->ops->audit_list(s, o->id, 0, STORE_PAGE_MAX, add_act, t, t->r);
    if (e == ERR_OK)
        e = t->e;
    if (e == ERR_OK)
        qsort(t->row, t->count, sizeof(*t->row), by_time);
    return e;
}

static const char *words_of(const struct print *p, const char *key, const char *fallback)
{
    const char *words = text_get(p->t, key);

    return strcmp(words, key) == 0 ? text_get(p->t, fallback) : words;
}

/* "Anna de Vries (apotheek)"; what is no user has words of its own ("system") or its name (a locker). */
static void put_who(struct print *p, const struct row *row)
{
    char key[KEY_CAP];

    if (row->role[0] != '\0') {
        (void)snprintf(key, sizeof(key), "trail.role.%s", row->role); /* short */
        print_element(p, "", row->who, " (");
        print_element(p, "", text_get(p->t, key), ")");
    } else if (row->who[0] != '\0') {
        (void)snprintf(key, sizeof(key), "trail.who.%s", row->who); /* KEY_CAP is for it */
        print_text(p, strcmp(text_get(p->t, key), key) == 0 ? row->who : text_get(p->t, key));
    } else {
        print_text(p, text_get(p->t, "trail.who.nobody"));
    }
}

/* Words with {who} and {door}. */
static void put_sentence(struct print *p, const struct row *row)
{
    const char *words = words_of(p, row->key, row->fallback);
    char piece[STORE_TEXT_CAP];

    while (*words != '\0') {
        if (strncmp(words, "{who}", 5) == 0) {
            put_who(p, row);
            words += 5;
        } else if (strncmp(words, "{door}", 6) == 0) {
            print_text(p, row->door[0] != '\0' ? row->door : "?");
            words += 6;
        } else {
            size_t len = 1 + strcspn(words + 1, "{");

            (void)snprintf(piece, sizeof(piece), "%.*s", (int)len, words); /* sentences are short */
            print_text(p, piece);
            words += len;
        }
    }
    if (row->locker[0] != '\0')
        print_element(p, " <small>", row->locker, "</small>");
}

static void put_head(struct trail *t, struct print *p, const struct order *o)
{
    char number[24], telephone[POLICY_TEXT_CAP], now[PRINT_TIME_CAP];

    (void)snprintf(number, sizeof(number), "%lld", (long long)o->number);
    policy_text(t->hub, "telephone", telephone);
    print_time(p, clock_wall_ms() / 1000, now);
    print_words(p, "<main class=\"trail\"><h1>", "trail.title", "</h1>");
    print_words(p, "<p>", "trail.why", "</p>");
    print_markup(p, "<dl>");
    print_pair(p, "trail.for", o->ask.patient);
    print_pair(p, "trail.number", number);
    print_pair(p, "trail.made", now);
    print_pair(p, "trail.call", telephone);
    print_markup(p, "</dl>");
}

static void put_rows(const struct trail *t, struct print *p)
{
    char when[PRINT_TIME_CAP];

    print_words(p, "<table><thead><tr><th scope=\"col\">", "trail.when", "</th>");
    print_words(p, "<th scope=\"col\">", "trail.what", "</th></tr></thead><tbody>");
    for (unsigned i = 0; i < t->count; i++) {
        print_time(p, t->row[i].at_ms / 1000, when);
        print_element(p, "<tr><td>", when, "</td><td>");
        put_sentence(p, &t->row[i]);
        print_markup(p, "</td></tr>");
    }
    print_markup(p, "</tbody></table></main>");
}

enum err trail_page(struct hub *hub, const struct text *text, const struct order *o, char **html, struct reason *r)
{
    struct trail t = {.hub = hub, .r = r};
    struct print p;
    enum err e;

    t.row = calloc(ROWS_MAX, sizeof(*t.row));
    if (t.row == NULL)
        return err_because(r, ERR_MEMORY, "no memory");
    e = gather(&t, o);
    if (e == ERR_OK)
        e = print_open(&p, text, "trail.title", r);
    if (e == ERR_OK) {
        put_head(&t, &p, o);
        put_rows(&t, &p);
        e = print_close(&p, ERR_OK, html, r);
    }
    free(t.row);
    return e;
}
