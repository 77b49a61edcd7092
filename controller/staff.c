/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/staff.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/num.h"
#include "controller/choice.h"
#include "controller/commission.h"
#include "controller/inspection.h"
#include "controller/ledger.h"
#include "controller/loading.h"
#include "controller/locker.h"

static void sound(struct effects *fx, enum screen_sound s)
{
    effects_add(fx, EFFECT_SOUND)->u.sound = s;
}

bool staff_is_active(const struct staff *s)
{
    return s->state != STAFF_IDLE;
}

bool staff_is_entered(const struct staff *s)
{
    return s->state >= STAFF_MENU;
}

/* At work on a door: nothing else may be begun. */
static bool is_at_door(const struct staff *s)
{
    return s->state >= STAFF_LOAD;
}

static const int64_t stay_ms[STAFF_STATE_N] = {
    [STAFF_PIN] = STAFF_PIN_MS,      [STAFF_CHECKING] = STAFF_STRETCH_MS, [STAFF_REFUSED] = STAFF_MESSAGE_MS,
    [STAFF_MENU] = STAFF_IDLE_MS,    [STAFF_LOAD] = STAFF_IDLE_MS,        [STAFF_LABEL] = STAFF_IDLE_MS,
    [STAFF_INSPECT] = STAFF_IDLE_MS, [STAFF_INSPECT_ASK] = STAFF_IDLE_MS,
};

static void restart_time(struct staff *s, const struct event *ev)
{
    s->until_ms = ev->now.boot_ms + stay_ms[s->state];
    s->warned = false;
    if (s->notice == SCREEN_NOTICE_EXTENDED)
        s->notice = SCREEN_NOTICE_NONE;
}

void staff_enter(struct staff *s, enum staff_state state, const struct event *ev)
{
    s->state = state;
    s->cleared = false;
    s->notice = SCREEN_NOTICE_NONE;
    restart_time(s, ev);
    s->notice_door = CABINET_NO_DOOR;
    sodium_memzero(s->entry, sizeof s->entry);
}

void staff_notice(struct staff *s, enum screen_notice notice, uint16_t door)
{
    s->notice = notice;
    s->notice_door = door;
}

void staff_to_menu(struct staff *s, enum screen_notice notice, uint16_t door, const struct event *ev)
{
    opening_reset(&s->opening);
    s->order = ORDER_NONE;
    s->was_open = false;
    s->proof = STAFF_PROOF_NONE;
    staff_enter(s, STAFF_MENU, ev);
    staff_notice(s, notice, door);
}

void staff_refuse(struct staff *s, enum screen_notice notice, uint16_t door, const struct event *ev, struct effects *fx)
{
    staff_to_menu(s, notice, door, ev);
    sound(fx, SCREEN_SOUND_REFUSED);
}

static void leave(struct locker *l)
{
    sodium_memzero(&l->staff, sizeof l->staff);
    l->staff.state = STAFF_IDLE;
    l->language = l->cabinet.language;
}

void staff_end(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    if (s->state == STAFF_LOAD || s->state == STAFF_LABEL)
        loading_abandon(l, SCREEN_NOTICE_CHECK, ev, fx);
    leave(l);
}

void staff_lose_door(struct locker *l, enum screen_notice notice, const struct event *ev, struct effects *fx)
{
    assert(is_at_door(&l->staff));
    staff_refuse(&l->staff, notice, l->staff.opening.door, ev, fx);
}

/* ---------------------------------------------------------------- badge and PIN */

static bool badge_is_good(const struct locker *l, const struct token_badge *b)
{
    return memcmp(b->locker, l->cabinet.id, CODE_LOCKER_LEN) == 0 && b->key_epoch == l->cabinet.key.epoch &&
           !floor_is_expired(&l->floor, b->not_after_s) && !badge_is_refused(&l->badges, b->badge);
}

static void refuse(struct locker *l, const struct event *ev, struct effects *fx)
{
    staff_enter(&l->staff, STAFF_REFUSED, ev);
    l->staff.reference = screen_reference(ev->now.wall_ms);
    sound(fx, SCREEN_SOUND_REFUSED);
}

void staff_on_badge(struct locker *l, const struct token_badge *b, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    if (is_at_door(s)) {
        staff_notice(s, SCREEN_NOTICE_FINISH_FIRST, s->opening.door);
        sound(fx, SCREEN_SOUND_REFUSED);
        return;
    }
    sodium_memzero(s, sizeof *s);
    s->badge = *b;
    if (badge_is_good(l, b))
        staff_enter(s, STAFF_PIN, ev);
    else
        refuse(l, ev, fx);
}

