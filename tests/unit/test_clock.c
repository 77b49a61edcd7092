/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "common/clock.h"

static void clocks_do_not_go_back(void **state)
{
    int64_t boot = clock_boot_ms();
    int64_t mono = clock_mono_us();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t next_boot = clock_boot_ms();
        int64_t next_mono = clock_mono_us();

        assert_true(next_boot >= boot);
        assert_true(next_mono >= mono);
        boot = next_boot;
        mono = next_mono;
    }
}

static void units_are_milliseconds_and_microseconds(void **state)
{
    (void)state;
    /* The boot clock counts sleep too, so it is never behind the monotonic one. */
    assert_true(clock_boot_ms() + 1 >= clock_mono_us() / 1000 - 1);
    assert_in_range(clock_wall_ms() / 1000 + 1 - time(NULL), 0, 2);
}

static void the_system_never_claims_a_signed_clock(void **state)
{
    (void)state;
    assert_int_not_equal(clock_system_quality(), CLOCK_SIGNED);
}

static void qualities_have_names(void **state)
{
    (void)state;
    assert_string_equal(clock_quality_name(CLOCK_UNSURE), "unsure");
    assert_string_equal(clock_quality_name(CLOCK_RTC), "rtc");
    assert_string_equal(clock_quality_name(CLOCK_NTP), "ntp");
    assert_string_equal(clock_quality_name(CLOCK_SIGNED), "signed");
    assert_string_equal(clock_quality_name(CLOCK_QUALITY_N), "unsure");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_do_not_go_back),
        cmocka_unit_test(units_are_milliseconds_and_microseconds),
        cmocka_unit_test(the_system_never_claims_a_signed_clock),
        cmocka_unit_test(qualities_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
