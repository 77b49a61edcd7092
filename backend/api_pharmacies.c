/* SPDX-License-Identifier: Apache-2.0 */
/* api: other pharmacies that use these lockers. Ours is that of the settings. */
#include <string.h>

#include "backend/api_part.h"
#include "backend/request.h"
#include "common/json.h"

static bool add_row(void *rows, const struct store_pharmacy *p)
{
    cJSON *row = json_put_object(rows, NULL);

    json_put_text(row, "ura", p->ura);
    json_put_text(row, "name", p->name);
    json_put_text(row, "telephone", p->telephone);
    return true;
}

void api_pharmacies(struct api_call *c)
{
    cJSON *tree = json_new_object();
    struct store *s = c->hub->store;
    struct reason r;
    enum err e = hub_judge(c->hub, s->ops->pharmacy_list(s, add_row, json_put_array(tree, "pharmacies"), &r), &r);

    api_give(c, e, tree, &r);
}

static enum err read_line(const cJSON *body, const char *key, char *out, size_t cap, struct reason *r)
{
    const char *text;
    enum err e = json_get_text(body, key, 1, cap - 1, &text, r);

    if (e == ERR_OK && request_text(out, cap, text, strlen(text)) != ERR_OK)
        e = err_because(r, ERR_SYNTAX, "%s: not a line of text", key);
    return e;
}

static enum err read_pharmacy(const cJSON *body, struct store_pharmacy *p, struct reason *r)
{
    enum err e = read_line(body, "ura", p->ura, sizeof(p->ura), r);

    if (e == ERR_OK && !request_is_ura(p->ura))
        e = err_because(r, ERR_SYNTAX, "ura: must be 8 digits");
    if (e == ERR_OK)
        e = read_line(body, "name", p->name, sizeof(p->name), r);
    return e == ERR_OK ? read_line(body, "telephone", p->telephone, sizeof(p->telephone), r) : e;
}

/* p NULL: takes it away. */
static void change(struct api_call *c, const char *ura, const struct store_pharmacy *p)
{
    struct store *s = c->hub->store;
    struct reason r;
    enum err e = hub_judge(c->hub, s->ops->begin(s, &r), &r);

    if (e == ERR_OK) {
        e = p != NULL ? s->ops->pharmacy_put(s, p, &r) : s->ops->pharmacy_delete(s, ura, &r);
        if (e == ERR_OK)
            e = act_audit(c->hub, &c->who, p != NULL ? "pharmacy.set" : "pharmacy.removed", NULL, ura,
                          p != NULL ? p->name : NULL, &r);
        e = hub_end(c->hub, e, &r);
    }
    if (e == ERR_OK)
        api_answer(c, 200, json_new_object(), NULL);
    else
        api_refuse(c, e, &r);
}

void api_put_pharmacy(struct api_call *c)
{
    static const char *const members[] = {"ura", "name", "telephone", NULL};
    struct store_pharmacy p;
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_body(c, members, &body))
        return;
    e = read_pharmacy(body, &p, &r);
    cJSON_Delete(body);
    if (e == ERR_OK)
        change(c, p.ura, &p);
    else
        api_refuse(c, e, &r);
}

void api_remove_pharmacy(struct api_call *c)
{
    const char *ura = http_segment(c->q, 0);

    if (ura != NULL && request_is_ura(ura))
        change(c, ura, NULL);
    else
        http_refuse(c->q, 404, "no such pharmacy");
}
