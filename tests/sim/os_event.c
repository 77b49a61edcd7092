/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_event: the event loop of systemd as the daemons use it: one source is dispatched in each turn, the pending one of
 * the highest priority that waited longest. Timers come late within their accuracy, by chance.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "tests/sim/os.h"
#include "tests/sim/os_fd_part.h"
#include "tests/sim/process_part.h"

#define ACCURACY_US 250000
#define WATCHDOG_US UINT64_C(20000000)
#define SPIN_MAX 200000 /* turns in no time */

enum kind { KIND_IO, KIND_TIME, KIND_SIGNAL, KIND_DEFER };

struct sd_event_source {
    sd_event *event;
    sd_event_source *next, **at;
    enum kind kind;
    int enabled;
    int64_t priority;
    uint64_t pending; /* since this turn; 0: not */
    unsigned refs;
    bool floating, dispatching;
    const char *name;
    void *arg;
    union {
        struct {
            sd_event_io_handler_t fn;
            struct os_fd_watch watch;
            int fd;
            uint32_t events, revents;
        } io;
        struct {
            sd_event_time_handler_t fn;
            clockid_t clock;
            uint64_t next, accuracy;
        } time;
        struct {
            sd_event_signal_handler_t fn;
            int sig;
        } signal;
        sd_event_handler_t defer;
    } u;
};

struct sd_event {
    struct process *process;
    sd_event *next;
    sd_event_source *first, **last;
    struct fiber *fiber; /* waits now; NULL: not */
    unsigned refs;
    bool stamped, exiting, watchdog;
    int code;
    uint64_t turn, fed_us;
    uint64_t mono_us, boot_us, wall_us; /* at the beginning of the turn */
    int64_t spin_at_us;
    unsigned spins;
};

static struct process *self(void)
{
    struct process *p = process_current();
    assert(p != NULL);
    return p;
}

/* ---------------------------------------------------------------- loops */

int os_sd_event_new(sd_event **out)
{
    struct process *p = self();
    if (!process_may(OS_EVENT)) {
        return -ENOMEM;
    }
    sd_event *e = calloc(1, sizeof *e);
    if (e == NULL) {
        abort();
    }
    e->process = p;
    e->refs = 1;
    e->last = &e->first;
    e->next = p->loop;
    p->loop = e;
    *out = e;
    return 0;
}

int os_sd_event_default(sd_event **out)
{
    struct process *p = self();
    if (p->default_loop != NULL) {
        *out = os_sd_event_ref(p->default_loop);
        return 0;
    }
    int rc = os_sd_event_new(out);
    p->default_loop = rc < 0 ? NULL : *out;
    return rc < 0 ? rc : 1;
}

sd_event *os_sd_event_ref(sd_event *e)
{
    e->refs++;
    return e;
}

static void drop_source(sd_event_source *s)
{
    sd_event *e = s->event;
    *s->at = s->next;
    if (s->next != NULL) {
        s->next->at = s->at;
    } else {
        e->last = s->at;
    }
    if (s->kind == KIND_IO) {
        os_fd_unwatch(&s->u.io.watch);
    }
    free(s);
}

static void drop_loop(sd_event *e)
{
    struct process *p = e->process;
    while (e->first != NULL) {
        drop_source(e->first);
    }
    sd_event **at = &p->loop;
    while (*at != e) {
        at = &(*at)->next;
    }
    *at = e->next;
    if (p->default_loop == e) {
        p->default_loop = NULL;
    }
    free(e);
}

sd_event *os_sd_event_unref(sd_event *e)
{
    if (e != NULL && --e->refs == 0) {
        drop_loop(e);
    }
    return NULL;
}

unsigned os_event_drop_all(struct process *p)
{
    unsigned left = 0;
    while (p->loop != NULL) {
        for (const sd_event_source *s = p->loop->first; s != NULL; s = s->next) {
            left++;
        }
        left++;
        drop_loop(p->loop);
    }
    return left;
}

static void wake(sd_event *e)
{
    if (e->fiber != NULL) {
        fiber_wake(e->process->world, e->fiber);
    }
}

void os_event_signal(struct process *p)
{
    for (sd_event *e = p->loop; e != NULL; e = e->next) {
        wake(e);
    }
}

void os_event_leapt(struct process *p)
{
    os_event_signal(p);
}

