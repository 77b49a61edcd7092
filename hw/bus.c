/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/bus.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "hw/debounce.h"
#include "hw/firewall.h"
#include "hw/pulse.h"
#include "hw/schedule.h"

#define NAP_US 250000 /* longest sleep: the thread must be seen alive */
#define REOPEN_MIN_US 250000
#define REOPEN_MAX_US 5000000
#define SETTLE_US 2000000 /* a bouncing contact does not hold up the start longer than this */
#define PENDING_WATCH_US 400000
#define STRAY_TRIES 3
#define TIMER_SLACK_NS 1000
#define EXCEPTION_ILLEGAL_MAX 3 /* function, address, value: not a board of this profile */

static const struct debounce_rule contact_rule = {DEBOUNCE_OPEN_US, DEBOUNCE_CLOSE_US};
static const struct debounce_rule signal_rule = {DEBOUNCE_OPEN_US, DEBOUNCE_OPEN_US};

struct bus_board {
    struct bus_board_cfg cfg;
    enum hw_board_state told;
    struct debounce contact[PROFILE_INPUTS_MAX];
    struct climate climate[PROFILE_PROBES_MAX];
    uint8_t stray[PROFILE_LOCKS_MAX]; /* times a coil was on although nobody pulsed it */
};

/* Written by the loop's thread, taken by the worker. */
struct mailbox {
    pthread_mutex_t lock;
    bool has_pulse;
    struct bus_pulse pulse;
    bool watches;
    int64_t watch_us[HW_BOARDS_MAX];
};

struct counters {
    _Atomic uint64_t sent, answered, timeouts, bad, stale, resyncs, refused;
};

struct bus {
    uint8_t index;
    char name[HW_NAME_CAP];
    struct bus_board board[HW_BOARDS_MAX];
    uint8_t boards;
    bus_post_fn post;
    void *arg;

    struct line *line;
    bool is_open;
    int64_t reopen_us, rest_us;
    struct firewall firewall;
    struct schedule schedule;
    bool settled;
    int64_t settle_us;

    struct bus_pulse order;
    struct pulse pulse;
    int64_t wire_us;

    pthread_t thread;
    int wake;
    struct mailbox mail;
    _Atomic bool pulse_taken; /* a pulse was submitted and its note is not posted yet */
    _Atomic bool stopping;
    _Atomic int64_t alive_ms;
    struct counters count;
};

/* ---------------------------------------------------------------- notes */

static void post(struct bus *b, struct bus_note *note)
{
    note->bus = b->index;
    note->boot_ms = clock_boot_ms();
    b->post(b->arg, note);
}

static void post_input(struct bus *b, uint8_t board, uint8_t input, enum debounce_level level)
{
    struct bus_note note = {.kind = BUS_NOTE_INPUT, .board = board};
    note.u.input.input = input;
    note.u.input.known = level != DEBOUNCE_UNKNOWN;
    note.u.input.on = level == DEBOUNCE_ON;
    post(b, &note);
}

static void post_climate(struct bus *b, uint8_t board, uint8_t probe)
{
    static const enum hw_climate_state states[] = {
        [CLIMATE_NEVER] = HW_CLIMATE_MISSING,
        [CLIMATE_FINE] = HW_CLIMATE_OK,
        [CLIMATE_GONE] = HW_CLIMATE_MISSING,
        [CLIMATE_STUCK] = HW_CLIMATE_STUCK,
    };
    const struct climate *c = &b->board[board].climate[probe];
    struct bus_note note = {.kind = BUS_NOTE_CLIMATE, .board = board};
    note.u.climate.probe = probe;
    note.u.climate.state = states[c->state];
    note.u.climate.milli_c = c->milli_c;
    note.u.climate.permille = c->permille;
    post(b, &note);
}

static bool has_bit(uint64_t mask, unsigned i)
{
    return (mask >> i & 1U) != 0;
}

static void forget_readings(struct bus *b, uint8_t board)
{
    struct bus_board *bb = &b->board[board];
    uint64_t used = bb->cfg.contacts | bb->cfg.signals;
    for (uint8_t i = 0; i < PROFILE_INPUTS_MAX; i++) {
        bool was_known = bb->contact[i].level != DEBOUNCE_UNKNOWN;
        debounce_lose(&bb->contact[i]);
        if (has_bit(used, i) && was_known)
            post_input(b, board, i, DEBOUNCE_UNKNOWN);
    }
    for (uint8_t i = 0; i < PROFILE_PROBES_MAX; i++)
        if (has_bit(bb->cfg.probes, i) && climate_lose(&bb->climate[i], clock_mono_us()))
            post_climate(b, board, i);
}

