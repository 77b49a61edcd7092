/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every fault of line and boards at every frame of what people do at a locker, one at a time. A run goes through a
 * scenario; before each request that leaves, it splits once for each fault: the copy suffers it, goes on to the end, is
 * healed, tidied up by staff, and judged. Counts go to build/proof/bus.json, or to the file of the first argument.
 *
 *   test_faults [REPORT.json]              all of it
 *   test_faults --only LINE SCENARIO DOOR FRAME FAULT   one run, told
 */
#include "tests/bus/world.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define ACT_MS 30000
#define LOOK_MS 100
#define HEAL_MS 60000        /* LIV-01 */
#define WRONG_US_MAX 5000000 /* what is believed follows the contact within: three silences of a dead board */
#define COIL_US_MAX 1500000  /* INV-06 */
#define CHILDREN_MAX 2
#define FAULTS_MAX 64
#define ORDER 1

/* ---------------------------------------------------------------- faults */

enum group {
    NO_ANSWER,
    LATE,
    WRONG_UNIT,
    WRONG_FUNCTION,
    WRONG_COUNT,
    WRONG_ECHO,
    EXCEPTION,
    BAD_CRC,
    TRUNCATED,
    GLUED,
    ECHO,
    NOISE,
    REBOOT_OFF,
    REBOOT_ON,
    STUCK_COIL,
    STUCK_SENSOR,
    BOUNCING,
    SWAPPED,
    LOST_MID_PULSE,
    DEAD,
    GROUP_N
};

static const char *const group_names[GROUP_N] = {
    "no answer",           "late answer",        "wrong unit",
    "wrong function",      "wrong count",        "wrong address echo",
    "exception",           "bad checksum",       "truncated",
    "two frames glued",    "echo of request",    "noise before frame",
    "reboot, outputs off", "reboot, outputs on", "stuck coil",
    "stuck sensor",        "bouncing sensor",    "swapped or doubled address",
    "lost mid-pulse",      "dead board",
};

struct fault {
    enum group group;
    char name[40];
    enum line_fault line; /* of the line; else board, see hit */
    uint32_t amount;
    uint8_t board, other;
    uint16_t door;
    int how;
};

static struct fault fault[FAULTS_MAX];
static unsigned faults;

static struct fault *add(enum group group, const char *name)
{
    struct fault *f = &fault[faults++];
    *f = (struct fault){.group = group, .line = LINE_FAULT_N};
    (void)snprintf(f->name, sizeof f->name, "%s", name);
    return f;
}

static void add_line(enum group group, enum line_fault line, uint32_t amount)
{
    struct fault *f = add(group, "");
    f->line = line;
    f->amount = amount;
    (void)snprintf(f->name, sizeof f->name, "%s-%u", line_fault_name(line), amount);
}

static void add_board(enum group group, const char *name, uint8_t board, int how)
{
    struct fault *f = add(group, "");
    f->board = board;
    f->how = how;
    (void)snprintf(f->name, sizeof f->name, "%s-%u", name, board);
}

static void make_line_faults(enum hw_bus_kind kind)
{
    add_line(NO_ANSWER, LINE_DEAF, 0);
    add_line(NO_ANSWER, LINE_SILENT, 0);
    add_line(LATE, LINE_LATE, 60);  /* within the time-out */
    add_line(LATE, LINE_LATE, 200); /* one, two and three polls too late */
    add_line(LATE, LINE_LATE, 350);
    add_line(LATE, LINE_LATE, 480);
    add_line(WRONG_UNIT, LINE_UNIT, 0);
    add_line(WRONG_FUNCTION, LINE_FUNCTION, 0);
    add_line(WRONG_COUNT, LINE_COUNT, 0);
    add_line(WRONG_ECHO, LINE_ADDRESS, 0);
    for (uint32_t code = 1; code <= 11; code++)
        add_line(EXCEPTION, LINE_EXCEPTION, code);
    add_line(TRUNCATED, LINE_SHORT, 1);
    add_line(TRUNCATED, LINE_SHORT, 4);
    add_line(GLUED, LINE_GLUED, 0);
    if (kind != HW_BUS_RTU)
        return;
    add_line(BAD_CRC, LINE_CRC, 0);
    add_line(ECHO, LINE_ECHO, 0);
    add_line(NOISE, LINE_NOISE, 1);
    add_line(NOISE, LINE_NOISE, 7);
}

