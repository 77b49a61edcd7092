/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/ingest.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/stream.h"

#define USE_LATE_MS (INT64_C(31) * 24 * 3600 * 1000) /* no locker holds its news longer */
#define USE_EARLY_MS (10 * 60 * 1000)
#define SAMPLE_EVERY_MS 60000 /* heartbeats come every 30 s; a change is kept at once */

/* A locker that this batch has met, as it is now inside the transaction. */
struct peer {
    struct store_locker row;
    bool known;
    bool applied; /* the watermark moved */
    bool frozen;  /* by this batch */
};

struct batch {
    struct store *s;
    int64_t now_ms;
    const struct ingest_effects *fx;
    struct peer *peer;
    unsigned peers;
    unsigned last; /* messages come in runs of one locker */
};

/* ---------------------------------------------------------------- changes */

static enum err raise_or_settle(struct store *s, const struct store_locker *l, const struct ingest_fault *f,
                                int64_t now_ms, struct reason *r)
{
    struct store_fault row = {.kind = f->kind, .opened_ms = now_ms};
    bool fresh;

    if (f->close) {
        return s->ops->fault_settle(s, l->id, f->kind, f->subject[0] == '\0' ? NULL : f->subject, now_ms, NULL, r);
    }
    memcpy(row.locker, l->id, sizeof(row.locker));
    memcpy(row.subject, f->subject, sizeof(row.subject));
    memcpy(row.detail, f->detail, sizeof(row.detail));
    enum err e = s->ops->fault_raise(s, &row, &fresh, r);
    return e == ERR_OK && fresh ? s->ops->use_add(s, l->id, STORE_USE_FAULT, now_ms, r) : e;
}

/* Counts what happened in the hour in which it happened, also when the news comes days later; a clock that cannot be
 * right counts as now. */
static enum err count_use(struct batch *b, const uint8_t *locker, enum store_use kind, int64_t at_ms, struct reason *r)
{
    bool sane = at_ms > b->now_ms - USE_LATE_MS && at_ms < b->now_ms + USE_EARLY_MS;

    return b->s->ops->use_add(b->s, locker, kind, sane ? at_ms : b->now_ms, r);
}

static enum err count_uses(struct batch *b, const struct store_locker *l, const struct msg *m,
                           const struct ingest_changes *c, const struct ingest_rows *rows, struct reason *r)
{
    enum order_state was = rows->order.state, is = c->order_row.state;
    enum err e = ERR_OK;

    if (strcmp(m->head.typ, "door.opened.v1") == 0 && !c->contradiction)
        e = count_use(b, l->id, STORE_USE_OPENED, m->head.iat_ms, r);
    if (e != ERR_OK || !c->order || was == is)
        return e;
    if (is == ORDER_READY && c->place)
        return count_use(b, l->id, STORE_USE_LOADED, m->head.iat_ms, r);
    if (is == ORDER_COLLECTED)
        return count_use(b, l->id, STORE_USE_COLLECTED, c->order_row.proof.opened_ms, r);
    return is == ORDER_EXPIRED ? count_use(b, l->id, STORE_USE_EXPIRED, b->now_ms, r) : ERR_OK;
}

/* Makes the compartments as the locker describes them; what is known of their state and content stays. */
static enum err describe_doors(struct batch *b, const struct store_locker *l, const struct msg *m, struct reason *r)
{
    const cJSON *doors = cJSON_GetObjectItemCaseSensitive(m->dat, "doors"), *item;
    enum err e = ERR_OK;

    cJSON_ArrayForEach(item, doors)
    {
        struct store_compartment said = {0}, c = {0};
        e = ingest_read_door(item, &said, r);
        if (e != ERR_OK) {
            break;
        }
        e = b->s->ops->compartment_get(b->s, l->id, said.door, &c, r);
        if (e == ERR_NOT_FOUND) {
            memcpy(c.locker, l->id, sizeof(c.locker));
            memcpy(c.door, said.door, sizeof(c.door));
        } else if (e != ERR_OK) {
            break;
        }
        c.number = said.number;
        c.size = said.size;
        c.zone = said.zone;
        c.row = said.row;
        c.column = said.column;
        c.low = said.low;
        e = b->s->ops->compartment_put(b->s, &c, r);
        if (e != ERR_OK) {
            break;
        }
    }
    return e;
}

