/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from one event of a locker: pure, a table of types with one small function each. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backend/ingest.h"
#include "common/num.h"

struct view {
    const struct msg *m;
    const struct ingest_rows *rows;
    int64_t now_ms;
    struct ingest_changes *out;
};

/* ---------------------------------------------------------------- reading */

int64_t ingest_told_at(const struct msg *m)
{
    const int64_t boots = ((int64_t)1 << 22) - 1, in_boot = ((int64_t)1 << 40) - 1;

    return ((int64_t)m->head.clk.boot & boots) << 40 | (m->head.clk.boot_ms & in_boot);
}

bool ingest_order_of(const struct msg *m, uint8_t id[ORDER_ID_LEN])
{
    return json_get_hex(m->dat, "ord", id, ORDER_ID_LEN, NULL) == ERR_OK;
}

static enum err read_word(const cJSON *obj, const char *key, size_t cap, char *out, struct reason *r)
{
    const char *text;
    enum err e = json_get_text(obj, key, 1, cap - 1, &text, r);

    if (e == ERR_OK && request_text(out, cap, text, strlen(text)) != ERR_OK) {
        e = err_because(r, ERR_SYNTAX, "%s: control characters", key);
    }
    return e;
}

static enum err read_door(const cJSON *obj, const char *key, char *door, struct reason *r)
{
    enum err e = read_word(obj, key, ORDER_DOOR_CAP, door, r);

