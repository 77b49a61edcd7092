/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/broker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mqtt.h"
#include "tests/sim/post.h"
#include "tests/sim/process.h"

#define PROBE_US INT64_C(5000000) /* as long as common/mqtt.c waits for a broker that does not answer */
#define HANDSHAKE_US INT64_C(15000000)
#define BACKOFF_FIRST_MS 1000u
#define SUBSCRIBE_MAX 8
#define TEXT_CAP 1024
#define ID_CAP 64
#define PACKET_MAX 70000 /* max_packet_size of mosquitto.conf */
#define AUTOSAVE_US INT64_C(60000000)
#define SEEN_MAX 20000u
#define RESERVOIR_MAX 2000u
#define REORDER_US 2000000u
#define NOTES_PER_TURN 16
#define PPM 1000000u
#define BACKEND "backend"

/* A message, shared by everybody who holds it. */
struct message {
    unsigned refs;
    char *topic;
    size_t len;
    char text[]; /* NUL-terminated */
};

enum packet_kind { PACKET_CONNECT, PACKET_CONNACK, PACKET_PUBLISH, PACKET_PUBACK, PACKET_LEAVE, PACKET_GONE };
enum way { WAY_BROKER, WAY_CLIENT, WAY_N };

/* One connection. The client's end is gone when m is NULL, the broker's when session is. */
struct link {
    struct link *next;
    unsigned refs; /* packets under way */
    char id[ID_CAP];
    struct broker *broker;
    struct mqtt *m;
    struct session *session;
    int64_t last_us[WAY_N];
    struct packet *stalled[WAY_N]; /* while the link is cut; in order */
    int64_t keepalive_us;
    uint64_t cut_number; /* of the cut for which a timer runs */
    char *will_topic, *will_text;
};

struct packet {
    struct packet *next, **at; /* all that are under way */
    struct packet *after;      /* in stalled, or in an inbox */
    struct link *link;
    enum way way;
    enum packet_kind kind;
    uint64_t ticket;
    struct message *message;
    uint64_t number; /* of the queued message, or mid */
    bool retained, refused;
};

struct queued {
    struct queued *next;
    struct message *message;
    uint64_t number;
    bool sent, retained;
};

struct session {
    struct session *next;
    char id[ID_CAP];
    char *filter[SUBSCRIBE_MAX];
    unsigned filters;
    struct link *link; /* NULL: away */
    struct queued *queue, *saved;
    unsigned inflight, receive_maximum;
    uint32_t expiry_s;
    int64_t left_us;
};

/* A message that the broker keeps back for a while. */
struct held {
    struct held *next, **at;
    struct broker *broker;
    struct message *message;
    uint64_t ticket;
    bool retained;
};

struct seen {
    uint64_t number;
    struct message *message;
};

struct cut {
    struct cut *next;
    char id[ID_CAP];
    bool is_cut;
};

struct broker {
    struct world *world;
    struct dice *dice;
    struct broker_faults faults;
    struct link *links;
    struct session *sessions;
    struct packet *packets;
    struct held *held;
    struct mqtt *clients;
    struct cut *cuts;
    bool all_cut;
    uint64_t cut_number, queued_number, seen_count;
    int64_t down_until_us, saved_us;
    struct seen seen[SEEN_MAX], kept[RESERVOIR_MAX];
    struct message *retained[64];
    unsigned retained_n;
    broker_fn watch;
    void *watch_arg;
};

enum stage { STAGE_WAITING, STAGE_CONNECTING, STAGE_UP };

struct mqtt {
    struct mqtt *next;
    struct broker *broker;
    struct process *process;
    unsigned run; /* of the process */
    char id[ID_CAP];
    char *subscribe[SUBSCRIBE_MAX];
    unsigned subscribes;
    struct mqtt_callbacks cb;
    struct mqtt_cfg cfg; /* its texts are not used */
    char *will_topic, *will_text;
    struct post *bell;
    enum stage stage;
    unsigned attempt;
    struct link *link;
    struct packet *inbox;
    uint64_t ticket; /* of the next try, or of the end of this one */
    int mid;
    bool freed;
};

static struct broker *the_broker; /* common/mqtt.h has no context of ours */

static void *allot(size_t len)
{
    void *p = calloc(1, len);
    if (p == NULL) {
        abort();
    }
    return p;
}

static char *copy_of(const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;
    if (text != NULL && copy == NULL) {
        abort();
    }
    return copy;
}

/* ---------------------------------------------------------------- messages */

static struct message *message_new(const char *topic, const char *text, size_t len)
{
    struct message *m = allot(sizeof *m + len + 1);
    m->refs = 1;
    m->topic = copy_of(topic);
    m->len = len;
    if (len > 0) {
        memcpy(m->text, text, len);
    }
    return m;
}

static struct message *message_hold(struct message *m)
{
    m->refs++;
    return m;
}

