/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/ingest.h"
#include "backend/store_sqlite.h"
#include "common/num.h"

#define OK(call) assert_int_equal(call, ERR_OK)
#define ORD "07000000000000000000000000000000"
#define STAFF "\"staff\":\"0102030405060708\""
#define COLLECTED                                                                                                      \
    "{\"ord\":\"" ORD "\",\"lod\":1,\"door\":\"A3\",\"actor\":{\"kind\":\"code\"},\"pulses\":1,\"pulsed_ms\":100,"     \
    "\"opened_ms\":200,\"closed_ms\":300,\"proof\":\"opened-closed\"}"
#define LOADED "{\"ord\":\"" ORD "\",\"lod\":1,\"door\":\"A3\"," STAFF "}"

static const uint8_t LOCKER[STORE_LOCKER_LEN] = {0xAA, 1};

struct fixture {
    char folder[64];
    struct store *s;
    struct stream_cursor sent; /* of the locker that speaks */
    struct order order;
    struct msg kept[16];
    unsigned count;
    struct ingest_effects fx;
    enum err withdrawing; /* what comes of it */
};

/* ---------------------------------------------------------------- a locker that speaks */

static struct msg *say_as(struct fixture *f, const char *typ, const char *dat, int64_t seq)
{
    const struct json_limits limits = {.max_len = JSON_MAX_MESSAGE, .max_depth = JSON_DEPTH_MESSAGE};
    struct msg *m = &f->kept[f->count++];
    struct reason r = {""};

    assert_true(f->count <= 16);
    memset(m, 0, sizeof(*m));
    (void)snprintf(m->head.typ, sizeof(m->head.typ), "%s", typ);
    m->head.stm = MSG_EVT;
    m->head.epo = 1;
    m->head.seq = seq;
    m->head.iat_ms = 5000 + seq;
    m->head.clk.boot = 1;
    m->head.clk.boot_ms = 1000 * seq;
    memcpy(m->head.prv, f->sent.hash, MSG_HASH_LEN);
    if (json_parse(&m->dat, dat, strlen(dat), &limits, &r) != ERR_OK)
        fail_msg("%s", r.text);
    randombytes_buf(m->hash, sizeof(m->hash));
    return m;
}

/* The next event. */
static struct msg *say(struct fixture *f, const char *typ, const char *dat)
{
    struct msg *m = say_as(f, typ, dat, f->sent.seq + 1);

    f->sent.seq = m->head.seq;
    memcpy(f->sent.hash, m->hash, MSG_HASH_LEN);
    return m;
}

static struct ingest_item item(const struct msg *m)
{
    struct ingest_item x = {.msg = m, .text = "h.p.s", .len = 5};

    memcpy(x.locker, LOCKER, sizeof(LOCKER));
    return x;
}

static struct ingest_result take(struct fixture *f, const struct msg *m)
{
    struct ingest_item x = item(m);
    struct ingest_result res;
    struct reason r = {""};

    if (ingest_batch(f->s, &x, 1, 9000, &f->fx, &res, &r) != ERR_OK)
        fail_msg("%s", r.text);
    return res;
}

static struct ingest_result tell(struct fixture *f, const char *typ, const char *dat)
{
    return take(f, say(f, typ, dat));
}

/* ---------------------------------------------------------------- the hub */

static enum err withdraw(void *arg, const uint8_t order[ORDER_ID_LEN], struct reason *r)
{
    const struct store_command c = {.seq = 1, .typ = "order.withdraw.v1", .text = "h.p.s", .len = 5};
    const struct stream_cursor next = {.epoch = 1, .seq = 1};
    struct fixture *f = arg;

    assert_memory_equal(order, f->order.id, ORDER_ID_LEN);
    return f->withdrawing != ERR_OK ? f->withdrawing : f->s->ops->command_append(f->s, LOCKER, &next, &c, r);
}

static void put_order(struct fixture *f, enum order_state state)
{
    struct request ask;
    uint8_t id[ORDER_ID_LEN] = {7};
    struct store_packing p = {.load = 1, .key_epoch = 1, .code_live = true, .code_kept = true};

    request_init(&ask, REQUEST_JSON);
    order_init(&f->order, id, &ask, 1);
    f->order.state = state;
    f->order.load = 1;
    memcpy(f->order.locker, LOCKER, sizeof(LOCKER));
    memcpy(p.order, id, sizeof(id));
    memcpy(p.locker, LOCKER, sizeof(LOCKER));
    p.code_index[0] = 1;
    OK(f->s->ops->begin(f->s, NULL));
    OK(f->s->ops->order_insert(f->s, &f->order, NULL, NULL));
    OK(f->s->ops->packing_insert(f->s, &p, NULL));
    OK(f->s->ops->commit(f->s, NULL));
}

static struct order order_now(struct fixture *f)
{
    struct order o;

    OK(f->s->ops->order_get(f->s, f->order.id, &o, NULL));
    return o;
}

static struct store_locker locker_now(struct fixture *f)
{
    struct store_locker l;

    OK(f->s->ops->locker_get(f->s, LOCKER, &l, NULL));
    return l;
}

