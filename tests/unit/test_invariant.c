/* SPDX-License-Identifier: Apache-2.0 */
/* Each invariant is broken on purpose once: a check that finds nothing proves nothing. */
#include "tests/unit/locker_bed.h"

struct scene {
    struct bed *b;
    struct event ev; /* the last one */
};

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->b = bed_ready();
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    bed_free(s->b);
    free(s);
    return 0;
}

static struct world world_of(struct scene *s)
{
    return (struct world){.locker = s->b->l, .event = &s->ev, .effects = s->b->fx, .ghost = s->b->g};
}

static bool holds(struct scene *s, unsigned number)
{
    const struct world w = world_of(s);
    for (unsigned i = 0; i < invariants_count; i++) {
        if (invariants[i].number == number)
            return invariants[i].holds(&w) == 1;
    }
    fail_msg("no INV-%02u", number);
    return false;
}

static void assert_broken(struct scene *s, unsigned number)
{
    const struct world w = world_of(s);
    assert_false(holds(s, number));
    assert_non_null(invariant_check(&w));
}

static void assert_all_hold(struct scene *s)
{
    const struct world w = world_of(s);
    const struct invariant *broken = invariant_check(&w);
    if (broken != NULL)
        fail_msg("INV-%02u", broken->number);
}

/* Up to the decision that pulses for the patient of order 1; the ghost is as before it. */
static void pulse_for_patient(struct scene *s)
{
    struct bed *b = s->b;
    (void)bed_load(b, 1, 1);
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    s->ev = (struct event){.kind = EVENT_VERDICT, .now = b->now};
    s->ev.u.verdict.try_id = b->try_id;
    bed_stretch_secret(b->secret, s->ev.u.verdict.a);
    effects_clear(b->fx);
    locker_decide(b->l, &s->ev, b->fx);
    assert_all_hold(s);
}

static void pulse_for_staff(struct scene *s)
{
    struct bed *b = s->b;
    bed_login(b);
    s->ev = (struct event){.kind = EVENT_SCAN, .now = b->now, .u.scan = bed_voucher(b, 1, 1)};
    effects_clear(b->fx);
    locker_decide(b->l, &s->ev, b->fx);
    assert_all_hold(s);
}

static struct record *record_of(struct scene *s, enum record_kind kind)
{
    for (unsigned i = 0; i < s->b->fx->records; i++) {
        if (s->b->fx->record[i].kind == kind)
            return &s->b->fx->record[i];
    }
    fail();
    return NULL;
}

static struct order *the_order(struct scene *s)
{
    return bed_order(s->b, 1);
}

static void inv_01_sees_a_pulse_without_intent(void **state)
{
    struct scene *s = *state;
    pulse_for_patient(s);
    struct record *rec = record_of(s, RECORD_PULSED);
    rec->pulse++;
    assert_broken(s, 1);
    rec->pulse--;
    rec->kind = RECORD_CLOSED;
    assert_broken(s, 1);
    rec->kind = RECORD_PULSED;
    rec->actor.kind = RECORD_ACTOR_NONE;
    assert_broken(s, 1);
    rec->actor.kind = RECORD_ACTOR_CODE;
    s->b->fx->meta = false;
    assert_broken(s, 1);
    s->b->fx->meta = true;
    s->b->l->compartment[rec->door].state = COMPARTMENT_LOADED;
    assert_broken(s, 1);
}

static void inv_02_sees_another_order(void **state)
{
    struct scene *s = *state;
    pulse_for_patient(s);
    struct compartment *c = &s->b->l->compartment[s->b->l->pulse_door];
    c->load++;
    assert_broken(s, 2);
    c->load--;
    c->bound = false;
    assert_broken(s, 2);
    c->bound = true;
    the_order(s)->state = ORDER_READY;
    assert_broken(s, 2);
    the_order(s)->state = ORDER_OPENING;
    record_of(s, RECORD_PULSED)->order.present = false;
    assert_broken(s, 2);
    assert_broken(s, 4);
    assert_broken(s, 7);
}

