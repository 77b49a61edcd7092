/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/queue.h"
#include "tests/sim/world.h"

#define SECOND INT64_C(1000000)

/* What happened, as text, and the world it happened in. */
struct record {
    struct world *w;
    struct fiber *other;
    char text[256];
    int64_t at_us;
    int turns;
};

static void note(struct record *r, const char *word)
{
    size_t used = strlen(r->text);
    (void)snprintf(r->text + used, sizeof r->text - used, "%s@%d ", word, (int)(world_now_us(r->w) / SECOND));
}

static void on_a(void *arg)
{
    note(arg, "a");
}

static void on_b(void *arg)
{
    note(arg, "b");
}

static void due_things_run_in_order_of_time_and_then_of_asking(void **state)
{
    (void)state;
    struct record r = {.w = world_new(1)};
    (void)world_at(r.w, 2 * SECOND, on_a, &r);
    (void)world_at(r.w, 1 * SECOND, on_b, &r);
    (void)world_at(r.w, 2 * SECOND, on_b, &r);
    uint64_t ticket = world_at(r.w, 1 * SECOND, on_a, &r);
    world_cancel(r.w, ticket);
    world_cancel(r.w, ticket);
    assert_int_equal(world_run(r.w, 10 * SECOND), WORLD_RUNNING);
    assert_string_equal(r.text, "b@1 a@2 b@2 ");
    assert_int_equal(world_now_us(r.w), 10 * SECOND);
    world_free(r.w);
}

static void count_up(void *arg)
{
    (*(int *)arg)++;
}

static void queue_gives_back_everything_in_order(void **state)
{
    (void)state;
    struct queue *q = queue_new();
    struct dice d;
    dice_seed(&d, 7);
    int count = 0, expected = 0;
    for (int i = 0; i < 5000; i++) {
        uint64_t t = queue_put(q, dice_below(&d, 100), count_up, &count);
        if (dice_chance(&d, 300)) {
            queue_cancel(q, t);
        } else {
            expected++;
        }
    }
    int64_t last = 0, at;
    void (*fn)(void *);
    void *arg;
    while (queue_next_at(q, &at)) {
        assert_true(at >= last);
        last = at;
        assert_true(queue_take(q, &fn, &arg));
        fn(arg);
    }
    assert_int_equal(count, expected);
    queue_free(q);
}

static void sleeper(void *arg)
{
    struct record *r = arg;
    for (int i = 0; i < 3; i++) {
        fiber_sleep(r->w, SECOND);
        note(r, "s");
    }
}

static void waiter(void *arg)
{
    struct record *r = arg;
    note(r, fiber_wait(r->w, 100 * SECOND) ? "woken" : "late");
    note(r, fiber_wait(r->w, 5 * SECOND) ? "woken" : "late");
}

static void wake_other(void *arg)
{
    struct record *r = arg;
    fiber_wake(r->w, r->other);
    fiber_wake(r->w, r->other);
}

static void fibers_sleep_wait_and_are_woken(void **state)
{
    (void)state;
    struct record r = {.w = world_new(1)};
    struct fiber *s = fiber_new(r.w, "sleeper", sleeper, &r, 0);
    r.other = fiber_new(r.w, "waiter", waiter, &r, 0);
    (void)world_at(r.w, 2 * SECOND, wake_other, &r);
    (void)world_run(r.w, WORLD_NEVER);
    assert_string_equal(r.text, "s@1 s@2 woken@2 s@3 late@5 ");
    assert_true(fiber_is_done(s));
    assert_true(fiber_is_done(r.other));
    fiber_free(s);
    world_free(r.w);
}

static void sleep_is_not_shortened_by_a_wake(void **state)
{
    (void)state;
    struct record r = {.w = world_new(1)};
    r.other = fiber_new(r.w, "sleeper", sleeper, &r, 0);
    (void)world_at(r.w, SECOND / 2, wake_other, &r);
    (void)world_run(r.w, WORLD_NEVER);
    assert_string_equal(r.text, "s@1 s@2 s@3 ");
    world_free(r.w);
}

static void a_held_fiber_gets_no_turn(void **state)
{
    (void)state;
    struct record r = {.w = world_new(1)};
    r.other = fiber_new(r.w, "waiter", waiter, &r, 0);
    (void)world_run(r.w, SECOND);
    fiber_hold(r.other, 8 * SECOND);
    fiber_wake(r.w, r.other);
    (void)world_run(r.w, WORLD_NEVER);
    assert_string_equal(r.text, "woken@8 late@8 ");
    world_free(r.w);
}