static void submit_pin(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    if (strlen(s->entry) < CODE_PIN_MIN)
        return;
    if (!limiter_take(&l->limiter, LIMITER_BOTH)) {
        staff_notice(s, SCREEN_NOTICE_TRY_LATER, CABINET_NO_DOOR);
        return;
    }
    fx->limiter = true;
    s->try_id = ++l->try_serial;
    struct effect *e = effects_add(fx, EFFECT_STRETCH);
    e->u.stretch.try_id = s->try_id;
    e->u.stretch.key_epoch = l->cabinet.key.epoch;
    memcpy(e->u.stretch.secret, s->entry, strlen(s->entry) + 1);
    staff_enter(s, STAFF_CHECKING, ev);
}

static bool pin_fits(const struct locker *l, const uint8_t a[CODE_STRETCHED_LEN])
{
    const struct token_badge *b = &l->staff.badge;
    uint8_t mac[CODE_MAC_LEN];
    code_mac_badge(&l->cabinet.key, l->cabinet.id, b->staff, b->badge, a, mac);
    bool fits = sodium_memcmp(mac, b->pin_mac, CODE_MAC_LEN) == 0;
    sodium_memzero(mac, sizeof mac);
    return fits;
}

void staff_on_verdict(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    if (s->state != STAFF_CHECKING || ev->u.verdict.try_id != s->try_id)
        return;
    if (ev->u.verdict.result != ERR_OK) {
        limiter_give_back(&l->limiter, LIMITER_BOTH);
        fx->limiter = true;
        staff_enter(s, STAFF_PIN, ev);
        staff_notice(s, SCREEN_NOTICE_TRY_LATER, CABINET_NO_DOOR);
        return;
    }
    /* Judged again: the badge may have been revoked while the PIN was checked. */
    bool good = badge_is_good(l, &s->badge);
    uint16_t slot;
    if (!pin_fits(l, ev->u.verdict.a)) {
        slot = badge_count_wrong(&l->badges, s->badge.badge);
        locker_count_wrong(l, false, fx);
        l->refused++;
        refuse(l, ev, fx);
    } else if (!good) {
        slot = BADGE_NONE;
        refuse(l, ev, fx);
    } else {
        limiter_give_back(&l->limiter, LIMITER_BOTH);
        fx->limiter = true;
        slot = badge_clear_wrong(&l->badges, s->badge.badge);
        struct record *rec = effects_record(fx, RECORD_STAFF_ENTERED, CABINET_NO_DOOR);
        rec->actor = record_by_staff(s->badge.staff);
        rec->u.role = s->badge.role;
        staff_to_menu(s, SCREEN_NOTICE_NONE, CABINET_NO_DOOR, ev);
        sound(fx, SCREEN_SOUND_OK);
    }
    if (slot != BADGE_NONE)
        effects_touch_badge(fx, slot);
}

/* ---------------------------------------------------------------- keys and scans */

static void append(struct staff *s, unsigned cap, enum event_key key)
{
    size_t len = strlen(s->entry);
    if (len < cap) {
        s->entry[len] = (char)('0' + (int)(key - EVENT_KEY_0));
        s->entry[len + 1] = '\0';
    }
}

static void choose_door(struct locker *l, const struct event *ev, struct effects *fx)
{
    int64_t number;
    if (l->staff.entry[0] == '\0')
        return;
    uint16_t door = CABINET_NO_DOOR;
    if (num_parse(l->staff.entry, 1, 999, &number) == ERR_OK)
        door = cabinet_find_number(&l->cabinet, (unsigned)number);
    inspection_on_door(l, door, ev, fx);
}

static void on_digit(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    if (s->state == STAFF_PIN)
        append(s, CODE_PIN_MAX, key);
    else if (s->state == STAFF_MENU)
        append(s, STAFF_ENTRY_DIGITS, key);
    else if (s->state == STAFF_INSPECT_ASK && key == EVENT_KEY_1)
        inspection_on_empty(l, ev, fx);
}

static void on_ok(struct locker *l, const struct event *ev, struct effects *fx)
{
    switch (l->staff.state) {
    case STAFF_PIN:
        submit_pin(l, ev, fx);
        break;
    case STAFF_REFUSED:
        leave(l);
        break;
    case STAFF_MENU:
        choose_door(l, ev, fx);
        break;
    case STAFF_LOAD:
        loading_retry(l, ev, fx);
        break;
    case STAFF_INSPECT:
        inspection_retry(l, ev, fx);
        break;
    case STAFF_IDLE:
    case STAFF_CHECKING:
    case STAFF_LABEL:
    case STAFF_INSPECT_ASK:
    case STAFF_STATE_N:
        break;
    }
}

