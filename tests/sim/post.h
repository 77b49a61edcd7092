/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post: a bell in a daemon's event loop that the rest of the world can ring: fn runs in the loop, on the daemon's
 * fiber, once for any number of rings before.
 */
#ifndef MEDLOCKER_SIM_POST_H
#define MEDLOCKER_SIM_POST_H

#include <stdbool.h>
#include <systemd/sd-event.h>

struct post;

typedef void (*post_fn)(void *arg);

/* On the daemon's fiber. NULL: no descriptor or event source could be had. */
struct post *post_new(sd_event *loop, const char *name, post_fn fn, void *arg);
void post_ring(struct post *p);            /* from anywhere */
bool post_is_closed(const struct post *p); /* its process has ended */
void post_free(struct post *p);            /* on the daemon's fiber; NULL is fine */

#endif
