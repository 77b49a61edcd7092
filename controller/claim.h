/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claim: what somebody typed or scanned, as a right to a bag: the patient's code or pickup token, a carer's own code or
 * card. A typed code is compared with every order and every carer, to the last of both; exactly one may fit. Whether
 * the bag can be collected now is for handover. Pure.
 */
#ifndef MEDLOCKER_CLAIM_H
#define MEDLOCKER_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/token.h"
#include "controller/carer.h"
#include "controller/event.h"
#include "controller/visit.h"

struct locker;

enum claim_verdict {
    CLAIM_NO,         /* refused, for whatever reason */
    CLAIM_YES,        /* for the order in slot */
    CLAIM_NOTHING,    /* a good right of a carer, but no bag of it is here */
    CLAIM_WANTS_BOTH, /* a good card or token; its bag needs code and birthday as well */
    CLAIM_VERDICT_N
};

/* A signed paper that was scanned first, when its bag needs code and birthday as well. */
struct claim_paper {
    bool is_there;
    bool is_card;              /* of a carer, else the patient's token */
    struct code_binding token; /* token: of its order and load */
    struct carer_right card;   /* card */
};

struct claim {
    uint16_t slot;      /* YES: of the order */
    struct visit visit; /* YES: whose right, and how far it reaches */
    bool suspicious;    /* NO: more than one fitted */
};

/* ddmm NULL: the code alone was asked for. paper: what was scanned before. */
enum claim_verdict claim_by_code(const struct locker *l, const uint8_t a[CODE_STRETCHED_LEN], const char *ddmm,
                                 const struct claim_paper *paper, const struct event *ev, struct claim *out);
/* WANTS_BOTH fills *paper. */
enum claim_verdict claim_by_token(const struct locker *l, const struct token_pickup *t, struct claim *out,
                                  struct claim_paper *paper);
enum claim_verdict claim_by_card(const struct locker *l, const struct token_carer *t, const struct event *ev,
                                 struct claim *out, struct claim_paper *paper);

/* The visit's actor may still collect: a carer's right may end, or be taken back, while he stands there. */
bool claim_still_holds(const struct locker *l, const struct visit *v);

#endif
