/* SPDX-License-Identifier: Apache-2.0 */
#include "common/conf.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/num.h"

/*
 * libConfuse 3.3 by itself lets a repeated key override the first, reads 010 as eight, drops characters that it does
 * not know, puts environment variables into values, and loses count of the lines at every comment. So the text first
 * passes our own grammar check, which finds repeated keys, notes the line of every section, and blanks the comments;
 * libConfuse then does the types, the defaults and the unknown keys.
 */

#define FILE_CAP ((size_t)256 * 1024)
#define KEY_CAP 64
#define DEPTH_CAP 8
#define TABLES_CAP 32 /* sections in a table */
#define ROOT SIZE_MAX

/* A key or section of the file. */
struct mark {
    size_t parent; /* index of the section that it is in, or ROOT */
    char name[KEY_CAP];
    const char *title; /* NULL: none; not NUL-terminated */
    size_t title_len;
    bool is_section;
    unsigned line;
    cfg_t *section; /* once parsed */
};

enum token_type { TOKEN_WORD, TOKEN_STRING, TOKEN_MARK, TOKEN_END };

struct token {
    enum token_type type;
    const char *text;
    size_t len;
    unsigned line;
};

struct outline {
    const char *path;
    char *text, *at, *end; /* the file; comments are blanked as they are met */
    unsigned line;
    struct reason *reason;
    struct mark *mark;
    size_t count, cap;
    size_t scope[DEPTH_CAP];
    unsigned depth;
};

static _Noreturn void out_of_memory(void)
{
    log_error("conf", "out of memory");
    abort();
}

static ERR_PRINTF(4, 5) enum err because_line(const struct outline *o, unsigned line, enum err e, const char *fmt, ...)
{
    char what[REASON_CAP];
    va_list args;

    va_start(args, fmt);
    if (vsnprintf(what, sizeof(what), fmt, args) < 0)
        what[0] = '\0';
    va_end(args);
    return err_because(o->reason, e, "%s:%u: %s", o->path, line, what);
}

static void blank_line_comment(struct outline *o)
{
    while (o->at < o->end && *o->at != '\n')
        *o->at++ = ' ';
}

/* o->at is at the opening slash. */
static enum err blank_block_comment(struct outline *o)
{
    unsigned first = o->line;

    while (o->end - o->at >= 2 && memcmp(o->at, "*/", 2) != 0) {
        if (*o->at == '\n')
            o->line++;
        else
            *o->at = ' ';
        o->at++;
    }
    if (o->end - o->at < 2)
        return because_line(o, first, ERR_SYNTAX, "comment without an end");
    *o->at++ = ' ';
    *o->at++ = ' ';
    return ERR_OK;
}

static bool starts_with(const struct outline *o, const char *text)
{
    size_t len = strlen(text);

    return (size_t)(o->end - o->at) >= len && memcmp(o->at, text, len) == 0;
}

static enum err skip_blank(struct outline *o)
{
    while (o->at < o->end) {
        enum err e = ERR_OK;

        if (*o->at == '\n') {
            o->line++;
            o->at++;
        } else if (*o->at == ' ' || *o->at == '\t' || *o->at == '\r') {
            o->at++;
        } else if (*o->at == '#' || starts_with(o, "//")) {
            blank_line_comment(o);
        } else if (starts_with(o, "/*")) {
            *o->at++ = ' ';
            *o->at++ = ' ';
            e = blank_block_comment(o);
        } else {
            break;
        }
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err read_string(struct outline *o, struct token *t)
{
    char quote = *o->at++;

    t->type = TOKEN_STRING;
    t->text = o->at;
    for (; o->at < o->end && *o->at != quote; o->at++) {
        unsigned char c = (unsigned char)*o->at;

        if (c == '\n')
            break;
        if ((c < 0x20u && c != '\t') || c == 0x7Fu)
            return because_line(o, o->line, ERR_SYNTAX, "control character in a text");
        if (quote == '"' && starts_with(o, "${"))
            return because_line(o, o->line, ERR_SYNTAX, "environment variables are not replaced here");
        if (c == '\\') {
            o->at++;
            if (o->at == o->end || (*o->at != '\\' && *o->at != quote))
                return because_line(o, o->line, ERR_SYNTAX, "only \\ and the quote may follow a \\");
        }
    }
    if (o->at == o->end || *o->at != quote)
        return because_line(o, o->line, ERR_SYNTAX, "text without a closing quote");
    t->len = (size_t)(o->at - t->text);
    o->at++;
    return ERR_OK;
}

static bool is_word_character(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("_-./:@%", c) != NULL);
}

static enum err read_word(struct outline *o, struct token *t)
{
    t->type = TOKEN_WORD;
    t->text = o->at;
    for (; o->at < o->end && is_word_character(*o->at) && !starts_with(o, "/*"); o->at++) {
        if (starts_with(o, "//"))
            return because_line(o, o->line, ERR_SYNTAX, "a value with // needs quotes");
    }
    t->len = (size_t)(o->at - t->text);
    if (t->len == 0)
        return because_line(o, o->line, ERR_SYNTAX, "character 0x%02x is not allowed outside quotes",
                            (unsigned)(unsigned char)*o->at);
    return ERR_OK;
}

static enum err next_token(struct outline *o, struct token *t)
{
    enum err e = skip_blank(o);

