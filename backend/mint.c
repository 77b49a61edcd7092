/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/mint.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/language.h"
#include "common/num.h"

#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_LEN crypto_aead_xchacha20poly1305_ietf_ABYTES
#define DRAWS_MAX 32
#define TIME_END (INT64_C(1) << 40)

/* ---------------------------------------------------------------- keys and boxes */

static void derive(uint8_t out[32], const uint8_t store_key[32], const char *purpose)
{
    (void)crypto_generichash(out, 32, (const unsigned char *)purpose, strlen(purpose), store_key, 32);
}

void mint_keys_init(struct mint_keys *k, const uint8_t token_secret[TOKEN_SECRET_KEY_LEN], const uint8_t store_key[32])
{
    memcpy(k->token_secret, token_secret, sizeof(k->token_secret));
    derive(k->index_key, store_key, "medlocker mint live codes");
    derive(k->code_key, store_key, "medlocker mint kept codes");
    derive(k->locker_key, store_key, "medlocker mint locker keys");
    derive(k->person_key, store_key, "medlocker mint persons");
}

void mint_keys_wipe(struct mint_keys *k)
{
    sodium_memzero(k, sizeof(*k));
}

/* box: nonce, ciphertext, tag. what: the place that the box belongs to. */
static void seal(const uint8_t key[32], const uint8_t *what, size_t what_len, const uint8_t *plain, size_t len,
                 uint8_t *box)
{
    randombytes_buf(box, NONCE_LEN);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(box + NONCE_LEN, NULL, plain, len, what, what_len, NULL, box, key);
}

static bool unseal(const uint8_t key[32], const uint8_t *what, size_t what_len, const uint8_t *box, uint8_t *plain,
                   size_t len)
{
    return crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, box + NONCE_LEN, len + TAG_LEN, what, what_len,
                                                      box, key) == 0;
}

static void name_key(const uint8_t locker[STORE_LOCKER_LEN], uint32_t epoch, uint8_t out[STORE_LOCKER_LEN + 4])
{
    memcpy(out, locker, STORE_LOCKER_LEN);
    num_put_be(out + STORE_LOCKER_LEN, epoch, 4);
}

void mint_key_seal(const struct mint_keys *k, const uint8_t locker[STORE_LOCKER_LEN], const struct code_key *key,
                   uint8_t box[STORE_KEY_BOX_LEN])
{
    static_assert(STORE_KEY_BOX_LEN == NONCE_LEN + TAG_LEN + CODE_KEY_LEN, "the box of a locker's key");
    uint8_t name[STORE_LOCKER_LEN + 4];

    name_key(locker, key->epoch, name);
    seal(k->locker_key, name, sizeof(name), key->bytes, CODE_KEY_LEN, box);
}

enum err mint_key_open(const struct mint_keys *k, const struct store_locker *l, struct code_key *out, struct reason *r)
{
    uint8_t name[STORE_LOCKER_LEN + 4];
    struct code_key key = {.epoch = l->key_epoch};

    name_key(l->id, l->key_epoch, name);
    if (!unseal(k->locker_key, name, sizeof(name), l->key_box, key.bytes, CODE_KEY_LEN)) {
        return err_because(r, ERR_SIGNATURE, "the code key of this locker cannot be opened with the hub's store key");
    }
    *out = key;
    sodium_memzero(&key, sizeof(key));
    return ERR_OK;
}

static void name_load(const uint8_t order[ORDER_ID_LEN], uint32_t load, uint8_t out[ORDER_ID_LEN + 4])
{
    memcpy(out, order, ORDER_ID_LEN);
    num_put_be(out + ORDER_ID_LEN, load, 4);
}

enum err mint_open_code(const struct mint_keys *k, const struct store_packing *p, char *out, struct reason *r)
{
    uint8_t name[ORDER_ID_LEN + 4];
    char code[CODE_DIGITS + 1] = "";

    if (!p->code_kept) {
        return err_because(r, ERR_NOT_FOUND, "the code is not kept any more");
    }
    name_load(p->order, p->load, name);
    if (!unseal(k->code_key, name, sizeof(name), p->code_box, (uint8_t *)code, CODE_DIGITS)) {
        return err_because(r, ERR_SIGNATURE, "the kept code cannot be opened with the hub's store key");
    }
    memcpy(out, code, sizeof(code));
    sodium_memzero(code, sizeof(code));
    return ERR_OK;
}

