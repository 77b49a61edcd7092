/* SPDX-License-Identifier: Apache-2.0 */
/* api: return tours, and what a locker told lately (for who stands before it with a telephone). */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/tour.h"
#include "backend/view.h"
#include "common/json.h"

#define NOTE_MAX 200
#define SCAN_MAX (TOKEN_TEXT_CAP - 1)
#define EVENTS_MAX 100

/* ---------------------------------------------------------------- the plan */

static void put_order(const struct tour_step *x, cJSON *row)
{
    cJSON *order;

    if (!x->has_order) {
        json_put_text(row, "order", NULL);
        return;
    }
    order = json_put_object(row, "order");
    json_put_hex(order, "id", x->order.id, sizeof(x->order.id));
    json_put_int(order, "number", x->order.number);
    json_put_text(order, "state", order_state_name(x->order.state));
    json_put_text(order, "zone", token_zone_name(x->order.ask.zone));
    json_put_text(order, "class", token_class_name(x->order.ask.cls));
    json_put_int(order, "not_after_s", x->order.ask.not_after_s);
}

static void put_step(const struct tour_step *x, cJSON *row)
{
    json_put_int(row, "place", x->stop.place);
    json_put_text(row, "door", x->stop.door[0] != '\0' ? x->stop.door : NULL);
    json_put_text(row, "reason", store_tour_reason_name(x->stop.reason));
    json_put_text(row, "mark", tour_mark_name(x->mark));
    json_put_text(row, "goal", tour_goal_name(x->goal));
    json_put_text(row, "state", x->has_door && x->door.state[0] != '\0' ? x->door.state : NULL);
    json_put_text(row, "contact", x->has_door && x->door.contact[0] != '\0' ? x->door.contact : NULL);
    json_put_text(row, "note", x->stop.note[0] != '\0' ? x->stop.note : NULL);
    json_put_text(row, "explained_by", x->stop.explained_by[0] != '\0' ? x->stop.explained_by : NULL);
    put_order(x, row);
}

static void put_plan(const struct tour_plan *p, cJSON *tree)
{
    cJSON *stops;

    json_put_bool(tree, "open", p->open);
    if (p->open) {
        json_put_int(tree, "id", p->tour.id);
        json_put_int(tree, "started_ms", p->tour.started_ms);
        json_put_text(tree, "started_by", p->tour.started_by);
    }
    json_put_int(tree, "left", p->left);
    stops = json_put_array(tree, "stops");
    for (unsigned i = 0; i < p->steps; i++)
        put_step(&p->step[i], json_put_object(stops, NULL));
}

static void answer_plan(struct api_call *c, const uint8_t *locker, const char *const *extra)
{
    cJSON *tree = json_new_object();
    struct tour_plan p = {.open = false};
    struct reason r;
    enum err e = tour_look(c->hub, locker, &p, &r);

    if (e == ERR_OK) {
        put_plan(&p, tree);
        tour_free(&p);
        api_answer(c, 200, tree, extra);
        return;
    }
    cJSON_Delete(tree);
    api_refuse(c, e, &r);
}

void api_tour(struct api_call *c)
{
    char tag[80];
    const char *const extra[] = {tag, "Cache-Control: no-cache", NULL};
    const char *known = http_header(c->q, "If-None-Match");
    uint8_t id[STORE_LOCKER_LEN];

    if (!api_id(c, 0, id, sizeof(id)))
        return;
    (void)snprintf(tag, sizeof(tag), "ETag: \"t%u-%llu\"", c->hub->boot, (unsigned long long)c->hub->revision);
    if (known != NULL && strcmp(known, tag + 6) == 0)
        http_answer(c->q, 304, NULL, "", 0, extra);
    else
        answer_plan(c, id, extra);
}

/* ---------------------------------------------------------------- acts */

static void answer_act(struct api_call *c, enum err e, const uint8_t *locker, const struct reason *r)
{
    if (e == ERR_OK)
        answer_plan(c, locker, NULL);
    else
        api_refuse(c, e, r);
}

static void start_or_end(struct api_call *c,
                         enum err (*act)(struct hub *, const struct act_who *, const uint8_t *, struct reason *))
{
    static const char *const members[] = {NULL};
    uint8_t id[STORE_LOCKER_LEN];
    struct reason r;
    cJSON *body;

    if (!api_id(c, 0, id, sizeof(id)) || !api_body(c, members, &body))
        return;
    cJSON_Delete(body);
    answer_act(c, act(c->hub, &c->who, id, &r), id, &r);
}

void api_tour_start(struct api_call *c)
{
    start_or_end(c, tour_start);
}

void api_tour_end(struct api_call *c)
{
    start_or_end(c, tour_finish);
}

void api_tour_scan(struct api_call *c)
{
    static const char *const members[] = {"label", NULL};
    const char *label = NULL;
    uint8_t id[STORE_LOCKER_LEN];
    struct order o;
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_id(c, 0, id, sizeof(id)) || !api_body(c, members, &body))
        return;
    e = json_get_text(body, "label", 1, SCAN_MAX, &label, &r);
    if (e == ERR_OK)
        e = tour_scan(c->hub, &c->who, id, label, &o, &r);
    cJSON_Delete(body);
    sodium_memzero(&o, sizeof(o));
    answer_act(c, e, id, &r);
}

void api_tour_explain(struct api_call *c)
{
    static const char *const members[] = {"place", "note", NULL};
    const char *note = NULL;
    char clean[STORE_TEXT_CAP];
    uint8_t id[STORE_LOCKER_LEN];
    int64_t place = 0;
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_id(c, 0, id, sizeof(id)) || !api_body(c, members, &body))
        return;
    e = json_get_int(body, "place", 1, TOUR_STOPS_MAX, &place, &r);
    if (e == ERR_OK)
        e = json_get_text(body, "note", 1, NOTE_MAX, &note, &r);
    if (e == ERR_OK && request_text(clean, sizeof(clean), note, strlen(note)) != ERR_OK)
        e = err_because(&r, ERR_SYNTAX, "note: control characters");
    if (e == ERR_OK)
        e = tour_explain(c->hub, &c->who, id, (unsigned)place, clean, &r);
    cJSON_Delete(body);
    answer_act(c, e, id, &r);
}

/* ---------------------------------------------------------------- what happened just now */

void api_locker_events(struct api_call *c)
{
    char tag[80];
    const char *const extra[] = {tag, "Cache-Control: no-cache", NULL};
    const char *known = http_header(c->q, "If-None-Match");
    uint8_t id[STORE_LOCKER_LEN];
    int64_t limit = 0;
    struct reason r;
    cJSON *tree;
    enum err e;

    if (!api_id(c, 0, id, sizeof(id)))
        return;
    (void)snprintf(tag, sizeof(tag), "ETag: \"e%u-%llu\"", c->hub->boot, (unsigned long long)c->hub->revision);
    if (known != NULL && strcmp(known, tag + 6) == 0) {
        http_answer(c->q, 304, NULL, "", 0, extra);
        return;
    }
    tree = json_new_object();
    e = api_query_int(c, "limit", 1, EVENTS_MAX, 30, &limit, &r);
    if (e == ERR_OK)
        e = hub_judge(c->hub, view_locker_events(c->hub, id, (unsigned)limit, tree, &r), &r);
    if (e == ERR_OK) {
        api_answer(c, 200, tree, extra);
        return;
    }
    cJSON_Delete(tree);
    api_refuse(c, e, &r);
}