static void message_drop(struct message *m)
{
    if (m != NULL && --m->refs == 0) {
        free(m->topic);
        free(m);
    }
}

static void remember(struct broker *b, struct message *m)
{
    struct seen *slot = &b->seen[b->seen_count % SEEN_MAX];
    if (slot->message != NULL) {
        /* What leaves the ring gets a place in the sample of all that ever left it. */
        uint64_t left = b->seen_count - SEEN_MAX + 1;
        uint64_t place = left <= RESERVOIR_MAX ? left - 1 : dice_next(b->dice) % left;
        if (place < RESERVOIR_MAX) {
            message_drop(b->kept[place].message);
            b->kept[place] = *slot;
        } else {
            message_drop(slot->message);
        }
    }
    *slot = (struct seen){.number = b->seen_count++, .message = message_hold(m)};
    if (b->watch != NULL) {
        b->watch(b->watch_arg, m->topic, m->text, m->len);
    }
}

/* Any of those still known, old ones as likely as fresh ones. NULL: none. */
static struct message *recall(struct broker *b)
{
    uint64_t ring = b->seen_count < SEEN_MAX ? b->seen_count : SEEN_MAX;
    uint64_t left = b->seen_count - ring;
    uint64_t kept = left < RESERVOIR_MAX ? left : RESERVOIR_MAX;
    if (ring == 0) {
        return NULL;
    }
    bool old = kept > 0 && dice_below(b->dice, 2) == 0;
    return old ? b->kept[dice_below(b->dice, (uint32_t)kept)].message
               : b->seen[dice_below(b->dice, (uint32_t)ring)].message;
}

/* ---------------------------------------------------------------- topics and rights (backend/broker.c: acl) */

static bool filter_fits(const char *filter, const char *topic)
{
    while (*filter != '\0') {
        if (strcmp(filter, "#") == 0) {
            return true;
        }
        size_t n = strcspn(filter, "/"), k = strcspn(topic, "/");
        bool any = n == 1 && filter[0] == '+';
        if (!any && (n != k || strncmp(filter, topic, n) != 0)) {
            return false;
        }
        filter += n;
        topic += k;
        if (*filter == '\0' || *topic == '\0') {
            return *filter == *topic || strcmp(filter, "/#") == 0;
        }
        filter++;
        topic++;
    }
    return *topic == '\0';
}

static bool allowed(const char *client, const char *topic, bool writing)
{
    char filter[ID_CAP + 24];
    bool backend = strcmp(client, BACKEND) == 0;
    (void)snprintf(filter, sizeof filter, "mdl/v1/%s/%s/#", backend ? "+" : client, backend == writing ? "dn" : "up");
    return filter_fits(filter, topic);
}

/* ---------------------------------------------------------------- links that can be cut */

static struct cut *cut_of(struct broker *b, const char *id)
{
    for (struct cut *c = b->cuts; c != NULL; c = c->next) {
        if (strcmp(c->id, id) == 0) {
            return c;
        }
    }
    struct cut *c = allot(sizeof *c);
    (void)snprintf(c->id, sizeof c->id, "%s", id);
    c->next = b->cuts;
    b->cuts = c;
    return c;
}

static bool is_cut(struct broker *b, const char *id)
{
    return b->all_cut || cut_of(b, id)->is_cut;
}

static int64_t latency(struct broker *b)
{
    int64_t us = b->faults.latency_us;
    if (b->faults.jitter_us > 0) {
        us += (int64_t)(dice_next(b->dice) % (uint64_t)b->faults.jitter_us);
    }
    return us;
}

static void arrives(void *arg);

static void put_under_way(struct packet *p)
{
    struct link *l = p->link;
    struct broker *b = l->broker;
    int64_t due_us = world_now_us(b->world) + latency(b);
    due_us = due_us < l->last_us[p->way] ? l->last_us[p->way] : due_us; /* a stream has an order */
    l->last_us[p->way] = due_us;
    p->ticket = world_at(b->world, due_us, arrives, p);
}

static struct packet *packet_new(struct link *l, enum way way, enum packet_kind kind)
{
    struct broker *b = l->broker;
    struct packet *p = allot(sizeof *p);
    p->link = l;
    p->way = way;
    p->kind = kind;
    l->refs++;
    p->next = b->packets;
    p->at = &b->packets;
    if (p->next != NULL) {
        p->next->at = &p->next;
    }
    b->packets = p;
    return p;
}

static void packet_free(struct packet *p)
{
    *p->at = p->next;
    if (p->next != NULL) {
        p->next->at = p->at;
    }
    p->link->refs--;
    message_drop(p->message);
    free(p);
}

static void send_packet(struct link *l, enum way way, enum packet_kind kind, uint64_t number)
{
    struct packet *p = packet_new(l, way, kind);
    p->number = number;
    put_under_way(p);
}

