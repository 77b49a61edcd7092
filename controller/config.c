/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "hw/profile.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const language_names[] = {"nl", "en", "tr", "ar", "pl", "uk", NULL}; /* as enum language */
static const char *const commissioning_names[] = {"required", "waived", NULL};
static const char *const bus_kinds[] = {"rtu", "tcp", "gpio", NULL};
static const char *const parity_names[] = {"none", "even", "odd", NULL};
static const char *const size_names[] = {"S", "M", "L", NULL};
static const char *const zone_names[] = {"room", "cold", NULL};
static const char *const input_names[] = {"tamper", "mains", "battery", NULL};

static const char name_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
static const char door_chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* ---------------------------------------------------------------- small steps */

static enum err take_text(cfg_t *sec, const char *key, size_t min, char *out, size_t cap, struct reason *r)
{
    const char *text;
    enum err e = conf_text(sec, key, min, cap - 1, &text, r);
    if (e == ERR_OK) {
        memcpy(out, text, strlen(text) + 1);
    }
    return e;
}

static enum err take_path(cfg_t *sec, const char *key, bool required, char *out, size_t cap, struct reason *r)
{
    enum err e = take_text(sec, key, required ? 2 : 0, out, cap, r);
    if (e == ERR_OK && out[0] != '\0' && out[0] != '/') {
        return conf_because(sec, key, r, ERR_SYNTAX, "must begin with /");
    }
    return e;
}

static enum err take_u32(cfg_t *sec, const char *key, uint32_t min, uint32_t max, uint32_t *out, struct reason *r)
{
    int64_t n;
    enum err e = conf_int(sec, key, min, max, &n, r);
    if (e == ERR_OK) {
        *out = (uint32_t)n;
    }
    return e;
}

static enum err take_u16(cfg_t *sec, const char *key, uint16_t min, uint16_t max, uint16_t *out, struct reason *r)
{
    uint32_t n;
    enum err e = take_u32(sec, key, min, max, &n, r);
    if (e == ERR_OK) {
        *out = (uint16_t)n;
    }
    return e;
}

static enum err take_u8(cfg_t *sec, const char *key, uint8_t min, uint8_t max, uint8_t *out, struct reason *r)
{
    uint32_t n;
    enum err e = take_u32(sec, key, min, max, &n, r);
    if (e == ERR_OK) {
        *out = (uint8_t)n;
    }
    return e;
}

static enum err take_bit(cfg_t *sec, const char *key, bool *out, struct reason *r)
{
    uint32_t n;
    enum err e = take_u32(sec, key, 0, 1, &n, r);
    if (e == ERR_OK) {
        *out = n == 1;
    }
    return e;
}

static enum err take_milli_c(cfg_t *sec, const char *key, int32_t *out, struct reason *r)
{
    int64_t n;
    enum err e = conf_int(sec, key, -100000, 100000, &n, r);
    if (e == ERR_OK) {
        *out = (int32_t)n;
    }
    return e;
}

/* The title of a section, as a name of these characters. */
static enum err take_title(cfg_t *sec, const char *chars, char *out, size_t cap, struct reason *r)
{
    const char *title = cfg_title(sec);
    size_t n = strlen(title);
    if (n == 0 || n >= cap || strspn(title, chars) != n) {
        return conf_because(sec, NULL, r, ERR_SYNTAX, "\"%.40s\" is no name: 1 to %zu of %s", title, cap - 1, chars);
    }
    memcpy(out, title, n + 1);
    return ERR_OK;
}

/* The key names a board of the file; *out is its index. */
static enum err take_board(const struct config *c, cfg_t *sec, const char *key, uint8_t *out, struct reason *r)
{
    const char *name;
    enum err e = conf_text(sec, key, 1, HW_NAME_CAP - 1, &name, r);
    if (e != ERR_OK) {
        return e;
    }
    for (uint8_t i = 0; i < c->hw.boards; i++) {
        if (strcmp(c->hw.board[i].name, name) == 0) {
            *out = i;
            return ERR_OK;
        }
    }
    return conf_because(sec, key, r, ERR_UNKNOWN, "there is no board \"%s\"", name);
}

/* ---------------------------------------------------------------- sections */

