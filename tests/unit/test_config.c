/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define EXAMPLE "controller/lockerd.conf.example"
#define FILE_CAP 16384

struct fixture {
    char path[40];
    char example[FILE_CAP];
    struct config config;
    struct reason reason;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    FILE *in = fopen(EXAMPLE, "r");
    if (in == NULL) {
        return -1;
    }
    size_t n = fread(f->example, 1, sizeof f->example - 1, in);
    fclose(in);
    (void)snprintf(f->path, sizeof f->path, "/tmp/test_config.XXXXXX");
    int fd = mkstemp(f->path);
    close(fd);
    *state = f;
    return fd >= 0 && n > 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    unlink(f->path);
    free(f);
    return 0;
}

static enum err load_text(struct fixture *f, const char *text)
{
    FILE *out = fopen(f->path, "w");
    fputs(text, out);
    fclose(out);
    return config_load(f->path, &f->config, &f->reason);
}

/* The example with the first `from` replaced by `to`. */
static enum err load_changed(struct fixture *f, const char *from, const char *to)
{
    static char text[FILE_CAP + 256];
    const char *at = strstr(f->example, from);
    assert_non_null(at);
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - f->example), f->example, to, at + strlen(from));
    return load_text(f, text);
}

static void example_is_read_with_every_value(void **state)
{
    struct fixture *f = *state;
    enum err e = config_load(EXAMPLE, &f->config, &f->reason);
    assert_string_equal(f->reason.text, "");
    assert_int_equal(e, ERR_OK);
    const struct config *c = &f->config;
    assert_string_equal(c->state, "/var/lib/lockerd");
    assert_string_equal(c->telephone, "030 123 4567");
    assert_int_equal(c->hw.buses, 2);
    assert_int_equal(c->hw.bus[0].kind, HW_BUS_RTU);
    assert_int_equal(c->hw.bus[1].port, 502);
    assert_int_equal(c->hw.bus[1].worst_late_ms, 1000);
    assert_int_equal(c->hw.boards, 3);
    assert_int_equal(c->hw.board[0].timeout_ms, 100);
    assert_int_equal(c->hw.board[1].bus, 1);
    assert_int_equal(c->hw.doors, 3);
    assert_string_equal(c->hw.door[2].name, "B1");
    assert_int_equal(c->hw.door[2].board, 1);
    assert_true(c->hw.door[0].open_is_one);
    assert_int_equal(c->door[2].zone, TOKEN_ZONE_COLD);
    assert_true(c->door[2].low);
    assert_int_equal(c->climate[0].max_milli_c, 8000);
    assert_int_equal(c->hw.input[0].kind, HW_INPUT_TAMPER);
    assert_string_equal(c->hw.profile_dir, c->profiles);
    assert_true(c->speech);
    assert_int_equal(c->lamps, 1);
    assert_string_equal(c->lamp[0].line, "GPIO23");
    assert_int_equal(c->lamp[0].columns_to, 1);
    assert_false(c->waived);
}

static void commissioning_is_asked_for_unless_it_is_waived(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load_changed(f, "# commissioning = \"required\"", "commissioning = \"waived\""), ERR_OK);
    assert_true(f->config.waived);
    assert_int_equal(load_changed(f, "# commissioning = \"required\"", "commissioning = \"required\""), ERR_OK);
    assert_false(f->config.waived);
    assert_int_equal(load_changed(f, "# commissioning = \"required\"", "commissioning = \"no\""), ERR_UNKNOWN);
}

