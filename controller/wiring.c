/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/wiring.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "hw/profile.h"

static void add_int(crypto_generichash_state *h, uint32_t value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    (void)crypto_generichash_update(h, bytes, sizeof bytes);
}

static void add_text(crypto_generichash_state *h, const char *text)
{
    (void)crypto_generichash_update(h, (const uint8_t *)text, strlen(text) + 1);
}

static void add_board(crypto_generichash_state *h, const struct hw_cfg *hw, uint8_t board)
{
    const struct hw_bus_cfg *bus = &hw->bus[hw->board[board].bus];
    add_int(h, (uint32_t)bus->kind);
    add_text(h, bus->device);
    add_int(h, bus->kind == HW_BUS_TCP ? bus->port : 0);
    add_int(h, hw->board[board].unit);
}

static void add_lock(crypto_generichash_state *h, const struct profile *p, uint8_t channel)
{
    add_int(h, (uint32_t)p->pulse.method);
    add_int(h, p->pulse.function);
    add_int(h, (uint32_t)p->pulse.address + channel);
    add_text(h, p->output_line[channel]);
}

static void add_contact(crypto_generichash_state *h, const struct profile *p, const struct hw_door_cfg *d)
{
    add_int(h, p->read[PROFILE_INPUTS].function);
    add_int(h, (uint32_t)p->read[PROFILE_INPUTS].address + d->input);
    add_text(h, p->input_line[d->input]);
    add_int(h, d->open_is_one ? 1 : 0);
}

static enum err read_door(const struct hw_cfg *hw, const struct profile *profiles, const struct hw_door_cfg *d,
                          uint8_t out[CABINET_WIRING_LEN], struct reason *r)
{
    const struct profile *lock = &profiles[d->board], *contact = &profiles[d->sense_board];
    if (d->channel >= lock->locks || d->input >= contact->inputs)
        return err_because(r, ERR_RANGE, "door %s: its board has no such lock or input", d->name);
    crypto_generichash_state h;
    (void)crypto_generichash_init(&h, NULL, 0, CABINET_WIRING_LEN);
    add_board(&h, hw, d->board);
    add_lock(&h, lock, d->channel);
    add_board(&h, hw, d->sense_board);
    add_contact(&h, contact, d);
    (void)crypto_generichash_final(&h, out, CABINET_WIRING_LEN);
    return ERR_OK;
}

enum err wiring_read(const struct hw_cfg *hw, struct cabinet *cab, struct reason *r)
{
    struct profile *profiles = calloc(hw->boards + 1U, sizeof *profiles);
    if (profiles == NULL)
        return err_because(r, ERR_MEMORY, "wiring: no memory");
    enum err e = ERR_OK;
    for (uint8_t i = 0; e == ERR_OK && i < hw->boards; i++) {
        e = profile_load(&profiles[i], hw->profile_dir, hw->board[i].profile, r);
        if (e != ERR_OK)
            e = err_prefix(r, e, "board %s", hw->board[i].name);
    }
    for (uint16_t i = 0; e == ERR_OK && i < hw->doors; i++)
        e = read_door(hw, profiles, &hw->door[i], cab->wiring[i], r);
    free(profiles);
    return e;
}
