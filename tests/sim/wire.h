/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: one bus of a plant as the daemon's end sees it: bytes that arrive in their time, on a serial line or a TCP
 * connection. Between plant.c, which lets the boards answer, and os_modbus.c, which is the library.
 */
#ifndef MEDLOCKER_SIM_WIRE_H
#define MEDLOCKER_SIM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/sim/rtu.h"
#include "tests/sim/world.h"

#define WIRE_RX_CAP 2048
#define WIRE_PENDING 8
#define WIRE_SIGHT 300 /* more than one frame */

struct plant;

/* A TCP frame on its way: a request to the boards, or an answer back. */
struct wire_frame {
    bool used;
    int64_t due_us;
    size_t len;
    uint8_t bytes[LINE_FRAME_MAX];
};

struct wire {
    struct plant *plant;
    struct world *world;
    uint8_t bus;
    bool is_rtu;
    bool unplugged;
    bool open;      /* the daemon has it open */
    bool broken;    /* went away since it was opened */
    bool rogue;     /* the frame that is being received is another master's */
    uint32_t drops; /* of cabinet_bus, seen */
    struct rtu rtu;
    struct wire_frame request[WIRE_PENDING], answer[WIRE_PENDING];
    struct fiber *waiter;
    size_t rx_len; /* arrived and not yet read */
    uint8_t rx[WIRE_RX_CAP];
};

/* The wire of the running daemon by what its configuration names. port NULL: a serial device. NULL: none. */
struct wire *wire_find(const char *device, const char *port);

/* As the system calls: 0 or an errno. Opening a TCP connection takes time, on the fiber. */
int wire_open(struct wire *w, int64_t timeout_us);
void wire_close(struct wire *w);
int wire_send(struct wire *w, const uint8_t *bytes, size_t len);
/* How many bytes can be read now. */
size_t wire_waiting(struct wire *w);
void wire_take(struct wire *w, uint8_t *out, size_t len); /* out may be NULL */

/* What can be read now and what is on its way as far as that is known: bytes, and when each arrives. */
size_t wire_sight(struct wire *w, uint8_t bytes[WIRE_SIGHT], int64_t at_us[WIRE_SIGHT]);
/* Gives the turn away until then, or until something changed. */
void wire_wait(struct wire *w, int64_t until_us);

#endif
