/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: what hubd answers over HTTP: staff pages, their JSON, and FHIR. One table says for every address which roles may
 * use it. docs/hub-api.md describes it for users.
 *
 * Every request but login and the pages themselves needs the session cookie; every POST needs the header "X-Medlocker:
 * 1", which no form of a foreign page can send, and an Origin that is the own host.
 *
 * One thread, in the loop.
 */
#ifndef MEDLOCKER_API_H
#define MEDLOCKER_API_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/hub.h"
#include "backend/link.h"
#include "common/err.h"

#define API_MAX_BODY (1024 * 1024)
#define API_COOKIE "medlocker"

struct api;

/* Opens the port of the hub's settings and loads pages and catalogues. link may be NULL: no broker. Errors: as
 * http_open, asset_load, text_load. */
enum err api_open(struct api **out, struct hub *hub, struct link *link, struct reason *r) ERR_MUST_CHECK;
void api_free(struct api *a); /* NULL is fine */
uint16_t api_port(const struct api *a);

/* The table, for tests and documentation: NULL after the last row. */
struct api_entry {
    const char *method, *path;
    bool is_public;
    bool role[STORE_ROLE_N]; /* may use it */
};
const struct api_entry *api_entry_at(unsigned i);

/* The HTTP status that goes with an error. */
unsigned api_status(enum err e);

#endif
