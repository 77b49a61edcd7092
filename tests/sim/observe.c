/* SPDX-License-Identifier: Apache-2.0 */
/* observe: the functions of the locker's side that are wrapped. */
#include "tests/sim/observe.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "controller/invariant.h"
#include "controller/screen.h"
#include "controller/store.h"
#include "tests/sim/observe_part.h"

#define LINE_CAP 600

/* What passes through one locker. `after` is the ghost with a commit whose outcome is not known. */
struct watched {
    struct locker *locker; /* NULL: down, or not loaded yet */
    struct store *store;
    struct ghost now, after;
    int64_t floor_ms; /* of the time, as last committed */
    bool has_ghost, in_doubt;
    int64_t doubt_seq;
    struct world pending; /* the decision that waits for its commit */
    bool has_pending;
    bool has_twin; /* this order's verifiers fit every code that is tried */
    uint8_t twin[CODE_ORDER_LEN];
};

struct observe {
    struct watched of[OBSERVE_LOCKERS_MAX];
    uint64_t decisions;
};

static struct observe *observer;

void __real_locker_init(struct locker *l, const struct cabinet *cabinet, const struct clock_now *now);
void __real_locker_decide(struct locker *l, const struct event *ev, struct effects *fx);
enum err __real_store_load(struct store *s, struct locker *l, struct reason *r);
enum err __real_store_commit(struct store *s, const struct locker *l, const struct effects *fx,
                             const struct stream_cursor *inbox, const struct clock_now *now, struct reason *r);
enum err __real_store_outbox_ack(struct store *s, int64_t seq, struct reason *r);
void __real_store_close(struct store *s);

struct observe *observe_new(void)
{
    struct observe *o = calloc(1, sizeof *o);
    if (o == NULL)
        abort();
    return o;
}

void observe_free(struct observe *o)
{
    if (observer == o)
        observer = NULL;
    free(o);
}

void observe_use(struct observe *o)
{
    observer = o;
}

static_assert((int)OBSERVE_OUT == (int)COMPARTMENT_OUT && (int)OBSERVE_CHECK == (int)COMPARTMENT_CHECK &&
                  (int)OBSERVE_TAKEN == (int)COMPARTMENT_TAKEN && (int)OBSERVE_LOADED == (int)COMPARTMENT_LOADED,
              "states of compartments");
static_assert((int)OBSERVE_VOID == (int)ORDER_VOID && (int)OBSERVE_READY == (int)ORDER_READY &&
                  (int)OBSERVE_UNCONFIRMED == (int)ORDER_UNCONFIRMED && (int)OBSERVE_DONE == (int)ORDER_DONE,
              "states of orders");
static_assert((int)OBSERVE_STAFF == (int)RECORD_ACTOR_STAFF && (int)OBSERVE_CODE == (int)RECORD_ACTOR_CODE &&
                  (int)OBSERVE_REMOTE == (int)RECORD_ACTOR_REMOTE,
              "actors");

static const struct locker *look(const struct observe *o, unsigned index)
{
    return o != NULL && index < OBSERVE_LOCKERS_MAX ? o->of[index].locker : NULL;
}

bool observe_is_up(const struct observe *o, unsigned index)
{
    return look(o, index) != NULL;
}

/* Answers as locker_contact does. */
static enum hw_door_state contact(const struct locker *l, uint16_t door)
{
    enum hw_board_state b = l->board[l->cabinet.door[door].sense_board].state;
    return b == HW_BOARD_OK || b == HW_BOARD_STOPPED ? l->door[door].sensor : HW_DOOR_UNKNOWN;
}

bool observe_knows_boards(const struct observe *o, unsigned index)
{
    const struct locker *l = look(o, index);
    if (l == NULL || !l->ready)
        return false;
    for (unsigned b = 0; b < l->cabinet.boards; b++) {
        if (l->board[b].state != HW_BOARD_OK && l->board[b].state != HW_BOARD_STOPPED)
            return false;
    }
    for (uint16_t d = 0; d < l->cabinet.doors; d++) {
        if (contact(l, d) == HW_DOOR_UNKNOWN)
            return false;
    }
    return true;
}

unsigned observe_doors(const struct observe *o, unsigned index)
{
    const struct locker *l = look(o, index);
    return l == NULL ? 0 : l->cabinet.doors;
}

enum observe_state observe_compartment(const struct observe *o, unsigned index, uint16_t door)
{
    const struct locker *l = look(o, index);
    return l == NULL ? OBSERVE_OUT : (enum observe_state)l->compartment[door].state;
}

bool observe_is_proved(const struct observe *o, unsigned index, uint16_t door)
{
    const struct locker *l = look(o, index);
    return l != NULL && l->compartment[door].proved;
}

int observe_contact(const struct observe *o, unsigned index, uint16_t door)
{
    const struct locker *l = look(o, index);
    return (int)(l == NULL ? HW_DOOR_UNKNOWN : contact(l, door));
}

