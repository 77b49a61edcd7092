/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_costs: what the parts cost that nothing can be faster than: one durable commit, rows in large commits, Argon2id
 * with our cost, Ed25519. Prints "name value unit" lines. FOLDER: on the disk that is to be measured. argon2id: one
 * run of that only, for use between other things.
 *
 * bench_costs FOLDER | argon2id
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/code.h"
#include "common/db.h"
#include "tests/bench/bench.h"

#define TEXT_LEN 900 /* a signed event is about this long */
#define COMMITS 400
#define RUNS 7
#define BATCH 500 /* as the hub's */
#define BATCHES 20
#define SIGNATURES 2000
#define STRETCHES 15

static const char *const migrations[] = {"CREATE TABLE events(id INTEGER PRIMARY KEY, device BLOB NOT NULL, seq "
                                         "INTEGER NOT NULL, text TEXT NOT NULL) STRICT;"
                                         "CREATE TABLE marks(device BLOB PRIMARY KEY, seq INTEGER NOT NULL) STRICT;"};

static char text[TEXT_LEN];

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts; share in percent. */
static double percentile(double *values, size_t n, size_t share)
{
    qsort(values, n, sizeof *values, compare);
    size_t at = n * share / 100;
    return values[at < n ? at : n - 1];
}

static void put(const char *name, double value, const char *unit)
{
    (void)printf("%s %.4g %s\n", name, value, unit);
}

/* One transaction: rows events and the watermark of their device. */
static void commit_rows(struct db *db, int64_t *seq, int rows)
{
    struct reason r;
    static const uint8_t device[8] = {1};
    bench_must(db_begin(db, &r), &r);
    for (int i = 0; i < rows; i++) {
        sqlite3_stmt *q = db_stmt(db, "INSERT INTO events(device,seq,text) VALUES(?,?,?)");
        (void)sqlite3_bind_blob(q, 1, device, sizeof device, SQLITE_STATIC);
        (void)sqlite3_bind_int64(q, 2, ++*seq);
        (void)sqlite3_bind_text(q, 3, text, TEXT_LEN, SQLITE_STATIC);
        bench_must(db_run(db, q, &r), &r);
    }
    sqlite3_stmt *q =
        db_stmt(db, "INSERT INTO marks(device,seq) VALUES(?,?) ON CONFLICT DO UPDATE SET seq=excluded.seq");
    (void)sqlite3_bind_blob(q, 1, device, sizeof device, SQLITE_STATIC);
    (void)sqlite3_bind_int64(q, 2, *seq);
    bench_must(db_run(db, q, &r), &r);
    bench_must(db_commit(db, &r), &r);
}

static void measure_commits(const char *folder)
{
    char path[4096];
    struct db *db = NULL;
    struct reason r;
    double us[COMMITS], rate[RUNS];
    int64_t seq = 0;
    (void)snprintf(path, sizeof path, "%s/costs.db", folder);
    const struct db_cfg cfg = {.path = path, .migration = migrations, .migrations = 1};
    bench_must(db_open(&db, &cfg, &r), &r);
    for (size_t i = 0; i < COMMITS; i++) {
        int64_t start_us = clock_mono_us();
        commit_rows(db, &seq, 1);
        us[i] = (double)(clock_mono_us() - start_us);
    }
    for (size_t run = 0; run < RUNS; run++) {
        int64_t start_us = clock_mono_us();
        for (int i = 0; i < BATCHES; i++)
            commit_rows(db, &seq, BATCH);
        bench_must(db_checkpoint(db, true, &r), &r);
        rate[run] = BATCH * BATCHES * 1e6 / (double)(clock_mono_us() - start_us);
    }
    db_close(db);
    put("commit_p50", percentile(us, COMMITS, 50) / 1000, "ms");
    put("commit_p99", percentile(us, COMMITS, 99) / 1000, "ms");
    put("rows_batched", percentile(rate, RUNS, 50), "rows/s");
}

static void measure_argon2id(size_t times)
{
    static const struct code_key key = {.epoch = 1, .bytes = {1}};
    static const uint8_t locker[CODE_LOCKER_LEN] = {1};
    const struct code_cost cost = CODE_COST_DEFAULT;
    uint8_t out[CODE_STRETCHED_LEN];
    double us[STRETCHES];
    for (size_t i = 0; i < times; i++) {
        int64_t start_us = clock_mono_us();
        if (code_stretch(&key, locker, &cost, "1234567890", out) != ERR_OK)
            exit(EXIT_FAILURE);
        us[i] = (double)(clock_mono_us() - start_us);
    }
    put("argon2id", percentile(us, times, 50) / 1000, "ms");
}

static void measure_ed25519(void)
{
    uint8_t pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES], sig[crypto_sign_BYTES];
    double sign[RUNS], verify[RUNS];
    (void)crypto_sign_keypair(pk, sk);
    for (size_t run = 0; run < RUNS; run++) {
        int64_t a_us = clock_mono_us();
        for (int i = 0; i < SIGNATURES; i++)
            (void)crypto_sign_detached(sig, NULL, (const uint8_t *)text, TEXT_LEN, sk);
        int64_t b_us = clock_mono_us();
        for (int i = 0; i < SIGNATURES; i++)
            if (crypto_sign_verify_detached(sig, (const uint8_t *)text, TEXT_LEN, pk) != 0)
                exit(EXIT_FAILURE);
        int64_t c_us = clock_mono_us();
        sign[run] = SIGNATURES * 1e6 / (double)(b_us - a_us);
        verify[run] = SIGNATURES * 1e6 / (double)(c_us - b_us);
    }
    put("ed25519_sign", percentile(sign, RUNS, 50), "1/s");
    put("ed25519_verify", percentile(verify, RUNS, 50), "1/s");
}

int main(int argc, char **argv)
{
    if (argc != 2 || sodium_init() < 0) {
        (void)fprintf(stderr, "usage: bench_costs FOLDER | argon2id\n");
        return EXIT_FAILURE;
    }
    if (strcmp(argv[1], "argon2id") == 0) {
        measure_argon2id(1);
        return EXIT_SUCCESS;
    }
    memset(text, 'x', sizeof text);
    measure_commits(argv[1]);
    measure_argon2id(STRETCHES);
    measure_ed25519();
    return EXIT_SUCCESS;
}
