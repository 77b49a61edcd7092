/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/field.h"

#include <stddef.h>
#include <string.h>

#include "backend/allot.h"

static const char *const names[FIELD_N] = {
    [FIELD_REFERENCE] = "reference", [FIELD_PATIENT] = "patient",   [FIELD_BIRTH_DATE] = "birth_date",
    [FIELD_MEDICINE] = "medicine",   [FIELD_QUANTITY] = "quantity", [FIELD_DESTINATION] = "destination",
    [FIELD_CLASS] = "class",         [FIELD_SIZE] = "size",         [FIELD_ZONE] = "zone",
    [FIELD_LOW_DOOR] = "low_door",   [FIELD_LANGUAGE] = "language", [FIELD_NOT_BEFORE] = "not_before",
    [FIELD_NOT_AFTER] = "not_after", [FIELD_PHARMACY] = "pharmacy",
};

const char *field_name(enum field f)
{
    return names[f];
}

enum err field_parse(const char *name, enum field *out)
{
    for (unsigned i = 0; i < FIELD_N; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum field)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

static enum err set_text(char *dst, size_t cap, const char *text, struct reason *r)
{
    enum err e = request_text(dst, cap, text, strlen(text));

    if (e == ERR_TOO_LONG) {
        return err_because(r, e, "longer than %zu bytes", cap - 1);
    }
    return e == ERR_OK ? ERR_OK : err_because(r, e, "control characters, or not UTF-8");
}

static enum err set_birth_date(struct request *q, const char *text, struct reason *r)
{
    if (!request_is_date(text)) {
        return err_because(r, ERR_SYNTAX, "must be a day such as 1985-11-09");
    }
    memcpy(q->birth_date, text, sizeof(q->birth_date));
    return ERR_OK;
}

static enum err set_size(struct request *q, const char *text, struct reason *r)
{
    if (token_size_parse(text, &q->size) != ERR_OK) {
        return err_because(r, ERR_UNKNOWN, "must be S, M or L");
    }
    q->size_given = true;
    return ERR_OK;
}

static enum err set_low_door(struct request *q, const char *text, struct reason *r)
{
    q->low_door = strcmp(text, "yes") == 0;
    return q->low_door || strcmp(text, "no") == 0 ? ERR_OK : err_because(r, ERR_UNKNOWN, "must be yes or no");
}

static enum err set_time(int64_t *out, const char *text, struct reason *r)
{
    return request_time(text, out) == ERR_OK
               ? ERR_OK
               : err_because(r, ERR_SYNTAX, "must be a time such as 2026-11-20T17:30:00+01:00");
}

static enum err set_pharmacy(struct request *q, const char *text, struct reason *r)
{
    if (!request_is_ura(text)) {
        return err_because(r, ERR_SYNTAX, "must be a URA of 8 digits");
    }
    memcpy(q->pharmacy, text, sizeof(q->pharmacy));
    return ERR_OK;
}

enum err field_set(struct request *q, enum field f, const char *text, struct reason *r)
{
    switch (f) {
    case FIELD_REFERENCE:
        return set_text(q->reference, sizeof(q->reference), text, r);
    case FIELD_PATIENT:
        return set_text(q->patient, sizeof(q->patient), text, r);
    case FIELD_BIRTH_DATE:
        return set_birth_date(q, text, r);
    case FIELD_MEDICINE:
        return set_text(q->medicine, sizeof(q->medicine), text, r);
    case FIELD_QUANTITY:
        return set_text(q->quantity, sizeof(q->quantity), text, r);
    case FIELD_DESTINATION:
        return set_text(q->destination, sizeof(q->destination), text, r);
    case FIELD_CLASS:
        return token_class_parse(text, &q->cls) == ERR_OK
                   ? ERR_OK
                   : err_because(r, ERR_UNKNOWN, "must be ordinary, sensitive or controlled");
    case FIELD_SIZE:
        return set_size(q, text, r);
    case FIELD_ZONE:
        return token_zone_parse(text, &q->zone) == ERR_OK ? ERR_OK
                                                          : err_because(r, ERR_UNKNOWN, "must be room or cold");
    case FIELD_LOW_DOOR:
        return set_low_door(q, text, r);
    case FIELD_LANGUAGE:
        return set_text(q->language, sizeof(q->language), text, r);
    case FIELD_NOT_BEFORE:
        return set_time(&q->not_before_s, text, r);
    case FIELD_NOT_AFTER:
        return set_time(&q->not_after_s, text, r);
    case FIELD_PHARMACY:
        return set_pharmacy(q, text, r);
    case FIELD_N:
        break;
    }
    return ERR_UNKNOWN;
}

void field_finish(struct request *q)
{
    if (!q->size_given) {
        q->size = allot_size(q->quantity);
    }
}
