/* SPDX-License-Identifier: Apache-2.0 */
/* people: patients, those who guess, and those who break open. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/faults.h"
#include "tests/sim/oracle.h"
#include "tests/sim/people/people.h"

#define SET(id) (UINT64_C(1) << (id))
#define ANSWER_US (40 * SECOND_US) /* a try may have to wait for half a minute */
#define OPENS_US (25 * SECOND_US)
#define TRIES 6

/* "1234" -> the code with two digits swapped or one changed. */
static void mistype(const char code[11], char out[11], struct dice *d)
{
    (void)snprintf(out, 11, "%s", code);
    unsigned i = dice_below(d, 9);
    out[i] = (char)('0' + (out[i] - '0' + 1 + (int)dice_below(d, 8)) % 10);
}

void people_guess(struct dice *d, char code[11])
{
    static const char table[10][11] = {"0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
                                       "3674209581", "5869720134", "8945362017", "9438617205", "2581436790"};
    char check = '0';
    for (unsigned i = 0; i < 9; i++) {
        code[i] = (char)('0' + dice_below(d, 10));
        check = table[check - '0'][code[i] - '0'];
    }
    code[9] = check;
    code[10] = '\0';
}

/* To the start screen, as somebody does who finds something else there. */
static bool begin(struct site *s, unsigned locker)
{
    struct screen sc;
    for (unsigned i = 0; i < 8; i++) {
        if (!kiosk_screen(s, locker, &sc)) {
            fiber_sleep(s->w, 3 * SECOND_US);
            continue;
        }
        if (sc.id == SCREEN_START || sc.id == SCREEN_DONE)
            return true;
        if (sc.id == SCREEN_OPEN || sc.id == SCREEN_CLOSE) {
            int door = door_by_name(s, locker, sc.door);
            if (door >= 0)
                (void)door_shut(s, locker, (uint16_t)door); /* somebody left it open */
        }
        (void)kiosk_key(s, locker, "clear");
        fiber_sleep(s->w, 2 * SECOND_US);
    }
    if (kiosk_screen(s, locker, &sc))
        world_tell(s->w, "patient", "cannot get away from screen %d", (int)sc.id);
    return false;
}

/* Code, birthday where it is asked for; gives the screen that answers. */
static enum screen_id enter(struct site *s, unsigned locker, const char *code, const char *ddmm, bool impatient,
                            struct screen *sc)
{
    const uint64_t answers = SET(SCREEN_OPENING) | SET(SCREEN_OPEN) | SET(SCREEN_REFUSED) | SET(SCREEN_ASK) |
                             SET(SCREEN_DOORS) | SET(SCREEN_JAM) | SET(SCREEN_HELP) | SET(SCREEN_OUT_OF_SERVICE) |
                             SET(SCREEN_CODE) | SET(SCREEN_START) | SET(SCREEN_CLOSE) | SET(SCREEN_DONE);
    ghost_note_shown(s->ghost, code, world_now_us(s->w));
    if (!kiosk_type(s, locker, code))
        return SCREEN_ID_N;
    if (impatient) {
        (void)kiosk_key(s, locker, "ok");
        (void)kiosk_key(s, locker, "ok");
        (void)kiosk_key(s, locker, "5");
    }
    enum screen_id id = kiosk_wait(s, locker, answers | SET(SCREEN_BIRTHDAY), ANSWER_US, sc);
    if (id == SCREEN_BIRTHDAY) {
        for (unsigned i = sc->entry_len; i > 0 && i <= 4; i = 0)
            (void)kiosk_key(s, locker, "clear");
        if (!kiosk_type(s, locker, ddmm))
            return SCREEN_ID_N;
        id = kiosk_wait(s, locker, answers, ANSWER_US, sc);
    }
    return id;
}