/* Contacts become unknown before the board is told lost, and a board is told OK before its contacts are told. */
static void tell_board(struct bus *b, uint8_t board)
{
    static const enum hw_board_state states[] = {
        [SCHEDULE_STARTING] = HW_BOARD_UNKNOWN,
        [SCHEDULE_RUNNING] = HW_BOARD_OK,
        [SCHEDULE_LOST] = HW_BOARD_LOST,
        [SCHEDULE_FOREIGN] = HW_BOARD_FOREIGN,
    };
    struct bus_board *bb = &b->board[board];
    enum hw_board_state state = states[schedule_state(&b->schedule, board)];
    if (state == HW_BOARD_UNKNOWN || state == bb->told)
        return;
    bb->told = state;
    memset(bb->stray, 0, sizeof bb->stray);
    if (state != HW_BOARD_OK)
        forget_readings(b, board);
    struct bus_note note = {.kind = BUS_NOTE_BOARD, .board = board, .u.state = state};
    post(b, &note);
}

static bool readings_settled(const struct bus *b)
{
    for (unsigned i = 0; i < b->boards; i++) {
        const struct bus_board *bb = &b->board[i];
        uint64_t used = bb->cfg.contacts | bb->cfg.signals;
        for (unsigned k = 0; bb->told == HW_BOARD_OK && k < PROFILE_INPUTS_MAX; k++)
            if (has_bit(used, k) && bb->contact[k].level == DEBOUNCE_UNKNOWN)
                return false;
    }
    return true;
}

static void tell_settled(struct bus *b, int64_t now_us)
{
    if (b->settled || !schedule_is_settled(&b->schedule))
        return;
    if (b->settle_us == 0)
        b->settle_us = now_us + SETTLE_US;
    if (!readings_settled(b) && now_us < b->settle_us)
        return;
    b->settled = true;
    struct bus_note note = {.kind = BUS_NOTE_SETTLED};
    post(b, &note);
}

/* ---------------------------------------------------------------- line */

static void lose_line(struct bus *b, int64_t now_us)
{
    if (b->is_open)
        b->line->ops->close(b->line);
    b->is_open = false;
    b->reopen_us = now_us + b->rest_us;
    b->rest_us = b->rest_us * 2 > REOPEN_MAX_US ? REOPEN_MAX_US : b->rest_us * 2;
    schedule_down(&b->schedule);
    for (uint8_t i = 0; i < b->boards; i++)
        tell_board(b, i);
}

static void open_line(struct bus *b)
{
    struct reason r = {{0}};
    if (b->line->ops->open(b->line, &r) != ERR_OK) {
        if (b->rest_us == REOPEN_MIN_US)
            log_warning("bus", "%s: %s", b->name, r.text);
        lose_line(b, clock_mono_us());
        return;
    }
    b->is_open = true;
    schedule_up(&b->schedule, clock_mono_us());
}

/* After silence: a connection is made anew, a line was quiet long enough and is emptied. */
static bool drain_line(struct bus *b)
{
    struct reason r = {{0}};
    atomic_fetch_add(&b->count.resyncs, 1);
    if (!b->line->reopens) {
        b->line->ops->drain(b->line);
        return true;
    }
    b->line->ops->close(b->line);
    if (b->line->ops->open(b->line, &r) == ERR_OK)
        return true;
    log_warning("bus", "%s: %s", b->name, r.text);
    b->is_open = false;
    lose_line(b, clock_mono_us());
    return false;
}

/* What became of a request, for schedule and for the pulse. */
struct result {
    enum schedule_outcome outcome;
    bool denied; /* by the firewall: nothing was sent */
    bool down;   /* the line is gone: the schedule was told */
    int64_t start_us, end_us;
};