static enum err check_bus_keys(cfg_t *sec, enum hw_bus_kind kind, struct reason *r)
{
    static const struct {
        const char *key;
        bool allowed[3];
    } keys[] = {{"baud", {true, false, false}},
                {"parity", {true, false, false}},
                {"port", {false, true, false}},
                {"timeout_ms", {true, true, false}},
                {"worst_late_ms", {true, true, false}}};
    for (size_t i = 0; i < COUNT(keys); i++) {
        if (!keys[i].allowed[kind] && cfg_size(sec, keys[i].key) > 0) {
            return conf_because(sec, keys[i].key, r, ERR_UNKNOWN, "a bus of kind %s has no such key", bus_kinds[kind]);
        }
    }
    return ERR_OK;
}

/* Keys that depend on the kind have no default in the table; an absent one leaves the value given here. */
static enum err take_optional_u32(cfg_t *sec, const char *key, uint32_t min, uint32_t max, uint32_t *out,
                                  struct reason *r)
{
    return cfg_size(sec, key) == 0 ? ERR_OK : take_u32(sec, key, min, max, out, r);
}

static enum err take_line(cfg_t *sec, struct hw_bus_cfg *bus, struct reason *r)
{
    static const uint32_t bauds[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};
    unsigned parity = HW_PARITY_NONE;
    bus->baud = 9600;
    enum err e = take_optional_u32(sec, "baud", bauds[0], bauds[COUNT(bauds) - 1], &bus->baud, r);
    if (e == ERR_OK && cfg_size(sec, "parity") > 0) {
        e = conf_choice(sec, "parity", parity_names, &parity, r);
    }
    bus->parity = (enum hw_parity)parity;
    for (size_t i = 0; e == ERR_OK && i < COUNT(bauds); i++) {
        if (bus->baud == bauds[i]) {
            return ERR_OK;
        }
    }
    return e != ERR_OK ? e : conf_because(sec, "baud", r, ERR_RANGE, "%u is no usual speed of a line", bus->baud);
}

static enum err take_bus(struct config *c, cfg_t *sec, struct reason *r)
{
    struct hw_bus_cfg *bus = &c->hw.bus[c->hw.buses];
    *bus = (struct hw_bus_cfg){.timeout_ms = 200, .worst_late_ms = 1000, .port = 502};
    unsigned kind = 0;
    enum err e = take_title(sec, name_chars, bus->name, sizeof bus->name, r);
    if (e == ERR_OK) {
        e = conf_choice(sec, "kind", bus_kinds, &kind, r);
    }
    bus->kind = (enum hw_bus_kind)kind;
    if (e == ERR_OK) {
        e = check_bus_keys(sec, bus->kind, r);
    }
    if (e == ERR_OK) {
        e = take_text(sec, "device", 1, bus->device, sizeof bus->device, r);
    }
    if (e == ERR_OK && bus->kind == HW_BUS_RTU) {
        e = take_line(sec, bus, r);
    }
    if (e == ERR_OK && cfg_size(sec, "port") > 0) {
        e = take_u16(sec, "port", 1, UINT16_MAX, &bus->port, r);
    }
    if (e == ERR_OK) {
        e = take_u32(sec, "poll_ms", 0, 10000, &bus->poll_ms, r);
    }
    if (e == ERR_OK) {
        e = take_optional_u32(sec, "timeout_ms", 20, 1000, &bus->timeout_ms, r);
    }
    if (e == ERR_OK) {
        e = take_optional_u32(sec, "worst_late_ms", 100, HW_LATE_MAX_MS, &bus->worst_late_ms, r);
    }
    c->hw.buses++;
    return e;
}

static enum err take_bus_of(const struct config *c, cfg_t *sec, struct hw_board_cfg *board, struct reason *r)
{
    const char *name;
    enum err e = conf_text(sec, "bus", 1, HW_NAME_CAP - 1, &name, r);
    if (e != ERR_OK) {
        return e;
    }
    for (uint8_t i = 0; i < c->hw.buses; i++) {
        if (strcmp(c->hw.bus[i].name, name) == 0) {
            board->bus = i;
            return ERR_OK;
        }
    }
    return conf_because(sec, "bus", r, ERR_UNKNOWN, "there is no bus \"%s\"", name);
}

