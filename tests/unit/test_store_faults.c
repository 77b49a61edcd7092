/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every step of the database fails in turn, in everything that the store does. The steps of this program go through the
 * function below, which stands in for that of the library.
 */
#include "tests/unit/locker_bed.h"

#include <dlfcn.h>
#include <sqlite3.h>
#include <unistd.h>

#include "common/db.h"
#include "common/log.h"
#include "controller/store.h"

#define STEPS_MAX 3000

static struct {
    int countdown; /* steps until the one that fails; 0: none */
    int code;      /* that it gives */
    int happened;
    int texts; /* the same for texts that cannot be had */
    bool says_memory;
} fault;

int sqlite3_step(sqlite3_stmt *s)
{
    static int (*real)(sqlite3_stmt *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "sqlite3_step");
    if (fault.countdown > 0 && --fault.countdown == 0) {
        fault.happened++;
        return fault.code;
    }
    return real(s);
}

const unsigned char *sqlite3_column_text(sqlite3_stmt *s, int column)
{
    static const unsigned char *(*real)(sqlite3_stmt *, int);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "sqlite3_column_text");
    if (fault.texts > 0 && --fault.texts == 0) {
        fault.happened++;
        return NULL;
    }
    return real(s, column);
}

/* What the library says of a text that it had no memory for. */
int sqlite3_errcode(sqlite3 *db)
{
    static int (*real)(sqlite3 *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "sqlite3_errcode");
    return fault.says_memory ? SQLITE_NOMEM : real(db);
}

struct fixture {
    char dir[64], path[96], kept[96];
    struct bed *bed;
    struct store *store;
};

static enum err seal(void *arg, const struct store_out *out, char **text, uint8_t hash[MSG_HASH_LEN], struct reason *r)
{
    (void)arg;
    (void)r;
    char *body = json_print(out->dat);
    size_t cap = strlen(body) + 128;
    *text = malloc(cap);
    assert_non_null(*text);
    (void)snprintf(*text, cap, "%u %lld %s %s", out->epoch, (long long)out->seq, out->typ, body);
    (void)crypto_generichash(hash, MSG_HASH_LEN, (const uint8_t *)*text, strlen(*text), out->prv, MSG_HASH_LEN);
    free(body);
    return ERR_OK;
}

static enum err open_store(struct fixture *f, uint32_t epoch)
{
    struct reason r = {{0}};
    const struct store_cfg cfg = {.path = f->path, .epoch = epoch, .seal = seal, .seal_arg = f};
    return store_open(&f->store, &cfg, &r);
}

static enum err load(struct fixture *f, struct locker *l)
{
    struct reason r = {{0}};
    locker_init(l, &f->bed->cabinet, &f->bed->now);
    return store_load(f->store, l, &r);
}

static void copy(const char *from, const char *to)
{
    char buffer[65536];
    FILE *in = fopen(from, "rbe"), *out = fopen(to, "wbe");
    assert_non_null(in);
    assert_non_null(out);
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, in)) > 0;)
        assert_int_equal(fwrite(buffer, 1, n, out), n);
    assert_int_equal(fclose(in) + fclose(out), 0);
}

static void remove_database(struct fixture *f)
{
    char wal[112];
    (void)snprintf(wal, sizeof wal, "%s-wal", f->path);
    (void)unlink(f->path);
    (void)unlink(wal);
}

static void commit(struct bed *b)
{
    struct fixture *f = b->arg;
    struct reason r = {{0}};
    assert_int_equal(store_commit(f->store, b->l, b->fx, NULL, &b->now, &r), ERR_OK);
    b->outbox = store_outbox_rows(f->store);
}

/* A database with something of everything in it. */
static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    log_set_level(LOG_LEVEL_ERROR);
    (void)snprintf(f->dir, sizeof f->dir, "%s/medlocker-faults-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->path, sizeof f->path, "%s/state.db", f->dir);
    (void)snprintf(f->kept, sizeof f->kept, "%s/kept.db", f->dir);
    f->bed = bed_new();
    f->bed->arg = f;
    assert_int_equal(open_store(f, 1), ERR_OK);
    f->bed->now.boot = store_boot(f->store);
    assert_int_equal(load(f, f->bed->l), ERR_OK);
    f->bed->after = commit;
    invariant_ghost_init(f->bed->g, f->bed->l);
    bed_start(f->bed);
    (void)bed_load(f->bed, 1, 1);
    (void)bed_load(f->bed, 2, 1);
    bed_grant(f->bed, 101, 2, 1);
    bed_grant(f->bed, 102, 2, 1);
    bed_enter_code(f->bed, 1);
    bed_opens(f->bed);
    bed_take_and_close(f->bed, f->bed->pulse_door);
    bed_wait(f->bed, 10000);
    bed_wrong_code(f->bed);
    bed_withdraw(f->bed, 9, 4, true);
    struct event ev = {.kind = EVENT_BADGE_REVOKE};
    memset(ev.u.badge, 50, sizeof ev.u.badge);
    bed_send(f->bed, &ev);
    store_close(f->store);
    f->store = NULL;
    copy(f->path, f->kept);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    memset(&fault, 0, sizeof fault);
    store_close(f->store);
    remove_database(f);
    (void)unlink(f->kept);
    (void)rmdir(f->dir);
    bed_free(f->bed);
    free(f);
    return 0;
}

