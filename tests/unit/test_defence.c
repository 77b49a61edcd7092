/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions of the safety core that no sequence of events is known to make true: here the state is made by hand. The
 * core must still do nothing dangerous.
 */
#include "controller/pickup_screen.h"
#include "tests/unit/locker_bed.h"

#include "controller/allot.h"
#include "controller/gate.h"
#include "controller/handover.h"
#include "controller/inspection.h"

#define A1 0u

/* One decision without the invariants, which the made state may break. */
static void raw(struct bed *b, struct event ev)
{
    ev.now = b->now;
    effects_clear(b->fx);
    b->pulse = 0;
    locker_decide(b->l, &ev, b->fx);
    bed_note_effects(b);
}

static void raw_key(struct bed *b, enum event_key key)
{
    raw(b, (struct event){.kind = EVENT_KEY, .u.key = key});
}

static void raw_scan(struct bed *b, struct token t)
{
    raw(b, (struct event){.kind = EVENT_SCAN, .u.scan = t});
}

static void raw_code(struct bed *b, unsigned n)
{
    char code[CODE_DIGITS + 1];
    struct event ev = {.kind = EVENT_VERDICT, .u.verdict.result = ERR_OK};
    bed_code(n, code);
    for (const char *c = code; *c != '\0'; c++)
        raw_key(b, (enum event_key)(EVENT_KEY_0 + (*c - '0')));
    ev.u.verdict.try_id = b->try_id;
    bed_stretch_secret(b->secret, ev.u.verdict.a);
    b->try_id = 0;
    raw(b, ev);
}

/* A bag was loaded and somebody has typed its code. The pulse came and did not move the door. */
static uint16_t jam(struct bed *b)
{
    uint16_t door = bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    assert_int_equal(b->l->pickup.state, PICKUP_DOOR);
    bed_complete(b, HW_REFUSED);
    assert_int_equal(b->l->pickup.opening.phase, OPENING_JAMMED);
    bed_wait(b, 2000);
    return door;
}

/* ---------------------------------------------------------------- gate */

static void locker_that_is_not_ready_opens_nothing(void **state)
{
    struct bed *b = *state;
    uint16_t blocker;
    assert_int_equal(gate_check(b->l, A1, GATE_FOR_PICKUP, b->now.boot_ms + 60000, &blocker), GATE_OPEN);
    b->l->ready = false;
    assert_int_equal(gate_check(b->l, A1, GATE_FOR_PICKUP, b->now.boot_ms + 60000, &blocker), GATE_BOARD);
}

static void completion_of_no_pulse_changes_nothing(void **state)
{
    struct bed *b = *state;
    b->l->coil_until_ms = 77;
    gate_on_completion(b->l, 0, HW_FAILED, 5000);
    assert_int_equal(b->l->coil_until_ms, 77);
}

/* ---------------------------------------------------------------- pickup */

/* A compartment that does not hold what the order says. */
static void compartment_and_order_that_disagree_open_nothing(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    struct compartment *c = &b->l->compartment[door];
    const struct compartment good = *c;
    for (unsigned i = 0; i < 4; i++) {
        *c = good;
        if (i == 0)
            c->bound = false;
        else if (i == 1)
            c->load++;
        else if (i == 2)
            c->order[0] ^= 1;
        else
            c->state = COMPARTMENT_CHECK;
        raw_code(b, 1);
        assert_int_equal(bed_screen(b), SCREEN_ASK);
        assert_int_equal(b->pulse, 0);
        raw_key(b, EVENT_KEY_OK);
    }
}

static void order_that_nobody_may_collect_is_not_ready(void **state)
{
    struct bed *b = *state;
    const struct event ev = {.kind = EVENT_TICK, .now = b->now};
    (void)bed_load(b, 1, 1);
    assert_true(handover_is_ready(b->l, bed_order(b, 1), &ev));
    bed_order(b, 1)->state = ORDER_OPENING;
    assert_false(handover_is_ready(b->l, bed_order(b, 1), &ev));
}

