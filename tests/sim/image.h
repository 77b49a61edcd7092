/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image: the disks of a hub and of its lockers, enrolled with each other by the product's own code (setup, admin,
 * enrol), which runs as processes of a small world of its own. Made once per program run, always the same; each seed
 * starts from clones.
 */
#ifndef MEDLOCKER_SIM_IMAGE_H
#define MEDLOCKER_SIM_IMAGE_H

#include <stdint.h>

#include "tests/sim/disk.h"

#define IMAGE_LOCKERS 2
#define IMAGE_WALL_MS INT64_C(1794990000000) /* when everything was enrolled */
#define IMAGE_PIN "2580"                     /* of every badge */
#define IMAGE_HUB_CONF "/sim/hub/hubd.conf"
#define IMAGE_HUB_KEY "/sim/hub/hub-key.json"
#define IMAGE_LOCKER_CONF "/sim/locker/lockerd.conf"
#define IMAGE_CONTROL "/sim/run/control"

struct image;

enum image_role { IMAGE_PHARMACIST, IMAGE_LOGISTICS, IMAGE_ADMIN, IMAGE_ROLE_N };

struct image_user {
    const char *login, *full_name, *role, *password;
};
extern const struct image_user image_user[IMAGE_ROLE_N];

/* Never when a world runs. NULL: told on stderr. */
struct image *image_new(void);
void image_free(struct image *img);

/* New disks. sections: bus, board and door sections of lockerd.conf (plant_describe). */
struct disk *image_hub_disk(const struct image *img, struct dice *dice);
struct disk *image_locker_disk(const struct image *img, unsigned locker, struct dice *dice, const char *sections);

const char *image_locker_id(const struct image *img, unsigned locker);
const char *image_locker_name(unsigned locker);
/* Text of the MS1 badge; its PIN is IMAGE_PIN. Administrators have none: NULL. */
const char *image_badge(const struct image *img, unsigned locker, enum image_role role);

#endif
