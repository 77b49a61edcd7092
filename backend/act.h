/* SPDX-License-Identifier: Apache-2.0 */
/*
 * act: what people (and time) do at the hub: each act is one transaction with its audit row and the commands that
 * follow from it. Whether this person may do it was decided before (api, control).
 *
 * One thread. Errors besides the named: those of the store.
 */
#ifndef MEDLOCKER_ACT_H
#define MEDLOCKER_ACT_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/hub.h"
#include "backend/order.h"
#include "common/err.h"

/* Who acts: a user, or the hub itself ("system", no staff id). */
struct act_who {
    char name[STORE_NAME_CAP];
    uint8_t staff[ORDER_STAFF_LEN];
};
void act_who_user(const struct store_user *u, struct act_who *out);
void act_who_named(const char *name, struct act_who *out); /* "system", "hubctl" */

/* One audit row inside an open transaction. order may be NULL; texts without patient data, cut when too long. */
enum err act_audit(struct hub *hub, const struct act_who *who, const char *action, const uint8_t *order,
                   const char *subject, const char *detail, struct reason *r) ERR_MUST_CHECK;
/* The same as a transaction of its own. */
enum err act_note(struct hub *hub, const struct act_who *who, const char *action, const uint8_t *order,
                  const char *subject, const char *detail, struct reason *r) ERR_MUST_CHECK;

/* The clock of the hub as the rules of new orders want it. */
struct request_now act_now(void);

/* A new order; ERR_RANGE: see request_check_new; ERR_UNKNOWN: its pharmacy does not share these lockers. The same
 * source and reference again is not an error: *out is the first one and *existed true. */
enum err act_register(struct hub *hub, const struct act_who *who, const struct request *q, const char *kept,
                      struct order *out, bool *existed, struct reason *r) ERR_MUST_CHECK;

/* Whether act_register would take it as a new one; nothing is kept. */
enum err act_check(struct hub *hub, const struct request *q, struct reason *r) ERR_MUST_CHECK;
/* The same as act_register inside an open transaction. */
enum err act_register_inside(struct hub *hub, const struct act_who *who, const struct request *q, struct order *out,
                             bool *existed, struct reason *r) ERR_MUST_CHECK;

/* A whole table: all of its rows or, on an error, none; each is called for every row, in order, before the end. */
enum err act_register_all(struct hub *hub, const struct act_who *who, const struct request *rows, size_t n,
                          void (*each)(void *arg, const struct order *o, bool existed), void *arg,
                          struct reason *r) ERR_MUST_CHECK;

/* A step that people take with a bag that is not PACK: CANCEL, DEPART, ARRIVE_BACK, WITHDRAW, TAKE_BACK, COUNTER,
 * RESTOCK, DESTROY. Errors: ERR_NOT_FOUND, ERR_STATE, ERR_UNKNOWN (not such a step). */
enum err act_step(struct hub *hub, const struct act_who *who, const uint8_t order[ORDER_ID_LEN],
                  enum order_event_kind kind, const char *comment, struct order *out, struct reason *r) ERR_MUST_CHECK;

/* Applies ev and its effects to o inside an open transaction. */
enum err act_apply(struct hub *hub, struct order *o, const struct order_event *ev, struct reason *r) ERR_MUST_CHECK;

/* Orders whose window is over: EXPIRE for each; *count of them. Withdrawals that no command is on its way for (a label
 * was loaded after it was called back) are sent again. For every minute. */
enum err act_expire_due(struct hub *hub, unsigned *count, struct reason *r) ERR_MUST_CHECK;
enum err act_withdraw_again(struct hub *hub, const uint8_t order[ORDER_ID_LEN], struct reason *r) ERR_MUST_CHECK;
/* The same inside an open transaction; the caller tells the link. */
enum err act_withdraw_inside(struct hub *hub, const uint8_t order[ORDER_ID_LEN], struct reason *r) ERR_MUST_CHECK;

/* Tickets (act_fault.c). Somebody looks after it; somebody adds what they found; somebody says that it is settled: only
 * where evidence cannot come (ticket_closes_on_evidence, or the locker, door, board or sensor is not there any more).
 * Settling GUESSING tells the locker. Comments have 1 to ACT_COMMENT_MAX bytes. Errors: ERR_NOT_FOUND, ERR_STATE
 * (closed already; the locker itself closes it), ERR_MISSING, ERR_TOO_LONG (comment). */
#define ACT_COMMENT_MAX 200
enum err act_take_fault(struct hub *hub, const struct act_who *who, int64_t id, struct reason *r) ERR_MUST_CHECK;
enum err act_comment_fault(struct hub *hub, const struct act_who *who, int64_t id, const char *comment,
                           struct reason *r) ERR_MUST_CHECK;
enum err act_close_fault(struct hub *hub, const struct act_who *who, int64_t id, const char *comment,
                         struct reason *r) ERR_MUST_CHECK;
/* Whether people may close it, as above. */
enum err act_may_close_fault(struct hub *hub, const struct store_fault *f, bool *may, struct reason *r) ERR_MUST_CHECK;

/* Somebody has seen an excursion and says what it means; everybody sees it as before, with these words. x: locker,
 * sensor, start_ms, role, text. Errors: ERR_NOT_FOUND (nothing was told of the sensor at that time), ERR_MISSING,
 * ERR_TOO_LONG. */
enum err act_note_excursion(struct hub *hub, const struct act_who *who, struct store_excursion_note *x,
                            struct reason *r) ERR_MUST_CHECK;

/* The badge dies at the hub now and at its locker when that has confirmed. Errors: ERR_NOT_FOUND, ERR_STATE. */
enum err act_revoke_badge(struct hub *hub, const struct act_who *who, const uint8_t badge[8],
                          struct reason *r) ERR_MUST_CHECK;
/* The same inside an open transaction; the caller tells the link. */
enum err act_revoke_inside(struct hub *hub, const struct act_who *who, const uint8_t *badge,
                           struct reason *r) ERR_MUST_CHECK;
/* After a commit: commands may be waiting. */
void act_tell_commands(const struct hub *hub);

#endif
