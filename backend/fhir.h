/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fhir: FHIR R4 in and out. In: a Bundle with one MedicationDispense (profile mp-MedicationDispense of MP9 is what we
 * read; base R4 is enough) becomes a request. Out: the hub's own MedicationDispense with what the doors proved, and an
 * OperationOutcome for every refusal. Narrative, extensions, contained binaries and links are never read, kept or
 * followed; references are resolved inside the bundle (fullUrl or Type/id) and in `contained` only.
 *
 * One thread (cJSON). No I/O.
 */
#ifndef MEDLOCKER_FHIR_H
#define MEDLOCKER_FHIR_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/order.h"
#include "backend/request.h"
#include "common/err.h"

#define FHIR_MAX_BUNDLE (256u * 1024u)
#define FHIR_URA_SYSTEM "http://fhir.nl/fhir/NamingSystem/ura"

struct fhir_cfg {
    char ura[9];         /* of the own pharmacy, 8 digits */
    bool accept_any_ura; /* dispenses of other pharmacies too (a shared collection point) */
};

/* Where and why a bundle was refused; `code` is from the IssueType value set. */
struct fhir_issue {
    const char *code;     /* "structure", "required", "value", "not-found", "business-rule", ... */
    char expression[192]; /* FHIRPath of the element: "Bundle.entry[0].resource.status" */
};

/* Reads a bundle. *kept: what fhir_evidence() needs of the dispense later (compact JSON without extensions); the caller
 * frees it with free(). On error *issue and r tell where and why, without patient data. Accepted statuses: preparation,
 * in-progress, completed (whenHandedOver of the sender is not used: the door decides that).
 * Errors: ERR_SYNTAX, ERR_MISSING, ERR_DUPLICATE (several dispenses), ERR_NOT_FOUND (reference), ERR_STATE (status),
 * ERR_FOREIGN (other pharmacy), ERR_RANGE, ERR_TOO_LONG, ERR_UNKNOWN. */
enum err fhir_read(const char *text, size_t len, const struct fhir_cfg *cfg, struct request *out, char **kept,
                   struct fhir_issue *issue, struct reason *r) ERR_MUST_CHECK;

/* The HTTP status that goes with an error of fhir_read: 400, 413 or 422. */
unsigned fhir_http_status(enum err e);

/* An OperationOutcome as JSON text, free with free(). */
char *fhir_outcome(const struct fhir_issue *issue, const struct reason *r);

struct fhir_place {
    const char *locker_name; /* NULL: no locker (counter, or never loaded) */
    const char *pharmacy_name;
    const char *pharmacy_ura;
    int offset_min; /* of local time to UTC at the hand-over */
};

/* The MedicationDispense that tells where this order stands, as JSON text, free with free(). status by
 * order_fhir_status(); whenHandedOver = when the door was seen open (the counter: when recorded), to the second with
 * offset, only in ORDER_COLLECTED; destination = the locker. kept: from fhir_read, or NULL for orders of other sources.
 * Errors: ERR_SYNTAX (kept damaged). */
enum err fhir_evidence(const struct order *o, const char *kept, const struct fhir_place *place, char **out,
                       struct reason *r) ERR_MUST_CHECK;

#endif
