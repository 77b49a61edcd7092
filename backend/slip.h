/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slip: the paper for a patient: one side of A5, black on white, without script. The language of the order, and the
 * words that matter most again in a second one: who carries it to the locker, or helps at it, may not be the patient.
 * The code in large digits 3-3-4, a large QR at a corner to cut off below a thick bar (both can be felt: that side goes
 * before the scanner), the way in pictures, where and until when, the telephone, and the QR of the help key. It names
 * no medicine.
 *
 * When the bag has a strip, it follows behind a line to cut or tear along: the card for whoever the patient sends, in
 * the same two languages, with the same bar and corner to feel. It names nobody. On A4 both are on one sheet.
 *
 * Catalogues: backend/web/slip.<code>.json. Pure but for allocation and the time zone.
 */
#ifndef MEDLOCKER_SLIP_H
#define MEDLOCKER_SLIP_H

#include "backend/order.h"
#include "backend/print.h"
#include "common/err.h"
#include "common/language.h"

/* The number of the help key, as lockers know it (enum event_key of the controller; a test holds them together). */
#define SLIP_KEY_HELP 12

struct slip {
    const struct order *order;
    const char *code;   /* ten digits */
    const char *pickup; /* text of the pickup token */
    const char *pharmacy_name, *telephone;
    const char *locker_name, *locker_address;
    const char *strip; /* text of the card on the strip; NULL or "": no strip */
    const char *hours; /* when people can get to the locker, in words of the pharmacy; NULL or "": not said */
};

struct slip_texts {
    struct text *of[LANGUAGE_N];
};
/* Loads slip.<code>.json of the folder for every language. Errors: as text_load; nothing is left then. Free with
 * slip_texts_free. */
enum err slip_texts_load(struct slip_texts *out, const char *folder, struct reason *r) ERR_MUST_CHECK;
void slip_texts_free(struct slip_texts *t);

/* The words of papers for people: in the language of an order ("" or unknown: Dutch), and in a second one. */
struct slip_two {
    const struct text *own, *second;
};
struct slip_two slip_languages(const struct slip_texts *t, const char *language);

/* The slip as a page of its own, freed with print_free. Errors: ERR_SYNTAX (not a code), ERR_MEMORY, as qr_svg. */
enum err slip_page(const struct slip_texts *t, const struct slip *x, char **html, struct reason *r) ERR_MUST_CHECK;
/* The same as one <article> of a page that is being written; changes p->t. */
enum err slip_put(struct print *p, const struct slip_texts *t, const struct slip *x, struct reason *r) ERR_MUST_CHECK;

#endif
