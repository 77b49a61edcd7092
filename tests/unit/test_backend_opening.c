/* SPDX-License-Identifier: Apache-2.0 */
/* Opening at a distance at the hub: who may ask, which challenge is answered, and that nothing is kept. */
#include "backend/opening.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/policy.h"
#include "tests/unit/bag_bed.h"

#define NONCE "00112233445566778899aabbccddeeff"
#define HEARD_AT (INT64_C(1) << 40 | 5000) /* boot 1, 5 s */

/* ---------------------------------------------------------------- the list */

static struct remote_request a_request(uint8_t locker, uint8_t order)
{
    struct remote_request q = {.load = 2, .door = "A3", .told_at = HEARD_AT};

    q.locker[0] = locker;
    q.order[0] = order;
    return q;
}

static struct remote_word a_word(uint8_t locker, uint8_t order, int64_t seq)
{
    struct remote_word w = {.load = 2, .door = "A3", .seq = seq, .told_at = HEARD_AT + seq};

    w.locker[0] = locker;
    w.order[0] = order;
    return w;
}

static void a_challenge_is_answered_only_for_what_was_asked(void **state)
{
    static struct remote m;
    const struct remote_request q = a_request(1, 1);
    struct remote_word w;

    (void)state;
    memset(&m, 0, sizeof(m));
    w = a_word(1, 1, 10);
    assert_null(remote_challenge(&m, &w, 100)); /* nobody asked */
    BAG_OK(remote_ask(&m, &q, 100, NULL));
    w = a_word(2, 1, 10);
    assert_null(remote_challenge(&m, &w, 200));
    w = a_word(1, 2, 10);
    assert_null(remote_challenge(&m, &w, 200));
    w = a_word(1, 1, 10);
    w.load = 1;
    assert_null(remote_challenge(&m, &w, 200));
    w = a_word(1, 1, 10);
    memcpy(w.door, "A4", 3);
    assert_null(remote_challenge(&m, &w, 200));
    w = a_word(1, 1, 10);
    w.told_at = HEARD_AT; /* recorded before the request */
    assert_null(remote_challenge(&m, &w, 200));
    w = a_word(1, 1, 10);
    assert_null(remote_challenge(&m, &w, 100 + REMOTE_ALIVE_MS));
    assert_non_null(remote_challenge(&m, &w, 200));
    assert_int_equal(remote_find(&m, q.order)->state, REMOTE_OPENING);
}

static void the_same_challenge_is_answered_once_and_another_a_few_times(void **state)
{
    static struct remote m;
    const struct remote_request q = a_request(1, 1);
    struct remote_word w = a_word(1, 1, 10);

    (void)state;
    memset(&m, 0, sizeof(m));
    BAG_OK(remote_ask(&m, &q, 100, NULL));
    assert_non_null(remote_challenge(&m, &w, 200));
    assert_null(remote_challenge(&m, &w, 201));
    w.seq = 9;
    assert_null(remote_challenge(&m, &w, 201));
    for (int64_t seq = 11; seq <= 12; seq++) { /* the answer was lost: the person pressed OK again */
        w = a_word(1, 1, seq);
        assert_non_null(remote_challenge(&m, &w, 202));
    }
    w = a_word(1, 1, 13);
    assert_null(remote_challenge(&m, &w, 203));
}

static void one_request_is_alive_at_a_locker(void **state)
{
    static struct remote m;
    struct remote_request q = a_request(1, 1), other = a_request(1, 2), elsewhere = a_request(2, 3);
    struct remote_word w = a_word(1, 1, 10);

    (void)state;
    memset(&m, 0, sizeof(m));
    BAG_OK(remote_ask(&m, &q, 100, NULL));
    assert_int_equal(remote_ask(&m, &other, 101, NULL), ERR_BUSY);
    BAG_OK(remote_ask(&m, &elsewhere, 101, NULL));
    assert_non_null(remote_refuse(&m, &w, "declined"));
    assert_int_equal(remote_find(&m, q.order)->state, REMOTE_REFUSED);
    assert_string_equal(remote_find(&m, q.order)->cause, "declined");
    assert_null(remote_refuse(&m, &w, "declined"));
    assert_null(remote_challenge(&m, &w, 102)); /* it is over */
    BAG_OK(remote_ask(&m, &other, 103, NULL));
    w = a_word(1, 2, 11);
    assert_non_null(remote_refuse(&m, &w, "time"));
    assert_int_equal(remote_find(&m, other.order)->state, REMOTE_LAPSED);
}

