/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carers at the kiosk: their codes and cards, for one bag and for a person, taken back, used up, too late; and the new
 * code of a patient.
 */
#include "tests/unit/locker_bed.h"

#include "controller/claim.h"

#define HER 9u /* a person with several bags */

static struct token voucher_of(struct bed *b, unsigned n, unsigned person)
{
    struct token t = bed_voucher(b, n, 1);
    memset(t.u.voucher.person, (int)person, TOKEN_PERSON_LEN);
    return t;
}

static uint16_t load_token(struct bed *b, struct token t, unsigned n)
{
    bed_login(b);
    uint16_t door = bed_load_token(b, t, n);
    bed_logout(b);
    bed_wait(b, 2000);
    return door;
}

static uint16_t load_of(struct bed *b, unsigned n, unsigned person)
{
    return load_token(b, voucher_of(b, n, person), n);
}

/* Never without the birthday. */
static uint16_t load_strict(struct bed *b, unsigned n, unsigned person)
{
    struct token t = voucher_of(b, n, person);
    t.u.voucher.has_v1 = false;
    memset(t.u.voucher.v1, 0, CODE_MAC_LEN);
    return load_token(b, t, n);
}

/* With the id k: for load 1 of order n, or (once false) for person n. */
static struct token card(struct bed *b, unsigned k, unsigned n, bool once)
{
    struct token t = {.kind = TOKEN_CARER};
    struct token_carer *c = &t.u.carer;
    memcpy(c->bind.locker, b->cabinet.id, CODE_LOCKER_LEN);
    if (once)
        bed_order_id(n, c->bind.order);
    c->bind.load = once ? 1 : 0;
    memset(c->carer, (int)k, CODE_CARER_LEN);
    memset(c->person, once ? (int)HER : (int)n, TOKEN_PERSON_LEN); /* as the hub prints it */
    c->not_after_s = BED_NOW_MS / 1000 + 7 * BED_DAY_S;
    return t;
}

/* Types the code of k and the birthday of n. */
static void enter_both(struct bed *b, unsigned k, unsigned n)
{
    char code[CODE_DIGITS + 1], ddmm[5];
    bed_code(k, code);
    bed_ddmm(n, ddmm);
    bed_type(b, code);
    assert_int_equal(b->l->pickup.state, PICKUP_BIRTHDAY);
    bed_type(b, ddmm);
    bed_verdict(b);
}

static bool is_carer(const struct record *rec, unsigned k)
{
    uint8_t id[CODE_CARER_LEN];
    memset(id, (int)k, sizeof id);
    return rec->actor.kind == RECORD_ACTOR_CARER && memcmp(rec->actor.carer, id, sizeof id) == 0;
}

/* The door that was just pulsed for carer k opens, and closes without its bag. */
static void collects(struct bed *b, unsigned k, uint16_t door)
{
    assert_int_equal(b->l->pickup.state, PICKUP_DOOR);
    assert_int_equal(b->pulse_door, door);
    assert_true(is_carer(&b->last[RECORD_PULSED], k));
    bed_opens(b);
    unsigned before = b->seen[RECORD_COLLECTED];
    bed_take_and_close(b, door);
    assert_int_equal(b->seen[RECORD_COLLECTED], before + 1);
    assert_true(is_carer(&b->last[RECORD_COLLECTED], k));
}

static void assert_refused(struct bed *b, unsigned pulses)
{
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    assert_int_equal(b->seen[RECORD_PULSED], pulses);
    bed_key(b, EVENT_KEY_CLEAR);
}

static const char *refused_because(const struct bed *b)
{
    const struct record *rec = &b->last[RECORD_COMMAND_DONE];
    assert_int_equal(rec->u.command.seq, b->command);
    assert_int_equal(rec->u.command.refused, rec->u.command.cause != NULL);
    return rec->u.command.cause;
}

/* ---------------------------------------------------------------- one bag */