/* Up to the decision that opens the second bag of a visit by a key; the ghost is as before it. */
static void pulse_for_next_bag(struct scene *s, struct event ev)
{
    struct bed *b = s->b;
    bed_login(b);
    for (unsigned n = 1; n <= 2; n++)
        (void)bed_load_token(b, bed_voucher_of(b, n, 7), n);
    bed_logout(b);
    bed_wait(b, 2000);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_take_and_close(b, b->pulse_door);
    s->ev = ev;
    s->ev.now = b->now;
    effects_clear(b->fx);
    locker_decide(b->l, &s->ev, b->fx);
    assert_all_hold(s);
}

static void inv_02_sees_a_next_bag_of_somebody_else(void **state)
{
    struct scene *s = *state;
    pulse_for_next_bag(s, (struct event){.kind = EVENT_KEY, .u.key = EVENT_KEY_OK});
    struct ghost *g = s->b->g;
    g->person[0] ^= 1;
    assert_broken(s, 2);
    memset(g->person, 0, sizeof g->person);
    assert_broken(s, 2);
    memset(g->person, 7, sizeof g->person);
    assert_true(holds(s, 2));
    bed_order(s->b, 2)->pulses = 2; /* not its first: it would have needed its own code */
    assert_broken(s, 2);
    bed_order(s->b, 2)->pulses = 1;
    g->visited.present = false;
    assert_broken(s, 2);
}

static void inv_02_sees_through_a_card_of_the_key(void **state)
{
    struct scene *s = *state;
    pulse_for_next_bag(s, (struct event){.kind = EVENT_SCAN, .u.scan = bed_key_card(EVENT_KEY_OK)});
    s->b->g->visited.present = false;
    assert_broken(s, 2);
}

static void inv_03_sees_a_second_door(void **state)
{
    struct scene *s = *state;
    pulse_for_patient(s);
    struct invariant_history *h = &s->b->g->history[s->b->g->histories++];
    memcpy(h->order, the_order(s)->id, CODE_ORDER_LEN);
    h->load = 1;
    h->door = 5;
    assert_broken(s, 3);
}

static void inv_04_sees_too_many_or_too_late_pulses(void **state)
{
    struct scene *s = *state;
    pulse_for_patient(s);
    the_order(s)->pulses = 4;
    assert_broken(s, 4);
    the_order(s)->pulses = 2; /* the ghost has counted none before */
    struct invariant_history *h = &s->b->g->history[s->b->g->histories++];
    memcpy(h->order, the_order(s)->id, CODE_ORDER_LEN);
    h->load = 1;
    h->door = CABINET_NO_DOOR;
    assert_broken(s, 4);
    the_order(s)->pulses = 1;
    assert_all_hold(s);
    the_order(s)->first_pulse_boot_ms -= ORDER_GRACE_MS + 1;
    assert_broken(s, 4);
    the_order(s)->first_pulse_boot = 99;
    the_order(s)->first_pulse_ms -= ORDER_GRACE_MS + 1;
    assert_broken(s, 4);
}

static void inv_05_sees_open_doors_and_two_pulses(void **state)
{
    struct scene *s = *state;
    pulse_for_patient(s);
    s->b->l->door[6].sensor = HW_DOOR_OPEN;
    assert_broken(s, 5);
    s->b->l->door[6].sensor = HW_DOOR_UNKNOWN;
    assert_broken(s, 5);
    s->b->l->door[6].sensor = HW_DOOR_CLOSED;
    s->b->g->coil_until_ms = s->b->now.boot_ms + 1;
    assert_broken(s, 5);
    s->b->g->coil_until_ms = 0;
    effects_add(s->b->fx, EFFECT_PULSE)->u.pulse.door = 2;
    assert_broken(s, 5);
}

static void inv_07_sees_what_must_not_be_collected(void **state)
{
    struct scene *s = *state;
    pulse_for_patient(s);
    the_order(s)->end = ORDER_END_WITHDRAWN;
    assert_broken(s, 7);
    the_order(s)->end = ORDER_END_NONE;
    the_order(s)->not_after_s -= 365 * BED_DAY_S;
    assert_broken(s, 7);
    the_order(s)->not_after_s += 365 * BED_DAY_S;
    the_order(s)->not_before_s += 365 * BED_DAY_S;
    assert_broken(s, 7);
    the_order(s)->not_before_s -= 365 * BED_DAY_S;
    the_order(s)->loaded_ms = 0;
    s->b->l->floor.contact_ms = 0;
    assert_broken(s, 7);
}

