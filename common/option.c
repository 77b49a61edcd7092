/* SPDX-License-Identifier: Apache-2.0 */
#include "common/option.h"

#include <assert.h>
#include <stdio.h>

int option_refuse(const char *program, const char *what)
{
    (void)fprintf(stderr, "%s: %s; see %s --help\n", program, what, program);
    return OPTION_EXIT;
}

int option_refuse_argument(const char *program, const char *argument)
{
    (void)fprintf(stderr, "%s: \"%s\" is not understood; see %s --help\n", program, argument, program);
    return OPTION_EXIT;
}

int option_next(const char *program, int argc, char **argv, const char *shorts, const struct option *longs)
{
    assert(shorts[0] == ':');
    opterr = 0;
    int c = getopt_long(argc, argv, shorts, longs, NULL);
    if (c != '?' && c != ':') {
        return c;
    }
    /* A long option has been passed by; of a short one in a row ("-xy") only the letter is known. */
    const char letter[] = {'-', (char)optopt, '\0'};
    const char *said = argv[optind - 1];
    if (said[0] != '-' || said[1] != '-') {
        said = letter;
    }
    (void)fprintf(stderr, "%s: %s %s; see %s --help\n", program, said, c == ':' ? "needs a value" : "is not understood",
                  program);
    return '?';
}