struct gone {
    const cJSON *doors;
    char door[256][ORDER_DOOR_CAP];
    unsigned count;
};

static bool note_if_gone(void *arg, const struct store_compartment *c)
{
    struct gone *g = arg;
    const cJSON *item;

    cJSON_ArrayForEach(item, g->doors)
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "door");
        if (cJSON_IsString(name) && strcmp(name->valuestring, c->door) == 0) {
            return true;
        }
    }
    /* A door with a bag in it stays on the map until the bag is explained. */
    if (!c->has_order && g->count < sizeof(g->door) / sizeof(g->door[0])) {
        memcpy(g->door[g->count++], c->door, sizeof(c->door));
    }
    return true;
}

static enum err drop_gone_doors(struct batch *b, const struct store_locker *l, const struct msg *m, struct reason *r)
{
    struct gone g = {.doors = cJSON_GetObjectItemCaseSensitive(m->dat, "doors")};
    enum err e = b->s->ops->compartment_list(b->s, l->id, note_if_gone, &g, r);

    for (unsigned i = 0; e == ERR_OK && i < g.count; i++) {
        e = b->s->ops->compartment_delete(b->s, l->id, g.door[i], r);
    }
    return e;
}

/* Ends or forgets the code of the load that the event names. */
static enum err apply_code(struct batch *b, const struct msg *m, const struct ingest_changes *c,
                           const struct order *before, struct reason *r)
{
    int64_t load = before->load;
    enum err e = ERR_OK;

    if (json_get_int(m->dat, "lod", 1, UINT32_MAX, &load, NULL) != ERR_OK) {
        return ERR_OK;
    }
    if (c->fx.forget_code) {
        e = b->s->ops->packing_forget_code(b->s, before->id, (uint32_t)load, r);
    }
    if ((e == ERR_OK || e == ERR_NOT_FOUND) && c->fx.end_code) {
        e = b->s->ops->packing_end_code(b->s, before->id, (uint32_t)load, r);
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err apply_places(struct batch *b, const struct ingest_changes *c, const struct ingest_rows *rows,
                             struct reason *r)
{
    struct store *s = b->s;
    enum err e = ERR_OK;

    if (c->place || c->vacate) {
        e = s->ops->compartment_empty(s, rows->order.id, r);
    }
    if (e == ERR_OK && c->compartment) {
        struct store_compartment row = c->compartment_row;
        if (c->vacate && row.has_order && memcmp(row.order, rows->order.id, sizeof(row.order)) == 0) {
            row.has_order = false;
            memset(row.order, 0, sizeof(row.order));
            row.load = 0;
        }
        e = s->ops->compartment_put(s, &row, r);
    }
    return e;
}

/* What the locker said to a command about a carer or a new code, and the audit row of the event. */
static enum err apply_answer(struct batch *b, const struct store_locker *l, const struct ingest_changes *c,
                             const struct ingest_rows *rows, struct reason *r)
{
    struct store *s = b->s;
    enum err e = ERR_OK;

    if (c->place_answered)
        e = s->ops->carer_place_put(s, &c->place_row, r);
    if (e == ERR_OK && c->recode_answered)
        e = s->ops->recode_update(s, &c->recode_row, r);
    if (e == ERR_OK && c->new_code) {
        e = s->ops->packing_recode(s, &rows->recode, r);
        if (e == ERR_NOT_FOUND) /* the code of this load ended meanwhile: nothing to keep */
            e = ERR_OK;
    }
    if (e == ERR_OK && c->audited) {
        struct store_audit a = c->audit;

        a.at_ms = b->now_ms;
        memcpy(a.actor, l->name, sizeof(a.actor));
        e = s->ops->audit_append(s, &a, r);
    }
    return e;
}

static enum err apply_changes(struct batch *b, const struct store_locker *l, const struct msg *m,
                              const struct ingest_changes *c, const struct ingest_rows *rows, struct reason *r)
{
    struct store *s = b->s;
    enum err e = ERR_OK;

    if (c->order)
        e = s->ops->order_update(s, &c->order_row, r);
    if (e == ERR_OK && rows->has_order)
        e = apply_code(b, m, c, &rows->order, r);
    if (e == ERR_OK)
        e = apply_places(b, c, rows, r);
    if (e == ERR_OK && c->board)
        e = s->ops->board_put(s, &c->board_row, r);
    if (e == ERR_OK && c->sample)
        e = s->ops->sample_append(s, &c->sample_row, r);
    if (e == ERR_OK && c->describe)
        e = describe_doors(b, l, m, r);
    if (e == ERR_OK && c->describe)
        e = drop_gone_doors(b, l, m, r);
    if (e == ERR_OK)
        e = apply_answer(b, l, c, rows, r);
    for (unsigned i = 0; e == ERR_OK && i < c->faults; i++)
        e = raise_or_settle(s, l, &c->fault[i], b->now_ms, r);
    return e;
}

/* ---------------------------------------------------------------- one event */

/* What waits for the answer that command.done.v1 gives. */
static enum err load_command(struct batch *b, const struct msg *m, struct ingest_rows *rows, struct reason *r)
{
    int64_t seq = 0;
    enum err e;

    if (strcmp(m->head.typ, "command.done.v1") != 0 ||
        json_get_int(m->dat, "seq", 1, INT64_C(9007199254740991), &seq, NULL) != ERR_OK)
        return ERR_OK;
    e = b->s->ops->carer_place_find(b->s, rows->locker->id, seq, &rows->place, r);
    rows->has_place = e == ERR_OK;
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    e = b->s->ops->recode_find(b->s, rows->locker->id, seq, &rows->recode, r);
    rows->has_recode = e == ERR_OK && rows->recode.reply == STORE_REPLY_PENDING;
    return e;
}

static enum err load_rows(struct batch *b, const struct msg *m, struct ingest_rows *rows, struct reason *r)
{
    uint8_t id[ORDER_ID_LEN];
    char door[ORDER_DOOR_CAP];
    enum err e = ERR_OK;

    if (ingest_order_of(m, id)) {
        e = b->s->ops->order_get(b->s, id, &rows->order, r);
        rows->has_order = e == ERR_OK;
    }
    if ((e == ERR_OK || e == ERR_NOT_FOUND) && ingest_door_of(m, door)) {
        e = b->s->ops->compartment_get(b->s, rows->locker->id, door, &rows->compartment, r);
        rows->has_compartment = e == ERR_OK;
    }
    if (e == ERR_OK || e == ERR_NOT_FOUND)
        e = load_command(b, m, rows, r);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err keep_event(struct batch *b, const struct ingest_item *x, struct reason *r)
{
    const struct msg_head *h = &x->msg->head;
    struct store_event row = {
        .epoch = h->epo, .seq = h->seq, .told_ms = h->iat_ms, .received_ms = b->now_ms, .text = x->text, .len = x->len};

    memcpy(row.locker, x->locker, sizeof(row.locker));
    memcpy(row.typ, h->typ, sizeof(row.typ));
    row.has_order = ingest_order_of(x->msg, row.order);
    return b->s->ops->event_append(b->s, &row, r);
}

/* The command moves the locker's own row in the store, of which p has a copy. */
static enum err apply_withdraw(struct batch *b, struct peer *p, const uint8_t order[ORDER_ID_LEN], struct reason *r)
{
    struct store_locker now;
    enum err e = b->fx->withdraw(b->fx->arg, order, r);

    if (e == ERR_OK) {
        e = b->s->ops->locker_get(b->s, p->row.id, &now, r);
    }
    if (e == ERR_OK) {
        p->row.cmd = now.cmd;
    }
    return e;
}

static enum err apply_one(struct batch *b, struct peer *p, const struct ingest_item *x, struct ingest_result *out,
                          struct reason *r)
{
    struct ingest_rows rows = {.locker = &p->row};
    struct ingest_changes c;
    enum err e = load_rows(b, x->msg, &rows, r);

    if (e != ERR_OK) {
        return e;
    }
    ingest_decide(x->msg, &rows, b->now_ms, &c);
    e = apply_changes(b, &p->row, x->msg, &c, &rows, r);
    if (e == ERR_OK) {
        e = count_uses(b, &p->row, x->msg, &c, &rows, r);
    }
    if (e == ERR_OK && c.fx.send_withdraw) {
        e = apply_withdraw(b, p, rows.order.id, r);
    }
    if (e == ERR_OK) {
        e = keep_event(b, x, r);
    }
    if (e != ERR_OK) {
        return e;
    }
    stream_advance(&p->row.evt, x->msg);
    p->applied = true;
    out->contradiction = c.contradiction;
    out->order_changed = c.order;
    out->tell_ready = c.fx.tell_ready;
    if (rows.has_order) {
        memcpy(out->order, rows.order.id, sizeof(out->order));
    }
    return ERR_OK;
}

/* Two histories under one key: nothing that this locker says counts until people have decided. */
static enum err freeze(struct batch *b, struct peer *p, const struct msg *m, struct reason *r)
{
    struct ingest_fault f = {.kind = STORE_FAULT_FORKED};

    (void)snprintf(f.detail, sizeof(f.detail), "event %lld exists twice with other content", (long long)m->head.seq);
    p->row.state = STORE_LOCKER_FROZEN;
    p->frozen = true;
    return raise_or_settle(b->s, &p->row, &f, b->now_ms, r);
}

/* ---------------------------------------------------------------- the batch */

static enum err find_peer(struct batch *b, const uint8_t id[STORE_LOCKER_LEN], struct peer **out, struct reason *r)
{
    for (unsigned i = 0; i < b->peers; i++) {
        unsigned at = (b->last + i) % b->peers;
        if (memcmp(b->peer[at].row.id, id, STORE_LOCKER_LEN) == 0) {
            b->last = at;
            *out = &b->peer[at];
            return ERR_OK;
        }
    }
    struct peer *p = &b->peer[b->peers];
    memset(p, 0, sizeof(*p));
    enum err e = b->s->ops->locker_get(b->s, id, &p->row, r);
    if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return e;
    }
    memcpy(p->row.id, id, STORE_LOCKER_LEN);
    p->known = e == ERR_OK;
    b->last = b->peers++;
    *out = p;
    return ERR_OK;
}

static enum err take_item(struct batch *b, const struct ingest_item *x, struct ingest_result *out, struct reason *r)
{
    struct peer *p = NULL;
    enum err e = find_peer(b, x->locker, &p, r);

    if (e != ERR_OK) {
        return e;
    }
    if (!p->known || p->row.state != STORE_LOCKER_ACTIVE) {
        out->outcome = INGEST_REFUSED;
        return ERR_OK;
    }
    switch (stream_judge(&p->row.evt, x->msg)) {
    case STREAM_APPLY:
        out->outcome = INGEST_APPLIED;
        e = apply_one(b, p, x, out, r);
        break;
    case STREAM_DUPLICATE:
        out->outcome = INGEST_DUPLICATE;
        break;
    case STREAM_GAP:
        out->outcome = INGEST_GAP;
        break;
    case STREAM_FORKED:
        out->outcome = INGEST_FORKED;
        e = freeze(b, p, x->msg, r);
        break;
    case STREAM_FOREIGN:
        out->outcome = INGEST_FOREIGN;
        break;
    }
    out->acknowledge = out->outcome <= INGEST_GAP;
    return e;
}

static enum err save_peers(struct batch *b, struct reason *r)
{
    enum err e = ERR_OK;

    for (unsigned i = 0; e == ERR_OK && i < b->peers; i++) {
        struct peer *p = &b->peer[i];
        if (p->frozen) {
            e = b->s->ops->locker_update(b->s, &p->row, r);
        } else if (p->applied) {
            e = b->s->ops->locker_mark(b->s, p->row.id, &p->row.evt, b->now_ms, r);
        }
    }
    return e;
}

/* Acknowledged is what is committed: the watermark after the whole batch. */
static void fill_acks(struct batch *b, const struct ingest_item *items, unsigned n, struct ingest_result *results)
{
    for (unsigned i = 0; i < n; i++) {
        struct peer *p = NULL;
        if (results[i].acknowledge && find_peer(b, items[i].locker, &p, NULL) == ERR_OK) {
            results[i].ack = p->row.evt.seq;
        }
    }
}

static enum err run_batch(struct batch *b, const struct ingest_item *items, unsigned n, struct ingest_result *results,
                          struct reason *r)
{
    enum err e = b->s->ops->begin(b->s, r);

    if (e != ERR_OK) {
        return e;
    }
    for (unsigned i = 0; e == ERR_OK && i < n; i++) {
        e = take_item(b, &items[i], &results[i], r);
    }
    if (e == ERR_OK) {
        e = save_peers(b, r);
    }
    if (e == ERR_OK) {
        e = b->s->ops->commit(b->s, r);
    }
    if (e != ERR_OK) {
        b->s->ops->rollback(b->s);
        return e;
    }
    fill_acks(b, items, n, results);
    return ERR_OK;
}

enum err ingest_batch(struct store *s, const struct ingest_item *items, unsigned n, int64_t now_ms,
                      const struct ingest_effects *fx, struct ingest_result *results, struct reason *r)
{
    struct batch b = {.s = s, .now_ms = now_ms, .fx = fx};

    assert(n <= INGEST_BATCH_MAX);
    memset(results, 0, n * sizeof(*results));
    if (n == 0) {
        return ERR_OK;
    }
    b.peer = calloc(n, sizeof(*b.peer)); /* at most one locker for each item */
    if (b.peer == NULL) {
        return err_because(r, ERR_MEMORY, "ingest: out of memory");
    }
    enum err e = run_batch(&b, items, n, results, r);
    free(b.peer);
    if (e != ERR_OK) {
        memset(results, 0, n * sizeof(*results));
    }
    return e;
}

/* ---------------------------------------------------------------- heartbeats */

#define DOORS_MAX 200
#define BOARDS_MAX 64
#define SENSORS_MAX 16

/* A heartbeat that was read completely before anything of it is used. */
struct heartbeat {
    char version[STORE_TOKEN_CAP], mode[STORE_TOKEN_CAP];
    int64_t outbox;
    const cJSON *doors, *boards, *climate;
};

/* One list of a heartbeat: its entries have these members, the first `texts` of them are words; "state" and "contact"
 * are in their lists. */
struct list_rule {
    const char *key;
    int most, texts;
    const char *members[8], *states[10], *contacts[4];
};

static const struct list_rule door_rule = {
    "doors",
    DOORS_MAX,
    3,
    {"door", "state", "contact"},
    {"FREE", "LOADING", "LOADED", "OPENING", "TAKEN", "CHECK", "FORCED", "OUT"},
    {"open", "closed", "unknown"},
};
static const struct list_rule board_rule = {
    "boards", BOARDS_MAX, 2, {"board", "state"}, {"ok", "lost", "foreign", "stopped", "unknown"}, {NULL},
};
static const struct list_rule sensor_rule = {
    "climate",
    SENSORS_MAX,
    2,
    {"sensor", "state", "milli_c", "permille", "zone", "min_milli_c", "max_milli_c"},
    {"ok", "excursion", "missing", "stuck", "unknown"},
    {NULL},
};

static bool is_listed(const cJSON *item, const char *key, const char *const *words)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(item, key);

    if (words[0] == NULL) {
        return true;
    }
    while (*words != NULL && strcmp(x->valuestring, *words) != 0) {
        words++;
    }
    return *words != NULL;
}

static enum err read_entry(const cJSON *item, const struct list_rule *rule, struct reason *r)
{
    const char *text;
    enum err e = json_only(item, rule->members, r);

    for (int i = 0; e == ERR_OK && i < rule->texts; i++) {
        e = json_get_text(item, rule->members[i], 1, STORE_TOKEN_CAP - 1, &text, r);
    }
    if (e == ERR_OK && (!is_listed(item, "state", rule->states) || !is_listed(item, "contact", rule->contacts))) {
        e = err_because(r, ERR_UNKNOWN, "not a state");
    }
    return e;
}

static enum err read_list(const cJSON *dat, const struct list_rule *rule, const cJSON **out, struct reason *r)
{
    const cJSON *item;
    enum err e = json_get_array(dat, rule->key, out, r);

    if (e == ERR_OK && cJSON_GetArraySize(*out) > rule->most) {
        e = err_because(r, ERR_TOO_LONG, "%s: more than %d", rule->key, rule->most);
    }
    if (e != ERR_OK) {
        return e;
    }
    cJSON_ArrayForEach(item, *out)
    {
        e = read_entry(item, rule, r);
        if (e != ERR_OK) {
            return err_prefix(r, e, "%s", rule->key);
        }
    }
    return ERR_OK;
}

static enum err read_heartbeat(const cJSON *dat, struct heartbeat *h, struct reason *r)
{
    static const char *const members[] = {"version", "uptime_s", "outbox", "wrong_1h", "wrong_24h", "wrong_7d",
                                          "mode",    "refused",  "doors",  "boards",   "climate",   NULL};
    static const char *const counts[] = {"uptime_s", "wrong_1h", "wrong_24h", "wrong_7d", "refused", "outbox"};
    const char *version = NULL, *mode = NULL;
    enum err e = json_only(dat, members, r);

    for (size_t i = 0; e == ERR_OK && i < sizeof(counts) / sizeof(counts[0]); i++)
        e = json_get_int(dat, counts[i], 0, INT64_C(9007199254740991), &h->outbox, r); /* outbox is the last */
    if (e == ERR_OK)
        e = json_get_text(dat, "version", 1, sizeof(h->version) - 1, &version, r);
    if (e == ERR_OK)
        e = json_get_text(dat, "mode", 1, sizeof(h->mode) - 1, &mode, r);
    if (e == ERR_OK)
        e = request_text(h->version, sizeof(h->version), version, strlen(version));
    if (e == ERR_OK)
        e = request_text(h->mode, sizeof(h->mode), mode, strlen(mode));
    if (e == ERR_OK)
        e = read_list(dat, &door_rule, &h->doors, r);
    if (e == ERR_OK)
        e = read_list(dat, &board_rule, &h->boards, r);
    if (e == ERR_OK)
        e = read_list(dat, &sensor_rule, &h->climate, r);
    return e;
}

static const char *word(const cJSON *item, const char *key)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(item, key);

    return cJSON_IsString(x) ? x->valuestring : "";
}

