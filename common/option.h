/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option: getopt_long for all our programs, so that each says what it does not understand in the same single line on
 * standard error and ends with OPTION_EXIT.
 *
 * One thread, before anything else runs: getopt keeps its place in globals.
 */
#ifndef MEDLOCKER_OPTION_H
#define MEDLOCKER_OPTION_H

#include <getopt.h>

#define OPTION_EXIT 2 /* exit code for a command line that makes no sense */

/* The next option's val; -1 at their end; '?' when it makes no sense, which has been told. shorts as for getopt,
 * beginning with ':'. */
int option_next(const char *program, int argc, char **argv, const char *shorts, const struct option *longs);

/* "PROGRAM: WHAT; see PROGRAM --help". Returns OPTION_EXIT. */
int option_refuse(const char *program, const char *what);

/* The same for an argument that is left over. */
int option_refuse_argument(const char *program, const char *argument);

#endif
