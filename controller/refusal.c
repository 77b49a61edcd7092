/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/refusal.h"

#include <string.h>

#include "controller/locker.h"

/* Of a notice that says no to what was scanned; NULL: it does not. WRONG_DOOR has its own record, RELEASED did what was
 * asked for. */
static const char *const causes[SCREEN_NOTICE_N] = {
    [SCREEN_NOTICE_BAD_SCAN] = "bad-scan",
    [SCREEN_NOTICE_TRY_LATER] = "try-later",
    [SCREEN_NOTICE_CHECK] = "wrong-bag",
    [SCREEN_NOTICE_TAKE_OUT] = "take-out",
    [SCREEN_NOTICE_WRONG_LOCKER] = "wrong-locker",
    [SCREEN_NOTICE_WRONG_KEY] = "wrong-key",
    [SCREEN_NOTICE_EXPIRED] = "expired",
    [SCREEN_NOTICE_WITHDRAWN] = "withdrawn",
    [SCREEN_NOTICE_COLLECTED] = "collected",
    [SCREEN_NOTICE_OLD_LABEL] = "old-label",
    [SCREEN_NOTICE_IN_LOCKER] = "in-locker",
    [SCREEN_NOTICE_NO_DOOR] = "no-door",
    [SCREEN_NOTICE_FULL] = "full",
    [SCREEN_NOTICE_WRONG_LABEL] = "wrong-label",
    [SCREEN_NOTICE_FINISH_FIRST] = "finish-first",
    [SCREEN_NOTICE_CLOSE_DOORS] = "close-doors",
    [SCREEN_NOTICE_UNKNOWN_DOOR] = "unknown-door",
    [SCREEN_NOTICE_NOT_FOR_LOOK] = "not-for-look",
    [SCREEN_NOTICE_BOARD] = "board",
    [SCREEN_NOTICE_SUPPLY] = "supply",
    [SCREEN_NOTICE_NOT_TESTED] = "not-tested",
    [SCREEN_NOTICE_UNTESTED] = "untested",
};

static bool was_told(const struct refusal *told, const struct refusal *now)
{
    return told->notice == now->notice && told->door == now->door && told->order.load == now->order.load &&
           memcmp(told->order.id, now->order.id, CODE_ORDER_LEN) == 0 &&
           now->told_ms - told->told_ms < REFUSAL_AGAIN_MS;
}

void refusal_note(struct locker *l, const struct token_voucher *v, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    struct refusal now = {.notice = s->notice, .door = s->notice_door, .told_ms = ev->now.boot_ms};
    const char *cause = causes[s->notice];
    if (v != NULL) {
        now.order.present = true;
        now.order.load = v->bind.load;
        memcpy(now.order.id, v->bind.order, CODE_ORDER_LEN);
    }
    if (cause == NULL) { /* a scan that counted: the next refusal is a new one */
        s->refusal = (struct refusal){.notice = SCREEN_NOTICE_NONE};
        return;
    }
    if (was_told(&s->refusal, &now) || !locker_outbox_has_room(l, REFUSAL_ROOM_PERCENT, 0))
        return;
    s->refusal = now;
    struct record *rec = effects_record(fx, RECORD_SCAN_REFUSED, now.door);
    rec->order = now.order;
    rec->actor = record_by_staff(s->badge.staff);
    rec->u.cause = cause;
}
