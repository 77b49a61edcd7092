/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cabinet: the configuration of one locker as the decisions see it: doors, boards, climate sensors, identity and keys.
 * Filled once by the program from lockerd.conf and the enrolment, never changed while running. Door, board and climate
 * numbers are indexes into these arrays and the same as in struct hw_cfg.
 */
#ifndef MEDLOCKER_CABINET_H
#define MEDLOCKER_CABINET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/code.h"
#include "common/token.h"
#include "controller/screen.h"
#include "hw/hw.h"

#define CABINET_NAME_CAP 9 /* a door's name: 1..8 of [A-Z0-9] */
#define CABINET_VERSION_CAP 24
#define CABINET_NO_DOOR UINT16_MAX
#define CABINET_WIRING_LEN 16

struct cabinet_door {
    char name[CABINET_NAME_CAP]; /* unique */
    uint16_t number;             /* 1..999, unique; what is on the label and typed by staff */
    uint8_t board, sense_board;  /* of the lock, of the contact */
    enum token_size size;
    enum token_zone zone;
    uint8_t row, column; /* from 1; row 1 is the top one */
    bool low;            /* within reach from a wheelchair */
};

struct cabinet_climate {
    char name[HW_NAME_CAP];
    enum token_zone zone;
    int32_t min_milli_c, max_milli_c;
};

struct cabinet {
    uint8_t id[CODE_LOCKER_LEN];
    struct code_key key; /* K_epoch; wiped by the owner of the struct */
    int64_t issued_ms;   /* when the hub signed the enrolment: the first lower bound of the time */
    char version[CABINET_VERSION_CAP];
    bool restarted; /* only the daemon started again, not the board */
    int schema;     /* of the database */
    enum language language;
    bool waived; /* doors take bags without having been commissioned: the operator answers for the wiring */
    uint32_t outbox_rows_max; /* quota of the outbox; 0: CABINET_OUTBOX_ROWS_DEFAULT */
    struct cabinet_door door[HW_DOORS_MAX];
    uint8_t wiring[HW_DOORS_MAX][CABINET_WIRING_LEN]; /* how lock and contact of a door are reached: wiring.h */
    char board[HW_BOARDS_MAX][HW_NAME_CAP];
    struct cabinet_climate climate[HW_CLIMATES_MAX];
    uint16_t doors;
    uint8_t boards, climates;
    uint8_t rows, columns; /* largest of the doors */
};

#define CABINET_OUTBOX_ROWS_DEFAULT 20000u

/* Index of the door with this number / name; CABINET_NO_DOOR if there is none. */
uint16_t cabinet_find_number(const struct cabinet *c, unsigned number);
uint16_t cabinet_find_name(const struct cabinet *c, const char *name);

#endif
