/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: the Unix socket at which hubctl speaks to hubd: mode 0600, one line of JSON in, one line out, as admin says
 * it. Only the own user and root are heard.
 *
 * One thread, in the loop; a request is run as a whole, in between nothing else happens.
 */
#ifndef MEDLOCKER_BACKEND_CONTROL_H
#define MEDLOCKER_BACKEND_CONTROL_H

#include <stddef.h>

#include "backend/hub.h"
#include "common/err.h"

struct control;

/* Listens at hub->cfg.control; a socket file that nobody listens at any more is replaced. Errors: ERR_BUSY (somebody
 * does), ERR_TOO_LONG, ERR_IO. */
enum err control_open(struct control **out, struct hub *hub, struct reason *r) ERR_MUST_CHECK;
void control_free(struct control *c); /* NULL is fine; removes the file */

/* For hubctl: asks, waits for the answer (free with free()). Errors: ERR_NOT_FOUND (nobody listens), ERR_DENIED,
 * ERR_TIMEOUT, ERR_IO, ERR_TOO_LONG. */
enum err control_ask(const char *path, const char *line, char **answer, struct reason *r) ERR_MUST_CHECK;

#endif
