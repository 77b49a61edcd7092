/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/process.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/os.h"
#include "tests/sim/process_part.h"

#define MAIN_STACK_BYTES (1024 * 1024)
#define THREAD_STACK_BYTES (512 * 1024)
#define MILLION INT64_C(1000000)
#define DEAD_WAITS_MAX 1000000
#define WATCHDOG_US (20 * MILLION)

/* The processes of the world that runs, and who listens to them. */
static struct {
    struct process *first;
    struct world *world;
    process_turn_fn turn;
    void *turn_arg;
} all;

/* ---------------------------------------------------------------- machines */

static int64_t drifted(int64_t us, int64_t ppm)
{
    return us + us / MILLION * ppm + us % MILLION * ppm / MILLION;
}

static int64_t undrifted(int64_t us, int64_t ppm)
{
    return us / (MILLION + ppm) * MILLION + us % (MILLION + ppm) * MILLION / (MILLION + ppm);
}

int64_t machine_boot_us(const struct world *w, const struct machine *m)
{
    return drifted(world_now_us(w) - m->boot_zero_us, m->drift_ppm);
}

int64_t machine_mono_us(const struct world *w, const struct machine *m)
{
    return drifted(world_now_us(w) - m->boot_zero_us - (world_leapt_us(w) - m->leapt_zero_us), m->drift_ppm);
}

int64_t machine_wall_us(const struct world *w, const struct machine *m)
{
    int64_t now_us = world_now_us(w);
    int64_t since_us = now_us - m->boot_zero_us;
    return MACHINE_EPOCH_US + m->wall_offset_us + now_us + (m->ntp ? 0 : drifted(since_us, m->drift_ppm) - since_us);
}

void machine_set_drift(const struct world *w, struct machine *m, int64_t ppm)
{
    int64_t boot_us = undrifted(machine_boot_us(w, m), ppm);
    int64_t mono_us = undrifted(machine_mono_us(w, m), ppm);
    int64_t wall_us = machine_wall_us(w, m);
    m->drift_ppm = ppm;
    m->boot_zero_us = world_now_us(w) - boot_us;
    m->leapt_zero_us = world_leapt_us(w) - (boot_us - mono_us);
    m->wall_offset_us += wall_us - machine_wall_us(w, m);
}

static void give_boot_id(struct world *w, struct machine *m)
{
    struct dice *d = world_dice(w, "boot id");
    (void)snprintf(m->boot_id, sizeof m->boot_id, "%016" PRIx64 "%016" PRIx64, dice_next(d), dice_next(d));
}

/* ---------------------------------------------------------------- making and ending */

static void on_leap(void *arg)
{
    (void)arg;
    for (struct process *p = all.first; p != NULL; p = p->next) {
        os_event_leapt(p);
    }
}

static void before_stop(void *arg)
{
    (void)arg;
    for (struct process *p = all.first; p != NULL; p = p->next) {
        process_crash(p, "the end of the run");
    }
}

static void after_stop(void *arg)
{
    (void)arg;
    for (struct process *p = all.first; p != NULL; p = p->next) {
        p->world = NULL;
        p->main = NULL;
    }
    all.world = NULL;
}

struct process *process_new(struct world *w, const struct process_cfg *cfg)
{
    struct process *p = calloc(1, sizeof *p);
    if (p == NULL) {
        abort();
    }
    if (all.world != w) {
        assert(all.first == NULL); /* one world with processes at a time */
        all.world = w;
        world_on_leap(w, on_leap, NULL);
        world_on_stop(w, before_stop, after_stop, NULL);
        os_random_use(w);
    }
    p->world = w;
    p->cfg = *cfg;
    p->restart_at_us = -1;
    dice_seed(&p->random, dice_next(world_dice(w, "process random")));
    dice_seed(&p->chance, dice_next(world_dice(w, "process chance")));
    for (unsigned i = 0; i < OS_CALL_N; i++) {
        p->fail_at[i] = PROCESS_CALLS_NEVER;
    }
    struct process **at = &all.first;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = p;
    return p;
}

