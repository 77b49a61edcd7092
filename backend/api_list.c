/* SPDX-License-Identifier: Apache-2.0 */
/* api: the long lists, orders and the audit: filtered, sorted and cut into pages here, so that a page never hides that
 * there is more. */
#include <stdio.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/view.h"
#include "common/num.h"

#define SEARCH_MAX 80
#define OFFSET_MAX 100000000

/* What every such list can be asked for. */
struct asked {
    const char *search; /* NULL: all */
    int64_t below, from_ms, before_ms;
    unsigned limit, offset;
};

static enum err read_asked(const struct api_call *c, struct asked *x, struct reason *r)
{
    const char *search = http_query(c->q, "search");
    int64_t limit = 0, offset = 0;
    enum err e = api_query_int(c, "limit", 1, STORE_PAGE_MAX, 100, &limit, r);

    if (e == ERR_OK)
        e = api_query_int(c, "offset", 0, OFFSET_MAX, 0, &offset, r);
    if (e == ERR_OK)
        e = api_query_int(c, "below", 0, INT64_MAX, 0, &x->below, r);
    if (e == ERR_OK)
        e = api_query_int(c, "from_ms", 0, INT64_MAX, 0, &x->from_ms, r);
    if (e == ERR_OK)
        e = api_query_int(c, "to_ms", 0, INT64_MAX, 0, &x->before_ms, r);
    x->limit = (unsigned)limit;
    x->offset = (unsigned)offset;
    x->search = search != NULL && *search != '\0' ? search : NULL;
    if (e == ERR_OK && x->search != NULL && strlen(search) > SEARCH_MAX)
        e = err_because(r, ERR_TOO_LONG, "search: too long");
    return e;
}

/* The lists are asked for every second: only what changed is told again. */
struct list_answer {
    char tag[80];
    const char *extra[3];
};

/* false: who asks has it already, and has been told so. */
static bool is_news(struct api_call *c, struct list_answer *a)
{
    const char *known = http_header(c->q, "If-None-Match");

    (void)snprintf(a->tag, sizeof(a->tag), "ETag: \"l%u-%llu-%d\"", c->hub->boot, (unsigned long long)c->hub->revision,
                   (int)c->user.role);
    a->extra[0] = a->tag;
    a->extra[1] = "Cache-Control: no-cache";
    a->extra[2] = NULL;
    if (known == NULL || strcmp(known, a->tag + 6) != 0)
        return true;
    http_answer(c->q, 304, NULL, "", 0, a->extra);
    return false;
}

static void give_list(struct api_call *c, const struct list_answer *a, enum err e, cJSON *tree, struct reason *r)
{
    if (hub_judge(c->hub, e, r) == ERR_OK) {
        api_answer(c, 200, tree, a->extra);
        return;
    }
    cJSON_Delete(tree);
    api_refuse(c, e, r);
}

/* ---------------------------------------------------------------- orders */

static enum err parse_states(const char *text, uint32_t *out, struct reason *r)
{
    uint32_t states = 0;

    while (text != NULL && *text != '\0') {
        char word[STORE_TOKEN_CAP];
        size_t len = strcspn(text, ",");
        enum order_state state;

        if (len == 0 || len >= sizeof(word))
            return err_because(r, ERR_UNKNOWN, "state: not a list of names of states");
        memcpy(word, text, len);
        word[len] = '\0';
        if (order_state_parse(word, &state) != ERR_OK)
            return err_because(r, ERR_UNKNOWN, "state: \"%s\" is not known", word);
        states |= 1u << state;
        text += len;
        if (*text == ',')
            text++;
    }
    *out = states;
    return ERR_OK;
}

/* "until", or "-until" for the greatest first. */
static enum err parse_sort(const char *text, enum store_role role, struct store_order_filter *f, struct reason *r)
{
    static const char *const names[] = {"number", "state", "patient", "until", "changed"};