static enum schedule_outcome outcome_of(struct bus *b, enum line_end end, const struct line_exchange *x)
{
    switch (end) {
    case LINE_ANSWERED:
        atomic_fetch_add(&b->count.answered, 1);
        return x->verdict == FRAME_EXCEPTION ? SCHEDULE_EXCEPTION : SCHEDULE_ANSWERED;
    case LINE_TIMEOUT:
        atomic_fetch_add(&b->count.timeouts, 1);
        return SCHEDULE_SILENT;
    case LINE_BAD:
        atomic_fetch_add(&b->count.bad, 1);
        log_info("bus", "%s: unit %u function %u: %s", b->name, x->request.unit, x->request.function,
                 frame_verdict_name(x->verdict));
        return SCHEDULE_SILENT;
    case LINE_STALE:
        atomic_fetch_add(&b->count.stale, 1);
        return SCHEDULE_UNSENT;
    case LINE_DOWN:
        break;
    }
    return SCHEDULE_SILENT;
}

/* The only place where a request leaves: encoded, judged by the firewall, and these very bytes handed to the line. */
static struct result transact(struct bus *b, const struct bus_board *bb, struct line_exchange *x)
{
    struct result res = {.start_us = clock_mono_us()};
    x->timeout_ms = bb->cfg.timeout_ms;
    enum firewall_verdict v = FIREWALL_FORBIDDEN;
    if (frame_encode(&x->request, x->bytes) == ERR_OK)
        v = firewall_check(&b->firewall, x->bytes, sizeof x->bytes, res.start_us);
    if (v != FIREWALL_PASS) {
        atomic_fetch_add(&b->count.refused, 1);
        log_error("bus", "%s: unit %u function %u address 0x%04x value 0x%04x refused: %s", b->name, x->request.unit,
                  x->request.function, x->request.address, x->request.value, firewall_verdict_name(v));
        res.outcome = SCHEDULE_EXCEPTION;
        res.denied = true;
        res.end_us = res.start_us;
        return res;
    }
    enum line_end end = b->line->ops->exchange(b->line, x);
    res.end_us = clock_mono_us();
    if (end == LINE_STALE)
        firewall_unsent(&b->firewall);
    else
        atomic_fetch_add(&b->count.sent, 1);
    res.outcome = outcome_of(b, end, x);
    res.down = end == LINE_DOWN;
    if (res.down)
        lose_line(b, res.end_us);
    else
        b->rest_us = REOPEN_MIN_US;
    return res;
}

static void conclude(struct bus *b, const struct schedule_step *step, const struct result *res)
{
    if (!res->down)
        schedule_result(&b->schedule, step, res->outcome, res->start_us, res->end_us);
    tell_board(b, step->board);
}

/* ---------------------------------------------------------------- reads */

static void take_inputs(struct bus *b, uint8_t board, const struct frame_answer *a, int64_t now_us)
{
    struct bus_board *bb = &b->board[board];
    bool pending = false;
    for (uint8_t i = 0; i < bb->cfg.profile->inputs; i++) {
        bool is_contact = has_bit(bb->cfg.contacts, i);
        if (!is_contact && !has_bit(bb->cfg.signals, i))
            continue;
        bool on = frame_bit(a, i) == (!is_contact || has_bit(bb->cfg.open_is_one, i));
        if (debounce_read(&bb->contact[i], is_contact ? &contact_rule : &signal_rule, on, now_us))
            post_input(b, board, i, bb->contact[i].level);
        pending = pending || debounce_is_pending(&bb->contact[i]);
    }
    if (pending)
        schedule_watch(&b->schedule, board, now_us + PENDING_WATCH_US);
}

static void take_climate(struct bus *b, uint8_t board, const struct frame_answer *a, int64_t now_us)
{
    struct bus_board *bb = &b->board[board];
    const struct profile *p = bb->cfg.profile;
    for (uint8_t i = 0; i < p->probes; i++)
        if (has_bit(bb->cfg.probes, i) &&
            climate_read(&bb->climate[i], &p->climate, profile_temperature(p, a, i), profile_humidity(p, a, i), now_us))
            post_climate(b, board, i);
}

