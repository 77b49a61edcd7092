/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lockersim from outside: the real program, driven over its pseudo-terminal and its TCP port by libmodbus, a Modbus
 * that shares no line with it, and over its control socket. Each fault must be visible on the wire. The program is
 * $LOCKERSIM, or the one built beside this test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <modbus/modbus.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"

#define ANSWER_CAP 65536
#define PATIENCE_MS 20000 /* for the machine, not for the line */
#define SILENT_MS 200     /* for an answer that does not come */

struct rig {
    char folder[32], control[64], link[64];
    pid_t pid;
    int out, socket;
    int port;
    modbus_t *rtu, *tcp;
};

/* ---------------------------------------------------------------- the program */

static void program_path(char *out, size_t cap)
{
    const char *given = getenv("LOCKERSIM");
    char self[512];
    if (given != NULL) {
        (void)snprintf(out, cap, "%s", given);
        return;
    }
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    self[n] = '\0';
    (void)snprintf(out, cap, "%s/lockersim", dirname(dirname(dirname(self))));
}

static void read_line(int fd, char *out, size_t cap)
{
    size_t n = 0;
    int64_t deadline_ms = clock_boot_ms() + PATIENCE_MS;
    while (n < cap - 1) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left_ms = deadline_ms - clock_boot_ms();
        if (left_ms <= 0 || poll(&ready, 1, (int)left_ms) != 1 || read(fd, out + n, 1) != 1) {
            fail_msg("no whole line; so far: %.*s", (int)n, out);
        }
        if (out[n] == '\n') {
            break;
        }
        n++;
    }
    out[n] = '\0';
}

static pid_t start(const struct rig *r, int *out, const char *const *more)
{
    char path[600];
    const char *argv[32] = {path,     "--config", "hw/sim/cabinet.conf", "--control", r->control, "--link", r->link,
                            "--seed", "5"};
    int pipes[2];
    program_path(path, sizeof path);
    if (access(path, X_OK) != 0) {
        fail_msg("%s: not built (make all), or set LOCKERSIM", path);
    }
    for (size_t i = 9; *more != NULL; i++, more++) {
        argv[i] = *more;
    }
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char *args[32];
        memcpy(args, argv, sizeof args);
        if (dup2(pipes[1], STDOUT_FILENO) >= 0) {
            (void)execv(path, args);
        }
        _exit(127);
    }
    (void)close(pipes[1]);
    *out = pipes[0];
    return pid;
}

static int connect_control(const struct rig *r)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    memcpy(address.sun_path, r->control, strlen(r->control) + 1);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void command(const struct rig *r, const char *line, char answer[ANSWER_CAP])
{
    assert_int_equal(dprintf(r->socket, "%s\n", line), (int)strlen(line) + 1);
    read_line(r->socket, answer, ANSWER_CAP);
}

/* A command that must be done. */
static void order(const struct rig *r, const char *line)
{
    char answer[ANSWER_CAP];
    command(r, line, answer);
    if (strncmp(answer, "{\"ok\":true", 10) != 0) {
        fail_msg("%s: %s", line, answer);
    }
}

/* Integer after "key": in the answer; the last one when it is there several times. */
static long long number(const struct rig *r, const char *line, const char *key)
{
    char answer[ANSWER_CAP], quoted[64];
    const char *at = NULL;
    command(r, line, answer);
    (void)snprintf(quoted, sizeof quoted, "\"%s\":", key);
    for (const char *hit = strstr(answer, quoted); hit != NULL; hit = strstr(hit + 1, quoted)) {
        at = hit;
    }
    if (at == NULL) {
        fail_msg("%s: no %s in %s", line, key, answer);
        return 0;
    }
    return strtoll(at + strlen(quoted), NULL, 10);
}

/* A counter of the serial bus. */
static long long rtu_count(const struct rig *r, const char *key)
{
    char answer[ANSWER_CAP], quoted[64];
    command(r, "counts", answer);
    char *rtu = strstr(answer, "\"rtu\":");
    assert_non_null(rtu);
    (void)snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(rtu, quoted);
    assert_non_null(at);
    return strtoll(at + strlen(quoted), NULL, 10);
}

/* ---------------------------------------------------------------- one rig for each test */

