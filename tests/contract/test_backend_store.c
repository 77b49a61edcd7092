/* SPDX-License-Identifier: Apache-2.0 */
/* What every implementation of backend/store.h must do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/audit.h"
#include "tests/contract/store_bed.h"

static int open_store(void **state)
{
    struct store_bed *b = calloc(1, sizeof(*b));

    if (b == NULL)
        return -1;
    store_bed_open(b, *state);
    *state = b;
    return 0;
}

static int close_store(void **state)
{
    int code = store_bed_close(*state);

    free(*state);
    *state = NULL;
    return code;
}

static void reopen(struct store_bed *f)
{
    f->s->ops->free(f->s);
    f->s = NULL;
    OK(f->factory->open(&f->s, f->folder, r));
}

static const uint8_t LOCKER[STORE_LOCKER_LEN] = {0xAA, 1, 2, 3, 4, 5, 6, 7};
static const uint8_t OTHER[STORE_LOCKER_LEN] = {0xBB};

static struct order an_order(uint8_t mark)
{
    struct request ask;
    struct order o;
    uint8_t id[ORDER_ID_LEN] = {mark};

    request_init(&ask, REQUEST_CSV);
    (void)snprintf(ask.reference, sizeof(ask.reference), "ref-%u", mark);
    (void)snprintf(ask.patient, sizeof(ask.patient), "Patiënt %u", mark);
    memcpy(ask.birth_date, "1985-11-09", sizeof("1985-11-09"));
    ask.cls = TOKEN_CLASS_SENSITIVE;
    ask.size = TOKEN_SIZE_L;
    ask.zone = TOKEN_ZONE_COLD;
    ask.low_door = true;
    ask.not_before_s = 100;
    ask.not_after_s = 1000 + mark;
    order_init(&o, id, &ask, 5);
    return o;
}

static struct order inserted(struct store *s, uint8_t mark)
{
    struct order o = an_order(mark);

    begin(s);
    OK(s->ops->order_insert(s, &o, NULL, r));
    commit(s);
    return o;
}

static struct store_locker a_locker(const uint8_t id[STORE_LOCKER_LEN], const char *name)
{
    struct store_locker l = {.key_epoch = 1, .cost = {.passes = 2, .mem_kib = 64}, .created_ms = 9};

    memcpy(l.id, id, STORE_LOCKER_LEN);
    (void)snprintf(l.name, sizeof(l.name), "%s", name);
    (void)snprintf(l.hours, sizeof(l.hours), "07:00-22:00");
    memset(l.sign_key, 7, sizeof(l.sign_key));
    l.evt.epoch = 1;
    l.cmd.epoch = 1;
    return l;
}

static void put_locker(struct store *s, const uint8_t id[STORE_LOCKER_LEN], const char *name)
{
    struct store_locker l = a_locker(id, name);

    begin(s);
    OK(s->ops->locker_insert(s, &l, r));
    commit(s);
}

/* ---------------------------------------------------------------- transactions */

static void committed_work_survives_reopening(void **state)
{
    struct store_bed *f = *state;
    struct order o = inserted(f->s, 1), back = {0};

    reopen(f);
    OK(f->s->ops->order_get(f->s, o.id, &back, r));
    assert_memory_equal(&back, &o, sizeof(o));
}

static void work_rolled_back_never_happened(void **state)
{
    struct store_bed *f = *state;
    struct order o = an_order(1), back = {0};

    begin(f->s);
    OK(f->s->ops->order_insert(f->s, &o, NULL, r));
    OK(f->s->ops->order_get(f->s, o.id, &back, r));
    f->s->ops->rollback(f->s);
    REFUSED(ERR_NOT_FOUND, f->s->ops->order_get(f->s, o.id, &back, r));
    f->s->ops->rollback(f->s); /* nothing open: nothing happens */
    OK(f->s->ops->idle(f->s, r));
}

static void work_not_committed_is_gone_after_reopening(void **state)
{
    struct store_bed *f = *state;
    struct order o = an_order(1), back = {0};

    begin(f->s);
    OK(f->s->ops->order_insert(f->s, &o, NULL, r));
    reopen(f);
    REFUSED(ERR_NOT_FOUND, f->s->ops->order_get(f->s, o.id, &back, r));
}

/* ---------------------------------------------------------------- orders */

static void orders_get_rising_numbers(void **state)
{
    struct store_bed *f = *state;
    struct order a = inserted(f->s, 1), b = inserted(f->s, 2), back = {0};

    assert_true(a.number > 0 && b.number == a.number + 1);
    OK(f->s->ops->order_find(f->s, b.number, &back, r));
    assert_memory_equal(&back, &b, sizeof(b));
    REFUSED(ERR_NOT_FOUND, f->s->ops->order_find(f->s, 999, &back, r));
}

static void one_reference_of_a_source_is_one_order(void **state)
{
    struct store_bed *f = *state;
    struct order a = inserted(f->s, 1), again = an_order(1), back = {0};

    again.id[5] = 9;
    begin(f->s);
    REFUSED(ERR_DUPLICATE, f->s->ops->order_insert(f->s, &again, NULL, r));
    f->s->ops->rollback(f->s);
    begin(f->s);
    again.ask.source = REQUEST_FHIR;
    OK(f->s->ops->order_insert(f->s, &again, NULL, r));
    commit(f->s);
    OK(f->s->ops->order_find_reference(f->s, REQUEST_CSV, "ref-1", &back, r));
    assert_memory_equal(back.id, a.id, sizeof(a.id));
    REFUSED(ERR_NOT_FOUND, f->s->ops->order_find_reference(f->s, REQUEST_JSON, "ref-1", &back, r));
    REFUSED(ERR_NOT_FOUND, f->s->ops->order_find_reference(f->s, REQUEST_CSV, "", &back, r));
}

static void orders_without_reference_do_not_collide(void **state)
{
    struct store_bed *f = *state;
    struct order a = an_order(1), b = an_order(2);

    a.ask.reference[0] = b.ask.reference[0] = '\0';
    begin(f->s);
    OK(f->s->ops->order_insert(f->s, &a, NULL, r));
    OK(f->s->ops->order_insert(f->s, &b, NULL, r));
    commit(f->s);
}

static void an_updated_order_comes_back_whole(void **state)
{
    struct store_bed *f = *state;
    struct order o = inserted(f->s, 1), back = {0};

    o.state = ORDER_COLLECTED;
    o.load = 3;
    memcpy(o.locker, LOCKER, sizeof(LOCKER));
    o.proof =
        (struct order_proof){.actor = ORDER_ACTOR_CODE, .pulsed_ms = 1, .opened_ms = 2, .closed_ms = 3, .pulses = 2};
    o.proof.staff[7] = 8;
    o.proof.carer[7] = 9;
    o.person[7] = 10;
    o.cause = ORDER_CAUSE_EXPIRED;
    o.changed_ms = 77;
    o.ready_ms = 70;
    begin(f->s);
    OK(f->s->ops->order_update(f->s, &o, r));
    commit(f->s);
    OK(f->s->ops->order_get(f->s, o.id, &back, r));
    assert_memory_equal(&back, &o, sizeof(o));
    o.number = 12345;
    begin(f->s);
    REFUSED(ERR_NOT_FOUND, f->s->ops->order_update(f->s, &o, r));
    f->s->ops->rollback(f->s);
}

static void what_was_kept_of_a_dispense_comes_back(void **state)
{
    struct store_bed *f = *state;
    struct order a = an_order(1), b = an_order(2);
    char *kept = NULL;

    begin(f->s);
    OK(f->s->ops->order_insert(f->s, &a, "{\"x\":\"é\"}", r));
    OK(f->s->ops->order_insert(f->s, &b, NULL, r));
    commit(f->s);
    OK(f->s->ops->order_kept(f->s, a.id, &kept, r));
    assert_string_equal(kept, "{\"x\":\"é\"}");
    free(kept);
    OK(f->s->ops->order_kept(f->s, b.id, &kept, r));
    assert_null(kept);
}

struct numbers {
    int64_t n[64];
    unsigned count, stop_at;
};

static bool note_order(void *arg, const struct order *o)
{
    struct numbers *x = arg;

    x->n[x->count++] = o->number;
    return x->count != x->stop_at;
}

