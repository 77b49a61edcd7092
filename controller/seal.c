/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/seal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/num.h"

static void set_text(char *out, size_t cap, const char *text)
{
    (void)snprintf(out, cap, "%s", text);
}

static void begin_head(struct msg_head *h, const struct identity *id, enum msg_stream stream, const char *typ,
                       const struct clock_now *now)
{
    uint8_t jti[16];
    *h = (struct msg_head){.stm = stream, .epo = id->terms.epoch, .iat_ms = now->wall_ms, .clk = *now};
    set_text(h->iss, sizeof h->iss, id->terms.id);
    set_text(h->aud, sizeof h->aud, "hub");
    set_text(h->typ, sizeof h->typ, typ);
    randombytes_buf(jti, sizeof jti);
    num_to_hex(jti, sizeof jti, h->jti);
}

enum err seal_numbered(void *arg, const struct store_out *out, char **text, uint8_t hash[MSG_HASH_LEN],
                       struct reason *r)
{
    struct seal *s = arg;
    struct msg_head head;
    begin_head(&head, s->id, MSG_EVT, out->typ, &out->now);
    head.epo = out->epoch;
    head.seq = out->seq;
    head.ack = out->inbox_seq;
    memcpy(head.prv, out->prv, MSG_HASH_LEN);
    return msg_seal(&head, MSG_UP, out->dat, &s->id->signer, text, hash, r);
}

enum err seal_loose(struct seal *s, enum msg_stream stream, const char *typ, const cJSON *dat,
                    const struct clock_now *now, int64_t ack, char **text, struct reason *r)
{
    struct msg_head head;
    begin_head(&head, s->id, stream, typ, now);
    head.seq = ((int64_t)now->boot << 32) + ++s->count;
    head.ack = ack;
    return msg_seal(&head, MSG_UP, dat, &s->id->signer, text, NULL, r);
}