    if (e == ERR_OK && door[strspn(door, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")] != '\0') {
        e = err_because(r, ERR_SYNTAX, "%s: not the name of a door", key);
    }
    return e;
}

bool ingest_door_of(const struct msg *m, char *door)
{
    char found[ORDER_DOOR_CAP];

    if (read_door(m->dat, "door", found, NULL) != ERR_OK) {
        return false;
    }
    memcpy(door, found, sizeof(found));
    return true;
}

enum err ingest_read_door(const cJSON *item, struct store_compartment *c, struct reason *r)
{
    static const char *const allowed[] = {"door", "number", "size", "zone", "row", "column", "low", NULL};
    const char *size = NULL, *zone = NULL;
    int64_t number = 0, row = 0, column = 0;
    enum err e = json_only(item, allowed, r);

    if (e == ERR_OK)
        e = read_door(item, "door", c->door, r);
    if (e == ERR_OK)
        e = json_get_int(item, "number", 1, 999, &number, r);
    if (e == ERR_OK)
        e = json_get_int(item, "row", 1, 99, &row, r);
    if (e == ERR_OK)
        e = json_get_int(item, "column", 1, 99, &column, r);
    if (e == ERR_OK)
        e = json_get_bool(item, "low", &c->low, r);
    if (e == ERR_OK)
        e = json_get_text(item, "size", 1, 1, &size, r);
    if (e == ERR_OK && token_size_parse(size, &c->size) != ERR_OK)
        e = err_because(r, ERR_UNKNOWN, "size: unknown");
    if (e == ERR_OK)
        e = json_get_text(item, "zone", 1, 8, &zone, r);
    if (e == ERR_OK && token_zone_parse(zone, &c->zone) != ERR_OK)
        e = err_because(r, ERR_UNKNOWN, "zone: unknown");
    c->number = (uint16_t)number;
    c->row = (uint16_t)row;
    c->column = (uint16_t)column;
    return e;
}

static bool is_one_of(const char *text, const char *const *words)
{
    while (*words != NULL && strcmp(text, *words) != 0) {
        words++;
    }
    return *words != NULL;
}

/* A word out of a list. */
static enum err read_choice(const cJSON *obj, const char *key, const char *const *words, char out[STORE_TOKEN_CAP],
                            struct reason *r)
{
    enum err e = read_word(obj, key, STORE_TOKEN_CAP, out, r);

    if (e == ERR_OK && !is_one_of(out, words)) {
        e = err_because(r, ERR_UNKNOWN, "%s: \"%.32s\" is not known", key, out);
    }
    return e;
}

/* ---------------------------------------------------------------- faults and compartments */

static void add_fault(struct view *v, bool close, enum store_fault_kind kind, const char *subject, const char *detail)
{
    if (v->out->faults == INGEST_FAULTS_MAX) {
        return;
    }
    struct ingest_fault *f = &v->out->fault[v->out->faults++];
    f->close = close;
    f->kind = kind;
    (void)snprintf(f->subject, sizeof(f->subject), "%s", subject);
    (void)snprintf(f->detail, sizeof(f->detail), "%s", detail);
}

static void raise_fault(struct view *v, enum store_fault_kind kind, const char *subject, const char *detail)
{
    add_fault(v, false, kind, subject, detail);
}

static void settle_fault(struct view *v, enum store_fault_kind kind, const char *subject)
{
    add_fault(v, true, kind, subject, "");
}

static void number_of(const struct order *o, char out[STORE_TOKEN_CAP])
{
    (void)snprintf(out, STORE_TOKEN_CAP, "%" PRId64, o->number);
}

/* The compartment row to change; NULL when the hub does not know the door. */
static struct store_compartment *touch_compartment(struct view *v)
{
    if (!v->rows->has_compartment) {
        return NULL;
    }
    if (!v->out->compartment) {
        v->out->compartment = true;
        v->out->compartment_row = v->rows->compartment;
    }
    return &v->out->compartment_row;
}

/* A report that is not older than what is known (a heartbeat may have overtaken a backlog of events). */
static bool is_news(struct view *v, struct store_compartment *c)
{
    int64_t at = ingest_told_at(v->m);

    if (at < c->told_at) {
        return false;
    }
    c->told_at = at;
    c->told_ms = v->now_ms;
    return true;
}

static void set_contact(struct view *v, const char *contact)
{
    struct store_compartment *c = touch_compartment(v);

    if (c != NULL && is_news(v, c)) {
        (void)snprintf(c->contact, sizeof(c->contact), "%s", contact);
    }
}

/* ---------------------------------------------------------------- doors */

static enum err decide_nothing(struct view *v, struct reason *r)
{
    (void)v;
    (void)r;
    return ERR_OK;
}

static enum err decide_described(struct view *v, struct reason *r)
{
    const cJSON *doors = NULL, *item;
    struct store_compartment scratch;
    enum err e = json_get_array(v->m->dat, "doors", &doors, r);

    if (e != ERR_OK) {
        return e;
    }
    cJSON_ArrayForEach(item, doors)
    {
        e = ingest_read_door(item, &scratch, r);
        if (e != ERR_OK) {
            return e;
        }
    }
    v->out->describe = true;
    return ERR_OK;
}

static enum err decide_opened(struct view *v, struct reason *r)
{
    char door[ORDER_DOOR_CAP];
    enum err e = read_door(v->m->dat, "door", door, r);

    if (e == ERR_OK) {
        set_contact(v, "open");
        settle_fault(v, STORE_FAULT_JAM, door);
    }
    return e;
}

static enum err decide_closed(struct view *v, struct reason *r)
{
    char door[ORDER_DOOR_CAP];
    enum err e = read_door(v->m->dat, "door", door, r);

    if (e == ERR_OK) {
        set_contact(v, "closed");
        settle_fault(v, STORE_FAULT_LEFT_OPEN, door);
    }
    return e;
}

static enum err decide_jammed(struct view *v, struct reason *r)
{
    char door[ORDER_DOOR_CAP], detail[32];
    int64_t attempt;
    enum err e = read_door(v->m->dat, "door", door, r);

    if (e == ERR_OK) {
        e = json_get_int(v->m->dat, "try", 1, 3, &attempt, r);
    }
    if (e == ERR_OK) {
        (void)snprintf(detail, sizeof(detail), "try %" PRId64, attempt);
        raise_fault(v, STORE_FAULT_JAM, door, detail);
    }
    return e;
}

static enum err decide_left_open(struct view *v, struct reason *r)
{
    char door[ORDER_DOOR_CAP];
    enum err e = read_door(v->m->dat, "door", door, r);

    if (e == ERR_OK) {
        set_contact(v, "open");
        raise_fault(v, STORE_FAULT_LEFT_OPEN, door, "");
    }
    return e;
}

static enum err decide_forced(struct view *v, struct reason *r)
{
    char door[ORDER_DOOR_CAP];
    enum err e = read_door(v->m->dat, "door", door, r);

    if (e == ERR_OK) {
        set_contact(v, "open");
        raise_fault(v, STORE_FAULT_FORCED, door, "");
    }
    return e;
}

static enum err decide_mismatch(struct view *v, struct reason *r)
{
    char door[ORDER_DOOR_CAP], moved[ORDER_DOOR_CAP], board[STORE_TOKEN_CAP], detail[64];
    enum err e = read_door(v->m->dat, "door", door, r);

    if (e == ERR_OK) {
        e = read_door(v->m->dat, "moved", moved, r);
    }
    if (e == ERR_OK) {
        e = read_word(v->m->dat, "board", sizeof(board), board, r);
    }
    if (e == ERR_OK) {
        if (strcmp(moved, door) == 0)
            (void)snprintf(detail, sizeof(detail), "the relay of %s stays on", door);
        else
            (void)snprintf(detail, sizeof(detail), "%s moved instead of %s", moved, door);
        raise_fault(v, STORE_FAULT_WIRING, board, detail);
        struct store_compartment *c = touch_compartment(v);
        if (c != NULL)
            c->tested = false; /* what was proved is not so any more */
    }
    return e;
}

static enum err decide_commissioned(struct view *v, struct reason *r)
{
    char door[ORDER_DOOR_CAP];
    struct store_compartment *c;
    enum err e = read_door(v->m->dat, "door", door, r);

    if (e != ERR_OK)
        return e;
    c = touch_compartment(v);
    if (c != NULL)
        c->tested = true;
    return ERR_OK;
}

static enum err decide_compartment(struct view *v, struct reason *r)
{
    static const char *const states[] = {"FREE",  "LOADING", "LOADED", "OPENING", "TAKEN",
                                         "CHECK", "FORCED",  "OUT",    NULL};
    char door[ORDER_DOOR_CAP], state[STORE_TOKEN_CAP], cause[STORE_TOKEN_CAP];
    enum err e = read_door(v->m->dat, "door", door, r);

    if (e == ERR_OK)
        e = read_choice(v->m->dat, "state", states, state, r);
    if (e == ERR_OK)
        e = read_word(v->m->dat, "cause", sizeof(cause), cause, r);
    if (e != ERR_OK)
        return e;
    struct store_compartment *c = touch_compartment(v);
    if (c != NULL && is_news(v, c)) {
        memcpy(c->state, state, sizeof(state));
        memcpy(c->cause, cause, sizeof(cause));
    }
    bool out = strcmp(state, "OUT") == 0, forced = strcmp(state, "FORCED") == 0, check = strcmp(state, "CHECK") == 0;
    if (out)
        raise_fault(v, STORE_FAULT_OUT, door, cause);
    else
        settle_fault(v, STORE_FAULT_OUT, door);
    if (forced)
        raise_fault(v, STORE_FAULT_FORCED, door, cause);
    if (check)
        raise_fault(v, STORE_FAULT_CHECK, door, cause);
    if (!out && !forced && !check) {
        settle_fault(v, STORE_FAULT_FORCED, door);
        settle_fault(v, STORE_FAULT_CHECK, door);
    }
    return ERR_OK;
}

/* ---------------------------------------------------------------- orders */

/* Fills what every event about an order has, applies it and keeps the row. */
static enum err step(struct view *v, struct order_event *ev, struct reason *r)
{
    int64_t load = 0;
    enum err e = json_get_int(v->m->dat, "lod", 1, UINT32_MAX, &load, r);

    if (e != ERR_OK) {
        return e;
    }
    if (!v->rows->has_order) {
        return err_because(r, ERR_NOT_FOUND, "an order that the hub does not know");
    }
    ev->at_ms = v->now_ms;
    ev->load = (uint32_t)load;
    memcpy(ev->locker, v->rows->locker->id, ORDER_LOCKER_LEN);
    v->out->order_row = v->rows->order;
    e = order_step(&v->out->order_row, ev, &v->out->fx, r);
    if (e != ERR_OK) {
        char number[STORE_TOKEN_CAP];
        number_of(&v->rows->order, number);
        return err_prefix(r, e, "order %s", number);
    }
    v->out->order = v->out->fx.changed;
    return ERR_OK;
}

/* The bag of the present load has left the compartments; also when people said so first. */
static void vacate(struct view *v, const struct order_event *ev)
{
    char number[STORE_TOKEN_CAP];

    if (v->out->fx.changed || ev->load == v->rows->order.load) {
        v->out->vacate = true;
        number_of(&v->rows->order, number);
        settle_fault(v, STORE_FAULT_UNCONFIRMED, number);
    }
}

static void place(struct view *v, uint32_t load)
{
    struct store_compartment *c = touch_compartment(v);

    if (c != NULL) {
        c->has_order = true;
        memcpy(c->order, v->rows->order.id, sizeof(c->order));
        c->load = load;
        v->out->place = true;
    }
}

static enum err decide_loaded(struct view *v, struct reason *r)
{
    struct order_event ev = {.kind = ORDER_EVENT_LOADED};
    uint8_t staff[ORDER_STAFF_LEN];
    char number[STORE_TOKEN_CAP];
    enum err e = read_door(v->m->dat, "door", ev.door, r);

    if (e == ERR_OK)
        e = json_get_hex(v->m->dat, "staff", staff, sizeof(staff), r);
    if (e == ERR_OK)
        e = step(v, &ev, r);
    if (e != ERR_OK)
        return e;
    place(v, ev.load);
    number_of(&v->rows->order, number);
    settle_fault(v, STORE_FAULT_UNCONFIRMED, number);
    return ERR_OK;
}

static enum err read_actor(const cJSON *dat, struct order_proof *p, struct reason *r)
{
    static const char *const kinds[] = {"code", "token", "staff", "carer", "remote", "none", NULL};
    const cJSON *actor = NULL;
    char kind[STORE_TOKEN_CAP];
    enum err e = json_get_object(dat, "actor", &actor, r);

    if (e == ERR_OK)
        e = read_choice(actor, "kind", kinds, kind, r);
    if (e == ERR_OK)
        e = order_actor_parse(kind, &p->actor);
    if (e == ERR_OK && p->actor == ORDER_ACTOR_CARER)
        e = json_get_hex(actor, "carer", p->carer, sizeof(p->carer), r);
    if (e == ERR_OK && (p->actor == ORDER_ACTOR_STAFF || p->actor == ORDER_ACTOR_REMOTE))
        e = json_get_hex(actor, "staff", p->staff, sizeof(p->staff), r);
    return e;
}

static void audit(struct view *v, const char *action, const uint8_t *order, const char *subject, const char *detail)
{
    struct store_audit *a = &v->out->audit;

    v->out->audited = true;
    (void)snprintf(a->action, sizeof(a->action), "%s", action);
    (void)snprintf(a->subject, sizeof(a->subject), "%s", subject);
    (void)snprintf(a->detail, sizeof(a->detail), "%s", detail);
    a->has_order = order != NULL;
    if (order != NULL)
        memcpy(a->order, order, sizeof(a->order));
}

/* The patient's own code and QR need no row beside the event; somebody else's right does. */
static void audit_collected(struct view *v, const struct order_proof *p)
{
    char hex[2 * TOKEN_CARER_LEN + 1];

    if (p->actor == ORDER_ACTOR_CARER) {
        num_to_hex(p->carer, sizeof(p->carer), hex);
        audit(v, "order.collected_by_carer", v->rows->order.id, hex, "");
    } else if (p->actor == ORDER_ACTOR_REMOTE) {
        num_to_hex(p->staff, sizeof(p->staff), hex);
        audit(v, "order.collected_remotely", v->rows->order.id, hex, "");
    }
}

static enum err decide_collected(struct view *v, struct reason *r)
{
    static const char *const proofs[] = {"opened-closed", NULL};
    const int64_t far = INT64_C(253402300799999);
    const cJSON *dat = v->m->dat;
    struct order_event ev = {.kind = ORDER_EVENT_DOOR_COLLECTED};
    char proof[STORE_TOKEN_CAP];
    int64_t pulses = 0;
    enum err e = read_door(dat, "door", ev.door, r);

    if (e == ERR_OK)
        e = read_actor(dat, &ev.proof, r);
    if (e == ERR_OK)
        e = json_get_int(dat, "pulses", 1, 3, &pulses, r);
    if (e == ERR_OK)
        e = json_get_int(dat, "pulsed_ms", 0, far, &ev.proof.pulsed_ms, r);
    if (e == ERR_OK)
        e = json_get_int(dat, "opened_ms", 1, far, &ev.proof.opened_ms, r);
    if (e == ERR_OK)
        e = json_get_int(dat, "closed_ms", 1, far, &ev.proof.closed_ms, r);
    if (e == ERR_OK)
        e = read_choice(dat, "proof", proofs, proof, r);
    if (e != ERR_OK)
        return e;
    ev.proof.pulses = (uint32_t)pulses;
    e = step(v, &ev, r);
    if (e == ERR_OK) {
        audit_collected(v, &ev.proof);
        settle_fault(v, STORE_FAULT_JAM, ev.door);
        vacate(v, &ev);
    }
    return e;
}

static enum err decide_unconfirmed(struct view *v, struct reason *r)
{
    struct order_event ev = {.kind = ORDER_EVENT_NOT_CONFIRMED};
    char number[STORE_TOKEN_CAP];
    enum err e = read_door(v->m->dat, "door", ev.door, r);

    if (e == ERR_OK)
        e = step(v, &ev, r);
    if (e == ERR_OK && (v->out->fx.changed || v->rows->order.state == ORDER_WITHDRAWING)) {
        number_of(&v->rows->order, number);
        raise_fault(v, STORE_FAULT_UNCONFIRMED, number, ev.door);
    }
    return e;
}

/* Somebody at the door says that something is wrong with the bag: for people to look into, the state of the order is
 * told by other events. */
static enum err decide_reported(struct view *v, struct reason *r)
{
    static const char *const kinds[] = {"empty", "wrong", "other", NULL};
    char door[ORDER_DOOR_CAP], what[STORE_TOKEN_CAP], number[STORE_TOKEN_CAP], detail[STORE_TEXT_CAP];
    int64_t load = 0;
    enum err e = read_door(v->m->dat, "door", door, r);

    if (e == ERR_OK)
        e = read_choice(v->m->dat, "what", kinds, what, r);
    if (e == ERR_OK)
        e = json_get_int(v->m->dat, "lod", 1, UINT32_MAX, &load, r);
    if (e == ERR_OK && !v->rows->has_order)
        e = err_because(r, ERR_NOT_FOUND, "an order that the hub does not know");
    if (e != ERR_OK)
        return e;
    number_of(&v->rows->order, number);
    (void)snprintf(detail, sizeof(detail), "%s, %s", what, door);
    raise_fault(v, STORE_FAULT_REPORTED, number, detail);
    return ERR_OK;
}

static enum err decide_voided(struct view *v, struct reason *r)
{
    static const char *const causes[] = {"withdrawn", "expired", "staff", NULL};
    const cJSON *door = cJSON_GetObjectItemCaseSensitive(v->m->dat, "door");
    struct order_event ev = {.kind = ORDER_EVENT_VOIDED_OUT};
    char cause[STORE_TOKEN_CAP], number[STORE_TOKEN_CAP];
    enum err e = read_choice(v->m->dat, "cause", causes, cause, r);

    if (e == ERR_OK)
        e = order_cause_parse(cause, &ev.cause);
    if (e == ERR_OK && !cJSON_IsNull(door)) {
        e = read_door(v->m->dat, "door", ev.door, r);
        ev.kind = ev.cause == ORDER_CAUSE_EXPIRED ? ORDER_EVENT_LAPSED_IN : ORDER_EVENT_VOIDED_IN;
    }
    if (e == ERR_OK)
        e = step(v, &ev, r);
    if (e != ERR_OK)
        return e;
    if (ev.kind == ORDER_EVENT_VOIDED_OUT) {
        vacate(v, &ev);
    } else if (v->out->fx.changed) {
        number_of(&v->rows->order, number);
        settle_fault(v, STORE_FAULT_UNCONFIRMED, number);
    }
    return ERR_OK;
}

static enum err decide_refused(struct view *v, struct reason *r)
{
    static const char *const causes[] = {"collected", "removed", NULL};
    struct order_event ev = {.kind = ORDER_EVENT_TOO_LATE};
    char cause[STORE_TOKEN_CAP];
    enum err e = read_choice(v->m->dat, "cause", causes, cause, r);

    return e == ERR_OK ? step(v, &ev, r) : e;
}

static enum err decide_removed(struct view *v, struct reason *r)
{
    struct order_event ev = {.kind = ORDER_EVENT_REMOVED};
    uint8_t staff[ORDER_STAFF_LEN];
    enum err e = read_door(v->m->dat, "door", ev.door, r);

    if (e == ERR_OK)
        e = json_get_hex(v->m->dat, "staff", staff, sizeof(staff), r);
    if (e == ERR_OK)
        e = step(v, &ev, r);
    if (e == ERR_OK)
        vacate(v, &ev);
    return e;
}

/* ---------------------------------------------------------------- the cabinet */

static enum err decide_guessing(struct view *v, struct reason *r)
{
    static const char *const modes[] = {"normal", "step-up", "wait", NULL};
    const int64_t most = INT64_C(9007199254740991);
    char mode[STORE_TOKEN_CAP], detail[STORE_TEXT_CAP];
    int64_t hour = 0, day = 0, week = 0;
    enum err e = json_get_int(v->m->dat, "wrong_1h", 0, most, &hour, r);

    if (e == ERR_OK)
        e = json_get_int(v->m->dat, "wrong_24h", 0, most, &day, r);
    if (e == ERR_OK)
        e = json_get_int(v->m->dat, "wrong_7d", 0, most, &week, r);
    if (e == ERR_OK)
        e = read_choice(v->m->dat, "mode", modes, mode, r);
    if (e != ERR_OK)
        return e;
    (void)snprintf(detail, sizeof(detail), "1 h %" PRId64 ", 24 h %" PRId64 ", 7 d %" PRId64 ", %s", hour, day, week,
                   mode);
    raise_fault(v, STORE_FAULT_GUESSING, "", detail);
    return ERR_OK;
}

static enum err decide_board(struct view *v, struct reason *r)
{
    static const char *const states[] = {"ok", "lost", "foreign", "stopped", NULL};
    struct store_board *b = &v->out->board_row;
    enum err e = read_word(v->m->dat, "board", sizeof(b->board), b->board, r);

    if (e == ERR_OK)
        e = read_choice(v->m->dat, "state", states, b->state, r);
    if (e != ERR_OK)
        return e;
    memcpy(b->locker, v->rows->locker->id, sizeof(b->locker));
    b->told_ms = v->now_ms;
    b->told_at = ingest_told_at(v->m);
    v->out->board = true;
    /* An answering board proves nothing about its wiring: WIRING is for people to close. */
    if (strcmp(b->state, "ok") == 0)
        settle_fault(v, STORE_FAULT_BOARD, b->board);
    else
        raise_fault(v, STORE_FAULT_BOARD, b->board, b->state);
    return ERR_OK;
}

static enum err decide_climate(struct view *v, struct reason *r)
{
    static const char *const states[] = {"ok", "excursion", "missing", "stuck", NULL};
    struct store_sample *t = &v->out->sample_row;
    char detail[STORE_TEXT_CAP];
    int64_t milli_c = 0;
    enum err e = read_word(v->m->dat, "sensor", sizeof(t->sensor), t->sensor, r);

    if (e == ERR_OK)
        e = read_choice(v->m->dat, "state", states, t->state, r);
    t->has_milli_c = cJSON_GetObjectItemCaseSensitive(v->m->dat, "milli_c") != NULL;
    if (e == ERR_OK && t->has_milli_c)
        e = json_get_int(v->m->dat, "milli_c", -273150, 1000000, &milli_c, r);
    if (e != ERR_OK)
        return e;
    memcpy(t->locker, v->rows->locker->id, sizeof(t->locker));
    t->milli_c = (int32_t)milli_c;
    t->at_ms = v->now_ms;
    v->out->sample = true;
    if (strcmp(t->state, "ok") == 0) {
        settle_fault(v, STORE_FAULT_CLIMATE, t->sensor);
        return ERR_OK;
    }
    if (t->has_milli_c)
        (void)snprintf(detail, sizeof(detail),
                       "%s, %" PRId64 " m\xC2\xB0"
                       "C",
                       t->state, milli_c);
    else
        (void)snprintf(detail, sizeof(detail), "%s", t->state);
    raise_fault(v, STORE_FAULT_CLIMATE, t->sensor, detail);
    return ERR_OK;
}

static enum err decide_input(struct view *v, struct reason *r)
{
    static const char *const inputs[] = {"tamper", "mains", "battery", NULL};
    char input[STORE_TOKEN_CAP];
    bool active = false;
    enum err e = read_choice(v->m->dat, "input", inputs, input, r);

    if (e == ERR_OK)
        e = json_get_bool(v->m->dat, "active", &active, r);
    if (e != ERR_OK)
        return e;
    add_fault(v, !active, STORE_FAULT_TAMPER, input, "");
    return ERR_OK;
}

static enum err decide_storage(struct view *v, struct reason *r)
{
    char cause[STORE_TOKEN_CAP];
    enum err e = read_word(v->m->dat, "cause", sizeof(cause), cause, r);

    if (e == ERR_OK)
        raise_fault(v, STORE_FAULT_STORAGE, cause, "");
    return e;
}

/* Shown to whoever loads; follows nothing from it. What it says is looked at, because pages have words for it. */
static enum err decide_scan(struct view *v, struct reason *r)
{
    static const char *const causes[] = {
        "bad-scan",     "try-later",   "wrong-bag",    "take-out",     "wrong-locker", "wrong-key", "expired",
        "withdrawn",    "collected",   "old-label",    "in-locker",    "no-door",      "full",      "wrong-label",
        "finish-first", "close-doors", "unknown-door", "not-for-look", "board",        "supply",    "not-tested",
        "untested",     NULL};
    char cause[STORE_TOKEN_CAP];

    return read_choice(v->m->dat, "cause", causes, cause, r);
}

/* The grant or the end of a carer's right at this locker. */
static void answer_place(struct view *v, int64_t seq, bool done, const char *cause)
{
    struct store_carer_place *p = &v->out->place_row;
    char hex[2 * TOKEN_CARER_LEN + 1];
    bool is_grant = v->rows->place.grant_seq == seq;

    *p = v->rows->place;
    v->out->place_answered = true;
    p->changed_ms = v->now_ms;
    if (is_grant)
        p->grant = done ? STORE_REPLY_DONE : STORE_REPLY_REFUSED;
    else
        p->revoke = done ? STORE_REPLY_DONE : STORE_REPLY_REFUSED;
    if (is_grant != done) /* a code that was refused, or a right that is over */
        p->code_live = false;
    num_to_hex(p->carer, sizeof(p->carer), hex);
    if (is_grant)
        audit(v, done ? "carer.code_works" : "carer.code_refused", NULL, hex, cause);
    else
        audit(v, done ? "carer.revoke_confirmed" : "carer.revoke_refused", NULL, hex, cause);
}

/* The new code is the only one from the commit of the locker on, or never was one. */
static void answer_recode(struct view *v, bool done, const char *cause)
{
    struct store_recode *x = &v->out->recode_row;

    *x = v->rows->recode;
    v->out->recode_answered = true;
    v->out->new_code = done;
    x->reply = done ? STORE_REPLY_DONE : STORE_REPLY_REFUSED;
    x->settled_ms = v->now_ms;
    x->code_live = false;
    memset(x->code_index, 0, sizeof(x->code_index));
    memset(x->code_box, 0, sizeof(x->code_box));
    memset(x->pickup, 0, sizeof(x->pickup));
    (void)snprintf(x->cause, sizeof(x->cause), "%s", cause);
    audit(v, done ? "order.recode_confirmed" : "order.recode_refused", x->order, "", cause);
}

/* True when the command was one whose refusal people see where they gave it. */
static bool answer_command(struct view *v, int64_t seq, bool done, const char *cause)
{
    bool told = false;

    if (v->rows->has_place) {
        answer_place(v, seq, done, cause);
        told = v->rows->place.grant_seq == seq;
    }
    if (v->rows->has_recode) {
        answer_recode(v, done, cause);
        told = true;
    }
    return told;
}

static enum err decide_done(struct view *v, struct reason *r)
{
    char cause[STORE_TOKEN_CAP] = "", detail[STORE_TEXT_CAP];
    static const char *const results[] = {"done", "refused", NULL};
    char result[STORE_TOKEN_CAP];
    int64_t seq = 0;
    enum err e = json_get_int(v->m->dat, "seq", 1, INT64_C(9007199254740991), &seq, r);

    if (e == ERR_OK)
        e = read_choice(v->m->dat, "result", results, result, r);
    if (e == ERR_OK && cJSON_GetObjectItemCaseSensitive(v->m->dat, "cause") != NULL)
        e = read_word(v->m->dat, "cause", sizeof(cause), cause, r);
    if (e != ERR_OK)
        return e;
    bool done = strcmp(result, "done") == 0;
    if (!answer_command(v, seq, done, cause) && !done) {
        v->out->contradiction = true;
        (void)snprintf(detail, sizeof(detail), "%s: the locker refused command %" PRId64 " (%s)", v->m->head.typ, seq,
                       cause);
        raise_fault(v, STORE_FAULT_CONTRADICTION, v->m->head.typ, detail);
    }
    return e;
}

/* ---------------------------------------------------------------- the table */

#define MEMBERS_MAX 10

struct handler {
    const char *typ;
    enum err (*decide)(struct view *v, struct reason *r);
    const char *members[MEMBERS_MAX]; /* of dat, NULL-terminated */
};

static const struct handler handlers[] = {
    {"locker.started.v1", decide_nothing, {"version", "reason", "doors", "schema"}},
    {"cabinet.described.v1", decide_described, {"doors"}},
    {"door.pulsed.v1", decide_nothing, {"door", "ord", "lod", "pulse", "try", "actor"}},
    {"door.opened.v1", decide_opened, {"door", "ord", "lod", "pulse"}},
    {"door.closed.v1", decide_closed, {"door", "ord", "lod"}},
    {"door.jammed.v1", decide_jammed, {"door", "ord", "lod", "pulse", "try"}},
    {"door.left_open.v1", decide_left_open, {"door", "ord", "since_ms"}},
    {"door.forced.v1", decide_forced, {"door", "ord"}},
    {"door.mismatch.v1", decide_mismatch, {"door", "moved", "board"}},
    {"door.commissioned.v1", decide_commissioned, {"door", "pulse", "staff"}},
    {"compartment.changed.v1", decide_compartment, {"door", "state", "cause"}},
    {"order.loaded.v1", decide_loaded, {"ord", "lod", "door", "staff"}},
    {"order.collected.v1",
     decide_collected,
     {"ord", "lod", "door", "actor", "pulses", "pulsed_ms", "opened_ms", "closed_ms", "proof"}},
    {"order.unconfirmed.v1", decide_unconfirmed, {"ord", "lod", "door"}},
    {"order.voided.v1", decide_voided, {"ord", "lod", "door", "cause"}},
    {"order.refused.v1", decide_refused, {"ord", "lod", "cause"}},
    {"order.reported.v1", decide_reported, {"ord", "lod", "door", "what"}},
    {"order.removed.v1", decide_removed, {"ord", "lod", "door", "staff"}},
    {"staff.entered.v1", decide_nothing, {"staff", "role"}},
    {"scan.refused.v1", decide_scan, {"staff", "cause", "door", "ord", "lod"}},
    {"guess.alarm.v1", decide_guessing, {"wrong_1h", "wrong_24h", "wrong_7d", "mode"}},
    {"board.changed.v1", decide_board, {"board", "state"}},
    {"climate.changed.v1", decide_climate, {"sensor", "state", "milli_c"}},
    {"input.changed.v1", decide_input, {"input", "active"}},
    {"store.alarm.v1", decide_storage, {"cause"}},
    {"command.done.v1", decide_done, {"seq", "result", "cause"}},
};

static enum err dispatch(struct view *v, struct reason *r)
{
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
        if (strcmp(handlers[i].typ, v->m->head.typ) == 0) {
            enum err e = json_only(v->m->dat, handlers[i].members, r);
            return e == ERR_OK ? handlers[i].decide(v, r) : e;
        }
    }
    return err_because(r, ERR_UNKNOWN, "no such type of event");
}

/* A bag was loaded that the hub had called back or handed over already: its code must die at the locker too. */
static bool must_be_withdrawn(const struct view *v)
{
    int64_t load = 0;

    return strcmp(v->m->head.typ, "order.loaded.v1") == 0 && v->rows->has_order &&
           json_get_int(v->m->dat, "lod", 1, UINT32_MAX, &load, NULL) == ERR_OK && load == v->rows->order.load &&
           memcmp(v->rows->order.locker, v->rows->locker->id, ORDER_LOCKER_LEN) == 0 &&
           !order_has_live_code(v->rows->order.state);
}

void ingest_decide(const struct msg *m, const struct ingest_rows *rows, int64_t now_ms, struct ingest_changes *out)
{
    struct view v = {.m = m, .rows = rows, .now_ms = now_ms, .out = out};
    struct reason why = {""};
    char subject[STORE_NAME_CAP];

    memset(out, 0, sizeof(*out));
    if (dispatch(&v, &why) == ERR_OK) {
        return;
    }
    memset(out, 0, sizeof(*out));
    out->contradiction = true;
    out->fx.send_withdraw = must_be_withdrawn(&v);
    if (rows->has_order) {
        number_of(&rows->order, subject);
    } else {
        (void)snprintf(subject, sizeof(subject), "%s", m->head.typ);
    }
    char detail[STORE_TEXT_CAP];
    (void)snprintf(detail, sizeof(detail), "%s: %.200s", m->head.typ, why.text);
    raise_fault(&v, STORE_FAULT_CONTRADICTION, subject, detail);
}
