/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cabinet: boards, doors, people and content put together by a layout, with wiring that can be wrong. Knows the truth
 * (the ghost): what has current, which door is open, what lies where, how many frames came and which were dangerous.
 *
 * Pure: no I/O, no clock; time is an argument in microseconds (CLOCK_MONOTONIC in the program, any in tests) and never
 * goes back. The struct is large; the caller allocates it. One thread.
 */
#ifndef MEDLOCKER_SIM_CABINET_H
#define MEDLOCKER_SIM_CABINET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "hw/sim/board.h"
#include "hw/sim/climate.h"
#include "hw/sim/layout.h"
#include "hw/sim/line.h"
#include "hw/sim/lock.h"
#include "hw/sim/person.h"
#include "hw/sim/trace.h"

#define CABINET_BAGS_MAX 4
#define CABINET_EVENTS 1024u

/* What a bus saw, and what the operator of the simulator wants from it. */
struct cabinet_bus {
    uint64_t requests;       /* well-framed requests, for any unit */
    uint64_t replies;        /* answers sent */
    uint64_t unheard;        /* well-framed requests for which no board answered */
    uint64_t garbage;        /* frames that are none */
    uint64_t collisions;     /* requests begun while an answer was on the line */
    uint64_t gap_violations; /* requests begun less than t3.5 after the last byte on the line */
    uint64_t stalls;         /* requests begun while an answer was overdue: the simulator was late, not the client */
    uint64_t split_frames;   /* pauses above t1.5 inside a request */
    int64_t min_gap_us;      /* shortest silence before a request, -1: none yet */
    uint64_t connections;    /* TCP: accepted */
    uint64_t turned_away;    /* TCP: closed at once */
    bool refuse;             /* TCP: turn away every new connection */
    bool unplugged;          /* serial: the adapter is out */
    uint8_t clients;         /* TCP: connections allowed at the same time */
    uint32_t drops;          /* raised to close all TCP connections */
};

struct cabinet_board {
    struct board board;
    struct climate climate;
};

struct cabinet_door {
    struct lock lock;
    struct person person;
    uint16_t strike_to;    /* the door whose strike hangs on this door's relay (itself, when wired well) */
    uint16_t contact_from; /* the door whose contact hangs on this door's input */
    uint8_t bags;
    char bag[CABINET_BAGS_MAX][PERSON_BAG_CAP];
};

enum cabinet_event_kind { CABINET_DOOR, CABINET_STRIKE };

struct cabinet_event {
    int64_t at_us;
    enum cabinet_event_kind kind;
    uint16_t door;
    bool on; /* door open, strike with current */
    enum lock_cause cause;
};

struct cabinet {
    struct layout layout;
    struct cabinet_bus bus[LAYOUT_BUSES_MAX];
    struct cabinet_board board[LAYOUT_BOARDS_MAX];
    struct cabinet_door door[LAYOUT_DOORS_MAX];
    struct line line;
    uint64_t danger[BOARD_DANGER_N];
    uint32_t coils_now, coils_peak; /* strikes with current at the same time */
    uint32_t bags_made;
    uint32_t bags_left_over; /* a person could not put theirs in: compartment full */
    struct trace trace;
    uint64_t events_made, events_taken;
    struct cabinet_event event[CABINET_EVENTS];
};

void cabinet_init(struct cabinet *c, const struct layout *layout, uint64_t seed);

/* A request on a bus: steps to now_us, carries it out on the boards it is for, lets the line damage the answer, writes
 * the trace. request_pdu without unit address. Returns the trace entry, in which the caller may put the reply's bytes.
 */
struct trace_entry *cabinet_exchange(struct cabinet *c, uint8_t bus, uint8_t unit, const struct board_pdu *request,
                                     int64_t now_us, struct line_reply *reply);

/* Bytes that are no request. */
void cabinet_garbage(struct cabinet *c, uint8_t bus, enum trace_kind kind, const uint8_t *bytes, size_t len,
                     int64_t now_us);

/* The next moment at which something happens by itself, or BOARD_NEVER. */
int64_t cabinet_next(const struct cabinet *c);

/* Lets happen everything up to now_us, in order. */
void cabinet_step(struct cabinet *c, int64_t now_us);

/* The oldest event not yet taken; false: none. When nobody takes them the oldest are lost. */
bool cabinet_take_event(struct cabinet *c, struct cabinet_event *out);

/* ---------------------------------------------------------------- acts on doors; call cabinet_step first */

void cabinet_close_door(struct cabinet *c, uint16_t door, int64_t now_us);
void cabinet_open_door(struct cabinet *c, uint16_t door, enum lock_cause cause, int64_t now_us);
/* bag "": a new name. Errors: ERR_STATE (closed), ERR_FULL. */
enum err cabinet_put(struct cabinet *c, uint16_t door, const char *bag) ERR_MUST_CHECK;
/* bag "": everything. Errors: ERR_STATE (closed), ERR_NOT_FOUND. */
enum err cabinet_take(struct cabinet *c, uint16_t door, const char *bag) ERR_MUST_CHECK;
/* Puts a person before a door; one that stands open already counts as just opened. */
void cabinet_place(struct cabinet *c, uint16_t door, const struct person *person, int64_t now_us);
/* Swaps the wires of two doors' contacts, or of their strikes. */
void cabinet_swap_contacts(struct cabinet *c, uint16_t a, uint16_t b);
void cabinet_swap_strikes(struct cabinet *c, uint16_t a, uint16_t b, int64_t now_us);
/* After a board's power, unit, outputs or faults were changed from outside. */
void cabinet_board_changed(struct cabinet *c, int64_t now_us);

/* The contact of a door itself, and what the input reads that should report it (wiring included). */
bool cabinet_contact_open(const struct cabinet *c, uint16_t door, int64_t now_us);
bool cabinet_input_open(const struct cabinet *c, uint16_t door, int64_t now_us);

/* Index by name; false: none. */
bool cabinet_find_door(const struct cabinet *c, const char *name, uint16_t *out);
bool cabinet_find_board(const struct cabinet *c, const char *name, uint8_t *out);
bool cabinet_find_bus(const struct cabinet *c, const char *name, uint8_t *out);

#endif
