/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/plant_in.h"
#include "tests/sim/process_part.h"

#define TCP_PORT_FIRST 10000
#define CONNECT_US 300
#define NETWORK_US 150 /* one way */

void wire_init(struct wire *w, struct plant *p, uint8_t bus)
{
    const struct layout_bus *cfg = &p->cabinet->layout.bus[bus];
    *w = (struct wire){.plant = p, .world = p->world, .bus = bus, .is_rtu = cfg->kind == LAYOUT_RTU};
    rtu_init(&w->rtu, bus, cfg);
}

static struct cabinet_bus *bus_of(const struct wire *w)
{
    return &w->plant->cabinet->bus[w->bus];
}

struct wire *wire_find(const char *device, const char *port)
{
    struct plant *p = plant_mine();
    for (uint8_t i = 0; p != NULL && i < p->cabinet->layout.buses; i++) {
        char name[LAYOUT_NAME_CAP + 8];
        struct wire *w = &p->wire[i];
        (void)snprintf(name, sizeof name, "/sim/%s", p->cabinet->layout.bus[i].name);
        bool fits = port == NULL ? w->is_rtu && strcmp(name, device) == 0
                                 : !w->is_rtu && strtoul(port, NULL, 10) == TCP_PORT_FIRST + (unsigned long)i;
        if (fits) {
            return w;
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------- bytes on their way to the daemon */

static void arrived(struct wire *w, const uint8_t *bytes, size_t len)
{
    size_t room = WIRE_RX_CAP - w->rx_len;
    size_t kept = !w->open ? 0 : len < room ? len : room;
    memcpy(w->rx + w->rx_len, bytes, kept);
    w->rx_len += kept;
}

static int64_t left_us(const struct wire *w, const struct rtu_reply *r, size_t count)
{
    return r->start_us + rtu_span_us(&w->rtu, count);
}

/* rtu_due takes the moment at which it is called for the last byte's; this line is looked at later than that. */
static int64_t last_byte_us(const struct wire *w, int64_t now_us)
{
    int64_t last_us = w->rtu.quiet_us;
    for (size_t i = 0; i < RTU_PENDING; i++) {
        const struct rtu_reply *r = &w->rtu.reply[i];
        for (size_t k = r->len; r->used && k > r->sent; k--) {
            int64_t us = left_us(w, r, k);
            if (us <= now_us) {
                last_us = us > last_us ? us : last_us;
                break;
            }
        }
    }
    return last_us;
}

static bool has_reply(const struct wire *w)
{
    for (size_t i = 0; i < RTU_PENDING; i++) {
        if (w->rtu.reply[i].used) {
            return true;
        }
    }
    return false;
}

static struct wire_frame *first_of(struct wire_frame frame[WIRE_PENDING], int64_t after_us)
{
    struct wire_frame *first = NULL;
    for (size_t i = 0; i < WIRE_PENDING; i++) {
        struct wire_frame *f = &frame[i];
        if (f->used && f->due_us > after_us && (first == NULL || f->due_us < first->due_us)) {
            first = f;
        }
    }
    return first;
}

static void collect(struct wire *w)
{
    int64_t now_us = world_now_us(w->world);
    if (w->is_rtu) {
        uint8_t bytes[LINE_FRAME_MAX];
        if (has_reply(w)) {
            int64_t last_us = last_byte_us(w, now_us);
            arrived(w, bytes, rtu_due(&w->rtu, bytes, sizeof bytes, now_us));
            w->rtu.quiet_us = last_us;
        }
        return;
    }
    for (struct wire_frame *f = first_of(w->answer, -1); f != NULL && f->due_us <= now_us;
         f = first_of(w->answer, -1)) {
        arrived(w, f->bytes, f->len);
        f->used = false;
    }
}

size_t wire_waiting(struct wire *w)
{
    collect(w);
    return w->rx_len;
}

void wire_take(struct wire *w, uint8_t *out, size_t len)
{
    len = len < w->rx_len ? len : w->rx_len;
    if (out != NULL) {
        memcpy(out, w->rx, len);
    }
    w->rx_len -= len;
    memmove(w->rx, w->rx + len, w->rx_len);
}

struct sight {
    uint8_t *bytes;
    int64_t *at_us;
    size_t n;
};

static void see(struct sight *s, uint8_t byte, int64_t at_us)
{
    if (s->n < WIRE_SIGHT) {
        s->bytes[s->n] = byte;
        s->at_us[s->n++] = at_us;
    }
}

static void see_replies(const struct wire *w, struct sight *s)
{
    int64_t after_us = INT64_MIN;
    for (;;) {
        const struct rtu_reply *first = NULL;
        for (size_t i = 0; i < RTU_PENDING; i++) {
            const struct rtu_reply *r = &w->rtu.reply[i];
            if (r->used && r->start_us > after_us && (first == NULL || r->start_us < first->start_us)) {
                first = r;
            }
        }
        if (first == NULL) {
            return;
        }
        after_us = first->start_us;
        for (size_t k = first->sent; k < first->len; k++) {
            see(s, first->bytes[k], left_us(w, first, k + 1));
        }
    }
}

size_t wire_sight(struct wire *w, uint8_t bytes[WIRE_SIGHT], int64_t at_us[WIRE_SIGHT])
{
    struct sight s = {.bytes = bytes, .at_us = at_us};
    collect(w);
    for (size_t i = 0; i < w->rx_len; i++) {
        see(&s, w->rx[i], 0);
    }
    if (w->is_rtu) {
        see_replies(w, &s);
        return s.n;
    }
    for (const struct wire_frame *f = first_of(w->answer, -1); f != NULL; f = first_of(w->answer, f->due_us)) {
        for (size_t k = 0; k < f->len; k++) {
            see(&s, f->bytes[k], f->due_us);
        }
    }
    return s.n;
}

void wire_wait(struct wire *w, int64_t until_us)
{
    w->waiter = fiber_self(w->world);
    (void)process_wait(process_current(), until_us);
    w->waiter = NULL;
}

static void wake(struct wire *w)
{
    if (w->waiter != NULL) {
        fiber_wake(w->world, w->waiter);
    }
}

/* ---------------------------------------------------------------- the daemon's calls */

int wire_open(struct wire *w, int64_t timeout_us)
{
    if (w->is_rtu && w->unplugged) {
        return ENOENT;
    }
    if (!w->is_rtu) {
        int64_t until_us = world_now_us(w->world) + (w->unplugged ? timeout_us : CONNECT_US);
        while (world_now_us(w->world) < until_us && !world_is_ending(w->world) && !process_is_dead(process_current())) {
            (void)process_wait(process_current(), until_us);
        }
        if (w->unplugged) {
            return ETIMEDOUT;
        }
        if (bus_of(w)->refuse) {
            bus_of(w)->turned_away++;
            return ECONNREFUSED;
        }
        bus_of(w)->connections++;
    }
    collect(w); /* what came while nobody had it open */
    w->rx_len = 0;
    w->open = true;
    w->broken = false;
    return 0;
}

void wire_close(struct wire *w)
{
    w->open = false;
    w->rx_len = 0;
    for (size_t i = 0; i < WIRE_PENDING; i++) {
        w->answer[i].used = false;
    }
}

static bool put(struct wire_frame frame[WIRE_PENDING], const uint8_t *bytes, size_t len, int64_t due_us)
{
    for (size_t i = 0; i < WIRE_PENDING; i++) {
        while (first_of(frame, due_us - 1) != NULL && first_of(frame, due_us - 1)->due_us == due_us) {
            due_us++; /* a stream has an order */
        }
        if (!frame[i].used) {
            frame[i].used = true;
            frame[i].due_us = due_us;
            frame[i].len = len;
            memcpy(frame[i].bytes, bytes, len);
            return true;
        }
    }
    return false;
}

static int64_t ends_us(const struct wire *w)
{
    return w->rtu.rx_len > 0 ? w->rtu.rx_end_us + w->rtu.t35_us : WORLD_NEVER;
}

static void send_rtu(struct wire *w, const uint8_t *bytes, size_t len, int64_t now_us)
{
    (void)wire_step(w, now_us);
    collect(w);
    rtu_receive(&w->rtu, w->plant->cabinet, bytes, len, now_us);
    plant_due(w->plant, ends_us(w));
}

int wire_send(struct wire *w, const uint8_t *bytes, size_t len)
{
    int64_t now_us = world_now_us(w->world);
    if (!w->open) {
        return EBADF;
    }
    if (w->broken || w->unplugged) {
        return w->is_rtu ? EIO : EPIPE;
    }
    if (w->is_rtu) {
        send_rtu(w, bytes, len, now_us);
    } else if (len <= LINE_FRAME_MAX && put(w->request, bytes, len, now_us + NETWORK_US)) {
        plant_due(w->plant, now_us + NETWORK_US);
    }
    return 0;
}

/* ---------------------------------------------------------------- the boards' side */

static void answer_tcp(struct wire *w, const struct wire_frame *f, int64_t now_us)
{
    struct cabinet *c = w->plant->cabinet;
    struct line_mbap head;
    struct board_pdu pdu;
    struct line_reply reply;
    uint8_t frame[LINE_FRAME_MAX];
    if (line_read_tcp(f->bytes, f->len, &head, &pdu) != ERR_OK) {
        cabinet_garbage(c, w->bus, TRACE_GARBAGE, f->bytes, f->len, now_us);
        w->broken = true;
        return;
    }
    plant_settle(w->plant);
    struct trace_entry *e = cabinet_exchange(c, w->bus, head.unit, &pdu, now_us, &reply);
    size_t len = line_write_tcp(&reply, head.transaction, frame);
    trace_put_reply(e, frame, len);
    plant_carried_out(w->plant, true);
    if (len > 0 && w->open) {
        int64_t turnaround_us = c->layout.bus[w->bus].turnaround_us;
        (void)put(w->answer, frame, len, now_us + turnaround_us + NETWORK_US + reply.late_us);
    }
}

static int64_t step_tcp(struct wire *w, int64_t now_us)
{
    struct wire_frame *f = first_of(w->request, -1);
    for (; f != NULL && f->due_us <= now_us; f = first_of(w->request, -1)) {
        if (!w->unplugged) {
            answer_tcp(w, f, now_us);
        }
        f->used = false;
        wake(w);
    }
    return f != NULL ? f->due_us : WORLD_NEVER;
}

int64_t wire_step(struct wire *w, int64_t now_us)
{
    if (w->drops != bus_of(w)->drops) {
        w->drops = bus_of(w)->drops;
        w->broken = !w->is_rtu;
        wake(w);
    }
    if (!w->is_rtu) {
        return step_tcp(w, now_us);
    }
    if (ends_us(w) <= now_us) {
        plant_settle(w->plant);
        rtu_step(&w->rtu, w->plant->cabinet, now_us);
        plant_carried_out(w->plant, !w->rogue);
        w->rogue = false;
        wake(w);
    }
    return ends_us(w);
}

/* The adapter is out: bytes that are on the line are lost for the daemon, and so is what it sends. */
void wire_unplug(struct wire *w, bool out)
{
    w->unplugged = out;
    if (out) {
        w->broken = true;
        w->rx_len = 0;
        wake(w);
    }
}

bool wire_rogue(struct wire *w, uint8_t unit, const struct board_pdu *request)
{
    int64_t now_us = world_now_us(w->world);
    struct line_reply reply = {.answered = true, .unit = unit, .pdu = *request};
    uint8_t frame[LINE_FRAME_MAX];
    if (!w->is_rtu) {
        plant_settle(w->plant);
        struct trace_entry *e = cabinet_exchange(w->plant->cabinet, w->bus, unit, request, now_us, &reply);
        trace_put_reply(e, frame, 0);
        plant_carried_out(w->plant, false);
        return reply.answered;
    }
    size_t len = line_write_rtu(&reply, frame, 0, frame);
    w->rogue = w->rtu.rx_len == 0; /* else both are garbage */
    send_rtu(w, frame, len, now_us);
    arrived(w, frame, len); /* everybody on a line hears everybody */
    wake(w);
    return w->rogue;
}
