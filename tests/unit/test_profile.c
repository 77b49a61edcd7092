/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "hw/bus_modbus.h"
#include "hw/profile.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static void load_shipped(struct profile *p, const char *name)
{
    struct reason r = {{0}};
    if (profile_load(p, "hw/profiles", name, &r) != ERR_OK)
        fail_msg("%s", r.text);
}

/* Loads a text as a profile. */
static enum err load_text(struct profile *p, const char *text, struct reason *r)
{
    char dir[] = "/tmp/profileXXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/x.conf", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    enum err e = profile_load(p, dir, "x", r);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    return e;
}

static void assert_frame(struct frame f, uint8_t function, uint16_t address, uint16_t value)
{
    assert_int_equal(f.unit, 9);
    assert_int_equal(f.function, function);
    assert_int_equal(f.address, address);
    assert_int_equal(f.value, value);
}

static void waveshare_is_flashed_in_steps_of_100_ms(void **state)
{
    struct profile p;
    (void)state;
    load_shipped(&p, "waveshare-d");
    assert_frame(profile_pulse_frame(&p, 9, 0, 500), 5, 0x0200, 5);
    assert_frame(profile_pulse_frame(&p, 9, 7, 1500), 5, 0x0207, 15);
    assert_frame(profile_pulse_frame(&p, 9, 7, 60000), 5, 0x0207, 15);
    assert_frame(profile_pulse_frame(&p, 9, 3, 149), 5, 0x0203, 1);
    assert_frame(profile_pulse_frame(&p, 9, 3, 0), 5, 0x0203, 1);
    assert_int_equal(profile_pulse_ms(&p, 449), 400);
    assert_frame(profile_off_frame(&p, 9, 3), 5, 3, 0);
    assert_frame(profile_read_frame(&p, PROFILE_IDENTITY, 9), 3, 0x4000, 1);
    assert_frame(profile_read_frame(&p, PROFILE_COILS, 9), 1, 0, 8);
    assert_frame(profile_read_frame(&p, PROFILE_INPUTS, 9), 2, 0, 8);
    assert_false(profile_has(&p, PROFILE_CLIMATE));
}

static void momentary_board_has_one_length(void **state)
{
    struct profile p;
    (void)state;
    load_shipped(&p, "r4d-fc06");
    assert_frame(profile_pulse_frame(&p, 9, 0, 300), 6, 1, 0x0500);
    assert_frame(profile_pulse_frame(&p, 9, 7, 300), 6, 8, 0x0500);
    assert_int_equal(profile_pulse_ms(&p, 300), 1000);
    assert_frame(profile_off_frame(&p, 9, 7), 6, 8, 0x0200);
    assert_frame(profile_read_frame(&p, PROFILE_COILS, 9), 3, 1, 8);
}

static void identity_is_the_unit_address(void **state)
{
    struct profile p;
    struct frame_answer a = {.data_len = 2, .data = {0, 9}};
    (void)state;
    load_shipped(&p, "waveshare-d");
    assert_true(profile_is_identity(&p, 9, &a));
    assert_false(profile_is_identity(&p, 8, &a));
}

static void coils_are_read_as_bits_or_as_registers(void **state)
{
    struct profile p;
    struct frame_answer bits = {.data_len = 1, .data = {0x04}};
    struct frame_answer registers = {.data_len = 16, .data = {[5] = 1}};
    (void)state;
    load_shipped(&p, "waveshare-d");
    load_shipped(&p, "r4d-fc06");
    for (uint8_t i = 0; i < 8; i++)
        assert_int_equal(profile_coil(&p, &registers, i), i == 2);
    load_shipped(&p, "waveshare-d");
    for (uint8_t i = 0; i < 8; i++)
        assert_int_equal(profile_coil(&p, &bits, i), i == 2);
}

static void probes_are_found_in_the_registers(void **state)
{
    struct profile p;
    struct frame_answer a = {.data_len = 16, .data = {0, 45, 2, 88, 0, 7}};
    (void)state;
    load_shipped(&p, "xy-md02");
    assert_frame(profile_read_frame(&p, PROFILE_CLIMATE, 9), 4, 1, 2);
    assert_int_equal(profile_temperature(&p, &a, 0), 45);
    assert_int_equal(profile_humidity(&p, &a, 0), 600);
    load_shipped(&p, "r4dcb08");
    assert_frame(profile_read_frame(&p, PROFILE_CLIMATE, 9), 3, 0, 8);
    assert_int_equal(profile_temperature(&p, &a, 2), 7);
    assert_int_equal(p.climate.missings, 3);
}

