/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field: the named fields of a request as texts: one table for the columns of csv and the members of orderjson. Pure.
 */
#ifndef MEDLOCKER_FIELD_H
#define MEDLOCKER_FIELD_H

#include "backend/request.h"
#include "common/err.h"

enum field {
    FIELD_REFERENCE,
    FIELD_PATIENT,
    FIELD_BIRTH_DATE,
    FIELD_MEDICINE,
    FIELD_QUANTITY,
    FIELD_DESTINATION,
    FIELD_CLASS,
    FIELD_SIZE,
    FIELD_ZONE,
    FIELD_LOW_DOOR,
    FIELD_LANGUAGE,
    FIELD_NOT_BEFORE,
    FIELD_NOT_AFTER,
    FIELD_PHARMACY,
    FIELD_N
};

const char *field_name(enum field f);
enum err field_parse(const char *name, enum field *out) ERR_MUST_CHECK; /* ERR_UNKNOWN */

/* Sets one field from its text, not empty. Errors with a reason: ERR_SYNTAX, ERR_TOO_LONG, ERR_UNKNOWN. */
enum err field_set(struct request *q, enum field f, const char *text, struct reason *r) ERR_MUST_CHECK;

/* After the last field: proposes a size where none was given. */
void field_finish(struct request *q);

#endif
