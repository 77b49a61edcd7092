/* SPDX-License-Identifier: Apache-2.0 */
/* api: the one list of what needs a decision of a pharmacist now. */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/exception.h"
#include "backend/view.h"
#include "common/json.h"
#include "common/num.h"

#define ENTRIES_MAX 500
#define FAULTS_MAX STORE_PAGE_MAX
#define MINUTE_MS 60000

struct entry {
    struct exception x;
    bool has_order, has_fault;
    struct order order;
    struct store_fault fault;
    int64_t contact_ms, told_ms;
};

struct gathering {
    struct hub *hub;
    int64_t now_ms;
    struct store_fault *fault; /* open ones that matter here */
    unsigned faults;
    struct entry *entry;
    unsigned entries;
    bool more; /* than fit */
    int64_t last_number;
    unsigned seen; /* of this page */
    enum err e;
    struct reason *r;
};

static bool keep_fault(void *arg, const struct store_fault *f)
{
    struct gathering *g = arg;

    if (f->kind == STORE_FAULT_JAM || f->kind == STORE_FAULT_REPORTED || f->kind == STORE_FAULT_CONTRADICTION)
        g->fault[g->faults++] = *f;
    return g->faults < FAULTS_MAX;
}

static const struct store_fault *find_fault(const struct gathering *g, enum store_fault_kind kind,
                                            const uint8_t *locker, const char *subject)
{
    for (unsigned i = 0; i < g->faults; i++) {
        const struct store_fault *f = &g->fault[i];

        if (f->kind == kind && memcmp(f->locker, locker, STORE_LOCKER_LEN) == 0 && strcmp(f->subject, subject) == 0)
            return f;
    }
    return NULL;
}

static struct entry *new_entry(struct gathering *g)
{
    if (g->entries == ENTRIES_MAX) {
        g->more = true;
        return NULL;
    }
    return &g->entry[g->entries++];
}

/* A bag whose time is far from over: contacts do not matter. Most bags of a fleet are such. */
static bool is_early(const struct gathering *g, const struct order *o)
{
    return o->state == ORDER_READY && g->now_ms < (o->ask.not_after_s - EXCEPTION_ENDING_H * INT64_C(3600)) * 1000;
}

static enum err contact_times(struct gathering *g, const struct order *o, struct exception_facts *f)
{
    struct store *s = g->hub->store;
    struct store_contact c;
    enum err e = s->ops->contact_last(s, o->id, false, &c, g->r);

    if (e == ERR_OK)
        f->contact_ms = c.at_ms;
    if (e == ERR_OK)
        e = s->ops->contact_last(s, o->id, true, &c, g->r);
    if (e == ERR_OK)
        f->told_ms = c.at_ms;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err judge_order(struct gathering *g, const struct order *o)
{
    struct store *s = g->hub->store;
    char number[24];
    struct exception_facts f = {.order = o};
    struct store_compartment door;
    struct exception x;
    struct entry *into;
    enum err e = is_early(g, o) ? ERR_OK : contact_times(g, o, &f);

    (void)snprintf(number, sizeof(number), "%lld", (long long)o->number);
    if (e == ERR_OK && o->door[0] != '\0') {
        e = s->ops->compartment_get(s, o->locker, o->door, &door, g->r);
        f.door = e == ERR_OK ? &door : NULL;
        f.jam = find_fault(g, STORE_FAULT_JAM, o->locker, o->door);
        e = e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    f.reported = find_fault(g, STORE_FAULT_REPORTED, o->locker, number);
    if (e != ERR_OK || !exception_of_order(&f, g->now_ms, &x) || (into = new_entry(g)) == NULL)
        return e;
    *into = (struct entry){.x = x, .has_order = true, .order = *o, .contact_ms = f.contact_ms, .told_ms = f.told_ms};
    if (f.reported != NULL || (f.jam != NULL && x.kind == EXCEPTION_JAM)) {
        into->has_fault = true;
        into->fault = f.reported != NULL ? *f.reported : *f.jam;
    }
    return ERR_OK;
}

static bool take_order(void *arg, const struct order *o)
{
    struct gathering *g = arg;

    g->last_number = o->number;
    g->seen++;
    g->e = judge_order(g, o);
    return g->e == ERR_OK;
}

static enum err gather_orders(struct gathering *g)
{
    struct store_order_filter f = {.states = exception_states(), .limit = STORE_PAGE_MAX};
    enum err e;

    do {
        g->seen = 0;
        e = g->hub->store->ops->order_list(g->hub->store, &f, take_order, g, g->r);
        if (e == ERR_OK)
            e = g->e;
        f.below_number = g->last_number;
    } while (e == ERR_OK && g->seen == STORE_PAGE_MAX && !g->more);
    return e;
}

static bool is_listed(const struct gathering *g, const struct store_fault *f)
{
    assert(g->entry != NULL);
    for (unsigned i = 0; i < g->entries; i++) {
        if (g->entry[i].has_fault && g->entry[i].fault.id == f->id)
            return true;
    }
    return false;
}

/* Faults that no order in the list stands for. */
static enum err gather_faults(struct gathering *g)
{
    enum err e = ERR_OK;

    for (unsigned i = 0; i < g->faults && e == ERR_OK; i++) {
        const struct store_fault *f = &g->fault[i];
        struct exception x;
        struct entry *into;
        int64_t number;

        if (!exception_of_fault(f, &x) || is_listed(g, f) || (into = new_entry(g)) == NULL)
            continue;
        *into = (struct entry){.x = x, .has_fault = true, .fault = *f};
        if (num_parse(f->subject, 1, INT64_MAX, &number) == ERR_OK) {
            e = g->hub->store->ops->order_find(g->hub->store, number, &into->order, g->r);
            into->has_order = e == ERR_OK;
            e = e == ERR_NOT_FOUND ? ERR_OK : e;
        }
    }
    return e;
}

/* The worst first, of the same kind the oldest. */
static int compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->x.kind != y->x.kind)
        return x->x.kind < y->x.kind ? -1 : 1;
    return (x->x.since_ms > y->x.since_ms) - (x->x.since_ms < y->x.since_ms);
}

