/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/locker_bed.h"

#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/db.h"
#include "controller/commission.h"
#include "controller/rows.h"
#include "controller/store.h"

#define HEX_HASH_CAP (2 * MSG_HASH_LEN + 1)

struct fixture {
    char dir[64], path[96];
    struct store *store;
    struct bed *bed;
    uint32_t epoch;
    int64_t max_bytes;
    bool doors_unknown, seal_fails;
    enum err commit;
    const struct stream_cursor *inbox; /* for the next commit */
    struct store_out last_seal;
};

/* ---------------------------------------------------------------- bed with a store */

static void to_hex(const uint8_t *bytes, char out[HEX_HASH_CAP])
{
    for (unsigned i = 0; i < MSG_HASH_LEN; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* A message is "epoch seq prv typ body"; its hash is over that. */
static enum err seal(void *arg, const struct store_out *out, char **text, uint8_t hash[MSG_HASH_LEN], struct reason *r)
{
    struct fixture *f = arg;
    if (f->seal_fails)
        return err_because(r, ERR_TOO_LONG, "told to fail");
    char prv[HEX_HASH_CAP];
    to_hex(out->prv, prv);
    char *body = json_print(out->dat);
    size_t cap = strlen(body) + strlen(out->typ) + sizeof prv + 64;
    *text = malloc(cap);
    assert_non_null(*text);
    (void)snprintf(*text, cap, "%u %lld %s %s %s", out->epoch, (long long)out->seq, prv, out->typ, body);
    (void)crypto_generichash(hash, MSG_HASH_LEN, (const uint8_t *)*text, strlen(*text), NULL, 0);
    free(body);
    f->last_seal = *out;
    return ERR_OK;
}

static enum err try_open(struct fixture *f)
{
    struct reason r = {{0}};
    const struct store_cfg cfg = {
        .path = f->path,
        .epoch = f->epoch,
        .max_bytes = f->max_bytes,
        .doors_unknown = f->doors_unknown,
        .seal = seal,
        .seal_arg = f,
    };
    return store_open(&f->store, &cfg, &r);
}

static void commit(struct bed *b)
{
    struct fixture *f = b->arg;
    struct reason r = {{0}};
    f->commit = store_commit(f->store, b->l, b->fx, f->inbox, &b->now, &r);
    f->inbox = NULL;
    b->outbox = store_outbox_rows(f->store);
}

/* A locker as after a start of the daemon, every decision committed. */
static enum err try_load(struct fixture *f)
{
    struct reason r = {{0}};
    f->bed = bed_new();
    f->bed->arg = f;
    f->bed->now.boot = store_boot(f->store);
    locker_init(f->bed->l, &f->bed->cabinet, &f->bed->now);
    enum err e = store_load(f->store, f->bed->l, &r);
    f->bed->after = commit;
    invariant_ghost_init(f->bed->g, f->bed->l);
    return e;
}

static void begin(struct fixture *f)
{
    assert_int_equal(try_open(f), ERR_OK);
    assert_int_equal(try_load(f), ERR_OK);
}

static void end(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
    if (f->bed != NULL)
        bed_free(f->bed);
    f->bed = NULL;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    (void)snprintf(f->dir, sizeof f->dir, "/tmp/medlocker-store-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    (void)snprintf(f->path, sizeof f->path, "%s/state.db", f->dir);
    f->epoch = 1;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    end(f);
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (unsigned i = 0; i < 3; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s", f->path, suffixes[i]);
        (void)unlink(path);
    }
    (void)rmdir(f->dir);
    free(f);
    return 0;
}

static void assert_same_durable(const struct locker *a, const struct locker *b)
{
    for (unsigned i = 0; i < BED_DOORS; i++) {
        const struct compartment *x = &a->compartment[i], *y = &b->compartment[i];
        assert_int_equal(x->state, y->state);
        assert_int_equal(x->serial, y->serial);
        assert_int_equal(x->bound, y->bound);
        assert_memory_equal(x->order, y->order, CODE_ORDER_LEN);
        assert_int_equal(x->load, y->load);
        assert_int_equal(x->proved, y->proved);
        assert_memory_equal(x->wiring, y->wiring, CABINET_WIRING_LEN);
    }
    for (unsigned i = 0; i < ORDER_SLOTS; i++) {
        const struct order *x = &a->orders.slot[i], *y = &b->orders.slot[i];
        assert_int_equal(x->used, y->used);
        if (!x->used)
            continue;
        assert_int_equal(x->state, y->state);
        assert_memory_equal(x->id, y->id, CODE_ORDER_LEN);
        assert_int_equal(x->load, y->load);
        assert_int_equal(x->newest, y->newest);
        assert_int_equal(x->end, y->end);
        assert_int_equal(x->door, y->door);
        assert_string_equal(x->door_name, y->door_name);
        assert_int_equal(x->cls, y->cls);
        assert_int_equal(x->not_before_s, y->not_before_s);
        assert_int_equal(x->not_after_s, y->not_after_s);
        assert_int_equal(x->loaded_ms, y->loaded_ms);
        assert_int_equal(x->key_epoch, y->key_epoch);
        assert_int_equal(x->has_v1, y->has_v1);
        assert_memory_equal(x->v1, y->v1, CODE_MAC_LEN);
        assert_memory_equal(x->v2, y->v2, CODE_MAC_LEN);
        assert_memory_equal(x->person, y->person, TOKEN_PERSON_LEN);
        assert_int_equal(x->language, y->language);
        assert_int_equal(x->recoded, y->recoded);
        assert_memory_equal(x->token, y->token, sizeof x->token);
        assert_int_equal(x->pulses, y->pulses);
        assert_int_equal(x->first_pulse_ms, y->first_pulse_ms);
        assert_int_equal(x->first_pulse_boot_ms, y->first_pulse_boot_ms);
    }
    assert_memory_equal(a->limiter.wrong, b->limiter.wrong, sizeof a->limiter.wrong);
    assert_int_equal(a->pulse_serial, b->pulse_serial);
    assert_memory_equal(a->described, b->described, sizeof a->described);
    for (unsigned i = 0; i < BADGE_SLOTS; i++) {
        assert_int_equal(a->badges.slot[i].used, b->badges.slot[i].used);
        assert_memory_equal(a->badges.slot[i].id, b->badges.slot[i].id, BADGE_ID_LEN);
        assert_int_equal(a->badges.slot[i].revoked, b->badges.slot[i].revoked);
        assert_int_equal(a->badges.slot[i].wrong, b->badges.slot[i].wrong);
    }
    for (unsigned i = 0; i < CARER_SLOTS; i++) {
        const struct carer *x = &a->carers.slot[i], *y = &b->carers.slot[i];
        assert_int_equal(x->used, y->used);
        assert_int_equal(x->state, y->state);
        assert_memory_equal(x->right.id, y->right.id, CODE_CARER_LEN);
        assert_memory_equal(x->right.order, y->right.order, CODE_ORDER_LEN);
        assert_int_equal(x->right.load, y->right.load);
        assert_memory_equal(x->right.person, y->right.person, TOKEN_PERSON_LEN);
        assert_int_equal(x->right.not_after_s, y->right.not_after_s);
        assert_int_equal(x->key_epoch, y->key_epoch);
        assert_int_equal(x->has_v1, y->has_v1);
        assert_memory_equal(x->v1, y->v1, CODE_MAC_LEN);
        assert_memory_equal(x->v2, y->v2, CODE_MAC_LEN);
    }
}

/* Some of everything: loadings, a collection, refusals, a withdrawal, badges, carers, a new code. */
static void live(struct bed *b)
{
    bed_start(b);
    (void)bed_load(b, 1, 1);
    (void)bed_load(b, 2, 1);
    bed_grant(b, 101, 1, 1); /* used with its order */
    bed_grant(b, 102, 2, 1);
    bed_grant(b, 103, 7, 0);
    bed_take_back(b, 103);
    bed_take_back(b, 104);
    bed_recode(b, 2, 1, 3);
    bed_enter_code(b, 1);
    bed_opens(b);
    bed_take_and_close(b, b->pulse_door);
    bed_wait(b, 10000);
    bed_wrong_code(b);
    bed_withdraw(b, 9, 4, true);
    bed_scan(b, bed_badge(b, 8, "246813"));
    bed_type(b, "1111");
    bed_key(b, EVENT_KEY_OK);
    bed_verdict(b);
    struct event ev = {.kind = EVENT_BADGE_REVOKE};
    memset(ev.u.badge, 50, sizeof ev.u.badge);
    bed_send(b, &ev);
    bed_key(b, EVENT_KEY_OK);
    bed_enter_code(b, 3); /* opening */
}

/* ---------------------------------------------------------------- open and load */

static void every_start_counts_a_boot(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 1; i <= 3; i++) {
        assert_int_equal(try_open(f), ERR_OK);
        assert_int_equal(store_boot(f->store), i);
        end(f);
    }
}

static void a_second_process_is_kept_out(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(try_open(f), ERR_OK);
    struct store *first = f->store;
    assert_int_equal(try_open(f), ERR_BUSY);
    f->store = first;
}

static void loaded_state_is_the_committed_state(void **state)
{
    struct fixture *f = *state;
    begin(f);
    live(f->bed);
    assert_int_equal(f->commit, ERR_OK);
    struct locker *before = malloc(sizeof *before);
    assert_non_null(before);
    *before = *f->bed->l;
    end(f);
    begin(f);
    assert_same_durable(before, f->bed->l);
    assert_int_equal(f->bed->l->floor.floor_ms, before->floor.floor_ms);
    assert_int_equal(f->bed->l->floor.contact_ms, before->floor.contact_ms);
    assert_true(invariant_check(&(struct world){.locker = f->bed->l}) == NULL);
    free(before);
}

static void a_crash_loses_nothing_that_was_committed(void **state)
{
    struct fixture *f = *state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        begin(f);
        live(f->bed);
        _exit(f->commit == ERR_OK ? 0 : 1); /* no close, no checkpoint */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct bed *same = bed_new();
    live(same);
    begin(f);
    assert_int_equal(store_boot(f->store), 2);
    assert_same_durable(same->l, f->bed->l);
    bed_free(same);
    struct store_chain chain;
    struct reason r;
    assert_int_equal(store_verify(f->store, &chain, &r), ERR_OK);
    bed_start(f->bed);
    assert_int_equal(bed_order(f->bed, 2)->state, ORDER_UNCONFIRMED);
}

static void a_new_database_begins_free_a_lost_one_in_check(void **state)
{
    struct fixture *f = *state;
    begin(f);
    assert_int_equal(f->bed->l->compartment[0].state, COMPARTMENT_FREE);
    end(f); /* nothing was committed: still new */
    begin(f);
    assert_int_equal(f->bed->l->compartment[0].state, COMPARTMENT_FREE);
    end(f);
    f->doors_unknown = true;
    begin(f);
    assert_int_equal(f->bed->l->compartment[0].state, COMPARTMENT_CHECK);
    bed_start(f->bed);
    end(f);
    f->doors_unknown = false;
    begin(f);
    assert_int_equal(f->bed->l->compartment[0].state, COMPARTMENT_CHECK);
}

static void a_lost_database_is_remembered_by_the_file_put_aside(void **state)
{
    struct fixture *f = *state;
    char bad[128];
    (void)snprintf(bad, sizeof bad, "%s.bad-1800000000", f->path);
    FILE *out = fopen(bad, "w");
    assert_non_null(out);
    (void)fclose(out);
    begin(f); /* as after a start that failed right after the new file was made */
    for (unsigned i = 0; i < BED_DOORS; i++)
        assert_int_equal(f->bed->l->compartment[i].state, COMPARTMENT_CHECK);
    (void)unlink(bad);
}

static void a_renamed_door_must_be_looked_into(void **state)
{
    struct fixture *f = *state;
    begin(f);
    bed_start(f->bed);
    (void)bed_load(f->bed, 1, 1);
    bed_login(f->bed);
    bed_scan(f->bed, bed_voucher(f->bed, 2, 1)); /* LOADING in A2 */
    end(f);
    assert_int_equal(try_open(f), ERR_OK);
    f->bed = bed_new();
    (void)snprintf(f->bed->cabinet.door[0].name, CABINET_NAME_CAP, "X1");
    (void)snprintf(f->bed->cabinet.door[1].name, CABINET_NAME_CAP, "X2");
    locker_init(f->bed->l, &f->bed->cabinet, &f->bed->now);
    struct reason r;
    assert_int_equal(store_load(f->store, f->bed->l, &r), ERR_OK);
    assert_int_equal(f->bed->l->compartment[0].state, COMPARTMENT_CHECK);
    assert_int_equal(f->bed->l->compartment[2].state, COMPARTMENT_FREE);
    assert_int_equal(bed_order(f->bed, 1)->door, CABINET_NO_DOOR);
    assert_int_equal(bed_order(f->bed, 1)->state, ORDER_READY);
    assert_null(bed_order(f->bed, 2));
    assert_true(invariant_check(&(struct world){.locker = f->bed->l}) == NULL);
    bed_start(f->bed);
    bed_enter_code(f->bed, 1);
    assert_int_equal(bed_screen(f->bed), SCREEN_ASK);
}

/* A broken door is taken out of the configuration after a crash, and put back when the order is long withdrawn. */
static void a_door_that_comes_back_after_its_order_ended_must_be_looked_into(void **state)
{
    struct fixture *f = *state;
    struct reason r = {{0}};
    begin(f);
    bed_start(f->bed);
    (void)bed_load(f->bed, 1, 1);
    bed_enter_code(f->bed, 1);
    assert_int_equal(f->bed->l->compartment[0].state, COMPARTMENT_OPENING);
    end(f);
    assert_int_equal(try_open(f), ERR_OK);
    f->bed = bed_new();
    f->bed->arg = f;
    f->bed->after = commit;
    f->bed->now.boot = store_boot(f->store);
    (void)snprintf(f->bed->cabinet.door[0].name, CABINET_NAME_CAP, "X1");
    locker_init(f->bed->l, &f->bed->cabinet, &f->bed->now);
    assert_int_equal(store_load(f->store, f->bed->l, &r), ERR_OK);
    invariant_ghost_init(f->bed->g, f->bed->l);
    bed_start(f->bed);
    bed_withdraw(f->bed, 1, 1, false);
    assert_int_equal(bed_order(f->bed, 1)->state, ORDER_VOID);
    end(f);
    assert_int_equal(try_open(f), ERR_OK);
    assert_int_equal(try_load(f), ERR_OK);
    assert_int_equal(f->bed->l->compartment[0].state, COMPARTMENT_CHECK);
    assert_false(f->bed->l->compartment[0].bound);
    assert_int_equal(bed_order(f->bed, 1)->door, CABINET_NO_DOOR);
    bed_start(f->bed);
}

/* Runs SQL on the closed file, as somebody with the card in his hand would. */
static void tamper(struct fixture *f, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", sql, why);
    (void)sqlite3_close(db);
}

static void a_state_that_breaks_an_invariant_is_refused(void **state)
{
    struct fixture *f = *state;
    begin(f);
    bed_start(f->bed);
    (void)bed_load(f->bed, 1, 1);
    end(f);
    tamper(f, "UPDATE compartment SET state = 'FREE' WHERE state = 'LOADED'");
    assert_int_equal(try_open(f), ERR_OK);
    assert_int_equal(try_load(f), ERR_CORRUPT);
}

/* A copy of the closed file to come back to. */
static void keep_copy(const struct fixture *f, char restore[256])
{
    char command[256];
    (void)snprintf(command, sizeof command, "cp %s %s/kept", f->path, f->dir);
    assert_int_equal(system(command), 0);
    (void)snprintf(restore, 256, "cp %s/kept %s", f->dir, f->path);
}

static void drop_copy(const struct fixture *f)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/kept", f->dir);
    (void)unlink(path);
}

static void rows_that_make_no_sense_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const at_load[] = {
        "UPDATE compartment SET state = 'HALF' WHERE door = 'A1'",
        "UPDATE compartment SET serial = -1 WHERE door = 'A3'",
        "UPDATE compartment SET ord = x'00', lod = 1 WHERE door = 'A3'",
        "UPDATE order_local SET state = 'GONE'",
        "UPDATE order_local SET pulses = 9",
        "UPDATE order_local SET v1 = x'00'",
        "UPDATE order_local SET door = 'TOOLONGNAME'",
        "INSERT INTO order_local SELECT slot + 1000, ord, lod, newest, state, ending, door, class, not_before_s,"
        " not_after_s, loaded_ms, key_epoch, has_v1, v1, v2, pulses, first_pulse_ms, first_pulse_boot,"
        " first_pulse_boot_ms, person, language, token FROM order_local",
        "UPDATE order_local SET token = x'00'",
        "UPDATE carer SET carer = x'00' WHERE slot = 0",
        "UPDATE carer SET slot = 512 WHERE slot = 0",
        "UPDATE carer SET state = 3",
        "UPDATE carer SET not_after_s = -1",
        "UPDATE carer SET has_v1 = 2",
        "UPDATE order_local SET person = x'00'",
        "UPDATE order_local SET language = 6",
        "UPDATE badge SET wrong = 99",
        "UPDATE limiter SET packed = x'00'",
        "UPDATE timefloor SET floor_ms = -5",
        "UPDATE meta SET described = x'00'",
    };
    static const char *const at_open[] = {
        "UPDATE cursor SET hash = x'00' WHERE stream = 'evt'",
        "UPDATE cursor SET stream = 'x' WHERE stream = 'cmd'",
        "UPDATE journal_end SET head = x'00'",
        "UPDATE meta SET boot = -1",
    };
    char restore[256];
    begin(f);
    live(f->bed);
    end(f);
    keep_copy(f, restore);
    for (unsigned i = 0; i < sizeof at_load / sizeof at_load[0]; i++) {
        tamper(f, at_load[i]);
        assert_int_equal(try_open(f), ERR_OK);
        if (try_load(f) != ERR_CORRUPT)
            fail_msg("accepted: %s", at_load[i]);
        end(f);
        assert_int_equal(system(restore), 0);
    }
    for (unsigned i = 0; i < sizeof at_open / sizeof at_open[0]; i++) {
        tamper(f, at_open[i]);
        if (try_open(f) != ERR_CORRUPT)
            fail_msg("accepted: %s", at_open[i]);
        f->store = NULL;
        assert_int_equal(system(restore), 0);
    }
    begin(f);
    drop_copy(f);
}