static void lamp_is_never_on_the_line_of_anything_else(void **state)
{
    static const char board[] = "bus \"lines\" { kind = \"gpio\" device = \"cabinet\" }\n"
                                "board \"locks\" { bus = \"lines\" profile = \"gpio\" }\n";
    static const struct {
        const char *lamp;
        enum err e;
        const char *reason;
    } rows[] = {
        {"lamp \"a\" { chip = \"cabinet\" line = \"LAMP1\" }", ERR_OK, ""},
        {"lamp \"a\" { chip = \"other\" line = \"LOCK3\" }", ERR_OK, ""},
        {"lamp \"a\" { chip = \"cabinet\" line = \"LOCK3\" }", ERR_DUPLICATE, "board \"locks\" has this line"},
        {"lamp \"a\" { chip = \"cabinet\" line = \"DOOR8\" }", ERR_DUPLICATE, "board \"locks\" has this line"},
        {"lamp \"a\" { chip = \"cabinet\" line = \"L\" }\nlamp \"b\" { chip = \"cabinet\" line = \"L\" }",
         ERR_DUPLICATE, "lamp \"a\" has this line"},
        {"lamp \"a\" { chip = \"cabinet\" line = \"L\" rows_from = 3 rows_to = 2 }", ERR_RANGE, "rows_to"},
        {"lamp \"a\" { chip = \"cabinet\" line = \"L\" columns_from = 0 }", ERR_RANGE, "columns_from"},
        {"lamp \"a\" { line = \"L\" }", ERR_MISSING, "chip"},
    };
    struct fixture *f = *state;
    char *profiles = realpath("hw/profiles", NULL);
    assert_non_null(profiles);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = NULL;
        assert_true(asprintf(&text, "profiles = \"%s\"\n%s\n%s%s\n", profiles, f->example, board, rows[i].lamp) > 0);
        enum err e = load_text(f, text);
        assert_int_equal(e, rows[i].e);
        assert_non_null(strstr(f->reason.text, rows[i].reason));
        free(text);
    }
    free(profiles);
}

