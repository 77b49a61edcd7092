/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/sim/board.h"

#include <assert.h>
#include <string.h>

#define EXCEPTION_FUNCTION 1
#define EXCEPTION_ADDRESS 2
#define EXCEPTION_VALUE 3

#define COIL_ON 0xff00u
#define COIL_OFF 0x0000u
#define COIL_TOGGLE 0x5500u
#define ALL_RELAYS 0x00ffu
#define FLASH_ON 0x0200u
#define FLASH_OFF 0x0400u
#define FLASH_UNIT_US 100000
#define UNIT_MAX 247u

/* Carries out a request of known length; returns 0 or an exception code. */
typedef uint8_t (*function_fn)(struct board *b, const struct board_pdu *q, int64_t now_us, struct board_pdu *a);

struct function {
    uint8_t code;
    function_fn run;
};

struct kind {
    const char *name;
    unsigned outputs, inputs;
    uint16_t unit_register;
    enum board_danger (*danger)(const struct board_pdu *q);
    struct function function[6];
};

static const struct kind *kind_of(const struct board *b);

static uint16_t word(const uint8_t *at)
{
    return (uint16_t)((unsigned)at[0] << 8 | at[1]);
}

static void put_word(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)(value & 0xffu);
}

static void echo(const struct board_pdu *q, struct board_pdu *a)
{
    memcpy(a->bytes, q->bytes, 5);
    a->len = 5;
}

/* ---------------------------------------------------------------- outputs */

static void set(struct board *b, unsigned channel, bool on, int64_t now_us)
{
    b->turn_us[channel] = BOARD_NEVER;
    if ((b->stuck[channel] == BOARD_STUCK_ON && b->on[channel]) || (b->stuck[channel] == BOARD_STUCK_OFF && on)) {
        return;
    }
    if (on && !b->on[channel] && b->lose_us > 0) {
        b->lost_us = now_us + (int64_t)b->lose_us;
        b->lose_us = 0;
    }
    b->on[channel] = on;
}

static void set_for(struct board *b, unsigned channel, bool on, int64_t span_us, int64_t now_us)
{
    set(b, channel, on, now_us);
    b->turn_us[channel] = now_us + span_us;
    b->turn_on[channel] = !on;
}

static void set_all(struct board *b, bool on, int64_t now_us)
{
    for (unsigned i = 0; i < BOARD_CHANNELS; i++) {
        set(b, i, on, now_us);
    }
}

static void toggle_all(struct board *b, int64_t now_us)
{
    for (unsigned i = 0; i < BOARD_CHANNELS; i++) {
        set(b, i, !b->on[i], now_us);
    }
}

/* ---------------------------------------------------------------- reading */

static uint8_t read_bits(const struct board_pdu *q, const bool *bits, struct board_pdu *a)
{
    unsigned first = word(q->bytes + 1);
    unsigned count = word(q->bytes + 3);
    if (count < 1 || count > 2000) {
        return EXCEPTION_VALUE;
    }
    if (first >= BOARD_CHANNELS || count > BOARD_CHANNELS - first) {
        return EXCEPTION_ADDRESS;
    }
    a->bytes[0] = q->bytes[0];
    a->bytes[1] = 1;
    a->bytes[2] = 0;
    for (unsigned i = 0; i < count; i++) {
        a->bytes[2] = (uint8_t)(a->bytes[2] | (bits[first + i] ? 1u << i : 0u));
    }
    a->len = 3;
    return 0;
}

static uint8_t read_coils(struct board *b, const struct board_pdu *q, int64_t now_us, struct board_pdu *a)
{
    (void)now_us;
    return read_bits(q, b->on, a);
}

static uint8_t read_inputs(struct board *b, const struct board_pdu *q, int64_t now_us, struct board_pdu *a)
{
    (void)now_us;
    return read_bits(q, b->input, a);
}

