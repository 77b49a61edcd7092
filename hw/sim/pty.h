/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pty: the descriptor of a serial line: a pseudo-terminal in raw mode whose other end programs open like a serial
 * port, and a symbolic link to it with a fixed name. Bytes only; time and frames belong to rtu.
 *
 * The other end stays open here too, so that a client may come and go; what one did not read the next does not get, as
 * with a real port. Loop's thread.
 */
#ifndef MEDLOCKER_SIM_PTY_H
#define MEDLOCKER_SIM_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/err.h"

struct pty;

/* Bytes written by a client. Must not call pty_free. */
typedef void (*pty_read_fn)(void *arg, const uint8_t *bytes, size_t len);

/* link may be NULL; an existing symbolic link there is replaced, anything else is ERR_DUPLICATE. baud: the speed that
 * the port starts with. Errors: ERR_IO, ERR_TOO_LONG, ERR_DUPLICATE. */
enum err pty_open(struct pty **out, const char *link, uint32_t baud, sd_event *loop, pty_read_fn fn, void *arg,
                  struct reason *r) ERR_MUST_CHECK;

/* "/dev/pts/7". */
const char *pty_path(const struct pty *p);

/* Whether the client set the speed that it should: bytes at another speed are noise. */
bool pty_speed_is(const struct pty *p, uint32_t baud);

/* Hands bytes to the client. When nobody reads and the buffer is full they are lost, as on a line. */
void pty_write(struct pty *p, const uint8_t *bytes, size_t len);

/* Removes the link. NULL is fine. */
void pty_free(struct pty *p);

#endif
