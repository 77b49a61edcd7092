/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world.h"

#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "tests/sim/queue.h"
#include "tests/sim/stack.h"

/* The address sanitizer wants to know of every change of stacks. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#else
#define __sanitizer_start_switch_fiber(keep, bottom, size) ((void)(keep), (void)(bottom), (void)(size))
#define __sanitizer_finish_switch_fiber(kept, bottom, size) ((void)(kept), (void)(bottom), (void)(size))
#endif

#define STACK_BYTES (256 * 1024)
#define STORY_LINES 4096
#define LINE_CAP 240
#define NAMES_MAX 256
#define LEAPERS_MAX 16
#define ENDING_TURNS_MAX 100000 /* waits of one fiber after the end: more is a loop that never asks */
#define HOUR_US INT64_C(3600000000)

struct fiber {
    struct world *world;
    struct fiber *next, **at; /* all fibers of the world */
    const char *name;
    world_fn fn;
    void *arg, *owner;
    void *stack;
    size_t stack_bytes;
    jmp_buf turn;
    void *shadow; /* the sanitizer's, while it waits */
    uint64_t ticket;
    int64_t hold_run_us; /* in running time, as the queue */
    unsigned ending_turns;
    int saved_errno;
    bool entered, waiting, deaf, woken, done;
    bool ending;  /* its waits end at once */
    bool put_off; /* would run, but is held */
};

struct stream {
    const char *name;
    struct dice dice;
};

struct count {
    const char *name;
    uint64_t n;
};

/* The queue counts running time: true time without the leaps. */
struct world {
    uint64_t seed;
    struct queue *queue;
    int64_t run_us, leapt_us, limit_us;
    jmp_buf main;
    void *shadow;
    const void *main_stack;
    size_t main_stack_bytes;
    struct fiber *fibers, *running;
    enum world_end end;
    bool dying, echo;
    char failure[LINE_CAP];
    struct stream *stream[NAMES_MAX];
    unsigned streams;
    struct count count[NAMES_MAX];
    unsigned counts;
    struct {
        world_fn fn;
        void *arg;
    } leaper[LEAPERS_MAX];
    unsigned leapers;
    struct {
        world_fn before, after;
        void *arg;
    } stopped;
    char (*story)[LINE_CAP];
    uint64_t told, digest;
};

/* ---------------------------------------------------------------- making */

struct world *world_new(uint64_t seed)
{
    struct world *w = calloc(1, sizeof *w);
    if (w == NULL) {
        abort();
    }
    w->seed = seed;
    w->queue = queue_new();
    w->story = calloc(STORY_LINES, sizeof *w->story);
    if (w->story == NULL) {
        abort();
    }
    return w;
}

void world_stop(struct world *w)
{
    assert(w->running == NULL);
    if (w->dying) {
        return;
    }
    w->dying = true;
    if (w->stopped.before != NULL) {
        w->stopped.before(w->stopped.arg);
    }
    world_drain(w, NULL);
    while (w->fibers != NULL) {
        fiber_free(w->fibers);
    }
    if (w->stopped.after != NULL) {
        w->stopped.after(w->stopped.arg);
    }
}

void world_free(struct world *w)
{
    if (w == NULL) {
        return;
    }
    world_stop(w);
    for (unsigned i = 0; i < w->streams; i++) {
        free(w->stream[i]);
    }
    queue_free(w->queue);
    free(w->story);
    free(w);
}

int64_t world_now_us(const struct world *w)
{
    return w->run_us + w->leapt_us;
}

static uint64_t hash_of(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++) {
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return h;
}

struct dice *world_dice(struct world *w, const char *name)
{
    for (unsigned i = 0; i < w->streams; i++) {
        if (strcmp(w->stream[i]->name, name) == 0) {
            return &w->stream[i]->dice;
        }
    }
    struct stream *s = calloc(1, sizeof *s);
    if (s == NULL || w->streams == NAMES_MAX) {
        abort();
    }
    s->name = name;
    dice_seed(&s->dice, dice_mix(w->seed) ^ hash_of(name));
    w->stream[w->streams++] = s;
    return &s->dice;
}