static void printed_values_are_read_back_the_same(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(config_load(EXAMPLE, &f->config, &f->reason), ERR_OK);
    char *first = NULL, *second = NULL;
    size_t len;
    FILE *out = open_memstream(&first, &len);
    config_print(&f->config, out);
    fclose(out);
    enum err e = load_text(f, first);
    assert_string_equal(f->reason.text, "");
    assert_int_equal(e, ERR_OK);
    out = open_memstream(&second, &len);
    config_print(&f->config, out);
    fclose(out);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void cabinet_gets_doors_boards_and_size(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(config_load(EXAMPLE, &f->config, &f->reason), ERR_OK);
    struct cabinet *cab = calloc(1, sizeof *cab);
    config_to_cabinet(&f->config, cab);
    assert_int_equal(cab->doors, 3);
    assert_int_equal(cab->rows, 2);
    assert_int_equal(cab->columns, 2);
    assert_string_equal(cab->board[2], "climate5");
    assert_string_equal(cab->door[1].name, "A2");
    assert_string_equal(cab->climate[0].name, "fridge");
    free(cab);
}

static void mistakes_are_refused_with_key_and_reason(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *from, *to;
        enum err e;
        const char *words[3];
    } row[] = {
        {"telephone =", "telefoon =", ERR_UNKNOWN, {":30: ", "telefoon", NULL}},
        {"telephone = \"030 123 4567\"", "", ERR_MISSING, {"telephone", NULL, NULL}},
        {"030 123 4567", "<b>", ERR_SYNTAX, {"telephone", NULL, NULL}},
        {"# window = 64", "window = 0", ERR_RANGE, {"window", NULL, NULL}},
        {"# heartbeat_s = 30", "heartbeat_s = \"often\"", ERR_SYNTAX, {"heartbeat_s", NULL, NULL}},
        {"# kiosk_address = \"127.0.0.1\"",
         "kiosk_address = \"0.0.0.0\"",
         ERR_RANGE,
         {"kiosk_address", "loopback", NULL}},
        {"# state = \"/var", "state = \"var", ERR_SYNTAX, {"state", NULL, NULL}},
        {"# language = \"nl\"", "language = \"de\"", ERR_UNKNOWN, {"language", NULL, NULL}},
        {"/dev/input/by-id/usb-scanner", "/dev/input/by-id/usb-keypad", ERR_DUPLICATE, {"scanner", NULL, NULL}},
        {"kind = \"tcp\"", "kind = \"udp\"", ERR_UNKNOWN, {"kind", NULL, NULL}},
        {"port = 502 ", "baud = 9600 ", ERR_UNKNOWN, {"baud", "tcp", NULL}},
        {"baud = 9600", "baud = 9601", ERR_RANGE, {"baud", "9601", NULL}},
        {"bus = \"tcp\"", "bus = \"usb\"", ERR_UNKNOWN, {"usb", "relay2", NULL}},
        {"unit = 5", "unit = 1", ERR_DUPLICATE, {"unit", "relay1", NULL}},
        {"unit = 5", "unit = 0", ERR_RANGE, {"unit", NULL, NULL}},
        {"profile = \"xy-md02\"", "profile = \"../x\"", ERR_SYNTAX, {"profile", NULL, NULL}},
        {"door \"A2\"", "door \"a2\"", ERR_SYNTAX, {"a2", NULL, NULL}},
        {"door \"A2\"", "door \"A1\"", ERR_DUPLICATE, {"A1", NULL, NULL}},
        {"number = 2", "number = 1", ERR_DUPLICATE, {"number", "A1", NULL}},
        {"column = 2", "column = 1", ERR_DUPLICATE, {"column", "A1", NULL}},
        {"channel = 1 ", "channel = 0 ", ERR_DUPLICATE, {"channel", "A1", NULL}},
        {"contact_input = 1 ", "contact_input = 0 ", ERR_DUPLICATE, {"contact_input", "A1", NULL}},
        {"contact_open = 1   ", "contact_open = 2   ", ERR_RANGE, {"contact_open", NULL, NULL}},
        {"size = \"S\" row", "size = \"XL\" row", ERR_UNKNOWN, {"size", NULL, NULL}},
        {"pulse_ms = 500", "pulse_ms = 5000", ERR_RANGE, {"pulse_ms", NULL, NULL}},
        {"board = \"relay1\"             # lock", "board = \"relay9\"", ERR_UNKNOWN, {"relay9", NULL, NULL}},
        {"max_milli_c = 8000", "max_milli_c = 2000", ERR_RANGE, {"max_milli_c", NULL, NULL}},
        {"input \"tamper\"", "input \"fire\"", ERR_UNKNOWN, {"fire", NULL, NULL}},
        {"active = 1", "active = 1 active = 0", ERR_DUPLICATE, {"active", NULL, NULL}},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        f->reason.text[0] = '\0';
        enum err e = load_changed(f, row[i].from, row[i].to);
        if (e != row[i].e) {
            fail_msg("\"%s\": %s, not %s: %s", row[i].to, err_name(e), err_name(row[i].e), f->reason.text);
        }
        assert_non_null(strstr(f->reason.text, f->path));
        for (const char *const *word = row[i].words; word < row[i].words + 3 && *word != NULL; word++) {
            if (strstr(f->reason.text, *word) == NULL) {
                fail_msg("\"%s\" is not in: %s", *word, f->reason.text);
            }
        }
    }
}

static void absent_file_is_named(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(config_load("/nonexistent/lockerd.conf", &f->config, &f->reason), ERR_NOT_FOUND);
    assert_non_null(strstr(f->reason.text, "/nonexistent/lockerd.conf"));
}

static void locker_without_doors_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(load_text(f, "telephone = \"123\"\nsite = \"x\"\n"), ERR_MISSING);
    assert_non_null(strstr(f->reason.text, "bus"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(example_is_read_with_every_value),
        T(commissioning_is_asked_for_unless_it_is_waived),
        T(lamp_is_never_on_the_line_of_anything_else),
        T(printed_values_are_read_back_the_same),
        T(cabinet_gets_doors_boards_and_size),
        T(mistakes_are_refused_with_key_and_reason),
        T(absent_file_is_named),
        T(locker_without_doors_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
