/* SPDX-License-Identifier: Apache-2.0 */
/* people: eyes at the screen, fingers at the keys, hands at the doors. */
#include <stdio.h>
#include <string.h>

#include "tests/sim/faults.h"
#include "tests/sim/oracle.h"
#include "tests/sim/people/people.h"
#include "tests/sim/web.h"

#define KEY_US (5 * SECOND_US)
#define LOOK_US (SECOND_US / 10)
#define BETWEEN_KEYS_US (SECOND_US / 10)
#define BODY_CAP 600
#define HOST "Host: 127.0.0.1:8080"
#define SHUT_TRIES 12

const char *people_outcome_name(enum people_outcome o)
{
    static const char *const names[PEOPLE_OUTCOME_N] = {
        [PEOPLE_DONE] = "done",       [PEOPLE_REFUSED] = "refused", [PEOPLE_NO_SERVICE] = "no service",
        [PEOPLE_BLOCKED] = "blocked", [PEOPLE_JAMMED] = "jammed",   [PEOPLE_LEFT] = "left",
    };
    return names[o];
}

/* ---------------------------------------------------------------- screen and keys */

void kiosk_enter(struct site *s, unsigned locker)
{
    while (s->locker[locker].kiosk_taken && !world_is_ending(s->w))
        fiber_sleep(s->w, SECOND_US);
    s->locker[locker].kiosk_taken = true;
}

void kiosk_leave(struct site *s, unsigned locker)
{
    s->locker[locker].kiosk_taken = false;
}

bool kiosk_screen(const struct site *s, unsigned locker, struct screen *out)
{
    const struct screen *now = observe_screen(s->observe, locker);
    if (now == NULL || !process_is_up(s->locker[locker].process) || process_is_dead(s->locker[locker].process))
        return false;
    *out = *now;
    return true;
}

static bool post(struct site *s, unsigned locker, const char *where, const char *member, const char *text)
{
    static const char *const headers[] = {HOST, "Content-Type: application/json", NULL};
    char body[BODY_CAP];
    struct web_answer a;
    (void)snprintf(body, sizeof body, "{\"%s\":\"%s\"}", member, text);
    web_ask(s->locker[locker].process, "POST", where, headers, body, KEY_US, &a);
    bool done = a.status == 204;
    if (!done)
        world_tell(s->w, "kiosk", "locker %u %s: %u %s", locker, where, a.status, a.body == NULL ? "" : a.body);
    web_answer_free(&a);
    return done;
}

bool kiosk_key(struct site *s, unsigned locker, const char *key)
{
    fiber_sleep(s->w, BETWEEN_KEYS_US);
    return post(s, locker, "/key", "key", key);
}

bool kiosk_type(struct site *s, unsigned locker, const char *digits)
{
    for (; *digits != '\0'; digits++) {
        const char key[2] = {*digits, '\0'};
        if (!kiosk_key(s, locker, key))
            return false;
    }
    return true;
}

bool kiosk_scan(struct site *s, unsigned locker, const char *text)
{
    fiber_sleep(s->w, 5 * BETWEEN_KEYS_US);
    ghost_note_shown(s->ghost, text, world_now_us(s->w));
    return post(s, locker, "/scan", "text", text);
}

enum screen_id kiosk_wait(struct site *s, unsigned locker, uint64_t set, int64_t timeout_us, struct screen *out)
{
    int64_t until_us = world_now_us(s->w) + timeout_us;
    for (;;) {
        if (kiosk_screen(s, locker, out) && (set & UINT64_C(1) << out->id) != 0)
            return out->id;
        if (world_now_us(s->w) >= until_us || world_is_ending(s->w))
            return SCREEN_ID_N;
        fiber_sleep(s->w, LOOK_US);
    }
}

/* ---------------------------------------------------------------- doors */

int door_by_name(const struct site *s, unsigned locker, const char *name)
{
    uint16_t door;
    return name[0] != '\0' && cabinet_find_door(plant_cabinet(s->locker[locker].plant), name, &door) ? door : -1;
}

bool door_is_open(const struct site *s, unsigned locker, uint16_t door)
{
    return plant_cabinet(s->locker[locker].plant)->door[door].lock.open;
}

bool door_shut(struct site *s, unsigned locker, uint16_t door)
{
    struct plant *p = s->locker[locker].plant;
    for (unsigned i = 0; i < SHUT_TRIES && !world_is_ending(s->w); i++) {
        struct cabinet *c = plant_cabinet(p);
        if (c->door[door].lock.open) {
            cabinet_close_door(c, door, world_now_us(s->w));
            plant_changed(p);
        }
        fiber_sleep(s->w, SECOND_US / 2);
        if (!door_is_open(s, locker, door)) {
            fiber_sleep(s->w, SECOND_US / 2); /* it may spring open again while its lock has current */
            if (!door_is_open(s, locker, door))
                return true;
        }
    }
    return false;
}

bool door_put(struct site *s, unsigned locker, uint16_t door, struct ghost_order *o)
{
    char bag[GHOST_BAG_CAP];
    struct plant *p = s->locker[locker].plant;
    ghost_bag_name(o, bag);
    if (o->place != GHOST_PHARMACY || cabinet_put(plant_cabinet(p), door, bag) != ERR_OK)
        return false;
    o->place = GHOST_DOOR;
    o->door = door;
    o->loaded_us = world_now_us(s->w);
    plant_changed(p);
    world_tell(s->w, "hands", "put the bag of %.8s into door %u of locker %u", o->id, door, locker);
    return true;
}

static void judge_hands(struct site *s, const struct ghost_order *bag, const struct ghost_order *owner, unsigned locker,
                        uint16_t door)
{
    if (owner == NULL || bag == owner || (ghost_is_kin(bag, owner) && bag->place == GHOST_DOOR))
        return;
    if (bag->excused || owner->excused || s->ghost->locker[locker].door[door].excused || s->miswired)
        oracle_excuse(s, "excuse-content-not-as-told");
    else
        world_fail(s->w, "INV-02 the right bag to the right patient: %.8s got the bag of %.8s", owner->id, bag->id);
}

unsigned door_take(struct site *s, unsigned locker, uint16_t door, enum ghost_place place, struct ghost_order *owner)
{
    struct plant *p = s->locker[locker].plant;
    struct cabinet *c = plant_cabinet(p);
    unsigned n = 0;
    for (unsigned i = 0; i < c->door[door].bags; i++) {
        uint8_t key[16];
        uint32_t load;
        struct ghost_order *o = ghost_bag_read(c->door[door].bag[i], key, &load) ? ghost_find(s->ghost, key) : NULL;
        if (o == NULL)
            continue;
        judge_hands(s, o, owner, locker, door);
        o->place = place;
        n++;
        world_tell(s->w, "hands", "took the bag of %.8s out of door %u of locker %u", o->id, door, locker);
    }
    if (c->door[door].bags > 0 && cabinet_take(c, door, "") == ERR_OK)
        plant_changed(p);
    s->ghost->locker[locker].door[door].excused = false; /* it is empty now, and whoever looks sees that */
    return n;
}
