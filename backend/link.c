/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/link.h"

#include <assert.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/act.h"
#include "backend/ingest.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mqtt.h"
#include "common/num.h"

#define TOPIC_CAP 64
#define GAP_RESEND_MS 1000
#define RECEIVE_MAXIMUM 1000
#define RECONNECT_MAX_MS 30000
#define KEEPALIVE_S 30

_Static_assert(LINK_BATCH_MAX <= INGEST_BATCH_MAX, "a batch fits");

/* What the link knows of a locker besides the store. */
struct peer {
    uint8_t id[STORE_LOCKER_LEN];
    char hex[2 * STORE_LOCKER_LEN + 1];
    struct msg_keys keys;
    bool accepted; /* active: neither frozen, revoked nor lost */
    uint32_t epoch;
    int64_t heard_ms; /* boot time; 0: not yet */
    int64_t cmd_acked, cmd_sent;
    int64_t sent_ms;
    int64_t ack_due;   /* event to acknowledge after the batch; -1: none */
    int64_t ack_told;  /* the newest confirmation of commands in this batch; -1: none */
    int64_t rpc_seq;   /* of the last message of stream rpc */
    int64_t told_at;   /* newest clock that it told (ingest_told_at) */
    bool ack_repeated; /* an explicit one that says the same again: a gap */
};

struct item {
    size_t peer;
    enum msg_stream stream;
    struct msg msg;
    char *text;
    size_t len;
};

struct link {
    struct hub *hub;
    struct link_wire wire;
    struct mqtt *mqtt;
    struct peer *peer; /* in the order of their ids */
    size_t peers;
    struct item item[LINK_BATCH_MAX];
    size_t items;
    struct ingest_item *evt; /* scratch for a batch */
    struct ingest_result *result;
    sd_event_source *batch_timer, *batch_idle, *tick_timer;
    struct opening *opening;
    struct link_stats stats;
    int64_t silence_checked_ms;
};

static ERR_PRINTF(2, 3) void refuse(struct link *l, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    if (vsnprintf(l->stats.last_refusal, sizeof(l->stats.last_refusal), fmt, args) < 0)
        l->stats.last_refusal[0] = '\0';
    va_end(args);
    l->stats.refused++;
    log_info("link", "refused: %s", l->stats.last_refusal);
}

/* ---------------------------------------------------------------- lockers */

static int compare_ids(const void *a, const void *b)
{
    return memcmp(((const struct peer *)a)->id, ((const struct peer *)b)->id, STORE_LOCKER_LEN);
}

static struct peer *find_peer(const struct link *l, const uint8_t id[STORE_LOCKER_LEN])
{
    struct peer key = {0};

    if (l->peers == 0)
        return NULL;
    memcpy(key.id, id, sizeof(key.id));
    return bsearch(&key, l->peer, l->peers, sizeof(key), compare_ids);
}

struct loading {
    const struct link *link;
    struct peer *peer;
    size_t count, cap;
};

static bool load_peer(void *arg, const struct store_locker *row)
{
    struct loading *to = arg;
    const struct peer *old = find_peer(to->link, row->id);
    struct peer p = {.heard_ms = 0};

    if (to->count == to->cap) {
        size_t cap = to->cap == 0 ? 16 : 2 * to->cap;
        struct peer *bigger = reallocarray(to->peer, cap, sizeof(*bigger));

        if (bigger == NULL)
            abort(); /* out of memory: restart */
        to->peer = bigger;
        to->cap = cap;
    }
    if (old != NULL)
        p = *old;
    memcpy(p.id, row->id, sizeof(p.id));
    num_to_hex(row->id, sizeof(row->id), p.hex);
    p.keys.count = 1;
    msg_key_init(&p.keys.key[0], row->sign_key);
    p.keys.key[0].revoked = row->state == STORE_LOCKER_REVOKED || row->state == STORE_LOCKER_LOST;
    p.accepted = row->state == STORE_LOCKER_ACTIVE;
    p.epoch = row->cmd.epoch;
    p.cmd_acked = row->cmd_acked;
    if (p.cmd_sent < p.cmd_acked)
        p.cmd_sent = p.cmd_acked;
    p.ack_due = p.ack_told = -1;
    to->peer[to->count++] = p;
    return true;
}

static enum err load_peers(struct link *l, struct reason *r)
{
    struct loading to = {.link = l};
    enum err e = l->hub->store->ops->locker_list(l->hub->store, load_peer, &to, r);

