/* SPDX-License-Identifier: Apache-2.0 */
/* api: a new code for a bag. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/recode.h"
#include "backend/view.h"
#include "common/json.h"
#include "common/num.h"

#define RECODE_TRIES 3
#define REASON_MAX 200
#define TOO_MANY 429

void api_refuse_capped(struct api_call *c, bool capped, enum err e, const struct reason *r)
{
    if (capped)
        http_refuse(c->q, TOO_MANY, r->text);
    else
        api_refuse(c, e, r);
}

void api_resume_capped(struct api *a, uint64_t ticket, bool capped, enum err e, const struct reason *r)
{
    cJSON *tree;

    if (!capped) {
        api_resume_refused(a, ticket, e, r);
        return;
    }
    tree = json_new_object();
    json_put_text(tree, "error", r->text);
    api_resume(a, ticket, TOO_MANY, tree, NULL);
}

struct recoding {
    struct api *api;
    uint64_t ticket;
    unsigned tries;
    struct recode recode;
};

static void recoding_free(struct recoding *x)
{
    mint_wipe(&x->recode.job);
    sodium_memzero(x, sizeof(*x));
    free(x);
}

static void recoding_run(void *arg)
{
    struct recoding *x = arg;

    mint_stretch(&x->recode.job);
}

static void recoding_done(void *arg);

static enum err recoding_submit(struct recoding *x, struct reason *r)
{
    const struct work_job job = {.run = recoding_run, .done = recoding_done, .arg = x};
    enum err e = recode_begin(x->api->hub, &x->recode, r);

    if (e == ERR_OK && work_submit(x->api->hub->work, &job) != ERR_OK)
        e = err_because(r, ERR_BUSY, "too much is waiting; try again");
    return e;
}

static void recoding_done(void *arg)
{
    struct recoding *x = arg;
    struct reason r = {.text = ""};
    enum err e = recode_finish(x->api->hub, &x->recode, &r);
    cJSON *tree;

    mint_wipe(&x->recode.job);
    if (e == ERR_DUPLICATE && ++x->tries < RECODE_TRIES) {
        e = recoding_submit(x, &r); /* the same code was drawn twice at the same time */
        if (e == ERR_OK)
            return;
    }
    if (e == ERR_OK) {
        tree = json_new_object();
        json_put_text(tree, "state", store_reply_name(x->recode.row.reply));
        api_resume(x->api, x->ticket, 202, tree, NULL);
    } else {
        api_resume_capped(x->api, x->ticket, x->recode.capped, e, &r);
    }
    recoding_free(x);
}

static void recode_ready(struct api_call *c, const struct order *o, const char *reason)
{
    struct recoding *x = calloc(1, sizeof(*x));
    struct reason r;
    enum err e;

    if (x == NULL)
        abort(); /* out of memory: restart */
    x->api = c->api;
    x->recode.who = c->who;
    memcpy(x->recode.order, o->id, sizeof(o->id));
    (void)snprintf(x->recode.reason, sizeof(x->recode.reason), "%s", reason); /* length was checked */
    e = recoding_submit(x, &r);
    if (e != ERR_OK) {
        api_refuse_capped(c, x->recode.capped, e, &r);
        recoding_free(x);
        return;
    }
    x->ticket = http_defer(c->q);
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
    struct order o;
    struct reason r;
    cJSON *tree;
    enum err e;

    if (!api_order_of(c, &o))
        return;
    tree = json_new_object();
    e = hub_judge(c->hub, view_recodes(c->hub, &o, tree, &r), &r);
    api_give(c, e, tree, &r);
}
