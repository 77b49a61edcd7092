/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker: the files from which Mosquitto runs beside the hub: configuration, access list, certificates and the list of
 * revoked ones. The broker is trusted with nothing: it may lose, delay or read messages, never make one.
 *
 * Files in one folder: mosquitto.conf, acl, ca.pem, crl.pem, server.pem, server.key.pem, data/. Blocks on the disk.
 */
#ifndef MEDLOCKER_BROKER_H
#define MEDLOCKER_BROKER_H

#include <stdint.h>

#include "common/err.h"

struct broker_cfg {
    const char *folder;  /* absolute */
    const char *address; /* to listen on */
    uint16_t port;
    const char *user; /* account that Mosquitto takes when it is started by root */
};

/* The texts; free with free(). Never NULL: without memory the process ends. */
char *broker_config_text(const struct broker_cfg *cfg);
const char *broker_acl_text(void);

/* Writes mosquitto.conf and acl and makes data/. Errors: ERR_IO, ERR_TOO_LONG, ERR_SYNTAX (a folder, address or user
 * with a line break or space). */
enum err broker_write(const struct broker_cfg *cfg, struct reason *r) ERR_MUST_CHECK;

#endif
