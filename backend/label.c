/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/label.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/qr.h"

#define KEY_CAP 40
#define TIME_CAP 96

/* One style for all: it must print the same from any browser, in black, without colours to tell things apart. */
static const char style[] =
    "@page{margin:8mm}*{box-sizing:border-box}body{font:16px/1.35 'DejaVu Sans',Verdana,sans-serif;color:#000;"
    "background:#fff;margin:0}"
    "h1{font-size:22px;margin:0 0 3mm}h2{font-size:18px;margin:4mm 0 1mm}p{margin:0 0 2mm}ol{margin:0;padding-left:7mm}"
    "dl{margin:0;display:grid;grid-template-columns:max-content 1fr;gap:1mm 4mm}dt{font-weight:bold}dd{margin:0}"
    ".bag{width:100mm}.bag svg{width:64mm;height:64mm;display:block;margin:0 auto}"
    ".number{font-size:40px;font-weight:bold;text-align:center;margin:0}"
    ".mark{border:3px solid #000;font-size:22px;font-weight:bold;padding:1mm 3mm;display:inline-block;margin:1mm 2mm "
    "1mm 0}"
    ".slip{width:132mm;position:relative;padding-top:6mm}"
    ".code{font-size:46px;font-weight:bold;letter-spacing:2px;text-align:center;border:4px solid #000;padding:2mm;"
    "margin:2mm 0;white-space:nowrap}"
    ".row{display:flex;gap:6mm;align-items:flex-start}.row svg{width:46mm;height:46mm;flex:none}"
    ".notch{position:absolute;top:0;right:0;width:16mm;height:16mm;border-left:2px dashed #000;"
    "border-bottom:2px dashed #000}.cut{position:absolute;top:0;right:18mm;width:60mm;font-size:11px;text-align:right}"
    ".also{border-top:2px solid #000;margin-top:4mm;padding-top:2mm;font-size:14px}"
    ".doors{display:grid;grid-template-columns:repeat(4,44mm);gap:4mm}"
    ".door{border:2px solid #000;padding:2mm;text-align:center;break-inside:avoid}.door svg{width:34mm;height:34mm}"
    ".door b{font-size:34px;display:block}"
    ".badge{width:86mm;border:2px solid #000;padding:4mm}.badge svg{width:50mm;height:50mm;display:block;margin:0 "
    "auto}";

/* ---------------------------------------------------------------- a page */

struct page {
    FILE *f;
    char *text;
    size_t len;
    const struct text *t;
};

static void put(struct page *p, const char *markup)
{
    (void)fputs(markup, p->f);
}

/* The only way in which anything that is not markup of ours gets into a page. */
static void put_text(struct page *p, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            put(p, "&lt;");
            break;
        case '>':
            put(p, "&gt;");
            break;
        case '&':
            put(p, "&amp;");
            break;
        case '"':
            put(p, "&quot;");
            break;
        case '\'':
            put(p, "&#39;");
            break;
        default:
            (void)fputc(*text, p->f);
        }
    }
}

static void put_element(struct page *p, const char *open, const char *text, const char *close)
{
    put(p, open);
    put_text(p, text);
    put(p, close);
}

/* <open>words of the catalogue<close> */
static void put_words(struct page *p, const char *open, const char *key, const char *close)
{
    put_element(p, open, text_get(p->t, key), close);
}

static void put_pair(struct page *p, const char *key, const char *value)
{
    put_words(p, "<dt>", key, "</dt>");
    put_element(p, "<dd>", value, "</dd>");
}

static enum err page_open(struct page *p, const struct text *t, const char *title_key, struct reason *r)
{
    p->text = NULL;
    p->len = 0;
    p->t = t;
    p->f = open_memstream(&p->text, &p->len);
    if (p->f == NULL) {
        return err_because(r, ERR_MEMORY, "out of memory");
    }
    put_words(p, "<!doctype html>\n<html lang=\"", "language.code", "\"><head><meta charset=\"utf-8\"><title>");
    put_words(p, "", title_key, "</title><style>");
    put(p, style);
    put(p, "</style></head><body>");
    return ERR_OK;
}

/* Ends the page, or throws it away when e says so or the memory was not enough. */
static enum err page_close(struct page *p, enum err e, char **html, struct reason *r)
{
    put(p, "</body></html>\n");
    bool failed = ferror(p->f) != 0;
    failed = fclose(p->f) != 0 || failed;
    if (e == ERR_OK && failed) {
        e = err_because(r, ERR_MEMORY, "out of memory");
    }
    if (e != ERR_OK) {
        label_free(p->text);
        return e;
    }
    *html = p->text;
    return ERR_OK;
}

