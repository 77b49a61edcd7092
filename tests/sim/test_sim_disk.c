/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "tests/sim/disk.h"

struct bed {
    struct dice dice;
    struct disk *d;
};

static int set_up(void **state)
{
    static struct bed b;
    dice_seed(&b.dice, 7);
    b.d = disk_new(&b.dice);
    assert_int_equal(disk_mkdir(b.d, "/sim"), 0);
    assert_int_equal(disk_sync_folder(b.d, "/"), -ENOENT); /* the top has no name of its own */
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    disk_free(((struct bed *)*state)->d);
    return 0;
}

static struct disk_file *open_file(struct disk *d, const char *path, int flags)
{
    struct disk_file *f = NULL;
    assert_int_equal(disk_open(d, path, flags, 0600, &f), 0);
    return f;
}

static void assert_content(struct disk *d, const char *path, const char *text)
{
    char back[64] = "";
    struct disk_file *f = open_file(d, path, O_RDONLY);
    assert_int_equal(disk_read(f, back, sizeof back - 1, 0), strlen(text));
    assert_string_equal(back, text);
    disk_close(f);
}

static void what_was_written_is_read_back_across_pages(void **state)
{
    struct bed *b = *state;
    struct disk_file *f = open_file(b->d, "/sim//a", O_RDWR | O_CREAT);
    uint8_t out[10000], in[10000];
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (uint8_t)(i * 7 + i / 256);
    assert_int_equal(disk_write(f, out, sizeof out, 3000), sizeof out);
    assert_int_equal(disk_size(f), 13000);
    assert_int_equal(disk_read(f, in, sizeof in, 3000), sizeof in);
    assert_memory_equal(in, out, sizeof in);
    assert_int_equal(disk_read(f, in, 10, 0), 10);
    assert_int_equal(in[0], 0);
    assert_int_equal(disk_read(f, in, 100, 12990), 10);
    assert_int_equal(disk_truncate(f, 3001), 0);
    assert_int_equal(disk_truncate(f, 4000), 0);
    assert_int_equal(disk_read(f, in, 2, 3000), 2);
    assert_int_equal(in[0], out[0]);
    assert_int_equal(in[1], 0);
    disk_close(f);
}

static void open_answers_as_the_system_does(void **state)
{
    struct bed *b = *state;
    struct disk_file *f = NULL;
    assert_int_equal(disk_open(b->d, "/sim/a", O_RDONLY, 0, &f), -ENOENT);
    assert_int_equal(disk_open(b->d, "/sim/no/a", O_WRONLY | O_CREAT, 0, &f), -ENOENT);
    assert_int_equal(disk_open(b->d, "/sim", O_WRONLY, 0, &f), -EISDIR);
    assert_true(disk_put(b->d, "/sim/a", "x", 1));
    assert_int_equal(disk_open(b->d, "/sim/a", O_WRONLY | O_CREAT | O_EXCL, 0, &f), -EEXIST);
    assert_int_equal(disk_open(b->d, "/sim/a", O_RDONLY | O_DIRECTORY, 0, &f), -ENOTDIR);
    f = open_file(b->d, "/sim/a", O_RDONLY);
    assert_int_equal(disk_write(f, "y", 1, 0), -EBADF);
    disk_close(f);
    assert_int_equal(disk_mkdir(b->d, "/sim"), -EEXIST);
    assert_int_equal(disk_unlink(b->d, "/sim"), -EISDIR);
    assert_int_equal(disk_rename(b->d, "/sim/b", "/sim/c", false), -ENOENT);
    assert_true(disk_put(b->d, "/sim/b", "y", 1));
    assert_int_equal(disk_rename(b->d, "/sim/a", "/sim/b", true), -EEXIST);
    assert_int_equal(disk_rename(b->d, "/sim/a", "/sim/b", false), 0);
    assert_content(b->d, "/sim/b", "x");
}

