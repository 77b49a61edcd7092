/* SPDX-License-Identifier: Apache-2.0 */
/*
 * day: what happens at a site from morning to morning: the pharmacist packs, couriers load, patients come, others do
 * what they should not; in waves, with quiet hours between them that are leapt over. Then everything is healed and
 * judged.
 */
#ifndef MEDLOCKER_SIM_DAY_H
#define MEDLOCKER_SIM_DAY_H

#include "tests/sim/site.h"

enum day_profile { DAY_SMALL, DAY_WIDE, DAY_LONG, DAY_HONEST, DAY_PROFILE_N };

/* The size of a site of this profile. */
void day_site(enum day_profile p, uint64_t seed, struct site_cfg *out);
/* For a fiber: everything is healed, judged and compared, and the world ends. */
void day_end(struct site *s);
/* The fiber that directs the run, to its end. */
void day_start(struct site *s, enum day_profile p);

#endif
