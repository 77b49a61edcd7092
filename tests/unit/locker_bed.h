/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locker_bed: a locker on a test bed: eight doors, a clock that only the test moves, people and hardware by function
 * calls, a cheap stand-in for Argon2id, and every invariant checked after every event.
 */
#ifndef MEDLOCKER_TEST_LOCKER_BED_H
#define MEDLOCKER_TEST_LOCKER_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "controller/invariant.h"
#include "controller/ledger.h"
#include "controller/locker.h"

#define BED_DOORS 8
#define BED_NOW_MS INT64_C(1800000000000)
#define BED_DAY_S (24 * 3600)

struct bed {
    struct locker *l;
    struct effects *fx; /* of the last event */
    struct ghost *g;
    struct cabinet cabinet;
    struct clock_now now;
    uint32_t outbox;
    int64_t command;
    enum hw_door_state physical[BED_DOORS];
    bool carries[BED_DOORS];     /* the bag behind the door, as order number */
    uint64_t pulse, acked_pulse; /* last EFFECT_PULSE; last one completed */
    uint16_t pulse_door;
    uint64_t try_id; /* last EFFECT_STRETCH */
    char secret[CODE_DIGITS + 1];
    unsigned seen[RECORD_KIND_N]; /* records since the bed was made */
    struct record last[RECORD_KIND_N];
    unsigned sounds[SCREEN_SOUND_N], screens, releases;
    unsigned long events;
    void (*after)(struct bed *b); /* for tests that commit */
    void *arg;
};

/* ---------------------------------------------------------------- things */

static inline struct cabinet bed_cabinet(void)
{
    /* A1-A4 small on board 0; B1, B2 medium on board 1, B2 low; C1 large cold low, C2 large on board 2. */
    static const struct cabinet_door doors[BED_DOORS] = {
        {"A1", 1, 0, 0, TOKEN_SIZE_S, TOKEN_ZONE_ROOM, 1, 1, false},
        {"A2", 2, 0, 0, TOKEN_SIZE_S, TOKEN_ZONE_ROOM, 1, 2, false},
        {"A3", 3, 0, 0, TOKEN_SIZE_S, TOKEN_ZONE_ROOM, 1, 3, false},
        {"A4", 4, 0, 0, TOKEN_SIZE_S, TOKEN_ZONE_ROOM, 1, 4, false},
        {"B1", 5, 1, 1, TOKEN_SIZE_M, TOKEN_ZONE_ROOM, 2, 1, false},
        {"B2", 6, 1, 1, TOKEN_SIZE_M, TOKEN_ZONE_ROOM, 2, 2, true},
        {"C1", 7, 2, 3, TOKEN_SIZE_L, TOKEN_ZONE_COLD, 3, 1, true},
        {"C2", 8, 2, 3, TOKEN_SIZE_L, TOKEN_ZONE_ROOM, 3, 2, true},
    };
    struct cabinet c;
    memset(&c, 0, sizeof c);
    memset(c.id, 0xA5, sizeof c.id);
    c.key.epoch = 1;
    memset(c.key.bytes, 0x42, sizeof c.key.bytes);
    c.issued_ms = BED_NOW_MS - 1000;
    (void)snprintf(c.version, sizeof c.version, "%s", "1.0");
    c.schema = 1;
    memcpy(c.door, doors, sizeof doors);
    c.doors = BED_DOORS;
    c.waived = true; /* tests of commissioning ask for it */
    c.rows = 3;
    c.columns = 4;
    c.boards = 4;
    static const char *const boards[] = {"relay1", "relay2", "relay3", "input4"};
    for (unsigned i = 0; i < 4; i++)
        (void)snprintf(c.board[i], HW_NAME_CAP, "%s", boards[i]);
    c.climates = 1;
    c.climate[0] =
        (struct cabinet_climate){.name = "fridge", .zone = TOKEN_ZONE_COLD, .min_milli_c = 2000, .max_milli_c = 8000};
    return c;
}

