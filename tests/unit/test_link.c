/* SPDX-License-Identifier: Apache-2.0 */
/* The real core and store behind the link, a fake transport before it, the hub played by the test. */
#include "controller/link.h"

#include "common/log.h"
#include "tests/unit/daemon_bed.h"

#define SENT_MAX 256
#define ID BED_ID

struct sent {
    char *text;
    char topic[64];
};

struct fixture {
    struct daemon_bed bed;
    bool up;
    struct sent sent[SENT_MAX];
    unsigned sent_count;
    uint32_t hub_count; /* of loose messages */
    int64_t cmd_seq;
    uint8_t cmd_hash[MSG_HASH_LEN];
};

/* ---------------------------------------------------------------- the fake transport */

static bool fake_is_up(void *arg)
{
    return ((struct fixture *)arg)->up;
}

static enum err fake_publish(void *arg, const char *topic, const char *text, size_t len)
{
    struct fixture *f = arg;
    if (!f->up) {
        return ERR_STATE;
    }
    assert_true(f->sent_count < SENT_MAX);
    struct sent *s = &f->sent[f->sent_count++];
    s->text = strndup(text, len);
    (void)snprintf(s->topic, sizeof s->topic, "%s", topic);
    return ERR_OK;
}

static void forget_sent(struct fixture *f)
{
    for (unsigned i = 0; i < f->sent_count; i++) {
        free(f->sent[i].text);
    }
    f->sent_count = 0;
}

/* The messages sent on a stream, opened as the hub does; returns how many, seq of the last in *last. */
static unsigned open_sent(struct fixture *f, enum msg_stream stream, int64_t *first, int64_t *last)
{
    char topic[64];
    unsigned n = 0;
    msg_topic(topic, ID, MSG_UP, stream);
    for (unsigned i = 0; i < f->sent_count; i++) {
        if (strcmp(f->sent[i].topic, topic) != 0) {
            continue;
        }
        struct msg m;
        struct reason r;
        enum err e =
            msg_open(&m, f->sent[i].text, strlen(f->sent[i].text), MSG_UP, ID, stream, &f->bed.locker_keys, 0, &r);
        if (e != ERR_OK) {
            fail_msg("%s", r.text);
        }
        if (n++ == 0 && first != NULL) {
            *first = m.head.seq;
        }
        if (last != NULL) {
            *last = m.head.seq;
        }
        msg_fini(&m);
    }
    return n;
}

/* ---------------------------------------------------------------- set-up */

static void open_all(struct fixture *f)
{
    struct daemon_bed *b = &f->bed;
    bed_start(b);
    struct link_cfg link = {.id = &b->id,
                            .seal = &b->seal,
                            .store = b->store,
                            .act = b->act,
                            .locker = b->locker,
                            .window = 8,
                            .heartbeat_s = 300};
    struct link_transport transport = {fake_is_up, fake_publish, f};
    struct reason r;
    assert_int_equal(link_open(&b->link, &link, b->loop, &r), ERR_OK);
    link_set_transport(b->link, &transport);
    act_start(b->act);
}

