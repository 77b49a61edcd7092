/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allot: which size of compartment a bag needs, and which locker can promise it one. A promise (a packed bag) is never
 * given when all promises together could not be kept, whatever doors the locker chooses for those that fit. Pure.
 */
#ifndef MEDLOCKER_ALLOT_H
#define MEDLOCKER_ALLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/request.h"
#include "backend/store.h"

/* What a bag needs. */
struct allot_need {
    enum token_zone zone;
    enum token_size size;
    bool low;
};
struct allot_need allot_need_of(const struct request *q);

/* A proposal from a quantity such as "300 milliliter"; staff decide. S when the text says nothing. */
enum token_size allot_size(const char *quantity);

/* All promises in c, and one more for need (NULL: none), can be kept at the same time: exact, by Hall's condition. */
bool allot_fits(const struct store_capacity *c, const struct allot_need *need);

/* The doors of a zone that are free and not promised, by size: what every page calls free. A promise that finds none of
 * its own size left takes one of the next. */
void allot_free(const struct store_capacity *c, enum token_zone zone, uint32_t out[TOKEN_SIZE_N]);
/* Those of all sizes and zones together. */
uint32_t allot_free_sum(const struct store_capacity *c);

struct allot_candidate {
    const struct store_locker *locker;
    struct store_capacity capacity;
};

/* The index of the locker for this request, -1 when none can promise a door (*why tells the best reason). Only active
 * lockers count. The one that the destination names (its name or address, ASCII case folded, or its name inside the
 * text) wins; a destination that names no locker is free text and binds nobody. Otherwise the locker with the largest
 * share of free doors; equal: the lower id. */
int allot_pick(const struct allot_candidate *c, unsigned n, const struct request *q, struct reason *why);

/* The destination names this locker. */
bool allot_is_destination(const struct request *q, const struct store_locker *l);

#endif