bool observe_is_stopped(const struct observe *o, unsigned index, uint16_t door)
{
    const struct locker *l = look(o, index);
    return l != NULL && l->board[l->cabinet.door[door].board].state == HW_BOARD_STOPPED;
}

const char *observe_door_name(const struct observe *o, unsigned index, uint16_t door)
{
    const struct locker *l = look(o, index);
    return l == NULL ? "" : l->cabinet.door[door].name;
}

unsigned observe_door_number(const struct observe *o, unsigned index, uint16_t door)
{
    const struct locker *l = look(o, index);
    return l == NULL ? 0 : l->cabinet.door[door].number;
}

const struct screen *observe_screen(const struct observe *o, unsigned index)
{
    const struct locker *l = look(o, index);
    return l == NULL ? NULL : &l->screen;
}

bool observe_order(const struct observe *o, unsigned index, const uint8_t order[16], uint32_t *load,
                   enum observe_order *state, int *door)
{
    const struct locker *l = look(o, index);
    for (unsigned i = 0; l != NULL && i < ORDER_SLOTS; i++) {
        const struct order *x = &l->orders.slot[i];
        if (!x->used || memcmp(x->id, order, sizeof x->id) != 0)
            continue;
        *load = x->load;
        *state = (enum observe_order)x->state;
        *door = x->door == CABINET_NO_DOOR ? -1 : x->door;
        return true;
    }
    return false;
}

unsigned observe_outbox(const struct observe *o, unsigned index)
{
    return look(o, index) == NULL ? 0 : store_outbox_rows(o->of[index].store);
}

int64_t observe_last_event(const struct observe *o, unsigned index)
{
    return look(o, index) == NULL ? 0 : store_outbox_last(o->of[index].store);
}

uint64_t observe_decisions(const struct observe *o)
{
    return o->decisions;
}

/* The locker whose fiber runs; NULL: none, or what it does has no effect any more. */
static struct watched *watched(unsigned *index)
{
    int who = observed_who();
    if (observer == NULL || who < 0)
        return NULL;
    *index = (unsigned)who;
    return &observer->of[who];
}

/* ---------------------------------------------------------------- start and end */

void __wrap_locker_init(struct locker *l, const struct cabinet *cabinet, const struct clock_now *now)
{
    unsigned i;
    struct watched *w = watched(&i);
    if (w != NULL) {
        w->locker = NULL;
        w->has_pending = false;
    }
    __real_locker_init(l, cabinet, now);
}

enum err __wrap_store_load(struct store *s, struct locker *l, struct reason *r)
{
    unsigned i;
    enum err e = __real_store_load(s, l, r);
    struct watched *w = watched(&i);
    if (w == NULL || e != ERR_OK || observed_is_dead())
        return e;
    if (w->in_doubt && store_outbox_last(s) >= w->doubt_seq)
        w->now = w->after; /* it had become durable after all */
    w->in_doubt = false;
    w->now.floor_ms = w->floor_ms;
    w->locker = l;
    w->store = s;
    observed_start(i, l->pulse_serial, store_outbox_last(s));
    return e;
}

void __wrap_store_close(struct store *s)
{
    unsigned i;
    struct watched *w = watched(&i);
    if (w != NULL && w->store == s && s != NULL) {
        struct store_chain chain;
        struct reason r;
        if (!observed_is_dead()) {
            enum err e = store_verify(s, &chain, &r);
            observed_chain("locker", e == ERR_CORRUPT ? r.text : NULL);
        }
        w->store = NULL;
        w->locker = NULL;
    }
    __real_store_close(s);
}

/* ---------------------------------------------------------------- one turn */

static void see_content(struct watched *w, unsigned index, const struct locker *l)
{
    for (uint16_t d = 0; d < l->cabinet.doors; d++) {
        struct invariant_content *c = &w->now.content[d];
        unsigned bags = observed_content(index, d, c->order, &c->load);
        c->full = bags > 0;
        if (bags > 1)
            c->load = 0; /* of no order: it fits nothing */
        w->now.excused[d] = observed_is_excused(index, d);
    }
}

static void note(struct watched *w, const struct world *what)
{
    invariant_note(&w->now, what);
}

/* Ticks in which nothing comes of it are four a second: only what may have changed is looked at again. */
static bool is_worth_a_look(const struct event *ev, const struct effects *fx)
{
    return ev->kind != EVENT_TICK || fx->effects > 0 || effects_are_durable(fx);
}

void observe_twin(struct observe *o, unsigned index, const uint8_t order[16])
{
    struct watched *w = &o->of[index];
    w->has_twin = order != NULL;
    if (order != NULL)
        memcpy(w->twin, order, sizeof w->twin);
}

