/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queue: what is due when. A binary heap in the order of time, and for the same time in the order of asking. Pure
 * memory; one owner.
 */
#ifndef MEDLOCKER_SIM_QUEUE_H
#define MEDLOCKER_SIM_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct queue;

struct queue *queue_new(void);
void queue_free(struct queue *q);
/* Returns a ticket, never 0. */
uint64_t queue_put(struct queue *q, int64_t at, void (*fn)(void *arg), void *arg);
void queue_cancel(struct queue *q, uint64_t ticket); /* harmless when it was taken */
bool queue_next_at(const struct queue *q, int64_t *at);
bool queue_take(struct queue *q, void (**fn)(void *arg), void **arg);

#endif
