/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp: boards behind a Modbus TCP socket on 127.0.0.1. Answers after the turnaround of the bus (or late, when the line
 * says so); connections beyond the allowed number are closed at once. Loop's thread; never blocks.
 */
#ifndef MEDLOCKER_SIM_TCP_H
#define MEDLOCKER_SIM_TCP_H

#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/err.h"
#include "hw/sim/cabinet.h"

struct tcp;

/* Called after something was received, so that the owner lets time pass and sets its timer. */
typedef void (*tcp_wake_fn)(void *arg);

struct tcp_cfg {
    struct cabinet *cabinet;
    uint8_t bus;
    uint16_t port; /* 0: any */
    sd_event *loop;
    tcp_wake_fn fn;
    void *arg;
};

/* Errors: ERR_IO, ERR_MEMORY. */
enum err tcp_open(struct tcp **out, const struct tcp_cfg *cfg, struct reason *r) ERR_MUST_CHECK;

uint16_t tcp_port(const struct tcp *t);

/* Sends the answers that are due; closes connections when the cabinet's bus asks for it. */
void tcp_step(struct tcp *t, int64_t now_us);

/* When the next answer is due, or BOARD_NEVER. */
int64_t tcp_next(const struct tcp *t);

/* NULL is fine. */
void tcp_free(struct tcp *t);

#endif
