/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layouts: offset, length, field. Integers are unsigned and big-endian, times are Unix seconds. The signature is
 * Ed25519 over all bytes before it, mark included, so that no kind can pass for another.
 *
 *   MQ1, 116 bytes          ML1, 186 bytes           MS1, 133 bytes          MD1, 13 bytes
 *     0   3  "MQ1"            0   3  "ML1"             0   3  "MS1"            0   3  "MD1"
 *     3   8  locker           3   8  locker            3   8  locker           3   8  locker
 *    11  16  order           11  16  order            11   8  staff           11   2  door
 *    27   4  load            27   4  load             19   8  badge
 *    31   5  not_after       31   5  not_before       27   1  role
 *    36  16  token_id        36   5  not_after        28   5  not_after
 *    52  64  signature       41   1  class            33   4  key_epoch
 *                            42   1  size             37  32  pin_mac
 *                            43   1  zone             69  64  signature
 *                            44   1  flags
 *                            45   4  key_epoch
 *                            49  32  v1 (zeros when flag has_v1 is not set)
 *                            81  32  v2               MC1, 116 bytes           MK1, 4 bytes
 *                           113   8  person             0   3  "MC1"            0   3  "MK1"
 *                           121   1  language           3   8  locker           3   1  key
 *                           122  64  signature         11  16  order
 *                                                      27   4  load
 *                                                      31   8  carer
 *                                                      39   8  person
 *                                                      47   5  not_after
 *                                                      52  64  signature
 */
#include "common/token.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/num.h"

#define MARK_LEN 3
#define SIGNATURE_LEN 64
#define TIME_LEN 5
#define DOOR_MAX 999
#define FLAG_LOW_DOOR 0x01u
#define FLAG_HAS_V1 0x02u
#define FLAGS_ALL (FLAG_LOW_DOOR | FLAG_HAS_V1)
#define PICKUP_LEN 116
#define VOUCHER_LEN 186
#define BADGE_LEN 133
#define DOOR_LEN 13
#define CARER_LEN 116
#define KEY_LEN 4
#define BYTES_CAP VOUCHER_LEN

_Static_assert(2 * BYTES_CAP < TOKEN_TEXT_CAP, "the longest kind fits");
_Static_assert(SIGNATURE_LEN == crypto_sign_BYTES, "Ed25519");
_Static_assert(TOKEN_PUBLIC_KEY_LEN == crypto_sign_PUBLICKEYBYTES, "Ed25519");
_Static_assert(TOKEN_SECRET_KEY_LEN == crypto_sign_SECRETKEYBYTES, "Ed25519");

/* Fields are written and read in the same order through a cursor; the lengths above are asserted at the end. */
struct writer {
    uint8_t bytes[BYTES_CAP];
    size_t len;
};

struct reader {
    const uint8_t *bytes;
    size_t at;
};

static void put_bytes(struct writer *w, const uint8_t *bytes, size_t len)
{
    assert(w->len + len <= sizeof w->bytes);
    memcpy(w->bytes + w->len, bytes, len);
    w->len += len;
}

static void put_int(struct writer *w, int64_t value, size_t len)
{
    assert(value >= 0 && (uint64_t)value >> (8 * len) == 0 && w->len + len <= sizeof w->bytes);
    num_put_be(w->bytes + w->len, (uint64_t)value, len);
    w->len += len;
}

static void put_binding(struct writer *w, const struct code_binding *b)
{
    put_bytes(w, b->locker, sizeof b->locker);
    put_bytes(w, b->order, sizeof b->order);
    put_int(w, b->load, 4);
}

static void take_bytes(struct reader *in, uint8_t *out, size_t len)
{
    memcpy(out, in->bytes + in->at, len);
    in->at += len;
}

static int64_t take_int(struct reader *in, size_t len)
{
    assert(len < 8);
    int64_t value = (int64_t)num_get_be(in->bytes + in->at, len);
    in->at += len;
    return value;
}

static void take_binding(struct reader *in, struct code_binding *b)
{
    take_bytes(in, b->locker, sizeof b->locker);
    take_bytes(in, b->order, sizeof b->order);
    b->load = (uint32_t)take_int(in, 4);
}

static void write_pickup(struct writer *w, const struct token *t)
{
    put_binding(w, &t->u.pickup.bind);
    put_int(w, t->u.pickup.not_after_s, TIME_LEN);
    put_bytes(w, t->u.pickup.id, sizeof t->u.pickup.id);
}

