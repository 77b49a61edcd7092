/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/store.h"

#include <string.h>

static const char *const locker_state_names[STORE_LOCKER_STATE_N] = {"active", "frozen", "revoked", "lost"};

static const char *const fault_names[STORE_FAULT_KIND_N] = {
    [STORE_FAULT_JAM] = "jam",
    [STORE_FAULT_FORCED] = "forced",
    [STORE_FAULT_LEFT_OPEN] = "left_open",
    [STORE_FAULT_CHECK] = "check",
    [STORE_FAULT_OUT] = "out",
    [STORE_FAULT_WIRING] = "wiring",
    [STORE_FAULT_BOARD] = "board",
    [STORE_FAULT_CLIMATE] = "climate",
    [STORE_FAULT_TAMPER] = "tamper",
    [STORE_FAULT_GUESSING] = "guessing",
    [STORE_FAULT_STORAGE] = "storage",
    [STORE_FAULT_SILENT] = "silent",
    [STORE_FAULT_FORKED] = "forked",
    [STORE_FAULT_CONTRADICTION] = "contradiction",
    [STORE_FAULT_UNCONFIRMED] = "unconfirmed",
    [STORE_FAULT_REPORTED] = "reported",
};

static const char *const contact_how_names[STORE_CONTACT_HOW_N] = {"telephone", "letter", "email", "counter"};
static const char *const contact_outcome_names[STORE_CONTACT_OUTCOME_N] = {"told", "left", "no_answer", "wrong"};

static const char *const tour_reason_names[STORE_TOUR_REASON_N] = {
    [STORE_TOUR_EXPIRED] = "expired",   [STORE_TOUR_WITHDRAWN] = "withdrawn", [STORE_TOUR_WITHDRAWING] = "withdrawing",
    [STORE_TOUR_RECALLED] = "recalled", [STORE_TOUR_CHECK] = "check",         [STORE_TOUR_FORCED] = "forced",
};

static const char *const role_names[STORE_ROLE_N] = {"pharmacist", "logistics", "admin"};

static const char *const note_names[STORE_NOTE_N] = {"opened", "again", "taken", "comment", "closed"};
static const char *const use_names[STORE_USE_N] = {"opened", "loaded", "collected", "expired", "fault"};

static enum err find_name(const char *const *names, unsigned n, const char *text, unsigned *out)
{
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

const char *store_locker_state_name(enum store_locker_state x)
{
    return locker_state_names[x];
}

enum err store_locker_state_parse(const char *text, enum store_locker_state *out)
{
    unsigned i;
    enum err e = find_name(locker_state_names, STORE_LOCKER_STATE_N, text, &i);

    if (e == ERR_OK) {
        *out = (enum store_locker_state)i;
    }
    return e;
}

const char *store_fault_name(enum store_fault_kind k)
{
    return fault_names[k];
}

enum err store_fault_parse(const char *text, enum store_fault_kind *out)
{
    unsigned i;
    enum err e = find_name(fault_names, STORE_FAULT_KIND_N, text, &i);

    if (e == ERR_OK) {
        *out = (enum store_fault_kind)i;
    }
    return e;
}

const char *store_reply_name(enum store_reply x)
{
    static const char *const names[STORE_REPLY_N] = {"none", "pending", "done", "refused"};

    return names[x];
}

const char *store_note_name(enum store_note x)
{
    return note_names[x];
}

const char *store_use_name(enum store_use x)
{
    return use_names[x];
}

const char *store_role_name(enum store_role x)
{
    return role_names[x];
}

enum err store_role_parse(const char *text, enum store_role *out)
{
    unsigned i;
    enum err e = find_name(role_names, STORE_ROLE_N, text, &i);

    if (e == ERR_OK) {
        *out = (enum store_role)i;
    }
    return e;
}

const char *store_contact_how_name(enum store_contact_how x)
{
    return contact_how_names[x];
}

enum err store_contact_how_parse(const char *text, enum store_contact_how *out)
{
    unsigned i;
    enum err e = find_name(contact_how_names, STORE_CONTACT_HOW_N, text, &i);

    if (e == ERR_OK) {
        *out = (enum store_contact_how)i;
    }
    return e;
}

const char *store_contact_outcome_name(enum store_contact_outcome x)
{
    return contact_outcome_names[x];
}

enum err store_contact_outcome_parse(const char *text, enum store_contact_outcome *out)
{
    unsigned i;
    enum err e = find_name(contact_outcome_names, STORE_CONTACT_OUTCOME_N, text, &i);

    if (e == ERR_OK) {
        *out = (enum store_contact_outcome)i;
    }
    return e;
}

const char *store_tour_reason_name(enum store_tour_reason x)
{
    return tour_reason_names[x];
}
