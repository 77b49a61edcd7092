/* SPDX-License-Identifier: Apache-2.0 */
/* Remote opening at the kiosk: what the person does, and every way in which no door opens. */
#include "tests/unit/locker_bed.h"

#include "controller/offer.h"

struct talk {
    unsigned challenges, refusals;
    struct remote_word last;
};

/* What was said to the hub in the last event. */
static struct talk said(const struct bed *b)
{
    struct talk t = {0};
    for (unsigned i = 0; i < b->fx->effects; i++) {
        const struct effect *e = &b->fx->effect[i];
        if (e->kind != EFFECT_RPC)
            continue;
        if (e->u.rpc.is_challenge)
            t.challenges++;
        else
            t.refusals++;
        t.last = e->u.rpc;
    }
    return t;
}

static struct remote_offer offer_of(unsigned n, uint16_t door)
{
    struct remote_offer o = {.load = 1, .door = door};
    bed_order_id(n, o.order);
    return o;
}

static void ask(struct bed *b, unsigned n, uint16_t door)
{
    struct event ev = {.kind = EVENT_OPEN_ASK, .u.ask = offer_of(n, door)};
    bed_send(b, &ev);
}

static void assert_not_possible(struct bed *b, unsigned n, uint16_t door, enum remote_cause cause)
{
    ask(b, n, door);
    struct talk t = said(b);
    assert_int_equal(t.refusals, 1);
    assert_int_equal(t.challenges, 0);
    assert_string_equal(remote_cause_name(t.last.cause), remote_cause_name(cause));
    assert_int_equal(b->l->remote.state, REMOTE_NONE);
}

/* The person reads, and presses OK; the randomness of that event is a nonce like no other. */
static void accept(struct bed *b, uint8_t nonce)
{
    struct event ev = {.kind = EVENT_KEY, .u.key = EVENT_KEY_OK};
    memset(ev.random, nonce, sizeof ev.random);
    bed_wait(b, REMOTE_READ_MS);
    bed_send(b, &ev);
    struct talk t = said(b);
    assert_int_equal(t.challenges, 1);
    assert_memory_equal(t.last.nonce, ev.random, REMOTE_NONCE_LEN);
}

static struct remote_answer answer_to(uint8_t nonce, unsigned n, uint16_t door)
{
    struct remote_answer a = {.offer = offer_of(n, door)};
    memset(a.nonce, nonce, sizeof a.nonce);
    memset(a.staff, 0x33, sizeof a.staff);
    return a;
}

static void answer(struct bed *b, const struct remote_answer *a)
{
    struct event ev = {.kind = EVENT_OPEN_ANSWER, .u.answer = *a};
    bed_send(b, &ev);
}

static void assert_late(struct bed *b)
{
    struct talk t = said(b);
    assert_int_equal(t.refusals, 1);
    assert_string_equal(remote_cause_name(t.last.cause), "late");
    assert_int_equal(b->seen[RECORD_PULSED], 1); /* of the loading */
}

static void person_and_staff_together_open_the_door(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    ask(b, 1, door);
    assert_int_equal(bed_screen(b), SCREEN_REMOTE);
    assert_string_equal(locker_screen(b->l)->door, b->cabinet.door[door].name);
    assert_int_equal(said(b).refusals, 0);
    assert_false(effects_are_durable(b->fx) && b->fx->records > 0);
    bed_wait(b, 5000);
    accept(b, 1);
    assert_int_equal(bed_screen(b), SCREEN_CHECKING);
    bed_wait(b, REMOTE_ANSWER_MS - 1000);
    const struct remote_answer a = answer_to(1, 1, door);
    answer(b, &a);
    assert_int_equal(said(b).refusals, 0);
    assert_int_equal(b->pulse_door, door);
    const struct record *rec = &b->last[RECORD_PULSED];
    assert_int_equal(rec->actor.kind, RECORD_ACTOR_REMOTE);
    assert_int_equal(rec->actor.staff[7], 0x33);
    bed_opens(b);
    bed_take_and_close(b, door);
    assert_int_equal(b->last[RECORD_COLLECTED].actor.kind, RECORD_ACTOR_REMOTE);
    assert_int_equal(b->last[RECORD_COLLECTED].actor.staff[7], 0x33);
    assert_int_equal(bed_order(b, 1)->state, ORDER_DONE);
}

