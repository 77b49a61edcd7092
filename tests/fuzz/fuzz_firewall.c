/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The actuation firewall used from above in any order: the input is a program of grants, revocations, frames, frames
 * that did not leave after all, time, and boards with shapes of any kind. What passes is judged by the boards
 * themselves, as hw/sim has them from the makers' manuals, and by a second account of the leases.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hw/firewall.h"
#include "hw/profile.h"
#include "hw/sim/board.h"

#define UNIT_RELAY 1
#define UNIT_MOMENTARY 3
#define UNIT_INPUT 4
#define UNITS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    uint8_t unit;
    const char *profile;
    enum board_kind kind;
} boards[UNITS] = {{UNIT_RELAY, "waveshare-d", BOARD_WAVESHARE_D},
                   {UNIT_MOMENTARY, "r4d-fc06", BOARD_R4D_FC06},
                   {UNIT_INPUT, "di8-fc02", BOARD_DI8_FC02}};

struct input {
    const uint8_t *at, *end;
};

static uint8_t take(struct input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static uint16_t take16(struct input *in)
{
    unsigned high = take(in);
    return (uint16_t)(high << 8 | take(in));
}

/* The second account: what was granted last, and whether a pulse may use it. */
struct account {
    bool open;
    uint8_t unit, channel;
    uint64_t highest;
    int64_t at_us;
    bool passed_pulse; /* by the last frame */
};

static const struct profile *profile_of(unsigned i)
{
    static struct profile profiles[UNITS];
    static bool loaded;
    for (unsigned k = 0; k < UNITS && !loaded; k++) {
        struct reason r;
        if (profile_load(&profiles[k], "hw/profiles", boards[k].profile, &r) != ERR_OK)
            abort();
    }
    loaded = true;
    return &profiles[i];
}

static void add_boards(struct firewall *fw)
{
    for (unsigned i = 0; i < UNITS; i++) {
        struct firewall_shape shapes[FIREWALL_SHAPES_MAX];
        if (firewall_add_unit(fw, boards[i].unit, shapes, profile_shapes(profile_of(i), shapes)) != ERR_OK)
            abort();
    }
}

/* A board of any shapes; those that contain a frame which must never pass are refused here or below. */
static void add_strange_board(struct firewall *fw, struct input *in)
{
    struct firewall_shape s = {.kind = (enum firewall_kind)(take(in) % 3),
                               .function = (uint8_t)(take(in) % 8),
                               .channels = take(in),
                               .address = take16(in)};
    s.value_min = take16(in);
    s.value_max = take16(in);
    (void)firewall_add_unit(fw, (uint8_t)(take(in) | 8), &s, 1);
}

/* A frame that can never be right, whoever the board is. */
static bool is_forbidden(const uint8_t *b)
{
    unsigned address = (unsigned)b[2] << 8 | b[3], value = (unsigned)b[4] << 8 | b[5];
    if (b[0] == 0 || b[0] > 247 || b[1] < 1 || b[1] > 6)
        return true;
    if (b[1] == 5)
        return address == 0xff || address == 0x2ff || (address >= 0x400 && address < 0x500) || value == 0x5500;
    if (b[1] == 6)
        return address == 0 || (address >= 0xfd && address <= 0x102) || address == 0x2000 || address == 0x4000 ||
               value == 0x100 || value == 0x300 || value == 0x400 || (value >= 0x602 && value <= 0x6ff) ||
               (value >= 0x700 && value <= 0x800);
    return false;
}

/* What the board behind this unit would make of it: -1 nothing that gives current, else the channel that gets it. */
static int energises(const uint8_t *b)
{
    for (unsigned i = 0; i < UNITS; i++) {
        if (boards[i].unit != b[0])
            continue;
        struct board board;
        struct board_pdu request = {.len = 5}, answer;
        memcpy(request.bytes, b + 1, 5);
        board_init(&board, boards[i].kind, b[0]);
        if (board_danger(&board, &request) != BOARD_DANGER_NONE)
            abort();
        (void)board_request(&board, &request, 1000000, &answer);
        int found = -1;
        for (int k = 0; k < BOARD_CHANNELS; k++) {
            if (!board.on[k])
                continue;
            if (found >= 0 || board.turn_us[k] > 1000000 + PROFILE_PULSE_MAX_MS * 1000)
                abort(); /* two at once, or longer than a lock may have current */
            found = k;
        }
        return found;
    }
    return -1;
}

static void check_frame(struct firewall *fw, struct account *acc, const uint8_t *bytes, size_t len, int64_t now_us)
{
    bool passes = firewall_check(fw, bytes, len, now_us) == FIREWALL_PASS;
    acc->passed_pulse = false;
    if (!passes)
        return;
    if (len != 6 || is_forbidden(bytes))
        abort();
    int channel = energises(bytes);
    if (channel < 0)
        return;
    int64_t age_us = now_us - acc->at_us;
    if (!acc->open || acc->unit != bytes[0] || acc->channel != channel || age_us < 0 || age_us > FIREWALL_LEASE_US)
        abort();
    acc->open = false;
    acc->passed_pulse = true;
}

static void grant(struct firewall *fw, struct account *acc, struct input *in, int64_t now_us)
{
    uint8_t unit = (uint8_t)(take(in) % 6), channel = (uint8_t)(take(in) % 10);
    uint64_t intent = acc->highest + take(in) - 4;
    if (firewall_grant(fw, unit, channel, intent, now_us) != ERR_OK)
        return;
    if (intent <= acc->highest)
        abort(); /* an old intent again */
    *acc = (struct account){true, unit, channel, intent, now_us, false};
}

/* Mostly frames that come near a profile: of its functions and addresses. */
static size_t make_frame(struct input *in, uint8_t out[8])
{
    static const uint8_t high[] = {0x00, 0x02, 0x04, 0x05, 0x06, 0x40, 0xff, 0x55};
    uint8_t how = take(in);
    for (unsigned i = 0; i < 6; i++)
        out[i] = take(in);
    if ((how & 1) != 0)
        out[0] = boards[out[0] % UNITS].unit;
    if ((how & 2) != 0)
        out[1] = (uint8_t)(1 + out[1] % 6);
    if ((how & 4) != 0)
        out[2] = high[out[2] % sizeof high];
    if ((how & 8) != 0)
        out[3] = (uint8_t)(out[3] % 10);
    if ((how & 16) != 0)
        out[4] = high[out[4] % sizeof high];
    if ((how & 32) != 0)
        out[5] = (uint8_t)(out[5] % 17);
    return (how & 0xc0) == 0xc0 ? (size_t)(how & 7) : 6;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    struct firewall fw;
    struct account acc = {.highest = 0};
    int64_t now_us = 1000000;
    uint8_t frame[8] = {0};
    firewall_init(&fw);
    add_boards(&fw);
    while (in.at < in.end) {
        switch (take(&in) % 8) {
        case 0:
            grant(&fw, &acc, &in, now_us);
            break;
        case 1:
            firewall_revoke(&fw);
            acc.open = false;
            acc.passed_pulse = false;
            break;
        case 2:
            firewall_unsent(&fw);
            acc.open = acc.open || acc.passed_pulse;
            acc.passed_pulse = false;
            break;
        case 3:
            now_us += (int64_t)take16(&in) * 64;
            break;
        case 4:
            add_strange_board(&fw, &in);
            break;
        default:
            check_frame(&fw, &acc, frame, make_frame(&in, frame), now_us);
            break;
        }
    }
    return 0;
}