static void order_lists_filter_and_page(void **state)
{
    struct store_bed *f = *state;
    struct order o[5];
    struct numbers got = {.count = 0};
    int64_t matches;

    for (uint8_t i = 0; i < 5; i++) {
        o[i] = inserted(f->s, (uint8_t)(i + 1));
        o[i].state = i < 2 ? ORDER_READY : ORDER_PACKED;
        memcpy(o[i].locker, i == 0 ? OTHER : LOCKER, STORE_LOCKER_LEN);
        o[i].person[0] = i < 3 ? 7 : 0;
        o[i].created_ms = 101 + i;
        o[i].ask.not_after_s = i == 0 ? 0 : o[i].ask.not_after_s; /* none is last, whichever way is up */
        begin(f->s);
        OK(f->s->ops->order_update(f->s, &o[i], r));
        commit(f->s);
    }
    const struct {
        struct store_order_filter filter;
        unsigned want[5], count;
        int64_t matches; /* 0: as many as are listed */
    } row[] = {
        {{.limit = 10}, {4, 3, 2, 1, 0}, 5, 0},
        {{.limit = 2}, {4, 3}, 2, 5},
        {{.limit = 2, .below_number = o[3].number}, {2, 1}, 2, 5},
        {{.limit = 10, .states = 1u << ORDER_READY}, {1, 0}, 2, 0},
        {{.limit = 10, .states = 1u << ORDER_READY | 1u << ORDER_LOST}, {1, 0}, 2, 0},
        {{.limit = 10, .states = 1u << ORDER_PACKED, .ends_before_s = 1004}, {2}, 1, 0},
        {{.limit = 10, .has_locker = true, .locker = {0xBB}}, {0}, 1, 0},
        {{.limit = 10, .has_person = true, .person = {7}}, {2, 1, 0}, 3, 0},
        {{.limit = 10, .has_person = true, .person = {7}, .has_locker = true, .locker = {0xBB}}, {0}, 1, 0},
        {{.limit = 10, .search = "TIËNT 3"}, {0}, 0, 0}, /* only ASCII letters are folded */
        {{.limit = 10, .search = "tiënt 3"}, {2}, 1, 0},
        {{.limit = 10, .search = "REF-4"}, {3}, 1, 0},
        {{.limit = 10, .search = "%"}, {0}, 0, 0},
        {{.limit = 10, .search = "ref_4"}, {0}, 0, 0}, /* these mean themselves */
        {{.limit = 10, .search = "REF-4", .states = 1u << ORDER_PACKED}, {3}, 1, 0},
        {{.limit = 10, .search = "_", .states = 1u << ORDER_PACKED}, {0}, 0, 0},
        {{.limit = 10, .search = "REF-4", .states = 1u << ORDER_READY}, {0}, 0, 0},
        {{.limit = 2, .search = "REF-", .below_number = o[3].number}, {2, 1}, 2, 5},
        {{.limit = 2, .offset = 1}, {3, 2}, 2, 5},
        {{.limit = 2, .offset = 4, .states = (1u << ORDER_STATE_N) - 1}, {0}, 1, 5},
        {{.limit = 2, .offset = 9}, {0}, 0, 5},
        {{.limit = 2, .sort = STORE_ORDER_BY_NUMBER}, {0, 1}, 2, 5},
        {{.limit = 2, .sort = STORE_ORDER_BY_PATIENT, .down = true, .offset = 1}, {3, 2}, 2, 5},
        {{.limit = 5, .sort = STORE_ORDER_BY_STATE}, {4, 3, 2, 1, 0}, 5, 0},
        {{.limit = 3, .sort = STORE_ORDER_BY_END}, {1, 2, 3}, 3, 5},
        {{.limit = 5, .sort = STORE_ORDER_BY_END, .down = true}, {4, 3, 2, 1, 0}, 5, 0},
        {{.limit = 2, .sort = STORE_ORDER_BY_CHANGE, .states = 1u << ORDER_PACKED}, {4, 3}, 2, 3},
        {{.limit = 10, .created_from_ms = 103, .created_before_ms = 105}, {3, 2}, 2, 0},
        {{.limit = 10, .created_from_ms = 200}, {0}, 0, 0},
        {{.limit = 10, .search = "ref-4", .search_number = true}, {0}, 0, 0},
    };
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        got.count = 0;
        OK(f->s->ops->order_list(f->s, &row[i].filter, note_order, &got, r));
        assert_int_equal(got.count, row[i].count);
        for (unsigned k = 0; k < got.count; k++)
            assert_int_equal(got.n[k], o[row[i].want[k]].number);
        OK(f->s->ops->order_matches(f->s, &row[i].filter, &matches, r));
        assert_int_equal(matches, row[i].matches > 0 ? row[i].matches : row[i].count);
    }
    got = (struct numbers){.stop_at = 2};
    OK(f->s->ops->order_list(f->s, &row[0].filter, note_order, &got, r));
    assert_int_equal(got.count, 2);
    uint32_t count[ORDER_STATE_N];
    OK(f->s->ops->order_count(f->s, count, r));
    assert_int_equal(count[ORDER_READY], 2);
    assert_int_equal(count[ORDER_PACKED], 3);
    assert_int_equal(count[ORDER_LOST], 0);
}

/* ---------------------------------------------------------------- packings */

static struct store_packing a_packing(const struct order *o, uint32_t load, uint8_t code)
{
    struct store_packing p = {.load = load, .key_epoch = 1, .code_live = true, .code_kept = true, .packed_ms = 5};

    memcpy(p.order, o->id, sizeof(p.order));
    memcpy(p.locker, LOCKER, sizeof(LOCKER));
    (void)snprintf(p.voucher, sizeof(p.voucher), "4D4C31");
    (void)snprintf(p.pickup, sizeof(p.pickup), "4D5131");
    (void)snprintf(p.packed_by, sizeof(p.packed_by), "anna");
    memset(p.code_index, code, sizeof(p.code_index));
    memset(p.code_box, 0x55, sizeof(p.code_box));
    return p;
}

static void live_codes_of_a_locker_are_distinct(void **state)
{
    struct store_bed *f = *state;
    struct order a = inserted(f->s, 1), b = inserted(f->s, 2);
    struct store_packing p = a_packing(&a, 1, 3), q = a_packing(&b, 1, 3), back = {0};
    bool live = false;

    begin(f->s);
    OK(f->s->ops->packing_insert(f->s, &p, r));
    commit(f->s);
    OK(f->s->ops->packing_get(f->s, a.id, 1, &back, r));
    assert_memory_equal(&back, &p, sizeof(p));
    OK(f->s->ops->code_is_live(f->s, LOCKER, p.code_index, &live, r));
    assert_true(live);
    begin(f->s);
    REFUSED(ERR_DUPLICATE, f->s->ops->packing_insert(f->s, &q, r));
    f->s->ops->rollback(f->s);
    memcpy(q.locker, OTHER, sizeof(OTHER)); /* the same code at another locker is another code */
    begin(f->s);
    OK(f->s->ops->packing_insert(f->s, &q, r));
    commit(f->s);
}

static void an_ended_code_leaves_nothing_to_try_against(void **state)
{
    struct store_bed *f = *state;
    struct order a = inserted(f->s, 1);
    struct store_packing p = a_packing(&a, 1, 3), back = {0};
    static const struct store_packing nothing;
    bool live = true;

    begin(f->s);
    OK(f->s->ops->packing_insert(f->s, &p, r));
    OK(f->s->ops->packing_forget_code(f->s, a.id, 1, r));
    OK(f->s->ops->packing_get(f->s, a.id, 1, &back, r));
    assert_true(back.code_live && !back.code_kept);
    assert_memory_equal(back.code_box, nothing.code_box, sizeof(back.code_box));
    assert_string_equal(back.voucher, p.voucher);
    OK(f->s->ops->packing_end_code(f->s, a.id, 1, r));
    commit(f->s);
    OK(f->s->ops->packing_get(f->s, a.id, 1, &back, r));
    assert_false(back.code_live || back.code_kept);
    assert_memory_equal(back.code_index, nothing.code_index, sizeof(back.code_index));
    assert_string_equal(back.voucher, "");
    assert_string_equal(back.pickup, "");
    OK(f->s->ops->code_is_live(f->s, LOCKER, p.code_index, &live, r));
    assert_false(live);
    begin(f->s);
    REFUSED(ERR_NOT_FOUND, f->s->ops->packing_end_code(f->s, a.id, 2, r));
    f->s->ops->rollback(f->s);
}

/* ---------------------------------------------------------------- lockers and commands */

static bool count_locker(void *arg, const struct store_locker *l)
{
    struct numbers *x = arg;

    x->n[x->count++] = l->id[0];
    return true;
}

static void lockers_are_found_by_id_and_name(void **state)
{
    struct store_bed *f = *state;
    struct store_locker l = a_locker(LOCKER, "Dorpsrand"), back = {0};
    struct numbers got = {.count = 0};

    put_locker(f->s, LOCKER, "Dorpsrand");
    put_locker(f->s, OTHER, "Centrum");
    OK(f->s->ops->locker_get(f->s, LOCKER, &back, r));
    assert_memory_equal(&back, &l, sizeof(l));
    OK(f->s->ops->locker_find(f->s, "Centrum", &back, r));
    assert_memory_equal(back.id, OTHER, sizeof(OTHER));
    REFUSED(ERR_NOT_FOUND, f->s->ops->locker_find(f->s, "centrum", &back, r));
    OK(f->s->ops->locker_list(f->s, count_locker, &got, r));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[0], 0xBB); /* by name */
    l.state = STORE_LOCKER_FROZEN;
    l.tel_seq = INT64_C(5) << 32;
    begin(f->s);
    OK(f->s->ops->locker_update(f->s, &l, r));
    l.id[0] = 1;
    REFUSED(ERR_DUPLICATE, f->s->ops->locker_insert(f->s, &l, r));
    f->s->ops->rollback(f->s);
}

