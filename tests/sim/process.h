/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process: a daemon inside the simulated world. Its main() is the shipped one, on a fiber of its own; the threads that
 * it starts are fibers too. Everything that it asks of the system (see tests/sim/side) comes to the os_* functions,
 * which act for the process whose fiber is running.
 *
 * Crash: from that moment nothing that the process does reaches the world (files, bus, broker, pages): every call fails
 * or does nothing, waiting ends at once, its event loop ends, so that its own clean-up runs and frees its memory
 * without any effect. Then what was not synced on its disk is decided, and it starts again after restart_us, as systemd
 * would.
 */
#ifndef MEDLOCKER_SIM_PROCESS_H
#define MEDLOCKER_SIM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/disk.h"
#include "tests/sim/world.h"

#define PROCESS_ARGS_MAX 8
#define PROCESS_CALLS_NEVER UINT64_MAX
#define MACHINE_EPOCH_US (INT64_C(1795000000000) * 1000) /* the wall clock of true time 0 */

/* A computer: clocks and a disk. Several processes may be on one. */
struct machine {
    const char *name;
    struct disk *disk;
    int64_t wall_offset_us; /* wall clock = true time + start of the run + this; faults move it */
    int64_t drift_ppm;      /* of boot, monotonic and wall clock: -1000..1000 */
    int64_t boot_zero_us;   /* true time of its last power-on: CLOCK_BOOTTIME counts from here */
    int64_t leapt_zero_us;  /* world_leapt_us at that moment: CLOCK_MONOTONIC does not count the leaps since */
    bool ntp;               /* adjtimex says synchronised; its wall clock does not drift */
    char boot_id[33];       /* "": given at the first start of a process */
};

int64_t machine_boot_us(const struct world *w, const struct machine *m);
int64_t machine_mono_us(const struct world *w, const struct machine *m);
int64_t machine_wall_us(const struct world *w, const struct machine *m);
/* From now on; no clock jumps. */
void machine_set_drift(const struct world *w, struct machine *m, int64_t ppm);

/* What the process asked the system for, as classes that can fail. */
enum os_call { OS_FILE, OS_SYNC, OS_MEMORY, OS_THREAD, OS_EVENT, OS_DESCRIPTOR, OS_CLOCK, OS_RANDOM, OS_CALL_N };

struct process_cfg {
    const char *name; /* in the story */
    struct machine *machine;
    int (*main)(int argc, char **argv);
    const char *arg[PROCESS_ARGS_MAX];                /* arg[0] is the name; NULL-terminated */
    int64_t restart_us;                               /* after it ended; 0: stays down */
    int64_t turn_max_us;                              /* a longer turn of its loop fails the run; 0: none does */
    void (*ended)(void *arg, int code, bool crashed); /* before it is started again; may be NULL */
    void *arg_ended;
};

struct process;

struct process *process_new(struct world *w, const struct process_cfg *cfg); /* does not start it */
void process_start(struct process *p);
void process_crash(struct process *p, const char *why); /* now; safe from inside the process's own calls */
/* Power: crash of every process of the machine, boot clock starts again, new boot id; started again after down_us. What
 * is left on its disk the caller says at once with disk_power_cut. */
void machine_power_cut(struct world *w, struct machine *m, int64_t down_us);
void process_term(struct process *p);              /* SIGTERM */
void process_stall(struct process *p, int64_t us); /* its fibers do not get a turn for so long */
/* Before or after world_stop, which ends all processes. */
void process_free(struct process *p);

bool process_is_up(const struct process *p);
bool process_is_dead(const struct process *p); /* crashed and on its way out: its calls have no effect */
struct process *process_current(void);         /* of the running fiber; NULL: none */
struct machine *process_machine(const struct process *p);
const char *process_name(const struct process *p);
unsigned process_starts(const struct process *p);
/* The process said READY=1 since its last start. */
bool process_is_ready(const struct process *p);
const char *process_status(const struct process *p); /* the last STATUS= it told, "" */

/* Called after each turn of a daemon's event loop (one source was dispatched), on its fiber; must not give the turn
 * away. One for all processes; NULL: none. Not called for dead ones. */
typedef void (*process_turn_fn)(void *arg, struct process *p);
void process_after_turn(process_turn_fn fn, void *arg);
uint64_t process_turns(const struct process *p); /* over all its runs */
/* The longest time inside one turn over all runs, turns during a process_stall left out (INV-29). */
int64_t process_longest_turn_us(const struct process *p);
uint64_t process_watchdog_kills(const struct process *p);

/* Calls of the present run of the process, counted over all classes, or those of one class. The n-th call counted from
 * the next start fails once (for sweeps); PROCESS_CALLS_NEVER: none. */
uint64_t process_calls(const struct process *p, enum os_call kind);
void process_fail_call(struct process *p, enum os_call kind, uint64_t n);

/* For the os_* functions: counts a call; false: it must fail (dead process, or it is the chosen one). */
bool process_may(enum os_call kind);

#endif
