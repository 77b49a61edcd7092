/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hw/sim/command.h"

#define MS INT64_C(1000)

/* Door A1 on "relay1" (serial, inputs too), B1 on "relay2" (TCP), a sensor. */
static struct layout small_layout(void)
{
    struct layout l = {.buses = 2, .boards = 3, .doors = 2};
    l.bus[0] = (struct layout_bus){.name = "rtu", .kind = LAYOUT_RTU, .baud = 9600};
    l.bus[1] = (struct layout_bus){.name = "tcp", .kind = LAYOUT_TCP, .clients = 2};
    l.board[0] = (struct layout_board){.name = "relay1", .kind = BOARD_WAVESHARE_D, .unit = 1, .bus = 0};
    l.board[1] = (struct layout_board){.name = "relay2", .kind = BOARD_WAVESHARE_D, .unit = 2, .bus = 1};
    l.board[2] = (struct layout_board){.name = "climate5", .kind = BOARD_XY_MD02, .unit = 5, .deci_c = 45};
    l.door[0] = (struct layout_door){.name = "A1", .board = 0, .contact_board = 0, .open_is_one = true};
    l.door[1] = (struct layout_door){.name = "B1", .board = 1, .contact_board = 1, .open_is_one = true};
    return l;
}

static int set_up(void **state)
{
    struct cabinet *c = malloc(sizeof *c);
    const struct layout l = small_layout();
    if (c == NULL) {
        return -1;
    }
    cabinet_init(c, &l, 3);
    *state = c;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static enum command_then run(struct cabinet *c, const char *line, int64_t now_us, char *text, size_t cap)
{
    cJSON *answer = NULL;
    struct command_wait wait;
    cabinet_step(c, now_us);
    enum command_then then = command_run(c, line, now_us, &answer, &wait);
    char *printed = answer != NULL ? cJSON_PrintUnformatted(answer) : NULL;
    (void)snprintf(text, cap, "%s", printed != NULL ? printed : "");
    free(printed);
    cJSON_Delete(answer);
    return then;
}

static void expect(struct cabinet *c, const char *line, const char *answer)
{
    char text[8192];
    assert_int_equal(run(c, line, 0, text, sizeof text), COMMAND_ANSWERED);
    assert_string_equal(text, answer);
}

static void expect_part(struct cabinet *c, const char *line, const char *part)
{
    char text[65536];
    (void)run(c, line, 0, text, sizeof text);
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" answers %s, without %s", line, text, part);
    }
}

