/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/stream.h"

/* A message with the number seq whose hash is filled with h and whose prv is filled with prv. */
static struct msg message(uint32_t epoch, int64_t seq, uint8_t prv, uint8_t h)
{
    struct msg m;
    memset(&m, 0, sizeof m);
    m.head.epo = epoch;
    m.head.seq = seq;
    memset(m.head.prv, prv, sizeof m.head.prv);
    memset(m.hash, h, sizeof m.hash);
    return m;
}

static struct stream_cursor cursor(uint32_t epoch, int64_t seq, uint8_t h)
{
    struct stream_cursor c = {.epoch = epoch, .seq = seq};
    memset(c.hash, h, sizeof c.hash);
    return c;
}

static void each_case_has_its_verdict(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t epoch;
        int64_t seq; /* of the message; the cursor stands at epoch 2, seq 5, hash 5 */
        uint8_t prv, hash;
        enum stream_verdict want;
    } rows[] = {
        {"next, chained", 2, 6, 5, 6, STREAM_APPLY},
        {"next, chained to something else", 2, 6, 9, 6, STREAM_FORKED},
        {"next, chained to nothing", 2, 6, 0, 6, STREAM_FORKED},
        {"the last once more", 2, 5, 4, 5, STREAM_DUPLICATE},
        {"the last with other content", 2, 5, 4, 9, STREAM_FORKED},
        {"an older one", 2, 4, 3, 4, STREAM_DUPLICATE},
        {"an older one that cannot be compared any more", 2, 1, 9, 9, STREAM_DUPLICATE},
        {"one missing", 2, 7, 6, 7, STREAM_GAP},
        {"many missing", 2, INT64_C(9007199254740991), 6, 7, STREAM_GAP},
        {"old epoch", 1, 6, 5, 6, STREAM_FOREIGN},
        {"new epoch that nobody granted", 3, 1, 0, 1, STREAM_FOREIGN},
    };
    struct stream_cursor c = cursor(2, 5, 5);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct msg m = message(rows[i].epoch, rows[i].seq, rows[i].prv, rows[i].hash);
        if (stream_judge(&c, &m) != rows[i].want) {
            fail_msg("%s: %d instead of %d", rows[i].name, (int)stream_judge(&c, &m), (int)rows[i].want);
        }
    }
}

static void first_message_is_chained_to_zeros(void **state)
{
    (void)state;
    struct stream_cursor c = cursor(1, 0, 0);
    struct msg first = message(1, 1, 0, 1), chained = message(1, 1, 7, 1), second = message(1, 2, 1, 2);
    assert_int_equal(stream_judge(&c, &first), STREAM_APPLY);
    assert_int_equal(stream_judge(&c, &chained), STREAM_FORKED);
    assert_int_equal(stream_judge(&c, &second), STREAM_GAP);
}

static void cursor_follows_what_was_applied(void **state)
{
    (void)state;
    struct stream_cursor c = cursor(1, 0, 0);
    for (int64_t seq = 1; seq <= 100; seq++) {
        struct msg m = message(1, seq, (uint8_t)(seq - 1), (uint8_t)seq);
        assert_int_equal(stream_judge(&c, &m), STREAM_APPLY);
        stream_advance(&c, &m);
        assert_int_equal(c.seq, seq);
        assert_memory_equal(c.hash, m.hash, MSG_HASH_LEN);
        assert_int_equal(stream_judge(&c, &m), STREAM_DUPLICATE);
    }
}

/* A board restored from an old copy goes on from an old number with new content. */
static void restored_copy_is_seen_as_a_fork_or_stays_without_effect(void **state)
{
    (void)state;
    struct stream_cursor c = cursor(1, 5, 5);
    struct msg old = message(1, 4, 3, 0x44), same = message(1, 5, 0x44, 0x55), next = message(1, 6, 0x55, 0x66);
    assert_int_equal(stream_judge(&c, &old), STREAM_DUPLICATE);
    assert_int_equal(stream_judge(&c, &same), STREAM_FORKED);
    assert_int_equal(stream_judge(&c, &next), STREAM_FORKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case_has_its_verdict),
        cmocka_unit_test(first_message_is_chained_to_zeros),
        cmocka_unit_test(cursor_follows_what_was_applied),
        cmocka_unit_test(restored_copy_is_seen_as_a_fork_or_stays_without_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
