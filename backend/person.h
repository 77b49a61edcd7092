/* SPDX-License-Identifier: Apache-2.0 */
/*
 * person: the pseudonym that ties the bags of one person together, so that a locker can open several doors in one visit
 * and a carer's card can be for a person, without a name or a birth date leaving the hub. Each locker gets another
 * pseudonym for the same person, made with a key that only the hub has.
 *
 * Pure, any thread.
 */
#ifndef MEDLOCKER_PERSON_H
#define MEDLOCKER_PERSON_H

#include "backend/request.h"

#define PERSON_KEY_LEN 32
#define PERSON_LOCKER_LEN 8

/* BLAKE2b-256 with `key` over locker, name and birth date, cut to TOKEN_PERSON_LEN bytes. The name counts without case
 * and without spaces around and doubled. Zeros, which match nothing, without a birth date: a name alone is not a
 * person. locker all zeros: the pseudonym that the hub itself uses, over all lockers. */
void person_tag(const uint8_t key[PERSON_KEY_LEN], const uint8_t locker[PERSON_LOCKER_LEN], const struct request *q,
                uint8_t out[TOKEN_PERSON_LEN]);

/* The same name as it counts: small letters (ASCII, Latin-1, Latin Extended-A), single spaces. out has
 * REQUEST_PATIENT_CAP bytes. */
void person_fold(const char *name, char *out);

/* Not zeros. */
bool person_is_known(const uint8_t tag[TOKEN_PERSON_LEN]);

#endif
