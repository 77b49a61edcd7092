/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus: one worker thread for each bus. Asks schedule what to read, sends it through the firewall and the line, turns
 * answers into debounced contacts, climate and board states, and carries out at most one pulse at a time.
 *
 * The thread shares nothing with the loop but a mailbox for orders and the post function, which it calls for every
 * change, in order. Nothing is allocated after bus_open.
 */
#ifndef MEDLOCKER_BUS_H
#define MEDLOCKER_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "hw/climate.h"
#include "hw/hw.h"
#include "hw/line.h"
#include "hw/profile.h"

struct bus_board_cfg {
    uint8_t unit; /* 1..247, also for GPIO */
    const struct profile *profile;
    uint32_t timeout_ms;
    uint32_t late_ms;
    uint64_t contacts;    /* inputs that are door contacts */
    uint64_t open_is_one; /* of those, the ones that read 1 while the door is open */
    uint64_t signals;     /* other inputs that are told about */
    uint16_t probes;      /* probes that are told about */
};

enum bus_note_kind {
    BUS_NOTE_BOARD, /* the board's state changed */
    BUS_NOTE_INPUT, /* a debounced contact or signal changed */
    BUS_NOTE_CLIMATE,
    BUS_NOTE_PULSE,  /* the pulse is over */
    BUS_NOTE_STUCK,  /* a lock stays energised although it was switched off */
    BUS_NOTE_SETTLED /* once: everything that answers has been read */
};

struct bus_note {
    enum bus_note_kind kind;
    uint8_t bus, board; /* board: place within the bus */
    int64_t boot_ms;
    union {
        enum hw_board_state state; /* OK, LOST, FOREIGN */
        struct {
            uint8_t input;
            bool known, on; /* on: door open, or signal 1 */
        } input;
        struct {
            uint8_t probe;
            enum hw_climate_state state;
            int32_t milli_c, permille;
        } climate;
        struct {
            uint64_t id;
            enum hw_status status;
            int64_t wire_us;
        } pulse;
        uint8_t lock;
    } u;
};

/* On the bus's thread. May block until there is room; must not call bus_*. */
typedef void (*bus_post_fn)(void *arg, const struct bus_note *note);

struct bus_cfg {
    uint8_t index;
    char name[HW_NAME_CAP];
    uint32_t poll_ms;
    struct bus_board_cfg board[HW_BOARDS_MAX];
    uint8_t boards;
    bus_post_fn post;
    void *arg;
};

struct bus_pulse {
    uint64_t id, intent;
    uint8_t board, lock;
    uint16_t pulse_ms;
    int64_t submitted_us; /* CLOCK_MONOTONIC; the lease counts from here */
};

struct bus;

/* Starts the thread. The line belongs to the bus from now on, also on failure. cfg is copied; profiles must outlive the
 * bus. Errors: ERR_MEMORY, ERR_IO, and those of firewall_add_unit. */
enum err bus_open(struct bus **out, const struct bus_cfg *cfg, struct line *line, struct reason *r) ERR_MUST_CHECK;

/* Accepted means exactly one BUS_NOTE_PULSE. Errors: ERR_BUSY (the one before is not over). */
enum err bus_submit_pulse(struct bus *b, const struct bus_pulse *p) ERR_MUST_CHECK;

/* Reads this board with every second request until then. */
void bus_watch(struct bus *b, uint8_t board, int64_t until_us);

void bus_counts(struct bus *b, struct hw_bus_count *out);
int64_t bus_alive_ms(struct bus *b);
/* For the fake's knobs. */
struct line *bus_line(struct bus *b);

/* Asks the thread to end without waiting: it ends the pulse, switches off what is on, and posts nothing but the end of
 * the pulse. */
void bus_stop(struct bus *b);
/* bus_stop, waits, frees. NULL is fine. */
void bus_free(struct bus *b);

#endif
