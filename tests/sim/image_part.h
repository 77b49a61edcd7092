/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_part: how image.c asks the two sides to do one thing: as processes with a main() of ours that calls theirs.
 * What is asked and answered stands here, because a main() has only texts.
 */
#ifndef MEDLOCKER_SIM_IMAGE_PART_H
#define MEDLOCKER_SIM_IMAGE_PART_H

#define IMAGE_HUB_FOLDER "/sim/hub"
#define IMAGE_LOCKER_FOLDER "/sim/locker"
#define IMAGE_GRANT "/sim/grant.json"
#define IMAGE_LOCKER_HUB_KEY "/sim/hub-key.json"

struct image_job {
    const char *what;  /* hub: "setup", "ask"; locker: "request", "accept" */
    const char *text;  /* ask: the request; request: the secret */
    const char *share; /* hub: real folder of pages and texts */
    char *answer;      /* ask: the answer; request: request.json; accept: locker id; malloc */
    char why[512];     /* the error, "": none */
};

extern struct image_job *image_job; /* the one that runs */

int image_hub_main(int argc, char **argv);
int image_locker_main(int argc, char **argv);

#endif