static void inv_08_sees_more_tries_than_the_budget(void **state)
{
    struct scene *s = *state;
    s->ev.kind = EVENT_TICK;
    s->b->g->evaluated[LIMITER_BOTH] = LIMITER_TOKENS + 1;
    s->b->g->run_ms = LIMITER_BOTH_MS - 1;
    assert_broken(s, 8);
    s->b->g->run_ms = LIMITER_BOTH_MS;
    assert_all_hold(s);
    s->b->g->evaluated[LIMITER_CODE] = LIMITER_TOKENS + 1;
    assert_broken(s, 8);
}

static void inv_08_sees_tries_that_came_too_fast_after_a_long_rest(void **state)
{
    struct scene *s = *state;
    s->ev.kind = EVENT_TICK;
    s->b->g->run_ms = 1000 * INT64_C(3600000);
    s->b->g->evaluated[LIMITER_BOTH] = LIMITER_TOKENS + 1;
    s->b->g->spent_ms[LIMITER_BOTH] = LIMITER_TOKENS * LIMITER_BOTH_MS;
    assert_all_hold(s);
    s->b->g->spent_ms[LIMITER_BOTH] += LIMITER_BOTH_MS;
    assert_broken(s, 8);
}

static void inv_08_sees_a_try_that_is_computed_before_it_is_counted(void **state)
{
    struct scene *s = *state;
    s->ev.kind = EVENT_KEY;
    effects_clear(s->b->fx);
    (void)effects_add(s->b->fx, EFFECT_STRETCH);
    assert_broken(s, 8);
    s->b->fx->limiter = true;
    assert_all_hold(s);
}

static void inv_09_sees_a_message_opening_a_door(void **state)
{
    struct scene *s = *state;
    pulse_for_patient(s);
    static const enum event_kind stored[] = {EVENT_START,        EVENT_TICK,        EVENT_HW,     EVENT_WITHDRAW,
                                             EVENT_BADGE_REVOKE, EVENT_GUESS_RESET, EVENT_CONTACT};
    for (unsigned i = 0; i < sizeof stored / sizeof stored[0]; i++) {
        s->ev.kind = stored[i];
        assert_broken(s, 9);
    }
}

/* Up to the decision that pulses for the answer of the hub; the ghost is as before it. */
static void pulse_for_answer(struct scene *s)
{
    struct bed *b = s->b;
    uint16_t door = bed_load(b, 1, 1);
    struct event ev = {.kind = EVENT_OPEN_ASK, .u.ask = {.load = 1, .door = door}};
    bed_order_id(1, ev.u.ask.order);
    bed_send(b, &ev);
    struct event ok = {.kind = EVENT_KEY, .u.key = EVENT_KEY_OK, .random = {1, 2, 3}};
    bed_wait(b, REMOTE_READ_MS);
    bed_send(b, &ok);
    s->ev = (struct event){.kind = EVENT_OPEN_ANSWER, .now = b->now};
    s->ev.u.answer.offer = ev.u.ask;
    memcpy(s->ev.u.answer.nonce, ok.random, REMOTE_NONCE_LEN);
    memset(s->ev.u.answer.staff, 0x33, REMOTE_STAFF_LEN);
    effects_clear(b->fx);
    locker_decide(b->l, &s->ev, b->fx);
    assert_non_null(record_of(s, RECORD_PULSED));
    assert_all_hold(s);
}

