/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/api.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/label.h"
#include "backend/policy.h"
#include "common/json.h"
#include "common/language.h"
#include "common/log.h"
#include "common/num.h"

#define MINUTE_MS 60000

/* Pharmacist, logistics, administrator. */
#define P__                                                                                                            \
    {                                                                                                                  \
        true, false, false                                                                                             \
    }
#define PL_                                                                                                            \
    {                                                                                                                  \
        true, true, false                                                                                              \
    }
#define PLA                                                                                                            \
    {                                                                                                                  \
        true, true, true                                                                                               \
    }
#define P_A                                                                                                            \
    {                                                                                                                  \
        true, false, true                                                                                              \
    }
#define ONLY_A                                                                                                         \
    {                                                                                                                  \
        false, false, true                                                                                             \
    }
#define ALL                                                                                                            \
    {                                                                                                                  \
        true, true, true                                                                                               \
    }

/* Who may do what: the role matrix. Steps of a bag are narrowed further in api_orders.c. */
static const struct api_route table[] = {
    {{"POST", "/api/login", true, ALL}, API_PUBLIC, api_login},
    {{"POST", "/api/logout", false, PLA}, API_FIRST, api_logout},
    {{"POST", "/api/again", false, PLA}, API_FIRST, api_again},
    {{"GET", "/api/me", false, PLA}, API_FIRST, api_me},
    {{"POST", "/api/me/password", false, PLA}, API_FIRST, api_choose_password},
    {{"POST", "/api/me/factor", false, PLA}, API_FIRST | API_FRESH, api_begin_factor},
    {{"POST", "/api/me/factor/confirm", false, PLA}, API_FIRST, api_confirm_factor},
    {{"POST", "/api/me/factor/remove", false, PLA}, API_FRESH, api_remove_factor},
    {{"GET", "/api/board", false, PLA}, API_POLL, api_board},
    {{"GET", "/api/lockers", false, PLA}, API_PLAIN, api_lockers},
    {{"POST", "/api/lockers/*/address", false, ONLY_A}, API_PLAIN, api_set_address},
    {{"POST", "/api/lockers/*/hours", false, ONLY_A}, API_PLAIN, api_set_hours},
    {{"POST", "/api/lockers/*/revoke", false, ONLY_A}, API_FRESH, api_revoke_locker},
    {{"GET", "/api/lockers/*/climate", false, PLA}, API_POLL, api_climate},
    {{"GET", "/api/lockers/*/door-labels", false, PLA}, API_PLAIN, api_door_labels},
    {{"POST", "/api/lockers/*/climate/seen", false, PL_}, API_PLAIN, api_climate_seen},
    {{"GET", "/api/round", false, PLA}, API_POLL, api_round},
    {{"GET", "/api/use", false, PLA}, API_PLAIN, api_use},
    {{"GET", "/api/faults", false, PLA}, API_POLL, api_faults},
    {{"GET", "/api/faults/*", false, PLA}, API_POLL, api_fault},
    {{"POST", "/api/faults/*/comment", false, PL_}, API_PLAIN, api_comment_fault},
    {{"POST", "/api/faults/*/acknowledge", false, PL_}, API_PLAIN, api_acknowledge_fault},
    {{"POST", "/api/faults/*/close", false, PL_}, API_PLAIN, api_close_fault},
    {{"POST", "/fhir/Bundle", false, P__}, API_PLAIN, api_bundle},
    {{"GET", "/fhir/MedicationDispense/*", false, P__}, API_PLAIN, api_dispense},
    {{"GET", "/api/orders", false, PL_}, API_POLL, api_orders},
    {{"POST", "/api/orders", false, P__}, API_PLAIN, api_new_order},
    {{"POST", "/api/orders/csv", false, P__}, API_PLAIN, api_new_orders_csv},
    {{"GET", "/api/orders/*", false, PL_}, API_PLAIN, api_order},
    {{"POST", "/api/orders/*/pack", false, P__}, API_PLAIN, api_pack},
    {{"POST", "/api/orders/*/withdraw", false, P__}, API_PLAIN, api_withdraw},
    {{"POST", "/api/orders/*/step", false, PL_}, API_PLAIN, api_step},
    {{"GET", "/api/orders/*/trail", false, P__}, API_PLAIN, api_trail},
    {{"GET", "/api/orders/*/label", false, P__}, API_PLAIN, api_label},
    {{"GET", "/api/orders/*/slip", false, P__}, API_PLAIN, api_slip},
    {{"GET", "/api/orders/*/carers", false, P__}, API_POLL, api_carers},
    {{"POST", "/api/orders/*/carers", false, P__}, API_PLAIN, api_grant_carer},
    {{"GET", "/api/carers/*/card", false, P__}, API_PLAIN, api_carer_card},
    {{"POST", "/api/carers/*/revoke", false, P__}, API_PLAIN, api_revoke_carer},
    {{"GET", "/api/orders/*/recode", false, P__}, API_POLL, api_recodes},
    {{"POST", "/api/orders/*/recode", false, P__}, API_FRESH, api_recode},
    {{"GET", "/api/orders/*/open", false, P__}, API_POLL, api_opening},
    {{"POST", "/api/orders/*/open", false, P__}, API_FRESH, api_open_door},
    {{"GET", "/api/key-card", false, PLA}, API_PLAIN, api_key_card},
    {{"GET", "/api/sheet", false, P__}, API_PLAIN, api_sheet},
    {{"GET", "/api/exceptions", false, P__}, API_POLL, api_exceptions},
    {{"GET", "/api/lockers/*/events", false, PL_}, API_POLL, api_locker_events},
    {{"GET", "/api/lockers/*/tour", false, PL_}, API_POLL, api_tour},
    {{"POST", "/api/lockers/*/tour/start", false, PL_}, API_PLAIN, api_tour_start},
    {{"POST", "/api/lockers/*/tour/scan", false, PL_}, API_PLAIN, api_tour_scan},
    {{"POST", "/api/lockers/*/tour/explain", false, PL_}, API_PLAIN, api_tour_explain},
    {{"POST", "/api/lockers/*/tour/end", false, PL_}, API_PLAIN, api_tour_end},
    {{"POST", "/api/orders/*/contacts", false, P__}, API_PLAIN, api_contact},
    {{"GET", "/api/users", false, P_A}, API_PLAIN, api_users},
    {{"POST", "/api/users", false, ONLY_A}, API_FRESH, api_new_user},
    {{"POST", "/api/users/*/disable", false, ONLY_A}, API_FRESH, api_disable_user},
    {{"POST", "/api/users/*/enable", false, ONLY_A}, API_FRESH, api_enable_user},
    {{"POST", "/api/users/*/role", false, ONLY_A}, API_FRESH, api_set_role},
    {{"POST", "/api/users/*/unlock", false, ONLY_A}, API_FRESH, api_unlock_user},
    {{"POST", "/api/users/*/reset", false, ONLY_A}, API_FRESH, api_reset_user},
    {{"POST", "/api/users/*/forget-factor", false, ONLY_A}, API_FRESH, api_forget_factor},
    {{"GET", "/api/badges", false, P_A}, API_PLAIN, api_badges},
    {{"POST", "/api/badges", false, P_A}, API_FRESH, api_make_badge},
    {{"GET", "/api/badges/*/page", false, P_A}, API_PLAIN, api_badge_page},
    {{"POST", "/api/badges/*/revoke", false, P_A}, API_PLAIN, api_revoke_badge},
    {{"GET", "/api/audit", false, P_A}, API_POLL, api_audit},
    {{"GET", "/api/policies", false, P_A}, API_PLAIN, api_policies},
    {{"POST", "/api/policies/*", false, ONLY_A}, API_FRESH, api_set_policy},
    {{"GET", "/api/pharmacies", false, P_A}, API_PLAIN, api_pharmacies},
    {{"POST", "/api/pharmacies", false, ONLY_A}, API_FRESH, api_put_pharmacy},
    {{"POST", "/api/pharmacies/*/remove", false, ONLY_A}, API_FRESH, api_remove_pharmacy},
    {{"GET", "/", true, ALL}, API_PUBLIC, api_asset},
    {{"GET", "/*", true, ALL}, API_PUBLIC, api_asset},
    {{"GET", "/vendor/*", true, ALL}, API_PUBLIC, api_asset},
};
#define ROUTES (sizeof(table) / sizeof(table[0]))

