/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/pickup_screen.h"

#include <string.h>

#include "controller/locker.h"

#define DDMM_DIGITS 4u

static void show_entry(const struct pickup *p, const char *entry, unsigned cap, struct screen *out)
{
    size_t len = strlen(entry);
    out->entry_len = (uint8_t)len;
    out->entry_cap = (uint8_t)cap;
    out->show = p->show;
    if (p->show)
        memcpy(out->digits, entry, len + 1);
}

static void show_opening(const struct locker *l, int64_t boot_ms, struct screen *out)
{
    const struct opening *o = &l->pickup.opening;
    static const enum screen_id ids[OPENING_PHASE_N] = {
        [OPENING_IDLE] = SCREEN_OPENING, [OPENING_PULSED] = SCREEN_OPENING, [OPENING_JAMMED] = SCREEN_JAM,
        [OPENING_OPEN] = SCREEN_OPEN,    [OPENING_CLOSED] = SCREEN_DONE,
    };
    out->id = ids[o->phase];
    int64_t open_ms = l->door[o->door].open_ms;
    if (o->phase == OPENING_OPEN && (l->pickup.complained || (open_ms != 0 && boot_ms - open_ms >= OPENING_BUZZER_MS)))
        out->id = SCREEN_CLOSE;
    if (o->phase == OPENING_OPEN && l->pickup.complained && out->notice == SCREEN_NOTICE_NONE)
        out->notice = SCREEN_NOTICE_TOLD; /* nobody takes the bag of somebody else with them */
    out->step = o->pulses;
    out->steps = OPENING_PULSES_MAX;
    locker_name_door(l, o->door, out);
}

/* Of the screens on which somebody may be stuck, and those about a door. */
static bool has_reference(const struct pickup *p)
{
    return p->state == PICKUP_REFUSED || p->state == PICKUP_WAIT || p->state == PICKUP_MESSAGE ||
           p->state == PICKUP_DOOR || p->state == PICKUP_DONE || p->state == PICKUP_NEXT;
}

/* Which bag of how many. */
static void show_bags(const struct pickup *p, struct screen *out)
{
    if (p->visit.bags < 2 || (p->state != PICKUP_DOOR && p->state != PICKUP_DONE && p->state != PICKUP_NEXT))
        return;
    out->bag = (uint8_t)p->visit.bag;
    out->bags = (uint8_t)p->visit.bags;
}

static void show_over(const struct locker *l, struct screen *out)
{
    static const enum screen_id ids[] = {
        [PICKUP_OVER_REPORT] = SCREEN_REPORT,
        [PICKUP_OVER_REPORTED] = SCREEN_REPORTED,
        [PICKUP_OVER_LANGUAGES] = SCREEN_LANGUAGES,
    };
    const struct pickup *p = &l->pickup;
    if (p->over == PICKUP_OVER_NONE)
        return;
    struct screen over = {.id = ids[p->over], .reference = out->reference, .seconds = out->seconds, .more = out->more};
    over.notice = pickup_answers_key(p) ? p->notice : SCREEN_NOTICE_NONE;
    if (p->over == PICKUP_OVER_REPORT)
        locker_name_door(l, p->opening.door, &over);
    *out = over;
}

static void show_state(const struct locker *l, int64_t boot_ms, struct screen *out)
{
    const struct pickup *p = &l->pickup;
    if (p->state == PICKUP_CODE)
        show_entry(p, p->code, CODE_DIGITS, out);
    if (p->state == PICKUP_BIRTHDAY)
        show_entry(p, p->ddmm, DDMM_DIGITS, out);
    if (p->state == PICKUP_WAIT)
        out->seconds = (uint16_t)limiter_wait_s(&l->limiter, LIMITER_BOTH);
    if (p->state == PICKUP_MESSAGE) {
        out->id = p->message;
        if (p->message == SCREEN_DOORS)
            locker_name_door(l, p->blocker, out);
    }
    if (p->state == PICKUP_DOOR)
        show_opening(l, boot_ms, out);
    if (p->state == PICKUP_REMOTE)
        locker_name_door(l, l->remote.offer.door, out);
    if (p->state == PICKUP_NEXT)
        locker_name_door(l, l->orders.slot[p->next].door, out);
}

void pickup_screen(const struct locker *l, int64_t boot_ms, struct screen *out)
{
    static const enum screen_id ids[PICKUP_STATE_N] = {
        [PICKUP_IDLE] = SCREEN_START,
        [PICKUP_CODE] = SCREEN_CODE,
        [PICKUP_BIRTHDAY] = SCREEN_BIRTHDAY,
        [PICKUP_CHECKING] = SCREEN_CHECKING,
        [PICKUP_REFUSED] = SCREEN_REFUSED,
        [PICKUP_WAIT] = SCREEN_WAIT,
        [PICKUP_MESSAGE] = SCREEN_OUT_OF_SERVICE,
        [PICKUP_DOOR] = SCREEN_OPENING,
        [PICKUP_DONE] = SCREEN_DONE,
        [PICKUP_NEXT] = SCREEN_NEXT,
        [PICKUP_REMOTE] = SCREEN_REMOTE,
        [PICKUP_AWAIT] = SCREEN_CHECKING,
    };
    const struct pickup *p = &l->pickup;
    out->id = ids[p->state];
    out->notice = p->notice;
    if (has_reference(p))
        out->reference = p->reference;
    show_state(l, boot_ms, out);
    show_bags(p, out);
    out->more = p->warned;
    if (p->warned)
        out->seconds = screen_seconds_left(p->until_ms, boot_ms);
    show_over(l, out);
}