/* Thanks are on the screen, somebody is about to say OK to them, and the offer for another comes. */
static void ok_for_the_screen_before_accepts_nothing(void **state)
{
    struct bed *b = *state;
    uint16_t first = bed_load(b, 1, 1), door = bed_load(b, 2, 1);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_take_and_close(b, first);
    bed_wait(b, 5000);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
    ask(b, 2, door);
    assert_int_equal(bed_screen(b), SCREEN_REMOTE);
    bed_wait(b, REMOTE_READ_MS - 1);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(said(b).challenges, 0);
    assert_int_equal(bed_screen(b), SCREEN_REMOTE); /* it is still there to be read */
    bed_wait(b, 1);
    accept(b, 1);
}

static void answer_opens_once(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    const struct remote_answer a = answer_to(1, 1, door);
    ask(b, 1, door);
    accept(b, 1);
    answer(b, &a);
    unsigned pulses = b->seen[RECORD_PULSED];
    assert_int_equal(pulses, 2);
    answer(b, &a); /* during the opening */
    assert_int_equal(said(b).refusals, 1);
    assert_int_equal(b->l->pickup.state, PICKUP_DOOR);
    bed_complete(b, HW_REFUSED);
    bed_key(b, EVENT_KEY_HELP);
    bed_wait(b, 90000);
    answer(b, &a); /* and long after */
    ask(b, 1, door);
    answer(b, &a); /* before the person has said yes */
    assert_int_equal(b->l->pickup.state, PICKUP_REMOTE);
    accept(b, 2);
    answer(b, &a); /* to another challenge: the right answer may still come */
    assert_int_equal(b->seen[RECORD_PULSED], pulses);
    assert_int_equal(b->l->pickup.state, PICKUP_AWAIT);
    const struct remote_answer right = answer_to(2, 1, door);
    answer(b, &right);
    assert_int_equal(b->seen[RECORD_PULSED], pulses + 1);
}

static void answer_after_thirty_seconds_opens_nothing(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    const struct remote_answer a = answer_to(1, 1, door);
    ask(b, 1, door);
    accept(b, 1);
    b->now.boot_ms += REMOTE_ANSWER_MS + 1;
    answer(b, &a);
    assert_late(b);
    assert_int_equal(bed_screen(b), SCREEN_ASK);
}

static void challenge_without_an_answer_ends_after_thirty_seconds(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    const struct remote_answer a = answer_to(1, 1, door);
    ask(b, 1, door);
    accept(b, 1);
    b->now.boot_ms += REMOTE_ANSWER_MS;
    bed_simple(b, EVENT_TICK);
    assert_late(b);
    assert_int_equal(bed_screen(b), SCREEN_ASK);
    answer(b, &a);
    assert_late(b);
}

static void answer_of_another_boot_opens_nothing(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    const struct remote_answer a = answer_to(1, 1, door);
    ask(b, 1, door);
    accept(b, 1);
    bed_reboot(b, 0);
    bed_start(b);
    answer(b, &a);
    assert_late(b);
    ask(b, 1, door);
    answer(b, &a);
    assert_late(b);
}

static void answer_about_something_else_opens_nothing(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    for (unsigned i = 0; i < 3; i++) {
        struct remote_answer a = answer_to((uint8_t)(i + 1), 1, door);
        ask(b, 1, door);
        accept(b, (uint8_t)(i + 1));
        if (i == 0)
            a.offer.order[0] ^= 1;
        else if (i == 1)
            a.offer.load++;
        else
            a.offer.door++;
        answer(b, &a);
        assert_late(b);
        assert_int_equal(bed_screen(b), SCREEN_ASK);
        bed_key(b, EVENT_KEY_OK);
    }
}

