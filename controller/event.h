/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event: all that can happen to a locker, as data: hardware, keys and scans, verdicts of slow work, messages of the
 * hub, time. An event carries its own time and randomness, so that locker_decide() needs neither clock nor entropy.
 */
#ifndef MEDLOCKER_EVENT_H
#define MEDLOCKER_EVENT_H

#include <stdint.h>

#include "common/clock.h"
#include "common/code.h"
#include "common/token.h"
#include "controller/carer.h"
#include "controller/order.h"
#include "controller/remote.h"
#include "hw/hw.h"

enum event_kind {
    EVENT_START,    /* after the state was loaded: settle what the last run left behind */
    EVENT_TICK,     /* about every 250 ms, and when an asked-for timer is due */
    EVENT_HW,       /* anything from hw */
    EVENT_KEY,      /* one key of keypad or kiosk page */
    EVENT_SCAN,     /* a decoded and signature-checked token */
    EVENT_BAD_SCAN, /* something scanned that is no token of ours, or with a bad signature */
    EVENT_VERDICT,  /* Argon2id is done */
    EVENT_WITHDRAW, /* command order.withdraw.v1 */
    EVENT_BADGE_REVOKE,
    EVENT_GUESS_RESET, /* staff acknowledged the alarm of wrong codes */
    EVENT_RECODE,      /* command order.recode.v1 */
    EVENT_CARER_GRANT,
    EVENT_CARER_REVOKE,
    EVENT_OPEN_ASK,    /* rpc open.ask.v1: fresh and signed, never stored */
    EVENT_OPEN_ANSWER, /* rpc open.answer.v1, as well */
    EVENT_CONTACT,     /* a signed message of the hub was accepted: raises the time floor, renews the lease */
    EVENT_STORE,       /* the disk was full, or the ballast was given up */
    EVENT_KIND_N
};

enum event_key {
    EVENT_KEY_0,
    EVENT_KEY_1,
    EVENT_KEY_2,
    EVENT_KEY_3,
    EVENT_KEY_4,
    EVENT_KEY_5,
    EVENT_KEY_6,
    EVENT_KEY_7,
    EVENT_KEY_8,
    EVENT_KEY_9,
    EVENT_KEY_OK,    /* confirm, or "start" */
    EVENT_KEY_CLEAR, /* wipe the entry; again: back to the start screen */
    EVENT_KEY_HELP,
    EVENT_KEY_LANGUAGE, /* next language */
    EVENT_KEY_SHOW,     /* show or mask the typed digits */
    EVENT_KEY_REPEAT,   /* say it again; where time is running, also: more time */
    EVENT_KEY_N
};

enum event_store { EVENT_STORE_FULL, EVENT_STORE_BALLAST };

struct event {
    enum event_kind kind;
    struct clock_now now;
    uint8_t random[16]; /* for message and session ids */
    uint32_t outbox;    /* rows that wait in the outbox before this event */
    int64_t command;    /* of a command: its sequence */
    union {
        struct hw_event hw;
        enum event_key key;
        struct token scan;
        struct {
            uint64_t try_id;               /* as in the EFFECT_STRETCH that asked for it */
            enum err result;               /* ERR_MEMORY: try again later, not a wrong guess */
            uint8_t a[CODE_STRETCHED_LEN]; /* wiped after use */
        } verdict;
        struct {
            uint8_t order[CODE_ORDER_LEN];
            uint32_t load;
            bool expired; /* false: withdrawn by people */
        } withdraw;
        uint8_t badge[8];
        struct order_codes recode;
        struct carer grant; /* as for carer_grant */
        struct {
            uint8_t carer[CODE_CARER_LEN];
            int64_t not_after_s; /* 0: never */
        } revoke;
        struct remote_offer ask;
        struct remote_answer answer;
        int64_t hub_wall_ms; /* EVENT_CONTACT: iat of the signed message */
        enum event_store store;
    } u;
};

#endif
