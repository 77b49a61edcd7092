/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: what a pharmacy decides for itself while the hub runs: pickup windows, caps, sessions, who needs a second
 * factor, the telephone number on slips. One table names every policy with its kind, range and default; what was set is
 * kept in the store and every change is audited with the old and the new value.
 *
 * One thread. Reading never fails: when the store fails, hub_judge ends the hub and the default is given.
 */
#ifndef MEDLOCKER_POLICY_H
#define MEDLOCKER_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/act.h"
#include "backend/hub.h"
#include "common/err.h"

#define POLICY_TEXT_CAP 81

enum policy_kind { POLICY_WHOLE, POLICY_FLAG, POLICY_TEXT, POLICY_KIND_N };

struct policy {
    const char *name;
    enum policy_kind kind;
    int64_t min, max;                                 /* of a whole number; bytes of a text; 0 and 1 of a flag */
    int64_t fallback;                                 /* default of a number or flag */
    int64_t (*fallback_of)(const struct config *cfg); /* default that hubd.conf gives; NULL: fallback */
    const char *(*text_of)(const struct config *cfg); /* default of a text */
};

/* The table: NULL after the last row. */
const struct policy *policy_at(unsigned i);
/* NULL: there is no such policy. */
const struct policy *policy_find(const char *name);
const char *policy_kind_name(enum policy_kind k); /* "number", "flag", "text" */

/* The value now in force. A name that is not in the table, or of another kind, is a bug of ours. */
int64_t policy_int(struct hub *hub, const char *name);
bool policy_flag(struct hub *hub, const char *name);
void policy_text(struct hub *hub, const char *name, char out[POLICY_TEXT_CAP]);

/* The value in force as text ("72", "1", "0800 1234"), and whether it was set here rather than by default. */
enum err policy_value(struct hub *hub, const struct policy *p, char out[POLICY_TEXT_CAP], bool *set,
                      struct reason *r) ERR_MUST_CHECK;

/* Sets it, as a transaction with its audit row; value "": back to the default. Errors: ERR_SYNTAX, ERR_RANGE,
 * ERR_TOO_LONG (the reason tells the range). */
enum err policy_set(struct hub *hub, const struct act_who *who, const struct policy *p, const char *value,
                    struct reason *r) ERR_MUST_CHECK;

#endif
