/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/view.h"

#include <sodium.h>
#include <string.h>

#include "backend/allot.h"
#include "backend/enrol.h"
#include "backend/factor.h"
#include "backend/ticket.h"
#include "backend/user.h"
#include "common/json.h"

#define CLIMATE_NOW_MS (60 * 60 * 1000) /* older is not shown on the board as a value of now */
#define HISTORY_MAX STORE_PAGE_MAX
#define FAULTS_MAX 200
#define SENSORS_MAX 32

/* What the callbacks of the store share. */
struct viewing {
    struct hub *hub;
    enum store_role role;
    bool hides_words; /* of acts */
    cJSON *array;
    enum err e; /* of a question inside a list */
    struct reason *r;
};

bool view_role_knows_patients(enum store_role role)
{
    switch (role) {
    case STORE_ROLE_PHARMACIST:
        return true;
    case STORE_ROLE_LOGISTICS:
    case STORE_ROLE_ADMIN:
    case STORE_ROLE_N:
        break;
    }
    return false;
}

static void put_time(cJSON *into, const char *key, int64_t ms)
{
    if (ms != 0)
        json_put_int(into, key, ms);
    else
        json_put_text(into, key, NULL);
}

static void put_text(cJSON *into, const char *key, const char *text)
{
    json_put_text(into, key, text[0] != '\0' ? text : NULL);
}

/* ---------------------------------------------------------------- orders */

static enum err put_locker(struct hub *hub, const uint8_t id[STORE_LOCKER_LEN], cJSON *into, struct reason *r)
{
    struct store_locker l;
    cJSON *part;
    enum err e;

    if (sodium_is_zero(id, STORE_LOCKER_LEN)) {
        json_put_text(into, "locker", NULL);
        return ERR_OK;
    }
    e = hub->store->ops->locker_get(hub->store, id, &l, r);
    if (e != ERR_OK)
        return e;
    part = json_put_object(into, "locker");
    json_put_hex(part, "id", l.id, sizeof(l.id));
    json_put_text(part, "name", l.name);
    sodium_memzero(&l, sizeof(l));
    return ERR_OK;
}

static void put_patient(const struct request *q, cJSON *into)
{
    put_text(into, "patient", q->patient);
    put_text(into, "birth_date", q->birth_date);
    put_text(into, "medicine", q->medicine);
    put_text(into, "quantity", q->quantity);
    put_text(into, "reference", q->reference);
    put_text(into, "destination", q->destination);
}

/* When the patient was told of this bag, by the log of contacts. */
static enum err put_told(struct hub *hub, const struct order *o, cJSON *into, struct reason *r)
{
    struct store_contact c = {.at_ms = 0};
    enum err e = hub->store->ops->contact_last(hub->store, o->id, true, &c, r);

    put_time(into, "told_ms", e == ERR_OK ? c.at_ms : 0);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static void put_steps(const struct order *o, cJSON *into)
{
    cJSON *steps = json_put_array(into, "may");

    for (unsigned k = ORDER_EVENT_PACK; k <= ORDER_EVENT_DESTROY; k++) {
        if (order_may(o->state, (enum order_event_kind)k))
            json_put_text(steps, NULL, order_event_name((enum order_event_kind)k));
    }
}

/* Which carer it was: by name for those who know the patient too. */
static enum err put_carer(struct hub *hub, enum store_role role, const struct order *o, cJSON *into, struct reason *r)
{
    struct store_carer c;
    enum err e = ERR_NOT_FOUND;

