/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NEEDED "pharmacy_ura = '01234567'\npharmacy_name = 'Apotheek'\ntelephone = '0201234567'\n"

struct fixture {
    char folder[64], path[96];
};

static int set_up(void **state)
{
    static struct fixture f;

    (void)snprintf(f.folder, sizeof(f.folder), "/tmp/test_config_XXXXXX");
    if (mkdtemp(f.folder) == NULL)
        return -1;
    (void)snprintf(f.path, sizeof(f.path), "%s/hubd.conf", f.folder);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    (void)unlink(f->path);
    return rmdir(f->folder);
}

static enum err load(struct fixture *f, const char *text, struct config *c, struct reason *r)
{
    assert_int_equal(file_replace(f->path, text, strlen(text), 0600, r), ERR_OK);
    return config_load(f->path, c, r);
}

static void defaults_are_filled_in(void **state)
{
    struct reason r;
    struct config c;

    assert_int_equal(load(*state, NEEDED, &c, &r), ERR_OK);
    assert_string_equal(c.state, "/var/lib/hubd");
    assert_string_equal(c.address, "127.0.0.1");
    assert_int_equal(c.port, 8080);
    assert_true(c.secure_cookie);
    assert_int_equal(c.window_h, 72);
}

static void mistakes_name_line_and_key(void **state)
{
    static const struct {
        const char *text;
        enum err e;
        const char *says;
    } cases[] = {
        {NEEDED "prot = 1\n", ERR_UNKNOWN, ":4: prot: "},
        {NEEDED "port = 65536\n", ERR_RANGE, ":4: port: "},
        {NEEDED "port = 1\nport = 2\n", ERR_DUPLICATE, ":5: port: "},
        {NEEDED "state = 'relative'\n", ERR_SYNTAX, ":4: state: must begin with /"},
        {NEEDED "language = 'de'\n", ERR_UNKNOWN, ":4: language: "},
        {"pharmacy_ura = '1234567x'\npharmacy_name = 'A'\ntelephone = '020'\n", ERR_SYNTAX, ":1: pharmacy_ura: "},
        {"pharmacy_ura = '123'\npharmacy_name = 'A'\ntelephone = '020'\n", ERR_RANGE, ":1: pharmacy_ura: "},
        {"pharmacy_name = 'A'\ntelephone = '020'\n", ERR_MISSING, "pharmacy_ura: missing"},
        {NEEDED "silent_after_s = 5\n", ERR_RANGE, ":4: silent_after_s: "},
        {NEEDED "secure_cookie = perhaps\n", ERR_SYNTAX, ":4: secure_cookie: "},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct config c = {.port = 77};
        struct reason r = {.text = ""};

        assert_int_equal(load(*state, cases[i].text, &c, &r), cases[i].e);
        if (strstr(r.text, cases[i].says) == NULL)
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, r.text, cases[i].says);
        assert_int_equal(c.port, 77);
    }
}

static void what_is_written_reads_back(void **state)
{
    struct fixture *f = *state;
    struct config back;
    struct reason r;
    struct config c = {.state = "/a b",
                       .share = "/s",
                       .control = "/c",
                       .address = "::1",
                       .port = 0,
                       .broker_host = "localhost",
                       .broker_port = 1,
                       .pharmacy_ura = "00000001",
                       .pharmacy_name = "Apotheek 't \\ \"Hoekje\" ${HOME} # 1",
                       .telephone = "020",
                       .language = "en",
                       .window_h = 5,
                       .silent_after_s = 61};

    assert_int_equal(config_write(&c, f->path, &r), ERR_OK);
    assert_int_equal(config_load(f->path, &back, &r), ERR_OK);
    assert_string_equal(back.pharmacy_name, c.pharmacy_name);
    assert_string_equal(back.state, c.state);
    assert_false(back.secure_cookie);
    assert_int_equal(back.silent_after_s, 61);
}

static void control_characters_are_not_written(void **state)
{
    struct fixture *f = *state;
    struct config c = {.pharmacy_name = "a\nport = 1"};
    struct reason r;

    assert_int_equal(config_write(&c, f->path, &r), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_are_filled_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(mistakes_name_line_and_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_written_reads_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(control_characters_are_not_written, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