static struct store_compartment door_now(struct fixture *f, const char *door)
{
    struct store_compartment c;

    OK(f->s->ops->compartment_get(f->s, LOCKER, door, &c, NULL));
    return c;
}

static bool count_fault(void *arg, const struct store_fault *x)
{
    unsigned *count = arg;

    count[x->kind]++;
    return true;
}

static unsigned open_faults(struct fixture *f, enum store_fault_kind kind)
{
    struct store_fault_filter open = {.open_only = true, .limit = 100};
    unsigned count[STORE_FAULT_KIND_N] = {0};

    OK(f->s->ops->fault_list(f->s, &open, count_fault, count, NULL));
    return count[kind];
}

static unsigned all_open_faults(struct fixture *f)
{
    unsigned sum = 0;

    for (unsigned k = 0; k < STORE_FAULT_KIND_N; k++)
        sum += open_faults(f, (enum store_fault_kind)k);
    return sum;
}

static bool count_event(void *arg, const struct store_event *e)
{
    (void)e;
    (*(unsigned *)arg)++;
    return true;
}

static unsigned events(struct fixture *f)
{
    unsigned n = 0;

    OK(f->s->ops->event_list(f->s, NULL, NULL, 0, 100, count_event, &n, NULL));
    return n;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct store_locker l = {.name = "Dorpsrand", .evt = {.epoch = 1}, .cmd = {.epoch = 1}, .created_ms = 1000};
    char path[96];

    if (f == NULL || sodium_init() < 0)
        return -1;
    f->fx = (struct ingest_effects){.withdraw = withdraw, .arg = f};
    memcpy(f->folder, "/tmp/medlocker-ingest-XXXXXX", sizeof("/tmp/medlocker-ingest-XXXXXX"));
    if (mkdtemp(f->folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/hub.db", f->folder);
    OK(store_sqlite_open(&f->s, path, NULL));
    memcpy(l.id, LOCKER, sizeof(LOCKER));
    OK(f->s->ops->begin(f->s, NULL));
    OK(f->s->ops->locker_insert(f->s, &l, NULL));
    for (int i = 1; i <= 4; i++) {
        struct store_compartment c = {.number = (uint16_t)i, .state = "FREE"};
        memcpy(c.locker, LOCKER, sizeof(LOCKER));
        c.door[0] = 'A';
        c.door[1] = (char)('0' + i);
        OK(f->s->ops->compartment_put(f->s, &c, NULL));
    }
    OK(f->s->ops->commit(f->s, NULL));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];

    for (unsigned i = 0; i < f->count; i++)
        cJSON_Delete(f->kept[i].dat);
    f->s->ops->free(f->s);
    (void)snprintf(command, sizeof(command), "rm -rf %s", f->folder);
    int code = system(command);
    free(f);
    return code;
}

/* ---------------------------------------------------------------- at most once, in order */

static void an_event_is_applied_once_however_often_it_comes(void **state)
{
    struct fixture *f = *state;

    put_order(f, ORDER_PACKED);
    struct msg *m = say(f, "order.loaded.v1", LOADED);
    struct ingest_result a = take(f, m), b = take(f, m), c = take(f, m);

    assert_int_equal(a.outcome, INGEST_APPLIED);
    assert_true(a.acknowledge && a.tell_ready && a.order_changed);
    assert_int_equal(a.ack, 1);
    assert_int_equal(b.outcome, INGEST_DUPLICATE);
    assert_true(b.acknowledge && !b.tell_ready && !b.order_changed);
    assert_int_equal(c.ack, 1);
    assert_int_equal(events(f), 1);
    assert_int_equal(order_now(f).state, ORDER_READY);
}

static void beyond_a_gap_nothing_happens_and_the_cursor_is_told(void **state)
{
    struct fixture *f = *state;

    put_order(f, ORDER_PACKED);
    struct msg *one = say(f, "door.opened.v1", "{\"door\":\"A3\",\"pulse\":1}");
    struct msg *two = say(f, "order.loaded.v1", LOADED);
    struct ingest_result res = take(f, two);

    assert_int_equal(res.outcome, INGEST_GAP);
    assert_true(res.acknowledge);
    assert_int_equal(res.ack, 0);
    assert_int_equal(order_now(f).state, ORDER_PACKED);
    assert_int_equal(take(f, one).ack, 1);
    assert_int_equal(take(f, two).ack, 2);
    assert_int_equal(order_now(f).state, ORDER_READY);
}

static void a_batch_acknowledges_what_it_committed(void **state)
{
    struct fixture *f = *state;
    struct ingest_item x[4];
    struct ingest_result res[4];

    put_order(f, ORDER_PACKED);
    x[0] = item(say(f, "order.loaded.v1", LOADED));
    x[1] = x[0]; /* doubled on the way */
    x[2] = item(say(f, "order.collected.v1", COLLECTED));
    x[3] = item(say_as(f, "door.closed.v1", "{\"door\":\"A3\"}", 9));
    OK(ingest_batch(f->s, x, 4, 9000, &f->fx, res, NULL));
    assert_int_equal(res[0].outcome, INGEST_APPLIED);
    assert_int_equal(res[1].outcome, INGEST_DUPLICATE);
    assert_int_equal(res[2].outcome, INGEST_APPLIED);
    assert_int_equal(res[3].outcome, INGEST_GAP);
    for (int i = 0; i < 4; i++)
        assert_int_equal(res[i].ack, 2);
    assert_int_equal(locker_now(f).evt.seq, 2);
    assert_int_equal(order_now(f).state, ORDER_COLLECTED);
    assert_int_equal(locker_now(f).seen_ms, 9000);
}

static void a_refused_scan_is_kept_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct ingest_result res = tell(
        f, "scan.refused.v1", "{" STAFF ",\"cause\":\"wrong-label\",\"door\":\"A1\",\"ord\":\"" ORD "\",\"lod\":1}");

    assert_int_equal(res.outcome, INGEST_APPLIED);
    assert_false(res.contradiction);
    assert_false(res.order_changed);
    assert_int_equal(events(f), 1);
    assert_false(tell(f, "scan.refused.v1", "{" STAFF ",\"cause\":\"bad-scan\"}").contradiction);
    assert_true(tell(f, "scan.refused.v1", "{" STAFF ",\"cause\":\"0102030405\"}").contradiction);
    assert_true(tell(f, "scan.refused.v1", "{" STAFF ",\"cause\":\"bad-scan\",\"text\":\"x\"}").contradiction);
}

