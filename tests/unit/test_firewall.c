/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/num.h"
#include "hw/firewall.h"
#include "hw/profile.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MS 1000
#define WAVESHARE 1
#define R4D 3
#define DI8 4
#define XY 5
#define FUZZ_CASES 2000000

struct line {
    uint8_t bytes[6];
};

static struct line line(unsigned unit, unsigned function, unsigned address, unsigned value)
{
    return (struct line){{(uint8_t)unit, (uint8_t)function, (uint8_t)(address >> 8), (uint8_t)(address & 0xffU),
                          (uint8_t)(value >> 8), (uint8_t)(value & 0xffU)}};
}

static enum firewall_verdict check(struct firewall *fw, struct line l, int64_t now_us)
{
    return firewall_check(fw, l.bytes, sizeof l.bytes, now_us);
}

static int load(void **state)
{
    static const struct {
        uint8_t unit;
        const char *name;
    } boards[] = {{WAVESHARE, "waveshare-d"}, {R4D, "r4d-fc06"}, {DI8, "di8-fc02"}, {XY, "xy-md02"}};
    struct firewall *fw = malloc(sizeof *fw);
    assert_non_null(fw);
    firewall_init(fw);
    for (size_t i = 0; i < LEN(boards); i++) {
        struct profile p;
        struct firewall_shape shapes[FIREWALL_SHAPES_MAX];
        assert_int_equal(profile_load(&p, "hw/profiles", boards[i].name, NULL), ERR_OK);
        assert_int_equal(firewall_add_unit(fw, boards[i].unit, shapes, profile_shapes(&p, shapes)), ERR_OK);
    }
    *state = fw;
    return 0;
}

static int unload(void **state)
{
    free(*state);
    return 0;
}

/* Written down by hand from the boards' manuals, not from the profiles: the only frames that are harmless. */
static bool is_harmless(const uint8_t *b)
{
    unsigned unit = b[0], function = b[1], address = (unsigned)b[2] << 8 | b[3], value = (unsigned)b[4] << 8 | b[5];
    switch (unit) {
    case WAVESHARE:
        return (function == 1 && address == 0 && value == 8) || (function == 2 && address == 0 && value == 8) ||
               (function == 3 && address == 0x4000 && value == 1) || (function == 5 && address < 8 && value == 0);
    case R4D:
        return (function == 3 && address == 1 && value == 8) || (function == 3 && address == 0xfe && value == 1) ||
               (function == 6 && address >= 1 && address <= 8 && value == 0x0200);
    case DI8:
        return (function == 2 && address == 0 && value == 8) || (function == 3 && address == 0xfe && value == 1);
    case XY:
        return (function == 4 && address == 1 && value == 2) || (function == 3 && address == 0x101 && value == 1);
    default:
        return false;
    }
}

static bool is_pulse(const uint8_t *b, unsigned lock)
{
    unsigned unit = b[0], function = b[1], address = (unsigned)b[2] << 8 | b[3], value = (unsigned)b[4] << 8 | b[5];
    if (unit == WAVESHARE)
        return function == 5 && address == 0x200 + lock && value >= 1 && value <= 15;
    return unit == R4D && function == 6 && address == 1 + lock && value == 0x0500;
}

static void reads_of_the_profile_pass_without_a_lease(void **state)
{
    struct firewall *fw = *state;
    static const unsigned row[][4] = {{1, 1, 0, 8}, {1, 2, 0, 8},    {1, 3, 0x4000, 1}, {3, 3, 1, 8},
                                      {4, 2, 0, 8}, {3, 3, 0xfe, 1}, {5, 4, 1, 2},      {5, 3, 0x101, 1}};
    for (size_t i = 0; i < LEN(row); i++)
        assert_int_equal(check(fw, line(row[i][0], row[i][1], row[i][2], row[i][3]), 0), FIREWALL_PASS);
    assert_int_equal(fw->passed, LEN(row));
    assert_int_equal(firewall_refusals(fw), 0);
}