static void set_timeout(modbus_t *m, uint32_t ms)
{
    assert_int_equal(modbus_set_response_timeout(m, ms / 1000, (ms % 1000) * 1000), 0);
}

static int set_up(void **state)
{
    static const char *const none[] = {NULL};
    struct rig *r = calloc(1, sizeof *r);
    char line[512];
    if (r == NULL) {
        return -1;
    }
    memcpy(r->folder, "/tmp/lockersim-XXXXXX", sizeof "/tmp/lockersim-XXXXXX");
    assert_non_null(mkdtemp(r->folder));
    (void)snprintf(r->control, sizeof r->control, "%s/control", r->folder);
    (void)snprintf(r->link, sizeof r->link, "%s/tty", r->folder);
    r->pid = start(r, &r->out, none);
    read_line(r->out, line, sizeof line);
    const char *port = strstr(line, "\"tcp\":");
    assert_non_null(port);
    r->port = (int)strtol(port + 6, NULL, 10);
    r->socket = connect_control(r);
    r->rtu = modbus_new_rtu(r->link, 9600, 'N', 8, 1);
    r->tcp = modbus_new_tcp("127.0.0.1", r->port);
    assert_non_null(r->rtu);
    assert_non_null(r->tcp);
    set_timeout(r->rtu, PATIENCE_MS);
    set_timeout(r->tcp, PATIENCE_MS);
    assert_int_equal(modbus_connect(r->rtu), 0);
    assert_int_equal(modbus_connect(r->tcp), 0);
    assert_int_equal(modbus_set_slave(r->tcp, 2), 0);
    *state = r;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *r = *state;
    int status = 0;
    modbus_close(r->rtu);
    modbus_close(r->tcp);
    modbus_free(r->rtu);
    modbus_free(r->tcp);
    (void)close(r->socket);
    (void)kill(r->pid, SIGTERM);
    bool clean = waitpid(r->pid, &status, 0) == r->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    clean = clean && access(r->link, F_OK) != 0 && access(r->control, F_OK) != 0;
    (void)close(r->out);
    clean = rmdir(r->folder) == 0 && clean;
    free(r);
    return clean ? 0 : -1;
}

static modbus_t *unit(struct rig *r, int number)
{
    assert_int_equal(modbus_set_slave(r->rtu, number), 0);
    return r->rtu;
}

static unsigned inputs(modbus_t *m)
{
    uint8_t bits[8];
    unsigned set = 0;
    if (modbus_read_input_bits(m, 0, 8, bits) != 8) {
        fail_msg("read inputs: %s", modbus_strerror(errno));
    }
    for (unsigned i = 0; i < 8; i++) {
        set |= bits[i] != 0 ? 1u << i : 0u;
    }
    return set;
}

/* Sends a raw request, waits for as many bytes as it must bring, and collects what more comes until the line was quiet.
 */
static size_t raw(struct rig *r, const uint8_t *body, int len, size_t must, uint8_t *out, size_t cap)
{
    size_t n = 0;
    int fd = modbus_get_socket(r->rtu);
    assert_int_equal(modbus_send_raw_request(r->rtu, body, len), len + 2);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (n < cap && poll(&ready, 1, n < must ? PATIENCE_MS : SILENT_MS) == 1) {
        ssize_t got = read(fd, out + n, cap - n);
        assert_true(got > 0);
        n += (size_t)got;
    }
    return n;
}

/* What is late or left over goes; when something must come, it is waited for. */
static void drain(modbus_t *m, bool must_come)
{
    struct pollfd ready = {.fd = modbus_get_socket(m), .events = POLLIN};
    int wait_ms = must_come ? PATIENCE_MS : SILENT_MS;
    for (; poll(&ready, 1, wait_ms) == 1; wait_ms = SILENT_MS) {
        assert_int_not_equal(modbus_flush(m), -1);
    }
}

/* ---------------------------------------------------------------- the boards on the wire */