static void gpio_lines_become_a_small_board(void **state)
{
    struct profile p;
    (void)state;
    load_shipped(&p, "gpio");
    assert_int_equal(p.kind, PROFILE_GPIO);
    assert_int_equal(p.locks, 8);
    assert_int_equal(p.inputs, 8);
    assert_string_equal(p.output_line[7], "LOCK8");
    assert_string_equal(p.input_line[0], "DOOR1");
    assert_int_equal(profile_pulse_ms(&p, 350), 350);
}

static void template_without_a_dead_man_is_refused_with_its_line(void **state)
{
    struct profile p;
    struct reason r = {{0}};
    (void)state;
    assert_int_equal(profile_load(&p, "hw/profiles", "generic-coil", &r), ERR_DENIED);
    assert_non_null(strstr(r.text, "generic-coil.conf:"));
    assert_non_null(strstr(r.text, "dead_man_ms"));
}

#define LOCKS "locks = 8 off { function = 5 } coils { function = 1 } "

static void template_with_a_dead_man_pulses_by_on_and_off(void **state)
{
    struct profile p;
    (void)state;
    assert_int_equal(load_text(&p,
                               LOCKS "pulse { method = \"coil\" function = 5 max_ms = 500 dead_man_ms = 1000 } "
                                     "inputs { function = 2 count = 8 }",
                               NULL),
                     ERR_OK);
    assert_frame(profile_pulse_frame(&p, 9, 2, 400), 5, 2, 0xff00);
    assert_int_equal(profile_pulse_ms(&p, 1500), 500);
}

static void unsafe_profiles_are_refused(void **state)
{
    static const struct {
        enum err err;
        const char *word, *text;
    } row[] = {
        {ERR_DENIED, "dead_man_ms", LOCKS "pulse { method = \"coil\" function = 5 max_ms = 1000 dead_man_ms = 1000 }"},
        {ERR_RANGE, "max_ms",
         LOCKS "pulse { method = \"flash\" function = 5 address = 512 step_ms = 100 max_ms = 1501 }"},
        {ERR_RANGE, "length_ms", LOCKS "pulse { method = \"momentary\" function = 6 value = 1 length_ms = 2000 }"},
        {ERR_MISSING, "length_ms", LOCKS "pulse { method = \"momentary\" function = 6 address = 1 value = 1 }"},
        {ERR_MISSING, "step_ms", LOCKS "pulse { method = \"flash\" function = 5 address = 512 }"},
        {ERR_RANGE, "function", LOCKS "pulse { method = \"flash\" function = 3 step_ms = 100 }"},
        {ERR_MISSING, "read-back",
         "locks = 8 off { function = 5 } pulse { method = \"flash\" function = 5 step_ms = 100 }"},
        {ERR_MISSING, "off",
         "locks = 8 coils { function = 1 } pulse { method = \"flash\" function = 5 step_ms = 100 }"},
        {ERR_MISSING, "method", LOCKS},
        {ERR_DENIED, "off",
         "locks = 8 off { function = 5 value = 0xff00 } coils { function = 1 } "
         "pulse { method = \"flash\" function = 5 address = 512 step_ms = 100 }"},
        /* frames that never pass: toggle, all relays, flash-off, untimed on */
        {ERR_DENIED, "never",
         LOCKS "pulse { method = \"momentary\" function = 6 address = 1 value = 0x0300 length_ms = 9 }"},
        {ERR_DENIED, "never",
         LOCKS "pulse { method = \"momentary\" function = 6 address = 1 value = 0x0100 length_ms = 9 }"},
        {ERR_DENIED, "never",
         LOCKS "pulse { method = \"momentary\" function = 6 address = 0 value = 0x0500 length_ms = 9 }"},
        {ERR_DENIED, "never", LOCKS "pulse { method = \"flash\" function = 5 address = 0x0400 step_ms = 100 }"},
        {ERR_DENIED, "never", LOCKS "pulse { method = \"flash\" function = 5 address = 0x00f8 step_ms = 100 }"},
        /* rule R1 */
        {ERR_DUPLICATE, "late answer", "identity { function = 3 address = 9 } climate { function = 3 probes = 1 }"},
        {ERR_MISSING, "can be read", "title = \"nothing\""},
        {ERR_UNKNOWN, "toggle", "toggle = 1"},
        {ERR_MISSING, "count", "inputs { function = 2 }"},
        {ERR_MISSING, "needs a function", "identity { expect = \"unit\" } inputs { function = 2 count = 8 }"},
        {ERR_RANGE, "function", "identity { function = 1 } inputs { function = 2 count = 8 }"},
        {ERR_RANGE, "outside 0..10000", "inputs { function = 2 count = 8 } timing { worst_late_ms = 10001 }"},
        {ERR_TOO_LONG, "missing", "climate { function = 4 probes = 1 missing = {1, 2, 3, 4, 5} }"},
        {ERR_RANGE, "missing", "climate { function = 4 probes = 1 missing = {65536} }"},
        {ERR_RANGE, "humidity", "climate { function = 4 probes = 1 humidity = 1 permille = 1 }"},
        {ERR_SYNTAX, "hex", "inputs { function = 2 address = 0x1 count = 8 }"},
        {ERR_MISSING, "lines", "kind = \"gpio\""},
        {ERR_RANGE, "outputs", "kind = \"gpio\" lines { outputs = {\"\"} }"},
    };
    (void)state;
    for (size_t i = 0; i < LEN(row); i++) {
        struct profile p = {.name = "untouched"};
        struct reason r = {{0}};
        enum err e = load_text(&p, row[i].text, &r);
        if (e != row[i].err || strstr(r.text, row[i].word) == NULL)
            fail_msg("%s: %s: %s", row[i].text, err_name(e), r.text);
        assert_string_equal(p.name, "untouched");
    }
}

