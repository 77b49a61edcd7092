/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/profile.h"

#include <confuse.h>
#include <stdio.h>
#include <string.h>

#include "common/conf.h"
#include "common/num.h"
#include "hw/hw.h"

#define COIL_ON 0xff00
#define GPIO_PULSE_ADDRESS 0x0200
#define GPIO_STEP_MS 10
#define MINUTE_US 60000000

static const char *const kind_names[] = {"modbus", "gpio", NULL};
static const char *const method_names[] = {"none", "flash", "momentary", "coil", NULL};
static const char *const expect_names[] = {"any", "unit", "value", NULL};

/* Decimal, or 0x and four hex digits as in the boards' manuals. */
static int parse_number(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    uint8_t hex[2];
    int64_t number = 0;
    if (strncmp(value, "0x", 2) == 0) {
        if (num_from_hex(value + 2, hex, sizeof hex) != ERR_OK) {
            cfg_error(cfg, "%s: 0x needs four hex digits", opt->name);
            return -1;
        }
        number = (int64_t)num_get_be(hex, sizeof hex);
    } else if (num_parse(value, INT32_MIN, INT32_MAX, &number) != ERR_OK) {
        cfg_error(cfg, "%s: not an integer", opt->name);
        return -1;
    }
    *(long *)result = (long)number;
    return 0;
}

#define NUMBER(name, standard) CFG_INT_CB(name, standard, CFGF_NONE, parse_number)

static cfg_opt_t identity_table[] = {NUMBER("function", 0), NUMBER("address", 0), CFG_STR("expect", "any", CFGF_NONE),
                                     NUMBER("value", 0), CFG_END()};
static cfg_opt_t pulse_table[] = {CFG_STR("method", "none", CFGF_NONE),
                                  NUMBER("function", 0),
                                  NUMBER("address", 0),
                                  NUMBER("value", 0),
                                  NUMBER("step_ms", 0),
                                  NUMBER("length_ms", 0),
                                  NUMBER("min_ms", 100),
                                  NUMBER("max_ms", PROFILE_PULSE_MAX_MS),
                                  NUMBER("dead_man_ms", 0),
                                  CFG_END()};
static cfg_opt_t off_table[] = {NUMBER("function", 0), NUMBER("address", 0), NUMBER("value", 0), CFG_END()};
static cfg_opt_t coils_table[] = {NUMBER("function", 0), NUMBER("address", 0), CFG_END()};
static cfg_opt_t inputs_table[] = {NUMBER("function", 0), NUMBER("address", 0), NUMBER("count", 0), CFG_END()};
static cfg_opt_t climate_table[] = {NUMBER("function", 0),
                                    NUMBER("address", 0),
                                    NUMBER("probes", 0),
                                    NUMBER("stride", 1),
                                    NUMBER("humidity", 0),
                                    NUMBER("milli_c", 100),
                                    NUMBER("permille", 0),
                                    NUMBER("min_milli_c", -40000),
                                    NUMBER("max_milli_c", 85000),
                                    NUMBER("stuck_min", 360),
                                    CFG_INT_LIST_CB("missing", NULL, CFGF_NONE, parse_number),
                                    CFG_END()};
static cfg_opt_t timing_table[] = {NUMBER("timeout_ms", 0), NUMBER("worst_late_ms", 0), CFG_END()};
static cfg_opt_t lines_table[] = {CFG_STR_LIST("outputs", NULL, CFGF_NONE), CFG_STR_LIST("inputs", NULL, CFGF_NONE),
                                  CFG_END()};
static cfg_opt_t table[] = {CFG_STR("title", "", CFGF_NONE),
                            CFG_STR("kind", "modbus", CFGF_NONE),
                            NUMBER("locks", 0),
                            CFG_SEC("identity", identity_table, CFGF_NONE),
                            CFG_SEC("pulse", pulse_table, CFGF_NONE),
                            CFG_SEC("off", off_table, CFGF_NONE),
                            CFG_SEC("coils", coils_table, CFGF_NONE),
                            CFG_SEC("inputs", inputs_table, CFGF_NONE),
                            CFG_SEC("climate", climate_table, CFGF_NONE),
                            CFG_SEC("timing", timing_table, CFGF_NONE),
                            CFG_SEC("lines", lines_table, CFGF_NONE),
                            CFG_END()};

