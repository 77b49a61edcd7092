/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/locker_bed.h"

#include "common/msg.h"

/* Every kind with all its fields set, as the message that the contract names. */
static struct record filled(enum record_kind kind)
{
    struct record rec;
    memset(&rec, 0, sizeof rec);
    rec.kind = kind;
    rec.door = 2;
    rec.order.present = true;
    rec.order.load = 3;
    memset(rec.order.id, 0xAB, CODE_ORDER_LEN);
    rec.pulse = 42;
    rec.try = 2;
    rec.actor.kind = RECORD_ACTOR_STAFF;
    memset(rec.actor.staff, 0x07, RECORD_STAFF_LEN);
    return rec;
}

#define ORD "\"ord\":\"abababababababababababababababab\""
#define LOD "\"lod\":3"
#define DOOR "\"door\":\"A3\""
#define STAFF "\"staff\":\"0707070707070707\""

struct row {
    enum record_kind kind;
    const char *typ, *dat;
};

static void assert_dat(const struct record *rec, const char *expected)
{
    const struct cabinet cab = bed_cabinet();
    cJSON *dat = record_to_json(rec, &cab);
    char *text = json_print(dat);
    assert_string_equal(text, expected);
    free(text);
    cJSON_Delete(dat);
}

static void simple_kinds_have_the_members_of_the_contract(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {RECORD_STARTED, "locker.started.v1", "{\"version\":\"1.0\",\"reason\":\"boot\",\"doors\":8,\"schema\":1}"},
        {RECORD_PULSED, "door.pulsed.v1",
         "{" DOOR "," ORD "," LOD ",\"pulse\":42,\"try\":2,\"actor\":{\"kind\":\"staff\"," STAFF "}}"},
        {RECORD_OPENED, "door.opened.v1", "{" DOOR "," ORD "," LOD ",\"pulse\":42}"},
        {RECORD_CLOSED, "door.closed.v1", "{" DOOR "," ORD "," LOD "}"},
        {RECORD_JAMMED, "door.jammed.v1", "{" DOOR "," ORD "," LOD ",\"pulse\":42,\"try\":2}"},
        {RECORD_LEFT_OPEN, "door.left_open.v1", "{" DOOR "," ORD ",\"since_ms\":0}"},
        {RECORD_FORCED, "door.forced.v1", "{" DOOR "," ORD "}"},
        {RECORD_MISMATCH, "door.mismatch.v1", "{" DOOR ",\"moved\":\"A1\",\"board\":\"relay1\"}"},
        {RECORD_COMMISSIONED, "door.commissioned.v1", "{" DOOR ",\"pulse\":42," STAFF "}"},
        {RECORD_COMPARTMENT_CHANGED, "compartment.changed.v1", "{" DOOR ",\"state\":\"FREE\",\"cause\":\"load\"}"},
        {RECORD_LOADED, "order.loaded.v1", "{" ORD "," LOD "," DOOR "," STAFF "}"},
        {RECORD_COLLECTED, "order.collected.v1",
         "{" ORD "," LOD "," DOOR ",\"actor\":{\"kind\":\"staff\"," STAFF "},\"pulses\":0,\"pulsed_ms\":0,"
         "\"opened_ms\":0,\"closed_ms\":0,\"proof\":\"opened-closed\"}"},
        {RECORD_UNCONFIRMED, "order.unconfirmed.v1", "{" ORD "," LOD "," DOOR "}"},
        {RECORD_VOIDED, "order.voided.v1", "{" ORD "," LOD "," DOOR ",\"cause\":\"withdrawn\"}"},
        {RECORD_REFUSED, "order.refused.v1", "{" ORD "," LOD ",\"cause\":\"collected\"}"},
        {RECORD_REMOVED, "order.removed.v1", "{" ORD "," LOD "," DOOR "," STAFF "}"},
        {RECORD_REPORTED, "order.reported.v1", "{" ORD "," LOD "," DOOR ",\"what\":\"empty\"}"},
        {RECORD_STAFF_ENTERED, "staff.entered.v1", "{" STAFF ",\"role\":\"pharmacist\"}"},
        {RECORD_SCAN_REFUSED, "scan.refused.v1", "{" STAFF ",\"cause\":\"expired\"," DOOR "," ORD "," LOD "}"},
        {RECORD_GUESS_ALARM, "guess.alarm.v1", "{\"wrong_1h\":0,\"wrong_24h\":0,\"wrong_7d\":0,\"mode\":\"normal\"}"},
        {RECORD_BOARD_CHANGED, "board.changed.v1", "{\"board\":\"relay1\",\"state\":\"unknown\"}"},
        {RECORD_CLIMATE_CHANGED, "climate.changed.v1", "{\"sensor\":\"fridge\",\"state\":\"unknown\"}"},
        {RECORD_INPUT_CHANGED, "input.changed.v1", "{\"input\":\"tamper\",\"active\":false}"},
        {RECORD_STORE_ALARM, "store.alarm.v1", "{\"cause\":\"full\"}"},
        {RECORD_COMMAND_DONE, "command.done.v1", "{\"seq\":0,\"result\":\"done\"}"},
    };
    assert_int_equal(sizeof rows / sizeof rows[0], RECORD_KIND_N - 1);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct record rec = filled(rows[i].kind);
        if (rec.kind == RECORD_SCAN_REFUSED)
            rec.u.cause = "expired";
        assert_string_equal(record_type(rec.kind), rows[i].typ);
        assert_dat(&rec, rows[i].dat);
    }
}

