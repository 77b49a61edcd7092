/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clip: the sound files of one language, made by the build: <share>/speech/<language>.json is the list {clip: text},
 * and <share>/speech/<language>/<clip>.opus the sound of each. Only names of the list, which is read once, ever become
 * a path. One thread.
 */
#ifndef MEDLOCKER_CLIP_H
#define MEDLOCKER_CLIP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"
#include "common/language.h"

#define CLIP_NAME_MAX 60                    /* bytes of a name: [A-Za-z0-9._-] */
#define CLIP_BYTES_MAX ((size_t)256 * 1024) /* of one sound */

struct clips;

/* Reads the list; blocks on the disk. share is not copied: lives as long as the clips. Errors: ERR_NOT_FOUND (no speech
 * in this language), ERR_SYNTAX (not such a list), ERR_TOO_LONG, ERR_IO, ERR_MEMORY. */
enum err clips_open(struct clips **out, const char *share, enum language language, struct reason *r) ERR_MUST_CHECK;
void clips_free(struct clips *c); /* NULL is fine */

/* The list as it was read: JSON text, which lives as long as the clips. */
const char *clips_list(const struct clips *c, size_t *len);

/* The sound with this name; blocks on the disk; free with free(). Errors: ERR_UNKNOWN (not in the list), else those of
 * file_read. */
enum err clips_read(const struct clips *c, const char *name, char **bytes, size_t *len,
                    struct reason *r) ERR_MUST_CHECK;

#endif