/* One integer of a section, by table: where it goes and what it may be. */
struct field {
    const char *key;
    void *out; /* uint8_t, uint16_t or int32_t by width */
    size_t width;
    int64_t min, max;
};

static enum err load_fields(cfg_t *section, const struct field *fields, size_t n, struct reason *r)
{
    for (size_t i = 0; i < n; i++) {
        const struct field *f = &fields[i];
        int64_t v = 0;
        enum err e = conf_int(section, f->key, f->min, f->max, &v, r);
        if (e != ERR_OK)
            return e;
        if (f->width == sizeof(uint8_t))
            *(uint8_t *)f->out = (uint8_t)v;
        else if (f->width == sizeof(uint16_t))
            *(uint16_t *)f->out = (uint16_t)v;
        else
            *(int32_t *)f->out = (int32_t)v;
    }
    return ERR_OK;
}

#define FIELD(key, member, min, max)                                                                                   \
    {                                                                                                                  \
        key, &(member), sizeof(member), min, max                                                                       \
    }
#define LOAD(section, fields, r) load_fields(section, fields, sizeof(fields) / sizeof((fields)[0]), r)

static enum err load_identity(struct profile *p, cfg_t *s, struct reason *r)
{
    struct profile_bank *b = &p->read[PROFILE_IDENTITY];
    unsigned expect = 0;
    const struct field fields[] = {FIELD("function", b->function, 0, 4), FIELD("address", b->address, 0, 0xffff),
                                   FIELD("value", p->expect_value, 0, 0xffff)};
    enum err e = LOAD(s, fields, r);
    if (e == ERR_OK)
        e = conf_choice(s, "expect", expect_names, &expect, r);
    if (e != ERR_OK)
        return e;
    if (b->function != 0 && b->function < FRAME_READ_HOLDING)
        return conf_because(s, "function", r, ERR_RANGE, "an identity is read by function 3 or 4");
    if (b->function == 0 && expect != PROFILE_EXPECT_ANY)
        return conf_because(s, "expect", r, ERR_MISSING, "needs a function");
    b->count = 1;
    p->expect = (enum profile_expect)expect;
    return ERR_OK;
}

static enum err load_banks(struct profile *p, cfg_t *root, struct reason *r)
{
    struct profile_bank *coils = &p->read[PROFILE_COILS], *inputs = &p->read[PROFILE_INPUTS];
    cfg_t *coils_s = cfg_getsec(root, "coils"), *inputs_s = cfg_getsec(root, "inputs");
    const struct field coil_fields[] = {FIELD("function", coils->function, 0, 3),
                                        FIELD("address", coils->address, 0, 0xff00)};
    const struct field input_fields[] = {FIELD("function", inputs->function, 0, 2),
                                         FIELD("address", inputs->address, 0, 0xff00),
                                         FIELD("count", p->inputs, 0, PROFILE_INPUTS_MAX)};
    enum err e = LOAD(coils_s, coil_fields, r);
    if (e == ERR_OK)
        e = LOAD(inputs_s, input_fields, r);
    if (e != ERR_OK)
        return e;
    if ((inputs->function == 0) != (p->inputs == 0))
        return conf_because(inputs_s, "count", r, ERR_MISSING, "function and count belong together");
    if (coils->function != 0 && p->locks == 0)
        return conf_because(coils_s, "function", r, ERR_MISSING, "needs locks");
    coils->count = p->locks;
    inputs->count = p->inputs;
    return ERR_OK;
}

static enum err check_method(const struct profile *p, cfg_t *s, uint16_t length_ms, struct reason *r)
{
    bool is_write = p->pulse.function == FRAME_WRITE_COIL || p->pulse.function == FRAME_WRITE_REGISTER;
    if (!is_write)
        return conf_because(s, "function", r, ERR_RANGE, "a lock is pulsed by function 5 or 6");
    if (p->pulse.method == PROFILE_FLASH && p->pulse.step_ms == 0)
        return conf_because(s, "step_ms", r, ERR_MISSING, "flash needs the length of a step");
    if (p->pulse.method == PROFILE_MOMENTARY && length_ms == 0)
        return conf_because(s, "length_ms", r, ERR_MISSING, "momentary needs the board's fixed time");
    if (p->pulse.method == PROFILE_COIL && p->pulse.dead_man_ms == 0)
        return conf_because(
            s, "dead_man_ms", r, ERR_DENIED,
            "on and off by the program needs a board that switches off by itself when nobody talks to it");
    if (p->pulse.min_ms > p->pulse.max_ms || p->pulse.step_ms > p->pulse.max_ms)
        return conf_because(s, "max_ms", r, ERR_RANGE, "below min_ms or a step");
    if (p->pulse.method == PROFILE_COIL && p->pulse.max_ms + p->pulse.dead_man_ms > PROFILE_PULSE_MAX_MS)
        return conf_because(s, "dead_man_ms", r, ERR_DENIED, "max_ms and dead_man_ms together are above %d ms",
                            PROFILE_PULSE_MAX_MS);
    return ERR_OK;
}

