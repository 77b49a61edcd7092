/* SPDX-License-Identifier: Apache-2.0 */
/* process_part: what process.c and the os_*.c files share. */
#ifndef MEDLOCKER_SIM_PROCESS_PART_H
#define MEDLOCKER_SIM_PROCESS_PART_H

#include <time.h>

#include "tests/sim/os_fd.h"
#include "tests/sim/process.h"

#define PROCESS_FIBERS_MAX 16
#define PROCESS_ABORT "abort" /* why, for a call of abort() */
#define OS_FDS (OS_FD_LAST - OS_FD_FIRST + 1)

struct os_fd;
struct sd_event;
struct os_thread;

struct process {
    struct process *next;
    struct world *world;
    struct process_cfg cfg;
    struct fiber *main;
    struct fiber *thread[PROCESS_FIBERS_MAX]; /* NULL: none */
    bool up, dead, aborted, ready, watched;
    bool refused; /* memory, in this run of it */
    unsigned starts;
    int64_t restart_at_us; /* -1: as configured */
    uint64_t start_ticket, watchdog_ticket;
    uint64_t watchdog_kills;
    int64_t stall_us; /* held until then */
    char status[128];

    uint64_t calls[OS_CALL_N], fail_at[OS_CALL_N];
    uint64_t dead_waits;
    int64_t dead_boot_us, dead_mono_us, dead_wall_us; /* its clocks since it is dead */

    struct dice random, chance;
    uint64_t signals; /* bit n: signal n is pending */
    struct sd_event *loop, *default_loop;
    struct os_fd *fd[OS_FDS];
    unsigned fd_from, fd_end; /* none is free below; none is in use from there */

    uint64_t turns;
    int64_t longest_turn_us;
};

/* The running process's waits. They end at once when it is dead, after the others had a turn. true: woken. */
bool process_wait(struct process *p, int64_t until_us);
void process_wake_all(struct process *p);
void process_turn_done(struct process *p, int64_t began_us);
/* A fiber for a thread of the running process. NULL: no room. */
struct fiber *process_fiber(struct process *p, const char *name, world_fn fn, void *arg);
void process_fiber_over(struct process *p, struct fiber *f); /* frees it; it is done */
void process_feed(struct process *p);                        /* the watchdog */
/* The program cannot go on (assertion): the run fails. Does not return on a fiber of a process. */
void process_abort(const char *why);

struct process *process_first(void);

/* os_clock.c */
int64_t process_clock_us(struct process *p, clockid_t id);
/* The true time at which its clock will show clock_us, or a day from now when that is earlier. */
int64_t process_when_us(struct process *p, clockid_t id, int64_t clock_us);

/* os_event.c: loops of the running process. */
void os_event_signal(struct process *p);
void os_event_leapt(struct process *p);
/* What the process left: 0 when nothing. */
unsigned os_event_drop_all(struct process *p);

#endif