static void make_board_faults(void)
{
    for (uint8_t b = 0; b < 3; b++) {
        add_board(REBOOT_OFF, "reboot-off", b, 0);
        add_board(DEAD, "dead", b, 0);
        if (b < 2)
            add_board(REBOOT_ON, "reboot-on", b, 0);
    }
    for (int how = BOARD_STUCK_ON; how <= BOARD_STUCK_OFF; how++)
        add(STUCK_COIL, how == BOARD_STUCK_ON ? "coil-welded" : "coil-dead")->how = how;
    for (int how = LOCK_STICK_OPEN; how <= LOCK_STICK_CLOSED; how++) {
        add(STUCK_SENSOR, how == LOCK_STICK_OPEN ? "sensor-open" : "sensor-closed")->how = how;
        struct fault *f = add(STUCK_SENSOR, how == LOCK_STICK_OPEN ? "other-open" : "other-closed");
        f->how = how;
        f->other = 1;
    }
    add(BOUNCING, "bounce")->how = 250000;
    struct fault *f = add(SWAPPED, "swapped-0-1");
    f->other = 1;
    f = add(SWAPPED, "swapped-0-2");
    f->other = 2;
    f = add(SWAPPED, "doubled");
    f->how = 1;
    f->other = 1;
    add(LOST_MID_PULSE, "lost-off")->how = 0;
    add(LOST_MID_PULSE, "lost-hung")->how = 1;
}

/* ---------------------------------------------------------------- the run */

enum scenario { START, LOAD, PICKUP, JAM, INSPECT, SCENARIO_N };
static const char *const scenario_names[SCENARIO_N] = {"start", "load", "pickup", "jam", "inspection"};

struct tally {
    uint64_t injected[GROUP_N], served[GROUP_N], told[GROUP_N];
    uint64_t frames[SCENARIO_N];
    uint64_t runs, failed;
    int64_t longest_wrong_us, longest_coil_us, longest_stray_us;
};

static struct run {
    enum hw_bus_kind kind;
    enum scenario scenario;
    uint16_t door; /* that it is about */
    bool exploring, is_copy, told;
    uint64_t first_frame;
    const struct fault *fault; /* NULL: none */
    unsigned children;
    struct tally *tally; /* shared with the copies */
    struct {
        bool on;
        uint64_t frame;
        const char *fault;
    } only;
} run;

static struct sim_cabinet *cab(void)
{
    return &world->cabinet;
}

static const struct layout_door *place(void)
{
    return &cab()->layout.door[run.door];
}

static void swap_units(const struct fault *f)
{
    uint8_t unit = cab()->board[f->board].board.unit;
    if (f->how == 0)
        cab()->board[f->board].board.unit = cab()->board[f->other].board.unit;
    cab()->board[f->other].board.unit = unit;
}

static void damage_next(const struct fault *f)
{
    const struct line_rule rule = {.used = true,
                                   .fault = f->line,
                                   .bus = LINE_ANY,
                                   .board = LINE_ANY,
                                   .left = 1,
                                   .permille = 1000,
                                   .amount = f->amount};
    if (line_add(&cab()->line, &rule) != ERR_OK)
        abort();
}