static enum err take_unit(const struct config *c, cfg_t *sec, struct hw_board_cfg *board, struct reason *r)
{
    if (c->hw.bus[board->bus].kind == HW_BUS_GPIO) {
        return cfg_size(sec, "unit") == 0
                   ? ERR_OK
                   : conf_because(sec, "unit", r, ERR_UNKNOWN, "a board on GPIO lines has no such key");
    }
    enum err e = take_u8(sec, "unit", 1, 247, &board->unit, r);
    for (uint8_t i = 0; e == ERR_OK && i < c->hw.boards; i++) {
        if (c->hw.board[i].bus == board->bus && c->hw.board[i].unit == board->unit) {
            e = conf_because(sec, "unit", r, ERR_DUPLICATE, "board \"%s\" has unit %u on the same bus",
                             c->hw.board[i].name, (unsigned)board->unit);
        }
    }
    return e;
}

static enum err take_board_section(struct config *c, cfg_t *sec, struct reason *r)
{
    struct hw_board_cfg *board = &c->hw.board[c->hw.boards];
    *board = (struct hw_board_cfg){.unit = 0};
    enum err e = take_title(sec, name_chars, board->name, sizeof board->name, r);
    if (e == ERR_OK) {
        e = take_bus_of(c, sec, board, r);
    }
    if (e == ERR_OK) {
        e = take_unit(c, sec, board, r);
    }
    if (e == ERR_OK) {
        e = take_text(sec, "profile", 1, board->profile, sizeof board->profile, r);
    }
    if (e == ERR_OK && strspn(board->profile, name_chars) != strlen(board->profile)) {
        e = conf_because(sec, "profile", r, ERR_SYNTAX, "is the name of a profile, not a path");
    }
    if (e == ERR_OK) {
        e = take_optional_u32(sec, "timeout_ms", 20, 1000, &board->timeout_ms, r);
    }
    c->hw.boards++;
    return e;
}

static enum err take_wiring(const struct config *c, cfg_t *sec, struct hw_door_cfg *hw, struct reason *r)
{
    enum err e = take_board(c, sec, "board", &hw->board, r);
    if (e == ERR_OK) {
        e = take_u8(sec, "channel", 0, 63, &hw->channel, r);
    }
    if (e == ERR_OK) {
        e = take_board(c, sec, "contact_board", &hw->sense_board, r);
    }
    if (e == ERR_OK) {
        e = take_u8(sec, "contact_input", 0, 63, &hw->input, r);
    }
    if (e == ERR_OK) {
        e = take_bit(sec, "contact_open", &hw->open_is_one, r);
    }
    if (e == ERR_OK) {
        e = take_u16(sec, "pulse_ms", 100, 1500, &hw->pulse_ms, r);
    }
    return e;
}

static enum err take_place(cfg_t *sec, struct cabinet_door *door, struct reason *r)
{
    unsigned size = 0, zone = 0;
    enum err e = take_u16(sec, "number", 1, 999, &door->number, r);
    if (e == ERR_OK) {
        e = conf_choice(sec, "size", size_names, &size, r);
    }
    if (e == ERR_OK) {
        e = conf_choice(sec, "zone", zone_names, &zone, r);
    }
    if (e == ERR_OK) {
        e = take_u8(sec, "row", 1, 50, &door->row, r);
    }
    if (e == ERR_OK) {
        e = take_u8(sec, "column", 1, 50, &door->column, r);
    }
    door->size = (enum token_size)size;
    door->zone = (enum token_zone)zone;
    door->low = cfg_getbool(sec, "low") == cfg_true;
    return e;
}

/* Two doors must not share a number, a place, a lock or a contact. */
static enum err check_against(const struct config *c, cfg_t *sec, uint16_t other, struct reason *r)
{
    const struct hw_door_cfg *a = &c->hw.door[c->hw.doors], *b = &c->hw.door[other];
    const struct cabinet_door *p = &c->door[c->hw.doors], *q = &c->door[other];
    const struct {
        bool same;
        const char *key;
    } clash[] = {{p->number == q->number, "number"},
                 {p->row == q->row && p->column == q->column, "column"},
                 {a->board == b->board && a->channel == b->channel, "channel"},
                 {a->sense_board == b->sense_board && a->input == b->input, "contact_input"}};
    for (size_t i = 0; i < COUNT(clash); i++) {
        if (clash[i].same) {
            return conf_because(sec, clash[i].key, r, ERR_DUPLICATE, "door \"%s\" has the same", b->name);
        }
    }
    return ERR_OK;
}

