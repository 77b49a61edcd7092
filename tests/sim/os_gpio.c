/* SPDX-License-Identifier: Apache-2.0 */
/* A third implementation of hw/gpio.h: the lines LOCKn and DOORn of the plant's "gpio" board. */
#include "hw/gpio.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/os.h"
#include "tests/sim/os_fd.h"
#include "tests/sim/plant_in.h"

struct gpio {
    struct plant *plant;
    int fd;      /* of the inputs, -1: none */
    bool lost;   /* the chip went away since it was opened */
    bool left;   /* by its owner */
    bool closed; /* its process has ended */
    uint8_t outputs_n, inputs_n;
    uint8_t output[GPIO_LINES_MAX], input[GPIO_LINES_MAX]; /* channels of the board */
    uint64_t seen;                                         /* levels when an edge was last looked for */
    unsigned edges;
};

static struct board *board_of(const struct gpio *g)
{
    return &g->plant->cabinet->board[g->plant->gpio.board].board;
}

static void drive(struct gpio *g, uint8_t channel, bool on)
{
    struct plant *p = g->plant;
    plant_settle(p);
    struct board *b = board_of(g);
    bool held = (b->stuck[channel] == BOARD_STUCK_ON && b->on[channel]) || (b->stuck[channel] == BOARD_STUCK_OFF && on);
    if (!held && (b->power == BOARD_ON || !on)) {
        b->on[channel] = on;
        cabinet_board_changed(p->cabinet, world_now_us(p->world));
        p->cabinet_us = 0;
        plant_carried_out(p, true);
    }
}

/* What the kernel does when a process gives lines back or dies, and what a chip does that goes away. */
static void release(struct gpio *g)
{
    if (g->plant->gpio.held != g) {
        return;
    }
    g->plant->gpio.held = NULL;
    for (uint8_t i = 0; i < g->outputs_n; i++) {
        drive(g, g->output[i], false);
    }
}

static short is_ready(void *it)
{
    const struct gpio *g = it;
    return g->edges > 0 || g->lost ? POLLIN : 0;
}

static void closed(void *it)
{
    struct gpio *g = it;
    release(g);
    g->closed = true;
    if (g->left) {
        free(g);
    }
}

static const struct os_fd_kind kind = {.name = "gpio", .ready = is_ready, .close = closed};

static bool is_dead(void)
{
    const struct process *mine = process_current();
    return mine == NULL || process_is_dead(mine);
}

/* "LOCK3" -> 2 */
static bool channel_of(const char *line, const char *stem, uint8_t *out)
{
    size_t n = strlen(stem);
    unsigned long number = strncmp(line, stem, n) == 0 ? strtoul(line + n, NULL, 10) : 0;
    *out = (uint8_t)(number - 1);
    return number >= 1 && number <= BOARD_CHANNELS;
}

static enum err find_lines(const char *chip, const char *const *names, uint8_t n, const char *stem, uint8_t *out,
                           struct reason *r)
{
    for (uint8_t i = 0; i < n; i++) {
        if (!channel_of(names[i], stem, &out[i])) {
            return err_because(r, ERR_NOT_FOUND, "gpio chip \"%s\": %s: no such line", chip, names[i]);
        }
    }
    return ERR_OK;
}

static enum err check_chip(struct plant *p, const struct gpio_cfg *cfg, struct reason *r)
{
    if (p == NULL || !p->gpio.is_there || p->gpio.state == PLANT_GPIO_GONE ||
        strcmp(cfg->chip, p->cabinet->layout.bus[p->gpio.bus].name) != 0) {
        return err_because(r, ERR_NOT_FOUND, "gpio chip \"%s\": not found", cfg->chip);
    }
    if (p->gpio.state == PLANT_GPIO_BUSY) {
        world_count(p->world, "gpio-busy");
        return err_because(r, ERR_BUSY, "gpio chip \"%s\": outputs cannot be requested: busy", cfg->chip);
    }
    if (p->gpio.held != NULL) {
        return err_because(r, ERR_BUSY, "gpio chip \"%s\": held already", cfg->chip);
    }
    return ERR_OK;
}