static void two_histories_freeze_the_locker(void **state)
{
    struct fixture *f = *state;

    (void)tell(f, "staff.entered.v1", "{" STAFF ",\"role\":\"pharmacist\"}");
    struct stream_cursor first = f->sent;
    (void)tell(f, "staff.entered.v1", "{" STAFF ",\"role\":\"pharmacist\"}");
    struct msg *other = say_as(f, "door.forced.v1", "{\"door\":\"A1\"}", 2);
    memcpy(other->head.prv, first.hash, MSG_HASH_LEN);
    struct ingest_result res = take(f, other);

    assert_int_equal(res.outcome, INGEST_FORKED);
    assert_false(res.acknowledge);
    assert_int_equal(locker_now(f).state, STORE_LOCKER_FROZEN);
    assert_int_equal(open_faults(f, STORE_FAULT_FORKED), 1);
    assert_int_equal(open_faults(f, STORE_FAULT_FORCED), 0);
    res = tell(f, "door.forced.v1", "{\"door\":\"A1\"}");
    assert_int_equal(res.outcome, INGEST_REFUSED);
    assert_false(res.acknowledge);
    assert_int_equal(events(f), 2);
}

static void a_wrong_chain_at_the_next_number_is_a_fork(void **state)
{
    struct fixture *f = *state;

    (void)tell(f, "staff.entered.v1", "{" STAFF ",\"role\":\"pharmacist\"}");
    struct msg *m = say(f, "staff.entered.v1", "{" STAFF ",\"role\":\"pharmacist\"}");
    m->head.prv[0] ^= 1;
    assert_int_equal(take(f, m).outcome, INGEST_FORKED);
}

static void another_epoch_is_foreign(void **state)
{
    struct fixture *f = *state;
    struct msg *m = say(f, "staff.entered.v1", "{" STAFF ",\"role\":\"pharmacist\"}");

    m->head.epo = 2;
    struct ingest_result res = take(f, m);
    assert_int_equal(res.outcome, INGEST_FOREIGN);
    assert_false(res.acknowledge);
}

static void an_unknown_locker_is_refused(void **state)
{
    struct fixture *f = *state;
    struct ingest_item x = item(say(f, "door.forced.v1", "{\"door\":\"A1\"}"));
    struct ingest_result res;

    x.locker[7] = 9;
    OK(ingest_batch(f->s, &x, 1, 9000, &f->fx, &res, NULL));
    assert_int_equal(res.outcome, INGEST_REFUSED);
    assert_int_equal(all_open_faults(f), 0);
}

static void a_withdrawal_is_written_with_the_event_that_asks_for_it(void **state)
{
    struct fixture *f = *state;
    struct ingest_result res[2];
    struct ingest_item x[2];

    put_order(f, ORDER_RECALLED);
    x[0] = item(say(f, "order.loaded.v1", LOADED));
    f->withdrawing = ERR_FULL;
    assert_int_equal(ingest_batch(f->s, x, 1, 9000, &f->fx, res, NULL), ERR_FULL);
    assert_int_equal(locker_now(f).evt.seq, 0);
    assert_int_equal(events(f), 0);
    f->withdrawing = ERR_OK;
    struct msg *other = say_as(f, "door.forced.v1", "{\"door\":\"A1\"}", 2);
    other->head.prv[0] ^= 1; /* freezes the locker in the same transaction */
    x[1] = item(other);
    OK(ingest_batch(f->s, x, 2, 9000, &f->fx, res, NULL));
    assert_true(res[0].contradiction);
    assert_int_equal(res[1].outcome, INGEST_FORKED);
    assert_int_equal(locker_now(f).evt.seq, 1);
    assert_int_equal(locker_now(f).cmd.seq, 1);
}

