/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A GPIO chip for test_gpio.c: the gpiod_* calls that the driver uses, defined in the test program so that they take
 * the place of the library. Chip "cabinet" has outputs LOCK1..LOCK8 and inputs DOOR1..DOOR8; a lock that is switched on
 * lets its door open. Each kind of call can be made to fail with an errno.
 */
#ifndef MEDLOCKER_GPIOD_FAKE_H
#define MEDLOCKER_GPIOD_FAKE_H

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <gpiod.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"

#define FAKE_LOCKS 8
#define FAKE_LINES 16 /* locks, then doors */
#define FAKE_LABEL "cabinet"

struct fake {
    _Atomic int fail_open, fail_find, fail_outputs, fail_inputs, fail_read, fail_set; /* errno, 0: works */
    _Atomic int value[FAKE_LINES];
    _Atomic int64_t on_us[FAKE_LOCKS], off_us[FAKE_LOCKS]; /* when it was switched last */
    _Atomic bool requested[FAKE_LINES];
    _Atomic bool nonzero_default;
    _Atomic bool active_low; /* asked for at the last request */
    _Atomic unsigned chips;  /* open */
    _Atomic unsigned most_on;
    _Atomic bool jammed;
    int edge[FAKE_LINES][2]; /* one pipe for each line; the second API has one for all: that of line 0 */
};

static struct fake fake;

static void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
    for (unsigned i = 0; i < FAKE_LINES; i++) {
        int failed = pipe2(fake.edge[i], O_CLOEXEC | O_NONBLOCK);
        assert(failed == 0);
    }
}

static void fake_close(void)
{
    for (unsigned i = 0; i < FAKE_LINES; i++) {
        (void)close(fake.edge[i][0]);
        (void)close(fake.edge[i][1]);
    }
}

static int fake_fails(_Atomic int *knob)
{
    errno = atomic_load(knob);
    return errno != 0;
}

static int fake_find(const char *name)
{
    for (int i = 0; i < FAKE_LINES; i++) {
        char known[16];
        (void)snprintf(known, sizeof known, "%s%d", i < FAKE_LOCKS ? "LOCK" : "DOOR", i % FAKE_LOCKS + 1);
        if (strcmp(known, name) == 0)
            return i;
    }
    errno = ENOENT;
    return -1;
}

/* The pipe on which an input's edges appear: fake_edge_pipe is defined by each API's half. */
static unsigned fake_edge_pipe(unsigned line);

static void fake_set_input(unsigned line, int value)
{
    const char edge = 1;
    atomic_store(&fake.value[line], value);
    (void)!write(fake.edge[fake_edge_pipe(line)][1], &edge, 1);
}

static int fake_set(unsigned line, int value)
{
    unsigned on = 0;
    if (fake_fails(&fake.fail_set))
        return -1;
    atomic_store(&fake.value[line], value);
    atomic_store(value ? &fake.on_us[line] : &fake.off_us[line], clock_mono_us());
    for (unsigned i = 0; i < FAKE_LOCKS; i++)
        on += atomic_load(&fake.value[i]) != 0;
    if (on > atomic_load(&fake.most_on))
        atomic_store(&fake.most_on, on);
    if (value != 0 && !atomic_load(&fake.jammed))
        fake_set_input(line + FAKE_LOCKS, 1);
    return 0;
}

static int fake_request(unsigned line, bool is_output, int value)
{
    if (atomic_load(&fake.requested[line])) {
        errno = EBUSY;
        return -1;
    }
    atomic_store(&fake.requested[line], true);
    if (is_output && value != 0)
        atomic_store(&fake.nonzero_default, true);
    return 0;
}

static bool fake_all_released(void)
{
    for (unsigned i = 0; i < FAKE_LINES; i++)
        if (atomic_load(&fake.requested[i]))
            return false;
    return atomic_load(&fake.chips) == 0;
}

#endif