static void boards_answer_over_both_buses(void **state)
{
    struct rig *r = *state;
    uint16_t words[8];
    assert_int_equal(inputs(unit(r, 1)), 0);
    assert_int_equal(inputs(unit(r, 4)), 0);
    assert_int_equal(inputs(r->tcp), 0);
    assert_int_equal(modbus_read_registers(unit(r, 1), 0x4000, 1, words), 1);
    assert_int_equal(words[0], 1);
    assert_int_equal(modbus_read_registers(r->rtu, 0x8000, 1, words), 1);
    assert_int_equal(words[0], 200);
    assert_int_equal(modbus_read_registers(unit(r, 3), 1, 8, words), 8);
    assert_int_equal(modbus_read_input_registers(unit(r, 5), 1, 2, words), 2);
    assert_in_range(words[0], 44, 46);
    assert_in_range(words[1], 597, 603);
    assert_int_equal(modbus_read_registers(unit(r, 4), 0x00fe, 1, words), 1);
    assert_int_equal(words[0], 4);
}

static void pulse_opens_the_door_and_the_person_closes_it(void **state)
{
    struct rig *r = *state;
    order(r, "person A3 collect after 4000");
    assert_int_equal(modbus_write_bit(unit(r, 1), 2, 1), 1);
    order(r, "wait opened A3 5000");
    assert_int_equal(modbus_write_bit(r->rtu, 2, 0), 1);
    assert_int_equal(inputs(unit(r, 1)), 0x04);
    order(r, "wait closed A3 9000");
    assert_int_equal(inputs(unit(r, 1)), 0);
    assert_int_equal(modbus_write_register(unit(r, 3), 5, 0x0500), 1);
    order(r, "wait opened C5 5000");
    assert_int_equal(inputs(unit(r, 4)), 0x10);
    assert_int_equal(number(r, "ghost", "pulses"), 2);
}

static void timed_pulse_ends_by_the_board(void **state)
{
    struct rig *r = *state;
    uint8_t request[] = {1, 0x05, 0x02, 0x00, 0x00, 0x03}, reply[64], bit = 1;
    (void)unit(r, 1);
    assert_int_equal(raw(r, request, sizeof request, 8, reply, sizeof reply), 8);
    assert_memory_equal(reply, request, sizeof request);
    order(r, "wait opened A1 5000");
    for (int64_t end_ms = clock_boot_ms() + PATIENCE_MS; bit != 0 && clock_boot_ms() < end_ms;) {
        assert_int_equal(modbus_read_bits(r->rtu, 0, 1, &bit), 1);
    }
    assert_int_equal(bit, 0);
    assert_int_equal(number(r, "ghost", "longest_pulse_ms"), 300);
}

static void dangerous_frames_work_and_are_counted(void **state)
{
    struct rig *r = *state;
    uint8_t all[] = {1, 0x05, 0x00, 0xff, 0xff, 0x00}, broadcast[] = {0, 0x05, 0x00, 0xff, 0x00, 0x00}, reply[64];
    (void)unit(r, 1);
    assert_int_equal(raw(r, all, sizeof all, 8, reply, sizeof reply), 8);
    order(r, "wait opened A8 5000");
    assert_int_equal(number(r, "ghost", "peak_energised"), 8);
    assert_int_equal(raw(r, broadcast, sizeof broadcast, 0, reply, sizeof reply), 0);
    char answer[ANSWER_CAP];
    command(r, "ghost", answer);
    assert_non_null(strstr(answer, "\"energised\":[]"));
    assert_int_equal(modbus_write_register(r->rtu, 0x4000, 9), 1);
    assert_int_equal(inputs(unit(r, 9)), 0xff);
    assert_int_equal(number(r, "counts", "dangerous"), 3);
}

static void libmodbus_errors_are_those_of_the_exception(void **state)
{
    struct rig *r = *state;
    uint8_t bits[16];
    assert_int_equal(modbus_read_bits(unit(r, 1), 0, 9, bits), -1);
    assert_int_equal(errno, EMBXILADD);
    assert_int_equal(modbus_read_bits(unit(r, 3), 0, 8, bits), -1);
    assert_int_equal(errno, EMBXILFUN);
    assert_int_equal(modbus_write_register(unit(r, 3), 1, 0x0900), -1);
    assert_int_equal(errno, EMBXILVAL);
}

/* ---------------------------------------------------------------- time on the wire */