static void own_code_opens_that_bag_once_and_the_record_names_the_carer(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_grant(b, 101, 1, 1);
    assert_null(refused_because(b));
    bed_enter_code(b, 101);
    collects(b, 101, door);
    assert_int_equal(b->l->carers.slot[0].state, CARER_USED);
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_wait(b, 20000);
    bed_enter_code(b, 101);
    assert_refused(b, pulses);
}

static void right_for_one_bag_is_used_up_when_the_patient_collects(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_grant(b, 101, 1, 1);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_take_and_close(b, b->pulse_door);
    assert_int_equal(b->last[RECORD_COLLECTED].actor.kind, RECORD_ACTOR_CODE);
    assert_int_equal(b->l->carers.slot[0].state, CARER_USED);
}

static void right_for_one_bag_ends_when_the_order_is_withdrawn_or_removed(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_grant(b, 101, 1, 1);
    bed_grant(b, 102, 5, 2); /* before its bag has come, and it never comes */
    bed_withdraw(b, 1, 1, false);
    assert_int_equal(b->l->carers.slot[0].state, CARER_USED);
    bed_withdraw(b, 5, 2, false);
    assert_int_equal(b->l->carers.slot[1].state, CARER_USED);
    bed_grant(b, 103, 5, 3);
    bed_withdraw(b, 5, 3, false);
    assert_int_equal(b->l->carers.slot[2].state, CARER_USED);
}

static void card_opens_that_bag_without_a_row(void **state)
{
    struct bed *b = *state;
    uint16_t door = load_of(b, 1, HER);
    (void)load_of(b, 2, HER);
    bed_scan(b, card(b, 101, 1, true));
    collects(b, 101, door);
    assert_int_equal(b->l->pickup.state, PICKUP_DONE); /* her other bag is not his business */
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_wait(b, 20000);
    bed_scan(b, card(b, 101, 1, true));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NOTHING);
    assert_int_equal(b->seen[RECORD_PULSED], pulses);
}

static void card_and_code_of_one_right_both_open(void **state)
{
    struct bed *b = *state;
    uint16_t door = load_of(b, 1, HER);
    bed_grant(b, 101, 1, 1);
    bed_scan(b, card(b, 101, 1, true));
    collects(b, 101, door);
    assert_int_equal(b->l->carers.slot[0].state, CARER_USED);
}

static void grant_may_come_before_the_bag(void **state)
{
    struct bed *b = *state;
    bed_grant(b, 101, 1, 1);
    bed_enter_code(b, 101);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NOTHING);
    assert_int_equal(limiter_wrong_1h(&b->l->limiter), 0);
    bed_key(b, EVENT_KEY_CLEAR);
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 101);
    collects(b, 101, door);
}

/* ---------------------------------------------------------------- a person */

static void standing_card_collects_every_bag_of_the_person_one_after_another(void **state)
{
    struct bed *b = *state;
    uint16_t first = load_of(b, 1, HER);
    (void)load_of(b, 2, HER + 1);
    uint16_t second = load_of(b, 3, HER);
    bed_scan(b, card(b, 101, HER, false));
    collects(b, 101, first);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    bed_wait(b, 2000);
    bed_key(b, EVENT_KEY_OK);
    collects(b, 101, second);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
    assert_int_equal(bed_order(b, 2)->state, ORDER_READY);
}

static void standing_code_works_again_for_the_next_bags(void **state)
{
    struct bed *b = *state;
    uint16_t door = load_of(b, 1, HER);
    bed_grant(b, 101, HER, 0);
    bed_enter_code(b, 101);
    collects(b, 101, door);
    assert_int_equal(b->l->carers.slot[0].state, CARER_GRANTED);
    bed_wait(b, 20000);
    door = load_of(b, 2, HER);
    bed_enter_code(b, 101);
    collects(b, 101, door);
}

