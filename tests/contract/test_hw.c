/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract of hw/hw.h, the same cases on three cabinets: the shipped fake, and lockersim over a pseudo-terminal
 * (Modbus RTU) and over TCP. lockersim is found by $LOCKERSIM or two folders above this program; without it those cases
 * fail. Nothing sleeps: every case waits for an event, with a deadline.
 *
 * The cabinet: board 0 relay (unit 1, waveshare-d) with the locks and contacts of doors 0-3, board 1 momentary (unit 3,
 * r4d-fc06) with the locks of doors 4 and 5, board 2 input (unit 4, di8-fc02) with their contacts and, on the fake, a
 * tamper switch at input 7, board 3 climate (unit 5, xy-md02).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "hw/bus_fake.h"
#include "hw/hw.h"

#define DOORS 6
#define BOARDS 4
#define RELAY 0
#define MOMENTARY 1
#define INPUT 2
#define CLIMATE 3
#define LONG_DOOR 3 /* its pulse lasts long enough to be read back on a busy machine too */
#define WAIT_MS 60000
#define FAKE_TIMEOUT_MS 150
#define SIM_TIMEOUT_MS 400 /* lockersim may have to wait for its turn on a busy machine */
#define RECOVER_MS 120000  /* a lost board may rest for most of a minute, and the machine may be busy */
#define QUIET_MS 700       /* long enough for a door to be seen open that should not be */
#define COMPLETIONS_MAX 32

static const uint8_t units[BOARDS] = {1, 3, 4, 5};
static const char *const board_names[BOARDS] = {"relay", "momentary", "input", "climate"};
static const char *const profiles[BOARDS] = {"waveshare-d", "r4d-fc06", "di8-fc02", "xy-md02"};

struct sim {
    pid_t pid;
    int control, out;
    char dir[64], path[128];
};

struct rig {
    enum hw_bus_kind kind;
    sd_event *loop;
    struct hw *hw;
    struct bus_fake *fake;
    struct sim sim;
    uint64_t intent;

    bool ready;
    bool doors_known_at_ready;
    enum hw_door_state door[DOORS];
    unsigned opened[DOORS], closed[DOORS];
    enum hw_board_state board[BOARDS];
    uint16_t moved;
    struct hw_event completion[COMPLETIONS_MAX];
    unsigned completions;
    enum hw_climate_state climate;
    int32_t milli_c, permille;
    unsigned climates;
    bool tamper, tamper_known;
};

/* ---------------------------------------------------------------- events */

static void on_event(void *arg, const struct hw_event *ev)
{
    struct rig *g = arg;
    switch (ev->kind) {
    case HW_EVENT_READY:
        assert_false(g->ready);
        g->ready = true;
        g->doors_known_at_ready = true;
        for (unsigned i = 0; i < DOORS; i++)
            g->doors_known_at_ready = g->doors_known_at_ready && g->door[i] != HW_DOOR_UNKNOWN;
        break;
    case HW_EVENT_COMPLETION:
        assert_true(g->completions < COMPLETIONS_MAX);
        g->completion[g->completions++] = *ev;
        break;
    case HW_EVENT_DOOR:
        g->door[ev->u.door.door] = ev->u.door.state;
        g->opened[ev->u.door.door] += ev->u.door.state == HW_DOOR_OPEN;
        g->closed[ev->u.door.door] += ev->u.door.state == HW_DOOR_CLOSED;
        break;
    case HW_EVENT_BOARD:
        g->board[ev->u.board.board] = ev->u.board.state;
        g->moved = ev->u.board.moved;
        break;
    case HW_EVENT_CLIMATE:
        g->climate = ev->u.climate.state;
        g->milli_c = ev->u.climate.milli_c;
        g->permille = ev->u.climate.permille;
        g->climates++;
        break;
    case HW_EVENT_INPUT:
        g->tamper = ev->u.input.active;
        g->tamper_known = ev->u.input.known;
        break;
    }
}

typedef bool (*rig_fn)(const struct rig *g, unsigned n);

/* Turns the loop until the question is answered with yes; false at the deadline. */
static bool happens_within(struct rig *g, int64_t ms, rig_fn question, unsigned n)
{
    int64_t until_us = clock_mono_us() + ms * 1000;
    while (!question(g, n)) {
        int64_t left_us = until_us - clock_mono_us();
        if (left_us <= 0)
            return false;
        /* Counters change without an event. */
        assert_true(sd_event_run(g->loop, (uint64_t)(left_us < 20000 ? left_us : 20000)) >= 0);
    }
    return true;
}

static void await(struct rig *g, int64_t ms, rig_fn question, unsigned n, const char *what)
{
    if (!happens_within(g, ms, question, n))
        fail_msg("not seen within %lld ms: %s (%u)", (long long)ms, what, n);
}
#define AWAIT(g, question, n) await(g, WAIT_MS, question, n, #question)
#define AWAIT_RECOVERY(g, question, n) await(g, RECOVER_MS, question, n, #question)

static bool is_ready(const struct rig *g, unsigned n)
{
    (void)n;
    return g->ready;
}

static bool is_open(const struct rig *g, unsigned door)
{
    return g->door[door] == HW_DOOR_OPEN;
}

static bool is_closed(const struct rig *g, unsigned door)
{
    return g->door[door] == HW_DOOR_CLOSED;
}

static bool is_unknown(const struct rig *g, unsigned door)
{
    return g->door[door] == HW_DOOR_UNKNOWN;
}

static bool has_completed(const struct rig *g, unsigned n)
{
    return g->completions >= n;
}

