/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/bus_fake.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"

#define EXCEPTION_FLAG 0x80U
#define EXCEPTION_ILLEGAL_FUNCTION 1
#define EXCEPTION_ILLEGAL_ADDRESS 2
#define EXCEPTION_DEVICE_FAILURE 4
#define STUCK_ON INT64_MAX
#define STRAY_ON (INT64_MAX - 1)

struct fake_board {
    struct bus_fake_board cfg;
    bool mute, foreign;
    unsigned faults[BUS_FAKE_FAULT_N]; /* how often each is still to come */
    enum bus_fake_fault pulse_fault;   /* BUS_FAKE_FAULT_N: none */
    int64_t off_us[PROFILE_LOCKS_MAX]; /* energised until then; 0: not */
    int64_t on_us[PROFILE_LOCKS_MAX];
    bool dead_relay[PROFILE_LOCKS_MAX];
    bool input[PROFILE_INPUTS_MAX];
    uint16_t temperature[PROFILE_PROBES_MAX], humidity[PROFILE_PROBES_MAX];
};

struct fake_door {
    struct bus_fake_door cfg;
    uint16_t opens; /* place of the door that its lock opens */
    bool open, jammed;
    int64_t opened_us;
};

struct bus_fake {
    struct line line;
    pthread_mutex_t lock;
    struct fake_board board[HW_BOARDS_MAX];
    struct fake_door door[HW_DOORS_MAX];
    uint8_t boards;
    uint16_t doors;
    int64_t close_after_us;
    bool unplugged, dirty;
    struct bus_fake_tally tally;
};

/* The answer as bytes on their way. */
struct reply {
    uint8_t bytes[FRAME_ANSWER_CAP];
    size_t len;
};

static struct bus_fake *self(struct line *l)
{
    return (struct bus_fake *)l;
}

static void enter(struct bus_fake *f)
{
    (void)pthread_mutex_lock(&f->lock);
}

static void leave(struct bus_fake *f)
{
    (void)pthread_mutex_unlock(&f->lock);
}

static struct fake_board *find_board(struct bus_fake *f, uint8_t unit)
{
    for (unsigned i = 0; i < f->boards; i++)
        if (f->board[i].cfg.unit == unit)
            return &f->board[i];
    return NULL;
}

static struct fake_door *find_door(struct bus_fake *f, uint16_t door)
{
    for (unsigned i = 0; i < f->doors; i++)
        if (f->door[i].cfg.door == door)
            return &f->door[i];
    return NULL;
}

/* ---------------------------------------------------------------- what happens by itself */

static void spring_open(struct bus_fake *f, const struct fake_door *lock_of, int64_t now_us)
{
    struct fake_door *d = &f->door[lock_of->opens];
    const struct fake_board *b = find_board(f, lock_of->cfg.lock_unit);
    if (b == NULL || d->jammed || d->open)
        return;
    int64_t on_us = b->on_us[lock_of->cfg.lock], off_us = b->off_us[lock_of->cfg.lock];
    int64_t open_us = on_us + BUS_FAKE_SPRING_US;
    if (on_us == 0 || open_us > now_us || (off_us != 0 && off_us < open_us))
        return;
    d->open = true;
    d->opened_us = open_us;
}

static void settle(struct bus_fake *f, int64_t now_us)
{
    unsigned energised = 0;
    for (unsigned i = 0; i < f->doors; i++) {
        struct fake_door *d = &f->door[i];
        spring_open(f, d, now_us);
        if (d->open && f->close_after_us > 0 && now_us - d->opened_us >= f->close_after_us)
            d->open = false;
    }
    for (unsigned i = 0; i < f->boards; i++) {
        struct fake_board *b = &f->board[i];
        for (unsigned k = 0; k < b->cfg.profile->locks; k++) {
            if (b->off_us[k] != 0 && now_us >= b->off_us[k])
                b->off_us[k] = b->on_us[k] = 0;
            energised += b->off_us[k] != 0;
        }
    }
    f->tally.energised = energised;
    if (energised > f->tally.most_energised)
        f->tally.most_energised = energised;
}