static void bag_that_certainly_lies_there_comes_before_one_that_may(void **state)
{
    struct bed *b = *state;
    uint16_t first = load_of(b, 1, HER), second = load_of(b, 2, HER);
    bed_enter_code(b, 1);
    bed_complete(b, HW_REFUSED);
    bed_key(b, EVENT_KEY_HELP);
    assert_int_equal(bed_order(b, 1)->state, ORDER_UNCONFIRMED);
    bed_wait(b, 70000);
    bed_scan(b, card(b, 101, HER, false));
    collects(b, 101, second);
    bed_wait(b, 20000);
    bed_scan(b, card(b, 101, HER, false));
    collects(b, 101, first);
}

static void bag_past_its_lease_is_asked_for_at_the_pharmacy(void **state)
{
    struct bed *b = *state;
    (void)load_of(b, 1, HER);
    bed_order(b, 1)->loaded_ms -= (int64_t)8 * BED_DAY_S * 1000;
    b->l->floor.contact_ms -= (int64_t)8 * BED_DAY_S * 1000;
    bed_scan(b, card(b, 101, HER, false));
    assert_int_equal(bed_screen(b), SCREEN_ASK);
}

static void of_bags_equally_near_the_lowest_door_comes_first(void **state)
{
    struct bed *b = *state;
    uint16_t low = load_of(b, 1, HER);
    assert_true(load_of(b, 2, HER) > low);
    struct order *slot = b->l->orders.slot; /* whatever place they have in the table */
    const struct order first = slot[0];
    slot[0] = slot[1];
    slot[1] = first;
    bed_scan(b, card(b, 101, HER, false));
    collects(b, 101, low);
}

static void cards_wait_while_a_code_is_checked_and_are_nothing_to_staff(void **state)
{
    struct bed *b = *state;
    char code[CODE_DIGITS + 1];
    (void)bed_load(b, 1, 1);
    bed_code(40000, code);
    bed_type(b, code);
    bed_scan(b, card(b, 101, 1, true));
    assert_int_equal(b->l->pickup.state, PICKUP_CHECKING);
    bed_verdict(b);
    bed_key(b, EVENT_KEY_CLEAR);
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_login(b);
    bed_scan(b, card(b, 101, 1, true));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_BAD_SCAN);
    assert_int_equal(b->seen[RECORD_PULSED], pulses);
}

static void card_of_the_key_ok_opens_the_next_bag(void **state)
{
    struct bed *b = *state;
    uint16_t first = load_of(b, 1, HER), second = load_of(b, 2, HER);
    bed_scan(b, card(b, 101, HER, false));
    collects(b, 101, first);
    bed_wait(b, 2000);
    bed_scan(b, (struct token){.kind = TOKEN_KEY, .u.key.key = EVENT_KEY_OK});
    collects(b, 101, second);
}

/* ---------------------------------------------------------------- refusals */

static void revoked_right_opens_nothing_neither_by_code_nor_by_card(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_grant(b, 101, 1, 1);
    bed_take_back(b, 101);
    assert_null(refused_because(b));
    bed_take_back(b, 102); /* only its card was ever printed */
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_scan(b, card(b, 101, 1, true));
    assert_refused(b, pulses);
    bed_scan(b, card(b, 102, 1, true));
    assert_refused(b, pulses);
    bed_enter_code(b, 101);
    assert_refused(b, pulses);
    bed_grant(b, 102, 1, 1);
    assert_string_equal(refused_because(b), "revoked");
    bed_reboot(b, 0);
    bed_start(b);
    bed_scan(b, card(b, 101, 1, true));
    assert_refused(b, pulses);
}

static void right_taken_back_during_the_visit_opens_no_further_door(void **state)
{
    struct bed *b = *state;
    uint16_t first = load_of(b, 1, HER);
    (void)load_of(b, 2, HER);
    bed_scan(b, card(b, 101, HER, false));
    collects(b, 101, first);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    bed_take_back(b, 101);
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_wait(b, 2000);
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(b->seen[RECORD_PULSED], pulses);
    assert_int_not_equal(b->l->pickup.state, PICKUP_DOOR);
}

