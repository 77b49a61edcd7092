/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_scan: the hardware driver alone on the serial bus of the demonstration cabinet, scanning as fast as the line
 * allows until standard input ends. lockersim on the other side counts. Prints "ready" once every board was read.
 *
 * bench_scan DEVICE BAUD PROFILES
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/log.h"
#include "common/num.h"
#include "hw/hw.h"

#define ROW 8

static const struct hw_board_cfg boards[] = {
    {.name = "relay1", .unit = 1, .profile = "waveshare-d"},
    {.name = "relay3", .unit = 3, .profile = "r4d-fc06"},
    {.name = "input4", .unit = 4, .profile = "di8-fc02"},
    {.name = "climate5", .unit = 5, .profile = "xy-md02"},
};
#define BOARDS (sizeof boards / sizeof boards[0])

static void on_event(void *arg, const struct hw_event *ev)
{
    (void)arg;
    if (ev->kind == HW_EVENT_READY) {
        (void)printf("ready\n");
        (void)fflush(stdout);
    }
}

static int on_input(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
    (void)revents;
    (void)arg;
    char bytes[64];
    return read(fd, bytes, sizeof bytes) > 0 ? 0 : sd_event_exit(sd_event_source_get_event(source), 0);
}

/* Doors A1..A8 on relay1 with its own inputs, C1..C8 on relay3 with the inputs of input4. */
static void add_doors(struct hw_cfg *cfg, char row, uint8_t board, uint8_t sense_board)
{
    for (uint8_t i = 0; i < ROW; i++) {
        struct hw_door_cfg *d = &cfg->door[cfg->doors++];
        *d = (struct hw_door_cfg){
            .board = board, .channel = i, .sense_board = sense_board, .input = i, .open_is_one = true, .pulse_ms = 500};
        d->name[0] = row;
        d->name[1] = (char)('1' + i);
    }
}

static struct hw_cfg *demo_bus(const char *device, uint32_t baud, const char *profiles)
{
    struct hw_cfg *cfg = calloc(1, sizeof *cfg);
    if (cfg == NULL)
        abort();
    struct hw_bus_cfg *bus = &cfg->bus[0];
    *bus =
        (struct hw_bus_cfg){.name = "rtu", .kind = HW_BUS_RTU, .baud = baud, .timeout_ms = 200, .worst_late_ms = 1000};
    (void)snprintf(bus->device, sizeof bus->device, "%s", device);
    cfg->profile_dir = profiles;
    cfg->buses = 1;
    cfg->boards = BOARDS;
    memcpy(cfg->board, boards, sizeof boards);
    add_doors(cfg, 'A', 0, 0);
    add_doors(cfg, 'C', 1, 2);
    cfg->climates = 1;
    cfg->climate[0] = (struct hw_climate_cfg){.name = "cold", .board = 3};
    return cfg;
}

static enum err scan(const char *device, uint32_t baud, const char *profiles, struct reason *r)
{
    sd_event *loop = NULL;
    struct hw *hw = NULL;
    struct hw_cfg *cfg = demo_bus(device, baud, profiles);
    enum err e = ERR_IO;
    if (sd_event_default(&loop) >= 0 && sd_event_add_io(loop, NULL, STDIN_FILENO, EPOLLIN, on_input, NULL) >= 0)
        e = hw_open(&hw, cfg, loop, on_event, NULL, r);
    if (e == ERR_OK)
        e = sd_event_loop(loop) >= 0 ? ERR_OK : err_because(r, ERR_IO, "event loop");
    hw_free(hw);
    sd_event_unref(loop);
    free(cfg);
    return e;
}

int main(int argc, char **argv)
{
    int64_t baud = 0;
    struct reason r = {.text = ""};
    if (argc != 4 || num_parse(argv[2], 1200, 921600, &baud) != ERR_OK) {
        (void)fprintf(stderr, "usage: bench_scan DEVICE BAUD PROFILES\n");
        return EXIT_FAILURE;
    }
    if (scan(argv[1], (uint32_t)baud, argv[3], &r) != ERR_OK) {
        (void)fprintf(stderr, "bench_scan: %s\n", r.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
