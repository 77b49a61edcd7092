/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/faults.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/observe.h"
#include "tests/sim/oracle.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define DAY_US (24 * 60 * MINUTE_US)
#define YEAR_US (365 * DAY_US)
#define TO_2038_US (INT64_C(2147483640000) - INT64_C(1795000000000)) * 1000

static const char *const names[FAULT_KIND_N] = {
#define FAULTS_NAME(id, name) [FAULT_##id] = name,
    FAULTS_TABLE(FAULTS_NAME)
#undef FAULTS_NAME
};

const char *fault_name(enum fault_kind k)
{
    return names[k];
}

void faults_count(struct site *s, enum fault_kind k)
{
    world_count(s->w, names[k]);
    world_tell(s->w, "fault", "%s", names[k]);
}

bool faults_are_on(const struct site *s)
{
    return s->faults != NULL && !s->faults->healed;
}

bool faults_chance(struct site *s, enum fault_kind k, uint32_t permille)
{
    if (!faults_are_on(s) || !s->faults->on[k] || !dice_chance(world_dice(s->w, "people"), permille))
        return false;
    faults_count(s, k);
    return true;
}

/* ---------------------------------------------------------------- the plan of a seed */

static bool is_of_people(enum fault_kind k)
{
    return k >= FAULT_PEOPLE_TYPO;
}

static bool breaks_promises(enum fault_kind k)
{
    return k == FAULT_DISK_LIES || k == FAULT_DISK_FLIP || k == FAULT_WIRES_SWAPPED || k == FAULT_UNIT_SWAPPED;
}

struct faults *faults_new(struct site *s)
{
    static const uint32_t usual[FAULTS_PROFILE_N] = {0, 60, 220}, people[FAULTS_PROFILE_N] = {0, 300, 500};
    struct dice *d = world_dice(s->w, "plan");
    struct faults *f = calloc(1, sizeof *f);
    if (f == NULL)
        abort();
    uint32_t draw = dice_below(d, 10);
    f->profile = draw < 1 ? FAULTS_HONEST : draw < 6 ? FAULTS_FEW : FAULTS_STORMY;
    for (unsigned k = 0; k < FAULT_KIND_N; k++) {
        uint32_t permille = is_of_people((enum fault_kind)k) ? people[f->profile] : usual[f->profile];
        f->on[k] = dice_chance(d, breaks_promises((enum fault_kind)k) ? permille / 4 : permille);
    }
    return f;
}

void faults_free(struct faults *f)
{
    free(f);
}

/* ---------------------------------------------------------------- what is hit */

static unsigned any_locker(struct site *s, struct dice *d)
{
    return dice_below(d, s->cfg.lockers);
}

static void disturb(struct site *s, int64_t for_us)
{
    int64_t until_us = world_now_us(s->w) + for_us;
    if (until_us > s->calm_us)
        s->calm_us = until_us;
}

/* ---------------------------------------------------------------- disk */

static bool disk_fault(struct site *s, enum fault_kind k, struct dice *d)
{
    bool hub = dice_below(d, 3) == 0;
    struct machine *m = hub ? &s->hub_machine : &s->locker[any_locker(s, d)].machine;
    struct disk_faults *f = disk_faults(m->disk);
    switch ((int)k) {
    case FAULT_DISK_LIES:
        f->sync_lies = true;
        s->disk_lied = true;
        return true;
    case FAULT_DISK_FULL:
        f->room = (int64_t)dice_below(d, 64) * 4096;
        return true;
    case FAULT_DISK_WRITE_EIO:
        f->write_eio_ppm = 20000;
        return true;
    case FAULT_DISK_SYNC_EIO:
        f->sync_eio_ppm = 50000;
        return true;
    case FAULT_DISK_READ_EIO:
        f->read_eio_ppm = 20000;
        return true;
    default:
        f->flip_ppm = 5000;
        s->disk_lied = true;
        return true;
    }
}

