/* SPDX-License-Identifier: Apache-2.0 */
/* The product's own database layer on the simulated disk, cut off before each of its steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/db.h"
#include "common/log.h"
#include "tests/sim/disk.h"
#include "tests/sim/vfs.h"
#include "tests/sim/world.h"

#define PATH "/sim/state/x.sqlite"
#define ROUNDS 6

static const char *const script[] = {
    "CREATE TABLE a (n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT; CREATE TABLE sum (n INTEGER NOT NULL) STRICT;"
    "INSERT INTO sum VALUES (0)"};

struct bed {
    struct world *w;
    struct disk *d;
    uint64_t stop_at;
};

static void on_step(void *arg, uint64_t number, bool is_sync)
{
    struct bed *b = arg;
    (void)is_sync;
    if (number == b->stop_at)
        disk_freeze(b->d, true);
}

static void begin(struct bed *b, uint64_t seed)
{
    b->w = world_new(seed);
    vfs_use(b->w);
    b->d = disk_new(world_dice(b->w, "disk"));
    assert_int_equal(disk_mkdir(b->d, "/sim"), 0);
    assert_int_equal(disk_mkdir(b->d, "/sim/state"), 0);
    vfs_outside(b->d);
    disk_power_cut(b->d, DISK_CUT_NEW);
}

static void end(struct bed *b)
{
    vfs_outside(NULL);
    disk_free(b->d);
    world_free(b->w);
}

static enum err open_db(struct db **db)
{
    struct reason r;
    const struct db_cfg cfg = {.path = PATH, .migration = script, .migrations = 1, .vfs = "medlocker-sim"};
    return db_open(db, &cfg, &r);
}

static enum err add_row(struct db *db, int n)
{
    struct reason r;
    char text[600];
    enum err e = db_begin(db, &r);
    if (e != ERR_OK)
        return e;
    memset(text, 'a' + n % 26, sizeof text);
    sqlite3_stmt *s = db_stmt(db, "INSERT INTO a VALUES (?1, ?2)");
    (void)sqlite3_bind_int(s, 1, n);
    (void)sqlite3_bind_text(s, 2, text, sizeof text, SQLITE_TRANSIENT);
    e = db_run(db, s, &r);
    if (e == ERR_OK)
        e = db_run(db, db_stmt(db, "UPDATE sum SET n = n + 1"), &r);
    if (e == ERR_OK)
        e = db_commit(db, &r);
    if (e != ERR_OK)
        db_rollback(db);
    return e;
}

/* Rows added and checkpoints between, until the end or the first error. Gives how many commits were acknowledged. */
static int work(void)
{
    struct db *db = NULL;
    struct reason r;
    int done = 0;
    if (open_db(&db) != ERR_OK)
        return 0;
    while (done < ROUNDS && add_row(db, done) == ERR_OK) {
        done++;
        if (done % 4 == 0 && db_checkpoint(db, true, &r) != ERR_OK)
            break;
    }
    db_close(db);
    return done;
}

static int64_t ask(struct db *db, const char *sql)
{
    sqlite3_stmt *s = db_stmt(db, sql);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(s, 0);
    (void)sqlite3_reset(s);
    return n;
}

/* What is there after a cut: all that was acknowledged, at most one more, nothing in part. */
static void check(int acknowledged)
{
    struct db *db = NULL;
    assert_int_equal(open_db(&db), ERR_OK);
    int64_t rows = ask(db, "SELECT count(*) FROM a");
    assert_in_range(rows, acknowledged, acknowledged + 1);
    assert_int_equal(ask(db, "SELECT n FROM sum"), rows);
    assert_int_equal(add_row(db, 100), ERR_OK);
    db_close(db);
}

static uint64_t count_steps(void)
{
    struct bed b = {.stop_at = 0};
    begin(&b, 1);
    assert_int_equal(work(), ROUNDS);
    uint64_t steps = disk_steps(b.d);
    check(ROUNDS);
    end(&b);
    return steps;
}

