/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "hw/sim/board.h"

#define MS INT64_C(1000)

/* Sends a request written in hex and compares the answer, both without unit address. */
static struct board_pdu pdu_of(const char *hex)
{
    struct board_pdu p = {.len = strlen(hex) / 2};
    for (size_t i = 0; i < p.len; i++) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        p.bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return p;
}

static void expect(struct board *b, int64_t now_us, const char *request, const char *answer)
{
    struct board_pdu q = pdu_of(request), want = pdu_of(answer), a = {.len = 0};
    board_step(b, now_us);
    assert_true(board_request(b, &q, now_us, &a));
    assert_int_equal(a.len, want.len);
    assert_memory_equal(a.bytes, want.bytes, want.len);
}

static unsigned outputs(const struct board *b)
{
    unsigned set = 0;
    for (unsigned i = 0; i < BOARD_CHANNELS; i++) {
        set |= b->on[i] ? 1u << i : 0u;
    }
    return set;
}

static struct board new_board(enum board_kind kind)
{
    struct board b;
    board_init(&b, kind, 3);
    return b;
}

static void waveshare_coils_switch_and_read_back(void **state)
{
    (void)state;
    struct board b = new_board(BOARD_WAVESHARE_D);
    expect(&b, 0, "050002ff00", "050002ff00");
    assert_int_equal(outputs(&b), 0x04);
    expect(&b, 0, "0100000008", "010104");
    expect(&b, 0, "0100020001", "010101");
    expect(&b, 0, "0500020000", "0500020000");
    assert_int_equal(outputs(&b), 0);
}

static void waveshare_flash_on_ends_by_itself(void **state)
{
    (void)state;
    struct board b = new_board(BOARD_WAVESHARE_D);
    expect(&b, 0, "0502030005", "0502030005");
    assert_int_equal(outputs(&b), 0x08);
    assert_int_equal(board_next(&b), 500 * MS);
    board_step(&b, 500 * MS - 1);
    assert_int_equal(outputs(&b), 0x08);
    board_step(&b, 500 * MS);
    assert_int_equal(outputs(&b), 0);
    assert_true(board_next(&b) == BOARD_NEVER);
}

static void waveshare_flash_off_is_the_other_way_round(void **state)
{
    (void)state;
    struct board b = new_board(BOARD_WAVESHARE_D);
    expect(&b, 0, "050000ff00", "050000ff00");
    expect(&b, 0, "0504000002", "0504000002");
    assert_int_equal(outputs(&b), 0);
    board_step(&b, 200 * MS);
    assert_int_equal(outputs(&b), 1);
}

static void off_ends_a_running_flash_for_good(void **state)
{
    (void)state;
    struct board b = new_board(BOARD_WAVESHARE_D);
    expect(&b, 0, "0504010005", "0504010005");
    expect(&b, 100 * MS, "0500010000", "0500010000");
    board_step(&b, 1000 * MS);
    assert_int_equal(outputs(&b), 0);
}

static void waveshare_dangerous_frames_are_carried_out(void **state)
{
    (void)state;
    struct board b = new_board(BOARD_WAVESHARE_D);
    expect(&b, 0, "0500005500", "0500005500");
    assert_int_equal(outputs(&b), 0x01);
    expect(&b, 0, "0500ff5500", "0500ff5500");
    assert_int_equal(outputs(&b), 0xfe);
    expect(&b, 0, "0500ffff00", "0500ffff00");
    assert_int_equal(outputs(&b), 0xff);
    expect(&b, 0, "0500ff0000", "0500ff0000");
    assert_int_equal(outputs(&b), 0);
    expect(&b, 0, "0f000000080155", "0f00000008");
    assert_int_equal(outputs(&b), 0x55);
    expect(&b, 0, "0640000009", "0640000009");
    assert_int_equal(b.unit, 9);
}

static void waveshare_inputs_identity_and_version_are_read(void **state)
{
    (void)state;
    struct board b = new_board(BOARD_WAVESHARE_D);
    b.input[0] = b.input[7] = true;
    expect(&b, 0, "0200000008", "020181");
    expect(&b, 0, "0340000001", "03020003");
    expect(&b, 0, "0380000001", "030200c8");
}

