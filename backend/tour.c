/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/tour.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/num.h"
#include "common/token.h"

/* ---------------------------------------------------------------- deciding */

static bool door_is(const struct tour_facts *f, const char *state)
{
    return f->door != NULL && strcmp(f->door->state, state) == 0;
}

static bool is_unclear(const struct tour_facts *f)
{
    return door_is(f, "CHECK") || door_is(f, "FORCED");
}

bool tour_due(const struct tour_facts *f, enum store_tour_reason *reason)
{
    if (f->order != NULL && f->order->state == ORDER_EXPIRED)
        *reason = STORE_TOUR_EXPIRED;
    else if (f->order != NULL && f->order->state == ORDER_WITHDRAWN)
        *reason = STORE_TOUR_WITHDRAWN;
    else if (f->order != NULL && f->order->state == ORDER_WITHDRAWING && order_is_in_locker(f->order))
        *reason = STORE_TOUR_WITHDRAWING;
    else if (f->order != NULL && f->order->state == ORDER_RECALLED)
        *reason = STORE_TOUR_RECALLED;
    else if (is_unclear(f))
        *reason = door_is(f, "FORCED") ? STORE_TOUR_FORCED : STORE_TOUR_CHECK;
    else
        return false;
    return true;
}

/* The bag of this load has come back, whatever became of it then. */
static bool is_back(const struct store_tour_stop *s, const struct order *o)
{
    return o->load != s->load || o->state == ORDER_RETURNED || o->state == ORDER_RESTOCKED ||
           o->state == ORDER_DESTROYED;
}

enum tour_mark tour_mark(const struct store_tour_stop *s, const struct tour_facts *now)
{
    bool looked = s->door[0] == '\0' || (now->door != NULL && !is_unclear(now));

    if (s->has_order && now->order != NULL && now->order->load == s->load && now->order->state == ORDER_COLLECTED)
        return TOUR_COLLECTED;
    if (s->has_order && now->order != NULL && is_back(s, now->order))
        return TOUR_REMOVED;
    if ((s->reason == STORE_TOUR_CHECK || s->reason == STORE_TOUR_FORCED) && looked)
        return TOUR_CLEARED;
    return s->explained_ms != 0 ? TOUR_EXPLAINED : TOUR_OPEN;
}

enum tour_goal tour_goes_to(enum store_tour_reason reason, const struct order *o)
{
    if (o == NULL)
        return TOUR_LOOK;
    if (reason == STORE_TOUR_CHECK || reason == STORE_TOUR_FORCED)
        return TOUR_CALL;
    if (o->ask.zone == TOKEN_ZONE_COLD)
        return TOUR_DESTROY;
    return reason == STORE_TOUR_EXPIRED ? TOUR_CALL : TOUR_RESTOCK;
}

static const char *const mark_names[TOUR_MARK_N] = {"open", "removed", "collected", "cleared", "explained"};
static const char *const goal_names[TOUR_GOAL_N] = {"restock", "destroy", "call", "look"};

const char *tour_mark_name(enum tour_mark m)
{
    return mark_names[m];
}

const char *tour_goal_name(enum tour_goal g)
{
    return goal_names[g];
}

/* ---------------------------------------------------------------- looking */

struct looking {
    struct hub *hub;
    const uint8_t *locker;
    struct tour_plan *plan;
    enum err e;
    struct reason *r;
};

static struct tour_step *find_step(struct tour_plan *p, const char *door, const struct order *o)
{
    for (unsigned i = 0; i < p->steps; i++) {
        struct store_tour_stop *s = &p->step[i].stop;
        bool same_bag = o != NULL && s->has_order && s->load == o->load && memcmp(s->order, o->id, sizeof(o->id)) == 0;

        if (same_bag || (o == NULL && !s->has_order && strcmp(s->door, door) == 0))
            return &p->step[i];
    }
    return NULL;
}

static struct tour_step *new_step(struct looking *l)
{
    if (l->plan->steps < TOUR_STOPS_MAX) {
        struct tour_step *x = &l->plan->step[l->plan->steps++];

        x->stop.place = l->plan->steps;
        return x;
    }
    l->e = err_because(l->r, ERR_TOO_LONG, "more than %d doors on one tour", TOUR_STOPS_MAX);
    return NULL;
}

