/* SPDX-License-Identifier: Apache-2.0 */
#include "common/clock.h"

#include <assert.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>

#define SYNCHRONISED "/run/systemd/timesync/synchronized" /* touched at each synchronisation, at least every 34 min */
#define SYNCHRONISED_MAX_S 7200
#define PLAUSIBLE_FROM_S INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

static const char *const quality_names[CLOCK_QUALITY_N] = {
    [CLOCK_UNSURE] = "unsure",
    [CLOCK_RTC] = "rtc",
    [CLOCK_NTP] = "ntp",
    [CLOCK_SIGNED] = "signed",
};

static struct timespec read_clock(clockid_t id)
{
    struct timespec t = {0};
    int failed = clock_gettime(id, &t);

    assert(failed == 0);
    (void)failed;
    return t;
}

static int64_t read_ms(clockid_t id)
{
    struct timespec t = read_clock(id);

    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_boot_ms(void)
{
    return read_ms(CLOCK_BOOTTIME);
}

int64_t clock_mono_us(void)
{
    struct timespec t = read_clock(CLOCK_MONOTONIC);

    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

/* The units forbid the calls that set a clock, and with them the one that asks the kernel. Then systemd-timesyncd says.
 */
static bool is_synchronised(int64_t now_s)
{
    struct timex t = {.modes = 0};
    struct stat st;

    if (adjtimex(&t) >= 0)
        return (t.status & STA_UNSYNC) == 0;
    return stat(SYNCHRONISED, &st) == 0 && st.st_mtime <= now_s && now_s - st.st_mtime <= SYNCHRONISED_MAX_S;
}

enum clock_quality clock_system_quality(void)
{
    int64_t now_s = read_clock(CLOCK_REALTIME).tv_sec;

    if (now_s < PLAUSIBLE_FROM_S)
        return CLOCK_UNSURE;
    return is_synchronised(now_s) ? CLOCK_NTP : CLOCK_RTC;
}

const char *clock_quality_name(enum clock_quality q)
{
    unsigned i = (unsigned)q;

    return i < CLOCK_QUALITY_N ? quality_names[i] : "unsure";
}
