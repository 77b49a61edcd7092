/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/hw.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "hw/bus.h"
#include "hw/bus_fake.h"
#include "hw/bus_gpio.h"
#include "hw/bus_modbus.h"
#include "hw/profile.h"

#define RING_CAP 1024
#define NO_DOOR UINT16_MAX
#define UNIT_MAX 247
#define TIMEOUT_MS 100
#define LATE_MS 1000
#define WIRING_WINDOW_US 2000000 /* after a pulse no other door may move this long */
#define PULSE_WATCH_US 4000000

struct ring {
    pthread_mutex_t lock;
    pthread_cond_t room;
    struct bus_note note[RING_CAP];
    unsigned first, count;
    bool stopping; /* nobody takes notes any more */
    bool has_last; /* the end of the pulse that came while stopping */
    struct bus_note last;
};

struct hw {
    struct hw_cfg cfg;
    sd_event_source *source;
    hw_event_fn fn;
    void *arg;
    int wake;
    struct ring ring;

    struct profile *profile; /* of each board */
    struct bus *bus[HW_BUSES_MAX];
    uint8_t place[HW_BOARDS_MAX];                        /* of a board within its bus */
    uint8_t board_at[HW_BUSES_MAX][HW_BOARDS_MAX];       /* the other way round */
    uint16_t door_at[HW_BOARDS_MAX][PROFILE_INPUTS_MAX]; /* whose contact an input is, or NO_DOOR */

    enum hw_board_state board_state[HW_BOARDS_MAX]; /* without STOPPED */
    bool stopped[HW_BOARDS_MAX];
    uint16_t moved[HW_BOARDS_MAX];
    enum hw_door_state door_state[HW_DOORS_MAX];
    bool settled[HW_BUSES_MAX];
    bool ready;

    bool running; /* a pulse was accepted and its completion is not delivered */
    bool refused; /* it is to be refused without a bus */
    struct hw_pulse pulse;
    int64_t window_us; /* until then only the pulsed door may move */
};

/* ---------------------------------------------------------------- notes from the buses */

static void wake(struct hw *hw)
{
    static const uint64_t one = 1;
    (void)!write(hw->wake, &one, sizeof one);
}

/* On a bus's thread. Notes are never dropped: a full ring holds the bus up until the loop comes round. */
static void take_note(void *arg, const struct bus_note *note)
{
    struct hw *hw = arg;
    struct ring *r = &hw->ring;
    (void)pthread_mutex_lock(&r->lock);
    while (r->count == RING_CAP && !r->stopping)
        (void)pthread_cond_wait(&r->room, &r->lock);
    if (r->stopping) {
        if (note->kind == BUS_NOTE_PULSE) {
            r->last = *note;
            r->has_last = true;
        }
    } else {
        r->note[(r->first + r->count) % RING_CAP] = *note;
        r->count++;
    }
    (void)pthread_mutex_unlock(&r->lock);
    wake(hw);
}

static bool next_note(struct hw *hw, struct bus_note *out)
{
    struct ring *r = &hw->ring;
    (void)pthread_mutex_lock(&r->lock);
    bool has = r->count > 0;
    if (has) {
        *out = r->note[r->first];
        r->first = (r->first + 1) % RING_CAP;
        r->count--;
        (void)pthread_cond_signal(&r->room);
    }
    (void)pthread_mutex_unlock(&r->lock);
    return has;
}

/* ---------------------------------------------------------------- events to the controller */

static void emit(struct hw *hw, const struct hw_event *ev)
{
    hw->fn(hw->arg, ev);
}

static void emit_board(struct hw *hw, uint8_t board, int64_t boot_ms)
{
    struct hw_event ev = {.kind = HW_EVENT_BOARD, .boot_ms = boot_ms};
    bool is_stopped = hw->stopped[board] && hw->board_state[board] == HW_BOARD_OK;
    ev.u.board.board = board;
    ev.u.board.state = is_stopped ? HW_BOARD_STOPPED : hw->board_state[board];
    ev.u.board.moved = hw->moved[board];
    emit(hw, &ev);
}

