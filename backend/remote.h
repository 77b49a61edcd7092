/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote: requests to open a door for somebody who stands at the kiosk, as a list: one alive at a locker, for at most
 * three minutes. A challenge is answered only when it is for the same order, load and door, was made by the locker
 * after the request, and is newer than the last; nothing of it is stored anywhere.
 *
 * Pure: no I/O, no clock, no allocation. Times are of the hub's boot clock.
 */
#ifndef MEDLOCKER_BACKEND_REMOTE_H
#define MEDLOCKER_BACKEND_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/act.h"
#include "backend/store.h"
#include "common/err.h"

#define REMOTE_ALIVE_MS (3 * 60 * 1000) /* from the request on */
#define REMOTE_DOOR_MS (60 * 1000)      /* from the answer until the door must be seen open */
#define REMOTE_ANSWERS_MAX 3
#define REMOTE_MAX 64
#define REMOTE_NONCE_LEN 16

enum remote_state {
    REMOTE_ASKED,   /* the kiosk asks the person */
    REMOTE_OPENING, /* the person pressed OK, and was answered */
    REMOTE_OPENED,  /* the door was seen open */
    REMOTE_REFUSED, /* by the locker or by the person: cause */
    REMOTE_LAPSED,  /* nobody pressed OK in time, or the door did not open: cause */
    REMOTE_STATE_N
};

struct remote_request {
    bool used; /* a slot of the list */
    uint8_t locker[STORE_LOCKER_LEN];
    uint8_t order[ORDER_ID_LEN];
    uint32_t load;
    char door[ORDER_DOOR_CAP];
    struct act_who who;
    enum remote_state state;
    char cause[STORE_TOKEN_CAP]; /* of the contract, or "silent", "door" */
    int64_t asked_ms, answered_ms;
    int64_t told_at;  /* clock of the locker when it was last heard before the request (ingest_told_at) */
    int64_t last_seq; /* of the last message that counted */
    unsigned answers;
};

struct remote {
    struct remote_request slot[REMOTE_MAX];
};

/* What a locker says. */
struct remote_word {
    uint8_t locker[STORE_LOCKER_LEN];
    uint8_t order[ORDER_ID_LEN];
    uint32_t load;
    char door[ORDER_DOOR_CAP]; /* a challenge */
    int64_t seq, told_at;
};

/* A new request (the members up to who, and told_at). ERR_BUSY: one is alive at that locker, or everywhere. */
enum err remote_ask(struct remote *m, const struct remote_request *q, int64_t now_ms, struct reason *r) ERR_MUST_CHECK;
/* The request that this challenge is for, now OPENING: to be answered. NULL: to nobody, late, old, or too often. */
struct remote_request *remote_challenge(struct remote *m, const struct remote_word *w, int64_t now_ms);
/* The request that ends so, or NULL. Cause "time" is a lapse. */
struct remote_request *remote_refuse(struct remote *m, const struct remote_word *w, const char *cause);
/* The door of an order was seen open: the request that wanted it, or NULL. */
struct remote_request *remote_open(struct remote *m, const uint8_t locker[STORE_LOCKER_LEN],
                                   const uint8_t order[ORDER_ID_LEN], uint32_t load);
/* The next request that has just lapsed, or NULL; call until NULL. */
struct remote_request *remote_lapse(struct remote *m, int64_t now_ms);
/* The last one for this order, or NULL. */
const struct remote_request *remote_find(const struct remote *m, const uint8_t order[ORDER_ID_LEN]);

const char *remote_state_name(enum remote_state s); /* "asked", "opening", "opened", "refused", "lapsed" */

#endif