static bool board_is_ok(const struct rig *g, unsigned board)
{
    return g->board[board] == HW_BOARD_OK;
}

static bool board_is_lost(const struct rig *g, unsigned board)
{
    return g->board[board] == HW_BOARD_LOST;
}

static bool board_is_stopped(const struct rig *g, unsigned board)
{
    return g->board[board] == HW_BOARD_STOPPED;
}

static bool board_is_foreign(const struct rig *g, unsigned board)
{
    return g->board[board] == HW_BOARD_FOREIGN;
}

static bool climate_is(const struct rig *g, unsigned state)
{
    return g->climates > 0 && g->climate == (enum hw_climate_state)state;
}

static bool climate_is_milli(const struct rig *g, unsigned milli_c)
{
    return climate_is(g, HW_CLIMATE_OK) && g->milli_c == (int32_t)milli_c;
}

static bool tamper_is(const struct rig *g, unsigned active)
{
    return g->tamper_known && g->tamper == (active != 0);
}

static bool never(const struct rig *g, unsigned n)
{
    (void)g;
    (void)n;
    return false;
}

static bool has_resynced(const struct rig *g, unsigned n)
{
    struct hw_bus_count c = {0};
    hw_bus_counts(g->hw, 0, &c);
    return c.resyncs >= n;
}

static bool has_answers(const struct rig *g, unsigned n)
{
    struct hw_bus_count c = {0};
    hw_bus_counts(g->hw, 0, &c);
    return c.answered >= n;
}

/* ---------------------------------------------------------------- lockersim */

static const char sim_boards[] =
    "board \"relay\" { kind = \"waveshare-d\" unit = 1 bus = \"b\" }\n"
    "board \"momentary\" { kind = \"r4d-fc06\" unit = 3 bus = \"b\" }\n"
    "board \"input\" { kind = \"di8-fc02\" unit = 4 bus = \"b\" }\n"
    "board \"climate\" { kind = \"xy-md02\" unit = 5 bus = \"b\" deci_c = 45 deci_rh = 600 }\n";

static bool find_lockersim(char *out, size_t cap)
{
    char self[400];
    const char *given = getenv("LOCKERSIM");
    if (given != NULL) {
        (void)snprintf(out, cap, "%s", given);
        return access(out, X_OK) == 0;
    }
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return false;
    self[n] = '\0';
    for (unsigned i = 0; i < 3; i++) {
        char *slash = strrchr(self, '/');
        if (slash == NULL)
            return false;
        *slash = '\0';
    }
    (void)snprintf(out, cap, "%s/lockersim", self);
    return access(out, X_OK) == 0;
}

static void write_layout(const struct sim *s, bool is_tcp)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/cabinet.conf", s->dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    if (is_tcp)
        (void)fprintf(f, "bus \"b\" { kind = \"tcp\" clients = 4 turnaround_ms = 1 }\n");
    else
        (void)fprintf(f, "bus \"b\" { kind = \"rtu\" baud = 115200 parity = \"none\" turnaround_ms = 1 }\n");
    (void)fputs(sim_boards, f);
    for (unsigned i = 0; i < DOORS; i++)
        (void)fprintf(f, "door \"D%u\" { board = \"%s\" channel = %u contact_board = \"%s\" contact_input = %u }\n", i,
                      i < 4 ? "relay" : "momentary", i < 4 ? i : i - 4, i < 4 ? "relay" : "input", i < 4 ? i : i - 4);
    assert_int_equal(fclose(f), 0);
}

static int connect_control(const struct sim *s)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s/control", s->dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* One JSON line from a descriptor; the caller deletes it. */
static cJSON *read_line(int fd)
{
    static char line[16384];
    size_t len = 0;
    char c = 0;
    while (len < sizeof line - 1 && read(fd, &c, 1) == 1 && c != '\n')
        line[len++] = c;
    line[len] = '\0';
    cJSON *json = cJSON_Parse(line);
    if (json == NULL)
        fail_msg("lockersim said: %s", line);
    return json;
}

static ERR_PRINTF(2, 3) cJSON *ask_sim(const struct rig *g, const char *fmt, ...)
{
    char line[128];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line - 1, fmt, args);
    va_end(args);
    assert_true(n > 0 && (size_t)n < sizeof line - 1);
    line[n] = '\n';
    assert_int_equal(send(g->sim.control, line, (size_t)n + 1, MSG_NOSIGNAL), n + 1);
    cJSON *json = read_line(g->sim.control);
    if (cJSON_HasObjectItem(json, "error"))
        fail_msg("lockersim: %.*s: %s", n, line, cJSON_GetStringValue(cJSON_GetObjectItem(json, "error")));
    return json;
}

#define TELL_SIM(g, ...) cJSON_Delete(ask_sim(g, __VA_ARGS__))

static int sim_number(const struct rig *g, const char *command, const char *key)
{
    cJSON *json = ask_sim(g, "%s", command);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    assert_non_null(item);
    int value = item->valueint;
    cJSON_Delete(json);
    return value;
}

static int sim_bus_number(const struct rig *g, const char *key)
{
    cJSON *json = ask_sim(g, "counts");
    const cJSON *buses = cJSON_GetObjectItemCaseSensitive(json, "buses");
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(buses, "b"), key);
    assert_non_null(item);
    int value = item->valueint;
    cJSON_Delete(json);
    return value;
}