static void a_failed_commit_leaves_no_trace(void **state)
{
    struct fixture *f = *state;
    struct ingest_item x = item(say(f, "door.forced.v1", "{\"door\":\"A1\"}"));
    struct ingest_result res;

    OK(f->s->ops->begin(f->s, NULL)); /* somebody else's transaction: ours cannot begin */
    assert_int_not_equal(ingest_batch(f->s, &x, 1, 9000, &f->fx, &res, NULL), ERR_OK);
    assert_false(res.acknowledge);
    f->s->ops->rollback(f->s);
    assert_int_equal(locker_now(f).evt.seq, 0);
    assert_int_equal(take(f, x.msg).outcome, INGEST_APPLIED);
}

/* ---------------------------------------------------------------- effects */

static void loading_places_the_bag_and_forgets_the_code(void **state)
{
    struct fixture *f = *state;
    struct store_packing p;

    put_order(f, ORDER_PACKED);
    (void)tell(f, "compartment.changed.v1", "{\"door\":\"A3\",\"state\":\"LOADED\",\"cause\":\"loaded\"}");
    (void)tell(f, "order.loaded.v1", LOADED);
    struct store_compartment c = door_now(f, "A3");
    assert_true(c.has_order);
    assert_memory_equal(c.order, f->order.id, sizeof(c.order));
    assert_string_equal(c.state, "LOADED");
    assert_int_equal(c.told_ms, 9000);
    assert_string_equal(order_now(f).door, "A3");
    OK(f->s->ops->packing_get(f->s, f->order.id, 1, &p, NULL));
    assert_true(p.code_live && !p.code_kept);
}

static void collecting_keeps_the_proof_and_ends_the_code(void **state)
{
    struct fixture *f = *state;
    struct store_packing p;

    put_order(f, ORDER_PACKED);
    (void)tell(f, "order.loaded.v1", LOADED);
    (void)tell(f, "door.jammed.v1", "{\"door\":\"A3\",\"ord\":\"" ORD "\",\"lod\":1,\"pulse\":1,\"try\":1}");
    assert_int_equal(open_faults(f, STORE_FAULT_JAM), 1);
    struct ingest_result res = tell(f, "order.collected.v1", COLLECTED);
    struct order o = order_now(f);
    assert_false(res.contradiction);
    assert_int_equal(o.state, ORDER_COLLECTED);
    assert_int_equal(o.proof.opened_ms, 200);
    assert_int_equal(o.proof.actor, ORDER_ACTOR_CODE);
    assert_false(door_now(f, "A3").has_order);
    assert_int_equal(all_open_faults(f), 0);
    OK(f->s->ops->packing_get(f->s, f->order.id, 1, &p, NULL));
    assert_false(p.code_live);
}

static void an_unconfirmed_pickup_is_a_fault_until_it_is_explained(void **state)
{
    struct fixture *f = *state;

    put_order(f, ORDER_PACKED);
    (void)tell(f, "order.loaded.v1", LOADED);
    (void)tell(f, "order.unconfirmed.v1", "{\"ord\":\"" ORD "\",\"lod\":1,\"door\":\"A3\"}");
    assert_int_equal(order_now(f).state, ORDER_UNCONFIRMED);
    assert_int_equal(open_faults(f, STORE_FAULT_UNCONFIRMED), 1);
    (void)tell(f, "order.removed.v1", "{\"ord\":\"" ORD "\",\"lod\":1,\"door\":\"A3\"," STAFF "}");
    assert_int_equal(order_now(f).state, ORDER_RETURNED);
    assert_int_equal(all_open_faults(f), 0);
}

/* People said first that they took the bag back; then the locker tells of it. */
static void a_door_is_free_again_after_the_bag_was_taken_back(void **state)
{
    static const struct {
        const char *typ, *dat;
        bool empty;
    } row[] = {
        {"order.removed.v1", "{\"ord\":\"" ORD "\",\"lod\":1,\"door\":\"A3\"," STAFF "}", true},
        {"order.voided.v1", "{\"ord\":\"" ORD "\",\"lod\":1,\"door\":null,\"cause\":\"withdrawn\"}", true},
        {"order.voided.v1", "{\"ord\":\"" ORD "\",\"lod\":1,\"door\":\"A3\",\"cause\":\"withdrawn\"}", false},
    };
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        void *own = NULL;
        assert_int_equal(set_up(&own), 0);
        struct fixture *f = own;
        put_order(f, ORDER_PACKED);
        (void)tell(f, "order.loaded.v1", LOADED);
        struct order o = order_now(f);
        o.state = ORDER_RETURNED;
        o.door[0] = '\0';
        OK(f->s->ops->begin(f->s, NULL));
        OK(f->s->ops->order_update(f->s, &o, NULL));
        OK(f->s->ops->commit(f->s, NULL));
        assert_false(tell(f, row[i].typ, row[i].dat).contradiction);
        assert_int_equal(door_now(f, "A3").has_order, !row[i].empty);
        assert_int_equal(order_now(f).state, ORDER_RETURNED);
        assert_int_equal(tear_down(&own), 0);
    }
    (void)state;
}

