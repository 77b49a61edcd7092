/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/crash.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/crash_enrol.h"
#include "tests/sim/crash_script.h"
#include "tests/sim/day.h"
#include "tests/sim/image.h"
#include "tests/sim/people/people.h"

#define SEED 3
#define HEARTBEAT_US (31 * SECOND_US)
#define BOOT_US (120 * SECOND_US)
#define RUN_US (INT64_C(400) * 24 * HOUR_US)
#define HANG_S 120
#define SCRIPTS_MAX 40
#define DEPTH_MAX 2
#define SIDES 2
#define COUNTED_FAILURE 3 /* the process has counted its failure itself; any other end but 0 is one too */
#define CALLS_GATE 20     /* of one class in one script, spread evenly; all of them in the long run */

/* What happens to a daemon or its machine at a step. Cuts as in disk.h, and an end of the daemon alone. */
enum outcome { CUT_OLD, CUT_NEW, CUT_MIX, CUT_TORN, CUT_GARBAGE, KILLED, OUTCOME_N };
static const char *const outcome_names[OUTCOME_N] = {"old", "new", "mix", "torn", "garbage", "killed"};
static const char *const side_names[SIDES] = {"locker", "hub"};

enum mode { ONE_DEEP, TWO_DEEP, CALLS, MODE_N };
static const char *const mode_names[MODE_N] = {"one", "two", "calls"};

/* Classes of calls that can fail at the daemons' side; clock and chance cannot. */
static const enum os_call call_kinds[] = {OS_FILE, OS_SYNC, OS_MEMORY, OS_THREAD, OS_EVENT, OS_DESCRIPTOR};
static const char *const call_names[] = {"file", "sync", "memory", "thread", "event", "descriptor"};
#define CALL_KINDS (sizeof call_kinds / sizeof call_kinds[0])

/* A place to crash: side and number of its step, and what comes of it. */
struct point {
    unsigned side;
    uint64_t step;
    enum outcome how;
};

struct options {
    enum mode mode;
    bool longer, story;
    unsigned jobs;
    const char *only, *report;
    struct point at[DEPTH_MAX]; /* to see one again */
    unsigned ats;
    int call_kind; /* -1: none */
    unsigned call_side;
    uint64_t call;
};

/* Sums over all processes, in shared memory. */
struct script_sum {
    uint64_t steps[SIDES], runs, pairs, failed, told;
    uint64_t calls[SIDES][CALL_KINDS], called[SIDES][CALL_KINDS];
    bool restarts; /* calls are counted from the start of a program: its own begin anew, and first-start has those */
};
struct sums {
    struct script_sum script[SCRIPTS_MAX];
    uint64_t outcome[OUTCOME_N];
};

/* The run of this process. */
static struct crash {
    const struct options *o;
    struct sums *sums;
    struct script_sum *sum;
    const struct crash_script *script;
    struct crash_story story;
    bool counting;
    uint64_t step[SIDES];
    unsigned depth; /* crashes so far; in a forked process more than 0, or a call that fails */
    struct point at[DEPTH_MAX];
    bool calls, forked;
    unsigned call_side;
    size_t call_kind;
    uint64_t call;
} now;

static void add(uint64_t *sum, uint64_t n)
{
    (void)__atomic_fetch_add(sum, n, __ATOMIC_RELAXED);
}

static struct process *process_of(unsigned side)
{
    return side == 0 ? now.story.s->locker[0].process : now.story.s->hub;
}

static struct machine *machine_of(unsigned side)
{
    return side == 0 ? &now.story.s->locker[0].machine : &now.story.s->hub_machine;
}

/* ---------------------------------------------------------------- verdict of one run */

static void say_where(FILE *to)
{
    (void)fprintf(to, "build/sim/sim --crash %s --only %s", mode_names[now.o->mode], now.script->name);
    for (unsigned i = 0; i < now.depth && !now.calls; i++)
        (void)fprintf(to, " --at %s:%" PRIu64 ":%s", side_names[now.at[i].side], now.at[i].step,
                      outcome_names[now.at[i].how]);
    if (now.calls && now.call != 0)
        (void)fprintf(to, " --call %s:%s:%" PRIu64, side_names[now.call_side], call_names[now.call_kind], now.call);
}

