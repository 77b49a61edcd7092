/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "backend/tour.h"
#include "tests/unit/backend_bed.h"

static const uint8_t LOCKER[STORE_LOCKER_LEN] = {0xAA, 1};

/* ---------------------------------------------------------------- deciding */

static struct order an_order(uint8_t mark, enum order_state state, const char *door)
{
    struct request ask;
    struct order o;
    uint8_t id[ORDER_ID_LEN] = {mark};

    request_init(&ask, REQUEST_JSON);
    order_init(&o, id, &ask, 1);
    o.state = state;
    o.load = 1;
    memcpy(o.locker, LOCKER, sizeof(LOCKER));
    (void)snprintf(o.door, sizeof(o.door), "%s", door);
    return o;
}

static void every_bag_that_must_come_back_and_every_unclear_door_is_due(void **state)
{
    static const struct {
        const char *door; /* state of the compartment; NULL: no door */
        int order;        /* ORDER_STATE_N: no bag */
        bool due;
        enum store_tour_reason why;
        enum tour_goal goal;
    } row[] = {
        {"LOADED", ORDER_READY, false, STORE_TOUR_REASON_N, TOUR_GOAL_N},
        {"FREE", ORDER_STATE_N, false, STORE_TOUR_REASON_N, TOUR_GOAL_N},
        {"OUT", ORDER_STATE_N, false, STORE_TOUR_REASON_N, TOUR_GOAL_N},
        {"LOADED", ORDER_EXPIRED, true, STORE_TOUR_EXPIRED, TOUR_CALL},
        {"LOADED", ORDER_WITHDRAWN, true, STORE_TOUR_WITHDRAWN, TOUR_RESTOCK},
        {"LOADED", ORDER_WITHDRAWING, true, STORE_TOUR_WITHDRAWING, TOUR_RESTOCK},
        {NULL, ORDER_RECALLED, true, STORE_TOUR_RECALLED, TOUR_RESTOCK},
        {"CHECK", ORDER_STATE_N, true, STORE_TOUR_CHECK, TOUR_LOOK},
        {"FORCED", ORDER_STATE_N, true, STORE_TOUR_FORCED, TOUR_LOOK},
        {"CHECK", ORDER_READY, true, STORE_TOUR_CHECK, TOUR_CALL},
        {"CHECK", ORDER_UNCONFIRMED, true, STORE_TOUR_CHECK, TOUR_CALL},
        {"FORCED", ORDER_READY, true, STORE_TOUR_FORCED, TOUR_CALL},
        {"CHECK", ORDER_EXPIRED, true, STORE_TOUR_EXPIRED, TOUR_CALL},
        {NULL, ORDER_RETURNED, false, STORE_TOUR_REASON_N, TOUR_GOAL_N},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        bool bag = row[i].order != ORDER_STATE_N;
        struct order o =
            an_order(1, bag ? (enum order_state)row[i].order : ORDER_READY, row[i].door != NULL ? "A1" : "");
        struct store_compartment c = {.door = "A1"};
        struct tour_facts f = {.door = row[i].door != NULL ? &c : NULL, .order = bag ? &o : NULL};
        enum store_tour_reason why = STORE_TOUR_REASON_N;

        (void)snprintf(c.state, sizeof(c.state), "%s", row[i].door != NULL ? row[i].door : "");
        assert_int_equal(tour_due(&f, &why), row[i].due);
        assert_int_equal(why, row[i].why);
        if (row[i].due)
            assert_int_equal(tour_goes_to(why, f.order), row[i].goal);
    }
}

static void a_cold_bag_does_not_go_back_on_the_shelf(void **state)
{
    struct order o = an_order(1, ORDER_WITHDRAWN, "C5");

    (void)state;
    o.ask.zone = TOKEN_ZONE_COLD;
    assert_int_equal(tour_goes_to(STORE_TOUR_WITHDRAWN, &o), TOUR_DESTROY);
    assert_int_equal(tour_goes_to(STORE_TOUR_CHECK, &o), TOUR_CALL);
}

