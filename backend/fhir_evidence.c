/* SPDX-License-Identifier: Apache-2.0 */
/* What the hub writes: the state of an order as MedicationDispense, and refusals as OperationOutcome. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/fhir.h"
#include "common/json.h"
#include "common/num.h"

#define TIME_CAP 48
#define KEPT_MAX (4u * FHIR_MAX_BUNDLE) /* cJSON writes 1e14 with all its digits */

/* "2026-11-20T17:31:07+01:00" */
static void format_time(int64_t ms, int offset_min, char out[TIME_CAP])
{
    time_t local = (time_t)(ms / 1000 + (int64_t)offset_min * 60);
    int away = offset_min < 0 ? -offset_min : offset_min;
    struct tm tm;

    memset(&tm, 0, sizeof(tm));
    (void)gmtime_r(&local, &tm);
    size_t n = strftime(out, TIME_CAP, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(out + n, TIME_CAP - n, "%c%02d:%02d", offset_min < 0 ? '-' : '+', away / 60, away % 60);
}

/* Moves a member of kept into out, or gives false. */
static bool move(cJSON *kept, cJSON *out, const char *key)
{
    cJSON *x = kept == NULL ? NULL : cJSON_DetachItemFromObjectCaseSensitive(kept, key);

    if (x == NULL) {
        return false;
    }
    json_put_tree(out, key, x);
    return true;
}

static void put_identity(const struct order *o, cJSON *kept, cJSON *out)
{
    char hex[2 * ORDER_ID_LEN + 1], uuid[64];

    num_to_hex(o->id, ORDER_ID_LEN, hex);
    (void)snprintf(uuid, sizeof(uuid), "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
                   hex + 20);
    json_put_text(out, "resourceType", "MedicationDispense");
    json_put_text(out, "id", hex); /* as in its address */
    if (!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(kept, "identifier")) || !move(kept, out, "identifier")) {
        (void)json_put_array(out, "identifier");
    }
    cJSON *own = json_put_object(cJSON_GetObjectItemCaseSensitive(out, "identifier"), NULL);
    json_put_text(own, "system", "urn:ietf:rfc:3986");
    json_put_text(own, "value", uuid);
}

static void put_status(const struct order *o, cJSON *out)
{
    const char *status = order_fhir_status(o->state);

    json_put_text(out, "status", status);
    if (strcmp(status, "on-hold") == 0 || strcmp(status, "stopped") == 0 || strcmp(status, "cancelled") == 0 ||
        strcmp(status, "unknown") == 0) {
        json_put_text(json_put_object(out, "statusReasonCodeableConcept"), "text", order_state_name(o->state));
    }
}

static void put_category(cJSON *kept, cJSON *out)
{
    if (move(kept, out, "category")) {
        return;
    }
    cJSON *coding = json_put_object(json_put_array(json_put_object(out, "category"), "coding"), NULL);
    json_put_text(coding, "system", "http://snomed.info/sct");
    json_put_text(coding, "code", "373784005");
}

static void put_content(const struct order *o, cJSON *kept, const struct fhir_place *place, cJSON *out)
{
    put_category(kept, out);
    if (!move(kept, out, "medicationReference") && !move(kept, out, "medicationCodeableConcept")) {
        json_put_text(json_put_object(out, "medicationCodeableConcept"), "text",
                      o->ask.medicine[0] == '\0' ? "-" : o->ask.medicine);
    }
    if (!move(kept, out, "subject")) {
        json_put_text(json_put_object(out, "subject"), "display", o->ask.patient);
    }
    if (!move(kept, out, "performer")) {
        cJSON *actor = json_put_object(json_put_object(json_put_array(out, "performer"), NULL), "actor");
        cJSON *identifier = json_put_object(actor, "identifier");
        json_put_text(identifier, "system", FHIR_URA_SYSTEM);
        json_put_text(identifier, "value", place->pharmacy_ura);
        json_put_text(actor, "display", place->pharmacy_name);
    }
    (void)move(kept, out, "authorizingPrescription");
    (void)move(kept, out, "quantity");
    (void)move(kept, out, "daysSupply");
}

/* Only a door that was seen open, or a person at the counter, makes a hand-over. */
static void put_times(const struct order *o, const struct fhir_place *place, cJSON *out)
{
    bool handed = o->state == ORDER_COLLECTED && o->proof.opened_ms > 0;
    char text[TIME_CAP];

    /* R4 wants whenPrepared not after whenHandedOver; a locker's clock may be off. */
    if (o->packed_ms > 0 && (!handed || o->packed_ms <= o->proof.opened_ms)) {
        format_time(o->packed_ms, place->offset_min, text);
        json_put_text(out, "whenPrepared", text);
    }
    if (handed) {
        format_time(o->proof.opened_ms, place->offset_min, text);
        json_put_text(out, "whenHandedOver", text);
    }
    if (place->locker_name != NULL) {
        cJSON *destination = json_put_object(out, "destination");
        json_put_text(destination, "type", "Location");
        json_put_text(destination, "display", place->locker_name);
    }
}

enum err fhir_evidence(const struct order *o, const char *kept, const struct fhir_place *place, char **out,
                       struct reason *r)
{
    const struct json_limits limits = {
        .max_len = KEPT_MAX, .max_depth = JSON_DEPTH_FHIR, .flags = JSON_ALLOW_FRACTIONS};
    cJSON *tree = NULL;

    if (kept != NULL) {
        enum err e = json_parse(&tree, kept, strlen(kept), &limits, r);
        if (e != ERR_OK) {
            return err_prefix(r, ERR_SYNTAX, "what was kept of the dispense");
        }
    }
    cJSON *root = json_new_object();
    put_identity(o, tree, root);
    put_status(o, root);
    put_content(o, tree, place, root);
    put_times(o, place, root);
    *out = json_print(root);
    cJSON_Delete(root);
    cJSON_Delete(tree);
    return ERR_OK;
}

char *fhir_outcome(const struct fhir_issue *issue, const struct reason *r)
{
    cJSON *root = json_new_object();

    json_put_text(root, "resourceType", "OperationOutcome");
    cJSON *x = json_put_object(json_put_array(root, "issue"), NULL);
    json_put_text(x, "severity", "error");
    json_put_text(x, "code", issue->code);
    json_put_text(x, "diagnostics", r->text);
    json_put_text(json_put_array(x, "expression"), NULL, issue->expression);
    char *text = json_print(root);
    cJSON_Delete(root);
    return text;
}
