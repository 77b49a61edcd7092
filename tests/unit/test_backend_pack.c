/* SPDX-License-Identifier: Apache-2.0 */
/* Bags of one person: what is tied together, what is told at packing, and what the door says about it. */
#include "backend/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/person.h"
#include "backend/view.h"
#include "tests/unit/bag_bed.h"

static struct token_voucher voucher_of(struct bag_bed *b, const struct order *o)
{
    struct store *s = b->bed.hub.store;
    struct store_packing p;
    struct token t;

    BAG_OK(s->ops->packing_get(s, o->id, o->load, &p, NULL));
    BAG_OK(token_decode(p.voucher, b->bed.hub.mint.token_secret + 32, &t, NULL));
    assert_int_equal(t.kind, TOKEN_VOUCHER);
    return t.u.voucher;
}

/* How many other bags "with" names, and the number of the first. */
static int with(struct bag_bed *b, const struct order *o, int64_t *first)
{
    cJSON *tree = json_new_object();
    const cJSON *list;
    int n;

    BAG_OK(view_together(&b->bed.hub, o, tree, NULL));
    list = cJSON_GetObjectItemCaseSensitive(tree, "with");
    n = cJSON_GetArraySize(list);
    if (n > 0)
        BAG_OK(json_get_int(cJSON_GetArrayItem(list, 0), "number", 1, 1000000, first, NULL));
    cJSON_Delete(tree);
    return n;
}

static void bags_of_one_person_at_one_locker_are_tied_together(void **state)
{
    struct bag_bed *b = *state;
    struct order first = bag_ask(b, "J. de Wit", "1937-07-13"), second = bag_ask(b, "j. de wit", "1937-07-13");
    struct order other = bag_ask(b, "K. de Wit", "1937-07-13");
    int64_t number = 0;

    first = bag_pack(b, &first);
    assert_int_equal(with(b, &first, &number), 0);
    other = bag_pack(b, &other);
    second = bag_pack(b, &second);
    assert_true(person_is_known(first.person));
    assert_memory_equal(first.person, second.person, sizeof(first.person));
    assert_memory_not_equal(first.person, other.person, sizeof(first.person));
    assert_memory_equal(voucher_of(b, &first).person, first.person, sizeof(first.person));
    assert_int_equal(with(b, &second, &number), 1);
    assert_int_equal(number, first.number);
    assert_int_equal(with(b, &other, &number), 0);
}

static void a_bag_packed_alone_or_elsewhere_is_on_its_own(void **state)
{
    struct bag_bed *b = *state;
    struct order one = bag_ask(b, "J. de Wit", "1937-07-13"), two = bag_ask(b, "J. de Wit", "1937-07-13");
    struct order three = bag_ask(b, "J. de Wit", "1937-07-13"), four = bag_ask(b, "J. de Wit", "");
    int64_t number = 0;

    one = bag_pack(b, &one);
    two = bag_pack_as(b, &two, BAG_LOCKER, true);
    three = bag_pack_as(b, &three, BAG_OTHER, false);
    four = bag_pack(b, &four);
    assert_false(person_is_known(two.person));
    assert_true(person_is_known(three.person));
    assert_memory_not_equal(one.person, three.person, sizeof(one.person));
    assert_false(person_is_known(four.person));
    assert_int_equal(with(b, &one, &number), 0);
    assert_int_equal(with(b, &two, &number), 0);
    assert_int_equal(with(b, &three, &number), 0);
}

static void the_screen_speaks_the_language_of_the_order(void **state)
{
    struct bag_bed *b = *state;
    struct order o = bag_ask(b, "J. de Wit", "1937-07-13");

    (void)snprintf(o.ask.language, sizeof(o.ask.language), "ar");
    BAG_OK(b->bed.hub.store->ops->begin(b->bed.hub.store, NULL));
    BAG_OK(b->bed.hub.store->ops->order_update(b->bed.hub.store, &o, NULL));
    BAG_OK(b->bed.hub.store->ops->commit(b->bed.hub.store, NULL));
    o = bag_pack(b, &o);
    assert_int_equal(voucher_of(b, &o).language, LANGUAGE_AR);
}

/* ---------------------------------------------------------------- what the door tells */

struct reports {
    unsigned count;
    char *detail;
};