static void a_leap_moves_true_time_but_not_what_waits(void **state)
{
    (void)state;
    struct record r = {.w = world_new(1)};
    (void)world_at(r.w, 5 * SECOND, on_a, &r);
    (void)world_run(r.w, 1 * SECOND);
    world_on_leap(r.w, on_b, &r);
    world_leap(r.w, 100 * SECOND);
    assert_int_equal(world_now_us(r.w), 101 * SECOND);
    (void)world_run(r.w, WORLD_NEVER);
    assert_string_equal(r.text, "b@101 a@105 ");
    assert_int_equal(world_leapt_us(r.w), 100 * SECOND);
    world_free(r.w);
}

static void fail_now(void *arg)
{
    struct record *r = arg;
    world_fail(r->w, "INV-%02d", 5);
    world_fail(r->w, "later");
}

static void the_first_failure_ends_the_run_and_is_kept(void **state)
{
    (void)state;
    struct record r = {.w = world_new(1)};
    (void)world_at(r.w, SECOND, fail_now, &r);
    (void)world_at(r.w, 2 * SECOND, on_a, &r);
    assert_int_equal(world_run(r.w, WORLD_NEVER), WORLD_FAILED);
    assert_string_equal(world_failure(r.w), "INV-05");
    assert_string_equal(r.text, "");
    world_free(r.w);
}

static void endless(void *arg)
{
    struct record *r = arg;
    while (!world_is_ending(r->w)) {
        (void)fiber_wait(r->w, world_now_us(r->w) + SECOND);
        r->turns++;
    }
}

static void freeing_a_world_ends_its_fibers(void **state)
{
    (void)state;
    struct record r = {.w = world_new(1)};
    (void)fiber_new(r.w, "one", endless, &r, 0);
    (void)fiber_new(r.w, "two", endless, &r, 0);
    (void)world_run(r.w, 10 * SECOND);
    world_free(r.w);
    assert_int_equal(r.turns, 22);
}

static void wander(void *arg)
{
    struct record *r = arg;
    while (!world_is_ending(r->w)) {
        fiber_sleep(r->w, dice_below(world_dice(r->w, "walk"), 1000));
        world_tell(r->w, "walker", "step %d", r->turns++);
        world_count(r->w, "step");
    }
}

static uint64_t digest_of(uint64_t seed)
{
    struct record r = {.w = world_new(seed)};
    (void)fiber_new(r.w, "a", wander, &r, 0);
    (void)fiber_new(r.w, "b", wander, &r, 0);
    (void)world_run(r.w, SECOND);
    uint64_t sum = world_digest(r.w);
    const char *name;
    uint64_t n;
    assert_true(world_counted(r.w, 0, &name, &n));
    assert_string_equal(name, "step");
    assert_int_equal(n, r.turns);
    assert_false(world_counted(r.w, 1, &name, &n));
    world_free(r.w);
    return sum;
}

static void the_same_seed_gives_the_same_run(void **state)
{
    (void)state;
    assert_true(digest_of(1) == digest_of(1));
    assert_true(digest_of(1) != digest_of(2));
}

static void streams_of_chance_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct world *a = world_new(3), *b = world_new(3);
    for (int i = 0; i < 10; i++) {
        (void)dice_next(world_dice(a, "other"));
    }
    assert_true(dice_next(world_dice(a, "mine")) == dice_next(world_dice(b, "mine")));
    world_free(a);
    world_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_things_run_in_order_of_time_and_then_of_asking),
        cmocka_unit_test(queue_gives_back_everything_in_order),
        cmocka_unit_test(fibers_sleep_wait_and_are_woken),
        cmocka_unit_test(sleep_is_not_shortened_by_a_wake),
        cmocka_unit_test(a_held_fiber_gets_no_turn),
        cmocka_unit_test(a_leap_moves_true_time_but_not_what_waits),
        cmocka_unit_test(the_first_failure_ends_the_run_and_is_kept),
        cmocka_unit_test(freeing_a_world_ends_its_fibers),
        cmocka_unit_test(the_same_seed_gives_the_same_run),
        cmocka_unit_test(streams_of_chance_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests_name("sim_world", tests, NULL, NULL);
}