static void the_watermark_moves_alone(void **state)
{
    struct store_bed *f = *state;
    struct stream_cursor c = {.epoch = 1, .seq = 12, .hash = {4}};
    struct store_locker back = {0};

    put_locker(f->s, LOCKER, "Dorpsrand");
    begin(f->s);
    OK(f->s->ops->locker_mark(f->s, LOCKER, &c, 500, r));
    OK(f->s->ops->locker_mark(f->s, LOCKER, &c, 400, r));
    commit(f->s);
    OK(f->s->ops->locker_get(f->s, LOCKER, &back, r));
    assert_int_equal(back.evt.epoch, 1);
    assert_int_equal(back.evt.seq, 12);
    assert_memory_equal(back.evt.hash, c.hash, sizeof(c.hash));
    assert_int_equal(back.seen_ms, 500);
    assert_int_equal(back.cmd.seq, 0);
}

static bool note_command(void *arg, const struct store_command *c)
{
    struct numbers *x = arg;

    assert_int_equal(strlen(c->text), c->len);
    x->n[x->count++] = c->seq;
    return true;
}

static void append_command(struct store *s, int64_t seq, enum err want)
{
    struct stream_cursor c = {.epoch = 1, .seq = seq, .hash = {(uint8_t)seq}};
    struct store_command x = {.typ = "order.withdraw.v1", .text = "a.b.c", .len = 5, .created_ms = 1};

    begin(s);
    REFUSED(want, s->ops->command_append(s, LOCKER, &c, &x, r));
    if (want == ERR_OK)
        commit(s);
    else
        s->ops->rollback(s);
}

static void commands_leave_on_a_signed_word_only(void **state)
{
    struct store_bed *f = *state;
    struct numbers got = {.count = 0};
    struct store_locker l;

    put_locker(f->s, LOCKER, "Dorpsrand");
    append_command(f->s, 1, ERR_OK);
    append_command(f->s, 2, ERR_OK);
    append_command(f->s, 3, ERR_OK);
    append_command(f->s, 3, ERR_GAP);
    append_command(f->s, 5, ERR_GAP);
    OK(f->s->ops->command_list(f->s, LOCKER, 2, 10, note_command, &got, r));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[0], 2);
    begin(f->s);
    OK(f->s->ops->command_ack(f->s, LOCKER, 2, r));
    OK(f->s->ops->command_ack(f->s, LOCKER, 1, r)); /* old: nothing */
    commit(f->s);
    begin(f->s);
    REFUSED(ERR_RANGE, f->s->ops->command_ack(f->s, LOCKER, 4, r));
    f->s->ops->rollback(f->s);
    got.count = 0;
    OK(f->s->ops->command_list(f->s, LOCKER, 1, 10, note_command, &got, r));
    assert_int_equal(got.count, 1);
    assert_int_equal(got.n[0], 3);
    OK(f->s->ops->locker_get(f->s, LOCKER, &l, r));
    assert_int_equal(l.cmd_acked, 2);
    assert_int_equal(l.cmd.seq, 3);
    assert_int_equal(l.cmd.hash[0], 3);
}

static void invitations_are_replaced_and_used_once(void **state)
{
    struct store_bed *f = *state;
    struct store_invite i = {.name = "Dorpsrand", .secret = {1}, .expires_ms = 10}, back = {0};

    begin(f->s);
    OK(f->s->ops->invite_put(f->s, &i, r));
    i.secret[0] = 2;
    OK(f->s->ops->invite_put(f->s, &i, r));
    OK(f->s->ops->invite_get(f->s, "Dorpsrand", &back, r));
    assert_string_equal(back.name, i.name);
    assert_memory_equal(back.secret, i.secret, sizeof(i.secret));
    assert_int_equal(back.expires_ms, 10);
    OK(f->s->ops->invite_delete(f->s, "Dorpsrand", r));
    REFUSED(ERR_NOT_FOUND, f->s->ops->invite_get(f->s, "Dorpsrand", &back, r));
    commit(f->s);
}

/* ---------------------------------------------------------------- reports */

static struct store_compartment a_door(const char *door, uint16_t number, enum token_size size, bool low)
{
    struct store_compartment c = {.number = number, .size = size, .zone = TOKEN_ZONE_ROOM, .low = low, .told_at = 1};

    memcpy(c.locker, LOCKER, sizeof(LOCKER));
    (void)snprintf(c.door, sizeof(c.door), "%s", door);
    (void)snprintf(c.state, sizeof(c.state), "FREE");
    return c;
}

static bool note_door(void *arg, const struct store_compartment *c)
{
    struct numbers *x = arg;

    x->n[x->count++] = c->number;
    return true;
}

static void compartments_are_replaced_whole_and_listed_by_number(void **state)
{
    struct store_bed *f = *state;
    struct store_compartment a = a_door("A2", 2, TOKEN_SIZE_S, false), b = a_door("A1", 1, TOKEN_SIZE_M, true),
                             back = {0};
    struct numbers got = {.count = 0};

    begin(f->s);
    OK(f->s->ops->compartment_put(f->s, &a, r));
    OK(f->s->ops->compartment_put(f->s, &b, r));
    (void)snprintf(a.state, sizeof(a.state), "CHECK");
    a.told_ms = 88;
    OK(f->s->ops->compartment_put(f->s, &a, r));
    commit(f->s);
    OK(f->s->ops->compartment_get(f->s, LOCKER, "A2", &back, r));
    assert_memory_equal(&back, &a, sizeof(a));
    OK(f->s->ops->compartment_list(f->s, LOCKER, note_door, &got, r));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[0], 1);
    begin(f->s);
    OK(f->s->ops->compartment_delete(f->s, LOCKER, "A2", r));
    REFUSED(ERR_NOT_FOUND, f->s->ops->compartment_get(f->s, LOCKER, "A2", &back, r));
    commit(f->s);
}

static void a_bag_lies_in_one_compartment_at_most(void **state)
{
    struct store_bed *f = *state;
    struct store_compartment a = a_door("A1", 1, TOKEN_SIZE_S, false), b = a_door("A2", 2, TOKEN_SIZE_S, false),
                             back = {0};

    a.has_order = b.has_order = true;
    a.order[0] = b.order[0] = 9;
    a.load = b.load = 1;
    begin(f->s);
    OK(f->s->ops->compartment_put(f->s, &a, r));
    commit(f->s);
    begin(f->s);
    REFUSED(ERR_DUPLICATE, f->s->ops->compartment_put(f->s, &b, r));
    f->s->ops->rollback(f->s);
    begin(f->s);
    OK(f->s->ops->compartment_empty(f->s, a.order, r));
    OK(f->s->ops->compartment_put(f->s, &b, r));
    commit(f->s);
    OK(f->s->ops->compartment_get(f->s, LOCKER, "A1", &back, r));
    assert_false(back.has_order);
    assert_int_equal(back.order[0], 0);
}

static void capacity_counts_free_doors_and_promises(void **state)
{
    struct store_bed *f = *state;
    struct store_compartment d[4] = {a_door("A1", 1, TOKEN_SIZE_S, false), a_door("A2", 2, TOKEN_SIZE_S, false),
                                     a_door("C1", 3, TOKEN_SIZE_L, true), a_door("C2", 4, TOKEN_SIZE_L, true)};
    struct store_capacity c;
    struct order o;

    (void)snprintf(d[1].state, sizeof(d[1].state), "CHECK");
    d[3].has_order = true;
    (void)snprintf(d[3].state, sizeof(d[3].state), "LOADED");
    begin(f->s);
    for (int i = 0; i < 4; i++)
        OK(f->s->ops->compartment_put(f->s, &d[i], r));
    commit(f->s);
    o = inserted(f->s, 1);
    o.state = ORDER_IN_TRANSIT;
    memcpy(o.locker, LOCKER, sizeof(LOCKER));
    begin(f->s);
    OK(f->s->ops->order_update(f->s, &o, r));
    commit(f->s);
    OK(f->s->ops->locker_capacity(f->s, LOCKER, &c, r));
    assert_int_equal(c.doors[TOKEN_ZONE_ROOM][TOKEN_SIZE_S][0], 1);
    assert_int_equal(c.doors[TOKEN_ZONE_ROOM][TOKEN_SIZE_L][1], 1);
    assert_int_equal(c.promised[TOKEN_ZONE_COLD][TOKEN_SIZE_L][1], 1);
    assert_int_equal(c.total, 4);
    assert_int_equal(c.loaded, 1);
    OK(f->s->ops->locker_capacity(f->s, OTHER, &c, r));
    assert_int_equal(c.total, 0);
}