static void switching_one_lock_off_always_passes(void **state)
{
    struct firewall *fw = *state;
    for (unsigned n = 0; n < 8; n++) {
        assert_int_equal(check(fw, line(WAVESHARE, 5, n, 0), 0), FIREWALL_PASS);
        assert_int_equal(check(fw, line(R4D, 6, 1 + n, 0x0200), 0), FIREWALL_PASS);
    }
}

static void pulse_needs_a_lease_for_this_lock(void **state)
{
    struct firewall *fw = *state;
    assert_int_equal(check(fw, line(WAVESHARE, 5, 0x202, 5), 0), FIREWALL_NO_LEASE);
    assert_int_equal(firewall_grant(fw, WAVESHARE, 2, 1, 0), ERR_OK);
    assert_int_equal(check(fw, line(WAVESHARE, 5, 0x203, 5), 0), FIREWALL_NO_LEASE);
    assert_int_equal(check(fw, line(R4D, 6, 3, 0x0500), 0), FIREWALL_NO_LEASE);
    assert_int_equal(check(fw, line(WAVESHARE, 5, 0x202, 5), 0), FIREWALL_PASS);
}

static void lease_is_used_once(void **state)
{
    struct firewall *fw = *state;
    assert_int_equal(firewall_grant(fw, R4D, 7, 1, 0), ERR_OK);
    assert_int_equal(check(fw, line(R4D, 6, 8, 0x0500), 0), FIREWALL_PASS);
    assert_int_equal(check(fw, line(R4D, 6, 8, 0x0500), 0), FIREWALL_NO_LEASE);
}

static void lease_lasts_two_seconds(void **state)
{
    struct firewall *fw = *state;
    assert_int_equal(firewall_grant(fw, R4D, 0, 1, 1000 * MS), ERR_OK);
    assert_int_equal(check(fw, line(R4D, 6, 1, 0x0500), 3001 * MS), FIREWALL_LATE_LEASE);
    assert_int_equal(check(fw, line(R4D, 6, 1, 0x0500), 2000 * MS), FIREWALL_NO_LEASE);
    assert_int_equal(firewall_grant(fw, R4D, 0, 2, 1000 * MS), ERR_OK);
    assert_int_equal(check(fw, line(R4D, 6, 1, 0x0500), 3000 * MS), FIREWALL_PASS);
    assert_int_equal(firewall_grant(fw, R4D, 0, 3, 1000 * MS), ERR_OK);
    assert_int_equal(check(fw, line(R4D, 6, 1, 0x0500), 999 * MS), FIREWALL_LATE_LEASE);
}

static void intent_grants_once_and_only_upwards(void **state)
{
    struct firewall *fw = *state;
    assert_int_equal(firewall_grant(fw, R4D, 0, 0, 0), ERR_REPLAY);
    assert_int_equal(firewall_grant(fw, R4D, 0, 7, 0), ERR_OK);
    assert_int_equal(firewall_grant(fw, R4D, 0, 7, 0), ERR_REPLAY);
    assert_int_equal(firewall_grant(fw, R4D, 0, 6, 0), ERR_REPLAY);
    assert_int_equal(firewall_grant(fw, R4D, 0, 8, 0), ERR_OK);
}

static void lease_for_what_is_no_lock_is_refused(void **state)
{
    struct firewall *fw = *state;
    assert_int_equal(firewall_grant(fw, R4D, 8, 1, 0), ERR_NOT_FOUND);
    assert_int_equal(firewall_grant(fw, DI8, 0, 1, 0), ERR_NOT_FOUND);
    assert_int_equal(firewall_grant(fw, 9, 0, 1, 0), ERR_NOT_FOUND);
    assert_int_equal(firewall_grant(fw, 0, 0, 1, 0), ERR_NOT_FOUND);
    assert_int_equal(firewall_grant(fw, R4D, 0, 1, 0), ERR_OK); /* a refused grant does not use the intent up */
}

