/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control: the unix stream socket at which lockerctl asks lockerd. Who may connect: the mode of the socket.
 *
 * One request a line, one answer line for each, both strict JSON objects; a client may send more than one request,
 * each after the answer to the one before. A request that is refused, or no request, is answered {"error": "..."}.
 *
 *   {"do": "status"}               {"locker", "name", "site", "uptime_s", "boot", "ready": bool, "connected": bool,
 *                                  "orders": int, "screen", and the members of locker.heartbeat.v1 but "doors"}
 *   {"do": "doors"}                {"doors": [{"door", "number", "state", "contact", "size", "zone", "board",
 *                                  "ord"?, "lod"?}]}
 *   {"do": "journal", "limit": N}  {"rows": [{"id", "seq", "boot", "boot_ms", "wall_ms", "typ", "dat": {}, "hash"}]}
 *                                  the newest N (1..CONTROL_JOURNAL_MAX), oldest first
 *   {"do": "verify"}               {"rows", "first_id", "last_id", "head"} of the journal as it is at the start; a
 * damaged one is an error, and so is a second verification while one runs
 *   {"do": "release", "board": B}  {"board": B}: the stopped board may pulse again (hw_board_release); one that
 *                                  is not stopped is an error
 *
 * controller/answer.h makes the answers to journal and verify.
 */
#ifndef MEDLOCKER_CONTROL_H
#define MEDLOCKER_CONTROL_H

#include <systemd/sd-event.h>

#include "common/err.h"
#include "controller/act.h"
#include "controller/identity.h"
#include "controller/link.h"
#include "controller/locker.h"
#include "controller/store.h"

#define CONTROL_PATH "/run/lockerd/control" /* default of both sides */
#define CONTROL_REQUEST_MAX 512             /* bytes of a line */
#define CONTROL_ANSWER_MAX (4u * 1024 * 1024)
#define CONTROL_JOURNAL_MAX 200
#define CONTROL_JOURNAL_DEFAULT 20
#define CONTROL_CLIENTS_MAX 8

/* The side of lockerd. One thread, the loop's; verify reads the journal in slices, when nothing else is to be done. */
struct control;

struct control_cfg {
    const char *path; /* of the socket, mode 0600; one that is left of an earlier run is replaced */
    const char *site;
    const struct identity *id;
    const struct locker *locker;
    struct store *store;
    struct act *act;
    const struct link *link;
};

/* Everything in cfg is not copied and outlives the control. Errors: ERR_TOO_LONG (path), ERR_BUSY (another lockerd
 * answers there), ERR_IO. */
enum err control_open(struct control **out, const struct control_cfg *cfg, sd_event *loop,
                      struct reason *r) ERR_MUST_CHECK;
void control_free(struct control *c); /* removes the socket; NULL is fine */

#endif
