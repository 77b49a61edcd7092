/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/record.h"

#include <assert.h>
#include <string.h>

typedef void (*put_fn)(cJSON *dat, const struct record *rec, const struct cabinet *cab);

static const char *door_name(const struct cabinet *cab, uint16_t door)
{
    assert(door < cab->doors);
    return cab->door[door].name;
}

static void put_door(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    json_put_text(dat, "door", door_name(cab, rec->door));
}

static void put_order(cJSON *dat, const struct record *rec)
{
    if (!rec->order.present)
        return;
    json_put_hex(dat, "ord", rec->order.id, CODE_ORDER_LEN);
    json_put_int(dat, "lod", rec->order.load);
}

static void put_staff(cJSON *dat, const struct record *rec)
{
    json_put_hex(dat, "staff", rec->actor.staff, RECORD_STAFF_LEN);
}

static void put_actor(cJSON *dat, const struct record *rec)
{
    static const char *const kinds[] = {"none", "code", "token", "staff", "carer", "remote"};
    cJSON *actor = json_put_object(dat, "actor");
    json_put_text(actor, "kind", kinds[rec->actor.kind]);
    if (rec->actor.kind == RECORD_ACTOR_STAFF || rec->actor.kind == RECORD_ACTOR_REMOTE)
        put_staff(actor, rec);
    if (rec->actor.kind == RECORD_ACTOR_CARER)
        json_put_hex(actor, "carer", rec->actor.carer, CODE_CARER_LEN);
}

static void put_started(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    (void)rec;
    json_put_text(dat, "version", cab->version);
    json_put_text(dat, "reason", cab->restarted ? "restart" : "boot");
    json_put_int(dat, "doors", cab->doors);
    json_put_int(dat, "schema", cab->schema);
}

static void put_described(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    (void)rec;
    cJSON *doors = json_put_array(dat, "doors");
    for (uint16_t i = 0; i < cab->doors; i++) {
        const struct cabinet_door *d = &cab->door[i];
        cJSON *one = json_put_object(doors, NULL);
        json_put_text(one, "door", d->name);
        json_put_int(one, "number", d->number);
        json_put_text(one, "size", token_size_name(d->size));
        json_put_text(one, "zone", token_zone_name(d->zone));
        json_put_int(one, "row", d->row);
        json_put_int(one, "column", d->column);
        json_put_bool(one, "low", d->low);
    }
}

static void put_pulsed(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    put_door(dat, rec, cab);
    put_order(dat, rec);
    json_put_int(dat, "pulse", (int64_t)rec->pulse);
    json_put_int(dat, "try", rec->try);
    put_actor(dat, rec);
}

static void put_opened(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    put_door(dat, rec, cab);
    put_order(dat, rec);
    json_put_int(dat, "pulse", (int64_t)rec->pulse);
}

static void put_door_order(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    put_door(dat, rec, cab);
    put_order(dat, rec);
}

static void put_jammed(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    put_opened(dat, rec, cab);
    json_put_int(dat, "try", rec->try);
}

static void put_left_open(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    put_door(dat, rec, cab);
    if (rec->order.present)
        json_put_hex(dat, "ord", rec->order.id, CODE_ORDER_LEN);
    json_put_int(dat, "since_ms", rec->u.since_ms);
}

static void put_forced(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    put_door(dat, rec, cab);
    if (rec->order.present)
        json_put_hex(dat, "ord", rec->order.id, CODE_ORDER_LEN);
}

static void put_mismatch(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    put_door(dat, rec, cab);
    json_put_text(dat, "moved", door_name(cab, rec->u.mismatch.moved));
    json_put_text(dat, "board", cab->board[rec->u.mismatch.board]);
}

static void put_commissioned(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    put_door(dat, rec, cab);
    json_put_int(dat, "pulse", (int64_t)rec->pulse);
    put_staff(dat, rec);
}

