/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/policy.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "backend/request.h"
#include "common/num.h"

#define PREFIX "policy."
#define NAME_CAP 64
/* Medicine packs that were checked out must be back within ten days (FMD 2016/161 art. 13): no window is longer. */
#define WINDOW_MAX_H 240

static int64_t window_of(const struct config *cfg)
{
    return cfg->window_h < WINDOW_MAX_H ? cfg->window_h : WINDOW_MAX_H;
}

static const char *telephone_of(const struct config *cfg)
{
    return cfg->telephone;
}

static const char *nothing_of(const struct config *cfg)
{
    (void)cfg;
    return "";
}

/* docs/operating.md describes each of them. Names are kept in databases: they never change their meaning. */
static const struct policy table[] = {
    {"window.ordinary", POLICY_WHOLE, 1, WINDOW_MAX_H, 0, window_of, NULL},
    {"window.sensitive", POLICY_WHOLE, 1, WINDOW_MAX_H, 0, window_of, NULL},
    {"window.controlled", POLICY_WHOLE, 1, WINDOW_MAX_H, 0, window_of, NULL},
    {"cap.recode_order", POLICY_WHOLE, 0, 20, 3, NULL, NULL},
    {"cap.recode_hour", POLICY_WHOLE, 0, 100, 10, NULL, NULL},
    {"cap.open_hour", POLICY_WHOLE, 0, 10, 10, NULL, NULL},
    {"totp.required.pharmacist", POLICY_FLAG, 0, 1, 0, NULL, NULL},
    {"totp.required.logistics", POLICY_FLAG, 0, 1, 0, NULL, NULL},
    {"totp.required.admin", POLICY_FLAG, 0, 1, 0, NULL, NULL},
    {"session.idle", POLICY_WHOLE, 5, 120, 30, NULL, NULL},
    {"session.day", POLICY_WHOLE, 1, 12, 12, NULL, NULL},
    {"session.fresh", POLICY_WHOLE, 1, 30, 5, NULL, NULL},
    {"strip", POLICY_FLAG, 0, 1, 0, NULL, NULL},
    {"telephone", POLICY_TEXT, 3, POLICY_TEXT_CAP - 1, 0, NULL, telephone_of},
    {"hours", POLICY_TEXT, 1, POLICY_TEXT_CAP - 1, 0, NULL, nothing_of},
};
#define POLICIES (sizeof(table) / sizeof(table[0]))

static const char *const kind_names[POLICY_KIND_N] = {"number", "flag", "text"};

const struct policy *policy_at(unsigned i)
{
    return i < POLICIES ? &table[i] : NULL;
}

const struct policy *policy_find(const char *name)
{
    for (size_t i = 0; i < POLICIES; i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

const char *policy_kind_name(enum policy_kind k)
{
    return kind_names[k];
}

/* ---------------------------------------------------------------- reading */

static void default_text(const struct config *cfg, const struct policy *p, char out[POLICY_TEXT_CAP])
{
    if (p->kind == POLICY_TEXT)
        (void)snprintf(out, POLICY_TEXT_CAP, "%s", p->text_of(cfg)); /* cut: settings may be longer */
    else
        (void)snprintf(out, POLICY_TEXT_CAP, "%lld",
                       (long long)(p->fallback_of != NULL ? p->fallback_of(cfg) : p->fallback));
}

static void key_of(const struct policy *p, char key[NAME_CAP])
{
    (void)snprintf(key, NAME_CAP, PREFIX "%s", p->name); /* names of the table are short */
}

static enum err check(const struct policy *p, const char *value, struct reason *r)
{
    char copy[POLICY_TEXT_CAP];
    int64_t n;
    enum err e;

    if (p->kind != POLICY_TEXT) {
        e = num_parse(value, p->min, p->max, &n);
        return e == ERR_OK ? e
                           : err_because(r, e, "%s: must be a whole number of %lld to %lld", p->name, (long long)p->min,
                                         (long long)p->max);
    }
    if ((int64_t)strlen(value) < p->min || (int64_t)strlen(value) > p->max)
        return err_because(r, ERR_RANGE, "%s: %lld to %lld bytes", p->name, (long long)p->min, (long long)p->max);
    e = request_text(copy, sizeof(copy), value, strlen(value));
    return e == ERR_OK ? e : err_because(r, e, "%s: not a line of text", p->name);
}

enum err policy_value(struct hub *hub, const struct policy *p, char out[POLICY_TEXT_CAP], bool *set, struct reason *r)
{
    char key[NAME_CAP], kept[POLICY_TEXT_CAP];
    enum err e;

    key_of(p, key);
    e = hub_judge(hub, hub->store->ops->setting_get(hub->store, key, kept, sizeof(kept), r), r);
    if (e != ERR_OK && e != ERR_NOT_FOUND)
        return e;
    /* A value that an older version kept with a wider range is not in force. */
    *set = e == ERR_OK && kept[0] != '\0' && check(p, kept, NULL) == ERR_OK;
    if (*set)
        memcpy(out, kept, sizeof(kept));
    else
        default_text(&hub->cfg, p, out);
    return ERR_OK;
}

static const struct policy *of_kind(const char *name, enum policy_kind kind)
{
    const struct policy *p = policy_find(name);

    assert(p != NULL && p->kind == kind);
    return p;
}

static int64_t number_of(struct hub *hub, const struct policy *p)
{
    char text[POLICY_TEXT_CAP];
    struct reason r;
    int64_t n = 0;
    bool set;

    if (policy_value(hub, p, text, &set, &r) != ERR_OK)
        default_text(&hub->cfg, p, text);
    return num_parse(text, INT64_MIN, INT64_MAX, &n) == ERR_OK ? n : p->min;
}

int64_t policy_int(struct hub *hub, const char *name)
{
    return number_of(hub, of_kind(name, POLICY_WHOLE));
}

bool policy_flag(struct hub *hub, const char *name)
{
    return number_of(hub, of_kind(name, POLICY_FLAG)) != 0;
}

void policy_text(struct hub *hub, const char *name, char out[POLICY_TEXT_CAP])
{
    const struct policy *p = of_kind(name, POLICY_TEXT);
    struct reason r;
    bool set;

    if (policy_value(hub, p, out, &set, &r) != ERR_OK)
        default_text(&hub->cfg, p, out);
}

/* ---------------------------------------------------------------- changing */

static enum err set_inside(struct hub *hub, const struct act_who *who, const struct policy *p, const char *value,
                           struct reason *r)
{
    char key[NAME_CAP], old[POLICY_TEXT_CAP], fresh[POLICY_TEXT_CAP], detail[STORE_TEXT_CAP];
    bool set;
    enum err e = policy_value(hub, p, old, &set, r);

    key_of(p, key);
    if (e == ERR_OK)
        e = hub->store->ops->setting_put(hub->store, key, value, r);
    if (e == ERR_OK)
        e = policy_value(hub, p, fresh, &set, r);
    if (e != ERR_OK)
        return e;
    (void)snprintf(detail, sizeof(detail), "%s -> %s%s", old, fresh, set ? "" : " (default)"); /* both are short */
    return act_audit(hub, who, "policy.changed", NULL, p->name, detail, r);
}

enum err policy_set(struct hub *hub, const struct act_who *who, const struct policy *p, const char *value,
                    struct reason *r)
{
    enum err e = value[0] != '\0' ? check(p, value, r) : ERR_OK;

    if (e == ERR_OK)
        e = hub_judge(hub, hub->store->ops->begin(hub->store, r), r);
    return e == ERR_OK ? hub_end(hub, set_inside(hub, who, p, value, r), r) : e;
}
