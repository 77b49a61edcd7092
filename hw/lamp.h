/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lamp: lights (or anything that is switched) at the regions of a cabinet, each on a GPIO line of its own: the one at
 * the door that somebody goes to is on. A help to find the door, never needed for it: a lamp that cannot be switched is
 * logged, tried again at the next door, and nothing else changes. That no lamp is on the line of a lock is checked
 * where the settings are read.
 *
 * One thread; does not block. All lamps are off after lamps_free, and when the process dies.
 */
#ifndef MEDLOCKER_LAMP_H
#define MEDLOCKER_LAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

#define LAMPS_MAX 32
#define LAMP_NAME_CAP 16
#define LAMP_CHIP_CAP 108
#define LAMP_LINE_CAP 64

struct lamps;

struct lamp_cfg {
    char name[LAMP_NAME_CAP]; /* for the log */
    char chip[LAMP_CHIP_CAP]; /* label */
    char line[LAMP_LINE_CAP]; /* name */
    bool active_low;          /* on at 0 volts */
    /* The doors of its region, each from 1, both ends included. */
    uint8_t rows_from, rows_to, columns_from, columns_to;
};

/* All lamps off. cfg is not copied: lives as long as the lamps. Error: ERR_MEMORY. */
enum err lamps_open(struct lamps **out, const struct lamp_cfg *cfg, unsigned count, struct reason *r) ERR_MUST_CHECK;
void lamps_free(struct lamps *l); /* NULL is fine */

/* From now on the lamps of the regions that this door belongs to are on, the others off; row 0: all off. */
void lamps_show(struct lamps *l, uint8_t row, uint8_t column);

#endif
