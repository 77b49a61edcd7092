/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hw: the hardware boundary. One cabinet = buses with boards with channels, and doors mapped onto them. The controller
 * submits a command and gets exactly one completion; doors, climate sensors, inputs and boards report by events. A
 * completion of a pulse means "the board echoed and the coil was read back"; that the door moved is told by a door
 * event only.
 *
 * Bus work runs on one worker thread for each bus; every callback is called on the loop's thread, in order for each
 * door. hw_open switches every output off coil by coil, reads it back, and moves no lock; HW_EVENT_READY follows once
 * every board is known or given up for now.
 */
#ifndef MEDLOCKER_HW_H
#define MEDLOCKER_HW_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/err.h"

#define HW_BUSES_MAX 8
#define HW_BOARDS_MAX 64
#define HW_DOORS_MAX 200
#define HW_CLIMATES_MAX 16
#define HW_INPUTS_MAX 8
#define HW_NAME_CAP 16
#define HW_LATE_MAX_MS 10000 /* longest worst_late_ms of a bus or a profile */

enum hw_bus_kind { HW_BUS_RTU, HW_BUS_TCP, HW_BUS_GPIO, HW_BUS_FAKE };
enum hw_parity { HW_PARITY_NONE, HW_PARITY_EVEN, HW_PARITY_ODD };

struct hw_bus_cfg {
    char name[HW_NAME_CAP];
    enum hw_bus_kind kind;
    char device[108]; /* RTU: tty path; TCP: host; GPIO: chip label */
    uint16_t port;    /* TCP */
    uint32_t baud;    /* RTU */
    enum hw_parity parity;
    uint32_t poll_ms;       /* shortest time between two polls of the same board; 0: RTU as fast as the line allows,
                               TCP 20, GPIO and fake 10 */
    uint32_t timeout_ms;    /* default answer time-out of a board, 20..1000 */
    uint32_t worst_late_ms; /* silence after a time-out before the bus is used again (rule R2), default 1000 */
};

struct hw_board_cfg {
    char name[HW_NAME_CAP];
    uint8_t bus;         /* index */
    uint8_t unit;        /* Modbus unit 1..247; GPIO: 0 */
    char profile[32];    /* name of a file NAME.conf in profile_dir */
    uint32_t timeout_ms; /* 0: the bus's */
};

struct hw_door_cfg {
    char name[HW_NAME_CAP];     /* "A3" */
    uint8_t board, channel;     /* lock: board index, channel from 0 */
    uint8_t sense_board, input; /* contact: board index, input from 0 */
    bool open_is_one;           /* contact reads 1 while the door is open */
    uint16_t pulse_ms;          /* 100..1500; the profile may fix it */
};

struct hw_climate_cfg {
    char name[HW_NAME_CAP];
    uint8_t board, probe; /* probe from 0 */
};

enum hw_input_kind { HW_INPUT_TAMPER, HW_INPUT_MAINS, HW_INPUT_BATTERY, HW_INPUT_N };
struct hw_input_cfg {
    enum hw_input_kind kind;
    uint8_t board, input;
    bool active_is_one;
};

struct hw_cfg {
    const char *profile_dir;
    struct hw_bus_cfg bus[HW_BUSES_MAX];
    struct hw_board_cfg board[HW_BOARDS_MAX];
    struct hw_door_cfg door[HW_DOORS_MAX];
    struct hw_climate_cfg climate[HW_CLIMATES_MAX];
    struct hw_input_cfg input[HW_INPUTS_MAX];
    uint8_t buses, boards, climates, inputs;
    uint16_t doors;
};

/* One pulse on one lock. id comes back in the completion; intent is the journal's number of the durable intent and
 * becomes the lease of the actuation firewall: used once, for this door, within 2 s. */
struct hw_pulse {
    uint64_t id;
    uint64_t intent;
    uint16_t door;
};

enum hw_status {
    HW_DONE,    /* echoed byte for byte and the coil's state read back */
    HW_FAILED,  /* the board refused, answered wrongly or not at all: the lock may or may not have moved */
    HW_REFUSED, /* never sent: firewall, board stopped or lost, other pulse running */
    HW_FLUSHED, /* never sent: hw_free */
};