static void no_and_silence_are_told(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    ask(b, 1, door);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_string_equal(remote_cause_name(said(b).last.cause), "declined");
    assert_int_equal(bed_screen(b), SCREEN_START);
    ask(b, 1, door);
    b->now.boot_ms += PICKUP_IDLE_MS;
    bed_simple(b, EVENT_TICK);
    assert_int_equal(said(b).refusals, 1);
    assert_string_equal(remote_cause_name(said(b).last.cause), "time");
    assert_int_equal(bed_screen(b), SCREEN_START);
    ask(b, 1, door);
    accept(b, 1);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_string_equal(remote_cause_name(said(b).last.cause), "declined");
    const struct remote_answer a = answer_to(1, 1, door);
    answer(b, &a);
    assert_late(b);
}

static void no_is_said_to_the_offer_and_not_to_the_language(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_key(b, EVENT_KEY_LANGUAGE);
    bed_key(b, EVENT_KEY_4);
    ask(b, 1, door);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(bed_screen(b), SCREEN_START);
    assert_int_equal(locker_screen(b->l)->language, LANGUAGE_AR);
}

static void staff_at_the_locker_ends_it(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    ask(b, 1, door);
    bed_scan(b, bed_badge(b, 7, "246813"));
    assert_string_equal(remote_cause_name(said(b).last.cause), "staff");
    assert_not_possible(b, 1, door, REMOTE_STAFF);
}

static void same_offer_again_changes_nothing_and_another_is_busy(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1), other = bed_load(b, 2, 1);
    ask(b, 1, door);
    bed_wait(b, 10000);
    int64_t until_ms = b->l->pickup.until_ms;
    ask(b, 1, door);
    assert_int_equal(said(b).refusals, 0);
    assert_int_equal(b->l->pickup.until_ms, until_ms);
    ask(b, 2, other);
    assert_string_equal(remote_cause_name(said(b).last.cause), "busy");
    assert_int_equal(b->l->remote.state, REMOTE_OFFERED);
    accept(b, 1);
    ask(b, 1, door);
    assert_int_equal(said(b).refusals, 0);
    ask(b, 2, other);
    assert_string_equal(remote_cause_name(said(b).last.cause), "busy");
    assert_int_equal(b->l->remote.state, REMOTE_CHALLENGED);
}

static void scanning_a_token_is_a_no_to_the_offer(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    ask(b, 1, door);
    bed_scan(b, bed_qr(b, 1, 1));
    assert_int_equal(b->l->pickup.state, PICKUP_DOOR);
    assert_string_equal(remote_cause_name(said(b).last.cause), "declined");
    assert_int_equal(b->last[RECORD_PULSED].actor.kind, RECORD_ACTOR_TOKEN);
}

static void scanning_while_the_answer_is_awaited_changes_nothing(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    ask(b, 1, door);
    accept(b, 1);
    bed_scan(b, bed_qr(b, 1, 1));
    bed_key(b, EVENT_KEY_5);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(b->l->pickup.state, PICKUP_AWAIT);
    assert_int_equal(said(b).refusals, 0);
    const struct remote_answer a = answer_to(1, 1, door);
    answer(b, &a);
    assert_int_equal(b->last[RECORD_PULSED].actor.kind, RECORD_ACTOR_REMOTE);
}

static void nobody_is_interrupted_who_is_collecting_or_being_checked(void **state)
{
    struct bed *b = *state;
    char code[CODE_DIGITS + 1];
    uint16_t door = bed_load(b, 1, 1), other = bed_load(b, 2, 1);
    bed_code(1, code);
    bed_type(b, code);
    assert_not_possible(b, 2, other, REMOTE_BUSY);
    bed_verdict(b);
    assert_not_possible(b, 2, other, REMOTE_BUSY);
    bed_opens(b);
    bed_take_and_close(b, door);
    assert_int_equal(b->l->pickup.state, PICKUP_DONE);
    ask(b, 2, other); /* the next in the queue */
    assert_int_equal(b->l->remote.state, REMOTE_OFFERED);
}

