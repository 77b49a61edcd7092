/* SPDX-License-Identifier: Apache-2.0 */
/* libgpiod 2.x */
#include "hw/gpio.h"

#include <dirent.h>
#include <errno.h>
#include <gpiod.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONSUMER "medlocker"
#define EDGES_CAP 64 /* kernel's and ours */

/* The lines of one direction. */
struct bank {
    struct gpiod_line_request *request;
    unsigned offset[GPIO_LINES_MAX];
    uint8_t n;
    bool active_low;
};

struct gpio {
    struct gpiod_chip *chip;
    struct bank outputs, inputs;
    struct gpiod_edge_event_buffer *edges;
};

static enum err because_errno(struct reason *r, const char *chip, const char *what)
{
    int error = errno;
    enum err e = error == EBUSY ? ERR_BUSY : error == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    return err_because(r, e, "gpio chip \"%s\": %s: %s", chip, what, strerror(error));
}

static bool has_label(struct gpiod_chip *chip, const char *label)
{
    struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
    if (info == NULL)
        return false;
    bool same = strcmp(gpiod_chip_info_get_label(info), label) == 0;
    gpiod_chip_info_free(info);
    return same;
}

/* This API opens chips by path only. */
static struct gpiod_chip *open_by_label(const char *label)
{
    struct gpiod_chip *found = NULL;
    DIR *dir = opendir("/dev");
    if (dir == NULL)
        return NULL;
    for (const struct dirent *d = readdir(dir); d != NULL && found == NULL; d = readdir(dir)) {
        char path[sizeof "/dev/" + sizeof d->d_name];
        if (strncmp(d->d_name, "gpiochip", strlen("gpiochip")) != 0)
            continue;
        if (snprintf(path, sizeof path, "/dev/%s", d->d_name) < 0 || !gpiod_is_gpiochip_device(path))
            continue;
        struct gpiod_chip *chip = gpiod_chip_open(path);
        if (chip != NULL && has_label(chip, label))
            found = chip;
        else if (chip != NULL)
            gpiod_chip_close(chip);
    }
    (void)closedir(dir);
    if (found == NULL)
        errno = ENOENT;
    return found;
}

static struct gpiod_line_settings *new_settings(bool is_output, bool active_low)
{
    struct gpiod_line_settings *s = gpiod_line_settings_new();
    if (s == NULL)
        return NULL;
    int failed = is_output ? gpiod_line_settings_set_direction(s, GPIOD_LINE_DIRECTION_OUTPUT)
                           : gpiod_line_settings_set_direction(s, GPIOD_LINE_DIRECTION_INPUT);
    if (failed == 0)
        failed = is_output ? gpiod_line_settings_set_output_value(s, GPIOD_LINE_VALUE_INACTIVE)
                           : gpiod_line_settings_set_edge_detection(s, GPIOD_LINE_EDGE_BOTH);
    if (failed == 0) {
        gpiod_line_settings_set_active_low(s, active_low);
        return s;
    }
    gpiod_line_settings_free(s);
    return NULL;
}

/* NULL with errno set. */
static struct gpiod_line_request *request_bank(struct gpiod_chip *chip, const struct bank *bank, bool is_output)
{
    struct gpiod_line_request *request = NULL;
    struct gpiod_line_settings *settings = new_settings(is_output, bank->active_low);
    struct gpiod_line_config *lines = gpiod_line_config_new();
    struct gpiod_request_config *how = gpiod_request_config_new();
    if (settings == NULL || lines == NULL || how == NULL) {
        errno = ENOMEM;
    } else {
        gpiod_request_config_set_consumer(how, CONSUMER);
        gpiod_request_config_set_event_buffer_size(how, is_output ? 0 : EDGES_CAP);
        if (gpiod_line_config_add_line_settings(lines, bank->offset, bank->n, settings) == 0)
            request = gpiod_chip_request_lines(chip, how, lines);
    }
    int error = errno;
    if (how != NULL)
        gpiod_request_config_free(how);
    if (lines != NULL)
        gpiod_line_config_free(lines);
    if (settings != NULL)
        gpiod_line_settings_free(settings);
    errno = error;
    return request;
}

