/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/day.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/drill.h"
#include "tests/sim/faults.h"
#include "tests/sim/observe.h"
#include "tests/sim/oracle.h"
#include "tests/sim/people/people.h"

#define BOOT_US (3 * MINUTE_US)
#define WAVE_US (40 * MINUTE_US)
#define ATTACKS 20

/* What a profile is made of. */
static const struct {
    unsigned doors_even, doors_odd, orders_min, orders_more, waves, days;
} shapes[DAY_PROFILE_N] = {
    [DAY_SMALL] = {8, 24, 6, 9, 4, 1},
    [DAY_WIDE] = {200, 200, 290, 20, 6, 1},
    [DAY_LONG] = {24, 24, 10, 10, 4, 30},
    [DAY_HONEST] = {24, 8, 6, 9, 3, 1},
};

struct day {
    struct site *s;
    enum day_profile profile;
    struct dice *d;
    unsigned busy; /* people who are about */
    bool last_wave;
};

struct visit {
    struct day *day;
    unsigned locker;
    struct ghost_order *order;
    int64_t after_us;
    struct people_manner manner;
    bool sends; /* a carer, who has this: */
    struct people_carer carer;
    void (*act)(struct visit *v);
};

void day_site(enum day_profile p, uint64_t seed, struct site_cfg *out)
{
    out->seed = seed;
    out->lockers = p == DAY_SMALL && seed % 4 == 0 ? 2 : 1;
    out->doors = seed % 2 == 0 ? shapes[p].doors_even : shapes[p].doors_odd;
    out->gpio = seed % 3 == 0;
    out->waived = out->doors > 8 || seed % 4 != 1;
    out->poll_ms = out->doors > 24 ? 500 : 250;
    out->restart_us = 2 * SECOND_US;
}

/* ---------------------------------------------------------------- visits */

static void run_visit(void *arg)
{
    struct visit *v = arg;
    fiber_sleep(v->day->s->w, v->after_us);
    if (!world_is_ending(v->day->s->w))
        v->act(v);
    v->day->busy--;
    free(v);
}

static struct visit *plan(struct day *day, unsigned locker, void (*act)(struct visit *v), int64_t within_us)
{
    struct visit *v = calloc(1, sizeof *v);
    if (v == NULL)
        abort();
    *v = (struct visit){.day = day, .locker = locker, .act = act};
    v->after_us = (int64_t)(dice_next(day->d) % (uint64_t)within_us);
    day->busy++;
    (void)fiber_new(day->s->w, "person", run_visit, v, 0);
    return v;
}

/* ---------------------------------------------------------------- the pharmacist's desk */

static bool is_outside(const struct ghost_order *o)
{
    return o->id[0] != '\0' && o->place != GHOST_PATIENT && o->place != GHOST_STOLEN;
}

/* What came back is taken in, and packed again or not. */
static void take_back(struct site *s, struct ghost_order *o, struct dice *d)
{
    char state[24];
    if (!desk_state(s, o, state))
        return;
    if (strcmp(state, "recalled") == 0 || strcmp(state, "returned") == 0) {
        if (strcmp(state, "recalled") == 0)
            (void)desk_step(s, o, "take_back");
        if (dice_below(d, 3) != 0)
            (void)desk_pack(s, o, dice_below(d, s->cfg.lockers));
        else
            (void)desk_step(s, o, "restock");
    } else if (strcmp(state, "registered") == 0) {
        (void)desk_pack(s, o, dice_below(d, s->cfg.lockers));
    }
}

static void at_desk(struct visit *v)
{
    struct site *s = v->day->s;
    struct dice *d = world_dice(s->w, "desk");
    for (unsigned i = 0; i < s->ghost->orders && !world_is_ending(s->w); i++) {
        struct ghost_order *o = &s->ghost->order[i];
        if (!is_outside(o))
            continue;
        if (o->place == GHOST_NO_BAG)
            (void)desk_pack(s, o, dice_below(d, s->cfg.lockers));
        else if (o->place == GHOST_PHARMACY)
            take_back(s, o, d);
        if (faults_chance(s, FAULT_PEOPLE_WITHDRAW, 80))
            (void)desk_withdraw(s, o);
    }
}

