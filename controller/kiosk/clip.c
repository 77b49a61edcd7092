/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/kiosk/clip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/json.h"

#define LIST_MAX ((size_t)256 * 1024)
#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

struct clips {
    const char *share;
    enum language language;
    char *list;
    size_t list_len;
    char (*name)[CLIP_NAME_MAX + 1]; /* sorted */
    size_t count;
};

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* A name must be one step of a path, and none that begins with a dot. */
static bool is_name(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= CLIP_NAME_MAX && text[0] != '.' && strspn(text, NAME_CHARS) == len;
}

static enum err take_names(struct clips *c, const cJSON *tree, struct reason *r)
{
    const cJSON *one;
    int size = cJSON_GetArraySize(tree);
    c->name = calloc(size > 0 ? (size_t)size : 1, sizeof *c->name);
    if (c->name == NULL) {
        return err_because(r, ERR_MEMORY, "no memory");
    }
    cJSON_ArrayForEach(one, tree)
    {
        if (one->string == NULL || !is_name(one->string) || !cJSON_IsString(one)) {
            return err_because(r, ERR_SYNTAX, "not a list of clips");
        }
        (void)snprintf(c->name[c->count++], sizeof *c->name, "%s", one->string);
    }
    qsort(c->name, c->count, sizeof *c->name, compare);
    return ERR_OK;
}

static enum err read_list(struct clips *c, struct reason *r)
{
    const struct json_limits limits = {.max_len = LIST_MAX, .max_depth = 1, .flags = JSON_STRICT};
    char path[FILE_PATH_CAP], file[40];
    cJSON *tree = NULL;
    (void)snprintf(file, sizeof file, "speech/%s.json", language_code(c->language));
    enum err e = file_path(path, c->share, file, r);
    if (e == ERR_OK) {
        e = file_read(path, LIST_MAX, &c->list, &c->list_len, r);
    }
    if (e != ERR_OK) {
        return e;
    }
    e = json_parse(&tree, c->list, c->list_len, &limits, r);
    if (e == ERR_OK) {
        e = take_names(c, tree, r);
    }
    cJSON_Delete(tree);
    return e == ERR_OK ? ERR_OK : err_prefix(r, e, "%s", file);
}

enum err clips_open(struct clips **out, const char *share, enum language language, struct reason *r)
{
    struct clips *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return err_because(r, ERR_MEMORY, "speech: no memory");
    }
    c->share = share;
    c->language = language;
    enum err e = read_list(c, r);
    if (e != ERR_OK) {
        clips_free(c);
        return e;
    }
    *out = c;
    return ERR_OK;
}

void clips_free(struct clips *c)
{
    if (c != NULL) {
        free(c->name);
        free(c->list);
        free(c);
    }
}

const char *clips_list(const struct clips *c, size_t *len)
{
    *len = c->list_len;
    return c->list;
}

enum err clips_read(const struct clips *c, const char *name, char **bytes, size_t *len, struct reason *r)
{
    char path[FILE_PATH_CAP], file[CLIP_NAME_MAX + 24];
    const char *known = bsearch(name, c->name, c->count, sizeof *c->name, compare);
    if (known == NULL) {
        return err_because(r, ERR_UNKNOWN, "no such clip");
    }
    (void)snprintf(file, sizeof file, "speech/%s/%s.opus", language_code(c->language), known);
    enum err e = file_path(path, c->share, file, r);
    return e == ERR_OK ? file_read(path, CLIP_BYTES_MAX, bytes, len, r) : e;
}
