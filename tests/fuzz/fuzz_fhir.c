/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a FHIR bundle. What is accepted keeps its promises: texts end, nothing of an extension is kept, and the
 * evidence can be written and read again.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/fhir.h"
#include "common/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_texts(const struct request *q)
{
    char copy[REQUEST_MEDICINE_CAP];

    assert(q->source == REQUEST_FHIR && q->patient[0] != '\0' && request_check(q, NULL, NULL) == ERR_OK);
    assert(request_text(copy, sizeof(copy), q->patient, strlen(q->patient)) == ERR_OK);
    assert(request_text(copy, sizeof(copy), q->medicine, strlen(q->medicine)) == ERR_OK);
    assert(request_text(copy, sizeof(copy), q->quantity, strlen(q->quantity)) == ERR_OK);
    assert(request_text(copy, sizeof(copy), q->destination, strlen(q->destination)) == ERR_OK);
}

static void check_evidence(const struct request *q, const char *kept)
{
    const struct fhir_place place = {.locker_name = "A", .pharmacy_name = "B", .pharmacy_ura = "01234567"};
    const struct json_limits limits = {
        .max_len = 5 * FHIR_MAX_BUNDLE, .max_depth = JSON_DEPTH_FHIR + 2, .flags = JSON_ALLOW_FRACTIONS};
    uint8_t id[ORDER_ID_LEN] = {1};
    struct order o;
    char *text = NULL;
    cJSON *tree = NULL;

    assert(strstr(kept, "\"extension\":") == NULL && strstr(kept, "\"contained\":") == NULL);
    order_init(&o, id, q, 1);
    o.state = ORDER_COLLECTED;
    o.proof.opened_ms = 1;
    if (fhir_evidence(&o, kept, &place, &text, NULL) == ERR_OK) {
        assert(json_parse(&tree, text, strlen(text), &limits, NULL) == ERR_OK);
        cJSON_Delete(tree);
        free(text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct fhir_cfg own = {.ura = "01236578"}, any = {.accept_any_ura = true};
    struct fhir_issue issue;
    struct reason r = {""};
    struct request q;
    char *kept = NULL;

    if (fhir_read((const char *)data, len, len % 2 == 0 ? &own : &any, &q, &kept, &issue, &r) == ERR_OK) {
        check_texts(&q);
        check_evidence(&q, kept);
        free(kept);
        return 0;
    }
    assert(issue.code != NULL && issue.expression[0] != '\0' && r.text[0] != '\0');
    char *outcome = fhir_outcome(&issue, &r);
    free(outcome);
    return 0;
}