static void right_taken_back_at_a_jam_gets_no_second_pulse(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_scan(b, card(b, 101, 1, true));
    bed_complete(b, HW_REFUSED);
    assert_int_equal(bed_screen(b), SCREEN_JAM);
    bed_wait(b, 2000);
    bed_take_back(b, 101);
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(b->seen[RECORD_PULSED], pulses);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
    assert_int_equal(bed_order(b, 1)->state, ORDER_UNCONFIRMED);
}

static void right_that_ends_during_the_visit_opens_no_further_door(void **state)
{
    struct bed *b = *state;
    struct token t = card(b, 101, HER, false);
    uint16_t first = load_of(b, 1, HER);
    (void)load_of(b, 2, HER);
    t.u.carer.not_after_s = floor_now_ms(&b->l->floor) / 1000 + 60;
    bed_scan(b, t);
    collects(b, 101, first);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    unsigned pulses = b->seen[RECORD_PULSED];
    for (unsigned i = 0; i < 4; i++) {
        bed_wait(b, 20000);
        bed_key(b, EVENT_KEY_REPEAT); /* more time for the person, not for the right */
    }
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(b->seen[RECORD_PULSED], pulses);
    assert_int_equal(bed_order(b, 2)->state, ORDER_READY);
}

static void code_of_a_right_that_ends_during_the_visit_opens_no_further_door(void **state)
{
    struct bed *b = *state;
    uint16_t first = load_of(b, 1, HER);
    (void)load_of(b, 2, HER);
    bed_grant(b, 101, HER, 0);
    b->l->carers.slot[0].right.not_after_s = floor_now_ms(&b->l->floor) / 1000 + 60;
    bed_enter_code(b, 101);
    collects(b, 101, first);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    unsigned pulses = b->seen[RECORD_PULSED];
    for (unsigned i = 0; i < 4; i++) {
        bed_wait(b, 20000);
        bed_key(b, EVENT_KEY_REPEAT);
    }
    assert_false(b->l->carers.slot[0].used); /* forgotten with its time */
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(b->seen[RECORD_PULSED], pulses);
}

static void card_of_another_time_place_or_scope_is_refused(void **state)
{
    struct bed *b = *state;
    (void)load_of(b, 1, HER);
    unsigned pulses = b->seen[RECORD_PULSED];
    struct token t = card(b, 101, 1, true);
    t.u.carer.not_after_s = BED_NOW_MS / 1000 - 1;
    bed_scan(b, t);
    assert_refused(b, pulses);
    t = card(b, 101, 1, true);
    t.u.carer.bind.locker[0] ^= 1;
    bed_scan(b, t);
    assert_refused(b, pulses);
    bed_grant(b, 102, 2, 1); /* the id was granted for another bag */
    bed_scan(b, card(b, 102, 1, true));
    assert_refused(b, pulses);
    t = card(b, 103, 1, true);
    t.u.carer.bind.load = 2;
    bed_scan(b, t);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NOTHING);
    bed_scan(b, card(b, 103, HER + 1, false));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NOTHING);
    assert_int_equal(b->seen[RECORD_PULSED], pulses);
}

static void expired_right_and_expired_bag_open_nothing(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_grant(b, 101, 1, 1);
    unsigned pulses = b->seen[RECORD_PULSED];
    b->l->carers.slot[0].right.not_after_s = BED_NOW_MS / 1000 - 1;
    b->l->floor.signed_ms -= 3600000; /* nothing is forgotten on unsigned time */
    bed_enter_code(b, 101);
    assert_refused(b, pulses);
    bed_order(b, 1)->not_after_s = BED_NOW_MS / 1000 - 1;
    bed_scan(b, card(b, 102, 1, true));
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_NOTHING);
    assert_int_equal(b->seen[RECORD_PULSED], pulses);
}

