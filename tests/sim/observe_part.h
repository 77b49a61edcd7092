/* SPDX-License-Identifier: Apache-2.0 */
/* observe_part: the names by which the sides are linked. Included by observe*.c only. */
#ifndef MEDLOCKER_SIM_OBSERVE_PART_H
#define MEDLOCKER_SIM_OBSERVE_PART_H

#include "common/err.h"
#include "common/log.h"

void __wrap_log_write(enum log_level level, const char *module, const char *fmt, ...) ERR_PRINTF(3, 4);

#ifdef MEDLOCKER_LOCKER_H
void __wrap_locker_init(struct locker *l, const struct cabinet *cabinet, const struct clock_now *now);
void __wrap_locker_decide(struct locker *l, const struct event *ev, struct effects *fx);
enum err __wrap_store_load(struct store *s, struct locker *l, struct reason *r);
enum err __wrap_store_commit(struct store *s, const struct locker *l, const struct effects *fx,
                             const struct stream_cursor *inbox, const struct clock_now *now, struct reason *r);
enum err __wrap_store_outbox_ack(struct store *s, int64_t seq, struct reason *r);
void __wrap_store_close(struct store *s);
#endif

#ifdef MEDLOCKER_HUB_H
struct ingest_item;
struct ingest_effects;
struct ingest_result;
enum err __wrap_ingest_batch(struct store *s, const struct ingest_item *items, unsigned n, int64_t now_ms,
                             const struct ingest_effects *fx, struct ingest_result *results, struct reason *r);
void __wrap_hub_close(struct hub *hub);
#endif

#endif
