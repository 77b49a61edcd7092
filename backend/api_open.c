/* SPDX-License-Identifier: Apache-2.0 */
/* api: a door is opened at a distance for somebody who stands at it. */
#include <string.h>

#include "backend/api_part.h"
#include "backend/opening.h"
#include "common/json.h"

#define REASON_MAX 200

static void put_request(const struct remote_request *q, cJSON *tree)
{
    int64_t left_ms;

    json_put_text(tree, "state", q != NULL ? remote_state_name(q->state) : NULL);
    json_put_text(tree, "cause", q != NULL && q->cause[0] != '\0' ? q->cause : NULL);
    if (q == NULL || q->state != REMOTE_ASKED)
        return;
    left_ms = q->asked_ms + REMOTE_ALIVE_MS - clock_boot_ms();
    json_put_int(tree, "left_s", left_ms > 0 ? (left_ms + 999) / 1000 : 0);
}

void api_opening(struct api_call *c)
{
    struct order o;
    cJSON *tree;

    if (!api_order_of(c, &o))
        return;
    tree = json_new_object();
    put_request(c->api->link != NULL ? opening_find(link_opening(c->api->link), o.id) : NULL, tree);
    api_answer(c, 200, tree, NULL);
}

static enum err ask(struct api_call *c, const uint8_t *order, const char *reason, bool *capped, struct reason *r)
{
    if (reason[strspn(reason, " ")] == '\0')
        return err_because(r, ERR_MISSING, "reason: say why");
    if (c->api->link == NULL)
        return err_because(r, ERR_STATE, "the locker cannot be reached now");
    return opening_ask(link_opening(c->api->link), &c->who, order, reason, capped, r);
}

void api_open_door(struct api_call *c)
{
    static const char *const members[] = {"reason", NULL};
    const char *reason;
    bool capped = false;
    struct order o;
    struct reason r;
    cJSON *body, *tree;
    enum err e;

    if (!api_order_of(c, &o) || !api_body(c, members, &body))
        return;
    e = json_get_text(body, "reason", 1, REASON_MAX, &reason, &r);
    if (e == ERR_OK)
        e = ask(c, o.id, reason, &capped, &r);
    cJSON_Delete(body);
    if (e != ERR_OK) {
        api_refuse_capped(c, capped, e, &r);
        return;
    }
    tree = json_new_object();
    put_request(opening_find(link_opening(c->api->link), o.id), tree);
    api_answer(c, 202, tree, NULL);
}
