/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf: configuration files (libconfuse) where every mistake has a place. Unknown key, repeated key, bad value,
 * unreadable file: "file:line: key: reason", with the title of the section before the key. The tables of keys live with
 * the program that owns them.
 *
 * Files: key = value, key = { list }, name { ... } and name "title" { ... }; comments with #, // and C's. Values with
 * spaces or // need quotes; a backslash stands only before a quote or another backslash. Integers are decimal. Nothing
 * may be repeated: no key in one section, no section, no title. At most 256 KiB.
 *
 * One thread (libConfuse has one lexer for all). Blocks on the disk.
 */
#ifndef MEDLOCKER_CONF_H
#define MEDLOCKER_CONF_H

#include <confuse.h>
#include <stdint.h>

#include "common/err.h"

/* Parses path by the table, whose integer options get our parser and whose options get a note of their line (parsecb
 * and validcb, where the table has none). The caller frees *out with cfg_free. Errors: ERR_NOT_FOUND, ERR_IO,
 * ERR_SYNTAX (the reason has file, line, key), ERR_UNKNOWN, ERR_DUPLICATE, ERR_RANGE (an integer beyond 64 bits),
 * ERR_TOO_LONG. */
enum err conf_parse(cfg_t **out, cfg_opt_t *table, const char *path, struct reason *r) ERR_MUST_CHECK;

/* Range and presence checks after parsing, with the place in the sentence: the line of the key, else of its section.
 * A key that the table lacks is a bug of ours. A key without value and default: ERR_MISSING. */
enum err conf_int(cfg_t *section, const char *key, int64_t min, int64_t max, int64_t *out,
                  struct reason *r) ERR_MUST_CHECK;
enum err conf_text(cfg_t *section, const char *key, size_t min_len, size_t max_len, const char **out,
                   struct reason *r) ERR_MUST_CHECK;
/* One of the NULL-terminated names; *out is its index. */
enum err conf_choice(cfg_t *section, const char *key, const char *const *names, unsigned *out,
                     struct reason *r) ERR_MUST_CHECK;
/* "file:line: key: ..." for a contradiction that the owner of the table found; key may be NULL. Gives e, as err_because
 * does. */
#define conf_because(section, key, r, e, ...) (conf_write((section), (key), (r), __VA_ARGS__), err_same(e))
void conf_write(cfg_t *section, const char *key, struct reason *r, const char *fmt, ...) ERR_PRINTF(4, 5);

#endif
