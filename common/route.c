/* SPDX-License-Identifier: Apache-2.0 */
#include "common/route.h"

#include <stddef.h>
#include <string.h>

const char *route_target_mistake(const char *target)
{
    if (target[0] != '/') {
        return "the request target must start with /";
    }
    size_t path_len = strcspn(target, "?");
    for (const char *c = target; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~') {
            return "the request target has a byte outside printable ASCII";
        }
        if ((size_t)(c - target) < path_len && (*c == '%' || *c == '\\')) {
            return "the path has an escape, and no path here needs one";
        }
    }
    if (strcasestr(target + path_len, "%00") != NULL) {
        return "the query has a NUL byte";
    }
    for (const char *s = target; s != NULL && s < target + path_len; s = strchr(s + 1, '/')) {
        size_t n = strcspn(s + 1, "/?");
        if ((n == 1 || n == 2) && strncmp(s + 1, "..", n) == 0) {
            return "the path has a dot segment";
        }
    }
    return NULL;
}

static bool is_segment_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
           c == '-';
}

static bool take_segment(struct route_segments *out, const char **at)
{
    size_t n = strcspn(*at, "/?");
    if (n == 0 || n >= HTTP_SEGMENT_CAP || out->count == ROUTE_SEGMENTS_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_segment_char((*at)[i])) {
            return false;
        }
    }
    memcpy(out->text[out->count], *at, n);
    out->text[out->count++][n] = '\0';
    *at += n;
    return true;
}

bool route_fits(const char *pattern, const char *target, struct route_segments *out)
{
    const char *at = target;
    out->count = 0;
    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '*') {
            if (!take_segment(out, &at)) {
                return false;
            }
        } else if (*at++ != *pattern) {
            return false;
        }
    }
    return *at == '\0' || *at == '?';
}

const struct http_route *route_find(const struct http_cfg *cfg, const char *method, const char *target,
                                    struct route_segments *out, unsigned *status)
{
    *status = 404;
    for (unsigned i = 0; i < cfg->route_count; i++) {
        const struct http_route *route = &cfg->routes[i];
        if (!route_fits(route->path, target, out)) {
            continue;
        }
        if (strcmp(route->method, method) == 0) {
            return route;
        }
        *status = 405;
    }
    return NULL;
}