static void inv_09_sees_an_answer_to_no_challenge(void **state)
{
    struct scene *s = *state;
    pulse_for_answer(s);
    struct ghost *g = s->b->g;
    const struct ghost good = *g;
    struct record *rec = record_of(s, RECORD_PULSED);
    g->challenge.state = REMOTE_NONE;
    assert_broken(s, 9);
    *g = good;
    g->boot++;
    assert_false(holds(s, 9));
    *g = good;
    g->challenge.nonce[0] ^= 1;
    assert_broken(s, 9);
    *g = good;
    g->challenge.offer.load++;
    assert_broken(s, 9);
    *g = good;
    g->challenge.challenged_ms -= REMOTE_ANSWER_MS + 1;
    assert_broken(s, 9);
    *g = good;
    rec->actor.kind = RECORD_ACTOR_CODE;
    assert_broken(s, 9);
    rec->actor.kind = RECORD_ACTOR_REMOTE;
    rec->actor.staff[0] ^= 1;
    assert_broken(s, 9);
    rec->actor.staff[0] ^= 1;
    rec->door ^= 1;
    assert_false(holds(s, 9));
    rec->door ^= 1;
    rec->order.load++;
    assert_false(holds(s, 9));
    rec->order.load--;
    rec->order.id[0] ^= 1;
    assert_false(holds(s, 9));
    rec->order.id[0] ^= 1;
    s->ev.kind = EVENT_KEY; /* only a second try of the person is a key */
    s->ev.u.key = EVENT_KEY_OK;
    assert_broken(s, 9);
    rec->try = 2;
    assert_broken(s, 9); /* of what was never opened */
    g->visited = rec->order;
    assert_true(holds(s, 9));
    g->visited.load++;
    assert_broken(s, 9);
    g->visited.load--;
    s->ev.u.key = EVENT_KEY_5;
    assert_broken(s, 9);
    s->ev.kind = EVENT_SCAN; /* or the card of that key */
    s->ev.u.scan = (struct token){.kind = TOKEN_KEY, .u.key.key = EVENT_KEY_OK};
    assert_true(holds(s, 9));
    s->ev.u.scan.u.key.key = EVENT_KEY_5;
    assert_broken(s, 9);
    s->ev.u.scan.kind = TOKEN_CARER;
    assert_broken(s, 9);
    s->ev.kind = EVENT_OPEN_ANSWER;
    assert_broken(s, 9);
}

static void inv_09_sees_a_challenge_that_nobody_asked_for(void **state)
{
    struct scene *s = *state;
    s->ev = (struct event){.kind = EVENT_KEY, .now = s->b->now, .u.key = EVENT_KEY_OK};
    effects_clear(s->b->fx);
    struct effect *e = effects_add(s->b->fx, EFFECT_RPC);
    assert_true(holds(s, 9));
    e->u.rpc.is_challenge = true;
    assert_true(holds(s, 9));
    s->ev.kind = EVENT_OPEN_ASK;
    assert_broken(s, 9);
}

static void inv_10_sees_staff_without_a_session(void **state)
{
    struct scene *s = *state;
    pulse_for_staff(s);
    struct staff *staff = &s->b->l->staff;
    record_of(s, RECORD_PULSED)->actor.staff[0] ^= 1;
    assert_broken(s, 10);
    record_of(s, RECORD_PULSED)->actor.staff[0] ^= 1;
    staff->until_ms -= STAFF_IDLE_MS;
    assert_broken(s, 10);
    staff->until_ms += STAFF_IDLE_MS + 1;
    assert_broken(s, 10);
    staff->until_ms--;
    (void)badge_revoke(&s->b->l->badges, staff->badge.badge);
    assert_broken(s, 10);
    memset(&s->b->l->badges, 0, sizeof s->b->l->badges);
    staff->state = STAFF_PIN;
    assert_broken(s, 10);
}

static void inv_11_sees_a_pulse_that_is_not_committed(void **state)
{
    struct scene *s = *state;
    pulse_for_patient(s);
    s->b->fx->records = 0;
    assert_broken(s, 11);
}

static void inv_12_sees_a_dead_code_alive(void **state)
{
    struct scene *s = *state;
    (void)bed_load(s->b, 1, 1);
    the_order(s)->state = ORDER_DONE;
    assert_broken(s, 12);
    the_order(s)->state = ORDER_READY;
    struct invariant_history *h = &s->b->g->history[s->b->g->histories++];
    memcpy(h->order, the_order(s)->id, CODE_ORDER_LEN);
    h->load = 1;
    h->ended = true;
    assert_broken(s, 12);
}

static void inv_12_sees_the_verifiers_of_a_dead_right(void **state)
{
    struct scene *s = *state;
    bed_grant(s->b, 101, 1, 1);
    assert_all_hold(s);
    s->b->l->carers.slot[0].state = CARER_USED;
    assert_broken(s, 12);
    memset(s->b->l->carers.slot[0].v1, 0, CODE_MAC_LEN);
    assert_broken(s, 12);
    memset(s->b->l->carers.slot[0].v2, 0, CODE_MAC_LEN);
    assert_true(holds(s, 12));
}

