/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/queue.h"

#include <stdlib.h>

struct node {
    int64_t at;
    uint64_t order;
    uint32_t slot;
};

/* A ticket is slot + 1 in the low half and the generation of the slot in the high half. */
struct slot {
    void (*fn)(void *arg);
    void *arg;
    uint32_t generation;
    uint32_t place; /* in the heap, or the next free slot */
};

struct queue {
    struct node *heap;
    struct slot *slot;
    uint32_t count, cap, free;
    uint64_t orders;
};

#define NONE UINT32_MAX

struct queue *queue_new(void)
{
    struct queue *q = calloc(1, sizeof *q);
    if (q == NULL) {
        abort();
    }
    q->free = NONE;
    return q;
}

void queue_free(struct queue *q)
{
    if (q != NULL) {
        free(q->heap);
        free(q->slot);
        free(q);
    }
}

static void grow(struct queue *q)
{
    uint32_t cap = q->cap == 0 ? 256 : q->cap * 2;
    q->heap = reallocarray(q->heap, cap, sizeof *q->heap);
    q->slot = reallocarray(q->slot, cap, sizeof *q->slot);
    if (q->heap == NULL || q->slot == NULL) {
        abort();
    }
    for (uint32_t i = cap; i > q->cap; i--) {
        q->slot[i - 1] = (struct slot){.generation = 1, .place = q->free};
        q->free = i - 1;
    }
    q->cap = cap;
}

static bool is_before(const struct node *a, const struct node *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void set(struct queue *q, uint32_t place, const struct node *n)
{
    q->heap[place] = *n;
    q->slot[n->slot].place = place;
}

static void rise(struct queue *q, uint32_t place, const struct node *n)
{
    while (place > 0 && is_before(n, &q->heap[(place - 1) / 2])) {
        set(q, place, &q->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    set(q, place, n);
}

static void sink(struct queue *q, uint32_t place, const struct node *n)
{
    for (uint32_t child; (child = 2 * place + 1) < q->count; place = child) {
        if (child + 1 < q->count && is_before(&q->heap[child + 1], &q->heap[child])) {
            child++;
        }
        if (!is_before(&q->heap[child], n)) {
            break;
        }
        set(q, place, &q->heap[child]);
    }
    set(q, place, n);
}

uint64_t queue_put(struct queue *q, int64_t at, void (*fn)(void *arg), void *arg)
{
    if (q->free == NONE) {
        grow(q);
    }
    uint32_t i = q->free;
    struct slot *s = &q->slot[i];
    q->free = s->place;
    s->fn = fn;
    s->arg = arg;
    struct node n = {.at = at, .order = q->orders++, .slot = i};
    rise(q, q->count++, &n);
    return (uint64_t)s->generation << 32 | (i + 1U);
}

static void take_out(struct queue *q, uint32_t place)
{
    struct slot *s = &q->slot[q->heap[place].slot];
    uint32_t i = q->heap[place].slot;
    struct node last = q->heap[--q->count];
    s->generation++;
    s->place = q->free;
    q->free = i;
    if (place == q->count) {
        return;
    }
    if (place > 0 && is_before(&last, &q->heap[(place - 1) / 2])) {
        rise(q, place, &last);
    } else {
        sink(q, place, &last);
    }
}

void queue_cancel(struct queue *q, uint64_t ticket)
{
    uint32_t i = (uint32_t)ticket - 1U;
    if (ticket != 0 && i < q->cap && q->slot[i].generation == ticket >> 32) {
        take_out(q, q->slot[i].place);
    }
}

bool queue_next_at(const struct queue *q, int64_t *at)
{
    if (q->count == 0) {
        return false;
    }
    *at = q->heap[0].at;
    return true;
}

bool queue_take(struct queue *q, void (**fn)(void *arg), void **arg)
{
    if (q->count == 0) {
        return false;
    }
    *fn = q->slot[q->heap[0].slot].fn;
    *arg = q->slot[q->heap[0].slot].arg;
    take_out(q, 0);
    return true;
}