/* Ends a forked process. */
static _Noreturn void end_process(int code)
{
    (void)fflush(stdout);
    (void)fflush(stderr);
    _exit(code);
}

static int verdict(void)
{
    struct site *s = now.story.s;
    const char *why = world_failure(s->w);
    if (why == NULL && !world_is_ending(s->w))
        why = "LIV-01 the run came to its end";
    add(&now.sum->runs, 1);
    add(&now.sum->told, now.story.told);
    if (why == NULL)
        return 0;
    add(&now.sum->failed, 1);
    if (!now.o->story && now.o->ats == 0 && now.o->call == 0)
        (void)fprintf(stdout, "FAILED %s: %s; reproduce: ", now.script->name, why);
    else
        (void)fprintf(stdout, "FAILED %s: %s\n", now.script->name, why);
    if (now.o->ats == 0 && now.o->call == 0) {
        say_where(stdout);
        (void)fprintf(stdout, " --story\n");
    }
    return COUNTED_FAILURE;
}

/* ---------------------------------------------------------------- crashing */

static void crash(const struct point *p)
{
    struct machine *m = machine_of(p->side);
    now.at[now.depth++] = *p;
    now.step[0] = now.step[1] = 0;
    add(&now.sums->outcome[p->how], 1);
    if (now.depth > 1)
        add(&now.sum->pairs, 1);
    world_tell(now.story.s->w, "crash", "%s before step %" PRIu64 ": %s", side_names[p->side], p->step,
               outcome_names[p->how]);
    if (p->how == KILLED) {
        process_crash(process_of(p->side), "kill -9");
        disk_power_cut(m->disk, DISK_CUT_NEW); /* the kernel keeps what was written */
    } else {
        machine_power_cut(now.story.s->w, m, 5 * SECOND_US);
        disk_power_cut(m->disk, (enum disk_cut)p->how);
    }
}

static bool is_bad_end(int status)
{
    return !WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != COUNTED_FAILURE);
}

/* true: in the new process. The old one has waited for its end. */
static bool forked(const struct point *next)
{
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        now.forked = true;
        (void)alarm(HANG_S);
        return true;
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (child < 0 || is_bad_end(status)) {
        add(&now.sum->failed, 1);
        (void)fprintf(stdout, "FAILED %s: the run ended with wait status %d; reproduce: ", now.script->name,
                      child < 0 ? -1 : status);
        if (next != NULL)
            now.at[now.depth++] = *next;
        say_where(stdout);
        (void)fprintf(stdout, " --story\n");
        now.depth -= next != NULL ? 1 : 0;
    }
    return false;
}

static unsigned depth_wanted(void)
{
    return now.o->ats > 0 ? now.o->ats : now.o->mode == TWO_DEEP ? 2 : 1;
}

/* Which outcomes a step is tried with: all of them in the long run, else one after the other in turn. */
static bool is_tried(enum outcome how, uint64_t step, bool is_sync)
{
    if (now.o->longer)
        return true;
    if (now.o->mode == TWO_DEEP)
        return now.depth == 0 ? is_sync && how == CUT_OLD : (uint64_t)how == step % OUTCOME_N;
    return (uint64_t)how == step % OUTCOME_N;
}

static void on_step(unsigned side, bool is_sync)
{
    if (!now.counting || now.calls || process_current() != process_of(side))
        return;
    uint64_t step = ++now.step[side];
    if (now.depth == 0 && !now.forked)
        now.sum->steps[side] = step;
    if (now.o->ats > 0) {
        const struct point *p = &now.o->at[now.depth];
        if (now.depth < now.o->ats && p->side == side && p->step == step)
            crash(p);
        return;
    }
    if (now.depth >= depth_wanted() || (now.depth > 0 && now.at[0].side != side))
        return;
    for (enum outcome how = CUT_OLD; how < OUTCOME_N; how++) {
        const struct point p = {side, step, how};
        if (is_tried(how, step, is_sync) && forked(&p)) {
            crash(&p);
            return;
        }
    }
}