static bool note_board(void *arg, const struct store_board *b)
{
    struct numbers *x = arg;

    x->n[x->count++] = b->told_ms;
    return true;
}

static void boards_keep_their_last_state(void **state)
{
    struct store_bed *f = *state;
    struct store_board b = {.board = "relay1", .state = "ok", .told_ms = 1};
    struct numbers got = {.count = 0};

    memcpy(b.locker, LOCKER, sizeof(LOCKER));
    begin(f->s);
    OK(f->s->ops->board_put(f->s, &b, r));
    b.told_ms = 2;
    OK(f->s->ops->board_put(f->s, &b, r));
    commit(f->s);
    OK(f->s->ops->board_list(f->s, LOCKER, note_board, &got, r));
    assert_int_equal(got.count, 1);
    assert_int_equal(got.n[0], 2);
}

static bool note_sample(void *arg, const struct store_sample *t)
{
    struct numbers *x = arg;

    x->n[x->count++] = t->milli_c;
    return true;
}

static void samples_are_listed_by_time(void **state)
{
    struct store_bed *f = *state;
    struct store_sample t = {.sensor = "fridge", .state = "ok", .has_milli_c = true}, back = {0};
    struct numbers got = {.count = 0};

    memcpy(t.locker, LOCKER, sizeof(LOCKER));
    REFUSED(ERR_NOT_FOUND, f->s->ops->sample_last(f->s, LOCKER, "fridge", &back, r));
    begin(f->s);
    for (int i = 1; i <= 4; i++) {
        t.at_ms = i * 10;
        t.milli_c = -i;
        OK(f->s->ops->sample_append(f->s, &t, r));
    }
    commit(f->s);
    OK(f->s->ops->sample_last(f->s, LOCKER, "fridge", &back, r));
    assert_memory_equal(&back, &t, sizeof(t));
    OK(f->s->ops->sample_list(f->s, LOCKER, NULL, 20, 40, note_sample, &got, r));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[0], -2);
    got.count = 0;
    OK(f->s->ops->sample_list(f->s, LOCKER, "other", 0, 100, note_sample, &got, r));
    assert_int_equal(got.count, 0);
}

static bool note_event(void *arg, const struct store_event *e)
{
    struct numbers *x = arg;

    assert_int_equal(e->len, 5);
    assert_memory_equal(e->text, "x.y.z", 5);
    x->n[x->count++] = e->seq;
    return true;
}

static void events_are_found_by_order_and_by_locker(void **state)
{
    struct store_bed *f = *state;
    struct store_event e = {.epoch = 1, .typ = "door.opened.v1", .text = "x.y.z", .len = 5};
    struct numbers got = {.count = 0};
    int64_t first = 0;

    begin(f->s);
    for (int i = 1; i <= 4; i++) {
        memcpy(e.locker, i == 4 ? OTHER : LOCKER, STORE_LOCKER_LEN);
        e.seq = i;
        e.has_order = i % 2 == 0;
        e.order[0] = e.has_order ? 7 : 0;
        OK(f->s->ops->event_append(f->s, &e, r));
        first = i == 1 ? e.id : first;
    }
    commit(f->s);
    OK(f->s->ops->event_list(f->s, LOCKER, NULL, first, 10, note_event, &got, r));
    assert_int_equal(got.count, 2);
    got.count = 0;
    OK(f->s->ops->event_list(f->s, NULL, NULL, 0, 10, note_event, &got, r));
    assert_int_equal(got.count, 4);
    got.count = 0;
    uint8_t order[ORDER_ID_LEN] = {7};
    OK(f->s->ops->event_list(f->s, NULL, order, 0, 10, note_event, &got, r));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[1], 4);
}

/* ---------------------------------------------------------------- faults */

static bool note_fault(void *arg, const struct store_fault *x)
{
    struct numbers *n = arg;

    n->n[n->count++] = x->times;
    return true;
}

static void one_fault_is_one_ticket(void **state)
{
    struct store_bed *f = *state;
    struct store_fault x = {.kind = STORE_FAULT_JAM, .subject = "A3", .detail = "try 1", .opened_ms = 5}, back = {0};
    struct store_fault_filter open = {.open_only = true, .limit = 10}, all = {.limit = 10};
    struct numbers got = {.count = 0};
    bool fresh = false;
    unsigned closed = 0;

    memcpy(x.locker, LOCKER, sizeof(LOCKER));
    begin(f->s);
    OK(f->s->ops->fault_raise(f->s, &x, &fresh, r));
    assert_true(fresh);
    x.opened_ms = 9;
    OK(f->s->ops->fault_raise(f->s, &x, &fresh, r));
    assert_false(fresh);
    commit(f->s);
    OK(f->s->ops->fault_list(f->s, &open, note_fault, &got, r));
    assert_int_equal(got.count, 1);
    assert_int_equal(got.n[0], 2);
    OK(f->s->ops->fault_get(f->s, 1, &back, r));
    assert_int_equal(back.opened_ms, 5);
    assert_int_equal(back.last_ms, 9);
    begin(f->s);
    OK(f->s->ops->fault_settle(f->s, LOCKER, STORE_FAULT_JAM, "A4", 20, &closed, r));
    assert_int_equal(closed, 0);
    OK(f->s->ops->fault_settle(f->s, LOCKER, STORE_FAULT_JAM, "A3", 20, &closed, r));
    assert_int_equal(closed, 1);
    x.opened_ms = 21 + STORE_FLAP_MS;
    OK(f->s->ops->fault_raise(f->s, &x, &fresh, r)); /* later again: a new ticket */
    assert_true(fresh);
    commit(f->s);
    OK(f->s->ops->fault_get(f->s, 1, &back, r));
    assert_int_equal(back.closed_ms, 20);
    assert_string_equal(back.closed_by, "evidence");
    got.count = 0;
    OK(f->s->ops->fault_list(f->s, &all, note_fault, &got, r));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[0], 1); /* newest first */
    got.count = 0;
    open.has_locker = true;
    memcpy(open.locker, OTHER, sizeof(OTHER));
    OK(f->s->ops->fault_list(f->s, &open, note_fault, &got, r));
    assert_int_equal(got.count, 0);
}

static bool note_what(void *arg, const struct store_fault_note *x)
{
    struct numbers *n = arg;

    n->n[n->count++] = x->what;
    return true;
}

static void a_fault_that_comes_and_goes_is_one_ticket_with_its_history(void **state)
{
    struct store_bed *f = *state;
    struct store_fault x = {.kind = STORE_FAULT_BOARD, .subject = "r1", .detail = "lost", .opened_ms = 100}, back = {0};
    struct store_fault_note said = {.fault = 1, .at_ms = 101, .what = STORE_NOTE_TAKEN, .actor = "bram"};
    struct numbers got = {.count = 0};
    bool fresh = false;

    memcpy(x.locker, LOCKER, sizeof(LOCKER));
    begin(f->s);
    OK(f->s->ops->fault_raise(f->s, &x, &fresh, r));
    OK(f->s->ops->fault_note_append(f->s, &said, r));
    OK(f->s->ops->fault_get(f->s, 1, &back, r));
    (void)snprintf(back.taken_by, sizeof(back.taken_by), "bram");
    OK(f->s->ops->fault_update(f->s, &back, r));
    OK(f->s->ops->fault_settle(f->s, LOCKER, STORE_FAULT_BOARD, "r1", 200, NULL, r));
    x.opened_ms = 200 + STORE_FLAP_MS;
    OK(f->s->ops->fault_raise(f->s, &x, &fresh, r));
    assert_false(fresh);
    commit(f->s);
    OK(f->s->ops->fault_get(f->s, 1, &back, r));
    assert_int_equal(back.flaps, 1);
    assert_int_equal(back.times, 2);
    assert_int_equal(back.closed_ms, 0);
    assert_string_equal(back.closed_by, "");
    assert_string_equal(back.taken_by, "bram"); /* still looks after it */
    OK(f->s->ops->fault_note_list(f->s, 1, note_what, &got, r));
    assert_int_equal(got.count, 4);
    assert_int_equal(got.n[0], STORE_NOTE_OPENED);
    assert_int_equal(got.n[1], STORE_NOTE_TAKEN);
    assert_int_equal(got.n[2], STORE_NOTE_CLOSED);
    assert_int_equal(got.n[3], STORE_NOTE_AGAIN);
}

