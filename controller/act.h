/* SPDX-License-Identifier: Apache-2.0 */
/*
 * act: the turn of lockerd: event -> locker_decide -> store_commit -> effects. Gives each event its time and
 * randomness, carries out effects only after the commit, feeds what they bring back in as events, ticks, and stops for
 * good at the first error of the store: no effect is carried out then, and the screen says "out of service".
 *
 * One thread, the loop's. Everything that it is given outlives it.
 */
#ifndef MEDLOCKER_ACT_H
#define MEDLOCKER_ACT_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/clock.h"
#include "common/err.h"
#include "common/stream.h"
#include "common/work.h"
#include "controller/event.h"
#include "controller/identity.h"
#include "controller/locker.h"
#include "controller/screen.h"
#include "controller/store.h"
#include "hw/hw.h"

struct act;

struct act_cfg {
    struct locker *locker;
    struct store *store;
    const struct identity *id;
    const char *state_dir; /* of the ballast */
};

/* What others want to know. Called from inside a turn: must not call back into act. */
struct act_callbacks {
    void (*screen)(void *arg);                           /* act_screen() has changed */
    void (*sound)(void *arg, enum screen_sound sound);   /* play once; the buzzer until switched off */
    void (*committed)(void *arg);                        /* the outbox or the state has changed */
    void (*fatal)(void *arg, const struct reason *why);  /* the store failed: leave the loop soon, exit code not 0 */
    void (*say)(void *arg, const struct remote_word *w); /* to the hub, on stream rpc: now or never */
    void *arg;
};

enum err act_open(struct act **out, const struct act_cfg *cfg, const struct act_callbacks *cb, sd_event *loop,
                  struct reason *r) ERR_MUST_CHECK;
void act_free(struct act *a); /* NULL is fine */

/* The worker for Argon2id; NULL once it was freed, which must be before act is. */
void act_set_work(struct act *a, struct work *work);

/* The hardware, which is opened with act_on_hw as its callback; NULL before it is freed. */
void act_set_hw(struct act *a, struct hw *hw);
void act_on_hw(void *arg, const struct hw_event *ev);

/* EVENT_START, then ticks; a ballast that was given up in the last run is told and made again. */
void act_start(struct act *a);

/* Events. Each is decided, committed and acted on before the call returns, except when called from inside a turn. */
void act_key(struct act *a, enum event_key key);
/* text: what a scanner typed; decoded and its signature checked here. */
void act_scan(struct act *a, const char *text);
/* A command of the hub: kind, command and u of ev are set. The cursor moves in the same transaction. */
void act_command(struct act *a, const struct event *ev, const struct stream_cursor *cursor);
/* A call of the hub on stream rpc: kind and u of ev are set. Nothing of it is stored. */
void act_call(struct act *a, const struct event *ev);
/* A signed message of the hub, made at hub_wall_ms, was accepted. */
void act_contact(struct act *a, int64_t hub_wall_ms);

/* The store failed outside a turn: out of service, as if it had failed in one. */
void act_fail(struct act *a, enum err e, const struct reason *why);

/* After a wiring fault was inspected by people. Errors: ERR_STATE (not stopped, or no hardware now). */
enum err act_release_board(struct act *a, uint8_t board, struct reason *r) ERR_MUST_CHECK;

void act_now(const struct act *a, struct clock_now *out);
const struct screen *act_screen(const struct act *a);
bool act_is_fatal(const struct act *a);
uint64_t act_turns(const struct act *a); /* counts up; for the watchdog */

#endif