/* While couriers and patients are on their way. */
static void change_mind(struct visit *v)
{
    if (is_outside(v->order))
        (void)desk_withdraw(v->day->s, v->order);
}

static void order_all(struct day *day)
{
    struct dice *families = world_dice(day->s->w, "families");
    unsigned n = shapes[day->profile].orders_min + dice_below(day->d, shapes[day->profile].orders_more);
    for (unsigned i = 0; i < n && !world_is_ending(day->s->w); i++) {
        const struct ghost_book *g = day->s->ghost;
        unsigned earlier = g->orders == 0 ? 0 : dice_below(families, g->orders);
        const struct ghost_order *kin = g->orders > 0 && dice_below(families, 3) == 0 ? &g->order[earlier] : NULL;
        struct ghost_order *o = desk_order(day->s, day->d, kin);
        if (o != NULL)
            (void)desk_pack(day->s, o, dice_below(day->d, day->s->cfg.lockers));
    }
}

/* ---------------------------------------------------------------- at the lockers */

static void bring(struct visit *v)
{
    struct site *s = v->day->s;
    struct dice *clumsy = world_dice(s->w, "clumsy");
    bool in = false;
    kiosk_enter(s, v->locker);
    for (unsigned i = 0; i < s->ghost->orders && !world_is_ending(s->w); i++) {
        struct ghost_order *o = &s->ghost->order[i];
        struct screen sc;
        if (o->place != GHOST_PHARMACY || o->locker != v->locker || (o->asked_back && dice_below(clumsy, 3) != 0))
            continue;
        if (!in || !kiosk_screen(s, v->locker, &sc) || sc.id != SCREEN_STAFF_MENU)
            in = people_enter(s, v->locker) == PEOPLE_DONE;
        if (!in)
            break;
        enum people_outcome got = people_load_one(s, v->locker, o, clumsy);
        world_tell(s->w, "courier", "bag %.8s at locker %u: %s", o->id, v->locker, people_outcome_name(got));
        if (got != PEOPLE_DONE && v->day->profile == DAY_HONEST && !world_is_ending(s->w))
            world_fail(s->w, "LIV-03 in an honest world a bag is loaded: %.8s was not (%s)", o->id,
                       people_outcome_name(got));
        fiber_sleep(s->w, SECOND_US);
    }
    if (in)
        people_leave(s, v->locker);
    kiosk_leave(s, v->locker);
}

static void inspect(struct visit *v)
{
    (void)people_inspect(v->day->s, v->locker, false);
}

/* Somebody else shall fetch the bag; the patient goes himself when the pharmacy does not answer. */
static void ask_for_carer(struct visit *v)
{
    struct site *s = v->day->s;
    v->sends = desk_carer(s, v->order, &v->carer) && desk_wait(s, v->order, "carers", "\"done\"", MINUTE_US);
    memcpy(v->order->carer_code, v->carer.code, sizeof v->carer.code);
    v->manner.carer = v->sends ? &v->carer : NULL;
}

static void collect(struct visit *v)
{
    struct site *s = v->day->s;
    if (v->order->place != GHOST_DOOR)
        return;
    if (v->sends)
        ask_for_carer(v);
    enum people_outcome got = people_pickup(s, v->locker, v->order, &v->manner);
    if (got != PEOPLE_DONE && !v->order->served && v->day->profile == DAY_HONEST && !world_is_ending(s->w))
        world_fail(s->w, "LIV-03 in an honest world a patient is served: %.8s was not (%s)", v->order->id,
                   people_outcome_name(got));
}

static void attack(struct visit *v)
{
    struct site *s = v->day->s;
    struct dice *d = world_dice(s->w, "attacker");
    faults_count(s, FAULT_PEOPLE_ATTACK);
    kiosk_enter(s, v->locker);
    people_try_label(s, v->locker, (uint16_t)dice_below(d, s->cfg.doors));
    unsigned plug = dice_below(d, 2 * ATTACKS); /* pulls the plug in between, which must not give him new tries */
    for (unsigned i = 0; i < ATTACKS && !world_is_ending(s->w); i++) {
        if (i == plug && faults_are_on(s) && s->faults->on[FAULT_POWER_CUT])
            (void)faults_inject(s, FAULT_POWER_CUT);
        char code[11];
        people_guess(d, code);
        if (people_try_code(s, v->locker, code, "0101") == PEOPLE_NO_SERVICE)
            fiber_sleep(s->w, 2 * SECOND_US);
    }
    (void)kiosk_key(s, v->locker, "clear");
    kiosk_leave(s, v->locker);
}

