/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/cabinet.h"

#include <string.h>

uint16_t cabinet_find_number(const struct cabinet *c, unsigned number)
{
    for (uint16_t i = 0; i < c->doors; i++) {
        if (c->door[i].number == number)
            return i;
    }
    return CABINET_NO_DOOR;
}

uint16_t cabinet_find_name(const struct cabinet *c, const char *name)
{
    for (uint16_t i = 0; i < c->doors; i++) {
        if (strcmp(c->door[i].name, name) == 0)
            return i;
    }
    return CABINET_NO_DOOR;
}
