/* SPDX-License-Identifier: Apache-2.0 */
/* The hub's side of the talk with a locker, without a broker: this file is the wire and the locker. */
#include "backend/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/outbox.h"
#include "common/json.h"
#include "common/num.h"
#include "tests/unit/backend_bed.h"

#define SENT_MAX 200

/* One text that the hub gave to the wire. */
struct sent {
    char topic[64];
    struct msg msg;
};

struct fixture {
    struct bed bed;
    struct link *link;
    uint8_t id[STORE_LOCKER_LEN];
    char hex[2 * STORE_LOCKER_LEN + 1];
    struct msg_signer locker, stranger;
    struct stream_cursor evt; /* of the locker */
    int64_t commands_applied;
    int64_t tel;
    struct sent sent[SENT_MAX];
    unsigned count;
    struct msg_keys hub_keys;
    bool cut; /* the wire takes nothing */
};

static enum err publish(void *arg, const char *topic, const char *text, size_t len)
{
    struct fixture *f = arg;
    struct sent *s = &f->sent[f->count];
    enum msg_direction dir;
    enum msg_stream stream;
    char device[MSG_ID_CAP];
    struct reason r;

    if (f->cut)
        return ERR_STATE;
    assert_true(f->count < SENT_MAX);
    assert_int_equal(msg_topic_parse(topic, device, &dir, &stream), ERR_OK);
    assert_int_equal(dir, MSG_DOWN);
    (void)snprintf(s->topic, sizeof(s->topic), "%s", topic);
    if (msg_open(&s->msg, text, len, MSG_DOWN, device, stream, &f->hub_keys, clock_wall_ms(), &r) != ERR_OK)
        fail_msg("the hub sent what a locker refuses: %s", r.text);
    f->count++;
    return ERR_OK;
}

static void forget(struct fixture *f)
{
    for (unsigned i = 0; i < f->count; i++)
        msg_fini(&f->sent[i].msg);
    f->count = 0;
}

/* How many of this type; last (may be NULL) gets the value of an integer member of the last one. */
static unsigned count_sent(const struct fixture *f, const char *typ, const char *member, int64_t *last)
{
    unsigned n = 0;

    for (unsigned i = 0; i < f->count; i++) {
        if (strcmp(f->sent[i].msg.head.typ, typ) != 0)
            continue;
        n++;
        if (member != NULL)
            assert_int_equal(json_get_int(f->sent[i].msg.dat, member, 0, INT64_MAX, last, NULL), ERR_OK);
    }
    return n;
}

/* ---------------------------------------------------------------- a locker */

static struct msg_head head(struct fixture *f, enum msg_stream stream, const char *typ)
{
    struct msg_head h = {.aud = "hub", .stm = stream, .epo = 1, .jti = "00112233445566778899aabbccddeeff"};

    memcpy(h.iss, f->hex, sizeof(f->hex));
    (void)snprintf(h.typ, sizeof(h.typ), "%s", typ);
    h.iat_ms = clock_wall_ms();
    h.clk = (struct clock_now){.boot = 1, .boot_ms = 1000, .wall_ms = h.iat_ms, .quality = CLOCK_NTP};
    h.ack = f->commands_applied;
    return h;
}

static char *seal(const struct msg_head *h, cJSON *dat, const struct msg_signer *signer, uint8_t hash[MSG_HASH_LEN])
{
    struct reason r;
    char *text;

    if (msg_seal(h, MSG_UP, dat, signer, &text, hash, &r) != ERR_OK)
        fail_msg("%s", r.text);
    cJSON_Delete(dat);
    return text;
}

static void deliver(struct fixture *f, enum msg_stream stream, const char *text, bool retained)
{
    char topic[64];

    msg_topic(topic, f->hex, MSG_UP, stream);
    link_on_message(f->link, topic, text, strlen(text), retained);
}

static cJSON *closed_door(void)
{
    cJSON *dat = json_new_object();

    json_put_text(dat, "door", "A1");
    return dat;
}

