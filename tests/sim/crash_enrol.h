/* SPDX-License-Identifier: Apache-2.0 */
/* crash_enrol: the enrolment of a new locker, cut off before a step of its disk or of the hub's. */
#ifndef MEDLOCKER_SIM_CRASH_ENROL_H
#define MEDLOCKER_SIM_CRASH_ENROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sim/disk.h"
#include "tests/sim/image.h"

/* The whole dialog; whoever is cut off begins again as the manual says. Then the locker must have a whole identity.
 * *reached: the step was there. false: why tells what went wrong. */
bool crash_enrol(const struct image *from, bool at_hub, uint64_t step, enum disk_cut how, bool *reached, char *why,
                 size_t cap);

#endif
