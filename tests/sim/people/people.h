/* SPDX-License-Identifier: Apache-2.0 */
/*
 * people: what people do at a site, as functions for fibers: the pharmacist at the hub's pages, staff and patients at
 * the kiosk, hands at doors. They see the screen and the doors, never the locker's mind; they press keys and scan by
 * the kiosk's own page, and ask the hub over its own API. Each gives what came of it, and lasts as long as it lasts;
 * daemons may die at any moment meanwhile.
 */
#ifndef MEDLOCKER_SIM_PEOPLE_H
#define MEDLOCKER_SIM_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "controller/screen.h"
#include "tests/sim/site.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US (60 * MINUTE_US)

enum people_outcome {
    PEOPLE_DONE,
    PEOPLE_REFUSED,    /* "not accepted", or asked to see the pharmacy */
    PEOPLE_NO_SERVICE, /* the locker or the hub did not answer, or stopped in the middle */
    PEOPLE_BLOCKED,    /* another door is open or not readable, too many wrong codes, nothing free */
    PEOPLE_JAMMED,     /* the door did not open */
    PEOPLE_LEFT,       /* walked away in the middle */
    PEOPLE_OUTCOME_N
};
const char *people_outcome_name(enum people_outcome o);

/* ---------------------------------------------------------------- at the hub (hub_desk.c) */

/* Logs in when there is no session, tries again until it succeeds or until_us is past. */
bool desk_login(struct site *s, int64_t until_us);
/* One call of the API with the session; logs in again when it has ended. Answer freed by web_answer_free. */
struct web_answer;
void desk_ask(struct site *s, const char *method, const char *target, const char *body, struct web_answer *out);
/* A new order with a bag not yet packed; NULL: the hub did not take it. low chance of a class that needs the birthday.
 * kin: another order of the same patient; NULL: somebody new. */
struct ghost_order *desk_order(struct site *s, struct dice *d, const struct ghost_order *kin);
/* The same with a class, and a window of so many hours from now; 0: as long as usual. */
struct ghost_order *desk_order_of(struct site *s, struct dice *d, enum token_class cls, unsigned hours);
/* Packs it for a locker: code, voucher and pickup token as they are printed. */
bool desk_pack(struct site *s, struct ghost_order *o, unsigned locker);
bool desk_withdraw(struct site *s, struct ghost_order *o);
/* "ready", "collected" ...; false: no answer. */
bool desk_state(struct site *s, const struct ghost_order *o, char state[24]);
bool desk_step(struct site *s, const struct ghost_order *o, const char *event);
bool desk_badge(struct site *s, unsigned locker);
/* A carer for the bag of an order, once: card and code as they are printed. */
struct people_carer {
    char id[17], card[TOKEN_TEXT_CAP], code[11];
};
bool desk_carer(struct site *s, const struct ghost_order *o, struct people_carer *out);
bool desk_revoke(struct site *s, const struct people_carer *c);
/* Asks for a new code of a bag that lies ready; for the door to be opened from afar. */
bool desk_recode(struct site *s, const struct ghost_order *o);
bool desk_open(struct site *s, const struct ghost_order *o);
/* Until the page of an order ("carers", "recode", "open") has the word. */
bool desk_wait(struct site *s, const struct ghost_order *o, const char *page, const char *word, int64_t within_us);
/* The slip as it is printed now: its code, and the order's token. */
bool desk_slip(struct site *s, struct ghost_order *o, char code[11]);

/* ---------------------------------------------------------------- at the kiosk (kiosk_visit.c) */

/* One person at a time stands before the screen. */
void kiosk_enter(struct site *s, unsigned locker);
void kiosk_leave(struct site *s, unsigned locker);
/* What it shows; false: the locker is down. */
bool kiosk_screen(const struct site *s, unsigned locker, struct screen *out);
bool kiosk_key(struct site *s, unsigned locker, const char *key); /* "0".."9", "ok", "clear", "help" ... */
bool kiosk_type(struct site *s, unsigned locker, const char *digits);
bool kiosk_scan(struct site *s, unsigned locker, const char *text);
/* Waits until one of the screens in the set (1 << screen_id) shows; SCREEN_ID_N: none did. */
enum screen_id kiosk_wait(struct site *s, unsigned locker, uint64_t set, int64_t timeout_us, struct screen *out);

/* Hands at doors. Door: index, -1 when there is none of this name. */
int door_by_name(const struct site *s, unsigned locker, const char *name);
bool door_is_open(const struct site *s, unsigned locker, uint16_t door);
/* Pushes it shut, as often as needed; false: it does not stay closed. */
bool door_shut(struct site *s, unsigned locker, uint16_t door);
bool door_put(struct site *s, unsigned locker, uint16_t door, struct ghost_order *o);
/* Takes everything out of an open door; each bag then is at `place`. Gives how many. owner: NULL, or the order whose
 * patient takes it: a bag of another order in his hands is a failure of the run. */
unsigned door_take(struct site *s, unsigned locker, uint16_t door, enum ghost_place place, struct ghost_order *owner);

/* ---------------------------------------------------------------- staff (staff_visit.c) */

enum people_outcome people_enter(struct site *s, unsigned locker); /* badge and PIN, kiosk taken by the caller */
void people_leave(struct site *s, unsigned locker);
/* The whole visit of somebody who brings one bag. */
enum people_outcome people_load(struct site *s, unsigned locker, struct ghost_order *o);
/* Inside a session: one bag. clumsy: chances for mistakes. */
enum people_outcome people_load_one(struct site *s, unsigned locker, struct ghost_order *o, struct dice *clumsy);
/* Looks into every door that needs people, frees what is empty, takes out what is not. Gives how many were settled. */
unsigned people_inspect(struct site *s, unsigned locker, bool everything);

/* ---------------------------------------------------------------- patients (patient.c) */

struct people_manner {
    bool by_token, typo, impatient, walks_off, leaves_open, wrong_first;
    bool one_bag;                     /* leaves the other bags of the same person where they are */
    bool reports;                     /* says that something is wrong, though nothing is */
    bool curious;                     /* tries the keys for language and repetition, lets the time nearly run out */
    bool calls;                       /* has the pharmacy open from afar; with the own code when that does not work */
    int64_t takes_us;                 /* from door open to door closed */
    const struct people_carer *carer; /* somebody else comes, with this; NULL: the patient */
};
/* The whole visit of the patient of an order. */
enum people_outcome people_pickup(struct site *s, unsigned locker, struct ghost_order *o,
                                  const struct people_manner *manner);
/* A dead or wrong code: must not open anything. */
enum people_outcome people_try_code(struct site *s, unsigned locker, const char *code, const char *ddmm);
/* A pickup token or voucher that has ended, or belongs elsewhere, and a door's label without a session: open nothing.
 */
void people_try_token(struct site *s, unsigned locker, const char *token, const char *invariant);
void people_try_label(struct site *s, unsigned locker, uint16_t door);
/* A random code with a right check digit. */
void people_guess(struct dice *d, char code[11]);
/* Breaks a door open; takes what is in it. */
void people_steal(struct site *s, unsigned locker, uint16_t door, bool closes);

#endif
