/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handover: one bag to one person: may its order be collected now, the intent and the pulse, the door opened and
 * closed, jams and a second try. Who the person is was verified before. Works on struct pickup, state DOOR. Pure.
 */
#ifndef MEDLOCKER_HANDOVER_H
#define MEDLOCKER_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/event.h"
#include "controller/opening.h"
#include "controller/visit.h"

struct locker;
struct order;
struct effects;

/* The order lies behind its door, and window, lease and tries allow to open it now. Says nothing about the gate. */
bool handover_is_ready(const struct locker *l, const struct order *o, const struct event *ev);

/* Somebody was verified for the order in slot: opens its door, or says on the screen why not. visit is copied and may
 * be that of the running pickup. */
void handover_begin(struct locker *l, uint16_t slot, const struct visit *visit, const struct event *ev,
                    struct effects *fx);
/* State NEXT: the person wants the bag that is shown. */
void handover_next(struct locker *l, const struct event *ev, struct effects *fx);
/* The door jammed and the person wants another try. */
void handover_retry(struct locker *l, const struct event *ev, struct effects *fx);
/* Over for this person; what the door did is not known. cause: UNCONFIRM or JAM. */
void handover_give_up(struct locker *l, enum compartment_cause cause, const struct event *ev, struct effects *fx);

/* Of the opening; state is DOOR. */
void handover_on_news(struct locker *l, enum opening_news news, const struct event *ev, struct effects *fx);
/* Its door was taken from it (forced, board lost, wrong door moved): help screen; the states were settled already. */
void handover_lose_door(struct locker *l, const struct event *ev, struct effects *fx);

#endif