    if (o->proof.actor != ORDER_ACTOR_CARER)
        return ERR_OK;
    json_put_hex(into, "carer", o->proof.carer, sizeof(o->proof.carer));
    if (view_role_knows_patients(role))
        e = hub->store->ops->carer_get(hub->store, o->proof.carer, &c, r);
    if (e == ERR_OK && c.strip)
        json_put_bool(into, "strip", true);
    else if (e == ERR_OK)
        json_put_text(into, "carer_name", c.name);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err put_proof(struct hub *hub, enum store_role role, const struct order *o, cJSON *into, struct reason *r)
{
    struct store_user u;
    cJSON *proof;
    enum err e = ERR_NOT_FOUND;

    if (o->proof.actor == ORDER_ACTOR_NONE) {
        json_put_text(into, "proof", NULL);
        return ERR_OK;
    }
    proof = json_put_object(into, "proof");
    json_put_text(proof, "actor", order_actor_name(o->proof.actor));
    put_time(proof, "pulsed_ms", o->proof.pulsed_ms);
    put_time(proof, "opened_ms", o->proof.opened_ms);
    put_time(proof, "closed_ms", o->proof.closed_ms);
    json_put_int(proof, "pulses", o->proof.pulses);
    if (!sodium_is_zero(o->proof.staff, sizeof(o->proof.staff)))
        e = hub->store->ops->user_find_staff(hub->store, o->proof.staff, &u, r);
    json_put_text(proof, "staff", e == ERR_OK ? u.full_name : NULL);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    return put_carer(hub, role, o, proof, r);
}

enum err view_order(struct hub *hub, enum store_role role, const struct order *o, cJSON *into, struct reason *r)
{
    enum err e;

    json_put_hex(into, "id", o->id, sizeof(o->id));
    json_put_int(into, "number", o->number);
    json_put_text(into, "state", order_state_name(o->state));
    json_put_bool(into, "pending",
                  o->state == ORDER_WITHDRAWING); /* asked back, not confirmed: the code may still work */
    json_put_int(into, "load", o->load);
    e = put_locker(hub, o->locker, into, r);
    if (e != ERR_OK)
        return e;
    put_text(into, "door", o->door);
    json_put_text(into, "cause", o->cause == ORDER_CAUSE_NONE ? NULL : order_cause_name(o->cause));
    json_put_text(into, "fhir_status", order_fhir_status(o->state));
    put_time(into, "created_ms", o->created_ms);
    put_time(into, "changed_ms", o->changed_ms);
    put_time(into, "packed_ms", o->packed_ms);
    put_time(into, "ready_ms", o->ready_ms);
    put_time(into, "not_before_s", o->ask.not_before_s);
    put_time(into, "not_after_s", o->ask.not_after_s);
    json_put_text(into, "source", request_source_name(o->ask.source));
    json_put_text(into, "class", token_class_name(o->ask.cls));
    json_put_text(into, "size", token_size_name(o->ask.size));
    json_put_bool(into, "size_given", o->ask.size_given);
    json_put_text(into, "zone", token_zone_name(o->ask.zone));
    json_put_bool(into, "low_door", o->ask.low_door);
    json_put_text(into, "language", o->ask.language);
    put_text(into, "pharmacy", o->ask.pharmacy);
    put_steps(o, into);
    if (view_role_knows_patients(role)) {
        put_patient(&o->ask, into);
        e = put_told(hub, o, into, r);
        if (e != ERR_OK)
            return e;
    }
    return put_proof(hub, role, o, into, r);
}

static bool add_order(void *arg, const struct order *o)
{
    struct viewing *v = arg;

    v->e = view_order(v->hub, v->role, o, json_put_object(v->array, NULL), v->r);
    return v->e == ERR_OK;
}

enum err view_orders(struct hub *hub, enum store_role role, const struct store_order_filter *f, cJSON *into,
                     struct reason *r)
{
    struct viewing v = {.hub = hub, .role = role, .array = json_put_array(into, "orders"), .r = r};
    int64_t count = 0;
    enum err e = hub->store->ops->order_list(hub->store, f, add_order, &v, r);