static void revoked_lease_is_gone(void **state)
{
    struct firewall *fw = *state;
    assert_int_equal(firewall_grant(fw, R4D, 0, 1, 0), ERR_OK);
    firewall_revoke(fw);
    assert_int_equal(check(fw, line(R4D, 6, 1, 0x0500), 0), FIREWALL_NO_LEASE);
    firewall_unsent(fw);
    assert_int_equal(check(fw, line(R4D, 6, 1, 0x0500), 0), FIREWALL_NO_LEASE);
}

static void lease_of_a_frame_that_did_not_leave_is_there_again(void **state)
{
    struct firewall *fw = *state;
    assert_int_equal(firewall_grant(fw, R4D, 0, 1, 0), ERR_OK);
    assert_int_equal(check(fw, line(R4D, 6, 1, 0x0500), 0), FIREWALL_PASS);
    firewall_unsent(fw);
    firewall_unsent(fw);
    assert_int_equal(check(fw, line(R4D, 6, 1, 0x0500), 0), FIREWALL_PASS);
    /* Another frame went out in between: it was the last one that passed. */
    assert_int_equal(check(fw, line(DI8, 2, 0, 8), 0), FIREWALL_PASS);
    firewall_unsent(fw);
    assert_int_equal(check(fw, line(R4D, 6, 1, 0x0500), 0), FIREWALL_NO_LEASE);
}

static void dangerous_frames_never_pass(void **state)
{
    struct firewall *fw = *state;
    static const unsigned row[][4] = {
        {0, 5, 0x200, 5},
        {0, 6, 1, 0x0500},
        {0, 1, 0, 8},
        {WAVESHARE, 5, 0x00ff, 0xff00},
        {WAVESHARE, 5, 0xff, 0},
        {WAVESHARE, 5, 0, 0x5500},
        {WAVESHARE, 5, 0x00ff, 0x5500},
        {WAVESHARE, 5, 0x0400, 5},
        {WAVESHARE, 5, 0x2ff, 5},
        {WAVESHARE, 6, 0x4000, 2},
        {WAVESHARE, 6, 0x2000, 5},
        {WAVESHARE, 15, 0, 8},
        {WAVESHARE, 16, 0, 8},
        {R4D, 6, 0, 0x0700},
        {R4D, 6, 0, 0x0800},
        {R4D, 6, 1, 0x0300},
        {R4D, 6, 1, 0x0400},
        {R4D, 6, 1, 0x06aa},
        {R4D, 6, 1, 0x0100},
        {R4D, 6, 0xfe, 9},
        {XY, 6, 0x101, 9},
        {DI8, 6, 0xfe, 9},
        {WAVESHARE, 0x85, 0, 0},
        {WAVESHARE, 0, 0, 0},
        {248, 1, 0, 8},
        {255, 5, 0, 0},
    };
    uint64_t intent = 0;
    for (size_t i = 0; i < LEN(row); i++) {
        for (unsigned lock = 0; lock < 8; lock++) {
            assert_int_equal(firewall_grant(fw, lock % 2 == 0 ? WAVESHARE : R4D, (uint8_t)lock, ++intent, 0), ERR_OK);
            assert_int_equal(check(fw, line(row[i][0], row[i][1], row[i][2], row[i][3]), 0), FIREWALL_FORBIDDEN);
        }
    }
}

static void frames_of_another_length_never_pass(void **state)
{
    struct firewall *fw = *state;
    const uint8_t bytes[8] = {WAVESHARE, 1, 0, 0, 0, 8, 0, 0};
    for (size_t len = 0; len <= sizeof bytes; len++)
        assert_int_equal(firewall_check(fw, bytes, len, 0), len == 6 ? FIREWALL_PASS : FIREWALL_FORBIDDEN);
}