/* Levels of all inputs of the board. */
static uint64_t levels(const struct plant *p)
{
    const struct cabinet *c = p->cabinet;
    int64_t now_us = world_now_us(p->world);
    uint64_t bits = 0;
    for (unsigned i = 0; i < BOARD_CHANNELS; i++) {
        bits |= (uint64_t)c->board[p->gpio.board].board.input[i] << i;
    }
    for (uint16_t i = 0; i < c->layout.doors; i++) {
        const struct layout_door *d = &c->layout.door[i];
        if (d->contact_board == p->gpio.board) {
            uint64_t bit = UINT64_C(1) << d->contact_input;
            bits = cabinet_input_open(c, i, now_us) == d->open_is_one ? bits | bit : bits & ~bit;
        }
    }
    return bits;
}

enum err gpio_open(struct gpio **out, const struct gpio_cfg *cfg, struct reason *r)
{
    struct plant *p = plant_mine();
    if (cfg->outputs_n > GPIO_LINES_MAX || cfg->inputs_n > GPIO_LINES_MAX) {
        return err_because(r, ERR_RANGE, "gpio chip \"%s\": more than %d lines", cfg->chip, GPIO_LINES_MAX);
    }
    if (is_dead() || !process_may(OS_MEMORY)) {
        return err_because(r, ERR_MEMORY, "gpio chip \"%s\": out of memory", cfg->chip);
    }
    enum err e = check_chip(p, cfg, r);
    if (e != ERR_OK) {
        return e;
    }
    struct gpio *g = calloc(1, sizeof *g);
    if (g == NULL) {
        abort();
    }
    g->plant = p;
    g->outputs_n = cfg->outputs_n;
    g->inputs_n = cfg->inputs_n;
    e = find_lines(cfg->chip, cfg->outputs, cfg->outputs_n, "LOCK", g->output, r);
    if (e == ERR_OK) {
        e = find_lines(cfg->chip, cfg->inputs, cfg->inputs_n, "DOOR", g->input, r);
    }
    if (e == ERR_OK) {
        g->fd = os_fd_new(&kind, g);
        e = g->fd >= 0 ? ERR_OK : err_because(r, ERR_IO, "gpio chip \"%s\": no descriptor", cfg->chip);
    }
    if (e != ERR_OK) {
        free(g);
        return e;
    }
    p->gpio.held = g;
    for (uint8_t i = 0; i < g->outputs_n; i++) {
        drive(g, g->output[i], false);
    }
    g->seen = levels(p);
    *out = g;
    return ERR_OK;
}

enum err gpio_read(struct gpio *g, uint64_t *bits)
{
    if (is_dead() || g->lost) {
        return ERR_IO;
    }
    plant_settle(g->plant);
    uint64_t all = levels(g->plant), read = 0;
    for (unsigned i = 0; i < g->inputs_n; i++) {
        read |= (all >> g->input[i] & 1u) << i;
    }
    *bits = read;
    return ERR_OK;
}

enum err gpio_set(struct gpio *g, uint8_t output, bool on)
{
    if (output >= g->outputs_n) {
        return ERR_RANGE;
    }
    if (is_dead() || g->lost) {
        return ERR_IO;
    }
    drive(g, g->output[output], on);
    return ERR_OK;
}

int gpio_fd(const struct gpio *g)
{
    return g->inputs_n > 0 ? g->fd : -1;
}

bool gpio_next_edge(struct gpio *g)
{
    if (g->edges == 0 || g->lost || is_dead()) {
        return false;
    }
    g->edges--;
    return true;
}

void gpio_changed(struct gpio *g)
{
    if (g->plant->gpio.state == PLANT_GPIO_GONE && !g->lost) {
        g->lost = true;
        for (uint8_t i = 0; i < g->outputs_n; i++) {
            drive(g, g->output[i], false);
        }
        os_fd_changed(g);
    }
    uint64_t now = levels(g->plant);
    if (now != g->seen) {
        g->edges += (unsigned)__builtin_popcountll(now ^ g->seen);
        g->seen = now;
        os_fd_changed(g);
    }
}

void gpio_free(struct gpio *g)
{
    if (g == NULL) {
        return;
    }
    release(g);
    g->left = true;
    if (g->closed) {
        free(g);
    } else {
        (void)os_close(g->fd); /* of a dead process: has no effect until it has ended */
    }
}