static enum err apply_doors(struct batch *b, const struct store_locker *l, const struct heartbeat *h, int64_t told_at,
                            struct reason *r)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, h->doors)
    {
        struct store_compartment c;
        enum err e = b->s->ops->compartment_get(b->s, l->id, word(item, "door"), &c, r);
        if (e == ERR_NOT_FOUND || (e == ERR_OK && told_at < c.told_at)) {
            continue;
        }
        if (e != ERR_OK) {
            return e;
        }
        (void)snprintf(c.state, sizeof(c.state), "%s", word(item, "state"));
        (void)snprintf(c.contact, sizeof(c.contact), "%s", word(item, "contact"));
        c.told_at = told_at;
        c.told_ms = b->now_ms;
        e = b->s->ops->compartment_put(b->s, &c, r);
        if (e != ERR_OK) {
            return e;
        }
    }
    return ERR_OK;
}

static enum err apply_boards(struct batch *b, const struct store_locker *l, const struct heartbeat *h, int64_t told_at,
                             struct reason *r)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, h->boards)
    {
        struct store_board x = {.told_ms = b->now_ms, .told_at = told_at};
        memcpy(x.locker, l->id, sizeof(x.locker));
        (void)snprintf(x.board, sizeof(x.board), "%s", word(item, "board"));
        (void)snprintf(x.state, sizeof(x.state), "%s", word(item, "state"));
        enum err e = b->s->ops->board_put(b->s, &x, r);
        if (e != ERR_OK) {
            return e;
        }
    }
    return ERR_OK;
}

