/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/act.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backend/outbox.h"
#include "common/log.h"
#include "common/num.h"

#define RESEND_AFTER_MS 60000

void act_who_user(const struct store_user *u, struct act_who *out)
{
    memset(out, 0, sizeof(*out));
    (void)snprintf(out->name, sizeof(out->name), "%s", u->name); /* same capacity */
    memcpy(out->staff, u->staff, sizeof(out->staff));
}

void act_who_named(const char *name, struct act_who *out)
{
    memset(out, 0, sizeof(*out));
    (void)snprintf(out->name, sizeof(out->name), "%s", name);
}

/* Copies what fits, ending on a whole UTF-8 character. */
static void cut(char *out, size_t cap, const char *text)
{
    size_t len = strnlen(text, cap);

    if (len >= cap)
        len = cap - 1;
    while (len > 0 && text[len] != '\0' && ((unsigned char)text[len] & 0xc0u) == 0x80u)
        len--;
    memcpy(out, text, len);
    out[len] = '\0';
}

enum err act_audit(struct hub *hub, const struct act_who *who, const char *action, const uint8_t *order,
                   const char *subject, const char *detail, struct reason *r)
{
    struct store_audit a = {.at_ms = clock_wall_ms(), .has_order = order != NULL};

    cut(a.actor, sizeof(a.actor), who->name);
    cut(a.action, sizeof(a.action), action);
    cut(a.subject, sizeof(a.subject), subject != NULL ? subject : "");
    cut(a.detail, sizeof(a.detail), detail != NULL ? detail : "");
    if (order != NULL)
        memcpy(a.order, order, sizeof(a.order));
    return hub->store->ops->audit_append(hub->store, &a, r);
}

enum err act_note(struct hub *hub, const struct act_who *who, const char *action, const uint8_t *order,
                  const char *subject, const char *detail, struct reason *r)
{
    enum err e = hub->store->ops->begin(hub->store, r);

    if (e != ERR_OK)
        return hub_judge(hub, e, r);
    e = act_audit(hub, who, action, order, subject, detail, r);
    return hub_end(hub, e, r);
}

static enum err begin(struct hub *hub, struct reason *r)
{
    return hub_judge(hub, hub->store->ops->begin(hub->store, r), r);
}

void act_tell_commands(const struct hub *hub)
{
    if (hub->commands_waiting != NULL)
        hub->commands_waiting(hub->arg);
}

/* ---------------------------------------------------------------- orders */

static enum err check_pharmacy(struct store *s, const struct request *q, struct reason *r)
{
    struct store_pharmacy p;
    enum err e = q->pharmacy[0] == '\0' ? ERR_OK : s->ops->pharmacy_get(s, q->pharmacy, &p, r);

    return e == ERR_NOT_FOUND ? err_because(r, ERR_UNKNOWN, "pharmacy: %s does not share these lockers", q->pharmacy)
                              : e;
}

struct request_now act_now(void)
{
    struct request_now now = {.s = clock_wall_ms() / 1000, .today = ""};
    time_t t = (time_t)now.s;
    struct tm tm;

    memset(&tm, 0, sizeof(tm));
    (void)localtime_r(&t, &tm);
    (void)strftime(now.today, sizeof(now.today), "%Y-%m-%d", &tm);
    return now;
}

enum err act_check(struct hub *hub, const struct request *q, struct reason *r)
{
    const struct request_now now = act_now();
    enum err e = request_check_new(q, &now, NULL, r);

    return e == ERR_OK ? check_pharmacy(hub->store, q, r) : e;
}

static enum err insert_order(struct hub *hub, const struct act_who *who, const struct request *q, const char *kept,
                             struct order *o, struct reason *r)
{
    struct store *s = hub->store;
    uint8_t id[ORDER_ID_LEN];
    char number[24];
    enum err e;

