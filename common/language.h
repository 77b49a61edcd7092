/* SPDX-License-Identifier: Apache-2.0 */
/*
 * language: the languages of screens, speech and slips, by their ISO 639-1 codes. Each has its catalogue
 * controller/kiosk/<code>.json. Pure.
 */
#ifndef MEDLOCKER_LANGUAGE_H
#define MEDLOCKER_LANGUAGE_H

#include "common/err.h"

/* Numbers stand in vouchers and databases: new ones go to the end. */
enum language { LANGUAGE_NL, LANGUAGE_EN, LANGUAGE_TR, LANGUAGE_AR, LANGUAGE_PL, LANGUAGE_UK, LANGUAGE_N };

/* Comma-separated, for reasons and help texts. */
#define LANGUAGE_LIST "nl, en, tr, ar, pl or uk"

/* "nl". Never NULL. */
const char *language_code(enum language l);
/* Error: ERR_UNKNOWN. */
enum err language_parse(const char *code, enum language *out) ERR_MUST_CHECK;

#endif
