/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/badge.h"

#include <string.h>

static uint16_t find(const struct badge_table *t, const uint8_t id[BADGE_ID_LEN])
{
    for (uint16_t i = 0; i < BADGE_SLOTS; i++) {
        if (t->slot[i].used && memcmp(t->slot[i].id, id, BADGE_ID_LEN) == 0)
            return i;
    }
    return BADGE_NONE;
}

/* An empty slot, else one of a badge that only had wrong PINs. */
static uint16_t take(struct badge_table *t, const uint8_t id[BADGE_ID_LEN])
{
    uint16_t found = BADGE_NONE;
    for (uint16_t i = 0; i < BADGE_SLOTS; i++) {
        if (!t->slot[i].used) {
            found = i;
            break;
        }
        if (found == BADGE_NONE && !t->slot[i].revoked)
            found = i;
    }
    if (found == BADGE_NONE)
        return BADGE_NONE;
    struct badge *b = &t->slot[found];
    memset(b, 0, sizeof *b);
    b->used = true;
    memcpy(b->id, id, BADGE_ID_LEN);
    return found;
}

bool badge_is_refused(const struct badge_table *t, const uint8_t id[BADGE_ID_LEN])
{
    uint16_t i = find(t, id);
    return i != BADGE_NONE && (t->slot[i].revoked || t->slot[i].wrong >= BADGE_PIN_TRIES_MAX);
}

uint16_t badge_revoke(struct badge_table *t, const uint8_t id[BADGE_ID_LEN])
{
    uint16_t i = find(t, id);
    if (i == BADGE_NONE)
        i = take(t, id);
    if (i == BADGE_NONE || t->slot[i].revoked)
        return BADGE_NONE;
    t->slot[i].revoked = true;
    return i;
}

uint16_t badge_count_wrong(struct badge_table *t, const uint8_t id[BADGE_ID_LEN])
{
    uint16_t i = find(t, id);
    if (i == BADGE_NONE)
        i = take(t, id);
    if (i == BADGE_NONE || t->slot[i].wrong >= BADGE_PIN_TRIES_MAX)
        return BADGE_NONE;
    t->slot[i].wrong++;
    return i;
}

uint16_t badge_clear_wrong(struct badge_table *t, const uint8_t id[BADGE_ID_LEN])
{
    uint16_t i = find(t, id);
    if (i == BADGE_NONE || t->slot[i].wrong == 0)
        return BADGE_NONE;
    t->slot[i].wrong = 0;
    t->slot[i].used = t->slot[i].revoked;
    return i;
}