const struct api_entry *api_entry_at(unsigned i)
{
    return i < ROUTES ? &table[i].entry : NULL;
}

unsigned api_status(enum err e)
{
    switch (e) {
    case ERR_OK:
        return 200;
    case ERR_SYNTAX:
        return 400;
    case ERR_TOO_LONG:
        return 413;
    case ERR_RANGE:
    case ERR_UNKNOWN:
    case ERR_MISSING:
    case ERR_FOREIGN:
    case ERR_SIGNATURE:
        return 422;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_DENIED:
        return 403;
    case ERR_DUPLICATE:
    case ERR_STATE:
    case ERR_BUSY:
    case ERR_REPLAY:
    case ERR_GAP:
    case ERR_FORKED:
    case ERR_EXPIRED:
        return 409;
    case ERR_FULL:
    case ERR_TIMEOUT:
    case ERR_IO:
    case ERR_CORRUPT:
    case ERR_MEMORY:
    case ERR_N:
        break;
    }
    return 503;
}

/* ---------------------------------------------------------------- answers */

void api_answer(struct api_call *c, unsigned status, cJSON *tree, const char *const *extra)
{
    char *text = json_print(tree);

    http_answer(c->q, status, API_JSON, text, strlen(text), extra);
    free(text);
    cJSON_Delete(tree);
}

