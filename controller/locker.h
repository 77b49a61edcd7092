/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locker: the whole of one locker, and the one function that decides: event in, new state and effects out. No clock, no
 * randomness, no I/O, no allocation, no failure: what cannot be done is answered on the screen or in a record.
 *
 * The caller allocates one zeroed struct locker, calls locker_init, lets store_load fill in what is durable, and then
 * feeds events from EVENT_START on; after each it commits and carries out the effects before the next event. Members
 * may be read by anyone on the loop's thread; only locker_decide, store_load and locker_init write them.
 *
 * Inputs of the cabinet: `active` always means the alarm condition (tamper: cabinet open; mains: failed; battery: low).
 * A low battery forbids pulses.
 */
#ifndef MEDLOCKER_LOCKER_H
#define MEDLOCKER_LOCKER_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/badge.h"
#include "controller/cabinet.h"
#include "controller/carer.h"
#include "controller/compartment.h"
#include "controller/effect.h"
#include "controller/event.h"
#include "controller/floor.h"
#include "controller/limiter.h"
#include "controller/order.h"
#include "controller/pickup.h"
#include "controller/remote.h"
#include "controller/screen.h"
#include "controller/staff.h"

#define LOCKER_BOARD_LOST_MS 60000 /* a silent board's doors become OUT */
#define LOCKER_DOUBT_MS 10000      /* a door that reads closed so long after its pulse did not open */
#define LOCKER_COIL_MS 1600        /* after a pulse of unknown outcome no other may start for this long */
#define LOCKER_ROWS_FOR_ORDER 24u  /* outbox rows reserved for the rest of an order's life when it is loaded */

/* What is known now about one door; gone with the process. */
struct locker_door {
    enum hw_door_state sensor;
    bool seen;            /* the sensor has said something since the start */
    int64_t open_ms;      /* boot ms since when it is open; 0: not */
    int64_t open_wall_ms; /* the same for records */
    bool told_left_open;
    bool is_old_news;  /* opened while it was FORCED already: neither that nor the closing is told again */
    int64_t pulsed_ms; /* boot ms of a pulse after which nobody has seen it closed yet; 0: none */
};

struct locker_board {
    enum hw_board_state state;
    int64_t silent_ms; /* boot ms since when it is not OK; 0: it is */
    bool given_up;     /* its doors were declared OUT */
    bool told_stopped; /* the wiring fault was told; it may be silent for a while and still be stopped after that */
};

struct locker_climate {
    enum record_climate state;
    int32_t milli_c, permille; /* permille -1: none */
};

struct locker_input {
    bool known, active;
};

struct locker {
    struct cabinet cabinet;

    /* Durable (store_load): */
    struct compartment compartment[HW_DOORS_MAX];
    struct order_table orders;
    struct limiter limiter;
    struct floor floor;
    struct badge_table badges;
    struct carer_table carers;
    uint64_t pulse_serial; /* of the last pulse intended */
    uint8_t described[32]; /* hash of the cabinet as last told to the hub */

    /* Volatile: */
    struct locker_door door[HW_DOORS_MAX];
    struct locker_board board[HW_BOARDS_MAX];
    struct locker_climate climate[HW_CLIMATES_MAX];
    struct locker_input input[HW_INPUT_N];
    bool ready;           /* hw knows every board */
    uint32_t outbox_rows; /* as of the last event */
    bool told_quota;
    uint64_t try_serial;
    uint64_t pulse_pending; /* serial without a completion yet, 0: none */
    uint16_t pulse_door;    /* of the last pulse */
    int64_t pulse_ms;       /* boot ms of the last pulse, 0: none in this boot */
    int64_t coil_until_ms;  /* boot ms until which its coil may be energised */
    enum language language;
    bool buzzer;
    struct pickup pickup;
    struct staff staff;
    struct remote remote;
    struct screen screen; /* as last told by EFFECT_SCREEN */
    uint64_t reference;   /* of the screen out of service */
    uint64_t refused;     /* verdicts that were no, since the start */
};

/* Prepares a new locker: full limiter, floor at the enrolment, every compartment FREE (store_load overwrites what it
 * knows and sets those it does not know as its configuration says). cabinet is copied; l is about 0.5 MB. */
void locker_init(struct locker *l, const struct cabinet *cabinet, const struct clock_now *now);

/* Decides. fx must be cleared. ev's verdict bytes are wiped by the caller. */
void locker_decide(struct locker *l, const struct event *ev, struct effects *fx);

/* For the modules of the core: a record that is dropped (NULL) when the outbox is nearly full; one more wrong try, with
 * the alarms that follow; a door's place in screen arguments. */
struct record *locker_note(const struct locker *l, enum record_kind kind, struct effects *fx);
void locker_count_wrong(struct locker *l, bool suspicious, struct effects *fx);
void locker_name_door(const struct locker *l, uint16_t door, struct screen *out);
bool locker_outbox_has_room(const struct locker *l, unsigned percent, unsigned more_orders);

/* What the kiosk shows now. */
const struct screen *locker_screen(const struct locker *l);

/* For heartbeat and status. */
enum hw_door_state locker_contact(const struct locker *l, uint16_t door); /* unknown while its board is not OK */
/* A door that was given up: declared OUT because its board is silent for more than LOCKER_BOARD_LOST_MS, and last seen
 * closed since the start, and since its last pulse. It needs people (INV-15), but it does not stop the other doors: one
 * dead board leaves the rest working. */
bool locker_is_given_up(const struct locker *l, uint16_t door);
unsigned locker_live_orders(const struct locker *l);
bool locker_is_idle(const struct locker *l); /* nobody at the kiosk, all doors closed: a moment for compaction */
bool locker_has_keys(const struct locker *l);

#endif