static void serial_answers_take_the_time_of_the_baud_rate(void **state)
{
    struct rig *r = *state;
    int64_t best_us = INT64_MAX;
    (void)unit(r, 1);
    int64_t end_us = clock_mono_us() + PATIENCE_MS * 1000;
    for (unsigned i = 0; i < 8 || (best_us >= 100000 && clock_mono_us() < end_us); i++) {
        int64_t from_us = clock_mono_us();
        (void)inputs(r->rtu);
        int64_t span_us = clock_mono_us() - from_us;
        best_us = span_us < best_us ? span_us : best_us;
    }
    /* 14 bytes at 10 bits and 9600 baud, t3.5, 5 ms turnaround: 23.2 ms; never less, and not much more at best. */
    assert_true(best_us >= 23200);
    assert_true(best_us < 100000);
}

static void requests_without_a_gap_are_counted(void **state)
{
    struct rig *r = *state;
    order(r, "counts reset");
    int64_t end_us = clock_mono_us() + PATIENCE_MS * 1000;
    do {
        for (unsigned i = 0; i < 20; i++) {
            (void)inputs(unit(r, 1)); /* libmodbus keeps no gap by itself, when the machine lets it run at once */
        }
    } while (rtu_count(r, "gap_violations") == 0 && clock_mono_us() < end_us);
    assert_true(rtu_count(r, "gap_violations") > 0);
    order(r, "counts reset");
    for (unsigned i = 0; i < 5; i++) {
        int64_t until_us = clock_mono_us() + 8000;
        while (clock_mono_us() < until_us) {
        }
        (void)inputs(unit(r, 1));
    }
    assert_int_equal(rtu_count(r, "gap_violations"), 0);
    assert_true(rtu_count(r, "min_gap_us") >= 3645);
}

static void wrong_baud_rate_is_noise(void **state)
{
    struct rig *r = *state;
    uint8_t bits[8];
    modbus_t *other = modbus_new_rtu(r->link, 19200, 'N', 8, 1);
    assert_non_null(other);
    set_timeout(other, SILENT_MS);
    assert_int_equal(modbus_connect(other), 0);
    assert_int_equal(modbus_set_slave(other, 1), 0);
    assert_int_equal(modbus_read_bits(other, 0, 8, bits), -1);
    modbus_close(other);
    modbus_free(other);
    int64_t end_us = clock_mono_us() + PATIENCE_MS * 1000;
    while (rtu_count(r, "garbage") == 0 && clock_mono_us() < end_us) { /* the simulator may not have come to it yet */
    }
    assert_int_equal(rtu_count(r, "garbage"), 1);
}

/* ---------------------------------------------------------------- faults on the wire */

static const uint8_t read_a[] = {1, 0x02, 0x00, 0x00, 0x00, 0x08};
static const uint8_t off_a[] = {1, 0x05, 0x00, 0x01, 0x00, 0x00};

static void each_serial_fault_shows_as_what_it_is(void **state)
{
    /* Bytes without check sum when len is given; else the length alone. */
    static const struct {
        const char *fault;
        const uint8_t *request;
        size_t len; /* of all bytes heard */
        uint8_t want[8];
        size_t want_len;
    } rows[] = {
        {"deaf", read_a, 0, {0}, 0},
        {"silent", read_a, 0, {0}, 0},
        {"late ms 50", read_a, 6, {1, 2, 1, 0}, 4},
        {"unit", read_a, 6, {2, 2, 1, 0}, 4},
        {"function", read_a, 6, {1, 3, 1, 0}, 4},
        {"count", read_a, 7, {1, 2, 2, 0, 0}, 5},
        {"address", off_a, 8, {1, 5, 0, 0, 0, 0}, 6},
        {"exception code 6", read_a, 5, {1, 0x82, 6}, 3},
        {"exception code 11", off_a, 5, {1, 0x85, 11}, 3},
        {"crc", read_a, 6, {1, 2, 1, 0}, 4},
        {"short bytes 3", read_a, 3, {1, 2, 1}, 3},
        {"glued", read_a, 12, {1, 2, 1, 0}, 4},
        {"echo", read_a, 14, {1, 2, 0, 0, 0, 8}, 6},
        {"noise bytes 4", read_a, 10, {0}, 0},
    };
    struct rig *r = *state;
    (void)unit(r, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[64];
        uint8_t got[128];
        (void)snprintf(line, sizeof line, "fault relay1 %s count 1", rows[i].fault);
        order(r, line);
        size_t n = raw(r, rows[i].request, 6, rows[i].len, got, sizeof got);
        if (n != rows[i].len || memcmp(got, rows[i].want, rows[i].want_len) != 0) {
            fail_msg("%s: %zu bytes, %02x %02x %02x %02x", rows[i].fault, n, got[0], got[1], got[2], got[3]);
        }
        assert_int_equal(raw(r, read_a, 6, 6, got, sizeof got), 6); /* gone after one frame */
    }
}