static void on_locker_step(void *arg, uint64_t number, bool is_sync)
{
    (void)arg;
    (void)number;
    on_step(0, is_sync);
}

static void on_hub_step(void *arg, uint64_t number, bool is_sync)
{
    (void)arg;
    (void)number;
    on_step(1, is_sync);
}

/* ---------------------------------------------------------------- calls that fail */

static void fail_call(unsigned side, size_t kind, uint64_t n)
{
    struct process *p = process_of(side);
    now.call_side = side;
    now.call_kind = kind;
    now.call = n;
    world_tell(now.story.s->w, "crash", "call %" PRIu64 " of class %s will fail in the %s", n, call_names[kind],
               side_names[side]);
    process_fail_call(p, call_kinds[kind], process_calls(p, call_kinds[kind]) + n);
}

/* Which calls are tried: all of them in the long run, else the first ones and some in between. */
static uint64_t stride(uint64_t calls)
{
    return now.o->longer || calls <= CALLS_GATE ? 1 : (calls + CALLS_GATE - 1) / CALLS_GATE;
}

/* Before the act: one process for each call of it, as counted by a run before. true: in one of them. */
static bool fork_calls(void)
{
    for (unsigned side = 0; side < SIDES; side++) {
        for (size_t kind = 0; kind < CALL_KINDS; kind++) {
            uint64_t calls = now.sum->calls[side][kind];
            for (uint64_t n = 1; n <= calls; n += stride(calls)) {
                now.call_side = side;
                now.call_kind = kind;
                now.call = n;
                if (forked(NULL)) {
                    fail_call(side, kind, n);
                    return true;
                }
                add(&now.sum->called[side][kind], 1);
            }
        }
    }
    now.call = 0;
    return false;
}

static void note_calls(uint64_t before[SIDES][CALL_KINDS], bool first)
{
    for (unsigned side = 0; side < SIDES; side++) {
        for (size_t kind = 0; kind < CALL_KINDS; kind++) {
            uint64_t calls = process_calls(process_of(side), call_kinds[kind]);
            if (first)
                before[side][kind] = calls;
            else
                now.sum->calls[side][kind] = calls > before[side][kind] ? calls - before[side][kind] : 0;
            now.sum->restarts = now.sum->restarts || calls < before[side][kind];
        }
    }
}

/* ---------------------------------------------------------------- one script */

static void begin_act(void)
{
    now.counting = true;
    if (now.calls && now.o->call != 0)
        fail_call(now.o->call_side, (size_t)now.o->call_kind, now.o->call);
    else if (now.calls && now.sum->runs > 0 && !fork_calls())
        end_process(0); /* all of them have been tried */
}

static void direct(void *arg)
{
    struct crash_story *t = arg;
    struct site *s = t->s;
    uint64_t before[SIDES][CALL_KINDS] = {{0}};
    if (!now.script->from_start) {
        if (!site_wait_ready(s, BOOT_US))
            world_fail(s->w, "LIV-01 hub and locker start");
        else if (now.script->prepare != NULL)
            now.script->prepare(t);
        note_calls(before, true);
        if (!world_is_ending(s->w))
            begin_act();
    }
    if (!world_is_ending(s->w))
        now.script->act(t);
    if (now.calls && !now.forked && now.o->call == 0)
        note_calls(before, false);
    if (now.depth > 0 && site_wait_ready(s, BOOT_US))
        fiber_sleep(s->w, SECOND_US);
    now.counting = false;
    if (!world_is_ending(s->w))
        crash_complete(t, now.script);
    if (!world_is_ending(s->w)) {
        if ((now.depth > 0 && now.at[0].side == 1) || (now.calls && now.call != 0 && now.call_side == 1))
            fiber_sleep(s->w, HEARTBEAT_US); /* one may have been lost with the hub; the next one tells all */
        day_end(s);
    }
    world_finish(s->w);
}