static enum err take_door(struct config *c, cfg_t *sec, struct reason *r)
{
    struct hw_door_cfg *hw = &c->hw.door[c->hw.doors];
    struct cabinet_door *door = &c->door[c->hw.doors];
    *hw = (struct hw_door_cfg){.board = 0};
    *door = (struct cabinet_door){.number = 0};
    enum err e = take_title(sec, door_chars, door->name, sizeof door->name, r);
    memcpy(hw->name, door->name, sizeof door->name);
    if (e == ERR_OK) {
        e = take_wiring(c, sec, hw, r);
    }
    if (e == ERR_OK) {
        e = take_place(sec, door, r);
    }
    door->board = hw->board;
    door->sense_board = hw->sense_board;
    for (uint16_t i = 0; e == ERR_OK && i < c->hw.doors; i++) {
        e = check_against(c, sec, i, r);
    }
    c->hw.doors++;
    return e;
}

static enum err take_climate(struct config *c, cfg_t *sec, struct reason *r)
{
    struct hw_climate_cfg *hw = &c->hw.climate[c->hw.climates];
    struct cabinet_climate *climate = &c->climate[c->hw.climates];
    *hw = (struct hw_climate_cfg){.board = 0};
    *climate = (struct cabinet_climate){.zone = TOKEN_ZONE_ROOM};
    unsigned zone = 0;
    enum err e = take_title(sec, name_chars, hw->name, sizeof hw->name, r);
    memcpy(climate->name, hw->name, sizeof climate->name);
    if (e == ERR_OK) {
        e = take_board(c, sec, "board", &hw->board, r);
    }
    if (e == ERR_OK) {
        e = take_u8(sec, "probe", 0, 63, &hw->probe, r);
    }
    if (e == ERR_OK) {
        e = take_milli_c(sec, "min_milli_c", &climate->min_milli_c, r);
    }
    if (e == ERR_OK) {
        e = take_milli_c(sec, "max_milli_c", &climate->max_milli_c, r);
    }
    if (e == ERR_OK) {
        e = conf_choice(sec, "zone", zone_names, &zone, r);
    }
    climate->zone = (enum token_zone)zone;
    if (e == ERR_OK && climate->min_milli_c >= climate->max_milli_c) {
        e = conf_because(sec, "max_milli_c", r, ERR_RANGE, "must be above min_milli_c");
    }
    c->hw.climates++;
    return e;
}

static enum err take_input(struct config *c, cfg_t *sec, struct reason *r)
{
    struct hw_input_cfg *input = &c->hw.input[c->hw.inputs];
    const char *title = cfg_title(sec);
    unsigned kind = 0;
    while (input_names[kind] != NULL && strcmp(input_names[kind], title) != 0) {
        kind++;
    }
    if (input_names[kind] == NULL) {
        return conf_because(sec, NULL, r, ERR_UNKNOWN, "\"%.40s\" is not tamper, mains or battery", title);
    }
    input->kind = (enum hw_input_kind)kind;
    enum err e = take_board(c, sec, "board", &input->board, r);
    if (e == ERR_OK) {
        e = take_u8(sec, "input", 0, 63, &input->input, r);
    }
    if (e == ERR_OK) {
        e = take_bit(sec, "active", &input->active_is_one, r);
    }
    c->hw.inputs++;
    return e;
}

/* Is this the line of a lock or a contact? A profile that cannot be read is told when the boards are opened. */
static bool is_of_board(const struct config *c, const struct hw_board_cfg *board, const struct lamp_cfg *lamp)
{
    const struct hw_bus_cfg *bus = &c->hw.bus[board->bus];
    struct profile *p = calloc(1, sizeof *p);
    bool found = false;
    if (p != NULL && bus->kind == HW_BUS_GPIO && strcmp(bus->device, lamp->chip) == 0 &&
        profile_load(p, c->profiles, board->profile, NULL) == ERR_OK) {
        for (unsigned i = 0; i < p->locks; i++) {
            found = found || strcmp(p->output_line[i], lamp->line) == 0;
        }
        for (unsigned i = 0; i < p->inputs; i++) {
            found = found || strcmp(p->input_line[i], lamp->line) == 0;
        }
    }
    free(p);
    return found;
}

/* A lamp must never share a line with anything. */
static enum err check_line(const struct config *c, cfg_t *sec, const struct lamp_cfg *lamp, struct reason *r)
{
    for (unsigned i = 0; i < c->hw.boards; i++) {
        if (is_of_board(c, &c->hw.board[i], lamp)) {
            return conf_because(sec, "line", r, ERR_DUPLICATE, "board \"%s\" has this line", c->hw.board[i].name);
        }
    }
    for (unsigned i = 0; i < c->lamps; i++) {
        if (strcmp(c->lamp[i].chip, lamp->chip) == 0 && strcmp(c->lamp[i].line, lamp->line) == 0) {
            return conf_because(sec, "line", r, ERR_DUPLICATE, "lamp \"%s\" has this line", c->lamp[i].name);
        }
    }
    return ERR_OK;
}