/* Stands in for Argon2id. */
static inline void bed_stretch_secret(const char *secret, uint8_t a[CODE_STRETCHED_LEN])
{
    (void)crypto_generichash(a, CODE_STRETCHED_LEN, (const uint8_t *)secret, strlen(secret), NULL, 0);
}

/* Order n has a code of its own and the birthday 0101 + n days of January. */
static inline void bed_code(unsigned n, char out[CODE_DIGITS + 1])
{
    (void)snprintf(out, CODE_DIGITS + 1, "%09u", 271828182u + n * 7919u);
    out[9] = code_check_digit(out, 9);
    out[10] = '\0';
}

static inline void bed_ddmm(unsigned n, char out[5])
{
    (void)snprintf(out, 5, "%02u01", n % 28 + 1);
}

static inline void bed_order_id(unsigned n, uint8_t id[CODE_ORDER_LEN])
{
    memset(id, 0, CODE_ORDER_LEN);
    id[0] = 0x0F;
    id[14] = (uint8_t)(n >> 8);
    id[15] = (uint8_t)n;
}

static inline struct token bed_voucher(const struct bed *b, unsigned n, uint32_t load)
{
    struct token t = {.kind = TOKEN_VOUCHER};
    struct token_voucher *v = &t.u.voucher;
    char code[CODE_DIGITS + 1], ddmm[5];
    uint8_t a[CODE_STRETCHED_LEN];
    memcpy(v->bind.locker, b->cabinet.id, CODE_LOCKER_LEN);
    bed_order_id(n, v->bind.order);
    v->bind.load = load;
    v->not_before_s = BED_NOW_MS / 1000 - 3600;
    v->not_after_s = BED_NOW_MS / 1000 + 14 * BED_DAY_S;
    v->size = TOKEN_SIZE_S;
    v->zone = TOKEN_ZONE_ROOM;
    v->has_v1 = true;
    v->key_epoch = b->cabinet.key.epoch;
    bed_code(n, code);
    bed_ddmm(n, ddmm);
    bed_stretch_secret(code, a);
    code_mac1(&b->cabinet.key, &v->bind, a, v->v1);
    code_mac2(&b->cabinet.key, &v->bind, a, ddmm, v->v2);
    return t;
}

/* A bag of that person, 0: on its own. */
static inline struct token bed_voucher_of(const struct bed *b, unsigned n, uint8_t person)
{
    struct token t = bed_voucher(b, n, 1);
    memset(t.u.voucher.person, person, sizeof t.u.voucher.person);
    return t;
}

static inline struct token bed_key_card(enum event_key key)
{
    struct token t = {.kind = TOKEN_KEY, .u.key.key = (uint8_t)key};
    return t;
}

static inline struct token bed_badge(const struct bed *b, uint8_t staff, const char *pin)
{
    struct token t = {.kind = TOKEN_BADGE};
    struct token_badge *m = &t.u.badge;
    uint8_t a[CODE_STRETCHED_LEN];
    memcpy(m->locker, b->cabinet.id, CODE_LOCKER_LEN);
    memset(m->staff, staff, sizeof m->staff);
    memset(m->badge, staff + 100, sizeof m->badge);
    m->not_after_s = BED_NOW_MS / 1000 + 365 * BED_DAY_S;
    m->key_epoch = b->cabinet.key.epoch;
    bed_stretch_secret(pin, a);
    code_mac_badge(&b->cabinet.key, b->cabinet.id, m->staff, m->badge, a, m->pin_mac);
    return t;
}

static inline struct token bed_label(const struct bed *b, uint16_t door)
{
    struct token t = {.kind = TOKEN_DOOR};
    memcpy(t.u.door.locker, b->cabinet.id, CODE_LOCKER_LEN);
    t.u.door.door = b->cabinet.door[door].number;
    return t;
}

static inline struct token bed_qr(const struct bed *b, unsigned n, uint32_t load)
{
    struct token t = {.kind = TOKEN_PICKUP};
    memcpy(t.u.pickup.bind.locker, b->cabinet.id, CODE_LOCKER_LEN);
    bed_order_id(n, t.u.pickup.bind.order);
    t.u.pickup.bind.load = load;
    t.u.pickup.not_after_s = BED_NOW_MS / 1000 + 14 * BED_DAY_S;
    return t;
}

