/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_fill: writes many events into the journal and outbox of an enrolled locker that is not running, sealed with its
 * own key as lockerd does. "told": as if the hub had acknowledged them all; "waiting": a backlog. Prints how long it
 * took, in the commits of 100 rows.
 *
 * bench_fill LOCKERD_CONF ROWS told|waiting
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/num.h"
#include "controller/config.h"
#include "controller/identity.h"
#include "controller/store.h"

#define ROWS_IN_COMMIT 100

struct fill {
    struct config config;
    struct identity identity;
    struct locker locker;
    struct effects fx;
    struct store *store;
};

static enum err seal(void *arg, const struct store_out *out, char **text, uint8_t hash[MSG_HASH_LEN], struct reason *r)
{
    const struct fill *f = arg;
    struct msg_head h = {.aud = "hub", .stm = MSG_EVT, .epo = out->epoch, .seq = out->seq, .clk = out->now};
    uint8_t id[16];
    memcpy(h.iss, f->identity.terms.id, sizeof f->identity.terms.id);
    (void)snprintf(h.typ, sizeof h.typ, "%s", out->typ);
    memcpy(h.prv, out->prv, sizeof h.prv);
    randombytes_buf(id, sizeof id);
    num_to_hex(id, sizeof id, h.jti);
    h.iat_ms = out->now.wall_ms;
    h.ack = out->inbox_seq;
    return msg_seal(&h, MSG_UP, out->dat, &f->identity.signer, text, hash, r);
}

static enum err commit(struct fill *f, unsigned rows, struct reason *r)
{
    const struct clock_now now = {.boot = store_boot(f->store),
                                  .boot_ms = clock_boot_ms(),
                                  .wall_ms = clock_wall_ms(),
                                  .quality = clock_system_quality()};
    effects_clear(&f->fx);
    for (unsigned i = 0; i < rows; i++)
        (void)effects_record(&f->fx, RECORD_CLOSED, (uint16_t)(i % f->config.hw.doors));
    return store_commit(f->store, &f->locker, &f->fx, NULL, &now, r);
}

static enum err fill(struct fill *f, unsigned rows, bool told, struct reason *r)
{
    enum err e = ERR_OK;
    for (unsigned done = 0; e == ERR_OK && done < rows; done += ROWS_IN_COMMIT) {
        e = commit(f, rows - done < ROWS_IN_COMMIT ? rows - done : ROWS_IN_COMMIT, r);
        if (e == ERR_OK && told)
            e = store_outbox_ack(f->store, store_outbox_last(f->store), r);
    }
    return e;
}

static enum err open_all(struct fill *f, const char *conf, struct reason *r)
{
    char path[CONFIG_PATH_CAP + 16];
    enum err e = config_load(conf, &f->config, r);
    if (e == ERR_OK)
        e = identity_load(&f->identity, f->config.state, r);
    if (e != ERR_OK)
        return e;
    config_to_cabinet(&f->config, &f->locker.cabinet);
    (void)snprintf(path, sizeof path, "%s/locker.db", f->config.state);
    const struct store_cfg cfg = {.path = path, .epoch = f->identity.terms.epoch, .seal = seal, .seal_arg = f};
    return store_open(&f->store, &cfg, r);
}

int main(int argc, char **argv)
{
    int64_t rows = 0;
    struct reason r = {.text = ""};
    struct fill *f = calloc(1, sizeof *f);
    if (f == NULL || sodium_init() < 0 || argc != 4 || num_parse(argv[2], 1, 10000000, &rows) != ERR_OK) {
        (void)fprintf(stderr, "usage: bench_fill LOCKERD_CONF ROWS told|waiting\n");
        return EXIT_FAILURE;
    }
    enum err e = open_all(f, argv[1], &r);
    int64_t start_us = clock_mono_us();
    if (e == ERR_OK)
        e = fill(f, (unsigned)rows, strcmp(argv[3], "told") == 0, &r);
    if (e == ERR_OK)
        (void)printf("journal_rows %.0f rows/s\n", (double)rows * 1e6 / (double)(clock_mono_us() - start_us));
    else
        (void)fprintf(stderr, "bench_fill: %s\n", r.text);
    store_close(f->store);
    identity_wipe(&f->identity);
    free(f);
    return e == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