/* ---------------------------------------------------------------- boards */

static void put16(struct reply *out, uint16_t v)
{
    out->bytes[out->len++] = (uint8_t)(v >> 8);
    out->bytes[out->len++] = (uint8_t)(v & 0xffU);
}

static bool input_of(struct bus_fake *f, const struct fake_board *b, unsigned input)
{
    for (unsigned i = 0; i < f->doors; i++) {
        const struct fake_door *d = &f->door[i];
        if (d->cfg.sense_unit == b->cfg.unit && d->cfg.input == input)
            return d->open == d->cfg.open_is_one;
    }
    return b->input[input];
}

static void answer_bits(struct reply *out, uint16_t count, uint64_t bits)
{
    uint8_t bytes = (uint8_t)((count + 7U) / 8U);
    out->bytes[out->len++] = bytes;
    for (unsigned i = 0; i < bytes; i++)
        out->bytes[out->len++] = (uint8_t)(bits >> (8U * i) & 0xffU);
}

static uint64_t coil_bits(const struct fake_board *b)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < b->cfg.profile->locks; i++)
        bits |= (uint64_t)(b->off_us[i] != 0 && !b->dead_relay[i]) << i;
    return bits;
}

static void answer_climate(const struct fake_board *b, struct reply *out)
{
    const struct profile *p = b->cfg.profile;
    for (unsigned i = 0; i < p->probes; i++) {
        for (unsigned k = 0; k < p->probe_stride; k++) {
            bool is_humidity = k != 0 && k == p->humidity;
            put16(out, k == 0 ? b->temperature[i] : (uint16_t)(is_humidity ? b->humidity[i] : 0));
        }
    }
}

static uint16_t identity_of(const struct fake_board *b)
{
    const struct profile *p = b->cfg.profile;
    uint16_t value = p->expect == PROFILE_EXPECT_VALUE ? p->expect_value : b->cfg.unit;
    return (uint16_t)(b->foreign ? value + 1U : value);
}

static bool answer_read(struct bus_fake *f, const struct fake_board *b, const struct frame *q, struct reply *out)
{
    const struct profile *p = b->cfg.profile;
    unsigned what = PROFILE_READ_N;
    for (unsigned i = PROFILE_READ_N; i-- > 0;) {
        struct frame known = profile_read_frame(p, (enum profile_read)i, b->cfg.unit);
        if (known.function == q->function && known.address == q->address && known.value == q->value)
            what = i;
    }
    bool is_bits = q->function <= FRAME_READ_INPUTS;
    uint64_t bits = 0;
    if (what == PROFILE_READ_N)
        return false;
    if (q->function == FRAME_READ_INPUTS) {
        for (unsigned i = 0; i < p->inputs; i++)
            bits |= (uint64_t)input_of(f, b, i) << i;
    } else {
        bits = coil_bits(b);
    }
    if (is_bits) {
        answer_bits(out, q->value, bits);
        return true;
    }
    const struct profile_bank *coils = &p->read[PROFILE_COILS], *climate = &p->read[PROFILE_CLIMATE];
    out->bytes[out->len++] = (uint8_t)(q->value * 2U);
    if (q->function == climate->function && q->address == climate->address)
        answer_climate(b, out);
    else if (q->function == coils->function && q->address == coils->address)
        for (unsigned i = 0; i < p->locks; i++)
            put16(out, (uint16_t)(bits >> i & 1U));
    else
        put16(out, identity_of(b));
    return true;
}