/* Every unit, every function, and around every address and value that means something to a board, with and without a
 * lease for the first lock. */
static void nothing_but_the_listed_frames_passes_for_any_unit_and_function(void **state)
{
    struct firewall *fw = *state;
    static const unsigned addresses[] = {0x0000, 0x0001, 0x0007, 0x0008, 0x0009, 0x00fd, 0x00fe, 0x00ff,
                                         0x0100, 0x0101, 0x01ff, 0x0200, 0x0201, 0x0207, 0x0208, 0x02ff,
                                         0x0400, 0x0407, 0x1000, 0x2000, 0x4000, 0x4001, 0x8000, 0xffff};
    static const unsigned values[] = {0x0000, 0x0001, 0x0002, 0x0005, 0x0008, 0x000f, 0x0010,
                                      0x00ff, 0x0100, 0x0200, 0x0300, 0x0400, 0x0500, 0x0600,
                                      0x0601, 0x06aa, 0x0700, 0x0800, 0x5500, 0xff00, 0xffff};
    const struct firewall base = *fw;
    for (unsigned leased = 0; leased < 3; leased++) {
        struct firewall start = base;
        if (leased > 0)
            assert_int_equal(firewall_grant(&start, leased == 1 ? WAVESHARE : R4D, 0, 1, 0), ERR_OK);
        for (unsigned unit = 0; unit < 256; unit++)
            for (unsigned function = 0; function < 256; function++)
                for (size_t a = 0; a < LEN(addresses); a++)
                    for (size_t v = 0; v < LEN(values); v++) {
                        struct line l = line(unit, function, addresses[a], values[v]);
                        /* The lease is all that a check changes besides counters. */
                        fw->lease = start.lease;
                        bool passed = check(fw, l, 0) == FIREWALL_PASS;
                        bool may = is_harmless(l.bytes) ||
                                   (leased > 0 && unit == (leased == 1 ? WAVESHARE : R4D) && is_pulse(l.bytes, 0));
                        if (passed != may)
                            fail_msg("unit %u function %u address %04x value %04x lease %u: passed %d", unit, function,
                                     addresses[a], values[v], leased, passed);
                    }
    }
}

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

static uint64_t pick_seed(void)
{
    const char *given = getenv("SEED");
    int64_t seed = 0;
    if (given != NULL && num_parse(given, 1, INT64_MAX, &seed) == ERR_OK)
        return (uint64_t)seed;
    return (uint64_t)clock_wall_ms();
}

/* Random frames, most of them near something dangerous: whatever passes is on the list, and a pulse only for the lock
 * with the lease, once for each intent. */
static void nothing_forbidden_passes_at_random(void **state)
{
    struct firewall *fw = *state;
    static const uint8_t units[] = {0, 1, 1, 1, 3, 3, 3, 4, 5, 255};
    static const uint16_t near[] = {0, 1, 8, 0xff, 0xfe, 0x101, 0x200, 0x400, 0x4000, 0x500, 0x5500, 0xff00};
    uint64_t seed = pick_seed(), r = seed, intent = 0, pulses = 0;
    unsigned leased_unit = 0, leased_lock = 0;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (unsigned i = 0; i < FUZZ_CASES; i++) {
        uint64_t x = next_random(&r);
        if (x % 16 == 0) {
            leased_unit = x >> 8 & 1U ? WAVESHARE : R4D;
            leased_lock = (unsigned)(x >> 9 & 7U);
            assert_int_equal(firewall_grant(fw, (uint8_t)leased_unit, (uint8_t)leased_lock, ++intent, 0), ERR_OK);
        }
        uint64_t y = next_random(&r);
        unsigned unit = y % 4 == 0 ? (unsigned)(y >> 8 & 0xffU) : units[(y >> 8) % LEN(units)];
        unsigned function = y >> 16 & 1U ? (unsigned)(y >> 17 & 0xffU) : (unsigned)(y >> 17 & 7U);
        unsigned address = (unsigned)(near[(y >> 28) % LEN(near)] + (y >> 36 & 7U));
        unsigned value = (unsigned)(near[(y >> 40) % LEN(near)] + (y >> 48 & 7U));
        struct line l = line(unit, function, address & 0xffffU, value & 0xffffU);
        if (check(fw, l, 0) != FIREWALL_PASS || is_harmless(l.bytes))
            continue;
        if (unit != leased_unit || !is_pulse(l.bytes, leased_lock))
            fail_msg("passed: %02x %02x %04x %04x", unit, function, address, value);
        leased_unit = 0;
        pulses++;
    }
    assert_true(pulses > 0 && pulses <= intent);
}