/* ---------------------------------------------------------------- commit */

static void nothing_durable_writes_nothing(void **state)
{
    struct fixture *f = *state;
    begin(f);
    bed_start(f->bed);
    int64_t last = store_outbox_last(f->store);
    bed_type(f->bed, "123");
    bed_wait(f->bed, 2000);
    assert_int_equal(store_outbox_last(f->store), last);
}

static void each_record_is_a_message_chained_to_the_one_before(void **state)
{
    struct fixture *f = *state;
    begin(f);
    live(f->bed);
    uint8_t prev[MSG_HASH_LEN] = {0};
    int64_t seq = 0;
    unsigned rows = 0;
    for (;;) {
        struct store_row row;
        struct reason r;
        bool found;
        assert_int_equal(store_outbox_next(f->store, seq, &row, &found, &r), ERR_OK);
        if (!found)
            break;
        char expected[HEX_HASH_CAP + 64], hex[HEX_HASH_CAP];
        to_hex(prev, hex);
        (void)snprintf(expected, sizeof expected, "1 %lld %s ", (long long)seq + 1, hex);
        assert_memory_equal(row.text, expected, strlen(expected));
        (void)crypto_generichash(prev, MSG_HASH_LEN, (const uint8_t *)row.text, strlen(row.text), NULL, 0);
        seq = row.seq;
        rows++;
        free(row.text);
    }
    assert_int_equal(seq, store_outbox_last(f->store));
    assert_int_equal(rows, store_outbox_rows(f->store));
    unsigned records = 0;
    for (unsigned i = 0; i < RECORD_KIND_N; i++)
        records += f->bed->seen[i];
    assert_int_equal(rows, records);
}

