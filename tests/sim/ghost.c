/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/ghost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ghost_book *ghost_new(void)
{
    struct ghost_book *g = calloc(1, sizeof *g);
    if (g == NULL)
        abort();
    return g;
}

void ghost_free(struct ghost_book *g)
{
    if (g == NULL)
        return;
    for (unsigned i = 0; i < OBSERVE_LOCKERS_MAX; i++) {
        free(g->locker[i].strike);
        free(g->locker[i].intent);
        free(g->locker[i].record);
    }
    free(g);
}

bool ghost_is_kin(const struct ghost_order *a, const struct ghost_order *b)
{
    return strcmp(a->patient, b->patient) == 0 && strcmp(a->birth_date, b->birth_date) == 0;
}

static bool has_shown(const struct ghost_order *o, const char *text)
{
    bool shown = strcmp(text, o->token) == 0 || strcmp(text, o->old_token) == 0;
    for (unsigned load = 1; load <= GHOST_LOADS_MAX; load++)
        shown = shown || strcmp(text, o->code[load]) == 0;
    return shown;
}

void ghost_note_shown(struct ghost_book *g, const char *text, int64_t now_us)
{
    for (unsigned i = 0; i < g->orders && text[0] != '\0'; i++) {
        if (has_shown(&g->order[i], text))
            g->order[i].shown_us = now_us;
    }
}

struct ghost_order *ghost_find(struct ghost_book *g, const uint8_t key[16])
{
    for (unsigned i = 0; i < g->orders; i++) {
        if (memcmp(g->order[i].key, key, sizeof g->order[i].key) == 0)
            return &g->order[i];
    }
    return NULL;
}

void ghost_bag_name(const struct ghost_order *o, char *out)
{
    (void)snprintf(out, GHOST_BAG_CAP, "%s/%u", o->id, (unsigned)o->bag_load);
}

/* num.c is on both sides of the link, and hidden there. */
static int nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool ghost_hex(const char *text, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int high = nibble(text[2 * i]);
        int low = high < 0 ? -1 : nibble(text[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool ghost_bag_read(const char *bag, uint8_t key[16], uint32_t *load)
{
    if (strlen(bag) < 34 || bag[32] != '/' || !ghost_hex(bag, key, 16))
        return false;
    *load = (uint32_t)strtoul(bag + 33, NULL, 10);
    return *load > 0;
}

/* Room for one more. */
static void *grow(void *list, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return list;
    *cap = *cap == 0 ? 64 : *cap * 2;
    void *more = realloc(list, *cap * size);
    if (more == NULL)
        abort();
    return more;
}

void ghost_add_intent(struct ghost_locker *l, const struct observed_record *rec, int64_t now_us)
{
    l->intent = grow(l->intent, l->intents, &l->intents_cap, sizeof *l->intent);
    struct ghost_intent *at = &l->intent[l->intents++];
    *at = (struct ghost_intent){.pulse = rec->pulse,
                                .door = rec->door,
                                .has_order = rec->has_order,
                                .load = rec->load,
                                .actor = rec->actor,
                                .at_us = now_us};
    memcpy(at->order, rec->order, sizeof at->order);
}

void ghost_add_record(struct ghost_locker *l, const struct observed_record *rec, bool sure)
{
    while (l->records > 0 && !l->record[l->records - 1].sure && l->record[l->records - 1].seq >= rec->seq)
        l->records--;
    l->record = grow(l->record, l->records, &l->records_cap, sizeof *l->record);
    struct ghost_record *at = &l->record[l->records++];
    *at = (struct ghost_record){.seq = rec->seq,
                                .typ = rec->typ,
                                .door = rec->door,
                                .has_order = rec->has_order,
                                .load = rec->load,
                                .pulse = rec->pulse,
                                .sure = sure};
    memcpy(at->order, rec->order, sizeof at->order);
}

bool ghost_settle_records(struct ghost_locker *l, int64_t seq)
{
    while (l->records > 0 && l->record[l->records - 1].seq > seq) {
        if (l->record[l->records - 1].sure)
            return false;
        l->records--;
    }
    for (size_t i = l->records; i > 0 && !l->record[i - 1].sure; i--)
        l->record[i - 1].sure = true;
    return true;
}

struct ghost_intent *ghost_explain(struct ghost_locker *l, uint16_t door, int64_t now_us, int64_t max_us)
{
    for (size_t i = l->intents; i > 0; i--) {
        struct ghost_intent *at = &l->intent[i - 1];
        if (now_us - at->at_us > max_us)
            return NULL;
        if (at->door == door)
            return at->strikes == 0 ? at : NULL;
    }
    return NULL;
}

struct ghost_strike *ghost_add_strike(struct ghost_locker *l, uint16_t door, int64_t now_us)
{
    l->strike = grow(l->strike, l->strikes, &l->strikes_cap, sizeof *l->strike);
    struct ghost_strike *at = &l->strike[l->strikes++];
    *at = (struct ghost_strike){.on_us = now_us, .off_us = -1, .door = door};
    return at;
}
