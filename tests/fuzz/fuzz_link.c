/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any topic and payload from the broker at the locker's router. The first byte chooses:
 *   'R'  retained, 'P' plain: the topic up to the first line feed, then the payload, as they came in;
 *   'X'  the rest is the content of the hub's next command, but somebody else signed it;
 *   'W', 'B', 'G', 'A', 'C', 'D', 'E', 'Q', 'O'  the rest is the content of order.withdraw, badge.revoke, guess.reset,
 *        ack, order.recode, carer.grant, carer.revoke, open.ask or open.answer, signed by the hub.
 * What the hub did not sign changes nothing of the locker, its outbox and its cursors; whatever was signed moves no
 * lock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"
#include "common/log.h"
#include "controller/link.h"
#include "tests/unit/daemon_bed.h"

struct fixture {
    struct daemon_bed bed;
    struct msg_signer stranger;
    int64_t seq; /* of the last command that counted */
    uint8_t hash[MSG_HASH_LEN];
    uint32_t loose;
};

/* What a stranger must not change. */
struct state {
    struct compartment compartment[2];
    struct order_table orders;
    struct limiter limiter;
    struct badge_table badges;
    struct carer_table carers;
    uint64_t serial;
    uint32_t rows;
    int64_t last, commands, acked, signed_ms;
    bool frozen;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool always_up(void *arg)
{
    (void)arg;
    return true;
}

static enum err swallow(void *arg, const char *topic, const char *text, size_t len)
{
    (void)arg;
    require(strlen(topic) > 0 && strlen(text) == len && len <= MSG_TEXT_CAP);
    return ERR_OK;
}

static void open_link(struct daemon_bed *b)
{
    struct link_transport transport = {always_up, swallow, NULL};
    struct link_cfg cfg = {.id = &b->id,
                           .seal = &b->seal,
                           .store = b->store,
                           .act = b->act,
                           .locker = b->locker,
                           .window = 8,
                           .heartbeat_s = 300};
    struct reason r;
    require(link_open(&b->link, &cfg, b->loop, &r) == ERR_OK);
    link_set_transport(b->link, &transport);
}

static struct fixture *open_fixture(void)
{
    static struct fixture f;
    struct daemon_bed *b = &f.bed;
    uint8_t public_key[32], secret[64];
    log_set_level(LOG_LEVEL_ERROR);
    bed_init(b);
    bed_start(b);
    open_link(b);
    act_start(b->act);
    link_on_up(b->link);
    (void)crypto_sign_keypair(public_key, secret);
    msg_signer_init(&f.stranger, secret);
    return &f;
}

static void look(const struct fixture *f, struct state *s)
{
    const struct locker *l = f->bed.locker;
    struct link_status link;
    memset(s, 0, sizeof *s);
    link_status(f->bed.link, &link);
    memcpy(s->compartment, l->compartment, sizeof s->compartment);
    s->orders = l->orders;
    s->limiter = l->limiter;
    s->badges = l->badges;
    s->carers = l->carers;
    s->serial = l->pulse_serial;
    s->rows = store_outbox_rows(f->bed.store);
    s->last = store_outbox_last(f->bed.store);
    s->commands = link.commands;
    s->acked = link.acked;
    s->frozen = link.frozen;
    s->signed_ms = l->floor.signed_ms;
}

/* A tick may fall between: the limiter's tokens come back by themselves, and nothing else moves. */
static bool is_same(const struct state *a, const struct state *b)
{
    return memcmp(a->compartment, b->compartment, sizeof a->compartment) == 0 &&
           memcmp(&a->orders, &b->orders, sizeof a->orders) == 0 &&
           memcmp(&a->badges, &b->badges, sizeof a->badges) == 0 &&
           memcmp(&a->carers, &b->carers, sizeof a->carers) == 0 && a->serial == b->serial && a->rows == b->rows &&
           a->last == b->last && a->commands == b->commands && a->acked == b->acked && a->frozen == b->frozen &&
           a->signed_ms == b->signed_ms;
}

static void as_it_came(struct fixture *f, const uint8_t *data, size_t size, bool retained)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
    size_t topic_len = end == NULL ? size : (size_t)(end - data);
    char *topic = calloc(1, topic_len + 1);
    require(topic != NULL);
    if (topic_len > 0)
        memcpy(topic, data, topic_len);
    const uint8_t *payload = end == NULL ? data + size : end + 1;
    link_on_message(f->bed.link, topic, payload, (size_t)(data + size - payload), retained);
    free(topic);
}

