/* SPDX-License-Identifier: Apache-2.0 */
/* people: the pharmacist at the pages of the hub. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/faults.h"
#include "tests/sim/people/people.h"
#include "tests/sim/web.h"

#define ASK_US (20 * SECOND_US)
#define TARGET_CAP 120
#define BODY_CAP 400
#define HOST "Host: 127.0.0.1:8443"

static void ask(struct site *s, const char *method, const char *target, const char *body, struct web_answer *out)
{
    char cookie[sizeof s->cookie + 16];
    (void)snprintf(cookie, sizeof cookie, "Cookie: %s", s->cookie);
    const char *headers[] = {HOST, "X-Medlocker: 1", "Content-Type: application/json",
                             s->cookie[0] == '\0' ? NULL : cookie, NULL};
    web_ask(s->hub, method, target, headers, body, ASK_US, out);
}

static bool login_once(struct site *s)
{
    char body[BODY_CAP];
    struct web_answer a;
    s->cookie[0] = '\0';
    (void)snprintf(body, sizeof body, "{\"name\":\"%s\",\"password\":\"%s\"}", s->user, s->password);
    ask(s, "POST", "/api/login", body, &a);
    bool in = a.status == 200 && a.cookie[0] != '\0';
    if (in)
        (void)snprintf(s->cookie, sizeof s->cookie, "%s", a.cookie);
    else
        world_tell(s->w, "pharmacist", "login: %u %s", a.status, a.body == NULL ? "" : a.body);
    web_answer_free(&a);
    return in;
}

bool desk_login(struct site *s, int64_t until_us)
{
    if (s->cookie[0] != '\0')
        return true;
    while (!login_once(s)) {
        if (world_now_us(s->w) >= until_us || world_is_ending(s->w))
            return false;
        fiber_sleep(s->w, 3 * SECOND_US);
    }
    return true;
}

void desk_ask(struct site *s, const char *method, const char *target, const char *body, struct web_answer *out)
{
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < 2; i++) {
        if (!desk_login(s, world_now_us(s->w) + 30 * SECOND_US))
            return;
        ask(s, method, target, body, out);
        if (out->status != 401)
            return;
        s->cookie[0] = '\0'; /* the session has ended */
        web_answer_free(out);
        memset(out, 0, sizeof *out);
    }
}

/* ---------------------------------------------------------------- orders */

static bool copy_text(const cJSON *tree, const char *key, char *out, size_t cap)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(tree, key);
    if (!cJSON_IsString(x) || strlen(x->valuestring) >= cap)
        return false;
    (void)snprintf(out, cap, "%s", x->valuestring);
    return true;
}

static void make_up_patient(struct ghost_order *o, unsigned n, struct dice *d)
{
    unsigned day = 1 + dice_below(d, 28), month = 1 + dice_below(d, 12);
    (void)snprintf(o->patient, sizeof o->patient, "Q. van Xanten-Zwoelstra %04u", n);
    (void)snprintf(o->birth_date, sizeof o->birth_date, "%04u-%02u-%02u", 1930 + dice_below(d, 70), month, day);
    (void)snprintf(o->ddmm, sizeof o->ddmm, "%02u%02u", day, month);
    o->cls = dice_below(d, 5) != 0   ? TOKEN_CLASS_ORDINARY
             : dice_below(d, 3) != 0 ? TOKEN_CLASS_SENSITIVE
                                     : TOKEN_CLASS_CONTROLLED;
}

/* Some can be collected for a few hours only. */
static unsigned draw_hours(const struct site *s, struct dice *d)
{
    return s->faults == NULL || dice_below(d, 4) != 0 ? 0 : 2 + dice_below(d, 14);
}

static void put_window(const struct site *s, unsigned hours, char out[60])
{
    struct tm tm;
    out[0] = '\0';
    if (hours == 0)
        return;
    time_t end = (time_t)(machine_wall_us(s->w, &s->hub_machine) / SECOND_US + 3600 * (time_t)hours);
    (void)gmtime_r(&end, &tm);
    (void)strftime(out, 60, ",\"not_after\":\"%Y-%m-%dT%H:%M:%S+00:00\"", &tm);
}

