/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/sim/layout.h"

#include <stdio.h>
#include <string.h>

#include "common/conf.h"

static const char *const bus_kinds[] = {"rtu", "tcp", NULL};
static const char *const parities[] = {"none", "even", "odd", NULL};

bool layout_baud_is_known(uint32_t baud)
{
    static const uint32_t known[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i] == baud) {
            return true;
        }
    }
    return false;
}

/* ---------------------------------------------------------------- names */

static enum err read_title(cfg_t *section, char out[LAYOUT_NAME_CAP], struct reason *r)
{
    const char *title = cfg_title(section);
    size_t len = title != NULL ? strlen(title) : 0;
    if (len == 0 || len >= LAYOUT_NAME_CAP ||
        strspn(title, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                      "0123456789-_") != len) {
        return conf_because(section, "name", r, ERR_RANGE, "1 to %d letters, digits, '-' or '_'", LAYOUT_NAME_CAP - 1);
    }
    memcpy(out, title, len + 1);
    return ERR_OK;
}

static enum err find_bus(const struct layout *l, cfg_t *section, uint8_t *out, struct reason *r)
{
    const char *name = NULL;
    enum err e = conf_text(section, "bus", 1, LAYOUT_NAME_CAP - 1, &name, r);
    if (e != ERR_OK) {
        return e;
    }
    for (uint8_t i = 0; i < l->buses; i++) {
        if (strcmp(l->bus[i].name, name) == 0) {
            *out = i;
            return ERR_OK;
        }
    }
    return conf_because(section, "bus", r, ERR_UNKNOWN, "no bus \"%s\" is described", name);
}

static enum err find_board(const struct layout *l, cfg_t *section, const char *key, uint8_t *out, struct reason *r)
{
    const char *name = NULL;
    enum err e = conf_text(section, key, 1, LAYOUT_NAME_CAP - 1, &name, r);
    if (e != ERR_OK) {
        return e;
    }
    for (uint8_t i = 0; i < l->boards; i++) {
        if (strcmp(l->board[i].name, name) == 0) {
            *out = i;
            return ERR_OK;
        }
    }
    return conf_because(section, key, r, ERR_UNKNOWN, "no board \"%s\" is described", name);
}

/* ---------------------------------------------------------------- sections */

static enum err read_bus(cfg_t *section, struct layout_bus *out, struct reason *r)
{
    int64_t baud = 0, turnaround_ms = 0, clients = 0;
    unsigned kind = 0, parity = 0;
    enum err e = read_title(section, out->name, r);
    if (e == ERR_OK) {
        e = conf_choice(section, "kind", bus_kinds, &kind, r);
    }
    if (e == ERR_OK) {
        e = conf_int(section, "baud", 1200, 115200, &baud, r);
    }
    if (e == ERR_OK && !layout_baud_is_known((uint32_t)baud)) {
        e = conf_because(section, "baud", r, ERR_RANGE, "no speed of a serial line");
    }
    if (e == ERR_OK) {
        e = conf_choice(section, "parity", parities, &parity, r);
    }
    if (e == ERR_OK) {
        e = conf_int(section, "turnaround_ms", 0, 1000, &turnaround_ms, r);
    }
    if (e == ERR_OK) {
        e = conf_int(section, "clients", 1, 16, &clients, r);
    }
    out->kind = kind == 0 ? LAYOUT_RTU : LAYOUT_TCP;
    out->baud = (uint32_t)baud;
    out->parity_bit = parity != 0;
    out->turnaround_us = (uint32_t)turnaround_ms * 1000u;
    out->clients = (uint8_t)clients;
    return e;
}

static enum err read_kind(cfg_t *section, enum board_kind *out, struct reason *r)
{
    const char *names[BOARD_KIND_N + 1] = {NULL};
    for (unsigned i = 0; i < BOARD_KIND_N; i++) {
        names[i] = board_kind_name((enum board_kind)i);
    }
    unsigned kind = 0;
    enum err e = conf_choice(section, "kind", names, &kind, r);
    *out = (enum board_kind)kind;
    return e;
}

static enum err read_board(cfg_t *section, const struct layout *l, struct layout_board *out, struct reason *r)
{
    int64_t unit = 0, deci_c = 0, deci_rh = 0;
    enum err e = read_title(section, out->name, r);
    if (e == ERR_OK) {
        e = read_kind(section, &out->kind, r);
    }
    if (e == ERR_OK) {
        e = conf_int(section, "unit", 1, 247, &unit, r);
    }
    if (e == ERR_OK) {
        e = find_bus(l, section, &out->bus, r);
    }
    if (e == ERR_OK) {
        e = conf_int(section, "deci_c", -400, 1250, &deci_c, r);
    }
    if (e == ERR_OK) {
        e = conf_int(section, "deci_rh", 0, 1000, &deci_rh, r);
    }
    out->unit = (uint8_t)unit;
    out->deci_c = (int16_t)deci_c;
    out->deci_rh = (uint16_t)deci_rh;
    return e;
}

static enum err read_door(cfg_t *section, const struct layout *l, struct layout_door *out, struct reason *r)
{
    int64_t channel = 0, input = 0, contact_open = 0;
    enum err e = read_title(section, out->name, r);
    if (e == ERR_OK) {
        e = find_board(l, section, "board", &out->board, r);
    }
    if (e == ERR_OK) {
        e = conf_int(section, "channel", 0, (int64_t)board_outputs(l->board[out->board].kind) - 1, &channel, r);
    }
    if (e == ERR_OK) {
        e = find_board(l, section, "contact_board", &out->contact_board, r);
    }
    if (e == ERR_OK) {
        e = conf_int(section, "contact_input", 0, (int64_t)board_inputs(l->board[out->contact_board].kind) - 1, &input,
                     r);
    }
    if (e == ERR_OK) {
        e = conf_int(section, "contact_open", 0, 1, &contact_open, r);
    }
    out->channel = (uint8_t)channel;
    out->contact_input = (uint8_t)input;
    out->open_is_one = contact_open == 1;
    return e;
}

