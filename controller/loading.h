/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loading: a bag goes in: voucher, one suitable door, bag, closed, the door's own label. Part of the staff session.
 * Pure.
 */
#ifndef MEDLOCKER_LOADING_H
#define MEDLOCKER_LOADING_H

#include "controller/locker.h"

void loading_on_voucher(struct locker *l, const struct token_voucher *v, const struct event *ev, struct effects *fx);
void loading_on_label(struct locker *l, uint16_t door, const struct event *ev, struct effects *fx);
/* OK after a jam. */
void loading_retry(struct locker *l, const struct event *ev, struct effects *fx);
/* Not empty, or any other problem: the door becomes CHECK, the order is forgotten. */
void loading_abandon(struct locker *l, enum screen_notice notice, const struct event *ev, struct effects *fx);

#endif