    if (e != ERR_OK)
        return e;
    *t = (struct token){.type = TOKEN_END, .text = o->at, .len = 0, .line = o->line};
    if (o->at == o->end)
        return ERR_OK;
    if (*o->at == '"' || *o->at == '\'')
        return read_string(o, t);
    if (*o->at == '{' || *o->at == '}' || *o->at == '=' || *o->at == ',') {
        t->type = TOKEN_MARK;
        t->len = 1;
        o->at++;
        return ERR_OK;
    }
    return read_word(o, t);
}

static bool is_mark(const struct token *t, char c)
{
    return t->type == TOKEN_MARK && t->text[0] == c;
}

static bool is_value(const struct token *t)
{
    return t->type == TOKEN_WORD || t->type == TOKEN_STRING;
}

static bool same_mark(const struct mark *a, const struct mark *b)
{
    if (a->parent != b->parent || strcmp(a->name, b->name) != 0 || (a->title == NULL) != (b->title == NULL))
        return false;
    return a->title == NULL || (a->title_len == b->title_len && memcmp(a->title, b->title, a->title_len) == 0);
}

static enum err add_mark(struct outline *o, struct mark *m)
{
    m->parent = o->depth == 0 ? ROOT : o->scope[o->depth - 1];
    for (size_t i = 0; i < o->count; i++) {
        const struct mark *old = &o->mark[i];

        if (!same_mark(old, m))
            continue;
        if (m->title != NULL)
            return because_line(o, m->line, ERR_DUPLICATE, "%s \"%.*s\": repeated; first in line %u", m->name,
                                (int)m->title_len, m->title, old->line);
        return because_line(o, m->line, ERR_DUPLICATE, "%s: repeated; first in line %u", m->name, old->line);
    }
    if (o->count == o->cap) {
        size_t cap = o->cap == 0 ? 64 : 2 * o->cap;
        struct mark *bigger = reallocarray(o->mark, cap, sizeof(*bigger));

        if (bigger == NULL)
            out_of_memory();
        o->mark = bigger;
        o->cap = cap;
    }
    o->mark[o->count++] = *m;
    return ERR_OK;
}

/* The opening brace of the section was read. */
static enum err enter_section(struct outline *o, struct mark *m)
{
    enum err e;

    if (o->depth == DEPTH_CAP)
        return because_line(o, m->line, ERR_SYNTAX, "%s: sections nested deeper than %d", m->name, DEPTH_CAP);
    m->is_section = true;
    e = add_mark(o, m);
    if (e == ERR_OK)
        o->scope[o->depth++] = o->count - 1;
    return e;
}

/* The opening brace of the list was read. */
static enum err read_list(struct outline *o, const struct mark *m)
{
    struct token t;
    enum err e = next_token(o, &t);

    while (e == ERR_OK && !is_mark(&t, '}')) {
        if (!is_value(&t))
            return because_line(o, t.line, ERR_SYNTAX, "%s: value expected in the list", m->name);
        e = next_token(o, &t);
        if (e == ERR_OK && is_mark(&t, ','))
            e = next_token(o, &t);
        else if (e == ERR_OK && !is_mark(&t, '}'))
            return because_line(o, t.line, ERR_SYNTAX, "%s: ',' or '}' expected in the list", m->name);
    }
    return e;
}

/* The '=' was read. */
static enum err read_assignment(struct outline *o, struct mark *m)
{
    struct token t;
    enum err e = next_token(o, &t);

