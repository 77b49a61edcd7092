/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver before Modbus servers that others wrote: pymodbus of Debian on TCP and on a serial line (two
 * pseudo-terminals back to back), and the npm package modbus-serial on TCP. Identity, inputs and coils are read, a coil
 * is pulsed and read back, and the input that follows it is told as a door. What is not installed is skipped and says
 * so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "hw/hw.h"
#include "tests/unit/free_port.h"

#define WAIT_MS 90000
#define DOORS 2
#define BAUD 19200

static const char profile[] = "title = \"eight coils and inputs\"\nkind = \"modbus\"\nlocks = 8\n"
                              "identity { function = 3 address = 0x0010 expect = \"unit\" }\n"
                              "pulse { method = \"coil\" function = 5 address = 0x0000 min_ms = 100 max_ms = 500"
                              " dead_man_ms = 1000 }\n"
                              "off { function = 5 address = 0x0000 value = 0x0000 }\n"
                              "coils { function = 1 address = 0x0000 }\n"
                              "inputs { function = 2 address = 0x0000 count = 8 }\n";

struct rig {
    sd_event *loop;
    struct hw *hw;
    pid_t server, bridge;
    char dir[64];
    enum hw_board_state board;
    enum hw_door_state door[DOORS];
    unsigned opened[DOORS];
    unsigned completions;
    enum hw_status status;
};

static void on_event(void *arg, const struct hw_event *ev)
{
    struct rig *g = arg;
    if (ev->kind == HW_EVENT_BOARD) {
        g->board = ev->u.board.state;
    } else if (ev->kind == HW_EVENT_DOOR) {
        g->door[ev->u.door.door] = ev->u.door.state;
        g->opened[ev->u.door.door] += ev->u.door.state == HW_DOOR_OPEN;
    } else if (ev->kind == HW_EVENT_COMPLETION) {
        g->completions++;
        g->status = ev->u.completion.status;
    }
}

typedef bool (*rig_fn)(const struct rig *g);

static bool is_ok(const struct rig *g)
{
    return g->board == HW_BOARD_OK;
}
static bool is_closed(const struct rig *g)
{
    return g->door[0] == HW_DOOR_CLOSED && g->door[1] == HW_DOOR_CLOSED;
}
static bool is_open(const struct rig *g)
{
    return g->door[1] == HW_DOOR_OPEN;
}
static bool has_completed(const struct rig *g)
{
    return g->completions > 0;
}

static void await(struct rig *g, rig_fn question, const char *what)
{
    int64_t until_us = clock_mono_us() + WAIT_MS * 1000;
    while (!question(g)) {
        if (clock_mono_us() > until_us)
            fail_msg("not seen within %d ms: %s", WAIT_MS, what);
        assert_true(sd_event_run(g->loop, 50000) >= 0);
    }
}
#define AWAIT(g, question) await(g, question, #question)

/* ---------------------------------------------------------------- the other side */

static pid_t start(const char *const *argv)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    char *copy[8] = {0};
    for (unsigned i = 0; argv[i] != NULL && i < 7; i++)
        copy[i] = strdup(argv[i]);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int null = open("/dev/null", O_RDWR);
    (void)dup2(null, STDOUT_FILENO);
    (void)dup2(null, STDERR_FILENO);
    (void)execvp(copy[0], copy);
    _exit(77);
}

static bool can_run(const char *program, const char *script)
{
    int status = 0;
    const char *const argv[] = {program, script, "probe", NULL};
    pid_t pid = start(argv);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int open_pty(char *path, size_t cap)
{
    struct termios t;
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0 && ptsname_r(fd, path, cap) == 0);
    assert_int_equal(tcgetattr(fd, &t), 0);
    cfmakeraw(&t);
    assert_int_equal(tcsetattr(fd, TCSANOW, &t), 0);
    return fd;
}

static void copy_bytes(int from, int to)
{
    uint8_t bytes[256];
    ssize_t n = read(from, bytes, sizeof bytes);
    if (n > 0)
        (void)!write(to, bytes, (size_t)n);
}

/* A line between two serial ports. */
static pid_t start_bridge(char *a, char *b, size_t cap)
{
    int one = open_pty(a, cap), two = open_pty(b, cap);
    /* Kept open here as well: a pseudo-terminal nobody has open cannot be read. */
    int keep_one = open(a, O_RDWR | O_NOCTTY), keep_two = open(b, O_RDWR | O_NOCTTY);
    assert_true(keep_one >= 0 && keep_two >= 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            struct pollfd fds[2] = {{.fd = one, .events = POLLIN}, {.fd = two, .events = POLLIN}};
            if (poll(fds, 2, -1) < 0)
                _exit(1);
            if ((fds[0].revents & POLLIN) != 0)
                copy_bytes(one, two);
            if ((fds[1].revents & POLLIN) != 0)
                copy_bytes(two, one);
        }
    }
    (void)close(one);
    (void)close(two);
    (void)close(keep_one);
    (void)close(keep_two);
    return pid;
}

/* ---------------------------------------------------------------- the case */

