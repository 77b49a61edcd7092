/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/card.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "common/code.h"
#include "common/token.h"

#define NUMBER_CAP 24

/* ---------------------------------------------------------------- a carer */

static void put_place(struct print *p, const struct card_carer *x)
{
    char until[PRINT_TIME_CAP], number[NUMBER_CAP];

    print_markup(p, "<dl>");
    print_pair(p, "card.carer.name", x->carer->name);
    print_words(p, "<dt>", "slip.where", "</dt>");
    print_element(p, "<dd class=\"where\">", x->locker_name, "");
    if (x->locker_address != NULL && x->locker_address[0] != '\0')
        print_element(p, "<br>", x->locker_address, "");
    print_markup(p, "</dd>");
    if (x->carer->standing) {
        print_pair(p, "slip.for", text_get(p->t, "card.carer.standing"));
    } else {
        (void)snprintf(number, sizeof(number), "%" PRId64, x->order_number);
        print_pair(p, "card.carer.once", number);
    }
    print_time(p, x->carer->not_after_s, until);
    print_pair(p, "slip.until", until);
    print_markup(p, "</dl>");
}

static enum err put_code(struct print *p, const struct text *also, const char *code, struct reason *r)
{
    char shown[CODE_DIGITS + 3];

    if (code == NULL)
        return ERR_OK;
    if (!code_is_well_formed(code))
        return err_because(r, ERR_SYNTAX, "not a code");
    code_format(code, shown);
    print_both(p, also, "<h2>", "card.carer.code", "</h2>");
    print_element(p, "<p class=\"code\">", shown, "</p>");
    sodium_memzero(shown, sizeof(shown));
    print_both(p, also, "<p>", "card.carer.code.once", "</p>");
    return ERR_OK;
}

static void put_help(struct print *p, const struct text *also, const struct card_carer *x)
{
    print_both(p, also, "<p>", "card.carer.step.scan", "</p>");
    print_both(p, also, "<p>", "card.carer.step.take", "</p>");
    print_both(p, also, "<p>", "card.carer.keep", "</p>");
    print_words(p, "<div class=\"help\"><p><b>", "slip.help", "</b> ");
    print_element(p, "&#9742; <b class=\"phone\">", x->telephone, "</b> (<bdi>");
    print_element(p, "", x->pharmacy_name, "</bdi>).</p></div>");
}

enum err card_carer(const struct text *t, const struct text *also, const struct card_carer *x, char **html,
                    struct reason *r)
{
    struct print p;
    enum err e = print_open(&p, t, "card.carer.title", r);

    if (e != ERR_OK)
        return e;
    print_words(&p, "<main><article class=\"slip\" dir=\"", "language.dir", "\"><div class=\"edge\"></div>");
    print_words(&p, "<div class=\"head\"><div dir=\"", "language.dir", "\">");
    print_both(&p, also, "<h1>", "card.carer.title", "</h1>");
    put_place(&p, x);
    print_markup(&p, "</div><div class=\"scan\">");
    e = print_qr(&p, x->token, r);
    print_both(&p, also, "<span dir=\"auto\">&#9650; ", "slip.scan", "</span></div></div>");
    if (e == ERR_OK)
        e = put_code(&p, also, x->code, r);
    put_help(&p, also, x);
    print_markup(&p, "</article></main>");
    return print_close(&p, e, html, r);
}

/* ---------------------------------------------------------------- keys */

/* As enum event_key of the locker (docs/contract.md, token MK1). */
static const struct {
    const char *sign, *word;
} keys[CARD_KEYS] = {
    {"0", NULL},
    {"1", NULL},
    {"2", NULL},
    {"3", NULL},
    {"4", NULL},
    {"5", NULL},
    {"6", NULL},
    {"7", NULL},
    {"8", NULL},
    {"9", NULL},
    {"OK", "card.key.ok"},
    {"&#10005;", "card.key.clear"},
    {"?", "card.key.help"},
    {"A&#8646;", "card.key.language"},
    {"&#9711;", "card.key.show"},
    {"&#8635;", "card.key.repeat"},
};

static enum err put_key(struct print *p, const struct text *also, uint8_t number, struct reason *r)
{
    const struct token t = {.kind = TOKEN_KEY, .u.key.key = number};
    char content[TOKEN_TEXT_CAP];
    enum err e;

    token_encode(&t, NULL, content);
    print_markup(p, "<div class=\"door\"><b>");
    print_markup(p, keys[number].sign); /* ours */
    print_markup(p, "</b>");
    e = print_qr(p, content, r);
    if (keys[number].word != NULL)
        print_both(p, also, "<span>", keys[number].word, "</span>");
    print_markup(p, "</div>");
    return e;
}

enum err card_keys(const struct text *t, const struct text *also, char **html, struct reason *r)
{
    static_assert(CARD_KEYS == TOKEN_KEYS, "every key has its sign");
    struct print p;
    enum err e = print_open(&p, t, "card.keys.title", r);

    if (e != ERR_OK)
        return e;
    print_both(&p, also, "<main><h1>", "card.keys.title", "</h1>");
    print_both(&p, also, "<p>", "card.keys.hint", "</p>");
    print_markup(&p, "<div class=\"doors\">");
    for (uint8_t i = 0; i < CARD_KEYS && e == ERR_OK; i++)
        e = put_key(&p, also, i, r);
    print_markup(&p, "</div></main>");
    return print_close(&p, e, html, r);
}