/* Everything that a decision can ask to be written. */
static void touch_all(struct fixture *f, struct effects *fx)
{
    struct locker *l = f->bed->l;
    effects_clear(fx);
    l->badges.slot[1].used = false;
    l->carers.slot[1].used = false;
    for (uint16_t i = 0; i < 2; i++) {
        effects_touch_compartment(fx, i);
        effects_touch_order(fx, i);
        effects_touch_badge(fx, i);
        effects_touch_carer(fx, i);
        (void)effects_record(fx, RECORD_CLOSED, i);
    }
    effects_touch_order(fx, ORDER_SLOTS - 1); /* not used: is deleted */
    fx->limiter = fx->floor = fx->meta = true;
}

/* It may fail or not; what it says is looked at later. */
static void note(enum err e)
{
    assert_true(strlen(err_name(e)) > 0);
}

static void count_row(void *arg, const struct store_journal_row *row)
{
    (void)row;
    ++*(unsigned *)arg;
}

/* All that the store does in a life; goes on after what failed, as far as there is a store. */
static void live(struct fixture *f, uint32_t epoch)
{
    static struct locker l;
    struct reason r = {{0}};
    struct store_row row = {0};
    struct store_chain chain;
    const struct stream_cursor inbox = {.epoch = 1, .seq = 3};
    unsigned rows = 0;
    bool found = false;
    if (open_store(f, epoch) != ERR_OK) {
        assert_null(f->store);
        return;
    }
    (void)load(f, &l);
    touch_all(f, f->bed->fx);
    int64_t before = store_outbox_last(f->store);
    enum err e = store_commit(f->store, f->bed->l, f->bed->fx, &inbox, &f->bed->now, &r);
    assert_int_equal(store_outbox_last(f->store), e == ERR_OK ? before + 2 : before);
    note(store_verify(f->store, &chain, &r));
    note(store_journal_tail(f->store, 5, count_row, &rows, &r));
    note(store_journal_read(f->store, 0, 5, count_row, &rows, &r));
    if (store_outbox_next(f->store, 0, &row, &found, &r) == ERR_OK && found)
        free(row.text);
    uint32_t waiting = store_outbox_rows(f->store);
    e = store_outbox_ack(f->store, store_outbox_last(f->store), &r);
    assert_true(e == ERR_OK ? store_outbox_rows(f->store) == 0 || fault.code == SQLITE_DONE
                            : store_outbox_rows(f->store) == waiting);
    note(store_inbox_set(f->store, &inbox, &r));
    note(store_compact(f->store, f->bed->now.wall_ms + 2 * STORE_KEEP_MS, &r));
    store_close(f->store);
    f->store = NULL;
}

/* Without a fault: what is there can be opened, breaks no invariant, and its chain is whole. */
static void assert_whole(struct fixture *f, uint32_t epoch)
{
    static struct locker l;
    struct store_chain chain;
    struct reason r = {{0}};
    assert_int_equal(open_store(f, epoch), ERR_OK);
    assert_int_equal(load(f, &l), ERR_OK);
    assert_int_equal(store_verify(f->store, &chain, &r), ERR_OK);
    store_close(f->store);
    f->store = NULL;
}

static void sweep(struct fixture *f, int code, uint32_t epoch, bool whole)
{
    for (int n = 1; n < STEPS_MAX; n++) {
        remove_database(f);
        copy(f->kept, f->path);
        fault.countdown = n;
        fault.code = code;
        fault.happened = 0;
        live(f, epoch);
        bool was_last = fault.happened == 0;
        memset(&fault, 0, sizeof fault);
        if (whole)
            assert_whole(f, epoch);
        if (was_last)
            return;
    }
    fail_msg("after %d steps there was no end", STEPS_MAX);
}

static void any_step_that_fails_leaves_all_or_nothing(void **state)
{
    sweep(*state, SQLITE_IOERR, 1, true);
}

