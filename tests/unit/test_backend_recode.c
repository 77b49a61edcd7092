/* SPDX-License-Identifier: Apache-2.0 */
/* A new code at the hub: nothing is new before the locker has confirmed, and there are not too many. */
#include "backend/recode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/policy.h"
#include "backend/view.h"
#include "tests/unit/bag_bed.h"

static struct order ready(struct bag_bed *b, const char *patient, const char *door)
{
    struct order o = bag_ask(b, patient, "1937-07-13");

    o = bag_pack(b, &o);
    return bag_load(b, &o, door);
}

static struct recode asked(struct bag_bed *b, const struct order *o)
{
    struct recode x = {.who = b->anna, .reason = "slip lost"};

    memcpy(x.order, o->id, sizeof(x.order));
    return x;
}

static enum err recode_by(struct bag_bed *b, struct recode *x)
{
    enum err e = recode_begin(&b->bed.hub, x, NULL);

    if (e != ERR_OK)
        return e;
    mint_stretch(&x->job);
    return recode_finish(&b->bed.hub, x, NULL);
}

static struct recode recoded(struct bag_bed *b, const struct order *o)
{
    struct recode x = asked(b, o);

    BAG_OK(recode_by(b, &x));
    return x;
}

static void answer(struct bag_bed *b, const struct recode *x, const char *how)
{
    assert_false(bag_tell(b, "command.done.v1", "{\"seq\":%d,\"result\":%s}", (int)x->row.seq, how).contradiction);
}

static struct store_packing packing(struct bag_bed *b, const struct order *o)
{
    struct store_packing p;

    BAG_OK(b->bed.hub.store->ops->packing_get(b->bed.hub.store, o->id, o->load, &p, NULL));
    return p;
}

/* What the hub knows of the code is as before. */
static void assert_same(const struct store_packing *a, const struct store_packing *b)
{
    assert_memory_equal(a->code_index, b->code_index, sizeof(a->code_index));
    assert_string_equal(a->pickup, b->pickup);
    assert_true(a->code_live && b->code_live);
    assert_int_equal(a->code_kept, b->code_kept);
}

/* "pending" ... of the newest, and whether a slip can be printed. */
static void assert_view(struct bag_bed *b, const struct order *o, const char *want, bool slip)
{
    cJSON *tree = json_new_object();
    const char *state;

    BAG_OK(view_recodes(&b->bed.hub, o, tree, NULL));
    BAG_OK(json_get_text(cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(tree, "recodes"), 0), "state", 1, 20,
                         &state, NULL));
    assert_string_equal(state, want);
    assert_int_equal(cJSON_IsString(cJSON_GetObjectItemCaseSensitive(tree, "slip")), slip);
    cJSON_Delete(tree);
}

/* ---------------------------------------------------------------- one code */

static void the_new_code_counts_from_the_word_of_the_locker_on(void **state)
{
    struct bag_bed *b = *state;
    struct order o = ready(b, "J. de Wit", "A3");
    struct store_packing before = packing(b, &o), after;
    struct recode x = recoded(b, &o);
    char code[CODE_DIGITS + 1];

    assert_view(b, &o, "pending", false);
    after = packing(b, &o);
    assert_same(&after, &before); /* the old code still works, and is what the hub knows */
    answer(b, &x, "\"done\"");
    assert_view(b, &o, "done", true);
    after = packing(b, &o);
    assert_true(after.code_live && after.code_kept);
    assert_string_not_equal(after.pickup, before.pickup);
    BAG_OK(mint_open_code(&b->bed.hub.mint, &after, code, NULL));
    assert_string_equal(code, x.job.secret);
    assert_string_not_equal(code, b->code);
}

