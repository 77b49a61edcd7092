/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a bundle. What is written is in fhir_evidence.c. */
#include "backend/fhir.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/allot.h"
#include "common/json.h"
#include "common/language.h"

#define ENTRIES_MAX 200
#define DEPTH_MAX (JSON_DEPTH_FHIR + 2)
#define REFERENCE_MAX 512

/* A resource and the FHIRPath to it. */
struct node {
    cJSON *at;
    char path[128];
};

struct reader {
    const struct fhir_cfg *cfg;
    cJSON *bundle;
    struct node dispense;
    struct fhir_issue *issue;
    struct reason *r;
};

/* ---------------------------------------------------------------- refusing */

/* Where (element below n; "" the resource itself), why in the words of FHIR, why in a sentence. */
static enum err refuse(struct reader *rd, enum err e, const char *code, const struct node *n, const char *element,
                       const char *sentence)
{
    rd->issue->code = code;
    (void)snprintf(rd->issue->expression, sizeof(rd->issue->expression), "%s%s%s", n->path,
                   element[0] == '\0' ? "" : ".", element);
    return err_because(rd->r, e, "%s: %s", rd->issue->expression, sentence);
}

/* ---------------------------------------------------------------- getting */

static cJSON *get(const cJSON *obj, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(obj, key);
}

/* The text of a member; NULL when it is absent, no text, or empty. */
static const char *text_of(const cJSON *obj, const char *key)
{
    const cJSON *x = get(obj, key);

    return cJSON_IsString(x) && x->valuestring[0] != '\0' ? x->valuestring : NULL;
}

static bool is_type(const cJSON *resource, const char *type)
{
    const char *t = text_of(resource, "resourceType");

    return t != NULL && strcmp(t, type) == 0;
}

/* Copies a text of the bundle into a field of the request. */
static enum err keep_text(struct reader *rd, const struct node *n, const char *element, const char *text, char *dst,
                          size_t cap)
{
    enum err e = request_text(dst, cap, text, strlen(text));

    if (e == ERR_TOO_LONG) {
        return refuse(rd, ERR_RANGE, "too-long", n, element, "longer than this hub keeps");
    }
    return e == ERR_OK ? ERR_OK : refuse(rd, ERR_RANGE, "value", n, element, "holds control characters");
}

/* ---------------------------------------------------------------- references */

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);

    return a >= b && strcmp(text + a - b, end) == 0;
}

/* The entry is the one meant by "Type/id", or by an absolute url that equals its fullUrl. */
static bool is_meant(const cJSON *entry, const char *reference)
{
    const cJSON *resource = get(entry, "resource");
    const char *full = text_of(entry, "fullUrl"), *type = text_of(resource, "resourceType"),
               *id = text_of(resource, "id");
    char own[REFERENCE_MAX + 2];

    if (full != NULL && strcmp(full, reference) == 0) {
        return true;
    }
    if (type == NULL || strchr(reference, ':') != NULL) {
        return false;
    }
    if (id != NULL && snprintf(own, sizeof(own), "%s/%s", type, id) < (int)sizeof(own) && strcmp(own, reference) == 0) {
        return true;
    }
    (void)snprintf(own, sizeof(own), "/%s", reference);
    return id == NULL && full != NULL && ends_with(full, own);
}

static void find_contained(const struct reader *rd, const char *id, struct node *out, unsigned *hits)
{
    const cJSON *contained = get(rd->dispense.at, "contained");
    cJSON *x;
    unsigned i = 0;

    cJSON_ArrayForEach(x, contained)
    {
        const char *own = text_of(x, "id");
        if (own != NULL && strcmp(own, id) == 0) {
            out->at = x;
            (void)snprintf(out->path, sizeof(out->path), "%.64s.contained[%u]", rd->dispense.path, i);
            (*hits)++;
        }
        i++;
    }
}

static void find_entry(const struct reader *rd, const char *reference, struct node *out, unsigned *hits)
{
    cJSON *entry;
    unsigned i = 0;

    cJSON_ArrayForEach(entry, get(rd->bundle, "entry"))
    {
        if (is_meant(entry, reference)) {
            out->at = get(entry, "resource");
            (void)snprintf(out->path, sizeof(out->path), "Bundle.entry[%u].resource", i);
            (*hits)++;
        }
        i++;
    }
}

