/* SPDX-License-Identifier: Apache-2.0 */
/* people: staff at the locker: loading, and looking into doors. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/faults.h"
#include "tests/sim/oracle.h"
#include "tests/sim/people/people.h"

#define SET(id) (UINT64_C(1) << (id))
#define LABEL_CAP 48
#define OPENS_US (25 * SECOND_US)
/* The session is over, whoever ended it. */
#define GONE                                                                                                           \
    (SET(SCREEN_START) | SET(SCREEN_OUT_OF_SERVICE) | SET(SCREEN_CODE) | SET(SCREEN_STAFF_PIN) |                       \
     SET(SCREEN_STAFF_REFUSED))

static const char *door_label(const struct site *s, unsigned locker, uint16_t door, char out[LABEL_CAP])
{
    int n =
        snprintf(out, LABEL_CAP, "4D4431%s%04X", s->locker[locker].id, observe_door_number(s->observe, locker, door));
    for (int i = 0; i < n; i++)
        out[i] = (char)(out[i] >= 'a' && out[i] <= 'f' ? out[i] - 'a' + 'A' : out[i]);
    return out;
}

/* ---------------------------------------------------------------- badge and PIN */

enum people_outcome people_enter(struct site *s, unsigned locker)
{
    struct screen sc;
    for (unsigned tries = 0; tries < 4 && !world_is_ending(s->w); tries++) {
        if (!kiosk_screen(s, locker, &sc) || sc.id == SCREEN_OUT_OF_SERVICE) {
            fiber_sleep(s->w, 3 * SECOND_US);
            continue;
        }
        if (!kiosk_scan(s, locker, s->badge[locker]) ||
            kiosk_wait(s, locker, SET(SCREEN_STAFF_PIN) | SET(SCREEN_STAFF_REFUSED), 3 * SECOND_US, &sc) !=
                SCREEN_STAFF_PIN) {
            /* A patient's door may be in the way, or his try is still running. */
            (void)kiosk_key(s, locker, "clear");
            fiber_sleep(s->w, 5 * SECOND_US);
            continue;
        }
        if (!kiosk_type(s, locker, SITE_PIN) || !kiosk_key(s, locker, "ok"))
            continue;
        if (kiosk_wait(s, locker, SET(SCREEN_STAFF_MENU), 35 * SECOND_US, &sc) == SCREEN_STAFF_MENU)
            return PEOPLE_DONE;
    }
    return PEOPLE_NO_SERVICE;
}

void people_leave(struct site *s, unsigned locker)
{
    s->locker[locker].staff_us = world_now_us(s->w);
    if (faults_chance(s, FAULT_PEOPLE_FORGET_CLOSE, 300))
        return; /* forgets to log out */
    (void)kiosk_key(s, locker, "clear");
    (void)kiosk_key(s, locker, "clear");
}

/* ---------------------------------------------------------------- a door opens for staff */

/* From the scan to the open door: its index, -1: it did not open, and *why says what came of it. */
static int wait_open(struct site *s, unsigned locker, uint64_t open, enum people_outcome *why)
{
    struct screen sc;
    for (unsigned pulses = 0; pulses < 4;) {
        enum screen_id id =
            kiosk_wait(s, locker, open | SET(SCREEN_STAFF_JAM) | SET(SCREEN_STAFF_MENU) | GONE, OPENS_US, &sc);
        if (id == SCREEN_STAFF_JAM) {
            pulses++;
            if (!kiosk_key(s, locker, pulses < 3 ? "ok" : "help"))
                break;
            fiber_sleep(s->w, SECOND_US);
            continue;
        }
        int door = (open & SET(id)) != 0 && id != SCREEN_ID_N ? door_by_name(s, locker, sc.door) : -1;
        *why = id == SCREEN_STAFF_MENU ? PEOPLE_JAMMED : PEOPLE_NO_SERVICE;
        return door;
    }
    *why = PEOPLE_JAMMED;
    return -1;
}