static void write_voucher(struct writer *w, const struct token *t)
{
    const struct token_voucher *v = &t->u.voucher;
    put_binding(w, &v->bind);
    put_int(w, v->not_before_s, TIME_LEN);
    put_int(w, v->not_after_s, TIME_LEN);
    put_int(w, (int64_t)v->cls, 1);
    put_int(w, (int64_t)v->size, 1);
    put_int(w, (int64_t)v->zone, 1);
    put_int(w, (v->low_door ? FLAG_LOW_DOOR : 0u) | (v->has_v1 ? FLAG_HAS_V1 : 0u), 1);
    put_int(w, v->key_epoch, 4);
    put_bytes(w, v->v1, sizeof v->v1);
    put_bytes(w, v->v2, sizeof v->v2);
    put_bytes(w, v->person, sizeof v->person);
    put_int(w, (int64_t)v->language, 1);
}

static void write_badge(struct writer *w, const struct token *t)
{
    const struct token_badge *b = &t->u.badge;
    put_bytes(w, b->locker, sizeof b->locker);
    put_bytes(w, b->staff, sizeof b->staff);
    put_bytes(w, b->badge, sizeof b->badge);
    put_int(w, (int64_t)b->role, 1);
    put_int(w, b->not_after_s, TIME_LEN);
    put_int(w, b->key_epoch, 4);
    put_bytes(w, b->pin_mac, sizeof b->pin_mac);
}

static void write_door(struct writer *w, const struct token *t)
{
    put_bytes(w, t->u.door.locker, sizeof t->u.door.locker);
    put_int(w, t->u.door.door, 2);
}

static void write_carer(struct writer *w, const struct token *t)
{
    const struct token_carer *c = &t->u.carer;
    put_binding(w, &c->bind);
    put_bytes(w, c->carer, sizeof c->carer);
    put_bytes(w, c->person, sizeof c->person);
    put_int(w, c->not_after_s, TIME_LEN);
}

static void write_key(struct writer *w, const struct token *t)
{
    put_int(w, t->u.key.key, 1);
}

static bool pickup_is_in_range(const struct token *t)
{
    const struct token_pickup *p = &t->u.pickup;
    return p->bind.load >= 1 && p->not_after_s > 0;
}

static bool voucher_is_in_range(const struct token *t)
{
    const struct token_voucher *v = &t->u.voucher;
    return v->bind.load >= 1 && v->not_before_s > 0 && v->not_before_s < v->not_after_s &&
           (unsigned)v->cls < TOKEN_CLASS_N && (unsigned)v->size < TOKEN_SIZE_N && (unsigned)v->zone < TOKEN_ZONE_N &&
           v->key_epoch >= 1 && (unsigned)v->language < LANGUAGE_N &&
           (v->has_v1 || sodium_is_zero(v->v1, sizeof v->v1) == 1);
}

static bool badge_is_in_range(const struct token *t)
{
    const struct token_badge *b = &t->u.badge;
    return (unsigned)b->role < TOKEN_ROLE_N && b->not_after_s > 0 && b->key_epoch >= 1;
}

static bool door_is_in_range(const struct token *t)
{
    const struct token_door *d = &t->u.door;
    return d->door >= 1 && d->door <= DOOR_MAX;
}

static bool carer_is_in_range(const struct token *t)
{
    const struct token_carer *c = &t->u.carer;
    bool standing = sodium_is_zero(c->bind.order, sizeof c->bind.order) == 1;
    bool nobody = sodium_is_zero(c->person, sizeof c->person) == 1;
    return c->not_after_s > 0 && (standing ? c->bind.load == 0 && !nobody : c->bind.load >= 1);
}

static bool key_is_in_range(const struct token *t)
{
    return t->u.key.key < TOKEN_KEYS;
}

static bool read_pickup(struct reader *in, struct token *t)
{
    struct token_pickup *p = &t->u.pickup;
    take_binding(in, &p->bind);
    p->not_after_s = take_int(in, TIME_LEN);
    take_bytes(in, p->id, sizeof p->id);
    return pickup_is_in_range(t);
}