/* ---------------------------------------------------------------- what is due */

static int64_t to_run(const struct world *w, int64_t true_us)
{
    int64_t run_us = true_us == WORLD_NEVER ? WORLD_NEVER : true_us - w->leapt_us;
    return run_us < w->run_us ? w->run_us : run_us;
}

uint64_t world_at(struct world *w, int64_t at_us, world_fn fn, void *arg)
{
    return queue_put(w->queue, to_run(w, at_us), fn, arg);
}

void world_cancel(struct world *w, uint64_t ticket)
{
    queue_cancel(w->queue, ticket);
}

bool world_is_ending(const struct world *w)
{
    return w->dying || w->end != WORLD_RUNNING;
}

/* ---------------------------------------------------------------- fibers */

static void enter(unsigned high, unsigned low)
{
    uintptr_t bits = (uintptr_t)high << 32 | low;
    struct fiber *f = (struct fiber *)bits; /* NOLINT: makecontext passes int arguments only */
    struct world *w = f->world;
    __sanitizer_finish_switch_fiber(NULL, &w->main_stack, &w->main_stack_bytes);
    f->fn(f->arg);
    f->done = true;
    __sanitizer_start_switch_fiber(NULL, w->main_stack, w->main_stack_bytes);
    _longjmp(w->main, 1);
}

static void begin(struct fiber *f)
{
    static ucontext_t made, unused;
    if (getcontext(&made) != 0) {
        abort();
    }
    made.uc_stack.ss_sp = f->stack;
    made.uc_stack.ss_size = f->stack_bytes;
    made.uc_link = NULL;
    uintptr_t bits = (uintptr_t)f;
    f->entered = true;
    makecontext(&made, (void (*)(void))enter, 2, (unsigned)(bits >> 32), (unsigned)bits);
    (void)swapcontext(&unused, &made);
    abort();
}

/* Outside any fiber: gives the turn to f until it waits or is done. */
static void resume(void *arg)
{
    struct fiber *f = arg;
    struct world *w = f->world;
    f->ticket = 0;
    if (w->run_us < f->hold_run_us && !f->ending) {
        f->ticket = queue_put(w->queue, f->hold_run_us, resume, f);
        f->put_off = true;
        return;
    }
    f->put_off = false;
    f->waiting = false;
    w->running = f;
    __sanitizer_start_switch_fiber(&w->shadow, f->stack, f->stack_bytes);
    if (_setjmp(w->main) == 0) {
        if (f->entered) {
            _longjmp(f->turn, 1);
        }
        begin(f);
    }
    __sanitizer_finish_switch_fiber(w->shadow, NULL, NULL);
    w->running = NULL;
    if (f->done && f->stack != NULL) {
        stack_give(f->stack, f->stack_bytes);
        f->stack = NULL;
    }
}

struct fiber *fiber_new(struct world *w, const char *name, world_fn fn, void *arg, size_t stack_bytes)
{
    struct fiber *f = calloc(1, sizeof *f);
    if (f == NULL) {
        abort();
    }
    f->world = w;
    f->name = name;
    f->fn = fn;
    f->arg = arg;
    f->stack_bytes = stack_bytes == 0 ? STACK_BYTES : stack_bytes;
    f->stack = stack_take(f->stack_bytes);
    f->next = w->fibers;
    f->at = &w->fibers;
    if (f->next != NULL) {
        f->next->at = &f->next;
    }
    w->fibers = f;
    f->waiting = true;
    f->deaf = true;
    f->ticket = queue_put(w->queue, w->run_us, resume, f);
    return f;
}

struct fiber *fiber_self(struct world *w)
{
    return w->running;
}

bool fiber_is_done(const struct fiber *f)
{
    return f->done;
}

void fiber_free(struct fiber *f)
{
    if (f == NULL) {
        return;
    }
    assert(f->done);
    *f->at = f->next;
    if (f->next != NULL) {
        f->next->at = f->at;
    }
    free(f);
}