static void start_again(void *arg)
{
    struct process *p = arg;
    p->start_ticket = 0;
    process_start(p);
}

static bool has_thread(const struct process *p)
{
    for (unsigned i = 0; i < PROCESS_FIBERS_MAX; i++) {
        if (p->thread[i] != NULL) {
            return true;
        }
    }
    return false;
}

static void plan_restart(struct process *p)
{
    int64_t at_us = p->restart_at_us;
    if (at_us < 0 && p->cfg.restart_us > 0) {
        at_us = world_now_us(p->world) + p->cfg.restart_us;
    }
    p->restart_at_us = -1;
    if (at_us >= 0 && !world_is_ending(p->world)) {
        p->start_ticket = world_at(p->world, at_us, start_again, p);
    }
}

/* What the kernel does when a process is over. */
static void clear_away(struct process *p, int code)
{
    bool crashed = p->dead;
    unsigned left = os_event_drop_all(p);
    os_fd_close_all(p);
    world_cancel(p->world, p->watchdog_ticket);
    p->watchdog_ticket = 0;
    p->up = p->ready = p->watched = false;
    p->fd_from = p->fd_end = 0;
    p->signals = 0;
    if (left != 0 && !crashed && !p->aborted) {
        world_fail(p->world, "%s ended and left %u event sources", p->cfg.name, left);
    }
    for (unsigned i = 0; i < OS_CALL_N; i++) {
        p->fail_at[i] = PROCESS_CALLS_NEVER;
    }
    if (!crashed) {
        world_tell(p->world, p->cfg.name, "ended with %d", code);
    }
    if (p->cfg.ended != NULL && !world_is_ending(p->world)) {
        p->cfg.ended(p->cfg.arg_ended, code, crashed);
    }
    p->dead = false;
    plan_restart(p);
}

static void run_main(void *arg)
{
    struct process *p = arg;
    char *argv[PROCESS_ARGS_MAX + 1] = {NULL};
    char text[PROCESS_ARGS_MAX][256];
    int argc = 0;
    for (; argc < PROCESS_ARGS_MAX && p->cfg.arg[argc] != NULL; argc++) {
        (void)snprintf(text[argc], sizeof text[argc], "%s", p->cfg.arg[argc]);
        argv[argc] = text[argc];
    }
    optind = 0; /* getopt starts over */
    int code = p->cfg.main(argc, argv);
    if (has_thread(p)) {
        world_fail(p->world, "%s ended and left a thread running", p->cfg.name);
        for (unsigned i = 0; i < PROCESS_FIBERS_MAX; i++) {
            if (p->thread[i] != NULL) {
                fiber_kill(p->thread[i]);
                process_fiber_over(p, p->thread[i]);
            }
        }
    }
    clear_away(p, code);
}

void process_start(struct process *p)
{
    assert(!p->up);
    world_cancel(p->world, p->start_ticket);
    p->start_ticket = 0;
    fiber_free(p->main);
    for (unsigned i = 0; i < PROCESS_FIBERS_MAX; i++) {
        if (p->thread[i] != NULL) { /* the one that aborted */
            process_fiber_over(p, p->thread[i]);
        }
    }
    if (p->cfg.machine->boot_id[0] == '\0') {
        give_boot_id(p->world, p->cfg.machine);
    }
    if (machine_mono_us(p->world, p->cfg.machine) < 0) { /* the night came while it had no power */
        p->cfg.machine->boot_zero_us = world_now_us(p->world);
        p->cfg.machine->leapt_zero_us = world_leapt_us(p->world);
    }
    p->up = true;
    p->dead = p->ready = p->aborted = p->refused = false;
    p->status[0] = '\0';
    p->starts++;
    memset(p->calls, 0, sizeof p->calls);
    world_tell(p->world, p->cfg.name, "starts (%u)", p->starts);
    p->main = fiber_new(p->world, p->cfg.name, run_main, p, MAIN_STACK_BYTES);
    fiber_set_owner(p->main, p);
}