/* The text of the next event; the cursor moves. */
static char *next_event(struct fixture *f)
{
    struct msg_head h = head(f, MSG_EVT, "door.closed.v1");
    char *text;

    h.seq = f->evt.seq + 1;
    memcpy(h.prv, f->evt.hash, sizeof(h.prv));
    text = seal(&h, closed_door(), &f->locker, f->evt.hash);
    f->evt.seq = h.seq;
    return text;
}

static void say_event(struct fixture *f)
{
    char *text = next_event(f);

    deliver(f, MSG_EVT, text, false);
    free(text);
}

static void say_heartbeat(struct fixture *f)
{
    struct msg_head h = head(f, MSG_TEL, "locker.heartbeat.v1");
    cJSON *dat = json_new_object();
    char *text;

    h.seq = (INT64_C(1) << 32) + ++f->tel;
    json_put_text(dat, "version", "0.1.0");
    json_put_int(dat, "uptime_s", 1);
    json_put_int(dat, "outbox", 0);
    json_put_int(dat, "wrong_1h", 0);
    json_put_int(dat, "wrong_24h", 0);
    json_put_int(dat, "wrong_7d", 0);
    json_put_text(dat, "mode", "normal");
    json_put_int(dat, "refused", 0);
    (void)json_put_array(dat, "doors");
    (void)json_put_array(dat, "boards");
    (void)json_put_array(dat, "climate");
    text = seal(&h, dat, &f->locker, NULL);
    deliver(f, MSG_TEL, text, false);
    free(text);
}

static void say_ack(struct fixture *f, int64_t cmd)
{
    struct msg_head h = head(f, MSG_ACK, "ack.v1");
    cJSON *dat = json_new_object();
    char *text;

    h.seq = (INT64_C(1) << 32) + ++f->tel;
    h.ack = cmd;
    json_put_int(dat, "cmd", cmd);
    text = seal(&h, dat, &f->locker, NULL);
    deliver(f, MSG_ACK, text, false);
    free(text);
}

static void command(struct fixture *f)
{
    static const uint8_t staff[ORDER_STAFF_LEN] = {1};
    struct store *s = f->bed.hub.store;

    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(outbox_reset_guesses(&f->bed.hub, f->id, staff, NULL), ERR_OK);
    assert_int_equal(hub_end(&f->bed.hub, ERR_OK, NULL), ERR_OK);
    link_kick(f->link);
}

static struct store_locker row(struct fixture *f)
{
    struct store_locker l;

    assert_int_equal(f->bed.hub.store->ops->locker_get(f->bed.hub.store, f->id, &l, NULL), ERR_OK);
    return l;
}

static struct link_stats stats(const struct fixture *f)
{
    struct link_stats s;

    link_get_stats(f->link, &s);
    return s;
}

static int set_up(void **state)
{
    static struct fixture f;
    struct link_wire wire = {.publish = publish, .arg = &f};
    uint8_t public_key[32], secret[64], seed[32] = {42};
    struct reason r = {.text = ""};

    memset(&f, 0, sizeof(f));
    bed_open(&f.bed);
    for (unsigned i = 0; i < sizeof(f.id); i++)
        f.id[i] = (uint8_t)(0xa0 + i);
    num_to_hex(f.id, sizeof(f.id), f.hex);
    (void)crypto_sign_seed_keypair(public_key, secret, seed);
    msg_signer_init(&f.locker, secret);
    bed_add_locker(&f.bed, "Noord", f.id, public_key);
    seed[0] = 43;
    (void)crypto_sign_seed_keypair(public_key, secret, seed);
    msg_signer_init(&f.stranger, secret);
    f.hub_keys.count = 1;
    msg_key_init(&f.hub_keys.key[0], f.bed.hub.keys.command_public);
    if (link_open(&f.link, &f.bed.hub, &wire, &r) != ERR_OK)
        fail_msg("%s", r.text);
    link_on_up(f.link);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    forget(f);
    link_free(f->link);
    bed_close(&f->bed);
    return 0;
}

