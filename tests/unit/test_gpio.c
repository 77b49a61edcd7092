/* SPDX-License-Identifier: Apache-2.0 */
/* The GPIO driver on a fake libgpiod, alone and below hw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <gpiod.h>
#include <poll.h>

#include "hw/gpio.h"
#include "hw/hw.h"
#include "hw/lamp.h"

#ifdef GPIOD_LINE_BULK_MAX_LINES
#include "tests/unit/gpiod_fake_v1.h"
#else
#include "tests/unit/gpiod_fake_v2.h"
#endif

#include "common/log.h"

#define WAIT_MS 20000

static const char *const locks[] = {"LOCK1", "LOCK2", "LOCK3"};
static const char *const doors[] = {"DOOR3", "DOOR1"};

static int set_up(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_ERROR - 1);
    fake_reset();
    return 0;
}

/* Whatever happened, nothing stays requested, open or on. */
static int tear_down(void **state)
{
    (void)state;
    assert_true(fake_all_released());
    assert_false(fake.nonzero_default);
    for (unsigned i = 0; i < FAKE_LOCKS; i++)
        assert_int_equal(fake.value[i], 0);
    fake_close();
    return 0;
}

static struct gpio_cfg three_locks_two_doors(void)
{
    return (struct gpio_cfg){.chip = FAKE_LABEL, .outputs = locks, .inputs = doors, .outputs_n = 3, .inputs_n = 2};
}

static struct gpio *open_chip(void)
{
    struct gpio_cfg cfg = three_locks_two_doors();
    struct gpio *g = NULL;
    assert_int_equal(gpio_open(&g, &cfg, NULL), ERR_OK);
    return g;
}

static void lines_are_found_by_name_and_outputs_start_at_zero(void **state)
{
    (void)state;
    struct gpio *g = open_chip();
    for (unsigned i = 0; i < FAKE_LINES; i++)
        assert_int_equal(fake.requested[i], i < 3 || i == FAKE_LOCKS || i == FAKE_LOCKS + 2);
    gpio_free(g);
}

static void bank_is_read_in_the_order_of_the_names(void **state)
{
    uint64_t bits = 0;
    (void)state;
    struct gpio *g = open_chip();
    fake.value[FAKE_LOCKS + 2] = 1;
    assert_int_equal(gpio_read(g, &bits), ERR_OK);
    assert_int_equal(bits, 1);
    fake.value[FAKE_LOCKS] = 1;
    assert_int_equal(gpio_read(g, &bits), ERR_OK);
    assert_int_equal(bits, 3);
    gpio_free(g);
}

static void outputs_are_set_and_off_again_when_freed(void **state)
{
    (void)state;
    struct gpio *g = open_chip();
    assert_int_equal(gpio_set(g, 1, true), ERR_OK);
    assert_int_equal(fake.value[1], 1);
    assert_int_equal(gpio_set(g, 3, true), ERR_RANGE);
    gpio_free(g);
    assert_int_equal(fake.value[1], 0);
}

/* Found on an emulated board: with libgpiod 1.6 each pulse went to the first lock of the chip. */
static void setting_an_output_changes_no_other(void **state)
{
    (void)state;
    struct gpio *g = open_chip();
    for (uint8_t output = 0; output < 3; output++) {
        assert_int_equal(gpio_set(g, output, true), ERR_OK);
        for (uint8_t other = 0; other <= output; other++)
            assert_int_equal(fake.value[other], 1);
        for (uint8_t other = output + 1; other < 3; other++)
            assert_int_equal(fake.value[other], 0);
    }
    assert_int_equal(gpio_set(g, 0, false), ERR_OK);
    assert_int_equal(fake.value[0], 0);
    assert_int_equal(fake.value[1], 1);
    assert_int_equal(fake.value[2], 1);
    gpio_free(g);
}

/* The write did not go out, so a later write of another line must not carry it. */
static void output_that_failed_to_switch_on_stays_off(void **state)
{
    (void)state;
    struct gpio *g = open_chip();
    fake.fail_set = EIO;
    assert_int_equal(gpio_set(g, 1, true), ERR_IO);
    fake.fail_set = 0;
    assert_int_equal(gpio_set(g, 2, true), ERR_OK);
    assert_int_equal(fake.value[1], 0);
    assert_int_equal(fake.value[2], 1);
    gpio_free(g);
}