static void a_cut_of_the_old_kind_keeps_what_was_synced_and_nothing_else(void **state)
{
    struct bed *b = *state;
    assert_true(disk_put(b->d, "/sim/a", "old", 3));
    struct disk_file *f = open_file(b->d, "/sim/a", O_RDWR);
    assert_int_equal(disk_write(f, "newer", 5, 0), 5);
    disk_power_cut(b->d, DISK_CUT_OLD);
    assert_content(b->d, "/sim/a", "old");
    assert_int_equal(disk_write(f, "newer", 5, 0), 5);
    assert_int_equal(disk_sync(f), 0);
    disk_power_cut(b->d, DISK_CUT_OLD);
    assert_content(b->d, "/sim/a", "newer");
    assert_int_equal(disk_truncate(f, 0), 0);
    disk_power_cut(b->d, DISK_CUT_OLD);
    assert_content(b->d, "/sim/a", "newer");
    assert_int_equal(disk_truncate(f, 0), 0);
    disk_power_cut(b->d, DISK_CUT_NEW);
    assert_content(b->d, "/sim/a", "");
    disk_close(f);
}

static void a_name_is_durable_when_its_folder_was_synced(void **state)
{
    struct bed *b = *state;
    struct disk_file *f;
    assert_true(disk_put(b->d, "/sim/old", "1", 1));
    disk_power_cut(b->d, DISK_CUT_NEW);
    f = open_file(b->d, "/sim/new", O_RDWR | O_CREAT);
    assert_int_equal(disk_write(f, "2", 1, 0), 1);
    assert_int_equal(disk_sync(f), 0);
    disk_close(f);
    assert_int_equal(disk_rename(b->d, "/sim/new", "/sim/old", false), 0);
    struct disk *clone = disk_clone(b->d, &b->dice);
    assert_content(clone, "/sim/old", "2"); /* a clone is of an idle disk: names as they are */
    disk_free(clone);
    disk_power_cut(b->d, DISK_CUT_OLD);
    assert_content(b->d, "/sim/old", "1");
    assert_int_equal(disk_stat(b->d, "/sim/new", NULL, NULL), -ENOENT);

    assert_true(disk_put(b->d, "/sim/new", "2", 1));
    assert_int_equal(disk_rename(b->d, "/sim/new", "/sim/old", false), 0);
    assert_int_equal(disk_sync_folder(b->d, "/sim"), 0);
    disk_power_cut(b->d, DISK_CUT_OLD);
    assert_content(b->d, "/sim/old", "2");
    assert_int_equal(disk_unlink(b->d, "/sim/old"), 0);
    disk_power_cut(b->d, DISK_CUT_OLD);
    assert_content(b->d, "/sim/old", "2");
}

static void a_rename_is_never_half_done(void **state)
{
    struct bed *b = *state;
    assert_true(disk_put(b->d, "/sim/a", "0", 1));
    unsigned olds = 0, news = 0;
    for (unsigned i = 0; i < 200; i++) {
        assert_true(disk_put(b->d, "/sim/a", "0", 1));
        assert_true(disk_put(b->d, "/sim/t", "1", 1));
        assert_int_equal(disk_rename(b->d, "/sim/t", "/sim/a", false), 0);
        disk_power_cut(b->d, DISK_CUT_MIX);
        struct disk_file *f = open_file(b->d, "/sim/a", O_RDONLY);
        char c = 0;
        assert_int_equal(disk_read(f, &c, 1, 0), 1);
        disk_close(f);
        olds += c == '0';
        news += c == '1';
        assert_int_equal(disk_stat(b->d, "/sim/t", NULL, NULL) == 0, c == '0');
    }
    assert_true(olds > 50 && news > 50);
}

static void a_mixed_cut_decides_for_each_sector(void **state)
{
    struct bed *b = *state;
    uint8_t old[64 * DISK_SECTOR], now[sizeof old];
    memset(old, 'o', sizeof old);
    assert_true(disk_put(b->d, "/sim/a", old, sizeof old));
    struct disk_file *f = open_file(b->d, "/sim/a", O_RDWR);
    memset(now, 'n', sizeof now);
    assert_int_equal(disk_write(f, now, sizeof now, 0), sizeof now);
    disk_power_cut(b->d, DISK_CUT_MIX);
    assert_int_equal(disk_read(f, now, sizeof now, 0), sizeof now);
    unsigned news = 0;
    for (size_t s = 0; s < 64; s++) {
        for (size_t i = 1; i < DISK_SECTOR; i++)
            assert_int_equal(now[s * DISK_SECTOR + i], now[s * DISK_SECTOR]);
        news += now[s * DISK_SECTOR] == 'n';
    }
    assert_in_range(news, 10, 54);
    disk_close(f);
}

