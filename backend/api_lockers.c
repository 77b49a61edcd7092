/* SPDX-License-Identifier: Apache-2.0 */
/* api: what administrators do to lockers: the commands of hubctl, as an act of this person. */
#include "backend/admin.h"
#include "backend/api_part.h"
#include "common/json.h"
#include "common/num.h"

/* Runs "do" for the locker in segment 0. request is deleted. */
static void run(struct api_call *c, const char *command, cJSON *request)
{
    uint8_t id[STORE_LOCKER_LEN];
    char hex[2 * sizeof(id) + 1];
    cJSON *answer = NULL;
    struct reason r;
    enum err e;

    if (!api_id(c, 0, id, sizeof(id))) {
        cJSON_Delete(request);
        return;
    }
    num_to_hex(id, sizeof(id), hex);
    json_put_text(request, "do", command);
    json_put_text(request, "name", hex);
    e = admin_run_as(c->hub, &c->who, request, &answer, &r);
    cJSON_Delete(request);
    if (e == ERR_OK)
        api_answer(c, 200, answer, NULL);
    else
        api_refuse(c, e, &r);
}

void api_set_address(struct api_call *c)
{
    static const char *const members[] = {"address", NULL};
    cJSON *body;

    if (api_body(c, members, &body))
        run(c, "locker.address", body);
}

void api_set_hours(struct api_call *c)
{
    static const char *const members[] = {"hours", NULL};
    cJSON *body;

    if (api_body(c, members, &body))
        run(c, "locker.hours", body);
}

void api_revoke_locker(struct api_call *c)
{
    static const char *const members[] = {NULL};
    cJSON *body;

    if (api_body(c, members, &body))
        run(c, "locker.revoke", body);
}
