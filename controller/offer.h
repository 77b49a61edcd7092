/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offer: a remote opening before the person at the kiosk. The hub asks; the screen asks the person; OK sends the
 * challenge, and the hub's answer hands the bag over by the same gate and ledger as a code would. Whatever else happens
 * at the kiosk ends it, and the hub is told why. A door that jams after it may be tried again by the same person
 * without a new challenge: docs/safety.md says why. Works on struct remote and struct pickup, states REMOTE and AWAIT.
 * Pure.
 */
#ifndef MEDLOCKER_OFFER_H
#define MEDLOCKER_OFFER_H

#include "controller/event.h"

struct locker;
struct effects;

/* Messages of the hub: fresh, signed, never stored. */
void offer_on_ask(struct locker *l, const struct event *ev, struct effects *fx);
void offer_on_answer(struct locker *l, const struct event *ev, struct effects *fx);

/* State REMOTE: the person pressed OK; nothing when the offer came only just before. */
void offer_accept(struct locker *l, const struct event *ev, struct effects *fx);
/* States REMOTE and AWAIT: their time is up. */
void offer_time_is_up(struct locker *l, const struct event *ev, struct effects *fx);
/* After every event: an offer that nobody looks at any more is over. */
void offer_settle(struct locker *l, struct effects *fx);

#endif