static void malformed_lines_name_the_column_and_change_nothing(void **state)
{
    static const struct {
        const char *line, *answer;
    } rows[] = {
        {"foo", "{\"error\":\"column 1: no command \\\"foo\\\"; try help\"}"},
        {"  opem A1", "{\"error\":\"column 3: no command \\\"opem\\\"; try help\"}"},
        {"open", "{\"error\":\"column 5: usage: open DOOR\"}"},
        {"open A9", "{\"error\":\"column 6: no door \\\"A9\\\"\"}"},
        {"open a1", "{\"error\":\"column 6: no door \\\"a1\\\"\"}"},
        {"open A1 now", "{\"error\":\"column 9: usage: open DOOR\"}"},
        {"put A1 x", "{\"error\":\"column 5: door A1 is closed\"}"},
        {"jam A1 maybe", "{\"error\":\"column 8: one of off, on, next is expected\"}"},
        {"bounce A1 -1", "{\"error\":\"column 11: \\\"-1\\\" is not a whole number from 0 to 60000\"}"},
        {"bounce A1 1e3", "{\"error\":\"column 11: \\\"1e3\\\" is not a whole number from 0 to 60000\"}"},
        {"person A1 collect after", "{\"error\":\"column 24: a number is missing\"}"},
        {"person A1 collect soon", "{\"error\":\"column 19: \\\"soon\\\" is not expected here\"}"},
        {"person Z1 collect", "{\"error\":\"column 8: no door \\\"Z1\\\"\"}"},
        {"fault relay9 crc", "{\"error\":\"column 7: no board or bus \\\"relay9\\\"\"}"},
        {"fault relay2 crc", "{\"error\":\"column 14: cannot happen on a TCP bus\"}"},
        {"fault tcp noise", "{\"error\":\"column 11: cannot happen on a TCP bus\"}"},
        {"fault relay1 exception code 12", "{\"error\":\"column 29: \\\"12\\\" is not a whole number from 1 to 11\"}"},
        {"fault relay1 crc prob 1.5", "{\"error\":\"column 23: \\\"1.5\\\" is too large\"}"},
        {"fault relay1 crc prob -0.5", "{\"error\":\"column 23: 0 to 1\"}"},
        {"fault relay1", "{\"error\":\"column 7: \\\"clear\\\", or a board or bus and a fault, is expected\"}"},
        {"board relay1 address 248", "{\"error\":\"column 22: \\\"248\\\" is not a whole number from 1 to 247\"}"},
        {"board relay1 stuck-coil 8", "{\"error\":\"column 25: \\\"8\\\" is not a whole number from 0 to 7\"}"},
        {"board relay1 off now", "{\"error\":\"column 18: \\\"now\\\" is not expected here\"}"},
        {"board relay1 reboot coils", "{\"error\":\"column 26: one of off, on is expected\"}"},
        {"bus rtu drop", "{\"error\":\"column 9: bus rtu is serial\"}"},
        {"bus tcp unplug", "{\"error\":\"column 9: bus tcp is TCP\"}"},
        {"bus can drop", "{\"error\":\"column 5: no bus \\\"can\\\"\"}"},
        {"climate 4 5", "{\"error\":\"column 9: no sensor \\\"4\\\"\"}"},
        {"climate 5 4.55", "{\"error\":\"column 11: \\\"4.55\\\" is not a number with at most 1 decimals\"}"},
        {"climate 5 4.", "{\"error\":\"column 11: \\\"4.\\\" is not a number\"}"},
        {"climate 5 -41", "{\"error\":\"column 11: outside what the sensor measures\"}"},
        {"climate 5 126", "{\"error\":\"column 11: \\\"126\\\" is too large\"}"},
        {"wait moved A1 5", "{\"error\":\"column 6: one of opened, closed, pulsed is expected\"}"},
        {"trace from 3", "{\"error\":\"column 7: \\\"since N\\\" is expected\"}"},
        {"counts zero", "{\"error\":\"column 8: \\\"reset\\\" is expected\"}"},
        {"a b c d e f g h i j k l m n o p q", "{\"error\":\"column 33: too many words\"}"},
    };
    struct cabinet *c = *state;
    struct cabinet *before = malloc(sizeof *before);
    assert_non_null(before);
    memcpy(before, c, sizeof *c);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect(c, rows[i].line, rows[i].answer);
        assert_memory_equal(c, before, sizeof *c);
    }
    free(before);
}

static void overlong_line_is_refused(void **state)
{
    char line[COMMAND_LINE_CAP + 1];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\0';
    expect(*state, line, "{\"error\":\"column 512: the line is too long\"}");
}

static void empty_lines_and_remarks_have_no_answer(void **state)
{
    expect(*state, "", "");
    expect(*state, "  \t ", "");
    expect(*state, "# open A1", "");
}

static void door_answers_what_is_true_and_what_is_seen(void **state)
{
    struct cabinet *c = *state;
    expect(c, "wire A1 B1", "{\"ok\":true}");
    expect(c, "open A1", "{\"ok\":true}");
    expect(c, "put A1 red", "{\"ok\":true}");
    expect(c, "door A1",
           "{\"ok\":true,\"door\":\"A1\",\"open\":true,\"latched\":false,\"contact\":\"open\",\"input\":\"closed\","
           "\"energised\":false,\"pulses\":0,\"cause\":\"key\",\"person\":\"none\",\"content\":[\"red\"]}");
    expect_part(c, "doors",
                "\"door\":\"B1\",\"open\":false,\"latched\":true,\"contact\":\"closed\",\"input\":\"open\"");
    expect(c, "content", "{\"ok\":true,\"doors\":[{\"door\":\"A1\",\"content\":[\"red\"]}]}");
    expect(c, "take A1 blue", "{\"error\":\"column 9: no bag \\\"blue\\\" behind door A1\"}");
    expect(c, "take A1", "{\"ok\":true}");
    expect(c, "close A1", "{\"ok\":true}");
    expect(c, "force B1", "{\"ok\":true}");
    expect_part(c, "door B1", "\"cause\":\"force\"");
}

