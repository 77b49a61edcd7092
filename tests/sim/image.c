/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/image.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/image_part.h"
#include "tests/sim/os.h"
#include "tests/sim/process.h"
#include "tests/sim/site.h"
#include "tests/sim/vfs.h"
#include "tests/sim/world.h"

#define SEED 20261118
#define BADGE_DAYS 365
#define STEP_US 1000
#define STEPS_MAX 600000
#define COST_MEM_KIB 8 /* the least that libsodium takes: the cost of guessing is no matter of the simulator */
#define COST_PASSES 1

const struct image_user image_user[IMAGE_ROLE_N] = {
    {"p.jansen", "P. Jansen", "pharmacist", "pill-box-7788"},
    {"l.devries", "L. de Vries", "logistics", "wheel-van-1234"},
    {"a.bakker", "A. Bakker", "admin", "key-ring-90210"},
};

struct image_job *image_job;

/* ---------------------------------------------------------------- real folders */

/* The program is build/CONFIG/sim/NAME or build/CONFIG/tests/sim/NAME: what it needs is found from there. */
static bool find_root(char out[PATH_MAX])
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return false;
    path[n] = '\0';
    for (char *slash = strrchr(path, '/'); slash != NULL && slash != path; slash = strrchr(path, '/')) {
        *slash = '\0';
        char probe[PATH_MAX + 32];
        (void)snprintf(probe, sizeof probe, "%s/hw/profiles", path);
        if (access(probe, R_OK) == 0) {
            memcpy(out, path, strlen(path) + 1);
            return true;
        }
    }
    return false;
}

static const char *root(void)
{
    static char path[PATH_MAX];
    if (path[0] == '\0' && !find_root(path))
        (void)snprintf(path, sizeof path, ".");
    return path;
}

/* ---------------------------------------------------------------- running one thing */

bool image_run(struct image *img, struct process *p, struct image_job *job)
{
    char share[PATH_MAX + 32];
    (void)snprintf(share, sizeof share, "%s/build/share/web", root());
    job->share = share;
    image_job = job;
    process_start(p);
    for (unsigned i = 0; i < STEPS_MAX && process_is_up(p) && world_failure(img->w) == NULL; i++)
        (void)world_run(img->w, world_now_us(img->w) + STEP_US);
    image_job = NULL;
    if (world_failure(img->w) != NULL)
        (void)snprintf(job->why, sizeof job->why, "%s", world_failure(img->w));
    else if (process_is_up(p))
        (void)snprintf(job->why, sizeof job->why, "does not end");
    return job->why[0] == '\0';
}

static bool run(struct image *img, struct process *p, struct image_job *job)
{
    bool done = image_run(img, p, job);
    if (!done)
        (void)fprintf(stderr, "enrolled site: %s %s: %s\n", process_name(p), job->what, job->why);
    return done;
}

/* One request to the hub's administration; NULL: told. The caller deletes the answer. */
static cJSON *ask_hub(struct image *img, cJSON *request)
{
    char *text = cJSON_PrintUnformatted(request);
    struct image_job job = {.what = "ask", .text = text};
    cJSON *answer = NULL;
    if (run(img, img->hub_process, &job))
        answer = cJSON_Parse(job.answer);
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
    if (cJSON_IsString(error)) {
        (void)fprintf(stderr, "enrolled site: hub: %s\n", error->valuestring);
        cJSON_Delete(answer);
        answer = NULL;
    }
    free(job.answer);
    free(text);
    cJSON_Delete(request);
    return answer;
}

static cJSON *request_for(const char *what)
{
    cJSON *q = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(q, "do", what);
    return q;
}

