/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cabinet_events: what the hardware says: doors that open and close, with and without us, boards lost and found, a
 * wrong door that moved, climate and inputs; and what only time tells: left open, silent for too long. Pure.
 */
#ifndef MEDLOCKER_CABINET_EVENTS_H
#define MEDLOCKER_CABINET_EVENTS_H

#include "controller/locker.h"

/* A door that opens this long after its last pulse was not opened by it (INV-16). */
#define CABINET_PULSE_OPENS_MS 5000
/* A temperature must come back this far inside its limits to be fine again. */
#define CABINET_CLIMATE_BACK_MILLI_C 300

void cabinet_on_hw(struct locker *l, const struct event *ev, struct effects *fx);
void cabinet_on_tick(struct locker *l, const struct event *ev, struct effects *fx);

#endif
