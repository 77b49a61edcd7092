/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bus/world.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <time.h>
#include <ucontext.h>

#include <modbus/modbus.h>
#include <systemd/sd-event.h>

#include "common/clock.h"
#include "common/log.h"
#include "hw/sim/line.h"

#define START_US INT64_C(1000000000)
#define STACK 262144
#define FD_BASE 900
#define FDS 8
#define LINE_FD 850
#define TICK_US 250000
#define RX_CAP 4096
#define TCP_TURNAROUND_US 40000
#define TCP_PENDING 8
#define PENDING_MAX 8
#define NEVER INT64_MAX
#define STALLS_MAX 10000

struct world_state *world;

/* ---------------------------------------------------------------- the bus thread as a fiber */

struct fiber {
    bool live;
    void *(*run)(void *);
    void *arg;
    int64_t due_us;
    int wake; /* virtual eventfd that ends the wait, -1: none */
    bool started;
    ucontext_t context; /* only to begin with: switching by setjmp asks nothing of the kernel */
    jmp_buf here;
    uint8_t *stack;
};

struct tcp_reply {
    bool used;
    int64_t due_us;
    size_t len;
    uint8_t bytes[LINE_FRAME_MAX];
};

struct hidden {
    struct fiber fiber;
    jmp_buf loop;
    uint64_t counter[FDS];
    bool fd_used[FDS];
    sd_event_io_handler_t on_wake;
    void *on_wake_arg;
    int wake_fd;
    int64_t tick_us;
    int64_t wake_boot_ms;
    bool in_turn;
    struct event pending[PENDING_MAX];
    unsigned pendings;
    struct rtu rtu;
    struct tcp_reply tcp[TCP_PENDING];
    uint8_t rx[RX_CAP];
    size_t rx_len;
    unsigned stalls; /* steps in which time did not move */
};

static struct hidden *hid;

struct _modbus {
    bool is_tcp;
    int slave;
    int64_t timeout_us;
};

static void wait_until(int64_t due_us, int wake)
{
    hid->fiber.due_us = due_us;
    hid->fiber.wake = wake;
    if (_setjmp(hid->fiber.here) == 0)
        _longjmp(hid->loop, 1);
}

static void fiber_main(void)
{
    (void)hid->fiber.run(hid->fiber.arg);
    hid->fiber.live = false;
    _longjmp(hid->loop, 1);
}

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    (void)attr;
    struct fiber *f = &hid->fiber;
    f->live = true;
    f->run = run;
    f->arg = arg;
    f->due_us = world->now_us;
    f->wake = -1;
    f->stack = malloc(STACK);
    (void)getcontext(&f->context);
    f->context.uc_stack.ss_sp = f->stack;
    f->context.uc_stack.ss_size = STACK;
    makecontext(&f->context, fiber_main, 0);
    memset(t, 0, sizeof *t);
    return 0;
}

static bool is_woken(const struct fiber *f)
{
    return f->wake >= 0 && hid->counter[f->wake - FD_BASE] > 0;
}

static void resume(void)
{
    if (_setjmp(hid->loop) != 0)
        return;
    if (hid->fiber.started)
        _longjmp(hid->fiber.here, 1);
    hid->fiber.started = true;
    (void)setcontext(&hid->fiber.context);
}

int __wrap_pthread_join(pthread_t t, void **result);
int __wrap_pthread_join(pthread_t t, void **result)
{
    (void)t;
    (void)result;
    while (hid->fiber.live) {
        if (!is_woken(&hid->fiber) && hid->fiber.due_us > world->now_us)
            world->now_us = hid->fiber.due_us;
        cabinet_step(&world->cabinet, world->now_us);
        resume();
    }
    free(hid->fiber.stack);
    hid->fiber.stack = NULL;
    return 0;
}

/* ---------------------------------------------------------------- clock, descriptors, waiting */

int64_t __wrap_clock_mono_us(void);
int64_t __wrap_clock_mono_us(void)
{
    return world->now_us;
}

int64_t __wrap_clock_boot_ms(void);
int64_t __wrap_clock_boot_ms(void)
{
    return world->now_us / 1000;
}

static bool is_ours(int fd)
{
    return fd >= FD_BASE && fd < FD_BASE + FDS;
}

int __wrap_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags)
{
    (void)flags;
    for (int i = 0; i < FDS; i++) {
        if (!hid->fd_used[i]) {
            hid->fd_used[i] = true;
            hid->counter[i] = count;
            return FD_BASE + i;
        }
    }
    errno = EMFILE;
    return -1;
}

