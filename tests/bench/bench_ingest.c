/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_ingest: the hub without a network. Events of ten lockers (24 doors each; a visit is pulsed, opened, changed,
 * closed) go into the link as the broker would hand them over: checked, stored durably in batches, acknowledged with
 * the hub's signature. In the same run: how many such signatures can be checked, and the delay of one lonely event.
 *
 * bench_ingest FOLDER
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/hub.h"
#include "backend/link.h"
#include "backend/store_sqlite.h"
#include "common/log.h"
#include "common/num.h"
#include "tests/bench/bench.h"

#define LOCKERS 10
#define DOORS 24
#define ROUNDS 500 /* events of each locker in a run */
#define RUNS 5
#define LONELY 100

struct message {
    char topic[64];
    char *text;
    size_t len;
};

struct locker {
    struct store_locker row;
    struct msg_signer signer;
    struct stream_cursor sent;
    char hex[17];
};

struct bench {
    struct hub hub;
    struct link *link;
    struct locker locker[LOCKERS];
    struct message message[LOCKERS * ROUNDS];
    size_t messages;
    uint64_t acks;
};

/* ---------------------------------------------------------------- lockers that speak */

static void say(struct bench *b, struct locker *l, const char *typ, cJSON *dat)
{
    struct message *m = &b->message[b->messages++];
    struct msg_head h = {.aud = "hub", .stm = MSG_EVT, .epo = 1, .seq = l->sent.seq + 1};
    uint8_t id[16];
    struct reason r;
    memcpy(h.iss, l->hex, sizeof l->hex);
    (void)snprintf(h.typ, sizeof h.typ, "%s", typ);
    memcpy(h.prv, l->sent.hash, sizeof h.prv);
    randombytes_buf(id, sizeof id);
    num_to_hex(id, sizeof id, h.jti);
    h.clk = (struct clock_now){.boot = 1, .boot_ms = clock_boot_ms(), .wall_ms = clock_wall_ms()};
    h.iat_ms = h.clk.wall_ms;
    bench_must(msg_seal(&h, MSG_UP, dat, &l->signer, &m->text, l->sent.hash, &r), &r);
    m->len = strlen(m->text);
    msg_topic(m->topic, l->hex, MSG_UP, MSG_EVT);
    l->sent.seq++;
    cJSON_Delete(dat);
}

static cJSON *of_door(int64_t visit)
{
    cJSON *dat = json_new_object();
    char name[3] = {(char)('A' + visit % DOORS / 8), (char)('1' + visit % 8), '\0'};
    json_put_text(dat, "door", name);
    return dat;
}

/* The n-th event of a locker: four make a visit to a door. */
static void say_next(struct bench *b, struct locker *l, int64_t n)
{
    static const char *const types[] = {"door.pulsed.v1", "door.opened.v1", "compartment.changed.v1", "door.closed.v1"};
    int64_t visit = n / 4;
    cJSON *dat = of_door(visit);
    switch (n % 4) {
    case 0:
        json_put_int(dat, "pulse", visit + 1);
        json_put_int(dat, "try", 1);
        json_put_text(json_put_object(dat, "actor"), "kind", "none");
        break;
    case 1:
        json_put_int(dat, "pulse", visit + 1);
        break;
    case 2:
        json_put_text(dat, "state", "TAKEN");
        json_put_text(dat, "cause", "collect");
        break;
    default:
        break;
    }
    say(b, l, types[n % 4], dat);
}

static void say_described(struct bench *b, struct locker *l)
{
    cJSON *dat = json_new_object(), *doors = json_put_array(dat, "doors");
    for (int i = 0; i < DOORS; i++) {
        cJSON *named = of_door(i);
        cJSON_AddItemToArray(doors, named);
        json_put_int(named, "number", i + 1);
        json_put_text(named, "size", "S");
        json_put_text(named, "zone", "room");
        json_put_int(named, "row", i / 8 + 1);
        json_put_int(named, "column", i % 8 + 1);
        json_put_bool(named, "low", false);
    }
    say(b, l, "cabinet.described.v1", dat);
}

/* ---------------------------------------------------------------- the hub */

static enum err count_publish(void *arg, const char *topic, const char *text, size_t len)
{
    struct bench *b = arg;
    (void)topic;
    (void)text;
    (void)len;
    b->acks++;
    return ERR_OK;
}

static void hand_over(struct bench *b, size_t first, size_t n)
{
    for (size_t i = first; i < first + n && i < b->messages; i++)
        link_on_message(b->link, b->message[i].topic, b->message[i].text, b->message[i].len, false);
    link_flush(b->link);
}

static void forget(struct bench *b)
{
    for (size_t i = 0; i < b->messages; i++)
        free(b->message[i].text);
    b->messages = 0;
}

static void add_locker(struct bench *b, int i)
{
    struct locker *l = &b->locker[i];
    struct store *s = b->hub.store;
    uint8_t secret[64];
    struct reason r;
    l->row = (struct store_locker){
        .id = {(uint8_t)(i + 1)}, .key_epoch = 1, .cost = CODE_COST_DEFAULT, .evt = {.epoch = 1}, .cmd = {.epoch = 1}};
    (void)snprintf(l->row.name, sizeof l->row.name, "locker %d", i);
    (void)crypto_sign_keypair(l->row.sign_key, secret);
    msg_signer_init(&l->signer, secret);
    num_to_hex(l->row.id, sizeof l->row.id, l->hex);
    bench_must(s->ops->begin(s, &r), &r);
    bench_must(s->ops->locker_insert(s, &l->row, &r), &r);
    bench_must(s->ops->commit(s, &r), &r);
}

