/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/loading.h"

#include <assert.h>
#include <string.h>

#include "controller/allot.h"
#include "controller/gate.h"
#include "controller/ledger.h"

#define ROOM_PERCENT 90u

/* The label itself: for us, of our keys, not expired. */
static enum screen_notice judge_label(const struct locker *l, const struct token_voucher *v)
{
    if (memcmp(v->bind.locker, l->cabinet.id, CODE_LOCKER_LEN) != 0)
        return SCREEN_NOTICE_WRONG_LOCKER;
    if (v->key_epoch != l->cabinet.key.epoch)
        return SCREEN_NOTICE_WRONG_KEY;
    return floor_is_expired(&l->floor, v->not_after_s) ? SCREEN_NOTICE_EXPIRED : SCREEN_NOTICE_NONE;
}

/* What is known of the order already; o may be NULL. */
static enum screen_notice judge_order(const struct order *o, const struct token_voucher *v, uint16_t *door)
{
    if (o == NULL)
        return SCREEN_NOTICE_NONE;
    *door = o->door;
    if (order_is_live(o) || o->door_name[0] != '\0')
        return SCREEN_NOTICE_IN_LOCKER;
    if (v->bind.load > o->newest)
        return SCREEN_NOTICE_NONE;
    if (v->bind.load < o->load || v->bind.load < o->newest)
        return SCREEN_NOTICE_OLD_LABEL;
    return o->state == ORDER_DONE ? SCREEN_NOTICE_COLLECTED : SCREEN_NOTICE_WITHDRAWN;
}

static enum screen_notice judge_gate(enum gate gate)
{
    static const enum screen_notice notices[GATE_N] = {
        [GATE_OPEN] = SCREEN_NOTICE_NONE,         [GATE_BUSY] = SCREEN_NOTICE_TRY_LATER,
        [GATE_SUPPLY] = SCREEN_NOTICE_SUPPLY,     [GATE_BOARD] = SCREEN_NOTICE_BOARD,
        [GATE_DOORS] = SCREEN_NOTICE_CLOSE_DOORS,
    };
    return notices[gate];
}

static bool has_room(struct locker *l, struct effects *fx)
{
    if (locker_live_orders(l) >= ORDER_LIVE_MAX)
        return false;
    if (locker_outbox_has_room(l, ROOM_PERCENT, 1))
        return true;
    if (!l->told_quota)
        effects_record(fx, RECORD_STORE_ALARM, CABINET_NO_DOOR)->u.store = RECORD_STORE_QUOTA;
    l->told_quota = true;
    return false;
}

void loading_on_voucher(struct locker *l, const struct token_voucher *v, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    uint16_t named = CABINET_NO_DOOR;
    uint16_t slot = order_find(&l->orders, v->bind.order);
    enum screen_notice notice = judge_label(l, v);
    if (notice == SCREEN_NOTICE_NONE)
        notice = judge_order(slot == ORDER_NONE ? NULL : &l->orders.slot[slot], v, &named);
    if (notice == SCREEN_NOTICE_NONE && !has_room(l, fx))
        notice = SCREEN_NOTICE_FULL;
    uint16_t blocker = CABINET_NO_DOOR;
    uint16_t door = notice == SCREEN_NOTICE_NONE ? allot_choose(l, v) : CABINET_NO_DOOR;
    if (door != CABINET_NO_DOOR) {
        notice = judge_gate(gate_check(l, door, GATE_FOR_LOADING, ev->now.boot_ms, &blocker));
        named = blocker;
    } else if (notice == SCREEN_NOTICE_NONE) {
        named = allot_choose_untested(l, v);
        notice = named != CABINET_NO_DOOR ? SCREEN_NOTICE_UNTESTED : SCREEN_NOTICE_NO_DOOR;
    }
    if (notice == SCREEN_NOTICE_NONE && slot == ORDER_NONE)
        slot = order_take_slot(&l->orders, &l->floor, false);
    if (notice == SCREEN_NOTICE_NONE && slot == ORDER_NONE)
        notice = SCREEN_NOTICE_FULL;
    if (notice != SCREEN_NOTICE_NONE) {
        staff_refuse(s, notice, named, ev, fx);
        return;
    }
    struct order *o = &l->orders.slot[slot];
    order_begin(o, v);
    ledger_load(l, slot, door, fx);
    s->order = slot;
    s->was_open = false;
    opening_reset(&s->opening);
    const struct record_actor actor = record_by_staff(s->badge.staff);
    gate_pulse(l, door, &s->opening, &actor, o, ev, fx);
    staff_enter(s, STAFF_LOAD, ev);
    effects_add(fx, EFFECT_SOUND)->u.sound = SCREEN_SOUND_OK;
}

void loading_on_label(struct locker *l, uint16_t door, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    assert(s->state == STAFF_LABEL && s->was_open);
    if (door != s->opening.door) {
        staff_notice(s, SCREEN_NOTICE_WRONG_LABEL, s->opening.door);
        effects_add(fx, EFFECT_SOUND)->u.sound = SCREEN_SOUND_REFUSED;
        return;
    }
    if (locker_contact(l, door) != HW_DOOR_CLOSED) {
        staff_notice(s, SCREEN_NOTICE_BOARD, door);
        return;
    }
    ledger_confirm(l, s->order, s->badge.staff, fx);
    staff_to_menu(s, SCREEN_NOTICE_LOADED, door, ev);
    effects_add(fx, EFFECT_SOUND)->u.sound = SCREEN_SOUND_OK;
}

void loading_abandon(struct locker *l, enum screen_notice notice, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    uint16_t door = s->opening.door;
    ledger_abandon(l, door, notice == SCREEN_NOTICE_DID_NOT_OPEN ? COMPARTMENT_JAM : COMPARTMENT_ABANDON, fx);
    staff_to_menu(s, notice, door, ev);
}

void loading_retry(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    uint16_t blocker;
    assert(s->state == STAFF_LOAD);
    if (s->opening.phase != OPENING_JAMMED)
        return;
    enum screen_notice notice = judge_gate(gate_check(l, s->opening.door, GATE_FOR_LOADING, ev->now.boot_ms, &blocker));
    staff_notice(s, notice, blocker);
    if (notice != SCREEN_NOTICE_NONE)
        return;
    const struct record_actor actor = record_by_staff(s->badge.staff);
    gate_pulse(l, s->opening.door, &s->opening, &actor, &l->orders.slot[s->order], ev, fx);
}
