/* SPDX-License-Identifier: Apache-2.0 */
/* What every implementation of backend/store.h must do with carers, codes made anew, and counts of the audit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/store.h"
#include "tests/contract/store_bed.h"

struct fixture {
    struct store_bed bed;
    struct order order;
};

static const uint8_t LOCKER[STORE_LOCKER_LEN] = {0xAA}, OTHER[STORE_LOCKER_LEN] = {0xBB};

static struct order an_order(uint8_t mark)
{
    uint8_t id[ORDER_ID_LEN] = {mark};
    struct request ask;
    struct order o;

    request_init(&ask, REQUEST_JSON);
    (void)snprintf(ask.patient, sizeof(ask.patient), "Patient");
    order_init(&o, id, &ask, 5);
    return o;
}

static int open_store(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return -1;
    store_bed_open(&f->bed, *state);
    f->order = an_order(7);
    begin(f->bed.s);
    OK(f->bed.s->ops->order_insert(f->bed.s, &f->order, NULL, r));
    commit(f->bed.s);
    *state = f;
    return 0;
}

static int close_store(void **state)
{
    struct fixture *f = *state;
    int code = store_bed_close(&f->bed);

    free(f);
    *state = NULL;
    return code;
}

/* ---------------------------------------------------------------- carers */

static struct store_carer a_carer(const struct fixture *f, uint8_t mark, bool standing)
{
    struct store_carer c = {.standing = standing, .not_after_s = 1000, .created_ms = mark};

    c.carer[0] = mark;
    (void)snprintf(c.name, sizeof(c.name), "Carer %u", mark);
    memcpy(c.order, f->order.id, sizeof(c.order));
    c.holder[7] = 3;
    (void)snprintf(c.created_by, sizeof(c.created_by), "anna");
    return c;
}

struct names {
    char all[200];
};

static bool note_name(void *arg, const struct store_carer *c)
{
    struct names *to = arg;
    size_t len = strlen(to->all);

    (void)snprintf(to->all + len, sizeof(to->all) - len, "%s;", c->name);
    return true;
}

static void carers_are_listed_by_order_and_by_holder(void **state)
{
    struct fixture *f = *state;
    const uint8_t holder[TOKEN_PERSON_LEN] = {[7] = 3}, nobody[TOKEN_PERSON_LEN] = {0};
    const uint8_t elsewhere[ORDER_ID_LEN] = {9};
    struct store_carer once = a_carer(f, 1, false), standing = a_carer(f, 2, true), back = {.standing = true};
    struct names got = {""};

    once.strip = true;
    begin(f->bed.s);
    OK(f->bed.s->ops->carer_insert(f->bed.s, &once, r));
    OK(f->bed.s->ops->carer_insert(f->bed.s, &standing, r));
    commit(f->bed.s);
    begin(f->bed.s);
    REFUSED(ERR_DUPLICATE, f->bed.s->ops->carer_insert(f->bed.s, &once, r));
    f->bed.s->ops->rollback(f->bed.s);
    OK(f->bed.s->ops->carer_get(f->bed.s, once.carer, &back, r));
    assert_memory_equal(&back, &once, sizeof(once));
    OK(f->bed.s->ops->carer_list(f->bed.s, f->order.id, holder, note_name, &got, r));
    assert_string_equal(got.all, "Carer 2;Carer 1;");
    got.all[0] = '\0'; /* another order of the same person */
    OK(f->bed.s->ops->carer_list(f->bed.s, elsewhere, holder, note_name, &got, r));
    assert_string_equal(got.all, "Carer 2;");
    got.all[0] = '\0';
    OK(f->bed.s->ops->carer_list(f->bed.s, elsewhere, nobody, note_name, &got, r));
    assert_string_equal(got.all, "");
    standing.revoked_ms = 50;
    (void)snprintf(standing.revoked_by, sizeof(standing.revoked_by), "ben");
    begin(f->bed.s);
    OK(f->bed.s->ops->carer_update(f->bed.s, &standing, r));
    commit(f->bed.s);
    OK(f->bed.s->ops->carer_get(f->bed.s, standing.carer, &back, r));
    assert_memory_equal(&back, &standing, sizeof(standing));
    standing.carer[5] = 1;
    begin(f->bed.s);
    REFUSED(ERR_NOT_FOUND, f->bed.s->ops->carer_update(f->bed.s, &standing, r));
    f->bed.s->ops->rollback(f->bed.s);
    REFUSED(ERR_NOT_FOUND, f->bed.s->ops->carer_get(f->bed.s, standing.carer, &back, r));
}

static struct store_carer_place a_place(uint8_t mark, const uint8_t locker[STORE_LOCKER_LEN], uint8_t code)
{
    struct store_carer_place p = {.person = {5}, .load = 2, .changed_ms = 9};

    p.carer[0] = mark;
    memcpy(p.locker, locker, sizeof(p.locker));
    p.code_live = code != 0;
    p.code_index[0] = code;
    return p;
}

static bool count_place(void *arg, const struct store_carer_place *p)
{
    (void)p;
    (*(unsigned *)arg)++;
    return true;
}

