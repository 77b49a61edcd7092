/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote: a door opened together by a member of staff who is elsewhere and a person who stands at it. The hub offers;
 * the person at the kiosk presses OK; the locker draws a nonce; the hub answers it within 30 s of the locker's own
 * clock, once. All of it is in memory only: nothing that was stored anywhere opens a door, and a start forgets it
 * (INV-09). Pure.
 */
#ifndef MEDLOCKER_REMOTE_H
#define MEDLOCKER_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/code.h"

#define REMOTE_NONCE_LEN 16
#define REMOTE_STAFF_LEN 8
/* Whoever pressed OK for the screen before has not read the offer: OK counts when it has stood there for so long. */
#define REMOTE_READ_MS 1000
#define REMOTE_ANSWER_MS 30000 /* an answer later than this after its challenge is worth nothing */

enum remote_state {
    REMOTE_NONE,
    REMOTE_OFFERED,    /* the kiosk asks the person */
    REMOTE_CHALLENGED, /* the hub's answer is awaited */
    REMOTE_STATE_N
};

/* Why not; open.refused.v1. */
enum remote_cause {
    REMOTE_STAFF,    /* staff is at the locker */
    REMOTE_BUSY,     /* somebody is collecting */
    REMOTE_DOORS,    /* another door is open or cannot be read */
    REMOTE_UNKNOWN,  /* the order does not lie ready behind that door */
    REMOTE_CLASS,    /* too strictly handled */
    REMOTE_EXPIRED,  /* outside its time, or past its lease */
    REMOTE_TRIES,    /* its pulses are used up */
    REMOTE_SUPPLY,   /* battery low */
    REMOTE_BOARD,    /* the electronics of the door do not answer */
    REMOTE_DECLINED, /* the person said no, or did something else */
    REMOTE_TIME,     /* nobody took the offer */
    REMOTE_LATE,     /* nothing was waiting for this answer, or no answer came */
    REMOTE_CAUSE_N
};

/* What a remote opening is about. */
struct remote_offer {
    uint8_t order[CODE_ORDER_LEN];
    uint32_t load;
    uint16_t door; /* CABINET_NO_DOOR: a name that no door here has */
};

struct remote_answer {
    uint8_t nonce[REMOTE_NONCE_LEN];
    struct remote_offer offer;
    uint8_t staff[REMOTE_STAFF_LEN];
};

/* A message of the locker on stream rpc. */
struct remote_word {
    bool is_challenge; /* else a refusal */
    struct remote_offer offer;
    uint8_t nonce[REMOTE_NONCE_LEN]; /* challenge */
    enum remote_cause cause;         /* refusal */
};

struct remote {
    enum remote_state state;
    struct remote_offer offer;
    int64_t offered_ms; /* boot ms */
    uint8_t nonce[REMOTE_NONCE_LEN];
    int64_t challenged_ms; /* boot ms */
};

bool remote_offer_equal(const struct remote_offer *a, const struct remote_offer *b);
/* NONE only. */
void remote_offer(struct remote *r, const struct remote_offer *offer, int64_t boot_ms);
/* OFFERED only: it has stood before the person for REMOTE_READ_MS. */
bool remote_is_read(const struct remote *r, int64_t boot_ms);
/* OFFERED only: the person pressed OK. random: fresh for this event. */
void remote_challenge(struct remote *r, const uint8_t random[REMOTE_NONCE_LEN], int64_t boot_ms);
/* True when a answers the one challenge that is open, in time and about the same thing. An answer that bears the nonce
 * of the open challenge ends it, whatever else it says; any other changes nothing. */
bool remote_take_answer(struct remote *r, const struct remote_answer *a, int64_t boot_ms);
void remote_end(struct remote *r);

const char *remote_cause_name(enum remote_cause c); /* "declined" */

#endif
