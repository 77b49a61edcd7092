/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/admin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/pack.h"
#include "common/num.h"
#include "tests/unit/backend_bed.h"

#define OK(call) assert_int_equal(call, ERR_OK)

static const uint8_t LOCKER[STORE_LOCKER_LEN] = {0xAA, 1};

static int set_up(void **state)
{
    static const uint8_t key[32];
    struct bed *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    bed_open(b);
    bed_add_user(b, "pharm", STORE_ROLE_PHARMACIST, "");
    bed_add_user(b, "other", STORE_ROLE_PHARMACIST, "");
    bed_add_locker(b, "Dorpsrand", LOCKER, key);
    *state = b;
    return 0;
}

static int tear_down(void **state)
{
    bed_close(*state);
    free(*state);
    return 0;
}

/* Fails unless the answer holds this. */
static void ask(struct bed *b, const char *request, const char *says)
{
    char *answer = admin_run_text(&b->hub, request, strlen(request));

    if (strstr(answer, says) == NULL)
        fail_msg("%s: %s", request, answer);
    free(answer);
}

static void put_order(struct bed *b, enum order_state state, unsigned n, uint8_t id[ORDER_ID_LEN])
{
    struct store *s = b->hub.store;
    struct request q;
    struct order o;

    request_init(&q, REQUEST_JSON);
    memset(id, 0, ORDER_ID_LEN);
    memcpy(id, &n, sizeof(n));
    order_init(&o, id, &q, 1);
    o.state = state;
    o.load = 1;
    memcpy(o.locker, LOCKER, sizeof(LOCKER));
    OK(s->ops->order_insert(s, &o, NULL, NULL));
}

static void every_bag_of_a_lost_locker_is_lost_however_old(void **state)
{
    struct bed *b = *state;
    struct store *s = b->hub.store;
    struct store_packing p = {.load = 1, .key_epoch = 1, .code_live = true};
    uint8_t old[ORDER_ID_LEN], newer[ORDER_ID_LEN];
    struct order o;

    OK(s->ops->begin(s, NULL));
    put_order(b, ORDER_READY, 0, old);
    memcpy(p.order, old, sizeof(old));
    memcpy(p.locker, LOCKER, sizeof(LOCKER));
    OK(s->ops->packing_insert(s, &p, NULL));
    for (unsigned i = 1; i <= STORE_PAGE_MAX; i++)
        put_order(b, ORDER_COLLECTED, i, newer);
    OK(s->ops->commit(s, NULL));
    ask(b, "{\"do\":\"locker.lost\",\"name\":\"Dorpsrand\",\"user\":\"pharm\",\"witness\":\"other\"}", "\"orders\":1");
    OK(s->ops->order_get(s, old, &o, NULL));
    assert_int_equal(o.state, ORDER_LOST);
}

static bool note_badge(void *arg, const struct store_badge *x)
{
    *(struct store_badge *)arg = *x;
    return true;
}

static void a_disabled_user_has_no_badge(void **state)
{
    struct bed *b = *state;
    struct store *s = b->hub.store;
    struct store_badge badge = {.revoked_ms = 0};
    struct store_locker l;

    ask(b, "{\"do\":\"badge\",\"user\":\"pharm\",\"locker\":\"Dorpsrand\",\"pin\":\"2580\",\"days\":90}", "\"badge\"");
    ask(b, "{\"do\":\"badge\",\"user\":\"other\",\"locker\":\"Dorpsrand\",\"pin\":\"2580\",\"days\":90}", "\"badge\"");
    ask(b, "{\"do\":\"user.disable\",\"name\":\"pharm\"}", "pharm");
    struct store_user u;
    OK(s->ops->user_get(s, "pharm", &u, NULL));
    OK(s->ops->badge_list(s, u.staff, note_badge, &badge, NULL));
    assert_true(badge.revoked_ms != 0);
    OK(s->ops->locker_get(s, LOCKER, &l, NULL));
    assert_int_equal(l.cmd.seq, 1);
    ask(b, "{\"do\":\"user.disable\",\"name\":\"pharm\"}", "pharm");
    OK(s->ops->user_get(s, "other", &u, NULL));
    OK(s->ops->badge_list(s, u.staff, note_badge, &badge, NULL));
    assert_int_equal(badge.revoked_ms, 0);
    ask(b, "{\"do\":\"locker.revoke\",\"name\":\"Dorpsrand\"}", "Dorpsrand");
    ask(b, "{\"do\":\"user.disable\",\"name\":\"other\"}", "other"); /* a revoked locker hears nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_bag_of_a_lost_locker_is_lost_however_old, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_disabled_user_has_no_badge, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
