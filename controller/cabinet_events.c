/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/cabinet_events.h"

#include <assert.h>

#include "controller/commission.h"
#include "controller/gate.h"
#include "controller/handover.h"
#include "controller/ledger.h"

static bool pickup_is_at(const struct locker *l, uint16_t door)
{
    return l->pickup.state == PICKUP_DOOR && l->pickup.opening.door == door;
}

static bool staff_is_at(const struct locker *l, uint16_t door)
{
    return l->staff.state >= STAFF_LOAD && l->staff.opening.door == door;
}

static bool pulsed_lately(const struct locker *l, uint16_t door, int64_t boot_ms)
{
    return l->pulse_ms != 0 && l->pulse_door == door && boot_ms - l->pulse_ms <= CABINET_PULSE_OPENS_MS;
}

/* Takes a door away from whoever is at it; cause is FORCE, LOSE or UNCONFIRM (wrong door moved). */
static void take_away(struct locker *l, uint16_t door, enum compartment_cause cause, const struct event *ev,
                      struct effects *fx)
{
    bool staff = staff_is_at(l, door);
    bool patient = pickup_is_at(l, door);
    switch (l->compartment[door].state) {
    case COMPARTMENT_OPENING:
        ledger_pickup_end(l, l->pickup.order, cause, fx);
        break;
    case COMPARTMENT_LOADING:
        ledger_abandon(l, door, cause == COMPARTMENT_UNCONFIRM ? COMPARTMENT_ABANDON : cause, fx);
        break;
    case COMPARTMENT_FREE:
    case COMPARTMENT_LOADED:
    case COMPARTMENT_TAKEN:
    case COMPARTMENT_CHECK:
    case COMPARTMENT_FORCED:
    case COMPARTMENT_OUT:
    case COMPARTMENT_STATE_N:
        (void)ledger_step(l, door, cause, fx);
        break;
    }
    if (patient)
        handover_lose_door(l, ev, fx);
    if (staff)
        staff_lose_door(l, cause == COMPARTMENT_UNCONFIRM ? SCREEN_NOTICE_WRONG_DOOR : SCREEN_NOTICE_BOARD, ev, fx);
}

/* ---------------------------------------------------------------- doors */

static bool was_expected(const struct locker *l, uint16_t door, int64_t boot_ms)
{
    const struct opening *o = pickup_is_at(l, door)  ? &l->pickup.opening
                              : staff_is_at(l, door) ? &l->staff.opening
                                                     : NULL;
    return o != NULL && opening_expects(o, door) && (o->phase == OPENING_OPEN || pulsed_lately(l, door, boot_ms));
}

static void tell_opened(struct locker *l, uint16_t door, struct effects *fx)
{
    struct record *rec = effects_record(fx, RECORD_OPENED, door);
    ledger_name_order_at(l, door, &rec->order);
    rec->pulse = l->pulse_serial;
}

static void on_surprise(struct locker *l, uint16_t door, bool first_look, const struct event *ev, struct effects *fx)
{
    if (first_look && compartment_next(l->compartment[door].state, COMPARTMENT_DISAGREE) == COMPARTMENT_CHECK) {
        (void)ledger_step(l, door, COMPARTMENT_DISAGREE, fx);
        return;
    }
    if (first_look && compartment_needs_people(&l->compartment[door]))
        return;
    /* Staff turned away from a door whose pulse was still at work: it is set aside already. */
    if (l->compartment[door].state == COMPARTMENT_CHECK && pulsed_lately(l, door, ev->now.boot_ms)) {
        tell_opened(l, door, fx);
        return;
    }
    if (l->compartment[door].state == COMPARTMENT_FORCED) {
        l->door[door].is_old_news = true;
        return;
    }
    struct record *rec = effects_record(fx, RECORD_FORCED, door);
    ledger_name_order_at(l, door, &rec->order);
    take_away(l, door, COMPARTMENT_FORCE, ev, fx);
    effects_add(fx, EFFECT_SOUND)->u.sound = SCREEN_SOUND_REFUSED;
}

