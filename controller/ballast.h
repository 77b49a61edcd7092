/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ballast: a file that only takes room, given up when the disk is full so that the journal can be written once more.
 * Blocks on the disk.
 */
#ifndef MEDLOCKER_BALLAST_H
#define MEDLOCKER_BALLAST_H

#include "common/err.h"

#define BALLAST_BYTES (8L * 1024 * 1024)

enum ballast { BALLAST_THERE, BALLAST_MADE, BALLAST_NO_ROOM };

/* Makes the file where it is missing. A file that could not be reserved whole is removed again. */
enum ballast ballast_ensure(const char *dir);

/* Removes it. */
void ballast_drop(const char *dir);

#endif