static bool read_voucher(struct reader *in, struct token *t)
{
    struct token_voucher *v = &t->u.voucher;
    take_binding(in, &v->bind);
    v->not_before_s = take_int(in, TIME_LEN);
    v->not_after_s = take_int(in, TIME_LEN);
    v->cls = (enum token_class)take_int(in, 1);
    v->size = (enum token_size)take_int(in, 1);
    v->zone = (enum token_zone)take_int(in, 1);
    unsigned flags = (unsigned)take_int(in, 1);
    v->low_door = (flags & FLAG_LOW_DOOR) != 0;
    v->has_v1 = (flags & FLAG_HAS_V1) != 0;
    v->key_epoch = (uint32_t)take_int(in, 4);
    take_bytes(in, v->v1, sizeof v->v1);
    take_bytes(in, v->v2, sizeof v->v2);
    take_bytes(in, v->person, sizeof v->person);
    v->language = (enum language)take_int(in, 1);
    return (flags & ~FLAGS_ALL) == 0 && voucher_is_in_range(t);
}

static bool read_badge(struct reader *in, struct token *t)
{
    struct token_badge *b = &t->u.badge;
    take_bytes(in, b->locker, sizeof b->locker);
    take_bytes(in, b->staff, sizeof b->staff);
    take_bytes(in, b->badge, sizeof b->badge);
    b->role = (enum token_role)take_int(in, 1);
    b->not_after_s = take_int(in, TIME_LEN);
    b->key_epoch = (uint32_t)take_int(in, 4);
    take_bytes(in, b->pin_mac, sizeof b->pin_mac);
    return badge_is_in_range(t);
}

static bool read_door(struct reader *in, struct token *t)
{
    take_bytes(in, t->u.door.locker, sizeof t->u.door.locker);
    t->u.door.door = (uint16_t)take_int(in, 2);
    return door_is_in_range(t);
}

static bool read_carer(struct reader *in, struct token *t)
{
    struct token_carer *c = &t->u.carer;
    take_binding(in, &c->bind);
    take_bytes(in, c->carer, sizeof c->carer);
    take_bytes(in, c->person, sizeof c->person);
    c->not_after_s = take_int(in, TIME_LEN);
    return carer_is_in_range(t);
}

static bool read_key(struct reader *in, struct token *t)
{
    t->u.key.key = (uint8_t)take_int(in, 1);
    return key_is_in_range(t);
}

static const struct layout {
    const char *mark;
    const char *mark_hex;
    const char *noun;
    size_t len; /* of the whole, with the signature */
    bool is_signed;
    void (*write)(struct writer *w, const struct token *t);
    bool (*read)(struct reader *in, struct token *t);
    bool (*is_in_range)(const struct token *t);
} layouts[TOKEN_KIND_N] = {
    [TOKEN_PICKUP] = {"MQ1", "4D5131", "pickup token", PICKUP_LEN, true, write_pickup, read_pickup, pickup_is_in_range},
    [TOKEN_VOUCHER] = {"ML1", "4D4C31", "load voucher", VOUCHER_LEN, true, write_voucher, read_voucher,
                       voucher_is_in_range},
    [TOKEN_BADGE] = {"MS1", "4D5331", "staff badge", BADGE_LEN, true, write_badge, read_badge, badge_is_in_range},
    [TOKEN_DOOR] = {"MD1", "4D4431", "door label", DOOR_LEN, false, write_door, read_door, door_is_in_range},
    [TOKEN_CARER] = {"MC1", "4D4331", "carer's card", CARER_LEN, true, write_carer, read_carer, carer_is_in_range},
    [TOKEN_KEY] = {"MK1", "4D4B31", "key", KEY_LEN, false, write_key, read_key, key_is_in_range},
};

static void hex_upper(const uint8_t *bytes, size_t len, char *out)
{
    static const char digit[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digit[bytes[i] >> 4];
        out[2 * i + 1] = digit[bytes[i] & 15u];
    }
    out[2 * len] = '\0';
}

void token_encode(const struct token *t, const uint8_t secret[TOKEN_SECRET_KEY_LEN], char *out)
{
    assert((unsigned)t->kind < TOKEN_KIND_N && layouts[t->kind].is_in_range(t));
    const struct layout *l = &layouts[t->kind];
    struct writer w = {.len = 0};
    put_bytes(&w, (const uint8_t *)l->mark, MARK_LEN);
    l->write(&w, t);
    if (l->is_signed) {
        uint8_t signature[SIGNATURE_LEN];
        int rc = crypto_sign_detached(signature, NULL, w.bytes, w.len, secret);
        assert(rc == 0);
        (void)rc;
        put_bytes(&w, signature, sizeof signature);
    }
    assert(w.len == l->len);
    hex_upper(w.bytes, w.len, out);
}

static bool kind_of(const char *text, enum token_kind *out)
{
    for (unsigned k = 0; k < TOKEN_KIND_N; k++) {
        if (strncasecmp(text, layouts[k].mark_hex, (size_t)2 * MARK_LEN) == 0) {
            *out = (enum token_kind)k;
            return true;
        }
    }
    return false;
}

