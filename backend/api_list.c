/* SPDX-License-Identifier: Apache-2.0 */
/* api: the list of orders: filtered, sorted and cut into pages here, so that a page never hides that there is more. */
#include <stdio.h>
#include <string.h>

#include "backend/api_part.h"
#include "backend/view.h"
#include "common/num.h"

#define SEARCH_MAX 80
#define OFFSET_MAX 100000000

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
static enum err read_search(const struct api_call *c, struct store_order_filter *f, struct reason *r)
{
    const char *text = http_query(c->q, "search");
    int64_t number;

    if (text == NULL || *text == '\0')
        return ERR_OK;
    f->search = text;
    f->search_number = !view_role_knows_patients(c->user.role);
    if (f->search_number && num_parse(text, 0, INT64_MAX, &number) != ERR_OK)
        return err_because(r, ERR_DENIED, "search: anything but the number of a bag is for pharmacists only");
    return strlen(text) <= SEARCH_MAX ? ERR_OK : err_because(r, ERR_TOO_LONG, "search: too long");
}

static enum err read_page(const struct api_call *c, struct store_order_filter *f, struct reason *r)
{
    int64_t limit = 0, offset = 0;
    enum err e = api_query_int(c, "limit", 1, STORE_PAGE_MAX, 100, &limit, r);

    if (e == ERR_OK)
        e = api_query_int(c, "offset", 0, OFFSET_MAX, 0, &offset, r);
    if (e == ERR_OK)
        e = api_query_int(c, "below", 0, INT64_MAX, 0, &f->below_number, r);
    f->limit = (unsigned)limit;
    f->offset = (unsigned)offset;
    return e;
}

static enum err read_filter(const struct api_call *c, struct store_order_filter *f, struct reason *r)
{
    const char *locker = http_query(c->q, "locker");
    enum err e = parse_states(http_query(c->q, "state"), &f->states, r);

    if (e == ERR_OK)
        e = read_page(c, f, r);
    if (e == ERR_OK)
        e = api_query_int(c, "from_ms", 0, INT64_MAX, 0, &f->created_from_ms, r);
    if (e == ERR_OK)
        e = api_query_int(c, "to_ms", 0, INT64_MAX, 0, &f->created_before_ms, r);
    if (e == ERR_OK)
        e = parse_sort(http_query(c->q, "sort"), c->user.role, f, r);
    if (e == ERR_OK)
        e = read_search(c, f, r);
    if (e != ERR_OK || locker == NULL || *locker == '\0')
        return e;
    if (num_from_hex(locker, f->locker, sizeof(f->locker)) != ERR_OK)
        return err_because(r, ERR_SYNTAX, "locker: not an id");
    f->has_locker = true;
    return ERR_OK;
}

void api_orders(struct api_call *c)
{
    struct store_order_filter f = {.states = 0};
    char tag[80];
    const char *const extra[] = {tag, "Cache-Control: no-cache", NULL};
    const char *known = http_header(c->q, "If-None-Match");
    cJSON *tree;
    struct reason r;
    enum err e = read_filter(c, &f, &r);

    if (e != ERR_OK) {
        api_refuse(c, e, &r);
        return;
    }
    (void)snprintf(tag, sizeof(tag), "ETag: \"o%u-%llu-%d\"", c->hub->boot, (unsigned long long)c->hub->revision,
                   (int)c->user.role);
    if (known != NULL && strcmp(known, tag + 6) == 0) {
        http_answer(c->q, 304, NULL, "", 0, extra);
        return;
    }
    tree = json_new_object();
    e = hub_judge(c->hub, view_orders(c->hub, c->user.role, &f, tree, &r), &r);
    if (e == ERR_OK) {
        api_answer(c, 200, tree, extra);
        return;
    }
    cJSON_Delete(tree);
    api_refuse(c, e, &r);
}
