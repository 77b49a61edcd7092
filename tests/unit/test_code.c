/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/code.h"
#include "common/num.h"

#define SMALL_COST ((struct code_cost){.passes = 2, .mem_kib = 64})
#define RANDOM_CODES 2000

static const struct code_key key = {
    .epoch = 1,
    .bytes = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
              16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
};
static const struct code_binding bind = {
    .locker = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef},
    .order = {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf},
    .load = 1,
};

static void stretched(uint8_t a[CODE_STRETCHED_LEN])
{
    memset(a, 0x5a, CODE_STRETCHED_LEN);
}

static void assert_hex(const uint8_t *bytes, size_t len, const char *hex)
{
    char text[2 * 64 + 1];
    num_to_hex(bytes, len, text);
    assert_string_equal(text, hex);
}

/* A reproducible draw; MEDLOCKER_SEED repeats a run. */
static uint64_t seed_of_run(void)
{
    const char *text = getenv("MEDLOCKER_SEED");
    int64_t seed = 0;
    if (text == NULL || num_parse(text, 1, INT64_MAX, &seed) != ERR_OK) {
        seed = 1 + (int64_t)randombytes_uniform(1000000000);
    }
    print_message("seed %lld\n", (long long)seed);
    return (uint64_t)seed;
}

static void random_code(uint64_t *state, char code[CODE_DIGITS + 1])
{
    for (size_t i = 0; i < CODE_RANDOM_DIGITS; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        code[i] = (char)('0' + (*state >> 33) % 10);
    }
    code[CODE_RANDOM_DIGITS] = code_check_digit(code, CODE_RANDOM_DIGITS);
    code[CODE_DIGITS] = '\0';
}

static void check_digit_of_the_published_example_is_four(void **state)
{
    (void)state;
    assert_int_equal(code_check_digit("572", 3), '4');
    assert_int_equal(code_check_digit("", 0), '0');
}

static void every_single_wrong_digit_is_caught(void **state)
{
    (void)state;
    uint64_t rnd = seed_of_run();
    for (int n = 0; n < RANDOM_CODES; n++) {
        char code[CODE_DIGITS + 1];
        random_code(&rnd, code);
        assert_true(code_is_well_formed(code));
        for (size_t i = 0; i < CODE_DIGITS; i++) {
            char right = code[i];
            for (char d = '0'; d <= '9'; d++) {
                code[i] = d;
                assert_int_equal(code_is_well_formed(code), d == right);
            }
            code[i] = right;
        }
    }
}

static void every_swap_of_neighbours_is_caught(void **state)
{
    (void)state;
    uint64_t rnd = seed_of_run();
    for (int n = 0; n < RANDOM_CODES; n++) {
        char code[CODE_DIGITS + 1];
        random_code(&rnd, code);
        for (size_t i = 0; i + 1 < CODE_DIGITS; i++) {
            char swapped[CODE_DIGITS + 1];
            memcpy(swapped, code, sizeof swapped);
            swapped[i] = code[i + 1];
            swapped[i + 1] = code[i];
            assert_int_equal(code_is_well_formed(swapped), code[i] == code[i + 1]);
        }
    }
}

static void text_that_is_not_ten_digits_is_not_well_formed(void **state)
{
    (void)state;
    static const char *const bad[] = {"",           "0",          "572",       "000000000", "00000000000",
                                      "00000 0000", "000000000a", "-000000000"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(code_is_well_formed(bad[i]));
    }
    assert_true(code_is_well_formed("0000000000"));
}

/* Chance that gives nine equal digits, then a straight run, then a code. */
static uint32_t chance_asked;

static uint32_t plain_chance(const uint32_t upper_bound)
{
    static const uint8_t digits[] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 5, 0, 2, 7, 1, 9, 4, 4, 6};
    return digits[chance_asked++ % sizeof digits] % upper_bound;
}