/* The hub names a door that is not here for an order that lies nowhere. */
static void offer_of_no_door_is_refused(void **state)
{
    struct bed *b = *state;
    struct event ev = {.kind = EVENT_OPEN_ASK, .u.ask = {.load = 1, .door = CABINET_NO_DOOR}};
    (void)bed_load(b, 1, 1);
    bed_order(b, 1)->door = CABINET_NO_DOOR;
    memcpy(ev.u.ask.order, bed_order(b, 1)->id, CODE_ORDER_LEN);
    raw(b, ev);
    assert_int_equal(b->l->remote.state, REMOTE_NONE);
    assert_int_equal(b->fx->effects, 1);
    assert_int_equal(b->fx->effect[0].kind, EFFECT_RPC);
}

/* A carer whose right was taken back behind the locker's back, in the middle of a visit. */
static void carer_without_a_right_gets_no_second_pulse(void **state)
{
    struct bed *b = *state;
    (void)jam(b);
    b->l->pickup.visit.actor.kind = RECORD_ACTOR_CARER;
    memset(b->l->pickup.visit.actor.carer, 5, CODE_CARER_LEN);
    struct carer *c = &b->l->carers.slot[0];
    c->used = true;
    c->state = CARER_REVOKED;
    memset(c->right.id, 5, CODE_CARER_LEN);
    b->pulse = 0;
    raw_key(b, EVENT_KEY_OK);
    assert_int_equal(b->pulse, 0);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
}

/* Every verifier is looked at, whatever fitted before: the one that fits may be the very last of both tables. */
static void the_last_of_orders_and_carers_is_compared_too(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    const struct event grant = bed_grant_event(b, 1, 1, 1); /* with the code that the patient has */
    struct carer *last = &b->l->carers.slot[CARER_SLOTS - 1];
    *last = grant.u.grant;
    last->used = true;
    raw_code(b, 1);
    assert_int_equal(b->pulse, 0);
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    memset(last, 0, sizeof *last);
    raw_key(b, EVENT_KEY_CLEAR);
    b->l->orders.slot[ORDER_SLOTS - 1] = *bed_order(b, 1);
    raw_code(b, 1);
    assert_int_equal(b->pulse, 0);
}

static void order_without_a_door_opens_nothing(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_order(b, 1)->door = CABINET_NO_DOOR;
    raw_code(b, 1);
    assert_int_equal(b->pulse, 0);
}

static void second_pulse_is_refused_when_the_order_may_not_go_any_more(void **state)
{
    for (unsigned i = 0; i < 4; i++) {
        struct bed *b = bed_ready();
        (void)jam(b);
        struct order *o = bed_order(b, 1);
        if (i == 0)
            o->end = ORDER_END_WITHDRAWN;
        else if (i == 1)
            o->not_after_s = 1;
        else if (i == 2)
            o->loaded_ms = 1, b->l->floor.contact_ms = 1;
        else
            o->pulses = ORDER_PULSES_MAX;
        raw_key(b, EVENT_KEY_OK);
        if (b->pulse != 0 || bed_screen(b) != SCREEN_HELP)
            fail_msg("case %u: pulse %llu, screen %d", i, (unsigned long long)b->pulse, (int)bed_screen(b));
        bed_free(b);
    }
    (void)state;
}

static void jam_of_the_last_pulse_over_all_boots_offers_no_other(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_order(b, 1)->pulses = ORDER_PULSES_MAX;
    struct event ev = {.kind = EVENT_HW, .u.hw.kind = HW_EVENT_COMPLETION};
    ev.u.hw.u.completion.id = b->pulse;
    ev.u.hw.u.completion.door = b->pulse_door;
    ev.u.hw.u.completion.status = HW_REFUSED;
    raw(b, ev);
    assert_int_equal(bed_screen(b), SCREEN_HELP);
}

static void token_at_the_wrong_time_begins_nothing(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    (void)bed_load(b, 2, 1);
    char code[CODE_DIGITS + 1];
    bed_code(1, code);
    bed_type(b, code);
    assert_int_equal(b->l->pickup.state, PICKUP_CHECKING);
    bed_scan(b, bed_qr(b, 2, 1));
    assert_int_equal(b->l->pickup.state, PICKUP_CHECKING);
    bed_verdict(b);
    uint64_t pulse = b->pulse;
    bed_scan(b, bed_qr(b, 2, 1));
    assert_int_equal(b->pulse, pulse);
    assert_int_equal(b->l->pickup.state, PICKUP_DOOR);
}