/* A coil that is on without a pulse: off, and if it does not obey, people must know. */
static void take_coils(struct bus *b, uint8_t board, const struct frame_answer *a, int64_t now_us)
{
    struct bus_board *bb = &b->board[board];
    uint32_t strays = 0;
    for (uint8_t i = 0; i < bb->cfg.profile->locks; i++) {
        bool pulsed = b->pulse.active && b->order.board == board && b->order.lock == i;
        if (!profile_coil(bb->cfg.profile, a, i) || pulsed) {
            bb->stray[i] = 0;
            continue;
        }
        strays |= 1U << i; /* also after people were told: it may obey again */
        if (bb->stray[i] < STRAY_TRIES)
            log_warning("bus", "%s: unit %u: lock %u is energised without a pulse, switching it off", b->name,
                        bb->cfg.unit, i);
        bb->stray[i] = (uint8_t)(bb->stray[i] < STRAY_TRIES + 1 ? bb->stray[i] + 1 : bb->stray[i]);
        if (bb->stray[i] == STRAY_TRIES) {
            struct bus_note note = {.kind = BUS_NOTE_STUCK, .board = board, .u.lock = i};
            post(b, &note);
        }
    }
    if (strays != 0)
        schedule_off(&b->schedule, board, strays, now_us);
}

static void refine_identity(const struct bus_board *bb, const struct frame_answer *a, struct result *res)
{
    bool stranger = res->outcome == SCHEDULE_ANSWERED && !profile_is_identity(bb->cfg.profile, bb->cfg.unit, a);
    bool illegal = res->outcome == SCHEDULE_EXCEPTION && !res->denied && a->exception <= EXCEPTION_ILLEGAL_MAX;
    if (stranger || illegal)
        res->outcome = SCHEDULE_STRANGER;
}

static void do_step(struct bus *b, const struct schedule_step *step)
{
    struct bus_board *bb = &b->board[step->board];
    struct line_exchange x = {.verdict = FRAME_WRONG_LENGTH};
    x.request = step->kind == SCHEDULE_OFF ? profile_off_frame(bb->cfg.profile, bb->cfg.unit, step->lock)
                                           : profile_read_frame(bb->cfg.profile, step->read, bb->cfg.unit);
    struct result res = transact(b, bb, &x);
    if (step->kind == SCHEDULE_READ && step->read == PROFILE_IDENTITY)
        refine_identity(bb, &x.answer, &res);
    conclude(b, step, &res);
    if (res.outcome != SCHEDULE_ANSWERED || step->kind != SCHEDULE_READ)
        return;
    static void (*const take[PROFILE_READ_N])(struct bus *, uint8_t, const struct frame_answer *, int64_t) = {
        [PROFILE_COILS] = take_coils,
        [PROFILE_INPUTS] = take_inputs,
        [PROFILE_CLIMATE] = take_climate,
    };
    if (take[step->read] != NULL)
        take[step->read](b, step->board, &x.answer, res.end_us);
}

/* ---------------------------------------------------------------- pulse */

static void end_pulse(struct bus *b, enum hw_status status)
{
    b->pulse.active = false;
    firewall_revoke(&b->firewall);
    struct bus_note note = {.kind = BUS_NOTE_PULSE, .board = b->order.board};
    note.u.pulse.id = b->order.id;
    note.u.pulse.status = status;
    note.u.pulse.wire_us = b->wire_us;
    atomic_store(&b->pulse_taken, false);
    post(b, &note);
}

static void send_pulse(struct bus *b)
{
    const struct bus_board *bb = &b->board[b->order.board];
    struct line_exchange x = {.verdict = FRAME_WRONG_LENGTH};
    /* It may have waited for a quiet line, and the board may have turned out to be another one meanwhile. */
    if (schedule_state(&b->schedule, b->order.board) != SCHEDULE_RUNNING) {
        pulse_was_sent(&b->pulse, PULSE_DENIED, 0);
        return;
    }
    x.request = profile_pulse_frame(bb->cfg.profile, bb->cfg.unit, b->order.lock, b->order.pulse_ms);
    struct schedule_step step = {.kind = SCHEDULE_PULSE, .board = b->order.board};
    struct result res = transact(b, bb, &x);
    if (res.denied) {
        pulse_was_sent(&b->pulse, PULSE_DENIED, 0);
        return;
    }
    conclude(b, &step, &res);
    if (res.outcome == SCHEDULE_UNSENT)
        return;
    b->wire_us = x.wire_us;
    pulse_was_sent(&b->pulse, res.outcome == SCHEDULE_ANSWERED ? PULSE_ECHOED : PULSE_UNSURE,
                   x.wire_us != 0 ? x.wire_us : res.end_us);
}

