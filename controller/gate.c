/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/gate.h"

#include <assert.h>
#include <string.h>

bool gate_boards_are_fine(const struct locker *l, uint16_t door)
{
    const struct cabinet_door *d = &l->cabinet.door[door];
    enum hw_board_state sense = l->board[d->sense_board].state;
    return l->board[d->board].state == HW_BOARD_OK && (sense == HW_BOARD_OK || sense == HW_BOARD_STOPPED);
}

/* Every door closed and known, but for those given up; an open one is named before an unknown one. */
static bool all_closed(const struct locker *l, uint16_t *blocker)
{
    bool closed = true;
    *blocker = CABINET_NO_DOOR;
    for (uint16_t i = 0; i < l->cabinet.doors; i++) {
        enum hw_door_state s = locker_contact(l, i);
        if (s == HW_DOOR_CLOSED || locker_is_given_up(l, i))
            continue;
        closed = false;
        if (s == HW_DOOR_OPEN && *blocker == CABINET_NO_DOOR)
            *blocker = i;
    }
    return closed;
}

enum gate gate_check(const struct locker *l, uint16_t door, enum gate_why why, int64_t boot_ms, uint16_t *blocker)
{
    assert(door < l->cabinet.doors);
    *blocker = CABINET_NO_DOOR;
    if (l->input[HW_INPUT_BATTERY].known && l->input[HW_INPUT_BATTERY].active)
        return GATE_SUPPLY;
    if (!l->ready || !gate_boards_are_fine(l, door))
        return GATE_BOARD;
    if (why != GATE_FOR_INSPECTION) {
        if (!all_closed(l, blocker))
            return GATE_DOORS;
    } else if (locker_contact(l, door) != HW_DOOR_CLOSED) {
        return GATE_DOORS;
    }
    return l->pulse_pending != 0 || boot_ms < l->coil_until_ms ? GATE_BUSY : GATE_OPEN;
}

void gate_pulse(struct locker *l, uint16_t door, struct opening *opening, const struct record_actor *actor,
                const struct order *order, const struct event *ev, struct effects *fx)
{
    enum compartment_state state = l->compartment[door].state;
    assert(state == COMPARTMENT_OPENING || state == COMPARTMENT_LOADING || state == COMPARTMENT_CHECK);
    assert(l->pulse_pending == 0);
    uint64_t serial = ++l->pulse_serial;
    fx->meta = true;
    opening_pulse(opening, door, serial, ev->now.boot_ms, floor_stamp_ms(&l->floor));

    struct record *rec = effects_record(fx, RECORD_PULSED, door);
    rec->pulse = serial;
    rec->try = opening->pulses;
    rec->actor = *actor;
    if (order != NULL) {
        rec->order.present = true;
        memcpy(rec->order.id, order->id, CODE_ORDER_LEN);
        rec->order.load = order->load;
    }

    l->pulse_pending = serial;
    l->pulse_door = door;
    l->pulse_ms = ev->now.boot_ms;
    l->door[door].pulsed_ms = ev->now.boot_ms;
    l->coil_until_ms = ev->now.boot_ms + LOCKER_COIL_MS;
    struct effect *watch = effects_add(fx, EFFECT_WATCH);
    watch->u.watch.door = door;
    watch->u.watch.until_boot_ms = ev->now.boot_ms + OPENING_WATCH_MS;
    struct effect *pulse = effects_add(fx, EFFECT_PULSE);
    pulse->u.pulse.serial = serial;
    pulse->u.pulse.door = door;
}

void gate_on_completion(struct locker *l, uint64_t serial, enum hw_status status, int64_t boot_ms)
{
    if (serial == 0 || l->pulse_pending != serial)
        return;
    l->pulse_pending = 0;
    l->coil_until_ms = status == HW_FAILED ? boot_ms + LOCKER_COIL_MS : boot_ms;
}

void gate_on_tick(struct locker *l, int64_t boot_ms)
{
    if (l->pulse_pending != 0 && boot_ms >= l->pulse_ms + 2 * OPENING_COMPLETE_MS)
        l->pulse_pending = 0;
    for (uint16_t i = 0; i < l->cabinet.doors; i++) {
        struct locker_door *d = &l->door[i];
        if (d->pulsed_ms != 0 && boot_ms - d->pulsed_ms >= LOCKER_DOUBT_MS && locker_contact(l, i) == HW_DOOR_CLOSED)
            d->pulsed_ms = 0;
    }
}