static void bytes_of_plain_chance(void *const bytes, const size_t len)
{
    memset(bytes, 0, len);
}

static const char *name_of_plain_chance(void)
{
    return "plain";
}

static void a_run_that_chance_gives_is_drawn_again(void **state)
{
    static struct randombytes_implementation plain = {
        .implementation_name = name_of_plain_chance, .uniform = plain_chance, .buf = bytes_of_plain_chance};
    char code[CODE_DIGITS + 1];
    (void)state;
    chance_asked = 0;
    assert_int_equal(randombytes_set_implementation(&plain), 0);
    code_draw(code);
    assert_int_equal(randombytes_set_implementation(&randombytes_sysrandom_implementation), 0);
    assert_int_equal(chance_asked, 3 * CODE_RANDOM_DIGITS);
    assert_memory_equal(code, "502719446", CODE_RANDOM_DIGITS);
}

static void drawn_codes_are_well_formed_and_not_simple(void **state)
{
    (void)state;
    unsigned seen[10] = {0};
    for (int n = 0; n < 10000; n++) {
        char code[CODE_DIGITS + 1];
        code_draw(code);
        assert_true(code_is_well_formed(code));
        int run = 0;
        for (size_t i = 1; i < CODE_RANDOM_DIGITS; i++) {
            run += code[i] - code[i - 1] == code[1] - code[0];
        }
        assert_false(run == CODE_RANDOM_DIGITS - 1 && abs(code[1] - code[0]) <= 1);
        for (size_t i = 0; i < CODE_RANDOM_DIGITS; i++) {
            seen[code[i] - '0']++;
        }
    }
    /* 90,000 digits: each 9,000 on average with a standard deviation of 90; ten of them never in practice. */
    for (int d = 0; d < 10; d++) {
        assert_in_range(seen[d], 8100, 9900);
    }
}

static void code_is_shown_in_groups_of_3_3_4(void **state)
{
    (void)state;
    char out[13];
    char code[CODE_DIGITS + 1] = "123456789";
    code[9] = code_check_digit(code, 9);
    code[10] = '\0';
    code_format(code, out);
    assert_int_equal(strlen(out), 12);
    assert_memory_equal(out, "123 456 789", 11);
    assert_int_equal(out[11], code[9]);
}

/* Expected values: Python's hashlib.blake2b and the Argon2id of libgcrypt 1.10. */
static void stretching_matches_another_implementation(void **state)
{
    (void)state;
    uint8_t a[CODE_STRETCHED_LEN];
    assert_int_equal(code_stretch(&key, bind.locker, &SMALL_COST, "1234567890", a), ERR_OK);
    assert_hex(a, sizeof a, "19cff04fe50dc6256bde371f3649a3d199fa043689fad0ba0a56fdc94ca01d13");
    assert_int_equal(code_stretch(&key, bind.locker, &CODE_COST_DEFAULT, "1234567890", a), ERR_OK);
    assert_hex(a, sizeof a, "5fe79020db5a12744bed72a5e3d8eaa93aaa6a25cf71f040a0b3915021db3f56");
}

static void macs_match_another_implementation(void **state)
{
    (void)state;
    static const uint8_t staff[8] = {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11};
    static const uint8_t badge[8] = {0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22};
    uint8_t a[CODE_STRETCHED_LEN], mac[CODE_MAC_LEN];
    stretched(a);
    code_mac1(&key, &bind, a, mac);
    assert_hex(mac, sizeof mac, "29890b4724dc553c1a92df85576554cb48a7adfce570ea5efc88f95c2bfcd68d");
    code_mac2(&key, &bind, a, "2902", mac);
    assert_hex(mac, sizeof mac, "1f7c4958327cae3503ebc97e2c950d10f5d9ee583032b176a52abc7fa0fd9f74");
    code_mac_badge(&key, bind.locker, staff, badge, a, mac);
    assert_hex(mac, sizeof mac, "41b0b5a6b26f9f3366bfb854ff7bc7bb2eb507f45e6ed213a0f964ff4aedaa7b");
    static const uint8_t carer[CODE_CARER_LEN] = {0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33, 0x33};
    code_mac_carer1(&key, bind.locker, carer, a, mac);
    assert_hex(mac, sizeof mac, "b2831f33b9f58c8767ba777410841ee92f0cd769781a95c58835a4c8b0cd6da9");
    code_mac_carer2(&key, bind.locker, carer, a, "3112", mac);
    assert_hex(mac, sizeof mac, "10e72b547144d99dbcdd40a093f05c64a81483753a4ceb8f0864d698f67f6255");
}