static void edges_wake_the_descriptor_until_taken(void **state)
{
    (void)state;
    struct gpio *g = open_chip();
    struct pollfd p = {.fd = gpio_fd(g), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 0), 0);
    assert_false(gpio_next_edge(g));
    fake_set_input(FAKE_LOCKS, 1);
    fake_set_input(FAKE_LOCKS + 2, 1);
    assert_int_equal(poll(&p, 1, 0), 1);
    assert_true(gpio_next_edge(g));
    assert_true(gpio_next_edge(g));
    assert_false(gpio_next_edge(g));
    gpio_free(g);
}

static void failures_to_open_give_back_what_was_taken(void **state)
{
    static const struct {
        size_t knob;
        int error;
        enum err err;
    } row[] = {
        {offsetof(struct fake, fail_open), ENODEV, ERR_IO},
        {offsetof(struct fake, fail_open), EACCES, ERR_IO},
        {offsetof(struct fake, fail_find), EIO, ERR_IO},
        {offsetof(struct fake, fail_find), ENOENT, ERR_NOT_FOUND},
        {offsetof(struct fake, fail_outputs), EBUSY, ERR_BUSY},
        {offsetof(struct fake, fail_outputs), ENODEV, ERR_IO},
        {offsetof(struct fake, fail_inputs), EBUSY, ERR_BUSY},
        {offsetof(struct fake, fail_inputs), EIO, ERR_IO},
    };
    struct gpio_cfg cfg = three_locks_two_doors();
    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct gpio *g = NULL;
        struct reason r = {{0}};
        _Atomic int *knob = (_Atomic int *)((char *)&fake + row[i].knob);
        atomic_store(knob, row[i].error);
        /* A chip that cannot be looked at is as good as absent to the second API. */
        enum err e = gpio_open(&g, &cfg, &r);
        assert_true(e == row[i].err || (row[i].knob == offsetof(struct fake, fail_open) && e == ERR_NOT_FOUND));
        assert_null(g);
        assert_non_null(strstr(r.text, FAKE_LABEL));
        assert_true(fake_all_released());
        atomic_store(knob, 0);
    }
}

static void unknown_chip_and_unknown_line_are_named(void **state)
{
    static const char *const no_lines[] = {"LOCK9"};
    struct gpio_cfg cfg = three_locks_two_doors();
    struct gpio *g = NULL;
    struct reason r = {{0}};
    (void)state;
    cfg.outputs = no_lines;
    cfg.outputs_n = 1;
    assert_int_equal(gpio_open(&g, &cfg, &r), ERR_NOT_FOUND);
    assert_non_null(strstr(r.text, "LOCK9"));
    cfg = three_locks_two_doors();
    cfg.chip = "elsewhere";
    assert_int_equal(gpio_open(&g, &cfg, &r), ERR_NOT_FOUND);
    assert_non_null(strstr(r.text, "elsewhere"));
}

static void chip_that_fails_later_says_so(void **state)
{
    uint64_t bits = 7;
    (void)state;
    struct gpio *g = open_chip();
    fake.fail_read = EIO;
    assert_int_equal(gpio_read(g, &bits), ERR_IO);
    assert_int_equal(bits, 7);
    fake.fail_set = ENODEV;
    assert_int_equal(gpio_set(g, 0, true), ERR_IO);
    gpio_free(g);
}

/* ---------------------------------------------------------------- below hw */

struct rig {
    sd_event *loop;
    struct hw *hw;
    bool ready;
    enum hw_board_state board;
    enum hw_door_state door[FAKE_LOCKS];
    unsigned completions;
    enum hw_status status;
};

