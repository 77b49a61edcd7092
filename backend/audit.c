/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/audit.h"

#include <sodium.h>
#include <string.h>

#include "common/num.h"

static void add_int(crypto_generichash_state *h, int64_t v)
{
    uint8_t be[8];

    num_put_be(be, (uint64_t)v, sizeof(be));
    (void)crypto_generichash_update(h, be, sizeof(be));
}

static void add_text(crypto_generichash_state *h, const char *text)
{
    size_t len = strlen(text);

    add_int(h, (int64_t)len);
    (void)crypto_generichash_update(h, (const unsigned char *)text, len);
}

/* The calls of libsodium cannot fail with these constant lengths. */
void audit_hash(const struct store_audit *a, uint8_t out[STORE_HASH_LEN])
{
    crypto_generichash_state h;

    (void)crypto_generichash_init(&h, NULL, 0, STORE_HASH_LEN);
    (void)crypto_generichash_update(&h, a->prev, sizeof(a->prev));
    add_int(&h, a->seq);
    add_int(&h, a->at_ms);
    add_text(&h, a->actor);
    add_text(&h, a->responsible);
    add_text(&h, a->action);
    add_int(&h, a->has_order);
    (void)crypto_generichash_update(&h, a->order, sizeof(a->order));
    add_text(&h, a->subject);
    add_text(&h, a->detail);
    (void)crypto_generichash_final(&h, out, STORE_HASH_LEN);
}

struct walk {
    int64_t rows;
    unsigned seen;
    uint8_t head[STORE_HASH_LEN];
    bool broken;
};

static bool check_row(void *arg, const struct store_audit *a)
{
    struct walk *w = arg;
    uint8_t hash[STORE_HASH_LEN];

    audit_hash(a, hash);
    w->broken = a->seq != w->rows + 1 || memcmp(a->prev, w->head, sizeof(hash)) != 0 ||
                memcmp(a->hash, hash, sizeof(hash)) != 0;
    if (w->broken) {
        return false;
    }
    w->rows++;
    w->seen++;
    memcpy(w->head, hash, sizeof(hash));
    return true;
}

enum err audit_verify(struct store *s, int64_t *rows, uint8_t head[STORE_HASH_LEN], struct reason *r)
{
    struct walk w = {0};

    do {
        w.seen = 0;
        enum err e = s->ops->audit_list(s, NULL, w.rows, STORE_PAGE_MAX, check_row, &w, r);
        if (e != ERR_OK) {
            return e;
        }
        if (w.broken) {
            return err_because(r, ERR_CORRUPT, "audit: row %lld does not follow from the one before",
                               (long long)(w.rows + 1));
        }
    } while (w.seen == STORE_PAGE_MAX);
    *rows = w.rows;
    memcpy(head, w.head, STORE_HASH_LEN);
    return ERR_OK;
}
