/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/act.h"

#include <sys/stat.h>

#include "common/code.h"
#include "common/log.h"
#include "controller/ballast.h"
#include "tests/unit/daemon_bed.h"

#define PATIENCE_MS 60000

static int set_up(void **state)
{
    struct daemon_bed *b = calloc(1, sizeof *b);
    bed_init(b);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    struct daemon_bed *b = *state;
    bed_stop(b);
    int rc = bed_fini(b);
    free(b);
    return rc;
}

static void start(struct daemon_bed *b)
{
    bed_start(b);
    act_start(b->act);
}

static void restart(struct daemon_bed *b)
{
    bed_stop(b);
    start(b);
}

static void type(struct daemon_bed *b, const char *digits)
{
    for (; *digits != '\0'; digits++) {
        act_key(b->act, (enum event_key)(EVENT_KEY_0 + (*digits - '0')));
    }
}

static enum screen_id screen(const struct daemon_bed *b)
{
    return act_screen(b->act)->id;
}

static void wait_for_screen(struct daemon_bed *b, enum screen_id id)
{
    int64_t end_ms = clock_boot_ms() + PATIENCE_MS;
    while (screen(b) != id) {
        assert_true(clock_boot_ms() < end_ms);
        assert_true(sd_event_run(b->loop, 100 * 1000) >= 0);
    }
}

static void make_code(char code[CODE_DIGITS + 1])
{
    (void)snprintf(code, CODE_DIGITS + 1, "318275460");
    code[CODE_RANDOM_DIGITS] = code_check_digit(code, CODE_RANDOM_DIGITS);
    code[CODE_DIGITS] = '\0';
}

static void start_is_recorded_and_the_start_screen_shown(void **state)
{
    struct daemon_bed *b = *state;
    start(b);
    assert_true(store_outbox_last(b->store) >= 2);
    assert_int_equal(screen(b), SCREEN_START);
    assert_int_equal(b->fatals, 0);
}

static void typed_code_is_stretched_by_the_worker_and_refused(void **state)
{
    struct daemon_bed *b = *state;
    char code[CODE_DIGITS + 1];
    make_code(code);
    start(b);
    type(b, code);
    assert_int_equal(screen(b), SCREEN_CHECKING);
    wait_for_screen(b, SCREEN_REFUSED);
    assert_int_equal(limiter_wrong_1h(&b->locker->limiter), 1);
}

static void limiter_is_durable_before_the_verdict(void **state)
{
    struct daemon_bed *b = *state;
    char code[CODE_DIGITS + 1];
    make_code(code);
    start(b);
    type(b, code);
    restart(b); /* as by a power cut: the verdict never came */
    assert_int_equal(limiter_wrong_1h(&b->locker->limiter), 1);
}

static void without_a_worker_the_person_is_asked_to_try_later(void **state)
{
    struct daemon_bed *b = *state;
    char code[CODE_DIGITS + 1];
    make_code(code);
    start(b);
    act_set_work(b->act, NULL);
    type(b, code);
    assert_int_equal(act_screen(b->act)->notice, SCREEN_NOTICE_TRY_LATER);
    assert_int_equal(limiter_wrong_1h(&b->locker->limiter), 0);
}

static void scan_that_is_no_token_is_a_bad_scan(void **state)
{
    struct daemon_bed *b = *state;
    start(b);
    act_scan(b->act, "4D513100");
    assert_int_equal(act_screen(b->act)->notice, SCREEN_NOTICE_BAD_SCAN);
    act_scan(b->act, "");
    act_scan(b->act, "<script>");
    assert_int_equal(b->fatals, 0);
}

static void token_of_another_key_is_a_bad_scan(void **state)
{
    struct daemon_bed *b = *state;
    uint8_t public_key[32], secret[TOKEN_SECRET_KEY_LEN];
    char text[TOKEN_TEXT_CAP];
    struct token t = {.kind = TOKEN_BADGE};
    start(b);
    memcpy(t.u.badge.locker, b->id.terms.locker, CODE_LOCKER_LEN);
    t.u.badge.not_after_s = 1900000000;
    t.u.badge.key_epoch = 1;
    (void)crypto_sign_keypair(public_key, secret);
    token_encode(&t, secret, text);
    act_scan(b->act, text);
    assert_int_equal(act_screen(b->act)->notice, SCREEN_NOTICE_BAD_SCAN);
    act_key(b->act, EVENT_KEY_CLEAR);
    token_encode(&t, b->token_secret, text);
    act_scan(b->act, text);
    assert_int_equal(screen(b), SCREEN_STAFF_PIN);
}

