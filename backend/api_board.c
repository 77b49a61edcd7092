/* SPDX-License-Identifier: Apache-2.0 */
/* api: the board, faults, climate, and the pages themselves. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/label.h"
#include "backend/view.h"
#include "common/json.h"
#include "common/num.h"

#define COMMENT_MAX 200
#define DOORS_MAX 999
#define HOUR_MS (3600 * 1000)

static void answer_or_refuse(struct api_call *c, enum err e, cJSON *tree, const struct reason *r)
{
    if (e == ERR_OK) {
        api_answer(c, 200, tree, NULL);
        return;
    }
    cJSON_Delete(tree);
    api_refuse(c, e, r);
}

/* Polled twice a second: while nothing changed, an empty 304. */
void api_board(struct api_call *c)
{
    struct link_stats stats = {.up = false};
    char tag[80];
    const char *const extra[] = {tag, "Cache-Control: no-cache", NULL};
    const char *known = http_header(c->q, "If-None-Match");
    struct reason r;
    cJSON *tree;
    enum err e;

    (void)snprintf(tag, sizeof(tag), "ETag: \"b%u-%llu-%d\"", c->hub->boot, (unsigned long long)c->hub->revision,
                   (int)c->user.role);
    if (known != NULL && strcmp(known, tag + 6) == 0) {
        http_answer(c->q, 304, NULL, "", 0, extra);
        return;
    }
    if (c->api->link != NULL)
        link_get_stats(c->api->link, &stats);
    tree = json_new_object();
    e = hub_judge(c->hub, view_board(c->hub, c->user.role, &stats, tree, &r), &r);
    if (e == ERR_OK) {
        api_answer(c, 200, tree, extra);
        return;
    }
    cJSON_Delete(tree);
    api_refuse(c, e, &r);
}

void api_lockers(struct api_call *c)
{
    cJSON *tree = json_new_object();
    struct reason r;
    enum err e = hub_judge(c->hub, view_lockers(c->hub, tree, &r), &r);

    answer_or_refuse(c, e, tree, &r);
}

void api_climate(struct api_call *c)
{
    cJSON *tree = json_new_object();
    uint8_t id[STORE_LOCKER_LEN];
    int64_t hours = 0, now_ms = clock_wall_ms();
    struct reason r;
    enum err e;

    if (!api_id(c, 0, id, sizeof(id))) {
        cJSON_Delete(tree);
        return;
    }
    e = api_query_int(c, "hours", 1, 24 * 31, 24, &hours, &r);
    json_put_int(tree, "from_ms", now_ms - hours * HOUR_MS);
    json_put_int(tree, "to_ms", now_ms);
    if (e == ERR_OK)
        e = hub_judge(c->hub, view_climate(c->hub, id, now_ms - hours * HOUR_MS, now_ms + 1, tree, &r), &r);
    answer_or_refuse(c, e, tree, &r);
}

/* ---------------------------------------------------------------- faults */

void api_faults(struct api_call *c)
{
    struct store_fault_filter f = {.open_only = true, .limit = 200};
    const char *all = http_query(c->q, "all");
    cJSON *tree = json_new_object();
    struct reason r;
    enum err e = api_query_int(c, "below", 0, INT64_MAX, 0, &f.below_id, &r);

    f.open_only = all == NULL || strcmp(all, "1") != 0;
    if (e == ERR_OK)
        e = hub_judge(c->hub, view_faults(c->hub, &f, tree, &r), &r);
    answer_or_refuse(c, e, tree, &r);
}

/* The number in segment 0; on false the refusal has been answered. */
static bool fault_id(struct api_call *c, int64_t *id)
{
    const char *text = http_segment(c->q, 0);

    if (text != NULL && num_parse(text, 1, INT64_MAX, id) == ERR_OK)
        return true;
    http_refuse(c->q, 404, "no such fault");
    return false;
}