void process_crash(struct process *p, const char *why)
{
    if (!p->up || p->dead) {
        return;
    }
    world_tell(p->world, p->cfg.name, "crashes: %s", why);
    p->dead_boot_us = machine_boot_us(p->world, p->cfg.machine);
    p->dead_mono_us = machine_mono_us(p->world, p->cfg.machine);
    p->dead_wall_us = machine_wall_us(p->world, p->cfg.machine);
    p->dead = true;
    p->dead_waits = 0;
    p->ready = false;
    process_wake_all(p);
}

void machine_power_cut(struct world *w, struct machine *m, int64_t down_us)
{
    int64_t on_us = world_now_us(w) + down_us;
    for (struct process *p = all.first; p != NULL; p = p->next) {
        if (p->cfg.machine != m || p->starts == 0) {
            continue;
        }
        p->restart_at_us = on_us;
        if (p->up) {
            process_crash(p, "power is gone");
        } else {
            world_cancel(w, p->start_ticket);
            plan_restart(p);
        }
    }
    m->boot_zero_us = on_us;
    m->leapt_zero_us = world_leapt_us(w);
    give_boot_id(w, m);
}

void process_term(struct process *p)
{
    if (p->up && !p->dead) {
        p->signals |= UINT64_C(1) << SIGTERM;
        os_event_signal(p);
    }
}

void process_stall(struct process *p, int64_t us)
{
    int64_t until_us = world_now_us(p->world) + us;
    if (!p->up || p->dead) {
        return;
    }
    p->stall_us = until_us;
    fiber_hold(p->main, until_us);
    for (unsigned i = 0; i < PROCESS_FIBERS_MAX; i++) {
        if (p->thread[i] != NULL) {
            fiber_hold(p->thread[i], until_us);
        }
    }
}

void process_free(struct process *p)
{
    if (p == NULL) {
        return;
    }
    p->cfg.restart_us = 0;
    p->restart_at_us = -1;
    p->cfg.ended = NULL;
    if (p->world != NULL) {
        if (p->up) {
            process_crash(p, "the end of the run");
            world_drain(p->world, p);
        }
        world_cancel(p->world, p->start_ticket);
        fiber_free(p->main);
    }
    struct process **at = &all.first;
    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
    if (all.first == NULL) {
        all.world = NULL;
    }
    free(p);
}

/* ---------------------------------------------------------------- asking */

bool process_is_up(const struct process *p)
{
    return p->up && !p->dead;
}

bool process_is_dead(const struct process *p)
{
    return p->dead;
}

struct process *process_current(void)
{
    struct fiber *f = all.world == NULL ? NULL : fiber_self(all.world);
    return f == NULL ? NULL : fiber_owner(f);
}

struct machine *process_machine(const struct process *p)
{
    return p->cfg.machine;
}

const char *process_name(const struct process *p)
{
    return p->cfg.name;
}

unsigned process_starts(const struct process *p)
{
    return p->starts;
}

bool process_is_ready(const struct process *p)
{
    return p->ready;
}

const char *process_status(const struct process *p)
{
    return p->status;
}

uint64_t process_calls(const struct process *p, enum os_call kind)
{
    return p->calls[kind];
}

void process_fail_call(struct process *p, enum os_call kind, uint64_t n)
{
    p->fail_at[kind] = n;
}

bool process_may(enum os_call kind)
{
    struct process *p = process_current();
    if (p == NULL) {
        return true;
    }
    if (p->dead) {
        return kind == OS_MEMORY;
    }
    if (++p->calls[kind] != p->fail_at[kind]) {
        return true;
    }
    world_tell(p->world, p->cfg.name, "call %" PRIu64 " of class %d fails", p->fail_at[kind], (int)kind);
    p->refused = p->refused || kind == OS_MEMORY;
    return false;
}

/* ---------------------------------------------------------------- for the os_* files */

struct process *process_first(void)
{
    return all.first;
}

