/* SPDX-License-Identifier: Apache-2.0 */
/*
 * staff: the session of a member of staff at the kiosk: badge and PIN, loading by voucher and door label, inspection
 * and return. Volatile; a restart leaves the doors it worked on in CHECK. Pure.
 */
#ifndef MEDLOCKER_STAFF_H
#define MEDLOCKER_STAFF_H

#include <stdbool.h>
#include <stdint.h>

#include "common/code.h"
#include "common/token.h"
#include "controller/event.h"
#include "controller/opening.h"
#include "controller/refusal.h"
#include "controller/screen.h"

struct locker;
struct effects;

#define STAFF_IDLE_MS 120000   /* without a key or scan the session ends (INV-10) */
#define STAFF_PIN_MS 60000     /* to type the PIN */
#define STAFF_MESSAGE_MS 30000 /* badge or PIN refused */
#define STAFF_STRETCH_MS 15000
#define STAFF_ENTRY_DIGITS 3 /* of a door number */

enum staff_state {
    STAFF_IDLE, /* nobody */
    STAFF_PIN,
    STAFF_CHECKING,
    STAFF_REFUSED,
    STAFF_MENU,
    STAFF_LOAD,        /* the door for a bag: pulsed, jammed or open */
    STAFF_LABEL,       /* bag in, door closed: its label is wanted */
    STAFF_INSPECT,     /* the door to look into: pulsed, jammed or open */
    STAFF_INSPECT_ASK, /* closed: what was in it? */
    STAFF_STATE_N
};

/* Of the door that is looked into, when it is to be commissioned. */
enum staff_proof {
    STAFF_PROOF_NONE,
    STAFF_PROOF_PULSED,  /* its lock was pulsed: the label of the door that opens is wanted */
    STAFF_PROOF_LABELLED /* and it is the right one */
};

struct staff {
    enum staff_state state;
    struct token_badge badge;
    char entry[CODE_PIN_MAX + 1]; /* PIN or door number */
    enum screen_notice notice;
    uint16_t notice_door;
    uint64_t try_id;
    uint16_t order;         /* LOAD, LABEL: slot */
    bool was_open;          /* LOAD, INSPECT: the door was seen open */
    enum staff_proof proof; /* INSPECT */
    bool cleared;           /* LOAD and later: CLEAR was pressed once */
    int64_t until_ms;
    bool warned;        /* its last 20 s have begun (as in pickup.h); any key gives the full time again */
    uint64_t reference; /* REFUSED */
    struct refusal refusal;
    struct opening opening;
};

void staff_on_badge(struct locker *l, const struct token_badge *b, const struct event *ev, struct effects *fx);
void staff_on_key(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx);
/* voucher, label: entered only. */
void staff_on_voucher(struct locker *l, const struct token_voucher *v, const struct event *ev, struct effects *fx);
void staff_on_label(struct locker *l, const struct token_door *d, const struct event *ev, struct effects *fx);
void staff_on_bad_scan(struct locker *l, enum screen_notice notice, const struct event *ev, struct effects *fx);
void staff_on_verdict(struct locker *l, const struct event *ev, struct effects *fx);
void staff_on_tick(struct locker *l, const struct event *ev, struct effects *fx);
void staff_on_news(struct locker *l, enum opening_news news, const struct event *ev, struct effects *fx);

/* For loading and inspection. */
void staff_enter(struct staff *s, enum staff_state state, const struct event *ev);
void staff_to_menu(struct staff *s, enum screen_notice notice, uint16_t door, const struct event *ev);
void staff_refuse(struct staff *s, enum screen_notice notice, uint16_t door, const struct event *ev,
                  struct effects *fx);
void staff_notice(struct staff *s, enum screen_notice notice, uint16_t door);

/* Ends the session; a door it was working on becomes CHECK. */
void staff_end(struct locker *l, const struct event *ev, struct effects *fx);
/* Its order was withdrawn or its door taken from it; the states were settled already. */
void staff_lose_door(struct locker *l, enum screen_notice notice, const struct event *ev, struct effects *fx);

void staff_screen(const struct locker *l, int64_t boot_ms, struct screen *out);
bool staff_is_active(const struct staff *s);
bool staff_is_entered(const struct staff *s); /* badge and PIN were right */

#endif