static void a_commit_that_fails_leaves_everything_as_it_was(void **state)
{
    struct fixture *f = *state;
    begin(f);
    bed_start(f->bed);
    (void)bed_load(f->bed, 1, 1);
    struct locker *before = malloc(sizeof *before);
    assert_non_null(before);
    *before = *f->bed->l;
    int64_t last = store_outbox_last(f->store);
    struct stream_cursor cursor = {.epoch = 1, .seq = 1};
    f->seal_fails = true;
    f->inbox = &cursor;
    bed_withdraw(f->bed, 1, 1, false);
    assert_int_equal(f->commit, ERR_TOO_LONG);
    assert_int_equal(store_outbox_last(f->store), last);
    struct stream_cursor now;
    store_inbox(f->store, &now);
    assert_int_equal(now.seq, 0);
    f->seal_fails = false;
    end(f);
    begin(f);
    assert_same_durable(before, f->bed->l);
    assert_int_equal(store_outbox_last(f->store), last);
    free(before);
    struct store_chain chain;
    struct reason r;
    assert_int_equal(store_verify(f->store, &chain, &r), ERR_OK);
}

static void a_full_disk_stops_the_commit_whole(void **state)
{
    struct fixture *f = *state;
    begin(f);
    bed_start(f->bed);
    end(f);
    f->max_bytes = 120 * 1024;
    begin(f);
    bed_start(f->bed);
    int64_t last = 0;
    for (unsigned i = 0; i < 2000 && f->commit == ERR_OK; i++) {
        last = store_outbox_last(f->store);
        bed_climate(f->bed, i % 2 == 0 ? HW_CLIMATE_STUCK : HW_CLIMATE_OK, 5000);
    }
    assert_int_equal(f->commit, ERR_FULL);
    assert_int_equal(store_outbox_last(f->store), last);
    f->max_bytes = 0;
    end(f);
    begin(f);
    struct store_chain chain;
    struct reason r;
    assert_int_equal(store_verify(f->store, &chain, &r), ERR_OK);
    assert_int_equal(store_outbox_last(f->store), last);
}

