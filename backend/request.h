/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request: what a pharmacy asks for: one bag for one patient. The three readers (fhir, csv, orderjson) all give this,
 * and request_check() holds the rules that are the same for all of them.
 *
 * Pure, any thread. Texts are UTF-8 without control characters, NUL-terminated; they hold patient data: never log them.
 */
#ifndef MEDLOCKER_REQUEST_H
#define MEDLOCKER_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "common/token.h"

#define REQUEST_REFERENCE_CAP 192
#define REQUEST_PATIENT_CAP 161
#define REQUEST_MEDICINE_CAP 241
#define REQUEST_QUANTITY_CAP 81
#define REQUEST_URA_CAP 9
#define REQUEST_DESTINATION_CAP 161
#define REQUEST_WINDOW_MAX_S (30 * 86400) /* longest pickup window */
#define REQUEST_BIRTH_FIRST "1900-01-01"  /* nobody older collects a bag: it is a typing error */

enum request_source { REQUEST_FHIR, REQUEST_CSV, REQUEST_JSON, REQUEST_SOURCE_N };

struct request {
    enum request_source source;
    char reference[REQUEST_REFERENCE_CAP];     /* the sender's own number (FHIR: "system|value"); one order for each; ""
                                                  none */
    char patient[REQUEST_PATIENT_CAP];         /* name, for the slip and the staff pages; never sent to a locker */
    char birth_date[11];                       /* "1985-11-09", complete, or "" */
    char medicine[REQUEST_MEDICINE_CAP];       /* for the staff pages; never on a label, slip or locker */
    char quantity[REQUEST_QUANTITY_CAP];       /* "30 stuk" */
    char destination[REQUEST_DESTINATION_CAP]; /* where the patient wants to collect: name of a locker, or free text */
    char pharmacy[REQUEST_URA_CAP]; /* whose order it is: URA of a pharmacy that shares the lockers; "" ours */
    char language[3];               /* of the slip and the screen: a code of common/language.h */
    enum token_class cls;
    enum token_size size;
    bool size_given; /* false: size is a proposal of allot_size(), staff decide at packing */
    enum token_zone zone;
    bool low_door;
    int64_t not_before_s, not_after_s; /* pickup window; 0: set at packing from the hub's settings */
};

/* What the rules of a new order need of the clock, for they read none. */
struct request_now {
    int64_t s;      /* Unix time */
    char today[11]; /* "2026-11-22", where the hub is */
};

/* Sets everything to its default: ordinary, S (proposed), room, "nl", all else empty. */
void request_init(struct request *q, enum request_source source);

/* Copies len bytes of UTF-8 into dst (cap bytes). Errors: ERR_TOO_LONG, ERR_SYNTAX (control character, bad UTF-8). */
enum err request_text(char *dst, size_t cap, const char *src, size_t len) ERR_MUST_CHECK;

/* The rules of every order: a patient's name; a birth date that is a day of the calendar, REQUEST_BIRTH_FIRST or
 * later, or absent; absent only in the ordinary class, because the others always ask day and month of birth; window in
 * order and not longer than REQUEST_WINDOW_MAX_S; language known. *field (may be NULL) names the member that is wrong
 * ("birth_date"). Errors: ERR_MISSING, ERR_SYNTAX, ERR_RANGE, ERR_UNKNOWN. */
enum err request_check(const struct request *q, const char **field, struct reason *r) ERR_MUST_CHECK;

/* The rules of a new order that need the time: nobody is born after today; a window without a start begins now and is
 * not longer than REQUEST_WINDOW_MAX_S either. *field as above. Error: ERR_RANGE. */
enum err request_check_new(const struct request *q, const struct request_now *now, const char **field,
                           struct reason *r) ERR_MUST_CHECK;

/* RFC 3339 date and time with offset ("2026-11-20T17:30:00+01:00", fractions allowed) as Unix seconds. Error:
 * ERR_SYNTAX. */
enum err request_time(const char *text, int64_t *out_s) ERR_MUST_CHECK;
/* True for 8 digits. */
bool request_is_ura(const char *text);
/* True for a day of the calendar as "YYYY-MM-DD", 1880 or later. */
bool request_is_date(const char *text);

/* "DDMM" of the birth date; false when there is none. out has 5 bytes, wiped by the caller. */
bool request_birthday(const struct request *q, char *out);

const char *request_source_name(enum request_source s); /* "fhir", "csv", "json" */
enum err request_source_parse(const char *text, enum request_source *out) ERR_MUST_CHECK;

#endif
