/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/factor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/backend_bed.h"

#define OK(call) assert_int_equal(call, ERR_OK)
#define NOW_S INT64_C(1800000000)

static int set_up(void **state)
{
    struct bed *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    bed_open(b);
    bed_add_user(b, "anna", STORE_ROLE_PHARMACIST, "");
    bed_add_user(b, "bram", STORE_ROLE_ADMIN, "");
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    bed_close(*state);
    free(*state);
    return 0;
}

/* ---------------------------------------------------------------- codes */

/* RFC 6238, appendix B, the rows of SHA-1. */
static void codes_are_those_of_rfc_6238(void **state)
{
    static const uint8_t secret[] = "12345678901234567890";
    static const struct {
        int64_t at_s;
        const char *code;
    } row[] = {
        {59, "94287082"},         {1111111109, "07081804"}, {1111111111, "14050471"},
        {1234567890, "89005924"}, {2000000000, "69279037"}, {20000000000, "65353130"},
    };
    char code[TOTP_CODE_CAP];

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        OK(totp_code(secret, 20, row[i].at_s / TOTP_STEP_S, 8, code, NULL));
        assert_string_equal(code, row[i].code);
        OK(totp_code(secret, 20, row[i].at_s / TOTP_STEP_S, 6, code, NULL));
        assert_string_equal(code, row[i].code + 2);
    }
    assert_int_equal(totp_code(secret, 20, 1, 5, code, NULL), ERR_RANGE);
    assert_int_equal(totp_code(secret, 20, 1, 9, code, NULL), ERR_RANGE);
    assert_int_equal(totp_code(secret, 20, -1, 6, code, NULL), ERR_RANGE);
}

static void a_code_is_good_one_step_early_or_late_and_once(void **state)
{
    static const uint8_t secret[TOTP_SECRET_LEN] = "12345678901234567890";
    char code[TOTP_CODE_CAP];
    int64_t now = NOW_S / TOTP_STEP_S, step = 0;

    (void)state;
    for (int64_t off = -3; off <= 3; off++) {
        OK(totp_code(secret, sizeof(secret), now + off, 6, code, NULL));
        assert_int_equal(totp_is(secret, code, NOW_S, 0, &step), off >= -1 && off <= 1);
        if (off >= -1 && off <= 1)
            assert_int_equal(step, now + off);
        assert_false(totp_is(secret, code, NOW_S, now + 1, &step)); /* used, or older than a used one */
    }
    assert_false(totp_is(secret, "", NOW_S, 0, &step));
    assert_false(totp_is(secret, "12345", NOW_S, 0, &step));
    assert_false(totp_is(secret, "1234567", NOW_S, 0, &step));
}

