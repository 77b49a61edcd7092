/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/link.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/msg.h"

#define TICK_MS 1000
#define FORGET_ROWS 500 /* told rows that may wait for their removal while more are on their way */
#define GAP_MS 1000     /* a repeated acknowledgement makes us send again at most this often */
#define TOPIC_CAP 64
#define NOT_AFTER_MAX_S ((INT64_C(1) << 40) - 1) /* as in printed tokens */

struct link {
    struct link_cfg cfg;
    struct link_transport transport;
    sd_event_source *soon, *forget, *timer;
    int64_t sent;  /* highest sequence published in this connection */
    int64_t acked; /* acknowledged by the hub; the outbox may still hold it for a moment */
    int64_t opened_ms;
    int64_t progress_ms; /* last acknowledgement that moved, or first message after quiet */
    int64_t resent_ms;
    int64_t told_ms; /* last heartbeat; 0: none in this connection */
    int64_t heard_ms;
    int64_t newest_ack;  /* loose sequence of the hub's newest acknowledgement */
    int64_t newest_call; /* of its newest message on rpc */
    bool ack_due, changed, frozen;
    uint64_t refused;
};

static void wake(struct link *l)
{
    (void)sd_event_source_set_enabled(l->soon, SD_EVENT_ONESHOT);
}

void link_wake(struct link *l)
{
    l->changed = true;
    wake(l);
}

static bool is_up(const struct link *l)
{
    return l->transport.is_up != NULL && l->transport.is_up(l->transport.arg);
}

static enum err publish(struct link *l, enum msg_stream stream, const char *text)
{
    char topic[TOPIC_CAP];
    msg_topic(topic, l->cfg.id->terms.id, MSG_UP, stream);
    return l->transport.publish(l->transport.arg, topic, text, strlen(text));
}

/* ---------------------------------------------------------------- sending */

/* False when there is nothing more to send now. */
static bool send_next_event(struct link *l)
{
    struct store_row row;
    struct reason r;
    bool found;
    if (l->sent - l->acked >= (int64_t)l->cfg.window) {
        return false;
    }
    enum err e = store_outbox_next(l->cfg.store, l->sent, &row, &found, &r);
    if (e != ERR_OK) {
        act_fail(l->cfg.act, e, &r);
        return false;
    }
    if (!found) {
        return false;
    }
    e = publish(l, MSG_EVT, row.text);
    free(row.text);
    if (e != ERR_OK) {
        log_warning("link", "event %lld was not sent: %s", (long long)row.seq, err_name(e));
        return false;
    }
    if (l->sent == l->acked) {
        l->progress_ms = clock_boot_ms();
    }
    l->sent = row.seq;
    return true;
}

static void send_loose(struct link *l, enum msg_stream stream, const char *typ, const cJSON *dat)
{
    struct clock_now now;
    struct stream_cursor inbox;
    struct reason r;
    char *text;
    act_now(l->cfg.act, &now);
    store_inbox(l->cfg.store, &inbox);
    enum err e = seal_loose(l->cfg.seal, stream, typ, dat, &now, inbox.seq, &text, &r);
    if (e != ERR_OK) {
        log_error("link", "%s: %s", typ, r.text);
        return;
    }
    e = publish(l, stream, text);
    free(text);
    if (e != ERR_OK) {
        log_info("link", "%s was not sent: %s", typ, err_name(e));
    }
}

static void send_ack(struct link *l)
{
    struct stream_cursor inbox;
    store_inbox(l->cfg.store, &inbox);
    cJSON *dat = json_new_object();
    json_put_int(dat, "cmd", inbox.seq);
    send_loose(l, MSG_ACK, "ack.v1", dat);
    cJSON_Delete(dat);
    l->ack_due = false;
}

static void put_doors(cJSON *dat, const struct locker *k)
{
    cJSON *list = json_put_array(dat, "doors");
    for (uint16_t i = 0; i < k->cabinet.doors; i++) {
        cJSON *one = json_put_object(list, NULL);
        json_put_text(one, "door", k->cabinet.door[i].name);
        json_put_text(one, "state", compartment_state_name(k->compartment[i].state));
        json_put_text(one, "contact", record_door_state_name(locker_contact(k, i)));
    }
}

