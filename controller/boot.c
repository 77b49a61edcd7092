/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/boot.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"

#define NAME "boot"
#define YOUNG_MS 120000

bool boot_is_same(const char *dir)
{
    char path[FILE_PATH_CAP], now[SD_ID128_STRING_MAX];
    sd_id128_t id;
    char *before = NULL;
    struct reason r;
    if (sd_id128_get_boot(&id) < 0 || file_path(path, dir, NAME, NULL) != ERR_OK) {
        return clock_boot_ms() > YOUNG_MS;
    }
    (void)sd_id128_to_string(id, now);
    if (file_read(path, sizeof now, &before, NULL, NULL) == ERR_OK) {
        bool same = strcmp(before, now) == 0;
        free(before);
        if (same) {
            return true;
        }
    }
    if (file_replace(path, now, strlen(now), 0600, &r) != ERR_OK) {
        log_warning("boot", "%s", r.text);
    }
    return false;
}