static void ticks_come_by_themselves(void **state)
{
    struct daemon_bed *b = *state;
    start(b);
    uint64_t turns = act_turns(b->act);
    int64_t end_ms = clock_boot_ms() + PATIENCE_MS;
    while (act_turns(b->act) < turns + 3) {
        assert_true(clock_boot_ms() < end_ms);
        assert_true(sd_event_run(b->loop, 1000 * 1000) >= 0);
    }
}

static bool has_ballast(const struct daemon_bed *b)
{
    char path[64];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/ballast", b->dir);
    return stat(path, &st) == 0 && st.st_size == BALLAST_BYTES;
}

/* Commands of the hub write events until the file may not grow. */
static void fill_the_store(struct daemon_bed *b)
{
    struct stream_cursor cursor;
    store_inbox(b->store, &cursor);
    for (unsigned i = 1; i < 20000 && !act_is_fatal(b->act); i++) {
        struct event ev = {.kind = EVENT_WITHDRAW, .command = ++cursor.seq};
        num_put_be(ev.u.withdraw.order, i, 4);
        ev.u.withdraw.load = 1;
        act_command(b->act, &ev, &cursor);
    }
}

static void full_store_ends_everything_and_gives_the_ballast_up(void **state)
{
    struct daemon_bed *b = *state;
    char code[CODE_DIGITS + 1];
    make_code(code);
    b->store_max_bytes = 256 * 1024;
    start(b);
    assert_true(has_ballast(b));
    fill_the_store(b);
    assert_true(act_is_fatal(b->act));
    assert_int_equal(b->fatals, 1);
    assert_int_equal(screen(b), SCREEN_OUT_OF_SERVICE);
    assert_false(has_ballast(b));
    uint64_t turns = act_turns(b->act);
    type(b, code);
    bed_settle(b);
    assert_int_equal(act_turns(b->act), turns);
    assert_int_equal(screen(b), SCREEN_OUT_OF_SERVICE);
}

static void ballast_that_was_given_up_is_told_and_made_again(void **state)
{
    struct daemon_bed *b = *state;
    start(b);
    int64_t events = store_outbox_last(b->store);
    restart(b);
    int64_t plain = store_outbox_last(b->store) - events;
    ballast_drop(b->dir);
    events = store_outbox_last(b->store);
    restart(b);
    assert_int_equal(store_outbox_last(b->store) - events, plain + 1);
    assert_true(has_ballast(b));
}

static void do_nothing(void *arg)
{
    (void)arg;
}

static void note_end(void *arg)
{
    *(bool *)arg = true;
}

static void verdict_that_comes_after_the_end_is_dropped(void **state)
{
    struct daemon_bed *b = *state;
    char code[CODE_DIGITS + 1];
    const struct reason why = {"test"};
    make_code(code);
    start(b);
    type(b, code);
    act_fail(b->act, ERR_IO, &why);
    act_fail(b->act, ERR_IO, &why);
    /* The worker answers in order: after this job's answer the verdict has come. */
    bool has_come = false;
    assert_int_equal(work_submit(b->work, &(struct work_job){do_nothing, note_end, &has_come}), ERR_OK);
    int64_t end_ms = clock_boot_ms() + PATIENCE_MS;
    while (!has_come) {
        assert_true(clock_boot_ms() < end_ms);
        assert_true(sd_event_run(b->loop, 20 * 1000) >= 0);
    }
    assert_int_equal(b->fatals, 1);
    assert_int_equal(screen(b), SCREEN_OUT_OF_SERVICE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        T(start_is_recorded_and_the_start_screen_shown),
        T(typed_code_is_stretched_by_the_worker_and_refused),
        T(limiter_is_durable_before_the_verdict),
        T(without_a_worker_the_person_is_asked_to_try_later),
        T(scan_that_is_no_token_is_a_bad_scan),
        T(token_of_another_key_is_a_bad_scan),
        T(ticks_come_by_themselves),
        T(full_store_ends_everything_and_gives_the_ballast_up),
        T(ballast_that_was_given_up_is_told_and_made_again),
        T(verdict_that_comes_after_the_end_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