static void put_boards(cJSON *dat, const struct locker *k)
{
    cJSON *list = json_put_array(dat, "boards");
    for (unsigned i = 0; i < k->cabinet.boards; i++) {
        cJSON *one = json_put_object(list, NULL);
        json_put_text(one, "board", k->cabinet.board[i]);
        json_put_text(one, "state", record_board_state_name(k->board[i].state));
    }
}

static void put_climate(cJSON *dat, const struct locker *k)
{
    cJSON *list = json_put_array(dat, "climate");
    for (unsigned i = 0; i < k->cabinet.climates; i++) {
        const struct locker_climate *c = &k->climate[i];
        const struct cabinet_climate *band = &k->cabinet.climate[i];
        cJSON *one = json_put_object(list, NULL);
        json_put_text(one, "sensor", band->name);
        json_put_text(one, "state", record_climate_name(c->state));
        if (c->state == RECORD_CLIMATE_OK || c->state == RECORD_CLIMATE_EXCURSION) {
            json_put_int(one, "milli_c", c->milli_c);
            if (c->permille >= 0) {
                json_put_int(one, "permille", c->permille);
            }
        }
        json_put_text(one, "zone", token_zone_name(band->zone));
        json_put_int(one, "min_milli_c", band->min_milli_c);
        json_put_int(one, "max_milli_c", band->max_milli_c);
    }
}

void link_describe(const struct link *l, cJSON *dat)
{
    const struct locker *k = l->cfg.locker;
    json_put_text(dat, "version", k->cabinet.version);
    json_put_int(dat, "uptime_s", (clock_boot_ms() - l->opened_ms) / 1000);
    json_put_int(dat, "outbox", store_outbox_rows(l->cfg.store));
    json_put_int(dat, "wrong_1h", limiter_wrong_1h(&k->limiter));
    json_put_int(dat, "wrong_24h", limiter_wrong_24h(&k->limiter));
    json_put_int(dat, "wrong_7d", limiter_wrong_7d(&k->limiter));
    json_put_text(dat, "mode", limiter_mode_name(limiter_mode(&k->limiter)));
    json_put_int(dat, "refused", (int64_t)l->refused);
    put_boards(dat, k);
    put_climate(dat, k);
}

static void send_heartbeat(struct link *l)
{
    cJSON *dat = json_new_object();
    link_describe(l, dat);
    put_doors(dat, l->cfg.locker);
    send_loose(l, MSG_TEL, "locker.heartbeat.v1", dat);
    cJSON_Delete(dat);
    l->told_ms = clock_boot_ms();
    l->changed = false;
}

static bool heartbeat_is_due(const struct link *l, int64_t now_ms)
{
    int64_t age_ms = now_ms - l->told_ms;
    return l->told_ms == 0 || age_ms >= (int64_t)l->cfg.heartbeat_s * 1000 || (l->changed && age_ms >= TICK_MS);
}

void link_say(struct link *l, const struct remote_word *w)
{
    const struct cabinet *cab = &l->cfg.locker->cabinet;
    if (!is_up(l)) {
        return;
    }
    cJSON *dat = json_new_object();
    json_put_hex(dat, "ord", w->offer.order, CODE_ORDER_LEN);
    json_put_int(dat, "lod", w->offer.load);
    if (w->is_challenge) {
        json_put_text(dat, "door", cab->door[w->offer.door].name);
        json_put_hex(dat, "nonce", w->nonce, REMOTE_NONCE_LEN);
    } else {
        json_put_text(dat, "cause", remote_cause_name(w->cause));
    }
    send_loose(l, MSG_RPC, w->is_challenge ? "open.challenge.v1" : "open.refused.v1", dat);
    cJSON_Delete(dat);
}