/* What else the keypad can do, on the way: nothing of it may lead anywhere else. */
static void play_with_keys(struct site *s, unsigned locker)
{
    struct dice *d = world_dice(s->w, "curious");
    struct screen sc;
    char choice[2] = {(char)('1' + dice_below(d, LANGUAGE_N)), '\0'};
    (void)kiosk_key(s, locker, "language");
    for (unsigned i = dice_below(d, LANGUAGE_N + 2); i > 0; i--)
        (void)kiosk_key(s, locker, "language");
    (void)kiosk_key(s, locker, dice_below(d, 2) == 0 ? choice : "ok");
    (void)kiosk_key(s, locker, "ok");
    (void)kiosk_type(s, locker, "12");
    fiber_sleep(s->w, (int64_t)(30 + dice_below(d, 25)) * SECOND_US);
    (void)kiosk_key(s, locker, dice_below(d, 2) == 0 ? "repeat" : "ok");
    fiber_sleep(s->w, 30 * SECOND_US);
    for (unsigned i = 0; i < 4 && kiosk_screen(s, locker, &sc) && sc.id != SCREEN_START; i++)
        (void)kiosk_key(s, locker, "clear");
}

/* ---------------------------------------------------------------- before the open door */

static enum people_outcome at_door(struct site *s, unsigned locker, struct ghost_order *o,
                                   const struct people_manner *m);

/* Presses HELP though all is well: outside of what doors alone can tell. */
static void report(struct site *s, unsigned locker, struct ghost_order *o)
{
    struct dice *d = world_dice(s->w, "reports");
    struct screen sc;
    const char what[2] = {(char)('1' + dice_below(d, 3)), '\0'};
    (void)kiosk_key(s, locker, "help");
    if (kiosk_wait(s, locker, SET(SCREEN_REPORT), SECOND_US, &sc) != SCREEN_REPORT)
        return;
    bool says_so = dice_below(d, 4) != 0;
    (void)kiosk_key(s, locker, says_so ? what : "ok");
    if (!says_so)
        return;
    faults_count(s, FAULT_PEOPLE_REPORT);
    o->excused = true;
}

/* The bag behind the door that is offered now: another one of the same patient. */
static struct ghost_order *find_kin(struct site *s, unsigned locker, const struct ghost_order *o, int door)
{
    for (unsigned i = 0; i < s->ghost->orders; i++) {
        struct ghost_order *kin = &s->ghost->order[i];
        if (kin != o && ghost_is_kin(kin, o) && kin->place == GHOST_DOOR && kin->locker == locker && kin->door == door)
            return kin;
    }
    return NULL;
}

/* The first bag is out and its door closed. */
static void follow(struct site *s, unsigned locker, struct ghost_order *o, const struct people_manner *m)
{
    struct screen sc;
    enum screen_id id = kiosk_wait(
        s, locker, SET(SCREEN_DONE) | SET(SCREEN_START) | SET(SCREEN_NEXT) | SET(SCREEN_REPORTED), 15 * SECOND_US, &sc);
    if (id == SCREEN_REPORTED) {
        (void)kiosk_key(s, locker, "ok");
        id = kiosk_wait(s, locker, SET(SCREEN_START) | SET(SCREEN_NEXT), 2 * SECOND_US, &sc);
    }
    if (id != SCREEN_NEXT)
        return;
    if (m->one_bag) {
        (void)kiosk_key(s, locker, "clear");
        return;
    }
    /* Whoever is offered a bag takes it; whether it is theirs is not theirs to judge. */
    struct ghost_order *kin = find_kin(s, locker, o, door_by_name(s, locker, sc.door));
    (void)kiosk_key(s, locker, "ok");
    enum people_outcome got = at_door(s, locker, kin == NULL ? o : kin, m);
    world_tell(s->w, "patient", "one more bag at locker %u: %s", locker, people_outcome_name(got));
    s->ghost->sum.followed++;
}

static enum people_outcome before_door(struct site *s, unsigned locker, uint16_t door, struct ghost_order *o,
                                       const struct people_manner *m)
{
    fiber_sleep(s->w, m->takes_us);
    if (m->walks_off) { /* without the bag, the door stays as it is: outside of what doors alone can tell */
        faults_count(s, FAULT_PEOPLE_WALK_OFF);
        o->excused = true;
        s->ghost->locker[locker].door[door].excused = true;
        return PEOPLE_LEFT;
    }
    if (!door_is_open(s, locker, door))
        return PEOPLE_NO_SERVICE;
    if (m->reports)
        report(s, locker, o);
    if (door_take(s, locker, door, GHOST_PATIENT, o) > 0 && o->place == GHOST_PATIENT) {
        o->served = true;
        s->ghost->sum.pickups++;
    }
    if (m->leaves_open) {
        faults_count(s, FAULT_PEOPLE_LEAVE_OPEN);
        return PEOPLE_LEFT;
    }
    (void)door_shut(s, locker, door);
    follow(s, locker, o, m);
    return o->served ? PEOPLE_DONE : PEOPLE_BLOCKED;
}