static void a_stop_is_settled_by_evidence_or_by_words(void **state)
{
    static const struct {
        enum store_tour_reason why;
        enum order_state order;
        uint32_t load;
        const char *door;
        bool explained;
        enum tour_mark mark;
    } row[] = {
        {STORE_TOUR_EXPIRED, ORDER_EXPIRED, 1, "LOADED", false, TOUR_OPEN},
        {STORE_TOUR_EXPIRED, ORDER_EXPIRED, 1, "LOADED", true, TOUR_EXPLAINED},
        {STORE_TOUR_EXPIRED, ORDER_RETURNED, 1, "LOADED", false, TOUR_REMOVED},
        {STORE_TOUR_EXPIRED, ORDER_RETURNED, 1, "FREE", true, TOUR_REMOVED},
        {STORE_TOUR_EXPIRED, ORDER_RESTOCKED, 1, "FREE", false, TOUR_REMOVED},
        {STORE_TOUR_EXPIRED, ORDER_DESTROYED, 1, "FREE", false, TOUR_REMOVED},
        {STORE_TOUR_EXPIRED, ORDER_PACKED, 2, "FREE", false, TOUR_REMOVED}, /* packed again since */
        {STORE_TOUR_WITHDRAWING, ORDER_COLLECTED, 1, "TAKEN", false, TOUR_COLLECTED},
        {STORE_TOUR_CHECK, ORDER_READY, 1, "CHECK", false, TOUR_OPEN},
        {STORE_TOUR_CHECK, ORDER_READY, 1, "LOADED", false, TOUR_CLEARED},
        {STORE_TOUR_FORCED, ORDER_READY, 1, "FORCED", false, TOUR_OPEN},
        {STORE_TOUR_FORCED, ORDER_RETURNED, 1, "FORCED", false, TOUR_REMOVED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct order o = an_order(1, row[i].order, "A1");
        struct store_compartment c = {.door = "A1"};
        struct tour_facts now = {.door = &c, .order = &o};
        struct store_tour_stop s = {.door = "A1", .reason = row[i].why, .has_order = true, .load = 1};

        o.load = row[i].load;
        s.explained_ms = row[i].explained ? 5 : 0;
        (void)snprintf(c.state, sizeof(c.state), "%s", row[i].door);
        if (tour_mark(&s, &now) != row[i].mark)
            fail_msg("row %zu: %s", i, tour_mark_name(tour_mark(&s, &now)));
    }
}

static void a_door_without_a_bag_is_settled_when_it_is_in_order_again(void **state)
{
    struct store_compartment c = {.door = "A1", .state = "CHECK"};
    struct tour_facts now = {.door = &c};
    struct store_tour_stop s = {.door = "A1", .reason = STORE_TOUR_CHECK};

    (void)state;
    assert_int_equal(tour_mark(&s, &now), TOUR_OPEN);
    memcpy(c.state, "FREE", sizeof("FREE"));
    assert_int_equal(tour_mark(&s, &now), TOUR_CLEARED);
    now.door = NULL; /* the locker has no such door any more: nobody has looked into it */
    assert_int_equal(tour_mark(&s, &now), TOUR_OPEN);
}

/* ---------------------------------------------------------------- a hub with a locker */

struct fixture {
    struct bed bed;
    struct act_who who;
};

static int set_up(void **state)
{
    static struct fixture f;
    static const uint8_t key[32] = {9};

    bed_open(&f.bed);
    bed_add_locker(&f.bed, "Noord", LOCKER, key);
    act_who_named("logi", &f.who);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    bed_close(&f->bed);
    return 0;
}

static struct store *store_of(struct fixture *f)
{
    return f->bed.hub.store;
}

static void put_door(struct fixture *f, const char *name, const char *door_state, const struct order *o)
{
    struct store *s = store_of(f);
    struct store_compartment c = {.number = 1};

    memcpy(c.locker, LOCKER, sizeof(LOCKER));
    (void)snprintf(c.door, sizeof(c.door), "%s", name);
    (void)snprintf(c.state, sizeof(c.state), "%s", door_state);
    c.has_order = o != NULL;
    if (o != NULL) {
        memcpy(c.order, o->id, sizeof(c.order));
        c.load = o->load;
    }
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->compartment_put(s, &c, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
}

static struct order put_order(struct fixture *f, uint8_t mark, enum order_state order_state, const char *door)
{
    struct order o = an_order(mark, order_state, door);
    struct store *s = store_of(f);

    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->order_insert(s, &o, NULL, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
    if (door[0] != '\0')
        put_door(f, door, "LOADED", &o);
    return o;
}

/* The label of a bag, as it would be printed. */
static void print_label(struct fixture *f, const struct order *o, uint32_t load, char text[TOKEN_TEXT_CAP])
{
    struct token k = {.kind = TOKEN_VOUCHER};

    memcpy(k.u.voucher.bind.locker, o->locker, sizeof(k.u.voucher.bind.locker));
    memcpy(k.u.voucher.bind.order, o->id, sizeof(k.u.voucher.bind.order));
    k.u.voucher.bind.load = load;
    k.u.voucher.not_before_s = 1;
    k.u.voucher.not_after_s = 2;
    k.u.voucher.key_epoch = 1;
    k.u.voucher.has_v1 = true;
    token_encode(&k, f->bed.hub.keys.token_secret, text);
}

static void a_tour_lists_everything_once_and_ends_when_all_is_explained(void **state)
{
    struct fixture *f = *state;
    struct hub *hub = &f->bed.hub;
    struct order expired = put_order(f, 1, ORDER_EXPIRED, "A1"), recalled = put_order(f, 2, ORDER_RECALLED, ""), got;
    struct reason r = {.text = ""};
    char label[TOKEN_TEXT_CAP], number[24];
    struct tour_plan p;

    put_door(f, "A2", "CHECK", NULL);
    (void)put_order(f, 3, ORDER_READY, "A3");
    assert_int_equal(tour_look(hub, LOCKER, &p, &r), ERR_OK);
    assert_false(p.open);
    assert_int_equal(p.steps, 3);
    assert_int_equal(p.left, 3);
    tour_free(&p);
    print_label(f, &expired, 1, label);
    assert_int_equal(tour_scan(hub, &f->who, LOCKER, label, &got, &r), ERR_STATE); /* not started */

    assert_int_equal(tour_start(hub, &f->who, LOCKER, &r), ERR_OK);
    assert_int_equal(tour_start(hub, &f->who, LOCKER, &r), ERR_DUPLICATE);
    assert_int_equal(tour_finish(hub, &f->who, LOCKER, &r), ERR_STATE);
    assert_non_null(strstr(r.text, "A1"));

    /* The bag in hand: its label. Twice does no harm. */
    assert_int_equal(tour_scan(hub, &f->who, LOCKER, label, &got, &r), ERR_OK);
    assert_int_equal(got.state, ORDER_RETURNED);
    assert_int_equal(tour_scan(hub, &f->who, LOCKER, label, &got, &r), ERR_OK);
    /* A bag by its number. */
    (void)snprintf(number, sizeof(number), "%lld", (long long)recalled.number);
    assert_int_equal(tour_scan(hub, &f->who, LOCKER, number, &got, &r), ERR_OK);
    /* What became due meanwhile is on the tour too. */
    (void)put_order(f, 4, ORDER_WITHDRAWN, "A4");
    assert_int_equal(tour_look(hub, LOCKER, &p, &r), ERR_OK);
    assert_true(p.open);
    assert_int_equal(p.steps, 4);
    assert_int_equal(p.left, 2);
    tour_free(&p);
    put_door(f, "A2", "FREE", NULL); /* looked into */
    assert_int_equal(tour_finish(hub, &f->who, LOCKER, &r), ERR_STATE);
    assert_non_null(strstr(r.text, "A4"));
    assert_int_equal(tour_explain(hub, &f->who, LOCKER, 4, "", &r), ERR_MISSING);
    assert_int_equal(tour_explain(hub, &f->who, LOCKER, 5, "x", &r), ERR_NOT_FOUND);
    assert_int_equal(tour_explain(hub, &f->who, LOCKER, 4, "door jams, the fitter comes", &r), ERR_OK);
    assert_int_equal(tour_finish(hub, &f->who, LOCKER, &r), ERR_OK);
    assert_int_equal(tour_finish(hub, &f->who, LOCKER, &r), ERR_STATE);

    /* What was explained in words is due again on the next one. */
    assert_int_equal(tour_look(hub, LOCKER, &p, &r), ERR_OK);
    assert_false(p.open);
    assert_int_equal(p.steps, 1);
    tour_free(&p);
}

static void a_bag_that_is_not_on_the_tour_stays_where_it_is(void **state)
{
    struct fixture *f = *state;
    struct hub *hub = &f->bed.hub;
    struct order expired = put_order(f, 1, ORDER_EXPIRED, "A1"), ready = put_order(f, 2, ORDER_READY, "A2"), got;
    char label[TOKEN_TEXT_CAP];
    struct reason r;

    assert_int_equal(tour_start(hub, &f->who, LOCKER, &r), ERR_OK);
    print_label(f, &ready, 1, label);
    assert_int_equal(tour_scan(hub, &f->who, LOCKER, label, &got, &r), ERR_FOREIGN);
    print_label(f, &expired, 2, label); /* the label of another load */
    assert_int_equal(tour_scan(hub, &f->who, LOCKER, label, &got, &r), ERR_FOREIGN);
    print_label(f, &expired, 1, label);
    label[20] = label[20] == 'A' ? 'B' : 'A';
    assert_int_equal(tour_scan(hub, &f->who, LOCKER, label, &got, &r), ERR_SIGNATURE);
    assert_int_equal(tour_scan(hub, &f->who, LOCKER, "4D4431AA010000000000000001", &got, &r), ERR_UNKNOWN);
    assert_int_equal(tour_scan(hub, &f->who, LOCKER, "hello", &got, &r), ERR_UNKNOWN);
    assert_int_equal(tour_scan(hub, &f->who, LOCKER, "99", &got, &r), ERR_FOREIGN);
    assert_int_equal(tour_finish(hub, &f->who, LOCKER, &r), ERR_STATE);
}

static void without_anything_to_fetch_no_tour_starts(void **state)
{
    static const uint8_t nobody[STORE_LOCKER_LEN] = {1};
    struct fixture *f = *state;
    struct tour_plan p;
    struct reason r;

    (void)put_order(f, 1, ORDER_READY, "A1");
    assert_int_equal(tour_start(&f->bed.hub, &f->who, LOCKER, &r), ERR_STATE);
    assert_int_equal(tour_look(&f->bed.hub, nobody, &p, &r), ERR_NOT_FOUND);
    assert_string_equal(tour_goal_name(TOUR_LOOK), "look");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bag_that_must_come_back_and_every_unclear_door_is_due),
        cmocka_unit_test(a_cold_bag_does_not_go_back_on_the_shelf),
        cmocka_unit_test(a_stop_is_settled_by_evidence_or_by_words),
        cmocka_unit_test(a_door_without_a_bag_is_settled_when_it_is_in_order_again),
        CASE(a_tour_lists_everything_once_and_ends_when_all_is_explained),
        CASE(a_bag_that_is_not_on_the_tour_stays_where_it_is),
        CASE(without_anything_to_fetch_no_tour_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