    if (e != ERR_OK)
        return e;
    if (is_mark(&t, '{'))
        e = read_list(o, m);
    else if (!is_value(&t))
        return because_line(o, m->line, ERR_SYNTAX, "%s: value expected after '='", m->name);
    return e == ERR_OK ? add_mark(o, m) : e;
}

/* key = value, key = { list }, key { and key title {. */
static enum err read_entry(struct outline *o, const struct token *key)
{
    struct mark m = {.line = key->line};
    struct token t;
    enum err e;

    if (key->type != TOKEN_WORD || key->len >= sizeof(m.name))
        return because_line(o, key->line, ERR_SYNTAX, "name of a key expected");
    memcpy(m.name, key->text, key->len);
    e = next_token(o, &t);
    if (e != ERR_OK)
        return e;
    if (is_mark(&t, '='))
        return read_assignment(o, &m);
    if (is_value(&t)) {
        m.title = t.text;
        m.title_len = t.len;
        e = next_token(o, &t);
        if (e != ERR_OK)
            return e;
    }
    if (!is_mark(&t, '{'))
        return because_line(o, key->line, ERR_SYNTAX, "%s: '=' or '{' expected", m.name);
    return enter_section(o, &m);
}

static enum err read_outline(struct outline *o)
{
    struct token t;
    enum err e = next_token(o, &t);

