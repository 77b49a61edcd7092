/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/answer.h"

#include <stdint.h>
#include <string.h>

#define EXACT_MAX ((INT64_C(1) << 53) - 1) /* the largest integer in our JSON */

/* A number from a database that may be damaged. */
static void put_number(cJSON *item, const char *key, int64_t n)
{
    if (n >= -EXACT_MAX && n <= EXACT_MAX) {
        json_put_int(item, key, n);
    } else {
        json_put_text(item, key, NULL);
    }
}

static void add_row(void *arg, const struct store_journal_row *row)
{
    const struct json_limits limits = {.max_len = JSON_MAX_MESSAGE, .max_depth = JSON_DEPTH_MESSAGE};
    cJSON *item = json_new_object();
    put_number(item, "id", row->id);
    put_number(item, "seq", row->seq);
    json_put_int(item, "boot", row->boot);
    put_number(item, "boot_ms", row->boot_ms);
    put_number(item, "wall_ms", row->wall_ms);
    json_put_text(item, "typ", row->typ);
    cJSON *dat;
    if (json_parse(&dat, row->body, strlen(row->body), &limits, NULL) == ERR_OK) {
        json_put_tree(item, "dat", dat);
    } else {
        json_put_text(item, "dat", NULL); /* a damaged row is the business of verify */
    }
    json_put_hex(item, "hash", row->hash, sizeof row->hash);
    json_put_tree(arg, NULL, item);
}

enum err answer_journal(cJSON **out, struct store *s, unsigned limit, struct reason *r)
{
    cJSON *answer = json_new_object();
    enum err e = store_journal_tail(s, limit, add_row, json_put_array(answer, "rows"), r);
    if (e != ERR_OK) {
        cJSON_Delete(answer);
        return e;
    }
    *out = answer;
    return ERR_OK;
}

cJSON *answer_chain(const struct store_chain *chain)
{
    cJSON *answer = json_new_object();
    json_put_int(answer, "rows", chain->rows);
    json_put_int(answer, "first_id", chain->first_id);
    json_put_int(answer, "last_id", chain->last_id);
    json_put_hex(answer, "head", chain->head, sizeof chain->head);
    return answer;
}

enum err answer_verify(cJSON **out, struct store *s, struct reason *r)
{
    struct store_chain chain;
    enum err e = store_verify(s, &chain, r);
    if (e == ERR_OK) {
        *out = answer_chain(&chain);
    }
    return e;
}