/* ---------------------------------------------------------------- events */

static void events_are_acknowledged_once_for_a_batch_and_after_it(void **state)
{
    struct fixture *f = *state;
    int64_t ack = 0;

    for (unsigned i = 0; i < 5; i++)
        say_event(f);
    assert_int_equal(f->count, 0);
    assert_int_equal(row(f).evt.seq, 0);
    link_flush(f->link);
    assert_int_equal(row(f).evt.seq, 5);
    assert_int_equal(count_sent(f, "ack.v1", "evt", &ack), 1);
    assert_int_equal(ack, 5);
}

static void full_batch_is_committed_without_waiting(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < LINK_BATCH_MAX; i++)
        say_event(f);
    assert_int_equal(row(f).evt.seq, LINK_BATCH_MAX);
    assert_int_equal(count_sent(f, "ack.v1", NULL, NULL), 1);
}

static void batch_is_committed_by_the_clock(void **state)
{
    struct fixture *f = *state;

    say_event(f);
    for (unsigned i = 0; i < 100 && f->count == 0; i++)
        assert_true(sd_event_run(f->bed.hub.loop, 10000) >= 0);
    assert_int_equal(row(f).evt.seq, 1);
    assert_int_equal(f->count, 1);
}

static void duplicate_is_acknowledged_again_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    char *text = next_event(f);
    int64_t ack = 0;

    for (unsigned i = 0; i < 3; i++) {
        deliver(f, MSG_EVT, text, false);
        link_flush(f->link);
    }
    assert_int_equal(row(f).evt.seq, 1);
    assert_int_equal(count_sent(f, "ack.v1", "evt", &ack), 3);
    assert_int_equal(ack, 1);
    free(text);
}

static void gap_is_answered_with_the_old_cursor(void **state)
{
    struct fixture *f = *state;
    int64_t ack = -1;
    char *lost;

    say_event(f);
    lost = next_event(f);
    say_event(f);
    link_flush(f->link);
    assert_int_equal(count_sent(f, "ack.v1", "evt", &ack), 1);
    assert_int_equal(ack, 1);
    deliver(f, MSG_EVT, lost, false);
    link_flush(f->link);
    assert_int_equal(row(f).evt.seq, 2);
    free(lost);
}

static void second_history_freezes_the_locker(void **state)
{
    struct fixture *f = *state;
    struct stream_cursor before;
    struct store_locker l;

    say_event(f);
    link_flush(f->link);
    before = (struct stream_cursor){.epoch = 1, .seq = 0};
    forget(f);
    f->evt = before;
    {
        struct msg_head h = head(f, MSG_EVT, "door.closed.v1");
        cJSON *dat = json_new_object();
        char *text;

        h.seq = 1;
        json_put_text(dat, "door", "A2");
        text = seal(&h, dat, &f->locker, f->evt.hash);
        deliver(f, MSG_EVT, text, false);
        free(text);
    }
    link_flush(f->link);
    l = row(f);
    assert_int_equal(l.state, STORE_LOCKER_FROZEN);
    assert_int_equal(f->count, 0);
    say_heartbeat(f);
    link_flush(f->link);
    assert_int_equal(f->count, 0);
    assert_non_null(strstr(stats(f).last_refusal, "frozen"));
}

/* ---------------------------------------------------------------- what is refused */

static void retained_message_is_refused_and_counted(void **state)
{
    struct fixture *f = *state;
    char *text = next_event(f);

    deliver(f, MSG_EVT, text, true);
    link_flush(f->link);
    assert_int_equal(row(f).evt.seq, 0);
    assert_int_equal(stats(f).retained, 1);
    assert_int_equal(f->count, 0);
    free(text);
}

static void message_of_another_key_is_refused(void **state)
{
    struct fixture *f = *state;
    struct msg_head h = head(f, MSG_EVT, "door.closed.v1");
    char *text;

    h.seq = 1;
    text = seal(&h, closed_door(), &f->stranger, NULL);
    deliver(f, MSG_EVT, text, false);
    link_flush(f->link);
    assert_int_equal(row(f).evt.seq, 0);
    assert_int_equal(stats(f).refused, 1);
    free(text);
}