static void shapes_that_contain_a_forbidden_frame_are_refused(void **state)
{
    struct firewall *fw = *state;
    static const struct firewall_shape denied[] = {
        {FIREWALL_OFF, 5, 8, 0x00f8, 0, 0}, /* runs into all-relays */
        {FIREWALL_PULSE, 5, 1, 0x00ff, 1, 5},
        {FIREWALL_PULSE, 5, 8, 0x0400, 1, 5},
        {FIREWALL_PULSE, 5, 8, 0x0000, 0x5500, 0x5500},
        {FIREWALL_PULSE, 6, 8, 0x0000, 0x0500, 0x0500},
        {FIREWALL_PULSE, 6, 8, 0x0001, 0x0300, 0x0300},
        {FIREWALL_PULSE, 6, 8, 0x0001, 0x0200, 0x0600},
        {FIREWALL_PULSE, 6, 8, 0x0001, 0x0100, 0x0100},
        {FIREWALL_PULSE, 6, 8, 0x00f8, 0x0500, 0x0500},
        {FIREWALL_OFF, 6, 1, 0x4000, 0, 0},
    };
    static const struct firewall_shape odd[] = {
        {FIREWALL_READ, 5, 0, 0, 1, 1},  {FIREWALL_OFF, 1, 8, 0, 0, 0},   {FIREWALL_PULSE, 15, 8, 0, 0, 0},
        {FIREWALL_PULSE, 5, 0, 0, 1, 5}, {FIREWALL_PULSE, 5, 8, 0, 5, 1}, {FIREWALL_OFF, 5, 8, 0xffff, 0, 0},
    };
    for (size_t i = 0; i < LEN(denied); i++)
        assert_int_equal(firewall_add_unit(fw, 20, &denied[i], 1), ERR_DENIED);
    for (size_t i = 0; i < LEN(odd); i++)
        assert_int_equal(firewall_add_unit(fw, 20, &odd[i], 1), ERR_RANGE);
    assert_int_equal(firewall_add_unit(fw, 0, NULL, 0), ERR_RANGE);
    assert_int_equal(firewall_add_unit(fw, 248, NULL, 0), ERR_RANGE);
    assert_int_equal(firewall_add_unit(fw, WAVESHARE, NULL, 0), ERR_DUPLICATE);
}

static void more_units_than_fit_are_refused(void **state)
{
    struct firewall *fw = *state;
    for (uint8_t u = 100; fw->units < FIREWALL_UNITS_MAX; u++)
        assert_int_equal(firewall_add_unit(fw, u, NULL, 0), ERR_OK);
    assert_int_equal(firewall_add_unit(fw, 99, NULL, 0), ERR_FULL);
}