static void run_sim(const struct sim *s, int out, const char *program)
{
    char config[160], control[160], tty[160];
    (void)snprintf(tty, sizeof tty, "%s/tty", s->dir);
    (void)snprintf(config, sizeof config, "%s/cabinet.conf", s->dir);
    (void)snprintf(control, sizeof control, "%s/control", s->dir);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(out, STDOUT_FILENO);
    (void)execl(program, program, "--config", config, "--control", control, "--link", tty, (char *)NULL);
    _exit(127);
}

static bool start_sim(struct rig *g, struct hw_bus_cfg *bus)
{
    struct sim *s = &g->sim;
    char program[512];
    int pipes[2];
    if (!find_lockersim(program, sizeof program))
        return false;
    (void)snprintf(s->dir, sizeof s->dir, "%s/hwXXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(s->dir));
    write_layout(s, g->kind == HW_BUS_TCP);
    assert_int_equal(pipe(pipes), 0);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0)
        run_sim(s, pipes[1], program);
    (void)close(pipes[1]);
    s->out = pipes[0];
    cJSON *hello = read_line(s->out);
    const cJSON *place = cJSON_GetObjectItemCaseSensitive(hello, "b");
    assert_non_null(place);
    if (g->kind == HW_BUS_TCP) {
        (void)snprintf(bus->device, sizeof bus->device, "127.0.0.1");
        bus->port = (uint16_t)place->valueint;
    } else {
        (void)snprintf(bus->device, sizeof bus->device, "%s/tty", s->dir);
    }
    cJSON_Delete(hello);
    s->control = connect_control(s);
    return true;
}

static void stop_sim(struct sim *s)
{
    char command[128];
    if (s->pid == 0)
        return;
    (void)close(s->control);
    (void)close(s->out);
    (void)kill(s->pid, SIGTERM);
    (void)waitpid(s->pid, NULL, 0);
    (void)snprintf(command, sizeof command, "rm -rf %s", s->dir);
    assert_int_equal(system(command), 0);
}

/* ---------------------------------------------------------------- the cabinet */

static void describe(struct hw_cfg *c, enum hw_bus_kind kind)
{
    *c = (struct hw_cfg){.profile_dir = "hw/profiles", .buses = 1, .boards = BOARDS, .doors = DOORS, .climates = 1};
    struct hw_bus_cfg *bus = &c->bus[0];
    (void)snprintf(bus->name, sizeof bus->name, "b");
    bus->kind = kind;
    bus->baud = 115200;
    bus->timeout_ms = kind == HW_BUS_FAKE ? FAKE_TIMEOUT_MS : SIM_TIMEOUT_MS;
    bus->worst_late_ms = kind == HW_BUS_FAKE ? 150 : 250; /* a busy machine adds to what a fault delays */
    for (unsigned i = 0; i < BOARDS; i++) {
        (void)snprintf(c->board[i].name, sizeof c->board[i].name, "%s", board_names[i]);
        (void)snprintf(c->board[i].profile, sizeof c->board[i].profile, "%s", profiles[i]);
        c->board[i].unit = units[i];
    }
    for (uint8_t i = 0; i < DOORS; i++) {
        struct hw_door_cfg *d = &c->door[i];
        (void)snprintf(d->name, sizeof d->name, "D%u", i);
        d->board = i < 4 ? RELAY : MOMENTARY;
        d->sense_board = i < 4 ? RELAY : INPUT;
        d->channel = d->input = i < 4 ? i : (uint8_t)(i - 4);
        d->open_is_one = true;
        d->pulse_ms = i == LONG_DOOR ? 900 : 300;
    }
    (void)snprintf(c->climate[0].name, sizeof c->climate[0].name, "cold");
    c->climate[0].board = CLIMATE;
    if (kind == HW_BUS_FAKE) {
        c->inputs = 1;
        c->input[0] = (struct hw_input_cfg){.kind = HW_INPUT_TAMPER, .board = INPUT, .input = 7, .active_is_one = true};
    }
}

static void open_cabinet(struct rig *g, const struct hw_cfg *c)
{
    struct reason r = {{0}};
    enum err e = hw_open(&g->hw, c, g->loop, on_event, g, &r);
    if (e != ERR_OK)
        fail_msg("hw_open: %s", r.text);
    g->fake = bus_fake_of(g->hw, 0);
    AWAIT(g, is_ready, 0);
}

static int set_up(void **state, enum hw_bus_kind kind)
{
    struct rig *g = calloc(1, sizeof *g);
    struct hw_cfg *c = calloc(1, sizeof *c);
    assert_true(g != NULL && c != NULL);
    g->kind = kind;
    log_set_level(LOG_LEVEL_ERROR);
    assert_true(sd_event_new(&g->loop) >= 0);
    describe(c, kind);
    *state = g;
    if (kind == HW_BUS_FAKE || start_sim(g, &c->bus[0]))
        open_cabinet(g, c);
    else
        print_message("lockersim was not found, or did not start; set LOCKERSIM\n");
    free(c);
    return 0;
}

static int set_up_fake(void **state)
{
    return set_up(state, HW_BUS_FAKE);
}

static int set_up_rtu(void **state)
{
    return set_up(state, HW_BUS_RTU);
}

static int set_up_tcp(void **state)
{
    return set_up(state, HW_BUS_TCP);
}

static void check_world(const struct rig *g);

static int tear_down(void **state)
{
    struct rig *g = *state;
    if (g->hw != NULL)
        check_world(g);
    hw_free(g->hw);
    stop_sim(&g->sim);
    sd_event_unref(g->loop);
    free(g);
    return 0;
}

static struct rig *rig_of(void **state)
{
    struct rig *g = *state;
    assert_non_null(g->hw);
    return g;
}