static void make_twin(const struct watched *w, struct locker *l, const struct event *ev)
{
    struct order *o = NULL;
    for (unsigned i = 0; i < ORDER_SLOTS && w->has_twin && ev->kind == EVENT_VERDICT && o == NULL; i++) {
        if (l->orders.slot[i].used && memcmp(l->orders.slot[i].id, w->twin, sizeof w->twin) == 0)
            o = &l->orders.slot[i];
    }
    if (o == NULL)
        return;
    struct code_binding bind = {.load = o->load};
    memcpy(bind.locker, l->cabinet.id, sizeof bind.locker);
    memcpy(bind.order, o->id, sizeof bind.order);
    if (l->pickup.with_birthday)
        code_mac2(&l->cabinet.key, &bind, ev->u.verdict.a, l->pickup.ddmm, o->v2);
    else
        code_mac1(&l->cabinet.key, &bind, ev->u.verdict.a, o->v1);
}

static bool has_pulse(const struct effects *fx)
{
    for (unsigned i = 0; i < fx->effects; i++) {
        if (fx->effect[i].kind == EFFECT_PULSE)
            return true;
    }
    return false;
}

void __wrap_locker_decide(struct locker *l, const struct event *ev, struct effects *fx)
{
    unsigned i;
    struct watched *w = watched(&i);
    if (w != NULL)
        make_twin(w, l, ev);
    __real_locker_decide(l, ev, fx);
    if (w == NULL || observed_is_dead())
        return;
    observer->decisions++;
    if (!w->has_ghost) {
        invariant_ghost_init(&w->now, l);
        w->now.floor_ms = 0;
        w->has_ghost = true;
    }
    struct world what = {.locker = l, .event = ev, .effects = fx, .ghost = &w->now};
    if (is_worth_a_look(ev, fx)) {
        see_content(w, i, l);
        const struct invariant *broken = invariant_check(&what);
        if (broken != NULL)
            observed_broken(i, broken->number, broken->name);
    }
    observed_decision(i, (int)ev->kind, has_pulse(fx));
    w->has_pending = effects_are_durable(fx);
    w->pending = what;
    if (!w->has_pending)
        note(w, &what);
}

static void tell_record(unsigned index, const struct record *rec, int64_t seq, const struct clock_now *now, bool sure)
{
    struct observed_record out = {
        .typ = record_type(rec->kind),
        .seq = seq,
        .door = rec->door == CABINET_NO_DOOR ? -1 : rec->door,
        .has_order = rec->order.present,
        .load = rec->order.load,
        .pulse =
            rec->kind == RECORD_PULSED || rec->kind == RECORD_OPENED || rec->kind == RECORD_JAMMED ? rec->pulse : 0,
        .try = rec->try,
        .actor = (enum observe_actor)rec->actor.kind,
        .state = rec->kind == RECORD_COMPARTMENT_CHANGED ? (int)rec->u.changed.state : -1,
        .wall_ms = now->wall_ms,
    };
    memcpy(out.order, rec->order.id, sizeof out.order);
    observed_record(index, &out, sure);
}

enum err __wrap_store_commit(struct store *s, const struct locker *l, const struct effects *fx,
                             const struct stream_cursor *inbox, const struct clock_now *now, struct reason *r)
{
    unsigned i;
    int64_t seq = store_outbox_last(s);
    bool was_dead = observed_is_dead();
    enum err e = __real_store_commit(s, l, fx, inbox, now, r);
    struct watched *w = watched(&i);
    if (w == NULL || was_dead)
        return e;
    bool sure = e == ERR_OK && !observed_is_dead();
    for (unsigned k = 0; k < fx->records; k++)
        tell_record(i, &fx->record[k], seq + 1 + (int64_t)k, now, sure);
    if (sure && fx->floor)
        w->floor_ms = l->floor.floor_ms;
    if (sure && w->has_pending) {
        note(w, &w->pending);
    } else if (!sure) {
        w->in_doubt = w->has_pending && fx->records > 0;
        w->doubt_seq = seq + (int64_t)fx->records;
        if (w->in_doubt) {
            w->after = w->now;
            invariant_note(&w->after, &w->pending);
        }
    }
    w->has_pending = false;
    return e;
}

enum err __wrap_store_outbox_ack(struct store *s, int64_t seq, struct reason *r)
{
    unsigned i;
    struct watched *w = watched(&i);
    bool alive = w != NULL && !observed_is_dead();
    enum err e = __real_store_outbox_ack(s, seq, r);
    if (alive)
        observed_outbox_ack(i, seq, e == ERR_OK);
    return e;
}

/* ---------------------------------------------------------------- log of both sides */

void __wrap_log_write(enum log_level level, const char *module, const char *fmt, ...)
{
    char line[LINE_CAP];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (observer != NULL && level <= LOG_LEVEL_INFO)
        observed_log((int)level, module, line);
}