static void what_people_closed_is_not_opened_again(void **state)
{
    struct store_bed *f = *state;
    struct store_fault x = {.kind = STORE_FAULT_STORAGE, .opened_ms = 100};
    bool fresh = false;

    begin(f->s);
    OK(f->s->ops->fault_raise(f->s, &x, &fresh, r));
    OK(f->s->ops->fault_get(f->s, 1, &x, r));
    x.closed_ms = 150;
    (void)snprintf(x.closed_by, sizeof(x.closed_by), "anna");
    OK(f->s->ops->fault_update(f->s, &x, r));
    x.opened_ms = 200;
    OK(f->s->ops->fault_raise(f->s, &x, &fresh, r));
    commit(f->s);
    assert_true(fresh);
    OK(f->s->ops->fault_get(f->s, 2, &x, r));
}

static void a_history_does_not_grow_for_ever(void **state)
{
    struct store_bed *f = *state;
    struct store_fault x = {.kind = STORE_FAULT_BOARD, .subject = "r1"};
    struct numbers got = {.count = 0};
    bool fresh;

    memcpy(x.locker, LOCKER, sizeof(LOCKER));
    begin(f->s);
    for (int i = 0; i < 100; i++) {
        x.opened_ms = 1000 + 20 * i;
        OK(f->s->ops->fault_raise(f->s, &x, &fresh, r));
        OK(f->s->ops->fault_settle(f->s, LOCKER, STORE_FAULT_BOARD, NULL, 1010 + 20 * i, NULL, r));
    }
    commit(f->s);
    OK(f->s->ops->fault_get(f->s, 1, &x, r));
    assert_int_equal(x.flaps, 99);
    OK(f->s->ops->fault_note_list(f->s, 1, note_what, &got, r));
    assert_int_equal(got.count, 2 * (STORE_FLAP_NOTES + 1));
}

/* ---------------------------------------------------------------- logistics */

static bool note_sensor(void *arg, const struct store_sensor *x)
{
    struct numbers *n = arg;

    n->n[n->count++] = x->max_milli_c;
    return true;
}

static bool note_excursion(void *arg, const struct store_excursion_note *x)
{
    struct numbers *n = arg;

    n->n[n->count++] = x->at_ms;
    return true;
}

static void a_sensor_has_one_band_and_any_number_of_words(void **state)
{
    struct store_bed *f = *state;
    struct store_sensor x = {.sensor = "fridge", .zone = TOKEN_ZONE_COLD, .min_milli_c = 2000, .max_milli_c = 8000};
    struct store_excursion_note n = {.sensor = "fridge", .start_ms = 50, .at_ms = 60, .role = STORE_ROLE_LOGISTICS};
    struct store_sensor back = {.sensor = ""};
    struct numbers got = {.count = 0};

    memcpy(x.locker, LOCKER, sizeof(LOCKER));
    memcpy(n.locker, LOCKER, sizeof(LOCKER));
    begin(f->s);
    OK(f->s->ops->sensor_put(f->s, &x, r));
    x.max_milli_c = 9000;
    OK(f->s->ops->sensor_put(f->s, &x, r));
    OK(f->s->ops->excursion_note_append(f->s, &n, r));
    n.at_ms = 55;
    OK(f->s->ops->excursion_note_append(f->s, &n, r));
    n.start_ms = 10;
    OK(f->s->ops->excursion_note_append(f->s, &n, r));
    commit(f->s);
    OK(f->s->ops->sensor_get(f->s, LOCKER, "fridge", &back, r));
    assert_memory_equal(&back, &x, sizeof(x));
    REFUSED(ERR_NOT_FOUND, f->s->ops->sensor_get(f->s, OTHER, "fridge", &back, r));
    OK(f->s->ops->sensor_list(f->s, LOCKER, note_sensor, &got, r));
    assert_int_equal(got.count, 1);
    got.count = 0;
    OK(f->s->ops->excursion_note_list(f->s, LOCKER, 50, note_excursion, &got, r));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[0], 55);
    assert_int_equal(got.n[1], 60);
}

static bool note_use(void *arg, const struct store_use_row *x)
{
    struct numbers *n = arg;

    n->n[n->count++] = x->n;
    return true;
}

static void uses_are_counted_in_quarters_of_an_hour(void **state)
{
    const int64_t q = STORE_SLOT_MS;
    struct store_bed *f = *state;
    struct numbers got = {.count = 0};

    begin(f->s);
    OK(f->s->ops->use_add(f->s, LOCKER, STORE_USE_OPENED, 8 * q, r));
    OK(f->s->ops->use_add(f->s, LOCKER, STORE_USE_OPENED, 9 * q - 1, r));
    OK(f->s->ops->use_add(f->s, LOCKER, STORE_USE_OPENED, 9 * q, r));
    OK(f->s->ops->use_add(f->s, OTHER, STORE_USE_OPENED, 8 * q, r));
    OK(f->s->ops->use_add(f->s, LOCKER, STORE_USE_LOADED, 8 * q, r));
    commit(f->s);
    OK(f->s->ops->use_list(f->s, LOCKER, 8 * q, 9 * q, note_use, &got, r));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[0], 2);
    assert_int_equal(got.n[1], 1);
    got.count = 0;
    OK(f->s->ops->use_list(f->s, NULL, 0, 100 * q, note_use, &got, r));
    assert_int_equal(got.count, 4);
}

static bool note_wait(void *arg, int64_t ready_ms, int64_t opened_ms)
{
    struct numbers *n = arg;

    n->n[n->count++] = opened_ms - ready_ms;
    return true;
}

static void bags_that_patients_took_are_listed_by_time(void **state)
{
    struct store_bed *f = *state;
    struct numbers got = {.count = 0};

    begin(f->s);
    for (uint8_t i = 1; i <= 5; i++) {
        struct order o = an_order(i);

        o.state = i == 5 ? ORDER_UNCONFIRMED : ORDER_COLLECTED;
        o.ready_ms = i == 4 ? 0 : 100; /* at the counter: never ready */
        o.proof.opened_ms = 200 - i;
        memcpy(o.locker, i == 1 ? OTHER : LOCKER, sizeof(LOCKER));
        OK(f->s->ops->order_insert(f->s, &o, NULL, r));
    }
    commit(f->s);
    OK(f->s->ops->collected_list(f->s, NULL, 0, 1000, note_wait, &got, r));
    assert_int_equal(got.count, 3);
    assert_int_equal(got.n[0], 97);
    got.count = 0;
    OK(f->s->ops->collected_list(f->s, LOCKER, 198, 1000, note_wait, &got, r));
    assert_int_equal(got.count, 1);
    assert_int_equal(got.n[0], 98);
}

static void what_waits_at_a_locker_is_counted(void **state)
{
    static const enum order_state states[] = {ORDER_READY,       ORDER_READY,       ORDER_EXPIRED, ORDER_WITHDRAWN,
                                              ORDER_WITHDRAWING, ORDER_UNCONFIRMED, ORDER_PACKED,  ORDER_IN_TRANSIT};
    static const char *const door_states[] = {"LOADED", "LOADED", "LOADED", "CHECK", "FORCED", "OUT", "FREE", "FREE"};
    struct store_bed *f = *state;
    struct store_tasks t;

    begin(f->s);
    for (uint8_t i = 0; i < 8; i++) {
        struct store_compartment c = {.number = (uint16_t)(i + 1), .row = 1, .column = 1, .has_order = i < 6};
        struct order o = an_order((uint8_t)(i + 1)); /* ends at 1001 + i */

        o.state = states[i];
        memcpy(o.locker, LOCKER, sizeof(LOCKER));
        OK(f->s->ops->order_insert(f->s, &o, NULL, r));
        memcpy(c.locker, LOCKER, sizeof(LOCKER));
        (void)snprintf(c.door, sizeof(c.door), "A%u", i + 1u);
        (void)snprintf(c.state, sizeof(c.state), "%s", door_states[i]);
        memcpy(c.order, o.id, sizeof(c.order));
        OK(f->s->ops->compartment_put(f->s, &c, r));
    }
    commit(f->s);
    OK(f->s->ops->locker_tasks(f->s, LOCKER, 1002, &t, r));
    assert_int_equal(t.to_load, 2);
    assert_int_equal(t.ready, 2);
    assert_int_equal(t.ending, 1);
    assert_int_equal(t.expired, 1);
    assert_int_equal(t.withdrawn, 1);
    assert_int_equal(t.withdrawing, 1);
    assert_int_equal(t.unconfirmed, 1);
    assert_int_equal(t.doors_check, 1);
    assert_int_equal(t.doors_forced, 1);
    assert_int_equal(t.doors_out, 1);
    OK(f->s->ops->locker_tasks(f->s, OTHER, 1002, &t, r));
    assert_int_equal(t.ready + t.to_load + t.doors_out, 0);
}