/* INV-12: a code that did its work, or of an earlier label, opens nothing. */
static void try_old(struct visit *v)
{
    struct site *s = v->day->s;
    struct ghost_order *o = v->order;
    uint32_t load = o->served ? o->load : o->load - 1;
    if (load == 0 || load > GHOST_LOADS_MAX || o->code[load][0] == '\0')
        return;
    uint32_t known;
    enum observe_order state;
    int door;
    bool ended = observe_order(s->observe, v->locker, o->key, &known, &state, &door) &&
                 (known > load || state == OBSERVE_DONE || state == OBSERVE_VOID);
    faults_count(s, FAULT_PEOPLE_OLD_CODE);
    kiosk_enter(s, v->locker);
    if (ended && !o->excused && !s->disk_lied) {
        const char *token = o->served ? o->token : o->old_token;
        if (token[0] != '\0')
            people_try_token(s, v->locker, token, "INV-12 a code that has ended opens nothing");
    }
    enum people_outcome got = people_try_code(s, v->locker, o->code[load], o->ddmm);
    if (got == PEOPLE_DONE && ended && !o->excused && !s->disk_lied)
        world_fail(s->w, "INV-12 a code that has ended opens nothing: order %.8s load %u at locker %u", o->id,
                   (unsigned)load, v->locker);
    kiosk_leave(s, v->locker);
}

static void steal(struct visit *v)
{
    struct site *s = v->day->s;
    struct dice *d = world_dice(s->w, "thief");
    people_steal(s, v->locker, (uint16_t)dice_below(d, s->cfg.doors), dice_below(d, 2) == 0);
}

/* ---------------------------------------------------------------- waves */

static void plan_patients(struct day *day)
{
    struct dice *whims = world_dice(day->s->w, "whims");
    struct dice *helpers = world_dice(day->s->w, "helpers");
    struct site *s = day->s;
    for (unsigned i = 0; i < s->ghost->orders; i++) {
        struct ghost_order *o = &s->ghost->order[i];
        if (o->id[0] == '\0' || o->load == 0)
            continue;
        if (o->place == GHOST_DOOR && faults_chance(s, FAULT_PEOPLE_WITHDRAW, 100))
            plan(day, o->locker, change_mind, 3 * MINUTE_US)->order = o;
        if ((o->served || o->load > 1) && faults_chance(s, FAULT_PEOPLE_OLD_CODE, 150)) {
            plan(day, o->locker, try_old, 3 * MINUTE_US)->order = o;
        } else if (o->place == GHOST_DOOR && dice_below(day->d, 100) < 45) {
            struct visit *v = plan(day, o->locker, collect, 3 * MINUTE_US);
            v->order = o;
            v->manner = (struct people_manner){
                .by_token = dice_below(day->d, 3) == 0,
                .typo = faults_chance(s, FAULT_PEOPLE_TYPO, 300),
                .impatient = faults_chance(s, FAULT_PEOPLE_IMPATIENT, 300),
                .wrong_first = faults_chance(s, FAULT_PEOPLE_TYPO, 100),
                .one_bag = dice_below(whims, 4) == 0,
                .reports = faults_are_on(s) && s->faults->on[FAULT_PEOPLE_REPORT] && dice_below(whims, 10) == 0,
                .curious = dice_below(whims, 10) == 0,
                .takes_us = (int64_t)(1500 + dice_below(day->d, 6000)) * 1000,
            };
            v->sends = dice_below(helpers, 8) == 0;
            v->manner.calls = !v->sends && dice_below(helpers, 12) == 0;
            bool on = faults_are_on(s);
            v->manner.walks_off = on && s->faults->on[FAULT_PEOPLE_WALK_OFF] && dice_below(day->d, 100) < 5;
            v->manner.leaves_open = on && s->faults->on[FAULT_PEOPLE_LEAVE_OPEN] && dice_below(day->d, 100) < 15;
        }
    }
}