static void put_changed(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    put_door(dat, rec, cab);
    json_put_text(dat, "state", compartment_state_name(rec->u.changed.state));
    json_put_text(dat, "cause", compartment_cause_name(rec->u.changed.cause));
}

static void put_order_door_staff(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    put_order(dat, rec);
    put_door(dat, rec, cab);
    put_staff(dat, rec);
}

static void put_collected(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    put_order(dat, rec);
    put_door(dat, rec, cab);
    put_actor(dat, rec);
    json_put_int(dat, "pulses", rec->u.collected.pulses);
    json_put_int(dat, "pulsed_ms", rec->u.collected.pulsed_ms);
    json_put_int(dat, "opened_ms", rec->u.collected.opened_ms);
    json_put_int(dat, "closed_ms", rec->u.collected.closed_ms);
    json_put_text(dat, "proof", "opened-closed");
}

static void put_unconfirmed(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    put_order(dat, rec);
    put_door(dat, rec, cab);
}

static void put_voided(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    static const char *const causes[] = {"withdrawn", "expired", "staff"};
    put_order(dat, rec);
    json_put_text(dat, "door", rec->door == CABINET_NO_DOOR ? NULL : door_name(cab, rec->door));
    json_put_text(dat, "cause", causes[rec->u.voided]);
}

static void put_refused(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    (void)cab;
    put_order(dat, rec);
    json_put_text(dat, "cause", rec->u.late == RECORD_LATE_COLLECTED ? "collected" : "removed");
}

static void put_reported(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    static const char *const whats[] = {"empty", "wrong", "other"};
    put_order(dat, rec);
    put_door(dat, rec, cab);
    json_put_text(dat, "what", whats[rec->u.report]);
}

static void put_staff_entered(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    (void)cab;
    put_staff(dat, rec);
    json_put_text(dat, "role", token_role_name(rec->u.role));
}

static void put_scan_refused(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    put_staff(dat, rec);
    json_put_text(dat, "cause", rec->u.cause);
    if (rec->door != CABINET_NO_DOOR)
        put_door(dat, rec, cab);
    put_order(dat, rec);
}

static void put_guess_alarm(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    (void)cab;
    json_put_int(dat, "wrong_1h", rec->u.guess.wrong_1h);
    json_put_int(dat, "wrong_24h", rec->u.guess.wrong_24h);
    json_put_int(dat, "wrong_7d", rec->u.guess.wrong_7d);
    json_put_text(dat, "mode", limiter_mode_name(rec->u.guess.mode));
}

static void put_board(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    json_put_text(dat, "board", cab->board[rec->u.board.board]);
    json_put_text(dat, "state", record_board_state_name(rec->u.board.state));
}

static void put_climate(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    json_put_text(dat, "sensor", cab->climate[rec->u.climate.climate].name);
    json_put_text(dat, "state", record_climate_name(rec->u.climate.state));
    if (rec->u.climate.state == RECORD_CLIMATE_OK || rec->u.climate.state == RECORD_CLIMATE_EXCURSION)
        json_put_int(dat, "milli_c", rec->u.climate.milli_c);
}

static void put_input(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    (void)cab;
    json_put_text(dat, "input", record_input_name(rec->u.input.input));
    json_put_bool(dat, "active", rec->u.input.active);
}

static void put_store(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    static const char *const causes[] = {"full", "ballast", "quota"};
    (void)cab;
    json_put_text(dat, "cause", causes[rec->u.store]);
}

static void put_command(cJSON *dat, const struct record *rec, const struct cabinet *cab)
{
    (void)cab;
    json_put_int(dat, "seq", rec->u.command.seq);
    json_put_text(dat, "result", rec->u.command.refused ? "refused" : "done");
    if (rec->u.command.cause != NULL)
        json_put_text(dat, "cause", rec->u.command.cause);
}

