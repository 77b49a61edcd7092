/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algebra of delegation, by example and by chance: a right never opens more than its scope, never longer than its
 * time, never after it was revoked, for one bag never twice; and nothing that a carer can do makes a new right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/num.h"
#include "controller/carer.h"

#define NOW_S INT64_C(1800000000)
#define STEPS 20000u
#define PEOPLE 4u
#define LOADS 3u
#define IDS 24u

static const struct code_key key = {.epoch = 1, .bytes = {7}};
static const uint8_t locker[CODE_LOCKER_LEN] = {1, 2, 3};

static struct floor floor_at(int64_t now_s)
{
    struct floor f;
    const struct clock_now now = {.boot = 1, .boot_ms = 1000, .wall_ms = now_s * 1000, .quality = CLOCK_NTP};
    floor_init(&f, now_s * 1000, &now);
    return f;
}

static void code_of(unsigned n, uint8_t a[CODE_STRETCHED_LEN])
{
    memset(a, 0, CODE_STRETCHED_LEN);
    a[0] = (uint8_t)n;
    a[1] = (uint8_t)(n >> 8);
    a[2] = 1;
}

/* id, code. once: for load of order n; else standing for person n. */
static struct carer make(unsigned id, unsigned code, bool once, unsigned n, uint32_t load)
{
    struct carer c;
    uint8_t a[CODE_STRETCHED_LEN];
    memset(&c, 0, sizeof c);
    c.right.id[0] = (uint8_t)id;
    c.right.id[1] = (uint8_t)(id >> 8);
    c.right.id[7] = 1;
    if (once) {
        c.right.order[0] = (uint8_t)(n + 1);
        c.right.load = load;
    } else {
        c.right.person[0] = (uint8_t)(n + 1);
    }
    c.right.not_after_s = NOW_S + 1000;
    c.key_epoch = 1;
    c.has_v1 = true;
    code_of(code, a);
    code_mac_carer1(&key, locker, c.right.id, a, c.v1);
    code_mac_carer2(&key, locker, c.right.id, a, "0101", c.v2);
    return c;
}

static struct order bag(unsigned n, uint32_t load, unsigned person)
{
    struct order o;
    memset(&o, 0, sizeof o);
    o.used = true;
    o.state = ORDER_READY;
    o.id[0] = (uint8_t)(n + 1);
    o.load = load;
    o.newest = load;
    o.person[0] = (uint8_t)person;
    return o;
}

static enum carer_answer grant(struct carer_table *t, const struct carer *c, int64_t now_s, uint16_t *slot)
{
    const struct floor f = floor_at(now_s);
    return carer_grant(t, c, &f, slot);
}

static enum carer_answer take_back(struct carer_table *t, const struct carer *c, int64_t not_after_s, int64_t now_s)
{
    const struct floor f = floor_at(now_s);
    uint16_t slot;
    return carer_revoke(t, c->right.id, not_after_s, &f, &slot);
}

static unsigned match(const struct carer_table *t, unsigned code, const char *ddmm, uint16_t *slot)
{
    uint8_t a[CODE_STRETCHED_LEN];
    code_of(code, a);
    *slot = CARER_NONE;
    return carer_match(t, &key, locker, a, ddmm, slot);
}

static void right_for_one_bag_covers_that_load_alone(void **state)
{
    (void)state;
    const struct carer c = make(1, 1, true, 5, 2);
    const struct order right = bag(5, 2, 9), older = bag(5, 1, 9), newer = bag(5, 3, 9), other = bag(6, 2, 9);
    assert_false(carer_is_standing(&c.right));
    assert_true(carer_covers(&c.right, &right));
    assert_false(carer_covers(&c.right, &older));
    assert_false(carer_covers(&c.right, &newer));
    assert_false(carer_covers(&c.right, &other));
}

