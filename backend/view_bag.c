/* SPDX-License-Identifier: Apache-2.0 */
/* view: bags of one person at one locker. */
#include <string.h>

#include "backend/person.h"
#include "backend/view.h"
#include "common/json.h"

#define TOGETHER_MAX 50

struct together {
    const struct order *self;
    cJSON *array;
};

static bool add_together(void *arg, const struct order *o)
{
    struct together *t = arg;
    cJSON *row;

    if (memcmp(o->id, t->self->id, sizeof(o->id)) == 0)
        return true;
    row = json_put_object(t->array, NULL);
    json_put_hex(row, "id", o->id, sizeof(o->id));
    json_put_int(row, "number", o->number);
    json_put_text(row, "state", order_state_name(o->state));
    json_put_text(row, "door", o->door[0] != '\0' ? o->door : NULL);
    return true;
}

enum err view_together(struct hub *hub, const struct order *o, cJSON *into, struct reason *r)
{
    struct store_order_filter f = {.has_locker = true, .has_person = true, .limit = TOGETHER_MAX};
    struct together t = {.self = o, .array = json_put_array(into, "with")};

    if (!person_is_known(o->person) || !order_has_live_code(o->state))
        return ERR_OK;
    for (unsigned i = 0; i < ORDER_STATE_N; i++)
        f.states |= order_has_live_code((enum order_state)i) ? 1u << i : 0;
    memcpy(f.locker, o->locker, sizeof(f.locker));
    memcpy(f.person, o->person, sizeof(f.person));
    return hub->store->ops->order_list(hub->store, &f, add_together, &t, r);
}
