/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/drill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/disk.h"
#include "tests/sim/faults.h"
#include "tests/sim/observe.h"
#include "tests/sim/oracle.h"
#include "tests/sim/people/people.h"

#define SET(id) (UINT64_C(1) << (id))
#define GUESSES 36u
#define OLD_MESSAGES 120u
#define TOPIC_CAP 160
#define LOCKER_ID_LEN 16u
#define UP_US (2 * MINUTE_US)
#define GRACE_OVER_US (11 * MINUTE_US)

/* What a drill works with: one locker, and who draws. */
struct drill {
    struct site *s;
    unsigned locker;
    struct dice *d;
};

static const struct people_manner plain = {.takes_us = 3 * SECOND_US};

/* ---------------------------------------------------------------- helpers */

static bool goes_on(const struct drill *d)
{
    return !world_is_ending(d->s->w);
}

static void pass(struct drill *d, int64_t us)
{
    fiber_sleep(d->s->w, 10 * SECOND_US);
    if (goes_on(d))
        world_leap(d->s->w, us);
    fiber_sleep(d->s->w, 5 * SECOND_US);
}

/* An order of this class whose bag lies in the locker; NULL: there was no room, or nobody took it. */
static struct ghost_order *brought(struct drill *d, enum token_class cls, unsigned hours)
{
    struct ghost_order *o = goes_on(d) ? desk_order_of(d->s, d->d, cls, hours) : NULL;
    if (o == NULL || !desk_pack(d->s, o, d->locker) || people_load(d->s, d->locker, o) != PEOPLE_DONE)
        return NULL;
    return goes_on(d) && o->place == GHOST_DOOR ? o : NULL;
}

/* Pulses of the order's patient; INV-04 is judged with each record. */
static void must_not_open(struct drill *d, const struct ghost_order *o, unsigned pulses, const char *why)
{
    if (goes_on(d) && o->pulses > pulses)
        world_fail(d->s->w, "%s: order %.8s in locker %u", why, o->id, d->locker);
}

/* His code, once: the screen that answers in the end. */
static enum screen_id come(struct drill *d, struct ghost_order *o, struct screen *sc)
{
    (void)people_try_code(d->s, d->locker, o->code[o->load], o->ddmm);
    if (kiosk_screen(d->s, d->locker, sc) && (sc->id == SCREEN_OPENING || sc->id == SCREEN_OPEN))
        return kiosk_wait(d->s, d->locker, SET(SCREEN_OPEN) | SET(SCREEN_JAM) | SET(SCREEN_HELP) | SET(SCREEN_START),
                          20 * SECOND_US, sc);
    return sc->id;
}

static struct cabinet *cabinet_of(struct drill *d)
{
    return plant_cabinet(d->s->locker[d->locker].plant);
}

static void jam(struct drill *d, uint16_t door, bool on)
{
    cabinet_of(d)->door[door].lock.jammed = on;
    plant_changed(d->s->locker[d->locker].plant);
}

static void restart(struct drill *d)
{
    struct machine *m = &d->s->locker[d->locker].machine;
    machine_power_cut(d->s->w, m, 2 * SECOND_US);
    disk_power_cut(m->disk, (enum disk_cut)dice_below(d->d, DISK_CUT_N));
    (void)site_wait_ready(d->s, UP_US);
}

/* ---------------------------------------------------------------- drills: true when it was done to its end */