static void stop_board(struct hw *hw, uint8_t board, uint16_t moved, int64_t boot_ms)
{
    if (hw->stopped[board])
        return;
    hw->stopped[board] = true;
    hw->moved[board] = moved;
    log_error("hw", "board %s stopped: door %s moved", hw->cfg.board[board].name, hw->cfg.door[moved].name);
    emit_board(hw, board, boot_ms);
}

static void emit_door(struct hw *hw, uint16_t door, const struct bus_note *note)
{
    enum hw_door_state before = hw->door_state[door];
    struct hw_event ev = {.kind = HW_EVENT_DOOR, .boot_ms = note->boot_ms};
    ev.u.door.door = door;
    ev.u.door.state = !note->u.input.known ? HW_DOOR_UNKNOWN : note->u.input.on ? HW_DOOR_OPEN : HW_DOOR_CLOSED;
    hw->door_state[door] = ev.u.door.state;
    /* Looked at before the event goes out: the controller may submit the next pulse from inside the callback. */
    bool strange = before == HW_DOOR_CLOSED && ev.u.door.state == HW_DOOR_OPEN && door != hw->pulse.door &&
                   clock_mono_us() < hw->window_us;
    uint16_t pulsed = hw->pulse.door;
    emit(hw, &ev);
    if (strange)
        stop_board(hw, hw->cfg.door[pulsed].board, door, note->boot_ms);
}

static void emit_input(struct hw *hw, uint8_t board, const struct bus_note *note)
{
    for (unsigned i = 0; i < hw->cfg.inputs; i++) {
        const struct hw_input_cfg *c = &hw->cfg.input[i];
        if (c->board != board || c->input != note->u.input.input)
            continue;
        struct hw_event ev = {.kind = HW_EVENT_INPUT, .boot_ms = note->boot_ms};
        ev.u.input.input = c->kind;
        ev.u.input.known = note->u.input.known;
        ev.u.input.active = note->u.input.known && note->u.input.on == c->active_is_one;
        emit(hw, &ev);
    }
}

static void on_board(struct hw *hw, uint8_t board, const struct bus_note *note)
{
    hw->board_state[board] = note->u.state;
    emit_board(hw, board, note->boot_ms);
}

static void on_input(struct hw *hw, uint8_t board, const struct bus_note *note)
{
    uint16_t door = hw->door_at[board][note->u.input.input];
    if (door != NO_DOOR)
        emit_door(hw, door, note);
    else
        emit_input(hw, board, note);
}

static void on_climate(struct hw *hw, uint8_t board, const struct bus_note *note)
{
    for (uint8_t i = 0; i < hw->cfg.climates; i++) {
        if (hw->cfg.climate[i].board != board || hw->cfg.climate[i].probe != note->u.climate.probe)
            continue;
        struct hw_event ev = {.kind = HW_EVENT_CLIMATE, .boot_ms = note->boot_ms};
        ev.u.climate.climate = i;
        ev.u.climate.state = note->u.climate.state;
        ev.u.climate.milli_c = note->u.climate.milli_c;
        ev.u.climate.permille = note->u.climate.permille;
        emit(hw, &ev);
    }
}

static void complete(struct hw *hw, enum hw_status status, int64_t wire_us, int64_t boot_ms)
{
    struct hw_event ev = {.kind = HW_EVENT_COMPLETION, .boot_ms = boot_ms};
    ev.u.completion.id = hw->pulse.id;
    ev.u.completion.door = hw->pulse.door;
    ev.u.completion.status = status;
    ev.u.completion.wire_us = wire_us;
    int64_t now_us = clock_mono_us();
    bool was_sent = status == HW_DONE || status == HW_FAILED;
    hw->window_us = was_sent && wire_us + WIRING_WINDOW_US > now_us ? wire_us + WIRING_WINDOW_US : now_us;
    hw->running = false;
    hw->refused = false;
    emit(hw, &ev);
}

static void on_pulse(struct hw *hw, uint8_t board, const struct bus_note *note)
{
    (void)board;
    complete(hw, note->u.pulse.status, note->u.pulse.wire_us, note->boot_ms);
}