/* In a process of its own. */
static int run_script(const struct image *image)
{
    const struct site_cfg cfg = {.image = image,
                                 .seed = SEED,
                                 .lockers = 1,
                                 .doors = CRASH_DOORS,
                                 .waived = true,
                                 .poll_ms = 500,
                                 .restart_us = 2 * SECOND_US};
    struct site *s = site_new(&cfg);
    if (s == NULL)
        return 1;
    now.story.s = s;
    now.calls = now.o->mode == CALLS;
    world_set_echo(s->w, now.o->story);
    disk_set_hook(s->locker[0].machine.disk, on_locker_step, NULL);
    disk_set_hook(s->hub_machine.disk, on_hub_step, NULL);
    if (now.script->from_start)
        begin_act();
    (void)fiber_new(s->w, "story", direct, &now.story, 0);
    (void)world_run(s->w, RUN_US);
    int code = verdict();
    if (now.forked)
        end_process(code);
    return code;
}

static pid_t start_script(const struct options *o, const struct image *image, struct sums *sums, unsigned n)
{
    (void)fflush(stdout);
    pid_t child = fork();
    if (child != 0)
        return child;
    now = (struct crash){.o = o, .sums = sums, .sum = &sums->script[n], .script = crash_script(n)};
    end_process(run_script(image));
}

/* ---------------------------------------------------------------- enrolment */

/* Has a place of its own behind the scripts. */
static unsigned enrolment_index(void)
{
    unsigned n = 0;
    while (crash_script(n) != NULL)
        n++;
    return n;
}

static void cut_enrolment(const struct options *o, const struct image *image, struct sums *sums)
{
    struct script_sum *x = &sums->script[enrolment_index()];
    for (unsigned side = 0; side < SIDES; side++) {
        bool reached = true;
        for (uint64_t step = 1; reached; step++) {
            for (enum outcome how = CUT_OLD; how < KILLED && reached; how++) {
                char why[600];
                if (!o->longer && (uint64_t)how != step % KILLED)
                    continue;
                bool done = crash_enrol(image, side == 1, step, (enum disk_cut)how, &reached, why, sizeof why);
                if (!reached && done)
                    break;
                x->steps[side] = step;
                x->runs++;
                sums->outcome[how]++;
                x->failed += done ? 0 : 1;
                if (!done)
                    (void)fprintf(stdout, "FAILED enrolment, %s step %" PRIu64 " %s: %s\n", side_names[side], step,
                                  outcome_names[how], why);
            }
        }
    }
}

/* ---------------------------------------------------------------- all of them */

static bool is_wanted(const struct options *o, const struct crash_script *script)
{
    if (o->only != NULL)
        return strcmp(o->only, script->name) == 0;
    return o->mode != TWO_DEEP || o->longer || script->two_deep;
}

static unsigned wait_for_one(unsigned running, struct sums *sums)
{
    int status = 0;
    pid_t child = wait(&status);
    if (child < 0)
        return 0;
    if (is_bad_end(status)) {
        (void)fprintf(stdout, "FAILED: a script ended with wait status %d\n", status);
        add(&sums->script[0].failed, 1);
    }
    return running - 1;
}

/* Every wanted script once, `jobs` at a time. */
static void run_round(const struct options *o, const struct image *image, struct sums *sums)
{
    unsigned running = 0;
    for (unsigned n = 0; crash_script(n) != NULL; n++) {
        if (!is_wanted(o, crash_script(n)))
            continue;
        while (running >= o->jobs)
            running = wait_for_one(running, sums);
        if (start_script(o, image, sums, n) < 0)
            add(&sums->script[n].failed, 1);
        else
            running++;
    }
    while (running > 0)
        running = wait_for_one(running, sums);
}

struct total {
    uint64_t scripts, points, runs, pairs, failed, told, calls;
};

static void print_script(FILE *f, const struct script_sum *x, const char *name, bool first, enum mode mode)
{
    (void)fprintf(f, "%s\n    {\"script\":\"%s\",\"runs\":%" PRIu64 ",\"told\":%" PRIu64 ",\"failed\":%" PRIu64,
                  first ? "" : ",", name, x->runs, x->told, x->failed);
    if (mode == CALLS) {
        for (unsigned side = 0; side < SIDES; side++) {
            for (size_t k = 0; k < CALL_KINDS; k++)
                (void)fprintf(f, ",\"%s_%s\":[%" PRIu64 ",%" PRIu64 "]", side_names[side], call_names[k],
                              x->called[side][k], x->calls[side][k]);
        }
    } else {
        (void)fprintf(f, ",\"locker_steps\":%" PRIu64 ",\"hub_steps\":%" PRIu64 ",\"pairs\":%" PRIu64, x->steps[0],
                      x->steps[1], x->pairs);
    }
    (void)fprintf(f, "}");
}