static void send_all(struct link *l)
{
    if (!is_up(l) || act_is_fatal(l->cfg.act)) {
        return;
    }
    if (l->ack_due) {
        send_ack(l);
    }
    unsigned n = 0;
    while (n < l->cfg.window && send_next_event(l)) {
        n++;
    }
    if (heartbeat_is_due(l, clock_boot_ms())) {
        send_heartbeat(l);
    }
}

static void send_again(struct link *l, const char *why)
{
    log_notice("link", "sending again from event %lld: %s", (long long)l->acked + 1, why);
    l->sent = l->acked;
    l->progress_ms = l->resent_ms = clock_boot_ms();
    wake(l);
}

/* ---------------------------------------------------------------- receiving */

static void refuse(struct link *l, const char *what, enum err e, const char *why)
{
    l->refused++;
    log_warning("link", "%s refused (%s): %s", what, err_name(e), why);
}

static void hear(struct link *l, const struct msg *m)
{
    l->heard_ms = clock_boot_ms();
    act_contact(l->cfg.act, m->head.iat_ms);
}

/* Cumulative, so an old one can do no harm. Room in the window counts at once; the rows go later (forget_told): when
 * all are told, when many are, or with the next tick, so that many acknowledgements cost one sync. */
static void apply_ack(struct link *l, const struct msg *m, int64_t evt)
{
    bool newest = m->head.seq > l->newest_ack;
    if (newest) {
        l->newest_ack = m->head.seq;
        hear(l, m);
    }
    if (l->frozen) {
        refuse(l, "acknowledgement", ERR_FORKED, "frozen");
    } else if (evt > store_outbox_last(l->cfg.store)) {
        /* An old copy of the database was put back. What is written from now on has numbers that the hub knows. */
        l->frozen = true;
        refuse(l, "acknowledgement", ERR_RANGE,
               "the hub has more events than were written here; nothing is believed until a new enrolment");
    } else if (evt > l->acked) {
        l->acked = evt;
        l->sent = l->sent > evt ? l->sent : evt;
        l->progress_ms = clock_boot_ms();
        if (evt == store_outbox_last(l->cfg.store) || evt - store_outbox_acked(l->cfg.store) >= FORGET_ROWS) {
            (void)sd_event_source_set_enabled(l->forget, SD_EVENT_ONESHOT);
        }
        wake(l);
    } else if (newest && evt == l->acked && l->sent > evt && clock_boot_ms() - l->resent_ms >= GAP_MS &&
               clock_boot_ms() - l->progress_ms >= GAP_MS) {
        send_again(l, "the hub waits for it");
    }
}

/* A crash before this only sends again what the hub has. */
static int forget_told(sd_event_source *s, void *arg)
{
    (void)s;
    struct link *l = arg;
    struct reason r;
    enum err e = act_is_fatal(l->cfg.act) ? ERR_OK : store_outbox_ack(l->cfg.store, l->acked, &r);
    if (e != ERR_OK) {
        act_fail(l->cfg.act, e, &r);
    }
    return 0;
}

static void on_ack(struct link *l, const struct msg *m)
{
    static const char *const members[] = {"evt", NULL};
    struct reason r;
    int64_t evt;
    enum err e = json_only(m->dat, members, &r);
    if (e == ERR_OK) {
        e = json_get_int(m->dat, "evt", 0, INT64_C(9007199254740991), &evt, &r);
    }
    if (e == ERR_OK && m->head.epo != l->cfg.id->terms.epoch) {
        e = err_because(&r, ERR_FOREIGN, "epoch %u", m->head.epo);
    }
    if (e != ERR_OK) {
        refuse(l, "acknowledgement", e, r.text);
        return;
    }
    apply_ack(l, m, evt);
}