static void forget_packets(struct packet **list)
{
    while (*list != NULL) {
        struct packet *p = *list;
        *list = p->after;
        packet_free(p);
    }
}

/* Links that nobody holds any more. */
static void sweep_links(struct broker *b)
{
    struct link **at = &b->links;
    while (*at != NULL) {
        struct link *l = *at;
        if (l->m == NULL && l->session == NULL && l->refs == 0) {
            *at = l->next;
            free(l->will_topic);
            free(l->will_text);
            free(l);
        } else {
            at = &l->next;
        }
    }
}

/* ---------------------------------------------------------------- sessions */

static void queue_free(struct queued **list)
{
    while (*list != NULL) {
        struct queued *q = *list;
        *list = q->next;
        message_drop(q->message);
        free(q);
    }
}

static void session_free(struct broker *b, struct session *s)
{
    struct session **at = &b->sessions;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    if (s->link != NULL) {
        s->link->session = NULL;
    }
    for (unsigned i = 0; i < s->filters; i++) {
        free(s->filter[i]);
    }
    queue_free(&s->queue);
    queue_free(&s->saved);
    free(s);
}

static struct session *session_find(const struct broker *b, const char *id)
{
    for (struct session *s = b->sessions; s != NULL; s = s->next) {
        if (strcmp(s->id, id) == 0) {
            return s;
        }
    }
    return NULL;
}

static void pump(struct session *s)
{
    for (struct queued *q = s->queue; q != NULL && s->link != NULL && s->inflight < s->receive_maximum; q = q->next) {
        if (q->sent) {
            continue;
        }
        q->sent = true;
        s->inflight++;
        struct packet *p = packet_new(s->link, WAY_CLIENT, PACKET_PUBLISH);
        p->message = message_hold(q->message);
        p->number = q->number;
        p->retained = q->retained;
        put_under_way(p);
    }
}

static void enqueue(struct broker *b, struct session *s, struct message *m, bool retained)
{
    struct queued *q = allot(sizeof *q), **at = &s->queue;
    q->message = message_hold(m);
    q->number = ++b->queued_number;
    q->retained = retained;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = q;
    pump(s);
}

static bool wants(const struct session *s, const char *topic)
{
    for (unsigned i = 0; i < s->filters; i++) {
        if (filter_fits(s->filter[i], topic) && allowed(s->id, topic, false)) {
            return true;
        }
    }
    return false;
}

static void route(struct broker *b, struct message *m, bool retained)
{
    for (struct session *s = b->sessions; s != NULL; s = s->next) {
        if (wants(s, m->topic)) {
            enqueue(b, s, m, retained);
        }
    }
}

static void acknowledged(struct session *s, uint64_t number)
{
    for (struct queued **at = &s->queue; *at != NULL; at = &(*at)->next) {
        struct queued *q = *at;
        if (q->number == number && q->sent) {
            *at = q->next;
            s->inflight--;
            message_drop(q->message);
            free(q);
            break;
        }
    }
    pump(s);
}

/* What the broker writes to its disk from time to time, and reads back after a restart. */
static void save(struct broker *b)
{
    int64_t now_us = world_now_us(b->world);
    if (now_us - b->saved_us < AUTOSAVE_US) {
        return;
    }
    b->saved_us = now_us;
    for (struct session *s = b->sessions; s != NULL; s = s->next) {
        struct queued **to = &s->saved;
        queue_free(to);
        for (const struct queued *q = s->queue; q != NULL && s->expiry_s > 0; q = q->next) {
            *to = allot(sizeof **to);
            (*to)->message = message_hold(q->message);
            (*to)->number = q->number;
            (*to)->retained = q->retained;
            to = &(*to)->next;
        }
    }
}

/* ---------------------------------------------------------------- an adversary */

static bool happens(struct broker *b, uint32_t ppm, const char *name)
{
    if (ppm == 0 || dice_below(b->dice, PPM) >= ppm) {
        return false;
    }
    world_count(b->world, name);
    return true;
}

static void release(void *arg)
{
    struct held *h = arg;
    struct broker *b = h->broker;
    *h->at = h->next;
    if (h->next != NULL) {
        h->next->at = h->at;
    }
    if (world_now_us(b->world) >= b->down_until_us) {
        route(b, h->message, h->retained);
    }
    message_drop(h->message);
    free(h);
}

static void hold(struct broker *b, struct message *m, bool retained, int64_t span_us)
{
    struct held *h = allot(sizeof *h);
    h->broker = b;
    h->message = message_hold(m);
    h->retained = retained;
    h->next = b->held;
    h->at = &b->held;
    if (h->next != NULL) {
        h->next->at = &h->next;
    }
    b->held = h;
    h->ticket = world_at(b->world, world_now_us(b->world) + span_us, release, h);
}