/* Resolves ref.reference inside the bundle. `element` names it below n. Nothing outside is ever fetched. */
static enum err resolve(struct reader *rd, const struct node *n, const char *element, const cJSON *ref,
                        const char *type, struct node *out)
{
    const char *reference = text_of(ref, "reference");
    char plain[REFERENCE_MAX];
    unsigned hits = 0;

    if (reference == NULL) {
        return refuse(rd, ERR_MISSING, "required", n, element, "a reference to a resource of this bundle is needed");
    }
    if (strlen(reference) >= sizeof(plain)) {
        return refuse(rd, ERR_RANGE, "too-long", n, element, "reference too long");
    }
    (void)snprintf(plain, sizeof(plain), "%s", reference);
    char *history = strstr(plain, "/_history/");
    if (history != NULL) {
        *history = '\0';
    }
    if (plain[0] == '#') {
        find_contained(rd, plain + 1, out, &hits);
    } else {
        find_entry(rd, plain, out, &hits);
    }
    if (hits == 0) {
        return refuse(rd, ERR_NOT_FOUND, "not-found", n, element, "what it refers to is not in this bundle");
    }
    if (hits > 1) {
        return refuse(rd, ERR_DUPLICATE, "multiple-matches", n, element, "it refers to more than one resource");
    }
    if (!is_type(out->at, type)) {
        return refuse(rd, ERR_RANGE, "value", n, element, "it refers to another type of resource than expected");
    }
    return ERR_OK;
}

/* ---------------------------------------------------------------- the dispense itself */

static enum err check_bundle(struct reader *rd)
{
    const struct node top = {.at = rd->bundle, .path = "Bundle"};
    const cJSON *entries = get(rd->bundle, "entry");

    if (!is_type(rd->bundle, "Bundle")) {
        return refuse(rd, ERR_SYNTAX, "structure", &top, "", "a FHIR Bundle is needed");
    }
    if (text_of(rd->bundle, "type") == NULL) {
        return refuse(rd, ERR_MISSING, "required", &top, "type", "missing");
    }
    if (!cJSON_IsArray(entries) || cJSON_GetArraySize(entries) == 0) {
        return refuse(rd, ERR_MISSING, "required", &top, "entry", "the bundle is empty");
    }
    if (cJSON_GetArraySize(entries) > ENTRIES_MAX) {
        return refuse(rd, ERR_TOO_LONG, "too-long", &top, "entry", "more than 200 entries");
    }
    return ERR_OK;
}

static enum err find_dispense(struct reader *rd)
{
    const struct node top = {.at = rd->bundle, .path = "Bundle"};
    cJSON *entry;
    unsigned i = 0;

    cJSON_ArrayForEach(entry, get(rd->bundle, "entry"))
    {
        struct node n = {.at = get(entry, "resource")};
        (void)snprintf(n.path, sizeof(n.path), "Bundle.entry[%u].resource", i++);
        if (!cJSON_IsObject(n.at)) {
            return refuse(rd, ERR_SYNTAX, "structure", &n, "", "an entry without a resource");
        }
        if (!is_type(n.at, "MedicationDispense")) {
            continue;
        }
        if (rd->dispense.at != NULL) {
            return refuse(rd, ERR_DUPLICATE, "multiple-matches", &n, "",
                          "a second MedicationDispense: send one for each bag");
        }
        rd->dispense = n;
    }
    if (rd->dispense.at == NULL) {
        return refuse(rd, ERR_MISSING, "required", &top, "entry", "no MedicationDispense in this bundle");
    }
    return ERR_OK;
}

/* Elements that FHIR forbids to overlook when they are not understood. */
static enum err check_modifiers(struct reader *rd, const struct node *n)
{
    if (get(n->at, "modifierExtension") != NULL) {
        return refuse(rd, ERR_UNKNOWN, "extension", n, "modifierExtension",
                      "not understood, and must not be overlooked");
    }
    if (get(n->at, "implicitRules") != NULL) {
        return refuse(rd, ERR_UNKNOWN, "not-supported", n, "implicitRules",
                      "not understood, and must not be overlooked");
    }
    return ERR_OK;
}

static enum err check_status(struct reader *rd)
{
    static const char *const accepted[] = {"preparation", "in-progress", "completed"};
    const char *status = text_of(rd->dispense.at, "status");

