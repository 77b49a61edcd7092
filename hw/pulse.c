/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/pulse.h"

void pulse_begin(struct pulse *p, bool by_board, int64_t length_us)
{
    *p = (struct pulse){.active = true, .by_board = by_board, .length_us = length_us};
}

static void finish(struct pulse *p, enum pulse_end end)
{
    p->active = false;
    p->end = end;
}

static int64_t end_us(const struct pulse *p)
{
    return p->sent_us + p->length_us;
}

static bool wants_off(const struct pulse *p, int64_t now_us)
{
    if (p->off_tries >= PULSE_OFF_TRIES || p->off_done)
        return false;
    if (!p->by_board)
        return now_us >= end_us(p);
    return p->off_due;
}

enum pulse_want pulse_next(struct pulse *p, int64_t now_us, int64_t *until_us)
{
    if (!p->active)
        return PULSE_OVER;
    if (!p->sent)
        return PULSE_SEND;
    if (p->finally_off) {
        bool energised = p->seen_on || !p->seen_idle;
        finish(p, p->echoed && energised ? PULSE_DONE : PULSE_FAILED);
        return PULSE_OVER;
    }
    if (now_us >= end_us(p) + PULSE_GIVE_UP_US) {
        finish(p, PULSE_FAILED);
        return PULSE_OVER;
    }
    if (wants_off(p, now_us))
        return PULSE_OFF;
    if (now_us >= p->next_us)
        return PULSE_READ;
    *until_us = p->next_us;
    if (!p->by_board && now_us < end_us(p) && end_us(p) < *until_us)
        *until_us = end_us(p);
    return PULSE_WAIT;
}

void pulse_was_sent(struct pulse *p, enum pulse_sent what, int64_t wire_us)
{
    if (what == PULSE_DENIED) {
        finish(p, PULSE_REFUSED);
        return;
    }
    p->sent = true;
    p->echoed = what == PULSE_ECHOED;
    p->sent_us = wire_us;
    p->next_us = wire_us;
}

void pulse_was_read(struct pulse *p, bool answered, bool on, int64_t start_us, int64_t now_us)
{
    bool after_end = start_us >= end_us(p);
    bool inside = start_us >= p->sent_us + PULSE_MARGIN_US / 2 && now_us <= end_us(p) - PULSE_MARGIN_US;
    p->next_us = now_us + PULSE_AGAIN_US;
    if (!answered)
        return;
    p->stuck = on && after_end;
    p->seen_on = p->seen_on || (on && !after_end);
    p->seen_idle = p->seen_idle || (!on && inside);
    if (!on && after_end && (p->by_board || p->off_done || p->off_tries >= PULSE_OFF_TRIES))
        p->finally_off = true;
    if (p->seen_on && !after_end)
        p->next_us = end_us(p) + PULSE_MARGIN_US;
    if (on && start_us >= end_us(p) + PULSE_OVERDUE_US) {
        p->off_due = true;
        p->off_done = false;
    }
}

void pulse_was_switched_off(struct pulse *p, bool answered, int64_t now_us)
{
    p->off_tries++;
    p->off_done = answered;
    p->off_due = !answered;
    p->next_us = now_us;
}
