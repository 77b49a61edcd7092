/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/config.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/conf.h"

#define TO_TEXT_MAX (CONFIG_TEXT_CAP - 1)

enum kind { TEXT, INTEGER16, INTEGER64, FLAG };

/* One row for each key: where it goes and its limits. */
struct row {
    const char *key;
    enum kind kind;
    size_t at;
    int64_t min, max; /* bytes of a text, value of an integer */
};

static const struct row rows[] = {
    {"state", TEXT, offsetof(struct config, state), 2, FILE_PATH_CAP - 1},
    {"share", TEXT, offsetof(struct config, share), 2, FILE_PATH_CAP - 1},
    {"control", TEXT, offsetof(struct config, control), 2, sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1},
    {"address", TEXT, offsetof(struct config, address), 2, TO_TEXT_MAX},
    {"port", INTEGER16, offsetof(struct config, port), 0, 65535},
    {"secure_cookie", FLAG, offsetof(struct config, secure_cookie), 0, 0},
    {"broker_host", TEXT, offsetof(struct config, broker_host), 1, TO_TEXT_MAX},
    {"broker_port", INTEGER16, offsetof(struct config, broker_port), 0, 65535},
    {"pharmacy_ura", TEXT, offsetof(struct config, pharmacy_ura), 8, 8},
    {"pharmacy_name", TEXT, offsetof(struct config, pharmacy_name), 1, TO_TEXT_MAX},
    {"accept_any_ura", FLAG, offsetof(struct config, accept_any_ura), 0, 0},
    {"telephone", TEXT, offsetof(struct config, telephone), 3, TO_TEXT_MAX},
    {"language", TEXT, offsetof(struct config, language), 2, 2},
    {"window_h", INTEGER64, offsetof(struct config, window_h), 1, 720},
    {"silent_after_s", INTEGER64, offsetof(struct config, silent_after_s), 60, 86400},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const void *field(const struct config *c, const struct row *row)
{
    return (const char *)c + row->at;
}

static enum err take_row(cfg_t *file, const struct row *row, struct config *c, struct reason *r)
{
    char *to = (char *)c + row->at;
    const char *text;
    uint16_t narrow;
    bool flag;
    int64_t n;
    enum err e;

    switch (row->kind) {
    case TEXT:
        e = conf_text(file, row->key, (size_t)row->min, (size_t)row->max, &text, r);
        if (e == ERR_OK)
            memcpy(to, text, strlen(text) + 1);
        return e;
    case INTEGER16:
        e = conf_int(file, row->key, row->min, row->max, &n, r);
        if (e == ERR_OK) {
            narrow = (uint16_t)n;
            memcpy(to, &narrow, sizeof(narrow));
        }
        return e;
    case INTEGER64:
        e = conf_int(file, row->key, row->min, row->max, &n, r);
        if (e == ERR_OK)
            memcpy(to, &n, sizeof(n));
        return e;
    case FLAG:
        flag = cfg_getbool(file, row->key) == cfg_true;
        memcpy(to, &flag, sizeof(flag));
        return ERR_OK;
    }
    return ERR_UNKNOWN;
}

/* What no single row can say. */
static enum err check_whole(cfg_t *file, const struct config *c, struct reason *r)
{
    static const char *const absolute[] = {"state", "share", "control"};

    for (size_t i = 0; i < sizeof(absolute) / sizeof(absolute[0]); i++) {
        if (cfg_getstr(file, absolute[i])[0] != '/')
            return conf_because(file, absolute[i], r, ERR_SYNTAX, "must begin with /");
    }
    if (strspn(c->pharmacy_ura, "0123456789") != 8)
        return conf_because(file, "pharmacy_ura", r, ERR_SYNTAX, "must be 8 digits");
    if (strcmp(c->language, "nl") != 0 && strcmp(c->language, "en") != 0)
        return conf_because(file, "language", r, ERR_UNKNOWN, "must be nl or en");
    return ERR_OK;
}

enum err config_load(const char *path, struct config *out, struct reason *r)
{
    cfg_opt_t table[] = {
        CFG_STR("state", "/var/lib/hubd", CFGF_NONE),
        CFG_STR("share", "/usr/share/medlocker/web", CFGF_NONE),
        CFG_STR("control", "/run/hubd/control", CFGF_NONE),
        CFG_STR("address", "127.0.0.1", CFGF_NONE),
        CFG_INT("port", 8080, CFGF_NONE),
        CFG_BOOL("secure_cookie", cfg_true, CFGF_NONE),
        CFG_STR("broker_host", "localhost", CFGF_NONE),
        CFG_INT("broker_port", 8883, CFGF_NONE),
        CFG_STR("pharmacy_ura", NULL, CFGF_NODEFAULT),
        CFG_STR("pharmacy_name", NULL, CFGF_NODEFAULT),
        CFG_BOOL("accept_any_ura", cfg_false, CFGF_NONE),
        CFG_STR("telephone", NULL, CFGF_NODEFAULT),
        CFG_STR("language", "nl", CFGF_NONE),
        CFG_INT("window_h", 72, CFGF_NONE),
        CFG_INT("silent_after_s", 120, CFGF_NONE),
        CFG_END(),
    };
    struct config c = {.port = 0};
    cfg_t *file;
    enum err e = conf_parse(&file, table, path, r);

    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < ROWS && e == ERR_OK; i++)
        e = take_row(file, &rows[i], &c, r);
    if (e == ERR_OK)
        e = check_whole(file, &c, r);
    (void)cfg_free(file);
    if (e == ERR_OK)
        *out = c;
    return e;
}