/* The screen says that his door opens: to the end. */
static enum people_outcome at_door(struct site *s, unsigned locker, struct ghost_order *o,
                                   const struct people_manner *m)
{
    struct screen sc;
    const uint64_t news = SET(SCREEN_OPEN) | SET(SCREEN_CLOSE) | SET(SCREEN_JAM) | SET(SCREEN_HELP) |
                          SET(SCREEN_START) | SET(SCREEN_OUT_OF_SERVICE) | SET(SCREEN_DONE) | SET(SCREEN_ASK);
    for (unsigned jams = 0; jams < 4;) {
        enum screen_id id = kiosk_wait(s, locker, news, OPENS_US, &sc);
        if (id == SCREEN_OPEN || id == SCREEN_CLOSE) {
            int door = door_by_name(s, locker, sc.door);
            return door < 0 ? PEOPLE_NO_SERVICE : before_door(s, locker, (uint16_t)door, o, m);
        }
        if (id != SCREEN_JAM)
            return id == SCREEN_HELP ? PEOPLE_JAMMED : PEOPLE_NO_SERVICE;
        jams++;
        if (!kiosk_key(s, locker, "ok"))
            return PEOPLE_NO_SERVICE;
        fiber_sleep(s->w, SECOND_US);
    }
    return PEOPLE_JAMMED;
}

/* "Another door is open": a helpful person closes it. */
static void help_with_doors(struct site *s, unsigned locker, const struct screen *sc)
{
    int door = door_by_name(s, locker, sc->door);
    if (door >= 0 && door_is_open(s, locker, (uint16_t)door))
        (void)door_shut(s, locker, (uint16_t)door);
    (void)kiosk_key(s, locker, "ok");
    fiber_sleep(s->w, 2 * SECOND_US);
}

/* On the telephone: the pharmacy offers to open, and whoever stands there reads it and says yes. */
static enum people_outcome call_pharmacy(struct site *s, unsigned locker, struct ghost_order *o,
                                         const struct people_manner *m)
{
    struct screen sc;
    if (!begin(s, locker) || !desk_open(s, o) ||
        kiosk_wait(s, locker, SET(SCREEN_REMOTE), 20 * SECOND_US, &sc) != SCREEN_REMOTE)
        return PEOPLE_NO_SERVICE;
    fiber_sleep(s->w, 3 * SECOND_US);
    (void)kiosk_key(s, locker, "ok");
    enum people_outcome got = at_door(s, locker, o, m);
    s->ghost->sum.from_afar += got == PEOPLE_DONE ? 1 : 0;
    return got;
}

static enum people_outcome pickup(struct site *s, unsigned locker, struct ghost_order *o, const struct people_manner *m)
{
    struct dice *d = world_dice(s->w, "patients");
    const char *code =
        m->carer != NULL ? m->carer->code : o->code[o->load <= GHOST_LOADS_MAX ? o->load : GHOST_LOADS_MAX];
    const char *paper = m->carer != NULL ? m->carer->card : o->token;
    struct screen sc;
    bool typo = m->typo, wrong = m->wrong_first;
    unsigned refusals = 0;
    if (m->curious && begin(s, locker))
        play_with_keys(s, locker);
    if (m->calls) {
        enum people_outcome got = call_pharmacy(s, locker, o, m);
        if (got != PEOPLE_NO_SERVICE)
            return got;
    }
    if (m->by_token && paper[0] != '\0' && begin(s, locker)) {
        (void)kiosk_scan(s, locker, paper);
        if (m->impatient)
            (void)kiosk_scan(s, locker, paper);
        if (kiosk_screen(s, locker, &sc) && (sc.id == SCREEN_OPENING || sc.id == SCREEN_OPEN))
            return at_door(s, locker, o, m);
    }
    for (unsigned i = 0; i < TRIES && !world_is_ending(s->w); i++) {
        char entry[11];
        if (kiosk_screen(s, locker, &sc) && sc.id == SCREEN_REFUSED)
            (void)kiosk_key(s, locker, "ok");
        else if (!(kiosk_screen(s, locker, &sc) && sc.id == SCREEN_CODE && sc.entry_len == 0) && !begin(s, locker))
            return PEOPLE_NO_SERVICE;
        (void)snprintf(entry, sizeof entry, "%s", code);
        if (typo)
            mistype(code, entry, d);
        if (wrong)
            people_guess(d, entry);
        bool right = !typo && !wrong;
        typo = wrong = false;
        enum screen_id id = enter(s, locker, entry, o->ddmm, m->impatient, &sc);
        switch ((int)id) {
        case SCREEN_OPENING:
        case SCREEN_OPEN:
        case SCREEN_JAM:
        case SCREEN_CLOSE:
            return at_door(s, locker, o, m);
        case SCREEN_DOORS:
            help_with_doors(s, locker, &sc);
            break;
        case SCREEN_REFUSED:
            refusals += right ? 1u : 0u;
            if (refusals >= 2)
                return PEOPLE_REFUSED;
            break;
        case SCREEN_ASK:
            return PEOPLE_REFUSED;
        case SCREEN_HELP:
            return PEOPLE_JAMMED;
        default: /* try later, or gone */
            fiber_sleep(s->w, 3 * SECOND_US);
            break;
        }
    }
    return PEOPLE_NO_SERVICE;
}