/* "mdl/v1/<id>/up/evt" with another locker's id; NULL: there is none. */
static struct message *crossed(struct broker *b, const struct message *m)
{
    static const char head[] = "mdl/v1/";
    const char *id = m->topic + sizeof head - 1;
    char topic[TEXT_CAP];
    unsigned others = 0;
    const struct session *chosen = NULL;
    if (strncmp(m->topic, head, sizeof head - 1) != 0) {
        return NULL;
    }
    size_t n = strcspn(id, "/");
    for (const struct session *s = b->sessions; s != NULL; s = s->next) {
        bool other = strcmp(s->id, BACKEND) != 0 && (strlen(s->id) != n || strncmp(s->id, id, n) != 0);
        if (other && dice_below(b->dice, ++others) == 0) {
            chosen = s;
        }
    }
    if (chosen == NULL || snprintf(topic, sizeof topic, "%s%s%s", head, chosen->id, id + n) >= (int)sizeof topic) {
        return NULL;
    }
    return message_new(topic, m->text, m->len);
}

/* The part of a JWS before its n-th dot, or all. */
static size_t part_end(const struct message *m, unsigned n)
{
    size_t i = 0;
    while (i < m->len && (m->text[i] != '.' || --n > 0)) {
        i++;
    }
    return i;
}

static struct message *forged(struct broker *b, const struct message *m)
{
    const struct message *other = recall(b);
    size_t len = m->len, cut = 0;
    char *text = allot(2 * (m->len + (other != NULL ? other->len : 0)) + 64);
    memcpy(text, m->text, m->len);
    uint32_t at = len > 0 ? dice_below(b->dice, (uint32_t)len) : 0;
    switch (dice_below(b->dice, 6)) {
    case 0: /* one bit */
        text[at] = (char)(text[at] ^ (char)(1u << dice_below(b->dice, 7)));
        break;
    case 1: /* cut short */
        len = at;
        break;
    case 2: /* something behind it */
        memcpy(text + len, "A", 1);
        len++;
        break;
    case 3: /* head and claims of this one, signature of another */
        cut = part_end(m, 2);
        if (other != NULL && cut < m->len) {
            size_t from = part_end(other, 2);
            memcpy(text + cut, other->text + from, other->len - from);
            len = cut + other->len - from;
        }
        break;
    case 4: /* one character twice */
        memmove(text + at + 1, text + at, len - at);
        len++;
        break;
    default: /* noise */
        for (size_t i = 0; i < len; i++) {
            text[i] = (char)dice_below(b->dice, 256);
        }
        break;
    }
    struct message *made = message_new(m->topic, text, len);
    free(text);
    return made;
}

static void add_forgeries(struct broker *b, struct message *m)
{
    const struct broker_faults *f = &b->faults;
    if (happens(b, f->replay_ppm, "net-replay")) {
        route(b, recall(b), false);
    }
    if (f->cross_ppm > 0 && dice_below(b->dice, PPM) < f->cross_ppm) {
        struct message *made = crossed(b, m);
        if (made != NULL) {
            world_count(b->world, "net-cross-delivery");
            route(b, made, false);
            message_drop(made);
        }
    }
    if (happens(b, f->forge_ppm, "net-forgery")) {
        struct message *made = forged(b, m);
        route(b, made, false);
        message_drop(made);
    }
}

/* A message has come in: what an honest broker would do, and what this one does. */
static void pass_on(struct broker *b, struct message *m)
{
    const struct broker_faults *f = &b->faults;
    bool retained = happens(b, f->retain_ppm, "net-retain");
    bool twice = happens(b, f->double_ppm, "net-duplicate");
    add_forgeries(b, m);
    if (happens(b, f->drop_ppm, "net-drop")) {
        return;
    }
    for (unsigned i = 0; i < (twice ? 2u : 1u); i++) {
        if (f->delay_max_us > 0 && happens(b, f->delay_ppm, "net-delay")) {
            hold(b, m, retained, (int64_t)(dice_next(b->dice) % (uint64_t)f->delay_max_us));
        } else if (happens(b, f->reorder_ppm, "net-reorder")) {
            hold(b, m, retained, (int64_t)dice_below(b->dice, REORDER_US));
        } else {
            route(b, m, retained);
        }
    }
}

/* ---------------------------------------------------------------- the broker's end */

static void leave_session(struct broker *b, struct link *l, bool with_will)
{
    struct session *s = l->session;
    if (s == NULL) {
        return;
    }
    s->link = NULL;
    l->session = NULL;
    s->inflight = 0;
    s->left_us = world_now_us(b->world);
    for (struct queued *q = s->queue; q != NULL; q = q->next) {
        q->sent = false;
    }
    if (s->expiry_s == 0) {
        session_free(b, s);
    }
    if (with_will && l->will_topic != NULL && allowed(l->id, l->will_topic, true)) {
        struct message *m = message_new(l->will_topic, l->will_text, strlen(l->will_text));
        remember(b, m);
        pass_on(b, m);
        message_drop(m);
    }
}

