/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backend_bed: a whole hub in a temporary folder for tests of the hub's shell: keys, certificates, database, pages with
 * nothing in them, an event loop. Include after <cmocka.h>.
 */
#ifndef MEDLOCKER_TESTS_BACKEND_BED_H
#define MEDLOCKER_TESTS_BACKEND_BED_H

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-event.h>

#include "backend/act.h"
#include "backend/hub.h"
#include "backend/setup.h"
#include "backend/user.h"
#include "backend/web/asset.h"
#include "common/file.h"
#include "common/language.h"
#include "common/log.h"

struct bed {
    char folder[64];
    struct setup setup;
    struct hub hub;
};

static inline void bed_put(const struct bed *b, const char *name, const char *text)
{
    char path[FILE_PATH_CAP];

    assert_int_equal(file_path(path, b->folder, name, NULL), ERR_OK);
    assert_int_equal(file_replace(path, text, strlen(text), 0644, NULL), ERR_OK);
}

static inline void bed_folder(const struct bed *b, const char *name)
{
    char path[FILE_PATH_CAP];

    assert_int_equal(file_path(path, b->folder, name, NULL), ERR_OK);
    assert_int_equal(file_make_folder(path, NULL), ERR_OK);
}

static inline void bed_copy_words(const struct bed *b, const char *language)
{
    char from[64], to[64];
    char *text;

    (void)snprintf(from, sizeof(from), "backend/web/%s.json", language);
    (void)snprintf(to, sizeof(to), "share/%s.json", language);
    assert_int_equal(file_read(from, 1024 * 1024, &text, NULL, NULL), ERR_OK);
    bed_put(b, to, text);
    free(text);
}

static inline void bed_make_share(const struct bed *b)
{
    char path[64];

    bed_folder(b, "share");
    bed_folder(b, "share/vendor");
    for (size_t i = 0; asset_name_at(i) != NULL; i++) {
        (void)snprintf(path, sizeof(path), "share/%s", asset_name_at(i));
        bed_put(b, path, "page");
    }
    bed_copy_words(b, "nl");
    bed_copy_words(b, "en");
    for (unsigned i = 0; i < LANGUAGE_N; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "slip.%s", language_code((enum language)i));
        bed_copy_words(b, name);
    }
}

static inline void bed_open(struct bed *b)
{
    struct config *c = &b->setup.cfg;
    struct reason r = {.text = ""};

    memset(b, 0, sizeof(*b));
    log_set_level(LOG_LEVEL_ERROR);
    assert_true(sodium_init() >= 0);
    (void)snprintf(b->folder, sizeof(b->folder), "/tmp/medlocker-hub-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    bed_make_share(b);
    *c = (struct config){.address = "127.0.0.1",
                         .broker_host = "localhost",
                         .broker_port = 1,
                         .pharmacy_ura = "01236578",
                         .pharmacy_name = "Apotheek",
                         .telephone = "0800",
                         .language = "nl",
                         .window_h = 72,
                         .silent_after_s = 120};
    (void)snprintf(c->state, sizeof(c->state), "%s/hub", b->folder);
    (void)snprintf(c->share, sizeof(c->share), "%s/share", b->folder);
    (void)snprintf(c->control, sizeof(c->control), "%s/control", b->folder);
    b->setup.broker_address = "127.0.0.1";
    b->setup.broker_user = "nobody";
    if (setup_run(&b->setup, &r) != ERR_OK || hub_open(&b->hub, c, &r) != ERR_OK)
        fail_msg("%s", r.text);
    assert_true(sd_event_new(&b->hub.loop) >= 0);
}

static inline void bed_close(struct bed *b)
{
    char command[96];

    hub_close(&b->hub);
    (void)sd_event_unref(b->hub.loop);
    (void)snprintf(command, sizeof(command), "rm -rf %s", b->folder);
    assert_int_equal(system(command), 0);
}

/* A user whose password is `password` ("" for none that could be right, which is quick). */
static inline void bed_add_user(struct bed *b, const char *name, enum store_role role, const char *password)
{
    struct store *s = b->hub.store;
    struct store_user u = {.role = role};

    (void)snprintf(u.name, sizeof(u.name), "%s", name);
    (void)snprintf(u.full_name, sizeof(u.full_name), "Mx %s", name);
    randombytes_buf(u.staff, sizeof(u.staff));
    if (password[0] != '\0')
        assert_int_equal(user_hash_password(password, u.password), ERR_OK);
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->user_insert(s, &u, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
}

/* A session of a user; token has USER_TOKEN_CAP bytes. */
static inline void bed_session(struct bed *b, const char *name, char *token)
{
    struct store *s = b->hub.store;
    struct store_session x;
    struct store_user u;

    assert_int_equal(s->ops->user_get(s, name, &u, NULL), ERR_OK);
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(user_session_open(s, &u, clock_wall_ms(), INT64_C(12) * 3600 * 1000, token, &x, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
}

/* The user of this session proved to be there so many minutes ago. */
static inline void bed_age_session(struct bed *b, const char *token, int64_t minutes)
{
    struct store *s = b->hub.store;
    struct store_session x;
    struct store_user u;

    assert_int_equal(user_session_find(s, token, clock_wall_ms(), INT64_C(3600000), &x, &u, NULL), ERR_OK);
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->session_freshen(s, x.token_hash, clock_wall_ms() - minutes * 60000, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
}

/* An active locker with the given keys. */
static inline void bed_add_locker(struct bed *b, const char *name, const uint8_t id[STORE_LOCKER_LEN],
                                  const uint8_t sign_key[32])
{
    struct store *s = b->hub.store;
    struct code_key key = {.epoch = 1, .bytes = {1, 2, 3}};
    struct store_locker l = {.key_epoch = 1, .cost = {.passes = 1, .mem_kib = 8}, .created_ms = 1};

    memcpy(l.id, id, sizeof(l.id));
    (void)snprintf(l.name, sizeof(l.name), "%s", name);
    memcpy(l.sign_key, sign_key, sizeof(l.sign_key));
    (void)snprintf(l.certificate, sizeof(l.certificate), "40000000000000000000000000000001");
    mint_key_seal(&b->hub.mint, l.id, &key, l.key_box);
    l.evt.epoch = l.cmd.epoch = 1;
    assert_int_equal(s->ops->begin(s, NULL), ERR_OK);
    assert_int_equal(s->ops->locker_insert(s, &l, NULL), ERR_OK);
    assert_int_equal(s->ops->commit(s, NULL), ERR_OK);
}

#endif
