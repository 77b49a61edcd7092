/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allot: which door a bag gets: the smallest that fits, in its zone, low if asked for, and of those the least used.
 * Pure.
 */
#ifndef MEDLOCKER_ALLOT_H
#define MEDLOCKER_ALLOT_H

#include <stdint.h>

#include "common/token.h"
#include "controller/locker.h"

/* CABINET_NO_DOOR when none suits. A door suits only after it was commissioned, while its boards answer and it is seen
 * closed; a cold one only while every sensor of its zone reads within its limits. */
uint16_t allot_choose(const struct locker *l, const struct token_voucher *v);

/* The door that would suit if it was commissioned; CABINET_NO_DOOR: none. */
uint16_t allot_choose_untested(const struct locker *l, const struct token_voucher *v);

#endif
