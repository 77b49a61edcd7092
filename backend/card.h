/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card: cards on paper that are held before the scanner of a locker: of a carer, and of the keys for a locker that has
 * a scanner and no keypad. Complete HTML pages as in print.h. No page names a patient or a medicine.
 *
 * Pure but for allocation and the time zone. Pages are freed with print_free.
 */
#ifndef MEDLOCKER_CARD_H
#define MEDLOCKER_CARD_H

#include <stdint.h>

#include "backend/print.h"
#include "backend/store.h"
#include "common/err.h"

struct card_carer {
    const struct store_carer *carer;
    const char *token;    /* text of the card */
    const char *code;     /* the carer's own code, ten digits; NULL: none, or shown before */
    int64_t order_number; /* once: of the bag */
    const char *pharmacy_name, *telephone;
    const char *locker_name, *locker_address;
};
/* In the words of t, a catalogue of slips (slip.h), and the most important ones again in those of `also`. Errors:
 * ERR_SYNTAX (not a code), ERR_MEMORY, as qr_svg. */
enum err card_carer(const struct text *t, const struct text *also, const struct card_carer *x, char **html,
                    struct reason *r) ERR_MUST_CHECK;

/* The keys of a locker, numbered as its keypad: digits, OK, clear, help, language, show, repeat. Each with a large sign
 * and its word. */
#define CARD_KEYS 16
enum err card_keys(const struct text *t, const struct text *also, char **html, struct reason *r) ERR_MUST_CHECK;

#endif
