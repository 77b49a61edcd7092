/* SPDX-License-Identifier: Apache-2.0 */
/*
 * factor: the second factor of a user: an authenticator app (totp), and ten spare codes for the day that the telephone
 * is lost. The app's secret is sealed with a key derived from the hub's store key and bound to the user's name; of
 * spare codes only a keyed hash is kept. Every code is good once.
 *
 * One thread. All but factor_get_state need an open transaction. Errors besides the named: those of the store.
 */
#ifndef MEDLOCKER_FACTOR_H
#define MEDLOCKER_FACTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/hub.h"
#include "backend/totp.h"
#include "common/err.h"

#define FACTOR_SPARES 10
#define FACTOR_SPARE_CAP 12 /* "k7qfm-2xh9p", about 49 bits, with NUL */

struct factor_state {
    bool confirmed;  /* asked at log-in */
    unsigned spares; /* spare codes left */
};
enum err factor_get_state(struct hub *hub, const char *user, struct factor_state *out, struct reason *r) ERR_MUST_CHECK;

/* Draws a new secret, not yet asked for; one that was never confirmed is forgotten. base32 is wiped by the caller.
 * Error: ERR_STATE (there is a confirmed one). */
enum err factor_begin(struct hub *hub, const char *user, int64_t now_ms, char base32[TOTP_BASE32_CAP],
                      struct reason *r) ERR_MUST_CHECK;
/* The first code of the app makes it the second factor from now on, and draws the spare codes. Errors: ERR_STATE (not
 * begun, or confirmed already), ERR_UNKNOWN (wrong code), ERR_SIGNATURE (the secret cannot be opened). */
enum err factor_confirm(struct hub *hub, const char *user, const char *code, int64_t now_ms,
                        char spares[FACTOR_SPARES][FACTOR_SPARE_CAP], struct reason *r) ERR_MUST_CHECK;
/* *right: a code of the app, or a spare one; it is used up. Errors: ERR_STATE (no confirmed factor), ERR_SIGNATURE. */
enum err factor_check(struct hub *hub, const char *user, const char *code, int64_t now_ms, bool *right,
                      struct reason *r) ERR_MUST_CHECK;
/* None: nothing happens. */
enum err factor_remove(struct hub *hub, const char *user, struct reason *r) ERR_MUST_CHECK;

#endif