    while (e == ERR_OK && t.type != TOKEN_END) {
        if (is_mark(&t, '}')) {
            if (o->depth == 0)
                return because_line(o, t.line, ERR_SYNTAX, "'}' without a section");
            o->depth--;
        } else {
            e = read_entry(o, &t);
        }
        if (e == ERR_OK)
            e = next_token(o, &t);
    }
    if (e == ERR_OK && o->depth > 0) {
        const struct mark *m = &o->mark[o->scope[o->depth - 1]];

        return because_line(o, m->line, ERR_SYNTAX, "%s: section without a closing '}'", m->name);
    }
    return e;
}

/* The whole file; the caller frees *text. */
static enum err read_file(const char *path, char **text, size_t *len, struct reason *r)
{
    enum err e = ERR_OK;
    struct stat st;
    char *bytes;
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return err_because(r, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s: cannot be opened: %s", path,
                           strerror(errno));
    bytes = malloc(FILE_CAP + 1);
    if (bytes == NULL)
        out_of_memory();
    *len = fread(bytes, 1, FILE_CAP + 1, file);
    if (ferror(file))
        e = err_because(r, ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
    else if (fstat(fileno(file), &st) != 0 || S_ISDIR(st.st_mode))
        e = err_because(r, ERR_IO, "%s: not a file", path);
    else if (*len > FILE_CAP)
        e = err_because(r, ERR_TOO_LONG, "%s: more than %zu bytes", path, FILE_CAP);
    (void)fclose(file);
    if (e != ERR_OK) {
        free(bytes);
        return e;
    }
    *text = bytes;
    return ERR_OK;
}

struct capture {
    struct reason *reason;
    enum err err; /* of the first complaint */
};

/* libConfuse hands no argument of ours to its error function; this is set only while conf_parse runs. */
static _Thread_local struct capture *capturing;

struct complaint {
    const char *theirs, *ours; /* both take the name as only argument */
    enum err err;
};

static const struct complaint complaints[] = {
    {"no such option '%s'", "unknown key", ERR_UNKNOWN},
    {"invalid boolean value for option '%s'", "not true or false", ERR_SYNTAX},
    {"missing opening brace for section '%s'", "takes no title", ERR_SYNTAX},
    {"missing title for section '%s'", "needs a title", ERR_SYNTAX},
    {"missing equal sign after option '%s'", "'=' expected", ERR_SYNTAX},
};

static const char *file_of(const cfg_t *cfg)
{
    return cfg->filename != NULL ? cfg->filename : "configuration";
}

static ERR_PRINTF(2, 0) void take_error(cfg_t *cfg, const char *fmt, va_list args)
{
    char what[REASON_CAP];
    enum err e = ERR_SYNTAX;

    if (capturing == NULL || capturing->err != ERR_OK)
        return;
    if (vsnprintf(what, sizeof(what), fmt, args) < 0)
        what[0] = '\0';
    for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++) {
        const struct complaint *c = &complaints[i];
        size_t lead = strcspn(c->theirs, "'") + 1;

        if (strcmp(fmt, c->theirs) != 0)
            continue;
        e = c->err;
        what[strlen(what) - 1] = '\0'; /* the closing quote */
        memmove(what, what + lead, strlen(what + lead) + 1);
        capturing->err = err_because(capturing->reason, e, "%s:%d: %s: %s", file_of(cfg), cfg->line, what, c->ours);
        return;
    }
    capturing->err = err_because(capturing->reason, e, "%s:%d: %s", file_of(cfg), cfg->line, what);
}

/* In place of strtol of libConfuse. */
static int parse_integer(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    int64_t number;
    enum err e = num_parse(value, LONG_MIN, LONG_MAX, &number);

    if (e != ERR_OK) {
        if (capturing != NULL && capturing->err == ERR_OK)
            capturing->err = err_because(capturing->reason, e, "%s:%d: %s: %s", file_of(cfg), cfg->line, opt->name,
                                         e == ERR_RANGE ? "number too large" : "not an integer");
        return -1;
    }
    *(long *)result = (long)number;
    return 0;
}

/* Keeps the line of a key in its comment, which libConfuse frees and, without CFGF_COMMENTS, never uses. */
static int note_line(cfg_t *cfg, cfg_opt_t *opt)
{
    char *text = NULL;

    if (asprintf(&text, "%d", cfg->line) < 0)
        out_of_memory();
    free(opt->comment);
    opt->comment = text;
    return 0;
}

/* Sets our callbacks where the table has none; todo is a stack of tables of sections. */
static void prepare_table(cfg_opt_t *table)
{
    cfg_opt_t *todo[TABLES_CAP] = {table};
    size_t count = 1;

    while (count > 0) {
        cfg_opt_t *opt = todo[--count];

        for (; opt->name != NULL; opt++) {
            if (opt->type == CFGT_SEC) {
                assert(count < TABLES_CAP);
                todo[count++] = opt->subopts;
                continue;
            }
            if (opt->type == CFGT_INT && opt->parsecb == NULL)
                opt->parsecb = parse_integer;
            if (opt->validcb == NULL)
                opt->validcb = note_line;
        }
    }
}

static void set_place(cfg_t *section, const char *path, unsigned line)
{
    if (section->filename == NULL)
        section->filename = strdup(path);
    if (section->filename == NULL)
        out_of_memory();
    section->line = (int)line;
}

/* Gives every section the line where it begins; libConfuse leaves the one where it ends. */
static void place_sections(cfg_t *root, const struct outline *o)
{
    for (cfg_opt_t *opt = root->opts; opt->name != NULL; opt++) {
        if (opt->type == CFGT_SEC && (opt->flags & CFGF_MULTI) == 0 && opt->nvalues == 1)
            set_place(opt->values[0]->section, o->path, 0);
    }
    for (size_t i = 0; i < o->count; i++) {
        struct mark *m = &o->mark[i];
        unsigned nth = 0;

        if (!m->is_section)
            continue;
        for (size_t k = 0; k < i; k++)
            nth += o->mark[k].is_section && o->mark[k].parent == m->parent && strcmp(o->mark[k].name, m->name) == 0;
        m->section = cfg_getnsec(m->parent == ROOT ? root : o->mark[m->parent].section, m->name, nth);
        assert(m->section != NULL);
        set_place(m->section, o->path, m->line);
    }
    root->line = 0;
}

static enum err parse_clean(cfg_t *root, const struct outline *o, struct reason *r)
{
    struct capture capture = {.reason = r, .err = ERR_OK};
    size_t len = (size_t)(o->end - o->text);
    FILE *file;
    int failed;

    if (len == 0)
        return ERR_OK;
    file = fmemopen(o->text, len, "r");
    if (file == NULL)
        out_of_memory();
    capturing = &capture;
    failed = cfg_parse_fp(root, file);
    capturing = NULL;
    (void)fclose(file);
    if (failed != CFG_SUCCESS && capture.err == ERR_OK)
        return err_because(r, ERR_SYNTAX, "%s:%d: not understood", o->path, root->line);
    return capture.err;
}

enum err conf_parse(cfg_t **out, cfg_opt_t *table, const char *path, struct reason *r)
{
    struct outline o = {.path = path, .line = 1, .reason = r};
    cfg_t *root = NULL;
    size_t len;
    enum err e;