/* One measured value, absent or within 32 bits. */
static enum err read_value(const cJSON *item, const char *key, bool *has, int32_t *value, struct reason *r)
{
    int64_t v = 0;

    *has = cJSON_GetObjectItemCaseSensitive(item, key) != NULL;
    enum err e = *has ? json_get_int(item, key, -273150, 1000000, &v, r) : ERR_OK;
    if (e == ERR_OK) {
        *value = (int32_t)v;
    }
    return e;
}

/* The band of a sensor, where the locker tells it; kept when it is new. */
static enum err apply_band(struct batch *b, const struct store_locker *l, const cJSON *item, struct reason *r)
{
    struct store_sensor x = {.told_ms = b->now_ms}, was;
    bool has_min = false, has_max = false;
    enum err e = read_value(item, "min_milli_c", &has_min, &x.min_milli_c, r);

    if (e == ERR_OK)
        e = read_value(item, "max_milli_c", &has_max, &x.max_milli_c, r);
    if (e != ERR_OK || !has_min || !has_max)
        return e;
    e = token_zone_parse(word(item, "zone"), &x.zone);
    if (e != ERR_OK)
        return err_because(r, e, "zone: unknown");
    memcpy(x.locker, l->id, sizeof(x.locker));
    (void)snprintf(x.sensor, sizeof(x.sensor), "%s", word(item, "sensor"));
    e = b->s->ops->sensor_get(b->s, l->id, x.sensor, &was, r);
    if (e == ERR_OK && was.zone == x.zone && was.min_milli_c == x.min_milli_c && was.max_milli_c == x.max_milli_c)
        return ERR_OK;
    return e == ERR_OK || e == ERR_NOT_FOUND ? b->s->ops->sensor_put(b->s, &x, r) : e;
}