enum err token_decode(const char *text, const uint8_t public_key[TOKEN_PUBLIC_KEY_LEN], struct token *out,
                      struct reason *r)
{
    uint8_t bytes[BYTES_CAP];
    struct token t;
    memset(&t, 0, sizeof t);
    if (!kind_of(text, &t.kind)) {
        return err_because(r, ERR_UNKNOWN, "scan: no mark of a medlocker label");
    }
    const struct layout *l = &layouts[t.kind];
    size_t len = strnlen(text, 2 * l->len + 1);
    if (len > 2 * l->len) {
        return err_because(r, ERR_TOO_LONG, "scan: %s longer than %zu characters", l->noun, 2 * l->len);
    }
    if (len < 2 * l->len) {
        return err_because(r, ERR_SYNTAX, "scan: %s of %zu characters instead of %zu", l->noun, len, 2 * l->len);
    }
    if (num_from_hex(text, bytes, l->len) != ERR_OK) {
        return err_because(r, ERR_SYNTAX, "scan: %s with characters other than hex digits", l->noun);
    }
    size_t body = l->is_signed ? l->len - SIGNATURE_LEN : l->len;
    if (l->is_signed && crypto_sign_verify_detached(bytes + body, bytes, body, public_key) != 0) {
        return err_because(r, ERR_SIGNATURE, "scan: %s with a signature that does not fit", l->noun);
    }
    struct reader in = {.bytes = bytes, .at = MARK_LEN};
    bool in_range = l->read(&in, &t);
    assert(in.at == body);
    if (!in_range) {
        return err_because(r, ERR_RANGE, "scan: %s with a field out of range", l->noun);
    }
    *out = t;
    return ERR_OK;
}

int64_t token_class_lease_s(enum token_class c)
{
    static const int64_t lease_s[TOKEN_CLASS_N] = {
        [TOKEN_CLASS_ORDINARY] = INT64_C(7) * 24 * 3600,
        [TOKEN_CLASS_SENSITIVE] = INT64_C(24) * 3600,
        [TOKEN_CLASS_CONTROLLED] = INT64_C(4) * 3600,
    };
    assert((unsigned)c < TOKEN_CLASS_N);
    return lease_s[c];
}

static const char *const class_names[TOKEN_CLASS_N] = {"ordinary", "sensitive", "controlled"};
static const char *const size_names[TOKEN_SIZE_N] = {"S", "M", "L"};
static const char *const zone_names[TOKEN_ZONE_N] = {"room", "cold"};
static const char *const role_names[TOKEN_ROLE_N] = {"pharmacist", "logistics"};

static enum err name_find(const char *const *names, unsigned count, const char *text, unsigned *out)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

const char *token_class_name(enum token_class c)
{
    assert((unsigned)c < TOKEN_CLASS_N);
    return class_names[c];
}

const char *token_size_name(enum token_size s)
{
    assert((unsigned)s < TOKEN_SIZE_N);
    return size_names[s];
}

const char *token_zone_name(enum token_zone z)
{
    assert((unsigned)z < TOKEN_ZONE_N);
    return zone_names[z];
}

const char *token_role_name(enum token_role r)
{
    assert((unsigned)r < TOKEN_ROLE_N);
    return role_names[r];
}

enum err token_class_parse(const char *text, enum token_class *out)
{
    unsigned i = 0;
    enum err e = name_find(class_names, TOKEN_CLASS_N, text, &i);
    if (e == ERR_OK) {
        *out = (enum token_class)i;
    }
    return e;
}

enum err token_size_parse(const char *text, enum token_size *out)
{
    unsigned i = 0;
    enum err e = name_find(size_names, TOKEN_SIZE_N, text, &i);
    if (e == ERR_OK) {
        *out = (enum token_size)i;
    }
    return e;
}

enum err token_zone_parse(const char *text, enum token_zone *out)
{
    unsigned i = 0;
    enum err e = name_find(zone_names, TOKEN_ZONE_N, text, &i);
    if (e == ERR_OK) {
        *out = (enum token_zone)i;
    }
    return e;
}

enum err token_role_parse(const char *text, enum token_role *out)
{
    unsigned i = 0;
    enum err e = name_find(role_names, TOKEN_ROLE_N, text, &i);
    if (e == ERR_OK) {
        *out = (enum token_role)i;
    }
    return e;
}
