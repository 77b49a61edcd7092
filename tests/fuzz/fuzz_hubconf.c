/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as hubd.conf: accepted, and then written and read back the same; or refused with a reason. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/config.h"
#include "common/log.h"

static char folder[] = "/tmp/fuzz_hubconf.XXXXXX";
static char file[sizeof folder + 16];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void clean_up(void)
{
    (void)unlink(file);
    (void)rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config first, second;
    struct reason r = {""};
    FILE *f;
    if (file[0] == '\0') {
        log_set_level(LOG_LEVEL_ERROR);
        require(mkdtemp(folder) != NULL);
        (void)snprintf(file, sizeof file, "%s/hubd.conf", folder);
        (void)atexit(clean_up);
    }
    f = fopen(file, "we");
    require(f != NULL && fwrite(data, 1, size, f) == size && fclose(f) == 0);
    memset(&first, 0, sizeof first);
    memset(&second, 0, sizeof second);
    if (config_load(file, &first, &r) != ERR_OK) {
        require(r.text[0] != '\0');
        return 0;
    }
    require(first.pharmacy_name[0] != '\0' && first.window_h > 0);
    require(unlink(file) == 0 && config_write(&first, file, &r) == ERR_OK);
    require(config_load(file, &second, &r) == ERR_OK && memcmp(&first, &second, sizeof first) == 0);
    return 0;
}