static enum err apply_sample(struct batch *b, const struct store_locker *l, const cJSON *item, struct reason *r)
{
    struct store_sample t = {.at_ms = b->now_ms}, last;

    memcpy(t.locker, l->id, sizeof(t.locker));
    (void)snprintf(t.sensor, sizeof(t.sensor), "%s", word(item, "sensor"));
    (void)snprintf(t.state, sizeof(t.state), "%s", word(item, "state"));
    enum err e = read_value(item, "milli_c", &t.has_milli_c, &t.milli_c, r);
    if (e == ERR_OK) {
        e = read_value(item, "permille", &t.has_permille, &t.permille, r);
    }
    if (e == ERR_OK) {
        e = b->s->ops->sample_last(b->s, l->id, t.sensor, &last, r);
    }
    if (e == ERR_OK && b->now_ms - last.at_ms < SAMPLE_EVERY_MS && strcmp(last.state, t.state) == 0) {
        return ERR_OK;
    }
    return e == ERR_OK || e == ERR_NOT_FOUND ? b->s->ops->sample_append(b->s, &t, r) : e;
}

static enum err apply_heartbeat(struct batch *b, struct store_locker *l, const struct msg *m, const struct heartbeat *h,
                                struct reason *r)
{
    struct ingest_fault heard = {.close = true, .kind = STORE_FAULT_SILENT};
    int64_t told_at = ingest_told_at(m);
    const cJSON *item;