static bool carry_out_write(struct bus_fake *f, struct fake_board *b, const struct frame *q, int64_t now_us)
{
    const struct profile *p = b->cfg.profile;
    for (uint8_t i = 0; i < p->locks; i++) {
        struct frame off = profile_off_frame(p, b->cfg.unit, i);
        if (off.function == q->function && off.address == q->address && off.value == q->value) {
            if (b->off_us[i] != STUCK_ON)
                b->off_us[i] = b->on_us[i] = 0;
            f->tally.offs++;
            return true;
        }
    }
    for (uint8_t i = 0; i < p->locks; i++) {
        if (q->function != p->pulse.function || q->address != p->pulse.address + i)
            continue;
        int64_t length_us = (int64_t)p->pulse.max_ms * 1000;
        if (p->pulse.method == PROFILE_FLASH)
            length_us = (int64_t)q->value * p->pulse.step_ms * 1000;
        if (p->pulse.method == PROFILE_COIL)
            length_us = (int64_t)p->pulse.dead_man_ms * 1000;
        f->tally.pulses++;
        if (b->off_us[i] != STUCK_ON)
            b->off_us[i] = now_us + length_us;
        b->on_us[i] = b->dead_relay[i] ? 0 : now_us;
        return true;
    }
    return false;
}

static void answer_exception(const struct frame *q, uint8_t code, struct reply *out)
{
    out->len = 0;
    out->bytes[out->len++] = q->unit;
    out->bytes[out->len++] = (uint8_t)(q->function | EXCEPTION_FLAG);
    out->bytes[out->len++] = code;
}

static void answer(struct bus_fake *f, struct fake_board *b, const struct frame *q, int64_t now_us, struct reply *out)
{
    out->len = 0;
    out->bytes[out->len++] = q->unit;
    out->bytes[out->len++] = q->function;
    if (q->function <= FRAME_READ_REGISTERS) {
        if (!answer_read(f, b, q, out))
            answer_exception(q, EXCEPTION_ILLEGAL_ADDRESS, out);
        return;
    }
    put16(out, q->address);
    put16(out, q->value);
    if (!carry_out_write(f, b, q, now_us))
        answer_exception(q, EXCEPTION_ILLEGAL_FUNCTION, out);
}

/* ---------------------------------------------------------------- faults */

static bool take_fault(struct fake_board *b, enum bus_fake_fault fault)
{
    if (b->faults[fault] == 0)
        return false;
    b->faults[fault]--;
    return true;
}

static void arm_pulse_fault(struct fake_board *b, const struct frame *q)
{
    const struct profile *p = b->cfg.profile;
    struct frame off = profile_off_frame(p, b->cfg.unit, 0);
    bool is_write = q->function == FRAME_WRITE_COIL || q->function == FRAME_WRITE_REGISTER;
    bool is_off = q->function == off.function && q->value == off.value && q->address - p->off.address < p->locks;
    if (!is_write || is_off || b->pulse_fault == BUS_FAKE_FAULT_N)
        return;
    b->faults[b->pulse_fault]++;
    b->pulse_fault = BUS_FAKE_FAULT_N;
}

static void bend(struct bus_fake *f, struct fake_board *b, struct reply *out)
{
    if (take_fault(b, BUS_FAKE_WRONG_UNIT))
        out->bytes[0]++;
    if (take_fault(b, BUS_FAKE_WRONG_FUNCTION))
        out->bytes[1] = (uint8_t)(out->bytes[1] % 6U + 1U);
    if (take_fault(b, BUS_FAKE_WRONG_COUNT))
        out->bytes[2]++;
    if (take_fault(b, BUS_FAKE_WRONG_ECHO)) {
        out->bytes[3]++;
        out->bytes[out->len++] = 0;
    }
    if (take_fault(b, BUS_FAKE_TRUNCATED))
        out->len--;
    if (take_fault(b, BUS_FAKE_GLUED))
        f->dirty = true;
}

static void sleep_ms(uint32_t ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&ts, NULL);
}

