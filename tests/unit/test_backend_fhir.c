/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/fhir.h"
#include "common/json.h"

#define REAL_BUNDLES "../shared/data/nictiz-mp9"
#define REAL_COUNT 27

static const struct fhir_cfg CFG = {.ura = "01236578"};

/* Every part of a good bundle; a case replaces one of them. */
struct parts {
    const char *status, *identifier, *medication, *subject, *performer, *quantity, *destination, *more;
    const char *med_resource, *patient, *organization, *location, *extra_entry;
};

#define GOOD_NAME "\"name\":[{\"use\":\"official\",\"text\":\"M. van de Berg\"}]"
#define GOOD_BIRTH "\"birthDate\":\"1985-11-09\""

static struct parts good(void)
{
    return (struct parts){
        .status = "\"completed\"",
        .identifier = "[{\"system\":\"urn:oid:1.2.3\",\"value\":\"MBH-1\"}]",
        .medication = "\"medicationReference\":{\"reference\":\"Medication/m1\",\"display\":\"x\"}",
        .subject = "{\"reference\":\"Patient/p1\"}",
        .performer = "[{\"actor\":{\"reference\":\"Organization/o1\"}}]",
        .quantity = "{\"value\":30,\"unit\":\"stuk\"}",
        .destination = "{\"reference\":\"Location/l1\"}",
        .more = "\"note\":[]",
        .med_resource = "\"code\":{\"text\":\"MODAFINIL TABLET 200MG\"}",
        .patient = GOOD_NAME "," GOOD_BIRTH,
        .organization = "\"identifier\":[{\"system\":\"" FHIR_URA_SYSTEM "\",\"value\":\"01236578\"}]",
        .location = "\"name\":\"Dorpsrand 200\"",
        .extra_entry = "",
    };
}