static bool is_fake(const struct rig *g)
{
    return g->kind == HW_BUS_FAKE;
}

/* What must hold whatever a case did: one lock at a time, and no frame that could open another. */
static void check_world(const struct rig *g)
{
    if (is_fake(g)) {
        struct bus_fake_tally t;
        bus_fake_tally(g->fake, &t);
        assert_true(t.most_energised <= 1);
        return;
    }
    assert_int_equal(sim_number(g, "counts", "dangerous"), 0);
    assert_true(sim_number(g, "ghost", "peak_energised") <= 1);
    assert_true(sim_number(g, "ghost", "longest_pulse_ms") <= 1500);
    if (g->kind == HW_BUS_RTU)
        assert_int_equal(sim_bus_number(g, "gap_violations"), 0);
}

static void close_door(struct rig *g, uint16_t door)
{
    if (is_fake(g))
        bus_fake_close(g->fake, door);
    else
        TELL_SIM(g, "close D%u", door);
}

static void force_door(struct rig *g, uint16_t door)
{
    if (is_fake(g))
        bus_fake_open(g->fake, door);
    else
        TELL_SIM(g, "force D%u", door);
}

static void jam_door(struct rig *g, uint16_t door)
{
    if (is_fake(g))
        bus_fake_jam(g->fake, door, true);
    else
        TELL_SIM(g, "jam D%u on", door);
}

static void mute_board(struct rig *g, unsigned board, bool on)
{
    if (is_fake(g))
        bus_fake_mute(g->fake, units[board], on);
    else
        TELL_SIM(g, "board %s %s", board_names[board], on ? "off" : "on");
}

static int pulses_of(const struct rig *g)
{
    struct bus_fake_tally t;
    if (!is_fake(g))
        return sim_number(g, "ghost", "pulses");
    bus_fake_tally(g->fake, &t);
    return (int)t.pulses;
}

static enum err submit(struct rig *g, uint16_t door)
{
    struct hw_pulse p = {.id = 1000 + g->intent + 1, .intent = g->intent + 1, .door = door};
    g->intent++;
    return hw_submit_pulse(g->hw, &p);
}

/* Submits a pulse and waits for its completion, the nth of the case. */
static const struct hw_event *pulse(struct rig *g, uint16_t door)
{
    unsigned n = g->completions + 1;
    assert_int_equal(submit(g, door), ERR_OK);
    AWAIT(g, has_completed, n);
    assert_int_equal(g->completion[n - 1].u.completion.id, 1000 + g->intent);
    assert_int_equal(g->completion[n - 1].u.completion.door, door);
    return &g->completion[n - 1];
}

/* ---------------------------------------------------------------- cases */

static void start_knows_every_door_and_moves_none(void **state)
{
    struct rig *g = rig_of(state);
    assert_true(g->doors_known_at_ready);
    for (unsigned i = 0; i < DOORS; i++)
        assert_int_equal(g->door[i], HW_DOOR_CLOSED);
    for (unsigned i = 0; i < BOARDS; i++)
        assert_int_equal(g->board[i], HW_BOARD_OK);
    assert_int_equal(pulses_of(g), 0);
    assert_true(hw_bus_alive_ms(g->hw, 0) > clock_mono_us() / 1000 - 5000);
}

static void start_switches_each_lock_off_by_itself(void **state)
{
    struct rig *g = rig_of(state);
    struct bus_fake_tally t;
    bus_fake_tally(g->fake, &t);
    assert_int_equal(t.offs, 16);
    assert_int_equal(t.pulses, 0);
}

static void pulse_opens_its_door_and_no_other(void **state)
{
    struct rig *g = rig_of(state);
    int64_t before_us = clock_mono_us();
    const struct hw_event *c = pulse(g, 2);
    assert_int_equal(c->u.completion.status, HW_DONE);
    assert_true(c->u.completion.wire_us > before_us && c->u.completion.wire_us < clock_mono_us());
    AWAIT(g, is_open, 2);
    for (unsigned i = 0; i < DOORS; i++)
        assert_int_equal(g->opened[i], i == 2);
    assert_int_equal(g->completions, 1);
    assert_int_equal(pulses_of(g), 1);
}

static void lock_and_contact_may_be_on_different_boards(void **state)
{
    struct rig *g = rig_of(state);
    assert_int_equal(pulse(g, 5)->u.completion.status, HW_DONE);
    AWAIT(g, is_open, 5);
    assert_int_equal(pulses_of(g), 1);
}

static void second_pulse_is_busy_until_the_first_is_over(void **state)
{
    struct rig *g = rig_of(state);
    assert_int_equal(submit(g, 0), ERR_OK);
    assert_int_equal(submit(g, 1), ERR_BUSY);
    assert_int_equal(submit(g, 4), ERR_BUSY);
    AWAIT(g, has_completed, 1);
    assert_int_equal(pulse(g, 4)->u.completion.status, HW_DONE);
    assert_int_equal(g->completions, 2);
}

static void door_that_does_not_exist_is_out_of_range(void **state)
{
    struct rig *g = rig_of(state);
    assert_int_equal(submit(g, DOORS), ERR_RANGE);
}

static void same_intent_never_pulses_twice(void **state)
{
    struct rig *g = rig_of(state);
    jam_door(g, 0);
    assert_int_equal(pulse(g, 0)->u.completion.status, HW_DONE);
    g->intent--;
    assert_int_equal(pulse(g, 0)->u.completion.status, HW_REFUSED);
    assert_int_equal(pulses_of(g), 1);
}

