/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/sim/os.h"
#include "tests/sim/process.h"

#define SECOND INT64_C(1000000)

/* A small daemon and what it saw; one at a time. */
static struct record {
    struct world *w;
    struct process *p;
    sd_event *loop;
    sd_event_source *timer, *io, *defer;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    int fd;
    bool stop, was_dead;
    unsigned ticks, results, ends, crashes, turns;
    int code;
    int64_t mono_us, boot_us;
    char text[400];
} rec;

static struct machine machine;

static void note(const char *word)
{
    size_t used = strlen(rec.text);
    (void)snprintf(rec.text + used, sizeof rec.text - used, "%s ", word);
}

static int64_t clock_us(clockid_t id)
{
    struct timespec t;
    (void)os_clock_gettime(id, &t);
    return (int64_t)t.tv_sec * SECOND + t.tv_nsec / 1000;
}

static void on_ended(void *arg, int code, bool crashed)
{
    (void)arg;
    rec.ends++;
    rec.crashes += crashed;
    rec.code = code;
}

static void begin_with(int (*fn)(int, char **), int64_t restart_us, int64_t turn_max_us)
{
    memset(&rec, 0, sizeof rec);
    machine = (struct machine){.name = "board", .ntp = true};
    rec.w = world_new(1);
    struct process_cfg cfg = {.name = "daemon",
                              .machine = &machine,
                              .main = fn,
                              .arg = {"daemon"},
                              .restart_us = restart_us,
                              .turn_max_us = turn_max_us,
                              .ended = on_ended};
    rec.p = process_new(rec.w, &cfg);
    process_start(rec.p);
}

static void begin(int (*fn)(int, char **), int64_t restart_us)
{
    begin_with(fn, restart_us, 0);
}

static void end(void)
{
    process_free(rec.p);
    world_free(rec.w);
    process_after_turn(NULL, NULL);
}

/* ---------------------------------------------------------------- the loop */

static int say(sd_event_source *s, void *arg)
{
    (void)s;
    note(arg);
    return 0;
}

static int say_last(sd_event_source *s, void *arg)
{
    note(arg);
    return os_sd_event_exit(os_sd_event_source_get_event(s), 7);
}

static int main_of_priorities(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    sd_event_source *low, *mid, *mid2, *high;
    (void)os_sd_event_default(&rec.loop);
    char words[4][8] = {"last", "first", "second", "third"};
    (void)os_sd_event_add_defer(rec.loop, &low, say_last, words[0]);
    (void)os_sd_event_source_set_priority(low, SD_EVENT_PRIORITY_IDLE);
    (void)os_sd_event_add_defer(rec.loop, &mid, say, words[2]);
    (void)os_sd_event_add_defer(rec.loop, &mid2, say, words[3]);
    (void)os_sd_event_add_defer(rec.loop, &high, say, words[1]);
    (void)os_sd_event_source_set_priority(high, SD_EVENT_PRIORITY_IMPORTANT);
    int code = os_sd_event_loop(rec.loop);
    (void)os_sd_event_source_disable_unref(low);
    (void)os_sd_event_source_disable_unref(mid);
    (void)os_sd_event_source_disable_unref(mid2);
    (void)os_sd_event_source_disable_unref(high);
    (void)os_sd_event_unref(rec.loop);
    return code;
}

static void sources_run_by_priority_then_in_order_and_once(void **state)
{
    (void)state;
    begin(main_of_priorities, 0);
    (void)world_run(rec.w, SECOND);
    assert_string_equal(rec.text, "first second third last ");
    assert_int_equal(rec.ends, 1);
    assert_int_equal(rec.code, 7);
    assert_null(world_failure(rec.w));
    end();
}

static int main_that_leaks(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    sd_event_source *s;
    (void)os_sd_event_new(&rec.loop);
    (void)os_sd_event_add_defer(rec.loop, &s, say, NULL);
    return 0;
}

static void a_source_left_behind_fails_the_run(void **state)
{
    (void)state;
    begin(main_that_leaks, 0);
    assert_int_equal(world_run(rec.w, SECOND), WORLD_FAILED);
    end();
}

/* ---------------------------------------------------------------- a daemon with a timer, a thread and a descriptor */