    if (status == NULL) {
        return refuse(rd, ERR_MISSING, "required", &rd->dispense, "status", "missing");
    }
    for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
        if (strcmp(status, accepted[i]) == 0) {
            return ERR_OK;
        }
    }
    return refuse(rd, ERR_STATE, "business-rule", &rd->dispense, "status",
                  "must be preparation, in-progress or completed");
}

/* The sender's number: the first identifier with a value, else the id of the resource. */
static enum err read_reference(struct reader *rd, struct request *q)
{
    const cJSON *list = get(rd->dispense.at, "identifier"), *x;
    char joined[REQUEST_REFERENCE_CAP];

    if (list != NULL && !cJSON_IsArray(list)) {
        return refuse(rd, ERR_SYNTAX, "structure", &rd->dispense, "identifier", "must be a list");
    }
    cJSON_ArrayForEach(x, list)
    {
        const char *system = text_of(x, "system"), *value = text_of(x, "value");
        if (value == NULL) {
            continue;
        }
        if (snprintf(joined, sizeof(joined), "%s|%s", system == NULL ? "" : system, value) >= (int)sizeof(joined)) {
            return refuse(rd, ERR_RANGE, "too-long", &rd->dispense, "identifier", "longer than this hub keeps");
        }
        return keep_text(rd, &rd->dispense, "identifier", joined, q->reference, sizeof(q->reference));
    }
    const char *id = text_of(rd->dispense.at, "id");
    if (id == NULL) {
        return refuse(rd, ERR_MISSING, "required", &rd->dispense, "identifier",
                      "needed, so that the same bag is not registered twice");
    }
    return keep_text(rd, &rd->dispense, "id", id, q->reference, sizeof(q->reference));
}

static enum err read_quantity(struct reader *rd, struct request *q)
{
    const cJSON *quantity = get(rd->dispense.at, "quantity");
    const cJSON *value = get(quantity, "value");
    const char *unit = text_of(quantity, "unit");
    char text[REQUEST_QUANTITY_CAP];

    if (!cJSON_IsNumber(value)) {
        return ERR_OK;
    }
    if (unit == NULL) {
        unit = text_of(quantity, "code");
    }
    if (value->valuedouble < 0 || value->valuedouble > 1e9) {
        return refuse(rd, ERR_RANGE, "value", &rd->dispense, "quantity.value", "not an amount of medicine");
    }
    int n = snprintf(text, sizeof(text), "%.10g%s%s", value->valuedouble, unit == NULL ? "" : " ",
                     unit == NULL ? "" : unit);
    if (n < 0 || n >= (int)sizeof(text)) {
        return refuse(rd, ERR_RANGE, "too-long", &rd->dispense, "quantity.unit", "longer than this hub keeps");
    }
    return keep_text(rd, &rd->dispense, "quantity.unit", text, q->quantity, sizeof(q->quantity));
}

/* ---------------------------------------------------------------- medication */

/* The words of a CodeableConcept: its text, the coding that a person chose, or the first with words. */
static const char *words_of(const cJSON *concept)
{
    const char *words = text_of(concept, "text"), *first = NULL;
    const cJSON *coding;

    if (words != NULL) {
        return words;
    }
    cJSON_ArrayForEach(coding, get(concept, "coding"))
    {
        const char *display = text_of(coding, "display");
        if (display != NULL && cJSON_IsTrue(get(coding, "userSelected"))) {
            return display;
        }
        first = first == NULL ? display : first;
    }
    return first;
}

/* A compounded medicine without a name of its own: the names of what is in it. */
static void name_ingredients(const cJSON *medication, char *out, size_t cap)
{
    const cJSON *x;
    size_t used = 0;

    out[0] = '\0';
    cJSON_ArrayForEach(x, get(medication, "ingredient"))
    {
        const char *words = words_of(get(x, "itemCodeableConcept"));
        if (words == NULL) {
            words = text_of(get(x, "itemReference"), "display");
        }
        int n = words == NULL ? 0 : snprintf(out + used, cap - used, "%s%s", used == 0 ? "" : " + ", words);
        if (n < 0 || (size_t)n >= cap - used) {
            out[used] = '\0'; /* the rest does not fit; the first ones tell enough */
            return;
        }
        used += (size_t)n;
    }
}

static enum err read_medication(struct reader *rd, struct request *q)
{
    const cJSON *concept = get(rd->dispense.at, "medicationCodeableConcept");
    const cJSON *ref = get(rd->dispense.at, "medicationReference");
    char ingredients[REQUEST_MEDICINE_CAP];
    struct node n = rd->dispense;
    const char *words;

