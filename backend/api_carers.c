/* SPDX-License-Identifier: Apache-2.0 */
/* api: carers, and the cards that are held before a scanner. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/card.h"
#include "backend/carer.h"
#include "backend/policy.h"
#include "backend/view.h"
#include "common/json.h"
#include "common/num.h"

#define TIME_END (INT64_C(1) << 40)

void api_carers(struct api_call *c)
{
    api_give_of_order(c, view_carers);
}

/* ---------------------------------------------------------------- giving a right */

struct granting {
    struct api_job job;
    struct carer_grant grant;
};

/* Keeps the code for one print; the oldest makes room. */
static void keep_code(struct api *a, const struct carer_grant *g)
{
    struct api_carer_code *at = &a->carer_code[0];

    for (unsigned i = 1; i < API_BADGE_PAGES; i++) {
        if (a->carer_code[i].until_ms < at->until_ms)
            at = &a->carer_code[i];
    }
    memcpy(at->carer, g->carer.carer, sizeof(at->carer));
    memcpy(at->code, g->job.secret, sizeof(at->code));
    at->until_ms = clock_boot_ms() + API_BADGE_PAGE_MS;
}

static void put_granted(const struct carer_grant *g, cJSON *tree)
{
    char carer[2 * TOKEN_CARER_LEN + 1], locker[2 * STORE_LOCKER_LEN + 1], card[96];

    num_to_hex(g->carer.carer, sizeof(g->carer.carer), carer);
    num_to_hex(g->place.locker, sizeof(g->place.locker), locker);
    (void)snprintf(card, sizeof(card), "/api/carers/%s/card?locker=%s", carer, locker);
    json_put_text(tree, "id", carer);
    json_put_text(tree, "card", card);
    json_put_text(tree, "code", store_reply_name(g->place.grant)); /* "pending": not before the locker has confirmed */
    json_put_int(tree, "not_after_s", g->carer.not_after_s);
}

static enum err granting_begin(struct api_job *j, struct reason *r)
{
    return carer_begin(j->api->hub, &((struct granting *)j)->grant, r);
}

static void granting_run(struct api_job *j)
{
    struct carer_grant *g = &((struct granting *)j)->grant;

    if (g->with_code)
        mint_stretch(&g->job);
}

static enum err granting_finish(struct api_job *j, cJSON *tree, struct reason *r)
{
    const struct carer_grant *g = &((struct granting *)j)->grant;
    enum err e = carer_finish(j->api->hub, &((struct granting *)j)->grant, r);

    if (e == ERR_OK && g->with_code)
        keep_code(j->api, g);
    if (e == ERR_OK)
        put_granted(g, tree);
    return e;
}

static const struct api_job_kind granting_kind = {
    .size = sizeof(struct granting),
    .status = 201,
    .begin = granting_begin,
    .run = granting_run,
    .finish = granting_finish,
};

static enum err read_grant(const cJSON *body, struct carer_grant *g, struct reason *r)
{
    const char *name, *kind;
    enum err e = json_get_text(body, "name", 1, sizeof(g->name) - 1, &name, r);

    if (e == ERR_OK && request_text(g->name, sizeof(g->name), name, strlen(name)) != ERR_OK)
        e = err_because(r, ERR_SYNTAX, "name: control characters");
    if (e == ERR_OK)
        e = json_get_text(body, "kind", 1, STORE_TOKEN_CAP - 1, &kind, r);
    if (e == ERR_OK) {
        g->standing = strcmp(kind, "standing") == 0;
        if (!g->standing && strcmp(kind, "once") != 0)
            e = err_because(r, ERR_UNKNOWN, "kind: must be once or standing");
    }
    if (e == ERR_OK && cJSON_GetObjectItemCaseSensitive(body, "not_after_s") != NULL)
        e = json_get_int(body, "not_after_s", 1, TIME_END - 1, &g->not_after_s, r);
    if (e == ERR_OK && cJSON_GetObjectItemCaseSensitive(body, "with_code") != NULL)
        e = json_get_bool(body, "with_code", &g->with_code, r);
    return e;
}

void api_grant_carer(struct api_call *c)
{
    static const char *const members[] = {"name", "kind", "not_after_s", "with_code", NULL};
    struct carer_grant grant = {.who = c->who};
    struct granting *g;
    struct order o;
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_order_of(c, &o) || !api_body(c, members, &body))
        return;
    memcpy(grant.order, o.id, sizeof(o.id));
    e = read_grant(body, &grant, &r);
    cJSON_Delete(body);
    if (e == ERR_OK && grant.standing && !api_is_fresh(c)) /* opens what is not even ordered yet */
        return;
    g = api_job_new(c, &granting_kind);
    g->grant = grant;
    api_job_start(c, &g->job, e, &r);
}