/* ---------------------------------------------------------------- events */

static inline void bed_note_effects(struct bed *b)
{
    for (unsigned i = 0; i < b->fx->records; i++) {
        b->seen[b->fx->record[i].kind]++;
        b->last[b->fx->record[i].kind] = b->fx->record[i];
    }
    b->outbox += b->fx->records;
    for (unsigned i = 0; i < b->fx->effects; i++) {
        const struct effect *e = &b->fx->effect[i];
        switch (e->kind) {
        case EFFECT_PULSE:
            assert_true(effects_are_durable(b->fx));
            b->pulse = e->u.pulse.serial;
            b->pulse_door = e->u.pulse.door;
            break;
        case EFFECT_STRETCH:
            b->try_id = e->u.stretch.try_id;
            memcpy(b->secret, e->u.stretch.secret, sizeof b->secret);
            break;
        case EFFECT_SCREEN:
            b->screens++;
            break;
        case EFFECT_SOUND:
            b->sounds[e->u.sound]++;
            break;
        case EFFECT_BOARD_RELEASE:
            b->releases++;
            break;
        case EFFECT_WATCH:
        case EFFECT_RPC:
        case EFFECT_KIND_N:
            break;
        }
    }
}

static inline void bed_send(struct bed *b, struct event *ev)
{
    ev->now = b->now;
    ev->outbox = b->outbox;
    effects_clear(b->fx);
    locker_decide(b->l, ev, b->fx);
    const struct world w = {.locker = b->l, .event = ev, .effects = b->fx, .ghost = b->g};
    const struct invariant *broken = invariant_check(&w);
    for (unsigned i = 0; broken != NULL && i < b->fx->records; i++)
        print_error("%s door %u\n", record_type(b->fx->record[i].kind), b->fx->record[i].door);
    if (broken != NULL)
        fail_msg("INV-%02u (%s) broken by event kind %d, number %lu", broken->number, broken->name, (int)ev->kind,
                 b->events);
    invariant_note(b->g, &w);
    b->events++;
    bed_note_effects(b);
    if (b->after != NULL)
        b->after(b);
}

static inline void bed_simple(struct bed *b, enum event_kind kind)
{
    struct event ev = {.kind = kind};
    bed_send(b, &ev);
}

/* Time passes, in ticks of 250 ms at most a second apart. */
static inline void bed_wait(struct bed *b, int64_t ms)
{
    while (ms > 0) {
        int64_t step = ms > 1000 ? 1000 : ms;
        b->now.boot_ms += step;
        b->now.wall_ms += step;
        ms -= step;
        bed_simple(b, EVENT_TICK);
    }
}

static inline void bed_key(struct bed *b, enum event_key key)
{
    struct event ev = {.kind = EVENT_KEY, .u.key = key};
    bed_send(b, &ev);
}

static inline void bed_type(struct bed *b, const char *digits)
{
    for (; *digits != '\0'; digits++)
        bed_key(b, (enum event_key)(EVENT_KEY_0 + (*digits - '0')));
}

static inline void bed_scan(struct bed *b, struct token t)
{
    struct event ev = {.kind = EVENT_SCAN, .u.scan = t};
    bed_send(b, &ev);
}

static inline void bed_verdict(struct bed *b)
{
    struct event ev = {.kind = EVENT_VERDICT};
    ev.u.verdict.try_id = b->try_id;
    ev.u.verdict.result = ERR_OK;
    bed_stretch_secret(b->secret, ev.u.verdict.a);
    b->try_id = 0;
    bed_send(b, &ev);
}

static inline void bed_complete(struct bed *b, enum hw_status status)
{
    struct event ev = {.kind = EVENT_HW, .u.hw.kind = HW_EVENT_COMPLETION};
    ev.u.hw.u.completion.id = b->pulse;
    ev.u.hw.u.completion.door = b->pulse_door;
    ev.u.hw.u.completion.status = status;
    b->acked_pulse = b->pulse;
    bed_send(b, &ev);
}

