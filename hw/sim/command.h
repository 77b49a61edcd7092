/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command: the language in which people and tests act on the cabinet. One command a line, one JSON object as answer:
 * {"ok":true,...}, or {"error":"column 6: ..."} and then nothing was changed. The commands are listed by `help` and in
 * lockersim(1).
 *
 * No I/O and no clock; answers are cJSON trees. One thread.
 */
#ifndef MEDLOCKER_SIM_COMMAND_H
#define MEDLOCKER_SIM_COMMAND_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "hw/sim/cabinet.h"

#define COMMAND_LINE_CAP 512 /* longest line with its NUL */

enum command_then {
    COMMAND_ANSWERED,
    COMMAND_WAITS,  /* no answer yet: ask command_waited until it has one */
    COMMAND_EVENTS, /* answered; from now on this client is sent every event */
    COMMAND_QUIT    /* answered; the program ends */
};

enum command_wait_kind { COMMAND_WAIT_OPENED, COMMAND_WAIT_CLOSED, COMMAND_WAIT_PULSED, COMMAND_WAIT_N };

struct command_wait {
    enum command_wait_kind kind;
    uint16_t door;
    uint32_t pulses; /* the strike's count at the start */
    int64_t since_us, deadline_us;
};

/* Carries out a line (NUL-terminated, without line end) at now_us, up to which the cabinet was stepped. *answer is for
 * the caller to delete, NULL when COMMAND_WAITS, of which *wait has the details. An empty line or one that begins with
 * '#' gives NULL and COMMAND_ANSWERED. */
enum command_then command_run(struct cabinet *c, const char *line, int64_t now_us, cJSON **answer,
                              struct command_wait *wait);

/* The answer of a wait that is over, or NULL. */
cJSON *command_waited(const struct cabinet *c, const struct command_wait *wait, int64_t now_us);

/* A line of the event stream. */
cJSON *command_event(const struct cabinet *c, const struct cabinet_event *event);

/* A line of the trace. */
cJSON *command_frame(const struct cabinet *c, const struct trace_entry *entry);

/* {"error":"column N: ..."}, or without the column when it is 0. */
cJSON *command_error(unsigned column, const char *fmt, ...) ERR_PRINTF(2, 3);

#endif
