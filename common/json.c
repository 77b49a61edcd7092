/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/num.h"

#define DEPTH_CAP 64u
#define INTEGER_MAX INT64_C(9007199254740991)    /* 2^53 - 1: exact in every JSON reader */
#define INTEGER_DIGITS 16u                       /* of INTEGER_MAX */
#define NUMBER_CAP 40u                           /* bytes; cJSON stops reading at 63 */
#define EXPONENT_MAX 100                         /* keeps NUMBER_CAP digits finite as a double */
#define PRINTS_EXACTLY INT64_C(1000000000000000) /* from here cJSON 1.7.15 writes rounded exponents */

/* Set in cJSON.type of a number that was written with a fraction or exponent, so that 1.0 is never read as 1. */
#define FRACTION_MARK (1 << 16)

static _Noreturn void out_of_memory(void)
{
    log_error("json", "out of memory");
    abort();
}

/* A list that grows; the scan needs two of them. */
struct list {
    size_t *item;
    size_t count, cap;
};

static void list_add(struct list *l, size_t item)
{
    if (l->count == l->cap) {
        size_t cap = l->cap == 0 ? 32 : 2 * l->cap;
        size_t *bigger = reallocarray(l->item, cap, sizeof(*bigger));

        if (bigger == NULL)
            out_of_memory();
        l->item = bigger;
        l->cap = cap;
    }
    l->item[l->count++] = item;
}

enum expect {
    EXPECT_VALUE,
    EXPECT_VALUE_OR_END,
    EXPECT_KEY,
    EXPECT_KEY_OR_END,
    EXPECT_COMMA_OR_END,
    EXPECT_NOTHING,
};

struct frame {
    bool is_object;
    size_t first_key; /* of this object, in scanner.keys */
};

struct scanner {
    const char *text, *at, *end;
    const struct json_limits *limits;
    struct reason *reason;
    unsigned depth;
    struct frame frame[DEPTH_CAP];
    struct list keys;      /* offsets of the keys of all open objects */
    struct list fractions; /* which numbers, counted from 0, have a fraction or exponent */
    size_t numbers;
    bool has_large; /* integers of more digits than cJSON prints exactly */
};

static ERR_PRINTF(4, 5) enum err
    because_at(const struct scanner *s, const char *place, enum err e, const char *fmt, ...)
{
    char what[REASON_CAP];
    size_t line = 1;
    size_t column = 1;
    va_list args;

    for (const char *p = s->text; p < place; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*p & 0xC0u) != 0x80u) {
            column++;
        }
    }
    va_start(args, fmt);
    if (vsnprintf(what, sizeof(what), fmt, args) < 0)
        what[0] = '\0';
    va_end(args);
    return err_because(s->reason, e, "line %zu, column %zu: %s", line, column, what);
}

static unsigned byte_at(const char *p)
{
    return (unsigned char)*p;
}

static bool is_continuation(const char *p, unsigned low, unsigned high)
{
    return byte_at(p) >= low && byte_at(p) <= high;
}