static void half_a_code_and_a_refusal_are_interrupted(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_type(b, "123");
    ask(b, 1, door);
    assert_int_equal(bed_screen(b), SCREEN_REMOTE);
    assert_int_equal(strlen(b->l->pickup.code), 0);
    bed_key(b, EVENT_KEY_CLEAR);
    bed_wrong_code(b);
    ask(b, 1, door);
    assert_int_equal(bed_screen(b), SCREEN_REMOTE);
    bed_key(b, EVENT_KEY_CLEAR);
    bed_key(b, EVENT_KEY_HELP);
    ask(b, 1, door);
    assert_int_equal(bed_screen(b), SCREEN_REMOTE);
    bed_key(b, EVENT_KEY_CLEAR);
    bed_wrong_code(b);
    bed_key(b, EVENT_KEY_OK);
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    assert_int_equal(bed_screen(b), SCREEN_BIRTHDAY);
    ask(b, 1, door);
    assert_int_equal(bed_screen(b), SCREEN_REMOTE);
}

static void choice_of_a_language_is_not_interrupted(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_key(b, EVENT_KEY_LANGUAGE);
    assert_not_possible(b, 1, door, REMOTE_BUSY);
}

static void something_else_scanned_does_not_lose_the_offer(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    ask(b, 1, door);
    bed_simple(b, EVENT_BAD_SCAN);
    assert_int_equal(bed_screen(b), SCREEN_REMOTE);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_BAD_SCAN);
    accept(b, 1);
}

static void impossible_offers_are_refused_with_their_cause(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    struct order *o = bed_order(b, 1);
    const struct order good = *o;
    assert_not_possible(b, 2, door, REMOTE_UNKNOWN);
    assert_not_possible(b, 1, (uint16_t)(door + 1), REMOTE_UNKNOWN);
    assert_not_possible(b, 1, CABINET_NO_DOOR, REMOTE_UNKNOWN);
    o->load++;
    b->l->compartment[door].load++;
    assert_not_possible(b, 1, door, REMOTE_UNKNOWN);
    b->l->compartment[door].load--;
    *o = good;
    o->cls = TOKEN_CLASS_CONTROLLED;
    assert_not_possible(b, 1, door, REMOTE_CLASS);
    *o = good;
    o->not_after_s = BED_NOW_MS / 1000 - 1;
    assert_not_possible(b, 1, door, REMOTE_EXPIRED);
    *o = good;
    o->not_before_s = BED_NOW_MS / 1000 + 3600;
    assert_not_possible(b, 1, door, REMOTE_EXPIRED);
    *o = good;
    o->loaded_ms -= (int64_t)8 * BED_DAY_S * 1000;
    b->l->floor.contact_ms -= (int64_t)8 * BED_DAY_S * 1000;
    assert_not_possible(b, 1, door, REMOTE_EXPIRED);
    *o = good;
    o->pulses = ORDER_PULSES_MAX;
    assert_not_possible(b, 1, door, REMOTE_TRIES);
    *o = good;
    b->l->compartment[door].state = COMPARTMENT_CHECK;
    assert_not_possible(b, 1, door, REMOTE_UNKNOWN);
    b->l->compartment[door].state = COMPARTMENT_LOADED;
    ask(b, 1, door);
    assert_int_equal(said(b).refusals, 0);
}

static void weak_supply_open_doors_and_silent_boards_are_refused_with_their_cause(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_input(b, HW_INPUT_BATTERY, true, true);
    assert_not_possible(b, 1, door, REMOTE_SUPPLY);
    bed_input(b, HW_INPUT_BATTERY, true, false);
    bed_sense(b, 7, HW_DOOR_OPEN);
    assert_not_possible(b, 1, door, REMOTE_DOORS);
    bed_sense(b, 7, HW_DOOR_CLOSED);
    bed_board(b, 0, HW_BOARD_LOST, 0);
    assert_not_possible(b, 1, door, REMOTE_BOARD);
    bed_board(b, 0, HW_BOARD_OK, 0);
    b->l->coil_until_ms = b->now.boot_ms + 500;
    assert_not_possible(b, 1, door, REMOTE_BUSY);
}

static void what_became_impossible_meanwhile_opens_nothing(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    const struct remote_answer a = answer_to(1, 1, door);
    ask(b, 1, door);
    accept(b, 1);
    bed_withdraw(b, 1, 1, false);
    answer(b, &a);
    assert_string_equal(remote_cause_name(said(b).last.cause), "unknown");
    assert_int_equal(bed_screen(b), SCREEN_ASK);
    assert_int_equal(b->seen[RECORD_PULSED], 1);
}

