/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A locker among people and faults, by chance from a seed: patients, staff, thieves, withdrawals, jams, lost boards,
 * power cuts before and after the commit, clock jumps. The true place of every bag is kept as ghost state; every
 * invariant is checked after every event. MEDLOCKER_SEED=n runs that seed alone, MEDLOCKER_SEEDS=n another number.
 */
#include "tests/unit/locker_bed.h"

#define ORDERS 24u
#define SEEDS_DEFAULT 40u
#define STEPS 1200u

enum place { IN_HAND, BEHIND_DOOR, AWAY };

struct world_of_people {
    struct bed *b;
    uint64_t rng;
    enum place place[ORDERS]; /* of the bag of each order */
    uint32_t load[ORDERS];    /* on its label */
    bool unlocked[BED_DOORS]; /* the lock has moved, the door may be pulled open */
    unsigned scanned;         /* order whose voucher was scanned last */
    unsigned collected, loaded, cuts, thefts;
    unsigned followed; /* bags that were opened after another one of the same person */
};

static uint32_t draw(struct world_of_people *w, uint32_t below)
{
    w->rng = w->rng * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((w->rng >> 33) % below);
}

static bool chance(struct world_of_people *w, uint32_t percent)
{
    return draw(w, 100) < percent;
}

static unsigned order_behind(const struct bed *b, uint16_t door)
{
    const struct invariant_content *c = &b->g->content[door];
    return (unsigned)(c->order[14] << 8 | c->order[15]);
}

static void take_out(struct world_of_people *w, uint16_t door, enum place where)
{
    if (!w->b->g->content[door].full)
        return;
    unsigned n = order_behind(w->b, door);
    w->place[n] = where;
    bed_take_bag(w->b, door);
}

/* ---------------------------------------------------------------- power */

struct durable {
    struct locker l;
    struct ghost g;
};

static void cut_power(struct world_of_people *w)
{
    struct bed *b = w->b;
    /* A pulse that was on the wire may have opened its door in the dark. */
    if (b->pulse != b->acked_pulse && chance(w, 50)) {
        b->physical[b->pulse_door] = HW_DOOR_OPEN;
        if (b->l->compartment[b->pulse_door].state == COMPARTMENT_OPENING && chance(w, 50))
            take_out(w, b->pulse_door, AWAY);
    }
    for (unsigned i = 0; i < BED_DOORS; i++) {
        if (b->physical[i] == HW_DOOR_UNKNOWN)
            b->physical[i] = HW_DOOR_CLOSED;
        if (b->physical[i] == HW_DOOR_OPEN && chance(w, 60))
            b->physical[i] = HW_DOOR_CLOSED;
        w->unlocked[i] = false;
    }
    b->pulse = b->acked_pulse = b->l->pulse_serial;
    bed_reboot(b, draw(w, 4 * 3600) * INT64_C(1000));
    bed_start(b);
    w->cuts++;
}

/* The next event is decided, and the power fails before or after its commit; in either case nothing is acted on. */
static void cut_power_around(struct world_of_people *w, void (*act)(struct world_of_people *))
{
    struct bed *b = w->b;
    struct durable *before = malloc(sizeof *before);
    assert_non_null(before);
    before->l = *b->l;
    before->g = *b->g;
    uint64_t acked = b->acked_pulse;
    uint64_t pulse = b->pulse;
    unsigned long events = b->events;
    enum place place[ORDERS];
    memcpy(place, w->place, sizeof place);
    act(w);
    if (b->events == events + 1 && b->pulse != pulse)
        b->acked_pulse = b->pulse; /* never sent */
    if (chance(w, 50) && b->events == events + 1) {
        struct invariant_content content[HW_DOORS_MAX];
        memcpy(content, before->g.content, sizeof content);
        *b->l = before->l;
        *b->g = before->g;
        memcpy(w->place, place, sizeof place);
        b->acked_pulse = acked;
        b->pulse = pulse;
    }
    free(before);
    cut_power(w);
}

/* ---------------------------------------------------------------- hardware */

static void answer_pulse(struct world_of_people *w)
{
    struct bed *b = w->b;
    if (b->pulse == b->acked_pulse)
        return;
    uint32_t luck = draw(w, 100);
    w->unlocked[b->pulse_door] = luck < 85;
    bed_complete(b, luck < 80 ? HW_DONE : luck < 92 ? HW_FAILED : HW_REFUSED);
}

