/* SPDX-License-Identifier: Apache-2.0 */
/*
 * visit: whose right opens doors while one person stands at the kiosk, and how far it reaches: the bag that was
 * verified, and after it the other bags of the same person. Each of them is an order of its own, opened by the same
 * gate and ledger. Volatile; pure.
 */
#ifndef MEDLOCKER_VISIT_H
#define MEDLOCKER_VISIT_H

#include <stdbool.h>

#include "controller/record.h"

struct visit {
    struct record_actor actor; /* of every pulse and collection of this visit; NONE: nobody was verified */
    bool both;                 /* code and day and month of birth were right: bags of every class may follow */
    bool one_bag;              /* the right is for the one bag only */
};

#endif
