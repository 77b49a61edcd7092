/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pickup: the session of a patient at the kiosk: typing, birthday, checking, the one door, closed again, the next bag;
 * refusals, waits and jams. Volatile: a restart ends it, what it began is settled from the durable states. Pure.
 *
 * Every screen that ends by itself, but for the thanks, warns first: for its last 20 s `more` is set, a sound says so
 * once, and OK, a digit where digits are typed, or REPEAT gives the full time again, as often as wanted. Where OK
 * already means something (jam, next, refused) it keeps its meaning. No screen is a dead end: whoever cannot go on is
 * shown whom to call and a reference to tell.
 */
#ifndef MEDLOCKER_PICKUP_H
#define MEDLOCKER_PICKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/code.h"
#include "common/token.h"
#include "controller/claim.h"
#include "controller/event.h"
#include "controller/opening.h"
#include "controller/screen.h"
#include "controller/visit.h"

struct locker;
struct effects;

/* How long screens stay, ms. */
#define PICKUP_IDLE_MS 60000    /* without a key: back to the start screen */
#define PICKUP_DONE_MS 15000    /* "thank you" */
#define PICKUP_MESSAGE_MS 60000 /* ask, help, doors, reported */
#define PICKUP_STRETCH_MS 15000 /* no verdict by then: try again later */
#define PICKUP_WARN_MS 20000    /* before its time is up a screen warns */

enum pickup_state {
    PICKUP_IDLE, /* no patient: the start screen */
    PICKUP_CODE,
    PICKUP_BIRTHDAY,
    PICKUP_CHECKING, /* Argon2id is running */
    PICKUP_REFUSED,
    PICKUP_WAIT,
    PICKUP_MESSAGE, /* ask, help, doors or reported: nothing to type */
    PICKUP_DOOR,    /* the opening runs */
    PICKUP_DONE,
    PICKUP_NEXT,   /* one more bag of this person lies here */
    PICKUP_REMOTE, /* the pharmacy offers to open a door */
    PICKUP_AWAIT,  /* the person has said yes; the hub's answer is awaited */
    PICKUP_STATE_N
};

/* Laid over the screen of a state, which goes on behind it and takes it away when it changes. */
enum pickup_over {
    PICKUP_OVER_NONE,
    PICKUP_OVER_REPORT,   /* DOOR while open, DONE, NEXT: what is wrong? */
    PICKUP_OVER_REPORTED, /* DOOR while open: that was said already */
    PICKUP_OVER_LANGUAGES /* any state */
};

struct pickup {
    enum pickup_state state;
    enum pickup_over over;
    enum screen_id message; /* MESSAGE: which */
    enum screen_notice notice;
    char code[CODE_DIGITS + 1];
    char ddmm[5];
    bool show;
    bool after_refusal;            /* the next entry of this person asks for the birthday too */
    struct claim_paper paper;      /* a scanned token or card whose bag needs code and birthday as well */
    bool with_birthday;            /* CHECKING: compare v2 */
    uint64_t try_id;               /* CHECKING */
    uint16_t order;                /* DOOR: slot */
    struct visit visit;            /* from the verdict on: whose right it is */
    struct record_order named;     /* the order whose door was opened last */
    bool complained;               /* about that one */
    uint16_t next;                 /* NEXT: slot */
    bool chose_language;           /* by key, in this visit */
    enum language language_before; /* over LANGUAGES: for CLEAR */
    enum pickup_over over_before;  /* the same: what comes back */
    uint16_t blocker;              /* MESSAGE doors: which door, or none */
    uint64_t reference;
    int64_t until_ms; /* boot ms when this screen ends, 0: never by time */
    bool warned;      /* its last 20 s have begun, and the person was told */
    struct opening opening;
};

void pickup_on_key(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx);
void pickup_on_token(struct locker *l, const struct token_pickup *t, const struct event *ev, struct effects *fx);
void pickup_on_card(struct locker *l, const struct token_carer *t, const struct event *ev, struct effects *fx);
void pickup_on_bad_scan(struct locker *l, const struct event *ev, struct effects *fx);
void pickup_on_verdict(struct locker *l, const struct event *ev, struct effects *fx);
void pickup_on_tick(struct locker *l, const struct event *ev, struct effects *fx);

/* Ends the session. A door that is his must stand open: staff takes it over, the order is unconfirmed. */
void pickup_end(struct locker *l, const struct event *ev, struct effects *fx);

/* For handover and others who change what the person sees: a state with its full time; something over it, or nothing
 * any more, with full time; the typed code wiped and why was asked for it forgotten; typing a code; a screen to read
 * (ask, help, doors, reported); what follows when that was read, or a door closed: the next bag, else (after a message)
 * back or (after a door) thanks; the start screen, nothing kept; the same while the person is still there, for whom a
 * language that was chosen is kept. */
void pickup_enter(struct pickup *p, enum pickup_state state, const struct event *ev);
void pickup_lay_over(struct pickup *p, enum pickup_over over, const struct event *ev);
void pickup_forget_entry(struct pickup *p);
void pickup_ask(struct pickup *p, enum screen_notice notice, const struct event *ev);
void pickup_show(struct pickup *p, enum screen_id message, const struct event *ev);
void pickup_go_on(struct locker *l, const struct event *ev);
void pickup_go_home(struct locker *l);
void pickup_go_back(struct locker *l, const struct event *ev);

/* Its notice is the answer to the last key, whatever is shown; the next key, or the warning that the time is
 * nearly up, forgets it. */
bool pickup_answers_key(const struct pickup *p);

bool pickup_is_active(const struct pickup *p);

#endif
