/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/orderjson.h"

#include "backend/field.h"
#include "common/json.h"

/* low_door is the one member that is no text. */
static enum err set_member(struct request *q, const cJSON *tree, const cJSON *x, struct reason *r)
{
    struct reason why = {""};
    const char *text = NULL;
    enum field f;

    if (field_parse(x->string, &f) != ERR_OK) {
        return err_because(r, ERR_UNKNOWN, "%s: no such member", x->string);
    }
    if (f == FIELD_LOW_DOOR) {
        return json_get_bool(tree, x->string, &q->low_door, r);
    }
    enum err e = json_get_text(tree, x->string, 0, ORDERJSON_MAX_LEN, &text, r);
    if (e != ERR_OK || text[0] == '\0') {
        return e;
    }
    e = field_set(q, f, text, &why);
    return e == ERR_OK ? ERR_OK : err_because(r, e, "%s: %s", x->string, why.text);
}

static enum err read_tree(const cJSON *tree, struct request *q, struct reason *r)
{
    const cJSON *x;
    enum err e = cJSON_IsObject(tree) ? ERR_OK : err_because(r, ERR_SYNTAX, "an order is a JSON object");

    request_init(q, REQUEST_JSON);
    if (e != ERR_OK) {
        return e;
    }
    cJSON_ArrayForEach(x, tree)
    {
        e = set_member(q, tree, x, r);
        if (e != ERR_OK) {
            return e;
        }
    }
    field_finish(q);
    return request_check(q, NULL, r);
}

enum err orderjson_read(const char *text, size_t len, struct request *out, struct reason *r)
{
    const struct json_limits limits = {.max_len = ORDERJSON_MAX_LEN, .max_depth = 2, .flags = JSON_STRICT};
    struct request q;
    cJSON *tree = NULL;
    enum err e = json_parse(&tree, text, len, &limits, r);

    if (e != ERR_OK) {
        return e;
    }
    e = read_tree(tree, &q, r);
    cJSON_Delete(tree);
    if (e == ERR_OK) {
        *out = q;
    }
    return e;
}