static void any_step_of_a_new_enrolment_that_fails_leaves_all_or_nothing(void **state)
{
    sweep(*state, SQLITE_IOERR, 2, true);
}

static void a_full_disk_at_any_step_leaves_all_or_nothing(void **state)
{
    sweep(*state, SQLITE_FULL, 1, true);
}

/* A library that loses a row is beyond any guarantee; it must not bring the program down. */
static void a_row_that_is_missing_at_any_step_is_survived(void **state)
{
    sweep(*state, SQLITE_DONE, 1, false);
}

static void a_text_that_cannot_be_had_is_refused_while_loading(void **state)
{
    struct fixture *f = *state;
    static struct locker l;
    for (int n = 1;; n++) {
        assert_int_equal(open_store(f, 1), ERR_OK);
        fault.texts = n;
        fault.happened = 0;
        fault.says_memory = n % 2 == 0;
        enum err e = load(f, &l);
        fault.texts = 0;
        fault.says_memory = false;
        store_close(f->store);
        f->store = NULL;
        if (fault.happened == 0) {
            assert_int_equal(e, ERR_OK);
            return;
        }
        assert_int_equal(e, n % 2 == 0 ? ERR_MEMORY : ERR_CORRUPT);
    }
}

/* What somebody or something wrote into the file, past the constraints. */
static void what_makes_no_sense_is_refused(void **state)
{
    static const char *const damages[] = {
        "DELETE FROM meta",
        "UPDATE meta SET boot = -1",
        "UPDATE meta SET boot = 4294967295",
        "DELETE FROM cursor WHERE stream = 'evt'",
        "UPDATE cursor SET hash = zeroblob(31) WHERE stream = 'cmd'",
        "DELETE FROM journal_end",
        "UPDATE journal_end SET head = x'00'",
        "UPDATE order_local SET state = 'NONSENSE'",
        "UPDATE order_local SET state = 'A TEXT THAT IS TOO LONG'",
        "UPDATE compartment SET state = 'NONSENSE'",
        "UPDATE compartment SET state = 'A TEXT THAT IS TOO LONG'",
        "UPDATE limiter SET packed = x''",
        "UPDATE badge SET wrong = 200",
        "UPDATE carer SET lod = -1",
        "UPDATE order_local SET lod = -1",
    };
    struct fixture *f = *state;
    static struct locker l;
    for (unsigned i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        sqlite3 *db;
        remove_database(f);
        copy(f->kept, f->path);
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, damages[i], NULL, NULL, NULL), SQLITE_OK);
        assert_true(sqlite3_changes(db) > 0);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        enum err e = open_store(f, 1);
        if (e == ERR_OK) {
            e = load(f, &l);
            store_close(f->store);
            f->store = NULL;
        }
        if (e != ERR_CORRUPT)
            fail_msg("%s: %s", damages[i], err_name(e));
    }
}

/* Rows that make sense one by one, and not together: people must look. */
static void what_does_not_fit_together_is_looked_at(void **state)
{
    static const char *const changes[] = {
        "UPDATE order_local SET state = 'KNOWN' WHERE state = 'READY'",
        "UPDATE order_local SET door = 'B2' WHERE state = 'READY'",
        "UPDATE compartment SET lod = 7 WHERE ord IS NOT NULL",
        "UPDATE compartment SET ord = NULL, lod = NULL, state = 'OPENING' WHERE ord IS NOT NULL",
        "UPDATE compartment SET ord = NULL, lod = NULL, state = 'LOADING' WHERE ord IS NOT NULL",
        "UPDATE compartment SET ord = NULL, lod = NULL WHERE ord IS NOT NULL",
        "UPDATE compartment SET ord = zeroblob(16) WHERE ord IS NOT NULL",
        "UPDATE compartment SET ord = zeroblob(16), state = 'FORCED' WHERE ord IS NOT NULL",
    };
    struct fixture *f = *state;
    static struct locker l;
    for (unsigned i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        sqlite3 *db;
        unsigned looked_at = 0;
        remove_database(f);
        copy(f->kept, f->path);
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, changes[i], NULL, NULL, NULL), SQLITE_OK);
        assert_true(sqlite3_changes(db) > 0);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        assert_int_equal(open_store(f, 1), ERR_OK);
        assert_int_equal(load(f, &l), ERR_OK);
        store_close(f->store);
        f->store = NULL;
        for (uint16_t door = 0; door < l.cabinet.doors; door++)
            looked_at += compartment_needs_people(&l.compartment[door]) ? 1u : 0u;
        if (looked_at == 0)
            fail_msg("nobody looks after: %s", changes[i]);
    }
}