static void standing_right_covers_the_bags_of_its_person_alone(void **state)
{
    (void)state;
    struct carer c = make(1, 1, false, 3, 0);
    const struct order hers = bag(5, 2, 4), too = bag(6, 1, 4), his = bag(5, 2, 5), alone = bag(7, 1, 0);
    assert_true(carer_is_standing(&c.right));
    assert_true(carer_covers(&c.right, &hers));
    assert_true(carer_covers(&c.right, &too));
    assert_false(carer_covers(&c.right, &his));
    assert_false(carer_covers(&c.right, &alone));
    memset(c.right.person, 0, sizeof c.right.person); /* nobody is not the person of a bag that is on its own */
    assert_false(carer_covers(&c.right, &alone));
}

static void card_says_its_own_scope(void **state)
{
    (void)state;
    struct token_carer card;
    struct carer_right r;
    memset(&card, 0, sizeof card);
    card.bind.order[3] = 4;
    card.bind.load = 2;
    card.carer[0] = 5;
    card.person[0] = 6;
    card.not_after_s = NOW_S;
    carer_right_of_card(&r, &card);
    assert_memory_equal(r.id, card.carer, sizeof r.id);
    assert_memory_equal(r.order, card.bind.order, sizeof r.order);
    assert_int_equal(sodium_is_zero(r.person, sizeof r.person), 1); /* one bag, whoever else it names */
    assert_int_equal(r.load, 2);
    assert_int_equal(r.not_after_s, NOW_S);
    assert_false(carer_is_standing(&r));
    card.bind.load = 0;
    memset(card.bind.order, 0, sizeof card.bind.order);
    carer_right_of_card(&r, &card);
    assert_memory_equal(r.person, card.person, sizeof r.person);
    assert_true(carer_is_standing(&r));
}

static void code_matches_its_grant_with_and_without_birthday(void **state)
{
    (void)state;
    struct carer_table *t = calloc(1, sizeof *t);
    struct carer a = make(1, 1, true, 5, 2), b = make(2, 2, false, 3, 0);
    uint16_t slot;
    b.has_v1 = false; /* never without the birthday, whatever stands in v1 */
    assert_int_equal(grant(t, &a, NOW_S, &slot), CARER_DONE);
    assert_int_equal(grant(t, &b, NOW_S, &slot), CARER_DONE);
    assert_int_equal(match(t, 1, NULL, &slot), 1);
    assert_int_equal(slot, 0);
    assert_int_equal(match(t, 1, "0101", &slot), 1);
    assert_int_equal(match(t, 1, "0102", &slot), 0);
    assert_int_equal(match(t, 2, NULL, &slot), 0);
    assert_int_equal(match(t, 2, "0101", &slot), 1);
    assert_int_equal(slot, 1);
    assert_int_equal(match(t, 3, NULL, &slot), 0);
    free(t);
}

/* Two rights with one code: none is chosen. The verifiers are looked at to the last slot, whatever fits before. */
static void every_match_is_counted_to_the_last_slot(void **state)
{
    (void)state;
    struct carer_table *t = calloc(1, sizeof *t);
    uint16_t slot;
    t->slot[0] = make(1, 1, true, 5, 2);
    t->slot[CARER_SLOTS - 1] = make(2, 1, true, 6, 1);
    t->slot[0].used = t->slot[CARER_SLOTS - 1].used = true;
    assert_int_equal(match(t, 1, NULL, &slot), 2);
    assert_int_equal(match(t, 1, "0101", &slot), 2);
    assert_int_equal(slot, CARER_SLOTS - 1);
    free(t);
}