/* INV-07 where no message of the hub helps: the end of the window, and the class's time without the hub. */
static bool come_late(struct drill *d)
{
    struct ghost_order *late = brought(d, TOKEN_CLASS_ORDINARY, 2);
    struct ghost_order *lease = brought(d, TOKEN_CLASS_CONTROLLED, 0);
    if (late == NULL && lease == NULL)
        return false;
    broker_partition(d->s->broker, d->s->locker[d->locker].id, true);
    pass(d, 3 * HOUR_US);
    if (late != NULL && late->place == GHOST_DOOR)
        (void)people_pickup(d->s, d->locker, late, &plain);
    if (late != NULL)
        must_not_open(d, late, 0, "INV-07 after the end of its window a code opens nothing");
    pass(d, 3 * HOUR_US);
    if (lease != NULL && lease->place == GHOST_DOOR)
        (void)people_pickup(d->s, d->locker, lease, &plain);
    if (lease != NULL)
        must_not_open(d, lease, 0, "INV-07 a locker that hears nothing of the hub does not go on past its lease");
    broker_partition(d->s->broker, d->s->locker[d->locker].id, false);
    return goes_on(d);
}

/* INV-04: three pulses in ten minutes, over visits and boots. */
static bool jam_often(struct drill *d)
{
    struct screen sc;
    struct ghost_order *o = brought(d, TOKEN_CLASS_ORDINARY, 0);
    if (o == NULL)
        return false;
    uint16_t door = o->door;
    bool late = dice_below(d->d, 2) == 0, boots = dice_below(d->d, 2) == 0;
    jam(d, door, true);
    for (unsigned i = 0; i < 5 && goes_on(d); i++) {
        unsigned before = o->pulses;
        kiosk_enter(d->s, d->locker);
        if (boots && before == ORACLE_PULSES - 1) { /* nobody is told how the last one ended */
            (void)people_try_code(d->s, d->locker, o->code[o->load], o->ddmm);
            restart(d);
        } else if (come(d, o, &sc) == SCREEN_JAM) {
            (void)kiosk_key(d->s, d->locker, "help");
        }
        kiosk_leave(d->s, d->locker);
        if (late && i > 0)
            must_not_open(d, o, before, "INV-04 ten minutes after its first pulse an order has no more");
        if (boots && i % 2 == 0)
            restart(d);
        if (late && i == 0)
            pass(d, GRACE_OVER_US);
    }
    jam(d, door, false);
    return goes_on(d);
}

/* INV-07, INV-20: withdrawn while its patient stands before a door that jammed. */
static bool withdraw_at_jam(struct drill *d)
{
    struct screen sc;
    struct ghost_order *o = brought(d, TOKEN_CLASS_ORDINARY, 0);
    if (o == NULL)
        return false;
    uint16_t door = o->door;
    jam(d, door, true);
    kiosk_enter(d->s, d->locker);
    bool before = come(d, o, &sc) == SCREEN_JAM;
    unsigned pulses = o->pulses;
    bool done = before && desk_withdraw(d->s, o);
    if (done) {
        fiber_sleep(d->s->w, 8 * SECOND_US);
        (void)kiosk_key(d->s, d->locker, "ok");
        fiber_sleep(d->s->w, 5 * SECOND_US);
        must_not_open(d, o, pulses, "INV-07 a withdrawn order is not pulsed again");
    }
    jam(d, door, false);
    (void)kiosk_key(d->s, d->locker, "help");
    kiosk_leave(d->s, d->locker);
    return done && goes_on(d);
}

/* INV-20: withdrawn while the locker hears nothing: it counts when the locker has answered. */
static bool withdraw_unheard(struct drill *d)
{
    struct ghost_order *o = brought(d, TOKEN_CLASS_ORDINARY, 0);
    const char *id = d->s->locker[d->locker].id;
    if (o == NULL)
        return false;
    broker_partition(d->s->broker, id, true);
    bool done = desk_withdraw(d->s, o);
    fiber_sleep(d->s->w, 3 * SECOND_US);
    char state[24];
    if (done && desk_state(d->s, o, state) && strcmp(state, "withdrawing") != 0)
        world_fail(d->s->w, "INV-20 a withdrawal counts when the locker has answered: order %.8s is %s", o->id, state);
    broker_partition(d->s->broker, id, false);
    return done && goes_on(d);
}