static enum err read_withdraw(const cJSON *dat, struct event *ev, struct reason *r)
{
    static const char *const members[] = {"ord", "lod", "cause", NULL};
    const char *cause;
    int64_t load;
    enum err e = json_only(dat, members, r);
    if (e == ERR_OK) {
        e = json_get_hex(dat, "ord", ev->u.withdraw.order, CODE_ORDER_LEN, r);
    }
    if (e == ERR_OK) {
        e = json_get_int(dat, "lod", 1, UINT32_MAX, &load, r);
    }
    if (e == ERR_OK) {
        e = json_get_text(dat, "cause", 1, 16, &cause, r);
    }
    if (e != ERR_OK) {
        return e;
    }
    ev->u.withdraw.load = (uint32_t)load;
    ev->u.withdraw.expired = strcmp(cause, "expired") == 0;
    return ev->u.withdraw.expired || strcmp(cause, "withdrawn") == 0
               ? ERR_OK
               : err_because(r, ERR_UNKNOWN, "cause: \"%s\" is not known", cause);
}

static enum err read_badge(const cJSON *dat, struct event *ev, struct reason *r)
{
    static const char *const members[] = {"badge", NULL};
    enum err e = json_only(dat, members, r);
    return e == ERR_OK ? json_get_hex(dat, "badge", ev->u.badge, sizeof ev->u.badge, r) : e;
}

static enum err read_reset(const cJSON *dat, struct event *ev, struct reason *r)
{
    static const char *const members[] = {"staff", NULL};
    uint8_t staff[RECORD_STAFF_LEN];
    (void)ev;
    enum err e = json_only(dat, members, r);
    return e == ERR_OK ? json_get_hex(dat, "staff", staff, sizeof staff, r) : e;
}

static bool has(const cJSON *dat, const char *member)
{
    return cJSON_GetObjectItemCaseSensitive(dat, member) != NULL;
}

/* v1 may be absent, and is zeros then. */
static enum err read_verifiers(const cJSON *dat, uint32_t *epoch, bool *has_v1, uint8_t v1[CODE_MAC_LEN],
                               uint8_t v2[CODE_MAC_LEN], struct reason *r)
{
    int64_t number;
    enum err e = json_get_int(dat, "key_epoch", 1, UINT32_MAX, &number, r);
    *has_v1 = has(dat, "v1");
    if (e == ERR_OK && *has_v1) {
        e = json_get_hex(dat, "v1", v1, CODE_MAC_LEN, r);
    }
    if (e == ERR_OK) {
        e = json_get_hex(dat, "v2", v2, CODE_MAC_LEN, r);
    }
    if (e == ERR_OK) {
        *epoch = (uint32_t)number;
    }
    return e;
}

static enum err read_order(const cJSON *dat, uint8_t order[CODE_ORDER_LEN], uint32_t *load, struct reason *r)
{
    int64_t number;
    enum err e = json_get_hex(dat, "ord", order, CODE_ORDER_LEN, r);
    if (e == ERR_OK) {
        e = json_get_int(dat, "lod", 1, UINT32_MAX, &number, r);
    }
    if (e == ERR_OK) {
        *load = (uint32_t)number;
    }
    return e;
}

static enum err read_recode(const cJSON *dat, struct event *ev, struct reason *r)
{
    static const char *const members[] = {"ord", "lod", "key_epoch", "v1", "v2", "token", NULL};
    struct order_codes *c = &ev->u.recode;
    enum err e = json_only(dat, members, r);
    if (e == ERR_OK) {
        e = read_order(dat, c->order, &c->load, r);
    }
    if (e == ERR_OK) {
        e = read_verifiers(dat, &c->key_epoch, &c->has_v1, c->v1, c->v2, r);
    }
    return e == ERR_OK && has(dat, "token") ? json_get_hex(dat, "token", c->token, sizeof c->token, r) : e;
}

/* One bag, or every bag of a person: never both, never nothing. */
static enum err read_scope(const cJSON *dat, struct carer_right *right, struct reason *r)
{
    bool standing = has(dat, "person");
    if (standing && (has(dat, "ord") || has(dat, "lod"))) {
        return err_because(r, ERR_RANGE, "either an order or a person");
    }
    if (!standing) {
        return read_order(dat, right->order, &right->load, r);
    }
    enum err e = json_get_hex(dat, "person", right->person, sizeof right->person, r);
    return e == ERR_OK && sodium_is_zero(right->person, sizeof right->person) == 1
               ? err_because(r, ERR_RANGE, "person: nobody")
               : e;
}

