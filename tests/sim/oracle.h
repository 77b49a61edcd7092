/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle: judges. After every event the numbered invariants of the locker's own view and those that only the ghost can
 * judge; at the end liveness, the search for secrets, and the comparison of ghost, lockers and hub row by row. The
 * first that does not hold ends the run: world_fail("INV-05 ...").
 */
#ifndef MEDLOCKER_SIM_ORACLE_H
#define MEDLOCKER_SIM_ORACLE_H

#include "tests/sim/site.h"

#define ORACLE_DETECT_US INT64_C(2500000) /* a movement may go unseen so long: poll, agreement, one lost frame */
#define ORACLE_PULSES 3u                  /* INV-04 */
#define ORACLE_STRIKE_US INT64_C(1550000) /* INV-06, with the switching time of a relay */

/* Attaches to the cabinets. */
void oracle_attach(struct site *s);
/* A run that an excuse saved from failing; counted by name. */
void oracle_excuse(struct site *s, const char *why);

/* The name of a secret (code, name, birth date) that occurs in the text; NULL: none. */
const char *oracle_secret_in(const struct site *s, const char *text, size_t len);

/* For a fiber, when all faults are healed: LIV-01 to LIV-04. */
void oracle_liveness(struct site *s);
/* The same, before they are told to end: what happened last is known at the hub. */
void oracle_settle(struct site *s);
/* After the daemons ended cleanly: disks, broker's memory, ghost, lockers and hub against each other. */
void oracle_secrets(struct site *s);
void oracle_compare(struct site *s);

#endif