static void open_hub(struct bench *b, const char *folder)
{
    static const uint8_t seed[KEYRING_SEED_LEN] = {1};
    char path[4096];
    struct reason r;
    const struct link_wire wire = {.publish = count_publish, .arg = b};
    (void)snprintf(path, sizeof path, "%s/ingest.db", folder);
    keyring_from_seeds(seed, seed, seed, seed, &b->hub.keys);
    b->hub.boot = 1;
    bench_must(store_sqlite_open(&b->hub.store, path, &r), &r);
    if (sd_event_default(&b->hub.loop) < 0)
        exit(EXIT_FAILURE);
    for (int i = 0; i < LOCKERS; i++)
        add_locker(b, i);
    bench_must(link_open(&b->link, &b->hub, &wire, &r), &r);
    link_on_up(b->link);
    for (int i = 0; i < LOCKERS; i++)
        say_described(b, &b->locker[i]);
    hand_over(b, 0, b->messages);
    forget(b);
}

static void close_hub(struct bench *b)
{
    link_free(b->link);
    b->hub.store->ops->free(b->hub.store);
    sd_event_unref(b->hub.loop);
}

/* ---------------------------------------------------------------- figures */

/* Microseconds that checking n signatures over such a text takes. */
static int64_t verify_us(const struct message *m, size_t n)
{
    uint8_t pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES], sig[crypto_sign_BYTES];
    (void)crypto_sign_keypair(pk, sk);
    (void)crypto_sign_detached(sig, NULL, (const uint8_t *)m->text, m->len, sk);
    int64_t start_us = clock_mono_us();
    for (size_t i = 0; i < n; i++)
        if (crypto_sign_verify_detached(sig, (const uint8_t *)m->text, m->len, pk) != 0)
            exit(EXIT_FAILURE);
    return clock_mono_us() - start_us;
}

/* Slices of ingest and of bare checking take turns, so that both see the same machine. */
static void run_slices(struct bench *b, double *rate, double *verify)
{
    int64_t ingest_us = 0, bare_us = 0;
    for (size_t i = 0; i < b->messages; i += LINK_BATCH_MAX) {
        int64_t start_us = clock_mono_us();
        hand_over(b, i, LINK_BATCH_MAX);
        ingest_us += clock_mono_us() - start_us;
        bare_us += verify_us(&b->message[i], LINK_BATCH_MAX);
    }
    *rate = (double)b->messages * 1e6 / (double)ingest_us;
    *verify = (double)b->messages * 1e6 / (double)bare_us;
}

static void measure_rate(struct bench *b)
{
    double rate[RUNS], verify[RUNS];
    size_t bytes = 0;
    for (size_t run = 0; run < RUNS; run++) {
        for (int64_t n = 0; n < ROUNDS; n++)
            for (int i = 0; i < LOCKERS; i++)
                say_next(b, &b->locker[i], (int64_t)run * ROUNDS + n);
        bytes = b->message[0].len;
        run_slices(b, &rate[run], &verify[run]);
        forget(b);
    }
    (void)printf("ingest %.0f events/s\ningest_verify %.0f 1/s\nevent_bytes %zu bytes\n", bench_median(rate, RUNS),
                 bench_median(verify, RUNS), bytes);
}

/* From the broker's hand to the acknowledgement, in the loop as in hubd. */
static void measure_lonely(struct bench *b)
{
    double ms[LONELY];
    for (int n = 0; n < LONELY; n++) {
        uint64_t acks = b->acks;
        say_next(b, &b->locker[0], RUNS * ROUNDS + n);
        int64_t start_us = clock_mono_us();
        link_on_message(b->link, b->message[0].topic, b->message[0].text, b->message[0].len, false);
        while (b->acks == acks)
            if (sd_event_run(b->hub.loop, UINT64_MAX) < 0)
                exit(EXIT_FAILURE);
        ms[n] = (double)(clock_mono_us() - start_us) / 1000;
        forget(b);
    }
    (void)printf("ingest_lonely %.3f ms\n", bench_median(ms, LONELY));
}

int main(int argc, char **argv)
{
    struct bench *b = calloc(1, sizeof *b);
    if (b == NULL || argc != 2 || sodium_init() < 0) {
        (void)fprintf(stderr, "usage: bench_ingest FOLDER\n");
        return EXIT_FAILURE;
    }
    log_set_level(LOG_LEVEL_WARNING);
    open_hub(b, argv[1]);
    measure_rate(b);
    measure_lonely(b);
    struct link_stats stats;
    link_get_stats(b->link, &stats);
    if (stats.refused > 0) {
        (void)fprintf(stderr, "bench_ingest: refused: %s\n", stats.last_refusal);
        return EXIT_FAILURE;
    }
    close_hub(b);
    free(b);
    return EXIT_SUCCESS;
}