static enum people_outcome judge_notice(enum screen_notice notice)
{
    switch ((int)notice) {
    case SCREEN_NOTICE_CLOSE_DOORS:
    case SCREEN_NOTICE_NO_DOOR:
    case SCREEN_NOTICE_FULL:
    case SCREEN_NOTICE_BOARD:
    case SCREEN_NOTICE_SUPPLY:
    case SCREEN_NOTICE_TRY_LATER:
    case SCREEN_NOTICE_UNTESTED:
        return PEOPLE_BLOCKED;
    default:
        return PEOPLE_REFUSED;
    }
}

/* INV-10: without a session a door's label opens nothing; one that was left open ends after two minutes. */
void people_try_label(struct site *s, unsigned locker, uint16_t door)
{
    struct screen sc;
    char label[LABEL_CAP];
    bool session_over = world_now_us(s->w) - s->locker[locker].staff_us > 130 * SECOND_US;
    if (!kiosk_scan(s, locker, door_label(s, locker, door, label)) || !kiosk_screen(s, locker, &sc))
        return;
    if (sc.id != SCREEN_STAFF_INSPECT_OPENING && sc.id != SCREEN_STAFF_INSPECT_OPEN && sc.id != SCREEN_STAFF_TEST_OPEN)
        return;
    if (session_over)
        world_fail(s->w, "INV-10 a door's label opens nothing without a session: door %u of locker %u", door, locker);
    else
        oracle_excuse(s, "excuse-session-left-open");
    fiber_sleep(s->w, 5 * SECOND_US);
    (void)door_shut(s, locker, door);
}

/* ---------------------------------------------------------------- loading */

/* Bag in, door closed: the right label, after a wrong one perhaps. */
static enum people_outcome confirm(struct site *s, unsigned locker, struct ghost_order *o, uint16_t door, bool wrong)
{
    struct screen sc;
    char label[LABEL_CAP];
    if (kiosk_wait(s, locker, SET(SCREEN_STAFF_LOAD_LABEL) | SET(SCREEN_STAFF_MENU) | GONE, 20 * SECOND_US, &sc) !=
        SCREEN_STAFF_LOAD_LABEL)
        return PEOPLE_NO_SERVICE;
    if (wrong && kiosk_scan(s, locker, door_label(s, locker, (uint16_t)(door == 0 ? 1 : door - 1), label)) &&
        kiosk_screen(s, locker, &sc) && sc.id == SCREEN_STAFF_MENU && sc.notice == SCREEN_NOTICE_LOADED)
        world_fail(s->w, "INV-14 the label of another door confirms nothing: door %u of locker %u", door, locker);
    for (unsigned i = 0; i < 4; i++) {
        if (!kiosk_scan(s, locker, door_label(s, locker, door, label)) || !kiosk_screen(s, locker, &sc))
            return PEOPLE_NO_SERVICE;
        if (sc.id == SCREEN_STAFF_MENU) {
            if (sc.notice != SCREEN_NOTICE_LOADED)
                return PEOPLE_NO_SERVICE;
            s->ghost->sum.loads++;
            world_tell(s->w, "courier", "loaded %.8s into door %u of locker %u", o->id, door, locker);
            return PEOPLE_DONE;
        }
        if (sc.id != SCREEN_STAFF_LOAD_LABEL)
            return PEOPLE_NO_SERVICE;
        fiber_sleep(s->w, SECOND_US);
    }
    (void)kiosk_key(s, locker, "help");
    return PEOPLE_BLOCKED;
}

/* A label of an earlier load, or for the other locker: refused, whoever scans it. */
static void scan_wrong_voucher(struct site *s, unsigned locker, const struct ghost_order *o)
{
    struct screen sc;
    const char *voucher = o->old_voucher;
    for (unsigned i = 0; voucher[0] == '\0' && i < s->ghost->orders; i++) {
        if (s->ghost->order[i].load > 0 && s->ghost->order[i].locker != locker)
            voucher = s->ghost->order[i].voucher;
    }
    if (voucher[0] == '\0' || !faults_chance(s, FAULT_PEOPLE_WRONG_DOOR, 400))
        return;
    if (kiosk_scan(s, locker, voucher) && kiosk_screen(s, locker, &sc) && sc.id == SCREEN_STAFF_LOAD_OPENING)
        world_fail(s->w, "INV-07 a label of an earlier load or of another locker opens no door: locker %u", locker);
}

