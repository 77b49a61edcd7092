/* SPDX-License-Identifier: Apache-2.0 */
/*
 * num: the one place where text becomes an integer, and where bytes come from text: hex and base64url. Pure, any
 * thread.
 */
#ifndef MEDLOCKER_NUM_H
#define MEDLOCKER_NUM_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* Parses the whole NUL-terminated text as a decimal integer: optional '-', no '+', no spaces, no leading zeros, no
 * "-0". Errors: ERR_SYNTAX, ERR_RANGE (outside min..max). */
enum err num_parse(const char *text, int64_t min, int64_t max, int64_t *out) ERR_MUST_CHECK;

/* Parses exactly len bytes from 2 * len hex digits (either case) of the NUL-terminated text. Errors: ERR_SYNTAX. */
enum err num_from_hex(const char *hex, uint8_t *out, size_t len) ERR_MUST_CHECK;

/* Writes 2 * len lower-case hex digits and a NUL to out, which has room for 2 * len + 1 bytes. */
void num_to_hex(const uint8_t *bytes, size_t len, char *out);

/* Unpadded base64url of text_len characters, at most cap bytes; *len receives how many. Only the letters of the
 * alphabet and only zero spare bits, so that bytes have one spelling: another one would have another hash and look like
 * another message. Empty text is empty bytes. out is undefined after an error: ERR_SYNTAX, also when it does not fit.
 */
enum err num_from_base64url(const char *text, size_t text_len, void *out, size_t cap, size_t *len) ERR_MUST_CHECK;

/* Big-endian integers in signed tokens. */
void num_put_be(uint8_t *out, uint64_t value, size_t len);
uint64_t num_get_be(const uint8_t *in, size_t len);

#endif