static void a_torn_sector_begins_new_and_ends_old(void **state)
{
    struct bed *b = *state;
    uint8_t old[DISK_SECTOR], now[DISK_SECTOR];
    unsigned torn = 0;
    memset(old, 'o', sizeof old);
    for (unsigned n = 0; n < 20; n++) {
        assert_true(disk_put(b->d, "/sim/a", old, sizeof old));
        struct disk_file *f = open_file(b->d, "/sim/a", O_RDWR);
        memset(now, 'n', sizeof now);
        assert_int_equal(disk_write(f, now, sizeof now, 0), sizeof now);
        disk_power_cut(b->d, DISK_CUT_TORN);
        assert_int_equal(disk_read(f, now, sizeof now, 0), sizeof now);
        for (size_t i = 1; i < sizeof now; i++)
            assert_false(now[i - 1] == 'o' && now[i] == 'n');
        torn += now[0] == 'n' && now[sizeof now - 1] == 'o';
        disk_close(f);
    }
    assert_true(torn > 10);
}

static void nothing_changes_while_the_disk_is_frozen(void **state)
{
    struct bed *b = *state;
    assert_true(disk_put(b->d, "/sim/a", "x", 1));
    struct disk_file *f = open_file(b->d, "/sim/a", O_RDWR);
    disk_freeze(b->d, true);
    uint64_t steps = disk_steps(b->d);
    assert_int_equal(disk_write(f, "y", 1, 0), -EIO);
    assert_int_equal(disk_truncate(f, 0), -EIO);
    assert_int_equal(disk_sync(f), -EIO);
    assert_int_equal(disk_unlink(b->d, "/sim/a"), -EIO);
    assert_int_equal(disk_rename(b->d, "/sim/a", "/sim/b", false), -EIO);
    assert_int_equal(disk_steps(b->d), steps);
    disk_freeze(b->d, false);
    assert_content(b->d, "/sim/a", "x");
    disk_close(f);
}

struct stop {
    struct disk *d;
    uint64_t at, syncs;
};

static void stop_there(void *arg, uint64_t number, bool is_sync)
{
    struct stop *s = arg;
    s->syncs += is_sync;
    if (number == s->at)
        disk_freeze(s->d, true);
}

static void the_hook_can_stop_the_disk_before_any_step(void **state)
{
    struct bed *b = *state;
    struct stop s = {b->d, disk_steps(b->d) + 3, 0};
    disk_set_hook(b->d, stop_there, &s);
    struct disk_file *f = open_file(b->d, "/sim/a", O_RDWR | O_CREAT);
    assert_int_equal(disk_write(f, "x", 1, 0), 1);
    assert_int_equal(disk_sync(f), -EIO);
    assert_int_equal(s.syncs, 1);
    disk_power_cut(b->d, DISK_CUT_OLD);
    assert_int_equal(disk_stat(b->d, "/sim/a", NULL, NULL), -ENOENT);
    disk_close(f);
}

static void a_full_disk_says_so_and_takes_room_back(void **state)
{
    struct bed *b = *state;
    char page[4096] = "";
    struct disk_file *f = open_file(b->d, "/sim/a", O_RDWR | O_CREAT);
    disk_faults(b->d)->room = 8192;
    assert_int_equal(disk_write(f, page, 4096, 0), 4096);
    assert_int_equal(disk_write(f, page, 4097, 4096), -ENOSPC);
    assert_int_equal(disk_allocate(f, 0, 8192), 0);
    assert_int_equal(disk_write(f, page, 4096, 4096), 4096); /* allocated before: always succeeds */
    assert_int_equal(disk_write(f, page, 1, 8192), -ENOSPC);
    assert_int_equal(disk_truncate(f, 4096), 0);
    assert_int_equal(disk_faults(b->d)->room, 4096);
    disk_close(f);
    assert_int_equal(disk_unlink(b->d, "/sim/a"), 0);
    assert_int_equal(disk_faults(b->d)->room, 8192);
    assert_int_equal(disk_counts(b->d)->no_space, 2);
}

