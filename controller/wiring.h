/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wiring: a fingerprint of how the lock and the contact of a door are reached: bus, unit, channel, input, and what the
 * profiles of the boards make of them. It changes when the configuration or a profile would reach another lock or
 * contact; names, time-outs and the length of the pulse are not in it. One thread; reads the profiles.
 */
#ifndef MEDLOCKER_WIRING_H
#define MEDLOCKER_WIRING_H

#include "common/err.h"
#include "controller/cabinet.h"
#include "hw/hw.h"

/* Sets wiring of each door of cab, whose doors are those of hw. Errors: those of profile_load, ERR_RANGE (a channel or
 * input that the profile does not have), ERR_MEMORY. */
enum err wiring_read(const struct hw_cfg *hw, struct cabinet *cab, struct reason *r) ERR_MUST_CHECK;

#endif
