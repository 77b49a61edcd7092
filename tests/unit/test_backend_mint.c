/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/mint.h"
#include "backend/store_sqlite.h"

#define OK(call) assert_int_equal(call, ERR_OK)

struct fixture {
    char folder[64];
    struct store *s;
    struct mint_keys keys;
    uint8_t token_public[32];
    struct code_key code_key;
    struct store_locker locker;
    struct order order;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    uint8_t secret[64], store_key[32];
    struct request ask;
    uint8_t id[ORDER_ID_LEN] = {7};
    char path[96];

    if (f == NULL || sodium_init() < 0)
        return -1;
    memcpy(f->folder, "/tmp/medlocker-mint-XXXXXX", sizeof("/tmp/medlocker-mint-XXXXXX"));
    if (mkdtemp(f->folder) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/hub.db", f->folder);
    OK(store_sqlite_open(&f->s, path, NULL));
    (void)crypto_sign_keypair(f->token_public, secret);
    randombytes_buf(store_key, sizeof(store_key));
    mint_keys_init(&f->keys, secret, store_key);
    f->locker = (struct store_locker){.name = "Dorpsrand", .id = {0xAA}, .key_epoch = 3, .cost = {1, 64}};
    f->code_key.epoch = 3;
    randombytes_buf(f->code_key.bytes, sizeof(f->code_key.bytes));
    mint_key_seal(&f->keys, f->locker.id, &f->code_key, f->locker.key_box);
    request_init(&ask, REQUEST_JSON);
    memcpy(ask.birth_date, "1985-11-09", sizeof("1985-11-09"));
    ask.not_before_s = 1000;
    ask.not_after_s = 2000;
    order_init(&f->order, id, &ask, 1);
    f->order.state = ORDER_PACKED;
    f->order.load = 2;
    memcpy(f->order.locker, f->locker.id, sizeof(f->order.locker));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];

    f->s->ops->free(f->s);
    (void)snprintf(command, sizeof(command), "rm -rf %s", f->folder);
    int code = system(command);
    free(f);
    return code;
}

static void drawn(struct fixture *f, struct mint_job *job)
{
    OK(mint_draw(&f->keys, f->s, &f->locker, job, NULL));
    assert_int_equal(job->result, ERR_STATE);
    mint_stretch(job);
    OK(job->result);
}

static void a_locker_key_opens_only_where_it_belongs(void **state)
{
    struct fixture *f = *state;
    struct code_key out;
    struct store_locker l = f->locker;

    OK(mint_key_open(&f->keys, &l, &out, NULL));
    assert_int_equal(out.epoch, 3);
    assert_memory_equal(out.bytes, f->code_key.bytes, CODE_KEY_LEN);
    l.id[0] ^= 1;
    assert_int_equal(mint_key_open(&f->keys, &l, &out, NULL), ERR_SIGNATURE);
    l = f->locker;
    l.key_epoch++;
    assert_int_equal(mint_key_open(&f->keys, &l, &out, NULL), ERR_SIGNATURE);
    l = f->locker;
    l.key_box[30] ^= 1;
    assert_int_equal(mint_key_open(&f->keys, &l, &out, NULL), ERR_SIGNATURE);
}

