/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enrol: how a locker that knows nothing becomes a locker of a hub; file formats in docs/enrolment.md. Used by
 * lockerctl while lockerd does not run.
 *
 * One thread; blocks on the disk.
 */
#ifndef MEDLOCKER_CONTROLLER_ENROL_H
#define MEDLOCKER_CONTROLLER_ENROL_H

#include "common/err.h"

#define ENROL_FINGERPRINT_CAP 20 /* "0123-4567-89ab-cdef" */

/* Makes the keys of this locker in dir (created when absent) and gives the text of request.json (free with free()) and
 * the fingerprint that the technician compares with the hub's. secret: 32 hex digits, '-' and spaces are ignored.
 * hub_key: path of hub-key.json, whose key is remembered for enrol_accept. Errors: ERR_SYNTAX, ERR_DUPLICATE (dir has
 * keys already), ERR_NOT_FOUND, ERR_IO. */
enum err enrol_request(const char *dir, const char *secret, const char *hub_key, char **text,
                       char fingerprint[ENROL_FINGERPRINT_CAP], struct reason *r) ERR_MUST_CHECK;

/* Checks a grant ("-": standard input) against the hub key and the device key, opens K_epoch, writes the files of
 * controller/identity.h. id gets the locker's id, name its name. Errors: ERR_SIGNATURE, ERR_FOREIGN, ERR_SYNTAX,
 * ERR_STATE (enrolled already, or no request was made), ERR_IO. */
enum err enrol_accept(const char *dir, const char *grant, char id[17], char name[41], struct reason *r) ERR_MUST_CHECK;

/* The fingerprint of the request made in dir. Errors: ERR_NOT_FOUND, ERR_IO. */
enum err enrol_fingerprint(const char *dir, char fingerprint[ENROL_FINGERPRINT_CAP], struct reason *r) ERR_MUST_CHECK;

#endif