/* true when the kind has a holding register `at`; its value in *value. */
static bool holding(const struct board *b, unsigned at, uint16_t *value)
{
    if (at == kind_of(b)->unit_register) {
        *value = b->told_unit != 0 ? b->told_unit : b->unit;
        return true;
    }
    if (b->kind == BOARD_WAVESHARE_D && at == 0x8000u) {
        *value = BOARD_VERSION;
        return true;
    }
    if (b->kind == BOARD_R4D_FC06 && at >= 1 && at <= BOARD_CHANNELS) {
        *value = b->on[at - 1] ? 1 : 0;
        return true;
    }
    return false;
}

static bool measured(const struct board *b, unsigned at, uint16_t *value)
{
    if (at == 1) {
        *value = (uint16_t)b->deci_c;
        return true;
    }
    if (at == 2) {
        *value = b->deci_rh;
        return true;
    }
    return false;
}

static uint8_t read_words(const struct board *b, const struct board_pdu *q,
                          bool (*source)(const struct board *, unsigned, uint16_t *), struct board_pdu *a)
{
    unsigned first = word(q->bytes + 1);
    unsigned count = word(q->bytes + 3);
    if (count < 1 || count > 125) {
        return EXCEPTION_VALUE;
    }
    struct board_pdu made = {.len = 2 + 2 * count};
    made.bytes[0] = q->bytes[0];
    made.bytes[1] = (uint8_t)(2 * count);
    for (unsigned i = 0; i < count; i++) {
        uint16_t value = 0;
        if (!source(b, first + i, &value)) {
            return EXCEPTION_ADDRESS;
        }
        put_word(made.bytes + 2 + 2 * (size_t)i, value);
    }
    *a = made;
    return 0;
}

static uint8_t read_holding(struct board *b, const struct board_pdu *q, int64_t now_us, struct board_pdu *a)
{
    (void)now_us;
    return read_words(b, q, holding, a);
}

static uint8_t read_measured(struct board *b, const struct board_pdu *q, int64_t now_us, struct board_pdu *a)
{
    (void)now_us;
    return read_words(b, q, measured, a);
}

/* ---------------------------------------------------------------- waveshare-d */

static uint8_t flash(struct board *b, unsigned channel, bool on, unsigned value, int64_t now_us)
{
    if (value < 1 || value > 0x7fff) {
        return EXCEPTION_VALUE;
    }
    set_for(b, channel, on, (int64_t)value * FLASH_UNIT_US, now_us);
    return 0;
}

static uint8_t write_all_coils(struct board *b, unsigned value, int64_t now_us)
{
    if (value == COIL_TOGGLE) {
        toggle_all(b, now_us);
    } else if (value == COIL_ON || value == COIL_OFF) {
        set_all(b, value == COIL_ON, now_us);
    } else {
        return EXCEPTION_VALUE;
    }
    return 0;
}

static uint8_t write_one_coil(struct board *b, unsigned channel, unsigned value, int64_t now_us)
{
    if (value == COIL_TOGGLE) {
        set(b, channel, !b->on[channel], now_us);
    } else if (value == COIL_ON || value == COIL_OFF) {
        set(b, channel, value == COIL_ON, now_us);
    } else {
        return EXCEPTION_VALUE;
    }
    return 0;
}

static uint8_t write_coil(struct board *b, const struct board_pdu *q, int64_t now_us, struct board_pdu *a)
{
    unsigned at = word(q->bytes + 1);
    unsigned value = word(q->bytes + 3);
    uint8_t exception = EXCEPTION_ADDRESS;
    if (at == ALL_RELAYS) {
        exception = write_all_coils(b, value, now_us);
    } else if (at < BOARD_CHANNELS) {
        exception = write_one_coil(b, at, value, now_us);
    } else if (at >= FLASH_ON && at < FLASH_ON + BOARD_CHANNELS) {
        exception = flash(b, at - FLASH_ON, true, value, now_us);
    } else if (at >= FLASH_OFF && at < FLASH_OFF + BOARD_CHANNELS) {
        exception = flash(b, at - FLASH_OFF, false, value, now_us);
    }
    echo(q, a);
    return exception;
}