static void same_grant_again_is_a_new_code_and_another_scope_is_refused(void **state)
{
    (void)state;
    struct carer_table *t = calloc(1, sizeof *t);
    struct carer c = make(1, 1, true, 5, 2), anew = make(1, 2, true, 5, 2);
    const struct carer wider[] = {make(1, 3, false, 5, 0), make(1, 3, true, 6, 2), make(1, 3, true, 5, 3)};
    uint16_t slot;
    assert_int_equal(grant(t, &c, NOW_S, &slot), CARER_DONE);
    assert_int_equal(grant(t, &anew, NOW_S, &slot), CARER_DONE);
    assert_int_equal(slot, 0);
    assert_int_equal(match(t, 1, NULL, &slot), 0);
    assert_int_equal(match(t, 2, NULL, &slot), 1);
    for (unsigned i = 0; i < sizeof wider / sizeof wider[0]; i++) {
        assert_int_equal(grant(t, &wider[i], NOW_S, &slot), CARER_OTHER_SCOPE);
        assert_int_equal(slot, CARER_NONE);
    }
    struct carer standing = make(2, 4, false, 1, 0);
    assert_int_equal(grant(t, &standing, NOW_S, &slot), CARER_DONE);
    standing.right.person[7] = 1;
    assert_int_equal(grant(t, &standing, NOW_S, &slot), CARER_OTHER_SCOPE);
    assert_int_equal(match(t, 3, NULL, &slot), 0);
    free(t);
}

static void revoked_right_is_wiped_and_never_granted_again(void **state)
{
    (void)state;
    struct carer_table *t = calloc(1, sizeof *t);
    const struct carer c = make(1, 1, true, 5, 2), unknown = make(2, 1, false, 3, 0);
    uint16_t slot;
    assert_int_equal(grant(t, &c, NOW_S, &slot), CARER_DONE);
    assert_false(carer_is_revoked(t, c.right.id));
    assert_int_equal(take_back(t, &c, NOW_S + 500, NOW_S), CARER_DONE);
    assert_true(carer_is_revoked(t, c.right.id));
    assert_int_equal(sodium_is_zero(t->slot[0].v1, CODE_MAC_LEN), 1);
    assert_int_equal(sodium_is_zero(t->slot[0].v2, CODE_MAC_LEN), 1);
    assert_int_equal(t->slot[0].right.not_after_s, NOW_S + 1000); /* the longer of the two */
    assert_int_equal(match(t, 1, NULL, &slot), 0);
    assert_int_equal(grant(t, &c, NOW_S, &slot), CARER_IS_REVOKED);
    assert_false(carer_is_revoked(t, unknown.right.id));
    assert_int_equal(take_back(t, &unknown, NOW_S + 10, NOW_S), CARER_DONE);
    assert_int_equal(t->slot[1].right.not_after_s, NOW_S + 10);
    assert_int_equal(take_back(t, &unknown, NOW_S + 20, NOW_S), CARER_DONE);
    assert_int_equal(t->slot[1].right.not_after_s, NOW_S + 20);
    assert_int_equal(take_back(t, &unknown, 0, NOW_S), CARER_DONE);
    assert_int_equal(take_back(t, &unknown, NOW_S + 20, NOW_S), CARER_DONE);
    assert_int_equal(t->slot[1].right.not_after_s, 0); /* never is longer than any time */
    assert_int_equal(grant(t, &unknown, NOW_S, &slot), CARER_IS_REVOKED);
    free(t);
}

static void right_for_one_bag_ends_with_it_and_stays_ended(void **state)
{
    (void)state;
    struct carer once = make(1, 1, true, 5, 2), standing = make(2, 2, false, 4, 0);
    struct order o = bag(5, 2, 5), other = bag(6, 2, 5), older = bag(5, 1, 5);
    struct carer empty = once;
    empty.used = false;
    once.used = standing.used = true;
    assert_false(carer_end_order(&empty, &o));
    assert_false(carer_end_order(&standing, &o));
    assert_false(carer_end_order(&once, &other));
    assert_false(carer_end_order(&once, &older)); /* granted for the packing that comes after that one */
    assert_true(carer_end_order(&once, &o));
    assert_int_equal(once.state, CARER_USED);
    assert_int_equal(sodium_is_zero(once.v1, CODE_MAC_LEN), 1);
    assert_int_equal(sodium_is_zero(once.v2, CODE_MAC_LEN), 1);
    assert_false(carer_end_order(&once, &o));
    struct carer_table *t = calloc(1, sizeof *t);
    uint16_t slot;
    t->slot[0] = once;
    const struct carer again = make(1, 1, true, 5, 2);
    assert_int_equal(grant(t, &again, NOW_S, &slot), CARER_IS_USED);
    free(t);
}

