/* SPDX-License-Identifier: Apache-2.0 */
#include "hw/sim/person.h"

void person_init(struct person *p, enum person_kind kind, int64_t after_us, bool once)
{
    *p = (struct person){.kind = kind, .once = once, .after_us = after_us, .act_us = PERSON_NEVER};
}

void person_door_opened(struct person *p, int64_t now_us)
{
    p->act_us = p->kind == PERSON_NONE ? PERSON_NEVER : now_us + p->after_us;
}

bool person_acts(struct person *p, int64_t now_us, enum person_kind *kind)
{
    if (p->act_us > now_us) {
        return false;
    }
    *kind = p->again ? PERSON_CLOSE : p->kind;
    p->act_us = PERSON_NEVER;
    return true;
}

void person_door_closed(struct person *p, bool latched)
{
    p->again = !latched;
    if (latched && p->once) {
        p->kind = PERSON_NONE;
    }
}

const char *person_kind_name(enum person_kind kind)
{
    static const char *const names[PERSON_KIND_N] = {
        [PERSON_NONE] = "none", [PERSON_COLLECT] = "collect", [PERSON_LOAD] = "load", [PERSON_CLOSE] = "close"};
    return names[kind];
}