    if (concept == NULL && ref == NULL) {
        return refuse(rd, ERR_MISSING, "required", &rd->dispense, "medication", "missing");
    }
    if (concept == NULL && text_of(ref, "reference") == NULL && text_of(ref, "display") != NULL) {
        words = text_of(ref, "display");
        return keep_text(rd, &rd->dispense, "medicationReference.display", words, q->medicine, sizeof(q->medicine));
    }
    if (concept == NULL) {
        enum err e = resolve(rd, &rd->dispense, "medicationReference", ref, "Medication", &n);
        if (e == ERR_OK) {
            e = check_modifiers(rd, &n);
        }
        if (e != ERR_OK) {
            return e;
        }
        concept = get(n.at, "code");
    }
    words = words_of(concept);
    if (words == NULL) {
        name_ingredients(n.at, ingredients, sizeof(ingredients));
        words = ingredients[0] == '\0' ? text_of(ref, "display") : ingredients;
    }
    if (words == NULL) {
        return refuse(rd, ERR_MISSING, "required", &n, "code", "the medicine has no words that people can read");
    }
    return keep_text(rd, &n, "code", words, q->medicine, sizeof(q->medicine));
}

/* ---------------------------------------------------------------- patient */

/* The official name, else the usual one, else the first that is not an old one. */
static const cJSON *choose_name(const cJSON *patient)
{
    static const char *const uses[] = {"official", "usual"};
    const cJSON *names = get(patient, "name"), *x;

    for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
        cJSON_ArrayForEach(x, names)
        {
            const char *use = text_of(x, "use");
            if (use != NULL && strcmp(use, uses[i]) == 0) {
                return x;
            }
        }
    }
    cJSON_ArrayForEach(x, names)
    {
        const char *use = text_of(x, "use");
        if (use == NULL || strcmp(use, "old") != 0) {
            return x;
        }
    }
    return NULL;
}

static enum err read_name(struct reader *rd, const struct node *patient, struct request *q)
{
    const cJSON *name = choose_name(patient->at), *given;
    const char *text = text_of(name, "text"), *family = text_of(name, "family");
    char joined[REQUEST_PATIENT_CAP];
    size_t used = 0;

    if (text != NULL) {
        return keep_text(rd, patient, "name", text, q->patient, sizeof(q->patient));
    }
    if (family == NULL) {
        return refuse(rd, ERR_MISSING, "required", patient, "name", "a name is needed for the slip");
    }
    joined[0] = '\0';
    cJSON_ArrayForEach(given, get(name, "given"))
    {
        int n = cJSON_IsString(given) ? snprintf(joined + used, sizeof(joined) - used, "%s ", given->valuestring) : 0;
        if (n < 0 || (size_t)n >= sizeof(joined) - used) {
            break;
        }
        used += (size_t)n;
    }
    if (snprintf(joined + used, sizeof(joined) - used, "%s", family) >= (int)(sizeof(joined) - used)) {
        return refuse(rd, ERR_RANGE, "too-long", patient, "name", "longer than this hub keeps");
    }
    return keep_text(rd, patient, "name", joined, q->patient, sizeof(q->patient));
}

/* A birth date without a day is as good as none: it cannot be asked at a door. */
static enum err read_birth_date(struct reader *rd, const struct node *patient, struct request *q)
{
    const char *date = text_of(patient->at, "birthDate");
    char whole[11];

    if (date == NULL) {
        return ERR_OK;
    }
    size_t len = strlen(date);
    const char *rest = len == 4 ? "-01-01" : len == 7 ? "-01" : "";
    if (len > 10 || snprintf(whole, sizeof(whole), "%s%s", date, rest) != 10 || !request_is_date(whole)) {
        return refuse(rd, ERR_RANGE, "value", patient, "birthDate", "not a date");
    }
    bool partial = rest[0] != '\0';
    if (!partial) {
        memcpy(q->birth_date, whole, sizeof(q->birth_date));
    }
    return ERR_OK;
}

static void read_language(const struct node *patient, struct request *q)
{
    const cJSON *x, *coding;
    enum language known;

    cJSON_ArrayForEach(x, get(patient->at, "communication"))
    {
        cJSON_ArrayForEach(coding, get(get(x, "language"), "coding"))
        {
            const char *code = text_of(coding, "code");
            if (code == NULL || strnlen(code, 2) < 2 || !cJSON_IsTrue(get(x, "preferred"))) {
                continue;
            }
            const char two[] = {code[0], code[1], '\0'}; /* BCP 47: "ar-SA" */
            if (language_parse(two, &known) == ERR_OK) {
                memcpy(q->language, two, sizeof(two));
            }
        }
    }
}

