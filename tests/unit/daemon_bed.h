/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_bed: the shell of lockerd in a test: real core, store, worker and act in a temporary folder, a locker with two
 * doors and keys made on the spot, no hardware.
 */
#ifndef MEDLOCKER_TEST_DAEMON_BED_H
#define MEDLOCKER_TEST_DAEMON_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/num.h"
#include "controller/act.h"
#include "controller/link.h"
#include "controller/seal.h"

#define BED_ID "00112233445566ff"

struct daemon_bed {
    char dir[40], path[64];
    sd_event *loop;
    struct identity id;
    struct msg_signer hub;
    struct msg_keys locker_keys; /* as the hub knows them */
    uint8_t token_secret[TOKEN_SECRET_KEY_LEN];
    struct seal seal;
    int64_t store_max_bytes; /* for the next bed_start; 0: no limit */
    struct store *store;
    struct locker *locker;
    struct work *work;
    struct act *act;
    struct link *link; /* woken when set */
    unsigned fatals, commits, screens, words;
};

static inline void bed_on_screen(void *arg)
{
    ((struct daemon_bed *)arg)->screens++;
}

static inline void bed_on_sound(void *arg, enum screen_sound sound)
{
    (void)arg;
    (void)sound;
}

static inline void bed_on_committed(void *arg)
{
    struct daemon_bed *b = arg;
    b->commits++;
    if (b->link != NULL) {
        link_wake(b->link);
    }
}

static inline void bed_on_say(void *arg, const struct remote_word *w)
{
    struct daemon_bed *b = arg;
    b->words++;
    if (b->link != NULL) {
        link_say(b->link, w);
    }
}

static inline void bed_on_fatal(void *arg, const struct reason *why)
{
    (void)why;
    ((struct daemon_bed *)arg)->fatals++;
}

static inline void bed_make_identity(struct daemon_bed *b)
{
    uint8_t public_key[32], secret[64];
    (void)crypto_sign_keypair(public_key, secret);
    msg_signer_init(&b->id.signer, secret);
    msg_key_init(&b->locker_keys.key[0], public_key);
    b->locker_keys.count = 1;
    (void)crypto_sign_keypair(public_key, secret);
    msg_signer_init(&b->hub, secret);
    msg_key_init(&b->id.terms.hub.key[0], public_key);
    b->id.terms.hub.count = 1;
    (void)crypto_sign_keypair(b->id.terms.token_key, b->token_secret);
    (void)snprintf(b->id.terms.id, sizeof b->id.terms.id, BED_ID);
    (void)snprintf(b->id.terms.name, sizeof b->id.terms.name, "Hal");
    assert_int_equal(num_from_hex(BED_ID, b->id.terms.locker, sizeof b->id.terms.locker), ERR_OK);
    b->id.terms.epoch = b->id.terms.key_epoch = b->id.key.epoch = 1;
    b->id.terms.cost = (struct code_cost){.passes = 1, .mem_kib = 8};
    b->id.terms.issued_ms = 1790000000000;
    b->seal = (struct seal){.id = &b->id};
}

static inline void bed_make_cabinet(const struct daemon_bed *b, struct cabinet *cab)
{
    memcpy(cab->id, b->id.terms.locker, sizeof cab->id);
    cab->key = b->id.key;
    cab->issued_ms = b->id.terms.issued_ms;
    (void)snprintf(cab->version, sizeof cab->version, "0.1.0");
    cab->schema = STORE_SCHEMA;
    cab->doors = 2;
    cab->boards = 1;
    cab->rows = 1;
    cab->columns = 2;
    (void)snprintf(cab->board[0], sizeof cab->board[0], "relay1");
    for (uint16_t i = 0; i < 2; i++) {
        cab->door[i] = (struct cabinet_door){.number = (uint16_t)(i + 1), .row = 1, .column = (uint8_t)(i + 1)};
        (void)snprintf(cab->door[i].name, sizeof cab->door[i].name, "A%u", i + 1u);
    }
}

/* Opens everything; act_start is the caller's. */
static inline void bed_start(struct daemon_bed *b)
{
    struct reason r = {""};
    struct store_cfg store = {
        .path = b->path, .epoch = 1, .max_bytes = b->store_max_bytes, .seal = seal_numbered, .seal_arg = &b->seal};
    struct clock_now now = {.boot = 1, .boot_ms = clock_boot_ms(), .wall_ms = clock_wall_ms(), .quality = CLOCK_NTP};
    struct cabinet *cab = calloc(1, sizeof *cab);
    b->locker = calloc(1, sizeof *b->locker);
    bed_make_cabinet(b, cab);
    locker_init(b->locker, cab, &now);
    free(cab);
    assert_int_equal(store_open(&b->store, &store, &r), ERR_OK);
    assert_int_equal(store_load(b->store, b->locker, &r), ERR_OK);
    struct act_cfg act = {.locker = b->locker, .store = b->store, .id = &b->id, .state_dir = b->dir};
    struct act_callbacks cb = {bed_on_screen, bed_on_sound, bed_on_committed, bed_on_fatal, bed_on_say, b};
    assert_int_equal(act_open(&b->act, &act, &cb, b->loop, &r), ERR_OK);
    assert_int_equal(work_open(&b->work, b->loop, &r), ERR_OK);
    act_set_work(b->act, b->work);
}

static inline void bed_stop(struct daemon_bed *b)
{
    work_free(b->work);
    act_free(b->act);
    store_close(b->store);
    free(b->locker);
}

static inline void bed_init(struct daemon_bed *b)
{
    (void)snprintf(b->dir, sizeof b->dir, "/tmp/test_daemon.XXXXXX");
    assert_true(sodium_init() >= 0);
    assert_non_null(mkdtemp(b->dir));
    assert_true(sd_event_new(&b->loop) >= 0);
    (void)snprintf(b->path, sizeof b->path, "%s/" STORE_FILE, b->dir);
    bed_make_identity(b);
}

static inline int bed_fini(struct daemon_bed *b)
{
    char command[80];
    sd_event_unref(b->loop);
    (void)snprintf(command, sizeof command, "rm -r %s", b->dir);
    return system(command);
}

static inline void bed_settle(struct daemon_bed *b)
{
    for (unsigned i = 0; i < 20; i++) {
        assert_true(sd_event_run(b->loop, 0) >= 0);
    }
}

#endif