static void on_clear(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    if (s->entry[0] != '\0')
        sodium_memzero(s->entry, sizeof s->entry);
    else if (s->cleared || !is_at_door(s)) /* at work on a door, one slip of a finger gives up nothing */
        staff_end(l, ev, fx);
    else
        s->cleared = true;
}

static void on_help(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    if (s->state == STAFF_LOAD || s->state == STAFF_LABEL) {
        loading_abandon(l, SCREEN_NOTICE_CHECK, ev, fx);
    } else if (s->state == STAFF_INSPECT || s->state == STAFF_INSPECT_ASK) {
        staff_to_menu(s, SCREEN_NOTICE_CHECK, s->opening.door, ev);
    } else if (s->state == STAFF_PIN || s->state == STAFF_REFUSED) {
        enum language language = l->language;
        leave(l);
        pickup_show(&l->pickup, SCREEN_HELP, ev); /* whom to call */
        if (language != l->language)
            choice_keep(l, language, ev);
    }
}

static void on_own_key(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx)
{
    if (key <= EVENT_KEY_9)
        on_digit(l, key, ev, fx);
    else if (key == EVENT_KEY_OK)
        on_ok(l, ev, fx);
    else if (key == EVENT_KEY_CLEAR)
        on_clear(l, ev, fx);
    else if (key == EVENT_KEY_HELP)
        on_help(l, ev, fx);
    else if (key == EVENT_KEY_LANGUAGE)
        l->language = (enum language)((l->language + 1) % LANGUAGE_N);
}

void staff_on_key(struct locker *l, enum event_key key, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    const enum staff_state state = s->state;
    const enum opening_phase phase = s->opening.phase;
    const bool warned = s->warned;
    sound(fx, SCREEN_SOUND_KEY);
    if (s->state != STAFF_CHECKING)
        restart_time(s, ev);
    if (key != EVENT_KEY_CLEAR)
        s->cleared = false;
    on_own_key(l, key, ev, fx);
    if (warned && s->state == state && s->opening.phase == phase && s->notice == SCREEN_NOTICE_NONE)
        s->notice = SCREEN_NOTICE_EXTENDED;
}

static void refuse_scan(struct locker *l, enum screen_notice notice, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    restart_time(s, ev);
    staff_notice(s, notice, is_at_door(s) ? s->opening.door : CABINET_NO_DOOR);
    sound(fx, SCREEN_SOUND_REFUSED);
}

void staff_on_bad_scan(struct locker *l, enum screen_notice notice, const struct event *ev, struct effects *fx)
{
    refuse_scan(l, notice, ev, fx);
    if (staff_is_entered(&l->staff))
        refusal_note(l, NULL, ev, fx);
}

void staff_on_voucher(struct locker *l, const struct token_voucher *v, const struct event *ev, struct effects *fx)
{
    if (l->staff.state == STAFF_MENU)
        loading_on_voucher(l, v, ev, fx);
    else if (l->staff.state == STAFF_INSPECT_ASK)
        inspection_on_voucher(l, v, ev, fx);
    else
        refuse_scan(l, SCREEN_NOTICE_FINISH_FIRST, ev, fx);
    refusal_note(l, v, ev, fx);
}

void staff_on_label(struct locker *l, const struct token_door *d, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    uint16_t door = cabinet_find_number(&l->cabinet, d->door);
    if (memcmp(d->locker, l->cabinet.id, CODE_LOCKER_LEN) != 0)
        refuse_scan(l, SCREEN_NOTICE_WRONG_LOCKER, ev, fx);
    else if (s->state == STAFF_LABEL)
        loading_on_label(l, door, ev, fx);
    else if (s->state == STAFF_MENU)
        inspection_on_door(l, door, ev, fx);
    else if (commission_wants_label(s))
        commission_on_label(l, door, ev, fx);
    else
        refuse_scan(l, SCREEN_NOTICE_FINISH_FIRST, ev, fx);
    refusal_note(l, NULL, ev, fx);
}

/* The third pulse in vain ends it; the retry is a key. */
static void on_jam(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    s->proof = STAFF_PROOF_NONE; /* if it opens now, it was perhaps a hand */
    sound(fx, SCREEN_SOUND_REFUSED);
    if (opening_may_retry(&s->opening))
        return;
    if (s->state == STAFF_LOAD)
        loading_abandon(l, SCREEN_NOTICE_DID_NOT_OPEN, ev, fx);
    else
        staff_to_menu(s, SCREEN_NOTICE_DID_NOT_OPEN, s->opening.door, ev);
}

