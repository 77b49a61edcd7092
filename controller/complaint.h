/* SPDX-License-Identifier: Apache-2.0 */
/*
 * complaint: the person before an open or just closed door says that something is wrong with what lies behind it: it is
 * empty, the wrong bag, something else. The pharmacy is told at once; the compartment is set aside for people (CHECK)
 * when the door closes, and its order is not collected but unconfirmed, unless it was collected before. Works on struct
 * pickup. Pure.
 */
#ifndef MEDLOCKER_COMPLAINT_H
#define MEDLOCKER_COMPLAINT_H

#include <stdbool.h>

#include "controller/event.h"

struct locker;
struct pickup;
struct effects;

/* HELP means "something is wrong" now: a door is open, or was closed a moment ago. */
bool complaint_is_possible(const struct pickup *p);
/* Asks what is wrong; when it was said already, shows whom to call instead. */
void complaint_ask(struct locker *l, const struct event *ev);
/* That is asked, and this digit is an answer. */
bool complaint_takes(const struct pickup *p, enum event_key digit);
/* A key while that is asked; of the digits, one that it takes. */
void complaint_on_key(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx);

#endif
