/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"

struct heard {
    char text[4096];
    size_t len;
};

/* Standard error goes into a pipe between listen and hear. */
static int listen_on(int pipe_end[2])
{
    int kept = dup(STDERR_FILENO);

    assert_true(kept >= 0);
    assert_int_equal(pipe(pipe_end), 0);
    assert_true(dup2(pipe_end[1], STDERR_FILENO) >= 0);
    assert_int_equal(close(pipe_end[1]), 0);
    return kept;
}

static void hear(struct heard *h, int kept, const int pipe_end[2])
{
    ssize_t n;

    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    assert_int_equal(close(kept), 0);
    h->len = 0;
    while ((n = read(pipe_end[0], h->text + h->len, sizeof(h->text) - 1 - h->len)) > 0)
        h->len += (size_t)n;
    h->text[h->len] = '\0';
    assert_int_equal(close(pipe_end[0]), 0);
}

static void a_line_has_level_module_and_text(void **state)
{
    struct heard h;
    int end[2];
    int kept = listen_on(end);

    (void)state;
    log_error("store", "row %d", 7);
    log_info("door", "closed");
    hear(&h, kept, end);
    assert_string_equal(h.text, "<3>store: row 7\n<6>door: closed\n");
}

static void a_text_cannot_forge_a_second_line(void **state)
{
    struct heard h;
    int end[2];
    int kept = listen_on(end);

    (void)state;
    log_warning("mqtt", "topic %s", "a\n<3>door: open\r\033[2J\x7f");
    hear(&h, kept, end);
    assert_string_equal(h.text, "<4>mqtt: topic a?<3>door: open??[2J?\n");
}

static void lower_levels_are_dropped(void **state)
{
    struct heard h;
    int end[2];
    int kept = listen_on(end);

    (void)state;
    log_debug("a", "not yet");
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("a", "now");
    log_set_level(LOG_LEVEL_WARNING);
    log_notice("a", "no more");
    log_set_level(LOG_LEVEL_INFO);
    hear(&h, kept, end);
    assert_string_equal(h.text, "<7>a: now\n");
}

static void a_long_text_is_cut_but_still_a_line(void **state)
{
    char text[3000];
    struct heard h;
    int end[2];
    int kept = listen_on(end);

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_info("a", "%s", text);
    hear(&h, kept, end);
    assert_in_range(h.len, 1000, 1024);
    assert_ptr_equal(strchr(h.text, '\n'), h.text + h.len - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_level_module_and_text),
        cmocka_unit_test(a_text_cannot_forge_a_second_line),
        cmocka_unit_test(lower_levels_are_dropped),
        cmocka_unit_test(a_long_text_is_cut_but_still_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
