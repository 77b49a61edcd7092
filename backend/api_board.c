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

#define DOORS_MAX 999

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

    api_give(c, e, tree, &r);
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
    uint8_t id[STORE_LOCKER_LEN];
    struct reason r;
    char *html = NULL;
    enum err e;

    if (!api_id(c, 0, id, sizeof(id)))
        return;
    e = make_door_labels(c, id, &html, &r);
    api_give_page(c, e, html, &r);
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
