/* SPDX-License-Identifier: Apache-2.0 */
/* What every measuring program does: end with a reason when a thing went wrong, and take the middle of several runs. */
#ifndef MEDLOCKER_TESTS_BENCH_BENCH_H
#define MEDLOCKER_TESTS_BENCH_BENCH_H

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/err.h"

/* Prints the reason after the name of the program and exits, unless e is ERR_OK. */
static inline void bench_must(enum err e, const struct reason *r)
{
    if (e != ERR_OK) {
        (void)fprintf(stderr, "%s: %s\n", program_invocation_short_name, r->text);
        exit(EXIT_FAILURE);
    }
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of n values, at least one; sorts them. */
static inline double bench_median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, bench_compare);
    return values[n / 2];
}

#endif
