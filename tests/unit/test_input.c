/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/input.h"

#include <fcntl.h>
#include <linux/input.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/token.h"

enum which { KEYPAD, SCANNER };

struct fixture {
    char dir[40], path[64];
    sd_event *loop;
    struct input *input;
    int out;
    char keys[64];
    unsigned count, scans, pause_ms;
    char scan[TOKEN_TEXT_CAP];
};

static void on_key(void *arg, enum event_key key)
{
    static const char names[EVENT_KEY_N + 1] = "0123456789KCHLSR";
    struct fixture *f = arg;
    f->keys[f->count++] = names[key];
}

static void on_scan(void *arg, const char *text)
{
    struct fixture *f = arg;
    f->scans++;
    (void)snprintf(f->scan, sizeof f->scan, "%s", text);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    (void)snprintf(f->dir, sizeof f->dir, "/tmp/test_input.XXXXXX");
    if (mkdtemp(f->dir) == NULL || sd_event_new(&f->loop) < 0) {
        return -1;
    }
    (void)snprintf(f->path, sizeof f->path, "%s/device", f->dir);
    f->out = -1;
    f->pause_ms = 3600 * 1000; /* a slow test is no silence */
    *state = f;
    return mkfifo(f->path, 0600);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    input_free(f->input);
    if (f->out >= 0) {
        close(f->out);
    }
    unlink(f->path);
    rmdir(f->dir);
    sd_event_unref(f->loop);
    free(f);
    return 0;
}

/* An absent device is looked for every 20 ms. */
static void open_input(struct fixture *f, enum which which, const char *path)
{
    struct input_callbacks cb = {on_key, on_scan, f};
    struct input_cfg cfg = {.retry_ms = 20, .pause_ms = f->pause_ms};
    struct reason r;
    *(which == KEYPAD ? &cfg.keypad : &cfg.scanner) = path;
    assert_int_equal(input_open(&f->input, &cfg, &cb, f->loop, &r), ERR_OK);
}

static void start(struct fixture *f, enum which which)
{
    open_input(f, which, f->path);
    f->out = open(f->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(f->out >= 0);
}

/* Until so many scans were told. */
static void await_scans(struct fixture *f, unsigned scans)
{
    for (unsigned i = 0; i < 200 && f->scans < scans; i++) {
        assert_true(sd_event_run(f->loop, 50 * 1000) >= 0);
    }
    assert_int_equal(f->scans, scans);
}

/* Until nothing waits to be read. */
static void settle(struct fixture *f)
{
    int rc = 1;
    while (rc > 0) {
        rc = sd_event_run(f->loop, 0);
    }
    assert_int_equal(rc, 0);
}

static void put(struct fixture *f, unsigned short type, unsigned short code, int value)
{
    struct input_event ev = {.type = type, .code = code, .value = value};
    assert_int_equal(write(f->out, &ev, sizeof ev), sizeof ev);
}

/* Press and release, as a device reports them. */
static void put_strike(struct fixture *f, unsigned short code)
{
    put(f, EV_KEY, code, 1);
    put(f, EV_SYN, SYN_REPORT, 0);
    put(f, EV_KEY, code, 0);
    put(f, EV_SYN, SYN_REPORT, 0);
}

static void strike(struct fixture *f, unsigned short code)
{
    put_strike(f, code);
    settle(f);
}

/* Not read before the caller lets the loop run. */
static void scan(struct fixture *f, const char *hex)
{
    static const unsigned short digit[] = {KEY_0, KEY_1, KEY_2, KEY_3, KEY_4, KEY_5, KEY_6, KEY_7, KEY_8, KEY_9};
    static const unsigned short letter[] = {KEY_A, KEY_B, KEY_C, KEY_D, KEY_E, KEY_F};
    for (; *hex != '\0'; hex++) {
        if (*hex >= 'A') {
            put(f, EV_KEY, KEY_LEFTSHIFT, 1);
            put_strike(f, letter[*hex - 'A']);
            put(f, EV_KEY, KEY_LEFTSHIFT, 0);
        } else {
            put_strike(f, digit[*hex - '0']);
        }
    }
}

static const struct {
    unsigned short code;
    char key;
} table[] = {
    {KEY_0, '0'},         {KEY_1, '1'},          {KEY_2, '2'},
    {KEY_3, '3'},         {KEY_4, '4'},          {KEY_5, '5'},
    {KEY_6, '6'},         {KEY_7, '7'},          {KEY_8, '8'},
    {KEY_9, '9'},         {KEY_KP0, '0'},        {KEY_KP1, '1'},
    {KEY_KP2, '2'},       {KEY_KP3, '3'},        {KEY_KP4, '4'},
    {KEY_KP5, '5'},       {KEY_KP6, '6'},        {KEY_KP7, '7'},
    {KEY_KP8, '8'},       {KEY_KP9, '9'},        {KEY_NUMERIC_0, '0'},
    {KEY_NUMERIC_1, '1'}, {KEY_NUMERIC_2, '2'},  {KEY_NUMERIC_3, '3'},
    {KEY_NUMERIC_4, '4'}, {KEY_NUMERIC_5, '5'},  {KEY_NUMERIC_6, '6'},
    {KEY_NUMERIC_7, '7'}, {KEY_NUMERIC_8, '8'},  {KEY_NUMERIC_9, '9'},
    {KEY_ENTER, 'K'},     {KEY_KPENTER, 'K'},    {KEY_NUMERIC_POUND, 'K'},
    {KEY_BACKSPACE, 'C'}, {KEY_DELETE, 'C'},     {KEY_ESC, 'C'},
    {KEY_KPDOT, 'C'},     {KEY_KPMINUS, 'R'},    {KEY_F4, 'R'},
    {KEY_F1, 'H'},        {KEY_HELP, 'H'},       {KEY_SLASH, 'H'},
    {KEY_KPSLASH, 'H'},   {KEY_KPASTERISK, 'H'}, {KEY_NUMERIC_STAR, 'H'},
    {KEY_F2, 'L'},        {KEY_KPPLUS, 'L'},     {KEY_F3, 'S'},
    {KEY_TAB, 'S'},
};

static void keypad_gives_the_key_of_the_table_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    start(f, KEYPAD);
    for (unsigned short code = 0; code < KEY_MAX; code++) {
        char expected[2] = "";
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
            expected[0] = table[i].code == code ? table[i].key : expected[0];
        }
        memset(f->keys, 0, sizeof f->keys);
        f->count = 0;
        strike(f, code);
        assert_string_equal(f->keys, expected);
    }
    assert_int_equal(f->scans, 0);
}