void staff_on_news(struct locker *l, enum opening_news news, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    if (s->state != STAFF_LOAD && s->state != STAFF_INSPECT)
        return;
    switch (news) {
    case OPENING_NO_NEWS:
        break;
    case OPENING_HAS_OPENED:
        ledger_tell(l, RECORD_OPENED, &s->opening, fx);
        s->was_open = true;
        staff_enter(s, s->state, ev);
        sound(fx, SCREEN_SOUND_OPEN);
        break;
    case OPENING_HAS_CLOSED:
        ledger_tell(l, RECORD_CLOSED, &s->opening, fx);
        if (s->state == STAFF_LOAD)
            staff_enter(s, STAFF_LABEL, ev);
        else
            inspection_on_closed(l, ev, fx);
        break;
    case OPENING_HAS_JAMMED:
        ledger_tell(l, RECORD_JAMMED, &s->opening, fx);
        on_jam(l, ev, fx);
        break;
    }
}

static void warn(struct staff *s, const struct event *ev, struct effects *fx)
{
    if (s->warned || s->state == STAFF_IDLE || s->state == STAFF_CHECKING ||
        s->until_ms - ev->now.boot_ms > PICKUP_WARN_MS)
        return;
    s->warned = true;
    if (s->notice == SCREEN_NOTICE_EXTENDED)
        s->notice = SCREEN_NOTICE_NONE;
    sound(fx, SCREEN_SOUND_WARN);
}

void staff_on_tick(struct locker *l, const struct event *ev, struct effects *fx)
{
    struct staff *s = &l->staff;
    staff_on_news(l, opening_on_tick(&s->opening, ev->now.boot_ms), ev, fx);
    if (s->state == STAFF_PIN && s->notice == SCREEN_NOTICE_TRY_LATER && limiter_may(&l->limiter, LIMITER_BOTH))
        s->notice = SCREEN_NOTICE_NONE;
    if (s->state != STAFF_IDLE && ev->now.boot_ms >= s->until_ms)
        staff_end(l, ev, fx);
    else
        warn(s, ev, fx);
}

/* ---------------------------------------------------------------- screen */

static enum screen_id load_screen(const struct opening *o)
{
    return o->phase == OPENING_JAMMED ? SCREEN_STAFF_JAM
           : o->phase == OPENING_OPEN ? SCREEN_STAFF_LOAD_OPEN
                                      : SCREEN_STAFF_LOAD_OPENING;
}

static enum screen_id inspect_screen(const struct staff *s)
{
    if (commission_wants_label(s))
        return SCREEN_STAFF_TEST_OPEN;
    return s->opening.phase == OPENING_JAMMED ? SCREEN_STAFF_JAM
           : s->opening.phase == OPENING_OPEN ? SCREEN_STAFF_INSPECT_OPEN
                                              : SCREEN_STAFF_INSPECT_OPENING;
}

void staff_screen(const struct locker *l, int64_t boot_ms, struct screen *out)
{
    static const enum screen_id ids[STAFF_STATE_N] = {
        [STAFF_IDLE] = SCREEN_START,
        [STAFF_PIN] = SCREEN_STAFF_PIN,
        [STAFF_CHECKING] = SCREEN_CHECKING,
        [STAFF_REFUSED] = SCREEN_STAFF_REFUSED,
        [STAFF_MENU] = SCREEN_STAFF_MENU,
        [STAFF_LOAD] = SCREEN_STAFF_LOAD_OPEN,
        [STAFF_LABEL] = SCREEN_STAFF_LOAD_LABEL,
        [STAFF_INSPECT] = SCREEN_STAFF_INSPECT_OPEN,
        [STAFF_INSPECT_ASK] = SCREEN_STAFF_INSPECT_ASK,
    };
    const struct staff *s = &l->staff;
    out->id = ids[s->state];
    out->more = s->warned;
    if (s->warned)
        out->seconds = screen_seconds_left(s->until_ms, boot_ms);
    if (s->state == STAFF_LOAD)
        out->id = load_screen(&s->opening);
    if (s->state == STAFF_INSPECT)
        out->id = inspect_screen(s);
    out->notice = s->notice;
    locker_name_door(l, is_at_door(s) ? s->opening.door : s->notice_door, out);
    if (s->state == STAFF_REFUSED)
        out->reference = s->reference;
    if (is_at_door(s)) {
        out->step = s->opening.pulses;
        out->steps = OPENING_PULSES_MAX;
        out->reference = s->opening.serial;
    }
    out->entry_len = (uint8_t)strlen(s->entry);
    if (s->state == STAFF_PIN) {
        out->entry_cap = CODE_PIN_MAX;
        if (s->notice == SCREEN_NOTICE_TRY_LATER)
            out->seconds = (uint16_t)limiter_wait_s(&l->limiter, LIMITER_BOTH);
    } else if (s->state == STAFF_MENU) {
        out->entry_cap = STAFF_ENTRY_DIGITS;
        out->show = true;
        memcpy(out->digits, s->entry, strlen(s->entry) + 1);
    }
}