static enum err read_patient(struct reader *rd, struct request *q)
{
    struct node patient;
    enum err e = resolve(rd, &rd->dispense, "subject", get(rd->dispense.at, "subject"), "Patient", &patient);

    if (e == ERR_OK)
        e = check_modifiers(rd, &patient);
    if (e == ERR_OK)
        e = read_name(rd, &patient, q);
    if (e == ERR_OK)
        e = read_birth_date(rd, &patient, q);
    if (e == ERR_OK)
        read_language(&patient, q);
    return e;
}

/* ---------------------------------------------------------------- pharmacy and place */

static const char *ura_of(const cJSON *identifier)
{
    const char *system = text_of(identifier, "system");

    return system != NULL && strcmp(system, FHIR_URA_SYSTEM) == 0 ? text_of(identifier, "value") : NULL;
}

/* The URA of one performer; NULL when it has none. *where is what holds it, in its `identifier`. */
static enum err performer_ura(struct reader *rd, unsigned index, const cJSON *actor, const char **ura,
                              struct node *where)
{
    char element[40];
    const char *type = text_of(actor, "type"), *reference = text_of(actor, "reference");
    const cJSON *x;

    *where = (struct node){.at = rd->dispense.at};
    (void)snprintf(where->path, sizeof(where->path), "%.64s.performer[%u].actor", rd->dispense.path, index);
    *ura = ura_of(get(actor, "identifier"));
    bool person = (type != NULL && strncmp(type, "Practitioner", 12) == 0) ||
                  (reference != NULL && strncmp(reference, "Practitioner", 12) == 0);
    if (*ura != NULL || person || reference == NULL) {
        return ERR_OK;
    }
    (void)snprintf(element, sizeof(element), "performer[%u].actor", index);
    enum err e = resolve(rd, &rd->dispense, element, actor, "Organization", where);
    if (e != ERR_OK) {
        return e;
    }
    cJSON_ArrayForEach(x, get(where->at, "identifier"))
    {
        *ura = *ura == NULL ? ura_of(x) : *ura;
    }
    return ERR_OK;
}

static enum err check_pharmacy(struct reader *rd)
{
    struct node where = rd->dispense;
    const char *ura = NULL;
    const cJSON *performer;
    unsigned i = 0;

    if (rd->cfg->accept_any_ura) {
        return ERR_OK;
    }
    cJSON_ArrayForEach(performer, get(rd->dispense.at, "performer"))
    {
        const char *found = NULL;
        struct node at;
        enum err e = performer_ura(rd, i++, get(performer, "actor"), &found, &at);
        if (e != ERR_OK) {
            return e;
        }
        if (found != NULL && strcmp(found, rd->cfg->ura) == 0) {
            return ERR_OK;
        }
        if (found != NULL) {
            ura = found;
            where = at;
        }
    }
    if (ura == NULL) {
        return refuse(rd, ERR_MISSING, "required", &rd->dispense, "performer",
                      "a pharmacy with its URA number is needed");
    }
    return refuse(rd, ERR_FOREIGN, "business-rule", &where, "identifier", "dispensed by another pharmacy");
}

static enum err read_destination(struct reader *rd, struct request *q)
{
    const cJSON *ref = get(rd->dispense.at, "destination");
    const char *display = text_of(ref, "display"), *name;
    struct node location;

    if (ref == NULL) {
        return ERR_OK;
    }
    if (text_of(ref, "reference") == NULL) {
        return display == NULL ? ERR_OK
                               : keep_text(rd, &rd->dispense, "destination.display", display, q->destination,
                                           sizeof(q->destination));
    }
    enum err e = resolve(rd, &rd->dispense, "destination", ref, "Location", &location);
    if (e != ERR_OK) {
        return e;
    }
    name = text_of(location.at, "name");
    if (name == NULL) {
        name = display;
    }
    return name == NULL ? ERR_OK : keep_text(rd, &location, "name", name, q->destination, sizeof(q->destination));
}

/* ---------------------------------------------------------------- what is kept for the evidence */

