/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtu: a serial line in time. Each byte takes as long as the baud rate says: a request has arrived when its last bit
 * would have left the sender, ends after a silence of t3.5, is answered after the turnaround, and each byte of the
 * answer is handed over when its last bit would have left. Measures the silence before each request.
 *
 * Pure: the descriptor is elsewhere (see pty). Time is an argument in microseconds and never goes back.
 */
#ifndef MEDLOCKER_SIM_RTU_H
#define MEDLOCKER_SIM_RTU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/sim/cabinet.h"

#define RTU_PENDING 8
#define RTU_RX_CAP 512

struct rtu_reply {
    bool used;
    int64_t start_us; /* when its first bit leaves */
    size_t len, sent;
    uint8_t bytes[LINE_FRAME_MAX];
};

struct rtu {
    uint8_t bus; /* index in the cabinet */
    uint32_t char_ns;
    int64_t t15_us, t35_us, turnaround_us;
    size_t rx_len;
    int64_t rx_end_us; /* when the last bit of what was received has left the sender */
    int64_t quiet_us;  /* since when nothing is on the line, -1: it never was used */
    struct rtu_reply reply[RTU_PENDING];
    uint8_t rx[RTU_RX_CAP];
};

void rtu_init(struct rtu *l, uint8_t bus, const struct layout_bus *cfg);

/* Bytes written by the other side at now_us. */
void rtu_receive(struct rtu *l, struct cabinet *c, const uint8_t *bytes, size_t len, int64_t now_us);

/* Ends and answers a request that is due. */
void rtu_step(struct rtu *l, struct cabinet *c, int64_t now_us);

/* Bytes whose last bit has left by now; returns how many were put into out. */
size_t rtu_due(struct rtu *l, uint8_t *out, size_t cap, int64_t now_us);

/* The next moment at which rtu_step or rtu_due has something to do, or BOARD_NEVER. */
int64_t rtu_next(const struct rtu *l);

/* Time on the line of len bytes. */
int64_t rtu_span_us(const struct rtu *l, size_t len);

#endif