enum hw_door_state { HW_DOOR_UNKNOWN, HW_DOOR_CLOSED, HW_DOOR_OPEN };
enum hw_board_state {
    HW_BOARD_UNKNOWN,
    HW_BOARD_OK,
    HW_BOARD_LOST,    /* no valid answer, polled with back-off */
    HW_BOARD_FOREIGN, /* answers, but with another identity than the profile says */
    HW_BOARD_STOPPED, /* wiring fault: another door moved on a pulse, or a lock stays energised; no pulse until
                         hw_board_release */
};
enum hw_climate_state { HW_CLIMATE_OK, HW_CLIMATE_MISSING, HW_CLIMATE_STUCK };

enum hw_event_kind {
    HW_EVENT_READY,
    HW_EVENT_COMPLETION,
    HW_EVENT_DOOR,
    HW_EVENT_BOARD,
    HW_EVENT_CLIMATE,
    HW_EVENT_INPUT
};

struct hw_event {
    enum hw_event_kind kind;
    int64_t boot_ms; /* when it was read from the wire */
    union {
        struct {
            uint64_t id;
            uint16_t door;
            enum hw_status status;
            int64_t wire_us; /* CLOCK_MONOTONIC at which the request's last byte was handed to the line */
        } completion;
        struct {
            uint16_t door;
            enum hw_door_state
                state; /* after two agreeing reads: opening >= 50 ms apart, closing >= 300 ms (rule R3) */
        } door;
        struct {
            uint8_t board;
            enum hw_board_state state;
            uint16_t moved; /* STOPPED: the door that moved instead, or whose lock stays energised */
        } board;
        struct {
            uint8_t climate;
            enum hw_climate_state state;
            int32_t milli_c;  /* OK only */
            int32_t permille; /* relative humidity, -1: none */
        } climate;
        struct {
            enum hw_input_kind input;
            bool active, known;
        } input;
    } u;
};

/* May call hw_submit_pulse, must not call hw_free. */
typedef void (*hw_event_fn)(void *arg, const struct hw_event *ev);

struct hw;

/* Reads the profiles, checks the map (each lock and each contact used once, channels within the profile), starts the
 * buses. cfg is copied. Errors: ERR_NOT_FOUND, ERR_SYNTAX, ERR_UNKNOWN (profile), ERR_DUPLICATE, ERR_RANGE, ERR_IO; a
 * bus that cannot be opened is no error: its boards are LOST and it is tried again. */
enum err hw_open(struct hw **out, const struct hw_cfg *cfg, sd_event *loop, hw_event_fn fn, void *arg,
                 struct reason *r) ERR_MUST_CHECK;

/* Accepted means: exactly one HW_EVENT_COMPLETION with this id follows, never from inside this call. Does not block.
 * Errors: ERR_RANGE (door), ERR_BUSY (a pulse is running anywhere in the cabinet), ERR_STATE (within hw_free). */
enum err hw_submit_pulse(struct hw *hw, const struct hw_pulse *p) ERR_MUST_CHECK;

/* Polls this door's board first and as often as the line allows until until_boot_ms. */
void hw_watch(struct hw *hw, uint16_t door, int64_t until_boot_ms);

/* After a wiring fault was inspected by people. False: it was not stopped. */
bool hw_board_release(struct hw *hw, uint8_t board);

/* Counters of a bus for status and tests: frames, time-outs, bad frames, resyncs, firewall refusals. */
struct hw_bus_count {
    uint64_t sent, answered, timeouts, bad, stale, resyncs, refused;
};
void hw_bus_counts(struct hw *hw, uint8_t bus, struct hw_bus_count *out);

/* Monotonic ms at which each bus's worker last moved; for the watchdog. */
int64_t hw_bus_alive_ms(struct hw *hw, uint8_t bus);

/* Flushes pending commands with HW_FLUSHED, switches outputs off, joins the workers. NULL is fine. */
void hw_free(struct hw *hw);

#endif