static void every_refusal_is_counted_with_its_reason(void **state)
{
    struct firewall *fw = *state;
    (void)check(fw, line(0, 5, 0, 0), 0);
    (void)check(fw, line(9, 1, 0, 8), 0);
    (void)check(fw, line(WAVESHARE, 1, 0, 7), 0);
    (void)check(fw, line(WAVESHARE, 5, 0x200, 5), 0);
    (void)check(fw, line(WAVESHARE, 5, 0x200, 5), 0);
    assert_int_equal(fw->refused[FIREWALL_FORBIDDEN], 1);
    assert_int_equal(fw->refused[FIREWALL_NO_UNIT], 1);
    assert_int_equal(fw->refused[FIREWALL_NO_SHAPE], 1);
    assert_int_equal(fw->refused[FIREWALL_NO_LEASE], 2);
    assert_int_equal(firewall_refusals(fw), 5);
    for (unsigned v = 0; v < FIREWALL_VERDICT_N; v++)
        assert_non_null(firewall_verdict_name((enum firewall_verdict)v));
}

static void shapes_that_are_no_request_are_refused(void **state)
{
    struct firewall *fw = *state;
    const struct firewall_shape no_read[] = {{.kind = FIREWALL_READ, .function = 0},
                                             {.kind = FIREWALL_READ, .function = FRAME_WRITE_COIL}};
    const struct firewall_shape many[FIREWALL_SHAPES_MAX + 1] = {{.kind = FIREWALL_READ, .function = FRAME_READ_COILS}};
    assert_int_equal(firewall_add_unit(fw, 9, &no_read[0], 1), ERR_RANGE);
    assert_int_equal(firewall_add_unit(fw, 9, &no_read[1], 1), ERR_RANGE);
    assert_int_equal(firewall_add_unit(fw, 9, many, FIREWALL_SHAPES_MAX + 1), ERR_RANGE);
}

static void lock_of_a_board_with_two_kinds_of_pulse_is_found(void **state)
{
    struct firewall *fw = *state;
    const struct firewall_shape pulses[] = {
        {.kind = FIREWALL_PULSE,
         .function = FRAME_WRITE_REGISTER,
         .address = 1,
         .channels = 4,
         .value_min = 0x0500,
         .value_max = 0x0500},
        {.kind = FIREWALL_PULSE,
         .function = FRAME_WRITE_REGISTER,
         .address = 5,
         .channels = 8,
         .value_min = 0x0500,
         .value_max = 0x0500},
    };
    assert_int_equal(firewall_add_unit(fw, 9, pulses, 2), ERR_OK);
    assert_int_equal(firewall_grant(fw, 9, 3, 1000, 0), ERR_OK);
    assert_int_equal(firewall_grant(fw, 9, 7, 1001, 0), ERR_OK);
    assert_int_equal(firewall_grant(fw, 9, 8, 1002, 0), ERR_NOT_FOUND);
}

static void every_verdict_has_a_name(void **state)
{
    (void)state;
    for (unsigned v = 0; v < FIREWALL_VERDICT_N; v++)
        assert_string_not_equal(firewall_verdict_name((enum firewall_verdict)v), "?");
    assert_string_equal(firewall_verdict_name(FIREWALL_VERDICT_N), "?");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, load, unload)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(reads_of_the_profile_pass_without_a_lease),
        CASE(switching_one_lock_off_always_passes),
        CASE(pulse_needs_a_lease_for_this_lock),
        CASE(lease_is_used_once),
        CASE(lease_lasts_two_seconds),
        CASE(intent_grants_once_and_only_upwards),
        CASE(lease_for_what_is_no_lock_is_refused),
        CASE(revoked_lease_is_gone),
        CASE(lease_of_a_frame_that_did_not_leave_is_there_again),
        CASE(dangerous_frames_never_pass),
        CASE(frames_of_another_length_never_pass),
        CASE(nothing_but_the_listed_frames_passes_for_any_unit_and_function),
        CASE(nothing_forbidden_passes_at_random),
        CASE(shapes_that_contain_a_forbidden_frame_are_refused),
        CASE(more_units_than_fit_are_refused),
        CASE(every_refusal_is_counted_with_its_reason),
        CASE(shapes_that_are_no_request_are_refused),
        CASE(lock_of_a_board_with_two_kinds_of_pulse_is_found),
        CASE(every_verdict_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