    if (e == ERR_OK)
        e = v.e;
    if (e != ERR_OK || f->below_number > 0) /* who goes on from a number has been told */
        return e;
    e = hub->store->ops->order_matches(hub->store, f, &count, r);
    json_put_int(into, "count", count);
    return e;
}

static bool add_event(void *arg, const struct store_event *ev)
{
    struct viewing *v = arg;
    cJSON *row = json_put_object(v->array, NULL);

    json_put_text(row, "type", ev->typ);
    json_put_hex(row, "locker", ev->locker, sizeof(ev->locker));
    json_put_int(row, "seq", ev->seq);
    put_time(row, "told_ms", ev->told_ms);
    put_time(row, "received_ms", ev->received_ms);
    return true;
}

static cJSON *put_act(const struct viewing *v, const struct store_audit *a)
{
    cJSON *row = json_put_object(v->array, NULL);

    json_put_int(row, "seq", a->seq);
    put_time(row, "at_ms", a->at_ms);
    json_put_text(row, "actor", a->actor);
    json_put_text(row, "action", a->action);
    put_text(row, "subject", a->subject);
    put_text(row, "detail", v->hides_words ? "" : a->detail);
    if (a->has_order)
        json_put_hex(row, "order", a->order, sizeof(a->order));
    return row;
}

static bool add_act(void *arg, const struct store_audit *a)
{
    (void)put_act(arg, a);
    return true;
}

enum err view_order_history(struct hub *hub, enum store_role role, const struct order *o, cJSON *into, struct reason *r)
{
    struct store *s = hub->store;
    struct viewing v = {
        .hub = hub, .hides_words = !view_role_knows_patients(role), .array = json_put_array(into, "events"), .r = r};
    enum err e = s->ops->event_list(s, NULL, o->id, 0, HISTORY_MAX, add_event, &v, r);
    bool cut = cJSON_GetArraySize(v.array) == HISTORY_MAX;

    if (e != ERR_OK)
        return e;
    v.array = json_put_array(into, "acts");
    e = s->ops->audit_list(s, o->id, 0, HISTORY_MAX, add_act, &v, r);
    json_put_bool(into, "history_cut", cut || cJSON_GetArraySize(v.array) == HISTORY_MAX);
    return e;
}

/* ---------------------------------------------------------------- one locker on the board */

static enum err put_bag(struct viewing *v, const struct store_compartment *c, cJSON *row)
{
    struct order o;
    enum err e;

    if (!c->has_order) {
        json_put_text(row, "order", NULL);
        return ERR_OK;
    }
    e = v->hub->store->ops->order_get(v->hub->store, c->order, &o, v->r);
    if (e != ERR_OK)
        return e;
    row = json_put_object(row, "order");
    json_put_hex(row, "id", o.id, sizeof(o.id));
    json_put_int(row, "number", o.number);
    json_put_text(row, "state", order_state_name(o.state));
    put_time(row, "not_after_s", o.ask.not_after_s);
    return ERR_OK;
}

static bool add_door(void *arg, const struct store_compartment *c)
{
    struct viewing *v = arg;
    cJSON *row = json_put_object(v->array, NULL);

    json_put_text(row, "door", c->door);
    json_put_int(row, "number", c->number);
    json_put_text(row, "size", token_size_name(c->size));
    json_put_text(row, "zone", token_zone_name(c->zone));
    json_put_int(row, "row", c->row);
    json_put_int(row, "column", c->column);
    json_put_bool(row, "low", c->low);
    json_put_bool(row, "tested", c->tested);
    put_text(row, "state", c->state);
    put_text(row, "cause", c->cause);
    put_text(row, "contact", c->contact);
    put_time(row, "told_ms", c->told_ms);
    v->e = put_bag(v, c, row);
    return v->e == ERR_OK;
}

static bool add_board(void *arg, const struct store_board *b)
{
    struct viewing *v = arg;
    cJSON *row = json_put_object(v->array, NULL);

    json_put_text(row, "board", b->board);
    json_put_text(row, "state", b->state);
    put_time(row, "told_ms", b->told_ms);
    return true;
}

/* The last sample of each sensor. */
struct latest {
    struct store_sample sample[SENSORS_MAX];
    unsigned count;
};

static bool keep_latest(void *arg, const struct store_sample *t)
{
    struct latest *l = arg;
    unsigned i = 0;

    while (i < l->count && strcmp(l->sample[i].sensor, t->sensor) != 0)
        i++;
    if (i == SENSORS_MAX)
        return true;
    if (i == l->count)
        l->count++;
    l->sample[i] = *t; /* rising in time */
    return true;
}

/* With the band in which it is fine, where the locker has told it. */
static enum err put_band(struct hub *hub, const struct store_sample *t, cJSON *row, struct reason *r)
{
    struct store_sensor x;
    enum err e = hub->store->ops->sensor_get(hub->store, t->locker, t->sensor, &x, r);

    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    json_put_text(row, "zone", token_zone_name(x.zone));
    json_put_int(row, "min_milli_c", x.min_milli_c);
    json_put_int(row, "max_milli_c", x.max_milli_c);
    return ERR_OK;
}

static void put_sample(const struct store_sample *t, cJSON *row)
{
    json_put_text(row, "sensor", t->sensor);
    json_put_text(row, "state", t->state);
    put_time(row, "at_ms", t->at_ms);
    if (t->has_milli_c)
        json_put_int(row, "milli_c", t->milli_c);
    else
        json_put_text(row, "milli_c", NULL);
    if (t->has_permille)
        json_put_int(row, "permille", t->permille);
    else
        json_put_text(row, "permille", NULL);
}

static enum err put_climate_now(struct hub *hub, const uint8_t *locker, cJSON *into, struct reason *r)
{
    int64_t now_ms = clock_wall_ms();
    struct latest l = {.count = 0};
    cJSON *array = json_put_array(into, "climate");
    enum err e = hub->store->ops->sample_list(hub->store, locker, NULL, now_ms - CLIMATE_NOW_MS,
                                              now_ms + CLIMATE_NOW_MS, keep_latest, &l, r);

