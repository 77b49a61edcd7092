/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link: the hub's side of the talk with lockers. Checks every message with the key of its device, gives events to
 * ingest in batches (what is there when the loop has nothing else to do, at most LINK_BATCH_MAX messages and
 * LINK_BATCH_MS), acknowledges with the hub's signature only after the commit, answers heartbeats, and sends the
 * commands of the outbox until the locker has confirmed them. Messages of stream rpc are taken at once and in order or
 * not at all. What is retained, unsigned, foreign or of a frozen locker
 * is refused and counted.
 *
 * Commands go only to a locker that was heard within LINK_HEARD_MS, at most LINK_WINDOW beyond the confirmed one; again
 * from there when the locker repeats an old acknowledgement, after LINK_RESEND_MS of silence, and after a new
 * connection.
 *
 * One thread, in the loop. Uses MQTT through struct link_wire, so that a test can be the wire.
 */
#ifndef MEDLOCKER_BACKEND_LINK_H
#define MEDLOCKER_BACKEND_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/hub.h"
#include "backend/opening.h"
#include "common/err.h"

#define LINK_BATCH_MAX 500
#define LINK_BATCH_MS 20
#define LINK_WINDOW 64
#define LINK_RESEND_MS 10000
#define LINK_HEARD_MS 90000
#define LINK_SILENCE_CHECK_MS 10000

struct link;

/* Hands one text to the broker; ERR_STATE: not connected, nothing was kept. */
struct link_wire {
    enum err (*publish)(void *arg, const char *topic, const char *text, size_t len);
    void *arg;
};

struct link_stats {
    bool up;
    uint64_t received, refused, retained;
    char last_refusal[200]; /* what and where, without content */
};

/* Reads the lockers of the store. wire NULL: link_connect gives one. Errors: those of the store. */
enum err link_open(struct link **out, struct hub *hub, const struct link_wire *wire, struct reason *r) ERR_MUST_CHECK;
void link_free(struct link *l); /* NULL is fine; what waits for a batch is left to the lockers to resend */

/* Connects to the broker of the hub's settings with its certificate; reconnects for ever. Errors: as mqtt_open. */
enum err link_connect(struct link *l, struct reason *r) ERR_MUST_CHECK;

/* Lockers were enrolled, revoked or frozen: read them again. */
void link_reload(struct link *l);
/* Commands were appended: send what may be sent. */
void link_kick(struct link *l);

void link_get_stats(const struct link *l, struct link_stats *out);

/* Doors that are being opened at a distance. Never NULL. */
struct opening *link_opening(const struct link *l);

/* For the wire. */
void link_on_up(struct link *l);
void link_on_down(struct link *l);
void link_on_message(struct link *l, const char *topic, const void *payload, size_t len, bool retained);
/* Commits what waits, now. */
void link_flush(struct link *l);
/* Once a second. */
void link_tick(struct link *l, int64_t boot_ms);

#endif