static void verifiers_are_gone_from_the_file_when_the_order_ended(void **state)
{
    struct fixture *f = *state;
    begin(f);
    bed_start(f->bed);
    (void)bed_load(f->bed, 1, 1);
    const struct token t = bed_voucher(f->bed, 1, 1);
    bed_enter_code(f->bed, 1);
    bed_opens(f->bed);
    bed_take_and_close(f->bed, f->bed->pulse_door);
    assert_int_equal(bed_order(f->bed, 1)->state, ORDER_DONE);
    end(f);
    FILE *in = fopen(f->path, "rb");
    assert_non_null(in);
    static uint8_t bytes[4 * 1024 * 1024];
    size_t len = fread(bytes, 1, sizeof bytes, in);
    (void)fclose(in);
    assert_true(len > 0 && len < sizeof bytes);
    assert_null(memmem(bytes, len, t.u.voucher.v1, CODE_MAC_LEN));
    assert_null(memmem(bytes, len, t.u.voucher.v2, CODE_MAC_LEN));
}

/* ---------------------------------------------------------------- outbox and inbox */

static void acknowledged_rows_go_and_no_others(void **state)
{
    struct fixture *f = *state;
    struct reason r;
    begin(f);
    live(f->bed);
    int64_t last = store_outbox_last(f->store);
    assert_int_equal(store_outbox_ack(f->store, last + 1, &r), ERR_RANGE);
    assert_int_equal(store_outbox_ack(f->store, -1, &r), ERR_RANGE);
    assert_int_equal(store_outbox_ack(f->store, 5, &r), ERR_OK);
    assert_int_equal(store_outbox_rows(f->store), last - 5);
    assert_int_equal(store_outbox_ack(f->store, 3, &r), ERR_OK); /* late or doubled: harmless */
    assert_int_equal(store_outbox_acked(f->store), 5);
    struct store_row row;
    bool found;
    assert_int_equal(store_outbox_next(f->store, 0, &row, &found, &r), ERR_OK);
    assert_true(found);
    assert_int_equal(row.seq, 6);
    free(row.text);
    end(f);
    begin(f);
    assert_int_equal(store_outbox_acked(f->store), 5);
    assert_int_equal(store_outbox_rows(f->store), last - 5);
    assert_int_equal(store_outbox_ack(f->store, last, &r), ERR_OK);
    assert_int_equal(store_outbox_next(f->store, 0, &row, &found, &r), ERR_OK);
    assert_false(found);
    bed_start(f->bed);
    assert_int_equal(store_outbox_next(f->store, 0, &row, &found, &r), ERR_OK);
    assert_int_equal(row.seq, last + 1); /* the sequence goes on */
    free(row.text);
}