    randombytes_buf(id, sizeof(id));
    order_init(o, id, q, clock_wall_ms());
    e = act_check(hub, q, r);
    if (e == ERR_OK)
        e = s->ops->order_insert(s, o, kept, r);
    if (e != ERR_OK)
        return e;
    (void)snprintf(number, sizeof(number), "%lld", (long long)o->number);
    return act_audit(hub, who, "order.registered", o->id, number, request_source_name(q->source), r);
}

enum err act_register(struct hub *hub, const struct act_who *who, const struct request *q, const char *kept,
                      struct order *out, bool *existed, struct reason *r)
{
    struct store *s = hub->store;
    struct order o;
    enum err e;

    if (q->reference[0] != '\0') {
        e = s->ops->order_find_reference(s, q->source, q->reference, &o, r);
        if (e == ERR_OK) {
            *out = o;
            *existed = true;
        }
        if (e != ERR_NOT_FOUND)
            return hub_judge(hub, e, r);
    }
    e = begin(hub, r);
    if (e != ERR_OK)
        return e;
    e = hub_end(hub, insert_order(hub, who, q, kept, &o, r), r);
    if (e != ERR_OK)
        return e;
    *out = o;
    *existed = false;
    return ERR_OK;
}

enum err act_register_inside(struct hub *hub, const struct act_who *who, const struct request *q, struct order *out,
                             bool *existed, struct reason *r)
{
    struct store *s = hub->store;
    enum err e =
        q->reference[0] == '\0' ? ERR_NOT_FOUND : s->ops->order_find_reference(s, q->source, q->reference, out, r);

    *existed = e == ERR_OK;
    return e == ERR_NOT_FOUND ? insert_order(hub, who, q, NULL, out, r) : e;
}

enum err act_register_all(struct hub *hub, const struct act_who *who, const struct request *rows, size_t n,
                          void (*each)(void *arg, const struct order *o, bool existed), void *arg, struct reason *r)
{
    enum err e = begin(hub, r);

    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < n && e == ERR_OK; i++) {
        struct order o;
        bool existed;

        e = act_register_inside(hub, who, &rows[i], &o, &existed, r);
        if (e == ERR_RANGE)
            e = err_prefix(r, e, "order %zu of the table", i + 1);
        if (e == ERR_OK)
            each(arg, &o, existed);
    }
    return hub_end(hub, e, r);
}

enum err act_apply(struct hub *hub, struct order *o, const struct order_event *ev, struct reason *r)
{
    struct store *s = hub->store;
    struct order_effects fx = {.changed = false};
    enum err e = order_step(o, ev, &fx, r);

    if (e == ERR_OK && fx.changed)
        e = s->ops->order_update(s, o, r);
    if (e == ERR_OK && fx.forget_code && o->load > 0)
        e = s->ops->packing_forget_code(s, o->id, o->load, r);
    if (e == ERR_OK && fx.end_code && o->load > 0)
        e = s->ops->packing_end_code(s, o->id, o->load, r);
    if (e == ERR_OK && fx.send_withdraw) {
        e = outbox_withdraw(hub, o, r);
        if (e == ERR_STATE) /* a revoked locker hears nothing: the order waits until people declare the locker lost */
            e = ERR_OK;
    }
    return e;
}

static bool is_step_of_people(enum order_event_kind kind)
{
    static const bool allowed[ORDER_EVENT_KIND_N] = {
        [ORDER_EVENT_CANCEL] = true,   [ORDER_EVENT_DEPART] = true,  [ORDER_EVENT_ARRIVE_BACK] = true,
        [ORDER_EVENT_WITHDRAW] = true, [ORDER_EVENT_COUNTER] = true, [ORDER_EVENT_TAKE_BACK] = true,
        [ORDER_EVENT_RESTOCK] = true,  [ORDER_EVENT_DESTROY] = true,
    };

    return (unsigned)kind < ORDER_EVENT_KIND_N && allowed[kind];
}

