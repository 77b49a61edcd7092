/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/person.h"

#include <sodium.h>
#include <string.h>

/* The small letter of a letter of two bytes in UTF-8: U+00C0..U+017F, where most pairs are neighbours. */
static unsigned small_letter(unsigned c)
{
    if (c >= 0xC0 && c <= 0xDE && c != 0xD7)
        return c + 0x20;
    if ((c >= 0x100 && c <= 0x12F) || (c >= 0x132 && c <= 0x137) || (c >= 0x14A && c <= 0x177))
        return c | 1u;
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
        return (c & 1u) != 0 ? c + 1 : c;
    return c == 0x178 ? 0xFF : c;
}

void person_fold(const char *name, char *out)
{
    const unsigned char *in = (const unsigned char *)name;
    size_t n = 0;

    while (*in != '\0') {
        unsigned c = *in++;

        if (c == ' ') {
            if (n > 0 && out[n - 1] != ' ')
                out[n++] = ' ';
        } else if (c >= 'A' && c <= 'Z') {
            out[n++] = (char)(c + ('a' - 'A'));
        } else if (c >= 0xC3 && c <= 0xC5 && (*in & 0xC0u) == 0x80u) {
            c = small_letter((c & 0x1Fu) << 6 | (*in++ & 0x3Fu));
            out[n++] = (char)(0xC0u | c >> 6);
            out[n++] = (char)(0x80u | (c & 0x3Fu));
        } else {
            out[n++] = (char)c;
        }
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
}

void person_tag(const uint8_t key[PERSON_KEY_LEN], const uint8_t locker[PERSON_LOCKER_LEN], const struct request *q,
                uint8_t out[TOKEN_PERSON_LEN])
{
    char name[REQUEST_PATIENT_CAP];
    crypto_generichash_state h;
    uint8_t hash[32];

    memset(out, 0, TOKEN_PERSON_LEN);
    if (q->birth_date[0] == '\0')
        return;
    person_fold(q->patient, name);
    (void)crypto_generichash_init(&h, key, PERSON_KEY_LEN, sizeof(hash)); /* lengths are fixed */
    (void)crypto_generichash_update(&h, locker, PERSON_LOCKER_LEN);
    (void)crypto_generichash_update(&h, (const unsigned char *)name, strlen(name) + 1);
    (void)crypto_generichash_update(&h, (const unsigned char *)q->birth_date, strlen(q->birth_date));
    (void)crypto_generichash_final(&h, hash, sizeof(hash));
    memcpy(out, hash, TOKEN_PERSON_LEN);
    out[0] |= sodium_is_zero(out, TOKEN_PERSON_LEN) != 0 ? 1 : 0; /* zeros mean nobody */
    sodium_memzero(&h, sizeof(h));
    sodium_memzero(hash, sizeof(hash));
    sodium_memzero(name, sizeof(name));
}

bool person_is_known(const uint8_t tag[TOKEN_PERSON_LEN])
{
    return sodium_is_zero(tag, TOKEN_PERSON_LEN) == 0;
}