static void heal_disk(struct machine *m)
{
    *disk_faults(m->disk) = (struct disk_faults){.room = -1};
}

/* What a disk's trouble really did is counted by the disk. */
static void count_disk(struct site *s, const struct machine *m, struct disk_counts *seen)
{
    const struct disk_counts *c = disk_counts(m->disk);
    static const struct {
        size_t at;
        enum fault_kind kind;
    } table[] = {{offsetof(struct disk_counts, lies), FAULT_DISK_LIES},
                 {offsetof(struct disk_counts, no_space), FAULT_DISK_FULL},
                 {offsetof(struct disk_counts, write_eio), FAULT_DISK_WRITE_EIO},
                 {offsetof(struct disk_counts, sync_eio), FAULT_DISK_SYNC_EIO},
                 {offsetof(struct disk_counts, read_eio), FAULT_DISK_READ_EIO},
                 {offsetof(struct disk_counts, flips), FAULT_DISK_FLIP}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint64_t now, before;
        memcpy(&now, (const char *)c + table[i].at, sizeof now);
        memcpy(&before, (const char *)seen + table[i].at, sizeof before);
        if (now > before)
            faults_count(s, table[i].kind);
    }
    *seen = *c;
}

/* ---------------------------------------------------------------- processes */

static void power_cut(struct site *s, struct machine *m, struct dice *d, int64_t down_us)
{
    static const enum fault_kind kinds[DISK_CUT_N] = {FAULT_DISK_OLD, FAULT_DISK_NEW, FAULT_DISK_MIX, FAULT_DISK_TORN,
                                                      FAULT_DISK_GARBAGE};
    enum disk_cut how = (enum disk_cut)dice_below(d, DISK_CUT_N);
    faults_count(s, kinds[how]);
    machine_power_cut(s->w, m, down_us);
    disk_power_cut(m->disk, how);
}

struct step_crash {
    struct site *s;
    struct machine *m;
    uint64_t at;
    bool done;
};

static void on_disk_step(void *arg, uint64_t number, bool is_sync)
{
    struct step_crash *c = arg;
    (void)is_sync;
    if (c->done || number < c->at)
        return;
    c->done = true;
    faults_count(c->s, FAULT_CRASH_AT_WRITE);
    power_cut(c->s, c->m, world_dice(c->s->w, "cuts"),
              (int64_t)(1 + dice_below(world_dice(c->s->w, "cuts"), 8)) * SECOND_US);
}

static bool crash_at_step(struct site *s, struct machine *m, uint64_t in_steps)
{
    static struct step_crash pending[1 + OBSERVE_LOCKERS_MAX];
    unsigned slot = m == &s->hub_machine ? 0 : 1 + (m == &s->locker[0].machine ? 0u : 1u);
    pending[slot] = (struct step_crash){.s = s, .m = m, .at = disk_steps(m->disk) + in_steps};
    disk_set_hook(m->disk, on_disk_step, &pending[slot]);
    return true;
}

static struct machine *any_machine(struct site *s, struct dice *d)
{
    return dice_below(d, 4) == 0 ? &s->hub_machine : &s->locker[any_locker(s, d)].machine;
}

static struct process *process_of(struct site *s, const struct machine *m)
{
    for (unsigned i = 0; i < s->cfg.lockers; i++) {
        if (m == &s->locker[i].machine)
            return s->locker[i].process;
    }
    return s->hub;
}

