/* SPDX-License-Identifier: Apache-2.0 */
/* api: orders: FHIR, JSON and CSV in; packing, printing, withdrawing; evidence out. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/api_part.h"
#include "backend/csv.h"
#include "backend/fhir.h"
#include "backend/import.h"
#include "backend/orderjson.h"
#include "backend/pack.h"
#include "backend/policy.h"
#include "backend/view.h"
#include "common/json.h"
#include "common/num.h"

#define COMMENT_MAX 200

/* ---------------------------------------------------------------- answering with an order */

static void answer_order(struct api_call *c, unsigned status, const struct order *o)
{
    cJSON *tree = json_new_object();
    struct reason r;
    enum err e = hub_judge(c->hub, view_order(c->hub, c->user.role, o, tree, &r), &r);

    if (e == ERR_OK) {
        api_answer(c, status, tree, NULL);
        return;
    }
    cJSON_Delete(tree);
    api_refuse(c, e, &r);
}

/* ---------------------------------------------------------------- FHIR */

static int offset_min(int64_t ms)
{
    time_t t = (time_t)(ms / 1000);
    struct tm local;

    return localtime_r(&t, &local) == NULL ? 0 : (int)(local.tm_gmtoff / 60);
}

static enum err evidence(struct hub *hub, const struct order *o, char **out, struct reason *r)
{
    struct store *s = hub->store;
    struct fhir_place place = {.pharmacy_name = hub->cfg.pharmacy_name,
                               .pharmacy_ura = hub->cfg.pharmacy_ura,
                               .offset_min = offset_min(o->proof.opened_ms)};
    struct store_locker l = {.name = ""};
    char *kept = NULL;
    enum err e = s->ops->order_kept(s, o->id, &kept, r);

    if (e == ERR_OK && !sodium_is_zero(o->locker, sizeof(o->locker))) {
        e = s->ops->locker_get(s, o->locker, &l, r);
        place.locker_name = l.name;
    }
    if (o->proof.actor == ORDER_ACTOR_COUNTER)
        place.locker_name = NULL;
    if (e == ERR_OK)
        e = hub_judge(hub, fhir_evidence(o, kept, &place, out, r), r);
    free(kept);
    sodium_memzero(&l, sizeof(l));
    return e;
}

static void refuse_fhir(struct api_call *c, unsigned status, const struct fhir_issue *issue, const struct reason *r)
{
    char *text = fhir_outcome(issue, r);

    http_answer(c->q, status, API_FHIR, text, strlen(text), NULL);
    free(text);
}

static void answer_dispense(struct api_call *c, unsigned status, const struct order *o)
{
    const struct fhir_issue issue = {.code = "exception", .expression = "MedicationDispense"};
    char hex[2 * ORDER_ID_LEN + 1], location[80];
    const char *const extra[] = {location, NULL};
    struct reason r;
    char *text;
    enum err e = evidence(c->hub, o, &text, &r);

    if (e != ERR_OK) {
        refuse_fhir(c, api_status(e), &issue, &r);
        return;
    }
    num_to_hex(o->id, sizeof(o->id), hex);
    (void)snprintf(location, sizeof(location), "%s: /fhir/MedicationDispense/%s",
                   status == 200 ? "Content-Location" : "Location", hex);
    http_answer(c->q, status, API_FHIR, text, strlen(text), extra);
    free(text);
}

void api_bundle(struct api_call *c)
{
    struct fhir_cfg cfg = {.accept_any_ura = c->hub->cfg.accept_any_ura};
    struct fhir_issue issue = {.code = "exception", .expression = "Bundle"};
    struct request ask;
    struct order o;
    struct reason r;
    char *kept = NULL;
    bool existed;
    size_t len;
    const char *body = http_body(c->q, &len);
    enum err e;

    memcpy(cfg.ura, c->hub->cfg.pharmacy_ura, sizeof(cfg.ura));
    e = fhir_read(body, len, &cfg, &ask, &kept, &issue, &r);
    if (e != ERR_OK) {
        refuse_fhir(c, fhir_http_status(e), &issue, &r);
        return;
    }
    e = act_register(c->hub, &c->who, &ask, kept, &o, &existed, &r);
    if (e == ERR_OK)
        answer_dispense(c, existed ? 200 : 201, &o);
    else
        refuse_fhir(c, api_status(e), &issue, &r);
    free(kept);
    sodium_memzero(&ask, sizeof(ask));
}