static inline void bed_sense(struct bed *b, uint16_t door, enum hw_door_state state)
{
    struct event ev = {.kind = EVENT_HW, .u.hw.kind = HW_EVENT_DOOR};
    ev.u.hw.u.door.door = door;
    ev.u.hw.u.door.state = state;
    b->physical[door] = state;
    bed_send(b, &ev);
}

static inline void bed_board(struct bed *b, uint8_t board, enum hw_board_state state, uint16_t moved)
{
    struct event ev = {.kind = EVENT_HW, .u.hw.kind = HW_EVENT_BOARD};
    ev.u.hw.u.board.board = board;
    ev.u.hw.u.board.state = state;
    ev.u.hw.u.board.moved = moved;
    bed_send(b, &ev);
}

static inline void bed_climate(struct bed *b, enum hw_climate_state state, int32_t milli_c)
{
    struct event ev = {.kind = EVENT_HW, .u.hw.kind = HW_EVENT_CLIMATE};
    ev.u.hw.u.climate.state = state;
    ev.u.hw.u.climate.milli_c = milli_c;
    ev.u.hw.u.climate.permille = -1;
    bed_send(b, &ev);
}

static inline void bed_input(struct bed *b, enum hw_input_kind kind, bool known, bool active)
{
    struct event ev = {.kind = EVENT_HW, .u.hw.kind = HW_EVENT_INPUT};
    ev.u.hw.u.input.input = kind;
    ev.u.hw.u.input.known = known;
    ev.u.hw.u.input.active = active;
    bed_send(b, &ev);
}

static inline void bed_withdraw(struct bed *b, unsigned n, uint32_t load, bool expired)
{
    struct event ev = {.kind = EVENT_WITHDRAW, .command = ++b->command};
    bed_order_id(n, ev.u.withdraw.order);
    ev.u.withdraw.load = load;
    ev.u.withdraw.expired = expired;
    bed_send(b, &ev);
}

/* A right with the id k: for load of order n, or (load 0) standing for person n; its code is that of order k, the
 * birthday that of order n. */
static inline struct event bed_grant_event(struct bed *b, unsigned k, unsigned n, uint32_t load)
{
    struct event ev = {.kind = EVENT_CARER_GRANT, .command = ++b->command};
    struct carer *c = &ev.u.grant;
    char code[CODE_DIGITS + 1], ddmm[5];
    uint8_t a[CODE_STRETCHED_LEN];
    memset(c->right.id, (int)k, CODE_CARER_LEN);
    if (load != 0)
        bed_order_id(n, c->right.order);
    else
        memset(c->right.person, (int)n, TOKEN_PERSON_LEN);
    c->right.load = load;
    c->right.not_after_s = BED_NOW_MS / 1000 + 7 * BED_DAY_S;
    c->key_epoch = b->cabinet.key.epoch;
    c->has_v1 = true;
    bed_code(k, code);
    bed_ddmm(n, ddmm);
    bed_stretch_secret(code, a);
    code_mac_carer1(&b->cabinet.key, b->cabinet.id, c->right.id, a, c->v1);
    code_mac_carer2(&b->cabinet.key, b->cabinet.id, c->right.id, a, ddmm, c->v2);
    return ev;
}

static inline void bed_grant(struct bed *b, unsigned k, unsigned n, uint32_t load)
{
    struct event ev = bed_grant_event(b, k, n, load);
    bed_send(b, &ev);
}

static inline void bed_take_back(struct bed *b, unsigned k)
{
    struct event ev = {.kind = EVENT_CARER_REVOKE, .command = ++b->command};
    memset(ev.u.revoke.carer, (int)k, CODE_CARER_LEN);
    ev.u.revoke.not_after_s = BED_NOW_MS / 1000 + 7 * BED_DAY_S;
    bed_send(b, &ev);
}

