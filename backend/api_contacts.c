/* SPDX-License-Identifier: Apache-2.0 */
/* api: what was told to patients, and when. */
#include <stdio.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/view.h"
#include "common/json.h"

#define NOTE_MAX 200

static enum err read_contact(const cJSON *body, struct store_contact *x, struct reason *r)
{
    const char *how = NULL, *outcome = NULL, *note = "";
    enum err e = json_get_text(body, "how", 1, STORE_TOKEN_CAP - 1, &how, r);

    if (e == ERR_OK && store_contact_how_parse(how, &x->how) != ERR_OK)
        e = err_because(r, ERR_UNKNOWN, "how: must be telephone, letter, email or counter");
    if (e == ERR_OK)
        e = json_get_text(body, "outcome", 1, STORE_TOKEN_CAP - 1, &outcome, r);
    if (e == ERR_OK && store_contact_outcome_parse(outcome, &x->outcome) != ERR_OK)
        e = err_because(r, ERR_UNKNOWN, "outcome: must be told, left, no_answer or wrong");
    if (e == ERR_OK)
        e = api_optional_text(body, "note", NOTE_MAX, &note, r);
    if (e == ERR_OK && request_text(x->note, sizeof(x->note), note, strlen(note)) != ERR_OK)
        e = err_because(r, ERR_SYNTAX, "note: control characters");
    return e;
}

static enum err keep_inside(struct api_call *c, struct store_contact *x, struct reason *r)
{
    char detail[STORE_TEXT_CAP];
    enum err e = c->hub->store->ops->contact_append(c->hub->store, x, r);

    /* Without the note: the audit trail is for more eyes. */
    (void)snprintf(detail, sizeof(detail), "%s, %s", store_contact_how_name(x->how),
                   store_contact_outcome_name(x->outcome));
    return e == ERR_OK ? act_audit(c->hub, &c->who, "order.contact", x->order, NULL, detail, r) : e;
}

void api_contact(struct api_call *c)
{
    static const char *const members[] = {"how", "outcome", "note", NULL};
    struct store_contact x = {.at_ms = clock_wall_ms()};
    struct order o;
    struct reason r;
    cJSON *body, *tree;
    enum err e;

    if (!api_order_of(c, &o) || !api_body(c, members, &body))
        return;
    memcpy(x.order, o.id, sizeof(x.order));
    (void)snprintf(x.by, sizeof(x.by), "%s", c->user.name); /* same capacity */
    e = read_contact(body, &x, &r);
    cJSON_Delete(body);
    if (e == ERR_OK)
        e = hub_judge(c->hub, c->hub->store->ops->begin(c->hub->store, &r), &r);
    if (e == ERR_OK)
        e = hub_end(c->hub, keep_inside(c, &x, &r), &r);
    tree = json_new_object();
    if (e == ERR_OK)
        e = hub_judge(c->hub, view_contacts(c->hub, &o, tree, &r), &r);
    if (e == ERR_OK) {
        api_answer(c, 201, tree, NULL);
        return;
    }
    cJSON_Delete(tree);
    api_refuse(c, e, &r);
}
