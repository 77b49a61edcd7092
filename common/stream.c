/* SPDX-License-Identifier: Apache-2.0 */
#include "common/stream.h"

#include <assert.h>
#include <string.h>

enum stream_verdict stream_judge(const struct stream_cursor *c, const struct msg *m)
{
    if (m->head.epo != c->epoch) {
        return STREAM_FOREIGN;
    }
    if (m->head.seq > c->seq + 1) {
        return STREAM_GAP;
    }
    if (m->head.seq == c->seq + 1) {
        return memcmp(m->head.prv, c->hash, MSG_HASH_LEN) == 0 ? STREAM_APPLY : STREAM_FORKED;
    }
    if (m->head.seq == c->seq && memcmp(m->hash, c->hash, MSG_HASH_LEN) != 0) {
        return STREAM_FORKED;
    }
    return STREAM_DUPLICATE;
}

void stream_advance(struct stream_cursor *c, const struct msg *m)
{
    assert(m->head.epo == c->epoch && m->head.seq == c->seq + 1);
    c->seq = m->head.seq;
    memcpy(c->hash, m->hash, MSG_HASH_LEN);
}