void api_revoke_carer(struct api_call *c)
{
    static const char *const members[] = {NULL};
    uint8_t carer[TOKEN_CARER_LEN];
    struct reason r;
    cJSON *body;
    enum err e;

    if (!api_id(c, 0, carer, sizeof(carer)) || !api_body(c, members, &body))
        return;
    cJSON_Delete(body);
    e = carer_revoke(c->hub, &c->who, carer, &r);
    if (e == ERR_OK)
        api_answer(c, 200, json_new_object(), NULL);
    else
        api_refuse(c, e, &r);
}

/* ---------------------------------------------------------------- cards */

static const struct text *other_text(const struct api *a, const struct text *t)
{
    return t == a->nl ? a->en : a->nl;
}

/* The code of this carer, once: it is wiped here. */
static bool take_code(struct api *a, const uint8_t carer[TOKEN_CARER_LEN], char code[CODE_DIGITS + 1])
{
    for (unsigned i = 0; i < API_BADGE_PAGES; i++) {
        struct api_carer_code *at = &a->carer_code[i];
        bool is_it = at->until_ms > clock_boot_ms() && memcmp(at->carer, carer, TOKEN_CARER_LEN) == 0;

        if (is_it)
            memcpy(code, at->code, sizeof(at->code));
        if (is_it || at->until_ms <= clock_boot_ms())
            sodium_memzero(at, sizeof(*at));
        if (is_it)
            return true;
    }
    return false;
}

struct card {
    struct store_carer carer;
    struct store_carer_place place;
    struct store_locker locker;
    struct order order;
    const char *language; /* of the card: as asked for, or that of the order */
    char token[TOKEN_TEXT_CAP], code[CODE_DIGITS + 1], telephone[POLICY_TEXT_CAP];
};

static enum err make_card(struct api_call *c, struct card *x, char **html, struct reason *r)
{
    const struct slip_two t = slip_languages(&c->api->slips, x->language);
    bool has_code =
        x->place.grant != STORE_REPLY_NONE && take_code(c->api, x->carer.carer, x->code); /* of one locker */
    const struct card_carer page = {.carer = &x->carer,
                                    .token = x->token,
                                    .code = has_code ? x->code : NULL,
                                    .order_number = x->order.number,
                                    .pharmacy_name = c->hub->cfg.pharmacy_name,
                                    .telephone = x->telephone,
                                    .locker_name = x->locker.name,
                                    .locker_address = x->locker.address};

    policy_text(c->hub, "telephone", x->telephone);
    return card_carer(t.own, t.second, &page, html, r);
}

static enum err find_card(struct api_call *c, const uint8_t carer[TOKEN_CARER_LEN], struct card *x, struct reason *r)
{
    const char *text = http_query(c->q, "locker"), *language;
    uint8_t locker[STORE_LOCKER_LEN] = {0};
    struct store *s = c->hub->store;
    enum err e;

    if (text != NULL && num_from_hex(text, locker, sizeof(locker)) != ERR_OK)
        return err_because(r, ERR_SYNTAX, "locker: not an id");
    e = api_query_language(c, API_WORDS_PAPER, NULL, &language, r);
    if (e == ERR_OK)
        e = carer_card(c->hub, carer, locker, &x->carer, &x->place, x->token, r);
    if (e == ERR_OK)
        e = s->ops->locker_get(s, x->place.locker, &x->locker, r);
    if (e == ERR_OK)
        e = s->ops->order_get(s, x->carer.order, &x->order, r);
    x->language = language != NULL ? language : x->order.ask.language;
    return hub_judge(c->hub, e, r);
}

void api_carer_card(struct api_call *c)
{
    uint8_t carer[TOKEN_CARER_LEN];
    char hex[2 * TOKEN_CARER_LEN + 1];
    struct card x = {.code = ""};
    struct reason r;
    char *html = NULL;
    enum err e;

    if (!api_id(c, 0, carer, sizeof(carer)))
        return;
    num_to_hex(carer, sizeof(carer), hex);
    e = find_card(c, carer, &x, &r);
    if (e == ERR_OK)
        e = act_note(c->hub, &c->who, "carer.card_printed", x.order.id, hex, NULL, &r);
    if (e == ERR_OK)
        e = make_card(c, &x, &html, &r);
    api_give_page(c, e, html, &r);
    sodium_memzero(&x, sizeof(x));
}

void api_key_card(struct api_call *c)
{
    const struct text *t = api_text(c->api, c->hub->cfg.language);
    struct reason r;
    char *html = NULL;
    enum err e = card_keys(t, other_text(c->api, t), &html, &r);

    api_give_page(c, e, html, &r);
}