static void code_that_two_have_opens_nothing_and_alarms(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    (void)bed_load(b, 2, 1);
    struct event ev = bed_grant_event(b, 101, 2, 1);
    uint8_t a[CODE_STRETCHED_LEN];
    char code[CODE_DIGITS + 1];
    bed_code(1, code); /* of the patient of the other bag */
    bed_stretch_secret(code, a);
    code_mac_carer1(&b->cabinet.key, b->cabinet.id, ev.u.grant.right.id, a, ev.u.grant.v1);
    bed_send(b, &ev);
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_enter_code(b, 1);
    assert_refused(b, pulses);
    assert_int_equal(b->seen[RECORD_GUESS_ALARM], 1);
    bed_withdraw(b, 1, 1, false); /* only the carer has it now */
    bed_enter_code(b, 1);
    collects(b, 101, bed_order(b, 2)->door);
}

static void two_carers_with_one_code_open_nothing(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_grant(b, 101, 1, 1);
    struct event ev = bed_grant_event(b, 102, 1, 1);
    uint8_t a[CODE_STRETCHED_LEN];
    char code[CODE_DIGITS + 1];
    bed_code(101, code);
    bed_stretch_secret(code, a);
    code_mac_carer1(&b->cabinet.key, b->cabinet.id, ev.u.grant.right.id, a, ev.u.grant.v1);
    bed_send(b, &ev);
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_enter_code(b, 101);
    assert_refused(b, pulses);
}

/* ---------------------------------------------------------------- bags that need code and birthday */

static void card_for_a_strict_bag_asks_for_code_and_birthday(void **state)
{
    struct bed *b = *state;
    uint16_t door = load_strict(b, 1, HER);
    (void)load_strict(b, 2, HER + 1);
    bed_grant(b, 101, 1, 1);
    bed_grant(b, 102, 1, 1);
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_scan(b, card(b, 101, 1, true));
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    enter_both(b, 102, 1); /* another carer's code */
    assert_refused(b, pulses);
    bed_scan(b, card(b, 101, 1, true));
    enter_both(b, 2, 2); /* the code of another bag */
    assert_refused(b, pulses);
    bed_scan(b, card(b, 101, 1, true));
    bed_take_back(b, 101);
    enter_both(b, 1, 1); /* the right code, but the card was taken back meanwhile */
    assert_refused(b, pulses);
    bed_scan(b, card(b, 102, 1, true));
    enter_both(b, 1, 1); /* the patient's code */
    collects(b, 102, door);
}

static void own_code_with_birthday_opens_a_strict_bag_after_the_card_and_without(void **state)
{
    struct bed *b = *state;
    uint16_t door = load_strict(b, 1, HER), other = load_strict(b, 2, HER);
    bed_grant(b, 101, HER, 0);
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_enter_code(b, 101); /* the code alone: the one refusal, which asks for both */
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    assert_int_equal(b->seen[RECORD_PULSED], pulses);
    bed_key(b, EVENT_KEY_OK);
    enter_both(b, 101, HER);
    collects(b, 101, door);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
    bed_key(b, EVENT_KEY_CLEAR);
    bed_wait(b, 20000);
    bed_scan(b, card(b, 101, HER, false));
    enter_both(b, 101, HER);
    collects(b, 101, other);
}

static void standing_card_and_a_patients_code_collect_all_bags_of_the_person(void **state)
{
    struct bed *b = *state;
    (void)load_strict(b, 1, HER);
    (void)load_strict(b, 2, HER);
    bed_scan(b, card(b, 101, HER, false));
    enter_both(b, 2, 2);
    collects(b, 101, bed_order(b, 2)->door);
    assert_int_equal(bed_screen(b), SCREEN_NEXT);
}

static void card_alone_collects_only_the_bags_that_need_no_code(void **state)
{
    struct bed *b = *state;
    (void)load_strict(b, 1, HER);
    uint16_t door = load_of(b, 2, HER);
    bed_scan(b, card(b, 101, HER, false));
    collects(b, 101, door);
    assert_int_equal(bed_screen(b), SCREEN_DONE);
}