static void jammed_door_is_done_but_never_open(void **state)
{
    struct rig *g = rig_of(state);
    jam_door(g, 1);
    assert_int_equal(pulse(g, 1)->u.completion.status, HW_DONE);
    (void)happens_within(g, QUIET_MS, never, 0);
    assert_int_equal(g->opened[1], 0);
    assert_int_equal(g->door[1], HW_DOOR_CLOSED);
}

static void closed_door_is_told_once(void **state)
{
    struct rig *g = rig_of(state);
    (void)pulse(g, 3);
    AWAIT(g, is_open, 3);
    unsigned before = g->closed[3];
    close_door(g, 3);
    AWAIT(g, is_closed, 3);
    assert_int_equal(g->closed[3], before + 1);
    assert_int_equal(g->opened[3], 1);
}

static void forced_door_is_told_without_a_pulse(void **state)
{
    struct rig *g = rig_of(state);
    force_door(g, 4);
    AWAIT(g, is_open, 4);
    assert_int_equal(g->completions, 0);
    assert_int_equal(g->board[MOMENTARY], HW_BOARD_OK);
}

/* Frames for one board and second; a line that answers at once would carry a thousand. */
static void line_without_a_poll_interval_is_not_flooded(void **state)
{
    struct rig *g = rig_of(state);
    struct hw_bus_count before, after;
    int64_t from_us = clock_mono_us();
    hw_bus_counts(g->hw, 0, &before);
    AWAIT(g, has_answers, (unsigned)before.answered + 60);
    hw_bus_counts(g->hw, 0, &after);
    int64_t most = (clock_mono_us() - from_us) * 150 * BOARDS / 1000000;
    assert_in_range(after.answered - before.answered, 60, most);
}

static void silent_board_is_lost_and_its_doors_unknown_until_it_answers(void **state)
{
    struct rig *g = rig_of(state);
    mute_board(g, RELAY, true);
    AWAIT(g, board_is_lost, RELAY);
    for (unsigned i = 0; i < DOORS; i++)
        assert_int_equal(g->door[i], i < 4 ? HW_DOOR_UNKNOWN : HW_DOOR_CLOSED);
    assert_int_equal(pulse(g, 0)->u.completion.status, HW_REFUSED);
    assert_int_equal(pulse(g, 4)->u.completion.status, HW_DONE);
    mute_board(g, RELAY, false);
    AWAIT(g, board_is_ok, RELAY);
    AWAIT(g, is_closed, 0);
    assert_int_equal(pulse(g, 0)->u.completion.status, HW_DONE);
}

static void lost_contacts_make_only_their_doors_unknown(void **state)
{
    struct rig *g = rig_of(state);
    mute_board(g, INPUT, true);
    AWAIT(g, is_unknown, 4);
    AWAIT(g, is_unknown, 5);
    assert_int_equal(g->door[0], HW_DOOR_CLOSED);
    assert_int_equal(g->board[MOMENTARY], HW_BOARD_OK);
}

/* On a busy machine an answer may really come too late; then the pulse failed and is asked for again. Returns how often
 * it was asked for. */
static int pulse_until_done(struct rig *g, uint16_t door)
{
    struct hw_bus_count before = {0}, after = {0};
    for (int n = 1; n <= 5; n++) {
        AWAIT_RECOVERY(g, board_is_ok, RELAY);
        hw_bus_counts(g->hw, 0, &before);
        enum hw_status status = pulse(g, door)->u.completion.status;
        hw_bus_counts(g->hw, 0, &after);
        if (status == HW_DONE)
            return n;
        assert_true(after.timeouts + after.bad + after.stale > before.timeouts + before.bad + before.stale);
    }
    fail_msg("no pulse was done");
    return 0;
}

static void wrong_answers_change_nothing_but_counters(void **state)
{
    struct rig *g = rig_of(state);
    static const char *const kinds[] = {"unit",   "function",    "count", "exception", "short", "glued",
                                        "silent", "late ms 450", "crc",   "echo",      "noise"};
    unsigned n = is_fake(g) ? BUS_FAKE_FAULT_N : g->kind == HW_BUS_TCP ? 8 : 11;
    for (unsigned i = 0; i < n; i++) {
        struct hw_bus_count before = {0};
        hw_bus_counts(g->hw, 0, &before);
        if (is_fake(g))
            bus_fake_fault(g->fake, units[i % 3], (enum bus_fake_fault)i, 1);
        else
            TELL_SIM(g, "fault %s %s count 1", board_names[i % 3], kinds[i]);
        AWAIT(g, has_answers, (unsigned)before.answered + 60);
    }
    for (unsigned i = 0; i < DOORS; i++) {
        assert_int_equal(g->opened[i], 0);
        assert_int_equal(g->door[i], HW_DOOR_CLOSED);
    }
    for (unsigned i = 0; i < BOARDS; i++)
        assert_int_equal(g->board[i], HW_BOARD_OK);
    AWAIT(g, has_resynced, n / 2);
    assert_int_equal(pulses_of(g), 0); /* so far */
    int asked = pulse_until_done(g, 0);
    assert_in_range(pulses_of(g), 1, asked);
}