static void inv_13_sees_a_second_match(void **state)
{
    struct scene *s = *state;
    pulse_for_patient(s);
    struct order *twin = &s->b->l->orders.slot[100];
    *twin = *the_order(s);
    twin->state = ORDER_READY;
    assert_broken(s, 13);
}

static void inv_13_sees_a_carer_with_the_same_code(void **state)
{
    struct scene *s = *state;
    pulse_for_patient(s);
    const struct event grant = bed_grant_event(s->b, 1, 7, 1);
    s->b->l->carers.slot[0] = grant.u.grant;
    s->b->l->carers.slot[0].used = true;
    assert_broken(s, 13);
}

static void inv_14_sees_medicine_where_none_is_believed(void **state)
{
    struct scene *s = *state;
    bed_put_bag(s->b, 3, 1, 1);
    assert_broken(s, 14);
    s->b->g->excused[3] = true;
    assert_all_hold(s);
    s->b->l->compartment[3].bound = true;
    assert_broken(s, 14);
}

static void inv_14_sees_the_wrong_bag_loaded(void **state)
{
    struct scene *s = *state;
    struct bed *b = s->b;
    bed_login(b);
    uint16_t door = bed_load_token(b, bed_voucher(b, 1, 1), 1);
    s->ev.kind = EVENT_SCAN;
    s->ev.now = b->now;
    assert_all_hold(s);
    bed_put_bag(b, door, 2, 1);
    assert_broken(s, 14);
    bed_put_bag(b, door, 1, 2);
    assert_broken(s, 14);
    b->g->content[door].full = false;
    assert_broken(s, 14);
    bed_put_bag(b, door, 2, 1);
    record_of(s, RECORD_LOADED)->kind = RECORD_CLOSED;
    assert_all_hold(s);
    record_of(s, RECORD_COMPARTMENT_CHANGED)->u.changed.cause = COMPARTMENT_KEEP;
    assert_broken(s, 14);
}

static void inv_15_sees_check_leave_without_a_look(void **state)
{
    struct scene *s = *state;
    effects_clear(s->b->fx);
    s->b->g->before[1] = COMPARTMENT_CHECK;
    s->b->g->opened[1] = true;
    struct record *rec = effects_record(s->b->fx, RECORD_COMPARTMENT_CHANGED, 1);
    rec->u.changed.state = COMPARTMENT_FREE;
    rec->u.changed.cause = COMPARTMENT_EMPTY;
    assert_all_hold(s);
    s->b->g->opened[1] = false;
    assert_broken(s, 15);
    s->b->g->opened[1] = true;
    s->b->g->before[1] = COMPARTMENT_OUT;
    assert_broken(s, 15);
    s->b->g->before[1] = COMPARTMENT_CHECK;
    rec->u.changed.cause = COMPARTMENT_RESTART;
    assert_broken(s, 15);
    rec->u.changed.state = COMPARTMENT_FORCED;
    assert_all_hold(s);
}

static void inv_15_sees_what_was_reported_offered_again(void **state)
{
    struct scene *s = *state;
    const uint16_t door = 1;
    s->b->l->compartment[door].state = COMPARTMENT_CHECK;
    s->b->g->reported[door] = true;
    s->b->g->before[door] = COMPARTMENT_CHECK;
    assert_all_hold(s);
    s->b->l->compartment[door].state = COMPARTMENT_FREE; /* how it left CHECK is judged by its record */
    assert_all_hold(s);
    s->b->g->before[door] = COMPARTMENT_FREE;
    assert_broken(s, 15);
    s->b->g->before[door] = COMPARTMENT_OPENING;
    s->b->l->compartment[door].state = COMPARTMENT_CHECK;
    assert_all_hold(s);
}

static void inv_16_sees_an_open_door_at_rest(void **state)
{
    struct scene *s = *state;
    s->b->l->door[1].sensor = HW_DOOR_OPEN;
    assert_broken(s, 16);
    s->b->l->compartment[1].state = COMPARTMENT_FORCED;
    assert_all_hold(s);
}

static void inv_17_sees_a_pulse_into_the_unknown(void **state)
{
    struct scene *s = *state;
    pulse_for_patient(s);
    s->b->l->board[0].state = HW_BOARD_FOREIGN;
    assert_broken(s, 17);
    s->b->l->board[0].state = HW_BOARD_OK;
    s->b->l->door[s->b->l->pulse_door].sensor = HW_DOOR_OPEN;
    assert_broken(s, 17);
}