    if (e != ERR_OK) {
        free(to.peer);
        return e;
    }
    if (to.count > 0)
        qsort(to.peer, to.count, sizeof(*to.peer), compare_ids);
    free(l->peer);
    l->peer = to.peer;
    l->peers = to.count;
    return ERR_OK;
}

void link_reload(struct link *l)
{
    struct reason r;

    link_flush(l); /* items name peers by their place */
    if (hub_judge(l->hub, load_peers(l, &r), &r) != ERR_OK)
        log_error("link", "the lockers cannot be read: %s", r.text);
}

/* ---------------------------------------------------------------- sending */

static enum err publish(struct link *l, const struct peer *p, enum msg_stream stream, const char *text, size_t len)
{
    char topic[TOPIC_CAP];

    if (!l->stats.up)
        return ERR_STATE;
    msg_topic(topic, p->hex, MSG_DOWN, stream);
    return l->wire.publish(l->wire.arg, topic, text, len);
}

/* A message that is not numbered and never sent again; expires_ms 0: it does not expire. */
static enum err send_loose(struct link *l, const struct peer *p, enum msg_stream stream, const char *typ,
                           const cJSON *dat, int64_t ack, int64_t expires_ms)
{
    struct msg_head h = {.iss = "hub", .stm = stream, .epo = p->epoch, .ack = ack};
    struct hub *hub = l->hub;
    uint8_t id[16];
    struct reason r;
    char *text;
    enum err e;

    (void)snprintf(h.typ, sizeof(h.typ), "%s", typ); /* a literal from the table of msg */
    memcpy(h.aud, p->hex, sizeof(p->hex));
    h.seq = (int64_t)(((uint64_t)hub->boot << 32) + ++hub->serial);
    randombytes_buf(id, sizeof(id));
    num_to_hex(id, sizeof(id), h.jti);
    h.clk = hub_now(hub);
    h.iat_ms = h.clk.wall_ms;
    h.exp_ms = expires_ms == 0 ? 0 : h.iat_ms + expires_ms;
    e = msg_seal(&h, MSG_DOWN, dat, &hub->keys.command, &text, NULL, &r);
    if (e != ERR_OK) {
        log_error("link", "%s: %s", typ, r.text);
        return e;
    }
    e = publish(l, p, stream, text, strlen(text));
    free(text);
    return e;
}

static void send_ack(struct link *l, const struct peer *p, int64_t evt)
{
    cJSON *dat = json_new_object();

    json_put_int(dat, "evt", evt);
    (void)send_loose(l, p, MSG_ACK, "ack.v1", dat, evt, 0); /* lost: the locker sends again and gets another */
    cJSON_Delete(dat);
}

struct sending {
    struct link *link;
    struct peer *peer;
};

static bool send_command(void *arg, const struct store_command *c)
{
    struct sending *to = arg;

    if (publish(to->link, to->peer, MSG_CMD, c->text, c->len) != ERR_OK)
        return false;
    to->peer->cmd_sent = c->seq;
    return true;
}

static bool is_heard(const struct peer *p, int64_t boot_ms)
{
    return p->accepted && p->heard_ms != 0 && boot_ms - p->heard_ms < LINK_HEARD_MS;
}

static void send_commands(struct link *l, struct peer *p, int64_t boot_ms)
{
    struct sending to = {.link = l, .peer = p};
    int64_t before = p->cmd_sent;
    int64_t room = LINK_WINDOW - (p->cmd_sent - p->cmd_acked);
    struct store *s = l->hub->store;
    struct reason r;

    if (!l->stats.up || !is_heard(p, boot_ms) || room <= 0)
        return;
    if (hub_judge(l->hub, s->ops->command_list(s, p->id, p->cmd_sent + 1, (unsigned)room, send_command, &to, &r), &r) !=
        ERR_OK)
        log_error("link", "commands cannot be read: %s", r.text);
    if (p->cmd_sent > before)
        p->sent_ms = boot_ms;
}

static void resend_commands(struct link *l, struct peer *p, int64_t boot_ms)
{
    p->cmd_sent = p->cmd_acked;
    send_commands(l, p, boot_ms);
}

/* ---------------------------------------------------------------- opening at a distance */

static enum err send_rpc(void *arg, const uint8_t locker[STORE_LOCKER_LEN], const char *typ, const cJSON *dat)
{
    struct link *l = arg;
    const struct peer *p = find_peer(l, locker);