static void stretching_depends_on_every_input_and_nothing_else(void **state)
{
    (void)state;
    uint8_t first[CODE_STRETCHED_LEN], again[CODE_STRETCHED_LEN];
    char code[] = "1234567890";
    assert_int_equal(code_stretch(&key, bind.locker, &SMALL_COST, code, first), ERR_OK);
    assert_int_equal(code_stretch(&key, bind.locker, &SMALL_COST, code, again), ERR_OK);
    assert_memory_equal(first, again, sizeof first);
    for (size_t i = 0; i < CODE_DIGITS; i++) {
        code[i] = code[i] == '9' ? '0' : (char)(code[i] + 1);
        assert_int_equal(code_stretch(&key, bind.locker, &SMALL_COST, code, again), ERR_OK);
        assert_memory_not_equal(first, again, sizeof first);
        code[i] = "1234567890"[i];
    }
    struct code_binding other = bind;
    other.locker[7] ^= 1;
    assert_int_equal(code_stretch(&key, other.locker, &SMALL_COST, code, again), ERR_OK);
    assert_memory_not_equal(first, again, sizeof first);
    struct code_key other_key = key;
    other_key.bytes[31] ^= 0x80;
    assert_int_equal(code_stretch(&other_key, bind.locker, &SMALL_COST, code, again), ERR_OK);
    assert_memory_not_equal(first, again, sizeof first);
    struct code_cost other_cost = {.passes = 3, .mem_kib = 64};
    assert_int_equal(code_stretch(&key, bind.locker, &other_cost, code, again), ERR_OK);
    assert_memory_not_equal(first, again, sizeof first);
}

/* Stands in for that of the library, which it calls. */
static bool has_no_memory;
int crypto_pwhash(unsigned char *const out, unsigned long long outlen, const char *const passwd,
                  unsigned long long passwdlen, const unsigned char *const salt, unsigned long long opslimit,
                  size_t memlimit, int alg)
{
    static int (*real)(unsigned char *, unsigned long long, const char *, unsigned long long, const unsigned char *,
                       unsigned long long, size_t, int);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "crypto_pwhash");
    if (has_no_memory) {
        errno = ENOMEM;
        return -1;
    }
    return real(out, outlen, passwd, passwdlen, salt, opslimit, memlimit, alg);
}

static void stretching_without_memory_says_so(void **state)
{
    static const uint8_t place[CODE_LOCKER_LEN] = {1};
    static const struct code_cost cheap = {.passes = 1, .mem_kib = 8};
    uint8_t out[CODE_STRETCHED_LEN] = {0}, untouched[CODE_STRETCHED_LEN] = {0};
    (void)state;
    has_no_memory = true;
    assert_int_equal(code_stretch(&key, place, &cheap, "0123456780", out), ERR_MEMORY);
    has_no_memory = false;
    assert_memory_equal(out, untouched, sizeof out);
}

static void impossible_cost_is_refused_and_output_untouched(void **state)
{
    (void)state;
    uint8_t a[CODE_STRETCHED_LEN] = {7};
    struct code_cost none = {.passes = 0, .mem_kib = 64};
    struct code_cost little = {.passes = 1, .mem_kib = 1};
    assert_int_equal(code_stretch(&key, bind.locker, &none, "1234567890", a), ERR_RANGE);
    assert_int_equal(code_stretch(&key, bind.locker, &little, "1234567890", a), ERR_RANGE);
    assert_int_equal(a[0], 7);
}