static void faults_reach_libmodbus_as_its_errors(void **state)
{
    static const struct {
        const char *fault;
        int want; /* errno; -1: any error */
    } rows[] = {{"silent", ETIMEDOUT},
                {"late ms 2000", ETIMEDOUT},
                {"crc", EMBBADCRC},
                {"short bytes 3", ETIMEDOUT},
                {"function", EMBBADDATA},
                {"unit", -1},
                {"count", -1},
                {"exception code 4", EMBXSFAIL}};
    struct rig *r = *state;
    uint8_t bits[8];
    (void)unit(r, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[64];
        (void)snprintf(line, sizeof line, "fault relay1 %s count 1", rows[i].fault);
        order(r, line);
        set_timeout(r->rtu, rows[i].want == ETIMEDOUT ? SILENT_MS : PATIENCE_MS);
        int rc = modbus_read_input_bits(r->rtu, 0, 8, bits);
        if (rc != -1 || (rows[i].want >= 0 && errno != rows[i].want)) {
            fail_msg("%s: %d, %s", rows[i].fault, rc, modbus_strerror(errno));
        }
        drain(r->rtu, strncmp(rows[i].fault, "late", 4) == 0);
        set_timeout(r->rtu, PATIENCE_MS);
        assert_int_equal(inputs(r->rtu), 0);
    }
}

static void late_answer_is_taken_for_the_next_one_by_libmodbus(void **state)
{
    /* The hazard that rules R1 and R2 are there for must be reproducible. */
    struct rig *r = *state;
    uint8_t bits[8];
    order(r, "open A1");
    order(r, "fault relay1 late ms 2000 count 1");
    set_timeout(r->rtu, SILENT_MS);
    (void)unit(r, 1);
    assert_int_equal(modbus_read_input_bits(r->rtu, 0, 8, bits), -1);
    set_timeout(r->rtu, PATIENCE_MS);
    order(r, "close A1");
    struct pollfd ready = {.fd = modbus_get_socket(r->rtu), .events = POLLIN};
    assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
    assert_int_equal(inputs(r->rtu), 0x01); /* success, and wrong */
    drain(r->rtu, true);                    /* the answer to the second request */
    assert_int_equal(inputs(r->rtu), 0);
}

static void faults_on_tcp_are_seen_too(void **state)
{
    static const struct {
        const char *fault;
        int want;
    } rows[] = {
        {"silent", ETIMEDOUT}, {"exception code 3", EMBXILVAL}, {"function", EMBBADDATA}, {"late ms 3000", ETIMEDOUT}};
    struct rig *r = *state;
    uint8_t bits[8];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[64];
        (void)snprintf(line, sizeof line, "fault relay2 %s count 1", rows[i].fault);
        order(r, line);
        set_timeout(r->tcp, rows[i].want == ETIMEDOUT ? SILENT_MS : PATIENCE_MS);
        assert_int_equal(modbus_read_input_bits(r->tcp, 0, 8, bits), -1);
        assert_int_equal(errno, rows[i].want);
        set_timeout(r->tcp, PATIENCE_MS);
        modbus_close(r->tcp);
        assert_int_equal(modbus_connect(r->tcp), 0);
        assert_int_equal(inputs(r->tcp), 0);
    }
}

static void faults_hit_only_the_board_named(void **state)
{
    struct rig *r = *state;
    uint8_t bits[8];
    order(r, "board relay1 off");
    set_timeout(r->rtu, SILENT_MS);
    assert_int_equal(modbus_read_input_bits(unit(r, 1), 0, 8, bits), -1);
    set_timeout(r->rtu, PATIENCE_MS);
    assert_int_equal(inputs(unit(r, 4)), 0);
    order(r, "board relay1 on");
    assert_int_equal(inputs(unit(r, 1)), 0);
}

