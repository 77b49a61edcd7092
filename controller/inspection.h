/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspection: people look behind a door: the only way out of CHECK, FORCED and OUT, and the way of a bag that goes
 * back. Part of the staff session. Pure.
 */
#ifndef MEDLOCKER_INSPECTION_H
#define MEDLOCKER_INSPECTION_H

#include "controller/locker.h"

/* A door was chosen by its label or number; CABINET_NO_DOOR: there is no such door. */
void inspection_on_door(struct locker *l, uint16_t door, const struct event *ev, struct effects *fx);
/* The bag that was seen in it. */
void inspection_on_voucher(struct locker *l, const struct token_voucher *v, const struct event *ev, struct effects *fx);
void inspection_on_empty(struct locker *l, const struct event *ev, struct effects *fx);
/* The door that was looked into is closed again: what was in it? */
void inspection_on_closed(struct locker *l, const struct event *ev, struct effects *fx);
void inspection_retry(struct locker *l, const struct event *ev, struct effects *fx);

#endif
