/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/screen.h"

#include <assert.h>
#include <string.h>
#include <time.h>

static const char *const id_names[SCREEN_ID_N] = {
    [SCREEN_START] = "start",
    [SCREEN_CODE] = "code",
    [SCREEN_BIRTHDAY] = "birthday",
    [SCREEN_CHECKING] = "checking",
    [SCREEN_REFUSED] = "refused",
    [SCREEN_WAIT] = "wait",
    [SCREEN_ASK] = "ask",
    [SCREEN_DOORS] = "doors",
    [SCREEN_OPENING] = "opening",
    [SCREEN_OPEN] = "open",
    [SCREEN_CLOSE] = "close",
    [SCREEN_JAM] = "jam",
    [SCREEN_DONE] = "done",
    [SCREEN_HELP] = "help",
    [SCREEN_NEXT] = "next",
    [SCREEN_REPORT] = "report",
    [SCREEN_REPORTED] = "reported",
    [SCREEN_REMOTE] = "remote",
    [SCREEN_LANGUAGES] = "languages",
    [SCREEN_STAFF_PIN] = "staff-pin",
    [SCREEN_STAFF_REFUSED] = "staff-refused",
    [SCREEN_STAFF_MENU] = "staff-menu",
    [SCREEN_STAFF_LOAD_OPENING] = "staff-load-opening",
    [SCREEN_STAFF_LOAD_OPEN] = "staff-load-open",
    [SCREEN_STAFF_LOAD_LABEL] = "staff-load-label",
    [SCREEN_STAFF_INSPECT_OPENING] = "staff-inspect-opening",
    [SCREEN_STAFF_INSPECT_OPEN] = "staff-inspect-open",
    [SCREEN_STAFF_TEST_OPEN] = "staff-test-open",
    [SCREEN_STAFF_INSPECT_ASK] = "staff-inspect-ask",
    [SCREEN_STAFF_JAM] = "staff-jam",
    [SCREEN_OUT_OF_SERVICE] = "out-of-service",
};

static const char *const notice_names[SCREEN_NOTICE_N] = {
    [SCREEN_NOTICE_NONE] = "none",
    [SCREEN_NOTICE_TYPO] = "typo",
    [SCREEN_NOTICE_DATE] = "date",
    [SCREEN_NOTICE_BAD_SCAN] = "bad-scan",
    [SCREEN_NOTICE_TRY_LATER] = "try-later",
    [SCREEN_NOTICE_EXTENDED] = "extended",
    [SCREEN_NOTICE_NO_DIGIT] = "no-digit",
    [SCREEN_NOTICE_TOLD] = "told",
    [SCREEN_NOTICE_NOTHING] = "nothing",
    [SCREEN_NOTICE_LOADED] = "loaded",
    [SCREEN_NOTICE_FREED] = "freed",
    [SCREEN_NOTICE_KEPT] = "kept",
    [SCREEN_NOTICE_CHECK] = "check",
    [SCREEN_NOTICE_TAKE_OUT] = "take-out",
    [SCREEN_NOTICE_WRONG_LOCKER] = "wrong-locker",
    [SCREEN_NOTICE_WRONG_KEY] = "wrong-key",
    [SCREEN_NOTICE_EXPIRED] = "expired",
    [SCREEN_NOTICE_WITHDRAWN] = "withdrawn",
    [SCREEN_NOTICE_COLLECTED] = "collected",
    [SCREEN_NOTICE_OLD_LABEL] = "old-label",
    [SCREEN_NOTICE_IN_LOCKER] = "in-locker",
    [SCREEN_NOTICE_NO_DOOR] = "no-door",
    [SCREEN_NOTICE_FULL] = "full",
    [SCREEN_NOTICE_WRONG_LABEL] = "wrong-label",
    [SCREEN_NOTICE_FINISH_FIRST] = "finish-first",
    [SCREEN_NOTICE_CLOSE_DOORS] = "close-doors",
    [SCREEN_NOTICE_UNKNOWN_DOOR] = "unknown-door",
    [SCREEN_NOTICE_NOT_FOR_LOOK] = "not-for-look",
    [SCREEN_NOTICE_BOARD] = "board",
    [SCREEN_NOTICE_RELEASED] = "released",
    [SCREEN_NOTICE_SUPPLY] = "supply",
    [SCREEN_NOTICE_DID_NOT_OPEN] = "did-not-open",
    [SCREEN_NOTICE_TESTED] = "tested",
    [SCREEN_NOTICE_NOT_TESTED] = "not-tested",
    [SCREEN_NOTICE_UNTESTED] = "untested",
    [SCREEN_NOTICE_WRONG_DOOR] = "wrong-door",
};