    for (unsigned i = 0; i < l.count && e == ERR_OK; i++) {
        cJSON *row = json_put_object(array, NULL);

        put_sample(&l.sample[i], row);
        e = put_band(hub, &l.sample[i], row, r);
    }
    return e;
}

/* How many doors are empty, how many are promised, and how many are left free, by zone and size. */
static enum err put_capacity(struct hub *hub, const uint8_t *locker, cJSON *into, struct reason *r)
{
    struct store_capacity c;
    enum err e = hub->store->ops->locker_capacity(hub->store, locker, &c, r);

    if (e != ERR_OK)
        return e;
    into = json_put_object(into, "capacity");
    json_put_int(into, "total", c.total);
    json_put_int(into, "loaded", c.loaded);
    into = json_put_array(into, "kinds");
    for (unsigned z = 0; z < TOKEN_ZONE_N; z++) {
        uint32_t left[TOKEN_SIZE_N];

        allot_free(&c, (enum token_zone)z, left);
        for (unsigned n = 0; n < TOKEN_SIZE_N; n++) {
            cJSON *row = json_put_object(into, NULL);

            json_put_text(row, "zone", token_zone_name((enum token_zone)z));
            json_put_text(row, "size", token_size_name((enum token_size)n));
            json_put_int(row, "free", left[n]);
            json_put_int(row, "empty", (int64_t)c.doors[z][n][0] + c.doors[z][n][1]);
            json_put_int(row, "empty_low", c.doors[z][n][1]);
            json_put_int(row, "promised", (int64_t)c.promised[z][n][0] + c.promised[z][n][1]);
        }
    }
    return ERR_OK;
}

static void put_locker_head(const struct store_locker *l, cJSON *row)
{
    json_put_hex(row, "id", l->id, sizeof(l->id));
    json_put_text(row, "name", l->name);
    put_text(row, "address", l->address);
    put_text(row, "hours", l->hours);
    json_put_text(row, "state", store_locker_state_name(l->state));
    put_time(row, "seen_ms", l->seen_ms);
    put_text(row, "version", l->version);
    put_text(row, "guess_mode", l->guess_mode);
    json_put_int(row, "outbox", l->outbox);
    json_put_int(row, "commands_pending", l->cmd.seq - l->cmd_acked);
    put_text(row, "certificate", l->certificate);
    put_time(row, "created_ms", l->created_ms);
    put_time(row, "certificate_ends_ms", l->created_ms + INT64_C(86400000) * ENROL_CERTIFICATE_DAYS);
}

static enum err put_locker_parts(struct viewing *v, const struct store_locker *l, cJSON *row)
{
    struct store *s = v->hub->store;
    struct viewing part = *v;
    enum err e;

