/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/totp.h"

#include <liboath/oath.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW 1 /* steps that a telephone's clock may be off, either way */

enum err totp_code(const uint8_t *secret, size_t len, int64_t step, unsigned digits, char out[TOTP_CODE_CAP],
                   struct reason *r)
{
    if (digits < TOTP_DIGITS || digits >= TOTP_CODE_CAP || step < 0)
        return err_because(r, ERR_RANGE, "a code has 6 to 8 digits and a time");
    if (oath_hotp_generate((const char *)secret, len, (uint64_t)step, digits, false, OATH_HOTP_DYNAMIC_TRUNCATION,
                           out) != OATH_OK)
        return err_because(r, ERR_RANGE, "no code can be made of this secret");
    return ERR_OK;
}

bool totp_is(const uint8_t secret[TOTP_SECRET_LEN], const char *code, int64_t now_s, int64_t last_step, int64_t *step)
{
    int64_t now = now_s / TOTP_STEP_S;
    char good[TOTP_CODE_CAP];
    bool is = false;

    if (strlen(code) != TOTP_DIGITS)
        return false;
    for (int64_t at = now - WINDOW; at <= now + WINDOW; at++) {
        if (at <= last_step || totp_code(secret, TOTP_SECRET_LEN, at, TOTP_DIGITS, good, NULL) != ERR_OK)
            continue;
        if (sodium_memcmp(good, code, TOTP_DIGITS) == 0) {
            *step = at;
            is = true;
        }
    }
    sodium_memzero(good, sizeof(good));
    return is;
}

enum err totp_base32(const uint8_t secret[TOTP_SECRET_LEN], char out[TOTP_BASE32_CAP], struct reason *r)
{
    char *text = NULL;
    size_t len = 0;

    if (oath_base32_encode((const char *)secret, TOTP_SECRET_LEN, &text, &len) != OATH_OK)
        return err_because(r, ERR_MEMORY, "out of memory");
    (void)snprintf(out, TOTP_BASE32_CAP, "%s", text); /* 20 bytes are 32 letters, without padding */
    sodium_memzero(text, len);
    free(text);
    return ERR_OK;
}

/* Percent-encodes all but the unreserved characters of RFC 3986. */
static void put_encoded(FILE *f, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char ch = (unsigned char)*text;

        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
            strchr("-._~", ch) != NULL)
            (void)fputc(ch, f);
        else
            (void)fprintf(f, "%%%02X", ch);
    }
}

enum err totp_address(const char *issuer, const char *name, const char *base32, char out[TOTP_ADDRESS_CAP],
                      struct reason *r)
{
    char text[TOTP_ADDRESS_CAP + 1] = "";
    FILE *f = fmemopen(text, sizeof(text), "w");
    bool fits;

    if (f == NULL)
        return err_because(r, ERR_MEMORY, "out of memory");
    (void)fputs("otpauth://totp/", f);
    put_encoded(f, issuer);
    (void)fputc(':', f);
    put_encoded(f, name);
    (void)fprintf(f, "?secret=%s&issuer=", base32);
    put_encoded(f, issuer);
    fits = fclose(f) == 0 && strlen(text) < TOTP_ADDRESS_CAP;
    if (fits)
        memcpy(out, text, TOTP_ADDRESS_CAP);
    sodium_memzero(text, sizeof(text));
    return fits ? ERR_OK : err_because(r, ERR_TOO_LONG, "names too long for an authenticator app");
}