ssize_t __real_read(int fd, void *buf, size_t len);
ssize_t __wrap_read(int fd, void *buf, size_t len);
ssize_t __wrap_read(int fd, void *buf, size_t len)
{
    if (!is_ours(fd))
        return __real_read(fd, buf, len);
    uint64_t *counter = &hid->counter[fd - FD_BASE];
    if (*counter == 0) {
        errno = EAGAIN;
        return -1;
    }
    memcpy(buf, counter, sizeof *counter);
    *counter = 0;
    return sizeof *counter;
}

ssize_t __real_write(int fd, const void *buf, size_t len);
ssize_t __wrap_write(int fd, const void *buf, size_t len);
ssize_t __wrap_write(int fd, const void *buf, size_t len)
{
    if (!is_ours(fd))
        return __real_write(fd, buf, len);
    hid->counter[fd - FD_BASE]++;
    return (ssize_t)len;
}

int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
    if (!is_ours(fd))
        return __real_close(fd);
    hid->fd_used[fd - FD_BASE] = false;
    return 0;
}

int __wrap_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *ts, const sigset_t *mask);
int __wrap_ppoll(struct pollfd *fds, nfds_t n, const struct timespec *ts, const sigset_t *mask)
{
    (void)mask;
    (void)n;
    wait_until(world->now_us + ts->tv_sec * 1000000 + (ts->tv_nsec + 999) / 1000, fds[0].fd);
    fds[0].revents = is_woken(&hid->fiber) ? POLLIN : 0;
    return fds[0].revents != 0 ? 1 : 0;
}

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left);
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left)
{
    (void)clock;
    (void)flags;
    (void)left;
    wait_until(until->tv_sec * 1000000 + (until->tv_nsec + 999) / 1000, -1);
    return 0;
}

static void pump(void);

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    va_start(args, request);
    int *waiting = va_arg(args, int *);
    va_end(args);
    if (fd != LINE_FD || request != FIONREAD) {
        errno = ENOTTY;
        return -1;
    }
    pump();
    *waiting = (int)hid->rx_len;
    return 0;
}

int __wrap_sd_event_add_io(sd_event *e, sd_event_source **s, int fd, uint32_t events, sd_event_io_handler_t fn,
                           void *arg);
int __wrap_sd_event_add_io(sd_event *e, sd_event_source **s, int fd, uint32_t events, sd_event_io_handler_t fn,
                           void *arg)
{
    (void)e;
    (void)events;
    *s = NULL;
    hid->on_wake = fn;
    hid->on_wake_arg = arg;
    hid->wake_fd = fd;
    return 0;
}

/* Only for a run that somebody looks at. */
ERR_PRINTF(3, 4) void __wrap_log_write(enum log_level level, const char *module, const char *fmt, ...);
void __wrap_log_write(enum log_level level, const char *module, const char *fmt, ...)
{
    (void)level;
    if (world == NULL || !world->story)
        return;
    va_list args;
    va_start(args, fmt);
    (void)printf("%9.3f %s: ", (double)(world->now_us - START_US) / 1e6, module);
    (void)vprintf(fmt, args);
    (void)putchar('\n');
    va_end(args);
}

/* ---------------------------------------------------------------- the line */

static int64_t wire_next(void)
{
    int64_t next_us = world->cfg.kind == HW_BUS_RTU ? rtu_next(&hid->rtu) : NEVER;
    for (unsigned i = 0; i < TCP_PENDING; i++)
        if (hid->tcp[i].used && hid->tcp[i].due_us < next_us)
            next_us = hid->tcp[i].due_us;
    return next_us;
}

static void pump_tcp(void)
{
    for (;;) {
        struct tcp_reply *first = NULL;
        for (unsigned i = 0; i < TCP_PENDING; i++) {
            struct tcp_reply *r = &hid->tcp[i];
            if (r->used && r->due_us <= world->now_us && (first == NULL || r->due_us < first->due_us))
                first = r;
        }
        if (first == NULL)
            return;
        if (hid->rx_len + first->len <= RX_CAP)
            memcpy(hid->rx + hid->rx_len, first->bytes, first->len);
        hid->rx_len += first->len;
        first->used = false;
    }
}

