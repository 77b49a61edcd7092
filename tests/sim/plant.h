/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plant: the iron of one locker: the simulated cabinet of hw/sim (boards, locks, doors, people's hands, wiring) behind
 * a link-time libmodbus (os_modbus.c: RTU and TCP frames, byte times, line faults) and a stand-in for hw/gpio.h
 * (os_gpio.c). The daemon's own bus threads, drivers, firewall and schedule run unchanged on top.
 *
 * The layout is that of hw/sim/layout.h; the same layout gives the buses and doors of the daemon's configuration. A bus
 * named "gpio" is no bus but a GPIO chip with that label: its board stands for the lines LOCK1.. and DOOR1.. .
 *
 * Each fault counts itself (world_count) when it is really there: a line fault with each frame that it hits.
 */
#ifndef MEDLOCKER_SIM_PLANT_H
#define MEDLOCKER_SIM_PLANT_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/hw.h"
#include "hw/sim/cabinet.h"
#include "tests/sim/process.h"

struct plant;

/* Made-up cabinet: doors 1..200 over the boards that are needed; text is the layout file, conf the bus, board, door,
 * climate and input sections for lockerd.conf (both freed by the caller). */
void plant_describe(unsigned doors, bool with_gpio, char **layout_text, char **conf_text);

/* device: what the daemon's configuration names as serial device or TCP address is matched to the buses of the layout
 * by name ("/sim/<bus>" or "127.0.0.1" with the port 10000 + bus index). NULL: no such layout (told on stderr). */
struct plant *plant_new(struct world *w, const char *name, const char *layout_text, uint64_t seed);
void plant_free(struct plant *p);
/* The daemon that is wired to it; its death ends nothing by itself: boards keep their outputs until their own timer,
 * GPIO lines go back to 0. */
void plant_connect(struct plant *p, struct process *daemon);

struct cabinet *plant_cabinet(struct plant *p); /* stepped to the present */
/* After the caller changed doors or boards: lets the rest of the world know. */
void plant_changed(struct plant *p);
/* Called for every strike and door change, in order, at its time, outside the daemon's fibers. */
typedef void (*plant_fn)(void *arg, const struct cabinet_event *ev);
void plant_set_watcher(struct plant *p, plant_fn fn, void *arg);
void plant_unplug(struct plant *p, uint8_t bus, bool out); /* "bus-unplugged" */
void plant_power(struct plant *p, bool on);                /* mains of the boards; "board-off" */
uint64_t plant_frames(const struct plant *p);

/* Frames that a locker must never send, those of the rogue master left out. */
uint64_t plant_dangers(const struct plant *p);
/* The current that this strike has now, or had last, did not come from the daemon: a rogue master, or a board that came
 * back with its outputs on. */
bool plant_is_foreign(const struct plant *p, uint16_t door);
/* What an input of the cabinet tells. */
void plant_set_input(struct plant *p, enum hw_input_kind kind, bool active);

/* ---------------------------------------------------------------- faults of the line: safety.md's twelve */

/* left: frames to hit, 0: until healed; permille: chance for each frame; amount 0: the usual one. bus or board may be
 * LINE_ANY. false: too many rules. "bus-deaf", "bus-late", ... */
bool plant_line_fault(struct plant *p, enum line_fault fault, uint8_t bus, uint8_t board, uint32_t left,
                      uint32_t permille, uint32_t amount);
/* The name under which a line fault is counted. */
const char *plant_fault_name(enum line_fault fault);
void plant_calm(struct plant *p); /* no line faults from now on */

/* ---------------------------------------------------------------- faults of boards; false: not possible there */

bool plant_reboot(struct plant *p, uint8_t board, bool coils); /* "board-reboot", "board-reboot-coils-on" */
bool plant_hang(struct plant *p, uint8_t board);               /* "board-hung", until plant_heal */
bool plant_stick_coil(struct plant *p, uint16_t door, enum board_stuck how); /* "coil-stuck-on", "coil-stuck-off" */
void plant_stick_sensor(struct plant *p, uint16_t door,
                        enum lock_stick how);                   /* "sensor-stuck-open", "sensor-stuck-closed" */
void plant_bounce(struct plant *p, uint16_t door, uint32_t us); /* "sensor-bounces" */
bool plant_swap_address(struct plant *p, uint8_t a, uint8_t b); /* "board-address-swapped"; on one bus; again: back */
/* Another board at the same address, which says so when it is asked; false: none that can be asked. */
bool plant_exchange(struct plant *p, uint8_t board, bool another);
/* The next pulse of this board loses it after us; keeps: with its outputs as they are. "board-lost-mid-pulse" is
 * counted when it happens. */
bool plant_lose_mid_pulse(struct plant *p, uint8_t board, uint32_t us, bool keeps);
/* Another master on the bus switches the lock of a door on: timed, or until somebody switches it off.
 * "bus-rogue-master" */
bool plant_rogue(struct plant *p, uint16_t door, bool timed);

/* ---------------------------------------------------------------- faults of the GPIO chip */

enum plant_gpio {
    PLANT_GPIO_WELL,
    PLANT_GPIO_BUSY, /* a line is held by another program: "gpio-busy", counted when the daemon asks for it */
    PLANT_GPIO_GONE  /* unplugged: reads and writes fail; open again after it is well: "gpio-gone" */
};
bool plant_gpio(struct plant *p, enum plant_gpio how);

/* Everything above is well again; boards that were off start. What people did stays (open doors, bags). */
void plant_heal(struct plant *p);

#endif