/* A bad line for a while, seeded: doors may become unknown, but none is ever said to have moved. */
static void noisy_line_never_moves_a_door(void **state)
{
    struct rig *g = rig_of(state);
    static const char *const kinds[] = {"unit",   "function",    "count", "exception", "short", "glued",
                                        "silent", "late ms 450", "crc",   "echo",      "noise"};
    unsigned n = is_fake(g) ? BUS_FAKE_FAULT_N : g->kind == HW_BUS_TCP ? 8 : 11;
    for (unsigned i = 0; i < n; i++) {
        if (is_fake(g))
            bus_fake_fault(g->fake, units[i % 3], (enum bus_fake_fault)i, 3);
        else
            TELL_SIM(g, "fault * %s prob 0.02", kinds[i]);
    }
    (void)happens_within(g, 5000, never, 0);
    for (unsigned i = 0; i < DOORS; i++)
        assert_int_equal(g->opened[i], 0);
    if (!is_fake(g))
        TELL_SIM(g, "fault clear");
    for (unsigned i = 0; i < BOARDS; i++)
        AWAIT_RECOVERY(g, board_is_ok, i);
    AWAIT_RECOVERY(g, is_closed, 0);
    assert_int_equal(pulses_of(g), 0); /* so far */
    int asked = pulse_until_done(g, 0);
    assert_in_range(pulses_of(g), 1, asked);
}

static void pulse_whose_answer_is_lost_failed_and_happened_once(void **state)
{
    struct rig *g = rig_of(state);
    static const enum bus_fake_fault faults[] = {BUS_FAKE_DEAF_AFTER,  BUS_FAKE_WRONG_UNIT, BUS_FAKE_WRONG_FUNCTION,
                                                 BUS_FAKE_WRONG_COUNT, BUS_FAKE_WRONG_ECHO, BUS_FAKE_TRUNCATED};
    for (unsigned i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        bus_fake_fault_pulse(g->fake, units[RELAY], faults[i]);
        assert_int_equal(pulse(g, 0)->u.completion.status, HW_FAILED);
        assert_int_equal(pulses_of(g), i + 1);
    }
    AWAIT(g, is_open, 0);
}

static void pulse_that_never_arrived_failed(void **state)
{
    struct rig *g = rig_of(state);
    bus_fake_fault_pulse(g->fake, units[RELAY], BUS_FAKE_SILENT);
    assert_int_equal(pulse(g, 0)->u.completion.status, HW_FAILED);
    bus_fake_fault_pulse(g->fake, units[RELAY], BUS_FAKE_EXCEPTION);
    assert_int_equal(pulse(g, 0)->u.completion.status, HW_FAILED);
    assert_int_equal(pulses_of(g), 0);
    assert_int_equal(g->opened[0], 0);
}

static void relay_that_only_echoes_is_found_by_the_read_back(void **state)
{
    struct rig *g = rig_of(state);
    if (is_fake(g))
        bus_fake_dead_relay(g->fake, LONG_DOOR, true);
    else
        TELL_SIM(g, "board relay stuck-coil %u off", LONG_DOOR);
    assert_int_equal(pulse(g, LONG_DOOR)->u.completion.status, HW_FAILED);
    assert_int_equal(g->opened[LONG_DOOR], 0);
}

static void relay_that_stays_on_stops_its_board(void **state)
{
    struct rig *g = rig_of(state);
    bus_fake_energise(g->fake, 1, true);
    AWAIT(g, board_is_stopped, RELAY);
    assert_int_equal(g->moved, 1);
    assert_int_equal(pulse(g, 0)->u.completion.status, HW_REFUSED);
}

/* Found by the bus proof: after three tries nobody told it to switch off any more. */
static void relay_that_obeys_again_is_switched_off_also_when_its_board_was_stopped(void **state)
{
    struct rig *g = rig_of(state);
    struct bus_fake_tally t = {.energised = 1};
    bus_fake_energise(g->fake, 1, true);
    AWAIT(g, board_is_stopped, RELAY);
    (void)happens_within(g, QUIET_MS, never, 0);
    bus_fake_energise(g->fake, 1, false);
    for (unsigned i = 0; i < 100 && t.energised > 0; i++) {
        (void)happens_within(g, 100, never, 0);
        bus_fake_tally(g->fake, &t);
    }
    assert_int_equal(t.energised, 0);
    assert_int_equal(g->board[RELAY], HW_BOARD_STOPPED);
}

static void lock_that_is_on_without_a_pulse_is_switched_off(void **state)
{
    struct rig *g = rig_of(state);
    struct bus_fake_tally t = {.energised = 1};
    bus_fake_energise(g->fake, 1, false);
    for (unsigned i = 0; i < 100 && t.energised > 0; i++) {
        (void)happens_within(g, 100, never, 0);
        bus_fake_tally(g->fake, &t);
    }
    assert_int_equal(t.energised, 0);
    assert_int_equal(g->board[RELAY], HW_BOARD_OK);
}

static void another_door_moving_stops_the_board(void **state)
{
    struct rig *g = rig_of(state);
    if (is_fake(g))
        bus_fake_rewire(g->fake, 0, 3);
    else
        TELL_SIM(g, "wire D0 D3 strike");
    (void)pulse(g, 0);
    AWAIT(g, board_is_stopped, RELAY);
    assert_int_equal(g->moved, 3);
    assert_int_equal(g->opened[0], 0);
    assert_int_equal(pulse(g, 1)->u.completion.status, HW_REFUSED);
    assert_int_equal(pulse(g, 4)->u.completion.status, HW_DONE);
    assert_false(hw_board_release(g->hw, MOMENTARY));
    assert_true(hw_board_release(g->hw, RELAY));
    assert_false(hw_board_release(g->hw, RELAY));
    assert_int_equal(g->board[RELAY], HW_BOARD_OK);
    close_door(g, 3);
    AWAIT(g, is_closed, 3);
    assert_int_equal(pulse(g, 1)->u.completion.status, HW_DONE);
}

