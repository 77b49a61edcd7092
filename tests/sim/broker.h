/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker: what is between the daemons: it stands in for common/mqtt.c (the functions of common/mqtt.h are defined here)
 * and for Mosquitto, with the semantics that the real ones have: QoS 1 queues per session, PUBACK before anything is
 * stored, a restart that forgets everything. And it is an adversary: it keeps every message that it ever saw, and can
 * drop, double, delay, reorder, replay, cross-deliver and forge.
 *
 * A client is a process (process_current() in mqtt_open); its death closes the connection.
 */
#ifndef MEDLOCKER_SIM_BROKER_H
#define MEDLOCKER_SIM_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sim/world.h"

struct broker;

/* Each fault that happens is counted: "net-drop", "net-duplicate", "net-reorder", "net-retain", "net-replay",
 * "net-cross-delivery", "net-forgery", "net-delay", "net-partition-one", "net-partition-all", "broker-restart",
 * "broker-restart-forgets", "broker-take-over". Chances per message in parts per million, delays in microseconds. All
 * 0: an honest broker with latency_us. */
struct broker_faults {
    int64_t latency_us, jitter_us;
    uint32_t drop_ppm, double_ppm, reorder_ppm, retain_ppm, replay_ppm, cross_ppm, forge_ppm;
    uint32_t delay_ppm;
    int64_t delay_max_us;
};

struct broker *broker_new(struct world *w);
void broker_free(struct broker *b);
struct broker_faults *broker_faults(struct broker *b);
/* The link of one client (its client id), or of all (NULL), is cut or whole. */
void broker_partition(struct broker *b, const char *client, bool cut);
/* Restart: every connection ends, and sessions have the queues that were saved last; forget: nothing was saved. */
void broker_restart(struct broker *b, bool forget, int64_t down_us);
/* A second connection with the id of a client: that one is thrown out, as by take-over. */
void broker_take_over(struct broker *b, const char *client);
/* Messages ever seen, and one of them (for the adversary of a scenario and the search after secrets). */
uint64_t broker_seen(const struct broker *b);
bool broker_message(const struct broker *b, uint64_t n, const char **topic, const char **text, size_t *len);
/* Puts a text on a topic as if a client had published it: a replay or forgery by hand. */
void broker_inject(struct broker *b, const char *topic, const char *text, size_t len, bool retained);

/* Called with every message that reaches the broker, its own forgeries left out. */
typedef void (*broker_fn)(void *arg, const char *topic, const char *text, size_t len);
void broker_set_watcher(struct broker *b, broker_fn fn, void *arg);
/* Connected and subscribed, as the broker sees it. */
bool broker_has(const struct broker *b, const char *client);
/* No faults from now on: links whole, what is held is delivered. */
void broker_heal(struct broker *b);

#endif