static struct ghost_order *register_order(struct site *s, struct dice *d, struct ghost_order *slot, unsigned hours)
{
    static const char *const classes[] = {"ordinary", "sensitive", "controlled"};
    static const char *const sizes[] = {"S", "S", "S", "M"};
    char body[BODY_CAP], window[60];
    put_window(s, hours, window);
    (void)snprintf(body, sizeof body,
                   "{\"patient\":\"%s\",\"birth_date\":\"%s\",\"medicine\":\"PARACETAMOL 500MG\",\"class\":\"%s\","
                   "\"size\":\"%s\",\"reference\":\"r-%u\"%s}",
                   slot->patient, slot->birth_date, classes[slot->cls], sizes[dice_below(d, 4)],
                   (unsigned)(slot - s->ghost->order), window);
    struct web_answer a;
    for (unsigned i = 0; i < 5; i++) {
        desk_ask(s, "POST", "/api/orders", body, &a); /* the reference makes a second time harmless */
        cJSON *tree = a.body == NULL ? NULL : cJSON_Parse(a.body);
        bool made = (a.status == 200 || a.status == 201) && copy_text(tree, "id", slot->id, sizeof slot->id);
        if (!made)
            world_tell(s->w, "pharmacist", "new order: %u %s", a.status, a.body == NULL ? "" : a.body);
        cJSON_Delete(tree);
        web_answer_free(&a);
        if (made)
            return ghost_hex(slot->id, slot->key, sizeof slot->key) ? slot : NULL;
        fiber_sleep(s->w, 2 * SECOND_US);
    }
    return NULL;
}

/* In the book before it is asked for: what was sent is secret from now on. kin: another order of the patient, or NULL.
 */
static struct ghost_order *write_in_book(struct site *s, struct dice *d, const struct ghost_order *kin)
{
    struct ghost_book *g = s->ghost;
    if (g->orders == GHOST_ORDERS_MAX)
        return NULL;
    struct ghost_order *o = &g->order[g->orders];
    *o = (struct ghost_order){.place = GHOST_NO_BAG};
    make_up_patient(o, g->orders++, d);
    if (kin != NULL) {
        memcpy(o->patient, kin->patient, sizeof o->patient);
        memcpy(o->birth_date, kin->birth_date, sizeof o->birth_date);
        memcpy(o->ddmm, kin->ddmm, sizeof o->ddmm);
    }
    g->sum.orders++;
    return o;
}

struct ghost_order *desk_order(struct site *s, struct dice *d, const struct ghost_order *kin)
{
    struct ghost_order *o = write_in_book(s, d, kin);
    return o == NULL ? NULL : register_order(s, d, o, draw_hours(s, d));
}

struct ghost_order *desk_order_of(struct site *s, struct dice *d, enum token_class cls, unsigned hours)
{
    struct ghost_order *o = write_in_book(s, d, NULL);
    if (o == NULL)
        return NULL;
    o->cls = cls;
    return register_order(s, d, o, hours);
}

static bool get_order(struct site *s, const struct ghost_order *o, char state[24], uint32_t *load, char locker[17])
{
    char target[TARGET_CAP];
    struct web_answer a;
    (void)snprintf(target, sizeof target, "/api/orders/%s", o->id);
    desk_ask(s, "GET", target, NULL, &a);
    cJSON *tree = a.status == 200 ? cJSON_Parse(a.body) : NULL;
    bool read = copy_text(tree, "state", state, 24);
    const cJSON *l = cJSON_GetObjectItemCaseSensitive(tree, "load");
    if (load != NULL)
        *load = cJSON_IsNumber(l) ? (uint32_t)l->valuedouble : 0;
    if (locker != NULL && !copy_text(cJSON_GetObjectItemCaseSensitive(tree, "locker"), "id", locker, 17))
        locker[0] = '\0';
    cJSON_Delete(tree);
    web_answer_free(&a);
    return read;
}

bool desk_state(struct site *s, const struct ghost_order *o, char state[24])
{
    return get_order(s, o, state, NULL, NULL);
}

bool desk_step(struct site *s, const struct ghost_order *o, const char *event)
{
    char target[TARGET_CAP], body[BODY_CAP];
    struct web_answer a;
    (void)snprintf(target, sizeof target, "/api/orders/%s/step", o->id);
    (void)snprintf(body, sizeof body, "{\"event\":\"%s\"}", event);
    desk_ask(s, "POST", target, body, &a);
    bool done = a.status == 200;
    world_tell(s->w, "pharmacist", "%s order %.8s: %u %s", event, o->id, a.status,
               a.status >= 400 && a.body != NULL ? a.body : "");
    web_answer_free(&a);
    return done;
}

bool desk_withdraw(struct site *s, struct ghost_order *o)
{
    char target[TARGET_CAP];
    struct web_answer a;
    (void)snprintf(target, sizeof target, "/api/orders/%s/withdraw", o->id);
    desk_ask(s, "POST", target, "{}", &a);
    bool done = a.status == 200;
    world_tell(s->w, "pharmacist", "withdraws order %.8s: %u", o->id, a.status);
    o->asked_back = o->asked_back || done || a.status == 0;
    s->ghost->sum.withdrawals += done ? 1 : 0;
    web_answer_free(&a);
    return done;
}