static void a_confirmed_withdrawal_depends_on_where_the_bag_is(void **state)
{
    static const struct {
        const char *dat;
        enum order_state want;
    } row[] = {
        {"{\"ord\":\"" ORD "\",\"lod\":1,\"door\":\"A3\",\"cause\":\"withdrawn\"}", ORDER_WITHDRAWN},
        {"{\"ord\":\"" ORD "\",\"lod\":1,\"door\":\"A3\",\"cause\":\"expired\"}", ORDER_EXPIRED},
        {"{\"ord\":\"" ORD "\",\"lod\":1,\"door\":null,\"cause\":\"withdrawn\"}", ORDER_RECALLED},
    };
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        void *own = NULL;
        assert_int_equal(set_up(&own), 0);
        struct fixture *f = own;
        put_order(f, ORDER_WITHDRAWING);
        assert_false(tell(f, "order.voided.v1", row[i].dat).contradiction);
        assert_int_equal(order_now(f).state, row[i].want);
        assert_int_equal(tear_down(&own), 0);
    }
    (void)state;
}

static void what_cannot_be_true_is_kept_and_told_but_changes_nothing(void **state)
{
    static const struct {
        const char *typ, *dat;
    } row[] = {
        {"order.collected.v1", COLLECTED}, /* never loaded */
        {"order.loaded.v1", "{\"ord\":\"" ORD "\",\"lod\":2,\"door\":\"A3\"," STAFF "}"},
        {"order.loaded.v1", "{\"ord\":\"08000000000000000000000000000000\",\"lod\":1,\"door\":\"A3\"," STAFF "}"},
        {"order.loaded.v1", "{\"ord\":\"" ORD "\",\"lod\":1,\"door\":\"a3\"," STAFF "}"},
        {"order.loaded.v1", "{\"ord\":\"" ORD "\",\"lod\":1,\"door\":\"A3\"," STAFF ",\"more\":1}"},
        {"compartment.changed.v1", "{\"door\":\"A3\",\"state\":\"free\",\"cause\":\"x\"}"},
        {"board.changed.v1", "{\"board\":\"relay1\",\"state\":\"fine\"}"},
        {"climate.changed.v1", "{\"sensor\":\"fridge\",\"state\":\"ok\",\"milli_c\":\"9\"}"},
        {"door.jammed.v1", "{\"door\":\"A3\",\"pulse\":1,\"try\":4}"},
        {"cabinet.described.v1", "{\"doors\":[{\"door\":\"A9\"}]}"},
        {"command.done.v1", "{\"seq\":4,\"result\":\"refused\",\"cause\":\"unknown\"}"},
        {"staff.left.v1", "{}"},
    };
    struct fixture *f = *state;

    put_order(f, ORDER_PACKED);
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct ingest_result res = tell(f, row[i].typ, row[i].dat);
        assert_int_equal(res.outcome, INGEST_APPLIED);
        assert_true(res.contradiction && res.acknowledge && !res.order_changed);
        assert_int_equal(res.ack, (int64_t)i + 1);
    }
    assert_int_equal(order_now(f).state, ORDER_PACKED);
    assert_int_equal(events(f), sizeof(row) / sizeof(row[0]));
    assert_true(open_faults(f, STORE_FAULT_CONTRADICTION) > 5);
    assert_int_equal(all_open_faults(f), open_faults(f, STORE_FAULT_CONTRADICTION));
}

static void a_bag_loaded_after_its_end_is_to_be_withdrawn_again(void **state)
{
    struct fixture *f = *state;

    put_order(f, ORDER_COLLECTED); /* at the counter, while the label was on its way */
    struct ingest_result res = tell(f, "order.loaded.v1", LOADED);
    assert_true(res.contradiction);
    assert_int_equal(locker_now(f).cmd.seq, 1);
    assert_memory_equal(res.order, f->order.id, sizeof(res.order));
    assert_int_equal(order_now(f).state, ORDER_COLLECTED);
}

