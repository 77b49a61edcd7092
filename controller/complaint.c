/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/complaint.h"

#include "controller/ledger.h"
#include "controller/locker.h"

static bool is_before_open_door(const struct pickup *p)
{
    return p->state == PICKUP_DOOR && p->opening.phase == OPENING_OPEN;
}

bool complaint_is_possible(const struct pickup *p)
{
    return is_before_open_door(p) || p->state == PICKUP_DONE || p->state == PICKUP_NEXT;
}

void complaint_ask(struct locker *l, const struct event *ev)
{
    struct pickup *p = &l->pickup;
    if (!p->complained)
        pickup_lay_over(p, PICKUP_OVER_REPORT, ev);
    else if (is_before_open_door(p))
        pickup_lay_over(p, PICKUP_OVER_REPORTED, ev);
    else
        pickup_show(p, SCREEN_HELP, ev);
}

static void complain(struct locker *l, enum record_report what, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    struct record *rec = effects_record(fx, RECORD_REPORTED, p->opening.door);
    rec->order = p->named;
    rec->u.report = what;
    p->complained = true;
    effects_add(fx, EFFECT_SOUND)->u.sound = SCREEN_SOUND_OK;
    if (is_before_open_door(p)) {
        ledger_pickup_end(l, p->order, COMPARTMENT_REPORT, fx); /* now: at the closing the power may have failed */
        pickup_lay_over(p, PICKUP_OVER_NONE, ev);               /* it has to be closed first */
        return;
    }
    (void)ledger_step(l, p->opening.door, COMPARTMENT_REPORT, fx);
    pickup_show(p, SCREEN_REPORTED, ev);
}

bool complaint_takes(const struct pickup *p, enum event_key digit)
{
    return p->over == PICKUP_OVER_REPORT && digit >= EVENT_KEY_1 && digit <= EVENT_KEY_3;
}

void complaint_on_key(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx)
{
    struct pickup *p = &l->pickup;
    if (complaint_takes(p, key))
        complain(l, (enum record_report)(key - EVENT_KEY_1), ev, fx);
    else if (key == EVENT_KEY_OK || key == EVENT_KEY_CLEAR)
        pickup_lay_over(p, PICKUP_OVER_NONE, ev);
    else if (key == EVENT_KEY_HELP && p->state != PICKUP_DOOR)
        pickup_show(p, SCREEN_HELP, ev);
}