/* ---------------------------------------------------------------- drawing */

/* Says only whether two codes of one locker are the same, and only to who has the key. */
static void index_of(const struct mint_keys *k, const uint8_t locker[STORE_LOCKER_LEN], const char *code,
                     uint8_t out[STORE_HASH_LEN])
{
    uint8_t text[STORE_LOCKER_LEN + CODE_DIGITS];

    memcpy(text, locker, STORE_LOCKER_LEN);
    memcpy(text + STORE_LOCKER_LEN, code, CODE_DIGITS);
    (void)crypto_generichash(out, STORE_HASH_LEN, text, sizeof(text), k->index_key, sizeof(k->index_key));
    sodium_memzero(text, sizeof(text));
}

static enum err job_init(const struct mint_keys *k, const struct store_locker *l, struct mint_job *job,
                         struct reason *r)
{
    memset(job, 0, sizeof(*job));
    memcpy(job->locker, l->id, sizeof(job->locker));
    job->cost = l->cost;
    job->result = ERR_STATE; /* until it was stretched */
    return mint_key_open(k, l, &job->key, r);
}

enum err mint_draw(const struct mint_keys *k, struct store *s, const struct store_locker *l, struct mint_job *job,
                   struct reason *r)
{
    uint8_t index[STORE_HASH_LEN];
    bool live = true;
    enum err e = job_init(k, l, job, r);

    for (int i = 0; e == ERR_OK && live && i < DRAWS_MAX; i++) {
        code_draw(job->secret);
        index_of(k, job->locker, job->secret, index);
        e = s->ops->code_is_live(s, job->locker, index, &live, r);
    }
    if (e == ERR_OK && live) {
        e = err_because(r, ERR_FULL, "no code is free at this locker");
    }
    sodium_memzero(index, sizeof(index));
    if (e != ERR_OK) {
        mint_wipe(job);
    }
    return e;
}

/* 1111 and 1234 are the first that anybody tries. */
static bool is_weak(const char *pin, size_t len)
{
    bool same = true, up = true, down = true;

    for (size_t i = 1; i < len; i++) {
        same = same && pin[i] == pin[0];
        up = up && pin[i] == pin[i - 1] + 1;
        down = down && pin[i] == pin[i - 1] - 1;
    }
    return same || up || down;
}

enum err mint_pin(const struct mint_keys *k, const struct store_locker *l, const char *pin, struct mint_job *job,
                  struct reason *r)
{
    size_t len = strnlen(pin, CODE_PIN_MAX + 1);

    if (len < CODE_PIN_MIN || len > CODE_PIN_MAX || strspn(pin, "0123456789") != len) {
        return err_because(r, ERR_RANGE, "a PIN has %d to %d digits", CODE_PIN_MIN, CODE_PIN_MAX);
    }
    if (is_weak(pin, len)) {
        return err_because(r, ERR_RANGE, "this PIN is too easy to guess: no equal digits, no digits in a row");
    }
    enum err e = job_init(k, l, job, r);
    if (e != ERR_OK) {
        mint_wipe(job);
        return e;
    }
    memcpy(job->secret, pin, len + 1);
    return ERR_OK;
}

void mint_stretch(void *arg)
{
    struct mint_job *job = arg;

    job->result = code_stretch(&job->key, job->locker, &job->cost, job->secret, job->a);
}

void mint_wipe(struct mint_job *job)
{
    sodium_memzero(job, sizeof(*job));
    job->result = ERR_STATE;
}

/* ---------------------------------------------------------------- finishing */

static enum err check_job(const struct mint_job *job, struct reason *r)
{
    if (job->result == ERR_OK) {
        return ERR_OK;
    }
    return err_because(r, job->result, "the code could not be computed: %s", err_name(job->result));
}

static enum err check_order(const struct mint_job *job, const struct order *o, struct reason *r)
{
    if (o->state != ORDER_PACKED || memcmp(o->locker, job->locker, ORDER_LOCKER_LEN) != 0) {
        return err_because(r, ERR_STATE, "the order is not packed for this locker");
    }
    if (o->ask.not_before_s < 1 || o->ask.not_after_s <= o->ask.not_before_s || o->ask.not_after_s >= TIME_END) {
        return err_because(r, ERR_RANGE, "the pickup window is not set");
    }
    return ERR_OK;
}

