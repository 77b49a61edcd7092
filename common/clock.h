/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock: what time it is, as data. Read once per turn of a loop and handed down in the event; pure modules never read a
 * clock.
 */
#ifndef MEDLOCKER_CLOCK_H
#define MEDLOCKER_CLOCK_H

#include <stdint.h>

/* How far the wall clock can be believed (claim "clk" of every message). */
enum clock_quality { CLOCK_UNSURE, CLOCK_RTC, CLOCK_NTP, CLOCK_SIGNED, CLOCK_QUALITY_N };

struct clock_now {
    uint32_t boot;              /* boot counter, raised durably at every start of the daemon */
    int64_t boot_ms;            /* milliseconds since the machine was started (CLOCK_BOOTTIME), never goes back */
    int64_t wall_ms;            /* Unix time in milliseconds, as the system has it; may jump */
    enum clock_quality quality; /* of wall_ms */
};

/* Milliseconds of CLOCK_BOOTTIME. Never fails, does not block. */
int64_t clock_boot_ms(void);

/* Microseconds of CLOCK_MONOTONIC, for measuring short spans. */
int64_t clock_mono_us(void);

/* Unix time in milliseconds. */
int64_t clock_wall_ms(void);

/* CLOCK_UNSURE before the year 2026; CLOCK_NTP when the kernel says that its clock is synchronised (adjtimex) or, where
 * that must not be asked, when systemd-timesyncd synchronised it in the last two hours; else CLOCK_RTC. */
enum clock_quality clock_system_quality(void);

/* "unsure", "rtc", "ntp", "signed". */
const char *clock_quality_name(enum clock_quality q);

#endif