static const char *const sound_names[SCREEN_SOUND_N] = {
    [SCREEN_SOUND_KEY] = "key",
    [SCREEN_SOUND_OK] = "ok",
    [SCREEN_SOUND_REFUSED] = "refused",
    [SCREEN_SOUND_OPEN] = "open",
    [SCREEN_SOUND_SAY] = "say",
    [SCREEN_SOUND_WARN] = "warn",
    [SCREEN_SOUND_BUZZER_ON] = "buzzer-on",
    [SCREEN_SOUND_BUZZER_OFF] = "buzzer-off",
};

uint64_t screen_reference(int64_t wall_ms)
{
    struct tm tm = {.tm_mday = 1};
    time_t at = (time_t)(wall_ms / 1000);
    (void)gmtime_r(&at, &tm);
    return 1000000u + (uint64_t)(tm.tm_mday * 10000 + tm.tm_hour * 100 + tm.tm_min);
}

uint16_t screen_seconds_left(int64_t until_ms, int64_t boot_ms)
{
    int64_t left_ms = until_ms > boot_ms ? until_ms - boot_ms : 0;
    return (uint16_t)((left_ms + 999) / 1000);
}

bool screen_equal(const struct screen *a, const struct screen *b)
{
    return a->id == b->id && a->notice == b->notice && a->language == b->language && strcmp(a->door, b->door) == 0 &&
           a->step == b->step && a->steps == b->steps && a->entry_len == b->entry_len && a->entry_cap == b->entry_cap &&
           a->show == b->show && strcmp(a->digits, b->digits) == 0 && a->seconds == b->seconds && a->more == b->more &&
           a->bag == b->bag && a->bags == b->bags && a->reference == b->reference;
}

bool screen_leads_to_door(const struct screen *s)
{
    static const bool leads[SCREEN_ID_N] = {
        [SCREEN_DOORS] = true,
        [SCREEN_OPENING] = true,
        [SCREEN_OPEN] = true,
        [SCREEN_CLOSE] = true,
        [SCREEN_JAM] = true,
        [SCREEN_REPORT] = true,
        [SCREEN_NEXT] = true,
        [SCREEN_STAFF_LOAD_OPENING] = true,
        [SCREEN_STAFF_LOAD_OPEN] = true,
        [SCREEN_STAFF_LOAD_LABEL] = true,
        [SCREEN_STAFF_INSPECT_OPENING] = true,
        [SCREEN_STAFF_INSPECT_OPEN] = true,
        [SCREEN_STAFF_TEST_OPEN] = true,
        [SCREEN_STAFF_INSPECT_ASK] = true,
        [SCREEN_STAFF_JAM] = true,
    };
    return s->row != 0 && leads[s->id];
}

const char *screen_id_name(enum screen_id id)
{
    assert(id < SCREEN_ID_N);
    return id_names[id];
}

const char *screen_notice_name(enum screen_notice n)
{
    assert(n < SCREEN_NOTICE_N);
    return notice_names[n];
}

const char *screen_sound_name(enum screen_sound s)
{
    assert(s < SCREEN_SOUND_N);
    return sound_names[s];
}