static void board_of_another_kind_is_foreign_and_gets_no_pulse(void **state)
{
    struct rig *g = rig_of(state);
    bus_fake_mute(g->fake, units[MOMENTARY], true);
    AWAIT(g, board_is_lost, MOMENTARY);
    bus_fake_foreign(g->fake, units[MOMENTARY], true);
    bus_fake_mute(g->fake, units[MOMENTARY], false);
    AWAIT(g, board_is_foreign, MOMENTARY);
    assert_int_equal(pulse(g, 4)->u.completion.status, HW_REFUSED);
    bus_fake_foreign(g->fake, units[MOMENTARY], false);
    AWAIT(g, board_is_ok, MOMENTARY);
    assert_int_equal(pulses_of(g), 0);
}

static bool has_timeouts(const struct rig *g, unsigned n)
{
    struct hw_bus_count c = {0};
    hw_bus_counts(g->hw, 0, &c);
    return c.timeouts >= n;
}

/* While the line is kept quiet a pulse waits; what the board is, is asked first and may be a surprise. */
static void board_that_turns_out_foreign_while_a_pulse_waits_gets_none(void **state)
{
    struct rig *g = rig_of(state);
    struct hw_bus_count before = {0};
    hw_bus_counts(g->hw, 0, &before);
    bus_fake_fault(g->fake, units[MOMENTARY], BUS_FAKE_SILENT, 1);
    AWAIT(g, has_timeouts, (unsigned)before.timeouts + 1);
    bus_fake_foreign(g->fake, units[MOMENTARY], true);
    assert_int_equal(pulse(g, 4)->u.completion.status, HW_REFUSED);
    AWAIT(g, board_is_foreign, MOMENTARY);
    assert_int_equal(pulses_of(g), 0);
}

static void unplugged_line_loses_everything_and_comes_back(void **state)
{
    struct rig *g = rig_of(state);
    if (is_fake(g))
        bus_fake_unplug(g->fake, true);
    else if (g->kind == HW_BUS_TCP)
        TELL_SIM(g, "bus b refuse on"), TELL_SIM(g, "bus b drop");
    else
        TELL_SIM(g, "bus b unplug");
    for (unsigned i = 0; i < BOARDS; i++)
        AWAIT(g, board_is_lost, i);
    for (unsigned i = 0; i < DOORS; i++)
        assert_int_equal(g->door[i], HW_DOOR_UNKNOWN);
    assert_int_equal(pulse(g, 0)->u.completion.status, HW_REFUSED);
    if (is_fake(g))
        bus_fake_unplug(g->fake, false);
    else
        TELL_SIM(g, "bus b %s", g->kind == HW_BUS_TCP ? "refuse off" : "plug");
    for (unsigned i = 0; i < BOARDS; i++)
        AWAIT(g, board_is_ok, i);
    AWAIT(g, is_closed, 0);
    assert_int_equal(pulse(g, 0)->u.completion.status, HW_DONE);
}

static void climate_is_told_in_thousandths_and_a_missing_probe_is_no_number(void **state)
{
    struct rig *g = rig_of(state);
    AWAIT(g, climate_is, HW_CLIMATE_OK);
    if (is_fake(g)) {
        bus_fake_climate(g->fake, units[CLIMATE], 0, 52, 600);
        AWAIT(g, climate_is_milli, 5200);
        assert_int_equal(g->permille, 600);
        bus_fake_climate(g->fake, units[CLIMATE], 0, 0x8000, 600);
    } else {
        assert_in_range(g->milli_c, 4000, 5000);
        assert_in_range(g->permille, 550, 650);
        TELL_SIM(g, "climate climate missing");
    }
    AWAIT(g, climate_is, HW_CLIMATE_MISSING);
}

static void tamper_switch_is_told(void **state)
{
    struct rig *g = rig_of(state);
    AWAIT(g, tamper_is, false);
    bus_fake_input(g->fake, units[INPUT], 7, true);
    AWAIT(g, tamper_is, true);
    bus_fake_mute(g->fake, units[INPUT], true);
    AWAIT(g, board_is_lost, INPUT);
    assert_false(g->tamper_known);
}

static void freeing_completes_the_running_pulse_once(void **state)
{
    struct rig *g = rig_of(state);
    assert_int_equal(submit(g, 0), ERR_OK);
    hw_free(g->hw);
    g->hw = NULL;
    assert_int_equal(g->completions, 1);
    assert_int_not_equal(g->completion[0].u.completion.status, HW_REFUSED);
    if (!is_fake(g)) {
        cJSON *ghost = ask_sim(g, "ghost");
        assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(ghost, "energised")), 0);
        cJSON_Delete(ghost);
    }
}

/* ---------------------------------------------------------------- maps that must be refused */

static void check_refused(struct hw_cfg *c, enum err expected, const char *word)
{
    struct hw *hw = NULL;
    struct reason r = {{0}};
    sd_event *loop = NULL;
    assert_true(sd_event_new(&loop) >= 0);
    assert_int_equal(hw_open(&hw, c, loop, on_event, NULL, &r), expected);
    assert_null(hw);
    if (strstr(r.text, word) == NULL)
        fail_msg("\"%s\" does not name %s", r.text, word);
    sd_event_unref(loop);
    describe(c, HW_BUS_FAKE);
}

