/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/bus_gpio.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "hw/gpio.h"

#define RETRY_US 100000
#define EDGES_PER_TICK 256 /* a line that oscillates must not keep the thread */

struct bus_gpio {
    struct line line;
    const struct profile *profile;
    char chip[128];
    struct gpio *gpio;
    int64_t off_us[PROFILE_LOCKS_MAX]; /* energised until then; 0: not */
};

static struct bus_gpio *self(struct line *l)
{
    return (struct bus_gpio *)l;
}

static enum err gpio_line_open(struct line *l, struct reason *r)
{
    struct bus_gpio *g = self(l);
    const char *outputs[PROFILE_LOCKS_MAX], *inputs[PROFILE_INPUTS_MAX];
    struct gpio_cfg cfg = {.chip = g->chip, .outputs = outputs, .inputs = inputs};
    cfg.outputs_n = g->profile->locks;
    cfg.inputs_n = g->profile->inputs;
    for (unsigned i = 0; i < cfg.outputs_n; i++)
        outputs[i] = g->profile->output_line[i];
    for (unsigned i = 0; i < cfg.inputs_n; i++)
        inputs[i] = g->profile->input_line[i];
    memset(g->off_us, 0, sizeof g->off_us);
    return gpio_open(&g->gpio, &cfg, r);
}

static void gpio_line_close(struct line *l)
{
    gpio_free(self(l)->gpio);
    self(l)->gpio = NULL;
}

static enum line_end switch_lock(struct bus_gpio *g, const struct frame *f)
{
    bool on = f->address >= g->profile->pulse.address;
    unsigned lock = f->address - (on ? g->profile->pulse.address : 0U);
    if (lock >= g->profile->locks || gpio_set(g->gpio, (uint8_t)lock, on) != ERR_OK)
        return LINE_DOWN;
    g->off_us[lock] = on ? clock_mono_us() + (int64_t)f->value * g->profile->pulse.step_ms * 1000 : 0;
    return LINE_ANSWERED;
}

static void answer_bits(struct line_exchange *x, uint64_t bits)
{
    x->answer.data_len = (uint16_t)((x->request.value + 7U) / 8U);
    for (unsigned i = 0; i < x->answer.data_len; i++)
        x->answer.data[i] = (uint8_t)(bits >> (8U * i) & 0xffU);
}

static uint64_t energised(const struct bus_gpio *g)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < g->profile->locks; i++)
        bits |= (uint64_t)(g->off_us[i] != 0) << i;
    return bits;
}

static enum line_end gpio_line_exchange(struct line *l, struct line_exchange *x)
{
    struct bus_gpio *g = self(l);
    uint64_t bits = 0;
    enum line_end end = LINE_ANSWERED;
    x->wire_us = clock_mono_us();
    x->verdict = FRAME_FITS;
    x->answer.exception = 0;
    x->answer.data_len = 0;
    if (x->request.function == FRAME_WRITE_COIL) {
        end = switch_lock(g, &x->request);
    } else if (x->request.function == FRAME_READ_COILS) {
        answer_bits(x, energised(g));
    } else if (gpio_read(g->gpio, &bits) == ERR_OK) {
        answer_bits(x, bits);
    } else {
        end = LINE_DOWN;
    }
    return end;
}

static void gpio_line_drain(struct line *l)
{
    (void)l;
}

static bool gpio_line_tick(struct line *l, int64_t now_us)
{
    struct bus_gpio *g = self(l);
    bool edge = false;
    for (uint8_t i = 0; i < g->profile->locks; i++) {
        if (g->off_us[i] == 0 || now_us < g->off_us[i])
            continue;
        /* Kept as energised when it fails: the read-back tells, and it is tried again. */
        if (gpio_set(g->gpio, i, false) == ERR_OK) {
            g->off_us[i] = 0;
            continue;
        }
        g->off_us[i] = now_us + RETRY_US;
        log_error("gpio", "%s: line %s cannot be switched off", g->chip, g->profile->output_line[i]);
    }
    for (unsigned i = 0; i < EDGES_PER_TICK && gpio_next_edge(g->gpio); i++)
        edge = true;
    return edge;
}

static int64_t gpio_line_due(const struct line *l)
{
    const struct bus_gpio *g = (const struct bus_gpio *)l;
    int64_t due_us = INT64_MAX;
    for (unsigned i = 0; g->gpio != NULL && i < g->profile->locks; i++)
        if (g->off_us[i] != 0 && g->off_us[i] < due_us)
            due_us = g->off_us[i];
    return due_us;
}

static int gpio_line_fd(const struct line *l)
{
    const struct bus_gpio *g = (const struct bus_gpio *)l;
    return g->gpio != NULL ? gpio_fd(g->gpio) : -1;
}

static void gpio_line_free(struct line *l)
{
    gpio_free(self(l)->gpio);
    free(l);
}

static const struct line_ops gpio_ops = {
    .open = gpio_line_open,
    .exchange = gpio_line_exchange,
    .drain = gpio_line_drain,
    .tick = gpio_line_tick,
    .due_us = gpio_line_due,
    .fd = gpio_line_fd,
    .close = gpio_line_close,
    .free = gpio_line_free,
};

enum err bus_gpio_new(struct line **out, const char *chip, const struct profile *profile, struct reason *r)
{
    struct bus_gpio *g = calloc(1, sizeof *g);
    if (g == NULL)
        return err_because(r, ERR_MEMORY, "gpio chip \"%s\": out of memory", chip);
    g->line.ops = &gpio_ops;
    g->profile = profile;
    (void)snprintf(g->chip, sizeof g->chip, "%s", chip);
    *out = &g->line;
    return ERR_OK;
}
