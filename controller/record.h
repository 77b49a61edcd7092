/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record: the business records of a locker, one fixed struct for each kind. Each becomes one journal row and one
 * message of the evt stream, in the same transaction as the change that it tells. Pure.
 */
#ifndef MEDLOCKER_RECORD_H
#define MEDLOCKER_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/json.h"
#include "controller/cabinet.h"
#include "controller/compartment.h"
#include "controller/limiter.h"
#include "hw/hw.h"

#define RECORD_STAFF_LEN 8

enum record_kind {
    RECORD_STARTED,             /* locker.started.v1 */
    RECORD_DESCRIBED,           /* cabinet.described.v1 */
    RECORD_PULSED,              /* door.pulsed.v1: the durable intent */
    RECORD_OPENED,              /* door.opened.v1 */
    RECORD_CLOSED,              /* door.closed.v1 */
    RECORD_JAMMED,              /* door.jammed.v1 */
    RECORD_LEFT_OPEN,           /* door.left_open.v1 */
    RECORD_FORCED,              /* door.forced.v1 */
    RECORD_MISMATCH,            /* door.mismatch.v1 */
    RECORD_COMMISSIONED,        /* door.commissioned.v1 */
    RECORD_COMPARTMENT_CHANGED, /* compartment.changed.v1 */
    RECORD_LOADED,              /* order.loaded.v1 */
    RECORD_COLLECTED,           /* order.collected.v1 */
    RECORD_UNCONFIRMED,         /* order.unconfirmed.v1 */
    RECORD_VOIDED,              /* order.voided.v1 */
    RECORD_REFUSED,             /* order.refused.v1 */
    RECORD_REMOVED,             /* order.removed.v1 */
    RECORD_REPORTED,            /* order.reported.v1 */
    RECORD_STAFF_ENTERED,       /* staff.entered.v1 */
    RECORD_SCAN_REFUSED,        /* scan.refused.v1 */
    RECORD_GUESS_ALARM,         /* guess.alarm.v1 */
    RECORD_BOARD_CHANGED,       /* board.changed.v1 */
    RECORD_CLIMATE_CHANGED,     /* climate.changed.v1 */
    RECORD_INPUT_CHANGED,       /* input.changed.v1 */
    RECORD_STORE_ALARM,         /* store.alarm.v1 */
    RECORD_COMMAND_DONE,        /* command.done.v1 */
    RECORD_KIND_N
};

enum record_actor_kind {
    RECORD_ACTOR_NONE,
    RECORD_ACTOR_CODE,
    RECORD_ACTOR_TOKEN,
    RECORD_ACTOR_STAFF,
    RECORD_ACTOR_CARER,
    RECORD_ACTOR_REMOTE /* a person at the kiosk, on the word of a member of staff who is elsewhere */
};
struct record_actor {
    enum record_actor_kind kind;
    uint8_t staff[RECORD_STAFF_LEN]; /* STAFF, REMOTE */
    uint8_t carer[CODE_CARER_LEN];   /* CARER */
};

/* An order as far as a record names it; present is false when there is none. */
struct record_order {
    bool present;
    uint8_t id[CODE_ORDER_LEN];
    uint32_t load;
};

enum record_void { RECORD_VOID_WITHDRAWN, RECORD_VOID_EXPIRED, RECORD_VOID_STAFF };
enum record_late { RECORD_LATE_COLLECTED, RECORD_LATE_REMOVED };
enum record_report { RECORD_REPORT_EMPTY, RECORD_REPORT_WRONG, RECORD_REPORT_OTHER };
enum record_climate {
    RECORD_CLIMATE_UNKNOWN,
    RECORD_CLIMATE_OK,
    RECORD_CLIMATE_EXCURSION,
    RECORD_CLIMATE_MISSING,
    RECORD_CLIMATE_STUCK
};
enum record_store { RECORD_STORE_FULL, RECORD_STORE_BALLAST, RECORD_STORE_QUOTA };

struct record {
    enum record_kind kind;
    uint16_t door; /* index, CABINET_NO_DOOR when the kind has none */
    struct record_order order;
    uint64_t pulse; /* serial: PULSED, OPENED, JAMMED, COMMISSIONED */
    uint8_t try;    /* 1..3: PULSED, JAMMED */
    /* PULSED, COLLECTED; staff of LOADED, REMOVED, STAFF_ENTERED, SCAN_REFUSED, COMMISSIONED */
    struct record_actor actor;
    union {
        struct {
            enum compartment_state state;
            enum compartment_cause cause;
        } changed;
        struct {
            uint8_t pulses;
            int64_t pulsed_ms, opened_ms, closed_ms; /* Unix ms, best knowledge */
        } collected;
        int64_t since_ms; /* LEFT_OPEN */
        struct {
            uint16_t moved;
            uint8_t board;
        } mismatch;
        enum record_void voided;
        enum record_late late;     /* REFUSED */
        enum record_report report; /* REPORTED */
        enum token_role role;      /* STAFF_ENTERED */
        struct {
            uint32_t wrong_1h, wrong_24h, wrong_7d;
            enum limiter_mode mode;
        } guess;
        struct {
            uint8_t board;
            enum hw_board_state state;
        } board;
        struct {
            uint8_t climate;
            enum record_climate state;
            int32_t milli_c; /* OK and EXCURSION */
        } climate;
        struct {
            enum hw_input_kind input;
            bool active;
        } input;
        enum record_store store;
        const char *cause; /* SCAN_REFUSED: literal */
        struct {
            int64_t seq;
            bool refused;
            const char *cause; /* literal, NULL: none */
        } command;
    } u;
};

/* A member of staff as the actor of a record. */
struct record_actor record_by_staff(const uint8_t staff[RECORD_STAFF_LEN]);

/* "order.collected.v1". */
const char *record_type(enum record_kind kind);

/* The member "dat" of the message; the caller frees it with cJSON_Delete. */
cJSON *record_to_json(const struct record *rec, const struct cabinet *cab);

/* True for records that may be dropped when the outbox is nearly full (sensors, counters and scans that led to nothing;
 * never a door or order). */
bool record_is_droppable(enum record_kind kind);

/* "ok", "lost" ... as in the messages and the heartbeat. */
const char *record_board_state_name(enum hw_board_state s);
const char *record_climate_name(enum record_climate s);
const char *record_door_state_name(enum hw_door_state s);
const char *record_input_name(enum hw_input_kind k);

#endif
