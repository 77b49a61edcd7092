/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/outbox.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/num.h"

static void fill_head(const struct hub *hub, const struct store_locker *l, const char *typ, struct msg_head *h)
{
    uint8_t id[16];

    *h = (struct msg_head){.iss = "hub", .stm = MSG_CMD, .epo = l->cmd.epoch, .seq = l->cmd.seq + 1};
    num_to_hex(l->id, sizeof(l->id), h->aud);
    (void)snprintf(h->typ, sizeof(h->typ), "%s", typ); /* a literal from the table of msg */
    memcpy(h->prv, l->cmd.hash, sizeof(h->prv));
    randombytes_buf(id, sizeof(id));
    num_to_hex(id, sizeof(id), h->jti);
    h->clk = hub_now(hub);
    h->iat_ms = h->clk.wall_ms;
    h->ack = l->evt.seq;
}

static enum err append(struct hub *hub, const struct store_locker *l, const char *typ, const cJSON *dat, int64_t *seq,
                       struct reason *r)
{
    struct stream_cursor next = {.epoch = l->cmd.epoch, .seq = l->cmd.seq + 1};
    struct store_command c = {.seq = next.seq};
    struct msg_head head;
    char *text;
    enum err e;

    fill_head(hub, l, typ, &head);
    e = msg_seal(&head, MSG_DOWN, dat, &hub->keys.command, &text, next.hash, r);
    if (e != ERR_OK)
        return e;
    (void)snprintf(c.typ, sizeof(c.typ), "%s", typ);
    c.text = text;
    c.len = strlen(text);
    c.created_ms = head.iat_ms;
    e = hub->store->ops->command_append(hub->store, l->id, &next, &c, r);
    free(text);
    if (e == ERR_OK && seq != NULL)
        *seq = next.seq;
    return e;
}

enum err outbox_append(struct hub *hub, const uint8_t locker[STORE_LOCKER_LEN], const char *typ, const cJSON *dat,
                       int64_t *seq, struct reason *r)
{
    struct store_locker l;
    enum err e = hub->store->ops->locker_get(hub->store, locker, &l, r);

    if (e != ERR_OK)
        return e;
    switch (l.state) {
    case STORE_LOCKER_ACTIVE:
    case STORE_LOCKER_FROZEN:
        e = append(hub, &l, typ, dat, seq, r);
        break;
    case STORE_LOCKER_REVOKED:
    case STORE_LOCKER_LOST:
    case STORE_LOCKER_STATE_N:
        e = err_because(r, ERR_STATE, "locker %s is %s: it gets no commands", l.name, store_locker_state_name(l.state));
        break;
    }
    sodium_memzero(&l, sizeof(l));
    return e;
}

static enum err append_and_free(struct hub *hub, const uint8_t *locker, const char *typ, cJSON *dat, int64_t *seq,
                                struct reason *r)
{
    enum err e = outbox_append(hub, locker, typ, dat, seq, r);

    cJSON_Delete(dat);
    return e;
}

enum err outbox_withdraw(struct hub *hub, const struct order *o, struct reason *r)
{
    cJSON *dat = json_new_object();

    json_put_hex(dat, "ord", o->id, sizeof(o->id));
    json_put_int(dat, "lod", o->load);
    json_put_text(dat, "cause", o->cause == ORDER_CAUSE_EXPIRED ? "expired" : "withdrawn");
    return append_and_free(hub, o->locker, "order.withdraw.v1", dat, NULL, r);
}

enum err outbox_revoke_badge(struct hub *hub, const struct store_badge *b, int64_t *seq, struct reason *r)
{
    cJSON *dat = json_new_object();

    json_put_hex(dat, "badge", b->badge, sizeof(b->badge));
    return append_and_free(hub, b->locker, "badge.revoke.v1", dat, seq, r);
}

enum err outbox_reset_guesses(struct hub *hub, const uint8_t locker[STORE_LOCKER_LEN],
                              const uint8_t staff[ORDER_STAFF_LEN], struct reason *r)
{
    cJSON *dat = json_new_object();

    json_put_hex(dat, "staff", staff, ORDER_STAFF_LEN);
    return append_and_free(hub, locker, "guess.reset.v1", dat, NULL, r);
}
