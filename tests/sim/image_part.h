/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_part: how image.c asks the two sides to do one thing: as processes with a main() of ours that calls theirs.
 * What is asked and answered stands here, because a main() has only texts.
 */
#ifndef MEDLOCKER_SIM_IMAGE_PART_H
#define MEDLOCKER_SIM_IMAGE_PART_H

#include "tests/sim/image.h"
#include "tests/sim/process.h"

#define IMAGE_HUB_FOLDER "/sim/hub"
#define IMAGE_LOCKER_FOLDER "/sim/locker"
#define IMAGE_GRANT "/sim/grant.json"
#define IMAGE_LOCKER_HUB_KEY "/sim/hub-key.json"

struct image {
    struct world *w;
    struct dice dice;
    struct machine hub, locker[IMAGE_LOCKERS];
    struct process *hub_process, *locker_process[IMAGE_LOCKERS];
    char *id[IMAGE_LOCKERS];
    char *badge[IMAGE_LOCKERS][IMAGE_ROLE_N];
};

struct image_job {
    const char *what;  /* hub: "setup", "ask"; locker: "request", "accept", "check" */
    const char *text;  /* ask: the request; request: the secret */
    const char *share; /* hub: real folder of pages and texts */
    char *answer;      /* ask: the answer; request: request.json; accept: locker id; malloc */
    char why[512];     /* the error, "": none */
};

extern struct image_job *image_job; /* the one that runs */

/* Runs it to its end. false: job->why tells. A process that is crashed meanwhile may leave neither answer nor why. */
bool image_run(struct image *img, struct process *p, struct image_job *job);
struct disk *image_blank_disk(struct dice *dice, const char *folder);
struct machine image_machine(const char *name, struct disk *d);
struct process *image_process(struct image *img, const char *name, struct machine *m, int (*main)(int, char **));

int image_hub_main(int argc, char **argv);
int image_locker_main(int argc, char **argv);

#endif