    if (p == NULL || !p->accepted)
        return ERR_STATE;
    return send_loose(l, p, MSG_RPC, typ, dat, 0, OPENING_EXPIRES_MS);
}

static bool rpc_is_heard(void *arg, const uint8_t locker[STORE_LOCKER_LEN], int64_t *told_at)
{
    struct link *l = arg;
    const struct peer *p = find_peer(l, locker);

    if (p == NULL || !l->stats.up || !is_heard(p, clock_boot_ms()))
        return false;
    *told_at = p->told_at;
    return true;
}

struct opening *link_opening(const struct link *l)
{
    return l->opening;
}

/* Newest wins: what came before, or twice, is dropped. */
static void take_rpc(struct link *l, struct peer *p, struct msg *m)
{
    uint8_t id[STORE_LOCKER_LEN];

    memcpy(id, p->id, sizeof(id)); /* an answer may end in a reload of the peers */
    if (m->head.seq <= p->rpc_seq || m->head.epo != p->epoch) {
        refuse(l, "locker %s: an old message about opening a door", p->hex);
    } else {
        p->rpc_seq = m->head.seq;
        if (!opening_on_message(l->opening, id, m))
            refuse(l, "a message about opening a door that cannot be read");
    }
    msg_fini(m);
}

void link_kick(struct link *l)
{
    int64_t boot_ms = clock_boot_ms();

    for (size_t i = 0; i < l->peers; i++)
        send_commands(l, &l->peer[i], boot_ms);
}

/* ---------------------------------------------------------------- a batch */

static void settle_result(struct link *l, struct peer *p, const struct ingest_result *x, bool *reload)
{
    if (x->acknowledge)
        p->ack_due = x->ack;
    switch (x->outcome) {
    case INGEST_FORKED:
        log_error("link", "locker %s tells two histories: frozen", p->hex);
        *reload = true;
        break;
    case INGEST_FOREIGN:
        refuse(l, "locker %s: event of another epoch", p->hex);
        break;
    case INGEST_REFUSED:
        refuse(l, "locker %s: event of a locker that is not accepted", p->hex);
        break;
    case INGEST_APPLIED:
    case INGEST_DUPLICATE:
    case INGEST_GAP:
    case INGEST_OUTCOME_N:
        break;
    }
}

static enum err withdraw(void *hub, const uint8_t order[ORDER_ID_LEN], struct reason *r)
{
    return act_withdraw_inside(hub, order, r);
}

static bool ingest_events(struct link *l, bool *reload)
{
    const struct ingest_effects fx = {.withdraw = withdraw, .arg = l->hub};
    unsigned n = 0;
    size_t at[LINK_BATCH_MAX];
    struct reason r;

    for (size_t i = 0; i < l->items; i++) {
        struct item *it = &l->item[i];

        if (it->stream != MSG_EVT)
            continue;
        l->evt[n] = (struct ingest_item){.msg = &it->msg, .text = it->text, .len = it->len};
        memcpy(l->evt[n].locker, l->peer[it->peer].id, STORE_LOCKER_LEN);
        at[n++] = it->peer;
    }
    if (n == 0)
        return true;
    memset(l->result, 0, n * sizeof(*l->result));
    if (hub_judge(l->hub, ingest_batch(l->hub->store, l->evt, n, clock_wall_ms(), &fx, l->result, &r), &r) != ERR_OK) {
        log_error("link", "batch of %u events: %s; the lockers will send them again", n, r.text);
        return false;
    }
    hub_touch(l->hub);
    for (unsigned i = 0; i < n; i++) {
        settle_result(l, &l->peer[at[i]], &l->result[i], reload);
        if (l->result[i].outcome == INGEST_APPLIED)
            opening_on_event(l->opening, l->evt[i].locker, l->evt[i].msg);
    }
    return true;
}

static void ingest_heartbeats(struct link *l)
{
    struct store *s = l->hub->store;
    struct store_locker row;
    struct reason r;

    for (size_t i = 0; i < l->items && !l->hub->broken; i++) {
        struct item *it = &l->item[i];
        struct peer *p = &l->peer[it->peer];
        bool applied = false;
        enum err e;

        if (it->stream != MSG_TEL)
            continue;
        e = hub_judge(l->hub, ingest_heartbeat(s, p->id, &it->msg, clock_wall_ms(), &applied, &r), &r);
        if (e != ERR_OK) {
            refuse(l, "locker %s: heartbeat: %.150s", p->hex, r.text);
            continue;
        }
        if (applied)
            hub_touch(l->hub);
        if (hub_judge(l->hub, s->ops->locker_get(s, p->id, &row, &r), &r) == ERR_OK)
            p->ack_due = row.evt.seq;
        sodium_memzero(&row, sizeof(row));
    }
}