static void read_pulse(struct bus *b)
{
    const struct bus_board *bb = &b->board[b->order.board];
    struct schedule_step step = {.kind = SCHEDULE_READ, .board = b->order.board, .read = PROFILE_COILS};
    struct line_exchange x = {.verdict = FRAME_WRONG_LENGTH};
    x.request = profile_read_frame(bb->cfg.profile, PROFILE_COILS, bb->cfg.unit);
    struct result res = transact(b, bb, &x);
    bool answered = res.outcome == SCHEDULE_ANSWERED;
    bool on = answered && profile_coil(bb->cfg.profile, &x.answer, b->order.lock);
    conclude(b, &step, &res);
    if (answered)
        take_coils(b, b->order.board, &x.answer, res.end_us);
    pulse_was_read(&b->pulse, answered, on, res.start_us, res.end_us);
}

static void switch_off_pulse(struct bus *b)
{
    const struct bus_board *bb = &b->board[b->order.board];
    struct schedule_step step = {.kind = SCHEDULE_OFF, .board = b->order.board, .lock = b->order.lock};
    struct line_exchange x = {.verdict = FRAME_WRONG_LENGTH};
    x.request = profile_off_frame(bb->cfg.profile, bb->cfg.unit, b->order.lock);
    struct result res = transact(b, bb, &x);
    conclude(b, &step, &res);
    pulse_was_switched_off(&b->pulse, res.outcome == SCHEDULE_ANSWERED, res.end_us);
}

static void over_pulse(struct bus *b)
{
    static const enum hw_status statuses[] = {
        [PULSE_DONE] = HW_DONE, [PULSE_FAILED] = HW_FAILED, [PULSE_REFUSED] = HW_REFUSED};
    if (b->pulse.stuck) {
        struct bus_note note = {.kind = BUS_NOTE_STUCK, .board = b->order.board, .u.lock = b->order.lock};
        post(b, &note);
    }
    end_pulse(b, statuses[b->pulse.end]);
}

/* One thing for the running pulse; false when there is none to do now, and *until_us says when. */
static bool turn_pulse(struct bus *b, int64_t now_us, int64_t *until_us)
{
    switch (pulse_next(&b->pulse, now_us, until_us)) {
    case PULSE_SEND:
        send_pulse(b);
        break;
    case PULSE_READ:
        read_pulse(b);
        break;
    case PULSE_OFF:
        switch_off_pulse(b);
        break;
    case PULSE_OVER:
        break;
    case PULSE_WAIT:
        return false;
    }
    if (!b->pulse.active)
        over_pulse(b);
    return true;
}

/* Without a line what the lock did stays unknown. The board, or its dead-man timer, ends the pulse; until then no other
 * may begin. */
static void abandon_pulse(struct bus *b, int64_t now_us)
{
    if (!b->pulse.active)
        return;
    if (!b->pulse.sent)
        end_pulse(b, HW_REFUSED);
    else if (now_us >= b->pulse.sent_us + PROFILE_PULSE_MAX_MS * 1000)
        end_pulse(b, HW_FAILED);
}

static void begin_pulse(struct bus *b, const struct bus_pulse *order)
{
    const struct bus_board *bb = &b->board[order->board];
    const struct profile *p = bb->cfg.profile;
    b->order = *order;
    b->wire_us = 0;
    bool ready = b->is_open && schedule_state(&b->schedule, order->board) == SCHEDULE_RUNNING;
    if (!ready ||
        firewall_grant(&b->firewall, bb->cfg.unit, order->lock, order->intent, order->submitted_us) != ERR_OK) {
        if (ready)
            atomic_fetch_add(&b->count.refused, 1);
        end_pulse(b, HW_REFUSED);
        return;
    }
    pulse_begin(&b->pulse, p->pulse.method != PROFILE_COIL, (int64_t)profile_pulse_ms(p, order->pulse_ms) * 1000);
}

/* ---------------------------------------------------------------- thread */

static void take_mail(struct bus *b)
{
    struct bus_pulse pulse = {0};
    (void)pthread_mutex_lock(&b->mail.lock);
    bool has_pulse = b->mail.has_pulse;
    if (has_pulse)
        pulse = b->mail.pulse;
    b->mail.has_pulse = false;
    if (b->mail.watches) {
        for (uint8_t i = 0; i < b->boards; i++)
            schedule_watch(&b->schedule, i, b->mail.watch_us[i]);
        b->mail.watches = false;
    }
    (void)pthread_mutex_unlock(&b->mail.lock);
    if (has_pulse)
        begin_pulse(b, &pulse);
}

