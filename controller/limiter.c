/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/limiter.h"

#include <assert.h>
#include <string.h>

#include "common/num.h"

#define ALARM_1H 1u
#define ALARM_24H 2u
#define ALARM_7D 4u

static const int64_t token_ms[2] = {[LIMITER_CODE] = LIMITER_CODE_MS, [LIMITER_BOTH] = LIMITER_BOTH_MS};

static int64_t capacity_ms(enum limiter_bucket b)
{
    return token_ms[b] * LIMITER_TOKENS;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static unsigned slot_now(const struct limiter *l)
{
    return (unsigned)((l->age_ms / LIMITER_SLOT_MS) % LIMITER_SLOTS);
}

void limiter_init(struct limiter *l, const struct clock_now *now)
{
    memset(l, 0, sizeof *l);
    l->credit_ms[LIMITER_CODE] = capacity_ms(LIMITER_CODE);
    l->credit_ms[LIMITER_BOTH] = capacity_ms(LIMITER_BOTH);
    l->boot = now->boot;
    l->last_ms = now->boot_ms;
}

static void age(struct limiter *l, int64_t elapsed_ms)
{
    int64_t before = l->age_ms / LIMITER_SLOT_MS;
    l->age_ms += elapsed_ms;
    int64_t passed = smaller(l->age_ms / LIMITER_SLOT_MS - before, LIMITER_SLOTS);
    for (int64_t i = 1; i <= passed; i++)
        l->wrong[(before + i) % LIMITER_SLOTS] = 0;
}

void limiter_advance(struct limiter *l, const struct clock_now *now)
{
    int64_t elapsed_ms = now->boot == l->boot && now->boot_ms > l->last_ms ? now->boot_ms - l->last_ms : 0;
    for (unsigned b = 0; b < 2; b++)
        l->credit_ms[b] = smaller(l->credit_ms[b] + elapsed_ms, capacity_ms((enum limiter_bucket)b));
    age(l, elapsed_ms);
    if (now->boot != l->boot || elapsed_ms > 0) {
        l->boot = now->boot;
        l->last_ms = now->boot_ms;
    }
}

enum limiter_mode limiter_mode(const struct limiter *l)
{
    bool suspicious = l->latched || limiter_wrong_7d(l) > LIMITER_ALARM_7D;
    if (!suspicious && limiter_may(l, LIMITER_CODE))
        return LIMITER_NORMAL;
    return limiter_may(l, LIMITER_BOTH) ? LIMITER_STEP_UP : LIMITER_WAIT;
}

bool limiter_may(const struct limiter *l, enum limiter_bucket b)
{
    return l->credit_ms[b] >= token_ms[b];
}

unsigned limiter_wait_s(const struct limiter *l, enum limiter_bucket b)
{
    return limiter_may(l, b) ? 0 : (unsigned)((token_ms[b] - l->credit_ms[b] + 999) / 1000);
}

bool limiter_take(struct limiter *l, enum limiter_bucket b)
{
    if (!limiter_may(l, b))
        return false;
    l->credit_ms[b] -= token_ms[b];
    uint16_t *slot = &l->wrong[slot_now(l)];
    if (*slot < UINT16_MAX)
        (*slot)++;
    return true;
}

void limiter_give_back(struct limiter *l, enum limiter_bucket b)
{
    l->credit_ms[b] = smaller(l->credit_ms[b] + token_ms[b], capacity_ms(b));
    unsigned now = slot_now(l);
    unsigned before = (now + LIMITER_SLOTS - 1) % LIMITER_SLOTS;
    if (l->wrong[now] > 0)
        l->wrong[now]--;
    else if (l->wrong[before] > 0)
        l->wrong[before]--;
}

bool limiter_alarm(struct limiter *l)
{
    unsigned crossed = (limiter_wrong_1h(l) >= LIMITER_ALARM_1H ? ALARM_1H : 0u) |
                       (limiter_wrong_24h(l) >= LIMITER_ALARM_24H ? ALARM_24H : 0u) |
                       (limiter_wrong_7d(l) > LIMITER_ALARM_7D ? ALARM_7D : 0u);
    bool is_new = (crossed & ~(unsigned)l->alarms) != 0;
    l->alarms = (uint8_t)crossed;
    l->latched = l->latched || (crossed & ALARM_7D) != 0;
    return is_new;
}

void limiter_reset_counts(struct limiter *l)
{
    memset(l->wrong, 0, sizeof l->wrong);
    l->latched = false;
    l->alarms = 0;
}

/* The running slot counts whole, so a window is never shorter than its name. */
static unsigned wrong_in(const struct limiter *l, unsigned slots)
{
    unsigned now = slot_now(l);
    unsigned sum = 0;
    for (unsigned i = 0; i < slots; i++)
        sum += l->wrong[(now + LIMITER_SLOTS - i) % LIMITER_SLOTS];
    return sum;
}

unsigned limiter_wrong_1h(const struct limiter *l)
{
    return wrong_in(l, 7);
}

unsigned limiter_wrong_24h(const struct limiter *l)
{
    return wrong_in(l, 24 * 6 + 1);
}

unsigned limiter_wrong_7d(const struct limiter *l)
{
    return wrong_in(l, LIMITER_SLOTS);
}

const char *limiter_mode_name(enum limiter_mode m)
{
    static const char *const names[LIMITER_MODE_N] = {"normal", "step-up", "wait"};
    assert(m < LIMITER_MODE_N);
    return names[m];
}

void limiter_pack(const struct limiter *l, uint8_t out[LIMITER_PACKED_LEN])
{
    uint8_t *p = out;
    const int64_t wide[4] = {l->credit_ms[LIMITER_CODE], l->credit_ms[LIMITER_BOTH], l->last_ms, l->age_ms};
    for (unsigned i = 0; i < 4; i++, p += 8)
        num_put_be(p, (uint64_t)wide[i], 8);
    num_put_be(p, l->boot, 4);
    p += 4;
    *p++ = l->latched ? 1 : 0;
    *p++ = l->alarms;
    for (unsigned i = 0; i < LIMITER_SLOTS; i++, p += 2)
        num_put_be(p, l->wrong[i], 2);
    assert((size_t)(p - out) == LIMITER_PACKED_LEN);
}

enum err limiter_unpack(struct limiter *l, const uint8_t *in, size_t len)
{
    if (len != LIMITER_PACKED_LEN)
        return ERR_CORRUPT;
    struct limiter read;
    memset(&read, 0, sizeof read);
    int64_t *const wide[4] = {&read.credit_ms[LIMITER_CODE], &read.credit_ms[LIMITER_BOTH], &read.last_ms,
                              &read.age_ms};
    const uint8_t *p = in;
    for (unsigned i = 0; i < 4; i++, p += 8) {
        uint64_t value = num_get_be(p, 8);
        if (value > INT64_MAX / 4)
            return ERR_CORRUPT;
        *wide[i] = (int64_t)value;
    }
    read.boot = (uint32_t)num_get_be(p, 4);
    if (read.credit_ms[LIMITER_CODE] > capacity_ms(LIMITER_CODE) ||
        read.credit_ms[LIMITER_BOTH] > capacity_ms(LIMITER_BOTH) || p[4] > 1 ||
        p[5] > (ALARM_1H | ALARM_24H | ALARM_7D))
        return ERR_CORRUPT;
    read.latched = p[4] == 1;
    read.alarms = p[5];
    p += 6;
    for (unsigned i = 0; i < LIMITER_SLOTS; i++, p += 2)
        read.wrong[i] = (uint16_t)num_get_be(p, 2);
    *l = read;
    return ERR_OK;
}