/* The broker ends a connection; the client finds out when the news has come through. */
static void throw_out(struct broker *b, struct link *l, bool with_will)
{
    leave_session(b, l, with_will);
    send_packet(l, WAY_CLIENT, PACKET_GONE, 0);
}

static struct session *session_for(struct broker *b, const struct mqtt *m)
{
    struct session *s = session_find(b, m->id);
    int64_t now_us = world_now_us(b->world);
    if (s != NULL && (m->cfg.session_expiry_s == 0 || now_us - s->left_us > (int64_t)s->expiry_s * 1000000)) {
        session_free(b, s);
        s = NULL;
    }
    if (s == NULL) {
        s = allot(sizeof *s);
        (void)snprintf(s->id, sizeof s->id, "%s", m->id);
        s->next = b->sessions;
        b->sessions = s;
    }
    for (unsigned i = 0; i < s->filters; i++) {
        free(s->filter[i]);
    }
    s->filters = m->subscribes;
    for (unsigned i = 0; i < s->filters; i++) {
        s->filter[i] = copy_of(m->subscribe[i]);
    }
    s->expiry_s = m->cfg.session_expiry_s;
    s->receive_maximum = m->cfg.receive_maximum;
    return s;
}

static void accept_client(struct broker *b, struct link *l)
{
    if (l->m == NULL || world_now_us(b->world) < b->down_until_us) {
        send_packet(l, WAY_CLIENT, PACKET_GONE, 0);
        return;
    }
    const struct session *old = session_find(b, l->id);
    if (old != NULL && old->link != NULL) {
        throw_out(b, old->link, true);
    }
    struct session *s = session_for(b, l->m);
    s->link = l;
    l->session = s;
    send_packet(l, WAY_CLIENT, PACKET_CONNACK, 0);
    for (unsigned i = 0; i < b->retained_n; i++) {
        if (wants(s, b->retained[i]->topic)) {
            enqueue(b, s, b->retained[i], true);
        }
    }
    pump(s);
}

static void take_publish(struct broker *b, struct link *l, const struct packet *p)
{
    struct packet *ack = packet_new(l, WAY_CLIENT, PACKET_PUBACK);
    ack->number = p->number;
    ack->refused = !allowed(l->id, p->message->topic, true);
    put_under_way(ack);
    save(b);
    remember(b, p->message);
    if (!ack->refused) {
        pass_on(b, p->message);
    }
}

static void at_broker(struct broker *b, const struct packet *p)
{
    struct link *l = p->link;
    if (p->kind == PACKET_CONNECT) {
        accept_client(b, l);
        return;
    }
    if (l->session == NULL) {
        return;
    }
    switch (p->kind) {
    case PACKET_PUBLISH:
        take_publish(b, l, p);
        break;
    case PACKET_PUBACK:
        acknowledged(l->session, p->number);
        break;
    case PACKET_LEAVE:
        leave_session(b, l, false);
        break;
    case PACKET_GONE:
        leave_session(b, l, true);
        break;
    case PACKET_CONNECT:
    case PACKET_CONNACK:
        break;
    }
}

static bool is_alive(const struct mqtt *m)
{
    return !m->freed && !process_is_dead(m->process) && process_starts(m->process) == m->run;
}

static void into_inbox(struct mqtt *m, struct packet *p)
{
    struct packet **at = &m->inbox;
    while (*at != NULL) {
        at = &(*at)->after;
    }
    *at = p;
    p->after = NULL;
    post_ring(m->bell);
}

static void arrives(void *arg)
{
    struct packet *p = arg;
    struct link *l = p->link;
    struct broker *b = l->broker;
    p->ticket = 0;
    if (is_cut(b, l->id)) {
        struct packet **at = &l->stalled[p->way];
        while (*at != NULL) {
            at = &(*at)->after;
        }
        *at = p;
        return;
    }
    if (p->way == WAY_CLIENT && l->m != NULL && l->m->link == l && is_alive(l->m)) {
        into_inbox(l->m, p);
        return;
    }
    if (p->way == WAY_BROKER) {
        at_broker(b, p);
    }
    packet_free(p);
    sweep_links(b);
}

/* ---------------------------------------------------------------- the client's end */

static void try_connect(void *arg);

static void schedule(struct mqtt *m, int64_t span_us, world_fn fn)
{
    struct world *w = m->broker->world;
    if (m->ticket != 0) {
        world_cancel(w, m->ticket);
    }
    m->ticket = span_us < 0 ? 0 : world_at(w, world_now_us(w) + span_us, fn, m);
}

static void let_go(struct mqtt *m)
{
    forget_packets(&m->inbox);
    if (m->link != NULL) {
        m->link->m = NULL;
        m->link = NULL;
    }
}

