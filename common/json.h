/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: strict JSON. cJSON accepts trailing bytes, duplicate keys, NUL escapes, bad UTF-8 and odd numbers; so every
 * text passes a full RFC 8259 grammar check first, and values are fetched through these getters only, which name the
 * member that is wrong.
 *
 * One thread. No floats: a fraction or exponent is accepted by the scan only with JSON_ALLOW_FRACTIONS (FHIR), and is
 * never read as an integer.
 */
#ifndef MEDLOCKER_JSON_H
#define MEDLOCKER_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

#define JSON_MAX_MESSAGE (48u * 1024u) /* MQTT payloads */
#define JSON_DEPTH_MESSAGE 8u
#define JSON_DEPTH_FHIR 32u

enum json_flags { JSON_STRICT = 0, JSON_ALLOW_FRACTIONS = 1 };

struct json_limits {
    size_t max_len;
    unsigned max_depth;
    enum json_flags flags;
};

/* The grammar check alone: UTF-8, no BOM, no control characters, no \u0000, no lone surrogates, numbers by the grammar
 * and without fraction unless allowed and within +-(2^53 - 1) when integers, no duplicate keys (also when they differ
 * only in ASCII case), nothing but white space after the value. On error the reason names line and column. Errors:
 * ERR_SYNTAX, ERR_TOO_LONG, ERR_DUPLICATE, ERR_RANGE. */
enum err json_scan(const char *text, size_t len, const struct json_limits *limits, struct reason *r) ERR_MUST_CHECK;

/* json_scan, then the tree; the caller frees it with cJSON_Delete. text need not be NUL-terminated. */
enum err json_parse(cJSON **out, const char *text, size_t len, const struct json_limits *limits,
                    struct reason *r) ERR_MUST_CHECK;

/* Members of an object, by exact name. Absent: ERR_MISSING; another type: ERR_SYNTAX; outside the range or longer than
 * max_len bytes (strings: also shorter than min_len): ERR_RANGE / ERR_TOO_LONG. The string stays owned by the tree. */
enum err json_get_int(const cJSON *obj, const char *key, int64_t min, int64_t max, int64_t *out,
                      struct reason *r) ERR_MUST_CHECK;
enum err json_get_text(const cJSON *obj, const char *key, size_t min_len, size_t max_len, const char **out,
                       struct reason *r) ERR_MUST_CHECK;
enum err json_get_bool(const cJSON *obj, const char *key, bool *out, struct reason *r) ERR_MUST_CHECK;
enum err json_get_object(const cJSON *obj, const char *key, const cJSON **out, struct reason *r) ERR_MUST_CHECK;
enum err json_get_array(const cJSON *obj, const char *key, const cJSON **out, struct reason *r) ERR_MUST_CHECK;
/* Fixed-length bytes as hex text. */
enum err json_get_hex(const cJSON *obj, const char *key, uint8_t *out, size_t len, struct reason *r) ERR_MUST_CHECK;

/* Refuses members of obj that are not in the NULL-terminated list. Error: ERR_UNKNOWN, the reason names the member. */
enum err json_only(const cJSON *obj, const char *const *allowed, struct reason *r) ERR_MUST_CHECK;

/* Building: cJSON trees whose every addition is checked here; a failed allocation ends the process (the journal makes
 * that safe), so callers need no error path. Integers must lie within +-(2^53 - 1): a bug of ours otherwise. key is
 * NULL when parent is an array. */
cJSON *json_new_object(void);
cJSON *json_put_object(cJSON *parent, const char *key);
cJSON *json_put_array(cJSON *parent, const char *key);
void json_put_text(cJSON *parent, const char *key, const char *value); /* NULL writes null; UTF-8 */
void json_put_int(cJSON *parent, const char *key, int64_t value);
void json_put_bool(cJSON *parent, const char *key, bool value);
void json_put_hex(cJSON *parent, const char *key, const uint8_t *bytes, size_t len);
/* Takes ownership of child. */
void json_put_tree(cJSON *parent, const char *key, cJSON *child);

/* The compact text of a tree; the caller frees it with free(). Never NULL. */
char *json_print(const cJSON *tree);

#endif