static void token_or_order_that_expired_is_refused(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    struct token t = bed_qr(b, 1, 1);
    t.u.pickup.not_after_s = 1;
    raw_scan(b, t);
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    bed_order(b, 1)->not_after_s = 1;
    raw_scan(b, bed_qr(b, 1, 1));
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
    assert_int_equal(b->pulse, 0);
}

/* A token asks for the code as well; meanwhile the order was packed anew. */
static void code_of_another_load_than_the_tokens_is_refused(void **state)
{
    struct bed *b = *state;
    struct token v = bed_voucher(b, 1, 1);
    bed_login(b);
    (void)bed_load_token(b, v, 1);
    bed_logout(b);
    bed_wait(b, 2000);
    bed_order(b, 1)->has_v1 = false;
    raw_scan(b, bed_qr(b, 1, 1));
    assert_true(b->l->pickup.paper.is_there);
    b->l->pickup.paper.token.load++;
    bed_order(b, 1)->has_v1 = true;
    char code[CODE_DIGITS + 1], ddmm[5];
    bed_code(1, code);
    bed_ddmm(1, ddmm);
    for (const char *c = code; *c != '\0'; c++)
        raw_key(b, (enum event_key)(EVENT_KEY_0 + (*c - '0')));
    for (const char *c = ddmm; b->try_id == 0 && *c != '\0'; c++)
        raw_key(b, (enum event_key)(EVENT_KEY_0 + (*c - '0')));
    struct event ev = {.kind = EVENT_VERDICT, .u.verdict.result = ERR_OK};
    ev.u.verdict.try_id = b->try_id;
    bed_stretch_secret(b->secret, ev.u.verdict.a);
    raw(b, ev);
    assert_int_equal(b->pulse, 0);
    assert_int_equal(bed_screen(b), SCREEN_REFUSED);
}

static void entry_that_is_full_takes_no_digit(void **state)
{
    struct bed *b = *state;
    bed_key(b, EVENT_KEY_1);
    memset(b->l->pickup.code, '1', CODE_DIGITS);
    raw_key(b, EVENT_KEY_2);
    assert_int_equal(b->pulse, 0);
}

static void keys_that_mean_nothing_here_change_nothing(void **state)
{
    struct bed *b = *state;
    struct event ev = {.kind = EVENT_KEY, .u.key = EVENT_KEY_LANGUAGE, .now = b->now};
    bed_key(b, EVENT_KEY_SHOW);
    assert_false(b->l->pickup.show);
    effects_clear(b->fx);
    pickup_on_key(b->l, EVENT_KEY_LANGUAGE, &ev, b->fx);
    assert_int_equal(b->l->pickup.state, PICKUP_IDLE);
}

static void screen_after_its_time_shows_no_seconds(void **state)
{
    struct bed *b = *state;
    struct screen s;
    memset(&s, 0, sizeof s);
    b->l->pickup.state = PICKUP_CODE;
    b->l->pickup.until_ms = b->now.boot_ms;
    pickup_screen(b->l, b->now.boot_ms + 1000, &s);
    assert_int_equal(s.seconds, 0);
}

static void open_door_of_unknown_age_is_not_called_forgotten(void **state)
{
    struct bed *b = *state;
    struct screen s;
    memset(&s, 0, sizeof s);
    (void)bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_opens(b);
    b->l->door[b->pulse_door].open_ms = 0;
    pickup_screen(b->l, b->now.boot_ms + 1000000, &s);
    assert_int_equal(s.id, SCREEN_OPEN);
}

/* ---------------------------------------------------------------- staff */

static void badge_waits_until_a_patients_door_was_seen_open_for_long(void **state)
{
    struct bed *b = *state;
    (void)jam(b);
    bed_scan(b, bed_badge(b, 7, "246813"));
    assert_int_equal(b->l->staff.state, STAFF_IDLE);
}