void fiber_kill(struct fiber *f)
{
    struct world *w = f->world;
    queue_cancel(w->queue, f->ticket);
    f->done = true;
    if (w->running == f) {
        __sanitizer_start_switch_fiber(NULL, w->main_stack, w->main_stack_bytes);
        _longjmp(w->main, 1);
    }
    if (f->stack != NULL) {
        stack_give(f->stack, f->stack_bytes);
        f->stack = NULL;
    }
}

void fiber_set_owner(struct fiber *f, void *owner)
{
    f->owner = owner;
}

void *fiber_owner(const struct fiber *f)
{
    return f->owner;
}

void fiber_hold(struct fiber *f, int64_t at_us)
{
    struct world *w = f->world;
    f->hold_run_us = to_run(w, at_us);
    if (f->put_off) {
        queue_cancel(w->queue, f->ticket);
        f->ticket = queue_put(w->queue, f->hold_run_us, resume, f);
    }
}

static bool wait_run(struct world *w, int64_t until, bool deaf)
{
    struct fiber *f = w->running;
    assert(f != NULL);
    if (until < f->hold_run_us) {
        until = f->hold_run_us;
    }
    int64_t next;
    bool any = queue_next_at(w->queue, &next);
    if (w->end == WORLD_RUNNING && !f->ending && until <= w->limit_us - w->leapt_us && (!any || next > until)) {
        w->run_us = until; /* nobody else comes in between */
        return false;
    }
    if (f->ending && ++f->ending_turns > ENDING_TURNS_MAX) {
        (void)fprintf(stderr, "sim: fiber %s does not end\n", f->name);
        abort();
    }
    f->saved_errno = errno;
    f->waiting = true;
    f->deaf = deaf;
    f->woken = false;
    f->ticket = f->ending || until == WORLD_NEVER ? 0 : queue_put(w->queue, until, resume, f);
    __sanitizer_start_switch_fiber(&f->shadow, w->main_stack, w->main_stack_bytes);
    if (_setjmp(f->turn) == 0) {
        _longjmp(w->main, 1);
    }
    __sanitizer_finish_switch_fiber(f->shadow, NULL, NULL);
    errno = f->saved_errno;
    return f->woken;
}

bool fiber_wait(struct world *w, int64_t until_us)
{
    return wait_run(w, to_run(w, until_us), false);
}

void fiber_wake(struct world *w, struct fiber *f)
{
    if (!f->waiting || f->deaf || f->done) {
        return;
    }
    f->deaf = true; /* once is enough */
    f->woken = true;
    queue_cancel(w->queue, f->ticket);
    f->ticket = queue_put(w->queue, w->run_us, resume, f);
}

void fiber_sleep(struct world *w, int64_t us)
{
    (void)wait_run(w, w->run_us + us, true);
}

/* ---------------------------------------------------------------- running */

enum world_end world_run(struct world *w, int64_t until_us)
{
    assert(w->running == NULL);
    w->limit_us = until_us;
    int64_t at;
    while (w->end == WORLD_RUNNING && queue_next_at(w->queue, &at) && at != WORLD_NEVER &&
           at <= w->limit_us - w->leapt_us) {
        world_fn fn;
        void *arg;
        (void)queue_take(w->queue, &fn, &arg);
        if (at > w->run_us) {
            w->run_us = at;
        }
        fn(arg);
    }
    if (w->end == WORLD_RUNNING && until_us != WORLD_NEVER && until_us - w->leapt_us > w->run_us) {
        w->run_us = until_us - w->leapt_us;
    }
    return w->end;
}

static bool is_of(const struct world *w, const struct fiber *f, const void *owner)
{
    return !f->done && (w->dying || f->owner == owner);
}