static void the_command_carries_verifiers_and_the_only_slip_that_counts(void **state)
{
    struct bag_bed *b = *state;
    struct order o = ready(b, "J. de Wit", "A3");
    struct recode x = recoded(b, &o);
    struct bag_command c = bag_last_command(b);
    struct code_binding bind = {.load = o.load};
    uint8_t mac[CODE_MAC_LEN], got[CODE_MAC_LEN], id[16];
    struct token t;

    assert_string_equal(c.typ, "order.recode.v1");
    memcpy(bind.locker, BAG_LOCKER, sizeof(bind.locker));
    memcpy(bind.order, o.id, sizeof(bind.order));
    code_mac1(&x.job.key, &bind, x.job.a, mac);
    BAG_OK(json_get_hex(c.msg.dat, "v1", got, sizeof(got), NULL));
    assert_memory_equal(got, mac, sizeof(mac));
    code_mac2(&x.job.key, &bind, x.job.a, "1307", mac);
    BAG_OK(json_get_hex(c.msg.dat, "v2", got, sizeof(got), NULL));
    assert_memory_equal(got, mac, sizeof(mac));
    BAG_OK(json_get_hex(c.msg.dat, "token", id, sizeof(id), NULL));
    BAG_OK(token_decode(x.row.pickup, b->bed.hub.mint.token_secret + 32, &t, NULL));
    assert_memory_equal(t.u.pickup.id, id, sizeof(id));
    assert_int_equal(t.u.pickup.bind.load, o.load);
    msg_fini(&c.msg);
}

static void a_refused_code_never_was_one(void **state)
{
    struct bag_bed *b = *state;
    struct order o = ready(b, "J. de Wit", "A3");
    struct store_packing before = packing(b, &o), after;
    struct recode x = recoded(b, &o), again = asked(b, &o);
    bool live = true;

    assert_int_equal(recode_begin(&b->bed.hub, &again, NULL), ERR_STATE); /* one at a time */
    answer(b, &x, "\"refused\",\"cause\":\"state\"");
    assert_view(b, &o, "refused", false);
    after = packing(b, &o);
    assert_same(&after, &before);
    BAG_OK(b->bed.hub.store->ops->code_is_live(b->bed.hub.store, BAG_LOCKER, x.row.code_index, &live, NULL));
    assert_false(live);
    BAG_OK(recode_by(b, &again));
}

static void a_code_for_printing_is_forgotten_after_a_day(void **state)
{
    struct bag_bed *b = *state;
    struct store *s = b->bed.hub.store;
    struct order o = ready(b, "J. de Wit", "A3");
    struct recode x = recoded(b, &o);

    answer(b, &x, "\"done\"");
    BAG_OK(recode_tidy(&b->bed.hub, NULL));
    assert_true(packing(b, &o).code_kept);
    BAG_OK(s->ops->begin(s, NULL));
    BAG_OK(s->ops->packing_forget_recoded(s, clock_wall_ms() + 1000, NULL));
    BAG_OK(s->ops->commit(s, NULL));
    assert_false(packing(b, &o).code_kept);
    assert_true(packing(b, &o).code_live);
}

static void only_a_bag_that_lies_ready_gets_a_new_code(void **state)
{
    struct bag_bed *b = *state;
    struct order o = bag_ask(b, "J. de Wit", "1937-07-13");
    struct recode x = asked(b, &o);

    assert_int_equal(recode_begin(&b->bed.hub, &x, NULL), ERR_STATE);
    o = bag_pack(b, &o);
    assert_int_equal(recode_begin(&b->bed.hub, &x, NULL), ERR_STATE); /* that one is packed again */
    x.order[0] ^= 1;
    assert_int_equal(recode_begin(&b->bed.hub, &x, NULL), ERR_NOT_FOUND);
}

/* ---------------------------------------------------------------- caps */

static void set_policy(struct bag_bed *b, const char *name, const char *value)
{
    BAG_OK(policy_set(&b->bed.hub, &b->anna, policy_find(name), value, NULL));
}

static void an_order_has_three_new_codes_and_no_more(void **state)
{
    struct bag_bed *b = *state;
    struct order o = ready(b, "J. de Wit", "A3");
    struct recode more = asked(b, &o);

    for (unsigned i = 0; i < 3; i++) {
        struct recode x = recoded(b, &o);
        answer(b, &x, "\"done\"");
    }
    assert_int_equal(recode_begin(&b->bed.hub, &more, NULL), ERR_STATE);
    assert_false(more.capped);
    set_policy(b, "cap.recode_order", "4");
    BAG_OK(recode_by(b, &more));
}

