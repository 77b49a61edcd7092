/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ghost: what is true, and neither locker nor hub can know: who holds which bag, what was printed for whom, what every
 * lock felt, what was really committed, and what people did against the rules. The cabinets (plant_cabinet) hold what
 * lies behind doors: a bag's name is its order id, a slash and the load on its label.
 */
#ifndef MEDLOCKER_SIM_GHOST_H
#define MEDLOCKER_SIM_GHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/token.h"
#include "hw/hw.h"
#include "tests/sim/observe.h"

#define GHOST_ORDERS_MAX 512u
#define GHOST_LOADS_MAX 6u
#define GHOST_BAG_CAP 48

/* Where the bag of an order is. */
enum ghost_place {
    GHOST_NO_BAG,   /* not packed */
    GHOST_PHARMACY, /* packed, at the pharmacy or with a courier */
    GHOST_DOOR,     /* behind a door: locker and door say which */
    GHOST_PATIENT,
    GHOST_STOLEN,
    GHOST_PLACE_N
};

struct ghost_order {
    char id[33]; /* "": the slot is free */
    uint8_t key[16];
    char patient[40], birth_date[11], ddmm[5];
    enum token_class cls;
    unsigned locker;                                             /* of the newest label */
    uint32_t load;                                               /* of the newest label, 0: never packed */
    char code[GHOST_LOADS_MAX + 1][11];                          /* by load */
    char voucher[TOKEN_TEXT_CAP];                                /* of the newest load */
    char carer_code[11];                                         /* of the last carer that was asked for it, "": none */
    char old_voucher[TOKEN_TEXT_CAP], old_token[TOKEN_TEXT_CAP]; /* of the load before, "": none */
    char token[TOKEN_TEXT_CAP];                                  /* "": none */
    enum ghost_place place;
    uint32_t bag_load; /* label on the bag */
    uint16_t door;
    bool excused;      /* people or thieves did what no locker can see */
    bool asked_back;   /* the pharmacist wants it back */
    bool served;       /* its patient was there and got it */
    unsigned pulses;   /* of patients, true ones */
    int64_t loaded_us; /* true time of the loading, 0: never */
    int64_t shown_us;  /* when one of its codes or tokens was last typed or scanned, 0: never */
    bool reported;     /* its patient said that something was wrong */
};

struct ghost_strike {
    int64_t on_us, off_us; /* off_us -1: has current */
    uint16_t door;
    uint64_t pulse; /* of the intent that explains it, 0: none (excused) */
    bool excused;   /* its relay is stuck, or its board hangs */
};

struct ghost_intent {
    uint64_t pulse;
    int door;
    bool has_order;
    uint8_t order[16];
    uint32_t load;
    enum observe_actor actor;
    int64_t at_us;
    unsigned strikes;
};

struct ghost_record {
    int64_t seq;
    const char *typ;
    int door;
    bool has_order;
    uint8_t order[16];
    uint32_t load;
    uint64_t pulse;
    bool sure; /* committed; else its transaction failed and nobody knows yet */
};

struct ghost_door {
    bool excused; /* its content is not what people told */
    bool truly_open;
    bool by_us;        /* it opened by a pulse of the locker */
    int64_t moved_us;  /* when it opened or closed last */
    int64_t forced_us; /* opened by force, not yet seen by the locker; 0: no */
};

struct ghost_locker {
    struct ghost_door door[HW_DOORS_MAX];
    struct ghost_strike *strike;
    size_t strikes, strikes_cap;
    struct ghost_intent *intent;
    size_t intents, intents_cap;
    struct ghost_record *record; /* [0] has seq 1; the last ones may be unsure */
    size_t records, records_cap;
    uint64_t struck_serial; /* highest pulse that a lock felt */
    int64_t applied;        /* last event that the hub applied */
    int64_t applied_maybe;  /* the same, with transactions of unknown outcome */
    int64_t deleted;        /* last event that left the outbox */
    int64_t decided_us;     /* of the last decision; 0: none in this run of the daemon */
    int64_t slept_us;       /* world_leapt_us at that time */
    int64_t coil_us;        /* the last time that a fault hit a relay or its board */
    unsigned forced;        /* doors with forced_us */
    unsigned starts;
};

/* Counts of a run for the report. */
struct ghost_sum {
    uint64_t carers;    /* pickups by a carer */
    uint64_t from_afar; /* and with a door that the pharmacy opened */
    uint64_t followed;  /* bags that were handed out after another one of the same person */
    uint64_t strikes, orders, loads, pickups, refusals, thefts, guesses, withdrawals, repacks, inspections, no_service;
    uint64_t outside; /* things outside the guarantee: wrong answers of people, lies of the disk */
};

struct ghost_book {
    struct ghost_order order[GHOST_ORDERS_MAX];
    unsigned orders;
    struct ghost_locker locker[OBSERVE_LOCKERS_MAX];
    struct ghost_sum sum;
};

struct ghost_book *ghost_new(void);
void ghost_free(struct ghost_book *g);

/* The same patient. */
bool ghost_is_kin(const struct ghost_order *a, const struct ghost_order *b);
/* Somebody shows this code or token to a locker. */
void ghost_note_shown(struct ghost_book *g, const char *text, int64_t now_us);

struct ghost_order *ghost_find(struct ghost_book *g, const uint8_t key[16]);
/* "<id>/<load>"; out has GHOST_BAG_CAP bytes. And back; false: not such a name. */
void ghost_bag_name(const struct ghost_order *o, char *out);
/* Lower-case hex of len bytes. */
bool ghost_hex(const char *text, uint8_t *out, size_t len);
bool ghost_bag_read(const char *bag, uint8_t key[16], uint32_t *load);

void ghost_add_intent(struct ghost_locker *l, const struct observed_record *rec, int64_t now_us);
/* A record takes the place of unsure ones with its seq or later. */
void ghost_add_record(struct ghost_locker *l, const struct observed_record *rec, bool sure);
/* The daemon has started again and remembers events up to seq: what is unsure is settled. false: it remembers less than
 * was committed for sure. */
bool ghost_settle_records(struct ghost_locker *l, int64_t seq);

/* The intent of a door that may explain current that begins now: the newest without a strike, not older than max_us. */
struct ghost_intent *ghost_explain(struct ghost_locker *l, uint16_t door, int64_t now_us, int64_t max_us);
struct ghost_strike *ghost_add_strike(struct ghost_locker *l, uint16_t door, int64_t now_us);

#endif
