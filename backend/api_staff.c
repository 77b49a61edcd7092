/* SPDX-License-Identifier: Apache-2.0 */
/* api: badges for lockers. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/label.h"
#include "backend/pack.h"
#include "backend/view.h"
#include "common/json.h"
#include "common/log.h"
#include "common/num.h"

#define PIN_MAX CODE_PIN_MAX

/* ---------------------------------------------------------------- badges */

void api_badges(struct api_call *c)
{
    cJSON *tree = json_new_object();
    struct reason r;
    enum err e = hub_judge(c->hub, view_badges(c->hub, tree, &r), &r);

    api_give(c, e, tree, &r);
}

/* A badge for somebody else is made with that colleague there: with the colleague's own password, and nobody can make
 * badges in another's name, administrators neither. */
struct badging {
    struct api_job job;
    struct pack_badge pack;
    char pin[PIN_MAX + 1];
    bool for_other;
    char password[USER_PASSWORD_MAX + 1]; /* of the colleague */
    char hash[STORE_PASSWORD_CAP];
    bool agreed;
};

static enum err badging_begin(struct api_job *j, struct reason *r)
{
    struct badging *b = (struct badging *)j;

    return pack_badge_begin(j->api->hub, &b->pack, b->pin, r);
}

static void badging_run(struct api_job *j)
{
    struct badging *b = (struct badging *)j;

    b->agreed = !b->for_other || user_password_is(b->hash, b->password);
    if (b->agreed)
        mint_stretch(&b->pack.job);
}

/* A wrong password counts for the colleague's brake like one at the log-in. */
static enum err badging_count_wrong(struct badging *b, struct reason *r)
{
    struct hub *hub = b->job.api->hub;
    struct store *s = hub->store;
    struct store_user u;
    enum err e = hub_judge(hub, s->ops->begin(s, r), r);

    if (e != ERR_OK)
        return e;
    e = s->ops->user_get(s, b->pack.user, &u, r);
    if (e == ERR_OK) {
        user_note_wrong(&u, clock_wall_ms());
        e = s->ops->user_update(s, &u, r);
    }
    if (e == ERR_OK)
        e = act_audit(hub, &b->pack.who, "badge.refused", NULL, b->pack.user, NULL, r);
    sodium_memzero(&u, sizeof(u));
    e = hub_end(hub, e, r);
    return e != ERR_OK ? e : err_because(r, ERR_RANGE, "password: the colleague's password is wrong");
}

static enum err refuse_braked(struct reason *r)
{
    return err_because(r, ERR_BUSY, "too many wrong passwords of this colleague; wait five minutes");
}

/* Of tries at the same time each sees the brake of those before, and whether its password is still the one in force. */
static enum err badging_look_again(struct badging *b, struct reason *r)
{
    struct hub *hub = b->job.api->hub;
    struct store_user u;
    enum err e = b->for_other ? hub_judge(hub, hub->store->ops->user_get(hub->store, b->pack.user, &u, r), r) : ERR_OK;

    if (e != ERR_OK || !b->for_other)
        return e;
    b->agreed = b->agreed && strcmp(b->hash, u.password) == 0;
    if (user_wait_ms(&u, clock_wall_ms()) > 0)
        e = refuse_braked(r);
    sodium_memzero(&u, sizeof(u));
    return e;
}

/* Keeps the page for one look; the oldest makes room. */
static void keep_page(struct api *a, const struct store_badge *badge, char *html)
{
    struct api_badge_page *at = &a->badge_page[0];

    for (unsigned i = 1; i < API_BADGE_PAGES; i++) {
        if (a->badge_page[i].until_ms < at->until_ms)
            at = &a->badge_page[i];
    }
    print_free(at->html);
    memcpy(at->badge, badge->badge, sizeof(at->badge));
    at->until_ms = clock_boot_ms() + API_BADGE_PAGE_MS;
    at->html = html;
}

static enum err make_page(struct api *a, const struct pack_badge *p, struct reason *r)
{
    struct store *s = a->hub->store;
    struct store_locker l;
    struct label_badge x = {.full_name = p->full_name, .badge = &p->badge, .token = p->text};
    char *html;
    enum err e = s->ops->locker_get(s, p->locker, &l, r);

    if (e != ERR_OK)
        return e;
    x.locker_name = l.name;
    e = label_badge(api_text(a, a->hub->cfg.language), &x, &html, r);
    if (e == ERR_OK)
        keep_page(a, &p->badge, html);
    sodium_memzero(&l, sizeof(l));
    return e;
}

static enum err badging_finish(struct api_job *j, cJSON *tree, struct reason *r)
{
    struct badging *b = (struct badging *)j;
    struct api *a = j->api;
    char hex[2 * sizeof(b->pack.badge.badge) + 1], page[64];
    enum err e = badging_look_again(b, r);