static void door_faults_close_on_evidence(void **state)
{
    static const struct {
        const char *typ, *dat;
        enum store_fault_kind kind;
        unsigned open;
    } row[] = {
        {"door.left_open.v1", "{\"door\":\"A1\",\"since_ms\":1}", STORE_FAULT_LEFT_OPEN, 1},
        {"door.closed.v1", "{\"door\":\"A2\"}", STORE_FAULT_LEFT_OPEN, 1},
        {"door.closed.v1", "{\"door\":\"A1\"}", STORE_FAULT_LEFT_OPEN, 0},
        {"door.forced.v1", "{\"door\":\"A1\"}", STORE_FAULT_FORCED, 1},
        {"compartment.changed.v1", "{\"door\":\"A1\",\"state\":\"CHECK\",\"cause\":\"x\"}", STORE_FAULT_FORCED, 1},
        {"compartment.changed.v1", "{\"door\":\"A1\",\"state\":\"FREE\",\"cause\":\"x\"}", STORE_FAULT_FORCED, 0},
        {"compartment.changed.v1", "{\"door\":\"A1\",\"state\":\"OUT\",\"cause\":\"x\"}", STORE_FAULT_OUT, 1},
        {"compartment.changed.v1", "{\"door\":\"A1\",\"state\":\"CHECK\",\"cause\":\"x\"}", STORE_FAULT_OUT, 0},
        {"compartment.changed.v1", "{\"door\":\"A1\",\"state\":\"TAKEN\",\"cause\":\"x\"}", STORE_FAULT_CHECK, 0},
        {"door.mismatch.v1", "{\"door\":\"A1\",\"moved\":\"A2\",\"board\":\"r1\"}", STORE_FAULT_WIRING, 1},
        {"board.changed.v1", "{\"board\":\"r1\",\"state\":\"stopped\"}", STORE_FAULT_BOARD, 1},
        {"board.changed.v1", "{\"board\":\"r1\",\"state\":\"ok\"}", STORE_FAULT_BOARD, 0},
        {"input.changed.v1", "{\"input\":\"tamper\",\"active\":true}", STORE_FAULT_TAMPER, 1},
        {"input.changed.v1", "{\"input\":\"tamper\",\"active\":false}", STORE_FAULT_TAMPER, 0},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        assert_false(tell(f, row[i].typ, row[i].dat).contradiction);
        assert_int_equal(open_faults(f, row[i].kind), row[i].open);
    }
    assert_int_equal(open_faults(f, STORE_FAULT_WIRING), 1); /* for people to close */
}

static bool copy_detail(void *arg, const struct store_fault *fault)
{
    (void)snprintf(arg, sizeof(fault->detail), "%s", fault->detail);
    return true;
}

static void a_relay_that_stays_on_is_not_told_as_two_doors(void **state)
{
    struct store_fault_filter open = {.open_only = true, .limit = 1};
    struct fixture *f = *state;
    char detail[sizeof(((struct store_fault *)NULL)->detail)] = "";

    assert_false(tell(f, "door.mismatch.v1", "{\"door\":\"A1\",\"moved\":\"A1\",\"board\":\"r1\"}").contradiction);
    OK(f->s->ops->fault_list(f->s, &open, copy_detail, detail, NULL));
    assert_string_equal(detail, "the relay of A1 stays on");
}

static void a_door_is_tested_until_another_one_moves(void **state)
{
    struct fixture *f = *state;
    struct store_compartment c;

    assert_false(
        tell(f, "door.commissioned.v1", "{\"door\":\"A1\",\"pulse\":1,\"staff\":\"0102030405060708\"}").contradiction);
    OK(f->s->ops->compartment_get(f->s, LOCKER, "A1", &c, NULL));
    assert_true(c.tested);
    (void)tell(f, "door.mismatch.v1", "{\"door\":\"A1\",\"moved\":\"A2\",\"board\":\"r1\"}");
    OK(f->s->ops->compartment_get(f->s, LOCKER, "A1", &c, NULL));
    assert_false(c.tested);
}

static void climate_is_sampled_and_judged(void **state)
{
    struct fixture *f = *state;
    struct store_sample t;

    (void)tell(f, "climate.changed.v1", "{\"sensor\":\"fridge\",\"state\":\"excursion\",\"milli_c\":9100}");
    OK(f->s->ops->sample_last(f->s, LOCKER, "fridge", &t, NULL));
    assert_int_equal(t.milli_c, 9100);
    assert_int_equal(open_faults(f, STORE_FAULT_CLIMATE), 1);
    (void)tell(f, "climate.changed.v1", "{\"sensor\":\"fridge\",\"state\":\"missing\"}");
    OK(f->s->ops->sample_last(f->s, LOCKER, "fridge", &t, NULL));
    assert_false(t.has_milli_c);
    assert_int_equal(open_faults(f, STORE_FAULT_CLIMATE), 1);
    (void)tell(f, "climate.changed.v1", "{\"sensor\":\"fridge\",\"state\":\"ok\",\"milli_c\":5000}");
    assert_int_equal(open_faults(f, STORE_FAULT_CLIMATE), 0);
}

static void a_cabinet_describes_its_doors(void **state)
{
    struct fixture *f = *state;
    struct store_compartment c;

    put_order(f, ORDER_PACKED);
    (void)tell(f, "order.loaded.v1", LOADED);
    (void)tell(f, "cabinet.described.v1",
               "{\"doors\":[{\"door\":\"A1\",\"number\":5,\"size\":\"L\",\"zone\":\"cold\",\"row\":3,\"column\":2,"
               "\"low\":true},{\"door\":\"B1\",\"number\":6,\"size\":\"S\",\"zone\":\"room\",\"row\":1,\"column\":1,"
               "\"low\":false}]}");
    c = door_now(f, "A1");
    assert_int_equal(c.number, 5);
    assert_true(c.low && c.size == TOKEN_SIZE_L && c.zone == TOKEN_ZONE_COLD);
    assert_string_equal(c.state, "FREE");
    assert_string_equal(door_now(f, "B1").state, ""); /* not heard yet */
    assert_int_equal(f->s->ops->compartment_get(f->s, LOCKER, "A2", &c, NULL), ERR_NOT_FOUND);
    assert_true(door_now(f, "A3").has_order); /* gone, but a bag lies in it */
}

