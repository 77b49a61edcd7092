/* SPDX-License-Identifier: Apache-2.0 */
#include "common/num.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum err num_parse(const char *text, int64_t min, int64_t max, int64_t *out)
{
    bool negative = text[0] == '-';
    const char *p = negative ? text + 1 : text;
    bool fits = true;
    int64_t value = 0;

    if (!is_digit(p[0]))
        return ERR_SYNTAX;
    if (p[0] == '0' && (p[1] != '\0' || negative))
        return ERR_SYNTAX;
    for (; is_digit(*p); p++) {
        int digit = *p - '0';

        /* Summed on the negative side, where INT64_MIN fits too. */
        fits = fits && !__builtin_mul_overflow(value, 10, &value) && !__builtin_sub_overflow(value, digit, &value);
    }
    if (*p != '\0')
        return ERR_SYNTAX;
    if (!fits || (!negative && value == INT64_MIN))
        return ERR_RANGE;
    if (!negative)
        value = -value;
    if (value < min || value > max)
        return ERR_RANGE;
    *out = value;
    return ERR_OK;
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum err num_from_hex(const char *hex, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < 2 * len; i++) {
        if (hex_value(hex[i]) < 0)
            return ERR_SYNTAX;
    }
    if (hex[2 * len] != '\0')
        return ERR_SYNTAX;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(hex_value(hex[2 * i]) * 16 + hex_value(hex[2 * i + 1]));
    return ERR_OK;
}

void num_to_hex(const uint8_t *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 0x0Fu];
    }
    out[2 * len] = '\0';
}

static bool is_base64url(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (!(is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_'))
            return false;
    }
    return true;
}

enum err num_from_base64url(const char *text, size_t text_len, void *out, size_t cap, size_t *len)
{
    /* libsodium 1.0.18 takes bytes from 0x80 up for letters, hence our own look. */
    if (!is_base64url(text, text_len) ||
        sodium_base642bin(out, cap, text, text_len, NULL, len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return ERR_SYNTAX;
    return ERR_OK;
}

void num_put_be(uint8_t *out, uint64_t value, size_t len)
{
    assert(len >= 8 || value >> (8 * len) == 0);
    for (size_t i = len; i > 0; i--) {
        out[i - 1] = (uint8_t)(value & 0xFFu);
        value >>= 8;
    }
}

uint64_t num_get_be(const uint8_t *in, size_t len)
{
    uint64_t value = 0;

    assert(len <= 8);
    for (size_t i = 0; i < len; i++)
        value = value << 8 | in[i];
    return value;
}
