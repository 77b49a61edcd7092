/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_thread: threads are fibers that take turns, so a mutex is only ever found taken when its owner waits for something
 * else meanwhile.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/sim/os.h"
#include "tests/sim/process_part.h"

struct os_thread {
    struct process *process;
    struct fiber *fiber, *joiner;
    void *(*fn)(void *arg);
    void *arg, *result;
    bool done;
};

struct mutex {
    struct fiber *owner;
};

struct waiter {
    struct waiter *next;
    struct fiber *fiber;
    bool called;
};

struct cond {
    struct waiter *first;
};

_Static_assert(sizeof(struct mutex) <= sizeof(pthread_mutex_t), "a mutex fits");
_Static_assert(sizeof(struct cond) <= sizeof(pthread_cond_t), "a condition variable fits");

static struct mutex *mutex(pthread_mutex_t *m)
{
    return (struct mutex *)(void *)m;
}

static struct cond *cond(pthread_cond_t *c)
{
    return (struct cond *)(void *)c;
}

static struct process *self(void)
{
    struct process *p = process_current();
    assert(p != NULL);
    return p;
}

/* ---------------------------------------------------------------- threads */

static void run_thread(void *arg)
{
    struct os_thread *t = arg;
    t->result = t->fn(t->arg);
    t->done = true;
    if (t->joiner != NULL) {
        fiber_wake(t->process->world, t->joiner);
    }
}

int os_pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*fn)(void *arg), void *arg)
{
    struct process *p = self();
    (void)attr;
    if (!process_may(OS_THREAD)) {
        return EAGAIN;
    }
    struct os_thread *t = calloc(1, sizeof *t);
    if (t == NULL) {
        abort();
    }
    t->process = p;
    t->fn = fn;
    t->arg = arg;
    t->fiber = process_fiber(p, p->cfg.name, run_thread, t);
    if (t->fiber == NULL) {
        free(t);
        return EAGAIN;
    }
    *out = (pthread_t)(uintptr_t)t;
    return 0;
}

int os_pthread_join(pthread_t thread, void **result)
{
    struct process *p = self();
    struct os_thread *t = (struct os_thread *)(uintptr_t)thread; /* NOLINT: it is the handle that create gave */
    t->joiner = fiber_self(p->world);
    while (!fiber_is_done(t->fiber)) {
        (void)process_wait(p, t->done ? world_now_us(p->world) : WORLD_NEVER);
    }
    if (result != NULL) {
        *result = t->result;
    }
    process_fiber_over(p, t->fiber);
    free(t);
    return 0;
}

int os_pthread_sigmask(int how, const sigset_t *set, sigset_t *before)
{
    (void)how;
    (void)set;
    if (before != NULL) {
        (void)sigemptyset(before);
    }
    return 0;
}

/* ---------------------------------------------------------------- mutexes */

int os_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
    (void)attr;
    mutex(m)->owner = NULL;
    return 0;
}

int os_pthread_mutex_destroy(pthread_mutex_t *m)
{
    if (mutex(m)->owner != NULL) {
        process_abort("a mutex is destroyed while it is locked");
    }
    return 0;
}

int os_pthread_mutex_lock(pthread_mutex_t *m)
{
    struct process *p = self();
    struct fiber *me = fiber_self(p->world);
    if (mutex(m)->owner == me) {
        process_abort("a thread locks a mutex that it has");
    }
    while (mutex(m)->owner != NULL) {
        fiber_sleep(p->world, p->dead ? 0 : 1);
    }
    mutex(m)->owner = me;
    return 0;
}

int os_pthread_mutex_unlock(pthread_mutex_t *m)
{
    if (mutex(m)->owner != fiber_self(self()->world)) {
        process_abort("a thread unlocks a mutex that it has not");
    }
    mutex(m)->owner = NULL;
    return 0;
}

/* ---------------------------------------------------------------- condition variables */

int os_pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *attr)
{
    (void)attr;
    cond(c)->first = NULL;
    return 0;
}

int os_pthread_cond_destroy(pthread_cond_t *c)
{
    if (cond(c)->first != NULL) {
        process_abort("a condition variable is destroyed while a thread waits for it");
    }
    return 0;
}

static void take_out(struct cond *c, const struct waiter *w)
{
    struct waiter **at = &c->first;
    while (*at != NULL && *at != w) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = w->next;
    }
}

int os_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    struct process *p = self();
    struct waiter w = {.fiber = fiber_self(p->world)};
    struct waiter **at = &cond(c)->first;
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = &w;
    (void)os_pthread_mutex_unlock(m);
    do {
        (void)process_wait(p, WORLD_NEVER);
    } while (!w.called && !p->dead);
    take_out(cond(c), &w);
    return os_pthread_mutex_lock(m);
}

int os_pthread_cond_signal(pthread_cond_t *c)
{
    struct waiter *w = cond(c)->first;
    if (w != NULL) {
        take_out(cond(c), w);
        w->called = true;
        fiber_wake(self()->world, w->fiber);
    }
    return 0;
}

int os_pthread_cond_broadcast(pthread_cond_t *c)
{
    while (cond(c)->first != NULL) {
        (void)os_pthread_cond_signal(c);
    }
    return 0;
}