static void nap(struct bus *b, int64_t until_us)
{
    int64_t now_us = clock_mono_us();
    int64_t due_us = b->line->ops->due_us(b->line);
    int64_t wait_us = (due_us < until_us ? due_us : until_us) - now_us;
    if (wait_us <= 0)
        return;
    if (wait_us > NAP_US)
        wait_us = NAP_US;
    struct timespec ts = {.tv_sec = 0, .tv_nsec = (long)wait_us * 1000};
    struct pollfd fds[2] = {{.fd = b->wake, .events = POLLIN}, {.fd = b->line->ops->fd(b->line), .events = POLLIN}};
    uint64_t n;
    if (ppoll(fds, 2, &ts, NULL) > 0 && (fds[0].revents & POLLIN) != 0)
        (void)!read(b->wake, &n, sizeof n);
}

static void tick_line(struct bus *b, int64_t now_us)
{
    if (b->line->ops->tick(b->line, now_us))
        for (uint8_t i = 0; i < b->boards; i++)
            schedule_hint(&b->schedule, i, now_us);
}

static void turn(struct bus *b)
{
    struct schedule_step step = {0};
    int64_t now_us = clock_mono_us(), pulse_us = INT64_MAX;
    if (!b->is_open) {
        tell_settled(b, now_us);
        abandon_pulse(b, now_us);
        if (now_us >= b->reopen_us)
            open_line(b);
        else
            nap(b, b->reopen_us);
        return;
    }
    tick_line(b, now_us);
    tell_settled(b, now_us);
    if (b->pulse.active && !schedule_is_quiet(&b->schedule, now_us) && turn_pulse(b, now_us, &pulse_us))
        return;
    int64_t until_us = schedule_next(&b->schedule, now_us, &step);
    if (until_us != 0)
        nap(b, until_us < pulse_us ? until_us : pulse_us);
    else if (!step.drain || drain_line(b))
        do_step(b, &step);
}

/* At the end everything is left locked: whatever reads as energised is switched off. */
static void wind_down_board(struct bus *b, const struct bus_board *bb)
{
    const struct profile *p = bb->cfg.profile;
    struct line_exchange x = {.verdict = FRAME_WRONG_LENGTH};
    x.request = profile_read_frame(p, PROFILE_COILS, bb->cfg.unit);
    struct result res = transact(b, bb, &x);
    struct frame_answer coils = x.answer;
    for (uint8_t i = 0; res.outcome == SCHEDULE_ANSWERED && b->is_open && i < p->locks; i++) {
        if (!profile_coil(p, &coils, i))
            continue;
        x.request = profile_off_frame(p, bb->cfg.unit, i);
        (void)transact(b, bb, &x);
    }
}

static void wind_down(struct bus *b)
{
    take_mail(b);
    if (b->is_open) {
        b->line->ops->drain(b->line);
        if (b->pulse.active && b->pulse.sent) {
            struct line_exchange x = {.verdict = FRAME_WRONG_LENGTH};
            const struct bus_board *bb = &b->board[b->order.board];
            x.request = profile_off_frame(bb->cfg.profile, bb->cfg.unit, b->order.lock);
            (void)transact(b, bb, &x);
        }
    }
    if (b->pulse.active)
        end_pulse(b, b->pulse.sent ? HW_FAILED : HW_FLUSHED);
    for (uint8_t i = 0; b->is_open && i < b->boards; i++)
        if (schedule_state(&b->schedule, i) == SCHEDULE_RUNNING && profile_has(b->board[i].cfg.profile, PROFILE_COILS))
            wind_down_board(b, &b->board[i]);
    if (b->is_open)
        b->line->ops->close(b->line);
    b->is_open = false;
}

static void *run(void *arg)
{
    struct bus *b = arg;
    (void)prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
    while (!atomic_load(&b->stopping)) {
        atomic_store(&b->alive_ms, clock_mono_us() / 1000);
        take_mail(b);
        turn(b);
    }
    wind_down(b);
    return NULL;
}

/* ---------------------------------------------------------------- the loop's side */