static void the_voucher_carries_what_the_locker_needs_to_check_the_code(void **state)
{
    struct fixture *f = *state;
    struct mint_job job;
    struct store_packing p;
    struct token t;
    uint8_t mac[CODE_MAC_LEN];

    f->order.ask.low_door = true;
    f->order.ask.size = TOKEN_SIZE_M;
    drawn(f, &job);
    assert_true(code_is_well_formed(job.secret));
    OK(mint_finish(&f->keys, &job, &f->order, &p, NULL));
    OK(token_decode(p.voucher, f->token_public, &t, NULL));
    assert_int_equal(t.kind, TOKEN_VOUCHER);
    assert_memory_equal(t.u.voucher.bind.order, f->order.id, ORDER_ID_LEN);
    assert_int_equal(t.u.voucher.bind.load, 2);
    assert_int_equal(t.u.voucher.not_before_s, 1000);
    assert_int_equal(t.u.voucher.not_after_s, 2000);
    assert_true(t.u.voucher.low_door && t.u.voucher.has_v1 && t.u.voucher.size == TOKEN_SIZE_M);
    assert_int_equal(t.u.voucher.key_epoch, 3);
    code_mac1(&f->code_key, &t.u.voucher.bind, job.a, mac);
    assert_memory_equal(mac, t.u.voucher.v1, sizeof(mac));
    code_mac2(&f->code_key, &t.u.voucher.bind, job.a, "0911", mac);
    assert_memory_equal(mac, t.u.voucher.v2, sizeof(mac));
    OK(token_decode(p.pickup, f->token_public, &t, NULL));
    assert_int_equal(t.kind, TOKEN_PICKUP);
    assert_int_equal(t.u.pickup.bind.load, 2);
    assert_int_equal(t.u.pickup.not_after_s, 2000);
    mint_wipe(&job);
    assert_string_equal(job.secret, "");
}

static void classes_that_ask_the_birthday_get_no_v1(void **state)
{
    struct fixture *f = *state;
    struct mint_job job;
    struct store_packing p;
    struct token t;

    drawn(f, &job);
    f->order.ask.cls = TOKEN_CLASS_SENSITIVE;
    OK(mint_finish(&f->keys, &job, &f->order, &p, NULL));
    OK(token_decode(p.voucher, f->token_public, &t, NULL));
    assert_false(t.u.voucher.has_v1);
    f->order.ask.birth_date[0] = '\0';
    assert_int_equal(mint_finish(&f->keys, &job, &f->order, &p, NULL), ERR_MISSING);
    f->order.ask.cls = TOKEN_CLASS_ORDINARY; /* v2 can never match, but looks like any other */
    OK(mint_finish(&f->keys, &job, &f->order, &p, NULL));
    OK(token_decode(p.voucher, f->token_public, &t, NULL));
    assert_true(t.u.voucher.has_v1);
    assert_false(sodium_is_zero(t.u.voucher.v2, sizeof(t.u.voucher.v2)));
}

static void the_plain_code_is_nowhere_in_the_packing(void **state)
{
    struct fixture *f = *state;
    struct mint_job job;
    struct store_packing p;
    char code[CODE_DIGITS + 1];

    drawn(f, &job);
    OK(mint_finish(&f->keys, &job, &f->order, &p, NULL));
    assert_null(memmem(&p, sizeof(p), job.secret, CODE_DIGITS));
    OK(mint_open_code(&f->keys, &p, code, NULL));
    assert_string_equal(code, job.secret);
    p.load++;
    assert_int_equal(mint_open_code(&f->keys, &p, code, NULL), ERR_SIGNATURE);
    p.load--;
    p.code_kept = false;
    assert_int_equal(mint_open_code(&f->keys, &p, code, NULL), ERR_NOT_FOUND);
}

static void the_same_code_twice_at_one_locker_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct mint_job job;
    struct store_packing p, q;
    struct order second = f->order;
    bool live = false;

    drawn(f, &job);
    OK(mint_finish(&f->keys, &job, &f->order, &p, NULL));
    second.id[0] = 8;
    OK(mint_finish(&f->keys, &job, &second, &q, NULL));
    assert_memory_equal(p.code_index, q.code_index, sizeof(p.code_index));
    OK(f->s->ops->begin(f->s, NULL));
    OK(f->s->ops->order_insert(f->s, &f->order, NULL, NULL));
    OK(f->s->ops->order_insert(f->s, &second, NULL, NULL));
    OK(f->s->ops->packing_insert(f->s, &p, NULL));
    assert_int_equal(f->s->ops->packing_insert(f->s, &q, NULL), ERR_DUPLICATE);
    OK(f->s->ops->commit(f->s, NULL));
    OK(f->s->ops->code_is_live(f->s, f->locker.id, p.code_index, &live, NULL));
    assert_true(live);
    job.locker[0] = 0xAB; /* elsewhere it is another code */
    memcpy(second.locker, job.locker, sizeof(second.locker));
    OK(mint_finish(&f->keys, &job, &second, &q, NULL));
    assert_memory_not_equal(p.code_index, q.code_index, sizeof(p.code_index));
}