static void tell_closed(struct locker *l, uint16_t door, struct effects *fx)
{
    struct record *rec = effects_record(fx, RECORD_CLOSED, door);
    ledger_name_order_at(l, door, &rec->order);
}

/* The session at this door hears of it; false when nobody is there who waits for it. */
static bool tell_session(struct locker *l, uint16_t door, enum hw_door_state state, const struct event *ev,
                         struct effects *fx)
{
    int64_t stamp_ms = floor_stamp_ms(&l->floor);
    enum opening_news news = OPENING_NO_NEWS;
    if (pickup_is_at(l, door)) {
        news = opening_on_door(&l->pickup.opening, door, state, stamp_ms);
        handover_on_news(l, news, ev, fx);
    } else if (staff_is_at(l, door)) {
        news = opening_on_door(&l->staff.opening, door, state, stamp_ms);
        staff_on_news(l, news, ev, fx);
    }
    return news != OPENING_NO_NEWS;
}

static void on_open(struct locker *l, uint16_t door, bool first_look, const struct event *ev, struct effects *fx)
{
    struct locker_door *d = &l->door[door];
    d->open_ms = ev->now.boot_ms;
    d->open_wall_ms = floor_stamp_ms(&l->floor);
    d->told_left_open = false;
    if (was_expected(l, door, ev->now.boot_ms))
        (void)tell_session(l, door, HW_DOOR_OPEN, ev, fx);
    else
        on_surprise(l, door, first_look, ev, fx);
}

static void on_close(struct locker *l, uint16_t door, const struct event *ev, struct effects *fx)
{
    struct locker_door *d = &l->door[door];
    bool is_news = d->open_ms != 0 && (!d->is_old_news || d->told_left_open);
    d->open_ms = 0;
    d->told_left_open = false;
    d->is_old_news = false;
    d->pulsed_ms = 0;
    if (!tell_session(l, door, HW_DOOR_CLOSED, ev, fx) && is_news)
        tell_closed(l, door, fx);
}

static void on_door(struct locker *l, const struct event *ev, struct effects *fx)
{
    uint16_t door = ev->u.hw.u.door.door;
    enum hw_door_state state = ev->u.hw.u.door.state;
    if (door >= l->cabinet.doors || state > HW_DOOR_OPEN)
        return;
    struct locker_door *d = &l->door[door];
    bool first_look = !d->seen;
    bool was_open = d->open_ms != 0; /* as last known, also across a time without readings */
    d->sensor = state;
    if (state == HW_DOOR_UNKNOWN)
        return;
    d->seen = true;
    if (state == HW_DOOR_OPEN && !was_open)
        on_open(l, door, first_look, ev, fx);
    else if (state == HW_DOOR_CLOSED)
        on_close(l, door, ev, fx);
}

/* ---------------------------------------------------------------- pulses and boards */

static void on_completion(struct locker *l, const struct event *ev, struct effects *fx)
{
    uint64_t serial = ev->u.hw.u.completion.id;
    enum hw_status status = ev->u.hw.u.completion.status;
    gate_on_completion(l, serial, ev->u.hw.u.completion.status, ev->now.boot_ms);
    if (l->pickup.state == PICKUP_DOOR)
        handover_on_news(l, opening_on_completion(&l->pickup.opening, serial, status, ev->now.boot_ms), ev, fx);
    staff_on_news(l, opening_on_completion(&l->staff.opening, serial, status, ev->now.boot_ms), ev, fx);
}

/* Staff hears of another door also while the right one is open; a patient is left to collect then. */
static bool is_disturbed(const struct locker *l, uint16_t door, uint16_t moved)
{
    bool staff = staff_is_at(l, door);
    enum opening_phase phase = staff ? l->staff.opening.phase : l->pickup.opening.phase;
    bool waits = phase == OPENING_PULSED || phase == OPENING_JAMMED;
    return staff ? waits || moved != door : waits && pickup_is_at(l, door);
}