static void command_cursor_moves_with_its_effect(void **state)
{
    struct fixture *f = *state;
    begin(f);
    bed_start(f->bed);
    const struct stream_cursor first = {.epoch = 1, .seq = 1, .hash = {1, 2, 3}};
    f->inbox = &first;
    bed_withdraw(f->bed, 1, 1, false);
    assert_int_equal(f->commit, ERR_OK);
    assert_int_equal(f->last_seal.inbox_seq, 1);
    struct stream_cursor now;
    const struct stream_cursor second = {.epoch = 1, .seq = 2, .hash = {4, 5, 6}};
    struct reason r;
    assert_int_equal(store_inbox_set(f->store, &second, &r), ERR_OK);
    end(f);
    begin(f);
    store_inbox(f->store, &now);
    assert_int_equal(now.seq, 2);
    assert_memory_equal(now.hash, second.hash, MSG_HASH_LEN);
    bed_start(f->bed);
    assert_int_equal(f->last_seal.inbox_seq, 2);
}

static void a_new_epoch_tells_again_what_waits(void **state)
{
    struct fixture *f = *state;
    struct reason r;
    begin(f);
    live(f->bed);
    int64_t last = store_outbox_last(f->store);
    assert_int_equal(store_outbox_ack(f->store, 4, &r), ERR_OK);
    end(f);
    f->epoch = 2;
    f->seal_fails = true;
    assert_int_equal(try_open(f), ERR_TOO_LONG);
    f->store = NULL;
    f->seal_fails = false;
    begin(f);
    assert_int_equal(store_outbox_last(f->store), last - 4);
    assert_int_equal(store_outbox_acked(f->store), 0);
    assert_int_equal(store_outbox_rows(f->store), last - 4);
    struct store_row row;
    bool found;
    assert_int_equal(store_outbox_next(f->store, 0, &row, &found, &r), ERR_OK);
    assert_int_equal(row.seq, 1);
    assert_memory_equal(row.text, "2 1 0000", 8);
    free(row.text);
    struct stream_cursor cmd;
    store_inbox(f->store, &cmd);
    assert_int_equal(cmd.epoch, 2);
    assert_int_equal(cmd.seq, 0);
    struct store_chain chain;
    assert_int_equal(store_verify(f->store, &chain, &r), ERR_OK);
    end(f);
    f->epoch = 3; /* nothing waiting */
    assert_int_equal(try_open(f), ERR_OK);
    assert_int_equal(store_outbox_ack(f->store, last - 4, &r), ERR_OK);
    end(f);
    f->epoch = 4;
    assert_int_equal(try_open(f), ERR_OK);
    assert_int_equal(store_outbox_last(f->store), 0);
}

