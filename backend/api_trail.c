/* SPDX-License-Identifier: Apache-2.0 */
/* api: what happened to an order, for its patient. */
#include "backend/api_part.h"
#include "backend/print.h"
#include "backend/trail.h"

void api_trail(struct api_call *c)
{
    const char *language;
    char *html = NULL;
    struct order o;
    struct reason r;
    enum err e;

    if (!api_order_of(c, &o))
        return;
    e = api_query_language(c, API_WORDS_STAFF, c->hub->cfg.language, &language, &r);
    if (e == ERR_OK)
        e = trail_page(c->hub, api_text(c->api, language), &o, &html, &r);
    e = hub_judge(c->hub, e, &r);
    if (e == ERR_OK)
        e = act_note(c->hub, &c->who, "order.trail", o.id, NULL, NULL, &r);
    api_give_page(c, e, html, &r);
}
