/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/watchdog.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "common/clock.h"
#include "common/log.h"

struct watchdog {
    const struct act *act;
    struct hw *hw;
    uint8_t buses;
    uint64_t period_us, turns;
    sd_event_source *timer;
};

static bool is_alive(struct watchdog *w)
{
    int64_t now_ms = clock_mono_us() / 1000;
    uint64_t turns = act_turns(w->act);
    if (turns == w->turns) {
        log_error("watchdog", "no decision was made");
        return false;
    }
    w->turns = turns;
    for (uint8_t i = 0; i < w->buses; i++) {
        if (now_ms - hw_bus_alive_ms(w->hw, i) > WATCHDOG_BUS_MS) {
            log_error("watchdog", "bus %u stands still", (unsigned)i);
            return false;
        }
    }
    return true;
}

static int on_timer(sd_event_source *s, uint64_t usec, void *arg)
{
    (void)usec;
    struct watchdog *w = arg;
    if (is_alive(w)) {
        (void)sd_notify(0, "WATCHDOG=1");
    }
    (void)sd_event_source_set_time_relative(s, w->period_us);
    (void)sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
    return 0;
}

enum err watchdog_open(struct watchdog **out, const struct act *act, struct hw *hw, uint8_t buses, sd_event *loop,
                       struct reason *r)
{
    uint64_t limit_us = 0;
    struct watchdog *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return err_because(r, ERR_MEMORY, "watchdog: no memory");
    }
    w->act = act;
    w->hw = hw;
    w->buses = buses;
    if (sd_watchdog_enabled(0, &limit_us) > 0) {
        w->period_us = limit_us / 4;
        int rc = sd_event_add_time_relative(loop, &w->timer, CLOCK_MONOTONIC, w->period_us, 0, on_timer, w);
        if (rc < 0) {
            free(w);
            return err_because(r, ERR_IO, "watchdog: timer: %s", strerror(-rc));
        }
    }
    *out = w;
    return ERR_OK;
}

void watchdog_free(struct watchdog *w)
{
    if (w == NULL) {
        return;
    }
    sd_event_source_disable_unref(w->timer);
    free(w);
}
