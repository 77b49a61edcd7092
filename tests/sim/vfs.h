/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vfs: SQLite on the simulated disks. vfs_register makes it the default of the program, so that the daemons open their
 * databases on it without knowing: a file is on the disk of the machine of the process whose fiber runs.
 *
 * It claims what the real unix VFS of SQLite claims, so that SQLite takes the same paths as on a board: overwriting is
 * power-safe (a cut damages only bytes that were being written, not their neighbours in the sector), nothing else. The
 * disk keeps that promise. Everything else is as bad as it may be: writes reach the disk in any order until a sync.
 *
 * Not yielding: SQLite is never left by a change of fibers, except when it asks to sleep.
 */
#ifndef MEDLOCKER_SIM_VFS_H
#define MEDLOCKER_SIM_VFS_H

#include <stdbool.h>

#include "tests/sim/disk.h"
#include "tests/sim/world.h"

/* Once per program, before any use of SQLite. false: told on stderr. */
bool vfs_register(void);
/* At the start of each world: randomness comes from its dice; files of an earlier world are no longer there. */
void vfs_use(struct world *w);
/* The disk for opening files outside any process (the oracle's look at a database); NULL: none. */
void vfs_outside(struct disk *d);

#endif
