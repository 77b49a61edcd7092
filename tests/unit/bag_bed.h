/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bag_bed: a hub with two lockers, doors in them, and bags that a test packs, loads and lets collect. Include after
 * <cmocka.h>.
 */
#ifndef MEDLOCKER_TESTS_BAG_BED_H
#define MEDLOCKER_TESTS_BAG_BED_H

#include "backend/ingest.h"
#include "backend/mint.h"
#include "backend/pack.h"
#include "common/num.h"
#include "tests/unit/backend_bed.h"

#define BAG_OK(call) assert_int_equal(call, ERR_OK)

static const uint8_t BAG_LOCKER[STORE_LOCKER_LEN] = {0xAA, 1}, BAG_OTHER[STORE_LOCKER_LEN] = {0xBB, 2};

struct bag_bed {
    struct bed bed;
    struct act_who anna;
    unsigned told;              /* times that commands were said to wait */
    struct stream_cursor evt;   /* of BAG_LOCKER */
    char code[CODE_DIGITS + 1]; /* of the last bag packed */
};

static inline void bag_note_commands(void *arg)
{
    ((struct bag_bed *)arg)->told++;
}

static inline void bag_add_doors(struct bag_bed *b, const uint8_t *locker, const char *prefix)
{
    struct store *s = b->bed.hub.store;

    BAG_OK(s->ops->begin(s, NULL));
    for (uint16_t i = 1; i <= 6; i++) {
        struct store_compartment c = {.number = i, .row = 1, .column = i, .size = TOKEN_SIZE_L, .state = "FREE"};

        memcpy(c.locker, locker, sizeof(c.locker));
        (void)snprintf(c.door, sizeof(c.door), "%.4s%u", prefix, i % 10u);
        BAG_OK(s->ops->compartment_put(s, &c, NULL));
    }
    BAG_OK(s->ops->commit(s, NULL));
}

static inline int bag_bed_open(void **state)
{
    static const uint8_t key[32] = {1}, other_key[32] = {2};
    static struct bag_bed b;

    memset(&b, 0, sizeof(b));
    bed_open(&b.bed);
    bed_add_locker(&b.bed, "Dorpsrand", BAG_LOCKER, key);
    bed_add_locker(&b.bed, "Station", BAG_OTHER, other_key);
    bag_add_doors(&b, BAG_LOCKER, "A");
    bag_add_doors(&b, BAG_OTHER, "B");
    bed_add_user(&b.bed, "anna", STORE_ROLE_PHARMACIST, "");
    act_who_named("anna", &b.anna);
    b.bed.hub.commands_waiting = bag_note_commands;
    b.bed.hub.arg = &b;
    *state = &b;
    return 0;
}

static inline int bag_bed_close(void **state)
{
    bed_close(&((struct bag_bed *)*state)->bed);
    return 0;
}

/* A new order of this person. */
static inline struct order bag_ask(struct bag_bed *b, const char *patient, const char *birth_date)
{
    struct request q;
    struct order o;
    bool existed;

    request_init(&q, REQUEST_JSON);
    (void)snprintf(q.patient, sizeof(q.patient), "%s", patient);
    (void)snprintf(q.birth_date, sizeof(q.birth_date), "%s", birth_date);
    BAG_OK(act_register(&b->bed.hub, &b->anna, &q, NULL, &o, &existed, NULL));
    return o;
}

/* With the choices of how. */
static inline struct order bag_pack_by(struct bag_bed *b, const struct order *o, const uint8_t *locker,
                                       const struct pack *how)
{
    struct pack p = *how;
    struct reason r = {""};
    struct order out;

    p.who = b->anna;
    memcpy(p.order, o->id, sizeof(p.order));
    memcpy(p.locker, locker, sizeof(p.locker));
    if (pack_begin(&b->bed.hub, &p, &r) != ERR_OK)
        fail_msg("%s", r.text);
    mint_stretch(&p.job);
    memcpy(b->code, p.job.secret, sizeof(b->code));
    if (pack_finish(&b->bed.hub, &p, &out, &r) != ERR_OK)
        fail_msg("%s", r.text);
    mint_wipe(&p.job);
    return out;
}

static inline struct order bag_pack_as(struct bag_bed *b, const struct order *o, const uint8_t *locker, bool alone)
{
    return bag_pack_by(b, o, locker, &(struct pack){.alone = alone});
}