static void only_signed_time_makes_the_locker_forget(void **state)
{
    (void)state;
    struct carer c = make(1, 1, false, 3, 0);
    struct floor f = floor_at(NOW_S + 1001);
    assert_false(carer_forget(&c, &f)); /* an empty slot */
    c.used = true;
    f.signed_ms = (NOW_S + 1000) * 1000;
    assert_false(carer_forget(&c, &f));
    f.signed_ms++;
    assert_true(carer_forget(&c, &f));
    assert_false(c.used);
    assert_int_equal(sodium_is_zero((const uint8_t *)&c, sizeof c), 1);
    c = make(1, 1, false, 3, 0);
    c.used = true;
    c.state = CARER_REVOKED;
    c.right.not_after_s = 0;
    assert_false(carer_forget(&c, &f));
}

static void grants_leave_room_for_revocations(void **state)
{
    (void)state;
    struct carer_table *t = calloc(1, sizeof *t);
    uint16_t slot;
    for (unsigned i = 0; i < CARER_GRANTS_MAX; i++) {
        const struct carer c = make(i, i, true, i % 200, 1);
        assert_int_equal(grant(t, &c, NOW_S, &slot), CARER_DONE);
    }
    const struct carer more = make(9000, 1, true, 1, 1);
    assert_int_equal(grant(t, &more, NOW_S, &slot), CARER_FULL);
    for (unsigned i = CARER_GRANTS_MAX; i < CARER_SLOTS; i++) {
        const struct carer c = make(i, i, true, 1, 1);
        assert_int_equal(take_back(t, &c, NOW_S + 1000, NOW_S), CARER_DONE);
    }
    assert_int_equal(take_back(t, &more, NOW_S + 1000, NOW_S), CARER_FULL);
    t->slot[3].state = CARER_USED; /* its order is a tombstone of its own */
    assert_int_equal(take_back(t, &more, NOW_S + 1000, NOW_S), CARER_DONE);
    assert_true(carer_is_revoked(t, more.right.id));
    const struct carer last = make(9001, 1, true, 1, 1);
    assert_int_equal(grant(t, &last, NOW_S, &slot), CARER_FULL);
    assert_int_equal(grant(t, &last, NOW_S + 1001, &slot), CARER_DONE); /* what expired goes first */
    assert_int_equal(take_back(t, &last, NOW_S + 5000, NOW_S + 1001), CARER_DONE);
    assert_true(carer_is_revoked(t, last.right.id));
    free(t);
}

/* ---------------------------------------------------------------- by chance */

/* What should be: kept beside the table by other means. */
struct model {
    bool revoked[IDS], granted[IDS], scope_known[IDS];
    struct carer last[IDS];
    unsigned code[IDS];
};

static uint64_t rng;

static uint32_t draw(uint32_t below)
{
    rng = rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((rng >> 33) % below);
}

static uint64_t seed_of_run(void)
{
    const char *text = getenv("MEDLOCKER_SEED");
    int64_t seed = 0;
    if (text == NULL || num_parse(text, 1, INT64_MAX, &seed) != ERR_OK)
        seed = 1 + (int64_t)randombytes_uniform(1000000000);
    print_message("seed %lld\n", (long long)seed);
    return (uint64_t)seed;
}

static void grant_by_chance(struct carer_table *t, struct model *m, unsigned code)
{
    unsigned id = draw(IDS);
    bool once = draw(2) == 0;
    const struct carer c = make(id, code, once, draw(PEOPLE), 1 + draw(LOADS));
    uint16_t slot;
    enum carer_answer answer = grant(t, &c, NOW_S, &slot);
    if (m->revoked[id])
        assert_int_equal(answer, CARER_IS_REVOKED);
    if (answer != CARER_DONE)
        return;
    if (m->scope_known[id]) /* a right never changes what it is for */
        assert_memory_equal(&m->last[id].right, &c.right, sizeof c.right);
    m->last[id] = c;
    m->scope_known[id] = m->granted[id] = true;
    m->code[id] = code;
}