/* Another door than the one pulsed moved, or the relay of moved stays on. */
static void on_mismatch(struct locker *l, uint8_t board, uint16_t moved, const struct event *ev, struct effects *fx)
{
    if (l->pulse_ms == 0 || moved >= l->cabinet.doors)
        return;
    /* Long after the last pulse it is a relay that stays on: nothing that the door pulsed last has to do with. */
    bool lately = ev->now.boot_ms - l->pulse_ms <= OPENING_WATCH_MS;
    uint16_t door = lately ? l->pulse_door : moved;
    struct record *rec = effects_record(fx, RECORD_MISMATCH, door);
    rec->u.mismatch.moved = moved;
    rec->u.mismatch.board = board;
    if (is_disturbed(l, door, moved))
        take_away(l, door, COMPARTMENT_UNCONFIRM, ev, fx);
    if (moved == door)
        return;
    commission_revoke(l, door, fx);
    commission_revoke(l, moved, fx);
}

static void on_board(struct locker *l, const struct event *ev, struct effects *fx)
{
    uint8_t board = ev->u.hw.u.board.board;
    enum hw_board_state state = ev->u.hw.u.board.state;
    if (board >= l->cabinet.boards || state > HW_BOARD_STOPPED || l->board[board].state == state)
        return;
    struct locker_board *b = &l->board[board];
    bool answers = state == HW_BOARD_OK || state == HW_BOARD_STOPPED;
    b->state = state;
    if (answers) {
        b->silent_ms = 0;
        b->given_up = false;
    } else if (b->silent_ms == 0) {
        b->silent_ms = ev->now.boot_ms;
    }
    struct record *rec = state == HW_BOARD_UNKNOWN ? NULL : locker_note(l, RECORD_BOARD_CHANGED, fx);
    if (rec != NULL) {
        rec->u.board.board = board;
        rec->u.board.state = state;
    }
    bool is_news = state == HW_BOARD_STOPPED && !b->told_stopped;
    b->told_stopped = state == HW_BOARD_STOPPED || (b->told_stopped && state != HW_BOARD_OK);
    if (is_news)
        on_mismatch(l, board, ev->u.hw.u.board.moved, ev, fx);
}

static void give_up_board(struct locker *l, uint8_t board, const struct event *ev, struct effects *fx)
{
    l->board[board].given_up = true;
    for (uint16_t i = 0; i < l->cabinet.doors; i++) {
        const struct cabinet_door *d = &l->cabinet.door[i];
        if (d->board == board || d->sense_board == board)
            take_away(l, i, COMPARTMENT_LOSE, ev, fx);
    }
}

/* ---------------------------------------------------------------- climate and inputs */

static enum record_climate judge_climate(const struct locker *l, uint8_t i, const struct hw_event *hw)
{
    const struct cabinet_climate *c = &l->cabinet.climate[i];
    int32_t back = l->climate[i].state == RECORD_CLIMATE_EXCURSION ? CABINET_CLIMATE_BACK_MILLI_C : 0;
    int32_t milli_c = hw->u.climate.milli_c;
    switch (hw->u.climate.state) {
    case HW_CLIMATE_MISSING:
        return RECORD_CLIMATE_MISSING;
    case HW_CLIMATE_STUCK:
        return RECORD_CLIMATE_STUCK;
    case HW_CLIMATE_OK:
        break;
    }
    return milli_c < c->min_milli_c + back || milli_c > c->max_milli_c - back ? RECORD_CLIMATE_EXCURSION
                                                                              : RECORD_CLIMATE_OK;
}