static enum err take_region(struct lamp_cfg *lamp, cfg_t *sec, struct reason *r)
{
    enum err e = take_u8(sec, "rows_from", 1, 255, &lamp->rows_from, r);
    if (e == ERR_OK) {
        e = take_u8(sec, "rows_to", lamp->rows_from, 255, &lamp->rows_to, r);
    }
    if (e == ERR_OK) {
        e = take_u8(sec, "columns_from", 1, 255, &lamp->columns_from, r);
    }
    if (e == ERR_OK) {
        e = take_u8(sec, "columns_to", lamp->columns_from, 255, &lamp->columns_to, r);
    }
    return e;
}

static enum err take_lamp(struct config *c, cfg_t *sec, struct reason *r)
{
    struct lamp_cfg *lamp = &c->lamp[c->lamps];
    enum err e = take_title(sec, name_chars, lamp->name, sizeof lamp->name, r);
    if (e == ERR_OK) {
        e = take_text(sec, "chip", 1, lamp->chip, sizeof lamp->chip, r);
    }
    if (e == ERR_OK) {
        e = take_text(sec, "line", 1, lamp->line, sizeof lamp->line, r);
    }
    if (e == ERR_OK) {
        e = take_region(lamp, sec, r);
    }
    if (e == ERR_OK) {
        e = check_line(c, sec, lamp, r);
    }
    lamp->active_low = cfg_getbool(sec, "active_low") == cfg_true;
    c->lamps++;
    return e;
}

/* ---------------------------------------------------------------- the whole file */

static const struct section {
    const char *name;
    unsigned max, min;
    enum err (*take)(struct config *c, cfg_t *sec, struct reason *r);
} sections[] = {
    /* In this order, since doors name boards and boards name buses. */
    {"bus", HW_BUSES_MAX, 1, take_bus},      {"board", HW_BOARDS_MAX, 1, take_board_section},
    {"door", HW_DOORS_MAX, 1, take_door},    {"climate", HW_CLIMATES_MAX, 0, take_climate},
    {"input", HW_INPUTS_MAX, 0, take_input}, {"lamp", LAMPS_MAX, 0, take_lamp},
};

static enum err take_sections(struct config *c, cfg_t *file, struct reason *r)
{
    for (size_t s = 0; s < COUNT(sections); s++) {
        unsigned count = cfg_size(file, sections[s].name);
        if (count < sections[s].min) {
            return conf_because(file, sections[s].name, r, ERR_MISSING, "at least one is needed");
        }
        if (count > sections[s].max) {
            return conf_because(file, sections[s].name, r, ERR_TOO_LONG, "at most %u are possible", sections[s].max);
        }
        for (unsigned i = 0; i < count; i++) {
            enum err e = sections[s].take(c, cfg_getnsec(file, sections[s].name, i), r);
            if (e != ERR_OK) {
                return e;
            }
        }
    }
    return ERR_OK;
}

static enum err take_paths(struct config *c, cfg_t *file, struct reason *r)
{
    const struct {
        const char *key;
        bool required;
        char *out;
        size_t cap;
    } path[] = {{"state", true, c->state, sizeof c->state},     {"profiles", true, c->profiles, sizeof c->profiles},
                {"share", true, c->share, sizeof c->share},     {"control", true, c->control, sizeof c->control},
                {"keypad", false, c->keypad, sizeof c->keypad}, {"scanner", false, c->scanner, sizeof c->scanner}};
    for (size_t i = 0; i < COUNT(path); i++) {
        enum err e = take_path(file, path[i].key, path[i].required, path[i].out, path[i].cap, r);
        if (e != ERR_OK) {
            return e;
        }
    }
    if (c->keypad[0] != '\0' && strcmp(c->keypad, c->scanner) == 0) {
        return conf_because(file, "scanner", r, ERR_DUPLICATE, "keypad is the same device");
    }
    return ERR_OK;
}