static enum err open_bank(struct gpio *g, struct bank *bank, const char *chip, const char *const *names, uint8_t n,
                          struct reason *r)
{
    bool is_output = bank == &g->outputs;
    for (uint8_t i = 0; i < n; i++) {
        int offset = gpiod_chip_get_line_offset_from_name(g->chip, names[i]);
        if (offset < 0)
            return because_errno(r, chip, names[i]);
        bank->offset[i] = (unsigned)offset;
    }
    bank->n = n;
    if (n == 0)
        return ERR_OK;
    bank->request = request_bank(g->chip, bank, is_output);
    if (bank->request == NULL)
        return because_errno(r, chip, is_output ? "outputs cannot be requested" : "inputs cannot be requested");
    return ERR_OK;
}

enum err gpio_open(struct gpio **out, const struct gpio_cfg *cfg, struct reason *r)
{
    if (cfg->outputs_n > GPIO_LINES_MAX || cfg->inputs_n > GPIO_LINES_MAX)
        return err_because(r, ERR_RANGE, "gpio chip \"%s\": more than %d lines", cfg->chip, GPIO_LINES_MAX);
    struct gpio *g = calloc(1, sizeof *g);
    if (g == NULL)
        return err_because(r, ERR_MEMORY, "gpio chip \"%s\": out of memory", cfg->chip);
    enum err e = ERR_OK;
    g->chip = open_by_label(cfg->chip);
    g->edges = gpiod_edge_event_buffer_new(EDGES_CAP);
    if (g->chip == NULL)
        e = because_errno(r, cfg->chip, "not found");
    else if (g->edges == NULL)
        e = err_because(r, ERR_MEMORY, "gpio chip \"%s\": out of memory", cfg->chip);
    g->outputs.active_low = cfg->active_low;
    if (e == ERR_OK)
        e = open_bank(g, &g->outputs, cfg->chip, cfg->outputs, cfg->outputs_n, r);
    if (e == ERR_OK)
        e = open_bank(g, &g->inputs, cfg->chip, cfg->inputs, cfg->inputs_n, r);
    if (e != ERR_OK) {
        gpio_free(g);
        return e;
    }
    *out = g;
    return ERR_OK;
}

enum err gpio_read(struct gpio *g, uint64_t *bits)
{
    enum gpiod_line_value values[GPIO_LINES_MAX];
    uint64_t read = 0;
    if (g->inputs.request != NULL &&
        gpiod_line_request_get_values_subset(g->inputs.request, g->inputs.n, g->inputs.offset, values) != 0)
        return ERR_IO;
    for (unsigned i = 0; g->inputs.request != NULL && i < g->inputs.n; i++)
        read |= (uint64_t)(values[i] == GPIOD_LINE_VALUE_ACTIVE) << i;
    *bits = read;
    return ERR_OK;
}

static int write_output(struct gpio *g, unsigned output, bool on)
{
    enum gpiod_line_value value = on ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
    return gpiod_line_request_set_value(g->outputs.request, g->outputs.offset[output], value);
}

enum err gpio_set(struct gpio *g, uint8_t output, bool on)
{
    if (g->outputs.request == NULL || output >= g->outputs.n)
        return ERR_RANGE;
    return write_output(g, output, on) == 0 ? ERR_OK : ERR_IO;
}

int gpio_fd(const struct gpio *g)
{
    return g->inputs.request != NULL ? gpiod_line_request_get_fd(g->inputs.request) : -1;
}

bool gpio_next_edge(struct gpio *g)
{
    struct pollfd p = {.fd = gpio_fd(g), .events = POLLIN};
    if (p.fd < 0 || poll(&p, 1, 0) != 1 || (p.revents & POLLIN) == 0)
        return false;
    return gpiod_line_request_read_edge_events(g->inputs.request, g->edges, 1) == 1;
}

void gpio_free(struct gpio *g)
{
    if (g == NULL)
        return;
    for (uint8_t i = 0; g->outputs.request != NULL && i < g->outputs.n; i++)
        (void)write_output(g, i, false);
    if (g->inputs.request != NULL)
        gpiod_line_request_release(g->inputs.request);
    if (g->outputs.request != NULL)
        gpiod_line_request_release(g->outputs.request);
    if (g->edges != NULL)
        gpiod_edge_event_buffer_free(g->edges);
    if (g->chip != NULL)
        gpiod_chip_close(g->chip);
    free(g);
}