static void on_climate(struct locker *l, const struct event *ev, struct effects *fx)
{
    const struct hw_event *hw = &ev->u.hw;
    uint8_t i = hw->u.climate.climate;
    if (i >= l->cabinet.climates || hw->u.climate.state > HW_CLIMATE_STUCK)
        return;
    enum record_climate before = l->climate[i].state;
    l->climate[i].state = judge_climate(l, i, hw);
    l->climate[i].milli_c = hw->u.climate.milli_c;
    l->climate[i].permille = hw->u.climate.permille;
    struct record *rec = before == l->climate[i].state ? NULL : locker_note(l, RECORD_CLIMATE_CHANGED, fx);
    if (rec != NULL) {
        rec->u.climate.climate = i;
        rec->u.climate.state = l->climate[i].state;
        rec->u.climate.milli_c = hw->u.climate.milli_c;
    }
}

static void on_input(struct locker *l, const struct event *ev, struct effects *fx)
{
    enum hw_input_kind kind = ev->u.hw.u.input.input;
    if (kind >= HW_INPUT_N)
        return;
    struct locker_input *in = &l->input[kind];
    bool known = ev->u.hw.u.input.known;
    bool active = known && ev->u.hw.u.input.active;
    bool news = known && (active != in->active || (!in->known && active));
    in->known = known;
    if (known)
        in->active = active;
    struct record *rec = news ? locker_note(l, RECORD_INPUT_CHANGED, fx) : NULL;
    if (rec != NULL) {
        rec->u.input.input = kind;
        rec->u.input.active = active;
    }
}

void cabinet_on_hw(struct locker *l, const struct event *ev, struct effects *fx)
{
    switch (ev->u.hw.kind) {
    case HW_EVENT_READY:
        l->ready = true;
        break;
    case HW_EVENT_COMPLETION:
        on_completion(l, ev, fx);
        break;
    case HW_EVENT_DOOR:
        on_door(l, ev, fx);
        break;
    case HW_EVENT_BOARD:
        on_board(l, ev, fx);
        break;
    case HW_EVENT_CLIMATE:
        on_climate(l, ev, fx);
        break;
    case HW_EVENT_INPUT:
        on_input(l, ev, fx);
        break;
    }
}

/* ---------------------------------------------------------------- time */

static void watch_open_door(struct locker *l, uint16_t door, const struct event *ev, struct effects *fx)
{
    struct locker_door *d = &l->door[door];
    if (d->open_ms == 0 || d->told_left_open || ev->now.boot_ms - d->open_ms < OPENING_LEFT_OPEN_MS)
        return;
    d->told_left_open = true;
    struct record *rec = effects_record(fx, RECORD_LEFT_OPEN, door);
    ledger_name_order_at(l, door, &rec->order);
    rec->u.since_ms = d->open_wall_ms;
}

static void sound_buzzer(struct locker *l, const struct event *ev, struct effects *fx)
{
    bool wanted = false;
    for (uint16_t i = 0; i < l->cabinet.doors; i++)
        wanted = wanted || (l->door[i].open_ms != 0 && ev->now.boot_ms - l->door[i].open_ms >= OPENING_BUZZER_MS);
    wanted = wanted && !staff_is_entered(&l->staff);
    if (wanted == l->buzzer)
        return;
    l->buzzer = wanted;
    effects_add(fx, EFFECT_SOUND)->u.sound = wanted ? SCREEN_SOUND_BUZZER_ON : SCREEN_SOUND_BUZZER_OFF;
}

void cabinet_on_tick(struct locker *l, const struct event *ev, struct effects *fx)
{
    gate_on_tick(l, ev->now.boot_ms);
    for (uint16_t i = 0; i < l->cabinet.doors; i++)
        watch_open_door(l, i, ev, fx);
    for (uint8_t i = 0; i < l->cabinet.boards; i++) {
        const struct locker_board *b = &l->board[i];
        if (b->silent_ms != 0 && !b->given_up && ev->now.boot_ms - b->silent_ms > LOCKER_BOARD_LOST_MS)
            give_up_board(l, i, ev, fx);
    }
    sound_buzzer(l, ev, fx);
}