    part.array = json_put_array(row, "doors");
    e = s->ops->compartment_list(s, l->id, add_door, &part, v->r);
    if (e == ERR_OK)
        e = part.e;
    part.array = json_put_array(row, "boards");
    if (e == ERR_OK)
        e = s->ops->board_list(s, l->id, add_board, &part, v->r);
    if (e == ERR_OK)
        e = put_climate_now(v->hub, l->id, row, v->r);
    if (e == ERR_OK)
        e = put_capacity(v->hub, l->id, row, v->r);
    return e;
}

static bool add_locker(void *arg, const struct store_locker *l)
{
    struct viewing *v = arg;
    cJSON *row;

    if (l->state == STORE_LOCKER_REVOKED || l->state == STORE_LOCKER_LOST)
        return true;
    row = json_put_object(v->array, NULL);
    put_locker_head(l, row);
    v->e = put_locker_parts(v, l, row);
    return v->e == ERR_OK;
}

static bool add_locker_head(void *arg, const struct store_locker *l)
{
    struct viewing *v = arg;

    put_locker_head(l, json_put_object(v->array, NULL));
    return true;
}

enum err view_lockers(struct hub *hub, cJSON *into, struct reason *r)
{
    struct viewing v = {.hub = hub, .array = json_put_array(into, "lockers"), .r = r};

    return hub->store->ops->locker_list(hub->store, add_locker_head, &v, r);
}

/* ---------------------------------------------------------------- the board */

static void put_link(const struct link_stats *link, cJSON *into)
{
    into = json_put_object(into, "broker");
    json_put_bool(into, "up", link->up);
    json_put_int(into, "received", (int64_t)link->received);
    json_put_int(into, "refused", (int64_t)link->refused);
    json_put_int(into, "retained", (int64_t)link->retained);
    put_text(into, "last_refusal", link->last_refusal);
}

static enum err put_counts(struct hub *hub, cJSON *into, struct reason *r)
{
    uint32_t count[ORDER_STATE_N];
    enum err e = hub->store->ops->order_count(hub->store, count, r);

    if (e != ERR_OK)
        return e;
    into = json_put_object(into, "counts");
    for (unsigned i = 0; i < ORDER_STATE_N; i++)
        json_put_int(into, order_state_name((enum order_state)i), count[i]);
    return ERR_OK;
}

enum err view_board(struct hub *hub, enum store_role role, const struct link_stats *link, cJSON *into, struct reason *r)
{
    const struct store_fault_filter open = {.open_only = true, .limit = FAULTS_MAX};
    struct viewing v = {.hub = hub, .role = role, .r = r};
    enum err e;

    json_put_int(into, "revision", (int64_t)hub->revision);
    json_put_int(into, "now_ms", clock_wall_ms());
    put_link(link, into);
    e = put_counts(hub, into, r);
    v.array = json_put_array(into, "lockers");
    if (e == ERR_OK)
        e = hub->store->ops->locker_list(hub->store, add_locker, &v, r);
    if (e == ERR_OK)
        e = v.e;
    if (e == ERR_OK)
        e = view_faults(hub, &open, into, r);
    json_put_bool(into, "faults_cut",
                  cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(into, "faults")) == FAULTS_MAX);
    return e;
}

void view_fault(const struct store_fault *f, cJSON *row)
{
    json_put_int(row, "id", f->id);
    json_put_hex(row, "locker", f->locker, sizeof(f->locker));
    json_put_text(row, "kind", store_fault_name(f->kind));
    put_text(row, "subject", f->subject);
    put_text(row, "detail", f->detail);
    put_time(row, "opened_ms", f->opened_ms);
    put_time(row, "last_ms", f->last_ms);
    json_put_int(row, "times", f->times);
    json_put_int(row, "flaps", f->flaps);
    json_put_bool(row, "by_evidence", ticket_closes_on_evidence(f->kind));
    json_put_bool(row, "visit", ticket_needs_visit(f->kind));
    json_put_bool(row, "urgent", ticket_is_urgent(f->kind));
    put_text(row, "taken_by", f->taken_by);
    put_time(row, "closed_ms", f->closed_ms);
    put_text(row, "closed_by", f->closed_by);
    put_text(row, "comment", f->comment);
}

static bool add_fault(void *arg, const struct store_fault *f)
{
    struct viewing *v = arg;

    view_fault(f, json_put_object(v->array, NULL));
    return true;
}

enum err view_faults(struct hub *hub, const struct store_fault_filter *f, cJSON *into, struct reason *r)
{
    struct viewing v = {.hub = hub, .array = json_put_array(into, "faults"), .r = r};