static void requests_lapse_and_make_room(void **state)
{
    static struct remote m;
    struct remote_request q = a_request(1, 1);
    struct remote_word w = a_word(1, 1, 10);
    const struct remote_request *gone;

    (void)state;
    memset(&m, 0, sizeof(m));
    BAG_OK(remote_ask(&m, &q, 100, NULL));
    assert_null(remote_lapse(&m, 99 + REMOTE_ALIVE_MS));
    gone = remote_lapse(&m, 100 + REMOTE_ALIVE_MS);
    assert_non_null(gone);
    assert_string_equal(gone->cause, "silent");
    assert_null(remote_lapse(&m, 100 + REMOTE_ALIVE_MS));
    BAG_OK(remote_ask(&m, &q, 1000000, NULL));
    assert_non_null(remote_challenge(&m, &w, 1000100));
    assert_null(remote_lapse(&m, 1000099 + REMOTE_DOOR_MS));
    gone = remote_lapse(&m, 1000100 + REMOTE_DOOR_MS);
    assert_non_null(gone);
    assert_string_equal(gone->cause, "door");
    for (unsigned i = 0; i < REMOTE_MAX; i++) {
        q = a_request((uint8_t)(i + 1), 7);
        BAG_OK(remote_ask(&m, &q, 2000000 + i, NULL));
    }
    q = a_request(200, 7);
    assert_int_equal(remote_ask(&m, &q, 3000000, NULL), ERR_BUSY);
}

static void a_door_that_was_seen_open_ends_the_request(void **state)
{
    static struct remote m;
    struct remote_request q = a_request(1, 1);
    struct remote_word w = a_word(1, 1, 10);

    (void)state;
    memset(&m, 0, sizeof(m));
    BAG_OK(remote_ask(&m, &q, 100, NULL));
    assert_null(remote_open(&m, q.locker, q.order, 2)); /* opened by something else */
    assert_non_null(remote_challenge(&m, &w, 200));
    assert_null(remote_open(&m, q.locker, q.order, 1));
    assert_non_null(remote_open(&m, q.locker, q.order, 2));
    assert_null(remote_lapse(&m, 10000000));
    assert_string_equal(remote_state_name(remote_find(&m, q.order)->state), "opened");
}

/* ---------------------------------------------------------------- the hub */

struct fixture {
    struct bag_bed *b;
    struct opening *x;
    bool silent, cut;
    unsigned sent;
    char typ[MSG_TYPE_CAP];
    cJSON *dat; /* of the last message */
    int64_t seq;
};

static enum err fake_send(void *arg, const uint8_t locker[STORE_LOCKER_LEN], const char *typ, const cJSON *dat)
{
    struct fixture *f = arg;

    assert_memory_equal(locker, BAG_LOCKER, STORE_LOCKER_LEN);
    if (f->cut)
        return ERR_STATE;
    f->sent++;
    (void)snprintf(f->typ, sizeof(f->typ), "%s", typ);
    cJSON_Delete(f->dat);
    f->dat = cJSON_Duplicate(dat, 1);
    return ERR_OK;
}

static bool fake_is_heard(void *arg, const uint8_t locker[STORE_LOCKER_LEN], int64_t *told_at)
{
    (void)locker;
    *told_at = HEARD_AT;
    return !((struct fixture *)arg)->silent;
}

static int set_up(void **state)
{
    static struct fixture f;
    void *bed = NULL;

    memset(&f, 0, sizeof(f));
    (void)bag_bed_open(&bed);
    f.b = bed;
    memset(f.b->anna.staff, 0x0A, sizeof(f.b->anna.staff));
    f.x = opening_new(&f.b->bed.hub, &(struct opening_wire){.send = fake_send, .is_heard = fake_is_heard, .arg = &f});
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    void *bed = f->b;

    opening_free(f->x);
    cJSON_Delete(f->dat);
    return bag_bed_close(&bed);
}

static struct order ready(struct fixture *f, enum token_class cls)
{
    struct store *s = f->b->bed.hub.store;
    struct order o = bag_ask(f->b, "J. de Wit", "1937-07-13");

