/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/sim/lock.h"

static void move(struct lock *l, bool open, enum lock_cause cause, int64_t now_us)
{
    if (l->open != open) {
        l->moved_us = now_us;
    }
    l->open = open;
    l->cause = cause;
    l->spring_us = LOCK_NEVER;
}

static int64_t spring_time(struct lock *l, int64_t now_us)
{
    return now_us + LOCK_SPRING_US + (int64_t)dice_below(&l->dice, LOCK_SPRING_SPREAD_US);
}

void lock_init(struct lock *l, uint64_t seed)
{
    *l = (struct lock){.latched = true, .moved_us = -1, .release_us = LOCK_NEVER, .spring_us = LOCK_NEVER};
    dice_seed(&l->dice, seed);
}

void lock_energise(struct lock *l, bool on, int64_t now_us)
{
    if (on == l->energised) {
        return;
    }
    l->longest_us = lock_longest_us(l, now_us);
    l->energised = on;
    if (!on) {
        l->release_us = LOCK_NEVER;
        return;
    }
    l->pulses++;
    l->energised_us = now_us;
    if (!l->jammed && !l->jam_next) {
        l->release_us = now_us + LOCK_RELEASE_US;
    }
    l->jam_next = false;
}

void lock_close(struct lock *l, int64_t now_us)
{
    if (!l->open) {
        return;
    }
    bool released = l->energised && !l->jammed && now_us - l->energised_us >= LOCK_RELEASE_US;
    move(l, false, LOCK_BY_PERSON, now_us);
    l->latched = !released && !l->weak;
    if (released) {
        l->spring_us = spring_time(l, now_us);
        l->spring_cause = LOCK_BY_PULSE;
    } else if (l->weak) {
        l->spring_us = now_us + LOCK_WEAK_US;
        l->spring_cause = LOCK_BY_WEAKNESS;
    }
}

void lock_open(struct lock *l, enum lock_cause cause, int64_t now_us)
{
    if (!l->open) {
        l->latched = false;
        move(l, true, cause, now_us);
    }
}

int64_t lock_next(const struct lock *l)
{
    return l->release_us < l->spring_us ? l->release_us : l->spring_us;
}

static void release(struct lock *l)
{
    int64_t when_us = l->release_us;
    l->release_us = LOCK_NEVER;
    l->latched = false;
    if (!l->open) {
        l->spring_cause = LOCK_BY_PULSE;
        l->spring_us = spring_time(l, when_us);
    }
}

void lock_step(struct lock *l, int64_t now_us)
{
    if (l->release_us <= now_us) {
        release(l);
    }
    if (l->spring_us <= now_us) {
        move(l, true, l->spring_cause, l->spring_us);
    }
}

static bool chattering(const struct lock *l, int64_t now_us)
{
    return l->moved_us >= 0 && l->bounce_us > 0 && now_us - l->moved_us < (int64_t)l->bounce_us;
}

bool lock_contact_open(const struct lock *l, int64_t now_us)
{
    switch (l->stick) {
    case LOCK_STICK_OPEN:
        return true;
    case LOCK_STICK_CLOSED:
        return false;
    case LOCK_STICK_OFF:
        break;
    }
    if (chattering(l, now_us)) {
        return (dice_mix((uint64_t)(now_us / LOCK_CHATTER_US)) & 1u) != 0;
    }
    return l->open;
}

int64_t lock_longest_us(const struct lock *l, int64_t now_us)
{
    int64_t present_us = l->energised ? now_us - l->energised_us : 0;
    return present_us > l->longest_us ? present_us : l->longest_us;
}

const char *lock_cause_name(enum lock_cause cause)
{
    static const char *const names[] = {
        [LOCK_BY_START] = "start", [LOCK_BY_PULSE] = "pulse", [LOCK_BY_PERSON] = "person",
        [LOCK_BY_KEY] = "key",     [LOCK_BY_FORCE] = "force", [LOCK_BY_WEAKNESS] = "weakness",
    };
    return names[cause];
}
