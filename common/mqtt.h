/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mqtt: an MQTT 5 client connection (libmosquitto) driven by our loop: its socket is a source of sd-event, connecting
 * happens on a worker, reconnecting is endless with full jitter (1 s doubling to reconnect_max_ms). It has no queue:
 * publishing while not connected is refused, because libmosquitto would queue without limit. A PUBACK proves nothing
 * and is only a send window. Each connection has a new instance of the library, so nothing unacknowledged is resent by
 * it: that is the caller's outbox.
 *
 * TLS 1.3 with our own CA and a client certificate, or none of it (cfg->cafile NULL: only for tests on loopback).
 */
#ifndef MEDLOCKER_MQTT_H
#define MEDLOCKER_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/err.h"

struct mqtt;

struct mqtt_cfg {
    const char *host;
    uint16_t port;
    const char *client_id;
    const char *cafile, *certfile, *keyfile;
    uint16_t keepalive_s;      /* 5..120 */
    uint32_t reconnect_max_ms; /* 1000..300000 */
    uint32_t session_expiry_s; /* MQTT 5 session expiry; 0: clean */
    uint16_t receive_maximum;  /* 1..1000 */
    const char *will_topic;    /* NULL: no will; payload is a text, QoS 1, not retained */
    const char *will_text;
    const char *const *subscribe; /* NULL-terminated, at most 8; QoS 1, renewed at every connect */
};

struct mqtt_callbacks {
    void (*up)(void *arg);   /* connected and subscribed */
    void (*down)(void *arg); /* connection lost; reconnect is under way */
    void (*message)(void *arg, const char *topic, const void *payload, size_t len, bool retained);
    void (*published)(void *arg, int mid); /* PUBACK: room in the send window, nothing more */
    void *arg;                             /* callbacks must not free the mqtt */
};

/* cfg is copied; host, client_id, keepalive_s, reconnect_max_ms and receive_maximum must be set. Does not wait for the
 * broker. Errors: ERR_TOO_LONG (a text of 1 KiB or more), ERR_MEMORY, ERR_IO. */
enum err mqtt_open(struct mqtt **out, const struct mqtt_cfg *cfg, const struct mqtt_callbacks *cb, sd_event *loop,
                   struct reason *r) ERR_MUST_CHECK;
/* NULL is fine. Sends DISCONNECT when connected; waits for a connection attempt that is under way (name look-up, then
 * at most 5 s). */
void mqtt_free(struct mqtt *m);
bool mqtt_is_up(const struct mqtt *m);
/* QoS 1, never retained. Errors: ERR_STATE (not connected: nothing was queued), ERR_TOO_LONG, ERR_IO. mid may be NULL.
 */
enum err mqtt_publish(struct mqtt *m, const char *topic, const char *text, size_t len, int *mid) ERR_MUST_CHECK;

/* "libmosquitto 2.0.11", for the start-up log. */
void mqtt_library(char *out, size_t cap);

#endif
