/* SPDX-License-Identifier: Apache-2.0 */
/* api: what logistics asks: temperature, tickets, the round, use. */
#include <string.h>

#include "backend/api_part.h"
#include "backend/figures.h"
#include "backend/view.h"
#include "common/json.h"
#include "common/num.h"

#define HOUR_MS (INT64_C(3600) * 1000)
#define MINUTES_MAX 120

/* ---------------------------------------------------------------- climate */

void api_climate(struct api_call *c)
{
    int64_t hours = 0, now_ms = clock_wall_ms();
    uint8_t id[STORE_LOCKER_LEN];
    struct reason r;
    cJSON *tree;
    enum err e;

    if (!api_id(c, 0, id, sizeof(id)))
        return;
    tree = json_new_object();
    e = api_query_int(c, "hours", 1, 24 * 31, 24, &hours, &r);
    json_put_int(tree, "from_ms", now_ms - hours * HOUR_MS);
    json_put_int(tree, "to_ms", now_ms);
    if (e == ERR_OK)
        e = hub_judge(c->hub, figures_climate(c->hub, id, now_ms - hours * HOUR_MS, now_ms, tree, &r), &r);
    api_give(c, e, tree, &r);
}

static enum err read_seen(const cJSON *body, struct store_excursion_note *x, struct reason *r)
{
    const char *sensor = NULL, *comment = NULL;
    enum err e = json_get_text(body, "sensor", 1, sizeof(x->sensor) - 1, &sensor, r);

    if (e == ERR_OK)
        e = json_get_int(body, "start_ms", 1, INT64_C(253402300799999), &x->start_ms, r);
    if (e == ERR_OK)
        e = json_get_text(body, "comment", 1, ACT_COMMENT_MAX, &comment, r);
    if (e != ERR_OK)
        return e;
    memcpy(x->sensor, sensor, strlen(sensor));
    memcpy(x->text, comment, strlen(comment));
    return ERR_OK;
}

void api_climate_seen(struct api_call *c)
{
    static const char *const members[] = {"sensor", "start_ms", "comment", NULL};
    struct store_excursion_note x = {.role = c->user.role};
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_id(c, 0, x.locker, sizeof(x.locker)) || !api_body(c, members, &body))
        return;
    e = read_seen(body, &x, &r);
    cJSON_Delete(body);
    if (e == ERR_OK)
        e = act_note_excursion(c->hub, &c->who, &x, &r);
    api_give(c, e, json_new_object(), &r);
}

/* ---------------------------------------------------------------- tickets */

void api_faults(struct api_call *c)
{
    struct store_fault_filter f = {.open_only = true};
    const char *all = http_query(c->q, "all"), *locker = http_query(c->q, "locker");
    int64_t limit = 0;
    struct reason r;
    cJSON *tree;
    enum err e = api_query_int(c, "below", 0, INT64_MAX, 0, &f.below_id, &r);

    if (e == ERR_OK)
        e = api_query_int(c, "limit", 1, STORE_PAGE_MAX, 200, &limit, &r);
    if (e == ERR_OK && locker != NULL && num_from_hex(locker, f.locker, sizeof(f.locker)) != ERR_OK)
        e = err_because(&r, ERR_SYNTAX, "locker: not an id");
    f.has_locker = locker != NULL;
    f.limit = (unsigned)limit;
    f.open_only = all == NULL || strcmp(all, "1") != 0;
    tree = json_new_object();
    if (e == ERR_OK)
        e = hub_judge(c->hub, view_faults(c->hub, &f, tree, &r), &r);
    api_give(c, e, tree, &r);
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

void api_fault(struct api_call *c)
{
    struct reason r;
    cJSON *tree;
    int64_t id;

    if (!fault_id(c, &id))
        return;
    tree = json_new_object();
    api_give(c, hub_judge(c->hub, figures_ticket(c->hub, id, tree, &r), &r), tree, &r);
}

void api_acknowledge_fault(struct api_call *c)
{
    static const char *const members[] = {NULL};
    struct reason r;
    cJSON *body;
    int64_t id;

    if (!fault_id(c, &id) || !api_body(c, members, &body))
        return;
    cJSON_Delete(body);
    api_give(c, act_take_fault(c->hub, &c->who, id, &r), json_new_object(), &r);
}

static void say_on_fault(struct api_call *c, enum err (*act)(struct hub *hub, const struct act_who *who, int64_t id,
                                                             const char *comment, struct reason *r))
{
    static const char *const members[] = {"comment", NULL};
    const char *comment;
    struct reason r;
    cJSON *body;
    int64_t id;
    enum err e;

    if (!fault_id(c, &id) || !api_body(c, members, &body))
        return;
    e = json_get_text(body, "comment", 1, ACT_COMMENT_MAX, &comment, &r);
    if (e == ERR_OK)
        e = act(c->hub, &c->who, id, comment, &r);
    cJSON_Delete(body);
    api_give(c, e, json_new_object(), &r);
}

void api_comment_fault(struct api_call *c)
{
    say_on_fault(c, act_comment_fault);
}

void api_close_fault(struct api_call *c)
{
    say_on_fault(c, act_close_fault);
}

/* ---------------------------------------------------------------- round and use */

void api_round(struct api_call *c)
{
    cJSON *tree = json_new_object();
    struct reason r;

    api_give(c, hub_judge(c->hub, figures_round(c->hub, clock_wall_ms(), tree, &r), &r), tree, &r);
}

static enum err read_minutes(const struct api_call *c, struct use_minutes *m, struct reason *r)
{
    enum err e = api_query_int(c, "counter", 0, MINUTES_MAX, m->counter, &m->counter, r);

    if (e == ERR_OK)
        e = api_query_int(c, "load", 0, MINUTES_MAX, m->load, &m->load, r);
    return e == ERR_OK ? api_query_int(c, "back", 0, MINUTES_MAX, m->back, &m->back, r) : e;
}

void api_use(struct api_call *c)
{
    struct figures_use_ask ask = {.minutes = USE_MINUTES_DEFAULT};
    const char *locker = http_query(c->q, "locker"), *shared = http_query(c->q, "shared");
    uint8_t id[STORE_LOCKER_LEN];
    struct reason r;
    int64_t days = 0;
    cJSON *tree;
    enum err e = api_query_int(c, "days", 1, USE_DAYS_MAX, 28, &days, &r);

    if (e == ERR_OK)
        e = read_minutes(c, &ask.minutes, &r);
    if (e == ERR_OK && locker != NULL && num_from_hex(locker, id, sizeof(id)) != ERR_OK)
        e = err_because(&r, ERR_SYNTAX, "locker: not an id");
    ask.locker = locker != NULL ? id : NULL;
    ask.days = (unsigned)days;
    ask.shared = shared != NULL && strcmp(shared, "1") == 0;
    tree = json_new_object();
    if (e == ERR_OK)
        e = hub_judge(c->hub, figures_use(c->hub, &ask, clock_wall_ms(), tree, &r), &r);
    api_give(c, e, tree, &r);
}