static void people_close_a_fault_with_a_comment(void **state)
{
    struct store_bed *f = *state;
    struct store_fault x = {.kind = STORE_FAULT_STORAGE, .opened_ms = 5}, back = {0};
    bool fresh;

    begin(f->s);
    OK(f->s->ops->fault_raise(f->s, &x, &fresh, r));
    OK(f->s->ops->fault_get(f->s, 1, &x, r));
    x.closed_ms = 50;
    (void)snprintf(x.closed_by, sizeof(x.closed_by), "anna");
    (void)snprintf(x.comment, sizeof(x.comment), "new card");
    OK(f->s->ops->fault_update(f->s, &x, r));
    commit(f->s);
    OK(f->s->ops->fault_get(f->s, 1, &back, r));
    assert_memory_equal(&back, &x, sizeof(x));
    REFUSED(ERR_NOT_FOUND, f->s->ops->fault_get(f->s, 2, &back, r));
}

/* ---------------------------------------------------------------- people */

static struct store_user a_user(const char *name, uint8_t mark)
{
    struct store_user u = {.role = STORE_ROLE_LOGISTICS, .password = "$argon2id$", .created_ms = 3, .staff = {mark}};

    (void)snprintf(u.name, sizeof(u.name), "%s", name);
    return u;
}

static bool note_user(void *arg, const struct store_user *u)
{
    struct numbers *x = arg;

    x->n[x->count++] = u->staff[0];
    return true;
}

static void users_are_found_by_name_and_staff_id(void **state)
{
    struct store_bed *f = *state;
    struct store_user a = a_user("bram", 1), b = a_user("anna", 2), back = {0};
    struct numbers got = {.count = 0};

    begin(f->s);
    OK(f->s->ops->user_insert(f->s, &a, r));
    OK(f->s->ops->user_insert(f->s, &b, r));
    a.wrong = 4;
    a.disabled = true;
    OK(f->s->ops->user_update(f->s, &a, r));
    commit(f->s);
    OK(f->s->ops->user_get(f->s, "bram", &back, r));
    assert_memory_equal(&back, &a, sizeof(a));
    OK(f->s->ops->user_find_staff(f->s, b.staff, &back, r));
    assert_string_equal(back.name, "anna");
    OK(f->s->ops->user_list(f->s, note_user, &got, r));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[0], 2);
    begin(f->s);
    REFUSED(ERR_DUPLICATE, f->s->ops->user_insert(f->s, &a, r));
    f->s->ops->rollback(f->s);
}

static void sessions_end_by_time_and_by_user(void **state)
{
    struct store_bed *f = *state;
    struct store_user u = a_user("anna", 2);
    struct store_session a = {.token_hash = {1}, .user = "anna", .expires_ms = 100}, b = a, back = {0};

    b.token_hash[0] = 2;
    b.expires_ms = 200;
    begin(f->s);
    OK(f->s->ops->user_insert(f->s, &u, r));
    OK(f->s->ops->session_insert(f->s, &a, r));
    OK(f->s->ops->session_insert(f->s, &b, r));
    OK(f->s->ops->session_touch(f->s, a.token_hash, 50, r));
    OK(f->s->ops->session_get(f->s, a.token_hash, &back, r));
    assert_int_equal(back.used_ms, 50);
    OK(f->s->ops->session_purge(f->s, NULL, 150, r));
    REFUSED(ERR_NOT_FOUND, f->s->ops->session_get(f->s, a.token_hash, &back, r));
    OK(f->s->ops->session_get(f->s, b.token_hash, &back, r));
    OK(f->s->ops->session_purge(f->s, "bram", INT64_MAX, r));
    OK(f->s->ops->session_get(f->s, b.token_hash, &back, r));
    OK(f->s->ops->session_purge(f->s, "anna", INT64_MAX, r));
    REFUSED(ERR_NOT_FOUND, f->s->ops->session_get(f->s, b.token_hash, &back, r));
    OK(f->s->ops->session_insert(f->s, &b, r));
    OK(f->s->ops->session_delete(f->s, b.token_hash, r));
    REFUSED(ERR_NOT_FOUND, f->s->ops->session_touch(f->s, b.token_hash, 1, r));
    commit(f->s);
}

static void a_session_is_made_fresh_apart_from_its_use(void **state)
{
    struct store_bed *f = *state;
    struct store_user u = a_user("anna", 2);
    struct store_session a = {.token_hash = {1}, .user = "anna", .expires_ms = 100, .fresh_ms = 7}, back = {0};

    begin(f->s);
    OK(f->s->ops->user_insert(f->s, &u, r));
    OK(f->s->ops->session_insert(f->s, &a, r));
    OK(f->s->ops->session_touch(f->s, a.token_hash, 50, r));
    OK(f->s->ops->session_get(f->s, a.token_hash, &back, r));
    assert_int_equal(back.fresh_ms, 7);
    OK(f->s->ops->session_freshen(f->s, a.token_hash, 60, r));
    OK(f->s->ops->session_get(f->s, a.token_hash, &back, r));
    assert_int_equal(back.fresh_ms, 60);
    assert_int_equal(back.used_ms, 50);
    a.token_hash[0] = 9;
    REFUSED(ERR_NOT_FOUND, f->s->ops->session_freshen(f->s, a.token_hash, 60, r));
    commit(f->s);
}

static void a_second_factor_goes_with_its_spare_codes(void **state)
{
    static const uint8_t one[STORE_HASH_LEN] = {1}, two[STORE_HASH_LEN] = {2};
    struct store_bed *f = *state;
    struct store_user u = a_user("anna", 2), v = a_user("bram", 3);
    struct store_factor a = {.user = "anna", .box = {5}, .last_step = 4, .created_ms = 3}, back = {.confirmed = false};
    unsigned n = 9;

    begin(f->s);
    OK(f->s->ops->user_insert(f->s, &u, r));
    OK(f->s->ops->user_insert(f->s, &v, r));
    REFUSED(ERR_NOT_FOUND, f->s->ops->factor_get(f->s, "anna", &back, r));
    OK(f->s->ops->factor_put(f->s, &a, r));
    a.confirmed = true;
    a.last_step = 6;
    OK(f->s->ops->factor_put(f->s, &a, r));
    OK(f->s->ops->factor_get(f->s, "anna", &back, r));
    assert_memory_equal(&back, &a, sizeof(a));
    OK(f->s->ops->spare_add(f->s, "anna", one, r));
    OK(f->s->ops->spare_add(f->s, "anna", two, r));
    OK(f->s->ops->spare_add(f->s, "bram", two, r));
    REFUSED(ERR_DUPLICATE, f->s->ops->spare_add(f->s, "anna", two, r));
    OK(f->s->ops->spare_use(f->s, "anna", one, r));
    REFUSED(ERR_NOT_FOUND, f->s->ops->spare_use(f->s, "anna", one, r));
    OK(f->s->ops->spare_count(f->s, "anna", &n, r));
    assert_int_equal(n, 1);
    OK(f->s->ops->factor_delete(f->s, "anna", r));
    OK(f->s->ops->factor_delete(f->s, "anna", r));
    OK(f->s->ops->spare_count(f->s, "anna", &n, r));
    assert_int_equal(n, 0);
    OK(f->s->ops->spare_count(f->s, "bram", &n, r));
    assert_int_equal(n, 1);
    commit(f->s);
}

static bool note_pharmacy(void *arg, const struct store_pharmacy *p)
{
    struct numbers *x = arg;

    x->n[x->count++] = p->name[0];
    return true;
}

static void pharmacies_are_replaced_and_listed_by_name(void **state)
{
    struct store_bed *f = *state;
    struct store_pharmacy a = {.ura = "00000002", .name = "Brug", .telephone = "1"},
                          b = {.ura = "00000001", .name = "Zuid"}, back;
    struct numbers got = {.count = 0};

    begin(f->s);
    OK(f->s->ops->pharmacy_put(f->s, &b, r));
    OK(f->s->ops->pharmacy_put(f->s, &a, r));
    (void)snprintf(a.name, sizeof(a.name), "Anker");
    OK(f->s->ops->pharmacy_put(f->s, &a, r));
    OK(f->s->ops->pharmacy_get(f->s, "00000002", &back, r));
    assert_string_equal(back.name, "Anker");
    assert_string_equal(back.telephone, "1");
    OK(f->s->ops->pharmacy_list(f->s, note_pharmacy, &got, r));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[0], 'A');
    OK(f->s->ops->pharmacy_delete(f->s, "00000001", r));
    REFUSED(ERR_NOT_FOUND, f->s->ops->pharmacy_delete(f->s, "00000001", r));
    REFUSED(ERR_NOT_FOUND, f->s->ops->pharmacy_get(f->s, "00000001", &back, r));
    commit(f->s);
}

static bool note_badge(void *arg, const struct store_badge *b)
{
    struct numbers *x = arg;

    x->n[x->count++] = b->badge[0];
    return true;
}

