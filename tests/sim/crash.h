/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash: crash anywhere. Each script (crash_script.h) is run once for every step that hub or locker take on their
 * disks, and power fails exactly before that step, with every outcome for what was not synced; two deep: again at every
 * step of the recovery. And once for every call that a daemon makes of the system, which then fails. Afterwards
 * everybody goes on as people do, all invariants must hold, and the story must come to its end.
 *
 * The program forks at each such moment, so that what went before is run once only. A failure is one line with the
 * command that shows it again.
 */
#ifndef MEDLOCKER_SIM_CRASH_H
#define MEDLOCKER_SIM_CRASH_H

/* sim --crash ...: the status of the program. argv[0] is "--crash". */
int crash_main(int argc, char **argv);

#endif