static enum err step_inside(struct hub *hub, const struct act_who *who, const uint8_t *id, enum order_event_kind kind,
                            const char *comment, struct order *o, struct reason *r)
{
    struct store *s = hub->store;
    struct order_event ev = {.kind = kind, .at_ms = clock_wall_ms()};
    char action[STORE_NAME_CAP];
    enum err e = s->ops->order_get(s, id, o, r);

    if (e != ERR_OK)
        return e;
    ev.load = o->load;
    memcpy(ev.locker, o->locker, sizeof(ev.locker));
    if (kind == ORDER_EVENT_COUNTER) {
        ev.proof.actor = ORDER_ACTOR_COUNTER;
        ev.proof.opened_ms = ev.at_ms;
        memcpy(ev.proof.staff, who->staff, sizeof(ev.proof.staff));
    }
    e = act_apply(hub, o, &ev, r);
    if (e != ERR_OK)
        return e;
    (void)snprintf(action, sizeof(action), "order.%s", order_event_name(kind));
    return act_audit(hub, who, action, id, order_state_name(o->state), comment, r);
}

enum err act_step(struct hub *hub, const struct act_who *who, const uint8_t order[ORDER_ID_LEN],
                  enum order_event_kind kind, const char *comment, struct order *out, struct reason *r)
{
    struct order o;
    enum err e;

    if (!is_step_of_people(kind))
        return err_because(r, ERR_UNKNOWN, "not a step of people");
    e = begin(hub, r);
    if (e != ERR_OK)
        return e;
    e = hub_end(hub, step_inside(hub, who, order, kind, comment, &o, r), r);
    if (e != ERR_OK)
        return e;
    *out = o;
    act_tell_commands(hub);
    return ERR_OK;
}

enum err act_withdraw_inside(struct hub *hub, const uint8_t order[ORDER_ID_LEN], struct reason *r)
{
    struct act_who who;
    struct order o;
    enum err e = hub->store->ops->order_get(hub->store, order, &o, r);

    act_who_named("system", &who);
    if (e == ERR_OK)
        e = outbox_withdraw(hub, &o, r);
    return e == ERR_OK ? act_audit(hub, &who, "order.withdraw_again", order, order_state_name(o.state), NULL, r) : e;
}

enum err act_withdraw_again(struct hub *hub, const uint8_t order[ORDER_ID_LEN], struct reason *r)
{
    enum err e = begin(hub, r);

    if (e == ERR_OK)
        e = hub_end(hub, act_withdraw_inside(hub, order, r), r);
    if (e == ERR_OK)
        act_tell_commands(hub);
    return e;
}

/* ---------------------------------------------------------------- time */

#define DUE_MAX 100

struct due {
    uint8_t id[DUE_MAX][ORDER_ID_LEN];
    unsigned count;
    int64_t changed_before_ms;
};

static bool gather(void *arg, const struct order *o)
{
    struct due *due = arg;

    if (o->changed_ms < due->changed_before_ms && due->count < DUE_MAX)
        memcpy(due->id[due->count++], o->id, ORDER_ID_LEN);
    return due->count < DUE_MAX;
}

static enum err expire_one(struct hub *hub, const struct act_who *who, const uint8_t *id, struct reason *r)
{
    struct store *s = hub->store;
    struct order_event ev = {.kind = ORDER_EVENT_EXPIRE, .at_ms = clock_wall_ms()};
    struct order o;
    enum order_state was = ORDER_EXPIRED;
    enum err e = begin(hub, r);

    if (e != ERR_OK)
        return e;
    e = s->ops->order_get(s, id, &o, r);
    if (e == ERR_OK) {
        ev.load = o.load;
        memcpy(ev.locker, o.locker, sizeof(ev.locker));
        was = o.state;
        e = act_apply(hub, &o, &ev, r);
    }
    if (e == ERR_OK && was != ORDER_EXPIRED && o.state == ORDER_EXPIRED)
        e = s->ops->use_add(s, o.locker, STORE_USE_EXPIRED, ev.at_ms, r);
    if (e == ERR_OK)
        e = act_audit(hub, who, "order.expire", id, order_state_name(o.state), NULL, r);
    return hub_end(hub, e, r);
}

