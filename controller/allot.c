/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/allot.h"

#include <stdbool.h>

#include "controller/commission.h"
#include "controller/gate.h"

static bool zone_is_fine(const struct locker *l, enum token_zone zone)
{
    if (zone == TOKEN_ZONE_ROOM)
        return true;
    for (uint8_t i = 0; i < l->cabinet.climates; i++) {
        if (l->cabinet.climate[i].zone == zone && l->climate[i].state != RECORD_CLIMATE_OK)
            return false;
    }
    return true;
}

static bool suits(const struct locker *l, uint16_t door, const struct token_voucher *v)
{
    const struct cabinet_door *d = &l->cabinet.door[door];
    return compartment_is_offered(&l->compartment[door]) && d->size >= v->size && d->zone == v->zone &&
           (d->low || !v->low_door) && gate_boards_are_fine(l, door) && locker_contact(l, door) == HW_DOOR_CLOSED;
}

/* Low doors are kept for those who need them. */
static bool is_better(const struct locker *l, uint16_t a, uint16_t b, bool low_door)
{
    const struct cabinet_door *x = &l->cabinet.door[a];
    const struct cabinet_door *y = &l->cabinet.door[b];
    if (x->size != y->size)
        return x->size < y->size;
    if (!low_door && x->low != y->low)
        return !x->low;
    return l->compartment[a].serial < l->compartment[b].serial;
}

static uint16_t best_of(const struct locker *l, const struct token_voucher *v, bool untested)
{
    uint16_t best = CABINET_NO_DOOR;
    if (!zone_is_fine(l, v->zone))
        return best;
    for (uint16_t i = 0; i < l->cabinet.doors; i++) {
        if (commission_is_needed(l, i) == untested && suits(l, i, v) &&
            (best == CABINET_NO_DOOR || is_better(l, i, best, v->low_door)))
            best = i;
    }
    return best;
}

uint16_t allot_choose(const struct locker *l, const struct token_voucher *v)
{
    return best_of(l, v, false);
}

uint16_t allot_choose_untested(const struct locker *l, const struct token_voucher *v)
{
    return best_of(l, v, true);
}