/* false: nobody answers. */
static bool serve(struct bus_fake *f, const struct line_exchange *x, struct reply *out)
{
    struct fake_board *b = find_board(f, x->request.unit);
    int64_t now_us = clock_mono_us();
    settle(f, now_us);
    if (b == NULL || b->mute)
        return false;
    arm_pulse_fault(b, &x->request);
    if (take_fault(b, BUS_FAKE_SILENT))
        return false;
    f->tally.requests++;
    if (take_fault(b, BUS_FAKE_EXCEPTION)) {
        answer_exception(&x->request, EXCEPTION_DEVICE_FAILURE, out);
        return true;
    }
    answer(f, b, &x->request, now_us, out);
    settle(f, now_us);
    bend(f, b, out);
    return !take_fault(b, BUS_FAKE_DEAF_AFTER);
}

static enum line_end fake_line_exchange(struct line *l, struct line_exchange *x)
{
    struct bus_fake *f = self(l);
    struct reply reply = {.len = 0};
    x->verdict = FRAME_WRONG_LENGTH;
    enter(f);
    bool unplugged = f->unplugged, dirty = f->dirty;
    bool answered = !unplugged && !dirty && serve(f, x, &reply);
    leave(f);
    if (unplugged)
        return LINE_DOWN;
    if (dirty)
        return LINE_STALE;
    x->wire_us = clock_mono_us();
    if (!answered) {
        sleep_ms(x->timeout_ms);
        return LINE_TIMEOUT;
    }
    x->verdict = frame_judge(&x->request, reply.bytes, reply.len, &x->answer);
    return x->verdict == FRAME_FITS || x->verdict == FRAME_EXCEPTION ? LINE_ANSWERED : LINE_BAD;
}

/* ---------------------------------------------------------------- line */

static enum err fake_line_open(struct line *l, struct reason *r)
{
    struct bus_fake *f = self(l);
    enter(f);
    bool unplugged = f->unplugged;
    leave(f);
    return unplugged ? err_because(r, ERR_IO, "fake line: unplugged") : ERR_OK;
}

static void fake_line_drain(struct line *l)
{
    struct bus_fake *f = self(l);
    enter(f);
    f->dirty = false;
    leave(f);
}

static bool fake_line_tick(struct line *l, int64_t now_us)
{
    (void)l;
    (void)now_us;
    return false;
}

static int64_t fake_line_due(const struct line *l)
{
    (void)l;
    return INT64_MAX;
}

static int fake_line_fd(const struct line *l)
{
    (void)l;
    return -1;
}

static void fake_line_close(struct line *l)
{
    fake_line_drain(l);
}

static void fake_line_free(struct line *l)
{
    (void)pthread_mutex_destroy(&self(l)->lock);
    free(l);
}

static const struct line_ops fake_ops = {
    .open = fake_line_open,
    .exchange = fake_line_exchange,
    .drain = fake_line_drain,
    .tick = fake_line_tick,
    .due_us = fake_line_due,
    .fd = fake_line_fd,
    .close = fake_line_close,
    .free = fake_line_free,
};

enum err bus_fake_new(struct line **out, const struct bus_fake_cfg *cfg, struct reason *r)
{
    struct bus_fake *f = calloc(1, sizeof *f);
    if (f == NULL)
        return err_because(r, ERR_MEMORY, "fake line: out of memory");
    f->line.ops = &fake_ops;
    (void)pthread_mutex_init(&f->lock, NULL);
    f->boards = cfg->boards;
    f->doors = cfg->doors;
    for (unsigned i = 0; i < cfg->boards; i++) {
        f->board[i].cfg = cfg->board[i];
        f->board[i].pulse_fault = BUS_FAKE_FAULT_N;
        for (unsigned k = 0; k < PROFILE_PROBES_MAX; k++)
            f->board[i].temperature[k] = 50;
    }
    for (uint16_t i = 0; i < cfg->doors; i++) {
        f->door[i].cfg = cfg->door[i];
        f->door[i].opens = i;
    }
    *out = &f->line;
    return ERR_OK;
}

/* ---------------------------------------------------------------- knobs */

