/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plant: the iron of one locker: the simulated cabinet of hw/sim (boards, locks, doors, people's hands, wiring) behind
 * a link-time libmodbus (os_modbus.c: RTU and TCP frames, byte times, line faults) and a stand-in for hw/gpio.h
 * (os_gpio.c). The daemon's own bus threads, drivers, firewall and schedule run unchanged on top.
 *
 * The layout is that of hw/sim/layout.h; the same layout gives the buses and doors of the daemon's configuration.
 */
#ifndef MEDLOCKER_SIM_PLANT_H
#define MEDLOCKER_SIM_PLANT_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/sim/cabinet.h"
#include "tests/sim/process.h"

struct plant;

/* Made-up cabinet: doors 1..200 over the boards that are needed; text is the layout file, conf the bus, board and
 * compartment sections for lockerd.conf (both freed by the caller). */
void plant_describe(unsigned doors, bool with_gpio, char **layout_text, char **conf_text);

/* device: what the daemon's configuration names as serial device or TCP address is matched to the buses of the layout
 * by name ("/sim/<bus>" or "127.0.0.1" with the port 10000 + bus index). */
struct plant *plant_new(struct world *w, const char *name, const char *layout_text, uint64_t seed);
void plant_free(struct plant *p);
/* The daemon that is wired to it; its death ends nothing by itself: boards keep their outputs until their own timer. */
void plant_connect(struct plant *p, struct process *daemon);

struct cabinet *plant_cabinet(struct plant *p); /* stepped to the present */
/* After the caller changed doors or boards: lets the rest of the world know. */
void plant_changed(struct plant *p);
/* Called for every strike and door change, in order, at its time. */
typedef void (*plant_fn)(void *arg, const struct cabinet_event *ev);
void plant_set_watcher(struct plant *p, plant_fn fn, void *arg);
void plant_unplug(struct plant *p, uint8_t bus, bool out);
void plant_power(struct plant *p, bool on); /* mains of the boards */
uint64_t plant_frames(const struct plant *p);

#endif