static enum err make_verifiers(const struct mint_job *job, const struct code_binding *bind, const struct order *o,
                               struct mint_verifiers *v, struct reason *r)
{
    char ddmm[5];

    v->has_v1 = o->ask.cls == TOKEN_CLASS_ORDINARY;
    if (request_birthday(&o->ask, ddmm)) {
        code_mac2(&job->key, bind, job->a, ddmm, v->v2);
        sodium_memzero(ddmm, sizeof(ddmm));
    } else if (v->has_v1) {
        randombytes_buf(v->v2, sizeof(v->v2));
    } else {
        return err_because(r, ERR_MISSING, "this class needs a birth date");
    }
    if (v->has_v1) {
        code_mac1(&job->key, bind, job->a, v->v1);
    }
    return ERR_OK;
}

static enum err make_voucher(const struct mint_job *job, const struct order *o, struct token *t, struct reason *r)
{
    struct token_voucher *v = &t->u.voucher;
    struct mint_verifiers made = {.has_v1 = false};
    enum err e;

    memset(t, 0, sizeof(*t));
    t->kind = TOKEN_VOUCHER;
    memcpy(v->bind.locker, job->locker, sizeof(v->bind.locker));
    memcpy(v->bind.order, o->id, sizeof(v->bind.order));
    v->bind.load = o->load;
    v->not_before_s = o->ask.not_before_s;
    v->not_after_s = o->ask.not_after_s;
    v->cls = o->ask.cls;
    v->size = o->ask.size;
    v->zone = o->ask.zone;
    v->low_door = o->ask.low_door;
    v->key_epoch = job->key.epoch;
    memcpy(v->person, o->person, sizeof(v->person));
    if (language_parse(o->ask.language, &v->language) != ERR_OK) /* an order of before languages were checked */
        v->language = LANGUAGE_NL;
    e = make_verifiers(job, &v->bind, o, &made, r);
    v->has_v1 = made.has_v1;
    memcpy(v->v1, made.v1, sizeof(v->v1));
    memcpy(v->v2, made.v2, sizeof(v->v2));
    sodium_memzero(&made, sizeof(made));
    return e;
}

/* The text of the QR on the slip. */
static void make_pickup(const struct mint_keys *k, const struct code_binding *bind, int64_t not_after_s, uint8_t id[16],
                        char text[TOKEN_TEXT_CAP])
{
    struct token t = {.kind = TOKEN_PICKUP};

    t.u.pickup.bind = *bind;
    t.u.pickup.not_after_s = not_after_s;
    randombytes_buf(id, sizeof(t.u.pickup.id));
    memcpy(t.u.pickup.id, id, sizeof(t.u.pickup.id));
    token_encode(&t, k->token_secret, text);
}

static void seal_code(const struct mint_keys *k, const struct mint_job *job, const struct order *o,
                      uint8_t box[STORE_CODE_BOX_LEN])
{
    static_assert(STORE_CODE_BOX_LEN == NONCE_LEN + TAG_LEN + CODE_DIGITS, "the box of a code");
    uint8_t name[ORDER_ID_LEN + 4];

    name_load(o->id, o->load, name);
    seal(k->code_key, name, sizeof(name), (const uint8_t *)job->secret, CODE_DIGITS, box);
}

enum err mint_finish(const struct mint_keys *k, const struct mint_job *job, const struct order *o,
                     struct store_packing *out, struct reason *r)
{
    struct token voucher;
    uint8_t id[16];
    enum err e = check_job(job, r);

    if (e == ERR_OK) {
        e = check_order(job, o, r);
    }
    if (e == ERR_OK) {
        e = make_voucher(job, o, &voucher, r);
    }
    if (e != ERR_OK) {
        return e;
    }
    memset(out, 0, sizeof(*out));
    memcpy(out->order, o->id, sizeof(out->order));
    memcpy(out->locker, job->locker, sizeof(out->locker));
    out->load = o->load;
    out->key_epoch = job->key.epoch;
    out->packed_ms = o->packed_ms;
    token_encode(&voucher, k->token_secret, out->voucher);
    make_pickup(k, &voucher.u.voucher.bind, o->ask.not_after_s, id, out->pickup);
    index_of(k, job->locker, job->secret, out->code_index);
    out->code_live = true;
    out->code_kept = true;
    seal_code(k, job, o, out->code_box);
    sodium_memzero(&voucher, sizeof(voucher));
    return ERR_OK;
}

