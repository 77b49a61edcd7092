/* SPDX-License-Identifier: Apache-2.0 */
/* plant_in: what plant.c, wire.c and os_gpio.c know of each other. */
#ifndef MEDLOCKER_SIM_PLANT_IN_H
#define MEDLOCKER_SIM_PLANT_IN_H

#include "tests/sim/plant.h"
#include "tests/sim/wire.h"

struct gpio;

struct plant {
    struct plant *next;
    struct world *world;
    const char *name;
    struct process *daemon;
    struct cabinet *cabinet;
    struct wire wire[LAYOUT_BUSES_MAX];
    uint64_t ticket;
    int64_t tick_us;    /* when the ticket is due, or WORLD_NEVER */
    int64_t cabinet_us; /* cabinet_next, or 0: to be asked */
    uint64_t settled;   /* events of the cabinet whose origin is known */
    bool telling;
    plant_fn watch;
    void *watch_arg;
    uint64_t hits[LINE_FAULT_N]; /* already counted */
    uint64_t rogue_dangers;
    bool foreign[LAYOUT_DOORS_MAX];
    uint32_t lose_us[LAYOUT_BOARDS_MAX]; /* that board_lost has not told yet */
    bool powered;
    struct {
        enum plant_gpio state;
        struct gpio *held; /* by the daemon */
        uint8_t bus, board;
        bool is_there;
    } gpio;
    struct {
        uint8_t board, input;
        bool is_there;
    } input[HW_INPUT_N];
};

/* The plant of the running daemon; NULL: none. */
struct plant *plant_mine(void);
/* Something is due at at_us: the tick comes then at the latest. */
void plant_due(struct plant *p, int64_t at_us);
/* Brings the cabinet to the present, and what it does of itself is foreign. */
void plant_settle(struct plant *p);
/* After a request was carried out: counts the faults that hit it, and lets the events be told. own: of the daemon. */
void plant_carried_out(struct plant *p, bool own);

/* Lets arrive and be answered what is due on a wire; tells when the next request is complete, or WORLD_NEVER. */
int64_t wire_step(struct wire *w, int64_t now_us);
void wire_init(struct wire *w, struct plant *p, uint8_t bus);
void wire_unplug(struct wire *w, bool out);
/* A frame of another master. true: a board carried it out. */
bool wire_rogue(struct wire *w, uint8_t unit, const struct board_pdu *request);

/* The inputs of the chip may have changed. */
void gpio_changed(struct gpio *g);

#endif
