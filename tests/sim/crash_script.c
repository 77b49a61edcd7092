/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/crash_script.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/people/people.h"
#include "tests/sim/web.h"

#define READY_US (120 * SECOND_US)
#define TRIES 12
#define HIDDEN_CLASSES 64

static const struct people_manner plain = {.takes_us = 3 * SECOND_US};

/* ---------------------------------------------------------------- pieces of stories */

static struct ghost_order *add_order(struct crash_story *t)
{
    struct ghost_order *o = desk_order(t->s, world_dice(t->s->w, "story"), NULL);
    if (o != NULL)
        t->order[t->orders++] = o;
    return o;
}

static void packed(struct crash_story *t)
{
    struct ghost_order *o = add_order(t);
    if (o != NULL)
        (void)desk_pack(t->s, o, 0);
}

static void loaded(struct crash_story *t)
{
    packed(t);
    if (t->orders > 0)
        (void)people_load(t->s, 0, t->order[0]);
    fiber_sleep(t->s->w, 3 * SECOND_US);
}

static void collected(struct crash_story *t)
{
    loaded(t);
    (void)people_pickup(t->s, 0, t->order[0], &plain);
    fiber_sleep(t->s->w, 3 * SECOND_US);
}

static void withdrawn(struct crash_story *t)
{
    loaded(t);
    (void)desk_withdraw(t->s, t->order[0]);
    fiber_sleep(t->s->w, 10 * SECOND_US);
}

static void returned(struct crash_story *t)
{
    withdrawn(t);
    (void)people_inspect(t->s, 0, false);
    fiber_sleep(t->s->w, 5 * SECOND_US);
}

/* An order of a class that asks for the birthday. */
static void loaded_controlled(struct crash_story *t)
{
    for (unsigned i = 0; i < HIDDEN_CLASSES; i++) {
        struct ghost_order *o = desk_order(t->s, world_dice(t->s->w, "story"), NULL);
        if (o != NULL && o->cls == TOKEN_CLASS_CONTROLLED) {
            t->order[t->orders++] = o;
            break;
        }
    }
    if (t->orders == 0) {
        world_fail(t->s->w, "script: no order of that class among %d", HIDDEN_CLASSES);
        return;
    }
    (void)desk_pack(t->s, t->order[0], 0);
    (void)people_load(t->s, 0, t->order[0]);
    fiber_sleep(t->s->w, 3 * SECOND_US);
}

static struct lock *lock_of(struct crash_story *t)
{
    return &plant_cabinet(t->s->locker[0].plant)->door[t->order[0]->door].lock;
}

static void pickup(struct crash_story *t, const struct people_manner *m)
{
    (void)people_pickup(t->s, 0, t->order[0], m);
    fiber_sleep(t->s->w, 3 * SECOND_US);
}

/* ---------------------------------------------------------------- acts */

static void start_up(struct crash_story *t)
{
    (void)site_wait_ready(t->s, READY_US);
    fiber_sleep(t->s->w, 5 * SECOND_US);
}

static void restart(struct crash_story *t)
{
    process_term(t->s->locker[0].process);
    process_term(t->s->hub);
    fiber_sleep(t->s->w, 20 * SECOND_US);
}

static void order_and_pack(struct crash_story *t)
{
    packed(t);
    fiber_sleep(t->s->w, 3 * SECOND_US);
}

static void load(struct crash_story *t)
{
    (void)people_load(t->s, 0, t->order[0]);
    fiber_sleep(t->s->w, 3 * SECOND_US);
}

static void two_packed(struct crash_story *t)
{
    packed(t);
    packed(t);
}

static void load_two(struct crash_story *t)
{
    kiosk_enter(t->s, 0);
    if (people_enter(t->s, 0) == PEOPLE_DONE) {
        for (unsigned i = 0; i < t->orders; i++)
            (void)people_load_one(t->s, 0, t->order[i], NULL);
        people_leave(t->s, 0);
    }
    kiosk_leave(t->s, 0);
    fiber_sleep(t->s->w, 3 * SECOND_US);
}

static void pickup_by_code(struct crash_story *t)
{
    pickup(t, &plain);
}

static void pickup_by_token(struct crash_story *t)
{
    const struct people_manner m = {.by_token = true, .takes_us = 3 * SECOND_US};
    pickup(t, &m);
}

static void pickup_impatient(struct crash_story *t)
{
    const struct people_manner m = {.impatient = true, .typo = true, .takes_us = SECOND_US};
    pickup(t, &m);
}

