/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/factor.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_LEN crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KEY_LEN 32
#define GROUP 5

_Static_assert(STORE_FACTOR_BOX_LEN == NONCE_LEN + TAG_LEN + TOTP_SECRET_LEN, "the box of a secret");
_Static_assert(FACTOR_SPARE_CAP == 2 * GROUP + 2, "two groups");

/* ---------------------------------------------------------------- keys and boxes */

static void derive(const struct hub *hub, const char *purpose, uint8_t out[KEY_LEN])
{
    (void)crypto_generichash(out, KEY_LEN, (const uint8_t *)purpose, strlen(purpose), hub->keys.store_key, KEY_LEN);
}

static void seal(const struct hub *hub, const uint8_t secret[TOTP_SECRET_LEN], struct store_factor *f)
{
    uint8_t key[KEY_LEN];

    derive(hub, "medlocker second factors", key);
    randombytes_buf(f->box, NONCE_LEN);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(f->box + NONCE_LEN, NULL, secret, TOTP_SECRET_LEN,
                                                     (const uint8_t *)f->user, strlen(f->user), NULL, f->box, key);
    sodium_memzero(key, sizeof(key));
}

static enum err unseal(const struct hub *hub, const struct store_factor *f, uint8_t secret[TOTP_SECRET_LEN],
                       struct reason *r)
{
    uint8_t key[KEY_LEN];
    int rc;

    derive(hub, "medlocker second factors", key);
    rc = crypto_aead_xchacha20poly1305_ietf_decrypt(secret, NULL, NULL, f->box + NONCE_LEN, TOTP_SECRET_LEN + TAG_LEN,
                                                    (const uint8_t *)f->user, strlen(f->user), f->box, key);
    sodium_memzero(key, sizeof(key));
    return rc == 0 ? ERR_OK
                   : err_because(r, ERR_SIGNATURE, "the second factor cannot be opened with the hub's store key");
}

static void hash_spare(const struct hub *hub, const char *user, const char *spare, uint8_t out[STORE_HASH_LEN])
{
    crypto_generichash_state h;
    uint8_t key[KEY_LEN];

    derive(hub, "medlocker spare codes", key);
    (void)crypto_generichash_init(&h, key, sizeof(key), STORE_HASH_LEN); /* lengths are constants: cannot fail */
    (void)crypto_generichash_update(&h, (const uint8_t *)user, strlen(user) + 1);
    (void)crypto_generichash_update(&h, (const uint8_t *)spare, strlen(spare));
    (void)crypto_generichash_final(&h, out, STORE_HASH_LEN);
    sodium_memzero(key, sizeof(key));
    sodium_memzero(&h, sizeof(h));
}

/* ---------------------------------------------------------------- spare codes */

static void draw_spare(char out[FACTOR_SPARE_CAP])
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789"; /* none that looks like another */

    for (unsigned i = 0; i < FACTOR_SPARE_CAP - 1; i++)
        out[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
    out[GROUP] = '-';
    out[FACTOR_SPARE_CAP - 1] = '\0';
}

static enum err draw_spares(struct hub *hub, const char *user, char spares[FACTOR_SPARES][FACTOR_SPARE_CAP],
                            struct reason *r)
{
    uint8_t hash[STORE_HASH_LEN];
    enum err e = ERR_OK;

    for (unsigned i = 0; i < FACTOR_SPARES && e == ERR_OK; i++) {
        draw_spare(spares[i]);
        hash_spare(hub, user, spares[i], hash);
        e = hub->store->ops->spare_add(hub->store, user, hash, r);
    }
    return e;
}

/* As typed: blanks and hyphens do not matter, nor do capitals. False: not the shape of a spare code. */
static bool read_spare(const char *code, char out[FACTOR_SPARE_CAP])
{
    size_t n = 0;

    for (; *code != '\0'; code++) {
        char ch = *code;

        if (ch == ' ' || ch == '-')
            continue;
        if (ch >= 'A' && ch <= 'Z')
            ch = (char)(ch - 'A' + 'a');
        if (n == FACTOR_SPARE_CAP - 1)
            return false;
        if (n == GROUP)
            out[n++] = '-';
        out[n++] = ch;
    }
    out[n] = '\0';
    return n == FACTOR_SPARE_CAP - 1;
}