/* Order n gets the code of order k; the birthday stays. */
static inline void bed_recode(struct bed *b, unsigned n, uint32_t load, unsigned k)
{
    struct event ev = {.kind = EVENT_RECODE, .command = ++b->command};
    struct order_codes *c = &ev.u.recode;
    struct code_binding bind = {.load = load};
    char code[CODE_DIGITS + 1], ddmm[5];
    uint8_t a[CODE_STRETCHED_LEN];
    bed_order_id(n, bind.order);
    memcpy(bind.locker, b->cabinet.id, CODE_LOCKER_LEN);
    memcpy(c->order, bind.order, CODE_ORDER_LEN);
    c->load = load;
    c->key_epoch = b->cabinet.key.epoch;
    c->has_v1 = true;
    memset(c->token, (int)k, sizeof c->token);
    bed_code(k, code);
    bed_ddmm(n, ddmm);
    bed_stretch_secret(code, a);
    code_mac1(&b->cabinet.key, &bind, a, c->v1);
    code_mac2(&b->cabinet.key, &bind, a, ddmm, c->v2);
    bed_send(b, &ev);
}

static inline void bed_contact(struct bed *b, int64_t hub_ms)
{
    struct event ev = {.kind = EVENT_CONTACT, .u.hub_wall_ms = hub_ms};
    bed_send(b, &ev);
}

/* ---------------------------------------------------------------- life */

static inline void bed_start(struct bed *b)
{
    bed_simple(b, EVENT_START);
    for (uint8_t i = 0; i < 4; i++)
        bed_board(b, i, HW_BOARD_OK, 0);
    for (uint16_t i = 0; i < BED_DOORS; i++)
        bed_sense(b, i, b->physical[i]);
    bed_climate(b, HW_CLIMATE_OK, 5000);
    struct event ev = {.kind = EVENT_HW, .u.hw.kind = HW_EVENT_READY};
    bed_send(b, &ev);
}

static inline struct bed *bed_new(void)
{
    struct bed *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->l = calloc(1, sizeof *b->l);
    b->fx = calloc(1, sizeof *b->fx);
    b->g = calloc(1, sizeof *b->g);
    b->cabinet = bed_cabinet();
    b->now = (struct clock_now){.boot = 1, .boot_ms = 10000, .wall_ms = BED_NOW_MS, .quality = CLOCK_NTP};
    for (unsigned i = 0; i < BED_DOORS; i++)
        b->physical[i] = HW_DOOR_CLOSED;
    locker_init(b->l, &b->cabinet, &b->now);
    invariant_ghost_init(b->g, b->l);
    return b;
}

static inline struct bed *bed_ready(void)
{
    struct bed *b = bed_new();
    bed_start(b);
    return b;
}

static inline void bed_free(struct bed *b)
{
    free(b->l);
    free(b->fx);
    free(b->g);
    free(b);
}

/* Keeps what is durable, forgets the rest; off_ms of true time pass without anybody counting. */
static inline void bed_reboot(struct bed *b, int64_t off_ms)
{
    struct locker *old = b->l;
    b->l = calloc(1, sizeof *b->l);
    b->now.boot++;
    b->now.boot_ms = 5000;
    b->now.wall_ms += off_ms;
    b->outbox = 0;
    b->try_id = 0;
    locker_init(b->l, &b->cabinet, &b->now);
    memcpy(b->l->compartment, old->compartment, sizeof old->compartment);
    b->l->orders = old->orders;
    b->l->limiter = old->limiter;
    b->l->badges = old->badges;
    b->l->carers = old->carers;
    b->l->pulse_serial = old->pulse_serial;
    memcpy(b->l->described, old->described, sizeof old->described);
    b->l->floor = old->floor;
    floor_start(&b->l->floor, &b->now);
    free(old);
}

/* ---------------------------------------------------------------- people */

static inline void bed_login(struct bed *b)
{
    bed_scan(b, bed_badge(b, 7, "246813"));
    bed_type(b, "246813");
    bed_key(b, EVENT_KEY_OK);
    bed_verdict(b);
    assert_int_equal(b->l->staff.state, STAFF_MENU);
}