enum people_outcome people_load_one(struct site *s, unsigned locker, struct ghost_order *o, struct dice *clumsy)
{
    struct screen sc;
    enum people_outcome why;
    s->locker[locker].staff_us = world_now_us(s->w);
    if (clumsy != NULL)
        scan_wrong_voucher(s, locker, o);
    if (!kiosk_scan(s, locker, o->voucher) || !kiosk_screen(s, locker, &sc))
        return PEOPLE_NO_SERVICE;
    if (sc.id == SCREEN_STAFF_MENU) {
        world_tell(s->w, "courier", "bag %.8s not taken by locker %u: %s", o->id, locker, "see notice");
        return judge_notice(sc.notice);
    }
    int door = wait_open(s, locker, SET(SCREEN_STAFF_LOAD_OPEN), &why);
    if (door < 0)
        return why;
    uint16_t d = (uint16_t)door;
    fiber_sleep(s->w, 2 * SECOND_US);
    bool open = door_is_open(s, locker, d);
    if (!open || plant_cabinet(s->locker[locker].plant)->door[d].bags > 0) {
        /* Not empty, or it is another door that stands open: they say so and leave it to somebody else. */
        if (open)
            (void)door_shut(s, locker, d);
        (void)kiosk_key(s, locker, "help");
        return PEOPLE_BLOCKED;
    }
    if (!door_put(s, locker, d, o))
        return PEOPLE_LEFT;
    if (clumsy != NULL && faults_chance(s, FAULT_PEOPLE_FORGET_CLOSE, 60))
        fiber_sleep(s->w, 90 * SECOND_US);
    (void)door_shut(s, locker, d);
    bool wrong = clumsy != NULL && faults_chance(s, FAULT_PEOPLE_WRONG_DOOR, 150);
    enum people_outcome got = confirm(s, locker, o, d, wrong);
    if (got != PEOPLE_DONE && door_is_open(s, locker, d)) {
        (void)door_take(s, locker, d, GHOST_PHARMACY, NULL);
        (void)door_shut(s, locker, d);
    }
    return got;
}

enum people_outcome people_load(struct site *s, unsigned locker, struct ghost_order *o)
{
    kiosk_enter(s, locker);
    enum people_outcome got = people_enter(s, locker);
    if (got == PEOPLE_DONE) {
        got = people_load_one(s, locker, o, NULL);
        people_leave(s, locker);
    }
    kiosk_leave(s, locker);
    return got;
}

/* ---------------------------------------------------------------- looking into doors */

static bool needs_look(const struct site *s, unsigned locker, uint16_t door, bool everything)
{
    enum observe_state st = observe_compartment(s->observe, locker, door);
    if (st == OBSERVE_CHECK || st == OBSERVE_FORCED || st == OBSERVE_OUT)
        return true;
    if (everything)
        return st != OBSERVE_LOADING && st != OBSERVE_OPENING;
    /* Return tour: a bag whose order is void or in doubt. */
    uint8_t key[16];
    uint32_t bag_load, load;
    enum observe_order state;
    int at;
    return st == OBSERVE_LOADED && observed_content(locker, door, key, &bag_load) > 0 &&
           observe_order(s->observe, locker, key, &load, &state, &at) && at == door &&
           (state == OBSERVE_VOID || (state == OBSERVE_UNCONFIRMED && (!faults_are_on(s) || load % 2 == door % 2)));
}