    l->seen_ms = b->now_ms;
    l->tel_seq = m->head.seq;
    l->outbox = h->outbox;
    memcpy(l->version, h->version, sizeof(l->version));
    memcpy(l->guess_mode, h->mode, sizeof(l->guess_mode));
    enum err e = b->s->ops->locker_update(b->s, l, r);
    if (e == ERR_OK)
        e = apply_doors(b, l, h, told_at, r);
    if (e == ERR_OK)
        e = apply_boards(b, l, h, told_at, r);
    if (e != ERR_OK)
        return e;
    cJSON_ArrayForEach(item, h->climate)
    {
        e = apply_sample(b, l, item, r);
        if (e == ERR_OK) {
            e = apply_band(b, l, item, r);
        }
        if (e != ERR_OK) {
            return e;
        }
    }
    return raise_or_settle(b->s, l, &heard, b->now_ms, r);
}

enum err ingest_heartbeat(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], const struct msg *m, int64_t now_ms,
                          bool *applied, struct reason *r)
{
    struct batch b = {.s = s, .now_ms = now_ms};
    struct heartbeat h = {.outbox = 0};
    struct store_locker l;
    enum err e = s->ops->locker_get(s, locker, &l, r);

    if (e != ERR_OK) {
        return e;
    }
    if (l.state != STORE_LOCKER_ACTIVE) {
        return err_because(r, ERR_DENIED, "the locker is %s", store_locker_state_name(l.state));
    }
    if (m->head.epo != l.evt.epoch || m->head.seq <= l.tel_seq) {
        *applied = false;
        return ERR_OK;
    }
    e = read_heartbeat(m->dat, &h, r);
    if (e != ERR_OK) {
        return e;
    }
    e = s->ops->begin(s, r);
    if (e != ERR_OK) {
        return e;
    }
    e = apply_heartbeat(&b, &l, m, &h, r);
    if (e == ERR_OK) {
        e = s->ops->commit(s, r);
    }
    if (e != ERR_OK) {
        s->ops->rollback(s);
        return e;
    }
    *applied = true;
    return ERR_OK;
}

