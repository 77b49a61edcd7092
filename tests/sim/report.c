/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/faults.h"

void report_init(struct report *r)
{
    *r = (struct report){.fault = calloc(FAULT_KIND_N, sizeof *r->fault)};
    if (r->fault == NULL)
        abort();
}

void report_fini(struct report *r)
{
    free(r->fault);
    for (unsigned i = 0; i < r->excuses; i++)
        free(r->excuse[i].why);
}

static void add_excuse(struct report *r, const char *why, uint64_t n)
{
    for (unsigned i = 0; i < r->excuses; i++) {
        if (strcmp(r->excuse[i].why, why) == 0) {
            r->excuse[i].times += n;
            return;
        }
    }
    if (r->excuses == REPORT_EXCUSES_MAX)
        abort();
    r->excuse[r->excuses].why = strdup(why);
    r->excuse[r->excuses++].times = n;
}

static void add_counted(struct report *r, const char *name, uint64_t n)
{
    for (unsigned k = 0; k < FAULT_KIND_N; k++) {
        if (strcmp(fault_name((enum fault_kind)k), name) == 0) {
            r->fault[k] += n;
            return;
        }
    }
    if (strncmp(name, "excuse-", 7) != 0 && strncmp(name, "drill-", 6) != 0) {
        fprintf(stderr, "sim: \"%s\" was counted, which is no fault of faults.h, no drill and no excuse\n", name);
        abort();
    }
    add_excuse(r, name, n);
}

static void add_sum(struct ghost_sum *sum, const struct ghost_sum *more)
{
    const uint64_t *from = (const uint64_t *)more;
    uint64_t *to = (uint64_t *)sum;
    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

void report_add(struct report *r, const struct site *s, double real_s)
{
    const char *name;
    uint64_t n;
    double all_s = (double)world_now_us(s->w) / 1e6;
    r->seeds++;
    r->real_s += real_s;
    r->simulated_s += all_s;
    r->active_s += all_s - (double)world_leapt_us(s->w) / 1e6;
    r->locker_days += all_s / 86400 * s->cfg.lockers;
    r->events += observe_decisions(s->observe);
    r->messages += broker_seen(s->broker);
    for (unsigned i = 0; i < s->cfg.lockers; i++) {
        r->frames += plant_frames(s->locker[i].plant);
        r->starts += process_starts(s->locker[i].process);
        r->records += s->ghost->locker[i].records;
    }
    r->starts += process_starts(s->hub);
    for (unsigned i = 0; world_counted(s->w, i, &name, &n); i++)
        add_counted(r, name, n);
    add_sum(&r->sum, &s->ghost->sum);
}

#define WHY_CAP 80

bool report_save(const struct report *r, FILE *f)
{
    bool good = fwrite(r, sizeof *r, 1, f) == 1 && fwrite(r->fault, sizeof *r->fault, FAULT_KIND_N, f) == FAULT_KIND_N;
    for (unsigned i = 0; i < r->excuses && good; i++) {
        char why[WHY_CAP] = "";
        (void)snprintf(why, sizeof why, "%s", r->excuse[i].why);
        good = fwrite(why, sizeof why, 1, f) == 1;
    }
    return good && fflush(f) == 0;
}

bool report_merge(struct report *r, FILE *f)
{
    struct report other;
    uint64_t fault[FAULT_KIND_N];
    rewind(f);
    if (fread(&other, sizeof other, 1, f) != 1 || fread(fault, sizeof fault[0], FAULT_KIND_N, f) != FAULT_KIND_N)
        return false;
    for (unsigned i = 0; i < other.excuses; i++) {
        char why[WHY_CAP];
        if (fread(why, sizeof why, 1, f) != 1)
            return false;
        add_excuse(r, why, other.excuse[i].times);
    }
    for (unsigned k = 0; k < FAULT_KIND_N; k++)
        r->fault[k] += fault[k];
    r->seeds += other.seeds;
    r->events += other.events;
    r->frames += other.frames;
    r->messages += other.messages;
    r->records += other.records;
    r->starts += other.starts;
    r->simulated_s += other.simulated_s;
    r->active_s += other.active_s;
    r->real_s += other.real_s;
    r->locker_days += other.locker_days;
    add_sum(&r->sum, &other.sum);
    return true;
}

const char *report_missing(const struct report *r)
{
    for (unsigned k = 0; k < FAULT_KIND_N; k++) {
        if (r->fault[k] == 0)
            return fault_name((enum fault_kind)k);
    }
    return NULL;
}

/* What is no fault, by the beginning of its name. */
static void put_counted(FILE *f, const struct report *r, const char *prefix)
{
    const char *comma = "";
    for (unsigned i = 0; i < r->excuses; i++) {
        if (strncmp(r->excuse[i].why, prefix, strlen(prefix)) != 0)
            continue;
        fprintf(f, "%s\"%s\":%" PRIu64, comma, r->excuse[i].why, r->excuse[i].times);
        comma = ",";
    }
}

static void put(FILE *f, const struct report *r)
{
    const struct ghost_sum *u = &r->sum;
    fprintf(f,
            "{\"ok\":%s,\"seeds\":%" PRIu64
            ",\"real_s\":%.1f,\"simulated_s\":%.0f,\"active_s\":%.0f,\"locker_days\":%.1f,",
            r->ok ? "true" : "false", r->seeds, r->real_s, r->simulated_s, r->active_s, r->locker_days);
    fprintf(f, "\"locker_days_per_s\":%.2f,\"decisions\":%" PRIu64 ",\"frames\":%" PRIu64 ",\"messages\":%" PRIu64 ",",
            r->real_s > 0 ? r->locker_days / r->real_s : 0, r->events, r->frames, r->messages);
    fprintf(f, "\"records\":%" PRIu64 ",\"starts\":%" PRIu64 ",\"strikes\":%" PRIu64 ",\"orders\":%" PRIu64 ",",
            r->records, r->starts, u->strikes, u->orders);
    fprintf(f, "\"loads\":%" PRIu64 ",\"pickups\":%" PRIu64 ",\"refusals\":%" PRIu64 ",\"no_service\":%" PRIu64 ",",
            u->loads, u->pickups, u->refusals, u->no_service);
    fprintf(f, "\"followed\":%" PRIu64 ",\"carers\":%" PRIu64 ",\"from_afar\":%" PRIu64 ",", u->followed, u->carers,
            u->from_afar);
    fprintf(f, "\"thefts\":%" PRIu64 ",\"guesses\":%" PRIu64 ",\"withdrawals\":%" PRIu64 ",\"repacks\":%" PRIu64 ",",
            u->thefts, u->guesses, u->withdrawals, u->repacks);
    fprintf(f, "\"inspections\":%" PRIu64 ",\"faults\":{", u->inspections);
    for (unsigned k = 0; k < FAULT_KIND_N; k++)
        fprintf(f, "%s\"%s\":%" PRIu64, k == 0 ? "" : ",", fault_name((enum fault_kind)k), r->fault[k]);
    fprintf(f, "},\"drills\":{");
    put_counted(f, r, "drill-");
    fprintf(f, "},\"excuses\":{");
    put_counted(f, r, "excuse-");
    fprintf(f, "}}\n");
}

bool report_write(const struct report *r, const char *path)
{
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        perror(path);
        return false;
    }
    put(f, r);
    return fclose(f) == 0;
}

void report_print(const struct report *r)
{
    put(stdout, r);
}
