/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trail: what happened to one order, for its patient: a page to print, in the order of time, with who (name and task of
 * staff), what and when, in plain words (NEN 7513, right of access). From the reports of lockers and the acts of people
 * at the hub; no row of either is left out, those without words of their own get general ones.
 *
 * One thread. Only reads.
 */
#ifndef MEDLOCKER_TRAIL_H
#define MEDLOCKER_TRAIL_H

#include "backend/hub.h"
#include "backend/order.h"
#include "backend/text.h"
#include "common/err.h"

/* *html is freed with print_free. Errors: those of the store, ERR_MEMORY. */
enum err trail_page(struct hub *hub, const struct text *t, const struct order *o, char **html,
                    struct reason *r) ERR_MUST_CHECK;

#endif
