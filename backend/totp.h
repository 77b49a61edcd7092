/* SPDX-License-Identifier: Apache-2.0 */
/*
 * totp: codes of an authenticator app: RFC 6238 with HMAC-SHA-1, 30 seconds, 6 digits, which is what every app does. By
 * liboath. Pure; any thread.
 */
#ifndef MEDLOCKER_TOTP_H
#define MEDLOCKER_TOTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define TOTP_SECRET_LEN 20 /* as RFC 4226 asks */
#define TOTP_STEP_S 30
#define TOTP_DIGITS 6
#define TOTP_CODE_CAP 9    /* up to 8 digits, with NUL */
#define TOTP_BASE32_CAP 33 /* 20 bytes, with NUL */
#define TOTP_ADDRESS_CAP 512

/* The code of a step (Unix time / TOTP_STEP_S), 6 to 8 digits. Error: ERR_RANGE. */
enum err totp_code(const uint8_t *secret, size_t len, int64_t step, unsigned digits, char out[TOTP_CODE_CAP],
                   struct reason *r) ERR_MUST_CHECK;

/* True when code is that of the step of now_s, the one before or the one after, and of a step above last_step: each is
 * good once. *step is then the one to remember. */
bool totp_is(const uint8_t secret[TOTP_SECRET_LEN], const char *code, int64_t now_s, int64_t last_step, int64_t *step);

/* The secret for typing, in base32 without padding. Error: ERR_MEMORY. */
enum err totp_base32(const uint8_t secret[TOTP_SECRET_LEN], char out[TOTP_BASE32_CAP], struct reason *r) ERR_MUST_CHECK;

/* "otpauth://totp/ISSUER:NAME?secret=...&issuer=ISSUER", for the QR code. Error: ERR_TOO_LONG. */
enum err totp_address(const char *issuer, const char *name, const char *base32, char out[TOTP_ADDRESS_CAP],
                      struct reason *r) ERR_MUST_CHECK;

#endif