/* Full jitter, as common/mqtt.c. */
static void wait_and_retry(struct mqtt *m)
{
    uint64_t cap_ms = (uint64_t)BACKOFF_FIRST_MS << (m->attempt < 16 ? m->attempt : 16);
    cap_ms = cap_ms > m->cfg.reconnect_max_ms ? m->cfg.reconnect_max_ms : cap_ms;
    m->attempt++;
    m->stage = STAGE_WAITING;
    schedule(m, (1 + (int64_t)dice_below(m->broker->dice, (uint32_t)cap_ms)) * 1000, try_connect);
}

static void lose(struct mqtt *m)
{
    bool was_up = m->stage == STAGE_UP;
    let_go(m);
    wait_and_retry(m);
    if (was_up) {
        m->cb.down(m->cb.arg);
    }
}

static void give_up(void *arg)
{
    struct mqtt *m = arg;
    m->ticket = 0;
    if (is_alive(m)) {
        if (m->link != NULL) {
            send_packet(m->link, WAY_BROKER, PACKET_GONE, 0);
        }
        let_go(m);
        wait_and_retry(m);
    }
}

static void try_connect(void *arg)
{
    struct mqtt *m = arg;
    struct broker *b = m->broker;
    m->ticket = 0;
    if (!is_alive(m)) {
        return;
    }
    m->stage = STAGE_CONNECTING;
    if (is_cut(b, m->id)) {
        schedule(m, PROBE_US, give_up);
        return;
    }
    if (world_now_us(b->world) < b->down_until_us) {
        schedule(m, 2 * latency(b), give_up);
        return;
    }
    struct link *l = allot(sizeof *l);
    (void)snprintf(l->id, sizeof l->id, "%s", m->id);
    l->broker = b;
    l->m = m;
    l->keepalive_us = (int64_t)m->cfg.keepalive_s * 1500000;
    l->will_topic = copy_of(m->will_topic);
    l->will_text = copy_of(m->will_text);
    l->next = b->links;
    b->links = l;
    m->link = l;
    l->last_us[WAY_BROKER] = world_now_us(b->world) + 3 * latency(b); /* TCP and TLS first */
    send_packet(l, WAY_BROKER, PACKET_CONNECT, 0);
    schedule(m, HANDSHAKE_US, give_up);
}

static void deliver(struct mqtt *m, const struct packet *p)
{
    switch (p->kind) {
    case PACKET_CONNACK:
        m->stage = STAGE_UP;
        m->attempt = 0;
        schedule(m, -1, NULL);
        m->cb.up(m->cb.arg);
        break;
    case PACKET_PUBLISH:
        send_packet(p->link, WAY_BROKER, PACKET_PUBACK, p->number); /* before anybody has looked at it */
        m->cb.message(m->cb.arg, p->message->topic, p->message->text, p->message->len, p->retained);
        break;
    case PACKET_PUBACK:
        m->cb.published(m->cb.arg, (int)p->number);
        break;
    case PACKET_GONE:
        lose(m);
        break;
    case PACKET_CONNECT:
    case PACKET_LEAVE:
        break;
    }
}

/* In the daemon's loop. */
static void on_bell(void *arg)
{
    struct mqtt *m = arg;
    for (unsigned i = 0; i < NOTES_PER_TURN && m->inbox != NULL && is_alive(m); i++) {
        struct packet *p = m->inbox;
        m->inbox = p->after;
        deliver(m, p);
        packet_free(p);
    }
    if (m->inbox != NULL) {
        post_ring(m->bell);
    }
}

/* ---------------------------------------------------------------- common/mqtt.h */

static bool too_long(const struct mqtt_cfg *cfg)
{
    const char *const texts[] = {cfg->host,    cfg->client_id,  cfg->cafile,   cfg->certfile,
                                 cfg->keyfile, cfg->will_topic, cfg->will_text};
    bool found = strlen(cfg->client_id) >= ID_CAP;
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        found = found || (texts[i] != NULL && strlen(texts[i]) >= TEXT_CAP);
    }
    for (unsigned i = 0; cfg->subscribe != NULL && cfg->subscribe[i] != NULL; i++) {
        found = found || strlen(cfg->subscribe[i]) >= TEXT_CAP;
    }
    return found;
}