int os_sd_event_exit(sd_event *e, int code)
{
    e->exiting = true;
    e->code = code;
    return 0;
}

int os_sd_event_set_watchdog(sd_event *e, int on)
{
    e->watchdog = on != 0;
    if (e->watchdog) {
        e->fed_us = (uint64_t)process_clock_us(e->process, CLOCK_MONOTONIC);
        process_feed(e->process);
    }
    return on;
}

/* ---------------------------------------------------------------- sources */

static int new_source(sd_event *e, sd_event_source **out, enum kind kind, int enabled, void *arg,
                      sd_event_source **made)
{
    if (out != NULL) {
        *out = NULL;
    }
    if (!process_may(OS_EVENT)) {
        return -ENOMEM;
    }
    sd_event_source *s = calloc(1, sizeof *s);
    if (s == NULL) {
        abort();
    }
    s->event = e;
    s->kind = kind;
    s->enabled = enabled;
    s->arg = arg;
    s->refs = 1;
    s->floating = out == NULL;
    s->at = e->last;
    *e->last = s;
    e->last = &s->next;
    if (out != NULL) {
        (void)os_sd_event_ref(e);
        *out = s;
    }
    *made = s;
    return 0;
}

static void io_changed(void *arg)
{
    sd_event_source *s = arg;
    if (s->enabled != SD_EVENT_OFF) {
        wake(s->event);
    }
}

int os_sd_event_add_io(sd_event *e, sd_event_source **out, int fd, uint32_t events, sd_event_io_handler_t fn, void *arg)
{
    sd_event_source *s;
    int rc = fd < 0 ? -EBADF : new_source(e, out, KIND_IO, SD_EVENT_ON, arg, &s);
    if (rc < 0) {
        return rc;
    }
    s->u.io.fn = fn;
    s->u.io.fd = fd;
    s->u.io.events = events;
    s->u.io.watch = (struct os_fd_watch){.changed = io_changed, .arg = s};
    (void)os_fd_watch(fd, &s->u.io.watch);
    return 0;
}

int os_sd_event_add_time(sd_event *e, sd_event_source **out, clockid_t clock, uint64_t us, uint64_t accuracy,
                         sd_event_time_handler_t fn, void *arg)
{
    sd_event_source *s;
    int rc = new_source(e, out, KIND_TIME, SD_EVENT_ONESHOT, arg, &s);
    if (rc < 0) {
        return rc;
    }
    s->u.time.fn = fn;
    s->u.time.clock = clock;
    s->u.time.next = us;
    s->u.time.accuracy = accuracy == 0 ? ACCURACY_US : accuracy;
    return 0;
}

/* As the library does: from the beginning of the turn, so that a timer does not wander. */
static uint64_t now_of(const sd_event *e, clockid_t clock)
{
    if (!e->stamped) {
        return (uint64_t)process_clock_us(e->process, clock);
    }
    return clock == CLOCK_MONOTONIC ? e->mono_us : clock == CLOCK_BOOTTIME ? e->boot_us : e->wall_us;
}

static uint64_t later(uint64_t us, uint64_t by)
{
    return by >= UINT64_MAX - us ? UINT64_MAX : us + by;
}

int os_sd_event_add_time_relative(sd_event *e, sd_event_source **out, clockid_t clock, uint64_t us, uint64_t accuracy,
                                  sd_event_time_handler_t fn, void *arg)
{
    return os_sd_event_add_time(e, out, clock, later(now_of(e, clock), us), accuracy, fn, arg);
}

int os_sd_event_add_signal(sd_event *e, sd_event_source **out, int sig, sd_event_signal_handler_t fn, void *arg)
{
    sd_event_source *s;
    int rc = new_source(e, out, KIND_SIGNAL, SD_EVENT_ON, arg, &s);
    if (rc < 0) {
        return rc;
    }
    s->u.signal.fn = fn;
    s->u.signal.sig = sig;
    return 0;
}

int os_sd_event_add_defer(sd_event *e, sd_event_source **out, sd_event_handler_t fn, void *arg)
{
    sd_event_source *s;
    int rc = new_source(e, out, KIND_DEFER, SD_EVENT_ONESHOT, arg, &s);
    if (rc < 0) {
        return rc;
    }
    s->u.defer = fn;
    s->pending = e->turn + 1;
    return 0;
}