static enum err take_top(struct config *c, cfg_t *file, struct reason *r)
{
    unsigned language = 0;
    enum err e = take_paths(c, file, r);
    if (e == ERR_OK) {
        e = take_text(file, "kiosk_address", 2, c->kiosk_address, sizeof c->kiosk_address, r);
    }
    if (e == ERR_OK && strcmp(c->kiosk_address, "::1") != 0 && strncmp(c->kiosk_address, "127.", 4) != 0) {
        e = conf_because(file, "kiosk_address", r, ERR_RANGE, "must be a loopback address: 127.0.0.1 or ::1");
    }
    if (e == ERR_OK) {
        e = take_u16(file, "kiosk_port", 0, UINT16_MAX, &c->kiosk_port, r);
    }
    if (e == ERR_OK) {
        e = conf_choice(file, "language", language_names, &language, r);
    }
    c->language = (enum language)language;
    c->speech = cfg_getbool(file, "speech") == cfg_true;
    unsigned waived = 0;
    if (e == ERR_OK) {
        e = conf_choice(file, "commissioning", commissioning_names, &waived, r);
    }
    c->waived = waived == 1;
    if (e == ERR_OK) {
        e = take_text(file, "telephone", 3, c->telephone, sizeof c->telephone, r);
    }
    if (e == ERR_OK && strspn(c->telephone, "0123456789 +-()") != strlen(c->telephone)) {
        e = conf_because(file, "telephone", r, ERR_SYNTAX, "digits, spaces and + - ( ) only");
    }
    if (e == ERR_OK) {
        e = take_text(file, "site", 0, c->site, sizeof c->site, r);
    }
    if (e == ERR_OK) {
        e = take_u32(file, "window", 1, 256, &c->window, r);
    }
    if (e == ERR_OK) {
        e = take_u32(file, "heartbeat_s", 5, 300, &c->heartbeat_s, r);
    }
    return e;
}