static uint8_t write_coils(struct board *b, const struct board_pdu *q, int64_t now_us, struct board_pdu *a)
{
    unsigned first = word(q->bytes + 1);
    unsigned count = word(q->bytes + 3);
    if (count < 1 || count > 1968 || q->bytes[5] != (count + 7) / 8 || q->len != 6u + q->bytes[5]) {
        return EXCEPTION_VALUE;
    }
    if (first >= BOARD_CHANNELS || count > BOARD_CHANNELS - first) {
        return EXCEPTION_ADDRESS;
    }
    for (unsigned i = 0; i < count; i++) {
        set(b, first + i, (q->bytes[6] >> i & 1u) != 0, now_us);
    }
    echo(q, a);
    return 0;
}

static uint8_t write_unit(struct board *b, const struct board_pdu *q, struct board_pdu *a)
{
    unsigned value = word(q->bytes + 3);
    if (word(q->bytes + 1) != kind_of(b)->unit_register) {
        return EXCEPTION_ADDRESS;
    }
    if (value < 1 || value > UNIT_MAX) {
        return EXCEPTION_VALUE;
    }
    b->unit = (uint8_t)value;
    echo(q, a);
    return 0;
}

static uint8_t write_register(struct board *b, const struct board_pdu *q, int64_t now_us, struct board_pdu *a)
{
    (void)now_us;
    return write_unit(b, q, a);
}

static enum board_danger single_coil_danger(unsigned at, unsigned value)
{
    if (value == COIL_TOGGLE || (at >= FLASH_OFF && at < FLASH_OFF + BOARD_CHANNELS)) {
        return BOARD_DANGER_TOGGLE;
    }
    return at < BOARD_CHANNELS && value == COIL_ON ? BOARD_DANGER_UNTIMED : BOARD_DANGER_NONE;
}

static enum board_danger waveshare_danger(const struct board_pdu *q)
{
    unsigned at = word(q->bytes + 1);
    switch (q->bytes[0]) {
    case 0x05:
        return at == ALL_RELAYS ? BOARD_DANGER_ALL : single_coil_danger(at, word(q->bytes + 3));
    case 0x06:
    case 0x10:
        return BOARD_DANGER_ADDRESS;
    case 0x0f:
        return BOARD_DANGER_ALL;
    default:
        return BOARD_DANGER_NONE;
    }
}

/* ---------------------------------------------------------------- r4d-fc06 */

static uint8_t r4d_all(struct board *b, unsigned value, int64_t now_us)
{
    if (value != 0x0700u && value != 0x0800u) {
        return EXCEPTION_VALUE;
    }
    set_all(b, value == 0x0700u, now_us);
    return 0;
}

static void r4d_latch(struct board *b, unsigned channel, int64_t now_us)
{
    for (unsigned i = 0; i < BOARD_CHANNELS; i++) {
        set(b, i, i == channel, now_us);
    }
}

static uint8_t r4d_channel(struct board *b, unsigned channel, unsigned value, int64_t now_us)
{
    unsigned low = value & 0xffu;
    switch (value >> 8) {
    case 1:
        set(b, channel, true, now_us);
        break;
    case 2:
        set(b, channel, false, now_us);
        break;
    case 3:
        set(b, channel, !b->on[channel], now_us);
        break;
    case 4:
        r4d_latch(b, channel, now_us);
        break;
    case 5:
        set_for(b, channel, true, 1000000, now_us);
        break;
    case 6:
        set_for(b, channel, true, (int64_t)low * 1000000, now_us);
        return 0;
    default:
        return EXCEPTION_VALUE;
    }
    return 0;
}