/* ---------------------------------------------------------------- packing */

static char *get_page(struct site *s, const struct ghost_order *o, const char *page)
{
    char target[TARGET_CAP];
    struct web_answer a;
    (void)snprintf(target, sizeof target, "/api/orders/%s/%s", o->id, page);
    desk_ask(s, "GET", target, NULL, &a);
    char *text = a.status == 200 && a.body != NULL ? strdup(a.body) : NULL;
    web_answer_free(&a);
    return text;
}

/* The QR text of a page that begins with a mark. */
static bool find_token(const char *html, const char *mark, char out[TOKEN_TEXT_CAP])
{
    static const char begin[] = "data-token=\"";
    for (const char *at = html; (at = strstr(at, begin)) != NULL;) {
        at += sizeof begin - 1;
        size_t len = strcspn(at, "\"");
        if (strncmp(at, mark, strlen(mark)) == 0 && len < TOKEN_TEXT_CAP) {
            memcpy(out, at, len);
            out[len] = '\0';
            return true;
        }
    }
    return false;
}

static bool are_digits(const char *text, unsigned n)
{
    return strspn(text, "0123456789") == n;
}

/* "123 456 7890" */
static bool find_code(const char *html, char code[11])
{
    for (const char *at = html; *at != '\0'; at++) {
        if (!are_digits(at, 3) || at[3] != ' ' || !are_digits(at + 4, 3) || at[7] != ' ' || !are_digits(at + 8, 4))
            continue;
        (void)snprintf(code, 11, "%.3s%.3s%.4s", at, at + 4, at + 8);
        return true;
    }
    return false;
}

/* Label and slip, as often as it takes. */
static bool print(struct site *s, struct ghost_order *o, uint32_t load)
{
    char *label = NULL, *slip = NULL;
    for (unsigned i = 0; i < 5 && (label == NULL || slip == NULL); i++) {
        if (label == NULL)
            label = get_page(s, o, "label");
        if (slip == NULL)
            slip = get_page(s, o, "slip");
        if (label == NULL || slip == NULL)
            fiber_sleep(s->w, 2 * SECOND_US);
    }
    bool good = label != NULL && slip != NULL && find_token(label, "4D4C31", o->voucher) &&
                find_code(slip, o->code[load <= GHOST_LOADS_MAX ? load : GHOST_LOADS_MAX]);
    if (good && !find_token(slip, "4D5131", o->token))
        o->token[0] = '\0';
    free(label);
    free(slip);
    return good;
}

/* INV-20: what was in the lockers before is dead there, durably, when the hub lets it be packed again. */
static void judge_repack(struct site *s, const struct ghost_order *o, uint32_t load)
{
    for (unsigned i = 0; i < s->cfg.lockers; i++) {
        uint32_t known;
        enum observe_order state;
        int door;
        if (!observe_order(s->observe, i, o->key, &known, &state, &door) || known >= load || s->disk_lied)
            continue;
        if (state == OBSERVE_READY || state == OBSERVE_ORDER_OPENING || state == OBSERVE_UNCONFIRMED)
            world_fail(s->w, "INV-20 packed again only when the code is dead in its locker: order %.8s load %u in %u",
                       o->id, (unsigned)known, i);
    }
}

bool desk_pack(struct site *s, struct ghost_order *o, unsigned locker)
{
    char target[TARGET_CAP], body[BODY_CAP], state[24], where[17];
    struct web_answer a;
    uint32_t load;
    if (o->load >= GHOST_LOADS_MAX)
        return false;
    (void)snprintf(target, sizeof target, "/api/orders/%s/pack", o->id);
    (void)snprintf(body, sizeof body, "{\"locker\":\"%s\"}", s->locker[locker].id);
    desk_ask(s, "POST", target, body, &a);
    world_tell(s->w, "pharmacist", "packs order %.8s for locker %u: %u %s", o->id, locker, a.status,
               a.status >= 400 && a.body != NULL ? a.body : "");
    bool refused = a.status >= 400 && a.status < 500;
    web_answer_free(&a);
    if (refused)
        return false;
    /* The answer may have been lost: what counts is what the hub says now. */
    for (unsigned i = 0; !get_order(s, o, state, &load, where); i++) {
        if (i == 5)
            return false;
        fiber_sleep(s->w, 2 * SECOND_US);
    }
    if (strcmp(state, "packed") != 0 || load != o->load + 1 || strcmp(where, s->locker[locker].id) != 0)
        return false;
    judge_repack(s, o, load);
    if (load > 1)
        s->ghost->sum.repacks++;
    o->load = load; /* what was printed before is dead */
    memcpy(o->old_voucher, o->voucher, sizeof o->old_voucher);
    memcpy(o->old_token, o->token, sizeof o->old_token);
    o->locker = locker;
    if (!print(s, o, load))
        return false;
    o->place = GHOST_PHARMACY;
    o->bag_load = load;
    o->asked_back = false;
    o->served = false;
    o->pulses = 0;
    return true;
}