/* INV-13: as if the hub had drawn the same code for two orders. */
static bool two_of_one_code(struct drill *d)
{
    struct ghost_order *a = brought(d, TOKEN_CLASS_ORDINARY, 0);
    struct ghost_order *b = a == NULL ? NULL : brought(d, TOKEN_CLASS_ORDINARY, 0);
    if (b == NULL)
        return false;
    observe_twin(d->s->observe, d->locker, b->key);
    (void)people_pickup(d->s, d->locker, a, &plain);
    observe_twin(d->s->observe, d->locker, NULL);
    must_not_open(d, a, 0, "INV-13 a code that fits two orders opens nothing");
    must_not_open(d, b, 0, "INV-13 a code that fits two orders opens nothing");
    return goes_on(d);
}

/* INV-08: many tries, with clear between them, the clock set on, and the plug pulled: judged with each answer. */
static bool guess_for_long(struct drill *d)
{
    struct machine *m = &d->s->locker[d->locker].machine;
    unsigned jump = 8 + dice_below(d->d, 12), plug = dice_below(d->d, 2 * GUESSES);
    kiosk_enter(d->s, d->locker);
    for (unsigned i = 0; i < GUESSES && goes_on(d); i++) {
        char code[11];
        if (i == jump)
            m->wall_offset_us += (int64_t)(1 + dice_below(d->d, 48)) * HOUR_US;
        if (i == plug)
            restart(d);
        people_guess(d->d, code);
        (void)people_try_code(d->s, d->locker, code, "0101");
        if (dice_below(d->d, 2) == 0)
            (void)kiosk_key(d->s, d->locker, "clear");
    }
    m->wall_offset_us = 0;
    (void)kiosk_key(d->s, d->locker, "clear");
    kiosk_leave(d->s, d->locker);
    return goes_on(d);
}

/* Another door behind the same board, with nothing known against it; -1: none. */
static int neighbour(struct drill *d, uint16_t door)
{
    const struct cabinet *c = cabinet_of(d);
    for (uint16_t i = 0; i < c->layout.doors; i++) {
        enum observe_state st = observe_compartment(d->s->observe, d->locker, i);
        if (i != door && c->layout.door[i].board == c->layout.door[door].board && !c->door[i].lock.open &&
            (st == OBSERVE_FREE || st == OBSERVE_TAKEN || st == OBSERVE_LOADED))
            return i;
    }
    return -1;
}

/* INV-05: the wires of two locks are swapped: the wrong door moves once, and its board does nothing more. */
static bool wrong_door_moves(struct drill *d)
{
    struct screen sc;
    struct site *s = d->s;
    struct plant *p = s->locker[d->locker].plant;
    struct ghost_order *o = brought(d, TOKEN_CLASS_ORDINARY, 0);
    int other = o == NULL ? -1 : neighbour(d, o->door);
    if (other < 0)
        return false;
    uint16_t door = o->door;
    s->miswired = true;
    cabinet_swap_strikes(cabinet_of(d), door, (uint16_t)other, world_now_us(s->w));
    plant_changed(p);
    kiosk_enter(s, d->locker);
    (void)people_try_code(s, d->locker, o->code[o->load], o->ddmm);
    fiber_sleep(s->w, 3 * SECOND_US);
    bool moved = door_is_open(s, d->locker, (uint16_t)other);
    unsigned pulses = o->pulses;
    (void)door_shut(s, d->locker, (uint16_t)other);
    (void)kiosk_key(s, d->locker, "ok");
    fiber_sleep(s->w, 4 * SECOND_US);
    if (moved && come(d, o, &sc) == SCREEN_JAM)
        (void)kiosk_key(s, d->locker, "help");
    if (moved)
        must_not_open(d, o, pulses, "INV-05 after another door than the pulsed one moved its board does nothing more");
    kiosk_leave(s, d->locker);
    cabinet_swap_strikes(cabinet_of(d), door, (uint16_t)other, world_now_us(s->w));
    plant_changed(p);
    return moved && goes_on(d);
}

