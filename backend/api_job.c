/* SPDX-License-Identifier: Apache-2.0 */
/* api: requests that are answered when the worker is done: a bag packed, a new code, a carer's code, a badge. */
#include <sodium.h>
#include <stdlib.h>

#include "backend/api_part.h"
#include "common/json.h"

#define TRIES 3
#define TOO_MANY 429

void api_refuse_capped(struct api_call *c, bool capped, enum err e, const struct reason *r)
{
    if (capped)
        http_refuse(c->q, TOO_MANY, r->text);
    else
        api_refuse(c, e, r);
}

static void resume_refused(const struct api_job *j, enum err e, const struct reason *r)
{
    cJSON *tree;

    if (!j->capped) {
        api_resume_refused(j->api, j->ticket, e, r);
        return;
    }
    tree = json_new_object();
    json_put_text(tree, "error", r->text);
    api_resume(j->api, j->ticket, TOO_MANY, tree, NULL);
}

static void free_job(struct api_job *j)
{
    const size_t size = j->kind->size;

    sodium_memzero(j, size);
    free(j);
}

void *api_job_new(const struct api_call *c, const struct api_job_kind *kind)
{
    struct api_job *j = calloc(1, kind->size);

    if (j == NULL)
        abort(); /* out of memory: restart */
    j->api = c->api;
    j->kind = kind;
    j->role = c->user.role;
    return j;
}

static void run(void *arg)
{
    struct api_job *j = arg;

    j->kind->run(j);
}

static void done(void *arg);

static enum err submit(struct api_job *j, struct reason *r)
{
    const struct work_job job = {.run = run, .done = done, .arg = j};
    enum err e = j->kind->begin(j, r);

    if (e == ERR_OK && work_submit(j->api->hub->work, &job) != ERR_OK)
        e = err_because(r, ERR_BUSY, "too much is waiting; try again");
    return e;
}

static void done(void *arg)
{
    struct api_job *j = arg;
    struct reason r = {.text = ""};
    cJSON *tree = json_new_object();
    enum err e = j->kind->finish(j, tree, &r);

    if (e == ERR_OK) {
        api_resume(j->api, j->ticket, j->kind->status, tree, NULL);
        free_job(j);
        return;
    }
    cJSON_Delete(tree);
    if (e == ERR_DUPLICATE && ++j->tries < TRIES) {
        e = submit(j, &r); /* the same code was drawn twice at the same time */
        if (e == ERR_OK)
            return;
    }
    resume_refused(j, e, &r);
    free_job(j);
}

void api_job_start(struct api_call *c, struct api_job *j, enum err e, struct reason *r)
{
    if (e == ERR_OK)
        e = submit(j, r);
    if (e == ERR_OK) {
        j->ticket = http_defer(c->q);
        return;
    }
    api_refuse_capped(c, j->capped, e, r);
    free_job(j);
}