static enum err load_pulse(struct profile *p, cfg_t *s, struct reason *r)
{
    uint16_t length_ms = 0;
    unsigned method = 0;
    const struct field fields[] = {FIELD("function", p->pulse.function, 0, 6),
                                   FIELD("address", p->pulse.address, 0, 0xff00),
                                   FIELD("value", p->pulse.value, 0, 0xffff),
                                   FIELD("step_ms", p->pulse.step_ms, 0, 500),
                                   FIELD("length_ms", length_ms, 0, PROFILE_PULSE_MAX_MS),
                                   FIELD("min_ms", p->pulse.min_ms, 10, PROFILE_PULSE_MAX_MS),
                                   FIELD("max_ms", p->pulse.max_ms, 10, PROFILE_PULSE_MAX_MS),
                                   FIELD("dead_man_ms", p->pulse.dead_man_ms, 0, PROFILE_PULSE_MAX_MS)};
    enum err e = conf_choice(s, "method", method_names, &method, r);
    if (e == ERR_OK)
        e = LOAD(s, fields, r);
    if (e != ERR_OK)
        return e;
    p->pulse.method = (enum profile_method)method;
    if ((p->pulse.method == PROFILE_NONE) != (p->locks == 0))
        return conf_because(s, "method", r, ERR_MISSING, "locks and a pulse method belong together");
    if (p->pulse.method == PROFILE_NONE)
        return ERR_OK;
    e = check_method(p, s, length_ms, r);
    if (e == ERR_OK && p->pulse.method == PROFILE_MOMENTARY)
        p->pulse.min_ms = p->pulse.max_ms = length_ms;
    if (e == ERR_OK && p->pulse.method == PROFILE_COIL && p->pulse.function == FRAME_WRITE_COIL)
        p->pulse.value = COIL_ON;
    return e;
}

static enum err load_off(struct profile *p, cfg_t *root, struct reason *r)
{
    cfg_t *s = cfg_getsec(root, "off");
    const struct field fields[] = {FIELD("function", p->off.function, 0, 6),
                                   FIELD("address", p->off.address, 0, 0xff00),
                                   FIELD("value", p->off.value, 0, 0xffff)};
    enum err e = LOAD(s, fields, r);
    if (e != ERR_OK || p->locks == 0)
        return e;
    if (p->off.function != FRAME_WRITE_COIL && p->off.function != FRAME_WRITE_REGISTER)
        return conf_because(s, "function", r, ERR_MISSING, "locks need an off frame by function 5 or 6");
    if (p->off.function == FRAME_WRITE_COIL && p->off.value != 0)
        return conf_because(s, "value", r, ERR_DENIED, "off by function 5 has value 0");
    if (p->read[PROFILE_COILS].function == 0)
        return conf_because(cfg_getsec(root, "coils"), "function", r, ERR_MISSING, "locks need a read-back");
    return ERR_OK;
}

static enum err load_missing(struct profile *p, cfg_t *s, struct reason *r)
{
    unsigned n = cfg_size(s, "missing");
    if (n > CLIMATE_MISSING_MAX)
        return conf_because(s, "missing", r, ERR_TOO_LONG, "more than %d values", CLIMATE_MISSING_MAX);
    for (unsigned i = 0; i < n; i++) {
        long v = cfg_getnint(s, "missing", i);
        if (v < 0 || v > 0xffff)
            return conf_because(s, "missing", r, ERR_RANGE, "%ld is no register value", v);
        p->climate.missing[i] = (uint16_t)v;
    }
    p->climate.missings = (uint8_t)n;
    return ERR_OK;
}

