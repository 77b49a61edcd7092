/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/slip.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "backend/pictogram.h"
#include "common/code.h"
#include "common/file.h"
#include "common/token.h"

#define NUMBER_CAP 24

/* ---------------------------------------------------------------- catalogues */

enum err slip_texts_load(struct slip_texts *out, const char *folder, struct reason *r)
{
    struct slip_texts fresh = {.of = {NULL}};
    enum err e = ERR_OK;

    for (unsigned i = 0; i < LANGUAGE_N && e == ERR_OK; i++) {
        char name[32], path[FILE_PATH_CAP];

        (void)snprintf(name, sizeof(name), "slip.%s.json", language_code((enum language)i));
        e = file_path(path, folder, name, r);
        if (e == ERR_OK)
            e = text_load(&fresh.of[i], path, r);
    }
    if (e != ERR_OK)
        slip_texts_free(&fresh);
    else
        *out = fresh;
    return e;
}

void slip_texts_free(struct slip_texts *t)
{
    for (unsigned i = 0; i < LANGUAGE_N; i++) {
        text_free(t->of[i]);
        t->of[i] = NULL;
    }
}

/* ---------------------------------------------------------------- parts */

struct slip_two slip_languages(const struct slip_texts *t, const char *language)
{
    enum language own = LANGUAGE_NL;

    if (language_parse(language, &own) != ERR_OK)
        own = LANGUAGE_NL;
    return (struct slip_two){.own = t->of[own], .second = t->of[own == LANGUAGE_NL ? LANGUAGE_EN : LANGUAGE_NL]};
}

static void put_place(struct print *p, const struct slip *x)
{
    char at[PRINT_TIME_CAP];

    print_words(p, "<dt>", "slip.where", "</dt>");
    print_element(p, "<dd class=\"where\">", x->locker_name, "");
    if (x->locker_address != NULL && x->locker_address[0] != '\0')
        print_element(p, "<br>", x->locker_address, "");
    print_markup(p, "</dd>");
    if (x->hours != NULL && x->hours[0] != '\0')
        print_pair(p, "slip.hours", x->hours);
    print_time(p, x->order->ask.not_before_s, at);
    print_pair(p, "slip.from", at);
    print_time(p, x->order->ask.not_after_s, at);
    print_words(p, "<dt>", "slip.until", "</dt>");
    print_element(p, "<dd><b>", at, "</b></dd>");
}

/* The bar and the corner to cut off, which say what side goes before the scanner, and what stands beside the QR. */
static void put_edge(struct print *p)
{
    print_markup(p, "<div class=\"edge\"></div><svg class=\"notch\" viewBox=\"0 0 19 19\" aria-hidden=\"true\">"
                    "<path d=\"M0 0L19 19M0 0H19V19\" fill=\"none\" stroke=\"#000\" stroke-width=\".8\" "
                    "stroke-dasharray=\"2.200 1.400\"/></svg><div class=\"head\"><div");
    print_words(p, " dir=\"", "language.dir", "\">");
}

static enum err put_scan(struct print *p, const struct slip_two *t, const char *token, struct reason *r)
{
    enum err e;

    print_markup(p, "</div><div class=\"scan\">");
    e = print_qr(p, token, r);
    print_words(p, "<span dir=\"auto\">&#9650; ", "slip.scan", "</span>");
    print_second(p, t->second, "slip.scan");
    print_markup(p, "</div></div>");
    return e;
}

static enum err put_head(struct print *p, const struct slip_two *t, const struct slip *x, struct reason *r)
{
    put_edge(p);
    print_both(p, t->second, "<h1>", "slip.title", "</h1>");
    print_markup(p, "<dl>");
    print_pair(p, "slip.for", x->order->ask.patient);
    put_place(p, x);
    print_markup(p, "</dl>");
    return put_scan(p, t, x->pickup, r);
}

static void put_code(struct print *p, const char *code)
{
    char shown[CODE_DIGITS + 3];

    code_format(code, shown);
    print_words(p, "<h2>", "slip.code", "</h2>");
    print_element(p, "<p class=\"code\">", shown, "</p>");
    sodium_memzero(shown, sizeof(shown));
}

static void put_way(struct print *p, const struct slip_two *t)
{
    static const struct {
        enum pictogram picture;
        const char *words;
    } steps[] = {
        {PICTOGRAM_GO, "slip.step.go"},     {PICTOGRAM_CODE, "slip.step.code"},   {PICTOGRAM_LIGHT, "slip.step.door"},
        {PICTOGRAM_TAKE, "slip.step.take"}, {PICTOGRAM_CLOSE, "slip.step.close"},
    };
    char number[NUMBER_CAP];

    print_markup(p, "<ol class=\"way\">");
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        (void)snprintf(number, sizeof(number), "%u", i + 1);
        print_markup(p, "<li>");
        print_markup(p, pictogram_svg(steps[i].picture));
        print_element(p, "<b>", number, "</b> ");
        print_words(p, "", steps[i].words, "");
        print_second(p, t->second, steps[i].words);
        print_markup(p, "</li>");
    }
    print_markup(p, "</ol>");
}