static const char *explain(enum err e, const struct reason *r)
{
    return r != NULL && r->text[0] != '\0' ? r->text : err_name(e);
}

void api_refuse(struct api_call *c, enum err e, const struct reason *r)
{
    http_refuse(c->q, api_status(e), explain(e, r));
}

void api_give(struct api_call *c, enum err e, cJSON *tree, const struct reason *r)
{
    if (e == ERR_OK) {
        api_answer(c, 200, tree, NULL);
        return;
    }
    cJSON_Delete(tree);
    api_refuse(c, e, r);
}

void api_give_page(struct api_call *c, enum err e, char *html, const struct reason *r)
{
    /* img-src: browsers ask for an icon whatever the page says, and must get an answer, not a complaint. */
    static const char *const paper[] = {"Content-Security-Policy: default-src 'none'; img-src 'self'; "
                                        "style-src 'unsafe-inline'; frame-ancestors 'none'",
                                        NULL};

    if (e == ERR_OK)
        http_answer(c->q, 200, API_HTML, html, strlen(html), paper);
    else
        api_refuse(c, e, r);
    print_free(html);
}

/* A member that is there twice is bad grammar, not a conflict with what the hub has. */
void api_refuse_text(struct api_call *c, enum err e, const struct reason *r)
{
    api_refuse(c, e == ERR_DUPLICATE ? ERR_SYNTAX : e, r);
}

void api_resume(struct api *a, uint64_t ticket, unsigned status, cJSON *tree, const char *const *extra)
{
    char *text = json_print(tree);

    http_resume(a->http, ticket, status, API_JSON, text, strlen(text), extra);
    free(text);
    cJSON_Delete(tree);
}

void api_resume_refused(struct api *a, uint64_t ticket, enum err e, const struct reason *r)
{
    cJSON *tree = json_new_object();

    json_put_text(tree, "error", explain(e, r));
    api_resume(a, ticket, api_status(e), tree, NULL);
}

bool api_is_fatal(const struct api_call *c)
{
    if (!c->hub->broken)
        return false;
    http_refuse(c->q, 503, "the hub is going down: its database failed");
    return true;
}

/* ---------------------------------------------------------------- reading requests */

bool api_body(struct api_call *c, const char *const *members, cJSON **out)
{
    const struct json_limits limits = {.max_len = 16 * 1024, .max_depth = JSON_DEPTH_MESSAGE, .flags = JSON_STRICT};
    struct reason r;
    cJSON *tree;
    size_t len;
    const char *body = http_body(c->q, &len);
    enum err e;

    if (len == 0) {
        *out = json_new_object();
        return true;
    }
    e = json_parse(&tree, body, len, &limits, &r);
    if (e == ERR_OK) {
        e = cJSON_IsObject(tree) ? json_only(tree, members, &r)
                                 : err_because(&r, ERR_SYNTAX, "the body must be a JSON object");
        if (e != ERR_OK)
            cJSON_Delete(tree);
    }
    if (e != ERR_OK) {
        api_refuse_text(c, e, &r);
        return false;
    }
    *out = tree;
    return true;
}