static void on_stuck(struct hw *hw, uint8_t board, const struct bus_note *note)
{
    for (uint16_t i = 0; i < hw->cfg.doors; i++)
        if (hw->cfg.door[i].board == board && hw->cfg.door[i].channel == note->u.lock)
            stop_board(hw, board, i, note->boot_ms);
}

static void tell_ready(struct hw *hw)
{
    for (unsigned i = 0; i < hw->cfg.buses; i++)
        if (!hw->settled[i])
            return;
    if (hw->ready)
        return;
    hw->ready = true;
    struct hw_event ev = {.kind = HW_EVENT_READY, .boot_ms = clock_boot_ms()};
    emit(hw, &ev);
}

static void on_settled(struct hw *hw, uint8_t board, const struct bus_note *note)
{
    (void)board;
    hw->settled[note->bus] = true;
}

static void handle_note(struct hw *hw, const struct bus_note *note)
{
    static void (*const handlers[])(struct hw *, uint8_t, const struct bus_note *) = {
        [BUS_NOTE_BOARD] = on_board, [BUS_NOTE_INPUT] = on_input, [BUS_NOTE_CLIMATE] = on_climate,
        [BUS_NOTE_PULSE] = on_pulse, [BUS_NOTE_STUCK] = on_stuck, [BUS_NOTE_SETTLED] = on_settled,
    };
    handlers[note->kind](hw, hw->board_at[note->bus][note->board], note);
}

static int on_wake(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
    struct hw *hw = arg;
    struct bus_note note;
    uint64_t n;
    (void)s;
    (void)revents;
    (void)!read(fd, &n, sizeof n);
    while (next_note(hw, &note))
        handle_note(hw, &note);
    if (hw->running && hw->refused)
        complete(hw, HW_REFUSED, 0, clock_boot_ms());
    tell_ready(hw);
    return 0;
}

/* ---------------------------------------------------------------- checking the map */

static enum err check_buses(const struct hw_cfg *c, struct reason *r)
{
    for (unsigned i = 0; i < c->buses; i++) {
        const struct hw_bus_cfg *b = &c->bus[i];
        if (b->timeout_ms != 0 && (b->timeout_ms < 20 || b->timeout_ms > 1000))
            return err_because(r, ERR_RANGE, "bus %s: time-out of %u ms is outside 20..1000", b->name, b->timeout_ms);
        if (b->worst_late_ms > HW_LATE_MAX_MS)
            return err_because(r, ERR_RANGE, "bus %s: worst_late_ms of %u is outside 0..%d", b->name, b->worst_late_ms,
                               HW_LATE_MAX_MS);
    }
    return ERR_OK;
}

static enum err check_board(const struct hw_cfg *c, const struct profile *p, const struct hw_board_cfg *b,
                            struct reason *r)
{
    if (b->timeout_ms != 0 && (b->timeout_ms < 20 || b->timeout_ms > 1000))
        return err_because(r, ERR_RANGE, "board %s: time-out of %u ms is outside 20..1000", b->name, b->timeout_ms);
    enum hw_bus_kind kind = c->bus[b->bus].kind;
    if (kind == HW_BUS_GPIO) {
        unsigned sharing = 0;
        for (unsigned i = 0; i < c->boards; i++)
            sharing += c->board[i].bus == b->bus;
        if (sharing > 1)
            return err_because(r, ERR_DUPLICATE, "board %s: a GPIO chip is one board", b->name);
        if (p->kind != PROFILE_GPIO)
            return err_because(r, ERR_UNKNOWN, "board %s: profile %s is not for GPIO", b->name, p->name);
        return ERR_OK;
    }
    if (b->unit == 0 || b->unit > UNIT_MAX)
        return err_because(r, ERR_RANGE, "board %s: unit %u is outside 1..247", b->name, b->unit);
    if (p->kind == PROFILE_GPIO && kind != HW_BUS_FAKE)
        return err_because(r, ERR_UNKNOWN, "board %s: profile %s is for GPIO", b->name, p->name);
    return ERR_OK;
}