static void board_may_be_as_late_as_its_bus(void **state)
{
    struct profile p = {.name = ""};
    struct reason r = {{0}};
    (void)state;
    if (load_text(&p, "inputs { function = 2 count = 8 } timing { worst_late_ms = 10000 }", &r) != ERR_OK)
        fail_msg("%s", r.text);
    assert_int_equal(p.worst_late_ms, HW_LATE_MAX_MS);
}

static void profile_names_are_no_paths(void **state)
{
    static const char *const names[] = {
        "", "../waveshare-d", "waveshare-d.conf", "Waveshare", "a/b", "a-name-that-is-longer-than-it-may-be"};
    struct profile p;
    (void)state;
    for (size_t i = 0; i < LEN(names); i++)
        assert_int_equal(profile_load(&p, "hw/profiles", names[i], NULL), ERR_UNKNOWN);
    assert_int_equal(profile_load(&p, "hw/profiles", "not-there", NULL), ERR_NOT_FOUND);
}

static void silence_between_frames_follows_the_baud_rate(void **state)
{
    (void)state;
    assert_int_equal(bus_modbus_gap_us(9600, HW_PARITY_NONE), 3646);
    assert_int_equal(bus_modbus_gap_us(9600, HW_PARITY_EVEN), 4011);
    assert_int_equal(bus_modbus_gap_us(19200, HW_PARITY_NONE), 1823);
    assert_int_equal(bus_modbus_gap_us(38400, HW_PARITY_NONE), 1750);
    assert_int_equal(bus_modbus_gap_us(115200, HW_PARITY_ODD), 1750);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waveshare_is_flashed_in_steps_of_100_ms),
        cmocka_unit_test(momentary_board_has_one_length),
        cmocka_unit_test(identity_is_the_unit_address),
        cmocka_unit_test(coils_are_read_as_bits_or_as_registers),
        cmocka_unit_test(probes_are_found_in_the_registers),
        cmocka_unit_test(gpio_lines_become_a_small_board),
        cmocka_unit_test(template_without_a_dead_man_is_refused_with_its_line),
        cmocka_unit_test(template_with_a_dead_man_pulses_by_on_and_off),
        cmocka_unit_test(unsafe_profiles_are_refused),
        cmocka_unit_test(board_may_be_as_late_as_its_bus),
        cmocka_unit_test(profile_names_are_no_paths),
        cmocka_unit_test(silence_between_frames_follows_the_baud_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