static void r4d_values_do_what_the_sheet_says(void **state)
{
    (void)state;
    struct board b = new_board(BOARD_R4D_FC06);
    expect(&b, 0, "0600010100", "0600010100");
    assert_int_equal(outputs(&b), 0x01);
    expect(&b, 0, "0600010200", "0600010200");
    assert_int_equal(outputs(&b), 0);
    expect(&b, 0, "0600080300", "0600080300");
    assert_int_equal(outputs(&b), 0x80);
    expect(&b, 0, "0600020400", "0600020400");
    assert_int_equal(outputs(&b), 0x02);
    expect(&b, 0, "0300010003", "0306000000010000");
    expect(&b, 0, "0600000700", "0600000700");
    assert_int_equal(outputs(&b), 0xff);
    expect(&b, 0, "0600000800", "0600000800");
    assert_int_equal(outputs(&b), 0);
}

static void r4d_momentary_takes_one_second_and_delay_its_own(void **state)
{
    (void)state;
    struct board b = new_board(BOARD_R4D_FC06);
    expect(&b, 0, "0600030500", "0600030500");
    expect(&b, 0, "0600040603", "0600040603");
    assert_int_equal(outputs(&b), 0x0c);
    board_step(&b, 1000 * MS);
    assert_int_equal(outputs(&b), 0x08);
    board_step(&b, 3000 * MS);
    assert_int_equal(outputs(&b), 0);
}

static void sensor_board_tells_temperature_and_humidity(void **state)
{
    (void)state;
    struct board b = new_board(BOARD_XY_MD02);
    b.deci_c = -35;
    b.deci_rh = 555;
    expect(&b, 0, "0400010002", "0404ffdd022b");
    expect(&b, 0, "0301010001", "03020003");
}