static void a_right_has_one_place_at_each_locker(void **state)
{
    struct fixture *f = *state;
    struct store_carer c = a_carer(f, 1, true);
    struct store_carer_place here = a_place(1, LOCKER, 4), there = a_place(1, OTHER, 0), back = {.load = 9};
    unsigned n = 0;

    here.grant_seq = 11;
    here.grant = STORE_REPLY_PENDING;
    begin(f->bed.s);
    OK(f->bed.s->ops->carer_insert(f->bed.s, &c, r));
    OK(f->bed.s->ops->carer_place_put(f->bed.s, &here, r));
    OK(f->bed.s->ops->carer_place_put(f->bed.s, &there, r));
    commit(f->bed.s);
    OK(f->bed.s->ops->carer_places(f->bed.s, c.carer, count_place, &n, r));
    assert_int_equal(n, 2);
    OK(f->bed.s->ops->carer_place_find(f->bed.s, LOCKER, 11, &back, r));
    assert_memory_equal(&back, &here, sizeof(here));
    REFUSED(ERR_NOT_FOUND, f->bed.s->ops->carer_place_find(f->bed.s, OTHER, 11, &back, r));
    REFUSED(ERR_NOT_FOUND, f->bed.s->ops->carer_place_find(f->bed.s, OTHER, 0, &back, r)); /* no command at all */
    here.grant = STORE_REPLY_DONE;
    here.revoke_seq = 12;
    here.revoke = STORE_REPLY_PENDING;
    begin(f->bed.s);
    OK(f->bed.s->ops->carer_place_put(f->bed.s, &here, r)); /* its own live code is not in its way */
    commit(f->bed.s);
    OK(f->bed.s->ops->carer_place_find(f->bed.s, LOCKER, 12, &back, r));
    assert_memory_equal(&back, &here, sizeof(here));
    OK(f->bed.s->ops->carer_place_find(f->bed.s, LOCKER, 11, &back, r));
    OK(f->bed.s->ops->carer_place_get(f->bed.s, c.carer, LOCKER, &back, r));
    assert_int_equal(back.revoke, STORE_REPLY_PENDING);
}

/* ---------------------------------------------------------------- codes */

static struct store_packing a_packing(const struct fixture *f, uint8_t code)
{
    struct store_packing p = {.load = 1, .key_epoch = 1, .code_live = true, .packed_ms = 5};

    memcpy(p.order, f->order.id, sizeof(p.order));
    memcpy(p.locker, LOCKER, sizeof(LOCKER));
    (void)snprintf(p.voucher, sizeof(p.voucher), "4D4C31");
    (void)snprintf(p.pickup, sizeof(p.pickup), "4D5131");
    p.code_index[0] = code;
    return p;
}

static struct store_recode a_recode(const struct fixture *f, int64_t seq, uint8_t code)
{
    struct store_recode x = {.load = 1, .seq = seq, .reply = STORE_REPLY_PENDING, .made_ms = 7, .key_epoch = 2};

    memcpy(x.order, f->order.id, sizeof(x.order));
    memcpy(x.locker, LOCKER, sizeof(LOCKER));
    (void)snprintf(x.reason, sizeof(x.reason), "slip lost");
    (void)snprintf(x.made_by, sizeof(x.made_by), "anna");
    (void)snprintf(x.pickup, sizeof(x.pickup), "4D5132");
    x.code_live = true;
    x.code_index[0] = code;
    x.code_box[0] = 8;
    return x;
}

/* A code can be of a bag, of a carer, or on its way: never of two at once at one locker. */
static void every_kind_of_live_code_is_taken(void **state)
{
    struct fixture *f = *state;
    struct store_carer c = a_carer(f, 1, true);
    struct store_packing bag = a_packing(f, 1), second = a_packing(f, 2);
    struct store_carer_place own = a_place(1, LOCKER, 2), same_as_bag = a_place(1, LOCKER, 1);
    struct store_recode anew = a_recode(f, 1, 3), same_as_own = a_recode(f, 2, 2);
    uint8_t index[STORE_HASH_LEN] = {0};
    bool live = false;

    begin(f->bed.s);
    OK(f->bed.s->ops->packing_insert(f->bed.s, &bag, r));
    OK(f->bed.s->ops->carer_insert(f->bed.s, &c, r));
    REFUSED(ERR_DUPLICATE, f->bed.s->ops->carer_place_put(f->bed.s, &same_as_bag, r));
    OK(f->bed.s->ops->carer_place_put(f->bed.s, &own, r));
    REFUSED(ERR_DUPLICATE, f->bed.s->ops->recode_insert(f->bed.s, &same_as_own, r));
    OK(f->bed.s->ops->recode_insert(f->bed.s, &anew, r));
    second.load = 2;
    REFUSED(ERR_DUPLICATE, f->bed.s->ops->packing_insert(f->bed.s, &second, r));
    second.code_index[0] = 3;
    REFUSED(ERR_DUPLICATE, f->bed.s->ops->packing_insert(f->bed.s, &second, r));
    commit(f->bed.s);
    for (uint8_t code = 1; code <= 4; code++) {
        index[0] = code;
        OK(f->bed.s->ops->code_is_live(f->bed.s, LOCKER, index, &live, r));
        assert_int_equal(live, code < 4);
        OK(f->bed.s->ops->code_is_live(f->bed.s, OTHER, index, &live, r));
        assert_false(live);
    }
    own.code_live = false;
    begin(f->bed.s);
    OK(f->bed.s->ops->carer_place_put(f->bed.s, &own, r));
    commit(f->bed.s);
    index[0] = 2;
    OK(f->bed.s->ops->code_is_live(f->bed.s, LOCKER, index, &live, r));
    assert_false(live);
}