/* A withdrawal is waiting, and its locker has confirmed every command: it must be told again. */
static enum err resend_one(struct hub *hub, const uint8_t *id, struct reason *r)
{
    struct store *s = hub->store;
    struct store_locker l;
    struct order o;
    enum err e = s->ops->order_get(s, id, &o, r);
    bool idle;

    if (e == ERR_OK)
        e = s->ops->locker_get(s, o.locker, &l, r);
    if (e != ERR_OK)
        return e;
    idle = l.state == STORE_LOCKER_ACTIVE && l.cmd_acked == l.cmd.seq;
    sodium_memzero(&l, sizeof(l));
    return idle ? act_withdraw_again(hub, id, r) : ERR_OK;
}

static enum err resend_withdrawals(struct hub *hub, int64_t now_ms, struct reason *r)
{
    struct store_order_filter f = {.states = 1u << ORDER_WITHDRAWING, .limit = DUE_MAX};
    struct due due = {.count = 0, .changed_before_ms = now_ms - RESEND_AFTER_MS};
    enum err e = hub->store->ops->order_list(hub->store, &f, gather, &due, r);

    for (unsigned i = 0; i < due.count && e == ERR_OK; i++)
        e = resend_one(hub, due.id[i], r);
    return e;
}

enum err act_expire_due(struct hub *hub, unsigned *count, struct reason *r)
{
    int64_t now_ms = clock_wall_ms();
    struct store_order_filter f = {
        .states = order_states_that_may(ORDER_EVENT_EXPIRE), .ends_before_s = now_ms / 1000, .limit = DUE_MAX};
    struct due due = {.count = 0, .changed_before_ms = INT64_MAX};
    struct act_who who;
    enum err e = hub->store->ops->order_list(hub->store, &f, gather, &due, r);

    if (e != ERR_OK)
        return hub_judge(hub, e, r);
    *count = 0;
    act_who_named("system", &who);
    for (unsigned i = 0; i < due.count; i++) {
        e = expire_one(hub, &who, due.id[i], r);
        if (hub->broken)
            return e;
        if (e == ERR_OK)
            (*count)++;
        else
            log_warning("act", "an order cannot expire: %s", r != NULL ? r->text : err_name(e));
    }
    if (*count > 0)
        act_tell_commands(hub);
    return hub_judge(hub, resend_withdrawals(hub, now_ms, r), r);
}

/* ---------------------------------------------------------------- badges */

enum err act_revoke_inside(struct hub *hub, const struct act_who *who, const uint8_t *badge, struct reason *r)
{
    struct store *s = hub->store;
    char hex[2 * 8 + 1];
    struct store_badge b;
    enum err e = s->ops->badge_get(s, badge, &b, r);

    if (e != ERR_OK)
        return e;
    if (b.revoked_ms != 0)
        return err_because(r, ERR_STATE, "the badge is revoked already");
    e = outbox_revoke_badge(hub, &b, &b.revoked_seq, r);
    if (e == ERR_OK) {
        b.revoked_ms = clock_wall_ms();
        e = s->ops->badge_update(s, &b, r);
    }
    if (e != ERR_OK)
        return e;
    num_to_hex(badge, 8, hex);
    return act_audit(hub, who, "badge.revoked", NULL, hex, NULL, r);
}

enum err act_revoke_badge(struct hub *hub, const struct act_who *who, const uint8_t badge[8], struct reason *r)
{
    enum err e = begin(hub, r);

    if (e == ERR_OK)
        e = hub_end(hub, act_revoke_inside(hub, who, badge, r), r);
    if (e == ERR_OK)
        act_tell_commands(hub);
    return e;
}