static void cabinet_is_described_door_by_door(void **state)
{
    (void)state;
    const struct cabinet cab = bed_cabinet();
    const struct record rec = filled(RECORD_DESCRIBED);
    assert_string_equal(record_type(rec.kind), "cabinet.described.v1");
    cJSON *dat = record_to_json(&rec, &cab);
    const cJSON *doors;
    struct reason r;
    assert_int_equal(json_get_array(dat, "doors", &doors, &r), ERR_OK);
    assert_int_equal(cJSON_GetArraySize(doors), BED_DOORS);
    char *text = json_print(cJSON_GetArrayItem(doors, 6));
    assert_string_equal(text, "{\"door\":\"C1\",\"number\":7,\"size\":\"L\",\"zone\":\"cold\",\"row\":3,\"column\":1,"
                              "\"low\":true}");
    free(text);
    cJSON_Delete(dat);
}

static void members_that_do_not_apply_are_left_out(void **state)
{
    (void)state;
    struct record rec = filled(RECORD_PULSED);
    rec.order.present = false;
    rec.actor.kind = RECORD_ACTOR_CODE;
    assert_dat(&rec, "{" DOOR ",\"pulse\":42,\"try\":2,\"actor\":{\"kind\":\"code\"}}");
    rec.actor.kind = RECORD_ACTOR_REMOTE;
    assert_dat(&rec, "{" DOOR ",\"pulse\":42,\"try\":2,\"actor\":{\"kind\":\"remote\"," STAFF "}}");
    rec.actor.kind = RECORD_ACTOR_CARER;
    memset(rec.actor.carer, 0xC1, CODE_CARER_LEN);
    assert_dat(&rec, "{" DOOR ",\"pulse\":42,\"try\":2,\"actor\":{\"kind\":\"carer\",\"carer\":\"c1c1c1c1c1c1c1c1\"}}");
    rec = filled(RECORD_LEFT_OPEN);
    rec.order.present = false;
    assert_dat(&rec, "{" DOOR ",\"since_ms\":0}");
    rec = filled(RECORD_FORCED);
    rec.order.present = false;
    assert_dat(&rec, "{" DOOR "}");
    rec = filled(RECORD_VOIDED);
    rec.door = CABINET_NO_DOOR;
    rec.u.voided = RECORD_VOID_EXPIRED;
    assert_dat(&rec, "{" ORD "," LOD ",\"door\":null,\"cause\":\"expired\"}");
    rec = filled(RECORD_REFUSED);
    rec.u.late = RECORD_LATE_REMOVED;
    assert_dat(&rec, "{" ORD "," LOD ",\"cause\":\"removed\"}");
    rec = filled(RECORD_REPORTED);
    rec.u.report = RECORD_REPORT_WRONG;
    assert_dat(&rec, "{" ORD "," LOD "," DOOR ",\"what\":\"wrong\"}");
    rec.u.report = RECORD_REPORT_OTHER;
    assert_dat(&rec, "{" ORD "," LOD "," DOOR ",\"what\":\"other\"}");
    rec = filled(RECORD_SCAN_REFUSED);
    rec.u.cause = "bad-scan";
    rec.door = CABINET_NO_DOOR;
    rec.order.present = false;
    assert_dat(&rec, "{" STAFF ",\"cause\":\"bad-scan\"}");
    rec = filled(RECORD_CLIMATE_CHANGED);
    rec.u.climate.state = RECORD_CLIMATE_OK;
    rec.u.climate.milli_c = -5000;
    assert_dat(&rec, "{\"sensor\":\"fridge\",\"state\":\"ok\",\"milli_c\":-5000}");
    rec.u.climate.state = RECORD_CLIMATE_EXCURSION;
    assert_dat(&rec, "{\"sensor\":\"fridge\",\"state\":\"excursion\",\"milli_c\":-5000}");
    rec = filled(RECORD_COMMAND_DONE);
    rec.u.command.seq = 9;
    rec.u.command.refused = true;
    rec.u.command.cause = "full";
    assert_dat(&rec, "{\"seq\":9,\"result\":\"refused\",\"cause\":\"full\"}");
}

static void restart_is_told_apart_from_a_boot(void **state)
{
    (void)state;
    struct cabinet cab = bed_cabinet();
    cab.restarted = true;
    const struct record rec = filled(RECORD_STARTED);
    cJSON *dat = record_to_json(&rec, &cab);
    const char *reason;
    struct reason r;
    assert_int_equal(json_get_text(dat, "reason", 1, 16, &reason, &r), ERR_OK);
    assert_string_equal(reason, "restart");
    cJSON_Delete(dat);
}

