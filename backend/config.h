/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: hubd.conf. Every key is in one table with its limits; a mistake stops the start with "file:line: key:
 * reason". Described in docs/man/hubd.conf.5.
 */
#ifndef MEDLOCKER_BACKEND_CONFIG_H
#define MEDLOCKER_BACKEND_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"
#include "common/file.h"

#define CONFIG_TEXT_CAP 161

struct config {
    char state[FILE_PATH_CAP];   /* folder of database and keys */
    char share[FILE_PATH_CAP];   /* folder of the staff pages */
    char control[FILE_PATH_CAP]; /* socket of hubctl */
    char address[CONFIG_TEXT_CAP];
    uint16_t port;      /* 0: any */
    bool secure_cookie; /* pages are reached by https only, through a proxy */
    char broker_host[CONFIG_TEXT_CAP];
    uint16_t broker_port; /* 0: no broker, lockers are not reached (tests, first look) */
    char pharmacy_ura[9];
    char pharmacy_name[CONFIG_TEXT_CAP];
    bool accept_any_ura;
    char telephone[CONFIG_TEXT_CAP]; /* on slips */
    char language[3];
    int64_t window_h;       /* of orders that bring none */
    int64_t silent_after_s; /* a locker without a word for so long is a fault */
};

/* Reads the file. Errors: as conf_parse and its checks. */
enum err config_load(const char *path, struct config *out, struct reason *r) ERR_MUST_CHECK;

/* The effective values, in the syntax of the file. */
void config_print(const struct config *c, FILE *to);

/* Writes a new file for hubctl init with mode 0600. Errors: ERR_SYNTAX (a text with control characters), ERR_IO. */
enum err config_write(const struct config *c, const char *path, struct reason *r) ERR_MUST_CHECK;

#endif
