/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world: the shipped code of hw and of the locker's decisions in one thread and virtual time, before a cabinet of
 * hw/sim. Calls of the bus thread to the system and to libmodbus are redirected at link time (see the Makefile); the
 * line carries the same bytes at the same moments as a serial line or a connection would.
 *
 * One world at a time. Everything is deterministic, so a run can be split by fork at any frame.
 */
#ifndef MEDLOCKER_TEST_BUS_WORLD_H
#define MEDLOCKER_TEST_BUS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/hw.h"
#include "tests/unit/locker_bed.h"

/* Both sides call theirs a cabinet. */
#define cabinet sim_cabinet
#define cabinet_door sim_cabinet_door
#include "hw/sim/cabinet.h"
#include "hw/sim/rtu.h"
#undef cabinet
#undef cabinet_door

#define WORLD_DOORS_MAX 8

struct world_cfg {
    enum hw_bus_kind kind; /* RTU or TCP */
    uint32_t baud;
    uint16_t doors; /* up to 8 on one relay board; 0: two on it, and two whose locks and contacts are on two boards */
    bool required;  /* commissioning */
};

struct world_bus;

struct world_state {
    struct world_cfg cfg;
    struct sim_cabinet cabinet; /* the truth */
    struct hw *hw;
    struct bed bed; /* locker, effects, ghost and the tokens of the unit tests' bed; its clock is ours */
    int64_t now_us;
    bool ready, story;
    uint64_t frames;                      /* requests handed to the line */
    unsigned intended[WORLD_DOORS_MAX];   /* EFFECT_PULSE by door */
    unsigned energised[WORLD_DOORS_MAX];  /* strikes that got current */
    unsigned pulse_frames, pulses_leased; /* pulse requests on the line; submitted to hw */
    unsigned told;                        /* records and notices from which staff learns that something is wrong */
    int64_t wrong_us[WORLD_DOORS_MAX];    /* since when what is believed is not what the contact says; 0: it is */
    int64_t longest_wrong_us;
    char violation[200]; /* the first; empty: none */
    /* Called before each request reaches the line. */
    void (*on_frame)(void *arg, const uint8_t *bytes, size_t len);
    void *arg;
};

extern struct world_state *world;

/* Makes the world and opens hw. Boards are read only when time passes. */
void world_open(const struct world_cfg *cfg);
void world_close(void);

/* Time passes. until: NULL or a question; false: it was not answered with yes in time. */
typedef bool (*world_fn)(void);
bool world_run(int64_t ms, world_fn until);

/* The first violation is kept; a line of the story is printed when somebody wants it. */
void world_violate(const char *fmt, ...) ERR_PRINTF(1, 2);
void world_story(const char *fmt, ...) ERR_PRINTF(1, 2);

/* People at the kiosk. */
void world_key(enum event_key key);
void world_type(const char *digits);
void world_scan(struct token t);
void world_login(void);
void world_logout(void);

/* Hands at the doors: physical doors, whatever the locker believes. */
bool world_is_open(uint16_t door);
bool world_any_open(uint16_t *door);
void world_shut(uint16_t door);
void world_put(uint16_t door, unsigned order);
void world_take(uint16_t door);

enum screen_id world_screen(void);
enum screen_notice world_notice(void);

#endif