static inline void bed_logout(struct bed *b)
{
    bed_key(b, EVENT_KEY_CLEAR);
    bed_key(b, EVENT_KEY_CLEAR);
    assert_int_equal(b->l->staff.state, STAFF_IDLE);
}

/* The pulsed door opens as it should. */
static inline void bed_opens(struct bed *b)
{
    bed_complete(b, HW_DONE);
    bed_wait(b, 250);
    bed_sense(b, b->pulse_door, HW_DOOR_OPEN);
}

/* The pulsed door stays shut. */
static inline void bed_jams(struct bed *b)
{
    bed_complete(b, HW_DONE);
    bed_wait(b, OPENING_OBSERVE_MS);
}

static inline void bed_put_bag(struct bed *b, uint16_t door, unsigned n, uint32_t load)
{
    b->g->content[door].full = true;
    bed_order_id(n, b->g->content[door].order);
    b->g->content[door].load = load;
}

/* Staff comes and puts bag 1 behind door 0: the label of the door is awaited. */
static inline void bed_load_until_label(struct bed *b)
{
    bed_login(b);
    bed_scan(b, bed_voucher(b, 1, 1));
    bed_opens(b);
    bed_put_bag(b, 0, 1, 1);
    bed_sense(b, 0, HW_DOOR_CLOSED);
}

static inline void bed_take_bag(struct bed *b, uint16_t door)
{
    b->g->content[door].full = false;
}

/* In a staff session: loads the bag of the voucher, returns its door. */
static inline uint16_t bed_load_token(struct bed *b, struct token t, unsigned n)
{
    bed_wait(b, 2000);
    bed_scan(b, t);
    assert_int_equal(b->l->staff.state, STAFF_LOAD);
    uint16_t door = b->pulse_door;
    bed_opens(b);
    bed_put_bag(b, door, n, t.u.voucher.bind.load);
    bed_wait(b, 3000);
    bed_sense(b, door, HW_DOOR_CLOSED);
    assert_int_equal(b->l->staff.state, STAFF_LABEL);
    bed_scan(b, bed_label(b, door));
    assert_int_equal(b->l->compartment[door].state, COMPARTMENT_LOADED);
    return door;
}

/* A whole visit of staff for one bag. */
static inline uint16_t bed_load(struct bed *b, unsigned n, uint32_t load)
{
    bed_login(b);
    uint16_t door = bed_load_token(b, bed_voucher(b, n, load), n);
    bed_logout(b);
    bed_wait(b, 2000);
    return door;
}

/* Types order n's code; the verdict comes at once. */
static inline void bed_enter_code(struct bed *b, unsigned n)
{
    char code[CODE_DIGITS + 1];
    bed_code(n, code);
    bed_type(b, code);
    if (b->l->pickup.state == PICKUP_BIRTHDAY) {
        char ddmm[5];
        bed_ddmm(n, ddmm);
        bed_type(b, ddmm);
    }
    if (b->try_id != 0)
        bed_verdict(b);
}

static inline void bed_wrong_code(struct bed *b)
{
    bed_enter_code(b, 40000);
}

static inline void bed_take_and_close(struct bed *b, uint16_t door)
{
    bed_take_bag(b, door);
    bed_wait(b, 2000);
    bed_sense(b, door, HW_DOOR_CLOSED);
}

static inline struct order *bed_order(struct bed *b, unsigned n)
{
    uint8_t id[CODE_ORDER_LEN];
    bed_order_id(n, id);
    uint16_t slot = order_find(&b->l->orders, id);
    return slot == ORDER_NONE ? NULL : &b->l->orders.slot[slot];
}

static inline enum screen_id bed_screen(const struct bed *b)
{
    return locker_screen(b->l)->id;
}

static inline enum screen_notice bed_notice(const struct bed *b)
{
    return locker_screen(b->l)->notice;
}

/* One bed for each test. */
static inline int bed_setup(void **state)
{
    *state = bed_ready();
    return 0;
}

static inline int bed_teardown(void **state)
{
    bed_free(*state);
    return 0;
}

#define BED_TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

#endif