static int on_tick(sd_event_source *s, uint64_t us, void *arg)
{
    (void)us;
    (void)arg;
    rec.ticks++;
    rec.mono_us = clock_us(CLOCK_MONOTONIC);
    rec.boot_us = clock_us(CLOCK_BOOTTIME);
    (void)os_sd_notify(0, "WATCHDOG=1");
    (void)os_sd_event_source_set_time_relative(s, (uint64_t)SECOND);
    return os_sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

static int on_result(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
    (void)s;
    (void)arg;
    eventfd_t n;
    assert_int_equal(revents, EPOLLIN);
    assert_int_equal(os_eventfd_read(fd, &n), 0);
    rec.results += (unsigned)n;
    return 0;
}

static void *work(void *arg)
{
    struct pollfd nothing = {.fd = -1};
    struct timespec nap = {.tv_nsec = 500000000};
    (void)os_pthread_mutex_lock(&rec.lock);
    while (!rec.stop) {
        (void)os_pthread_mutex_unlock(&rec.lock);
        (void)os_ppoll(&nothing, 1, &nap, NULL);
        (void)os_eventfd_write(rec.fd, 1);
        (void)os_pthread_mutex_lock(&rec.lock);
    }
    (void)os_pthread_mutex_unlock(&rec.lock);
    return arg;
}

static int daemon_main(int argc, char **argv)
{
    assert_int_equal(argc, 1);
    assert_string_equal(argv[0], "daemon");
    rec.stop = false;
    rec.fd = os_eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_true(rec.fd >= 0);
    if (os_sd_event_new(&rec.loop) < 0) {
        return os_close(rec.fd) + 3;
    }
    (void)os_sd_event_add_signal(rec.loop, NULL, SIGTERM, NULL, NULL);
    (void)os_sd_event_add_io(rec.loop, &rec.io, rec.fd, EPOLLIN, on_result, NULL);
    (void)os_sd_event_add_time_relative(rec.loop, &rec.timer, CLOCK_MONOTONIC, (uint64_t)SECOND, 1, on_tick, NULL);
    (void)os_pthread_mutex_init(&rec.lock, NULL);
    assert_int_equal(os_pthread_create(&rec.thread, NULL, work, NULL), 0);
    (void)os_sd_notify(0, "READY=1\nSTATUS=in service");
    int code = os_sd_event_loop(rec.loop);
    rec.was_dead = process_is_dead(rec.p);
    (void)os_pthread_mutex_lock(&rec.lock);
    rec.stop = true;
    (void)os_pthread_mutex_unlock(&rec.lock);
    (void)os_pthread_join(rec.thread, NULL);
    (void)os_pthread_mutex_destroy(&rec.lock);
    (void)os_sd_event_source_disable_unref(rec.io);
    (void)os_sd_event_source_disable_unref(rec.timer);
    (void)os_sd_event_unref(rec.loop);
    (void)os_close(rec.fd);
    return code < 0 ? 1 : code;
}

static void timers_threads_and_descriptors_work_in_virtual_time(void **state)
{
    (void)state;
    begin(daemon_main, 0);
    (void)world_run(rec.w, 10 * SECOND + SECOND / 4);
    assert_int_equal(rec.ticks, 10);
    assert_int_equal(rec.results, 20);
    assert_true(process_is_ready(rec.p));
    assert_string_equal(process_status(rec.p), "in service");
    process_term(rec.p);
    (void)world_run(rec.w, 12 * SECOND);
    assert_int_equal(rec.ends, 1);
    assert_int_equal(rec.code, 0);
    assert_false(process_is_up(rec.p));
    assert_null(world_failure(rec.w));
    end();
}

static void a_crash_ends_every_wait_at_once_and_the_daemon_starts_again(void **state)
{
    (void)state;
    begin(daemon_main, 2 * SECOND);
    (void)world_run(rec.w, 3 * SECOND + SECOND / 4);
    process_crash(rec.p, "test");
    assert_true(process_is_dead(rec.p));
    assert_false(process_is_up(rec.p));
    unsigned ticks = rec.ticks;
    (void)world_run(rec.w, 3 * SECOND + SECOND / 4 + 1000);
    assert_int_equal(rec.crashes, 1);
    assert_true(rec.was_dead);
    assert_int_equal(rec.ticks, ticks);
    (void)world_run(rec.w, 8 * SECOND);
    assert_int_equal(process_starts(rec.p), 2);
    assert_true(process_is_up(rec.p));
    assert_true(rec.ticks > ticks);
    end();
}

static void after_a_power_cut_the_boot_clock_begins_anew(void **state)
{
    (void)state;
    begin(daemon_main, SECOND);
    (void)world_run(rec.w, 5 * SECOND);
    char before[33];
    memcpy(before, machine.boot_id, sizeof before);
    machine_power_cut(rec.w, &machine, 10 * SECOND);
    (void)world_run(rec.w, 14 * SECOND);
    assert_int_equal(process_starts(rec.p), 1);
    (void)world_run(rec.w, 17 * SECOND);
    assert_int_equal(process_starts(rec.p), 2);
    assert_in_range(rec.boot_us, SECOND, 2 * SECOND + 1000);
    assert_string_not_equal(before, machine.boot_id);
    end();
}

static void a_suspended_machine_does_not_count_monotonic_time(void **state)
{
    (void)state;
    begin(daemon_main, 0);
    (void)world_run(rec.w, 3 * SECOND + 1);
    world_leap(rec.w, 1000 * SECOND);
    (void)world_run(rec.w, 1004 * SECOND + 1000);
    assert_in_range(rec.mono_us, 4 * SECOND, 4 * SECOND + 1000);
    assert_in_range(rec.boot_us, 1004 * SECOND, 1004 * SECOND + 1000);
    assert_int_equal(process_watchdog_kills(rec.p), 0);
    end();
}

static void a_drift_changes_no_clock_at_once(void **state)
{
    (void)state;
    begin(daemon_main, 0);
    machine.ntp = false;
    (void)world_run(rec.w, 100 * SECOND);
    world_leap(rec.w, 1000 * SECOND);
    int64_t mono_us = machine_mono_us(rec.w, &machine), wall_us = machine_wall_us(rec.w, &machine);
    int64_t boot_us = machine_boot_us(rec.w, &machine);
    machine_set_drift(rec.w, &machine, 1000);
    assert_in_range(machine_mono_us(rec.w, &machine), mono_us - 2, mono_us + 2);
    assert_in_range(machine_boot_us(rec.w, &machine), boot_us - 2, boot_us + 2);
    assert_in_range(machine_wall_us(rec.w, &machine), wall_us - 2, wall_us + 2);
    (void)world_run(rec.w, 2100 * SECOND);
    assert_in_range(machine_mono_us(rec.w, &machine), mono_us + 1001 * SECOND - 3, mono_us + 1001 * SECOND + 3);
    assert_in_range(machine_wall_us(rec.w, &machine), wall_us + 1001 * SECOND - 3, wall_us + 1001 * SECOND + 3);
    end();
}

static void a_stall_of_half_a_minute_is_ended_by_the_watchdog(void **state)
{
    (void)state;
    begin(daemon_main, SECOND);
    (void)world_run(rec.w, 3 * SECOND);
    process_stall(rec.p, 10 * SECOND);
    unsigned ticks = rec.ticks;
    (void)world_run(rec.w, 12 * SECOND);
    assert_int_equal(rec.ticks, ticks);
    (void)world_run(rec.w, 20 * SECOND);
    assert_int_equal(process_watchdog_kills(rec.p), 0);
    assert_true(rec.ticks > ticks);
    process_stall(rec.p, 30 * SECOND);
    (void)world_run(rec.w, 45 * SECOND);
    assert_int_equal(process_watchdog_kills(rec.p), 1);
    assert_int_equal(process_starts(rec.p), 2);
    end();
}

static void a_crash_ends_a_stall(void **state)
{
    (void)state;
    begin(daemon_main, SECOND);
    (void)world_run(rec.w, 3 * SECOND);
    process_stall(rec.p, 3600 * SECOND);
    (void)world_run(rec.w, 10 * SECOND);
    process_crash(rec.p, "test");
    (void)world_run(rec.w, 10 * SECOND + 1000);
    assert_int_equal(rec.ends, 1);
    (void)world_run(rec.w, 15 * SECOND);
    assert_int_equal(process_starts(rec.p), 2);
    end();
}

static void the_chosen_call_fails_once(void **state)
{
    (void)state;
    begin(daemon_main, SECOND);
    process_fail_call(rec.p, OS_EVENT, 1);
    (void)world_run(rec.w, SECOND / 2);
    assert_int_equal(rec.ends, 1);
    assert_int_equal(rec.code, 3);
    (void)world_run(rec.w, 3 * SECOND);
    assert_true(process_is_ready(rec.p));
    assert_true(process_calls(rec.p, OS_EVENT) >= 4);
    end();
}

static void count_turn(void *arg, struct process *p)
{
    assert_ptr_equal(arg, &rec);
    assert_ptr_equal(p, rec.p);
    rec.turns++;
}

static void the_oracle_is_called_after_each_turn(void **state)
{
    (void)state;
    begin(daemon_main, 0);
    process_after_turn(count_turn, &rec);
    (void)world_run(rec.w, 5 * SECOND + SECOND / 4);
    assert_int_equal(rec.turns, 5 + 10);
    assert_int_equal(process_turns(rec.p), 15);
    assert_int_equal(process_longest_turn_us(rec.p), 0);
    end();
}

/* ---------------------------------------------------------------- a turn that blocks, an assertion */

static int block(sd_event_source *s, void *arg)
{
    (void)arg;
    struct timespec nap = {.tv_sec = 2};
    (void)os_nanosleep(&nap, NULL);
    return os_sd_event_exit(os_sd_event_source_get_event(s), 0);
}

static int main_that_blocks(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    (void)os_sd_event_new(&rec.loop);
    (void)os_sd_event_add_defer(rec.loop, NULL, block, NULL);
    int code = os_sd_event_loop(rec.loop);
    (void)os_sd_event_unref(rec.loop);
    return code;
}

static void a_turn_that_blocks_is_seen(void **state)
{
    (void)state;
    begin(main_that_blocks, 0);
    (void)world_run(rec.w, 5 * SECOND);
    assert_int_equal(process_longest_turn_us(rec.p), 2 * SECOND);
    assert_null(world_failure(rec.w));
    end();
}

static void a_turn_longer_than_allowed_fails_the_run(void **state)
{
    (void)state;
    begin_with(main_that_blocks, 0, SECOND);
    assert_int_equal(world_run(rec.w, 5 * SECOND), WORLD_FAILED);
    assert_non_null(strstr(world_failure(rec.w), "INV-29"));
    end();
}

static int main_that_asserts(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    os___assert_fail("1 == 2", "file.c", 3, "function");
}

static void an_assertion_fails_the_run(void **state)
{
    (void)state;
    begin(main_that_asserts, SECOND);
    assert_int_equal(world_run(rec.w, SECOND), WORLD_FAILED);
    assert_non_null(strstr(world_failure(rec.w), "1 == 2"));
    end();
}

static void crashes_in_a_row_leave_nothing_behind(void **state)
{
    (void)state;
    begin(daemon_main, 1000);
    for (int i = 1; i <= 1000; i++) {
        (void)world_run(rec.w, i * SECOND / 3);
        process_crash(rec.p, "again");
    }
    (void)world_run(rec.w, 400 * SECOND);
    assert_int_equal(rec.crashes, 1000);
    assert_int_equal(process_starts(rec.p), 1001);
    assert_null(world_failure(rec.w));
    end();
}

static void a_world_may_be_freed_before_its_processes(void **state)
{
    (void)state;
    begin(daemon_main, SECOND);
    (void)world_run(rec.w, 3 * SECOND);
    world_free(rec.w);
    assert_true(rec.was_dead);
    process_free(rec.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_run_by_priority_then_in_order_and_once),
        cmocka_unit_test(a_source_left_behind_fails_the_run),
        cmocka_unit_test(timers_threads_and_descriptors_work_in_virtual_time),
        cmocka_unit_test(a_crash_ends_every_wait_at_once_and_the_daemon_starts_again),
        cmocka_unit_test(after_a_power_cut_the_boot_clock_begins_anew),
        cmocka_unit_test(a_suspended_machine_does_not_count_monotonic_time),
        cmocka_unit_test(a_drift_changes_no_clock_at_once),
        cmocka_unit_test(a_stall_of_half_a_minute_is_ended_by_the_watchdog),
        cmocka_unit_test(a_crash_ends_a_stall),
        cmocka_unit_test(the_chosen_call_fails_once),
        cmocka_unit_test(the_oracle_is_called_after_each_turn),
        cmocka_unit_test(a_turn_that_blocks_is_seen),
        cmocka_unit_test(a_turn_longer_than_allowed_fails_the_run),
        cmocka_unit_test(an_assertion_fails_the_run),
        cmocka_unit_test(crashes_in_a_row_leave_nothing_behind),
        cmocka_unit_test(a_world_may_be_freed_before_its_processes),
    };
    return cmocka_run_group_tests_name("sim_process", tests, NULL, NULL);
}
