/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/debounce.h"

void debounce_lose(struct debounce *d)
{
    *d = (struct debounce){.level = DEBOUNCE_UNKNOWN};
}

bool debounce_read(struct debounce *d, const struct debounce_rule *rule, bool on, int64_t now_us)
{
    if (!d->seen || d->last != on) {
        d->seen = true;
        d->last = on;
        d->since_us = now_us;
        return false;
    }
    enum debounce_level level = on ? DEBOUNCE_ON : DEBOUNCE_OFF;
    if (d->level == level || now_us - d->since_us < (on ? rule->on_us : rule->off_us))
        return false;
    d->level = level;
    return true;
}

bool debounce_is_pending(const struct debounce *d)
{
    return d->level != (d->last ? DEBOUNCE_ON : DEBOUNCE_OFF); /* unseen: the level is unknown */
}