/* ---------------------------------------------------------------- heartbeats */

#define BEAT(doors)                                                                                                    \
    "{\"version\":\"0.1.0\",\"uptime_s\":5,\"outbox\":3,\"wrong_1h\":0,\"wrong_24h\":0,\"wrong_7d\":0,"                \
    "\"mode\":\"step-up\",\"refused\":0,\"doors\":" doors ",\"boards\":[{\"board\":\"r1\",\"state\":\"lost\"}],"       \
    "\"climate\":[{\"sensor\":\"fridge\",\"state\":\"ok\",\"milli_c\":4500,\"permille\":510,"                          \
    "\"zone\":\"cold\",\"min_milli_c\":2000,\"max_milli_c\":8000}]}"

static struct msg *beat(struct fixture *f, const char *dat, int64_t seq, int64_t boot_ms)
{
    struct msg *m = say_as(f, "locker.heartbeat.v1", dat, seq);

    m->head.stm = MSG_TEL;
    m->head.clk.boot_ms = boot_ms;
    return m;
}

static void the_newest_heartbeat_wins(void **state)
{
    struct fixture *f = *state;
    const char *dat = BEAT("[{\"door\":\"A1\",\"state\":\"CHECK\",\"contact\":\"open\"},"
                           "{\"door\":\"Z9\",\"state\":\"FREE\",\"contact\":\"open\"}]");
    bool applied = false;

    OK(ingest_heartbeat(f->s, LOCKER, beat(f, dat, INT64_C(1) << 32 | 5, 7000), 50000, &applied, NULL));
    assert_true(applied);
    assert_string_equal(door_now(f, "A1").state, "CHECK");
    assert_string_equal(door_now(f, "A1").contact, "open");
    assert_int_equal(door_now(f, "A1").told_ms, 50000);
    struct store_locker l = locker_now(f);
    assert_int_equal(l.seen_ms, 50000);
    assert_int_equal(l.outbox, 3);
    assert_string_equal(l.guess_mode, "step-up");
    dat = BEAT("[{\"door\":\"A1\",\"state\":\"FREE\",\"contact\":\"closed\"}]");
    OK(ingest_heartbeat(f->s, LOCKER, beat(f, dat, INT64_C(1) << 32 | 4, 8000), 60000, &applied, NULL));
    assert_false(applied);
    assert_string_equal(door_now(f, "A1").state, "CHECK");
}

static void an_event_from_a_backlog_does_not_overwrite_a_newer_heartbeat(void **state)
{
    struct fixture *f = *state;
    const char *dat = BEAT("[{\"door\":\"A1\",\"state\":\"TAKEN\",\"contact\":\"closed\"}]");
    bool applied;

    OK(ingest_heartbeat(f->s, LOCKER, beat(f, dat, 9, 900000), 50000, &applied, NULL));
    (void)tell(f, "compartment.changed.v1", "{\"door\":\"A1\",\"state\":\"LOADED\",\"cause\":\"x\"}");
    assert_string_equal(door_now(f, "A1").state, "TAKEN");
}

static void a_heartbeat_that_cannot_be_read_changes_nothing(void **state)
{
    static const char *const bad[] = {
        "{}",
        BEAT("{}"),
        BEAT("[{\"door\":\"A1\",\"state\":\"CHECK\"}]"),
        BEAT("[{\"door\":\"A1\",\"state\":\"CHECK\",\"contact\":\"open\",\"x\":1}]"),
        BEAT("[{\"door\":\"A1\",\"state\":\"0123456789012345678901234567890123456789\",\"contact\":\"open\"}]"),
    };
    struct fixture *f = *state;
    bool applied = false;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_not_equal(ingest_heartbeat(f->s, LOCKER, beat(f, bad[i], 9, 1), 50000, &applied, NULL), ERR_OK);
    assert_false(applied);
    assert_int_equal(locker_now(f).seen_ms, 0);
    assert_string_equal(door_now(f, "A1").state, "FREE");
}

static void silence_is_a_fault_until_a_heartbeat(void **state)
{
    struct fixture *f = *state;
    bool applied;

    OK(ingest_watch_silence(f->s, 60000, 90000, NULL));
    assert_int_equal(all_open_faults(f), 0);
    OK(ingest_watch_silence(f->s, 100000, 90000, NULL));
    OK(ingest_watch_silence(f->s, 101000, 90000, NULL));
    assert_int_equal(open_faults(f, STORE_FAULT_SILENT), 1);
    OK(ingest_heartbeat(f->s, LOCKER, beat(f, BEAT("[]"), 9, 1), 102000, &applied, NULL));
    assert_int_equal(all_open_faults(f), 0);
}

