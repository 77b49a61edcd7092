/* SPDX-License-Identifier: Apache-2.0 */
/*
 * user: staff of the pharmacy at the hub: passwords (Argon2id), the brake on wrong ones, and sessions: 32 random bytes
 * in a cookie, of which the store has the hash only. What a role may do is the business of api.
 *
 * One thread, but for the two functions that say otherwise. Store functions need the transaction that their comment
 * names.
 */
#ifndef MEDLOCKER_USER_H
#define MEDLOCKER_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/store.h"
#include "common/err.h"

#define USER_PASSWORD_MIN 12
#define USER_PASSWORD_MAX 128
#define USER_PASSWORD_DRAWN 24    /* characters of user_draw_password, with NUL: five groups of four */
#define USER_TOKEN_CAP 44         /* base64url of 32 bytes, with NUL */
#define USER_TOUCH_MS (60 * 1000) /* use is written at most this often */
#define USER_FREE_TRIES 5
#define USER_WAIT_MAX_MS (5 * 60 * 1000)

/* Length, UTF-8 without control characters, not the login name. Error: ERR_RANGE, ERR_SYNTAX. */
enum err user_check_password(const char *login, const char *password, struct reason *r) ERR_MUST_CHECK;
/* 1..32 of a-z 0-9 . - _, beginning with a letter. Error: ERR_SYNTAX. */
enum err user_check_login(const char *login, struct reason *r) ERR_MUST_CHECK;
/* "k7qf-..." about 100 bits; out has USER_PASSWORD_DRAWN bytes. */
void user_draw_password(char *out);

/* Any thread; about 100 ms and 64 MiB. Error: ERR_MEMORY. */
enum err user_hash_password(const char *password, char out[STORE_PASSWORD_CAP]) ERR_MUST_CHECK;
/* Any thread; as long as that. hash "" (no such user) takes the same time and is false. */
bool user_password_is(const char *hash, const char *password);

/* The brake: milliseconds to wait before a password may be tried; 0: now. After USER_FREE_TRIES wrong ones in a row 5
 * s, doubling to USER_WAIT_MAX_MS: it slows down, it never locks out. */
int64_t user_wait_ms(const struct store_user *u, int64_t now_ms);
void user_note_wrong(struct store_user *u, int64_t now_ms);
void user_note_right(struct store_user *u);

/* The same brake for names that nobody has, so that it does not tell who exists: in memory, the newest names only. An
 * empty one is all zeros. The key is drawn at the first use; nobody outside can choose names that push out others. */
#define USER_STRANGERS 1024
struct user_strangers {
    uint8_t key[16];
    bool keyed;
    struct {
        uint64_t name; /* hash */
        int64_t locked_until_ms;
        uint32_t wrong;
    } row[USER_STRANGERS];
};
/* u becomes a user of this name with what is known of wrong tries, and nothing else. */
void user_stranger_get(struct user_strangers *t, const char *name, struct store_user *u);
void user_stranger_put(struct user_strangers *t, const struct store_user *u);

/* Makes a session of at most day_ms, inside a transaction; token (USER_TOKEN_CAP) is what the cookie holds. It counts
 * as fresh: its user has just proved to be there. */
enum err user_session_open(struct store *s, const struct store_user *u, int64_t now_ms, int64_t day_ms, char *token,
                           struct store_session *out, struct reason *r) ERR_MUST_CHECK;
/* The session and user of a token; no transaction. Errors: ERR_DENIED (none, or disabled), ERR_EXPIRED (its day is
 * over, or not used for idle_ms). */
enum err user_session_find(struct store *s, const char *token, int64_t now_ms, int64_t idle_ms, struct store_session *x,
                           struct store_user *u, struct reason *r) ERR_MUST_CHECK;
/* True when the use should be written now: user_session_find succeeded and the last time is long enough ago. */
bool user_session_is_stale(const struct store_session *x, int64_t now_ms);
/* True when its user proved to be there within fresh_ms: what a dangerous act needs. A clock that was set back makes
 * nothing fresh. */
bool user_session_is_fresh(const struct store_session *x, int64_t now_ms, int64_t fresh_ms);

#endif