static void odd_topics_and_texts_are_refused(void **state)
{
    static const char *const topics[] = {"",
                                         "mdl/v1/a0a1a2a3a4a5a6a7/dn/evt",
                                         "mdl/v1/A0A1A2A3A4A5A6A7/up/evt",
                                         "mdl/v1/0000000000000000/up/evt",
                                         "mdl/v1/a0a1a2a3a4a5a6a7/up/evt/x",
                                         "$SYS/x"};
    struct fixture *f = *state;
    char *text = next_event(f);
    uint64_t before = stats(f).refused;

    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
        link_on_message(f->link, topics[i], text, strlen(text), false);
    for (size_t len = 0; len < strlen(text); len += 7)
        link_on_message(f->link, "mdl/v1/a0a1a2a3a4a5a6a7/up/evt", text, len, false);
    deliver(f, MSG_TEL, text, false);
    link_flush(f->link);
    assert_int_equal(row(f).evt.seq, 0);
    assert_int_equal(stats(f).refused - before, sizeof(topics) / sizeof(topics[0]) + (strlen(text) + 6) / 7 + 1);
    free(text);
}

static void revoked_locker_is_heard_no_more(void **state)
{
    struct fixture *f = *state;
    struct store *s = f->bed.hub.store;
    struct store_locker l = row(f);

    l.state = STORE_LOCKER_REVOKED;
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->locker_update(s, &l, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
    link_reload(f->link);
    say_event(f);
    link_flush(f->link);
    assert_int_equal(row(f).evt.seq, 0);
    assert_int_equal(f->count, 0);
}

/* ---------------------------------------------------------------- heartbeats and commands */

static void heartbeat_is_answered(void **state)
{
    struct fixture *f = *state;
    int64_t ack = -1;

    say_heartbeat(f);
    link_flush(f->link);
    assert_int_equal(count_sent(f, "ack.v1", "evt", &ack), 1);
    assert_int_equal(ack, 0);
    assert_true(row(f).seen_ms > 0);
}

static void command_waits_until_the_locker_is_heard(void **state)
{
    struct fixture *f = *state;

    command(f);
    assert_int_equal(f->count, 0);
    say_heartbeat(f);
    link_flush(f->link);
    assert_int_equal(count_sent(f, "guess.reset.v1", NULL, NULL), 1);
    assert_int_equal(row(f).cmd_acked, 0);
}

static void command_goes_again_until_it_is_confirmed(void **state)
{
    struct fixture *f = *state;
    int64_t before, after; /* the command went between them */

    say_heartbeat(f);
    link_flush(f->link);
    before = clock_boot_ms();
    command(f);
    after = clock_boot_ms();
    assert_int_equal(count_sent(f, "guess.reset.v1", NULL, NULL), 1);
    link_tick(f->link, before + LINK_RESEND_MS / 2);
    assert_int_equal(count_sent(f, "guess.reset.v1", NULL, NULL), 1);
    link_tick(f->link, after + LINK_RESEND_MS + 1000);
    assert_int_equal(count_sent(f, "guess.reset.v1", NULL, NULL), 2);
    say_ack(f, 1);
    link_flush(f->link);
    assert_int_equal(row(f).cmd_acked, 1);
    link_tick(f->link, clock_boot_ms() + 3 * LINK_RESEND_MS);
    assert_int_equal(count_sent(f, "guess.reset.v1", NULL, NULL), 2);
}

static void any_message_confirms_commands(void **state)
{
    struct fixture *f = *state;

    say_heartbeat(f);
    link_flush(f->link);
    command(f);
    f->commands_applied = 1;
    say_event(f);
    link_flush(f->link);
    assert_int_equal(row(f).cmd_acked, 1);
}

static void confirmation_of_a_command_never_sent_is_refused(void **state)
{
    struct fixture *f = *state;

    say_heartbeat(f);
    link_flush(f->link);
    say_ack(f, 7);
    link_flush(f->link);
    assert_int_equal(row(f).cmd_acked, 0);
    assert_true(stats(f).refused > 0);
    assert_false(f->bed.hub.broken);
}

static void no_more_commands_are_on_their_way_than_the_window(void **state)
{
    struct fixture *f = *state;

    say_heartbeat(f);
    link_flush(f->link);
    for (unsigned i = 0; i < LINK_WINDOW + 10; i++)
        command(f);
    assert_int_equal(count_sent(f, "guess.reset.v1", NULL, NULL), LINK_WINDOW);
    say_ack(f, LINK_WINDOW);
    link_flush(f->link);
    assert_int_equal(count_sent(f, "guess.reset.v1", NULL, NULL), LINK_WINDOW + 10);
}

static void command_that_met_no_connection_goes_when_there_is_one(void **state)
{
    struct fixture *f = *state;

    say_heartbeat(f);
    link_flush(f->link);
    f->cut = true;
    link_on_down(f->link);
    command(f);
    f->cut = false;
    assert_int_equal(count_sent(f, "guess.reset.v1", NULL, NULL), 0);
    link_on_up(f->link);
    assert_int_equal(count_sent(f, "guess.reset.v1", NULL, NULL), 1);
}

static void locker_that_was_silent_for_long_gets_nothing(void **state)
{
    struct fixture *f = *state;

    say_heartbeat(f);
    link_flush(f->link);
    command(f);
    link_tick(f->link, clock_boot_ms() + LINK_HEARD_MS + 1000);
    assert_int_equal(count_sent(f, "guess.reset.v1", NULL, NULL), 1);
}

/* ---------------------------------------------------------------- opening at a distance */

/* A bag that lies in door A1. */
static struct order ready(struct fixture *f)
{
    struct store *s = f->bed.hub.store;
    struct request q;
    struct order o;
    uint8_t id[ORDER_ID_LEN] = {7};

    request_init(&q, REQUEST_JSON);
    order_init(&o, id, &q, 1);
    o.state = ORDER_READY;
    o.load = 1;
    memcpy(o.locker, f->id, sizeof(o.locker));
    memcpy(o.door, "A1", 3);
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->order_insert(s, &o, NULL, NULL), ERR_OK);
    assert_int_equal(s->ops->order_update(s, &o, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
    return o;
}

static enum err ask_for(struct fixture *f, const struct order *o)
{
    struct act_who who;
    bool capped;

    act_who_named("anna", &who);
    return opening_ask(link_opening(f->link), &who, o->id, "hands full", &capped, NULL);
}

/* A challenge as of that moment of the locker's clock. */
static char *challenge(struct fixture *f, const struct order *o, int64_t count, int64_t boot_ms)
{
    struct msg_head h = head(f, MSG_RPC, "open.challenge.v1");
    cJSON *dat = json_new_object();

    h.seq = (INT64_C(1) << 32) + count;
    h.clk.boot_ms = boot_ms;
    json_put_hex(dat, "ord", o->id, sizeof(o->id));
    json_put_int(dat, "lod", 1);
    json_put_text(dat, "door", "A1");
    json_put_text(dat, "nonce", "00112233445566778899aabbccddeeff");
    return seal(&h, dat, &f->locker, NULL);
}

static void an_offer_goes_to_a_locker_that_was_heard_only(void **state)
{
    struct fixture *f = *state;
    struct order o = ready(f);

    assert_int_equal(ask_for(f, &o), ERR_STATE);
    say_heartbeat(f);
    link_flush(f->link);
    f->cut = true;
    assert_int_equal(ask_for(f, &o), ERR_STATE);
    f->cut = false;
    assert_int_equal(ask_for(f, &o), ERR_OK);
    assert_int_equal(count_sent(f, "open.ask.v1", NULL, NULL), 1);
    link_on_down(f->link);
    link_on_up(f->link); /* what is never stored is never sent again */
    link_tick(f->link, clock_boot_ms() + LINK_RESEND_MS);
    assert_int_equal(count_sent(f, "open.ask.v1", NULL, NULL), 1);
    for (unsigned i = 0; i < f->count; i++) {
        const struct msg_head *h = &f->sent[i].msg.head;

        if (h->stm == MSG_RPC)
            assert_true(h->exp_ms > h->iat_ms && h->exp_ms <= h->iat_ms + 60000);
    }
}

static void a_fresh_challenge_is_answered_once(void **state)
{
    struct fixture *f = *state;
    struct order o = ready(f);
    char *recorded, *fresh;

    say_heartbeat(f); /* tells 1000 ms */
    link_flush(f->link);
    recorded = challenge(f, &o, 1, 900);
    fresh = challenge(f, &o, 2, 2000);
    deliver(f, MSG_RPC, fresh, false); /* nobody asked yet */
    assert_int_equal(count_sent(f, "open.answer.v1", NULL, NULL), 0);
    free(fresh);
    assert_int_equal(ask_for(f, &o), ERR_OK);
    deliver(f, MSG_RPC, recorded, false); /* older than the last one */
    free(recorded);
    recorded = challenge(f, &o, 3, 900); /* made before the request */
    deliver(f, MSG_RPC, recorded, false);
    free(recorded);
    assert_int_equal(count_sent(f, "open.answer.v1", NULL, NULL), 0);
    fresh = challenge(f, &o, 4, 3000);
    deliver(f, MSG_RPC, fresh, true); /* retained: never */
    assert_int_equal(count_sent(f, "open.answer.v1", NULL, NULL), 0);
    deliver(f, MSG_RPC, fresh, false);
    deliver(f, MSG_RPC, fresh, false);
    free(fresh);
    assert_int_equal(count_sent(f, "open.answer.v1", NULL, NULL), 1);
    assert_int_equal(stats(f).retained, 1);
}

static void a_hub_that_starts_anew_answers_no_challenge(void **state)
{
    struct fixture *f = *state;
    struct link_wire wire = {.publish = publish, .arg = f};
    struct order o = ready(f);
    char *fresh;

    say_heartbeat(f);
    link_flush(f->link);
    assert_int_equal(ask_for(f, &o), ERR_OK);
    link_free(f->link);
    assert_int_equal(link_open(&f->link, &f->bed.hub, &wire, NULL), ERR_OK);
    link_on_up(f->link);
    fresh = challenge(f, &o, 4, 3000);
    deliver(f, MSG_RPC, fresh, false);
    free(fresh);
    assert_int_equal(count_sent(f, "open.answer.v1", NULL, NULL), 0);
    assert_null(opening_find(link_opening(f->link), o.id));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(events_are_acknowledged_once_for_a_batch_and_after_it),
        CASE(full_batch_is_committed_without_waiting),
        CASE(batch_is_committed_by_the_clock),
        CASE(duplicate_is_acknowledged_again_and_changes_nothing),
        CASE(gap_is_answered_with_the_old_cursor),
        CASE(second_history_freezes_the_locker),
        CASE(retained_message_is_refused_and_counted),
        CASE(message_of_another_key_is_refused),
        CASE(odd_topics_and_texts_are_refused),
        CASE(revoked_locker_is_heard_no_more),
        CASE(heartbeat_is_answered),
        CASE(command_waits_until_the_locker_is_heard),
        CASE(command_goes_again_until_it_is_confirmed),
        CASE(any_message_confirms_commands),
        CASE(confirmation_of_a_command_never_sent_is_refused),
        CASE(no_more_commands_are_on_their_way_than_the_window),
        CASE(command_that_met_no_connection_goes_when_there_is_one),
        CASE(locker_that_was_silent_for_long_gets_nothing),
        CASE(an_offer_goes_to_a_locker_that_was_heard_only),
        CASE(a_fresh_challenge_is_answered_once),
        CASE(a_hub_that_starts_anew_answers_no_challenge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
