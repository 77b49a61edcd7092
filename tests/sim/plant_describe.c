/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The made-up cabinet. Groups of doors take turns: relay board with inputs on a serial line, the same over TCP, relay
 * board and input board on a second serial line; the last group is on GPIO when wanted. Inputs 0 to 2 of the board
 * "inputs" (or the last three lines of the GPIO chip) are tamper, mains and battery.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/plant.h"

#define GROUP_MAX 8u
#define GPIO_DOORS 5u
#define ROW 8u
#define SMALL 24u /* up to here the lines are slow */

enum way { WAY_RTU, WAY_TCP, WAY_SPLIT, WAY_GPIO };

struct describe {
    FILE *layout, *conf;
    unsigned doors, baud;
    bool with_gpio;
};

static const char *const ways_bus[] = {"rtu", "tcp", "split", "gpio"};
static const char *const ways_stem[] = {"relay", "net", "fc", "lines"};

static void both(const struct describe *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void both(const struct describe *d, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    fputs(text, d->layout);
    fputs(text, d->conf);
}

/* The order of the buses decides the TCP port: see plant_new. */
static void put_buses(const struct describe *d)
{
    for (unsigned i = 0; i < 4; i++) {
        const char *name = ways_bus[i];
        if (i == WAY_GPIO && !d->with_gpio) {
            continue;
        }
        if (i == WAY_TCP || i == WAY_GPIO) {
            fprintf(d->layout, "bus \"%s\" { kind = \"tcp\" turnaround_ms = 1 }\n", name);
        } else {
            fprintf(d->layout, "bus \"%s\" { kind = \"rtu\" baud = %u turnaround_ms = 5 }\n", name, d->baud);
        }
        fprintf(d->conf, "bus \"%s\" { kind = \"%s\" ", name, i == WAY_SPLIT ? "rtu" : name);
        if (i == WAY_TCP) {
            fprintf(d->conf, "device = \"127.0.0.1\" port = %u poll_ms = 100 }\n", 10000 + i);
        } else if (i == WAY_GPIO) {
            fprintf(d->conf, "device = \"gpio\" poll_ms = 100 }\n");
        } else {
            fprintf(d->conf, "device = \"/sim/%s\" baud = %u parity = \"none\" poll_ms = 100 }\n", name, d->baud);
        }
    }
}

static void put_board(const struct describe *d, const char *stem, unsigned n, unsigned unit, enum way way,
                      const char *kind)
{
    const char *model = way == WAY_GPIO ? "waveshare-d" : kind; /* only its memory of lines is used */
    fprintf(d->layout, "board \"%s%u\" { kind = \"%s\" unit = %u bus = \"%s\" }\n", stem, n, model, unit,
            ways_bus[way]);
    fprintf(d->conf, "board \"%s%u\" { bus = \"%s\" ", stem, n, ways_bus[way]);
    if (way != WAY_GPIO) {
        fprintf(d->conf, "unit = %u ", unit);
    }
    fprintf(d->conf, "profile = \"%s\" }\n", way == WAY_GPIO ? "gpio" : kind);
}

static void put_group(const struct describe *d, unsigned n, enum way way)
{
    put_board(d, ways_stem[way], n, n, way, way == WAY_SPLIT ? "r4d-fc06" : "waveshare-d");
    if (way == WAY_SPLIT) {
        put_board(d, "in", n, n + 100, way, "di8-fc02");
    }
}

static void put_door(const struct describe *d, unsigned index, unsigned group, unsigned channel, enum way way)
{
    static const char *const sizes[] = {"S", "S", "M", "L"};
    unsigned row = index / ROW;
    both(d, "door \"%c%u\" { board = \"%s%u\" channel = %u contact_board = \"%s%u\" contact_input = %u ",
         (char)('A' + row), index % ROW + 1, ways_stem[way], group, channel, way == WAY_SPLIT ? "in" : ways_stem[way],
         group, channel);
    fprintf(d->layout, "}\n");
    fprintf(d->conf, "number = %u size = \"%s\" zone = \"%s\" row = %u column = %u low = %s }\n", index + 1,
            d->doors <= GROUP_MAX ? sizes[index % 4] : sizes[row % 4], index % 6 == 5 ? "cold" : "room", row + 1,
            index % ROW + 1, index % 4 == 3 ? "true" : "false");
}

static void put_doors(const struct describe *d)
{
    unsigned bus_doors = d->with_gpio ? d->doors - d->doors / 4 : d->doors;
    bus_doors = d->with_gpio && d->doors - bus_doors > GPIO_DOORS ? d->doors - GPIO_DOORS : bus_doors;
    unsigned group_size = bus_doors <= GROUP_MAX ? (bus_doors + 2) / 3 : GROUP_MAX;
    unsigned index = 0, group = 0;
    for (; index < bus_doors; group++) {
        enum way way = (enum way)(group % 3);
        put_group(d, group + 1, way);
        for (unsigned k = 0; k < group_size && index < bus_doors; k++) {
            put_door(d, index++, group + 1, k, way);
        }
    }
    if (d->with_gpio) {
        put_group(d, group + 1, WAY_GPIO);
        for (unsigned k = 0; index < d->doors; k++) {
            put_door(d, index++, group + 1, k, WAY_GPIO);
        }
    }
    const char *board = "inputs";
    char lines[16];
    if (d->with_gpio) {
        (void)snprintf(lines, sizeof lines, "%s%u", ways_stem[WAY_GPIO], group + 1);
        board = lines;
    } else {
        fprintf(d->layout, "board \"inputs\" { kind = \"di8-fc02\" unit = 240 bus = \"rtu\" }\n");
        fprintf(d->conf, "board \"inputs\" { bus = \"rtu\" unit = 240 profile = \"di8-fc02\" }\n");
    }
    static const char *const kinds[HW_INPUT_N] = {"tamper", "mains", "battery"};
    for (unsigned i = 0; i < HW_INPUT_N; i++) {
        fprintf(d->conf, "input \"%s\" { board = \"%s\" input = %u active = 1 }\n", kinds[i], board,
                d->with_gpio ? BOARD_CHANNELS - HW_INPUT_N + i : i);
    }
}

static void put_climate(const struct describe *d)
{
    fprintf(d->layout, "board \"climate\" { kind = \"xy-md02\" unit = 241 bus = \"rtu\" deci_c = 45 deci_rh = 600 }\n");
    fprintf(d->conf, "board \"climate\" { bus = \"rtu\" unit = 241 profile = \"xy-md02\" }\n"
                     "climate \"cold\" { board = \"climate\" probe = 0 zone = \"cold\" min_milli_c = 2000 "
                     "max_milli_c = 8000 }\n");
}

void plant_describe(unsigned doors, bool with_gpio, char **layout_text, char **conf_text)
{
    size_t layout_len = 0, conf_len = 0;
    struct describe d = {.doors = doors, .with_gpio = with_gpio && doors >= 4, .baud = doors > SMALL ? 115200 : 19200};
    assert(doors >= 1 && doors <= LAYOUT_DOORS_MAX);
    d.layout = open_memstream(layout_text, &layout_len);
    d.conf = open_memstream(conf_text, &conf_len);
    if (d.layout == NULL || d.conf == NULL) {
        abort();
    }
    put_buses(&d);
    put_climate(&d);
    put_doors(&d);
    if (fclose(d.layout) != 0 || fclose(d.conf) != 0) {
        abort();
    }
}