static bool process_fault(struct site *s, enum fault_kind k, struct dice *d)
{
    struct machine *m = any_machine(s, d);
    struct process *p = process_of(s, m);
    if (k == FAULT_CRASH_LOCKER)
        p = s->locker[any_locker(s, d)].process;
    if (k == FAULT_CRASH_HUB)
        p = s->hub;
    switch ((int)k) {
    case FAULT_CRASH_LOCKER:
    case FAULT_CRASH_HUB:
        if (!process_is_up(p))
            return false;
        process_crash(p, names[k]);
        return true;
    case FAULT_CRASH_AT_WRITE:
        (void)crash_at_step(s, m, 1 + dice_below(d, 60));
        return false; /* counts itself when it happens */
    case FAULT_CRASH_IN_RECOVERY:
        power_cut(s, m, d, SECOND_US);
        return crash_at_step(s, m, 1 + dice_below(d, 12));
    case FAULT_POWER_CUT:
        power_cut(s, m, d, (int64_t)(1 + dice_below(d, 40)) * SECOND_US);
        return true;
    case FAULT_STALL: {
        static const int64_t spans_us[] = {SECOND_US, 5 * SECOND_US, 30 * SECOND_US, 2 * MINUTE_US, 10 * MINUTE_US};
        int64_t span_us = spans_us[dice_below(d, 5)];
        if (!process_is_up(p))
            return false;
        process_stall(p, span_us);
        s->stalled_us = world_now_us(s->w) + span_us + SECOND_US;
        return true;
    }
    case FAULT_TERM:
        if (!process_is_up(p))
            return false;
        process_term(p);
        return true;
    case FAULT_CALL_FAILS:
    case FAULT_MEMORY_FAILS: {
        static const enum os_call calls[] = {OS_FILE, OS_SYNC, OS_THREAD, OS_EVENT, OS_DESCRIPTOR};
        enum os_call call = k == FAULT_MEMORY_FAILS ? OS_MEMORY : calls[dice_below(d, 5)];
        process_fail_call(p, call, 1 + dice_below(d, call == OS_MEMORY ? 600 : 200));
        process_term(p); /* counted from the next start */
        return true;
    }
    default:
        return false;
    }
}

/* ---------------------------------------------------------------- bus, boards, doors */

static bool bus_fault(struct site *s, enum fault_kind k, struct dice *d)
{
    static const enum line_fault faults[] = {LINE_DEAF,  LINE_SILENT,  LINE_LATE,      LINE_UNIT, LINE_FUNCTION,
                                             LINE_COUNT, LINE_ADDRESS, LINE_EXCEPTION, LINE_CRC,  LINE_SHORT,
                                             LINE_GLUED, LINE_ECHO,    LINE_NOISE};
    struct plant *p = s->locker[any_locker(s, d)].plant;
    const struct cabinet *c = plant_cabinet(p);
    disturb(s, 20 * SECOND_US);
    if (k == FAULT_BUS_UNPLUGGED) {
        plant_unplug(p, (uint8_t)dice_below(d, c->layout.buses), true);
        return false; /* counts itself, as the others */
    }
    uint32_t permille = dice_below(d, 3) == 0 ? 400 : 30;
    (void)plant_line_fault(p, faults[k - FAULT_BUS_DEAF], LINE_ANY, LINE_ANY, 1 + dice_below(d, 60), permille, 0);
    return false;
}

/* With the first from other on that is on the same line. */
static bool swap_address(struct plant *p, uint8_t board, uint8_t other)
{
    uint8_t boards = plant_cabinet(p)->layout.boards;
    for (uint8_t i = 0; i < boards; i++) {
        if (plant_swap_address(p, board, (uint8_t)((other + i) % boards)))
            return true;
    }
    return false;
}