    e = read_file(path, &o.text, &len, r);
    if (e != ERR_OK)
        return e;
    o.at = o.text;
    o.end = o.text + len;
    e = read_outline(&o);
    if (e != ERR_OK)
        goto done;
    prepare_table(table);
    root = cfg_init(table, CFGF_NONE);
    if (root == NULL)
        out_of_memory();
    (void)cfg_set_error_function(root, take_error);
    set_place(root, path, 0);
    e = parse_clean(root, &o, r);
    if (e != ERR_OK) {
        (void)cfg_free(root);
        goto done;
    }
    place_sections(root, &o);
    *out = root;
done:
    free(o.mark);
    free(o.text);
    return e;
}

/* "file:line: " or "file: ", and the section when it has a title. */
static void write_place(char *out, size_t cap, const cfg_t *section, const cfg_opt_t *opt)
{
    const char *line = opt != NULL ? opt->comment : NULL;
    char own[16] = "";

    if (line == NULL && section->line > 0) {
        (void)snprintf(own, sizeof(own), "%d", section->line);
        line = own;
    }
    (void)snprintf(out, cap, "%.150s%s%s: %s%s%.40s%s", file_of(section), line != NULL ? ":" : "",
                   line != NULL ? line : "", section->title != NULL ? section->name : "",
                   section->title != NULL ? " \"" : "", section->title != NULL ? section->title : "",
                   section->title != NULL ? "\": " : "");
}

/* NULL when the table has no such key. */
static cfg_opt_t *find_key(const cfg_t *section, const char *key)
{
    for (cfg_opt_t *opt = section->opts; key != NULL && opt->name != NULL; opt++) {
        if (strcmp(opt->name, key) == 0)
            return opt;
    }
    return NULL;
}

void conf_write(cfg_t *section, const char *key, struct reason *r, const char *fmt, ...)
{
    char place[256];
    char what[REASON_CAP];
    va_list args;

    va_start(args, fmt);
    if (vsnprintf(what, sizeof(what), fmt, args) < 0)
        what[0] = '\0';
    va_end(args);
    write_place(place, sizeof(place), section, find_key(section, key));
    err_write(r, "%s%s%s%s", place, key != NULL ? key : "", key != NULL ? ": " : "", what);
}

enum err conf_int(cfg_t *section, const char *key, int64_t min, int64_t max, int64_t *out, struct reason *r)
{
    cfg_opt_t *opt = find_key(section, key);
    long value;

    assert(opt != NULL && opt->type == CFGT_INT);
    if (opt->nvalues == 0)
        return conf_because(section, key, r, ERR_MISSING, "missing");
    value = cfg_opt_getnint(opt, 0);
    if (value < min || value > max)
        return conf_because(section, key, r, ERR_RANGE, "%ld is outside %" PRId64 "..%" PRId64, value, min, max);
    *out = value;
    return ERR_OK;
}

enum err conf_text(cfg_t *section, const char *key, size_t min_len, size_t max_len, const char **out, struct reason *r)
{
    cfg_opt_t *opt = find_key(section, key);
    const char *text;
    size_t len;

    assert(opt != NULL && opt->type == CFGT_STR);
    text = opt->nvalues > 0 ? cfg_opt_getnstr(opt, 0) : NULL;
    if (text == NULL)
        return conf_because(section, key, r, ERR_MISSING, "missing");
    len = strlen(text);
    if (len < min_len)
        return conf_because(section, key, r, ERR_RANGE, "%zu bytes; at least %zu are needed", len, min_len);
    if (len > max_len)
        return conf_because(section, key, r, ERR_TOO_LONG, "%zu bytes; at most %zu are allowed", len, max_len);
    *out = text;
    return ERR_OK;
}

static void list_names(char *out, size_t cap, const char *const *names)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; names[i] != NULL; i++) {
        int n = snprintf(out + used, cap - used, "%s%s", i == 0 ? "" : ", ", names[i]);

        if (n < 0 || (size_t)n >= cap - used)
            return;
        used += (size_t)n;
    }
}

enum err conf_choice(cfg_t *section, const char *key, const char *const *names, unsigned *out, struct reason *r)
{
    char known[160];
    const char *text;
    enum err e = conf_text(section, key, 0, SIZE_MAX, &text, r);

    if (e != ERR_OK)
        return e;
    for (unsigned i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return ERR_OK;
        }
    }
    list_names(known, sizeof(known), names);
    return conf_because(section, key, r, ERR_UNKNOWN, "\"%.40s\" is not one of: %s", text, known);
}