static const char *birthday_key(const struct request *q)
{
    if (q->cls != TOKEN_CLASS_ORDINARY)
        return "slip.birthday.always";
    return q->birth_date[0] == '\0' ? "slip.birthday.never" : "slip.birthday.sometimes";
}

static enum err put_help(struct print *p, const struct slip_two *t, const struct slip *x, struct reason *r)
{
    const struct token key = {.kind = TOKEN_KEY, .u.key.key = SLIP_KEY_HELP};
    char content[TOKEN_TEXT_CAP], number[NUMBER_CAP];
    enum err e;

    token_encode(&key, NULL, content);
    (void)snprintf(number, sizeof(number), "%" PRId64, x->order->number);
    print_markup(p, "<div class=\"help\">");
    e = print_qr(p, content, r);
    print_words(p, "<p><b>", "slip.help", "</b> ");
    print_words(p, "", "slip.help.scan", "");
    print_second(p, t->second, "slip.help.scan");
    print_words(p, "<br>", "slip.help.call", " <b class=\"phone\">");
    print_element(p, "", x->telephone, "</b> ");
    print_element(p, "(<bdi>", x->pharmacy_name, "</bdi>). ");
    print_words(p, "", "slip.say", " <b class=\"phone\">");
    print_element(p, "", number, "</b></p></div>");
    return e;
}

/* ---------------------------------------------------------------- the strip */

/* Whoever comes without a scanner before them, or without the strip, has the telephone. */
static enum err put_strip(struct print *p, const struct slip_two *t, const struct slip *x, struct reason *r)
{
    char number[NUMBER_CAP];
    enum err e;

    (void)snprintf(number, sizeof(number), "%" PRId64, x->order->number);
    print_markup(p, "<section class=\"strip\">");
    print_both(p, t->second, "<p class=\"cut\">&#9986; ", "slip.strip.cut", "</p>");
    print_markup(p, "<div class=\"part\">");
    put_edge(p);
    print_both(p, t->second, "<h2>", "slip.strip.title", "</h2>");
    print_markup(p, "<dl>");
    put_place(p, x);
    print_pair(p, "slip.strip.number", number);
    print_markup(p, "</dl>");
    print_both(p, t->second, "<p>", "slip.strip.way", "</p>");
    if (x->order->ask.cls != TOKEN_CLASS_ORDINARY) /* the card is not enough: see claim.c of the locker */
        print_both(p, t->second, "<p>", "slip.strip.both", "</p>");
    print_words(p, "<p>&#9986; ", "slip.notch", "</p>");
    e = put_scan(p, t, x->strip, r);
    print_both(p, t->second, "<div class=\"help\"><p>", "slip.strip.call", "");
    print_element(p, " <b class=\"phone\">", x->telephone, "</b> ");
    print_element(p, "(<bdi>", x->pharmacy_name, "</bdi>).</p></div></div></section>");
    return e;
}

/* ---------------------------------------------------------------- the slip */

enum err slip_put(struct print *p, const struct slip_texts *texts, const struct slip *x, struct reason *r)
{
    const struct slip_two t = slip_languages(texts, x->order->ask.language);
    bool strip = x->strip != NULL && x->strip[0] != '\0';
    enum err e;

    if (!code_is_well_formed(x->code))
        return err_because(r, ERR_SYNTAX, "not a code");
    p->t = t.own;
    print_words(p, strip ? "<article class=\"slip wide\" lang=\"" : "<article class=\"slip\" lang=\"", "language.code",
                "\"");
    print_words(p, " dir=\"", "language.dir", "\">");
    e = put_head(p, &t, x, r);
    put_code(p, x->code);
    put_way(p, &t);
    print_both(p, t.second, "<p>", birthday_key(&x->order->ask), "</p>");
    print_words(p, "<p>", strip ? "slip.keep.strip" : "slip.keep", "");
    print_words(p, "<br>&#9986; ", "slip.notch", "</p>");
    if (e == ERR_OK)
        e = put_help(p, &t, x, r);
    if (e == ERR_OK && strip)
        e = put_strip(p, &t, x, r);
    print_markup(p, "</article>");
    return e;
}

enum err slip_page(const struct slip_texts *t, const struct slip *x, char **html, struct reason *r)
{
    struct print p;
    enum err e = print_open(&p, slip_languages(t, x->order->ask.language).own, "slip.title", r);

    return e == ERR_OK ? print_close(&p, slip_put(&p, t, x, r), html, r) : e;
}
