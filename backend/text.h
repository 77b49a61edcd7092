/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: the words for people on labels and slips, from a catalogue backend/web/<language>.json: one flat JSON object of
 * texts. The pages in the browser read the same files.
 */
#ifndef MEDLOCKER_TEXT_H
#define MEDLOCKER_TEXT_H

#include <stddef.h>

#include "common/err.h"

struct text;

/* Errors: ERR_NOT_FOUND, ERR_IO, and those of json_parse (the reason names the file). Free with text_free. */
enum err text_load(struct text **out, const char *path, struct reason *r) ERR_MUST_CHECK;
enum err text_parse(struct text **out, const char *json, size_t len, struct reason *r) ERR_MUST_CHECK;
void text_free(struct text *t); /* NULL is fine */

/* The words for key; a key that is missing gives the key itself, so that nobody sees an empty line. */
const char *text_get(const struct text *t, const char *key);

#endif