static void samples_of_heartbeats_are_thinned(void **state)
{
    struct fixture *f = *state;
    struct store_sample t;
    bool applied;

    OK(ingest_heartbeat(f->s, LOCKER, beat(f, BEAT("[]"), 1, 1), 100000, &applied, NULL));
    OK(ingest_heartbeat(f->s, LOCKER, beat(f, BEAT("[]"), 2, 2), 130000, &applied, NULL));
    OK(f->s->ops->sample_last(f->s, LOCKER, "fridge", &t, NULL));
    assert_int_equal(t.at_ms, 100000);
    OK(ingest_heartbeat(f->s, LOCKER, beat(f, BEAT("[]"), 3, 3), 160000, &applied, NULL));
    OK(f->s->ops->sample_last(f->s, LOCKER, "fridge", &t, NULL));
    assert_int_equal(t.at_ms, 160000);
    assert_int_equal(t.permille, 510);
}

static void a_heartbeat_tells_the_band_of_a_sensor_once(void **state)
{
    struct fixture *f = *state;
    struct store_sensor x;
    bool applied;

    OK(ingest_heartbeat(f->s, LOCKER, beat(f, BEAT("[]"), 1, 1), 100000, &applied, NULL));
    OK(ingest_heartbeat(f->s, LOCKER, beat(f, BEAT("[]"), 2, 2), 200000, &applied, NULL));
    OK(f->s->ops->sensor_get(f->s, LOCKER, "fridge", &x, NULL));
    assert_int_equal(x.zone, TOKEN_ZONE_COLD);
    assert_int_equal(x.min_milli_c, 2000);
    assert_int_equal(x.max_milli_c, 8000);
    assert_int_equal(x.told_ms, 100000);
}

static bool sum_use(void *arg, const struct store_use_row *x)
{
    unsigned *n = arg;

    n[x->kind] += x->n;
    return true;
}

static void a_bag_is_counted_when_it_came_and_when_it_went(void **state)
{
    struct fixture *f = *state;
    unsigned n[STORE_USE_N] = {0};

    put_order(f, ORDER_PACKED);
    (void)tell(f, "order.loaded.v1", LOADED);
    (void)tell(f, "door.opened.v1", "{\"door\":\"A3\"}");
    (void)tell(f, "door.jammed.v1", "{\"door\":\"A3\",\"try\":1}");
    (void)tell(f, "door.jammed.v1", "{\"door\":\"A3\",\"try\":2}");
    OK(f->s->ops->use_list(f->s, LOCKER, 0, INT64_C(99) * STORE_SLOT_MS, sum_use, n, NULL));
    assert_int_equal(n[STORE_USE_LOADED], 1);
    assert_int_equal(n[STORE_USE_OPENED], 1);
    assert_int_equal(n[STORE_USE_FAULT], 1);
    assert_int_equal(n[STORE_USE_COLLECTED], 0);
    (void)tell(f, "order.collected.v1", COLLECTED);
    OK(f->s->ops->use_list(f->s, LOCKER, 0, INT64_C(99) * STORE_SLOT_MS, sum_use, n, NULL));
    assert_int_equal(n[STORE_USE_COLLECTED], 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_event_is_applied_once_however_often_it_comes),
        CASE(beyond_a_gap_nothing_happens_and_the_cursor_is_told),
        CASE(a_batch_acknowledges_what_it_committed),
        CASE(a_refused_scan_is_kept_and_changes_nothing),
        CASE(two_histories_freeze_the_locker),
        CASE(a_wrong_chain_at_the_next_number_is_a_fork),
        CASE(another_epoch_is_foreign),
        CASE(an_unknown_locker_is_refused),
        CASE(a_withdrawal_is_written_with_the_event_that_asks_for_it),
        CASE(a_failed_commit_leaves_no_trace),
        CASE(loading_places_the_bag_and_forgets_the_code),
        CASE(collecting_keeps_the_proof_and_ends_the_code),
        CASE(an_unconfirmed_pickup_is_a_fault_until_it_is_explained),
        CASE(a_door_is_free_again_after_the_bag_was_taken_back),
        CASE(a_confirmed_withdrawal_depends_on_where_the_bag_is),
        CASE(what_cannot_be_true_is_kept_and_told_but_changes_nothing),
        CASE(a_bag_loaded_after_its_end_is_to_be_withdrawn_again),
        CASE(door_faults_close_on_evidence),
        CASE(a_relay_that_stays_on_is_not_told_as_two_doors),
        CASE(climate_is_sampled_and_judged),
        CASE(a_door_is_tested_until_another_one_moves),
        CASE(a_cabinet_describes_its_doors),
        CASE(the_newest_heartbeat_wins),
        CASE(an_event_from_a_backlog_does_not_overwrite_a_newer_heartbeat),
        CASE(a_heartbeat_that_cannot_be_read_changes_nothing),
        CASE(silence_is_a_fault_until_a_heartbeat),
        CASE(samples_of_heartbeats_are_thinned),
        CASE(a_heartbeat_tells_the_band_of_a_sensor_once),
        CASE(a_bag_is_counted_when_it_came_and_when_it_went),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