static enum err read_grant(const cJSON *dat, struct event *ev, struct reason *r)
{
    static const char *const members[] = {"carer",     "ord", "lod", "person", "not_after_s",
                                          "key_epoch", "v1",  "v2",  NULL};
    struct carer *c = &ev->u.grant;
    enum err e = json_only(dat, members, r);
    if (e == ERR_OK) {
        e = json_get_hex(dat, "carer", c->right.id, sizeof c->right.id, r);
    }
    if (e == ERR_OK) {
        e = read_scope(dat, &c->right, r);
    }
    if (e == ERR_OK) {
        e = json_get_int(dat, "not_after_s", 1, NOT_AFTER_MAX_S, &c->right.not_after_s, r);
    }
    return e == ERR_OK ? read_verifiers(dat, &c->key_epoch, &c->has_v1, c->v1, c->v2, r) : e;
}

static enum err read_revoke(const cJSON *dat, struct event *ev, struct reason *r)
{
    static const char *const members[] = {"carer", "not_after_s", NULL};
    enum err e = json_only(dat, members, r);
    if (e == ERR_OK) {
        e = json_get_hex(dat, "carer", ev->u.revoke.carer, sizeof ev->u.revoke.carer, r);
    }
    return e == ERR_OK && has(dat, "not_after_s")
               ? json_get_int(dat, "not_after_s", 1, NOT_AFTER_MAX_S, &ev->u.revoke.not_after_s, r)
               : e;
}

static const struct {
    const char *typ;
    enum event_kind kind;
    enum err (*read)(const cJSON *dat, struct event *ev, struct reason *r);
} commands[] = {
    {"order.withdraw.v1", EVENT_WITHDRAW, read_withdraw}, {"badge.revoke.v1", EVENT_BADGE_REVOKE, read_badge},
    {"guess.reset.v1", EVENT_GUESS_RESET, read_reset},    {"order.recode.v1", EVENT_RECODE, read_recode},
    {"carer.grant.v1", EVENT_CARER_GRANT, read_grant},    {"carer.revoke.v1", EVENT_CARER_REVOKE, read_revoke},
};

/* A command that cannot be read would come back for ever: its number is passed over, without effect. */
static void pass_over(struct link *l, const struct stream_cursor *cursor, enum err e, const struct reason *why)
{
    struct reason r;
    refuse(l, "command", e, why->text);
    e = store_inbox_set(l->cfg.store, cursor, &r);
    if (e != ERR_OK) {
        act_fail(l->cfg.act, e, &r);
    }
}

static void apply_command(struct link *l, const struct msg *m, struct stream_cursor *cursor)
{
    struct event ev = {.command = m->head.seq};
    struct reason r = {"no such command"};
    enum err e = ERR_UNKNOWN;
    stream_advance(cursor, m);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(m->head.typ, commands[i].typ) == 0) {
            ev.kind = commands[i].kind;
            e = commands[i].read(m->dat, &ev, &r);
        }
    }
    if (e == ERR_OK) {
        log_info("link", "command %lld: %s", (long long)m->head.seq, m->head.typ);
        act_command(l->cfg.act, &ev, cursor);
    } else {
        pass_over(l, cursor, e, &r);
    }
    sodium_memzero(&ev, sizeof ev);
}

static void on_command(struct link *l, const struct msg *m)
{
    struct stream_cursor cursor;
    store_inbox(l->cfg.store, &cursor);
    enum stream_verdict verdict = stream_judge(&cursor, m);
    if (verdict == STREAM_FORKED) {
        l->frozen = true;
        refuse(l, "command", ERR_FORKED, "the hub tells two histories; no command is applied until a new enrolment");
        return;
    }
    if (l->frozen || verdict == STREAM_FOREIGN) {
        refuse(l, "command", l->frozen ? ERR_FORKED : ERR_FOREIGN, l->frozen ? "frozen" : "another epoch");
        return;
    }
    hear(l, m);
    if (verdict == STREAM_APPLY && !act_is_fatal(l->cfg.act)) {
        apply_command(l, m, &cursor);
    }
    l->ack_due = true;
    wake(l);
}

