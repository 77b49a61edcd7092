/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setup: makes the state folder of a new hub: keys, certificates, database, the broker's files, hub-key.json and
 * hubd.conf. There is no default key or password: everything is drawn here.
 *
 * Blocks on the disk.
 */
#ifndef MEDLOCKER_SETUP_H
#define MEDLOCKER_SETUP_H

#include "backend/config.h"
#include "common/err.h"

#define SETUP_NAMES_MAX 8

struct setup {
    struct config cfg; /* as hubd.conf will say it */
    const char
        *broker_name[SETUP_NAMES_MAX + 1]; /* NULL-terminated: names of the broker besides localhost and broker_host */
    const char *broker_address;            /* to listen on */
    const char *broker_user;               /* account of Mosquitto when root starts it */
};

/* Errors: ERR_DUPLICATE (the folder has keys already: nothing is touched), ERR_IO, and those of the parts. */
enum err setup_run(const struct setup *x, struct reason *r) ERR_MUST_CHECK;

#endif