static void close_all(struct fixture *f)
{
    link_free(f->bed.link);
    f->bed.link = NULL;
    bed_stop(&f->bed);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    bed_init(&f->bed);
    open_all(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    close_all(f);
    forget_sent(f);
    int rc = bed_fini(&f->bed);
    free(f);
    return rc;
}

static void settle(struct fixture *f)
{
    bed_settle(&f->bed);
}

static void connect_link(struct fixture *f)
{
    f->up = true;
    link_on_up(f->bed.link);
    settle(f);
}

static void disconnect_link(struct fixture *f)
{
    f->up = false;
    forget_sent(f);
}

/* ---------------------------------------------------------------- the hub */

static void begin_head(struct fixture *f, struct msg_head *h, enum msg_stream stream, const char *typ)
{
    *h = (struct msg_head){.stm = stream, .epo = 1, .iat_ms = clock_wall_ms()};
    (void)snprintf(h->iss, sizeof h->iss, "hub");
    (void)snprintf(h->aud, sizeof h->aud, "%s", f->bed.id.terms.id);
    (void)snprintf(h->typ, sizeof h->typ, "%s", typ);
    (void)snprintf(h->jti, sizeof h->jti, "%032x", ++f->hub_count);
    h->clk = (struct clock_now){.boot = 1, .boot_ms = 1000, .wall_ms = h->iat_ms, .quality = CLOCK_NTP};
}

static void deliver(struct fixture *f, enum msg_stream stream, const char *text, bool retained)
{
    char topic[64];
    msg_topic(topic, ID, MSG_DOWN, stream);
    link_on_message(f->bed.link, topic, text, strlen(text), retained);
    settle(f);
}

static char *make_ack(struct fixture *f, int64_t evt, const struct msg_signer *signer)
{
    struct msg_head h;
    struct reason r;
    char *text = NULL;
    begin_head(f, &h, MSG_ACK, "ack.v1");
    h.seq = ((int64_t)1 << 32) + f->hub_count;
    cJSON *dat = json_new_object();
    json_put_int(dat, "evt", evt);
    assert_int_equal(msg_seal(&h, MSG_DOWN, dat, signer, &text, NULL, &r), ERR_OK);
    cJSON_Delete(dat);
    return text;
}

static void send_ack(struct fixture *f, int64_t evt)
{
    char *text = make_ack(f, evt, &f->bed.hub);
    deliver(f, MSG_ACK, text, false);
    free(text);
}

/* The next command of the hub's stream, or another one with the same number when fork is set. */
static char *make_withdraw(struct fixture *f, bool fork)
{
    struct msg_head h;
    struct reason r;
    char *text = NULL;
    uint8_t hash[MSG_HASH_LEN];
    begin_head(f, &h, MSG_CMD, "order.withdraw.v1");
    h.seq = f->cmd_seq + 1;
    memcpy(h.prv, f->cmd_hash, sizeof h.prv);
    cJSON *dat = json_new_object();
    json_put_text(dat, "ord", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
    json_put_int(dat, "lod", 1);
    json_put_text(dat, "cause", "withdrawn");
    assert_int_equal(msg_seal(&h, MSG_DOWN, dat, &f->bed.hub, &text, hash, &r), ERR_OK);
    cJSON_Delete(dat);
    if (!fork) {
        f->cmd_seq++;
        memcpy(f->cmd_hash, hash, sizeof hash);
    }
    return text;
}

static struct link_status status_of(struct fixture *f)
{
    struct link_status s;
    link_status(f->bed.link, &s);
    return s;
}

/* ---------------------------------------------------------------- events */

static void nothing_is_published_while_the_transport_is_down(void **state)
{
    struct fixture *f = *state;
    settle(f);
    assert_int_equal(f->sent_count, 0);
    assert_true(store_outbox_rows(f->bed.store) > 0);
}

static void connecting_sends_cursor_heartbeat_and_the_outbox_from_one(void **state)
{
    struct fixture *f = *state;
    connect_link(f);
    int64_t first = 0, last = 0;
    unsigned events = open_sent(f, MSG_EVT, &first, &last);
    assert_int_equal(first, 1);
    assert_int_equal(last, store_outbox_last(f->bed.store));
    assert_int_equal(events, last);
    assert_int_equal(open_sent(f, MSG_ACK, NULL, NULL), 1);
    assert_int_equal(open_sent(f, MSG_TEL, NULL, NULL), 1);
}

/* Withdrawing unknown orders is the simplest way to events. */
static void make_events(struct fixture *f, unsigned count)
{
    while (count-- > 0) {
        char *text = make_withdraw(f, false);
        deliver(f, MSG_CMD, text, false);
        free(text);
    }
}

static void window_bounds_what_is_in_flight_and_acknowledgements_move_it(void **state)
{
    struct fixture *f = *state;
    make_events(f, 20);
    int64_t total = store_outbox_last(f->bed.store);
    assert_true(total >= 20);
    connect_link(f);
    int64_t last = 0;
    assert_int_equal(open_sent(f, MSG_EVT, NULL, &last), 8);
    assert_int_equal(last, 8);
    send_ack(f, 5);
    (void)open_sent(f, MSG_EVT, NULL, &last);
    assert_int_equal(last, 13);
    assert_int_equal(status_of(f).acked, 5);
    while (last < total) {
        send_ack(f, last);
        (void)open_sent(f, MSG_EVT, NULL, &last);
    }
    send_ack(f, total);
    assert_int_equal(store_outbox_rows(f->bed.store), 0);
}

static void reconnecting_resends_only_what_is_not_acknowledged(void **state)
{
    struct fixture *f = *state;
    make_events(f, 3);
    connect_link(f);
    int64_t total = store_outbox_last(f->bed.store);
    send_ack(f, total - 2);
    disconnect_link(f);
    connect_link(f);
    int64_t first = 0, last = 0;
    assert_int_equal(open_sent(f, MSG_EVT, &first, &last), 2);
    assert_int_equal(first, total - 1);
    assert_int_equal(last, total);
}

static void acknowledgement_with_a_wrong_signature_deletes_nothing(void **state)
{
    struct fixture *f = *state;
    connect_link(f);
    uint32_t rows = store_outbox_rows(f->bed.store);
    uint8_t public_key[32], secret[64];
    struct msg_signer other;
    (void)crypto_sign_keypair(public_key, secret);
    msg_signer_init(&other, secret);
    char *text = make_ack(f, 1, &other);
    deliver(f, MSG_ACK, text, false);
    free(text);
    assert_int_equal(store_outbox_rows(f->bed.store), rows);
    assert_int_equal(status_of(f).acked, 0);
    assert_int_equal(status_of(f).refused, 1);
}

static void retained_or_misdirected_messages_are_refused(void **state)
{
    struct fixture *f = *state;
    connect_link(f);
    uint32_t rows = store_outbox_rows(f->bed.store);
    char *text = make_ack(f, 1, &f->bed.hub);
    deliver(f, MSG_ACK, text, true);
    deliver(f, MSG_CMD, text, false);
    link_on_message(f->bed.link, "mdl/v1/ffeeddccbbaa9988/dn/ack", text, strlen(text), false);
    link_on_message(f->bed.link, "mdl/v1/" ID "/up/ack", text, strlen(text), false);
    link_on_message(f->bed.link, "anything", text, strlen(text), false);
    free(text);
    assert_int_equal(store_outbox_rows(f->bed.store), rows);
    assert_int_equal(status_of(f).acked, 0);
    assert_int_equal(status_of(f).refused, 5);
}

static void acknowledgement_of_more_than_was_written_is_harmless(void **state)
{
    struct fixture *f = *state;
    connect_link(f);
    uint32_t rows = store_outbox_rows(f->bed.store);
    send_ack(f, 1000);
    assert_int_equal(store_outbox_rows(f->bed.store), rows);
    assert_int_equal(status_of(f).acked, 0);
    assert_int_equal(f->bed.fatals, 0);
}

/* An old copy of the database was put back: what is written from now on is not what the hub acknowledged. */
static void acknowledgement_of_another_history_never_deletes_what_comes_later(void **state)
{
    struct fixture *f = *state;
    struct link_status status;
    connect_link(f);
    int64_t ahead = store_outbox_last(f->bed.store) + 3;
    send_ack(f, ahead);
    for (unsigned i = 0; i < 5; i++) {
        struct hw_event ev = {.kind = HW_EVENT_BOARD};
        ev.u.board.state = i % 2 == 0 ? HW_BOARD_OK : HW_BOARD_LOST;
        act_on_hw(f->bed.act, &ev);
    }
    uint32_t rows = store_outbox_rows(f->bed.store);
    assert_true(store_outbox_last(f->bed.store) >= ahead);
    send_ack(f, ahead);
    assert_int_equal(store_outbox_rows(f->bed.store), rows);
    assert_int_equal(status_of(f).acked, 0);
    link_status(f->bed.link, &status);
    assert_true(status.frozen);
    assert_int_equal(f->bed.fatals, 0);
}

static void old_acknowledgement_changes_nothing(void **state)
{
    struct fixture *f = *state;
    make_events(f, 3);
    connect_link(f);
    char *old = make_ack(f, 1, &f->bed.hub);
    send_ack(f, 3);
    unsigned before = f->sent_count;
    deliver(f, MSG_ACK, old, false);
    free(old);
    assert_int_equal(status_of(f).acked, 3);
    assert_int_equal(f->sent_count, before);
}

/* ---------------------------------------------------------------- commands */

static int64_t last_cmd_acked(struct fixture *f)
{
    char topic[64];
    int64_t cmd = -1;
    msg_topic(topic, ID, MSG_UP, MSG_ACK);
    for (unsigned i = 0; i < f->sent_count; i++) {
        struct msg m;
        if (strcmp(f->sent[i].topic, topic) == 0 && msg_open(&m, f->sent[i].text, strlen(f->sent[i].text), MSG_UP, ID,
                                                             MSG_ACK, &f->bed.locker_keys, 0, NULL) == ERR_OK) {
            assert_int_equal(json_get_int(m.dat, "cmd", 0, 1000, &cmd, NULL), ERR_OK);
            msg_fini(&m);
        }
    }
    return cmd;
}

static void command_is_applied_once_and_acknowledged_each_time(void **state)
{
    struct fixture *f = *state;
    connect_link(f);
    int64_t before = store_outbox_last(f->bed.store);
    char *text = make_withdraw(f, false);
    deliver(f, MSG_CMD, text, false);
    int64_t after = store_outbox_last(f->bed.store);
    assert_true(after > before);
    assert_int_equal(last_cmd_acked(f), 1);
    forget_sent(f);
    deliver(f, MSG_CMD, text, false);
    free(text);
    assert_int_equal(store_outbox_last(f->bed.store), after);
    assert_int_equal(last_cmd_acked(f), 1);
}

static void command_beyond_a_gap_waits_for_the_missing_one(void **state)
{
    struct fixture *f = *state;
    connect_link(f);
    char *first = make_withdraw(f, false);
    char *second = make_withdraw(f, false);
    deliver(f, MSG_CMD, second, false);
    assert_int_equal(last_cmd_acked(f), 0);
    deliver(f, MSG_CMD, first, false);
    deliver(f, MSG_CMD, second, false);
    assert_int_equal(last_cmd_acked(f), 2);
    free(first);
    free(second);
}

static void cursor_survives_a_restart(void **state)
{
    struct fixture *f = *state;
    char *text = make_withdraw(f, false);
    deliver(f, MSG_CMD, text, false);
    close_all(f);
    open_all(f);
    connect_link(f);
    int64_t last = store_outbox_last(f->bed.store);
    deliver(f, MSG_CMD, text, false);
    free(text);
    assert_int_equal(store_outbox_last(f->bed.store), last);
    assert_int_equal(last_cmd_acked(f), 1);
}

static void second_history_freezes_the_commands(void **state)
{
    struct fixture *f = *state;
    connect_link(f);
    char *other = make_withdraw(f, true);
    make_events(f, 1);
    deliver(f, MSG_CMD, other, false);
    free(other);
    assert_true(status_of(f).frozen);
    int64_t last = store_outbox_last(f->bed.store);
    make_events(f, 1);
    assert_int_equal(store_outbox_last(f->bed.store), last);
    assert_int_equal(status_of(f).commands, 1);
}

static void unreadable_command_is_passed_over(void **state)
{
    struct fixture *f = *state;
    struct msg_head h;
    struct reason r;
    char *text = NULL;
    connect_link(f);
    begin_head(f, &h, MSG_CMD, "badge.revoke.v1");
    h.seq = 1;
    cJSON *dat = json_new_object();
    json_put_text(dat, "badge", "not hex");
    assert_int_equal(msg_seal(&h, MSG_DOWN, dat, &f->bed.hub, &text, f->cmd_hash, &r), ERR_OK);
    cJSON_Delete(dat);
    f->cmd_seq = 1;
    deliver(f, MSG_CMD, text, false);
    free(text);
    assert_int_equal(status_of(f).commands, 1);
    make_events(f, 1);
    assert_int_equal(status_of(f).commands, 2);
}

/* The next command of the hub's stream; json: its body. */
static void send_command(struct fixture *f, const char *typ, const char *json)
{
    const struct json_limits limits = {.max_len = JSON_MAX_MESSAGE, .max_depth = JSON_DEPTH_MESSAGE};
    struct msg_head h;
    struct reason r;
    char *text = NULL;
    cJSON *dat;
    begin_head(f, &h, MSG_CMD, typ);
    h.seq = f->cmd_seq + 1;
    memcpy(h.prv, f->cmd_hash, sizeof h.prv);
    assert_int_equal(json_parse(&dat, json, strlen(json), &limits, &r), ERR_OK);
    assert_int_equal(msg_seal(&h, MSG_DOWN, dat, &f->bed.hub, &text, f->cmd_hash, &r), ERR_OK);
    cJSON_Delete(dat);
    f->cmd_seq++;
    deliver(f, MSG_CMD, text, false);
    free(text);
}

#define ORD "\"ord\":\"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf\""
#define CARER "\"carer\":\"c1c2c3c4c5c6c7c8\""
#define PERSON "\"person\":\"d1d2d3d4d5d6d7d8\""
#define UNTIL "\"not_after_s\":1099511627775"
#define V1 "\"v1\":\"1111111111111111111111111111111111111111111111111111111111111111\""
#define V2 "\"v2\":\"2222222222222222222222222222222222222222222222222222222222222222\""
#define EPOCH "\"key_epoch\":1"
#define TOKEN "\"token\":\"00112233445566778899aabbccddeeff\""

static void carers_are_granted_and_revoked_by_commands(void **state)
{
    struct fixture *f = *state;
    const struct carer *c = f->bed.locker->carers.slot;
    connect_link(f);
    f->bed.locker->cabinet.key.epoch = 1;
    send_command(f, "carer.grant.v1", "{" CARER "," ORD ",\"lod\":2," UNTIL "," EPOCH "," V1 "," V2 "}");
    assert_true(c->used);
    assert_int_equal(c->state, CARER_GRANTED);
    assert_int_equal(c->right.id[7], 0xc8);
    assert_int_equal(c->right.order[15], 0xaf);
    assert_int_equal(c->right.load, 2);
    assert_int_equal(c->right.not_after_s, INT64_C(1099511627775));
    assert_true(c->has_v1);
    assert_int_equal(c->v1[31], 0x11);
    assert_int_equal(c->v2[31], 0x22);
    send_command(f, "carer.grant.v1", "{\"carer\":\"0000000000000001\"," PERSON "," UNTIL "," EPOCH "," V2 "}");
    assert_true(c[1].used);
    assert_false(c[1].has_v1);
    assert_int_equal(c[1].right.person[7], 0xd8);
    assert_int_equal(c[1].right.load, 0);
    send_command(f, "carer.revoke.v1", "{" CARER "," UNTIL "}");
    assert_int_equal(c->state, CARER_REVOKED);
    send_command(f, "carer.revoke.v1", "{\"carer\":\"0000000000000001\"}");
    assert_int_equal(c[1].state, CARER_REVOKED);
    assert_int_equal(c[1].right.not_after_s, 0);
    send_command(f, "order.recode.v1", "{" ORD ",\"lod\":2," EPOCH "," V1 "," V2 "," TOKEN "}");
    assert_int_equal(status_of(f).commands, 5);
    assert_int_equal(status_of(f).refused, 0);
}

static void bodies_out_of_the_contract_are_passed_over(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[][2] = {
        {"carer.grant.v1", "{}"},
        {"carer.grant.v1", "{" CARER "," UNTIL "," EPOCH "," V2 "}"},
        {"carer.grant.v1", "{" CARER "," ORD "," UNTIL "," EPOCH "," V2 "}"},
        {"carer.grant.v1", "{" CARER "," ORD ",\"lod\":0," UNTIL "," EPOCH "," V2 "}"},
        {"carer.grant.v1", "{" CARER "," ORD ",\"lod\":1," PERSON "," UNTIL "," EPOCH "," V2 "}"},
        {"carer.grant.v1", "{" CARER ",\"lod\":1," PERSON "," UNTIL "," EPOCH "," V2 "}"},
        {"carer.grant.v1", "{" CARER ",\"person\":\"0000000000000000\"," UNTIL "," EPOCH "," V2 "}"},
        {"carer.grant.v1", "{" CARER ",\"person\":\"00\"," UNTIL "," EPOCH "," V2 "}"},
        {"carer.grant.v1", "{" CARER "," PERSON "," EPOCH "," V2 "}"},
        {"carer.grant.v1", "{" CARER "," PERSON ",\"not_after_s\":0," EPOCH "," V2 "}"},
        {"carer.grant.v1", "{" CARER "," PERSON ",\"not_after_s\":1099511627776," EPOCH "," V2 "}"},
        {"carer.grant.v1", "{" CARER "," PERSON "," UNTIL "," V2 "}"},
        {"carer.grant.v1", "{" CARER "," PERSON "," UNTIL "," EPOCH "," V1 "}"},
        {"carer.grant.v1", "{" CARER "," PERSON "," UNTIL "," EPOCH ",\"v1\":null," V2 "}"},
        {"carer.grant.v1", "{" CARER "," PERSON "," UNTIL "," EPOCH "," V2 ",\"name\":\"x\"}"},
        {"carer.revoke.v1", "{}"},
        {"carer.revoke.v1", "{" CARER ",\"not_after_s\":0}"},
        {"carer.revoke.v1", "{" CARER ",\"why\":\"x\"}"},
        {"order.recode.v1", "{}"},
        {"order.recode.v1", "{" ORD "," EPOCH "," V2 "}"},
        {"order.recode.v1", "{" ORD ",\"lod\":1," V2 "}"},
        {"order.recode.v1", "{" ORD ",\"lod\":1," EPOCH "," V1 "}"},
        {"order.recode.v1", "{" ORD ",\"lod\":1," EPOCH "," V2 ",\"token\":\"00\"}"},
        {"order.recode.v1", "{" ORD ",\"lod\":1," EPOCH "," V2 ",\"door\":\"A1\"}"},
    };
    connect_link(f);
    int64_t before = store_outbox_last(f->bed.store);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        send_command(f, bad[i][0], bad[i][1]);
        if (status_of(f).commands != i + 1 || status_of(f).refused != i + 1)
            fail_msg("accepted: %s %s", bad[i][0], bad[i][1]);
    }
    assert_int_equal(store_outbox_last(f->bed.store), before);
    assert_false(f->bed.locker->carers.slot[0].used);
}

/* ---------------------------------------------------------------- calls */

struct call {
    const char *typ, *json;
    int64_t exp_ms;  /* after now; 0: no expiry */
    int64_t long_ms; /* iat so long before now */
    uint32_t epo;
    const struct msg_signer *signer;
    bool retained, again; /* again: with the sequence of the first one heard */
};

#define OFFER "\"lod\":1,\"door\":\"A1\"," ORD
static const struct call good_ask = {.typ = "open.ask.v1", .json = "{" OFFER "}", .exp_ms = 30000, .epo = 1};

/* How many answers it got. */
static unsigned call(struct fixture *f, struct call c)
{
    const struct json_limits limits = {.max_len = JSON_MAX_MESSAGE, .max_depth = JSON_DEPTH_MESSAGE};
    struct msg_head h;
    struct reason r;
    char *text = NULL;
    cJSON *dat;
    begin_head(f, &h, MSG_RPC, c.typ);
    h.epo = c.epo;
    h.seq = ((int64_t)1 << 32) + (c.again ? 2 : f->hub_count);
    h.exp_ms = c.exp_ms == 0 ? 0 : h.iat_ms + c.exp_ms;
    h.iat_ms -= c.long_ms;
    assert_int_equal(json_parse(&dat, c.json, strlen(c.json), &limits, &r), ERR_OK);
    assert_int_equal(msg_seal(&h, MSG_DOWN, dat, c.signer != NULL ? c.signer : &f->bed.hub, &text, NULL, &r), ERR_OK);
    cJSON_Delete(dat);
    forget_sent(f);
    deliver(f, MSG_RPC, text, c.retained);
    free(text);
    return open_sent(f, MSG_RPC, NULL, NULL);
}

static void call_of_the_hub_is_answered_at_once_and_writes_nothing(void **state)
{
    struct fixture *f = *state;
    connect_link(f);
    int64_t before = store_outbox_last(f->bed.store);
    assert_int_equal(call(f, good_ask), 1); /* refused: no such order lies here */
    assert_int_equal(f->bed.words, 1);
    struct call answer = good_ask;
    answer.typ = "open.answer.v1";
    answer.json = "{" OFFER ",\"nonce\":\"00112233445566778899aabbccddeeff\",\"staff\":\"0102030405060708\"}";
    assert_int_equal(call(f, answer), 1); /* refused: nobody asked for it */
    assert_int_equal(store_outbox_last(f->bed.store), before);
    assert_int_equal(status_of(f).refused, 0);
    assert_int_equal(status_of(f).commands, 0);
}

static void call_that_is_not_fresh_is_dropped(void **state)
{
    struct fixture *f = *state;
    uint8_t public_key[32], secret[64];
    struct msg_signer stranger;
    connect_link(f);
    send_ack(f, 0); /* the time of the hub is known */
    (void)crypto_sign_keypair(public_key, secret);
    msg_signer_init(&stranger, secret);
    assert_int_equal(call(f, good_ask), 1);
    struct call c[9];
    for (unsigned i = 0; i < 9; i++)
        c[i] = good_ask;
    c[0].retained = true;
    c[1].signer = &stranger;
    c[2].epo = 2;
    c[3].exp_ms = 0;
    c[4].exp_ms = LINK_CALL_MS + 1;
    c[5].exp_ms = -60000, c[5].long_ms = 90000;
    c[6].again = true;
    c[7].json = "{" OFFER ",\"why\":1}";
    c[8].json = "{\"lod\":1,\"door\":\"TOOLONGNAME\"," ORD "}";
    for (unsigned i = 0; i < 9; i++) {
        uint64_t refused = status_of(f).refused;
        if (call(f, c[i]) != 0 || status_of(f).refused != refused + 1)
            fail_msg("call %u was heard", i);
    }
    assert_int_equal(call(f, good_ask), 1);
    assert_int_equal(f->bed.words, 2);
}

/* The clock of a locker may be ahead of the hub's; what counts is what the hub itself said. */
static void clock_that_is_ahead_hears_calls(void **state)
{
    struct fixture *f = *state;
    connect_link(f);
    send_ack(f, 0);
    f->bed.locker->floor.floor_ms += 5 * LINK_CALL_MS;
    assert_int_equal(call(f, good_ask), 1);
}

static void call_to_another_locker_is_refused(void **state)
{
    struct fixture *f = *state;
    struct msg_head h;
    struct reason r;
    char *text = NULL;
    connect_link(f);
    begin_head(f, &h, MSG_RPC, "open.ask.v1");
    (void)snprintf(h.aud, sizeof h.aud, "%s", "fedcba9876543210");
    h.seq = 1;
    h.exp_ms = h.iat_ms + 30000;
    cJSON *dat = json_new_object();
    json_put_text(dat, "ord", "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
    json_put_int(dat, "lod", 1);
    json_put_text(dat, "door", "A1");
    assert_int_equal(msg_seal(&h, MSG_DOWN, dat, &f->bed.hub, &text, NULL, &r), ERR_OK);
    cJSON_Delete(dat);
    deliver(f, MSG_RPC, text, false);
    link_on_message(f->bed.link, "mdl/v1/fedcba9876543210/dn/rpc", text, strlen(text), false);
    free(text);
    assert_int_equal(f->bed.words, 0);
    assert_int_equal(status_of(f).refused, 2);
}

static void answer_with_a_wrong_member_is_dropped(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "{" OFFER "}",
        "{" OFFER ",\"nonce\":\"00\",\"staff\":\"0102030405060708\"}",
        "{" OFFER ",\"nonce\":\"00112233445566778899aabbccddeeff\"}",
        "{" ORD ",\"nonce\":\"00112233445566778899aabbccddeeff\",\"staff\":\"0102030405060708\"}",
        "{" OFFER ",\"nonce\":\"00112233445566778899aabbccddeeff\",\"staff\":\"0102030405060708\",\"x\":1}",
    };
    connect_link(f);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct call c = good_ask;
        c.typ = "open.answer.v1";
        c.json = bad[i];
        if (call(f, c) != 0)
            fail_msg("accepted: %s", bad[i]);
    }
}