enum people_outcome people_pickup(struct site *s, unsigned locker, struct ghost_order *o,
                                  const struct people_manner *manner)
{
    kiosk_enter(s, locker);
    enum people_outcome got = pickup(s, locker, o, manner);
    world_tell(s->w, "patient", "%.8s at locker %u: %s", o->id, locker, people_outcome_name(got));
    s->ghost->sum.carers += got == PEOPLE_DONE && manner->carer != NULL ? 1 : 0;
    s->ghost->sum.refusals += got == PEOPLE_REFUSED ? 1 : 0;
    s->ghost->sum.no_service += got == PEOPLE_NO_SERVICE ? 1 : 0;
    kiosk_leave(s, locker);
    return got;
}

enum people_outcome people_try_code(struct site *s, unsigned locker, const char *code, const char *ddmm)
{
    struct screen sc;
    s->ghost->sum.guesses++;
    bool ready =
        (kiosk_screen(s, locker, &sc) && sc.id == SCREEN_REFUSED && kiosk_key(s, locker, "ok")) || begin(s, locker);
    if (!ready)
        return PEOPLE_NO_SERVICE;
    enum screen_id id = enter(s, locker, code, ddmm, false, &sc);
    return id == SCREEN_OPENING || id == SCREEN_OPEN || id == SCREEN_JAM ? PEOPLE_DONE
           : id == SCREEN_REFUSED || id == SCREEN_ASK                    ? PEOPLE_REFUSED
                                                                         : PEOPLE_NO_SERVICE;
}

void people_try_token(struct site *s, unsigned locker, const char *token, const char *invariant)
{
    struct screen sc;
    if (!begin(s, locker) || !kiosk_scan(s, locker, token) || !kiosk_screen(s, locker, &sc))
        return;
    if (sc.id == SCREEN_OPENING || sc.id == SCREEN_OPEN)
        world_fail(s->w, "%s: a token that has ended opened a door of locker %u", invariant, locker);
    (void)kiosk_key(s, locker, "clear");
}

void people_steal(struct site *s, unsigned locker, uint16_t door, bool closes)
{
    struct plant *p = s->locker[locker].plant;
    struct cabinet *c = plant_cabinet(p);
    if (c->door[door].lock.open)
        return;
    s->ghost->sum.thefts++;
    world_tell(s->w, "thief", "breaks door %u of locker %u open", door, locker);
    for (unsigned i = 0; i < c->door[door].bags; i++) {
        uint8_t key[16];
        uint32_t load;
        struct ghost_order *o = ghost_bag_read(c->door[door].bag[i], key, &load) ? ghost_find(s->ghost, key) : NULL;
        if (o != NULL)
            o->excused = true;
    }
    cabinet_open_door(c, door, LOCK_BY_FORCE, world_now_us(s->w));
    plant_changed(p);
    fiber_sleep(s->w, 3 * SECOND_US);
    if (door_is_open(s, locker, door))
        (void)door_take(s, locker, door, GHOST_STOLEN, NULL);
    if (closes)
        (void)door_shut(s, locker, door);
}