/* Whatever has arrived by now is in rx. */
static void pump(void)
{
    cabinet_step(&world->cabinet, world->now_us);
    if (world->cfg.kind == HW_BUS_RTU) {
        rtu_step(&hid->rtu, &world->cabinet, world->now_us);
        hid->rx_len += rtu_due(&hid->rtu, hid->rx + hid->rx_len, RX_CAP - hid->rx_len, world->now_us);
    } else {
        pump_tcp();
    }
}

static void consume(size_t n)
{
    hid->rx_len -= n;
    memmove(hid->rx, hid->rx + n, hid->rx_len);
}

static void send_tcp(const uint8_t *bytes, size_t len)
{
    struct line_reply reply;
    struct board_pdu pdu = {.len = len - 1};
    memcpy(pdu.bytes, bytes + 1, len - 1);
    struct trace_entry *e = cabinet_exchange(&world->cabinet, 0, bytes[0], &pdu, world->now_us, &reply);
    for (unsigned i = 0; i < TCP_PENDING; i++) {
        struct tcp_reply *r = &hid->tcp[i];
        if (r->used)
            continue;
        r->len = line_write_tcp(&reply, 0, r->bytes);
        r->due_us = world->now_us + TCP_TURNAROUND_US + reply.late_us;
        r->used = r->len > 0;
        trace_put_reply(e, r->bytes, r->len);
        return;
    }
}

/* ---------------------------------------------------------------- libmodbus 3.1.6, as far as the driver uses it */

modbus_t *modbus_new_rtu(const char *device, int baud, char parity, int data_bit, int stop_bit)
{
    (void)device;
    (void)baud;
    (void)parity;
    (void)data_bit;
    (void)stop_bit;
    return calloc(1, sizeof(struct _modbus));
}

modbus_t *modbus_new_tcp_pi(const char *node, const char *service)
{
    (void)node;
    (void)service;
    modbus_t *m = calloc(1, sizeof *m);
    m->is_tcp = true;
    return m;
}

void modbus_free(modbus_t *m)
{
    free(m);
}

int modbus_connect(modbus_t *m)
{
    if (m->is_tcp) {
        memset(hid->tcp, 0, sizeof hid->tcp);
        hid->rx_len = 0;
    }
    return 0;
}

void modbus_close(modbus_t *m)
{
    (void)m;
}

int modbus_get_socket(modbus_t *m)
{
    (void)m;
    return LINE_FD;
}

int modbus_flush(modbus_t *m)
{
    (void)m;
    pump();
    int n = (int)hid->rx_len;
    hid->rx_len = 0;
    return n;
}

int modbus_set_slave(modbus_t *m, int slave)
{
    m->slave = slave;
    return 0;
}

int modbus_set_response_timeout(modbus_t *m, uint32_t s, uint32_t us)
{
    m->timeout_us = (int64_t)s * 1000000 + us;
    return 0;
}

int modbus_set_byte_timeout(modbus_t *m, uint32_t s, uint32_t us)
{
    (void)m;
    (void)s;
    (void)us;
    return 0;
}

int modbus_set_error_recovery(modbus_t *m, modbus_error_recovery_mode mode)
{
    (void)m;
    (void)mode;
    return 0;
}

int modbus_rtu_set_serial_mode(modbus_t *m, int mode)
{
    (void)m;
    (void)mode;
    return 0;
}

const char *modbus_strerror(int e)
{
    return strerror(e);
}

static void count_pulse_frame(const uint8_t *b)
{
    bool flash = b[1] == 5 && b[2] == 2;
    bool momentary = b[1] == 6 && b[4] == 5;
    world->pulse_frames += flash || momentary;
}

int modbus_send_raw_request(modbus_t *m, const uint8_t *raw, int len)
{
    uint8_t frame[64];
    memcpy(frame, raw, (size_t)len);
    world->frames++;
    count_pulse_frame(raw);
    if (world->on_frame != NULL)
        world->on_frame(world->arg, raw, (size_t)len);
    if (m->is_tcp) {
        send_tcp(frame, (size_t)len);
    } else {
        uint16_t crc = line_crc(frame, (size_t)len);
        frame[len] = (uint8_t)(crc & 0xffu);
        frame[len + 1] = (uint8_t)(crc >> 8);
        rtu_receive(&hid->rtu, &world->cabinet, frame, (size_t)len + 2, world->now_us);
    }
    return len;
}

