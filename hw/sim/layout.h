/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout: the description of a cabinet: buses, boards on them, doors with the relay that releases them and the input
 * that reports them. Read from a file; used once at start.
 */
#ifndef MEDLOCKER_SIM_LAYOUT_H
#define MEDLOCKER_SIM_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "hw/sim/board.h"

#define LAYOUT_BUSES_MAX 8
#define LAYOUT_BOARDS_MAX 64
#define LAYOUT_DOORS_MAX 200
#define LAYOUT_NAME_CAP 16

enum layout_bus_kind { LAYOUT_RTU, LAYOUT_TCP };

struct layout_bus {
    char name[LAYOUT_NAME_CAP];
    enum layout_bus_kind kind;
    uint32_t baud;
    bool parity_bit; /* 11 bits for each character instead of 10 */
    uint32_t turnaround_us;
    uint8_t clients; /* TCP connections at the same time */
};

struct layout_board {
    char name[LAYOUT_NAME_CAP];
    enum board_kind kind;
    uint8_t unit;
    uint8_t bus; /* index */
    int16_t deci_c;
    uint16_t deci_rh;
};

struct layout_door {
    char name[LAYOUT_NAME_CAP];
    uint8_t board, channel; /* channel from 0 */
    uint8_t contact_board, contact_input;
    bool open_is_one;
};

struct layout {
    struct layout_bus bus[LAYOUT_BUSES_MAX];
    struct layout_board board[LAYOUT_BOARDS_MAX];
    struct layout_door door[LAYOUT_DOORS_MAX];
    uint8_t buses, boards;
    uint16_t doors;
};

/* Whether a serial line can have this speed. */
bool layout_baud_is_known(uint32_t baud);

/* Reads and checks a description; *out is untouched on failure. Errors: those of conf_parse, ERR_DUPLICATE (name, unit,
 * relay or input used twice), ERR_UNKNOWN (bus or board not described), ERR_RANGE, ERR_MISSING, ERR_TOO_LONG. */
enum err layout_read(struct layout *out, const char *path, struct reason *r) ERR_MUST_CHECK;

#endif
