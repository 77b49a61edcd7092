/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/label.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void label_number(int64_t number, char *out)
{
    (void)snprintf(out, LABEL_NUMBER_CAP, "%" PRId64, number);
}

/* ---------------------------------------------------------------- bag */

static void put_marks(struct print *p, const struct request *q)
{
    char key[PRINT_KEY_CAP];

    (void)snprintf(key, sizeof(key), "label.size.%s", token_size_name(q->size));
    print_words(p, "<p><span class=\"mark\">", key, "</span>");
    if (q->zone == TOKEN_ZONE_COLD) {
        print_words(p, "<span class=\"mark\">", "label.zone.cold", "</span>");
    }
    if (q->low_door) {
        print_words(p, "<span class=\"mark\">", "label.low", "</span>");
    }
    print_markup(p, "</p>");
}

static enum err put_bag(struct print *p, const struct label_bag *x, struct reason *r)
{
    char number[LABEL_NUMBER_CAP], until[PRINT_TIME_CAP];

    label_number(x->order->number, number);
    print_markup(p, "<article class=\"bag\"><div class=\"edge\"></div>");
    print_element(p, "<p class=\"number\">", number, "</p>");
    enum err e = print_qr(p, x->packing->voucher, r);
    put_marks(p, &x->order->ask);
    print_markup(p, "<dl>");
    print_pair(p, "label.locker", x->locker_name);
    print_time(p, x->order->ask.not_after_s, until);
    print_pair(p, "label.until", until);
    print_markup(p, "</dl>");
    print_words(p, "<p>", "label.bag.hint", "</p></article>");
    return e;
}

enum err label_bag(const struct text *t, const struct label_bag *x, char **html, struct reason *r)
{
    struct print p;
    enum err e = print_open(&p, t, "label.bag.title", r);

    if (e == ERR_OK)
        e = print_close(&p, put_bag(&p, x, r), html, r);
    return e;
}

enum err label_sheet(const struct text *t, const struct slip_texts *slips, const struct label_set *x, unsigned n,
                     char **html, struct reason *r)
{
    struct print p;
    enum err e = print_open(&p, t, "label.sheet.title", r);

    if (e != ERR_OK)
        return e;
    for (unsigned i = 0; i < n && e == ERR_OK; i++) {
        p.t = t;
        e = put_bag(&p, &x[i].bag, r);
        if (e == ERR_OK && x[i].has_slip)
            e = slip_put(&p, slips, &x[i].slip, r);
    }
    return print_close(&p, e, html, r);
}

/* ---------------------------------------------------------------- doors and badges */

enum err label_doors(const struct text *t, const struct store_locker *l, const struct store_compartment *doors,
                     unsigned n, char **html, struct reason *r)
{
    struct print p;
    enum err e = print_open(&p, t, "label.doors.title", r);

    if (e != ERR_OK) {
        return e;
    }
    print_words(&p, "<h1>", "label.doors.title", ": ");
    print_element(&p, "", l->name, "</h1>");
    print_words(&p, "<p>", "label.doors.hint", "</p><main class=\"doors\">");
    for (unsigned i = 0; e == ERR_OK && i < n; i++) {
        struct token k = {.kind = TOKEN_DOOR, .u.door.door = doors[i].number};
        char content[TOKEN_TEXT_CAP], number[LABEL_NUMBER_CAP];
        if (doors[i].number < 1 || doors[i].number > 999) {
            e = err_because(r, ERR_RANGE, "door %s has no number", doors[i].door);
            break;
        }
        memcpy(k.u.door.locker, l->id, sizeof(k.u.door.locker));
        token_encode(&k, NULL, content);
        label_number(doors[i].number, number);
        print_element(&p, "<div class=\"door\"><b>", doors[i].door, "</b>");
        e = print_qr(&p, content, r);
        print_element(&p, "<br>", number, "</div>");
    }
    print_markup(&p, "</main>");
    return print_close(&p, e, html, r);
}

enum err label_badge(const struct text *t, const struct label_badge *x, char **html, struct reason *r)
{
    char key[PRINT_KEY_CAP], until[PRINT_TIME_CAP];
    struct print p;
    enum err e = print_open(&p, t, "badge.title", r);

    if (e != ERR_OK) {
        return e;
    }
    print_element(&p, "<main class=\"badge\"><h1>", x->full_name, "</h1>");
    e = print_qr(&p, x->token, r);
    (void)snprintf(key, sizeof(key), "badge.role.%s", token_role_name(x->badge->role));
    print_markup(&p, "<dl>");
    print_pair(&p, "badge.role", text_get(t, key));
    print_pair(&p, "label.locker", x->locker_name);
    print_time(&p, x->badge->not_after_s, until);
    print_pair(&p, "badge.until", until);
    print_markup(&p, "</dl>");
    print_words(&p, "<p>", "badge.hint", "</p></main>");
    return print_close(&p, e, html, r);
}