static void macs_depend_on_every_bit_of_the_binding(void **state)
{
    (void)state;
    uint8_t a[CODE_STRETCHED_LEN], first1[CODE_MAC_LEN], first2[CODE_MAC_LEN], mac[CODE_MAC_LEN];
    stretched(a);
    code_mac1(&key, &bind, a, first1);
    code_mac2(&key, &bind, a, "0101", first2);
    assert_memory_not_equal(first1, first2, sizeof first1);
    for (size_t bit = 0; bit < (CODE_LOCKER_LEN + CODE_ORDER_LEN + 4) * 8; bit++) {
        struct code_binding b = bind;
        size_t byte = bit / 8;
        uint8_t mask = (uint8_t)(1u << (bit % 8));
        if (byte < CODE_LOCKER_LEN) {
            b.locker[byte] ^= mask;
        } else if (byte < CODE_LOCKER_LEN + CODE_ORDER_LEN) {
            b.order[byte - CODE_LOCKER_LEN] ^= mask;
        } else {
            b.load ^= 1u << (bit - (CODE_LOCKER_LEN + CODE_ORDER_LEN) * 8);
        }
        code_mac1(&key, &b, a, mac);
        assert_memory_not_equal(mac, first1, sizeof mac);
        code_mac2(&key, &b, a, "0101", mac);
        assert_memory_not_equal(mac, first2, sizeof mac);
    }
}

static void macs_depend_on_key_stretched_code_and_birthday(void **state)
{
    (void)state;
    uint8_t a[CODE_STRETCHED_LEN], first1[CODE_MAC_LEN], first2[CODE_MAC_LEN], mac[CODE_MAC_LEN];
    stretched(a);
    code_mac1(&key, &bind, a, first1);
    code_mac2(&key, &bind, a, "0101", first2);
    code_mac2(&key, &bind, a, "0102", mac);
    assert_memory_not_equal(mac, first2, sizeof mac);
    struct code_key other = key;
    other.bytes[0] ^= 1;
    code_mac1(&other, &bind, a, mac);
    assert_memory_not_equal(mac, first1, sizeof mac);
    a[31] ^= 1;
    code_mac1(&key, &bind, a, mac);
    assert_memory_not_equal(mac, first1, sizeof mac);
}

static void badge_mac_depends_on_staff_and_badge(void **state)
{
    (void)state;
    uint8_t a[CODE_STRETCHED_LEN], staff[8] = {1}, badge[8] = {2}, first[CODE_MAC_LEN], mac[CODE_MAC_LEN];
    stretched(a);
    code_mac_badge(&key, bind.locker, staff, badge, a, first);
    code_mac_badge(&key, bind.locker, badge, staff, a, mac);
    assert_memory_not_equal(mac, first, sizeof mac);
    staff[7] ^= 1;
    code_mac_badge(&key, bind.locker, staff, badge, a, mac);
    assert_memory_not_equal(mac, first, sizeof mac);
}

