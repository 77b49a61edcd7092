/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/print.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/qr.h"

/* One style for all: it must print the same from any browser, in black, without colours to tell things apart. */
static const char style[] =
    "@page{margin:5mm}*{box-sizing:border-box}body{font:16px/1.35 'DejaVu Sans',Verdana,sans-serif;color:#000;"
    "background:#fff;margin:0;-webkit-print-color-adjust:exact;print-color-adjust:exact}"
    "h1{font-size:22px;margin:0 0 3mm}h2{font-size:18px;margin:4mm 0 1mm}p{margin:0 0 2mm}"
    "dl{margin:0;display:grid;grid-template-columns:max-content 1fr;gap:1mm 4mm}dt{font-weight:bold}dd{margin:0}"
    "article{break-after:page}article:last-child{break-after:auto}small{font-size:12px;font-weight:normal}"
    /* bag */
    ".trail{max-width:180mm}.trail table{margin-top:4mm}.trail table{border-collapse:collapse;width:100%}.trail "
    "th,.trail td{text-align:left;"
    "padding:1mm 3mm 1mm 0;border-bottom:1px solid #000;vertical-align:top}.trail small{white-space:nowrap}"
    ".bag{width:100mm}.bag svg{width:58mm;height:58mm;display:block;margin:0 auto}"
    ".edge{background:#000;height:6mm;margin:0 0 2mm}"
    ".number{font-size:56px;line-height:1;font-weight:bold;text-align:center;margin:1mm 0}"
    ".mark{border:3px solid #000;font-size:22px;font-weight:bold;padding:1mm 3mm;display:inline-block;margin:1mm 2mm "
    "1mm 0}"
    /* slip: one side of A5 */
    ".slip{width:136mm;position:relative;font-size:12px;line-height:1.25}.slip p{margin:0 0 1.5mm}"
    ".slip h1{font-size:20px;line-height:1.15;margin:0 0 2mm}.slip h2{font-size:15px;margin:0}"
    ".head{display:flex;direction:ltr;gap:3mm;align-items:flex-start}.head>div:first-child{flex:1;min-width:0}"
    ".slip .edge{margin:0 17mm 2mm 0}.slip dl{font-size:13px;line-height:1.2;gap:.5mm 3mm}.slip "
    "dd.where{font-weight:bold}"
    ".scan{flex:none;width:44mm;text-align:center;font-size:12px;font-weight:bold;padding-top:6mm}"
    ".scan svg{width:44mm;height:44mm;display:block}.notch{position:absolute;top:0;right:0;width:15mm;height:15mm}"
    ".code{font-size:15.5mm;line-height:1;font-weight:bold;text-align:center;border:1.2mm solid #000;padding:1mm 0;"
    "margin:.5mm 0 2mm;white-space:nowrap;word-spacing:1mm;direction:ltr}"
    ".way{display:flex;gap:2mm;list-style:none;margin:0 0 2mm;padding:0}"
    ".way li{flex:1;line-height:1.15}.way svg{width:100%;height:20mm;display:block;border:.6mm solid "
    "#000;margin-bottom:.5mm}"
    ".way b{font-size:15px}.second{display:block;font-style:italic;font-size:10.5px;line-height:1.15}"
    ".help{display:flex;gap:2mm;align-items:center;border-top:.6mm solid #000;padding-top:1mm;font-size:13px}"
    ".help svg{width:20mm;height:20mm;flex:none;display:block}.slip .help p{margin:0}"
    /* with its strip: one side of A4 */
    ".wide{width:196mm}.strip{break-inside:avoid;margin-top:3mm}.strip dl{margin:1.5mm 0}.cut{border-bottom:.6mm "
    "dashed #000;font-size:14px;font-weight:bold;"
    "padding-bottom:1mm}.part{position:relative;padding-top:4mm}.strip .notch{top:4mm}"
    ".phone{font-size:19px;white-space:nowrap;direction:ltr;unicode-bidi:isolate}"
    /* doors, cards */
    ".doors{display:grid;grid-template-columns:repeat(4,44mm);gap:4mm}"
    ".door{border:2px solid #000;padding:2mm;text-align:center;break-inside:avoid}.door svg{width:34mm;height:34mm}"
    ".door b{font-size:34px;display:block}"
    ".badge{width:86mm;border:2px solid #000;padding:4mm}.badge svg{width:50mm;height:50mm;display:block;margin:0 "
    "auto}";

