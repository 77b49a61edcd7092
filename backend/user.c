/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/user.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "backend/request.h"
#include "common/num.h"

#define LOGIN_MAX 32
#define TOKEN_LEN 32
#define FIRST_WAIT_MS 5000
#define OPS crypto_pwhash_OPSLIMIT_INTERACTIVE
#define MEMORY crypto_pwhash_MEMLIMIT_INTERACTIVE

_Static_assert(crypto_pwhash_STRBYTES <= STORE_PASSWORD_CAP, "a stored password fits");

enum err user_check_login(const char *login, struct reason *r)
{
    size_t len = strlen(login);

    if (len == 0 || len > LOGIN_MAX || strspn(login, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != len ||
        login[0] < 'a' || login[0] > 'z')
        return err_because(r, ERR_SYNTAX, "login name: 1 to %d of a-z 0-9 . - _, beginning with a letter", LOGIN_MAX);
    return ERR_OK;
}

enum err user_check_password(const char *login, const char *password, struct reason *r)
{
    char copy[USER_PASSWORD_MAX + 1];
    size_t len = strlen(password);
    enum err e;

    if (len < USER_PASSWORD_MIN || len > USER_PASSWORD_MAX)
        return err_because(r, ERR_RANGE, "password: %d to %d bytes", USER_PASSWORD_MIN, USER_PASSWORD_MAX);
    if (strcmp(login, password) == 0)
        return err_because(r, ERR_RANGE, "password: must differ from the login name");
    e = request_text(copy, sizeof(copy), password, len);
    sodium_memzero(copy, sizeof(copy));
    return e == ERR_OK ? ERR_OK : err_because(r, ERR_SYNTAX, "password: not UTF-8 text without control characters");
}

void user_draw_password(char *out)
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789"; /* none that looks like another */
    size_t at = 0;

    for (unsigned group = 0; group < 5; group++) {
        if (group > 0)
            out[at++] = '-';
        for (unsigned i = 0; i < 4; i++)
            out[at++] = letters[randombytes_uniform(sizeof(letters) - 1)];
    }
    out[at] = '\0';
}

enum err user_hash_password(const char *password, char out[STORE_PASSWORD_CAP])
{
    char text[crypto_pwhash_STRBYTES];