static bool board_fault(struct site *s, enum fault_kind k, struct dice *d)
{
    unsigned i = any_locker(s, d);
    struct plant *p = s->locker[i].plant;
    struct cabinet *c = plant_cabinet(p);
    uint16_t door = (uint16_t)dice_below(d, c->layout.doors);
    uint8_t board = c->layout.door[door].board;
    disturb(s, 30 * SECOND_US);
    s->ghost->locker[i].coil_us = world_now_us(s->w);
    switch ((int)k) {
    case FAULT_BOARD_REBOOT:
        (void)plant_reboot(p, board, false);
        return false;
    case FAULT_BOARD_REBOOT_ON:
        (void)plant_reboot(p, board, true);
        return false;
    case FAULT_BOARD_LOST:
        (void)plant_lose_mid_pulse(p, board, 1000 + dice_below(d, 400000), dice_below(d, 2) == 0);
        return false;
    case FAULT_BOARD_HUNG:
        (void)plant_hang(p, board);
        return false;
    case FAULT_BOARD_OFF:
        plant_power(p, false);
        return false;
    case FAULT_COIL_ON:
    case FAULT_COIL_OFF:
        (void)plant_stick_coil(p, door, k == FAULT_COIL_ON ? BOARD_STUCK_ON : BOARD_STUCK_OFF);
        return false;
    case FAULT_SENSOR_OPEN:
    case FAULT_SENSOR_CLOSED:
        plant_stick_sensor(p, door, k == FAULT_SENSOR_OPEN ? LOCK_STICK_OPEN : LOCK_STICK_CLOSED);
        return false;
    case FAULT_GPIO_GONE:
    case FAULT_GPIO_BUSY:
        (void)plant_gpio(p, k == FAULT_GPIO_GONE ? PLANT_GPIO_GONE : PLANT_GPIO_BUSY);
        return false;
    case FAULT_SENSOR_BOUNCE:
        plant_bounce(p, door, 20000 + dice_below(d, 200000));
        return false;
    case FAULT_BUS_ROGUE:
        (void)plant_rogue(p, door, dice_below(d, 2) == 0);
        return false;
    case FAULT_LOCK_JAM:
        c->door[door].lock.jammed = dice_below(d, 2) == 0;
        c->door[door].lock.jam_next = true;
        return true;
    case FAULT_LOCK_WEAK:
        c->door[door].lock.weak = true;
        return true;
    case FAULT_WIRES_SWAPPED: {
        uint16_t other = (uint16_t)dice_below(d, c->layout.doors);
        if (other == door)
            return false;
        s->miswired = true;
        if (dice_below(d, 2) == 0)
            cabinet_swap_contacts(c, door, other);
        else
            cabinet_swap_strikes(c, door, other, world_now_us(s->w));
        plant_changed(p);
        return true;
    }
    case FAULT_UNIT_SWAPPED:
        s->miswired = swap_address(p, board, (uint8_t)dice_below(d, c->layout.boards)) || s->miswired;
        return false;
    default:
        return false;
    }
}

/* ---------------------------------------------------------------- net */

static const char *any_client(struct site *s, struct dice *d)
{
    return dice_below(d, 3) == 0 ? "backend" : s->locker[any_locker(s, d)].id;
}

static bool net_fault(struct site *s, enum fault_kind k, struct dice *d)
{
    struct broker_faults *f = broker_faults(s->broker);
    uint32_t ppm = 20000u + dice_below(d, 200000);
    switch ((int)k) {
    case FAULT_NET_DROP:
        f->drop_ppm = ppm;
        return false;
    case FAULT_NET_DOUBLE:
        f->double_ppm = ppm;
        return false;
    case FAULT_NET_REORDER:
        f->reorder_ppm = ppm;
        return false;
    case FAULT_NET_DELAY:
        f->delay_ppm = ppm;
        f->delay_max_us = dice_below(d, 3) == 0 ? 10 * DAY_US : 30 * SECOND_US;
        return false;
    case FAULT_NET_REPLAY:
        f->replay_ppm = ppm;
        return false;
    case FAULT_NET_RETAIN:
        f->retain_ppm = ppm;
        return false;
    case FAULT_NET_CROSS:
        f->cross_ppm = ppm;
        return false;
    case FAULT_NET_FORGE:
        f->forge_ppm = ppm;
        return false;
    case FAULT_NET_CUT_ONE:
    case FAULT_NET_CUT_ALL:
        broker_partition(s->broker, k == FAULT_NET_CUT_ALL ? NULL : any_client(s, d), true);
        return false;
    case FAULT_BROKER_RESTART:
        broker_restart(s->broker, false, (int64_t)dice_below(d, 20) * SECOND_US);
        return false;
    case FAULT_BROKER_FORGETS:
        broker_restart(s->broker, true, (int64_t)dice_below(d, 20) * SECOND_US);
        return false;
    case FAULT_BROKER_TAKE_OVER:
        broker_take_over(s->broker, any_client(s, d));
        return false;
    default:
        return false;
    }
}

