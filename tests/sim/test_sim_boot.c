/* SPDX-License-Identifier: Apache-2.0 */
/* The shipped daemons come up in the simulated world, and hear each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/sim/image.h"
#include "tests/sim/site.h"

#define SECOND INT64_C(1000000)

static struct image *image;

static int setup(void **state)
{
    (void)state;
    image = image_new();
    return image == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    image_free(image);
    return 0;
}

static struct site *boot(uint64_t seed, unsigned doors)
{
    struct site_cfg cfg = {.image = image,
                           .seed = seed,
                           .lockers = 1,
                           .doors = doors,
                           .waived = true,
                           .poll_ms = 100,
                           .restart_us = 2 * SECOND};
    struct site *s = site_new(&cfg);
    assert_non_null(s);
    if (getenv("SIM_STORY") != NULL) {
        world_set_echo(s->w, true);
    }
    return s;
}

static void hub_and_locker_come_up_and_hear_each_other(void **state)
{
    (void)state;
    struct site *s = boot(1, 24);
    (void)world_run(s->w, 60 * SECOND);
    if (world_failure(s->w) != NULL) {
        fail_msg("%s", world_failure(s->w));
    }
    assert_true(process_is_ready(s->hub));
    assert_true(process_is_ready(s->locker[0].process));
    assert_int_equal(process_starts(s->hub), 1);
    assert_int_equal(process_starts(s->locker[0].process), 1);
    assert_true(plant_frames(s->locker[0].plant) > 1000);
    assert_true(broker_seen(s->broker) > 3);
    assert_true(process_longest_turn_us(s->hub) < SECOND / 2);
    assert_true(process_longest_turn_us(s->locker[0].process) < SECOND / 2);
    site_free(s);
}

static uint64_t run_of(uint64_t seed)
{
    struct site *s = boot(seed, 8);
    (void)world_run(s->w, 30 * SECOND);
    uint64_t sum = world_digest(s->w);
    site_free(s);
    return sum;
}

static void the_same_seed_is_the_same_run(void **state)
{
    (void)state;
    uint64_t sum = run_of(5);
    assert_true(run_of(5) == sum);
    assert_true(run_of(6) != sum);
}

static void both_come_up_again_after_crashes(void **state)
{
    (void)state;
    struct site *s = boot(3, 24);
    for (int i = 1; i <= 20; i++) {
        (void)world_run(s->w, i * 4 * SECOND);
        process_crash(i % 2 == 0 ? s->hub : s->locker[0].process, "test");
    }
    (void)world_run(s->w, 120 * SECOND);
    if (world_failure(s->w) != NULL) {
        fail_msg("%s", world_failure(s->w));
    }
    assert_true(process_is_ready(s->hub));
    assert_true(process_is_ready(s->locker[0].process));
    site_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hub_and_locker_come_up_and_hear_each_other),
        cmocka_unit_test(the_same_seed_is_the_same_run),
        cmocka_unit_test(both_come_up_again_after_crashes),
    };
    return cmocka_run_group_tests_name("sim_boot", tests, setup, teardown);
}