static void suffer(const struct fault *f)
{
    struct sim_cabinet_door *d = &cab()->door[f->other == 1 ? run.door ^ 1u : run.door];
    struct board *b = &cab()->board[f->board].board;
    world_story("FAULT %s", f->name);
    switch (f->group) {
    case REBOOT_OFF:
    case REBOOT_ON:
        board_reboot(b, f->group == REBOOT_ON, world->now_us);
        break;
    case DEAD:
        board_set_power(b, BOARD_OFF);
        break;
    case STUCK_COIL:
        board_stick(&cab()->board[place()->board].board, place()->channel, (enum board_stuck)f->how);
        break;
    case STUCK_SENSOR:
        /* A contact that says "open" and later "closed" of a door that never moved: beyond what a program can see. */
        if (run.scenario == JAM && f->how == LOCK_STICK_OPEN)
            world->bed.g->excused[run.door] = true;
        d->lock.stick = (enum lock_stick)f->how;
        break;
    case BOUNCING:
        cab()->door[run.door].lock.bounce_us = (uint32_t)f->how;
        break;
    case SWAPPED:
        swap_units(f);
        break;
    case LOST_MID_PULSE:
        cab()->board[place()->board].board.lose_us = 150000;
        cab()->board[place()->board].board.lost_keeps = f->how == 1;
        break;
    case NO_ANSWER:
    case LATE:
    case WRONG_UNIT:
    case WRONG_FUNCTION:
    case WRONG_COUNT:
    case WRONG_ECHO:
    case EXCEPTION:
    case BAD_CRC:
    case TRUNCATED:
    case GLUED:
    case ECHO:
    case NOISE:
        damage_next(f);
        break;
    case GROUP_N:
        break;
    }
    cabinet_board_changed(cab(), world->now_us);
}

