/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compartment: the durable state of what is behind one door, and the one table that says which step leads where. A
 * compartment whose content is not known goes to CHECK, never to FREE; CHECK, FORCED and OUT leave by an inspection
 * only. Pure.
 */
#ifndef MEDLOCKER_COMPARTMENT_H
#define MEDLOCKER_COMPARTMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/code.h"
#include "common/err.h"
#include "controller/cabinet.h"

enum compartment_state {
    COMPARTMENT_FREE,
    COMPARTMENT_LOADING, /* being loaded: a member of staff stands before it */
    COMPARTMENT_LOADED,  /* holds the bag of the bound order */
    COMPARTMENT_OPENING, /* being collected: intent written, door pulsed or open */
    COMPARTMENT_TAKEN,   /* collected, believed empty */
    COMPARTMENT_CHECK,   /* content unknown, or under inspection: people must look */
    COMPARTMENT_FORCED,  /* opened without us */
    COMPARTMENT_OUT,     /* defect, or its board silent for more than 60 s */
    COMPARTMENT_STATE_N
};

/* What happens to a compartment; the cause that the record tells is the same list. */
enum compartment_cause {
    COMPARTMENT_LOAD,      /* a voucher was scanned and this door chosen */
    COMPARTMENT_CONFIRM,   /* bag in, door closed, its own label scanned */
    COMPARTMENT_ABANDON,   /* loading ended without that */
    COMPARTMENT_PICKUP,    /* a verified patient: intent to open */
    COMPARTMENT_COLLECT,   /* seen open, then closed */
    COMPARTMENT_UNCONFIRM, /* pickup ended, not known whether the bag was taken; another try may follow */
    COMPARTMENT_JAM,       /* three pulses and no opening */
    COMPARTMENT_LEAVE,     /* a patient's open door was handed to staff */
    COMPARTMENT_WITHDRAW,  /* order withdrawn while the content was in doubt */
    COMPARTMENT_INSPECT,   /* staff opens it to look */
    COMPARTMENT_EMPTY,     /* inspection: seen empty */
    COMPARTMENT_KEEP,      /* inspection: holds the bag of the bound order */
    COMPARTMENT_FORCE,     /* opened without a pulse of ours */
    COMPARTMENT_LOSE,      /* board lost */
    COMPARTMENT_RESTART,   /* the daemon started again in the middle of it */
    COMPARTMENT_DISAGREE,  /* first look after a start: open though at rest */
    COMPARTMENT_REPORT,    /* the person before it said that something was wrong */
    COMPARTMENT_CAUSE_N
};

struct compartment {
    enum compartment_state state;
    uint32_t serial; /* rises at every loading */
    bool bound;      /* order and load name what it holds or may hold */
    uint8_t order[CODE_ORDER_LEN];
    uint32_t load;
    bool proved; /* its lock, contact and label were seen to belong together, wired as in wiring */
    uint8_t wiring[CABINET_WIRING_LEN]; /* all zero: as it was when this began to be asked for */
};

/* The table: where cause leads from state; state itself when the pair must be ignored. */
enum compartment_state compartment_next(enum compartment_state state, enum compartment_cause cause);

/* Takes the step; binds and unbinds are the caller's. Returns false when the pair is ignored (nothing changed). */
bool compartment_step(struct compartment *c, enum compartment_cause cause);

void compartment_bind(struct compartment *c, const uint8_t order[CODE_ORDER_LEN], uint32_t load);
void compartment_unbind(struct compartment *c);

bool compartment_is_offered(const struct compartment *c); /* may be chosen for loading */
bool compartment_needs_people(const struct compartment *c);
bool compartment_is_at_rest(const struct compartment *c); /* nobody is allowed to have its door open */

const char *compartment_state_name(enum compartment_state s); /* "FREE" */
enum err compartment_state_parse(const char *text, enum compartment_state *out) ERR_MUST_CHECK;
const char *compartment_cause_name(enum compartment_cause c); /* "load" */

#endif
