/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_part: what the files of api share. Included by backend/api*.c only.
 */
#ifndef MEDLOCKER_API_PART_H
#define MEDLOCKER_API_PART_H

#include <cjson/cJSON.h>

#include "backend/act.h"
#include "backend/api.h"
#include "backend/slip.h"
#include "backend/text.h"
#include "backend/user.h"
#include "backend/web/asset.h"
#include "common/http.h"

#define API_JSON "application/json"
#define API_FHIR "application/fhir+json; charset=utf-8"
#define API_HTML "text/html; charset=utf-8"
#define API_BADGE_PAGES 8
#define API_BADGE_PAGE_MS (10 * 60 * 1000)

/* A badge can be printed once, shortly after it was made: its text is stored nowhere. */
struct api_badge_page {
    uint8_t badge[8];
    int64_t until_ms; /* boot time; 0: free */
    char *html;
};

/* A carer's own code can be printed once, shortly after it was made. */
struct api_carer_code {
    uint8_t carer[TOKEN_CARER_LEN];
    int64_t until_ms; /* boot time; 0: free */
    char code[CODE_DIGITS + 1];
};

struct api {
    struct hub *hub;
    struct link *link;
    struct http *http;
    struct asset_set *assets;
    struct text *nl, *en;
    struct slip_texts slips;
    struct http_route *routes;
    struct login *logins; /* waiting for the worker */
    struct user_strangers strangers;
    struct api_badge_page badge_page[API_BADGE_PAGES];
    struct api_carer_code carer_code[API_BADGE_PAGES];
};

/* One request of somebody whom the table lets in; user is empty for public addresses. */
struct api_call {
    struct api *api;
    struct hub *hub;
    struct http_request *q;
    struct store_user user;
    struct store_session session;
    struct act_who who;
};

enum api_flags {
    API_PLAIN = 0,
    API_PUBLIC = 1,
    API_POLL = 2,  /* does not count as use of the session */
    API_FIRST = 4, /* open to who must choose a password or second factor before anything else */
    API_FRESH = 8  /* a dangerous act: only shortly after the user proved to be there; else 401 {"need": "again"} */
};

struct api_route {
    struct api_entry entry;
    enum api_flags flags;
    void (*handle)(struct api_call *c);
};

/* Answers: exactly one for each call. tree is freed. */
void api_answer(struct api_call *c, unsigned status, cJSON *tree, const char *const *extra);
void api_refuse(struct api_call *c, enum err e, const struct reason *r);
/* 200 with the tree, or on an error the refusal without it; tree is freed. */
void api_give(struct api_call *c, enum err e, cJSON *tree, const struct reason *r);
/* 200 with a printed page, which asks for nothing from anywhere, or on an error the refusal; html is freed. */
void api_give_page(struct api_call *c, enum err e, char *html, const struct reason *r);
void api_refuse_text(struct api_call *c, enum err e, const struct reason *r); /* of a text that cannot be read */
/* The same for a request that was put off. */
void api_resume(struct api *a, uint64_t ticket, unsigned status, cJSON *tree, const char *const *extra);
void api_resume_refused(struct api *a, uint64_t ticket, enum err e, const struct reason *r);

/* The same for a request whose answer takes the worker's time (Argon2id): checked and drawn on the loop, stretched on
 * the worker, committed on the loop. The first member of a struct with what it is about. */
struct api_job {
    struct api *api;
    const struct api_job_kind *kind;
    uint64_t ticket;
    unsigned tries;
    enum store_role role; /* of who asked */
    bool capped;          /* by begin or finish: refused as too much of it, with 429 */
};
struct api_job_kind {
    size_t size;                                                          /* of the whole struct */
    unsigned status;                                                      /* of the answer when all went well */
    enum err (*begin)(struct api_job *j, struct reason *r);               /* on the loop; again after ERR_DUPLICATE */
    void (*run)(struct api_job *j);                                       /* on the worker: shares nothing */
    enum err (*finish)(struct api_job *j, cJSON *tree, struct reason *r); /* on the loop: fills the answer */
};
/* All zeros but for the job itself; never NULL. */
void *api_job_new(const struct api_call *c, const struct api_job_kind *kind);
/* Begins, or refuses when e tells that the request could not be read. The job is wiped and freed when it is over. */
void api_job_start(struct api_call *c, struct api_job *j, enum err e, struct reason *r);

/* The body as JSON object with no members but the allowed; an empty body is an empty object. On false the refusal has
 * been answered. */
bool api_body(struct api_call *c, const char *const *members, cJSON **out);
/* A text member that may be missing ("" then). */
enum err api_optional_text(const cJSON *body, const char *key, size_t max_len, const char **out, struct reason *r);
/* The id in segment i; on false 404 has been answered. */
bool api_id(struct api_call *c, unsigned i, uint8_t *out, size_t len);
/* A whole number of the query: fallback when absent; ERR_RANGE, ERR_SYNTAX. */
enum err api_query_int(const struct api_call *c, const char *name, int64_t min, int64_t max, int64_t fallback,
                       int64_t *out, struct reason *r);