/* The locker says which commands it has applied: in every message, and in ack.v1. */
static void note_command_ack(struct link *l, struct item *it)
{
    struct peer *p = &l->peer[it->peer];
    int64_t seq = it->msg.head.ack;
    struct reason r;

    if (it->stream == MSG_ACK) {
        static const char *const members[] = {"cmd", NULL};

        if (json_only(it->msg.dat, members, &r) != ERR_OK ||
            json_get_int(it->msg.dat, "cmd", 0, INT64_C(9007199254740991), &seq, &r) != ERR_OK) {
            refuse(l, "locker %s: acknowledgement: %.150s", p->hex, r.text);
            return;
        }
        if (seq == p->cmd_acked && p->cmd_sent > seq)
            p->ack_repeated = true;
    }
    if (seq > p->ack_told)
        p->ack_told = seq;
}

static enum err store_command_ack(struct link *l, const struct peer *p, struct reason *r)
{
    struct store *s = l->hub->store;
    enum err e = hub_judge(l->hub, s->ops->begin(s, r), r);

    if (e != ERR_OK)
        return e;
    return hub_end(l->hub, s->ops->command_ack(s, p->id, p->ack_told, r), r);
}

static void apply_command_ack(struct link *l, struct peer *p, int64_t boot_ms)
{
    struct reason r;

    if (p->ack_told > p->cmd_acked) {
        if (store_command_ack(l, p, &r) == ERR_OK) {
            p->cmd_acked = p->ack_told;
            if (p->cmd_sent < p->cmd_acked)
                p->cmd_sent = p->cmd_acked;
        } else {
            refuse(l, "locker %s: confirms command %lld: %.120s", p->hex, (long long)p->ack_told, r.text);
        }
    } else if (p->ack_repeated && boot_ms - p->sent_ms >= GAP_RESEND_MS) {
        p->cmd_sent = p->cmd_acked;
    }
    p->ack_told = -1;
    p->ack_repeated = false;
}

static void drop_items(struct link *l)
{
    for (size_t i = 0; i < l->items; i++) {
        msg_fini(&l->item[i].msg);
        free(l->item[i].text);
    }
    l->items = 0;
}

/* After the commit: acknowledgements and the commands that were waiting for a sign of life. */
static void answer_peers(struct link *l, bool committed)
{
    int64_t boot_ms = clock_boot_ms();

    for (size_t i = 0; i < l->peers; i++) {
        struct peer *p = &l->peer[i];

        if (committed && p->ack_due >= 0 && !l->hub->broken)
            send_ack(l, p, p->ack_due);
        p->ack_due = -1;
        if (l->hub->broken)
            continue;
        apply_command_ack(l, p, boot_ms);
        send_commands(l, p, boot_ms);
    }
}

void link_flush(struct link *l)
{
    bool reload = false;
    bool committed;

    if (l->items == 0 || l->hub->broken)
        return;
    (void)sd_event_source_set_enabled(l->batch_timer, SD_EVENT_OFF);
    (void)sd_event_source_set_enabled(l->batch_idle, SD_EVENT_OFF);
    for (size_t i = 0; i < l->items; i++)
        note_command_ack(l, &l->item[i]);
    committed = ingest_events(l, &reload);
    if (committed)
        ingest_heartbeats(l);
    drop_items(l);
    answer_peers(l, committed);
    if (reload)
        link_reload(l);
}

static int on_batch_timer(sd_event_source *source, uint64_t usec, void *arg)
{
    (void)source;
    (void)usec;
    link_flush(arg);
    return 0;
}

/* Nothing more is waiting to be read. What arrives during the commit makes the next batch. */
static int on_batch_idle(sd_event_source *source, void *arg)
{
    (void)source;
    link_flush(arg);
    return 0;
}

/* ---------------------------------------------------------------- receiving */

