/* SPDX-License-Identifier: Apache-2.0 */
/* view: what a locker told lately, and the contacts with a patient. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "backend/view.h"
#include "common/json.h"

#define CONTACTS_MAX 200

struct viewing {
    struct hub *hub;
    cJSON *array;
    enum err e;
    struct reason *r;
};

/* ---------------------------------------------------------------- events */

/* The dat of a compact JWS whose signature was checked when it came; NULL when it is not readable. */
static cJSON *read_dat(const char *text, size_t len)
{
    const struct json_limits limits = {
        .max_len = JSON_MAX_MESSAGE, .max_depth = JSON_DEPTH_MESSAGE, .flags = JSON_STRICT};
    const char *dot = memchr(text, '.', len), *end;
    unsigned char *plain;
    size_t got = 0;
    cJSON *tree = NULL, *dat;

    if (dot == NULL)
        return NULL;
    dot++;
    end = memchr(dot, '.', len - (size_t)(dot - text));
    plain = malloc(len);
    if (end != NULL && plain != NULL &&
        sodium_base642bin(plain, len, dot, (size_t)(end - dot), NULL, &got, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
        json_parse(&tree, (const char *)plain, got, &limits, NULL) != ERR_OK)
        tree = NULL;
    free(plain);
    dat = cJSON_DetachItemFromObjectCaseSensitive(tree, "dat");
    cJSON_Delete(tree);
    return dat;
}

/* Only these members are shown: none of them tells about a patient. */
static void put_dat(const struct store_event *ev, cJSON *row)
{
    static const char *const shown[] = {"door", "state", "cause", "moved", "board", "try", "what", "result"};
    cJSON *dat = read_dat(ev->text, ev->len);

    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        const cJSON *x = cJSON_GetObjectItemCaseSensitive(dat, shown[i]);

        if (cJSON_IsString(x))
            json_put_text(row, shown[i], x->valuestring);
        else if (cJSON_IsNumber(x))
            json_put_int(row, shown[i], (int64_t)x->valuedouble);
    }
    cJSON_Delete(dat);
}

static bool add_event(void *arg, const struct store_event *ev)
{
    struct viewing *v = arg;
    cJSON *row = json_put_object(v->array, NULL);
    struct order o;

    json_put_int(row, "id", ev->id);
    json_put_text(row, "type", ev->typ);
    json_put_int(row, "told_ms", ev->told_ms);
    json_put_int(row, "received_ms", ev->received_ms);
    put_dat(ev, row);
    if (!ev->has_order)
        return true;
    v->e = v->hub->store->ops->order_get(v->hub->store, ev->order, &o, v->r);
    if (v->e == ERR_NOT_FOUND) {
        v->e = ERR_OK;
        return true;
    }
    if (v->e != ERR_OK)
        return false;
    row = json_put_object(row, "order");
    json_put_hex(row, "id", o.id, sizeof(o.id));
    json_put_int(row, "number", o.number);
    sodium_memzero(&o, sizeof(o));
    return true;
}

enum err view_locker_events(struct hub *hub, const uint8_t locker[STORE_LOCKER_LEN], unsigned limit, cJSON *into,
                            struct reason *r)
{
    struct viewing v = {.hub = hub, .array = json_put_array(into, "events"), .r = r};
    enum err e = hub->store->ops->event_newest(hub->store, locker, limit, add_event, &v, r);

    return e == ERR_OK ? v.e : e;
}

/* ---------------------------------------------------------------- contacts */

static bool add_contact(void *arg, const struct store_contact *c)
{
    struct viewing *v = arg;
    cJSON *row = json_put_object(v->array, NULL);

    json_put_int(row, "id", c->id);
    json_put_int(row, "at_ms", c->at_ms);
    json_put_text(row, "by", c->by);
    json_put_text(row, "how", store_contact_how_name(c->how));
    json_put_text(row, "outcome", store_contact_outcome_name(c->outcome));
    json_put_text(row, "note", c->note[0] != '\0' ? c->note : NULL);
    return true;
}

enum err view_contacts(struct hub *hub, const struct order *o, cJSON *into, struct reason *r)
{
    struct viewing v = {.hub = hub, .array = json_put_array(into, "contacts"), .r = r};
    enum err e = hub->store->ops->contact_list(hub->store, o->id, CONTACTS_MAX, add_contact, &v, r);

    json_put_bool(into, "contacts_cut", cJSON_GetArraySize(v.array) == CONTACTS_MAX);
    return e;
}