static void on_event(void *arg, const struct hw_event *ev)
{
    struct rig *g = arg;
    switch (ev->kind) {
    case HW_EVENT_READY:
        g->ready = true;
        break;
    case HW_EVENT_COMPLETION:
        g->completions++;
        g->status = ev->u.completion.status;
        break;
    case HW_EVENT_DOOR:
        g->door[ev->u.door.door] = ev->u.door.state;
        break;
    case HW_EVENT_BOARD:
        g->board = ev->u.board.state;
        break;
    case HW_EVENT_CLIMATE:
    case HW_EVENT_INPUT:
        break;
    }
}

/* Turns the loop until *what is value. */
static void await(struct rig *g, const unsigned *what, unsigned value)
{
    int64_t until_us = clock_mono_us() + WAIT_MS * 1000;
    while (*(const volatile unsigned *)what != value) {
        assert_true(clock_mono_us() < until_us);
        assert_true(sd_event_run(g->loop, 100000) >= 0);
    }
}

static int set_up_cabinet(void **state)
{
    struct rig *g = calloc(1, sizeof *g);
    struct hw_cfg *c = calloc(1, sizeof *c);
    assert_true(g != NULL && c != NULL);
    (void)set_up(state);
    *c = (struct hw_cfg){.profile_dir = "hw/profiles", .buses = 1, .boards = 1, .doors = FAKE_LOCKS};
    c->bus[0] = (struct hw_bus_cfg){.name = "gpio", .kind = HW_BUS_GPIO, .device = FAKE_LABEL};
    c->board[0] = (struct hw_board_cfg){.name = "lines", .profile = "gpio"};
    for (uint8_t i = 0; i < FAKE_LOCKS; i++)
        c->door[i] = (struct hw_door_cfg){
            .name = {'D', (char)('1' + i)}, .channel = i, .input = i, .open_is_one = true, .pulse_ms = 250};
    assert_true(sd_event_new(&g->loop) >= 0);
    struct reason r = {{0}};
    if (hw_open(&g->hw, c, g->loop, on_event, g, &r) != ERR_OK)
        fail_msg("%s", r.text);
    free(c);
    *state = g;
    return 0;
}

static int tear_down_cabinet(void **state)
{
    struct rig *g = *state;
    hw_free(g->hw);
    sd_event_unref(g->loop);
    free(g);
    assert_true(fake.most_on <= 1);
    return tear_down(state);
}

static void await_ready(struct rig *g)
{
    while (!g->ready)
        assert_true(sd_event_run(g->loop, 100000) >= 0);
}

static void submit(struct rig *g, uint16_t door, uint64_t intent)
{
    const struct hw_pulse p = {.id = intent, .intent = intent, .door = door};
    assert_int_equal(hw_submit_pulse(g->hw, &p), ERR_OK);
    await(g, &g->completions, (unsigned)intent);
}

static void pulse_lasts_as_long_as_asked_for_and_opens_the_door(void **state)
{
    struct rig *g = *state;
    await_ready(g);
    assert_int_equal(g->board, HW_BOARD_OK);
    submit(g, 4, 1);
    assert_int_equal(g->status, HW_DONE);
    await(g, (const unsigned *)&g->door[4], HW_DOOR_OPEN);
    int64_t length_us = fake.off_us[4] - fake.on_us[4];
    assert_true(length_us >= 245000 && length_us <= 1500000);
    for (unsigned i = 0; i < FAKE_LOCKS; i++)
        assert_int_equal(g->door[i], i == 4 ? HW_DOOR_OPEN : HW_DOOR_CLOSED);
}

static void chip_that_fails_loses_the_board_and_comes_back(void **state)
{
    struct rig *g = *state;
    await_ready(g);
    fake.fail_read = EIO;
    await(g, (const unsigned *)&g->board, HW_BOARD_LOST);
    assert_int_equal(g->door[0], HW_DOOR_UNKNOWN);
    submit(g, 0, 1);
    assert_int_equal(g->status, HW_REFUSED);
    fake.fail_read = 0;
    await(g, (const unsigned *)&g->board, HW_BOARD_OK);
    await(g, (const unsigned *)&g->door[0], HW_DOOR_CLOSED);
    submit(g, 0, 2);
    assert_int_equal(g->status, HW_DONE);
}