static void badges_belong_to_staff(void **state)
{
    struct store_bed *f = *state;
    struct store_badge a = {.badge = {1}, .staff = {9}, .role = TOKEN_ROLE_LOGISTICS, .not_after_s = 5}, b = a,
                       back = {0};
    struct numbers got = {.count = 0};
    uint8_t staff[ORDER_STAFF_LEN] = {9};

    b.badge[0] = 2;
    b.created_ms = 10;
    begin(f->s);
    OK(f->s->ops->badge_insert(f->s, &a, r));
    OK(f->s->ops->badge_insert(f->s, &b, r));
    a.revoked_ms = 77;
    a.revoked_seq = 3;
    OK(f->s->ops->badge_update(f->s, &a, r));
    commit(f->s);
    OK(f->s->ops->badge_get(f->s, a.badge, &back, r));
    assert_memory_equal(&back, &a, sizeof(a));
    OK(f->s->ops->badge_list(f->s, staff, note_badge, &got, r));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[0], 2);
    got.count = 0;
    staff[0] = 1;
    OK(f->s->ops->badge_list(f->s, staff, note_badge, &got, r));
    assert_int_equal(got.count, 0);
}

/* ---------------------------------------------------------------- audit and settings */

static bool note_audit(void *arg, const struct store_audit *a)
{
    struct numbers *x = arg;

    x->n[x->count++] = a->seq;
    return true;
}

static void audit_rows_form_a_chain(void **state)
{
    struct store_bed *f = *state;
    struct store_audit a = {.at_ms = 5, .actor = "anna", .action = "order.packed", .has_order = true, .order = {7}};
    struct numbers got = {.count = 0};
    uint8_t head[STORE_HASH_LEN], order[ORDER_ID_LEN] = {7};
    int64_t rows = 0;

    OK(audit_verify(f->s, &rows, head, r));
    assert_int_equal(rows, 0);
    begin(f->s);
    OK(f->s->ops->audit_append(f->s, &a, r));
    a.has_order = false;
    memset(a.order, 0, sizeof(a.order));
    OK(f->s->ops->audit_append(f->s, &a, r));
    OK(f->s->ops->audit_append(f->s, &a, r));
    commit(f->s);
    reopen(f);
    OK(audit_verify(f->s, &rows, head, r));
    assert_int_equal(rows, 3);
    assert_memory_equal(head, a.hash, sizeof(head));
    OK(f->s->ops->audit_list(f->s, order, 0, 10, note_audit, &got, r));
    assert_int_equal(got.count, 1);
    got.count = 0;
    OK(f->s->ops->audit_list(f->s, NULL, 1, 10, note_audit, &got, r));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[0], 2);
}

static void note_name(void *arg, const char *name)
{
    char *all = arg;

    (void)snprintf(all + strlen(all), 80 - strlen(all), "%s,", name);
}

static void audit_rows_are_found_by_what_is_in_them(void **state)
{
    struct store_bed *f = *state;
    static const struct {
        const char *actor, *action, *subject, *detail;
        bool order;
    } acts[] = {
        {"anna", "order.packed", "12", "", true},
        {"ben", "order.viewed", "12", "", true},
        {"anna", "policy.changed", "cap.recode_order", "3 -> 5", false},
        {"annabel", "user.login", "annabel", "", false},
        {"anna", "user.login", "anna", "says \"Jérôme's\" 100%", false},
    };
    for (unsigned i = 0; i < 5; i++) {
        struct store_audit a = {.at_ms = 101 + i, .has_order = acts[i].order, .order = {0xAB, 0xCD}};

        (void)snprintf(a.actor, sizeof(a.actor), "%s", acts[i].actor);
        (void)snprintf(a.action, sizeof(a.action), "%s", acts[i].action);
        (void)snprintf(a.subject, sizeof(a.subject), "%s", acts[i].subject);
        (void)snprintf(a.detail, sizeof(a.detail), "%s", acts[i].detail);
        begin(f->s);
        OK(f->s->ops->audit_append(f->s, &a, r));
        commit(f->s);
    }
    const struct {
        struct store_audit_filter filter;
        int64_t want[5];
        unsigned count;
        int64_t matches; /* 0: as many as are found */
    } row[] = {
        {{.limit = 10}, {5, 4, 3, 2, 1}, 5, 0},
        {{.limit = 2, .offset = 1}, {4, 3}, 2, 5},
        {{.limit = 2, .below_seq = 3}, {2, 1}, 2, 5},
        {{.limit = 2, .oldest_first = true}, {1, 2}, 2, 5},
        {{.limit = 10, .from_ms = 102, .before_ms = 104}, {3, 2}, 2, 0},
        {{.limit = 10, .actor = "anna"}, {5, 3, 1}, 3, 0},
        {{.limit = 1, .actor = "anna", .below_seq = 5}, {3}, 1, 3},
        {{.limit = 10, .actor = "anna", .action = "user.login"}, {5}, 1, 0},
        {{.limit = 10, .action = "user.log"}, {0}, 0, 0},
        {{.limit = 10, .search = "12", .oldest_first = true}, {1, 2}, 2, 0},
        {{.limit = 10, .search = "ANN log"}, {5, 4}, 2, 0},
        {{.limit = 10, .search = "cap.recode_order"}, {3}, 1, 0},
        {{.limit = 10, .search = "3 -> 5"}, {3}, 1, 0}, /* signs are not looked for beside words */
        {{.limit = 10, .search = " jerome "}, {5}, 1, 0},
        {{.limit = 10, .search = "\"Jérôme's\""}, {5}, 1, 0},
        {{.limit = 10, .search = "abcd0000"}, {2, 1}, 2, 0}, /* the id of the order */
        {{.limit = 10, .search = "anna OR ben"}, {0}, 0, 0},
        {{.limit = 10, .search = "%"}, {0}, 0, 0},
        {{.limit = 10, .search = "12", .from_ms = 102}, {2}, 1, 0},
    };
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct numbers got = {.count = 0};
        int64_t matches = -1;

        OK(f->s->ops->audit_find(f->s, &row[i].filter, note_audit, &got, r));
        assert_int_equal(got.count, row[i].count);
        for (unsigned k = 0; k < got.count; k++)
            assert_int_equal(got.n[k], row[i].want[k]);
        OK(f->s->ops->audit_matches(f->s, &row[i].filter, &matches, r));
        assert_int_equal(matches, row[i].matches > 0 ? row[i].matches : row[i].count);
    }
    char names[80] = "", much[2000];

    OK(f->s->ops->audit_names(f->s, STORE_AUDIT_ACTORS, note_name, names, r));
    assert_string_equal(names, "anna,annabel,ben,");
    names[0] = '\0';
    OK(f->s->ops->audit_names(f->s, STORE_AUDIT_ACTIONS, note_name, names, r));
    assert_string_equal(names, "order.packed,order.viewed,policy.changed,user.login,");
    memset(much, 'a', sizeof(much) - 1);
    much[sizeof(much) - 1] = '\0';
    int64_t none;
    REFUSED(ERR_TOO_LONG, f->s->ops->audit_matches(f->s, &(struct store_audit_filter){.search = much}, &none, r));
}

static void a_changed_field_changes_the_hash(void **state)
{
    struct store_audit a = {.seq = 1, .at_ms = 5, .actor = "anna", .action = "x"}, b;
    uint8_t one[STORE_HASH_LEN], two[STORE_HASH_LEN];
    unsigned char *bytes = (unsigned char *)&b;

    (void)state;
    audit_hash(&a, one);
    const size_t offsets[] = {offsetof(struct store_audit, seq),    offsetof(struct store_audit, at_ms),
                              offsetof(struct store_audit, actor),  offsetof(struct store_audit, responsible),
                              offsetof(struct store_audit, action), offsetof(struct store_audit, has_order),
                              offsetof(struct store_audit, order),  offsetof(struct store_audit, subject),
                              offsetof(struct store_audit, detail), offsetof(struct store_audit, prev)};
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        b = a;
        bytes[offsets[i]] ^= 1;
        audit_hash(&b, two);
        assert_memory_not_equal(one, two, sizeof(one));
    }
    b = a; /* the same letters, cut elsewhere */
    (void)snprintf(b.actor, sizeof(b.actor), "ann");
    (void)snprintf(b.responsible, sizeof(b.responsible), "a");
    audit_hash(&b, two);
    assert_memory_not_equal(one, two, sizeof(one));
}

static void settings_are_replaced(void **state)
{
    struct store_bed *f = *state;
    char out[8];

    REFUSED(ERR_NOT_FOUND, f->s->ops->setting_get(f->s, "a", out, sizeof(out), r));
    begin(f->s);
    OK(f->s->ops->setting_put(f->s, "a", "1", r));
    OK(f->s->ops->setting_put(f->s, "a", "1234567", r));
    OK(f->s->ops->setting_put(f->s, "b", "12345678", r));
    commit(f->s);
    OK(f->s->ops->setting_get(f->s, "a", out, sizeof(out), r));
    assert_string_equal(out, "1234567");
    REFUSED(ERR_TOO_LONG, f->s->ops->setting_get(f->s, "b", out, sizeof(out), r));
}