bool desk_badge(struct site *s, unsigned locker)
{
    char body[BODY_CAP];
    struct web_answer a;
    (void)snprintf(body, sizeof body, "{\"user\":\"%s\",\"locker\":\"%s\",\"pin\":\"" SITE_PIN "\",\"days\":30}",
                   s->user, s->locker[locker].id);
    desk_ask(s, "POST", "/api/badges", body, &a);
    cJSON *tree = a.status == 201 ? cJSON_Parse(a.body) : NULL;
    bool made = copy_text(tree, "token", s->badge[locker], sizeof s->badge[locker]);
    if (!made)
        world_tell(s->w, "pharmacist", "badge: %u %s", a.status, a.body == NULL ? "" : a.body);
    cJSON_Delete(tree);
    web_answer_free(&a);
    return made;
}

/* ---------------------------------------------------------------- carers, a new code, a door from afar */

static bool act_on_order(struct site *s, const struct ghost_order *o, const char *what, const char *body,
                         struct web_answer *a)
{
    char target[TARGET_CAP];
    (void)snprintf(target, sizeof target, "/api/orders/%s/%s", o->id, what);
    desk_ask(s, "POST", target, body, a);
    world_tell(s->w, "pharmacist", "%s of order %.8s: %u %s", what, o->id, a->status,
               a->status >= 400 && a->body != NULL ? a->body : "");
    return a->status >= 200 && a->status < 300;
}

bool desk_carer(struct site *s, const struct ghost_order *o, struct people_carer *out)
{
    char target[TARGET_CAP];
    struct web_answer a;
    memset(out, 0, sizeof *out);
    bool made = act_on_order(s, o, "carers", "{\"name\":\"Z. Buurman\",\"kind\":\"once\",\"with_code\":true}", &a);
    cJSON *tree = made && a.body != NULL ? cJSON_Parse(a.body) : NULL;
    made = copy_text(tree, "id", out->id, sizeof out->id);
    cJSON_Delete(tree);
    web_answer_free(&a);
    if (!made)
        return false;
    (void)snprintf(target, sizeof target, "/api/carers/%s/card?locker=%s", out->id, s->locker[o->locker].id);
    desk_ask(s, "GET", target, NULL, &a);
    bool good =
        a.status == 200 && a.body != NULL && find_token(a.body, "4D4331", out->card) && find_code(a.body, out->code);
    web_answer_free(&a);
    return good;
}

bool desk_revoke(struct site *s, const struct people_carer *c)
{
    char target[TARGET_CAP];
    struct web_answer a;
    (void)snprintf(target, sizeof target, "/api/carers/%s/revoke", c->id);
    desk_ask(s, "POST", target, "{}", &a);
    bool done = a.status >= 200 && a.status < 300;
    world_tell(s->w, "pharmacist", "revokes carer %.8s: %u", c->id, a.status);
    web_answer_free(&a);
    return done;
}

bool desk_recode(struct site *s, const struct ghost_order *o)
{
    struct web_answer a;
    bool done = act_on_order(s, o, "recode", "{\"reason\":\"the slip is lost\"}", &a);
    web_answer_free(&a);
    return done;
}

bool desk_open(struct site *s, const struct ghost_order *o)
{
    struct web_answer a;
    bool done = act_on_order(s, o, "open", "{\"reason\":\"is on the telephone\"}", &a);
    web_answer_free(&a);
    return done;
}

bool desk_wait(struct site *s, const struct ghost_order *o, const char *page, const char *word, int64_t within_us)
{
    int64_t until_us = world_now_us(s->w) + within_us;
    bool found = false;
    while (!found && world_now_us(s->w) < until_us && !world_is_ending(s->w)) {
        char *text = get_page(s, o, page);
        found = text != NULL && strstr(text, word) != NULL;
        free(text);
        if (!found)
            fiber_sleep(s->w, SECOND_US);
    }
    return found;
}

bool desk_slip(struct site *s, struct ghost_order *o, char code[11])
{
    char *slip = get_page(s, o, "slip");
    bool good = slip != NULL && find_code(slip, code);
    if (good && !find_token(slip, "4D5131", o->token))
        o->token[0] = '\0';
    free(slip);
    return good;
}
