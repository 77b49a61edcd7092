/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firewall: the last module between the program and the wire. Lets a request pass only if its six bytes have a shape of
 * the board profile configured for that unit; a pulse moreover needs a lease for exactly that lock, granted by the
 * number of a durable intent, used once, within 2 s. Switching one lock off always passes.
 *
 * Whatever a profile says, these never pass: unit 0, all-relays frames, toggle, latch, untimed "on" by function 6,
 * delays above 1 s, changes of a unit address, any function but 1..6.
 *
 * Pure, no allocation. One struct for each bus, used by the bus's thread only.
 */
#ifndef MEDLOCKER_FIREWALL_H
#define MEDLOCKER_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define FIREWALL_UNITS_MAX 64
#define FIREWALL_SHAPES_MAX 8
#define FIREWALL_LEASE_US 2000000

enum firewall_kind { FIREWALL_READ, FIREWALL_OFF, FIREWALL_PULSE };

struct firewall_shape {
    enum firewall_kind kind;
    uint8_t function;
    uint8_t channels;              /* OFF, PULSE: locks from address on, one address each */
    uint16_t address;              /* READ: exactly this one */
    uint16_t value_min, value_max; /* READ: the count, both the same */
};

enum firewall_verdict {
    FIREWALL_PASS,
    FIREWALL_FORBIDDEN,  /* never, under any profile */
    FIREWALL_NO_UNIT,    /* no board with this unit on the bus */
    FIREWALL_NO_SHAPE,   /* the profile of the board has no such frame */
    FIREWALL_NO_LEASE,   /* a pulse without a lease for this lock */
    FIREWALL_LATE_LEASE, /* the lease is older than 2 s */
    FIREWALL_VERDICT_N
};

struct firewall_unit {
    uint8_t unit;
    uint8_t shapes;
    struct firewall_shape shape[FIREWALL_SHAPES_MAX];
};

struct firewall {
    struct firewall_unit unit[FIREWALL_UNITS_MAX];
    uint8_t units;
    struct {
        bool valid, just_used;
        uint8_t unit, channel;
        int64_t granted_us;
    } lease;
    uint64_t last_intent;
    uint64_t passed;
    uint64_t refused[FIREWALL_VERDICT_N];
};

void firewall_init(struct firewall *fw);

/* Errors: ERR_RANGE (unit, or a shape of a function outside 1..6), ERR_DUPLICATE (unit), ERR_FULL, ERR_DENIED (a shape
 * that contains a frame which never passes). */
enum err firewall_add_unit(struct firewall *fw, uint8_t unit, const struct firewall_shape *shapes,
                           size_t n) ERR_MUST_CHECK;

/* Replaces any lease before it. now_us: when the intent was submitted. Errors: ERR_REPLAY (intent 0 or not higher than
 * the last one), ERR_NOT_FOUND (no such unit, or it has no such lock). */
enum err firewall_grant(struct firewall *fw, uint8_t unit, uint8_t channel, uint64_t intent,
                        int64_t now_us) ERR_MUST_CHECK;
void firewall_revoke(struct firewall *fw);

/* Judges what is about to be sent, counts, and uses the lease up when a pulse passes. */
enum firewall_verdict firewall_check(struct firewall *fw, const uint8_t *bytes, size_t len, int64_t now_us);

/* The frame that passed last did not leave after all: if it used the lease up, the lease is there again. */
void firewall_unsent(struct firewall *fw);

uint64_t firewall_refusals(const struct firewall *fw);
const char *firewall_verdict_name(enum firewall_verdict v);

#endif