/* The content must be JSON, or nobody could have sent it. */
static void as_signed(struct fixture *f, const char *typ, const uint8_t *data, size_t size,
                      const struct msg_signer *signer)
{
    static const struct json_limits limits = {JSON_MAX_MESSAGE / 2, JSON_DEPTH_MESSAGE - 1, JSON_STRICT};
    struct msg_head h = {.epo = 1, .iat_ms = clock_wall_ms(), .iss = "hub", .aud = BED_ID};
    uint8_t hash[MSG_HASH_LEN];
    char topic[64], *text = NULL;
    struct link_status status;
    struct reason r;
    cJSON *dat = NULL;
    if (json_parse(&dat, size == 0 ? "" : (const char *)data, size, &limits, NULL) != ERR_OK)
        return;
    h.stm = strcmp(typ, "ack.v1") == 0 ? MSG_ACK : strncmp(typ, "open.", 5) == 0 ? MSG_RPC : MSG_CMD;
    h.exp_ms = h.stm == MSG_RPC ? h.iat_ms + LINK_CALL_MS : 0;
    (void)snprintf(h.typ, sizeof h.typ, "%s", typ);
    (void)snprintf(h.jti, sizeof h.jti, "%032x", ++f->loose);
    h.clk = (struct clock_now){.boot = 1, .boot_ms = 1000, .wall_ms = h.iat_ms, .quality = CLOCK_NTP};
    h.seq = h.stm != MSG_CMD ? ((int64_t)1 << 32) + f->loose : f->seq + 1;
    if (h.stm == MSG_CMD)
        memcpy(h.prv, f->hash, sizeof h.prv);
    if (cJSON_IsObject(dat) && msg_seal(&h, MSG_DOWN, dat, signer, &text, hash, &r) == ERR_OK) {
        msg_topic(topic, BED_ID, MSG_DOWN, h.stm);
        link_on_message(f->bed.link, topic, text, strlen(text), false);
        link_status(f->bed.link, &status);
        if (h.stm == MSG_CMD && status.commands == h.seq) {
            f->seq = h.seq;
            memcpy(f->hash, hash, sizeof f->hash);
        }
        require(status.commands == f->seq);
    }
    free(text);
    cJSON_Delete(dat);
}

static void settle(struct fixture *f)
{
    for (unsigned i = 0; i < 4; i++)
        require(sd_event_run(f->bed.loop, 0) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fixture *f; /* one locker for all inputs: what one leaves behind meets the next */
    static struct state before, after;
    static const struct {
        char mark;
        const char *typ;
    } kinds[] = {{'W', "order.withdraw.v1"}, {'B', "badge.revoke.v1"}, {'G', "guess.reset.v1"},  {'A', "ack.v1"},
                 {'C', "order.recode.v1"},   {'D', "carer.grant.v1"},  {'E', "carer.revoke.v1"}, {'Q', "open.ask.v1"},
                 {'O', "open.answer.v1"}};
    if (size == 0)
        return 0;
    if (f == NULL)
        f = open_fixture();
    settle(f);
    look(f, &before);
    if (data[0] == 'R' || data[0] == 'P')
        as_it_came(f, data + 1, size - 1, data[0] == 'R');
    else if (data[0] == 'X')
        as_signed(f, kinds[size % (sizeof kinds / sizeof kinds[0])].typ, data + 1, size - 1, &f->stranger);
    look(f, &after);
    require(is_same(&before, &after));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (data[0] == (uint8_t)kinds[i].mark)
            as_signed(f, kinds[i].typ, data + 1, size - 1, &f->bed.hub);
    }
    look(f, &after);
    require(after.serial == before.serial && !act_is_fatal(f->bed.act));
    if (after.frozen) { /* the hub acknowledged more than there is: two histories, until the next start */
        require(data[0] == 'A');
        link_free(f->bed.link);
        open_link(&f->bed);
        link_on_up(f->bed.link);
    }
    return 0;
}