static void an_order_that_is_not_packed_for_this_locker_is_refused(void **state)
{
    struct fixture *f = *state;
    struct mint_job job;
    struct store_packing p;

    assert_int_equal(mint_draw(&f->keys, f->s, &f->locker, &job, NULL), ERR_OK);
    assert_int_equal(mint_finish(&f->keys, &job, &f->order, &p, NULL), ERR_STATE); /* not stretched */
    mint_stretch(&job);
    f->order.locker[0] ^= 1;
    assert_int_equal(mint_finish(&f->keys, &job, &f->order, &p, NULL), ERR_STATE);
    f->order.locker[0] ^= 1;
    f->order.state = ORDER_READY;
    assert_int_equal(mint_finish(&f->keys, &job, &f->order, &p, NULL), ERR_STATE);
    f->order.state = ORDER_PACKED;
    f->order.ask.not_after_s = 0;
    assert_int_equal(mint_finish(&f->keys, &job, &f->order, &p, NULL), ERR_RANGE);
}

static void easy_pins_are_refused(void **state)
{
    static const struct {
        const char *pin;
        enum err want;
    } row[] = {{"1111", ERR_RANGE},      {"1234", ERR_RANGE}, {"9876", ERR_RANGE},
               {"123", ERR_RANGE},       {"12a5", ERR_RANGE}, {"", ERR_RANGE},
               {"123456789", ERR_RANGE}, {"1357", ERR_OK},    {"19450505", ERR_OK}};
    struct fixture *f = *state;
    struct mint_job job;

    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        assert_int_equal(mint_pin(&f->keys, &f->locker, row[i].pin, &job, NULL), row[i].want);
}

static void a_badge_carries_the_mac_of_its_pin(void **state)
{
    struct fixture *f = *state;
    struct store_badge b = {.badge = {1}, .staff = {2}, .role = TOKEN_ROLE_LOGISTICS, .not_after_s = 5000};
    struct mint_job job;
    char text[TOKEN_TEXT_CAP];
    struct token t;
    uint8_t mac[CODE_MAC_LEN];

    memcpy(b.locker, f->locker.id, sizeof(b.locker));
    OK(mint_pin(&f->keys, &f->locker, "1357", &job, NULL));
    assert_int_equal(mint_badge(&f->keys, &job, &b, text, NULL), ERR_STATE);
    mint_stretch(&job);
    OK(mint_badge(&f->keys, &job, &b, text, NULL));
    OK(token_decode(text, f->token_public, &t, NULL));
    assert_int_equal(t.kind, TOKEN_BADGE);
    assert_int_equal(t.u.badge.role, TOKEN_ROLE_LOGISTICS);
    code_mac_badge(&f->code_key, f->locker.id, b.staff, b.badge, job.a, mac);
    assert_memory_equal(mac, t.u.badge.pin_mac, sizeof(mac));
    b.locker[0] ^= 1;
    assert_int_equal(mint_badge(&f->keys, &job, &b, text, NULL), ERR_STATE);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_locker_key_opens_only_where_it_belongs),
        CASE(the_voucher_carries_what_the_locker_needs_to_check_the_code),
        CASE(classes_that_ask_the_birthday_get_no_v1),
        CASE(the_plain_code_is_nowhere_in_the_packing),
        CASE(the_same_code_twice_at_one_locker_is_noticed),
        CASE(an_order_that_is_not_packed_for_this_locker_is_refused),
        CASE(easy_pins_are_refused),
        CASE(a_badge_carries_the_mac_of_its_pin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
