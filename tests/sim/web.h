/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web: stands in for common/http.c (the functions of common/http.h are defined here): requests go to the daemon's own
 * handlers without a socket. The handler runs on the fiber of the daemon, in its event loop, as it would really.
 */
#ifndef MEDLOCKER_SIM_WEB_H
#define MEDLOCKER_SIM_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sim/process.h"

struct web_answer {
    unsigned status; /* 0: nobody answered (down, crashed, or too late) */
    char *body;      /* freed by web_answer_free; NUL-terminated */
    size_t len;
    char cookie[256]; /* name=value of Set-Cookie, "" when none */
};

/* From a fiber that is no daemon's: asks the server that `p` has opened, waits up to timeout_us. headers: "Name: value"
 * lines, NULL-terminated, may be NULL. body may be NULL. */
void web_ask(struct process *p, const char *method, const char *target, const char *const *headers, const char *body,
             int64_t timeout_us, struct web_answer *out);
/* The port that the server of a process has; 0: none is open. */
uint16_t web_port(const struct process *p);
void web_answer_free(struct web_answer *a);

#endif