/* Waits for more bytes like the library's select loop: one time-out for the whole answer, and what came stays read. */
static bool await_bytes(size_t want, int64_t deadline_us)
{
    pump();
    while (hid->rx_len < want) {
        int64_t next_us = wire_next();
        if (world->cfg.kind == HW_BUS_RTU && hid->rtu.rx_len == 0 && next_us != NEVER)
            next_us += rtu_span_us(&hid->rtu, want - hid->rx_len - 1); /* all of them, not one by one */
        int64_t until_us = next_us < deadline_us ? next_us : deadline_us;
        wait_until(until_us > world->now_us ? until_us : world->now_us, -1);
        pump();
        if (hid->rx_len < want && world->now_us >= deadline_us)
            return false;
    }
    return true;
}

static size_t meta_len(uint8_t function)
{
    return function == 5 || function == 6 || function == 15 || function == 16 ? 4 : 1;
}

int modbus_receive_confirmation(modbus_t *m, uint8_t *rsp)
{
    size_t head = m->is_tcp ? 7 : 1, check = m->is_tcp ? 0 : 2, len = head + 1;
    int64_t deadline_us = world->now_us + m->timeout_us;
    bool there = await_bytes(len, deadline_us);
    if (there) {
        len += meta_len(hid->rx[head]);
        there = await_bytes(len, deadline_us);
    }
    if (there) {
        len += (hid->rx[head] <= 4 ? hid->rx[head + 1] : 0u) + check;
        if (len > 260) {
            consume(hid->rx_len < len ? hid->rx_len : len);
            errno = EMBBADDATA;
            return -1;
        }
        there = await_bytes(len, deadline_us);
    }
    if (!there) {
        consume(hid->rx_len < len ? hid->rx_len : len);
        errno = ETIMEDOUT;
        return -1;
    }
    memcpy(rsp, hid->rx, len);
    consume(len);
    if (m->is_tcp)
        return (int)len;
    if (rsp[0] != m->slave)
        return 0;
    uint16_t crc = line_crc(rsp, len - 2);
    if (rsp[len - 2] != (crc & 0xffu) || rsp[len - 1] != crc >> 8) {
        errno = EMBBADCRC;
        return -1;
    }
    return (int)len;
}

/* ---------------------------------------------------------------- deciding and acting */

void world_violate(const char *fmt, ...)
{
    if (world->violation[0] != '\0')
        return;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(world->violation, sizeof world->violation, fmt, args);
    va_end(args);
}

void world_story(const char *fmt, ...)
{
    if (!world->story)
        return;
    va_list args;
    va_start(args, fmt);
    (void)printf("%9.3f ", (double)(world->now_us - START_US) / 1e6);
    (void)vprintf(fmt, args);
    (void)putchar('\n');
    va_end(args);
}

static void send_event(const struct event *ev);

static void push(const struct event *ev)
{
    if (hid->pendings == PENDING_MAX)
        abort();
    hid->pending[hid->pendings++] = *ev;
}

static void do_pulse(const struct effect *e)
{
    struct hw_pulse pulse = {.id = e->u.pulse.serial, .intent = e->u.pulse.serial, .door = e->u.pulse.door};
    world->intended[pulse.door]++;
    world->bed.pulse_door = pulse.door;
    if (hw_submit_pulse(world->hw, &pulse) == ERR_OK) {
        world->pulses_leased++;
        return;
    }
    struct event ev = {.kind = EVENT_HW, .u.hw.kind = HW_EVENT_COMPLETION};
    ev.u.hw.u.completion.id = pulse.id;
    ev.u.hw.u.completion.door = pulse.door;
    ev.u.hw.u.completion.status = HW_REFUSED;
    push(&ev);
}

static void do_stretch(const struct effect *e)
{
    struct event ev = {.kind = EVENT_VERDICT};
    ev.u.verdict.try_id = e->u.stretch.try_id;
    bed_stretch_secret(e->u.stretch.secret, ev.u.verdict.a);
    push(&ev);
}

static void do_effect(const struct effect *e)
{
    switch (e->kind) {
    case EFFECT_PULSE:
        do_pulse(e);
        break;
    case EFFECT_STRETCH:
        do_stretch(e);
        break;
    case EFFECT_WATCH:
        hw_watch(world->hw, e->u.watch.door, e->u.watch.until_boot_ms);
        break;
    case EFFECT_BOARD_RELEASE:
        (void)hw_board_release(world->hw, e->u.board);
        break;
    case EFFECT_SCREEN:
        world_story("screen %s %s", screen_id_name(world_screen()), screen_notice_name(world_notice()));
        break;
    case EFFECT_SOUND:
    case EFFECT_RPC: /* no hub in this world */
    case EFFECT_KIND_N:
        break;
    }
}