static void repeat_and_release_are_no_presses(void **state)
{
    struct fixture *f = *state;
    start(f, KEYPAD);
    put(f, EV_KEY, KEY_5, 1);
    put(f, EV_KEY, KEY_5, 2);
    put(f, EV_KEY, KEY_5, 2);
    put(f, EV_KEY, KEY_5, 0);
    settle(f);
    assert_string_equal(f->keys, "5");
}

static void scanner_gives_one_text_for_each_enter(void **state)
{
    struct fixture *f = *state;
    start(f, SCANNER);
    scan(f, "4D4C31AF09");
    settle(f);
    assert_int_equal(f->scans, 0);
    strike(f, KEY_ENTER);
    assert_string_equal(f->scan, "4D4C31AF09");
    scan(f, "77");
    strike(f, KEY_KPENTER);
    assert_string_equal(f->scan, "77");
    strike(f, KEY_ENTER);
    assert_int_equal(f->scans, 2);
    assert_int_equal(f->count, 0);
}

static void text_with_a_foreign_character_is_unreadable(void **state)
{
    struct fixture *f = *state;
    start(f, SCANNER);
    scan(f, "4D4C");
    strike(f, KEY_Z);
    scan(f, "31");
    strike(f, KEY_ENTER);
    assert_string_equal(f->scan, "");
    scan(f, "31");
    strike(f, KEY_ENTER);
    assert_string_equal(f->scan, "31");
}

static void longest_text_fits_and_one_more_is_unreadable(void **state)
{
    struct fixture *f = *state;
    start(f, SCANNER);
    for (unsigned i = 0; i < TOKEN_TEXT_CAP - 1; i++) {
        strike(f, KEY_A);
    }
    strike(f, KEY_ENTER);
    assert_int_equal(strlen(f->scan), TOKEN_TEXT_CAP - 1);
    for (unsigned i = 0; i < TOKEN_TEXT_CAP; i++) {
        strike(f, KEY_A);
    }
    strike(f, KEY_ENTER);
    assert_string_equal(f->scan, "");
}

