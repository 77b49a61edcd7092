/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim: runs the shipped daemons in the simulated world, seed by seed. The first seed that fails ends the run with one
 * line that says how to see it again.
 */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/crash.h"
#include "tests/sim/day.h"
#include "tests/sim/faults.h"
#include "tests/sim/report.h"
#include "tests/sim/site.h"

#define STORY_LINES 60
#define JOBS_MAX 16
#define RUN_US (INT64_C(400) * 24 * 3600 * 1000000)

static const char *const profile_names[DAY_PROFILE_N] = {"small", "wide", "long", "honest"};

struct options {
    uint64_t first, last;
    enum day_profile profile;
    bool story, twice, all_faults, go_on;
    unsigned lines, jobs;
    const char *report;
};

/* For the handler of signals that end us. */
static volatile uint64_t running_seed;
static const char *running_profile = "small";
static struct site *running_site;

static void say_failed(uint64_t seed, const char *profile, const char *why)
{
    printf("FAILED seed %" PRIu64 ": %s; reproduce: build/sim/sim --seed %" PRIu64 " --profile %s --story\n", seed, why,
           seed, profile);
}

static void on_fatal_signal(int number)
{
    char why[64];
    (void)signal(number, SIG_DFL);
    (void)snprintf(why, sizeof why, "the program was ended by signal %d", number);
    say_failed(running_seed, running_profile, why);
    if (running_site != NULL)
        world_print_story(running_site->w, STORY_LINES);
    (void)fflush(stdout);
    (void)raise(number);
}

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What must be so of a whole run. NULL: it is. */
static const char *judge_run(const struct options *o, const struct site *s)
{
    uint64_t dangers = 0, kills = process_watchdog_kills(s->hub);
    for (unsigned i = 0; i < s->cfg.lockers; i++) {
        dangers += plant_dangers(s->locker[i].plant);
        kills += process_watchdog_kills(s->locker[i].process);
    }
    if (dangers > 0 && !s->miswired)
        return "INV-01 no frame that could move another lock leaves the firewall";
    if (o->profile == DAY_HONEST && kills > 0)
        return "INV-29 the watchdog ends nobody on a day without faults";
    if (o->profile == DAY_HONEST && s->ghost->sum.outside > 0)
        return "a day without faults needs no excuse";
    return NULL;
}

/* 0: all went well. */
static int run_seed(const struct options *o, const struct image *image, uint64_t seed, struct report *r,
                    uint64_t *digest)
{
    struct site_cfg cfg = {.image = image};
    day_site(o->profile, seed, &cfg);
    double began_s = now_s();
    running_seed = seed;
    struct site *s = site_new(&cfg);
    if (s == NULL)
        return 1;
    running_site = s;
    world_set_echo(s->w, o->story);
    day_start(s, o->profile);
    (void)world_run(s->w, RUN_US);
    const char *why = world_failure(s->w);
    if (why == NULL && !world_is_ending(s->w))
        why = "LIV-01 the run came to its end";
    if (why == NULL)
        why = judge_run(o, s);
    if (why != NULL) {
        if (!o->story)
            world_print_story(s->w, o->lines);
        say_failed(seed, profile_names[o->profile], why);
    }
    int failed = why != NULL;
    *digest = world_digest(s->w);
    report_add(r, s, now_s() - began_s);
    running_site = NULL;
    site_free(s);
    return failed;
}

/* Every step-th seed from first on. Gives how many failed. */
static uint64_t run_some(const struct options *o, const struct image *image, uint64_t first, unsigned step,
                         struct report *r)
{
    uint64_t digest = 0, again = 0, bad = 0;
    for (uint64_t seed = first; seed <= o->last && (bad == 0 || o->go_on); seed += step) {
        bad += (uint64_t)run_seed(o, image, seed, r, &digest);
        if (!o->twice)
            continue;
        bad += (uint64_t)run_seed(o, image, seed, r, &again);
        if (again != digest) {
            say_failed(seed, profile_names[o->profile], "the second run of the same seed was another one");
            bad++;
        }
    }
    return bad;
}

/* The same in processes of their own; a seed that ends its process fails the run. */
static uint64_t run_jobs(const struct options *o, const struct image *image, struct report *r)
{
    FILE *said[JOBS_MAX] = {NULL};
    pid_t job[JOBS_MAX] = {0};
    uint64_t bad = 0;
    for (unsigned i = 0; i < o->jobs; i++) {
        said[i] = tmpfile();
        job[i] = said[i] == NULL ? -1 : fork();
        if (job[i] == 0) {
            bad = run_some(o, image, o->first + i, o->jobs, r);
            _exit(report_save(r, said[i]) && bad == 0 ? 0 : 1);
        }
    }
    for (unsigned i = 0; i < o->jobs; i++) {
        int status = 1;
        if (job[i] < 0 || waitpid(job[i], &status, 0) != job[i] || status != 0)
            bad++;
        if (said[i] != NULL && !report_merge(r, said[i]))
            bad++;
        if (said[i] != NULL)
            (void)fclose(said[i]);
    }
    return bad;
}