static void door_forced_meanwhile_opens_nothing(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    const struct remote_answer a = answer_to(1, 1, door);
    ask(b, 1, door);
    accept(b, 1);
    bed_sense(b, 7, HW_DOOR_OPEN);
    answer(b, &a);
    assert_string_equal(remote_cause_name(said(b).last.cause), "doors");
    assert_int_equal(b->seen[RECORD_PULSED], 1);
}

static void jam_is_tried_again_by_the_person_and_no_other_bag_follows(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    struct token one = bed_voucher(b, 1, 1), two = bed_voucher(b, 2, 1);
    memset(one.u.voucher.person, 9, TOKEN_PERSON_LEN);
    memset(two.u.voucher.person, 9, TOKEN_PERSON_LEN);
    uint16_t door = bed_load_token(b, one, 1);
    (void)bed_load_token(b, two, 2);
    bed_logout(b);
    bed_wait(b, 2000);
    const struct remote_answer a = answer_to(1, 1, door);
    ask(b, 1, door);
    accept(b, 1);
    answer(b, &a);
    bed_complete(b, HW_REFUSED);
    assert_int_equal(bed_screen(b), SCREEN_JAM);
    bed_wait(b, 2000);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(b->last[RECORD_PULSED].actor.kind, RECORD_ACTOR_REMOTE);
    assert_int_equal(b->last[RECORD_PULSED].try, 2);
    bed_opens(b);
    bed_take_and_close(b, door);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
}

static void keys_on_cards_do_as_well(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    const struct token ok = {.kind = TOKEN_KEY, .u.key.key = EVENT_KEY_OK};
    ask(b, 1, door);
    bed_wait(b, REMOTE_READ_MS);
    bed_scan(b, ok);
    assert_int_equal(said(b).challenges, 1);
    const struct remote_answer a = answer_to(0, 1, door); /* the bed has no randomness of its own */
    answer(b, &a);
    bed_complete(b, HW_REFUSED);
    bed_wait(b, 2000);
    bed_scan(b, ok);
    assert_int_equal(b->last[RECORD_PULSED].try, 2);
}

static void more_time_is_to_be_had_for_the_offer(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    ask(b, 1, door);
    bed_wait(b, PICKUP_IDLE_MS - 5000);
    assert_true(locker_screen(b->l)->more);
    bed_key(b, EVENT_KEY_REPEAT);
    bed_wait(b, PICKUP_IDLE_MS - 5000);
    assert_int_equal(bed_screen(b), SCREEN_REMOTE);
    accept(b, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(person_and_staff_together_open_the_door),
        BED_TEST(ok_for_the_screen_before_accepts_nothing),
        BED_TEST(answer_opens_once),
        BED_TEST(answer_after_thirty_seconds_opens_nothing),
        BED_TEST(challenge_without_an_answer_ends_after_thirty_seconds),
        BED_TEST(answer_of_another_boot_opens_nothing),
        BED_TEST(answer_about_something_else_opens_nothing),
        BED_TEST(no_and_silence_are_told),
        BED_TEST(no_is_said_to_the_offer_and_not_to_the_language),
        BED_TEST(staff_at_the_locker_ends_it),
        BED_TEST(same_offer_again_changes_nothing_and_another_is_busy),
        BED_TEST(scanning_a_token_is_a_no_to_the_offer),
        BED_TEST(scanning_while_the_answer_is_awaited_changes_nothing),
        BED_TEST(nobody_is_interrupted_who_is_collecting_or_being_checked),
        BED_TEST(half_a_code_and_a_refusal_are_interrupted),
        BED_TEST(choice_of_a_language_is_not_interrupted),
        BED_TEST(something_else_scanned_does_not_lose_the_offer),
        BED_TEST(impossible_offers_are_refused_with_their_cause),
        BED_TEST(weak_supply_open_doors_and_silent_boards_are_refused_with_their_cause),
        BED_TEST(what_became_impossible_meanwhile_opens_nothing),
        BED_TEST(door_forced_meanwhile_opens_nothing),
        BED_TEST(jam_is_tried_again_by_the_person_and_no_other_bag_follows),
        BED_TEST(keys_on_cards_do_as_well),
        BED_TEST(more_time_is_to_be_had_for_the_offer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