/* What they do before an open door. Gives true when something stays in it. */
static bool look_inside(struct site *s, unsigned locker, uint16_t door)
{
    struct cabinet *c = plant_cabinet(s->locker[locker].plant);
    if (c->door[door].bags > 0 && faults_chance(s, FAULT_PEOPLE_SAY_EMPTY, 50)) {
        uint8_t key[16];
        uint32_t load;
        for (unsigned i = 0; i < c->door[door].bags; i++) {
            struct ghost_order *o = ghost_bag_read(c->door[door].bag[i], key, &load) ? ghost_find(s->ghost, key) : NULL;
            if (o != NULL)
                o->excused = true;
        }
        s->ghost->locker[locker].door[door].excused = true;
        oracle_excuse(s, "excuse-said-empty");
        return true;
    }
    (void)door_take(s, locker, door, GHOST_PHARMACY, NULL);
    return false;
}

static bool settle(struct site *s, unsigned locker, uint16_t door)
{
    struct screen sc;
    char label[LABEL_CAP];
    enum people_outcome why;
    s->locker[locker].staff_us = world_now_us(s->w);
    if (!kiosk_scan(s, locker, door_label(s, locker, door, label)) || !kiosk_screen(s, locker, &sc))
        return false;
    if (sc.id == SCREEN_STAFF_MENU && sc.notice == SCREEN_NOTICE_RELEASED) {
        fiber_sleep(s->w, 5 * SECOND_US);
        if (!kiosk_scan(s, locker, label) || !kiosk_screen(s, locker, &sc))
            return false;
    }
    if (sc.id == SCREEN_STAFF_MENU) {
        world_tell(s->w, "inspector", "door %u of locker %u: notice %d", door, locker, (int)sc.notice);
        return false;
    }
    int at = wait_open(s, locker, SET(SCREEN_STAFF_INSPECT_OPEN) | SET(SCREEN_STAFF_TEST_OPEN), &why);
    if (at != door)
        return false;
    fiber_sleep(s->w, SECOND_US);
    if (!door_is_open(s, locker, door)) {
        (void)kiosk_key(s, locker, "help"); /* a sensor that lies, or wires: not theirs to settle */
        return false;
    }
    if (kiosk_screen(s, locker, &sc) && sc.id == SCREEN_STAFF_TEST_OPEN)
        (void)kiosk_scan(s, locker, label);
    (void)look_inside(s, locker, door);
    (void)door_shut(s, locker, door);
    if (kiosk_wait(s, locker, SET(SCREEN_STAFF_INSPECT_ASK) | SET(SCREEN_STAFF_MENU) | GONE, 15 * SECOND_US, &sc) !=
        SCREEN_STAFF_INSPECT_ASK)
        return false;
    for (unsigned i = 0; i < 4; i++) {
        if (!kiosk_key(s, locker, "1") || !kiosk_screen(s, locker, &sc))
            return false;
        if (sc.id != SCREEN_STAFF_INSPECT_ASK)
            break;
        fiber_sleep(s->w, SECOND_US); /* not seen closed yet */
    }
    bool freed = sc.id == SCREEN_STAFF_MENU && sc.notice == SCREEN_NOTICE_FREED;
    world_tell(s->w, "inspector", "door %u of locker %u: %s", door, locker, freed ? "free again" : "not settled");
    s->ghost->sum.inspections += freed ? 1 : 0;
    return freed;
}

unsigned people_inspect(struct site *s, unsigned locker, bool everything)
{
    unsigned settled = 0, failed = 0;
    kiosk_enter(s, locker);
    bool in = false;
    unsigned doors = observe_doors(s->observe, locker);
    for (uint16_t d = 0; d < doors && failed < 6 && !world_is_ending(s->w); d++) {
        if (observe_doors(s->observe, locker) == 0 || !needs_look(s, locker, d, everything))
            continue;
        struct screen sc;
        if (!in || !kiosk_screen(s, locker, &sc) || sc.id != SCREEN_STAFF_MENU)
            in = people_enter(s, locker) == PEOPLE_DONE;
        if (!in)
            break;
        if (settle(s, locker, d) || (!faults_are_on(s) && (fiber_sleep(s->w, 3 * SECOND_US), settle(s, locker, d))))
            settled++;
        else
            failed++;
    }
    if (in)
        people_leave(s, locker);
    kiosk_leave(s, locker);
    return settled;
}