/* ---------------------------------------------------------------- journal */

struct tail {
    unsigned rows, pulsed;
    int64_t first, last;
};

static void note_row(void *arg, const struct store_journal_row *row)
{
    struct tail *t = arg;
    if (t->rows == 0)
        t->first = row->id;
    assert_true(t->rows == 0 || row->id == t->last + 1);
    t->last = row->id;
    t->rows++;
    t->pulsed += strcmp(row->typ, "door.pulsed.v1") == 0 ? 1u : 0u;
    assert_true(row->body[0] == '{');
}

static void journal_is_read_forwards_and_from_its_end(void **state)
{
    struct fixture *f = *state;
    struct reason r;
    begin(f);
    live(f->bed);
    struct tail all = {0}, tail = {0}, some = {0};
    assert_int_equal(store_journal_read(f->store, 0, 10000, note_row, &all, &r), ERR_OK);
    assert_int_equal(all.rows, store_outbox_last(f->store));
    assert_int_equal(all.pulsed, f->bed->seen[RECORD_PULSED]);
    assert_int_equal(store_journal_tail(f->store, 7, note_row, &tail, &r), ERR_OK);
    assert_int_equal(tail.rows, 7);
    assert_int_equal(tail.last, all.last);
    assert_int_equal(store_journal_read(f->store, 3, 2, note_row, &some, &r), ERR_OK);
    assert_int_equal(some.first, 4);
    assert_int_equal(some.rows, 2);
}

#define SWAP_4_AND_5                                                                                                   \
    "UPDATE journal SET id = -1 WHERE id = 4; UPDATE journal SET id = 4 WHERE id = 5; "                                \
    "UPDATE journal SET id = 5 WHERE id = -1"

static void verification_finds_every_mutation(void **state)
{
    struct fixture *f = *state;
    static const char *const mutations[] = {
        "UPDATE journal SET seq = seq + 1 WHERE id = 4",
        "UPDATE journal SET boot = boot + 1 WHERE id = 4",
        "UPDATE journal SET boot_ms = boot_ms + 1 WHERE id = 4",
        "UPDATE journal SET wall_ms = wall_ms + 1 WHERE id = 4",
        "UPDATE journal SET typ = typ || 'x' WHERE id = 4",
        "UPDATE journal SET body = '{}' WHERE id = 4",
        "UPDATE journal SET typ = 'door.', body = 'pulsed' WHERE id = 4",
        "UPDATE journal SET prev = zeroblob(32) WHERE id = 4",
        "UPDATE journal SET hash = zeroblob(32) WHERE id = 4",
        "UPDATE journal SET hash = x'00' WHERE id = 4",
        "UPDATE journal SET prev = x'00' WHERE id = 4",
        "DELETE FROM journal WHERE id = 1",
        "DELETE FROM journal WHERE id = 4",
        "DELETE FROM journal WHERE id = (SELECT max(id) FROM journal)",
        "DELETE FROM journal",
        "UPDATE journal SET id = 100000 WHERE id = (SELECT max(id) FROM journal)",
        SWAP_4_AND_5,
        "INSERT INTO journal SELECT max(id) + 1, seq, boot, boot_ms, wall_ms, typ, body, prev, hash FROM journal",
        "UPDATE journal_end SET base = x'01' WHERE one = 1",
        "UPDATE journal_end SET base_id = 1 WHERE one = 1",
        "UPDATE outbox SET journal = 100000 WHERE seq = 3",
    };
    begin(f);
    live(f->bed);
    end(f);
    char restore[256];
    keep_copy(f, restore);
    struct store_chain chain;
    struct reason r = {{0}};
    assert_int_equal(try_open(f), ERR_OK);
    assert_int_equal(store_verify(f->store, &chain, &r), ERR_OK);
    assert_int_equal(chain.rows, chain.last_id);
    end(f);
    for (unsigned i = 0; i < sizeof mutations / sizeof mutations[0]; i++) {
        assert_int_equal(system(restore), 0);
        tamper(f, mutations[i]);
        assert_int_equal(try_open(f), ERR_OK);
        if (store_verify(f->store, &chain, &r) != ERR_CORRUPT)
            fail_msg("not found: %s", mutations[i]);
        end(f);
    }
    drop_copy(f);
}

