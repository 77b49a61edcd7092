/* SPDX-License-Identifier: Apache-2.0 */
/*
 * link: store and forward between the outbox of this locker and the hub. Publishes from the acknowledged sequence on
 * within a window, deletes only on the hub's signed acknowledgement, applies commands exactly once through act in the
 * transaction of their cursor, acknowledges them, and tells how the locker is. What the broker says or forgets proves
 * nothing; what it delays, repeats or reorders changes nothing.
 *
 * The transport is a table of two functions: mqtt in lockerd, a fake in tests. One thread; blocks for a disk sync.
 */
#ifndef MEDLOCKER_LINK_H
#define MEDLOCKER_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/err.h"
#include "controller/act.h"
#include "controller/locker.h"
#include "controller/seal.h"
#include "controller/store.h"

#define LINK_CALL_MS 60000    /* a message of stream rpc may be valid for so long at most */
#define LINK_SILENCE_MS 10000 /* without an acknowledgement: everything in flight is sent again */

struct link;

/* publish: as mqtt_publish. */
struct link_transport {
    bool (*is_up)(void *arg);
    enum err (*publish)(void *arg, const char *topic, const char *text, size_t len);
    void *arg;
};

struct link_cfg {
    const struct identity *id;
    struct seal *seal;
    struct store *store;
    struct act *act;
    const struct locker *locker;
    unsigned window;      /* events in flight */
    unsigned heartbeat_s; /* between heartbeats when nothing changes */
};

enum err link_open(struct link **out, const struct link_cfg *cfg, sd_event *loop, struct reason *r) ERR_MUST_CHECK;
void link_free(struct link *l); /* NULL is fine */
void link_set_transport(struct link *l, const struct link_transport *t);

/* From the transport. */
void link_on_up(struct link *l);
void link_on_message(struct link *l, const char *topic, const void *payload, size_t len, bool retained);

/* What the kiosk says about a remote opening: sent at once, or never. May be called inside a turn of act. */
void link_say(struct link *l, const struct remote_word *w);

/* Something was committed: sends soon, from the loop. May be called inside a turn of act. */
void link_wake(struct link *l);

struct link_status {
    bool up;
    bool frozen;          /* two histories were seen: no command and no acknowledgement counts any more in this run */
    int64_t sent, acked;  /* event sequences */
    int64_t commands;     /* last command applied */
    uint64_t refused;     /* messages that were not accepted, since the start */
    int64_t heard_ago_ms; /* since a signed message of the hub; -1: not in this run */
};
void link_status(const struct link *l, struct link_status *out);

/* The members of locker.heartbeat.v1 except "doors" into dat. */
void link_describe(const struct link *l, cJSON *dat);

#endif
