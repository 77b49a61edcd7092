/* SPDX-License-Identifier: Apache-2.0 */
/* The locker's part of the making of an image: its own enrolment, as a process. */
#include <stdio.h>
#include <string.h>

#include "controller/enrol.h"
#include "controller/identity.h"
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

static enum err make_request(struct image_job *job, struct reason *r)
{
    char fingerprint[ENROL_FINGERPRINT_CAP];
    return enrol_request(IMAGE_LOCKER_FOLDER, job->text, IMAGE_LOCKER_HUB_KEY, &job->answer, fingerprint, r);
}

static enum err check_identity(struct image_job *job, struct reason *r)
{
    struct identity id;
    (void)job;
    return identity_load(&id, IMAGE_LOCKER_FOLDER, r);
}

int image_locker_main(int argc, char **argv)
{
    static const struct {
        const char *what;
        enum err (*run)(struct image_job *job, struct reason *r);
    } jobs[] = {{"request", make_request}, {"accept", accept_grant}, {"check", check_identity}};
    struct image_job *job = image_job;
    struct reason r = {"unknown job"};
    enum err e = ERR_UNKNOWN;
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        if (strcmp(job->what, jobs[i].what) == 0) {
            e = jobs[i].run(job, &r);
        }
    }
    if (e != ERR_OK) {
        (void)snprintf(job->why, sizeof job->why, "%s", r.text);
    }
    return e == ERR_OK ? 0 : 1;
}