static void faults_of_doors_are_set(void **state)
{
    struct cabinet *c = *state;
    expect(c, "jam A1 next", "{\"ok\":true}");
    assert_true(c->door[0].lock.jam_next && !c->door[0].lock.jammed);
    expect(c, "jam A1 on", "{\"ok\":true}");
    assert_true(c->door[0].lock.jammed && !c->door[0].lock.jam_next);
    expect(c, "bounce A1 40", "{\"ok\":true}");
    assert_int_equal(c->door[0].lock.bounce_us, 40000);
    expect(c, "stick A1 closed", "{\"ok\":true}");
    assert_int_equal(c->door[0].lock.stick, LOCK_STICK_CLOSED);
    expect(c, "weak A1 on", "{\"ok\":true}");
    assert_true(c->door[0].lock.weak);
    expect(c, "wire A1 B1 strike", "{\"ok\":true}");
    assert_int_equal(c->door[0].strike_to, 1);
}

static void people_are_placed_before_one_door_or_all(void **state)
{
    struct cabinet *c = *state;
    expect(c, "person * collect after 700", "{\"ok\":true}");
    expect(c, "person B1 load red after 50 once", "{\"ok\":true}");
    assert_int_equal(c->door[0].person.kind, PERSON_COLLECT);
    assert_int_equal(c->door[0].person.after_us, 700000);
    assert_int_equal(c->door[1].person.kind, PERSON_LOAD);
    assert_string_equal(c->door[1].person.bag, "red");
    assert_true(c->door[1].person.once);
    expect(c, "person B1 load", "{\"ok\":true}");
    assert_string_equal(c->door[1].person.bag, "");
    assert_int_equal(c->door[1].person.after_us, 1000000);
    expect(c, "person * none", "{\"ok\":true}");
    assert_int_equal(c->door[1].person.kind, PERSON_NONE);
}

static void faults_of_the_line_are_listed_and_cleared(void **state)
{
    struct cabinet *c = *state;
    expect(c, "fault relay1 late ms 120 count 3", "{\"ok\":true}");
    expect(c, "fault rtu crc prob 0.25", "{\"ok\":true}");
    expect(c, "fault * exception code 6", "{\"ok\":true}");
    expect(c, "fault tcp short", "{\"ok\":true}");
    expect(c, "fault",
           "{\"ok\":true,\"faults\":["
           "{\"place\":\"relay1\",\"fault\":\"late\",\"left\":3,\"permille\":1000,\"amount\":120},"
           "{\"place\":\"rtu\",\"fault\":\"crc\",\"left\":0,\"permille\":250,\"amount\":0},"
           "{\"place\":\"*\",\"fault\":\"exception\",\"left\":0,\"permille\":1000,\"amount\":6},"
           "{\"place\":\"tcp\",\"fault\":\"short\",\"left\":0,\"permille\":1000,\"amount\":2}]}");
    expect(c, "fault clear", "{\"ok\":true}");
    expect(c, "fault", "{\"ok\":true,\"faults\":[]}");
}

static void every_fault_has_a_name_that_is_accepted(void **state)
{
    for (unsigned i = 0; i < LINE_FAULT_N; i++) {
        char line[64];
        (void)snprintf(line, sizeof line, "fault relay1 %s", line_fault_name((enum line_fault)i));
        expect(*state, line, "{\"ok\":true}");
    }
}

