/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/floor.h"

#include <string.h>

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Agreement is judged against signed time alone: judged against the floor, a clock that lies a little each time could
 * pull the floor along without end. */
static bool wall_agrees(const struct floor *f)
{
    if (f->wall_ms == 0)
        return false;
    int64_t ahead_ms = f->wall_ms - f->signed_ms;
    return ahead_ms <= FLOOR_BELIEF_MS && ahead_ms >= -FLOOR_BELIEF_MS;
}

static void take_wall(struct floor *f, const struct clock_now *now)
{
    f->wall_ms = now->quality >= CLOCK_RTC && now->wall_ms > 0 ? now->wall_ms : 0;
    if (now->quality >= CLOCK_NTP && wall_agrees(f))
        f->floor_ms = later(f->floor_ms, f->wall_ms);
}

void floor_init(struct floor *f, int64_t issued_ms, const struct clock_now *now)
{
    memset(f, 0, sizeof *f);
    f->floor_ms = issued_ms;
    f->signed_ms = issued_ms;
    f->contact_ms = issued_ms;
    floor_start(f, now);
}

void floor_start(struct floor *f, const struct clock_now *now)
{
    f->boot = now->boot;
    f->last_ms = now->boot_ms;
    f->saved_ms = f->floor_ms;
    f->contacted = false;
    take_wall(f, now);
}

void floor_advance(struct floor *f, const struct clock_now *now)
{
    if (now->boot == f->boot && now->boot_ms > f->last_ms) {
        int64_t elapsed_ms = now->boot_ms - f->last_ms;
        f->floor_ms += elapsed_ms;
        f->signed_ms += elapsed_ms;
        f->last_ms = now->boot_ms;
    }
    take_wall(f, now);
}

void floor_contact(struct floor *f, int64_t hub_ms)
{
    f->contacted = true;
    f->contact_ms = later(f->contact_ms, hub_ms);
    f->signed_ms = later(f->signed_ms, hub_ms);
    f->floor_ms = later(f->floor_ms, hub_ms);
}

int64_t floor_now_ms(const struct floor *f)
{
    return wall_agrees(f) ? later(f->floor_ms, f->wall_ms) : f->floor_ms;
}

bool floor_is_sure(const struct floor *f)
{
    return f->contacted || wall_agrees(f);
}

bool floor_is_expired(const struct floor *f, int64_t not_after_s)
{
    return floor_now_ms(f) > not_after_s * 1000;
}

bool floor_is_early(const struct floor *f, int64_t not_before_s)
{
    return floor_is_sure(f) && floor_now_ms(f) < not_before_s * 1000;
}

bool floor_is_past_lease(const struct floor *f, enum token_class cls, int64_t base_ms)
{
    return floor_now_ms(f) - later(f->contact_ms, base_ms) > token_class_lease_s(cls) * 1000;
}

int64_t floor_stamp_ms(const struct floor *f)
{
    return wall_agrees(f) ? f->wall_ms : f->floor_ms;
}

bool floor_is_due(const struct floor *f)
{
    return f->floor_ms - f->saved_ms >= FLOOR_SAVE_MS;
}

void floor_saved(struct floor *f)
{
    f->saved_ms = f->floor_ms;
}