static void pull_doors(struct world_of_people *w)
{
    struct bed *b = w->b;
    for (uint16_t i = 0; i < BED_DOORS; i++) {
        if (w->unlocked[i] && b->physical[i] == HW_DOOR_CLOSED && chance(w, 80)) {
            w->unlocked[i] = false;
            bed_sense(b, i, HW_DOOR_OPEN);
        }
    }
}

static void close_door(struct world_of_people *w, uint16_t door)
{
    struct bed *b = w->b;
    if (b->physical[door] != HW_DOOR_OPEN)
        return;
    /* A patient's door closed upon his bag looks like a collection: outside of what doors alone can tell. */
    if (b->l->compartment[door].state == COMPARTMENT_OPENING && b->g->content[door].full)
        b->g->excused[door] = true;
    bed_sense(b, door, HW_DOOR_CLOSED);
}

static void close_some_door(struct world_of_people *w)
{
    close_door(w, (uint16_t)draw(w, BED_DOORS));
}

static void break_in(struct world_of_people *w)
{
    uint16_t door = (uint16_t)draw(w, BED_DOORS);
    if (w->b->physical[door] == HW_DOOR_OPEN)
        return;
    w->thefts++;
    bed_sense(w->b, door, HW_DOOR_OPEN);
    if (chance(w, 50))
        take_out(w, door, AWAY);
}

static void disturb_hardware(struct world_of_people *w)
{
    struct bed *b = w->b;
    uint16_t door = (uint16_t)draw(w, BED_DOORS);
    enum hw_door_state was = b->physical[door];
    switch (draw(w, 6)) {
    case 0:
        bed_sense(b, door, HW_DOOR_UNKNOWN);
        bed_wait(b, draw(w, 3000));
        bed_sense(b, door, was == HW_DOOR_OPEN ? HW_DOOR_OPEN : HW_DOOR_CLOSED);
        break;
    case 1:
        bed_board(b, (uint8_t)draw(w, 4), HW_BOARD_LOST, 0);
        break;
    case 2:
        bed_board(b, (uint8_t)draw(w, 4), chance(w, 50) ? HW_BOARD_FOREIGN : HW_BOARD_STOPPED,
                  (uint16_t)draw(w, BED_DOORS));
        break;
    case 3:
        bed_input(b, HW_INPUT_BATTERY, true, chance(w, 10));
        break;
    case 4:
        bed_climate(b, HW_CLIMATE_OK, (int32_t)draw(w, 12000));
        break;
    default: /* the same again */
        bed_sense(b, door, was);
        break;
    }
}

static void heal_hardware(struct world_of_people *w)
{
    for (uint8_t i = 0; i < 4; i++)
        bed_board(w->b, i, HW_BOARD_OK, 0);
    bed_input(w->b, HW_INPUT_BATTERY, true, false);
}

/* ---------------------------------------------------------------- people */

/* A key at the keypad or from the card. */
static void press(struct world_of_people *w, enum event_key key)
{
    if (chance(w, 90))
        bed_key(w->b, key);
    else
        bed_scan(w->b, bed_key_card(key));
}

/* One more bag is offered; or something is laid over what was there. */
static bool patient_answers(struct world_of_people *w)
{
    const struct pickup *p = &w->b->l->pickup;
    if (p->over == PICKUP_OVER_LANGUAGES) {
        press(w, (enum event_key)draw(w, EVENT_KEY_N));
    } else if (p->over == PICKUP_OVER_REPORT) {
        press(w, chance(w, 60) ? (enum event_key)(EVENT_KEY_1 + draw(w, 3)) : EVENT_KEY_OK);
    } else if (p->state == PICKUP_NEXT || p->state == PICKUP_DONE) {
        uint32_t luck = draw(w, 100);
        press(w, luck < 60   ? EVENT_KEY_OK
                 : luck < 75 ? EVENT_KEY_HELP
                 : luck < 90 ? EVENT_KEY_REPEAT
                             : EVENT_KEY_CLEAR);
    } else {
        return false;
    }
    return true;
}