enum err mqtt_open(struct mqtt **out, const struct mqtt_cfg *cfg, const struct mqtt_callbacks *cb, sd_event *loop,
                   struct reason *r)
{
    assert(cfg->keepalive_s >= 5 && cfg->receive_maximum >= 1 && cfg->reconnect_max_ms >= BACKOFF_FIRST_MS);
    assert(cb->up != NULL && cb->down != NULL && cb->message != NULL && cb->published != NULL && the_broker != NULL);
    if (!process_may(OS_MEMORY)) {
        return err_because(r, ERR_MEMORY, "mqtt: no memory");
    }
    if (too_long(cfg)) {
        return err_because(r, ERR_TOO_LONG, "mqtt: a text of the configuration is longer than %d bytes", TEXT_CAP - 1);
    }
    struct mqtt *m = allot(sizeof *m);
    m->bell = post_new(loop, "mqtt", on_bell, m);
    if (m->bell == NULL) {
        free(m);
        return err_because(r, ERR_IO, "mqtt: no event source");
    }
    m->broker = the_broker;
    m->process = process_current();
    m->run = process_starts(m->process);
    m->cb = *cb;
    m->cfg = *cfg;
    (void)snprintf(m->id, sizeof m->id, "%s", cfg->client_id);
    m->will_topic = copy_of(cfg->will_topic);
    m->will_text = copy_of(cfg->will_text);
    for (unsigned i = 0; cfg->subscribe != NULL && cfg->subscribe[i] != NULL; i++) {
        assert(i < SUBSCRIBE_MAX);
        m->subscribe[m->subscribes++] = copy_of(cfg->subscribe[i]);
    }
    m->next = the_broker->clients;
    the_broker->clients = m;
    schedule(m, 0, try_connect);
    *out = m;
    return ERR_OK;
}

static void discard(struct mqtt *m)
{
    for (unsigned i = 0; i < m->subscribes; i++) {
        free(m->subscribe[i]);
    }
    free(m->will_topic);
    free(m->will_text);
    free(m);
}

void mqtt_free(struct mqtt *m)
{
    if (m == NULL) {
        return;
    }
    struct mqtt **at = &m->broker->clients;
    while (*at != m) {
        at = &(*at)->next;
    }
    *at = m->next;
    if (m->link != NULL) {
        bool polite = m->stage == STAGE_UP && !process_is_dead(m->process);
        send_packet(m->link, WAY_BROKER, polite ? PACKET_LEAVE : PACKET_GONE, 0);
    }
    schedule(m, -1, NULL);
    let_go(m);
    post_free(m->bell);
    discard(m);
}

bool mqtt_is_up(const struct mqtt *m)
{
    return m->stage == STAGE_UP && is_alive(m);
}

enum err mqtt_publish(struct mqtt *m, const char *topic, const char *text, size_t len, int *mid)
{
    if (!mqtt_is_up(m)) {
        return ERR_STATE;
    }
    if (len + strlen(topic) + 10 > PACKET_MAX) {
        return ERR_TOO_LONG;
    }
    m->mid = m->mid % UINT16_MAX + 1;
    struct packet *p = packet_new(m->link, WAY_BROKER, PACKET_PUBLISH);
    p->message = message_new(topic, text, len);
    p->number = (uint64_t)m->mid;
    put_under_way(p);
    if (mid != NULL) {
        *mid = m->mid;
    }
    return ERR_OK;
}

void mqtt_library(char *out, size_t cap)
{
    (void)snprintf(out, cap, "simulated broker");
}

/* ---------------------------------------------------------------- broker.h */

struct broker *broker_new(struct world *w)
{
    struct broker *b = allot(sizeof *b);
    assert(the_broker == NULL);
    b->world = w;
    b->dice = world_dice(w, "net");
    the_broker = b;
    return b;
}

static void free_seen(struct seen *list, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        message_drop(list[i].message);
    }
}

void broker_free(struct broker *b)
{
    if (b == NULL) {
        return;
    }
    the_broker = NULL;
    while (b->clients != NULL) { /* of processes that did not clean up */
        struct mqtt *m = b->clients;
        b->clients = m->next;
        schedule(m, -1, NULL);
        let_go(m);
        discard(m);
    }
    while (b->packets != NULL) {
        if (b->packets->ticket != 0) {
            world_cancel(b->world, b->packets->ticket);
        }
        packet_free(b->packets);
    }
    while (b->sessions != NULL) {
        session_free(b, b->sessions);
    }
    sweep_links(b);
    while (b->held != NULL) {
        struct held *h = b->held;
        b->held = h->next;
        world_cancel(b->world, h->ticket);
        message_drop(h->message);
        free(h);
    }
    while (b->cuts != NULL) {
        struct cut *c = b->cuts;
        b->cuts = c->next;
        free(c);
    }
    for (unsigned i = 0; i < b->retained_n; i++) {
        message_drop(b->retained[i]);
    }
    free_seen(b->seen, SEEN_MAX);
    free_seen(b->kept, RESERVOIR_MAX);
    free(b);
}

struct broker_faults *broker_faults(struct broker *b)
{
    return &b->faults;
}

void broker_set_watcher(struct broker *b, broker_fn fn, void *arg)
{
    b->watch = fn;
    b->watch_arg = arg;
}

/* ---------------------------------------------------------------- cutting links */

/* Nothing was heard for one and a half keep-alives: both ends give the connection up. */
static void on_silence(void *arg)
{
    struct packet *timer = arg;
    struct link *l = timer->link;
    struct broker *b = l->broker;
    bool still = is_cut(b, l->id) && l->cut_number == timer->number;
    timer->ticket = 0;
    if (still) {
        for (unsigned way = 0; way < WAY_N; way++) {
            forget_packets(&l->stalled[way]);
        }
        leave_session(b, l, true);
        if (l->m != NULL && l->m->link == l && is_alive(l->m)) {
            timer->kind = PACKET_GONE;
            into_inbox(l->m, timer);
            return;
        }
    }
    packet_free(timer);
    sweep_links(b);
}