static void describe(const struct rig *g, struct hw_cfg *c)
{
    *c = (struct hw_cfg){.profile_dir = g->dir, .buses = 1, .boards = 1, .doors = DOORS};
    (void)snprintf(c->bus[0].name, sizeof c->bus[0].name, "b");
    c->bus[0].timeout_ms = 1000; /* their programs may have to wait for their turn on a busy machine */
    c->bus[0].worst_late_ms = 1000;
    c->bus[0].baud = BAUD;
    (void)snprintf(c->board[0].name, sizeof c->board[0].name, "theirs");
    (void)snprintf(c->board[0].profile, sizeof c->board[0].profile, "theirs");
    c->board[0].unit = 1;
    for (uint8_t i = 0; i < DOORS; i++) {
        (void)snprintf(c->door[i].name, sizeof c->door[i].name, "D%u", i);
        c->door[i].channel = c->door[i].input = i;
        c->door[i].open_is_one = true;
        c->door[i].pulse_ms = 300;
    }
}

static int set_up(void **state)
{
    struct rig *g = calloc(1, sizeof *g);
    char path[96];
    assert_non_null(g);
    log_set_level(LOG_LEVEL_ERROR);
    (void)snprintf(g->dir, sizeof g->dir, "%s/serversXXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(g->dir));
    (void)snprintf(path, sizeof path, "%s/theirs.conf", g->dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs(profile, f);
    assert_int_equal(fclose(f), 0);
    assert_true(sd_event_new(&g->loop) >= 0);
    *state = g;
    return 0;
}

static void stop(pid_t pid)
{
    if (pid <= 0)
        return;
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static int tear_down(void **state)
{
    struct rig *g = *state;
    char path[96];
    hw_free(g->hw);
    stop(g->server);
    stop(g->bridge);
    sd_event_unref(g->loop);
    (void)snprintf(path, sizeof path, "%s/theirs.conf", g->dir);
    (void)unlink(path);
    (void)rmdir(g->dir);
    free(g);
    return 0;
}

/* Everything the locker asks of a board. */
static void use_board(struct rig *g, const struct hw_cfg *c)
{
    struct reason r = {""};
    struct hw_bus_count count = {0};
    if (hw_open(&g->hw, c, g->loop, on_event, g, &r) != ERR_OK)
        fail_msg("%s", r.text);
    AWAIT(g, is_ok);
    AWAIT(g, is_closed);
    struct hw_pulse p = {.id = 5, .intent = 1, .door = 1};
    assert_int_equal(hw_submit_pulse(g->hw, &p), ERR_OK);
    AWAIT(g, has_completed);
    assert_int_equal(g->status, HW_DONE);
    AWAIT(g, is_open);
    AWAIT(g, is_closed);
    assert_int_equal(g->opened[0], 0);
    assert_int_equal(g->opened[1], 1);
    hw_bus_counts(g->hw, 0, &count);
    assert_int_equal(count.bad, 0);
    assert_int_equal(count.refused, 0);
    assert_true(count.answered > 20);
}

static void use_tcp(void **state, const char *program, const char *script)
{
    struct rig *g = *state;
    char port[8];
    if (!can_run(program, script)) {
        print_message("SKIP: %s cannot run here\n", script);
        skip();
    }
    struct hw_cfg *c = calloc(1, sizeof *c);
    assert_non_null(c);
    describe(g, c);
    c->bus[0].kind = HW_BUS_TCP;
    (void)snprintf(c->bus[0].device, sizeof c->bus[0].device, "127.0.0.1");
    c->bus[0].port = free_port();
    (void)snprintf(port, sizeof port, "%u", c->bus[0].port);
    const char *const argv[] = {program, script, "tcp", port, NULL};
    g->server = start(argv);
    use_board(g, c);
    free(c);
}

static void pymodbus_on_tcp_is_understood(void **state)
{
    use_tcp(state, "/usr/bin/python3", "tests/contract/server_pymodbus.py");
}

static void modbus_serial_of_npm_on_tcp_is_understood(void **state)
{
    use_tcp(state, "node", "tests/contract/server_modbus_serial.mjs");
}

static void pymodbus_on_a_serial_line_is_understood(void **state)
{
    struct rig *g = *state;
    char theirs[64], baud[8];
    if (!can_run("/usr/bin/python3", "tests/contract/server_pymodbus.py")) {
        print_message("SKIP: python3-pymodbus is not installed\n");
        skip();
    }
    struct hw_cfg *c = calloc(1, sizeof *c);
    assert_non_null(c);
    describe(g, c);
    c->bus[0].kind = HW_BUS_RTU;
    g->bridge = start_bridge(c->bus[0].device, theirs, sizeof theirs);
    (void)snprintf(baud, sizeof baud, "%d", BAUD);
    const char *const argv[] = {"/usr/bin/python3", "tests/contract/server_pymodbus.py", "rtu", theirs, baud, NULL};
    g->server = start(argv);
    use_board(g, c);
    free(c);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(pymodbus_on_tcp_is_understood),
        T(pymodbus_on_a_serial_line_is_understood),
        T(modbus_serial_of_npm_on_tcp_is_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
