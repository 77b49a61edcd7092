/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pickup: the session of a patient at the kiosk: typing, birthday, checking, the one door, closed again; refusals,
 * waits and jams. Volatile: a restart ends it, what it began is settled from the durable states. Pure.
 */
#ifndef MEDLOCKER_PICKUP_H
#define MEDLOCKER_PICKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/code.h"
#include "common/token.h"
#include "controller/event.h"
#include "controller/opening.h"
#include "controller/screen.h"
#include "controller/visit.h"

struct locker;
struct effects;

/* How long screens stay, ms. */
#define PICKUP_IDLE_MS 60000    /* without a key: back to the start screen */
#define PICKUP_DONE_MS 8000     /* "thank you" */
#define PICKUP_MESSAGE_MS 20000 /* ask, help, doors */
#define PICKUP_STRETCH_MS 15000 /* no verdict by then: try again later */

enum pickup_state {
    PICKUP_IDLE, /* no patient: the start screen */
    PICKUP_CODE,
    PICKUP_BIRTHDAY,
    PICKUP_CHECKING, /* Argon2id is running */
    PICKUP_REFUSED,
    PICKUP_WAIT,
    PICKUP_MESSAGE, /* ask, help or doors: nothing to type */
    PICKUP_DOOR,    /* the opening runs */
    PICKUP_DONE,
    PICKUP_STATE_N
};

struct pickup {
    enum pickup_state state;
    enum screen_id message; /* MESSAGE: which */
    enum screen_notice notice;
    char code[CODE_DIGITS + 1];
    char ddmm[5];
    bool show;
    bool after_refusal; /* the next entry of this person asks for the birthday too */
    bool has_token;     /* a scanned pickup token whose class wants code and birthday as well */
    struct code_binding token;
    bool with_birthday; /* CHECKING: compare v2 */
    uint64_t try_id;    /* CHECKING */
    uint16_t order;     /* DOOR: slot */
    struct visit visit; /* from the verdict on: whose right it is */
    bool told_left_open;
    uint16_t blocker; /* MESSAGE doors: which door, or none */
    uint64_t reference;
    int64_t until_ms; /* boot ms when this screen ends, 0: never by time */
    struct opening opening;
};

void pickup_on_key(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx);
void pickup_on_token(struct locker *l, const struct token_pickup *t, const struct event *ev, struct effects *fx);
void pickup_on_bad_scan(struct locker *l, const struct event *ev, struct effects *fx);
void pickup_on_verdict(struct locker *l, const struct event *ev, struct effects *fx);
void pickup_on_tick(struct locker *l, const struct event *ev, struct effects *fx);

/* Ends the session. A door that is his must stand open: staff takes it over, the order is unconfirmed. */
void pickup_end(struct locker *l, const struct event *ev, struct effects *fx);

/* For handover and others who change what the person sees: a state with its full time; the typed code wiped and why was
 * asked for it forgotten; typing a code; a screen to read (ask, help, doors); the start screen, nothing kept. */
void pickup_enter(struct pickup *p, enum pickup_state state, const struct event *ev);
void pickup_forget_entry(struct pickup *p);
void pickup_ask(struct pickup *p, enum screen_notice notice, const struct event *ev);
void pickup_show(struct pickup *p, enum screen_id message, const struct event *ev);
void pickup_go_home(struct locker *l);

void pickup_screen(const struct locker *l, int64_t boot_ms, struct screen *out);
bool pickup_is_active(const struct pickup *p);

#endif