static bool tells(const struct record *rec)
{
    switch ((unsigned)rec->kind) {
    case RECORD_JAMMED:
    case RECORD_LEFT_OPEN:
    case RECORD_FORCED:
    case RECORD_MISMATCH:
    case RECORD_UNCONFIRMED:
        return true;
    case RECORD_BOARD_CHANGED:
        return rec->u.board.state != HW_BOARD_OK;
    case RECORD_COMPARTMENT_CHANGED:
        return rec->u.changed.state == COMPARTMENT_CHECK || rec->u.changed.state == COMPARTMENT_FORCED ||
               rec->u.changed.state == COMPARTMENT_OUT;
    default:
        return false;
    }
}

/* What the shipped turn does, without a disk: decide, check every invariant, act. */
static void decide(struct event *ev)
{
    struct bed *b = &world->bed;
    ev->now = b->now;
    ev->now.boot_ms = world->now_us / 1000;
    ev->now.wall_ms = BED_NOW_MS + (world->now_us - START_US) / 1000;
    effects_clear(b->fx);
    locker_decide(b->l, ev, b->fx);
    const struct world w = {.locker = b->l, .event = ev, .effects = b->fx, .ghost = b->g};
    const struct invariant *broken = invariant_check(&w);
    if (broken != NULL)
        world_violate("INV-%02u %s", broken->number, broken->name);
    invariant_note(b->g, &w);
    for (unsigned i = 0; i < b->fx->records; i++) {
        world->told += tells(&b->fx->record[i]);
        world_story("record %s door %u", record_type(b->fx->record[i].kind), b->fx->record[i].door);
    }
    hid->wake_boot_ms = b->fx->wake_boot_ms;
    for (unsigned i = 0; i < b->fx->effects; i++)
        do_effect(&b->fx->effect[i]);
}

static void send_event(const struct event *ev)
{
    if (hid->in_turn) {
        push(ev);
        return;
    }
    hid->in_turn = true;
    struct event next = *ev;
    decide(&next);
    while (hid->pendings > 0) {
        next = hid->pending[0];
        hid->pendings--;
        memmove(hid->pending, hid->pending + 1, hid->pendings * sizeof hid->pending[0]);
        decide(&next);
    }
    hid->in_turn = false;
}

static void on_hw(void *arg, const struct hw_event *hw)
{
    (void)arg;
    struct event ev = {.kind = EVENT_HW, .u.hw = *hw};
    world->ready = world->ready || hw->kind == HW_EVENT_READY;
    send_event(&ev);
}

/* ---------------------------------------------------------------- what must hold at every moment */

static void watch_cabinet(void)
{
    struct cabinet_event e;
    while (cabinet_take_event(&world->cabinet, &e))
        if (e.kind == CABINET_STRIKE && e.on)
            world->energised[e.door]++;
}

/* Believed is what the contact says, or unknown; reading takes time. */
static void watch_beliefs(void)
{
    const struct sim_cabinet *c = &world->cabinet;
    for (uint16_t i = 0; i < c->layout.doors; i++) {
        enum hw_door_state believed = locker_contact(world->bed.l, i);
        bool open = cabinet_input_open(c, i, world->now_us);
        bool wrong = believed != HW_DOOR_UNKNOWN && (believed == HW_DOOR_OPEN) != open;
        if (!wrong)
            world->wrong_us[i] = 0;
        else if (world->wrong_us[i] == 0)
            world->wrong_us[i] = world->now_us;
        else if (world->now_us - world->wrong_us[i] > world->longest_wrong_us)
            world->longest_wrong_us = world->now_us - world->wrong_us[i];
    }
}

/* ---------------------------------------------------------------- time */

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t tick_us(void)
{
    int64_t wake_us = hid->wake_boot_ms == 0 ? NEVER : hid->wake_boot_ms * 1000;
    return sooner(hid->tick_us, wake_us);
}

static void tick(void)
{
    struct event ev = {.kind = EVENT_TICK};
    hid->tick_us = world->now_us + TICK_US;
    hid->wake_boot_ms = 0;
    send_event(&ev);
    watch_beliefs();
}

