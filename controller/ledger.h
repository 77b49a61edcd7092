/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger: the only functions that change what is durable about compartments and orders. Each takes the steps of both
 * machines together, marks the rows and writes the records, so that state and record cannot part. Pure.
 */
#ifndef MEDLOCKER_LEDGER_H
#define MEDLOCKER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/locker.h"
#include "controller/opening.h"

/* A step that concerns the compartment alone. False: ignored. */
bool ledger_step(struct locker *l, uint16_t door, enum compartment_cause cause, struct effects *fx);

/* Loading. load: slot is KNOWN, door is offered. confirm: the bag is in. abandon: LOADING ends with cause (ABANDON,
 * JAM, WITHDRAW, FORCE, LOSE, RESTART) and the order is forgotten. */
void ledger_load(struct locker *l, uint16_t slot, uint16_t door, struct effects *fx);
void ledger_confirm(struct locker *l, uint16_t slot, const uint8_t staff[RECORD_STAFF_LEN], struct effects *fx);
void ledger_abandon(struct locker *l, uint16_t door, enum compartment_cause cause, struct effects *fx);

/* Pickup. begin: intent of the first pulse; again: of a later one. end: OPENING ends without being seen, with cause
 * (UNCONFIRM, JAM, LEAVE, FORCE, LOSE, RESTART, REPORT); a withdrawal that waited is carried out. */
void ledger_pickup_begin(struct locker *l, uint16_t slot, const struct event *ev, struct effects *fx);
void ledger_pickup_again(struct locker *l, uint16_t slot, const struct event *ev, struct effects *fx);
void ledger_pickup_end(struct locker *l, uint16_t slot, enum compartment_cause cause, struct effects *fx);
void ledger_collect(struct locker *l, uint16_t slot, const struct opening *opening, const struct record_actor *actor,
                    struct effects *fx);

/* Inspection: FREE, LOADED, TAKEN, CHECK, FORCED or OUT becomes CHECK; then seen empty, or the bag that belongs there
 * stays (slot is READY and bound to this door). */
void ledger_inspect(struct locker *l, uint16_t door, struct effects *fx);
void ledger_empty(struct locker *l, uint16_t door, const uint8_t staff[RECORD_STAFF_LEN], struct effects *fx);
void ledger_keep(struct locker *l, uint16_t door, struct effects *fx);

/* Command order.withdraw.v1. Returns the door at which a loading was cut short, else CABINET_NO_DOOR. */
uint16_t ledger_withdraw(struct locker *l, const uint8_t order[CODE_ORDER_LEN], uint32_t load, bool expired,
                         struct effects *fx);

/* The order of a compartment: its slot, or ORDER_NONE. */
uint16_t ledger_order_at(const struct locker *l, uint16_t door);
/* What lock and contact of the door of o did: a record that names its order, pulse and try. */
void ledger_tell(const struct locker *l, enum record_kind kind, const struct opening *o, struct effects *fx);
void ledger_name_order(const struct order *o, struct record_order *out);
/* That of a compartment; *out stays when there is none. */
void ledger_name_order_at(const struct locker *l, uint16_t door, struct record_order *out);

#endif