void api_acknowledge_fault(struct api_call *c)
{
    static const char *const members[] = {NULL};
    cJSON *body;
    struct reason r;
    int64_t id;

    if (!fault_id(c, &id) || !api_body(c, members, &body))
        return;
    cJSON_Delete(body);
    answer_or_refuse(c, act_take_fault(c->hub, &c->who, id, &r), json_new_object(), &r);
}

void api_close_fault(struct api_call *c)
{
    static const char *const members[] = {"comment", NULL};
    const char *comment;
    cJSON *body;
    struct reason r;
    int64_t id;
    enum err e;

    if (!fault_id(c, &id) || !api_body(c, members, &body))
        return;
    e = json_get_text(body, "comment", 1, COMMENT_MAX, &comment, &r);
    if (e == ERR_OK)
        e = act_close_fault(c->hub, &c->who, id, comment, &r);
    cJSON_Delete(body);
    answer_or_refuse(c, e, json_new_object(), &r);
}

/* ---------------------------------------------------------------- labels of doors */

struct doors {
    struct store_compartment *row;
    unsigned count;
};

static bool add_door(void *arg, const struct store_compartment *c)
{
    struct doors *d = arg;

    d->row[d->count++] = *c;
    return d->count < DOORS_MAX;
}

static enum err make_door_labels(struct api_call *c, const uint8_t *id, char **html, struct reason *r)
{
    struct store *s = c->hub->store;
    struct doors d = {.count = 0};
    struct store_locker l;
    enum err e = hub_judge(c->hub, s->ops->locker_get(s, id, &l, r), r);

    if (e != ERR_OK)
        return e;
    d.row = calloc(DOORS_MAX, sizeof(*d.row));
    if (d.row == NULL)
        abort(); /* out of memory: restart */
    e = hub_judge(c->hub, s->ops->compartment_list(s, id, add_door, &d, r), r);
    if (e == ERR_OK && d.count == 0)
        e = err_because(r, ERR_STATE, "locker %s has not described its doors yet", l.name);
    if (e == ERR_OK)
        e = label_doors(api_text(c->api, c->hub->cfg.language), &l, d.row, d.count, html, r);
    free(d.row);
    sodium_memzero(&l, sizeof(l));
    return e;
}

void api_door_labels(struct api_call *c)
{
    static const char *const extra[] = {
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'", NULL};
    uint8_t id[STORE_LOCKER_LEN];
    struct reason r;
    char *html = NULL;
    enum err e;

    if (!api_id(c, 0, id, sizeof(id)))
        return;
    e = make_door_labels(c, id, &html, &r);
    if (e != ERR_OK) {
        api_refuse(c, e, &r);
        return;
    }
    http_answer(c->q, 200, API_HTML, html, strlen(html), extra);
    label_free(html);
}

/* ---------------------------------------------------------------- pages */

void api_asset(struct api_call *c)
{
    const char *name = http_segment(c->q, 0);
    const char *known = http_header(c->q, "If-None-Match");
    char vendor[HTTP_SEGMENT_CAP + 8], tag[48];
    const char *const extra[] = {tag, "Cache-Control: no-cache", NULL};
    const struct asset *a;

    if (name != NULL && strncmp(http_matched(c->q)->path, "/vendor/", 8) == 0) {
        (void)snprintf(vendor, sizeof(vendor), "vendor/%s", name);
        name = vendor;
    }
    if (name != NULL && strcmp(name, "favicon.ico") == 0) { /* browsers ask; the pages have none */
        http_answer(c->q, 204, NULL, "", 0, NULL);
        return;
    }
    a = asset_find(c->api->assets, name != NULL ? name : "index.html");
    if (a == NULL) {
        http_refuse(c->q, 404, "no such page");
        return;
    }
    (void)snprintf(tag, sizeof(tag), "ETag: %s", a->tag);
    if (known != NULL && strcmp(known, a->tag) == 0)
        http_answer(c->q, 304, NULL, "", 0, extra);
    else
        http_answer(c->q, 200, a->type, a->bytes, a->len, extra);
}