sd_event_source *os_sd_event_source_unref(sd_event_source *s)
{
    if (s == NULL || --s->refs > 0) {
        return NULL;
    }
    sd_event *e = s->event;
    s->enabled = SD_EVENT_OFF;
    if (!s->dispatching) {
        drop_source(s);
        (void)os_sd_event_unref(e);
    }
    return NULL;
}

sd_event_source *os_sd_event_source_disable_unref(sd_event_source *s)
{
    if (s != NULL) {
        (void)os_sd_event_source_set_enabled(s, SD_EVENT_OFF);
    }
    return os_sd_event_source_unref(s);
}

sd_event *os_sd_event_source_get_event(sd_event_source *s)
{
    return s->event;
}

int os_sd_event_source_set_description(sd_event_source *s, const char *text)
{
    s->name = text; /* the daemons give literals */
    return 0;
}

int os_sd_event_source_set_priority(sd_event_source *s, int64_t priority)
{
    s->priority = priority;
    return 0;
}

int os_sd_event_source_set_enabled(sd_event_source *s, int enabled)
{
    if (s == NULL) {
        return enabled == SD_EVENT_OFF ? 0 : -EINVAL;
    }
    if (s->enabled == enabled) {
        return 0;
    }
    bool was_off = s->enabled == SD_EVENT_OFF;
    s->enabled = enabled;
    if (s->kind == KIND_DEFER) {
        s->pending = was_off ? s->event->turn + 1 : s->pending;
    } else if (was_off || enabled == SD_EVENT_OFF) {
        s->pending = 0;
    }
    if (enabled != SD_EVENT_OFF) {
        wake(s->event);
    }
    return 0;
}

int os_sd_event_source_get_enabled(sd_event_source *s, int *enabled)
{
    if (enabled != NULL) {
        *enabled = s->enabled;
    }
    return s->enabled != SD_EVENT_OFF;
}

int os_sd_event_source_set_io_events(sd_event_source *s, uint32_t events)
{
    s->u.io.events = events;
    s->pending = 0;
    wake(s->event);
    return 0;
}

int os_sd_event_source_set_time(sd_event_source *s, uint64_t us)
{
    s->u.time.next = us;
    s->pending = 0;
    wake(s->event);
    return 0;
}

int os_sd_event_source_set_time_relative(sd_event_source *s, uint64_t us)
{
    return os_sd_event_source_set_time(s, later(now_of(s->event, s->u.time.clock), us));
}

/* ---------------------------------------------------------------- turns */

static bool happened(const sd_event *e, sd_event_source *s)
{
    switch (s->kind) {
    case KIND_IO: {
        uint32_t ready = (uint32_t)os_fd_ready(&s->u.io.watch) & (s->u.io.events | EPOLLERR | EPOLLHUP);
        s->u.io.revents = s->pending != 0 ? s->u.io.revents | ready : ready;
        return ready != 0;
    }
    case KIND_TIME:
        return now_of(e, s->u.time.clock) >= s->u.time.next;
    case KIND_SIGNAL:
        return (e->process->signals >> s->u.signal.sig & 1U) != 0;
    case KIND_DEFER:
        break;
    }
    return true;
}

static bool is_before(const sd_event_source *a, const sd_event_source *b)
{
    return a->priority != b->priority ? a->priority < b->priority : a->pending < b->pending;
}

/* What happened since; the source whose turn it is, or NULL. */
static sd_event_source *gather(sd_event *e)
{
    struct process *p = e->process;
    sd_event_source *best = NULL;
    e->turn++;
    e->mono_us = (uint64_t)process_clock_us(p, CLOCK_MONOTONIC);
    e->boot_us = (uint64_t)process_clock_us(p, CLOCK_BOOTTIME);
    e->wall_us = (uint64_t)process_clock_us(p, CLOCK_REALTIME);
    e->stamped = true;
    for (sd_event_source *s = e->first; s != NULL; s = s->next) {
        if (s->enabled == SD_EVENT_OFF) {
            continue;
        }
        if (happened(e, s) && s->pending == 0) {
            s->pending = e->turn;
        }
        if (s->pending != 0 && (best == NULL || is_before(s, best))) {
            best = s;
        }
    }
    if (e->watchdog && e->mono_us >= e->fed_us + WATCHDOG_US / 4) {
        e->fed_us = e->mono_us;
        process_feed(p);
    }
    return best;
}