static inline struct order bag_pack(struct bag_bed *b, const struct order *o)
{
    return bag_pack_as(b, o, BAG_LOCKER, false);
}

static inline struct order bag_now(struct bag_bed *b, const struct order *o)
{
    struct order out;

    BAG_OK(b->bed.hub.store->ops->order_get(b->bed.hub.store, o->id, &out, NULL));
    return out;
}

/* An event of BAG_LOCKER, applied; dat as format. */
static inline ERR_PRINTF(3, 4) struct ingest_result bag_tell(struct bag_bed *b, const char *typ, const char *fmt, ...)
{
    const struct json_limits limits = {.max_len = JSON_MAX_MESSAGE, .max_depth = JSON_DEPTH_MESSAGE};
    struct msg m = {.head = {.stm = MSG_EVT, .epo = 1, .iat_ms = clock_wall_ms(), .clk = {.boot = 1}}};
    struct ingest_item x = {.msg = &m, .text = "h.p.s", .len = 5};
    const struct ingest_effects fx = {.arg = NULL};
    struct ingest_result res;
    struct reason r = {""};
    char dat[600];
    va_list args;

    va_start(args, fmt);
    assert_true(vsnprintf(dat, sizeof(dat), fmt, args) < (int)sizeof(dat));
    va_end(args);
    (void)snprintf(m.head.typ, sizeof(m.head.typ), "%s", typ);
    m.head.seq = b->evt.seq + 1;
    m.head.clk.boot_ms = 1000 * m.head.seq;
    memcpy(m.head.prv, b->evt.hash, MSG_HASH_LEN);
    randombytes_buf(m.hash, sizeof(m.hash));
    BAG_OK(json_parse(&m.dat, dat, strlen(dat), &limits, &r));
    memcpy(x.locker, BAG_LOCKER, sizeof(x.locker));
    if (ingest_batch(b->bed.hub.store, &x, 1, clock_wall_ms(), &fx, &res, &r) != ERR_OK)
        fail_msg("%s", r.text);
    b->evt.seq = m.head.seq;
    memcpy(b->evt.hash, m.hash, MSG_HASH_LEN);
    cJSON_Delete(m.dat);
    return res;
}

/* Order, load and door as members of an event. */
#define BAG_ORD "\"ord\":\"%s\",\"lod\":%u,\"door\":\"%s\""
static inline const char *bag_hex(const uint8_t *id, size_t len, char out[2 * ORDER_ID_LEN + 1])
{
    num_to_hex(id, len, out);
    return out;
}

static inline struct order bag_load(struct bag_bed *b, const struct order *o, const char *door)
{
    char hex[2 * ORDER_ID_LEN + 1];

    assert_false(bag_tell(b, "order.loaded.v1", "{" BAG_ORD ",\"staff\":\"0102030405060708\"}",
                          bag_hex(o->id, sizeof(o->id), hex), o->load, door)
                     .contradiction);
    return bag_now(b, o);
}

/* The last command for a locker; dat is freed by the caller. */
struct bag_command {
    char typ[MSG_TYPE_CAP];
    int64_t seq;
    struct msg msg;
    const struct hub *hub;
    unsigned count;
};

static inline bool bag_open_command(void *arg, const struct store_command *c)
{
    struct bag_command *to = arg;
    struct msg_keys keys = {.count = 1};
    struct reason r;
    char aud[MSG_ID_CAP];

    if (to->count++ > 0)
        msg_fini(&to->msg);
    num_to_hex(BAG_LOCKER, STORE_LOCKER_LEN, aud);
    msg_key_init(&keys.key[0], to->hub->keys.command.secret + 32);
    if (msg_open(&to->msg, c->text, c->len, MSG_DOWN, aud, MSG_CMD, &keys, 0, &r) != ERR_OK)
        fail_msg("%s", r.text);
    (void)snprintf(to->typ, sizeof(to->typ), "%s", c->typ);
    to->seq = c->seq;
    return true;
}

/* Fails when there is none; msg_fini(&out.msg) by the caller. */
static inline struct bag_command bag_last_command(struct bag_bed *b)
{
    struct store *s = b->bed.hub.store;
    struct bag_command out = {.hub = &b->bed.hub};

    BAG_OK(s->ops->command_list(s, BAG_LOCKER, 1, 100, bag_open_command, &out, NULL));
    assert_true(out.count > 0);
    return out;
}

#endif