static void an_app_reads_the_address(void **state)
{
    static const uint8_t secret[TOTP_SECRET_LEN] = "12345678901234567890";
    char base32[TOTP_BASE32_CAP], address[TOTP_ADDRESS_CAP], huge[300];

    (void)state;
    OK(totp_base32(secret, base32, NULL));
    assert_string_equal(base32, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    OK(totp_address("Apotheek De Brug", "anna", base32, address, NULL));
    assert_string_equal(address, "otpauth://totp/Apotheek%20De%20Brug:anna?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                                 "&issuer=Apotheek%20De%20Brug");
    memset(huge, '&', sizeof(huge) - 1);
    huge[sizeof(huge) - 1] = '\0';
    assert_int_equal(totp_address(huge, "anna", base32, address, NULL), ERR_TOO_LONG);
}

/* ---------------------------------------------------------------- enrolment */

/* The secret again, from what the user is shown. */
static void read_base32(const char *text, uint8_t out[TOTP_SECRET_LEN])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint32_t bits = 0, have = 0;
    size_t n = 0;

    for (; *text != '\0'; text++) {
        bits = (bits << 5) | (uint32_t)(strchr(letters, *text) - letters);
        have += 5;
        if (have >= 8) {
            have -= 8;
            out[n++] = (uint8_t)(bits >> have);
        }
    }
    assert_int_equal(n, TOTP_SECRET_LEN);
}

static void code_at(const char *base32, int64_t now_s, char code[TOTP_CODE_CAP])
{
    uint8_t secret[TOTP_SECRET_LEN];

    read_base32(base32, secret);
    OK(totp_code(secret, sizeof(secret), now_s / TOTP_STEP_S, 6, code, NULL));
}

static void start(struct bed *b)
{
    OK(b->hub.store->ops->begin(b->hub.store, NULL));
}

static void end(struct bed *b)
{
    OK(b->hub.store->ops->commit(b->hub.store, NULL));
}

static bool is_right(struct bed *b, const char *user, const char *code, int64_t now_s)
{
    bool right = false;

    start(b);
    OK(factor_check(&b->hub, user, code, now_s * 1000, &right, NULL));
    end(b);
    return right;
}

static void enrol(struct bed *b, const char *user, char base32[TOTP_BASE32_CAP],
                  char spares[FACTOR_SPARES][FACTOR_SPARE_CAP])
{
    char code[TOTP_CODE_CAP];

    start(b);
    OK(factor_begin(&b->hub, user, NOW_S * 1000, base32, NULL));
    code_at(base32, NOW_S, code);
    OK(factor_confirm(&b->hub, user, code, NOW_S * 1000, spares, NULL));
    end(b);
}

static void a_factor_is_asked_for_after_its_first_code_only(void **state)
{
    struct bed *b = *state;
    char base32[TOTP_BASE32_CAP], second[TOTP_BASE32_CAP], code[TOTP_CODE_CAP];
    char spares[FACTOR_SPARES][FACTOR_SPARE_CAP];
    struct factor_state x;
    bool right;

    OK(factor_get_state(&b->hub, "anna", &x, NULL));
    assert_false(x.confirmed);
    start(b);
    assert_int_equal(factor_confirm(&b->hub, "anna", "123456", NOW_S * 1000, spares, NULL), ERR_STATE);
    OK(factor_begin(&b->hub, "anna", NOW_S * 1000, base32, NULL));
    OK(factor_begin(&b->hub, "anna", NOW_S * 1000, second, NULL)); /* nothing was confirmed: begins anew */
    assert_string_not_equal(base32, second);
    assert_int_equal(factor_check(&b->hub, "anna", "123456", NOW_S * 1000, &right, NULL), ERR_STATE);
    code_at(base32, NOW_S, code);
    assert_int_equal(factor_confirm(&b->hub, "anna", code, NOW_S * 1000, spares, NULL), ERR_UNKNOWN);
    code_at(second, NOW_S, code);
    OK(factor_confirm(&b->hub, "anna", code, NOW_S * 1000, spares, NULL));
    assert_int_equal(factor_begin(&b->hub, "anna", NOW_S * 1000, base32, NULL), ERR_STATE);
    end(b);
    OK(factor_get_state(&b->hub, "anna", &x, NULL));
    assert_true(x.confirmed);
    assert_int_equal(x.spares, FACTOR_SPARES);
}

static void every_code_is_good_once(void **state)
{
    struct bed *b = *state;
    char base32[TOTP_BASE32_CAP], code[TOTP_CODE_CAP], typed[32];
    char spares[FACTOR_SPARES][FACTOR_SPARE_CAP];
    struct factor_state x;

    enrol(b, "anna", base32, spares);
    code_at(base32, NOW_S, code);
    assert_false(is_right(b, "anna", code, NOW_S)); /* the one that confirmed */
    code_at(base32, NOW_S + TOTP_STEP_S, code);
    assert_true(is_right(b, "anna", code, NOW_S + TOTP_STEP_S));
    assert_false(is_right(b, "anna", code, NOW_S + TOTP_STEP_S));
    (void)snprintf(typed, sizeof(typed), "%.5s %.5s", spares[3], spares[3] + 6);
    typed[0] = (char)(typed[0] >= 'a' ? typed[0] - 'a' + 'A' : typed[0]);
    assert_true(is_right(b, "anna", typed, NOW_S));
    assert_false(is_right(b, "anna", spares[3], NOW_S));
    assert_true(is_right(b, "anna", spares[9], NOW_S));
    OK(factor_get_state(&b->hub, "anna", &x, NULL));
    assert_int_equal(x.spares, FACTOR_SPARES - 2);
    assert_false(is_right(b, "anna", "aaaaa-aaaaa", NOW_S));
    assert_false(is_right(b, "anna", "aaaaa-aaaaa-aaaaa", NOW_S));
}

static void a_factor_belongs_to_its_user(void **state)
{
    struct bed *b = *state;
    struct store *s = b->hub.store;
    char base32[TOTP_BASE32_CAP], other[TOTP_BASE32_CAP];
    char spares[FACTOR_SPARES][FACTOR_SPARE_CAP], others[FACTOR_SPARES][FACTOR_SPARE_CAP];
    struct store_factor f;
    bool right;

    enrol(b, "anna", base32, spares);
    enrol(b, "bram", other, others);
    assert_false(is_right(b, "bram", spares[0], NOW_S));
    start(b);
    OK(s->ops->factor_get(s, "anna", &f, NULL));
    (void)snprintf(f.user, sizeof(f.user), "bram"); /* a row that somebody moved */
    OK(s->ops->factor_put(s, &f, NULL));
    assert_int_equal(factor_check(&b->hub, "bram", "123456", NOW_S * 1000, &right, NULL), ERR_SIGNATURE);
    OK(factor_remove(&b->hub, "anna", NULL));
    OK(factor_remove(&b->hub, "anna", NULL));
    assert_int_equal(factor_check(&b->hub, "anna", spares[0], NOW_S * 1000, &right, NULL), ERR_STATE);
    end(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_those_of_rfc_6238),
        cmocka_unit_test(a_code_is_good_one_step_early_or_late_and_once),
        cmocka_unit_test(an_app_reads_the_address),
        cmocka_unit_test_setup_teardown(a_factor_is_asked_for_after_its_first_code_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_code_is_good_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_factor_belongs_to_its_user, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
