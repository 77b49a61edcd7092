/* SPDX-License-Identifier: Apache-2.0 */
/* api: what is printed for bags: labels for staff, slips for patients, and both for a whole round of packing. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/carer.h"
#include "backend/label.h"
#include "backend/policy.h"
#include "common/json.h"
#include "common/num.h"

#define SHEET_MAX 50
#define NUMBER_MAX 20

bool api_order_of(struct api_call *c, struct order *o)
{
    uint8_t id[ORDER_ID_LEN];
    struct reason r;
    enum err e;

    if (!api_id(c, 0, id, sizeof(id)))
        return false;
    e = hub_judge(c->hub, c->hub->store->ops->order_get(c->hub->store, id, o, &r), &r);
    if (e == ERR_OK)
        return true;
    api_refuse(c, e, &r);
    return false;
}

void api_give_of_order(struct api_call *c,
                       enum err (*view)(struct hub *hub, const struct order *o, cJSON *into, struct reason *r))
{
    struct order o;
    struct reason r;
    cJSON *tree;
    enum err e;

    if (!api_order_of(c, &o))
        return;
    tree = json_new_object();
    e = hub_judge(c->hub, view(c->hub, &o, tree, &r), &r);
    api_give(c, e, tree, &r);
}

/* Everything that the papers of one bag are made of; holds a code: wiped by paper_wipe. */
struct paper {
    struct order order;
    struct store_packing packing;
    struct store_locker locker;
    char code[CODE_DIGITS + 1], strip[TOKEN_TEXT_CAP];
    char telephone[POLICY_TEXT_CAP], hours[POLICY_TEXT_CAP], pharmacy[CONFIG_TEXT_CAP];
};

/* Whose order it is, and whom its patient calls. A pharmacy that left again: ours. */
static enum err put_pharmacy(struct hub *hub, struct paper *p, struct reason *r)
{
    struct store_pharmacy x;
    enum err e = p->order.ask.pharmacy[0] == '\0'
                     ? ERR_NOT_FOUND
                     : hub->store->ops->pharmacy_get(hub->store, p->order.ask.pharmacy, &x, r);

    if (e == ERR_OK) {
        (void)snprintf(p->pharmacy, sizeof(p->pharmacy), "%s", x.name);        /* same capacity or more */
        (void)snprintf(p->telephone, sizeof(p->telephone), "%s", x.telephone); /* same capacity */
        (void)snprintf(p->hours, sizeof(p->hours), "%s", p->locker.hours);     /* of the policy: not ours to tell */
        return ERR_OK;
    }
    (void)snprintf(p->pharmacy, sizeof(p->pharmacy), "%s", hub->cfg.pharmacy_name); /* same capacity */
    policy_text(hub, "telephone", p->telephone);
    if (p->locker.hours[0] != '\0')
        (void)snprintf(p->hours, sizeof(p->hours), "%s", p->locker.hours); /* same capacity */
    else
        policy_text(hub, "hours", p->hours);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err get_packing(struct hub *hub, struct paper *p, struct reason *r)
{
    struct store *s = hub->store;
    const struct order *o = &p->order;
    enum err e;

    if (!order_is_reserving(o->state) && !order_is_in_locker(o))
        return err_because(r, ERR_STATE, "order %lld is %s: there is nothing to print", (long long)o->number,
                           order_state_name(o->state));
    e = s->ops->packing_get(s, o->id, o->load, &p->packing, r);
    if (e == ERR_OK)
        e = s->ops->locker_get(s, o->locker, &p->locker, r);
    if (e == ERR_OK)
        e = carer_strip(hub, o, p->strip, r);
    if (e == ERR_OK)
        e = put_pharmacy(hub, p, r);
    return hub_judge(hub, e, r);
}

static struct label_bag bag_of(const struct paper *p)
{
    return (struct label_bag){.order = &p->order, .packing = &p->packing, .locker_name = p->locker.name};
}

static struct slip slip_of(const struct paper *p)
{
    return (struct slip){.order = &p->order,
                         .code = p->code,
                         .pickup = p->packing.pickup,
                         .strip = p->strip,
                         .pharmacy_name = p->pharmacy,
                         .telephone = p->telephone,
                         .locker_name = p->locker.name,
                         .locker_address = p->locker.address,
                         .hours = p->hours};
}

void api_label(struct api_call *c)
{
    struct paper p = {.code = ""};
    struct reason r;
    char *html = NULL;
    enum err e;

    if (!api_order_of(c, &p.order))
        return;
    e = get_packing(c->hub, &p, &r);
    if (e == ERR_OK) {
        const struct label_bag x = bag_of(&p);

        e = label_bag(api_text(c->api, c->hub->cfg.language), &x, &html, &r);
    }
    if (e == ERR_OK)
        e = act_note(c->hub, &c->who, "label.printed", p.order.id, NULL, NULL, &r);
    api_give_page(c, e, html, &r);
    sodium_memzero(&p, sizeof(p));
}

void api_slip(struct api_call *c)
{
    struct paper p = {.code = ""};
    struct reason r;
    char *html = NULL;
    enum err e;

    if (!api_order_of(c, &p.order))
        return;
    e = get_packing(c->hub, &p, &r);
    if (e == ERR_OK)
        e = mint_open_code(&c->hub->mint, &p.packing, p.code, &r);
    if (e == ERR_OK) {
        const struct slip x = slip_of(&p);

        e = slip_page(&c->api->slips, &x, &html, &r);
    }
    if (e == ERR_OK)
        e = act_note(c->hub, &c->who, "slip.printed", p.order.id, NULL, NULL, &r);
    api_give_page(c, e, html, &r);
    sodium_memzero(&p, sizeof(p));
}

/* ---------------------------------------------------------------- a whole round */

struct sheet {
    struct paper paper[SHEET_MAX];
    struct label_set set[SHEET_MAX];
    unsigned count;
};

/* A slip that cannot be printed any more (the bag is loaded) leaves its label alone on the sheet. */
static enum err add_paper(struct api_call *c, struct sheet *s, int64_t number, bool slips, struct reason *r)
{
    struct paper *p = &s->paper[s->count];
    struct label_set *set = &s->set[s->count];
    enum err e = hub_judge(c->hub, c->hub->store->ops->order_find(c->hub->store, number, &p->order, r), r);