void world_drain(struct world *w, const void *owner)
{
    assert(w->running == NULL);
    for (bool any = true; any;) {
        any = false;
        for (struct fiber *f = w->fibers; f != NULL; f = f->next) {
            if (is_of(w, f, owner)) {
                any = true;
                f->ending = true;
                queue_cancel(w->queue, f->ticket);
                resume(f);
            }
        }
    }
}

void world_leap(struct world *w, int64_t span_us)
{
    assert(span_us >= 0);
    w->leapt_us += span_us;
    for (unsigned i = 0; i < w->leapers; i++) {
        w->leaper[i].fn(w->leaper[i].arg);
    }
}

int64_t world_leapt_us(const struct world *w)
{
    return w->leapt_us;
}

void world_on_leap(struct world *w, world_fn fn, void *arg)
{
    if (w->leapers == LEAPERS_MAX) {
        abort();
    }
    w->leaper[w->leapers].fn = fn;
    w->leaper[w->leapers++].arg = arg;
}

void world_on_stop(struct world *w, world_fn before, world_fn after, void *arg)
{
    w->stopped.before = before;
    w->stopped.after = after;
    w->stopped.arg = arg;
}

void world_finish(struct world *w)
{
    if (w->end == WORLD_RUNNING) {
        w->end = WORLD_FINISHED;
    }
}

void world_fail(struct world *w, const char *fmt, ...)
{
    va_list args;
    if (w->end == WORLD_FAILED) {
        return;
    }
    w->end = WORLD_FAILED;
    va_start(args, fmt);
    (void)vsnprintf(w->failure, sizeof w->failure, fmt, args);
    va_end(args);
    world_tell(w, "FAILED", "%s", w->failure);
}

const char *world_failure(const struct world *w)
{
    return w->end == WORLD_FAILED ? w->failure : NULL;
}

/* ---------------------------------------------------------------- the story */

void world_tell(struct world *w, const char *who, const char *fmt, ...)
{
    va_list args;
    char *line = w->story[w->told++ % STORY_LINES];
    int64_t us = world_now_us(w);
    int64_t day_us = us % (24 * HOUR_US);
    int n = snprintf(line, LINE_CAP, "day %d %02d:%02d:%02d.%06d  %-12s ", (int)(us / (24 * HOUR_US)),
                     (int)(day_us / HOUR_US), (int)(day_us / 60000000 % 60), (int)(day_us / 1000000 % 60),
                     (int)(day_us % 1000000), who);
    if (n > 0 && n < LINE_CAP) {
        va_start(args, fmt);
        (void)vsnprintf(line + n, (size_t)(LINE_CAP - n), fmt, args);
        va_end(args);
    }
    w->digest = dice_mix(w->digest ^ hash_of(line));
    if (w->echo) {
        (void)printf("%s\n", line);
    }
}

void world_print_story(const struct world *w, unsigned lines)
{
    uint64_t kept = w->told < STORY_LINES ? w->told : STORY_LINES;
    for (uint64_t i = w->told - (lines < kept ? lines : kept); i < w->told; i++) {
        (void)printf("%s\n", w->story[i % STORY_LINES]);
    }
}

void world_set_echo(struct world *w, bool echo)
{
    w->echo = echo;
}

uint64_t world_digest(const struct world *w)
{
    uint64_t sum = dice_mix(w->digest ^ (uint64_t)world_now_us(w));
    for (unsigned i = 0; i < w->counts; i++) {
        sum = dice_mix(sum ^ hash_of(w->count[i].name) ^ w->count[i].n);
    }
    return sum;
}

void world_count(struct world *w, const char *name)
{
    unsigned i = 0;
    while (i < w->counts && strcmp(w->count[i].name, name) != 0) {
        i++;
    }
    if (i == NAMES_MAX) {
        abort();
    }
    if (i == w->counts) {
        w->count[w->counts++].name = name;
    }
    w->count[i].n++;
}

bool world_counted(const struct world *w, unsigned i, const char **name, uint64_t *n)
{
    if (i >= w->counts) {
        return false;
    }
    *name = w->count[i].name;
    *n = w->count[i].n;
    return true;
}