static void pickup_after_wrong_code(struct crash_story *t)
{
    const struct people_manner m = {.wrong_first = true, .takes_us = 3 * SECOND_US};
    pickup(t, &m);
}

static void used_code_again(struct crash_story *t)
{
    struct ghost_order *o = t->order[0];
    kiosk_enter(t->s, 0);
    enum people_outcome got = people_try_code(t->s, 0, o->code[o->load], o->ddmm);
    kiosk_leave(t->s, 0);
    if (got == PEOPLE_DONE)
        world_fail(t->s->w, "INV-12 a code that has ended opens nothing: order %.8s", o->id);
}

static void guess_often(struct crash_story *t)
{
    struct dice *d = world_dice(t->s->w, "story");
    kiosk_enter(t->s, 0);
    for (unsigned i = 0; i < 8; i++) {
        char code[11];
        people_guess(d, code);
        (void)people_try_code(t->s, 0, code, "0101");
    }
    kiosk_leave(t->s, 0);
    pickup(t, &plain);
}

/* The strike has no grip for two pulses. */
static void free_lock(void *arg)
{
    struct crash_story *t = arg;
    uint32_t before = lock_of(t)->pulses;
    for (unsigned i = 0; i < 1200 && lock_of(t)->pulses < before + 2 && !world_is_ending(t->s->w); i++)
        fiber_sleep(t->s->w, SECOND_US / 10);
    fiber_sleep(t->s->w, SECOND_US);
    lock_of(t)->jammed = false;
}

static void pickup_with_jams(struct crash_story *t)
{
    lock_of(t)->jammed = true;
    (void)fiber_new(t->s->w, "lock", free_lock, t, 0);
    pickup(t, &plain);
    lock_of(t)->jammed = false;
}

static void pickup_jammed_for_good(struct crash_story *t)
{
    lock_of(t)->jammed = true;
    pickup(t, &plain);
    lock_of(t)->jammed = false;
}

static void leave_open(struct crash_story *t)
{
    const struct people_manner m = {.leaves_open = true, .takes_us = 3 * SECOND_US};
    pickup(t, &m);
    fiber_sleep(t->s->w, 6 * MINUTE_US);
    (void)door_shut(t->s, 0, t->order[0]->door);
    fiber_sleep(t->s->w, 5 * SECOND_US);
}

/* He says that something is wrong, and the power fails before he has closed the door, or after. */
static void report(struct crash_story *t)
{
    const struct people_manner m = {.reports = true, .takes_us = 3 * SECOND_US};
    pickup(t, &m);
}

static void break_open(struct crash_story *t)
{
    people_steal(t->s, 0, t->order[0]->door, true);
    fiber_sleep(t->s->w, 10 * SECOND_US);
}

static void withdraw(struct crash_story *t)
{
    (void)desk_withdraw(t->s, t->order[0]);
    fiber_sleep(t->s->w, 10 * SECOND_US);
}

static void inspect(struct crash_story *t)
{
    (void)people_inspect(t->s, 0, false);
    fiber_sleep(t->s->w, 5 * SECOND_US);
}

static void inspect_all(struct crash_story *t)
{
    (void)people_inspect(t->s, 0, true);
    fiber_sleep(t->s->w, 5 * SECOND_US);
}

static void pack_again(struct crash_story *t)
{
    (void)desk_pack(t->s, t->order[0], 0);
    load(t);
}

static void expire(struct crash_story *t)
{
    world_leap(t->s->w, 80 * HOUR_US);
    fiber_sleep(t->s->w, 90 * SECOND_US);
}

static void compact(struct crash_story *t)
{
    world_leap(t->s->w, 100 * 24 * HOUR_US);
    fiber_sleep(t->s->w, 90 * SECOND_US);
}

static void fill_disk(struct crash_story *t)
{
    struct disk_faults *f = disk_faults(t->s->locker[0].machine.disk);
    f->room = 4096;
    pickup(t, &plain);
    f->room = -1;
}

static void move_clock(struct crash_story *t)
{
    struct machine *m = &t->s->locker[0].machine;
    m->wall_offset_us += 24 * HOUR_US;
    fiber_sleep(t->s->w, 70 * SECOND_US);
    m->wall_offset_us -= 48 * HOUR_US;
    fiber_sleep(t->s->w, 70 * SECOND_US);
    pickup(t, &plain);
    m->wall_offset_us += 24 * HOUR_US;
}