static void step_to(int64_t at_us)
{
    world->now_us = at_us > world->now_us ? at_us : world->now_us;
    cabinet_step(&world->cabinet, world->now_us);
    watch_cabinet();
    if (hid->fiber.live && (hid->fiber.due_us <= world->now_us || is_woken(&hid->fiber)))
        resume();
    watch_cabinet();
    if (hid->counter[hid->wake_fd - FD_BASE] > 0)
        (void)hid->on_wake(NULL, hid->wake_fd, 0, hid->on_wake_arg);
    if (tick_us() <= world->now_us)
        tick();
}

bool world_run(int64_t ms, world_fn until)
{
    int64_t end_us = world->now_us + ms * 1000;
    while (until == NULL || !until()) {
        if (world->now_us >= end_us)
            return until == NULL;
        int64_t next_us = sooner(sooner(cabinet_next(&world->cabinet), tick_us()), end_us);
        if (hid->fiber.live)
            next_us = is_woken(&hid->fiber) ? world->now_us : sooner(next_us, hid->fiber.due_us);
        if (hid->counter[hid->wake_fd - FD_BASE] > 0)
            next_us = world->now_us;
        hid->stalls = next_us > world->now_us ? 0 : hid->stalls + 1;
        if (hid->stalls > STALLS_MAX) {
            world_violate("time stands still");
            world->now_us = end_us;
        }
        step_to(next_us);
    }
    return true;
}

/* ---------------------------------------------------------------- people */

void world_key(enum event_key key)
{
    struct event ev = {.kind = EVENT_KEY, .u.key = key};
    send_event(&ev);
}

void world_type(const char *digits)
{
    for (; *digits != '\0'; digits++)
        world_key((enum event_key)(EVENT_KEY_0 + (*digits - '0')));
}

void world_scan(struct token t)
{
    struct event ev = {.kind = EVENT_SCAN, .u.scan = t};
    send_event(&ev);
}

void world_login(void)
{
    world_scan(bed_badge(&world->bed, 7, "246813"));
    world_type("246813");
    world_key(EVENT_KEY_OK);
}

void world_logout(void)
{
    world_key(EVENT_KEY_CLEAR);
    world_key(EVENT_KEY_CLEAR);
}

bool world_is_open(uint16_t door)
{
    return world->cabinet.door[door].lock.open;
}

bool world_any_open(uint16_t *door)
{
    for (uint16_t i = 0; i < world->cabinet.layout.doors; i++) {
        if (world_is_open(i)) {
            *door = i;
            return true;
        }
    }
    return false;
}

void world_shut(uint16_t door)
{
    cabinet_step(&world->cabinet, world->now_us);
    cabinet_close_door(&world->cabinet, door, world->now_us);
}

void world_put(uint16_t door, unsigned order)
{
    bed_put_bag(&world->bed, door, order, 1);
}

void world_take(uint16_t door)
{
    bed_take_bag(&world->bed, door);
}

enum screen_id world_screen(void)
{
    return locker_screen(world->bed.l)->id;
}

enum screen_notice world_notice(void)
{
    return locker_screen(world->bed.l)->notice;
}

/* ---------------------------------------------------------------- life */

static void add_board(struct layout *l, struct hw_cfg *c, const char *name, enum board_kind kind, uint8_t unit)
{
    struct layout_board *b = &l->board[l->boards++];
    (void)snprintf(b->name, sizeof b->name, "%s", name);
    b->kind = kind;
    b->unit = unit;
    struct hw_board_cfg *h = &c->board[c->boards++];
    (void)snprintf(h->name, sizeof h->name, "%s", name);
    (void)snprintf(h->profile, sizeof h->profile, "%s", board_kind_name(kind));
    h->unit = unit;
}

static void add_door(struct layout *l, struct hw_cfg *c, uint8_t board, uint8_t channel, uint8_t sense, uint8_t input)
{
    uint16_t i = l->doors++;
    struct layout_door *d = &l->door[i];
    (void)snprintf(d->name, sizeof d->name, "D%u", i);
    d->board = board;
    d->channel = channel;
    d->contact_board = sense;
    d->contact_input = input;
    d->open_is_one = true;
    struct hw_door_cfg *h = &c->door[c->doors++];
    (void)snprintf(h->name, sizeof h->name, "D%u", i);
    h->board = board;
    h->channel = channel;
    h->sense_board = sense;
    h->input = input;
    h->open_is_one = true;
    h->pulse_ms = 500;
}

