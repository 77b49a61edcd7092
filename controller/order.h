/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order: what a locker knows about one order: its verifiers, window and class, where it lies, and how often its code
 * has pulsed a door. One slot for an order id. An order that ended stays as a tombstone until its voucher would be
 * refused as expired, so that no voucher, message or code brings it back. Pure.
 */
#ifndef MEDLOCKER_ORDER_H
#define MEDLOCKER_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/token.h"
#include "controller/cabinet.h"
#include "controller/floor.h"

#define ORDER_LIVE_MAX 256u
#define ORDER_SLOTS 2048u /* with tombstones */
#define ORDER_NONE UINT16_MAX
#define ORDER_PULSES_MAX 3u
#define ORDER_GRACE_MS (10 * 60 * 1000) /* all pulses of an order lie within this time of the first */

enum order_state {
    ORDER_KNOWN,       /* voucher read, bag not yet confirmed behind its door */
    ORDER_READY,       /* may be collected */
    ORDER_OPENING,     /* being collected */
    ORDER_DONE,        /* collected; the code is dead for ever */
    ORDER_UNCONFIRMED, /* a pickup began and nobody knows how it ended */
    ORDER_VOID,        /* withdrawn, expired or removed; the code is dead for ever */
    ORDER_STATE_N
};

enum order_step {
    ORDER_LOAD,      /* KNOWN -> READY */
    ORDER_PICKUP,    /* READY, UNCONFIRMED -> OPENING */
    ORDER_COLLECT,   /* OPENING -> DONE */
    ORDER_UNCONFIRM, /* OPENING -> UNCONFIRMED */
    ORDER_WITHDRAW,  /* KNOWN, READY, UNCONFIRMED -> VOID; OPENING waits for its end */
    ORDER_REMOVE,    /* staff found or took it out: READY, UNCONFIRMED, VOID -> VOID */
    ORDER_STEP_N
};

enum order_end { ORDER_END_NONE, ORDER_END_WITHDRAWN, ORDER_END_EXPIRED, ORDER_END_REMOVED, ORDER_END_N };

struct order {
    bool used; /* the slot */
    enum order_state state;
    uint8_t id[CODE_ORDER_LEN];
    uint32_t load;
    uint32_t newest;                  /* highest load ever named: older vouchers are refused; >= load */
    enum order_end end;               /* VOID: why. OPENING: a withdrawal is waiting for the end of the pickup */
    uint16_t door;                    /* where the bag is or may be; CABINET_NO_DOOR */
    char door_name[CABINET_NAME_CAP]; /* the same, for a changed configuration */
    enum token_class cls;
    int64_t not_before_s, not_after_s;
    int64_t loaded_ms; /* floor time of loading: base of the lease */
    uint32_t key_epoch;
    bool has_v1;
    uint8_t v1[CODE_MAC_LEN], v2[CODE_MAC_LEN]; /* wiped when it ends */
    uint8_t person[TOKEN_PERSON_LEN];           /* zeros: on its own */
    enum language language;
    bool recoded;           /* order.recode.v1 came: of the pickup tokens only the one named below counts */
    uint8_t token[16];      /* zeros: none */
    uint8_t pulses;         /* of patients */
    int64_t first_pulse_ms; /* floor time */
    uint32_t first_pulse_boot;
    int64_t first_pulse_boot_ms;
};

struct order_table {
    struct order slot[ORDER_SLOTS];
};

enum order_state order_next(enum order_state state, enum order_step step);
/* Takes the step; false when the pair is ignored. DONE and VOID wipe the verifiers. */
bool order_step(struct order *o, enum order_step step);

bool order_has_ended(const struct order *o);      /* DONE or VOID */
bool order_is_live(const struct order *o);        /* KNOWN, READY, OPENING, UNCONFIRMED */
bool order_is_collectable(const struct order *o); /* READY or UNCONFIRMED: its code is compared */
/* Another pulse of a patient is within the three and the ten minutes. */
bool order_may_pulse(const struct order *o, const struct clock_now *now, const struct floor *f);
void order_count_pulse(struct order *o, const struct clock_now *now, const struct floor *f);

/* Index of the order's slot, ORDER_NONE if unknown. */
uint16_t order_find(const struct order_table *t, const uint8_t id[CODE_ORDER_LEN]);
unsigned order_live_count(const struct order_table *t);
/* A slot for a new order: an empty one, else that of an ended, unbound order whose voucher expired by signed time;
 * with force, else that of the one that expires first. ORDER_NONE when there is none. */
uint16_t order_take_slot(struct order_table *t, const struct floor *f, bool force);

/* A voucher's load begins in o (unused, or an ended order of the same id): KNOWN, at no door. */
void order_begin(struct order *o, const struct token_voucher *v);
/* It was not confirmed: as before order_begin. */
void order_forget(struct order *o);

/* Compares a stretched code (with ddmm: code and birthday) with every collectable order, without early exit. Returns
 * how many fit, and in *slot the last of them. */
unsigned order_match(const struct order_table *t, const struct code_key *key, const uint8_t locker[CODE_LOCKER_LEN],
                     const uint8_t a[CODE_STRETCHED_LEN], const char *ddmm, uint16_t *slot);

/* Command order.recode.v1: new verifiers for a bag that lies ready. */
struct order_codes {
    uint8_t order[CODE_ORDER_LEN];
    uint32_t load;
    uint32_t key_epoch;
    bool has_v1;
    uint8_t v1[CODE_MAC_LEN], v2[CODE_MAC_LEN];
    uint8_t token[16]; /* the one pickup token that counts from now on; zeros: none */
};
/* o is READY. The old verifiers are overwritten. */
void order_recode(struct order *o, const struct order_codes *codes);
/* A pickup token with this id is no older than the code. */
bool order_takes_token(const struct order *o, const uint8_t id[16]);

const char *order_state_name(enum order_state s); /* "READY" */
enum err order_state_parse(const char *text, enum order_state *out) ERR_MUST_CHECK;

#endif