/* ---------------------------------------------------------------- connections */

static bool is_refused(const struct rig *r)
{
    uint8_t bits[8];
    modbus_t *m = modbus_new_tcp("127.0.0.1", r->port);
    assert_non_null(m);
    set_timeout(m, PATIENCE_MS);
    bool refused = modbus_connect(m) != 0 || modbus_set_slave(m, 2) != 0 || modbus_read_bits(m, 0, 8, bits) != 8;
    modbus_close(m);
    modbus_free(m);
    return refused;
}

static void tcp_clients_are_limited_refused_and_dropped(void **state)
{
    struct rig *r = *state;
    uint8_t bits[8];
    assert_int_equal(inputs(r->tcp), 0);
    assert_false(is_refused(r));
    order(r, "bus tcp clients 1");
    assert_true(is_refused(r));
    order(r, "bus tcp clients 4");
    order(r, "bus tcp refuse on");
    assert_true(is_refused(r));
    assert_int_equal(inputs(r->tcp), 0); /* those that are in stay */
    order(r, "bus tcp refuse off");
    order(r, "bus tcp drop");
    assert_int_equal(modbus_read_bits(r->tcp, 0, 8, bits), -1);
    modbus_close(r->tcp);
    assert_int_equal(modbus_connect(r->tcp), 0);
    assert_int_equal(inputs(r->tcp), 0);
}

static void serial_adapter_can_be_pulled_and_put_back(void **state)
{
    struct rig *r = *state;
    uint8_t bits[8];
    order(r, "bus rtu unplug");
    order(r, "doors"); /* by now the port is gone */
    assert_int_equal(modbus_read_bits(unit(r, 1), 0, 8, bits), -1);
    assert_int_not_equal(access(r->link, F_OK), 0);
    modbus_close(r->rtu);
    order(r, "bus rtu plug");
    order(r, "doors");
    assert_int_equal(modbus_connect(r->rtu), 0);
    assert_int_equal(inputs(unit(r, 1)), 0);
}

static void closed_port_forgets_what_was_not_read(void **state)
{
    struct rig *r = *state;
    uint8_t byte;
    (void)unit(r, 1);
    assert_int_equal(modbus_send_raw_request(r->rtu, read_a, 6), 8);
    struct pollfd ready = {.fd = modbus_get_socket(r->rtu), .events = POLLIN};
    assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
    modbus_close(r->rtu);
    order(r, "doors");
    assert_int_equal(modbus_connect(r->rtu), 0);
    assert_int_not_equal(read(modbus_get_socket(r->rtu), &byte, 1), 1);
    assert_int_equal(inputs(r->rtu), 0);
}

/* ---------------------------------------------------------------- control */

static void events_stream_to_those_who_asked(void **state)
{
    struct rig *r = *state;
    char line[512];
    int other = connect_control(r);
    assert_int_equal(dprintf(other, "events\n"), 7);
    read_line(other, line, sizeof line);
    assert_string_equal(line, "{\"ok\":true}");
    order(r, "open B2");
    read_line(other, line, sizeof line);
    assert_non_null(strstr(line, "{\"event\":\"door\",\"door\":\"B2\",\"open\":true,\"cause\":\"key\""));
    order(r, "close B2");
    read_line(other, line, sizeof line);
    assert_non_null(strstr(line, "\"open\":false,\"cause\":\"person\""));
    (void)close(other);
    order(r, "open B2"); /* nobody hears it any more, and nothing breaks */
}

static void clients_do_not_wait_for_each_other(void **state)
{
    struct rig *r = *state;
    char line[512];
    int other = connect_control(r);
    assert_int_equal(dprintf(other, "wait opened C8 9000\ncontent\n"), 28);
    order(r, "doors");
    order(r, "open C8");
    read_line(other, line, sizeof line);
    assert_non_null(strstr(line, "\"door\":\"C8\""));
    read_line(other, line, sizeof line);
    assert_string_equal(line, "{\"ok\":true,\"doors\":[]}");
    (void)close(other);
}

