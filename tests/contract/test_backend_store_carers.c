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
#include <unistd.h>

#include "backend/store.h"
#include "backend/store_sqlite.h"

struct fixture {
    struct store *s;
    char folder[64];
    struct order order;
};

static const uint8_t LOCKER[STORE_LOCKER_LEN] = {0xAA}, OTHER[STORE_LOCKER_LEN] = {0xBB};

#define OK(call)                                                                                                       \
    do {                                                                                                               \
        struct reason r_ = {""};                                                                                       \
        struct reason *r = &r_;                                                                                        \
        enum err e_ = (call);                                                                                          \
        if (e_ != ERR_OK)                                                                                              \
            fail_msg("%s: %s: %s", #call, err_name(e_), r_.text);                                                      \
    } while (0)
#define REFUSED(want, call)                                                                                            \
    do {                                                                                                               \
        struct reason r_ = {""};                                                                                       \
        struct reason *r = &r_;                                                                                        \
        assert_int_equal(call, want);                                                                                  \
    } while (0)

static void begin(struct store *s)
{
    OK(s->ops->begin(s, r));
}

static void commit(struct store *s)
{
    OK(s->ops->commit(s, r));
}

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
    char path[96];

    if (f == NULL)
        return -1;
    memcpy(f->folder, "/tmp/medlocker-store-XXXXXX", sizeof("/tmp/medlocker-store-XXXXXX"));
    if (mkdtemp(f->folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/hub.db", f->folder);
    OK(store_sqlite_open(&f->s, path, r));
    f->order = an_order(7);
    begin(f->s);
    OK(f->s->ops->order_insert(f->s, &f->order, NULL, r));
    commit(f->s);
    *state = f;
    return 0;
}

static int close_store(void **state)
{
    struct fixture *f = *state;
    char command[128];

    f->s->ops->free(f->s);
    (void)snprintf(command, sizeof(command), "rm -rf %s", f->folder);
    int code = system(command);
    free(f);
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
    begin(f->s);
    OK(f->s->ops->carer_insert(f->s, &once, r));
    OK(f->s->ops->carer_insert(f->s, &standing, r));
    commit(f->s);
    begin(f->s);
    REFUSED(ERR_DUPLICATE, f->s->ops->carer_insert(f->s, &once, r));
    f->s->ops->rollback(f->s);
    OK(f->s->ops->carer_get(f->s, once.carer, &back, r));
    assert_memory_equal(&back, &once, sizeof(once));
    OK(f->s->ops->carer_list(f->s, f->order.id, holder, note_name, &got, r));
    assert_string_equal(got.all, "Carer 2;Carer 1;");
    got.all[0] = '\0'; /* another order of the same person */
    OK(f->s->ops->carer_list(f->s, elsewhere, holder, note_name, &got, r));
    assert_string_equal(got.all, "Carer 2;");
    got.all[0] = '\0';
    OK(f->s->ops->carer_list(f->s, elsewhere, nobody, note_name, &got, r));
    assert_string_equal(got.all, "");
    standing.revoked_ms = 50;
    (void)snprintf(standing.revoked_by, sizeof(standing.revoked_by), "ben");
    begin(f->s);
    OK(f->s->ops->carer_update(f->s, &standing, r));
    commit(f->s);
    OK(f->s->ops->carer_get(f->s, standing.carer, &back, r));
    assert_memory_equal(&back, &standing, sizeof(standing));
    standing.carer[5] = 1;
    begin(f->s);
    REFUSED(ERR_NOT_FOUND, f->s->ops->carer_update(f->s, &standing, r));
    f->s->ops->rollback(f->s);
    REFUSED(ERR_NOT_FOUND, f->s->ops->carer_get(f->s, standing.carer, &back, r));
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
    begin(f->s);
    OK(f->s->ops->carer_insert(f->s, &c, r));
    OK(f->s->ops->carer_place_put(f->s, &here, r));
    OK(f->s->ops->carer_place_put(f->s, &there, r));
    commit(f->s);
    OK(f->s->ops->carer_places(f->s, c.carer, count_place, &n, r));
    assert_int_equal(n, 2);
    OK(f->s->ops->carer_place_find(f->s, LOCKER, 11, &back, r));
    assert_memory_equal(&back, &here, sizeof(here));
    REFUSED(ERR_NOT_FOUND, f->s->ops->carer_place_find(f->s, OTHER, 11, &back, r));
    REFUSED(ERR_NOT_FOUND, f->s->ops->carer_place_find(f->s, OTHER, 0, &back, r)); /* no command at all */
    here.grant = STORE_REPLY_DONE;
    here.revoke_seq = 12;
    here.revoke = STORE_REPLY_PENDING;
    begin(f->s);
    OK(f->s->ops->carer_place_put(f->s, &here, r)); /* its own live code is not in its way */
    commit(f->s);
    OK(f->s->ops->carer_place_find(f->s, LOCKER, 12, &back, r));
    assert_memory_equal(&back, &here, sizeof(here));
    OK(f->s->ops->carer_place_find(f->s, LOCKER, 11, &back, r));
    OK(f->s->ops->carer_place_get(f->s, c.carer, LOCKER, &back, r));
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

    begin(f->s);
    OK(f->s->ops->packing_insert(f->s, &bag, r));
    OK(f->s->ops->carer_insert(f->s, &c, r));
    REFUSED(ERR_DUPLICATE, f->s->ops->carer_place_put(f->s, &same_as_bag, r));
    OK(f->s->ops->carer_place_put(f->s, &own, r));
    REFUSED(ERR_DUPLICATE, f->s->ops->recode_insert(f->s, &same_as_own, r));
    OK(f->s->ops->recode_insert(f->s, &anew, r));
    second.load = 2;
    REFUSED(ERR_DUPLICATE, f->s->ops->packing_insert(f->s, &second, r));
    second.code_index[0] = 3;
    REFUSED(ERR_DUPLICATE, f->s->ops->packing_insert(f->s, &second, r));
    commit(f->s);
    for (uint8_t code = 1; code <= 4; code++) {
        index[0] = code;
        OK(f->s->ops->code_is_live(f->s, LOCKER, index, &live, r));
        assert_int_equal(live, code < 4);
        OK(f->s->ops->code_is_live(f->s, OTHER, index, &live, r));
        assert_false(live);
    }
    own.code_live = false;
    begin(f->s);
    OK(f->s->ops->carer_place_put(f->s, &own, r));
    commit(f->s);
    index[0] = 2;
    OK(f->s->ops->code_is_live(f->s, LOCKER, index, &live, r));
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

    begin(f->s);
    OK(f->s->ops->packing_insert(f->s, &p, r));
    OK(f->s->ops->recode_insert(f->s, &first, r));
    OK(f->s->ops->recode_insert(f->s, &second, r));
    commit(f->s);
    assert_true(second.id > first.id);
    OK(f->s->ops->recode_find(f->s, LOCKER, 4, &back, r));
    assert_memory_equal(&back, &first, sizeof(first));
    REFUSED(ERR_NOT_FOUND, f->s->ops->recode_find(f->s, OTHER, 4, &back, r));
    first.reply = STORE_REPLY_DONE;
    first.code_live = false;
    begin(f->s);
    OK(f->s->ops->packing_recode(f->s, &first, r));
    OK(f->s->ops->recode_update(f->s, &first, r));
    commit(f->s);
    OK(f->s->ops->packing_get(f->s, f->order.id, 1, &p, r));
    assert_int_equal(p.code_index[0], 2);
    assert_int_equal(p.key_epoch, 2);
    assert_true(p.code_live && p.code_kept && p.code_box[0] == 8);
    assert_string_equal(p.pickup, "4D5132");
    OK(f->s->ops->recode_list(f->s, f->order.id, note_reply, &got, r));
    assert_string_equal(got.all, "pending;done;");
    begin(f->s);
    OK(f->s->ops->packing_end_code(f->s, f->order.id, 1, r));
    REFUSED(ERR_NOT_FOUND, f->s->ops->packing_recode(f->s, &second, r)); /* what ended stays ended */
    f->s->ops->rollback(f->s);
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

    begin(f->s);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct store_audit a = {.at_ms = rows[i].at_ms, .has_order = rows[i].order};

        (void)snprintf(a.actor, sizeof(a.actor), "%s", rows[i].actor);
        (void)snprintf(a.action, sizeof(a.action), "%s", rows[i].action);
        if (rows[i].order)
            memcpy(a.order, f->order.id, sizeof(a.order));
        OK(f->s->ops->audit_append(f->s, &a, r));
    }
    commit(f->s);
    OK(f->s->ops->audit_count(f->s, "order.recode", NULL, NULL, 0, &n, r));
    assert_int_equal(n, 3);
    OK(f->s->ops->audit_count(f->s, "order.recode", "anna", NULL, 0, &n, r));
    assert_int_equal(n, 2);
    OK(f->s->ops->audit_count(f->s, "order.recode", "anna", NULL, 11, &n, r));
    assert_int_equal(n, 1);
    OK(f->s->ops->audit_count(f->s, "order.recode", NULL, f->order.id, 0, &n, r));
    assert_int_equal(n, 2);
    OK(f->s->ops->audit_count(f->s, "order.recode", "carl", NULL, 0, &n, r));
    assert_int_equal(n, 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_store, close_store)
    const struct CMUnitTest tests[] = {
        CASE(carers_are_listed_by_order_and_by_holder), CASE(a_right_has_one_place_at_each_locker),
        CASE(every_kind_of_live_code_is_taken),         CASE(a_new_code_takes_the_place_of_the_old_one),
        CASE(acts_are_counted_by_who_what_and_when),
    };

    return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
