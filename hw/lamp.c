/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/lamp.h"

#include <assert.h>
#include <stdlib.h>

#include "common/log.h"
#include "hw/gpio.h"

struct lamp {
    struct gpio *gpio; /* NULL: could not be had */
    bool on;
    bool told; /* that it cannot be switched */
};

struct lamps {
    const struct lamp_cfg *cfg;
    unsigned count;
    struct lamp lamp[LAMPS_MAX];
};

static void give_up(struct lamp *lamp, const struct lamp_cfg *cfg, const char *why)
{
    gpio_free(lamp->gpio);
    lamp->gpio = NULL;
    lamp->on = false;
    if (!lamp->told)
        log_error("lamp", "%s stays dark: %s", cfg->name, why);
    lamp->told = true;
}

static void request(struct lamp *lamp, const struct lamp_cfg *cfg)
{
    const char *const lines[] = {cfg->line};
    const struct gpio_cfg gpio = {.chip = cfg->chip, .outputs = lines, .outputs_n = 1, .active_low = cfg->active_low};
    struct reason r;
    if (gpio_open(&lamp->gpio, &gpio, &r) != ERR_OK) {
        lamp->gpio = NULL;
        give_up(lamp, cfg, r.text);
        return;
    }
    if (lamp->told)
        log_notice("lamp", "%s works again", cfg->name);
    lamp->told = false;
}

enum err lamps_open(struct lamps **out, const struct lamp_cfg *cfg, unsigned count, struct reason *r)
{
    assert(count <= LAMPS_MAX);
    struct lamps *l = calloc(1, sizeof *l);
    if (l == NULL)
        return err_because(r, ERR_MEMORY, "lamps: no memory");
    l->cfg = cfg;
    l->count = count;
    for (unsigned i = 0; i < count; i++)
        request(&l->lamp[i], &cfg[i]);
    *out = l;
    return ERR_OK;
}

void lamps_free(struct lamps *l)
{
    if (l == NULL)
        return;
    for (unsigned i = 0; i < l->count; i++)
        gpio_free(l->lamp[i].gpio);
    free(l);
}

static bool has_door(const struct lamp_cfg *cfg, uint8_t row, uint8_t column)
{
    return row >= cfg->rows_from && row <= cfg->rows_to && column >= cfg->columns_from && column <= cfg->columns_to;
}

void lamps_show(struct lamps *l, uint8_t row, uint8_t column)
{
    for (unsigned i = 0; i < l->count; i++) {
        struct lamp *lamp = &l->lamp[i];
        bool on = has_door(&l->cfg[i], row, column);
        if (on == lamp->on)
            continue;
        if (lamp->gpio == NULL)
            request(lamp, &l->cfg[i]);
        if (lamp->gpio == NULL)
            continue;
        if (gpio_set(lamp->gpio, 0, on) != ERR_OK)
            give_up(lamp, &l->cfg[i], "its line cannot be written");
        else
            lamp->on = on;
    }
}
