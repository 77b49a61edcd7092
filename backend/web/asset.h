/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asset: the files of the staff pages, an exact list read into memory at start: no path of a request ever reaches the
 * file system.
 *
 * One thread.
 */
#ifndef MEDLOCKER_ASSET_H
#define MEDLOCKER_ASSET_H

#include <stddef.h>

#include "common/err.h"

struct asset {
    const char *name; /* "app.mjs", "vendor/htm.mjs" */
    const char *type;
    char *bytes;
    size_t len;
    char tag[36]; /* ETag, with its quotes */
};

struct asset_set;

/* Reads all files of the list from the folder. Error: ERR_NOT_FOUND (which one), ERR_IO, ERR_TOO_LONG. */
enum err asset_load(struct asset_set **out, const char *folder, struct reason *r) ERR_MUST_CHECK;
void asset_free(struct asset_set *s); /* NULL is fine */

/* The names of the list, one by one from 0; NULL: no more. */
const char *asset_name_at(size_t i);

/* NULL when the list has no such name. */
const struct asset *asset_find(const struct asset_set *s, const char *name);

#endif
