/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/conf.h"

struct place {
    char folder[64];
    char path[80];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return -1;
    (void)snprintf(p->folder, sizeof(p->folder), "/tmp/medlocker-conf-XXXXXX");
    if (mkdtemp(p->folder) == NULL)
        return -1;
    (void)snprintf(p->path, sizeof(p->path), "%s/t.conf", p->folder);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;

    (void)unlink(p->path);
    (void)rmdir(p->folder);
    free(p);
    return 0;
}

static enum err parse_bytes(const struct place *p, const char *text, size_t len, cfg_t **out, struct reason *r)
{
    cfg_opt_t board[] = {CFG_INT("unit", 0, CFGF_NODEFAULT), CFG_STR("profile", NULL, CFGF_NODEFAULT),
                         CFG_INT("timeout_ms", 200, CFGF_NONE), CFG_BOOL("low", cfg_false, CFGF_NONE), CFG_END()};
    cfg_opt_t control[] = {CFG_STR("socket", "/run/x", CFGF_NONE), CFG_END()};
    cfg_opt_t table[] = {CFG_STR("state", NULL, CFGF_NODEFAULT),
                         CFG_INT("port", 80, CFGF_NONE),
                         CFG_STR_LIST("zones", NULL, CFGF_NONE),
                         CFG_INT_LIST("steps", "{1, 2}", CFGF_NONE),
                         CFG_SEC("control", control, CFGF_NONE),
                         CFG_SEC("board", board, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                         CFG_END()};
    FILE *f = fopen(p->path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    return conf_parse(out, table, p->path, r);
}

static enum err parse(const struct place *p, const char *text, cfg_t **out, struct reason *r)
{
    return parse_bytes(p, text, strlen(text), out, r);
}

/* The sentence is expected to be path + expected. */
static void assert_reason(const struct place *p, const struct reason *r, const char *expected)
{
    size_t len = strlen(p->path);

    assert_int_equal(strncmp(r->text, p->path, len), 0);
    assert_string_equal(r->text + len, expected);
}

static void assert_refused(const struct place *p, const char *text, enum err e, const char *expected)
{
    cfg_t *out = (cfg_t *)(uintptr_t)16;
    struct reason r = {""};

    assert_int_equal(parse(p, text, &out, &r), e);
    assert_ptr_equal(out, (void *)16);
    assert_reason(p, &r, expected);
}

static const char sample[] = "# the cabinet\n"
                             "state = \"/var/lib/x\" // here\n"
                             "/* two\n"
                             " lines */ port = 8080\n"
                             "zones = {room, \"cold\", }\n"
                             "board \"relay1\" {\n"
                             "    unit = 1 # first\n"
                             "    profile = waveshare-d\n"
                             "    low = yes\n"
                             "}\n"
                             "board relay2 { unit = -2 profile = 'it\\'s' timeout_ms = 500 }\n";

static void values_are_read(void **state)
{
    static const char *const profiles[] = {"r4d-fc06", "waveshare-d", NULL};
    struct reason r = {""};
    cfg_t *c, *board;
    const char *text;
    int64_t number;
    unsigned choice;

    assert_int_equal(parse(*state, sample, &c, &r), ERR_OK);
    assert_string_equal(r.text, "");
    assert_int_equal(conf_text(c, "state", 1, 20, &text, NULL), ERR_OK);
    assert_string_equal(text, "/var/lib/x");
    assert_int_equal(conf_int(c, "port", 1, 65535, &number, NULL), ERR_OK);
    assert_true(number == 8080);
    assert_int_equal(cfg_size(c, "zones"), 2);
    assert_string_equal(cfg_getnstr(c, "zones", 1), "cold");
    assert_int_equal(cfg_size(c, "steps"), 2);
    assert_int_equal(cfg_getnint(c, "steps", 1), 2);
    assert_int_equal(cfg_size(c, "board"), 2);
    board = cfg_getnsec(c, "board", 0);
    assert_string_equal(cfg_title(board), "relay1");
    assert_int_equal(conf_int(board, "timeout_ms", 1, 1000, &number, NULL), ERR_OK);
    assert_true(number == 200);
    assert_true(cfg_getbool(board, "low"));
    assert_int_equal(conf_choice(board, "profile", profiles, &choice, NULL), ERR_OK);
    assert_int_equal(choice, 1);
    board = cfg_getnsec(c, "board", 1);
    assert_int_equal(conf_int(board, "unit", -5, 5, &number, NULL), ERR_OK);
    assert_true(number == -2);
    assert_int_equal(conf_text(board, "profile", 1, 20, &text, NULL), ERR_OK);
    assert_string_equal(text, "it's");
    cfg_free(c);
}

static void an_empty_file_gives_the_defaults(void **state)
{
    const char *text;
    int64_t number;
    cfg_t *c;

    assert_int_equal(parse(*state, "", &c, NULL), ERR_OK);
    assert_int_equal(conf_int(c, "port", 1, 65535, &number, NULL), ERR_OK);
    assert_true(number == 80);
    assert_int_equal(conf_text(cfg_getsec(c, "control"), "socket", 1, 20, &text, NULL), ERR_OK);
    assert_string_equal(text, "/run/x");
    assert_int_equal(cfg_size(c, "board"), 0);
    cfg_free(c);
}

static void an_unknown_key_is_refused_with_its_line(void **state)
{
    assert_refused(*state, "# a\n# b\n\nport = 1\nprot = 2\n", ERR_UNKNOWN, ":5: prot: unknown key");
    assert_refused(*state, "board a {\n unit = 1\n unti = 2\n}\n", ERR_UNKNOWN, ":3: unti: unknown key");
    assert_refused(*state, "/* x\ny */\nrack a { }\n", ERR_UNKNOWN, ":3: rack: unknown key");
}

static void a_repeated_key_is_refused_with_both_lines(void **state)
{
    assert_refused(*state, "port = 1\n# x\nport = 1\n", ERR_DUPLICATE, ":3: port: repeated; first in line 1");
    assert_refused(*state, "board a {\n unit = 1\n low = yes\n unit = 1 }", ERR_DUPLICATE,
                   ":4: unit: repeated; first in line 2");
    assert_refused(*state, "zones = { a }\nzones = { b }\n", ERR_DUPLICATE, ":2: zones: repeated; first in line 1");
}

static void a_repeated_section_is_refused(void **state)
{
    assert_refused(*state, "board a { }\nboard \"a\" { }", ERR_DUPLICATE, ":2: board \"a\": repeated; first in line 1");
    assert_refused(*state, "control { }\ncontrol { }", ERR_DUPLICATE, ":2: control: repeated; first in line 1");
}

static void the_same_key_in_two_sections_is_fine(void **state)
{
    cfg_t *c;

    assert_int_equal(parse(*state, "board a { unit = 1 }\nboard b { unit = 1 }", &c, NULL), ERR_OK);
    cfg_free(c);
}

static void a_bad_value_is_refused_with_its_line_and_key(void **state)
{
    assert_refused(*state, "\nport = eighty", ERR_SYNTAX, ":2: port: not an integer");
    assert_refused(*state, "port = 010", ERR_SYNTAX, ":1: port: not an integer");
    assert_refused(*state, "port = 0x10", ERR_SYNTAX, ":1: port: not an integer");
    assert_refused(*state, "port = \"\"", ERR_SYNTAX, ":1: port: not an integer");
    assert_refused(*state, "port = 9223372036854775808", ERR_RANGE, ":1: port: number too large");
    assert_refused(*state, "board a {\nlow = perhaps\n}", ERR_SYNTAX, ":2: low: not true or false");
    assert_refused(*state, "control x { }", ERR_SYNTAX, ":1: control: takes no title");
    assert_refused(*state, "board { }", ERR_SYNTAX, ":1: board: needs a title");
}

static void an_integer_is_read_whatever_errno_was(void **state)
{
    cfg_t *c;

    errno = ERANGE;
    assert_int_equal(parse(*state, "port = 1", &c, NULL), ERR_OK);
    cfg_free(c);
}

static void broken_grammar_is_refused_with_its_line(void **state)
{
    assert_refused(*state, "\nport 1\n", ERR_SYNTAX, ":2: port: '=' or '{' expected");
    assert_refused(*state, "port\n", ERR_SYNTAX, ":1: port: '=' or '{' expected");
    assert_refused(*state, "port =\n", ERR_SYNTAX, ":1: port: value expected after '='");
    assert_refused(*state, "= 1", ERR_SYNTAX, ":1: name of a key expected");
    assert_refused(*state, "\"port\" = 1", ERR_SYNTAX, ":1: name of a key expected");
    assert_refused(*state, "port = 1\n}\n", ERR_SYNTAX, ":2: '}' without a section");
    assert_refused(*state, "\nboard a {\n unit = 1\n", ERR_SYNTAX, ":2: board: section without a closing '}'");
    assert_refused(*state, "zones = { a b }", ERR_SYNTAX, ":1: zones: ',' or '}' expected in the list");
    assert_refused(*state, "zones = { a, =", ERR_SYNTAX, ":1: zones: value expected in the list");
    assert_refused(*state, "zones = { a,", ERR_SYNTAX, ":1: zones: value expected in the list");
    assert_refused(*state, "\n/* x\n", ERR_SYNTAX, ":2: comment without an end");
    assert_refused(*state, "/*/ port = 1", ERR_SYNTAX, ":1: comment without an end");
    assert_refused(*state, "a{a{a{a{a{a{a{a{a{", ERR_SYNTAX, ":1: a: sections nested deeper than 8");
}

static void text_needs_its_quotes(void **state)
{
    assert_refused(*state, "state = \"a\nb\"\n", ERR_SYNTAX, ":1: text without a closing quote");
    assert_refused(*state, "state = 'a", ERR_SYNTAX, ":1: text without a closing quote");
    assert_refused(*state, "state = http://a", ERR_SYNTAX, ":1: a value with // needs quotes");
    assert_refused(*state, "state = a|b", ERR_SYNTAX, ":1: character 0x7c is not allowed outside quotes");
    assert_refused(*state, "zones += a", ERR_SYNTAX, ":1: character 0x2b is not allowed outside quotes");
    assert_refused(*state, "state = \"\\n\"", ERR_SYNTAX, ":1: only \\ and the quote may follow a \\");
    assert_refused(*state, "state = \"a\tb\x01\"", ERR_SYNTAX, ":1: control character in a text");
}

static void the_environment_is_not_read(void **state)
{
    assert_refused(*state, "state = \"${HOME}\"", ERR_SYNTAX, ":1: environment variables are not replaced here");
    assert_refused(*state, "state = ${HOME}", ERR_SYNTAX, ":1: character 0x24 is not allowed outside quotes");
}

static void nul_bytes_are_refused(void **state)
{
    static const char bytes[] = "port = 1\n\0port = 2";
    struct reason r;
    cfg_t *c;

    assert_int_equal(parse_bytes(*state, bytes, sizeof(bytes) - 1, &c, &r), ERR_SYNTAX);
    assert_reason(*state, &r, ":2: character 0x00 is not allowed outside quotes");
}

static void marks_inside_quotes_and_comments_are_text(void **state)
{
    const char *text;
    cfg_t *c;

    assert_int_equal(parse(*state, "state = \"a{=#//b\" # port = { \"\n'", &c, NULL), ERR_SYNTAX);
    assert_int_equal(parse(*state, "state = \"a{=#//b\\\"\\\\\" # port = { \"\nport = 2/*}*/", &c, NULL), ERR_OK);
    assert_int_equal(conf_text(c, "state", 1, 20, &text, NULL), ERR_OK);
    assert_string_equal(text, "a{=#//b\"\\");
    cfg_free(c);
}

static void a_file_that_cannot_be_read_is_reported(void **state)
{
    cfg_opt_t table[] = {CFG_INT("port", 80, CFGF_NONE), CFG_END()};
    const struct place *p = *state;
    struct reason r;
    cfg_t *c;

    assert_int_equal(conf_parse(&c, table, p->path, &r), ERR_NOT_FOUND);
    assert_int_equal(strncmp(r.text, p->path, strlen(p->path)), 0);
    assert_int_equal(conf_parse(&c, table, p->folder, &r), ERR_IO);
}

static void a_file_too_large_is_refused(void **state)
{
    size_t len = 256 * 1024 + 1;
    char *text = malloc(len);
    cfg_t *c;

    assert_non_null(text);
    memset(text, ' ', len);
    assert_int_equal(parse_bytes(*state, text, len, &c, NULL), ERR_TOO_LONG);
    assert_int_equal(parse_bytes(*state, text, len - 1, &c, NULL), ERR_OK);
    cfg_free(c);
    free(text);
}

static void values_outside_the_range_are_refused_at_their_line(void **state)
{
    static const char *const profiles[] = {"r4d-fc06", "di8-fc02", NULL};
    struct reason r;
    const char *text;
    int64_t number;
    unsigned choice;
    cfg_t *c, *board;

    assert_int_equal(parse(*state, sample, &c, NULL), ERR_OK);
    assert_int_equal(conf_int(c, "port", 1, 1023, &number, &r), ERR_RANGE);
    assert_reason(*state, &r, ":4: port: 8080 is outside 1..1023");
    assert_int_equal(conf_text(c, "state", 1, 4, &text, &r), ERR_TOO_LONG);
    assert_reason(*state, &r, ":2: state: 10 bytes; at most 4 are allowed");
    board = cfg_getnsec(c, "board", 0);
    assert_int_equal(conf_choice(board, "profile", profiles, &choice, &r), ERR_UNKNOWN);
    assert_reason(*state, &r, ":8: board \"relay1\": profile: \"waveshare-d\" is not one of: r4d-fc06, di8-fc02");
    assert_int_equal(conf_int(cfg_getnsec(c, "board", 1), "unit", 1, 247, &number, &r), ERR_RANGE);
    assert_reason(*state, &r, ":11: board \"relay2\": unit: -2 is outside 1..247");
    cfg_free(c);
}

static void a_missing_value_is_reported_at_its_section(void **state)
{
    struct reason r;
    const char *text;
    int64_t number;
    cfg_t *c;

    assert_int_equal(parse(*state, "# x\n\nboard a {\n low = no\n\n}\n", &c, NULL), ERR_OK);
    assert_int_equal(conf_int(cfg_getnsec(c, "board", 0), "unit", 1, 247, &number, &r), ERR_MISSING);
    assert_reason(*state, &r, ":3: board \"a\": unit: missing");
    assert_int_equal(conf_text(c, "state", 1, 10, &text, &r), ERR_MISSING);
    assert_reason(*state, &r, ": state: missing");
    assert_int_equal(conf_text(cfg_getsec(c, "control"), "socket", 10, 20, &text, &r), ERR_RANGE);
    assert_reason(*state, &r, ": socket: 6 bytes; at least 10 are needed");
    cfg_free(c);
}

static void a_contradiction_has_a_place_too(void **state)
{
    struct reason r;
    cfg_t *c;

    assert_int_equal(parse(*state, sample, &c, NULL), ERR_OK);
    assert_int_equal(conf_because(cfg_getnsec(c, "board", 0), "unit", &r, ERR_DUPLICATE, "used by %s too", "relay2"),
                     ERR_DUPLICATE);
    assert_reason(*state, &r, ":7: board \"relay1\": unit: used by relay2 too");
    assert_int_equal(conf_because(cfg_getnsec(c, "board", 0), NULL, &r, ERR_STATE, "no doors"), ERR_STATE);
    assert_reason(*state, &r, ":6: board \"relay1\": no doors");
    cfg_free(c);
}

static void a_refused_file_does_not_disturb_the_next(void **state)
{
    cfg_t *c;

    assert_int_equal(parse(*state, "board a { unit = x", &c, NULL), ERR_SYNTAX);
    assert_int_equal(parse(*state, "board a { unit = x }", &c, NULL), ERR_SYNTAX);
    assert_int_equal(parse(*state, sample, &c, NULL), ERR_OK);
    cfg_free(c);
}

#define WITH_PLACE(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PLACE(values_are_read),
        WITH_PLACE(an_empty_file_gives_the_defaults),
        WITH_PLACE(an_unknown_key_is_refused_with_its_line),
        WITH_PLACE(a_repeated_key_is_refused_with_both_lines),
        WITH_PLACE(a_repeated_section_is_refused),
        WITH_PLACE(the_same_key_in_two_sections_is_fine),
        WITH_PLACE(a_bad_value_is_refused_with_its_line_and_key),
        WITH_PLACE(an_integer_is_read_whatever_errno_was),
        WITH_PLACE(broken_grammar_is_refused_with_its_line),
        WITH_PLACE(text_needs_its_quotes),
        WITH_PLACE(the_environment_is_not_read),
        WITH_PLACE(nul_bytes_are_refused),
        WITH_PLACE(marks_inside_quotes_and_comments_are_text),
        WITH_PLACE(a_file_that_cannot_be_read_is_reported),
        WITH_PLACE(a_file_too_large_is_refused),
        WITH_PLACE(values_outside_the_range_are_refused_at_their_line),
        WITH_PLACE(a_missing_value_is_reported_at_its_section),
        WITH_PLACE(a_contradiction_has_a_place_too),
        WITH_PLACE(a_refused_file_does_not_disturb_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
