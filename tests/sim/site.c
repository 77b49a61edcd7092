/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/screen.h"
#include "tests/sim/faults.h"
#include "tests/sim/oracle.h"
#include "tests/sim/vfs.h"

#define LOOK_US INT64_C(200000)
#define TURN_MAX_US INT64_C(500000)
#define LONG_AGO_US INT64_C(3600000000)
#define POLL_WORD "poll_ms = 100"

int lockerd_main(int argc, char **argv);
int hubd_main(int argc, char **argv);

static struct site *current;

struct site *site_current(void)
{
    return current;
}

/* The description of plant.h asks every board ten times a second; for whole days that is more than is needed. */
static char *slow_down(const char *conf, unsigned poll_ms, bool waived)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (f == NULL)
        abort();
    if (waived)
        fputs("commissioning = \"waived\"\n", f);
    for (const char *at = conf; *at != '\0';) {
        const char *word = strstr(at, POLL_WORD);
        if (word == NULL) {
            fputs(at, f);
            break;
        }
        fprintf(f, "%.*spoll_ms = %u", (int)(word - at), at, poll_ms);
        at = word + sizeof POLL_WORD - 1;
    }
    if (fclose(f) != 0)
        abort();
    return text;
}

static bool make_hub(struct site *s)
{
    s->hub_machine = (struct machine){.name = "hub", .ntp = true};
    s->hub_machine.disk = image_hub_disk(s->cfg.image, world_dice(s->w, "hub disk"));
    struct process_cfg cfg = {.name = "hubd",
                              .machine = &s->hub_machine,
                              .main = hubd_main,
                              .arg = {"hubd", "--config", IMAGE_HUB_CONF, NULL},
                              .restart_us = s->cfg.restart_us,
                              .turn_max_us = TURN_MAX_US};
    s->hub = s->hub_machine.disk == NULL ? NULL : process_new(s->w, &cfg);
    (void)snprintf(s->user, sizeof s->user, "%s", image_user[IMAGE_PHARMACIST].login);
    (void)snprintf(s->password, sizeof s->password, "%s", image_user[IMAGE_PHARMACIST].password);
    return s->hub != NULL;
}

static bool make_locker(struct site *s, unsigned i)
{
    static const char *const names[] = {"locker0", "locker1"}, *const disks[] = {"locker0 disk", "locker1 disk"};
    struct site_locker *l = &s->locker[i];
    char *layout, *conf;
    plant_describe(s->cfg.doors, s->cfg.gpio, &layout, &conf);
    char *sections = slow_down(conf, s->cfg.poll_ms, s->cfg.waived);
    l->index = i;
    l->site = s;
    l->machine = (struct machine){.name = names[i], .ntp = true};
    (void)snprintf(l->id, sizeof l->id, "%s", image_locker_id(s->cfg.image, i));
    (void)snprintf(s->badge[i], sizeof s->badge[i], "%s", image_badge(s->cfg.image, i, IMAGE_PHARMACIST));
    l->machine.disk = image_locker_disk(s->cfg.image, i, world_dice(s->w, disks[i]), sections);
    l->plant = plant_new(s->w, names[i], layout, s->cfg.seed + i);
    struct process_cfg cfg = {.name = i == 0 ? "lockerd0" : "lockerd1",
                              .machine = &l->machine,
                              .main = lockerd_main,
                              .arg = {"lockerd", "--config", IMAGE_LOCKER_CONF, NULL},
                              .restart_us = s->cfg.restart_us,
                              .turn_max_us = TURN_MAX_US};
    l->process = l->machine.disk == NULL || l->plant == NULL ? NULL : process_new(s->w, &cfg);
    if (l->process != NULL)
        plant_connect(l->plant, l->process);
    free(layout);
    free(conf);
    free(sections);
    return l->process != NULL && ghost_hex(l->id, l->key, sizeof l->key);
}

struct site *site_new(const struct site_cfg *cfg)
{
    struct site *s = calloc(1, sizeof *s);
    if (s == NULL)
        abort();
    s->cfg = *cfg;
    s->calm_us = -LONG_AGO_US;
    s->stalled_us = -LONG_AGO_US;
    s->w = world_new(cfg->seed);
    vfs_use(s->w);
    s->ghost = ghost_new();
    s->observe = observe_new();
    s->broker = broker_new(s->w);
    *broker_faults(s->broker) = (struct broker_faults){.latency_us = 5000, .jitter_us = 5000};
    current = s;
    observe_use(s->observe);
    bool good = make_hub(s);
    for (unsigned i = 0; i < cfg->lockers && good; i++)
        good = make_locker(s, i);
    if (!good) {
        fprintf(stderr, "sim: the site could not be made\n");
        site_free(s);
        return NULL;
    }
    oracle_attach(s);
    process_start(s->hub);
    for (unsigned i = 0; i < cfg->lockers; i++)
        process_start(s->locker[i].process);
    return s;
}

void site_free(struct site *s)
{
    if (s == NULL)
        return;
    observe_use(NULL);
    world_stop(s->w);
    if (s->hub != NULL)
        process_free(s->hub);
    for (unsigned i = 0; i < s->cfg.lockers; i++) {
        if (s->locker[i].process != NULL)
            process_free(s->locker[i].process);
        if (s->locker[i].plant != NULL)
            plant_free(s->locker[i].plant);
        if (s->locker[i].machine.disk != NULL)
            disk_free(s->locker[i].machine.disk);
    }
    if (s->hub_machine.disk != NULL)
        disk_free(s->hub_machine.disk);
    broker_free(s->broker);
    faults_free(s->faults);
    observe_free(s->observe);
    ghost_free(s->ghost);
    world_free(s->w);
    current = NULL;
    free(s->owned);
    free(s);
}

static bool is_ready(const struct site *s)
{
    if (!process_is_up(s->hub) || !process_is_ready(s->hub))
        return false;
    for (unsigned i = 0; i < s->cfg.lockers; i++) {
        if (!process_is_up(s->locker[i].process) || !process_is_ready(s->locker[i].process) ||
            !observe_knows_boards(s->observe, i))
            return false;
    }
    return true;
}

bool site_wait_ready(struct site *s, int64_t timeout_us)
{
    int64_t until_us = world_now_us(s->w) + timeout_us;
    while (!is_ready(s)) {
        if (world_now_us(s->w) >= until_us || world_is_ending(s->w))
            return false;
        fiber_sleep(s->w, LOOK_US);
    }
    return true;
}

/* ---------------------------------------------------------------- for observe */

int observed_who(void)
{
    const struct process *p = process_current();
    for (unsigned i = 0; current != NULL && p != NULL && i < current->cfg.lockers; i++) {
        if (current->locker[i].process == p)
            return (int)i;
    }
    return -1;
}

bool observed_is_dead(void)
{
    const struct process *p = process_current();
    return p != NULL && process_is_dead(p);
}

unsigned observed_content(unsigned locker, uint16_t door, uint8_t order[16], uint32_t *load)
{
    const struct cabinet_door *d = &plant_cabinet(current->locker[locker].plant)->door[door];
    if (d->bags > 0 && !ghost_bag_read(d->bag[0], order, load))
        *load = 0;
    return d->bags;
}

bool observed_is_excused(unsigned locker, uint16_t door)
{
    return current->ghost->locker[locker].door[door].excused || current->miswired;
}
