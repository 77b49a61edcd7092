/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a configuration file of the locker side. The first byte chooses: 'L' lockerd.conf, 'P' a board profile,
 * 'C' the cabinet of lockersim. What is accepted keeps within its limits and can be used; else there is a reason. Runs
 * from the top of the tree, where the profiles of lockerd.conf are.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "controller/config.h"
#include "hw/firewall.h"
#include "hw/profile.h"
#include "hw/sim/layout.h"

static char folder[] = "/tmp/fuzz_conf.XXXXXX";
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

static void write_file(const uint8_t *data, size_t size)
{
    FILE *f = fopen(file, "we");
    require(f != NULL && fwrite(data, 1, size, f) == size && fclose(f) == 0);
}

static void try_lockerd(struct reason *r)
{
    static struct config c;
    static struct cabinet cab;
    FILE *nowhere;
    if (config_load(file, &c, r) != ERR_OK)
        return;
    require(c.hw.doors >= 1 && c.hw.doors <= HW_DOORS_MAX && c.hw.boards <= HW_BOARDS_MAX && c.hw.buses >= 1);
    config_to_cabinet(&c, &cab);
    require(cab.doors == c.hw.doors);
    for (uint16_t i = 0; i < cab.doors; i++) {
        require(cab.door[i].name[0] != 0 && c.hw.door[i].board < c.hw.boards);
        for (uint16_t k = 0; k < i; k++)
            require(strcmp(cab.door[i].name, cab.door[k].name) != 0 && cab.door[i].number != cab.door[k].number);
    }
    nowhere = fopen("/dev/null", "we");
    require(nowhere != NULL);
    config_print(&c, nowhere);
    (void)fclose(nowhere);
}

static void try_profile(struct reason *r)
{
    struct profile p;
    struct firewall_shape shape[FIREWALL_SHAPES_MAX];
    if (profile_load(&p, folder, "x", r) != ERR_OK)
        return;
    require(p.locks <= PROFILE_LOCKS_MAX && p.inputs <= PROFILE_INPUTS_MAX);
    require(profile_shapes(&p, shape) <= FIREWALL_SHAPES_MAX);
    for (uint16_t ms = 0; p.pulse.method != PROFILE_NONE && ms < 3000; ms = (uint16_t)(ms + 100))
        require(profile_pulse_ms(&p, ms) <= PROFILE_PULSE_MAX_MS);
}

static void try_cabinet(struct reason *r)
{
    static struct layout l;
    (void)layout_read(&l, file, r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reason r = {""};
    if (file[0] == '\0') {
        log_set_level(LOG_LEVEL_ERROR);
        require(mkdtemp(folder) != NULL);
        (void)snprintf(file, sizeof file, "%s/x.conf", folder);
        (void)atexit(clean_up);
    }
    if (size == 0)
        return 0;
    write_file(data + 1, size - 1);
    if (data[0] == 'L')
        try_lockerd(&r);
    else if (data[0] == 'P')
        try_profile(&r);
    else if (data[0] == 'C')
        try_cabinet(&r);
    return 0;
}