/* ---------------------------------------------------------------- calls */

static enum err read_offer(const cJSON *dat, const struct cabinet *cab, struct remote_offer *out, struct reason *r)
{
    const char *door;
    enum err e = read_order(dat, out->order, &out->load, r);
    if (e == ERR_OK) {
        e = json_get_text(dat, "door", 1, CABINET_NAME_CAP - 1, &door, r);
    }
    if (e == ERR_OK) {
        out->door = cabinet_find_name(cab, door);
    }
    return e;
}

static enum err read_ask(const cJSON *dat, const struct cabinet *cab, struct event *ev, struct reason *r)
{
    static const char *const members[] = {"ord", "lod", "door", NULL};
    enum err e = json_only(dat, members, r);
    ev->kind = EVENT_OPEN_ASK;
    return e == ERR_OK ? read_offer(dat, cab, &ev->u.ask, r) : e;
}

static enum err read_answer(const cJSON *dat, const struct cabinet *cab, struct event *ev, struct reason *r)
{
    static const char *const members[] = {"nonce", "ord", "lod", "door", "staff", NULL};
    struct remote_answer *a = &ev->u.answer;
    enum err e = json_only(dat, members, r);
    ev->kind = EVENT_OPEN_ANSWER;
    if (e == ERR_OK) {
        e = json_get_hex(dat, "nonce", a->nonce, sizeof a->nonce, r);
    }
    if (e == ERR_OK) {
        e = json_get_hex(dat, "staff", a->staff, sizeof a->staff, r);
    }
    return e == ERR_OK ? read_offer(dat, cab, &a->offer, r) : e;
}

/* Fresh: it says until when it counts, not for long, and that is not over by the hub's own clock, as far as it is known
 * here (this machine's may be a minute ahead); and it is newer than the last. What passes here shows a screen at most:
 * only the answer to a challenge of this start opens a door (INV-09). */
static enum err judge_call(const struct link *l, const struct msg *m, struct reason *r)
{
    const struct msg_head *h = &m->head;
    if (h->epo != l->cfg.id->terms.epoch) {
        return err_because(r, ERR_FOREIGN, "epoch %u", h->epo);
    }
    if (l->frozen) {
        return err_because(r, ERR_FORKED, "frozen");
    }
    if (h->exp_ms == 0 || h->exp_ms - h->iat_ms > LINK_CALL_MS) {
        return err_because(r, ERR_RANGE, "a call must end after %d s at most", LINK_CALL_MS / 1000);
    }
    if (l->cfg.locker->floor.signed_ms > h->exp_ms) {
        return err_because(r, ERR_EXPIRED, "a call of the past");
    }
    return h->seq > l->newest_call ? ERR_OK : err_because(r, ERR_DUPLICATE, "a call that was heard before");
}

static void on_call(struct link *l, const struct msg *m)
{
    const struct cabinet *cab = &l->cfg.locker->cabinet;
    struct event ev = {.kind = EVENT_OPEN_ASK};
    struct reason r;
    enum err e = judge_call(l, m, &r);
    if (e == ERR_OK) {
        l->newest_call = m->head.seq;
        e = strcmp(m->head.typ, "open.ask.v1") == 0 ? read_ask(m->dat, cab, &ev, &r)
                                                    : read_answer(m->dat, cab, &ev, &r);
    }
    if (e != ERR_OK) {
        refuse(l, "call", e, r.text);
        return;
    }
    log_info("link", "call: %s", m->head.typ);
    act_call(l->cfg.act, &ev);
}