/* ---------------------------------------------------------------- life */

enum err factor_get_state(struct hub *hub, const char *user, struct factor_state *out, struct reason *r)
{
    struct factor_state state = {.confirmed = false};
    struct store_factor f;
    enum err e = hub->store->ops->factor_get(hub->store, user, &f, r);

    if (e == ERR_OK && f.confirmed) {
        state.confirmed = true;
        e = hub->store->ops->spare_count(hub->store, user, &state.spares, r);
    } else if (e == ERR_NOT_FOUND) {
        e = ERR_OK;
    }
    if (e == ERR_OK)
        *out = state;
    return e;
}

enum err factor_begin(struct hub *hub, const char *user, int64_t now_ms, char base32[TOTP_BASE32_CAP], struct reason *r)
{
    struct store_factor f;
    uint8_t secret[TOTP_SECRET_LEN];
    enum err e = hub->store->ops->factor_get(hub->store, user, &f, r);

    if (e == ERR_OK && f.confirmed)
        return err_because(r, ERR_STATE, "there is a second factor already; remove it first");
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    f = (struct store_factor){.created_ms = now_ms};
    (void)snprintf(f.user, sizeof(f.user), "%s", user); /* same capacity */
    randombytes_buf(secret, sizeof(secret));
    seal(hub, secret, &f);
    e = totp_base32(secret, base32, r);
    sodium_memzero(secret, sizeof(secret));
    return e == ERR_OK ? hub->store->ops->factor_put(hub->store, &f, r) : e;
}

/* A code of the app, which is used up. */
static enum err check_app(struct hub *hub, struct store_factor *f, const char *code, int64_t now_ms, bool *right,
                          struct reason *r)
{
    uint8_t secret[TOTP_SECRET_LEN];
    enum err e = unseal(hub, f, secret, r);

    if (e != ERR_OK)
        return e;
    *right = totp_is(secret, code, now_ms / 1000, f->last_step, &f->last_step);
    sodium_memzero(secret, sizeof(secret));
    return *right ? hub->store->ops->factor_put(hub->store, f, r) : ERR_OK;
}

enum err factor_confirm(struct hub *hub, const char *user, const char *code, int64_t now_ms,
                        char spares[FACTOR_SPARES][FACTOR_SPARE_CAP], struct reason *r)
{
    struct store_factor f;
    bool right = false;
    enum err e = hub->store->ops->factor_get(hub->store, user, &f, r);

    if (e == ERR_NOT_FOUND || (e == ERR_OK && f.confirmed))
        return err_because(r, ERR_STATE, "no second factor waits for its first code");
    if (e != ERR_OK)
        return e;
    f.confirmed = true;
    e = check_app(hub, &f, code, now_ms, &right, r);
    if (e == ERR_OK && !right)
        e = err_because(r, ERR_UNKNOWN, "the code is wrong; is the clock of the telephone right?");
    return e == ERR_OK ? draw_spares(hub, user, spares, r) : e;
}

enum err factor_check(struct hub *hub, const char *user, const char *code, int64_t now_ms, bool *right,
                      struct reason *r)
{
    char spare[FACTOR_SPARE_CAP];
    uint8_t hash[STORE_HASH_LEN];
    struct store_factor f;
    enum err e = hub->store->ops->factor_get(hub->store, user, &f, r);

    *right = false;
    if (e == ERR_NOT_FOUND || (e == ERR_OK && !f.confirmed))
        return err_because(r, ERR_STATE, "no second factor");
    if (e != ERR_OK)
        return e;
    if (!read_spare(code, spare))
        return check_app(hub, &f, code, now_ms, right, r);
    hash_spare(hub, user, spare, hash);
    e = hub->store->ops->spare_use(hub->store, user, hash, r);
    *right = e == ERR_OK;
    sodium_memzero(spare, sizeof(spare));
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err factor_remove(struct hub *hub, const char *user, struct reason *r)
{
    return hub->store->ops->factor_delete(hub->store, user, r);
}