static enum err load_climate(struct profile *p, cfg_t *s, struct reason *r)
{
    struct profile_bank *b = &p->read[PROFILE_CLIMATE];
    int32_t stuck_min = 0;
    const struct field fields[] = {FIELD("function", b->function, 0, 4),
                                   FIELD("address", b->address, 0, 0xff00),
                                   FIELD("probes", p->probes, 0, PROFILE_PROBES_MAX),
                                   FIELD("stride", p->probe_stride, 1, 4),
                                   FIELD("humidity", p->humidity, 0, 3),
                                   FIELD("milli_c", p->climate.milli_c, 1, 1000),
                                   FIELD("permille", p->climate.permille, 0, 10),
                                   FIELD("min_milli_c", p->climate.min_milli_c, -100000, 200000),
                                   FIELD("max_milli_c", p->climate.max_milli_c, -100000, 200000),
                                   FIELD("stuck_min", stuck_min, 0, 10000)};
    enum err e = LOAD(s, fields, r);
    if (e == ERR_OK)
        e = load_missing(p, s, r);
    if (e != ERR_OK)
        return e;
    p->climate.stuck_us = (int64_t)stuck_min * MINUTE_US;
    if ((b->function == 0) != (p->probes == 0))
        return conf_because(s, "probes", r, ERR_MISSING, "function and probes belong together");
    if (p->probes == 0)
        return ERR_OK;
    if (b->function != FRAME_READ_HOLDING && b->function != FRAME_READ_REGISTERS)
        return conf_because(s, "function", r, ERR_RANGE, "probes are read by function 3 or 4");
    if (p->humidity >= p->probe_stride && p->climate.permille != 0)
        return conf_because(s, "humidity", r, ERR_RANGE, "not within the stride of a probe");
    b->count = (uint16_t)(p->probes * p->probe_stride);
    return ERR_OK;
}

static enum err load_line_list(cfg_t *s, const char *key, char (*out)[PROFILE_LINE_CAP], unsigned max, uint8_t *n,
                               struct reason *r)
{
    unsigned count = cfg_size(s, key);
    if (count > max)
        return conf_because(s, key, r, ERR_TOO_LONG, "more than %u lines", max);
    for (unsigned i = 0; i < count; i++) {
        const char *name = cfg_getnstr(s, key, i);
        size_t len = strlen(name);
        if (len == 0 || len >= PROFILE_LINE_CAP)
            return conf_because(s, key, r, ERR_RANGE, "line name of 1 to %d characters expected", PROFILE_LINE_CAP - 1);
        memcpy(out[i], name, len + 1);
    }
    *n = (uint8_t)count;
    return ERR_OK;
}

/* A chip of GPIO lines answers the same few frames as a relay board, inside the driver. */
static enum err load_gpio(struct profile *p, cfg_t *root, struct reason *r)
{
    cfg_t *s = cfg_getsec(root, "lines");
    uint8_t outputs = 0;
    enum err e = load_line_list(s, "outputs", p->output_line, PROFILE_LOCKS_MAX, &outputs, r);
    if (e == ERR_OK)
        e = load_line_list(s, "inputs", p->input_line, PROFILE_INPUTS_MAX, &p->inputs, r);
    if (e != ERR_OK)
        return e;
    if (outputs == 0 && p->inputs == 0)
        return conf_because(s, "outputs", r, ERR_MISSING, "a GPIO profile needs lines");
    p->locks = outputs;
    p->pulse.method = outputs > 0 ? PROFILE_FLASH : PROFILE_NONE;
    p->pulse.function = FRAME_WRITE_COIL;
    p->pulse.address = GPIO_PULSE_ADDRESS;
    p->pulse.step_ms = GPIO_STEP_MS;
    p->pulse.min_ms = 10;
    p->pulse.max_ms = PROFILE_PULSE_MAX_MS;
    p->off.function = FRAME_WRITE_COIL;
    p->read[PROFILE_COILS] = (struct profile_bank){outputs > 0 ? FRAME_READ_COILS : 0, 0, outputs};
    p->read[PROFILE_INPUTS] = (struct profile_bank){p->inputs > 0 ? FRAME_READ_INPUTS : 0, 0, p->inputs};
    return ERR_OK;
}

