/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf: configuration files (libconfuse) where every mistake has a place. Unknown key, repeated key, bad value,
 * unreadable file: "file:line: key: reason". The tables of keys live with the program that owns them.
 */
#ifndef MEDLOCKER_CONF_H
#define MEDLOCKER_CONF_H

#include <confuse.h>
#include <stdint.h>

#include "common/err.h"

/* Parses path by the table. The caller frees *out with cfg_free. Errors: ERR_NOT_FOUND, ERR_IO, ERR_SYNTAX (the reason
 * has file, line, key), ERR_UNKNOWN, ERR_DUPLICATE. */
enum err conf_parse(cfg_t **out, cfg_opt_t *table, const char *path, struct reason *r) ERR_MUST_CHECK;

/* Range and presence checks after parsing, with the place of the section in the sentence. */
enum err conf_int(cfg_t *section, const char *key, int64_t min, int64_t max, int64_t *out,
                  struct reason *r) ERR_MUST_CHECK;
enum err conf_text(cfg_t *section, const char *key, size_t min_len, size_t max_len, const char **out,
                   struct reason *r) ERR_MUST_CHECK;
/* One of the NULL-terminated names; *out is its index. */
enum err conf_choice(cfg_t *section, const char *key, const char *const *names, unsigned *out,
                     struct reason *r) ERR_MUST_CHECK;
/* "file:line: key: ..." for a contradiction that the owner of the table found. Returns e. */
enum err conf_because(cfg_t *section, const char *key, struct reason *r, enum err e, const char *fmt, ...)
    ERR_PRINTF(5, 6);

#endif