static void badge_that_could_not_be_revoked_keeps_its_session(void **state)
{
    struct bed *b = *state;
    struct event ev = {.kind = EVENT_BADGE_REVOKE};
    bed_login(b);
    for (unsigned i = 0; i < BADGE_SLOTS; i++) {
        b->l->badges.slot[i].used = b->l->badges.slot[i].revoked = true;
        memset(b->l->badges.slot[i].id, 0xee, BADGE_ID_LEN);
    }
    memcpy(ev.u.badge, b->l->staff.badge.badge, BADGE_ID_LEN);
    raw(b, ev);
    assert_int_equal(b->l->staff.state, STAFF_MENU);
    assert_non_null(b->last[RECORD_COMMAND_DONE].u.command.cause);
}

static void door_that_others_work_at_is_not_looked_into(void **state)
{
    static const enum compartment_state states[] = {COMPARTMENT_LOADING, COMPARTMENT_OPENING};
    struct bed *b = *state;
    bed_login(b);
    for (unsigned i = 0; i < 2; i++) {
        b->l->compartment[A1].state = states[i];
        raw_scan(b, bed_label(b, A1));
        assert_int_equal(bed_notice(b), SCREEN_NOTICE_NOT_FOR_LOOK);
        assert_int_equal(b->pulse, 0);
    }
}

static void loaded_door_of_no_order_may_be_looked_into(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    b->l->compartment[A1].state = COMPARTMENT_LOADED;
    raw_scan(b, bed_label(b, A1));
    assert_int_not_equal(b->pulse, 0);
}

static void bag_past_its_lease_may_be_looked_at(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    bed_login(b);
    bed_order(b, 1)->loaded_ms = 1;
    b->l->floor.contact_ms = 1;
    raw_scan(b, bed_label(b, door));
    assert_int_not_equal(b->pulse, 0);
}

/* ---------------------------------------------------------------- locker */

static void only_a_shut_silent_door_that_is_out_is_given_up(void **state)
{
    struct bed *b = *state;
    struct locker *l = b->l;
    assert_false(locker_is_given_up(l, A1));
    l->compartment[A1].state = COMPARTMENT_OUT;
    assert_false(locker_is_given_up(l, A1)); /* its contact is known */
    l->board[l->cabinet.door[A1].sense_board].state = HW_BOARD_LOST;
    assert_true(locker_is_given_up(l, A1));
    l->door[A1].open_ms = 5;
    assert_false(locker_is_given_up(l, A1));
    l->door[A1].open_ms = 0;
    l->door[A1].seen = false;
    assert_false(locker_is_given_up(l, A1));
}

static void staff_or_a_running_pulse_keep_the_locker_from_idle(void **state)
{
    struct bed *b = *state;
    assert_true(locker_is_idle(b->l));
    b->l->pulse_pending = 1;
    assert_false(locker_is_idle(b->l));
    b->l->pulse_pending = 0;
    bed_login(b);
    assert_false(locker_is_idle(b->l));
}

static void room_in_the_outbox_has_a_default_and_matters_to_small_news_only(void **state)
{
    struct bed *b = *state;
    b->l->cabinet.outbox_rows_max = 1000;
    b->l->outbox_rows = 951;
    assert_false(locker_outbox_has_room(b->l, 95, 0));
    b->l->cabinet.outbox_rows_max = 0;
    assert_true(locker_outbox_has_room(b->l, 95, 0));
    b->l->outbox_rows = CABINET_OUTBOX_ROWS_DEFAULT;
    assert_false(locker_outbox_has_room(b->l, 95, 0));
    assert_null(locker_note(b->l, RECORD_CLIMATE_CHANGED, b->fx));
    assert_non_null(locker_note(b->l, RECORD_STORE_ALARM, b->fx));
}

static void withdrawal_of_a_newer_load_is_remembered(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_withdraw(b, 1, 5, false);
    assert_int_equal(bed_order(b, 1)->newest, 5);
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 4));
    assert_int_equal(b->l->staff.state, STAFF_MENU);
}