/* ---------------------------------------------------------------- contacts and tours */

static bool count_contact(void *arg, const struct store_contact *c)
{
    struct store_contact *last = arg;

    assert_true(c->id > last->id);
    *last = *c;
    return true;
}

static void an_import_goes_on_where_it_was(void **state)
{
    struct store_bed *f = *state;
    struct store_import x = {.hash = {7}, .at_ms = 5, .by = "pharm", .rows = 300, .done = 100, .made = 99}, back;

    REFUSED(ERR_NOT_FOUND, f->s->ops->import_get(f->s, x.hash, &back, r));
    begin(f->s);
    OK(f->s->ops->import_put(f->s, &x, r));
    x.done = 200;
    OK(f->s->ops->import_put(f->s, &x, r));
    commit(f->s);
    reopen(f);
    OK(f->s->ops->import_get(f->s, x.hash, &back, r));
    assert_int_equal(back.at_ms, 5);
    assert_string_equal(back.by, "pharm");
    assert_int_equal(back.rows, 300);
    assert_int_equal(back.done, 200);
    assert_int_equal(back.made, 99);
    begin(f->s);
    OK(f->s->ops->import_purge(f->s, 5, r));
    OK(f->s->ops->import_get(f->s, x.hash, &back, r));
    OK(f->s->ops->import_purge(f->s, 6, r));
    REFUSED(ERR_NOT_FOUND, f->s->ops->import_get(f->s, x.hash, &back, r));
    commit(f->s);
}

static void contacts_are_kept_in_order_and_never_changed(void **state)
{
    struct store_bed *f = *state;
    struct order o = an_order(1), other = an_order(2);
    struct store_contact c = {.at_ms = 10, .by = "pharm", .how = STORE_CONTACT_LETTER, .note = "voicemail"};
    struct store_contact back = {.id = 0}, last = {.id = 0};

    begin(f->s);
    OK(f->s->ops->order_insert(f->s, &o, NULL, r));
    OK(f->s->ops->order_insert(f->s, &other, NULL, r));
    memcpy(c.order, o.id, sizeof(c.order));
    c.outcome = STORE_CONTACT_TOLD;
    OK(f->s->ops->contact_append(f->s, &c, r));
    c.at_ms = 20;
    c.outcome = STORE_CONTACT_NO_ANSWER;
    OK(f->s->ops->contact_append(f->s, &c, r));
    memcpy(c.order, other.id, sizeof(c.order));
    OK(f->s->ops->contact_append(f->s, &c, r));
    commit(f->s);
    reopen(f);
    OK(f->s->ops->contact_list(f->s, o.id, 10, count_contact, &last, r));
    assert_int_equal(last.at_ms, 20);
    assert_string_equal(last.note, "voicemail");
    OK(f->s->ops->contact_last(f->s, o.id, false, &back, r));
    assert_int_equal(back.outcome, STORE_CONTACT_NO_ANSWER);
    assert_int_equal(back.how, STORE_CONTACT_LETTER);
    OK(f->s->ops->contact_last(f->s, o.id, true, &back, r));
    assert_int_equal(back.at_ms, 10);
    REFUSED(ERR_NOT_FOUND, f->s->ops->contact_last(f->s, other.id, true, &back, r));
}

static bool count_stop(void *arg, const struct store_tour_stop *x)
{
    struct store_tour_stop *last = arg;

    assert_true(x->place > last->place);
    *last = *x;
    return true;
}

static void one_tour_is_open_at_a_locker(void **state)
{
    struct store_bed *f = *state;
    struct store_tour t = {.started_ms = 5, .started_by = "logi"}, other, back = {.id = 0};
    struct store_tour_stop x = {.place = 1, .door = "A1", .reason = STORE_TOUR_CHECK}, last = {.place = 0};

    memcpy(t.locker, LOCKER, sizeof(t.locker));
    other = t;
    REFUSED(ERR_NOT_FOUND, f->s->ops->tour_open(f->s, LOCKER, &back, r));
    begin(f->s);
    OK(f->s->ops->tour_insert(f->s, &t, r));
    REFUSED(ERR_DUPLICATE, f->s->ops->tour_insert(f->s, &other, r));
    memcpy(other.locker, OTHER, sizeof(other.locker));
    OK(f->s->ops->tour_insert(f->s, &other, r));
    x.tour = t.id;
    OK(f->s->ops->tour_stop_put(f->s, &x, r));
    x.place = 2;
    OK(f->s->ops->tour_stop_put(f->s, &x, r));
    memcpy(x.note, "empty", sizeof("empty"));
    x.explained_ms = 9;
    OK(f->s->ops->tour_stop_put(f->s, &x, r)); /* replaces */
    commit(f->s);
    reopen(f);
    OK(f->s->ops->tour_open(f->s, LOCKER, &back, r));
    assert_int_equal(back.id, t.id);
    assert_string_equal(back.started_by, "logi");
    OK(f->s->ops->tour_stop_list(f->s, t.id, 10, count_stop, &last, r));
    assert_int_equal(last.place, 2);
    assert_string_equal(last.note, "empty");
    back.ended_ms = 7;
    begin(f->s);
    OK(f->s->ops->tour_end(f->s, &back, r));
    OK(f->s->ops->tour_insert(f->s, &t, r)); /* the next one */
    assert_int_not_equal(t.id, back.id);
    commit(f->s);
}

static void the_newest_events_of_a_locker_come_first(void **state)
{
    struct store_bed *f = *state;
    struct store_event e = {.typ = "door.opened.v1", .text = "x.y.z", .len = 5};
    struct numbers got = {.count = 0};

    begin(f->s);
    for (e.seq = 1; e.seq <= 4; e.seq++) {
        memcpy(e.locker, e.seq == 2 ? OTHER : LOCKER, sizeof(e.locker));
        OK(f->s->ops->event_append(f->s, &e, r));
    }
    commit(f->s);
    OK(f->s->ops->event_newest(f->s, LOCKER, 2, note_event, &got, r));
    assert_int_equal(got.count, 2);
    assert_int_equal(got.n[0], 4);
    assert_int_equal(got.n[1], 3);
}

#define CASE(f) cmocka_unit_test_prestate_setup_teardown(f, open_store, close_store, NULL)

int main(void)
{
    struct CMUnitTest tests[] = {
        CASE(committed_work_survives_reopening),
        CASE(work_rolled_back_never_happened),
        CASE(work_not_committed_is_gone_after_reopening),
        CASE(orders_get_rising_numbers),
        CASE(one_reference_of_a_source_is_one_order),
        CASE(orders_without_reference_do_not_collide),
        CASE(an_updated_order_comes_back_whole),
        CASE(what_was_kept_of_a_dispense_comes_back),
        CASE(order_lists_filter_and_page),
        CASE(live_codes_of_a_locker_are_distinct),
        CASE(an_ended_code_leaves_nothing_to_try_against),
        CASE(lockers_are_found_by_id_and_name),
        CASE(the_watermark_moves_alone),
        CASE(commands_leave_on_a_signed_word_only),
        CASE(invitations_are_replaced_and_used_once),
        CASE(compartments_are_replaced_whole_and_listed_by_number),
        CASE(a_bag_lies_in_one_compartment_at_most),
        CASE(capacity_counts_free_doors_and_promises),
        CASE(boards_keep_their_last_state),
        CASE(samples_are_listed_by_time),
        CASE(events_are_found_by_order_and_by_locker),
        CASE(one_fault_is_one_ticket),
        CASE(people_close_a_fault_with_a_comment),
        CASE(a_fault_that_comes_and_goes_is_one_ticket_with_its_history),
        CASE(what_people_closed_is_not_opened_again),
        CASE(a_history_does_not_grow_for_ever),
        CASE(a_sensor_has_one_band_and_any_number_of_words),
        CASE(uses_are_counted_in_quarters_of_an_hour),
        CASE(bags_that_patients_took_are_listed_by_time),
        CASE(what_waits_at_a_locker_is_counted),
        CASE(users_are_found_by_name_and_staff_id),
        CASE(sessions_end_by_time_and_by_user),
        CASE(a_session_is_made_fresh_apart_from_its_use),
        CASE(pharmacies_are_replaced_and_listed_by_name),
        CASE(a_second_factor_goes_with_its_spare_codes),
        CASE(badges_belong_to_staff),
        CASE(audit_rows_form_a_chain),
        CASE(a_changed_field_changes_the_hash),
        CASE(audit_rows_are_found_by_what_is_in_them),
        CASE(settings_are_replaced),
        CASE(an_import_goes_on_where_it_was),
        CASE(contacts_are_kept_in_order_and_never_changed),
        CASE(one_tour_is_open_at_a_locker),
        CASE(the_newest_events_of_a_locker_come_first),
    };

    return store_bed_run(tests, sizeof(tests) / sizeof(tests[0]));
}