static void set_open(struct bus_fake *f, uint16_t door, bool open)
{
    enter(f);
    int64_t now_us = clock_mono_us();
    settle(f, now_us);
    struct fake_door *d = find_door(f, door);
    if (d != NULL) {
        d->open = open;
        d->opened_us = now_us;
    }
    leave(f);
}

void bus_fake_open(struct bus_fake *f, uint16_t door)
{
    set_open(f, door, true);
}

void bus_fake_close(struct bus_fake *f, uint16_t door)
{
    set_open(f, door, false);
}

void bus_fake_close_after(struct bus_fake *f, uint32_t ms)
{
    enter(f);
    f->close_after_us = (int64_t)ms * 1000;
    leave(f);
}

void bus_fake_jam(struct bus_fake *f, uint16_t door, bool on)
{
    enter(f);
    struct fake_door *d = find_door(f, door);
    if (d != NULL)
        d->jammed = on;
    leave(f);
}

void bus_fake_rewire(struct bus_fake *f, uint16_t door, uint16_t other)
{
    enter(f);
    struct fake_door *d = find_door(f, door), *o = find_door(f, other);
    if (d != NULL && o != NULL)
        d->opens = (uint16_t)(o - f->door);
    leave(f);
}

void bus_fake_energise(struct bus_fake *f, uint16_t door, bool stuck)
{
    enter(f);
    const struct fake_door *d = find_door(f, door);
    struct fake_board *b = d == NULL ? NULL : find_board(f, d->cfg.lock_unit);
    if (d != NULL && b != NULL)
        b->off_us[d->cfg.lock] = stuck ? STUCK_ON : STRAY_ON;
    leave(f);
}

void bus_fake_dead_relay(struct bus_fake *f, uint16_t door, bool on)
{
    enter(f);
    const struct fake_door *d = find_door(f, door);
    struct fake_board *b = d == NULL ? NULL : find_board(f, d->cfg.lock_unit);
    if (d != NULL && b != NULL)
        b->dead_relay[d->cfg.lock] = on;
    leave(f);
}

void bus_fake_mute(struct bus_fake *f, uint8_t unit, bool on)
{
    enter(f);
    struct fake_board *b = find_board(f, unit);
    if (b != NULL)
        b->mute = on;
    leave(f);
}

void bus_fake_foreign(struct bus_fake *f, uint8_t unit, bool on)
{
    enter(f);
    struct fake_board *b = find_board(f, unit);
    if (b != NULL)
        b->foreign = on;
    leave(f);
}

void bus_fake_fault(struct bus_fake *f, uint8_t unit, enum bus_fake_fault fault, unsigned times)
{
    enter(f);
    struct fake_board *b = find_board(f, unit);
    if (b != NULL)
        b->faults[fault] = times;
    leave(f);
}

void bus_fake_fault_pulse(struct bus_fake *f, uint8_t unit, enum bus_fake_fault fault)
{
    enter(f);
    struct fake_board *b = find_board(f, unit);
    if (b != NULL)
        b->pulse_fault = fault;
    leave(f);
}

void bus_fake_unplug(struct bus_fake *f, bool on)
{
    enter(f);
    f->unplugged = on;
    leave(f);
}

void bus_fake_input(struct bus_fake *f, uint8_t unit, uint8_t input, bool one)
{
    enter(f);
    struct fake_board *b = find_board(f, unit);
    if (b != NULL && input < PROFILE_INPUTS_MAX)
        b->input[input] = one;
    leave(f);
}

void bus_fake_climate(struct bus_fake *f, uint8_t unit, uint8_t probe, uint16_t temperature, uint16_t humidity)
{
    enter(f);
    struct fake_board *b = find_board(f, unit);
    if (b != NULL && probe < PROFILE_PROBES_MAX) {
        b->temperature[probe] = temperature;
        b->humidity[probe] = humidity;
    }
    leave(f);
}

void bus_fake_tally(struct bus_fake *f, struct bus_fake_tally *out)
{
    enter(f);
    settle(f, clock_mono_us());
    *out = f->tally;
    leave(f);
}