/* The content is upper-case hex, so that it stands as it is in the attribute, for whoever reads pages without eyes. */
static enum err put_qr(struct page *p, const char *content, struct reason *r)
{
    char *svg = NULL;
    enum err e = qr_svg(content, "QR", &svg, r);

    if (e == ERR_OK) {
        put(p, "<div data-token=\"");
        put(p, content);
        put(p, "\">");
        put(p, svg);
        put(p, "</div>");
    }
    label_free(svg);
    return e;
}

/* "vrijdag 20 november 2026, 17:30" */
static void format_time(const struct page *p, int64_t at_s, char out[TIME_CAP])
{
    time_t at = (time_t)at_s;
    char day[KEY_CAP], month[KEY_CAP];
    struct tm tm;

    memset(&tm, 0, sizeof(tm));
    (void)localtime_r(&at, &tm);
    (void)snprintf(day, sizeof(day), "day.%d", tm.tm_wday);
    (void)snprintf(month, sizeof(month), "month.%d", tm.tm_mon + 1);
    (void)snprintf(out, TIME_CAP, "%.20s %d %.20s %d, %02d:%02d", text_get(p->t, day), tm.tm_mday,
                   text_get(p->t, month), tm.tm_year + 1900, tm.tm_hour, tm.tm_min);
}

void label_number(int64_t number, char *out)
{
    (void)snprintf(out, LABEL_NUMBER_CAP, "%" PRId64, number);
}

void label_free(char *html)
{
    if (html != NULL) {
        sodium_memzero(html, strlen(html));
        free(html);
    }
}

/* ---------------------------------------------------------------- bag */

static void put_marks(struct page *p, const struct request *q)
{
    char key[KEY_CAP];

    (void)snprintf(key, sizeof(key), "label.size.%s", token_size_name(q->size));
    put_words(p, "<p><span class=\"mark\">", key, "</span>");
    if (q->zone == TOKEN_ZONE_COLD) {
        put_words(p, "<span class=\"mark\">", "label.zone.cold", "</span>");
    }
    if (q->low_door) {
        put_words(p, "<span class=\"mark\">", "label.low", "</span>");
    }
    put(p, "</p>");
}

enum err label_bag(const struct text *t, const struct label_bag *x, char **html, struct reason *r)
{
    char number[LABEL_NUMBER_CAP], until[TIME_CAP];
    struct page p;
    enum err e = page_open(&p, t, "label.bag.title", r);

    if (e != ERR_OK) {
        return e;
    }
    label_number(x->order->number, number);
    put(&p, "<main class=\"bag\">");
    put_element(&p, "<p class=\"number\">", number, "</p>");
    e = put_qr(&p, x->packing->voucher, r);
    put_marks(&p, &x->order->ask);
    put(&p, "<dl>");
    put_pair(&p, "label.locker", x->locker_name);
    format_time(&p, x->order->ask.not_after_s, until);
    put_pair(&p, "label.until", until);
    put(&p, "</dl>");
    put_words(&p, "<p>", "label.bag.hint", "</p></main>");
    return page_close(&p, e, html, r);
}

/* ---------------------------------------------------------------- slip */

static const char *birthday_key(const struct request *q)
{
    if (q->cls != TOKEN_CLASS_ORDINARY) {
        return "slip.birthday.always";
    }
    return q->birth_date[0] == '\0' ? "slip.birthday.never" : "slip.birthday.sometimes";
}

static void put_steps(struct page *p, const struct request *q)
{
    put_words(p, "<ol><li>", "slip.step.go", "</li>");
    put_words(p, "<li>", "slip.step.code", "</li>");
    put_words(p, "<li>", birthday_key(q), "</li>");
    put_words(p, "<li>", "slip.step.take", "</li></ol>");
}

static void put_place(struct page *p, const struct label_slip *x)
{
    char at[TIME_CAP];

    put(p, "<dl>");
    put_pair(p, "slip.for", x->order->ask.patient);
    put_words(p, "<dt>", "slip.where", "</dt>");
    put_element(p, "<dd>", x->locker_name, "");
    if (x->locker_address != NULL && x->locker_address[0] != '\0') {
        put_element(p, "<br>", x->locker_address, "");
    }
    put(p, "</dd>");
    format_time(p, x->order->ask.not_before_s, at);
    put_pair(p, "slip.from", at);
    format_time(p, x->order->ask.not_after_s, at);
    put_pair(p, "slip.until", at);
    put(p, "</dl>");
}

