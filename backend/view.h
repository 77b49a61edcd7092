/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view: what the staff pages see, as JSON, cut to what a role may know: names, birth dates, medicines and references
 * are for pharmacists only. Whatever is told by a locker comes with the time when it was last told; nothing old is
 * shown as present.
 *
 * One thread. Only reads. Errors: those of the store.
 */
#ifndef MEDLOCKER_VIEW_H
#define MEDLOCKER_VIEW_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/hub.h"
#include "backend/link.h"
#include "common/err.h"

bool view_role_knows_patients(enum store_role role);

/* An order as members of `into`. */
enum err view_order(struct hub *hub, enum store_role role, const struct order *o, cJSON *into,
                    struct reason *r) ERR_MUST_CHECK;
/* "events": what the lockers told about it; "acts": what people did; "history_cut": there is more of either. Words of
 * acts ("detail") are for those who know the patient: a reason that a pharmacist wrote down may name him. */
enum err view_order_history(struct hub *hub, enum store_role role, const struct order *o, cJSON *into,
                            struct reason *r) ERR_MUST_CHECK;
/* "with": other bags of the same person for or in the same locker, which one visit can collect. For those who know
 * patients. */
enum err view_together(struct hub *hub, const struct order *o, cJSON *into, struct reason *r) ERR_MUST_CHECK;
/* "contacts": what the patient was told, and when; "contacts_cut": there is more. For those who know patients. */
enum err view_contacts(struct hub *hub, const struct order *o, cJSON *into, struct reason *r) ERR_MUST_CHECK;
/* "events": what a locker told lately, newest first, with the members that name doors and states; none of a patient. */
enum err view_locker_events(struct hub *hub, const uint8_t locker[STORE_LOCKER_LEN], unsigned limit, cJSON *into,
                            struct reason *r) ERR_MUST_CHECK;
/* "carers": who may collect this bag, or every bag of its person; for those who know patients. */
enum err view_carers(struct hub *hub, const struct order *o, cJSON *into, struct reason *r) ERR_MUST_CHECK;
/* "recodes": codes made anew, newest first; "left": how many more; "slip": where the code can be printed now. */
enum err view_recodes(struct hub *hub, const struct order *o, cJSON *into, struct reason *r) ERR_MUST_CHECK;
/* "orders": a page of those that match; "count": how many match, unless f goes on below a number. */
enum err view_orders(struct hub *hub, enum store_role role, const struct store_order_filter *f, cJSON *into,
                     struct reason *r) ERR_MUST_CHECK;

/* Lockers with doors, boards and climate, counts of orders, open faults ("faults_cut": not all of them), the broker. */
enum err view_board(struct hub *hub, enum store_role role, const struct link_stats *link, cJSON *into,
                    struct reason *r) ERR_MUST_CHECK;
enum err view_faults(struct hub *hub, const struct store_fault_filter *f, cJSON *into, struct reason *r) ERR_MUST_CHECK;
/* One as members of `into`. */
void view_fault(const struct store_fault *f, cJSON *into);

enum err view_lockers(struct hub *hub, cJSON *into, struct reason *r) ERR_MUST_CHECK;
enum err view_users(struct hub *hub, cJSON *into, struct reason *r) ERR_MUST_CHECK;
enum err view_badges(struct hub *hub, cJSON *into, struct reason *r) ERR_MUST_CHECK;
/* "rows": a page of those that fit; unless f goes on below a number also "count": how many fit, and "actors" and
 * "actions": all that there are to choose from. */
enum err view_audit(struct hub *hub, const struct store_audit_filter *f, cJSON *into, struct reason *r) ERR_MUST_CHECK;

#endif