static void reap(void)
{
    int status;
    if (wait(&status) < 0)
        abort();
    run.children--;
    run.tally->failed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static bool is_write(const uint8_t *bytes)
{
    return bytes[1] == 5 || bytes[1] == 6;
}

static bool applies(const struct fault *f, const uint8_t *bytes)
{
    return f->group != WRONG_ECHO || is_write(bytes);
}

/* Splits the run: one copy for each fault. */
static void on_frame(void *arg, const uint8_t *bytes, size_t len)
{
    (void)arg;
    (void)len;
    uint64_t frame = world->frames - run.first_frame;
    if (world->story)
        world_story("frame %llu: %02x %02x %02x%02x %02x%02x", (unsigned long long)frame, bytes[0], bytes[1], bytes[2],
                    bytes[3], bytes[4], bytes[5]);
    if (!run.exploring)
        return;
    if (run.only.on) {
        for (unsigned i = 0; i < faults; i++) {
            if (frame == run.only.frame && strcmp(fault[i].name, run.only.fault) == 0) {
                run.fault = &fault[i];
                suffer(run.fault);
            }
        }
        return;
    }
    run.tally->frames[run.scenario]++;
    for (unsigned i = 0; i < faults; i++) {
        if (!applies(&fault[i], bytes))
            continue;
        if (run.children == CHILDREN_MAX)
            reap();
        pid_t pid = fork();
        if (pid < 0)
            abort();
        if (pid == 0) {
            run.exploring = false;
            run.is_copy = true;
            run.children = 0;
            run.fault = &fault[i];
            run.only.frame = frame;
            suffer(run.fault);
            return;
        }
        run.children++;
        run.tally->runs++;
    }
}

/* ---------------------------------------------------------------- people */

static void shut_all(void)
{
    for (uint16_t i = 0; i < cab()->layout.doors; i++)
        if (world_is_open(i))
            world_shut(i);
}

static struct token voucher(void)
{
    struct token t = bed_voucher(&world->bed, ORDER, 1);
    t.u.voucher.size = run.door < 2 ? TOKEN_SIZE_S : TOKEN_SIZE_M;
    return t;
}

static bool is_full(uint16_t door)
{
    return world->bed.g->content[door].full;
}

/* Which door the session is about; the first when there is none. */
static uint16_t named(void)
{
    unsigned number = locker_screen(world->bed.l)->number;
    return (uint16_t)(number == 0 ? 0 : number - 1);
}

/* Looks again and again and does what a sensible person would, until done() or nobody has patience any more. */
static void attend(void (*look)(unsigned patience), world_fn done)
{
    for (unsigned n = 0; n < ACT_MS / LOOK_MS && !done(); n++) {
        (void)world_run(LOOK_MS, NULL);
        look(n);
    }
}

/* In the end staff presses the key for help, and leaves. */
static void give_up(void)
{
    if (staff_is_entered(&world->bed.l->staff) && world->bed.l->staff.state != STAFF_MENU)
        world_key(EVENT_KEY_HELP);
}

static bool in_menu(void)
{
    return world_screen() == SCREEN_STAFF_MENU || world_screen() == SCREEN_START;
}

static unsigned open_for; /* looks that a door stood open without the screen saying so */

static void look_loading(unsigned n)
{
    uint16_t door = named();
    (void)n;
    switch ((unsigned)world_screen()) {
    case SCREEN_STAFF_LOAD_OPEN:
        if (world_is_open(door) && !is_full(door))
            world_put(door, ORDER);
        else
            shut_all();
        break;
    case SCREEN_STAFF_LOAD_LABEL:
        shut_all();
        world_scan(bed_label(&world->bed, door));
        break;
    case SCREEN_STAFF_JAM:
        world_key(EVENT_KEY_OK);
        break;
    default:
        open_for = world_any_open(&door) ? open_for + 1 : 0;
        if (open_for > 30)
            shut_all();
    }
}

static void load(void)
{
    world_login();
    world_scan(voucher());
    attend(look_loading, in_menu);
    give_up();
}

static void look_collecting(unsigned n)
{
    uint16_t door = named();
    switch ((unsigned)world_screen()) {
    case SCREEN_OPEN:
    case SCREEN_CLOSE:
        if (world_is_open(door) && is_full(door))
            world_take(door);
        else
            shut_all();
        break;
    case SCREEN_JAM:
        if (run.scenario == JAM && locker_screen(world->bed.l)->step >= 2)
            cab()->door[run.door].lock.jammed = false;
        world_key(EVENT_KEY_OK);
        break;
    case SCREEN_DOORS:
        run.told = true;
        shut_all();
        break;
    case SCREEN_HELP:
    case SCREEN_ASK:
        run.told = true;
        shut_all();
        break;
    case SCREEN_REFUSED:
        run.told = true;
        break;
    case SCREEN_START:
        shut_all();
        if (n == 100 || n == 200)
            bed_code(ORDER, world->bed.secret), world_type(world->bed.secret);
        break;
    default:
        open_for = world_any_open(&door) ? open_for + 1 : 0;
        if (open_for > 30)
            shut_all();
    }
}

static bool is_collected(void)
{
    const struct order *o = bed_order(&world->bed, ORDER);
    return o == NULL || o->state == ORDER_DONE;
}

static void collect(void)
{
    bed_code(ORDER, world->bed.secret);
    world_type(world->bed.secret);
    attend(look_collecting, is_collected);
}

static void look_inspecting(unsigned n)
{
    uint16_t door = named();
    (void)n;
    switch ((unsigned)world_screen()) {
    case SCREEN_STAFF_INSPECT_OPEN:
        shut_all();
        break;
    case SCREEN_STAFF_INSPECT_ASK:
        shut_all();
        if (is_full(door))
            world_scan(voucher());
        else
            world_type("1");
        break;
    case SCREEN_STAFF_JAM:
        world_key(EVENT_KEY_OK);
        break;
    default:
        open_for = world_any_open(&door) ? open_for + 1 : 0;
        if (open_for > 30)
            shut_all();
    }
}

static void inspect(uint16_t door)
{
    world_scan(bed_label(&world->bed, door));
    attend(look_inspecting, in_menu);
    give_up();
}

/* ---------------------------------------------------------------- scenarios */

static bool is_ready(void)
{
    return world->ready;
}

static bool all_known(void)
{
    for (uint16_t i = 0; i < cab()->layout.doors; i++)
        if ((locker_contact(world->bed.l, i) == HW_DOOR_OPEN) != world_is_open(i) ||
            locker_contact(world->bed.l, i) == HW_DOOR_UNKNOWN)
            return false;
    return true;
}

static void before(void)
{
    if (run.scenario == START)
        return;
    (void)world_run(10000, is_ready);
    (void)world_run(1000, NULL);
    if (run.scenario == INSPECT) {
        cabinet_open_door(cab(), run.door, LOCK_BY_FORCE, world->now_us);
        (void)world_run(2000, NULL);
        world_shut(run.door);
        (void)world_run(1000, NULL);
    }
    if (run.scenario == PICKUP || run.scenario == JAM) {
        load();
        world_logout();
        (void)world_run(2000, NULL);
        cab()->door[run.door].lock.jammed = run.scenario == JAM;
    }
    world->told = 0;
}

static void act(void)
{
    switch (run.scenario) {
    case START:
        (void)world_run(15000, is_ready);
        (void)world_run(1500, NULL);
        break;
    case LOAD:
        load();
        break;
    case PICKUP:
    case JAM:
        collect();
        break;
    case INSPECT:
        world_login();
        inspect(run.door);
        break;
    case SCENARIO_N:
        break;
    }
}

static bool is_served(void)
{
    const struct order *o = bed_order(&world->bed, ORDER);
    enum compartment_state s = world->bed.l->compartment[run.door].state;
    switch (run.scenario) {
    case START:
        return world->ready && all_known();
    case LOAD:
        return s == COMPARTMENT_LOADED && o != NULL && o->state == ORDER_READY && is_full(run.door);
    case PICKUP:
    case JAM:
        return s == COMPARTMENT_TAKEN && !is_full(run.door);
    case INSPECT:
        return s == COMPARTMENT_FREE;
    case SCENARIO_N:
        break;
    }
    return false;
}

/* ---------------------------------------------------------------- the end of a run */

static void heal(void)
{
    static const uint8_t units[] = {1, 3, 4};
    line_clear(&cab()->line);
    for (uint8_t i = 0; i < cab()->layout.boards; i++) {
        struct board *b = &cab()->board[i].board;
        for (unsigned k = 0; k < BOARD_CHANNELS; k++)
            board_stick(b, k, BOARD_STUCK_FREE);
        b->lose_us = 0;
        b->lost_us = BOARD_NEVER;
        b->unit = units[i];
        if (b->power != BOARD_ON && b->boot_us == BOARD_NEVER)
            board_set_power(b, BOARD_ON);
    }
    for (uint16_t i = 0; i < cab()->layout.doors; i++) {
        cab()->door[i].lock.stick = LOCK_STICK_OFF;
        cab()->door[i].lock.bounce_us = 0;
        cab()->door[i].lock.jammed = false;
    }
    cabinet_board_changed(cab(), world->now_us);
}

static bool boards_answer(void)
{
    for (uint8_t i = 0; i < world->bed.l->cabinet.boards; i++) {
        enum hw_board_state s = world->bed.l->board[i].state;
        if (s != HW_BOARD_OK && s != HW_BOARD_STOPPED)
            return false;
    }
    return true;
}

/* Until a door stays shut: a strike may still have current. */
static bool is_settled(void)
{
    shut_all();
    return world->ready && boards_answer() && all_known() && world->cabinet.coils_now == 0;
}

static bool needs_care(uint16_t door)
{
    const struct compartment *c = &world->bed.l->compartment[door];
    const struct order *o = bed_order(&world->bed, ORDER);
    bool unsure = c->state == COMPARTMENT_LOADED && o != NULL && o->state != ORDER_READY;
    return compartment_needs_people(c) || unsure;
}

/* Staff comes and looks into what needs it; a bag that may not stay is taken out the next time. */
static void take_care(void)
{
    if (world_screen() != SCREEN_START)
        world_logout();
    if (world_screen() != SCREEN_START)
        (void)world_run(PICKUP_IDLE_MS + 1000, NULL);
    world_login();
    for (unsigned round = 0; round < 4; round++) {
        for (uint16_t i = 0; i < cab()->layout.doors; i++) {
            for (unsigned n = 0; n < 3 && needs_care(i); n++) {
                if (n > 0 && is_full(i) && world_notice() != SCREEN_NOTICE_RELEASED)
                    world_take(i); /* into the hand of staff, with the next look */
                inspect(i);
                (void)world_run(2000, NULL);
            }
        }
    }
    for (uint8_t i = 0; i < world->bed.l->cabinet.boards; i++)
        (void)hw_board_release(world->hw, i);
    world_logout();
    (void)world_run(1000, NULL);
}

static bool at_rest(uint16_t door)
{
    const struct compartment *c = &world->bed.l->compartment[door];
    const struct order *o = bed_order(&world->bed, ORDER);
    if (is_full(door) && !world->bed.g->excused[door])
        return c->state == COMPARTMENT_LOADED && c->bound && o != NULL && o->state == ORDER_READY;
    return compartment_is_offered(c);
}

static bool outputs_may_stay(void)
{
    if (run.fault == NULL)
        return false;
    return run.fault->group == REBOOT_ON || run.fault->group == STUCK_COIL ||
           (run.fault->group == LOST_MID_PULSE && run.fault->how == 1);
}

static void judge_cabinet(void)
{
    bool by_itself = run.fault != NULL && run.fault->group == REBOOT_ON;
    /* At an address that changed hands the simulator judges by the board that answers there now. */
    bool other_board = run.fault != NULL && run.fault->group == SWAPPED;
    for (unsigned d = BOARD_DANGER_NONE + 1; d < BOARD_DANGER_N && !other_board; d++)
        if (cab()->danger[d] != 0)
            world_violate("a dangerous frame: %s", board_danger_name((enum board_danger)d));
    for (uint16_t i = 0; i < cab()->layout.doors; i++) {
        if (!by_itself && world->energised[i] > world->intended[i])
            world_violate("door %u got current %u times, intended %u", i, world->energised[i], world->intended[i]);
        int64_t coil_us = lock_longest_us(&cab()->door[i].lock, world->now_us);
        if (!outputs_may_stay() && coil_us > COIL_US_MAX)
            world_violate("door %u had current for %lld ms", i, (long long)coil_us / 1000);
        int64_t *longest = outputs_may_stay() ? &run.tally->longest_stray_us : &run.tally->longest_coil_us;
        *longest = coil_us > *longest ? coil_us : *longest;
    }
    if (world->pulse_frames > world->pulses_leased)
        world_violate("%u pulse frames for %u leases", world->pulse_frames, world->pulses_leased);
    if (!outputs_may_stay() && cab()->coils_peak > 1)
        world_violate("%u strikes had current at the same time", cab()->coils_peak);
    if (world->longest_wrong_us > WRONG_US_MAX)
        world_violate("what was believed of a door was wrong for %lld ms", (long long)world->longest_wrong_us / 1000);
    if (world->longest_wrong_us > run.tally->longest_wrong_us)
        run.tally->longest_wrong_us = world->longest_wrong_us;
}

static void finish(void)
{
    bool served = is_served();
    bool told = run.told || world->told > 0 || (!in_menu() && world_screen() != SCREEN_START) ||
                (world_screen() == SCREEN_STAFF_MENU && world_notice() != SCREEN_NOTICE_NONE);
    world_story("served %d told %d", served, told);
    heal();
    if (!world_run(HEAL_MS, is_settled))
        world_violate("not every board and door is known %d s after the fault was gone", HEAL_MS / 1000);
    (void)world_run(1500, NULL);
    if (!is_served() && !told && world->told == 0)
        world_violate("neither served nor told");
    if (run.fault == NULL && !served)
        world_violate("not served, without any fault");
    bool care = false;
    for (uint16_t i = 0; i < cab()->layout.doors; i++)
        care = care || needs_care(i);
    if (care)
        take_care();
    for (uint16_t i = 0; i < cab()->layout.doors; i++)
        if (!at_rest(i))
            world_violate("door %u cannot be brought to rest: %s, %s", i,
                          compartment_state_name(world->bed.l->compartment[i].state),
                          is_full(i) ? "with a bag" : "empty");
    judge_cabinet();
    enum group g = run.fault == NULL ? GROUP_N : run.fault->group;
    if (g < GROUP_N) {
        run.tally->injected[g]++;
        run.tally->served[g] += served;
        run.tally->told[g] += !served;
    }
}

static const char *line_name(void)
{
    return run.kind == HW_BUS_RTU ? "rtu" : "tcp";
}

static void explore(enum hw_bus_kind kind, enum scenario scenario, uint16_t door)
{
    const struct world_cfg cfg = {.kind = kind, .baud = 4800};
    run.kind = kind;
    run.scenario = scenario;
    run.door = door;
    run.told = false;
    run.fault = NULL;
    open_for = 0;
    faults = 0;
    make_line_faults(kind);
    make_board_faults();
    world_open(&cfg);
    world->story = run.only.on;
    world->on_frame = on_frame;
    before();
    run.first_frame = world->frames;
    run.exploring = true;
    act();
    run.exploring = false;
    while (run.children > 0)
        reap();
    finish();
    if (world->violation[0] != '\0') {
        (void)fflush(stdout);
        (void)fprintf(stderr, "FAILED: %s; reproduce: --only %s %s %u %llu %s\n", world->violation, line_name(),
                      scenario_names[scenario], door, (unsigned long long)run.only.frame,
                      run.fault == NULL ? "none" : run.fault->name);
        run.tally->failed += !run.is_copy;
    }
    if (run.is_copy)
        _exit(world->violation[0] != '\0');
    world_close();
}

/* ---------------------------------------------------------------- report */

static int report(const char *path)
{
    const struct tally *t = run.tally;
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return 1;
    int missing = 0;
    (void)fprintf(f, "{\n  \"runs\": %llu,\n  \"failed\": %llu,\n  \"frames\": {", (unsigned long long)t->runs,
                  (unsigned long long)t->failed);
    for (unsigned i = 0; i < SCENARIO_N; i++)
        (void)fprintf(f, "%s\"%s\": %llu", i == 0 ? "" : ", ", scenario_names[i], (unsigned long long)t->frames[i]);
    (void)fprintf(f, "},\n  \"longest_wrong_belief_ms\": %lld,\n  \"longest_current_ms\": %lld,\n  \"faults\": {\n",
                  (long long)t->longest_wrong_us / 1000, (long long)t->longest_coil_us / 1000);
    for (unsigned i = 0; i < GROUP_N; i++) {
        (void)fprintf(f, "    \"%s\": {\"injected\": %llu, \"served\": %llu, \"staff_told\": %llu}%s\n", group_names[i],
                      (unsigned long long)t->injected[i], (unsigned long long)t->served[i],
                      (unsigned long long)t->told[i], i + 1 < GROUP_N ? "," : "");
        missing += t->injected[i] == 0;
    }
    (void)fprintf(f, "  }\n}\n");
    return fclose(f) != 0 || missing > 0;
}

static int explore_one(char **argv)
{
    run.only.on = true;
    run.only.frame = strtoull(argv[3], NULL, 10);
    run.only.fault = argv[4];
    for (unsigned s = 0; s < SCENARIO_N; s++)
        if (strcmp(argv[1], scenario_names[s]) == 0)
            explore(strcmp(argv[0], "tcp") == 0 ? HW_BUS_TCP : HW_BUS_RTU, (enum scenario)s,
                    (uint16_t)strtoul(argv[2], NULL, 10));
    return run.tally->failed != 0;
}

/* Locks of one board on one line and of two boards on the other, unless there is time for all. */
static bool is_wanted(unsigned line, enum scenario scenario, uint16_t door)
{
    bool is_long = getenv("MEDLOCKER_LONG") != NULL;
    return scenario == START ? door == 0 : is_long || door == (line + scenario) % 2 * 2;
}

int main(int argc, char **argv)
{
    run.tally = mmap(NULL, sizeof *run.tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (run.tally == MAP_FAILED || sodium_init() < 0)
        return 1;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 7 && strcmp(argv[1], "--only") == 0)
        return explore_one(argv + 2);
    static const enum hw_bus_kind kinds[] = {HW_BUS_RTU, HW_BUS_TCP};
    unsigned n = 0, bad = 0;
    for (unsigned k = 0; k < 2; k++) {
        for (unsigned s = 0; s < SCENARIO_N; s++) {
            for (uint16_t door = 0; door < 4; door = (uint16_t)(door + 2)) {
                if (!is_wanted(k, (enum scenario)s, door))
                    continue;
                uint64_t before_runs = run.tally->runs, before_failed = run.tally->failed;
                explore(kinds[k], (enum scenario)s, door);
                bool ok = run.tally->failed == before_failed && run.tally->runs > before_runs;
                (void)printf("%s %u - %s %s door %u: %llu runs\n", ok ? "ok" : "not ok", ++n, line_name(),
                             scenario_names[s], door, (unsigned long long)(run.tally->runs - before_runs));
                bad += !ok;
            }
        }
    }
    int missing = report(argc > 1 ? argv[1] : "build/proof/bus.json");
    (void)printf("%s %u - every fault was injected\n", missing == 0 ? "ok" : "not ok", ++n);
    return bad > 0 || missing > 0;
}
