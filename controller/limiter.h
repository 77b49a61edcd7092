/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limiter: how many wrong codes a locker answers. Two token buckets in boot time, counters of wrong tries; durable as a
 * whole. Never a lock-out: when the first bucket is empty, code and birthday are asked together (step-up); when the
 * second is empty too, one waits at most 30 s. No time is credited across a boot, so cutting the power never gives a
 * try. A token is taken, and made durable, before the verdict is computed, and given back when the try was right. Pure.
 */
#ifndef MEDLOCKER_LIMITER_H
#define MEDLOCKER_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/err.h"

#define LIMITER_TOKENS 10u               /* capacity of either bucket */
#define LIMITER_CODE_MS (10 * 60 * 1000) /* one more try with the code alone */
#define LIMITER_BOTH_MS (30 * 1000)      /* one more try with code and birthday (or badge and PIN) */
#define LIMITER_SLOT_MS (10 * 60 * 1000) /* resolution of the counters */
#define LIMITER_SLOTS (7u * 24u * 6u)    /* 7 days */
#define LIMITER_ALARM_1H 20u
#define LIMITER_ALARM_24H 60u
#define LIMITER_ALARM_7D 300u

enum limiter_mode { LIMITER_NORMAL, LIMITER_STEP_UP, LIMITER_WAIT, LIMITER_MODE_N };
enum limiter_bucket { LIMITER_CODE, LIMITER_BOTH };

struct limiter {
    int64_t credit_ms[2]; /* of each bucket; a token is LIMITER_CODE_MS / LIMITER_BOTH_MS of it */
    uint32_t boot;        /* the boot in which last_ms was read */
    int64_t last_ms;
    int64_t age_ms; /* boot time counted over all boots: the clock of the ring */
    uint16_t wrong[LIMITER_SLOTS];
    bool latched;   /* more than LIMITER_ALARM_7D wrong, not yet acknowledged */
    uint8_t alarms; /* bits of the thresholds crossed: 1 h, 24 h, 7 days */
};

/* A new locker: full buckets. */
void limiter_init(struct limiter *l, const struct clock_now *now);

/* Credits the boot time since the last call (nothing across a boot) and lets old counts fall out. */
void limiter_advance(struct limiter *l, const struct clock_now *now);

enum limiter_mode limiter_mode(const struct limiter *l);
bool limiter_may(const struct limiter *l, enum limiter_bucket b);
/* Whole seconds, rounded up, until the next token of the bucket; 0 when there is one. */
unsigned limiter_wait_s(const struct limiter *l, enum limiter_bucket b);

/* Takes a token and counts the try as wrong; false, and nothing changed, when there is none. */
bool limiter_take(struct limiter *l, enum limiter_bucket b);
/* The try was right, or could not be evaluated: undoes one limiter_take. */
void limiter_give_back(struct limiter *l, enum limiter_bucket b);

/* True once for each crossing of an alarm threshold. */
bool limiter_alarm(struct limiter *l);
/* Staff acknowledged: counters start again, the tokens stay as they are. */
void limiter_reset_counts(struct limiter *l);

unsigned limiter_wrong_1h(const struct limiter *l);
unsigned limiter_wrong_24h(const struct limiter *l);
unsigned limiter_wrong_7d(const struct limiter *l);

const char *limiter_mode_name(enum limiter_mode m); /* "normal", "step-up", "wait" */

/* The durable form: fixed size, big-endian. Unpacking checks every field: ERR_CORRUPT. */
#define LIMITER_PACKED_LEN (8u * 4u + 4u + 2u + 2u * LIMITER_SLOTS)
void limiter_pack(const struct limiter *l, uint8_t out[LIMITER_PACKED_LEN]);
enum err limiter_unpack(struct limiter *l, const uint8_t *in, size_t len) ERR_MUST_CHECK;

#endif
