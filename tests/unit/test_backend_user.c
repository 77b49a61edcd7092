/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/backend_bed.h"

#define IDLE_MS (30 * 60 * 1000)
#define DAY_MS (12 * 3600 * 1000)

static int set_up(void **state)
{
    static struct bed bed;

    bed_open(&bed);
    bed_add_user(&bed, "anna", STORE_ROLE_PHARMACIST, "");
    *state = &bed;
    return 0;
}

static int tear_down(void **state)
{
    bed_close(*state);
    return 0;
}

static void password_is_checked_by_its_hash(void **state)
{
    char hash[STORE_PASSWORD_CAP];

    (void)state;
    assert_int_equal(user_hash_password("correct horse battery", hash), ERR_OK);
    assert_null(strstr(hash, "horse"));
    assert_true(user_password_is(hash, "correct horse battery"));
    assert_false(user_password_is(hash, "correct horse batterz"));
    assert_false(user_password_is("", "correct horse battery"));
}

static void weak_passwords_are_refused(void **state)
{
    static const struct {
        const char *password;
        enum err e;
    } cases[] = {
        {"short", ERR_RANGE},
        {"twelve-chars", ERR_OK},
        {"login-as-password", ERR_RANGE},
        {"twelve\nchars.", ERR_SYNTAX},
        {"not utf-8 \xff\xfe abc", ERR_SYNTAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(user_check_password("login-as-password", cases[i].password, NULL), cases[i].e);
}

static void login_names_are_plain(void **state)
{
    static const char *const good[] = {"a", "anna.de-vries_2"};
    static const char *const bad[] = {
        "", "Anna", "2anna", "an na", "an/na", "ann\xc3\xa0", "abcdefghijklmnopqrstuvwxyz0123456"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(user_check_login(good[i], NULL), ERR_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(user_check_login(bad[i], NULL), ERR_SYNTAX);
}

static void drawn_passwords_differ_and_are_strong_enough(void **state)
{
    char a[USER_PASSWORD_DRAWN + 1], b[USER_PASSWORD_DRAWN + 1];

    (void)state;
    user_draw_password(a);
    user_draw_password(b);
    assert_int_equal(strlen(a), 24);
    assert_string_not_equal(a, b);
    assert_int_equal(user_check_password("x", a, NULL), ERR_OK);
}

static void wrong_passwords_slow_down_and_never_lock_out(void **state)
{
    struct store_user u = {.wrong = 0};
    int64_t now = 1000000, last = 0;

    (void)state;
    for (unsigned i = 1; i < USER_FREE_TRIES; i++) {
        user_note_wrong(&u, now);
        assert_int_equal(user_wait_ms(&u, now), 0);
    }
    for (unsigned i = 0; i < 40; i++) {
        int64_t wait;

        user_note_wrong(&u, now);
        wait = user_wait_ms(&u, now);
        assert_true(wait >= last && wait > 0 && wait <= USER_WAIT_MAX_MS);
        last = wait;
        now += wait;
        assert_int_equal(user_wait_ms(&u, now), 0);
    }
    assert_int_equal(last, USER_WAIT_MAX_MS);
    assert_true(user_wait_ms(&u, now - INT64_C(10) * 365 * 86400000) <= USER_WAIT_MAX_MS);
    user_note_right(&u);
    user_note_wrong(&u, now);
    assert_int_equal(user_wait_ms(&u, now), 0);
}

static void session_is_found_by_its_token_only(void **state)
{
    struct bed *bed = *state;
    struct store *s = bed->hub.store;
    char token[USER_TOKEN_CAP];
    struct store_session x;
    struct store_user u;
    int64_t now = clock_wall_ms();

    bed_session(bed, "anna", token);
    assert_int_equal(user_session_find(s, token, now, IDLE_MS, &x, &u, NULL), ERR_OK);
    assert_string_equal(u.name, "anna");
    for (size_t i = 0; i < strlen(token); i++) {
        char other[USER_TOKEN_CAP];

        memcpy(other, token, sizeof(other));
        other[i] = other[i] == 'A' ? 'B' : 'A';
        assert_int_equal(user_session_find(s, other, now, IDLE_MS, &x, &u, NULL), ERR_DENIED);
        for (unsigned byte = 0x80; byte < 0x100; byte++) { /* another spelling of the same bytes for libsodium 1.0.18 */
            other[i] = (char)byte;
            assert_int_equal(user_session_find(s, other, now, IDLE_MS, &x, &u, NULL), ERR_DENIED);
        }
    }
    assert_int_equal(user_session_find(s, NULL, now, IDLE_MS, &x, &u, NULL), ERR_DENIED);
    assert_int_equal(user_session_find(s, "", now, IDLE_MS, &x, &u, NULL), ERR_DENIED);
    assert_int_equal(user_session_find(s, "x y", now, IDLE_MS, &x, &u, NULL), ERR_DENIED);
}

static void store_does_not_hold_the_token(void **state)
{
    struct bed *bed = *state;
    char token[USER_TOKEN_CAP];
    uint8_t bytes[32];
    struct store_session x;
    struct store_user u;

    bed_session(bed, "anna", token);
    assert_int_equal(user_session_find(bed->hub.store, token, clock_wall_ms(), IDLE_MS, &x, &u, NULL), ERR_OK);
    assert_int_equal(sodium_base642bin(bytes, sizeof(bytes), token, strlen(token), NULL, NULL, NULL,
                                       sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    assert_memory_not_equal(x.token_hash, bytes, sizeof(bytes));
}

static void session_ends_idle_and_at_the_latest_after_its_time(void **state)
{
    struct bed *bed = *state;
    struct store *s = bed->hub.store;
    char token[USER_TOKEN_CAP];
    struct store_session x;
    struct store_user u;
    int64_t now;

    bed_session(bed, "anna", token);
    assert_int_equal(user_session_find(s, token, clock_wall_ms(), IDLE_MS, &x, &u, NULL), ERR_OK);
    now = x.used_ms;
    assert_int_equal(user_session_find(s, token, now + IDLE_MS - 5000, IDLE_MS, &x, &u, NULL), ERR_OK);
    assert_int_equal(user_session_find(s, token, now + IDLE_MS + 5000, IDLE_MS, &x, &u, NULL), ERR_EXPIRED);
    for (int64_t at = now; at < now + DAY_MS - 5000; at += IDLE_MS / 2) {
        assert_int_equal(user_session_find(s, token, at, IDLE_MS, &x, &u, NULL), ERR_OK);
        assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
        assert_int_equal(s->ops->session_touch(s, x.token_hash, at, NULL), ERR_OK);
        assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
    }
    assert_int_equal(user_session_find(s, token, now + DAY_MS + 5000, IDLE_MS, &x, &u, NULL), ERR_EXPIRED);
}

static void session_of_a_disabled_user_is_refused(void **state)
{
    struct bed *bed = *state;
    struct store *s = bed->hub.store;
    char token[USER_TOKEN_CAP];
    struct store_session x;
    struct store_user u;

    bed_session(bed, "anna", token);
    assert_int_equal(s->ops->user_get(s, "anna", &u, NULL), ERR_OK);
    u.disabled = true;
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->user_update(s, &u, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
    assert_int_equal(user_session_find(s, token, clock_wall_ms(), IDLE_MS, &x, &u, NULL), ERR_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(password_is_checked_by_its_hash),
        cmocka_unit_test(weak_passwords_are_refused),
        cmocka_unit_test(login_names_are_plain),
        cmocka_unit_test(drawn_passwords_differ_and_are_strong_enough),
        cmocka_unit_test(wrong_passwords_slow_down_and_never_lock_out),
        cmocka_unit_test_setup_teardown(session_is_found_by_its_token_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(store_does_not_hold_the_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(session_ends_idle_and_at_the_latest_after_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(session_of_a_disabled_user_is_refused, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