/* ---------------------------------------------------------------- clocks */

static bool clock_fault(struct site *s, enum fault_kind k, struct dice *d)
{
    static const int64_t years_us[] = {YEAR_US, 10 * YEAR_US, 30 * DAY_US};
    struct machine *m = dice_below(d, 6) == 0 ? &s->hub_machine : &s->locker[any_locker(s, d)].machine;
    int64_t sign = dice_below(d, 2) == 0 ? 1 : -1;
    switch ((int)k) {
    case FAULT_CLOCK_JUMP:
        m->wall_offset_us += sign * (int64_t)(1 + dice_below(d, 7200)) * SECOND_US;
        m->ntp = dice_below(d, 2) == 0;
        return true;
    case FAULT_CLOCK_YEARS:
        if (m == &s->hub_machine)
            return false; /* the hub's own time is the time of the whole; it is kept by NTP */
        m->wall_offset_us += sign * years_us[dice_below(d, 3)];
        m->ntp = false;
        return true;
    case FAULT_CLOCK_2038:
        if (m == &s->hub_machine)
            return false;
        m->wall_offset_us += TO_2038_US;
        m->ntp = false;
        return true;
    case FAULT_CLOCK_STOP:
        m->ntp = false;
        return true;
    case FAULT_CLOCK_DRIFT:
        machine_set_drift(s->w, m, (int64_t)dice_below(d, 401) - 200);
        return true;
    default:
        return false;
    }
}

/* ---------------------------------------------------------------- all */

bool faults_inject(struct site *s, enum fault_kind k)
{
    struct dice *d = world_dice(s->w, "faults");
    bool done = false;
    world_tell(s->w, "fault", "%s comes", names[k]);
    if (k >= FAULT_DISK_LIES && k <= FAULT_DISK_FLIP)
        (void)disk_fault(s, k, d); /* counts itself when it does something */
    else if (k >= FAULT_BUS_DEAF && k <= FAULT_BUS_UNPLUGGED)
        done = bus_fault(s, k, d);
    else if (k >= FAULT_BOARD_REBOOT && k <= FAULT_UNIT_SWAPPED)
        done = board_fault(s, k, d);
    else if (k >= FAULT_NET_DROP && k <= FAULT_BROKER_TAKE_OVER)
        done = net_fault(s, k, d);
    else if (k >= FAULT_CRASH_LOCKER && k <= FAULT_MEMORY_FAILS)
        done = process_fault(s, k, d);
    else if (k >= FAULT_CLOCK_JUMP && k <= FAULT_CLOCK_DRIFT)
        done = clock_fault(s, k, d);
    if (done)
        faults_count(s, k);
    return done;
}

/* Most faults end by themselves, some only when everything is healed. */
static void ease(struct site *s, struct dice *d)
{
    for (unsigned i = 0; i < s->cfg.lockers; i++) {
        if (dice_below(d, 3) == 0)
            plant_heal(s->locker[i].plant);
        if (dice_below(d, 3) == 0)
            heal_disk(&s->locker[i].machine);
        if (dice_below(d, 4) == 0) {
            s->locker[i].machine.wall_offset_us = 0;
            s->locker[i].machine.ntp = true;
        }
    }
    if (dice_below(d, 3) == 0)
        heal_disk(&s->hub_machine);
    if (dice_below(d, 3) == 0)
        broker_partition(s->broker, NULL, false);
    if (dice_below(d, 4) == 0)
        *broker_faults(s->broker) = (struct broker_faults){.latency_us = 5000, .jitter_us = 5000};
    disturb(s, 5 * SECOND_US);
}