static void boards_lose_power_hang_move_and_break(void **state)
{
    struct cabinet *c = *state;
    struct board *b = &c->board[0].board;
    expect(c, "board relay1 hang", "{\"ok\":true}");
    assert_int_equal(b->power, BOARD_HUNG);
    expect(c, "board relay1 off", "{\"ok\":true}");
    assert_int_equal(b->power, BOARD_OFF);
    expect(c, "board relay1 on", "{\"ok\":true}");
    expect(c, "board relay1 address 77", "{\"ok\":true}");
    assert_int_equal(b->unit, 77);
    expect(c, "board relay1 stuck-coil 4", "{\"ok\":true}");
    assert_int_equal(b->stuck[4], BOARD_STUCK_ON);
    expect(c, "board relay1 stuck-coil 4 off", "{\"ok\":true}");
    assert_int_equal(b->stuck[4], BOARD_STUCK_OFF);
    expect(c, "board relay1 lost ms 150 keep", "{\"ok\":true}");
    assert_int_equal(b->lose_us, 150000);
    assert_true(b->lost_keeps);
    expect(c, "board relay1 reboot coils on", "{\"ok\":true}");
    assert_true(b->boot_coils);
    expect_part(c, "boards",
                "{\"board\":\"relay1\",\"kind\":\"waveshare-d\",\"bus\":\"rtu\",\"unit\":77,\"power\":\"off\"");
    expect(c, "bus tcp refuse on", "{\"ok\":true}");
    expect(c, "bus tcp clients 7", "{\"ok\":true}");
    expect(c, "bus tcp drop", "{\"ok\":true}");
    expect(c, "bus rtu unplug", "{\"ok\":true}");
    assert_true(c->bus[1].refuse && c->bus[1].clients == 7 && c->bus[1].drops == 1 && c->bus[0].unplugged);
    expect(c, "bus rtu plug", "{\"ok\":true}");
    assert_false(c->bus[0].unplugged);
}

static void climate_takes_decimals_and_both_names(void **state)
{
    struct cabinet *c = *state;
    static const struct {
        const char *line;
        int32_t deci_c;
    } rows[] = {{"climate 5 0.5 60", 5},      {"climate climate5 -3.5", -35}, {"climate 5 -0.4", -4},
                {"climate 5 0", 0},           {"climate 5 0.0", 0},           {"climate 5 20", 200},
                {"climate 5 25.3 55.5", 253}, {"climate 5 125 100", 1250}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect(c, rows[i].line, "{\"ok\":true}");
        assert_int_equal(c->board[2].climate.target_dc, rows[i].deci_c);
    }
    assert_int_equal(c->board[2].climate.target_drh, 1000);
    expect(c, "climate 5 drift -1.5", "{\"ok\":true}");
    assert_int_equal(c->board[2].climate.drift_dc_min, -15);
    expect(c, "climate 5 missing", "{\"ok\":true}");
    assert_int_equal(c->board[2].climate.mode, CLIMATE_MISSING);
    expect(c, "climate 5 stuck", "{\"ok\":true}");
    assert_int_equal(c->board[2].climate.mode, CLIMATE_STUCK);
}

static void wait_ends_when_it_happens_or_in_time(void **state)
{
    struct cabinet *c = *state;
    cJSON *answer = NULL;
    struct command_wait wait;
    assert_int_equal(command_run(c, "wait opened A1 500", 0, &answer, &wait), COMMAND_WAITS);
    assert_null(answer);
    assert_null(command_waited(c, &wait, 499 * MS));
    answer = command_waited(c, &wait, 500 * MS);
    assert_non_null(cJSON_GetObjectItemCaseSensitive(answer, "error"));
    cJSON_Delete(answer);
    cabinet_open_door(c, 0, LOCK_BY_KEY, 500 * MS);
    answer = command_waited(c, &wait, 500 * MS);
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(answer, "after_ms")->valueint, 500);
    cJSON_Delete(answer);
    assert_int_equal(command_run(c, "wait closed A1 500", 0, &answer, &wait), COMMAND_WAITS);
    assert_null(command_waited(c, &wait, 1));
    assert_int_equal(command_run(c, "wait pulsed A1 500", 0, &answer, &wait), COMMAND_WAITS);
    assert_null(command_waited(c, &wait, 1));
    c->door[0].lock.pulses++;
    answer = command_waited(c, &wait, 2);
    assert_non_null(answer);
    cJSON_Delete(answer);
}

static void trace_is_told_in_parts(void **state)
{
    struct cabinet *c = *state;
    struct line_reply reply;
    const struct board_pdu q = {.bytes = {5, 0, 0, 0xff, 0}, .len = 5};
    for (unsigned i = 0; i < 300; i++) {
        (void)cabinet_exchange(c, 0, 1, &q, i, &reply);
    }
    expect_part(c, "trace since 0", "\"number\":200,");
    expect_part(c, "trace since 0", "],\"last\":200}");
    expect_part(c, "trace since 200", "],\"last\":300}");
    expect_part(c, "trace", "[{\"number\":101,");
    expect(c, "trace since 300", "{\"ok\":true,\"frames\":[],\"last\":300}");
    expect_part(c, "trace since 299",
                "{\"number\":300,\"at_us\":299,\"bus\":\"rtu\",\"kind\":\"exchange\",\"request\":\"01050000ff00\","
                "\"reply\":\"\",\"danger\":\"untimed\"}");
    expect_part(c, "counts", "\"untimed\":300},");
    expect_part(c, "counts", "\"frames\":300,\"dangerous\":300}");
    expect(c, "counts reset", "{\"ok\":true}");
    expect_part(c, "counts", "\"frames\":0,\"dangerous\":0}");
}