static void queue(struct link *l, const struct peer *p, enum msg_stream stream, struct msg *m, const void *payload,
                  size_t len)
{
    struct item *it = &l->item[l->items];
    char *text = malloc(len + 1);

    if (text == NULL)
        abort(); /* out of memory: restart */
    memcpy(text, payload, len);
    text[len] = '\0';
    *it = (struct item){.peer = (size_t)(p - l->peer), .stream = stream, .msg = *m, .text = text, .len = len};
    l->items++;
    if (l->items == 1) {
        (void)sd_event_source_set_time_relative(l->batch_timer, LINK_BATCH_MS * 1000);
        (void)sd_event_source_set_enabled(l->batch_timer, SD_EVENT_ONESHOT);
        (void)sd_event_source_set_enabled(l->batch_idle, SD_EVENT_ONESHOT);
    }
    if (l->items == LINK_BATCH_MAX)
        link_flush(l);
}

void link_on_message(struct link *l, const char *topic, const void *payload, size_t len, bool retained)
{
    char device[MSG_ID_CAP];
    enum msg_direction dir;
    enum msg_stream stream;
    uint8_t id[STORE_LOCKER_LEN];
    struct peer *p;
    struct reason r;
    struct msg m;

    l->stats.received++;
    if (l->hub->broken)
        return;
    if (retained) {
        l->stats.retained++;
        refuse(l, "retained message");
        return;
    }
    if (msg_topic_parse(topic, device, &dir, &stream) != ERR_OK || dir != MSG_UP ||
        num_from_hex(device, id, sizeof(id)) != ERR_OK) {
        refuse(l, "message on a topic that is not of a locker");
        return;
    }
    p = find_peer(l, id);
    if (p == NULL || !p->accepted) {
        refuse(l, "locker %s: %s", device, p == NULL ? "unknown" : "frozen, revoked or lost");
        return;
    }
    if (msg_open(&m, payload, len, MSG_UP, device, stream, &p->keys, clock_wall_ms(), &r) != ERR_OK) {
        refuse(l, "locker %s: %.160s", device, r.text);
        return;
    }
    p->heard_ms = clock_boot_ms();
    if (stream == MSG_RPC) {
        take_rpc(l, p, &m);
        return;
    }
    if (ingest_told_at(&m) > p->told_at)
        p->told_at = ingest_told_at(&m);
    queue(l, p, stream, &m, payload, len);
}

void link_on_up(struct link *l)
{
    l->stats.up = true;
    hub_touch(l->hub);
    log_notice("link", "connected to the broker");
    for (size_t i = 0; i < l->peers; i++)
        l->peer[i].cmd_sent = l->peer[i].cmd_acked;
    link_kick(l);
}

void link_on_down(struct link *l)
{
    if (l->stats.up)
        log_warning("link", "no connection to the broker");
    l->stats.up = false;
    hub_touch(l->hub);
}

/* ---------------------------------------------------------------- time */

void link_tick(struct link *l, int64_t boot_ms)
{
    struct reason r;

    if (l->hub->broken)
        return;
    for (size_t i = 0; i < l->peers; i++) {
        struct peer *p = &l->peer[i];

        if (p->cmd_sent > p->cmd_acked && boot_ms - p->sent_ms >= LINK_RESEND_MS)
            resend_commands(l, p, boot_ms);
    }
    opening_tick(l->opening, boot_ms);
    if (boot_ms - l->silence_checked_ms < LINK_SILENCE_CHECK_MS)
        return;
    l->silence_checked_ms = boot_ms;
    if (hub_judge(l->hub, ingest_watch_silence(l->hub->store, clock_wall_ms(), l->hub->cfg.silent_after_s * 1000, &r),
                  &r) != ERR_OK)
        log_error("link", "silent lockers cannot be marked: %s", r.text);
    else
        hub_touch(l->hub);
}

static int on_tick_timer(sd_event_source *source, uint64_t usec, void *arg)
{
    (void)usec;
    link_tick(arg, clock_boot_ms());
    (void)sd_event_source_set_time_relative(source, 1000000);
    return 0;
}

/* ---------------------------------------------------------------- life */

static enum err add_timers(struct link *l, struct reason *r)
{
    int rc = sd_event_add_time_relative(l->hub->loop, &l->batch_timer, CLOCK_MONOTONIC, 0, 1000, on_batch_timer, l);