static void inv_18_sees_bindings_that_do_not_fit(void **state)
{
    struct scene *s = *state;
    uint16_t door = bed_load(s->b, 1, 1);
    struct compartment *c = &s->b->l->compartment[door];
    const struct compartment good = *c;
    s->b->l->compartment[door + 1] = good;
    assert_broken(s, 18);
    compartment_unbind(&s->b->l->compartment[door + 1]);
    assert_broken(s, 18);
    s->b->l->compartment[door + 1].state = COMPARTMENT_FREE;
    assert_all_hold(s);
    compartment_unbind(c);
    c->state = COMPARTMENT_CHECK;
    assert_broken(s, 18);
    *c = good;
    c->order[3] ^= 1;
    assert_broken(s, 18);
    *c = good;
    the_order(s)->state = ORDER_OPENING;
    assert_broken(s, 18);
    the_order(s)->state = ORDER_KNOWN;
    assert_broken(s, 18);
    the_order(s)->state = ORDER_DONE;
    assert_broken(s, 18);
}

static void inv_19_sees_a_collection_that_was_not_seen(void **state)
{
    struct scene *s = *state;
    struct bed *b = s->b;
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_take_and_close(b, door);
    s->ev.kind = EVENT_HW;
    s->ev.now = b->now;
    assert_all_hold(s);
    struct record *rec = record_of(s, RECORD_COLLECTED);
    const struct record good = *rec;
    rec->u.collected.opened_ms = rec->u.collected.pulsed_ms - 1;
    assert_broken(s, 19);
    *rec = good;
    rec->u.collected.closed_ms = 0;
    assert_broken(s, 19);
    *rec = good;
    rec->u.collected.pulses = 0;
    assert_broken(s, 19);
    *rec = good;
    b->g->opened[door] = false;
    assert_broken(s, 19);
}

static void inv_27_sees_the_floor_fall(void **state)
{
    struct scene *s = *state;
    s->b->l->floor.floor_ms--;
    assert_broken(s, 27);
}

static void inv_30_sees_a_bag_go_behind_a_door_that_was_not_commissioned(void **state)
{
    struct scene *s = *state;
    struct bed *b = s->b;
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    assert_int_equal(b->l->staff.state, STAFF_LOAD);
    s->ev.kind = EVENT_SCAN;
    s->ev.now = b->now;
    b->l->cabinet.waived = false;
    assert_broken(s, 30);
    for (unsigned i = 0; i < b->fx->records; i++)
        if (b->fx->record[i].kind == RECORD_COMPARTMENT_CHANGED)
            b->fx->record[i].u.changed.cause = COMPARTMENT_KEEP; /* or stay there */
    assert_false(holds(s, 30));
    b->l->compartment[b->pulse_door].proved = true;
    assert_int_equal(b->l->compartment[b->pulse_door].state, COMPARTMENT_LOADING);
    assert_true(holds(s, 30));
}