static uint8_t r4d_write(struct board *b, const struct board_pdu *q, int64_t now_us, struct board_pdu *a)
{
    unsigned at = word(q->bytes + 1);
    unsigned value = word(q->bytes + 3);
    echo(q, a);
    if (at == 0) {
        return r4d_all(b, value, now_us);
    }
    if (at <= BOARD_CHANNELS) {
        bool delay = value >> 8 == 6;
        return delay == ((value & 0xffu) != 0) ? r4d_channel(b, at - 1, value, now_us) : EXCEPTION_VALUE;
    }
    return write_unit(b, q, a);
}

static enum board_danger r4d_danger(const struct board_pdu *q)
{
    unsigned at = word(q->bytes + 1);
    if (q->bytes[0] != 0x06) {
        return q->bytes[0] == 0x10 ? BOARD_DANGER_ADDRESS : BOARD_DANGER_NONE;
    }
    if (at > BOARD_CHANNELS) {
        return BOARD_DANGER_ADDRESS;
    }
    if (at == 0) {
        return BOARD_DANGER_ALL;
    }
    static const enum board_danger of_value[] = {
        [1] = BOARD_DANGER_UNTIMED, [3] = BOARD_DANGER_TOGGLE, [4] = BOARD_DANGER_TOGGLE, [6] = BOARD_DANGER_NONE};
    unsigned high = q->bytes[3];
    return high < sizeof of_value / sizeof of_value[0] ? of_value[high] : BOARD_DANGER_NONE;
}

/* ---------------------------------------------------------------- boards without outputs */

static enum board_danger passive_danger(const struct board_pdu *q)
{
    return q->bytes[0] == 0x06 || q->bytes[0] == 0x10 ? BOARD_DANGER_ADDRESS : BOARD_DANGER_NONE;
}

static const struct kind kinds[BOARD_KIND_N] = {
    [BOARD_WAVESHARE_D] = {"waveshare-d",
                           8,
                           8,
                           0x4000,
                           waveshare_danger,
                           {{0x01, read_coils},
                            {0x02, read_inputs},
                            {0x03, read_holding},
                            {0x05, write_coil},
                            {0x06, write_register},
                            {0x0f, write_coils}}},
    [BOARD_R4D_FC06] = {"r4d-fc06", 8, 0, 0x00fe, r4d_danger, {{0x03, read_holding}, {0x06, r4d_write}}},
    [BOARD_DI8_FC02] =
        {"di8-fc02", 0, 8, 0x00fe, passive_danger, {{0x02, read_inputs}, {0x03, read_holding}, {0x06, write_register}}},
    [BOARD_XY_MD02] = {"xy-md02",
                       0,
                       0,
                       0x0101,
                       passive_danger,
                       {{0x03, read_holding}, {0x04, read_measured}, {0x06, write_register}}},
};

static const struct kind *kind_of(const struct board *b)
{
    return &kinds[b->kind];
}

static function_fn find(const struct board *b, uint8_t code)
{
    const struct kind *k = kind_of(b);
    for (size_t i = 0; i < sizeof k->function / sizeof k->function[0]; i++) {
        if (k->function[i].run != NULL && k->function[i].code == code) {
            return k->function[i].run;
        }
    }
    return NULL;
}

static bool well_formed(const struct board_pdu *q)
{
    if (q->len < 5) {
        return false;
    }
    return q->bytes[0] == 0x0f || q->bytes[0] == 0x10 ? q->len >= 7 : q->len == 5;
}

void board_init(struct board *b, enum board_kind kind, uint8_t unit)
{
    *b = (struct board){.kind = kind, .unit = unit, .boot_us = BOARD_NEVER, .lost_us = BOARD_NEVER};
    for (unsigned i = 0; i < BOARD_CHANNELS; i++) {
        b->turn_us[i] = BOARD_NEVER;
    }
}

