/* SPDX-License-Identifier: Apache-2.0 */
/* api: policies: what is in force, and changing it. */
#include <stdio.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/policy.h"
#include "common/json.h"
#include "common/num.h"

/* Numbers and flags as such: a page need not know how they are kept. */
static void put_value(const struct policy *p, const char *text, cJSON *row)
{
    int64_t n = 0;
    enum err e = p->kind == POLICY_TEXT ? ERR_OK : num_parse(text, INT64_MIN, INT64_MAX, &n);

    if (p->kind == POLICY_TEXT || e != ERR_OK)
        json_put_text(row, "value", text);
    else if (p->kind == POLICY_FLAG)
        json_put_bool(row, "value", n != 0);
    else
        json_put_int(row, "value", n);
}

static enum err put_policy(struct hub *hub, const struct policy *p, cJSON *row, struct reason *r)
{
    char text[POLICY_TEXT_CAP];
    bool set;
    enum err e = policy_value(hub, p, text, &set, r);

    if (e != ERR_OK)
        return e;
    json_put_text(row, "name", p->name);
    json_put_text(row, "kind", policy_kind_name(p->kind));
    put_value(p, text, row);
    json_put_bool(row, "set", set);
    json_put_int(row, "min", p->min);
    json_put_int(row, "max", p->max);
    return ERR_OK;
}

void api_policies(struct api_call *c)
{
    cJSON *tree = json_new_object();
    cJSON *rows = json_put_array(tree, "policies");
    struct reason r;
    enum err e = ERR_OK;

    for (unsigned i = 0; policy_at(i) != NULL && e == ERR_OK; i++)
        e = put_policy(c->hub, policy_at(i), json_put_object(rows, NULL), &r);
    api_give(c, e, tree, &r);
}

/* null: back to the default. */
static enum err read_value(const struct policy *p, const cJSON *body, char out[POLICY_TEXT_CAP], struct reason *r)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(body, "value");
    const char *text;
    int64_t n = 0;
    bool on = false;
    enum err e = ERR_OK;

    out[0] = '\0';
    if (cJSON_IsNull(x))
        return ERR_OK;
    if (p->kind == POLICY_TEXT) {
        e = json_get_text(body, "value", 1, POLICY_TEXT_CAP - 1, &text, r);
        if (e == ERR_OK)
            (void)snprintf(out, POLICY_TEXT_CAP, "%s", text); /* length was checked */
        return e;
    }
    if (p->kind == POLICY_FLAG) {
        e = json_get_bool(body, "value", &on, r);
        n = on;
    } else {
        e = json_get_int(body, "value", p->min, p->max, &n, r);
    }
    (void)snprintf(out, POLICY_TEXT_CAP, "%lld", (long long)n);
    return e;
}

void api_set_policy(struct api_call *c)
{
    static const char *const members[] = {"value", NULL};
    const char *name = http_segment(c->q, 0);
    const struct policy *p = name != NULL ? policy_find(name) : NULL;
    char value[POLICY_TEXT_CAP];
    cJSON *body, *tree;
    struct reason r;
    enum err e;

    if (p == NULL) {
        http_refuse(c->q, 404, "no such policy");
        return;
    }
    if (!api_body(c, members, &body))
        return;
    e = read_value(p, body, value, &r);
    cJSON_Delete(body);
    if (e == ERR_OK)
        e = policy_set(c->hub, &c->who, p, value, &r);
    tree = json_new_object();
    if (e == ERR_OK)
        e = hub_judge(c->hub, put_policy(c->hub, p, tree, &r), &r);
    api_give(c, e, tree, &r);
}