static void last_line_without_end_is_answered(void **state)
{
    struct rig *r = *state;
    char line[512];
    int other = connect_control(r);
    assert_int_equal(dprintf(other, "content"), 7);
    assert_int_equal(shutdown(other, SHUT_WR), 0);
    read_line(other, line, sizeof line);
    assert_string_equal(line, "{\"ok\":true,\"doors\":[]}");
    assert_int_equal(read(other, line, 1), 0);
    (void)close(other);
}

static void endless_line_ends_the_client_only(void **state)
{
    struct rig *r = *state;
    char junk[16384];
    int other = connect_control(r);
    memset(junk, 'x', sizeof junk);
    (void)send(other, junk, sizeof junk, MSG_NOSIGNAL);
    char line[512];
    read_line(other, line, sizeof line);
    assert_non_null(strstr(line, "error"));
    (void)close(other);
    order(r, "doors");
}

/* ---------------------------------------------------------------- without a rig */

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int run_script(const char *script, char *answers, size_t cap)
{
    struct rig r = {.folder = "/tmp/lockersim-XXXXXX"};
    char path[64], trace[64];
    const char *const more[] = {"--script", path, "--trace", trace, NULL};
    size_t n = 0;
    int status = 0;
    assert_non_null(mkdtemp(r.folder));
    (void)snprintf(r.control, sizeof r.control, "%s/control", r.folder);
    (void)snprintf(r.link, sizeof r.link, "%s/tty", r.folder);
    (void)snprintf(path, sizeof path, "%s/script", r.folder);
    (void)snprintf(trace, sizeof trace, "%s/trace", r.folder);
    write_file(path, script);
    pid_t pid = start(&r, &r.out, more);
    for (ssize_t got = 1; got > 0 && n < cap - 1;) {
        got = read(r.out, answers + n, cap - 1 - n);
        n += got > 0 ? (size_t)got : 0;
    }
    answers[n] = '\0';
    (void)close(r.out);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)unlink(path);
    (void)unlink(trace);
    assert_int_equal(rmdir(r.folder), 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void script_keeps_its_times_and_ends_the_program(void **state)
{
    (void)state;
    char answers[8192];
    int64_t from_ms = clock_boot_ms();
    assert_int_equal(run_script("# a short day\nopen A1\nat 200 close A1\nwait closed A1 0\nat 300 fly A1\nquit\n",
                                answers, sizeof answers),
                     0);
    assert_true(clock_boot_ms() - from_ms >= 300);
    const char *first = strchr(answers, '\n');
    assert_non_null(first);
    assert_non_null(strstr(first, "{\"ok\":true}\n{\"ok\":true}\n{\"ok\":true,\"door\":\"A1\""));
    assert_non_null(strstr(first, "{\"error\":\"column 1: no command \\\"fly\\\""));
}

static void script_with_times_that_go_back_is_refused(void **state)
{
    (void)state;
    char answers[1024];
    assert_int_not_equal(run_script("at 200 open A1\nat 100 close A1\n", answers, sizeof answers), 0);
    assert_string_equal(answers, "");
    assert_int_not_equal(run_script("at soon open A1\n", answers, sizeof answers), 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(boards_answer_over_both_buses),
        CASE(pulse_opens_the_door_and_the_person_closes_it),
        CASE(timed_pulse_ends_by_the_board),
        CASE(dangerous_frames_work_and_are_counted),
        CASE(libmodbus_errors_are_those_of_the_exception),
        CASE(serial_answers_take_the_time_of_the_baud_rate),
        CASE(requests_without_a_gap_are_counted),
        CASE(wrong_baud_rate_is_noise),
        CASE(each_serial_fault_shows_as_what_it_is),
        CASE(faults_reach_libmodbus_as_its_errors),
        CASE(late_answer_is_taken_for_the_next_one_by_libmodbus),
        CASE(faults_on_tcp_are_seen_too),
        CASE(faults_hit_only_the_board_named),
        CASE(tcp_clients_are_limited_refused_and_dropped),
        CASE(serial_adapter_can_be_pulled_and_put_back),
        CASE(closed_port_forgets_what_was_not_read),
        CASE(events_stream_to_those_who_asked),
        CASE(clients_do_not_wait_for_each_other),
        CASE(last_line_without_end_is_answered),
        CASE(endless_line_ends_the_client_only),
        cmocka_unit_test(script_keeps_its_times_and_ends_the_program),
        cmocka_unit_test(script_with_times_that_go_back_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