static void revoke_by_chance(struct carer_table *t, struct model *m)
{
    unsigned id = draw(IDS);
    const struct carer c = make(id, 0, true, 0, 1);
    assert_int_equal(take_back(t, &c, NOW_S + 1000, NOW_S), CARER_DONE);
    m->revoked[id] = true;
}

static void end_by_chance(struct carer_table *t, struct model *m)
{
    unsigned n = draw(PEOPLE);
    uint32_t load = 1 + draw(LOADS);
    const struct order o = bag(n, load, n + 1);
    for (unsigned i = 0; i < CARER_SLOTS; i++)
        (void)carer_end_order(&t->slot[i], &o);
    for (unsigned id = 0; id < IDS; id++) {
        const struct carer_right *r = &m->last[id].right;
        if (r->load != 0 && r->load <= load && r->order[0] == n + 1)
            m->granted[id] = false;
    }
}

/* Whoever types a code gets exactly what was last granted with it, and nothing else. */
static void look(const struct carer_table *t, const struct model *m, unsigned code)
{
    unsigned expected = 0, who = 0;
    uint16_t slot;
    for (unsigned id = 0; id < IDS; id++) {
        if (m->granted[id] && !m->revoked[id] && m->code[id] == code) {
            expected++;
            who = id;
        }
    }
    assert_int_equal(match(t, code, draw(2) == 0 ? NULL : "0101", &slot), expected);
    if (expected != 1)
        return;
    const struct carer *c = &t->slot[slot];
    assert_memory_equal(&c->right, &m->last[who].right, sizeof c->right);
    for (unsigned n = 0; n < PEOPLE; n++) {
        for (uint32_t load = 1; load <= LOADS; load++) {
            const struct order o = bag(n, load, n + 1);
            bool may =
                c->right.load == 0 ? c->right.person[0] == n + 1 : c->right.order[0] == n + 1 && c->right.load == load;
            assert_int_equal(carer_covers(&c->right, &o), may);
        }
    }
}

static void no_sequence_of_commands_and_pickups_widens_a_right(void **state)
{
    (void)state;
    struct carer_table *t = calloc(1, sizeof *t);
    struct model *m = calloc(1, sizeof *m);
    rng = seed_of_run();
    for (unsigned i = 0; i < STEPS; i++) {
        unsigned what = draw(100);
        if (what < 45)
            grant_by_chance(t, m, draw(64));
        else if (what < 46)
            revoke_by_chance(t, m);
        else if (what < 50)
            end_by_chance(t, m);
        else
            look(t, m, draw(64));
        for (unsigned id = 0; id < IDS; id++) {
            const struct carer c = make(id, 0, true, 0, 1);
            assert_int_equal(carer_is_revoked(t, c.right.id), m->revoked[id]);
        }
    }
    free(m);
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_for_one_bag_covers_that_load_alone),
        cmocka_unit_test(standing_right_covers_the_bags_of_its_person_alone),
        cmocka_unit_test(card_says_its_own_scope),
        cmocka_unit_test(code_matches_its_grant_with_and_without_birthday),
        cmocka_unit_test(every_match_is_counted_to_the_last_slot),
        cmocka_unit_test(same_grant_again_is_a_new_code_and_another_scope_is_refused),
        cmocka_unit_test(revoked_right_is_wiped_and_never_granted_again),
        cmocka_unit_test(right_for_one_bag_ends_with_it_and_stays_ended),
        cmocka_unit_test(only_signed_time_makes_the_locker_forget),
        cmocka_unit_test(grants_leave_room_for_revocations),
        cmocka_unit_test(no_sequence_of_commands_and_pickups_widens_a_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