static void patient_acts(struct world_of_people *w)
{
    if (patient_answers(w))
        return;
    struct bed *b = w->b;
    unsigned n = draw(w, ORDERS);
    switch (draw(w, 8)) {
    case 0:
        bed_wrong_code(b);
        break;
    case 1:
        bed_scan(b, bed_qr(b, n, w->load[n] == 0 ? 1 : w->load[n]));
        break;
    case 2:
        press(w, (enum event_key)draw(w, EVENT_KEY_N));
        break;
    case 3:
        bed_simple(b, EVENT_BAD_SCAN);
        break;
    default:
        for (unsigned i = 0; i < ORDERS && w->place[n] != BEHIND_DOOR && chance(w, 95); i++)
            n = (n + 1) % ORDERS; /* mostly somebody whose bag is here */
        if (b->l->pickup.state == PICKUP_IDLE || b->l->pickup.state == PICKUP_REFUSED)
            bed_enter_code(b, n);
        else
            bed_key(b, chance(w, 60) ? EVENT_KEY_OK : EVENT_KEY_CLEAR);
        break;
    }
}

static void patient_at_door(struct world_of_people *w)
{
    struct bed *b = w->b;
    uint16_t door = b->l->pickup.opening.door;
    if (b->l->pickup.opening.phase != OPENING_OPEN) {
        bed_key(b, chance(w, 80) ? EVENT_KEY_OK : EVENT_KEY_HELP);
        return;
    }
    if (chance(w, 15))
        press(w, chance(w, 50) ? EVENT_KEY_HELP : EVENT_KEY_LANGUAGE);
    if (patient_answers(w))
        return;
    if (chance(w, 95))
        take_out(w, door, AWAY); /* else he forgets it */
    if (chance(w, 90)) {
        bed_wait(b, draw(w, 20000));
        close_door(w, door);
    } else {
        bed_wait(b, draw(w, 400) * INT64_C(1000));
    }
}

static void staff_loads(struct world_of_people *w)
{
    struct bed *b = w->b;
    const struct staff *s = &b->l->staff;
    uint16_t door = s->opening.door;
    if (s->opening.phase != OPENING_OPEN) {
        bed_key(b, chance(w, 85) ? EVENT_KEY_OK : EVENT_KEY_HELP);
    } else if (b->g->content[door].full || w->place[w->scanned] != IN_HAND) {
        bed_key(b, EVENT_KEY_HELP); /* it is not empty, or the bag of this label is not here */
    } else {
        w->place[w->scanned] = BEHIND_DOOR;
        bed_put_bag(b, door, w->scanned, w->load[w->scanned]);
        b->g->excused[door] = false;
        close_door(w, door);
    }
}

static void staff_labels(struct world_of_people *w)
{
    struct bed *b = w->b;
    uint16_t door = b->l->staff.opening.door;
    switch (draw(w, 10)) {
    case 0:
        bed_scan(b, bed_label(b, (uint16_t)((door + 1) % BED_DOORS)));
        break;
    case 1:
        bed_key(b, EVENT_KEY_HELP);
        break;
    case 2:
        bed_wait(b, STAFF_IDLE_MS);
        break;
    default:
        if (!b->g->content[door].full)
            bed_key(b, EVENT_KEY_HELP); /* stolen before their eyes */
        else
            bed_scan(b, bed_label(b, door));
        break;
    }
}

static void staff_looks(struct world_of_people *w)
{
    struct bed *b = w->b;
    uint16_t door = b->l->staff.opening.door;
    if (b->l->staff.opening.phase != OPENING_OPEN) {
        bed_key(b, chance(w, 85) ? EVENT_KEY_OK : EVENT_KEY_HELP);
        return;
    }
    if (chance(w, 70))
        take_out(w, door, IN_HAND);
    b->g->excused[door] = false;
    close_door(w, door);
}

static void staff_answers(struct world_of_people *w)
{
    struct bed *b = w->b;
    uint16_t door = b->l->staff.opening.door;
    if (!b->g->content[door].full) {
        bed_key(b, chance(w, 90) ? EVENT_KEY_1 : EVENT_KEY_HELP);
    } else {
        unsigned n = order_behind(b, door);
        if (chance(w, 15)) /* somebody else's label, or an older one */
            bed_scan(b, bed_voucher(b, chance(w, 50) ? n + 1 : n, b->g->content[door].load + 1));
        else
            bed_scan(b, bed_voucher(b, n, b->g->content[door].load));
    }
}