static void orders_that_claim_one_door_leave_it_to_the_one_in_it(void **state)
{
    struct fixture *f = *state;
    static struct locker l;
    sqlite3 *db;
    unsigned ready = 0;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "UPDATE order_local SET door = (SELECT door FROM order_local WHERE state = 'READY')"
                                  " WHERE state <> 'READY'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(open_store(f, 1), ERR_OK);
    assert_int_equal(load(f, &l), ERR_OK);
    for (unsigned i = 0; i < ORDER_SLOTS; i++)
        ready += l.orders.slot[i].used && l.orders.slot[i].door != CABINET_NO_DOOR ? 1u : 0u;
    assert_int_equal(ready, 1);
}

static void journal_that_was_changed_is_noticed_by_each_reader(void **state)
{
    struct fixture *f = *state;
    struct store_chain chain;
    struct reason r = {{0}};
    unsigned rows = 0;
    static const char *const changes[] = {"UPDATE journal SET hash = x'00'",
                                          "UPDATE journal_end SET head = zeroblob(32)"};
    for (unsigned i = 0; i < 2; i++) {
        sqlite3 *db;
        remove_database(f);
        copy(f->kept, f->path);
        assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, changes[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        assert_int_equal(open_store(f, 1), ERR_OK);
        assert_int_equal(store_verify(f->store, &chain, &r), ERR_CORRUPT);
        if (i == 0) {
            assert_int_equal(store_journal_read(f->store, 0, 5, count_row, &rows, &r), ERR_CORRUPT);
            assert_int_equal(store_outbox_ack(f->store, store_outbox_last(f->store), &r), ERR_OK);
            assert_int_equal(store_compact(f->store, f->bed->now.wall_ms + 2 * STORE_KEEP_MS, &r), ERR_CORRUPT);
        }
        store_close(f->store);
        f->store = NULL;
    }
}

static void message_that_cannot_be_told_again_stops_a_new_enrolment(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE journal SET body = '{'", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_int_equal(open_store(f, 2), ERR_SYNTAX);
}

static void command_that_decides_nothing_moves_the_cursor(void **state)
{
    struct fixture *f = *state;
    struct reason r = {{0}};
    struct stream_cursor moved;
    const struct stream_cursor inbox = {.epoch = 1, .seq = 8};
    assert_int_equal(open_store(f, 1), ERR_OK);
    effects_clear(f->bed->fx);
    assert_int_equal(store_commit(f->store, f->bed->l, f->bed->fx, &inbox, &f->bed->now, &r), ERR_OK);
    store_inbox(f->store, &moved);
    assert_int_equal(moved.seq, 8);
}

static void odd_paths_are_refused_or_work(void **state)
{
    struct fixture *f = *state;
    struct store *s = NULL;
    struct reason r = {{0}};
    char name[300], path[5000], back[512];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    memset(path, '/', sizeof path - 1);
    (void)snprintf(path + 4200, sizeof path - 4200, "x.db");
    const char *const refused[] = {"/proc", "/nowhere-at-all/x.db", name, path};
    for (unsigned i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const struct store_cfg cfg = {.path = refused[i], .epoch = 1, .seal = seal};
        assert_int_not_equal(store_open(&s, &cfg, &r), ERR_OK);
    }
    assert_non_null(getcwd(back, sizeof back));
    assert_int_equal(chdir(f->dir), 0);
    const struct store_cfg beside = {.path = "state.db", .epoch = 1, .seal = seal};
    assert_int_equal(store_open(&s, &beside, &r), ERR_OK);
    store_close(s);
    assert_int_equal(chdir(back), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(any_step_that_fails_leaves_all_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(any_step_of_a_new_enrolment_that_fails_leaves_all_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_at_any_step_leaves_all_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_row_that_is_missing_at_any_step_is_survived, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_that_cannot_be_had_is_refused_while_loading, setup, teardown),
        cmocka_unit_test_setup_teardown(what_makes_no_sense_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_fit_together_is_looked_at, setup, teardown),
        cmocka_unit_test_setup_teardown(orders_that_claim_one_door_leave_it_to_the_one_in_it, setup, teardown),
        cmocka_unit_test_setup_teardown(journal_that_was_changed_is_noticed_by_each_reader, setup, teardown),
        cmocka_unit_test_setup_teardown(message_that_cannot_be_told_again_stops_a_new_enrolment, setup, teardown),
        cmocka_unit_test_setup_teardown(command_that_decides_nothing_moves_the_cursor, setup, teardown),
        cmocka_unit_test_setup_teardown(odd_paths_are_refused_or_work, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