/* When the timers of one clock want to be looked at. */
static int64_t next_of(const sd_event *e, clockid_t clock)
{
    uint64_t first = UINT64_MAX, last = UINT64_MAX;
    for (const sd_event_source *s = e->first; s != NULL; s = s->next) {
        if (s->enabled == SD_EVENT_OFF || s->kind != KIND_TIME || s->u.time.clock != clock) {
            continue;
        }
        uint64_t latest = later(s->u.time.next, s->u.time.accuracy);
        first = s->u.time.next < first ? s->u.time.next : first;
        last = latest < last ? latest : last;
    }
    if (first >= INT64_MAX) {
        return WORLD_NEVER;
    }
    struct dice *d = &e->process->chance;
    int64_t at = (int64_t)first + dice_below(d, (uint32_t)(last - first + 1));
    return process_when_us(e->process, clock, at);
}

static void rest(sd_event *e)
{
    struct process *p = e->process;
    int64_t until_us = next_of(e, CLOCK_MONOTONIC);
    int64_t boot_us = next_of(e, CLOCK_BOOTTIME);
    until_us = boot_us < until_us ? boot_us : until_us;
    if (e->watchdog) {
        int64_t feed_us = process_when_us(p, CLOCK_MONOTONIC, (int64_t)(e->fed_us + WATCHDOG_US / 2));
        until_us = feed_us < until_us ? feed_us : until_us;
    }
    e->fiber = fiber_self(p->world);
    (void)process_wait(p, until_us);
    e->fiber = NULL;
}

static int call(sd_event_source *s)
{
    struct process *p = s->event->process;
    switch (s->kind) {
    case KIND_IO:
        return s->u.io.fn(s, s->u.io.fd, s->u.io.revents, s->arg);
    case KIND_TIME:
        return s->u.time.fn(s, s->u.time.next, s->arg);
    case KIND_SIGNAL: {
        struct signalfd_siginfo info = {.ssi_signo = (uint32_t)s->u.signal.sig};
        p->signals &= ~(UINT64_C(1) << s->u.signal.sig);
        return s->u.signal.fn == NULL ? os_sd_event_exit(s->event, 0) : s->u.signal.fn(s, &info, s->arg);
    }
    case KIND_DEFER:
        break;
    }
    return s->u.defer(s, s->arg);
}

static void dispatch(sd_event_source *s)
{
    sd_event *e = s->event;
    struct process *p = e->process;
    int64_t began_us = world_now_us(p->world);
    if (s->kind != KIND_DEFER) {
        s->pending = 0;
    }
    if (s->enabled == SD_EVENT_ONESHOT) {
        (void)os_sd_event_source_set_enabled(s, SD_EVENT_OFF);
    }
    s->dispatching = true;
    int rc = call(s);
    s->dispatching = false;
    if (rc < 0) {
        world_tell(p->world, p->cfg.name, "event source %s is disabled: %d", s->name == NULL ? "-" : s->name, rc);
        (void)os_sd_event_source_set_enabled(s, SD_EVENT_OFF);
    }
    if (s->refs == 0) {
        bool floating = s->floating;
        drop_source(s);
        if (!floating) {
            (void)os_sd_event_unref(e);
        }
    }
    process_turn_done(p, began_us);
}

static void count_spin(sd_event *e, const sd_event_source *s)
{
    struct process *p = e->process;
    int64_t now_us = world_now_us(p->world);
    e->spins = now_us == e->spin_at_us ? e->spins + 1 : 0;
    e->spin_at_us = now_us;
    if (e->spins == SPIN_MAX) {
        world_fail(p->world, "%s: its loop spins, last in %s", p->cfg.name, s->name == NULL ? "-" : s->name);
    }
    if (e->spins >= SPIN_MAX) {
        fiber_sleep(p->world, 1000000);
    }
}

int os_sd_event_loop(sd_event *e)
{
    struct process *p = e->process;
    (void)os_sd_event_ref(e);
    while (!e->exiting && !p->dead) {
        sd_event_source *s = gather(e);
        if (s == NULL) {
            rest(e);
        } else {
            count_spin(e, s);
            dispatch(s);
        }
    }
    int code = p->dead ? -EIO : e->code;
    (void)os_sd_event_unref(e);
    return code;
}