static void requests_beyond_the_map_get_the_right_exception(void **state)
{
    (void)state;
    static const struct {
        enum board_kind kind;
        const char *request, *answer;
    } rows[] = {
        {BOARD_WAVESHARE_D, "0100000009", "8102"},       {BOARD_WAVESHARE_D, "0100080001", "8102"},
        {BOARD_WAVESHARE_D, "0100000000", "8103"},       {BOARD_WAVESHARE_D, "050008ff00", "8502"},
        {BOARD_WAVESHARE_D, "0500000001", "8503"},       {BOARD_WAVESHARE_D, "0502000000", "8503"},
        {BOARD_WAVESHARE_D, "0400000001", "8401"},       {BOARD_WAVESHARE_D, "0340010001", "8302"},
        {BOARD_WAVESHARE_D, "01000000", "8103"},         {BOARD_WAVESHARE_D, "0f00000008020055", "8f03"},
        {BOARD_WAVESHARE_D, "0f00000009020055", "8f02"}, {BOARD_WAVESHARE_D, "0f0004000801ff", "8f02"},
        {BOARD_WAVESHARE_D, "0640000000", "8603"},       {BOARD_R4D_FC06, "0600090100", "8602"},
        {BOARD_R4D_FC06, "0600010600", "8603"},          {BOARD_R4D_FC06, "0600010101", "8603"},
        {BOARD_R4D_FC06, "0600010900", "8603"},          {BOARD_R4D_FC06, "0600000100", "8603"},
        {BOARD_R4D_FC06, "0300000001", "8302"},          {BOARD_R4D_FC06, "0300080002", "8302"},
        {BOARD_R4D_FC06, "0100000008", "8101"},          {BOARD_DI8_FC02, "050000ff00", "8501"},
        {BOARD_DI8_FC02, "0200000010", "8202"},          {BOARD_XY_MD02, "0400000001", "8402"},
        {BOARD_XY_MD02, "0400020002", "8402"},           {BOARD_XY_MD02, "040001007e", "8403"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct board b = new_board(rows[i].kind);
        expect(&b, 0, rows[i].request, rows[i].answer);
        assert_int_equal(outputs(&b), 0);
        assert_int_equal(b.unit, 3);
        assert_int_equal(b.executed, 0);
    }
}

static void dangerous_frames_are_known_and_the_others_are_not(void **state)
{
    (void)state;
    static const struct {
        enum board_kind kind;
        const char *request;
        enum board_danger danger;
    } rows[] = {
        {BOARD_WAVESHARE_D, "0502000005", BOARD_DANGER_NONE},
        {BOARD_WAVESHARE_D, "0500000000", BOARD_DANGER_NONE},
        {BOARD_WAVESHARE_D, "0200000008", BOARD_DANGER_NONE},
        {BOARD_WAVESHARE_D, "0340000001", BOARD_DANGER_NONE},
        {BOARD_WAVESHARE_D, "050000ff00", BOARD_DANGER_UNTIMED},
        {BOARD_WAVESHARE_D, "0500ff0000", BOARD_DANGER_ALL},
        {BOARD_WAVESHARE_D, "0500ff5500", BOARD_DANGER_ALL},
        {BOARD_WAVESHARE_D, "0500035500", BOARD_DANGER_TOGGLE},
        {BOARD_WAVESHARE_D, "0504000005", BOARD_DANGER_TOGGLE},
        {BOARD_WAVESHARE_D, "0f000000080100", BOARD_DANGER_ALL},
        {BOARD_WAVESHARE_D, "0640000002", BOARD_DANGER_ADDRESS},
        {BOARD_R4D_FC06, "0600010500", BOARD_DANGER_NONE},
        {BOARD_R4D_FC06, "0600010601", BOARD_DANGER_NONE},
        {BOARD_R4D_FC06, "0600010200", BOARD_DANGER_NONE},
        {BOARD_R4D_FC06, "0600010100", BOARD_DANGER_UNTIMED},
        {BOARD_R4D_FC06, "0600010300", BOARD_DANGER_TOGGLE},
        {BOARD_R4D_FC06, "0600010400", BOARD_DANGER_TOGGLE},
        {BOARD_R4D_FC06, "0600000800", BOARD_DANGER_ALL},
        {BOARD_R4D_FC06, "0600fe0002", BOARD_DANGER_ADDRESS},
        {BOARD_R4D_FC06, "0300010008", BOARD_DANGER_NONE},
        {BOARD_DI8_FC02, "0600fe0002", BOARD_DANGER_ADDRESS},
        {BOARD_DI8_FC02, "0200000008", BOARD_DANGER_NONE},
        {BOARD_XY_MD02, "0601010002", BOARD_DANGER_ADDRESS},
        {BOARD_XY_MD02, "0400010002", BOARD_DANGER_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct board b = new_board(rows[i].kind);
        struct board_pdu q = pdu_of(rows[i].request);
        assert_int_equal(board_danger(&b, &q), rows[i].danger);
    }
}

static void board_without_power_is_silent_and_drops_its_outputs(void **state)
{
    (void)state;
    struct board b = new_board(BOARD_WAVESHARE_D);
    struct board_pdu q = pdu_of("0100000008"), a;
    expect(&b, 0, "050002ff00", "050002ff00");
    board_set_power(&b, BOARD_OFF);
    assert_false(board_request(&b, &q, 0, &a));
    assert_int_equal(outputs(&b), 0);
    board_set_power(&b, BOARD_ON);
    expect(&b, 0, "0100000008", "010100");
}

static void hung_board_keeps_its_outputs_and_its_timers_stand(void **state)
{
    (void)state;
    struct board b = new_board(BOARD_WAVESHARE_D);
    struct board_pdu q = pdu_of("0500020000"), a;
    expect(&b, 0, "0502020005", "0502020005");
    board_set_power(&b, BOARD_HUNG);
    assert_true(board_next(&b) == BOARD_NEVER);
    board_step(&b, 9000 * MS);
    assert_int_equal(outputs(&b), 0x04);
    assert_false(board_request(&b, &q, 9000 * MS, &a));
    board_set_power(&b, BOARD_ON);
    assert_int_equal(outputs(&b), 0);
}

static void reboot_is_silent_for_a_while_and_comes_back_with_or_without_coils(void **state)
{
    (void)state;
    for (unsigned coils = 0; coils < 2; coils++) {
        struct board b = new_board(BOARD_WAVESHARE_D);
        struct board_pdu q = pdu_of("0100000008"), a;
        expect(&b, 0, "050002ff00", "050002ff00");
        board_reboot(&b, coils == 1, 0);
        assert_false(board_request(&b, &q, 0, &a));
        assert_int_equal(board_next(&b), BOARD_BOOT_US);
        expect(&b, BOARD_BOOT_US, "0100000008", coils == 1 ? "0101ff" : "010100");
    }
}

static void welded_relay_stays_on_and_says_so(void **state)
{
    (void)state;
    struct board b = new_board(BOARD_WAVESHARE_D);
    board_stick(&b, 2, BOARD_STUCK_ON);
    expect(&b, 0, "0100000008", "010100");
    expect(&b, 0, "0502020001", "0502020001");
    board_step(&b, 5000 * MS);
    expect(&b, 5000 * MS, "0500020000", "0500020000");
    expect(&b, 5000 * MS, "0100000008", "010104");
    board_stick(&b, 2, BOARD_STUCK_FREE);
    expect(&b, 5000 * MS, "0500020000", "0500020000");
    expect(&b, 5000 * MS, "0100000008", "010100");
}

static void dead_relay_never_comes_on(void **state)
{
    (void)state;
    struct board b = new_board(BOARD_WAVESHARE_D);
    board_stick(&b, 2, BOARD_STUCK_OFF);
    expect(&b, 0, "0502020005", "0502020005");
    expect(&b, 0, "0100000008", "010100");
}

static void board_lost_in_mid_pulse_drops_or_keeps_its_outputs(void **state)
{
    (void)state;
    for (unsigned keeps = 0; keeps < 2; keeps++) {
        struct board b = new_board(BOARD_WAVESHARE_D);
        struct board_pdu q = pdu_of("0100000008"), a;
        b.lose_us = 200 * MS;
        b.lost_keeps = keeps == 1;
        expect(&b, 1000 * MS, "0502020005", "0502020005");
        assert_int_equal(board_next(&b), 1200 * MS);
        board_step(&b, 1200 * MS);
        assert_false(board_request(&b, &q, 1200 * MS, &a));
        board_step(&b, 9000 * MS);
        assert_int_equal(outputs(&b), keeps == 1 ? 0x04 : 0);
    }
}

static void random_requests_are_always_answered_in_bounds(void **state)
{
    (void)state;
    uint64_t seed = 20260701, x = seed;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (unsigned i = 0; i < 100000; i++) {
        struct board b = new_board((enum board_kind)(i % BOARD_KIND_N));
        struct board_pdu q = {.len = 1 + i % 12}, a = {.len = 0};
        for (size_t j = 0; j < q.len; j++) {
            x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
            q.bytes[j] = (uint8_t)(x >> 56 & (j == 0 ? 0x1f : 0xff));
        }
        assert_true(board_request(&b, &q, 0, &a));
        assert_true(a.len >= 2 && a.len <= BOARD_PDU_MAX);
        assert_int_equal(a.bytes[0] & 0x7f, q.bytes[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waveshare_coils_switch_and_read_back),
        cmocka_unit_test(waveshare_flash_on_ends_by_itself),
        cmocka_unit_test(waveshare_flash_off_is_the_other_way_round),
        cmocka_unit_test(off_ends_a_running_flash_for_good),
        cmocka_unit_test(waveshare_dangerous_frames_are_carried_out),
        cmocka_unit_test(waveshare_inputs_identity_and_version_are_read),
        cmocka_unit_test(r4d_values_do_what_the_sheet_says),
        cmocka_unit_test(r4d_momentary_takes_one_second_and_delay_its_own),
        cmocka_unit_test(sensor_board_tells_temperature_and_humidity),
        cmocka_unit_test(requests_beyond_the_map_get_the_right_exception),
        cmocka_unit_test(dangerous_frames_are_known_and_the_others_are_not),
        cmocka_unit_test(board_without_power_is_silent_and_drops_its_outputs),
        cmocka_unit_test(hung_board_keeps_its_outputs_and_its_timers_stand),
        cmocka_unit_test(reboot_is_silent_for_a_while_and_comes_back_with_or_without_coils),
        cmocka_unit_test(welded_relay_stays_on_and_says_so),
        cmocka_unit_test(dead_relay_never_comes_on),
        cmocka_unit_test(board_lost_in_mid_pulse_drops_or_keeps_its_outputs),
        cmocka_unit_test(random_requests_are_always_answered_in_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