    if (rc >= 0)
        rc = sd_event_source_set_enabled(l->batch_timer, SD_EVENT_OFF);
    if (rc >= 0)
        rc = sd_event_add_defer(l->hub->loop, &l->batch_idle, on_batch_idle, l);
    if (rc >= 0)
        rc = sd_event_source_set_priority(l->batch_idle, SD_EVENT_PRIORITY_IDLE);
    if (rc >= 0)
        rc = sd_event_source_set_enabled(l->batch_idle, SD_EVENT_OFF);
    if (rc >= 0)
        rc = sd_event_add_time_relative(l->hub->loop, &l->tick_timer, CLOCK_MONOTONIC, 1000000, 100000, on_tick_timer,
                                        l);
    if (rc >= 0)
        rc = sd_event_source_set_enabled(l->tick_timer, SD_EVENT_ON);
    if (rc < 0)
        return err_because(r, ERR_IO, "link: timer: %s", strerror(-rc));
    return ERR_OK;
}

enum err link_open(struct link **out, struct hub *hub, const struct link_wire *wire, struct reason *r)
{
    struct link *l = calloc(1, sizeof(*l));
    enum err e;

    assert(hub->loop != NULL);
    if (l == NULL)
        return err_because(r, ERR_MEMORY, "link: no memory");
    l->hub = hub;
    l->opening = opening_new(hub, &(struct opening_wire){.send = send_rpc, .is_heard = rpc_is_heard, .arg = l});
    l->silence_checked_ms = clock_boot_ms();
    if (wire != NULL)
        l->wire = *wire;
    l->evt = calloc(LINK_BATCH_MAX, sizeof(*l->evt));
    l->result = calloc(LINK_BATCH_MAX, sizeof(*l->result));
    if (l->evt == NULL || l->result == NULL) {
        e = err_because(r, ERR_MEMORY, "link: no memory");
        goto fail;
    }
    e = load_peers(l, r);
    if (e == ERR_OK)
        e = add_timers(l, r);
    if (e != ERR_OK)
        goto fail;
    *out = l;
    return ERR_OK;
fail:
    link_free(l);
    return e;
}

void link_free(struct link *l)
{
    if (l == NULL)
        return;
    mqtt_free(l->mqtt);
    drop_items(l);
    (void)sd_event_source_disable_unref(l->batch_timer);
    (void)sd_event_source_disable_unref(l->batch_idle);
    (void)sd_event_source_disable_unref(l->tick_timer);
    opening_free(l->opening);
    free(l->evt);
    free(l->result);
    free(l->peer);
    free(l);
}

void link_get_stats(const struct link *l, struct link_stats *out)
{
    *out = l->stats;
}

/* ---------------------------------------------------------------- MQTT */

static enum err mqtt_wire(void *arg, const char *topic, const char *text, size_t len)
{
    struct link *l = arg;

    return mqtt_publish(l->mqtt, topic, text, len, NULL);
}

static void mqtt_up(void *arg)
{
    link_on_up(arg);
}

static void mqtt_down(void *arg)
{
    link_on_down(arg);
}

/* A PUBACK proves nothing; the window is counted in signed confirmations. */
static void mqtt_published(void *arg, int mid)
{
    (void)arg;
    (void)mid;
}

static void mqtt_message(void *arg, const char *topic, const void *payload, size_t len, bool retained)
{
    link_on_message(arg, topic, payload, len, retained);
}

enum err link_connect(struct link *l, struct reason *r)
{
    static const char *const topics[] = {"mdl/v1/+/up/#", NULL};
    const struct config *cfg = &l->hub->cfg;
    char ca[FILE_PATH_CAP], cert[FILE_PATH_CAP], key[FILE_PATH_CAP];
    struct mqtt_cfg m = {.host = cfg->broker_host,
                         .port = cfg->broker_port,
                         .client_id = "backend",
                         .cafile = ca,
                         .certfile = cert,
                         .keyfile = key,
                         .keepalive_s = KEEPALIVE_S,
                         .reconnect_max_ms = RECONNECT_MAX_MS,
                         .session_expiry_s = 0,
                         .receive_maximum = RECEIVE_MAXIMUM,
                         .subscribe = topics};
    const struct mqtt_callbacks cb = {
        .up = mqtt_up, .down = mqtt_down, .message = mqtt_message, .published = mqtt_published, .arg = l};
    enum err e = hub_path(cfg, HUB_CA_PEM, ca, r);

    if (e == ERR_OK)
        e = hub_path(cfg, HUB_LINK_PEM, cert, r);
    if (e == ERR_OK)
        e = hub_path(cfg, HUB_LINK_KEY, key, r);
    if (e != ERR_OK)
        return e;
    l->wire = (struct link_wire){.publish = mqtt_wire, .arg = l};
    return mqtt_open(&l->mqtt, &m, &cb, l->hub->loop, r);
}