/* INV-17: the board of his door is exchanged for one of another address, or falls silent. */
static bool board_is_another(struct drill *d)
{
    struct site *s = d->s;
    struct plant *p = s->locker[d->locker].plant;
    struct ghost_order *o = brought(d, TOKEN_CLASS_ORDINARY, 0);
    if (o == NULL)
        return false;
    uint8_t at = cabinet_of(d)->layout.door[o->door].board;
    if (!plant_exchange(p, at, true))
        return false; /* lines of a chip */
    restart(d);
    fiber_sleep(s->w, 10 * SECOND_US);
    (void)people_pickup(s, d->locker, o, &plain);
    must_not_open(d, o, 0, "INV-17 a board with another identity does nothing");
    (void)plant_exchange(p, at, false);
    (void)plant_reboot(p, at, false);
    (void)site_wait_ready(s, UP_US);
    return goes_on(d);
}

/* INV-05, INV-17: the bag's board is well, another one is silent, and behind it a door is open, as nobody sees. */
static bool board_is_silent(struct drill *d)
{
    struct site *s = d->s;
    struct plant *p = s->locker[d->locker].plant;
    struct ghost_order *o = brought(d, TOKEN_CLASS_ORDINARY, 0);
    if (o == NULL)
        return false;
    const struct cabinet *c = cabinet_of(d);
    uint16_t door = 0;
    while (door < c->layout.doors && c->layout.door[door].board == c->layout.door[o->door].board)
        door++;
    if (door == c->layout.doors || !plant_hang(p, c->layout.door[door].board))
        return false;
    fiber_sleep(s->w, 6 * SECOND_US);
    kiosk_enter(s, d->locker);
    (void)people_try_code(s, d->locker, o->code[o->load], o->ddmm);
    fiber_sleep(s->w, 2 * SECOND_US);
    must_not_open(d, o, 0, "INV-17 nothing is pulsed while a door is unknown");
    kiosk_leave(s, d->locker);
    plant_heal(p);
    (void)site_wait_ready(s, UP_US);
    return goes_on(d);
}

/* The same topic, or that of the other locker. false: it is of no locker. */
static bool choose_topic(struct drill *d, const char *topic, char *out, size_t cap)
{
    static const char head[] = "mdl/v1/";
    const char *id = topic + sizeof head - 1;
    if (strncmp(topic, head, sizeof head - 1) != 0 || strlen(id) < LOCKER_ID_LEN)
        return false;
    const char *to = dice_below(d->d, 2) == 0 ? id : d->s->locker[dice_below(d->d, d->s->cfg.lockers)].id;
    int n = snprintf(out, cap, "%s%.*s%s", head, (int)LOCKER_ID_LEN, to, id + LOCKER_ID_LEN);
    return n > 0 && (size_t)n < cap;
}

/* INV-24: what was said once comes again, to whomever. */
static bool hear_old_messages(struct drill *d)
{
    struct broker *b = d->s->broker;
    for (unsigned i = 0; i < OLD_MESSAGES && goes_on(d); i++) {
        const char *topic, *text;
        char to[TOPIC_CAP];
        size_t len;
        if (broker_message(b, dice_next(d->d) % (broker_seen(b) + 1), &topic, &text, &len) &&
            choose_topic(d, topic, to, sizeof to)) {
            char *copy = malloc(len + 1);
            if (copy == NULL)
                abort();
            memcpy(copy, text, len);
            broker_inject(b, to, copy, len, dice_below(d->d, 8) == 0);
            free(copy);
        }
        fiber_sleep(d->s->w, SECOND_US / 20);
    }
    return goes_on(d);
}