static void ghost_tells_current_and_content(void **state)
{
    struct cabinet *c = *state;
    c->board[0].board.on[0] = true;
    cabinet_board_changed(c, 0);
    cabinet_step(c, 700 * MS);
    char text[1024];
    (void)run(c, "put A1 red", 700 * MS, text, sizeof text);
    (void)run(c, "ghost", 700 * MS, text, sizeof text);
    assert_string_equal(text, "{\"ok\":true,\"energised\":[\"A1\"],\"open\":[\"A1\"],\"content\":{\"A1\":[\"red\"]},"
                              "\"pulses\":1,\"peak_energised\":1,\"longest_pulse_ms\":700,\"bags_left_over\":0}");
}

static void events_and_quit_are_told_to_the_caller(void **state)
{
    char text[64];
    assert_int_equal(run(*state, "events", 0, text, sizeof text), COMMAND_EVENTS);
    assert_int_equal(run(*state, "quit", 0, text, sizeof text), COMMAND_QUIT);
    assert_string_equal(text, "{\"ok\":true}");
}

static void event_line_names_door_and_cause(void **state)
{
    struct cabinet *c = *state;
    struct cabinet_event event;
    cabinet_open_door(c, 0, LOCK_BY_FORCE, 9);
    assert_true(cabinet_take_event(c, &event));
    cJSON *line = command_event(c, &event);
    char *text = cJSON_PrintUnformatted(line);
    assert_string_equal(text, "{\"event\":\"door\",\"door\":\"A1\",\"open\":true,\"cause\":\"force\",\"at_us\":9}");
    free(text);
    cJSON_Delete(line);
}

static void help_lists_every_command(void **state)
{
    expect_part(*state, "help", "\"doors\"");
    expect_part(*state, "help", "\"quit\"]}");
}

static void random_lines_never_break_anything(void **state)
{
    static const char *const words[] = {"door",  "open",  "A1",   "B1",      "person",  "*",       "load",  "after",
                                        "fault", "crc",   "prob", "relay1",  "0.5",     "board",   "off",   "reboot",
                                        "coils", "on",    "wire", "climate", "5",       "-3.5",    "trace", "since",
                                        "7",     "count", "bus",  "tcp",     "clients", "missing", "put",   "\xff\xfe"};
    uint64_t x = 20260701;
    print_message("seed %llu\n", (unsigned long long)x);
    for (unsigned i = 0; i < 20000; i++) {
        char line[128] = "", text[16384];
        for (unsigned n = 0; n < 1 + i % 6; n++) {
            x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
            (void)strcat(line, words[(x >> 40) % (sizeof words / sizeof words[0])]);
            (void)strcat(line, " ");
        }
        (void)run(*state, line, i * 10 * MS, text, sizeof text);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(malformed_lines_name_the_column_and_change_nothing),
        CASE(overlong_line_is_refused),
        CASE(empty_lines_and_remarks_have_no_answer),
        CASE(door_answers_what_is_true_and_what_is_seen),
        CASE(faults_of_doors_are_set),
        CASE(people_are_placed_before_one_door_or_all),
        CASE(faults_of_the_line_are_listed_and_cleared),
        CASE(every_fault_has_a_name_that_is_accepted),
        CASE(boards_lose_power_hang_move_and_break),
        CASE(climate_takes_decimals_and_both_names),
        CASE(wait_ends_when_it_happens_or_in_time),
        CASE(trace_is_told_in_parts),
        CASE(ghost_tells_current_and_content),
        CASE(events_and_quit_are_told_to_the_caller),
        CASE(event_line_names_door_and_cause),
        CASE(help_lists_every_command),
        CASE(random_lines_never_break_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
