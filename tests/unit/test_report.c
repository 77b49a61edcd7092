/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/json.h"

typedef void (*report_fn)(const cJSON *answer, FILE *to);

static char *print(report_fn report, const char *answer)
{
    char *text = NULL;
    size_t len;
    cJSON *tree = cJSON_Parse(answer);
    FILE *to = open_memstream(&text, &len);
    assert_non_null(tree);
    assert_non_null(to);
    report(tree, to);
    assert_int_equal(fclose(to), 0);
    cJSON_Delete(tree);
    return text;
}

static void check(report_fn report, const char *answer, const char *expected)
{
    char *text = print(report, answer);
    assert_string_equal(text, expected);
    free(text);
}

static void status_is_one_line_for_each_fact(void **state)
{
    (void)state;
    check(report_status,
          "{\"locker\":\"00112233445566ff\",\"name\":\"Hal\",\"site\":\"Caf\xc3\xa9\",\"version\":\"0.1.0\",\"boot\":3,"
          "\"uptime_s\":93784,\"ready\":true,\"connected\":false,\"frozen\":false,\"outbox\":2,\"orders\":1,\"screen\":"
          "\"START\","
          "\"mode\":\"normal\",\"wrong_1h\":1,\"wrong_24h\":2,\"wrong_7d\":3,"
          "\"boards\":[{\"board\":\"relay1\",\"state\":\"ok\"}],"
          "\"climate\":[{\"sensor\":\"cold\",\"state\":\"ok\",\"milli_c\":-250,\"permille\":455},"
          "{\"sensor\":\"room\",\"state\":\"missing\"}]}",
          "locker         00112233445566ff\n"
          "name           Hal\n"
          "site           Caf\xc3\xa9\n"
          "version        0.1.0\n"
          "boot           3\n"
          "up             1 d 02:03:04\n"
          "boards known   yes\n"
          "hub connected  no\n"
          "frozen         no\n"
          "unsent         2\n"
          "orders         1\n"
          "screen         START\n"
          "mode           normal\n"
          "wrong codes    1 in 1 h, 2 in 24 h, 3 in 7 d\n"
          "board          relay1 ok\n"
          "climate        cold ok -0.2 C 45.5 % humidity\n"
          "climate        room missing\n");
}

static void doors_are_a_table_as_wide_as_its_cells(void **state)
{
    (void)state;
    check(report_doors,
          "{\"doors\":[{\"door\":\"A1\",\"number\":1,\"state\":\"FREE\",\"contact\":\"closed\",\"size\":\"S\",\"zone\":"
          "\"room\",\"board\":\"relay1\"},{\"door\":\"C8\",\"number\":24,\"state\":\"LOADED\",\"contact\":\"unknown\","
          "\"size\":\"M\",\"zone\":\"cold\",\"board\":\"r3\",\"commissioned\":\"yes\",\"ord\":\"ab\",\"lod\":1}]}",
          "DOOR  NUMBER  STATE   CONTACT  SIZE  ZONE  BOARD   COMMISSIONED  ORDER\n"
          "A1    1       FREE    closed   S     room  relay1  -             -\n"
          "C8    24      LOADED  unknown  M     cold  r3      yes           ab\n");
}

static void journal_tells_time_type_and_content(void **state)
{
    (void)state;
    check(
        report_journal,
        "{\"rows\":[{\"id\":7,\"seq\":7,\"boot\":1,\"boot_ms\":5,\"wall_ms\":1790000000042,\"typ\":\"door.opened.v1\","
        "\"dat\":{\"door\":\"A1\",\"pulse\":3},\"hash\":\"00\"},"
        "{\"id\":8,\"wall_ms\":null,\"typ\":\"x\",\"dat\":null}]}",
        "     7  2026-09-21T14:13:20.042Z  door.opened.v1 {\"door\":\"A1\",\"pulse\":3}\n"
        "     8  -                         x\n");
}

static void verify_and_release_are_a_sentence(void **state)
{
    (void)state;
    check(report_verify, "{\"rows\":2,\"first_id\":1,\"last_id\":2,\"head\":\"ab\"}",
          "The journal is whole: 2 rows (1 to 2), head ab\n");
    check(report_release, "{\"board\":\"relay1\"}",
          "Board relay1 is released. Open one of its doors and watch which one moves.\n");
}

static void bytes_that_steer_a_terminal_are_not_printed(void **state)
{
    (void)state;
    check(report_release, "{\"board\":\"a\\u001b[2J\\u007f\xc2\x9b\xc2\xa9z\"}",
          "Board a?[2J??\xc2\xa9z is released. Open one of its doors and watch which one moves.\n");
}

static void what_is_absent_or_strange_is_a_dash(void **state)
{
    (void)state;
    static const report_fn all[] = {report_status, report_doors, report_journal, report_verify, report_release};
    static const char *const answer[] = {
        "{}",
        "[]",
        "{\"doors\":3,\"rows\":{\"a\":1},\"boards\":\"x\",\"climate\":[1,null]}",
        "{\"doors\":[[],1,\"x\",{\"door\":{}}],\"rows\":[[],{\"id\":[]}],\"board\":{},\"boards\":[{}],\"name\":[]}",
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (size_t k = 0; k < sizeof answer / sizeof answer[0]; k++) {
            free(print(all[i], answer[k]));
        }
    }
    check(report_doors, "{\"doors\":[{\"door\":{}}]}",
          "DOOR  NUMBER  STATE  CONTACT  SIZE  ZONE  BOARD  COMMISSIONED  ORDER\n"
          "-     -       -      -        -     -     -      -             -\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_is_one_line_for_each_fact),
        cmocka_unit_test(doors_are_a_table_as_wide_as_its_cells),
        cmocka_unit_test(journal_tells_time_type_and_content),
        cmocka_unit_test(verify_and_release_are_a_sentence),
        cmocka_unit_test(bytes_that_steer_a_terminal_are_not_printed),
        cmocka_unit_test(what_is_absent_or_strange_is_a_dash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
