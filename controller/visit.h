/* SPDX-License-Identifier: Apache-2.0 */
/*
 * visit: whose right opens doors while one person stands at the kiosk, and how far it reaches: the bag that was
 * verified, and after it the other bags of the same person. Each of them is an order of its own, opened by the same
 * gate and ledger, one after the other. Volatile; pure.
 */
#ifndef MEDLOCKER_VISIT_H
#define MEDLOCKER_VISIT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/token.h"
#include "controller/event.h"
#include "controller/record.h"

struct locker;

struct visit {
    struct record_actor actor; /* of every pulse and collection of this visit; NONE: nobody was verified */
    bool both;                 /* code and day and month of birth were right: bags of every class may follow */
    bool one_bag;              /* the right is for the one bag only */
    int64_t not_after_s;       /* actor CARER: when the right ends, also while he stands there */
    /* Kept by visit_*: */
    uint8_t person[TOKEN_PERSON_LEN]; /* whose bags; zeros: no other follows */
    uint16_t handed;                  /* doors that were opened and closed again */
    uint16_t bag, bags;               /* which bag of how many, from 1 */
};

/* right: actor, both, one_bag and not_after_s, from whatever was verified for the order in slot. */
void visit_begin(struct locker *l, const struct visit *right, uint16_t slot, const struct event *ev);
/* The door of a bag was opened and closed: the slot of the next one, ORDER_NONE: that was the last. */
uint16_t visit_go_on(struct locker *l, const struct event *ev);
/* After a first bag: the one in slot may follow in this visit: READY, of the same person, of a class that the visit may
 * collect, at a time at which it may be collected. */
bool visit_covers(const struct locker *l, uint16_t slot, const struct event *ev);

#endif
