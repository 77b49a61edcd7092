/* SPDX-License-Identifier: Apache-2.0 */
/*
 * choice: of the language at the kiosk, by the key LANGUAGE, a digit, and OK. Nobody has to read a language that they
 * cannot: each further LANGUAGE shows, and says, the question in the next one. What was chosen stays for this visit,
 * whatever language an order has. Works on struct pickup. Pure.
 */
#ifndef MEDLOCKER_CHOICE_H
#define MEDLOCKER_CHOICE_H

#include <stdbool.h>

#include "common/language.h"
#include "controller/event.h"

struct locker;

/* The key LANGUAGE was pressed while no choice was shown. */
void choice_ask(struct locker *l, const struct event *ev);
/* This digit is a language. */
bool choice_takes(enum event_key digit);
/* A key while it is shown; of the digits, one that it takes. */
void choice_on_key(struct locker *l, enum event_key key, const struct event *ev);

/* As if it had been chosen just now, over whatever is shown. */
void choice_keep(struct locker *l, enum language language, const struct event *ev);

/* The order that somebody was verified for has this language. */
void choice_offer(struct locker *l, enum language language);

#endif