static void wait_for_people(struct day *day)
{
    struct site *s = day->s;
    int64_t until_us = world_now_us(s->w) + WAVE_US;
    while (day->busy > 0 && world_now_us(s->w) < until_us && !world_is_ending(s->w))
        fiber_sleep(s->w, SECOND_US);
}

static void wave(struct day *day)
{
    struct site *s = day->s;
    (void)plan(day, 0, at_desk, MINUTE_US);
    wait_for_people(day);
    for (unsigned i = 0; i < s->cfg.lockers; i++) {
        (void)plan(day, i, bring, MINUTE_US);
        if (faults_chance(s, FAULT_PEOPLE_ATTACK, 250))
            (void)plan(day, i, attack, 2 * MINUTE_US);
        if (faults_chance(s, FAULT_PEOPLE_THIEF, 300))
            (void)plan(day, i, steal, 3 * MINUTE_US);
    }
    plan_patients(day);
    wait_for_people(day);
    for (unsigned i = 0; i < s->cfg.lockers; i++)
        (void)plan(day, i, inspect, SECOND_US);
    wait_for_people(day);
}

/* Quiet hours. */
static void pause_until_next(struct day *day)
{
    struct site *s = day->s;
    unsigned waves = shapes[day->profile].waves;
    fiber_sleep(s->w, 10 * SECOND_US);
    if (day->busy > 0 || world_is_ending(s->w))
        return;
    int64_t span_us = 24 * HOUR_US / waves - 10 * MINUTE_US + (int64_t)dice_below(day->d, 1200) * SECOND_US;
    world_tell(s->w, "day", "quiet hours");
    world_leap(s->w, span_us);
    fiber_sleep(s->w, 5 * SECOND_US);
}

/* Everybody ends cleanly, and what they leave on their disks is compared before they start again. */
static void end_and_compare(struct site *s)
{
    int64_t until_us = world_now_us(s->w) + MINUTE_US;
    process_term(s->hub);
    for (unsigned i = 0; i < s->cfg.lockers; i++)
        process_term(s->locker[i].process);
    for (;;) {
        bool up = process_is_up(s->hub);
        for (unsigned i = 0; i < s->cfg.lockers; i++)
            up = up || process_is_up(s->locker[i].process);
        if (!up)
            break;
        if (world_now_us(s->w) > until_us) {
            world_fail(s->w, "LIV-01 the daemons end when they are told to");
            return;
        }
        fiber_sleep(s->w, SECOND_US / 10);
    }
    oracle_compare(s);
    oracle_secrets(s);
}

void day_end(struct site *s)
{
    faults_heal(s);
    oracle_liveness(s);
    oracle_settle(s);
    if (!world_is_ending(s->w))
        end_and_compare(s);
    world_finish(s->w);
}

static void direct(void *arg)
{
    struct day *day = arg;
    struct site *s = day->s;
    if (!site_wait_ready(s, BOOT_US)) {
        if (!world_is_ending(s->w))
            world_fail(s->w, "LIV-01 hub and lockers start");
        return;
    }
    if (!s->cfg.waived) {
        for (unsigned i = 0; i < s->cfg.lockers; i++)
            (void)people_inspect(s, i, true); /* commissioning */
    }
    if (s->faults != NULL)
        faults_start(s);
    unsigned waves = shapes[day->profile].waves * shapes[day->profile].days;
    for (unsigned i = 0; i < waves && !world_is_ending(s->w); i++) {
        if (i % shapes[day->profile].waves == 0)
            order_all(day);
        wave(day);
        pause_until_next(day);
    }
    wait_for_people(day);
    faults_heal(s);
    oracle_liveness(s);
    if (day->profile == DAY_SMALL || day->profile == DAY_LONG)
        drill_run(s);
    oracle_settle(s);
    if (!world_is_ending(s->w))
        end_and_compare(s);
    world_finish(s->w);
}

void day_start(struct site *s, enum day_profile p)
{
    struct day *day = calloc(1, sizeof *day);
    if (day == NULL)
        abort();
    s->owned = day;
    *day = (struct day){.s = s, .profile = p, .d = world_dice(s->w, "day")};
    if (p != DAY_HONEST)
        s->faults = faults_new(s);
    (void)fiber_new(s->w, "day", direct, day, 0);
}