static void without_broker(struct crash_story *t)
{
    broker_partition(t->s->broker, NULL, true);
    pickup(t, &plain);
    fiber_sleep(t->s->w, 30 * SECOND_US);
    broker_partition(t->s->broker, NULL, false);
    fiber_sleep(t->s->w, 60 * SECOND_US);
}

static void broker_forgets(struct crash_story *t)
{
    broker_restart(t->s->broker, true, 5 * SECOND_US);
    pickup(t, &plain);
    fiber_sleep(t->s->w, 60 * SECOND_US);
}

/* Everything that was ever said is said again. */
static void replay(struct crash_story *t)
{
    uint64_t seen = broker_seen(t->s->broker);
    for (uint64_t n = 0; n < seen; n++) {
        const char *topic, *text;
        size_t len;
        if (broker_message(t->s->broker, n, &topic, &text, &len))
            broker_inject(t->s->broker, topic, text, len, n % 5 == 0);
    }
    fiber_sleep(t->s->w, 10 * SECOND_US);
    pickup(t, &plain);
}

/* The badges that the hub knows for this locker are revoked; then a new one is made. */
static void revoke_badges(struct crash_story *t)
{
    struct web_answer a;
    desk_ask(t->s, "GET", "/api/badges", NULL, &a);
    cJSON *tree = a.body == NULL ? NULL : cJSON_Parse(a.body);
    web_answer_free(&a);
    const cJSON *row;
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(tree, "badges"))
    {
        const cJSON *id = cJSON_GetObjectItemCaseSensitive(row, "badge");
        char target[80];
        if (!cJSON_IsString(id))
            continue;
        (void)snprintf(target, sizeof target, "/api/badges/%s/revoke", id->valuestring);
        desk_ask(t->s, "POST", target, "{}", &a);
        web_answer_free(&a);
    }
    cJSON_Delete(tree);
    fiber_sleep(t->s->w, 10 * SECOND_US);
}

static void new_badge(struct crash_story *t)
{
    for (unsigned i = 0; i < TRIES && !desk_badge(t->s, 0) && !world_is_ending(t->s->w); i++)
        fiber_sleep(t->s->w, 5 * SECOND_US);
}

/* ---------------------------------------------------------------- to the end */

static bool is_told(struct crash_story *t, const struct ghost_order *o)
{
    char state[24];
    return desk_state(t->s, o, state) && strcmp(state, "ready") != 0 && strcmp(state, "collected") != 0;
}

/* A bag at the pharmacy, or on its way: to the locker with it. */
static void bring_again(struct crash_story *t, struct ghost_order *o, unsigned try)
{
    struct site *s = t->s;
    char state[24] = "";
    if (!desk_state(s, o, state))
        return;
    if (strcmp(state, "packed") == 0 || strcmp(state, "in_transit") == 0) {
        if (people_load(s, 0, o) == PEOPLE_DONE || try < 2)
            return;
        (void)people_inspect(s, 0, false);
        if (try >= 4)
            (void)desk_withdraw(s, o);
    } else if (!desk_pack(s, o, 0)) {
        (void)people_inspect(s, 0, try > 3);
        fiber_sleep(s->w, 20 * SECOND_US);
    }
}

static bool is_served(struct crash_story *t, struct ghost_order *o, unsigned try)
{
    struct site *s = t->s;
    switch ((int)o->place) {
    case GHOST_PATIENT:
    case GHOST_STOLEN:
        return true;
    case GHOST_DOOR:
        if (people_pickup(s, 0, o, &plain) == PEOPLE_DONE)
            return true;
        fiber_sleep(s->w, 5 * SECOND_US);
        if (try < 1)
            return false;
        (void)people_inspect(s, 0, try > 4);
        fiber_sleep(s->w, 10 * SECOND_US);
        if (o->place != GHOST_PHARMACY || !is_told(t, o))
            return false;
        t->told++; /* over the counter */
        return true;
    case GHOST_NO_BAG:
        if (o->id[0] == '\0')
            return true; /* the hub never answered, and knows nothing of it */
        (void)desk_pack(s, o, 0);
        return false;
    default:
        bring_again(t, o, try);
        return false;
    }
}

static bool is_back(struct crash_story *t, struct ghost_order *o, unsigned try)
{
    if (o->place != GHOST_DOOR)
        return true;
    char state[24] = "";
    if (desk_state(t->s, o, state) && (strcmp(state, "ready") == 0 || strcmp(state, "unconfirmed") == 0))
        (void)desk_withdraw(t->s, o); /* the first time may not have been heard */
    fiber_sleep(t->s->w, 10 * SECOND_US);
    (void)people_inspect(t->s, 0, try > 3);
    return o->place != GHOST_DOOR;
}