static enum err prepare(struct bus *b, const struct bus_cfg *cfg, struct reason *r)
{
    struct schedule_board_cfg plan[HW_BOARDS_MAX] = {0};
    firewall_init(&b->firewall);
    for (unsigned i = 0; i < cfg->boards; i++) {
        const struct bus_board_cfg *bc = &cfg->board[i];
        struct firewall_shape shapes[FIREWALL_SHAPES_MAX];
        enum err e = firewall_add_unit(&b->firewall, bc->unit, shapes, profile_shapes(bc->profile, shapes));
        if (e != ERR_OK)
            return err_because(r, e, "bus %s: unit %u: %s", cfg->name, bc->unit,
                               e == ERR_DUPLICATE ? "used by two boards" : "refused by the firewall");
        b->board[i].cfg = *bc;
        plan[i].locks = bc->profile->locks;
        plan[i].poll_us = (int64_t)cfg->poll_ms * 1000;
        plan[i].late_us = b->line->reopens ? 0 : (int64_t)bc->late_ms * 1000;
        for (unsigned k = 0; k < PROFILE_READ_N; k++)
            plan[i].has[k] = profile_has(bc->profile, (enum profile_read)k);
    }
    schedule_init(&b->schedule, plan, cfg->boards, clock_mono_us());
    return ERR_OK;
}

/* Signals belong to the loop's thread. */
static int start_thread(struct bus *b)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&b->thread, NULL, run, b);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

enum err bus_open(struct bus **out, const struct bus_cfg *cfg, struct line *line, struct reason *r)
{
    enum err e = ERR_MEMORY;
    struct bus *b = calloc(1, sizeof *b);
    if (b == NULL) {
        line->ops->free(line);
        return err_because(r, e, "bus %s: out of memory", cfg->name);
    }
    b->index = cfg->index;
    memcpy(b->name, cfg->name, sizeof b->name);
    b->boards = cfg->boards;
    b->post = cfg->post;
    b->arg = cfg->arg;
    b->line = line;
    b->rest_us = REOPEN_MIN_US;
    atomic_store(&b->alive_ms, clock_mono_us() / 1000);
    e = prepare(b, cfg, r);
    if (e != ERR_OK)
        goto fail_line;
    b->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (b->wake < 0) {
        e = err_because(r, ERR_IO, "bus %s: eventfd: %s", cfg->name, strerror(errno));
        goto fail_line;
    }
    (void)pthread_mutex_init(&b->mail.lock, NULL);
    int failed = start_thread(b);
    if (failed != 0) {
        e = err_because(r, ERR_IO, "bus %s: thread: %s", cfg->name, strerror(failed));
        goto fail_lock;
    }
    *out = b;
    return ERR_OK;

fail_lock:
    (void)pthread_mutex_destroy(&b->mail.lock);
    (void)close(b->wake);
fail_line:
    line->ops->free(line);
    free(b);
    return e;
}

static void wake(struct bus *b)
{
    static const uint64_t one = 1;
    (void)!write(b->wake, &one, sizeof one);
}

enum err bus_submit_pulse(struct bus *b, const struct bus_pulse *p)
{
    if (atomic_exchange(&b->pulse_taken, true))
        return ERR_BUSY;
    (void)pthread_mutex_lock(&b->mail.lock);
    b->mail.pulse = *p;
    b->mail.has_pulse = true;
    (void)pthread_mutex_unlock(&b->mail.lock);
    wake(b);
    return ERR_OK;
}

void bus_watch(struct bus *b, uint8_t board, int64_t until_us)
{
    (void)pthread_mutex_lock(&b->mail.lock);
    b->mail.watch_us[board] = until_us;
    b->mail.watches = true;
    (void)pthread_mutex_unlock(&b->mail.lock);
    wake(b);
}

void bus_counts(struct bus *b, struct hw_bus_count *out)
{
    out->sent = atomic_load(&b->count.sent);
    out->answered = atomic_load(&b->count.answered);
    out->timeouts = atomic_load(&b->count.timeouts);
    out->bad = atomic_load(&b->count.bad);
    out->stale = atomic_load(&b->count.stale);
    out->resyncs = atomic_load(&b->count.resyncs);
    out->refused = atomic_load(&b->count.refused);
}

int64_t bus_alive_ms(struct bus *b)
{
    return atomic_load(&b->alive_ms);
}

struct line *bus_line(struct bus *b)
{
    return b->line;
}

void bus_stop(struct bus *b)
{
    atomic_store(&b->stopping, true);
    wake(b);
}

void bus_free(struct bus *b)
{
    if (b == NULL)
        return;
    bus_stop(b);
    (void)pthread_join(b->thread, NULL);
    (void)pthread_mutex_destroy(&b->mail.lock);
    (void)close(b->wake);
    b->line->ops->free(b->line);
    free(b);
}
