/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/firewall.h"

#include <string.h>

#include "hw/frame.h"

#define UNIT_MAX 247

/* Frames that no profile can allow, each from the manual of a board we support. */
struct ban {
    uint8_t function;
    uint16_t address_min, address_max;
    uint16_t value_min, value_max;
};

static const struct ban bans[] = {
    {FRAME_WRITE_COIL, 0x00ff, 0x00ff, 0x0000, 0xffff},     /* Waveshare: all relays */
    {FRAME_WRITE_COIL, 0x02ff, 0x02ff, 0x0000, 0xffff},     /* Waveshare: would be flash of all relays */
    {FRAME_WRITE_COIL, 0x0400, 0x04ff, 0x0000, 0xffff},     /* Waveshare: flash off, ends with the relay on */
    {FRAME_WRITE_COIL, 0x0000, 0xffff, 0x5500, 0x5500},     /* Waveshare: toggle */
    {FRAME_WRITE_REGISTER, 0x0000, 0x0000, 0x0000, 0xffff}, /* R4D, R413: all relays */
    {FRAME_WRITE_REGISTER, 0x00fd, 0x0102, 0x0000, 0xffff}, /* R4D, XY-MD02: answer delay, unit address, baud rate */
    {FRAME_WRITE_REGISTER, 0x2000, 0x2000, 0x0000, 0xffff}, /* Waveshare: baud rate */
    {FRAME_WRITE_REGISTER, 0x4000, 0x4000, 0x0000, 0xffff}, /* Waveshare: unit address */
    {FRAME_WRITE_REGISTER, 0x0000, 0xffff, 0x0100, 0x0100}, /* R4D: on without a timer */
    {FRAME_WRITE_REGISTER, 0x0000, 0xffff, 0x0300, 0x0300}, /* R4D: toggle */
    {FRAME_WRITE_REGISTER, 0x0000, 0xffff, 0x0400, 0x0400}, /* R4D: latch */
    {FRAME_WRITE_REGISTER, 0x0000, 0xffff, 0x0602, 0x06ff}, /* R4D: on for 2 s or longer */
    {FRAME_WRITE_REGISTER, 0x0000, 0xffff, 0x0700, 0x0800}, /* R4D: all on, all off */
};

void firewall_init(struct firewall *fw)
{
    memset(fw, 0, sizeof *fw);
}

static bool is_banned(const struct frame *f)
{
    for (size_t i = 0; i < sizeof bans / sizeof bans[0]; i++) {
        const struct ban *b = &bans[i];
        if (f->function == b->function && f->address >= b->address_min && f->address <= b->address_max &&
            f->value >= b->value_min && f->value <= b->value_max)
            return true;
    }
    return false;
}

static bool function_fits(const struct firewall_shape *s)
{
    bool is_write = s->function == FRAME_WRITE_COIL || s->function == FRAME_WRITE_REGISTER;
    if (s->kind == FIREWALL_READ)
        return s->function >= FRAME_READ_COILS && s->function <= FRAME_READ_REGISTERS;
    return is_write && s->channels > 0 && (uint32_t)s->address + s->channels <= 0x10000U;
}

/* Does any frame of the shape fall under a ban? The ranges of shape and ban overlap in both directions. */
static bool shape_is_banned(const struct firewall_shape *s)
{
    if (s->kind == FIREWALL_READ)
        return false;
    uint32_t last = (uint32_t)s->address + s->channels - 1U;
    for (size_t i = 0; i < sizeof bans / sizeof bans[0]; i++) {
        const struct ban *b = &bans[i];
        if (s->function == b->function && s->address <= b->address_max && last >= b->address_min &&
            s->value_min <= b->value_max && s->value_max >= b->value_min)
            return true;
    }
    return false;
}

static struct firewall_unit *find_unit(struct firewall *fw, uint8_t unit)
{
    for (unsigned i = 0; i < fw->units; i++)
        if (fw->unit[i].unit == unit)
            return &fw->unit[i];
    return NULL;
}

enum err firewall_add_unit(struct firewall *fw, uint8_t unit, const struct firewall_shape *shapes, size_t n)
{
    if (unit == 0 || unit > UNIT_MAX || n > FIREWALL_SHAPES_MAX)
        return ERR_RANGE;
    if (find_unit(fw, unit) != NULL)
        return ERR_DUPLICATE;
    if (fw->units == FIREWALL_UNITS_MAX)
        return ERR_FULL;
    for (size_t i = 0; i < n; i++) {
        if (!function_fits(&shapes[i]) || shapes[i].value_min > shapes[i].value_max)
            return ERR_RANGE;
        if (shape_is_banned(&shapes[i]))
            return ERR_DENIED;
    }
    struct firewall_unit *u = &fw->unit[fw->units++];
    u->unit = unit;
    u->shapes = (uint8_t)n;
    if (n > 0)
        memcpy(u->shape, shapes, n * sizeof *shapes);
    return ERR_OK;
}

