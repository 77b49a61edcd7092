/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/inspection.h"

#include <assert.h>
#include <string.h>

#include "controller/commission.h"
#include "controller/gate.h"
#include "controller/ledger.h"

/* A bag that can be collected is nobody's to look at. */
static bool may_look(const struct locker *l, uint16_t door)
{
    const struct compartment *c = &l->compartment[door];
    if (c->state != COMPARTMENT_LOADED)
        return c->state != COMPARTMENT_LOADING && c->state != COMPARTMENT_OPENING;
    uint16_t slot = ledger_order_at(l, door);
    if (slot == ORDER_NONE)
        return true;
    const struct order *o = &l->orders.slot[slot];
    return o->state != ORDER_READY || floor_is_expired(&l->floor, o->not_after_s) ||
           floor_is_past_lease(&l->floor, o->cls, o->loaded_ms);
}

static void pulse(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    uint16_t slot = ledger_order_at(l, s->opening.door);
    const struct record_actor actor = record_by_staff(s->badge.staff);
    s->proof = commission_is_needed(l, s->opening.door) ? STAFF_PROOF_PULSED : STAFF_PROOF_NONE;
    gate_pulse(l, s->opening.door, &s->opening, &actor, slot == ORDER_NONE ? NULL : &l->orders.slot[slot], ev, fx);
}

/* The boards of a door after a wiring fault: people stand before it and will see what moves. */
static bool release_boards(struct locker *l, uint16_t door, struct effects *fx)
{
    const struct cabinet_door *d = &l->cabinet.door[door];
    bool stopped = l->board[d->board].state == HW_BOARD_STOPPED;
    if (stopped)
        effects_add(fx, EFFECT_BOARD_RELEASE)->u.board = d->board;
    return stopped;
}

static uint16_t first_unknown(const struct locker *l)
{
    for (uint16_t i = 0; i < l->cabinet.doors; i++)
        if (locker_contact(l, i) == HW_DOOR_UNKNOWN && !locker_is_given_up(l, i))
            return i;
    return CABINET_NO_DOOR;
}

/* A door that is to be commissioned opens alone: whatever stands open then is what its lock opened. */
static enum screen_notice judge_gate(const struct locker *l, uint16_t door, uint16_t *named, const struct event *ev)
{
    static const enum screen_notice notices[GATE_N] = {
        [GATE_OPEN] = SCREEN_NOTICE_NONE,   [GATE_BUSY] = SCREEN_NOTICE_TRY_LATER, [GATE_SUPPLY] = SCREEN_NOTICE_SUPPLY,
        [GATE_BOARD] = SCREEN_NOTICE_BOARD, [GATE_DOORS] = SCREEN_NOTICE_BOARD,
    };
    uint16_t blocker;
    bool alone = commission_is_needed(l, door);
    enum gate gate = gate_check(l, door, alone ? GATE_FOR_LOADING : GATE_FOR_INSPECTION, ev->now.boot_ms, &blocker);
    *named = door;
    if (gate != GATE_DOORS || !alone)
        return notices[gate];
    *named = blocker != CABINET_NO_DOOR ? blocker : first_unknown(l);
    return blocker != CABINET_NO_DOOR ? SCREEN_NOTICE_CLOSE_DOORS : SCREEN_NOTICE_BOARD;
}

void inspection_on_door(struct locker *l, uint16_t door, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    if (door == CABINET_NO_DOOR) {
        staff_refuse(s, SCREEN_NOTICE_UNKNOWN_DOOR, door, ev, fx);
        return;
    }
    if (!may_look(l, door)) {
        staff_refuse(s, SCREEN_NOTICE_NOT_FOR_LOOK, door, ev, fx);
        return;
    }
    if (release_boards(l, door, fx)) {
        staff_to_menu(s, SCREEN_NOTICE_RELEASED, door, ev);
        return;
    }
    bool is_open = locker_contact(l, door) == HW_DOOR_OPEN;
    uint16_t named = door;
    enum screen_notice notice = is_open ? SCREEN_NOTICE_NONE : judge_gate(l, door, &named, ev);
    if (notice != SCREEN_NOTICE_NONE) {
        staff_refuse(s, notice, named, ev, fx);
        return;
    }
    ledger_inspect(l, door, fx);
    opening_reset(&s->opening);
    s->opening.door = door;
    s->was_open = is_open;
    s->order = ORDER_NONE;
    s->proof = STAFF_PROOF_NONE;
    if (is_open)
        opening_already_open(&s->opening, door, floor_stamp_ms(&l->floor));
    else
        pulse(l, ev, fx);
    staff_enter(s, STAFF_INSPECT, ev);
    effects_add(fx, EFFECT_SOUND)->u.sound = SCREEN_SOUND_OK;
}

/* What was in it may be said only once nobody can reach into it any more. */
static bool is_closed_again(struct staff *s, const struct locker *l, struct effects *fx)
{
    if (locker_contact(l, s->opening.door) == HW_DOOR_CLOSED)
        return true;
    staff_notice(s, SCREEN_NOTICE_CLOSE_DOORS, s->opening.door);
    effects_add(fx, EFFECT_SOUND)->u.sound = SCREEN_SOUND_REFUSED;
    return false;
}

void inspection_on_empty(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    assert(s->state == STAFF_INSPECT_ASK && s->was_open);
    uint16_t door = s->opening.door;
    if (!is_closed_again(s, l, fx))
        return;
    ledger_empty(l, door, s->badge.staff, fx);
    staff_to_menu(s, SCREEN_NOTICE_FREED, door, ev);
    effects_add(fx, EFFECT_SOUND)->u.sound = SCREEN_SOUND_OK;
}

void inspection_on_voucher(struct locker *l, const struct token_voucher *v, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    assert(s->state == STAFF_INSPECT_ASK && s->was_open);
    uint16_t door = s->opening.door;
    if (!is_closed_again(s, l, fx))
        return;
    uint16_t slot = ledger_order_at(l, door);
    const struct order *o = slot == ORDER_NONE ? NULL : &l->orders.slot[slot];
    bool belongs = o != NULL && memcmp(v->bind.locker, l->cabinet.id, CODE_LOCKER_LEN) == 0 &&
                   memcmp(v->bind.order, o->id, CODE_ORDER_LEN) == 0 && v->bind.load == o->load;
    if (belongs && o->state == ORDER_READY && commission_is_needed(l, door)) {
        staff_refuse(s, SCREEN_NOTICE_NOT_TESTED, door, ev, fx);
    } else if (belongs && o->state == ORDER_READY) {
        ledger_keep(l, door, fx);
        staff_to_menu(s, SCREEN_NOTICE_KEPT, door, ev);
        effects_add(fx, EFFECT_SOUND)->u.sound = SCREEN_SOUND_OK;
    } else {
        staff_refuse(s, belongs ? SCREEN_NOTICE_TAKE_OUT : SCREEN_NOTICE_CHECK, door, ev, fx);
    }
}

void inspection_on_closed(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    staff_enter(s, STAFF_INSPECT_ASK, ev);
    staff_notice(s, commission_on_closed(l, fx), s->opening.door);
}

void inspection_retry(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    assert(s->state == STAFF_INSPECT);
    if (s->opening.phase != OPENING_JAMMED)
        return;
    uint16_t named;
    enum screen_notice notice = judge_gate(l, s->opening.door, &named, ev);
    staff_notice(s, notice, named);
    if (notice == SCREEN_NOTICE_NONE)
        pulse(l, ev, fx);
}
