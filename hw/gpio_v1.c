/* SPDX-License-Identifier: Apache-2.0 */
/* libgpiod 1.6 */
#include "hw/gpio.h"

#include <errno.h>
#include <gpiod.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CONSUMER "medlocker"

struct gpio {
    struct gpiod_chip *chip;
    struct gpiod_line_bulk outputs, inputs;
    int value[GPIO_LINES_MAX];    /* of the outputs: the kernel writes all lines of a request at once */
    bool has_outputs, has_inputs; /* requested */
    int edges;                    /* epoll of the inputs' descriptors: this API has one for each line */
};

static enum err because_errno(struct reason *r, const char *chip, const char *what)
{
    int error = errno;
    enum err e = error == EBUSY ? ERR_BUSY : error == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    return err_because(r, e, "gpio chip \"%s\": %s: %s", chip, what, strerror(error));
}

static enum err find_lines(struct gpio *g, const char *chip, const char *const *names, uint8_t n,
                           struct gpiod_line_bulk *bulk, struct reason *r)
{
    gpiod_line_bulk_init(bulk);
    for (uint8_t i = 0; i < n; i++) {
        struct gpiod_line *line = gpiod_chip_find_line(g->chip, names[i]);
        if (line == NULL)
            return because_errno(r, chip, names[i]);
        gpiod_line_bulk_add(bulk, line);
    }
    return ERR_OK;
}

static enum err request_outputs(struct gpio *g, const struct gpio_cfg *cfg, struct reason *r)
{
    if (cfg->outputs_n == 0)
        return ERR_OK;
    enum err e = find_lines(g, cfg->chip, cfg->outputs, cfg->outputs_n, &g->outputs, r);
    if (e != ERR_OK)
        return e;
    int flags = cfg->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0;
    if (gpiod_line_request_bulk_output_flags(&g->outputs, CONSUMER, flags, g->value) != 0)
        return because_errno(r, cfg->chip, "outputs cannot be requested");
    g->has_outputs = true;
    return ERR_OK;
}

static enum err gather_edges(struct gpio *g, const struct gpio_cfg *cfg, struct reason *r)
{
    g->edges = epoll_create1(EPOLL_CLOEXEC);
    if (g->edges < 0)
        return because_errno(r, cfg->chip, "epoll");
    for (unsigned i = 0; i < cfg->inputs_n; i++) {
        struct epoll_event ev = {.events = EPOLLIN, .data.u32 = i};
        int fd = gpiod_line_event_get_fd(gpiod_line_bulk_get_line(&g->inputs, i));
        if (fd < 0 || epoll_ctl(g->edges, EPOLL_CTL_ADD, fd, &ev) != 0)
            return because_errno(r, cfg->chip, cfg->inputs[i]);
    }
    return ERR_OK;
}

static enum err request_inputs(struct gpio *g, const struct gpio_cfg *cfg, struct reason *r)
{
    if (cfg->inputs_n == 0)
        return ERR_OK;
    enum err e = find_lines(g, cfg->chip, cfg->inputs, cfg->inputs_n, &g->inputs, r);
    if (e != ERR_OK)
        return e;
    if (gpiod_line_request_bulk_both_edges_events(&g->inputs, CONSUMER) != 0)
        return because_errno(r, cfg->chip, "inputs cannot be requested");
    g->has_inputs = true;
    return gather_edges(g, cfg, r);
}

enum err gpio_open(struct gpio **out, const struct gpio_cfg *cfg, struct reason *r)
{
    if (cfg->outputs_n > GPIO_LINES_MAX || cfg->inputs_n > GPIO_LINES_MAX)
        return err_because(r, ERR_RANGE, "gpio chip \"%s\": more than %d lines", cfg->chip, GPIO_LINES_MAX);
    struct gpio *g = calloc(1, sizeof *g);
    if (g == NULL)
        return err_because(r, ERR_MEMORY, "gpio chip \"%s\": out of memory", cfg->chip);
    g->edges = -1;
    enum err e = ERR_OK;
    g->chip = gpiod_chip_open_by_label(cfg->chip);
    if (g->chip == NULL)
        e = because_errno(r, cfg->chip, "not found");
    if (e == ERR_OK)
        e = request_outputs(g, cfg, r);
    if (e == ERR_OK)
        e = request_inputs(g, cfg, r);
    if (e != ERR_OK) {
        gpio_free(g);
        return e;
    }
    *out = g;
    return ERR_OK;
}

enum err gpio_read(struct gpio *g, uint64_t *bits)
{
    int values[GPIO_LINES_MAX] = {0};
    uint64_t read = 0;
    if (!g->has_inputs) {
        *bits = 0;
        return ERR_OK;
    }
    if (gpiod_line_get_value_bulk(&g->inputs, values) != 0)
        return ERR_IO;
    for (unsigned i = 0; i < gpiod_line_bulk_num_lines(&g->inputs); i++)
        read |= (uint64_t)(values[i] != 0) << i;
    *bits = read;
    return ERR_OK;
}

/* gpiod_line_set_value on one line of a request would write its value to the first line, and 0 to all others. */
static enum err write_outputs(struct gpio *g)
{
    return gpiod_line_set_value_bulk(&g->outputs, g->value) == 0 ? ERR_OK : ERR_IO;
}

enum err gpio_set(struct gpio *g, uint8_t output, bool on)
{
    if (!g->has_outputs || output >= gpiod_line_bulk_num_lines(&g->outputs))
        return ERR_RANGE;
    g->value[output] = on ? 1 : 0;
    enum err e = write_outputs(g);
    /* Not on by accident when another line is written. */
    if (e != ERR_OK)
        g->value[output] = 0;
    return e;
}

int gpio_fd(const struct gpio *g)
{
    return g->edges;
}

bool gpio_next_edge(struct gpio *g)
{
    struct epoll_event ev;
    struct gpiod_line_event edge;
    if (g->edges < 0 || epoll_wait(g->edges, &ev, 1, 0) != 1 || (ev.events & EPOLLIN) == 0)
        return false;
    return gpiod_line_event_read(gpiod_line_bulk_get_line(&g->inputs, ev.data.u32), &edge) == 0;
}

void gpio_free(struct gpio *g)
{
    if (g == NULL)
        return;
    memset(g->value, 0, sizeof g->value);
    if (g->has_outputs)
        (void)write_outputs(g);
    if (g->edges >= 0)
        (void)close(g->edges);
    if (g->has_inputs)
        gpiod_line_release_bulk(&g->inputs);
    if (g->has_outputs)
        gpiod_line_release_bulk(&g->outputs);
    if (g->chip != NULL)
        gpiod_chip_close(g->chip);
    free(g);
}