static char *build(const struct parts *p)
{
    char *text = NULL;

    if (asprintf(&text,
                 "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":["
                 "{\"fullUrl\":\"urn:x:1\",\"resource\":{\"resourceType\":\"MedicationDispense\",\"id\":\"d1\","
                 "\"status\":%s,\"identifier\":%s,%s,\"subject\":%s,\"performer\":%s,\"quantity\":%s,"
                 "\"destination\":%s,%s}},"
                 "{\"fullUrl\":\"urn:x:2\",\"resource\":{\"resourceType\":\"Medication\",\"id\":\"m1\",%s}},"
                 "{\"fullUrl\":\"urn:x:3\",\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p1\",%s}},"
                 "{\"fullUrl\":\"urn:x:4\",\"resource\":{\"resourceType\":\"Organization\",\"id\":\"o1\",%s}},"
                 "{\"fullUrl\":\"urn:x:5\",\"resource\":{\"resourceType\":\"Location\",\"id\":\"l1\",%s}}%s]}",
                 p->status, p->identifier, p->medication, p->subject, p->performer, p->quantity, p->destination,
                 p->more, p->med_resource, p->patient, p->organization, p->location, p->extra_entry) < 0)
        abort();
    return text;
}

static enum err read_text(const char *text, const struct fhir_cfg *cfg, struct request *q, struct fhir_issue *issue,
                          struct reason *r)
{
    char *kept = NULL;
    enum err e = fhir_read(text, strlen(text), cfg, q, &kept, issue, r);

    assert_int_equal(kept != NULL, e == ERR_OK);
    free(kept);
    return e;
}

static enum err read_parts(const struct parts *p, struct request *q, struct fhir_issue *issue)
{
    struct reason r = {""};
    char *text = build(p);
    enum err e = read_text(text, &CFG, q, issue, &r);

    assert_int_equal(e != ERR_OK, r.text[0] != '\0');
    assert_null(strstr(r.text, "Berg"));
    free(text);
    return e;
}

/* ---------------------------------------------------------------- reading */

static void a_good_bundle_becomes_a_request(void **state)
{
    struct parts p = good();
    struct request q;
    struct fhir_issue issue;

    (void)state;
    assert_int_equal(read_parts(&p, &q, &issue), ERR_OK);
    assert_int_equal(q.source, REQUEST_FHIR);
    assert_string_equal(q.reference, "urn:oid:1.2.3|MBH-1");
    assert_string_equal(q.patient, "M. van de Berg");
    assert_string_equal(q.birth_date, "1985-11-09");
    assert_string_equal(q.medicine, "MODAFINIL TABLET 200MG");
    assert_string_equal(q.quantity, "30 stuk");
    assert_string_equal(q.destination, "Dorpsrand 200");
    assert_string_equal(q.language, "nl");
    assert_false(q.size_given);
}

static void variants_of_good_bundles_are_read(void **state)
{
    static const struct {
        size_t part;
        const char *value;
        size_t field;
        const char *want;
    } row[] = {
#define PART(x) offsetof(struct parts, x)
#define FIELD(x) offsetof(struct request, x)
        {PART(status), "\"preparation\"", FIELD(patient), "M. van de Berg"},
        {PART(status), "\"in-progress\"", FIELD(patient), "M. van de Berg"},
        {PART(subject), "{\"reference\":\"urn:x:3\"}", FIELD(patient), "M. van de Berg"},
        {PART(subject), "{\"reference\":\"Patient/p1/_history/3\"}", FIELD(patient), "M. van de Berg"},
        {PART(patient), "\"name\":[{\"use\":\"old\",\"text\":\"X\"},{\"given\":[\"A.\",\"B.\"],\"family\":\"de Wit\"}]",
         FIELD(patient), "A. B. de Wit"},
        {PART(patient), GOOD_NAME, FIELD(birth_date), ""},
        {PART(patient), GOOD_NAME ",\"birthDate\":\"1985\"", FIELD(birth_date), ""},
        {PART(patient), GOOD_NAME ",\"birthDate\":\"1985-11\"", FIELD(birth_date), ""},
        {PART(patient),
         GOOD_NAME ",\"communication\":[{\"preferred\":true,\"language\":{\"coding\":[{\"code\":\"en-GB\"}]}}]",
         FIELD(language), "en"},
        {PART(medication),
         "\"medicationCodeableConcept\":{\"coding\":[{\"display\":\"A\"},"
         "{\"display\":\"B\",\"userSelected\":true}]}",
         FIELD(medicine), "B"},
        {PART(medication), "\"medicationReference\":{\"display\":\"Zalf naar recept\"}", FIELD(medicine),
         "Zalf naar recept"},
        {PART(medication),
         "\"contained\":[{\"resourceType\":\"Medication\",\"id\":\"c1\",\"code\":{\"text\":\"In de doos\"}}],"
         "\"medicationReference\":{\"reference\":\"#c1\"}",
         FIELD(medicine), "In de doos"},
        {PART(med_resource),
         "\"ingredient\":[{\"itemCodeableConcept\":{\"text\":\"UREUM\"}},{\"itemReference\":{\"display\":\"EUCERINE\"}}"
         "]",
         FIELD(medicine), "UREUM + EUCERINE"},
        {PART(quantity), "{\"value\":0.5,\"code\":\"ml\"}", FIELD(quantity), "0.5 ml"},
        {PART(quantity), "{}", FIELD(quantity), ""},
        {PART(destination), "{\"display\":\"Centrum\"}", FIELD(destination), "Centrum"},
        {PART(location), "\"mode\":\"instance\"", FIELD(destination), ""},
        {PART(identifier), "[]", FIELD(reference), "d1"},
        {PART(performer),
         "[{\"actor\":{\"reference\":\"Practitioner/9\"}},{\"actor\":{\"identifier\":{\"system\":\"" FHIR_URA_SYSTEM
         "\",\"value\":\"01236578\"}}}]",
         FIELD(patient), "M. van de Berg"},
        {PART(more), "\"text\":{\"status\":\"generated\",\"div\":\"<script>alert(1)</script>\"}", FIELD(patient),
         "M. van de Berg"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct parts p = good();
        struct request q;
        struct fhir_issue issue;
        memcpy((char *)&p + row[i].part, &row[i].value, sizeof(row[i].value));
        if (read_parts(&p, &q, &issue) != ERR_OK)
            fail_msg("row %zu: %s", i, issue.expression);
        assert_string_equal((const char *)&q + row[i].field, row[i].want);
    }
}

static void refusals_name_the_element(void **state)
{
    static const struct {
        size_t part;
        const char *value;
        enum err want;
        const char *code, *expression;
    } row[] = {
        {PART(status), "\"cancelled\"", ERR_STATE, "business-rule", "Bundle.entry[0].resource.status"},
        {PART(status), "\"entered-in-error\"", ERR_STATE, "business-rule", "Bundle.entry[0].resource.status"},
        {PART(identifier), "{\"value\":\"MBH-1\"}", ERR_SYNTAX, "structure", "Bundle.entry[0].resource.identifier"},
        {PART(status), "\"on-hold\"", ERR_STATE, "business-rule", "Bundle.entry[0].resource.status"},
        {PART(status), "5", ERR_MISSING, "required", "Bundle.entry[0].resource.status"},
        {PART(subject), "{\"reference\":\"Patient/p2\"}", ERR_NOT_FOUND, "not-found",
         "Bundle.entry[0].resource.subject"},
        {PART(subject), "{\"display\":\"iemand\"}", ERR_MISSING, "required", "Bundle.entry[0].resource.subject"},
        {PART(subject), "{\"reference\":\"https://example.org/Patient/p1\"}", ERR_NOT_FOUND, "not-found",
         "Bundle.entry[0].resource.subject"},
        {PART(subject), "{\"reference\":\"Medication/m1\"}", ERR_RANGE, "value", "Bundle.entry[0].resource.subject"},
        {PART(patient), "\"active\":true", ERR_MISSING, "required", "Bundle.entry[2].resource.name"},
        {PART(patient), GOOD_NAME ",\"birthDate\":\"1985-02-30\"", ERR_RANGE, "value",
         "Bundle.entry[2].resource.birthDate"},
        {PART(patient), "\"name\":[{\"text\":\"a\\u0007b\"}]", ERR_RANGE, "value", "Bundle.entry[2].resource.name"},
        {PART(patient), GOOD_NAME ",\"modifierExtension\":[]", ERR_UNKNOWN, "extension",
         "Bundle.entry[2].resource.modifierExtension"},
        {PART(medication), "\"partOf\":[]", ERR_MISSING, "required", "Bundle.entry[0].resource.medication"},
        {PART(medication), "\"medicationReference\":{\"reference\":\"#gone\"}", ERR_NOT_FOUND, "not-found",
         "Bundle.entry[0].resource.medicationReference"},
        {PART(performer), "[]", ERR_MISSING, "required", "Bundle.entry[0].resource.performer"},
        {PART(performer),
         "[{\"actor\":{\"type\":\"Practitioner\"}},{\"actor\":{\"identifier\":{\"system\":\"" FHIR_URA_SYSTEM
         "\",\"value\":\"00000001\"}}}]",
         ERR_FOREIGN, "business-rule", "Bundle.entry[0].resource.performer[1].actor.identifier"},
        {PART(performer), "[{\"actor\":{\"reference\":\"Organization/o2\"}}]", ERR_NOT_FOUND, "not-found",
         "Bundle.entry[0].resource.performer[0].actor"},
        {PART(organization), "\"identifier\":[{\"system\":\"" FHIR_URA_SYSTEM "\",\"value\":\"99999999\"}]",
         ERR_FOREIGN, "business-rule", "Bundle.entry[3].resource.identifier"},
        {PART(organization), "\"identifier\":[{\"system\":\"urn:other\",\"value\":\"01236578\"}]", ERR_MISSING,
         "required", "Bundle.entry[0].resource.performer"},
        {PART(destination), "{\"reference\":\"Location/l2\"}", ERR_NOT_FOUND, "not-found",
         "Bundle.entry[0].resource.destination"},
        {PART(quantity), "{\"value\":-1}", ERR_RANGE, "value", "Bundle.entry[0].resource.quantity.value"},
        {PART(more), "\"implicitRules\":\"urn:x\"", ERR_UNKNOWN, "not-supported",
         "Bundle.entry[0].resource.implicitRules"},
        {PART(extra_entry), ",{\"resource\":{\"resourceType\":\"MedicationDispense\"}}", ERR_DUPLICATE,
         "multiple-matches", "Bundle.entry[5].resource"},
        {PART(extra_entry), ",{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"p1\"}}", ERR_DUPLICATE,
         "multiple-matches", "Bundle.entry[0].resource.subject"},
        {PART(extra_entry), ",{\"fullUrl\":\"x\"}", ERR_SYNTAX, "structure", "Bundle.entry[5].resource"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct parts p = good();
        struct request q;
        struct fhir_issue issue;
        memcpy((char *)&p + row[i].part, &row[i].value, sizeof(row[i].value));
        enum err e = read_parts(&p, &q, &issue);
        if (e != row[i].want)
            fail_msg("row %zu: %s at %s", i, err_name(e), issue.expression);
        assert_string_equal(issue.code, row[i].code);
        assert_string_equal(issue.expression, row[i].expression);
    }
}

static void what_is_no_bundle_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum err want;
    } row[] = {
        {"", ERR_SYNTAX},
        {"{", ERR_SYNTAX},
        {"[]", ERR_SYNTAX},
        {"5", ERR_SYNTAX},
        {"{\"resourceType\":\"Patient\"}", ERR_SYNTAX},
        {"{\"resourceType\":\"Bundle\"}", ERR_MISSING},
        {"{\"resourceType\":\"Bundle\",\"type\":\"collection\"}", ERR_MISSING},
        {"{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[]}", ERR_MISSING},
        {"{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":{}}", ERR_MISSING},
        {"{\"resourceType\":\"Bundle\",\"type\":\"c\",\"entry\":[{\"resource\":{\"resourceType\":\"Patient\"}}]}",
         ERR_MISSING},
        {"{\"resourceType\":\"Bundle\",\"resourceType\":\"Bundle\"}", ERR_DUPLICATE},
        {"{\"resourceType\":\"Bundle\"} x", ERR_SYNTAX},
    };
    struct request q;
    struct fhir_issue issue;
    struct reason r;

    (void)state;
    for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
        assert_int_equal(read_text(row[i].text, &CFG, &q, &issue, &r), row[i].want);
    assert_int_equal(fhir_http_status(ERR_SYNTAX), 400);
    assert_int_equal(fhir_http_status(ERR_TOO_LONG), 413);
    assert_int_equal(fhir_http_status(ERR_FOREIGN), 422);
}

static void a_shared_point_takes_every_pharmacy(void **state)
{
    const struct fhir_cfg any = {.ura = "11111111", .accept_any_ura = true};
    struct parts p = good();
    struct request q;
    struct fhir_issue issue;
    struct reason r;
    char *text = build(&p);

    (void)state;
    assert_int_equal(read_text(text, &any, &q, &issue, &r), ERR_OK);
    free(text);
}

static void an_outcome_tells_element_and_reason(void **state)
{
    const struct fhir_issue issue = {.code = "required", .expression = "Bundle.entry"};
    const struct reason r = {"no \"dispense\""};
    char *text = fhir_outcome(&issue, &r);

    (void)state;
    assert_string_equal(text,
                        "{\"resourceType\":\"OperationOutcome\",\"issue\":[{\"severity\":\"error\",\"code\":"
                        "\"required\",\"diagnostics\":\"no \\\"dispense\\\"\",\"expression\":[\"Bundle.entry\"]}]}");
    free(text);
}

/* ---------------------------------------------------------------- evidence */

static cJSON *evidence(const struct order *o, const char *kept, const char *locker)
{
    const struct fhir_place place = {
        .locker_name = locker, .pharmacy_name = "Apotheek", .pharmacy_ura = "01236578", .offset_min = 60};
    const struct json_limits limits = {.max_len = FHIR_MAX_BUNDLE, .max_depth = 32, .flags = JSON_ALLOW_FRACTIONS};
    struct reason r = {""};
    char *text = NULL;
    cJSON *tree = NULL;

    if (fhir_evidence(o, kept, &place, &text, &r) != ERR_OK ||
        json_parse(&tree, text, strlen(text), &limits, &r) != ERR_OK)
        fail_msg("%s", r.text);
    free(text);
    return tree;
}

static const char *text_at(const cJSON *tree, const char *key)
{
    const cJSON *x = cJSON_GetObjectItemCaseSensitive(tree, key);

    return cJSON_IsString(x) ? x->valuestring : NULL;
}

static const cJSON *at(const cJSON *tree, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(tree, key);
}

static struct order collected(void)
{
    struct request ask;
    struct order o;
    uint8_t id[ORDER_ID_LEN] = {0xAB, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    request_init(&ask, REQUEST_FHIR);
    (void)snprintf(ask.patient, sizeof(ask.patient), "M. van de Berg");
    order_init(&o, id, &ask, 1);
    o.state = ORDER_COLLECTED;
    o.packed_ms = INT64_C(1795100000000);
    o.proof = (struct order_proof){.actor = ORDER_ACTOR_CODE, .opened_ms = INT64_C(1795192267999), .pulses = 1};
    return o;
}

static void the_door_tells_when_it_was_handed_over(void **state)
{
    struct parts p = good();
    struct request q;
    struct fhir_issue issue;
    struct reason r;
    struct order o = collected();
    char *text = build(&p), *kept = NULL;

    (void)state;
    assert_int_equal(fhir_read(text, strlen(text), &CFG, &q, &kept, &issue, &r), ERR_OK);
    cJSON *x = evidence(&o, kept, "Dorpsrand");
    assert_string_equal(text_at(x, "status"), "completed");
    assert_string_equal(text_at(x, "id"), "ab0102030405060708090a0b0c0d0e0f");
    assert_string_equal(text_at(x, "whenHandedOver"), "2026-11-20T17:31:07+01:00");
    assert_string_equal(text_at(x, "whenPrepared"), "2026-11-19T15:53:20+01:00");
    assert_string_equal(text_at(at(x, "destination"), "display"), "Dorpsrand");
    assert_string_equal(text_at(at(x, "subject"), "reference"), "Patient/p1");
    assert_string_equal(text_at(at(x, "medicationReference"), "reference"), "Medication/m1");
    assert_int_equal(cJSON_GetArraySize(at(x, "identifier")), 2);
    assert_string_equal(text_at(cJSON_GetArrayItem(at(x, "identifier"), 0), "value"), "MBH-1");
    assert_null(at(x, "statusReasonCodeableConcept"));
    cJSON_Delete(x);
    free(text);
    free(kept);
}

static void every_state_has_its_status_and_only_collected_has_a_time(void **state)
{
    (void)state;
    for (unsigned s = 0; s < ORDER_STATE_N; s++) {
        struct order o = collected();
        o.state = (enum order_state)s;
        cJSON *x = evidence(&o, NULL, NULL);
        assert_string_equal(text_at(x, "status"), order_fhir_status(o.state));
        assert_int_equal(at(x, "whenHandedOver") != NULL, s == ORDER_COLLECTED);
        assert_null(at(x, "destination"));
        assert_string_equal(text_at(at(x, "subject"), "display"), "M. van de Berg");
        cJSON_Delete(x);
    }
}

static void a_locker_clock_behind_gives_no_impossible_order_of_times(void **state)
{
    struct order o = collected();

    (void)state;
    o.proof.opened_ms = o.packed_ms - 5000;
    cJSON *x = evidence(&o, NULL, "Dorpsrand");
    assert_null(at(x, "whenPrepared"));
    assert_non_null(at(x, "whenHandedOver"));
    cJSON_Delete(x);
}

static void extensions_narrative_and_contained_never_leave(void **state)
{
    struct parts p = good();
    struct request q;
    struct fhir_issue issue;
    struct reason r;
    char *kept = NULL;

    (void)state;
    p.medication = "\"contained\":[{\"resourceType\":\"Medication\",\"id\":\"c1\",\"code\":{\"text\":\"ZALF\"}}],"
                   "\"extension\":[{\"url\":\"CANARY\"}],\"_status\":{\"extension\":[{\"url\":\"CANARY\"}]},"
                   "\"medicationReference\":{\"reference\":\"#c1\",\"extension\":[{\"url\":\"CANARY\"}]}";
    p.quantity = "{\"extension\":[{\"valueQuantity\":{\"unit\":\"CANARY\"}}],\"value\":2.5,\"unit\":\"ml\"}";
    p.subject = "{\"reference\":\"Patient/p1\",\"_display\":{\"id\":\"CANARY\"}}";
    p.more = "\"text\":{\"status\":\"generated\",\"div\":\"<div>CANARY</div>\"},\"category\":{\"text\":\"stays\"}";
    char *text = build(&p);
    assert_int_equal(fhir_read(text, strlen(text), &CFG, &q, &kept, &issue, &r), ERR_OK);
    assert_null(strstr(kept, "CANARY"));
    assert_null(strstr(kept, "#c1"));
    assert_null(strstr(kept, "contained"));
    assert_non_null(strstr(kept, "\"display\":\"ZALF\""));
    assert_non_null(strstr(kept, "\"text\":\"stays\""));
    assert_non_null(strstr(kept, "2.5"));
    free(text);
    free(kept);
}

/* Numbers can be longer when they are written again. */
static void what_was_read_can_be_told(void **state)
{
    const struct fhir_place place = {.pharmacy_ura = "1", .pharmacy_name = "x"};
    struct order o = collected();
    struct parts p = good();
    struct fhir_issue issue;
    struct reason r = {""};
    char *kept = NULL, *out = NULL, *numbers = malloc(200 * 1024);
    size_t len = 0;

    (void)state;
    assert_non_null(numbers);
    len = (size_t)snprintf(numbers, 200 * 1024, "{\"value\":1,\"x\":[0.1");
    while (len < 150 * 1024) {
        memcpy(numbers + len, ",1e14", 6);
        len += 5;
    }
    memcpy(numbers + len, "]}", 3);
    p.quantity = numbers;
    char *text = build(&p);
    assert_int_equal(fhir_read(text, strlen(text), &CFG, &o.ask, &kept, &issue, &r), ERR_OK);
    assert_int_equal(fhir_evidence(&o, kept, &place, &out, &r), ERR_OK);
    free(out);
    free(kept);
    free(text);
    free(numbers);
}

static void damaged_keepings_are_told(void **state)
{
    const struct fhir_place place = {.pharmacy_ura = "1", .pharmacy_name = "x"};
    struct order o = collected();
    struct reason r;
    char *out = NULL;

    (void)state;
    assert_int_equal(fhir_evidence(&o, "{", &place, &out, &r), ERR_SYNTAX);
    assert_null(out);
    assert_int_equal(fhir_evidence(&o, "{\"identifier\":{\"value\":\"a\"}}", &place, &out, &r), ERR_OK);
    free(out);
}

/* ---------------------------------------------------------------- real bundles */

static char *load(const char *name)
{
    char path[512];
    char *text = calloc(1, FHIR_MAX_BUNDLE);

    (void)snprintf(path, sizeof(path), REAL_BUNDLES "/%s", name);
    FILE *f = fopen(path, "re");
    if (f == NULL || text == NULL || fread(text, 1, FHIR_MAX_BUNDLE - 1, f) == 0)
        fail_msg("%s cannot be read", path);
    (void)fclose(f);
    return text;
}

static void check_real(const char *name)
{
    char *text = load(name), *kept = NULL;
    struct fhir_issue issue;
    struct reason r = {""};
    struct order o = collected();

    if (fhir_read(text, strlen(text), &CFG, &o.ask, &kept, &issue, &r) != ERR_OK)
        fail_msg("%s: %s", name, r.text);
    assert_true(o.ask.patient[0] != '\0' && o.ask.medicine[0] != '\0' && o.ask.quantity[0] != '\0');
    assert_true(request_is_date(o.ask.birth_date));
    assert_non_null(strstr(o.ask.reference, "urn:oid:2.16.840.1.113883.2.4.3.11.999.77.373784005.1|MBH"));
    assert_int_equal(o.ask.destination[0] != '\0', strncmp(name, "afleverlocatie", 14) == 0);
    cJSON *x = evidence(&o, kept, "Dorpsrand");
    assert_string_equal(text_at(x, "whenHandedOver"), "2026-11-20T17:31:07+01:00");
    assert_non_null(at(x, "authorizingPrescription"));
    assert_non_null(at(x, "medicationReference"));
    assert_null(strstr(kept, "extension"));
    cJSON_Delete(x);
    free(text);
    free(kept);
}

static void all_real_bundles_are_accepted(void **state)
{
    DIR *folder = opendir(REAL_BUNDLES);
    unsigned count = 0;

    (void)state;
    if (folder == NULL) {
        print_message("SKIP: %s is not here\n", REAL_BUNDLES);
        skip();
    }
    for (struct dirent *d = readdir(folder); d != NULL; d = readdir(folder)) {
        if (strstr(d->d_name, ".json") != NULL) {
            check_real(d->d_name);
            count++;
        }
    }
    (void)closedir(folder);
    assert_int_equal(count, REAL_COUNT);
}

static void a_real_bundle_gives_what_people_know(void **state)
{
    struct request q;
    struct fhir_issue issue;
    struct reason r;

    (void)state;
    if (access(REAL_BUNDLES, R_OK) != 0) {
        print_message("SKIP: %s is not here\n", REAL_BUNDLES);
        skip();
    }
    char *text = load("afleverlocatieMVE.json");
    assert_int_equal(read_text(text, &CFG, &q, &issue, &r), ERR_OK);
    assert_string_equal(q.patient, "M. van de XXX_Tewarie");
    assert_string_equal(q.birth_date, "1985-11-09");
    assert_string_equal(q.medicine, "MODAFINIL FOCUS TABLET 200MG");
    assert_string_equal(q.quantity, "30 stuk");
    assert_string_equal(q.destination, "Dorpsrand 200,1256ZZ Ons Dorp");
    free(text);
    text = load("magistraalalleingredientenMVE.json");
    assert_int_equal(read_text(text, &CFG, &q, &issue, &r), ERR_OK);
    assert_string_equal(q.medicine, "Ureum 10% in eucerine cum aqua 100gr");
    free(text);
    text = load("vrijetekstproductMVE.json");
    assert_int_equal(read_text(text, &CFG, &q, &issue, &r), ERR_OK);
    assert_string_equal(q.medicine, "Jemperli 500 mg/ 10 mL");
    free(text);
    text = load("QA3MVE.json");
    assert_int_equal(read_text(text, &CFG, &q, &issue, &r), ERR_OK);
    assert_int_equal(q.size, TOKEN_SIZE_L); /* 4000 milliliter */
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_bundle_becomes_a_request),
        cmocka_unit_test(variants_of_good_bundles_are_read),
        cmocka_unit_test(refusals_name_the_element),
        cmocka_unit_test(what_is_no_bundle_is_refused),
        cmocka_unit_test(a_shared_point_takes_every_pharmacy),
        cmocka_unit_test(an_outcome_tells_element_and_reason),
        cmocka_unit_test(the_door_tells_when_it_was_handed_over),
        cmocka_unit_test(every_state_has_its_status_and_only_collected_has_a_time),
        cmocka_unit_test(a_locker_clock_behind_gives_no_impossible_order_of_times),
        cmocka_unit_test(extensions_narrative_and_contained_never_leave),
        cmocka_unit_test(what_was_read_can_be_told),
        cmocka_unit_test(damaged_keepings_are_told),
        cmocka_unit_test(all_real_bundles_are_accepted),
        cmocka_unit_test(a_real_bundle_gives_what_people_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
