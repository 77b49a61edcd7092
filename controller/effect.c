/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/effect.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

void effects_clear(struct effects *fx)
{
    for (unsigned i = 0; i < fx->effects; i++) {
        if (fx->effect[i].kind == EFFECT_STRETCH)
            sodium_memzero(fx->effect[i].u.stretch.secret, sizeof fx->effect[i].u.stretch.secret);
    }
    fx->records = 0;
    fx->effects = 0;
    memset(fx->compartment, 0, sizeof fx->compartment);
    memset(fx->order, 0, sizeof fx->order);
    memset(fx->badge, 0, sizeof fx->badge);
    memset(fx->carer, 0, sizeof fx->carer);
    fx->compartments = fx->orders = fx->badges = fx->carers = false;
    fx->limiter = fx->floor = fx->meta = false;
    fx->wake_boot_ms = 0;
}

bool effects_are_durable(const struct effects *fx)
{
    return fx->records > 0 || fx->compartments || fx->orders || fx->badges || fx->carers || fx->limiter || fx->floor ||
           fx->meta;
}

struct record *effects_record(struct effects *fx, enum record_kind kind, uint16_t door)
{
    assert(fx->records < EFFECT_RECORDS_MAX);
    struct record *rec = &fx->record[fx->records++];
    memset(rec, 0, sizeof *rec);
    rec->kind = kind;
    rec->door = door;
    return rec;
}

struct effect *effects_add(struct effects *fx, enum effect_kind kind)
{
    assert(fx->effects < EFFECTS_MAX);
    struct effect *e = &fx->effect[fx->effects++];
    memset(e, 0, sizeof *e);
    e->kind = kind;
    return e;
}

void effects_touch_compartment(struct effects *fx, uint16_t door)
{
    assert(door < HW_DOORS_MAX);
    fx->compartment[door] = true;
    fx->compartments = true;
}

void effects_touch_order(struct effects *fx, uint16_t slot)
{
    assert(slot < ORDER_SLOTS);
    fx->order[slot] = true;
    fx->orders = true;
}

void effects_touch_badge(struct effects *fx, uint16_t slot)
{
    assert(slot < EFFECT_BADGES_MAX);
    fx->badge[slot] = true;
    fx->badges = true;
}

void effects_touch_carer(struct effects *fx, uint16_t slot)
{
    assert(slot < CARER_SLOTS);
    fx->carer[slot] = true;
    fx->carers = true;
}
