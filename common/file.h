/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file: small whole files without secrets: configuration, certificates, pages. Secret keys are common/key.h's.
 * Blocks on the disk. Any thread.
 */
#ifndef MEDLOCKER_FILE_H
#define MEDLOCKER_FILE_H

#include <stddef.h>

#include "common/err.h"

#define FILE_PATH_CAP 1024

/* "folder/name" in out (FILE_PATH_CAP bytes). Error: ERR_TOO_LONG. */
enum err file_path(char *out, const char *folder, const char *name, struct reason *r) ERR_MUST_CHECK;

/* All bytes of a plain file of at most max bytes, with a NUL added that *len (may be NULL) does not count; free with
 * free(). "-" reads standard input. Errors: ERR_NOT_FOUND, ERR_TOO_LONG, ERR_IO. */
enum err file_read(const char *path, size_t max, char **out, size_t *len, struct reason *r) ERR_MUST_CHECK;

/* Writes or replaces a file as a whole (temporary name, sync, rename, sync of the folder): durable when it returns
 * ERR_OK. mode: 0600 or 0644. Errors: ERR_NOT_FOUND (no such folder), ERR_IO. */
enum err file_replace(const char *path, const void *bytes, size_t len, unsigned mode, struct reason *r) ERR_MUST_CHECK;

/* Makes the name of a file durable: syncs the folder that it is in. Errors: ERR_NOT_FOUND, ERR_IO, ERR_TOO_LONG. */
enum err file_sync_folder(const char *path, struct reason *r) ERR_MUST_CHECK;

/* Makes a folder (mode 0700); there already: fine. Error: ERR_IO. */
enum err file_make_folder(const char *path, struct reason *r) ERR_MUST_CHECK;

#endif