/* Bytes of the well-formed UTF-8 character at p (The Unicode Standard, table 3-7); 0 when there is none. */
static size_t utf8_length(const char *p, const char *end)
{
    unsigned lead = byte_at(p);
    size_t left = (size_t)(end - p);
    unsigned low = lead == 0xE0u ? 0xA0u : lead == 0xF0u ? 0x90u : 0x80u;
    unsigned high = lead == 0xEDu ? 0x9Fu : lead == 0xF4u ? 0x8Fu : 0xBFu;
    size_t len;

    if (lead < 0x80u)
        return 1;
    if (lead < 0xC2u || lead > 0xF4u)
        return 0;
    len = lead < 0xE0u ? 2 : lead < 0xF0u ? 3 : 4;
    if (left < len || !is_continuation(p + 1, low, high))
        return 0;
    for (size_t i = 2; i < len; i++) {
        if (!is_continuation(p + i, 0x80u, 0xBFu))
            return 0;
    }
    return len;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The value of four hex digits at p, -1 when they are not. */
static int32_t hex4(const char *p, const char *end)
{
    int32_t value = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = is_digit(c)            ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static bool is_high_surrogate(int32_t c)
{
    return c >= 0xD800 && c <= 0xDBFF;
}

static bool is_low_surrogate(int32_t c)
{
    return c >= 0xDC00 && c <= 0xDFFF;
}

/* s->at is at the 'u' of an escape. */
static enum err scan_unicode_escape(struct scanner *s)
{
    const char *place = s->at - 1;
    int32_t first = hex4(s->at + 1, s->end);

    if (first < 0)
        return because_at(s, place, ERR_SYNTAX, "\\u needs four hex digits");
    if (first == 0)
        return because_at(s, place, ERR_SYNTAX, "\\u0000 is not allowed");
    s->at += 5;
    if (is_low_surrogate(first))
        return because_at(s, place, ERR_SYNTAX, "low surrogate without a high one");
    if (!is_high_surrogate(first))
        return ERR_OK;
    if (s->end - s->at < 6 || s->at[0] != '\\' || s->at[1] != 'u' || !is_low_surrogate(hex4(s->at + 2, s->end)))
        return because_at(s, place, ERR_SYNTAX, "high surrogate without a low one");
    s->at += 6;
    return ERR_OK;
}

/* s->at is behind a backslash. */
static enum err scan_escape(struct scanner *s)
{
    if (s->at == s->end)
        return because_at(s, s->at, ERR_SYNTAX, "the text ends inside a string");
    if (*s->at == 'u')
        return scan_unicode_escape(s);
    if (*s->at == '\0' || strchr("\"\\/bfnrt", *s->at) == NULL)
        return because_at(s, s->at - 1, ERR_SYNTAX, "unknown escape");
    s->at++;
    return ERR_OK;
}

/* s->at is at the opening quote. */
static enum err scan_string(struct scanner *s)
{
    s->at++;
    while (s->at < s->end && *s->at != '"') {
        enum err e = ERR_OK;
        size_t len = 1;

        if (byte_at(s->at) < 0x20u)
            return because_at(s, s->at, ERR_SYNTAX, "control character in a string");
        if (*s->at == '\\') {
            s->at++;
            e = scan_escape(s);
        } else {
            len = utf8_length(s->at, s->end);
            if (len == 0)
                return because_at(s, s->at, ERR_SYNTAX, "not UTF-8");
            s->at += len;
        }
        if (e != ERR_OK)
            return e;
    }
    if (s->at == s->end)
        return because_at(s, s->at, ERR_SYNTAX, "the text ends inside a string");
    s->at++;
    return ERR_OK;
}

/* Steps over digits; returns how many. */
static size_t skip_digits(struct scanner *s)
{
    const char *first = s->at;

    while (s->at < s->end && is_digit(*s->at))
        s->at++;
    return (size_t)(s->at - first);
}

static bool take(struct scanner *s, const char *any_of)
{
    if (s->at == s->end || *s->at == '\0' || strchr(any_of, *s->at) == NULL)
        return false;
    s->at++;
    return true;
}

/* The exponent is within +-EXPONENT_MAX: digits are at first..s->at. */
static bool exponent_fits(const struct scanner *s, const char *first)
{
    int value = 0;

    for (const char *p = first; p < s->at && value <= EXPONENT_MAX; p++)
        value = value * 10 + (*p - '0');
    return value <= EXPONENT_MAX;
}

static bool integer_fits(const char *first, size_t digits)
{
    int64_t value = 0;

    if (digits > INTEGER_DIGITS)
        return false;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (first[i] - '0');
    return value <= INTEGER_MAX;
}

/* Behind the integer part: [ . digits ] [ e [sign] digits ]. */
static enum err scan_fraction(struct scanner *s, bool *found)
{
    const char *first;

    *found = false;
    if (take(s, ".")) {
        *found = true;
        if (skip_digits(s) == 0)
            return because_at(s, s->at, ERR_SYNTAX, "digit expected after the point");
    }
    if (take(s, "eE")) {
        *found = true;
        (void)take(s, "+-");
        first = s->at;
        if (skip_digits(s) == 0)
            return because_at(s, s->at, ERR_SYNTAX, "digit expected in the exponent");
        if (!exponent_fits(s, first))
            return because_at(s, first, ERR_RANGE, "exponent beyond %d", EXPONENT_MAX);
    }
    return ERR_OK;
}

static enum err scan_number(struct scanner *s)
{
    const char *place = s->at;
    const char *first;
    bool fraction;
    size_t digits;
    enum err e;

    (void)take(s, "-");
    first = s->at;
    digits = skip_digits(s);
    if (digits == 0)
        return because_at(s, s->at, ERR_SYNTAX, "digit expected");
    if (digits > 1 && *first == '0')
        return because_at(s, place, ERR_SYNTAX, "number with a leading zero");
    e = scan_fraction(s, &fraction);
    if (e != ERR_OK)
        return e;
    if ((size_t)(s->at - place) > NUMBER_CAP)
        return because_at(s, place, ERR_RANGE, "number longer than %u characters", NUMBER_CAP);
    if (fraction && (s->limits->flags & JSON_ALLOW_FRACTIONS) == 0)
        return because_at(s, place, ERR_SYNTAX, "fraction or exponent; only integers are allowed");
    if (!fraction && !integer_fits(first, digits))
        return because_at(s, place, ERR_RANGE, "integer beyond 2^53 - 1");
    s->has_large = s->has_large || (!fraction && digits >= INTEGER_DIGITS);
    if (fraction)
        list_add(&s->fractions, s->numbers);
    s->numbers++;
    return ERR_OK;
}

static enum err scan_literal(struct scanner *s)
{
    static const char *const literals[] = {"true", "false", "null"};

    for (size_t i = 0; i < sizeof(literals) / sizeof(literals[0]); i++) {
        size_t len = strlen(literals[i]);

        if ((size_t)(s->end - s->at) >= len && memcmp(s->at, literals[i], len) == 0) {
            s->at += len;
            return ERR_OK;
        }
    }
    return because_at(s, s->at, ERR_SYNTAX, "value expected");
}

/* The next code point of a checked key, with A-Z as a-z; -1 at its end. */
static int32_t next_folded(const char **at)
{
    const char *p = *at;
    int32_t c;

    if (*p == '"')
        return -1;
    if (*p != '\\') {
        size_t len = utf8_length(p, p + 4);

        c = (int32_t)(len == 1 ? byte_at(p) : byte_at(p) & (0xFFu >> (len + 1)));
        for (size_t i = 1; i < len; i++)
            c = c << 6 | (int32_t)(byte_at(p + i) & 0x3Fu);
        *at = p + len;
    } else if (p[1] == 'u') {
        c = hex4(p + 2, p + 6);
        *at = p + 6;
        if (is_high_surrogate(c)) {
            c = 0x10000 + ((c - 0xD800) << 10) + (hex4(p + 8, p + 12) - 0xDC00);
            *at = p + 12;
        }
    } else {
        static const char escaped[] = "bfnrt", means[] = "\b\f\n\r\t";
        const char *known = strchr(escaped, p[1]);

        c = known != NULL ? means[known - escaped] : p[1];
        *at = p + 2;
    }
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* a and b are behind the opening quote. */
static int compare_keys(const char *a, const char *b)
{
    int32_t x;
    int32_t y;

    do {
        x = next_folded(&a);
        y = next_folded(&b);
    } while (x == y && x >= 0);
    return x < y ? -1 : x > y;
}

static int compare_key_offsets(const void *a, const void *b, void *arg)
{
    const struct scanner *s = arg;

    return compare_keys(s->text + *(const size_t *)a, s->text + *(const size_t *)b);
}

/* Sorting keeps a hostile object of many keys at n log n. */
static enum err check_keys(struct scanner *s, size_t *key, size_t count)
{
    if (count < 2)
        return ERR_OK;
    qsort_r(key, count, sizeof(*key), compare_key_offsets, s);
    for (size_t i = 1; i < count; i++) {
        if (compare_keys(s->text + key[i - 1], s->text + key[i]) == 0) {
            size_t later = key[i] > key[i - 1] ? key[i] : key[i - 1];

            return because_at(s, s->text + later - 1, ERR_DUPLICATE, "key occurs twice in one object");
        }
    }
    return ERR_OK;
}

static enum err open_container(struct scanner *s, bool is_object, enum expect *next)
{
    if (s->depth == s->limits->max_depth)
        return because_at(s, s->at, ERR_TOO_LONG, "nested deeper than %u", s->limits->max_depth);
    s->frame[s->depth++] = (struct frame){.is_object = is_object, .first_key = s->keys.count};
    s->at++;
    *next = is_object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
    return ERR_OK;
}

static enum err close_container(struct scanner *s, enum expect *next)
{
    const struct frame *f = &s->frame[s->depth - 1];
    enum err e = ERR_OK;

    if (f->is_object && s->keys.count > f->first_key) /* the list has no memory before the first key */
        e = check_keys(s, s->keys.item + f->first_key, s->keys.count - f->first_key);
    s->keys.count = f->first_key;
    s->depth--;
    s->at++;
    *next = s->depth == 0 ? EXPECT_NOTHING : EXPECT_COMMA_OR_END;
    return e;
}

static enum err scan_value(struct scanner *s, enum expect *next)
{
    *next = s->depth == 0 ? EXPECT_NOTHING : EXPECT_COMMA_OR_END;
    if (*s->at == '{' || *s->at == '[')
        return open_container(s, *s->at == '{', next);
    if (*s->at == '"')
        return scan_string(s);
    if (*s->at == '-' || is_digit(*s->at))
        return scan_number(s);
    return scan_literal(s);
}

static void skip_space(struct scanner *s)
{
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r'))
        s->at++;
}

static enum err scan_key(struct scanner *s, enum expect *next)
{
    enum err e;

    if (*s->at != '"')
        return because_at(s, s->at, ERR_SYNTAX, "key in quotes expected");
    list_add(&s->keys, (size_t)(s->at + 1 - s->text));
    e = scan_string(s);
    if (e != ERR_OK)
        return e;
    skip_space(s);
    if (!take(s, ":"))
        return because_at(s, s->at, ERR_SYNTAX, "':' expected");
    *next = EXPECT_VALUE;
    return ERR_OK;
}

/* One step: s->at is at a character that is not white space. */
static enum err scan_next(struct scanner *s, enum expect now, enum expect *next)
{
    bool in_object = s->depth > 0 && s->frame[s->depth - 1].is_object;
    bool at_end = s->depth > 0 && *s->at == (in_object ? '}' : ']');

    switch (now) {
    case EXPECT_VALUE:
        return scan_value(s, next);
    case EXPECT_VALUE_OR_END:
        return at_end ? close_container(s, next) : scan_value(s, next);
    case EXPECT_KEY:
        return scan_key(s, next);
    case EXPECT_KEY_OR_END:
        return at_end ? close_container(s, next) : scan_key(s, next);
    case EXPECT_COMMA_OR_END:
        if (at_end)
            return close_container(s, next);
        if (!take(s, ","))
            return because_at(s, s->at, ERR_SYNTAX, "',' or '%c' expected", in_object ? '}' : ']');
        *next = in_object ? EXPECT_KEY : EXPECT_VALUE;
        return ERR_OK;
    case EXPECT_NOTHING:
        break;
    }
    return because_at(s, s->at, ERR_SYNTAX, "more text after the value");
}

static enum err scan(struct scanner *s)
{
    enum expect expect = EXPECT_VALUE;

    assert(s->limits->max_depth <= DEPTH_CAP);
    if ((size_t)(s->end - s->text) > s->limits->max_len)
        return err_because(s->reason, ERR_TOO_LONG, "%zu bytes; at most %zu are allowed", (size_t)(s->end - s->text),
                           s->limits->max_len);
    for (skip_space(s); s->at < s->end; skip_space(s)) {
        enum err e = scan_next(s, expect, &expect);

        if (e != ERR_OK)
            return e;
    }
    if (expect != EXPECT_NOTHING)
        return because_at(s, s->at, ERR_SYNTAX, "the text ends too early");
    return ERR_OK;
}

static void scanner_init(struct scanner *s, const char *text, size_t len, const struct json_limits *limits,
                         struct reason *r)
{
    memset(s, 0, sizeof(*s));
    s->text = text;
    s->at = text;
    s->end = text + len;
    s->limits = limits;
    s->reason = r;
}

static void scanner_fini(struct scanner *s)
{
    free(s->keys.item);
    free(s->fractions.item);
}

enum err json_scan(const char *text, size_t len, const struct json_limits *limits, struct reason *r)
{
    struct scanner s;
    enum err e;

    scanner_init(&s, text, len, limits, r);
    e = scan(&s);
    scanner_fini(&s);
    return e;
}

static bool prints_exactly(int64_t value)
{
    return value > -PRINTS_EXACTLY && value < PRINTS_EXACTLY;
}

/* The caller frees it with free(). */
static char *integer_text(int64_t value)
{
    char *text = NULL;

    if (asprintf(&text, "%" PRId64, value) < 0)
        out_of_memory();
    return text;
}

/* The item after this one in the order of the text; trail holds the parents. */
static cJSON *next_item(cJSON *item, cJSON **trail, unsigned *depth)
{
    if (item->child != NULL) {
        assert(*depth < DEPTH_CAP);
        trail[(*depth)++] = item;
        return item->child;
    }
    while (item->next == NULL && *depth > 0)
        item = trail[--*depth];
    return item->next;
}

/* Keeps apart what a double cannot: 1.0 from 1, and integers that cJSON would print as a rounded exponent. */
static void settle_numbers(cJSON *tree, const struct scanner *s)
{
    cJSON *trail[DEPTH_CAP];
    unsigned depth = 0;
    size_t number = 0;
    size_t marked = 0;

    if (s->fractions.count == 0 && !s->has_large)
        return;
    for (cJSON *item = tree; item != NULL; item = next_item(item, trail, &depth)) {
        if (!cJSON_IsNumber(item))
            continue;
        if (marked < s->fractions.count && number == s->fractions.item[marked]) {
            item->type |= FRACTION_MARK;
            marked++;
        } else if (!prints_exactly((int64_t)item->valuedouble)) {
            item->valuestring = integer_text((int64_t)item->valuedouble);
            item->type = cJSON_Raw;
        }
        number++;
    }
}

enum err json_parse(cJSON **out, const char *text, size_t len, const struct json_limits *limits, struct reason *r)
{
    cJSON *tree = NULL;
    struct scanner s;
    char *copy;
    enum err e;

    scanner_init(&s, text, len, limits, r);
    e = scan(&s);
    if (e != ERR_OK)
        goto done;
    copy = malloc(len + 1);
    if (copy == NULL)
        out_of_memory();
    memcpy(copy, text, len);
    copy[len] = '\0';
    tree = cJSON_ParseWithLengthOpts(copy, len + 1, NULL, 1);
    free(copy);
    if (tree == NULL) {
        /* The scan accepts nothing that cJSON refuses, so this is memory; say so without ending the process. */
        e = err_because(r, ERR_MEMORY, "cJSON could not build the tree");
        goto done;
    }
    settle_numbers(tree, &s);
    *out = tree;
done:
    scanner_fini(&s);
    return e;
}

static enum err get_item(const cJSON *obj, const char *key, cJSON **out, struct reason *r)
{
    cJSON *item;

    if (!cJSON_IsObject(obj))
        return err_because(r, ERR_SYNTAX, "%s: looked for in something that is not an object", key);
    item = cJSON_GetObjectItemCaseSensitive(obj, key);
    if (item == NULL)
        return err_because(r, ERR_MISSING, "%s: missing", key);
    *out = item;
    return ERR_OK;
}

/* The integer that item was written as. */
static bool item_integer(const cJSON *item, int64_t *out)
{
    if (cJSON_IsRaw(item))
        return item->valuestring != NULL && num_parse(item->valuestring, -INTEGER_MAX, INTEGER_MAX, out) == ERR_OK;
    if (!cJSON_IsNumber(item) || (item->type & FRACTION_MARK) != 0)
        return false;
    if (!(item->valuedouble >= -(double)INTEGER_MAX && item->valuedouble <= (double)INTEGER_MAX))
        return false;
    *out = (int64_t)item->valuedouble;
    return (double)*out >= item->valuedouble && (double)*out <= item->valuedouble;
}

enum err json_get_int(const cJSON *obj, const char *key, int64_t min, int64_t max, int64_t *out, struct reason *r)
{
    cJSON *item;
    int64_t value;
    enum err e = get_item(obj, key, &item, r);

    if (e != ERR_OK)
        return e;
    if (!item_integer(item, &value))
        return err_because(r, ERR_SYNTAX, "%s: not an integer", key);
    if (value < min || value > max)
        return err_because(r, ERR_RANGE, "%s: %" PRId64 " is outside %" PRId64 "..%" PRId64, key, value, min, max);
    *out = value;
    return ERR_OK;
}

enum err json_get_text(const cJSON *obj, const char *key, size_t min_len, size_t max_len, const char **out,
                       struct reason *r)
{
    cJSON *item;
    size_t len;
    enum err e = get_item(obj, key, &item, r);

    if (e != ERR_OK)
        return e;
    if (!cJSON_IsString(item) || item->valuestring == NULL)
        return err_because(r, ERR_SYNTAX, "%s: not a text", key);
    len = strlen(item->valuestring);
    if (len < min_len)
        return err_because(r, ERR_RANGE, "%s: %zu bytes; at least %zu are needed", key, len, min_len);
    if (len > max_len)
        return err_because(r, ERR_TOO_LONG, "%s: %zu bytes; at most %zu are allowed", key, len, max_len);
    *out = item->valuestring;
    return ERR_OK;
}

enum err json_get_bool(const cJSON *obj, const char *key, bool *out, struct reason *r)
{
    cJSON *item;
    enum err e = get_item(obj, key, &item, r);

    if (e != ERR_OK)
        return e;
    if (!cJSON_IsBool(item))
        return err_because(r, ERR_SYNTAX, "%s: not true or false", key);
    *out = cJSON_IsTrue(item) != 0;
    return ERR_OK;
}

enum err json_get_object(const cJSON *obj, const char *key, const cJSON **out, struct reason *r)
{
    cJSON *item;
    enum err e = get_item(obj, key, &item, r);

    if (e != ERR_OK)
        return e;
    if (!cJSON_IsObject(item))
        return err_because(r, ERR_SYNTAX, "%s: not an object", key);
    *out = item;
    return ERR_OK;
}

enum err json_get_array(const cJSON *obj, const char *key, const cJSON **out, struct reason *r)
{
    cJSON *item;
    enum err e = get_item(obj, key, &item, r);

    if (e != ERR_OK)
        return e;
    if (!cJSON_IsArray(item))
        return err_because(r, ERR_SYNTAX, "%s: not an array", key);
    *out = item;
    return ERR_OK;
}

enum err json_get_hex(const cJSON *obj, const char *key, uint8_t *out, size_t len, struct reason *r)
{
    const char *text;
    enum err e = json_get_text(obj, key, 2 * len, 2 * len, &text, r);

    if (e != ERR_OK)
        return e;
    if (num_from_hex(text, out, len) != ERR_OK)
        return err_because(r, ERR_SYNTAX, "%s: not hex digits", key);
    return ERR_OK;
}

enum err json_only(const cJSON *obj, const char *const *allowed, struct reason *r)
{
    const cJSON *item;

    if (!cJSON_IsObject(obj))
        return err_because(r, ERR_SYNTAX, "not an object");
    cJSON_ArrayForEach(item, obj)
    {
        const char *const *name = allowed;

        while (*name != NULL && strcmp(*name, item->string) != 0)
            name++;
        if (*name == NULL)
            return err_because(r, ERR_UNKNOWN, "%.60s: unknown member", item->string);
    }
    return ERR_OK;
}

static void add(cJSON *parent, const char *key, cJSON *item)
{
    cJSON_bool added;

    if (item == NULL)
        out_of_memory();
    assert(cJSON_IsArray(parent) || cJSON_IsObject(parent));
    assert((key == NULL) == (cJSON_IsArray(parent) != 0));
    added = key == NULL ? cJSON_AddItemToArray(parent, item) : cJSON_AddItemToObject(parent, key, item);
    if (!added)
        out_of_memory();
}

cJSON *json_new_object(void)
{
    cJSON *tree = cJSON_CreateObject();

    if (tree == NULL)
        out_of_memory();
    return tree;
}

cJSON *json_put_object(cJSON *parent, const char *key)
{
    cJSON *item = json_new_object();

    add(parent, key, item);
    return item;
}

cJSON *json_put_array(cJSON *parent, const char *key)
{
    cJSON *item = cJSON_CreateArray();

    add(parent, key, item);
    return item;
}

/* Bytes that are not UTF-8 become '?': the text of an operating system error or a file name must not spoil a message.
 */
static void repair_utf8(char *text)
{
    const char *end = text + strlen(text);

    while (text < end) {
        size_t len = utf8_length(text, end);

        if (len == 0) {
            *text = '?';
            len = 1;
        }
        text += len;
    }
}

void json_put_text(cJSON *parent, const char *key, const char *value)
{
    cJSON *item = value != NULL ? cJSON_CreateString(value) : cJSON_CreateNull();

    if (item != NULL && value != NULL)
        repair_utf8(item->valuestring);
    add(parent, key, item);
}

void json_put_int(cJSON *parent, const char *key, int64_t value)
{
    char *text;

    assert(value >= -INTEGER_MAX && value <= INTEGER_MAX);
    if (prints_exactly(value)) {
        add(parent, key, cJSON_CreateNumber((double)value));
        return;
    }
    text = integer_text(value);
    add(parent, key, cJSON_CreateRaw(text));
    free(text);
}

void json_put_bool(cJSON *parent, const char *key, bool value)
{
    add(parent, key, cJSON_CreateBool(value));
}

void json_put_hex(cJSON *parent, const char *key, const uint8_t *bytes, size_t len)
{
    char *text = malloc(2 * len + 1);

    if (text == NULL)
        out_of_memory();
    num_to_hex(bytes, len, text);
    json_put_text(parent, key, text);
    free(text);
}

void json_put_tree(cJSON *parent, const char *key, cJSON *child)
{
    add(parent, key, child);
}

char *json_print(const cJSON *tree)
{
    char *text = cJSON_PrintUnformatted(tree);

    if (text == NULL)
        out_of_memory();
    return text;
}