enum err api_optional_text(const cJSON *body, const char *key, size_t max_len, const char **out, struct reason *r)
{
    *out = "";
    if (cJSON_GetObjectItemCaseSensitive(body, key) == NULL)
        return ERR_OK;
    return json_get_text(body, key, 0, max_len, out, r);
}

bool api_id(struct api_call *c, unsigned i, uint8_t *out, size_t len)
{
    const char *text = http_segment(c->q, i);

    if (text != NULL && num_from_hex(text, out, len) == ERR_OK)
        return true;
    http_refuse(c->q, 404, "no such id");
    return false;
}

enum err api_query_int(const struct api_call *c, const char *name, int64_t min, int64_t max, int64_t fallback,
                       int64_t *out, struct reason *r)
{
    const char *text = http_query(c->q, name);
    enum err e;

    if (text == NULL) {
        *out = fallback;
        return ERR_OK;
    }
    e = num_parse(text, min, max, out);
    return e == ERR_OK ? e
                       : err_because(r, e, "%s: not a number of %lld to %lld", name, (long long)min, (long long)max);
}

enum err api_query_language(const struct api_call *c, enum api_words words, const char *fallback, const char **out,
                            struct reason *r)
{
    const char *text = http_query(c->q, "language");
    enum language l;

    *out = text == NULL ? fallback : text;
    if (text == NULL)
        return ERR_OK;
    if (words == API_WORDS_STAFF)
        return strcmp(text, "nl") == 0 || strcmp(text, "en") == 0
                   ? ERR_OK
                   : err_because(r, ERR_SYNTAX, "language: must be nl or en");
    return language_parse(text, &l) == ERR_OK ? ERR_OK : err_because(r, ERR_SYNTAX, "language: must be " LANGUAGE_LIST);
}

const struct text *api_text(const struct api *a, const char *language)
{
    return strcmp(language, "en") == 0 ? a->en : a->nl;
}

/* ---------------------------------------------------------------- the gate */

/* Nobody but a page of this host can send a POST: forms cannot set the header, scripts of others are stopped by the
 * browser's preflight, and Origin tells the rest. */
static bool is_own_request(struct http_request *q)
{
    const char *mark = http_header(q, "X-Medlocker");
    const char *origin = http_header(q, "Origin");
    const char *host = http_header(q, "Host");
    const char *at;

    if (mark == NULL || strcmp(mark, "1") != 0)
        return false;
    if (origin == NULL)
        return true; /* not a browser */
    at = strstr(origin, "://");
    return at != NULL && host != NULL && strcmp(at + 3, host) == 0;
}

static void touch_session(struct api_call *c, int64_t now_ms)
{
    struct store *s = c->hub->store;
    struct reason r;
    enum err e;

    if (!user_session_is_stale(&c->session, now_ms))
        return;
    e = hub_judge(c->hub, s->ops->begin(s, &r), &r);
    if (e == ERR_OK)
        e = s->ops->session_touch(s, c->session.token_hash, now_ms, &r);
    if (e == ERR_OK)
        e = s->ops->commit(s, &r);
    else
        s->ops->rollback(s);
    if (hub_judge(c->hub, e, &r) != ERR_OK)
        log_warning("api", "session: %s", r.text);
}

static void refuse_need(struct api_call *c, unsigned status, const char *error, const char *need)
{
    cJSON *tree = json_new_object();

    json_put_text(tree, "error", error);
    json_put_text(tree, "need", need);
    api_answer(c, status, tree, NULL);
}

/* A password that somebody else knows, or a second factor that is missing, comes before all work. */
static bool first_things_done(struct api_call *c, const struct api_route *row)
{
    const char *must = NULL;
    struct reason r;
    enum err e = (row->flags & API_FIRST) == 0 ? api_must(c->hub, &c->user, &must, &r) : ERR_OK;

    if (e != ERR_OK)
        api_refuse(c, e, &r);
    else if (must != NULL)
        refuse_need(c, 403, "choose an own password or second factor first", must);
    return e == ERR_OK && must == NULL;
}

bool api_is_fresh(struct api_call *c)
{
    if (user_session_is_fresh(&c->session, clock_wall_ms(), policy_int(c->hub, "session.fresh") * MINUTE_MS))
        return true;
    refuse_need(c, 401, "show that it is you: password or code again", "again");
    return false;
}