static void carer_macs_depend_on_every_bit_of_locker_and_carer(void **state)
{
    (void)state;
    uint8_t a[CODE_STRETCHED_LEN], both[CODE_LOCKER_LEN + CODE_CARER_LEN] = {7};
    uint8_t first1[CODE_MAC_LEN], first2[CODE_MAC_LEN], mac[CODE_MAC_LEN];
    stretched(a);
    code_mac_carer1(&key, both, both + CODE_LOCKER_LEN, a, first1);
    code_mac_carer2(&key, both, both + CODE_LOCKER_LEN, a, "0101", first2);
    assert_memory_not_equal(first1, first2, sizeof first1);
    for (size_t bit = 0; bit < sizeof both * 8; bit++) {
        both[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        code_mac_carer1(&key, both, both + CODE_LOCKER_LEN, a, mac);
        assert_memory_not_equal(mac, first1, sizeof mac);
        code_mac_carer2(&key, both, both + CODE_LOCKER_LEN, a, "0101", mac);
        assert_memory_not_equal(mac, first2, sizeof mac);
        both[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    code_mac_carer2(&key, both, both + CODE_LOCKER_LEN, a, "0102", mac);
    assert_memory_not_equal(mac, first2, sizeof mac);
}

static void birthdays_are_days_of_the_calendar(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"0101", true},  {"3112", true},  {"2902", true},   {"3004", true},  {"3104", false},
        {"3002", false}, {"0001", false}, {"0100", false},  {"0113", false}, {"3212", false},
        {"", false},     {"010", false},  {"01011", false}, {"0a01", false}, {" 101", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (code_is_birthday(rows[i].text) != rows[i].ok) {
            fail_msg("birthday \"%s\"", rows[i].text);
        }
    }
}

/* The limits are those of the limiter with 4,330 wrong tries in 30 days: 23 orders for 8 digits, 231 for 9. */
static void policy_refuses_codes_too_weak_for_the_locker(void **state)
{
    (void)state;
    static const struct {
        unsigned digits, orders, wrong;
        bool ok;
    } rows[] = {
        {9, 200, 4330, true}, {9, 231, 4330, true},  {9, 232, 4330, false},      {8, 23, 4330, true},
        {8, 24, 4330, false}, {6, 1, 1, false},      {7, 1, 100, true},          {10, 2300, 4330, true},
        {0, 1, 0, false},     {9, 0, 4330, true},    {9, 4000000000u, 1, false}, {9, 1000, 0, false},
        {9, 950, 1, true},    {4, 20000, 10, false}, {9, 1, 4000000000u, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum err e = code_policy_check(rows[i].digits, rows[i].orders, rows[i].wrong, NULL);
        if (e != (rows[i].ok ? ERR_OK : ERR_RANGE)) {
            fail_msg("%u digits, %u orders, %u wrong: %s", rows[i].digits, rows[i].orders, rows[i].wrong, err_name(e));
        }
    }
    struct reason r;
    assert_int_equal(code_policy_check(6, 200, 4330, &r), ERR_RANGE);
    assert_non_null(strstr(r.text, "12.3 bits"));
    assert_non_null(strstr(r.text, "6 random digits"));
}

static int set_up(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_digit_of_the_published_example_is_four),
        cmocka_unit_test(every_single_wrong_digit_is_caught),
        cmocka_unit_test(every_swap_of_neighbours_is_caught),
        cmocka_unit_test(text_that_is_not_ten_digits_is_not_well_formed),
        cmocka_unit_test(drawn_codes_are_well_formed_and_not_simple),
        cmocka_unit_test(a_run_that_chance_gives_is_drawn_again),
        cmocka_unit_test(stretching_without_memory_says_so),
        cmocka_unit_test(code_is_shown_in_groups_of_3_3_4),
        cmocka_unit_test(stretching_matches_another_implementation),
        cmocka_unit_test(macs_match_another_implementation),
        cmocka_unit_test(stretching_depends_on_every_input_and_nothing_else),
        cmocka_unit_test(impossible_cost_is_refused_and_output_untouched),
        cmocka_unit_test(macs_depend_on_every_bit_of_the_binding),
        cmocka_unit_test(macs_depend_on_key_stretched_code_and_birthday),
        cmocka_unit_test(badge_mac_depends_on_staff_and_badge),
        cmocka_unit_test(carer_macs_depend_on_every_bit_of_locker_and_carer),
        cmocka_unit_test(birthdays_are_days_of_the_calendar),
        cmocka_unit_test(policy_refuses_codes_too_weak_for_the_locker),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