static void storm(struct site *s, struct dice *d)
{
    for (unsigned i = 0; i < 6 && faults_are_on(s); i++) {
        process_crash(process_of(s, any_machine(s, d)), "restart storm");
        fiber_sleep(s->w, (int64_t)dice_below(d, 3000) * 1000);
    }
    faults_count(s, FAULT_RESTART_STORM);
}

static void inject_for_ever(void *arg)
{
    struct site *s = arg;
    struct dice *d = world_dice(s->w, "faults when");
    struct disk_counts seen[1 + OBSERVE_LOCKERS_MAX] = {0};
    enum fault_kind on[FAULT_KIND_N];
    unsigned n = 0;
    for (unsigned k = 0; k < (unsigned)FAULT_PEOPLE_TYPO; k++) {
        if (s->faults->on[k] && k > (unsigned)FAULT_DISK_GARBAGE)
            on[n++] = (enum fault_kind)k;
    }
    int64_t mean_us = s->faults->profile == FAULTS_STORMY ? 25 * SECOND_US : 70 * SECOND_US;
    while (faults_are_on(s) && !world_is_ending(s->w)) {
        fiber_sleep(s->w, (int64_t)dice_below(d, (uint32_t)(2 * mean_us)));
        if (!faults_are_on(s) || n == 0)
            continue;
        enum fault_kind k = on[dice_below(d, n)];
        if (k == FAULT_RESTART_STORM)
            storm(s, d);
        else
            (void)faults_inject(s, k);
        if (dice_below(d, 2) == 0)
            ease(s, d);
        count_disk(s, &s->hub_machine, &seen[0]);
        for (unsigned i = 0; i < s->cfg.lockers; i++)
            count_disk(s, &s->locker[i].machine, &seen[1 + i]);
    }
    for (unsigned i = 0; i < s->cfg.lockers; i++)
        count_disk(s, &s->locker[i].machine, &seen[1 + i]);
    count_disk(s, &s->hub_machine, &seen[0]);
}

void faults_start(struct site *s)
{
    (void)fiber_new(s->w, "faults", inject_for_ever, s, 0);
}

static void heal_machine(struct site *s, struct machine *m)
{
    heal_disk(m);
    disk_set_hook(m->disk, NULL, NULL);
    m->wall_offset_us = 0;
    m->ntp = true;
    machine_set_drift(s->w, m, 0);
    m->wall_offset_us = 0;
}

void faults_heal(struct site *s)
{
    if (s->faults != NULL)
        s->faults->healed = true;
    heal_machine(s, &s->hub_machine);
    for (unsigned i = 0; i < s->cfg.lockers; i++) {
        struct plant *p = s->locker[i].plant;
        heal_machine(s, &s->locker[i].machine);
        plant_heal(p);
        struct cabinet *c = plant_cabinet(p);
        for (uint16_t a = 0; a < c->layout.doors; a++) {
            while (c->door[a].contact_from != a)
                cabinet_swap_contacts(c, a, c->door[a].contact_from);
            while (c->door[a].strike_to != a)
                cabinet_swap_strikes(c, a, c->door[a].strike_to, world_now_us(s->w));
            c->door[a].lock.jammed = c->door[a].lock.jam_next = c->door[a].lock.weak = false;
        }
        plant_changed(p);
        process_fail_call(s->locker[i].process, OS_MEMORY, PROCESS_CALLS_NEVER);
    }
    process_fail_call(s->hub, OS_MEMORY, PROCESS_CALLS_NEVER);
    broker_heal(s->broker);
    *broker_faults(s->broker) = (struct broker_faults){.latency_us = 5000, .jitter_us = 5000};
    disturb(s, 5 * SECOND_US);
    world_tell(s->w, "fault", "everything is well again");
}