static void line_that_cannot_be_switched_on_fails_the_pulse(void **state)
{
    struct rig *g = *state;
    await_ready(g);
    fake.fail_set = EIO;
    submit(g, 0, 1);
    assert_int_equal(g->status, HW_FAILED);
    fake.fail_set = 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define CABINET(name) cmocka_unit_test_setup_teardown(name, set_up_cabinet, tear_down_cabinet)

/* ---------------------------------------------------------------- lamps, on lines that no lock has */

static const struct lamp_cfg lamps[] = {
    {"left", FAKE_LABEL, "LOCK7", false, 1, 3, 1, 4},
    {"right", FAKE_LABEL, "LOCK8", true, 1, 3, 5, 8},
};

static struct lamps *open_lamps(void)
{
    struct lamps *l = NULL;
    assert_int_equal(lamps_open(&l, lamps, 2, NULL), ERR_OK);
    return l;
}

static void lamp_of_the_door_is_on_and_no_other(void **state)
{
    static const struct {
        uint8_t row, column;
        int left, right;
    } rows[] = {{1, 1, 1, 0}, {3, 4, 1, 0}, {2, 5, 0, 1}, {2, 8, 0, 1},
                {2, 9, 0, 0}, {4, 1, 0, 0}, {1, 2, 1, 0}, {0, 0, 0, 0}};
    (void)state;
    struct lamps *l = open_lamps();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        lamps_show(l, rows[i].row, rows[i].column);
        assert_int_equal(fake.value[6], rows[i].left);
        assert_int_equal(fake.value[7], rows[i].right);
    }
    lamps_free(l);
}

static void lamps_are_off_at_the_start_and_at_the_end(void **state)
{
    (void)state;
    struct lamps *l = open_lamps();
    assert_true(fake.active_low); /* of the last one: 0 is dark there too */
    lamps_show(l, 1, 1);
    assert_int_equal(fake.value[6], 1);
    lamps_free(l); /* tear_down looks */
    lamps_free(NULL);
}

static void lamp_has_its_own_line_and_no_lock(void **state)
{
    (void)state;
    struct lamps *l = open_lamps();
    for (unsigned i = 0; i < FAKE_LINES; i++)
        assert_int_equal(fake.requested[i], i == 6 || i == 7);
    lamps_free(l);
}

static void lamp_that_is_not_there_harms_nothing_and_is_tried_again(void **state)
{
    (void)state;
    fake.fail_find = ENOENT;
    struct lamps *l = open_lamps();
    lamps_show(l, 1, 1);
    assert_int_equal(fake.value[6], 0);
    fake.fail_find = 0;
    lamps_show(l, 1, 1);
    assert_int_equal(fake.value[6], 1);
    lamps_free(l);
}

static void lamp_that_cannot_be_written_is_requested_anew(void **state)
{
    (void)state;
    struct lamps *l = open_lamps();
    fake.fail_set = EIO;
    lamps_show(l, 1, 1);
    assert_false(fake.requested[6]);
    fake.fail_set = 0;
    lamps_show(l, 1, 1);
    assert_int_equal(fake.value[6], 1);
    lamps_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(lines_are_found_by_name_and_outputs_start_at_zero),
        CASE(lamp_of_the_door_is_on_and_no_other),
        CASE(lamps_are_off_at_the_start_and_at_the_end),
        CASE(lamp_has_its_own_line_and_no_lock),
        CASE(lamp_that_is_not_there_harms_nothing_and_is_tried_again),
        CASE(lamp_that_cannot_be_written_is_requested_anew),
        CASE(bank_is_read_in_the_order_of_the_names),
        CASE(outputs_are_set_and_off_again_when_freed),
        CASE(setting_an_output_changes_no_other),
        CASE(output_that_failed_to_switch_on_stays_off),
        CASE(edges_wake_the_descriptor_until_taken),
        CASE(failures_to_open_give_back_what_was_taken),
        CASE(unknown_chip_and_unknown_line_are_named),
        CASE(chip_that_fails_later_says_so),
        CABINET(pulse_lasts_as_long_as_asked_for_and_opens_the_door),
        CABINET(chip_that_fails_loses_the_board_and_comes_back),
        CABINET(line_that_cannot_be_switched_on_fails_the_pulse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