/* Bags of a few persons, who have several each; some bags are on their own. */
static struct token voucher_of(const struct bed *b, unsigned n, uint32_t load)
{
    struct token t = bed_voucher(b, n, load);
    memset(t.u.voucher.person, (int)(n % 5), sizeof t.u.voucher.person);
    t.u.voucher.language = (enum language)(n % LANGUAGE_N);
    return t;
}

/* Mostly one that waits for people. */
static uint16_t choose_door_to_look(struct world_of_people *w)
{
    uint16_t door = (uint16_t)draw(w, BED_DOORS);
    for (unsigned i = 0; i < BED_DOORS && chance(w, 90); i++) {
        if (compartment_needs_people(&w->b->l->compartment[door]))
            break;
        door = (uint16_t)((door + 1) % BED_DOORS);
    }
    return door;
}

static void staff_in_menu(struct world_of_people *w)
{
    struct bed *b = w->b;
    unsigned n = draw(w, ORDERS);
    if (chance(w, 55)) {
        if (w->place[n] == IN_HAND && chance(w, 70)) {
            const struct order *o = bed_order(b, n);
            if (o != NULL && !order_is_live(o) && o->newest >= w->load[n] && o->door == CABINET_NO_DOOR)
                w->load[n] = o->newest + 1; /* packed again */
        }
        w->scanned = n;
        struct token t = voucher_of(b, n, w->load[n]);
        t.u.voucher.has_v1 = n % 4 != 0;
        t.u.voucher.cls = (enum token_class)(n % TOKEN_CLASS_N);
        bed_scan(b, t);
    } else if (chance(w, 80)) {
        bed_scan(b, bed_label(b, choose_door_to_look(w)));
    } else {
        bed_key(b, EVENT_KEY_CLEAR);
        bed_key(b, EVENT_KEY_CLEAR);
    }
}

static void staff_begins(struct world_of_people *w)
{
    struct bed *b = w->b;
    bed_scan(b, bed_badge(b, (uint8_t)(7 + draw(w, 2)), "246813"));
    if (b->l->staff.state != STAFF_PIN)
        return;
    bed_type(b, chance(w, 90) ? "246813" : "000000");
    bed_key(b, EVENT_KEY_OK);
    if (b->try_id != 0)
        bed_verdict(b);
}

static void hub_acts(struct world_of_people *w)
{
    struct bed *b = w->b;
    unsigned n = draw(w, ORDERS);
    if (chance(w, 50)) {
        bed_contact(b, b->now.wall_ms - draw(w, 10000));
        return;
    }
    uint32_t load = w->load[n] + draw(w, 2);
    if (load > 0 && chance(w, 30))
        bed_withdraw(b, n, load, chance(w, 50));
}

static void clock_jumps(struct world_of_people *w)
{
    int64_t by_ms = (int64_t)draw(w, 40) * BED_DAY_S * 1000;
    w->b->now.wall_ms += chance(w, 50) ? by_ms : -by_ms;
    bed_simple(w->b, EVENT_TICK);
    if (chance(w, 70)) { /* and is set right again */
        w->b->now.wall_ms = BED_NOW_MS + w->b->now.boot_ms;
        bed_simple(w->b, EVENT_TICK);
    }
}

static void person_acts(struct world_of_people *w)
{
    const struct locker *l = w->b->l;
    switch (l->staff.state) {
    case STAFF_MENU:
        staff_in_menu(w);
        return;
    case STAFF_LOAD:
        staff_loads(w);
        return;
    case STAFF_LABEL:
        staff_labels(w);
        return;
    case STAFF_INSPECT:
        staff_looks(w);
        return;
    case STAFF_INSPECT_ASK:
        staff_answers(w);
        return;
    case STAFF_IDLE:
    case STAFF_PIN:
    case STAFF_CHECKING:
    case STAFF_REFUSED:
    case STAFF_STATE_N:
        break;
    }
    if (l->pickup.state == PICKUP_DOOR)
        patient_at_door(w);
    else if (chance(w, 35))
        staff_begins(w);
    else
        patient_acts(w);
}

