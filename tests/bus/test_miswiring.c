/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever way the locks and contacts of a board are mixed up: commissioning by somebody who scans the label of the
 * door that stands open lets no door take a bag whose lock or contact is another door's. Every permutation of locks
 * against every permutation of contacts for boards of 1 to 5 doors (6 when there is time); for 6 every permutation of
 * locks alone, of contacts alone, and of both alike.
 */
#include "controller/commission.h"
#include "tests/bus/world.h"

#define DOORS_MAX 6
#define PERMUTATIONS_MAX 720
#define LOOK_MS 100
#define LOOKS 60

struct permutations {
    uint8_t to[PERMUTATIONS_MAX][DOORS_MAX];
    unsigned count;
};

/* In lexicographic order. */
static void permute(struct permutations *p, uint8_t n)
{
    uint8_t now[DOORS_MAX] = {0, 1, 2, 3, 4, 5};
    p->count = 0;
    for (;;) {
        memcpy(p->to[p->count++], now, sizeof now);
        int i = n - 2;
        while (i >= 0 && now[i] > now[i + 1])
            i--;
        if (i < 0)
            return;
        int k = n - 1;
        while (now[k] < now[i])
            k--;
        uint8_t kept = now[i];
        now[i] = now[k];
        now[k] = kept;
        for (int a = i + 1, b = n - 1; a < b; a++, b--) {
            kept = now[a];
            now[a] = now[b];
            now[b] = kept;
        }
    }
}

static void shut_all(void)
{
    for (uint16_t i = 0; i < world->cabinet.layout.doors; i++)
        if (world_is_open(i))
            world_shut(i);
}

static bool is_ready(void)
{
    return world->ready;
}

/* The technician at one door; looks at the door that really opens. */
static void commission(uint16_t door)
{
    uint16_t open = 0;
    unsigned shown = 0;
    world_scan(bed_label(&world->bed, door));
    if (world_notice() == SCREEN_NOTICE_RELEASED) {
        (void)world_run(LOOK_MS, NULL);
        world_scan(bed_label(&world->bed, door));
    }
    for (unsigned n = 0; n < LOOKS && world_screen() != SCREEN_STAFF_MENU; n++) {
        (void)world_run(LOOK_MS, NULL);
        enum screen_id id = world_screen();
        if (id == SCREEN_STAFF_TEST_OPEN && world_any_open(&open))
            world_scan(bed_label(&world->bed, open));
        else if (id == SCREEN_STAFF_INSPECT_ASK)
            world_type("1");
        else if (id == SCREEN_STAFF_JAM)
            world_key(EVENT_KEY_HELP);
        else if (id == SCREEN_STAFF_INSPECT_OPEN || (world_any_open(&open) && ++shown > 25))
            shut_all();
    }
    shut_all();
    if (world_screen() != SCREEN_STAFF_MENU)
        world_key(EVENT_KEY_HELP);
    (void)world_run(700, NULL);
}

static bool is_right(const uint8_t *locks, const uint8_t *contacts, uint16_t door)
{
    return locks[door] == door && contacts[door] == door;
}

/* Returns how many doors were commissioned; false in *fine when one was that is wired wrong, or a cabinet that is wired
 * well was not. all: goes on after the first fault was found. */
static unsigned try_wiring(uint16_t doors, const uint8_t *locks, const uint8_t *contacts, bool all, bool *fine)
{
    const struct world_cfg cfg = {.kind = HW_BUS_TCP, .doors = doors, .required = true};
    unsigned done = 0;
    bool identity = true, found = false;
    world_open(&cfg);
    for (uint16_t i = 0; i < doors; i++) {
        world->cabinet.door[i].strike_to = locks[i];
        world->cabinet.door[i].contact_from = contacts[i];
        identity = identity && is_right(locks, contacts, i);
    }
    (void)world_run(10000, is_ready);
    (void)world_run(500, NULL);
    world_login();
    for (uint16_t i = 0; i < doors && (all || !found); i++) {
        commission(i);
        found = found || !commission_is_done(world->bed.l, i);
    }
    for (uint16_t i = 0; i < doors; i++) {
        bool is_done = commission_is_done(world->bed.l, i);
        *fine = *fine && (!is_done || is_right(locks, contacts, i));
        done += is_done;
    }
    *fine = *fine && (!identity || done == doors) && (identity || found) && world->violation[0] == '\0';
    world_close();
    return done;
}

static void tell(uint16_t doors, const uint8_t *locks, const uint8_t *contacts)
{
    (void)fprintf(stderr, "FAILED: %u doors, locks", doors);
    for (unsigned i = 0; i < doors; i++)
        (void)fprintf(stderr, " %u", locks[i]);
    (void)fprintf(stderr, ", contacts");
    for (unsigned i = 0; i < doors; i++)
        (void)fprintf(stderr, " %u", contacts[i]);
    (void)fprintf(stderr, "\n");
}

static unsigned failed, tried;

static void check(uint16_t doors, const uint8_t *locks, const uint8_t *contacts, bool all)
{
    bool fine = true;
    (void)try_wiring(doors, locks, contacts, all, &fine);
    tried++;
    if (!fine) {
        failed++;
        tell(doors, locks, contacts);
    }
}

static void check_pairs(uint16_t doors, const struct permutations *p, bool all)
{
    for (unsigned r = 0; r < p->count; r++)
        for (unsigned s = 0; s < p->count; s++)
            check(doors, p->to[r], p->to[s], all);
}

static void check_relations(uint16_t doors, const struct permutations *p)
{
    for (unsigned r = 0; r < p->count; r++) {
        check(doors, p->to[r], p->to[0], false);
        check(doors, p->to[0], p->to[r], false);
        check(doors, p->to[r], p->to[r], false);
    }
}

int main(int argc, char **argv)
{
    static struct permutations p;
    bool is_long = getenv("MEDLOCKER_LONG") != NULL;
    unsigned cases = 0, bad = 0, sum = 0;
    if (sodium_init() < 0)
        return 1;
    for (uint8_t n = 1; n <= DOORS_MAX; n++) {
        permute(&p, n);
        tried = failed = 0;
        if (n <= 4)
            check_pairs(n, &p, true);
        else if (n == 5 || is_long)
            check_pairs(n, &p, false);
        else
            check_relations(n, &p);
        (void)printf("%s %u - %u doors: %u wirings\n", failed == 0 ? "ok" : "not ok", ++cases, n, tried);
        (void)fflush(stdout);
        bad += failed;
        sum += tried;
    }
    FILE *f = fopen(argc > 1 ? argv[1] : "build/proof/miswiring.json", "w");
    if (f != NULL) {
        (void)fprintf(f, "{\n  \"wirings\": %u,\n  \"not_found\": %u\n}\n", sum, bad);
        (void)fclose(f);
    }
    return bad > 0;
}
