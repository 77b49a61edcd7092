/* SPDX-License-Identifier: Apache-2.0 */
/* admin_part: what the files of admin share. Included by backend/admin*.c only. */
#ifndef MEDLOCKER_ADMIN_PART_H
#define MEDLOCKER_ADMIN_PART_H

#include "backend/act.h"
#include "backend/admin.h"
#include "common/err.h"

/* One request: reads q, adds to a. */
struct admin_call {
    struct hub *hub;
    const cJSON *q;
    cJSON *a;
    struct act_who who;
    struct reason *r;
};

enum err admin_invite(struct admin_call *c) ERR_MUST_CHECK;
enum err admin_enrol(struct admin_call *c) ERR_MUST_CHECK;
enum err admin_revoke(struct admin_call *c) ERR_MUST_CHECK;
enum err admin_lockers(struct admin_call *c) ERR_MUST_CHECK;
enum err admin_address(struct admin_call *c) ERR_MUST_CHECK;
enum err admin_hours(struct admin_call *c) ERR_MUST_CHECK;
enum err admin_lost(struct admin_call *c) ERR_MUST_CHECK;
enum err admin_user_add(struct admin_call *c) ERR_MUST_CHECK;
enum err admin_user_list(struct admin_call *c) ERR_MUST_CHECK;
enum err admin_user_disable(struct admin_call *c) ERR_MUST_CHECK;
enum err admin_user_password(struct admin_call *c) ERR_MUST_CHECK;
enum err admin_user_forget(struct admin_call *c) ERR_MUST_CHECK;

/* The locker that member "name" or "locker" names. The caller wipes it. */
enum err admin_find_locker(struct admin_call *c, const char *key, struct store_locker *l) ERR_MUST_CHECK;

#endif
