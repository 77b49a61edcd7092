/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/sim/rtu.h"

#include <string.h>

#define FAST_T15_US 750 /* fixed above 19200 baud */
#define FAST_T35_US 1750
#define FAST_BAUD 19200u

int64_t rtu_span_us(const struct rtu *l, size_t len)
{
    return ((int64_t)len * l->char_ns + 999) / 1000;
}

void rtu_init(struct rtu *l, uint8_t bus, const struct layout_bus *cfg)
{
    uint64_t bits = cfg->parity_bit ? 11 : 10;
    *l = (struct rtu){.bus = bus, .turnaround_us = cfg->turnaround_us, .quiet_us = -1};
    l->char_ns = (uint32_t)(bits * 1000000000u / cfg->baud);
    bool fast = cfg->baud > FAST_BAUD;
    l->t15_us = fast ? FAST_T15_US : (int64_t)l->char_ns * 3 / 2000;
    l->t35_us = fast ? FAST_T35_US : (int64_t)l->char_ns * 7 / 2000;
}

/* ---------------------------------------------------------------- receiving */

static int64_t left_us(const struct rtu *l, const struct rtu_reply *r, size_t count)
{
    return r->start_us + rtu_span_us(l, count);
}

static struct rtu_reply *first_reply(struct rtu *l)
{
    struct rtu_reply *first = NULL;
    for (size_t i = 0; i < RTU_PENDING; i++) {
        struct rtu_reply *r = &l->reply[i];
        if (r->used && (first == NULL || r->start_us < first->start_us)) {
            first = r;
        }
    }
    return first;
}

/* Nobody can keep clear of bytes that this machine was too busy to send: such a request breaks no rule. */
static void blame(const struct rtu *l, const struct rtu_reply *r, struct cabinet_bus *count, int64_t now_us)
{
    if (now_us > left_us(l, r, r->sent + 1) + l->t35_us) {
        count->stalls++;
        return;
    }
    count->gap_violations++;
    count->min_gap_us = 0;
}

static void measure_gap(const struct rtu *l, struct cabinet_bus *count, int64_t now_us)
{
    if (l->quiet_us < 0) {
        return;
    }
    int64_t gap_us = now_us > l->quiet_us ? now_us - l->quiet_us : 0;
    count->gap_violations += gap_us < l->t35_us ? 1 : 0;
    if (count->min_gap_us < 0 || gap_us < count->min_gap_us) {
        count->min_gap_us = gap_us;
    }
}

void rtu_receive(struct rtu *l, struct cabinet *c, const uint8_t *bytes, size_t len, int64_t now_us)
{
    struct cabinet_bus *count = &c->bus[l->bus];
    rtu_step(l, c, now_us); /* a frame that ended before these bytes */
    const struct rtu_reply *running = first_reply(l);
    if (running != NULL && running->start_us <= now_us) {
        blame(l, running, count, now_us);
        cabinet_garbage(c, l->bus, TRACE_COLLISION, bytes, len, now_us);
        return;
    }
    if (l->rx_len == 0) {
        measure_gap(l, count, now_us);
        l->rx_end_us = now_us;
    } else if (now_us > l->rx_end_us + l->t15_us) {
        count->split_frames++;
    }
    size_t room = RTU_RX_CAP - l->rx_len;
    size_t kept = len < room ? len : room;
    memcpy(l->rx + l->rx_len, bytes, kept);
    l->rx_len += kept;
    l->rx_end_us = (now_us > l->rx_end_us ? now_us : l->rx_end_us) + rtu_span_us(l, len);
}

/* ---------------------------------------------------------------- answering */

/* The first moment from start_us on at which the line has room for a reply of this length. */
static int64_t free_from(const struct rtu *l, int64_t start_us, size_t len)
{
    bool moved = true;
    while (moved) {
        moved = false;
        for (size_t i = 0; i < RTU_PENDING; i++) {
            const struct rtu_reply *r = &l->reply[i];
            int64_t end_us = r->start_us + rtu_span_us(l, r->len);
            if (r->used && start_us < end_us && start_us + rtu_span_us(l, len) > r->start_us) {
                start_us = end_us;
                moved = true;
            }
        }
    }
    return start_us;
}

static void plan_reply(struct rtu *l, const uint8_t *bytes, size_t len, int64_t start_us)
{
    for (size_t i = 0; i < RTU_PENDING; i++) {
        struct rtu_reply *slot = &l->reply[i];
        if (!slot->used) {
            slot->start_us = free_from(l, start_us, len);
            slot->used = true;
            slot->len = len;
            slot->sent = 0;
            memcpy(slot->bytes, bytes, len);
            return;
        }
    }
}

static void answer(struct rtu *l, struct cabinet *c, const uint8_t *request, size_t request_len, uint8_t unit,
                   const struct board_pdu *pdu, int64_t ended_us, int64_t now_us)
{
    struct line_reply reply;
    uint8_t frame[LINE_FRAME_MAX];
    struct trace_entry *e = cabinet_exchange(c, l->bus, unit, pdu, now_us, &reply);
    size_t len = line_write_rtu(&reply, request, request_len, frame);
    trace_put_reply(e, frame, len);
    if (len > 0) {
        plan_reply(l, frame, len, ended_us + l->turnaround_us + reply.late_us);
    }
}

void rtu_step(struct rtu *l, struct cabinet *c, int64_t now_us)
{
    int64_t ended_us = l->rx_end_us + l->t35_us;
    if (l->rx_len == 0 || now_us < ended_us) {
        return;
    }
    uint8_t unit = 0;
    struct board_pdu pdu;
    size_t len = l->rx_len;
    l->rx_len = 0;
    l->quiet_us = l->rx_end_us;
    if (line_read_rtu(l->rx, len, &unit, &pdu) != ERR_OK) {
        cabinet_garbage(c, l->bus, TRACE_GARBAGE, l->rx, len, now_us);
        return;
    }
    answer(l, c, l->rx, len, unit, &pdu, ended_us, now_us);
}

/* ---------------------------------------------------------------- sending */

size_t rtu_due(struct rtu *l, uint8_t *out, size_t cap, int64_t now_us)
{
    size_t n = 0;
    for (struct rtu_reply *r = first_reply(l); r != NULL && n < cap; r = first_reply(l)) {
        while (r->sent < r->len && n < cap && left_us(l, r, r->sent + 1) <= now_us) {
            out[n++] = r->bytes[r->sent++];
            l->quiet_us = now_us;
        }
        if (r->sent < r->len) {
            break;
        }
        r->used = false;
    }
    return n;
}

int64_t rtu_next(const struct rtu *l)
{
    int64_t next_us = l->rx_len > 0 ? l->rx_end_us + l->t35_us : BOARD_NEVER;
    for (size_t i = 0; i < RTU_PENDING; i++) {
        const struct rtu_reply *r = &l->reply[i];
        if (r->used) {
            int64_t t = left_us(l, r, r->sent + 1);
            next_us = t < next_us ? t : next_us;
        }
    }
    return next_us;
}