static bool write_report(const struct options *o, const struct sums *sums, const struct total *t, double real_s)
{
    FILE *f = fopen(o->report, "we");
    if (f == NULL)
        return false;
    (void)fprintf(f,
                  "{\"mode\":\"%s\",\"long\":%s,\"scripts\":%" PRIu64 ",\"cut_points\":%" PRIu64 ",\"runs\":%" PRIu64
                  ",\"pairs\":%" PRIu64 ",\"calls\":%" PRIu64 ",\"told\":%" PRIu64 ",\"failed\":%" PRIu64
                  ",\"real_s\":%.1f,\n  \"outcomes\":{",
                  mode_names[o->mode], o->longer ? "true" : "false", t->scripts, t->points, t->runs, t->pairs, t->calls,
                  t->told, t->failed, real_s);
    for (unsigned i = 0; i < OUTCOME_N; i++)
        (void)fprintf(f, "%s\"%s\":%" PRIu64, i == 0 ? "" : ",", outcome_names[i], sums->outcome[i]);
    (void)fprintf(f, "},\n  \"by_script\":[");
    bool first = true;
    for (unsigned n = 0; n <= enrolment_index(); n++) {
        const char *name = crash_script(n) != NULL ? crash_script(n)->name : "enrolment";
        if (sums->script[n].runs > 0)
            print_script(f, &sums->script[n], name, first, o->mode);
        first = first && sums->script[n].runs == 0;
    }
    (void)fprintf(f, "]}\n");
    return fclose(f) == 0;
}

static struct total sum_up(const struct sums *sums)
{
    struct total t = {0};
    for (unsigned n = 0; n <= enrolment_index(); n++) {
        const struct script_sum *x = &sums->script[n];
        t.scripts += x->runs > 0 ? 1 : 0;
        t.points += x->steps[0] + x->steps[1];
        t.runs += x->runs;
        t.pairs += x->pairs;
        t.failed += x->failed;
        t.told += x->told;
        for (unsigned side = 0; side < SIDES; side++) {
            for (size_t k = 0; k < CALL_KINDS; k++)
                t.calls += x->called[side][k];
        }
    }
    return t;
}

/* A script in which nothing was cut or refused proves nothing. */
static bool is_idle(const struct options *o, const struct sums *sums)
{
    bool idle = false;
    for (unsigned n = 0; n <= enrolment_index() && o->ats == 0 && o->call == 0; n++) {
        const struct script_sum *x = &sums->script[n];
        uint64_t called = 0;
        for (unsigned side = 0; side < SIDES; side++) {
            for (size_t k = 0; k < CALL_KINDS; k++)
                called += x->called[side][k];
        }
        if (x->runs == 0 || (o->mode == CALLS ? called > 0 || x->restarts : x->steps[0] + x->steps[1] > 0))
            continue;
        (void)printf("FAILED %s: nothing was cut\n", crash_script(n) != NULL ? crash_script(n)->name : "enrolment");
        idle = true;
    }
    return idle;
}