enum err config_load(const char *path, struct config *out, struct reason *r)
{
    cfg_opt_t bus[] = {CFG_STR("kind", NULL, CFGF_NODEFAULT),
                       CFG_STR("device", NULL, CFGF_NODEFAULT),
                       CFG_INT("baud", 0, CFGF_NODEFAULT),
                       CFG_STR("parity", NULL, CFGF_NODEFAULT),
                       CFG_INT("port", 0, CFGF_NODEFAULT),
                       CFG_INT("poll_ms", 0, CFGF_NONE),
                       CFG_INT("timeout_ms", 0, CFGF_NODEFAULT),
                       CFG_INT("worst_late_ms", 0, CFGF_NODEFAULT),
                       CFG_END()};
    cfg_opt_t board[] = {CFG_STR("bus", NULL, CFGF_NODEFAULT), CFG_INT("unit", 0, CFGF_NODEFAULT),
                         CFG_STR("profile", NULL, CFGF_NODEFAULT), CFG_INT("timeout_ms", 0, CFGF_NODEFAULT), CFG_END()};
    cfg_opt_t door[] = {CFG_INT("number", 0, CFGF_NODEFAULT),
                        CFG_STR("board", NULL, CFGF_NODEFAULT),
                        CFG_INT("channel", 0, CFGF_NODEFAULT),
                        CFG_STR("contact_board", NULL, CFGF_NODEFAULT),
                        CFG_INT("contact_input", 0, CFGF_NODEFAULT),
                        CFG_INT("contact_open", 1, CFGF_NONE),
                        CFG_STR("size", NULL, CFGF_NODEFAULT),
                        CFG_STR("zone", "room", CFGF_NONE),
                        CFG_INT("row", 0, CFGF_NODEFAULT),
                        CFG_INT("column", 0, CFGF_NODEFAULT),
                        CFG_BOOL("low", cfg_false, CFGF_NONE),
                        CFG_INT("pulse_ms", 500, CFGF_NONE),
                        CFG_END()};
    cfg_opt_t climate[] = {CFG_STR("board", NULL, CFGF_NODEFAULT),    CFG_INT("probe", 0, CFGF_NONE),
                           CFG_INT("min_milli_c", 0, CFGF_NODEFAULT), CFG_INT("max_milli_c", 0, CFGF_NODEFAULT),
                           CFG_STR("zone", NULL, CFGF_NODEFAULT),     CFG_END()};
    cfg_opt_t input[] = {CFG_STR("board", NULL, CFGF_NODEFAULT), CFG_INT("input", 0, CFGF_NODEFAULT),
                         CFG_INT("active", 0, CFGF_NODEFAULT), CFG_END()};
    cfg_opt_t lamp[] = {CFG_STR("chip", NULL, CFGF_NODEFAULT),        CFG_STR("line", NULL, CFGF_NODEFAULT),
                        CFG_BOOL("active_low", cfg_false, CFGF_NONE), CFG_INT("rows_from", 1, CFGF_NONE),
                        CFG_INT("rows_to", 255, CFGF_NONE),           CFG_INT("columns_from", 1, CFGF_NONE),
                        CFG_INT("columns_to", 255, CFGF_NONE),        CFG_END()};
    cfg_opt_t table[] = {CFG_STR("state", "/var/lib/lockerd", CFGF_NONE),
                         CFG_STR("profiles", "/usr/share/medlocker/profiles", CFGF_NONE),
                         CFG_STR("share", "/usr/share/medlocker/kiosk", CFGF_NONE),
                         CFG_STR("control", "/run/lockerd/control", CFGF_NONE),
                         CFG_STR("kiosk_address", "127.0.0.1", CFGF_NONE),
                         CFG_INT("kiosk_port", 8090, CFGF_NONE),
                         CFG_STR("language", "nl", CFGF_NONE),
                         CFG_BOOL("speech", cfg_true, CFGF_NONE),
                         CFG_STR("telephone", NULL, CFGF_NODEFAULT),
                         CFG_STR("commissioning", "required", CFGF_NONE),
                         CFG_STR("site", "", CFGF_NONE),
                         CFG_STR("keypad", "", CFGF_NONE),
                         CFG_STR("scanner", "", CFGF_NONE),
                         CFG_INT("window", 64, CFGF_NONE),
                         CFG_INT("heartbeat_s", 30, CFGF_NONE),
                         CFG_SEC("bus", bus, CFGF_MULTI | CFGF_TITLE),
                         CFG_SEC("board", board, CFGF_MULTI | CFGF_TITLE),
                         CFG_SEC("door", door, CFGF_MULTI | CFGF_TITLE),
                         CFG_SEC("climate", climate, CFGF_MULTI | CFGF_TITLE),
                         CFG_SEC("input", input, CFGF_MULTI | CFGF_TITLE),
                         CFG_SEC("lamp", lamp, CFGF_MULTI | CFGF_TITLE),
                         CFG_END()};
    cfg_t *file;
    enum err e = conf_parse(&file, table, path, r);
    if (e != ERR_OK) {
        return e;
    }
    struct config *c = calloc(1, sizeof *c);
    if (c == NULL) {
        e = err_because(r, ERR_MEMORY, "%s: no memory", path);
    } else {
        e = take_top(c, file, r);
    }
    if (e == ERR_OK) {
        e = take_sections(c, file, r);
    }
    if (e == ERR_OK) {
        *out = *c;
        out->hw.profile_dir = out->profiles;
    }
    free(c);
    (void)cfg_free(file);
    return e;
}

/* ---------------------------------------------------------------- printing */

static void print_bus(const struct hw_bus_cfg *bus, FILE *to)
{
    fprintf(to, "bus \"%s\" {\n    kind = \"%s\"\n    device = \"%s\"\n", bus->name, bus_kinds[bus->kind], bus->device);
    if (bus->kind == HW_BUS_RTU) {
        fprintf(to, "    baud = %u\n    parity = \"%s\"\n", bus->baud, parity_names[bus->parity]);
    }
    if (bus->kind == HW_BUS_TCP) {
        fprintf(to, "    port = %u\n", (unsigned)bus->port);
    }
    fprintf(to, "    poll_ms = %u\n", bus->poll_ms);
    if (bus->kind != HW_BUS_GPIO) {
        fprintf(to, "    timeout_ms = %u\n    worst_late_ms = %u\n", bus->timeout_ms, bus->worst_late_ms);
    }
    fprintf(to, "}\n");
}

static void print_board(const struct config *c, const struct hw_board_cfg *board, FILE *to)
{
    fprintf(to, "board \"%s\" { bus = \"%s\"", board->name, c->hw.bus[board->bus].name);
    if (board->unit != 0) {
        fprintf(to, " unit = %u", (unsigned)board->unit);
    }
    fprintf(to, " profile = \"%s\"", board->profile);
    if (board->timeout_ms != 0) {
        fprintf(to, " timeout_ms = %u", board->timeout_ms);
    }
    fprintf(to, " }\n");
}