/* Somebody tries it, and no pulse comes of it. */
static void must_not_open_by(struct drill *d, struct ghost_order *o, const char *code, const char *paper,
                             const char *why)
{
    unsigned before = o->pulses;
    kiosk_enter(d->s, d->locker);
    if (paper[0] != '\0')
        people_try_token(d->s, d->locker, paper, why);
    if (code[0] != '\0')
        (void)people_try_code(d->s, d->locker, code, o->ddmm);
    fiber_sleep(d->s->w, 3 * SECOND_US);
    must_not_open(d, o, before, why);
    (void)kiosk_key(d->s, d->locker, "clear");
    kiosk_leave(d->s, d->locker);
}

/* INV-31: a carer comes, by card or code, once; a right that was taken back opens nothing. */
static bool come_for_another(struct drill *d)
{
    struct people_carer c;
    struct ghost_order *o = brought(d, TOKEN_CLASS_ORDINARY, 0);
    if (o == NULL || !desk_carer(d->s, o, &c) || !desk_wait(d->s, o, "carers", "\"done\"", MINUTE_US))
        return false;
    if (dice_below(d->d, 2) == 0) {
        if (!desk_revoke(d->s, &c) || !desk_wait(d->s, o, "carers", "\"revoked\"", MINUTE_US))
            return false;
        must_not_open_by(d, o, c.code, c.card, "INV-31 a right that was taken back opens nothing");
        return goes_on(d);
    }
    struct people_manner manner = plain;
    manner.by_token = dice_below(d->d, 2) == 0;
    manner.carer = &c;
    enum people_outcome got = people_pickup(d->s, d->locker, o, &manner);
    if (got == PEOPLE_DONE)
        must_not_open_by(d, o, c.code, c.card, "INV-12 a right for one bag opens once");
    return got == PEOPLE_DONE && goes_on(d);
}

/* INV-12: the code and the token on the slip that was lost are dead when the hub says so. */
static bool lose_the_slip(struct drill *d)
{
    char anew[11], old[11], paper[TOKEN_TEXT_CAP];
    struct ghost_order *o = brought(d, TOKEN_CLASS_ORDINARY, 0);
    if (o == NULL || !desk_recode(d->s, o) || !desk_wait(d->s, o, "recode", "\"done\"", MINUTE_US))
        return false;
    memcpy(old, o->code[o->load], sizeof old);
    memcpy(paper, o->token, sizeof paper);
    if (!desk_slip(d->s, o, anew))
        return false;
    must_not_open_by(d, o, old, paper, "INV-12 a code that was replaced opens nothing");
    memcpy(o->code[o->load], anew, sizeof anew);
    return people_pickup(d->s, d->locker, o, &plain) == PEOPLE_DONE && goes_on(d);
}

/* What the hub said last on rpc, again. */
static void repeat_last_call(struct drill *d)
{
    struct broker *b = d->s->broker;
    const char *topic, *text;
    size_t len;
    for (uint64_t i = broker_seen(b); i > 0; i--) {
        if (!broker_message(b, i, &topic, &text, &len) || strstr(topic, "/dn/rpc") == NULL)
            continue;
        char *to = strdup(topic), *copy = malloc(len + 1);
        if (to == NULL || copy == NULL)
            abort();
        memcpy(copy, text, len);
        broker_inject(b, to, copy, len, false);
        free(copy);
        free(to);
        return;
    }
}

/* The person said yes, the door jams, and the answer comes a second time, while its challenge would still be young. */
static bool answer_twice(struct drill *d, struct ghost_order *o)
{
    struct screen sc;
    jam(d, o->door, true);
    (void)kiosk_key(d->s, d->locker, "ok");
    bool jams = kiosk_wait(d->s, d->locker, SET(SCREEN_JAM), 15 * SECOND_US, &sc) == SCREEN_JAM;
    if (jams) {
        (void)kiosk_key(d->s, d->locker, "help");
        fiber_sleep(d->s->w, SECOND_US);
        repeat_last_call(d);
        fiber_sleep(d->s->w, 3 * SECOND_US);
        must_not_open(d, o, 1, "INV-09 an answer opens once");
    }
    jam(d, o->door, false);
    return jams;
}