static void put_help(struct page *p, const struct label_slip *x)
{
    char number[LABEL_NUMBER_CAP];

    label_number(x->order->number, number);
    put_words(p, "<p>", "slip.help", " <b>");
    put_element(p, "", x->telephone, "</b> (");
    put_element(p, "", x->pharmacy_name, "). ");
    put_words(p, "", "slip.say", " ");
    put_element(p, "<b>", number, "</b>.</p>");
}

static enum err put_slip(struct page *p, const struct label_slip *x, struct reason *r)
{
    char shown[CODE_DIGITS + 3];

    code_format(x->code, shown);
    put_words(p, "<div class=\"notch\"></div><p class=\"cut\">", "slip.notch", "</p>");
    put_words(p, "<h1>", "slip.title", "</h1>");
    put_place(p, x);
    put_words(p, "<h2>", "slip.code", "</h2>");
    put_element(p, "<p class=\"code\">", shown, "</p><div class=\"row\">");
    sodium_memzero(shown, sizeof(shown));
    enum err e = put_qr(p, x->pickup, r);
    put(p, "<div>");
    put_steps(p, &x->order->ask);
    put(p, "</div></div>");
    put_words(p, "<p>", "slip.keep", "</p>");
    put_help(p, x);
    return e;
}

static void put_also(struct page *p, const struct text *also, const struct label_slip *x)
{
    const struct text *main_text = p->t;

    p->t = also;
    put_words(p, "<section class=\"also\" lang=\"", "language.code", "\">");
    put_words(p, "<h2>", "slip.title", "</h2>");
    put_steps(p, &x->order->ask);
    put_help(p, x);
    put(p, "</section>");
    p->t = main_text;
}

enum err label_slip(const struct text *nl, const struct text *en, const struct label_slip *x, char **html,
                    struct reason *r)
{
    bool english = strcmp(x->order->ask.language, "en") == 0;
    struct page p;

    if (!code_is_well_formed(x->code)) {
        return err_because(r, ERR_SYNTAX, "not a code");
    }
    enum err e = page_open(&p, english ? en : nl, "slip.title", r);
    if (e != ERR_OK) {
        return e;
    }
    put(&p, "<main class=\"slip\">");
    e = put_slip(&p, x, r);
    put_also(&p, english ? nl : en, x);
    put(&p, "</main>");
    return page_close(&p, e, html, r);
}

/* ---------------------------------------------------------------- doors and badges */

enum err label_doors(const struct text *t, const struct store_locker *l, const struct store_compartment *doors,
                     unsigned n, char **html, struct reason *r)
{
    struct page p;
    enum err e = page_open(&p, t, "label.doors.title", r);

    if (e != ERR_OK) {
        return e;
    }
    put_words(&p, "<h1>", "label.doors.title", ": ");
    put_element(&p, "", l->name, "</h1>");
    put_words(&p, "<p>", "label.doors.hint", "</p><main class=\"doors\">");
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
        put_element(&p, "<div class=\"door\"><b>", doors[i].door, "</b>");
        e = put_qr(&p, content, r);
        put_element(&p, "<br>", number, "</div>");
    }
    put(&p, "</main>");
    return page_close(&p, e, html, r);
}

enum err label_badge(const struct text *t, const struct label_badge *x, char **html, struct reason *r)
{
    char key[KEY_CAP], until[TIME_CAP];
    struct page p;
    enum err e = page_open(&p, t, "badge.title", r);

    if (e != ERR_OK) {
        return e;
    }
    put_element(&p, "<main class=\"badge\"><h1>", x->full_name, "</h1>");
    e = put_qr(&p, x->token, r);
    (void)snprintf(key, sizeof(key), "badge.role.%s", token_role_name(x->badge->role));
    put(&p, "<dl>");
    put_pair(&p, "badge.role", text_get(t, key));
    put_pair(&p, "label.locker", x->locker_name);
    format_time(&p, x->badge->not_after_s, until);
    put_pair(&p, "badge.until", until);
    put(&p, "</dl>");
    put_words(&p, "<p>", "badge.hint", "</p></main>");
    return page_close(&p, e, html, r);
}