    if (text == NULL || *text == '\0')
        return ERR_OK;
    f->down = *text == '-';
    text += f->down ? 1 : 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(text, names[i]) == 0)
            f->sort = (enum store_order_sort)(i + STORE_ORDER_BY_NUMBER);
    if (f->sort == STORE_ORDER_NEWEST)
        return err_because(r, ERR_UNKNOWN, "sort: must be number, state, patient, until or changed");
    if (f->sort == STORE_ORDER_BY_PATIENT && !view_role_knows_patients(role))
        return err_because(r, ERR_DENIED, "sort: by patient only for pharmacists");
    if (f->sort == STORE_ORDER_BY_NUMBER && f->down)
        f->sort = STORE_ORDER_NEWEST;
    return ERR_OK;
}

/* Names and references are for pharmacists: for others the answer would tell who is a patient. */
static enum err check_search(const struct api_call *c, struct store_order_filter *f, struct reason *r)
{
    int64_t number;

    f->search_number = !view_role_knows_patients(c->user.role);
    if (f->search != NULL && f->search_number && num_parse(f->search, 0, INT64_MAX, &number) != ERR_OK)
        return err_because(r, ERR_DENIED, "search: anything but the number of a bag is for pharmacists only");
    return ERR_OK;
}

static enum err read_orders(const struct api_call *c, struct store_order_filter *f, struct reason *r)
{
    const char *locker = http_query(c->q, "locker");
    struct asked x = {.below = 0};
    enum err e = read_asked(c, &x, r);

    *f = (struct store_order_filter){.search = x.search,
                                     .below_number = x.below,
                                     .created_from_ms = x.from_ms,
                                     .created_before_ms = x.before_ms,
                                     .limit = x.limit,
                                     .offset = x.offset};
    if (e == ERR_OK)
        e = parse_states(http_query(c->q, "state"), &f->states, r);
    if (e == ERR_OK)
        e = parse_sort(http_query(c->q, "sort"), c->user.role, f, r);
    if (e == ERR_OK)
        e = check_search(c, f, r);
    if (e != ERR_OK || locker == NULL || *locker == '\0')
        return e;
    if (num_from_hex(locker, f->locker, sizeof(f->locker)) != ERR_OK)
        return err_because(r, ERR_SYNTAX, "locker: not an id");
    f->has_locker = true;
    return ERR_OK;
}

void api_orders(struct api_call *c)
{
    struct store_order_filter f;
    struct list_answer a = {.tag = ""};
    struct reason r;
    enum err e = read_orders(c, &f, &r);

    if (e != ERR_OK) {
        api_refuse(c, e, &r);
    } else if (is_news(c, &a)) {
        cJSON *tree = json_new_object();

        e = view_orders(c->hub, c->user.role, &f, tree, &r);
        give_list(c, &a, e, tree, &r);
    }
}

/* ---------------------------------------------------------------- the audit */

static const char *query_name(const struct api_call *c, const char *name)
{
    const char *text = http_query(c->q, name);

    return text != NULL && *text != '\0' ? text : NULL;
}

static enum err read_audit(const struct api_call *c, struct store_audit_filter *f, struct reason *r)
{
    const char *sort = query_name(c, "sort");
    struct asked x = {.below = 0};
    enum err e = read_asked(c, &x, r);

    *f = (struct store_audit_filter){.search = x.search,
                                     .actor = query_name(c, "actor"),
                                     .action = query_name(c, "action"),
                                     .from_ms = x.from_ms,
                                     .before_ms = x.before_ms,
                                     .below_seq = x.below,
                                     .oldest_first = sort != NULL && *sort != '-',
                                     .limit = x.limit,
                                     .offset = x.offset};
    if (e == ERR_OK && sort != NULL && strcmp(sort, "seq") != 0 && strcmp(sort, "-seq") != 0)
        e = err_because(r, ERR_UNKNOWN, "sort: must be seq or -seq");
    return e;
}

void api_audit(struct api_call *c)
{
    struct store_audit_filter f;
    struct list_answer a = {.tag = ""};
    struct reason r;
    enum err e = read_audit(c, &f, &r);

    if (e != ERR_OK) {
        api_refuse(c, e, &r);
    } else if (is_news(c, &a)) {
        cJSON *tree = json_new_object();

        e = view_audit(c->hub, &f, tree, &r);
        give_list(c, &a, e, tree, &r);
    }
}
