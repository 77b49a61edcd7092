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
 *   {"do": "verify"}               {"rows", "first_id", "last_id", "head"}; a damaged journal is an error
 *   {"do": "release", "board": B}  {"board": B}: the stopped board may pulse again (hw_board_release)
 *
 * controller/answer.h makes the answers to journal and verify.
 */
#ifndef MEDLOCKER_CONTROL_H
#define MEDLOCKER_CONTROL_H

#define CONTROL_PATH "/run/lockerd/control" /* default of both sides */
#define CONTROL_REQUEST_MAX 512             /* bytes of a line */
#define CONTROL_ANSWER_MAX (4u * 1024 * 1024)
#define CONTROL_JOURNAL_MAX 200
#define CONTROL_JOURNAL_DEFAULT 20

#endif