static const char *text_of(const cJSON *tree, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

static bool put_text(struct disk *d, const char *path, const char *text)
{
    if (disk_put(d, path, text, strlen(text)))
        return true;
    (void)fprintf(stderr, "enrolled site: %s cannot be written\n", path);
    return false;
}

/* ---------------------------------------------------------------- the hub */

static bool set_up_hub(struct image *img)
{
    struct image_job job = {.what = "setup"};
    return run(img, img->hub_process, &job);
}

static bool add_user(struct image *img, const struct image_user *u)
{
    char hash[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str_alg(hash, u->password, strlen(u->password), crypto_pwhash_OPSLIMIT_MIN,
                              crypto_pwhash_MEMLIMIT_MIN, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return false;
    cJSON *q = request_for("user.add");
    (void)cJSON_AddStringToObject(q, "name", u->login);
    (void)cJSON_AddStringToObject(q, "full_name", u->full_name);
    (void)cJSON_AddStringToObject(q, "role", u->role);
    (void)cJSON_AddStringToObject(q, "password_hash", hash);
    cJSON *answer = ask_hub(img, q);
    cJSON_Delete(answer);
    return answer != NULL;
}

static bool add_users(struct image *img)
{
    bool done = true;
    for (unsigned i = 0; i < IMAGE_ROLE_N && done; i++)
        done = add_user(img, &image_user[i]);
    return done;
}

/* ---------------------------------------------------------------- the lockers */

const char *image_locker_name(unsigned locker)
{
    static const char *const names[IMAGE_LOCKERS] = {"Servicepunt Noord", "Servicepunt Zuid"};
    return names[locker];
}

/* The request of locker i for the invitation; NULL: told. */
static char *request_enrolment(struct image *img, unsigned i)
{
    cJSON *q = request_for("locker.invite");
    (void)cJSON_AddStringToObject(q, "name", image_locker_name(i));
    cJSON *invitation = ask_hub(img, q);
    if (invitation == NULL)
        return NULL;
    struct image_job job = {.what = "request", .text = text_of(invitation, "secret")};
    bool done = put_text(img->locker[i].disk, IMAGE_LOCKER_HUB_KEY, text_of(invitation, "hub_key")) &&
                run(img, img->locker_process[i], &job);
    cJSON_Delete(invitation);
    return done ? job.answer : NULL;
}

static bool enrol(struct image *img, unsigned i)
{
    char *request = request_enrolment(img, i);
    if (request == NULL)
        return false;
    cJSON *q = request_for("locker.enrol");
    (void)cJSON_AddStringToObject(q, "name", image_locker_name(i));
    (void)cJSON_AddStringToObject(q, "request", request);
    (void)cJSON_AddNumberToObject(q, "mem_kib", COST_MEM_KIB);
    (void)cJSON_AddNumberToObject(q, "passes", COST_PASSES);
    free(request);
    cJSON *grant = ask_hub(img, q);
    struct image_job job = {.what = "accept"};
    bool done = grant != NULL && put_text(img->locker[i].disk, IMAGE_GRANT, text_of(grant, "grant")) &&
                run(img, img->locker_process[i], &job);
    img->id[i] = job.answer;
    cJSON_Delete(grant);
    return done;
}

static bool make_badges(struct image *img, unsigned locker)
{
    for (unsigned i = 0; i < IMAGE_ADMIN; i++) { /* an administrator has no work at lockers */
        cJSON *q = request_for("badge");
        (void)cJSON_AddStringToObject(q, "user", image_user[i].login);
        (void)cJSON_AddStringToObject(q, "locker", image_locker_name(locker));
        (void)cJSON_AddStringToObject(q, "pin", IMAGE_PIN);
        (void)cJSON_AddNumberToObject(q, "days", BADGE_DAYS);
        cJSON *badge = ask_hub(img, q);
        if (badge == NULL)
            return false;
        img->badge[locker][i] = strdup(text_of(badge, "token"));
        cJSON_Delete(badge);
    }
    return true;
}

/* ---------------------------------------------------------------- making it */

struct disk *image_blank_disk(struct dice *dice, const char *folder)
{
    const char *const folders[] = {"/sim", "/sim/run", folder};
    struct disk *d = disk_new(dice);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        (void)disk_mkdir(d, folders[i]);
    disk_power_cut(d, DISK_CUT_NEW); /* synced */
    return d;
}

struct machine image_machine(const char *name, struct disk *d)
{
    return (struct machine){
        .name = name, .disk = d, .wall_offset_us = IMAGE_WALL_MS * 1000 - MACHINE_EPOCH_US, .ntp = true};
}

struct process *image_process(struct image *img, const char *name, struct machine *m, int (*main)(int, char **))
{
    const struct process_cfg cfg = {.name = name, .machine = m, .main = main, .arg = {name, NULL}};
    return process_new(img->w, &cfg);
}

static bool make(struct image *img)
{
    img->hub = image_machine("hub", image_blank_disk(&img->dice, IMAGE_HUB_FOLDER));
    img->hub_process = image_process(img, "hubctl", &img->hub, image_hub_main);
    bool done = set_up_hub(img) && add_users(img);
    for (unsigned i = 0; i < IMAGE_LOCKERS; i++) {
        img->locker[i] = image_machine(image_locker_name(i), image_blank_disk(&img->dice, IMAGE_LOCKER_FOLDER));
        img->locker_process[i] = image_process(img, "lockerctl", &img->locker[i], image_locker_main);
        done = done && enrol(img, i) && make_badges(img, i);
        disk_power_cut(img->locker[i].disk, DISK_CUT_NEW); /* clones are of what is synced */
    }
    disk_power_cut(img->hub.disk, DISK_CUT_NEW);
    return done;
}

struct image *image_new(void)
{
    static bool registered;
    registered = registered || vfs_register();
    struct image *img = calloc(1, sizeof *img);
    if (img == NULL || !registered)
        abort();
    dice_seed(&img->dice, SEED);
    img->w = world_new(SEED);
    vfs_use(img->w);
    os_random_use(img->w);
    bool done = make(img);
    if (img->hub_process != NULL)
        process_free(img->hub_process);
    for (unsigned i = 0; i < IMAGE_LOCKERS; i++) {
        if (img->locker_process[i] != NULL)
            process_free(img->locker_process[i]);
    }
    world_free(img->w);
    img->w = NULL;
    if (done)
        return img;
    image_free(img);
    return NULL;
}

void image_free(struct image *img)
{
    if (img == NULL)
        return;
    disk_free(img->hub.disk);
    for (unsigned i = 0; i < IMAGE_LOCKERS; i++) {
        disk_free(img->locker[i].disk);
        free(img->id[i]);
        for (unsigned k = 0; k < IMAGE_ROLE_N; k++)
            free(img->badge[i][k]);
    }
    free(img);
}

/* ---------------------------------------------------------------- taking from it */

static void put_settings(struct disk *d, const char *sections)
{
    char *text = NULL;
    int n = asprintf(&text,
                     "state = \"%s\"\nprofiles = \"%s/hw/profiles\"\nshare = \"%s/build/share/kiosk\"\n"
                     "control = \"%s\"\nkiosk_address = \"127.0.0.1\"\nkiosk_port = %d\ntelephone = \"0800 1234\"\n"
                     "%s\n",
                     IMAGE_LOCKER_FOLDER, root(), root(), IMAGE_CONTROL, SITE_KIOSK_PORT, sections);
    if (n < 0 || !put_text(d, IMAGE_LOCKER_CONF, text))
        abort();
    free(text);
}

struct disk *image_hub_disk(const struct image *img, struct dice *dice)
{
    return disk_clone(img->hub.disk, dice);
}

struct disk *image_locker_disk(const struct image *img, unsigned locker, struct dice *dice, const char *sections)
{
    struct disk *d = disk_clone(img->locker[locker].disk, dice);
    put_settings(d, sections);
    return d;
}

const char *image_locker_id(const struct image *img, unsigned locker)
{
    return img->id[locker];
}

const char *image_badge(const struct image *img, unsigned locker, enum image_role role)
{
    return img->badge[locker][role];
}