void crash_complete(struct crash_story *t, const struct crash_script *script)
{
    struct site *s = t->s;
    if (script->after != NULL && site_wait_ready(s, READY_US))
        script->after(t);
    for (unsigned i = 0; i < t->orders; i++) {
        bool done = script->goal == CRASH_GOAL_NONE;
        for (unsigned try = 0; try < TRIES && !done && !world_is_ending(s->w); try++) {
            if (!site_wait_ready(s, READY_US)) {
                if (!world_is_ending(s->w))
                    world_fail(s->w, "LIV-01 hub and locker come back");
                return;
            }
            done = script->goal == CRASH_GOAL_SERVED ? is_served(t, t->order[i], try) : is_back(t, t->order[i], try);
        }
        if (!done && !world_is_ending(s->w))
            world_fail(s->w, "LIV-03 the story of order %.8s comes to its end", t->order[i]->id);
    }
}

const struct crash_script *crash_script(unsigned n)
{
    static const struct crash_script scripts[] = {
        {"first-start", NULL, start_up, CRASH_GOAL_NONE, true, true, NULL},
        {"restart", loaded, restart, CRASH_GOAL_SERVED, false, false, NULL},
        {"order-and-pack", NULL, order_and_pack, CRASH_GOAL_SERVED, false, false, NULL},
        {"load", packed, load, CRASH_GOAL_SERVED, false, true, NULL},
        {"load-two", two_packed, load_two, CRASH_GOAL_SERVED, false, false, NULL},
        {"pickup-by-code", loaded, pickup_by_code, CRASH_GOAL_SERVED, false, true, NULL},
        {"pickup-by-token", loaded, pickup_by_token, CRASH_GOAL_SERVED, false, false, NULL},
        {"pickup-step-up", loaded_controlled, pickup_by_code, CRASH_GOAL_SERVED, false, false, NULL},
        {"pickup-wrong-code-first", loaded, pickup_after_wrong_code, CRASH_GOAL_SERVED, false, false, NULL},
        {"pickup-impatient", loaded, pickup_impatient, CRASH_GOAL_SERVED, false, false, NULL},
        {"pickup-two-jams", loaded, pickup_with_jams, CRASH_GOAL_SERVED, false, false, NULL},
        {"pickup-jammed", loaded, pickup_jammed_for_good, CRASH_GOAL_SERVED, false, false, NULL},
        {"used-code-again", collected, used_code_again, CRASH_GOAL_SERVED, false, false, NULL},
        {"guesses", loaded, guess_often, CRASH_GOAL_SERVED, false, false, NULL},
        {"left-open", loaded, leave_open, CRASH_GOAL_SERVED, false, false, NULL},
        {"report", loaded, report, CRASH_GOAL_SERVED, false, false, NULL},
        {"forced-door", loaded, break_open, CRASH_GOAL_SERVED, false, false, NULL},
        {"withdraw", loaded, withdraw, CRASH_GOAL_BACK, false, false, NULL},
        {"return-tour", withdrawn, inspect, CRASH_GOAL_BACK, false, false, NULL},
        {"expiry", loaded, expire, CRASH_GOAL_BACK, false, false, NULL},
        {"inspection", loaded, inspect_all, CRASH_GOAL_BACK, false, false, NULL},
        {"pack-again", returned, pack_again, CRASH_GOAL_SERVED, false, false, NULL},
        {"disk-full", loaded, fill_disk, CRASH_GOAL_SERVED, false, false, NULL},
        {"clock-moves", loaded, move_clock, CRASH_GOAL_SERVED, false, false, NULL},
        {"without-broker", loaded, without_broker, CRASH_GOAL_SERVED, false, false, NULL},
        {"broker-forgets", loaded, broker_forgets, CRASH_GOAL_SERVED, false, false, NULL},
        {"replay", loaded, replay, CRASH_GOAL_SERVED, false, false, NULL},
        {"badges-revoked", loaded, revoke_badges, CRASH_GOAL_NONE, false, false, new_badge},
        {"compaction", collected, compact, CRASH_GOAL_SERVED, false, false, NULL},
    };
    return n < sizeof scripts / sizeof scripts[0] ? &scripts[n] : NULL;
}