static bool note_reply(void *arg, const struct store_recode *x)
{
    struct names *to = arg;
    size_t len = strlen(to->all);

    (void)snprintf(to->all + len, sizeof(to->all) - len, "%s;", store_reply_name(x->reply));
    return true;
}

static void a_new_code_takes_the_place_of_the_old_one(void **state)
{
    struct fixture *f = *state;
    struct store_packing p = a_packing(f, 1);
    struct store_recode first = a_recode(f, 4, 2), second = a_recode(f, 5, 3), back = {.load = 9};
    struct names got = {""};

    begin(f->bed.s);
    OK(f->bed.s->ops->packing_insert(f->bed.s, &p, r));
    OK(f->bed.s->ops->recode_insert(f->bed.s, &first, r));
    OK(f->bed.s->ops->recode_insert(f->bed.s, &second, r));
    commit(f->bed.s);
    assert_true(second.id > first.id);
    OK(f->bed.s->ops->recode_find(f->bed.s, LOCKER, 4, &back, r));
    assert_memory_equal(&back, &first, sizeof(first));
    REFUSED(ERR_NOT_FOUND, f->bed.s->ops->recode_find(f->bed.s, OTHER, 4, &back, r));
    first.reply = STORE_REPLY_DONE;
    first.code_live = false;
    begin(f->bed.s);
    OK(f->bed.s->ops->packing_recode(f->bed.s, &first, r));
    OK(f->bed.s->ops->recode_update(f->bed.s, &first, r));
    commit(f->bed.s);
    OK(f->bed.s->ops->packing_get(f->bed.s, f->order.id, 1, &p, r));
    assert_int_equal(p.code_index[0], 2);
    assert_int_equal(p.key_epoch, 2);
    assert_true(p.code_live && p.code_kept && p.code_box[0] == 8);
    assert_string_equal(p.pickup, "4D5132");
    OK(f->bed.s->ops->recode_list(f->bed.s, f->order.id, note_reply, &got, r));
    assert_string_equal(got.all, "pending;done;");
    begin(f->bed.s);
    OK(f->bed.s->ops->packing_end_code(f->bed.s, f->order.id, 1, r));
    REFUSED(ERR_NOT_FOUND, f->bed.s->ops->packing_recode(f->bed.s, &second, r)); /* what ended stays ended */
    f->bed.s->ops->rollback(f->bed.s);
}

/* ---------------------------------------------------------------- counts */

static void acts_are_counted_by_who_what_and_when(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *actor, *action;
        int64_t at_ms;
        bool order;
    } rows[] = {
        {"anna", "order.recode", 10, true},
        {"anna", "order.recode", 20, false},
        {"ben", "order.recode", 30, true},
        {"anna", "order.open_asked", 30, true},
    };
    uint32_t n = 0;

    begin(f->bed.s);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct store_audit a = {.at_ms = rows[i].at_ms, .has_order = rows[i].order};

        (void)snprintf(a.actor, sizeof(a.actor), "%s", rows[i].actor);
        (void)snprintf(a.action, sizeof(a.action), "%s", rows[i].action);
        if (rows[i].order)
            memcpy(a.order, f->order.id, sizeof(a.order));
        OK(f->bed.s->ops->audit_append(f->bed.s, &a, r));
    }
    commit(f->bed.s);
    OK(f->bed.s->ops->audit_count(f->bed.s, "order.recode", NULL, NULL, 0, &n, r));
    assert_int_equal(n, 3);
    OK(f->bed.s->ops->audit_count(f->bed.s, "order.recode", "anna", NULL, 0, &n, r));
    assert_int_equal(n, 2);
    OK(f->bed.s->ops->audit_count(f->bed.s, "order.recode", "anna", NULL, 11, &n, r));
    assert_int_equal(n, 1);
    OK(f->bed.s->ops->audit_count(f->bed.s, "order.recode", NULL, f->order.id, 0, &n, r));
    assert_int_equal(n, 2);
    OK(f->bed.s->ops->audit_count(f->bed.s, "order.recode", "carl", NULL, 0, &n, r));
    assert_int_equal(n, 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_prestate_setup_teardown(f, open_store, close_store, NULL)
    struct CMUnitTest tests[] = {
        CASE(carers_are_listed_by_order_and_by_holder), CASE(a_right_has_one_place_at_each_locker),
        CASE(every_kind_of_live_code_is_taken),         CASE(a_new_code_takes_the_place_of_the_old_one),
        CASE(acts_are_counted_by_who_what_and_when),
    };

    return store_bed_run(tests, sizeof(tests) / sizeof(tests[0]));
}