static void print_text(const char *text, FILE *to)
{
    (void)fputc('\'', to);
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            (void)fputc('\\', to);
        (void)fputc(*text, to);
    }
    (void)fputc('\'', to);
}

static void print_row(const struct config *c, const struct row *row, FILE *to)
{
    const void *from = field(c, row);
    uint16_t narrow;
    bool flag;
    int64_t n;

    (void)fprintf(to, "%s = ", row->key);
    switch (row->kind) {
    case TEXT:
        print_text(from, to);
        break;
    case INTEGER16:
        memcpy(&narrow, from, sizeof(narrow));
        (void)fprintf(to, "%u", (unsigned)narrow);
        break;
    case INTEGER64:
        memcpy(&n, from, sizeof(n));
        (void)fprintf(to, "%lld", (long long)n);
        break;
    case FLAG:
        memcpy(&flag, from, sizeof(flag));
        (void)fputs(flag ? "true" : "false", to);
        break;
    }
    (void)fputc('\n', to);
}

void config_print(const struct config *c, FILE *to)
{
    for (size_t i = 0; i < ROWS; i++)
        print_row(c, &rows[i], to);
}

static enum err check_printable(const struct config *c, struct reason *r)
{
    for (size_t i = 0; i < ROWS; i++) {
        const char *text = field(c, &rows[i]);

        if (rows[i].kind != TEXT)
            continue;
        for (; *text != '\0'; text++) {
            if ((unsigned char)*text < 0x20 || *text == 0x7f)
                return err_because(r, ERR_SYNTAX, "%s: control character", rows[i].key);
        }
    }
    return ERR_OK;
}

enum err config_write(const struct config *c, const char *path, struct reason *r)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to;
    enum err e = check_printable(c, r);

    if (e != ERR_OK)
        return e;
    to = open_memstream(&text, &len);
    if (to == NULL)
        return err_because(r, ERR_MEMORY, "%s: no memory", path);
    (void)fputs("# Settings of hubd; every key is described in hubd.conf(5).\n", to);
    config_print(c, to);
    if (fclose(to) != 0)
        e = err_because(r, ERR_MEMORY, "%s: no memory", path);
    else
        e = file_replace(path, text, len, 0600, r);
    free(text);
    return e;
}