static const struct {
    const char *typ;
    put_fn put;
    bool droppable;
} kinds[RECORD_KIND_N] = {
    [RECORD_STARTED] = {"locker.started.v1", put_started, false},
    [RECORD_DESCRIBED] = {"cabinet.described.v1", put_described, false},
    [RECORD_PULSED] = {"door.pulsed.v1", put_pulsed, false},
    [RECORD_OPENED] = {"door.opened.v1", put_opened, false},
    [RECORD_CLOSED] = {"door.closed.v1", put_door_order, false},
    [RECORD_JAMMED] = {"door.jammed.v1", put_jammed, false},
    [RECORD_LEFT_OPEN] = {"door.left_open.v1", put_left_open, false},
    [RECORD_FORCED] = {"door.forced.v1", put_forced, false},
    [RECORD_MISMATCH] = {"door.mismatch.v1", put_mismatch, false},
    [RECORD_COMMISSIONED] = {"door.commissioned.v1", put_commissioned, false},
    [RECORD_COMPARTMENT_CHANGED] = {"compartment.changed.v1", put_changed, false},
    [RECORD_LOADED] = {"order.loaded.v1", put_order_door_staff, false},
    [RECORD_COLLECTED] = {"order.collected.v1", put_collected, false},
    [RECORD_UNCONFIRMED] = {"order.unconfirmed.v1", put_unconfirmed, false},
    [RECORD_VOIDED] = {"order.voided.v1", put_voided, false},
    [RECORD_REFUSED] = {"order.refused.v1", put_refused, false},
    [RECORD_REMOVED] = {"order.removed.v1", put_order_door_staff, false},
    [RECORD_REPORTED] = {"order.reported.v1", put_reported, false},
    [RECORD_STAFF_ENTERED] = {"staff.entered.v1", put_staff_entered, false},
    [RECORD_SCAN_REFUSED] = {"scan.refused.v1", put_scan_refused, true},
    [RECORD_GUESS_ALARM] = {"guess.alarm.v1", put_guess_alarm, true},
    [RECORD_BOARD_CHANGED] = {"board.changed.v1", put_board, true},
    [RECORD_CLIMATE_CHANGED] = {"climate.changed.v1", put_climate, true},
    [RECORD_INPUT_CHANGED] = {"input.changed.v1", put_input, true},
    [RECORD_STORE_ALARM] = {"store.alarm.v1", put_store, false},
    [RECORD_COMMAND_DONE] = {"command.done.v1", put_command, false},
};

struct record_actor record_by_staff(const uint8_t staff[RECORD_STAFF_LEN])
{
    struct record_actor actor = {.kind = RECORD_ACTOR_STAFF};
    memcpy(actor.staff, staff, RECORD_STAFF_LEN);
    return actor;
}

const char *record_type(enum record_kind kind)
{
    assert(kind < RECORD_KIND_N);
    return kinds[kind].typ;
}

cJSON *record_to_json(const struct record *rec, const struct cabinet *cab)
{
    assert(rec->kind < RECORD_KIND_N);
    cJSON *dat = json_new_object();
    kinds[rec->kind].put(dat, rec, cab);
    return dat;
}

bool record_is_droppable(enum record_kind kind)
{
    assert(kind < RECORD_KIND_N);
    return kinds[kind].droppable;
}

const char *record_board_state_name(enum hw_board_state s)
{
    static const char *const names[] = {"unknown", "ok", "lost", "foreign", "stopped"};
    assert(s <= HW_BOARD_STOPPED);
    return names[s];
}

const char *record_climate_name(enum record_climate s)
{
    static const char *const names[] = {"unknown", "ok", "excursion", "missing", "stuck"};
    assert(s <= RECORD_CLIMATE_STUCK);
    return names[s];
}

const char *record_door_state_name(enum hw_door_state s)
{
    static const char *const names[] = {"unknown", "closed", "open"};
    assert(s <= HW_DOOR_OPEN);
    return names[s];
}

const char *record_input_name(enum hw_input_kind k)
{
    static const char *const names[HW_INPUT_N] = {"tamper", "mains", "battery"};
    assert(k < HW_INPUT_N);
    return names[k];
}