static void anything(struct world_of_people *w)
{
    uint32_t what = draw(w, 1000);
    answer_pulse(w);
    pull_doors(w);
    if (what < 640)
        person_acts(w);
    else if (what < 800)
        bed_wait(w->b, draw(w, 5000));
    else if (what < 860)
        hub_acts(w);
    else if (what < 920)
        close_some_door(w);
    else if (what < 960)
        heal_hardware(w);
    else if (what < 970)
        disturb_hardware(w);
    else if (what < 976)
        break_in(w);
    else if (what < 986)
        clock_jumps(w);
    else
        bed_wait(w->b, draw(w, 900) * INT64_C(1000));
}

static void step(struct world_of_people *w)
{
    if (chance(w, 2))
        cut_power_around(w, person_acts);
    else
        anything(w);
    const struct pickup *p = &w->b->l->pickup;
    w->followed += p->state == PICKUP_DONE && p->visit.handed > 1 ? 1u : 0u;
    for (uint16_t i = 0; i < BED_DOORS; i++) {
        if (compartment_needs_people(&w->b->l->compartment[i]))
            w->b->g->excused[i] = false; /* people will look again */
    }
}

/* With all faults healed, staff can bring every compartment back to FREE (LIV-05). */
static void tidy_up(struct world_of_people *w)
{
    struct bed *b = w->b;
    heal_hardware(w);
    if (b->pulse != b->acked_pulse)
        bed_complete(b, HW_DONE);
    for (uint16_t i = 0; i < BED_DOORS; i++)
        close_door(w, i);
    bed_wait(b, INT64_C(600) * 1000);
    for (unsigned n = 0; n < ORDERS; n++) {
        for (uint32_t load = 1; load <= w->load[n]; load++)
            bed_withdraw(b, n, load, false);
    }
    bed_login(b);
    for (uint16_t i = 0; i < BED_DOORS; i++) {
        bed_wait(b, 2000);
        bed_scan(b, bed_label(b, i));
        assert_int_equal(b->l->staff.state, STAFF_INSPECT);
        bed_opens(b);
        take_out(w, i, IN_HAND);
        b->g->excused[i] = false;
        bed_sense(b, i, HW_DOOR_CLOSED);
        bed_key(b, EVENT_KEY_1);
        assert_int_equal(b->l->compartment[i].state, COMPARTMENT_FREE);
        assert_false(b->l->compartment[i].bound);
    }
    for (unsigned i = 0; i < ORDER_SLOTS; i++)
        assert_false(order_is_live(&b->l->orders.slot[i]));
}

static unsigned long run_seed(uint64_t seed, unsigned totals[6])
{
    struct world_of_people w = {.b = bed_ready(), .rng = seed * UINT64_C(2654435761) + 1};
    for (unsigned n = 0; n < ORDERS; n++) {
        w.place[n] = IN_HAND;
        w.load[n] = 1;
    }
    w.b->pulse = w.b->acked_pulse = 0;
    for (unsigned i = 0; i < STEPS; i++)
        step(&w);
    tidy_up(&w);
    unsigned long events = w.b->events;
    totals[0] += w.b->seen[RECORD_LOADED];
    totals[1] += w.b->seen[RECORD_COLLECTED];
    totals[2] += w.cuts;
    totals[3] += w.b->seen[RECORD_FORCED];
    totals[4] += w.b->seen[RECORD_REPORTED];
    totals[5] += w.followed;
    bed_free(w.b);
    return events;
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void invariants_hold_over_random_lives(void **state)
{
    (void)state;
    uint64_t one = from_environment("MEDLOCKER_SEED", 0);
    uint64_t first = one != 0 ? one : 1;
    uint64_t last = one != 0 ? one : from_environment("MEDLOCKER_SEEDS", SEEDS_DEFAULT);
    unsigned totals[6] = {0};
    unsigned long events = 0;
    for (uint64_t seed = first; seed <= last; seed++) {
        fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
        events += run_seed(seed, totals);
    }
    fprintf(stderr, "%lu events: %u loaded, %u collected, %u power cuts, %u forced, %u reported, %u bags followed\n",
            events, totals[0], totals[1], totals[2], totals[3], totals[4], totals[5]);
    assert_true(one != 0 || events >= 20000);
    assert_true(one != 0 || (totals[0] > 0 && totals[1] > 0 && totals[2] > 0 && totals[3] > 0));
    assert_true(one != 0 || (totals[4] > 0 && totals[5] > 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(invariants_hold_over_random_lives)};
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
