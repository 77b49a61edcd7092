/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: lockerd.conf as one struct. Every unknown, repeated, missing or contradictory key is refused with file, line
 * and key. controller/lockerd.conf.example documents all keys.
 *
 * One thread; blocks on the disk. Identity and keys are not here: they come from the enrolment (controller/identity.h).
 */
#ifndef MEDLOCKER_CONTROLLER_CONFIG_H
#define MEDLOCKER_CONTROLLER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"
#include "controller/cabinet.h"
#include "hw/hw.h"
#include "hw/lamp.h"

#define CONFIG_PATH_CAP 200
#define CONFIG_SOCKET_CAP 108 /* of a unix socket */
#define CONFIG_TEXT_CAP 64

struct config {
    char state[CONFIG_PATH_CAP];
    char profiles[CONFIG_PATH_CAP];
    char share[CONFIG_PATH_CAP];
    char control[CONFIG_SOCKET_CAP];
    char kiosk_address[CONFIG_TEXT_CAP];
    uint16_t kiosk_port;
    enum language language;
    bool speech; /* the kiosk says what it shows */
    bool waived; /* commissioning */
    char telephone[CONFIG_TEXT_CAP];
    char site[CONFIG_TEXT_CAP];                             /* empty: the name of the enrolment */
    char keypad[CONFIG_PATH_CAP], scanner[CONFIG_PATH_CAP]; /* empty: none */
    unsigned window;
    unsigned heartbeat_s;
    struct lamp_cfg lamp[LAMPS_MAX];
    unsigned lamps;
    struct hw_cfg hw; /* profile_dir points to profiles of this struct */
    struct cabinet_door door[HW_DOORS_MAX];
    struct cabinet_climate climate[HW_CLIMATES_MAX];
};

/* Reads and checks path. *out is untouched on failure; it is about 40 KB and must not be copied (profile_dir). Errors:
 * those of conf_parse, ERR_MISSING, ERR_RANGE, ERR_UNKNOWN, ERR_DUPLICATE, ERR_SYNTAX: all with the place. */
enum err config_load(const char *path, struct config *out, struct reason *r) ERR_MUST_CHECK;

/* The effective values in the syntax of the file. */
void config_print(const struct config *c, FILE *to);

/* Doors, boards and climate sensors into cab; the rest of cab is left alone. */
void config_to_cabinet(const struct config *c, struct cabinet *cab);

#endif
