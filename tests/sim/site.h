/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site: one pharmacy as it stands in the simulated world: a hub and one or two lockers with their cabinets, machines
 * and disks, the broker between them, and what is true of all that (ghost).
 */
#ifndef MEDLOCKER_SIM_SITE_H
#define MEDLOCKER_SIM_SITE_H

#include "tests/sim/broker.h"
#include "tests/sim/ghost.h"
#include "tests/sim/image.h"
#include "tests/sim/plant.h"
#include "tests/sim/process.h"
#include "tests/sim/world.h"

#define SITE_DOORS_MAX HW_DOORS_MAX
#define SITE_KIOSK_PORT 8080
#define SITE_HUB_PORT 8443
#define SITE_PIN IMAGE_PIN

struct faults;

struct site_cfg {
    const struct image *image;
    uint64_t seed;
    unsigned lockers; /* 1 or 2 */
    unsigned doors;   /* of each */
    bool gpio;
    bool waived; /* doors need not be commissioned */
    unsigned poll_ms;
    int64_t restart_us; /* of a daemon that ended */
};

struct site_locker {
    unsigned index;
    struct site *site;
    char id[17];
    uint8_t key[8];
    struct machine machine;
    struct process *process;
    struct plant *plant;
    int64_t staff_us; /* the last time that staff was at work there */
    bool kiosk_taken; /* somebody stands before the screen */
};

struct site {
    struct world *w;
    struct site_cfg cfg;
    struct machine hub_machine;
    struct process *hub;
    struct broker *broker;
    struct site_locker locker[OBSERVE_LOCKERS_MAX];
    struct ghost_book *ghost;
    struct observe *observe;
    struct faults *faults; /* NULL: none */
    /* Of the pharmacist: name, password, cookie of the session. */
    char user[40], password[80], cookie[256];
    char badge[OBSERVE_LOCKERS_MAX][TOKEN_TEXT_CAP]; /* MS1 texts, "" until made */
    int64_t calm_us;                                 /* the last time that a fault disturbed the bus or a sensor */
    int64_t stalled_us;                              /* until then daemons may be late by a fault */
    bool miswired;                                   /* wires or addresses are or were swapped */
    bool disk_lied;                                  /* a disk lost what it had said to be safe */
    void *owned;                                     /* by whoever directs the run: freed with the site */
    bool ending;                                     /* people go home */
};

/* Makes machines, disks from the image, cabinets, broker and processes, and starts them. NULL: told on stderr. */
struct site *site_new(const struct site_cfg *cfg);
void site_free(struct site *s);
/* The one that exists now. */
struct site *site_current(void);

/* Inside a fiber: waits until hub and lockers are ready and every board is known. false: not within timeout_us. */
bool site_wait_ready(struct site *s, int64_t timeout_us);

#endif
