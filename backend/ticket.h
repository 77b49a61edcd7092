/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ticket: what kind of work a fault is: who may close it, whether somebody must go there, and how soon. Pure tables.
 */
#ifndef MEDLOCKER_TICKET_H
#define MEDLOCKER_TICKET_H

#include <stdbool.h>

#include "backend/store.h"

/* True: what the locker tells closes it (the door opened, the value is fine again, a heartbeat came), and people do not
 * while that can still come. False: no evidence can come, people close it with a comment. */
bool ticket_closes_on_evidence(enum store_fault_kind k);
/* Hands are needed at the locker. */
bool ticket_needs_visit(enum store_fault_kind k);
/* Patients cannot get their medicine, or it may spoil: first on the round. */
bool ticket_is_urgent(enum store_fault_kind k);

/* What the subject of a fault names. */
enum ticket_subject { TICKET_NOTHING, TICKET_DOOR, TICKET_BOARD, TICKET_SENSOR, TICKET_INPUT, TICKET_ORDER };
enum ticket_subject ticket_subject_of(enum store_fault_kind k);

#endif