static enum err load_boards(struct hw *hw, const char *dir, struct reason *r)
{
    for (unsigned i = 0; i < hw->cfg.boards; i++) {
        const struct hw_board_cfg *b = &hw->cfg.board[i];
        if (b->bus >= hw->cfg.buses)
            return err_because(r, ERR_RANGE, "board %s: no such bus", b->name);
        enum err e = profile_load(&hw->profile[i], dir, b->profile, r);
        if (e != ERR_OK)
            return err_prefix(r, e, "board %s", b->name);
        e = check_board(&hw->cfg, &hw->profile[i], b, r);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err check_door(struct hw *hw, uint16_t door, struct reason *r)
{
    const struct hw_door_cfg *d = &hw->cfg.door[door];
    if (d->board >= hw->cfg.boards || d->sense_board >= hw->cfg.boards)
        return err_because(r, ERR_RANGE, "door %s: no such board", d->name);
    if (d->channel >= hw->profile[d->board].locks)
        return err_because(r, ERR_RANGE, "door %s: board %s has no lock %u", d->name, hw->cfg.board[d->board].name,
                           d->channel);
    if (d->input >= hw->profile[d->sense_board].inputs)
        return err_because(r, ERR_RANGE, "door %s: board %s has no input %u", d->name,
                           hw->cfg.board[d->sense_board].name, d->input);
    if (d->pulse_ms < 100 || d->pulse_ms > PROFILE_PULSE_MAX_MS)
        return err_because(r, ERR_RANGE, "door %s: a pulse of %u ms is outside 100..%d", d->name, d->pulse_ms,
                           PROFILE_PULSE_MAX_MS);
    for (unsigned i = 0; i < door; i++)
        if (hw->cfg.door[i].board == d->board && hw->cfg.door[i].channel == d->channel)
            return err_because(r, ERR_DUPLICATE, "door %s: the lock is that of door %s", d->name, hw->cfg.door[i].name);
    uint16_t *owner = &hw->door_at[d->sense_board][d->input];
    if (*owner != NO_DOOR)
        return err_because(r, ERR_DUPLICATE, "door %s: the contact is that of door %s", d->name,
                           hw->cfg.door[*owner].name);
    *owner = door;
    return ERR_OK;
}

static enum err check_climates(const struct hw *hw, struct reason *r)
{
    for (unsigned i = 0; i < hw->cfg.climates; i++) {
        const struct hw_climate_cfg *c = &hw->cfg.climate[i];
        if (c->board >= hw->cfg.boards || c->probe >= hw->profile[c->board].probes)
            return err_because(r, ERR_RANGE, "climate %s: no such probe", c->name);
        for (unsigned k = 0; k < i; k++)
            if (hw->cfg.climate[k].board == c->board && hw->cfg.climate[k].probe == c->probe)
                return err_because(r, ERR_DUPLICATE, "climate %s: the probe is that of %s", c->name,
                                   hw->cfg.climate[k].name);
    }
    return ERR_OK;
}

static enum err check_inputs(const struct hw *hw, struct reason *r)
{
    static const char *const names[HW_INPUT_N] = {"tamper", "mains", "battery"};
    for (unsigned i = 0; i < hw->cfg.inputs; i++) {
        const struct hw_input_cfg *c = &hw->cfg.input[i];
        if ((unsigned)c->kind >= HW_INPUT_N)
            return err_because(r, ERR_RANGE, "input %u: of no known kind", i);
        if (c->board >= hw->cfg.boards || c->input >= hw->profile[c->board].inputs)
            return err_because(r, ERR_RANGE, "input %s: no such input", names[c->kind]);
        if (hw->door_at[c->board][c->input] != NO_DOOR)
            return err_because(r, ERR_DUPLICATE, "input %s: is the contact of a door", names[c->kind]);
    }
    return ERR_OK;
}

static enum err check_counts(const struct hw_cfg *c, struct reason *r)
{
    if (c->buses > HW_BUSES_MAX || c->boards > HW_BOARDS_MAX || c->doors > HW_DOORS_MAX ||
        c->climates > HW_CLIMATES_MAX || c->inputs > HW_INPUTS_MAX)
        return err_because(r, ERR_RANGE, "more buses, boards, doors, probes or inputs than fit");
    return ERR_OK;
}

static enum err check_map(struct hw *hw, const char *profile_dir, struct reason *r)
{
    memset(hw->door_at, 0xff, sizeof hw->door_at);
    enum err e = check_buses(&hw->cfg, r);
    if (e == ERR_OK)
        e = load_boards(hw, profile_dir, r);
    for (uint16_t i = 0; e == ERR_OK && i < hw->cfg.doors; i++)
        e = check_door(hw, i, r);
    if (e == ERR_OK)
        e = check_climates(hw, r);
    if (e == ERR_OK)
        e = check_inputs(hw, r);
    return e;
}

/* ---------------------------------------------------------------- buses */

static uint8_t unit_of(const struct hw *hw, uint8_t board)
{
    const struct hw_board_cfg *b = &hw->cfg.board[board];
    return hw->cfg.bus[b->bus].kind == HW_BUS_GPIO ? 1 : b->unit;
}

static uint32_t first_of(uint32_t a, uint32_t b, uint32_t c)
{
    return a != 0 ? a : b != 0 ? b : c;
}

/* Where it counts a board may promise to be less late than the bus's default, not more. */
static uint32_t late_ms(const struct hw_bus_cfg *bus, const struct profile *p)
{
    uint32_t late = first_of(bus->worst_late_ms, LATE_MS, 0);
    return p->worst_late_ms != 0 && p->worst_late_ms < late ? p->worst_late_ms : late;
}

static void describe_board(const struct hw *hw, uint8_t board, struct bus_board_cfg *out)
{
    const struct hw_board_cfg *b = &hw->cfg.board[board];
    const struct hw_bus_cfg *bus = &hw->cfg.bus[b->bus];
    const struct profile *p = &hw->profile[board];
    out->unit = unit_of(hw, board);
    out->profile = p;
    out->timeout_ms = first_of(b->timeout_ms, p->timeout_ms, first_of(bus->timeout_ms, TIMEOUT_MS, 0));
    out->late_ms = late_ms(bus, p);
    for (unsigned i = 0; i < hw->cfg.doors; i++) {
        const struct hw_door_cfg *d = &hw->cfg.door[i];
        if (d->sense_board != board)
            continue;
        out->contacts |= UINT64_C(1) << d->input;
        out->open_is_one |= (uint64_t)d->open_is_one << d->input;
    }
    for (unsigned i = 0; i < hw->cfg.inputs; i++)
        if (hw->cfg.input[i].board == board)
            out->signals |= UINT64_C(1) << hw->cfg.input[i].input;
    for (unsigned i = 0; i < hw->cfg.climates; i++)
        if (hw->cfg.climate[i].board == board)
            out->probes = (uint16_t)(out->probes | 1U << hw->cfg.climate[i].probe);
}

static enum err new_fake(struct hw *hw, uint8_t bus, struct line **out, struct reason *r)
{
    struct bus_fake_cfg *cfg = calloc(1, sizeof *cfg);
    if (cfg == NULL)
        return err_because(r, ERR_MEMORY, "bus %s: out of memory", hw->cfg.bus[bus].name);
    for (uint8_t i = 0; i < hw->cfg.boards; i++)
        if (hw->cfg.board[i].bus == bus)
            cfg->board[cfg->boards++] = (struct bus_fake_board){unit_of(hw, i), &hw->profile[i]};
    for (uint16_t i = 0; i < hw->cfg.doors; i++) {
        const struct hw_door_cfg *d = &hw->cfg.door[i];
        if (hw->cfg.board[d->board].bus != bus || hw->cfg.board[d->sense_board].bus != bus)
            continue;
        cfg->door[cfg->doors++] = (struct bus_fake_door){
            i, unit_of(hw, d->board), d->channel, unit_of(hw, d->sense_board), d->input, d->open_is_one};
    }
    enum err e = bus_fake_new(out, cfg, r);
    free(cfg);
    return e;
}

static enum err new_line(struct hw *hw, uint8_t bus, struct line **out, struct reason *r)
{
    const struct hw_bus_cfg *b = &hw->cfg.bus[bus];
    switch (b->kind) {
    case HW_BUS_RTU:
    case HW_BUS_TCP:
        return bus_modbus_new(out, b, r);
    case HW_BUS_GPIO:
        for (uint8_t i = 0; i < hw->cfg.boards; i++)
            if (hw->cfg.board[i].bus == bus)
                return bus_gpio_new(out, b->device, &hw->profile[i], r);
        return err_because(r, ERR_MISSING, "bus %s: no board", b->name);
    case HW_BUS_FAKE:
        return new_fake(hw, bus, out, r);
    }
    return err_because(r, ERR_RANGE, "bus %s: of no known kind", b->name);
}

/* A serial line paces itself; one that answers at once would be polled as fast as the processor allows. */
static uint32_t poll_ms(const struct hw_bus_cfg *b)
{
    if (b->poll_ms != 0 || b->kind == HW_BUS_RTU)
        return b->poll_ms;
    return b->kind == HW_BUS_TCP ? 20 : 10;
}

static enum err open_bus(struct hw *hw, uint8_t bus, struct reason *r)
{
    const struct hw_bus_cfg *b = &hw->cfg.bus[bus];
    struct line *line = NULL;
    struct bus_cfg *cfg = calloc(1, sizeof *cfg);
    if (cfg == NULL)
        return err_because(r, ERR_MEMORY, "bus %s: out of memory", b->name);
    cfg->index = bus;
    memcpy(cfg->name, b->name, sizeof cfg->name);
    cfg->poll_ms = poll_ms(b);
    cfg->post = take_note;
    cfg->arg = hw;
    for (uint8_t i = 0; i < hw->cfg.boards; i++) {
        if (hw->cfg.board[i].bus != bus)
            continue;
        hw->place[i] = cfg->boards;
        hw->board_at[bus][cfg->boards] = i;
        describe_board(hw, i, &cfg->board[cfg->boards++]);
    }
    enum err e = new_line(hw, bus, &line, r);
    if (e == ERR_OK)
        e = bus_open(&hw->bus[bus], cfg, line, r);
    free(cfg);
    return e;
}

/* ---------------------------------------------------------------- life */

static enum err allocate(struct hw **out, const struct hw_cfg *cfg, struct reason *r)
{
    struct hw *hw = calloc(1, sizeof *hw);
    if (hw == NULL)
        return err_because(r, ERR_MEMORY, "hardware: out of memory");
    hw->profile = calloc(cfg->boards + 1U, sizeof *hw->profile);
    hw->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (hw->profile == NULL || hw->wake < 0) {
        enum err e = hw->wake < 0 ? ERR_IO : ERR_MEMORY;
        free(hw->profile);
        if (hw->wake >= 0)
            (void)close(hw->wake);
        free(hw);
        return err_because(r, e, "hardware: %s", strerror(errno));
    }
    hw->cfg = *cfg;
    hw->cfg.profile_dir = NULL;
    hw->pulse.door = NO_DOOR;
    (void)pthread_mutex_init(&hw->ring.lock, NULL);
    (void)pthread_cond_init(&hw->ring.room, NULL);
    *out = hw;
    return ERR_OK;
}

enum err hw_open(struct hw **out, const struct hw_cfg *cfg, sd_event *loop, hw_event_fn fn, void *arg, struct reason *r)
{
    struct hw *hw = NULL;
    enum err e = check_counts(cfg, r);
    if (e == ERR_OK)
        e = allocate(&hw, cfg, r);
    if (e != ERR_OK)
        return e;
    hw->fn = fn;
    hw->arg = arg;
    e = check_map(hw, cfg->profile_dir, r);
    if (e == ERR_OK) {
        int n = sd_event_add_io(loop, &hw->source, hw->wake, EPOLLIN, on_wake, hw);
        if (n < 0)
            e = err_because(r, ERR_IO, "hardware: event loop: %s", strerror(-n));
    }
    for (uint8_t i = 0; e == ERR_OK && i < hw->cfg.buses; i++)
        e = open_bus(hw, i, r);
    if (e != ERR_OK) {
        hw_free(hw);
        return e;
    }
    wake(hw); /* a cabinet without buses is ready, too */
    *out = hw;
    return ERR_OK;
}

static int64_t mono_of_boot(int64_t boot_ms)
{
    return clock_mono_us() + (boot_ms - clock_boot_ms()) * 1000;
}

static void watch(struct hw *hw, uint16_t door, int64_t until_us)
{
    uint8_t board = hw->cfg.door[door].sense_board;
    bus_watch(hw->bus[hw->cfg.board[board].bus], hw->place[board], until_us);
}

enum err hw_submit_pulse(struct hw *hw, const struct hw_pulse *p)
{
    if (p->door >= hw->cfg.doors)
        return ERR_RANGE;
    if (hw->ring.stopping)
        return ERR_STATE;
    if (hw->running)
        return ERR_BUSY;
    const struct hw_door_cfg *d = &hw->cfg.door[p->door];
    struct bus_pulse order = {.id = p->id,
                              .intent = p->intent,
                              .board = hw->place[d->board],
                              .lock = d->channel,
                              .pulse_ms = d->pulse_ms,
                              .submitted_us = clock_mono_us()};
    hw->pulse = *p;
    hw->running = true;
    hw->window_us = INT64_MAX;
    bool can = hw->board_state[d->board] == HW_BOARD_OK && !hw->stopped[d->board];
    hw->refused = !can || bus_submit_pulse(hw->bus[hw->cfg.board[d->board].bus], &order) != ERR_OK;
    if (hw->refused)
        wake(hw);
    else
        watch(hw, p->door, order.submitted_us + PULSE_WATCH_US);
    return ERR_OK;
}

void hw_watch(struct hw *hw, uint16_t door, int64_t until_boot_ms)
{
    if (door < hw->cfg.doors)
        watch(hw, door, mono_of_boot(until_boot_ms));
}

bool hw_board_release(struct hw *hw, uint8_t board)
{
    if (board >= hw->cfg.boards || !hw->stopped[board])
        return false;
    hw->stopped[board] = false;
    emit_board(hw, board, clock_boot_ms());
    return true;
}

void hw_bus_counts(struct hw *hw, uint8_t bus, struct hw_bus_count *out)
{
    if (bus < hw->cfg.buses)
        bus_counts(hw->bus[bus], out);
}

int64_t hw_bus_alive_ms(struct hw *hw, uint8_t bus)
{
    return bus < hw->cfg.buses ? bus_alive_ms(hw->bus[bus]) : 0;
}

struct bus_fake *bus_fake_of(struct hw *hw, uint8_t bus)
{
    if (bus >= hw->cfg.buses || hw->cfg.bus[bus].kind != HW_BUS_FAKE)
        return NULL;
    return (struct bus_fake *)bus_line(hw->bus[bus]);
}

/* Exactly one completion for every pulse, also now. */
static void complete_last(struct hw *hw)
{
    struct bus_note note;
    while (next_note(hw, &note))
        if (note.kind == BUS_NOTE_PULSE)
            on_pulse(hw, 0, &note);
    if (hw->ring.has_last)
        on_pulse(hw, 0, &hw->ring.last);
    if (hw->running)
        complete(hw, hw->refused ? HW_REFUSED : HW_FAILED, 0, clock_boot_ms());
}

void hw_free(struct hw *hw)
{
    if (hw == NULL)
        return;
    (void)pthread_mutex_lock(&hw->ring.lock);
    hw->ring.stopping = true;
    (void)pthread_cond_broadcast(&hw->ring.room);
    (void)pthread_mutex_unlock(&hw->ring.lock);
    for (unsigned i = 0; i < HW_BUSES_MAX; i++)
        if (hw->bus[i] != NULL)
            bus_stop(hw->bus[i]);
    for (unsigned i = 0; i < HW_BUSES_MAX; i++)
        bus_free(hw->bus[i]);
    if (hw->running)
        complete_last(hw);
    (void)sd_event_source_disable_unref(hw->source);
    (void)close(hw->wake);
    (void)pthread_cond_destroy(&hw->ring.room);
    (void)pthread_mutex_destroy(&hw->ring.lock);
    free(hw->profile);
    free(hw);
}
