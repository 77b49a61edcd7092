/* SPDX-License-Identifier: Apache-2.0 */
/* api: a new code for a bag. */
#include <stdio.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/recode.h"
#include "backend/view.h"
#include "common/json.h"
#include "common/num.h"

#define REASON_MAX 200

struct recoding {
    struct api_job job;
    struct recode recode;
};

static enum err recoding_begin(struct api_job *j, struct reason *r)
{
    struct recoding *x = (struct recoding *)j;
    enum err e = recode_begin(j->api->hub, &x->recode, r);

    j->capped = x->recode.capped;
    return e;
}

static void recoding_run(struct api_job *j)
{
    mint_stretch(&((struct recoding *)j)->recode.job);
}

static enum err recoding_finish(struct api_job *j, cJSON *tree, struct reason *r)
{
    struct recoding *x = (struct recoding *)j;
    enum err e = recode_finish(j->api->hub, &x->recode, r);

    j->capped = x->recode.capped;
    json_put_text(tree, "state", store_reply_name(x->recode.row.reply));
    return e;
}

static const struct api_job_kind recoding_kind = {
    .size = sizeof(struct recoding),
    .status = 202,
    .begin = recoding_begin,
    .run = recoding_run,
    .finish = recoding_finish,
};

static void recode_ready(struct api_call *c, const struct order *o, const char *reason)
{
    struct recoding *x = api_job_new(c, &recoding_kind);
    struct reason r;

    x->recode.who = c->who;
    memcpy(x->recode.order, o->id, sizeof(o->id));
    (void)snprintf(x->recode.reason, sizeof(x->recode.reason), "%s", reason); /* length was checked */
    api_job_start(c, &x->job, ERR_OK, &r);
}

void api_recode(struct api_call *c)
{
    static const char *const members[] = {"reason", NULL};
    const char *reason;
    struct order o;
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_order_of(c, &o) || !api_body(c, members, &body))
        return;
    e = json_get_text(body, "reason", 1, REASON_MAX, &reason, &r);
    if (e == ERR_OK && reason[strspn(reason, " ")] == '\0')
        e = err_because(&r, ERR_MISSING, "reason: say why");
    if (e != ERR_OK)
        api_refuse(c, e, &r);
    else if (o.state == ORDER_PACKED) /* no locker knows it yet */
        api_repack(c, &o, reason);
    else
        recode_ready(c, &o, reason);
    cJSON_Delete(body);
}

void api_recodes(struct api_call *c)
{
    api_give_of_order(c, view_recodes);
}