static enum err load_modbus(struct profile *p, cfg_t *root, struct reason *r)
{
    const struct field fields[] = {FIELD("locks", p->locks, 0, PROFILE_LOCKS_MAX)};
    enum err e = LOAD(root, fields, r);
    if (e == ERR_OK)
        e = load_identity(p, cfg_getsec(root, "identity"), r);
    if (e == ERR_OK)
        e = load_banks(p, root, r);
    if (e == ERR_OK)
        e = load_pulse(p, cfg_getsec(root, "pulse"), r);
    if (e == ERR_OK)
        e = load_off(p, root, r);
    if (e == ERR_OK)
        e = load_climate(p, cfg_getsec(root, "climate"), r);
    return e;
}

/* Rule R1: no answer to one read may fit another read of the same board. */
static enum err check_reads(const struct profile *p, cfg_t *root, struct reason *r)
{
    for (unsigned i = 0; i < PROFILE_READ_N; i++) {
        for (unsigned k = 0; k < i; k++) {
            const struct profile_bank *a = &p->read[i], *b = &p->read[k];
            if (!profile_has(p, (enum profile_read)i) || !profile_has(p, (enum profile_read)k))
                continue;
            struct frame fa = {1, a->function, a->address, a->count}, fb = {1, b->function, b->address, b->count};
            if (a->function == b->function && a->address != b->address &&
                frame_answer_len(&fa) == frame_answer_len(&fb))
                return conf_because(
                    root, NULL, r, ERR_DUPLICATE,
                    "addresses 0x%04x and 0x%04x are read by the same function with answers of the same "
                    "length, so that a late answer would be taken for the other",
                    b->address, a->address);
        }
    }
    return ERR_OK;
}

/* Without a register for it, a board is known by its answering the read that matters most. */
static enum err settle_identity(struct profile *p, cfg_t *root, struct reason *r)
{
    static const enum profile_read instead[] = {PROFILE_COILS, PROFILE_INPUTS, PROFILE_CLIMATE};
    for (size_t i = 0; i < sizeof instead / sizeof instead[0] && !profile_has(p, PROFILE_IDENTITY); i++)
        p->read[PROFILE_IDENTITY] = p->read[instead[i]];
    if (!profile_has(p, PROFILE_IDENTITY))
        return conf_because(root, NULL, r, ERR_MISSING, "a board needs something that can be read");
    return ERR_OK;
}

static enum err check_shapes(const struct profile *p, cfg_t *root, struct reason *r)
{
    struct firewall fw;
    struct firewall_shape shapes[FIREWALL_SHAPES_MAX];
    firewall_init(&fw);
    enum err e = firewall_add_unit(&fw, 1, shapes, profile_shapes(p, shapes));
    if (e != ERR_OK)
        return conf_because(root, NULL, r, e, "contains a frame that must never be sent");
    return ERR_OK;
}

static enum err load_all(struct profile *p, cfg_t *root, struct reason *r)
{
    unsigned kind = 0;
    enum err e = conf_choice(root, "kind", kind_names, &kind, r);
    const struct field timing[] = {FIELD("timeout_ms", p->timeout_ms, 0, 1000),
                                   FIELD("worst_late_ms", p->worst_late_ms, 0, HW_LATE_MAX_MS)};
    if (e == ERR_OK)
        e = LOAD(cfg_getsec(root, "timing"), timing, r);
    if (e != ERR_OK)
        return e;
    p->kind = (enum profile_kind)kind;
    e = p->kind == PROFILE_GPIO ? load_gpio(p, root, r) : load_modbus(p, root, r);
    if (e == ERR_OK)
        e = settle_identity(p, root, r);
    if (e == ERR_OK)
        e = check_reads(p, root, r);
    if (e == ERR_OK)
        e = check_shapes(p, root, r);
    return e;
}

