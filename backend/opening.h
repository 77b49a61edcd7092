/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opening: a pharmacist opens a door at a distance for somebody who stands at it: offer, challenge by the locker,
 * answer by the hub, each step with its audit row. Nothing is stored or sent again: a hub that starts anew knows
 * nothing of it.
 *
 * One thread, in the loop. Owned by link, which is its wire.
 */
#ifndef MEDLOCKER_BACKEND_OPENING_H
#define MEDLOCKER_BACKEND_OPENING_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/hub.h"
#include "backend/remote.h"
#include "common/msg.h"

#define OPENING_EXPIRES_MS 60000 /* of both messages, by the wall clock */

struct opening;

struct opening_wire {
    /* Sends a message of stream rpc now, or not at all. ERR_STATE: not connected. */
    enum err (*send)(void *arg, const uint8_t locker[STORE_LOCKER_LEN], const char *typ, const cJSON *dat);
    /* Whether this locker was heard lately, and its clock then. */
    bool (*is_heard)(void *arg, const uint8_t locker[STORE_LOCKER_LEN], int64_t *told_at);
    void *arg;
};

struct opening *opening_new(struct hub *hub, const struct opening_wire *wire);
void opening_free(struct opening *x); /* NULL is fine */

/* Asks the person at the kiosk. Errors: ERR_NOT_FOUND, ERR_STATE (not in a door, class controlled, locker not heard),
 * ERR_BUSY (one is alive there; *capped: this user asked too often within the hour, policy cap.open_hour). */
enum err opening_ask(struct opening *x, const struct act_who *who, const uint8_t order[ORDER_ID_LEN],
                     const char *reason_text, bool *capped, struct reason *r) ERR_MUST_CHECK;
/* The last request for this order since the hub was started; NULL: none. */
const struct remote_request *opening_find(const struct opening *x, const uint8_t order[ORDER_ID_LEN]);

/* A message of stream rpc that was checked and is newer than the last of this locker. False: not readable. */
bool opening_on_message(struct opening *x, const uint8_t locker[STORE_LOCKER_LEN], const struct msg *m);
/* An event that was applied. */
void opening_on_event(struct opening *x, const uint8_t locker[STORE_LOCKER_LEN], const struct msg *m);
/* Once a second. */
void opening_tick(struct opening *x, int64_t boot_ms);

#endif
