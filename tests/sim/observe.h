/* SPDX-License-Identifier: Apache-2.0 */
/*
 * observe: the eyes of the oracle inside the daemons. The sides are linked with --wrap for a few of their functions;
 * the __wrap_ functions of observe_locker.c and observe_hub.c tell what passed through them, and call the shipped one.
 *
 * This header is free of the daemons' headers and of world.h: invariant.h has a struct world and a struct ghost of its
 * own. The observed_* functions are called on the fiber of the daemon, at the moment in which it happens; they must not
 * give the turn away.
 */
#ifndef MEDLOCKER_SIM_OBSERVE_H
#define MEDLOCKER_SIM_OBSERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OBSERVE_LOCKERS_MAX 2

struct observe;
struct screen;

struct observe *observe_new(void);
void observe_free(struct observe *o);
/* The one that the __wrap_ functions write to; there is one run at a time. NULL: observes nothing. */
void observe_use(struct observe *o);

/* As the enums of compartment.h, order.h and record.h have them, whose headers do not go with those of hw/sim. */
enum observe_state {
    OBSERVE_FREE,
    OBSERVE_LOADING,
    OBSERVE_LOADED,
    OBSERVE_OPENING,
    OBSERVE_TAKEN,
    OBSERVE_CHECK,
    OBSERVE_FORCED,
    OBSERVE_OUT
};
enum observe_order {
    OBSERVE_KNOWN,
    OBSERVE_READY,
    OBSERVE_ORDER_OPENING,
    OBSERVE_DONE,
    OBSERVE_UNCONFIRMED,
    OBSERVE_VOID
};
enum observe_actor { OBSERVE_NONE, OBSERVE_CODE, OBSERVE_TOKEN, OBSERVE_STAFF, OBSERVE_CARER, OBSERVE_REMOTE };

/* A running locker's state now. Nothing of it is known while it is down. */
bool observe_is_up(const struct observe *o, unsigned index);
bool observe_knows_boards(const struct observe *o, unsigned index); /* every board answers, every contact is known */
unsigned observe_doors(const struct observe *o, unsigned index);    /* 0: it is down */
enum observe_state observe_compartment(const struct observe *o, unsigned index, uint16_t door);
bool observe_is_proved(const struct observe *o, unsigned index, uint16_t door); /* commissioned */
int observe_contact(const struct observe *o, unsigned index, uint16_t door);    /* enum hw_door_state */
/* Its board was stopped after a wiring fault, and waits for people. */
bool observe_is_stopped(const struct observe *o, unsigned index, uint16_t door);
const char *observe_door_name(const struct observe *o, unsigned index, uint16_t door);
unsigned observe_door_number(const struct observe *o, unsigned index, uint16_t door);
/* The screen; NULL: down. Valid until the turn is given away. */
const struct screen *observe_screen(const struct observe *o, unsigned index);
/* What it knows of an order; false: nothing. door: -1 none. */
bool observe_order(const struct observe *o, unsigned index, const uint8_t order[16], uint32_t *load,
                   enum observe_order *state, int *door);
unsigned observe_outbox(const struct observe *o, unsigned index);
/* From now on every code that is tried fits this order too, as if it had been drawn twice; NULL: no more. */
void observe_twin(struct observe *o, unsigned index, const uint8_t order[16]);
int64_t observe_last_event(const struct observe *o, unsigned index);
uint64_t observe_decisions(const struct observe *o);

/* A business record that was committed: its transaction returned. */
struct observed_record {
    const char *typ; /* literal */
    int64_t seq;
    int door; /* index, -1: none */
    bool has_order;
    uint8_t order[16];
    uint32_t load;
    uint64_t pulse;
    unsigned try;
    enum observe_actor actor; /* enum observe_actor */
    int state;                /* compartment.changed: enum observe_state, else -1 */
    int64_t wall_ms;
};

/* ---------------------------------------------------------------- who and where: supplied by site.c */

/* The locker whose fiber is running, -1: none. */
int observed_who(void);
/* True when the running process is crashed already: what it does has no effect. */
bool observed_is_dead(void);
/* What truly lies behind a door: number of bags, and order and load of the first. */
unsigned observed_content(unsigned locker, uint16_t door, uint8_t order[16], uint32_t *load);
bool observed_is_excused(unsigned locker, uint16_t door);

/* ---------------------------------------------------------------- what happened: supplied by oracle.c */

/* A daemon has loaded its state; pulse: serial of the last pulse that it remembers; seq: last event written. */
void observed_start(unsigned locker, uint64_t pulse_serial, int64_t seq);
/* A decision was taken (before its commit). */
void observed_decision(unsigned locker, int event_kind, bool pulses);
/* sure: durable. Otherwise the commit failed, and whether it is durable all the same shows at the next start. */
void observed_record(unsigned locker, const struct observed_record *rec, bool sure);
void observed_outbox_ack(unsigned locker, int64_t seq, bool done);
/* One of the numbered invariants of controller/invariant.h does not hold after a decision. */
void observed_broken(unsigned locker, unsigned invariant, const char *name);
/* The journal's chain, recomputed at a clean end. why: NULL when it fits. */
void observed_chain(const char *who, const char *why);
/* The hub applied one event (its transaction returned); sure false: its transaction failed, or may have. */
void observed_applied(const uint8_t locker[8], uint32_t epoch, int64_t seq, const char *typ, bool sure);
/* One line of a daemon's log. */
void observed_log(int level, const char *module, const char *text);

#endif