    if (e == ERR_OK)
        e = b->agreed ? pack_badge_finish(a->hub, &b->pack, r) : badging_count_wrong(b, r);
    if (e == ERR_OK)
        e = hub_judge(a->hub, make_page(a, &b->pack, r), r);
    if (e != ERR_OK)
        return e;
    num_to_hex(b->pack.badge.badge, sizeof(b->pack.badge.badge), hex);
    (void)snprintf(page, sizeof(page), "/api/badges/%s/page", hex);
    json_put_text(tree, "badge", hex);
    json_put_text(tree, "page", page);
    json_put_text(tree, "token", b->pack.text);
    json_put_int(tree, "not_after_s", b->pack.badge.not_after_s);
    return ERR_OK;
}

static const struct api_job_kind badging_kind = {
    .size = sizeof(struct badging),
    .status = 201,
    .begin = badging_begin,
    .run = badging_run,
    .finish = badging_finish,
};

static enum err badging_read_colleague(struct api_call *c, const cJSON *body, struct badging *b, struct reason *r)
{
    struct store_user u;
    const char *password;
    enum err e;

    b->for_other = strcmp(b->pack.user, c->user.name) != 0;
    if (!b->for_other)
        return ERR_OK;
    if (cJSON_GetObjectItemCaseSensitive(body, "password") == NULL)
        return err_because(r, ERR_MISSING, "password: a badge for a colleague needs the colleague's own password");
    e = json_get_text(body, "password", 1, USER_PASSWORD_MAX, &password, r);
    if (e == ERR_OK)
        e = hub_judge(c->hub, c->hub->store->ops->user_get(c->hub->store, b->pack.user, &u, r), r);
    if (e != ERR_OK)
        return e;
    if (user_wait_ms(&u, clock_wall_ms()) > 0)
        e = refuse_braked(r);
    (void)snprintf(b->password, sizeof(b->password), "%s", password); /* length was checked */
    memcpy(b->hash, u.password, sizeof(b->hash));
    sodium_memzero(&u, sizeof(u));
    return e;
}

static enum err badging_read(struct api_call *c, const cJSON *body, struct badging *b, struct reason *r)
{
    const char *user, *pin;
    enum err e = json_get_text(body, "user", 1, STORE_NAME_CAP - 1, &user, r);

    if (e == ERR_OK)
        e = json_get_hex(body, "locker", b->pack.locker, sizeof(b->pack.locker), r);
    if (e == ERR_OK)
        e = json_get_text(body, "pin", CODE_PIN_MIN, PIN_MAX, &pin, r);
    if (e == ERR_OK)
        e = json_get_int(body, "days", 1, PACK_BADGE_DAYS_MAX, &b->pack.days, r);
    if (e != ERR_OK)
        return e;
    (void)snprintf(b->pack.user, sizeof(b->pack.user), "%s", user); /* length was checked */
    (void)snprintf(b->pin, sizeof(b->pin), "%s", pin);              /* length was checked */
    b->pack.who = c->who;
    return badging_read_colleague(c, body, b, r);
}

void api_make_badge(struct api_call *c)
{
    static const char *const members[] = {"user", "locker", "pin", "days", "password", NULL};
    struct badging *b;
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_body(c, members, &body))
        return;
    b = api_job_new(c, &badging_kind);
    e = badging_read(c, body, b, &r);
    cJSON_Delete(body);
    api_job_start(c, &b->job, e, &r);
}

/* Only once: the page holds what opens staff sessions at the locker, together with the PIN. */
void api_badge_page(struct api_call *c)
{
    uint8_t badge[8];

    if (!api_id(c, 0, badge, sizeof(badge)))
        return;
    for (unsigned i = 0; i < API_BADGE_PAGES; i++) {
        struct api_badge_page *at = &c->api->badge_page[i];

        if (at->html == NULL || memcmp(at->badge, badge, sizeof(badge)) != 0 || at->until_ms < clock_boot_ms())
            continue;
        api_give_page(c, ERR_OK, at->html, NULL);
        *at = (struct api_badge_page){.html = NULL};
        return;
    }
    http_refuse(c->q, 404, "this badge was printed already, or too long ago; make a new one");
}

void api_revoke_badge(struct api_call *c)
{
    uint8_t badge[8];
    struct reason r;
    enum err e;

    if (!api_id(c, 0, badge, sizeof(badge)))
        return;
    e = act_revoke_badge(c->hub, &c->who, badge, &r);
    if (e == ERR_OK)
        api_answer(c, 200, json_new_object(), NULL);
    else
        api_refuse(c, e, &r);
}