    o.ask.cls = cls;
    BAG_OK(s->ops->begin(s, NULL));
    BAG_OK(s->ops->order_update(s, &o, NULL));
    BAG_OK(s->ops->commit(s, NULL));
    o = bag_pack(f->b, &o);
    return bag_load(f->b, &o, "A3");
}

static enum err ask(struct fixture *f, const struct order *o, bool *capped)
{
    return opening_ask(f->x, &f->b->anna, o->id, "hands full", capped, NULL);
}

/* A message of the locker, newer than the one before. */
static bool say(struct fixture *f, const char *typ, const struct order *o, const char *more)
{
    const struct json_limits limits = {.max_len = JSON_MAX_MESSAGE, .max_depth = JSON_DEPTH_MESSAGE};
    struct msg m = {.head = {.stm = MSG_RPC, .epo = 1, .seq = ++f->seq, .clk = {.boot = 1}}};
    char dat[300], hex[2 * ORDER_ID_LEN + 1];
    bool read;

    m.head.clk.boot_ms = 5000 + f->seq;
    (void)snprintf(m.head.typ, sizeof(m.head.typ), "%s", typ);
    (void)snprintf(dat, sizeof(dat), "{\"ord\":\"%s\",\"lod\":%u,%s}", bag_hex(o->id, sizeof(o->id), hex), o->load,
                   more);
    BAG_OK(json_parse(&m.dat, dat, strlen(dat), &limits, NULL));
    read = opening_on_message(f->x, BAG_LOCKER, &m);
    cJSON_Delete(m.dat);
    return read;
}

static unsigned audited(struct fixture *f, const char *action)
{
    uint32_t n;

    BAG_OK(f->b->bed.hub.store->ops->audit_count(f->b->bed.hub.store, action, NULL, NULL, 0, &n, NULL));
    return n;
}

static enum remote_state state_of(struct fixture *f, const struct order *o)
{
    return opening_find(f->x, o->id)->state;
}

static void a_door_opens_by_offer_challenge_and_answer(void **state)
{
    struct fixture *f = *state;
    struct order o = ready(f, TOKEN_CLASS_ORDINARY);
    struct msg m = {.head = {.typ = "door.opened.v1"}};
    const char *nonce = "";
    uint8_t staff[ORDER_STAFF_LEN];
    bool capped;
    char dat[200], hex[2 * ORDER_ID_LEN + 1];

    assert_null(opening_find(f->x, o.id));
    BAG_OK(ask(f, &o, &capped));
    assert_string_equal(f->typ, "open.ask.v1");
    assert_int_equal(cJSON_GetArraySize(f->dat), 3);
    assert_int_equal(state_of(f, &o), REMOTE_ASKED);
    assert_true(say(f, "open.challenge.v1", &o, "\"door\":\"A3\",\"nonce\":\"" NONCE "\""));
    assert_string_equal(f->typ, "open.answer.v1");
    BAG_OK(json_get_text(f->dat, "nonce", 32, 32, &nonce, NULL));
    assert_string_equal(nonce, NONCE);
    BAG_OK(json_get_hex(f->dat, "staff", staff, sizeof(staff), NULL));
    assert_memory_equal(staff, f->b->anna.staff, sizeof(staff));
    assert_int_equal(state_of(f, &o), REMOTE_OPENING);
    (void)snprintf(dat, sizeof(dat), "{" BAG_ORD ",\"pulse\":1}", bag_hex(o.id, sizeof(o.id), hex), o.load, "A3");
    m.dat = cJSON_Parse(dat);
    opening_on_event(f->x, BAG_LOCKER, &m);
    cJSON_Delete(m.dat);
    assert_int_equal(state_of(f, &o), REMOTE_OPENED);
    assert_int_equal(audited(f, "order.open_asked"), 1);
    assert_int_equal(audited(f, "order.open_answered"), 1);
    assert_int_equal(audited(f, "order.open_opened"), 1);
    assert_int_equal(f->sent, 2);
}

