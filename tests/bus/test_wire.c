/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface of hw used in every wrong way at once, on a bad line with boards that come and go: whatever is asked
 * for, in any order, the frames that leave are reads and "off" of the profiles, and pulses that somebody asked for:
 * that lock, once, in time. Judged here from the bytes alone, without the tables of the firewall.
 */
#include "tests/bus/world.h"

#define STEPS 4000
#define LEASE_US 2000000

static struct {
    bool used;
    uint16_t door;
    uint64_t intent;
    int64_t at_us;
} lease;

static uint64_t last_asked;  /* highest intent of a pulse that hw took on */
static uint64_t last_pulsed; /* intent of the last pulse that left */

static uint64_t frames, pulses, submitted, refused;

static struct dice dice;

static bool is_lease_for(uint16_t door)
{
    bool good =
        !lease.used && lease.intent > last_pulsed && lease.door == door && world->now_us - lease.at_us <= LEASE_US;
    lease.used = true;
    last_pulsed = lease.intent;
    pulses++;
    return good;
}

static const char *judge(const uint8_t *b)
{
    unsigned address = (unsigned)b[2] << 8 | b[3], value = (unsigned)b[4] << 8 | b[5];
    if (b[0] != 1 && b[0] != 3 && b[0] != 4)
        return "a unit that is not there";
    if (b[1] >= 1 && b[1] <= 4)
        return value >= 1 && value <= 8 ? NULL : "a read of another size";
    if (b[0] == 1 && b[1] == 5 && address < 8)
        return value == 0 ? NULL : "a coil switched on without a timer";
    if (b[0] == 1 && b[1] == 5 && address >= 0x200 && address < 0x208)
        return value < 1 || value > 15 || !is_lease_for((uint16_t)(address - 0x200)) ? "a pulse without a lease" : NULL;
    if (b[0] == 3 && b[1] == 6 && address >= 1 && address <= 8 && value == 0x200)
        return NULL;
    if (b[0] == 3 && b[1] == 6 && address >= 1 && address <= 8 && value == 0x500)
        return is_lease_for((uint16_t)(address + 1)) ? NULL : "a pulse without a lease";
    return "a frame that no profile has";
}

static void on_frame(void *arg, const uint8_t *bytes, size_t len)
{
    (void)arg;
    frames++;
    const char *wrong = len == 6 ? judge(bytes) : "a frame of another length";
    if (wrong != NULL)
        world_violate("%s: %02x %02x %02x%02x %02x%02x", wrong, bytes[0], bytes[1], bytes[2], bytes[3], bytes[4],
                      bytes[5]);
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)dice_below(&dice, n);
}

/* Intents rise as a rule, and sometimes repeat or fall. */
static void submit(void)
{
    uint64_t last = last_asked;
    uint64_t intent = below(5) == 0 ? (last > 3 ? last - below(4) : 0) : last + 1 + below(3);
    struct hw_pulse p = {.id = intent, .intent = intent, .door = (uint16_t)below(6)};
    submitted++;
    if (hw_submit_pulse(world->hw, &p) != ERR_OK) {
        refused++;
        return;
    }
    lease.used = false;
    lease.intent = intent;
    lease.door = p.door;
    lease.at_us = world->now_us;
    last_asked = intent > last ? intent : last;
}

static void damage(void)
{
    const struct line_rule rule = {.used = true,
                                   .fault = (enum line_fault)below(LINE_FAULT_N),
                                   .bus = LINE_ANY,
                                   .board = LINE_ANY,
                                   .left = 1 + below(4),
                                   .permille = 300 + below(700),
                                   .amount = 1 + below(11)};
    if (line_add(&world->cabinet.line, &rule) != ERR_OK)
        line_clear(&world->cabinet.line);
}

static void disturb_board(void)
{
    struct board *b = &world->cabinet.board[below(3)].board;
    unsigned how = below(6);
    if (how == 0)
        board_reboot(b, below(2) == 0, world->now_us);
    else if (how == 1)
        board_set_power(b, (enum board_power)below(3));
    else if (how == 2)
        board_stick(b, below(8), (enum board_stuck)below(3));
    else
        board_set_power(b, BOARD_ON);
    cabinet_board_changed(&world->cabinet, world->now_us);
}

static void step(void)
{
    unsigned what = below(100);
    uint16_t door = (uint16_t)below(4);
    if (what < 50)
        submit();
    else if (what < 60)
        hw_watch(world->hw, (uint16_t)below(6), world->now_us / 1000 + below(20000));
    else if (what < 70)
        (void)hw_board_release(world->hw, (uint8_t)below(5));
    else if (what < 80)
        damage();
    else if (what < 84)
        disturb_board();
    else if (what < 90)
        cabinet_open_door(&world->cabinet, door, LOCK_BY_FORCE, world->now_us);
    else
        world_shut(door);
    (void)world_run(below(4) == 0 ? below(3000) : below(200), NULL);
}

static bool run(uint64_t seed, enum hw_bus_kind kind)
{
    const struct world_cfg cfg = {.kind = kind, .baud = 19200};
    dice_seed(&dice, seed);
    memset(&lease, 0, sizeof lease);
    lease.used = true;
    last_asked = last_pulsed = 0;
    world_open(&cfg);
    world->on_frame = on_frame;
    (void)world_run(3000, NULL);
    for (unsigned i = 0; i < STEPS && world->violation[0] == '\0'; i++)
        step();
    bool good = world->violation[0] == '\0';
    if (!good)
        (void)fprintf(stderr, "FAILED seed %llu: %s\n", (unsigned long long)seed, world->violation);
    world_close();
    return good;
}

int main(int argc, char **argv)
{
    unsigned long first = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    unsigned long last = argc > 2 ? strtoul(argv[2], NULL, 10) : argc > 1 ? first : first + 19;
    unsigned bad = 0;
    if (sodium_init() < 0)
        return 1;
    for (unsigned long seed = first; seed <= last; seed++)
        bad += !run(seed, seed % 2 == 0 ? HW_BUS_TCP : HW_BUS_RTU);
    (void)printf("%s 1 - no frame that nobody may send: seeds %lu to %lu, %llu frames, %llu pulses of %llu asked for\n",
                 bad == 0 ? "ok" : "not ok", first, last, (unsigned long long)frames, (unsigned long long)pulses,
                 (unsigned long long)submitted);
    (void)printf("%s 2 - some pulses left, and some were refused\n", pulses > 100 && refused > 100 ? "ok" : "not ok");
    return bad > 0;
}
