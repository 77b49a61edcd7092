/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_fake: boards and doors that exist in memory only, as a line; chosen by configuration (kind HW_BUS_FAKE) to run
 * without hardware, and by tests for its knobs. It answers with raw frames according to each board's profile, so that
 * firewall, schedule, checker and read-back work as on a wire. A pulsed lock lets its door spring open after 60 ms; a
 * door closes again by bus_fake_close or by itself after close_after_ms.
 *
 * The knobs may be called from any thread. Doors have their index in hw_cfg, boards their unit.
 */
#ifndef MEDLOCKER_BUS_FAKE_H
#define MEDLOCKER_BUS_FAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "hw/hw.h"
#include "hw/line.h"
#include "hw/profile.h"

#define BUS_FAKE_SPRING_US 60000

enum bus_fake_fault {
    BUS_FAKE_SILENT,     /* the request is lost */
    BUS_FAKE_DEAF_AFTER, /* the request is carried out, the answer is lost */
    BUS_FAKE_WRONG_UNIT,
    BUS_FAKE_WRONG_FUNCTION,
    BUS_FAKE_WRONG_COUNT,
    BUS_FAKE_WRONG_ECHO, /* address of a write; for a read: one byte more than said */
    BUS_FAKE_TRUNCATED,
    BUS_FAKE_GLUED,     /* more bytes follow: the next request finds the line not empty */
    BUS_FAKE_EXCEPTION, /* code 4, not carried out */
    BUS_FAKE_FAULT_N
};

struct bus_fake_board {
    uint8_t unit;
    const struct profile *profile;
};

struct bus_fake_door {
    uint16_t door; /* index in hw_cfg */
    uint8_t lock_unit, lock;
    uint8_t sense_unit, input;
    bool open_is_one;
};

struct bus_fake_cfg {
    struct bus_fake_board board[HW_BOARDS_MAX];
    struct bus_fake_door door[HW_DOORS_MAX];
    uint8_t boards;
    uint16_t doors;
};

struct bus_fake;

/* cfg is copied; profiles must outlive the line. Errors: ERR_MEMORY. */
enum err bus_fake_new(struct line **out, const struct bus_fake_cfg *cfg, struct reason *r) ERR_MUST_CHECK;

/* The fake behind a bus, or NULL when it is of another kind. Implemented by hw. */
struct bus_fake *bus_fake_of(struct hw *hw, uint8_t bus);

void bus_fake_open(struct bus_fake *f, uint16_t door); /* by force: without a pulse */
void bus_fake_close(struct bus_fake *f, uint16_t door);
void bus_fake_close_after(struct bus_fake *f, uint32_t ms); /* all doors by themselves; 0: never (as at the start) */
void bus_fake_jam(struct bus_fake *f, uint16_t door, bool on);
/* From now on the lock of door opens the door other. */
void bus_fake_rewire(struct bus_fake *f, uint16_t door, uint16_t other);
/* The lock is energised without a pulse; stuck: no off frame helps. */
void bus_fake_energise(struct bus_fake *f, uint16_t door, bool stuck);
/* The relay of the door's lock never closes although the board echoes. */
void bus_fake_dead_relay(struct bus_fake *f, uint16_t door, bool on);
void bus_fake_mute(struct bus_fake *f, uint8_t unit, bool on);
void bus_fake_foreign(struct bus_fake *f, uint8_t unit, bool on);
void bus_fake_fault(struct bus_fake *f, uint8_t unit, enum bus_fake_fault fault, unsigned times);
/* The next pulse on a lock of the board meets this fault. */
void bus_fake_fault_pulse(struct bus_fake *f, uint8_t unit, enum bus_fake_fault fault);
void bus_fake_unplug(struct bus_fake *f, bool on); /* the whole line */
void bus_fake_input(struct bus_fake *f, uint8_t unit, uint8_t input, bool one);
void bus_fake_climate(struct bus_fake *f, uint8_t unit, uint8_t probe, uint16_t temperature, uint16_t humidity);

struct bus_fake_tally {
    uint64_t requests, pulses, offs; /* carried out */
    unsigned energised;              /* locks now */
    unsigned most_energised;         /* locks at the same time, ever */
};
void bus_fake_tally(struct bus_fake *f, struct bus_fake_tally *out);

#endif
