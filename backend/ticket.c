/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/ticket.h"

static const struct {
    bool evidence, visit, urgent;
    enum ticket_subject subject;
} rules[STORE_FAULT_KIND_N] = {
    [STORE_FAULT_JAM] = {true, true, false, TICKET_DOOR},
    [STORE_FAULT_FORCED] = {true, true, true, TICKET_DOOR},
    [STORE_FAULT_LEFT_OPEN] = {true, true, true, TICKET_DOOR},
    [STORE_FAULT_CHECK] = {true, true, false, TICKET_DOOR},
    [STORE_FAULT_OUT] = {true, true, false, TICKET_DOOR},
    [STORE_FAULT_WIRING] = {false, true, true, TICKET_BOARD},
    [STORE_FAULT_BOARD] = {true, true, true, TICKET_BOARD},
    [STORE_FAULT_CLIMATE] = {true, true, true, TICKET_SENSOR},
    [STORE_FAULT_TAMPER] = {false, true, true, TICKET_INPUT}, /* nobody hears of an input that was taken away */
    [STORE_FAULT_GUESSING] = {false, false, false, TICKET_NOTHING},
    [STORE_FAULT_STORAGE] = {false, true, true, TICKET_NOTHING},
    [STORE_FAULT_SILENT] = {true, true, true, TICKET_NOTHING},
    [STORE_FAULT_FORKED] = {false, true, true, TICKET_NOTHING},
    [STORE_FAULT_CONTRADICTION] = {false, false, false, TICKET_NOTHING},
    [STORE_FAULT_UNCONFIRMED] = {true, false, false, TICKET_ORDER},
    [STORE_FAULT_REPORTED] = {false, false, false, TICKET_ORDER},
};

bool ticket_closes_on_evidence(enum store_fault_kind k)
{
    return rules[k].evidence;
}

bool ticket_needs_visit(enum store_fault_kind k)
{
    return rules[k].visit;
}

bool ticket_is_urgent(enum store_fault_kind k)
{
    return rules[k].urgent;
}

enum ticket_subject ticket_subject_of(enum store_fault_kind k)
{
    return rules[k].subject;
}