static void bad_maps_are_refused_with_the_name_of_the_door(void **state)
{
    struct hw_cfg *c = calloc(1, sizeof *c);
    (void)state;
    assert_non_null(c);
    describe(c, HW_BUS_FAKE);
    c->door[1].channel = 0;
    check_refused(c, ERR_DUPLICATE, "door D1");
    c->door[3].input = 2;
    check_refused(c, ERR_DUPLICATE, "door D3");
    c->door[0].channel = 8;
    check_refused(c, ERR_RANGE, "door D0");
    c->door[0].input = 8;
    check_refused(c, ERR_RANGE, "door D0");
    c->door[0].board = INPUT;
    check_refused(c, ERR_RANGE, "door D0");
    c->door[0].board = BOARDS;
    check_refused(c, ERR_RANGE, "door D0");
    c->door[0].pulse_ms = 1501;
    check_refused(c, ERR_RANGE, "door D0");
    c->climate[0].probe = 1;
    check_refused(c, ERR_RANGE, "cold");
    c->input[0].input = 1;
    check_refused(c, ERR_DUPLICATE, "tamper");
    c->board[0].unit = 0;
    check_refused(c, ERR_RANGE, "board relay");
    c->board[0].unit = 248;
    check_refused(c, ERR_RANGE, "board relay");
    c->board[1].unit = 1;
    check_refused(c, ERR_DUPLICATE, "unit 1");
    (void)snprintf(c->board[0].profile, sizeof c->board[0].profile, "nothing");
    check_refused(c, ERR_NOT_FOUND, "board relay");
    (void)snprintf(c->board[0].profile, sizeof c->board[0].profile, "../x");
    check_refused(c, ERR_UNKNOWN, "board relay");
    (void)snprintf(c->board[0].profile, sizeof c->board[0].profile, "generic-coil");
    check_refused(c, ERR_DENIED, "dead_man_ms");
    c->board[0].bus = 1;
    check_refused(c, ERR_RANGE, "board relay");
    c->bus[0].kind = HW_BUS_TCP;
    (void)snprintf(c->bus[0].device, sizeof c->bus[0].device, "gateway.example");
    c->bus[0].port = 502;
    check_refused(c, ERR_RANGE, "gateway.example");
    c->bus[0].kind = HW_BUS_RTU;
    c->bus[0].baud = 12345;
    check_refused(c, ERR_RANGE, "12345");
    free(c);
}

/* A device that is not there is no reason not to start. */
static void missing_device_makes_its_boards_lost(void **state)
{
    struct rig g = {.kind = HW_BUS_RTU};
    struct hw_cfg *c = calloc(1, sizeof *c);
    struct reason r = {{0}};
    (void)state;
    assert_non_null(c);
    describe(c, HW_BUS_RTU);
    (void)snprintf(c->bus[0].device, sizeof c->bus[0].device, "/dev/medlocker-not-there");
    assert_true(sd_event_new(&g.loop) >= 0);
    assert_int_equal(hw_open(&g.hw, c, g.loop, on_event, &g, &r), ERR_OK);
    AWAIT(&g, is_ready, 0);
    for (unsigned i = 0; i < BOARDS; i++)
        assert_int_equal(g.board[i], HW_BOARD_LOST);
    hw_free(g.hw);
    sd_event_unref(g.loop);
    free(c);
}

#define CASE(name)                                                                                                     \
    cmocka_unit_test_setup_teardown(name, set_up_fake, tear_down),                                                     \
        cmocka_unit_test_setup_teardown(name, set_up_rtu, tear_down),                                                  \
        cmocka_unit_test_setup_teardown(name, set_up_tcp, tear_down)
#define FAKE(name) cmocka_unit_test_setup_teardown(name, set_up_fake, tear_down)

int main(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        CASE(start_knows_every_door_and_moves_none),
        FAKE(start_switches_each_lock_off_by_itself),
        CASE(pulse_opens_its_door_and_no_other),
        CASE(lock_and_contact_may_be_on_different_boards),
        CASE(second_pulse_is_busy_until_the_first_is_over),
        CASE(door_that_does_not_exist_is_out_of_range),
        CASE(same_intent_never_pulses_twice),
        CASE(jammed_door_is_done_but_never_open),
        CASE(closed_door_is_told_once),
        CASE(forced_door_is_told_without_a_pulse),
        CASE(line_without_a_poll_interval_is_not_flooded),
        CASE(silent_board_is_lost_and_its_doors_unknown_until_it_answers),
        CASE(lost_contacts_make_only_their_doors_unknown),
        CASE(wrong_answers_change_nothing_but_counters),
        CASE(noisy_line_never_moves_a_door),
        FAKE(pulse_whose_answer_is_lost_failed_and_happened_once),
        FAKE(pulse_that_never_arrived_failed),
        CASE(relay_that_only_echoes_is_found_by_the_read_back),
        FAKE(relay_that_stays_on_stops_its_board),
        FAKE(relay_that_obeys_again_is_switched_off_also_when_its_board_was_stopped),
        FAKE(lock_that_is_on_without_a_pulse_is_switched_off),
        CASE(another_door_moving_stops_the_board),
        FAKE(board_of_another_kind_is_foreign_and_gets_no_pulse),
        FAKE(board_that_turns_out_foreign_while_a_pulse_waits_gets_none),
        CASE(unplugged_line_loses_everything_and_comes_back),
        CASE(climate_is_told_in_thousandths_and_a_missing_probe_is_no_number),
        FAKE(tamper_switch_is_told),
        CASE(freeing_completes_the_running_pulse_once),
        cmocka_unit_test(bad_maps_are_refused_with_the_name_of_the_door),
        cmocka_unit_test(missing_device_makes_its_boards_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