bool board_request(struct board *b, const struct board_pdu *request, int64_t now_us, struct board_pdu *answer)
{
    if (b->power != BOARD_ON || request->len == 0) {
        return false;
    }
    function_fn run = find(b, request->bytes[0]);
    uint8_t exception = EXCEPTION_FUNCTION;
    if (run != NULL) {
        exception = well_formed(request) ? run(b, request, now_us, answer) : EXCEPTION_VALUE;
    }
    if (exception != 0) {
        answer->bytes[0] = (uint8_t)(request->bytes[0] | 0x80u);
        answer->bytes[1] = exception;
        answer->len = 2;
    } else {
        b->executed++;
    }
    return true;
}

enum board_danger board_danger(const struct board *b, const struct board_pdu *request)
{
    return well_formed(request) ? kind_of(b)->danger(request) : BOARD_DANGER_NONE;
}

/* ---------------------------------------------------------------- power and time */

static void drop_outputs(struct board *b)
{
    for (unsigned i = 0; i < BOARD_CHANNELS; i++) {
        b->turn_us[i] = BOARD_NEVER;
        b->on[i] = b->on[i] && b->stuck[i] == BOARD_STUCK_ON;
    }
}

void board_set_power(struct board *b, enum board_power power)
{
    b->boot_us = BOARD_NEVER;
    b->lost_us = BOARD_NEVER;
    if (power == BOARD_OFF || (power == BOARD_ON && b->power == BOARD_HUNG)) {
        drop_outputs(b);
    }
    b->power = power;
}

void board_reboot(struct board *b, bool coils, int64_t now_us)
{
    board_set_power(b, BOARD_OFF);
    b->boot_us = now_us + BOARD_BOOT_US;
    b->boot_coils = coils;
}

void board_stick(struct board *b, unsigned channel, enum board_stuck how)
{
    b->stuck[channel] = how;
    if (how == BOARD_STUCK_OFF) {
        b->on[channel] = false;
    }
}

int64_t board_next(const struct board *b)
{
    int64_t next_us = b->boot_us < b->lost_us ? b->boot_us : b->lost_us;
    for (unsigned i = 0; i < BOARD_CHANNELS && b->power == BOARD_ON; i++) {
        next_us = b->turn_us[i] < next_us ? b->turn_us[i] : next_us;
    }
    return next_us;
}

void board_step(struct board *b, int64_t now_us)
{
    if (b->lost_us <= now_us) {
        board_set_power(b, b->lost_keeps ? BOARD_HUNG : BOARD_OFF);
    }
    if (b->boot_us <= now_us) {
        int64_t when_us = b->boot_us;
        board_set_power(b, BOARD_ON);
        if (b->boot_coils) {
            for (unsigned i = 0; i < kind_of(b)->outputs; i++) {
                set(b, i, true, when_us);
            }
        }
    }
    for (unsigned i = 0; i < BOARD_CHANNELS && b->power == BOARD_ON; i++) {
        if (b->turn_us[i] <= now_us) {
            set(b, i, b->turn_on[i], b->turn_us[i]);
        }
    }
}

const char *board_kind_name(enum board_kind kind)
{
    assert(kind < BOARD_KIND_N);
    return kinds[kind].name;
}

const char *board_power_name(enum board_power power)
{
    static const char *const names[] = {[BOARD_ON] = "on", [BOARD_OFF] = "off", [BOARD_HUNG] = "hung"};
    return names[power];
}

const char *board_danger_name(enum board_danger danger)
{
    static const char *const names[BOARD_DANGER_N] = {
        [BOARD_DANGER_NONE] = "none",     [BOARD_DANGER_BROADCAST] = "broadcast", [BOARD_DANGER_ALL] = "all",
        [BOARD_DANGER_TOGGLE] = "toggle", [BOARD_DANGER_ADDRESS] = "address",     [BOARD_DANGER_UNTIMED] = "untimed",
    };
    return names[danger];
}

unsigned board_outputs(enum board_kind kind)
{
    return kinds[kind].outputs;
}

unsigned board_inputs(enum board_kind kind)
{
    return kinds[kind].inputs;
}
