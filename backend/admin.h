/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin: what hubctl asks for, as one JSON object in and one out: {"do": "locker.invite", "name": ...}. hubd runs it
 * for its control socket; hubctl runs it by itself when hubd is stopped: same code, one process with the store at a
 * time.
 *
 * Whoever may open the control socket (or the state folder) is an administrator. One thread. Blocks for the disk, and
 * for Argon2id when a badge is made.
 */
#ifndef MEDLOCKER_ADMIN_H
#define MEDLOCKER_ADMIN_H

#include <cjson/cJSON.h>
#include <stddef.h>

#include "backend/act.h"
#include "backend/hub.h"
#include "common/err.h"

#define ADMIN_REQUEST_MAX (2u * 1024 * 1024)

/* Never fails: a refusal is {"error": sentence, "code": name of enum err}. The caller deletes the answer. */
cJSON *admin_run(struct hub *hub, const cJSON *request);
/* The same as an act of this person (the pages), after everything that decides whether the person may. *answer is set
 * on ERR_OK only. Errors: of the command. */
enum err admin_run_as(struct hub *hub, const struct act_who *who, const cJSON *request, cJSON **answer,
                      struct reason *r) ERR_MUST_CHECK;
/* The same from and to text; free the answer with free(). */
char *admin_run_text(struct hub *hub, const char *text, size_t len);

#endif
