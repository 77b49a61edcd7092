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
struct locker;

struct observe *observe_new(void);
void observe_free(struct observe *o);
/* The one that the __wrap_ functions write to; there is one run at a time. NULL: observes nothing. */
void observe_use(struct observe *o);

/* The state of a running locker, NULL while it is down. Valid until the turn is given away. */
const struct locker *observe_locker(const struct observe *o, unsigned index);
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
    int actor; /* enum record_actor_kind */
    int state; /* compartment.changed: enum compartment_state, else -1 */
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
void observed_record(unsigned locker, const struct observed_record *rec);
/* A commit failed, or may have failed: the records from seq on may be durable or not. */
void observed_commit_lost(unsigned locker, int64_t seq, unsigned records);
void observed_outbox_ack(unsigned locker, int64_t seq, bool done);
/* One of the numbered invariants of controller/invariant.h does not hold after a decision. */
void observed_broken(unsigned locker, unsigned invariant, const char *name);
/* The journal's chain, recomputed at a clean end. why: NULL when it fits. */
void observed_chain(const char *who, const char *why);
/* The hub applied one event (its transaction returned), or was in the middle of it when it failed. */
void observed_applied(const uint8_t locker[8], uint32_t epoch, int64_t seq, const char *typ);
void observed_apply_lost(void);
/* One line of a daemon's log. */
void observed_log(int level, const char *module, const char *text);

#endif