void api_dispense(struct api_call *c)
{
    const struct fhir_issue issue = {.code = "not-found", .expression = "MedicationDispense"};
    uint8_t id[ORDER_ID_LEN];
    struct order o;
    struct reason r;
    enum err e = num_from_hex(http_segment(c->q, 0), id, sizeof(id));

    if (e == ERR_OK)
        e = hub_judge(c->hub, c->hub->store->ops->order_get(c->hub->store, id, &o, &r), &r);
    if (e == ERR_OK)
        e = act_note(c->hub, &c->who, "order.fhir_read", o.id, NULL, NULL, &r);
    if (e == ERR_OK) {
        answer_dispense(c, 200, &o);
        return;
    }
    if (e == ERR_NOT_FOUND || e == ERR_SYNTAX)
        (void)err_because(&r, e, "no dispense with this id");
    refuse_fhir(c, e == ERR_SYNTAX ? 404 : api_status(e), &issue, &r);
}

/* ---------------------------------------------------------------- one order */

void api_order(struct api_call *c)
{
    struct order o;
    struct reason r;
    cJSON *tree;
    enum err e;

    if (!api_order_of(c, &o))
        return;
    tree = json_new_object();
    e = view_order(c->hub, c->user.role, &o, tree, &r);
    if (e == ERR_OK)
        e = view_order_history(c->hub, c->user.role, &o, tree, &r);
    if (e == ERR_OK && view_role_knows_patients(c->user.role))
        e = view_contacts(c->hub, &o, tree, &r);
    if (e == ERR_OK && view_role_knows_patients(c->user.role))
        e = view_together(c->hub, &o, tree, &r);
    e = hub_judge(c->hub, e, &r);
    if (e == ERR_OK && view_role_knows_patients(c->user.role)) /* who looked at whom, NEN 7513 */
        e = act_note(c->hub, &c->who, "order.viewed", o.id, NULL, NULL, &r);
    api_give(c, e, tree, &r);
}

/* ---------------------------------------------------------------- new orders */

void api_new_order(struct api_call *c)
{
    struct request ask;
    struct order o;
    struct reason r;
    bool existed;
    size_t len;
    const char *body = http_body(c->q, &len);
    enum err e = orderjson_read(body, len, &ask, &r);

    if (e != ERR_OK) {
        api_refuse_text(c, e, &r);
        return;
    }
    e = act_register(c->hub, &c->who, &ask, NULL, &o, &existed, &r);
    if (e == ERR_OK)
        answer_order(c, existed ? 200 : 201, &o);
    else
        api_refuse(c, e, &r);
    sodium_memzero(&ask, sizeof(ask));
}

struct registering {
    cJSON *rows;
    int64_t created;
};

static void add_registered(void *arg, const struct order *o, bool existed)
{
    struct registering *to = arg;
    cJSON *row = json_put_object(to->rows, NULL);

    json_put_hex(row, "id", o->id, sizeof(o->id));
    json_put_int(row, "number", o->number);
    json_put_bool(row, "existed", existed);
    to->created += existed ? 0 : 1;
}

static enum err register_rows(struct api_call *c, const struct request *rows, size_t n, cJSON *tree, struct reason *r)
{
    struct registering to = {.rows = json_put_array(tree, "orders")};
    enum err e = act_register_all(c->hub, &c->who, rows, n, add_registered, &to, r);

    json_put_int(tree, "created", to.created);
    return e;
}

/* One portion of the table, and how far it is. */
static enum err import_rows(struct api_call *c, const struct import *x, cJSON *tree, struct reason *r)
{
    struct store_import at;
    bool before;
    enum err e = import_next(c->hub, &c->who, x, &at, &before, r);

    if (e != ERR_OK)
        return e;
    json_put_int(tree, "rows", at.rows);
    json_put_int(tree, "done", at.done);
    json_put_int(tree, "created", at.made);
    json_put_int(tree, "at_ms", at.at_ms);
    json_put_bool(tree, "before", before);
    return ERR_OK;
}