/* ---------------------------------------------------------------- silence */

struct silent {
    int64_t since_ms;
    uint8_t (*id)[STORE_LOCKER_LEN];
    unsigned count, cap;
    bool full;
};

static bool note_silent(void *arg, const struct store_locker *l)
{
    struct silent *x = arg;
    int64_t heard_ms = l->seen_ms > l->created_ms ? l->seen_ms : l->created_ms;

    if (l->state != STORE_LOCKER_ACTIVE || heard_ms >= x->since_ms) {
        return true;
    }
    if (x->count == x->cap) {
        unsigned cap = x->cap == 0 ? 64 : 2 * x->cap;
        uint8_t(*bigger)[STORE_LOCKER_LEN] = reallocarray(x->id, cap, sizeof(*bigger));
        if (bigger == NULL) {
            x->full = true;
            return false;
        }
        x->id = bigger;
        x->cap = cap;
    }
    memcpy(x->id[x->count++], l->id, STORE_LOCKER_LEN);
    return true;
}

static bool find_silent(void *arg, const struct store_fault *f)
{
    bool *told = arg;

    *told = f->kind == STORE_FAULT_SILENT;
    return !*told;
}

/* Raised once: the length of the silence shows from its start, not from a count. */
static enum err raise_silent(struct store *s, const uint8_t locker[STORE_LOCKER_LEN], int64_t now_ms, struct reason *r)
{
    struct store_fault_filter open = {.open_only = true, .has_locker = true, .limit = STORE_PAGE_MAX};
    struct store_fault f = {.kind = STORE_FAULT_SILENT, .opened_ms = now_ms};
    bool told = false, fresh;

