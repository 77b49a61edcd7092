/* SPDX-License-Identifier: Apache-2.0 */
/*
 * account: what an administrator does to the users of the hub, and users to themselves: each act is one transaction
 * with its audit row. For hubctl (admin) and the pages (api). There is always an administrator who can log in: pages
 * cannot take the last one away (hubctl is for whoever is root on the machine).
 *
 * One thread. Errors besides the named: those of the store.
 */
#ifndef MEDLOCKER_ACCOUNT_H
#define MEDLOCKER_ACCOUNT_H

#include <stdbool.h>

#include "backend/act.h"
#include "backend/hub.h"
#include "common/err.h"

/* Reads login name, full name and role into u. Errors: ERR_SYNTAX, ERR_TOO_LONG, ERR_UNKNOWN (role). */
enum err account_read(struct store_user *u, const char *name, const char *full_name, const char *role,
                      struct reason *r) ERR_MUST_CHECK;

/* Adds *u, whose name, full_name, role, password and must_change are set; draws its staff id. Error: ERR_DUPLICATE. */
enum err account_add(struct hub *hub, const struct act_who *who, struct store_user *u, struct reason *r) ERR_MUST_CHECK;

enum account_step {
    ACCOUNT_DISABLE,  /* cannot log in; badges are revoked */
    ACCOUNT_ENABLE,   /* can log in again; needs new badges */
    ACCOUNT_ROLE,     /* badges, which hold the role, are revoked */
    ACCOUNT_UNLOCK,   /* ends the wait after wrong passwords */
    ACCOUNT_RESET,    /* a password that somebody else knows: to be changed at the first log-in; also enables */
    ACCOUNT_PASSWORD, /* a password for good */
    ACCOUNT_FORGET,   /* the second factor is lost: without it from now on */
    ACCOUNT_STEP_N
};

struct account_change {
    enum account_step step;
    enum store_role role;  /* ACCOUNT_ROLE */
    const char *hash;      /* ACCOUNT_RESET, ACCOUNT_PASSWORD: Argon2id string */
    bool keeps_last_admin; /* refuse what leaves nobody to administer */
};

/* Does it and ends the user's sessions (not for UNLOCK and ENABLE). Errors: ERR_NOT_FOUND, ERR_STATE (the last
 * administrator). */
enum err account_change(struct hub *hub, const struct act_who *who, const char *name, const struct account_change *x,
                        struct reason *r) ERR_MUST_CHECK;

#endif
