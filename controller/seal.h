/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal: makes the signed messages of this locker: numbered ones for the store's outbox, loose ones (heartbeat,
 * acknowledgement) whose newest counts. Reads the system's randomness for message ids.
 *
 * One thread.
 */
#ifndef MEDLOCKER_SEAL_H
#define MEDLOCKER_SEAL_H

#include "common/clock.h"
#include "common/err.h"
#include "common/json.h"
#include "common/msg.h"
#include "controller/identity.h"
#include "controller/store.h"

struct seal {
    const struct identity *id;
    uint32_t count; /* of loose messages in this boot */
};

/* A store_seal_fn; arg is a struct seal. */
enum err seal_numbered(void *arg, const struct store_out *out, char **text, uint8_t hash[MSG_HASH_LEN],
                       struct reason *r) ERR_MUST_CHECK;

/* A message of stream MSG_TEL or MSG_ACK; ack: last command applied. The caller frees *text with free(). */
enum err seal_loose(struct seal *s, enum msg_stream stream, const char *typ, const cJSON *dat,
                    const struct clock_now *now, int64_t ack, char **text, struct reason *r) ERR_MUST_CHECK;

#endif