static void a_commit_is_whole_after_a_power_cut_at_any_step(void **state)
{
    (void)state;
    uint64_t steps = count_steps();
    assert_true(steps > 40);
    for (uint64_t n = 1; n <= steps; n++) {
        for (enum disk_cut how = DISK_CUT_OLD; how < DISK_CUT_N; how++) {
            struct bed b = {.stop_at = n};
            begin(&b, n * 10 + how);
            disk_set_hook(b.d, on_step, &b);
            int acknowledged = work();
            disk_set_hook(b.d, NULL, NULL);
            disk_power_cut(b.d, how);
            check(acknowledged);
            end(&b);
        }
    }
}

/* The proof above would be worth nothing if it also held on a disk that forgets what it said to be safe. */
static void a_lying_disk_loses_commits(void **state)
{
    (void)state;
    struct bed b = {.stop_at = 0};
    begin(&b, 1);
    disk_faults(b.d)->sync_lies = true;
    struct db *db = NULL;
    assert_int_equal(open_db(&db), ERR_OK);
    assert_int_equal(add_row(db, 1), ERR_OK);
    disk_freeze(b.d, true);
    db_close(db);
    disk_faults(b.d)->sync_lies = false;
    disk_power_cut(b.d, DISK_CUT_OLD);
    assert_int_equal(open_db(&db), ERR_OK);
    assert_int_equal(ask(db, "SELECT count(*) FROM a"), 0);
    db_close(db);
    end(&b);
}

static void a_full_disk_rolls_back_and_says_so(void **state)
{
    (void)state;
    struct bed b = {.stop_at = 0};
    begin(&b, 1);
    struct db *db = NULL;
    assert_int_equal(open_db(&db), ERR_OK);
    assert_int_equal(add_row(db, 1), ERR_OK);
    disk_faults(b.d)->room = 0;
    int n = 2;
    enum err e = ERR_OK;
    while (e == ERR_OK && n < 100)
        e = add_row(db, n++);
    assert_int_equal(e, ERR_FULL);
    disk_faults(b.d)->room = -1;
    assert_int_equal(ask(db, "SELECT count(*) FROM a"), n - 2);
    assert_int_equal(add_row(db, n), ERR_OK);
    db_close(db);
    end(&b);
}

static void two_connections_exclude_each_other(void **state)
{
    (void)state;
    struct bed b = {.stop_at = 0};
    begin(&b, 1);
    struct db *db = NULL, *other = NULL;
    assert_int_equal(open_db(&db), ERR_OK);
    assert_int_equal(open_db(&other), ERR_BUSY);
    db_close(db);
    assert_int_equal(open_db(&other), ERR_OK);
    db_close(other);
    end(&b);
}

/* Found by a seed of the simulator: the daemon put a good database aside. */
static void a_page_that_cannot_be_read_is_no_damage(void **state)
{
    struct bed b = {0};
    struct db *db;
    (void)state;
    begin(&b, 11);
    assert_int_equal(open_db(&db), ERR_OK);
    for (int n = 0; n < 200; n++)
        assert_int_equal(add_row(db, n), ERR_OK);
    struct reason r;
    assert_int_equal(db_run(db, db_stmt(db, "DELETE FROM a WHERE n > 20 AND n < 150"), &r), ERR_OK); /* free pages */
    db_close(db);
    unsigned failed = 0;
    for (unsigned i = 0; i < 600; i++) {
        disk_faults(b.d)->read_eio_ppm = 20000;
        enum err e = open_db(&db);
        disk_faults(b.d)->read_eio_ppm = 0;
        assert_int_not_equal(e, ERR_CORRUPT);
        if (e == ERR_OK)
            db_close(db);
        else
            failed++;
    }
    assert_true(failed > 30);
    end(&b);
}

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    if (!vfs_register())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_is_whole_after_a_power_cut_at_any_step),
        cmocka_unit_test(a_lying_disk_loses_commits),
        cmocka_unit_test(a_full_disk_rolls_back_and_says_so),
        cmocka_unit_test(two_connections_exclude_each_other),
        cmocka_unit_test(a_page_that_cannot_be_read_is_no_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
