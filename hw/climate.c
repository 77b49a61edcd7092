/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/climate.h"

#define PERMILLE_MAX 1000

static bool tell(struct climate *c, enum climate_state state, int32_t milli_c, int32_t permille, int64_t now_us)
{
    bool same = c->state == state && c->milli_c == milli_c && c->permille == permille;
    if (same && now_us - c->told_us < CLIMATE_REPEAT_US)
        return false;
    c->state = state;
    c->milli_c = milli_c;
    c->permille = permille;
    c->told_us = now_us;
    return true;
}

bool climate_lose(struct climate *c, int64_t now_us)
{
    c->has_raw = false;
    return tell(c, CLIMATE_GONE, 0, -1, now_us);
}

static bool is_missing(const struct climate_rule *rule, uint16_t raw, int32_t milli_c)
{
    for (unsigned i = 0; i < rule->missings; i++)
        if (raw == rule->missing[i])
            return true;
    return milli_c < rule->min_milli_c || milli_c > rule->max_milli_c;
}

static int32_t to_permille(const struct climate_rule *rule, uint16_t raw)
{
    int64_t v = (int64_t)raw * rule->permille;
    return rule->permille == 0 || v > PERMILLE_MAX ? -1 : (int32_t)v;
}

bool climate_read(struct climate *c, const struct climate_rule *rule, uint16_t temperature, uint16_t humidity,
                  int64_t now_us)
{
    int32_t milli_c = (int32_t)(int16_t)temperature * rule->milli_c;
    if (is_missing(rule, temperature, milli_c))
        return climate_lose(c, now_us);
    bool moved = temperature != c->raw_temperature || (rule->permille != 0 && humidity != c->raw_humidity);
    if (!c->has_raw || moved)
        c->moved_us = now_us;
    c->has_raw = true;
    c->raw_temperature = temperature;
    c->raw_humidity = humidity;
    if (rule->stuck_us > 0 && now_us - c->moved_us >= rule->stuck_us)
        return tell(c, CLIMATE_STUCK, 0, -1, now_us);
    return tell(c, CLIMATE_FINE, milli_c, to_permille(rule, humidity), now_us);
}