static bool note_report(void *arg, const struct store_fault *f)
{
    struct reports *to = arg;

    if (f->kind == STORE_FAULT_REPORTED) {
        to->count++;
        memcpy(to->detail, f->detail, STORE_TEXT_CAP);
    }
    return true;
}

static unsigned reported(struct bag_bed *b, char detail[STORE_TEXT_CAP])
{
    const struct store_fault_filter f = {.open_only = true, .limit = 100};
    struct reports to = {.detail = detail};

    BAG_OK(b->bed.hub.store->ops->fault_list(b->bed.hub.store, &f, note_report, &to, NULL));
    return to.count;
}

static void what_people_report_at_the_door_is_a_fault_of_the_order(void **state)
{
    struct bag_bed *b = *state;
    struct order o = bag_ask(b, "J. de Wit", "1937-07-13");
    char hex[2 * ORDER_ID_LEN + 1], detail[STORE_TEXT_CAP];

    o = bag_pack(b, &o);
    o = bag_load(b, &o, "A3");
    bag_hex(o.id, sizeof(o.id), hex);
    assert_false(bag_tell(b, "order.reported.v1", "{" BAG_ORD ",\"what\":\"empty\"}", hex, o.load, "A3").contradiction);
    assert_int_equal(reported(b, detail), 1);
    assert_string_equal(detail, "empty, A3");
    assert_int_equal(bag_now(b, &o).state, ORDER_READY); /* other events tell what became of it */
    assert_true(bag_tell(b, "order.reported.v1", "{" BAG_ORD ",\"what\":\"angry\"}", hex, o.load, "A3").contradiction);
    assert_true(bag_tell(b, "order.reported.v1", "{" BAG_ORD ",\"what\":\"wrong\"}", "00000000000000000000000000000009",
                         o.load, "A3")
                    .contradiction);
    assert_int_equal(reported(b, detail), 1);
}

static struct order collected_by(struct bag_bed *b, const char *actor)
{
    struct order o = bag_ask(b, "J. de Wit", "1937-07-13");
    char hex[2 * ORDER_ID_LEN + 1];

    o = bag_pack(b, &o);
    o = bag_load(b, &o, "A3");
    (void)bag_tell(b, "order.collected.v1",
                   "{" BAG_ORD ",\"actor\":%s,\"pulses\":1,\"pulsed_ms\":1,\"opened_ms\":2,\"closed_ms\":3,"
                   "\"proof\":\"opened-closed\"}",
                   bag_hex(o.id, sizeof(o.id), hex), o.load, "A3", actor);
    return bag_now(b, &o);
}

static void the_proof_tells_patient_carer_and_remote_staff_apart(void **state)
{
    struct bag_bed *b = *state;
    static const uint8_t carer[TOKEN_CARER_LEN] = {0xCA, 0xFE}, staff[ORDER_STAFF_LEN] = {0x0A};
    struct order o = collected_by(b, "{\"kind\":\"token\"}");

    assert_int_equal(o.proof.actor, ORDER_ACTOR_TOKEN);
    o = collected_by(b, "{\"kind\":\"carer\",\"carer\":\"cafe000000000000\"}");
    assert_int_equal(o.state, ORDER_COLLECTED);
    assert_int_equal(o.proof.actor, ORDER_ACTOR_CARER);
    assert_memory_equal(o.proof.carer, carer, sizeof(carer));
    o = collected_by(b, "{\"kind\":\"remote\",\"staff\":\"0a00000000000000\"}");
    assert_int_equal(o.proof.actor, ORDER_ACTOR_REMOTE);
    assert_memory_equal(o.proof.staff, staff, sizeof(staff));
    o = collected_by(b, "{\"kind\":\"carer\"}"); /* which one? */
    assert_int_equal(o.state, ORDER_READY);
    o = collected_by(b, "{\"kind\":\"remote\"}");
    assert_int_equal(o.state, ORDER_READY);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, bag_bed_open, bag_bed_close)
    const struct CMUnitTest tests[] = {
        CASE(bags_of_one_person_at_one_locker_are_tied_together),
        CASE(a_bag_packed_alone_or_elsewhere_is_on_its_own),
        CASE(the_screen_speaks_the_language_of_the_order),
        CASE(what_people_report_at_the_door_is_a_fault_of_the_order),
        CASE(the_proof_tells_patient_carer_and_remote_staff_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