    if (crypto_pwhash_str_alg(text, password, strlen(password), OPS, MEMORY, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return ERR_MEMORY;
    memcpy(out, text, sizeof(text));
    return ERR_OK;
}

bool user_password_is(const char *hash, const char *password)
{
    static const uint8_t salt[crypto_pwhash_SALTBYTES];
    uint8_t lost[TOKEN_LEN];

    if (hash[0] != '\0')
        return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
    /* As much work as for a user who exists, so that time does not tell who does. */
    if (crypto_pwhash(lost, sizeof(lost), password, strlen(password), salt, OPS, MEMORY,
                      crypto_pwhash_ALG_ARGON2ID13) == 0)
        sodium_memzero(lost, sizeof(lost));
    return false;
}

int64_t user_wait_ms(const struct store_user *u, int64_t now_ms)
{
    int64_t wait = u->locked_until_ms - now_ms;

    if (wait <= 0)
        return 0;
    return wait < USER_WAIT_MAX_MS ? wait : USER_WAIT_MAX_MS; /* a clock that was set back locks nobody out */
}

void user_note_wrong(struct store_user *u, int64_t now_ms)
{
    int64_t wait = FIRST_WAIT_MS;

    if (u->wrong < UINT32_MAX)
        u->wrong++;
    if (u->wrong < USER_FREE_TRIES)
        return;
    for (uint32_t i = USER_FREE_TRIES; i < u->wrong && wait < USER_WAIT_MAX_MS; i++)
        wait *= 2;
    u->locked_until_ms = now_ms + (wait < USER_WAIT_MAX_MS ? wait : USER_WAIT_MAX_MS);
}

void user_note_right(struct store_user *u)
{
    u->wrong = 0;
    u->locked_until_ms = 0;
}

static uint64_t hash_name(struct user_strangers *t, const char *name)
{
    uint64_t hash;

    _Static_assert(sizeof(t->key) == crypto_shorthash_KEYBYTES && sizeof(hash) == crypto_shorthash_BYTES, "lengths");
    if (!t->keyed) {
        randombytes_buf(t->key, sizeof(t->key));
        t->keyed = true;
    }
    (void)crypto_shorthash((uint8_t *)&hash, (const uint8_t *)name, strlen(name), t->key); /* always 0 */
    return hash;
}

void user_stranger_get(struct user_strangers *t, const char *name, struct store_user *u)
{
    uint64_t hash = hash_name(t, name);

    memset(u, 0, sizeof(*u));
    (void)snprintf(u->name, sizeof(u->name), "%s", name); /* same capacity */
    if (t->row[hash % USER_STRANGERS].name == hash) {
        u->wrong = t->row[hash % USER_STRANGERS].wrong;
        u->locked_until_ms = t->row[hash % USER_STRANGERS].locked_until_ms;
    }
}

void user_stranger_put(struct user_strangers *t, const struct store_user *u)
{
    uint64_t hash = hash_name(t, u->name);

    t->row[hash % USER_STRANGERS].name = hash;
    t->row[hash % USER_STRANGERS].wrong = u->wrong;
    t->row[hash % USER_STRANGERS].locked_until_ms = u->locked_until_ms;
}

static void hash_token(const uint8_t token[TOKEN_LEN], uint8_t out[STORE_HASH_LEN])
{
    (void)crypto_generichash(out, STORE_HASH_LEN, token, TOKEN_LEN, NULL, 0); /* lengths are constants: cannot fail */
}

enum err user_session_open(struct store *s, const struct store_user *u, int64_t now_ms, int64_t day_ms, char *token,
                           struct store_session *out, struct reason *r)
{
    struct store_session x = {
        .created_ms = now_ms, .used_ms = now_ms, .expires_ms = now_ms + day_ms, .fresh_ms = now_ms};
    uint8_t secret[TOKEN_LEN];
    enum err e;

    randombytes_buf(secret, sizeof(secret));
    hash_token(secret, x.token_hash);
    (void)snprintf(x.user, sizeof(x.user), "%s", u->name); /* same capacity */
    e = s->ops->session_purge(s, NULL, now_ms, r);
    if (e == ERR_OK)
        e = s->ops->session_insert(s, &x, r);
    if (e == ERR_OK) {
        (void)sodium_bin2base64(token, USER_TOKEN_CAP, secret, sizeof(secret),
                                sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        *out = x;
    }
    sodium_memzero(secret, sizeof(secret));
    return e;
}

static bool read_token(const char *text, uint8_t hash[STORE_HASH_LEN])
{
    uint8_t secret[TOKEN_LEN];
    size_t len;
    bool good = strlen(text) == USER_TOKEN_CAP - 1 &&
                num_from_base64url(text, USER_TOKEN_CAP - 1, secret, sizeof(secret), &len) == ERR_OK &&
                len == sizeof(secret);

    if (good)
        hash_token(secret, hash);
    sodium_memzero(secret, sizeof(secret));
    return good;
}

enum err user_session_find(struct store *s, const char *token, int64_t now_ms, int64_t idle_ms, struct store_session *x,
                           struct store_user *u, struct reason *r)
{
    uint8_t hash[STORE_HASH_LEN];
    struct store_session found;
    struct store_user user;
    enum err e;

    if (token == NULL || !read_token(token, hash))
        return err_because(r, ERR_DENIED, "not logged in");
    e = s->ops->session_get(s, hash, &found, r);
    if (e == ERR_NOT_FOUND)
        return err_because(r, ERR_DENIED, "not logged in");
    if (e != ERR_OK)
        return e;
    if (now_ms >= found.expires_ms || now_ms - found.used_ms >= idle_ms)
        return err_because(r, ERR_EXPIRED, "the session is over; log in again");
    e = s->ops->user_get(s, found.user, &user, r);
    if (e == ERR_NOT_FOUND || (e == ERR_OK && user.disabled))
        e = err_because(r, ERR_DENIED, "not logged in");
    if (e == ERR_OK) {
        *x = found;
        *u = user;
    }
    sodium_memzero(&user, sizeof(user));
    return e;
}

bool user_session_is_stale(const struct store_session *x, int64_t now_ms)
{
    return now_ms - x->used_ms >= USER_TOUCH_MS;
}

bool user_session_is_fresh(const struct store_session *x, int64_t now_ms, int64_t fresh_ms)
{
    return now_ms >= x->fresh_ms && now_ms - x->fresh_ms < fresh_ms;
}
