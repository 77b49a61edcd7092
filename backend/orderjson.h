/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orderjson: an order as a plain JSON object (form of the staff pages, POST of other programs). Members as the columns
 * of csv.h; low_door is a boolean; not_before and not_after are texts with offset; only "patient" is required; other
 * members are refused. One thread (cJSON).
 */
#ifndef MEDLOCKER_ORDERJSON_H
#define MEDLOCKER_ORDERJSON_H

#include <stddef.h>

#include "backend/request.h"
#include "common/err.h"

#define ORDERJSON_MAX_LEN (16u * 1024u)

/* Errors: those of json, and ERR_UNKNOWN, ERR_RANGE, ERR_MISSING; the reason names the member. */
enum err orderjson_read(const char *text, size_t len, struct request *out, struct reason *r) ERR_MUST_CHECK;

#endif
