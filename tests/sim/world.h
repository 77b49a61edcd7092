/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world: one simulated run: true time, what is due when, fibers (stacks that take turns), chance from one seed, and the
 * story that is told of it. One thread: exactly one fiber runs at a time, and only world_* functions give the turn
 * away, so the same seed gives the same run, byte for byte.
 *
 * True time starts at 0 and counts microseconds; it moves only when nobody can run. Machines read it through their own
 * clocks (see process.h). Due things with the same time run in the order in which they were asked for.
 */
#ifndef MEDLOCKER_SIM_WORLD_H
#define MEDLOCKER_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/sim/dice.h"

#define WORLD_NEVER INT64_MAX

struct world;
struct fiber;

/* What ends a run early. */
enum world_end { WORLD_RUNNING, WORLD_FINISHED, WORLD_FAILED };

struct world *world_new(uint64_t seed);
/* Outside any fiber: every fiber gets turns until it is done, its waits end at once; one that does not end is a bug of
 * ours. Nothing else happens any more. After it the parts of the world can be freed, which may still cancel tickets. */
void world_stop(struct world *w);
void world_free(struct world *w); /* stops it first */

int64_t world_now_us(const struct world *w);
/* Each part draws from a stream of its own, so that a change in one does not change the others. name: a literal. */
struct dice *world_dice(struct world *w, const char *name);

/* Calls fn once at at_us (or now, when that is past), outside any fiber. Returns a ticket; world_cancel of a ticket
 * that has run is harmless. */
typedef void (*world_fn)(void *arg);
uint64_t world_at(struct world *w, int64_t at_us, world_fn fn, void *arg);
void world_cancel(struct world *w, uint64_t ticket);

/* A fiber runs fn(arg) on a stack of its own (stack_bytes; 0: 256 KiB) until it returns. It gets its
 * first turn when those that are due now have had theirs. */
struct fiber *fiber_new(struct world *w, const char *name, world_fn fn, void *arg, size_t stack_bytes);
struct fiber *fiber_self(struct world *w); /* NULL: outside any fiber */
bool fiber_is_done(const struct fiber *f);
void fiber_free(struct fiber *f); /* only when done */
/* Whose it is; NULL: nobody's. */
void fiber_set_owner(struct fiber *f, void *owner);
void *fiber_owner(const struct fiber *f);
/* Takes it away as it stands, whatever it holds is lost: for a program that aborted. The running one does not return.
 */
void fiber_kill(struct fiber *f);
/* Outside any fiber: only the fibers of this owner get turns, and their waits end at once, until all of them are done.
 */
void world_drain(struct world *w, const void *owner);
/* It does not get a turn before at_us, whatever it waits for; from its next wait on when it is running. */
void fiber_hold(struct fiber *f, int64_t at_us);

/* Inside a fiber: gives the turn away until until_us, or until somebody wakes this fiber. true: woken. When the world
 * is ending it returns false at once: a loop around it must ask world_is_ending. */
bool fiber_wait(struct world *w, int64_t until_us);
void fiber_wake(struct world *w, struct fiber *f); /* runs when its turn comes; harmless when it is not waiting */
void fiber_sleep(struct world *w, int64_t us);     /* not shortened by wakes */

/* Runs until true time is until_us, or the world has ended, or nothing is left to do. */
enum world_end world_run(struct world *w, int64_t until_us);
/* All machines are suspended for span_us: true, boot and wall clocks go on, monotonic clocks and everything that waits
 * stand still. For nights in which nothing happens. */
void world_leap(struct world *w, int64_t span_us);
int64_t world_leapt_us(const struct world *w); /* all leaps together */
/* In world_stop, before the fibers are ended and when all of them are. One listener. */
void world_on_stop(struct world *w, world_fn before, world_fn after, void *arg);
/* fn is called after each leap. */
void world_on_leap(struct world *w, world_fn fn, void *arg);
bool world_is_ending(const struct world *w); /* finished, failed, or being freed */
void world_finish(struct world *w);
/* The run failed: keeps the first reason; the world ends after the present turn. */
void world_fail(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *world_failure(const struct world *w); /* NULL: none */

/* One line of the story, kept in memory (the last few thousand lines) and printed when wanted: who did what. */
void world_tell(struct world *w, const char *who, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void world_print_story(const struct world *w, unsigned lines);
void world_set_echo(struct world *w, bool echo); /* each line is printed at once too */
/* A sum over all that was told and counted: the same for the same seed. */
uint64_t world_digest(const struct world *w);

/* A fault of this kind was really injected, now. name: a literal from faults.h; counted for the report. */
void world_count(struct world *w, const char *name);
/* The i-th name that was counted; false: no more. */
bool world_counted(const struct world *w, unsigned i, const char **name, uint64_t *n);

#endif
