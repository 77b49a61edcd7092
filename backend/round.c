/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/round.h"

#include <stdlib.h>
#include <string.h>

struct round_reasons round_reasons_of(const struct round_locker *l)
{
    const struct store_tasks *t = &l->tasks;

    return (struct round_reasons){
        .load = t->to_load, .empty = t->expired + t->withdrawn + t->unconfirmed, .repair = l->repairs};
}

bool round_is_stop(const struct round_locker *l)
{
    struct round_reasons r = round_reasons_of(l);

    return r.load + r.empty + r.repair > 0;
}

uint32_t round_short_of(const struct round_locker *l)
{
    return l->tasks.to_load > l->room ? l->tasks.to_load - l->room : 0;
}

/* Larger first. */
static int larger(uint32_t a, uint32_t b)
{
    return (a < b) - (a > b);
}

static int by_need(const void *left, const void *right)
{
    const struct round_locker *a = left, *b = right;
    struct round_reasons ra = round_reasons_of(a), rb = round_reasons_of(b);
    int order = larger(a->urgent, b->urgent);

    if (order == 0)
        order = larger(ra.load, rb.load);
    if (order == 0)
        order = larger(ra.empty, rb.empty);
    if (order == 0)
        order = larger(ra.repair, rb.repair);
    if (order == 0)
        order = strcmp(a->name, b->name);
    return order != 0 ? order : memcmp(a->id, b->id, sizeof(a->id));
}

void round_sort(struct round_locker *l, unsigned n)
{
    if (n > 1)
        qsort(l, n, sizeof(*l), by_need);
}