bool process_wait(struct process *p, int64_t until_us)
{
    if (p->dead && ++p->dead_waits > DEAD_WAITS_MAX) {
        process_abort("it does not end after a crash");
    }
    return fiber_wait(p->world, p->dead ? world_now_us(p->world) : until_us) && !p->dead;
}

void process_wake_all(struct process *p)
{
    fiber_hold(p->main, 0);
    fiber_wake(p->world, p->main);
    for (unsigned i = 0; i < PROCESS_FIBERS_MAX; i++) {
        if (p->thread[i] != NULL) {
            fiber_hold(p->thread[i], 0);
            fiber_wake(p->world, p->thread[i]);
        }
    }
}

struct fiber *process_fiber(struct process *p, const char *name, world_fn fn, void *arg)
{
    for (unsigned i = 0; i < PROCESS_FIBERS_MAX; i++) {
        if (p->thread[i] == NULL) {
            p->thread[i] = fiber_new(p->world, name, fn, arg, THREAD_STACK_BYTES);
            fiber_set_owner(p->thread[i], p);
            return p->thread[i];
        }
    }
    return NULL;
}

void process_fiber_over(struct process *p, struct fiber *f)
{
    for (unsigned i = 0; i < PROCESS_FIBERS_MAX; i++) {
        if (p->thread[i] == f) {
            p->thread[i] = NULL;
        }
    }
    fiber_free(f);
}

void process_abort(const char *why)
{
    struct process *p = process_current();
    if (p == NULL) {
        (void)fprintf(stderr, "sim: %s\n", why);
        abort();
    }
    if (p->refused && strcmp(why, PROCESS_ABORT) == 0) {
        world_tell(p->world, p->cfg.name, "aborts: no memory"); /* as it is meant to: it is started again */
    } else {
        world_fail(p->world, "%s aborts: %s", p->cfg.name, why);
    }
    p->aborted = true;
    os_fd_close_all(p); /* first: whoever polls has his watch on a stack that goes */
    struct fiber *self = fiber_self(p->world);
    for (unsigned i = 0; i < PROCESS_FIBERS_MAX; i++) {
        struct fiber *f = p->thread[i];
        if (f != NULL && f != self) {
            fiber_kill(f); /* its memory goes with the world: a wire may still know it as the one that waits */
            p->thread[i] = NULL;
        }
    }
    if (p->main != self) {
        fiber_kill(p->main);
    }
    clear_away(p, EXIT_FAILURE);
    fiber_kill(self);
}

void process_after_turn(process_turn_fn fn, void *arg)
{
    all.turn = fn;
    all.turn_arg = arg;
}

void process_turn_done(struct process *p, int64_t began_us)
{
    int64_t took_us = world_now_us(p->world) - began_us;
    p->turns++;
    if (took_us > p->longest_turn_us && p->stall_us <= began_us) {
        p->longest_turn_us = took_us;
    }
    if (p->cfg.turn_max_us > 0 && took_us > p->cfg.turn_max_us && p->stall_us <= began_us && !p->dead) {
        world_fail(p->world, "INV-29 the loop never blocks: a turn of %s took %" PRId64 " ms", p->cfg.name,
                   took_us / 1000);
    }
    if (all.turn != NULL && !p->dead) {
        all.turn(all.turn_arg, p);
    }
}

uint64_t process_turns(const struct process *p)
{
    return p->turns;
}

int64_t process_longest_turn_us(const struct process *p)
{
    return p->longest_turn_us;
}

uint64_t process_watchdog_kills(const struct process *p)
{
    return p->watchdog_kills;
}

/* ---------------------------------------------------------------- watchdog, as systemd keeps it */

static void on_watchdog(void *arg)
{
    struct process *p = arg;
    p->watchdog_ticket = 0;
    if (p->up && !p->dead) {
        p->watchdog_kills++;
        process_crash(p, "watchdog: no sign of life for 20 s");
    }
}

void process_feed(struct process *p)
{
    if (p->ready) {
        world_cancel(p->world, p->watchdog_ticket);
        p->watchdog_ticket = world_at(p->world, world_now_us(p->world) + WATCHDOG_US, on_watchdog, p);
    }
}