static void a_user_makes_so_many_in_an_hour_and_no_more(void **state)
{
    struct bag_bed *b = *state;
    struct order first = ready(b, "J. de Wit", "A3"), second = ready(b, "K.", "A4");
    struct recode x = asked(b, &second);

    set_policy(b, "cap.recode_hour", "1");
    (void)recoded(b, &first);
    assert_int_equal(recode_begin(&b->bed.hub, &x, NULL), ERR_BUSY);
    assert_true(x.capped);
    act_who_named("ben", &x.who); /* a colleague has their own */
    BAG_OK(recode_by(b, &x));
}

/* ---------------------------------------------------------------- before it left */

static void a_bag_that_did_not_leave_yet_gets_a_new_label(void **state)
{
    struct bag_bed *b = *state;
    struct order o = bag_ask(b, "J. de Wit", "1937-07-13");
    struct pack p = {.who = b->anna, .repack = true, .reason = "slip lost"};
    struct store_packing old;
    struct bag_command c;
    char hex[2 * ORDER_ID_LEN + 1];
    uint8_t person[TOKEN_PERSON_LEN];
    int64_t load = 0;

    o = bag_pack(b, &o);
    memcpy(person, o.person, sizeof(person));
    memcpy(p.order, o.id, sizeof(p.order));
    memcpy(p.locker, o.locker, sizeof(p.locker));
    BAG_OK(pack_begin(&b->bed.hub, &p, NULL));
    mint_stretch(&p.job);
    BAG_OK(pack_finish(&b->bed.hub, &p, &o, NULL));
    assert_int_equal(o.state, ORDER_PACKED);
    assert_int_equal(o.load, 2);
    assert_memory_equal(o.person, person, sizeof(person));
    c = bag_last_command(b); /* the old label is dead, should somebody load it */
    assert_string_equal(c.typ, "order.withdraw.v1");
    BAG_OK(json_get_int(c.msg.dat, "lod", 1, 9, &load, NULL));
    assert_int_equal(load, 1);
    msg_fini(&c.msg);
    BAG_OK(b->bed.hub.store->ops->packing_get(b->bed.hub.store, o.id, 1, &old, NULL));
    assert_false(old.code_live);
    assert_string_equal(old.voucher, "");
    bag_hex(o.id, sizeof(o.id), hex);
    assert_false(bag_tell(b, "order.voided.v1", "{\"ord\":\"%s\",\"lod\":1,\"door\":null,\"cause\":\"withdrawn\"}", hex)
                     .contradiction);
    assert_int_equal(bag_now(b, &o).state, ORDER_PACKED);
    assert_int_equal(bag_load(b, &o, "A3").state, ORDER_READY);
    assert_int_equal(pack_begin(&b->bed.hub, &p, NULL), ERR_STATE);
}

static void a_label_that_was_called_back_and_loaded_is_told(void **state)
{
    struct bag_bed *b = *state;
    struct order o = bag_ask(b, "J. de Wit", "1937-07-13");
    struct pack p = {.who = b->anna, .repack = true};
    char hex[2 * ORDER_ID_LEN + 1];

    o = bag_pack(b, &o);
    memcpy(p.order, o.id, sizeof(p.order));
    memcpy(p.locker, o.locker, sizeof(p.locker));
    BAG_OK(pack_begin(&b->bed.hub, &p, NULL));
    mint_stretch(&p.job);
    BAG_OK(pack_finish(&b->bed.hub, &p, &o, NULL));
    assert_true(bag_tell(b, "order.loaded.v1", "{" BAG_ORD ",\"staff\":\"0102030405060708\"}",
                         bag_hex(o.id, sizeof(o.id), hex), 1u, "A3")
                    .contradiction);
    assert_int_equal(bag_now(b, &o).state, ORDER_PACKED);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, bag_bed_open, bag_bed_close)
    const struct CMUnitTest tests[] = {
        CASE(the_new_code_counts_from_the_word_of_the_locker_on),
        CASE(the_command_carries_verifiers_and_the_only_slip_that_counts),
        CASE(a_refused_code_never_was_one),
        CASE(a_code_for_printing_is_forgotten_after_a_day),
        CASE(only_a_bag_that_lies_ready_gets_a_new_code),
        CASE(an_order_has_three_new_codes_and_no_more),
        CASE(a_user_makes_so_many_in_an_hour_and_no_more),
        CASE(a_bag_that_did_not_leave_yet_gets_a_new_label),
        CASE(a_label_that_was_called_back_and_loaded_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
