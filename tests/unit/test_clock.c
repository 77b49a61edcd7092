/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>

#include <cmocka.h>

#include "common/clock.h"

/* What the system answers; the functions stand in for those of the C library. */
static struct {
    int adjtimex, status, stat;
    time_t synchronised;
} system_says;

int adjtimex(struct timex *t)
{
    t->status = system_says.status;
    errno = EPERM;
    return system_says.adjtimex;
}

int stat(const char *path, struct stat *st)
{
    memset(st, 0, sizeof *st);
    st->st_mtime = system_says.synchronised;
    errno = ENOENT;
    return strcmp(path, "/run/systemd/timesync/synchronized") == 0 ? system_says.stat : -1;
}

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
    /* Read in this order, for time may pass between two lines. */
    int64_t mono_ms = clock_mono_us() / 1000;
    int64_t boot_ms = clock_boot_ms();
    time_t before = time(NULL);
    int64_t wall_s = clock_wall_ms() / 1000;
    time_t after = time(NULL);

    (void)state;
    /* The boot clock counts sleep too, so it is never behind the monotonic one. */
    assert_true(boot_ms + 1 >= mono_ms);
    assert_in_range(wall_s, before, after + 1); /* time() may lag by a tick */
}

static void the_system_never_claims_a_signed_clock(void **state)
{
    (void)state;
    assert_int_not_equal(clock_system_quality(), CLOCK_SIGNED);
}

static void the_kernel_says_whether_the_clock_is_synchronised(void **state)
{
    (void)state;
    system_says.status = 0;
    assert_int_equal(clock_system_quality(), CLOCK_NTP);
    system_says.status = STA_UNSYNC;
    assert_int_equal(clock_system_quality(), CLOCK_RTC);
}

/* As under the units, whose filter refuses the question. */
static void timesyncd_is_believed_for_two_hours_where_the_kernel_must_not_be_asked(void **state)
{
    static const struct {
        int stat, age_s;
        enum clock_quality expected;
    } cases[] = {
        {-1, 10, CLOCK_RTC}, {0, 10, CLOCK_NTP}, {0, 7100, CLOCK_NTP}, {0, 7300, CLOCK_RTC}, {0, -100, CLOCK_RTC}};
    (void)state;
    system_says.adjtimex = -1;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        system_says.stat = cases[i].stat;
        system_says.synchronised = time(NULL) - cases[i].age_s;
        assert_int_equal(clock_system_quality(), cases[i].expected);
    }
    system_says.adjtimex = 0;
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
        cmocka_unit_test(the_kernel_says_whether_the_clock_is_synchronised),
        cmocka_unit_test(timesyncd_is_believed_for_two_hours_where_the_kernel_must_not_be_asked),
        cmocka_unit_test(qualities_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