/* ---------------------------------------------------------------- the whole */

static enum err count_sections(cfg_t *conf, const char *name, unsigned max, unsigned *out, struct reason *r)
{
    *out = cfg_size(conf, name);
    if (*out == 0) {
        return err_because(r, ERR_MISSING, "no section \"%s\"", name);
    }
    if (*out > max) {
        return err_because(r, ERR_TOO_LONG, "%u sections \"%s\", at most %u", *out, name, max);
    }
    return ERR_OK;
}

static enum err check_unit(cfg_t *section, const struct layout *l, const struct layout_board *b, struct reason *r)
{
    for (uint8_t i = 0; i < l->boards; i++) {
        if (l->board[i].bus == b->bus && l->board[i].unit == b->unit) {
            return conf_because(section, "unit", r, ERR_DUPLICATE, "%u is that of board \"%s\" already", b->unit,
                                l->board[i].name);
        }
    }
    return ERR_OK;
}

static enum err check_door(cfg_t *section, const struct layout *l, const struct layout_door *d, struct reason *r)
{
    for (uint16_t i = 0; i < l->doors; i++) {
        const struct layout_door *other = &l->door[i];
        if (other->board == d->board && other->channel == d->channel) {
            return conf_because(section, "channel", r, ERR_DUPLICATE, "releases door \"%s\" already", other->name);
        }
        if (other->contact_board == d->contact_board && other->contact_input == d->contact_input) {
            return conf_because(section, "contact_input", r, ERR_DUPLICATE, "reports door \"%s\" already", other->name);
        }
    }
    return ERR_OK;
}

static enum err read_buses(cfg_t *conf, struct layout *l, struct reason *r)
{
    unsigned n = 0;
    enum err e = count_sections(conf, "bus", LAYOUT_BUSES_MAX, &n, r);
    for (unsigned i = 0; e == ERR_OK && i < n; i++) {
        e = read_bus(cfg_getnsec(conf, "bus", i), &l->bus[i], r);
        l->buses = (uint8_t)(i + 1);
    }
    return e;
}

static enum err read_boards(cfg_t *conf, struct layout *l, struct reason *r)
{
    unsigned n = 0;
    enum err e = count_sections(conf, "board", LAYOUT_BOARDS_MAX, &n, r);
    for (unsigned i = 0; e == ERR_OK && i < n; i++) {
        cfg_t *section = cfg_getnsec(conf, "board", i);
        e = read_board(section, l, &l->board[i], r);
        if (e == ERR_OK) {
            e = check_unit(section, l, &l->board[i], r);
        }
        l->boards = (uint8_t)(i + 1);
    }
    return e;
}

static enum err read_doors(cfg_t *conf, struct layout *l, struct reason *r)
{
    unsigned n = 0;
    enum err e = count_sections(conf, "door", LAYOUT_DOORS_MAX, &n, r);
    for (unsigned i = 0; e == ERR_OK && i < n; i++) {
        cfg_t *section = cfg_getnsec(conf, "door", i);
        e = read_door(section, l, &l->door[i], r);
        if (e == ERR_OK) {
            e = check_door(section, l, &l->door[i], r);
        }
        l->doors = (uint16_t)(i + 1);
    }
    return e;
}

enum err layout_read(struct layout *out, const char *path, struct reason *r)
{
    cfg_opt_t bus[] = {CFG_STR("kind", NULL, CFGF_NODEFAULT), CFG_INT("baud", 9600, CFGF_NONE),
                       CFG_STR("parity", "none", CFGF_NONE),  CFG_INT("turnaround_ms", 5, CFGF_NONE),
                       CFG_INT("clients", 4, CFGF_NONE),      CFG_END()};
    cfg_opt_t board[] = {CFG_STR("kind", NULL, CFGF_NODEFAULT), CFG_INT("unit", 0, CFGF_NODEFAULT),
                         CFG_STR("bus", NULL, CFGF_NODEFAULT),  CFG_INT("deci_c", 200, CFGF_NONE),
                         CFG_INT("deci_rh", 450, CFGF_NONE),    CFG_END()};
    cfg_opt_t door[] = {CFG_STR("board", NULL, CFGF_NODEFAULT),         CFG_INT("channel", 0, CFGF_NODEFAULT),
                        CFG_STR("contact_board", NULL, CFGF_NODEFAULT), CFG_INT("contact_input", 0, CFGF_NODEFAULT),
                        CFG_INT("contact_open", 1, CFGF_NONE),          CFG_END()};
    cfg_opt_t table[] = {CFG_SEC("bus", bus, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                         CFG_SEC("board", board, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                         CFG_SEC("door", door, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), CFG_END()};
    struct layout made = {.buses = 0};
    cfg_t *conf = NULL;
    enum err e = conf_parse(&conf, table, path, r);
    if (e != ERR_OK) {
        return e;
    }
    e = read_buses(conf, &made, r);
    if (e == ERR_OK) {
        e = read_boards(conf, &made, r);
    }
    if (e == ERR_OK) {
        e = read_doors(conf, &made, r);
    }
    cfg_free(conf);
    if (e == ERR_OK) {
        *out = made;
    }
    return e;
}
