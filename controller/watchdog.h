/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watchdog: tells systemd that lockerd lives, only while decisions are made (ticks are turns of act, with their
 * commits) and every bus worker moves. The loop itself is proven by being called. What stands still is named in the
 * log.
 *
 * One thread, the loop's. Does nothing when systemd asks for nothing (no WatchdogSec).
 */
#ifndef MEDLOCKER_WATCHDOG_H
#define MEDLOCKER_WATCHDOG_H

#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/err.h"
#include "controller/act.h"
#include "hw/hw.h"

#define WATCHDOG_BUS_MS 15000 /* a bus worker may be busy with time-outs and silence for this long */

struct watchdog;

enum err watchdog_open(struct watchdog **out, const struct act *act, struct hw *hw, uint8_t buses, sd_event *loop,
                       struct reason *r) ERR_MUST_CHECK;
void watchdog_free(struct watchdog *w); /* NULL is fine */

#endif