void print_markup(struct print *p, const char *markup)
{
    (void)fputs(markup, p->f);
}

void print_text(struct print *p, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            print_markup(p, "&lt;");
            break;
        case '>':
            print_markup(p, "&gt;");
            break;
        case '&':
            print_markup(p, "&amp;");
            break;
        case '"':
            print_markup(p, "&quot;");
            break;
        case '\'':
            print_markup(p, "&#39;");
            break;
        default:
            (void)fputc(*text, p->f);
        }
    }
}

void print_element(struct print *p, const char *open, const char *text, const char *close)
{
    print_markup(p, open);
    print_text(p, text);
    print_markup(p, close);
}

void print_words(struct print *p, const char *open, const char *key, const char *close)
{
    print_element(p, open, text_get(p->t, key), close);
}

void print_pair(struct print *p, const char *key, const char *value)
{
    print_words(p, "<dt>", key, "</dt>");
    print_element(p, "<dd>", value, "</dd>");
}

void print_second(struct print *p, const struct text *second, const char *key)
{
    const struct text *own = p->t;

    p->t = second;
    print_words(p, " <span class=\"second\" dir=\"ltr\" lang=\"", "language.code", "\">");
    print_words(p, "", key, "</span>");
    p->t = own;
}

void print_both(struct print *p, const struct text *second, const char *open, const char *key, const char *close)
{
    print_words(p, open, key, "");
    print_second(p, second, key);
    print_markup(p, close);
}

enum err print_open(struct print *p, const struct text *t, const char *title_key, struct reason *r)
{
    p->text = NULL;
    p->len = 0;
    p->t = t;
    p->f = open_memstream(&p->text, &p->len);
    if (p->f == NULL) {
        return err_because(r, ERR_MEMORY, "out of memory");
    }
    print_words(p, "<!doctype html>\n<html lang=\"", "language.code", "\"><head><meta charset=\"utf-8\"><title>");
    print_words(p, "", title_key, "</title><style>");
    print_markup(p, style);
    print_markup(p, "</style></head><body>");
    return ERR_OK;
}

enum err print_close(struct print *p, enum err e, char **html, struct reason *r)
{
    print_markup(p, "</body></html>\n");
    bool failed = ferror(p->f) != 0;
    failed = fclose(p->f) != 0 || failed;
    if (e == ERR_OK && failed) {
        e = err_because(r, ERR_MEMORY, "out of memory");
    }
    if (e != ERR_OK) {
        print_free(p->text);
        return e;
    }
    *html = p->text;
    return ERR_OK;
}

/* The content is upper-case hex, so that it stands as it is in the attribute, for whoever reads pages without eyes. */
enum err print_qr(struct print *p, const char *content, struct reason *r)
{
    char *svg = NULL;
    enum err e = qr_svg(content, "QR", &svg, r);

    if (e == ERR_OK) {
        print_markup(p, "<div data-token=\"");
        print_markup(p, content);
        print_markup(p, "\">");
        print_markup(p, svg);
        print_markup(p, "</div>");
    }
    print_free(svg);
    return e;
}

void print_time(const struct print *p, int64_t at_s, char out[PRINT_TIME_CAP])
{
    time_t at = (time_t)at_s;
    char day[PRINT_KEY_CAP], month[PRINT_KEY_CAP];
    struct tm tm;

    memset(&tm, 0, sizeof(tm));
    (void)localtime_r(&at, &tm);
    (void)snprintf(day, sizeof(day), "day.%d", tm.tm_wday);
    (void)snprintf(month, sizeof(month), "month.%d", tm.tm_mon + 1);
    (void)snprintf(out, PRINT_TIME_CAP, "%.20s %d %.20s %d, %02d:%02d", text_get(p->t, day), tm.tm_mday,
                   text_get(p->t, month), tm.tm_year + 1900, tm.tm_hour, tm.tm_min);
}

void print_free(char *html)
{
    if (html != NULL) {
        sodium_memzero(html, strlen(html));
        free(html);
    }
}