/* Which catalogues an answer can be made of: those of the staff pages, or those of papers for patients. */
enum api_words { API_WORDS_STAFF, API_WORDS_PAPER };
/* The code of a language in the query ("language"), of the catalogues there are; fallback when absent. The text is the
 * query's or fallback. ERR_SYNTAX: none of these, and the reason names them. */
enum err api_query_language(const struct api_call *c, enum api_words words, const char *fallback, const char **out,
                            struct reason *r);
/* The order in segment 0; on false the refusal has been answered. */
bool api_order_of(struct api_call *c, struct order *o);
/* What view tells of that order. */
void api_give_of_order(struct api_call *c,
                       enum err (*view)(struct hub *hub, const struct order *o, cJSON *into, struct reason *r));
const struct text *api_text(const struct api *a, const char *language);
bool api_is_fatal(const struct api_call *c); /* the store is gone: answers 503 */

/* What API_FRESH asks, for an address where only some requests are dangerous; on false the refusal has been answered.
 */
bool api_is_fresh(struct api_call *c);

/* What a user has to do before anything else: "password", "factor", or NULL. */
enum err api_must(struct hub *hub, const struct store_user *u, const char **must, struct reason *r) ERR_MUST_CHECK;

/* Handlers. */
void api_login(struct api_call *c);
void api_again(struct api_call *c);
void api_choose_password(struct api_call *c);
void api_logout(struct api_call *c);
void api_me(struct api_call *c);
void api_users(struct api_call *c);
void api_new_user(struct api_call *c);
void api_disable_user(struct api_call *c);
void api_enable_user(struct api_call *c);
void api_set_role(struct api_call *c);
void api_unlock_user(struct api_call *c);
void api_reset_user(struct api_call *c);
void api_forget_factor(struct api_call *c);
void api_begin_factor(struct api_call *c);
void api_confirm_factor(struct api_call *c);
void api_remove_factor(struct api_call *c);
void api_badges(struct api_call *c);
void api_make_badge(struct api_call *c);
void api_badge_page(struct api_call *c);
void api_revoke_badge(struct api_call *c);
void api_audit(struct api_call *c);
void api_trail(struct api_call *c);
void api_policies(struct api_call *c);
void api_set_policy(struct api_call *c);
void api_pharmacies(struct api_call *c);
void api_put_pharmacy(struct api_call *c);
void api_remove_pharmacy(struct api_call *c);

void api_bundle(struct api_call *c);
void api_dispense(struct api_call *c);
void api_orders(struct api_call *c);
void api_order(struct api_call *c);
void api_new_order(struct api_call *c);
void api_new_orders_csv(struct api_call *c);
void api_pack(struct api_call *c);
/* A new code and label for a bag that is packed: answers as api_pack. */
void api_repack(struct api_call *c, const struct order *o, const char *reason);
/* As api_refuse; 429 when capped. */
void api_refuse_capped(struct api_call *c, bool capped, enum err e, const struct reason *r);
void api_withdraw(struct api_call *c);
void api_step(struct api_call *c);
void api_label(struct api_call *c);
void api_slip(struct api_call *c);
void api_sheet(struct api_call *c);
void api_contact(struct api_call *c);

void api_exceptions(struct api_call *c);
void api_tour(struct api_call *c);
void api_tour_start(struct api_call *c);
void api_tour_scan(struct api_call *c);
void api_tour_explain(struct api_call *c);
void api_tour_end(struct api_call *c);
void api_locker_events(struct api_call *c);

void api_carers(struct api_call *c);
void api_grant_carer(struct api_call *c);
void api_carer_card(struct api_call *c);
void api_revoke_carer(struct api_call *c);
void api_recode(struct api_call *c);
void api_recodes(struct api_call *c);
void api_open_door(struct api_call *c);
void api_opening(struct api_call *c);
void api_key_card(struct api_call *c);

void api_board(struct api_call *c);
void api_lockers(struct api_call *c);
void api_set_address(struct api_call *c);
void api_set_hours(struct api_call *c);
void api_revoke_locker(struct api_call *c);
void api_faults(struct api_call *c);
void api_acknowledge_fault(struct api_call *c);
void api_close_fault(struct api_call *c);
void api_climate(struct api_call *c);
void api_climate_seen(struct api_call *c);
void api_round(struct api_call *c);
void api_use(struct api_call *c);
void api_fault(struct api_call *c);
void api_comment_fault(struct api_call *c);
void api_door_labels(struct api_call *c);
void api_asset(struct api_call *c);

#endif
