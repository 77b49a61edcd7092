/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hw/sim/layout.h"

#define BUS "bus \"rtu\" { kind = \"rtu\" }\n"
#define BOARD "board \"relay1\" { kind = \"waveshare-d\" unit = 1 bus = \"rtu\" }\n"
#define DOOR "door \"A1\" { board = \"relay1\" channel = 0 contact_board = \"relay1\" contact_input = 0 }\n"

static enum err read_text(const char *text, struct layout *l, struct reason *r)
{
    char path[] = "/tmp/medlocker-layout-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
    enum err e = layout_read(l, path, r);
    assert_int_equal(unlink(path), 0);
    return e;
}

static void demonstration_cabinet_has_24_doors(void **state)
{
    (void)state;
    struct layout l;
    struct reason r = {.text = ""};
    if (layout_read(&l, "hw/sim/cabinet.conf", &r) != ERR_OK) {
        fail_msg("%s", r.text);
    }
    assert_int_equal(l.doors, 24);
    assert_int_equal(l.boards, 5);
    assert_int_equal(l.buses, 2);
    assert_string_equal(l.door[23].name, "C8");
    assert_string_equal(l.board[l.door[23].board].name, "relay3");
    assert_string_equal(l.board[l.door[23].contact_board].name, "input4");
    assert_int_equal(l.door[23].channel, 7);
    assert_int_equal(l.bus[0].turnaround_us, 5000);
    assert_int_equal(l.board[3].deci_c, 45);
}

static void defaults_fill_what_is_not_said(void **state)
{
    (void)state;
    struct layout l;
    struct reason r = {.text = ""};
    assert_int_equal(read_text(BUS BOARD DOOR, &l, &r), ERR_OK);
    assert_int_equal(l.bus[0].baud, 9600);
    assert_false(l.bus[0].parity_bit);
    assert_true(l.door[0].open_is_one);
}

static void mistakes_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err e;
        const char *part;
    } rows[] = {
        {BOARD DOOR, ERR_MISSING, "bus"},
        {BUS DOOR, ERR_MISSING, "board"},
        {BUS BOARD, ERR_MISSING, "door"},
        {BUS BOARD "\n\ndoor \"A1\" { board = \"relay7\" channel = 0 contact_board = \"relay1\" contact_input = 0 }\n",
         ERR_UNKNOWN, ":5: door \"A1\": board: no board \"relay7\""},
        {BUS "board \"x\" { kind = \"waveshare-d\" unit = 1 bus = \"can\" }\n" DOOR, ERR_UNKNOWN,
         ":2: board \"x\": bus: no bus"},
        {BUS BOARD "board \"relay2\" { kind = \"xy-md02\" unit = 1 bus = \"rtu\" }\n" DOOR, ERR_DUPLICATE,
         ":3: board \"relay2\": unit:"},
        {BUS BOARD DOOR "door \"A2\" { board = \"relay1\" channel = 0 contact_board = \"relay1\" contact_input = 1 }\n",
         ERR_DUPLICATE, ":4: door \"A2\": channel:"},
        {BUS BOARD DOOR "door \"A2\" { board = \"relay1\" channel = 1 contact_board = \"relay1\" contact_input = 0 }\n",
         ERR_DUPLICATE, ":4: door \"A2\": contact_input:"},
        {BUS BOARD "door \"A1\" { board = \"relay1\" channel = 8 contact_board = \"relay1\" contact_input = 0 }\n",
         ERR_RANGE, "A1\": channel:"},
        {BUS BOARD "door \"A1\" { board = \"relay1\" contact_board = \"relay1\" contact_input = 0 }\n", ERR_MISSING,
         "channel"},
        {BUS BOARD "door \"A 1\" { board = \"relay1\" channel = 0 contact_board = \"relay1\" contact_input = 0 }\n",
         ERR_RANGE, "A 1\": name:"},
        {"bus \"rtu\" { kind = \"rtu\" baud = 9601 }\n" BOARD DOOR, ERR_RANGE, "baud:"},
        {"bus \"rtu\" { kind = \"can\" }\n" BOARD DOOR, ERR_UNKNOWN, "kind:"},
        {BUS "board \"relay1\" { kind = \"toaster\" unit = 1 bus = \"rtu\" }\n" DOOR, ERR_UNKNOWN, "kind:"},
        {BUS "board \"relay1\" { kind = \"waveshare-d\" unit = 248 bus = \"rtu\" }\n" DOOR, ERR_RANGE, "unit:"},
        {BUS "board \"relay1\" { kind = \"waveshare-d\" unit = 1 bus = \"rtu\" colour = 3 }\n" DOOR, ERR_UNKNOWN,
         "colour"},
        {BUS BUS BOARD DOOR, ERR_DUPLICATE, ":2:"},
        {BUS BOARD "door \"A1\" { board = ", ERR_SYNTAX, ":3:"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct layout l = {.doors = 77};
        struct reason r = {.text = ""};
        enum err e = read_text(rows[i].text, &l, &r);
        if (e != rows[i].e || strstr(r.text, rows[i].part) == NULL || l.doors != 77) {
            fail_msg("row %zu: %s: %s", i, err_name(e), r.text);
        }
    }
}

static void sensor_board_has_no_relays_to_hang_a_door_on(void **state)
{
    (void)state;
    struct layout l;
    struct reason r = {.text = ""};
    assert_int_not_equal(
        read_text(BUS "board \"c\" { kind = \"xy-md02\" unit = 1 bus = \"rtu\" }\n"
                      "door \"A1\" { board = \"c\" channel = 0 contact_board = \"c\" contact_input = 0 }\n",
                  &l, &r),
        ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(demonstration_cabinet_has_24_doors),
        cmocka_unit_test(defaults_fill_what_is_not_said),
        cmocka_unit_test(mistakes_are_refused_with_their_place),
        cmocka_unit_test(sensor_board_has_no_relays_to_hang_a_door_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
