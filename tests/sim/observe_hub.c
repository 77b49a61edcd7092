/* SPDX-License-Identifier: Apache-2.0 */
/* observe: the functions of the hub's side that are wrapped. */
#include "backend/audit.h"
#include "backend/hub.h"
#include "backend/ingest.h"
#include "tests/sim/observe.h"
#include "tests/sim/observe_part.h"

enum err __real_ingest_batch(struct store *s, const struct ingest_item *items, unsigned n, int64_t now_ms,
                             const struct ingest_effects *fx, struct ingest_result *results, struct reason *r);
void __real_hub_close(struct hub *hub);

enum err __wrap_ingest_batch(struct store *s, const struct ingest_item *items, unsigned n, int64_t now_ms,
                             const struct ingest_effects *fx, struct ingest_result *results, struct reason *r)
{
    bool was_dead = observed_is_dead();
    enum err e = __real_ingest_batch(s, items, n, now_ms, fx, results, r);
    if (was_dead)
        return e;
    bool sure = e == ERR_OK && !observed_is_dead();
    for (unsigned i = 0; i < n; i++) {
        const struct msg_head *h = &items[i].msg->head;
        if (!sure || results[i].outcome == INGEST_APPLIED)
            observed_applied(items[i].locker, h->epo, h->seq, h->typ, sure);
    }
    return e;
}

void __wrap_hub_close(struct hub *hub)
{
    if (hub->store != NULL && !hub->broken && !observed_is_dead()) {
        uint8_t head[STORE_HASH_LEN];
        int64_t rows;
        struct reason r;
        enum err e = audit_verify(hub->store, &rows, head, &r);
        observed_chain("hub", e == ERR_CORRUPT ? r.text : NULL);
    }
    __real_hub_close(hub);
}
