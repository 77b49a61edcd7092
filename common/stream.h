/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream: where a numbered stream (evt, cmd) stands, on either side: epoch, last sequence, hash of the last message.
 * Decides whether a message is the next one, a duplicate, beyond a gap, or proof of two histories. Pure; the caller
 * stores the cursor in the same transaction as the effect (receiver) or the outbox row (sender).
 */
#ifndef MEDLOCKER_STREAM_H
#define MEDLOCKER_STREAM_H

#include "common/msg.h"

struct stream_cursor {
    uint32_t epoch;
    int64_t seq;                /* last applied (receiver) or last written (sender); 0: none */
    uint8_t hash[MSG_HASH_LEN]; /* of that message; zeros when seq is 0 */
};

enum stream_verdict {
    STREAM_APPLY,     /* exactly the next one, chained to the last */
    STREAM_DUPLICATE, /* seq <= last: no effect, acknowledge again */
    STREAM_GAP,       /* seq > last + 1: no effect, acknowledge the cursor so that the sender resends */
    STREAM_FORKED,    /* known sequence with another hash, or a wrong prv at last + 1: freeze the sender, tell people */
    STREAM_FOREIGN,   /* another epoch: no effect, count */
};

/* What to do with m given the cursor. Only the last hash is kept, so a fork is seen at seq == last and at prv. */
enum stream_verdict stream_judge(const struct stream_cursor *c, const struct msg *m);

/* The cursor after m was applied. */
void stream_advance(struct stream_cursor *c, const struct msg *m);

#endif
