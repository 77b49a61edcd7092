/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile: what a kind of board understands, as data: a file NAME.conf with functions, addresses, the way in which a
 * lock is pulsed, and timing. Turns a wish ("pulse lock 3 for 500 ms") into a frame, an answer into bits, and itself
 * into the shapes that the firewall lets pass.
 *
 * A profile that cannot be safe is refused when it is loaded: a pulse without a read-back and an off frame, a pulse
 * longer than 1.5 s, a frame that the firewall never lets pass, two reads that one answer would fit (rule R1), or
 * switching on and off by the program on a board without a dead-man timer (rule R5).
 *
 * Loading reads a file; all else is pure.
 */
#ifndef MEDLOCKER_PROFILE_H
#define MEDLOCKER_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "hw/climate.h"
#include "hw/firewall.h"
#include "hw/frame.h"

#define PROFILE_NAME_CAP 32
#define PROFILE_LOCKS_MAX 32
#define PROFILE_INPUTS_MAX 64
#define PROFILE_PROBES_MAX 16
#define PROFILE_LINE_CAP 32
#define PROFILE_PULSE_MAX_MS 1500

enum profile_kind { PROFILE_MODBUS, PROFILE_GPIO };

enum profile_method {
    PROFILE_NONE,      /* no locks */
    PROFILE_FLASH,     /* one write, value = length in steps; the board switches off */
    PROFILE_MOMENTARY, /* one write of a fixed value; the board switches off after a fixed time */
    PROFILE_COIL       /* on, and off again by us; only with a dead-man timer on the board */
};

/* The reads a board is polled with. Identity is always there: without a register of its own it is another read. */
enum profile_read { PROFILE_IDENTITY, PROFILE_COILS, PROFILE_INPUTS, PROFILE_CLIMATE, PROFILE_READ_N };

enum profile_expect { PROFILE_EXPECT_ANY, PROFILE_EXPECT_UNIT, PROFILE_EXPECT_VALUE };

struct profile_bank {
    uint8_t function; /* 0: the board has none */
    uint16_t address, count;
};

struct profile {
    char name[PROFILE_NAME_CAP];
    enum profile_kind kind;
    uint8_t locks, inputs, probes;
    struct profile_bank read[PROFILE_READ_N];
    enum profile_expect expect;
    uint16_t expect_value;
    struct {
        enum profile_method method;
        uint8_t function;
        uint16_t address; /* of lock 0 */
        uint16_t value;   /* MOMENTARY, COIL */
        uint16_t step_ms; /* FLASH: what a count of the value means */
        uint16_t min_ms, max_ms;
        uint16_t dead_man_ms;
    } pulse;
    struct {
        uint8_t function;
        uint16_t address, value;
    } off;
    struct climate_rule climate;
    uint8_t probe_stride;                                  /* registers from one probe to the next */
    uint8_t humidity;                                      /* register of the humidity after that of the temperature */
    uint16_t timeout_ms;                                   /* 0: the bus's */
    uint16_t worst_late_ms;                                /* 0: the bus's */
    char output_line[PROFILE_LOCKS_MAX][PROFILE_LINE_CAP]; /* GPIO: line names */
    char input_line[PROFILE_INPUTS_MAX][PROFILE_LINE_CAP];
};

/* Reads dir/name.conf. Errors: ERR_UNKNOWN (name with other characters than a-z, 0-9 and '-'), those of conf_parse,
 * ERR_RANGE, ERR_MISSING, ERR_DENIED (not safe), ERR_DUPLICATE (rule R1); the reason has file and line. */
enum err profile_load(struct profile *out, const char *dir, const char *name, struct reason *r) ERR_MUST_CHECK;

/* Fills out with what the firewall may let pass for a board of this profile; returns how many. */
size_t profile_shapes(const struct profile *p, struct firewall_shape out[FIREWALL_SHAPES_MAX]);

bool profile_has(const struct profile *p, enum profile_read what);
struct frame profile_read_frame(const struct profile *p, enum profile_read what, uint8_t unit);
struct frame profile_off_frame(const struct profile *p, uint8_t unit, uint8_t lock);
struct frame profile_pulse_frame(const struct profile *p, uint8_t unit, uint8_t lock, uint16_t pulse_ms);
/* How long the lock is really energised when pulse_ms is asked for. */
uint16_t profile_pulse_ms(const struct profile *p, uint16_t pulse_ms);

/* Is the answer to the identity read that of a board of this profile? */
bool profile_is_identity(const struct profile *p, uint8_t unit, const struct frame_answer *a);
/* Answer to PROFILE_COILS: is the lock energised? */
bool profile_coil(const struct profile *p, const struct frame_answer *a, uint8_t lock);
/* Answer to PROFILE_CLIMATE: raw registers of a probe. */
uint16_t profile_temperature(const struct profile *p, const struct frame_answer *a, uint8_t probe);
uint16_t profile_humidity(const struct profile *p, const struct frame_answer *a, uint8_t probe);

#endif