static bool is_dropped(const cJSON *x)
{
    static const char *const dropped[] = {"extension", "modifierExtension", "contained"};

    if (x->string == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
        if (strcmp(x->string, dropped[i]) == 0) {
            return true;
        }
    }
    bool narrative = strcmp(x->string, "text") == 0 && !cJSON_IsString(x);
    bool inside = strcmp(x->string, "reference") == 0 && cJSON_IsString(x) && x->valuestring[0] == '#';
    return x->string[0] == '_' || narrative || inside;
}

/* Removes extensions, narrative and references to what was contained, level by level with an own stack. */
static void prune(cJSON *root)
{
    cJSON *stack[DEPTH_MAX], *parent[DEPTH_MAX];
    unsigned depth = 1;

    stack[0] = root->child;
    parent[0] = root;
    while (depth > 0) {
        cJSON *x = stack[depth - 1];
        if (x == NULL) {
            depth--;
            continue;
        }
        stack[depth - 1] = x->next;
        if (is_dropped(x)) {
            cJSON_Delete(cJSON_DetachItemViaPointer(parent[depth - 1], x));
        } else if (x->child != NULL && depth < DEPTH_MAX) {
            stack[depth] = x->child;
            parent[depth++] = x;
        }
    }
}

static char *keep(struct reader *rd, const struct request *q)
{
    static const char *const members[] = {"identifier", "category",  "medicationCodeableConcept", "medicationReference",
                                          "subject",    "performer", "authorizingPrescription",   "quantity",
                                          "daysSupply"};
    cJSON *kept = json_new_object(), *dispense = rd->dispense.at;

    prune(dispense);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        cJSON *x = cJSON_DetachItemFromObjectCaseSensitive(dispense, members[i]);
        if (x != NULL) {
            json_put_tree(kept, members[i], x);
        }
    }
    cJSON *medication = get(kept, "medicationReference");
    if (cJSON_IsObject(medication) && text_of(medication, "display") == NULL) {
        cJSON_DeleteItemFromObjectCaseSensitive(medication, "display");
        json_put_text(medication, "display", q->medicine);
    }
    char *text = json_print(kept);
    cJSON_Delete(kept);
    return text;
}

/* ---------------------------------------------------------------- all of it */

static enum err read_all(struct reader *rd, struct request *q)
{
    const char *field = NULL;
    enum err e = check_bundle(rd);

    if (e == ERR_OK)
        e = find_dispense(rd);
    if (e == ERR_OK)
        e = check_modifiers(rd, &rd->dispense);
    if (e == ERR_OK)
        e = check_status(rd);
    if (e == ERR_OK)
        e = check_pharmacy(rd);
    if (e == ERR_OK)
        e = read_reference(rd, q);
    if (e == ERR_OK)
        e = read_medication(rd, q);
    if (e == ERR_OK)
        e = read_quantity(rd, q);
    if (e == ERR_OK)
        e = read_patient(rd, q);
    if (e == ERR_OK)
        e = read_destination(rd, q);
    if (e != ERR_OK)
        return e;
    q->size = allot_size(q->quantity);
    struct reason why = {""};
    e = request_check(q, &field, &why);
    return e == ERR_OK ? ERR_OK : refuse(rd, e, "value", &rd->dispense, "", why.text);
}

enum err fhir_read(const char *text, size_t len, const struct fhir_cfg *cfg, struct request *out, char **kept,
                   struct fhir_issue *issue, struct reason *r)
{
    const struct json_limits limits = {
        .max_len = FHIR_MAX_BUNDLE, .max_depth = JSON_DEPTH_FHIR, .flags = JSON_ALLOW_FRACTIONS};
    struct reader rd = {.cfg = cfg, .issue = issue, .r = r};
    struct request q;

    *issue = (struct fhir_issue){.code = "structure", .expression = "Bundle"};
    request_init(&q, REQUEST_FHIR);
    enum err e = json_parse(&rd.bundle, text, len, &limits, r);
    if (e != ERR_OK) {
        issue->code = e == ERR_TOO_LONG ? "too-long" : "structure";
        return e;
    }
    e = read_all(&rd, &q);
    if (e == ERR_OK) {
        *kept = keep(&rd, &q);
        *out = q;
    }
    cJSON_Delete(rd.bundle);
    return e;
}

unsigned fhir_http_status(enum err e)
{
    return e == ERR_TOO_LONG ? 413 : e == ERR_SYNTAX ? 400 : 422;
}