/* Puts what is due on the plan, unless it is on it. */
static void consider(struct looking *l, const struct store_compartment *door, const struct order *o)
{
    const struct tour_facts f = {.door = door, .order = o};
    enum store_tour_reason reason;
    struct tour_step *x;

    if (!tour_due(&f, &reason) || find_step(l->plan, door != NULL ? door->door : "", o) != NULL)
        return;
    x = new_step(l);
    if (x == NULL)
        return;
    x->stop.reason = reason;
    x->stop.has_order = o != NULL;
    if (door != NULL)
        memcpy(x->stop.door, door->door, sizeof(x->stop.door));
    if (o != NULL) {
        memcpy(x->stop.order, o->id, sizeof(x->stop.order));
        x->stop.load = o->load;
    }
}

static bool consider_door(void *arg, const struct store_compartment *c)
{
    struct looking *l = arg;
    struct order o;

    if (c->has_order)
        l->e = l->hub->store->ops->order_get(l->hub->store, c->order, &o, l->r);
    if (l->e == ERR_OK)
        consider(l, c, c->has_order ? &o : NULL);
    return l->e == ERR_OK;
}

/* Bags that lie in no known door: of doors they were seen above. */
static bool consider_order(void *arg, const struct order *o)
{
    struct looking *l = arg;

    if (find_step(l->plan, "", o) == NULL)
        consider(l, NULL, o);
    return l->e == ERR_OK;
}

static bool keep_stop(void *arg, const struct store_tour_stop *s)
{
    struct looking *l = arg;
    struct tour_step *x = new_step(l);

    if (x != NULL)
        x->stop = *s;
    return x != NULL;
}

static enum err judge_step(struct looking *l, struct tour_step *x)
{
    struct store *s = l->hub->store;
    struct tour_facts now = {.door = NULL};
    enum err e = ERR_OK;

