/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

struct folder {
    char path[64];
    char file[FILE_PATH_CAP];
};

static int make_folder(void **state)
{
    struct folder *f = calloc(1, sizeof *f);
    struct reason r;
    assert_non_null(f);
    (void)snprintf(f->path, sizeof f->path, "/tmp/medlocker-file-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    assert_int_equal(file_path(f->file, f->path, "a", &r), ERR_OK);
    *state = f;
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *f = *state;
    (void)unlink(f->file);
    assert_int_equal(rmdir(f->path), 0); /* nothing else was left behind */
    free(f);
    return 0;
}

static void a_file_is_replaced_as_a_whole(void **state)
{
    struct folder *f = *state;
    struct reason r;
    struct stat st;
    char *text;
    size_t len;
    assert_int_equal(file_replace(f->file, "a longer text", 13, 0644, &r), ERR_OK);
    assert_int_equal(file_replace(f->file, "new", 3, 0600, &r), ERR_OK);
    assert_int_equal(file_read(f->file, 100, &text, &len, &r), ERR_OK);
    assert_int_equal(len, 3);
    assert_string_equal(text, "new");
    free(text);
    assert_int_equal(stat(f->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_file_in_no_folder_is_an_error_with_its_name(void **state)
{
    (void)state;
    struct reason r;
    assert_int_equal(file_replace("/nowhere/at/all/a", "x", 1, 0600, &r), ERR_NOT_FOUND);
    assert_non_null(strstr(r.text, "/nowhere/at/all/a"));
    assert_int_equal(file_sync_folder("/nowhere/at/all/a", &r), ERR_NOT_FOUND);
    assert_non_null(strstr(r.text, "/nowhere/at/all"));
}

static void names_in_every_place_are_made_durable(void **state)
{
    struct folder *f = *state;
    struct reason r;
    assert_int_equal(file_sync_folder(f->file, &r), ERR_OK);
    assert_int_equal(file_sync_folder("here", &r), ERR_OK);
    assert_int_equal(file_sync_folder("/there", &r), ERR_OK);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    (void)state;
    struct reason r;
    char path[FILE_PATH_CAP + 10];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(file_sync_folder(path, &r), ERR_TOO_LONG);
    assert_int_equal(file_replace(path, "x", 1, 0600, &r), ERR_TOO_LONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_replaced_as_a_whole, make_folder, remove_folder),
        cmocka_unit_test(a_file_in_no_folder_is_an_error_with_its_name),
        cmocka_unit_test_setup_teardown(names_in_every_place_are_made_durable, make_folder, remove_folder),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