void api_new_orders_csv(struct api_call *c)
{
    int64_t portion = 0, again_ms = 0;
    struct csv_place where = {.line = 0};
    cJSON *tree = json_new_object();
    struct request *rows = NULL;
    struct reason r;
    size_t n = 0, len;
    const char *body = http_body(c->q, &len);
    const struct request_now now = act_now();
    enum err e = csv_read(body, len, &now, &rows, &n, &where, &r);

    if (e != ERR_OK) {
        json_put_text(tree, "error", r.text);
        json_put_int(tree, "line", where.line);
        json_put_int(tree, "column", where.column);
        api_answer(c, api_status(e), tree, NULL);
        return;
    }
    e = api_query_int(c, "portion", 1, CSV_MAX_ROWS, 0, &portion, &r);
    if (e == ERR_OK)
        e = api_query_int(c, "again", 1, INT64_MAX, 0, &again_ms, &r);
    if (e == ERR_OK && portion > 0)
        e = import_rows(
            c,
            &(struct import){
                .text = body, .len = len, .rows = rows, .n = n, .portion = (size_t)portion, .again_ms = again_ms},
            tree, &r);
    else if (e == ERR_OK)
        e = register_rows(c, rows, n, tree, &r);
    csv_free(rows, n);
    api_give(c, e, tree, &r);
}

/* ---------------------------------------------------------------- packing */

struct packing {
    struct api_job job;
    struct pack pack;
};

static enum err packing_begin(struct api_job *j, struct reason *r)
{
    struct packing *p = (struct packing *)j;
    enum err e = pack_begin(j->api->hub, &p->pack, r);

    j->capped = p->pack.capped;
    return e;
}

static void packing_run(struct api_job *j)
{
    mint_stretch(&((struct packing *)j)->pack.job);
}

static void put_link(cJSON *tree, const char *key, const char *hex)
{
    char path[80];

    (void)snprintf(path, sizeof(path), "/api/orders/%s/%s", hex, key);
    json_put_text(tree, key, path);
}

static enum err packing_finish(struct api_job *j, cJSON *tree, struct reason *r)
{
    struct packing *p = (struct packing *)j;
    struct hub *hub = j->api->hub;
    char hex[2 * ORDER_ID_LEN + 1];
    struct order o;
    enum err e = pack_finish(hub, &p->pack, &o, r);

    j->capped = p->pack.capped;
    if (e != ERR_OK)
        return e;
    num_to_hex(o.id, sizeof(o.id), hex);
    put_link(tree, "label", hex);
    put_link(tree, "slip", hex);
    e = view_order(hub, j->role, &o, json_put_object(tree, "order"), r);
    if (e == ERR_OK)
        e = view_together(hub, &o, tree, r);
    if (e == ERR_OK)
        e = view_carers(hub, &o, tree, r);
    return hub_judge(hub, e, r);
}

static const struct api_job_kind packing_kind = {
    .size = sizeof(struct packing),
    .status = 200,
    .begin = packing_begin,
    .run = packing_run,
    .finish = packing_finish,
};

static struct packing *packing_new(const struct api_call *c, const uint8_t id[ORDER_ID_LEN])
{
    struct packing *p = api_job_new(c, &packing_kind);

    p->pack.who = c->who;
    memcpy(p->pack.order, id, ORDER_ID_LEN);
    return p;
}

static enum err read_choice(struct hub *hub, const cJSON *body, struct pack *p, struct reason *r)
{
    const char *size;
    enum err e = ERR_OK;

    p->strip = policy_flag(hub, "strip");
    p->any_locker = cJSON_GetObjectItemCaseSensitive(body, "locker") == NULL;
    if (!p->any_locker)
        e = json_get_hex(body, "locker", p->locker, sizeof(p->locker), r);
    if (e == ERR_OK && cJSON_GetObjectItemCaseSensitive(body, "size") != NULL) {
        e = json_get_text(body, "size", 1, 1, &size, r);
        if (e == ERR_OK)
            e = token_size_parse(size, &p->size);
        if (e != ERR_OK)
            return err_because(r, e, "size: must be S, M or L");
        p->has_size = true;
    }
    if (e == ERR_OK && cJSON_GetObjectItemCaseSensitive(body, "low_door") != NULL) {
        e = json_get_bool(body, "low_door", &p->low_door, r);
        p->has_low = e == ERR_OK;
    }
    if (e == ERR_OK && cJSON_GetObjectItemCaseSensitive(body, "alone") != NULL)
        e = json_get_bool(body, "alone", &p->alone, r);
    if (e == ERR_OK && cJSON_GetObjectItemCaseSensitive(body, "strip") != NULL)
        e = json_get_bool(body, "strip", &p->strip, r);
    return e;
}

