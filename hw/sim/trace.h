/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace: the last frames on all buses, numbered. A ring; old entries are overwritten. Pure.
 */
#ifndef MEDLOCKER_SIM_TRACE_H
#define MEDLOCKER_SIM_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "hw/sim/board.h"

#define TRACE_CAP 4096u
#define TRACE_BYTES 40 /* longest frame kept whole; more is cut, the length stays true */

enum trace_kind {
    TRACE_EXCHANGE, /* request (unit and PDU) and answer */
    TRACE_GARBAGE,  /* bytes that are no request: check sum, length, baud rate */
    TRACE_COLLISION /* bytes sent while an answer was on the line: nobody heard them */
};

struct trace_entry {
    uint64_t number; /* from 1 */
    int64_t at_us;
    enum trace_kind kind;
    uint8_t bus;
    enum board_danger danger;
    uint32_t faults; /* 1 << enum line_fault */
    uint16_t request_len, reply_len;
    uint8_t request[TRACE_BYTES], reply[TRACE_BYTES];
};

struct trace {
    uint64_t last; /* number of the newest entry, 0: none */
    struct trace_entry entry[TRACE_CAP];
};

/* The next entry, with its number set and the rest zero; valid until TRACE_CAP later ones. */
struct trace_entry *trace_new(struct trace *t);

/* Entry with this number, or NULL when it never was or is overwritten. */
const struct trace_entry *trace_get(const struct trace *t, uint64_t number);

/* Number of the oldest entry kept, or 1. */
uint64_t trace_oldest(const struct trace *t);

void trace_put_request(struct trace_entry *e, const uint8_t *bytes, size_t len);
void trace_put_reply(struct trace_entry *e, const uint8_t *bytes, size_t len);

const char *trace_kind_name(enum trace_kind kind);

#endif