static void half_a_scan_is_one_bad_scan_and_does_not_stick_to_the_next(void **state)
{
    struct fixture *f = *state;
    f->pause_ms = 20;
    start(f, SCANNER);
    scan(f, "4D4C");
    await_scans(f, 1);
    assert_string_equal(f->scan, "");
    scan(f, "31");
    put_strike(f, KEY_ENTER);
    settle(f);
    assert_int_equal(f->scans, 2);
    assert_string_equal(f->scan, "31");
}

static void lost_events_make_the_scan_unreadable(void **state)
{
    struct fixture *f = *state;
    start(f, SCANNER);
    scan(f, "31");
    put(f, EV_SYN, SYN_DROPPED, 0);
    scan(f, "32");
    strike(f, KEY_ENTER);
    assert_string_equal(f->scan, "");
}

static void event_cut_in_two_is_put_together(void **state)
{
    struct fixture *f = *state;
    struct input_event ev = {.type = EV_KEY, .code = KEY_4, .value = 1};
    start(f, KEYPAD);
    assert_int_equal(write(f->out, &ev, 10), 10);
    settle(f);
    assert_int_equal(f->count, 0);
    assert_int_equal(write(f->out, (char *)&ev + 10, sizeof ev - 10), sizeof ev - 10);
    settle(f);
    assert_string_equal(f->keys, "4");
}

static void half_an_event_does_not_shift_the_next(void **state)
{
    struct fixture *f = *state;
    struct input_event ev = {.type = EV_KEY, .code = KEY_4, .value = 1};
    f->pause_ms = 20;
    start(f, SCANNER);
    scan(f, "31");
    assert_int_equal(write(f->out, &ev, 10), 10);
    await_scans(f, 1);
    scan(f, "32");
    put_strike(f, KEY_ENTER);
    settle(f);
    assert_string_equal(f->scan, "32");
}

static void rest_of_a_report_with_lost_events_is_ignored(void **state)
{
    struct fixture *f = *state;
    start(f, KEYPAD);
    put(f, EV_SYN, SYN_DROPPED, 0);
    put(f, EV_KEY, KEY_5, 1);
    put(f, EV_SYN, SYN_REPORT, 0);
    strike(f, KEY_6);
    assert_string_equal(f->keys, "6");
}

static void fifo_outlives_its_writers(void **state)
{
    struct fixture *f = *state;
    start(f, KEYPAD);
    strike(f, KEY_1);
    close(f->out);
    settle(f);
    f->out = open(f->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(f->out >= 0);
    strike(f, KEY_2);
    assert_string_equal(f->keys, "12");
}

static void device_that_comes_later_is_found(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(unlink(f->path), 0);
    open_input(f, KEYPAD, f->path);
    settle(f);
    assert_int_equal(mkfifo(f->path, 0600), 0);
    for (unsigned i = 0; i < 200 && f->out < 0; i++) {
        assert_true(sd_event_run(f->loop, 50 * 1000) >= 0);
        f->out = open(f->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC); /* once somebody reads */
    }
    assert_true(f->out >= 0);
    strike(f, KEY_2);
    assert_string_equal(f->keys, "2");
}

static void what_is_no_event_device_is_not_read(void **state)
{
    struct fixture *f = *state;
    static const char *const path[] = {"/nonexistent/kbd", "/proc/self/exe", "/dev/zero", "/tmp"};
    for (size_t i = 0; i < sizeof path / sizeof path[0]; i++) {
        open_input(f, KEYPAD, path[i]);
        settle(f);
        input_free(f->input);
        f->input = NULL;
    }
    assert_int_equal(f->count + f->scans, 0);
}

static void no_device_at_all_is_fine(void **state)
{
    struct fixture *f = *state;
    open_input(f, KEYPAD, NULL);
    input_free(f->input);
    open_input(f, SCANNER, "");
    settle(f);
    input_free(NULL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        T(keypad_gives_the_key_of_the_table_and_nothing_else),
        T(repeat_and_release_are_no_presses),
        T(scanner_gives_one_text_for_each_enter),
        T(text_with_a_foreign_character_is_unreadable),
        T(longest_text_fits_and_one_more_is_unreadable),
        T(half_a_scan_is_one_bad_scan_and_does_not_stick_to_the_next),
        T(lost_events_make_the_scan_unreadable),
        T(event_cut_in_two_is_put_together),
        T(half_an_event_does_not_shift_the_next),
        T(rest_of_a_report_with_lost_events_is_ignored),
        T(fifo_outlives_its_writers),
        T(device_that_comes_later_is_found),
        T(what_is_no_event_device_is_not_read),
        T(no_device_at_all_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