/* The person at the kiosk sees an offer, and reads it. */
static bool is_offered(struct drill *d, const struct ghost_order *o)
{
    struct screen sc;
    if (!desk_open(d->s, o) || kiosk_wait(d->s, d->locker, SET(SCREEN_REMOTE), 20 * SECOND_US, &sc) != SCREEN_REMOTE)
        return false;
    fiber_sleep(d->s->w, 3 * SECOND_US);
    return true;
}

/* INV-09: without a person nothing opens from afar; with one, once; nothing that comes late or again opens. */
static bool open_from_afar(struct drill *d)
{
    struct screen sc;
    struct site *s = d->s;
    struct ghost_order *o = brought(d, TOKEN_CLASS_ORDINARY, 0);
    unsigned what = dice_below(d->d, 4);
    if (o == NULL)
        return false;
    kiosk_enter(s, d->locker);
    bool offered = is_offered(d, o);
    if (offered && what == 0) {
        (void)kiosk_wait(s, d->locker, SET(SCREEN_START), 2 * MINUTE_US, &sc); /* nobody is there */
        must_not_open(d, o, 0, "INV-09 nothing is opened from afar alone");
    } else if (offered && what == 1) {
        broker_partition(s->broker, s->locker[d->locker].id, true);
        (void)kiosk_key(s, d->locker, "ok");
        fiber_sleep(s->w, 40 * SECOND_US);
        broker_partition(s->broker, s->locker[d->locker].id, false);
        fiber_sleep(s->w, 20 * SECOND_US);
        must_not_open(d, o, 0, "INV-09 an answer that comes late opens nothing");
    } else if (offered && what == 2) {
        offered = answer_twice(d, o);
    } else if (offered) {
        (void)kiosk_key(s, d->locker, "ok");
        offered = kiosk_wait(s, d->locker, SET(SCREEN_OPEN), 20 * SECOND_US, &sc) == SCREEN_OPEN &&
                  door_by_name(s, d->locker, sc.door) == (int)o->door;
        if (offered && door_take(s, d->locker, o->door, GHOST_PATIENT, o) > 0)
            o->served = true;
        (void)door_shut(s, d->locker, o->door);
        (void)kiosk_wait(s, d->locker, SET(SCREEN_DONE), 15 * SECOND_US, &sc);
    }
    (void)kiosk_key(s, d->locker, "clear");
    kiosk_leave(s, d->locker);
    return offered && hear_old_messages(d);
}

/* ---------------------------------------------------------------- all */

static const struct {
    const char *name;
    bool (*run)(struct drill *d);
} drills[] = {
    {"drill-come-late", come_late},
    {"drill-jam-often", jam_often},
    {"drill-withdraw-at-jam", withdraw_at_jam},
    {"drill-withdraw-unheard", withdraw_unheard},
    {"drill-two-of-one-code", two_of_one_code},
    {"drill-guess-for-long", guess_for_long},
    {"drill-wrong-door-moves", wrong_door_moves},
    {"drill-board-is-another", board_is_another},
    {"drill-old-messages", hear_old_messages},
    {"drill-board-is-silent", board_is_silent},
    {"drill-come-for-another", come_for_another},
    {"drill-lose-the-slip", lose_the_slip},
    {"drill-open-from-afar", open_from_afar},
};

void drill_run(struct site *s)
{
    struct drill d = {.s = s, .d = world_dice(s->w, "drill")};
    d.locker = dice_below(d.d, s->cfg.lockers);
    unsigned n = (unsigned)(s->cfg.seed / 3 % (sizeof drills / sizeof drills[0]));
    if (s->disk_lied || s->miswired || world_is_ending(s->w))
        return;
    world_tell(s->w, "drill", "%s at locker %u", drills[n].name, d.locker);
    if (drills[n].run(&d))
        world_count(s->w, drills[n].name);
    else
        world_tell(s->w, "drill", "could not be done");
}
