/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

#define TEXT_MAX_LEN (256u * 1024u)

struct text {
    cJSON *tree;
};

static enum err check_flat(const cJSON *tree, struct reason *r)
{
    const cJSON *x;

    if (!cJSON_IsObject(tree)) {
        return err_because(r, ERR_SYNTAX, "a catalogue is one JSON object");
    }
    cJSON_ArrayForEach(x, tree)
    {
        if (!cJSON_IsString(x)) {
            return err_because(r, ERR_SYNTAX, "%s: not a text", x->string);
        }
    }
    return ERR_OK;
}

enum err text_parse(struct text **out, const char *json, size_t len, struct reason *r)
{
    const struct json_limits limits = {.max_len = TEXT_MAX_LEN, .max_depth = 2, .flags = JSON_STRICT};
    cJSON *tree = NULL;
    enum err e = json_parse(&tree, json, len, &limits, r);

    if (e != ERR_OK) {
        return e;
    }
    e = check_flat(tree, r);
    struct text *t = e == ERR_OK ? malloc(sizeof(*t)) : NULL;
    if (t == NULL) {
        cJSON_Delete(tree);
        return e != ERR_OK ? e : err_because(r, ERR_MEMORY, "out of memory");
    }
    t->tree = tree;
    *out = t;
    return ERR_OK;
}

enum err text_load(struct text **out, const char *path, struct reason *r)
{
    FILE *f = fopen(path, "re");
    char *json = NULL;
    size_t len = 0;
    enum err e;

    if (f == NULL) {
        return err_because(r, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: %s", path, strerror(errno));
    }
    json = malloc(TEXT_MAX_LEN + 1);
    if (json == NULL) {
        e = err_because(r, ERR_MEMORY, "out of memory");
        goto done;
    }
    len = fread(json, 1, TEXT_MAX_LEN + 1, f);
    if (ferror(f) != 0) {
        e = err_because(r, ERR_IO, "cannot be read");
    } else {
        e = text_parse(out, json, len, r);
    }
    if (e != ERR_OK) {
        e = err_prefix(r, e, "%s", path);
    }
done:
    free(json);
    (void)fclose(f);
    return e;
}

void text_free(struct text *t)
{
    if (t == NULL) {
        return;
    }
    cJSON_Delete(t->tree);
    free(t);
}

const char *text_get(const struct text *t, const char *key)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(t->tree, key);

    return cJSON_IsString(x) ? x->valuestring : key;
}