static int run_all(const struct options *o)
{
    struct report r;
    double began_s = now_s();
    struct image *image = image_new();
    if (image == NULL)
        return 2;
    report_init(&r);
    uint64_t bad = o->jobs > 1 ? run_jobs(o, image, &r) : run_some(o, image, o->first, 1, &r);
    r.real_s = now_s() - began_s;
    const char *missing = o->all_faults ? report_missing(&r) : NULL;
    if (missing != NULL) {
        printf("FAILED: the fault %s was never injected\n", missing);
        bad++;
    }
    r.ok = bad == 0;
    if (o->report != NULL && !report_write(&r, o->report))
        bad++;
    if (o->first == o->last)
        report_print(&r);
    printf("%s: seeds %" PRIu64 "-%" PRIu64 " %s: %" PRIu64 " run, %.0f locker-days in %.1f s\n",
           profile_names[o->profile], o->first, o->last, bad == 0 ? "hold" : "do not hold", r.seeds, r.locker_days,
           r.real_s);
    report_fini(&r);
    image_free(image);
    return bad == 0 ? 0 : 1;
}

static const char usage[] = "usage: sim --seed N [--story] | --seeds A-B [--report FILE] | --twice N\n"
                            "  --profile small|wide|long|honest\n"
                            "  --all-faults   fails when a kind of fault was never injected\n"
                            "  --go-on        does not end at the first seed that fails\n"
                            "  --jobs N       processes\n"
                            "  --lines N      of the story of a seed that fails\n";

static bool read_range(const char *text, struct options *o)
{
    char *end;
    o->first = strtoull(text, &end, 10);
    o->last = *end == '-' ? strtoull(end + 1, &end, 10) : o->first;
    return *end == '\0' && o->first <= o->last;
}

static bool read_profile(const char *text, struct options *o)
{
    for (unsigned i = 0; i < DAY_PROFILE_N; i++) {
        if (strcmp(text, profile_names[i]) == 0) {
            o->profile = (enum day_profile)i;
            running_profile = profile_names[i];
            return true;
        }
    }
    return false;
}

static bool read_options(int argc, char **argv, struct options *o)
{
    static const struct option names[] = {{"seed", required_argument, NULL, 's'},
                                          {"seeds", required_argument, NULL, 's'},
                                          {"twice", required_argument, NULL, 't'},
                                          {"story", no_argument, NULL, 'v'},
                                          {"report", required_argument, NULL, 'r'},
                                          {"profile", required_argument, NULL, 'p'},
                                          {"all-faults", no_argument, NULL, 'a'},
                                          {"go-on", no_argument, NULL, 'g'},
                                          {"lines", required_argument, NULL, 'l'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {NULL, 0, NULL, 0}};
    *o = (struct options){.first = 1, .last = 1, .profile = DAY_SMALL, .lines = STORY_LINES, .jobs = 1};
    bool good = true;
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (c) {
        case 't':
            o->twice = true;
            good = good && read_range(optarg, o);
            break;
        case 's':
            good = good && read_range(optarg, o);
            break;
        case 'v':
            o->story = true;
            break;
        case 'r':
            o->report = optarg;
            break;
        case 'p':
            good = good && read_profile(optarg, o);
            break;
        case 'a':
            o->all_faults = true;
            break;
        case 'g':
            o->go_on = true;
            break;
        case 'j':
            o->jobs = (unsigned)strtoul(optarg, NULL, 10);
            good = good && o->jobs >= 1 && o->jobs <= JOBS_MAX;
            break;
        case 'l':
            o->lines = (unsigned)strtoul(optarg, NULL, 10);
            break;
        default:
            good = false;
            break;
        }
    }
    return good && optind == argc;
}

int main(int argc, char **argv)
{
    static const int fatal[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
    static char stack[65536];
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    struct options o;
    if (argc > 1 && strcmp(argv[1], "--crash") == 0)
        return crash_main(argc - 1, argv + 1);
    if (!read_options(argc, argv, &o) || sodium_init() < 0) {
        fputs(usage, stderr);
        return 2;
    }
    stack_t alt = {.ss_sp = stack, .ss_size = sizeof stack};
    (void)sigaltstack(&alt, NULL);
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++) {
        struct sigaction act = {.sa_handler = on_fatal_signal, .sa_flags = SA_ONSTACK};
        (void)sigaction(fatal[i], &act, NULL);
    }
    return run_all(&o);
}