static void grow_journal(struct fixture *f, unsigned rows)
{
    for (unsigned i = 0; i < rows; i++)
        bed_climate(f->bed, i % 2 == 0 ? HW_CLIMATE_STUCK : HW_CLIMATE_OK, 5000);
}

/* Slices until the end or an error. */
static enum err go_on(struct fixture *f, struct store_verification *v, unsigned *slices, struct reason *r)
{
    bool done = false;
    enum err e = ERR_OK;
    for (*slices = 0; e == ERR_OK && !done; ++*slices)
        e = store_verify_some(f->store, v, &done, r);
    return e;
}

static void long_journal_is_verified_in_slices_while_it_grows(void **state)
{
    struct fixture *f = *state;
    struct store_verification v;
    struct reason r = {{0}};
    unsigned slices;
    bool done;
    begin(f);
    grow_journal(f, 2 * STORE_VERIFY_ROWS);
    assert_int_equal(store_verify_begin(f->store, &v, &r), ERR_OK);
    int64_t last = v.end_id;
    assert_true(last >= 2 * STORE_VERIFY_ROWS);
    assert_int_equal(store_verify_some(f->store, &v, &done, &r), ERR_OK);
    assert_false(done);
    assert_int_equal(v.at_id, STORE_VERIFY_ROWS);
    grow_journal(f, 2);
    assert_int_equal(go_on(f, &v, &slices, &r), ERR_OK);
    assert_true(slices >= 2);
    assert_int_equal(v.found.rows, last);
    assert_int_equal(v.found.last_id, last);
    end(f);
    tamper(f, "UPDATE journal SET body = replace(body, '5', '6') WHERE id = 750");
    assert_int_equal(try_open(f), ERR_OK);
    assert_int_equal(store_verify_begin(f->store, &v, &r), ERR_OK);
    assert_int_equal(go_on(f, &v, &slices, &r), ERR_CORRUPT);
    assert_int_equal(slices, 2);
    assert_non_null(strstr(r.text, "row 750 was changed"));
}

static void verification_begins_again_when_compaction_overtakes_it(void **state)
{
    struct fixture *f = *state;
    struct store_verification v;
    struct reason r = {{0}};
    unsigned slices;
    begin(f);
    grow_journal(f, 2 * STORE_COMPACT_ROWS);
    assert_int_equal(store_verify_begin(f->store, &v, &r), ERR_OK);
    assert_int_equal(store_outbox_ack(f->store, store_outbox_last(f->store), &r), ERR_OK);
    assert_int_equal(store_compact(f->store, f->bed->now.wall_ms + STORE_KEEP_MS + 1000, &r), ERR_OK);
    assert_int_equal(go_on(f, &v, &slices, &r), ERR_OK);
    assert_int_equal(v.found.first_id, STORE_COMPACT_ROWS + 1);
}

static void compaction_drops_only_what_is_old_and_acknowledged(void **state)
{
    struct fixture *f = *state;
    struct reason r = {{0}};
    struct store_chain chain;
    begin(f);
    live(f->bed);
    for (unsigned i = 0; i < 200; i++)
        bed_climate(f->bed, i % 2 == 0 ? HW_CLIMATE_STUCK : HW_CLIMATE_OK, 5000);
    int64_t last = store_outbox_last(f->store);
    int64_t later = f->bed->now.wall_ms + STORE_KEEP_MS + 1000;
    assert_int_equal(store_compact(f->store, later, &r), ERR_OK);
    assert_int_equal(store_verify(f->store, &chain, &r), ERR_OK);
    assert_int_equal(chain.first_id, 1); /* nothing acknowledged */
    assert_int_equal(store_outbox_ack(f->store, 130, &r), ERR_OK);
    assert_int_equal(store_compact(f->store, f->bed->now.wall_ms, &r), ERR_OK);
    assert_int_equal(store_verify(f->store, &chain, &r), ERR_OK);
    assert_int_equal(chain.first_id, 1); /* nothing old */
    assert_int_equal(store_compact(f->store, later, &r), ERR_OK);
    assert_int_equal(store_verify(f->store, &chain, &r), ERR_OK);
    assert_int_equal(chain.first_id, STORE_COMPACT_ROWS + 1);
    assert_int_equal(store_compact(f->store, later, &r), ERR_OK);
    assert_int_equal(store_compact(f->store, later, &r), ERR_OK);
    assert_int_equal(store_verify(f->store, &chain, &r), ERR_OK);
    assert_int_equal(chain.first_id, 131);
    assert_int_equal(store_outbox_ack(f->store, last, &r), ERR_OK);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(store_compact(f->store, later, &r), ERR_OK);
    assert_int_equal(store_verify(f->store, &chain, &r), ERR_OK);
    assert_int_equal(chain.rows, 0);
    bed_climate(f->bed, HW_CLIMATE_STUCK, 0);
    assert_int_equal(store_verify(f->store, &chain, &r), ERR_OK);
    assert_int_equal(chain.first_id, last + 1);
    end(f);
    begin(f);
    assert_int_equal(store_verify(f->store, &chain, &r), ERR_OK);
}

