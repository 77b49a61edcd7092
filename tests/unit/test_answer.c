/* SPDX-License-Identifier: Apache-2.0 */
/* Written by a store that lockerd would open, read as lockerctl does. */
#include "controller/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/db.h"
#include "controller/effect.h"
#include "controller/locker.h"
#include "controller/rows.h"
#include "controller/store.h"

#define RECORDS 5

struct fixture {
    char dir[40], path[64];
    struct locker locker;
    struct effects effects;
    struct reason reason;
};

static enum err seal(void *arg, const struct store_out *out, char **text, uint8_t hash[MSG_HASH_LEN], struct reason *r)
{
    (void)arg;
    (void)r;
    memset(hash, (int)out->seq, MSG_HASH_LEN);
    *text = strdup("sealed");
    return *text != NULL ? ERR_OK : ERR_MEMORY;
}

static struct store *open_store(struct fixture *f)
{
    const struct store_cfg cfg = {.path = f->path, .epoch = 1, .seal = seal};
    struct store *s = NULL;
    assert_int_equal(store_open(&s, &cfg, &f->reason), ERR_OK);
    return s;
}

static struct store *open_to_read(struct fixture *f)
{
    struct store *s = NULL;
    f->reason.text[0] = '\0';
    enum err e = store_open_to_read(&s, f->path, &f->reason);
    assert_string_equal(f->reason.text, "");
    assert_int_equal(e, ERR_OK);
    return s;
}

static void commit(struct fixture *f, struct store *s, int n)
{
    const struct clock_now now = {.boot = 1, .boot_ms = 100 * n, .wall_ms = 1790000000000 + n};
    effects_clear(&f->effects);
    struct record *rec = effects_record(&f->effects, RECORD_STORE_ALARM, CABINET_NO_DOOR);
    rec->u.store = RECORD_STORE_QUOTA;
    assert_int_equal(store_commit(s, &f->locker, &f->effects, NULL, &now, &f->reason), ERR_OK);
}

static int set_up(void **state)
{
    const struct clock_now now = {.boot = 1};
    static const struct cabinet cabinet;
    struct fixture *f = calloc(1, sizeof *f);
    (void)snprintf(f->dir, sizeof f->dir, "/tmp/test_answer.XXXXXX");
    if (mkdtemp(f->dir) == NULL) {
        return -1;
    }
    (void)snprintf(f->path, sizeof f->path, "%s/%s", f->dir, STORE_FILE);
    locker_init(&f->locker, &cabinet, &now);
    struct store *s = open_store(f);
    for (int i = 1; i <= RECORDS; i++) {
        commit(f, s, i);
    }
    store_close(s);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[80];
    (void)snprintf(command, sizeof command, "rm -r %s", f->dir);
    int rc = system(command);
    free(f);
    return rc;
}

static int64_t number(const cJSON *obj, const char *key)
{
    int64_t n;
    assert_int_equal(json_get_int(obj, key, 0, INT64_MAX, &n, NULL), ERR_OK);
    return n;
}

static void newest_rows_come_oldest_first(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_to_read(f);
    cJSON *answer = NULL;
    const cJSON *rows, *dat;
    assert_int_equal(answer_journal(&answer, s, 3, &f->reason), ERR_OK);
    assert_int_equal(json_get_array(answer, "rows", &rows, NULL), ERR_OK);
    assert_int_equal(cJSON_GetArraySize(rows), 3);
    for (int i = 0; i < 3; i++) {
        const cJSON *row = cJSON_GetArrayItem(rows, i);
        const char *text;
        uint8_t hash[MSG_HASH_LEN];
        assert_int_equal(number(row, "id"), RECORDS - 2 + i);
        assert_int_equal(number(row, "wall_ms"), 1790000000000 + RECORDS - 2 + i);
        assert_int_equal(json_get_text(row, "typ", 1, 40, &text, NULL), ERR_OK);
        assert_string_equal(text, "store.alarm.v1");
        assert_int_equal(json_get_object(row, "dat", &dat, NULL), ERR_OK);
        assert_int_equal(json_get_text(dat, "cause", 1, 40, &text, NULL), ERR_OK);
        assert_string_equal(text, "quota");
        assert_int_equal(json_get_hex(row, "hash", hash, sizeof hash, NULL), ERR_OK);
    }
    cJSON_Delete(answer);
    store_close(s);
}

static void whole_journal_is_told_with_its_head(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_to_read(f);
    cJSON *answer = NULL;
    uint8_t head[MSG_HASH_LEN];
    assert_int_equal(answer_verify(&answer, s, &f->reason), ERR_OK);
    assert_int_equal(number(answer, "rows"), RECORDS);
    assert_int_equal(number(answer, "first_id"), 1);
    assert_int_equal(number(answer, "last_id"), RECORDS);
    assert_int_equal(json_get_hex(answer, "head", head, sizeof head, NULL), ERR_OK);
    cJSON_Delete(answer);
    store_close(s);
}

static void changed_row_is_named(void **state)
{
    struct fixture *f = *state;
    const struct db_cfg cfg = {.path = f->path, .migration = rows_migration, .migrations = STORE_SCHEMA};
    struct db *db = NULL;
    cJSON *answer = NULL;
    assert_int_equal(db_open(&db, &cfg, &f->reason), ERR_OK);
    assert_int_equal(db_run(db, db_stmt(db, "UPDATE journal SET body = '{}' WHERE id = 3"), &f->reason), ERR_OK);
    db_close(db);
    struct store *s = open_to_read(f);
    assert_int_equal(answer_verify(&answer, s, &f->reason), ERR_CORRUPT);
    assert_non_null(strstr(f->reason.text, "row 3"));
    assert_null(answer);
    store_close(s);
}

static void looking_counts_no_boot_and_makes_no_file(void **state)
{
    struct fixture *f = *state;
    store_close(open_to_read(f));
    struct store *s = open_store(f);
    assert_int_equal(store_boot(s), 2);
    store_close(s);
    struct store *none = NULL;
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(store_open_to_read(&none, f->path, &f->reason), ERR_NOT_FOUND);
    assert_int_equal(access(f->path, F_OK), -1);
}

static void open_store_is_busy(void **state)
{
    struct fixture *f = *state;
    struct store *s = open_store(f), *second = NULL;
    assert_int_equal(store_open_to_read(&second, f->path, &f->reason), ERR_BUSY);
    store_close(s);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(newest_rows_come_oldest_first),
        T(whole_journal_is_told_with_its_head),
        T(changed_row_is_named),
        T(looking_counts_no_boot_and_makes_no_file),
        T(open_store_is_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