static void withdrawal_told_twice_during_a_pickup_is_one(void **state)
{
    struct bed *b = *state;
    (void)bed_load(b, 1, 1);
    bed_enter_code(b, 1);
    bed_withdraw(b, 1, 1, false);
    bed_withdraw(b, 1, 1, false);
    assert_int_equal(bed_order(b, 1)->newest, 1);
    assert_int_equal(bed_order(b, 1)->end, ORDER_END_WITHDRAWN);
}

static void full_table_of_live_orders_takes_no_more(void **state)
{
    struct bed *b = *state;
    for (unsigned i = 0; i < ORDER_SLOTS; i++) {
        b->l->orders.slot[i].used = true;
        b->l->orders.slot[i].state = ORDER_READY;
    }
    assert_int_equal(order_take_slot(&b->l->orders, &b->l->floor, true), ORDER_NONE);
}

static void clock_without_a_time_is_no_wall_clock(void **state)
{
    struct floor f;
    const struct clock_now none = {.boot = 1, .boot_ms = 1, .wall_ms = 0, .quality = CLOCK_NTP};
    floor_init(&f, 1000, &none);
    assert_int_equal(f.wall_ms, 0);
    (void)state;
}

static void nothing_to_clear_is_nothing_to_write(void **state)
{
    static const uint8_t id[BADGE_ID_LEN] = {1};
    struct badge_table t = {0};
    assert_int_equal(badge_revoke(&t, id), 0);
    assert_int_equal(badge_clear_wrong(&t, id), BADGE_NONE);
    (void)state;
}

static void each_kind_of_state_is_durable_by_itself(void **state)
{
    struct bed *b = *state;
    struct effects *fx = b->fx;
    bool *const flags[] = {&fx->compartments, &fx->orders, &fx->badges, &fx->carers,
                           &fx->limiter,      &fx->floor,  &fx->meta};
    effects_clear(fx);
    assert_false(effects_are_durable(fx));
    for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        effects_clear(fx);
        *flags[i] = true;
        assert_true(effects_are_durable(fx));
    }
    effects_clear(fx);
    (void)effects_record(fx, RECORD_CLOSED, A1);
    assert_true(effects_are_durable(fx));
}

static void climate_of_another_zone_does_not_count(void **state)
{
    struct bed *b = *state;
    const struct token_voucher v = {.size = TOKEN_SIZE_S, .zone = TOKEN_ZONE_COLD};
    uint16_t door = allot_choose(b->l, &v);
    assert_int_not_equal(door, CABINET_NO_DOOR);
    b->l->cabinet.climate[b->l->cabinet.climates] = b->l->cabinet.climate[0];
    b->l->cabinet.climate[b->l->cabinet.climates].zone = TOKEN_ZONE_ROOM;
    b->l->climate[b->l->cabinet.climates].state = RECORD_CLIMATE_MISSING;
    b->l->cabinet.climates++;
    assert_int_equal(allot_choose(b->l, &v), door);
}

static void open_doors_and_doors_to_be_commissioned_take_no_bag(void **state)
{
    struct bed *b = *state;
    const struct token_voucher v = {.size = TOKEN_SIZE_S, .zone = TOKEN_ZONE_ROOM}, low = {.low_door = true};
    assert_int_equal(allot_choose(b->l, &v), A1);
    b->l->door[A1].sensor = HW_DOOR_OPEN;
    assert_int_equal(allot_choose(b->l, &v), A1 + 1);
    assert_int_equal(allot_choose_untested(b->l, &v), CABINET_NO_DOOR); /* waived */
    b->l->door[A1].sensor = HW_DOOR_CLOSED;
    b->l->cabinet.door[A1].low = b->l->cabinet.door[A1 + 1].low = true;
    b->l->compartment[A1].serial = 3;
    assert_int_equal(allot_choose(b->l, &low), A1 + 1);
}

static void digits_of_the_birthday_are_shown_on_request_too(void **state)
{
    struct bed *b = *state;
    b->l->pickup.state = PICKUP_BIRTHDAY;
    raw_key(b, EVENT_KEY_SHOW);
    assert_true(b->l->pickup.show);
    raw_key(b, EVENT_KEY_SHOW);
    assert_false(b->l->pickup.show);
}

