/* SPDX-License-Identifier: Apache-2.0 */
/* The locker's part of the making of an image: its own enrolment, as a process. */
#include <stdio.h>
#include <string.h>

#include "controller/enrol.h"
#include "tests/sim/image.h"
#include "tests/sim/image_part.h"

static enum err accept_grant(struct image_job *job, struct reason *r)
{
    char id[17], name[41];
    enum err e = enrol_accept(IMAGE_LOCKER_FOLDER, IMAGE_GRANT, id, name, r);
    if (e == ERR_OK) {
        job->answer = strdup(id);
    }
    return e;
}

int image_locker_main(int argc, char **argv)
{
    struct image_job *job = image_job;
    struct reason r = {""};
    char fingerprint[ENROL_FINGERPRINT_CAP];
    (void)argc;
    (void)argv;
    enum err e = strcmp(job->what, "request") == 0 ? enrol_request(IMAGE_LOCKER_FOLDER, job->text, IMAGE_LOCKER_HUB_KEY,
                                                                   &job->answer, fingerprint, &r)
                                                   : accept_grant(job, &r);
    if (e != ERR_OK) {
        (void)snprintf(job->why, sizeof job->why, "%s", r.text);
    }
    return e == ERR_OK ? 0 : 1;
}