enum err profile_load(struct profile *out, const char *dir, const char *name, struct reason *r)
{
    struct profile p = {0};
    char path[512];
    size_t len = strlen(name);
    if (len == 0 || len >= sizeof p.name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
        return err_because(r, ERR_UNKNOWN, "profile \"%.40s\": not the name of a profile", name);
    memcpy(p.name, name, len + 1);
    int n = snprintf(path, sizeof path, "%s/%s.conf", dir, name);
    if (n < 0 || (size_t)n >= sizeof path)
        return err_because(r, ERR_TOO_LONG, "profile \"%s\": path too long", name);
    cfg_t *root = NULL;
    enum err e = conf_parse(&root, table, path, r);
    if (e != ERR_OK)
        return e;
    e = load_all(&p, root, r);
    (void)cfg_free(root);
    if (e == ERR_OK)
        *out = p;
    return e;
}

/* The nearest number of steps that the firewall lets pass. */
static uint16_t flash_value(const struct profile *p, uint16_t pulse_ms)
{
    unsigned value = (pulse_ms + p->pulse.step_ms / 2U) / p->pulse.step_ms;
    unsigned max = (unsigned)p->pulse.max_ms / p->pulse.step_ms;
    if (value > max)
        value = max;
    return (uint16_t)(value == 0 ? 1 : value);
}

size_t profile_shapes(const struct profile *p, struct firewall_shape out[FIREWALL_SHAPES_MAX])
{
    size_t n = 0;
    for (unsigned i = 0; i < PROFILE_READ_N; i++) {
        const struct profile_bank *b = &p->read[i];
        if (b->function != 0)
            out[n++] = (struct firewall_shape){FIREWALL_READ, b->function, 0, b->address, b->count, b->count};
    }
    if (p->locks == 0)
        return n;
    out[n++] =
        (struct firewall_shape){FIREWALL_OFF, p->off.function, p->locks, p->off.address, p->off.value, p->off.value};
    uint16_t min = p->pulse.value, steps = 0;
    if (p->pulse.method == PROFILE_FLASH) {
        min = 1;
        steps = (uint16_t)(p->pulse.max_ms / p->pulse.step_ms);
    }
    uint16_t max = steps > 0 ? steps : min;
    out[n++] = (struct firewall_shape){FIREWALL_PULSE, p->pulse.function, p->locks, p->pulse.address, min, max};
    return n;
}

bool profile_has(const struct profile *p, enum profile_read what)
{
    return p->read[what].function != 0;
}

struct frame profile_read_frame(const struct profile *p, enum profile_read what, uint8_t unit)
{
    const struct profile_bank *b = &p->read[what];
    return (struct frame){unit, b->function, b->address, b->count};
}

struct frame profile_off_frame(const struct profile *p, uint8_t unit, uint8_t lock)
{
    return (struct frame){unit, p->off.function, (uint16_t)(p->off.address + lock), p->off.value};
}

uint16_t profile_pulse_ms(const struct profile *p, uint16_t pulse_ms)
{
    uint16_t ms = pulse_ms;
    if (ms < p->pulse.min_ms)
        ms = p->pulse.min_ms;
    if (ms > p->pulse.max_ms)
        ms = p->pulse.max_ms;
    return p->pulse.method == PROFILE_FLASH ? (uint16_t)(flash_value(p, ms) * p->pulse.step_ms) : ms;
}

struct frame profile_pulse_frame(const struct profile *p, uint8_t unit, uint8_t lock, uint16_t pulse_ms)
{
    uint16_t value = p->pulse.value;
    if (p->pulse.method == PROFILE_FLASH)
        value = flash_value(p, profile_pulse_ms(p, pulse_ms));
    return (struct frame){unit, p->pulse.function, (uint16_t)(p->pulse.address + lock), value};
}

bool profile_is_identity(const struct profile *p, uint8_t unit, const struct frame_answer *a)
{
    switch (p->expect) {
    case PROFILE_EXPECT_ANY:
        return true;
    case PROFILE_EXPECT_UNIT:
        return frame_register(a, 0) == unit;
    case PROFILE_EXPECT_VALUE:
        return frame_register(a, 0) == p->expect_value;
    }
    return false;
}

bool profile_coil(const struct profile *p, const struct frame_answer *a, uint8_t lock)
{
    return p->read[PROFILE_COILS].function == FRAME_READ_COILS ? frame_bit(a, lock) : frame_register(a, lock) != 0;
}

uint16_t profile_temperature(const struct profile *p, const struct frame_answer *a, uint8_t probe)
{
    return frame_register(a, (unsigned)probe * p->probe_stride);
}

uint16_t profile_humidity(const struct profile *p, const struct frame_answer *a, uint8_t probe)
{
    return frame_register(a, (unsigned)probe * p->probe_stride + p->humidity);
}