static void card_that_ended_meanwhile_counts_no_more_though_the_code_goes_on(void **state)
{
    struct bed *b = *state;
    struct token t = card(b, 101, HER, false);
    (void)load_strict(b, 1, HER);
    bed_grant(b, 101, HER, 0);
    t.u.carer.not_after_s = floor_now_ms(&b->l->floor) / 1000 + 30;
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_scan(b, t);
    assert_int_equal(bed_screen(b), SCREEN_CODE);
    bed_wait(b, 40000);
    enter_both(b, 101, HER);
    assert_refused(b, pulses);
}

static void carers_code_after_the_patients_token_is_refused(void **state)
{
    struct bed *b = *state;
    (void)load_strict(b, 1, HER);
    bed_grant(b, 101, 1, 1);
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_scan(b, bed_qr(b, 1, 1));
    enter_both(b, 101, 1);
    assert_refused(b, pulses);
}

/* ---------------------------------------------------------------- commands */

static void grants_are_refused_with_their_cause(void **state)
{
    struct bed *b = *state;
    struct event ev = bed_grant_event(b, 101, 1, 1);
    ev.u.grant.key_epoch++;
    bed_send(b, &ev);
    assert_string_equal(refused_because(b), "key");
    ev = bed_grant_event(b, 101, 1, 1);
    ev.u.grant.right.not_after_s = BED_NOW_MS / 1000 - 1;
    bed_send(b, &ev);
    assert_string_equal(refused_because(b), "expired");
    bed_grant(b, 101, 1, 1);
    bed_grant(b, 101, 2, 1);
    assert_string_equal(refused_because(b), "scope");
    bed_withdraw(b, 1, 1, false);
    bed_grant(b, 101, 1, 1);
    assert_string_equal(refused_because(b), "used");
    for (unsigned i = 0; i < CARER_SLOTS; i++) {
        struct carer *c = &b->l->carers.slot[i];
        c->used = true;
        c->state = CARER_REVOKED;
        memset(c->right.id, 0xEE, CODE_CARER_LEN);
        memset(c->v1, 0, CODE_MAC_LEN);
        memset(c->v2, 0, CODE_MAC_LEN);
        c->right.not_after_s = 0;
    }
    bed_grant(b, 104, 1, 1);
    assert_string_equal(refused_because(b), "full");
    bed_take_back(b, 105);
    assert_string_equal(refused_because(b), "full");
}

static void rights_are_forgotten_when_signed_time_has_passed_them(void **state)
{
    struct bed *b = *state;
    bed_grant(b, 101, 1, 1);
    bed_take_back(b, 102);
    bed_contact(b, BED_NOW_MS + (int64_t)8 * BED_DAY_S * 1000);
    bed_wait(b, 1000);
    assert_false(b->l->carers.slot[0].used);
    assert_false(b->l->carers.slot[1].used);
}

static void new_code_kills_the_old_one_and_the_old_tokens(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_recode(b, 1, 1, 77);
    assert_null(refused_because(b));
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_enter_code(b, 1);
    assert_refused(b, pulses);
    bed_scan(b, bed_qr(b, 1, 1));
    assert_refused(b, pulses);
    struct token t = bed_qr(b, 1, 1);
    memset(t.u.pickup.id, 77, sizeof t.u.pickup.id);
    bed_scan(b, t);
    assert_int_equal(b->l->pickup.state, PICKUP_DOOR);
    assert_int_equal(b->pulse_door, door);
}

static void new_code_opens(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_recode(b, 1, 1, 77);
    bed_enter_code(b, 77);
    assert_int_equal(b->l->pickup.state, PICKUP_DOOR);
    assert_int_equal(b->pulse_door, door);
    assert_int_equal(b->last[RECORD_PULSED].actor.kind, RECORD_ACTOR_CODE);
}

static void code_being_checked_is_compared_with_the_new_one(void **state)
{
    struct bed *b = *state;
    char code[CODE_DIGITS + 1];
    (void)bed_load(b, 1, 1);
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_code(1, code);
    bed_type(b, code);
    bed_recode(b, 1, 1, 77);
    bed_verdict(b);
    assert_refused(b, pulses);
}