void api_pack(struct api_call *c)
{
    static const char *const members[] = {"locker", "size", "low_door", "alone", "strip", NULL};
    struct packing *p;
    uint8_t id[ORDER_ID_LEN];
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_id(c, 0, id, sizeof(id)) || !api_body(c, members, &body))
        return;
    p = packing_new(c, id);
    e = read_choice(c->hub, body, &p->pack, &r);
    cJSON_Delete(body);
    api_job_start(c, &p->job, e, &r);
}

void api_repack(struct api_call *c, const struct order *o, const char *reason)
{
    struct packing *p = packing_new(c, o->id);
    struct reason r;

    memcpy(p->pack.locker, o->locker, sizeof(p->pack.locker));
    p->pack.repack = true;
    (void)snprintf(p->pack.reason, sizeof(p->pack.reason), "%s", reason); /* length was checked */
    api_job_start(c, &p->job, ERR_OK, &r);
}

/* ---------------------------------------------------------------- steps */

/* The steps of people, and who takes them; withdrawing has its own address as well. */
static const struct {
    enum order_event_kind kind;
    bool logistics;
} steps[] = {
    {ORDER_EVENT_CANCEL, false},   {ORDER_EVENT_DEPART, true},    {ORDER_EVENT_ARRIVE_BACK, true},
    {ORDER_EVENT_WITHDRAW, false}, {ORDER_EVENT_TAKE_BACK, true}, {ORDER_EVENT_COUNTER, false},
    {ORDER_EVENT_RESTOCK, false},  {ORDER_EVENT_DESTROY, false},
};

static void take_step(struct api_call *c, enum order_event_kind kind, const char *comment)
{
    uint8_t id[ORDER_ID_LEN];
    struct order o;
    struct reason r;
    enum err e;

    if (!api_id(c, 0, id, sizeof(id)))
        return;
    e = act_step(c->hub, &c->who, id, kind, comment, &o, &r);
    if (e == ERR_OK)
        answer_order(c, 200, &o);
    else
        api_refuse(c, e, &r);
}

void api_withdraw(struct api_call *c)
{
    static const char *const members[] = {"comment", NULL};
    const char *comment;
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_body(c, members, &body))
        return;
    e = api_optional_text(body, "comment", COMMENT_MAX, &comment, &r);
    if (e == ERR_OK)
        take_step(c, ORDER_EVENT_WITHDRAW, comment);
    else
        api_refuse(c, e, &r);
    cJSON_Delete(body);
}

static enum err find_step(const struct api_call *c, const char *name, enum order_event_kind *out, struct reason *r)
{
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (strcmp(order_event_name(steps[i].kind), name) != 0)
            continue;
        if (!steps[i].logistics && c->user.role != STORE_ROLE_PHARMACIST)
            return err_because(r, ERR_DENIED, "your role may not do this");
        *out = steps[i].kind;
        return ERR_OK;
    }
    return err_because(r, ERR_UNKNOWN, "event: not a step of people");
}

void api_step(struct api_call *c)
{
    static const char *const members[] = {"event", "comment", NULL};
    enum order_event_kind kind = ORDER_EVENT_CANCEL;
    const char *event, *comment = "";
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_body(c, members, &body))
        return;
    e = json_get_text(body, "event", 1, STORE_TOKEN_CAP - 1, &event, &r);
    if (e == ERR_OK)
        e = api_optional_text(body, "comment", COMMENT_MAX, &comment, &r);
    if (e == ERR_OK)
        e = find_step(c, event, &kind, &r);
    if (e == ERR_OK)
        take_step(c, kind, comment);
    else
        api_refuse(c, e, &r);
    cJSON_Delete(body);
}
