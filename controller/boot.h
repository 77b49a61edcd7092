/* SPDX-License-Identifier: Apache-2.0 */
/* boot: whether the board itself started again, or only the daemon. Blocks on the disk. */
#ifndef MEDLOCKER_BOOT_H
#define MEDLOCKER_BOOT_H

#include <stdbool.h>

/* True when the last call with this folder was made in the present boot of the board. Remembers the boot in the folder;
 * where the kernel's boot id cannot be read, a board that runs for more than two minutes counts as the same boot. */
bool boot_is_same(const char *dir);

#endif