enum err mint_recode(const struct mint_keys *k, const struct mint_job *job, const struct order *o,
                     struct mint_verifiers *v, struct store_recode *out, struct reason *r)
{
    struct code_binding bind = {.load = o->load};
    enum err e = check_job(job, r);

    if (e != ERR_OK) {
        return e;
    }
    if (o->state != ORDER_READY || memcmp(o->locker, job->locker, ORDER_LOCKER_LEN) != 0) {
        return err_because(r, ERR_STATE, "the bag does not lie ready in this locker");
    }
    memcpy(bind.locker, job->locker, sizeof(bind.locker));
    memcpy(bind.order, o->id, sizeof(bind.order));
    memset(v, 0, sizeof(*v));
    e = make_verifiers(job, &bind, o, v, r);
    if (e != ERR_OK) {
        return e;
    }
    memset(out, 0, sizeof(*out));
    memcpy(out->order, o->id, sizeof(out->order));
    memcpy(out->locker, job->locker, sizeof(out->locker));
    out->load = o->load;
    out->key_epoch = job->key.epoch;
    out->code_live = true;
    index_of(k, job->locker, job->secret, out->code_index);
    seal_code(k, job, o, out->code_box);
    make_pickup(k, &bind, o->ask.not_after_s, v->token, out->pickup);
    return ERR_OK;
}

enum err mint_carer(const struct mint_keys *k, const struct mint_job *job, const struct order *o,
                    const struct store_carer *c, struct mint_verifiers *v, uint8_t index[STORE_HASH_LEN],
                    struct reason *r)
{
    char ddmm[5];
    enum err e = check_job(job, r);

    if (e != ERR_OK) {
        return e;
    }
    memset(v, 0, sizeof(*v));
    v->has_v1 = c->standing || o->ask.cls == TOKEN_CLASS_ORDINARY;
    if (request_birthday(&o->ask, ddmm)) {
        code_mac_carer2(&job->key, job->locker, c->carer, job->a, ddmm, v->v2);
        sodium_memzero(ddmm, sizeof(ddmm));
    } else if (v->has_v1) {
        randombytes_buf(v->v2, sizeof(v->v2));
    } else {
        return err_because(r, ERR_MISSING, "this class needs a birth date");
    }
    if (v->has_v1) {
        code_mac_carer1(&job->key, job->locker, c->carer, job->a, v->v1);
    }
    index_of(k, job->locker, job->secret, index);
    return ERR_OK;
}

void mint_card(const struct mint_keys *k, const struct store_carer *c, const struct store_carer_place *p,
               char text[TOKEN_TEXT_CAP])
{
    struct token t = {.kind = TOKEN_CARER};
    struct token_carer *x = &t.u.carer;

    memcpy(x->bind.locker, p->locker, sizeof(x->bind.locker));
    if (!c->standing) {
        memcpy(x->bind.order, c->order, sizeof(x->bind.order));
        x->bind.load = p->load;
    }
    memcpy(x->carer, c->carer, sizeof(x->carer));
    memcpy(x->person, p->person, sizeof(x->person));
    x->not_after_s = c->not_after_s;
    token_encode(&t, k->token_secret, text);
}

enum err mint_badge(const struct mint_keys *k, const struct mint_job *job, const struct store_badge *b,
                    char text[TOKEN_TEXT_CAP], struct reason *r)
{
    struct token t = {.kind = TOKEN_BADGE};
    enum err e = check_job(job, r);

    if (e != ERR_OK) {
        return e;
    }
    if (memcmp(b->locker, job->locker, STORE_LOCKER_LEN) != 0 || b->not_after_s <= 0 || b->not_after_s >= TIME_END) {
        return err_because(r, ERR_STATE, "the badge is not for this locker, or has no end");
    }
    memcpy(t.u.badge.locker, b->locker, sizeof(t.u.badge.locker));
    memcpy(t.u.badge.staff, b->staff, sizeof(t.u.badge.staff));
    memcpy(t.u.badge.badge, b->badge, sizeof(t.u.badge.badge));
    t.u.badge.role = b->role;
    t.u.badge.not_after_s = b->not_after_s;
    t.u.badge.key_epoch = job->key.epoch;
    code_mac_badge(&job->key, job->locker, b->staff, b->badge, job->a, t.u.badge.pin_mac);
    token_encode(&t, k->token_secret, text);
    sodium_memzero(&t, sizeof(t));
    return ERR_OK;
}