static int run_all(const struct options *o)
{
    struct timespec began, end;
    (void)clock_gettime(CLOCK_MONOTONIC, &began);
    struct image *image = image_new();
    struct sums *sums = mmap(NULL, sizeof *sums, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (image == NULL || sums == MAP_FAILED)
        return 2;
    run_round(o, image, sums);
    if (o->mode == ONE_DEEP && (o->only == NULL || strcmp(o->only, "enrolment") == 0))
        cut_enrolment(o, image, sums);
    if (o->mode == CALLS && o->call == 0)
        run_round(o, image, sums); /* the first one counted */
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    double real_s = (double)(end.tv_sec - began.tv_sec) + (double)(end.tv_nsec - began.tv_nsec) / 1e9;
    struct total t = sum_up(sums);
    t.failed += is_idle(o, sums) ? 1 : 0;
    bool written = o->report == NULL || write_report(o, sums, &t, real_s);
    printf("crash %s: %" PRIu64 " scripts, %" PRIu64 " cut points, %" PRIu64 " pairs, %" PRIu64 " calls, %" PRIu64
           " runs in %.1f s, %" PRIu64 " failed\n",
           mode_names[o->mode], t.scripts, t.points, t.pairs, t.calls, t.runs, real_s, t.failed);
    image_free(image);
    (void)munmap(sums, sizeof *sums);
    return t.failed == 0 && t.runs > 0 && written ? 0 : 1;
}

/* ---------------------------------------------------------------- command line */

static const char usage[] = "usage: sim --crash one|two|calls [--only SCRIPT] [--long] [--jobs N] [--report FILE]\n"
                            "  --story                      tell what happens\n"
                            "  --at SIDE:STEP:OUTCOME       this crash only; twice: and this one in the recovery\n"
                            "  --call SIDE:CLASS:N          this failing call only\n"
                            "  --list                       the scripts\n";

static int index_of(const char *text, size_t len, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == len && strncmp(names[i], text, len) == 0)
            return (int)i;
    }
    return -1;
}

/* "side:middle:last" */
static bool split(const char *text, const char **middle, const char **last, int *side)
{
    *middle = strchr(text, ':');
    *last = *middle == NULL ? NULL : strchr(*middle + 1, ':');
    if (*last == NULL)
        return false;
    *side = index_of(text, (size_t)(*middle - text), side_names, SIDES);
    (*middle)++;
    (*last)++;
    return *side >= 0;
}

static bool read_at(const char *text, struct options *o)
{
    const char *middle, *last;
    int side;
    if (o->ats == DEPTH_MAX || !split(text, &middle, &last, &side))
        return false;
    int how = index_of(last, strlen(last), outcome_names, OUTCOME_N);
    o->at[o->ats++] = (struct point){(unsigned)side, strtoull(middle, NULL, 10), (enum outcome)how};
    return how >= 0;
}

static bool read_call(const char *text, struct options *o)
{
    const char *middle, *last;
    int side;
    if (!split(text, &middle, &last, &side))
        return false;
    o->call_side = (unsigned)side;
    o->call_kind = index_of(middle, (size_t)(last - 1 - middle), call_names, CALL_KINDS);
    o->call = strtoull(last, NULL, 10);
    return o->call_kind >= 0 && o->call > 0;
}

static int list_scripts(void)
{
    for (unsigned n = 0; crash_script(n) != NULL; n++)
        (void)puts(crash_script(n)->name);
    return 0;
}

int crash_main(int argc, char **argv)
{
    static const struct option names[] = {{"only", required_argument, NULL, 'o'},
                                          {"long", no_argument, NULL, 'l'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"report", required_argument, NULL, 'r'},
                                          {"at", required_argument, NULL, 'a'},
                                          {"call", required_argument, NULL, 'c'},
                                          {"story", no_argument, NULL, 's'},
                                          {"list", no_argument, NULL, 'i'},
                                          {NULL, 0, NULL, 0}};
    struct options o = {.jobs = 1, .call_kind = -1};
    bool good = true;
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (c) {
        case 'o':
            o.only = optarg;
            break;
        case 'l':
            o.longer = true;
            break;
        case 'j':
            o.jobs = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'r':
            o.report = optarg;
            break;
        case 'a':
            good = good && read_at(optarg, &o);
            break;
        case 'c':
            good = good && read_call(optarg, &o);
            break;
        case 's':
            o.story = true;
            break;
        case 'i':
            return list_scripts();
        default:
            good = false;
            break;
        }
    }
    int mode = good && optind == argc - 1 ? index_of(argv[optind], strlen(argv[optind]), mode_names, MODE_N) : -1;
    if (mode < 0 || o.jobs == 0) {
        (void)fputs(usage, stderr);
        return 2;
    }
    o.mode = (enum mode)mode;
    return run_all(&o);
}