    if (e == ERR_OK)
        e = get_packing(c->hub, p, r);
    if (e != ERR_OK)
        return e;
    s->count++;
    set->bag = bag_of(p);
    e = slips ? mint_open_code(&c->hub->mint, &p->packing, p->code, r) : ERR_NOT_FOUND;
    if (e == ERR_OK) {
        set->has_slip = true;
        set->slip = slip_of(p);
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* "12,13,20": numbers of orders. */
static enum err read_sheet(struct api_call *c, struct sheet *s, struct reason *r)
{
    const char *at = http_query(c->q, "orders"), *what = http_query(c->q, "what");
    bool slips = what == NULL || strcmp(what, "labels") != 0;
    enum err e = ERR_OK;

    if (at == NULL)
        return err_because(r, ERR_MISSING, "orders: numbers with commas between them");
    while (e == ERR_OK && *at != '\0') {
        size_t len = strcspn(at, ",");
        char text[NUMBER_MAX];
        int64_t number;

        if (s->count == SHEET_MAX)
            return err_because(r, ERR_TOO_LONG, "orders: at most %d", SHEET_MAX);
        if (len == 0 || len >= sizeof(text))
            return err_because(r, ERR_SYNTAX, "orders: not a list of numbers");
        memcpy(text, at, len);
        text[len] = '\0';
        e = num_parse(text, 1, INT64_MAX, &number);
        if (e != ERR_OK)
            return err_because(r, e, "orders: not a list of numbers");
        e = add_paper(c, s, number, slips, r);
        at += len;
        if (*at == ',')
            at++;
    }
    return e;
}

static enum err note_sheet(struct api_call *c, const struct sheet *s, struct reason *r)
{
    struct store *store = c->hub->store;
    enum err e = hub_judge(c->hub, store->ops->begin(store, r), r);

    if (e != ERR_OK)
        return e;
    for (unsigned i = 0; i < s->count && e == ERR_OK; i++) {
        e = act_audit(c->hub, &c->who, "label.printed", s->paper[i].order.id, NULL, NULL, r);
        if (e == ERR_OK && s->set[i].has_slip)
            e = act_audit(c->hub, &c->who, "slip.printed", s->paper[i].order.id, NULL, NULL, r);
    }
    return hub_end(c->hub, e, r);
}

void api_sheet(struct api_call *c)
{
    struct sheet *s = calloc(1, sizeof(*s));
    struct reason r = {.text = ""};
    char *html = NULL;
    enum err e;

    if (s == NULL)
        abort(); /* out of memory: restart */
    e = read_sheet(c, s, &r);
    if (e == ERR_OK)
        e = label_sheet(api_text(c->api, c->hub->cfg.language), &c->api->slips, s->set, s->count, &html, &r);
    if (e == ERR_OK)
        e = note_sheet(c, s, &r);
    api_give_page(c, e, html, &r);
    sodium_memzero(s, sizeof(*s));
    free(s);
}
