/* SPDX-License-Identifier: Apache-2.0 */
/* report: sums over all seeds of a run, and the JSON that the safety case reads. */
#ifndef MEDLOCKER_SIM_REPORT_H
#define MEDLOCKER_SIM_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/sim/site.h"

#define REPORT_EXCUSES_MAX 32

struct report {
    bool ok; /* no seed failed */
    uint64_t seeds, events, frames, messages, records, starts;
    double simulated_s, active_s, real_s;
    double locker_days;
    struct ghost_sum sum;
    uint64_t *fault; /* by enum fault_kind */
    struct {
        char *why;
        uint64_t times;
    } excuse[REPORT_EXCUSES_MAX];
    unsigned excuses;
};

void report_init(struct report *r);
void report_fini(struct report *r);
/* One more run: real_s is what it took. */
void report_add(struct report *r, const struct site *s, double real_s);
bool report_write(const struct report *r, const char *path);
void report_print(const struct report *r);
/* From one process of a run to another. false: it could not be written or read. */
bool report_save(const struct report *r, FILE *f);
bool report_merge(struct report *r, FILE *f);
/* Names a fault that was never injected; NULL: none is missing. */
const char *report_missing(const struct report *r);

#endif