/* The database of the version that did not ask for commissioning, with one door in use and one that never was. */
static void make_old_database(const struct fixture *f)
{
    struct db *db = NULL;
    struct reason r = {{0}};
    const struct db_cfg cfg = {.path = f->path, .migration = rows_migration, .migrations = 1};
    assert_int_equal(db_open(&db, &cfg, &r), ERR_OK);
    sqlite3_stmt *used = db_stmt(db, "INSERT INTO compartment VALUES ('A1', 'TAKEN', 3, NULL, NULL)");
    assert_int_equal(db_run(db, used, &r), ERR_OK);
    sqlite3_stmt *never = db_stmt(db, "INSERT INTO compartment VALUES ('A2', 'FREE', 0, NULL, NULL)");
    assert_int_equal(db_run(db, never, &r), ERR_OK);
    db_close(db);
}

static void a_door_in_use_before_commissioning_counts_until_its_wiring_changes(void **state)
{
    struct fixture *f = *state;
    make_old_database(f);
    begin(f);
    memset(f->bed->l->cabinet.wiring, 0x11, sizeof f->bed->l->cabinet.wiring);
    bed_start(f->bed);
    assert_true(commission_is_done(f->bed->l, 0));
    assert_false(commission_is_done(f->bed->l, 1));
    end(f);
    begin(f);
    memset(f->bed->l->cabinet.wiring, 0x11, sizeof f->bed->l->cabinet.wiring);
    bed_start(f->bed);
    assert_true(commission_is_done(f->bed->l, 0));
    end(f);
    begin(f);
    memset(f->bed->l->cabinet.wiring, 0x22, sizeof f->bed->l->cabinet.wiring);
    bed_start(f->bed);
    assert_false(commission_is_done(f->bed->l, 0));
}

static void a_commissioned_door_stays_so_over_a_restart(void **state)
{
    struct fixture *f = *state;
    begin(f);
    live(f->bed);
    f->bed->l->compartment[3].proved = true;
    memset(f->bed->l->compartment[3].wiring, 0x33, CABINET_WIRING_LEN);
    effects_clear(f->bed->fx);
    effects_touch_compartment(f->bed->fx, 3);
    commit(f->bed);
    assert_int_equal(f->commit, ERR_OK);
    struct locker *before = malloc(sizeof *before);
    assert_non_null(before);
    *before = *f->bed->l;
    end(f);
    begin(f);
    assert_same_durable(before, f->bed->l);
    free(before);
}

static void closing_nothing_is_fine(void **state)
{
    (void)state;
    store_close(NULL);
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(every_start_counts_a_boot),
        STORE_TEST(a_second_process_is_kept_out),
        STORE_TEST(loaded_state_is_the_committed_state),
        STORE_TEST(a_crash_loses_nothing_that_was_committed),
        STORE_TEST(a_new_database_begins_free_a_lost_one_in_check),
        STORE_TEST(a_lost_database_is_remembered_by_the_file_put_aside),
        STORE_TEST(a_state_that_breaks_an_invariant_is_refused),
        STORE_TEST(a_renamed_door_must_be_looked_into),
        STORE_TEST(a_door_that_comes_back_after_its_order_ended_must_be_looked_into),
        STORE_TEST(rows_that_make_no_sense_are_refused),
        STORE_TEST(nothing_durable_writes_nothing),
        STORE_TEST(each_record_is_a_message_chained_to_the_one_before),
        STORE_TEST(a_commit_that_fails_leaves_everything_as_it_was),
        STORE_TEST(a_full_disk_stops_the_commit_whole),
        STORE_TEST(verifiers_are_gone_from_the_file_when_the_order_ended),
        STORE_TEST(acknowledged_rows_go_and_no_others),
        STORE_TEST(command_cursor_moves_with_its_effect),
        STORE_TEST(a_new_epoch_tells_again_what_waits),
        STORE_TEST(journal_is_read_forwards_and_from_its_end),
        STORE_TEST(verification_finds_every_mutation),
        STORE_TEST(long_journal_is_verified_in_slices_while_it_grows),
        STORE_TEST(verification_begins_again_when_compaction_overtakes_it),
        STORE_TEST(compaction_drops_only_what_is_old_and_acknowledged),
        STORE_TEST(a_door_in_use_before_commissioning_counts_until_its_wiring_changes),
        STORE_TEST(a_commissioned_door_stays_so_over_a_restart),
        STORE_TEST(closing_nothing_is_fine),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