static void what_nobody_asked_for_is_not_answered(void **state)
{
    struct fixture *f = *state;
    struct order o = ready(f, TOKEN_CLASS_ORDINARY);
    bool capped;

    assert_true(say(f, "open.challenge.v1", &o, "\"door\":\"A3\",\"nonce\":\"" NONCE "\""));
    assert_int_equal(f->sent, 0);
    BAG_OK(ask(f, &o, &capped));
    assert_true(say(f, "open.challenge.v1", &o, "\"door\":\"A4\",\"nonce\":\"" NONCE "\""));
    assert_false(say(f, "open.challenge.v1", &o, "\"door\":\"A3\",\"nonce\":\"short\""));
    assert_false(say(f, "open.challenge.v1", &o, "\"door\":\"A3\",\"nonce\":\"" NONCE "\",\"more\":1"));
    assert_false(say(f, "open.refused.v1", &o, "\"cause\":\"<b>\""));
    assert_false(say(f, "open.ask.v1", &o, "\"door\":\"A3\""));
    assert_int_equal(f->sent, 1);
    assert_int_equal(audited(f, "order.open_answered"), 0);
    assert_int_equal(state_of(f, &o), REMOTE_ASKED);
}

static void a_no_is_told_and_ends_it(void **state)
{
    struct fixture *f = *state;
    struct order o = ready(f, TOKEN_CLASS_ORDINARY);
    bool capped;

    BAG_OK(ask(f, &o, &capped));
    assert_int_equal(ask(f, &o, &capped), ERR_BUSY);
    assert_false(capped);
    assert_true(say(f, "open.refused.v1", &o, "\"cause\":\"declined\""));
    assert_int_equal(state_of(f, &o), REMOTE_REFUSED);
    assert_true(say(f, "open.challenge.v1", &o, "\"door\":\"A3\",\"nonce\":\"" NONCE "\""));
    assert_int_equal(f->sent, 1);
    assert_int_equal(audited(f, "order.open_refused"), 1);
    BAG_OK(ask(f, &o, &capped));
    opening_tick(f->x, clock_boot_ms() + REMOTE_ALIVE_MS);
    assert_int_equal(state_of(f, &o), REMOTE_LAPSED);
    assert_int_equal(audited(f, "order.open_lapsed"), 1);
}

static void not_every_door_is_opened_at_a_distance(void **state)
{
    struct fixture *f = *state;
    struct order strict = ready(f, TOKEN_CLASS_CONTROLLED), asked = bag_ask(f->b, "K.", "1937-07-13"), o;
    uint8_t nobody[ORDER_ID_LEN] = {0xEE};
    bool capped;

    assert_int_equal(ask(f, &strict, &capped), ERR_STATE);
    assert_int_equal(ask(f, &asked, &capped), ERR_STATE);
    assert_int_equal(opening_ask(f->x, &f->b->anna, nobody, "why", &capped, NULL), ERR_NOT_FOUND);
    o = bag_pack(f->b, &asked);
    o = bag_load(f->b, &o, "A4");
    f->silent = true;
    assert_int_equal(ask(f, &o, &capped), ERR_STATE);
    f->silent = false;
    f->cut = true;
    assert_int_equal(ask(f, &o, &capped), ERR_STATE);
    assert_null(opening_find(f->x, o.id)); /* nothing is left of it that could be answered */
    assert_int_equal(f->sent, 0);
}

static void a_user_asks_so_often_in_an_hour_and_no_more(void **state)
{
    struct fixture *f = *state;
    struct order o = ready(f, TOKEN_CLASS_ORDINARY);
    bool capped = false;

    BAG_OK(policy_set(&f->b->bed.hub, &f->b->anna, policy_find("cap.open_hour"), "2", NULL));
    for (unsigned i = 0; i < 2; i++) {
        BAG_OK(ask(f, &o, &capped));
        assert_true(say(f, "open.refused.v1", &o, "\"cause\":\"declined\""));
    }
    assert_int_equal(ask(f, &o, &capped), ERR_BUSY);
    assert_true(capped);
    act_who_named("ben", &f->b->anna);
    BAG_OK(ask(f, &o, &capped));
    assert_false(capped);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_challenge_is_answered_only_for_what_was_asked),
        cmocka_unit_test(the_same_challenge_is_answered_once_and_another_a_few_times),
        cmocka_unit_test(one_request_is_alive_at_a_locker),
        cmocka_unit_test(requests_lapse_and_make_room),
        cmocka_unit_test(a_door_that_was_seen_open_ends_the_request),
        CASE(a_door_opens_by_offer_challenge_and_answer),
        CASE(what_nobody_asked_for_is_not_answered),
        CASE(a_no_is_told_and_ends_it),
        CASE(not_every_door_is_opened_at_a_distance),
        CASE(a_user_asks_so_often_in_an_hour_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