static void describe(const struct world_cfg *cfg, struct layout *l, struct hw_cfg *c)
{
    memset(l, 0, sizeof *l);
    memset(c, 0, sizeof *c);
    c->profile_dir = "hw/profiles";
    c->buses = 1;
    l->buses = 1;
    (void)snprintf(c->bus[0].name, sizeof c->bus[0].name, "b");
    (void)snprintf(c->bus[0].device, sizeof c->bus[0].device, "127.0.0.1");
    c->bus[0].kind = cfg->kind;
    c->bus[0].port = 502;
    c->bus[0].baud = cfg->baud;
    c->bus[0].timeout_ms = 150;
    c->bus[0].worst_late_ms = 500;
    c->bus[0].poll_ms = 100;
    (void)snprintf(l->bus[0].name, sizeof l->bus[0].name, "b");
    l->bus[0].kind = cfg->kind == HW_BUS_RTU ? LAYOUT_RTU : LAYOUT_TCP;
    l->bus[0].baud = cfg->baud;
    l->bus[0].turnaround_us = 3000;
    l->bus[0].clients = 1;
    add_board(l, c, "relay", BOARD_WAVESHARE_D, 1);
    for (uint8_t i = 0; i < (cfg->doors == 0 ? 2 : cfg->doors); i++)
        add_door(l, c, 0, i, 0, i);
    if (cfg->doors != 0)
        return;
    add_board(l, c, "momentary", BOARD_R4D_FC06, 3);
    add_board(l, c, "input", BOARD_DI8_FC02, 4);
    for (uint8_t i = 0; i < 2; i++)
        add_door(l, c, 1, i, 2, i);
}

/* Doors of the relay board are small, those on two boards medium: the voucher's size chooses. */
static void describe_doors(struct cabinet *cab, const struct layout *l)
{
    cab->doors = l->doors;
    cab->boards = l->boards;
    cab->climates = 0;
    cab->rows = 1;
    cab->columns = (uint8_t)l->doors;
    for (uint16_t i = 0; i < l->doors; i++) {
        const struct layout_door *d = &l->door[i];
        cab->door[i] = (struct cabinet_door){.number = (uint16_t)(i + 1),
                                             .board = d->board,
                                             .sense_board = d->contact_board,
                                             .size = d->board == 0 ? TOKEN_SIZE_S : TOKEN_SIZE_M,
                                             .row = 1,
                                             .column = (uint8_t)(i + 1)};
        (void)snprintf(cab->door[i].name, sizeof cab->door[i].name, "D%u", i);
        memset(cab->wiring[i], i + 1, CABINET_WIRING_LEN);
    }
}

void world_open(const struct world_cfg *cfg)
{
    static struct layout layout;
    static struct hw_cfg hw_cfg;
    struct reason r = {""};
    world = calloc(1, sizeof *world);
    hid = calloc(1, sizeof *hid);
    world->cfg = *cfg;
    world->now_us = START_US;
    hid->tick_us = START_US;
    describe(cfg, &layout, &hw_cfg);
    cabinet_init(&world->cabinet, &layout, 1);
    if (cfg->kind == HW_BUS_RTU)
        rtu_init(&hid->rtu, 0, &layout.bus[0]);
    struct bed *b = &world->bed;
    b->l = calloc(1, sizeof *b->l);
    b->fx = calloc(1, sizeof *b->fx);
    b->g = calloc(1, sizeof *b->g);
    b->cabinet = bed_cabinet();
    b->cabinet.waived = !cfg->required;
    describe_doors(&b->cabinet, &layout);
    b->now = (struct clock_now){.boot = 1, .quality = CLOCK_NTP, .boot_ms = START_US / 1000, .wall_ms = BED_NOW_MS};
    locker_init(b->l, &b->cabinet, &b->now);
    invariant_ghost_init(b->g, b->l);
    struct event start = {.kind = EVENT_START};
    send_event(&start);
    if (hw_open(&world->hw, &hw_cfg, NULL, on_hw, NULL, &r) != ERR_OK) {
        (void)fprintf(stderr, "hw_open: %s\n", r.text);
        abort();
    }
}

void world_close(void)
{
    hw_free(world->hw);
    free(world->bed.l);
    free(world->bed.fx);
    free(world->bed.g);
    free(world);
    free(hid);
    world = NULL;
    hid = NULL;
}