static void a_lying_sync_syncs_nothing(void **state)
{
    struct bed *b = *state;
    assert_true(disk_put(b->d, "/sim/a", "x", 1));
    struct disk_file *f = open_file(b->d, "/sim/a", O_RDWR);
    disk_faults(b->d)->sync_lies = true;
    assert_int_equal(disk_write(f, "y", 1, 0), 1);
    assert_int_equal(disk_sync(f), 0);
    disk_close(f);
    disk_power_cut(b->d, DISK_CUT_OLD);
    assert_content(b->d, "/sim/a", "x");
    assert_int_equal(disk_counts(b->d)->lies, 1);
}

static void chances_of_faults_come_true(void **state)
{
    struct bed *b = *state;
    char byte = 'x';
    assert_true(disk_put(b->d, "/sim/a", "x", 1));
    struct disk_file *f = open_file(b->d, "/sim/a", O_RDWR);
    *disk_faults(b->d) = (struct disk_faults){.room = -1, .write_eio_ppm = 1000000, .sync_eio_ppm = 1000000};
    assert_int_equal(disk_write(f, "y", 1, 0), -EIO);
    assert_int_equal(disk_sync(f), -EIO);
    *disk_faults(b->d) = (struct disk_faults){.room = -1, .flip_ppm = 1000000};
    assert_int_equal(disk_read(f, &byte, 1, 0), 1);
    assert_int_equal(__builtin_popcount((unsigned)(byte ^ 'x')), 1);
    *disk_faults(b->d) = (struct disk_faults){.room = -1, .read_eio_ppm = 1000000};
    assert_int_equal(disk_read(f, &byte, 1, 0), -EIO);
    *disk_faults(b->d) = (struct disk_faults){.room = -1};
    disk_close(f);
    assert_content(b->d, "/sim/a", "x");
}

static void a_clone_lives_its_own_life(void **state)
{
    struct bed *b = *state;
    assert_true(disk_put(b->d, "/sim/a", "x", 1));
    struct disk *clone = disk_clone(b->d, &b->dice);
    struct disk_file *f = open_file(clone, "/sim/a", O_RDWR);
    assert_int_equal(disk_write(f, "y", 1, 0), 1);
    disk_close(f);
    assert_content(b->d, "/sim/a", "x");
    assert_content(clone, "/sim/a", "y");
    disk_free(clone);
}

static void names_of_a_folder_are_listed_in_order(void **state)
{
    struct bed *b = *state;
    char name[DISK_PATH_CAP];
    assert_true(disk_put(b->d, "/sim/b", "", 0));
    assert_true(disk_put(b->d, "/sim/a", "", 0));
    assert_int_equal(disk_mkdir(b->d, "/sim/c"), 0);
    assert_true(disk_put(b->d, "/sim/c/d", "", 0));
    static const char *const expected[] = {"a", "b", "c"};
    for (unsigned i = 0; i < 3; i++) {
        assert_true(disk_list(b->d, "/sim/", i, name));
        assert_string_equal(name, expected[i]);
    }
    assert_false(disk_list(b->d, "/sim", 3, name));
}

static void a_secret_is_found_wherever_it_is(void **state)
{
    struct bed *b = *state;
    struct disk_file *f = open_file(b->d, "/sim/a", O_RDWR | O_CREAT);
    assert_int_equal(disk_write(f, "secret", 6, 4093), 6);
    assert_string_equal(disk_find(b->d, "secret", 6), "/sim/a");
    assert_int_equal(disk_truncate(f, 0), 0);
    assert_string_equal(disk_find(b->d, "sec", 3), "(free)");
    assert_null(disk_find(b->d, "never", 5));
    disk_close(f);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_was_written_is_read_back_across_pages),
        CASE(open_answers_as_the_system_does),
        CASE(a_cut_of_the_old_kind_keeps_what_was_synced_and_nothing_else),
        CASE(a_name_is_durable_when_its_folder_was_synced),
        CASE(a_rename_is_never_half_done),
        CASE(a_mixed_cut_decides_for_each_sector),
        CASE(a_torn_sector_begins_new_and_ends_old),
        CASE(nothing_changes_while_the_disk_is_frozen),
        CASE(the_hook_can_stop_the_disk_before_any_step),
        CASE(a_full_disk_says_so_and_takes_room_back),
        CASE(a_lying_sync_syncs_nothing),
        CASE(chances_of_faults_come_true),
        CASE(a_clone_lives_its_own_life),
        CASE(names_of_a_folder_are_listed_in_order),
        CASE(a_secret_is_found_wherever_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