void link_on_message(struct link *l, const char *topic, const void *payload, size_t len, bool retained)
{
    char device[MSG_ID_CAP];
    enum msg_direction dir;
    enum msg_stream stream;
    struct reason r = {"retained"};
    enum err e = retained ? ERR_DENIED : msg_topic_parse(topic, device, &dir, &stream);
    if (e == ERR_OK && (dir != MSG_DOWN || strcmp(device, l->cfg.id->terms.id) != 0)) {
        e = err_because(&r, ERR_FOREIGN, "topic of somebody else");
    }
    struct msg m;
    if (e == ERR_OK) {
        e = msg_open(&m, payload, len, MSG_DOWN, device, stream, &l->cfg.id->terms.hub, 0, &r);
    }
    if (e != ERR_OK) {
        refuse(l, "message", e, r.text);
        return;
    }
    if (stream == MSG_ACK) {
        on_ack(l, &m);
    } else if (stream == MSG_CMD) {
        on_command(l, &m);
    } else if (stream == MSG_RPC) {
        on_call(l, &m);
    }
    msg_fini(&m);
}

void link_on_up(struct link *l)
{
    l->sent = l->acked;
    l->progress_ms = clock_boot_ms();
    l->told_ms = 0;
    l->ack_due = true;
    wake(l);
}

/* ---------------------------------------------------------------- the loop */

static int on_soon(sd_event_source *s, void *arg)
{
    (void)s;
    send_all(arg);
    return 0;
}

static int on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
    (void)usec;
    struct link *l = arg;
    (void)sd_event_source_set_time_relative(s, TICK_MS * 1000);
    (void)sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
    if (l->acked > store_outbox_acked(l->cfg.store)) {
        (void)sd_event_source_set_enabled(l->forget, SD_EVENT_ONESHOT);
    }
    if (is_up(l) && l->sent > l->acked && clock_boot_ms() - l->progress_ms >= LINK_SILENCE_MS) {
        send_again(l, "no acknowledgement");
    }
    send_all(l);
    return 0;
}

void link_set_transport(struct link *l, const struct link_transport *t)
{
    l->transport = *t;
}

void link_status(const struct link *l, struct link_status *out)
{
    struct stream_cursor inbox;
    store_inbox(l->cfg.store, &inbox);
    *out = (struct link_status){.up = is_up(l),
                                .frozen = l->frozen,
                                .sent = l->sent,
                                .acked = l->acked,
                                .commands = inbox.seq,
                                .refused = l->refused,
                                .heard_ago_ms = l->heard_ms == 0 ? -1 : clock_boot_ms() - l->heard_ms};
}

enum err link_open(struct link **out, const struct link_cfg *cfg, sd_event *loop, struct reason *r)
{
    assert(cfg->window > 0 && cfg->heartbeat_s > 0);
    struct link *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return err_because(r, ERR_MEMORY, "link: no memory");
    }
    l->cfg = *cfg;
    l->opened_ms = clock_boot_ms();
    l->acked = store_outbox_acked(cfg->store);
    int rc = sd_event_add_defer(loop, &l->soon, on_soon, l);
    if (rc >= 0) {
        rc = sd_event_add_defer(loop, &l->forget, forget_told, l);
    }
    if (rc >= 0) {
        rc = sd_event_source_set_priority(l->forget, SD_EVENT_PRIORITY_IDLE);
    }
    if (rc >= 0) {
        rc = sd_event_add_time_relative(loop, &l->timer, CLOCK_BOOTTIME, TICK_MS * 1000, 10000, on_timer, l);
    }
    if (rc < 0) {
        link_free(l);
        return err_because(r, ERR_IO, "link: event source: %s", strerror(-rc));
    }
    (void)sd_event_source_set_enabled(l->soon, SD_EVENT_OFF);
    (void)sd_event_source_set_enabled(l->forget, SD_EVENT_OFF);
    (void)sd_event_source_set_description(l->soon, "link");
    (void)sd_event_source_set_description(l->timer, "link-timer");
    *out = l;
    return ERR_OK;
}

void link_free(struct link *l)
{
    if (l == NULL) {
        return;
    }
    sd_event_source_disable_unref(l->soon);
    sd_event_source_disable_unref(l->forget);
    sd_event_source_disable_unref(l->timer);
    free(l);
}