static void inv_31_sees_a_carer_open_what_is_not_his(void **state)
{
    struct scene *s = *state;
    struct bed *b = s->b;
    bed_grant(b, 1, 1, 1); /* with the code that the patient has: the order's verifiers go, the carer's stay */
    (void)bed_load(b, 1, 1);
    memset(the_order(s)->v1, 0x77, CODE_MAC_LEN);
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    s->ev = (struct event){.kind = EVENT_VERDICT, .now = b->now};
    s->ev.u.verdict.try_id = b->try_id;
    bed_stretch_secret(b->secret, s->ev.u.verdict.a);
    effects_clear(b->fx);
    locker_decide(b->l, &s->ev, b->fx);
    assert_all_hold(s);
    struct carer *c = &b->l->carers.slot[0];
    const struct carer good = *c;
    assert_int_equal(record_of(s, RECORD_PULSED)->actor.kind, RECORD_ACTOR_CARER);
    c->state = CARER_REVOKED;
    assert_broken(s, 31);
    *c = good;
    c->right.load++;
    assert_broken(s, 31);
    *c = good;
    c->right.not_after_s = 1;
    assert_broken(s, 31);
    c->used = false; /* a code without a row */
    assert_broken(s, 31);
    s->ev.kind = EVENT_KEY; /* a card that was scanned before has none */
    assert_true(holds(s, 31));
    const int64_t ends_s = b->l->pickup.visit.not_after_s;
    b->l->pickup.visit.not_after_s = 1; /* it ended while he stood there */
    assert_broken(s, 31);
    b->l->pickup.visit.not_after_s = ends_s;
    s->ev.kind = EVENT_SCAN;
    s->ev.u.scan = (struct token){.kind = TOKEN_KEY, .u.key.key = EVENT_KEY_OK};
    assert_true(holds(s, 31));
    s->ev.u.scan = (struct token){.kind = TOKEN_CARER};
    struct token_carer *card = &s->ev.u.scan.u.carer;
    memcpy(card->carer, good.right.id, CODE_CARER_LEN);
    memcpy(card->bind.order, good.right.order, CODE_ORDER_LEN);
    card->bind.load = 1;
    card->not_after_s = good.right.not_after_s;
    assert_true(holds(s, 31));
    card->carer[0] ^= 1;
    assert_broken(s, 31);
    card->carer[0] ^= 1;
    card->bind.load = 2;
    assert_broken(s, 31);
    card->bind.load = 1;
    card->not_after_s = 1;
    assert_broken(s, 31);
    card->not_after_s = good.right.not_after_s;
    s->ev.u.scan.kind = TOKEN_PICKUP;
    assert_broken(s, 31);
    record_of(s, RECORD_PULSED)->order.id[0] ^= 1;
    assert_broken(s, 31);
}

static void state_alone_can_be_checked(void **state)
{
    struct scene *s = *state;
    (void)bed_load(s->b, 1, 1);
    const struct world w = {.locker = s->b->l};
    assert_null(invariant_check(&w));
    the_order(s)->pulses = 9;
    assert_int_equal(invariant_check(&w)->number, 4);
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(inv_01_sees_a_pulse_without_intent),
        SCENE_TEST(inv_02_sees_another_order),
        SCENE_TEST(inv_02_sees_a_next_bag_of_somebody_else),
        SCENE_TEST(inv_02_sees_through_a_card_of_the_key),
        SCENE_TEST(inv_03_sees_a_second_door),
        SCENE_TEST(inv_04_sees_too_many_or_too_late_pulses),
        SCENE_TEST(inv_05_sees_open_doors_and_two_pulses),
        SCENE_TEST(inv_07_sees_what_must_not_be_collected),
        SCENE_TEST(inv_08_sees_more_tries_than_the_budget),
        SCENE_TEST(inv_08_sees_tries_that_came_too_fast_after_a_long_rest),
        SCENE_TEST(inv_08_sees_a_try_that_is_computed_before_it_is_counted),
        SCENE_TEST(inv_09_sees_a_message_opening_a_door),
        SCENE_TEST(inv_09_sees_an_answer_to_no_challenge),
        SCENE_TEST(inv_09_sees_a_challenge_that_nobody_asked_for),
        SCENE_TEST(inv_10_sees_staff_without_a_session),
        SCENE_TEST(inv_11_sees_a_pulse_that_is_not_committed),
        SCENE_TEST(inv_12_sees_a_dead_code_alive),
        SCENE_TEST(inv_12_sees_the_verifiers_of_a_dead_right),
        SCENE_TEST(inv_13_sees_a_second_match),
        SCENE_TEST(inv_13_sees_a_carer_with_the_same_code),
        SCENE_TEST(inv_14_sees_medicine_where_none_is_believed),
        SCENE_TEST(inv_14_sees_the_wrong_bag_loaded),
        SCENE_TEST(inv_15_sees_check_leave_without_a_look),
        SCENE_TEST(inv_15_sees_what_was_reported_offered_again),
        SCENE_TEST(inv_16_sees_an_open_door_at_rest),
        SCENE_TEST(inv_17_sees_a_pulse_into_the_unknown),
        SCENE_TEST(inv_18_sees_bindings_that_do_not_fit),
        SCENE_TEST(inv_19_sees_a_collection_that_was_not_seen),
        SCENE_TEST(inv_27_sees_the_floor_fall),
        SCENE_TEST(inv_30_sees_a_bag_go_behind_a_door_that_was_not_commissioned),
        SCENE_TEST(inv_31_sees_a_carer_open_what_is_not_his),
        SCENE_TEST(state_alone_can_be_checked),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