    if (x->stop.door[0] != '\0') {
        e = s->ops->compartment_get(s, l->locker, x->stop.door, &x->door, l->r);
        x->has_door = e == ERR_OK;
        e = e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    if (e == ERR_OK && x->stop.has_order) {
        e = s->ops->order_get(s, x->stop.order, &x->order, l->r);
        x->has_order = e == ERR_OK;
        e = e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    if (e != ERR_OK)
        return e;
    now.door = x->has_door ? &x->door : NULL;
    now.order = x->has_order ? &x->order : NULL;
    x->mark = tour_mark(&x->stop, &now);
    x->goal = tour_goes_to(x->stop.reason, now.order);
    l->plan->left += x->mark == TOUR_OPEN ? 1 : 0;
    return ERR_OK;
}

static enum err fill_plan(struct looking *l)
{
    struct store *s = l->hub->store;
    struct tour_plan *p = l->plan;
    struct store_order_filter f = {.states = 1u << ORDER_EXPIRED | 1u << ORDER_WITHDRAWN | 1u << ORDER_WITHDRAWING |
                                             1u << ORDER_RECALLED,
                                   .has_locker = true,
                                   .limit = STORE_PAGE_MAX};
    enum err e = s->ops->tour_open(s, l->locker, &p->tour, l->r);

    p->open = e == ERR_OK;
    e = e == ERR_NOT_FOUND ? ERR_OK : e;
    memcpy(f.locker, l->locker, sizeof(f.locker));
    if (e == ERR_OK && p->open)
        e = s->ops->tour_stop_list(s, p->tour.id, TOUR_STOPS_MAX, keep_stop, l, l->r);
    if (e == ERR_OK)
        e = s->ops->compartment_list(s, l->locker, consider_door, l, l->r);
    if (e == ERR_OK && l->e == ERR_OK)
        e = s->ops->order_list(s, &f, consider_order, l, l->r);
    if (e == ERR_OK)
        e = l->e;
    for (unsigned i = 0; i < p->steps && e == ERR_OK; i++)
        e = judge_step(l, &p->step[i]);
    return e;
}

enum err tour_look(struct hub *hub, const uint8_t locker[STORE_LOCKER_LEN], struct tour_plan *out, struct reason *r)
{
    struct tour_plan plan = {.open = false};
    struct looking l = {.hub = hub, .locker = locker, .plan = &plan, .r = r};
    struct store_locker row;
    enum err e = hub->store->ops->locker_get(hub->store, locker, &row, r);

    sodium_memzero(&row, sizeof(row));
    if (e != ERR_OK)
        return hub_judge(hub, e, r);
    plan.step = calloc(TOUR_STOPS_MAX, sizeof(*plan.step));
    if (plan.step == NULL)
        return err_because(r, ERR_MEMORY, "no memory");
    e = hub_judge(hub, fill_plan(&l), r);
    if (e != ERR_OK) {
        tour_free(&plan);
        return e;
    }
    *out = plan;
    return ERR_OK;
}

void tour_free(struct tour_plan *p)
{
    if (p->step != NULL)
        sodium_memzero(p->step, TOUR_STOPS_MAX * sizeof(*p->step)); /* names of patients */
    free(p->step);
    p->step = NULL;
}

/* ---------------------------------------------------------------- acting */

/* What became due since the start is written down with the first act that follows. */
static enum err keep_stops(struct hub *hub, const struct tour_plan *p, struct reason *r)
{
    enum err e = ERR_OK;

    for (unsigned i = 0; i < p->steps && e == ERR_OK; i++) {
        struct store_tour_stop s = p->step[i].stop;

        if (s.tour != 0)
            continue;
        s.tour = p->tour.id;
        e = hub->store->ops->tour_stop_put(hub->store, &s, r);
    }
    return e;
}

static enum err start_inside(struct hub *hub, const struct act_who *who, const uint8_t *locker, struct tour_plan *p,
                             struct reason *r)
{
    char detail[32];
    enum err e;

    memset(&p->tour, 0, sizeof(p->tour));
    memcpy(p->tour.locker, locker, sizeof(p->tour.locker));
    p->tour.started_ms = clock_wall_ms();
    (void)snprintf(p->tour.started_by, sizeof(p->tour.started_by), "%s", who->name); /* same capacity */
    e = hub->store->ops->tour_insert(hub->store, &p->tour, r);
    if (e == ERR_OK)
        e = keep_stops(hub, p, r);
    (void)snprintf(detail, sizeof(detail), "%u", p->steps);
    return e == ERR_OK ? act_audit(hub, who, "tour.started", NULL, NULL, detail, r) : e;
}

enum err tour_start(struct hub *hub, const struct act_who *who, const uint8_t locker[STORE_LOCKER_LEN],
                    struct reason *r)
{
    struct tour_plan p = {.open = false};
    enum err e = tour_look(hub, locker, &p, r);

    if (e != ERR_OK)
        return e;
    if (p.open)
        e = err_because(r, ERR_DUPLICATE, "a tour is under way at this locker");
    else if (p.steps == 0)
        e = err_because(r, ERR_STATE, "there is nothing to fetch");
    if (e == ERR_OK)
        e = hub_judge(hub, hub->store->ops->begin(hub->store, r), r);
    if (e == ERR_OK)
        e = hub_end(hub, start_inside(hub, who, locker, &p, r), r);
    tour_free(&p);
    return e;
}

/* The plan of the tour under way; freed by the caller on success. */
static enum err look_open(struct hub *hub, const uint8_t *locker, struct tour_plan *p, struct reason *r)
{
    enum err e;

    *p = (struct tour_plan){.open = false};
    e = tour_look(hub, locker, p, r);
    if (e == ERR_OK && !p->open) {
        tour_free(p);
        e = err_because(r, ERR_STATE, "no tour is under way at this locker");
    }
    return e;
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && strlen(text) < 15 && text[strspn(text, "0123456789")] == '\0';
}

/* The step whose bag has this label or number. */
static enum err find_bag(struct hub *hub, struct tour_plan *p, const char *text, struct tour_step **out,
                         struct reason *r)
{
    struct token k = {.kind = TOKEN_DOOR};
    int64_t number = 0;
    enum err e = ERR_OK;

    if (is_number(text))
        e = num_parse(text, 1, INT64_MAX, &number);
    else
        e = token_decode(text, hub->keys.token_public, &k, r);
    if (e == ERR_OK && number == 0 && k.kind != TOKEN_VOUCHER)
        e = err_because(r, ERR_UNKNOWN, "not the label of a bag");
    if (e != ERR_OK)
        return e;
    for (unsigned i = 0; i < p->steps; i++) {
        struct tour_step *x = &p->step[i];
        const struct code_binding *b = &k.u.voucher.bind;

        if (x->has_order &&
            (number != 0 ? x->order.number == number
                         : memcmp(b->order, x->order.id, ORDER_ID_LEN) == 0 && b->load == x->stop.load)) {
            *out = x;
            return ERR_OK;
        }
    }
    return err_because(r, ERR_FOREIGN, "this bag is not on the tour: leave it where it is");
}

enum err tour_scan(struct hub *hub, const struct act_who *who, const uint8_t locker[STORE_LOCKER_LEN], const char *text,
                   struct order *out, struct reason *r)
{
    struct tour_step *x = NULL;
    struct tour_plan p;
    enum err e = look_open(hub, locker, &p, r);

    if (e != ERR_OK)
        return e;
    e = find_bag(hub, &p, text, &x, r);
    if (e == ERR_OK && x->mark == TOUR_REMOVED)
        *out = x->order; /* the locker told it first: scanning makes sure */
    else if (e == ERR_OK)
        e = act_step(hub, who, x->order.id, ORDER_EVENT_TAKE_BACK, "tour", out, r);
    tour_free(&p);
    return e;
}

static enum err explain_inside(struct hub *hub, const struct act_who *who, const struct tour_plan *p,
                               const struct tour_step *x, const char *note, struct reason *r)
{
    struct store_tour_stop s = x->stop;
    enum err e = keep_stops(hub, p, r);

    s.tour = p->tour.id;
    s.explained_ms = clock_wall_ms();
    (void)snprintf(s.explained_by, sizeof(s.explained_by), "%s", who->name); /* same capacity */
    (void)snprintf(s.note, sizeof(s.note), "%.200s", note);
    if (e == ERR_OK)
        e = hub->store->ops->tour_stop_put(hub->store, &s, r);
    return e == ERR_OK ? act_audit(hub, who, "tour.explained", s.has_order ? s.order : NULL, s.door, s.note, r) : e;
}

enum err tour_explain(struct hub *hub, const struct act_who *who, const uint8_t locker[STORE_LOCKER_LEN],
                      unsigned place, const char *note, struct reason *r)
{
    struct tour_plan p;
    enum err e;

    if (note[0] == '\0')
        return err_because(r, ERR_MISSING, "note: say what you found");
    e = look_open(hub, locker, &p, r);
    if (e != ERR_OK)
        return e;
    if (place < 1 || place > p.steps)
        e = err_because(r, ERR_NOT_FOUND, "no such place on the tour");
    if (e == ERR_OK)
        e = hub_judge(hub, hub->store->ops->begin(hub->store, r), r);
    if (e == ERR_OK)
        e = hub_end(hub, explain_inside(hub, who, &p, &p.step[place - 1], note, r), r);
    tour_free(&p);
    return e;
}

static enum err finish_inside(struct hub *hub, const struct act_who *who, struct tour_plan *p, struct reason *r)
{
    enum err e = keep_stops(hub, p, r);

    p->tour.ended_ms = clock_wall_ms();
    (void)snprintf(p->tour.ended_by, sizeof(p->tour.ended_by), "%s", who->name); /* same capacity */
    if (e == ERR_OK)
        e = hub->store->ops->tour_end(hub->store, &p->tour, r);
    return e == ERR_OK ? act_audit(hub, who, "tour.ended", NULL, NULL, NULL, r) : e;
}

static enum err check_all_explained(const struct tour_plan *p, struct reason *r)
{
    for (unsigned i = 0; i < p->steps; i++) {
        const struct tour_step *x = &p->step[i];

        if (x->mark == TOUR_OPEN && x->stop.door[0] != '\0')
            return err_because(r, ERR_STATE, "door %s is not explained", x->stop.door);
        if (x->mark == TOUR_OPEN)
            return err_because(r, ERR_STATE, "bag %lld is not explained", (long long)x->order.number);
    }
    return ERR_OK;
}

enum err tour_finish(struct hub *hub, const struct act_who *who, const uint8_t locker[STORE_LOCKER_LEN],
                     struct reason *r)
{
    struct tour_plan p;
    enum err e = look_open(hub, locker, &p, r);

    if (e != ERR_OK)
        return e;
    e = check_all_explained(&p, r);
    if (e == ERR_OK)
        e = hub_judge(hub, hub->store->ops->begin(hub->store, r), r);
    if (e == ERR_OK)
        e = hub_end(hub, finish_inside(hub, who, &p, r), r);
    tour_free(&p);
    return e;
}
