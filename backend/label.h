/* SPDX-License-Identifier: Apache-2.0 */
/*
 * label: what is printed for staff, as complete HTML pages without script: label for a bag, labels for doors, badge.
 * The slip of a patient is of backend/slip.h. All texts come from catalogues, everything else is escaped. No page names
 * a medicine. Times are in the time zone of the process.
 *
 * Pure but for allocation and the time zone. Pages are freed with print_free.
 */
#ifndef MEDLOCKER_LABEL_H
#define MEDLOCKER_LABEL_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/order.h"
#include "backend/print.h"
#include "backend/slip.h"
#include "backend/store.h"
#include "backend/text.h"
#include "common/err.h"

struct label_bag {
    const struct order *order;
    const struct store_packing *packing;
    const char *locker_name;
};
/* A bar at the edge that a hand can feel, voucher QR, order number, size, zone, low door, locker. No name, no code. */
enum err label_bag(const struct text *t, const struct label_bag *x, char **html, struct reason *r) ERR_MUST_CHECK;

/* What is printed for one bag: its label and, while its code can still be printed, its slip. */
struct label_set {
    struct label_bag bag;
    bool has_slip;
    struct slip slip;
};
/* The labels and slips of n bags on one page, each on a sheet of its own: one print for a whole round of packing. */
enum err label_sheet(const struct text *t, const struct slip_texts *slips, const struct label_set *x, unsigned n,
                     char **html, struct reason *r) ERR_MUST_CHECK;

/* One label for each door, in the order given: name, number and MD1 QR. */
enum err label_doors(const struct text *t, const struct store_locker *l, const struct store_compartment *doors,
                     unsigned n, char **html, struct reason *r) ERR_MUST_CHECK;

struct label_badge {
    const char *full_name;
    const char *locker_name;
    const struct store_badge *badge;
    const char *token; /* text of the badge */
};
enum err label_badge(const struct text *t, const struct label_badge *x, char **html, struct reason *r) ERR_MUST_CHECK;

/* "123" as it stands on label, slip and pages; out has LABEL_NUMBER_CAP bytes. */
#define LABEL_NUMBER_CAP 24
void label_number(int64_t number, char *out);

#endif