    memcpy(open.locker, locker, sizeof(open.locker));
    memcpy(f.locker, locker, sizeof(f.locker));
    enum err e = s->ops->fault_list(s, &open, find_silent, &told, r);
    if (e != ERR_OK || told)
        return e;
    e = s->ops->fault_raise(s, &f, &fresh, r);
    return e == ERR_OK && fresh ? s->ops->use_add(s, locker, STORE_USE_FAULT, now_ms, r) : e;
}

enum err ingest_watch_silence(struct store *s, int64_t now_ms, int64_t after_ms, struct reason *r)
{
    struct silent x = {.since_ms = now_ms - after_ms};
    enum err e = s->ops->locker_list(s, note_silent, &x, r);

    if (e == ERR_OK && x.full) {
        e = err_because(r, ERR_MEMORY, "ingest: out of memory");
    }
    if (e != ERR_OK || x.count == 0) {
        free(x.id);
        return e;
    }
    e = s->ops->begin(s, r);
    for (unsigned i = 0; e == ERR_OK && i < x.count; i++) {
        e = raise_silent(s, x.id[i], now_ms, r);
    }
    if (e == ERR_OK) {
        e = s->ops->commit(s, r);
    }
    if (e != ERR_OK) {
        s->ops->rollback(s);
    }
    free(x.id);
    return e;
}
