/* SPDX-License-Identifier: Apache-2.0 */
/* os_clock: the clocks of the machine of the running process. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "tests/sim/os.h"
#include "tests/sim/process_part.h"

#define DEAD_TICK_US 100 /* a dead process sees time pass, so that no loop of it waits for ever */
#define WAIT_MAX_US (INT64_C(1000000) * 3600 * 24)

static int64_t dead_clock(struct process *p, clockid_t id)
{
    p->dead_boot_us += DEAD_TICK_US;
    p->dead_mono_us += DEAD_TICK_US;
    p->dead_wall_us += DEAD_TICK_US;
    return id == CLOCK_REALTIME ? p->dead_wall_us : id == CLOCK_BOOTTIME ? p->dead_boot_us : p->dead_mono_us;
}

int64_t process_clock_us(struct process *p, clockid_t id)
{
    const struct machine *m = p->cfg.machine;
    if (p->dead) {
        return dead_clock(p, id);
    }
    switch (id) {
    case CLOCK_MONOTONIC:
        return machine_mono_us(p->world, m);
    case CLOCK_BOOTTIME:
        return machine_boot_us(p->world, m);
    default:
        return machine_wall_us(p->world, m);
    }
}

int64_t process_when_us(struct process *p, clockid_t id, int64_t clock_us)
{
    int64_t left_us = clock_us - process_clock_us(p, id);
    int64_t ppm = p->cfg.machine->drift_ppm;
    if (left_us <= 0) {
        return world_now_us(p->world);
    }
    if (left_us > WAIT_MAX_US) {
        left_us = WAIT_MAX_US;
    }
    return world_now_us(p->world) + (ppm == 0 ? left_us : left_us * 1000000 / (1000000 + ppm) + 1);
}

int os_clock_gettime(clockid_t id, struct timespec *to)
{
    struct process *p = process_current();
    if (p == NULL) {
        return clock_gettime(id, to);
    }
    int64_t us = process_clock_us(p, id);
    to->tv_sec = us / 1000000;
    to->tv_nsec = us % 1000000 * 1000;
    return 0;
}

/* Until the clock shows it; a dead process waits for nothing. */
static void sleep_until(struct process *p, clockid_t id, int64_t clock_us)
{
    do {
        (void)process_wait(p, process_when_us(p, id, clock_us));
    } while (!p->dead && process_clock_us(p, id) < clock_us);
}

static int64_t us_of(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000 + (t->tv_nsec + 999) / 1000;
}

int os_nanosleep(const struct timespec *span, struct timespec *left)
{
    return os_clock_nanosleep(CLOCK_MONOTONIC, 0, span, left);
}

int os_clock_nanosleep(clockid_t id, int flags, const struct timespec *t, struct timespec *left)
{
    struct process *p = process_current();
    assert(p != NULL);
    (void)left;
    sleep_until(p, id, us_of(t) + ((flags & TIMER_ABSTIME) != 0 ? 0 : process_clock_us(p, id)));
    return 0;
}

int os_adjtimex(struct timex *t)
{
    struct process *p = process_current();
    assert(p != NULL);
    if (!process_may(OS_CLOCK)) {
        errno = EPERM;
        return -1;
    }
    memset(t, 0, sizeof *t);
    t->status = p->cfg.machine->ntp ? 0 : STA_UNSYNC;
    return p->cfg.machine->ntp ? TIME_OK : TIME_ERROR;
}
