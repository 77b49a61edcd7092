/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: where commands come from and answers go: a unix socket for any number of tests, standard input, and a script
 * file in which lines may begin with `at MS` (since the start of the program). A line is carried out when the one
 * before it from the same place was answered.
 *
 * Loop's thread; never blocks on a client: one that does not read its answers is cut off.
 */
#ifndef MEDLOCKER_SIM_CONTROL_H
#define MEDLOCKER_SIM_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/err.h"
#include "hw/sim/cabinet.h"

struct control;

/* Called after input arrived, so that the owner lets time pass (and control_step carries the lines out). */
typedef void (*control_wake_fn)(void *arg);

struct control_cfg {
    struct cabinet *cabinet;
    const char *socket; /* path of the unix socket, NULL: none */
    const char *script; /* path of the script, NULL: none */
    bool standard_input;
    int64_t start_us;
    sd_event *loop;
    control_wake_fn fn;
    void *arg;
};

/* Errors: ERR_IO, ERR_TOO_LONG, ERR_SYNTAX (script: the reason has the line), ERR_MEMORY. */
enum err control_open(struct control **out, const struct control_cfg *cfg, struct reason *r) ERR_MUST_CHECK;

/* Carries out lines, ends waits, sends events. Returns false once `quit` was given or standard input ended. */
bool control_step(struct control *k, int64_t now_us);

/* When a wait or a scripted line is due, or BOARD_NEVER. */
int64_t control_next(const struct control *k);

/* Removes the socket. NULL is fine. */
void control_free(struct control *k);

#endif
