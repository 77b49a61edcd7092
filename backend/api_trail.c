/* SPDX-License-Identifier: Apache-2.0 */
/* api: what happened to an order, for its patient. */
#include <string.h>

#include "backend/api_part.h"
#include "backend/print.h"
#include "backend/trail.h"

void api_trail(struct api_call *c)
{
    static const char *const extra[] = {
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'", NULL};
    const char *language = http_query(c->q, "language");
    char *html = NULL;
    struct order o;
    struct reason r;
    enum err e;

    if (!api_order_of(c, &o))
        return;
    e = trail_page(c->hub, api_text(c->api, language != NULL ? language : c->hub->cfg.language), &o, &html, &r);
    e = hub_judge(c->hub, e, &r);
    if (e == ERR_OK)
        e = act_note(c->hub, &c->who, "order.trail", o.id, NULL, NULL, &r);
    if (e == ERR_OK && html != NULL)
        http_answer(c->q, 200, API_HTML, html, strlen(html), extra);
    else
        api_refuse(c, e, &r);
    print_free(html);
}
