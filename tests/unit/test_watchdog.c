/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/log.h"
#include "controller/watchdog.h"

#define BUSES 2
#define LIMIT_US "4000" /* fed each quarter: one millisecond */

/* What the parts that are watched say; the functions stand in for theirs. */
static struct {
    uint64_t turns;
    bool decides;
    int64_t bus_silent_ms[BUSES];
} parts;

uint64_t act_turns(const struct act *a)
{
    (void)a;
    return parts.decides ? ++parts.turns : parts.turns;
}

int64_t hw_bus_alive_ms(struct hw *hw, uint8_t bus)
{
    (void)hw;
    assert_true(bus < BUSES);
    return clock_mono_us() / 1000 - parts.bus_silent_ms[bus];
}

struct bed {
    int manager;
    sd_event *loop;
    struct watchdog *watchdog;
};

/* A service manager that listens, and asks to be fed when limit_us is given. */
static void open_bed(struct bed *b, const char *limit_us)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct reason r;
    int len = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "test-watchdog-%d", (int)getpid());
    b->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(b->manager >= 0);
    assert_int_equal(bind(b->manager, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)),
                     0);
    address.sun_path[0] = '@';
    assert_int_equal(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
    if (limit_us != NULL)
        assert_int_equal(setenv("WATCHDOG_USEC", limit_us, 1), 0);
    else
        assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
    memset(&parts, 0, sizeof parts);
    parts.decides = true;
    log_set_level(LOG_LEVEL_ERROR);
    assert_true(sd_event_new(&b->loop) >= 0);
    assert_int_equal(watchdog_open(&b->watchdog, NULL, NULL, BUSES, b->loop, &r), ERR_OK);
}

static void close_bed(struct bed *b)
{
    watchdog_free(b->watchdog);
    sd_event_unref(b->loop);
    close(b->manager);
}

/* Lets the timer fire that many times; tells how often the manager was fed by it. */
static unsigned fed_in(struct bed *b, unsigned timers)
{
    char text[64];
    unsigned fed = 0;
    while (timers > 0) {
        int ran = sd_event_run(b->loop, 1000000);
        assert_true(ran >= 0);
        timers -= ran > 0;
    }
    for (ssize_t n; (n = recv(b->manager, text, sizeof text, 0)) > 0; fed++)
        assert_true(n == (ssize_t)strlen("WATCHDOG=1") && memcmp(text, "WATCHDOG=1", (size_t)n) == 0);
    return fed;
}

static void fed_while_everything_moves(void **state)
{
    struct bed b;
    (void)state;
    open_bed(&b, LIMIT_US);
    assert_int_equal(fed_in(&b, 5), 5);
    parts.bus_silent_ms[1] = WATCHDOG_BUS_MS - 1000; /* busy with time-outs */
    assert_int_equal(fed_in(&b, 5), 5);
    close_bed(&b);
}

static void not_fed_while_no_decision_is_made_or_committed(void **state)
{
    struct bed b;
    (void)state;
    open_bed(&b, LIMIT_US);
    parts.decides = false;
    parts.turns = 7;
    assert_int_equal(fed_in(&b, 1), 1); /* the turns since the time before */
    assert_int_equal(fed_in(&b, 5), 0);
    parts.decides = true;
    assert_int_equal(fed_in(&b, 3), 3);
    close_bed(&b);
}

static void not_fed_while_any_bus_worker_stands_still(void **state)
{
    (void)state;
    for (unsigned bus = 0; bus < BUSES; bus++) {
        struct bed b;
        open_bed(&b, LIMIT_US);
        parts.bus_silent_ms[bus] = WATCHDOG_BUS_MS + 1000;
        assert_int_equal(fed_in(&b, 5), 0);
        parts.bus_silent_ms[bus] = 0;
        assert_int_equal(fed_in(&b, 3), 3);
        close_bed(&b);
    }
}

static void without_a_limit_nobody_is_fed(void **state)
{
    struct bed b;
    char text[64];
    (void)state;
    open_bed(&b, NULL);
    assert_int_equal(sd_event_run(b.loop, 20000), 0);
    assert_true(recv(b.manager, text, sizeof text, 0) < 0);
    close_bed(&b);
    watchdog_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fed_while_everything_moves),
        cmocka_unit_test(not_fed_while_no_decision_is_made_or_committed),
        cmocka_unit_test(not_fed_while_any_bus_worker_stands_still),
        cmocka_unit_test(without_a_limit_nobody_is_fed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