/* Who asks, and whether the table lets them. On false the refusal has been answered. */
static bool admit(struct api_call *c, const struct api_route *row)
{
    int64_t now_ms = clock_wall_ms();
    struct reason r;
    enum err e = user_session_find(c->hub->store, http_cookie(c->q, API_COOKIE), now_ms,
                                   policy_int(c->hub, "session.idle") * MINUTE_MS, &c->session, &c->user, &r);

    if (e == ERR_DENIED || e == ERR_EXPIRED) {
        http_refuse(c->q, 401, r.text);
        return false;
    }
    if (hub_judge(c->hub, e, &r) != ERR_OK) {
        api_refuse(c, e, &r);
        return false;
    }
    if (!row->entry.role[c->user.role]) {
        log_notice("api", "%s (%s) may not %s %s", c->user.name, store_role_name(c->user.role), row->entry.method,
                   row->entry.path);
        http_refuse(c->q, 403, "your role may not do this");
        return false;
    }
    act_who_user(&c->user, &c->who);
    if (!first_things_done(c, row) || ((row->flags & API_FRESH) != 0 && !api_is_fresh(c)))
        return false;
    if ((row->flags & API_POLL) == 0)
        touch_session(c, now_ms);
    return true;
}

static void gate(void *arg, struct http_request *q)
{
    struct api *a = arg;
    const struct api_route *row = &table[http_matched(q) - a->routes];
    struct api_call c = {.api = a, .hub = a->hub, .q = q};

    if (api_is_fatal(&c))
        return;
    if (strcmp(row->entry.method, "POST") == 0 && !is_own_request(q)) {
        http_refuse(q, 403, "a POST needs the header \"X-Medlocker: 1\" and, from a browser, the own Origin");
        return;
    }
    if ((row->flags & API_PUBLIC) != 0 || admit(&c, row))
        row->handle(&c);
    sodium_memzero(&c, sizeof(c));
}

/* ---------------------------------------------------------------- life */

static enum err load_text(const struct api *a, const char *name, struct text **out, struct reason *r)
{
    char path[FILE_PATH_CAP];
    enum err e = file_path(path, a->hub->cfg.share, name, r);

    return e == ERR_OK ? text_load(out, path, r) : e;
}

static enum err listen_http(struct api *a, struct reason *r)
{
    struct http_cfg cfg = {.address = a->hub->cfg.address,
                           .port = a->hub->cfg.port,
                           .max_body = API_MAX_BODY,
                           .route_count = ROUTES,
                           .arg = a};

    a->routes = calloc(ROUTES, sizeof(*a->routes));
    if (a->routes == NULL)
        return err_because(r, ERR_MEMORY, "api: no memory");
    for (size_t i = 0; i < ROUTES; i++)
        a->routes[i] =
            (struct http_route){.method = table[i].entry.method, .path = table[i].entry.path, .handle = gate};
    cfg.routes = a->routes;
    return http_open(&a->http, &cfg, a->hub->loop, r);
}

enum err api_open(struct api **out, struct hub *hub, struct link *link, struct reason *r)
{
    struct api *a = calloc(1, sizeof(*a));
    enum err e;

    if (a == NULL)
        return err_because(r, ERR_MEMORY, "api: no memory");
    a->hub = hub;
    a->link = link;
    e = asset_load(&a->assets, hub->cfg.share, r);
    if (e == ERR_OK)
        e = load_text(a, "nl.json", &a->nl, r);
    if (e == ERR_OK)
        e = load_text(a, "en.json", &a->en, r);
    if (e == ERR_OK)
        e = slip_texts_load(&a->slips, hub->cfg.share, r);
    if (e == ERR_OK)
        e = listen_http(a, r);
    if (e != ERR_OK) {
        api_free(a);
        return e;
    }
    *out = a;
    return ERR_OK;
}

void api_free(struct api *a)
{
    if (a == NULL)
        return;
    http_free(a->http);
    for (unsigned i = 0; i < API_BADGE_PAGES; i++)
        print_free(a->badge_page[i].html);
    sodium_memzero(a->carer_code, sizeof(a->carer_code));
    free(a->routes);
    text_free(a->nl);
    text_free(a->en);
    slip_texts_free(&a->slips);
    asset_free(a->assets);
    free(a);
}

uint16_t api_port(const struct api *a)
{
    return http_port(a->http);
}
