/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/allot.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct allot_need allot_need_of(const struct request *q)
{
    return (struct allot_need){.zone = q->zone, .size = q->size, .low = q->low_door};
}

/* ---------------------------------------------------------------- size */

/* From this many units on, the next larger compartment. A proposal for staff, from the volume of common packs. */
static const struct {
    const char *unit; /* how the word begins */
    unsigned medium, large;
} units[] = {
    {"milliliter", 250, 1000}, {"ml", 250, 1000},    {"gram", 200, 800},   {"g", 200, 800},
    {"liter", 1, 2},           {"stuk", 120, 400},   {"tablet", 120, 400}, {"capsule", 120, 400},
    {"ampul", 20, 60},         {"flacon", 4, 12},    {"fles", 2, 4},       {"zakje", 30, 90},
    {"sachet", 30, 90},        {"inhalator", 4, 12}, {"pen", 10, 30},
};

/* The whole number at the start of the text; *rest is what follows it, a fraction skipped. */
static unsigned leading_number(const char *text, const char **rest)
{
    unsigned n = 0;

    while (*text >= '0' && *text <= '9') {
        n = n > 100000 ? n : n * 10 + (unsigned)(*text - '0');
        text++;
    }
    if (*text == '.' || *text == ',') {
        text += 1 + strspn(text + 1, "0123456789");
    }
    *rest = text + strspn(text, " ");
    return n;
}

static bool is_unit(const char *word, const char *unit)
{
    size_t len = strlen(unit);

    /* One letter is a unit only when it stands alone. */
    return strncasecmp(word, unit, len) == 0 && (len > 2 || word[len] == '\0' || word[len] == ' ');
}

enum token_size allot_size(const char *quantity)
{
    const char *word;
    unsigned n = leading_number(quantity, &word);

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (is_unit(word, units[i].unit)) {
            return n >= units[i].large ? TOKEN_SIZE_L : n >= units[i].medium ? TOKEN_SIZE_M : TOKEN_SIZE_S;
        }
    }
    return TOKEN_SIZE_S;
}

/* ---------------------------------------------------------------- promises */

/* Sum of counts of at least this size; TOKEN_SIZE_N: none. */
static uint32_t from_size(const uint32_t table[TOKEN_SIZE_N][2], unsigned size, unsigned low)
{
    uint32_t sum = 0;

    for (unsigned s = size; s < TOKEN_SIZE_N; s++) {
        sum += table[s][low];
    }
    return sum;
}

/* A bag that needs a low door of size >= a can lie in every low door from a on; one that does not, in every door from
 * its size b on. By Hall's theorem all find a door exactly when for each a and b the bags from there on are not more
 * than the doors that any of them could use. */
static bool zone_fits(const uint32_t doors[TOKEN_SIZE_N][2], const uint32_t bags[TOKEN_SIZE_N][2])
{
    for (unsigned a = 0; a <= TOKEN_SIZE_N; a++) {
        for (unsigned b = 0; b <= TOKEN_SIZE_N; b++) {
            uint32_t want = from_size(bags, a, 1) + from_size(bags, b, 0);
            uint32_t have = from_size(doors, a < b ? a : b, 1) + from_size(doors, b, 0);
            if (want > have) {
                return false;
            }
        }
    }
    return true;
}

bool allot_fits(const struct store_capacity *c, const struct allot_need *need)
{
    for (unsigned z = 0; z < TOKEN_ZONE_N; z++) {
        uint32_t bags[TOKEN_SIZE_N][2];
        memcpy(bags, c->promised[z], sizeof(bags));
        if (need != NULL && need->zone == z) {
            bags[need->size][need->low ? 1 : 0]++;
        }
        if (!zone_fits(c->doors[z], (const uint32_t(*)[2])bags)) {
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- choice of the locker */

bool allot_is_destination(const struct request *q, const struct store_locker *l)
{
    if (q->destination[0] == '\0') {
        return false;
    }
    return strcasecmp(q->destination, l->name) == 0 || strcasestr(q->destination, l->name) != NULL ||
           (l->address[0] != '\0' && strcasecmp(q->destination, l->address) == 0);
}

void allot_free(const struct store_capacity *c, enum token_zone zone, uint32_t out[TOKEN_SIZE_N])
{
    uint32_t wanted = 0; /* of this size, or of a smaller one that had no door left */

    for (unsigned n = 0; n < TOKEN_SIZE_N; n++) {
        uint32_t doors = c->doors[zone][n][0] + c->doors[zone][n][1];

        wanted += c->promised[zone][n][0] + c->promised[zone][n][1];
        out[n] = doors > wanted ? doors - wanted : 0;
        wanted = wanted > doors ? wanted - doors : 0;
    }
}

uint32_t allot_free_sum(const struct store_capacity *c)
{
    uint32_t sum = 0, of_size[TOKEN_SIZE_N];

    for (unsigned z = 0; z < TOKEN_ZONE_N; z++) {
        allot_free(c, (enum token_zone)z, of_size);
        for (unsigned n = 0; n < TOKEN_SIZE_N; n++)
            sum += of_size[n];
    }
    return sum;
}

/* Free doors against all: compared without division. */
static bool has_more_room(const struct store_capacity *a, const struct store_capacity *b)
{
    return (uint64_t)allot_free_sum(a) * b->total > (uint64_t)allot_free_sum(b) * a->total;
}

static bool is_better(const struct allot_candidate *a, const struct allot_candidate *b)
{
    if (has_more_room(&a->capacity, &b->capacity)) {
        return true;
    }
    return !has_more_room(&b->capacity, &a->capacity) && memcmp(a->locker->id, b->locker->id, STORE_LOCKER_LEN) < 0;
}

int allot_pick(const struct allot_candidate *c, unsigned n, const struct request *q, struct reason *why)
{
    struct allot_need need = allot_need_of(q);
    bool named = false;
    int best = -1;

    for (unsigned i = 0; i < n && !named; i++) {
        named = allot_is_destination(q, c[i].locker);
    }
    for (unsigned i = 0; i < n; i++) {
        if (c[i].locker->state != STORE_LOCKER_ACTIVE || (named && !allot_is_destination(q, c[i].locker)) ||
            !allot_fits(&c[i].capacity, &need)) {
            continue;
        }
        if (best < 0 || is_better(&c[i], &c[best])) {
            best = (int)i;
        }
    }
    if (best < 0) {
        (void)err_because(why, ERR_FULL, "no free door of size %s or larger, zone %s%s, %s", token_size_name(need.size),
                          token_zone_name(need.zone), need.low ? ", low" : "",
                          named ? "at the locker that was asked for" : "at any locker");
    }
    return best;
}