/* A door that is looked into; it was closed again, and the bag in it is scanned. */
static void voucher_of_another_locker_or_for_an_empty_door_is_no_proof(void **state)
{
    struct bed *b = *state;
    uint16_t door = bed_load(b, 1, 1);
    struct token v = bed_voucher(b, 1, 1);
    struct event ev = {.kind = EVENT_SCAN, .now = b->now};
    for (unsigned i = 0; i < 2; i++) {
        b->l->staff.state = STAFF_INSPECT_ASK;
        b->l->staff.was_open = true;
        b->l->staff.opening.door = i == 0 ? door : 3;
        v.u.voucher.bind.locker[0] = i == 0 ? 0x11 : b->cabinet.id[0];
        effects_clear(b->fx);
        inspection_on_voucher(b->l, &v.u.voucher, &ev, b->fx);
        assert_int_equal(b->l->staff.notice, SCREEN_NOTICE_CHECK);
    }
}

static void inspection_is_not_tried_again_on_a_low_battery(void **state)
{
    struct bed *b = *state;
    bed_login(b);
    bed_scan(b, bed_label(b, A1));
    bed_complete(b, HW_REFUSED);
    bed_wait(b, 2000);
    bed_input(b, HW_INPUT_BATTERY, true, true);
    uint64_t pulse = b->pulse;
    bed_key(b, EVENT_KEY_OK);
    assert_int_equal(b->pulse, pulse);
    assert_int_equal(bed_notice(b), SCREEN_NOTICE_SUPPLY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(locker_that_is_not_ready_opens_nothing),
        BED_TEST(completion_of_no_pulse_changes_nothing),
        BED_TEST(compartment_and_order_that_disagree_open_nothing),
        BED_TEST(order_that_nobody_may_collect_is_not_ready),
        BED_TEST(offer_of_no_door_is_refused),
        BED_TEST(carer_without_a_right_gets_no_second_pulse),
        BED_TEST(the_last_of_orders_and_carers_is_compared_too),
        BED_TEST(order_without_a_door_opens_nothing),
        cmocka_unit_test(second_pulse_is_refused_when_the_order_may_not_go_any_more),
        BED_TEST(jam_of_the_last_pulse_over_all_boots_offers_no_other),
        BED_TEST(token_at_the_wrong_time_begins_nothing),
        BED_TEST(token_or_order_that_expired_is_refused),
        BED_TEST(code_of_another_load_than_the_tokens_is_refused),
        BED_TEST(entry_that_is_full_takes_no_digit),
        BED_TEST(keys_that_mean_nothing_here_change_nothing),
        BED_TEST(screen_after_its_time_shows_no_seconds),
        BED_TEST(open_door_of_unknown_age_is_not_called_forgotten),
        BED_TEST(badge_waits_until_a_patients_door_was_seen_open_for_long),
        BED_TEST(badge_that_could_not_be_revoked_keeps_its_session),
        BED_TEST(door_that_others_work_at_is_not_looked_into),
        BED_TEST(loaded_door_of_no_order_may_be_looked_into),
        BED_TEST(bag_past_its_lease_may_be_looked_at),
        BED_TEST(only_a_shut_silent_door_that_is_out_is_given_up),
        BED_TEST(staff_or_a_running_pulse_keep_the_locker_from_idle),
        BED_TEST(room_in_the_outbox_has_a_default_and_matters_to_small_news_only),
        BED_TEST(withdrawal_of_a_newer_load_is_remembered),
        BED_TEST(withdrawal_told_twice_during_a_pickup_is_one),
        BED_TEST(full_table_of_live_orders_takes_no_more),
        BED_TEST(clock_without_a_time_is_no_wall_clock),
        BED_TEST(nothing_to_clear_is_nothing_to_write),
        BED_TEST(each_kind_of_state_is_durable_by_itself),
        BED_TEST(climate_of_another_zone_does_not_count),
        BED_TEST(open_doors_and_doors_to_be_commissioned_take_no_bag),
        BED_TEST(digits_of_the_birthday_are_shown_on_request_too),
        BED_TEST(voucher_of_another_locker_or_for_an_empty_door_is_no_proof),
        BED_TEST(inspection_is_not_tried_again_on_a_low_battery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