    return hub->store->ops->fault_list(hub->store, f, add_fault, &v, r);
}

/* ---------------------------------------------------------------- people and audit */

static bool add_user(void *arg, const struct store_user *u)
{
    struct viewing *v = arg;
    cJSON *row = json_put_object(v->array, NULL);
    struct factor_state f = {.confirmed = false};

    json_put_text(row, "name", u->name);
    json_put_text(row, "full_name", u->full_name);
    json_put_text(row, "role", store_role_name(u->role));
    json_put_bool(row, "disabled", u->disabled);
    json_put_hex(row, "staff", u->staff, sizeof(u->staff));
    put_time(row, "created_ms", u->created_ms);
    json_put_bool(row, "must_change", u->must_change);
    json_put_bool(row, "locked", user_wait_ms(u, clock_wall_ms()) > 0);
    v->e = factor_get_state(v->hub, u->name, &f, v->r);
    json_put_bool(row, "factor", f.confirmed);
    return v->e == ERR_OK;
}

enum err view_users(struct hub *hub, cJSON *into, struct reason *r)
{
    struct viewing v = {.hub = hub, .array = json_put_array(into, "users"), .r = r};

    enum err e = hub->store->ops->user_list(hub->store, add_user, &v, r);

    return e != ERR_OK ? e : v.e;
}

static bool add_badge(void *arg, const struct store_badge *b)
{
    struct viewing *v = arg;
    cJSON *row = json_put_object(v->array, NULL);

    json_put_hex(row, "badge", b->badge, sizeof(b->badge));
    json_put_hex(row, "locker", b->locker, sizeof(b->locker));
    json_put_hex(row, "staff", b->staff, sizeof(b->staff));
    json_put_text(row, "role", token_role_name(b->role));
    json_put_int(row, "not_after_s", b->not_after_s);
    put_time(row, "created_ms", b->created_ms);
    put_time(row, "revoked_ms", b->revoked_ms);
    json_put_int(row, "revoked_seq", b->revoked_seq);
    return true;
}

enum err view_badges(struct hub *hub, cJSON *into, struct reason *r)
{
    struct viewing v = {.hub = hub, .array = json_put_array(into, "badges"), .r = r};

    return hub->store->ops->badge_list(hub->store, NULL, add_badge, &v, r);
}

static void add_name(void *arg, const char *name)
{
    json_put_text(arg, NULL, name);
}

/* With the number of the order, which is what people call a bag by. */
static bool add_audit(void *arg, const struct store_audit *a)
{
    struct viewing *v = arg;
    cJSON *row = put_act(v, a);
    struct order o;

    if (!a->has_order)
        return true;
    v->e = v->hub->store->ops->order_get(v->hub->store, a->order, &o, v->r);
    if (v->e == ERR_OK)
        json_put_int(row, "order_number", o.number);
    else if (v->e == ERR_NOT_FOUND)
        v->e = ERR_OK; /* rows of the audit stay */
    sodium_memzero(&o, sizeof(o));
    return v->e == ERR_OK;
}

enum err view_audit(struct hub *hub, const struct store_audit_filter *f, cJSON *into, struct reason *r)
{
    const struct store_ops *ops = hub->store->ops;
    struct viewing v = {.hub = hub, .array = json_put_array(into, "rows"), .r = r};
    int64_t count = 0;
    enum err e = ops->audit_find(hub->store, f, add_audit, &v, r);

    if (e == ERR_OK)
        e = v.e;
    if (e != ERR_OK || f->below_seq > 0) /* who goes on from a number has been told */
        return e;
    e = ops->audit_matches(hub->store, f, &count, r);
    json_put_int(into, "count", count);
    if (e == ERR_OK)
        e = ops->audit_names(hub->store, STORE_AUDIT_ACTORS, add_name, json_put_array(into, "actors"), r);
    if (e == ERR_OK)
        e = ops->audit_names(hub->store, STORE_AUDIT_ACTIONS, add_name, json_put_array(into, "actions"), r);
    return e;
}
