/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pickup_screen: what a patient sees of the session: the screen for the state of struct pickup, and what is laid over
 * it. Pure.
 */
#ifndef MEDLOCKER_PICKUP_SCREEN_H
#define MEDLOCKER_PICKUP_SCREEN_H

#include <stdint.h>

struct locker;
struct screen;

/* out: zeroed. boot_ms: now. */
void pickup_screen(const struct locker *l, int64_t boot_ms, struct screen *out);

#endif
