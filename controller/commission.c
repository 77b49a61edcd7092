/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/commission.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "controller/ledger.h"

bool commission_is_done(const struct locker *l, uint16_t door)
{
    const struct compartment *c = &l->compartment[door];
    return c->proved && memcmp(c->wiring, l->cabinet.wiring[door], CABINET_WIRING_LEN) == 0;
}

bool commission_is_needed(const struct locker *l, uint16_t door)
{
    return !l->cabinet.waived && !commission_is_done(l, door);
}

bool commission_wants_label(const struct staff *s)
{
    return s->state == STAFF_INSPECT && s->opening.phase == OPENING_OPEN && s->proof == STAFF_PROOF_PULSED;
}

/* The door that stands open bears the label of another one: both are wired or labelled wrong, and nobody knows what was
 * taken from behind that other one. */
static void tell_swapped(struct locker *l, uint16_t door, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    uint16_t meant = s->opening.door;
    struct record *rec = effects_record(fx, RECORD_MISMATCH, meant);
    rec->u.mismatch.moved = door;
    rec->u.mismatch.board = l->cabinet.door[meant].board;
    commission_revoke(l, meant, fx);
    commission_revoke(l, door, fx);
    (void)ledger_step(l, door, COMPARTMENT_DISAGREE, fx); /* also when it was never proved */
    staff_to_menu(s, SCREEN_NOTICE_WRONG_DOOR, meant, ev);
}

void commission_on_label(struct locker *l, uint16_t door, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    assert(commission_wants_label(s));
    if (door == s->opening.door) {
        staff_enter(s, STAFF_INSPECT, ev);
        s->proof = STAFF_PROOF_LABELLED;
        effects_add(fx, EFFECT_SOUND)->u.sound = SCREEN_SOUND_OK;
        return;
    }
    if (door == CABINET_NO_DOOR)
        staff_notice(s, SCREEN_NOTICE_UNKNOWN_DOOR, s->opening.door);
    else
        tell_swapped(l, door, ev, fx);
    effects_add(fx, EFFECT_SOUND)->u.sound = SCREEN_SOUND_REFUSED;
}

enum screen_notice commission_on_closed(struct locker *l, struct effects *fx)
{
    struct staff *s = &l->staff;
    uint16_t door = s->opening.door;
    enum staff_proof proof = s->proof;
    s->proof = STAFF_PROOF_NONE;
    if (proof != STAFF_PROOF_LABELLED)
        return commission_is_needed(l, door) ? SCREEN_NOTICE_NOT_TESTED : SCREEN_NOTICE_NONE;
    struct compartment *c = &l->compartment[door];
    c->proved = true;
    memcpy(c->wiring, l->cabinet.wiring[door], CABINET_WIRING_LEN);
    effects_touch_compartment(fx, door);
    struct record *rec = effects_record(fx, RECORD_COMMISSIONED, door);
    rec->pulse = s->opening.serial;
    rec->actor = record_by_staff(s->badge.staff);
    return SCREEN_NOTICE_TESTED;
}

void commission_revoke(struct locker *l, uint16_t door, struct effects *fx)
{
    if (!l->compartment[door].proved)
        return;
    l->compartment[door].proved = false;
    effects_touch_compartment(fx, door);
    (void)ledger_step(l, door, COMPARTMENT_DISAGREE, fx);
}

static void adopt(struct locker *l, uint16_t door, struct effects *fx)
{
    memcpy(l->compartment[door].wiring, l->cabinet.wiring[door], CABINET_WIRING_LEN);
    effects_touch_compartment(fx, door);
}

void commission_on_start(struct locker *l, struct effects *fx)
{
    for (uint16_t i = 0; i < l->cabinet.doors; i++) {
        const struct compartment *c = &l->compartment[i];
        if (!c->proved)
            continue;
        if (sodium_is_zero(c->wiring, CABINET_WIRING_LEN) == 1)
            adopt(l, i, fx);
        else if (c->state == COMPARTMENT_LOADED && commission_is_needed(l, i))
            (void)ledger_step(l, i, COMPARTMENT_DISAGREE, fx);
    }
}