static void new_code_without_a_token_kills_all_tokens(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_recode(b, 1, 1, 0); /* token of zeros: none */
    unsigned pulses = b->seen[RECORD_PULSED];
    bed_scan(b, bed_qr(b, 1, 1)); /* its id is zeros too */
    assert_refused(b, pulses);
}

static void recoding_is_refused_with_its_cause(void **state)
{
    struct bed *b = *state;
    bed_recode(b, 1, 1, 77);
    assert_string_equal(refused_because(b), "unknown");
    (void)bed_load(b, 1, 1);
    bed_recode(b, 1, 2, 77);
    assert_string_equal(refused_because(b), "unknown");
    b->cabinet.key.epoch++; /* only what the hub believes */
    bed_recode(b, 1, 1, 77);
    b->cabinet.key.epoch--;
    assert_string_equal(refused_because(b), "key");
    bed_enter_code(b, 1);
    bed_recode(b, 1, 1, 77);
    assert_string_equal(refused_because(b), "state");
    bed_opens(b);
    bed_take_and_close(b, b->pulse_door);
    bed_recode(b, 1, 1, 77);
    assert_string_equal(refused_because(b), "state");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(own_code_opens_that_bag_once_and_the_record_names_the_carer),
        BED_TEST(right_for_one_bag_is_used_up_when_the_patient_collects),
        BED_TEST(right_for_one_bag_ends_when_the_order_is_withdrawn_or_removed),
        BED_TEST(card_opens_that_bag_without_a_row),
        BED_TEST(card_and_code_of_one_right_both_open),
        BED_TEST(grant_may_come_before_the_bag),
        BED_TEST(standing_card_collects_every_bag_of_the_person_one_after_another),
        BED_TEST(standing_code_works_again_for_the_next_bags),
        BED_TEST(bag_that_certainly_lies_there_comes_before_one_that_may),
        BED_TEST(bag_past_its_lease_is_asked_for_at_the_pharmacy),
        BED_TEST(of_bags_equally_near_the_lowest_door_comes_first),
        BED_TEST(cards_wait_while_a_code_is_checked_and_are_nothing_to_staff),
        BED_TEST(card_of_the_key_ok_opens_the_next_bag),
        BED_TEST(revoked_right_opens_nothing_neither_by_code_nor_by_card),
        BED_TEST(right_taken_back_during_the_visit_opens_no_further_door),
        BED_TEST(right_taken_back_at_a_jam_gets_no_second_pulse),
        BED_TEST(right_that_ends_during_the_visit_opens_no_further_door),
        BED_TEST(code_of_a_right_that_ends_during_the_visit_opens_no_further_door),
        BED_TEST(card_of_another_time_place_or_scope_is_refused),
        BED_TEST(expired_right_and_expired_bag_open_nothing),
        BED_TEST(code_that_two_have_opens_nothing_and_alarms),
        BED_TEST(two_carers_with_one_code_open_nothing),
        BED_TEST(card_for_a_strict_bag_asks_for_code_and_birthday),
        BED_TEST(own_code_with_birthday_opens_a_strict_bag_after_the_card_and_without),
        BED_TEST(standing_card_and_a_patients_code_collect_all_bags_of_the_person),
        BED_TEST(card_alone_collects_only_the_bags_that_need_no_code),
        BED_TEST(card_that_ended_meanwhile_counts_no_more_though_the_code_goes_on),
        BED_TEST(carers_code_after_the_patients_token_is_refused),
        BED_TEST(grants_are_refused_with_their_cause),
        BED_TEST(rights_are_forgotten_when_signed_time_has_passed_them),
        BED_TEST(new_code_kills_the_old_one_and_the_old_tokens),
        BED_TEST(new_code_opens),
        BED_TEST(code_being_checked_is_compared_with_the_new_one),
        BED_TEST(new_code_without_a_token_kills_all_tokens),
        BED_TEST(recoding_is_refused_with_its_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
