/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any topic and payload from the broker at the hub's router. The first byte chooses:
 *   'R'  retained, 'P' plain: the topic up to the first line feed, then the payload, as they came in;
 *   'X'  the rest is the content of the locker's next event, but somebody else signed it;
 *   'E'  the type of an event up to the first line feed, then its content, signed by the locker; 'T' its heartbeat;
 *   'A'  the content of its acknowledgement.
 * What the locker did not sign moves no cursor; what it signed never breaks the hub.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/link.h"
#include "common/json.h"
#include "common/num.h"
#include "tests/unit/backend_bed.h"

struct fixture {
    struct bed bed;
    struct link *link;
    uint8_t id[STORE_LOCKER_LEN];
    char hex[2 * STORE_LOCKER_LEN + 1];
    struct msg_signer locker, stranger;
    int64_t seq; /* of the last event that counted */
    uint8_t hash[MSG_HASH_LEN];
    uint32_t loose;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static enum err swallow(void *arg, const char *topic, const char *text, size_t len)
{
    (void)arg;
    require(strlen(topic) > 0 && strlen(text) == len && len <= MSG_TEXT_CAP);
    return ERR_OK;
}

static struct fixture *open_fixture(void)
{
    static struct fixture f;
    struct link_wire wire = {.publish = swallow};
    uint8_t public_key[32], secret[64], seed[32] = {42};
    struct reason r;
    bed_open(&f.bed);
    memset(f.id, 0xa5, sizeof f.id);
    num_to_hex(f.id, sizeof f.id, f.hex);
    (void)crypto_sign_seed_keypair(public_key, secret, seed);
    msg_signer_init(&f.locker, secret);
    bed_add_locker(&f.bed, "Noord", f.id, public_key);
    seed[0] = 43;
    (void)crypto_sign_seed_keypair(public_key, secret, seed);
    msg_signer_init(&f.stranger, secret);
    require(link_open(&f.link, &f.bed.hub, &wire, &r) == ERR_OK);
    link_on_up(f.link);
    return &f;
}

static int64_t cursor(struct fixture *f)
{
    struct store_locker l;
    link_flush(f->link);
    require(f->bed.hub.store->ops->locker_get(f->bed.hub.store, f->id, &l, NULL) == ERR_OK);
    return l.evt.seq;
}

static char *text_to(const uint8_t *data, size_t size, const uint8_t **rest)
{
    const uint8_t *end = size == 0 ? NULL : memchr(data, '\n', size);
    size_t len = end == NULL ? size : (size_t)(end - data);
    char *text = calloc(1, len + 1);
    require(text != NULL);
    if (len > 0)
        memcpy(text, data, len);
    *rest = end == NULL ? data + size : end + 1;
    return text;
}

static void as_it_came(struct fixture *f, const uint8_t *data, size_t size, bool retained)
{
    const uint8_t *payload;
    char *topic = text_to(data, size, &payload);
    link_on_message(f->link, topic, payload, (size_t)(data + size - payload), retained);
    free(topic);
}

static void as_signed(struct fixture *f, enum msg_stream stream, const char *typ, const uint8_t *data, size_t size,
                      const struct msg_signer *signer)
{
    static const struct json_limits limits = {JSON_MAX_MESSAGE / 2, JSON_DEPTH_MESSAGE - 1, JSON_STRICT};
    struct msg_head h = {.epo = 1, .iat_ms = clock_wall_ms(), .aud = "hub", .stm = stream};
    uint8_t hash[MSG_HASH_LEN];
    char topic[64], *text = NULL;
    struct reason r;
    cJSON *dat = NULL;
    if (strlen(typ) >= sizeof h.typ || !msg_type_is_known(MSG_UP, stream, typ) ||
        json_parse(&dat, size == 0 ? "" : (const char *)data, size, &limits, NULL) != ERR_OK)
        return;
    (void)snprintf(h.typ, sizeof h.typ, "%s", typ);
    (void)snprintf(h.iss, sizeof h.iss, "%s", f->hex);
    (void)snprintf(h.jti, sizeof h.jti, "%032x", ++f->loose);
    h.clk = (struct clock_now){.boot = 1, .boot_ms = 1000, .wall_ms = h.iat_ms, .quality = CLOCK_NTP};
    h.seq = stream == MSG_EVT ? f->seq + 1 : ((int64_t)1 << 32) + f->loose;
    if (stream == MSG_EVT)
        memcpy(h.prv, f->hash, sizeof h.prv);
    if (cJSON_IsObject(dat) && msg_seal(&h, MSG_UP, dat, signer, &text, hash, &r) == ERR_OK) {
        msg_topic(topic, f->hex, MSG_UP, stream);
        link_on_message(f->link, topic, text, strlen(text), false);
        if (stream == MSG_EVT && cursor(f) == h.seq) {
            f->seq = h.seq;
            memcpy(f->hash, hash, sizeof f->hash);
        }
    }
    free(text);
    cJSON_Delete(dat);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fixture *f; /* one hub for all inputs: what one leaves behind meets the next */
    const uint8_t *rest;
    if (size == 0)
        return 0;
    if (f == NULL)
        f = open_fixture();
    char *typ = text_to(data + 1, size - 1, &rest);
    size_t left = (size_t)(data + size - rest);
    if (data[0] == 'R' || data[0] == 'P')
        as_it_came(f, data + 1, size - 1, data[0] == 'R');
    else if (data[0] == 'X')
        as_signed(f, MSG_EVT, typ, rest, left, &f->stranger);
    require(cursor(f) == f->seq);
    if (data[0] == 'E')
        as_signed(f, MSG_EVT, typ, rest, left, &f->locker);
    else if (data[0] == 'T')
        as_signed(f, MSG_TEL, "locker.heartbeat.v1", data + 1, size - 1, &f->locker);
    else if (data[0] == 'A')
        as_signed(f, MSG_ACK, "ack.v1", data + 1, size - 1, &f->locker);
    free(typ);
    require(cursor(f) == f->seq);
    return 0;
}