static void print_door(const struct config *c, uint16_t i, FILE *to)
{
    const struct hw_door_cfg *hw = &c->hw.door[i];
    const struct cabinet_door *d = &c->door[i];
    fprintf(to,
            "door \"%s\" { number = %u board = \"%s\" channel = %u contact_board = \"%s\" contact_input = %u "
            "contact_open = %d size = \"%s\" zone = \"%s\" row = %u column = %u low = %s pulse_ms = %u }\n",
            d->name, (unsigned)d->number, c->hw.board[hw->board].name, (unsigned)hw->channel,
            c->hw.board[hw->sense_board].name, (unsigned)hw->input, hw->open_is_one ? 1 : 0, size_names[d->size],
            zone_names[d->zone], (unsigned)d->row, (unsigned)d->column, d->low ? "true" : "false",
            (unsigned)hw->pulse_ms);
}

void config_print(const struct config *c, FILE *to)
{
    fprintf(to, "state = \"%s\"\nprofiles = \"%s\"\nshare = \"%s\"\ncontrol = \"%s\"\n", c->state, c->profiles,
            c->share, c->control);
    fprintf(to, "kiosk_address = \"%s\"\nkiosk_port = %u\n", c->kiosk_address, (unsigned)c->kiosk_port);
    fprintf(to, "language = \"%s\"\ntelephone = \"%s\"\nsite = \"%s\"\n", language_names[c->language], c->telephone,
            c->site);
    fprintf(to, "speech = %s\n", c->speech ? "true" : "false");
    fprintf(to, "commissioning = \"%s\"\n", commissioning_names[c->waived ? 1 : 0]);
    fprintf(to, "keypad = \"%s\"\nscanner = \"%s\"\nwindow = %u\nheartbeat_s = %u\n", c->keypad, c->scanner, c->window,
            c->heartbeat_s);
    for (unsigned i = 0; i < c->hw.buses; i++) {
        print_bus(&c->hw.bus[i], to);
    }
    for (unsigned i = 0; i < c->hw.boards; i++) {
        print_board(c, &c->hw.board[i], to);
    }
    for (uint16_t i = 0; i < c->hw.doors; i++) {
        print_door(c, i, to);
    }
    for (unsigned i = 0; i < c->hw.climates; i++) {
        const struct cabinet_climate *k = &c->climate[i];
        fprintf(to, "climate \"%s\" { board = \"%s\" probe = %u min_milli_c = %d max_milli_c = %d zone = \"%s\" }\n",
                k->name, c->hw.board[c->hw.climate[i].board].name, (unsigned)c->hw.climate[i].probe, k->min_milli_c,
                k->max_milli_c, zone_names[k->zone]);
    }
    for (unsigned i = 0; i < c->hw.inputs; i++) {
        const struct hw_input_cfg *in = &c->hw.input[i];
        fprintf(to, "input \"%s\" { board = \"%s\" input = %u active = %d }\n", input_names[in->kind],
                c->hw.board[in->board].name, (unsigned)in->input, in->active_is_one ? 1 : 0);
    }
    for (unsigned i = 0; i < c->lamps; i++) {
        const struct lamp_cfg *l = &c->lamp[i];
        fprintf(to,
                "lamp \"%s\" { chip = \"%s\" line = \"%s\" active_low = %s rows_from = %u rows_to = %u "
                "columns_from = %u columns_to = %u }\n",
                l->name, l->chip, l->line, l->active_low ? "true" : "false", (unsigned)l->rows_from,
                (unsigned)l->rows_to, (unsigned)l->columns_from, (unsigned)l->columns_to);
    }
}

void config_to_cabinet(const struct config *c, struct cabinet *cab)
{
    cab->doors = c->hw.doors;
    cab->boards = c->hw.boards;
    cab->climates = c->hw.climates;
    cab->language = c->language;
    cab->waived = c->waived;
    cab->rows = cab->columns = 0;
    for (uint16_t i = 0; i < c->hw.doors; i++) {
        cab->door[i] = c->door[i];
        cab->rows = c->door[i].row > cab->rows ? c->door[i].row : cab->rows;
        cab->columns = c->door[i].column > cab->columns ? c->door[i].column : cab->columns;
    }
    for (unsigned i = 0; i < c->hw.boards; i++) {
        memcpy(cab->board[i], c->hw.board[i].name, sizeof cab->board[i]);
    }
    memcpy(cab->climate, c->climate, sizeof cab->climate);
}