enum err firewall_grant(struct firewall *fw, uint8_t unit, uint8_t channel, uint64_t intent, int64_t now_us)
{
    const struct firewall_unit *u = find_unit(fw, unit);
    bool found = false;
    for (unsigned i = 0; u != NULL && i < u->shapes; i++)
        found = found || (u->shape[i].kind == FIREWALL_PULSE && channel < u->shape[i].channels);
    if (!found)
        return ERR_NOT_FOUND;
    if (intent <= fw->last_intent)
        return ERR_REPLAY;
    fw->last_intent = intent;
    fw->lease.valid = true;
    fw->lease.just_used = false;
    fw->lease.unit = unit;
    fw->lease.channel = channel;
    fw->lease.granted_us = now_us;
    return ERR_OK;
}

void firewall_revoke(struct firewall *fw)
{
    fw->lease.valid = false;
    fw->lease.just_used = false;
}

void firewall_unsent(struct firewall *fw)
{
    fw->lease.valid = fw->lease.valid || fw->lease.just_used;
    fw->lease.just_used = false;
}

static bool shape_matches(const struct firewall_shape *s, const struct frame *f)
{
    if (f->function != s->function || f->value < s->value_min || f->value > s->value_max)
        return false;
    if (s->kind == FIREWALL_READ)
        return f->address == s->address;
    return f->address >= s->address && f->address - s->address < s->channels;
}

static enum firewall_verdict use_lease(struct firewall *fw, uint8_t unit, unsigned channel, int64_t now_us)
{
    if (!fw->lease.valid || fw->lease.unit != unit || fw->lease.channel != channel)
        return FIREWALL_NO_LEASE;
    fw->lease.valid = false;
    int64_t age_us = now_us - fw->lease.granted_us;
    fw->lease.just_used = age_us >= 0 && age_us <= FIREWALL_LEASE_US;
    return fw->lease.just_used ? FIREWALL_PASS : FIREWALL_LATE_LEASE;
}

static enum firewall_verdict judge(struct firewall *fw, const uint8_t *bytes, size_t len, int64_t now_us)
{
    if (len != FRAME_REQUEST_LEN)
        return FIREWALL_FORBIDDEN;
    struct frame f = {
        .unit = bytes[0],
        .function = bytes[1],
        .address = (uint16_t)((unsigned)bytes[2] << 8 | bytes[3]),
        .value = (uint16_t)((unsigned)bytes[4] << 8 | bytes[5]),
    };
    if (f.unit == 0 || f.unit > UNIT_MAX || f.function < FRAME_READ_COILS || f.function > FRAME_WRITE_REGISTER ||
        is_banned(&f))
        return FIREWALL_FORBIDDEN;
    const struct firewall_unit *u = find_unit(fw, f.unit);
    if (u == NULL)
        return FIREWALL_NO_UNIT;
    for (unsigned i = 0; i < u->shapes; i++) {
        const struct firewall_shape *s = &u->shape[i];
        if (shape_matches(s, &f))
            return s->kind == FIREWALL_PULSE ? use_lease(fw, f.unit, (unsigned)f.address - s->address, now_us)
                                             : FIREWALL_PASS;
    }
    return FIREWALL_NO_SHAPE;
}

enum firewall_verdict firewall_check(struct firewall *fw, const uint8_t *bytes, size_t len, int64_t now_us)
{
    fw->lease.just_used = false;
    enum firewall_verdict v = judge(fw, bytes, len, now_us);
    if (v == FIREWALL_PASS)
        fw->passed++;
    else
        fw->refused[v]++;
    return v;
}

uint64_t firewall_refusals(const struct firewall *fw)
{
    uint64_t sum = 0;
    for (unsigned v = 0; v < FIREWALL_VERDICT_N; v++)
        sum += fw->refused[v];
    return sum;
}

const char *firewall_verdict_name(enum firewall_verdict v)
{
    static const char *const names[FIREWALL_VERDICT_N] = {
        [FIREWALL_PASS] = "pass",
        [FIREWALL_FORBIDDEN] = "never allowed",
        [FIREWALL_NO_UNIT] = "no such board",
        [FIREWALL_NO_SHAPE] = "not in the profile",
        [FIREWALL_NO_LEASE] = "no lease",
        [FIREWALL_LATE_LEASE] = "lease too old",
    };
    return (unsigned)v < FIREWALL_VERDICT_N ? names[v] : "?";
}
