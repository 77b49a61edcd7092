/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusal: something that a member of staff scanned and the locker did not take, told to the hub, so that whoever works
 * beside the kiosk sees it too, and so that a bag that was caught in time is known. Decides nothing about a door. Pure.
 */
#ifndef MEDLOCKER_REFUSAL_H
#define MEDLOCKER_REFUSAL_H

#include <stdint.h>

#include "common/token.h"
#include "controller/record.h"
#include "controller/screen.h"

struct locker;
struct effects;
struct event;

#define REFUSAL_AGAIN_MS 60000   /* the same one again is told once in this time: a label may lie below the scanner */
#define REFUSAL_ROOM_PERCENT 50u /* of the outbox: the rest is for bags */

/* The last one that was told. */
struct refusal {
    enum screen_notice notice;
    uint16_t door;
    struct record_order order;
    int64_t told_ms; /* boot ms */
};

/* After a scan in a session of staff (badge and PIN were right): writes RECORD_SCAN_REFUSED when what the scan left on
 * the screen is a refusal. v: the bag label that was scanned and whose signature was right; NULL: something else, which
 * is not told, whatever it said. */
void refusal_note(struct locker *l, const struct token_voucher *v, const struct event *ev, struct effects *fx);

#endif