static void every_type_may_travel_on_the_event_stream(void **state)
{
    (void)state;
    for (unsigned k = 0; k < RECORD_KIND_N; k++)
        assert_true(msg_type_is_known(MSG_UP, MSG_EVT, record_type((enum record_kind)k)));
}

static void only_sensors_counters_and_refused_scans_may_be_dropped(void **state)
{
    (void)state;
    for (unsigned k = 0; k < RECORD_KIND_N; k++)
        assert_int_equal(record_is_droppable((enum record_kind)k),
                         k == RECORD_GUESS_ALARM || k == RECORD_BOARD_CHANGED || k == RECORD_CLIMATE_CHANGED ||
                             k == RECORD_INPUT_CHANGED || k == RECORD_SCAN_REFUSED);
}

static void names_are_those_of_the_heartbeat(void **state)
{
    (void)state;
    assert_string_equal(record_board_state_name(HW_BOARD_STOPPED), "stopped");
    assert_string_equal(record_climate_name(RECORD_CLIMATE_STUCK), "stuck");
    assert_string_equal(record_door_state_name(HW_DOOR_OPEN), "open");
    assert_string_equal(record_input_name(HW_INPUT_BATTERY), "battery");
}

static void every_screen_word_has_a_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SCREEN_ID_N; i++)
        assert_non_null(screen_id_name((enum screen_id)i));
    for (unsigned i = 0; i < SCREEN_NOTICE_N; i++)
        assert_non_null(screen_notice_name((enum screen_notice)i));
    for (unsigned i = 0; i < SCREEN_SOUND_N; i++)
        assert_non_null(screen_sound_name((enum screen_sound)i));
    assert_string_equal(language_code(LANGUAGE_EN), "en");
    assert_string_equal(screen_id_name(SCREEN_STAFF_LOAD_OPEN), "staff-load-open");
}

static void lamp_is_for_screens_that_lead_to_a_door(void **state)
{
    (void)state;
    const struct screen open = {.id = SCREEN_OPEN, .row = 1}, nowhere = {.id = SCREEN_DOORS},
                        help = {.id = SCREEN_HELP, .row = 1}, remote = {.id = SCREEN_REMOTE, .row = 1};
    assert_true(screen_leads_to_door(&open));
    assert_false(screen_leads_to_door(&nowhere));
    assert_false(screen_leads_to_door(&help));
    assert_false(screen_leads_to_door(&remote));
}

static void screens_differ_by_what_is_seen(void **state)
{
    (void)state;
    const struct screen a = {.id = SCREEN_OPEN, .door = "A1", .digits = "12"};
    struct screen rows[14];
    for (unsigned i = 0; i < 14; i++)
        rows[i] = a;
    rows[0].id = SCREEN_CODE;
    rows[1].notice = SCREEN_NOTICE_TYPO;
    rows[2].language = LANGUAGE_EN;
    rows[3].door[1] = '2';
    rows[4].step = 1;
    rows[5].steps = 1;
    rows[6].entry_len = 1;
    rows[7].show = true;
    rows[8].digits[0] = '3';
    rows[9].seconds = 1;
    rows[10].reference = 1;
    rows[11].more = true;
    rows[12].bag = 1;
    rows[13].bags = 1;
    for (unsigned i = 0; i < 14; i++)
        assert_false(screen_equal(&a, &rows[i]));
    rows[0] = a;
    rows[0].entry_cap = 4;
    assert_false(screen_equal(&a, &rows[0]));
    assert_true(screen_equal(&a, &a));
}

static void doors_are_found_by_number_and_name(void **state)
{
    (void)state;
    const struct cabinet cab = bed_cabinet();
    assert_int_equal(cabinet_find_number(&cab, 7), 6);
    assert_int_equal(cabinet_find_number(&cab, 9), CABINET_NO_DOOR);
    assert_int_equal(cabinet_find_name(&cab, "B2"), 5);
    assert_int_equal(cabinet_find_name(&cab, "b2"), CABINET_NO_DOOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simple_kinds_have_the_members_of_the_contract),
        cmocka_unit_test(cabinet_is_described_door_by_door),
        cmocka_unit_test(members_that_do_not_apply_are_left_out),
        cmocka_unit_test(restart_is_told_apart_from_a_boot),
        cmocka_unit_test(every_type_may_travel_on_the_event_stream),
        cmocka_unit_test(only_sensors_counters_and_refused_scans_may_be_dropped),
        cmocka_unit_test(names_are_those_of_the_heartbeat),
        cmocka_unit_test(lamp_is_for_screens_that_lead_to_a_door),
        cmocka_unit_test(every_screen_word_has_a_name),
        cmocka_unit_test(screens_differ_by_what_is_seen),
        cmocka_unit_test(doors_are_found_by_number_and_name),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
