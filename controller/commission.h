/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commission: before a bag may lie behind a door, a member of staff proves that its lock, its contact and its label
 * belong together: the lock is pulsed, the contact of this door and no other moves, and the label of the door that then
 * stands open is scanned before it is closed again. So a relay, a contact, both of them together, or a label on the
 * wrong door are found before they can hand a bag to the wrong person. Part of the inspection of a door. Pure.
 */
#ifndef MEDLOCKER_COMMISSION_H
#define MEDLOCKER_COMMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/effect.h"
#include "controller/event.h"
#include "controller/locker.h"

/* It was proved, and is wired as it was then. */
bool commission_is_done(const struct locker *l, uint16_t door);
/* It must be proved before it takes a bag: not done, and not waived by the operator. */
bool commission_is_needed(const struct locker *l, uint16_t door);

/* The session waits for the label of the door that stands open. */
bool commission_wants_label(const struct staff *s);
/* commission_wants_label holds; door: the one that the label names, CABINET_NO_DOOR: none of this cabinet. Another one
 * than the door that was pulsed is a wiring fault of both and ends the inspection. */
void commission_on_label(struct locker *l, uint16_t door, const struct event *ev, struct effects *fx);
/* The door that is inspected was closed. Returns what to say. */
enum screen_notice commission_on_closed(struct locker *l, struct effects *fx);

/* Something else than this door moved on its pulse, or on another pulse this one: to be proved again, and nobody
 * collects from it until people looked (CHECK). Nothing when it was not proved. */
void commission_revoke(struct locker *l, uint16_t door, struct effects *fx);

/* At the start: doors that were in use before this was asked for count as they are wired now. A door that is wired
 * otherwise than when its bag was loaded goes to CHECK: its code would open another one. */
void commission_on_start(struct locker *l, struct effects *fx);

#endif