static enum err put_entry(const struct gathering *g, enum store_role role, const struct entry *n, cJSON *row)
{
    cJSON *acts;
    enum err e = ERR_OK;

    json_put_text(row, "kind", exception_kind_name(n->x.kind));
    json_put_int(row, "since_ms", n->x.since_ms);
    acts = json_put_array(row, "acts");
    for (unsigned i = 0; i < n->x.acts; i++)
        json_put_text(acts, NULL, exception_act_name(n->x.act[i]));
    if (n->has_fault) {
        cJSON *fault = json_put_object(row, "fault");

        json_put_int(fault, "id", n->fault.id);
        json_put_hex(fault, "locker", n->fault.locker, sizeof(n->fault.locker));
        json_put_text(fault, "kind", store_fault_name(n->fault.kind));
        json_put_text(fault, "subject", n->fault.subject);
        json_put_text(fault, "detail", n->fault.detail);
        json_put_text(fault, "taken_by", n->fault.taken_by[0] != '\0' ? n->fault.taken_by : NULL);
    } else {
        json_put_text(row, "fault", NULL);
    }
    if (n->contact_ms != 0)
        json_put_int(row, "contact_ms", n->contact_ms);
    if (n->has_order)
        e = view_order(g->hub, role, &n->order, json_put_object(row, "order"), g->r);
    else
        json_put_text(row, "order", NULL);
    return e;
}

static enum err gather(struct api_call *c, struct gathering *g, cJSON *tree)
{
    const struct store_fault_filter open = {.open_only = true, .limit = FAULTS_MAX};
    cJSON *array;
    enum err e = g->hub->store->ops->fault_list(g->hub->store, &open, keep_fault, g, g->r);

    if (e == ERR_OK)
        e = gather_orders(g);
    if (e == ERR_OK)
        e = gather_faults(g);
    if (e != ERR_OK)
        return hub_judge(g->hub, e, g->r);
    qsort(g->entry, g->entries, sizeof(*g->entry), compare);
    json_put_int(tree, "now_ms", g->now_ms);
    json_put_bool(tree, "more", g->more);
    array = json_put_array(tree, "exceptions");
    for (unsigned i = 0; i < g->entries && e == ERR_OK; i++)
        e = put_entry(g, c->user.role, &g->entry[i], json_put_object(array, NULL));
    return hub_judge(g->hub, e, g->r);
}

/* Polled: besides a change, a minute that passed may bring a bag whose window ends. */
void api_exceptions(struct api_call *c)
{
    char tag[80];
    const char *const extra[] = {tag, "Cache-Control: no-cache", NULL};
    const char *known = http_header(c->q, "If-None-Match");
    struct reason r = {.text = ""};
    struct gathering g = {.hub = c->hub, .now_ms = clock_wall_ms(), .r = &r};
    cJSON *tree;
    enum err e;

    (void)snprintf(tag, sizeof(tag), "ETag: \"x%u-%llu-%lld\"", c->hub->boot, (unsigned long long)c->hub->revision,
                   (long long)(g.now_ms / MINUTE_MS));
    if (known != NULL && strcmp(known, tag + 6) == 0) {
        http_answer(c->q, 304, NULL, "", 0, extra);
        return;
    }
    g.fault = calloc(FAULTS_MAX, sizeof(*g.fault));
    g.entry = calloc(ENTRIES_MAX, sizeof(*g.entry));
    if (g.fault == NULL || g.entry == NULL)
        abort(); /* out of memory: restart */
    tree = json_new_object();
    e = gather(c, &g, tree);
    if (e == ERR_OK) {
        api_answer(c, 200, tree, extra);
    } else {
        cJSON_Delete(tree);
        api_refuse(c, e, &r);
    }
    sodium_memzero(g.entry, ENTRIES_MAX * sizeof(*g.entry)); /* names of patients */
    free(g.entry);
    free(g.fault);
}