static void begin_silence(struct broker *b, struct link *l)
{
    struct packet *timer = packet_new(l, WAY_CLIENT, PACKET_GONE);
    l->cut_number = timer->number = ++b->cut_number;
    timer->ticket = world_at(b->world, world_now_us(b->world) + l->keepalive_us, on_silence, timer);
}

static void end_silence(struct link *l)
{
    l->cut_number = 0;
    for (unsigned way = 0; way < WAY_N; way++) {
        while (l->stalled[way] != NULL) {
            struct packet *p = l->stalled[way];
            l->stalled[way] = p->after;
            put_under_way(p);
        }
    }
}

void broker_partition(struct broker *b, const char *client, bool cut)
{
    bool *flag = client == NULL ? &b->all_cut : &cut_of(b, client)->is_cut;
    if (*flag == cut) {
        return;
    }
    for (struct link *l = b->links; l != NULL; l = l->next) {
        bool was_cut = is_cut(b, l->id);
        *flag = cut;
        bool now_cut = is_cut(b, l->id);
        *flag = !cut;
        if (now_cut && !was_cut) {
            begin_silence(b, l);
        } else if (!now_cut && was_cut) {
            *flag = cut;
            end_silence(l);
            *flag = !cut;
        }
    }
    *flag = cut;
    if (cut) {
        world_count(b->world, client == NULL ? "net-partition-all" : "net-partition-one");
    }
    world_tell(b->world, "net", "%s: link %s", client == NULL ? "all" : client, cut ? "cut" : "whole");
}

/* ---------------------------------------------------------------- restarting, taking over */

void broker_restart(struct broker *b, bool forget, int64_t down_us)
{
    world_count(b->world, forget ? "broker-restart-forgets" : "broker-restart");
    world_tell(b->world, "net", "the broker restarts%s",
               forget ? " and forgets everything" : " from what it had saved");
    for (struct link *l = b->links; l != NULL; l = l->next) {
        if (l->session != NULL) {
            throw_out(b, l, false);
        }
    }
    for (struct session *s = b->sessions, *next; s != NULL; s = next) {
        next = s->next;
        queue_free(&s->queue);
        s->queue = s->saved;
        s->saved = NULL;
        if (forget) {
            session_free(b, s);
        }
    }
    for (; forget && b->retained_n > 0; b->retained_n--) {
        message_drop(b->retained[b->retained_n - 1]);
    }
    b->down_until_us = world_now_us(b->world) + down_us;
}

void broker_take_over(struct broker *b, const char *client)
{
    const struct session *s = session_find(b, client);
    if (s != NULL && s->link != NULL) {
        world_count(b->world, "broker-take-over");
        world_tell(b->world, "net", "somebody connects as %s", client);
        throw_out(b, s->link, true);
    }
}

bool broker_has(const struct broker *b, const char *client)
{
    const struct session *s = session_find(b, client);
    return s != NULL && s->link != NULL;
}

void broker_heal(struct broker *b)
{
    b->faults = (struct broker_faults){.latency_us = b->faults.latency_us, .jitter_us = b->faults.jitter_us};
    b->down_until_us = world_now_us(b->world);
    broker_partition(b, NULL, false);
    for (struct cut *c = b->cuts; c != NULL; c = c->next) {
        broker_partition(b, c->id, false);
    }
    while (b->held != NULL) {
        world_cancel(b->world, b->held->ticket);
        release(b->held);
    }
    for (; b->retained_n > 0; b->retained_n--) {
        message_drop(b->retained[b->retained_n - 1]);
    }
}

/* ---------------------------------------------------------------- what it saw */

uint64_t broker_seen(const struct broker *b)
{
    return b->seen_count;
}

bool broker_message(const struct broker *b, uint64_t n, const char **topic, const char **text, size_t *len)
{
    const struct seen *found = &b->seen[n % SEEN_MAX];
    for (unsigned i = 0; i < RESERVOIR_MAX && (found->message == NULL || found->number != n); i++) {
        found = &b->kept[i];
    }
    if (found->message == NULL || found->number != n) {
        return false;
    }
    *topic = found->message->topic;
    *text = found->message->text;
    *len = found->message->len;
    return true;
}

void broker_inject(struct broker *b, const char *topic, const char *text, size_t len, bool retained)
{
    struct message *m = message_new(topic, text, len);
    if (retained && b->retained_n < sizeof b->retained / sizeof b->retained[0]) {
        b->retained[b->retained_n++] = message_hold(m);
    }
    route(b, m, retained);
    message_drop(m);
}