static void frozen_link_hears_no_calls(void **state)
{
    struct fixture *f = *state;
    connect_link(f);
    char *other = make_withdraw(f, true);
    make_events(f, 1);
    deliver(f, MSG_CMD, other, false);
    free(other);
    assert_true(status_of(f).frozen);
    assert_int_equal(call(f, good_ask), 0);
}

/* What the kiosk says while there is no line is lost, not kept. */
static void words_without_a_line_are_lost(void **state)
{
    struct fixture *f = *state;
    const struct remote_word w = {.is_challenge = true, .offer = {.load = 1, .door = 0}};
    link_say(f->bed.link, &w);
    connect_link(f);
    assert_int_equal(open_sent(f, MSG_RPC, NULL, NULL), 0);
    link_say(f->bed.link, &w);
    assert_int_equal(open_sent(f, MSG_RPC, NULL, NULL), 1);
}

static void accepted_message_is_word_from_the_hub(void **state)
{
    struct fixture *f = *state;
    connect_link(f);
    assert_int_equal(status_of(f).heard_ago_ms, -1);
    send_ack(f, 0);
    assert_true(status_of(f).heard_ago_ms >= 0);
    assert_true(f->bed.locker->floor.contact_ms > 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        T(nothing_is_published_while_the_transport_is_down),
        T(connecting_sends_cursor_heartbeat_and_the_outbox_from_one),
        T(window_bounds_what_is_in_flight_and_acknowledgements_move_it),
        T(reconnecting_resends_only_what_is_not_acknowledged),
        T(acknowledgement_with_a_wrong_signature_deletes_nothing),
        T(retained_or_misdirected_messages_are_refused),
        T(acknowledgement_of_more_than_was_written_is_harmless),
        T(acknowledgement_of_another_history_never_deletes_what_comes_later),
        T(old_acknowledgement_changes_nothing),
        T(command_is_applied_once_and_acknowledged_each_time),
        T(command_beyond_a_gap_waits_for_the_missing_one),
        T(cursor_survives_a_restart),
        T(second_history_freezes_the_commands),
        T(unreadable_command_is_passed_over),
        T(carers_are_granted_and_revoked_by_commands),
        T(bodies_out_of_the_contract_are_passed_over),
        T(call_of_the_hub_is_answered_at_once_and_writes_nothing),
        T(call_that_is_not_fresh_is_dropped),
        T(clock_that_is_ahead_hears_calls),
        T(call_to_another_locker_is_refused),
        T(answer_with_a_wrong_member_is_dropped),
        T(frozen_link_hears_no_calls),
        T(words_without_a_line_are_lost),
        T(accepted_message_is_word_from_the_hub),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
