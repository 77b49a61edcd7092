/* SPDX-License-Identifier: Apache-2.0 */
/*
 * badge: what a locker remembers about staff badges: revoked by the hub, or blocked after ten wrong PINs in a row. A
 * badge with nothing against it needs no row. Pure; durable.
 */
#ifndef MEDLOCKER_BADGE_H
#define MEDLOCKER_BADGE_H

#include <stdbool.h>
#include <stdint.h>

#define BADGE_SLOTS 256u
#define BADGE_ID_LEN 8
#define BADGE_PIN_TRIES_MAX 10u
#define BADGE_NONE UINT16_MAX

struct badge {
    bool used;
    uint8_t id[BADGE_ID_LEN];
    bool revoked;
    uint8_t wrong; /* PINs in a row */
};

struct badge_table {
    struct badge slot[BADGE_SLOTS];
};

bool badge_is_refused(const struct badge_table *t, const uint8_t id[BADGE_ID_LEN]);
/* Each returns the slot that changed; BADGE_NONE when nothing had to change or (revoke) the table is full of revoked
 * badges. */
uint16_t badge_revoke(struct badge_table *t, const uint8_t id[BADGE_ID_LEN]);
uint16_t badge_count_wrong(struct badge_table *t, const uint8_t id[BADGE_ID_LEN]);
uint16_t badge_clear_wrong(struct badge_table *t, const uint8_t id[BADGE_ID_LEN]);

#endif
