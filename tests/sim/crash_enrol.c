/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/crash_enrol.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/image_part.h"
#include "tests/sim/os.h"
#include "tests/sim/vfs.h"
#include "tests/sim/world.h"

#define SEED 11
#define ATTEMPTS 4
#define SPARE_NAMES "Servicepunt West %u" /* a new name for each attempt: the old one may be taken */

struct enrolment {
    struct image img;
    struct machine *cut; /* whose power fails */
    uint64_t step;       /* 0: it was */
    enum disk_cut how;
    char why[512];
};

static void on_step(void *arg, uint64_t number, bool is_sync)
{
    struct enrolment *e = arg;
    (void)number;
    (void)is_sync;
    if (e->step == 0 || process_current() == NULL || --e->step > 0)
        return;
    process_crash(process_current(), "power is gone");
    disk_power_cut(e->cut->disk, e->how);
}

static void watch(struct enrolment *e, struct machine *m, bool is_cut)
{
    if (!is_cut)
        return;
    e->cut = m;
    disk_set_hook(m->disk, on_step, e);
}

/* The text of one member of the hub's answer; NULL: cut off or refused. */
static char *ask(struct enrolment *e, cJSON *request, const char *member, char **other, const char *other_member)
{
    char *text = cJSON_PrintUnformatted(request);
    struct image_job job = {.what = "ask", .text = text};
    bool done = image_run(&e->img, e->img.hub_process, &job) && job.answer != NULL;
    cJSON *tree = done ? cJSON_Parse(job.answer) : NULL;
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, member);
    char *out = cJSON_IsString(item) ? strdup(item->valuestring) : NULL;
    const cJSON *second = other == NULL ? NULL : cJSON_GetObjectItemCaseSensitive(tree, other_member);
    if (other != NULL)
        *other = cJSON_IsString(second) ? strdup(second->valuestring) : NULL;
    (void)snprintf(e->why, sizeof e->why, "hub: %.300s", job.why[0] != '\0' ? job.why : done ? job.answer : "cut off");
    cJSON_Delete(tree);
    cJSON_Delete(request);
    free(job.answer);
    free(text);
    return out;
}

static cJSON *request_for(const char *what, const char *name)
{
    cJSON *q = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(q, "do", what);
    (void)cJSON_AddStringToObject(q, "name", name);
    return q;
}

static bool run_locker(struct enrolment *e, struct image_job *job)
{
    bool done = image_run(&e->img, e->img.locker_process[0], job);
    if (!done || (job->answer == NULL && strcmp(job->what, "check") != 0)) {
        (void)snprintf(e->why, sizeof e->why, "locker %s: %.300s", job->what, job->why);
        done = false;
    }
    return done;
}

/* "Use a new folder": the technician does. */
static void new_folder(struct enrolment *e)
{
    char name[DISK_PATH_CAP], path[2 * DISK_PATH_CAP];
    struct disk *d = e->img.locker[0].disk;
    while (disk_list(d, IMAGE_LOCKER_FOLDER, 0, name)) {
        (void)snprintf(path, sizeof path, "%s/%s", IMAGE_LOCKER_FOLDER, name);
        if (disk_unlink(d, path) < 0)
            return;
    }
}

static char *make_request(struct enrolment *e, const char *name)
{
    char *hub_key = NULL;
    char *secret = ask(e, request_for("locker.invite", name), "secret", &hub_key, "hub_key");
    char *out = NULL;
    if (secret != NULL && hub_key != NULL &&
        disk_put(e->img.locker[0].disk, IMAGE_LOCKER_HUB_KEY, hub_key, strlen(hub_key))) {
        struct image_job job = {.what = "request", .text = secret};
        out = run_locker(e, &job) ? job.answer : NULL;
    }
    free(secret);
    free(hub_key);
    return out;
}

static bool accept_grant(struct enrolment *e, const char *grant)
{
    for (unsigned i = 0; i < 2; i++) {
        struct image_job job = {.what = "accept"};
        if (!disk_put(e->img.locker[0].disk, IMAGE_GRANT, grant, strlen(grant)))
            return false;
        bool done = run_locker(e, &job) || strstr(job.why, "enrolled already") != NULL;
        free(job.answer);
        if (done)
            return true;
    }
    return false;
}

static bool attempt(struct enrolment *e, unsigned n)
{
    char name[40];
    (void)snprintf(name, sizeof name, SPARE_NAMES, n);
    char *request = make_request(e, name);
    if (request == NULL) {
        new_folder(e);
        return false;
    }
    cJSON *q = request_for("locker.enrol", name);
    (void)cJSON_AddStringToObject(q, "request", request);
    (void)cJSON_AddNumberToObject(q, "mem_kib", 8);
    (void)cJSON_AddNumberToObject(q, "passes", 1);
    free(request);
    char *grant = ask(e, q, "grant", NULL, NULL);
    bool done = grant != NULL && accept_grant(e, grant);
    free(grant);
    struct image_job check = {.what = "check"};
    done = done && run_locker(e, &check);
    if (!done)
        new_folder(e);
    return done;
}

bool crash_enrol(const struct image *from, bool at_hub, uint64_t step, enum disk_cut how, bool *reached, char *why,
                 size_t cap)
{
    struct enrolment e = {.step = step, .how = how};
    struct image *img = &e.img;
    bool done = false;
    dice_seed(&img->dice, SEED + step);
    img->w = world_new(SEED + step);
    vfs_use(img->w);
    os_random_use(img->w);
    img->hub = image_machine("hub", image_hub_disk(from, &img->dice));
    img->locker[0] = image_machine("locker", image_blank_disk(&img->dice, IMAGE_LOCKER_FOLDER));
    img->hub_process = image_process(img, "hubctl", &img->hub, image_hub_main);
    img->locker_process[0] = image_process(img, "lockerctl", &img->locker[0], image_locker_main);
    watch(&e, &img->hub, at_hub);
    watch(&e, &img->locker[0], !at_hub);
    for (unsigned n = 0; n < ATTEMPTS && !done; n++)
        done = attempt(&e, n);
    *reached = e.step == 0;
    (void)snprintf(why, cap, "%s", done ? "" : e.why);
    process_free(img->hub_process);
    process_free(img->locker_process[0]);
    disk_free(img->hub.disk);
    disk_free(img->locker[0].disk);
    world_free(img->w);
    return done;
}
