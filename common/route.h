/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route: which handler a raw request target is for, and what no target of ours may be. The judgement of http, without
 * its sockets.
 *
 * Pure.
 */
#ifndef MEDLOCKER_ROUTE_H
#define MEDLOCKER_ROUTE_H

#include <stdbool.h>

#include "common/http.h"

#define ROUTE_SEGMENTS_MAX 4

/* What stood for the asterisks of a pattern, in order. */
struct route_segments {
    unsigned count;
    char text[ROUTE_SEGMENTS_MAX][HTTP_SEGMENT_CAP];
};

/* Of the raw target, before anything was decoded: paths of ours need no escapes. NULL: nothing wrong. */
const char *route_target_mistake(const char *target);

/* The path of target fits the pattern of a route; *out is filled, and worth nothing when it does not fit. */
bool route_fits(const char *pattern, const char *target, struct route_segments *out);

/* NULL when there is none: then *status is 404, or 405 when only the method is wrong. */
const struct http_route *route_find(const struct http_cfg *cfg, const char *method, const char *target,
                                    struct route_segments *out, unsigned *status);

#endif
